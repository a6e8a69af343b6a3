'use strict';
/*
 * What a program does to the language's own objects does not reach builtins.
 * Each method is replaced by one that throws, one at a time.
 */
const { test, assert } = require('./harness');
const { EventEmitter } = require('events');
const net = require('net');
const { Readable } = require('stream');
const util = require('util');

const { defineProperty, getOwnPropertyDescriptor } = Object;

/* Runs fn while the method throws. */
function patched(target, name, fn) {
    const own = getOwnPropertyDescriptor(target, name);
    defineProperty(target, name, {
        ...own,
        value() {
            throw new Error(`${String(name)} is patched`);
        },
    });
    try {
        return fn();
    } finally {
        defineProperty(target, name, own);
    }
}

const methods = [
    [Array.prototype, ['concat', 'every', 'filter', 'find', 'findLastIndex',
        'forEach', 'indexOf', 'join', 'map', 'shift', 'slice', 'some',
        'splice', 'unshift']],
    [Map.prototype, ['delete', 'get', 'has', 'set']],
    [Set.prototype, ['add', 'delete', 'has']],
    [String.prototype, ['charCodeAt', 'includes', 'indexOf', 'padStart',
        'repeat', 'replace', 'replaceAll', 'slice', 'split', 'startsWith',
        'toUpperCase']],
    [RegExp.prototype, ['test', Symbol.replace]],
    [Object, ['assign', 'create', 'defineProperty', 'entries', 'freeze',
        'getOwnPropertyDescriptor', 'getPrototypeOf', 'hasOwn', 'is', 'keys']],
    [Array, ['from', 'isArray']],
    [Math, ['ceil', 'floor', 'max', 'min', 'trunc']],
    [Number, ['isInteger', 'isNaN']],
    [Reflect, ['apply', 'defineProperty', 'ownKeys']],
    [Promise, ['resolve']],
];

/* Calls fn with each of them replaced. */
function forEachPatch(fn) {
    for (const [target, names] of methods) {
        for (const name of names) patched(target, name, () => fn(name));
    }
}

function noop() {}

test('emitters do not call what a program has patched', () => {
    forEachPatch(() => {
        const emitter = new EventEmitter();
        emitter.on('event', noop).on('event', noop).once('event', noop);
        emitter.emit('event', 1, 2, 3, 4, 5);
        emitter.off('event', noop);
        emitter.removeAllListeners();
    });
});

/* What sockets go through, of what programs replace. */
function forEachPatchOfSockets(fn) {
    for (const [target, names] of [
        [Array.prototype, ['filter', 'map']],
        [Set.prototype, ['add', Symbol.iterator]],
        [Buffer, ['concat', 'from', 'isEncoding']],
        [Error, ['captureStackTrace']],
    ]) {
        for (const name of names) patched(target, name, fn);
    }
}

test.weir('an answered lookup does not call what a program has patched',
    (t) => {
        const answer = [{ address: '127.0.0.1', family: 4 },
            { address: '::1', family: 6 }, { address: '127.0.0.2', family: 4 }];
        const socket = t.track(new net.Socket());
        socket.on('error', noop);
        forEachPatchOfSockets(() => {
            socket.connect({ port: 1, host: 'some.name',
                lookup: (host, options, callback) => callback(null, answer) });
            socket.destroy();
        });
    });

test.weir('writing and reading do not call what a program has patched',
    async (t) => {
        const [client, socket, server] = await t.pair();
        const library = t.connect(server);
        library._write = function (...args) {
            return net.Socket.prototype._write.apply(this, args);
        };
        await t.once(library, 'connect');
        const readable = new Readable({ read: noop });
        readable.push('text');
        let written = 0;
        forEachPatchOfSockets(() => {
            client.write('text');
            client.write('74', 'hex');
            client.write(new Uint16Array(1));
            library.cork();
            library.write('a');
            library.write('b');
            library.uncork();
            readable.setEncoding('hex');
            written += 7;
        });
        let length = 0;
        for await (const data of socket) {
            length += data.length;
            if (length === written)
                break;
        }
    });

test('errors do not call what a program has patched', () => {
    forEachPatchOfSockets(() => {
        let code;
        try {
            net.connect(-1);
        } catch (error) {
            code = error.code;
        }
        if (code !== 'ERR_SOCKET_BAD_PORT') throw new Error(`it is ${code}`);
    });
});

test('timers and ticks do not call what a program has patched', (t) => {
    forEachPatch(() => {
        process.nextTick(t.mustCall(), 1, 2, 3, 4);
        setImmediate(t.mustCall(), 1, 2);
        clearTimeout(setTimeout(noop, 1000, 1, 2));
        setTimeout(t.mustCall(), 1, 1, 2).refresh().unref().ref();
        queueMicrotask(t.mustCall());
    });
});

test('callbacks are called while a method of Map is patched', (t) => {
    const { get } = Map.prototype;
    Map.prototype.get = () => {
        throw new Error('patched');
    };
    t.after(() => {
        Map.prototype.get = get;
    });
    setTimeout(t.mustCall(), 1);
    setImmediate(t.mustCall());
});

test('values are shown without what a program has patched', () => {
    const value = { a: 1, 'b c': ['x', 'y'], d: { e: { f: { g: 1 } } } };
    const text = util.format('%s %o', 'text', 1, value, 'more');
    forEachPatch((name) => {
        // equal() of strings, for assert may use what is patched.
        const shown = util.format('%s %o', 'text', 1, value, 'more');
        if (shown !== text) throw new Error(`other with ${String(name)}`);
    });
});

test('the times of a frozen fs.Stats can be read', () => {
    const stats = Object.freeze(require('fs').statSync('/'));
    assert.strictEqual(stats.atime instanceof Date, true);
});

test.weir('the parts of a frozen Ti can be read, and are the same', () => {
    Object.freeze(Ti);
    assert.strictEqual(typeof Ti.Codec.encodeString, 'function');
    assert.strictEqual(Ti.Codec, Ti.Codec);
});

// Node's atob() is not there then.
test.weir('globals that were not used yet work in a frozen world', () => {
    // Last in this file: there is no way back.
    Object.freeze(globalThis);
    assert.strictEqual(typeof structuredClone, 'function');
    assert.strictEqual(typeof atob, 'function');
    assert.strictEqual(typeof performance.now(), 'number');
    assert.strictEqual(performance, performance);
    assert.strictEqual(new TextDecoder().decode(new TextEncoder().encode('x')),
        'x');
});
