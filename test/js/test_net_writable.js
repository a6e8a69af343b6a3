'use strict';
/*
 * A socket as a stream among streams: what those see who look into its
 * `_writableState`, and that what a program puts in the place of a method, or
 * overrides in a subclass, is called, by pipe() too.
 */
const net = require('net');
const stream = require('stream');
const { test, assert } = require('./harness');
const writing = require('./writing');

const LOCAL = '127.0.0.1';

/* Everything that arrives until the end, as text. */
const all = async (t, socket) => (await writing.all(t, socket)).toString();

/* A connection whose client is made by `make`, and the server's end of it. */
async function connected(t, make) {
    const server = await t.server();
    const accepted = t.once(server, 'connection');
    const client = t.track(make());
    client.connect(server.address().port, LOCAL);
    await t.once(client, 'connect');
    return [client, (await accepted)[0]];
}

/* peer ~~ from, to ~~ far */
async function ends(t) {
    const [peer, from] = await t.pair();
    const [far, to] = await t.pair();
    return { peer, from, to, far };
}

function fields(state) {
    const names = ['ending', 'ended', 'finished', 'prefinished', 'destroyed',
        'needDrain', 'corked', 'length', 'objectMode', 'decodeStrings',
        'emitClose', 'autoDestroy', 'constructed', 'closed', 'errorEmitted',
        'errored', 'defaultEncoding', 'bufferedRequestCount'];
    return Object.fromEntries(names.map((name) => [name, state[name]]));
}

const FRESH = {
    ending: false, ended: false, finished: false, prefinished: false,
    destroyed: false, needDrain: false, corked: 0, length: 0,
    objectMode: false, decodeStrings: false, emitClose: false,
    autoDestroy: true, constructed: true, closed: false, errorEmitted: false,
    errored: null, defaultEncoding: 'utf8', bufferedRequestCount: 0,
};

/* ---------------------------------------------------------- _writableState */

test('a new socket has a writable state, the same one each time', (t) => {
    const socket = t.track(new net.Socket());
    const state = socket._writableState;
    assert.strictEqual(typeof state, 'object');
    assert.strictEqual(socket._writableState, state);
    assert.strictEqual(state instanceof stream.Writable.WritableState, true);
    assert.strictEqual(state.highWaterMark, socket.writableHighWaterMark);
    assert.deepStrictEqual(fields(state), FRESH);
    assert.deepStrictEqual(state.getBuffer(), []);
});

test('the state tells what is corked, and counts what waits', async (t) => {
    const [client, socket] = await t.pair();
    socket.resume();
    const state = client._writableState;
    client.cork();
    client.write('abc');
    assert.strictEqual(state.corked, 1);
    assert.strictEqual(state.length, 3);
    client.uncork();
    assert.strictEqual(state.corked, 0);
    while (client.write(Buffer.alloc(1 << 20)));
    assert.strictEqual(state.needDrain, true);
    assert.strictEqual(state.length, client.writableLength);
    assert.ok(state.pendingcb > 0);
    await t.once(client, 'drain');
    assert.strictEqual(state.needDrain, false);
    assert.strictEqual(state.length, 0);
});

test('the state tells the end and the finish', async (t) => {
    const server = await t.server((peer) => peer.resume(),
        { allowHalfOpen: true });
    const client = t.connect(server);
    await t.once(client, 'connect');
    const state = client._writableState;
    client.on('prefinish', t.mustCall(() => {
        assert.strictEqual(state.prefinished, true);
    }));
    client.end('x');
    assert.deepStrictEqual([state.ending, state.ended, state.finished],
        [true, true, false]);
    await t.once(client, 'finish');
    assert.deepStrictEqual(fields(state), { ...FRESH,
        ending: true, ended: true, finished: true, prefinished: true });
});

