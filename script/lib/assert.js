/*
 * assert - what must be so
 *
 * Each function throws an AssertionError when it is not. What that says is put
 * together by internal/assert/diff, whether two values are equal in depth is
 * decided by internal/util/comparisons: neither is loaded before something
 * fails, or is compared.
 */
const { codes } = require('internal/errors');
const { validateFunction, validateObject } = require('internal/validators');

const deep = () => require('internal/util/comparisons');
const inspect = (value, options) =>
    require('internal/inspect').inspect(value, options);
const describe = (...args) => require('internal/assert/diff').describe(...args);

function isError(value) {
    return value instanceof Error ||
        Object.prototype.toString.call(value) === '[object Error]';
}

function isRegExp(value) {
    return require('util/types').isRegExp(value);
}

/* A value that is a long string would fill the screen beside the message. */
function shortened(value) {
    if (typeof value !== 'string')
        return value;
    const lines = value.split('\n', 11);
    return lines.length > 10 || value.length > 512 ?
        `${lines.slice(0, 10).join('\n').slice(0, 512)}...` : value;
}

class AssertionError extends Error {
    constructor(options) {
        validateObject(options, 'options');
        const { message, operator, actual, expected, stackStartFn,
            stackStartFunction } = options;
        super(message === undefined || message === null ?
            describe(operator, actual, expected) : String(message));
        this.generatedMessage = !message;
        this.code = 'ERR_ASSERTION';
        this.actual = actual;
        this.expected = expected;
        this.operator = operator;
        Error.captureStackTrace?.(this, stackStartFn ?? stackStartFunction);
        // Test runners print the property as it is.
        this.stack = require('internal/stack').formatStack(this);
    }

    toString() {
        return `${this.name} [${this.code}]: ${this.message}`;
    }

    [Symbol.for('nodejs.util.inspect.custom')](depth, options) {
        const { actual, expected } = this;
        this.actual = shortened(actual);
        this.expected = shortened(expected);
        try {
            return inspect(this,
                { ...options, customInspect: false, depth: 0 });
        } finally {
            this.actual = actual;
            this.expected = expected;
        }
    }
}

Object.defineProperty(AssertionError.prototype, 'name', {
    value: 'AssertionError', writable: true, configurable: true,
});

/* options: { actual, expected, message, operator, stackStartFn } */
function innerFail(options) {
    const { message } = options;
    if (isError(message))
        throw message;
    throw new AssertionError(options);
}

function needBoth(args) {
    if (args.length < 2)
        throw new codes.ERR_MISSING_ARGS('actual', 'expected');
}

/* ---------------------------------------------------------------- is it so */

function innerOk(fn, args) {
    const [value, message] = args;
    if (value)
        return;
    let text = message;
    let generated = false;
    if (args.length === 0) {
        generated = true;
        text = 'No value argument passed to `assert.ok()`';
    } else if (message === undefined || message === null) {
        generated = true;
        text = require('internal/assert/source').describeCall();
    } else if (isError(message)) {
        throw message;
    }
    const error = new AssertionError({
        actual: value, expected: true, message: text, operator: '==',
        stackStartFn: fn,
    });
    error.generatedMessage = generated;
    throw error;
}

function ok(...args) {
    innerOk(ok, args);
}

function assert(...args) {
    innerOk(assert, args);
}

function fail(message, expected, text, operator, stackStartFn) {
    if (isError(message) && arguments.length <= 1)
        throw message;
    if (arguments.length > 1) {
        // fail(actual, expected, message, operator): the older form
        innerFail({
            actual: message, expected, message: text,
            operator: operator ?? '!=', stackStartFn: stackStartFn ?? fail,
        });
    }
    const error = new AssertionError({
        message: message ?? 'Failed', operator: 'fail', stackStartFn: fail,
    });
    error.generatedMessage = message === undefined || message === null;
    throw error;
}

/* ---------------------------------------------------------- are they equal */

function equal(actual, expected, message) {
    needBoth(arguments);
    if (actual != expected &&
        !(Number.isNaN(actual) && Number.isNaN(expected))) {
        innerFail({ actual, expected, message, operator: '==',
            stackStartFn: equal });
    }
}

