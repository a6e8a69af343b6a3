'use strict';
/*
 * Buffer, on weir and on Node alike: what it makes, how it takes texts apart
 * and puts numbers together, and each error by class, code and message. What is
 * random is random the same way each time, and compared with a plain
 * implementation written here.
 */
const { test, assert } = require('./harness');
const buffer = require('buffer');

const { Buffer, kMaxLength } = buffer;
const encodings = [
    'utf8', 'utf16le', 'latin1', 'ascii', 'hex', 'base64', 'base64url',
];

/* ----------------------------------------------------------------- helpers */

let seed = 20220504;

function random(limit) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor(seed / 2 ** 32 * limit);
}

function randomBytes(length) {
    return Buffer.from(Array.from({ length }, () => random(256)));
}

/** Code points of every width, lone surrogates among them. */
function randomText(length) {
    let text = '';
    for (let i = 0; i < length; i++) {
        const limit = [0x80, 0x800, 0x10000, 0x110000][random(4)];
        text += String.fromCodePoint(random(limit));
    }
    return text;
}

/** The bytes of UTF-8, by the book. */
function utf8Bytes(text) {
    const bytes = [];
    for (const character of text) {
        let point = character.codePointAt(0);
        if (point >= 0xD800 && point <= 0xDFFF) point = 0xFFFD;
        if (point < 0x80) bytes.push(point);
        else if (point < 0x800) bytes.push(0xC0 | point >> 6);
        else if (point < 0x10000) bytes.push(0xE0 | point >> 12);
        else bytes.push(0xF0 | point >> 18);
        if (point >= 0x10000) bytes.push(0x80 | (point >> 12 & 63));
        if (point >= 0x800) bytes.push(0x80 | (point >> 6 & 63));
        if (point >= 0x80) bytes.push(0x80 | (point & 63));
    }
    return bytes;
}

function throwsLike(fn, name, code, message) {
    assert.throws(fn, (error) => {
        assert.strictEqual(error.message, message);
        assert.strictEqual(error.name, name);
        assert.strictEqual(error.code, code);
        return true;
    });
}

const typeError = (fn, message) =>
    throwsLike(fn, 'TypeError', 'ERR_INVALID_ARG_TYPE', message);
const rangeError = (fn, message) =>
    throwsLike(fn, 'RangeError', 'ERR_OUT_OF_RANGE', message);
const unknownEncoding = (fn, name) =>
    throwsLike(fn, 'TypeError', 'ERR_UNKNOWN_ENCODING',
        `Unknown encoding: ${name}`);

function bytesAre(actual, expected) {
    assert.ok(Buffer.isBuffer(actual));
    assert.deepStrictEqual([...actual], expected);
}

/* ------------------------------------------------------------------ making */

test('a Buffer is a Uint8Array, and what it makes are Buffers', () => {
    const bytes = Buffer.from('abc');
    assert.ok(bytes instanceof Uint8Array);
    assert.ok(bytes instanceof Buffer);
    assert.strictEqual(bytes.constructor, Buffer);
    assert.strictEqual(Object.getPrototypeOf(Buffer.prototype),
        Uint8Array.prototype);
    bytesAre(bytes.map((byte) => byte + 1), [98, 99, 100]);
    bytesAre(bytes.filter((byte) => byte > 97), [98, 99]);
    assert.strictEqual(globalThis.Buffer, Buffer);
});

test('Buffer.from copies arrays, Buffers and array-like objects', () => {
    bytesAre(Buffer.from([1, 257, -1, '3', 1.7, NaN, 'x']),
        [1, 1, 255, 3, 1, 0, 0]);
    const first = Buffer.from([1, 2]);
    const copy = Buffer.from(first);
    first[0] = 9;
    bytesAre(copy, [1, 2]);
    bytesAre(Buffer.from(new Uint16Array([1, 258])), [1, 2]);
    bytesAre(Buffer.from({ length: 2, 0: 5, 1: 260 }), [5, 4]);
    bytesAre(Buffer.from({ length: 'x' }), []);
    bytesAre(Buffer.from({ type: 'Buffer', data: [1, 2] }), [1, 2]);
    bytesAre(Buffer.from([]), []);
});

test('Buffer.from shares the memory of an ArrayBuffer', () => {
    const memory = new ArrayBuffer(4);
    const part = Buffer.from(memory, 1, 2);
    part[0] = 7;
    assert.strictEqual(new Uint8Array(memory)[1], 7);
    assert.strictEqual(part.buffer, memory);
    assert.strictEqual(part.parent, memory);
    assert.strictEqual(part.offset, 1);
    assert.strictEqual(Buffer.from(memory, '1').length, 3);
    assert.strictEqual(Buffer.from(memory, 1, NaN).length, 0);
    throwsLike(() => Buffer.from(memory, 5), 'RangeError',
        'ERR_BUFFER_OUT_OF_BOUNDS', '"offset" is outside of buffer bounds');
    throwsLike(() => Buffer.from(memory, 1, 4), 'RangeError',
        'ERR_BUFFER_OUT_OF_BOUNDS', '"length" is outside of buffer bounds');
});

