'use strict';
/*
 * Ti.Network.Socket, Ti.Stream, Ti.Buffer, Ti.Codec, Ti.API and Ti.Platform, as
 * docs/compatibility.md has them: states, what throws in which, what callbacks
 * are told, and that calls which block wait for one descriptor alone.
 */
const net = require('net');
const { test, assert, onWeir } = require('./harness');

const LOCAL = '127.0.0.1';
const { createTCP, INITIALIZED, CONNECTED, LISTENING, CLOSED, ERROR } =
    onWeir ? Ti.Network.Socket : {};

const noop = () => {};
const bytesOf = (value) => Ti.createBuffer({ value });

/* A plain server, and a Titanium socket that is connected to it. */
async function connected(t, options = {}) {
    const server = await t.server(undefined, { allowHalfOpen: true });
    const peer = t.once(server, 'connection');
    const socket = createTCP({ host: LOCAL, port: server.address().port,
        ...options });
    await new Promise((resolve, reject) => {
        socket.connected = resolve;
        socket.error ??= (e) => reject(new Error(e.error));
        socket.connect();
    });
    const [accepted] = await peer;
    t.after(() => {
        if (socket.state === CONNECTED) {
            socket.close();
        }
    });
    return [socket, accepted];
}

/* A listener and a promise of a function that waits for its connections. */
function listening(t, options = {}) {
    const waiting = [];
    const socket = createTCP({ host: LOCAL, port: 0,
        accepted: (e) => waiting.shift()(e), ...options });
    socket.listen();
    t.after(() => {
        if (socket.state === LISTENING) {
            socket.close();
        }
    });
    const accept = (dict) => new Promise((resolve) => {
        waiting.push(resolve);
        socket.accept(dict);
    });
    return [socket, accept];
}

const told = (start) => new Promise((resolve) => start(resolve));
const throwsState = (fn, pattern) => assert.throws(fn,
    { code: 'ERR_INVALID_STATE', message: pattern });

/* Turns until the condition holds. */
async function until(t, condition) {
    while (!condition()) {
        await t.turn();
    }
}

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

/* ------------------------------------------------------------ calls that block */

test.weir('read gives what has come, as far as there is room', async (t) => {
    const [socket, peer] = await connected(t);
    const buffer = Ti.createBuffer({ length: 10 });
    peer.write('hello');
    assert.strictEqual(socket.read(buffer), 5);
    assert.strictEqual(buffer.toString(), 'hello\0\0\0\0\0');
    assert.strictEqual(buffer.length, 10);
    peer.write('abcdef');
    assert.strictEqual(socket.read(buffer, 2, 3), 3);
    assert.strictEqual(buffer.toString(), 'heabc\0\0\0\0\0');
    assert.strictEqual(socket.read(buffer, 0, 10), 3);
    assert.strictEqual(buffer.toString(), 'defbc\0\0\0\0\0');
});

test.weir('bytes that net has read before come first', async (t) => {
    const [socket, peer] = await connected(t);
    const buffer = Ti.createBuffer({ length: 4 });
    peer.write('abcdefgh');
    await t.sleep(20); // in the stream's buffer by now
    assert.strictEqual(socket.read(buffer), 4);
    assert.strictEqual(buffer.toString(), 'abcd');
    peer.write('ij');
    await t.sleep(20);
    assert.strictEqual(socket.read(buffer, 0, 3), 3);
    assert.strictEqual(buffer.toString(), 'efgd');
    const rest = Ti.createBuffer({ length: 10 });
    let text = '';
    while (text.length < 3) {
        const count = socket.read(rest);
        text += rest.clone(0, count).toString();
    }
    assert.strictEqual(text, 'hij');
});

test.weir('read gives -1 at the end, again and again', async (t) => {
    const [socket, peer] = await connected(t);
    const buffer = Ti.createBuffer({ length: 4 });
    peer.end('bye');
    assert.strictEqual(socket.read(buffer), 3);
    assert.strictEqual(socket.isReadable(), true);
    assert.strictEqual(socket.read(buffer), -1);
    assert.strictEqual(socket.read(buffer), -1);
    assert.strictEqual(socket.isReadable(), false);
    assert.strictEqual(socket.isWritable(), true);
    await t.sleep(10);
    assert.strictEqual(socket.read(buffer), -1);
    assert.strictEqual(socket.state, CONNECTED);
    assert.strictEqual(socket.write(bytesOf('still')), 5);
    const [data] = await t.once(peer, 'data');
    assert.strictEqual(data.toString(), 'still');
});

