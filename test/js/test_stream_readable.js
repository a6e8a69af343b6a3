'use strict';
/*
 * stream.Readable: producing (push, unshift, ends), consuming (flowing, paused,
 * 'readable' and read(n)), encodings, object mode, and the properties.
 */
const { test, assert } = require('./harness');
const { Readable, Stream } = require('stream');
const stream = require('stream');

const silent = (options) => new Readable({ read() {}, ...options });

/* A stream of these chunks, then the end. */
function chunks(list, options) {
    const rest = [...list];
    return new Readable({
        ...options,
        read() {
            this.push(rest.length > 0 ? rest.shift() : null);
        },
    });
}

const ended = (t, readable) => t.once(readable, 'end');

test('the module is the constructor Stream with its classes', () => {
    assert.strictEqual(stream, stream.Stream);
    for (const name of ['Readable', 'Writable', 'Duplex', 'Transform',
        'PassThrough']) {
        assert.strictEqual(typeof stream[name], 'function');
        assert.ok(stream[name]() instanceof stream[name]);
    }
    assert.ok(silent() instanceof Stream);
    assert.ok(silent() instanceof require('events'));
});

test('a new stream neither flows nor is paused', () => {
    const r = silent();
    assert.strictEqual(r.readableFlowing, null);
    assert.strictEqual(r.isPaused(), false);
    assert.strictEqual(r.readable, true);
    assert.strictEqual(r.readableLength, 0);
    assert.strictEqual(r.readableEnded, false);
    assert.strictEqual(r.readableEncoding, null);
    assert.strictEqual(r.readableObjectMode, false);
    assert.strictEqual(r.readableDidRead, false);
    assert.strictEqual(r.readableAborted, false);
    assert.strictEqual(r.errored, null);
    assert.strictEqual(r.closed, false);
    assert.strictEqual(r.destroyed, false);
});

test("'data' listeners make it flow from the next tick on", async (t) => {
    const r = chunks(['a', 'b']);
    const seen = [];
    r.on('data', (chunk) => seen.push(String(chunk)));
    assert.strictEqual(r.readableFlowing, true);
    assert.deepStrictEqual(seen, []);
    await ended(t, r);
    assert.deepStrictEqual(seen, ['a', 'b']);
    assert.strictEqual(r.readableEnded, true);
    assert.strictEqual(r.readableDidRead, true);
    assert.strictEqual(r.readable, false);
});

test('what is pushed into a flowing stream is emitted at once', async (t) => {
    const r = silent();
    const seen = [];
    r.on('data', (chunk) => seen.push(String(chunk)));
    await t.turn();
    assert.strictEqual(r.push('now'), true);
    assert.deepStrictEqual(seen, ['now']);
    assert.strictEqual(r.readableLength, 0);
});

test('pause() in a data listener holds back the next chunk', async (t) => {
    const r = silent();
    const seen = [];
    r.on('data', (chunk) => {
        seen.push(String(chunk));
        r.pause();
    });
    await t.turn();
    r.push('a');
    r.push('b');
    assert.strictEqual(r.isPaused(), true);
    assert.strictEqual(r.readableFlowing, false);
    assert.strictEqual(r.readableLength, 1);
    await t.turn();
    assert.deepStrictEqual(seen, ['a']);
    r.resume();
    await t.turn();
    assert.deepStrictEqual(seen, ['a', 'b']);
});

test("'pause' and 'resume' are emitted, once per change", async (t) => {
    const r = silent();
    const seen = [];
    r.on('pause', () => seen.push('pause'));
    r.on('resume', () => seen.push('resume'));
    assert.strictEqual(r.pause(), r);
    r.pause();
    assert.strictEqual(r.resume(), r);
    r.resume();
    assert.deepStrictEqual(seen, ['pause']);
    await t.turn();
    assert.deepStrictEqual(seen, ['pause', 'resume']);
});

test('an explicitly paused stream ignores new data listeners', async (t) => {
    const r = chunks(['a']);
    r.pause();
    r.on('data', t.mustNotCall());
    await t.turn();
    assert.strictEqual(r.readableFlowing, false);
});

test("'readable' announces, read() takes everything", async (t) => {
    const r = silent();
    r.push('abc');
    r.push('def');
    await t.once(r, 'readable');
    assert.strictEqual(String(r.read()), 'abcdef');
    assert.strictEqual(r.read(), null);
});

