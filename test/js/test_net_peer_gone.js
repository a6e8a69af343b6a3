'use strict';
/*
 * The peer goes while nobody reads, or while not everything is taken: a socket
 * that is paused learns of it when nothing is buffered, and what had arrived is
 * taken before an error is told, whichever way it is read.
 */
const { test, assert, onWeir } = require('./harness');
const net = require('net');

const noop = () => {};

/* Node gives up what was not taken when an error comes. */
const weirOnly = onWeir ? test : noop;

function record(socket, ...events) {
    const order = [];
    for (const event of events) {
        socket.on(event, (error) => {
            order.push(error instanceof Error ? `${event} ${error.code}`
                : event);
        });
    }
    return order;
}

function closed(socket) {
    return new Promise((resolve) => socket.once('close', resolve));
}

/* Until so much has reached the program's buffer, or the kernel's. */
async function until(t, condition) {
    while (!condition()) {
        await t.turn();
    }
}

/* ----------------------------------------------------------- while paused */

for (const [when, pause] of [
    ['before anything came', async (t, client, socket) => socket.pause()],
    ['while it flowed', async (t, client, socket) => {
        socket.on('data', noop);
        await t.turn();
        socket.pause();
    }],
    ['in data', async (t, client, socket) => {
        socket.on('data', () => socket.pause());
        client.write('x');
        await t.once(socket, 'data');
    }],
    ['by unpipe', async (t, client, socket) => {
        const { PassThrough } = require('stream');
        const sink = new PassThrough();
        socket.pipe(sink);
        await t.turn();
        socket.unpipe(sink);
    }],
]) {
    test(`a socket paused ${when} is told of its peer's end`, async (t) => {
        const [client, socket] = await t.pair();
        await pause(t, client, socket);
        const order = record(socket, 'end', 'finish', 'error', 'close');
        const early = t.mustNotCall('data');
        socket.on('data', early);
        client.resume();
        client.end();
        await Promise.all([closed(socket), closed(client)]);
        assert.deepStrictEqual(order, ['end', 'finish', 'close']);
        assert.strictEqual(socket.isPaused(), true);
    });

    test(`a socket paused ${when} is told of a reset`, async (t) => {
        const [client, socket] = await t.pair();
        await pause(t, client, socket);
        const order = record(socket, 'end', 'finish', 'error', 'close');
        client.resetAndDestroy();
        await closed(socket);
        assert.deepStrictEqual(order, ['error ECONNRESET', 'close']);
    });
}

test('with allowHalfOpen a paused socket is told the end, and writes on',
    async (t) => {
        const [client, socket] = await t.pair({ allowHalfOpen: true });
        socket.pause();
        client.end();
        await t.once(socket, 'end');
        socket.end('answer');
        const [data] = await t.once(client, 'data');
        assert.strictEqual(data.toString(), 'answer');
    });

test('a paused socket that has ended closes when its peer has', async (t) => {
    const [client, socket, server] = await t.pair();
    socket.pause();
    socket.end('go away');
    client.resume();
    server.close(t.mustSucceed());
    await closed(socket);
});

test('the end is not told while data waits before it', async (t) => {
    const [client, socket] = await t.pair();
    socket.pause();
    const early = t.mustNotCall('end');
    socket.on('end', early);
    client.resume();
    client.end('data');
    await t.sleep(30);
    socket.removeListener('end', early);
    let text = '';
    socket.on('data', (data) => {
        text += data;
    });
    socket.resume();
    await closed(socket);
    assert.strictEqual(text, 'data');
});

test('pauseOnConnect: nothing is told before the socket is resumed',
    async (t) => {
        const [client, socket] = await t.pair({ pauseOnConnect: true });
        const early = t.mustNotCall('end');
        socket.on('end', early);
        client.end();
        await t.sleep(30);
        socket.removeListener('end', early);
        socket.resume();
        await t.once(socket, 'end');
    });

weirOnly('pause() in the tick of the data listener: the kernel is not read',
    async (t) => {
        const [client, socket] = await t.pair();
        socket.on('data', t.mustNotCall('data'));
        socket.pause();
        client.write('kept');
        await t.sleep(30);
        assert.strictEqual(socket.bytesRead, 0);
    });

