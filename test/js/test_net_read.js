'use strict';
/*
 * The reading half of a socket: data, pause and resume, read() and readable,
 * encodings with characters cut in two, iteration, pipes into streams.
 */
const { test, assert } = require('./harness');

const noop = () => {};

/* Writes each piece once the one before has arrived, so that each is a packet
 * of its own. */
async function writeApart(t, from, to, pieces) {
    let total = to.bytesRead;
    for (const piece of pieces) {
        from.write(piece);
        total += piece.length;
        while (to.bytesRead < total) {
            await t.turn();
        }
        await t.turn();
    }
}

/* -------------------------------------------------------------------- data */

test('data is a Buffer by default, toString is UTF-8', async (t) => {
    const [client, socket] = await t.pair();
    client.write('h\u00e9');
    const [data] = await t.once(socket, 'data');
    assert.ok(Buffer.isBuffer(data));
    assert.strictEqual(data.toString(), 'h\u00e9');
    assert.strictEqual(data.length, 3);
});

test('a data listener starts reading, no listener reads nothing', async (t) => {
    const [client, socket] = await t.pair();
    assert.strictEqual(socket.readableFlowing, null);
    client.write('kept');
    await t.sleep(30);
    let text = '';
    socket.on('data', (data) => {
        text += data;
    });
    assert.strictEqual(socket.readableFlowing, true);
    await t.once(socket, 'data');
    assert.strictEqual(text, 'kept');
});

test('each data Buffer is its own: later data leaves it as it is',
    async (t) => {
        const [client, socket] = await t.pair();
        const kept = [];
        socket.on('data', (data) => kept.push(data));
        const pieces = [];
        for (let i = 0; i < 50; i++) {
            pieces.push(Buffer.alloc(100 + i, i));
        }
        await writeApart(t, client, socket, pieces);
        assert.strictEqual(Buffer.concat(kept).equals(Buffer.concat(pieces)),
            true);
    });

test('a data Buffer that is changed does not change others', async (t) => {
    const [client, socket] = await t.pair();
    const seen = [];
    socket.on('data', (data) => {
        seen.push(data.toString());
        data.fill(0);
        Buffer.from(data.buffer, data.byteOffset, data.length).fill(1);
    });
    await writeApart(t, client, socket, ['one', 'two', 'three']);
    assert.strictEqual(seen.join(''), 'onetwothree');
});

test('end comes once, after all data, without arguments', async (t) => {
    const [client, socket] = await t.pair();
    const order = [];
    socket.on('data', (data) => order.push(data.toString()));
    socket.on('end', t.mustCall((...args) => {
        assert.deepStrictEqual(args, []);
        order.push('end');
    }));
    client.end('bye');
    await t.once(socket, 'close');
    assert.deepStrictEqual(order, ['bye', 'end']);
    assert.strictEqual(socket.readableEnded, true);
    assert.strictEqual(socket.readable, false);
});

test('end waits for somebody who reads', async (t) => {
    const [client, socket] = await t.pair();
    const early = t.mustNotCall('end');
    socket.on('end', early);
    client.end('unread');
    await t.sleep(30);
    socket.removeListener('end', early);
    socket.resume();
    await t.once(socket, 'end');
});

test('several data listeners all get the data', async (t) => {
    const [client, socket] = await t.pair();
    socket.on('data', t.mustCall());
    socket.on('data', t.mustCall());
    socket.once('data', t.mustCall());
    client.write('x');
});

/* ---------------------------------------------------------- pause, resume */

test('no data comes after pause returned, all of it after resume',
    async (t) => {
        const [client, socket] = await t.pair();
        const payload = Buffer.alloc(1000000, 'ab');
        const chunks = [];
        let paused = false;
        socket.on('data', (data) => {
            assert.strictEqual(paused, false);
            chunks.push(data);
            if (chunks.length % 3 === 0) {
                socket.pause();
                paused = true;
                assert.strictEqual(socket.isPaused(), true);
                setImmediate(() => {
                    paused = false;
                    socket.resume();
                });
            }
        });
        client.end(payload);
        await t.once(socket, 'end');
        assert.strictEqual(Buffer.concat(chunks).equals(payload), true);
    });

