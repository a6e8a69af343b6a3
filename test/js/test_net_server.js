'use strict';
/*
 * net.Server: its options, the ways to listen, its events, how it closes.
 */
const net = require('net');
const fs = require('fs');
const { test, assert } = require('./harness');

const LOCAL = '127.0.0.1';
const noop = () => {};

/* A server that this test closes, listening or not. */
function make(t, ...args) {
    return t.track(net.createServer(...args));
}

async function listening(t, server, ...args) {
    server.listen(...args);
    await t.once(server, 'listening');
    return server;
}

/* A client of a server, which connects and nothing else. */
async function visitor(t, server, options) {
    const socket = t.connect(server, options);
    await t.once(socket, 'connect');
    return socket;
}

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

/* ------------------------------------------------------------------ listen */

test('listen(port, host) binds that address', async (t) => {
    const server = await listening(t, make(t), 0, LOCAL);
    const address = server.address();
    assert.deepStrictEqual(Object.keys(address).sort(),
        ['address', 'family', 'port']);
    assert.strictEqual(address.address, LOCAL);
    assert.strictEqual(address.family, 'IPv4');
    assert.ok(address.port > 0 && address.port < 65536);
    assert.strictEqual(server.listening, true);
});

test('listen() without arguments takes any port on every address',
    async (t) => {
        const server = await listening(t, make(t));
        const { address, family, port } = server.address();
        assert.strictEqual(address, '::');
        assert.strictEqual(family, 'IPv6');
        for (const host of [LOCAL, '::1']) {
            const client = t.track(net.connect(port, host));
            const [socket] = await t.once(server, 'connection');
            t.track(socket);
            client.destroy();
        }
    });

test('listen(callback) calls back when it listens', async (t) => {
    const server = make(t);
    server.listen(t.mustCall(() => assert.ok(server.address().port > 0)));
});

test('listen returns the server, and listens later', (t) => {
    const server = make(t);
    let returned = false;
    server.on('listening', t.mustCall(() => {
        assert.strictEqual(returned, true);
    }));
    assert.strictEqual(server.listen(0, LOCAL), server);
    returned = true;
});

test('listen(0, host, backlog, callback) is accepted', (t) => {
    const server = make(t);
    server.listen(0, LOCAL, 10, t.mustCall(() => {
        assert.strictEqual(server.address().address, LOCAL);
    }));
});

test('listen(0, host, 0, callback) has the default backlog', (t) => {
    const server = make(t);
    server.listen(0, LOCAL, 0, t.mustCall(async () => {
        const clients = [];
        for (let i = 0; i < 20; i++) {
            clients.push(visitor(t, server));
        }
        await Promise.all(clients);
    }));
});

test('listen(0, backlog, callback) is accepted', (t) => {
    make(t).listen(0, 12, t.mustCall());
});

test('listen(0, callback) is accepted', (t) => {
    make(t).listen(0, t.mustCall());
});

test('listen(undefined, null) means the defaults', (t) => {
    const server = make(t);
    server.listen(undefined, null, undefined, t.mustCall(() => {
        assert.strictEqual(server.address().address, '::');
    }));
});

test('listen takes a port as text', async (t) => {
    const server = await listening(t, make(t), '0', LOCAL);
    assert.ok(server.address().port > 0);
});

test('listen({ port, host, backlog }) is accepted', async (t) => {
    const server = await listening(t, make(t),
        { port: 0, host: LOCAL, backlog: 5 });
    assert.strictEqual(server.address().address, LOCAL);
});

test('listen({ exclusive: true }) is accepted', async (t) => {
    const server = await listening(t, make(t),
        { port: 0, host: LOCAL, exclusive: true });
    await visitor(t, server);
});

test('listen takes a name of a host', async (t) => {
    const server = await listening(t, make(t), 0, 'localhost');
    assert.ok([LOCAL, '::1'].includes(server.address().address));
});

test('listen on a name that does not exist emits error', async (t) => {
    const server = make(t);
    server.listen(0, 'no-such-name.invalid');
    const [error] = await t.once(server, 'error');
    assert.ok(['ENOTFOUND', 'EAI_AGAIN'].includes(error.code), error.code);
    assert.strictEqual(error.syscall, 'getaddrinfo');
    assert.strictEqual(error.hostname, 'no-such-name.invalid');
    assert.strictEqual(error.message,
        `getaddrinfo ${error.code} no-such-name.invalid`);
    assert.strictEqual(server.listening, false);
});

