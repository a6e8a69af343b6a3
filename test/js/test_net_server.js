'use strict';
/*
 * net.Server: its options, its connections, and what holds the process.
 */
const net = require('net');
const { test, assert } = require('./harness');
const { make, listening, visitor } = require('./serving');

const LOCAL = '127.0.0.1';
const noop = () => {};

/* ----------------------------------------------------------- createServer */

test('createServer takes a connection listener alone', async (t) => {
    const server = make(t, t.mustCall((socket) => {
        assert.ok(socket instanceof net.Socket);
        assert.strictEqual(socket.server, server);
        t.track(socket);
    }));
    await listening(t, server, 0, LOCAL);
    await visitor(t, server);
});

test('createServer takes options and listener', async (t) => {
    const server = make(t, { allowHalfOpen: true }, t.mustCall((socket) => {
        assert.strictEqual(socket.allowHalfOpen, true);
        t.track(socket);
    }));
    await listening(t, server, 0, LOCAL);
    await visitor(t, server);
});

test('the connection event has the server as this', async (t) => {
    const server = make(t, t.mustCall(function connection(socket) {
        assert.strictEqual(this, server);
        t.track(socket);
    }));
    await listening(t, server, 0, LOCAL);
    await visitor(t, server);
});

test('sockets accepted are open, not pending, not connecting', async (t) => {
    const [client, socket] = await t.pair();
    for (const each of [client, socket]) {
        assert.strictEqual(each.connecting, false);
        assert.strictEqual(each.pending, false);
        assert.strictEqual(each.destroyed, false);
        assert.strictEqual(each.readyState, 'open');
        assert.strictEqual(each.readable, true);
        assert.strictEqual(each.writable, true);
    }
    assert.strictEqual(client.allowHalfOpen, false);
    assert.strictEqual(socket.allowHalfOpen, false);
});

test('with pauseOnConnect nothing is read before resume', async (t) => {
    const server = await t.server(undefined, { pauseOnConnect: true });
    const client = t.connect(server);
    client.end('early');
    const [socket] = await t.once(server, 'connection');
    assert.strictEqual(socket.isPaused(), true);
    const chunks = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    await t.sleep(50);
    assert.strictEqual(chunks.length, 0);
    assert.strictEqual(socket.bytesRead, 0);
    socket.resume();
    await t.once(socket, 'end');
    assert.strictEqual(Buffer.concat(chunks).toString(), 'early');
});

test('noDelay and keepAlive of a server leave its sockets usable',
    async (t) => {
        const [client, socket] = await t.pair({
            noDelay: true, keepAlive: true, keepAliveInitialDelay: 1000,
        }, { noDelay: true, keepAlive: true, keepAliveInitialDelay: 1000 });
        client.write('x');
        const [data] = await t.once(socket, 'data');
        assert.strictEqual(data.toString(), 'x');
    });

test('highWaterMark of a server is that of its sockets', async (t) => {
    const [, socket] = await t.pair({ highWaterMark: 1234 });
    assert.strictEqual(socket.writableHighWaterMark, 1234);
    assert.strictEqual(socket.readableHighWaterMark, 1234);
});

test('a negative highWaterMark of a server is as good as none', async (t) => {
    const [client, socket] = await t.pair({ highWaterMark: -1 });
    socket.write('x');
    const [data] = await t.once(client, 'data');
    assert.strictEqual(data.toString(), 'x');
    assert.ok(socket.readableHighWaterMark > 0);
});

test('a negative keepAliveInitialDelay is as good as none', async (t) => {
    const options = { keepAlive: true, keepAliveInitialDelay: -5000 };
    const [client, socket] = await t.pair(options, options);
    client.write('x');
    const [data] = await t.once(socket, 'data');
    assert.strictEqual(data.toString(), 'x');
});

test('a rejection of a connection listener is that socket\'s error',
    async (t) => {
        const events = require('events');
        t.after(() => {
            events.captureRejections = false;
        });
        events.captureRejections = true;
        const server = await t.server(async (socket) => {
            socket.on('error', t.mustCall((error) => {
                assert.strictEqual(error.message, 'rejected');
                assert.strictEqual(socket.destroyed, true);
            }));
            throw new Error('rejected');
        });
        events.captureRejections = false;
        server.on('error', t.mustNotCall('error'));
        const client = t.connect(server);
        client.on('error', noop);
        client.resume();
        await new Promise((resolve) => client.on('close', resolve));
        assert.strictEqual(server.listening, true);
    });

test('a rejection of another listener is the server\'s error', async (t) => {
    const events = require('events');
    t.after(() => {
        events.captureRejections = false;
    });
    events.captureRejections = true;
    const server = make(t);
    events.captureRejections = false;
    server.on('listening', async () => {
        throw new Error('rejected');
    });
    server.listen(0);
    const [error] = await t.once(server, 'error');
    assert.strictEqual(error.message, 'rejected');
});

test.weir('blockList closes connections of blocked addresses', async (t) => {
    const blockList = new net.BlockList();
    blockList.addAddress(LOCAL);
    const server = await t.server(t.mustNotCall('connection'), { blockList });
    const client = t.connect(server);
    client.on('error', noop);
    client.resume();
    await new Promise((resolve) => client.on('close', resolve));
});

/* ------------------------------------------------------------- connections */

