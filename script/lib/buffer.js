/*
 * buffer - bytes, with Node's methods on the language's own Uint8Array
 *
 * Buffer is a function that makes FastBuffers (internal/buffer/pool): both have
 * one prototype, and what is not defined here is inherited from Uint8Array.
 * Checks stand in this file, in the order in which Node makes them; the work is
 * done by internal/buffer/codec (text), buffer_search, buffer_numbers, and
 * buffer_transcode, which is loaded when it is wanted.
 *
 * A slice shares its memory, and so do Buffers made from an ArrayBuffer.
 */
const { upcalls } = require('internal/core');
const { codes } = require('internal/errors');
const { validateArray, validateInteger, validateNumber } =
    require('internal/validators');
const codec = require('internal/buffer/codec');
const { FastBuffer, allocate, fromString, settings } =
    require('internal/buffer/pool');
const numbers = require('internal/buffer/numbers');

const { UTF8, MAX_LENGTH, MAX_STRING_LENGTH } = codec;
const setBytes = Uint8Array.prototype.set;

let inspectMaxBytes = 50;
let warned = false;
let search = null;

/** internal/buffer/search: not every program needs it, none at its start. */
function searching() {
    return search ??= require('internal/buffer/search');
}

/* ------------------------------------------------------------------ checks */

function validateBytes(value, name) {
    if (value instanceof Uint8Array) return;
    throw new codes.ERR_INVALID_ARG_TYPE(name, ['Buffer', 'Uint8Array'],
        value);
}

function validateSize(size) {
    validateNumber(size, 'size', 0, MAX_LENGTH);
}

function isArrayBuffer(value) {
    return value instanceof ArrayBuffer ||
        (typeof SharedArrayBuffer === 'function' &&
            value instanceof SharedArrayBuffer);
}