test('listen on ::1 has family IPv6', async (t) => {
    const server = await listening(t, make(t), 0, '::1');
    assert.deepStrictEqual(server.address(), {
        address: '::1', family: 'IPv6', port: server.address().port,
    });
    const client = await visitor(t, server);
    assert.strictEqual(client.remoteFamily, 'IPv6');
});

test('ipv6Only leaves the IPv4 port to others', async (t) => {
    const six = await listening(t, make(t),
        { port: 0, host: '::', ipv6Only: true });
    const four = await listening(t, make(t), six.address().port, '0.0.0.0');
    assert.strictEqual(four.address().port, six.address().port);
});

test('listen(path) makes a UNIX socket, gone after close', async (t) => {
    const path = t.path();
    const server = await listening(t, make(t), path);
    assert.strictEqual(server.address(), path);
    assert.ok(fs.statSync(path).isSocket());
    await new Promise((resolve) => server.close(resolve));
    assert.strictEqual(fs.existsSync(path), false);
});

test('listen({ path }) is accepted', async (t) => {
    const path = t.path();
    const server = await listening(t, make(t), { path });
    assert.strictEqual(server.address(), path);
});

test('listen(path, backlog, callback) is accepted', (t) => {
    const path = t.path();
    const server = make(t).listen(path, 5, t.mustCall(() => {
        assert.strictEqual(server.address(), path);
    }));
});

test('readableAll and writableAll open a UNIX socket to others', async (t) => {
    const table = [
        [{ readableAll: true }, 0o444], [{ writableAll: true }, 0o222],
        [{ readableAll: true, writableAll: true }, 0o666],
    ];
    for (const [options, bits] of table) {
        const path = t.path();
        await listening(t, make(t), { path, ...options });
        assert.strictEqual(fs.statSync(path).mode & bits, bits);
    }
});

test('permissions of an abstract path are refused', (t) => {
    for (const options of [{ readableAll: true }, { writableAll: true }]) {
        const path = `\0weir-test-${process.pid}`;
        assert.throws(() => make(t).listen({ path, ...options }), {
            name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE',
        });
    }
});

test('a UNIX path in use is EADDRINUSE, and stays', async (t) => {
    const path = t.path();
    await listening(t, make(t), path);
    const second = make(t);
    second.listen(path);
    const [error] = await t.once(second, 'error');
    assert.strictEqual(error.code, 'EADDRINUSE');
    assert.strictEqual(error.syscall, 'listen');
    assert.strictEqual(error.address, path);
    assert.strictEqual(error.port, -1);
    assert.strictEqual(error.message,
        `listen EADDRINUSE: address already in use ${path}`);
    assert.ok(fs.existsSync(path));
});

test('a UNIX path in a directory that is not there is refused', async (t) => {
    const server = make(t);
    server.listen('/no/such/directory/socket');
    const [error] = await t.once(server, 'error');
    // The system says ENOENT, and libuv EACCES as on Windows.
    assert.strictEqual(error.code, 'EACCES');
    assert.strictEqual(error.errno, -13);
    assert.strictEqual(error.syscall, 'listen');
    assert.strictEqual(error.address, '/no/such/directory/socket');
});

test.weir('a UNIX path too long is ENAMETOOLONG', async (t) => {
    const server = make(t);
    server.listen(`/tmp/${'x'.repeat(120)}`);
    const [error] = await t.once(server, 'error');
    assert.strictEqual(error.code, 'ENAMETOOLONG');
});

test('listen on a server that listens throws', async (t) => {
    const server = await listening(t, make(t), 0, LOCAL);
    const expected = {
        name: 'Error',
        code: 'ERR_SERVER_ALREADY_LISTEN',
        message: 'Listen method has been called more than once ' +
            'without closing.',
    };
    assert.throws(() => server.listen(0, LOCAL), expected);
    assert.throws(() => server.listen(), expected);
    assert.throws(() => server.listen({ path: t.path() }), expected);
    assert.strictEqual(server.listening, true);
});

