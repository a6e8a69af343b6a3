// internal/titanium/buffer: Titanium.Buffer, bytes that can grow
//
// The bytes are a Buffer of Node's, replaced by another one when the length
// changes. Indexing needs no proxy around each object: `buffer[0]` finds no
// such property, looks further up, and meets the one proxy that stands at the
// end of the prototype chain and is handed the object that was asked.

const { codes } = require('internal/errors');
const { validateInteger, validateObject } = require('internal/validators');
const codec = require('internal/titanium/codec');

const EMPTY = Buffer.alloc(0);
const LONGEST = 2 ** 31 - 1;

// (offset, length), which come together or not at all, inside of `size`.
function checkRange(offset, length, size, names = ['offset', 'length']) {
    if (offset === undefined && length === undefined)
        return [0, size];
    if (offset === undefined || length === undefined) {
        throw new codes.ERR_MISSING_ARGS(
            names[offset === undefined ? 0 : 1]);
    }
    validateInteger(offset, names[0], 0, size);
    validateInteger(length, names[1], 0, size - offset);
    return [offset, length];
}

function checkBuffer(value, name = 'buffer') {
    if (!(value instanceof TiBuffer))
        throw new codes.ERR_INVALID_ARG_TYPE(name, 'Titanium.Buffer', value);
}

function checkByte(value, name) {
    validateInteger(value, name, -128, 255);
}

// ------------------------------------------------------------------ by index

const INDEX = /^(?:0|[1-9]\d*)$/;

function isIndex(key) {
    return typeof key === 'string' && INDEX.test(key);
}

class Indexed {}

Object.setPrototypeOf(Indexed.prototype, new Proxy(Object.prototype, {
    get(target, key, buffer) {
        if (isIndex(key) && buffer instanceof TiBuffer)
            return buffer.bytes[key];
        return Reflect.get(target, key, buffer);
    },
    has(target, key) {
        return Reflect.has(target, key);
    },
    set(target, key, value, buffer) {
        if (!isIndex(key) || !(buffer instanceof TiBuffer))
            return Reflect.set(target, key, value, buffer);
        validateInteger(Number(key), 'index', 0, buffer.length - 1);
        checkByte(value, 'value');
        buffer.bytes[key] = value;
        return true;
    },
}));

// -------------------------------------------------------------------- a buffer

function checkLength(length, name = 'length') {
    validateInteger(length, name, 0, LONGEST);
}

// What createBuffer() was given to begin with.
function initialBytes({ value, type, byteOrder, length }) {
    if (length !== undefined)
        checkLength(length);
    if (value === undefined || value === null)
        return Buffer.alloc(length ?? 0);
    if (typeof value === 'string')
        return codec.encode(value, codec.charsetOf(type, 'type'));
    if (typeof value === 'number') {
        if (type === undefined)
            throw new codes.ERR_MISSING_ARGS('type');
        const bytes = Buffer.alloc(codec.sizeOf(type));
        codec.putNumber(bytes, 0, value, type, byteOrder);
        return bytes;
    }
    throw new codes.ERR_INVALID_ARG_TYPE('value', ['string', 'number'], value);
}

class TiBuffer extends Indexed {
    #bytes;
    #type;
    #byteOrder;

    constructor(options = {}) {
        super();
        validateObject(options, 'options');
        const { type, length, byteOrder } = options;
        codec.checkType(type);
        this.#type = type ?? codec.CHARSET_UTF8;
        this.#byteOrder = codec.byteOrderOf(byteOrder);
        this.#bytes = initialBytes({ ...options, byteOrder: this.#byteOrder });
        if (length !== undefined)
            this.length = length;
    }

    // The bytes themselves, for the files beside this one.
    get bytes() {
        return this.#bytes;
    }

    set bytes(bytes) {
        this.#bytes = bytes;
    }

    view(offset, length) {
        const [from, count] = checkRange(offset, length, this.length);
        return this.#bytes.subarray(from, from + count);
    }

    get length() {
        return this.#bytes.length;
    }

    set length(length) {
        checkLength(length);
        if (length === this.#bytes.length)
            return;
        const bytes = Buffer.alloc(length);
        this.#bytes.copy(bytes);
        this.#bytes = bytes;
    }

    get type() {
        return this.#type;
    }

    set type(type) {
        codec.checkType(type);
        this.#type = type;
    }

    get byteOrder() {
        return this.#byteOrder;
    }

    set byteOrder(byteOrder) {
        this.#byteOrder = codec.byteOrderOf(byteOrder);
    }

    append(buffer, offset, length) {
        checkBuffer(buffer);
        const added = buffer.view(offset, length);
        this.#bytes = Buffer.concat([this.#bytes, added]);
        return added.length;
    }

    insert(buffer, offset, sourceOffset, sourceLength) {
        checkBuffer(buffer);
        validateInteger(offset, 'offset', 0, this.length);
        const added = sourceOf(buffer, sourceOffset, sourceLength);
        this.#bytes = Buffer.concat([this.#bytes.subarray(0, offset), added,
            this.#bytes.subarray(offset)]);
        return added.length;
    }

    // As much as there is room for: this never grows.
    copy(buffer, offset = 0, sourceOffset = undefined,
        sourceLength = undefined) {
        checkBuffer(buffer);
        validateInteger(offset, 'offset', 0, this.length);
        return sourceOf(buffer, sourceOffset, sourceLength)
            .copy(this.#bytes, offset);
    }

    clone(offset, length) {
        const made = new TiBuffer({ type: this.#type,
            byteOrder: this.#byteOrder });
        made.#bytes = Buffer.from(this.view(offset, length));
        return made;
    }

    fill(byte, offset, length) {
        checkByte(byte, 'fillByte');
        this.view(offset, length).fill(byte & 0xff);
    }

    clear() {
        this.#bytes.fill(0);
    }

    release() {
        this.#bytes = EMPTY;
    }

    toString() {
        return codec.decode(this.#bytes, codec.isCharset(this.#type)
            ? this.#type : codec.CHARSET_UTF8);
    }

    get [Symbol.toStringTag]() {
        return 'Titanium.Buffer';
    }

    [Symbol.for('nodejs.util.inspect.custom')](depth, options, inspect) {
        const { length, type, byteOrder } = this;
        return `Titanium.Buffer ${inspect({ length, type, byteOrder },
            options)}`;
    }
}

function sourceOf(buffer, offset, length) {
    const [from, count] = checkRange(offset, length, buffer.length,
        ['sourceOffset', 'sourceLength']);
    return buffer.bytes.subarray(from, from + count);
}

// One on bytes that are nobody else's.
function bufferOf(bytes) {
    const made = new TiBuffer();
    made.bytes = bytes;
    return made;
}

module.exports = { TiBuffer, bufferOf, checkBuffer, checkRange };
