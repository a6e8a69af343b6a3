/*
 * The argument checks of Node's own functions: each returns when the value is
 * good and throws the error that Node throws when it is not. They are named
 * after what they demand and take the argument's name for the message.
 */

const { codes } = require('internal/errors');

function invalidType(name, expected, value) {
    return new codes.ERR_INVALID_ARG_TYPE(name, expected, value);
}

function validateString(value, name) {
    if (typeof value !== 'string') throw invalidType(name, 'string', value);
}

function validateBoolean(value, name) {
    if (typeof value !== 'boolean') throw invalidType(name, 'boolean', value);
}

function validateFunction(value, name) {
    if (typeof value !== 'function')
        throw invalidType(name, 'Function', value);
}

/* ---------------------------------------------------------------- numbers */

function rangeText(min, max) {
    const low = min == null ? '' : `>= ${min}`;
    const high = max == null ? '' : `<= ${max}`;
    return low && high ? `${low} && ${high}` : low || high;
}

function validateNumber(value, name, min = undefined, max = undefined) {
    if (typeof value !== 'number') throw invalidType(name, 'number', value);
    const bounded = min != null || max != null;
    if ((min != null && value < min) || (max != null && value > max) ||
        (bounded && Number.isNaN(value)))
        throw new codes.ERR_OUT_OF_RANGE(name, rangeText(min, max), value);
}

function validateInteger(value, name, min = Number.MIN_SAFE_INTEGER,
    max = Number.MAX_SAFE_INTEGER) {
    if (typeof value !== 'number') throw invalidType(name, 'number', value);
    if (!Number.isInteger(value))
        throw new codes.ERR_OUT_OF_RANGE(name, 'an integer', value);
    if (value < min || value > max)
        throw new codes.ERR_OUT_OF_RANGE(name, rangeText(min, max), value);
}

function validateInt32(value, name, min = -2147483648, max = 2147483647) {
    validateInteger(value, name, min, max);
}

function validateUint32(value, name, positive = false) {
    validateInteger(value, name, positive ? 1 : 0, 4294967295);
}

/** Takes a number or a string of one; returns the number. */
function validatePort(port, name = 'Port', allowZero = true) {
    const text = typeof port === 'string';
    const number = text || typeof port === 'number' ? Number(port) : NaN;
    if ((text && Strings.trim(port) === '') || number !== number >>> 0 ||
        number > 65535 || (number === 0 && !allowZero))
        throw new codes.ERR_SOCKET_BAD_PORT(name, port, allowZero);
    return number | 0;
}

/** A file's mode: a number, or a string of octal digits. */
function parseFileMode(value, name, fallback) {
    let mode = value ?? fallback;
    if (typeof mode === 'string') {
        if (!RegExps.test(/^[0-7]+$/, mode)) {
            throw new codes.ERR_INVALID_ARG_VALUE(name, value,
                'must be a 32-bit unsigned integer or an octal string');
        }
        mode = parseInt(mode, 8);
    }
    validateUint32(mode, name);
    return mode;
}

/* ---------------------------------------------------------------- objects */

function validateObject(value, name, options = undefined) {
    const type = typeof value;
    if (type === 'object' && value !== null && !Array.isArray(value)) return;
    if (value === null ? options?.nullable :
        type === 'function' ? options?.allowFunction :
            type === 'object' && options?.allowArray)
        return;
    throw invalidType(name, 'Object', value);
}

function validateArray(value, name, minLength = 0) {
    if (!Array.isArray(value)) throw invalidType(name, 'Array', value);
    if (value.length < minLength) {
        throw new codes.ERR_INVALID_ARG_VALUE(name, value,
            `must be longer than ${minLength}`);
    }
}

function validateStringArray(value, name) {
    validateArray(value, name);
    for (let i = 0; i < value.length; i++)
        validateString(value[i], `${name}[${i}]`);
}

function validateOneOf(value, name, oneOf) {
    if (Arrays.includes(oneOf, value)) return;
    const list = Arrays.map(oneOf, (one) => (typeof one === 'string' ?
        `'${one}'` : String(one))).join(', ');
    throw new codes.ERR_INVALID_ARG_VALUE(name, value,
        `must be one of: ${list}`);
}

/** undefined passes: a signal is always optional. */
function validateAbortSignal(signal, name) {
    if (signal !== undefined && (signal === null ||
        typeof signal !== 'object' || !('aborted' in signal)))
        throw invalidType(name, 'AbortSignal', signal);
}

function validateAbortSignalArray(value, name) {
    validateArray(value, name);
    for (let i = 0; i < value.length; i++) {
        const each = `${name}[${i}]`;
        if (value[i] == null) throw invalidType(each, 'AbortSignal', value[i]);
        validateAbortSignal(value[i], each);
    }
}

function validateBuffer(value, name = 'buffer') {
    if (!ArrayBuffer.isView(value))
        throw invalidType(name, ['Buffer', 'TypedArray', 'DataView'], value);
}

module.exports = {
    parseFileMode,
    validateAbortSignal,
    validateAbortSignalArray,
    validateArray,
    validateBoolean,
    validateBuffer,
    validateFunction,
    validateInt32,
    validateInteger,
    validateNumber,
    validateObject,
    validateOneOf,
    validatePort,
    validateString,
    validateStringArray,
    validateUint32,
};
