'use strict';
/*
 * stream.Writable: writing and its callbacks, backpressure, cork, the end in
 * its steps, and what happens on errors.
 */
const { test, assert } = require('./harness');
const stream = require('stream');

const { Writable } = stream;

/* Writes into `sink.seen`, done in the next turn. */
function slow(options) {
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

const instant = (options) => slow({
    write(chunk, encoding, callback) {
        this.seen.push(String(chunk));
        callback();
    },
    ...options,
});

test('a new writable is empty and open', () => {
    const w = slow();
    assert.strictEqual(w.writable, true);
    assert.strictEqual(w.writableLength, 0);
    assert.strictEqual(w.writableEnded, false);
    assert.strictEqual(w.writableFinished, false);
    assert.strictEqual(w.writableNeedDrain, false);
    assert.strictEqual(w.writableCorked, 0);
    assert.strictEqual(w.writableObjectMode, false);
    assert.strictEqual(w.errored, null);
    assert.strictEqual(w.closed, false);
});

test('write() tells when it is full, drain when it is empty', async (t) => {
    const w = slow({ highWaterMark: 3 });
    assert.strictEqual(w.write('a'), true);
    assert.strictEqual(w.write('bc'), false);
    assert.strictEqual(w.writableLength, 3);
    assert.strictEqual(w.writableNeedDrain, true);
    await t.once(w, 'drain');
    assert.strictEqual(w.writableLength, 0);
    assert.strictEqual(w.writableNeedDrain, false);
    assert.deepStrictEqual(w.seen, ['a', 'bc']);
});

test('one write is under way at a time, in order', async (t) => {
    let running = 0;
    const w = new Writable({
        write(chunk, encoding, callback) {
            assert.strictEqual(++running, 1);
            setImmediate(() => {
                running--;
                callback();
            });
        },
    });
    const seen = [];
    for (const name of ['a', 'b', 'c']) {
        w.write(name, () => seen.push(name));
    }
    w.end();
    await t.once(w, 'finish');
    assert.deepStrictEqual(seen, ['a', 'b', 'c']);
});

test('callbacks never come within write()', async (t) => {
    const w = instant();
    let within = true;
    w.write('a', t.mustCall((error) => {
        assert.strictEqual(error, null);
        assert.strictEqual(within, false);
    }));
    within = false;
});

test('a defaultEncoding that is none is refused', () => {
    for (const none of [false, 0, '', 'nope']) {
        assert.throws(() => new Writable({ defaultEncoding: none }),
            { code: 'ERR_UNKNOWN_ENCODING' });
    }
});

test('strings arrive as Buffers, unless decodeStrings is false', (t) => {
    const kinds = [];
    const write = (chunk, encoding, callback) => {
        kinds.push([typeof chunk, encoding]);
        callback();
    };
    new Writable({ write }).write('6162', 'hex');
    new Writable({ write, decodeStrings: false }).write('6162', 'hex');
    new Writable({ write, decodeStrings: false }).write('x');
    new Writable({ write, decodeStrings: false, defaultEncoding: 'latin1' })
        .write('x');
    assert.deepStrictEqual(kinds, [['object', 'buffer'], ['string', 'hex'],
        ['string', 'utf8'], ['string', 'latin1']]);
});

test('setDefaultEncoding() holds for strings without one', () => {
    const w = instant();
    assert.strictEqual(w.setDefaultEncoding('HEX'), w);
    w.write('6162');
    assert.deepStrictEqual(w.seen, ['ab']);
    assert.throws(() => w.setDefaultEncoding('nope'), {
        code: 'ERR_UNKNOWN_ENCODING', message: 'Unknown encoding: nope' });
});

test('write() throws at wrong arguments', () => {
    const w = instant();
    assert.throws(() => w.write(null), {
        code: 'ERR_STREAM_NULL_VALUES',
        message: 'May not write null values to stream' });
    assert.throws(() => w.write(5), {
        code: 'ERR_INVALID_ARG_TYPE',
        message: 'The "chunk" argument must be of type string or an ' +
            'instance of Buffer, TypedArray, or DataView. ' +
            'Received type number (5)' });
    assert.throws(() => w.write('a', 'nope'),
        { code: 'ERR_UNKNOWN_ENCODING' });
    assert.throws(() => w.write(), { code: 'ERR_INVALID_ARG_TYPE' });
});

test('a typed array is written as its bytes', () => {
    const w = instant();
    w.write(new Uint16Array([0x6261]));
    assert.deepStrictEqual(w.seen, ['ab']);
});

test('object mode takes anything but null', () => {
    const seen = [];
    const w = new Writable({
        objectMode: true,
        write(chunk, encoding, callback) {
            seen.push(chunk);
            callback();
        },
    });
    w.write(5);
    w.write({ a: 1 });
    assert.deepStrictEqual(seen, [5, { a: 1 }]);
    assert.throws(() => w.write(null), { code: 'ERR_STREAM_NULL_VALUES' });
});

test('cork() holds back, uncork() lets go, and they nest', () => {
    const w = instant();
    w.cork();
    w.cork();
    w.write('a');
    w.write('b');
    assert.strictEqual(w.writableCorked, 2);
    w.uncork();
    assert.deepStrictEqual(w.seen, []);
    w.uncork();
    assert.deepStrictEqual(w.seen, ['a', 'b']);
    w.uncork();
    assert.strictEqual(w.writableCorked, 0);
});

test('_writev gets all that waits, each callback is called', async (t) => {
    const batches = [];
    const w = slow({
        writev(entries, callback) {
            batches.push(entries.map(({ chunk, encoding }) =>
                `${chunk}:${encoding}`));
            setImmediate(callback);
        },
    });
    w.write('a', t.mustCall());
    w.write('b', t.mustCall());
    w.write('c', t.mustCall());
    w.end();
    await t.once(w, 'finish');
    assert.deepStrictEqual(w.seen, ['a']);
    assert.deepStrictEqual(batches, [['b:buffer', 'c:buffer']]);
});

test('_writev alone is enough', async (t) => {
    const seen = [];
    const w = new Writable({
        writev(entries, callback) {
            seen.push(entries.length);
            callback();
        },
    });
    w.write('a');
    w.end('b');
    await t.once(w, 'finish');
    assert.deepStrictEqual(seen, [1, 1]);
});

test('end() uncorks', async (t) => {
    const w = instant();
    w.cork();
    w.cork();
    w.write('a');
    w.end('b');
    await t.once(w, 'finish');
    assert.deepStrictEqual(w.seen, ['a', 'b']);
});

test('the end comes in steps', async (t) => {
    const seen = [];
    const w = slow({
        final(callback) {
            seen.push('final');
            setImmediate(callback);
        },
    });
    for (const event of ['prefinish', 'finish', 'close']) {
        w.on(event, () => seen.push(event));
    }
    w.write('a', () => seen.push('written'));
    assert.strictEqual(w.end(() => seen.push('end callback')), w);
    assert.strictEqual(w.writableEnded, true);
    assert.strictEqual(w.writable, false);
    assert.strictEqual(w.writableFinished, false);
    await t.once(w, 'close');
    assert.deepStrictEqual(seen, ['written', 'final', 'prefinish',
        'end callback', 'finish', 'close']);
    assert.strictEqual(w.writableFinished, true);
    assert.strictEqual(w.writableAborted, false);
});

test("'finish' never comes within end()", async (t) => {
    const w = instant();
    let within = true;
    w.on('finish', t.mustCall(() => assert.strictEqual(within, false)));
    w.end('a');
    within = false;
});

test('write() after end() is an error, to callback and event', async (t) => {
    const w = slow();
    w.end();
    const failed = t.once(w, 'error');
    assert.strictEqual(w.write('a', t.mustCall((error) => {
        assert.strictEqual(error.code, 'ERR_STREAM_WRITE_AFTER_END');
    })), false);
    const [error] = await failed;
    assert.strictEqual(error.code, 'ERR_STREAM_WRITE_AFTER_END');
    assert.strictEqual(error.message, 'write after end');
});

test('write() after destroy() tells its callback alone', async (t) => {
    const w = slow();
    w.on('error', t.mustNotCall());
    w.destroy();
    assert.strictEqual(w.write('a', t.mustCall((error) => {
        assert.strictEqual(error.code, 'ERR_STREAM_DESTROYED');
        assert.strictEqual(error.message,
            'Cannot call write after a stream was destroyed');
    })), false);
});

test('end() twice is forgiven, end(callback) told', async (t) => {
    const w = instant();
    w.end();
    w.end();
    await t.once(w, 'close');
    w.end(t.mustCall((error) => {
        assert.strictEqual(error.code, 'ERR_STREAM_ALREADY_FINISHED');
        assert.strictEqual(error.message,
            'Cannot call end after a stream was finished');
    }));
});

test('end() after destroy() tells so', async (t) => {
    const w = slow();
    w.end('a');
    w.destroy();
    w.end(t.mustCall((error) => {
        assert.strictEqual(error.code, 'ERR_STREAM_DESTROYED');
    }));
});

test('a failed write fails what waits behind it', async (t) => {
    const seen = [];
    const w = new Writable({
        write(chunk, encoding, callback) {
            setImmediate(callback, new Error('disk full'));
        },
    });
    w.on('error', (error) => seen.push(`event ${error.message}`));
    const closed = new Promise((resolve) => w.on('close', resolve));
    w.on('close', () => seen.push('close'));
    w.write('a', (error) => seen.push(`a ${error.message}`));
    w.write('b', (error) => seen.push(`b ${error.message}`));
    w.end((error) => seen.push(`end ${error.message}`));
    await closed;
    assert.deepStrictEqual(seen, ['a disk full', 'b disk full',
        'end disk full', 'event disk full', 'close']);
    assert.strictEqual(w.writableAborted, true);
    assert.strictEqual(w.errored.message, 'disk full');
});

test('destroy() fails what waits', async (t) => {
    const w = slow();
    w.write('a');
    w.write('b', t.mustCall((error) => {
        assert.strictEqual(error.code, 'ERR_STREAM_DESTROYED');
    }));
    w.end(t.mustCall((error) => {
        assert.strictEqual(error.code, 'ERR_STREAM_DESTROYED');
    }));
    w.on('finish', t.mustNotCall());
    w.destroy();
    await t.once(w, 'close');
    assert.strictEqual(w.destroyed, true);
});

test('what _write throws is thrown by write()', () => {
    const w = new Writable({ write() { throw new Error('thrown'); } });
    assert.throws(() => w.write('a'), { message: 'thrown' });
});

test('a callback called twice is an error', async (t) => {
    const w = new Writable({
        write(chunk, encoding, callback) {
            callback();
            callback();
        },
    });
    w.write('a');
    const [error] = await t.once(w, 'error');
    assert.strictEqual(error.code, 'ERR_MULTIPLE_CALLBACK');
    assert.strictEqual(error.message, 'Callback called multiple times');
});

test('a failing _final is told instead of finish', async (t) => {
    const w = instant({
        final(callback) { callback(new Error('not flushed')); },
    });
    w.on('finish', t.mustNotCall());
    w.end(t.mustCall((error) => {
        assert.strictEqual(error.message, 'not flushed');
    }));
    const [error] = await t.once(w, 'error');
    assert.strictEqual(error.message, 'not flushed');
});

test('a writable cannot be piped from', async (t) => {
    const w = slow();
    w.pipe(slow());
    const [error] = await t.once(w, 'error');
    assert.strictEqual(error.code, 'ERR_STREAM_CANNOT_PIPE');
    assert.strictEqual(error.message, 'Cannot pipe, not readable');
});

test('without _write it says that it is not implemented', () => {
    assert.throws(() => new Writable().write('a'), {
        code: 'ERR_METHOD_NOT_IMPLEMENTED',
        message: 'The _write() method is not implemented' });
});

test('writes wait for construct()', async (t) => {
    const seen = [];
    const w = new Writable({
        construct(callback) {
            setImmediate(() => {
                seen.push('constructed');
                callback();
            });
        },
        write(chunk, encoding, callback) {
            seen.push(String(chunk));
            callback();
        },
    });
    w.write('a');
    w.end('b');
    await t.once(w, 'finish');
    assert.deepStrictEqual(seen, ['constructed', 'a', 'b']);
});

test('the signal option destroys', async (t) => {
    const controller = new AbortController();
    const w = slow({ signal: controller.signal });
    const failed = t.once(w, 'error');
    controller.abort();
    assert.strictEqual((await failed)[0].code, 'ABORT_ERR');
});

test('instanceof knows a duplex as a writable', () => {
    assert.ok(new stream.Duplex() instanceof Writable);
    assert.ok(new stream.Transform() instanceof Writable);
    assert.ok(!(new stream.Readable() instanceof Writable));
    assert.ok(!(null instanceof Writable));
    assert.ok(!({} instanceof Writable));
    class Mine extends Writable {}
    assert.ok(new Mine() instanceof Writable);
    assert.ok(!(new Writable() instanceof Mine));
});

test('isWritable, isDestroyed tell how far it is', async (t) => {
    const w = slow();
    assert.strictEqual(stream.isWritable(w), true);
    w.end();
    assert.strictEqual(stream.isWritable(w), false);
    assert.strictEqual(stream.isWritable(new stream.Readable()), null);
});

test('writableBuffer shows what waits', () => {
    const w = slow();
    w.write('a');
    w.write('b');
    assert.strictEqual(w.writableBuffer.length, 1);
    assert.strictEqual(String(w.writableBuffer[0].chunk), 'b');
    assert.strictEqual(w._writableState.length, 2);
    assert.strictEqual(w._writableState.needDrain, false);
    w.on('error', () => {});
    w.destroy();
});

test('a long queue of synchronous writes does not recurse', async (t) => {
    const w = instant({ highWaterMark: 1 });
    w.cork();
    for (let i = 0; i < 20000; i++) {
        w.write('x');
    }
    w.uncork();
    w.end();
    await t.once(w, 'finish');
    assert.strictEqual(w.seen.length, 20000);
});

for (const objectMode of [true, false]) {
    test(`finish after a synchronous write, objectMode ${objectMode}`,
        async (t) => {
            const order = [];
            const w = instant({ objectMode });
            await t.turn();
            w.end('x');
            w.on('finish', () => order.push('finish'));
            process.nextTick(() => order.push('tick'));
            await t.once(w, 'finish');
            await t.turn();
            assert.deepStrictEqual(order,
                objectMode ? ['tick', 'finish'] : ['finish', 'tick']);
        });
}
