'use strict';
/*
 * The writing half of a socket: write, end, cork, drain, and their callbacks.
 */
const net = require('net');
const { test, assert } = require('./harness');
const { all, closed, refused } = require('./writing');

const LOCAL = '127.0.0.1';
const noop = () => {};

/* ------------------------------------------------------------------- write */

test('text is written in the encoding it is given with', async (t) => {
    const [client, socket] = await t.pair();
    const received = all(t, socket);
    client.write('h\u00e9');
    client.write('h\u00e9', 'utf8');
    client.write('h\u00e9', 'utf-8');
    client.write('h\u00e9', 'UTF8');
    client.write('h\u00e9', 'latin1');
    client.write('h\u00e9', 'binary');
    client.write('h\u00e9', 'ascii');
    client.write('h\u00e9', 'utf16le');
    client.write('h\u00e9', 'ucs2');
    client.write('68c3a9', 'hex');
    client.write('aMOp', 'base64');
    client.write('aMOp', 'base64url');
    client.end();
    const utf8 = '68c3a9';
    assert.strictEqual((await received).toString('hex'), [
        utf8, utf8, utf8, utf8, '68e9', '68e9', '68e9',
        '6800e900', '6800e900', utf8, utf8, utf8,
    ].join(''));
});

test('every kind of byte array is written, only the part it views',
    async (t) => {
        const [client, socket] = await t.pair();
        const received = all(t, socket);
        const memory = Uint8Array.from([0, 1, 2, 3, 4, 5, 6, 7]);
        client.write(memory.subarray(1, 3));
        client.write(Buffer.from(memory.buffer, 3, 2));
        client.end(new Uint8Array(memory.buffer, 5));
        assert.deepStrictEqual([...await received], [1, 2, 3, 4, 5, 6, 7]);
    });

test('text that is no valid Unicode is written with U+FFFD', async (t) => {
    const [client, socket] = await t.pair();
    const received = all(t, socket);
    client.end('a\ud800b\udc00');
    assert.strictEqual((await received).toString(), 'a\ufffdb\ufffd');
});

test('text with NUL and beyond the BMP is written whole', async (t) => {
    const [client, socket] = await t.pair();
    const received = all(t, socket);
    const text = 'a\0b\u{1f600}\0';
    client.end(text);
    assert.strictEqual((await received).toString(), text);
});

test('writes before connect go out in order', async (t) => {
    const server = await t.server();
    const accepted = t.once(server, 'connection');
    const socket = t.connect(server);
    const order = [];
    socket.on('connect', () => order.push('connect'));
    socket.write('one ', () => order.push('one'));
    socket.write(Buffer.from('two '), () => order.push('two'));
    const finished = t.once(socket, 'finish');
    socket.end('three', () => order.push('end'));
    const [peer] = await accepted;
    assert.strictEqual((await all(t, peer)).toString(), 'one two three');
    await finished;
    assert.deepStrictEqual(order, ['connect', 'one', 'two', 'end']);
});

test('nothing, written before connect, waits for the connection', async (t) => {
    const server = await t.server();
    const socket = t.connect(server);
    const order = [];
    socket.on('connect', () => order.push('connect'));
    socket.write('', () => order.push('nothing'));
    socket.cork();
    socket.write('', () => order.push('corked'));
    socket.uncork();
    socket.end('', () => order.push('end'));
    await t.once(socket, 'finish');
    assert.deepStrictEqual(order, ['connect', 'nothing', 'corked', 'end']);
});

test('nothing, written before a connection that fails, is told the error',
    async (t) => {
        const given = t.track(new net.Socket());
        const own = t.track(new net.Socket({ write: given._write }));
        for (const socket of [given, own]) {
            socket.connect(t.path());
            socket.on('error', t.mustCall());
            socket.write('', t.mustCall((error) => assert.ok(error)));
        }
    });

test('write before connect returns false, and drain follows', async (t) => {
    const server = await t.server((peer) => peer.resume());
    const socket = t.connect(server);
    // Node returns true below its high-water mark: a large write shows both.
    assert.strictEqual(socket.write(Buffer.alloc(100000)), false);
    await t.once(socket, 'drain');
    assert.strictEqual(socket.bufferSize, 0);
});

