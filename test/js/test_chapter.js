'use strict';
/*
 * The book chapter on TCP with Node's net: its options, methods and events.
 */
const net = require('net');
const { test, assert } = require('./harness');

const LOCAL = '127.0.0.1';

const event = (emitter, name) =>
    new Promise((resolve) => emitter.once(name, (...args) => resolve(args)));

test('both options are false when nothing is said', async (t) => {
    const server = await t.server();
    assert.strictEqual(server.allowHalfOpen, false);
    assert.strictEqual(server.pauseOnConnect, false);
});

test('with allowHalfOpen end must be called explicitly', async (t) => {
    const [client, socket] = await t.pair({ allowHalfOpen: true });
    socket.resume();
    client.resume();
    client.end();
    await event(socket, 'end');
    await t.sleep(10);
    assert.strictEqual(socket.writable, true);
    assert.strictEqual(socket.readable, false);
    socket.end();
    await event(client, 'close');
});

test('pauseOnConnect: nothing is read until resume', async (t) => {
    const [client, socket] = await t.pair({ pauseOnConnect: true });
    let resumed = false;
    socket.on('data', () => assert.strictEqual(resumed, true));
    client.write('early');
    await t.sleep(20);
    assert.strictEqual(socket.bytesRead, 0);
    resumed = true;
    socket.resume();
    const [data] = await event(socket, 'data');
    assert.strictEqual(data.toString(), 'early');
});

test('listen takes port, host, backlog and callback', async (t) => {
    for (const args of [[0], [0, LOCAL], [0, LOCAL, 511], [0, 511]]) {
        const server = t.track(net.createServer());
        const heard = event(server, 'listening');
        await new Promise((resolve) => server.listen(...args, resolve));
        await heard;
        assert.ok(server.address().port > 0);
    }
});

test('close keeps what there is, and its callback comes with close',
    async (t) => {
        const [client, socket, server] = await t.pair();
        const order = [];
        server.close(() => order.push('callback'));
        client.write('kept');
        const [data] = await event(socket, 'data');
        assert.strictEqual(data.toString(), 'kept');
        assert.deepStrictEqual(order, []);
        client.resume();
        client.end();
        await event(server, 'close');
        assert.deepStrictEqual(order, ['callback']);
    });

test('address tells address, family and port', async (t) => {
    const server = await t.server();
    const { address, family, port } = server.address();
    assert.deepStrictEqual([address, family, port > 0], [LOCAL, 'IPv4', true]);
});

test('getConnections calls back with err and count', async (t) => {
    const [, , server] = await t.pair();
    const [error, count] = await new Promise((resolve) =>
        server.getConnections((...args) => resolve(args)));
    assert.deepStrictEqual([error, count], [null, 1]);
});

test('a server is an EventEmitter, a socket a Duplex', async (t) => {
    const [, socket, server] = await t.pair();
    assert.ok(server instanceof require('events'));
    assert.ok(socket instanceof require('stream').Duplex);
});

test.weir('error is followed by close', async (t) => {
    const busy = await t.server();
    const server = t.track(net.createServer());
    const order = [];
    server.on('error', () => order.push('error'));
    server.on('close', () => order.push('close'));
    server.listen(busy.address().port, LOCAL);
    await event(server, 'close');
    assert.deepStrictEqual(order, ['error', 'close']);
});
