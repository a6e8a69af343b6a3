'use strict';
/*
 * What runs between what: ticks and promise jobs between any two callbacks of
 * the loop, events never from inside the call that caused them, errors thrown
 * by listeners told to uncaughtException while the rest goes on.
 */
const net = require('net');
const { pipeline } = require('stream');
const { test, assert } = require('./harness');

const LOCAL = '127.0.0.1';
const noop = () => {};

function closed(socket) {
    return new Promise((resolve) => socket.once('close', resolve));
}

/* Notes a tick and a promise job of a callback, in the order they run. */
function trail(order, name) {
    process.nextTick(() => order.push(`${name} tick`));
    Promise.resolve().then(() => order.push(`${name} job`));
    order.push(name);
}

test('ticks and jobs of one connection run before the next', async (t) => {
    const order = [];
    let count = 0;
    let over;
    const finished = new Promise((resolve) => {
        over = resolve;
    });
    const server = await t.server(() => {
        count++;
        trail(order, `connection ${count}`);
        if (count === 3) {
            setImmediate(over);
        }
    });
    for (let i = 0; i < 3; i++) {
        t.connect(server);
    }
    await finished;
    const expected = [];
    for (let i = 1; i <= 3; i++) {
        expected.push(`connection ${i}`, `connection ${i} tick`,
            `connection ${i} job`);
    }
    assert.deepStrictEqual(order, expected);
});

test('ticks and jobs of one data event run before another socket\'s',
    async (t) => {
        const pairs = [];
        for (let i = 0; i < 5; i++) {
            pairs.push(await t.pair());
        }
        const order = [];
        const seen = pairs.map(([, socket], i) => new Promise((resolve) => {
            socket.on('data', () => {
                trail(order, `data ${i}`);
                resolve();
            });
        }));
        for (const [client] of pairs) {
            client.write('x');
        }
        await Promise.all(seen);
        await t.turn();
        assert.strictEqual(order.length, 15);
        for (let i = 0; i < 15; i += 3) {
            assert.strictEqual(order[i + 1], `${order[i]} tick`);
            assert.strictEqual(order[i + 2], `${order[i]} job`);
        }
    });

test('ticks come before promise jobs, both before the next event',
    async (t) => {
        const [client, socket] = await t.pair();
        const order = [];
        socket.once('data', () => {
            Promise.resolve().then(() => {
                order.push('job');
                process.nextTick(() => order.push('tick of the job'));
            });
            process.nextTick(() => {
                order.push('tick');
                Promise.resolve().then(() => order.push('job of the tick'));
            });
            setImmediate(() => order.push('immediate'));
        });
        client.write('x');
        await t.once(socket, 'data');
        await t.turn();
        await t.turn();
        assert.deepStrictEqual(order, [
            'tick', 'job', 'job of the tick', 'tick of the job', 'immediate',
        ]);
    });

test('ticks and jobs run between two writes\' callbacks', async (t) => {
    const [client, socket] = await t.pair();
    socket.resume();
    const order = [];
    await new Promise((resolve) => {
        client.write('a', () => {
            order.push('a');
            process.nextTick(() => order.push('a tick'));
        });
        setImmediate(() => client.write('b', () => {
            order.push('b');
            resolve();
        }));
    });
    assert.deepStrictEqual(order, ['a', 'a tick', 'b']);
});

test('nothing is emitted from inside the call that causes it', async (t) => {
    const server = net.createServer();
    const inside = { now: true };
    const outside = (name) => () => {
        assert.strictEqual(inside.now, false, name);
    };
    t.track(server);
    server.on('listening', t.mustCall(outside('listening')));
    server.on('close', t.mustCall(outside('server close')));
    server.listen(0, LOCAL);
    inside.now = false;
    await t.once(server, 'listening');

    inside.now = true;
    const client = t.connect(server);
    for (const event of [
        'connect', 'ready', 'finish', 'close', 'connectionAttempt',
    ]) {
        client.on(event, outside(event));
    }
    client.write('x', outside('write'));
    client.end('y', outside('end'));
    client.resume();
    server.once('connection', (socket) => socket.resume());
    inside.now = false;
    await closed(client);
    inside.now = true;
    server.close();
    inside.now = false;
    await closed(server);
});

