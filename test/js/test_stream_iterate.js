'use strict';
/*
 * Streams as async iterables, Readable.from(), and the methods that streams
 * share with arrays.
 */
const { test, assert } = require('./harness');
const { Readable, PassThrough } = require('stream');

const silent = (options) => new Readable({ read() {}, ...options });

async function list(readable) {
    const all = [];
    for await (const chunk of readable) {
        all.push(chunk);
    }
    return all;
}

test('for await gives the chunks and then ends', async () => {
    const r = silent({ encoding: 'utf8' });
    r.push('a');
    setImmediate(() => {
        r.push('b');
        r.push(null);
    });
    assert.deepStrictEqual(await list(r), ['a', 'b']);
    assert.strictEqual(r.destroyed, true);
});

test('break destroys the stream', async (t) => {
    const r = silent();
    r.push('a');
    for await (const chunk of r) {
        assert.strictEqual(String(chunk), 'a');
        break;
    }
    assert.strictEqual(r.destroyed, true);
    assert.strictEqual(r.errored?.code, 'ABORT_ERR');
});

test('an error of the stream is thrown', async () => {
    const r = silent();
    setImmediate(() => r.destroy(new Error('broken')));
    await assert.rejects(list(r), { message: 'broken' });
});

test('a close before the end is thrown', async () => {
    const r = silent();
    setImmediate(() => r.destroy());
    await assert.rejects(list(r), { code: 'ERR_STREAM_PREMATURE_CLOSE' });
});

test('a throw in the loop destroys, too', async () => {
    const r = silent();
    r.push('a');
    await assert.rejects(async () => {
        for await (const chunk of r) {
            throw new Error(`no ${chunk}`);
        }
    }, { message: 'no a' });
    assert.strictEqual(r.destroyed, true);
});

test('iterator({ destroyOnReturn: false }) keeps it', async () => {
    const r = Readable.from(['a', 'b', 'c']);
    for await (const chunk of r.iterator({ destroyOnReturn: false })) {
        assert.strictEqual(chunk, 'a');
        break;
    }
    assert.strictEqual(r.destroyed, false);
    assert.deepStrictEqual(await list(r), ['b', 'c']);
    assert.throws(() => r.iterator(5), { code: 'ERR_INVALID_ARG_TYPE' });
});

test('iterating reads no faster than the loop', async () => {
    let made = 0;
    const r = new Readable({
        objectMode: true,
        highWaterMark: 1,
        read() { this.push(made < 10 ? made++ : null); },
    });
    for await (const chunk of r) {
        assert.ok(made <= chunk + 3, `${made} made at ${chunk}`);
    }
    assert.strictEqual(made, 10);
});

test('Readable.from() takes iterables of any kind', async () => {
    assert.deepStrictEqual(await list(Readable.from([1, 2])), [1, 2]);
    assert.deepStrictEqual(await list(Readable.from(new Set(['x']))), ['x']);
    assert.deepStrictEqual(await list(Readable.from('text')), ['text']);
    assert.deepStrictEqual(
        await list(Readable.from(Buffer.from('b'))), [Buffer.from('b')]);
    assert.deepStrictEqual(
        await list(Readable.from([Promise.resolve(1), 2])), [1, 2]);
    assert.deepStrictEqual(await list(Readable.from(async function* () {
        yield 'a';
        yield 'b';
    }())), ['a', 'b']);
    assert.throws(() => Readable.from(5), {
        message: 'The "iterable" argument must be an instance of Iterable. ' +
            'Received type number (5)' });
});

test('Readable.from() takes of a list what there is room for at one go',
    async () => {
        const order = [];
        const values = (function* () {
            for (let i = 1; i <= 4; i++) {
                order.push(i);
                yield i;
            }
        })();
        const r = Readable.from(values, { highWaterMark: 3 });
        r.once('readable', () => order.push('readable'));
        r.read(0);
        Promise.resolve().then(() => order.push('job'));
        await new Promise(setImmediate);
        assert.deepStrictEqual(order, [1, 2, 3, 'readable', 'job']);
        r.destroy();
    });

