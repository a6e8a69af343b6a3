'use strict';
/*
 * How a connection comes about: every form of connect, its options, timeouts and
 * signals, and every way in which it can fail.
 */
const net = require('net');
const { test, assert } = require('./harness');
const { closedPort, answering, portOf } = require('./connecting');

const LOCAL = '127.0.0.1';

/* ------------------------------------------------------------- overloads */

test('connect(port, host, listener)', async (t) => {
    const server = await t.server();
    t.track(net.connect(portOf(server), LOCAL, t.mustCall()));
});

test('connect(port, listener) goes to localhost', async (t) => {
    const server = await t.server(undefined, { host: 'localhost' });
    const socket = t.track(net.connect(portOf(server), t.mustCall(() => {
        assert.ok([LOCAL, '::1'].includes(socket.remoteAddress));
    })));
});

test('connect(port) goes to localhost', async (t) => {
    const server = await t.server(undefined, { host: 'localhost' });
    await t.once(t.track(net.connect(portOf(server))), 'connect');
});

test('connect(port, host)', async (t) => {
    const server = await t.server();
    await t.once(t.track(net.connect(portOf(server), LOCAL)), 'connect');
});

test('connect takes a port as text', async (t) => {
    const server = await t.server();
    await t.once(t.track(net.connect(`${portOf(server)}`, LOCAL)), 'connect');
});

test('connect({ port, host }, listener)', async (t) => {
    const server = await t.server();
    const options = { port: portOf(server), host: LOCAL };
    t.track(net.connect(options, t.mustCall()));
    assert.deepStrictEqual(options, { port: portOf(server), host: LOCAL });
});

test('connect(path, listener)', async (t) => {
    const path = t.path();
    await t.server(undefined, { path });
    t.track(net.connect(path, t.mustCall()));
});

test('connect({ path }, listener)', async (t) => {
    const path = t.path();
    await t.server(undefined, { path });
    t.track(net.connect({ path }, t.mustCall()));
});

test('createConnection has the same forms', async (t) => {
    const server = await t.server();
    const path = t.path();
    await t.server(undefined, { path });
    const port = portOf(server);
    t.track(net.createConnection(port, LOCAL, t.mustCall()));
    t.track(net.createConnection({ port, host: LOCAL }, t.mustCall()));
    t.track(net.createConnection(path, t.mustCall()));
    t.track(net.createConnection({ path }, t.mustCall()));
});

test('connect takes null and undefined for what is left out', async (t) => {
    const server = await t.server(undefined, { host: 'localhost' });
    const port = portOf(server);
    t.track(net.connect(port, null, t.mustCall()));
    t.track(net.connect(port, undefined, t.mustCall()));
    t.track(net.connect({ port, host: undefined }, t.mustCall()));
});

test('socket.connect has the same forms and returns the socket', async (t) => {
    const server = await t.server();
    const path = t.path();
    await t.server(undefined, { path });
    const port = portOf(server);
    for (const args of [
        [port, LOCAL], [{ port, host: LOCAL }], [path], [{ path }],
    ]) {
        const socket = t.track(new net.Socket());
        assert.strictEqual(socket.connect(...args, t.mustCall()), socket);
    }
});

test('the connect event comes later, once, without arguments', async (t) => {
    const server = await t.server();
    const socket = t.connect(server);
    let returned = false;
    socket.on('connect', t.mustCall((...args) => {
        assert.strictEqual(returned, true);
        assert.deepStrictEqual(args, []);
    }));
    returned = true;
});

test('ready comes directly after connect', async (t) => {
    const server = await t.server();
    const socket = t.connect(server);
    const order = [];
    socket.on('ready', t.mustCall(() => {
        order.push('ready');
        assert.deepStrictEqual(order, ['connect', 'ready']);
    }));
    socket.on('connect', () => order.push('connect'));
});

test('a connect listener has the socket as this', async (t) => {
    const server = await t.server();
    const socket = t.connect(server, {}, t.mustCall(function connected() {
        assert.strictEqual(this, socket);
    }));
});

/* --------------------------------------------------------------- options */

test('the timeout option sets the idle timeout', async (t) => {
    const server = await t.server();
    const socket = t.connect(server, { timeout: 30 });
    assert.strictEqual(socket.timeout, 30);
    await t.once(socket, 'timeout');
    assert.strictEqual(socket.destroyed, false);
});

