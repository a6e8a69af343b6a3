'use strict';
/*
 * readable.pipe() and unpipe(), pipeline() and finished(), with callbacks and
 * as promises.
 */
const { test, assert } = require('./harness');
const stream = require('stream');
const promises = require('stream/promises');

const { PassThrough, Readable, Transform, Writable, finished, pipeline } =
    stream;

function collect(options) {
    const sink = new Writable({
        write(chunk, encoding, callback) {
            sink.seen.push(String(chunk));
            setImmediate(callback);
        },
        ...options,
    });
    sink.seen = [];
    return sink;
}

const silent = (options) => new Readable({ read() {}, ...options });

const upper = () => new Transform({
    transform(chunk, encoding, callback) {
        callback(null, String(chunk).toUpperCase());
    },
});

test('pipe() gives its destination, carries all, and ends it', async (t) => {
    const sink = collect();
    const source = Readable.from(['a', 'b']);
    let piped = null;
    sink.on('pipe', (from) => { piped = from; });
    assert.strictEqual(source.pipe(sink), sink);
    assert.strictEqual(piped, source);
    await t.once(sink, 'finish');
    assert.deepStrictEqual(sink.seen, ['a', 'b']);
});

test('end: false leaves the destination open', async (t) => {
    const sink = collect();
    const source = Readable.from(['a']);
    source.pipe(sink, { end: false });
    await t.once(source, 'end');
    await t.turn();
    assert.strictEqual(sink.writableEnded, false);
    sink.end('b');
    await t.once(sink, 'finish');
    assert.deepStrictEqual(sink.seen, ['a', 'b']);
});

test('a full destination pauses the source until it drains', async (t) => {
    const source = silent();
    let release;
    const sink = new Writable({
        highWaterMark: 1,
        write(chunk, encoding, callback) { release = callback; },
    });
    source.pipe(sink);
    await t.turn();
    source.push('a');
    assert.strictEqual(source.readableFlowing, false);
    source.push('b');
    await t.turn();
    assert.strictEqual(source.readableLength, 1);
    release();
    await t.turn();
    assert.strictEqual(source.readableLength, 0);
});

test('of several destinations the slowest sets the pace', async (t) => {
    const source = silent();
    const fast = collect();
    let release;
    const slow = new Writable({
        highWaterMark: 1,
        write(chunk, encoding, callback) { release = callback; },
    });
    source.pipe(fast);
    source.pipe(slow);
    assert.strictEqual(source._readableState.pipes.length, 2);
    await t.turn();
    source.push('a');
    source.push('b');
    await t.turn();
    assert.deepStrictEqual(fast.seen, ['a']);
    release();
    await t.turn();
    await t.turn();
    assert.deepStrictEqual(fast.seen, ['a', 'b']);
});

test('unpipe() lets go: of one, of all, of a stranger', async (t) => {
    const source = silent();
    const one = collect();
    const two = collect();
    let unpiped = 0;
    one.on('unpipe', () => unpiped++);
    two.on('unpipe', () => unpiped++);
    source.pipe(one);
    source.pipe(two);
    assert.strictEqual(source.unpipe(collect()), source);
    source.unpipe(one);
    assert.strictEqual(unpiped, 1);
    await t.turn();
    source.push('x');
    await t.turn();
    assert.deepStrictEqual([one.seen, two.seen], [[], ['x']]);
    source.unpipe();
    assert.strictEqual(unpiped, 2);
    assert.strictEqual(source.readableFlowing, false);
    assert.strictEqual(one.listenerCount('drain'), 0);
    assert.strictEqual(source.listenerCount('data'), 0);
});

test('a destination that waits and leaves does not block', async (t) => {
    const source = silent();
    const stuck = new Writable({ highWaterMark: 1, write() {} });
    const sink = collect();
    source.pipe(stuck);
    source.pipe(sink);
    await t.turn();
    source.push('a');
    source.push('b');
    await t.turn();
    assert.deepStrictEqual(sink.seen, ['a']);
    source.unpipe(stuck);
    await t.turn();
    await t.turn();
    assert.deepStrictEqual(sink.seen, ['a', 'b']);
});

test('one that was piped to twice and leaves does not block', async (t) => {
    const source = new Readable({ read() {} });
    const sink = new Writable({ highWaterMark: 1, write() {} });
    const got = [];

    source.on('data', (chunk) => got.push(chunk.toString()));
    source.pipe(sink);
    source.pipe(sink);
    source.push('1');
    await t.turn();
    sink.destroy();
    await t.turn();
    source.push('2');
    await t.turn();
    assert.deepStrictEqual(got, ['1', '2']);
    assert.strictEqual(source.readableFlowing, true);
});

