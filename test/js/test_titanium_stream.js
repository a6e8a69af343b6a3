'use strict';
/*
 * Ti.Stream, as docs/compatibility.md has it: what its callbacks are told, and
 * in which order.
 */
const { test, assert } = require('./harness');
const { createTCP, CONNECTED, ERROR, noop, bytesOf, connected, told,
    throwsState, until } =
    require('./titanium');

/* ------------------------------------------------------------------ Ti.Stream */

test.weir('Stream.read tells how much has come, and -1 at the end',
    async (t) => {
        const [socket, peer] = await connected(t);
        const buffer = Ti.createBuffer({ length: 6 });
        const first = told((cb) => Ti.Stream.read(socket, buffer, cb));
        peer.write('hello, world');
        let e = await first;
        assert.deepStrictEqual({ ...e }, { source: socket, bytesProcessed: 6,
            errorState: 0, errorDescription: '', success: true,
            error: undefined, code: 0 });
        assert.strictEqual(buffer.toString(), 'hello,');
        e = await told((cb) => Ti.Stream.read(socket, buffer, 1, 5, cb));
        assert.strictEqual(e.bytesProcessed, 5);
        assert.strictEqual(buffer.toString(), 'h worl');
        peer.end();
        e = await told((cb) => Ti.Stream.read(socket, buffer, cb));
        assert.strictEqual(e.bytesProcessed, 1);
        e = await told((cb) => Ti.Stream.read(socket, buffer, cb));
        assert.strictEqual(e.bytesProcessed, -1);
        assert.strictEqual(e.success, true);
        assert.strictEqual(buffer.length, 6);
    });

test.weir('reads are answered in their order', async (t) => {
    const [socket, peer] = await connected(t);
    const order = [];
    for (const [name, length] of [['a', 2], ['b', 2], ['c', 8]]) {
        const buffer = Ti.createBuffer({ length });
        Ti.Stream.read(socket, buffer, (e) =>
            order.push(name + buffer.toString().slice(0, e.bytesProcessed)));
    }
    peer.write('12345');
    await until(t, () => order.length === 3);
    assert.deepStrictEqual(order, ['a12', 'b34', 'c5']);
});

test.weir('Stream.write tells how much was written, later', async (t) => {
    const [socket, peer] = await connected(t);
    let now = true;
    const promise = told((cb) => Ti.Stream.write(socket, bytesOf('hello'),
        (e) => {
            assert.strictEqual(now, false);
            cb(e);
        }));
    now = false;
    const e = await promise;
    assert.strictEqual(e.source, socket);
    assert.strictEqual(e.bytesProcessed, 5);
    assert.strictEqual(e.success, true);
    const part = bytesOf('0123456789');
    await told((cb) => Ti.Stream.write(socket, part, 3, 4, cb));
    await told((cb) => Ti.Stream.write(socket, Ti.createBuffer(), cb));
    let text = '';
    peer.on('data', (data) => {
        text += data;
    });
    await until(t, () => text === 'hello3456');
});

test.weir('the buffer of a Stream.write may be filled anew at once',
    async (t) => {
        const [socket, peer] = await connected(t);
        const buffer = Ti.createBuffer({ length: 4 << 20 });
        buffer.fill(1);
        Ti.Stream.write(socket, buffer, noop);
        buffer.fill(2);
        let count = 0;
        let twos = 0;
        peer.on('data', (data) => {
            count += data.length;
            twos += data.includes(2) ? 1 : 0;
        });
        await until(t, () => count === 4 << 20);
        assert.strictEqual(twos, 0);
    });

test.weir('timeout ends each Stream.write, and that is ERROR', async (t) => {
    const [socket, peer] = await connected(t, { timeout: 400 });
    peer.pause();
    const error = told((resolve) => {
        socket.error = resolve;
    });
    const e = await told((cb) =>
        Ti.Stream.write(socket, Ti.createBuffer({ length: 64 << 20 }), cb));
    assert.strictEqual(e.bytesProcessed, -1);
    assert.strictEqual(e.success, false);
    assert.match(e.error, /write ETIMEDOUT/);
    assert.ok(e.code > 0);
    await error;
    assert.strictEqual(socket.state, ERROR);
});