test('a paused socket reads no more than its buffers hold', async (t) => {
    const [client, socket] = await t.pair();
    socket.on('data', noop);
    socket.pause();
    client.write(Buffer.alloc(16 << 20));
    await t.sleep(50);
    assert.ok(socket.bytesRead < 1 << 20, `${socket.bytesRead}`);
    assert.ok(client.bufferSize > 0);
    socket.resume();
    await t.once(client, 'drain');
    while (socket.bytesRead < 16 << 20) {
        await t.once(socket, 'data');
    }
});

test('pause and resume are told', async (t) => {
    const [client, socket] = await t.pair();
    socket.on('data', noop);
    await t.turn();
    const order = [];
    socket.on('pause', () => order.push('pause'));
    socket.on('resume', () => order.push('resume'));
    socket.pause();
    socket.resume();
    await t.turn();
    assert.deepStrictEqual(order, ['pause', 'resume']);
    client.destroy();
});

test('pause before any data, resume later', async (t) => {
    const [client, socket] = await t.pair();
    socket.pause();
    const early = t.mustNotCall('data');
    socket.on('data', early);
    client.write('x');
    await t.sleep(30);
    socket.removeListener('data', early);
    const data = t.once(socket, 'data');
    socket.resume();
    assert.strictEqual((await data)[0].toString(), 'x');
});

test('pause and resume while nothing has arrived leave reading alive',
    async (t) => {
        const [client, socket] = await t.pair();
        socket.on('data', noop);
        await t.turn();
        // Reading has begun, and nothing has come yet that would end it.
        socket.pause();
        socket.resume();
        const data = t.once(socket, 'data');
        client.write('x');
        assert.strictEqual((await data)[0].toString(), 'x');
    });

test('pause while nothing has arrived, then readable and read()',
    async (t) => {
        const [client, socket] = await t.pair();
        socket.on('data', noop);
        await t.turn();
        socket.pause();
        await t.turn();
        socket.removeListener('data', noop);
        const text = new Promise((resolve) => {
            socket.on('readable', () => {
                const data = socket.read();
                if (data !== null) {
                    resolve(data.toString());
                }
            });
        });
        client.write('x');
        assert.strictEqual(await text, 'x');
    });

test('pause while nothing has arrived, then for await', async (t) => {
    const [client, socket] = await t.pair();
    socket.on('data', noop);
    await t.turn();
    socket.pause();
    await t.turn();
    socket.removeListener('data', noop);
    client.end('x');
    let text = '';
    for await (const data of socket) {
        text += data;
    }
    assert.strictEqual(text, 'x');
});

test('pause does not hold up who listens to readable', async (t) => {
    const [client, socket] = await t.pair();
    const text = new Promise((resolve) => {
        socket.on('readable', () => {
            const data = socket.read();
            if (data !== null) {
                resolve(data.toString());
            }
        });
    });
    await t.turn();
    socket.pause();
    await t.turn();
    client.write('x');
    assert.strictEqual(await text, 'x');
});

test('pause does not hold up a for await', async (t) => {
    const [client, socket] = await t.pair();
    client.write('1');
    let text = '';
    for await (const data of socket) {
        text += data;
        t.turn().then(() => {
            socket.pause();
            client.end(text === '1' ? '2' : undefined);
        });
    }
    assert.strictEqual(text, '12');
});

test.weir('a socket paused before it is connected anew is not read',
    async (t) => {
        const server = await t.server((peer) => {
            peer.on('error', noop);
            peer.write('x');
        });
        const client = t.connect(server);
        client.on('data', noop);
        await t.once(client, 'connect');
        client.pause();
        client.destroy();
        client.connect(server.address().port, '127.0.0.1');
        await t.once(client, 'connect');
        await t.sleep(20);
        assert.strictEqual(client.bytesRead, 0);
        const data = t.once(client, 'data');
        client.resume();
        assert.strictEqual((await data)[0].toString(), 'x');
    });

test('pause while connecting holds the first data back', async (t) => {
    const server = await t.server((peer) => peer.write('greeting'));
    const client = t.connect(server);
    client.pause();
    const early = t.mustNotCall('data');
    client.on('data', early);
    await t.once(client, 'connect');
    await t.sleep(30);
    client.removeListener('data', early);
    const data = t.once(client, 'data');
    client.resume();
    assert.strictEqual((await data)[0].toString(), 'greeting');
});