test.weir('a timeout ends a read that blocks, and the socket goes on',
    async (t) => {
        const [socket, peer] = await connected(t, { timeout: 400 });
        const buffer = Ti.createBuffer({ length: 4 });
        const start = Date.now();
        assert.throws(() => socket.read(buffer),
            { code: 'ETIMEDOUT', message: /read/ });
        assert.ok(Date.now() - start >= 398);
        assert.strictEqual(socket.state, CONNECTED);
        peer.write('late');
        assert.strictEqual(socket.read(buffer), 4);
    });

test.weir('timers and other sockets go on after a call that blocked',
    async (t) => {
        const [socket] = await connected(t, { timeout: 400 });
        const [other, peer] = await t.pair();
        const order = [];
        setTimeout(() => order.push('timer'), 5);
        other.write('x');
        peer.on('data', () => order.push('data'));
        assert.throws(() => socket.read(Ti.createBuffer({ length: 1 })));
        assert.deepStrictEqual(order, []);
        await until(t, () => order.length === 2);
    });

test.weir('write blocks until the kernel has everything', async (t) => {
    const [socket, peer] = await connected(t);
    const buffer = Ti.createBuffer({ length: 100000 });
    buffer.fill(7);
    assert.strictEqual(socket.write(buffer), 100000);
    assert.strictEqual(socket.write(buffer, 10, 20), 20);
    let count = 0;
    peer.on('data', (data) => {
        count += data.length;
    });
    await until(t, () => count === 100020);
});

test.weir('a timeout ends a write that blocks, and that is ERROR',
    async (t) => {
        const [socket, peer] = await connected(t, { timeout: 400 });
        peer.pause();
        const e = await told((resolve) => {
            socket.error = resolve;
            const start = Date.now();
            assert.throws(
                () => socket.write(Ti.createBuffer({ length: 64 << 20 })),
                { code: 'ETIMEDOUT', message: /write/ });
            assert.ok(Date.now() - start >= 398);
            assert.strictEqual(socket.state, ERROR);
        });
        assert.match(e.error, /write ETIMEDOUT/);
        throwsState(() => socket.write(bytesOf('x')), /ERROR/);
    });

test.weir('close delivers what was written before', async (t) => {
    const [socket, peer] = await connected(t);
    const buffer = Ti.createBuffer({ length: 8 << 20 });
    peer.write('nobody reads this');
    const done = told((resolve) =>
        Ti.Stream.write(socket, buffer, resolve));
    socket.close();
    assert.strictEqual(socket.state, CLOSED);
    let count = 0;
    peer.on('data', (data) => {
        count += data.length;
    });
    await t.once(peer, 'end');
    assert.strictEqual(count, 8 << 20);
    const e = await done;
    assert.strictEqual(e.success, true);
    assert.strictEqual(e.bytesProcessed, 8 << 20);
});

test.weir('read and write throw unless CONNECTED', async (t) => {
    const buffer = Ti.createBuffer({ length: 4 });
    const [closed] = await connected(t);
    closed.close();
    const [listener] = listening(t);
    for (const socket of [createTCP(), closed, listener]) {
        throwsState(() => socket.read(buffer), /read.*CONNECTED/);
        throwsState(() => socket.write(buffer), /write.*CONNECTED/);
        assert.strictEqual(socket.isReadable(), false);
        assert.strictEqual(socket.isWritable(), false);
    }
});

test.weir('offset and length come together, and inside of the buffer',
    async (t) => {
        const [socket] = await connected(t);
        const buffer = Ti.createBuffer({ length: 4 });
        for (const call of [
            (...range) => socket.read(buffer, ...range),
            (...range) => socket.write(buffer, ...range),
            (...range) => Ti.Stream.read(socket, buffer, ...range, noop),
            (...range) => Ti.Stream.write(socket, buffer, ...range, noop),
            (...range) => buffer.clone(...range),
            (...range) => buffer.append(buffer, ...range),
            (...range) => buffer.fill(1, ...range),
        ]) {
            assert.throws(() => call(1), { message: /length/ });
            assert.throws(() => call(undefined, 1), { message: /offset/ });
            assert.throws(() => call(5, 1), { message: /offset/ });
            assert.throws(() => call(4, 1), { message: /length/ });
            assert.throws(() => call(-1, 1), { message: /offset/ });
            assert.throws(() => call(0, 5), { message: /length/ });
            assert.throws(() => call('0', 1), { message: /offset/ });
            assert.throws(() => call(0, '1'), { message: /length/ });
        }
        assert.strictEqual(buffer.length, 4);
        assert.strictEqual(socket.state, CONNECTED);
    });

