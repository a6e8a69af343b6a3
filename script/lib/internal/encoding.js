/*
 * internal/encoding - TextEncoder and TextDecoder, as WHATWG describes them
 *
 * UTF-8, UTF-16LE and windows-1252, which is what `latin1` and `ascii` mean
 * there. A decoder that is given all of its bytes at once keeps no state; one
 * that is told `stream: true` has a state of internal/buffer/text_stream.
 */
const { codes } = require('internal/errors');
const { validateString } = require('internal/validators');
const codec = require('internal/buffer/codec');
const textStream = require('internal/buffer/text_stream');

const { LATIN1, UTF16LE, UTF8 } = codec;
const inspectCustom = Symbol.for('nodejs.util.inspect.custom');

/* -------------------------------------------------------------- the labels */

const labels = {
    'utf-8': 'utf-8 utf8 unicode-1-1-utf-8 unicode11utf8 unicode20utf8 ' +
        'x-unicode20utf8',
    'utf-16le': 'utf-16le utf-16 ucs-2 unicode unicodefeff csunicode ' +
        'iso-10646-ucs-2',
    'windows-1252': 'windows-1252 latin1 ascii us-ascii ansi_x3.4-1968 ' +
        'cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 ' +
        'iso88591 iso_8859-1 iso_8859-1:1987 l1 x-cp1252',
};

function encodingOfLabel(label) {
    const text = `${label}`;
    const wanted = text.replace(/^[\t\n\f\r ]+|[\t\n\f\r ]+$/g, '')
        .toLowerCase();
    for (const name in labels) {
        if (wanted && labels[name].split(' ').includes(wanted)) return name;
    }
    throw new codes.ERR_ENCODING_NOT_SUPPORTED(text);
}

/* ------------------------------------------------------------------- bytes */

function isBuffer(value) {
    return value instanceof ArrayBuffer ||
        (typeof SharedArrayBuffer === 'function' &&
            value instanceof SharedArrayBuffer);
}

function bytesOf(input) {
    if (input instanceof Uint8Array) return input;
    if (ArrayBuffer.isView(input)) {
        return new Uint8Array(input.buffer, input.byteOffset,
            input.byteLength);
    }
    if (isBuffer(input)) return new Uint8Array(input);
    // Worded otherwise than the rest: in Node it comes from C++.
    const error = new codes.ERR_INVALID_ARG_TYPE('list', 'ArrayBuffer', input);
    error.message = 'The "list" argument must be an instance of ' +
        'SharedArrayBuffer, ArrayBuffer or ArrayBufferView.';
    throw error;
}

/* What windows-1252 has in place of the control characters 0x80 to 0x9F. */
const windows1252 =
    '\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039' +
    '\u0152\x8d\u017d\x8f\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014' +
    '\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178';

function readWindows1252(bytes) {
    return codec.read(bytes, 0, bytes.length, LATIN1)
        .replace(/[\x80-\x9f]/g, (c) => windows1252[c.charCodeAt(0) - 0x80]);
}

/* ------------------------------------------------------------- TextEncoder */

class TextEncoder {
    // Also what tells an encoder from any other object.
    #encoding = 'utf-8';

    static #check(encoder) {
        if (#encoding in Object(encoder)) return;
        throw new codes.ERR_INVALID_THIS('TextEncoder');
    }

    get encoding() {
        TextEncoder.#check(this);
        return this.#encoding;
    }

    encode(input = '') {
        TextEncoder.#check(this);
        const text = `${input}`;
        const bytes = new Uint8Array(codec.byteLength(text, UTF8));
        codec.write(bytes, text, 0, bytes.length, UTF8);
        return bytes;
    }

    encodeInto(src, dest) {
        TextEncoder.#check(this);
        validateString(src, 'src');
        if (!(dest instanceof Uint8Array))
            throw new codes.ERR_INVALID_ARG_TYPE('dest', 'Uint8Array', dest);
        const { read, written } =
            codec.encode(dest, src, 0, dest.length, UTF8);
        return { read, written };
    }

