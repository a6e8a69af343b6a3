'use strict';
/*
 * Much of everything: megabytes against readers that stop and go, hundreds of
 * connections, thousands of small messages. What arrives is compared byte by
 * byte with what was sent.
 */
const { test, assert } = require('./harness');

function closed(socket) {
    return new Promise((resolve) => socket.once('close', resolve));
}

/* Bytes that tell their own place: each four hold their offset, hashed. */
function pattern(length) {
    const bytes = Buffer.allocUnsafe(length);
    for (let i = 0; i + 4 <= length; i += 4) {
        bytes.writeUInt32LE(Math.imul(i + 1, 2654435761) >>> 0, i);
    }
    bytes.fill(0x5a, length & ~3);
    return bytes;
}

function kinds(name, fn) {
    test(`${name} (TCP)`, (t) => fn(t, {}));
    test(`${name} (UNIX)`, (t) => fn(t, { path: t.path() }));
}

kinds('16 MB in one write arrive exact at a reader that stops and goes',
    async (t, where) => {
        const [client, socket] = await t.pair(where);
        const payload = pattern(16 << 20);
        const chunks = [];
        let count = 0;
        socket.on('data', (data) => {
            chunks.push(data);
            if (++count % 16 === 0) {
                socket.pause();
                setTimeout(() => socket.resume(), count % 3);
            }
        });
        client.end(payload);
        await t.once(socket, 'end');
        assert.strictEqual(Buffer.concat(chunks).equals(payload), true);
    });

kinds('writes of all sizes that heed drain arrive exact', async (t, where) => {
    const [client, socket] = await t.pair(where);
    const payload = pattern(6 << 20);
    const chunks = [];
    socket.on('data', (data) => chunks.push(data));
    let offset = 0;
    let size = 1;
    const writeMore = () => {
        while (offset < payload.length) {
            const piece = payload.subarray(offset, offset + size);
            offset += piece.length;
            size = (size * 7 + 3) % 70001;
            if (!client.write(piece)) {
                client.once('drain', writeMore);
                return;
            }
        }
        client.end();
    };
    writeMore();
    await t.once(socket, 'end');
    assert.strictEqual(Buffer.concat(chunks).equals(payload), true);
});

test('both directions at once are exact', async (t) => {
    const [client, socket] = await t.pair(
        { allowHalfOpen: true }, { allowHalfOpen: true });
    const there = pattern(5 << 20);
    const back = pattern(4 << 20).reverse();
    const read = async (from) => {
        const chunks = [];
        from.on('data', (data) => chunks.push(data));
        await t.once(from, 'end');
        return Buffer.concat(chunks);
    };
    const atServer = read(socket);
    const atClient = read(client);
    client.end(there);
    socket.end(back);
    assert.strictEqual((await atServer).equals(there), true);
    assert.strictEqual((await atClient).equals(back), true);
});

test('long text of every width arrives exact', async (t) => {
    const [client, socket] = await t.pair();
    const text = 'a\u00e9\u20ac\u{1f600}'.repeat(100000);
    socket.setEncoding('utf8');
    const pieces = [];
    socket.on('data', (data) => pieces.push(data));
    client.end(text);
    await t.once(socket, 'end');
    assert.strictEqual(pieces.join('') === text, true);
    assert.strictEqual(client.bytesWritten, Buffer.byteLength(text));
});

test('ten thousand small writes arrive in order, all called back',
    async (t) => {
        const [client, socket] = await t.pair();
        socket.setEncoding('latin1');
        let text = '';
        socket.on('data', (data) => {
            text += data;
        });
        const expected = [];
        let last = -1;
        for (let i = 0; i < 10000; i++) {
            expected.push(`${i},`);
            client.write(`${i},`, () => {
                assert.strictEqual(i, last + 1);
                last = i;
            });
        }
        client.end();
        await t.once(socket, 'end');
        assert.strictEqual(text, expected.join(''));
        assert.strictEqual(last, 9999);
    });

test('ten thousand small buffers in rounds arrive in order', async (t) => {
    const [client, socket] = await t.pair();
    const chunks = [];
    socket.on('data', (data) => chunks.push(data));
    const sent = [];
    for (let round = 0; round < 100; round++) {
        for (let i = 0; i < 100; i++) {
            const piece = Buffer.from(`${round}.${i} `);
            sent.push(piece);
            client.write(piece);
        }
        await t.turn();
    }
    client.end();
    await t.once(socket, 'end');
    assert.strictEqual(
        Buffer.concat(chunks).equals(Buffer.concat(sent)), true);
});