test('getConnections tells how many there are', async (t) => {
    const server = await t.server();
    const count = () => new Promise((resolve, reject) => {
        const returned = server.getConnections((error, number) => {
            if (error) {
                reject(error);
            } else {
                resolve(number);
            }
        });
        assert.strictEqual(returned, server);
    });
    assert.strictEqual(await count(), 0);
    const accepted = [];
    server.on('connection', (socket) => accepted.push(socket.resume()));
    const clients = [];
    for (let i = 1; i <= 3; i++) {
        const connection = t.once(server, 'connection');
        clients.push(await visitor(t, server));
        await connection;
        assert.strictEqual(await count(), i);
    }
    clients[0].destroy();
    await t.once(accepted[0], 'close');
    assert.strictEqual(await count(), 2);
});

test('getConnections calls back later, with null and 0 when idle', (t) => {
    const server = net.createServer();
    let returned = false;
    server.getConnections(t.mustCall((error, count) => {
        assert.strictEqual(error, null);
        assert.strictEqual(count, 0);
        assert.strictEqual(returned, true);
    }));
    returned = true;
});

test('beyond maxConnections connections are dropped and told', async (t) => {
    const server = await t.server();
    server.maxConnections = 1;
    await visitor(t, server);
    const drop = t.once(server, 'drop');
    server.on('connection', t.mustNotCall('connection'));
    const second = t.connect(server);
    second.on('error', noop);
    second.resume();
    const [data] = await drop;
    const { port } = server.address();
    assert.strictEqual(data.localAddress, LOCAL);
    assert.strictEqual(data.localPort, port);
    assert.strictEqual(data.localFamily, 'IPv4');
    assert.strictEqual(data.remoteAddress, LOCAL);
    assert.ok(data.remotePort > 0);
    assert.strictEqual(data.remoteFamily, 'IPv4');
    if (!second.destroyed) {
        await new Promise((resolve) => second.on('close', resolve));
    }
});

// Node 20 takes 0 for no limit; Node 22 does not.
test.weir('with maxConnections 0 every connection is dropped', async (t) => {
    const server = await t.server(t.mustNotCall('connection'));
    server.maxConnections = 0;
    server.on('drop', t.mustCall(noop, 2));
    for (let i = 0; i < 2; i++) {
        const client = t.connect(server);
        client.on('error', noop);
        client.resume();
        await new Promise((resolve) => client.on('close', resolve));
    }
});

test('a connection that goes makes room under maxConnections', async (t) => {
    const server = await t.server();
    server.maxConnections = 1;
    for (let i = 0; i < 3; i++) {
        const connection = t.once(server, 'connection');
        const client = await visitor(t, server);
        const [socket] = await connection;
        client.destroy();
        await t.once(socket.resume(), 'close');
    }
});

test('a connection that was destroyed at once makes room at once',
    async (t) => {
        const server = await t.server((socket) => socket.destroy());
        server.maxConnections = 1;
        server.on('drop', t.mustNotCall('drop'));
        const clients = [];
        for (let i = 0; i < 20; i++) {
            const client = t.connect(server);
            client.on('error', noop);
            client.resume();
            clients.push(new Promise((resolve) => client.on('close', resolve)));
        }
        await Promise.all(clients);
    });

test('maxConnections counts connections of an earlier listen(), too',
    async (t) => {
        const server = await t.server();
        server.maxConnections = 1;
        await visitor(t, server);
        server.close();
        server.listen(0, LOCAL);
        await t.once(server, 'listening');
        server.on('connection', t.mustNotCall('connection'));
        const drop = t.once(server, 'drop');
        const second = t.connect(server);
        second.on('error', noop);
        second.resume();
        await drop;
    });

test('dropped connections over a UNIX socket are told too', async (t) => {
    const server = await t.server(undefined, { path: t.path() });
    server.maxConnections = 1;
    await visitor(t, server);
    const second = t.connect(server);
    second.on('error', noop);
    second.resume();
    await t.once(server, 'drop');
});

/* -------------------------------------------------------------- ref, unref */

test('ref and unref return the server, before and while listening',
    async (t) => {
        const server = make(t);
        assert.strictEqual(server.unref(), server);
        assert.strictEqual(server.ref(), server);
        await listening(t, server, 0, LOCAL);
        assert.strictEqual(server.unref(), server);
        assert.strictEqual(server.unref(), server);
        const client = await visitor(t, server);
        client.destroy();
        assert.strictEqual(server.ref(), server);
    });

test('an exception in a connection listener leaves the server at work',
    async (t) => {
        let count = 0;
        const server = await t.server(() => {
            count++;
            throw new Error(`thrown ${count}`);
        });
        const messages = [];
        t.uncaught(t.mustCall((error) => messages.push(error.message), 2));
        for (let i = 0; i < 2; i++) {
            await visitor(t, server);
        }
        await t.sleep(10);
        assert.deepStrictEqual(messages, ['thrown 1', 'thrown 2']);
        assert.strictEqual(server.listening, true);
    });

test('an exception in a listening listener leaves the server at work',
    async (t) => {
        const server = make(t);
        const caught = new Promise((resolve) => t.uncaught(resolve));
        server.listen(0, LOCAL, () => {
            throw new Error('from listening');
        });
        assert.strictEqual((await caught).message, 'from listening');
        await visitor(t, server);
    });

test('an error event nobody listens to is thrown', async (t) => {
    const { port } = (await t.server()).address();
    const caught = new Promise((resolve) => t.uncaught(resolve));
    net.createServer().listen(port, LOCAL);
    assert.strictEqual((await caught).code, 'EADDRINUSE');
});