test('data that came before the end is read though it ends paused',
    async (t) => {
        const [client, socket] = await t.pair();
        socket.pause();
        client.end('last words');
        await t.sleep(30);
        let text = '';
        socket.on('data', (data) => {
            text += data;
        });
        socket.resume();
        await t.once(socket, 'end');
        assert.strictEqual(text, 'last words');
    });

test('removing all data listeners stops nothing, pause does', async (t) => {
    const [client, socket] = await t.pair();
    socket.on('data', noop);
    socket.removeListener('data', noop);
    client.end('lost');
    await t.once(socket, 'end');
});

/* --------------------------------------------------------- readable, read */

test('readable and read() take the data piece by piece', async (t) => {
    const [client, socket] = await t.pair();
    let text = '';
    socket.on('readable', () => {
        let data;
        while ((data = socket.read()) !== null) {
            text += data;
        }
    });
    await writeApart(t, client, socket, ['one ', 'two ']);
    client.end('three');
    await t.once(socket, 'end');
    assert.strictEqual(text, 'one two three');
    assert.strictEqual(socket.read(), null);
});

test('read(n) waits for n bytes, at the end gives what is left', async (t) => {
    const [client, socket] = await t.pair();
    const got = [];
    socket.on('readable', () => {
        let data;
        while ((data = socket.read(4)) !== null) {
            got.push(data.toString());
        }
    });
    await writeApart(t, client, socket, ['ab', 'cd', 'efg']);
    assert.deepStrictEqual(got, ['abcd']);
    assert.strictEqual(socket.readableLength, 3);
    client.end();
    await t.once(socket, 'end');
    assert.deepStrictEqual(got, ['abcd', 'efg']);
});

test('readable is told at the end too, read() is null', async (t) => {
    const [client, socket] = await t.pair();
    socket.on('readable', t.mustCall(() => {
        assert.strictEqual(socket.read(), null);
    }));
    client.end();
    await t.once(socket, 'end');
});

test('unshift gives bytes back to be read again', async (t) => {
    const [client, socket] = await t.pair();
    client.write('header body');
    const [data] = await t.once(socket, 'data');
    socket.pause();
    socket.unshift(data.subarray(7));
    const again = t.once(socket, 'data');
    socket.resume();
    assert.strictEqual((await again)[0].toString(), 'body');
});

/* --------------------------------------------------------------- encodings */

test('setEncoding gives text, characters whole however they were cut',
    async (t) => {
        const [client, socket] = await t.pair();
        socket.setEncoding('utf8');
        assert.strictEqual(socket.readableEncoding, 'utf8');
        const pieces = [];
        socket.on('data', (data) => {
            assert.strictEqual(typeof data, 'string');
            pieces.push(data);
        });
        const text = 'a\u00e9\u20ac\u{1f600}z';
        const bytes = Buffer.from(text);
        const single = [];
        for (const byte of bytes) {
            single.push(Buffer.from([byte]));
        }
        await writeApart(t, client, socket, single);
        client.end();
        await t.once(socket, 'end');
        assert.strictEqual(pieces.join(''), text);
        assert.ok(pieces.every((piece) => !piece.includes('\ufffd')));
    });

test('a character cut off by the end becomes U+FFFD', async (t) => {
    const [client, socket] = await t.pair();
    socket.setEncoding('utf8');
    let text = '';
    socket.on('data', (data) => {
        text += data;
    });
    client.end(Buffer.from([0x61, 0xe2, 0x82]));
    await t.once(socket, 'end');
    assert.strictEqual(text, 'a\ufffd');
});

test('setEncoding in every encoding', async (t) => {
    const bytes = Buffer.from([0x61, 0x62, 0xe9, 0x00, 0x7a]);
    const table = {
        ascii: 'abi\0z',
        latin1: 'ab\u00e9\0z',
        binary: 'ab\u00e9\0z',
        hex: '6162e9007a',
        base64: 'YWLpAHo=',
        base64url: 'YWLpAHo',
        utf8: 'ab\ufffd\0z',
        utf16le: '\u6261\u00e9',
    };
    for (const [encoding, expected] of Object.entries(table)) {
        const [client, socket] = await t.pair();
        socket.setEncoding(encoding);
        let text = '';
        socket.on('data', (data) => {
            text += data;
        });
        await writeApart(t, client, socket, [
            bytes.subarray(0, 1), bytes.subarray(1, 4), bytes.subarray(4),
        ]);
        client.end();
        await t.once(socket, 'end');
        // Half a character of UTF-16 at the end is dropped.
        assert.strictEqual(text, expected, encoding);
    }
});

