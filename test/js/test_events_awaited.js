'use strict';
/*
 * events.once() and events.on(): events as promises.
 */
const { test, assert } = require('./harness');

const EventEmitter = require('node:events');
const { getEventListeners, on, once } = EventEmitter;

/* -------------------------------------------------------------------- once */

test('events.once() resolves with the arguments and cleans up', async () => {
    const emitter = new EventEmitter();
    const promise = once(emitter, 'event');
    assert.deepStrictEqual(emitter.eventNames(), ['event', 'error']);
    emitter.emit('event', 1, 2);
    assert.deepStrictEqual(await promise, [1, 2]);
    assert.deepStrictEqual(emitter.eventNames(), []);
});

test('events.once() asks an emitter that has a once() of its own', async () => {
    const asked = [];
    class Own extends EventEmitter {
        once(type, listener) {
            asked.push(type);
            return super.once(type, listener);
        }
    }
    const emitter = new Own();
    const promise = once(emitter, 'event');
    emitter.emit('event', 1);
    assert.deepStrictEqual(await promise, [1]);
    assert.deepStrictEqual(asked, ['event', 'error']);
    assert.deepStrictEqual(emitter.eventNames(), []);
});

test('events.once() counts the first of two events in one another',
    async () => {
        const emitter = new EventEmitter();
        emitter.on('event', (value) => {
            if (value < 3) emitter.emit('event', value + 1);
        });
        const promise = once(emitter, 'event');
        emitter.emit('event', 1);
        assert.deepStrictEqual(await promise, [3]);
    });

test('events.once() rejects with an error that comes first', async () => {
    const emitter = new EventEmitter();
    const failure = new Error('first');
    const promise = once(emitter, 'event');
    emitter.emit('error', failure);
    await assert.rejects(promise, failure);
    assert.deepStrictEqual(emitter.eventNames(), []);
    const error = once(emitter, 'error');
    emitter.emit('error', failure);
    assert.deepStrictEqual(await error, [failure]);
});

test('events.once() can be aborted, before and meanwhile', async () => {
    const emitter = new EventEmitter();
    const controller = new AbortController();
    const { signal } = controller;
    const promise = once(emitter, 'event', { signal });
    controller.abort('why');
    const aborted = { name: 'AbortError', code: 'ABORT_ERR', cause: 'why' };
    await assert.rejects(promise, aborted);
    assert.deepStrictEqual(emitter.eventNames(), []);
    await assert.rejects(once(emitter, 'event', { signal }), aborted);
    assert.strictEqual(getEventListeners(signal, 'abort').length, 0);
});

test('events.once() leaves no listener on a signal that did not abort',
    async () => {
        const emitter = new EventEmitter();
        const { signal } = new AbortController();
        const promise = once(emitter, 'event', { signal });
        assert.strictEqual(getEventListeners(signal, 'abort').length, 1);
        emitter.emit('event');
        await promise;
        assert.strictEqual(getEventListeners(signal, 'abort').length, 0);
    });

test('events.once() waits for an EventTarget, whose error is no failure',
    async () => {
        const target = new EventTarget();
        const promise = once(target, 'ready');
        target.dispatchEvent(new Event('error'));
        const event = new Event('ready');
        target.dispatchEvent(event);
        assert.deepStrictEqual(await promise, [event]);
        assert.deepStrictEqual(getEventListeners(target, 'ready'), []);
    });

test('events.once() rejects what emits nothing', async () => {
    await assert.rejects(once({}, 'event'), {
        code: 'ERR_INVALID_ARG_TYPE',
        message: 'The "emitter" argument must be an instance of ' +
            'EventEmitter. Received an instance of Object',
    });
});

/* ---------------------------------------------------------------------- on */

test('events.on() iterates over what was and what will be emitted',
    async () => {
        const emitter = new EventEmitter();
        const iterator = on(emitter, 'event');
        emitter.emit('event', 1);
        emitter.emit('event', 2, 3);
        process.nextTick(() => emitter.emit('event', 'last'));
        const seen = [];
        for await (const args of iterator) {
            seen.push(args);
            if (args[0] === 'last') break;
        }
        assert.deepStrictEqual(seen, [[1], [2, 3], ['last']]);
        assert.deepStrictEqual(emitter.eventNames(), []);
    });

