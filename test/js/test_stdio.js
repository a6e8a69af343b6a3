'use strict';
const { test, assert, onWeir } = require('./harness');
const fs = require('fs');
const { Readable, Writable } = require('stream');

// What is written here must look like comments to who reads the TAP.

test('stdout and stderr are writable streams on their descriptors', () => {
    for (const [name, fd] of [['stdout', 1], ['stderr', 2]]) {
        const stream = process[name];
        assert.ok(stream instanceof Writable, name);
        assert.strictEqual(process[name], stream);
        assert.strictEqual(stream.fd, fd);
        assert.strictEqual(stream.writable, true);
        assert.strictEqual(stream._isStdio, true);
        assert.ok(['tty', 'pipe', 'fs'].includes(stream._type),
            stream._type);
        assert.strictEqual(stream.isTTY === true, stream._type === 'tty');
    }
});

test('stdin is a readable stream that nobody reads yet', () => {
    const { stdin } = process;
    assert.ok(stdin instanceof Readable);
    assert.strictEqual(stdin.fd, 0);
    assert.strictEqual(stdin.readableFlowing, null);
    assert.strictEqual(process.stdin, stdin);
});

test('write takes texts and bytes, in any encoding', (t) => {
    const { stdout } = process;
    const order = [];
    assert.strictEqual(stdout.write('# one\n', () => order.push(1)), true);
    stdout.write(Buffer.from('# two\n'), () => order.push(2));
    stdout.write('232074687265650a', 'hex', () => order.push(3));
    stdout.write(new Uint8Array([35, 10]), t.mustSucceed(() => {
        assert.deepStrictEqual(order, [1, 2, 3]);
    }));
    assert.throws(() => stdout.write(5), { code: 'ERR_INVALID_ARG_TYPE' });
    assert.throws(() => stdout.write(null),
        { code: 'ERR_STREAM_NULL_VALUES' });
    assert.throws(() => stdout.write('x', 'zz'),
        { code: 'ERR_UNKNOWN_ENCODING' });
});

test('a destroyed stdout can still be written to', async (t) => {
    process.stdout.destroy();
    await t.turn();
    assert.strictEqual(process.stdout.destroyed, false);
    assert.strictEqual(process.stdout.write('# still here\n'), true);
});

test('a stream can be piped into stdout', async (t) => {
    const source = Readable.from(['# piped ', 'text\n']);
    source.pipe(process.stdout, { end: false });
    await t.once(source, 'end');
});

test('what is no terminal has no size', () => {
    if (process.stdout.isTTY) {
        const [columns, rows] = process.stdout.getWindowSize();
        assert.strictEqual(columns, process.stdout.columns);
        assert.strictEqual(rows, process.stdout.rows);
        return;
    }
    assert.strictEqual(process.stdout.columns, undefined);
    assert.strictEqual(process.stdout.rows, undefined);
});

test.weir('writing to stdout keeps its descriptor blocking', () => {
    const flags = /^flags:\s*(\d+)/m
        .exec(fs.readFileSync('/proc/self/fdinfo/1', 'utf8'));
    assert.ok(onWeir);
    assert.strictEqual(parseInt(flags[1], 8) & fs.constants.O_NONBLOCK, 0);
});