weirOnly('pause() in data with an encoding: the kernel is not read',
    async (t) => {
        const [client, socket] = await t.pair();
        socket.setEncoding('utf8');
        socket.on('data', () => socket.pause());
        client.write('one');
        await t.once(socket, 'data');
        client.write('two');
        await t.sleep(30);
        assert.strictEqual(socket.bytesRead, 3);
    });

/* ------------------------------------------------- what had arrived is read */

/* Each way takes all that there is; it gives a promise of the text, and of
 * what was thrown or told. */
const ways = {
    'flowing': (socket) => new Promise((resolve) => {
        let text = '';
        socket.on('data', (data) => {
            text += data;
        });
        socket.on('error', (error) => resolve([text, error.code]));
    }),
    'by readable and read()': (socket) => new Promise((resolve) => {
        let text = '';
        socket.on('readable', () => {
            let data;
            while ((data = socket.read()) !== null) {
                text += data;
            }
        });
        socket.on('error', (error) => resolve([text, error.code]));
    }),
    'by read(2)': (socket) => new Promise((resolve) => {
        let text = '';
        socket.on('readable', () => {
            let data;
            while ((data = socket.read(2)) !== null) {
                text += data;
            }
        });
        socket.on('error', (error) => resolve([text, error.code]));
    }),
    'by for await': async (socket) => {
        let text = '';
        try {
            for await (const data of socket) {
                text += data;
                await new Promise(setImmediate);
            }
        } catch (error) {
            return [text, error.code];
        }
        return [text, undefined];
    },
    'by pipe': (socket) => new Promise((resolve) => {
        const { Writable } = require('stream');
        let text = '';
        socket.pipe(new Writable({
            highWaterMark: 1,
            write(data, encoding, callback) {
                text += data;
                setImmediate(callback);
            },
        }));
        socket.on('error', (error) => resolve([text, error.code]));
    }),
};

for (const [way, read] of Object.entries(ways)) {
    weirOnly(`a reset takes nothing that was read before: ${way}`,
        async (t) => {
            const [client, socket] = await t.pair();
            client.write('PAYLOAD');
            await until(t, () => socket.readableLength === 7);
            client.resetAndDestroy();
            await t.sleep(20);
            assert.strictEqual(socket.destroyed, false);
            assert.deepStrictEqual(await read(socket),
                ['PAYLOAD', 'ECONNRESET']);
        });

    weirOnly(`a reset takes nothing that the kernel has: ${way}`,
        async (t) => {
            const [client, socket] = await t.pair();
            socket.pause();
            client.write('PAYLOAD');
            await t.sleep(10);
            client.resetAndDestroy();
            await t.sleep(20);
            const got = read(socket);
            socket.resume();
            assert.deepStrictEqual(await got, ['PAYLOAD', 'ECONNRESET']);
        });

    weirOnly(`a write that fails takes nothing before a FIN: ${way}`,
        async (t) => {
            const [client, socket] = await t.pair();
            client.write('PAYLOAD');
            client.destroySoon();
            await closed(client);
            await until(t, () => socket.readableLength === 7);
            socket.write('refused');
            await t.sleep(10);
            socket.write('and told so', t.mustCall((error) => {
                assert.ok(error);
            }));
            await t.sleep(10);
            const order = record(socket, 'end', 'error', 'close');
            const over = closed(socket);
            const [text] = await read(socket);
            await over;
            assert.strictEqual(text, 'PAYLOAD');
            assert.deepStrictEqual(order.slice(0, 1), ['end']);
            assert.strictEqual(order.length, 3);
        });

    weirOnly(`a write that fails takes nothing that the kernel has: ${way}`,
        async (t) => {
            const [client, socket] = await t.pair();
            socket.pause();
            client.write('PAYLOAD');
            client.destroySoon();
            await closed(client);
            socket.write('refused');
            await t.sleep(10);
            socket.write('and told so', noop);
            await t.sleep(10);
            const got = read(socket);
            const over = closed(socket);
            socket.resume();
            const [text] = await got;
            await over;
            assert.strictEqual(text, 'PAYLOAD');
        });
}

