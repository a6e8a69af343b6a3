'use strict';
/*
 * What a review of net found: each test is one bug, and its smallest sign.
 */
const net = require('net');
const { test, assert } = require('./harness');

// First of all: it is about a process that has read nothing yet.
test('null cannot be written, also before anything was read', async (t) => {
    const [client] = await t.pair();
    assert.throws(() => client.write(null), { code: 'ERR_STREAM_NULL_VALUES' });
});

// ----------------------------------------------------------------------- pipes

test('a destination that breaks while it is piped to loses the pipe, not the ' +
    'program', async (t) => {
    const [far, to] = await t.pair();
    const [peer, from] = await t.pair();
    const error = new Promise((resolve) => to.once('error', resolve));
    from.on('error', () => {});
    from.pipe(to);
    to.resume();
    peer.write('hello');
    await t.once(far, 'data');
    // The bytes are looked at before the reset is.
    peer.write('refused'.repeat(1000));
    far.resetAndDestroy();
    assert.strictEqual((await error).code, 'ECONNRESET');
    await t.sleep(20);
    assert.strictEqual(from.destroyed, false);
});

test('taking all listeners of data away takes the pipe away, too', async (t) => {
    const [far, to] = await t.pair();
    const [peer, from] = await t.pair();
    let got = '';
    far.on('data', (bytes) => {
        got += bytes;
    });
    from.pipe(to);
    peer.write('one');
    await t.once(far, 'data');
    from.removeAllListeners('data');
    peer.write('two');
    await t.sleep(30);
    assert.strictEqual(got, 'one');
});

// ---------------------------------------------------------------------- memory

test.weir('the memory that is read into cannot be taken away', async (t) => {
    const [client, accepted] = await t.pair();
    let sum = 0;
    accepted.once('data', (bytes) => {
        bytes.buffer.transfer();
        accepted.on('data', (more) => {
            for (const byte of more)
                sum += byte;
        });
        accepted.write('go');
    });
    client.write('first');
    await t.once(client, 'data');
    for (let i = 0; i < 50; i++) {
        client.write(Buffer.alloc(100, 1));
        for (let k = 0; k < 20; k++)
            new ArrayBuffer(1000000); // the collector's work
        await t.turn();
    }
    while (sum < 5000)
        await t.turn();
    assert.strictEqual(sum, 5000);
});

test('the handle of a closed server is nobody else\'s', async (t) => {
    const first = await t.server();
    const handle = first._handle;
    first.close();
    await t.once(first, 'close');
    await t.pair();
    assert.ok(!(handle.fd >= 0));
});

test('the handle of a closed socket is nobody else\'s', async (t) => {
    const [client, , server] = await t.pair();
    const handle = client._handle;
    client.destroy();
    await t.once(client, 'close');
    for (let i = 0; i < 4; i++) {
        const next = t.connect(server);
        await t.once(next, 'connect');
    }
    assert.ok(!(handle.fd >= 0));
});

// --------------------------------------------------------------------- writing

test('callbacks of writes that fail come in the order of the writes',
    async (t) => {
        const [client, accepted] = await t.pair();
        const order = [];
        client.on('error', (error) => order.push(error.code));
        client.write('a', (error) => order.push(`a ${Boolean(error)}`));
        accepted.resetAndDestroy();
        client.write('b', (error) => order.push(`b ${Boolean(error)}`));
        client.write('c', (error) => order.push(`c ${Boolean(error)}`));
        await new Promise((resolve) => client.once('close', resolve));
        assert.deepStrictEqual(order,
            ['a false', 'b true', 'c true', 'ECONNRESET']);
    });

test('callbacks of queued writes come before those that were refused',
    async (t) => {
        const [client, accepted] = await t.pair();
        const order = [];
        client.on('error', () => {});
        client.cork();
        client.write('a', () => order.push(1));
        client.write('b', () => order.push(2));
        accepted.resetAndDestroy();
        client.uncork();
        client.write('c', () => order.push(3));
        client.write('d', () => order.push(4));
        await new Promise((resolve) => client.once('close', resolve));
        assert.deepStrictEqual(order, [1, 2, 3, 4]);
    });

test('destroyed while connecting: end() is called back behind the write',
    async (t) => {
        const server = await t.server();
        const client = t.connect(server);
        const order = [];
        const note = (what) => (error) => order.push(`${what} ${error.code}`);
        client.write('x', note('write'));
        client.end(note('end'));
        client.destroy();
        await t.once(client, 'close');
        await t.turn();
        assert.deepStrictEqual(order, [
            'write ERR_SOCKET_CLOSED_BEFORE_CONNECTION',
            'end ERR_SOCKET_CLOSED_BEFORE_CONNECTION',
        ]);
    });

test('close comes after the callbacks of writes that were refused',
    async (t) => {
        const [client, accepted] = await t.pair();
        const order = [];
        client.on('error', () => {});
        client.cork();
        client.write('a', () => order.push('a'));
        accepted.resetAndDestroy();
        client.uncork();
        client.write('b', () => order.push('b'));
        client.destroy();
        client.once('close', () => order.push('close'));
        await new Promise((resolve) => client.once('close', resolve));
        await t.turn();
        assert.strictEqual(order.at(-1), 'close');
        assert.strictEqual(order.length, 3);
    });

