/*
 * internal/buffer_pool - where the bytes of small Buffers live
 *
 * Small Buffers and encoded strings are slices of larger blocks, taken one
 * behind the other: that spares the collector an ArrayBuffer for each. Where
 * the net binding is there, blocks are slabs of its own, whose address it knows
 * without asking the engine; so is most of what sockets write as strings.
 *
 * FastBuffer is what every Buffer really is: a subclass of Uint8Array without
 * a constructor of its own, whose prototype is Buffer.prototype.
 */
const codec = require('internal/buffer_codec');

class FastBuffer extends Uint8Array {}

/** The documented Buffer.poolSize, which programs may set. */
const settings = { poolSize: 8192 };

/* Where encodeInto() has put its bytes. */
const place = { arrayBuffer: null, offset: 0 };

let block = null;
let blockView = null; // the same bytes, for writing to
let position = 0;     // of the first byte that is free, a multiple of 8

function newBlock() {
    const size = settings.poolSize;
    block = binding.net?.slab?.(size) ?? new ArrayBuffer(size);
    blockView = new Uint8Array(block);
    position = 0;
}

/** True when `size` bytes are worth a slice: they are free at `position`. */
function fits(size) {
    if (!(size < settings.poolSize >>> 1)) return false;
    if (block === null || size > blockView.length - position) newBlock();
    return size <= blockView.length;
}

function take(size) {
    place.arrayBuffer = block;
    place.offset = position;
    position = (position + size + 7) & ~7;
}

/** A Buffer of `size` bytes with whatever is in them. */
function allocate(size) {
    if (!fits(size)) return new FastBuffer(size);
    take(size);
    return new FastBuffer(block, place.offset, size);
}

/** Encodes into `room` bytes; -1 when the string needs more. */
function encodeWithin(string, encoding, room) {
    const pooled = fits(room);
    const view = pooled ? blockView : new Uint8Array(room);
    const start = pooled ? position : 0;
    const { read, written } =
        codec.encode(view, string, start, start + room, encoding);
    if (encoding === codec.UTF8 && read < string.length) return -1;
    if (pooled) {
        take(written);
    } else {
        place.arrayBuffer = view.buffer;
        place.offset = 0;
    }
    return written;
}

/**
 * Encodes a string, `encoding` being a number of internal/buffer_codec. Gives
 * the number of bytes; they are in `place.arrayBuffer` from `place.offset` on.
 */
function encodeInto(string, encoding) {
    const utf8 = encoding === codec.UTF8;
    // No character has more than 3 bytes; to count first would mean to go
    // through the string twice.
    const most = utf8 ? string.length * 3 : codec.byteLength(string, encoding);
    if (fits(most)) {
        const size = codec.write(blockView, string, position,
            position + most, encoding);
        take(size);
        return size;
    }
    if (!utf8) return encodeWithin(string, encoding, most);
    // A long text is mostly ASCII. One that is not is gone through again.
    const size = encodeWithin(string, encoding, string.length);
    return size >= 0 ? size :
        encodeWithin(string, encoding, codec.utf8Length(string));
}

/** A Buffer with what a string becomes. */
function fromString(string, encoding) {
    const size = encodeInto(string, encoding);
    return new FastBuffer(place.arrayBuffer, place.offset, size);
}

module.exports = {
    FastBuffer,
    allocate,
    encodeInto,
    fromString,
    place,
    settings,
};

// Gives FastBuffer its methods, for those who come here first.
require('buffer');
