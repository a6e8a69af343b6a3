'use strict';
/*
 * Ti.Network.Socket, Ti.API and Ti.Platform, as docs/compatibility.md has them:
 * states, what throws in which, and what callbacks are told.
 */
const net = require('net');
const { test, assert } = require('./harness');
const { LOCAL, createTCP, INITIALIZED, CONNECTED, LISTENING, CLOSED, ERROR,
    noop, bytesOf, connected, listening, told, throwsState, until } =
    require('./titanium');

/* ------------------------------------------------------------------ sockets */

test.weir('Ti and Titanium are one, and the states have their numbers', () => {
    assert.strictEqual(Ti, Titanium);
    assert.deepStrictEqual([INITIALIZED, CONNECTED, LISTENING, CLOSED, ERROR],
        [1, 2, 3, 4, 5]);
});

test.weir('a socket begins INITIALIZED, with what it was given', () => {
    const socket = createTCP({ host: LOCAL, port: 80, timeout: 10,
        listenQueueSize: 3, connected: noop, error: noop, accepted: noop });
    assert.strictEqual(socket.state, INITIALIZED);
    assert.strictEqual(socket.host, LOCAL);
    assert.strictEqual(socket.port, 80);
    assert.strictEqual(socket.timeout, 10);
    assert.strictEqual(socket.listenQueueSize, 3);
    for (const name of ['connected', 'error', 'accepted']) {
        assert.strictEqual(socket[name], noop);
    }
    assert.strictEqual(createTCP().state, INITIALIZED);
    assert.strictEqual(`${socket}`, '[object Titanium.Network.Socket.TCP]');
});

test.weir('connected is told the socket, which is CONNECTED', async (t) => {
    const server = await t.server();
    const socket = createTCP();
    socket.host = LOCAL;
    socket.port = server.address().port;
    const e = await told((resolve) => {
        socket.connected = resolve;
        socket.connect();
        assert.strictEqual(socket.state, INITIALIZED);
    });
    assert.strictEqual(e.socket, socket);
    assert.strictEqual(socket.state, CONNECTED);
    socket.close();
    assert.strictEqual(socket.state, CLOSED);
});

test.weir('connect goes by name', async (t) => {
    const [socket] = await connected(t, { host: 'localhost' });
    assert.strictEqual(socket.state, CONNECTED);
});

test.weir('connect throws without host or port, or with bad ones', () => {
    const bad = [
        [{}, /host/], [{ port: 80 }, /host/], [{ host: LOCAL }, /port/],
        [{ host: 5, port: 80 }, /host/], [{ host: '', port: 80 }, /host/],
        [{ host: 'a b', port: 80 }, /host/], [{ host: null, port: 1 }, /host/],
        [{ host: LOCAL, port: 0 }, /port/], [{ host: LOCAL, port: 65536 },
            /port/],
        [{ host: LOCAL, port: -1 }, /port/], [{ host: LOCAL, port: 'x' },
            /port/],
        [{ host: LOCAL, port: 1.5 }, /port/],
    ];
    for (const [options, message] of bad) {
        const socket = createTCP(options);
        assert.throws(() => socket.connect(), { message });
        assert.strictEqual(socket.state, INITIALIZED);
    }
});

test.weir('connect throws when connecting, CONNECTED or LISTENING',
    async (t) => {
        const [socket] = await connected(t);
        throwsState(() => socket.connect(), /connect.*CONNECTED/);
        assert.strictEqual(socket.state, CONNECTED);
        const [listener] = listening(t);
        throwsState(() => listener.connect(), /connect.*LISTENING/);
        assert.strictEqual(listener.state, LISTENING);
        const server = await t.server();
        const twice = createTCP({ host: LOCAL, port: server.address().port });
        twice.connect();
        throwsState(() => twice.connect(), /connecting/);
        await told((resolve) => {
            twice.connected = resolve;
        });
        twice.close();
    });

test.weir('a refused connection ends in ERROR and tells it', async (t) => {
    const server = await t.server();
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    const socket = createTCP({ host: LOCAL, port,
        connected: t.mustNotCall() });
    const e = await told((resolve) => {
        socket.error = resolve;
        socket.connect();
    });
    assert.strictEqual(socket.state, ERROR);
    assert.strictEqual(e.socket, socket);
    assert.strictEqual(e.success, false);
    assert.match(e.error, /ECONNREFUSED/);
    assert.ok(e.code > 0, `${e.code}`);
    assert.strictEqual(e.errorCode, e.code);
});