function notEqual(actual, expected, message) {
    needBoth(arguments);
    if (actual == expected ||
        (Number.isNaN(actual) && Number.isNaN(expected))) {
        innerFail({ actual, expected, message, operator: '!=',
            stackStartFn: notEqual });
    }
}

function strictEqual(actual, expected, message) {
    needBoth(arguments);
    if (!Object.is(actual, expected)) {
        innerFail({ actual, expected, message, operator: 'strictEqual',
            stackStartFn: strictEqual });
    }
}

function notStrictEqual(actual, expected, message) {
    needBoth(arguments);
    if (Object.is(actual, expected)) {
        innerFail({ actual, expected, message, operator: 'notStrictEqual',
            stackStartFn: notStrictEqual });
    }
}

function deepEqual(actual, expected, message) {
    needBoth(arguments);
    if (!deep().isDeepEqual(actual, expected)) {
        innerFail({ actual, expected, message, operator: 'deepEqual',
            stackStartFn: deepEqual });
    }
}

function notDeepEqual(actual, expected, message) {
    needBoth(arguments);
    if (deep().isDeepEqual(actual, expected)) {
        innerFail({ actual, expected, message, operator: 'notDeepEqual',
            stackStartFn: notDeepEqual });
    }
}

function deepStrictEqual(actual, expected, message) {
    needBoth(arguments);
    if (!deep().isDeepStrictEqual(actual, expected)) {
        innerFail({ actual, expected, message, operator: 'deepStrictEqual',
            stackStartFn: deepStrictEqual });
    }
}

function notDeepStrictEqual(actual, expected, message) {
    needBoth(arguments);
    if (deep().isDeepStrictEqual(actual, expected)) {
        innerFail({ actual, expected, message, operator: 'notDeepStrictEqual',
            stackStartFn: notDeepStrictEqual });
    }
}

function partialDeepStrictEqual(actual, expected, message) {
    needBoth(arguments);
    if (!deep().isPartialStrictEqual(actual, expected)) {
        innerFail({ actual, expected, message,
            operator: 'partialDeepStrictEqual',
            stackStartFn: partialDeepStrictEqual });
    }
}

/* ------------------------------------------------------ does it (not) throw */

/* Stands for an error in a diff: only what was asked for. */
class Comparison {
    constructor(error, keys, actual) {
        for (const key of keys) {
            if (!(key in error))
                continue;
            const matched = actual !== undefined && isRegExp(error[key]) &&
                typeof actual[key] === 'string' &&
                error[key].exec(actual[key]) !== null;
            this[key] = matched ? actual[key] : error[key];
        }
    }
}

function compareKey(actual, expected, key, message, keys, fn) {
    if (key in actual &&
        deep().isDeepStrictEqual(actual[key], expected[key]))
        return;
    if (message) {
        innerFail({ actual, expected, message, operator: fn.name,
            stackStartFn: fn });
    }
    const error = new AssertionError({
        actual: new Comparison(actual, keys),
        expected: new Comparison(expected, keys, actual),
        operator: 'deepStrictEqual', stackStartFn: fn,
    });
    Object.assign(error, { actual, expected, operator: fn.name });
    throw error;
}

function matchObject(actual, expected, message, fn) {
    if (typeof actual !== 'object' || actual === null) {
        const error = new AssertionError({ actual, expected, message,
            operator: 'deepStrictEqual', stackStartFn: fn });
        error.operator = fn.name;
        throw error;
    }
    const keys = Object.keys(expected);
    if (isError(expected)) {
        keys.push('name', 'message');
    } else if (keys.length === 0) {
        throw new codes.ERR_INVALID_ARG_VALUE('error', expected,
            'may not be an empty object');
    }
    for (const key of keys) {
        if (typeof actual[key] === 'string' && isRegExp(expected[key]) &&
            expected[key].exec(actual[key]) !== null)
            continue;
        compareKey(actual, expected, key, message, keys, fn);
    }
}

