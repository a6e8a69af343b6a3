/*
 * internal/util/comparisons - are two values the same in depth?
 *
 * Strict: same types, prototypes, enumerable own keys (symbols too), and what
 * the built-in kinds hold; primitives by Object.is. Loose: primitives by ==,
 * prototypes do not count. Partial: what the second has the first must have.
 *
 * Cycles: a pair that is being compared further up is taken as equal there if
 * both are met at the same place; `Memory` keeps the places.
 */
const { kind, typedArrayName } = require('internal/value_kind');

const STRICT = 'strict';
const LOOSE = 'loose';
const PARTIAL = 'partial';

const isEnumerable = Function.prototype.call
    .bind(Object.prototype.propertyIsEnumerable);
const INDEX = /^(?:0|[1-9][0-9]*)$/;

class Memory {
    constructor() {
        this.left = new Map();
        this.right = new Map();
        this.depth = 0;
    }

    /* undefined when this pair was not met yet. */
    recall(a, b) {
        const left = this.left.get(a);
        const right = this.right.get(b);
        return left === undefined || right === undefined ?
            undefined : left === right;
    }

    during(a, b, compare) {
        const known = this.recall(a, b);
        if (known !== undefined)
            return known;
        const before = [this.left.get(a), this.right.get(b)];
        this.depth++;
        this.left.set(a, this.depth);
        this.right.set(b, this.depth);
        const equal = compare();
        this.depth--;
        restore(this.left, a, before[0]);
        restore(this.right, b, before[1]);
        return equal;
    }
}

function restore(map, key, value) {
    if (value === undefined)
        map.delete(key);
    else
        map.set(key, value);
}

function isObject(value) {
    return typeof value === 'object' && value !== null;
}

function equal(a, b, mode, memory) {
    if (a === b)
        return a !== 0 || mode === LOOSE || Object.is(a, b);
    if (!isObject(a) || !isObject(b)) {
        // Only primitives may be equal without being the same.
        const numbers = Number.isNaN(a) && Number.isNaN(b);
        const loosely = mode === LOOSE && !isObject(a) && !isObject(b) &&
            a == b;
        return numbers || loosely;
    }
    if (mode === STRICT &&
        Object.getPrototypeOf(a) !== Object.getPrototypeOf(b))
        return false;
    const type = kind(a);
    if (type !== kind(b) || tag(a) !== tag(b))
        return false;
    const compare = contents[type];
    if (compare !== undefined && !compare(a, b, mode, memory))
        return false;
    return equalKeys(a, b, type, mode, memory);
}

function tag(value) {
    return Object.prototype.toString.call(value);
}

/* -------------------------------------------------------------------- keys */

function ownKeys(value, type, mode) {
    let keys = Object.keys(value);
    if (type === 'Array' || type === 'TypedArray') {
        // Elements have been compared, holes included, or are about to be.
        keys = keys.filter((key) => !INDEX.test(key));
    }
    if (mode === LOOSE)
        return keys;
    return keys.concat(Object.getOwnPropertySymbols(value)
        .filter((symbol) => isEnumerable(value, symbol)));
}

function equalKeys(a, b, type, mode, memory) {
    const expected = ownKeys(b, type, mode);
    if (mode !== PARTIAL &&
        expected.length !== ownKeys(a, type, mode).length)
        return false;
    if (!expected.every((key) => isEnumerable(a, key)))
        return false;
    return memory.during(a, b, () =>
        expected.every((key) => equal(a[key], b[key], mode, memory)) &&
        (members[type]?.(a, b, mode, memory) ?? true));
}

/* ---------------------------------------- what the kinds hold besides keys */

function sameTime(a, b) {
    // As in Node, an invalid date is equal to none.
    return Date.prototype.getTime.call(a) === Date.prototype.getTime.call(b);
}

function samePattern(a, b) {
    return a.source === b.source && a.flags === b.flags &&
        a.lastIndex === b.lastIndex;
}

/* These are not enumerable, and yet what an error is about. */
function sameError(a, b, mode, memory) {
    return a.message === b.message && a.name === b.name &&
        sameHidden(a, b, 'cause', mode, memory) &&
        sameHidden(a, b, 'errors', mode, memory);
}

