'use strict';
/*
 * EventEmitter and the functions beside it; events as promises stand in
 * test_events_awaited.js. What is thrown for wrong arguments stands in
 * test_errors.js.
 */
const { test, assert } = require('./harness');

const EventEmitter = require('node:events');
const {
    addAbortListener, captureRejectionSymbol, errorMonitor, getEventListeners,
    getMaxListeners, listenerCount, setMaxListeners,
} = EventEmitter;

const noop = () => {};

/* Notes what the emitter says: [[type, ...args], ...]. */
function recorder(emitter, ...types) {
    const log = [];
    for (const type of types) {
        emitter.on(type, (...args) => log.push([type, ...args]));
    }
    return log;
}

/* ------------------------------------------------------------------- emit */

test('emit() passes any number of arguments and the emitter as this', () => {
    const emitter = new EventEmitter();
    const calls = [];
    emitter.on('event', function listener() {
        assert.strictEqual(this, emitter);
        calls.push([...arguments]);
    });
    for (let count = 0; count <= 6; count++) {
        const args = Array.from({ length: count }, (_, i) => i);
        assert.strictEqual(emitter.emit('event', ...args), true);
        assert.deepStrictEqual(calls[count], args);
    }
});

test('an explicit undefined counts as an argument', () => {
    const emitter = new EventEmitter();
    const counts = [];
    emitter.on('event', (...args) => counts.push(args.length));
    emitter.emit('event', undefined);
    emitter.emit('event', 1, undefined);
    emitter.emit('event', undefined, undefined, undefined);
    assert.deepStrictEqual(counts, [1, 2, 3]);
});

test('several listeners are all called with all arguments, in order', () => {
    const emitter = new EventEmitter();
    const log = [];
    emitter.on('event', (...args) => log.push(['first', ...args]));
    emitter.on('event', (...args) => log.push(['second', ...args]));
    emitter.prependListener('event', (...args) => log.push(['zero', ...args]));
    emitter.emit('event');
    emitter.emit('event', 1);
    emitter.emit('event', 1, 2, 3, 4);
    assert.deepStrictEqual(log, [
        ['zero'], ['first'], ['second'],
        ['zero', 1], ['first', 1], ['second', 1],
        ['zero', 1, 2, 3, 4], ['first', 1, 2, 3, 4], ['second', 1, 2, 3, 4],
    ]);
});

test('emit() without listeners returns false', () => {
    const emitter = new EventEmitter();
    assert.strictEqual(emitter.emit('event'), false);
    emitter.on('event', noop).off('event', noop);
    assert.strictEqual(emitter.emit('event'), false);
    emitter.on('other', noop).on('data', noop).off('data', noop);
    assert.strictEqual(emitter.emit('event'), false);
    assert.strictEqual(emitter.emit('data'), false);
});

test('names of Object.prototype and symbols are events like others', () => {
    const emitter = new EventEmitter();
    const symbol = Symbol('event');
    assert.strictEqual(emitter.emit('toString'), false);
    assert.strictEqual(emitter.emit('__proto__'), false);
    for (const type of ['toString', '__proto__', 'constructor', symbol, 5]) {
        let called = 0;
        emitter.once(type, () => called++);
        assert.strictEqual(emitter.emit(type), true);
        assert.strictEqual(called, 1);
    }
});

test('listeners that come or go while emitting do so for the next time', () => {
    const emitter = new EventEmitter();
    const log = [];
    const second = () => log.push('second');
    emitter.on('event', () => {
        log.push('first');
        emitter.off('event', second);
        emitter.on('event', () => log.push('late'));
    });
    emitter.on('event', second);
    emitter.emit('event');
    assert.deepStrictEqual(log, ['first', 'second']);
    emitter.emit('event');
    assert.deepStrictEqual(log, ['first', 'second', 'first', 'late']);
});

test('an exception in a listener leaves emit() and stops the round', () => {
    const emitter = new EventEmitter();
    const failure = new Error('listener');
    let after = 0;
    emitter.on('event', () => {
        throw failure;
    });
    emitter.on('event', () => after++);
    assert.throws(() => emitter.emit('event'), failure);
    assert.strictEqual(after, 0);
});

/* ------------------------------------------------------------------ 'error' */

test('an unheard error is thrown as it is', () => {
    const emitter = new EventEmitter();
    const error = new TypeError('unheard');
    assert.throws(() => emitter.emit('error', error),
        (thrown) => thrown === error);
    emitter.on('other', noop);
    assert.throws(() => emitter.emit('error', error, 5),
        (thrown) => thrown === error);
    assert.deepStrictEqual(Object.keys(error), []);
    assert.throws(() => emitter.emit('error', Object.freeze(new Error('x'))),
        /^Error: x$/);
});

