// internal/titanium/codec: Ti.Codec, text and numbers as bytes
//
// Buffer does the work; what is here is Titanium's names, and UTF-16, which it
// has in both orders and with a byte order mark.

const { codes } = require('internal/errors');
const { validateInteger, validateNumber, validateObject, validateString } =
    require('internal/validators');

const LITTLE_ENDIAN = 1;
const BIG_ENDIAN = 2;
const NATIVE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1
    ? LITTLE_ENDIAN : BIG_ENDIAN;

// ----------------------------------------------------------------- characters

const charsets = {
    CHARSET_ASCII: 'ASCII',
    CHARSET_ISO_LATIN_1: 'ISO-8859-1',
    CHARSET_UTF8: 'UTF-8',
    CHARSET_UTF16: 'UTF-16',
    CHARSET_UTF16BE: 'UTF-16BE',
    CHARSET_UTF16LE: 'UTF-16LE',
};

// However it is written: UTF8, utf-8, ISO_8859-1.
const spellings = new Map(Object.values(charsets)
    .map((name) => [plain(name), name]));
spellings.set('USASCII', charsets.CHARSET_ASCII);
spellings.set('ISOLATIN1', charsets.CHARSET_ISO_LATIN_1);

function plain(name) {
    return name.toUpperCase().replace(/[-_ ]/g, '');
}

function isCharset(name) {
    return typeof name === 'string' && spellings.has(plain(name));
}

function charsetOf(name, argument = 'charset') {
    if (name === undefined || name === null)
        return charsets.CHARSET_UTF8;
    validateString(name, argument);
    const charset = spellings.get(plain(name));
    if (charset === undefined) {
        throw new codes.ERR_INVALID_ARG_VALUE(argument, name,
            'is not a charset of Ti.Codec');
    }
    return charset;
}

function swapped(bytes) {
    return bytes.swap16();
}

function asciiOf(text) {
    // Beyond 127 there is nothing; the letter that stands for that is "?".
    return Buffer.from(text.replace(/[^\0-\x7f]/gu, '?'), 'latin1');
}

function latin1Of(text) {
    return Buffer.from(text.replace(/[^\0-\xff]/gu, '?'), 'latin1');
}

const MARK = '\ufeff';

function encode(text, charset) {
    switch (charsetOf(charset)) {
    case charsets.CHARSET_ASCII:
        return asciiOf(text);
    case charsets.CHARSET_ISO_LATIN_1:
        return latin1Of(text);
    case charsets.CHARSET_UTF16LE:
        return Buffer.from(text, 'utf16le');
    case charsets.CHARSET_UTF16BE:
        return swapped(Buffer.from(text, 'utf16le'));
    case charsets.CHARSET_UTF16: // RFC 2781: with a mark, big-endian
        return swapped(Buffer.from(MARK + text, 'utf16le'));
    default:
        return Buffer.from(text, 'utf8');
    }
}

function bigEndianText(bytes) {
    return swapped(Buffer.from(bytes.subarray(0, bytes.length & ~1)))
        .toString('utf16le');
}

function utf16Text(bytes) {
    const [first, second] = bytes;
    if (first === 0xff && second === 0xfe)
        return bytes.toString('utf16le', 2);
    const marked = first === 0xfe && second === 0xff;
    return bigEndianText(marked ? bytes.subarray(2) : bytes);
}

function decode(bytes, charset) {
    switch (charsetOf(charset)) {
    case charsets.CHARSET_ASCII:
        return bytes.toString('latin1').replace(/[\x80-\xff]/g, '\ufffd');
    case charsets.CHARSET_ISO_LATIN_1:
        return bytes.toString('latin1');
    case charsets.CHARSET_UTF16LE:
        return bytes.toString('utf16le');
    case charsets.CHARSET_UTF16BE:
        return bigEndianText(bytes);
    case charsets.CHARSET_UTF16:
        return utf16Text(bytes);
    default:
        return bytes.toString('utf8');
    }
}

// -------------------------------------------------------------------- numbers

const types = {
    TYPE_BYTE: 'byte',
    TYPE_SHORT: 'short',
    TYPE_INT: 'int',
    TYPE_LONG: 'long',
    TYPE_FLOAT: 'float',
    TYPE_DOUBLE: 'double',
};

const kinds = {
    __proto__: null,
    byte: { size: 1, put: 'setInt8', get: 'getInt8' },
    short: { size: 2, put: 'setInt16', get: 'getInt16' },
    int: { size: 4, put: 'setInt32', get: 'getInt32' },
    long: { size: 8, put: 'setBigInt64', get: 'getBigInt64' },
    float: { size: 4, put: 'setFloat32', get: 'getFloat32' },
    double: { size: 8, put: 'setFloat64', get: 'getFloat64' },
};

