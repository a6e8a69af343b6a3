'use strict';
/*
 * net.Socket as an object: its properties in every state, its idle timeout,
 * destroy in its forms, and what each leaves behind.
 */
const net = require('net');
const { test, assert } = require('./harness');

const LOCAL = '127.0.0.1';
const noop = () => {};

/* ------------------------------------------------------------- properties */

test('a new socket is closed, pending, neither connecting nor destroyed',
    () => {
        const socket = new net.Socket();
        assert.strictEqual(socket.connecting, false);
        assert.strictEqual(socket.pending, true);
        assert.strictEqual(socket.destroyed, false);
        assert.strictEqual(socket.bytesRead, 0);
        assert.strictEqual(socket.bytesWritten, 0);
        assert.strictEqual(socket.bufferSize, undefined);
        assert.strictEqual(socket.remoteAddress, undefined);
        assert.strictEqual(socket.remotePort, undefined);
        assert.strictEqual(socket.remoteFamily, undefined);
        assert.strictEqual(socket.localAddress, undefined);
        assert.strictEqual(socket.localPort, undefined);
        assert.strictEqual(socket.localFamily, undefined);
        assert.strictEqual(socket.timeout, undefined);
        assert.strictEqual(socket.allowHalfOpen, false);
        assert.deepStrictEqual(socket.address(), {});
    });

test('while connecting, readyState is opening and pending true', async (t) => {
    const server = await t.server();
    const socket = t.connect(server);
    assert.strictEqual(socket.connecting, true);
    assert.strictEqual(socket.pending, true);
    assert.strictEqual(socket.readyState, 'opening');
    assert.strictEqual(socket.remoteAddress, undefined);
    assert.deepStrictEqual(socket.address(), {});
    await t.once(socket, 'connect');
    assert.strictEqual(socket.connecting, false);
    assert.strictEqual(socket.pending, false);
    assert.strictEqual(socket.readyState, 'open');
});

test('readyState goes open, readOnly, closed when this side ends first',
    async (t) => {
        const server = await t.server((peer) => {
            peer.resume();
        }, { allowHalfOpen: true });
        const accepted = t.once(server, 'connection');
        const socket = t.connect(server, { allowHalfOpen: true });
        socket.resume();
        await t.once(socket, 'connect');
        const [peer] = await accepted;
        socket.end();
        assert.strictEqual(socket.readyState, 'readOnly');
        await t.once(peer, 'end');
        assert.strictEqual(peer.readyState, 'writeOnly');
        peer.end();
        await t.once(socket, 'close');
        assert.strictEqual(socket.readyState, 'closed');
        if (!peer.destroyed) {
            await t.once(peer, 'close');
        }
        assert.strictEqual(peer.readyState, 'closed');
    });

test('readyState is closed after destroy', async (t) => {
    const [client] = await t.pair();
    client.destroy();
    assert.strictEqual(client.readyState, 'closed');
    assert.strictEqual(client.pending, true);
});

test('both ends agree on their addresses', async (t) => {
    const [client, socket, server] = await t.pair();
    const { port } = server.address();
    assert.strictEqual(client.remoteAddress, LOCAL);
    assert.strictEqual(client.remotePort, port);
    assert.strictEqual(client.remoteFamily, 'IPv4');
    assert.strictEqual(client.localAddress, LOCAL);
    assert.strictEqual(client.localFamily, 'IPv4');
    assert.strictEqual(socket.localAddress, LOCAL);
    assert.strictEqual(socket.localPort, port);
    assert.strictEqual(socket.localFamily, 'IPv4');
    assert.strictEqual(socket.remoteAddress, LOCAL);
    assert.strictEqual(socket.remotePort, client.localPort);
    assert.strictEqual(socket.remoteFamily, 'IPv4');
    assert.deepStrictEqual(client.address(), {
        address: LOCAL, family: 'IPv4', port: client.localPort,
    });
});

test('over IPv6 both ends agree on their addresses', async (t) => {
    const [client, socket] = await t.pair({ host: '::1' });
    assert.strictEqual(client.remoteAddress, '::1');
    assert.strictEqual(client.remoteFamily, 'IPv6');
    assert.deepStrictEqual(socket.address(), {
        address: '::1', family: 'IPv6', port: client.remotePort,
    });
});