test.weir('a reset is told to those who read, then to error', async (t) => {
    const order = [];
    const [socket, peer] = await connected(t, {
        error: (e) => order.push(['error', e.code > 0]) });
    Ti.Stream.pump(socket, (e) => {
        order.push(['pump', e.bytesProcessed, e.success, e.errorState,
            e.buffer, e.code > 0, socket.state]);
    }, 100, true);
    await t.turn();
    peer.resetAndDestroy();
    await until(t, () => order.length === 2);
    assert.deepStrictEqual(order, [
        ['pump', -1, false, 1, undefined, true, CONNECTED],
        ['error', true]]);
    assert.strictEqual(socket.state, ERROR);
});

/* ------------------------------------------------------------------ Ti.Stream */

test.weir('Stream.read tells how much has come, and -1 at the end',
    async (t) => {
        const [socket, peer] = await connected(t);
        const buffer = Ti.createBuffer({ length: 6 });
        const first = told((cb) => Ti.Stream.read(socket, buffer, cb));
        peer.write('hello, world');
        let e = await first;
        assert.deepStrictEqual({ ...e }, { source: socket, bytesProcessed: 6,
            errorState: 0, errorDescription: '', success: true,
            error: undefined, code: 0 });
        assert.strictEqual(buffer.toString(), 'hello,');
        e = await told((cb) => Ti.Stream.read(socket, buffer, 1, 5, cb));
        assert.strictEqual(e.bytesProcessed, 5);
        assert.strictEqual(buffer.toString(), 'h worl');
        peer.end();
        e = await told((cb) => Ti.Stream.read(socket, buffer, cb));
        assert.strictEqual(e.bytesProcessed, 1);
        e = await told((cb) => Ti.Stream.read(socket, buffer, cb));
        assert.strictEqual(e.bytesProcessed, -1);
        assert.strictEqual(e.success, true);
        assert.strictEqual(buffer.length, 6);
    });

test.weir('reads are answered in their order', async (t) => {
    const [socket, peer] = await connected(t);
    const order = [];
    for (const [name, length] of [['a', 2], ['b', 2], ['c', 8]]) {
        const buffer = Ti.createBuffer({ length });
        Ti.Stream.read(socket, buffer, (e) =>
            order.push(name + buffer.toString().slice(0, e.bytesProcessed)));
    }
    peer.write('12345');
    await until(t, () => order.length === 3);
    assert.deepStrictEqual(order, ['a12', 'b34', 'c5']);
});

test.weir('Stream.write tells how much was written, later', async (t) => {
    const [socket, peer] = await connected(t);
    let now = true;
    const promise = told((cb) => Ti.Stream.write(socket, bytesOf('hello'),
        (e) => {
            assert.strictEqual(now, false);
            cb(e);
        }));
    now = false;
    const e = await promise;
    assert.strictEqual(e.source, socket);
    assert.strictEqual(e.bytesProcessed, 5);
    assert.strictEqual(e.success, true);
    const part = bytesOf('0123456789');
    await told((cb) => Ti.Stream.write(socket, part, 3, 4, cb));
    await told((cb) => Ti.Stream.write(socket, Ti.createBuffer(), cb));
    let text = '';
    peer.on('data', (data) => {
        text += data;
    });
    await until(t, () => text === 'hello3456');
});

test.weir('the buffer of a Stream.write may be filled anew at once',
    async (t) => {
        const [socket, peer] = await connected(t);
        const buffer = Ti.createBuffer({ length: 4 << 20 });
        buffer.fill(1);
        Ti.Stream.write(socket, buffer, noop);
        buffer.fill(2);
        let count = 0;
        let twos = 0;
        peer.on('data', (data) => {
            count += data.length;
            twos += data.includes(2) ? 1 : 0;
        });
        await until(t, () => count === 4 << 20);
        assert.strictEqual(twos, 0);
    });

