/*
 * internal/buffer/numbers - the methods of Buffer that read and write numbers
 *
 * Bytes are put together by arithmetic, which the engine compiles into a few
 * instructions; only doubles, floats and BigInts go through a scratch area of
 * 8 bytes, as a DataView on each Buffer would cost an object. An index outside
 * of the Buffer reads as undefined: that is the check of bounds, and which of
 * Node's three errors it is gets decided after the fact.
 */
const { codes } = require('internal/errors');
const { validateNumber } = require('internal/validators');

const scratchBuffer = new ArrayBuffer(8);
const scratch = new Uint8Array(scratchBuffer);
const scratchView = new DataView(scratchBuffer);

/* ------------------------------------------------------------------ checks */

function throwBounds(value, last, name = 'offset') {
    if (Math.floor(value) !== value)
        throw new codes.ERR_OUT_OF_RANGE(name, 'an integer', value);
    if (last < 0) throw new codes.ERR_BUFFER_OUT_OF_BOUNDS();
    throw new codes.ERR_OUT_OF_RANGE(name,
        `>= ${name === 'offset' ? 0 : 1} and <= ${last}`, value);
}

/** The bytes from `offset` to `offset + more` must be there. */
function checkOffset(buffer, offset, more) {
    if (typeof offset !== 'number') validateNumber(offset, 'offset');
    if (buffer[offset] === undefined || buffer[offset + more] === undefined)
        throwBounds(offset, buffer.length - more - 1);
}

function throwRange(value, min, max, bytes) {
    const n = typeof min === 'bigint' ? 'n' : '';
    const bits = bytes * 8;
    if (bytes <= 4) {
        throw new codes.ERR_OUT_OF_RANGE('value',
            `>= ${min} and <= ${max}`, value);
    }
    throw new codes.ERR_OUT_OF_RANGE('value', min < 0 ?
        `>= -(2${n} ** ${bits - 1}${n}) and < 2${n} ** ${bits - 1}${n}` :
        `>= 0${n} and < 2${n} ** ${bits}${n}`, value);
}

function checkValue(value, min, max, bytes) {
    if (value > max || value < min) throwRange(value, min, max, bytes);
}

function checkWidth(bytes) {
    if (bytes >= 1 && bytes <= 6 && Number.isInteger(bytes)) return;
    validateNumber(bytes, 'byteLength');
    throwBounds(bytes, 6, 'byteLength');
}

/** For an integer of 1 to 6 bytes. */
function checkRead(buffer, offset, bytes) {
    if (offset === undefined) validateNumber(offset, 'offset');
    checkWidth(bytes);
    checkOffset(buffer, offset, bytes - 1);
}

/* -------------------------------------------------- integers of any width */

function readLE(buffer, offset, bytes) {
    let value = 0;
    for (let i = bytes - 1; i >= 0; i--)
        value = value * 256 + buffer[offset + i];
    return value;
}

function readBE(buffer, offset, bytes) {
    let value = 0;
    for (let i = 0; i < bytes; i++) value = value * 256 + buffer[offset + i];
    return value;
}

function signed(value, bytes) {
    const half = 2 ** (bytes * 8 - 1);
    return value >= half ? value - 2 * half : value;
}

function writeLE(buffer, number, offset, bytes) {
    let value = Math.trunc(number);
    for (let i = 0; i < bytes; i++) {
        buffer[offset + i] = value;
        value = Math.floor(value / 256);
    }
    return offset + bytes;
}

function writeBE(buffer, number, offset, bytes) {
    let value = Math.trunc(number);
    for (let i = bytes - 1; i >= 0; i--) {
        buffer[offset + i] = value;
        value = Math.floor(value / 256);
    }
    return offset + bytes;
}

/* Node looks at value and offset of a single byte in another order. */
function checkByte(buffer, value, offset, min, max) {
    if (typeof offset !== 'number') validateNumber(offset, 'offset');
    checkValue(value, min, max, 1);
    checkOffset(buffer, offset, 0);
}

function checkInteger(buffer, value, offset, bytes, isSigned) {
    const half = 2 ** (bytes * 8 - 1);
    const min = isSigned ? -half : 0;
    const max = isSigned ? half - 1 : 2 * half - 1;
    if (bytes === 1) {
        checkByte(buffer, value, offset, min, max);
        return;
    }
    checkValue(value, min, max, bytes);
    checkOffset(buffer, offset, bytes - 1);
}

/* ------------------------------------------------------ 16 and 32 bits wide */

function put16LE(buffer, value, offset) {
    buffer[offset] = value;
    buffer[offset + 1] = value >>> 8;
    return offset + 2;
}

