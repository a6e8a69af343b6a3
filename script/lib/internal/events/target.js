/*
 * Event, CustomEvent and EventTarget of the DOM standard, in the form in which
 * Node has them: no tree, so an event goes to its one target and no further.
 *
 * An event keeps its state in one private record, which dispatch needs to
 * change and nobody else may. A target has no map of listeners before the
 * first is added: most AbortSignals never get one.
 */

const { upcalls } = require('internal/core');
const { codes } = require('internal/errors');
const {
    validateAbortSignal, validateObject,
} = require('internal/validators');

/* In the options of `new Event`: the event is ours, not the program's. */
const trusted = Symbol('trusted');
/* In the options of addEventListener(): stopImmediatePropagation() does not
 * keep this listener from being called. */
const resistStop = Symbol('resistStop');
/* Method of a target that is told how many listeners a type has now. */
const onListeners = Symbol('onListeners');

const NONE = 0;
const AT_TARGET = 2;

const inspectCustom = Symbol.for('nodejs.util.inspect.custom');

/** `Name { properties }`, or the name where no more depth is wanted. */
function inspectAs(self, properties, depth, options) {
    if (depth < 0) return self.constructor.name;
    const { inspect } = require('internal/inspect');
    const inner = options.depth === null ? null : options.depth - 1;
    return `${self.constructor.name} ` +
        inspect(properties, { ...options, depth: inner });
}

/** Node's methods and accessors here are enumerable, as WebIDL asks. */
function makeEnumerable(prototype, names) {
    for (const name of names)
        Object.defineProperty(prototype, name, { enumerable: true });
}

function setTag(Class) {
    Object.defineProperty(Class.prototype, Symbol.toStringTag, {
        configurable: true, value: Class.name,
    });
}

/* ------------------------------------------------------------------ events */

let stateOf; // of an event; undefined for what is none

class Event {
    #state;

    static {
        stateOf = (value) => (typeof value === 'object' && value !== null &&
            #state in value ? value.#state : undefined);
    }

    constructor(type, options = undefined) {
        if (arguments.length === 0) throw new codes.ERR_MISSING_ARGS('type');
        if (options != null) validateObject(options, 'options');
        this.#state = {
            type: `${type}`,
            bubbles: Boolean(options?.bubbles),
            cancelable: Boolean(options?.cancelable),
            composed: Boolean(options?.composed),
            trusted: Boolean(options?.[trusted]),
            timeStamp: upcalls().now(),
            target: null,
            dispatching: false,
            prevented: false,
            stopped: false,
            stoppedNow: false,
        };
    }

    initEvent(type, bubbles = false, cancelable = false) {
        if (arguments.length === 0) throw new codes.ERR_MISSING_ARGS('type');
        const state = known(this);
        if (state.dispatching) return;
        state.type = `${type}`;
        state.bubbles = Boolean(bubbles);
        state.cancelable = Boolean(cancelable);
    }

    stopPropagation() {
        known(this).stopped = true;
    }

    stopImmediatePropagation() {
        const state = known(this);
        state.stopped = true;
        state.stoppedNow = true;
    }

    preventDefault() {
        known(this).prevented = true;
    }

    composedPath() {
        const { dispatching, target } = known(this);
        return dispatching ? [target] : [];
    }

    get type() {
        return known(this).type;
    }

    get target() {
        return known(this).target;
    }

    get srcElement() {
        return known(this).target;
    }

    get currentTarget() {
        const { dispatching, target } = known(this);
        return dispatching ? target : null;
    }

    get eventPhase() {
        return known(this).dispatching ? AT_TARGET : NONE;
    }

    get cancelable() {
        return known(this).cancelable;
    }

    get defaultPrevented() {
        const { cancelable, prevented } = known(this);
        return cancelable && prevented;
    }

    get returnValue() {
        return !this.defaultPrevented;
    }

    get bubbles() {
        return known(this).bubbles;
    }

    get composed() {
        return known(this).composed;
    }

    get timeStamp() {
        return known(this).timeStamp;
    }

    get isTrusted() {
        return known(this).trusted;
    }

    get cancelBubble() {
        return known(this).stopped;
    }

    set cancelBubble(value) {
        if (value) this.stopPropagation();
    }

