'use strict';
/* structuredClone: deep copies, and what cannot be copied. */
const { test, assert } = require('./harness');

function refused(value, message, options) {
    assert.throws(() => structuredClone(value, options), (error) => {
        assert.ok(error instanceof DOMException);
        assert.strictEqual(error.name, 'DataCloneError');
        assert.strictEqual(error.code, 25);
        if (message !== undefined) {
            assert.strictEqual(error.message, message);
        }
        return true;
    });
}

test('primitives are themselves', () => {
    for (const value of [1, 'x', true, null, undefined, 10n, NaN]) {
        assert.ok(Object.is(structuredClone(value), value));
    }
    assert.ok(Object.is(structuredClone(-0), -0));
});

test('objects and arrays are copied in depth', () => {
    const value = { a: [1, { b: 2 }], c: { d: undefined } };
    const copy = structuredClone(value);
    assert.deepStrictEqual(copy, value);
    assert.notStrictEqual(copy.a, value.a);
    assert.notStrictEqual(copy.a[1], value.a[1]);
    assert.deepStrictEqual(structuredClone([1, , 3]), [1, , 3]);
    assert.deepStrictEqual(structuredClone(Object.assign([1], { x: 1 })),
        Object.assign([1], { x: 1 }));
});

test('cycles and shared parts stay what they were', () => {
    const value = { list: [] };
    value.self = value;
    value.list.push(value, value.list);
    const copy = structuredClone(value);
    assert.strictEqual(copy.self, copy);
    assert.strictEqual(copy.list[0], copy);
    assert.strictEqual(copy.list[1], copy.list);
    const shared = {};
    const [a, b] = structuredClone([shared, shared]);
    assert.strictEqual(a, b);
});

test('maps, sets, dates and patterns', () => {
    const value = {
        map: new Map([[{ k: 1 }, new Set([1, 'a'])]]),
        date: new Date(5),
        pattern: /x/gi,
    };
    assert.deepStrictEqual(structuredClone(value), value);
    assert.strictEqual(
        structuredClone(Object.assign(/x/g, { lastIndex: 2 })).lastIndex, 0);
    const map = new Map();
    map.set('me', map);
    const copy = structuredClone(map);
    assert.strictEqual(copy.get('me'), copy);
});

test('errors keep their type, message, stack and cause', () => {
    const error = new RangeError('bad', { cause: new TypeError('why') });
    const copy = structuredClone(error);
    assert.ok(copy instanceof RangeError);
    assert.strictEqual(copy.message, 'bad');
    assert.strictEqual(copy.stack, error.stack);
    assert.ok(copy.cause instanceof TypeError);
    assert.ok(!Object.keys(copy).includes('message'));
    class FooError extends TypeError {}
    const plain = structuredClone(Object.assign(new FooError('m'), { x: 1 }));
    assert.strictEqual(Object.getPrototypeOf(plain), TypeError.prototype);
    assert.strictEqual(plain.x, undefined);
});

test('buffers, views and Buffers', () => {
    const bytes = new Uint8Array([1, 2, 3]);
    const copy = structuredClone(bytes);
    assert.deepStrictEqual(copy, bytes);
    copy[0] = 9;
    assert.strictEqual(bytes[0], 1);
    const { a, b } = structuredClone({
        a: new Uint8Array(bytes.buffer, 1), b: new DataView(bytes.buffer, 2),
    });
    assert.strictEqual(a.buffer, b.buffer);
    assert.strictEqual(a.byteOffset, 1);
    assert.strictEqual(b.byteLength, 1);
    assert.deepStrictEqual(structuredClone(new Float64Array([0.5])),
        new Float64Array([0.5]));
    const text = structuredClone(Buffer.from('ab'));
    assert.strictEqual(Object.getPrototypeOf(text), Uint8Array.prototype);
    assert.deepStrictEqual([...text], [97, 98]);
});

test('boxed primitives', () => {
    const copy = structuredClone([Object(1), Object('s'), Object(true),
        Object(2n)]);
    assert.deepStrictEqual(copy, [Object(1), Object('s'), Object(true),
        Object(2n)]);
});

test('of an instance its own properties remain; getters are read', () => {
    class Point {
        x = 1;

        get y() {
            return 2;
        }
    }
    const copy = structuredClone(new Point());
    assert.strictEqual(Object.getPrototypeOf(copy), Object.prototype);
    assert.deepStrictEqual(copy, { x: 1 });
    assert.deepStrictEqual(structuredClone({
        get a() {
            return 5;
        },
    }), { a: 5 });
    const odd = JSON.parse('{"__proto__": {"a": 1}}');
    assert.ok(Object.hasOwn(structuredClone(odd), '__proto__'));
});

test('symbol keys and hidden properties are left out', () => {
    const value = Object.defineProperty({ [Symbol('s')]: 1, a: 1 }, 'h',
        { value: 2 });
    assert.deepStrictEqual(structuredClone(value), { a: 1 });
});

test('what has a life of its own is refused', () => {
    refused(Symbol('a'), 'Symbol(a) could not be cloned.');
    refused(() => {}, '() => {} could not be cloned.');
    refused({ deep: [() => 1] }, '() => 1 could not be cloned.');
    refused(Promise.resolve(), '#<Promise> could not be cloned.');
    refused(new WeakMap(), '#<WeakMap> could not be cloned.');
    refused(new Proxy({}, {}), '#<Object> could not be cloned.');
});

test('an ArrayBuffer in transfer moves', () => {
    const bytes = new Uint8Array([1, 2, 3]);
    const { buffer } = bytes;
    const copy = structuredClone({ bytes }, { transfer: [buffer] });
    assert.deepStrictEqual([...copy.bytes], [1, 2, 3]);
    assert.strictEqual(buffer.byteLength, 0);
    assert.strictEqual(bytes.length, 0);
    refused(buffer, 'An ArrayBuffer is detached and could not be cloned.');
});

test('a clone that fails leaves what was to be moved', () => {
    const buffer = new ArrayBuffer(3);
    refused({ buffer, no() {} }, undefined, { transfer: [buffer] });
    assert.strictEqual(buffer.byteLength, 3);
});

test('arguments are checked', () => {
    assert.throws(() => structuredClone(), { code: 'ERR_MISSING_ARGS' });
    assert.throws(() => structuredClone(1, 5),
        { code: 'ERR_INVALID_ARG_TYPE' });
    assert.throws(() => structuredClone(1, { transfer: 1 }),
        { code: 'ERR_INVALID_ARG_TYPE' });
    assert.throws(() => structuredClone(1, { transfer: [1] }));
    const buffer = new ArrayBuffer(1);
    refused(1, 'Transfer list contains duplicate ArrayBuffer',
        { transfer: [buffer, buffer] });
    assert.strictEqual(structuredClone(1, null), 1);
});