test('an unheard error that is none is wrapped, and kept as context', () => {
    const emitter = new EventEmitter();
    const reason = { a: 1 };
    assert.throws(() => emitter.emit('error', reason), (error) => {
        assert.strictEqual(error.code, 'ERR_UNHANDLED_ERROR');
        assert.strictEqual(error.context, reason);
        return error.message === 'Unhandled error. ({ a: 1 })';
    });
});

test('a heard error is not thrown', () => {
    const emitter = new EventEmitter();
    const log = recorder(emitter, 'error');
    assert.strictEqual(emitter.emit('error', 5, 6), true);
    assert.deepStrictEqual(log, [['error', 5, 6]]);
});

test('errorMonitor sees an error first and does not count as listener', () => {
    const emitter = new EventEmitter();
    const error = new Error('seen');
    const log = [];
    emitter.on(errorMonitor, (...args) => log.push(['monitor', ...args]));
    assert.throws(() => emitter.emit('error', error, 1), error);
    emitter.on('error', (...args) => log.push(['listener', ...args]));
    emitter.emit('error', error, 2);
    assert.deepStrictEqual(log, [
        ['monitor', error, 1], ['monitor', error, 2], ['listener', error, 2],
    ]);
});

/* ------------------------------------------------------------------- once */

test('once() calls once, even when emitted from within', () => {
    const emitter = new EventEmitter();
    const calls = [];
    emitter.once('event', function listener(...args) {
        assert.strictEqual(this, emitter);
        calls.push(args);
        emitter.emit('event', 'inner');
    });
    emitter.emit('event', 1, 2, 3, 4, 5);
    emitter.emit('event', 'again');
    assert.deepStrictEqual(calls, [[1, 2, 3, 4, 5]]);
});

test('a once() listener is removed before it is called', () => {
    const emitter = new EventEmitter();
    emitter.once('event', () => {
        assert.strictEqual(emitter.listenerCount('event'), 0);
    });
    emitter.emit('event');
});

test('off() and listeners() know a once() listener by the original', () => {
    const emitter = new EventEmitter();
    const listener = () => assert.fail('was removed');
    emitter.once('event', listener);
    emitter.prependOnceListener('event', noop);
    assert.deepStrictEqual(emitter.listeners('event'), [noop, listener]);
    const [raw] = emitter.rawListeners('event').slice(1);
    assert.notStrictEqual(raw, listener);
    assert.strictEqual(raw.listener, listener);
    emitter.off('event', listener);
    emitter.emit('event');
    assert.strictEqual(emitter.listenerCount('event'), 0);
});

test('a raw once() listener removes itself when called by hand', () => {
    const emitter = new EventEmitter();
    const calls = [];
    emitter.once('event', (value) => calls.push(value));
    const [raw] = emitter.rawListeners('event');
    raw(5);
    raw(6);
    assert.deepStrictEqual(calls, [5]);
    assert.strictEqual(emitter.listenerCount('event'), 0);
});

/* ----------------------------------------------------- adding and removing */

test('all that add or remove return the emitter', () => {
    const emitter = new EventEmitter();
    for (const method of ['on', 'addListener', 'prependListener', 'once',
        'prependOnceListener', 'off', 'removeListener']) {
        assert.strictEqual(emitter[method]('event', noop), emitter);
    }
    assert.strictEqual(emitter.removeAllListeners(), emitter);
    assert.strictEqual(emitter.setMaxListeners(5), emitter);
    assert.strictEqual(emitter.on, emitter.addListener);
    assert.strictEqual(emitter.off, emitter.removeListener);
});

test('the same listener added twice is called twice, removed one by one',
    () => {
        const emitter = new EventEmitter();
        let calls = 0;
        const listener = () => calls++;
        emitter.on('event', listener).on('event', listener);
        emitter.emit('event');
        assert.strictEqual(calls, 2);
        emitter.off('event', listener).emit('event');
        assert.strictEqual(calls, 3);
        emitter.off('event', listener).off('event', listener);
        assert.strictEqual(emitter.emit('event'), false);
    });

test('off() takes the listener that was added last', () => {
    const emitter = new EventEmitter();
    const log = [];
    const a = () => log.push('a');
    const b = () => log.push('b');
    emitter.on('event', a).on('event', b).on('event', a).on('event', b);
    emitter.off('event', a).emit('event');
    assert.deepStrictEqual(log, ['a', 'b', 'b']);
});

