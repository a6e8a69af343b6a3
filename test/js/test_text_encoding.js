'use strict';
/*
 * TextEncoder and TextDecoder, as WHATWG's standard describes them.
 */
const { test, assert } = require('./harness');

let seed = 20141113;

function random(limit) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor(seed / 2 ** 32 * limit);
}

function randomBytes(length) {
    const likely = [0x41, 0xC3, 0xA9, 0xE2, 0x82, 0xAC, 0xF0, 0x9F, 0x98, 0x80,
        0xED, 0xA0, 0xEF, 0xBB, 0xBF, 0xFF, 0xFE, 0xD8, 0xDC];
    return Uint8Array.from({ length }, () => likely[random(likely.length)]);
}

function failsWith(fn, name, code, message) {
    assert.throws(fn, { name, code, message });
}

function decodeInPieces(decoder, bytes) {
    let text = '';
    for (let at = 0; at < bytes.length;) {
        const count = 1 + random(4);
        text += decoder.decode(bytes.subarray(at, at + count),
            { stream: true });
        at += count;
    }
    return text + decoder.decode();
}

/* ------------------------------------------------------------- TextEncoder */

test('TextEncoder gives plain Uint8Arrays of UTF-8', () => {
    const encoder = new TextEncoder();
    const bytes = encoder.encode('a\u00e9\u20ac\u{1f600}\ud800');
    assert.strictEqual(Object.getPrototypeOf(bytes), Uint8Array.prototype);
    assert.deepStrictEqual([...bytes], [0x61, 0xC3, 0xA9, 0xE2, 0x82, 0xAC,
        0xF0, 0x9F, 0x98, 0x80, 0xEF, 0xBF, 0xBD]);
    assert.strictEqual(bytes.buffer.byteLength, bytes.length);
    assert.strictEqual(encoder.encode().length, 0);
    assert.strictEqual(encoder.encode(undefined).length, 0);
    assert.strictEqual(encoder.encode(null).length, 4);
    assert.strictEqual(encoder.encoding, 'utf-8');
});

test('encodeInto writes whole characters and counts both sides', () => {
    const encoder = new TextEncoder();
    const into = (text, size) => {
        const bytes = new Uint8Array(size);
        return { ...encoder.encodeInto(text, bytes), bytes: [...bytes] };
    };
    assert.deepStrictEqual(into('a\u00e9\u20ac', 4),
        { read: 2, written: 3, bytes: [0x61, 0xC3, 0xA9, 0] });
    assert.deepStrictEqual(into('\u{1f600}a', 5),
        { read: 3, written: 5, bytes: [0xF0, 0x9F, 0x98, 0x80, 0x61] });
    assert.deepStrictEqual(into('\u{1f600}', 3),
        { read: 0, written: 0, bytes: [0, 0, 0] });
    assert.deepStrictEqual(into('', 1), { read: 0, written: 0, bytes: [0] });
    failsWith(() => encoder.encodeInto(5, new Uint8Array(1)), 'TypeError',
        'ERR_INVALID_ARG_TYPE',
        'The "src" argument must be of type string. Received type number (5)');
    failsWith(() => encoder.encodeInto('a', []), 'TypeError',
        'ERR_INVALID_ARG_TYPE', 'The "dest" argument must be an instance of ' +
        'Uint8Array. Received an instance of Array');
});

test('encoders and decoders know their own', () => {
    for (const [Class, call] of [
        [TextEncoder, () => TextEncoder.prototype.encode.call({})],
        [TextDecoder, () => TextDecoder.prototype.decode.call({})],
        [TextDecoder, () => TextDecoder.prototype.encoding],
    ]) {
        failsWith(call, 'TypeError', 'ERR_INVALID_THIS',
            `Value of "this" must be of type ${Class.name}`);
        assert.throws(() => Class(), TypeError);
        assert.strictEqual(Object.prototype.toString.call(new Class()),
            `[object ${Class.name}]`);
    }
});

/* ------------------------------------------------------------- TextDecoder */

test('labels are found in any case, and those unknown refused', () => {
    const encoding = (label) => new TextDecoder(label).encoding;
    assert.strictEqual(encoding(), 'utf-8');
    assert.strictEqual(encoding(' UTF8\n'), 'utf-8');
    assert.strictEqual(encoding('ucs-2'), 'utf-16le');
    assert.strictEqual(encoding('utf-16'), 'utf-16le');
    assert.strictEqual(encoding('latin1'), 'windows-1252');
    assert.strictEqual(encoding('ASCII'), 'windows-1252');
    for (const label of ['nope', '', null, 'utf 8']) {
        failsWith(() => new TextDecoder(label), 'RangeError',
            'ERR_ENCODING_NOT_SUPPORTED',
            `The "${label}" encoding is not supported`);
    }
});