test.weir('a name that does not exist ends in ERROR', async () => {
    const socket = createTCP({ host: 'nobody.invalid', port: 80 });
    const e = await told((resolve) => {
        socket.error = resolve;
        socket.connect();
    });
    assert.strictEqual(socket.state, ERROR);
    assert.match(e.error, /ENOTFOUND nobody\.invalid/);
});

test.weir('a socket in ERROR or CLOSED connects anew', async (t) => {
    const server = await t.server();
    const { port } = server.address();
    const socket = createTCP({ host: LOCAL, port });
    for (let i = 0; i < 3; i++) {
        await told((resolve) => {
            socket.connected = resolve;
            socket.connect();
        });
        assert.strictEqual(socket.state, CONNECTED);
        if (i === 1) {
            assert.throws(() => socket.listen());
            assert.strictEqual(socket.state, ERROR);
        } else {
            socket.close();
        }
    }
});

test.weir('timeout ends a connect that nobody answers', async (t) => {
    // A backlog that is full: who connects waits.
    const listener = createTCP({ host: LOCAL, port: 0, listenQueueSize: 1 });
    listener.listen();
    const waiting = [];
    t.after(() => listener.close());
    const socket = createTCP({ host: LOCAL, port: listener.port,
        timeout: 60 });
    for (let i = 0; i < 4; i++) {
        waiting.push(t.track(net.connect(listener.port, LOCAL)));
        waiting[i].on('error', noop);
    }
    await t.sleep(30);
    const start = Date.now();
    const e = await told((resolve) => {
        socket.error = resolve;
        socket.connect();
    });
    assert.match(e.error, /connect ETIMEDOUT/);
    assert.ok(Date.now() - start >= 58);
    assert.strictEqual(socket.state, ERROR);
});

test.weir('host, port and timeout can be set only while INITIALIZED',
    async (t) => {
        const [socket] = await connected(t);
        const [listener] = listening(t);
        for (const one of [socket, listener]) {
            throwsState(() => {
                one.host = 'localhost';
            }, /host/);
            throwsState(() => {
                one.port = 1;
            }, /port/);
            throwsState(() => {
                one.timeout = 1;
            }, /timeout/);
        }
        assert.throws(() => {
            socket.state = 1;
        }, TypeError);
        assert.strictEqual(socket.state, CONNECTED);
    });

/* ---------------------------------------------------------------- listening */

test.weir('accept takes one connection, further ones wait', async (t) => {
    const [listener, accept] = listening(t);
    const first = t.track(net.connect(listener.port, LOCAL));
    await t.once(first, 'connect');
    const second = t.track(net.connect(listener.port, LOCAL));
    await t.once(second, 'connect');
    await t.sleep(20); // nobody has asked
    const e = await accept();
    assert.strictEqual(e.socket, listener);
    assert.strictEqual(e.inbound.state, CONNECTED);
    assert.strictEqual(e.inbound.port, first.localPort);
    assert.strictEqual(e.inbound.host, LOCAL);
    listener.accepted = t.mustNotCall('a second one');
    await t.sleep(20);
    const { inbound } = await told((resolve) => {
        listener.accepted = resolve;
        listener.accept({});
    });
    assert.strictEqual(inbound.port, second.localPort);
    e.inbound.close();
    inbound.close();
});

test.weir('accept again while waiting replaces the options', async (t) => {
    const [listener, accept] = listening(t);
    listener.accept({ timeout: 5 });
    const error = noop;
    const promise = accept({ timeout: 70, error });
    t.track(net.connect(listener.port, LOCAL));
    const { inbound } = await promise;
    assert.strictEqual(inbound.timeout, 70);
    assert.strictEqual(inbound.error, error);
    inbound.close();
});

test.weir('accept throws unless LISTENING', async (t) => {
    const [socket] = await connected(t);
    throwsState(() => socket.accept({}), /accept.*LISTENING/);
    throwsState(() => createTCP().accept({}), /accept.*LISTENING/);
    const [listener] = listening(t);
    listener.close();
    throwsState(() => listener.accept({}), /accept.*LISTENING/);
});

