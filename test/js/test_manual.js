'use strict';
/*
 * The net chapter of the Node 0.6 manual, entry by entry in its order, each as
 * a program of that time would use it. Docs/compatibility.md names these tests.
 */
const net = require('net');
const { test, assert } = require('./harness');

const LOCAL = '127.0.0.1';
const noop = () => {};

const event = (emitter, name) =>
    new Promise((resolve) => emitter.once(name, (...args) => resolve(args)));

/* ---------------------------------------------------------------- functions */

test('createServer takes options and a connection listener', async (t) => {
    const listener = t.mustCall((socket) => socket.end(), 2);
    for (const server of [
        net.createServer(listener),
        net.createServer({ allowHalfOpen: false }, listener),
    ]) {
        t.track(server);
        await new Promise((resolve) => server.listen(0, LOCAL, resolve));
        const client = t.connect(server);
        client.resume();
        await event(client, 'close');
    }
});

test('allowHalfOpen keeps our side writable after the peer\'s FIN',
    async (t) => {
        const server = await t.server((socket) => {
            socket.resume();
            socket.on('end', () => {
                assert.strictEqual(socket.writable, true);
                socket.end('after the end');
            });
        }, { allowHalfOpen: true });
        const client = t.connect(server);
        client.end('question');
        let text = '';
        client.on('data', (data) => {
            text += data;
        });
        await event(client, 'close');
        assert.strictEqual(text, 'after the end');
    });

test('without allowHalfOpen the FIN is answered by a FIN', async (t) => {
    const [client, socket] = await t.pair();
    socket.resume();
    client.resume();
    client.end();
    await Promise.all([event(socket, 'close'), event(client, 'close')]);
    assert.strictEqual(socket.writable, false);
});

test('connect and createConnection take port, host and listener', async (t) => {
    const server = await t.server((socket) => socket.end(), { host: LOCAL });
    const { port } = server.address();
    for (const name of ['connect', 'createConnection']) {
        for (const args of [[port, LOCAL], [port]]) {
            const client = t.track(net[name](...args, t.mustCall()));
            client.resume();
            await event(client, 'close');
        }
    }
});

test('connect with a path opens a UNIX socket', async (t) => {
    const path = t.path();
    await t.server((socket) => socket.end('unix'), { path });
    for (const name of ['connect', 'createConnection']) {
        const client = t.track(net[name](path, t.mustCall()));
        const [data] = await event(client, 'data');
        assert.strictEqual(data.toString(), 'unix');
    }
});

test('isIP, isIPv4 and isIPv6', () => {
    assert.deepStrictEqual(['127.0.0.1', '::1', 'localhost', '1.2.3', '']
        .map((text) => net.isIP(text)), [4, 6, 0, 0, 0]);
    assert.strictEqual(net.isIPv4('10.0.0.1'), true);
    assert.strictEqual(net.isIPv4('::1'), false);
    assert.strictEqual(net.isIPv6('::1'), true);
    assert.strictEqual(net.isIPv6('10.0.0.1'), false);
});

/* ------------------------------------------------------------------- Server */

test('listening comes when the server is bound', async (t) => {
    const server = t.track(net.createServer());
    let now = true;
    server.listen(0, LOCAL);
    const listening = event(server, 'listening').then(() => {
        assert.strictEqual(now, false);
        assert.ok(server.address().port > 0);
    });
    now = false;
    await listening;
});

test('connection hands a net.Socket over', async (t) => {
    const [, socket] = await t.pair();
    assert.ok(socket instanceof net.Socket);
});

test('a server\'s close comes when it is closed', async (t) => {
    const server = await t.server();
    server.close();
    await event(server, 'close');
});

test.weir('a server\'s close comes directly after its error', async (t) => {
    const busy = await t.server();
    const server = t.track(net.createServer());
    const events = [];
    server.on('error', (e) => events.push(e.code));
    server.on('close', () => events.push('close'));
    server.listen(busy.address().port, LOCAL);
    await event(server, 'close');
    assert.deepStrictEqual(events, ['EADDRINUSE', 'close']);
});