test('localAddress is where the connection comes from', async (t) => {
    const server = await t.server(undefined, { host: '0.0.0.0' });
    const accepted = t.once(server, 'connection');
    const client = t.track(net.connect({
        port: portOf(server), host: LOCAL, localAddress: '127.0.0.2',
    }));
    const [socket] = await accepted;
    assert.strictEqual(socket.remoteAddress, '127.0.0.2');
    if (client.connecting) {
        await t.once(client, 'connect');
    }
    assert.strictEqual(client.localAddress, '127.0.0.2');
});

test('localPort is the port where the connection comes from', async (t) => {
    const localPort = await closedPort(t);
    const server = await t.server();
    const accepted = t.once(server, 'connection');
    t.connect(server, { localAddress: LOCAL, localPort });
    const [socket] = await accepted;
    assert.strictEqual(socket.remotePort, localPort);
});

test('a localPort that is taken is an error with the address of any host',
    async (t) => {
        const server = await t.server();
        const { port } = server.address();
        const client = t.connect(server, { localPort: port });
        const [error] = await t.once(client, 'error');
        assert.strictEqual(error.code, 'EADDRINUSE');
        assert.strictEqual(error.syscall, 'bind');
        assert.strictEqual(error.address, '0.0.0.0');
        assert.strictEqual(error.port, port);
    });

test('localPort holds for whichever address answers', async (t) => {
    const localPort = await closedPort(t);
    const server = await t.server();
    const accepted = t.once(server, 'connection');
    t.connect(server, {
        host: 'name.test', localPort,
        lookup: (host, options, cb) => cb(null, [
            { address: '::1', family: 6 }, { address: LOCAL, family: 4 },
        ]),
    });
    const [socket] = await accepted;
    assert.strictEqual(socket.remotePort, localPort);
});

test('a localAddress that is not ours is EADDRNOTAVAIL', async (t) => {
    const server = await t.server();
    const { port } = server.address();
    const client = t.connect(server, { localAddress: '192.0.2.77' });
    const [error] = await t.once(client, 'error');
    assert.strictEqual(error.code, 'EADDRNOTAVAIL');
    assert.ok(['bind', 'connect'].includes(error.syscall));
    assert.ok(error.message.startsWith(
        `${error.syscall} EADDRNOTAVAIL 192.0.2.77`), error.message);
    assert.ok(port > 0);
});

test('the signal destroys the socket with an AbortError', async (t) => {
    const server = await t.server();
    const controller = new AbortController();
    const socket = t.connect(server, { signal: controller.signal });
    await t.once(socket, 'connect');
    controller.abort();
    const [error] = await t.once(socket, 'error');
    assert.strictEqual(error.name, 'AbortError');
    assert.strictEqual(error.code, 'ABORT_ERR');
    assert.strictEqual(error.message, 'The operation was aborted');
    assert.strictEqual(socket.destroyed, true);
    const [hadError] = await t.once(socket, 'close');
    assert.strictEqual(hadError, true);
});

test('a signal already aborted: an AbortError', async (t) => {
    const server = await t.server();
    const socket = t.connect(server, { signal: AbortSignal.abort() });
    const [error] = await t.once(socket, 'error');
    assert.strictEqual(error.name, 'AbortError');
});

// Node destroys the socket first, and connecting revives it.
test.weir('a signal already aborted: no connection', async (t) => {
    const server = await t.server(t.mustNotCall('connection'));
    const socket = t.connect(server, { signal: AbortSignal.abort() });
    socket.on('connect', t.mustNotCall('connect'));
    socket.on('error', t.mustCall());
    await new Promise((resolve) => socket.on('close', resolve));
    assert.strictEqual(socket.destroyed, true);
    await t.sleep(20);
});

test('a signal aborted while connecting: an AbortError', async (t) => {
    const server = await t.server();
    const controller = new AbortController();
    const socket = t.connect(server, { signal: controller.signal });
    socket.on('connect', t.mustNotCall('connect'));
    controller.abort();
    const [error] = await t.once(socket, 'error');
    assert.strictEqual(error.name, 'AbortError');
});

test('the reason of a signal is the cause of its AbortError', async (t) => {
    const server = await t.server();
    const controller = new AbortController();
    const socket = t.connect(server, { signal: controller.signal });
    const reason = new Error('enough');
    controller.abort(reason);
    const [error] = await t.once(socket, 'error');
    assert.strictEqual(error.cause, reason);
});

