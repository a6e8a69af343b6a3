'use strict';
/*
 * stream.Duplex, Transform, PassThrough, duplexPair and Duplex.from: two halves
 * in one object, and the ways in which packages inherit from them.
 */
const { test, assert } = require('./harness');
const stream = require('stream');
const { inherits } = require('util');

const { Duplex, Transform, PassThrough, Readable, Writable } = stream;

async function text(readable) {
    let all = '';
    for await (const chunk of readable) {
        all += chunk;
    }
    return all;
}

async function list(readable) {
    const all = [];
    for await (const chunk of readable) {
        all.push(chunk);
    }
    return all;
}

test('a duplex has two halves with their own buffers', async (t) => {
    const written = [];
    const d = new Duplex({
        readableHighWaterMark: 3,
        writableHighWaterMark: 5,
        read() {},
        write(chunk, encoding, callback) {
            written.push(String(chunk));
            callback();
        },
    });
    assert.strictEqual(d.readableHighWaterMark, 3);
    assert.strictEqual(d.writableHighWaterMark, 5);
    assert.strictEqual(d.allowHalfOpen, true);
    d.write('in');
    d.push('out');
    assert.deepStrictEqual(written, ['in']);
    assert.strictEqual(String(d.read()), 'out');
});

test('highWaterMark is for both halves, modes for one', () => {
    const d = new Duplex({ highWaterMark: 7, readableObjectMode: true });
    assert.strictEqual(d.readableHighWaterMark, 7);
    assert.strictEqual(d.writableHighWaterMark, 7);
    assert.strictEqual(d.readableObjectMode, true);
    assert.strictEqual(d.writableObjectMode, false);
    assert.strictEqual(new Duplex({ writableObjectMode: true })
        .writableHighWaterMark, 16);
    assert.throws(() => new Duplex({ readableHighWaterMark: 'x' }), {
        message: "The property 'options.readableHighWaterMark' is " +
            "invalid. Received 'x'" });
});

test('it closes when both halves are over', async (t) => {
    const d = new Duplex({
        read() { this.push(null); },
        write(chunk, encoding, callback) { callback(); },
    });
    d.resume();
    await t.once(d, 'end');
    await t.turn();
    assert.strictEqual(d.destroyed, false);
    d.end();
    await t.once(d, 'close');
    assert.strictEqual(d.destroyed, true);
});

test('allowHalfOpen: false ends the writing with the reading', async (t) => {
    const d = new Duplex({
        allowHalfOpen: false,
        read() { this.push(null); },
        write(chunk, encoding, callback) { callback(); },
    });
    d.resume();
    d.on('finish', t.mustCall());
    await t.once(d, 'close');
});

test('readable: false and writable: false switch a half off', async (t) => {
    const sink = new Duplex({
        readable: false,
        write(chunk, encoding, callback) { callback(); },
    });
    assert.strictEqual(sink.readable, false);
    sink.end();
    await t.once(sink, 'close');
    const source = new Duplex({
        writable: false,
        read() { this.push(null); },
    });
    assert.strictEqual(source.writable, false);
    source.resume();
    await t.once(source, 'close');
});

test('an error of one half is the error of both', async (t) => {
    const d = new Duplex({
        read() {},
        write(chunk, encoding, callback) { callback(new Error('write')); },
    });
    d.write('x');
    const [error] = await t.once(d, 'error');
    assert.strictEqual(error.message, 'write');
    assert.strictEqual(d._readableState.errored, error);
    assert.strictEqual(d.errored, error);
});

test('a transform computes its output', async () => {
    const upper = new Transform({
        transform(chunk, encoding, callback) {
            callback(null, String(chunk).toUpperCase());
        },
        flush(callback) {
            callback(null, '!');
        },
    });
    upper.write('ab');
    upper.end('cd');
    assert.strictEqual(await text(upper), 'ABCD!');
});

test('a transform may push any number of chunks', async () => {
    const split = new Transform({
        readableObjectMode: true,
        transform(chunk, encoding, callback) {
            for (const each of String(chunk)) {
                if (each !== '-') {
                    this.push(each);
                }
            }
            callback();
        },
    });
    split.end('a-b-c');
    assert.deepStrictEqual(await list(split), ['a', 'b', 'c']);
});