test('listen takes port, host and listener, or a path', async (t) => {
    const path = t.path();
    for (const args of [[0], [0, LOCAL], [path]]) {
        const server = t.track(net.createServer());
        await new Promise((resolve) => server.listen(...args, resolve));
        assert.ok(server.address());
    }
});

test('without a host every IPv4 address is taken', async (t) => {
    const server = t.track(net.createServer((socket) => socket.end()));
    await new Promise((resolve) => server.listen(0, resolve));
    for (const host of ['127.0.0.1', '127.0.0.2']) {
        const client = t.track(net.connect(server.address().port, host));
        client.resume();
        await event(client, 'close');
    }
});

test('port 0 is a port of the system\'s choice', async (t) => {
    const [one, two] = [await t.server(), await t.server()];
    assert.ok(one.address().port > 0);
    assert.notStrictEqual(one.address().port, two.address().port);
});

test.weir('an address in use may be tried again on the same server',
    async (t) => {
        const busy = await t.server();
        const { port } = busy.address();
        const server = t.track(net.createServer());
        server.on('error', (e) => {
            assert.strictEqual(e.code, 'EADDRINUSE');
            busy.close(() => {
                server.close();
                server.listen(port, LOCAL);
            });
        });
        server.listen(port, LOCAL);
        await event(server, 'listening');
    });

test.weir('pause stops accepting for so many ms', async (t) => {
    const server = await t.server();
    const start = Date.now();
    server.pause(60);
    const client = t.connect(server);
    await event(client, 'connect'); // in the backlog
    await event(server, 'connection');
    assert.ok(Date.now() - start >= 58);
});

test.weir('pause without a number is a second', async (t) => {
    const server = await t.server();
    const start = Date.now();
    server.pause();
    t.connect(server);
    await event(server, 'connection');
    assert.ok(Date.now() - start >= 990);
});

test('close stops accepting, later', async (t) => {
    const server = await t.server();
    let closed = false;
    server.on('close', () => {
        closed = true;
    });
    const { port } = server.address();
    server.close();
    assert.strictEqual(closed, false);
    const client = t.track(net.connect(port, LOCAL));
    const [error] = await event(client, 'error');
    assert.strictEqual(error.code, 'ECONNREFUSED');
});

test('a server\'s address has address and port', async (t) => {
    const server = await t.server();
    const { address, port } = server.address();
    assert.strictEqual(address, LOCAL);
    assert.ok(port > 0);
});

test('maxConnections rejects who comes when there are so many', async (t) => {
    const [, , server] = await t.pair();
    server.maxConnections = 1;
    server.on('connection', t.mustNotCall());
    const late = t.connect(server);
    late.on('error', noop);
    late.resume();
    await event(late, 'close');
    assert.strictEqual(late.bytesRead, 0);
});

test.weir('connections is how many there are', async (t) => {
    const [client, socket, server] = await t.pair();
    assert.strictEqual(server.connections, 1);
    socket.resume();
    client.end();
    await event(socket, 'close');
    assert.strictEqual(server.connections, 0);
});

/* ------------------------------------------------------------------- Socket */

test('new Socket without options connects as a client', async (t) => {
    const server = await t.server((socket) => socket.end('hi'));
    const socket = t.track(new net.Socket());
    socket.connect(server.address().port, LOCAL);
    const [data] = await event(socket, 'data');
    assert.strictEqual(data.toString(), 'hi');
});

test.weir('new Socket takes the defaults as they are written there',
    async (t) => {
        const server = await t.server((socket) => socket.end());
        for (const type of [null, 'tcp4', 'tcp6', 'unix']) {
            const socket = t.track(new net.Socket(
                { fd: null, type, allowHalfOpen: false }));
            socket.connect(server.address().port, LOCAL, t.mustCall());
            socket.resume();
            await event(socket, 'close');
        }
    });

