'use strict';
/*
 * The two halves of a connection: who ends when, with allowHalfOpen and
 * without, over TCP and UNIX sockets; and sockets piped into sockets, where
 * one side's end must become the other's and no more.
 */
const { finished, pipeline } = require('stream');
const { test, assert } = require('./harness');

const noop = () => {};

/* Both kinds of sockets, since the kernel tells their ends differently. */
function both(name, fn) {
    test(`${name} (TCP)`, (t) => fn(t, {}));
    test(`${name} (UNIX)`, (t) => fn(t, { path: t.path() }));
}

function closed(socket) {
    return new Promise((resolve) => socket.once('close', resolve));
}

/* The events of a socket, in order, as they come. */
function record(socket, ...events) {
    const order = [];
    for (const event of events) {
        socket.on(event, () => order.push(event));
    }
    return order;
}

/* --------------------------------------------------------------- half-open */

both('without allowHalfOpen the end of reading ends writing',
    async (t, where) => {
        const [client, socket] = await t.pair(where);
        const order = record(socket, 'end', 'finish', 'close');
        socket.resume();
        client.resume();
        client.end();
        await Promise.all([closed(client), closed(socket)]);
        assert.deepStrictEqual(order, ['end', 'finish', 'close']);
        assert.strictEqual(socket.writableFinished, true);
    });

both('with allowHalfOpen a server answers after the end of its client',
    async (t, where) => {
        const server = await t.server((socket) => {
            socket.resume();
            socket.on('end', t.mustCall(() => {
                assert.strictEqual(socket.readyState, 'writeOnly');
                assert.strictEqual(socket.readable, false);
                assert.strictEqual(socket.writable, true);
                setTimeout(() => {
                    socket.write('late ');
                    socket.end('answer');
                }, 20);
            }));
            socket.on('close', t.mustCall((hadError) => {
                assert.strictEqual(hadError, false);
            }));
        }, { ...where, allowHalfOpen: true });
        const client = t.connect(server, { allowHalfOpen: false });
        client.end('question');
        let text = '';
        client.on('data', (data) => {
            text += data;
        });
        await closed(client);
        assert.strictEqual(text, 'late answer');
    });

both('a client that ended reads on until the other side ends',
    async (t, where) => {
        const server = await t.server((socket) => {
            socket.write('1');
            socket.on('data', () => {
                setTimeout(() => socket.write('2'), 10);
                setTimeout(() => socket.end('3'), 20);
            });
        }, { ...where, allowHalfOpen: true });
        const client = t.connect(server);
        const order = record(client, 'finish', 'end', 'close');
        let text = '';
        client.on('data', (data) => {
            text += data;
        });
        client.end('x');
        await closed(client);
        assert.strictEqual(text, '123');
        assert.deepStrictEqual(order, ['finish', 'end', 'close']);
    });

both('with allowHalfOpen on both sides nobody ends for anybody',
    async (t, where) => {
        const [client, socket] = await t.pair(
            { ...where, allowHalfOpen: true }, { allowHalfOpen: true });
        socket.resume();
        client.resume();
        client.end();
        await t.once(socket, 'end');
        await t.sleep(30);
        assert.strictEqual(socket.destroyed, false);
        assert.strictEqual(client.destroyed, false);
        assert.strictEqual(client.readyState, 'readOnly');
        assert.strictEqual(socket.readyState, 'writeOnly');
        socket.end('bye');
        await Promise.all([closed(client), closed(socket)]);
    });

both('with allowHalfOpen megabytes go out after the end of reading',
    async (t, where) => {
        const size = 5000000;
        const server = await t.server((socket) => {
            socket.resume();
            socket.on('end', () => socket.end(Buffer.alloc(size, 'm')));
        }, { ...where, allowHalfOpen: true });
        const client = t.connect(server);
        let length = 0;
        client.on('data', (data) => {
            length += data.length;
        });
        client.end();
        await closed(client);
        assert.strictEqual(length, size);
    });

both('a listener of the end that ends, too, can ask who it was',
    async (t, where) => {
        const server = await t.server((socket) => {
            socket.resume();
            socket.on('end', t.mustCall(() => {
                socket.end('bye');
                assert.strictEqual(socket.remoteAddress,
                    where.path ? undefined : '127.0.0.1');
                assert.strictEqual(socket.localPort, server.address().port);
            }));
        }, { ...where, allowHalfOpen: true });
        const client = t.connect(server);
        client.end();
        client.resume();
        await closed(client);
    });

