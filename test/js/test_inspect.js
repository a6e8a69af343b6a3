'use strict';
/*
 * util.inspect, character by character as Node prints: a corpus of values with
 * Node's output beside it, and what cannot be told by a text alone.
 */
const { test, assert, onWeir } = require('./harness');
const util = require('util');
const values = require('./fixtures/inspect_values');
const expected = require('./fixtures/inspect_expected.json');

const { inspect } = util;

/* Forty values to a test: the name of one that fails is in its message. */
const GROUP = 40;

for (let from = 0; from < values.length; from += GROUP) {
    const to = Math.min(from + GROUP, values.length);
    test(`values ${from} to ${to - 1} print as in Node`, () => {
        for (let i = from; i < to; i++) {
            const [make, options] = values[i];
            assert.strictEqual(inspect(make(), options), expected[i],
                `${make}\n${inspect(make(), options)}\ninstead of\n` +
                expected[i]);
        }
    });
}

test('the corpus has more than 200 values', () => {
    assert.ok(values.length > 200);
    assert.strictEqual(values.length, expected.length);
});

test('an error is shown with its stack in Node\'s form', () => {
    const lines = inspect(new Error('boom')).split('\n');
    assert.strictEqual(lines[0], 'Error: boom');
    assert.match(lines[1], /^ {4}at .*test_inspect\.js:\d+:\d+\)?$/);
});

test('an error of a class is called by the class', () => {
    class FooError extends Error {}
    assert.match(inspect(new FooError('x')), /^FooError: x\n {4}at /);
});

test('errors thrown by builtins show their code', () => {
    try {
        util.inherits(undefined, Object);
        assert.fail('nothing was thrown');
    } catch (error) {
        const text = inspect(error);
        assert.match(text, /^TypeError \[ERR_INVALID_ARG_TYPE\]: The "ctor"/);
        assert.match(text, /\{\n {2}code: 'ERR_INVALID_ARG_TYPE'\n\}$/);
    }
});

test('a cause is shown in brackets below the error', () => {
    const text = inspect(new Error('outer', { cause: new Error('inner') }));
    assert.match(text, /^Error: outer\n {4}at [^]*\{\n {2}\[cause\]: Error: /);
});

test('an AggregateError shows its errors', () => {
    const text = inspect(new AggregateError([new Error('one'), 2], 'both'));
    assert.match(text, /^AggregateError: both\n/);
    assert.match(text, / {2}\[errors\]: \[\n {4}Error: one\n/);
});

test('an object that inspect.custom gives is indented once', () => {
    const inner = { text: 'x'.repeat(40), list: ['y'.repeat(40)] };
    const value = { [inspect.custom]: () => inner };

    for (const around of [(each) => ({ each }), (each) => [[each]],
        (each) => new Map([[1, { each }]])]) {
        assert.strictEqual(inspect(around(value)), inspect(around(inner)));
    }
    assert.strictEqual(
        inspect({ k: { l: { [inspect.custom]: () => 'one\ntwo' } } }),
        '{\n  k: {\n    l: one\n    two\n  }\n}');
});

test('inspect.custom gets the depth that is left, options and inspect', () => {
    let given;
    const value = {
        [inspect.custom](...args) {
            given = args;
            return 'shown';
        },
    };
    assert.strictEqual(inspect({ deep: value }, { depth: 5 }),
        '{ deep: shown }');
    assert.strictEqual(given[0], 4);
    assert.strictEqual(given[1].depth, 5);
    assert.strictEqual(typeof given[1].stylize, 'function');
    assert.strictEqual(given[2], inspect);
});

test('the traps of a proxy are not run', () => {
    const trapped = new Proxy({ a: 1 }, {
        get() {
            throw new Error('trapped');
        },
        ownKeys() {
            throw new Error('trapped');
        },
    });
    assert.strictEqual(inspect(trapped), '{ a: 1 }');
});

test('getters are not run unless asked for', () => {
    const value = {
        get a() {
            throw new Error('ran');
        },
    };
    assert.strictEqual(inspect(value), '{ a: [Getter] }');
});

test('defaultOptions can be changed, and are checked', () => {
    const { depth } = inspect.defaultOptions;
    inspect.defaultOptions.depth = 0;
    assert.strictEqual(inspect({ a: { b: 1 } }), '{ a: [Object] }');
    inspect.defaultOptions = { depth };
    assert.strictEqual(inspect({ a: { b: 1 } }), '{ a: { b: 1 } }');
    assert.throws(() => {
        inspect.defaultOptions = null;
    }, { code: 'ERR_INVALID_ARG_TYPE' });
    assert.throws(() => {
        inspect.defaultOptions = 'bad';
    }, { code: 'ERR_INVALID_ARG_TYPE' });
});

test('the order of arguments of older programs is understood', () => {
    const deep = { a: { b: { c: {} } } };
    assert.strictEqual(inspect(deep, false, 0), '{ a: [Object] }');
    assert.strictEqual(inspect(1, false, 0, true), '\u001b[33m1\u001b[39m');
});

test('colours and styles are those of the tables, aliases included', () => {
    assert.deepStrictEqual(inspect.colors.red, [31, 39]);
    assert.strictEqual(inspect.colors.grey, inspect.colors.gray);
    assert.strictEqual(inspect.styles.string, 'green');
    assert.ok(!Object.keys(inspect.colors).includes('grey'));
    inspect.styles.number = 'red';
    assert.strictEqual(inspect(1, { colors: true }), '\u001b[31m1\u001b[39m');
    inspect.styles.number = 'yellow';
});

test('a structure deeper than the stack ends in a remark', () => {
    let deep = {};
    for (let i = 0; i < 200000; i++) {
        deep = { deep };
    }
    assert.match(inspect(deep, { depth: Infinity }),
        /Inspection interrupted prematurely/);
});

test('prototypes of broken objects do not break inspect', () => {
    const odd = { constructor: { name: 5 } };
    assert.strictEqual(inspect(odd), '{ constructor: { name: 5 } }');
    const hostile = {
        get [Symbol.toStringTag]() {
            return 1;
        },
    };
    assert.strictEqual(inspect(hostile),
        '{ [Symbol(Symbol.toStringTag)]: [Getter] }');
});

test('iterators of maps and sets go by their own name', () => {
    const iterator = Object.assign(new Set([1]).values(), { x: 1 });
    assert.match(inspect(iterator), /^\[Set Iterator\] \{ .*, x: 1 \}$/);
    assert.strictEqual(inspect({ iterator }, { depth: 0 }),
        '{ iterator: [Object [Set Iterator]] }');
});

test.weir('promises and iterators do not tell what they hold', () => {
    assert.strictEqual(inspect(Promise.resolve(1)), 'Promise {}');
    assert.strictEqual(inspect(new Map([[1, 2]]).keys()),
        '[Map Iterator] { <items unknown> }');
    assert.strictEqual(onWeir, true);
});