test('events.on() keeps the order over thousands of events', async () => {
    const emitter = new EventEmitter();
    const iterator = on(emitter, 'event');
    for (let i = 0; i < 5000; i++) emitter.emit('event', i);
    for (let i = 0; i < 5000; i++) {
        const { value } = await iterator.next();
        assert.strictEqual(value[0], i);
        if (i % 2) emitter.emit('event', 5000 + (i >> 1));
    }
    for (let i = 5000; i < 7500; i++) {
        assert.strictEqual((await iterator.next()).value[0], i);
    }
});

test('events.on() fails with the error, after what came before it',
    async () => {
        const emitter = new EventEmitter();
        const failure = new Error('emitted');
        const iterator = on(emitter, 'event');
        emitter.emit('event', 1);
        emitter.emit('error', failure);
        assert.deepStrictEqual(await iterator.next(),
            { value: [1], done: false });
        await assert.rejects(iterator.next(), failure);
        assert.deepStrictEqual(await iterator.next(),
            { value: undefined, done: true });
        assert.deepStrictEqual(emitter.eventNames(), []);
    });

test('a waiting next() is rejected, the others are done', async () => {
    const emitter = new EventEmitter();
    const failure = new Error('thrown in');
    const iterator = on(emitter, 'event');
    const first = iterator.next();
    const second = iterator.next();
    iterator.throw(failure);
    await assert.rejects(first, failure);
    assert.deepStrictEqual(await second, { value: undefined, done: true });
});

test('return() ends those that wait', async () => {
    const emitter = new EventEmitter();
    const iterator = on(emitter, 'event');
    const waiting = iterator.next();
    const done = { value: undefined, done: true };
    assert.deepStrictEqual(await iterator.return(), done);
    assert.deepStrictEqual(await waiting, done);
    assert.strictEqual(iterator[Symbol.asyncIterator](), iterator);
});

test('the close option ends the iteration after what was emitted',
    async () => {
        const emitter = new EventEmitter();
        const iterator = on(emitter, 'event', { close: ['end', 'stop'] });
        emitter.emit('event', 1);
        emitter.emit('end');
        const seen = [];
        for await (const [value] of iterator) seen.push(value);
        assert.deepStrictEqual(seen, [1]);
        assert.deepStrictEqual(emitter.eventNames(), []);
    });

test('events.on() can be aborted', async () => {
    const emitter = new EventEmitter();
    const controller = new AbortController();
    const { signal } = controller;
    const iterator = on(emitter, 'event', { signal });
    const waiting = iterator.next();
    controller.abort('why');
    const aborted = { name: 'AbortError', code: 'ABORT_ERR', cause: 'why' };
    await assert.rejects(waiting, aborted);
    assert.deepStrictEqual(emitter.eventNames(), []);
    assert.throws(() => on(emitter, 'event', { signal }), aborted);
});

test('watermarks pause and resume the emitter', async () => {
    const emitter = new EventEmitter();
    const log = [];
    emitter.pause = () => log.push('pause');
    emitter.resume = () => log.push('resume');
    const iterator = on(emitter, 'event',
        { highWaterMark: 2, lowWaterMark: 1 });
    for (let i = 0; i < 4; i++) emitter.emit('event', i);
    assert.deepStrictEqual(log, ['pause']);
    for (let i = 0; i < 3; i++) await iterator.next();
    assert.deepStrictEqual(log, ['pause']);
    await iterator.next();
    assert.deepStrictEqual(log, ['pause', 'resume']);
});

test('events.on() listens to an EventTarget', async () => {
    const target = new EventTarget();
    const iterator = on(target, 'event');
    const event = new Event('event');
    target.dispatchEvent(event);
    assert.deepStrictEqual((await iterator.next()).value, [event]);
    await iterator.return();
    assert.deepStrictEqual(getEventListeners(target, 'event'), []);
});

test.weir('once() and on() want an object of options, as Node 22 does',
    async () => {
        const emitter = new EventEmitter();
        const wrong = {
            code: 'ERR_INVALID_ARG_TYPE',
            message: 'The "options" argument must be of type object. ' +
                'Received type number (5)',
        };
        assert.throws(() => on(emitter, 'event', 5), wrong);
        await assert.rejects(once(emitter, 'event', 5), wrong);
    });