test('a full output holds back the input', async (t) => {
    const pass = new PassThrough({ highWaterMark: 2 });
    assert.strictEqual(pass.write('ab'), false);
    assert.strictEqual(pass.write('cd'), false);
    await t.turn();
    assert.strictEqual(pass.readableLength, 2);
    assert.strictEqual(pass.writableLength, 4);
    assert.strictEqual(pass.writableNeedDrain, true);
    pass.resume();
    await t.once(pass, 'drain');
    assert.strictEqual(pass.writableLength, 0);
});

test('errors of transform and flush are told', async (t) => {
    const bad = new Transform({
        transform(chunk, encoding, callback) { callback(new Error('tr')); },
    });
    bad.write('x');
    assert.strictEqual((await t.once(bad, 'error'))[0].message, 'tr');
    const late = new Transform({
        transform(chunk, encoding, callback) { callback(); },
        flush(callback) { callback(new Error('fl')); },
    });
    late.end();
    assert.strictEqual((await t.once(late, 'error'))[0].message, 'fl');
});

test('without _transform it says that it is not implemented', () => {
    assert.throws(() => new Transform().write('x'), {
        code: 'ERR_METHOD_NOT_IMPLEMENTED',
        message: 'The _transform() method is not implemented' });
});

test('a transform with its own final still flushes', async () => {
    const seen = [];
    const tr = new Transform({
        transform(chunk, encoding, callback) { callback(null, chunk); },
        final(callback) {
            seen.push('final');
            callback();
        },
        flush(callback) {
            seen.push('flush');
            callback();
        },
    });
    tr.end('x');
    assert.strictEqual(await text(tr), 'x');
    assert.deepStrictEqual(seen, ['final', 'flush']);
});

test('the order at the end of a flowing transform', async (t) => {
    const seen = [];
    const pass = new PassThrough();
    for (const event of ['prefinish', 'finish', 'end', 'close']) {
        pass.on(event, () => seen.push(event));
    }
    pass.resume();
    pass.end('x');
    await t.once(pass, 'close');
    assert.deepStrictEqual(seen, ['prefinish', 'end', 'finish', 'close']);
});

/* As through2 does it: a constructor made at run time, util.inherits. */
function through(options, transform, flush) {
    function Through(own) {
        if (!(this instanceof Through)) {
            return new Through(own);
        }
        Transform.call(this, { ...options, ...own });
    }
    inherits(Through, Transform);
    Through.prototype._transform = transform;
    if (flush) {
        Through.prototype._flush = flush;
    }
    return Through;
}

test('code in the style of through2 works', async () => {
    const Doubler = through({ objectMode: true },
        function (chunk, encoding, callback) {
            this.push(chunk * 2);
            callback();
        }, function (callback) {
            this.push('end');
            callback();
        });
    const doubler = Doubler();
    assert.ok(doubler instanceof Transform);
    doubler.write(1);
    doubler.end(2);
    assert.deepStrictEqual(await list(doubler), [2, 4, 'end']);
});

/* As split2 does it: options, own state on the instance, a decoder. */
function splitLines() {
    const { StringDecoder } = require('string_decoder');
    const s = new Transform({ readableObjectMode: true });
    s.last = '';
    s.decoder = new StringDecoder('utf8');
    s._transform = function (chunk, encoding, callback) {
        this.last += this.decoder.write(chunk);
        const lines = this.last.split(/\r?\n/);
        this.last = lines.pop();
        for (const line of lines) {
            this.push(line);
        }
        callback();
    };
    s._flush = function (callback) {
        this.last += this.decoder.end();
        if (this.last) {
            this.push(this.last);
        }
        callback();
    };
    return s;
}

test('code in the style of split2 works', async () => {
    const lines = splitLines();
    const bytes = Buffer.from('eins\nzw\u00f6lf\r\nlast');
    lines.write(bytes.subarray(0, 8));
    lines.end(bytes.subarray(8));
    assert.deepStrictEqual(await list(lines), ['eins', 'zw\u00f6lf', 'last']);
});

test('a writable inherited the old way works', async (t) => {
    function Collect() {
        Writable.call(this);
        this.seen = [];
    }
    inherits(Collect, Writable);
    Collect.prototype._write = function (chunk, encoding, callback) {
        this.seen.push(String(chunk));
        callback();
    };
    const collect = new Collect();
    collect.end('x');
    await t.once(collect, 'finish');
    assert.deepStrictEqual(collect.seen, ['x']);
});

