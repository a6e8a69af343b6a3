'use strict';
/*
 * The errors of writing where nothing can be written any more, and in which
 * order callbacks are told of them.
 */
const net = require('net');
const { test, assert } = require('./harness');
const { all, closed, refused, telling, EARLY } = require('./writing');

const LOCAL = '127.0.0.1';
const noop = () => {};

/* ------------------------------------------------------------------ errors */

test('write after end: callback, then error, then close', async (t) => {
    const [client, socket] = await t.pair();
    socket.resume();
    const order = [];
    const check = (error) => {
        assert.strictEqual(error.name, 'Error');
        assert.strictEqual(error.code, 'ERR_STREAM_WRITE_AFTER_END');
        assert.strictEqual(error.message, 'write after end');
    };
    client.on('error', t.mustCall((error) => {
        check(error);
        order.push('error');
    }));
    client.on('close', t.mustCall((hadError) => {
        order.push(`close ${hadError}`);
    }));
    client.end();
    assert.strictEqual(client.write('x', t.mustCall((error) => {
        check(error);
        order.push('callback');
    })), false);
    assert.deepStrictEqual(order, []);
    await closed(client);
    assert.deepStrictEqual(order, ['callback', 'error', 'close true']);
});

test('write after the other side ended: EPIPE, in Node\'s words', async (t) => {
    const server = await t.server((peer) => {
        peer.end();
        setImmediate(() => setImmediate(() => peer.resume()));
    }, { allowHalfOpen: true });
    const client = t.connect(server);
    client.resume();
    // So much that this side has ended and yet is not through.
    client.write(Buffer.alloc(16 << 20), noop);
    await t.once(client, 'end');
    await new Promise(setImmediate);
    assert.strictEqual(client.writableEnded, true);
    assert.strictEqual(client.writableFinished, false);
    client.on('error', t.mustCall((error) => {
        assert.strictEqual(error.code, 'EPIPE');
        assert.strictEqual(error.message,
            'This socket has been ended by the other party');
    }));
    client.write('x', t.mustCall((error) => {
        assert.strictEqual(error.code, 'EPIPE');
    }));
    await closed(client);
});

test.weir('a write that is refused takes nothing from those before it',
    async (t) => {
        const [client, peer] = await t.pair({ allowHalfOpen: true });
        const order = [];
        client.resume();
        client.allowHalfOpen = false;
        client.on('error', (error) => order.push(`error ${error.code}`));
        client.write(Buffer.alloc(16 << 20), (error) => {
            order.push(`big ${error ? error.code : 'went'}`);
        });
        peer.end();
        await t.once(client, 'end');
        await new Promise(setImmediate);
        client.write('late', (error) => order.push(`late ${error.code}`));
        client.write('later', (error) => order.push(`later ${error.code}`));
        const over = closed(client);
        assert.strictEqual((await all(t, peer)).length, 16 << 20);
        await over;
        assert.deepStrictEqual(order, ['late EPIPE', 'later EPIPE',
            'big went', 'error EPIPE']);
    });

test.weir('a write after end() leaves what was written before it',
    async (t) => {
        const [client, peer] = await t.pair();
        client.on('error', t.mustCall());
        client.end(Buffer.alloc(16 << 20));
        client.write('late', t.mustCall((error) => {
            assert.strictEqual(error.code, 'ERR_STREAM_WRITE_AFTER_END');
        }));
        const over = closed(client);
        assert.strictEqual((await all(t, peer)).length, 16 << 20);
        await over;
    });

test('an encoding that is none is refused, whatever is written', async (t) => {
    const [client] = await t.pair();
    const expected = { name: 'TypeError', code: 'ERR_UNKNOWN_ENCODING',
        message: 'Unknown encoding: nonsense' };
    for (const chunk of ['x', Buffer.from('x'), new Uint8Array(1), 5]) {
        assert.throws(() => client.write(chunk, 'nonsense'), expected);
        assert.throws(() => client.end(chunk, 'nonsense'), expected);
    }
    assert.throws(() => client.write(null, 'nonsense'),
        { code: 'ERR_STREAM_NULL_VALUES' });
    assert.strictEqual(client.writableEnded, false);
    assert.strictEqual(client.bytesWritten, 0);
});

test('text with the encoding "buffer" is refused', async (t) => {
    const [client] = await t.pair();
    assert.throws(() => client.write('x', 'buffer'), {
        name: 'TypeError',
        code: 'ERR_INVALID_ARG_TYPE',
        message: 'Second argument must be a buffer',
    });
});