test('a failing destination is unpiped, the source lives', async (t) => {
    const source = silent();
    const sink = new Writable({
        write(chunk, encoding, callback) { callback(new Error('full')); },
    });
    let unpiped = false;
    sink.on('unpipe', () => { unpiped = true; });
    const failed = t.once(sink, 'error');
    source.pipe(sink);
    source.push('a');
    assert.strictEqual((await failed)[0].message, 'full');
    assert.strictEqual(unpiped, true);
    assert.strictEqual(source.destroyed, false);
});

test('an error of a destination without listeners is thrown', (t, done) => {
    const source = silent();
    const sink = collect();
    t.uncaught((error) => {
        assert.strictEqual(error.message, 'loud');
        done();
    });
    source.pipe(sink);
    sink.destroy(new Error('loud'));
});

test('piping into a destination in need of a drain waits', async (t) => {
    const sink = collect({ highWaterMark: 1 });
    sink.write('first');
    const source = Readable.from(['second']);
    source.pipe(sink);
    assert.strictEqual(source.readableFlowing, false);
    await t.once(sink, 'finish');
    assert.deepStrictEqual(sink.seen, ['first', 'second']);
});

test('pipes chain, and the piping goes through', async (t) => {
    const sink = collect();
    Readable.from(['a', 'b']).pipe(upper()).pipe(new PassThrough()).pipe(sink);
    await t.once(sink, 'finish');
    assert.strictEqual(sink.seen.join(''), 'AB');
});

test('pipeline() calls back when all is written', (t, done) => {
    const sink = collect();
    const result = pipeline(Readable.from(['a']), upper(), sink, (error) => {
        assert.strictEqual(error, undefined);
        assert.deepStrictEqual(sink.seen, ['A']);
        done();
    });
    assert.strictEqual(result, sink);
});

test('pipeline() destroys all when one fails', (t, done) => {
    const source = silent();
    const middle = upper();
    const sink = new Writable({
        write(chunk, encoding, callback) { callback(new Error('sink')); },
    });
    pipeline(source, middle, sink, (error) => {
        assert.strictEqual(error.message, 'sink');
        assert.strictEqual(source.destroyed, true);
        assert.strictEqual(middle.destroyed, true);
        assert.strictEqual(sink.destroyed, true);
        done();
    });
    source.push('x');
});

test('pipeline() tells a premature close', (t, done) => {
    const source = silent();
    pipeline(source, collect(), (error) => {
        assert.strictEqual(error.code, 'ERR_STREAM_PREMATURE_CLOSE');
        assert.strictEqual(error.message, 'Premature close');
        done();
    });
    source.destroy();
});

test('pipeline() takes generators and async functions', (t, done) => {
    pipeline(
        function* () {
            yield 'a';
            yield 'b';
        },
        async function* (source) {
            for await (const chunk of source) {
                yield chunk.toUpperCase();
            }
        },
        async (source) => {
            let text = '';
            for await (const chunk of source) {
                text += chunk;
            }
            return text;
        },
        (error, value) => {
            assert.strictEqual(error, undefined);
            assert.strictEqual(value, 'AB');
            done();
        });
});

test('an error in a function part is the pipeline\'s', (t, done) => {
    const source = silent();
    source.push('x');
    pipeline(source, async function* (chunks) {
        for await (const chunk of chunks) {
            throw new Error(`at ${chunk}`);
        }
    }, collect(), (error) => {
        assert.strictEqual(error.message, 'at x');
        assert.strictEqual(source.destroyed, true);
        done();
    });
});

test('what a generator throws after its sink has closed is not lost',
    (t, done) => {
        const sink = collect();
        pipeline(async function* () {
            yield 'x';
            sink.destroy();
            await t.turn();
            throw new Error('the reason');
        }, sink, (error) => {
            assert.deepStrictEqual(error.errors.map(({ message }) => message),
                ['the reason', 'Premature close']);
            assert.strictEqual(error.message, 'the reason');
            done();
        });
    });

test('pipeline() checks its arguments', () => {
    assert.throws(() => pipeline(1), {
        code: 'ERR_INVALID_ARG_TYPE',
        message: 'The "streams[stream.length - 1]" property must be of ' +
            'type function. Received type number (1)' });
    assert.throws(() => pipeline(silent(), () => {}), {
        code: 'ERR_MISSING_ARGS',
        message: 'The "streams" argument must be specified' });
    assert.throws(() => pipeline(() => 5, collect(), () => {}),
        { code: 'ERR_INVALID_RETURN_VALUE' });
});