both('finish follows prefinish though that destroys the socket',
    async (t, where) => {
        const [client, socket] = await t.pair(where);
        const order = record(client, 'prefinish', 'finish', 'close');
        client.on('prefinish', () => client.destroy());
        client.end(t.mustCall());
        await closed(client);
        assert.deepStrictEqual(order, ['prefinish', 'finish', 'close']);
        assert.strictEqual(client.writableFinished, true);
        await closed(socket.resume());
    });

both('a destroyed socket that is ended says so', async (t, where) => {
    const [client, socket] = await t.pair(where);
    client.destroy();
    assert.strictEqual(client.writableEnded, false);
    client.end();
    assert.strictEqual(client.writableEnded, true);
    assert.strictEqual(client.writableFinished, false);
    client.write('x', t.mustCall(({ code }) => {
        assert.strictEqual(code, 'ERR_STREAM_WRITE_AFTER_END');
    }));
    socket.destroy(new Error('broken')).on('error', noop);
    socket.end();
    assert.strictEqual(socket.writableEnded, false);
    await closed(client);
});

both('the callback of end() gets null', async (t, where) => {
    const [client, socket] = await t.pair(where);
    socket.resume();
    client.resume();
    client.end('x', t.mustCall((error) => assert.strictEqual(error, null)));
    await closed(client);
});

both('both sides end at once: both close, no error', async (t, where) => {
    const [client, socket] = await t.pair(where);
    client.resume();
    socket.resume();
    client.end('a');
    socket.end('b');
    const errors = await Promise.all([closed(client), closed(socket)]);
    assert.deepStrictEqual(errors, [false, false]);
});

both('data written just before the end arrives before it',
    async (t, where) => {
        const [client, socket] = await t.pair(where);
        const payload = Buffer.alloc(1500000, 'abc');
        const chunks = [];
        socket.on('data', (data) => chunks.push(data));
        client.end(payload);
        await t.once(socket, 'end');
        assert.strictEqual(Buffer.concat(chunks).equals(payload), true);
    });

both('an accepted socket that ends unread data closes in the end',
    async (t, where) => {
        const [client, socket] = await t.pair(where);
        client.on('error', noop);
        client.write('nobody reads this');
        await t.sleep(10);
        socket.end('go away');
        let text = '';
        client.on('data', (data) => {
            text += data;
        });
        socket.resume();
        await closed(client);
        assert.strictEqual(text, 'go away');
    });

both('the peer that vanishes with data written closes the socket',
    async (t, where) => {
        const [client, socket] = await t.pair(where);
        socket.on('error', noop);
        let length = 0;
        socket.on('data', (data) => {
            length += data.length;
        });
        await new Promise((resolve) => client.write('some', resolve));
        client.destroy();
        await closed(socket);
        assert.strictEqual(length, 4);
    });

test('a half-open UNIX socket that is paused hears of nothing', async (t) => {
    const [client, socket] = await t.pair({ path: t.path() });
    socket.pause();
    const early = t.mustNotCall('end');
    socket.on('end', early);
    client.end('x');
    await t.sleep(30);
    assert.strictEqual(socket.destroyed, false);
    socket.removeListener('end', early);
    socket.resume();
    await t.once(socket, 'end');
});

/* ---------------------------------------------------------- sockets piped */

/* A proxy before a server: each connection there is piped both ways. */
async function proxyFor(t, target, options = {}) {
    return t.server((front) => {
        const back = t.connect(target, { allowHalfOpen: true });
        front.pipe(back);
        back.pipe(front);
        front.on('error', () => back.destroy());
        back.on('error', () => front.destroy());
    }, { allowHalfOpen: true, ...options });
}

test('socket.pipe(socket) echoes', async (t) => {
    const server = await t.server((socket) => {
        assert.strictEqual(socket.pipe(socket), socket);
    });
    const client = t.connect(server);
    let text = '';
    client.on('data', (data) => {
        text += data;
    });
    client.write('one ');
    client.end('two');
    await closed(client);
    assert.strictEqual(text, 'one two');
});

test('an echo by pipe of megabytes is exact', async (t) => {
    const server = await t.server((socket) => socket.pipe(socket));
    const client = t.connect(server);
    const payload = Buffer.alloc(8 << 20);
    for (let i = 0; i < payload.length; i += 4) {
        payload.writeUInt32LE(i, i);
    }
    const chunks = [];
    client.on('data', (data) => chunks.push(data));
    client.end(payload);
    await closed(client);
    assert.strictEqual(Buffer.concat(chunks).equals(payload), true);
});

