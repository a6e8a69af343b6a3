/*
 * EventEmitter, which is Node's `events`.
 *
 * Sockets, servers and streams are emitters, so two things decide this file:
 * what emit() costs, and what an idle emitter weighs.
 *
 * `_events` is undefined until there is a listener. Then it is an object
 * without prototype whose values are a function, or an array when an event has
 * several listeners. Nothing in an array ever moves: listeners are appended,
 * and who removes or prepends one makes a new array. So emit() walks it to the
 * end it had at first without copying it, and listeners may come and go
 * meanwhile without effect on the round that runs.
 *
 * `_events`, `_eventsCount` and `_maxListeners` have the names that packages
 * from npm look for.
 */

const { upcalls } = require('internal/core');
const { captureStackTrace, codes, emittedBy } = require('internal/errors');
const {
    validateBoolean, validateFunction, validateNumber,
} = require('internal/validators');

const { apply } = Reflect;
const { filter, map, slice, toSpliced } = Arrays;

const errorMonitor = Symbol('events.errorMonitor');
const captureRejectionSymbol = Symbol.for('nodejs.rejection');
const kCapture = Symbol('kCapture');

let defaultMaxListeners = 10;
let captureByDefault = false;

/*
 * Events whose listeners come and go all the time, as once('drain') does.
 * Their keys stay when the last listener leaves: deleting a key turns the
 * object into a hash table, after which every emit takes three times as long.
 */
const recurring = {
    __proto__: null,
    close: true, connect: true, data: true, drain: true, end: true,
    error: true, finish: true, pause: true, pipe: true, readable: true,
    resume: true, timeout: true, unpipe: true,
};

function EventEmitter(options) {
    // What is inherited belongs to the prototype, which may be an emitter.
    if (this._events === undefined ||
        this._events === Object.getPrototypeOf(this)._events) {
        this._events = undefined;
        this._eventsCount = 0;
    }
    if (captureByDefault || options?.captureRejections)
        setCapture(this, options);
}

EventEmitter.prototype._events = undefined;
EventEmitter.prototype._eventsCount = 0;
EventEmitter.prototype._maxListeners = undefined;
EventEmitter.prototype[kCapture] = false;

/* ------------------------------------------------------------------- emit */

/*
 * One listener and at most three arguments, told apart by their number, is
 * what the engine compiles to a check and a call. All else is for emitAll(),
 * to which `arguments` can be forwarded without being made into an object.
 */
EventEmitter.prototype.emit = function emit(type, a, b, c) {
    const events = this._events;
    const listener = events !== undefined ? events[type] : undefined;
    if (typeof listener !== 'function' || type === 'error') {
        if (type === 'error' || arguments.length > 4)
            return apply(emitAll, this, arguments);
        return listener !== undefined &&
            emitEach(this, type, listener, arguments.length, a, b, c);
    }
    let result;
    switch (arguments.length) {
    case 1: result = listener.call(this); break;
    case 2: result = listener.call(this, a); break;
    case 3: result = listener.call(this, a, b); break;
    case 4: result = listener.call(this, a, b, c); break;
    default: return apply(emitAll, this, arguments);
    }
    if (result !== undefined && this[kCapture])
        watch(this, result, type, slice([a, b, c], 0, arguments.length - 1));
    return true;
};

/** Several listeners, few arguments; `count` includes the event's name. */
function emitEach(emitter, type, list, count, a, b, c) {
    for (let i = 0, end = list.length; i < end; i++) {
        const listener = list[i];
        let result;
        switch (count) {
        case 1: result = listener.call(emitter); break;
        case 2: result = listener.call(emitter, a); break;
        case 3: result = listener.call(emitter, a, b); break;
        default: result = listener.call(emitter, a, b, c);
        }
        if (result !== undefined && emitter[kCapture])
            watch(emitter, result, type, slice([a, b, c], 0, count - 1));
    }
    return true;
}

/** Any number of listeners and arguments, and the rules of 'error'. */
function emitAll(type, ...args) {
    if (type === 'error') beforeError(this, args);
    const existing = this._events?.[type];
    if (existing === undefined) return false;
    const list = typeof existing === 'function' ? [existing] : existing;
    for (let i = 0, end = list.length; i < end; i++) {
        const result = apply(list[i], this, args);
        if (result !== undefined && this[kCapture])
            watch(this, result, type, args);
    }
    return true;
}

/** Tells the monitor of an error, and throws it when nobody else listens. */
function beforeError(emitter, args) {
    if (emitter._events?.[errorMonitor] !== undefined)
        emitter.emit(errorMonitor, ...args);
    if (emitter._events?.error !== undefined) return;
    const error = args[0];
    if (error instanceof Error) {
        noteEmitter(emitter, error);
        throw error;
    }
    const { inspect } = require('internal/inspect');
    const thrown = new codes.ERR_UNHANDLED_ERROR(inspect(error));
    thrown.context = error;
    throw thrown;
}

