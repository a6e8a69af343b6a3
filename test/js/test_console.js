'use strict';
/* console: what is written where, and in which form. */
const { test, assert, onWeir } = require('./harness');

const { Writable } = require('stream');

const { Console } = console;

/* A stream whose writes are done when they return. */
function streamOf(write) {
    return new Writable({
        write(chunk, encoding, callback) {
            write(chunk.toString());
            callback();
        },
    });
}

/* A Console that writes into two lists. */
function recorder(options = {}) {
    const out = [];
    const err = [];
    const instance = new Console({
        stdout: streamOf((text) => out.push(text)),
        stderr: streamOf((text) => err.push(text)),
        ...options,
    });
    return { console: instance, out, err };
}

test('log, info and debug go to stdout; error and warn to stderr', () => {
    const { console, out, err } = recorder();
    console.log('log');
    console.info('info %d', 1);
    console.debug({ a: 1 });
    console.dirxml('x', [1]);
    console.error('error');
    console.warn('warn', null);
    assert.deepStrictEqual(out,
        ['log\n', 'info 1\n', '{ a: 1 }\n', 'x [ 1 ]\n']);
    assert.deepStrictEqual(err, ['error\n', 'warn null\n']);
});

test('nothing to say is an empty line', () => {
    const { console, out } = recorder();
    console.log();
    console.log('');
    console.log(undefined);
    assert.deepStrictEqual(out, ['\n', '\n', 'undefined\n']);
});

test('a percent sign in the only argument stays', () => {
    const { console, out } = recorder();
    console.log('100%');
    console.log('%% %s');
    console.log('%% %s', 'x');
    assert.deepStrictEqual(out, ['100%\n', '%% %s\n', '% x\n']);
});

test('groups indent every line', () => {
    const { console, out, err } = recorder();
    console.group('title', 1);
    console.log('one\ntwo');
    console.groupCollapsed();
    console.error('deep');
    console.groupEnd();
    console.groupEnd();
    console.groupEnd();
    console.log('flat');
    assert.deepStrictEqual(out,
        ['title 1\n', '  one\n  two\n', 'flat\n']);
    assert.deepStrictEqual(err, ['    deep\n']);
});

test('the indentation of groups can be chosen, and is checked', () => {
    const { console, out } = recorder({ groupIndentation: 4 });
    console.group();
    console.log('x');
    assert.deepStrictEqual(out, ['    x\n']);
    assert.throws(() => recorder({ groupIndentation: -1 }),
        { code: 'ERR_OUT_OF_RANGE' });
    assert.throws(() => recorder({ groupIndentation: 'a' }),
        { code: 'ERR_INVALID_ARG_TYPE' });
});

test('assert is silent when it holds', () => {
    const { console, err } = recorder();
    console.assert(true, 'no');
    console.assert(false);
    console.assert(false, 'because %s', 'x');
    console.assert(0, 'a', { b: 1 });
    assert.deepStrictEqual(err, ['Assertion failed\n',
        'Assertion failed: because x\n', 'Assertion failed: a { b: 1 }\n']);
});

test('count counts by label', () => {
    const { console, out } = recorder();
    console.count();
    console.count('x');
    console.count('x');
    console.count(undefined);
    console.countReset('x');
    console.count('x');
    assert.deepStrictEqual(out,
        ['default: 1\n', 'x: 1\n', 'x: 2\n', 'default: 2\n', 'x: 1\n']);
});

test('time, timeLog and timeEnd tell the time that has passed', () => {
    const { console, out } = recorder();
    console.time('t');
    console.timeLog('t', 'data', 1);
    console.timeEnd('t');
    console.time();
    console.timeEnd();
    assert.match(out[0], /^t: \d+(\.\d+)?ms data 1\n$/);
    assert.match(out[1], /^t: \d+(\.\d+)?ms\n$/);
    assert.match(out[2], /^default: \d+(\.\d+)?ms\n$/);
});

test('an unknown or known label is warned of', () => new Promise((resolve) => {
    const messages = [];
    const listener = (warning) => {
        messages.push(warning.message);
        if (messages.length === 3) {
            process.removeListener('warning', listener);
            assert.match(messages[0],
                /^No such label 'nolabel' for console\.timeEnd\(\)$/);
            assert.match(messages[1],
                /^Label 'twice' already exists for console\.time\(\)$/);
            assert.match(messages[2], /^Count for 'none' does not exist$/);
            resolve();
        }
    };
    process.on('warning', listener);
    const { console } = recorder();
    console.timeEnd('nolabel');
    console.time('twice');
    console.time('twice');
    console.countReset('none');
}));