test('a port in use is EADDRINUSE with all its fields', async (t) => {
    const { port } = (await t.server()).address();
    const server = make(t);
    server.on('listening', t.mustNotCall('listening'));
    server.listen(port, LOCAL);
    const [error] = await t.once(server, 'error');
    assert.ok(error instanceof Error);
    assert.strictEqual(error.name, 'Error');
    assert.strictEqual(error.code, 'EADDRINUSE');
    assert.strictEqual(error.errno, -98);
    assert.strictEqual(error.syscall, 'listen');
    assert.strictEqual(error.address, LOCAL);
    assert.strictEqual(error.port, port);
    assert.strictEqual(error.message,
        `listen EADDRINUSE: address already in use ${LOCAL}:${port}`);
    assert.deepStrictEqual(Object.keys(error),
        ['code', 'errno', 'syscall', 'address', 'port']);
    assert.strictEqual(server.listening, false);
    assert.strictEqual(server.address(), null);
});

test('a backlog that is a BigInt or a symbol throws', (t) => {
    for (const backlog of [1n, Symbol('x')]) {
        assert.throws(() => make(t).listen({ port: 0, backlog }),
            { name: 'TypeError' });
    }
    assert.throws(() => make(t).listen(0, Symbol('x')), { name: 'TypeError' });
});

test('without a host a server listens within the call', async (t) => {
    const server = make(t);
    server.listen(0);
    assert.strictEqual(server.listening, true);
    assert.ok(server.address().port > 0);
    await t.once(server, 'listening');
});

for (const host of [LOCAL, '::1', 'localhost']) {
    test(`on ${host} a server does not listen within the call`, async (t) => {
        const server = make(t);
        server.listen(0, host);
        assert.strictEqual(server.listening, false);
        assert.strictEqual(server.address(), null);
        await t.once(server, 'listening');
        assert.strictEqual(server.listening, true);
    });
}

test('an address is listened on in the next tick, and told in one more',
    async (t) => {
        const order = [];
        const server = make(t);
        setImmediate(() => {
            process.nextTick(() => order.push(`before ${server.listening}`));
            server.listen(0, LOCAL, () => order.push('listening'));
            process.nextTick(() => order.push(`after ${server.listening}`));
            queueMicrotask(() => order.push('job'));
        });
        await t.turn();
        await t.turn();
        assert.deepStrictEqual(order,
            ['before false', 'after true', 'listening', 'job']);
    });

test('close() right after listen() on an address finds nothing open',
    async (t) => {
        const server = make(t);
        server.on('listening', t.mustNotCall('listening'));
        server.listen(0, LOCAL);
        server.close(t.mustCall((error) => {
            assert.strictEqual(error.code, 'ERR_SERVER_NOT_RUNNING');
        }));
        await t.turn();
        assert.strictEqual(server.listening, false);
    });

test('the last of several listen() on addresses counts', async (t) => {
    const server = make(t);
    server.listen({ port: 0, host: LOCAL });
    server.listen({ port: 0, host: '::1' });
    await t.once(server, 'listening');
    assert.strictEqual(server.address().address, '::1');
});

test('an address that is not ours is EADDRNOTAVAIL', async (t) => {
    const server = make(t);
    server.listen(0, '192.0.2.77');
    const [error] = await t.once(server, 'error');
    assert.strictEqual(error.code, 'EADDRNOTAVAIL');
    assert.strictEqual(error.message,
        'listen EADDRNOTAVAIL: address not available 192.0.2.77');
    assert.strictEqual(error.address, '192.0.2.77');
});

test('a listen that failed can be tried again on the same server',
    async (t) => {
        const first = await t.server();
        const { port } = first.address();
        const server = make(t);
        server.listen(port, LOCAL);
        await t.once(server, 'error');
        await new Promise((resolve) => first.close(resolve));
        await listening(t, server, port, LOCAL);
        assert.strictEqual(server.address().port, port);
    });

test('a server listens, closes and listens again', async (t) => {
    const server = make(t, noop);
    for (let i = 0; i < 3; i++) {
        await listening(t, server, 0, LOCAL);
        assert.strictEqual(server.listening, true);
        await new Promise((resolve) => server.close(resolve));
        assert.strictEqual(server.listening, false);
        assert.strictEqual(server.address(), null);
    }
});