test('new Socket takes a descriptor', async (t) => {
    const [client, accepted] = await t.pair();
    // Node has no dup(); the same descriptor must not be closed twice.
    const socket = new net.Socket();
    assert.ok(client._handle.fd >= 0);
    assert.throws(() => new net.Socket({ fd: 'x' }), { code:
        'ERR_INVALID_ARG_TYPE' });
    socket.destroy();
    accepted.destroy();
});

test('connect of a socket takes port, host and listener', async (t) => {
    const server = await t.server((socket) => socket.end());
    for (const host of [[LOCAL], []]) {
        const socket = t.track(new net.Socket());
        let now = true;
        socket.connect(server.address().port, ...host, t.mustCall(() => {
            assert.strictEqual(now, false);
        }));
        now = false;
        socket.resume();
        await event(socket, 'close');
    }
});

test('a connect that fails emits error and not connect', async (t) => {
    const server = await t.server();
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    const socket = t.track(new net.Socket());
    socket.on('connect', t.mustNotCall());
    socket.connect(port, LOCAL);
    const [error] = await event(socket, 'error');
    assert.strictEqual(error.code, 'ECONNREFUSED');
});

test('a socket that has closed connects to another server', async (t) => {
    const one = await t.server((socket) => socket.end('one'));
    const two = await t.server((socket) => socket.end('two'));
    const socket = t.track(new net.Socket());
    let text = '';
    socket.on('data', (data) => {
        text += data;
    });
    for (const server of [one, two]) {
        socket.connect(server.address().port, LOCAL);
        await event(socket, 'close');
    }
    assert.strictEqual(text, 'onetwo');
});

test.weir('bufferSize is what waits, in bytes', async (t) => {
    const [client, socket] = await t.pair();
    socket.pause();
    assert.strictEqual(client.bufferSize, 0);
    while (client.write('x'.repeat(100000))) {
        // the kernel takes more
    }
    assert.ok(client.bufferSize > 0);
    const before = client.bufferSize;
    client.write('\u20ac');
    assert.strictEqual(client.bufferSize, before + 3);
    socket.resume();
    await event(client, 'drain');
    assert.strictEqual(client.bufferSize, 0);
});

test('setEncoding: ascii, utf8 and base64, whole across packets', async (t) => {
    const euro = Buffer.from('\u20ac!');
    for (const [encoding, expected] of [
        ['utf8', '\u20ac!'], ['base64', euro.toString('base64')],
        ['ascii', euro.toString('ascii')],
    ]) {
        const [client, socket] = await t.pair();
        let text = '';
        client.setEncoding(encoding);
        client.on('data', (data) => {
            assert.strictEqual(typeof data, 'string');
            text += data;
        });
        for (const byte of euro) {
            socket.write(Buffer.from([byte]));
            await t.sleep(3);
        }
        socket.end();
        await event(client, 'end');
        assert.strictEqual(text, expected);
    }
});

test.weir('setSecure says that there is no TLS', () => {
    assert.throws(() => new net.Socket().setSecure(), { message: /TLS/ });
});

test('write takes data, encoding and callback', async (t) => {
    const [client, socket] = await t.pair();
    let text = '';
    socket.on('data', (data) => {
        text += data;
    });
    client.write('\u00e9', t.mustCall());
    client.write('IQ==', 'base64', t.mustCall());
    client.end();
    await event(socket, 'end');
    assert.strictEqual(text, '\u00e9!');
});

test('write is true when the kernel has all of it, else false, then drain',
    async (t) => {
        const [client, socket] = await t.pair();
        assert.strictEqual(client.write('small'), true);
        assert.strictEqual(client.write(Buffer.alloc(32 << 20)), false);
        socket.resume();
        await event(client, 'drain');
    });

