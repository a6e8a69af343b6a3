'use strict';
/*
 * Mongoose's `tcp` and `print`: each call of its documentation, in the order of
 * arguments in which it stands there, and every method with bad input.
 */
const { test, assert, onWeir } = require('./harness');

const tcp = onWeir ? globalThis.tcp : null;
const LOCAL = '127.0.0.1';
const noop = () => {};

/* A server, by tcp's own functions. */
async function serve(t, onConnection, options = {}) {
    const server = t.track(tcp.createServer(options, onConnection));
    server.on('connection', (socket) => t.track(socket));
    await new Promise((resolve) => server.listen(0, LOCAL, 0, resolve));
    return [server, server.address().port];
}

async function text(socket) {
    let all = '';
    for await (const data of socket) {
        all += data;
    }
    return all;
}

/* --------------------------------------------------------------- functions */

test.weir('connect and createConnection take options or (port, host)',
    async (t) => {
        const [, port] = await serve(t, (socket) => socket.end('hello'));
        for (const name of ['connect', 'createConnection']) {
            for (const args of [[{ port, host: LOCAL }], [port, LOCAL]]) {
                const socket = t.track(tcp[name](...args, t.mustCall()));
                assert.ok(socket instanceof tcp.Socket);
                assert.strictEqual(await text(socket), 'hello', name);
                assert.strictEqual(
                    await text(t.track(tcp[name](...args))), 'hello');
            }
        }
    });

test.weir('createServer takes options and a callback, either or none',
    async (t) => {
        for (const args of [[], [{}], [noop], [{}, noop]]) {
            const server = tcp.createServer(...args);
            assert.ok(server instanceof tcp.Server);
            assert.strictEqual(server.listenerCount('connection'),
                args.includes(noop) ? 1 : 0);
        }
    });

test.weir('listen takes options or (port, hostname), backlog and callback',
    async (t) => {
        for (const args of [
            [{ port: 0, host: LOCAL }], [0, LOCAL], [0, LOCAL, 5],
            [0, LOCAL, 0],
        ]) {
            const server = t.track(tcp.createServer());
            const events = [];
            server.on('listening', () => events.push('listening'));
            await new Promise((resolve) => server.listen(...args, resolve));
            assert.deepStrictEqual(events, ['listening']);
            assert.strictEqual(server.address().address, LOCAL);
        }
    });

test.weir('close stops accepting, connections go on', async (t) => {
    const [server, port] = await serve(t, (socket) => {
        socket.on('data', (data) => socket.end(data));
    });
    const client = t.track(tcp.connect(port, LOCAL));
    await t.once(client, 'connect');
    await t.turn();
    let closed = false;
    const over = t.once(server, 'close');
    server.close(() => {
        closed = true;
    });
    const late = t.track(tcp.connect(port, LOCAL));
    const [error] = await t.once(late, 'error');
    assert.strictEqual(error.code, 'ECONNREFUSED');
    assert.strictEqual(closed, false);
    client.end('still');
    assert.strictEqual(await text(client), 'still');
    await over;
    assert.strictEqual(closed, true);
});

test.weir('getConnections counts, later', async (t) => {
    const [server, port] = await serve(t, noop);
    await t.once(t.track(tcp.connect(port, LOCAL)), 'connect');
    await t.turn();
    let now = true;
    await new Promise((resolve) => server.getConnections((error, count) => {
        assert.strictEqual(now, false);
        assert.strictEqual(error, null);
        assert.strictEqual(count, 1);
        resolve();
        now = true;
    }, now = false));
});

test.weir('a server emits error, then close', async (t) => {
    const [, port] = await serve(t, noop);
    const server = tcp.createServer();
    const events = [];
    server.on('error', (error) => events.push(error.code));
    await new Promise((resolve) => {
        server.on('close', resolve);
        server.listen(port, LOCAL);
    });
    assert.deepStrictEqual(events, ['EADDRINUSE']);
});

/* ----------------------------------------------------------------- sockets */

test.weir('new Socket connects by options or (port, host)', async (t) => {
    const [, port] = await serve(t, (socket) => socket.end('hello'));
    for (const args of [[{ port, host: LOCAL }], [port, LOCAL]]) {
        const socket = t.track(new tcp.Socket({}));
        assert.strictEqual(socket.connect(...args, t.mustCall()), socket);
        assert.strictEqual(await text(socket), 'hello');
    }
});

test.weir('write takes null for the encoding, and end takes data',
    async (t) => {
        const received = [];
        const [, port] = await serve(t, async (socket) => {
            received.push(await text(socket));
        });
        const client = t.track(tcp.connect(port, LOCAL));
        client.write('a', null, t.mustCall());
        client.write('Yg==', 'base64', t.mustCall());
        client.write('c', t.mustCall());
        client.write(Buffer.from('d'));
        client.end('65', 'hex');
        client.resume();
        await t.once(client, 'close');
        assert.deepStrictEqual(received, ['abcde']);
    });

