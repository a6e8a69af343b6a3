'use strict';
/*
 * What the five documents that weir was written from have, and today's Node
 * has not or does otherwise: see "differences" in docs/script.md. On Node this
 * file runs only what both agree on.
 */
const net = require('net');
const { test, assert } = require('./harness');

const LOCAL = '127.0.0.1';
const noop = () => {};

async function usedPort(t) {
    return (await t.server()).address().port;
}

function closed(emitter) {
    return new Promise((resolve) => emitter.once('close', resolve));
}

test.weir('a failed listen emits error, then close directly', async (t) => {
    const port = await usedPort(t);
    const server = t.track(net.createServer());
    const order = [];
    server.on('error', (error) => order.push(error.code));
    server.on('close', () => order.push('close'));
    server.on('listening', t.mustNotCall('listening'));
    server.listen(port, LOCAL);
    await closed(server);
    assert.deepStrictEqual(order, ['EADDRINUSE', 'close']);
});

test('the retry of the EADDRINUSE sample gets its port in the end',
    async (t) => {
        const first = await t.server();
        const { port } = first.address();
        const server = t.track(net.createServer(noop));
        let errors = 0;
        server.on('error', (error) => {
            assert.strictEqual(error.code, 'EADDRINUSE');
            errors++;
            setTimeout(() => {
                if (errors === 2) {
                    first.close();
                }
                server.close();
                server.listen(port, LOCAL);
            }, 10);
        });
        server.listen(port, LOCAL);
        await new Promise((resolve) => server.on('listening', resolve));
        assert.strictEqual(server.address().port, port);
        assert.ok(errors >= 2);
    });

test('listen(port, host, 0, callback) of the samples', (t) => {
    const server = t.track(net.createServer({}, noop));
    server.listen(0, LOCAL, 0, t.mustCall());
});

test('the TCP sample of document 000 runs as it stands', async (t) => {
    const server = t.track(net.createServer({}, (sock) => {
        sock.on('data', (data) => {
            sock.write(data, null, t.mustCall());
            sock.end();
        });
    }));
    await new Promise((resolve) => server.listen(0, LOCAL, 0, resolve));
    const client = net.connect(server.address().port, LOCAL, () => {
        client.write('Hello');
    });
    client.on('data', t.mustCall((data) => {
        assert.strictEqual(data.toString(), 'Hello');
        client.end();
    }));
    client.on('close', t.mustCall());
});

test('the hello server of document 003 greets and ends', async (t) => {
    const server = await t.server((socket) => socket.end('Hello World'));
    const client = t.connect(server);
    let text = '';
    client.on('data', (data) => {
        text += data;
    });
    await closed(client);
    assert.strictEqual(text, 'Hello World');
});

test.weir('require(\'tcp\') has the net of document 000', () => {
    const tcp = require('tcp');
    for (const name of [
        'createServer', 'connect', 'createConnection', 'Socket',
    ]) {
        assert.strictEqual(tcp[name], net[name], name);
    }
});

test.weir('tcp and print are globals', () => {
    assert.strictEqual(globalThis.tcp, require('tcp'));
    assert.strictEqual(typeof globalThis.print, 'function');
});

test.weir('server.connections is the live count', async (t) => {
    const [client, socket, server] = await t.pair();
    assert.strictEqual(server.connections, 1);
    socket.resume();
    client.destroy();
    await closed(socket);
    assert.strictEqual(server.connections, 0);
});

test.weir('server.pause(ms) accepts nobody for that long', async (t) => {
    const server = await t.server();
    let accepted = false;
    server.on('connection', () => {
        accepted = true;
    });
    server.pause(80);
    const start = Date.now();
    const client = t.connect(server);
    client.write('waiting');
    await t.sleep(40);
    assert.strictEqual(accepted, false);
    const [socket] = await t.once(server, 'connection');
    assert.ok(Date.now() - start >= 78);
    const [data] = await t.once(socket, 'data');
    assert.strictEqual(data.toString(), 'waiting');
});

test.weir('setSecure is gone: ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', () => {
    assert.throws(() => new net.Socket().setSecure(), (error) => {
        assert.strictEqual(error.code, 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM');
        assert.ok(error.message.includes('TLS'), error.message);
        return true;
    });
});

test.weir('setTimeout has milliseconds', async (t) => {
    const [client] = await t.pair();
    const start = Date.now();
    client.setTimeout(7);
    await t.once(client, 'timeout');
    const took = Date.now() - start;
    assert.ok(took >= 6 && took < 500, `${took}`);
});

test('new Socket takes fd null and a type', async (t) => {
    const server = await t.server((socket) => socket.end('x'));
    for (const type of ['tcp4', null]) {
        const socket = t.track(new net.Socket(
            { fd: undefined, type, allowHalfOpen: false }));
        socket.connect(server.address().port, LOCAL);
        await t.once(socket, 'data');
    }
});

test.weir('new Socket takes fd: null for none', async (t) => {
    const server = await t.server((socket) => socket.end('x'));
    const socket = t.track(new net.Socket({ fd: null, type: 'tcp4' }));
    socket.connect(server.address().port, LOCAL);
    await t.once(socket, 'data');
});

test.weir('maxConnections below the count drops the next only', async (t) => {
    const [client, , server] = await t.pair();
    server.maxConnections = 0;
    const late = t.connect(server);
    late.on('error', noop);
    late.resume();
    server.on('drop', t.mustCall());
    await closed(late);
    assert.strictEqual(client.destroyed, false);
});

test('address() has address, port and family', async (t) => {
    const [client, , server] = await t.pair();
    for (const { address, port, family } of [
        client.address(), server.address(),
    ]) {
        assert.strictEqual(address, LOCAL);
        assert.strictEqual(typeof port, 'number');
        assert.strictEqual(family, 'IPv4');
    }
});
