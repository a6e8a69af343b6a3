'use strict';
/*
 * Sockets and the garbage collector: what is connected lives though the script
 * holds nothing of it, what is closed goes though the script once had it.
 */
const net = require('net');
const { test, assert } = require('./harness');

const LOCAL = '127.0.0.1';
const noop = () => {};
let pressure = null;

/* A full collection comes when much memory was asked for. It spares what is
 * still on the stack, hence the turns between. */
async function collect(t) {
    for (let round = 0; round < 4; round++) {
        for (let i = 0; i < 10; i++) {
            pressure = new ArrayBuffer(16 << 20);
        }
        pressure = null;
        await t.sleep(5);
    }
}

function closed(socket) {
    return new Promise((resolve) => socket.once('close', resolve));
}

test('connections that only the loop knows live on', async (t) => {
    const server = await t.server((socket) => {
        socket.on('data', (data) => socket.write(data));
    });
    const count = 20;
    let echoes = 0;
    const { port } = server.address();
    const connect = (i) => {
        const client = net.connect(port, LOCAL);
        client.on('connect', () => {
            setTimeout(() => client.write(`${i}`), 200);
        });
        client.on('data', (data) => {
            assert.strictEqual(data.toString(), `${i}`);
            echoes++;
            client.end();
        });
    };
    for (let i = 0; i < count; i++) {
        connect(i);
    }
    await t.sleep(50);
    await collect(t);
    while (echoes < count) {
        await t.sleep(5);
    }
});

test('idle sockets without any reference still hear of their end',
    async (t) => {
        const server = await t.server((socket) => socket.resume());
        const { port } = server.address();
        let ended = 0;
        const connect = () => {
            net.connect(port, LOCAL).on('end', () => ended++).resume();
        };
        const accepted = [];
        server.on('connection', (socket) => accepted.push(socket));
        for (let i = 0; i < 10; i++) {
            connect();
        }
        while (accepted.length < 10) {
            await t.turn();
        }
        await collect(t);
        assert.strictEqual(ended, 0);
        for (const socket of accepted) {
            socket.end();
        }
        while (ended < 10) {
            await t.turn();
        }
    });

test('a listening server without any reference goes on accepting',
    async (t) => {
        const port = await new Promise((resolve) => {
            const server = net.createServer((socket) => {
                socket.end('alive');
                server.close();
            });
            server.listen(0, LOCAL, () => resolve(server.address().port));
        });
        await collect(t);
        const client = t.track(net.connect(port, LOCAL));
        const [data] = await t.once(client, 'data');
        assert.strictEqual(data.toString(), 'alive');
    });

test('sockets that have closed are collected', async (t) => {
    const server = await t.server();
    const { port } = server.address();
    const refs = [];
    const one = async () => {
        const client = net.connect(port, LOCAL);
        refs.push(new WeakRef(client));
        client.write('x', noop);
        client.setTimeout(60000, noop);
        client.resume();
        await t.once(client, 'connect');
        client.end();
        await closed(client);
    };
    // The harness tracks what its server accepts: a server without it.
    server.removeAllListeners('connection');
    server.on('connection', (socket) => {
        refs.push(new WeakRef(socket));
        socket.resume();
    });
    for (let i = 0; i < 100; i++) {
        await one();
    }
    assert.strictEqual(refs.length, 200);
    const left = () => refs.filter((ref) => ref.deref() !== undefined).length;
    /* The stack is scanned conservatively: a few may be seen there. And when a
     * collection is a full one the engine decides: on a busy machine it takes
     * several rounds until one is. What leaks outlives them all. */
    for (let round = 0; round < 20 && left() >= 20; round++) {
        await collect(t);
    }
    assert.ok(left() < 20, `${left()} of 200 are left`);
});

test('a Buffer from data is good after its socket has gone', async (t) => {
    const [client, socket] = await t.pair();
    const payload = Buffer.alloc(300000, 'keep me');
    const kept = [];
    socket.on('data', (data) => kept.push(data));
    client.end(payload);
    client.resume();
    await closed(socket);
    await collect(t);
    const [second, peer] = await t.pair();
    peer.resume();
    second.end(Buffer.alloc(300000, 'x'));
    await t.once(peer, 'end');
    assert.strictEqual(Buffer.concat(kept).equals(payload), true);
});

test('a Buffer being written is kept though nobody else has it', async (t) => {
    const [client, socket] = await t.pair();
    for (let i = 0; i < 64; i++) {
        client.write(Buffer.alloc(262144, i));
    }
    client.end();
    await collect(t);
    const chunks = [];
    socket.on('data', (data) => chunks.push(data));
    await t.once(socket, 'end');
    const bytes = Buffer.concat(chunks);
    assert.strictEqual(bytes.length, 64 * 262144);
    for (let i = 0; i < 64; i++) {
        const piece = bytes.subarray(i * 262144, (i + 1) * 262144);
        assert.strictEqual(piece.equals(Buffer.alloc(262144, i)), true);
    }
});

test('piped sockets live on without any reference', async (t) => {
    const echo = await t.server((socket) => socket.pipe(socket));
    const { port } = echo.address();
    const proxy = await t.server((front) => {
        const back = net.connect(port, LOCAL);
        front.pipe(back).pipe(front);
        front.on('error', noop);
        back.on('error', noop);
    });
    const client = t.connect(proxy);
    client.write('one');
    await t.once(client, 'data');
    await collect(t);
    client.write('two');
    const [data] = await t.once(client, 'data');
    assert.strictEqual(data.toString(), 'two');
});
