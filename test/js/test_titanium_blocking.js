'use strict';
/*
 * Titanium's calls that block, which wait for one descriptor alone, as
 * docs/compatibility.md has them.
 */
const { test, assert } = require('./harness');
const { createTCP, CONNECTED, CLOSED, ERROR, noop, bytesOf, connected,
    listening, told, throwsState, until } =
    require('./titanium');

/* ------------------------------------------------------------ calls that block */

test.weir('read gives what has come, as far as there is room', async (t) => {
    const [socket, peer] = await connected(t);
    const buffer = Ti.createBuffer({ length: 10 });
    peer.write('hello');
    assert.strictEqual(socket.read(buffer), 5);
    assert.strictEqual(buffer.toString(), 'hello\0\0\0\0\0');
    assert.strictEqual(buffer.length, 10);
    peer.write('abcdef');
    assert.strictEqual(socket.read(buffer, 2, 3), 3);
    assert.strictEqual(buffer.toString(), 'heabc\0\0\0\0\0');
    assert.strictEqual(socket.read(buffer, 0, 10), 3);
    assert.strictEqual(buffer.toString(), 'defbc\0\0\0\0\0');
});

test.weir('bytes that net has read before come first', async (t) => {
    const [socket, peer] = await connected(t);
    const buffer = Ti.createBuffer({ length: 4 });
    peer.write('abcdefgh');
    await t.sleep(20); // in the stream's buffer by now
    assert.strictEqual(socket.read(buffer), 4);
    assert.strictEqual(buffer.toString(), 'abcd');
    peer.write('ij');
    await t.sleep(20);
    assert.strictEqual(socket.read(buffer, 0, 3), 3);
    assert.strictEqual(buffer.toString(), 'efgd');
    const rest = Ti.createBuffer({ length: 10 });
    let text = '';
    while (text.length < 3) {
        const count = socket.read(rest);
        text += rest.clone(0, count).toString();
    }
    assert.strictEqual(text, 'hij');
});

test.weir('read gives -1 at the end, again and again', async (t) => {
    const [socket, peer] = await connected(t);
    const buffer = Ti.createBuffer({ length: 4 });
    peer.end('bye');
    assert.strictEqual(socket.read(buffer), 3);
    assert.strictEqual(socket.isReadable(), true);
    assert.strictEqual(socket.read(buffer), -1);
    assert.strictEqual(socket.read(buffer), -1);
    assert.strictEqual(socket.isReadable(), false);
    assert.strictEqual(socket.isWritable(), true);
    await t.sleep(10);
    assert.strictEqual(socket.read(buffer), -1);
    assert.strictEqual(socket.state, CONNECTED);
    assert.strictEqual(socket.write(bytesOf('still')), 5);
    const [data] = await t.once(peer, 'data');
    assert.strictEqual(data.toString(), 'still');
});

test.weir('a timeout ends a read that blocks, and the socket goes on',
    async (t) => {
        const [socket, peer] = await connected(t, { timeout: 400 });
        const buffer = Ti.createBuffer({ length: 4 });
        const start = Date.now();
        assert.throws(() => socket.read(buffer),
            { code: 'ETIMEDOUT', message: /read/ });
        assert.ok(Date.now() - start >= 398);
        assert.strictEqual(socket.state, CONNECTED);
        peer.write('late');
        assert.strictEqual(socket.read(buffer), 4);
    });

test.weir('timers and other sockets go on after a call that blocked',
    async (t) => {
        const [socket] = await connected(t, { timeout: 400 });
        const [other, peer] = await t.pair();
        const order = [];
        setTimeout(() => order.push('timer'), 5);
        other.write('x');
        peer.on('data', () => order.push('data'));
        assert.throws(() => socket.read(Ti.createBuffer({ length: 1 })));
        assert.deepStrictEqual(order, []);
        await until(t, () => order.length === 2);
    });