test('an IPv4 client of a server on :: is shown IPv4-mapped', async (t) => {
    const server = await t.server(undefined, { host: '::' });
    const accepted = t.once(server, 'connection');
    t.track(net.connect(server.address().port, LOCAL));
    const [socket] = await accepted;
    assert.strictEqual(socket.remoteAddress, `::ffff:${LOCAL}`);
    assert.strictEqual(socket.remoteFamily, 'IPv6');
});

test('a UNIX socket has no addresses and no ports', async (t) => {
    const [client, socket] = await t.pair({ path: t.path() });
    for (const each of [client, socket]) {
        assert.strictEqual(each.remoteAddress, undefined);
        assert.strictEqual(each.remotePort, undefined);
        assert.strictEqual(each.remoteFamily, undefined);
        assert.strictEqual(each.localAddress, undefined);
        assert.strictEqual(each.localPort, undefined);
        assert.deepStrictEqual(each.address(), {});
        assert.strictEqual(each.readyState, 'open');
    }
});

test('after destroy the remote address is gone', async (t) => {
    const [client] = await t.pair();
    client.destroy();
    await t.once(client, 'close');
    assert.strictEqual(client.remoteAddress, undefined);
    assert.strictEqual(client.remotePort, undefined);
});

test('bytesRead and bytesWritten count bytes, also after close', async (t) => {
    const [client, socket] = await t.pair();
    socket.resume();
    client.write('\u20ac');
    assert.strictEqual(client.bytesWritten, 3);
    client.write(Buffer.alloc(7));
    client.end('ab', 'utf16le');
    assert.strictEqual(client.bytesWritten, 14);
    await t.once(socket, 'end');
    assert.strictEqual(socket.bytesRead, 14);
    client.resume();
    if (!client.destroyed) {
        await t.once(client, 'close');
    }
    assert.strictEqual(client.bytesWritten, 14);
    assert.strictEqual(client.bytesRead, 0);
    if (!socket.destroyed) {
        await t.once(socket, 'close');
    }
    assert.strictEqual(socket.bytesRead, 14);
});

test('bytesWritten counts what waits for the connection', async (t) => {
    const server = await t.server((peer) => peer.resume());
    const socket = t.connect(server);
    socket.write('hello');
    socket.write('\u00fc');
    assert.strictEqual(socket.bytesWritten, 7);
    await t.once(socket, 'connect');
    assert.strictEqual(socket.bytesWritten, 7);
});

test('bufferSize is what waits, 0 once it has gone', async (t) => {
    const server = await t.server((peer) => peer.resume());
    const socket = t.connect(server);
    assert.strictEqual(socket.bufferSize, 0);
    socket.write('12345');
    assert.strictEqual(socket.bufferSize, 5);
    assert.strictEqual(socket.writableLength, 5);
    socket.write('678', t.mustCall(() => {
        assert.strictEqual(socket.bufferSize, 0);
        assert.strictEqual(socket.writableLength, 0);
    }));
    assert.strictEqual(socket.bufferSize, 8);
});

test('bufferSize grows while the peer does not read', async (t) => {
    const [client, socket] = await t.pair();
    socket.pause();
    const chunk = Buffer.alloc(1 << 20);
    for (let i = 0; i < 16; i++) {
        client.write(chunk);
    }
    await t.sleep(20);
    const waiting = client.bufferSize;
    assert.ok(waiting > 0, `${waiting}`);
    assert.strictEqual(client.writableNeedDrain, true);
    socket.resume();
    await t.once(client, 'drain');
    assert.strictEqual(client.bufferSize, 0);
});

