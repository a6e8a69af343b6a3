'use strict';
/*
 * IoT.js's net module, entry by entry as its document lists them. What it has
 * in common with the manual of Node 0.6 is in test_manual.js.
 */
const net = require('net');
const { test, assert } = require('./harness');

const LOCAL = '127.0.0.1';

const event = (emitter, name) =>
    new Promise((resolve) => emitter.once(name, (...args) => resolve(args)));

test('connect and createConnection take options or (port[, host])',
    async (t) => {
        const server = await t.server((socket) => socket.end());
        const { port } = server.address();
        for (const name of ['connect', 'createConnection']) {
            for (const args of [[{ port, host: LOCAL }], [{ port }],
                [port, LOCAL], [port]]) {
                const socket = t.track(net[name](...args, t.mustCall()));
                assert.ok(socket instanceof net.Socket);
                socket.resume();
                await event(socket, 'close');
            }
        }
    });

test('connect is new Socket and connect', async (t) => {
    const server = await t.server((socket) => socket.end('x'));
    const socket = t.track(new net.Socket());
    assert.strictEqual(socket.connect(
        { port: server.address().port, host: LOCAL }, t.mustCall()), socket);
    await event(socket, 'data');
});

test('connect by options needs a port', () => {
    assert.throws(() => new net.Socket().connect({}),
        { code: 'ERR_MISSING_ARGS' });
});

test('a server closes when its last connection has', async (t) => {
    const [client, socket, server] = await t.pair();
    const order = [];
    server.on('close', () => order.push('registered'));
    server.close(() => order.push('listener'));
    const late = t.track(net.connect(server.address()?.port ??
        client.remotePort, LOCAL));
    await event(late, 'error');
    assert.deepStrictEqual(order, []);
    socket.resume();
    client.resume();
    client.end();
    await event(server, 'close');
    assert.deepStrictEqual(order, ['registered', 'listener']);
});

test('a server emits listening, connection and error', async (t) => {
    const server = t.track(net.createServer());
    server.on('listening', t.mustCall());
    server.on('connection', t.mustCall((socket) => socket.end()));
    await new Promise((resolve) => server.listen(0, LOCAL, 5, resolve));
    const { port } = server.address();
    t.track(net.connect(port, LOCAL)).resume();
    const busy = t.track(net.createServer());
    busy.on('error', t.mustCall());
    busy.listen({ port, host: LOCAL });
});

test('listen takes options and a listener', async (t) => {
    const server = t.track(net.createServer());
    await new Promise((resolve) => server.listen(
        { port: 0, host: LOCAL, backlog: 3 }, resolve));
    assert.strictEqual(server.address().address, LOCAL);
});

test('a socket is a stream.Duplex', () => {
    const { Duplex } = require('stream');
    assert.ok(new net.Socket() instanceof Duplex);
});

test('new Socket takes allowHalfOpen', async (t) => {
    const server = await t.server((socket) => socket.end('bye'),
        { allowHalfOpen: true });
    const socket = t.track(new net.Socket({ allowHalfOpen: true }));
    socket.connect(server.address().port, LOCAL);
    socket.resume();
    await event(socket, 'end');
    assert.strictEqual(socket.writable, true);
    socket.end('late');
    await event(socket, 'close');
});

test('lookup tells an error or null, the address and its family',
    async (t) => {
        const server = await t.server((socket) => socket.end());
        const socket = t.track(new net.Socket());
        const seen = [];
        socket.on('lookup', (...args) => seen.push(args));
        socket.connect(server.address().port, 'localhost');
        socket.resume();
        await event(socket, 'close');
        assert.ok(seen.length > 0);
        for (const [error, address, family] of seen) {
            assert.strictEqual(error, null);
            assert.strictEqual(net.isIP(address), family);
        }
    });

test('lookup tells what went wrong', async (t) => {
    const socket = t.track(new net.Socket());
    socket.on('lookup', t.mustCall((error) => {
        assert.strictEqual(error.code, 'ENOTFOUND');
    }));
    socket.connect(80, 'nobody.invalid');
    const [error] = await event(socket, 'error');
    assert.strictEqual(error.code, 'ENOTFOUND');
});

test('data, end and close come in this order', async (t) => {
    const [client, socket] = await t.pair();
    const order = [];
    for (const name of ['data', 'end', 'close']) {
        client.on(name, () => order.push(name));
    }
    socket.end('data');
    await event(client, 'close');
    assert.deepStrictEqual(order, ['data', 'end', 'close']);
});

test('drain comes when the buffer is empty again', async (t) => {
    const [client, socket] = await t.pair();
    assert.strictEqual(client.write(Buffer.alloc(32 << 20)), false);
    socket.resume();
    await event(client, 'drain');
    assert.strictEqual(client.bufferSize ?? client.writableLength, 0);
});

test('timeout comes after so much idleness, again after activity',
    async (t) => {
        const [client, socket] = await t.pair();
        let count = 0;
        client.on('timeout', () => count++);
        client.setTimeout(15, t.mustCall());
        await event(client, 'timeout');
        client.resume();
        socket.write('activity');
        await event(client, 'timeout');
        assert.strictEqual(count, 2);
    });

test('end takes data and a callback, either or none', async (t) => {
    const [one, first] = await t.pair();
    one.end('bye', t.mustCall());
    assert.strictEqual((await event(first, 'data'))[0].toString(), 'bye');
    const [two] = await t.pair();
    two.end(t.mustCall());
    const [three, third] = await t.pair();
    third.resume();
    three.end();
    await event(third, 'end');
});

test('write calls back when the data was flushed', async (t) => {
    const [client, socket] = await t.pair();
    socket.resume();
    client.write('text', t.mustCall(() => {
        assert.strictEqual(client.writableLength, 0);
    }));
    client.write(Buffer.from('bytes'), t.mustCall());
});

test('destroy, pause, resume and setKeepAlive', async (t) => {
    const [client, socket] = await t.pair();
    let paused = true;
    client.on('data', () => assert.strictEqual(paused, false));
    client.pause();
    socket.write('later');
    await t.sleep(20);
    paused = false;
    client.resume();
    await event(client, 'data');
    client.setKeepAlive(true, 500);
    client.destroy();
    await event(client, 'close');
    assert.strictEqual(client.destroyed, true);
});