test.weir('timeout ends each Stream.write, and that is ERROR', async (t) => {
    const [socket, peer] = await connected(t, { timeout: 400 });
    peer.pause();
    const error = told((resolve) => {
        socket.error = resolve;
    });
    const e = await told((cb) =>
        Ti.Stream.write(socket, Ti.createBuffer({ length: 64 << 20 }), cb));
    assert.strictEqual(e.bytesProcessed, -1);
    assert.strictEqual(e.success, false);
    assert.match(e.error, /write ETIMEDOUT/);
    assert.ok(e.code > 0);
    await error;
    assert.strictEqual(socket.state, ERROR);
});

test.weir('on a socket that is not CONNECTED the callback is told', async (t) => {
    const [closed] = await connected(t);
    closed.close();
    const buffer = Ti.createBuffer({ length: 4 });
    for (const socket of [createTCP(), closed]) {
        for (const start of [
            (cb) => Ti.Stream.read(socket, buffer, cb),
            (cb) => Ti.Stream.write(socket, buffer, cb),
            (cb) => Ti.Stream.readAll(socket, buffer.clone(), cb),
            (cb) => Ti.Stream.pump(socket, cb, 10, true),
            (cb) => Ti.Stream.pump(socket, cb, 10),
        ]) {
            const e = await told(start);
            assert.strictEqual(e.success, false);
            assert.strictEqual(e.errorState, 1);
            assert.strictEqual(e.code, -1);
            assert.match(e.errorDescription, /CONNECTED/);
        }
        throwsState(() => Ti.Stream.readAll(socket), /CONNECTED/);
    }
});

test.weir('close tells a read that waits, and says nothing to a pump',
    async (t) => {
        const [socket] = await connected(t);
        const buffer = Ti.createBuffer({ length: 4 });
        const read = told((cb) => Ti.Stream.read(socket, buffer, cb));
        Ti.Stream.pump(socket, t.mustNotCall('pump'), 10, true);
        await t.turn();
        socket.close();
        const e = await read;
        assert.strictEqual(e.success, false);
        assert.strictEqual(e.bytesProcessed, -1);
        assert.match(e.error, /closed/);
        await t.turn();
    });

test.weir('readAll gives everything to the end, at once or later',
    async (t) => {
        let [socket, peer] = await connected(t);
        peer.end('all of it');
        const all = Ti.Stream.readAll(socket);
        assert.strictEqual(all.toString(), 'all of it');

        [socket, peer] = await connected(t);
        const buffer = Ti.createBuffer({ length: 2 });
        peer.end('more than two');
        assert.strictEqual(Ti.Stream.readAll(socket, buffer), buffer);
        assert.strictEqual(buffer.toString(), 'more than two');

        [socket, peer] = await connected(t);
        const promise = told((cb) => Ti.Stream.readAll(socket, buffer, cb));
        peer.write('x'.repeat(300000));
        peer.end('y');
        const e = await promise;
        assert.strictEqual(e.source, socket);
        assert.strictEqual(e.bytesProcessed, 300001);
        assert.strictEqual(buffer.length, 300001);
        assert.strictEqual(buffer[300000], 'y'.charCodeAt(0));
    });

test.weir('writeStream copies by chunks, at once or later', async (t) => {
    const source = Ti.createBuffer({ length: 1000 });
    source.fill(3);
    const target = Ti.createBuffer();
    const open = (buffer, mode) =>
        Ti.Stream.createStream({ source: buffer, mode });
    assert.strictEqual(Ti.Stream.writeStream(
        open(source, Ti.Stream.MODE_READ),
        open(target, Ti.Stream.MODE_WRITE), 64), 1000);
    assert.strictEqual(target.length, 1000);

    const [socket, peer] = await connected(t);
    const from = open(source, Ti.Stream.MODE_READ);
    const e = await told((cb) =>
        Ti.Stream.writeStream(from, socket, 300, cb));
    let count = 0;
    peer.on('data', (data) => {
        count += data.length;
    });
    assert.strictEqual(e.fromStream, from);
    assert.strictEqual(e.toStream, socket);
    assert.strictEqual(e.bytesProcessed, 1000);
    assert.strictEqual(e.success, true);
    assert.strictEqual(e.source, undefined);
    await until(t, () => count === 1000);
});