function put16BE(buffer, value, offset) {
    buffer[offset] = value >>> 8;
    buffer[offset + 1] = value;
    return offset + 2;
}

function put32LE(buffer, value, offset) {
    buffer[offset] = value;
    buffer[offset + 1] = value >>> 8;
    buffer[offset + 2] = value >>> 16;
    buffer[offset + 3] = value >>> 24;
    return offset + 4;
}

function put32BE(buffer, value, offset) {
    buffer[offset] = value >>> 24;
    buffer[offset + 1] = value >>> 16;
    buffer[offset + 2] = value >>> 8;
    buffer[offset + 3] = value;
    return offset + 4;
}

/* ----------------------------------------------------- through the scratch */

/** The bytes at `offset`, checked, in the scratch area. */
function load(buffer, offset, bytes) {
    checkOffset(buffer, offset, bytes - 1);
    for (let i = 0; i < bytes; i++) scratch[i] = buffer[offset + i];
    return scratchView;
}

function store(buffer, offset, bytes) {
    for (let i = 0; i < bytes; i++) buffer[offset + i] = scratch[i];
    return offset + bytes;
}

// The view would take booleans and texts, too.
function onlyBig(value) {
    return value | 0n;
}

function writeUnsignedBig(buffer, value, offset, little) {
    checkValue(value, 0n, 0xFFFFFFFFFFFFFFFFn, 8);
    checkOffset(buffer, offset, 7);
    scratchView.setBigUint64(0, onlyBig(value), little);
    return store(buffer, offset, 8);
}

function writeSignedBig(buffer, value, offset, little) {
    checkValue(value, -0x8000000000000000n, 0x7FFFFFFFFFFFFFFFn, 8);
    checkOffset(buffer, offset, 7);
    scratchView.setBigInt64(0, onlyBig(value), little);
    return store(buffer, offset, 8);
}

function writeFloat(buffer, value, offset, little) {
    const number = +value;
    checkOffset(buffer, offset, 3);
    scratchView.setFloat32(0, number, little);
    return store(buffer, offset, 4);
}

function writeDouble(buffer, value, offset, little) {
    const number = +value;
    checkOffset(buffer, offset, 7);
    scratchView.setFloat64(0, number, little);
    return store(buffer, offset, 8);
}

/* ----------------------------------------------------------------- methods */

const readers = {
    readUInt8(offset = 0) {
        checkOffset(this, offset, 0);
        return this[offset];
    },

    readUInt16LE(offset = 0) {
        checkOffset(this, offset, 1);
        return this[offset] | this[offset + 1] << 8;
    },

    readUInt16BE(offset = 0) {
        checkOffset(this, offset, 1);
        return this[offset] << 8 | this[offset + 1];
    },

    readUInt32LE(offset = 0) {
        checkOffset(this, offset, 3);
        return (this[offset] | this[offset + 1] << 8 |
            this[offset + 2] << 16 | this[offset + 3] << 24) >>> 0;
    },

    readUInt32BE(offset = 0) {
        checkOffset(this, offset, 3);
        return (this[offset] << 24 | this[offset + 1] << 16 |
            this[offset + 2] << 8 | this[offset + 3]) >>> 0;
    },

    readUIntLE(offset, byteLength) {
        checkRead(this, offset, byteLength);
        return readLE(this, offset, byteLength);
    },

    readUIntBE(offset, byteLength) {
        checkRead(this, offset, byteLength);
        return readBE(this, offset, byteLength);
    },

    readInt8(offset = 0) {
        checkOffset(this, offset, 0);
        return this[offset] << 24 >> 24;
    },

    readInt16LE(offset = 0) {
        checkOffset(this, offset, 1);
        return (this[offset] | this[offset + 1] << 8) << 16 >> 16;
    },

    readInt16BE(offset = 0) {
        checkOffset(this, offset, 1);
        return (this[offset] << 8 | this[offset + 1]) << 16 >> 16;
    },

    readInt32LE(offset = 0) {
        checkOffset(this, offset, 3);
        return this[offset] | this[offset + 1] << 8 |
            this[offset + 2] << 16 | this[offset + 3] << 24;
    },

    readInt32BE(offset = 0) {
        checkOffset(this, offset, 3);
        return this[offset] << 24 | this[offset + 1] << 16 |
            this[offset + 2] << 8 | this[offset + 3];
    },

    readIntLE(offset, byteLength) {
        checkRead(this, offset, byteLength);
        return signed(readLE(this, offset, byteLength), byteLength);
    },

    readIntBE(offset, byteLength) {
        checkRead(this, offset, byteLength);
        return signed(readBE(this, offset, byteLength), byteLength);
    },

    readBigUInt64LE(offset = 0) {
        return load(this, offset, 8).getBigUint64(0, true);
    },

    readBigUInt64BE(offset = 0) {
        return load(this, offset, 8).getBigUint64(0, false);
    },

    readBigInt64LE(offset = 0) {
        return load(this, offset, 8).getBigInt64(0, true);
    },

    readBigInt64BE(offset = 0) {
        return load(this, offset, 8).getBigInt64(0, false);
    },

    readFloatLE(offset = 0) {
        return load(this, offset, 4).getFloat32(0, true);
    },

    readFloatBE(offset = 0) {
        return load(this, offset, 4).getFloat32(0, false);
    },

    readDoubleLE(offset = 0) {
        return load(this, offset, 8).getFloat64(0, true);
    },

    readDoubleBE(offset = 0) {
        return load(this, offset, 8).getFloat64(0, false);
    },
};

