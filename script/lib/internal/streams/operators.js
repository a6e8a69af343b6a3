// What Readable has of arrays' methods: map, filter, reduce ... over chunks as
// they come. Each is a loop over async iteration; those that give a stream are
// async generators, which readable.js turns into one.

const { AbortError, codes } = require('internal/errors');
const { validateAbortSignal, validateInteger, validateObject } =
    require('internal/validators');
const { onAbort } = require('internal/streams/add_abort_signal');

// Results of a call, or in the place of one, that are not given.
const DONE = Symbol('done');
const NOTHING = Symbol('nothing');

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
        throw new AbortError();
}

const becauseOf = (signal) =>
    new AbortError(undefined, { cause: signal.reason });

// Calls fn for up to `concurrency` chunks at a time, and gives the results in
// the order of the chunks. One task reads and starts calls, the generator takes
// the results; each waits for the other. A call that failed is the last one. The
// number of promise jobs between two chunks is Node's.
class ConcurrentMap {
    constructor(stream, fn, options) {
        this.stream = stream;
        this.fn = fn;
        this.concurrency = Math.floor(options?.concurrency ?? 1);
        const ahead = options?.highWaterMark ?? this.concurrency - 1;
        this.capacity = Math.floor(ahead) + this.concurrency;
        this.signal = AbortSignal.any(options?.signal ? [options.signal] : []);
        this.context = { signal: this.signal };
        this.results = [];
        this.running = 0;
        this.stopped = false;
        this.wakeReader = null;
        this.wakeTaker = null;
        validateInteger(this.concurrency, 'options.concurrency', 1);
        validateInteger(Math.floor(ahead), 'options.highWaterMark', 0);
    }

    get hasRoom() {
        return this.running < this.concurrency &&
            this.results.length < this.capacity;
    }

    wake(name) {
        const wake = this[name];

        this[name] = null;
        wake?.();
    }

    wait(name) {
        return new Promise((resolve) => {
            this[name] = resolve;
        });
    }

    goOn() {
        if (!this.stopped && this.hasRoom)
            this.wake('wakeReader');
    }

    call(chunk) {
        try {
            return Promise.resolve(this.fn(chunk, this.context));
        } catch (error) {
            return Promise.reject(error);
        }
    }

    // A rejection is for whoever takes it, not for the process.
    add(result) {
        const over = () => {
            this.running--;
            this.goOn();
        };

        this.running++;
        result.then(over, () => {
            this.stopped = true;
            over();
        });
        this.results.push(result);
    }

    async read() {
        try {
            for await (const chunk of this.stream) {
                if (this.stopped)
                    return;
                throwIfAborted(this.signal);
                this.add(this.call(chunk));
                this.wake('wakeTaker');
                if (!this.stopped && !this.hasRoom)
                    await this.wait('wakeReader');
            }
            this.results.push(DONE);
        } catch (error) {
            this.add(Promise.reject(error));
        } finally {
            this.stopped = true;
            this.wake('wakeTaker');
        }
    }

    async* run() {
        this.read();
        try {
            while (true) {
                while (this.results.length === 0)
                    await this.wait('wakeTaker');
                const result = await this.results[0];

                if (result === DONE)
                    return;
                throwIfAborted(this.signal);
                if (result !== NOTHING)
                    yield result;
                this.results.shift();
                this.goOn();
            }
        } finally {
            this.stopped = true;
            this.wake('wakeReader');
        }
    }
}

function map(fn, options) {
    checkFunction(fn);
    checkOptions(options);
    return new ConcurrentMap(this, fn, options).run();
}

function filter(fn, options) {
    checkFunction(fn);
    return map.call(this, async (chunk, context) =>
        (await fn(chunk, context) ? chunk : NOTHING), options);
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
        return NOTHING;
    }, options);

    for await (const ignored of called);
}

async function toArray(options) {
    checkOptions(options);
    const result = [];

    for await (const chunk of this) {
        if (options?.signal?.aborted)
            throw becauseOf(options.signal);
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
    if (options?.signal?.aborted)
        this.destroy(becauseOf(options.signal));
    const forget = options?.signal ?
        onAbort(options.signal, () => controller.abort()) : () => {};
    try {
        for await (const chunk of this) {
            throwIfAborted(options?.signal);
            value = started ? await reducer(value, chunk, context) : chunk;
            started = true;
        }
    } finally {
        forget();
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