    [inspectCustom](depth, options, inspect) {
        return inspect({ encoding: this.encoding }, options);
    }
}

/* ------------------------------------------------------------- TextDecoder */

class TextDecoder {
    #encoding;
    #fatal;
    #ignoreBOM;
    #state = null; // between the pieces: internal/buffer/text_stream's

    constructor(encoding = 'utf-8', options = undefined) {
        this.#encoding = encodingOfLabel(encoding);
        if (options != null && typeof options !== 'object' &&
            typeof options !== 'function')
            throw new codes.ERR_INVALID_ARG_TYPE('options', 'object', options);
        this.#fatal = Boolean(options?.fatal);
        this.#ignoreBOM = Boolean(options?.ignoreBOM);
    }

    static #check(decoder) {
        if (#encoding in Object(decoder)) return;
        throw new codes.ERR_INVALID_THIS('TextDecoder');
    }

    get encoding() {
        TextDecoder.#check(this);
        return this.#encoding;
    }

    get fatal() {
        TextDecoder.#check(this);
        return this.#fatal;
    }

    get ignoreBOM() {
        TextDecoder.#check(this);
        return this.#ignoreBOM;
    }

    decode(input = new Uint8Array(0), options = undefined) {
        TextDecoder.#check(this);
        const bytes = bytesOf(input);
        if (this.#encoding === 'windows-1252') return readWindows1252(bytes);
        const more = Boolean(options?.stream);
        if (this.#state === null && !more && this.#encoding === 'utf-8')
            return this.#withoutBOM(this.#readUtf8(bytes, 0, bytes.length));
        return this.#decodePiece(bytes, more);
    }

    #decodePiece(bytes, more) {
        const state = this.#state ?? this.#newState();
        // An error ends the stream: what comes then is a new one.
        this.#state = null;
        let text = textStream.write(state, bytes);
        if (!more && state.lastNeed > 0) text += this.#cutOff();
        if (this.#encoding === 'utf-16le') text = this.#wellFormed(text);
        if (!state.started && text !== '') {
            state.started = true;
            text = this.#withoutBOM(text);
        }
        if (more) this.#state = state;
        return text;
    }

    #newState() {
        const state = { started: false, read: undefined };
        textStream.start(state, this.#encoding === 'utf-8' ? UTF8 : UTF16LE);
        if (this.#fatal && this.#encoding === 'utf-8')
            state.read = (bytes, from, to) => this.#readUtf8(bytes, from, to);
        return state;
    }

    #readUtf8(bytes, from, to) {
        if (!this.#fatal) return codec.read(bytes, from, to, UTF8);
        const text = codec.readStrictly(bytes, from, to);
        if (text === undefined) this.#throwInvalid();
        return text;
    }

    /** The stream ended inside of a character, however much there was. */
    #cutOff() {
        if (this.#fatal) this.#throwInvalid();
        return '\ufffd';
    }

    #wellFormed(text) {
        if (text.isWellFormed()) return text;
        if (this.#fatal) this.#throwInvalid();
        return text.toWellFormed();
    }

    #withoutBOM(text) {
        return !this.#ignoreBOM && text.charCodeAt(0) === 0xFEFF ?
            text.slice(1) : text;
    }

    #throwInvalid() {
        throw new codes.ERR_ENCODING_INVALID_ENCODED_DATA(this.#encoding);
    }

    [inspectCustom](depth, options, inspect) {
        const { encoding, fatal, ignoreBOM } = this;
        const shown = inspect({ encoding, fatal, ignoreBOM }, options);
        return `TextDecoder ${shown}`;
    }
}

for (const [Class, names] of [
    [TextEncoder, ['encode', 'encodeInto', 'encoding']],
    [TextDecoder, ['decode', 'encoding', 'fatal', 'ignoreBOM']],
]) {
    for (const name of names)
        Object.defineProperty(Class.prototype, name, { enumerable: true });
    Object.defineProperty(Class.prototype, Symbol.toStringTag, {
        configurable: true, value: Class.name,
    });
}

module.exports = { TextDecoder, TextEncoder };