test('Readable.from() waits once for each value of an async iterator',
    async () => {
        const order = [];
        let n = 0;
        const r = Readable.from({
            [Symbol.asyncIterator]: () => ({
                next() {
                    order.push(`next ${++n}`);
                    return Promise.resolve({ value: n, done: n === 3 });
                },
            }),
        }, { highWaterMark: 3 });
        r.read(0);
        (async () => {
            for (let i = 0; i < 2; i++) {
                await null;
                order.push('job');
            }
        })();
        await new Promise(setImmediate);
        assert.deepStrictEqual(order,
            ['next 1', 'next 2', 'job', 'next 3', 'job']);
    });

test('Readable.from() is in object mode, its mark is 1', () => {
    const r = Readable.from([]);
    assert.strictEqual(r.readableObjectMode, true);
    assert.strictEqual(r.readableHighWaterMark, 1);
    assert.strictEqual(
        Readable.from([], { objectMode: false }).readableObjectMode, false);
});

test('what the iterable throws destroys the stream', async () => {
    await assert.rejects(list(Readable.from(function* () {
        yield 1;
        throw new Error('inside');
    }())), { message: 'inside' });
    await assert.rejects(list(Readable.from([null])),
        { code: 'ERR_STREAM_NULL_VALUES' });
});

test('destroying it runs the generator\'s finally', async (t) => {
    let cleaned = false;
    const r = Readable.from(async function* () {
        try {
            yield 1;
            yield 2;
        } finally {
            cleaned = true;
        }
    }());
    for await (const ignored of r) {
        break;
    }
    await t.turn();
    assert.strictEqual(cleaned, true);
});

test('map, filter, flatMap, take and drop give streams', async () => {
    const numbers = () => Readable.from([1, 2, 3, 4]);
    assert.ok(numbers().map((x) => x) instanceof Readable);
    assert.deepStrictEqual(
        await list(numbers().map(async (x) => x * 2)), [2, 4, 6, 8]);
    assert.deepStrictEqual(
        await list(numbers().filter((x) => x % 2)), [1, 3]);
    assert.deepStrictEqual(
        await list(numbers().flatMap((x) => [x, -x]).take(3)), [1, -1, 2]);
    assert.deepStrictEqual(await list(numbers().drop(3)), [4]);
    assert.deepStrictEqual(await list(numbers().take(0)), []);
});

test('map() runs several at a time and keeps the order', async (t) => {
    let running = 0;
    let most = 0;
    const slow = Readable.from([3, 1, 2, 0]).map(async (x) => {
        most = Math.max(most, ++running);
        for (let i = 0; i < x; i++) {
            await t.turn();
        }
        running--;
        return x;
    }, { concurrency: 2 });
    assert.deepStrictEqual(await list(slow), [3, 1, 2, 0]);
    assert.strictEqual(most, 2);
});

test('an error in map() is the error of its stream', async () => {
    await assert.rejects(
        list(Readable.from([1]).map(() => { throw new Error('map'); })),
        { message: 'map' });
    await assert.rejects(
        Readable.from([1]).map(async () => { throw new Error('async'); })
            .toArray(),
        { message: 'async' });
});

test('toArray, forEach, reduce, some, every, find give promises',
    async () => {
        const numbers = () => Readable.from([1, 2, 3]);
        const seen = [];
        assert.deepStrictEqual(await numbers().toArray(), [1, 2, 3]);
        assert.strictEqual(await numbers().forEach((x) => {
            seen.push(x);
        }), undefined);
        assert.deepStrictEqual(seen, [1, 2, 3]);
        assert.strictEqual(await numbers().reduce((a, b) => a + b), 6);
        assert.strictEqual(await numbers().reduce((a, b) => a + b, 10), 16);
        assert.strictEqual(await numbers().some((x) => x > 2), true);
        assert.strictEqual(await numbers().every((x) => x > 2), false);
        assert.strictEqual(await numbers().find((x) => x > 1), 2);
        assert.strictEqual(await numbers().find((x) => x > 5), undefined);
    });