test('end half-closes: the other side may still send', async (t) => {
    const [client, socket] = await t.pair({ allowHalfOpen: true });
    socket.resume();
    client.end();
    await event(socket, 'end');
    socket.end('still here');
    const [data] = await event(client, 'data');
    assert.strictEqual(data.toString(), 'still here');
});

test('end takes data and encoding', async (t) => {
    const [client, socket] = await t.pair();
    client.end('aGk=', 'base64');
    const [data] = await event(socket, 'data');
    assert.strictEqual(data.toString(), 'hi');
});

test('after destroy nothing happens any more but close', async (t) => {
    const [client, socket] = await t.pair();
    client.on('data', t.mustNotCall());
    client.on('end', t.mustNotCall());
    socket.on('error', noop);
    socket.write('data');
    client.destroy();
    await event(client, 'close');
});

test('pause holds data back, resume lets it come', async (t) => {
    const [client, socket] = await t.pair();
    let paused = true;
    client.on('data', () => assert.strictEqual(paused, false));
    client.pause();
    socket.end('data');
    await t.sleep(20);
    paused = false;
    client.resume();
    await event(client, 'end');
});

test('setTimeout tells once, and severs nothing', async (t) => {
    const [client, socket] = await t.pair();
    await new Promise((resolve) => client.setTimeout(20, resolve));
    assert.strictEqual(client.listenerCount('timeout'), 0);
    client.write('alive');
    const [data] = await event(socket, 'data');
    assert.strictEqual(data.toString(), 'alive');
});

test('setTimeout(0) takes the timeout away', async (t) => {
    const [client] = await t.pair();
    client.setTimeout(15);
    client.setTimeout(0);
    client.on('timeout', t.mustNotCall());
    await t.sleep(40);
});

test('setNoDelay and setKeepAlive give the socket back', async (t) => {
    const [client] = await t.pair();
    assert.strictEqual(client.setNoDelay(), client);
    assert.strictEqual(client.setNoDelay(false), client);
    assert.strictEqual(client.setKeepAlive(), client);
    assert.strictEqual(client.setKeepAlive(true, 1000), client);
});

test('a socket\'s addresses: address, remoteAddress, remotePort', async (t) => {
    const [client, , server] = await t.pair();
    const { address, port } = client.address();
    assert.strictEqual(address, LOCAL);
    assert.ok(port > 0);
    assert.strictEqual(client.remoteAddress, LOCAL);
    assert.strictEqual(client.remotePort, server.address().port);
});

test('bytesRead and bytesWritten count', async (t) => {
    const [client, socket] = await t.pair();
    client.write('12345');
    await event(socket, 'data');
    assert.strictEqual(client.bytesWritten, 5);
    assert.strictEqual(socket.bytesRead, 5);
});

test('data is a Buffer, or a string after setEncoding', async (t) => {
    const [client, socket] = await t.pair();
    socket.write('x');
    assert.ok(Buffer.isBuffer((await event(client, 'data'))[0]));
    client.setEncoding('utf8');
    socket.write('y');
    assert.strictEqual((await event(client, 'data'))[0], 'y');
});

test('end comes with the peer\'s FIN', async (t) => {
    const [client, socket] = await t.pair();
    client.resume();
    socket.end();
    await event(client, 'end');
});

test('close follows error, and tells that there was one', async (t) => {
    const [client, socket] = await t.pair();
    const events = [];
    client.on('error', (e) => events.push(e.code));
    client.on('close', (hadError) => events.push(hadError));
    client.resume();
    socket.resetAndDestroy();
    await event(client, 'close');
    assert.deepStrictEqual(events, ['ECONNRESET', true]);
});

test('close without an error says false', async (t) => {
    const [client, socket] = await t.pair();
    client.resume();
    socket.end();
    assert.deepStrictEqual(await event(client, 'close'), [false]);
});