test('newListener comes before, removeListener after, with the original',
    () => {
        const emitter = new EventEmitter();
        const log = [];
        emitter.on('newListener', (type, listener) => {
            log.push(['new', type, listener, emitter.listenerCount(type)]);
        });
        emitter.on('removeListener', (type, listener) => {
            log.push(['gone', type, listener, emitter.listenerCount(type)]);
        });
        log.length = 0;
        emitter.on('event', noop).once('event', noop);
        emitter.off('event', noop).emit('event');
        emitter.off('event', noop);
        assert.deepStrictEqual(log, [
            ['new', 'event', noop, 0],
            ['new', 'event', noop, 1],
            ['gone', 'event', noop, 1],
            ['gone', 'event', noop, 0],
        ]);
    });

test('a listener added by newListener comes before the one announced', () => {
    const emitter = new EventEmitter();
    const log = [];
    emitter.once('newListener', () => {
        emitter.on('event', () => log.push('inserted'));
    });
    emitter.on('event', () => log.push('announced'));
    emitter.emit('event');
    assert.deepStrictEqual(log, ['inserted', 'announced']);
});

test('removeAllListeners(type) leaves the other events', () => {
    const emitter = new EventEmitter();
    emitter.on('a', noop).on('a', noop).on('b', noop);
    emitter.removeAllListeners('a').removeAllListeners('none');
    assert.deepStrictEqual(emitter.eventNames(), ['b']);
    emitter.removeAllListeners();
    assert.deepStrictEqual(emitter.eventNames(), []);
    emitter.on('a', noop);
    assert.deepStrictEqual(emitter.eventNames(), ['a']);
});

test('removeAllListeners() tells removeListener of each, the last first',
    () => {
        const emitter = new EventEmitter();
        const one = () => {};
        const two = () => {};
        const log = [];
        emitter.on('a', one).on('a', two).on('b', one);
        emitter.on('removeListener', (type, listener) => {
            log.push([type, listener]);
        });
        emitter.removeAllListeners('a');
        assert.deepStrictEqual(log, [['a', two], ['a', one]]);
        emitter.removeAllListeners();
        assert.deepStrictEqual(log.slice(2), [['b', one]]);
        assert.deepStrictEqual(emitter.eventNames(), []);
    });

/* ----------------------------------------------------------------- asking */

test('listeners() gives a copy, listenerCount() counts', () => {
    const emitter = new EventEmitter();
    emitter.on('event', noop);
    emitter.listeners('event').push(noop);
    emitter.rawListeners('event').push(noop);
    assert.strictEqual(emitter.listenerCount('event'), 1);
    const other = () => {};
    emitter.on('event', other).once('event', other);
    emitter.listeners('event').length = 0;
    assert.strictEqual(emitter.listenerCount('event'), 3);
    assert.strictEqual(emitter.listenerCount('event', other), 2);
    assert.strictEqual(emitter.listenerCount('event', () => {}), 0);
    assert.strictEqual(emitter.listenerCount('none'), 0);
    assert.strictEqual(listenerCount(emitter, 'event'), 3);
    assert.deepStrictEqual(emitter.listeners('none'), []);
});

test('eventNames() has only events with listeners', () => {
    const emitter = new EventEmitter();
    const symbol = Symbol('s');
    assert.deepStrictEqual(emitter.eventNames(), []);
    emitter.on('a', noop).on('drain', noop).on(symbol, noop);
    assert.deepStrictEqual(emitter.eventNames(), ['a', 'drain', symbol]);
    emitter.off('drain', noop).off('a', noop);
    assert.deepStrictEqual(emitter.eventNames(), [symbol]);
});

test('the names that packages look for are there', () => {
    const emitter = new EventEmitter();
    emitter.on('event', noop);
    assert.strictEqual(emitter._events.event, noop);
    assert.strictEqual(emitter._eventsCount, 1);
    assert.strictEqual(emitter._maxListeners, undefined);
    emitter.on('event', noop);
    assert.deepStrictEqual(emitter._events.event, [noop, noop]);
    assert.strictEqual(emitter._eventsCount, 1);
});

/* ------------------------------------------------------------- inheritance */