test('chunks that filter() drops take no more jobs than others', async (t) => {
    const jobsOf = async (method) => {
        const source = new Readable({ objectMode: true, read() {} });
        const jobs = [];
        let count = 0;

        for (const chunk of [1, 2, 3, null]) {
            source.push(chunk);
        }
        await t.turn();
        const over = source[method](() => {
            jobs.push(count);
        });
        while (count < 30) {
            await null;
            count++;
        }
        await over;
        return jobs;
    };

    assert.deepStrictEqual(await jobsOf('forEach'), [1, 6, 11]);
    assert.deepStrictEqual(await jobsOf('some'), [1, 6, 11]);
    assert.deepStrictEqual(await jobsOf('find'), [1, 6, 11]);
});

test('after a call that failed map() makes no other', async (t) => {
    const seen = [];
    let goOn;
    const gate = new Promise((resolve) => {
        goOn = resolve;
    });
    const results = Readable.from([1, 2, 3, 4]).map(async (chunk) => {
        seen.push(chunk);
        if (chunk > 1) {
            throw new Error('map');
        }
        await gate;
    }, { concurrency: 2 }).toArray();

    await t.turn();
    await t.turn();
    goOn();
    await assert.rejects(results, { message: 'map' });
    assert.deepStrictEqual(seen, [1, 2]);
});

test('reduce() tells its function of an abort', async () => {
    const controller = new AbortController();
    const heard = [];

    await assert.rejects(Readable.from([1, 2]).reduce((sum, x, { signal }) => {
        signal.addEventListener('abort', () => heard.push(x));
        controller.abort();
        assert.strictEqual(signal.aborted, true);
        return sum;
    }, 0, { signal: controller.signal }), { name: 'AbortError' });
    assert.deepStrictEqual(heard, [1]);
});

test('reduce() of nothing needs an initial value', async () => {
    await assert.rejects(Readable.from([]).reduce((a, b) => a + b), {
        name: 'TypeError',
        code: 'ERR_MISSING_ARGS' });
    assert.strictEqual(await Readable.from([]).reduce((a) => a, 'x'), 'x');
});

test('the methods check their arguments', async () => {
    const r = () => Readable.from([1]);
    assert.throws(() => r().map(5), {
        message: 'The "fn" argument must be of type function or an instance ' +
            'of AsyncFunction. Received type number (5)' });
    assert.throws(() => r().map(() => {}, { concurrency: 0 }),
        { code: 'ERR_OUT_OF_RANGE' });
    assert.throws(() => r().take(-1), {
        message: 'The value of "number" is out of range. It must be >= 0. ' +
            'Received -1' });
    await assert.rejects(r().forEach(5), { code: 'ERR_INVALID_ARG_TYPE' });
});

test('the methods obey a signal', async () => {
    const signal = AbortSignal.abort();
    const aborted = { name: 'AbortError' };
    await assert.rejects(Readable.from([1]).toArray({ signal }), aborted);
    await assert.rejects(
        Readable.from([1]).map((x) => x, { signal }).toArray(), aborted);
    await assert.rejects(
        Readable.from([1]).take(1, { signal }).toArray(), aborted);
});

test('compose() puts a duplex behind', async () => {
    const whole = Readable.from(['a', 'b']).compose(async function* (source) {
        for await (const chunk of source) {
            yield chunk.toUpperCase();
        }
    });
    assert.deepStrictEqual(await list(whole), ['A', 'B']);
});

test('leaving a piped stream by break ends the chain', async (t) => {
    const pass = new PassThrough();
    const source = silent();
    source.pipe(pass);
    source.push('x');
    for await (const ignored of pass) {
        break;
    }
    assert.strictEqual(pass.destroyed, true);
    await t.turn();
    assert.strictEqual(source.listenerCount('data'), 0);
});
