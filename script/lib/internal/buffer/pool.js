/*
 * internal/buffer/pool - where the bytes of small Buffers live
 *
 * Small Buffers and encoded strings are slices of larger blocks, taken one
 * behind the other: that spares the collector an ArrayBuffer for each. Where
 * the net binding is there, blocks are slabs of its own, whose address it knows
 * without asking the engine; so is most of what sockets write as strings.
 *
 * FastBuffer is what every Buffer really is: a subclass of Uint8Array without
 * a constructor of its own, whose prototype is Buffer.prototype.
 */
const codec = require('internal/buffer/codec');

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

/*
 * Up to this length C encodes into memory for the worst case, in one go. Beyond
 * that the C library would ask the system for it, which is slow.
 */
const ONE_GO = 32768;

function alone(arrayBuffer) {
    place.arrayBuffer = arrayBuffer;
    place.offset = 0;
}

function encodeInView(view, string, encoding) {
    alone(view.buffer);
    return codec.write(view, string, 0, view.length, encoding);
}

/** In memory that no other string shares. */
function encodeAlone(string, encoding, most) {
    if (encoding !== codec.UTF8)
        return encodeInView(new Uint8Array(most), string, encoding);
    if (string.length <= ONE_GO) {
        alone(codec.encodeAlone(string));
        return place.arrayBuffer.byteLength;
    }
    // A text of that length is ASCII, or has to be gone through once more.
    const view = new Uint8Array(string.length);
    const { read, written } =
        codec.encode(view, string, 0, view.length, encoding);
    if (read < string.length) {
        return encodeInView(new Uint8Array(codec.utf8Length(string)), string,
            encoding);
    }
    alone(view.buffer);
    return written;
}

/**
 * Encodes a string, `encoding` being a number of internal/buffer/codec. Gives
 * the number of bytes; they are in `place.arrayBuffer` from `place.offset` on.
 */
function encodeInto(string, encoding) {
    // No character has more than 3 bytes of UTF-8; to count them first would
    // mean to go through the string twice.
    const most = encoding === codec.UTF8 ? string.length * 3 :
        codec.byteLength(string, encoding);
    if (!fits(most)) return encodeAlone(string, encoding, most);
    const size = codec.write(blockView, string, position, position + most,
        encoding);
    take(size);
    return size;
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