test('EventEmitter can be called on an object, extended and mixed in', () => {
    function Old() {
        EventEmitter.call(this);
    }
    Object.setPrototypeOf(Old.prototype, EventEmitter.prototype);
    class New extends EventEmitter {}
    const mixed = Object.assign({}, EventEmitter.prototype);
    const bare = Object.create(EventEmitter.prototype);
    for (const emitter of [new Old(), new New(), mixed, bare]) {
        const log = recorder(emitter, 'event');
        emitter.emit('event', 1);
        assert.deepStrictEqual(log, [['event', 1]]);
        assert.strictEqual(emitter.listenerCount('event'), 1);
    }
    assert.strictEqual(EventEmitter.prototype._events, undefined);
    assert.strictEqual(EventEmitter.EventEmitter, EventEmitter);
});

test('an emitter as prototype does not lend its listeners', () => {
    function Child() {
        EventEmitter.call(this);
    }
    Child.prototype = new EventEmitter();
    Child.prototype.on('event', noop);
    const child = new Child();
    assert.strictEqual(child.listenerCount('event'), 0);
    child.on('event', noop).on('event', noop);
    assert.strictEqual(Child.prototype.listenerCount('event'), 1);
});

test('what inherits from an emitter listens where the emitter does', (t) => {
    const base = new EventEmitter();
    const derived = Object.create(base);
    derived.on('event', t.mustCall(noop, 2));
    Object.create(derived).on('event', t.mustCall(noop, 2));
    assert.strictEqual(base.emit('event'), true);
    assert.strictEqual(derived.emit('event'), true);
    assert.strictEqual(base.listenerCount('event'), 2);
    assert.deepStrictEqual(derived.eventNames(), ['event']);
    assert.deepStrictEqual(base.eventNames(), []);
});

test('what inherits from an emitter has its own listeners once it has removed',
    (t) => {
        const base = new EventEmitter();
        const derived = Object.create(base);
        const listener = t.mustCall();
        derived.on('event', listener).off('event', listener);
        assert.strictEqual(derived.emit('event'), false);
        assert.strictEqual(base.emit('event'), true);
        derived.on('event', noop).on('event', noop);
        assert.strictEqual(base.listenerCount('event'), 1);
        const other = Object.create(new EventEmitter()).removeAllListeners();
        other.on('event', noop);
        assert.strictEqual(Object.getPrototypeOf(other).emit('event'), false);
    });

test('what inherits from the class alone has listeners of its own', () => {
    const one = Object.create(EventEmitter.prototype).on('event', noop);
    const other = Object.create(EventEmitter.prototype);
    assert.strictEqual(one.emit('event'), true);
    assert.strictEqual(other.emit('event'), false);
});

test('calling the constructor again keeps the listeners', () => {
    const emitter = new EventEmitter();
    emitter.on('event', noop);
    EventEmitter.call(emitter);
    assert.strictEqual(emitter.listenerCount('event'), 1);
});

/* --------------------------------------------------------- leak warning */

/* A promise of the next warning of emitter. */
function warningOf(t, owner, key = 'emitter') {
    return new Promise((resolve) => {
        const listener = (warning) => {
            if (warning[key] === owner) resolve(warning);
        };
        process.on('warning', listener);
        t.after(() => process.removeListener('warning', listener));
    });
}

test('the eleventh listener is warned of, once', async (t) => {
    class Leaky extends EventEmitter {}
    const emitter = new Leaky();
    const warned = warningOf(t, emitter);
    for (let i = 0; i < 13; i++) emitter.on('event', noop);
    const warning = await warned;
    assert.strictEqual(warning.name, 'MaxListenersExceededWarning');
    assert.strictEqual(warning.message, 'Possible EventEmitter memory leak ' +
        'detected. 11 event listeners added to [Leaky]. MaxListeners is 10. ' +
        'Use emitter.setMaxListeners() to increase limit');
    assert.strictEqual(warning.count, 11);
    assert.strictEqual(warning.type, 'event');
});

test('setMaxListeners() moves the limit, 0 takes it away', async (t) => {
    const unlimited = new EventEmitter().setMaxListeners(0);
    const emitter = new EventEmitter().setMaxListeners(1);
    assert.strictEqual(unlimited.getMaxListeners(), 0);
    assert.strictEqual(getMaxListeners(emitter), 1);
    const listener = (warning) => {
        assert.notStrictEqual(warning.emitter, unlimited);
    };
    process.on('warning', listener);
    t.after(() => process.removeListener('warning', listener));
    const warned = warningOf(t, emitter);
    for (let i = 0; i < 20; i++) unlimited.on('event', noop);
    emitter.on('event', noop).on('event', noop);
    assert.strictEqual((await warned).count, 2);
});