test('write after destroy: only its callback is told', async (t) => {
    const [client] = await t.pair();
    client.on('error', t.mustNotCall('error'));
    client.destroy();
    assert.strictEqual(client.write('x', t.mustCall((error) => {
        assert.strictEqual(error.name, 'Error');
        assert.strictEqual(error.code, 'ERR_STREAM_DESTROYED');
        assert.strictEqual(error.message,
            'Cannot call write after a stream was destroyed');
    })), false);
    client.write('y');
    await closed(client);
});

test('end after destroy: nothing is told but to its callback', async (t) => {
    const [client] = await t.pair();
    client.on('error', t.mustNotCall('error'));
    client.destroy();
    client.end();
    client.end(t.mustCall((error) => {
        assert.strictEqual(error.code, 'ERR_STREAM_DESTROYED');
        assert.strictEqual(error.message,
            'Cannot call end after a stream was destroyed');
    }));
    await closed(client);
});

test('write on a socket never connected is ERR_SOCKET_CLOSED', async (t) => {
    const socket = t.track(new net.Socket());
    const order = [];
    socket.on('error', (error) => {
        assert.strictEqual(error.code, 'ERR_SOCKET_CLOSED');
        assert.strictEqual(error.message, 'Socket is closed');
        order.push('error');
    });
    socket.write('x', (error) => {
        assert.strictEqual(error.code, 'ERR_SOCKET_CLOSED');
        order.push('callback');
    });
    await closed(socket);
    assert.deepStrictEqual(order, ['callback', 'error']);
});

test('writes cut off by destroy call back with an error, before close',
    async (t) => {
        const [client, socket] = await t.pair();
        socket.pause();
        socket.on('error', noop);
        const order = [];
        const count = 20;
        for (let i = 0; i < count; i++) {
            client.write(Buffer.alloc(1 << 20), t.mustCall((error) => {
                if (error) {
                    order.push(error.code);
                }
            }));
        }
        client.on('close', () => order.push('close'));
        client.destroy();
        await closed(client);
        assert.strictEqual(order.at(-1), 'close');
        assert.ok(order.length > 1);
        for (const code of order.slice(0, -1)) {
            assert.ok(['ERR_STREAM_DESTROYED', 'ECANCELED'].includes(code),
                code);
        }
    });