test.weir('on a socket that is not CONNECTED the callback is told', async (t) => {
    const [closed] = await connected(t);
    closed.close();
    const buffer = Ti.createBuffer({ length: 4 });
    for (const socket of [createTCP(), closed]) {
        for (const start of [
            (cb) => Ti.Stream.read(socket, buffer, cb),
            (cb) => Ti.Stream.write(socket, buffer, cb),
            (cb) => Ti.Stream.readAll(socket, buffer.clone(), cb),
            (cb) => Ti.Stream.pump(socket, cb, 10, true),
            (cb) => Ti.Stream.pump(socket, cb, 10),
        ]) {
            const e = await told(start);
            assert.strictEqual(e.success, false);
            assert.strictEqual(e.errorState, 1);
            assert.strictEqual(e.code, -1);
            assert.match(e.errorDescription, /CONNECTED/);
        }
        throwsState(() => Ti.Stream.readAll(socket), /CONNECTED/);
    }
});

test.weir('close tells a read that waits, and says nothing to a pump',
    async (t) => {
        const [socket] = await connected(t);
        const buffer = Ti.createBuffer({ length: 4 });
        const read = told((cb) => Ti.Stream.read(socket, buffer, cb));
        Ti.Stream.pump(socket, t.mustNotCall('pump'), 10, true);
        await t.turn();
        socket.close();
        const e = await read;
        assert.strictEqual(e.success, false);
        assert.strictEqual(e.bytesProcessed, -1);
        assert.match(e.error, /closed/);
        await t.turn();
    });

test.weir('readAll gives everything to the end, at once or later',
    async (t) => {
        let [socket, peer] = await connected(t);
        peer.end('all of it');
        const all = Ti.Stream.readAll(socket);
        assert.strictEqual(all.toString(), 'all of it');

        [socket, peer] = await connected(t);
        const buffer = Ti.createBuffer({ length: 2 });
        peer.end('more than two');
        assert.strictEqual(Ti.Stream.readAll(socket, buffer), buffer);
        assert.strictEqual(buffer.toString(), 'more than two');

        [socket, peer] = await connected(t);
        const promise = told((cb) => Ti.Stream.readAll(socket, buffer, cb));
        peer.write('x'.repeat(300000));
        peer.end('y');
        const e = await promise;
        assert.strictEqual(e.source, socket);
        assert.strictEqual(e.bytesProcessed, 300001);
        assert.strictEqual(buffer.length, 300001);
        assert.strictEqual(buffer[300000], 'y'.charCodeAt(0));
    });

test.weir('writeStream copies by chunks, at once or later', async (t) => {
    const source = Ti.createBuffer({ length: 1000 });
    source.fill(3);
    const target = Ti.createBuffer();
    const open = (buffer, mode) =>
        Ti.Stream.createStream({ source: buffer, mode });
    assert.strictEqual(Ti.Stream.writeStream(
        open(source, Ti.Stream.MODE_READ),
        open(target, Ti.Stream.MODE_WRITE), 64), 1000);
    assert.strictEqual(target.length, 1000);

    const [socket, peer] = await connected(t);
    const from = open(source, Ti.Stream.MODE_READ);
    const e = await told((cb) =>
        Ti.Stream.writeStream(from, socket, 300, cb));
    let count = 0;
    peer.on('data', (data) => {
        count += data.length;
    });
    assert.strictEqual(e.fromStream, from);
    assert.strictEqual(e.toStream, socket);
    assert.strictEqual(e.bytesProcessed, 1000);
    assert.strictEqual(e.success, true);
    assert.strictEqual(e.source, undefined);
    await until(t, () => count === 1000);
});

test.weir('writeStream from socket to socket keeps backpressure', async (t) => {
    const [from, feed] = await connected(t);
    const [to, sink] = await connected(t);
    const total = 32 << 20;
    const copied = told((cb) => Ti.Stream.writeStream(from, to, 50000, cb));
    feed.end(Buffer.alloc(total, 5));
    sink.pause();
    await t.sleep(50);
    assert.ok(feed.bufferSize > 0, 'the source has to wait');
    let count = 0;
    sink.on('data', (data) => {
        count += data.length;
    });
    sink.resume();
    assert.strictEqual((await copied).bytesProcessed, total);
    await until(t, () => count === total);
});