test('defaultMaxListeners is for all who have no limit of their own', () => {
    const old = new EventEmitter();
    const own = new EventEmitter().setMaxListeners(5);
    EventEmitter.defaultMaxListeners = 20;
    assert.strictEqual(old.getMaxListeners(), 20);
    assert.strictEqual(own.getMaxListeners(), 5);
    setMaxListeners(10);
    assert.strictEqual(EventEmitter.defaultMaxListeners, 10);
    const target = new EventTarget();
    setMaxListeners(7, old, target);
    assert.strictEqual(getMaxListeners(old), 7);
    assert.strictEqual(getMaxListeners(target), 7);
});

/* ------------------------------------------------------ captureRejections */

test('a rejection of a listener becomes an error event', async (t) => {
    const emitter = new EventEmitter({ captureRejections: true });
    const failure = new Error('async');
    emitter.on('event', async () => {
        throw failure;
    });
    const heard = t.once(emitter, 'error');
    emitter.emit('event');
    assert.deepStrictEqual(await heard, [failure]);
});

test('captureRejectionSymbol receives it, with the event', async () => {
    const emitter = new EventEmitter({ captureRejections: true });
    const failure = new Error('async');
    const got = new Promise((resolve) => {
        emitter[captureRejectionSymbol] = (...args) => resolve(args);
    });
    emitter.on('event', () => Promise.reject(failure));
    emitter.on('event', noop);
    emitter.emit('event', 1, 2, 3, 4);
    assert.deepStrictEqual(await got, [failure, 'event', 1, 2, 3, 4]);
    assert.strictEqual(captureRejectionSymbol, Symbol.for('nodejs.rejection'));
});

test('captureRejections is the default of emitters made later', (t) => {
    t.after(() => {
        EventEmitter.captureRejections = false;
    });
    const before = new EventEmitter();
    EventEmitter.captureRejections = true;
    const emitter = new EventEmitter();
    assert.strictEqual(EventEmitter.captureRejections, true);
    emitter.on('event', async () => {
        throw new Error('later');
    });
    emitter.on('error', t.mustCall((error) => {
        assert.strictEqual(error.message, 'later');
    }));
    before.on('error', t.mustNotCall());
    before.on('event', () => ({ then: t.mustNotCall() }));
    emitter.emit('event');
    before.emit('event');
});

test('a then that throws is an error event at once', (t) => {
    const emitter = new EventEmitter({ captureRejections: true });
    const failure = new Error('then');
    emitter.on('event', () => ({
        get then() {
            throw failure;
        },
    }));
    emitter.on('error', t.mustCall((error) => {
        assert.strictEqual(error, failure);
    }));
    emitter.emit('event', 1);
});

/* ----------------------------------------------- listeners of either kind */

test('getEventListeners() looks into emitters and targets', () => {
    const emitter = new EventEmitter().once('event', noop);
    const target = new EventTarget();
    target.addEventListener('event', noop);
    assert.deepStrictEqual(getEventListeners(emitter, 'event'), [noop]);
    assert.deepStrictEqual(getEventListeners(target, 'event'), [noop]);
    assert.deepStrictEqual(getEventListeners(target, 'none'), []);
});

test('addAbortListener() is not kept from its event by others', (t) => {
    const controller = new AbortController();
    const { signal } = controller;
    signal.addEventListener('abort', (event) => {
        event.stopImmediatePropagation();
    });
    signal.addEventListener('abort', t.mustNotCall());
    addAbortListener(signal, t.mustCall((event) => {
        assert.strictEqual(event.type, 'abort');
    }));
    controller.abort();
});

test('addAbortListener() can be disposed of, and calls at once if late',
    (t) => {
        const controller = new AbortController();
        const { signal } = controller;
        const handle = addAbortListener(signal, t.mustNotCall());
        handle[Symbol.dispose]();
        controller.abort();
        addAbortListener(signal, t.mustCall());
    });

/* -------------------------------------------------------------------- weir */

test.weir('an emitter without listeners has no object for them', () => {
    const emitter = new EventEmitter();
    assert.strictEqual(emitter._events, undefined);
    assert.deepStrictEqual(Object.keys(emitter), ['_events', '_eventsCount']);
    emitter.on('event', noop).off('event', noop);
    assert.strictEqual(emitter._events, undefined);
});

test.weir('events that come and go by other names leave nothing', () => {
    const emitter = new EventEmitter().on('data', noop);
    for (let i = 0; i < 100; i++) {
        emitter.once(`reply-${i}`, noop).emit(`reply-${i}`);
    }
    assert.deepStrictEqual(Object.keys(emitter._events), ['data']);
});