/*
 * An error that ends the program shall say who emitted it and where, which its
 * own stack does not: that is of the place where it was made.
 */
function noteEmitter(emitter, error) {
    let place = {};
    if (captureStackTrace !== undefined) {
        captureStackTrace(place, EventEmitter.prototype.emit);
        // Where the engine makes proper tail calls, emit()'s frame is gone.
        if (!place.stack) {
            place = {};
            captureStackTrace(place, emitAll);
        }
    }
    try {
        Object.defineProperty(error, emittedBy, {
            configurable: true,
            value: { name: emitter.constructor?.name, stack: place.stack },
        });
    } catch {
        // A frozen error goes without.
    }
}

/* ------------------------------------------- rejections of async listeners */

function setCapture(emitter, options) {
    const wanted = options?.captureRejections;
    if (wanted) validateBoolean(wanted, 'options.captureRejections');
    emitter[kCapture] = true;
}

/** What a listener returned may be a promise whose rejection we handle. */
function watch(emitter, result, type, args) {
    if (result === null) return;
    try {
        const { then } = result;
        if (typeof then !== 'function') return;
        then.call(result, undefined, (error) => {
            upcalls().process()
                .nextTick(onRejected, emitter, error, type, args);
        });
    } catch (error) {
        emitter.emit('error', error);
    }
}

function onRejected(emitter, error, type, args) {
    if (typeof emitter[captureRejectionSymbol] === 'function') {
        emitter[captureRejectionSymbol](error, type, ...args);
        return;
    }
    // An async 'error' listener that rejects must not come back for ever.
    emitter[kCapture] = false;
    try {
        emitter.emit('error', error);
    } finally {
        emitter[kCapture] = true;
    }
}

/* -------------------------------------------------------- adding listeners */

/*
 * On Node every emitter has an object for listeners from the start, and what
 * Object.create(emitter) makes shares it. So it belongs to whoever our
 * constructor has made up the chain.
 */
function makeEvents(emitter) {
    let owner = emitter;
    while (owner !== null && !Object.hasOwn(owner, '_events'))
        owner = Object.getPrototypeOf(owner);
    if (owner === null || owner === EventEmitter.prototype) {
        owner = emitter;
        emitter._eventsCount = 0;
    }
    owner._events = Object.create(null);
    return owner._events;
}

function add(emitter, type, listener, first) {
    validateFunction(listener, 'listener');
    let events = emitter._events;
    if (events !== undefined && events.newListener !== undefined) {
        emitter.emit('newListener', type, listener.listener ?? listener);
        events = emitter._events;
    }
    if (events === undefined)
        events = makeEvents(emitter);

    const existing = events[type];
    if (existing === undefined) {
        events[type] = listener;
        emitter._eventsCount++;
        return;
    }
    let list = existing;
    if (typeof existing === 'function') {
        list = events[type] = first ? [listener, existing] :
            [existing, listener];
    } else if (first) {
        list = events[type] = [listener, ...existing];
        list.warned = existing.warned;
    } else {
        existing[existing.length] = listener;
    }
    if (!list.warned) warnOfLeak(emitter, type, list);
}

function limitOf(emitter) {
    return emitter._maxListeners ?? defaultMaxListeners;
}

function warnOfLeak(emitter, type, list) {
    const limit = limitOf(emitter);
    if (limit <= 0 || list.length <= limit) return;
    list.warned = true;
    const { inspect } = require('internal/inspect');
    const warning = new Error('Possible EventEmitter memory leak detected. ' +
        `${list.length} ${String(type)} listeners added to ` +
        `${inspect(emitter, { depth: -1 })}. MaxListeners is ${limit}. ` +
        'Use emitter.setMaxListeners() to increase limit');
    warning.name = 'MaxListenersExceededWarning';
    warning.emitter = emitter;
    warning.type = type;
    warning.count = list.length;
    upcalls().process().emitWarning(warning);
}

EventEmitter.prototype.addListener = function addListener(type, listener) {
    add(this, type, listener, false);
    return this;
};

EventEmitter.prototype.on = EventEmitter.prototype.addListener;

EventEmitter.prototype.prependListener =
    function prependListener(type, listener) {
        add(this, type, listener, true);
        return this;
    };

/** A listener that removes itself first; `.listener` is the original. */
function onceOnly(emitter, type, listener) {
    validateFunction(listener, 'listener');
    let fired = false;
    const wrapped = (...args) => {
        if (fired) return undefined;
        fired = true;
        emitter.removeListener(type, wrapped);
        return apply(listener, emitter, args);
    };
    wrapped.listener = listener;
    return wrapped;
}

EventEmitter.prototype.once = function once(type, listener) {
    this.on(type, onceOnly(this, type, listener));
    return this;
};

EventEmitter.prototype.prependOnceListener =
    function prependOnceListener(type, listener) {
        this.prependListener(type, onceOnly(this, type, listener));
        return this;
    };