test.weir('with a high-water mark of 0 a write that has gone answers true',
    async (t) => {
        // As Node: false would be a promise of a drain that never comes.
        const [client] = await t.pair({}, { highWaterMark: 0 });
        assert.strictEqual(client.write('x'), true);
    });

// ---------------------------------------------------------------- reconnecting

test('a socket may be destroyed and connected anew in one breath',
    async (t) => {
        const server = await t.server((socket) => {
            socket.on('error', () => {});
            socket.on('data', (bytes) => socket.end(bytes));
        });
        const { port } = server.address();
        const socket = t.track(new net.Socket());
        socket.on('error', () => {}); // Node: ECANCELED of what was written
        socket.connect(port, '127.0.0.1');
        await t.once(socket, 'connect');
        socket.destroy();
        socket.connect(port, '127.0.0.1', t.mustCall(() => {
            socket.write('second');
        }));
        const [bytes] = await t.once(socket, 'data');
        assert.strictEqual(bytes.toString(), 'second');
    });

test('a write of the old connection is called back after connecting anew',
    async (t) => {
        const server = await t.server((socket) => socket.on('error', () => {}));
        const { port } = server.address();
        const socket = t.track(new net.Socket());
        socket.on('error', () => {});
        socket.connect(port, '127.0.0.1');
        await t.once(socket, 'connect');
        const called = new Promise((resolve) => {
            socket.write(Buffer.alloc(20000000), resolve);
        });
        socket.destroy();
        socket.connect(port, '127.0.0.1');
        assert.ok(await called instanceof Error);
    });

