'use strict';
/*
 * How a server closes: with connections, while it begins, again.
 */
const net = require('net');
const { test, assert } = require('./harness');
const { make, listening } = require('./serving');

const LOCAL = '127.0.0.1';

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