weirOnly('who waits for drain before reading on is not left waiting',
    async (t) => {
        const [client, socket] = await t.pair();
        client.pause();
        client.write('question');
        await until(t, () => socket.readableLength === 8);
        while (socket.write(Buffer.alloc(1 << 20)));
        client.resetAndDestroy();
        socket.on('error', noop);
        await t.once(socket, 'drain');
        const [data] = await t.once(socket, 'data');
        assert.strictEqual(data.toString(), 'question');
        await closed(socket);
    });

test('an echo through a transform whose peer breaks off closes', async (t) => {
    const { PassThrough } = require('stream');
    const [client, socket] = await t.pair();
    socket.pipe(new PassThrough()).pipe(socket);
    client.pause();
    client.on('error', noop);
    client.write(Buffer.alloc(8 << 20));
    await t.sleep(20);
    client.resetAndDestroy();
    await t.once(socket, 'error');
    await closed(socket);
});

weirOnly('destroySoon does not wait for a reader after an error',
    async (t) => {
        const [client, socket] = await t.pair();
        client.write('x');
        await until(t, () => socket.readableLength === 1);
        client.resetAndDestroy();
        await t.sleep(20);
        socket.on('error', noop);
        socket.destroySoon();
        await closed(socket);
    });

test('both sides have ended and data waits: still connected', async (t) => {
    const [client, socket, server] = await t.pair({ allowHalfOpen: true });
    client.resume();
    socket.end('bye');
    client.end('request');
    await closed(client);
    await until(t, () => socket.readableLength === 7);
    await t.turn();
    assert.strictEqual(socket.pending, false);
    assert.strictEqual(socket.destroyed, false);
    assert.strictEqual(socket.localPort, server.address().port);
    assert.notStrictEqual(socket._handle, null);
    const over = closed(socket);
    const [data] = await t.once(socket, 'data');
    assert.strictEqual(data.toString(), 'request');
    await over;
    assert.strictEqual(socket.pending, true);
    assert.strictEqual(socket._handle, null);
});

/* A socket both of whose sides have ended before anybody has read. */
async function endedUnread(t, where = {}) {
    const [client, socket] = await t.pair({ allowHalfOpen: true, ...where });
    client.resume();
    client.end('request');
    socket.end('busy');
    await Promise.all([closed(client), t.once(socket, 'finish')]);
    await until(t, () => socket.readableLength === 7);
    await t.turn();
    return socket;
}

test('both sides have ended and data waits: the idle time goes on',
    async (t) => {
        const server = await t.server((socket) => {
            socket.setTimeout(30, t.mustCall(() => socket.destroy()));
            socket.on('close', t.mustCall());
            socket.end('busy');
        });
        const client = t.connect(server, {}, () => client.end('request'));
        client.resume();
        await closed(client);
        server.close(t.mustCall());
    });

test('both sides have ended and data waits: an idle time can be set',
    async (t) => {
        const socket = await endedUnread(t);
        socket.setTimeout(10);
        await t.once(socket, 'timeout');
        socket.on('timeout', t.mustNotCall());
        await t.sleep(30);
        socket.setTimeout(10);
        socket.setTimeout(0);
        await t.sleep(30);
        socket.setTimeout(10);
        socket.destroy();
        await t.sleep(30);
    });

test('a timeout that was told before both sides ended is not told again',
    async (t) => {
        const server = await t.server((socket) => {
            let told = 0;
            socket.setTimeout(30);
            socket.on('timeout', () => told++);
            socket.once('timeout', () => socket.end());
            socket.on('finish', t.mustCall(async () => {
                await t.sleep(100);
                assert.strictEqual(told, 1);
            }));
        });
        const client = t.connect(server, {}, () => client.end('request'));
        client.resume();
        await closed(client);
        await t.sleep(100);
    });

test('both sides have ended and data waits: resetAndDestroy() is no error',
    async (t) => {
        const socket = await endedUnread(t);
        socket.resetAndDestroy();
        const [hadError] = await t.once(socket, 'close');
        assert.strictEqual(hadError, false);
        const local = await endedUnread(t, { path: t.path() });
        assert.throws(() => local.resetAndDestroy(),
            { code: 'ERR_INVALID_HANDLE_TYPE' });
    });