test('the setters return the socket, whatever its state', async (t) => {
    const [client] = await t.pair();
    const closed = new net.Socket();
    for (const socket of [client, closed]) {
        assert.strictEqual(socket.setNoDelay(), socket);
        assert.strictEqual(socket.setNoDelay(true), socket);
        assert.strictEqual(socket.setNoDelay(false), socket);
        assert.strictEqual(socket.setKeepAlive(), socket);
        assert.strictEqual(socket.setKeepAlive(true), socket);
        assert.strictEqual(socket.setKeepAlive(true, 2000), socket);
        assert.strictEqual(socket.setKeepAlive(false), socket);
        assert.strictEqual(socket.setTimeout(1000), socket);
        assert.strictEqual(socket.setTimeout(0), socket);
        assert.strictEqual(socket.pause(), socket);
        assert.strictEqual(socket.resume(), socket);
        assert.strictEqual(socket.setEncoding('utf8'), socket);
        assert.strictEqual(socket.ref(), socket);
        assert.strictEqual(socket.unref(), socket);
        assert.strictEqual(socket.ref(), socket);
    }
    client.destroy();
    assert.strictEqual(client.setNoDelay(true), client);
    assert.strictEqual(client.setKeepAlive(true), client);
});

test('options set before connecting hold after it', async (t) => {
    const server = await t.server((peer) => peer.pipe(peer));
    const socket = t.track(new net.Socket());
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 1000);
    socket.setTimeout(5000);
    socket.setEncoding('hex');
    socket.connect(server.address());
    socket.write('ab');
    const [data] = await t.once(socket, 'data');
    assert.strictEqual(data, '6162');
    assert.strictEqual(socket.timeout, 5000);
});

test('a delay that is a BigInt or a symbol throws', () => {
    const socket = new net.Socket();
    for (const value of [1n, Symbol('x')]) {
        assert.throws(() => socket.setKeepAlive(true, value),
            { name: 'TypeError' });
        assert.throws(() => socket.setTimeout(value), { name: 'TypeError' });
    }
});

/* ---------------------------------------------------------------- timeouts */

test('setTimeout emits timeout when idle, and the socket stays', async (t) => {
    const [client] = await t.pair();
    const start = Date.now();
    client.setTimeout(40);
    assert.strictEqual(client.timeout, 40);
    await t.once(client, 'timeout');
    assert.ok(Date.now() - start >= 38);
    assert.strictEqual(client.destroyed, false);
    assert.strictEqual(client.readyState, 'open');
});

test('timeout is the time as it was given', (t) => {
    const socket = t.track(new net.Socket());
    assert.strictEqual(socket.timeout, undefined);
    for (const ms of [1.5, 1000, 0]) {
        assert.strictEqual(socket.setTimeout(ms).timeout, ms);
    }
});

test('timeout has the socket as this and no arguments', async (t) => {
    const [client] = await t.pair();
    client.setTimeout(5, t.mustCall(function timedOut(...args) {
        assert.strictEqual(this, client);
        assert.deepStrictEqual(args, []);
        client.setTimeout(0);
    }));
});

test('the callback of setTimeout is called once', async (t) => {
    const [client] = await t.pair();
    client.setTimeout(10, t.mustCall());
    await t.once(client, 'timeout');
    client.setTimeout(10);
    await t.once(client, 'timeout');
    client.setTimeout(0);
});

test('setTimeout(0) clears, and removes the callback it is given',
    async (t) => {
        const [client] = await t.pair();
        const callback = t.mustNotCall('timeout');
        client.setTimeout(20, callback);
        client.setTimeout(0, callback);
        assert.strictEqual(client.timeout, 0);
        assert.strictEqual(client.listenerCount('timeout'), 0);
        client.on('timeout', t.mustNotCall('timeout event'));
        await t.sleep(50);
    });

test('what is read and written puts the timeout off', async (t) => {
    const [client, socket] = await t.pair();
    socket.resume();
    let idle = false;
    client.setTimeout(150, () => {
        idle = true;
    });
    for (let i = 0; i < 6; i++) {
        await t.sleep(40);
        client.write('x');
        assert.strictEqual(idle, false);
    }
    client.resume();
    for (let i = 0; i < 6; i++) {
        await t.sleep(40);
        socket.write('x');
        assert.strictEqual(idle, false);
    }
    await t.once(client, 'timeout');
});