test.weir('listen throws when LISTENING or CONNECTED, and that is ERROR',
    async (t) => {
        const [listener] = listening(t);
        const [socket, peer] = await connected(t);
        const ended = t.once(peer, 'end');
        for (const one of [listener, socket]) {
            one.error = t.mustNotCall('error');
            throwsState(() => one.listen(), /listen/);
            assert.strictEqual(one.state, ERROR);
        }
        const late = t.track(net.connect(listener.port, LOCAL));
        const [error] = await t.once(late, 'error');
        assert.strictEqual(error.code, 'ECONNREFUSED');
        await ended;
    });

test.weir('a port in use is told to error', async (t) => {
    const server = await t.server();
    const socket = createTCP({ host: LOCAL, port: server.address().port });
    const e = await told((resolve) => {
        socket.error = resolve;
        socket.listen();
        assert.strictEqual(socket.state, LISTENING);
    });
    assert.match(e.error, /EADDRINUSE/);
    assert.ok(e.errorCode > 0);
    assert.strictEqual(socket.state, ERROR);
});

test.weir('listen throws for a host or port that is none', () => {
    for (const [options, message] of [
        [{ host: 7 }, /host/], [{ host: LOCAL, port: 70000 }, /port/],
        [{ port: {} }, /port/],
    ]) {
        const socket = createTCP(options);
        assert.throws(() => socket.listen(), { message });
        assert.strictEqual(socket.state, ERROR);
    }
});

test.weir('close ends listening, and throws unless there is something open',
    async (t) => {
        const [listener] = listening(t);
        listener.accept({});
        listener.close();
        assert.strictEqual(listener.state, CLOSED);
        throwsState(() => listener.close(), /close/);
        throwsState(() => createTCP().close(), /close/);
        const late = t.track(net.connect(listener.port, LOCAL));
        const [error] = await t.once(late, 'error');
        assert.strictEqual(error.code, 'ECONNREFUSED');
    });

test.weir('a server by name listens where the name leads', async (t) => {
    const [listener, accept] = listening(t, { host: 'localhost' });
    const promise = accept();
    await until(t, () => listener.port > 0);
    t.track(net.connect(listener.port, 'localhost'));
    (await promise).inbound.close();
});

/* -------------------------------------------------------- Ti.API, Ti.Platform */

test.weir('Ti.API prints a line with its level', (t) => {
    const lines = [];
    const { log, error } = console;
    t.after(() => Object.assign(console, { log, error }));
    console.log = (line) => lines.push(line);
    console.error = (line) => lines.push(`! ${line}`);
    Ti.API.info('100%d sure');
    Ti.API.debug('a', 5);
    Ti.API.trace(['x', 'y']);
    Ti.API.warn({ a: 1 });
    Ti.API.error(bytesOf('text'));
    Ti.API.log('plain');
    Ti.API.log('custom', 'message');
    Ti.API.timestamp('now');
    console.log = log;
    assert.match(lines.pop(), /^\[TIMESTAMP\] \d{4}-.*Z now$/);
    assert.deepStrictEqual(lines, ['[INFO] 100%d sure', '[DEBUG] a 5',
        '[TRACE] x y', '! [WARN] { a: 1 }', '! [ERROR] text', '[INFO] plain',
        '[CUSTOM] message']);
});

test.weir('Ti.Platform.address is an address of this machine', async (t) => {
    const { address } = Ti.Platform;
    assert.strictEqual(net.isIPv4(address), true);
    const server = t.track(net.createServer());
    server.listen(0, address);
    await t.once(server, 'listening');
});

/* ------------------------------------------------------------------ bad input */

/* Every method with nothing, and with each wrong type in each place: it does
 * it, or throws an Error that says what was wrong. */
const wrong = [undefined, null, true, 5, -1, NaN, 'x', Symbol('s'), 10n, [], {},
    noop, /x/, new Date(0)];

function methodsOf(object) {
    const names = new Set();
    for (let at = object; Object.getPrototypeOf(at) !== null;
        at = Object.getPrototypeOf(at)) {
        for (const name of Object.getOwnPropertyNames(at)) {
            const { value } = Object.getOwnPropertyDescriptor(at, name);
            if (typeof value === 'function' && name !== 'constructor') {
                names.add(name);
            }
        }
    }
    return [...names];
}