test('a port is free again as soon as its server has closed', async (t) => {
    const [client, socket, server] = await t.pair();
    const { port } = server.address();
    socket.destroy();
    await t.once(client, 'close');
    await new Promise((resolve) => server.close(resolve));
    await listening(t, make(t), port, LOCAL);
});

test('the signal given to listen closes the server', async (t) => {
    const controller = new AbortController();
    const server = await listening(t, make(t),
        { port: 0, host: LOCAL, signal: controller.signal });
    const closed = t.once(server, 'close');
    controller.abort();
    await closed;
    assert.strictEqual(server.listening, false);
});

test('a signal already aborted closes the server at once', async (t) => {
    const server = make(t);
    server.on('listening', noop);
    server.listen({ port: 0, host: LOCAL, signal: AbortSignal.abort() });
    await t.once(server, 'close');
    assert.strictEqual(server.listening, false);
});

test('listen({ fd }) of no descriptor emits error', async (t) => {
    const server = make(t);
    server.listen({ fd: 9999 });
    const [error] = await t.once(server, 'error');
    assert.ok(['EINVAL', 'EBADF'].includes(error.code), error.code);
    assert.strictEqual(error.syscall, 'listen');
    assert.strictEqual(server.listening, false);
});

/* ------------------------------------------------------------------- close */

test('close calls back without an error, after the close event', async (t) => {
    const server = await listening(t, make(t), 0, LOCAL);
    const order = [];
    server.on('close', (...args) => order.push(['close', ...args]));
    await new Promise((resolve) => {
        server.close((...args) => {
            order.push(['callback', ...args]);
            resolve();
        });
    });
    assert.deepStrictEqual(order, [['close'], ['callback']]);
});

test('close returns the server, and is not listening at once', async (t) => {
    const server = await listening(t, make(t), 0, LOCAL);
    let returned = false;
    server.on('close', t.mustCall(() => assert.strictEqual(returned, true)));
    assert.strictEqual(server.close(), server);
    assert.strictEqual(server.listening, false);
    assert.strictEqual(server.address(), null);
    returned = true;
});

test('close of a server not listening calls back ERR_SERVER_NOT_RUNNING',
    (t) => {
        const server = net.createServer();
        server.on('error', t.mustNotCall('error'));
        server.close(t.mustCall((error) => {
            assert.strictEqual(error.name, 'Error');
            assert.strictEqual(error.code, 'ERR_SERVER_NOT_RUNNING');
            assert.strictEqual(error.message, 'Server is not running.');
        }));
        assert.strictEqual(server.close(), server);
    });

test('close waits for the connections that are left', async (t) => {
    const [client, socket, server] = await t.pair();
    let closed = false;
    server.close(t.mustCall(() => {
        closed = true;
    }));
    await t.sleep(20);
    assert.strictEqual(closed, false);
    // What is connected goes on.
    client.write('still here');
    const [data] = await t.once(socket, 'data');
    assert.strictEqual(data.toString(), 'still here');
    client.end();
    await t.once(socket, 'close');
});

test('close refuses new connections though old ones live on', async (t) => {
    const [, , server] = await t.pair();
    const { port } = server.address();
    server.close();
    const late = t.track(net.connect(port, LOCAL));
    const [error] = await t.once(late, 'error');
    assert.strictEqual(error.code, 'ECONNREFUSED');
});

test('close twice: the second callback gets an error', async (t) => {
    const server = await listening(t, make(t), 0, LOCAL);
    server.close(t.mustCall((error) => assert.strictEqual(error, undefined)));
    server.close(t.mustCall((error) => {
        assert.strictEqual(error.code, 'ERR_SERVER_NOT_RUNNING');
    }));
});

test('close before listening was told: no listening event', async (t) => {
    const server = make(t);
    server.on('listening', t.mustNotCall('listening'));
    server.listen(0);
    server.close(t.mustCall());
    await t.sleep(20);
});

/*
 * What a server tells of calls in a given order: L is listen(), C close(), F a
 * listen() that fails, a space the time in which what they began is told.
 * Callbacks tell their call's letter and place, and ! for an error.
 */