test('a timeout while connecting is told, and destroys nothing', async (t) => {
    const socket = net.connect({
        port: 1, host: 'some.name', lookup: noop, timeout: 20,
    });
    t.track(socket);
    await t.once(socket, 'timeout');
    assert.strictEqual(socket.connecting, true);
    assert.strictEqual(socket.destroyed, false);
});

test('no timeout comes after destroy', async (t) => {
    const [client] = await t.pair();
    client.setTimeout(20, t.mustNotCall('timeout'));
    client.destroy();
    await t.sleep(50);
});

test('setTimeout again replaces the first', async (t) => {
    const [client] = await t.pair();
    client.setTimeout(10);
    client.setTimeout(10000);
    client.on('timeout', t.mustNotCall('timeout'));
    await t.sleep(40);
    assert.strictEqual(client.timeout, 10000);
});

test('an exception in a timeout listener leaves the socket open', async (t) => {
    const [client, socket] = await t.pair();
    const caught = new Promise((resolve) => t.uncaught(resolve));
    client.setTimeout(10, () => {
        client.setTimeout(0);
        throw new Error('from timeout');
    });
    assert.strictEqual((await caught).message, 'from timeout');
    client.write('x');
    await t.once(socket, 'data');
});

/* ----------------------------------------------------------------- destroy */

test('destroy returns the socket and closes it without error', async (t) => {
    const [client] = await t.pair();
    client.on('error', t.mustNotCall('error'));
    client.on('end', t.mustNotCall('end'));
    client.on('finish', t.mustNotCall('finish'));
    assert.strictEqual(client.destroy(), client);
    assert.strictEqual(client.destroyed, true);
    assert.strictEqual(client.readable, false);
    assert.strictEqual(client.writable, false);
    const [hadError] = await t.once(client, 'close');
    assert.strictEqual(hadError, false);
    assert.strictEqual(client.closed, true);
});

test('close comes later than destroy, and once', async (t) => {
    const [client] = await t.pair();
    let returned = false;
    client.on('close', t.mustCall(() => assert.strictEqual(returned, true)));
    client.destroy();
    client.destroy();
    returned = true;
    client.destroy();
});

test('destroy(error) emits error, then close with hadError true', async (t) => {
    const [client] = await t.pair();
    const wrong = new Error('destroyed');
    const order = [];
    client.on('error', (error) => order.push(error));
    client.on('close', (hadError) => order.push(hadError));
    client.destroy(wrong);
    assert.deepStrictEqual(order, []);
    assert.strictEqual(client.errored, wrong);
    await new Promise((resolve) => client.on('close', resolve));
    assert.deepStrictEqual(order, [wrong, true]);
});

test('a second destroy(error) is not told', async (t) => {
    const [client] = await t.pair();
    const first = new Error('first');
    client.on('error', t.mustCall((error) => {
        assert.strictEqual(error, first);
    }));
    client.destroy(first);
    client.destroy(new Error('second'));
    await new Promise((resolve) => client.on('close', resolve));
});

test('destroy ends the connection of the other side', async (t) => {
    const [client, socket] = await t.pair();
    client.destroy();
    socket.resume();
    socket.on('error', noop);
    await new Promise((resolve) => socket.on('close', resolve));
    assert.strictEqual(socket.destroyed, true);
});

test('no data comes after destroy, even when it had arrived', async (t) => {
    const [client, socket] = await t.pair();
    client.write(Buffer.alloc(300000));
    socket.once('data', () => {
        socket.on('data', t.mustNotCall('data'));
        socket.on('end', t.mustNotCall('end'));
        socket.destroy();
    });
    client.on('error', noop);
    await new Promise((resolve) => socket.on('close', resolve));
});

test('destroySoon writes out what waits, then destroys', async (t) => {
    const [client, socket] = await t.pair();
    let length = 0;
    socket.on('data', (data) => {
        length += data.length;
    });
    client.write(Buffer.alloc(1000000));
    client.destroySoon();
    assert.strictEqual(client.destroyed, false);
    assert.strictEqual(client.writable, false);
    await t.once(socket, 'end');
    assert.strictEqual(length, 1000000);
    if (!client.destroyed) {
        await t.once(client, 'close');
    }
});