test('an old stream is a Stream with pipe()', async (t) => {
    function Old() {
        stream.call(this);
        this.readable = true;
    }
    inherits(Old, stream);
    const old = new Old();
    const seen = [];
    const sink = new Writable({
        write(chunk, encoding, callback) {
            seen.push(String(chunk));
            callback();
        },
    });
    old.pipe(sink);
    old.emit('data', 'a');
    old.emit('data', 'b');
    old.emit('end');
    await t.once(sink, 'finish');
    assert.deepStrictEqual(seen, ['a', 'b']);
    assert.strictEqual(old.listenerCount('data'), 0);
});

test('duplexPair() crosses two streams', async (t) => {
    const [one, two] = stream.duplexPair();
    one.write('hello');
    assert.strictEqual(String((await t.once(two, 'data'))[0]), 'hello');
    two.end('bye');
    assert.strictEqual(await text(one), 'bye');
    one.end();
    two.resume();
});

test('Duplex.from() takes iterables, promises and functions', async () => {
    assert.deepStrictEqual(await list(Duplex.from(['a', 'b'])), ['a', 'b']);
    assert.deepStrictEqual(
        await list(Duplex.from(Promise.resolve('p'))), ['p']);
    const upper = Duplex.from(async function* (source) {
        for await (const chunk of source) {
            yield String(chunk).toUpperCase();
        }
    });
    upper.write('ab');
    upper.end('c');
    assert.strictEqual(await text(upper), 'ABC');
});

test('Duplex.from() of a promise errs with whatever rejects it', async (t) => {
    for (const reason of ['E', 1, { code: 1 }, new Error('x')]) {
        const d = Duplex.from(Promise.reject(reason));
        d.on('close', t.mustCall());
        const [error] = await t.once(d, 'error');
        assert.strictEqual(error, reason);
    }
});

test('Duplex.from() of a promise rejected with nothing is aborted',
    async (t) => {
        for (const reason of [undefined, null, false, 0, '']) {
            const d = Duplex.from(Promise.reject(reason));
            const [error] = await t.once(d, 'error');
            assert.strictEqual(error.code, 'ABORT_ERR');
        }
    });

test('Duplex.from() takes an async function as a sink', async (t) => {
    let seen = '';
    const sink = Duplex.from(async (source) => {
        for await (const chunk of source) {
            seen += chunk;
        }
    });
    sink.write('a');
    sink.end('b');
    await t.once(sink, 'finish');
    assert.strictEqual(seen, 'ab');
});

test('Duplex.from() joins a readable and a writable', async (t) => {
    const written = [];
    const d = Duplex.from({
        readable: Readable.from(['out']),
        writable: new Writable({
            write(chunk, encoding, callback) {
                written.push(String(chunk));
                callback();
            },
        }),
    });
    d.write('in');
    d.end();
    assert.deepStrictEqual(await list(d), ['out']);
    assert.deepStrictEqual(written, ['in']);
    const same = new Duplex();
    assert.strictEqual(Duplex.from(same), same);
    assert.throws(() => Duplex.from(5), { code: 'ERR_INVALID_ARG_TYPE' });
    assert.throws(() => Duplex.from(() => 5),
        { code: 'ERR_INVALID_RETURN_VALUE' });
});

test('a duplex does not say whether its writing half was aborted', () => {
    assert.strictEqual(new Duplex().destroy().writableAborted, undefined);
    assert.strictEqual(new Writable().destroy().writableAborted, true);
});

test('compose() pipes before it reads from the last', async (t) => {
    const order = [];
    const first = new PassThrough();
    const last = new Duplex({
        read() {
            order.push('read');
        },
        write() {},
    });

    first.on('resume', () => order.push('resume'));
    stream.compose(first, last);
    await t.turn();
    assert.deepStrictEqual(order, ['resume', 'read']);
});

test('compose() makes one duplex of several streams', async () => {
    const upper = new Transform({
        transform(chunk, encoding, callback) {
            callback(null, String(chunk).toUpperCase());
        },
    });
    const whole = stream.compose(upper, async function* (source) {
        for await (const chunk of source) {
            yield `<${chunk}>`;
        }
    });
    whole.end('x');
    assert.strictEqual(await text(whole), '<X>');
});

test('the destroyed setter is for those that override destroy()', () => {
    const d = new Duplex();
    d.destroyed = true;
    assert.strictEqual(d._readableState.destroyed, true);
    assert.strictEqual(d._writableState.destroyed, true);
    d.destroyed = false;
    assert.strictEqual(d.destroyed, false);
});
