/*
 * The functions beside EventEmitter that take an emitter or an EventTarget:
 * events.once(), events.on() and those that ask or set something.
 */

const EventEmitter = require('events');
const { AbortError, codes } = require('internal/errors');
const {
    validateAbortSignal, validateFunction, validateInteger, validateNumber,
    validateObject,
} = require('internal/validators');

const isTarget = (value) => typeof value?.addEventListener === 'function';

function invalidEmitter(name, value) {
    return new codes.ERR_INVALID_ARG_TYPE(name,
        ['EventEmitter', 'EventTarget'], value);
}

function getEventListeners(emitter, type) {
    if (typeof emitter?.listeners === 'function')
        return emitter.listeners(type);
    const { EventTarget, listenersOfTarget } =
        require('internal/events/target');
    if (emitter instanceof EventTarget) return listenersOfTarget(emitter, type);
    throw invalidEmitter('emitter', emitter);
}

function getMaxListeners(emitter) {
    if (typeof emitter?.getMaxListeners === 'function')
        return emitter.getMaxListeners();
    const { EventTarget, limitOfTarget } = require('internal/events/target');
    if (emitter instanceof EventTarget) return limitOfTarget(emitter);
    throw invalidEmitter('emitter', emitter);
}

function setMaxListeners(n = EventEmitter.defaultMaxListeners, ...targets) {
    validateNumber(n, 'setMaxListeners', 0);
    if (targets.length === 0) {
        EventEmitter.defaultMaxListeners = n;
        return;
    }
    const { EventTarget, setLimitOfTarget } = require('internal/events/target');
    for (const target of targets) {
        if (target instanceof EventTarget) setLimitOfTarget(target, n);
        else if (typeof target.setMaxListeners === 'function') {
            target.setMaxListeners(n);
        } else throw invalidEmitter('eventTargets', target);
    }
}

function listenerCount(emitter, type) {
    return typeof emitter.listenerCount === 'function' ?
        emitter.listenerCount(type) :
        EventEmitter.prototype.listenerCount.call(emitter, type);
}

function addAbortListener(signal, listener) {
    if (signal === undefined)
        throw new codes.ERR_INVALID_ARG_TYPE('signal', 'AbortSignal', signal);
    validateAbortSignal(signal, 'signal');
    validateFunction(listener, 'listener');
    let remove;
    if (signal.aborted) {
        queueMicrotask(() => listener());
    } else {
        const { resistStop } = require('internal/events/target');
        signal.addEventListener('abort', listener,
            { __proto__: null, once: true, [resistStop]: true });
        remove = () => signal.removeEventListener('abort', listener);
    }
    return {
        __proto__: null,
        [Symbol.dispose]() {
            remove?.();
        },
    };
}

/* Listens on either kind; the two below need no more than this. */

function listen(emitter, type, listener, once) {
    if (typeof emitter?.on === 'function') {
        // The listeners of ours remove themselves.
        const usual = emitter.once === EventEmitter.prototype.once;
        emitter[once && !usual ? 'once' : 'on'](type, listener);
    } else if (isTarget(emitter)) {
        emitter.addEventListener(type, listener, { once });
    } else {
        throw new codes.ERR_INVALID_ARG_TYPE('emitter', 'EventEmitter',
            emitter);
    }
}

function unlisten(emitter, type, listener) {
    if (typeof emitter.removeListener === 'function')
        emitter.removeListener(type, listener);
    else
        emitter.removeEventListener(type, listener);
}

function abortError(signal) {
    return new AbortError(undefined, { cause: signal.reason });
}

/** A promise of the next event's arguments. */
async function once(emitter, name, options) {
    if (options !== undefined) validateObject(options, 'options');
    const signal = options?.signal;
    validateAbortSignal(signal, 'options.signal');
    if (signal?.aborted) throw abortError(signal);

    // An EventTarget's 'error' is an event as any other.
    const watchesError = typeof emitter?.on === 'function' && name !== 'error';
    return new Promise((resolve, reject) => {
        let stopSignal;
        const stop = () => {
            unlisten(emitter, name, onEvent);
            if (watchesError) unlisten(emitter, 'error', onError);
            stopSignal?.[Symbol.dispose]();
        };
        const onEvent = (...args) => {
            stop();
            resolve(args);
        };
        const onError = (error) => {
            stop();
            reject(error);
        };
        listen(emitter, name, onEvent, true);
        if (watchesError) listen(emitter, 'error', onError, true);
        if (signal) {
            stopSignal = addAbortListener(signal,
                () => onError(abortError(signal)));
        }
    });
}