test('destroySoon with nothing to write destroys', async (t) => {
    const [client] = await t.pair();
    client.destroySoon();
    const [hadError] = await t.once(client, 'close');
    assert.strictEqual(hadError, false);
});

test('resetAndDestroy is ECONNRESET on the other side', async (t) => {
    const [client, socket] = await t.pair();
    socket.resume();
    client.on('error', t.mustNotCall('error'));
    assert.strictEqual(client.resetAndDestroy(), client);
    assert.strictEqual(client.destroyed, true);
    const [error] = await t.once(socket, 'error');
    assert.strictEqual(error.code, 'ECONNRESET');
    assert.strictEqual(error.errno, -104);
    assert.strictEqual(error.syscall, 'read');
    assert.strictEqual(error.message, 'read ECONNRESET');
    assert.deepStrictEqual(Object.keys(error), ['errno', 'code', 'syscall']);
    const [hadError] = await t.once(socket, 'close');
    assert.strictEqual(hadError, true);
});

test('resetAndDestroy closes this side without error', async (t) => {
    const [client, socket] = await t.pair();
    socket.on('error', noop);
    client.resetAndDestroy();
    const [hadError] = await t.once(client, 'close');
    assert.strictEqual(hadError, false);
});

test('resetAndDestroy of a closed socket is ERR_SOCKET_CLOSED', async (t) => {
    const socket = new net.Socket();
    socket.resetAndDestroy();
    const [error] = await t.once(socket, 'error');
    assert.strictEqual(error.code, 'ERR_SOCKET_CLOSED');
    assert.strictEqual(error.message, 'Socket is closed');
});

test('resetAndDestroy while connecting resets once connected', async (t) => {
    const server = await t.server();
    const accepted = t.once(server, 'connection');
    const socket = t.connect(server);
    socket.resetAndDestroy();
    const [peer] = await accepted;
    peer.resume();
    const [error] = await t.once(peer, 'error');
    assert.strictEqual(error.code, 'ECONNRESET');
    if (!socket.destroyed) {
        await t.once(socket, 'close');
    }
});

test('resetAndDestroy of a UNIX socket throws ERR_INVALID_HANDLE_TYPE',
    async (t) => {
        const [client] = await t.pair({ path: t.path() });
        assert.throws(() => client.resetAndDestroy(), {
            name: 'TypeError',
            code: 'ERR_INVALID_HANDLE_TYPE',
            message: 'This handle type cannot be sent',
        });
    });

test('Symbol.asyncDispose destroys the socket', async (t) => {
    if (Symbol.asyncDispose === undefined) {
        return;
    }
    const [client] = await t.pair();
    client.on('error', noop);
    await client[Symbol.asyncDispose]();
    assert.strictEqual(client.destroyed, true);
});

test('a descriptor that is no socket is ERR_INVALID_FD_TYPE', () => {
    assert.throws(() => new net.Socket({ fd: 9999 }), {
        name: 'TypeError',
        code: 'ERR_INVALID_FD_TYPE',
        message: 'Unsupported fd type: UNKNOWN',
    });
});

test('a socket can be subclassed', async (t) => {
    class Counting extends net.Socket {
        constructor(options) {
            super(options);
            this.count = 0;
            this.on('data', () => this.count++);
        }
    }
    const server = await t.server((peer) => peer.end('x'));
    const socket = t.track(new Counting());
    socket.connect(server.address().port, LOCAL);
    await t.once(socket, 'end');
    assert.strictEqual(socket.count, 1);
    assert.ok(socket instanceof net.Socket);
});

test('a subclass in the old way works too', async (t) => {
    const util = require('util');
    function Old() {
        net.Socket.call(this);
        this.old = true;
    }
    util.inherits(Old, net.Socket);
    const server = await t.server((peer) => peer.end('x'));
    const socket = t.track(new Old());
    socket.connect(server.address().port, LOCAL);
    const [data] = await t.once(socket, 'data');
    assert.strictEqual(data.toString(), 'x');
    assert.strictEqual(socket.old, true);
});