test('writes waiting for a connection that fails call back its error',
    async (t) => {
        const server = await t.server();
        const { port } = server.address();
        await new Promise((resolve) => server.close(resolve));
        const socket = net.connect(port, LOCAL);
        socket.write('a', t.mustCall((error) => {
            assert.ok(['ECONNREFUSED', 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION']
                .includes(error.code), error.code);
        }));
        socket.write('b', t.mustCall((error) => {
            assert.strictEqual(error.code, 'ECONNREFUSED');
        }));
        socket.on('error', t.mustCall((error) => {
            assert.strictEqual(error.code, 'ECONNREFUSED');
        }));
    });

test('refused: the first write hears that it was early, after close',
    async (t) => {
        const [socket, order, note] = await refused(t);
        socket.write('a', note('a'));
        socket.write('b', note('b'));
        socket.end('c', note('end'));
        await closed(socket);
        await t.turn();
        assert.deepStrictEqual(order, ['error ECONNREFUSED', 'close',
            `a ${EARLY}`, 'b ECONNREFUSED', 'end ECONNREFUSED']);
    });

test('refused: what is behind a write without a callback hears why',
    async (t) => {
        const [socket, order, note] = await refused(t);
        socket.write('a');
        socket.write('b', note('b'));
        await closed(socket);
        await t.turn();
        assert.deepStrictEqual(order,
            ['error ECONNREFUSED', 'close', 'b ECONNREFUSED']);
    });

test('refused: what was corked is one write, if it was uncorked', async (t) => {
    const [socket, order, note] = await refused(t);
    socket.cork();
    socket.write('a', note('a'));
    socket.write('b', note('b'));
    socket.uncork();
    socket.write('c', note('c'));
    await closed(socket);
    await t.turn();
    assert.deepStrictEqual(order, ['error ECONNREFUSED', 'close',
        `a ${EARLY}`, `b ${EARLY}`, 'c ECONNREFUSED']);
});

test('refused: what is still corked hears of it before the error',
    async (t) => {
        const [socket, order, note] = await refused(t);
        socket.cork();
        socket.write('a', note('a'));
        await closed(socket);
        assert.deepStrictEqual(order,
            ['a ECONNREFUSED', 'error ECONNREFUSED', 'close']);
    });

test('refused: an end alone hears of it before the error', async (t) => {
    const [socket, order, note] = await refused(t);
    socket.end(note('end'));
    await closed(socket);
    assert.deepStrictEqual(order,
        ['end ECONNREFUSED', 'error ECONNREFUSED', 'close']);
});

test('refused: the writes come among the listeners of close', async (t) => {
    const [socket, order, note] = await refused(t);
    socket.write('a', note('a'));
    socket.on('close', note('second close'));
    await closed(socket);
    await t.turn();
    assert.deepStrictEqual(order,
        ['error ECONNREFUSED', 'close', `a ${EARLY}`, 'second close']);
});

for (const [how, error, second] of [['', undefined, EARLY],
    [' with an error', new Error('mine'), 'mine']]) {
    test(`destroyed${how} while connecting: callbacks come after close`,
        async (t) => {
            const server = await t.server();
            const socket = t.connect(server);
            const [order, note] = telling(socket);
            socket.write('a', note('a'));
            socket.write('b', note('b'));
            socket.destroy(error);
            process.nextTick(note('tick'));
            await closed(socket);
            await t.turn();
            assert.deepStrictEqual(order, [...error ? ['error mine'] : [],
                'tick', 'close', `a ${EARLY}`, `b ${second}`]);
        });
}

test('destroyed during a lookup: callbacks come after close', async (t) => {
    const socket = t.track(net.connect({ port: 1, host: 'a.name',
        lookup: noop }));
    const [order, note] = telling(socket);
    socket.write('a', note('a'));
    socket.end(note('end'));
    socket.destroy();
    process.nextTick(note('tick'));
    await closed(socket);
    await t.turn();
    assert.deepStrictEqual(order,
        ['tick', 'close', `a ${EARLY}`, `end ${EARLY}`]);
});

/* A socket with a write under way, and one behind it. */
async function writing(t) {
    const [client, peer] = await t.pair();
    peer.pause();
    peer.on('error', noop);
    const [order, note] = telling(client);
    client.write(Buffer.alloc(16 << 20), () => order.push('a'));
    client.write('b', note('b'));
    return [client, order, note, peer];
}

const DESTROYED = 'ERR_STREAM_DESTROYED';

for (const [name, how, first] of [
    ['destroy()', (socket) => socket.destroy(), []],
    ['destroy(error)', (socket) => socket.destroy(new Error('mine')),
        ['error mine']],
    ['resetAndDestroy()', (socket) => socket.resetAndDestroy(), []],
]) {
    test(`${name} of a socket that writes: callbacks come just before close`,
        async (t) => {
            const [client, order, note] = await writing(t);
            how(client);
            process.nextTick(note('tick'));
            setImmediate(note('immediate'));
            await closed(client);
            assert.deepStrictEqual(order, [...first, 'tick', 'immediate', 'a',
                first.length > 0 ? 'b mine' : `b ${DESTROYED}`, 'close']);
        });
}

test('the callback of end() comes behind those of writes that are cut off',
    async (t) => {
        const [client, order, note] = await writing(t);
        client.end(note('end'));
        client.destroy();
        process.nextTick(note('tick'));
        await closed(client);
        assert.deepStrictEqual(order, ['tick', 'a', `b ${DESTROYED}`,
            `end ${DESTROYED}`, 'close']);
    });

test('a reset by the peer: error, then the callbacks, then close',
    async (t) => {
        const [client, order, , peer] = await writing(t);
        peer.resetAndDestroy();
        await closed(client);
        assert.deepStrictEqual(order,
            ['error ECONNRESET', 'a', 'b ECONNRESET', 'close']);
    });

// Node does not say that it has lost them.
test.weir('the write that a destroy cuts off hears of it', async (t) => {
    const [client] = await t.pair();
    client.write(Buffer.alloc(16 << 20), t.mustCall((error) => {
        assert.strictEqual(error.code, DESTROYED);
    }));
    client.destroy();
    await closed(client);
});

// Node forgets the others.
test.weir('what a callback of a write cut off throws leaves the others',
    async (t) => {
        const [client, order] = await writing(t);
        const caught = new Promise((resolve) => t.uncaught(resolve));
        client.write('c', () => {
            throw new Error('from c');
        });
        client.write('d', () => order.push('d'));
        client.destroy();
        assert.strictEqual((await caught).message, 'from c');
        await closed(client);
        assert.deepStrictEqual(order, ['a', `b ${DESTROYED}`, 'd', 'close']);
    });

/* ---------------------------------------------------------- resetAndDestroy */

test('written, then to be reset as it connects: all that goes out',
    async (t) => {
        const server = await t.server();
        const peer = t.once(server, 'connection');
        const socket = t.connect(server);
        const [order, note] = telling(socket);
        socket.write('hello', note('written'));
        socket.resetAndDestroy();
        const [accepted] = await peer;
        accepted.on('error', noop);
        let text = '';
        accepted.on('data', (data) => {
            text += data;
        });
        await closed(accepted);
        assert.strictEqual(text, 'hello');
        assert.deepStrictEqual(order, ['written', 'close']);
    });

test('written when it is to be reset as it connects: nothing goes out',
    async (t) => {
        const server = await t.server();
        const peer = t.once(server, 'connection');
        const socket = t.connect(server);
        const [order, note] = telling(socket);
        socket.resetAndDestroy();
        socket.write('late', note('a'));
        socket.write('later', note('b'));
        const [accepted] = await peer;
        accepted.on('error', noop);
        accepted.on('data', t.mustNotCall('data'));
        await closed(socket);
        assert.deepStrictEqual(order,
            ['a ERR_SOCKET_CLOSED', 'b ERR_SOCKET_CLOSED', 'close']);
        assert.strictEqual(socket.errored.code, 'ERR_SOCKET_CLOSED');
    });

// As on Node, where it never closes then and holds the process.
test.weir('a reset while the end is being sent is EINVAL', async (t) => {
    const [client, peer] = await t.pair({}, { allowHalfOpen: true });
    const [order] = telling(client);
    peer.resume();
    client.once('error', (error) => {
        assert.strictEqual(error.syscall, 'reset');
    });
    client.end('bye');
    client.resetAndDestroy();
    assert.strictEqual(client.destroyed, true);
    await Promise.all([closed(client), closed(peer)]);
    assert.deepStrictEqual(order, ['error EINVAL', 'close']);
});

test('a reset once the end has been sent is no error', async (t) => {
    const [client, peer] = await t.pair({ allowHalfOpen: true },
        { allowHalfOpen: true });
    const [order] = telling(client);
    peer.resume();
    peer.on('error', noop);
    client.end('bye');
    await t.once(client, 'finish');
    client.resetAndDestroy();
    await closed(client);
    assert.deepStrictEqual(order, ['close']);
});

/* ------------------------------------------------------------------ failing */

test('writes waiting when destroyed while connecting call back', async (t) => {
    const server = await t.server();
    const socket = t.connect(server);
    socket.on('error', t.mustNotCall('error'));
    socket.write('a', t.mustCall((error) => {
        assert.strictEqual(error.code, 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION');
        assert.strictEqual(error.message,
            'Socket closed before the connection was established');
    }));
    socket.destroy();
    await closed(socket);
});

test('writing to a peer that reset is EPIPE or ECONNRESET', async (t) => {
    const [client, socket] = await t.pair();
    socket.resetAndDestroy();
    const timer = setInterval(() => client.write('x'), 1);
    const [error] = await t.once(client, 'error');
    clearInterval(timer);
    assert.ok(['EPIPE', 'ECONNRESET'].includes(error.code), error.code);
    assert.ok(['write', 'read'].includes(error.syscall), error.syscall);
    assert.strictEqual(error.message, `${error.syscall} ${error.code}`);
    const [hadError] = await t.once(client, 'close');
    assert.strictEqual(hadError, true);
});

test('an exception in a write callback leaves the socket open', async (t) => {
    const [client, socket] = await t.pair();
    const received = all(t, socket);
    const caught = new Promise((resolve) => t.uncaught(resolve));
    client.write('a', () => {
        throw new Error('from write');
    });
    assert.strictEqual((await caught).message, 'from write');
    client.write('b');
    client.end();
    assert.strictEqual((await received).toString(), 'ab');
});

test('an exception in a drain listener leaves the socket open', async (t) => {
    const [client, socket] = await t.pair();
    const received = all(t, socket);
    const caught = new Promise((resolve) => t.uncaught(resolve));
    let length = 0;
    do {
        length += 1 << 20;
    } while (client.write(Buffer.alloc(1 << 20)));
    client.once('drain', () => {
        throw new Error('from drain');
    });
    assert.strictEqual((await caught).message, 'from drain');
    client.end('x');
    assert.strictEqual((await received).length, length + 1);
});