async function story(t, order) {
    const server = make(t);
    const log = [];
    const { port } = (await t.server(undefined, { host: '::' })).address();
    for (const event of ['listening', 'close'])
        server.on(event, () => log.push(event));
    server.on('error', (error) => log.push(error.code));
    for (let i = 0; i < order.length; i++) {
        const name = `${order[i]}${i}`;
        if (order[i] === 'C')
            server.close((error) => log.push(error ? `${name}!` : name));
        else if (order[i] === ' ')
            await t.turn();
        else
            server.listen(order[i] === 'F' ? port : 0, () => log.push(name));
    }
    await t.turn();
    return [...log, `is ${server.listening ? 'up' : 'down'}`].join(' ');
}

test('close and listen are told in the order of the calls', async (t) => {
    const table = {
        'LC': 'close C1 is down',
        'CL': 'close C0! listening L1 is up',
        'CC': 'close C0! C1! close is down',
        'LCC': 'close C1 C2! close is down',
        'L CL': 'listening L0 close C2 listening L3 is up',
        'L CLC': 'listening L0 close C2 C4 close is down',
        'L CCL': 'listening L0 close C2 C3! close listening L4 is up',
        'L C L': 'listening L0 close C2 listening L4 is up',
        'L CL C': 'listening L0 close C2 listening L3 close C5 is down',
        'L CL CL': 'listening L0 close C2 listening L3 close C5 ' +
            'listening L6 is up',
    };
    for (const [order, expected] of Object.entries(table))
        assert.strictEqual(await story(t, order), expected, order);
});

// Node tells the first listen(), too, when the second one is under way.
test.weir('a listen that was closed before it was told is not', async (t) => {
    assert.strictEqual(await story(t, 'LCL'),
        'close C1 listening L0 L2 is up');
});

// Node does not close a server that could not listen.
test.weir('a listen that fails is told by error and close, in order',
    async (t) => {
        const table = {
            'F': 'EADDRINUSE close is down',
            'FC': 'EADDRINUSE close C1! close is down',
            'FL': 'EADDRINUSE close listening F0 L1 is up',
            'F CL': 'EADDRINUSE close close C2! listening F0 L3 is up',
            'L CF': 'listening L0 close C2 EADDRINUSE close is down',
            'L CF L': 'listening L0 close C2 EADDRINUSE close ' +
                'listening F3 L5 is up',
        };
        for (const [order, expected] of Object.entries(table))
            assert.strictEqual(await story(t, order), expected, order);
    });

test('who listens elsewhere when listen() failed is not told close',
    async (t) => {
        const taken = await t.server();
        const server = make(t);
        server.on('close', t.mustNotCall('close'));
        server.once('error', t.mustCall(() => server.listen(0, LOCAL)));
        server.listen(taken.address().port, LOCAL);
        await new Promise((resolve) => server.once('listening', resolve));
        await t.turn();
    });

test('who closes when listen() failed is told close once', async (t) => {
    const taken = await t.server();
    const server = make(t);
    server.on('close', t.mustCall());
    server.once('error', () => server.close(t.mustCall((error) => {
        assert.strictEqual(error.code, 'ERR_SERVER_NOT_RUNNING');
    })));
    server.listen(taken.address().port, LOCAL);
    await new Promise((resolve) => server.once('close', resolve));
    await t.turn();
});

/* The same as a model has it, which is all there is to it. */
function told(order) {
    const log = [];
    let handle = 0;
    let ticks = [];
    let closed = []; // callbacks that wait for `close`, and for `listening`
    let heard = [];
    for (let i = 0; i <= order.length; i++) {
        const name = `${order[i]}${i}`;
        if (order[i] === 'L') {
            handle = i + 1;
            heard.push(name);
            ticks.push(() => {
                if (handle !== i + 1)
                    return;
                log.push('listening', ...heard);
                heard = [];
            });
        } else if (order[i] === 'C') {
            closed.push(handle ? name : `${name}!`);
            handle = 0;
            ticks.push(() => {
                log.push('close', ...closed);
                closed = [];
            });
        } else {
            ticks.forEach((tick) => tick());
            ticks = [];
        }
    }
    return [...log, `is ${handle ? 'up' : 'down'}`].join(' ');
}