kinds('200 connections at once each get their own answer',
    async (t, where) => {
        const server = await t.server((socket) => {
            socket.setEncoding('latin1');
            let text = '';
            socket.on('data', (data) => {
                text += data;
            });
            socket.on('end', () => socket.end(`you said ${text}`));
        }, { ...where, allowHalfOpen: true });
        const one = async (i) => {
            const client = t.connect(server);
            client.write(`hello from ${i}`);
            client.end(`, bye from ${i}`);
            let text = '';
            client.on('data', (data) => {
                text += data;
            });
            await closed(client);
            assert.strictEqual(text,
                `you said hello from ${i}, bye from ${i}`);
        };
        await Promise.all(Array.from({ length: 200 }, (_, i) => one(i)));
        const count = await new Promise((resolve) => {
            server.getConnections((error, number) => resolve(number));
        });
        assert.strictEqual(count, 0);
    });

test('a thousand connections one after the other leave none behind',
    async (t) => {
        let open = 0;
        const server = await t.server((socket) => {
            open++;
            socket.on('close', () => open--);
            socket.end('x');
        });
        for (let i = 0; i < 1000; i++) {
            const client = t.connect(server);
            client.resume();
            await closed(client);
        }
        while (open > 0) {
            await t.turn();
        }
        const count = await new Promise((resolve) => {
            server.getConnections((error, number) => resolve(number));
        });
        assert.strictEqual(count, 0);
    });

test('sixteen clients write at once to one slow reader each', async (t) => {
    const payload = pattern(1 << 20);
    const results = [];
    const server = await t.server((socket) => {
        results.push((async () => {
            const chunks = [];
            for await (const data of socket) {
                chunks.push(data);
                if (chunks.length % 8 === 0) {
                    await t.sleep(1);
                }
            }
            return Buffer.concat(chunks);
        })());
    });
    const clients = [];
    for (let i = 0; i < 16; i++) {
        const client = t.connect(server);
        client.resume();
        client.end(payload);
        clients.push(closed(client));
    }
    await Promise.all(clients);
    assert.strictEqual(results.length, 16);
    for (const bytes of await Promise.all(results)) {
        assert.strictEqual(bytes.equals(payload), true);
    }
});

test('a fast writer does not starve the timers', async (t) => {
    const [client, socket] = await t.pair();
    socket.resume();
    let running = true;
    const chunk = Buffer.alloc(65536);
    const pump = () => {
        while (running && client.write(chunk));
    };
    client.on('drain', pump);
    pump();
    let ticks = 0;
    await new Promise((resolve) => {
        const timer = setInterval(() => {
            if (++ticks === 10) {
                clearInterval(timer);
                resolve();
            }
        }, 5);
    });
    running = false;
    assert.ok(client.bytesWritten > chunk.length);
});

/* What was read lies in memory that goes round. */
kinds('parts that are kept of a long stream keep their bytes',
    async (t, where) => {
        const [client, socket] = await t.pair(where);
        const block = pattern(1 << 20);
        const blocks = 48;
        const kept = [];
        let received = 0;
        socket.on('data', (data) => {
            if (kept.length < 400 && received % 3 !== 0) {
                const part = data.subarray(data.length >> 1);
                kept.push([received + (data.length >> 1), part]);
            }
            received += data.length;
        });
        for (let i = 0; i < blocks; i++) {
            if (!client.write(block)) {
                await t.once(client, 'drain');
            }
        }
        client.end();
        await t.once(socket, 'end');
        assert.strictEqual(received, blocks * block.length);
        assert.ok(kept.length > 0);
        for (const [at, part] of kept) {
            for (let i = 0; i < part.length;) {
                const place = (at + i) % block.length;
                const length = Math.min(part.length - i, block.length - place);
                assert.strictEqual(part.subarray(i, i + length).equals(
                    block.subarray(place, place + length)), true);
                i += length;
            }
        }
    });

/* The Buffers that wait are nobody's but the socket's; meanwhile a stream asks
 * for memory, and for the collector. */
kinds('what waits to be written is not read over', async (t, where) => {
    const [client, socket] = await t.pair(where);
    const [far, near] = await t.pair();
    const payload = pattern(24 << 20);
    const chunks = [];
    let sent = 0;
    let refused = false;
    near.pause();
    socket.on('data', (data) => {
        sent += data.length;
        if (sent <= payload.length) {
            refused = !far.write(data) || refused;
        }
    });
    client.write(payload);
    while (sent < payload.length) {
        await t.sleep(5);
    }
    assert.strictEqual(refused, true);
    client.end(Buffer.alloc(32 << 20, 0xee));
    await t.once(socket, 'end');
    far.end();
    near.on('data', (data) => chunks.push(data));
    near.resume();
    await t.once(near, 'end');
    assert.strictEqual(Buffer.concat(chunks).equals(payload), true);
});

if (process.versions.weir) {
    test('a stream is read in large pieces, messages are not', async (t) => {
        const [client, socket] = await t.pair();
        let largest = 0;
        let buffer = null;
        socket.on('data', (data) => {
            largest = Math.max(largest, data.length);
            buffer = data.buffer;
        });
        client.write('a message');
        await t.once(socket, 'data');
        assert.ok(buffer.byteLength <= 65536);
        client.end(pattern(32 << 20));
        await t.once(socket, 'end');
        assert.ok(largest > 65536);
    });
}
