'use strict';
/* util: format, promises of callbacks, types, errors, strings, parseArgs. */
const { test, assert, onWeir } = require('./harness');
const util = require('util');

test('format replaces what it knows and appends the rest', () => {
    const cases = [
        [['%s', 'x'], 'x'],
        [['%s %s', 'x'], 'x %s'],
        [['a', 'b', 1], 'a b 1'],
        [['%%', 1], '% 1'],
        [['%%'], '%%'],
        [['%s%%', 1], '1%'],
        [['%x', 1], '%x 1'],
        [['%', 1], '% 1'],
        [['%s', undefined], 'undefined'],
        [['%s', null], 'null'],
        [['%s', 5n], '5n'],
        [['%s', -0], '-0'],
        [['%s', Symbol('a')], 'Symbol(a)'],
        [['%s', { a: { b: { c: 1 } } }], '{ a: [Object] }'],
        [['%s', [1, [2, [3]]]], '[ 1, [Array] ]'],
        [['%s', { toString: () => 'own' }], 'own'],
        [['%s', Buffer.from('ab')], 'ab'],
        [['%s', new Uint8Array(2)], '0,0'],
        [['%s', () => 5], '() => 5'],
        [['%s', new Date(0)], '1970-01-01T00:00:00.000Z'],
        [['%s', Object.create(null)], '[Object: null prototype] {}'],
        [['%s', new (class Foo {})()], 'Foo {}'],
        [['%s', new (class Foo {
            toString() {
                return 'mine';
            }
        })()], 'mine'],
        [['%d', '42'], '42'],
        [['%d', 1.5], '1.5'],
        [['%d', 'x'], 'NaN'],
        [['%d', 5n], '5n'],
        [['%d', {}], 'NaN'],
        [['%d', -0], '-0'],
        [['%d', ''], '0'],
        [['%d', Symbol('a')], 'NaN'],
        [['%i', 42.9], '42'],
        [['%i', '0x10'], '16'],
        [['%i', 5n], '5n'],
        [['%i', Symbol('a')], 'NaN'],
        [['%f', '1.5'], '1.5'],
        [['%f', 5n], '5'],
        [['%f', Symbol('a')], 'NaN'],
        [['%j', { a: 1 }], '{"a":1}'],
        [['%j', undefined], 'undefined'],
        [['%O', { a: { b: { c: { d: 1 } } } }],
            '{ a: { b: { c: [Object] } } }'],
        [['%c', 'css'], ''],
        [['%cred', 'css'], 'red'],
        [[1, 2], '1 2'],
        [[{ a: 1 }, 'x'], '{ a: 1 } x'],
        [['x', { a: 1 }], 'x { a: 1 }'],
        [['x', 'y z'], 'x y z'],
        [[], ''],
        [[''], ''],
        [['', 'a'], ' a'],
        [[null, undefined], 'null undefined'],
    ];
    for (const [args, expected] of cases) {
        assert.strictEqual(util.format(...args), expected, args[0]);
    }
});

test('format of a circle, and of a failing toJSON', () => {
    const circle = {};
    circle.self = circle;
    assert.strictEqual(util.format('%j', circle), '[Circular]');
    assert.throws(() => util.format('%j', {
        toJSON() {
            throw new Error('no');
        },
    }), /^Error: no$/);
    assert.match(util.format('%o', [1]), /^\[ 1, \[length\]: 1 \]$/);
});

test('formatWithOptions hands its options to inspect', () => {
    assert.strictEqual(
        util.formatWithOptions({ colors: true }, '%s %O', 's', 1),
        's \u001b[33m1\u001b[39m');
    assert.strictEqual(
        util.formatWithOptions({ depth: 0 }, { a: { b: 1 } }),
        '{ a: [Object] }');
    assert.throws(() => util.formatWithOptions(1, 'x'),
        { code: 'ERR_INVALID_ARG_TYPE' });
});

test('promisify makes a promise of a callback', async () => {
    function original(a, b, callback) {
        callback(null, this.base + a + b, 'second');
    }
    original.extra = 1;
    const promised = util.promisify(original);
    assert.strictEqual(await promised.call({ base: 1 }, 2, 3), 6);
    assert.strictEqual(promised.extra, 1);
    assert.strictEqual(promised.name, 'original');
    assert.strictEqual(util.promisify(promised), promised);
    const failing = util.promisify((callback) => callback(new Error('no')));
    await assert.rejects(failing(), /^Error: no$/);
    assert.throws(() => util.promisify(1), { code: 'ERR_INVALID_ARG_TYPE' });
});

