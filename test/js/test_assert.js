'use strict';
/*
 * assert: what passes, what fails, and what the failure says. (On weir it is
 * tested with itself: the messages are compared by ===.)
 */
const { test, onWeir } = require('./harness');
const assert = require('assert');

/* The error that fn throws; fails loudly when there is none. */
function failure(fn) {
    try {
        fn();
    } catch (error) {
        return error;
    }
    throw new Error(`did not throw: ${fn}`);
}

function same(actual, expected) {
    if (actual !== expected) {
        throw new Error(`${actual}\ninstead of\n${expected}`);
    }
}

/* Node 20 ends a diff without a newline, Node 22 with one. */
function says(fn, message) {
    same(failure(fn).message.trimEnd(), message.trimEnd());
}

test('the error tells what, how and that', () => {
    const error = failure(() => assert.strictEqual(1, 2));
    same(error instanceof assert.AssertionError, true);
    same(error instanceof Error, true);
    same(error.name, 'AssertionError');
    same(error.code, 'ERR_ASSERTION');
    same(error.actual, 1);
    same(error.expected, 2);
    same(error.operator, 'strictEqual');
    same(error.generatedMessage, true);
    same(String(error).split('\n')[0],
        'AssertionError [ERR_ASSERTION]: ' +
        'Expected values to be strictly equal:');
    same(/test_assert\.js:\d+/.test(error.stack), true);
    same(Object.keys(error).slice(0, 5).join(),
        'generatedMessage,code,actual,expected,operator');
});

test('short values are compared on one line', () => {
    const head = 'Expected values to be strictly equal:\n\n';
    says(() => assert.strictEqual(1, 2), `${head}1 !== 2\n`);
    says(() => assert.strictEqual('a', 'b'), `${head}'a' !== 'b'\n`);
    says(() => assert.strictEqual(NaN, 1), `${head}NaN !== 1\n`);
    says(() => assert.strictEqual(1, '1'), `${head}1 !== '1'\n`);
    says(() => assert.deepStrictEqual(1, 2),
        'Expected values to be strictly deep-equal:\n\n1 !== 2\n');
});

test('longer ones stand below each other, with a pointer', () => {
    says(() => assert.strictEqual('hello world', 'hello there'),
        'Expected values to be strictly equal:\n+ actual - expected\n\n' +
        '+ \'hello world\'\n- \'hello there\'\n         ^\n');
    says(() => assert.strictEqual(0, -0),
        'Expected values to be strictly equal:\n+ actual - expected\n\n' +
        '+ 0\n- -0\n');
});

test('objects are compared line by line', () => {
    says(() => assert.deepStrictEqual({ a: 1, b: { c: 2 } },
        { a: 1, b: { c: 3 } }),
    'Expected values to be strictly deep-equal:\n+ actual - expected\n\n' +
        '  {\n    a: 1,\n    b: {\n+     c: 2\n-     c: 3\n    }\n  }\n');
    says(() => assert.deepStrictEqual([1, 2, 3], [1, 2, 3, 4]),
        'Expected values to be strictly deep-equal:\n+ actual - expected\n\n' +
        '  [\n    1,\n    2,\n    3,\n-   4\n  ]\n');
    says(() => assert.strictEqual({ a: 1 }, { a: 2 }),
        'Expected "actual" to be reference-equal to "expected":\n' +
        '+ actual - expected\n\n  {\n+   a: 1\n-   a: 2\n  }\n');
    says(() => assert.strictEqual([1], [1]),
        'Values have same structure but are not reference-equal:\n\n' +
        '[\n  1\n]\n');
});

test.weir('the shortest difference is shown, equal parts are cut', () => {
    says(() => assert.deepStrictEqual([1, 2, 3, 4], [2, 3, 4, 5]),
        'Expected values to be strictly deep-equal:\n+ actual - expected\n\n' +
        '  [\n+   1,\n    2,\n    3,\n    4,\n-   5\n  ]\n');
    const list = Array.from({ length: 30 }, (_, i) => i);
    const text = failure(() => assert.deepStrictEqual(list,
        list.with(20, 99))).message;
    same(text.includes('... Skipped lines'), true);
    same(text.includes('    5,\n'), false);
});