test('base64 comes in whole groups however it was cut', async (t) => {
    const [client, socket] = await t.pair();
    socket.setEncoding('base64');
    const pieces = [];
    socket.on('data', (data) => pieces.push(data));
    await writeApart(t, client, socket, ['a', 'b', 'c', 'd', 'ef', 'g']);
    client.end();
    await t.once(socket, 'end');
    assert.strictEqual(pieces.join(''),
        Buffer.from('abcdefg').toString('base64'));
});

test('setEncoding when data is waiting turns that into text too',
    async (t) => {
        const [client, socket] = await t.pair();
        client.write('\u20ac');
        await t.once(socket, 'readable');
        socket.setEncoding('utf8');
        assert.strictEqual(socket.read(), '\u20ac');
    });

test('setEncoding of an unknown name throws', async (t) => {
    const [client] = await t.pair();
    assert.throws(() => client.setEncoding('klingon'), {
        name: 'TypeError',
        code: 'ERR_UNKNOWN_ENCODING',
        message: 'Unknown encoding: klingon',
    });
});

/* --------------------------------------------------------------- iteration */

test('for await reads to the end', async (t) => {
    const [client, socket] = await t.pair();
    client.write('one ');
    setTimeout(() => client.end('two'), 10);
    let text = '';
    for await (const data of socket) {
        assert.ok(Buffer.isBuffer(data));
        text += data;
    }
    assert.strictEqual(text, 'one two');
});

test('for await with an encoding gives text', async (t) => {
    const [client, socket] = await t.pair();
    socket.setEncoding('utf8');
    client.end('\u20ac');
    for await (const data of socket) {
        assert.strictEqual(data, '\u20ac');
    }
});

test('leaving for await destroys the socket', async (t) => {
    const [client, socket] = await t.pair();
    client.on('error', noop);
    client.write('x');
    for await (const data of socket) {
        assert.strictEqual(data.toString(), 'x');
        break;
    }
    assert.strictEqual(socket.destroyed, true);
});

test('for await throws what destroys the socket', async (t) => {
    const [, socket] = await t.pair();
    const wrong = new Error('while iterating');
    setTimeout(() => socket.destroy(wrong), 5);
    await assert.rejects(async () => {
        for await (const data of socket) {
            assert.fail(`${data}`);
        }
    }, wrong);
});

test('for await throws ECONNRESET when the peer resets', async (t) => {
    const [client, socket] = await t.pair();
    setTimeout(() => client.resetAndDestroy(), 5);
    await assert.rejects(async () => {
        for await (const data of socket) {
            assert.fail(`${data}`);
        }
    }, { code: 'ECONNRESET' });
});

test('a slow for await gets every byte', async (t) => {
    const [client, socket] = await t.pair();
    const payload = Buffer.alloc(500000, 'xyz');
    client.end(payload);
    const chunks = [];
    for await (const data of socket) {
        await t.turn();
        chunks.push(data);
    }
    assert.strictEqual(Buffer.concat(chunks).equals(payload), true);
});

/* ------------------------------------------------------------------- pipes */

test('pipe into a Writable, unpipe, pipe again', async (t) => {
    const { Writable } = require('stream');
    const [client, socket] = await t.pair();
    let text = '';
    const sink = new Writable({
        write(chunk, encoding, callback) {
            text += chunk;
            callback();
        },
    });
    assert.strictEqual(socket.pipe(sink), sink);
    await writeApart(t, client, socket, ['one ']);
    assert.strictEqual(text, 'one ');
    assert.strictEqual(socket.unpipe(sink), socket);
    client.write('two ');
    await t.sleep(20);
    assert.strictEqual(text, 'one ');
    socket.pipe(sink);
    client.end('three');
    await t.once(sink, 'finish');
    assert.strictEqual(text, 'one two three');
});