test('promises.pipeline() resolves and rejects', async () => {
    const sink = collect();
    await promises.pipeline(['a', 'b'], upper(), sink);
    assert.deepStrictEqual(sink.seen, ['A', 'B']);
    const value = await promises.pipeline(['a'], async (source) => {
        for await (const chunk of source) {
            return chunk;
        }
    });
    assert.strictEqual(value, 'a');
    const source = silent();
    source.destroy(new Error('gone'));
    await assert.rejects(promises.pipeline(source, collect()),
        { message: 'gone' });
    assert.strictEqual(stream.promises.pipeline, promises.pipeline);
});

test('promises.pipeline() obeys its signal and end: false', async (t) => {
    const controller = new AbortController();
    const source = silent();
    const run = promises.pipeline(source, collect(),
        { signal: controller.signal });
    controller.abort();
    await assert.rejects(run, { name: 'AbortError' });
    assert.strictEqual(source.destroyed, true);
    const sink = collect();
    await promises.pipeline(['a'], sink, { end: false });
    assert.strictEqual(sink.writableEnded, false);
    sink.end();
});

test('pipeline() works into a stream of another make', (t, done) => {
    const EventEmitter = require('events');
    const sink = new EventEmitter();
    const seen = [];
    sink.writable = true;
    sink.write = (chunk) => {
        seen.push(String(chunk));
        return true;
    };
    sink.end = () => {
        sink.writable = false;
        sink.emit('finish');
        sink.emit('close');
    };
    pipeline(Readable.from(['a']), sink, (error) => {
        assert.strictEqual(error, undefined);
        assert.deepStrictEqual(seen, ['a']);
        done();
    });
});

test('finished() waits for the whole stream', (t, done) => {
    const pass = new PassThrough();
    let ends = 0;
    pass.on('end', () => ends++);
    finished(pass, (error) => {
        assert.strictEqual(error, undefined);
        assert.strictEqual(ends, 1);
        assert.strictEqual(pass.writableFinished, true);
        done();
    });
    pass.resume();
    pass.end('x');
});

test('finished() may be asked for one half', async (t) => {
    const pass = new PassThrough();
    const done = [];
    finished(pass, { readable: false }, () => done.push('write'));
    finished(pass, { writable: false }, () => done.push('read'));
    pass.end();
    await t.turn();
    assert.deepStrictEqual(done, ['write']);
    pass.resume();
    await t.turn();
    assert.deepStrictEqual(done, ['write', 'read']);
});

test('finished() tells errors and premature closes', async (t) => {
    const failing = silent();
    finished(failing, t.mustCall((error) => {
        assert.strictEqual(error.message, 'x');
    }));
    failing.destroy(new Error('x'));
    const closed = silent();
    finished(closed, t.mustCall((error) => {
        assert.strictEqual(error.code, 'ERR_STREAM_PREMATURE_CLOSE');
    }));
    closed.destroy();
});

test('finished() on a stream that is over tells it too', async (t) => {
    const r = silent();
    r.destroy(new Error('before'));
    await t.once(r, 'error');
    await t.turn();
    assert.strictEqual(r.closed, true);
    let within = true;
    finished(r, t.mustCall((error) => {
        assert.strictEqual(within, false);
        assert.strictEqual(error.message, 'before');
    }));
    within = false;
});

test('what finished() returns stops it and leaves no listener', (t) => {
    const r = silent();
    const before = r.eventNames().length;
    const stop = finished(r, t.mustNotCall());
    assert.ok(r.eventNames().length > before);
    stop();
    assert.strictEqual(r.listenerCount('end'), 0);
    assert.strictEqual(r.listenerCount('close'), 0);
    r.destroy();
});

test('finished() obeys its signal without destroying', async (t) => {
    const controller = new AbortController();
    const r = silent();
    finished(r, { signal: controller.signal }, t.mustCall((error) => {
        assert.strictEqual(error.name, 'AbortError');
        assert.strictEqual(r.destroyed, false);
    }));
    controller.abort();
});

test('finished() checks its arguments', () => {
    assert.throws(() => finished(5, () => {}), {
        code: 'ERR_INVALID_ARG_TYPE',
        message: 'The "stream" argument must be an instance of ' +
            'ReadableStream, WritableStream, or Stream. ' +
            'Received type number (5)' });
    assert.throws(() => finished(silent(), 5),
        { message: /"callback" argument must be of type function/ });
    assert.throws(() => finished(silent(), { signal: 5 }, () => {}),
        { message: /"options.signal" property must be an instance of Abort/ });
});

test('promises.finished() and util.promisify(finished)', async () => {
    const { promisify } = require('util');
    const r = Readable.from(['a']);
    r.resume();
    await promises.finished(r, { cleanup: true });
    assert.strictEqual(promisify(finished), promises.finished);
    assert.strictEqual(promisify(pipeline), promises.pipeline);
    const broken = silent();
    broken.destroy(new Error('x'));
    await assert.rejects(promises.finished(broken), { message: 'x' });
});