test('the state tells that it was destroyed, and by what', async (t) => {
    const [client] = await t.pair();
    const state = client._writableState;
    const error = new Error('mine');
    const closed = new Promise((resolve) => client.on('close', resolve));
    client.on('error', t.mustCall());
    client.destroy(error);
    assert.strictEqual(state.destroyed, true);
    assert.strictEqual(state.errored, error);
    await closed;
    assert.strictEqual(state.closed, true);
    assert.strictEqual(state.errorEmitted, true);
});

test('who sets a field of the state does no harm', async (t) => {
    const [client, socket] = await t.pair();
    const received = all(t, socket);
    client._writableState.length = 0;
    client._writableState.autoDestroy = true;
    client.end('x');
    assert.strictEqual(await received, 'x');
});

/* ---------------------------------------------------- overridden, replaced */

class Shouting extends net.Socket {
    written = [];

    _write(chunk, encoding, callback) {
        const text = chunk.toString();
        this.written.push(text);
        super._write(text.toUpperCase(), 'utf8', callback);
    }
}

test('the _write() of a subclass is called, and its own below it',
    async (t) => {
        const [client, socket] = await connected(t, () => new Shouting());
        const received = all(t, socket);
        client.write('a', t.mustCall());
        client.write(Buffer.from('b'));
        client.end('c', t.mustCall());
        assert.strictEqual(await received, 'ABC');
        assert.deepStrictEqual(client.written, ['a', 'b', 'c']);
        assert.strictEqual(client.writableFinished, true);
        assert.strictEqual(client.bytesWritten, 3);
    });

test('text comes to a _write() as text, with its encoding', async (t) => {
    const [client, socket] = await connected(t, () => new net.Socket());
    socket.resume();
    client._write = t.mustCall((chunk, encoding, callback) => {
        assert.strictEqual(chunk, 'f1');
        assert.strictEqual(encoding, 'hex');
        callback();
    });
    client.write('f1', 'hex');
});

test('a _write() put in the place of a socket\'s is called from there on',
    async (t) => {
        const [client, socket] = await t.pair();
        const received = all(t, socket);
        client.write('one ');
        const { _write } = client;
        client._write = function (chunk, encoding, callback) {
            _write.call(this, `(${chunk})`, encoding, callback);
        };
        client.write('two');
        client.end(' three');
        assert.strictEqual(await received, 'one (two)( three)');
    });

test('callbacks that are out come before those of a _write() put in',
    async (t) => {
        const [client] = await t.pair();
        const order = [];
        client.write('a', () => order.push('a'));
        client._write = (chunk, encoding, callback) => callback();
        client.write('b', () => order.push('b'));
        await new Promise(setImmediate);
        assert.deepStrictEqual(order, ['a', 'b']);
    });

test('a _write() put in from a callback waits for those that are out',
    async (t) => {
        const [client, socket] = await t.pair();
        const order = [];
        let resolve;
        const promise = new Promise((settle) => resolve = settle);
        client.write(Buffer.alloc(8 << 20), () => {
            order.push('a');
            client._write = (chunk, encoding, callback) => callback();
            client.write('c', () => resolve(order.push('c')));
        });
        client.write('b', () => order.push('b'));
        socket.resume();
        await promise;
        assert.deepStrictEqual(order, ['a', 'b', 'c']);
    });

test('bytes that wait when a _write() is put in go out before its own',
    async (t) => {
        const [client, socket] = await t.pair();
        let length = 0;
        do {
            length += 1 << 20;
        } while (client.write(Buffer.alloc(1 << 20, 'a')));
        const { _write } = client;
        client._write = t.mustCall(function (chunk, encoding, callback) {
            _write.call(this, 'z', 'utf8', callback);
        });
        assert.ok(client.writableLength > 0);
        client.write('b');
        assert.strictEqual(client.writableNeedDrain, true);
        client.on('drain', t.mustCall());
        const received = all(t, socket);
        await t.once(client, 'drain');
        client.end();
        const text = await received;
        assert.strictEqual(text.length, length + 1);
        assert.strictEqual(text.endsWith('az'), true);
    });