/* ---------------------------------------------------------------- events.on */

function watermark(options, name, fallback) {
    const value = options[name];
    if (value == null) return fallback;
    validateInteger(value, `options.${name}`, 1);
    return value;
}

/** The async iterator that on() returns: a queue between two paces. */
class EventIterator {
    #emitter;
    #names;      // of the events listened to, and their listeners
    #stopSignal;
    #events = []; // that nobody has asked for yet, from #taken on
    #taken = 0;
    #waiting = []; // who asked before there was one: {resolve, reject}
    #error = null;
    #finished = false;
    #paused = false;
    #high;
    #low;

    constructor(emitter, name, options) {
        const { signal } = options;
        this.#emitter = emitter;
        this.#high = watermark(options, 'highWaterMark',
            Number.MAX_SAFE_INTEGER);
        this.#low = watermark(options, 'lowWaterMark', 1);
        this.#names = [[name, (...args) => this.#receive(args)]];
        if (name !== 'error' && typeof emitter?.on === 'function')
            this.#names.push(['error', (error) => this.#fail(error)]);
        if (options.close?.length > 0) {
            for (const close of options.close)
                this.#names.push([close, () => this.#finish()]);
        }
        for (const [each, listener] of this.#names)
            listen(emitter, each, listener, false);
        if (signal) {
            this.#stopSignal = addAbortListener(signal,
                () => this.#fail(abortError(signal)));
        }
    }

    #receive(args) {
        if (this.#waiting.length > 0) {
            this.#waiting.shift().resolve({ value: args, done: false });
            return;
        }
        this.#events.push(args);
        if (!this.#paused && this.#size > this.#high) {
            this.#paused = true;
            this.#emitter.pause();
        }
    }

    get #size() {
        return this.#events.length - this.#taken;
    }

    /* shift() moves all that follow; here they move once in a while. */
    #take() {
        const value = this.#events[this.#taken];
        this.#events[this.#taken++] = undefined;
        if (this.#taken === this.#events.length || this.#taken > 1024) {
            this.#events.splice(0, this.#taken);
            this.#taken = 0;
        }
        return value;
    }

    #fail(error) {
        if (this.#waiting.length > 0) this.#waiting.shift().reject(error);
        else this.#error = { error };
        this.#finish();
    }

    #finish() {
        this.#stopSignal?.[Symbol.dispose]();
        for (const [name, listener] of this.#names)
            unlisten(this.#emitter, name, listener);
        this.#names = [];
        this.#finished = true;
        for (const { resolve } of this.#waiting.splice(0))
            resolve({ value: undefined, done: true });
    }

    next() {
        if (this.#size > 0) {
            const value = this.#take();
            if (this.#paused && this.#size < this.#low) {
                this.#paused = false;
                this.#emitter.resume();
            }
            return Promise.resolve({ value, done: false });
        }
        if (this.#error !== null) {
            const { error } = this.#error;
            this.#error = null;
            return Promise.reject(error);
        }
        if (this.#finished)
            return Promise.resolve({ value: undefined, done: true });
        return new Promise((resolve, reject) => {
            this.#waiting.push({ resolve, reject });
        });
    }

    return() {
        this.#finish();
        return Promise.resolve({ value: undefined, done: true });
    }

    throw(error) {
        if (!(error instanceof Error)) {
            throw new codes.ERR_INVALID_ARG_TYPE('EventEmitter.AsyncIterator',
                'Error', error);
        }
        this.#fail(error);
    }

    [Symbol.asyncIterator]() {
        return this;
    }

    async [Symbol.asyncDispose]() {
        await this.return();
    }
}

function on(emitter, name, options = {}) {
    validateObject(options, 'options');
    validateAbortSignal(options.signal, 'options.signal');
    if (options.signal?.aborted) throw abortError(options.signal);
    return new EventIterator(emitter, name, options);
}

module.exports = {
    addAbortListener,
    getEventListeners,
    getMaxListeners,
    listenerCount,
    on,
    once,
    setMaxListeners,
};
