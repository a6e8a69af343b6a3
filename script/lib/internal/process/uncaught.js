/*
 * What happens with an exception that nobody caught
 *
 *   onException(error, origin)          -1 when somebody took it and the loop
 *                                       goes on; else the exit code with which
 *                                       the process must end now. By then the
 *                                       error is printed and 'exit' is emitted
 *   onUnhandledRejection(promise, reason)  the same for a rejection
 *   setCaptureCallback(fn)              process.setUncaughtException-
 *   hasCaptureCallback()                CaptureCallback() and its sister
 *
 * Node's order: the monitor hears of it, then the capture callback or the
 * handlers of 'uncaughtException'. If there are none, 'exit' is emitted with 1
 * and the error printed: the place, its source line with a caret, the stack,
 * what else the error carries. If one of those who were told throws, that error
 * is printed and the code is 7. A program in C that collects errors is told
 * instead of all that, and says whether the script goes on.
 *
 * The engine says where an error was made, not where it was thrown, and says
 * nothing of values that are no errors. The place shown is the topmost in a
 * file of the program; of weir's own only when there is no other.
 */

const { options, upcalls } = require('internal/core');
const { emittedBy } = require('internal/errors');
const { frames, formatStack } = require('internal/stack');

const { core } = binding;

const HANDLER_THREW = 7;

let capture = null;

// ------------------------------------------------------------ who is told

function setCaptureCallback(callback) {
    if (callback !== null && typeof callback !== 'function') {
        const { codes } = require('internal/errors');
        throw new codes.ERR_INVALID_ARG_TYPE('fn', ['Function', 'null'],
            callback);
    }
    if (callback !== null && capture !== null) {
        const { codes } = require('internal/errors');
        throw new codes.ERR_UNCAUGHT_EXCEPTION_CAPTURE_ALREADY_SET();
    }
    capture = callback;
}

function hasCaptureCallback() {
    return capture !== null;
}

// Whether somebody took it. What they throw goes on to the caller.
function tell(error, origin) {
    const process = require('process');
    process.emit('uncaughtExceptionMonitor', error, origin);
    if (capture === null)
        return process.emit('uncaughtException', error, origin);
    capture(error);
    return true;
}

// A handler of 'exit' may choose another code; one that throws is too late.
function emitExit() {
    try {
        return require('internal/process/ending').emitExit(1);
    } catch {
        return 1;
    }
}

function onException(error, origin = 'uncaughtException') {
    try {
        if (tell(error, origin))
            return -1;
    } catch (thrown) {
        require('internal/process/ending').runLastActs();
        print(thrown);
        return HANDLER_THREW;
    }
    if (options.collectsErrors)
        return report(error) ? -1 : emitExit();
    const code = emitExit();
    print(error);
    return code;
}

// -------------------------------------------------------------- rejections

function isErrorLike(value) {
    return typeof value === 'object' && value !== null &&
        Object.hasOwn(value, 'stack');
}

const tags = {
    __proto__: null, '[object Array]': true, '[object Date]': true,
    '[object RegExp]': true, '[object String]': true,
    '[object Number]': true, '[object Boolean]': true,
};

// A short name for what was rejected with; the program's toString() is not
// run for it.
function nameOf(value) {
    if (typeof value === 'function')
        return Functions.toString(value);
    if (typeof value !== 'object' || value === null)
        return String(value);
    const tag = Objects.toString(value);
    if (tags[tag] || Object.hasOwn(value, 'toString'))
        return tag;
    const name = value.constructor?.name;
    return typeof name === 'string' && name !== '' ? `#<${name}>` : tag;
}

function onUnhandledRejection(promise, reason) {
    const process = require('process');
    if (process.emit('unhandledRejection', reason, promise))
        return -1;
    if (isErrorLike(reason))
        return onException(reason, 'unhandledRejection');
    const { codes } = require('internal/errors');
    return onException(new codes.ERR_UNHANDLED_REJECTION(nameOf(reason)),
        'unhandledRejection');
}

// ------------------------------------------------------------------ places

function linesOf(file) {
    if (!file.startsWith('node:'))
        return upcalls().sourceOf(file)?.split('\n') ?? [];
    const builtin = core.builtin(file.slice('node:'.length));
    return builtin === undefined ? [] : String(builtin).split('\n');
}

