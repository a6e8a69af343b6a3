'use strict';
/*
 * The ways to listen, and how each of them fails.
 */
const net = require('net');
const fs = require('fs');
const { test, assert } = require('./harness');
const { make, listening, visitor } = require('./serving');

const LOCAL = '127.0.0.1';
const noop = () => {};

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