test('read(n) takes n bytes across chunks, null when too few', () => {
    const r = silent();
    r.push('abc');
    r.push('def');
    assert.strictEqual(String(r.read(2)), 'ab');
    assert.strictEqual(String(r.read(3)), 'cde');
    assert.strictEqual(r.read(2), null);
    assert.strictEqual(r.readableLength, 1);
    assert.strictEqual(String(r.read(1)), 'f');
});

test('read(n) gives the rest when the stream has ended', async (t) => {
    const r = silent();
    r.push('abc');
    r.push(null);
    assert.strictEqual(String(r.read(10)), 'abc');
    await ended(t, r);
});

test('read(0) starts reading and takes nothing', () => {
    let reads = 0;
    const r = new Readable({
        read() {
            reads++;
            this.push('x');
        },
    });
    assert.strictEqual(r.read(0), null);
    assert.strictEqual(reads, 1);
    assert.strictEqual(r.readableLength, 1);
});

test('read(n) over the high-water mark raises it to a power of two', () => {
    const r = silent({ highWaterMark: 4 });
    r.read(100);
    assert.strictEqual(r.readableHighWaterMark, 128);
    assert.throws(() => r.read(2 ** 31), {
        code: 'ERR_OUT_OF_RANGE',
        name: 'RangeError',
        message: 'The value of "size" is out of range. ' +
            'It must be <= 1GiB. Received 2147483648' });
});

test('push() says no at the high-water mark', () => {
    const r = silent({ highWaterMark: 4 });
    assert.strictEqual(r.push('abc'), true);
    assert.strictEqual(r.push('d'), false);
    assert.strictEqual(r.push('e'), false);
    assert.strictEqual(r.readableLength, 5);
});

test('_read is called until the high-water mark is reached', async (t) => {
    let reads = 0;
    const r = new Readable({
        highWaterMark: 5,
        read() {
            reads++;
            this.push('ab');
        },
    });
    r.read(0);
    await t.turn();
    assert.strictEqual(reads, 3);
    assert.strictEqual(r.readableLength, 6);
});

test('_read is not called again before a push', async (t) => {
    let reads = 0;
    const r = new Readable({ read() { reads++; } });
    r.read();
    r.read();
    await t.turn();
    r.read(0);
    assert.strictEqual(reads, 1);
});

test('empty chunks end no read and emit nothing', async (t) => {
    const r = silent();
    r.on('data', t.mustNotCall());
    await t.turn();
    r.push('');
    r.push(Buffer.alloc(0));
    await t.turn();
});

test('chunks may be strings in an encoding, or any view', async (t) => {
    const r = silent();
    r.push('6162', 'hex');
    r.push(new Uint8Array([0x63]));
    r.push(new DataView(new Uint8Array([0x64]).buffer));
    r.push(null);
    assert.strictEqual(String(r.read()), 'abcd');
});

test('a chunk of another type is an error', async (t) => {
    const r = silent();
    assert.strictEqual(r.push(5), false);
    const [error] = await t.once(r, 'error');
    assert.strictEqual(error.code, 'ERR_INVALID_ARG_TYPE');
    assert.strictEqual(error.message, 'The "chunk" argument must be of type ' +
        'string or an instance of Buffer, TypedArray, or DataView. ' +
        'Received type number (5)');
    assert.strictEqual(r.destroyed, true);
});

test('push() after the end is an error', async (t) => {
    const r = silent();
    r.push(null);
    r.push('late');
    const [error] = await t.once(r, 'error');
    assert.strictEqual(error.code, 'ERR_STREAM_PUSH_AFTER_EOF');
    assert.strictEqual(error.message, 'stream.push() after EOF');
});

test('unshift() puts back in front', () => {
    const r = silent();
    r.push('def');
    r.unshift('abc');
    assert.strictEqual(String(r.read()), 'abcdef');
});

test("unshift() after 'end' is an error", async (t) => {
    const r = silent({ autoDestroy: false });
    r.push(null);
    r.resume();
    await ended(t, r);
    const error = t.once(r, 'error');
    r.unshift('x');
    assert.strictEqual((await error)[0].code,
        'ERR_STREAM_UNSHIFT_AFTER_END_EVENT');
});

test('a header parser can read, unshift and go on', async (t) => {
    const r = silent();
    r.push('head');
    r.push('er\n\nbody');
    const first = String(r.read());
    const at = first.indexOf('\n\n');
    r.unshift(Buffer.from(first.slice(at + 2)));
    r.push(null);
    r.setEncoding('utf8');
    let body = '';
    r.on('data', (chunk) => { body += chunk; });
    await ended(t, r);
    assert.strictEqual(body, 'body');
});