function wrongPattern(actual, expected) {
    const text = String(actual);
    return expected.exec(text) !== null ? undefined :
        `The input did not match the regular expression ${inspect(expected)}` +
        `. Input:\n\n${inspect(text)}\n`;
}

function wrongClass(actual, expected) {
    const start = 'The error is expected to be an instance of ' +
        `"${expected.name}". Received `;
    return isError(actual) ?
        `${start}"${actual.name}"\n\nError message:\n\n${actual.message}` :
        `${start}"${inspect(actual, { depth: -1 })}"`;
}

function wrongByFunction(actual, expected) {
    const result = Reflect.apply(expected, {}, [actual]);
    if (result === true)
        return undefined;
    const name = expected.name ? `"${expected.name}" ` : '';
    const text = `The ${name}validation function is expected to return ` +
        `"true". Received ${inspect(result)}`;
    return isError(actual) ? `${text}\n\nCaught error:\n\n${actual}` : text;
}

/* undefined when the error is what was expected, else what is wrong. */
function whatIsWrong(actual, expected) {
    if (isRegExp(expected))
        return wrongPattern(actual, expected);
    if (expected.prototype !== undefined && actual instanceof expected)
        return undefined;
    return expected === Error || Error.isPrototypeOf(expected) ?
        wrongClass(actual, expected) : wrongByFunction(actual, expected);
}

function expectError(actual, expected, message, fn) {
    if (typeof expected === 'object' && !isRegExp(expected)) {
        matchObject(actual, expected, message, fn);
        return;
    }
    const wrong = whatIsWrong(actual, expected);
    if (wrong === undefined)
        return;
    if (isError(message))
        throw message;
    const error = new AssertionError({ actual, expected,
        message: message || wrong, operator: fn.name, stackStartFn: fn });
    error.generatedMessage = !message;
    throw error;
}

function ambiguous(actual, message) {
    const { ERR_AMBIGUOUS_ARGUMENT } = codes;
    if (typeof actual === 'object' && actual !== null) {
        if (actual.message === message) {
            throw new ERR_AMBIGUOUS_ARGUMENT('error/message',
                `The error message "${message}" is identical to the message.`);
        }
    } else if (actual === message) {
        throw new ERR_AMBIGUOUS_ARGUMENT('error/message',
            `The error "${message}" is identical to the message.`);
    }
}

const NOTHING = Symbol('nothing was thrown');

/* args: [expected][, message] of throws() and rejects() */
function checkThrown(fn, actual, args) {
    let [expected, message] = args;
    if (typeof expected === 'string' && args.length === 1) {
        ambiguous(actual, expected);
        [expected, message] = [undefined, expected];
    } else if (expected !== undefined && expected !== null &&
        typeof expected !== 'object' && typeof expected !== 'function') {
        throw new codes.ERR_INVALID_ARG_TYPE('error',
            ['Function', 'Error', 'RegExp', 'Object'], expected);
    }
    if (actual === NOTHING) {
        const what = fn === rejects ? 'rejection' : 'exception';
        const name = expected?.name ? ` (${expected.name})` : '';
        innerFail({ actual: undefined, expected, operator: fn.name,
            message: isError(message) ? message :
                `Missing expected ${what}${name}` +
                `${message ? `: ${message}` : '.'}`,
            stackStartFn: fn });
    }
    if (expected)
        expectError(actual, expected, message, fn);
}

function isUnwanted(actual, expected) {
    if (typeof expected !== 'function') {
        if (isRegExp(expected))
            return expected.exec(String(actual)) !== null;
        throw new codes.ERR_INVALID_ARG_TYPE('expected',
            ['Function', 'RegExp'], expected);
    }
    if (expected.prototype !== undefined && actual instanceof expected)
        return true;
    return !Error.isPrototypeOf(expected) &&
        Reflect.apply(expected, {}, [actual]) === true;
}