test.weir('pump calls for each chunk, and a last time with -1', async (t) => {
    const [socket, peer] = await connected(t);
    const calls = [];
    Ti.Stream.pump(socket, (e) => calls.push(e), 4, true);
    peer.write('abcdefghij');
    await until(t, () => calls.length === 3);
    peer.end();
    await until(t, () => calls.length === 4);
    assert.deepStrictEqual(calls.map((e) => [
        e.buffer && e.buffer.toString(), e.bytesProcessed,
        e.totalBytesProcessed]),
    [['abcd', 4, 4], ['efgh', 4, 8], ['ij', 2, 10], [undefined, -1, 10]]);
    for (const e of calls) {
        assert.strictEqual(e.source, socket);
        assert.strictEqual(e.success, true);
        assert.strictEqual(e.errorState, 0);
    }
    await t.turn();
    assert.strictEqual(calls.length, 4);
});

test.weir('pump without isAsync blocks until the end', async (t) => {
    const [socket, peer] = await connected(t);
    peer.end('abcdefghij');
    const calls = [];
    Ti.Stream.pump(socket, (e) => calls.push(e.bytesProcessed), 4);
    assert.strictEqual(calls.at(-1), -1);
    assert.strictEqual(calls.slice(0, -1).reduce((a, b) => a + b), 10);
});

test.weir('a handler that throws does not end the pump', async (t) => {
    const [socket, peer] = await connected(t);
    const errors = [];
    t.uncaught((error) => errors.push(error.message));
    const calls = [];
    Ti.Stream.pump(socket, (e) => {
        calls.push(e.bytesProcessed);
        throw new Error(`at ${calls.length}`);
    }, 4, true);
    peer.end('abcdef');
    await until(t, () => calls.length === 3);
    assert.deepStrictEqual(calls, [4, 2, -1]);
    await t.turn();
    assert.deepStrictEqual(errors, ['at 1', 'at 2', 'at 3']);
});

test.weir('a handler that closes the socket is not called again', async (t) => {
    const [socket, peer] = await connected(t);
    let calls = 0;
    Ti.Stream.pump(socket, () => {
        calls++;
        socket.close();
    }, 2, true);
    peer.write('abcdef');
    await until(t, () => calls === 1);
    peer.resume();
    await t.once(peer, 'end');
    assert.strictEqual(calls, 1);
});

test.weir('a stream over a buffer reads, writes and appends', () => {
    const { createStream, MODE_READ, MODE_WRITE, MODE_APPEND } = Ti.Stream;
    const source = bytesOf('0123456789');
    const reader = createStream({ source, mode: MODE_READ });
    const buffer = Ti.createBuffer({ length: 4 });
    const counts = [];
    for (let i = 0; i < 5; i++) {
        counts.push(reader.read(buffer));
    }
    assert.deepStrictEqual(counts, [4, 4, 2, -1, -1]);
    assert.strictEqual(buffer.toString(), '8967');
    assert.strictEqual(reader.isReadable(), true);
    assert.strictEqual(reader.isWritable(), false);
    throwsState(() => reader.write(buffer), /not writable/);

    const writer = createStream({ source, mode: MODE_WRITE });
    assert.strictEqual(writer.write(bytesOf('abc')), 3);
    assert.strictEqual(writer.write(bytesOf('defghijklm')), 10);
    assert.strictEqual(source.toString(), 'abcdefghijklm');
    throwsState(() => writer.read(buffer), /not readable/);

    const appender = createStream({ source, mode: MODE_APPEND });
    assert.strictEqual(appender.write(bytesOf('no'), 1, 1), 1);
    assert.strictEqual(source.toString(), 'abcdefghijklmo');
    appender.close();
    assert.strictEqual(appender.isWritable(), false);
    throwsState(() => appender.write(buffer), /not writable/);
    throwsState(() => appender.close(), /closed/);
});