test('values that should have differed', () => {
    says(() => assert.notStrictEqual(1, 1),
        'Expected "actual" to be strictly unequal to: 1');
    says(() => assert.notDeepStrictEqual({ a: 1 }, { a: 1 }),
        'Expected "actual" not to be strictly deep-equal to:\n\n' +
        '{\n  a: 1\n}\n');
    const object = {};
    says(() => assert.notStrictEqual(object, object),
        'Expected "actual" not to be reference-equal to "expected": {}');
    says(() => assert.notDeepEqual({ a: 1 }, { a: '1' }),
        'Expected values not to be loosely deep-equal:\n\n{\n  a: 1\n}\n\n' +
        'should not loosely deep-equal\n\n{\n  a: \'1\'\n}');
});

test('loose comparison', () => {
    assert.equal(1, '1');
    assert.equal(null, undefined);
    assert.equal(NaN, NaN);
    assert.notEqual(1, 2);
    says(() => assert.equal(1, 2), '1 == 2');
    says(() => assert.notEqual(1, '1'), '1 != \'1\'');
    says(() => assert.deepEqual({ a: 1 }, { a: 2 }),
        'Expected values to be loosely deep-equal:\n\n{\n  a: 1\n}\n\n' +
        'should loosely deep-equal\n\n{\n  a: 2\n}');
});

test('a message or an error of one\'s own goes first', () => {
    const error = failure(() => assert.strictEqual(1, 2,
        new TypeError('own')));
    same(error.name, 'TypeError');
    same(failure(() => assert.ok(0, 'own')).message, 'own');
    same(failure(() => assert.ok(0, 'own')).generatedMessage, false);
});

test('ok shows what was written', () => {
    const { message, generatedMessage } = failure(() => {
        assert.ok(1 > 2 && 'a)' === "b");
    });
    same(message, 'The expression evaluated to a falsy value:\n\n' +
        '  assert.ok(1 > 2 && \'a)\' === "b")\n');
    same(generatedMessage, true);
    says(() => {
        assert(typeof 1 === 'string');
    }, 'The expression evaluated to a falsy value:\n\n' +
        '  assert(typeof 1 === \'string\')\n');
    const all = { assert, list: [0] };
    says(() => {
        all['assert'][`o${'k'}`](...all.list);
    }, 'The expression evaluated to a falsy value:\n\n' +
        "  all['assert'][`o${'k'}`](...all.list)\n");
    says(() => {
        (0, all.assert.ok)(false);
    }, 'The expression evaluated to a falsy value:\n\n' +
        '  (0, all.assert.ok)(false)\n');
    says(() => assert.ok(),
        'No value argument passed to `assert.ok()`');
    assert(1);
    assert.ok('x');
});

test('fail', () => {
    says(() => assert.fail(), 'Failed');
    says(() => assert.fail('boom'), 'boom');
    same(failure(() => assert.fail(new TypeError('x'))).name, 'TypeError');
    same(failure(() => assert.fail()).operator, 'fail');
});

test('arguments are checked', () => {
    says(() => assert.strictEqual(),
        'The "actual" and "expected" arguments must be specified');
    same(failure(() => assert.deepEqual(1)).code, 'ERR_MISSING_ARGS');
    same(failure(() => assert.throws(1)).code, 'ERR_INVALID_ARG_TYPE');
    says(() => assert.throws(() => {
        throw new Error('x');
    }, 5), 'The "error" argument must be of type function or an instance of ' +
        'Error, RegExp, or Object. Received type number (5)');
    same(failure(() => new assert.AssertionError('x')).code,
        'ERR_INVALID_ARG_TYPE');
    same(failure(() => assert.match('a', 'a')).code, 'ERR_INVALID_ARG_TYPE');
});

const thrower = (error) => () => {
    throw error;
};

test('throws takes a class, a pattern, a function or properties', () => {
    const error = Object.assign(new TypeError('bad thing'), { code: 'E' });
    assert.throws(thrower(error));
    assert.throws(thrower(error), TypeError);
    assert.throws(thrower(error), Error);
    assert.throws(thrower(error), /bad/);
    assert.throws(thrower(error), (thrown) => thrown === error);
    assert.throws(thrower(error), { code: 'E', message: /^bad/ });
    assert.throws(thrower(error), new TypeError('bad thing'));
    assert.throws(thrower(undefined));
    says(() => assert.throws(() => {}), 'Missing expected exception.');
    says(() => assert.throws(() => {}, TypeError, 'why'),
        'Missing expected exception (TypeError): why');
    says(() => assert.throws(thrower(new Error('x')), TypeError),
        'The error is expected to be an instance of "TypeError". ' +
        'Received "Error"\n\nError message:\n\nx');
    says(() => assert.throws(thrower(new Error('x')), /y/),
        'The input did not match the regular expression /y/. Input:\n\n' +
        '\'Error: x\'\n');
    says(() => assert.throws(thrower(new Error('x')), () => false),
        'The validation function is expected to return "true". ' +
        'Received false\n\nCaught error:\n\nError: x');
    says(() => assert.throws(thrower(new Error('x')), { message: 'y' }),
        'Expected values to be strictly deep-equal:\n+ actual - expected\n\n' +
        '  Comparison {\n+   message: \'x\'\n-   message: \'y\'\n  }');
    same(failure(() => assert.throws(thrower(error), {})).code,
        'ERR_INVALID_ARG_VALUE');
    same(failure(() => assert.throws(thrower(new Error('x')), 'x')).code,
        'ERR_AMBIGUOUS_ARGUMENT');
});