test('setEncoding() joins characters cut in two', async (t) => {
    const r = silent();
    const seen = [];
    assert.strictEqual(r.setEncoding('utf8'), r);
    assert.strictEqual(r.readableEncoding, 'utf8');
    r.on('data', (chunk) => seen.push(chunk));
    await t.turn();
    const euro = Buffer.from('a\u20acb');
    r.push(euro.subarray(0, 2));
    r.push(euro.subarray(2));
    r.push(null);
    await ended(t, r);
    assert.deepStrictEqual(seen, ['a', '\u20acb']);
});

test('setEncoding() decodes what is buffered already', () => {
    const r = silent();
    r.push(Buffer.from('ab'));
    r.push(Buffer.from('cd'));
    r.setEncoding('hex');
    assert.strictEqual(r.readableLength, 8);
    assert.strictEqual(r.read(), '61626364');
});

test('a cut character at the end becomes U+FFFD', async (t) => {
    const r = silent({ encoding: 'utf8' });
    let text = '';
    r.on('data', (chunk) => { text += chunk; });
    r.push(Buffer.from([0x61, 0xe2, 0x82]));
    r.push(null);
    await ended(t, r);
    assert.strictEqual(text, 'a\ufffd');
});

test('an unknown encoding is refused', () => {
    assert.throws(() => silent({ encoding: 'nope' }),
        { code: 'ERR_UNKNOWN_ENCODING', name: 'TypeError' });
    for (const none of [false, 0, '']) {
        assert.throws(() => silent({ defaultEncoding: none }),
            { code: 'ERR_UNKNOWN_ENCODING' });
    }
    assert.throws(() => silent({ defaultEncoding: 'nope' }),
        { message: 'Unknown encoding: nope' });
});

test('object mode counts objects and keeps them whole', () => {
    const r = silent({ objectMode: true, highWaterMark: 2 });
    assert.strictEqual(r.push({ a: 1 }), true);
    assert.strictEqual(r.push(''), false);
    assert.strictEqual(r.readableLength, 2);
    assert.deepStrictEqual(r.read(), { a: 1 });
    assert.strictEqual(r.read(), '');
    assert.strictEqual(r.readableObjectMode, true);
});

test('object mode has 16 objects as its default mark', () => {
    assert.strictEqual(
        silent({ objectMode: true }).readableHighWaterMark, 16);
    assert.strictEqual(stream.getDefaultHighWaterMark(true), 16);
});

test.weir('bytes have 64 KiB as their default mark', () => {
    assert.strictEqual(silent().readableHighWaterMark, 64 * 1024);
    assert.strictEqual(stream.getDefaultHighWaterMark(false), 64 * 1024);
});

test('setDefaultHighWaterMark() holds for new streams', () => {
    const before = stream.getDefaultHighWaterMark(false);
    stream.setDefaultHighWaterMark(false, 32);
    try {
        assert.strictEqual(silent().readableHighWaterMark, 32);
        assert.strictEqual(new stream.Writable().writableHighWaterMark, 32);
    } finally {
        stream.setDefaultHighWaterMark(false, before);
    }
    assert.throws(() => stream.setDefaultHighWaterMark(false, -1),
        { code: 'ERR_OUT_OF_RANGE' });
});

test('a wrong highWaterMark is refused', () => {
    assert.throws(() => silent({ highWaterMark: -1 }), {
        code: 'ERR_INVALID_ARG_VALUE',
        message: "The property 'options.highWaterMark' is invalid. " +
            'Received -1' });
    assert.throws(() => silent({ highWaterMark: 'x' }),
        { code: 'ERR_INVALID_ARG_VALUE' });
    assert.throws(() => silent({ highWaterMark: NaN }),
        { code: 'ERR_INVALID_ARG_VALUE' });
});

test('a high-water mark of 0 still reads on demand', async (t) => {
    const r = chunks(['a', 'b'], { highWaterMark: 0 });
    let text = '';
    r.on('data', (chunk) => { text += chunk; });
    await ended(t, r);
    assert.strictEqual(text, 'ab');
});

test("the order at the end is 'end', then 'close'", async (t) => {
    const seen = [];
    const r = chunks(['a']);
    for (const event of ['data', 'end', 'close']) {
        r.on(event, () => seen.push(event));
    }
    await t.once(r, 'close');
    assert.deepStrictEqual(seen, ['data', 'end', 'close']);
    assert.strictEqual(r.destroyed, true);
    assert.strictEqual(r.closed, true);
    assert.strictEqual(r.readableAborted, false);
});