test.weir('writeStream from socket to socket keeps backpressure', async (t) => {
    const [from, feed] = await connected(t);
    const [to, sink] = await connected(t);
    const total = 32 << 20;
    const copied = told((cb) => Ti.Stream.writeStream(from, to, 50000, cb));
    feed.end(Buffer.alloc(total, 5));
    sink.pause();
    await t.sleep(50);
    assert.ok(feed.bufferSize > 0, 'the source has to wait');
    let count = 0;
    sink.on('data', (data) => {
        count += data.length;
    });
    sink.resume();
    assert.strictEqual((await copied).bytesProcessed, total);
    await until(t, () => count === total);
});

test.weir('pump calls for each chunk, and a last time with -1', async (t) => {
    const [socket, peer] = await connected(t);
    const calls = [];
    Ti.Stream.pump(socket, (e) => calls.push(e), 4, true);
    peer.write('abcdefghij');
    await until(t, () => calls.length === 3);
    peer.end();
    await until(t, () => calls.length === 4);
    assert.deepStrictEqual(calls.map((e) => [
        e.buffer && e.buffer.toString(), e.bytesProcessed,
        e.totalBytesProcessed]),
    [['abcd', 4, 4], ['efgh', 4, 8], ['ij', 2, 10], [undefined, -1, 10]]);
    for (const e of calls) {
        assert.strictEqual(e.source, socket);
        assert.strictEqual(e.success, true);
        assert.strictEqual(e.errorState, 0);
    }
    await t.turn();
    assert.strictEqual(calls.length, 4);
});

test.weir('pump without isAsync blocks until the end', async (t) => {
    const [socket, peer] = await connected(t);
    peer.end('abcdefghij');
    const calls = [];
    Ti.Stream.pump(socket, (e) => calls.push(e.bytesProcessed), 4);
    assert.strictEqual(calls.at(-1), -1);
    assert.strictEqual(calls.slice(0, -1).reduce((a, b) => a + b), 10);
});

test.weir('a handler that throws does not end the pump', async (t) => {
    const [socket, peer] = await connected(t);
    const errors = [];
    t.uncaught((error) => errors.push(error.message));
    const calls = [];
    Ti.Stream.pump(socket, (e) => {
        calls.push(e.bytesProcessed);
        throw new Error(`at ${calls.length}`);
    }, 4, true);
    peer.end('abcdef');
    await until(t, () => calls.length === 3);
    assert.deepStrictEqual(calls, [4, 2, -1]);
    await t.turn();
    assert.deepStrictEqual(errors, ['at 1', 'at 2', 'at 3']);
});

test.weir('a handler that closes the socket is not called again', async (t) => {
    const [socket, peer] = await connected(t);
    let calls = 0;
    Ti.Stream.pump(socket, () => {
        calls++;
        socket.close();
    }, 2, true);
    peer.write('abcdef');
    await until(t, () => calls === 1);
    peer.resume();
    await t.once(peer, 'end');
    assert.strictEqual(calls, 1);
});

test.weir('a stream over a buffer reads, writes and appends', () => {
    const { createStream, MODE_READ, MODE_WRITE, MODE_APPEND } = Ti.Stream;
    const source = bytesOf('0123456789');
    const reader = createStream({ source, mode: MODE_READ });
    const buffer = Ti.createBuffer({ length: 4 });
    const counts = [];
    for (let i = 0; i < 5; i++) {
        counts.push(reader.read(buffer));
    }
    assert.deepStrictEqual(counts, [4, 4, 2, -1, -1]);
    assert.strictEqual(buffer.toString(), '8967');
    assert.strictEqual(reader.isReadable(), true);
    assert.strictEqual(reader.isWritable(), false);
    throwsState(() => reader.write(buffer), /not writable/);

    const writer = createStream({ source, mode: MODE_WRITE });
    assert.strictEqual(writer.write(bytesOf('abc')), 3);
    assert.strictEqual(writer.write(bytesOf('defghijklm')), 10);
    assert.strictEqual(source.toString(), 'abcdefghijklm');
    throwsState(() => writer.read(buffer), /not readable/);

    const appender = createStream({ source, mode: MODE_APPEND });
    assert.strictEqual(appender.write(bytesOf('no'), 1, 1), 1);
    assert.strictEqual(source.toString(), 'abcdefghijklmo');
    appender.close();
    assert.strictEqual(appender.isWritable(), false);
    throwsState(() => appender.write(buffer), /not writable/);
    throwsState(() => appender.close(), /closed/);
});

/* ------------------------------------------------------------------ Ti.Buffer */