    [inspectCustom](depth, options) {
        const { type, defaultPrevented, cancelable, timeStamp } = this;
        return inspectAs(this,
            { type, defaultPrevented, cancelable, timeStamp }, depth, options);
    }
}

function known(event) {
    const state = stateOf(event);
    if (state === undefined) throw new codes.ERR_INVALID_THIS('Event');
    return state;
}

setTag(Event);
makeEnumerable(Event.prototype, [
    'initEvent', 'stopImmediatePropagation', 'preventDefault', 'target',
    'currentTarget', 'srcElement', 'type', 'cancelable', 'defaultPrevented',
    'timeStamp', 'composedPath', 'returnValue', 'bubbles', 'composed',
    'eventPhase', 'cancelBubble', 'stopPropagation', 'isTrusted',
]);
['NONE', 'CAPTURING_PHASE', 'AT_TARGET', 'BUBBLING_PHASE'].forEach(
    (name, value) => {
        const constant = { value, enumerable: true };
        Object.defineProperty(Event, name, constant);
        Object.defineProperty(Event.prototype, name, constant);
    });

class CustomEvent extends Event {
    #detail;

    constructor(type, options = undefined) {
        if (arguments.length === 0) throw new codes.ERR_MISSING_ARGS('type');
        super(type, options);
        this.#detail = options?.detail ?? null;
    }