// Under the word `throw` when the error is made where it is thrown, else where
// the call or the `new` begins that the engine's column is behind.
function caretColumn(text, column) {
    const before = text.slice(0, column - 1);
    const thrown = /\bthrow\s+(?:new\s+)?[\w$.]*$/.exec(before);
    if (thrown !== null)
        return thrown.index;
    if (text[column - 1] === '.')
        return column;
    return text[column - 1] === '(' ?
        before.search(/(?:\bnew\s+[\w$.]*|[\w$]*)$/) : column - 1;
}

function show(file, line, text, column) {
    if (text === undefined)
        return `${file}:${line}\n`;
    const indent = text.slice(0, column).replace(/[^\t]/g, ' ');
    return `${file}:${line}\n${text}\n${indent}^\n\n`;
}

function isOurs({ file }) {
    return file === '' || file.startsWith('node:');
}

// Of an error that was made by the loop and emitted, neither stack may have a
// frame of the program.
function placeOf(error) {
    const own = frames(error);
    const emitted = error[emittedBy] ? frames(error[emittedBy]) : [];
    // The engine begins with the constructors of the error's own class.
    const maker = error.constructor?.name;
    const isTheirs = (one) => !isOurs(one) && one.functionName !== maker;
    const { file, line, column } = own.find(isTheirs) ??
        emitted.find(isTheirs) ??
        [...own, ...emitted].find((one) => one.file !== '') ??
        { file: error.sourceURL, line: error.line, column: error.column };
    if (typeof file !== 'string' || file === '' || !(line > 0))
        return '';
    const text = linesOf(file)[line - 1];
    return show(file, line, text, text && caretColumn(text, column ?? 1));
}

// ------------------------------------------------------- unhandled 'error'
// events.js notes with an error that nobody listened to where it was emitted.

// Frames at the end that the error's own stack has too need no second look.
function withoutCommon(lines, others) {
    let count = 0;
    while (count < lines.length && count < others.length &&
        lines.at(-1 - count) === others.at(-1 - count))
        count++;
    if (count <= 3)
        return lines;
    return [...lines.slice(0, lines.length - count + 1),
        '    [... lines matching original stack trace ...]',
        lines.at(-1)];
}

function addEmitted(error) {
    const emitted = error[emittedBy];
    const stack = formatStack(error);
    const lines = formatStack(emitted).split('\n').slice(1);
    if (lines.length === 0)
        return;
    const { name } = emitted;
    const instance = typeof name === 'string' && name !== 'EventEmitter' ?
        ` on ${name} instance` : '';
    const value = [stack, `Emitted 'error' event${instance} at:`,
        ...withoutCommon(lines, stack.split('\n'))].join('\n');
    Reflect.defineProperty(error, 'stack', {
        configurable: true, enumerable: false, value, writable: true,
    });
}

// ---------------------------------------------------------------- printing

function useColors() {
    try {
        const { stderr } = require('process');
        return stderr.isTTY === true && stderr.hasColors();
    } catch {
        return false; // the stream may be what is broken
    }
}

function inspected(value) {
    const { inspect } = require('internal/inspect');
    try {
        return inspect(value, { colors: useColors() });
    } catch {
        return `${value?.name}: ${value?.message}`;
    }
}

function describe(error) {
    if (!(error instanceof Error)) {
        const isObject = Object(error) === error;
        return `Uncaught:\n${inspected(error)}\n` + (isObject ? '' :
            '(Use `throw new Error(...)` to show where the exception was ' +
            'thrown)\n');
    }
    const isExplained = error instanceof SyntaxError &&
        require('internal/errors/syntax').isExplained(error);
    const place = isExplained ? '' : placeOf(error);
    if (error[emittedBy] !== undefined)
        addEmitted(error);
    return `${place}${inspected(error)}\n`;
}

// True when the host has taken it.
function report(error) {
    const version = require('process').versions?.weir;
    let text;
    let stack;
    try {
        text = describe(error);
        stack = error instanceof Error ? formatStack(error) : undefined;
    } catch {
        text = 'Uncaught: an error that cannot be shown\n';
    }
    return core.report(`${text}\nweir v${version}\n`, stack);
}

function print(error) {
    require('internal/primordials').restore();
    report(error);
}

module.exports = {
    onException, onUnhandledRejection, setCaptureCallback, hasCaptureCallback,
};
