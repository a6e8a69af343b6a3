/*
 * internal/structured_clone - a deep copy that shares nothing
 *
 * The algorithm of the HTML standard: what is a value is copied, what is a
 * thing (a function, a promise, a socket) is refused with a DataCloneError.
 * Every object is copied once, so cycles and shared parts come out as they
 * were. ArrayBuffers in `transfer` move instead: the old one is left empty.
 */
const { kind, typedArrayName } = require('internal/value_kind');
const ERRORS = ['Error', 'EvalError', 'RangeError', 'ReferenceError',
    'SyntaxError', 'TypeError', 'URIError'];

function refuse(message) {
    const { DOMException } = require('internal/errors/dom_exception');
    throw new DOMException(message, 'DataCloneError');
}

/* Copies one value and everything in it, remembering what was copied. */
class Cloner {
    constructor() {
        this.copies = new Map();
    }

    clone(value) {
        if (typeof value === 'symbol')
            refuse(`${String(value)} could not be cloned.`);
        if (value === null ||
            (typeof value !== 'object' && typeof value !== 'function'))
            return value;
        const known = this.copies.get(value);
        if (known !== undefined)
            return known;
        const copy = binding.util.proxyTarget(value) === undefined ?
            copiers[kind(value)] : undefined;
        if (copy === undefined)
            refuse(`${describe(value)} could not be cloned.`);
        return copy(value, this);
    }

    /* To be called before the parts are cloned: they may lead back here. */
    remember(value, copy) {
        this.copies.set(value, copy);
        return copy;
    }

    copyKeys(value, copy, keys = Object.keys(value)) {
        for (const key of keys) {
            // The key may have gone while another was read by a getter.
            if (Object.hasOwn(value, key)) {
                Object.defineProperty(copy, key, {
                    value: this.clone(value[key]),
                    writable: true, enumerable: true, configurable: true,
                });
            }
        }
        return copy;
    }
}

function describe(value) {
    if (typeof value === 'function')
        return String(value);
    const name = value.constructor?.name;
    return `#<${typeof name === 'string' && name !== '' ? name : 'Object'}>`;
}

function cloneView(value, cloner) {
    const buffer = cloner.clone(value.buffer);
    const name = typedArrayName(value) ?? 'DataView';
    const length = name === 'DataView' ? value.byteLength : value.length;
    return cloner.remember(value,
        new globalThis[name](buffer, value.byteOffset, length));
}

function cloneError(value, cloner) {
    const name = ERRORS.includes(value.name) ? value.name : 'Error';
    const copy = cloner.remember(value, new globalThis[name]());
    const hide = (key, part) => Object.defineProperty(copy, key, {
        value: part, writable: true, enumerable: false, configurable: true,
    });
    const message = Object.getOwnPropertyDescriptor(value, 'message');
    if (message !== undefined && 'value' in message)
        hide('message', String(message.value));
    hide('stack', typeof value.stack === 'string' ? value.stack : '');
    if (Object.hasOwn(value, 'cause'))
        hide('cause', cloner.clone(value.cause));
    return copy;
}

function cloneMap(value, cloner) {
    const copy = cloner.remember(value, new Map());
    // First a list: cloning may run getters, and they may change the map.
    for (const [key, member] of [...Map.prototype.entries.call(value)])
        copy.set(cloner.clone(key), cloner.clone(member));
    return copy;
}

function cloneSet(value, cloner) {
    const copy = cloner.remember(value, new Set());
    for (const member of [...Set.prototype.values.call(value)])
        copy.add(cloner.clone(member));
    return copy;
}

function cloneBox(type) {
    const { valueOf } = globalThis[type].prototype;
    return (value, cloner) =>
        cloner.remember(value, Object(valueOf.call(value)));
}

const copiers = {
    Object: (value, cloner) =>
        cloner.copyKeys(value, cloner.remember(value, {})),
    Arguments: (value, cloner) =>
        cloner.copyKeys(value, cloner.remember(value, {})),
    Array: (value, cloner) =>
        cloner.copyKeys(value, cloner.remember(value, Array(value.length))),
    Map: cloneMap,
    Set: cloneSet,
    Date: (value, cloner) => cloner.remember(value,
        new Date(Date.prototype.getTime.call(value))),
    RegExp: (value, cloner) => cloner.remember(value,
        new RegExp(value.source, value.flags)),
    Error: cloneError,
    ArrayBuffer: (value, cloner) => {
        if (value.detached)
            refuse('An ArrayBuffer is detached and could not be cloned.');
        return cloner.remember(value, value.slice());
    },
    SharedArrayBuffer: (value, cloner) => cloner.remember(value, value),
    TypedArray: cloneView,
    DataView: cloneView,
    Number: cloneBox('Number'),
    String: cloneBox('String'),
    Boolean: cloneBox('Boolean'),
    BigInt: cloneBox('BigInt'),
};

function transferList(options) {
    const { codes } = require('internal/errors');
    if (options !== null && typeof options !== 'object')
        throw new codes.ERR_INVALID_ARG_TYPE('options', 'Object', options);
    const list = options?.transfer ?? [];
    if (typeof list[Symbol.iterator] !== 'function') {
        throw new codes.ERR_INVALID_ARG_TYPE('options.transfer', 'Iterable',
            list);
    }
    const buffers = [...list];
    for (const [i, buffer] of buffers.entries()) {
        const isBuffer = buffer !== null && typeof buffer === 'object' &&
            kind(buffer) === 'ArrayBuffer';
        if (!isBuffer)
            refuse('Found invalid object in transferList');
        if (buffer.detached)
            refuse('An ArrayBuffer is detached and could not be cloned.');
        if (buffers.indexOf(buffer) !== i)
            refuse('Transfer list contains duplicate ArrayBuffer');
    }
    return buffers;
}

function structuredClone(value, options = {}) {
    if (arguments.length === 0) {
        const { codes } = require('internal/errors');
        throw new codes.ERR_MISSING_ARGS('value');
    }
    const buffers = transferList(options);
    const cloner = new Cloner();
    // Views in the value find the new buffer; the old one is emptied only
    // after everything else has turned out to be clonable.
    const moved = buffers.map((buffer) =>
        [buffer, cloner.remember(buffer, new ArrayBuffer(buffer.byteLength))]);
    const copy = cloner.clone(value);
    for (const [buffer, target] of moved) {
        new Uint8Array(target).set(new Uint8Array(buffer));
        buffer.transfer();
    }
    return copy;
}

module.exports = { structuredClone };