test('doesNotThrow', () => {
    assert.doesNotThrow(() => {});
    says(() => assert.doesNotThrow(thrower(new Error('x')), 'why'),
        'Got unwanted exception: why\nActual message: "x"');
    same(failure(() => assert.doesNotThrow(thrower(new Error('x')),
        TypeError)).message, 'x');
});

async function rejection(promise) {
    try {
        await promise;
    } catch (error) {
        return error;
    }
    throw new Error('was not rejected');
}

test('rejects and doesNotReject', async () => {
    await assert.rejects(Promise.reject(new TypeError('x')), TypeError);
    await assert.rejects(async () => {
        throw new Error('y');
    }, /y/);
    await assert.doesNotReject(Promise.resolve());
    same((await rejection(assert.rejects(Promise.resolve()))).message,
        'Missing expected rejection.');
    same((await rejection(assert.doesNotReject(
        Promise.reject(new Error('z'))))).message,
    'Got unwanted rejection.\nActual message: "z"');
    same((await rejection(assert.rejects(() => 1))).code,
        'ERR_INVALID_RETURN_VALUE');
    same((await rejection(assert.rejects(1))).code, 'ERR_INVALID_ARG_TYPE');
});

test('match and doesNotMatch', () => {
    assert.match('abc', /b/);
    assert.doesNotMatch('abc', /x/);
    says(() => assert.match('abc', /x/), 'The input did not match the ' +
        'regular expression /x/. Input:\n\n\'abc\'\n');
    says(() => assert.doesNotMatch('abc', /b/), 'The input was expected to ' +
        'not match the regular expression /b/. Input:\n\n\'abc\'\n');
    says(() => assert.match(1, /x/), 'The "string" argument must be of type ' +
        'string. Received type number (1)');
});

test('ifError', () => {
    assert.ifError(null);
    assert.ifError(undefined);
    says(() => assert.ifError(new Error('x')),
        'ifError got unwanted exception: x');
    says(() => assert.ifError(0), 'ifError got unwanted exception: 0');
});

test('strict has the strict functions under the short names', () => {
    const { strict } = assert;
    same(strict, require('assert/strict'));
    same(strict.strict, strict);
    same(strict.equal, assert.strictEqual);
    same(strict.deepEqual, assert.deepStrictEqual);
    same(failure(() => strict.deepEqual({ a: 1 }, { a: '1' })).operator,
        'deepStrictEqual');
});