function isTypedArray(value) {
    return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

/** The number of an encoding; UTF-8 for whatever is no name of one. */
function encodingOr8(name) {
    const encoding = typeof name === 'string' ? codec.findEncoding(name) : -1;
    return encoding < 0 ? UTF8 : encoding;
}

/* ------------------------------------------------------------- Buffer.from */

function bufferFromString(string, name) {
    const encoding = typeof name === 'string' && name !== '' ?
        codec.getEncoding(name) : UTF8;
    return string === '' ? new FastBuffer() : fromString(string, encoding);
}

function fromArrayBuffer(arrayBuffer, byteOffset, length) {
    const offset = +byteOffset || 0;
    const most = arrayBuffer.byteLength - offset;
    if (most < 0) throw new codes.ERR_BUFFER_OUT_OF_BOUNDS('offset');
    if (length === undefined) return new FastBuffer(arrayBuffer, offset, most);
    const wanted = +length > 0 ? +length : 0;
    if (wanted > most) throw new codes.ERR_BUFFER_OUT_OF_BOUNDS('length');
    return new FastBuffer(arrayBuffer, offset, wanted);
}

function fromArrayLike(values) {
    if (!(values.length > 0)) return new FastBuffer();
    const buffer = allocate(Math.trunc(values.length));
    setBytes.call(buffer, values);
    return buffer;
}

/** undefined for an object that is nothing like bytes. */
function fromObject(value) {
    if (value.length !== undefined || isArrayBuffer(value.buffer)) {
        return typeof value.length === 'number' ? fromArrayLike(value) :
            new FastBuffer();
    }
    if (value.type === 'Buffer' && Array.isArray(value.data))
        return fromArrayLike(value.data);
    return undefined;
}

/** What an object says it stands for: new String('x'), and others. */
function fromPrimitive(value, encodingOrOffset, length) {
    const primitive = value.valueOf?.();
    if (primitive != null && primitive !== value &&
        (typeof primitive === 'string' || typeof primitive === 'object'))
        return from(primitive, encodingOrOffset, length);
    return undefined;
}

function fromToPrimitive(value, encoding) {
    if (typeof value[Symbol.toPrimitive] !== 'function') return undefined;
    const primitive = value[Symbol.toPrimitive]('string');
    return typeof primitive === 'string' ?
        bufferFromString(primitive, encoding) : undefined;
}

function from(value, encodingOrOffset, length) {
    if (typeof value === 'string')
        return bufferFromString(value, encodingOrOffset);
    if (typeof value === 'object' && value !== null) {
        if (isArrayBuffer(value))
            return fromArrayBuffer(value, encodingOrOffset, length);
        const buffer = fromPrimitive(value, encodingOrOffset, length) ??
            fromObject(value) ?? fromToPrimitive(value, encodingOrOffset);
        if (buffer !== undefined) return buffer;
    }
    throw new codes.ERR_INVALID_ARG_TYPE('first argument',
        ['string', 'Buffer', 'ArrayBuffer', 'Array', 'Array-like Object'],
        value);
}

/* ------------------------------------------------------------- constructor */

/** True when the first caller that is not ours is somebody's package. */
function calledFromPackage() {
    const frames = `${new Error().stack}`.split('\n');
    const caller = frames.find((frame) => frame.includes('/') &&
        !frame.includes('node:') && !frame.startsWith('Error'));
    return caller !== undefined && /[\\/]node_modules[\\/]/.test(caller);
}

function warnOnce() {
    if (warned || calledFromPackage()) return;
    warned = true;
    upcalls().process().emitWarning(
        'Buffer() is deprecated due to security and usability issues. ' +
        'Please use the Buffer.alloc(), Buffer.allocUnsafe(), or ' +
        'Buffer.from() methods instead.', 'DeprecationWarning', 'DEP0005');
}

/** Deprecated, with `new` and without. */
function Buffer(value, encodingOrOffset, length) {
    warnOnce();
    if (typeof value !== 'number')
        return from(value, encodingOrOffset, length);
    if (typeof encodingOrOffset === 'string')
        throw new codes.ERR_INVALID_ARG_TYPE('string', 'string', value);
    return Buffer.alloc(value);
}

/** Deprecated too: memory that is no part of the pool. */
function SlowBuffer(size) {
    return Buffer.allocUnsafeSlow(size);
}

Object.setPrototypeOf(Buffer, Uint8Array);
Buffer.prototype = FastBuffer.prototype;
Object.defineProperty(Buffer.prototype, 'constructor', {
    configurable: true, writable: true, enumerable: false, value: Buffer,
});
Object.setPrototypeOf(SlowBuffer, Uint8Array);
SlowBuffer.prototype = Object.create(Buffer.prototype);

/* ------------------------------------------------------------------ static */

/** Copies pieces one behind the other; the rest of `result` becomes 0. */
function join(list, result) {
    let at = 0;
    for (let i = 0; i < list.length; i++) {
        validateBytes(list[i], `list[${i}]`);
        at += copyBytes(list[i], result, at, 0, list[i].length);
    }
    if (at < result.length) result.fill(0, at);
    return result;
}

Object.assign(Buffer, {
    from,

    alloc(size, value, encoding) {
        validateSize(size);
        const buffer = new FastBuffer(size);
        return value === undefined || value === 0 || size === 0 ? buffer :
            searching().fill(buffer, value, 0, buffer.length, encoding);
    },

    allocUnsafe(size) {
        validateSize(size);
        return size > 0 ? allocate(Math.trunc(size)) : new FastBuffer();
    },

    allocUnsafeSlow(size) {
        validateSize(size);
        return new FastBuffer(size);
    },

    of(...values) {
        const buffer = allocate(values.length);
        setBytes.call(buffer, values);
        return buffer;
    },

    copyBytesFrom(view, offset, length) {
        if (!isTypedArray(view))
            throw new codes.ERR_INVALID_ARG_TYPE('view', ['TypedArray'], view);
        if (offset !== undefined) validateInteger(offset, 'offset', 0);
        if (length !== undefined) validateInteger(length, 'length', 0);
        const start = Math.min(offset ?? 0, view.length);
        const count = Math.min(length ?? Infinity, view.length - start);
        const unit = view.BYTES_PER_ELEMENT;
        return fromArrayLike(new Uint8Array(view.buffer,
            view.byteOffset + start * unit, count * unit));
    },

    isBuffer(value) {
        return value instanceof Buffer;
    },

    isEncoding(name) {
        return typeof name === 'string' && codec.findEncoding(name) >= 0;
    },

    compare(buf1, buf2) {
        validateBytes(buf1, 'buf1');
        validateBytes(buf2, 'buf2');
        return buf1 === buf2 ? 0 : searching().order(buf1, buf2);
    },

    concat(list, totalLength) {
        validateArray(list, 'list');
        if (list.length === 0) return new FastBuffer();
        let length = 0;
        if (totalLength === undefined) {
            for (const piece of list) length += piece?.length || 0;
        } else {
            validateInteger(totalLength, 'length', 0, MAX_LENGTH);
            length = totalLength;
        }
        return join(list, Buffer.allocUnsafe(length));
    },

    byteLength(string, encoding) {
        if (typeof string === 'string')
            return codec.byteLength(string, encodingOr8(encoding));
        if (ArrayBuffer.isView(string) || isArrayBuffer(string))
            return string.byteLength;
        throw new codes.ERR_INVALID_ARG_TYPE('string',
            ['string', 'Buffer', 'ArrayBuffer'], string);
    },
});

Object.defineProperty(Buffer, 'poolSize', {
    configurable: true,
    enumerable: true,
    get: () => settings.poolSize,
    set(size) {
        settings.poolSize = size;
    },
});

// What map(), filter() and others of the language make.
Object.defineProperty(Buffer, Symbol.species, {
    configurable: true,
    enumerable: false,
    get: () => FastBuffer,
});

/* ----------------------------------------------------------------- copying */

/** Copies as much as there is room for; gives the number of bytes. */
function copyBytes(source, target, targetStart, start, end) {
    const count = Math.min(end - start, target.length - targetStart,
        source.length - start);
    if (count <= 0) return 0;
    setBytes.call(target, count === source.length ? source :
        new Uint8Array(source.buffer, source.byteOffset + start, count),
    targetStart);
    return count;
}

/** An index as copy() takes it: undefined is the default, no integer is 0. */
function copyIndex(value, fallback, name, max) {
    if (value === undefined) return fallback;
    const floor = Math.floor(value);
    const index = Number.isSafeInteger(floor) ? floor : 0;
    if (index < 0 || index > max) {
        throw new codes.ERR_OUT_OF_RANGE(name,
            max === Infinity ? '>= 0' : `>= 0 && <= ${max}`, index);
    }
    return index;
}

/* ----------------------------------------------------------------- slicing */

/** An index as Array's slice() takes it: from the end when negative. */
function sliceIndex(value, length) {
    const index = Math.trunc(value);
    if (index < 0) return index + length > 0 ? index + length : 0;
    // NaN is smaller than nothing.
    return index < length ? index : index >= length ? length : 0;
}

/* The engine's own subarray() asks for the species: 240 ns against 60. */
function subarray(start, end) {
    const { length } = this;
    const first = start === undefined ? 0 : sliceIndex(start, length);
    const last = end === undefined ? length : sliceIndex(end, length);
    return new FastBuffer(this.buffer, this.byteOffset + first,
        last > first ? last - first : 0);
}

/* ---------------------------------------------------------------- swapping */

/* From here on a call into C takes less time. */
const SWAP_HERE = 256;

function swap(buffer, size) {
    const { length } = buffer;
    if (length % size !== 0)
        throw new codes.ERR_INVALID_BUFFER_SIZE(`${size * 8}-bits`);
    if (length >= SWAP_HERE) {
        codec.swapBytes(buffer, size);
        return buffer;
    }
    for (let start = 0; start < length; start += size) {
        for (let i = start, k = start + size - 1; i < k; i++, k--) {
            const byte = buffer[i];
            buffer[i] = buffer[k];
            buffer[k] = byte;
        }
    }
    return buffer;
}

/* ----------------------------------------------------------------- writing */

/* The one message of Buffer's that is worded otherwise. */
function stringExpected() {
    const error = new codes.ERR_INVALID_ARG_TYPE('argument', 'string');
    error.message = 'argument must be a string';
    return error;
}

function writeChecked(buffer, string, offset, length, encoding) {
    if (typeof string !== 'string') throw stringExpected();
    return codec.write(buffer, string, offset, offset + length, encoding);
}

function write(string, offset, length, encoding) {
    const size = this.length;
    if (offset === undefined)
        return writeChecked(this, string, 0, size, UTF8);
    if (length === undefined && typeof offset === 'string')
        return writeChecked(this, string, 0, size, encodingOfWrite(offset));
    validateInteger(offset, 'offset', 0, size);
    const room = size - offset;
    if (length === undefined || typeof length === 'string') {
        return writeChecked(this, string, offset, room,
            encodingOfWrite(length ?? encoding));
    }
    validateInteger(length, 'length', 0, size);
    return writeChecked(this, string, offset, Math.min(length, room),
        encodingOfWrite(encoding));
}

function encodingOfWrite(name) {
    return name ? codec.getEncoding(name) : UTF8;
}

/* ----------------------------------------------------------------- reading */

function toString(encoding, start, end) {
    const { length } = this;
    if (arguments.length === 0) return codec.read(this, 0, length, UTF8);
    if (start >= length) return '';
    const first = start > 0 ? Math.trunc(start) : 0;
    const last = end === undefined || end > length ? length :
        Math.trunc(end) || 0;
    if (last <= first) return '';
    return codec.read(this, first, last,
        encoding === undefined ? UTF8 : codec.getEncoding(encoding));
}

/* -------------------------------------------------------------- inspection */

/*
 * Properties that somebody gave a Buffer. To find them means to list its
 * indexes as well, so a large one is not asked.
 */
function extraProperties(buffer, options) {
    if (buffer.length > 16384) return '';
    const extra = Object.create(null);
    const keys = options.showHidden ? Object.getOwnPropertyNames(buffer) :
        Object.keys(buffer);
    const own = keys.slice(buffer.length);
    if (own.length === 0) return '';
    for (const key of own) extra[key] = buffer[key];
    const shown = require('internal/inspect').inspect(extra,
        { ...options, breakLength: Infinity, compact: true });
    // Without "[Object: null prototype] {" and "}".
    return shown.slice(27, -2);
}

function constructorName(buffer) {
    try {
        const { constructor } = buffer;
        if (typeof constructor === 'function' &&
            Object.hasOwn(constructor, 'name'))
            return constructor.name;
    } catch {
        // A getter of somebody's failed; the usual name will do.
    }
    return 'Buffer';
}

function inspect(depth, options) {
    const shown = Math.min(inspectMaxBytes, this.length);
    const more = this.length - shown;
    let text = codec.read(this, 0, shown, codec.HEX)
        .replace(/..(?!$)/g, '$& ');
    if (more > 0) text += ` ... ${more} more byte${more > 1 ? 's' : ''}`;
    const extra = options ? extraProperties(this, options) : '';
    if (extra && this.length > 0) text += ', ';
    return `<${constructorName(this)} ${text}${extra}>`;
}

/* ----------------------------------------------------------------- methods */

Object.assign(Buffer.prototype, numbers.readers, numbers.writers,
    numbers.aliases);

Object.assign(Buffer.prototype, {
    copy(target, targetStart, sourceStart, sourceEnd) {
        validateBytes(this, 'source');
        validateBytes(target, 'target');
        const to = copyIndex(targetStart, 0, 'targetStart', Infinity);
        const start = copyIndex(sourceStart, 0, 'sourceStart', this.length);
        const end = copyIndex(sourceEnd, this.length, 'sourceEnd', Infinity);
        return copyBytes(this, target, to, start, end);
    },

    toString,
    toLocaleString: toString,
    write,

    equals(otherBuffer) {
        validateBytes(otherBuffer, 'otherBuffer');
        return this === otherBuffer || (this.length === otherBuffer.length &&
            searching().order(this, otherBuffer) === 0);
    },

    compare(target, targetStart, targetEnd, sourceStart, sourceEnd) {
        validateBytes(target, 'target');
        if (arguments.length === 1) return searching().order(this, target);
        const index = (value, name, fallback, max) => {
            if (value === undefined) return fallback;
            validateInteger(value, name, 0, max);
            return value;
        };
        const from = index(targetStart, 'targetStart', 0, MAX_LENGTH);
        const to = index(targetEnd, 'targetEnd', target.length, target.length);
        const start = index(sourceStart, 'sourceStart', 0, MAX_LENGTH);
        const end = index(sourceEnd, 'sourceEnd', this.length, this.length);
        if (start >= end) return from >= to ? 0 : -1;
        if (from >= to) return 1;
        return searching().order(subarray.call(this, start, end),
            subarray.call(target, from, to));
    },

    indexOf(value, byteOffset, encoding) {
        return searching().find(this, value, byteOffset, encoding, true);
    },

    lastIndexOf(value, byteOffset, encoding) {
        return searching().find(this, value, byteOffset, encoding, false);
    },

    includes(value, byteOffset, encoding) {
        return searching().find(this, value, byteOffset, encoding,
            true) !== -1;
    },

    fill(value, offset, end, encoding) {
        return searching().fill(this, value, offset, end, encoding);
    },

    toJSON() {
        return { type: 'Buffer', data: Array.from(this) };
    },

    subarray,

    slice(start, end) {
        return this.subarray(start, end);
    },

    swap16() {
        return swap(this, 2);
    },

    swap32() {
        return swap(this, 4);
    },

    swap64() {
        return swap(this, 8);
    },

    inspect,
});

Object.defineProperty(Buffer.prototype,
    Symbol.for('nodejs.util.inspect.custom'), {
        configurable: true, writable: true, enumerable: false, value: inspect,
    });

for (const [name, property] of [['parent', 'buffer'],
    ['offset', 'byteOffset']]) {
    Object.defineProperty(Buffer.prototype, name, {
        configurable: true,
        enumerable: true,
        get() {
            return this instanceof Buffer ? this[property] : undefined;
        },
    });
}

/*
 * latin1Slice(), utf8Write() and the like: not documented, but encoders of
 * messages call them. No bounds are checked, only kept.
 */
const ofEncodings = {};
for (let encoding = 0; encoding < codec.names.length; encoding++) {
    const name = codec.names[encoding];
    const short = name === 'utf16le' ? 'ucs2' : name;
    ofEncodings[`${short}Slice`] = function(start = 0, end = this.length) {
        return codec.read(this, start, Math.min(end, this.length), encoding);
    };
    ofEncodings[`${short}Write`] = function(string, offset = 0,
        length = this.length - offset) {
        return writeChecked(this, string, offset,
            Math.min(length, this.length - offset), encoding);
    };
}
Object.assign(Buffer.prototype, ofEncodings);

/* ------------------------------------------------------------------ module */

function validated(check) {
    return (input) => {
        if (!isTypedArray(input) && !isArrayBuffer(input)) {
            throw new codes.ERR_INVALID_ARG_TYPE('input',
                ['ArrayBuffer', 'Buffer', 'TypedArray'], input);
        }
        const arrayBuffer = input.buffer ?? input;
        if (arrayBuffer.detached) {
            throw new codes.ERR_INVALID_STATE(
                'Cannot validate on a detached buffer');
        }
        return check(input);
    };
}

module.exports = {
    Buffer,
    SlowBuffer,
    transcode: (source, fromEncoding, toEncoding) =>
        require('internal/buffer/transcode')
            .transcode(source, fromEncoding, toEncoding),
    isUtf8: validated(codec.isUtf8),
    isAscii: validated(codec.isAscii),
    kMaxLength: MAX_LENGTH,
    kStringMaxLength: MAX_STRING_LENGTH,
    btoa: (...input) => require('internal/buffer/transcode').btoa(...input),
    atob: (...input) => require('internal/buffer/transcode').atob(...input),
    constants: { MAX_LENGTH, MAX_STRING_LENGTH },

    get INSPECT_MAX_BYTES() {
        return inspectMaxBytes;
    },

    set INSPECT_MAX_BYTES(value) {
        validateNumber(value, 'INSPECT_MAX_BYTES', 0);
        inspectMaxBytes = value;
    },
};
