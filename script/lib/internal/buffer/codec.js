/*
 * internal/buffer/codec - strings as bytes, and bytes as strings
 *
 * An encoding is a number here, found once from its name. Two ways lead to the
 * same result: loops in JavaScript for a few characters of ASCII, where a call
 * into C would cost more than the work, and bindings/buffer.c for the rest.
 * The limits between the two were measured (ns, string of 64 characters:
 * written here 75, there 250; read here 450, there 260).
 *
 * No function here checks its arguments: callers have done that.
 */
const { codes } = require('internal/errors');

const native = binding.buffer;

/* What goes to C and back beside objects and strings; see bindings/buffer.c. */
const frame = new Float64Array(native.frame);

const {
    UTF8, UTF16LE, LATIN1, ASCII, HEX, BASE64, BASE64URL, STRICT,
} = native;

/* By their numbers. */
const names = [];
names[UTF8] = 'utf8';
names[UTF16LE] = 'utf16le';
names[LATIN1] = 'latin1';
names[ASCII] = 'ascii';
names[HEX] = 'hex';
names[BASE64] = 'base64';
names[BASE64URL] = 'base64url';

const WRITE_HERE = 192;
const READ_HERE = 32;

/* The engine's limit, and Node's for strings. */
const MAX_LENGTH = 2 ** 32;
const MAX_STRING_LENGTH = 536870888;

/* ------------------------------------------------------------------- names */

function exactEncoding(name) {
    switch (name) {
    case 'utf8':
    case 'utf-8':
        return UTF8;
    case 'latin1':
    case 'binary':
        return LATIN1;
    case 'hex':
        return HEX;
    case 'base64':
        return BASE64;
    case 'base64url':
        return BASE64URL;
    case 'ascii':
        return ASCII;
    case 'utf16le':
    case 'utf-16le':
    case 'ucs2':
    case 'ucs-2':
        return UTF16LE;
    default:
        return -1;
    }
}

/** The number of an encoding, in whatever case it is written; -1 for none. */
function findEncoding(name) {
    const encoding = exactEncoding(name);
    if (encoding >= 0) return encoding;
    return exactEncoding(`${name}`.toLowerCase());
}

/** The same, for those who want an error. */
function getEncoding(name) {
    const encoding = findEncoding(name);
    if (encoding < 0) throw new codes.ERR_UNKNOWN_ENCODING(name);
    return encoding;
}

/** 'utf8' for nothing, one of `names`, or undefined. */
function normalizeEncoding(name) {
    if (name === undefined || name === null || name === '') return 'utf8';
    return typeof name === 'string' ? names[findEncoding(name)] : undefined;
}

/* ------------------------------------------------------- strings to bytes */

function base64Length(string) {
    let length = string.length;
    if (length > 0 && string.charCodeAt(length - 1) === 61) length--;
    if (length > 1 && string.charCodeAt(length - 1) === 61) length--;
    return Math.floor(length * 3 / 4);
}

function utf8Length(string) {
    const { length } = string;
    if (length <= WRITE_HERE) {
        let i = 0;
        while (i < length && string.charCodeAt(i) < 128) i++;
        if (i === length) return length;
    }
    native.utf8Length(string);
    return frame[0];
}

/** Bytes that a string becomes; for hex and base64 the most it can become. */
function byteLength(string, encoding) {
    switch (encoding) {
    case UTF8:
        return utf8Length(string);
    case UTF16LE:
        return string.length * 2;
    case HEX:
        return string.length >>> 1;
    case BASE64:
    case BASE64URL:
        return base64Length(string);
    default:
        return string.length;
    }
}

/**
 * Encodes what fits between `start` and `end` of a Uint8Array, in whole
 * characters: bytes `written`, and for UTF-8 characters `read`.
 */
function encode(view, string, start, end, encoding) {
    frame[0] = encoding;
    frame[1] = start;
    frame[2] = end;
    native.encode(view, string);
    return { written: frame[0], read: frame[1] };
}

/** The characters written, if all were ASCII; -1 leaves it to C. */
function writeAscii(view, string, start, count) {
    for (let i = 0; i < count; i++) {
        const code = string.charCodeAt(i);
        if (code > 127) return -1;
        view[start + i] = code;
    }
    return count;
}

function writeLatin1(view, string, start, count) {
    for (let i = 0; i < count; i++) view[start + i] = string.charCodeAt(i);
    return count;
}

/*
 * Since ES2026 engines know hex and base64, and do it several times as fast, as
 * the strings need not be copied. Older ones leave it to C.
 */
const { setFromBase64, setFromHex, toBase64, toHex } = Uint8Array.prototype;
const engineHasDigits = typeof toBase64 === 'function';
const plain = {};
const forUrls = { alphabet: 'base64url', omitPadding: true };