test('close and listen in any order are told as a model has it', async (t) => {
    let seed = 12345;
    const random = (below) => {
        seed = (seed * 1103515245 + 12345) % 2147483648;
        return Math.floor(seed / 65536) % below;
    };
    for (let round = 0; round < 60; round++) {
        let order = '';
        let open = false;
        let begun = false; // by a listen() in this breath
        while (order.length < 12) {
            const next = 'LC '[random(3)];
            if (next === 'L' && (open || begun))
                continue;
            open = next === 'L' || (open && next === ' ');
            begun = next === 'L' || (begun && next !== ' ');
            order += next;
        }
        assert.strictEqual(await story(t, order), told(order), order);
    }
});

test('close is not told while the server listens anew', async (t) => {
    const [client, socket, server] = await t.pair();
    let closed = 0;
    server.on('close', () => closed++);
    server.close(t.mustCall((error) => {
        assert.strictEqual(error, undefined);
        assert.strictEqual(server.listening, false);
    }));
    server.listen(0, LOCAL);
    await t.once(server, 'listening');
    client.destroy();
    await t.once(socket.resume(), 'close');
    await t.turn();
    assert.strictEqual(closed, 0);
    server.close();
    await t.once(server, 'close');
    assert.strictEqual(closed, 1);
});

test('close of a server comes before that of its last socket', async (t) => {
    const [, socket, server] = await t.pair();
    const order = [];
    server.on('close', t.mustCall(() => order.push('server')));
    socket.on('error', () => order.push('error'));
    socket.on('close', t.mustCall(() => {
        assert.deepStrictEqual(order, ['error', 'server']);
    }));
    server.close();
    socket.destroy(new Error('enough'));
});

test('a connection counts until its data has been read', async (t) => {
    const [client, socket, server] = await t.pair();
    socket.pause();
    client.end('unread');
    socket.end();
    await t.once(client.resume(), 'close');
    const count = () => new Promise((resolve) => server.getConnections(
        (error, number) => resolve(number)));
    assert.strictEqual(await count(), 1);
    server.close(t.mustCall());
    socket.resume();
    await t.once(socket, 'close');
    assert.strictEqual(await count(), 0);
});

test('a program may put what it likes in socket.server', async (t) => {
    const [, socket, server] = await t.pair();
    socket.server = { name: 'mine' };
    assert.strictEqual(socket.server.name, 'mine');
    server.close(t.mustCall());
    socket.server = null;
    assert.strictEqual(socket.server, null);
    socket.destroy();
});

test('close while a name is looked up: it does not listen', async (t) => {
    const server = make(t);
    server.on('listening', t.mustNotCall('listening'));
    server.listen(0, 'localhost');
    server.close(t.mustCall((error) => {
        assert.strictEqual(error.code, 'ERR_SERVER_NOT_RUNNING');
    }));
    await t.sleep(20);
});

test('listen while a name is looked up: the last one counts', async (t) => {
    const server = make(t);
    server.on('listening', t.mustCall());
    server.listen(0, 'localhost');
    server.listen({ port: 0, host: '127.0.0.2' });
    await t.once(server, 'listening');
    assert.strictEqual(server.address().address, '127.0.0.2');
    await t.sleep(20);
});

test('a signal aborted while a name is looked up: it does not listen',
    async (t) => {
        const controller = new AbortController();
        const server = make(t);
        server.on('listening', t.mustNotCall('listening'));
        server.listen({ port: 0, host: 'localhost',
            signal: controller.signal });
        controller.abort();
        await t.once(server, 'close');
        await t.sleep(20);
    });

test('Symbol.asyncDispose closes the server', async (t) => {
    if (Symbol.asyncDispose === undefined) {
        return;
    }
    const server = await listening(t, make(t), 0, LOCAL);
    server.on('close', t.mustCall());
    await server[Symbol.asyncDispose]();
    assert.strictEqual(server.listening, false);
});

test('Symbol.asyncDispose of a server not listening resolves', async () => {
    if (Symbol.asyncDispose === undefined) {
        return;
    }
    await net.createServer()[Symbol.asyncDispose]();
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