both('a proxy of two pipes carries both directions', async (t, where) => {
    const echo = await t.server((socket) => socket.pipe(socket), where);
    const proxy = await proxyFor(t, echo);
    const client = t.connect(proxy);
    const payload = Buffer.alloc(3000000, 'proxied');
    const chunks = [];
    client.on('data', (data) => chunks.push(data));
    client.end(payload);
    await closed(client);
    assert.strictEqual(Buffer.concat(chunks).equals(payload), true);
});

test('through a proxy the end of one half leaves the other open',
    async (t) => {
        const target = await t.server((socket) => {
            socket.resume();
            socket.on('end', () => {
                setTimeout(() => socket.end('after your end'), 30);
            });
        }, { allowHalfOpen: true });
        const proxy = await proxyFor(t, target);
        const client = t.connect(proxy);
        client.end('question');
        let text = '';
        client.on('data', (data) => {
            text += data;
        });
        await closed(client);
        assert.strictEqual(text, 'after your end');
    });

test('a proxy stops reading when its other side does not', async (t) => {
    const target = await t.server((socket) => socket.pause());
    const accepted = t.once(target, 'connection');
    const proxy = await proxyFor(t, target);
    const client = t.connect(proxy);
    const [sink] = await accepted;
    const total = 64 << 20;
    const chunk = Buffer.alloc(1 << 20);
    for (let i = 0; i < 64; i++) {
        client.write(chunk);
    }
    client.end();
    await t.sleep(200);
    assert.ok(client.bufferSize > 16 << 20, `${client.bufferSize}`);
    let length = 0;
    sink.on('data', (data) => {
        length += data.length;
    });
    sink.resume();
    await t.once(sink, 'end');
    assert.strictEqual(length, total);
});

test('piped sockets count their bytes', async (t) => {
    const echo = await t.server((socket) => socket.pipe(socket));
    const server = await t.server(undefined, { allowHalfOpen: true });
    const connection = t.once(server, 'connection');
    const client = t.connect(server);
    client.end(Buffer.alloc(100000));
    client.resume();
    const [front] = await connection;
    const back = t.connect(echo, { allowHalfOpen: true });
    front.pipe(back);
    back.pipe(front);
    await closed(client);
    assert.strictEqual(client.bytesRead, 100000);
    assert.strictEqual(front.bytesRead, 100000);
    assert.strictEqual(back.bytesWritten, 100000);
    assert.strictEqual(back.bytesRead, 100000);
    assert.strictEqual(front.bytesWritten, 100000);
});

test('piped sockets tell end, finish and close as ever', async (t) => {
    const [client, front] = await t.pair();
    const [back, sink] = await t.pair();
    const read = record(front, 'end', 'close');
    const written = record(back, 'finish', 'close');
    sink.resume();
    front.pipe(back);
    back.resume();
    client.end('x');
    client.resume();
    await Promise.all([closed(sink), closed(back)]);
    if (read.at(-1) !== 'close') {
        await closed(front);
    }
    assert.deepStrictEqual(read, ['end', 'close']);
    assert.deepStrictEqual(written, ['finish', 'close']);
});

test('pipe emits pipe and unpipe on the destination', async (t) => {
    const [, front] = await t.pair();
    const [back] = await t.pair();
    back.on('pipe', t.mustCall((source) => {
        assert.strictEqual(source, front);
    }));
    back.on('unpipe', t.mustCall((source) => {
        assert.strictEqual(source, front);
    }));
    front.pipe(back);
    await t.turn();
    front.unpipe(back);
});

test('unpipe in mid-stream: not a byte lost or doubled', async (t) => {
    const [client, front] = await t.pair();
    const [back, sink] = await t.pair();
    const payload = Buffer.alloc(4 << 20);
    for (let i = 0; i < payload.length; i += 4) {
        payload.writeUInt32LE(i, i);
    }
    const through = [];
    sink.on('data', (data) => through.push(data));
    front.pipe(back);
    client.end(payload);
    client.resume();
    await t.once(sink, 'data');
    front.unpipe(back);
    const rest = [];
    front.on('data', (data) => rest.push(data));
    front.resume();
    await t.once(front, 'end');
    back.end();
    await t.once(sink, 'end');
    const all = Buffer.concat([...through, ...rest]);
    assert.strictEqual(all.length, payload.length);
    assert.strictEqual(all.equals(payload), true);
});

