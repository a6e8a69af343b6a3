'use strict';
/*
 * Ti.Buffer and Ti.Codec, as docs/compatibility.md has them.
 */
const { test, assert } = require('./harness');
const { bytesOf } = require('./titanium');

/* ------------------------------------------------------------------ Ti.Buffer */

test.weir('createBuffer takes text, numbers and lengths', () => {
    assert.strictEqual(Ti.createBuffer().length, 0);
    assert.strictEqual(Ti.createBuffer({ length: 3 }).toString(), '\0\0\0');
    assert.strictEqual(bytesOf('gr\u00fcn').length, 5);
    assert.strictEqual(bytesOf('gr\u00fcn').toString(), 'gr\u00fcn');
    const cut = Ti.createBuffer({ value: 'hello', length: 2 });
    assert.strictEqual(cut.toString(), 'he');
    const longer = Ti.createBuffer({ value: 'hi', length: 4 });
    assert.strictEqual(longer.toString(), 'hi\0\0');
    const latin = Ti.createBuffer({ value: 'gr\u00fcn',
        type: Ti.Codec.CHARSET_ISO_LATIN_1 });
    assert.strictEqual(latin.length, 4);
    assert.strictEqual(latin.toString(), 'gr\u00fcn');
    const number = Ti.createBuffer({ value: 258, type: Ti.Codec.TYPE_SHORT,
        byteOrder: Ti.Codec.BIG_ENDIAN });
    assert.deepStrictEqual([number[0], number[1], number.length], [1, 2, 2]);
    assert.strictEqual(number.type, Ti.Codec.TYPE_SHORT);
    assert.strictEqual(number.byteOrder, Ti.Codec.BIG_ENDIAN);
    assert.strictEqual(Ti.createBuffer().byteOrder,
        Ti.Codec.getNativeByteOrder());
    assert.throws(() => Ti.createBuffer({ value: 5 }), { message: /type/ });
    assert.throws(() => Ti.createBuffer({ value: {} }), { message: /value/ });
    assert.throws(() => Ti.createBuffer({ length: -1 }),
        { message: /length/ });
    assert.throws(() => Ti.createBuffer({ type: 'x' }), { message: /type/ });
});

test.weir('length truncates or fills with zeroes', () => {
    const buffer = bytesOf('hello');
    buffer.length = 2;
    assert.strictEqual(buffer.toString(), 'he');
    buffer.length = 4;
    assert.strictEqual(buffer.toString(), 'he\0\0');
    for (const bad of [-1, 1.5, '3', null, NaN]) {
        assert.throws(() => {
            buffer.length = bad;
        }, { message: /length/ });
    }
    assert.strictEqual(buffer.length, 4);
});

test.weir('a buffer has its bytes by index', () => {
    const buffer = bytesOf('abc');
    assert.strictEqual(buffer[0], 97);
    assert.strictEqual(buffer[3], undefined);
    assert.strictEqual(buffer['00'], undefined);
    buffer[1] = 255;
    buffer[2] = -1;
    assert.deepStrictEqual([buffer[1], buffer[2]], [255, 255]);
    assert.throws(() => {
        buffer[3] = 1;
    }, { message: /index/ });
    for (const bad of [256, 1.5, 'x', undefined]) {
        assert.throws(() => {
            buffer[0] = bad;
        }, { message: /value/ });
    }
    buffer.mine = 'kept';
    assert.strictEqual(buffer.mine, 'kept');
    assert.strictEqual(buffer.other, undefined);
});

test.weir('append, insert, copy, clone, fill, clear and release', () => {
    const buffer = bytesOf('ab');
    assert.strictEqual(buffer.append(bytesOf('cdef')), 4);
    assert.strictEqual(buffer.append(bytesOf('xyz'), 1, 1), 1);
    assert.strictEqual(buffer.toString(), 'abcdefy');
    assert.strictEqual(buffer.insert(bytesOf('12'), 1), 2);
    assert.strictEqual(buffer.insert(bytesOf('345'), 0, 2, 1), 1);
    assert.strictEqual(buffer.toString(), '5a12bcdefy');
    assert.strictEqual(buffer.append(buffer), 10);
    buffer.length = 10;
    assert.strictEqual(buffer.copy(bytesOf('XY')), 2);
    assert.strictEqual(buffer.copy(bytesOf('ZZZ'), 8), 2);
    assert.strictEqual(buffer.copy(bytesOf('0123'), 4, 1, 2), 2);
    assert.strictEqual(buffer.toString(), 'XY1212deZZ');
    const copy = buffer.clone(2, 4);
    assert.strictEqual(copy.toString(), '1212');
    copy[0] = 33;
    assert.strictEqual(buffer.toString(), 'XY1212deZZ');
    assert.strictEqual(buffer.clone().toString(), 'XY1212deZZ');
    buffer.fill(42, 1, 2);
    assert.strictEqual(buffer.toString(), 'X**212deZZ');
    buffer.fill(43);
    assert.strictEqual(buffer.toString(), '+'.repeat(10));
    buffer.clear();
    assert.strictEqual(buffer.toString(), '\0'.repeat(10));
    buffer.release();
    assert.strictEqual(buffer.length, 0);
    assert.throws(() => buffer.insert(copy, 1), { message: /offset/ });
});