test.weir('createBuffer takes text, numbers and lengths', () => {
    assert.strictEqual(Ti.createBuffer().length, 0);
    assert.strictEqual(Ti.createBuffer({ length: 3 }).toString(), '\0\0\0');
    assert.strictEqual(bytesOf('gr\u00fcn').length, 5);
    assert.strictEqual(bytesOf('gr\u00fcn').toString(), 'gr\u00fcn');
    const cut = Ti.createBuffer({ value: 'hello', length: 2 });
    assert.strictEqual(cut.toString(), 'he');
    const longer = Ti.createBuffer({ value: 'hi', length: 4 });
    assert.strictEqual(longer.toString(), 'hi\0\0');
    const latin = Ti.createBuffer({ value: 'gr\u00fcn',
        type: Ti.Codec.CHARSET_ISO_LATIN_1 });
    assert.strictEqual(latin.length, 4);
    assert.strictEqual(latin.toString(), 'gr\u00fcn');
    const number = Ti.createBuffer({ value: 258, type: Ti.Codec.TYPE_SHORT,
        byteOrder: Ti.Codec.BIG_ENDIAN });
    assert.deepStrictEqual([number[0], number[1], number.length], [1, 2, 2]);
    assert.strictEqual(number.type, Ti.Codec.TYPE_SHORT);
    assert.strictEqual(number.byteOrder, Ti.Codec.BIG_ENDIAN);
    assert.strictEqual(Ti.createBuffer().byteOrder,
        Ti.Codec.getNativeByteOrder());
    assert.throws(() => Ti.createBuffer({ value: 5 }), { message: /type/ });
    assert.throws(() => Ti.createBuffer({ value: {} }), { message: /value/ });
    assert.throws(() => Ti.createBuffer({ length: -1 }),
        { message: /length/ });
    assert.throws(() => Ti.createBuffer({ type: 'x' }), { message: /type/ });
});

test.weir('length truncates or fills with zeroes', () => {
    const buffer = bytesOf('hello');
    buffer.length = 2;
    assert.strictEqual(buffer.toString(), 'he');
    buffer.length = 4;
    assert.strictEqual(buffer.toString(), 'he\0\0');
    for (const bad of [-1, 1.5, '3', null, NaN]) {
        assert.throws(() => {
            buffer.length = bad;
        }, { message: /length/ });
    }
    assert.strictEqual(buffer.length, 4);
});

test.weir('a buffer has its bytes by index', () => {
    const buffer = bytesOf('abc');
    assert.strictEqual(buffer[0], 97);
    assert.strictEqual(buffer[3], undefined);
    assert.strictEqual(buffer['00'], undefined);
    buffer[1] = 255;
    buffer[2] = -1;
    assert.deepStrictEqual([buffer[1], buffer[2]], [255, 255]);
    assert.throws(() => {
        buffer[3] = 1;
    }, { message: /index/ });
    for (const bad of [256, 1.5, 'x', undefined]) {
        assert.throws(() => {
            buffer[0] = bad;
        }, { message: /value/ });
    }
    buffer.mine = 'kept';
    assert.strictEqual(buffer.mine, 'kept');
    assert.strictEqual(buffer.other, undefined);
});

test.weir('append, insert, copy, clone, fill, clear and release', () => {
    const buffer = bytesOf('ab');
    assert.strictEqual(buffer.append(bytesOf('cdef')), 4);
    assert.strictEqual(buffer.append(bytesOf('xyz'), 1, 1), 1);
    assert.strictEqual(buffer.toString(), 'abcdefy');
    assert.strictEqual(buffer.insert(bytesOf('12'), 1), 2);
    assert.strictEqual(buffer.insert(bytesOf('345'), 0, 2, 1), 1);
    assert.strictEqual(buffer.toString(), '5a12bcdefy');
    assert.strictEqual(buffer.append(buffer), 10);
    buffer.length = 10;
    assert.strictEqual(buffer.copy(bytesOf('XY')), 2);
    assert.strictEqual(buffer.copy(bytesOf('ZZZ'), 8), 2);
    assert.strictEqual(buffer.copy(bytesOf('0123'), 4, 1, 2), 2);
    assert.strictEqual(buffer.toString(), 'XY1212deZZ');
    const copy = buffer.clone(2, 4);
    assert.strictEqual(copy.toString(), '1212');
    copy[0] = 33;
    assert.strictEqual(buffer.toString(), 'XY1212deZZ');
    assert.strictEqual(buffer.clone().toString(), 'XY1212deZZ');
    buffer.fill(42, 1, 2);
    assert.strictEqual(buffer.toString(), 'X**212deZZ');
    buffer.fill(43);
    assert.strictEqual(buffer.toString(), '+'.repeat(10));
    buffer.clear();
    assert.strictEqual(buffer.toString(), '\0'.repeat(10));
    buffer.release();
    assert.strictEqual(buffer.length, 0);
    assert.throws(() => buffer.insert(copy, 1), { message: /offset/ });
});