test('both sides have ended: resetAndDestroy() in finish is no error',
    async (t) => {
        const [client, socket] = await t.pair();
        socket.resume();
        socket.on('finish', t.mustCall(() => socket.resetAndDestroy()));
        client.resume();
        client.end();
        const [hadError] = await t.once(socket, 'close');
        assert.strictEqual(hadError, false);
    });

weirOnly('a socket that broke before it was read has its idle time',
    async (t) => {
        const [client, socket] = await t.pair();
        client.write('x');
        await until(t, () => socket.readableLength === 1);
        client.resetAndDestroy();
        await closed(client);
        await t.sleep(20);
        socket.setTimeout(10);
        await t.once(socket, 'timeout');
        socket.resetAndDestroy();
        const [hadError] = await t.once(socket, 'close');
        assert.strictEqual(hadError, false);
    });

/* ------------------------------------------------------------------ onread */

test('onread with an empty buffer is ENOBUFS', async (t) => {
    const server = await t.server((peer) => peer.write('x'));
    const client = t.track(net.connect({
        port: server.address().port,
        host: '127.0.0.1',
        onread: { buffer: () => Buffer.alloc(0), callback: noop },
    }));
    const [error] = await t.once(client, 'error');
    assert.strictEqual(error.code, 'ENOBUFS');
    assert.strictEqual(error.syscall, 'read');
    assert.ok(error.errno < 0);
});

weirOnly('onread: a buffer that cannot be written to loses nothing',
    async (t) => {
        const messages = [];
        t.uncaught((error) => messages.push(error.name));
        const server = await t.server((peer) => peer.end('payload'));
        const good = Buffer.alloc(16);
        const buffers = [{ length: 16 }, good];
        let text = '';
        const client = t.track(net.connect({
            port: server.address().port,
            host: '127.0.0.1',
            onread: {
                buffer: () => buffers.shift() ?? good,
                callback: (length, buffer) => {
                    text += buffer.toString('utf8', 0, length);
                },
            },
        }));
        await closed(client);
        assert.deepStrictEqual(messages, ['TypeError']);
        assert.strictEqual(text, 'payload');
    });

weirOnly('onread: what a pause held back comes before a reset', async (t) => {
    let text = '';
    const accepted = t.server();
    const server = await accepted;
    const connection = t.once(server, 'connection');
    const client = t.track(net.connect({
        port: server.address().port,
        host: '127.0.0.1',
        onread: {
            buffer: Buffer.alloc(2),
            callback(length, buffer) {
                text += buffer.toString('utf8', 0, length);
                return text.length > 2;
            },
        },
    }));
    const [peer] = await connection;
    peer.write('payload');
    await until(t, () => text === 'pa');
    peer.resetAndDestroy();
    await t.sleep(20);
    client.on('end', t.mustNotCall('end'));
    const error = t.once(client, 'error');
    client.resume();
    assert.strictEqual((await error)[0].code, 'ECONNRESET');
    assert.strictEqual(text, 'payload');
});

/* ------------------------------------------------------------------- others */

test('end(data) after the peer\'s end is a write after end', async (t) => {
    const [client, socket] = await t.pair();
    client.on('error', noop);
    client.resume();
    socket.resume();
    socket.end();
    await closed(client);
    client.end('data', t.mustCall((error) => {
        assert.strictEqual(error.code, 'ERR_STREAM_WRITE_AFTER_END');
    }));
});

weirOnly('setEncoding after the end: half a character is U+FFFD',
    async (t) => {
        const [client, socket] = await t.pair();
        client.end(Buffer.from([0x61, 0xe2, 0x82]));
        await until(t, () => socket._readableState.ended);
        socket.setEncoding('utf8');
        const [text] = await t.once(socket, 'data');
        assert.strictEqual(text, 'a\ufffd');
    });

test('a write that fails in a listener of end is told as an error', async (t) => {
    const path = t.path();
    const [client, socket] = await t.pair({ allowHalfOpen: true, path });
    const order = [];
    socket.resume();
    socket.on('end', () => {
        socket.write('x', (error) => order.push(`write ${error.code}`));
    });
    socket.on('error', (error) => order.push(error.code));
    client.destroy();
    await closed(socket);
    assert.deepStrictEqual(order, ['write EPIPE', 'EPIPE']);
});
