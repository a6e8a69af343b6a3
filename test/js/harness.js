'use strict';
/*
 * The test harness of script/: a file requires it, defines tests, and when
 * the file has been read they run one after the other, printing TAP.
 *
 *     const { test, assert } = require('./harness');
 *     test('one sentence of behaviour', async (t) => { ... });
 *
 * The idea: a test is over when its function has come to its end (returned,
 * resolved, called done) AND every t.mustCall() has been called as often as it
 * said. So a test needs no bookkeeping of its own for callbacks, and one that
 * never comes is named. What is thrown anywhere meanwhile belongs to the test
 * that runs. Everything made through `t` is destroyed when the test is over.
 *
 * The same file runs on weir and on Node, so nothing is used here that weir
 * does not have, and what only some tests need is required when they need it.
 */
const assert = require('assert');

// Under Valgrind everything takes longer; test/run says how much is too much.
const SLOWER = Number(process.env.WEIR_TEST_SLOWER) || 1;
const TEST_LIMIT = 10000 * SLOWER;   // ms a test may take
const CLEANUP_LIMIT = 2000 * SLOWER; // ms its leftovers may take to close
const EXIT_LIMIT = 5000 * SLOWER;    // ms the process may live on at the end

const onWeir = process.versions.weir !== undefined;
const filter = process.env.WEIR_TEST_FILTER || '';
const tests = [];
let current = null;
let failures = 0;
let finished = false;
let paths = 0;

/* Taken now: tests may replace the globals by their own. */
const { setTimeout, clearTimeout, setImmediate } = globalThis;

const noop = () => {};

class Expectation {
    constructor(context, times) {
        this.context = context;
        this.times = times;
        this.calls = 0;
        // Where mustCall was written: the only hint when nobody calls.
        this.origin = new Error('expected here');
    }

    called() {
        this.calls++;
        if (this.calls > this.times && !this.context.over) {
            const error = new assert.AssertionError({
                message: `called ${this.calls} times, expected ${this.times}`,
                operator: 'mustCall',
            });
            error.expectedAt = this.origin.stack;
            this.context.fail(error);
        }
        if (this.calls === this.times) {
            this.context.check();
        }
    }
}

class Context {
    #returned = false;
    #awaitsDone = false;
    #doneCalled = false;
    #expectations = [];
    #resources = [];
    #after = [];
    #uncaught = null;
    #settle;

    constructor(name) {
        this.name = name;
        this.over = false;
        this.error = null;
        this.failed = false;
        this.settled = new Promise((resolve) => {
            this.#settle = resolve;
        });
    }

    /* Reading t.done is asking for it: the test then waits for the call. */
    get done() {
        this.#awaitsDone = true;
        return (error) => {
            if (error) {
                this.fail(error);
            }
            this.#doneCalled = true;
            this.check();
        };
    }

    /* Returns fn wrapped so that the test lasts until it was called. */
    mustCall(fn = noop, times = 1) {
        const expectation = new Expectation(this, times);
        this.#expectations.push(expectation);
        const context = this;
        return function mustCall(...args) {
            if (context.over) {
                // Too late to count, and it must not fail the next test.
                return undefined;
            }
            expectation.called();
            return fn.apply(this, args);
        };
    }

    mustNotCall(message = 'this function must not be called') {
        const origin = new Error('expected here');
        return (...args) => {
            if (this.over) {
                return;
            }
            const error = new assert.AssertionError({
                message: `${message}, called with ` +
                    args.map((arg) => describe(arg)).join(', '),
                operator: 'mustNotCall',
            });
            error.expectedAt = origin.stack;
            this.fail(error);
        };
    }

    /* A callback (error, ...rest) that must be called without an error. */
    mustSucceed(fn = noop, times = 1) {
        return this.mustCall(function mustSucceed(error, ...rest) {
            if (error) {
                throw error;
            }
            return fn.apply(this, rest);
        }, times);
    }