test('new Socket takes allowHalfOpen and signal', async (t) => {
    const controller = new AbortController();
    const socket = new net.Socket(
        { allowHalfOpen: true, signal: controller.signal });
    assert.strictEqual(socket.allowHalfOpen, true);
    controller.abort();
    await t.once(socket, 'error');
});

test('onread gets the bytes in the buffer it gave', async (t) => {
    const server = await t.server((socket) => socket.end('0123456789'));
    const buffer = Buffer.alloc(4);
    let text = '';
    const socket = t.connect(server, {
        onread: {
            buffer,
            callback: (count, given) => {
                assert.strictEqual(given, buffer);
                assert.ok(count > 0 && count <= 4);
                text += given.toString('latin1', 0, count);
                return true;
            },
        },
    });
    socket.on('data', t.mustNotCall('data'));
    await t.once(socket, 'end');
    assert.strictEqual(text, '0123456789');
    assert.strictEqual(socket.bytesRead, 10);
});

test('onread with a function asks for a buffer each time', async (t) => {
    const server = await t.server((socket) => socket.end('abcdef'));
    const given = [];
    let text = '';
    const socket = t.connect(server, {
        onread: {
            buffer: () => {
                const buffer = new Uint8Array(3);
                given.push(buffer);
                return buffer;
            },
            callback: (count, buffer) => {
                assert.strictEqual(given.includes(buffer), true);
                text += Buffer.from(buffer.subarray(0, count)).toString();
            },
        },
    });
    await t.once(socket, 'end');
    assert.strictEqual(text, 'abcdef');
    assert.ok(given.length >= 2);
});

test('onread that returns false pauses until resume', async (t) => {
    const server = await t.server((socket) => socket.end('12345678'));
    let calls = 0;
    let text = '';
    const socket = t.connect(server, {
        onread: {
            buffer: Buffer.alloc(4),
            callback: (count, buffer) => {
                calls++;
                text += buffer.toString('latin1', 0, count);
                return calls > 1;
            },
        },
    });
    await t.once(socket, 'connect');
    await t.sleep(50);
    assert.strictEqual(calls, 1);
    assert.strictEqual(text, '1234');
    socket.resume();
    await t.once(socket, 'end');
    assert.strictEqual(text, '12345678');
});

test('with onread resume() takes back a pause()', async (t) => {
    const server = await t.server((peer) => peer.end('1234'));
    let text = '';
    const socket = t.connect(server, {
        onread: {
            buffer: Buffer.alloc(4),
            callback: (count, buffer) => {
                text += buffer.toString('latin1', 0, count);
            },
        },
    });
    socket.pause();
    socket.on('resume', t.mustCall());
    socket.resume();
    assert.strictEqual(socket.isPaused(), false);
    assert.strictEqual(socket.readableFlowing, true);
    await t.once(socket, 'end');
    assert.strictEqual(text, '1234');
});

/* ------------------------------------------------------------------ errors */

test('a refused connection is ECONNREFUSED with all its fields', async (t) => {
    const port = await closedPort(t);
    const socket = net.connect(port, LOCAL);
    socket.on('connect', t.mustNotCall('connect'));
    const [error] = await t.once(socket, 'error');
    assert.strictEqual(error.name, 'Error');
    assert.strictEqual(error.code, 'ECONNREFUSED');
    assert.strictEqual(error.errno, -111);
    assert.strictEqual(error.syscall, 'connect');
    assert.strictEqual(error.address, LOCAL);
    assert.strictEqual(error.port, port);
    assert.strictEqual(error.message, `connect ECONNREFUSED ${LOCAL}:${port}`);
    assert.deepStrictEqual(Object.keys(error),
        ['errno', 'code', 'syscall', 'address', 'port']);
    assert.strictEqual(socket.destroyed, true);
    assert.strictEqual(socket.connecting, false);
    assert.strictEqual(socket.errored, error);
});

test('close comes right after error, with hadError true', async (t) => {
    const port = await closedPort(t);
    const socket = net.connect(port, LOCAL);
    const order = [];
    for (const event of ['connect', 'end', 'finish', 'error', 'close']) {
        socket.on(event, (value) => {
            order.push(event === 'close' ? [event, value] : event);
        });
    }
    await t.once(socket, 'error');
    await t.once(socket, 'close');
    assert.deepStrictEqual(order, ['error', ['close', true]]);
});