function sameHidden(a, b, key, mode, memory) {
    if (mode === PARTIAL && !Object.hasOwn(b, key))
        return true;
    if (isEnumerable(a, key) && isEnumerable(b, key))
        return true;
    return Object.hasOwn(a, key) === Object.hasOwn(b, key) &&
        memory.during(a, b, () => equal(a[key], b[key], mode, memory));
}

function sameBox(type) {
    const { valueOf } = globalThis[type].prototype;
    return (a, b) => Object.is(valueOf.call(a), valueOf.call(b));
}

function sameBytes(a, b) {
    return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function sameView(a, b, mode) {
    if (typedArrayName(a) !== typedArrayName(b) ||
        a.byteLength !== b.byteLength)
        return false;
    const floats = /^Float/.test(typedArrayName(a) ?? '');
    if (floats && mode === LOOSE)
        return a.every((value, i) => value === b[i]);
    return sameBytes(new Uint8Array(a.buffer, a.byteOffset, a.byteLength),
        new Uint8Array(b.buffer, b.byteOffset, b.byteLength));
}

function sameBuffer(a, b) {
    return sameBytes(new Uint8Array(a), new Uint8Array(b));
}

/* Compared before keys. */
const contents = {
    Array: (a, b, mode) => mode === PARTIAL || a.length === b.length,
    Map: (a, b, mode) => mode === PARTIAL || a.size === b.size,
    Set: (a, b, mode) => mode === PARTIAL || a.size === b.size,
    Date: sameTime,
    RegExp: samePattern,
    Error: sameError,
    TypedArray: sameView,
    DataView: sameView,
    ArrayBuffer: sameBuffer,
    SharedArrayBuffer: sameBuffer,
    Number: sameBox('Number'),
    String: sameBox('String'),
    Boolean: sameBox('Boolean'),
    BigInt: sameBox('BigInt'),
    Symbol: sameBox('Symbol'),
};

/* ---------------------------------------------- members, where cycles hide */

function equalElements(a, b, mode, memory) {
    if (mode === PARTIAL)
        return hasInOrder(a, b, memory);
    for (let i = 0; i < a.length; i++) {
        if (Object.hasOwn(a, i) !== Object.hasOwn(b, i) ||
            !equal(a[i], b[i], mode, memory))
            return false;
    }
    return true;
}

/* The expected elements, in their order, with others between them or not. */
function hasInOrder(actual, expected, memory) {
    let at = 0;
    return expected.every((element) => {
        while (at < actual.length &&
            !equal(actual[at], element, PARTIAL, memory))
            at++;
        return at++ < actual.length;
    });
}

/* Takes from `candidates` the one that equals; false when there is none. */
function take(candidates, matches) {
    for (const candidate of candidates) {
        if (matches(candidate)) {
            candidates.delete(candidate);
            return true;
        }
    }
    return false;
}

function equalMembers(a, b, mode, memory) {
    const left = new Set(a);
    const open = [];
    for (const member of b) {
        // What is in both needs no search; most members are.
        if (!left.delete(member)) {
            if (!isObject(member) && mode === STRICT)
                return false;
            open.push(member);
        }
    }
    return open.every((member) => take(left, (candidate) =>
        equal(candidate, member, mode, memory)));
}

function equalEntries(a, b, mode, memory) {
    const left = new Set(a.keys());
    const open = [];
    for (const [key, value] of b) {
        if (a.has(key) && equal(a.get(key), value, mode, memory))
            left.delete(key);
        else if (!isObject(key) && mode === STRICT)
            return false;
        else
            open.push([key, value]);
    }
    return open.every(([key, value]) => take(left, (candidate) =>
        equal(candidate, key, mode, memory) &&
        equal(a.get(candidate), value, mode, memory)));
}

const members = {
    Array: equalElements,
    Set: equalMembers,
    Map: equalEntries,
};

module.exports = {
    isDeepEqual: (a, b) => equal(a, b, LOOSE, new Memory()),
    isDeepStrictEqual: (a, b) => equal(a, b, STRICT, new Memory()),
    isPartialStrictEqual: (a, b) => equal(a, b, PARTIAL, new Memory()),
};