test.weir('pause holds data back until resume', async (t) => {
    const [, port] = await serve(t, (socket) => socket.end('data'));
    const client = t.track(tcp.connect(port, LOCAL));
    let paused = true;
    client.on('data', () => assert.strictEqual(paused, false));
    client.pause();
    await t.sleep(20);
    paused = false;
    client.resume();
    await t.once(client, 'close');
});

test.weir('setTimeout is exact below a second, and closes nothing',
    async (t) => {
        const [, port] = await serve(t, noop);
        const client = t.track(tcp.connect(port, LOCAL));
        await t.once(client, 'connect');
        const start = Date.now();
        await new Promise((resolve) => client.setTimeout(30, resolve));
        const took = Date.now() - start;
        assert.ok(took >= 29 && took < 900, `${took}`);
        assert.strictEqual(client.destroyed, false);
    });

test.weir('drain comes when what was written is gone', async (t) => {
    const [, port] = await serve(t, (socket) => {
        socket.pause();
        setTimeout(() => socket.resume(), 20);
    });
    const client = t.track(tcp.connect(port, LOCAL));
    await t.once(client, 'connect');
    assert.strictEqual(client.write(Buffer.alloc(16 << 20)), false);
    await t.once(client, 'drain');
    assert.strictEqual(client.bufferSize, 0);
});

test.weir('destroy closes, with the close event', async (t) => {
    const [, port] = await serve(t, (socket) => socket.on('error', noop));
    const client = tcp.connect(port, LOCAL);
    await t.once(client, 'connect');
    client.destroy();
    const [hadError] = await t.once(client, 'close');
    assert.strictEqual(hadError, false);
});

/* ------------------------------------------------------------------- print */

test.weir('print shows text as it is, and bytes as text', (t) => {
    const lines = [];
    const { log } = console;
    t.after(() => {
        console.log = log;
    });
    console.log = (...values) => lines.push(values);
    print('New data received', Buffer.from('gr\u00fcn'));
    print('%d%%', 5, { a: [1] });
    print();
    print(new Uint8Array([104, 105]), null, undefined, true);
    console.log = log;
    assert.deepStrictEqual(lines, [['New data received gr\u00fcn'],
        ['%d%% 5 { a: [ 1 ] }'], [''], ['hi null undefined true']]);
});

/* --------------------------------------------------------------- bad input */

const wrong = [undefined, null, true, 5, -1, NaN, 'x', Symbol('s'), 10n, [], {},
    noop, /x/];

function attempt(what, fn) {
    try {
        return fn();
    } catch (error) {
        assert.ok(error instanceof Error, what);
        assert.strictEqual(typeof error.code, 'string',
            `${what}: ${error.stack}`);
        return undefined;
    }
}

const socketMethods = ['write', 'end', 'pause', 'resume', 'setTimeout',
    'connect', 'destroy'];

test.weir('no method of a socket falls for bad input', async (t) => {
    const [, port] = await serve(t, (socket) => {
        socket.on('error', noop);
        socket.resume();
    });
    const open = async () => {
        const socket = t.track(tcp.connect(port, LOCAL));
        socket.on('error', noop);
        await t.once(socket, 'connect');
        return socket;
    };
    const closed = await open();
    closed.destroy();
    await t.once(closed, 'close');
    for (const method of socketMethods) {
        if (method !== 'connect') {
            attempt(`${method}()`, () => closed[method]());
        }
        attempt(`${method}()`, () =>
            t.track(new tcp.Socket()).on('error', noop)[method]());
        for (const value of wrong) {
            const socket = await open();
            for (const args of [[value], ['x', value], [value, value, value]]) {
                attempt(`${method}(${args.map(String)})`,
                    () => socket[method](...args));
            }
            if (method !== 'connect') {
                attempt(`closed ${method}(${String(value)})`,
                    () => closed[method](value));
            }
            socket.destroy();
        }
    }
});

test.weir('no method of a server falls for bad input', async (t) => {
    for (const value of wrong) {
        for (const args of [[], [value], [0, value], [0, LOCAL, value],
            [0, LOCAL, 0, value]]) {
            const what = `listen(${args.map(String)})`;
            const server = tcp.createServer();
            server.on('error', noop);
            if (attempt(what, () => server.listen(...args)) === server) {
                await new Promise((resolve) => {
                    server.on('close', resolve);
                    server.on('listening', () => server.close());
                });
            }
            attempt('close', () => server.close(value));
            attempt('getConnections', () => server.getConnections(value));
        }
        attempt(`createServer(${String(value)})`,
            () => tcp.createServer(value));
        attempt(`new Socket(${String(value)})`,
            () => new tcp.Socket(value).destroy());
    }
});