test('a socket may be connected anew when it has failed', async (t) => {
    const closed = await t.server();
    const { port: nobody } = closed.address();
    closed.close();
    await t.once(closed, 'close');
    const server = await t.server((socket) => socket.end('there'));
    const socket = t.track(new net.Socket());
    socket.once('error', t.mustCall(() => {
        socket.connect(server.address().port, '127.0.0.1');
    }));
    socket.connect(nobody, '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
});

/* A server that tells its connections' ends, and how many there were. */
async function countingEnds(t) {
    const server = await t.server((socket) => {
        socket.on('error', () => {});
        socket.resume();
        socket.on('end', () => {
            server.ends++;
            socket.end('bye');
        });
    }, { allowHalfOpen: true });
    server.ends = 0;
    return server;
}

test('end() before connect() ends the connection when it stands', async (t) => {
    const server = await countingEnds(t);
    const socket = t.track(new net.Socket());
    const order = [];
    for (const event of ['connect', 'finish', 'close']) {
        socket.on(event, () => order.push(event));
    }
    socket.end(t.mustCall(() => {
        assert.strictEqual(socket.connecting, false);
    }));
    await t.turn();
    assert.strictEqual(socket.writableFinished, false);
    socket.connect(server.address().port, '127.0.0.1');
    socket.resume();
    await t.once(socket, 'close');
    assert.deepStrictEqual(order, ['connect', 'finish', 'close']);
    assert.strictEqual(server.ends, 1);
});

test('destroySoon() before connect() ends the connection when it stands',
    async (t) => {
        const server = await countingEnds(t);
        const socket = t.track(new net.Socket());
        socket.destroySoon();
        socket.resume();
        socket.connect(server.address().port, '127.0.0.1', t.mustCall());
        const [hadError] = await t.once(socket, 'close');
        assert.strictEqual(hadError, false);
        assert.strictEqual(socket.writableFinished, true);
    });

/*
 * What was put off for one connection, in the same breath as the next one is
 * begun: nothing of it may reach that one, which is used and ended as any.
 */
for (const [what, leave, define = test] of [
    ['an end()', (socket) => {
        socket.end();
        socket.destroy();
    }],
    ['a write that was refused', (socket) => {
        socket.end();
        socket.write('x');
    }],
    ['a failed connect()', (socket) => {
        socket.destroy();
        socket.connect({ path: 'x'.repeat(200) });
        socket.destroy();
    }, test.weir],
    ['a lookup that failed', (socket) => {
        const failing = (host, options, callback) =>
            callback(new Error('not found'));
        socket.destroy();
        socket.connect({ port: 1, host: 'nowhere', lookup: failing });
        socket.destroy();
    }, test.weir],
    ['a pause in onread', (socket) => {
        socket.resume();
        socket.destroy();
    }],
]) {
    define(`${what} of the old connection does not meet the new one`,
        async (t) => {
            const server = await t.server((peer) => {
                peer.on('error', () => {});
                peer.on('data', (bytes) => peer.end(bytes));
            });
            const { port } = server.address();
            const socket = t.track(new net.Socket());
            socket.on('error', () => {});
            socket.connect(port, '127.0.0.1');
            await t.once(socket, 'connect');
            leave(socket);
            socket.connect(port, '127.0.0.1');
            socket.setEncoding('utf8');
            const connected = await new Promise((resolve) => {
                socket.once('connect', resolve);
            });
            await t.turn();
            assert.strictEqual(socket.writable, true);
            assert.strictEqual(socket.writableFinished, false);
            socket.write('second');
            const [text] = await t.once(socket, 'data');
            assert.strictEqual(text, 'second');
        });
}

test.weir('a socket connected anew as it ends is not ended again',
    async (t) => {
        const server = await t.server((peer) => {
            peer.on('error', () => {});
            peer.write('x');
            peer.on('data', (bytes) => peer.end(bytes));
        });
        const { port } = server.address();
        const socket = t.track(new net.Socket());
        socket.connect(port, '127.0.0.1', () => socket.write('first'));
        socket.resume();
        socket.once('end', () => {
            socket.destroy();
            socket.on('end', t.mustNotCall('end'));
            socket.connect(port, '127.0.0.1');
        });
        await t.once(socket, 'end');
        await t.once(socket, 'connect');
        await t.sleep(20);
        assert.strictEqual(socket.readyState, 'open');
    });

// ---------------------------------------------------------------------- onread

function onread(t, reply, callback) {
    const got = [];
    return t.server((socket) => socket.end(reply)).then((server) => {
        const socket = t.connect(server, {
            onread: {
                buffer: Buffer.alloc(5),
                callback(length, buffer) {
                    got.push(buffer.toString('latin1', 0, length));
                    return callback(socket, got);
                },
            },
        });
        return t.once(socket, 'end').then(() => got);
    });
}

test('an onread callback that throws loses no bytes', async (t) => {
    t.uncaught(t.mustCall((error) => {
        assert.strictEqual(error.message, 'thrown by onread');
    }));
    const got = await onread(t, '0123456789abcde', (socket, { length }) => {
        if (length === 1)
            throw new Error('thrown by onread');
    });
    assert.strictEqual(got.join(''), '0123456789abcde');
});

test('pause() in an onread callback stops the next one', async (t) => {
    let paused = false;
    const got = await onread(t, '0123456789abcde', (socket, { length }) => {
        assert.strictEqual(paused, false);
        if (length === 2) {
            paused = true;
            socket.pause();
            setTimeout(() => {
                paused = false;
                socket.resume();
            }, 20);
        }
    });
    assert.strictEqual(got.join(''), '0123456789abcde');
});

// ------------------------------------------------------------ after C's close

test('setTimeout() of a socket whose connection is over leaves its counts',
    async (t) => {
        const server = await t.server((socket) => {
            socket.on('error', () => {});
            socket.resume();
            socket.end('0123456789');
        });
        const client = t.connect(server);
        client.end('abc');
        await t.once(client, 'finish');
        await t.sleep(50);
        client.setTimeout(5000);
        assert.strictEqual(client.bytesRead, 10);
        assert.strictEqual(client.bytesWritten, 3);
        client.resume();
        await t.once(client, 'close');
        assert.strictEqual(client.bytesRead, 10);
    });

// --------------------------------------------------------------------- servers

test('a fraction of a connection is one connection', async (t) => {
    const server = await t.server((socket) => socket.on('error', () => {}));
    server.maxConnections = 0.5;
    server.on('drop', t.mustCall(() => {}, 2));
    server.on('connection', t.mustCall());
    for (let i = 0; i < 3; i++)
        t.connect(server).on('error', () => {});
});

test('an infinite maximum is none', async (t) => {
    const server = await t.server();
    server.maxConnections = Infinity;
    server.on('drop', t.mustNotCall());
    server.on('connection', t.mustCall(() => {}, 3));
    for (let i = 0; i < 3; i++)
        t.connect(server);
});

test('the sample of EADDRINUSE: close() and listen() until the port is free',
    async (t) => {
        const first = await t.server();
        const { port } = first.address();
        const server = t.track(net.createServer());
        let tries = 0;
        server.on('error', (error) => {
            assert.strictEqual(error.code, 'EADDRINUSE');
            if (++tries === 2)
                first.close();
            setTimeout(() => {
                server.close();
                server.listen(port, '127.0.0.1');
            }, 20);
        });
        server.listen(port, '127.0.0.1');
        await new Promise((resolve) => server.once('listening', resolve));
        assert.strictEqual(tries, 2);
    });

// --------------------------------------------------------------------- handles

// Numbers of sockets and of servers are of one table, and only weir has them.
if (process.versions.weir !== undefined) {
    test('a server\'s number where a socket\'s belongs is nobody\'s', async (t) => {
        const server = net.createServer((socket) => socket.end('hello'));
        server.listen(0, '127.0.0.1');
        await t.once(server, 'listening');
        const impostor = new net.Socket();
        impostor._id = server._id;
        impostor.setNoDelay(true).setTimeout(1).pause().resume();
        assert.strictEqual(impostor.bytesRead, 0);
        const client = net.connect(server.address().port, '127.0.0.1');
        client.setEncoding('utf8');
        const [text] = await t.once(client, 'data');
        assert.strictEqual(text, 'hello');
        impostor._id = 0;
        impostor.destroy();
        client.destroy();
        server.close();
    });
}