function kindOf(type) {
    validateString(type, 'type');
    const kind = kinds[type];
    if (kind === undefined) {
        throw new codes.ERR_INVALID_ARG_VALUE('type', type,
            'is not a type of Ti.Codec');
    }
    return kind;
}

const sizeOf = (type) => kindOf(type).size;

// A buffer's: a charset or a type of number.
function checkType(type) {
    if (type === undefined || kinds[type] !== undefined)
        return;
    charsetOf(type, 'type');
}

function byteOrderOf(order) {
    if (order === undefined || order === null)
        return NATIVE;
    validateInteger(order, 'byteOrder', LITTLE_ENDIAN, BIG_ENDIAN);
    return order;
}

function viewOf(bytes) {
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

// What does not fit into a type of integers loses its upper bits.
function integer(value, type) {
    if (!Number.isFinite(value))
        throw new codes.ERR_OUT_OF_RANGE('source', 'a finite number', value);
    return type === types.TYPE_LONG ? BigInt(Math.trunc(value))
        : Number(BigInt.asIntN(32, BigInt(Math.trunc(value))));
}

function putNumber(bytes, position, value, type, byteOrder) {
    const { put } = kindOf(type);
    const real = type === types.TYPE_FLOAT || type === types.TYPE_DOUBLE;
    viewOf(bytes)[put](position, real ? value : integer(value, type),
        byteOrder === LITTLE_ENDIAN);
}

function getNumber(bytes, position, type, byteOrder) {
    const { get } = kindOf(type);
    return Number(viewOf(bytes)[get](position, byteOrder === LITTLE_ENDIAN));
}

// -------------------------------------------------------- what programs call

function bufferOf(options, name) {
    validateObject(options, 'options');
    require('internal/titanium/buffer').checkBuffer(options[name], name);
    return options[name];
}

// A place at which so many bytes stand, or find room.
function place(value, name, buffer, count) {
    const position = value ?? 0;
    validateInteger(position, name, 0, Math.max(buffer.length - count, -1));
    return position;
}

// Gives the position behind what was written.
function encodeString(options) {
    const dest = bufferOf(options, 'dest');
    const { source, charset, destPosition, sourcePosition, sourceLength } =
        options;
    validateString(source, 'source');
    const [from, count] = require('internal/titanium/buffer').checkRange(
        sourcePosition, sourceLength ?? (sourcePosition === undefined
            ? undefined : source.length - sourcePosition), source.length,
        ['sourcePosition', 'sourceLength']);
    const bytes = encode(source.slice(from, from + count), charset);
    const position = place(destPosition, 'destPosition', dest, 0);
    if (bytes.length > dest.length - position) {
        throw new codes.ERR_OUT_OF_RANGE('dest',
            `a buffer with room for ${bytes.length} bytes`,
            dest.length - position);
    }
    bytes.copy(dest.bytes, position);
    return position + bytes.length;
}

function decodeString(options) {
    const source = bufferOf(options, 'source');
    const position = place(options.position, 'position', source, 0);
    const length = options.length ?? source.length - position;
    validateInteger(length, 'length', 0, source.length - position);
    return decode(source.bytes.subarray(position, position + length),
        options.charset ?? (isCharset(source.type) ? source.type : undefined));
}

function encodeNumber(options) {
    const dest = bufferOf(options, 'dest');
    const { source, type, byteOrder } = options;
    validateNumber(source, 'source');
    const position = place(options.position, 'position', dest, sizeOf(type));
    putNumber(dest.bytes, position, source, type, byteOrderOf(byteOrder));
    return position + sizeOf(type);
}

function decodeNumber(options) {
    const source = bufferOf(options, 'source');
    const { type, byteOrder } = options;
    const position = place(options.position, 'position', source, sizeOf(type));
    return getNumber(source.bytes, position, type, byteOrderOf(byteOrder));
}

module.exports = {
    ...charsets, ...types, BIG_ENDIAN, LITTLE_ENDIAN,
    encode, decode, charsetOf, isCharset, checkType, sizeOf, byteOrderOf,
    putNumber,
    codec: {
        ...charsets, ...types, BIG_ENDIAN, LITTLE_ENDIAN,
        encodeString, decodeString, encodeNumber, decodeNumber,
        getNativeByteOrder: () => NATIVE,
    },
};