test('pipe into a slow Writable keeps every byte and stops reading',
    async (t) => {
        const { Writable } = require('stream');
        const [client, socket] = await t.pair();
        const payload = Buffer.alloc(2000000, 'slow');
        const chunks = [];
        const sink = new Writable({
            highWaterMark: 1000,
            write(chunk, encoding, callback) {
                chunks.push(chunk);
                setImmediate(callback);
            },
        });
        socket.pipe(sink);
        client.end(payload);
        await t.once(sink, 'finish');
        assert.strictEqual(Buffer.concat(chunks).equals(payload), true);
    });

test('a Readable piped into a socket arrives and ends it', async (t) => {
    const { Readable } = require('stream');
    const [client, socket] = await t.pair();
    Readable.from(['one ', 'two ', 'three']).pipe(client);
    let text = '';
    socket.on('data', (data) => {
        text += data;
    });
    await t.once(socket, 'end');
    assert.strictEqual(text, 'one two three');
});

test('pipe with end: false leaves the socket open', async (t) => {
    const { Readable } = require('stream');
    const [client, socket] = await t.pair();
    const source = Readable.from(['x']);
    source.pipe(client, { end: false });
    await t.once(source, 'end');
    client.end('y');
    let text = '';
    socket.on('data', (data) => {
        text += data;
    });
    await t.once(socket, 'end');
    assert.strictEqual(text, 'xy');
});

test('pipeline through a Transform and back', async (t) => {
    const { pipeline, Transform } = require('stream');
    const server = await t.server((peer) => {
        const upper = new Transform({
            transform(chunk, encoding, callback) {
                callback(null, chunk.toString().toUpperCase());
            },
        });
        pipeline(peer, upper, peer, t.mustSucceed());
    }, { allowHalfOpen: true });
    const client = t.connect(server);
    client.end('shout');
    let text = '';
    client.on('data', (data) => {
        text += data;
    });
    await t.once(client, 'end');
    assert.strictEqual(text, 'SHOUT');
});

test('stream.finished tells when a socket is through', async (t) => {
    const { finished } = require('stream');
    const [client, socket] = await t.pair();
    finished(socket, t.mustSucceed());
    finished(client, t.mustSucceed());
    socket.resume();
    client.resume();
    client.end();
});

test('stream.finished tells a premature close', async (t) => {
    const { finished } = require('stream');
    const [client] = await t.pair();
    finished(client, t.mustCall((error) => {
        assert.strictEqual(error.code, 'ERR_STREAM_PREMATURE_CLOSE');
    }));
    client.destroy();
});

test('an exception in a data listener leaves the socket reading', async (t) => {
    const [client, socket] = await t.pair();
    const messages = [];
    t.uncaught((error) => messages.push(error.message));
    socket.on('data', (data) => {
        throw new Error(`bad ${data}`);
    });
    await writeApart(t, client, socket, ['a', 'b', 'c']);
    assert.deepStrictEqual(messages, ['bad a', 'bad b', 'bad c']);
    client.end();
    await t.once(socket, 'end');
});

test('an exception in an end listener leaves the loop at work', async (t) => {
    const [client, socket, server] = await t.pair();
    const caught = new Promise((resolve) => t.uncaught(resolve));
    socket.resume();
    socket.on('end', () => {
        throw new Error('from end');
    });
    client.end();
    assert.strictEqual((await caught).message, 'from end');
    const accepted = t.once(server, 'connection');
    t.connect(server).end('next');
    const [data] = await t.once((await accepted)[0], 'data');
    assert.strictEqual(data.toString(), 'next');
});

test('an exception in a close listener: the others are not held up',
    async (t) => {
        const [client] = await t.pair();
        const [other] = await t.pair();
        const messages = [];
        t.uncaught((error) => messages.push(error.message));
        client.on('close', () => {
            throw new Error('from close');
        });
        client.destroy();
        other.destroy();
        await t.once(other, 'close');
        await t.turn();
        assert.deepStrictEqual(messages, ['from close']);
    });

test('an exception in an error listener leaves the loop at work',
    async (t) => {
        const [client] = await t.pair();
        const caught = new Promise((resolve) => t.uncaught(resolve));
        client.on('error', () => {
            throw new Error('from error');
        });
        client.on('close', t.mustCall());
        client.destroy(new Error('original'));
        assert.strictEqual((await caught).message, 'from error');
    });
