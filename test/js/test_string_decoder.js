'use strict';
/*
 * StringDecoder: however the bytes are cut, the text is that of the whole.
 */
const { test, assert } = require('./harness');
const { StringDecoder } = require('string_decoder');

let seed = 19700101;

function random(limit) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor(seed / 2 ** 32 * limit);
}

/** Bytes that are UTF-8 in part: leads, continuations and what is neither. */
function randomBytes(length) {
    const likely = [0x41, 0xC3, 0xA9, 0xE2, 0x82, 0xAC, 0xF0, 0x9F, 0x98, 0x80,
        0xED, 0xA0, 0xF4, 0x90, 0xE0, 0xFF, 0xD8, 0xDC];
    return Buffer.from(Array.from({ length },
        () => likely[random(likely.length)]));
}

function decodeInPieces(bytes, encoding, size) {
    const decoder = new StringDecoder(encoding);
    let text = '';
    for (let at = 0; at < bytes.length;) {
        const count = size ?? 1 + random(5);
        text += decoder.write(bytes.subarray(at, at + count));
        at += count;
    }
    return text + decoder.end();
}

test('pieces make the same text as the whole, in each encoding', () => {
    for (const encoding of ['utf8', 'utf16le', 'base64', 'base64url', 'hex',
        'latin1', 'ascii']) {
        for (let i = 0; i < 150; i++) {
            const bytes = randomBytes(random(60));
            const whole = bytes.toString(encoding);
            assert.strictEqual(decodeInPieces(bytes, encoding), whole);
            assert.strictEqual(decodeInPieces(bytes, encoding, 1), whole);
        }
    }
});

test('a character appears with its last byte, and not before', () => {
    const decoder = new StringDecoder('utf8');
    const bytes = Buffer.from('\u00e9\u20ac\u{1f600}');
    const pieces = Array.from(bytes,
        (byte) => decoder.write(Buffer.from([byte])));
    assert.deepStrictEqual(pieces,
        ['', '\u00e9', '', '', '\u20ac', '', '', '', '\u{1f600}']);
    assert.strictEqual(decoder.end(), '');
});

test('half a surrogate pair waits for the other half', () => {
    const decoder = new StringDecoder('utf16le');
    assert.strictEqual(decoder.write(Buffer.from([0x61, 0, 0x3D, 0xD8])), 'a');
    assert.strictEqual(decoder.write(Buffer.from([0])), '');
    assert.strictEqual(decoder.write(Buffer.from([0xDE, 0x62, 0])),
        '\ud83d\ude00b');
    assert.strictEqual(decoder.write(Buffer.from([0x3D, 0xD8])), '');
    assert.strictEqual(decoder.end(), '\ud83d');
    assert.strictEqual(decoder.write(Buffer.from([0x61])), '');
    assert.strictEqual(decoder.end(), '', 'half a unit is nothing');
});

test('end() gives one U+FFFD for what was begun, then starts anew', () => {
    const decoder = new StringDecoder('utf8');
    assert.strictEqual(decoder.write(Buffer.from([0xF0, 0x9F, 0x98])), '');
    assert.strictEqual(decoder.end(), '\ufffd');
    assert.strictEqual(decoder.end(), '');
    assert.strictEqual(decoder.write(Buffer.from('ok')), 'ok');
    assert.strictEqual(decoder.end(Buffer.from([0x61, 0xE2])), 'a\ufffd');
});

test('lastChar, lastNeed and lastTotal tell what is kept', () => {
    const state = (encoding, bytes) => {
        const decoder = new StringDecoder(encoding);
        decoder.write(Buffer.from(bytes));
        const { lastChar, lastNeed, lastTotal } = decoder;
        const kept = [...lastChar].slice(0, lastTotal - lastNeed);
        return [kept, lastNeed, lastTotal];
    };
    assert.deepStrictEqual(state('utf8', [0x61, 0xE2, 0x82]),
        [[0xE2, 0x82], 1, 3]);
    assert.deepStrictEqual(state('utf8', [0x61]), [[], 0, 0]);
    assert.deepStrictEqual(state('base64', [1, 2, 3, 4]), [[4], 2, 3]);
    assert.deepStrictEqual(state('utf16le', [0xE2, 0xD8]),
        [[0xE2, 0xD8], 2, 4]);
    assert.deepStrictEqual(state('utf16le', [0xE2]), [[0xE2], 1, 2]);
    assert.deepStrictEqual(state('hex', [1]), [[], 0, 0]);
});

test('names of encodings are made regular', () => {
    const name = (encoding) => new StringDecoder(encoding).encoding;
    assert.strictEqual(name(), 'utf8');
    assert.strictEqual(name(null), 'utf8');
    assert.strictEqual(name('UTF-8'), 'utf8');
    assert.strictEqual(name('ucs2'), 'utf16le');
    assert.strictEqual(name('BINARY'), 'latin1');
    for (const encoding of ['zz', 5, Symbol('s'), { toString: () => 'hex' }]) {
        assert.throws(() => new StringDecoder(encoding), {
            name: 'TypeError',
            code: 'ERR_UNKNOWN_ENCODING',
            message: `Unknown encoding: ${String(encoding)}`,
        });
    }
});

test('write() takes views and strings, and nothing else', () => {
    const decoder = new StringDecoder();
    assert.strictEqual(decoder.write('abc'), 'abc');
    assert.strictEqual(decoder.write(new Uint16Array([0x6261])), 'ab');
    assert.strictEqual(decoder.write(new DataView(new ArrayBuffer(1))), '\0');
    assert.strictEqual(decoder.text(Buffer.from('abc'), 1), 'bc');
    for (const [value, shown] of [[5, 'type number (5)'], [null, 'null'],
        [undefined, 'undefined']]) {
        assert.throws(() => decoder.write(value), {
            name: 'TypeError',
            code: 'ERR_INVALID_ARG_TYPE',
            message: 'The "buf" argument must be an instance of Buffer, ' +
                `TypedArray, or DataView. Received ${shown}`,
        });
    }
});

test('the constructor can be called on an object of another kind', () => {
    function Decoder() {
        StringDecoder.call(this, 'utf8');
    }
    Decoder.prototype = StringDecoder.prototype;
    assert.strictEqual(new Decoder().write(Buffer.from('abc')), 'abc');
});