/* [a, b, strictly equal, loosely equal] */
const circular = () => {
    const value = { name: 'x' };
    value.self = value;
    return value;
};
const pairs = [
    [{ a: 1 }, { a: 1 }, true, true],
    [{ a: 1 }, { a: '1' }, false, true],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, true, true],
    [{ a: undefined }, {}, false, false],
    [{ a: undefined }, { b: undefined }, false, false],
    [[1, 2], [1, 2], true, true],
    [[1, 2], [2, 1], false, false],
    [[], {}, false, false],
    [[1, , 3], [1, undefined, 3], false, false],
    [NaN, NaN, true, true],
    [0, -0, false, true],
    [[0], [-0], false, true],
    [1, 1n, false, true],
    ['a', 'a', true, true],
    [null, undefined, false, true],
    [null, {}, false, false],
    [new Date(0), new Date(0), true, true],
    [new Date(0), new Date(1), false, false],
    [new Date(NaN), new Date(NaN), false, false],
    [/a/g, /a/g, true, true],
    [/a/g, /a/i, false, false],
    [new Error('a'), new Error('a'), true, true],
    [new Error('a'), new Error('b'), false, false],
    [new Error('a'), new TypeError('a'), false, false],
    [new Map([[1, 2]]), new Map([[1, 2]]), true, true],
    [new Map([[1, 2]]), new Map([[1, 3]]), false, false],
    [new Map([[1, 2], [3, 4]]), new Map([[3, 4], [1, 2]]), true, true],
    [new Map([[{ a: 1 }, { b: 1 }]]), new Map([[{ a: 1 }, { b: 1 }]]),
        true, true],
    [new Map([['1', 2]]), new Map([[1, 2]]), false, true],
    [new Set([1, 2]), new Set([2, 1]), true, true],
    [new Set([1]), new Set([2]), false, false],
    [new Set([1]), new Set(['1']), false, true],
    [new Set([{ a: 1 }, { a: 2 }]), new Set([{ a: 2 }, { a: 1 }]),
        true, true],
    [new Set([{ a: 1 }, { a: 1 }]), new Set([{ a: 1 }, { a: 2 }]),
        false, false],
    [new Set([[1], [2]]), new Set([[2], [1]]), true, true],
    [new Uint8Array([1, 2]), new Uint8Array([1, 2]), true, true],
    [new Uint8Array([1, 2]), new Uint8Array([1, 3]), false, false],
    [new Uint8Array([1]), new Int8Array([1]), false, false],
    [new Float32Array([0]), new Float32Array([-0]), false, true],
    [Buffer.from('ab'), Buffer.from('ab'), true, true],
    [new Uint8Array([1]).buffer, new Uint8Array([1]).buffer, true, true],
    [new Uint8Array([1]).buffer, new Uint8Array([2]).buffer, false, false],
    [new Number(1), new Number(1), true, true],
    [new Number(1), new Number(2), false, false],
    [new String('a'), new String('a'), true, true],
    [Object(1n), Object(1n), true, true],
    [Object(Symbol.iterator), Object(Symbol.iterator), true, true],
    [Object.create(null), {}, false, true],
    [new (class A {})(), new (class B {})(), false, true],
    [Object.assign([1], { x: 1 }), Object.assign([1], { x: 1 }), true, true],
    [Object.assign([1], { x: 1 }), [1], false, false],
    [{ [Symbol.iterator]: 1 }, { [Symbol.iterator]: 2 }, false, true],
    [{ [Symbol.iterator]: 1 }, {}, false, true],
    [circular(), circular(), true, true],
    [() => {}, () => {}, false, false],
    [{ a: { b: { c: [1, { d: 2 }] } } }, { a: { b: { c: [1, { d: 2 }] } } },
        true, true],
    [(function() {
        return arguments;
    })(1), [1], false, false],
];

test('deep equality, strict and loose', () => {
    const { inspect } = require('util');
    const passes = (fn, a, b) => {
        try {
            fn(a, b);
            return true;
        } catch (error) {
            same(error.code, 'ERR_ASSERTION');
            return false;
        }
    };
    for (const [a, b, strictly, loosely] of pairs) {
        const name = `${inspect(a)} and ${inspect(b)}`;
        const check = (fn, wanted) => {
            for (const [x, y] of [[a, b], [b, a]]) {
                if (passes(assert[fn], x, y) !== wanted) {
                    throw new Error(`${fn} of ${name} is ${!wanted}`);
                }
            }
        };
        check('deepStrictEqual', strictly);
        check('notDeepStrictEqual', !strictly);
        check('deepEqual', loosely);
        check('notDeepEqual', !loosely);
    }
});

test('cycles of different shapes differ', () => {
    const a = {};
    a.x = { x: a };
    const b = {};
    b.x = b;
    const c = { x: { x: 1 } };
    same(failure(() => assert.deepStrictEqual(a, c)).code, 'ERR_ASSERTION');
    same(failure(() => assert.deepStrictEqual(b, c)).code, 'ERR_ASSERTION');
});

test.weir('partialDeepStrictEqual asks only for what is expected', () => {
    const { partialDeepStrictEqual } = assert;
    partialDeepStrictEqual({ a: 1, b: { c: 2, d: 3 } }, { b: { c: 2 } });
    partialDeepStrictEqual([1, 2, 3], [1, 3]);
    partialDeepStrictEqual(new Map([[1, 2], [3, 4]]), new Map([[3, 4]]));
    partialDeepStrictEqual(new Set([1, 2]), new Set([2]));
    failure(() => partialDeepStrictEqual({ a: 1 }, { a: 1, b: 2 }));
    failure(() => partialDeepStrictEqual([1, 3], [3, 1]));
    same(onWeir, true);
});