test('the events of a short connection come in the documented order',
    async (t) => {
        const server = await t.server((socket) => socket.end('bye'));
        const client = t.connect(server);
        const order = [];
        for (const event of [
            'lookup', 'connect', 'ready', 'data', 'end', 'finish', 'error',
            'close',
        ]) {
            client.on(event, () => order.push(event));
        }
        await closed(client);
        assert.deepStrictEqual(order,
            ['connect', 'ready', 'data', 'end', 'finish', 'close']);
    });

test('close is the last event of a socket', async (t) => {
    const [client, socket] = await t.pair();
    const order = [];
    const emit = client.emit;
    client.emit = function emitted(event, ...args) {
        order.push(event);
        return emit.call(this, event, ...args);
    };
    client.resume();
    socket.resume();
    client.write(Buffer.alloc(1 << 20), noop);
    client.end();
    await closed(client);
    await t.sleep(20);
    assert.strictEqual(order.filter((event) => event === 'close').length, 1);
    assert.strictEqual(order.at(-1), 'close');
});

test('a server\'s close comes when its last connection has gone', async (t) => {
    const [client, socket, server] = await t.pair();
    socket.resume();
    server.close();
    await t.sleep(10);
    server.on('close', t.mustCall(() => {
        assert.strictEqual(socket.destroyed, true);
    }));
    client.end();
    client.resume();
});

test('listeners may destroy any socket of the same batch', async (t) => {
    const pairs = [];
    for (let i = 0; i < 6; i++) {
        pairs.push(await t.pair());
    }
    let events = 0;
    const sockets = pairs.map(([, socket]) => socket);
    const allClosed = Promise.all(sockets.map(closed));
    for (const socket of sockets) {
        socket.on('data', () => {
            events++;
            for (const each of sockets) {
                each.destroy();
            }
        });
    }
    for (const [client] of pairs) {
        client.on('error', noop);
        client.write('x');
    }
    await allClosed;
    assert.strictEqual(events, 1);
});

test('each exception of each callback is told, each other call is made',
    async (t) => {
        const messages = [];
        t.uncaught((error) => messages.push(error.message));
        const bad = (name) => () => {
            throw new Error(name);
        };
        const server = await t.server();
        server.on('connection', bad('connection'));
        const accepted = new Promise((resolve) => {
            server.prependListener('connection', resolve);
        });
        const client = t.connect(server, {}, bad('connect'));
        client.on('ready', noop);
        client.on('close', bad('close'));
        const socket = await accepted;
        await t.sleep(10);
        client.write('x', bad('write'));
        socket.on('data', bad('data'));
        await t.sleep(30);
        client.setTimeout(5, bad('timeout'));
        await t.sleep(40);
        client.setTimeout(0);
        server.getConnections(bad('getConnections'));
        await t.sleep(5);
        client.destroy();
        await t.sleep(30);
        server.close(bad('server close'));
        socket.destroy();
        await t.sleep(30);
        for (const name of [
            'connection', 'connect', 'write', 'data', 'timeout', 'close',
            'getConnections', 'server close',
        ]) {
            assert.strictEqual(
                messages.filter((each) => each === name).length, 1,
                `${name} in ${messages}`);
        }
    });

test('an exception in a lookup function is told', async (t) => {
    const caught = new Promise((resolve) => t.uncaught(resolve));
    setImmediate(() => {
        const socket = t.track(net.connect({
            port: 1, host: 'some.name', lookup: () => {
                throw new Error('from lookup');
            },
        }));
        socket.on('error', noop);
    });
    assert.strictEqual((await caught).message, 'from lookup');
});

test('a rejection in an async listener is told', async (t) => {
    const caught = new Promise((resolve) => t.uncaught(resolve));
    const [client, socket] = await t.pair();
    socket.on('data', async () => {
        await null;
        throw new Error('from async');
    });
    client.write('x');
    assert.strictEqual((await caught).message, 'from async');
});

test('an exception in a tick or a job of a listener is told', async (t) => {
    const messages = [];
    t.uncaught((error) => messages.push(error.message));
    const [client, socket] = await t.pair();
    socket.on('data', () => {
        process.nextTick(() => {
            throw new Error('tick');
        });
        queueMicrotask(() => {
            throw new Error('job');
        });
    });
    client.write('x');
    await t.sleep(30);
    assert.deepStrictEqual(messages, ['tick', 'job']);
    client.end();
    await closed(socket.resume());
});