const writers = {
    writeUInt8(value, offset = 0) {
        const number = +value;
        checkByte(this, number, offset, 0, 255);
        this[offset] = number;
        return offset + 1;
    },

    writeUInt16LE(value, offset = 0) {
        const number = +value;
        checkInteger(this, number, offset, 2, false);
        return put16LE(this, number, offset);
    },

    writeUInt16BE(value, offset = 0) {
        const number = +value;
        checkInteger(this, number, offset, 2, false);
        return put16BE(this, number, offset);
    },

    writeUInt32LE(value, offset = 0) {
        const number = +value;
        checkInteger(this, number, offset, 4, false);
        return put32LE(this, number, offset);
    },

    writeUInt32BE(value, offset = 0) {
        const number = +value;
        checkInteger(this, number, offset, 4, false);
        return put32BE(this, number, offset);
    },

    writeUIntLE(value, offset, byteLength) {
        checkWidth(byteLength);
        const number = +value;
        checkInteger(this, number, offset, byteLength, false);
        return writeLE(this, number, offset, byteLength);
    },

    writeUIntBE(value, offset, byteLength) {
        checkWidth(byteLength);
        const number = +value;
        checkInteger(this, number, offset, byteLength, false);
        return writeBE(this, number, offset, byteLength);
    },

    writeInt8(value, offset = 0) {
        const number = +value;
        checkByte(this, number, offset, -128, 127);
        this[offset] = number;
        return offset + 1;
    },

    writeInt16LE(value, offset = 0) {
        const number = +value;
        checkInteger(this, number, offset, 2, true);
        return put16LE(this, number, offset);
    },

    writeInt16BE(value, offset = 0) {
        const number = +value;
        checkInteger(this, number, offset, 2, true);
        return put16BE(this, number, offset);
    },

    writeInt32LE(value, offset = 0) {
        const number = +value;
        checkInteger(this, number, offset, 4, true);
        return put32LE(this, number, offset);
    },

    writeInt32BE(value, offset = 0) {
        const number = +value;
        checkInteger(this, number, offset, 4, true);
        return put32BE(this, number, offset);
    },

    writeIntLE(value, offset, byteLength) {
        checkWidth(byteLength);
        const number = +value;
        checkInteger(this, number, offset, byteLength, true);
        return writeLE(this, number, offset, byteLength);
    },

    writeIntBE(value, offset, byteLength) {
        checkWidth(byteLength);
        const number = +value;
        checkInteger(this, number, offset, byteLength, true);
        return writeBE(this, number, offset, byteLength);
    },

    writeBigUInt64LE(value, offset = 0) {
        return writeUnsignedBig(this, value, offset, true);
    },

    writeBigUInt64BE(value, offset = 0) {
        return writeUnsignedBig(this, value, offset, false);
    },

    writeBigInt64LE(value, offset = 0) {
        return writeSignedBig(this, value, offset, true);
    },

    writeBigInt64BE(value, offset = 0) {
        return writeSignedBig(this, value, offset, false);
    },

    writeFloatLE(value, offset = 0) {
        return writeFloat(this, value, offset, true);
    },

    writeFloatBE(value, offset = 0) {
        return writeFloat(this, value, offset, false);
    },

    writeDoubleLE(value, offset = 0) {
        return writeDouble(this, value, offset, true);
    },

    writeDoubleBE(value, offset = 0) {
        return writeDouble(this, value, offset, false);
    },
};

/* Each is there as readUintX, too. */
const aliases = {};
for (const methods of [readers, writers]) {
    for (const name in methods) {
        const at = name.indexOf('UInt');
        if (at > 0) {
            aliases[`${name.slice(0, at)}Uint${name.slice(at + 4)}`] =
                methods[name];
        }
    }
}

module.exports = { aliases, readers, writers };