test('Buffer.from asks objects what they stand for', () => {
    bytesAre(Buffer.from(new String('hi')), [104, 105]);
    bytesAre(Buffer.from({ valueOf: () => 'hi' }), [104, 105]);
    bytesAre(Buffer.from({ valueOf: () => [1, 2] }), [1, 2]);
    bytesAre(Buffer.from({ [Symbol.toPrimitive]: () => '6869' }, 'hex'),
        [104, 105]);
});

test('Buffer.from refuses all else', () => {
    const start = 'The first argument must be of type string or an instance ' +
        'of Buffer, ArrayBuffer, or Array or an Array-like Object. Received ';
    typeError(() => Buffer.from(5), `${start}type number (5)`);
    typeError(() => Buffer.from(), `${start}undefined`);
    typeError(() => Buffer.from(null), `${start}null`);
    typeError(() => Buffer.from({}), `${start}an instance of Object`);
    typeError(() => Buffer.from(Symbol('x')),
        `${start}type symbol (Symbol(x))`);
    unknownEncoding(() => Buffer.from('a', 'zz'), 'zz');
    bytesAre(Buffer.from('a', ''), [97]);
    bytesAre(Buffer.from('a', 5), [97]);
});

test('alloc gives zeros, or what it shall be filled with', () => {
    bytesAre(Buffer.alloc(3), [0, 0, 0]);
    bytesAre(Buffer.alloc(5, 'ab'), [97, 98, 97, 98, 97]);
    bytesAre(Buffer.alloc(3, 257), [1, 1, 1]);
    bytesAre(Buffer.alloc(4, 'YWI=', 'base64'), [97, 98, 97, 98]);
    bytesAre(Buffer.alloc(3, ''), [0, 0, 0]);
    bytesAre(Buffer.alloc(2, 'a', null), [97, 97]);
    typeError(() => Buffer.alloc(3, 'a', 5), 'The "encoding" argument must ' +
        'be of type string. Received type number (5)');
    throwsLike(() => Buffer.alloc(3, 'zz', 'hex'), 'TypeError',
        'ERR_INVALID_ARG_VALUE',
        "The argument 'value' is invalid. Received 'zz'");
});

test('the sizes that cannot be are named', () => {
    for (const make of ['alloc', 'allocUnsafe', 'allocUnsafeSlow']) {
        typeError(() => Buffer[make]('5'), 'The "size" argument must be of ' +
            "type number. Received type string ('5')");
        for (const size of [-1, NaN]) {
            throwsLike(() => Buffer[make](size), 'RangeError',
                'ERR_OUT_OF_RANGE', 'The value of "size" is out of range. It ' +
                `must be >= 0 && <= ${kMaxLength}. Received ${size}`);
        }
    }
});

test('small Buffers are slices of a pool, aligned; large ones are not', () => {
    assert.strictEqual(Buffer.poolSize, 8192);
    const one = Buffer.allocUnsafe(3);
    const other = Buffer.from('abc');
    assert.ok(one.buffer.byteLength >= Buffer.poolSize);
    assert.strictEqual(one.byteOffset % 8, 0);
    assert.strictEqual(other.byteOffset % 8, 0);
    assert.strictEqual(Buffer.allocUnsafe(4096).buffer.byteLength, 4096);
    assert.strictEqual(Buffer.allocUnsafeSlow(3).buffer.byteLength, 3);
    assert.strictEqual(Buffer.alloc(3).buffer.byteLength, 3);
});

test('no two Buffers share a byte of the pool', () => {
    const made = [];
    for (let i = 0; i < 3000; i++) {
        const size = random(i % 50 === 0 ? 5000 : 60);
        made.push(i % 2 ? Buffer.allocUnsafe(size).fill(i) :
            Buffer.from(String.fromCharCode(i & 127).repeat(size)));
    }
    for (const [i, bytes] of made.entries()) {
        const value = i % 2 ? i & 255 : i & 127;
        assert.ok(bytes.every((byte) => byte === value), `number ${i}`);
    }
});

test('Buffer() and SlowBuffer() still work', (t) => {
    process.removeAllListeners('warning');
    process.on('warning', () => {});
    const emit = process.emitWarning;
    const warnings = [];
    process.emitWarning = (text, type, code) => warnings.push(code);
    t.after(() => {
        process.emitWarning = emit;
    });
    bytesAre(new Buffer(3), [0, 0, 0]);
    bytesAre(Buffer('abc'), [97, 98, 99]);
    bytesAre(new Buffer('6162', 'hex'), [97, 98]);
    typeError(() => new Buffer(5, 'utf8'), 'The "string" argument must be of ' +
        'type string. Received type number (5)');
    assert.strictEqual(buffer.SlowBuffer(4).length, 4);
    assert.deepStrictEqual(warnings, ['DEP0005']);
});

test('of, isBuffer, isEncoding, copyBytesFrom', () => {
    bytesAre(Buffer.of(1, '2', 300), [1, 2, 44]);
    assert.ok(!Buffer.isBuffer(new Uint8Array(1)));
    for (const name of [...encodings, 'UTF-8', 'binary', 'ucs2', 'UCS-2',
        'utf-16LE']) {
        assert.ok(Buffer.isEncoding(name), name);
    }
    for (const name of ['', 'utf', 5, undefined, 'base-64']) {
        assert.ok(!Buffer.isEncoding(name), String(name));
    }
    const view = new Uint16Array([1, 2, 3]);
    bytesAre(Buffer.copyBytesFrom(view, 1, 1), [2, 0]);
    bytesAre(Buffer.copyBytesFrom(view, 9), []);
    typeError(() => Buffer.copyBytesFrom('x'), 'The "view" argument must be ' +
        "an instance of TypedArray. Received type string ('x')");
    rangeError(() => Buffer.copyBytesFrom(view, -1), 'The value of "offset" ' +
        'is out of range. It must be >= 0 && <= 9007199254740991. Received -1');
});