function part(view, start, end) {
    return end - start === view.length ? view :
        new Uint8Array(view.buffer, view.byteOffset + start, end - start);
}

/** -1 for what is not perfect, or has not enough room: C takes what it can. */
function writeDigits(view, string, start, end, encoding) {
    if (end - start < byteLength(string, encoding)) return -1;
    const bytes = part(view, start, end);
    try {
        return encoding === HEX ? setFromHex.call(bytes, string).written :
            setFromBase64.call(bytes, string,
                encoding === BASE64URL ? forUrls : plain).written;
    } catch {
        return -1;
    }
}

/** The same for those who need the number of bytes only. */
function write(view, string, start, end, encoding) {
    const { length } = string;
    if (length <= WRITE_HERE) {
        const count = length < end - start ? length : end - start;
        if (encoding === UTF8) {
            const written = writeAscii(view, string, start, count);
            if (written >= 0) return written;
        } else if (encoding === LATIN1 || encoding === ASCII) {
            return writeLatin1(view, string, start, count);
        }
    }
    if (encoding >= HEX && engineHasDigits) {
        const written = writeDigits(view, string, start, end, encoding);
        if (written >= 0) return written;
    }
    return encode(view, string, start, end, encoding).written;
}

/* ------------------------------------------------------- bytes to strings */

const { fromCharCode } = String;

function readLatin1(view, at, end) {
    let text = '';
    for (; at + 8 <= end; at += 8) {
        text += fromCharCode(view[at], view[at + 1], view[at + 2],
            view[at + 3], view[at + 4], view[at + 5], view[at + 6],
            view[at + 7]);
    }
    for (; at < end; at++) text += fromCharCode(view[at]);
    return text;
}

function isAsciiHere(view, start, end) {
    for (let i = start; i < end; i++) {
        if (view[i] > 127) return false;
    }
    return true;
}

function stringLength(bytes, encoding) {
    switch (encoding) {
    case HEX:
        return bytes * 2;
    case BASE64:
    case BASE64URL:
        return Math.ceil(bytes / 3) * 4;
    case UTF16LE:
        return bytes >>> 1;
    default:
        return bytes;
    }
}

function readDigits(view, start, end, encoding) {
    const bytes = part(view, start, end);
    return encoding === HEX ? toHex.call(bytes) :
        toBase64.call(bytes, encoding === BASE64URL ? forUrls : plain);
}

function readNative(view, start, end, how) {
    frame[0] = how;
    frame[1] = start;
    frame[2] = end;
    return native.decode(view);
}

/** The text of the bytes from `start` to `end` of a Uint8Array. */
function read(view, start, end, encoding) {
    const length = end - start;
    if (length <= READ_HERE) {
        if (encoding === LATIN1 || (encoding <= ASCII &&
            encoding !== UTF16LE && isAsciiHere(view, start, end)))
            return readLatin1(view, start, end);
    } else if (stringLength(length, encoding) > MAX_STRING_LENGTH) {
        throw new codes.ERR_STRING_TOO_LONG(MAX_STRING_LENGTH);
    }
    if (encoding >= HEX && engineHasDigits)
        return readDigits(view, start, end, encoding);
    const text = readNative(view, start, end, encoding);
    if (text === undefined) throw new RangeError('Out of memory');
    return text;
}

/** The same for UTF-8, undefined when it is not valid. */
function readStrictly(view, start, end) {
    if (end - start > MAX_STRING_LENGTH)
        throw new codes.ERR_STRING_TOO_LONG(MAX_STRING_LENGTH);
    return readNative(view, start, end, UTF8 | STRICT);
}

/* ----------------------------------------------------- bytes among bytes */

/** -1 or an index that is a multiple of `step`. `what` is not empty. */
function search(view, what, start, forward, step) {
    frame[0] = start;
    frame[1] = forward ? 1 : 0;
    frame[2] = step;
    native.search(view, what);
    return frame[0];
}

/** As memcmp, over as many bytes as both have. */
function compareBytes(one, other) {
    native.compare(one, other);
    return frame[0];
}

/** Turns each group of `size` bytes around. */
function swapBytes(view, size) {
    frame[0] = size;
    native.swap(view);
}

module.exports = {
    ASCII,
    BASE64,
    BASE64URL,
    HEX,
    LATIN1,
    MAX_LENGTH,
    MAX_STRING_LENGTH,
    UTF16LE,
    UTF8,
    byteLength,
    compareBytes,
    encode,
    encodeAlone: native.encodeAlone,
    findEncoding,
    getEncoding,
    isAscii: native.isAscii,
    isUtf8: native.isUtf8,
    names,
    normalizeEncoding,
    read,
    readStrictly,
    search,
    swapBytes,
    utf8Length,
    write,
};