    /*
     * A promise of a server that listens on 127.0.0.1 (or on options.path).
     * Its connections are leftovers of the test too.
     */
    async server(listener, options = {}) {
        const net = require('net');
        const server = net.createServer(options, listener);
        this.track(server);
        // First in line, so that a listener that throws leaves none behind.
        server.prependListener('connection', (socket) => this.track(socket));
        if (options.path) {
            server.listen(options.path);
        } else {
            server.listen(0, options.host || '127.0.0.1');
        }
        await this.once(server, 'listening');
        return server;
    }

    /* A socket on its way to that server. */
    connect(server, options = {}, listener = undefined) {
        const net = require('net');
        const address = server.address();
        const where = typeof address === 'string' ?
            { path: address } :
            { port: address.port, host: address.address };
        return this.track(net.connect({ ...where, ...options }, listener));
    }

    /* Promises both ends of a new connection: [client, accepted, server]. */
    async pair(serverOptions = {}, clientOptions = {}) {
        const server = await this.server(undefined, serverOptions);
        const accepted = this.once(server, 'connection');
        const client = this.connect(server, clientOptions);
        await this.once(client, 'connect');
        const [socket] = await accepted;
        return [client, socket, server];
    }

    /* Has it destroyed or closed when the test is over. */
    track(resource) {
        this.#resources.push(resource);
        return resource;
    }

    after(fn) {
        this.#after.push(fn);
    }

    /* A fresh path for a UNIX socket, short enough for sun_path. */
    path() {
        const fs = require('fs');
        const dir = process.env.TMPDIR || '/tmp';
        const name = `${dir}/weir-test-${process.pid}-${++paths}.sock`;
        this.after(() => {
            if (fs.existsSync(name)) {
                fs.unlinkSync(name);
            }
        });
        return name;
    }

    /* A promise of the event's arguments; an 'error' meanwhile rejects it. */
    once(emitter, event) {
        return new Promise((resolve, reject) => {
            const onError = (error) => {
                emitter.removeListener(event, onEvent);
                reject(error);
            };
            const onEvent = (...args) => {
                emitter.removeListener('error', onError);
                resolve(args);
            };
            emitter.once(event, onEvent);
            if (event !== 'error') {
                emitter.once('error', onError);
            }
        });
    }

    sleep(ms) {
        return new Promise((resolve) => setTimeout(resolve, ms));
    }

    /* A promise of the next turn of the loop. */
    turn() {
        return new Promise((resolve) => setImmediate(resolve));
    }

    /*
     * From now on what nobody catches goes to fn instead of failing the test.
     */
    uncaught(fn) {
        this.#uncaught = fn;
    }

    thrown(error) {
        if (this.over) {
            return;
        }
        if (this.#uncaught === null) {
            this.fail(error);
            return;
        }
        try {
            this.#uncaught.call(null, error);
        } catch (second) {
            this.fail(second);
        }
    }

    fail(error) {
        if (this.over) {
            return;
        }
        if (!this.failed) {
            this.failed = true;
            this.error = error;
        }
        this.#end();
    }

