/*
 * util/types - is this value one of the language's built-in types?
 *
 * Prototypes and toStringTag can be changed by anybody, so the answers come
 * from internal/value_kind, which tries what only the real thing can do.
 */
const { brands, tagOf, typedArrayName, functionFlavour } =
    require('internal/value_kind');

const isObject = (value) => typeof value === 'object' && value !== null;

function branded(name) {
    return (value) => isObject(value) && brands[name](value);
}

function tagged(...tags) {
    return (value) => isObject(value) && tags.includes(tagOf(value));
}

function typedArray(name) {
    return (value) => typedArrayName(value) === name;
}

function isNativeError(value) {
    return isObject(value) && (tagOf(value) === '[object Error]' ||
        (value instanceof Error && !isPrototype(value)));
}

function isPrototype(value) {
    return Object.hasOwn(value, 'constructor');
}

function isPromise(value) {
    return tagged('[object Promise]')(value) && value instanceof Promise &&
        !isPrototype(value);
}

function isAsyncFunction(value) {
    return typeof value === 'function' &&
        functionFlavour(value).startsWith('Async');
}

function isGeneratorFunction(value) {
    return typeof value === 'function' &&
        functionFlavour(value).endsWith('Generator');
}

const boxes = ['Number', 'String', 'Boolean', 'BigInt', 'Symbol'];

function isBoxedPrimitive(value) {
    return isObject(value) && boxes.some((name) => brands[name](value));
}

function isAnyArrayBuffer(value) {
    return isObject(value) &&
        (brands.ArrayBuffer(value) || brands.SharedArrayBuffer(value));
}

const isTypedArray = (value) => typedArrayName(value) !== undefined;

module.exports = {
    isExternal: () => false,
    isDate: branded('Date'),
    isArgumentsObject: tagged('[object Arguments]'),
    isBigIntObject: branded('BigInt'),
    isBooleanObject: branded('Boolean'),
    isNumberObject: branded('Number'),
    isStringObject: branded('String'),
    isSymbolObject: branded('Symbol'),
    isBoxedPrimitive,
    isNativeError,
    isRegExp: branded('RegExp'),
    isAsyncFunction,
    isGeneratorFunction,
    isGeneratorObject: tagged('[object Generator]', '[object AsyncGenerator]'),
    isPromise,
    isMap: branded('Map'),
    isSet: branded('Set'),
    isMapIterator: tagged('[object Map Iterator]'),
    isSetIterator: tagged('[object Set Iterator]'),
    isWeakMap: branded('WeakMap'),
    isWeakSet: branded('WeakSet'),
    isArrayBuffer: branded('ArrayBuffer'),
    isSharedArrayBuffer: branded('SharedArrayBuffer'),
    isAnyArrayBuffer,
    isDataView: (value) => ArrayBuffer.isView(value) && !isTypedArray(value),
    isProxy: (value) => binding.util.proxyTarget(value) !== undefined,
    isModuleNamespaceObject: () => false,
    isArrayBufferView: ArrayBuffer.isView,
    isTypedArray,
    isUint8Array: typedArray('Uint8Array'),
    isUint8ClampedArray: typedArray('Uint8ClampedArray'),
    isUint16Array: typedArray('Uint16Array'),
    isUint32Array: typedArray('Uint32Array'),
    isInt8Array: typedArray('Int8Array'),
    isInt16Array: typedArray('Int16Array'),
    isInt32Array: typedArray('Int32Array'),
    isFloat32Array: typedArray('Float32Array'),
    isFloat64Array: typedArray('Float64Array'),
    isBigInt64Array: typedArray('BigInt64Array'),
    isBigUint64Array: typedArray('BigUint64Array'),
    isKeyObject: () => false,
    isCryptoKey: () => false,
};