test('promisify.custom goes first', async () => {
    const fn = () => {};
    fn[util.promisify.custom] = async () => 'own';
    assert.strictEqual(await util.promisify(fn)(), 'own');
    fn[util.promisify.custom] = 1;
    assert.throws(() => util.promisify(fn), { code: 'ERR_INVALID_ARG_TYPE' });
    assert.strictEqual(util.promisify.custom,
        Symbol.for('nodejs.util.promisify.custom'));
});

test('timers can be promisified', async () => {
    assert.strictEqual(await util.promisify(setTimeout)(1, 'value'), 'value');
    assert.strictEqual(await util.promisify(setImmediate)('now'), 'now');
});

test('callbackify turns a promise into a callback', (t) => {
    const fn = util.callbackify(async (value) => {
        if (value === undefined) {
            throw null;
        }
        return value * 2;
    });
    fn(2, t.mustCall((error, result) => {
        assert.strictEqual(error, null);
        assert.strictEqual(result, 4);
    }));
    fn(t.mustCall((error) => {
        assert.strictEqual(error.code, 'ERR_FALSY_VALUE_REJECTION');
        assert.strictEqual(error.reason, null);
    }));
    assert.throws(() => fn(1), {
        code: 'ERR_INVALID_ARG_TYPE',
        message: 'The last argument must be of type function. ' +
            'Received type number (1)',
    });
    async function named(a, b) {
        return a + b;
    }
    const made = util.callbackify(named);
    assert.strictEqual(made.name, 'namedCallbackified');
    assert.strictEqual(made.length, 3);
});

test('inherits', () => {
    function Child() {}
    class Parent {
        hello() {
            return 'hello';
        }
    }
    util.inherits(Child, Parent);
    assert.strictEqual(new Child().hello(), 'hello');
    assert.strictEqual(Child.super_, Parent);
    assert.ok(!Object.keys(Child).includes('super_'));
    const { message } = (() => {
        try {
            util.inherits(Child, () => {});
        } catch (error) {
            return error;
        }
        return {};
    })();
    assert.strictEqual(message, 'The "superCtor.prototype" property must be ' +
        'of type object. Received undefined');
    assert.throws(() => util.inherits(Child, null),
        { code: 'ERR_INVALID_ARG_TYPE' });
});

test('inherits from what has no prototype, but not into such', () => {
    function Child() {}
    const parent = { prototype: null };
    util.inherits(Child, parent);
    assert.strictEqual(Child.super_, parent);
    assert.strictEqual(Object.getPrototypeOf(Child.prototype), null);
    for (const child of [{ prototype: null }, {}, () => {}, 5, 'x']) {
        assert.throws(() => util.inherits(child, class {}), (error) =>
            error instanceof TypeError && error.code === undefined);
    }
    for (const child of [undefined, null]) {
        assert.throws(() => util.inherits(child, class {}), {
            code: 'ERR_INVALID_ARG_TYPE',
            message: 'The "ctor" argument must be of type function. ' +
                `Received ${child}`,
        });
    }
});

test('deprecate warns once for a code', async (t) => {
    const warned = [];
    const listener = (warning) => warned.push(warning);
    process.on('warning', listener);
    t.after(() => process.removeListener('warning', listener));
    // Without this Node writes the warnings to stderr, too.
    const fn = util.deprecate((a) => a + 1, 'old', 'TEST001');
    const other = util.deprecate(() => 5, 'old too', 'TEST001');
    assert.strictEqual(fn(1), 2);
    assert.strictEqual(fn(2), 3);
    assert.strictEqual(other(), 5);
    const Class = util.deprecate(class A {}, 'old class', 'TEST002');
    assert.ok(new Class());
    await t.turn();
    assert.deepStrictEqual(warned.map(({ name, message, code }) =>
        [name, message, code]), [
        ['DeprecationWarning', 'old', 'TEST001'],
        ['DeprecationWarning', 'old class', 'TEST002'],
    ]);
});

test('debuglog is off unless NODE_DEBUG names its section', () => {
    const log = util.debuglog('nosuchsection');
    assert.strictEqual(log.enabled, false);
    log('unseen');
    assert.strictEqual(util.debug, util.debuglog);
});

test('isDeepStrictEqual', () => {
    assert.strictEqual(util.isDeepStrictEqual({ a: [1] }, { a: [1] }), true);
    assert.strictEqual(util.isDeepStrictEqual({ a: [1] }, { a: ['1'] }),
        false);
});

