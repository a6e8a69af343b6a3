/*
 * internal/value_kind - what an object really is, whatever its prototype says
 *
 * The engine's C API tells hardly any built-in type from another, but nearly
 * every built-in has a method or getter that throws on a stranger and changes
 * nothing on its own kind. `brand` makes a test of one. Three kinds have no
 * such method (promises, generators, iterators of Map and Set): these are
 * known by their tag, which a program could forge but does not by accident.
 *
 * kind() asks in the order that is cheapest for what is usual: a plain object
 * costs a look at its prototype and its tag, and no exception.
 */
const { getPrototypeOf, getOwnPropertyDescriptor } = Object;
const objectTag = Function.prototype.call.bind(Object.prototype.toString);

function brand(probe) {
    return (value) => {
        try {
            probe.call(value);
            return true;
        } catch {
            return false;
        }
    };
}

function getter(prototype, name) {
    return getOwnPropertyDescriptor(prototype, name).get;
}

const typedArrayTag = getter(getPrototypeOf(Uint8Array.prototype),
    Symbol.toStringTag);
const regexpGlobal = getter(RegExp.prototype, 'global');

function isRegExp(value) {
    try {
        // The prototype itself gives undefined instead of throwing.
        return regexpGlobal.call(value) !== undefined;
    } catch {
        return false;
    }
}

const brands = {
    Map: brand(getter(Map.prototype, 'size')),
    Set: brand(getter(Set.prototype, 'size')),
    Date: brand(Date.prototype.getTime),
    RegExp: isRegExp,
    ArrayBuffer: brand(getter(ArrayBuffer.prototype, 'byteLength')),
    SharedArrayBuffer: typeof SharedArrayBuffer === 'undefined' ?
        () => false :
        brand(getter(SharedArrayBuffer.prototype, 'byteLength')),
    WeakMap: brand(function() { WeakMap.prototype.has.call(this, this); }),
    WeakSet: brand(function() { WeakSet.prototype.has.call(this, this); }),
    WeakRef: brand(WeakRef.prototype.deref),
    Number: brand(Number.prototype.valueOf),
    String: brand(String.prototype.valueOf),
    Boolean: brand(Boolean.prototype.valueOf),
    Symbol: brand(Symbol.prototype.valueOf),
    BigInt: brand(BigInt.prototype.valueOf),
};

const tagged = new SafeMap([
    ['[object Promise]', 'Promise'],
    ['[object Generator]', 'Generator'],
    ['[object AsyncGenerator]', 'AsyncGenerator'],
    ['[object Map Iterator]', 'MapIterator'],
    ['[object Set Iterator]', 'SetIterator'],
    ['[object Arguments]', 'Arguments'],
    ['[object Error]', 'Error'],
]);

function tagOf(value) {
    try {
        return objectTag(value);
    } catch {
        return '[object Object]';
    }
}

/* Its own brand, tried first where the tag suggests one, then all of them. */
function branded(value, tag) {
    const guess = Strings.slice(tag, 8, -1);
    if (Object.hasOwn(brands, guess) && brands[guess](value))
        return guess;
    for (const name in brands) {
        if (brands[name](value))
            return name;
    }
    return undefined;
}

/*
 * 'Object', 'Array', 'Function', 'Map', 'Error', 'TypedArray', ... of a value
 * that is an object or a function.
 */
function kind(value) {
    if (typeof value === 'function')
        return 'Function';
    if (Array.isArray(value))
        return 'Array';
    if (ArrayBuffer.isView(value)) {
        return typedArrayTag.call(value) === undefined ?
            'DataView' : 'TypedArray';
    }
    const tag = tagOf(value);
    const prototype = getPrototypeOf(value);
    if (tag === '[object Object]' && prototype === Object.prototype)
        return 'Object';
    const known = tagged.get(tag);
    if (known !== undefined)
        return known;
    const found = branded(value, tag);
    if (found !== undefined)
        return found;
    if (value instanceof Error)
        return 'Error';
    return value instanceof Promise && value !== Promise.prototype ?
        'Promise' : 'Object';
}

/* 'Uint8Array' and its like, undefined for everything else. */
function typedArrayName(value) {
    return typedArrayTag.call(value);
}

/* '', 'Async', 'Generator' or 'AsyncGenerator'. */
function functionFlavour(fn) {
    const tag = tagOf(fn);
    const flavour = /^\[object (Async|Generator|AsyncGenerator)Function\]$/
        .exec(tag);
    return flavour === null ? '' : flavour[1];
}

module.exports = { kind, brands, tagOf, typedArrayName, functionFlavour };
