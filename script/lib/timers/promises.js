// timers/promises: timers to wait for
//
// Each promise is one timer of timers.js and, where a signal is given, one
// listener on it that goes when the timer does. Wrong arguments reject; they do
// not throw.

const { AbortError, codes } = require('internal/errors');
const timers = require('timers');
const {
    validateAbortSignal, validateBoolean, validateNumber, validateObject,
} = require('internal/validators');

function validateOptions(options) {
    validateObject(options, 'options');
    if (options.signal !== undefined)
        validateAbortSignal(options.signal, 'options.signal');
    if (options.ref !== undefined)
        validateBoolean(options.ref, 'options.ref');
}

function abortError(signal) {
    return new AbortError(undefined, { cause: signal.reason });
}

// A promise of `value`, made by begin(callback), undone by clear(handle).
function wait(begin, clear, value, { signal, ref }) {
    if (signal?.aborted)
        return Promise.reject(abortError(signal));
    return new Promise((resolve, reject) => {
        const handle = begin(() => {
            signal?.removeEventListener('abort', onAbort);
            resolve(value);
        });
        if (ref === false)
            handle.unref();

        function onAbort() {
            clear(handle);
            reject(abortError(signal));
        }
        signal?.addEventListener('abort', onAbort, { once: true });
    });
}

function setTimeout(delay, value, options = {}) {
    try {
        if (delay !== undefined)
            validateNumber(delay, 'delay');
        validateOptions(options);
    } catch (error) {
        return Promise.reject(error);
    }
    return wait((callback) => timers.setTimeout(callback, delay),
        timers.clearTimeout, value, options);
}

function setImmediate(value, options = {}) {
    try {
        validateOptions(options);
    } catch (error) {
        return Promise.reject(error);
    }
    return wait(timers.setImmediate, timers.clearImmediate, value, options);
}

// Beats that come while the consumer is busy are counted, and handed over one
// by one: none is lost.
async function* setInterval(delay, value, options = {}) {
    if (delay !== undefined)
        validateNumber(delay, 'delay');
    validateOptions(options);

    const { signal, ref } = options;
    if (signal?.aborted)
        throw abortError(signal);

    let beats = 0;
    let wake = null;
    const interval = timers.setInterval(() => {
        beats++;
        wake?.();
    }, delay);
    const onAbort = () => {
        timers.clearInterval(interval);
        wake?.();
    };

    if (ref === false)
        interval.unref();
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
        while (!signal?.aborted) {
            if (beats === 0)
                await new Promise((resolve) => { wake = resolve; });
            for (; beats > 0; beats--)
                yield value;
        }
        throw abortError(signal);
    } finally {
        timers.clearInterval(interval);
        signal?.removeEventListener('abort', onAbort);
    }
}

const kInternal = Symbol('scheduler');

class Scheduler {
    constructor(key) {
        if (key !== kInternal)
            throw new codes.ERR_ILLEGAL_CONSTRUCTOR();
    }

    wait(delay, options) {
        return setTimeout(delay, undefined, options);
    }

    yield() {
        return setImmediate();
    }
}

module.exports = {
    setTimeout, setImmediate, setInterval, scheduler: new Scheduler(kInternal),
};