EventEmitter.prototype.setMaxListeners = function setMaxListeners(n) {
    validateNumber(n, 'setMaxListeners', 0);
    this._maxListeners = n;
    return this;
};

EventEmitter.prototype.getMaxListeners = function getMaxListeners() {
    return limitOf(this);
};

/* ------------------------------------------------------ removing listeners */

const isListener = (entry, listener) =>
    entry === listener || entry.listener === listener;

/** The event has no listener any more. */
function forget(emitter, events, type) {
    if (--emitter._eventsCount === 0) emitter._events = undefined;
    else if (recurring[type]) events[type] = undefined;
    else delete events[type];
}

/** Without the entry at `index`; a list of one is stored as the function. */
function without(list, index) {
    if (list.length === 2) return list[1 - index];
    const shorter = toSpliced(list, index, 1);
    if (list.warned) shorter.warned = true;
    return shorter;
}

EventEmitter.prototype.removeListener =
    function removeListener(type, listener) {
        validateFunction(listener, 'listener');
        const events = this._events;
        const existing = events?.[type];
        if (existing === undefined) return this;
        if (typeof existing === 'function') {
            if (!isListener(existing, listener)) return this;
            forget(this, events, type);
        } else {
            let index = existing.length - 1;
            while (index >= 0 && !isListener(existing[index], listener))
                index--;
            if (index < 0) return this;
            events[type] = without(existing, index);
        }
        if (events.removeListener !== undefined)
            this.emit('removeListener', type, listener.listener ?? listener);
        return this;
    };

EventEmitter.prototype.off = EventEmitter.prototype.removeListener;

/** Removes one by one, the last added first, for 'removeListener' to tell. */
function removeEach(emitter, type) {
    const existing = emitter._events?.[type];
    if (existing === undefined) return;
    const list = typeof existing === 'function' ? [existing] : existing;
    for (let i = list.length - 1; i >= 0; i--)
        emitter.removeListener(type, list[i]);
}

EventEmitter.prototype.removeAllListeners =
    function removeAllListeners(type) {
        const events = this._events;
        const all = arguments.length === 0;
        if (events?.removeListener !== undefined) {
            const types = all ? Reflect.ownKeys(events) : [type];
            for (const each of types) {
                if (each !== 'removeListener') removeEach(this, each);
            }
        }
        if (all) {
            this._events = undefined;
            this._eventsCount = 0;
        } else if (this._events?.[type] !== undefined) {
            forget(this, this._events, type);
        }
        return this;
    };

/* ------------------------------------------------------------------- asking */

function listenersOf(emitter, type) {
    const existing = emitter._events?.[type];
    if (existing === undefined) return [];
    return typeof existing === 'function' ? [existing] : slice(existing);
}

EventEmitter.prototype.listeners = function listeners(type) {
    return map(listenersOf(this, type), (entry) => entry.listener ?? entry);
};

EventEmitter.prototype.rawListeners = function rawListeners(type) {
    return listenersOf(this, type);
};

EventEmitter.prototype.listenerCount =
    function listenerCount(type, listener) {
        const existing = this._events?.[type];
        if (existing === undefined) return 0;
        if (listener == null)
            return typeof existing === 'function' ? 1 : existing.length;
        return filter(listenersOf(this, type),
            (entry) => isListener(entry, listener)).length;
    };

EventEmitter.prototype.eventNames = function eventNames() {
    const events = this._events;
    // Who shares another's has a count of its own.
    if (events === undefined || !(this._eventsCount > 0)) return [];
    return filter(Reflect.ownKeys(events),
        (type) => events[type] !== undefined);
};

/* ------------------------------------------------------ beside the class */

/* Not every program needs these, so they are read when one does. */
const helpers = () => require('internal/events/helpers');

Object.assign(EventEmitter, {
    addAbortListener: (signal, listener) =>
        helpers().addAbortListener(signal, listener),
    once: (emitter, name, options) => helpers().once(emitter, name, options),
    on: (emitter, name, options) => helpers().on(emitter, name, options),
    getEventListeners: (emitter, type) =>
        helpers().getEventListeners(emitter, type),
    getMaxListeners: (emitter) => helpers().getMaxListeners(emitter),
    setMaxListeners: (n, ...emitters) =>
        helpers().setMaxListeners(n, ...emitters),
    listenerCount: (emitter, type) => helpers().listenerCount(emitter, type),
    EventEmitter,
    usingDomains: false,
    captureRejectionSymbol,
    errorMonitor,
});
Object.defineProperty(EventEmitter, 'defaultMaxListeners', {
    enumerable: true,
    get: () => defaultMaxListeners,
    set(n) {
        validateNumber(n, 'defaultMaxListeners', 0);
        defaultMaxListeners = n;
    },
});

Object.defineProperty(EventEmitter, 'captureRejections', {
    enumerable: true,
    get: () => captureByDefault,
    set(value) {
        validateBoolean(value, 'EventEmitter.captureRejections');
        captureByDefault = value;
    },
});

module.exports = EventEmitter;