function checkNotThrown(fn, actual, args) {
    if (actual === NOTHING)
        return;
    const [expected, message] = typeof args[0] === 'string' ?
        [undefined, args[0]] : args;
    if (expected && !isUnwanted(actual, expected))
        throw actual;
    const what = fn === doesNotReject ? 'rejection' : 'exception';
    innerFail({ actual, expected, operator: fn.name,
        message: `Got unwanted ${what}${message ? `: ${message}` : '.'}\n` +
            `Actual message: "${actual?.message}"`,
        stackStartFn: fn });
}

function thrownBy(fn) {
    validateFunction(fn, 'fn');
    try {
        fn();
    } catch (error) {
        return error;
    }
    return NOTHING;
}

function isPromiseLike(value) {
    return require('util/types').isPromise(value) ||
        (value !== null && typeof value === 'object' &&
        typeof value.then === 'function' && typeof value.catch === 'function');
}

async function rejectionOf(promiseFn) {
    let promise = promiseFn;
    if (typeof promiseFn === 'function') {
        promise = promiseFn();
        if (!isPromiseLike(promise)) {
            throw new codes.ERR_INVALID_RETURN_VALUE('instance of Promise',
                'promiseFn', promise);
        }
    } else if (!isPromiseLike(promiseFn)) {
        throw new codes.ERR_INVALID_ARG_TYPE('promiseFn',
            ['Function', 'Promise'], promiseFn);
    }
    try {
        await promise;
    } catch (error) {
        return error;
    }
    return NOTHING;
}

function throws(fn, ...args) {
    checkThrown(throws, thrownBy(fn), args);
}

function doesNotThrow(fn, ...args) {
    checkNotThrown(doesNotThrow, thrownBy(fn), args);
}

async function rejects(promiseFn, ...args) {
    checkThrown(rejects, await rejectionOf(promiseFn), args);
}

async function doesNotReject(promiseFn, ...args) {
    checkNotThrown(doesNotReject, await rejectionOf(promiseFn), args);
}

/* The error of a callback, where there should be none. */
function ifError(error) {
    if (error === null || error === undefined)
        return;
    let text = inspect(error);
    if (typeof error === 'object' && typeof error.message === 'string') {
        text = error.message.length === 0 && error.constructor ?
            error.constructor.name : error.message;
    }
    throw new AssertionError({ actual: error, expected: null,
        operator: 'ifError', stackStartFn: ifError,
        message: `ifError got unwanted exception: ${text}` });
}

/* ------------------------------------------------------------------ strings */

function innerMatch(string, regexp, message, fn) {
    if (!isRegExp(regexp))
        throw new codes.ERR_INVALID_ARG_TYPE('regexp', 'RegExp', regexp);
    const isString = typeof string === 'string';
    if (isString && (regexp.exec(string) !== null) === (fn === match))
        return;
    if (isError(message))
        throw message;
    const wanted = fn === match ? 'did not match' :
        'was expected to not match';
    const error = new AssertionError({ actual: string, expected: regexp,
        operator: fn.name, stackStartFn: fn,
        message: message || (isString ?
            `The input ${wanted} the regular expression ` +
            `${inspect(regexp)}. Input:\n\n${inspect(string)}\n` :
            'The "string" argument must be of type string. Received type ' +
            `${typeof string} (${inspect(string)})`) });
    error.generatedMessage = !message;
    throw error;
}

function match(string, regexp, message) {
    innerMatch(string, regexp, message, match);
}

function doesNotMatch(string, regexp, message) {
    innerMatch(string, regexp, message, doesNotMatch);
}

function strict(...args) {
    innerOk(strict, args);
}

const functions = {
    AssertionError, deepEqual, deepStrictEqual, doesNotMatch, doesNotReject,
    doesNotThrow, equal, fail, ifError, match, notDeepEqual,
    notDeepStrictEqual, notEqual, notStrictEqual, ok, partialDeepStrictEqual,
    rejects, strictEqual, throws,
};

module.exports = Object.assign(assert, functions);
assert.strict = Object.assign(strict, functions, {
    equal: strictEqual,
    deepEqual: deepStrictEqual,
    notEqual: notStrictEqual,
    notDeepEqual: notDeepStrictEqual,
    strict,
});
