/*
 * internal/buffer/search - indexOf and its relatives, compare, equals, fill
 *
 * The rules for offsets are Array's with one difference: an empty pattern is
 * found where the search begins. UTF-16 is searched in steps of a character,
 * so that no match begins in the middle of one.
 */
const { codes } = require('internal/errors');
const { validateInteger, validateString } = require('internal/validators');
const codec = require('internal/buffer/codec');
const { fromString } = require('internal/buffer/pool');

const { fill: fillByte, indexOf, lastIndexOf } = Uint8Array.prototype;

/* Fewer bytes are compared faster here than by a call into C. */
const COMPARE_HERE = 64;

/* --------------------------------------------------------------- comparing */

function sign(number) {
    return number < 0 ? -1 : number > 0 ? 1 : 0;
}

/** -1, 0 or 1: the order of two Uint8Arrays. */
function order(one, other) {
    const length = Math.min(one.length, other.length);
    if (length <= COMPARE_HERE) {
        for (let i = 0; i < length; i++) {
            if (one[i] !== other[i]) return one[i] < other[i] ? -1 : 1;
        }
        return sign(one.length - other.length);
    }
    return sign(codec.compareBytes(one, other)) ||
        sign(one.length - other.length);
}

/* --------------------------------------------------------------- searching */

/** Where to begin, -1 for nowhere. */
function startOf(length, offset, patternLength, forward) {
    if (offset < 0) {
        if (offset + length >= 0) return length + offset;
        return forward || patternLength === 0 ? 0 : -1;
    }
    if (offset + patternLength <= length) return offset;
    if (patternLength === 0) return length;
    return forward ? -1 : length - 1;
}

function findNumber(buffer, number, offset, forward) {
    const start = startOf(buffer.length, offset, 1, forward);
    if (start < 0 || buffer.length === 0) return -1;
    return (forward ? indexOf : lastIndexOf).call(buffer, number & 255, start);
}

/** Half a character at the end, of either, is not looked at. */
function findUnits(buffer, pattern, start, forward) {
    const { length } = pattern;
    if (buffer.length < 2 || length < 2) return -1;
    return codec.search(buffer,
        length % 2 === 0 ? pattern : pattern.subarray(0, length - 1),
        start & ~1, forward, 2);
}

function findBytes(buffer, pattern, offset, forward, encoding) {
    const { length } = buffer;
    const start = startOf(length, offset, pattern.length, forward);
    if (pattern.length === 0) return start;
    if (start < 0 || pattern.length > length ||
        (forward && start + pattern.length > length))
        return -1;
    return encoding === codec.UTF16LE ?
        findUnits(buffer, pattern, start, forward) :
        codec.search(buffer, pattern, start, forward, 1);
}

/* The bytes of a short pattern, for findShort(). */
const short = new Uint8Array(12);
const SHORT_TRIES = 16;

/**
 * Looks for the first byte, and for the rest where that is: fast when it is
 * seldom, as the end of a line. Gives up with -2 when it is not.
 */
function findShort(buffer, count, start) {
    let at = start;
    for (let tries = 0; tries < SHORT_TRIES; tries++) {
        at = indexOf.call(buffer, short[0], at);
        if (at < 0 || at + count > buffer.length) return -1;
        let same = 1;
        while (same < count && buffer[at + same] === short[same]) same++;
        if (same === count) return at;
        at++;
    }
    return -2;
}

function findShortString(buffer, string, offset, encoding) {
    const count = codec.write(short, string, 0, short.length, encoding);
    const start = startOf(buffer.length, offset, count, true);
    return start < 0 ? -1 : findShort(buffer, count, start);
}

function findString(buffer, string, offset, forward, name) {
    const encoding = name === undefined ? codec.UTF8 : codec.getEncoding(name);
    if (string.length === 1 && encoding <= codec.ASCII &&
        encoding !== codec.UTF16LE && string.charCodeAt(0) < 128)
        return findNumber(buffer, string.charCodeAt(0), offset, forward);
    if (forward && string.length > 0 && string.length * 3 <= short.length &&
        encoding <= codec.ASCII && encoding !== codec.UTF16LE) {
        const found = findShortString(buffer, string, offset, encoding);
        if (found >= -1) return found;
    }
    return findBytes(buffer, fromString(string, encoding), offset, forward,
        encoding);
}

/** A number without a fraction, within 32 bits; the far end for NaN. */
function searchOffset(value, length, forward) {
    const offset = Math.trunc(+value);
    if (Number.isNaN(offset)) return forward ? 0 : length;
    return Math.max(-0x80000000, Math.min(offset, 0x7FFFFFFF));
}

function find(buffer, value, byteOffset, encoding, forward) {
    let name = encoding;
    let from = byteOffset;
    if (typeof from === 'string') {
        name = from;
        from = undefined;
    }
    const offset = searchOffset(from, buffer.length, forward);
    if (typeof value === 'number')
        return findNumber(buffer, value, offset, forward);
    if (typeof value === 'string')
        return findString(buffer, value, offset, forward, name);
    if (!(value instanceof Uint8Array)) {
        throw new codes.ERR_INVALID_ARG_TYPE('value',
            ['number', 'string', 'Buffer', 'Uint8Array'], value);
    }
    return findBytes(buffer, value, offset, forward,
        name === undefined ? codec.UTF8 : codec.findEncoding(name));
}

/* ----------------------------------------------------------------- filling */

/** Repeats a pattern by copying what is there already, twice as much a time. */
function fillPattern(buffer, pattern, start, end) {
    const room = end - start;
    let filled = Math.min(pattern.length, room);
    buffer.set(filled < pattern.length ? pattern.subarray(0, filled) : pattern,
        start);
    while (filled < room) {
        const count = Math.min(filled, room - filled);
        buffer.copyWithin(start + filled, start, start + count);
        filled += count;
    }
}

function patternEncoding(name) {
    const normal = codec.normalizeEncoding(name);
    if (normal !== undefined) return codec.findEncoding(normal);
    validateString(name, 'encoding');
    throw new codes.ERR_UNKNOWN_ENCODING(name);
}

/** A number, or the bytes to be repeated. */
function patternOf(value, encoding) {
    if (typeof value === 'string')
        return value.length === 0 ? 0 : fromString(value, encoding);
    if (ArrayBuffer.isView(value)) {
        return new Uint8Array(value.buffer, value.byteOffset,
            value.byteLength);
    }
    return value & 255;
}

function fillRange(buffer, value, start, end, encoding) {
    const pattern = patternOf(value, encoding);
    if (typeof pattern === 'number') {
        fillByte.call(buffer, pattern, start, end);
        return;
    }
    if (pattern.length === 0)
        throw new codes.ERR_INVALID_ARG_VALUE('value', value);
    fillPattern(buffer, pattern, start, end);
}

function fill(buffer, value, offset, end, encoding) {
    let from = offset;
    let to = end;
    let name = encoding;
    if (typeof value === 'string') {
        if (from === undefined || typeof from === 'string') {
            name = from;
            from = undefined;
        } else if (typeof to === 'string') {
            name = to;
            to = undefined;
        }
    }
    const number = typeof value === 'string' ? patternEncoding(name) : 0;
    if (from === undefined) {
        from = 0;
        to = buffer.length;
    } else {
        validateInteger(from, 'offset', 0, codec.MAX_LENGTH);
        if (to === undefined) to = buffer.length;
        else validateInteger(to, 'end', 0, buffer.length);
    }
    if (from < to) fillRange(buffer, value, from, to, number);
    return buffer;
}

module.exports = { fill, find, order };