test('callbacks come in order, once, after write has returned', async (t) => {
    const [client, socket] = await t.pair();
    socket.resume();
    const order = [];
    for (let i = 0; i < 10; i++) {
        client.write(`${i}`, t.mustCall((error) => {
            assert.ok(error === undefined || error === null);
            order.push(i);
        }));
    }
    assert.deepStrictEqual(order, []);
    await new Promise((resolve) => client.end(resolve));
    assert.deepStrictEqual(order, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('write(data, null, callback) and (data, undefined, callback)',
    async (t) => {
        const [client, socket] = await t.pair();
        const received = all(t, socket);
        client.write('a', null, t.mustCall());
        client.write('b', undefined, t.mustCall());
        client.write('c', 'utf8', t.mustCall());
        client.write('d', t.mustCall());
        client.write(Buffer.from('e'), 'ignored' && 'utf8', t.mustCall());
        client.end();
        assert.strictEqual((await received).toString(), 'abcde');
    });

test('the callback of what the kernel took comes with the next tick',
    async (t) => {
        const [client] = await t.pair();
        const order = [];
        process.nextTick(() => order.push('before'));
        client.write('a', () => order.push('write'));
        process.nextTick(() => order.push('behind'));
        await new Promise(setImmediate);
        assert.deepStrictEqual(order, ['before', 'write', 'behind']);
    });

test('a callback within a callback comes behind those that are out',
    async (t) => {
        const [client, socket] = await t.pair();
        const order = [];
        client.write(Buffer.alloc(8 << 20), () => {
            order.push('first');
            client.write('c', t.mustCall(() => {
                assert.deepStrictEqual(order, ['first', 'second']);
            }));
        });
        client.write('b', () => order.push('second'));
        socket.resume();
    });

test('drain comes before the callback of the last write', async (t) => {
    const [client, socket] = await t.pair();
    const order = [];
    client.on('drain', () => order.push('drain'));
    client.write(Buffer.alloc(8 << 20), () => order.push('write'));
    socket.resume();
    await t.once(client, 'drain');
    await new Promise(setImmediate);
    assert.deepStrictEqual(order, ['drain', 'write']);
});

for (const [what, refuse] of [
    ['end', (client) => client.end()],
    ['destroy', (client) => client.destroy(new Error('of my own'))],
]) {
    test(`what was written before ${what}() is told before what is refused ` +
        'after it, and before the error', async (t) => {
        const [client] = await t.pair();
        const order = [];
        client.on('error', () => order.push('error'));
        client.write('a', (error) => order.push('a', error ?? null));
        refuse(client);
        client.write('b', (error) => order.push('b', error.code));
        await new Promise((resolve) => client.once('close', resolve));
        assert.deepStrictEqual(order.slice(0, 2), ['a', null]);
        assert.strictEqual(order.includes('b'), true);
        assert.strictEqual(order.includes('error'), true);
    });
}

test('an empty write calls back and sends nothing', async (t) => {
    const [client, socket] = await t.pair();
    const received = all(t, socket);
    client.write('', t.mustCall());
    client.write(Buffer.alloc(0), t.mustCall());
    await t.sleep(5);
    client.end('', t.mustCall());
    assert.strictEqual((await received).length, 0);
});

test('drain comes once for a fill, after everything has gone', async (t) => {
    const [client, socket] = await t.pair();
    client.on('drain', t.mustCall(() => {
        assert.strictEqual(client.writableLength, 0);
        assert.strictEqual(client.writableNeedDrain, false);
    }));
    let refused = false;
    for (let i = 0; i < 100; i++) {
        refused = !client.write(Buffer.alloc(65536)) || refused;
    }
    assert.strictEqual(refused, true);
    socket.resume();
    await t.once(client, 'drain');
    await t.sleep(10);
});

test('drain comes once for each fill', async (t) => {
    const [client, socket] = await t.pair();
    socket.resume();
    for (let i = 0; i < 3; i++) {
        while (client.write(Buffer.alloc(1 << 20)));
        await t.once(client, 'drain');
    }
});

test('write goes on after false: nothing is refused or lost', async (t) => {
    const [client, socket] = await t.pair();
    const received = all(t, socket);
    let sent = 0;
    for (let i = 0; i < 200; i++) {
        client.write(Buffer.alloc(10007, i));
        sent += 10007;
    }
    client.end();
    const bytes = await received;
    assert.strictEqual(bytes.length, sent);
    for (let i = 0; i < 200; i++) {
        assert.strictEqual(bytes[i * 10007], i);
        assert.strictEqual(bytes[i * 10007 + 10006], i);
    }
});

test('a buffer written may be changed once its callback was called',
    async (t) => {
        const [client, socket] = await t.pair();
        const received = all(t, socket);
        const buffer = Buffer.alloc(4);
        for (let i = 0; i < 5; i++) {
            buffer.fill(i);
            await new Promise((resolve) => client.write(buffer, resolve));
        }
        client.end();
        assert.strictEqual((await received).toString('hex'),
            '0000000001010101020202020303030304040404');
    });

test.weir('write is true when the kernel took all, false when not',
    async (t) => {
        const [client, socket] = await t.pair();
        assert.strictEqual(client.write('x'), true);
        assert.strictEqual(client.bufferSize, 0);
        // Far above Node's mark, and yet all of it goes at once.
        assert.strictEqual(client.write(Buffer.alloc(20000)), true);
        while (client.write(Buffer.alloc(1 << 20)));
        assert.ok(client.bufferSize > 0);
        assert.strictEqual(client.write('x'), false);
        socket.resume();
        await t.once(client, 'drain');
        assert.strictEqual(client.bufferSize, 0);
        assert.strictEqual(client.write('x'), true);
    });

test.weir('write before connect is false, however little', async (t) => {
    const server = await t.server((peer) => peer.resume());
    const socket = t.connect(server);
    assert.strictEqual(socket.write('x'), false);
    assert.strictEqual(socket.write('y'), false);
    await t.once(socket, 'drain');
});

test('with highWaterMark given, write is bufferSize < highWaterMark',
    async (t) => {
        const server = await t.server((peer) => peer.resume());
        for (const name of ['highWaterMark', 'writableHighWaterMark']) {
            const socket = t.track(new net.Socket({ [name]: 10 }));
            assert.strictEqual(socket.writableHighWaterMark, 10);
            socket.connect(server.address().port, LOCAL);
            assert.strictEqual(socket.write('12345'), true);
            assert.strictEqual(socket.write('6789'), true);
            assert.strictEqual(socket.write('0'), false);
            await t.once(socket, 'drain');
        }
    });

test.weir('bufferSize counts text as the bytes it becomes', async (t) => {
    const server = await t.server((peer) => peer.resume());
    const socket = t.connect(server);
    socket.write('\u20ac\u20ac');
    assert.strictEqual(socket.bufferSize, 6);
    socket.write('abcd', 'hex');
    assert.strictEqual(socket.bufferSize, 8);
    await t.once(socket, 'connect');
});

/* --------------------------------------------------------------------- end */

test('end returns the socket, finish follows, later', async (t) => {
    const [client, socket] = await t.pair();
    socket.resume();
    let returned = false;
    client.on('finish', t.mustCall(() => assert.strictEqual(returned, true)));
    assert.strictEqual(client.end(), client);
    assert.strictEqual(client.writable, false);
    assert.strictEqual(client.writableEnded, true);
    returned = true;
});

test('all forms of end', async (t) => {
    const forms = [
        [[], ''], [['ab'], 'ab'], [[Buffer.from('cd')], 'cd'],
        [['6566', 'hex'], 'ef'], [[null], ''], [[undefined], ''],
    ];
    for (const [args, expected] of forms) {
        for (const withCallback of [false, true]) {
            const [client, socket] = await t.pair();
            const received = all(t, socket);
            client.end(...args, ...(withCallback ? [t.mustCall()] : []));
            assert.strictEqual((await received).toString(), expected);
        }
    }
});

test('the callback of end comes with finish, without an error', async (t) => {
    const [client, socket] = await t.pair();
    socket.resume();
    const order = [];
    client.on('finish', () => order.push('finish'));
    client.write('x', () => order.push('write'));
    client.end('y', t.mustCall((error) => {
        assert.ok(error === undefined || error === null);
        order.push('end');
    }));
    await closed(client.resume());
    assert.strictEqual(order[0], 'write');
    assert.deepStrictEqual(order.sort(), ['end', 'finish', 'write']);
});

test('end twice: nothing is thrown; data then is ERR_STREAM_WRITE_AFTER_END',
    async (t) => {
        const [client, socket] = await t.pair();
        socket.resume();
        client.end();
        assert.strictEqual(client.end(), client);
        client.end('x', t.mustCall((error) => {
            assert.strictEqual(error.code, 'ERR_STREAM_WRITE_AFTER_END');
        }));
        client.on('error', noop);
    });

test('the callback of a second end is called after finish too', async (t) => {
    const [client, socket] = await t.pair();
    socket.resume();
    client.end();
    client.end(t.mustCall());
});

test('the callback of end after finish gets ERR_STREAM_ALREADY_FINISHED',
    async (t) => {
        const server = await t.server((peer) => peer.resume(),
            { allowHalfOpen: true });
        const client = t.connect(server);
        client.end();
        await t.once(client, 'finish');
        client.end(t.mustCall((error) => {
            assert.strictEqual(error.code, 'ERR_STREAM_ALREADY_FINISHED');
            assert.strictEqual(error.message,
                'Cannot call end after a stream was finished');
        }));
        client.on('error', noop);
    });

/* -------------------------------------------------------------------- cork */

test('what is corked goes out at uncork', async (t) => {
    const [client, socket] = await t.pair();
    const chunks = [];
    socket.on('data', (chunk) => chunks.push(chunk.toString()));
    client.cork();
    assert.strictEqual(client.writableCorked, 1);
    client.write('a');
    client.write('b');
    assert.strictEqual(client.bufferSize, 2);
    await t.sleep(20);
    assert.deepStrictEqual(chunks, []);
    client.uncork();
    assert.strictEqual(client.writableCorked, 0);
    await t.once(socket, 'data');
    assert.deepStrictEqual(chunks, ['ab']);
});

test('cork counts: as many uncorks as corks', async (t) => {
    const [client, socket] = await t.pair();
    client.cork();
    client.cork();
    client.write('x');
    client.uncork();
    socket.on('data', t.mustCall());
    await new Promise(setImmediate);
    assert.strictEqual(client.bufferSize, 1);
    client.uncork();
});

test('end uncorks', async (t) => {
    const [client, socket] = await t.pair();
    const received = all(t, socket);
    client.cork();
    client.write('a', t.mustCall());
    client.write('b', t.mustCall());
    client.end('c');
    assert.strictEqual((await received).toString(), 'abc');
});

test('corked writes of every kind keep order and call back', async (t) => {
    const [client, socket] = await t.pair();
    const received = all(t, socket);
    const order = [];
    client.cork();
    client.write('a\u20ac', () => order.push(1));
    client.write(Buffer.from('b'), () => order.push(2));
    client.write('63', 'hex', () => order.push(3));
    process.nextTick(() => client.uncork());
    await new Promise((resolve) => client.write('d', resolve));
    client.end();
    assert.strictEqual((await received).toString(), 'a\u20acbcd');
    assert.deepStrictEqual(order, [1, 2, 3]);
});

test('a corked socket answers by its high-water mark', async (t) => {
    const server = await t.server((peer) => peer.resume());
    const socket = t.track(new net.Socket({ writableHighWaterMark: 10 }));
    socket.connect(server.address().port, LOCAL);
    await t.once(socket, 'connect');
    socket.cork();
    assert.strictEqual(socket.write('12345'), true);
    assert.strictEqual(socket.write('6789'), true);
    assert.strictEqual(socket.writableNeedDrain, false);
    assert.strictEqual(socket.write('0'), false);
    assert.strictEqual(socket.writableNeedDrain, true);
    socket.on('drain', t.mustCall());
    socket.uncork();
});

test('a corked socket without a mark of its own takes what Node takes',
    async (t) => {
        const [client, socket] = await t.pair();
        socket.resume();
        client.cork();
        for (let length = 0; length < 16000; length += 1000)
            assert.strictEqual(client.write(Buffer.alloc(1000)), true);
        assert.strictEqual(client.write(Buffer.alloc(65536)), false);
        client.uncork();
        await t.once(client, 'drain');
    });

test('who waits for drain while corked does not wait for ever', async (t) => {
    const [client, socket] = await t.pair();
    const received = all(t, socket);
    client.cork();
    for (const part of ['HEADER ', 'BODY ', 'TAIL']) {
        if (!client.write(part))
            await t.once(client, 'drain');
    }
    client.uncork();
    client.end();
    assert.strictEqual((await received).toString(), 'HEADER BODY TAIL');
});

for (const where of ['before connect()', 'while connecting']) {
    test(`cork ${where} holds back until uncork`, async (t) => {
        const server = await t.server();
        const accepted = t.once(server, 'connection');
        const socket = t.track(new net.Socket());
        if (where === 'before connect()')
            socket.cork();
        socket.connect(server.address().port, LOCAL);
        if (where !== 'before connect()')
            socket.cork();
        assert.strictEqual(socket.write('a'), true);
        assert.strictEqual(socket.write('b'), true);
        const [peer] = await accepted;
        const received = all(t, peer);
        await new Promise(setImmediate);
        assert.strictEqual(peer.bytesRead, 0);
        assert.strictEqual(socket.writableLength, 2);
        socket.uncork();
        socket.end('c');
        assert.strictEqual((await received).toString(), 'abc');
    });
}

test('cork holds back while a lookup of the program is under way',
    async (t) => {
        const server = await t.server();
        const accepted = t.once(server, 'connection');
        let answer;
        const socket = t.track(net.connect({
            port: server.address().port,
            host: 'somewhere.invalid',
            lookup: (host, options, callback) => {
                answer = () => (options.all
                    ? callback(null, [{ address: LOCAL, family: 4 }])
                    : callback(null, LOCAL, 4));
            },
        }));
        socket.cork();
        assert.strictEqual(socket.write('a'), true);
        await new Promise(setImmediate);
        answer();
        const [peer] = await accepted;
        const received = all(t, peer);
        await new Promise(setImmediate);
        assert.strictEqual(socket.writableLength, 1);
        assert.strictEqual(socket.write('b'), true);
        socket.uncork();
        socket.end();
        assert.strictEqual((await received).toString(), 'ab');
    });

test('three hundred corks want three hundred uncorks', async (t) => {
    const [client, socket] = await t.pair();
    for (let i = 0; i < 300; i++)
        client.cork();
    client.write('x');
    for (let i = 0; i < 299; i++)
        client.uncork();
    assert.strictEqual(client.writableLength, 1);
    assert.strictEqual(client.writableCorked, 1);
    client.uncork();
    await t.once(socket, 'data');
});

test('with a mark, writes before a lookup has answered are below it',
    async (t) => {
        const server = await t.server((peer) => peer.resume());
        const socket = t.track(new net.Socket({ highWaterMark: 10 }));
        socket.connect({ port: server.address().port, host: 'x.invalid',
            lookup: (host, options, callback) => setImmediate(() => (
                options.all ? callback(null, [{ address: LOCAL, family: 4 }])
                    : callback(null, LOCAL, 4))) });
        assert.strictEqual(socket.write('12345'), true);
        assert.strictEqual(socket.write('67890'), false);
        await t.once(socket, 'drain');
    });

test('setDefaultEncoding is that of text written without one', async (t) => {
    const [client, socket] = await t.pair();
    const received = all(t, socket);
    client.setDefaultEncoding('hex');
    client.write('616263');
    client.end();
    assert.strictEqual((await received).toString(), 'abc');
});