test('concat joins, cuts and fills up', () => {
    const bytes = Buffer.from('abc');
    bytesAre(Buffer.concat([bytes, new Uint8Array([1])]), [97, 98, 99, 1]);
    bytesAre(Buffer.concat([bytes, bytes], 4), [97, 98, 99, 97]);
    bytesAre(Buffer.concat([bytes], 5), [97, 98, 99, 0, 0]);
    bytesAre(Buffer.concat([]), []);
    bytesAre(Buffer.concat([], 3), []);
    typeError(() => Buffer.concat(), 'The "list" argument must be an ' +
        'instance of Array. Received undefined');
    typeError(() => Buffer.concat([bytes, 'x']), 'The "list[1]" argument ' +
        'must be an instance of Buffer or Uint8Array. Received type string ' +
        "('x')");
    rangeError(() => Buffer.concat([bytes], 1.5), 'The value of "length" is ' +
        'out of range. It must be an integer. Received 1.5');
});

/* -------------------------------------------------------------------- text */

test('text becomes UTF-8 by the book, at every length', () => {
    for (let length = 0; length < 700; length += 1 + random(8)) {
        const text = randomText(length);
        const expected = utf8Bytes(text);
        bytesAre(Buffer.from(text), expected);
        assert.strictEqual(Buffer.byteLength(text), expected.length);
        assert.strictEqual(Buffer.from(text).toString(),
            text.toWellFormed());
    }
});

test('long texts: ASCII, ASCII with one other character, none of it', () => {
    for (const size of [1365, 1366, 4096, 32768, 32769, 100000]) {
        const ascii = 'abcdefghij'.repeat(size / 10);
        const odd = `${ascii.slice(1)}\u20ac`;
        const wide = '\u00e9\u{1f600}'.repeat(size / 3);
        for (const text of [ascii, odd, wide]) {
            const bytes = Buffer.from(text);
            assert.strictEqual(bytes.length, Buffer.byteLength(text));
            assert.ok(bytes.toString() === text, `size ${size}`);
        }
    }
});

test('a lone surrogate is EF BF BD, a NUL is a character', () => {
    bytesAre(Buffer.from('\ud800'), [0xEF, 0xBF, 0xBD]);
    bytesAre(Buffer.from('a\udc00b'), [97, 0xEF, 0xBF, 0xBD, 98]);
    bytesAre(Buffer.from('\ud83d\ude00'), [0xF0, 0x9F, 0x98, 0x80]);
    bytesAre(Buffer.from('a\0b'), [97, 0, 98]);
    assert.strictEqual(Buffer.from([97, 0, 98]).toString(), 'a\0b');
});

test('what is not UTF-8 becomes one U+FFFD for each maximal part', () => {
    const cases = {
        '80': 1, 'ff': 1, 'c080': 2, 'c2': 1, 'c241': '\ufffdA',
        'e282': 1, 'e28241': '\ufffdA', 'e08080': 3, 'eda080': 3,
        'f09f98': 1, 'f08080': 3, 'f4908080': 4, 'f09f9841': '\ufffdA',
        'f5808080': 4, 'e282e282ac': '\ufffd\u20ac', 'c3a9ff': '\u00e9\ufffd',
        'efbbbf61': '\ufeffa',
    };
    for (const [hex, expected] of Object.entries(cases)) {
        const text = typeof expected === 'string' ? expected :
            '\ufffd'.repeat(expected);
        assert.strictEqual(Buffer.from(hex, 'hex').toString(), text, hex);
        // The same behind enough ASCII to take the other road.
        const ascii = 'x'.repeat(50);
        assert.strictEqual(Buffer.concat([Buffer.from(ascii),
            Buffer.from(hex, 'hex')]).toString(), ascii + text, hex);
    }
});

test('bytes survive the encodings that can hold them', () => {
    for (let length = 0; length < 300; length += 1 + random(3)) {
        const bytes = randomBytes(length);
        for (const name of ['latin1', 'hex', 'base64', 'base64url']) {
            const text = bytes.toString(name);
            assert.deepStrictEqual(Buffer.from(text, name), bytes, name);
            assert.strictEqual(Buffer.byteLength(text, name), length, name);
        }
        const even = bytes.subarray(0, length & ~1);
        assert.deepStrictEqual(Buffer.from(even.toString('utf16le'), 'ucs2'),
            even);
        assert.strictEqual(bytes.toString('ascii'),
            String.fromCharCode(...bytes.map((byte) => byte & 127)));
    }
});

