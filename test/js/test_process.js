'use strict';
const { test, assert } = require('./harness');
const EventEmitter = require('events');
const fs = require('fs');
const net = require('net');

const invalidType = (message) =>
    ({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE', message });

/* The warnings that fn causes, without their print. */
async function warnings(t, fn) {
    const seen = [];
    const listeners = process.listeners('warning');
    const onWarning = (warning) => seen.push(warning);
    process.removeAllListeners('warning');
    process.on('warning', onWarning);
    fn();
    await t.turn();
    process.removeListener('warning', onWarning);
    listeners.forEach((each) => process.on('warning', each));
    return seen;
}

test('process is an event emitter of its own kind', () => {
    assert.ok(process instanceof EventEmitter);
    assert.strictEqual(Object.prototype.toString.call(process),
        '[object process]');
    assert.strictEqual(require('process'), process);
    assert.strictEqual(globalThis.process, process);
});

test('what a program is told of itself', () => {
    assert.ok(Array.isArray(process.argv));
    assert.strictEqual(process.argv[0], process.execPath);
    assert.strictEqual(process.argv[1], __filename);
    assert.ok(fs.existsSync(process.execPath));
    assert.ok(Array.isArray(process.execArgv));
    assert.strictEqual(typeof process.argv0, 'string');
    assert.match(process.version, /^v\d+\.\d+\.\d+$/);
    assert.strictEqual(`v${process.versions.node}`, process.version);
    assert.strictEqual(process.release.name, 'node');
    assert.strictEqual(typeof process.title, 'string');
    assert.strictEqual(typeof process.arch, 'string');
    assert.ok(['linux', 'darwin'].includes(process.platform));
    assert.ok(process.pid > 0 && process.ppid > 0);
    assert.strictEqual(process.config.variables instanceof Object, true);
    assert.strictEqual(process.features.inspector === undefined, false);
});

test.weir('versions name weir and its engine', () => {
    assert.match(process.versions.weir, /^\d+\.\d+\.\d+$/);
    assert.strictEqual(typeof process.versions.javascriptcore, 'string');
});

test('env is the environment, live', () => {
    process.env.WEIR_TEST = 5;
    assert.strictEqual(process.env.WEIR_TEST, '5');
    assert.ok('WEIR_TEST' in process.env);
    assert.ok(Object.keys(process.env).includes('WEIR_TEST'));
    assert.ok(Object.hasOwn(process.env, 'WEIR_TEST'));
    assert.deepStrictEqual(
        Object.getOwnPropertyDescriptor(process.env, 'WEIR_TEST'),
        { value: '5', writable: true, enumerable: true, configurable: true });
    assert.strictEqual({ ...process.env }.WEIR_TEST, '5');
    process.env.WEIR_TEST = undefined;
    assert.strictEqual(process.env.WEIR_TEST, 'undefined');
    process.env.WEIR_TEST = '\u00e4=\u{1f600}';
    assert.strictEqual(process.env.WEIR_TEST, '\u00e4=\u{1f600}');
    assert.strictEqual(delete process.env.WEIR_TEST, true);
    assert.strictEqual(process.env.WEIR_TEST, undefined);
    assert.strictEqual('WEIR_TEST' in process.env, false);
    assert.strictEqual(delete process.env.WEIR_TEST, true);
    assert.strictEqual(typeof process.env.toString, 'function');
});

test('env takes texts only', () => {
    const define = (descriptor) =>
        Object.defineProperty(process.env, 'WEIR_TEST', descriptor);
    const code = 'ERR_INVALID_OBJECT_DEFINE_PROPERTY';

    assert.throws(() => { process.env.WEIR_TEST = Symbol('x'); }, TypeError);
    assert.throws(() => { process.env[Symbol('x')] = '1'; }, TypeError);
    assert.throws(() => define({ value: '1' }), {
        code, message: "'process.env' only accepts a configurable, " +
            'writable, and enumerable data descriptor',
    });
    assert.throws(() => define({ get() {} }), {
        code, message: "'process.env' does not accept an " +
            'accessor(getter/setter) descriptor',
    });
    define({ value: '1', configurable: true, enumerable: true,
        writable: true });
    assert.strictEqual(process.env.WEIR_TEST, '1');
    delete process.env.WEIR_TEST;
});

test('cwd and chdir', (t) => {
    const before = process.cwd();
    t.after(() => process.chdir(before));
    process.chdir('/');
    assert.strictEqual(process.cwd(), '/');
    assert.throws(() => process.chdir('/nope'), {
        code: 'ENOENT', syscall: 'chdir', path: '/', dest: '/nope',
        message: "ENOENT: no such file or directory, chdir '/' -> '/nope'",
    });
    assert.throws(() => process.chdir(5), invalidType('The "directory" ' +
        'argument must be of type string. Received type number (5)'));
});

test('exitCode takes integers, and texts of them', (t) => {
    const before = process.exitCode;
    t.after(() => { process.exitCode = before; });
    for (const value of [0, 3, -1, '1', '0x10', null, undefined]) {
        process.exitCode = value;
        assert.strictEqual(process.exitCode, value);
    }
    for (const [value, text] of [['a', "type string ('a')"],
        ['', "type string ('')"], [{}, 'an instance of Object'],
        [true, 'type boolean (true)']]) {
        assert.throws(() => { process.exitCode = value; }, invalidType(
            `The "code" argument must be of type number. Received ${text}`));
    }
    assert.throws(() => { process.exitCode = 1.5; }, {
        code: 'ERR_OUT_OF_RANGE',
        message: 'The value of "code" is out of range. It must be an ' +
            'integer. Received 1.5',
    });
    assert.throws(() => process.exit('x'), { code: 'ERR_INVALID_ARG_TYPE' });
});

test('hrtime counts nanoseconds', () => {
    const [seconds, nanoseconds] = process.hrtime();
    const start = process.hrtime.bigint();
    assert.ok(Number.isInteger(seconds) && nanoseconds < 1e9);
    assert.strictEqual(typeof start, 'bigint');
    assert.ok(process.hrtime.bigint() >= start);
    const [later, rest] = process.hrtime([seconds - 1, 999999999]);
    assert.ok(later * 1e9 + rest > 0 && rest >= 0);
    assert.throws(() => process.hrtime(5), invalidType('The "time" argument ' +
        'must be an instance of Array. Received type number (5)'));
    assert.throws(() => process.hrtime([1]), {
        code: 'ERR_OUT_OF_RANGE', message: 'The value of "time" is out of ' +
            'range. It must be 2. Received 1',
    });
});

test('uptime and usage grow', () => {
    const up = process.uptime();
    assert.ok(up > 0 && up < 3600, `${up}`); // s, not ms
    const usage = process.cpuUsage();
    for (let i = 0; i < 1e6; i++);
    const more = process.cpuUsage(usage);
    assert.ok(usage.user > 0 && more.user >= 0 && more.system >= 0);
    assert.ok(process.resourceUsage().maxRSS > 1000);
    assert.throws(() => process.cpuUsage(5), invalidType('The "prevValue" ' +
        'argument must be of type object. Received type number (5)'));
    assert.throws(() => process.cpuUsage({ user: -1, system: 0 }), {
        code: 'ERR_INVALID_ARG_VALUE', name: 'RangeError',
        message: "The property 'prevValue.user' is invalid. Received -1",
    });
});

test('memoryUsage is in bytes, and rss is the kernels figure', () => {
    const usage = process.memoryUsage();
    for (const name of ['rss', 'heapTotal', 'heapUsed', 'external',
        'arrayBuffers']) {
        assert.ok(usage[name] >= 0, name);
    }
    // It grows meanwhile (code is compiled), so it is asked before and after.
    const asked = () => 4096 * fs.readFileSync('/proc/self/statm', 'utf8')
        .split(' ')[1];
    const before = asked();
    const rss = process.memoryUsage.rss();
    const after = asked();
    assert.ok(rss > Math.min(before, after) - 8e6, `${rss} ${before}`);
    assert.ok(rss < Math.max(before, after) + 8e6, `${rss} ${after}`);
});

test('umask is read and set', (t) => {
    const before = process.umask(0o22);
    t.after(() => process.umask(before));
    assert.strictEqual(process.umask(), 0o22);
    assert.strictEqual(process.umask('077'), 0o22);
    assert.strictEqual(process.umask(), 0o77);
    assert.throws(() => process.umask('9'), {
        code: 'ERR_INVALID_ARG_VALUE',
        message: "The argument 'mask' must be a 32-bit unsigned integer or " +
            "an octal string. Received '9'",
    });
    assert.throws(() => process.umask({}), { code: 'ERR_INVALID_ARG_TYPE' });
});

test('users and groups', () => {
    for (const name of ['getuid', 'geteuid', 'getgid', 'getegid']) {
        assert.ok(process[name]() >= 0, name);
    }
    assert.ok(process.getgroups().includes(process.getegid()));
    process.setuid(process.getuid());
    process.setegid(process.getegid());
    assert.throws(() => process.setuid('no-such-user'), {
        code: 'ERR_UNKNOWN_CREDENTIAL',
        message: 'User identifier does not exist: no-such-user',
    });
    assert.throws(() => process.setgid({}), invalidType('The "id" argument ' +
        'must be one of type number or string. Received an instance of ' +
        'Object'));
});

test('a signal reaches its listeners, with its number', (t, done) => {
    process.once('SIGUSR2', function (...args) {
        assert.deepStrictEqual(args, ['SIGUSR2', 12]);
        assert.strictEqual(this, process);
        process.once('SIGTERM', t.mustCall(() => done()));
        assert.strictEqual(process.kill(process.pid, 15), true);
    });
    process.kill(process.pid, 'SIGUSR2');
});

test('kill tells whether a process is there', () => {
    assert.strictEqual(process.kill(process.pid, 0), true);
    assert.throws(() => process.kill(99999999, 0), {
        code: 'ESRCH', errno: -3, syscall: 'kill', message: 'kill ESRCH',
    });
    assert.throws(() => process.kill(process.pid, 'SIGFOO'), {
        name: 'TypeError', code: 'ERR_UNKNOWN_SIGNAL',
        message: 'Unknown signal: SIGFOO',
    });
    assert.throws(() => process.kill(process.pid, 999),
        { code: 'EINVAL', message: 'kill EINVAL' });
    assert.throws(() => process.kill('a'), invalidType('The "pid" argument ' +
        "must be of type number. Received type string ('a')"));
    assert.throws(() => process.on('SIGKILL', () => {}), {
        code: 'EINVAL', message: 'uv_signal_start EINVAL',
    });
    process.removeAllListeners('SIGKILL');
});

test('a warning is an event, in a later tick', async (t) => {
    const seen = await warnings(t, () => {
        process.emitWarning('one');
        process.emitWarning('two', 'Kind', 'CODE');
        process.emitWarning('three', { type: 'Other', code: 'C', detail: 'd' });
        process.emitWarning(new RangeError('four'));
    });
    assert.deepStrictEqual(
        seen.map(({ name, message, code, detail }) =>
            [name, message, code, detail]),
        [['Warning', 'one', undefined, undefined],
            ['Kind', 'two', 'CODE', undefined],
            ['Other', 'three', 'C', 'd'],
            ['RangeError', 'four', undefined, undefined]]);
});

test('deprecations can be silenced, or thrown', async (t) => {
    const thrown = [];
    t.uncaught((error) => thrown.push(error.message));
    process.noDeprecation = true;
    const seen = await warnings(t, () =>
        process.emitWarning('x', 'DeprecationWarning'));
    process.noDeprecation = false;
    assert.deepStrictEqual(seen, []);
    process.throwDeprecation = true;
    process.emitWarning('y', 'DeprecationWarning');
    process.throwDeprecation = false;
    await t.turn();
    assert.deepStrictEqual(thrown, ['y']);
});

test('what is no warning is refused', () => {
    assert.throws(() => process.emitWarning(5), invalidType('The "warning" ' +
        'argument must be of type string or an instance of Error. ' +
        'Received type number (5)'));
    assert.throws(() => process.emitWarning('x', 5), invalidType('The ' +
        '"type" argument must be of type string. Received type number (5)'));
    assert.throws(() => process.emitWarning('x', 'T', 5), invalidType('The ' +
        '"code" argument must be of type string. Received type number (5)'));
});

test('nextTick runs before promise jobs, in order, with arguments', (t) => {
    const order = [];
    setImmediate(() => {
        Promise.resolve().then(() => order.push('job'));
        process.nextTick((...args) => order.push(args), 1, 2, 3, 4);
        process.nextTick(() => process.nextTick(() => order.push('inner')));
        setImmediate(t.mustCall(() => {
            assert.deepStrictEqual(order, [[1, 2, 3, 4], 'inner', 'job']);
        }));
    });
    assert.throws(() => process.nextTick(5), invalidType('The "callback" ' +
        'argument must be of type function. Received type number (5)'));
});

test('a capture callback is one or null', () => {
    assert.strictEqual(process.hasUncaughtExceptionCaptureCallback(), false);
    assert.throws(() => process.setUncaughtExceptionCaptureCallback(5),
        invalidType('The "fn" argument must be of type function or null. ' +
            'Received type number (5)'));
    process.setUncaughtExceptionCaptureCallback(() => {});
    assert.strictEqual(process.hasUncaughtExceptionCaptureCallback(), true);
    assert.throws(() => process.setUncaughtExceptionCaptureCallback(() => {}),
        { code: 'ERR_UNCAUGHT_EXCEPTION_CAPTURE_ALREADY_SET' });
    process.setUncaughtExceptionCaptureCallback(null);
});

// replaced(t, name, by): puts it in the place of what process has, until the
// test is over.
function replaced(t, name, by) {
    const original = process[name];
    t.after(() => {
        process[name] = original;
    });
    process[name] = by;
}

test('a process.cwd put in the place of its own is asked', (t) => {
    replaced(t, 'cwd', () => '/somewhere');
    assert.strictEqual(require('path').resolve('else'), '/somewhere/else');
});

test('a process.emitWarning put in the place of its own is told', (t) => {
    const told = [];
    replaced(t, 'emitWarning', (warning) => told.push(String(warning)));
    clearTimeout(setTimeout(() => {}, 2 ** 40));
    const emitter = new EventEmitter().setMaxListeners(1);
    emitter.on('x', () => {}).on('x', () => {});
    new net.Socket().setTimeout(2 ** 40).destroy();
    assert.strictEqual(told.length, 3);
    assert.match(told[0], /does not fit into a 32-bit signed integer/);
    assert.match(told[1], /^MaxListenersExceededWarning/);
    assert.match(told[2], /Timer duration was truncated to 2147483647/);
});

test('a process.nextTick put in the place of its own is used', (t) => {
    const calls = [];
    replaced(t, 'nextTick', (callback) => calls.push(callback));
    const target = new EventTarget();
    target.addEventListener('x', () => {
        throw new Error('told');
    });
    target.dispatchEvent(new Event('x'));
    assert.strictEqual(calls.length, 1);
    assert.throws(calls[0], { message: 'told' });
});

test('process.moduleLoadList names the builtins that are loaded', () => {
    const before = process.moduleLoadList.length;
    assert.ok(process.moduleLoadList.includes('NativeModule events'));
    require('dns/promises');
    assert.ok(process.moduleLoadList.includes('NativeModule dns/promises'));
    assert.ok(process.moduleLoadList.length > before);
});