test("without a consumer there is no 'end'", async (t) => {
    const r = chunks([]);
    r.on('end', t.mustNotCall());
    r.read(0);
    await t.turn();
});

test('autoDestroy: false leaves it open, emitClose: false silent',
    async (t) => {
        const kept = chunks([], { autoDestroy: false });
        kept.on('close', t.mustNotCall());
        kept.resume();
        await ended(t, kept);
        await t.turn();
        assert.strictEqual(kept.destroyed, false);
        const quiet = silent({ emitClose: false });
        quiet.on('close', t.mustNotCall());
        quiet.destroy();
        await t.turn();
        assert.strictEqual(quiet.closed, true);
    });

test('destroy(error) tells the error, then the close, in a tick',
    async (t) => {
        const seen = [];
        const r = silent();
        const error = new Error('enough');
        r.on('error', (e) => seen.push(e));
        r.on('close', () => seen.push('close'));
        assert.strictEqual(r.destroy(error), r);
        r.destroy(new Error('too late'));
        assert.strictEqual(r.destroyed, true);
        assert.strictEqual(r.errored, error);
        assert.deepStrictEqual(seen, []);
        await t.turn();
        assert.deepStrictEqual(seen, [error, 'close']);
        assert.strictEqual(r.readableAborted, true);
        assert.strictEqual(r.push('x'), false);
    });

test('_destroy may replace the error and takes its time', async (t) => {
    const r = silent({
        destroy(error, callback) {
            assert.strictEqual(error.message, 'first');
            setImmediate(callback, new Error('second'));
        },
    });
    const failed = t.once(r, 'error');
    r.destroy(new Error('first'));
    assert.strictEqual(r.closed, false);
    assert.strictEqual((await failed)[0].message, 'second');
    assert.strictEqual(r.errored.message, 'first');
});

test('what _read throws destroys the stream', async (t) => {
    const r = new Readable({ read() { throw new Error('read failed'); } });
    r.resume();
    const [error] = await t.once(r, 'error');
    assert.strictEqual(error.message, 'read failed');
});

test('without _read it says that it is not implemented', async (t) => {
    const r = new Readable();
    r.resume();
    const [error] = await t.once(r, 'error');
    assert.strictEqual(error.code, 'ERR_METHOD_NOT_IMPLEMENTED');
    assert.strictEqual(error.message,
        'The _read() method is not implemented');
});

test('construct() comes first; reading waits for it', async (t) => {
    const seen = [];
    const r = new Readable({
        construct(callback) {
            seen.push('construct');
            setImmediate(() => {
                seen.push('constructed');
                callback();
            });
        },
        read() {
            seen.push('read');
            this.push(null);
        },
    });
    r.resume();
    await ended(t, r);
    assert.deepStrictEqual(seen, ['construct', 'constructed', 'read']);
});

test('a failed construct() destroys, and _destroy waits for it', async (t) => {
    const failing = silent({
        construct(callback) { callback(new Error('no way')); },
    });
    assert.strictEqual(
        (await t.once(failing, 'error'))[0].message, 'no way');
    const seen = [];
    const early = silent({
        construct(callback) {
            setImmediate(() => {
                seen.push('constructed');
                callback();
            });
        },
        destroy(error, callback) {
            seen.push('destroy');
            callback(error);
        },
    });
    early.destroy();
    await t.once(early, 'close');
    assert.deepStrictEqual(seen, ['constructed', 'destroy']);
});

test('the signal option destroys with an AbortError', async (t) => {
    const controller = new AbortController();
    const r = silent({ signal: controller.signal });
    const failed = t.once(r, 'error');
    controller.abort('reason');
    const [error] = await failed;
    assert.strictEqual(error.name, 'AbortError');
    assert.strictEqual(error.code, 'ABORT_ERR');
    assert.strictEqual(error.message, 'The operation was aborted');
    assert.strictEqual(error.cause, 'reason');
    const late = silent({ signal: AbortSignal.abort() });
    assert.strictEqual((await t.once(late, 'error'))[0].name, 'AbortError');
});

test('addAbortSignal() checks its arguments', () => {
    assert.throws(() => stream.addAbortSignal(5, silent()), {
        code: 'ERR_INVALID_ARG_TYPE',
        message: 'The "signal" argument must be an instance of ' +
            'AbortSignal. Received type number (5)' });
    assert.throws(
        () => stream.addAbortSignal(new AbortController().signal, 5),
        { code: 'ERR_INVALID_ARG_TYPE' });
});