test('the _writev() of a subclass gets what was corked', async (t) => {
    class Vectored extends net.Socket {
        _writev(chunks, callback) {
            this.count = chunks.length;
            super._writev(chunks, callback);
        }
    }
    const [client, socket] = await connected(t, () => new Vectored());
    const received = all(t, socket);
    client.cork();
    client.write('a');
    client.write(Buffer.from('b'));
    client.write('63', 'hex');
    client.uncork();
    client.end();
    assert.strictEqual(await received, 'abc');
    assert.strictEqual(client.count, 3);
});

test('the _final() of a subclass is called before the end', async (t) => {
    class Polite extends net.Socket {
        _final(callback) {
            this._write('bye', 'utf8', () => super._final(callback));
        }
    }
    const [client, socket] = await connected(t, () => new Polite());
    const received = all(t, socket);
    client.end('hello ');
    assert.strictEqual(client.writableEnded, true);
    await t.once(client, 'finish');
    assert.strictEqual(await received, 'hello bye');
});

test('an error of a _write() destroys the socket', async (t) => {
    const [client] = await connected(t, () => new net.Socket({
        write: (chunk, encoding, callback) => callback(new Error('no')),
    }));
    client.write('x', t.mustCall((error) => {
        assert.strictEqual(error.message, 'no');
    }));
    const [error] = await t.once(client, 'error');
    assert.strictEqual(error.message, 'no');
});

test('the callbacks of writes that a destroy leaves behind are called',
    async (t) => {
        const [client] = await connected(t, () => new Shouting());
        client.write('x'.repeat(16 << 20), t.mustCall());
        client.write('y', t.mustCall((error) => {
            assert.strictEqual(error.code, 'ERR_STREAM_DESTROYED');
        }));
        client.destroy();
        await t.once(client, 'close');
    });

test('a _write() of one\'s own before the connection waits for it',
    async (t) => {
        const server = await t.server();
        const accepted = t.once(server, 'connection');
        const client = t.track(new Shouting());
        client.connect(server.address().port, LOCAL);
        client.write('early ', t.mustCall());
        client.end('bird');
        const [peer] = await accepted;
        assert.strictEqual(await all(t, peer), 'EARLY BIRD');
    });

test('with a _write() of one\'s own, a write where nothing can be written',
    async (t) => {
        const client = t.track(new Shouting());
        client.write('x', t.mustCall((error) => {
            assert.strictEqual(error.code, 'ERR_SOCKET_CLOSED');
        }));
        await t.once(client, 'error');
    });

test('a socket with a _write() of its own connects anew', async (t) => {
    const server = await t.server((peer) => peer.pipe(peer));
    const client = t.track(new Shouting());
    for (const text of ['one', 'two']) {
        client.connect(server.address().port, LOCAL);
        client.end(text);
        assert.strictEqual(await all(t, client), text.toUpperCase());
        await t.once(client, 'close');
    }
});

test('a push() put in the place of a socket\'s sees what is read',
    async (t) => {
        const [client, socket] = await t.pair();
        const pushed = [];
        const { push } = socket;
        socket.push = function (chunk, ...rest) {
            pushed.push(chunk === null ? null : chunk.toString());
            return push.call(this, chunk, ...rest);
        };
        const received = all(t, socket);
        client.end('x');
        assert.strictEqual(await received, 'x');
        assert.deepStrictEqual(pushed, ['x', null]);
    });

test('the _read() of a subclass is called', async (t) => {
    let reads = 0;
    class Counting extends net.Socket {
        _read(size) {
            reads++;
            super._read(size);
        }
    }
    const [client, socket] = await connected(t, () => new Counting());
    const received = all(t, client);
    socket.write('a');
    await t.once(client, 'data');
    const before = reads;
    socket.end('b');
    await received;
    assert.ok(before > 0 && reads > before);
});

/* ------------------------------------------------------------------- pipe() */