test('a data listener beside a pipe sees all that is piped', async (t) => {
    const [client, front] = await t.pair();
    const [back, sink] = await t.pair();
    let seen = '';
    let text = '';
    front.pipe(back);
    front.on('data', (data) => {
        seen += data;
    });
    sink.on('data', (data) => {
        text += data;
    });
    client.write('one ');
    client.end('two');
    await t.once(sink, 'end');
    assert.strictEqual(text, 'one two');
    assert.strictEqual(seen, 'one two');
});

test('a data listener added late sees what is piped from then on',
    async (t) => {
        const [client, front] = await t.pair();
        const [back, sink] = await t.pair();
        front.pipe(back);
        client.write('early ');
        await t.once(sink, 'data');
        let seen = '';
        front.on('data', (data) => {
            seen += data;
        });
        client.end('late');
        let text = '';
        sink.on('data', (data) => {
            text += data;
        });
        await t.once(sink, 'end');
        assert.strictEqual(seen, 'late');
        assert.strictEqual(text, 'late');
    });

test('what is written beside a pipe keeps its place', async (t) => {
    const [client, front] = await t.pair();
    const [back, sink] = await t.pair();
    let text = '';
    sink.on('data', (data) => {
        text += data;
    });
    back.write('before ');
    front.pipe(back);
    client.write('piped ');
    while (text !== 'before piped ') {
        await t.once(sink, 'data');
    }
    back.write('between ');
    client.end('piped again');
    await t.once(sink, 'end');
    assert.strictEqual(text, 'before piped between piped again');
});

test('pipe with end: false between sockets leaves the second open',
    async (t) => {
        const [client, front] = await t.pair();
        const [back, sink] = await t.pair();
        let text = '';
        sink.on('data', (data) => {
            text += data;
        });
        front.pipe(back, { end: false });
        client.end('piped ');
        await t.once(front, 'end');
        back.end('own');
        await t.once(sink, 'end');
        assert.strictEqual(text, 'piped own');
    });

test('a socket piped into two sockets reaches both', async (t) => {
    const [client, front] = await t.pair();
    const [left, leftSink] = await t.pair();
    const [right, rightSink] = await t.pair();
    const payload = Buffer.alloc(700000, 'twice');
    front.pipe(left);
    front.pipe(right);
    client.end(payload);
    const read = async (sink) => {
        const chunks = [];
        sink.on('data', (data) => chunks.push(data));
        await t.once(sink, 'end');
        return Buffer.concat(chunks);
    };
    const results = await Promise.all([read(leftSink), read(rightSink)]);
    assert.strictEqual(results[0].equals(payload), true);
    assert.strictEqual(results[1].equals(payload), true);
});

test('pipe into a socket that is still connecting', async (t) => {
    const echo = await t.server((socket) => socket.pipe(socket));
    const client = t.connect(await t.server((front) => {
        const back = t.connect(echo);
        assert.strictEqual(back.connecting, true);
        front.pipe(back).pipe(front);
    }));
    client.write('through');
    const [data] = await t.once(client, 'data');
    assert.strictEqual(data.toString(), 'through');
});

test('destroying the destination of a pipe leaves the source alive',
    async (t) => {
        const [client, front] = await t.pair();
        const [back] = await t.pair();
        front.pipe(back);
        client.write('x');
        await t.sleep(20);
        back.destroy();
        await closed(back);
        assert.strictEqual(front.destroyed, false);
        const data = t.once(front, 'data');
        front.resume();
        client.write('y');
        await data;
    });

test('a reset of the source of a pipe is its error, and not another\'s',
    async (t) => {
        const [client, front] = await t.pair();
        const [back] = await t.pair();
        front.pipe(back);
        back.on('error', t.mustNotCall('error'));
        await t.sleep(10);
        client.resetAndDestroy();
        const [error] = await t.once(front, 'error');
        assert.strictEqual(error.code, 'ECONNRESET');
        assert.strictEqual(error.syscall, 'read');
        assert.strictEqual(back.destroyed, false);
    });

