/*
 * AbortController and AbortSignal: one says that an operation is no longer
 * wanted, the other is how the operation hears of it.
 *
 * A signal of AbortSignal.any() depends on others. Those know it only weakly,
 * as a long-lived signal would otherwise collect every short-lived one made
 * from it; but who listens must be told, so a dependent signal is kept alive
 * for as long as it has listeners.
 */

const { codes } = require('internal/errors');
const {
    Event, EventTarget, inspectAs, makeEnumerable, onListeners,
    setLimitOfTarget, setTag, trusted,
} = require('internal/events/target');
const {
    validateAbortSignalArray, validateUint32,
} = require('internal/validators');

const inspectCustom = Symbol.for('nodejs.util.inspect.custom');
const token = Symbol('token'); // that lets only this file make signals

/* Dependent signals that somebody listens to. */
const listened = new Set();

function domException(message, name) {
    const { DOMException } = require('internal/errors/dom_exception');
    return new DOMException(message, name);
}

let abortSignal; // (signal, reason)

class AbortSignal extends EventTarget {
    #aborted = false;
    #reason = undefined;
    #onabort = null;
    #handler = undefined; // the listener that calls what onabort holds
    #sources = undefined; // of a signal made by any()
    #dependents = undefined; // WeakRefs
    #purgeAt = 8; // so many of them: look which are gone

    static {
        abortSignal = (signal, reason) => signal.#abort(reason);
    }

    constructor(key) {
        if (key !== token) throw new codes.ERR_ILLEGAL_CONSTRUCTOR();
        super();
        // One signal for very many operations is how it is meant to be used.
        setLimitOfTarget(this, 0);
    }

    static abort(reason = domException('This operation was aborted',
        'AbortError')) {
        const signal = new AbortSignal(token);
        signal.#aborted = true;
        signal.#reason = reason;
        return signal;
    }

    static timeout(delay) {
        validateUint32(delay, 'delay');
        const signal = new AbortSignal(token);
        setTimeout(() => {
            signal.#abort(domException(
                'The operation was aborted due to timeout', 'TimeoutError'));
        }, delay).unref();
        return signal;
    }

    static any(signals) {
        validateAbortSignalArray(signals, 'signals');
        const signal = new AbortSignal(token);
        const aborted = signals.find((source) => source.aborted);
        if (aborted) {
            signal.#aborted = true;
            signal.#reason = aborted.reason;
            return signal;
        }
        signal.#sources = [];
        for (const source of signals) signal.#follow(source);
        return signal;
    }

    get aborted() {
        known(this, #aborted in this);
        return this.#aborted;
    }

    get reason() {
        known(this, #aborted in this);
        return this.#reason;
    }

    throwIfAborted() {
        known(this, #aborted in this);
        if (this.#aborted) throw this.#reason;
    }

    get onabort() {
        known(this, #aborted in this);
        return this.#onabort;
    }

    set onabort(value) {
        known(this, #aborted in this);
        this.#onabort = value;
        const callable = typeof value === 'function' ||
            typeof value?.handleEvent === 'function';
        if (!callable && this.#handler) {
            this.removeEventListener('abort', this.#handler);
            this.#handler = undefined;
        } else if (callable && !this.#handler) {
            this.#handler = (event) => this.#callHandler(event);
            this.addEventListener('abort', this.#handler);
        }
    }

    #callHandler(event) {
        const handler = this.#onabort;
        return typeof handler === 'function' ? handler.call(this, event) :
            handler.handleEvent(event);
    }

    /* Through composed signals to those that something else aborts. */
    #follow(source) {
        if (source.#sources) {
            for (const each of source.#sources) this.#follow(each);
            return;
        }
        if (this.#sources.includes(source)) return;
        this.#sources.push(source);
        source.#dependents ??= [];
        if (source.#dependents.length >= source.#purgeAt) {
            source.#dependents = source.#dependents.filter(
                (dependent) => dependent.deref() !== undefined);
            source.#purgeAt = Math.max(8, 2 * source.#dependents.length);
        }
        source.#dependents.push(new WeakRef(this));
    }

    /* All have aborted before the first listener can look at any of them. */
    #abort(reason) {
        if (this.#aborted) return;
        const signals = [this];
        for (const dependent of this.#dependents ?? []) {
            const signal = dependent.deref();
            if (signal && !signal.#aborted) signals.push(signal);
        }
        for (const signal of signals) {
            signal.#aborted = true;
            signal.#reason = reason;
            signal.#dependents = undefined;
        }
        for (const signal of signals) {
            signal.dispatchEvent(new Event('abort', { [trusted]: true }));
            listened.delete(signal);
        }
    }

    [onListeners](type, count) {
        if (!this.#sources || type !== 'abort') return;
        if (count > 0 && !this.#aborted) listened.add(this);
        else listened.delete(this);
    }

    [inspectCustom](depth, options) {
        return inspectAs(this, { aborted: this.aborted }, depth, options);
    }
}

function known(value, isSignal) {
    if (!isSignal) throw new codes.ERR_INVALID_THIS('AbortSignal');
}

setTag(AbortSignal);
makeEnumerable(AbortSignal.prototype,
    ['aborted', 'reason', 'throwIfAborted', 'onabort']);

class AbortController {
    #signal;

    get signal() {
        return this.#signal ??= new AbortSignal(token);
    }

    abort(reason = domException('This operation was aborted', 'AbortError')) {
        abortSignal(this.signal, reason);
    }

    [inspectCustom](depth, options) {
        return inspectAs(this, { signal: this.signal }, depth, options);
    }
}

setTag(AbortController);
makeEnumerable(AbortController.prototype, ['signal', 'abort']);

module.exports = { AbortController, AbortSignal };