test('each encoding is written as it is spelled', () => {
    const bytes = Buffer.from([0xFB, 0xFF, 0xBE, 0x61]);
    assert.strictEqual(bytes.toString('hex'), 'fbffbe61');
    assert.strictEqual(bytes.toString('base64'), '+/++YQ==');
    assert.strictEqual(bytes.toString('base64url'), '-_--YQ');
    assert.strictEqual(bytes.toString('latin1'), '\xfb\xff\xbea');
    assert.strictEqual(bytes.toString('binary'), '\xfb\xff\xbea');
    assert.strictEqual(bytes.toString('ascii'), '{\x7f>a');
    assert.strictEqual(bytes.toString('UCS-2'), '\ufffb\u61be');
    bytesAre(Buffer.from('\u0141\u00e9', 'latin1'), [0x41, 0xE9]);
    bytesAre(Buffer.from('\u00e9', 'ascii'), [0xE9]);
    bytesAre(Buffer.from('\ud800a', 'utf16le'), [0, 0xD8, 97, 0]);
});

test('of digits in base64 and hex the low byte counts', () => {
    bytesAre(Buffer.from('\u0159WJj', 'base64'), [97, 98, 99]);
    bytesAre(Buffer.from('YWJj\u013dYWJj', 'base64'), [97, 98, 99]);
    bytesAre(Buffer.from('\u4e2d\u4e5f', 'base64url'), [251]);
    bytesAre(Buffer.from('\u0141b\u0667f', 'hex'), [171]);
    assert.strictEqual(Buffer.alloc(3).write('\u01316', 'hex'), 1);
});

test('base64 and hex are read with patience', () => {
    bytesAre(Buffer.from('YWJj', 'base64'), [97, 98, 99]);
    bytesAre(Buffer.from('YW Jj\n', 'base64'), [97, 98, 99]);
    bytesAre(Buffer.from('YW*J!j', 'base64'), [97, 98, 99]);
    bytesAre(Buffer.from('YQ', 'base64'), [97]);
    bytesAre(Buffer.from('YQ==YQ==', 'base64'), [97]);
    bytesAre(Buffer.from('=YQ', 'base64'), []);
    bytesAre(Buffer.from('Y', 'base64'), []);
    bytesAre(Buffer.from('-_+/', 'base64'), [0xFB, 0xFF, 0xBF]);
    bytesAre(Buffer.from('-_+/', 'base64url'), [0xFB, 0xFF, 0xBF]);
    bytesAre(Buffer.from('abcz12', 'hex'), [0xAB]);
    bytesAre(Buffer.from('abc', 'hex'), [0xAB]);
    bytesAre(Buffer.from('aBCd', 'hex'), [0xAB, 0xCD]);
});

test('toString takes any start and end', () => {
    const bytes = Buffer.from('abcdef');
    assert.strictEqual(bytes.toString('utf8', 1, 3), 'bc');
    assert.strictEqual(bytes.toString('utf8', -3, 2), 'ab');
    assert.strictEqual(bytes.toString('utf8', 1.9, 3.9), 'bc');
    assert.strictEqual(bytes.toString('utf8', '1', '3'), 'bc');
    assert.strictEqual(bytes.toString('utf8', 4, 99), 'ef');
    assert.strictEqual(bytes.toString('utf8', 3, 2), '');
    assert.strictEqual(bytes.toString('utf8', 1, null), '');
    assert.strictEqual(bytes.toString(undefined, 4), 'ef');
    assert.strictEqual(bytes.toString('nope', 9), '');
    assert.strictEqual(bytes.toLocaleString(), 'abcdef');
    unknownEncoding(() => bytes.toString('nope'), 'nope');
    unknownEncoding(() => bytes.toString(null), 'null');
});

test('write has every overload', () => {
    const written = (...args) => {
        const bytes = Buffer.alloc(6);
        return [bytes.write(...args), bytes.latin1Slice()];
    };
    assert.deepStrictEqual(written('abc'), [3, 'abc\0\0\0']);
    assert.deepStrictEqual(written('6162', 'hex'), [2, 'ab\0\0\0\0']);
    assert.deepStrictEqual(written('abc', ''), [3, 'abc\0\0\0']);
    assert.deepStrictEqual(written('abc', 2), [3, '\0\0abc\0']);
    assert.deepStrictEqual(written('6162', 2, 'hex'), [2, '\0\0ab\0\0']);
    assert.deepStrictEqual(written('abc', 2, 2), [2, '\0\0ab\0\0']);
    assert.deepStrictEqual(written('6162', 2, 1, 'hex'), [1, '\0\0a\0\0\0']);
    assert.deepStrictEqual(written('abcdefgh', 4), [2, '\0\0\0\0ab']);
    assert.deepStrictEqual(written('abc', 0, 2, null), [2, 'ab\0\0\0\0']);
    assert.deepStrictEqual(written('\u20ac\u20ac', 1),
        [3, '\0\xe2\x82\xac\0\0']);
    assert.deepStrictEqual(written('ab', 1, 3, 'utf16le'),
        [2, '\0a\0\0\0\0']);
});