test.weir('write blocks until the kernel has everything', async (t) => {
    const [socket, peer] = await connected(t);
    const buffer = Ti.createBuffer({ length: 100000 });
    buffer.fill(7);
    assert.strictEqual(socket.write(buffer), 100000);
    assert.strictEqual(socket.write(buffer, 10, 20), 20);
    let count = 0;
    peer.on('data', (data) => {
        count += data.length;
    });
    await until(t, () => count === 100020);
});

test.weir('a timeout ends a write that blocks, and that is ERROR',
    async (t) => {
        const [socket, peer] = await connected(t, { timeout: 400 });
        peer.pause();
        const e = await told((resolve) => {
            socket.error = resolve;
            const start = Date.now();
            assert.throws(
                () => socket.write(Ti.createBuffer({ length: 64 << 20 })),
                { code: 'ETIMEDOUT', message: /write/ });
            assert.ok(Date.now() - start >= 398);
            assert.strictEqual(socket.state, ERROR);
        });
        assert.match(e.error, /write ETIMEDOUT/);
        throwsState(() => socket.write(bytesOf('x')), /ERROR/);
    });

test.weir('close delivers what was written before', async (t) => {
    const [socket, peer] = await connected(t);
    const buffer = Ti.createBuffer({ length: 8 << 20 });
    peer.write('nobody reads this');
    const done = told((resolve) =>
        Ti.Stream.write(socket, buffer, resolve));
    socket.close();
    assert.strictEqual(socket.state, CLOSED);
    let count = 0;
    peer.on('data', (data) => {
        count += data.length;
    });
    await t.once(peer, 'end');
    assert.strictEqual(count, 8 << 20);
    const e = await done;
    assert.strictEqual(e.success, true);
    assert.strictEqual(e.bytesProcessed, 8 << 20);
});

test.weir('read and write throw unless CONNECTED', async (t) => {
    const buffer = Ti.createBuffer({ length: 4 });
    const [closed] = await connected(t);
    closed.close();
    const [listener] = listening(t);
    for (const socket of [createTCP(), closed, listener]) {
        throwsState(() => socket.read(buffer), /read.*CONNECTED/);
        throwsState(() => socket.write(buffer), /write.*CONNECTED/);
        assert.strictEqual(socket.isReadable(), false);
        assert.strictEqual(socket.isWritable(), false);
    }
});

test.weir('offset and length come together, and inside of the buffer',
    async (t) => {
        const [socket] = await connected(t);
        const buffer = Ti.createBuffer({ length: 4 });
        for (const call of [
            (...range) => socket.read(buffer, ...range),
            (...range) => socket.write(buffer, ...range),
            (...range) => Ti.Stream.read(socket, buffer, ...range, noop),
            (...range) => Ti.Stream.write(socket, buffer, ...range, noop),
            (...range) => buffer.clone(...range),
            (...range) => buffer.append(buffer, ...range),
            (...range) => buffer.fill(1, ...range),
        ]) {
            assert.throws(() => call(1), { message: /length/ });
            assert.throws(() => call(undefined, 1), { message: /offset/ });
            assert.throws(() => call(5, 1), { message: /offset/ });
            assert.throws(() => call(4, 1), { message: /length/ });
            assert.throws(() => call(-1, 1), { message: /offset/ });
            assert.throws(() => call(0, 5), { message: /length/ });
            assert.throws(() => call('0', 1), { message: /offset/ });
            assert.throws(() => call(0, '1'), { message: /length/ });
        }
        assert.strictEqual(buffer.length, 4);
        assert.strictEqual(socket.state, CONNECTED);
    });

test.weir('a reset is told to those who read, then to error', async (t) => {
    const order = [];
    const [socket, peer] = await connected(t, {
        error: (e) => order.push(['error', e.code > 0]) });
    Ti.Stream.pump(socket, (e) => {
        order.push(['pump', e.bytesProcessed, e.success, e.errorState,
            e.buffer, e.code > 0, socket.state]);
    }, 100, true);
    await t.turn();
    peer.resetAndDestroy();
    await until(t, () => order.length === 2);
    assert.deepStrictEqual(order, [
        ['pump', -1, false, 1, undefined, true, CONNECTED],
        ['error', true]]);
    assert.strictEqual(socket.state, ERROR);
});