const wrap = {
    'emit of the source': ({ from }, note) => {
        const { emit } = from;
        from.emit = function (name, ...rest) {
            if (name === 'data')
                note(rest[0]);
            return emit.call(this, name, ...rest);
        };
    },
    'push of the source': ({ from }, note) => {
        const { push } = from;
        from.push = function (chunk, ...rest) {
            if (chunk !== null)
                note(chunk);
            return push.call(this, chunk, ...rest);
        };
    },
    'write of the destination': ({ to }, note) => {
        const { write } = to;
        to.write = function (chunk, ...rest) {
            note(chunk);
            return write.call(this, chunk, ...rest);
        };
    },
    '_write of the destination': ({ to }, note) => {
        const { _write } = to;
        to._write = function (chunk, ...rest) {
            note(chunk);
            return _write.call(this, chunk, ...rest);
        };
    },
};

for (const name of Object.keys(wrap)) {
    test(`${name}, wrapped before pipe(), sees what is piped`, async (t) => {
        const sockets = await ends(t);
        const seen = [];
        const received = all(t, sockets.far);
        wrap[name](sockets, (chunk) => seen.push(chunk.toString()));
        sockets.from.pipe(sockets.to);
        sockets.peer.end('hello');
        assert.strictEqual(await received, 'hello');
        assert.strictEqual(seen.join(''), 'hello');
    });

    test(`${name}, wrapped after pipe(), sees what is piped from there on`,
        async (t) => {
            const sockets = await ends(t);
            const { peer, from, to, far } = sockets;
            const seen = [];
            from.pipe(to);
            peer.write('unseen ');
            await t.once(far, 'data');
            const received = all(t, far);
            wrap[name](sockets, (chunk) => seen.push(chunk.toString()));
            peer.end('hello');
            assert.strictEqual(await received, 'hello');
            assert.strictEqual(seen.join(''), 'hello');
            assert.strictEqual(Object.getPrototypeOf(to),
                net.Socket.prototype);
        });
}

test('an echo by pipe() whose write is wrapped later calls it', async (t) => {
    const [peer, echo] = await t.pair();
    echo.pipe(echo);
    peer.write('a');
    await t.once(peer, 'data');
    const { write } = echo;
    echo.write = t.mustCall(function (...args) {
        return write.apply(this, args);
    });
    peer.write('b');
    const [bytes] = await t.once(peer, 'data');
    assert.strictEqual(bytes.toString(), 'b');
});

test('two pipes, one each way: who wraps one socket sees both', async (t) => {
    const { peer, from, to, far } = await ends(t);
    from.pipe(to);
    to.pipe(from);
    const seen = [];
    const { emit, write } = to;
    to.emit = function (name, ...rest) {
        if (name === 'data')
            seen.push(`read ${rest[0]}`);
        return emit.call(this, name, ...rest);
    };
    to.write = function (chunk, ...rest) {
        seen.push(`written ${chunk}`);
        return write.call(this, chunk, ...rest);
    };
    peer.write('there');
    await t.once(far, 'data');
    far.write('back');
    await t.once(peer, 'data');
    assert.deepStrictEqual(seen, ['written there', 'read back']);
});

test('a write patched on the prototype before pipe() sees what is piped',
    async (t) => {
        const { peer, from, to, far } = await ends(t);
        const { write } = net.Socket.prototype;
        const seen = [];
        t.after(() => {
            net.Socket.prototype.write = write;
        });
        net.Socket.prototype.write = function (chunk, ...rest) {
            if (this === to)
                seen.push(chunk.toString());
            return write.call(this, chunk, ...rest);
        };
        from.pipe(to);
        const received = all(t, far);
        peer.end('hello');
        assert.strictEqual(await received, 'hello');
        assert.deepStrictEqual(seen, ['hello']);
    });

test('a subclass with a _write() is piped into by it', async (t) => {
    const [client, socket] = await connected(t, () => new Shouting());
    const [peer, from] = await t.pair();
    from.pipe(client);
    const received = all(t, socket);
    peer.end('hello');
    assert.strictEqual(await received, 'HELLO');
});
