// internal/primordials: the language as it was before the program ran
//
// A program may replace what is on the engine's constructors and prototypes,
// and builtins must not notice. Every builtin has what stands here as a
// parameter of its function (script/embed), so that `Object` or `Math` in it is
// not the program's global: a namespace is a copy, a constructor is kept, and
// one whose static functions builtins use stands behind a function that has
// copies of them.
//
// Methods of values have no such cure. Where it matters, in what every program
// runs through, a builtin calls `Arrays.join(list, ', ')` for list.join(', '),
// walks arrays by index and keeps its own tables in a SafeMap or SafeSet.
// for...of, spread, and patterns in brackets go through
// Array.prototype[Symbol.iterator].

const {
    defineProperty, getOwnPropertyDescriptor, setPrototypeOf,
} = Object;
const { apply, ownKeys } = Reflect;

// What is there without us and the program.
const engineNames = Object.getOwnPropertyNames(globalThis);

// Node's classes have methods of these names, which the engine may not have.
for (const name of ['dispose', 'asyncDispose']) {
    if (Symbol[name] === undefined)
        defineProperty(Symbol, name, { value: Symbol(`Symbol.${name}`) });
}

function copyProperties(target, source) {
    for (const key of ownKeys(source)) {
        const { configurable } = getOwnPropertyDescriptor(target, key) ??
            { configurable: true };
        if (configurable)
            defineProperty(target, key, getOwnPropertyDescriptor(source, key));
    }
    return target;
}

function namespace(source) {
    return copyProperties({ __proto__: null }, source);
}

// `call` stands for the constructor. `instanceof` holds: the prototype is the
// same. What it makes is the engine's.
function standIn(constructor, call) {
    call.prototype = constructor.prototype;
    return copyProperties(call, constructor);
}

// A collection whose methods are its own. Programs never get one.
function safe(Collection) {
    const Safe = class extends Collection {};
    copyProperties(Safe.prototype, Collection.prototype);
    setPrototypeOf(Safe.prototype, null);
    return Safe;
}

const { bind, call } = Function.prototype;
const uncurryThis = apply(bind, bind, [call]);

// The methods of a prototype as functions of a value and their arguments.
function methods(prototype) {
    const table = { __proto__: null };
    const keys = ownKeys(prototype);
    for (let i = 0; i < keys.length; i++) {
        const { value } = getOwnPropertyDescriptor(prototype, keys[i]);
        if (typeof value === 'function')
            table[keys[i]] = uncurryThis(value);
    }
    return table;
}

// What was on the prototypes, for restore().
const originals = [];

function note(target) {
    const keys = ownKeys(target);
    const descriptors = [];
    for (let i = 0; i < keys.length; i++)
        descriptors[i] = getOwnPropertyDescriptor(target, keys[i]);
    originals[originals.length] = { target, keys, descriptors };
}

function isSame(a, b) {
    return a !== undefined && a.value === b.value && a.get === b.get;
}

// Takes back what a program has put in the place of the engine's methods: it is
// over, and its last error is to be shown.
function restore() {
    for (let i = 0; i < originals.length; i++) {
        const { target, keys, descriptors } = originals[i];
        for (let j = 0; j < keys.length; j++) {
            const now = getOwnPropertyDescriptor(target, keys[j]);
            if (!isSame(now, descriptors[j]) && now?.configurable !== false)
                defineProperty(target, keys[j], descriptors[j]);
        }
    }
}

const { getPrototypeOf } = Object;
for (const target of [
    Array, Array.prototype, Promise.prototype, String.prototype,
    RegExp.prototype, Function.prototype, Object.prototype, Number.prototype,
    Symbol.prototype, Error.prototype, Map.prototype, Set.prototype,
    Uint8Array.prototype, Date.prototype,
    getPrototypeOf(Uint8Array.prototype), getPrototypeOf([].values()),
    getPrototypeOf(new Map().values()), getPrototypeOf(new Set().values()),
    getPrototypeOf(''[Symbol.iterator]()),
])
    note(target);

const array = Array;
const buffer = ArrayBuffer;
const number = Number;
const object = Object;
const string = String;
const symbol = Symbol;

module.exports = {
    Math: namespace(Math),
    Reflect: namespace(Reflect),
    JSON: namespace(JSON),

    Array: standIn(array, function Array(length) {
        return new array(length);
    }),
    ArrayBuffer: standIn(buffer, function ArrayBuffer(length, options) {
        return new buffer(length, options);
    }),
    Number: standIn(number, function Number(value) {
        return number(value);
    }),
    Object: standIn(object, function Object(value) {
        return object(value);
    }),
    String: standIn(string, function String(value) {
        return string(value);
    }),
    Symbol: standIn(symbol, function Symbol(description) {
        return symbol(description);
    }),

    BigInt, Boolean, DataView, Date, Error, Float32Array, Float64Array,
    Function, Int32Array, Map, Promise, Proxy, RangeError, RegExp, Set,
    SyntaxError,
    TypeError, Uint8Array, WeakMap, WeakRef, WeakSet,

    SafeMap: safe(Map),
    SafeSet: safe(Set),
    SafeWeakSet: safe(WeakSet),
    Arrays: methods(Array.prototype),
    Functions: methods(Function.prototype),
    Objects: methods(Object.prototype),
    Promises: methods(Promise.prototype),
    RegExps: methods(RegExp.prototype),
    Strings: methods(String.prototype),
    engineNames, restore,
};