test("'readable' takes precedence over 'data'", async (t) => {
    const r = silent();
    const seen = [];
    r.on('data', (chunk) => seen.push(`data ${chunk}`));
    r.on('readable', () => {
        let chunk;
        while ((chunk = r.read()) !== null) {
            seen.push(`read ${chunk}`);
        }
    });
    r.push('a');
    assert.strictEqual(r.readableFlowing, false);
    await t.turn();
    assert.deepStrictEqual(seen, ['data a', 'read a']);
});

test("removing the last 'readable' listener lets 'data' flow", async (t) => {
    const r = silent();
    const onReadable = () => {};
    r.on('readable', onReadable);
    r.on('data', () => {});
    assert.strictEqual(r.readableFlowing, false);
    r.removeListener('readable', onReadable);
    await t.turn();
    assert.strictEqual(r.readableFlowing, true);
    r.removeAllListeners();
});

test("'readable' comes once more before 'end'", async (t) => {
    const r = silent();
    const seen = [];
    r.on('readable', () => seen.push(String(r.read())));
    r.on('end', () => seen.push('end'));
    r.push('abc');
    await t.turn();
    r.push(null);
    await ended(t, r);
    assert.deepStrictEqual(seen, ['abc', 'null', 'end']);
});

test('resume() without listeners drops the data', async (t) => {
    const r = chunks(['a', 'b', 'c']);
    r.resume();
    await ended(t, r);
    assert.strictEqual(r.readableLength, 0);
});

test('wrap() takes a stream of the old make', async (t) => {
    const old = new Stream();
    const seen = [];
    let paused = 0;
    old.pause = () => { paused++; };
    old.resume = () => {};
    old.extra = () => 'extra';
    const r = new Readable({ highWaterMark: 2 }).wrap(old);
    old.emit('data', Buffer.from('abc'));
    assert.strictEqual(paused, 1);
    assert.strictEqual(r.extra(), 'extra');
    r.on('data', (chunk) => seen.push(String(chunk)));
    await t.turn();
    old.emit('data', Buffer.from('d'));
    old.emit('end');
    await ended(t, r);
    assert.deepStrictEqual(seen, ['abc', 'd']);
});

test('the state that packages peek at has its known names', async (t) => {
    const r = silent({ objectMode: true });
    const state = r._readableState;
    assert.strictEqual(state.objectMode, true);
    assert.strictEqual(state.flowing, null);
    assert.strictEqual(state.ended, false);
    assert.strictEqual(state.endEmitted, false);
    assert.strictEqual(state.length, 0);
    assert.strictEqual(state.buffer.length, 0);
    assert.strictEqual(state.pipes.length, 0);
    assert.strictEqual(state.destroyed, false);
    assert.strictEqual(state.reading, false);
    assert.strictEqual(state.sync, true);
    state.highWaterMark = 1;
    assert.strictEqual(r.push(1), false);
    assert.strictEqual(r.readableBuffer.length, 1);
    r.push(null);
    assert.strictEqual(state.ended, true);
});

test('a subclass may be a class or inherit the old way', async (t) => {
    class Numbers extends Readable {
        #next = 0;

        constructor() {
            super({ objectMode: true });
        }

        _read() {
            this.push(this.#next < 3 ? this.#next++ : null);
        }
    }

    function Letters() {
        Readable.call(this);
        this.left = ['x', 'y'];
    }
    require('util').inherits(Letters, Readable);
    Letters.prototype._read = function () {
        this.push(this.left.shift() ?? null);
    };
    const seen = [];
    const numbers = new Numbers();
    const letters = new Letters();
    numbers.on('data', (each) => seen.push(each));
    await ended(t, numbers);
    letters.on('data', (each) => seen.push(String(each)));
    await ended(t, letters);
    assert.deepStrictEqual(seen, [0, 1, 2, 'x', 'y']);
});

test('isReadable, isErrored, isDisturbed tell how far it is', async (t) => {
    const r = chunks(['a']);
    assert.strictEqual(stream.isReadable(r), true);
    assert.strictEqual(stream.isDisturbed(r), false);
    assert.strictEqual(stream.isErrored(r), false);
    r.resume();
    await ended(t, r);
    assert.strictEqual(stream.isReadable(r), false);
    assert.strictEqual(stream.isDisturbed(r), true);
    const broken = silent();
    broken.destroy(new Error('x'));
    assert.strictEqual(stream.isErrored(broken), false);
    await t.once(broken, 'error');
    assert.strictEqual(stream.isErrored(broken), true);
    assert.strictEqual(stream.isReadable(5), null);
});