test('a reset of the destination of a pipe is its error', async (t) => {
    const [client, front] = await t.pair();
    const [back, sink] = await t.pair();
    front.pipe(back);
    front.on('error', t.mustNotCall('error'));
    sink.resetAndDestroy();
    const timer = setInterval(() => client.write('x'), 2);
    const [error] = await t.once(back, 'error');
    clearInterval(timer);
    assert.ok(['EPIPE', 'ECONNRESET'].includes(error.code), error.code);
});

test('the idle timeout of piped sockets heeds what is piped', async (t) => {
    const [client, front] = await t.pair();
    const [back, sink] = await t.pair();
    let arrived = performance.now();
    const silences = [];
    sink.on('data', () => {
        arrived = performance.now();
    });
    front.pipe(back);
    for (const socket of [front, back]) {
        socket.setTimeout(150, () => {
            silences.push(performance.now() - arrived);
        });
    }
    for (let i = 0; i < 10; i++) {
        await t.sleep(40);
        client.write('x');
    }
    await t.once(front, 'timeout');
    // However slow the machine: not in the 40 ms between two of them.
    assert.ok(silences.every((silence) => silence > 75), `${silences} ms`);
});

test('fifty proxied connections at once are all exact', async (t) => {
    const echo = await t.server((socket) => socket.pipe(socket));
    const proxy = await proxyFor(t, echo);
    const one = async (i) => {
        const client = t.connect(proxy);
        const payload = Buffer.alloc(50000 + i, `${i} `);
        const chunks = [];
        client.on('data', (data) => chunks.push(data));
        client.end(payload);
        await closed(client);
        assert.strictEqual(Buffer.concat(chunks).equals(payload), true);
    };
    await Promise.all(Array.from({ length: 50 }, (_, i) => one(i)));
});

test('pipe from a socket with an encoding', async (t) => {
    const [client, front] = await t.pair();
    const [back, sink] = await t.pair();
    front.setEncoding('utf8');
    front.pipe(back);
    let text = '';
    sink.on('data', (data) => {
        text += data;
    });
    client.end('gr\u00fc\u00df');
    await t.once(sink, 'end');
    assert.strictEqual(text, 'gr\u00fc\u00df');
});

test('a pipeline into a socket that was ended fails', async (t) => {
    const [client] = await t.pair();
    const order = record(client, 'error', 'close');
    setImmediate(() => {
        client.end();
        pipeline(async function* () {
            yield 'late';
        }, client, t.mustCall((error) => {
            assert.strictEqual(error.code, 'ERR_STREAM_WRITE_AFTER_END');
            order.push('over');
        }));
    });
    await closed(client);
    assert.deepStrictEqual(order, ['error', 'over', 'close']);
});

test('finished() of the writable half waits for finish', async (t) => {
    const [client] = await t.pair({ allowHalfOpen: true });
    const order = record(client, 'finish');
    client.end('bye');
    assert.ok(client._writableState.pendingcb > 0);
    await new Promise((resolve) => {
        finished(client, { readable: false }, t.mustCall((error) => {
            assert.strictEqual(error, undefined);
            order.push('finished');
            resolve();
        }));
    });
    assert.deepStrictEqual(order, ['finish', 'finished']);
    assert.strictEqual(client._writableState.pendingcb, 0);
});

/* A half-open socket whose peer has ended, and then reset the connection. */
async function resetAfterEnd(t) {
    const [client, socket] = await t.pair({ allowHalfOpen: true },
        { allowHalfOpen: true });
    const order = record(socket, 'end', 'finish', 'error', 'close');
    socket.resume();
    client.end();
    await t.once(socket, 'end');
    client.resetAndDestroy();
    await closed(client);
    await t.sleep(10); // for what must not come
    assert.deepStrictEqual(order, ['end']);
    assert.strictEqual(socket.readyState, 'writeOnly');
    return [socket, order];
}

test('a reset behind the end is told by the next write', async (t) => {
    const [socket, order] = await resetAfterEnd(t);
    socket.once('error', (error) => {
        assert.strictEqual(error.code, 'EPIPE');
        assert.strictEqual(error.syscall, 'write');
    });
    socket.write('x', (error) => order.push(error.code));
    await closed(socket);
    assert.deepStrictEqual(order, ['end', 'EPIPE', 'error', 'close']);
});

test('a reset behind the end is no error of who writes no more', async (t) => {
    const [socket, order] = await resetAfterEnd(t);
    socket.end();
    await closed(socket);
    assert.deepStrictEqual(order, ['end', 'finish', 'close']);
});