test('types know the real thing from what looks like it', () => {
    const { types } = util;
    assert.strictEqual(types, require('util/types'));
    const things = {
        isMap: new Map(), isSet: new Set(), isDate: new Date(),
        isRegExp: /x/, isPromise: Promise.resolve(),
        isNativeError: new TypeError(), isWeakMap: new WeakMap(),
        isWeakSet: new WeakSet(), isArrayBuffer: new ArrayBuffer(1),
        isDataView: new DataView(new ArrayBuffer(1)),
        isNumberObject: Object(1), isStringObject: Object('a'),
        isBooleanObject: Object(true), isBigIntObject: Object(1n),
        isSymbolObject: Object(Symbol('a')), isProxy: new Proxy({}, {}),
        isUint8Array: new Uint8Array(1), isInt32Array: new Int32Array(1),
        isFloat64Array: new Float64Array(1),
        isBigInt64Array: new BigInt64Array(1),
        isGeneratorObject: (function* () {})(),
        isMapIterator: new Map().keys(), isSetIterator: new Set().values(),
        isArgumentsObject: (function() {
            return arguments;
        })(),
        isAsyncFunction: async () => {},
        isGeneratorFunction: function* () {},
    };
    for (const [name, thing] of Object.entries(things)) {
        assert.strictEqual(types[name](thing), true, name);
        for (const [other, stranger] of Object.entries(things)) {
            if (other !== name) {
                assert.strictEqual(types[name](stranger), false,
                    `${name} of ${other}`);
            }
        }
        for (const value of [1, 'a', null, undefined, {}, [], () => {}]) {
            assert.strictEqual(types[name](value), false, name);
        }
    }
    assert.ok(types.isTypedArray(new Int8Array(1)));
    assert.ok(!types.isTypedArray(new DataView(new ArrayBuffer(1))));
    assert.ok(types.isArrayBufferView(new DataView(new ArrayBuffer(1))));
    assert.ok(types.isAnyArrayBuffer(new ArrayBuffer(1)));
    assert.ok(types.isBoxedPrimitive(Object('a')));
    assert.ok(!types.isMap(Object.create(Map.prototype)));
    assert.ok(!types.isDate({ [Symbol.toStringTag]: 'Date' }));
    assert.ok(types.isMap(Object.setPrototypeOf(new Map(), null)));
});

test('stripVTControlCharacters', () => {
    assert.strictEqual(util.stripVTControlCharacters(
        '\u001b[31mred\u001b[39m \u001b]8;;http://x\u0007link'), 'red link');
    assert.throws(() => util.stripVTControlCharacters(1),
        { code: 'ERR_INVALID_ARG_TYPE' });
});

test('styleText', () => {
    const options = { validateStream: false };
    assert.strictEqual(util.styleText('red', 'x', options),
        '\u001b[31mx\u001b[39m');
    assert.strictEqual(util.styleText(['bold', 'red'], 'x', options),
        '\u001b[1m\u001b[31mx\u001b[39m\u001b[22m');
    assert.throws(() => util.styleText('nocolor', 'x', options),
        { code: 'ERR_INVALID_ARG_VALUE' });
    assert.throws(() => util.styleText('red', 1, options),
        { code: 'ERR_INVALID_ARG_TYPE' });
});

test('toUSVString', () => {
    assert.strictEqual(util.toUSVString('a\ud800b'), 'a\ufffdb');
});

test('system errors have names and texts', () => {
    assert.strictEqual(util.getSystemErrorName(-2), 'ENOENT');
    assert.strictEqual(util.getSystemErrorName(-111), 'ECONNREFUSED');
    assert.throws(() => util.getSystemErrorName(1),
        { code: 'ERR_OUT_OF_RANGE' });
    assert.throws(() => util.getSystemErrorName('a'),
        { code: 'ERR_INVALID_ARG_TYPE' });
    const expected = {
        EACCES: 'permission denied',
        EADDRINUSE: 'address already in use',
        EADDRNOTAVAIL: 'address not available',
        EAGAIN: 'resource temporarily unavailable',
        EAI_MEMORY: 'out of memory',
        EALREADY: 'connection already in progress',
        EBADF: 'bad file descriptor',
        ECONNREFUSED: 'connection refused',
        ECONNRESET: 'connection reset by peer',
        EHOSTUNREACH: 'host is unreachable',
        EINVAL: 'invalid argument',
        EMFILE: 'too many open files',
        ENODATA: 'no data available',
        ENOENT: 'no such file or directory',
        ENOTCONN: 'socket is not connected',
        EOF: 'end of file',
        EPIPE: 'broken pipe',
        ERANGE: 'result too large',
        ETIMEDOUT: 'connection timed out',
        UNKNOWN: 'unknown error',
    };
    const texts = Object.fromEntries(util.getSystemErrorMap().values());
    for (const [name, text] of Object.entries(expected)) {
        assert.strictEqual(texts[name], text, name);
    }
});