function attempt(what, fn) {
    try {
        fn();
    } catch (error) {
        assert.ok(error instanceof Error, what);
        assert.ok(typeof error.code === 'string', `${what}: ${error.stack}`);
        assert.match(error.message, /argument|property|socket|stream|port|"/,
            `${what}: ${error.message}`);
    }
}

function goThrough(name, make) {
    for (const method of methodsOf(make())) {
        attempt(`${name}.${method}()`, () => make()[method]());
        for (const value of wrong) {
            for (let place = 0; place < 4; place++) {
                const args = new Array(place).fill(value);
                attempt(`${name}.${method}(${args.map(String)})`,
                    () => make()[method](...args, value));
            }
        }
    }
}

test.weir('no method of Ti.Stream, Ti.Codec and Ti.Buffer falls for bad input',
    () => {
        goThrough('Ti.Stream', () => Ti.Stream);
        goThrough('Ti.Codec', () => Ti.Codec);
        goThrough('Ti.Buffer', () => bytesOf('text'));
        goThrough('BufferStream', () => Ti.Stream.createStream(
            { source: bytesOf('text'), mode: Ti.Stream.MODE_READ }));
    });

test.weir('no method of a socket falls for bad input, in any state',
    async (t) => {
        const [open] = await connected(t, { timeout: 2000 });
        const [closed] = await connected(t);
        closed.close();
        for (const socket of [open, closed]) {
            for (const method of ['read', 'write', 'accept', 'isReadable',
                'isWritable', 'connect']) {
                for (const value of wrong) {
                    attempt(`${method}(${String(value)})`, () =>
                        socket[method](value, value, value));
                }
            }
        }
        for (const value of wrong) {
            attempt(`createTCP(${String(value)})`, () => createTCP(value));
            attempt(`listen at ${String(value)}`, () => {
                const socket = createTCP({ host: value, port: value });
                socket.listen();
                socket.close();
            });
            for (const name of ['timeout', 'listenQueueSize', 'connected',
                'error', 'accepted', 'host', 'port']) {
                attempt(`${name} = ${String(value)}`, () => {
                    createTCP()[name] = value;
                });
            }
            attempt(`createBuffer(${String(value)})`,
                () => Ti.createBuffer(value));
        }
        assert.strictEqual(open.state, CONNECTED);
    });

test.weir('what must be there is named when it is missing', () => {
    const socket = createTCP();
    const buffer = Ti.createBuffer({ length: 4 });
    const named = [
        [() => socket.read(), /"buffer"/], [() => socket.write(), /"buffer"/],
        [() => Ti.Stream.read(), /"sourceStream"/],
        [() => Ti.Stream.read(socket), /"buffer"/],
        [() => Ti.Stream.read(socket, buffer), /"resultsCallback"/],
        [() => Ti.Stream.write(socket, buffer, 0, 1), /"resultsCallback"/],
        [() => Ti.Stream.readAll(), /"sourceStream"/],
        [() => Ti.Stream.readAll(socket, undefined, noop), /"buffer"/],
        [() => Ti.Stream.writeStream(socket), /"outputStream"/],
        [() => Ti.Stream.writeStream(socket, socket), /"maxChunkSize"/],
        [() => Ti.Stream.pump(socket), /"handler"/],
        [() => Ti.Stream.pump(socket, noop), /"maxChunkSize"/],
        [() => Ti.Stream.pump(socket, noop, 0), /"maxChunkSize"/],
        [() => Ti.Stream.pump(socket, noop, 1, 1), /"isAsync"/],
        [() => Ti.Stream.createStream(), /"options"/],
        [() => Ti.Stream.createStream({}), /"options.source"/],
        [() => Ti.Codec.encodeString(), /"options"/],
        [() => Ti.Codec.encodeString({}), /"dest"/],
        [() => Ti.Codec.decodeNumber({ source: buffer }), /"type"/],
        [() => buffer.append(), /"buffer"/], [() => buffer.fill(), /"fillByte"/],
        [() => buffer.insert(buffer), /"offset"/],
        [() => Ti.API.info(), /"message"/],
    ];
    for (const [call, message] of named) {
        assert.throws(call, { message });
    }
});