/* ------------------------------------------------------------------- Ti.Codec */

test.weir('strings travel through every charset', () => {
    const text = 'A\u00e9\u20ac';
    const expected = {
        CHARSET_ASCII: '413f3f',
        CHARSET_ISO_LATIN_1: '41e93f',
        CHARSET_UTF8: '41c3a9e282ac',
        CHARSET_UTF16: 'feff004100e920ac',
        CHARSET_UTF16BE: '004100e920ac',
        CHARSET_UTF16LE: '4100e900ac20',
    };
    for (const [name, hex] of Object.entries(expected)) {
        const charset = Ti.Codec[name];
        const dest = Ti.createBuffer({ length: 20 });
        const end = Ti.Codec.encodeString({ source: text, dest, charset });
        const bytes = Array.from({ length: end }, (_, i) =>
            dest[i].toString(16).padStart(2, '0')).join('');
        assert.strictEqual(bytes, hex, name);
        const back = Ti.Codec.decodeString({ source: dest, charset,
            position: 0, length: end });
        assert.strictEqual(back, {
            CHARSET_ASCII: 'A??', CHARSET_ISO_LATIN_1: 'A\u00e9?',
        }[name] ?? text, name);
    }
});

test.weir('encodeString and decodeString take parts', () => {
    const dest = Ti.createBuffer({ length: 6 });
    assert.strictEqual(Ti.Codec.encodeString({ source: 'abcdef', dest,
        destPosition: 2, sourcePosition: 1, sourceLength: 3 }), 5);
    assert.strictEqual(dest.toString(), '\0\0bcd\0');
    assert.strictEqual(Ti.Codec.decodeString({ source: dest, position: 2,
        length: 2 }), 'bc');
    assert.strictEqual(Ti.Codec.decodeString({ source: dest, position: 3 }),
        'cd\0');
    assert.throws(() => Ti.Codec.encodeString({ source: 'too long', dest }),
        { message: /dest/ });
    assert.throws(() => Ti.Codec.encodeString({ source: 'x', dest,
        charset: 'EBCDIC' }), { message: /charset/ });
    assert.throws(() => Ti.Codec.decodeString({ source: dest, position: 7 }),
        { message: /position/ });
});

test.weir('numbers travel in every type and order', () => {
    const { BIG_ENDIAN, LITTLE_ENDIAN } = Ti.Codec;
    const cases = [
        ['TYPE_BYTE', -5, 1], ['TYPE_SHORT', -300, 2], ['TYPE_INT', 1 << 30, 4],
        ['TYPE_LONG', -(2 ** 40), 8], ['TYPE_FLOAT', 0.5, 4],
        ['TYPE_DOUBLE', Math.PI, 8],
    ];
    for (const [name, source, size] of cases) {
        for (const byteOrder of [BIG_ENDIAN, LITTLE_ENDIAN, undefined]) {
            const type = Ti.Codec[name];
            const dest = Ti.createBuffer({ length: 9 });
            assert.strictEqual(Ti.Codec.encodeNumber(
                { source, dest, position: 1, type, byteOrder }), size + 1);
            assert.strictEqual(Ti.Codec.decodeNumber(
                { source: dest, position: 1, type, byteOrder }), source);
        }
    }
    const dest = Ti.createBuffer({ length: 2 });
    Ti.Codec.encodeNumber({ source: 1, dest, type: Ti.Codec.TYPE_SHORT,
        byteOrder: BIG_ENDIAN });
    assert.deepStrictEqual([dest[0], dest[1]], [0, 1]);
    assert.throws(() => Ti.Codec.encodeNumber({ source: 1, dest,
        type: Ti.Codec.TYPE_INT }), { message: /position/ });
    assert.throws(() => Ti.Codec.encodeNumber({ source: NaN, dest,
        type: Ti.Codec.TYPE_SHORT }), { message: /source/ });
    assert.throws(() => Ti.Codec.decodeNumber({ source: dest, type: 'word' }),
        { message: /type/ });
});
