// What Readable has of arrays' methods: map, filter, reduce ... over chunks as
// they come. Each is a loop over async iteration; those that give a stream are
// async generators, which readable.js turns into one.

const { AbortError, codes } = require('internal/errors');
const { validateAbortSignal, validateInteger, validateObject } =
    require('internal/validators');
const { onAbort } = require('internal/streams/add_abort_signal');

const DONE = Symbol('done');

function checkFunction(fn, name = 'fn') {
    if (typeof fn !== 'function') {
        throw new codes.ERR_INVALID_ARG_TYPE(
            name, ['Function', 'AsyncFunction'], fn);
    }
}

function checkOptions(options) {
    if (options !== null && options !== undefined)
        validateObject(options, 'options');
    if (options?.signal !== null && options?.signal !== undefined)
        validateAbortSignal(options.signal, 'options.signal');
}

function checkCount(number) {
    const count = Number(number);

    if (Number.isNaN(count))
        return 0;
    if (count < 0)
        throw new codes.ERR_OUT_OF_RANGE('number', '>= 0', count);
    return count;
}

function throwIfAborted(signal) {
    if (signal?.aborted)
        throw new AbortError(undefined, { cause: signal.reason });
}

// Calls fn for up to `concurrency` chunks at a time, and gives the results in
// the order of the chunks. One task reads and starts calls, the generator
// takes the results; each waits for the other on `progress`.
class ConcurrentMap {
    constructor(stream, fn, options) {
        this.stream = stream;
        this.fn = fn;
        this.concurrency = Math.floor(options?.concurrency ?? 1);
        const ahead = options?.highWaterMark ?? this.concurrency - 1;
        this.capacity = Math.floor(ahead) + this.concurrency;
        this.outer = options?.signal;
        this.controller = new AbortController();
        this.results = [];
        this.running = 0;
        this.stopped = false;
        this.progress = null;
        validateInteger(this.concurrency, 'options.concurrency', 1);
        validateInteger(Math.floor(ahead), 'options.highWaterMark', 0);
    }

    wake() {
        const wake = this.progress;

        this.progress = null;
        wake?.();
    }

    wait() {
        return new Promise((resolve) => {
            this.progress = resolve;
        });
    }

    async call(chunk) {
        const { signal } = this.controller;

        this.running++;
        try {
            return await this.fn(chunk, { signal });
        } finally {
            this.running--;
            this.wake();
        }
    }

    push(result) {
        // A rejection is for whoever takes it, not for the process.
        result.catch(() => {});
        this.results.push(result);
        this.wake();
    }

    async read() {
        try {
            for await (const chunk of this.stream) {
                if (this.stopped)
                    return;
                throwIfAborted(this.controller.signal);
                this.push(this.call(chunk));
                while (!this.stopped && (this.running >= this.concurrency ||
                       this.results.length >= this.capacity))
                    await this.wait();
            }
            this.push(Promise.resolve(DONE));
        } catch (error) {
            this.push(Promise.reject(error));
        } finally {
            this.stopped = true;
            this.wake();
        }
    }

    async* run() {
        const abort = () => this.controller.abort(this.outer.reason);
        const forget = this.outer ? onAbort(this.outer, abort) : () => {};

        this.read();
        try {
            while (true) {
                while (this.results.length === 0)
                    await this.wait();
                const result = await this.results[0];

                if (result === DONE)
                    return;
                throwIfAborted(this.outer);
                yield result;
                this.results.shift();
                this.wake();
            }
        } finally {
            this.stopped = true;
            this.controller.abort();
            forget();
            this.wake();
        }
    }
}

function map(fn, options) {
    checkFunction(fn);
    checkOptions(options);
    return new ConcurrentMap(this, fn, options).run();
}

function filter(fn, options) {
    const DROPPED = Symbol('dropped');

    checkFunction(fn);
    const judged = map.call(this, async (chunk, context) =>
        (await fn(chunk, context) ? chunk : DROPPED), options);

    return (async function* () {
        for await (const chunk of judged) {
            if (chunk !== DROPPED)
                yield chunk;
        }
    })();
}

function flatMap(fn, options) {
    const mapped = map.call(this, fn, options);

    return (async function* () {
        for await (const part of mapped)
            yield* part;
    })();
}

function drop(number, options) {
    checkOptions(options);
    let left = checkCount(number);
    const stream = this;

    return (async function* () {
        throwIfAborted(options?.signal);
        for await (const chunk of stream) {
            throwIfAborted(options?.signal);
            if (left-- <= 0)
                yield chunk;
        }
    })();
}

function take(number, options) {
    checkOptions(options);
    let left = checkCount(number);
    const stream = this;

    return (async function* () {
        throwIfAborted(options?.signal);
        for await (const chunk of stream) {
            throwIfAborted(options?.signal);
            if (left-- > 0)
                yield chunk;
            // Not one chunk more than asked for is read.
            if (left <= 0)
                return;
        }
    })();
}

async function forEach(fn, options) {
    checkFunction(fn);
    const called = map.call(this, async (chunk, context) => {
        await fn(chunk, context);
    }, options);

    for await (const ignored of called);
}

async function toArray(options) {
    checkOptions(options);
    const result = [];

    for await (const chunk of this) {
        throwIfAborted(options?.signal);
        result.push(chunk);
    }
    return result;
}

async function some(fn, options) {
    for await (const ignored of filter.call(this, fn, options))
        return true;
    return false;
}

async function every(fn, options) {
    checkFunction(fn);
    return !(await some.call(this, async (...args) =>
        !(await fn(...args)), options));
}

async function find(fn, options) {
    for await (const chunk of filter.call(this, fn, options))
        return chunk;
    return undefined;
}

async function reduce(reducer, initial, options) {
    let started = arguments.length > 1;
    let value = initial;
    const controller = new AbortController();
    const context = { signal: controller.signal };

    checkFunction(reducer, 'reducer');
    checkOptions(options);
    if (options?.signal?.aborted) {
        this.destroy(new AbortError(
            undefined, { cause: options.signal.reason }));
    }
    try {
        for await (const chunk of this) {
            throwIfAborted(options?.signal);
            value = started ? await reducer(value, chunk, context) : chunk;
            started = true;
        }
    } finally {
        controller.abort();
    }
    if (!started) {
        const error = new TypeError('Reduce of an empty stream requires an ' +
            'initial value');
        error.code = 'ERR_MISSING_ARGS';
        throw error;
    }
    return value;
}

function compose(stream, options) {
    checkOptions(options);
    const whole = require('internal/streams/duplexify').compose(this, stream);

    if (options?.signal) {
        require('internal/streams/add_abort_signal')
            .addAbortSignal(options.signal, whole);
    }
    return whole;
}

module.exports = {
    compose, drop, every, filter, find, flatMap, forEach, map, reduce, some,
    take, toArray,
};