test('a write in a data listener keeps the order of bytes', async (t) => {
    const [client, socket] = await t.pair();
    socket.on('data', (data) => {
        for (const byte of data) {
            socket.write(Buffer.from([byte]));
        }
    });
    const payload = Buffer.alloc(3000);
    for (let i = 0; i < payload.length; i++) {
        payload[i] = i;
    }
    client.write(payload);
    const chunks = [];
    let length = 0;
    while (length < payload.length) {
        const [data] = await t.once(client, 'data');
        chunks.push(data);
        length += data.length;
    }
    assert.strictEqual(Buffer.concat(chunks).equals(payload), true);
});

test('immediates, timers and sockets all get their turn', async (t) => {
    const [client, socket] = await t.pair();
    socket.pipe(socket);
    let echoes = 0;
    client.on('data', () => {
        echoes++;
        client.write('x');
    });
    client.write('x');
    let immediates = 0;
    let ticking = true;
    const tick = () => {
        immediates++;
        if (ticking) {
            setImmediate(tick);
        }
    };
    tick();
    await t.sleep(60);
    ticking = false;
    assert.ok(echoes > 5, `${echoes} echoes`);
    assert.ok(immediates > 5, `${immediates} immediates`);
});

test('finish is heard by who asks for it after a promise job', async (t) => {
    const [client, socket] = await t.pair();
    socket.resume();
    client.end();
    await null;
    await t.once(client, 'finish');
});

test('a generator between a socket and itself is a pipeline', async (t) => {
    const server = await t.server((socket) => {
        pipeline(socket, async function* (source) {
            for await (const chunk of source) {
                yield chunk.toString().toUpperCase();
            }
        }, socket, t.mustSucceed());
    });
    const client = t.connect(server);
    client.end('abc');
    const [data] = await t.once(client, 'data');
    assert.strictEqual(data.toString(), 'ABC');
    await closed(client);
});

/* What a callback of a socket sets off, in the order of a turn. */
async function afterData(t, act) {
    const [client, socket] = await t.pair();
    const order = [];
    for (const event of ['finish', 'close']) {
        socket.on(event, () => trail(order, event));
    }
    socket.once('data', () => {
        setImmediate(() => {
            order.push('immediate');
            setImmediate(() => order.push('next immediate'));
        });
        act(socket);
    });
    client.resume().write('x');
    await closed(client);
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    return order;
}

test('close comes behind the immediates that were set with destroy()',
    async (t) => {
        const order = await afterData(t, (socket) => socket.destroy());
        assert.deepStrictEqual(order, ['immediate', 'close', 'close tick',
            'close job', 'next immediate']);
    });

test('finish comes before the immediates that were set with end()',
    async (t) => {
        const order = await afterData(t, (socket) => {
            socket.end();
        });
        assert.deepStrictEqual(order.slice(0, 4), ['finish', 'finish tick',
            'finish job', 'immediate']);
    });

test('of sockets destroyed in one turn the last is the first to close',
    async (t) => {
        const pairs = [await t.pair(), await t.pair()];
        const order = [];
        pairs.forEach(([client], i) => client.on('close', () => order.push(i)));
        pairs.forEach(([client]) => client.destroy());
        await Promise.all(pairs.map(([client]) => closed(client)));
        assert.deepStrictEqual(order, [1, 0]);
    });

test('writes that were corked are called back with the tick after uncork()',
    async (t) => {
        const [client, socket] = await t.pair();
        const order = [];
        socket.resume();
        client.cork();
        client.write('a', () => order.push('a'));
        client.write('b', () => order.push('b'));
        client.uncork();
        process.nextTick(() => order.push('tick'));
        await new Promise((resolve) => setImmediate(resolve));
        assert.deepStrictEqual(order, ['a', 'b', 'tick']);
    });

test('nothing is told of a socket that was destroyed in the same turn',
    async (t) => {
        const [[first, one], [second, other]] = [await t.pair(),
            await t.pair()];
        const both = [one, other];
        let told = 0;
        both.forEach((socket, i) => socket.on('data', () => {
            told++;
            both[1 - i].destroy();
        }));
        for (const client of [first, second]) {
            client.on('error', noop); // a reset: some was not read
            client.write('x');
        }
        await Promise.race(both.map(closed));
        assert.strictEqual(told, 1);
    });