test('aborted resolves when the signal aborts', async () => {
    const controller = new AbortController();
    const resource = {};
    const waiting = util.aborted(controller.signal, resource);
    controller.abort();
    await waiting;
    await util.aborted(AbortSignal.abort(), resource);
    await assert.rejects(util.aborted(undefined, {}),
        { code: 'ERR_INVALID_ARG_TYPE' });
    assert.ok(resource);
});

test('aborted tells it as many jobs later as an async function', async () => {
    const controller = new AbortController();
    const jobs = async () => {
        await null;
        await null;
        order.push('jobs');
    };
    const order = [];

    const waiting = util.aborted(controller.signal, controller)
        .then(() => order.push('aborted'));
    controller.abort();
    jobs();
    await waiting;
    assert.deepStrictEqual(order, ['jobs', 'aborted']);
});

test('the questions of older programs', () => {
    assert.strictEqual(util.isArray([]), true);
    assert.strictEqual(util.isBuffer(Buffer.alloc(1)), true);
    assert.strictEqual(util.isString('a'), true);
    assert.strictEqual(util.isNullOrUndefined(null), true);
    assert.strictEqual(util.isRegExp(/x/), true);
    assert.strictEqual(util.isDate(new Date()), true);
    assert.strictEqual(util.isError(new Error('x')), true);
    assert.strictEqual(util.isObject(null), false);
    assert.strictEqual(util.isPrimitive('x'), true);
    assert.deepStrictEqual(util._extend({ a: 1 }, { b: 2 }), { a: 1, b: 2 });
});

test('TextEncoder and TextDecoder are here, too', () => {
    assert.strictEqual(util.TextEncoder, TextEncoder);
    assert.strictEqual(util.TextDecoder, TextDecoder);
});

const parse = (args, options, more) =>
    util.parseArgs({ args, options, ...more });

test('parseArgs', () => {
    const options = {
        verbose: { type: 'boolean', short: 'v' },
        port: { type: 'string', short: 'p', default: '80' },
        tag: { type: 'string', multiple: true },
    };
    const { values, positionals } = parse(
        ['-v', 'a', '--port=1', '--tag', 'x', '--tag=y', '--', '-z'],
        options, { allowPositionals: true });
    assert.deepStrictEqual({ ...values },
        { verbose: true, port: '1', tag: ['x', 'y'] });
    assert.deepStrictEqual(positionals, ['a', '-z']);
    assert.deepStrictEqual({ ...parse(['-vp5'], options).values },
        { verbose: true, port: '5' });
    assert.deepStrictEqual({ ...parse([], options).values }, { port: '80' });
    const { tokens } = parse(['-p', '5'], options, { tokens: true });
    assert.deepStrictEqual(tokens, [{ kind: 'option', name: 'port',
        rawName: '-p', index: 0, value: '5', inlineValue: false }]);
});

test('parseArgs refuses what it does not know', () => {
    const options = { flag: { type: 'boolean' }, name: { type: 'string',
        short: 'n' } };
    const failure = (args, code, message) =>
        assert.throws(() => parse(args, options), { code, message });
    failure(['--none'], 'ERR_PARSE_ARGS_UNKNOWN_OPTION',
        'Unknown option \'--none\'');
    failure(['x'], 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL',
        'Unexpected argument \'x\'. This command does not take positional ' +
        'arguments');
    failure(['--name'], 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE',
        'Option \'-n, --name <value>\' argument missing');
    failure(['--flag=1'], 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE',
        'Option \'--flag\' does not take an argument');
    failure(['--name', '-x'], 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE',
        'Option \'--name\' argument is ambiguous.\nDid you forget to ' +
        'specify the option argument for \'--name\'?\nTo specify an option ' +
        'argument starting with a dash use \'--name=-XYZ\'.');
    failure(['-n', '-x'], 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE',
        'Option \'-n\' argument is ambiguous.\nDid you forget to specify ' +
        'the option argument for \'-n\'?\nTo specify an option argument ' +
        'starting with a dash use \'--name=-XYZ\' or \'-n-XYZ\'.');
    const loose = parse(['--none', 'x'], options, { strict: false });
    assert.deepStrictEqual({ ...loose.values }, { none: true });
    assert.deepStrictEqual(loose.positionals, ['x']);
});

test.weir('getCallSites tells where it was called', () => {
    const [site] = util.getCallSites();
    assert.match(site.scriptName, /test_util\.js$/);
    assert.strictEqual(typeof site.lineNumber, 'number');
    assert.strictEqual(onWeir, true);
});