test('a refused IPv6 connection names its address', async (t) => {
    const port = await closedPort(t, '::1');
    const [error] = await t.once(net.connect(port, '::1'), 'error');
    assert.strictEqual(error.message, `connect ECONNREFUSED ::1:${port}`);
    assert.strictEqual(error.address, '::1');
});

test('a UNIX path that is not there is ENOENT', async (t) => {
    const path = t.path();
    const [error] = await t.once(net.connect(path), 'error');
    assert.strictEqual(error.code, 'ENOENT');
    assert.strictEqual(error.errno, -2);
    assert.strictEqual(error.syscall, 'connect');
    assert.strictEqual(error.address, path);
    assert.strictEqual(error.port, undefined);
    assert.strictEqual(error.message, `connect ENOENT ${path}`);
    assert.deepStrictEqual(Object.keys(error),
        ['errno', 'code', 'syscall', 'address']);
});

test('a UNIX path that is a plain file is refused', async (t) => {
    const path = t.path();
    require('fs').writeFileSync(path, '');
    const [error] = await t.once(net.connect(path), 'error');
    assert.ok(['ECONNREFUSED', 'ENOTSOCK'].includes(error.code), error.code);
    assert.strictEqual(error.address, path);
});

test.weir('a UNIX path too long is ENAMETOOLONG', async (t) => {
    const socket = net.connect(`/tmp/${'x'.repeat(120)}`);
    const [error] = await t.once(socket, 'error');
    assert.strictEqual(error.code, 'ENAMETOOLONG');
});

test('an error that nobody listens to is thrown', async (t) => {
    const port = await closedPort(t);
    const caught = new Promise((resolve) => t.uncaught(resolve));
    const socket = net.connect(port, LOCAL);
    socket.on('close', t.mustCall());
    const error = await caught;
    assert.strictEqual(error.code, 'ECONNREFUSED');
});

test('a socket whose connection failed can be connected again', async (t) => {
    const port = await closedPort(t);
    const server = await t.server();
    const socket = t.track(net.connect(port, LOCAL));
    await t.once(socket, 'error');
    await t.once(socket, 'close');
    socket.connect(portOf(server), LOCAL);
    assert.strictEqual(socket.connecting, true);
    await t.once(socket, 'connect');
    assert.strictEqual(socket.destroyed, false);
    assert.strictEqual(socket.readyState, 'open');
});

test('a socket that has closed connects again and carries data', async (t) => {
    const server = await t.server((peer) => peer.pipe(peer));
    const socket = t.connect(server);
    for (let i = 0; i < 3; i++) {
        socket.end(`round ${i}`);
        const [data] = await t.once(socket, 'data');
        assert.strictEqual(data.toString(), `round ${i}`);
        await t.once(socket, 'close');
        if (i < 2) {
            socket.connect(portOf(server), LOCAL);
        }
    }
});

test('destroy while connecting: close without error', async (t) => {
    const server = await t.server();
    const socket = t.connect(server);
    socket.on('connect', t.mustNotCall('connect'));
    socket.on('error', t.mustNotCall('error'));
    socket.destroy();
    assert.strictEqual(socket.destroyed, true);
    assert.strictEqual(socket.connecting, false);
    const [hadError] = await t.once(socket, 'close');
    assert.strictEqual(hadError, false);
});

test('destroy(error) while connecting: that error, then close', async (t) => {
    const server = await t.server();
    const socket = t.connect(server);
    const wrong = new Error('changed my mind');
    socket.destroy(wrong);
    const [error] = await t.once(socket, 'error');
    assert.strictEqual(error, wrong);
    const [hadError] = await t.once(socket, 'close');
    assert.strictEqual(hadError, true);
});

test('end while connecting: connects, ends, closes', async (t) => {
    const server = await t.server((peer) => peer.resume());
    const socket = t.connect(server);
    socket.on('connect', t.mustCall());
    socket.on('finish', t.mustCall());
    socket.end();
    socket.resume();
    await t.once(socket, 'close');
});

test('an exception in a connect listener leaves the socket open', async (t) => {
    const server = await t.server((peer) => peer.pipe(peer));
    const caught = new Promise((resolve) => t.uncaught(resolve));
    const socket = t.connect(server, {}, () => {
        throw new Error('from connect');
    });
    assert.strictEqual((await caught).message, 'from connect');
    socket.write('on we go');
    const [data] = await t.once(socket, 'data');
    assert.strictEqual(data.toString(), 'on we go');
});