    get detail() {
        if (!(#detail in this))
            throw new codes.ERR_INVALID_THIS('CustomEvent');
        return this.#detail;
    }
}

setTag(CustomEvent);
makeEnumerable(CustomEvent.prototype, ['detail']);

/* ----------------------------------------------------------------- targets */

let recordOf; // of a target: {lists, limit, warned}; throws for what is none

class EventTarget {
    #record = { lists: undefined, limit: undefined, warned: false };

    static {
        recordOf = (target) => {
            if (typeof target !== 'object' || target === null ||
                !(#record in target))
                throw new codes.ERR_INVALID_THIS('EventTarget');
            return target.#record;
        };
    }

    addEventListener(type, callback, options = undefined) {
        const record = recordOf(this);
        if (arguments.length < 2)
            throw new codes.ERR_MISSING_ARGS('type', 'listener');
        const how = readOptions(options);
        if (!isCallback(callback)) {
            warnOfNoListener(callback, this, type);
            return;
        }
        const name = toName(type);
        if (how.signal?.aborted) return;

        record.lists ??= new SafeMap();
        const list = record.lists.get(name) ?? [];
        if (find(list, callback, how.capture) >= 0) return;
        const entry = { callback, removed: false, ...how };
        list.push(entry);
        record.lists.set(name, list);
        if (how.signal) watchSignal(this, name, entry);
        warnOfLeak(this, record, name, list.length);
        this[onListeners]?.(name, list.length);
    }

    removeEventListener(type, callback, options = undefined) {
        const record = recordOf(this);
        if (arguments.length < 2)
            throw new codes.ERR_MISSING_ARGS('type', 'listener');
        if (!isCallback(callback)) return;
        const name = toName(type);
        const capture = typeof options === 'boolean' ? options :
            Boolean(options?.capture);
        const list = record.lists?.get(name);
        const index = list ? find(list, callback, capture) : -1;
        if (index >= 0) remove(this, name, list[index]);
    }

    dispatchEvent(event) {
        const record = recordOf(this);
        if (arguments.length === 0) throw new codes.ERR_MISSING_ARGS('event');
        const state = stateOf(event);
        if (state === undefined)
            throw new codes.ERR_INVALID_ARG_TYPE('event', 'Event', event);
        if (state.dispatching)
            throw new codes.ERR_EVENT_RECURSION(state.type);
        state.target = this;
        const list = record.lists?.get(state.type);
        if (list !== undefined) deliver(this, event, state, list.slice());
        return !event.defaultPrevented;
    }

    [inspectCustom](depth, options) {
        return inspectAs(this, {}, depth, options);
    }
}

setTag(EventTarget);
makeEnumerable(EventTarget.prototype,
    ['addEventListener', 'removeEventListener', 'dispatchEvent']);

/* --------------------------------------------------- adding and removing */

function isCallback(callback) {
    if (callback == null) return false;
    if (typeof callback === 'function' || typeof callback === 'object')
        return true;
    throw new codes.ERR_INVALID_ARG_TYPE('listener', 'EventListener',
        callback);
}

function toName(type) {
    if (typeof type === 'symbol')
        throw new codes.ERR_INVALID_ARG_VALUE('value', type);
    return `${type}`;
}

function readOptions(options) {
    if (typeof options === 'boolean')
        return { capture: options, once: false, passive: false };
    if (options == null) return { capture: false, once: false, passive: false };
    validateObject(options, 'options');
    const { capture, once, passive, signal } = options;
    validateAbortSignal(signal, 'options.signal');
    return {
        capture: Boolean(capture), once: Boolean(once),
        passive: Boolean(passive), signal, resists: options[resistStop],
    };
}

/* A callback is in a list twice only if once as capturing, once as not. */
function find(list, callback, capture) {
    return list.findIndex((entry) =>
        entry.callback === callback && entry.capture === capture);
}

function remove(target, name, entry) {
    const { lists } = recordOf(target);
    const list = lists.get(name).filter((other) => other !== entry);
    entry.removed = true;
    entry.stopSignal?.();
    if (list.length > 0) lists.set(name, list);
    else lists.delete(name);
    target[onListeners]?.(name, list.length);
}

function watchSignal(target, name, entry) {
    const { signal } = entry;
    const onAbort = () => remove(target, name, entry);
    signal.addEventListener('abort', onAbort,
        { once: true, [resistStop]: true });
    entry.stopSignal = () => signal.removeEventListener('abort', onAbort);
}

function warnOfNoListener(callback, target, type) {
    const warning = new Error(
        `addEventListener called with ${callback} which has no effect.`);
    warning.name = 'AddEventListenerArgumentTypeWarning';
    warning.target = target;
    warning.type = type;
    upcalls().process().emitWarning(warning);
}

function limitOfTarget(target) {
    return recordOf(target).limit ?? require('events').defaultMaxListeners;
}

function setLimitOfTarget(target, limit) {
    const record = recordOf(target);
    record.limit = limit;
    record.warned = false;
}

function warnOfLeak(target, record, type, count) {
    const limit = limitOfTarget(target);
    if (limit === 0 || count <= limit || record.warned) return;
    record.warned = true;
    const { inspect } = require('internal/inspect');
    const warning = new Error('Possible EventTarget memory leak detected. ' +
        `${count} ${type} listeners added to ` +
        `${inspect(target, { depth: -1 })}. MaxListeners is ${limit}. ` +
        'Use events.setMaxListeners() to increase limit');
    warning.name = 'MaxListenersExceededWarning';
    warning.target = target;
    warning.type = type;
    warning.count = count;
    upcalls().process().emitWarning(warning);
}

/** The callbacks for a type, for events.getEventListeners(). */
function listenersOfTarget(target, type) {
    const list = recordOf(target).lists?.get(`${type}`) ?? [];
    return list.map((entry) => entry.callback);
}

/* --------------------------------------------------------------- delivering */

/* An exception in a listener is the program's, not the dispatcher's. */
function throwLater(error) {
    upcalls().process().nextTick(() => {
        throw error;
    });
}

function callListener(target, event, { callback }) {
    try {
        const result = typeof callback === 'function' ?
            callback.call(target, event) : callback.handleEvent(event);
        if (result != null && typeof result.then === 'function')
            result.then(undefined, throwLater);
    } catch (error) {
        throwLater(error);
    }
}

function deliver(target, event, state, list) {
    state.dispatching = true;
    for (const entry of list) {
        if (entry.removed || (state.stoppedNow && !entry.resists)) continue;
        if (entry.once) remove(target, state.type, entry);
        callListener(target, event, entry);
    }
    state.dispatching = false;
}

module.exports = {
    CustomEvent,
    Event,
    EventTarget,
    inspectAs,
    limitOfTarget,
    listenersOfTarget,
    makeEnumerable,
    onListeners,
    resistStop,
    setLimitOfTarget,
    setTag,
    trusted,
    // A program that aborts something needs it, others hardly.
    get DOMException() {
        return require('internal/errors/dom_exception').DOMException;
    },
};