/* ------------------------------------------------------------------- Ti.Codec */

test.weir('strings travel through every charset', () => {
    const text = 'A\u00e9\u20ac';
    const expected = {
        CHARSET_ASCII: '413f3f',
        CHARSET_ISO_LATIN_1: '41e93f',
        CHARSET_UTF8: '41c3a9e282ac',
        CHARSET_UTF16: 'feff004100e920ac',
        CHARSET_UTF16BE: '004100e920ac',
        CHARSET_UTF16LE: '4100e900ac20',
    };
    for (const [name, hex] of Object.entries(expected)) {
        const charset = Ti.Codec[name];
        const dest = Ti.createBuffer({ length: 20 });
        const end = Ti.Codec.encodeString({ source: text, dest, charset });
        const bytes = Array.from({ length: end }, (_, i) =>
            dest[i].toString(16).padStart(2, '0')).join('');
        assert.strictEqual(bytes, hex, name);
        const back = Ti.Codec.decodeString({ source: dest, charset,
            position: 0, length: end });
        assert.strictEqual(back, {
            CHARSET_ASCII: 'A??', CHARSET_ISO_LATIN_1: 'A\u00e9?',
        }[name] ?? text, name);
    }
});

test.weir('encodeString and decodeString take parts', () => {
    const dest = Ti.createBuffer({ length: 6 });
    assert.strictEqual(Ti.Codec.encodeString({ source: 'abcdef', dest,
        destPosition: 2, sourcePosition: 1, sourceLength: 3 }), 5);
    assert.strictEqual(dest.toString(), '\0\0bcd\0');
    assert.strictEqual(Ti.Codec.decodeString({ source: dest, position: 2,
        length: 2 }), 'bc');
    assert.strictEqual(Ti.Codec.decodeString({ source: dest, position: 3 }),
        'cd\0');
    assert.throws(() => Ti.Codec.encodeString({ source: 'too long', dest }),
        { message: /dest/ });
    assert.throws(() => Ti.Codec.encodeString({ source: 'x', dest,
        charset: 'EBCDIC' }), { message: /charset/ });
    assert.throws(() => Ti.Codec.decodeString({ source: dest, position: 7 }),
        { message: /position/ });
});

test.weir('numbers travel in every type and order', () => {
    const { BIG_ENDIAN, LITTLE_ENDIAN } = Ti.Codec;
    const cases = [
        ['TYPE_BYTE', -5, 1], ['TYPE_SHORT', -300, 2], ['TYPE_INT', 1 << 30, 4],
        ['TYPE_LONG', -(2 ** 40), 8], ['TYPE_FLOAT', 0.5, 4],
        ['TYPE_DOUBLE', Math.PI, 8],
    ];
    for (const [name, source, size] of cases) {
        for (const byteOrder of [BIG_ENDIAN, LITTLE_ENDIAN, undefined]) {
            const type = Ti.Codec[name];
            const dest = Ti.createBuffer({ length: 9 });
            assert.strictEqual(Ti.Codec.encodeNumber(
                { source, dest, position: 1, type, byteOrder }), size + 1);
            assert.strictEqual(Ti.Codec.decodeNumber(
                { source: dest, position: 1, type, byteOrder }), source);
        }
    }
    const dest = Ti.createBuffer({ length: 2 });
    Ti.Codec.encodeNumber({ source: 1, dest, type: Ti.Codec.TYPE_SHORT,
        byteOrder: BIG_ENDIAN });
    assert.deepStrictEqual([dest[0], dest[1]], [0, 1]);
    assert.throws(() => Ti.Codec.encodeNumber({ source: 1, dest,
        type: Ti.Codec.TYPE_INT }), { message: /position/ });
    assert.throws(() => Ti.Codec.encodeNumber({ source: NaN, dest,
        type: Ti.Codec.TYPE_SHORT }), { message: /source/ });
    assert.throws(() => Ti.Codec.decodeNumber({ source: dest, type: 'word' }),
        { message: /type/ });
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
