/*
 * internal/buffer/transcode - transcode(), atob() and btoa()
 *
 * Seldom used, and so loaded when called. All three go by way of a string; what
 * is special is what they do with characters that the target does not have.
 */
const { codes } = require('internal/errors');
const codec = require('internal/buffer/codec');
const { FastBuffer, fromString } = require('internal/buffer/pool');

const { ASCII, BASE64, LATIN1, UTF16LE, UTF8 } = codec;

/* As ICU numbers its errors. */
const U_ILLEGAL_ARGUMENT_ERROR = 1;
const U_INVALID_CHAR_FOUND = 10;

function icuError(code, errno) {
    const error = new Error(`Unable to transcode Buffer [${code}]`);
    return Object.assign(error, { code, errno });
}

function encodingOf(name) {
    const encoding = codec.findEncoding(codec.normalizeEncoding(name) ?? name);
    if (encoding >= 0 && encoding <= ASCII) return encoding;
    throw icuError('U_ILLEGAL_ARGUMENT_ERROR', U_ILLEGAL_ARGUMENT_ERROR);
}

/** The text; only where the target is Unicode must it be without a fault. */
function textOf(source, encoding, target) {
    const text = encoding === ASCII ?
        codec.read(source, 0, source.length, LATIN1)
            .replace(/[^\0-\x7f]/g, '\ufffd') :
        codec.read(source, 0, source.length, encoding);
    const faulty = encoding === UTF16LE ?
        target === UTF8 && !text.isWellFormed() :
        encoding === UTF8 && target === UTF16LE && !codec.isUtf8(source);
    if (faulty) throw icuError('U_INVALID_CHAR_FOUND', U_INVALID_CHAR_FOUND);
    return text;
}

function transcode(source, fromEncoding, toEncoding) {
    if (!(source instanceof Uint8Array)) {
        throw new codes.ERR_INVALID_ARG_TYPE('source',
            ['Buffer', 'Uint8Array'], source);
    }
    if (source.length === 0) return new FastBuffer();
    const target = encodingOf(toEncoding);
    const text = textOf(source, encodingOf(fromEncoding), target);
    switch (target) {
    case LATIN1:
        return fromString(text.replace(/[^\0-\xff]/gu, '?'), LATIN1);
    case ASCII:
        return fromString(text.replace(/[^\0-\x7f]/gu, '?'), ASCII);
    default:
        return fromString(text, target);
    }
}

/* ----------------------------------------------------- HTML's base64 calls */

function invalidCharacter(message) {
    const { DOMException } = require('internal/errors/dom_exception');
    return new DOMException(message, 'InvalidCharacterError');
}

function btoa(...args) {
    if (args.length === 0) throw new codes.ERR_MISSING_ARGS('input');
    const text = `${args[0]}`;
    if (/[^\0-\xff]/.test(text)) throw invalidCharacter('Invalid character');
    const bytes = fromString(text, LATIN1);
    return codec.read(bytes, 0, bytes.length, BASE64);
}

function atob(...args) {
    if (args.length === 0) throw new codes.ERR_MISSING_ARGS('input');
    const text = `${args[0]}`.replace(/[\t\n\f\r ]/g, '');
    const digits = text.length % 4 === 0 ? text.replace(/={1,2}$/, '') : text;
    if (/[^A-Za-z0-9+/]/.test(digits))
        throw invalidCharacter('Invalid character');
    if (digits.length % 4 === 1) {
        throw invalidCharacter(
            'The string to be decoded is not correctly encoded.');
    }
    const bytes = fromString(digits, BASE64);
    return codec.read(bytes, 0, bytes.length, LATIN1);
}

module.exports = { atob, btoa, transcode };