test('dir takes options and does not ask inspect.custom', () => {
    const { console, out } = recorder();
    console.dir({ a: { b: { c: {} } } }, { depth: 0 });
    console.dir({ [Symbol.for('nodejs.util.inspect.custom')]: () => 'no' });
    assert.strictEqual(out[0], '{ a: [Object] }\n');
    assert.match(out[1], /^\{\n? *\[Symbol\(nodejs\.util\.inspect\.custom\)\]/);
});

test('trace says where it was called, on stderr', () => {
    const { console, err } = recorder();
    console.trace('here %d', 1);
    assert.match(err[0], /^Trace: here 1\n {4}at .*test_console\.js:\d+:\d+/);
});

/* Node 20 centres what Node 22 sets to the left. */
const squeezed = (text) => text.replace(/ +/g, ' ');

test('table draws rows and columns', () => {
    const { console, out } = recorder();
    console.table([{ a: 1, b: 'x' }, { a: 2, c: true }]);
    assert.strictEqual(squeezed(out[0]), squeezed([
        '┌─────────┬───┬─────┬──────┐',
        '│ (index) │ a │ b │ c │',
        '├─────────┼───┼─────┼──────┤',
        '│ 0 │ 1 │ \'x\' │ │',
        '│ 1 │ 2 │ │ true │',
        '└─────────┴───┴─────┴──────┘',
        '',
    ].join('\n')));
    console.table(['p', 'q']);
    assert.match(squeezed(out[1]), /│ \(index\) │ Values │\n/);
    console.table([{ a: 1, b: 2 }], ['b']);
    assert.match(squeezed(out[2]), /│ \(index\) │ b │\n/);
    console.table(new Map([['k', 1]]));
    assert.match(squeezed(out[3]), /│ \(iteration index\) │ Key │ Values │\n/);
    console.table(new Set([1]));
    assert.match(squeezed(out[4]), /│ \(iteration index\) │ Values │\n/);
    console.table('text');
    assert.strictEqual(out[5], 'text\n');
    assert.throws(() => console.table([], 5), { code: 'ERR_INVALID_ARG_TYPE' });
});

test.weir('cells of a table start at the left, as in Node 22', () => {
    const { console, out } = recorder();
    console.table([{ name: 'long one', n: 1 }, { name: 'x', n: 22 }]);
    assert.strictEqual(out[0], [
        '┌─────────┬────────────┬────┐',
        '│ (index) │ name       │ n  │',
        '├─────────┼────────────┼────┤',
        '│ 0       │ \'long one\' │ 1  │',
        '│ 1       │ \'x\'        │ 22 │',
        '└─────────┴────────────┴────┘',
        '',
    ].join('\n'));
});

test('colours: by colorMode, by inspectOptions, else by the stream', () => {
    const yellow = '\u001b[33m1\u001b[39m\n';
    const on = recorder({ colorMode: true });
    on.console.log(1);
    assert.deepStrictEqual(on.out, [yellow]);
    const given = recorder({ inspectOptions: { colors: true } });
    given.console.log(1);
    assert.deepStrictEqual(given.out, [yellow]);
    const auto = recorder();
    auto.console.log(1);
    assert.deepStrictEqual(auto.out, ['1\n']);
    assert.throws(() => recorder({ colorMode: 'bad' }),
        { code: 'ERR_INVALID_ARG_VALUE' });
    assert.throws(() => recorder({ colorMode: true,
        inspectOptions: { colors: true } }),
    { code: 'ERR_INCOMPATIBLE_OPTION_PAIR' });
});

test('a Console needs streams', () => {
    assert.throws(() => new Console(), {
        code: 'ERR_CONSOLE_WRITABLE_STREAM',
        message: 'Console expects a writable stream instance for stdout',
    });
    assert.throws(() => new Console({ stdout: {} }),
        { code: 'ERR_CONSOLE_WRITABLE_STREAM' });
    assert.throws(() => new Console({ write() {} }, {}),
        { code: 'ERR_CONSOLE_WRITABLE_STREAM' });
});

test('it can be made without new, of one stream or two', () => {
    const lines = [];
    const stream = streamOf((text) => lines.push(text));
    const one = Console(stream);
    one.log('a');
    one.error('b');
    assert.deepStrictEqual(lines, ['a\n', 'b\n']);
    assert.ok(one instanceof Console);
    assert.ok(console instanceof Console);
});

test('a stream that fails is no concern of who logs', () => {
    const stream = streamOf(() => {});
    stream.write = () => {
        throw new Error('broken');
    };
    new Console({ stdout: stream }).log('x');
    const strict = new Console({ stdout: stream, ignoreErrors: false });
    assert.throws(() => strict.log('x'), /broken/);
});

test('an error that a stream emits later ends with the write', () => {
    const stream = new Writable({
        write(chunk, encoding, callback) {
            setImmediate(callback, new Error('broken'));
        },
    });
    new Console({ stdout: stream }).log('x');
    return new Promise((resolve) => stream.once('close', resolve));
});

test('methods can be passed around', () => {
    const { console, out } = recorder();
    const { log } = console;
    [1, 2].forEach((value) => log(value));
    ['a'].map(console.log);
    assert.deepStrictEqual(out, ['1\n', '2\n', 'a 0 [ \'a\' ]\n']);
});

test('the global console writes to what process.stdout is now', () => {
    const lines = [];
    const { write } = process.stdout;
    process.stdout.write = (text) => {
        lines.push(text);
        return true;
    };
    try {
        console.log('caught');
    } finally {
        process.stdout.write = write;
    }
    assert.deepStrictEqual(lines, ['caught\n']);
});

test('it has both names, and shows itself as Node\'s does', () => {
    assert.strictEqual(require('console'), console);
    assert.strictEqual(require('node:console'), console);
    assert.match(require('util').inspect(console), /^Object \[console\] \{/);
});

test.weir('clear, profile and timeStamp may be called', () => {
    const { console, out } = recorder();
    console.clear();
    console.profile();
    console.profileEnd();
    console.timeStamp();
    assert.deepStrictEqual(out, []);
    assert.strictEqual(onWeir, true);
});
