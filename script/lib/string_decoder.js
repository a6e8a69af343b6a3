/*
 * string_decoder - from pieces of bytes to strings, characters kept whole
 *
 * The work is done by internal/buffer/text_stream. The constructor is a
 * function: there are packages that call it on objects of their own.
 */
const { codes } = require('internal/errors');
const codec = require('internal/buffer/codec');
const stream = require('internal/buffer/text_stream');

function StringDecoder(encoding) {
    this.encoding = codec.normalizeEncoding(encoding);
    if (this.encoding === undefined)
        throw new codes.ERR_UNKNOWN_ENCODING(encoding);
    stream.start(this, codec.findEncoding(this.encoding));
}

function bytesOf(buf) {
    if (buf instanceof Uint8Array) return buf;
    if (!ArrayBuffer.isView(buf)) {
        throw new codes.ERR_INVALID_ARG_TYPE('buf',
            ['Buffer', 'TypedArray', 'DataView'], buf);
    }
    return new Uint8Array(buf.buffer, buf.byteOffset, buf.byteLength);
}

Object.assign(StringDecoder.prototype, {
    write(buf) {
        return typeof buf === 'string' ? buf : stream.write(this, bytesOf(buf));
    },

    end(buf) {
        const text = buf === undefined ? '' : this.write(buf);
        return text + stream.end(this);
    },

    /** What `buf` has from `offset` on, whatever came before. */
    text(buf, offset) {
        this.lastNeed = 0;
        this.lastTotal = 0;
        return this.write(buf.slice(offset));
    },
});

module.exports = { StringDecoder };