    check() {
        if (this.over || !this.#returned) {
            return;
        }
        if (this.#awaitsDone && !this.#doneCalled) {
            return;
        }
        if (this.#expectations.some((each) => each.calls < each.times)) {
            return;
        }
        // One more turn: a call too many comes soon after the last right one.
        setImmediate(() => this.#end());
    }

    start(fn) {
        if (fn.length > 1) {
            this.#awaitsDone = true;
        }
        try {
            const result = fn.length > 1 ? fn(this, this.done) : fn(this);
            if (result && typeof result.then === 'function') {
                result.then(() => this.#return(), (error) => this.fail(error));
            } else {
                this.#return();
            }
        } catch (error) {
            this.fail(error);
        }
    }

    timedOut() {
        const missing = this.#expectations
            .filter((each) => each.calls < each.times);
        const error = new Error(`not over after ${TEST_LIMIT} ms` +
            (this.#returned ? '' : ': its function has not come to its end') +
            (this.#awaitsDone && !this.#doneCalled ?
                ': done was not called' : ''));
        error.expectedAt = missing
            .map((each) => `called ${each.calls} times of ${each.times}: ` +
                each.origin.stack)
            .join('\n');
        this.fail(error);
    }

    async cleanUp() {
        const closing = this.#resources.map((resource) => close(resource));
        for (const fn of this.#after.reverse()) {
            try {
                await fn();
            } catch (error) {
                note(`while cleaning up: ${stackOf(error)}`);
            }
        }
        await withinLimit(Promise.all(closing), CLEANUP_LIMIT, () => {
            note('not everything that the test left behind has closed');
        });
    }

    #return() {
        this.#returned = true;
        this.check();
    }

    #end() {
        this.over = true;
        this.#settle();
    }
}

function describe(value) {
    try {
        return value instanceof Error ? stackOf(value) :
            require('util').inspect(value, { depth: 1 });
    } catch {
        return String(value);
    }
}

function stackOf(error) {
    if (!error || typeof error.stack !== 'string') {
        return describe(error);
    }
    // Engines differ in whether the stack repeats the message.
    const head = `${error.name}: ${error.message}`;
    const stack = error.stack.includes(error.message) ?
        error.stack : `${head}\n${error.stack}`;
    return error.expectedAt ? `${stack}\n${error.expectedAt}` : stack;
}

function note(text) {
    for (const line of String(text).split('\n')) {
        console.log(`# ${line}`);
    }
}

/* Destroys a socket, closes a server; the promise is of its close. */
function close(resource) {
    return new Promise((resolve) => {
        if (typeof resource.destroy === 'function') {
            // Its peer may be reset by this: no news after the test.
            resource.on('error', noop);
            if (resource.destroyed) {
                resolve();
                return;
            }
            resource.once('close', resolve);
            resource.destroy();
            return;
        }
        resource.on('error', noop);
        if (!resource.listening) {
            resolve();
            return;
        }
        resource.ref();
        resource.close(resolve);
    });
}

function withinLimit(promise, ms, late) {
    return new Promise((resolve) => {
        const timer = setTimeout(() => {
            late();
            resolve();
        }, ms);
        promise.then(() => {
            clearTimeout(timer);
            resolve();
        });
    });
}

async function runOne(number, { name, fn }) {
    const context = new Context(name);
    current = context;
    const timer = setTimeout(() => context.timedOut(), TEST_LIMIT);
    // From a fresh turn: ticks and promise jobs then run in their own order.
    setImmediate(() => context.start(fn));
    await context.settled;
    clearTimeout(timer);
    if (context.failed) {
        failures++;
        console.log(`not ok ${number} - ${name}`);
        note(stackOf(context.error));
    } else {
        console.log(`ok ${number} - ${name}`);
    }
    await context.cleanUp();
    current = null;
}

async function runAll() {
    const chosen = tests.filter(({ name }) => name.includes(filter));
    let number = 0;
    for (const each of chosen) {
        await runOne(++number, each);
    }
    finished = true;
    console.log(`1..${number}`);
    if (failures > 0) {
        note(`${failures} of ${number} failed`);
        process.exitCode = 1;
    }
    setTimeout(watchdog, EXIT_LIMIT).unref();
}

/* Unref'ed: it comes only when something else keeps the process alive. */
function watchdog() {
    const held = typeof process.getActiveResourcesInfo === 'function' ?
        process.getActiveResourcesInfo().join(' ') : 'unknown';
    note(`the process does not end by itself; it is held by: ${held}`);
    process.exit(1);
}

process.on('uncaughtException', (error) => {
    // A test that listens itself is testing just this.
    if (process.listenerCount('uncaughtException') > 1) {
        return;
    }
    if (current !== null) {
        current.thrown(error);
        return;
    }
    failures++;
    note(`thrown outside of any test: ${stackOf(error)}`);
    process.exitCode = 1;
});

process.on('exit', () => {
    if (!finished) {
        console.log('not ok - the process ended before its tests were over' +
            (current === null ? '' : `, in: ${current.name}`));
        process.exitCode = 1;
    }
});

function test(name, fn) {
    if (tests.length === 0) {
        setImmediate(runAll);
    }
    tests.push({ name, fn });
}

/* What Node does not have, or does otherwise on purpose. */
test.weir = (name, fn) => {
    if (onWeir) {
        test(name, fn);
        return;
    }
    // A file of such tests alone is an empty success on Node.
    if (tests.length === 0) {
        finished = true;
    }
};

module.exports = { test, assert, onWeir };