test('it decodes memory of every kind', () => {
    const decoder = new TextDecoder();
    const bytes = Buffer.from('xabcx').subarray(1, 4);
    assert.strictEqual(decoder.decode(bytes), 'abc');
    assert.strictEqual(decoder.decode(new Uint8Array([97]).buffer), 'a');
    assert.strictEqual(decoder.decode(new DataView(bytes.buffer,
        bytes.byteOffset + 1, 1)), 'b');
    assert.strictEqual(decoder.decode(), '');
    assert.throws(() => decoder.decode('x'), {
        name: 'TypeError',
        code: 'ERR_INVALID_ARG_TYPE',
        message: /^The "list" argument must be an instance of Shared/,
    });
    assert.throws(() => new TextDecoder('utf-8', 5),
        { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
});

test('pieces make the same text as the whole', () => {
    for (const label of ['utf-8', 'utf-16le']) {
        for (let i = 0; i < 200; i++) {
            const bytes = randomBytes(random(50));
            for (const ignoreBOM of [false, true]) {
                const decoder = new TextDecoder(label, { ignoreBOM });
                const whole = decoder.decode(bytes);
                assert.strictEqual(decodeInPieces(decoder, bytes), whole);
                assert.strictEqual(decodeInPieces(decoder, bytes), whole,
                    'a second time');
            }
        }
    }
});

test('what breaks a pair of surrogates may begin the next', () => {
    const bytes = Uint8Array.of(0, 0xD8, 0, 0xD8, 0, 0xDC, 0, 0xD8, 97, 0);
    for (let size = 1; size < bytes.length; size++) {
        const decoder = new TextDecoder('utf-16le');
        let text = '';
        for (let at = 0; at < bytes.length; at += size) {
            text += decoder.decode(bytes.subarray(at, at + size),
                { stream: true });
        }
        assert.strictEqual(text + decoder.decode(), '\ufffd\u{10000}\ufffda',
            `in pieces of ${size}`);
    }
});

test('UTF-8 agrees with Buffer, UTF-16 has no lone surrogates', () => {
    for (let i = 0; i < 200; i++) {
        const bytes = randomBytes(random(80));
        assert.strictEqual(
            new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes),
            Buffer.from(bytes).toString());
        assert.ok(new TextDecoder('utf-16le').decode(bytes).isWellFormed());
    }
});

test('a byte order mark is dropped once, unless it is wanted', () => {
    const bytes = Buffer.from('\ufeff\ufeffa');
    assert.strictEqual(new TextDecoder().decode(bytes), '\ufeffa');
    assert.strictEqual(new TextDecoder('utf-8', { ignoreBOM: true })
        .decode(bytes), '\ufeff\ufeffa');
    const decoder = new TextDecoder();
    const parts = [[0xEF], [0xBB], [0xBF, 97], [0xEF, 0xBB, 0xBF]].map(
        (part) => decoder.decode(Uint8Array.from(part), { stream: true }));
    assert.deepStrictEqual(parts, ['', '', 'a', '\ufeff']);
    assert.strictEqual(decoder.decode(), '');
    assert.strictEqual(decoder.decode(bytes), '\ufeffa', 'a new stream');
    assert.strictEqual(new TextDecoder('utf-16le')
        .decode(Uint8Array.of(0xFF, 0xFE, 97, 0)), 'a');
});

test('fatal refuses what is not valid, also at the end of a stream', () => {
    const invalid = (label, parts) => {
        const decoder = new TextDecoder(label, { fatal: true });
        failsWith(() => {
            for (const [i, part] of parts.entries()) {
                decoder.decode(Uint8Array.from(part),
                    { stream: i < parts.length - 1 });
            }
        }, 'TypeError', 'ERR_ENCODING_INVALID_ENCODED_DATA',
        `The encoded data was not valid for encoding ${label}`);
        assert.strictEqual(decoder.fatal, true);
    };
    invalid('utf-8', [[0xFF]]);
    invalid('utf-8', [[0x61, 0xE2, 0x82]]);
    invalid('utf-8', [[0xE2], [0x82], []]);
    invalid('utf-8', [[0xE2], [0x41]]);
    invalid('utf-16le', [[0]]);
    invalid('utf-16le', [[0, 0xD8]]);
    invalid('utf-16le', [[0, 0xD8], [0x61, 0]]);
    const good = new TextDecoder('utf-8', { fatal: true });
    assert.strictEqual(decodeInPieces(good, Buffer.from('a\u20ac\u{1f600}')),
        'a\u20ac\u{1f600}');
});

test('what a stream ends in the middle of is one U+FFFD', () => {
    const end = (label, ...bytes) => {
        const decoder = new TextDecoder(label);
        decoder.decode(Uint8Array.from(bytes), { stream: true });
        return decoder.decode();
    };
    assert.strictEqual(end('utf-8', 0xF0, 0x9F, 0x98), '\ufffd');
    assert.strictEqual(end('utf-16le', 0x61), '\ufffd');
    assert.strictEqual(end('utf-16le', 0, 0xD8, 0x61), '\ufffd');
    assert.strictEqual(end('utf-8', 0x61), '');
});

// Node 20 takes it for ISO 8859-1.
test.weir('latin1 is windows-1252', () => {
    const decoder = new TextDecoder('latin1');
    assert.strictEqual(decoder.decode(Uint8Array.of(0x80, 0x81, 0x9F, 0xE9)),
        '\u20ac\x81\u0178\u00e9');
});

test('a decoder shows what it is', () => {
    const { inspect } = require('util');
    assert.strictEqual(inspect(new TextEncoder()), "{ encoding: 'utf-8' }");
});