test.weir('blockList refuses to connect to a blocked address', async (t) => {
    const server = await t.server();
    const blockList = new net.BlockList();
    blockList.addAddress(LOCAL);
    const socket = t.connect(server, { blockList });
    const [error] = await t.once(socket, 'error');
    assert.strictEqual(error.code, 'ERR_IP_BLOCKED');
    assert.strictEqual(error.message,
        `IP(${LOCAL}) is blocked by net.BlockList`);
});

// Node 20 has it on the server's side alone.
test('a blockList of nothing blocks nothing', async (t) => {
    const server = await t.server();
    for (const blockList of [undefined, null, false, 0, NaN, '']) {
        const socket = t.connect(server, { blockList });
        await t.once(socket, 'connect');
    }
});

test.weir('connect() refuses what is no blockList', (t) => {
    const socket = t.track(new net.Socket());
    assert.throws(() => socket.connect({ port: 1, blockList: 'x' }),
        { code: 'ERR_INVALID_ARG_TYPE' });
    assert.strictEqual(socket.connecting, false);
});

test.weir('blockList is asked for each address of a name', async (t) => {
    const server = await t.server();
    const port = portOf(server);
    const blockList = new net.BlockList();
    blockList.addAddress('127.0.0.2');
    blockList.addAddress('::1', 'ipv6');
    const connect = (...addresses) => t.track(net.connect({
        port, host: 'some.name', blockList, lookup: answering(...addresses),
    }));
    const failed = [];
    const socket = connect('::1', LOCAL, '127.0.0.2');
    socket.on('connectionAttempt', (ip) => failed.push(['attempt', ip]));
    socket.on('connectionAttemptFailed', (ip, at, family, error) => {
        failed.push([error.code, ip, at, family]);
    });
    await t.once(socket, 'connect');
    assert.strictEqual(socket.remoteAddress, LOCAL);
    assert.deepStrictEqual(failed, [
        ['ERR_IP_BLOCKED', '::1', port, 6],
        ['ERR_IP_BLOCKED', '127.0.0.2', port, 4],
        ['attempt', LOCAL],
    ]);
});

test.weir('when all addresses are blocked the error has one for each',
    async (t) => {
        const blockList = new net.BlockList();
        blockList.addSubnet('127.0.0.0', 8);
        const connect = (...addresses) => t.once(t.track(net.connect({
            port: 1, host: 'some.name', blockList,
            lookup: answering(...addresses),
        })), 'error');
        const [both] = await connect(LOCAL, '127.0.0.2');
        assert.strictEqual(both.code, 'ERR_IP_BLOCKED');
        assert.deepStrictEqual(both.errors.map(({ message }) => message), [
            `IP(${LOCAL}) is blocked by net.BlockList`,
            'IP(127.0.0.2) is blocked by net.BlockList',
        ]);
        const [one] = await connect(LOCAL);
        assert.strictEqual(one.errors, undefined);
        assert.strictEqual(one.code, 'ERR_IP_BLOCKED');
    });

test.weir('blockList may be an option of the constructor', async (t) => {
    const server = await t.server(t.mustNotCall('connection'));
    const blockList = new net.BlockList();
    blockList.addAddress(LOCAL);
    const socket = t.track(new net.Socket({ blockList }));
    socket.connect(portOf(server), LOCAL);
    socket.end('never');
    socket.on('finish', t.mustNotCall('finish'));
    const [error] = await t.once(socket, 'error');
    assert.strictEqual(error.code, 'ERR_IP_BLOCKED');
    for (const make of [() => new net.Socket({ blockList: {} }),
        () => net.createServer({ blockList: [] })]) {
        assert.throws(make, { code: 'ERR_INVALID_ARG_TYPE' });
    }
});

test('captureRejections of the constructor makes them the socket\'s error',
    async (t) => {
        const socket = t.track(new net.Socket({ captureRejections: true }));
        socket.on('some', async () => {
            throw new Error('rejected');
        });
        socket.emit('some');
        const [error] = await t.once(socket, 'error');
        assert.strictEqual(error.message, 'rejected');
        assert.strictEqual(socket.destroyed, true);
    });

test('defaultEncoding of the constructor is that of its strings', async (t) => {
    const [client, socket] = await t.pair({}, { defaultEncoding: 'latin1' });
    client.end('\u00e9');
    const [data] = await t.once(socket, 'data');
    assert.strictEqual(data.toString('hex'), 'e9');
});