test('write says what is wrong', () => {
    const bytes = Buffer.alloc(6);
    assert.throws(() => bytes.write(5),
        { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
    typeError(() => bytes.write('a', null), 'The "offset" argument must be ' +
        'of type number. Received null');
    rangeError(() => bytes.write('a', 7), 'The value of "offset" is out of ' +
        'range. It must be >= 0 && <= 6. Received 7');
    rangeError(() => bytes.write('a', 0, -1), 'The value of "length" is out ' +
        'of range. It must be >= 0 && <= 6. Received -1');
    unknownEncoding(() => bytes.write('a', 'zz'), 'zz');
});

test('byteLength of strings, views and memory', () => {
    assert.strictEqual(Buffer.byteLength('\u00e9', 'zz'), 2);
    assert.strictEqual(Buffer.byteLength('abc', 'ucs2'), 6);
    assert.strictEqual(Buffer.byteLength('abcd', 'hex'), 2);
    assert.strictEqual(Buffer.byteLength('YQ==', 'base64'), 1);
    assert.strictEqual(Buffer.byteLength('\ud800x'), 4);
    assert.strictEqual(Buffer.byteLength(new ArrayBuffer(5)), 5);
    assert.strictEqual(Buffer.byteLength(new Uint16Array(5)), 10);
    typeError(() => Buffer.byteLength(5), 'The "string" argument must be of ' +
        'type string or an instance of Buffer or ArrayBuffer. Received type ' +
        'number (5)');
});

/* ----------------------------------------------------- slices, copies, fill */

test('slice and subarray share their memory', () => {
    let bytes;
    for (const method of ['slice', 'subarray']) {
        bytes = Buffer.from('abcdef');
        const part = (...args) => bytes[method](...args).toString();
        assert.strictEqual(part(2), 'cdef');
        assert.strictEqual(part(-2), 'ef');
        assert.strictEqual(part('1', '3'), 'bc');
        assert.strictEqual(part(1.9, NaN), '');
        assert.strictEqual(part(-9, -1), 'abcde');
        assert.strictEqual(part(5, 2), '');
        assert.strictEqual(part(-Infinity, Infinity), 'abcdef');
        bytes[method](1, 2)[0]++;
    }
    assert.strictEqual(bytes.toString(), 'accdef');
    assert.ok(Buffer.isBuffer(bytes.slice(1).subarray(1)));
});

test('copy moves what there is room for, also over itself', () => {
    const bytes = Buffer.from('abcdef');
    const target = Buffer.alloc(4, '.');
    assert.strictEqual(bytes.copy(target, 1), 3);
    assert.strictEqual(target.toString(), '.abc');
    assert.strictEqual(bytes.copy(target, 0, 4), 2);
    assert.strictEqual(target.toString(), 'efbc');
    assert.strictEqual(bytes.copy(target, 9), 0);
    assert.strictEqual(bytes.copy(target, 0, 3, 2), 0);
    assert.strictEqual(bytes.copy(target, 0, 0, 99), 4);
    assert.strictEqual(bytes.copy(bytes, 2, 0, 4), 4);
    assert.strictEqual(bytes.toString(), 'ababcd');
    typeError(() => bytes.copy('x'), 'The "target" argument must be an ' +
        "instance of Buffer or Uint8Array. Received type string ('x')");
    rangeError(() => bytes.copy(target, -1), 'The value of "targetStart" is ' +
        'out of range. It must be >= 0. Received -1');
    rangeError(() => bytes.copy(target, 0, 7), 'The value of "sourceStart" ' +
        'is out of range. It must be >= 0 && <= 6. Received 7');
});

test('fill repeats numbers, strings and bytes', () => {
    const filled = (...args) => Buffer.alloc(5).fill(...args).latin1Slice();
    assert.strictEqual(filled('abc', 1, 4), '\0abc\0');
    assert.strictEqual(filled('ab'), 'ababa');
    assert.strictEqual(filled('\u0222'), '\xc8\xa2\xc8\xa2\xc8');
    assert.strictEqual(filled('abcd', 1, 'hex'), '\0\xab\xcd\xab\xcd');
    assert.strictEqual(filled('6162', 'hex'), 'ababa');
    assert.strictEqual(filled(353), 'aaaaa');
    assert.strictEqual(filled(-159), 'aaaaa');
    assert.strictEqual(filled(Buffer.from('xy'), 2), '\0\0xyx');
    assert.strictEqual(filled(new Uint16Array([0x6261])), 'ababa');
    assert.strictEqual(filled(true), '\x01\x01\x01\x01\x01');
    rangeError(() => filled('a', 1, 9), 'The value of "end" is out of range. ' +
        'It must be >= 0 && <= 5. Received 9');
    rangeError(() => filled('a', 1.5), 'The value of "offset" is out of ' +
        'range. It must be an integer. Received 1.5');
    unknownEncoding(() => filled('a', 'x'), 'x');
    throwsLike(() => filled(Buffer.alloc(0)), 'TypeError',
        'ERR_INVALID_ARG_VALUE', "The argument 'value' is invalid. Received " +
        '<Buffer >');
});

test('swap turns groups of bytes around, few and many', () => {
    for (const length of [0, 8, 64, 256, 1024]) {
        const bytes = randomBytes(length);
        for (const size of [2, 4, 8]) {
            const expected = [];
            for (let i = 0; i < length; i += size) {
                expected.push(...[...bytes.subarray(i, i + size)].reverse());
            }
            bytesAre(Buffer.from(bytes)[`swap${size * 8}`](), expected);
        }
    }
    throwsLike(() => Buffer.alloc(6).swap32(), 'RangeError',
        'ERR_INVALID_BUFFER_SIZE', 'Buffer size must be a multiple of 32-bits');
});

/* ------------------------------------------------------- compare and search */

test('compare and equals order bytes, of any length', () => {
    for (let i = 0; i < 400; i++) {
        const one = randomBytes(random(150));
        const other = random(2) ? Buffer.from(one) :
            one.subarray(0, random(one.length + 1));
        if (random(2) && other.length > 0) other[random(other.length)] ^= 1;
        const at = one.findIndex((byte, k) => byte !== other[k]);
        const expected = at < 0 || other[at] === undefined ?
            Math.sign(one.length - other.length) :
            Math.sign(one[at] - other[at]);
        assert.strictEqual(one.compare(other), expected);
        assert.strictEqual(Buffer.compare(other, one), 0 - expected || 0);
        assert.strictEqual(one.equals(other), expected === 0);
    }
});

test('compare takes a part of each', () => {
    const one = Buffer.from('abcdef');
    const other = Buffer.from('xxcdxx');
    assert.strictEqual(one.compare(other, 2, 4, 2, 4), 0);
    assert.strictEqual(one.compare(other, 2, 5, 2, 4), -1);
    assert.strictEqual(one.compare(other, 7), 1);
    assert.strictEqual(one.compare(other, 0, 6, 7), -1);
    assert.strictEqual(one.compare(other, 3, 2, 3, 3), 0);
    rangeError(() => one.compare(other, 0, 7), 'The value of "targetEnd" is ' +
        'out of range. It must be >= 0 && <= 6. Received 7');
    rangeError(() => one.compare(other, 0, 6, 0, 7), 'The value of ' +
        '"sourceEnd" is out of range. It must be >= 0 && <= 6. Received 7');
    typeError(() => one.compare('x'), 'The "target" argument must be an ' +
        "instance of Buffer or Uint8Array. Received type string ('x')");
    typeError(() => Buffer.compare(one, 1), 'The "buf2" argument must be an ' +
        'instance of Buffer or Uint8Array. Received type number (1)');
    typeError(() => one.equals(1), 'The "otherBuffer" argument must be an ' +
        'instance of Buffer or Uint8Array. Received type number (1)');
});

test('indexOf and lastIndexOf find what String would', () => {
    const letters = (count) => Array.from({ length: count },
        () => 'ab'[random(8) ? 0 : 1]).join('');
    for (let i = 0; i < 600; i++) {
        const text = letters(random(200));
        const what = letters(random(6));
        const from = random(220);
        const bytes = Buffer.from(text);
        for (const needle of [what, Buffer.from(what)]) {
            assert.strictEqual(bytes.indexOf(needle, from),
                text.indexOf(what, from));
            assert.strictEqual(bytes.lastIndexOf(needle, from),
                text.lastIndexOf(what, from));
            assert.strictEqual(bytes.includes(needle), text.includes(what));
        }
    }
});

test('searching counts offsets from the end, and knows encodings', () => {
    const bytes = Buffer.from('abcabc');
    assert.strictEqual(bytes.indexOf('c', -3), 5);
    assert.strictEqual(bytes.lastIndexOf('abc', -4), 0);
    assert.strictEqual(bytes.lastIndexOf('c', null), -1);
    assert.strictEqual(bytes.lastIndexOf('c', NaN), 5);
    assert.strictEqual(bytes.indexOf('c', {}), 2);
    assert.strictEqual(bytes.indexOf(99.9), 2);
    assert.strictEqual(bytes.indexOf(355), 2);
    assert.strictEqual(bytes.indexOf(''), 0);
    assert.strictEqual(bytes.indexOf('', 99), 6);
    assert.strictEqual(bytes.lastIndexOf(''), 6);
    assert.strictEqual(bytes.indexOf('6263', 'hex'), 1);
    assert.strictEqual(bytes.indexOf('b', 'base64'), 0);
    const wide = Buffer.from('aabb', 'utf16le');
    assert.strictEqual(wide.indexOf('b', 3, 'ucs2'), 4);
    assert.strictEqual(wide.lastIndexOf('a', -3, 'ucs2'), 2);
    assert.strictEqual(wide.indexOf(Buffer.from([0, 97]), 0, 'ucs2'), -1);
    assert.strictEqual(wide.indexOf(Buffer.from([0, 97])), 1);
    assert.strictEqual(Buffer.from('\u00e9x').indexOf('x', 0, 'latin1'), 2);
    unknownEncoding(() => bytes.indexOf('a', 0, 'zz'), 'zz');
    typeError(() => bytes.indexOf({}), 'The "value" argument must be one of ' +
        'type number or string or an instance of Buffer or Uint8Array. ' +
        'Received an instance of Object');
});

/* ----------------------------------------------------------------- numbers */

test('integers of 8 to 48 bits go in and come out', () => {
    for (let i = 0; i < 300; i++) {
        const width = 1 + random(6);
        const expected = randomBytes(width);
        for (const order of ['LE', 'BE']) {
            for (const kind of ['Int', 'UInt', 'Uint']) {
                const bytes = Buffer.alloc(8);
                expected.copy(bytes, 1);
                const value = bytes[`read${kind}${order}`](1, width);
                const again = Buffer.alloc(8);
                assert.strictEqual(again[`write${kind}${order}`](value, 1,
                    width), 1 + width);
                assert.deepStrictEqual(again, bytes);
                assert.ok(kind === 'Int' || value >= 0);
                checkFixed(bytes, value, kind, order, width);
            }
        }
    }
});

/** readInt16LE() and the like agree with readIntLE(). */
function checkFixed(bytes, value, kind, order, width) {
    if (width !== 1 && width !== 2 && width !== 4) return;
    const name = `${kind}${width * 8}${width === 1 ? '' : order}`;
    assert.strictEqual(bytes[`read${name}`](1), value);
    const again = Buffer.alloc(8);
    assert.strictEqual(again[`write${name}`](value, 1), 1 + width);
    assert.deepStrictEqual(again, bytes);
}

test('wide numbers agree with DataView', () => {
    const kinds = [['Float', 4, 'Float32'], ['Double', 8, 'Float64'],
        ['BigInt64', 8, 'BigInt64'], ['BigUInt64', 8, 'BigUint64'],
        ['BigUint64', 8, 'BigUint64']];
    for (let i = 0; i < 200; i++) {
        const bytes = randomBytes(12);
        const view = new DataView(bytes.buffer, bytes.byteOffset, 12);
        for (const [kind, width, name] of kinds) {
            for (const order of ['LE', 'BE']) {
                const value = view[`get${name}`](3, order === 'LE');
                assert.strictEqual(
                    Object.is(bytes[`read${kind}${order}`](3), value), true);
                const again = Buffer.from(bytes);
                again.fill(0, 3, 3 + width);
                assert.strictEqual(again[`write${kind}${order}`](value, 3),
                    3 + width);
                assert.strictEqual(Object.is(
                    again[`read${kind}${order}`](3), value), true);
            }
        }
    }
    assert.strictEqual(Buffer.alloc(4).writeFloatLE(), 4);
});

test('reading beyond the bounds is told in three ways', () => {
    const bytes = Buffer.alloc(6);
    rangeError(() => bytes.readUInt8(6), 'The value of "offset" is out of ' +
        'range. It must be >= 0 and <= 5. Received 6');
    rangeError(() => bytes.readUInt32LE(3), 'The value of "offset" is out of ' +
        'range. It must be >= 0 and <= 2. Received 3');
    rangeError(() => bytes.readInt8(1.5), 'The value of "offset" is out of ' +
        'range. It must be an integer. Received 1.5');
    throwsLike(() => Buffer.alloc(1).readUInt16BE(), 'RangeError',
        'ERR_BUFFER_OUT_OF_BOUNDS',
        'Attempt to access memory outside buffer bounds');
    typeError(() => bytes.readDoubleLE('1'), 'The "offset" argument must be ' +
        "of type number. Received type string ('1')");
    typeError(() => bytes.readUIntLE(), 'The "offset" argument must be of ' +
        'type number. Received undefined');
    typeError(() => bytes.readUIntLE(0), 'The "byteLength" argument must be ' +
        'of type number. Received undefined');
    rangeError(() => bytes.readUIntLE(0, 7), 'The value of "byteLength" is ' +
        'out of range. It must be >= 1 and <= 6. Received 7');
});

test('values out of range are told with their bounds', () => {
    const bytes = Buffer.alloc(8);
    const range = (fn, bounds, value) => rangeError(fn,
        `The value of "value" is out of range. It must be ${bounds}. ` +
        `Received ${value}`);
    range(() => bytes.writeUInt8(256), '>= 0 and <= 255', '256');
    range(() => bytes.writeInt8(-129), '>= -128 and <= 127', '-129');
    range(() => bytes.writeUInt16LE(-1), '>= 0 and <= 65535', '-1');
    range(() => bytes.writeInt32BE(2 ** 31),
        '>= -2147483648 and <= 2147483647', '2147483648');
    range(() => bytes.writeUIntLE(2 ** 24, 0, 3), '>= 0 and <= 16777215',
        '16777216');
    range(() => bytes.writeUIntLE(2 ** 40, 0, 5), '>= 0 and < 2 ** 40',
        '1_099_511_627_776');
    range(() => bytes.writeIntLE(2 ** 47, 0, 6),
        '>= -(2 ** 47) and < 2 ** 47', '140_737_488_355_328');
    range(() => bytes.writeBigInt64LE(2n ** 63n),
        '>= -(2n ** 63n) and < 2n ** 63n', '9_223_372_036_854_775_808n');
    range(() => bytes.writeBigUInt64BE(-1n), '>= 0n and < 2n ** 64n', '-1n');
    for (const value of [5, true, '5', 'x', undefined, Symbol('x')]) {
        assert.throws(() => bytes.writeBigInt64LE(value), TypeError);
        assert.throws(() => bytes.writeBigUInt64BE(value), TypeError);
    }
    for (const name of ['writeUIntLE', 'writeUIntBE', 'writeIntLE',
        'writeIntBE']) {
        assert.throws(() => bytes[name](Symbol('x'), 0, 7),
            { code: 'ERR_OUT_OF_RANGE' });
    }
});

/* -------------------------------------------------------------- the module */

test('toJSON and back', () => {
    const bytes = Buffer.from([1, 255]);
    assert.strictEqual(JSON.stringify(bytes),
        '{"type":"Buffer","data":[1,255]}');
    assert.deepStrictEqual(Buffer.from(JSON.parse(JSON.stringify(bytes))),
        bytes);
});

test('a Buffer is shown as its bytes', (t) => {
    const { inspect } = require('util');
    assert.strictEqual(inspect(Buffer.from('hey')), '<Buffer 68 65 79>');
    assert.strictEqual(inspect(Buffer.alloc(0)), '<Buffer >');
    assert.strictEqual(inspect(Buffer.alloc(51)),
        `<Buffer${' 00'.repeat(50)} ... 1 more byte>`);
    assert.strictEqual(Buffer.from('hey').inspect(), '<Buffer 68 65 79>');
    const bytes = Buffer.from('hey');
    bytes.extra = 'yes';
    assert.strictEqual(inspect(bytes), "<Buffer 68 65 79, extra: 'yes'>");
    t.after(() => {
        buffer.INSPECT_MAX_BYTES = 50;
    });
    buffer.INSPECT_MAX_BYTES = 1;
    assert.strictEqual(inspect(Buffer.from('hey')),
        '<Buffer 68 ... 2 more bytes>');
    rangeError(() => {
        buffer.INSPECT_MAX_BYTES = -1;
    }, 'The value of "INSPECT_MAX_BYTES" is out of range. It must be >= 0. ' +
        'Received -1');
});

test('limits are exported, twice', () => {
    const { MAX_LENGTH, MAX_STRING_LENGTH } = buffer.constants;
    assert.ok(MAX_LENGTH >= 2 ** 32);
    assert.ok(MAX_STRING_LENGTH >= 2 ** 28);
    assert.strictEqual(kMaxLength, MAX_LENGTH);
    assert.strictEqual(buffer.kStringMaxLength, MAX_STRING_LENGTH);
});

test('isUtf8 and isAscii', () => {
    for (const length of [0, 5, 40]) {
        const ascii = 'x'.repeat(length);
        const with_ = (...bytes) =>
            Buffer.concat([Buffer.from(ascii), Buffer.from(bytes)]);
        assert.strictEqual(buffer.isUtf8(with_(0xE2, 0x82, 0xAC)), true);
        assert.strictEqual(buffer.isUtf8(with_(0xE2, 0x82)), false);
        assert.strictEqual(buffer.isUtf8(with_(0xED, 0xA0, 0x80)), false);
        assert.strictEqual(buffer.isAscii(with_(0x7F)), true);
        assert.strictEqual(buffer.isAscii(with_(0x80)), false);
    }
    assert.strictEqual(buffer.isAscii(new ArrayBuffer(3)), true);
    typeError(() => buffer.isUtf8('x'), 'The "input" argument must be an ' +
        'instance of ArrayBuffer, Buffer, or TypedArray. Received type ' +
        "string ('x')");
});

test('atob and btoa are as strict as browsers', () => {
    assert.strictEqual(btoa('\xe9a'), '6WE=');
    assert.strictEqual(atob(' 6W E=\n'), '\xe9a');
    assert.strictEqual(atob('6WE'), '\xe9a');
    assert.strictEqual(buffer.btoa(5), 'NQ==');
    for (const fn of [() => btoa('\u0100'), () => atob('a'),
        () => atob('YQ='), () => atob('-_==')]) {
        assert.throws(fn, { name: 'InvalidCharacterError', code: 5 });
    }
    throwsLike(() => atob(), 'TypeError', 'ERR_MISSING_ARGS',
        'The "input" argument must be specified');
});

test('transcode puts ? where the target has no character', () => {
    const source = Buffer.from('\u20ac\u00e9\u{1d4b3}a');
    bytesAre(buffer.transcode(source, 'utf8', 'ascii'), [63, 63, 63, 97]);
    bytesAre(buffer.transcode(source, 'utf8', 'latin1'), [63, 0xE9, 63, 97]);
    bytesAre(buffer.transcode(Buffer.from('\u20ac'), 'utf8', 'ucs2'),
        [0xAC, 0x20]);
    bytesAre(buffer.transcode(Buffer.from([0xE9]), 'latin1', 'utf8'),
        [0xC3, 0xA9]);
    bytesAre(buffer.transcode(Buffer.alloc(0), 'hex', 'utf8'), []);
    throwsLike(() => buffer.transcode(source, 'utf8', 'base64'), 'Error',
        'U_ILLEGAL_ARGUMENT_ERROR',
        'Unable to transcode Buffer [U_ILLEGAL_ARGUMENT_ERROR]');
    typeError(() => buffer.transcode('x'), 'The "source" argument must be an ' +
        "instance of Buffer or Uint8Array. Received type string ('x')");
});

test('the methods that encoders of messages call', () => {
    const bytes = Buffer.alloc(4);
    assert.strictEqual(bytes.utf8Write('\u00e9', 1), 2);
    assert.strictEqual(bytes.utf8Slice(1, 3), '\u00e9');
    assert.strictEqual(bytes.latin1Write('zz', 1, 1), 1);
    assert.strictEqual(bytes.hexSlice(), '007aa900');
    assert.strictEqual(bytes.ucs2Slice(0, 2), '\u7a00');
});
