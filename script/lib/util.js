/*
 * util - what does not belong to any other module
 *
 * The large parts (inspect, format, types, deep comparison, parseArgs) live in
 * modules of their own and are loaded when they are first asked for: most
 * programs want `promisify` or `inherits` and nothing else.
 */
const { codes } = require('internal/errors');
const { lazy } = require('internal/lazy');
const { validateFunction, validateNumber, validateString } =
    require('internal/validators');

const customPromisify = Symbol.for('nodejs.util.promisify.custom');
// Names of a callback's further arguments, for functions that have several.
const customArguments = Symbol.for('weir.util.promisify.arguments');

/* ----------------------------------------------------- callbacks, promises */

function withOwnProperties(target, source) {
    Object.setPrototypeOf(target, Object.getPrototypeOf(source));
    return Object.defineProperties(target,
        Object.getOwnPropertyDescriptors(source));
}

function markCustom(fn) {
    return Object.defineProperty(fn, customPromisify, {
        value: fn, enumerable: false, writable: false, configurable: true,
    });
}

function promisify(original) {
    validateFunction(original, 'original');
    const custom = original[customPromisify];
    if (custom) {
        validateFunction(custom, 'util.promisify.custom');
        return markCustom(custom);
    }
    const names = original[customArguments];

    function promisified(...args) {
        return new Promise((resolve, reject) => {
            Reflect.apply(original, this, [...args, (error, ...values) => {
                if (error) {
                    reject(error);
                } else if (names !== undefined && values.length > 1) {
                    resolve(Object.fromEntries(
                        names.map((name, i) => [name, values[i]])));
                } else {
                    resolve(values[0]);
                }
            }]);
        });
    }

    return withOwnProperties(
        markCustom(withOwnProperties(promisified, original)), original);
}

promisify.custom = customPromisify;

function callbackify(original) {
    validateFunction(original, 'original');

    function callbackified(...args) {
        const callback = args.pop();
        validateFunction(callback, 'last argument');
        const done = callback.bind(this);
        const { nextTick } = require('internal/core');
        Reflect.apply(original, this, args).then(
            (value) => nextTick(done, null, value),
            (reason) => nextTick(rejected, reason, done));
    }

    const own = Object.getOwnPropertyDescriptors(original);
    if (typeof own.length?.value === 'number')
        own.length.value++;
    if (typeof own.name?.value === 'string')
        own.name.value += 'Callbackified';
    return Object.defineProperties(callbackified, own);
}

/* A callback tells by its first argument that it failed: it must be truthy. */
function rejected(reason, callback) {
    if (reason)
        return callback(reason);
    const error = new codes.ERR_FALSY_VALUE_REJECTION(reason);
    error.reason = reason;
    return callback(error);
}

async function aborted(signal, resource) {
    const { validateAbortSignal, validateObject } =
        require('internal/validators');
    if (signal === undefined)
        throw new codes.ERR_INVALID_ARG_TYPE('signal', 'AbortSignal', signal);
    validateAbortSignal(signal, 'signal');
    validateObject(resource, 'resource',
        { allowArray: true, allowFunction: true });
    if (signal.aborted)
        return undefined;
    return new Promise((resolve) => {
        // Nobody waits for an abort on behalf of what is gone.
        const held = new WeakRef(resource);
        signal.addEventListener('abort', (event) => {
            if (held.deref() !== undefined)
                resolve(event);
        }, { once: true });
    });
}

/* ------------------------------------------------------ classes, old style */

function inherits(ctor, superCtor) {
    if (ctor === undefined || ctor === null)
        throw new codes.ERR_INVALID_ARG_TYPE('ctor', 'Function', ctor);
    if (superCtor === undefined || superCtor === null) {
        throw new codes.ERR_INVALID_ARG_TYPE('superCtor', 'Function',
            superCtor);
    }
    if (superCtor.prototype === undefined) {
        throw new codes.ERR_INVALID_ARG_TYPE('superCtor.prototype', 'Object',
            superCtor.prototype);
    }
    Object.defineProperty(ctor, 'super_', {
        value: superCtor, writable: true, configurable: true,
    });
    Object.setPrototypeOf(ctor.prototype, superCtor.prototype);
}

function _extend(target, source) {
    return source === null || typeof source !== 'object' ? target :
        Object.assign(target, source);
}

/* --------------------------------------------------- warnings and messages */

const warned = new Set();

function deprecate(fn, message, code) {
    if (code !== undefined)
        validateString(code, 'code');
    if (process.noDeprecation === true)
        return fn;
    let told = false;

    function deprecated(...args) {
        if (!told && process.noDeprecation !== true) {
            told = true;
            if (code === undefined || !warned.has(code)) {
                warned.add(code);
                process.emitWarning(message, 'DeprecationWarning', code,
                    deprecated);
            }
        }
        return new.target ? Reflect.construct(fn, args, new.target) :
            Reflect.apply(fn, this, args);
    }

    Object.setPrototypeOf(deprecated, fn);
    if (fn.prototype)
        deprecated.prototype = fn.prototype;
    return deprecated;
}

function isDebugged(section) {
    const wanted = process.env.NODE_DEBUG;
    if (!wanted)
        return false;
    return wanted.toUpperCase().split(',').some((pattern) => new RegExp(
        `^${pattern.trim().replace(/[|\\{}()[\]^$+?.]/g, '\\$&')
            .replaceAll('*', '.*')}$`).test(section));
}

function debuglog(set, onFirst) {
    const section = `${set}`.toUpperCase();
    let enabled;
    const isEnabled = () => enabled ??= isDebugged(section);

    function write(...args) {
        if (isEnabled()) {
            console.error('%s %d: %s', section, process.pid,
                require('internal/inspect/format').format(...args));
        }
    }

    let first = typeof onFirst === 'function';
    const logger = (...args) => {
        if (first) {
            first = false;
            onFirst(write);
        }
        write(...args);
    };
    return Object.defineProperty(logger, 'enabled', {
        get: isEnabled, configurable: true, enumerable: true,
    });
}

function log(...args) {
    const now = new Date();
    const month = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug',
        'Sep', 'Oct', 'Nov', 'Dec'][now.getMonth()];
    const time = [now.getHours(), now.getMinutes(), now.getSeconds()]
        .map((part) => String(part).padStart(2, '0')).join(':');
    console.log('%s - %s', `${now.getDate()} ${month} ${time}`,
        require('internal/inspect/format').format(...args));
}

/* ----------------------------------------------------------------- strings */

function stripVTControlCharacters(text) {
    validateString(text, 'str');
    return require('internal/inspect').stripEscapes(text);
}

/* Colour is for people: not for files and pipes, nor who asked for none. */
function wantsColor(stream) {
    const { FORCE_COLOR, NO_COLOR, NODE_DISABLE_COLORS } = process.env;
    if (FORCE_COLOR !== undefined)
        return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
    return Boolean(stream?.isTTY) && NO_COLOR === undefined &&
        NODE_DISABLE_COLORS === undefined;
}

function styleText(format, text, options = {}) {
    const { inspect } = require('internal/inspect');
    const { validateBoolean, validateObject, validateOneOf } =
        require('internal/validators');
    validateString(text, 'text');
    validateObject(options, 'options');
    const { validateStream = true, stream = process.stdout } = options;
    validateBoolean(validateStream, 'options.validateStream');
    if (validateStream && typeof stream?.write !== 'function' &&
        typeof stream?.read !== 'function') {
        throw new codes.ERR_INVALID_ARG_TYPE('stream',
            ['ReadableStream', 'WritableStream', 'Stream'], stream);
    }
    let left = '';
    let right = '';
    for (const name of Array.isArray(format) ? format : [format]) {
        if (name === 'none')
            continue;
        const codesOf = inspect.colors[name];
        if (codesOf === undefined)
            validateOneOf(name, 'format', Object.keys(inspect.colors));
        left += `\u001b[${codesOf[0]}m`;
        right = `\u001b[${codesOf[1]}m${right}`;
    }
    return validateStream && !wantsColor(stream) ? text :
        `${left}${text}${right}`;
}

/* ------------------------------------------------------------------ errors */

let systemErrors;

function systemErrorMap() {
    if (systemErrors === undefined) {
        systemErrors = new Map();
        binding.util.eachError((errno, name, text) => {
            systemErrors.set(errno, [name, text]);
        });
    }
    return systemErrors;
}

function validateErrno(errno) {
    validateNumber(errno, 'err');
    if (errno >= 0 || !Number.isSafeInteger(errno))
        throw new codes.ERR_OUT_OF_RANGE('err', 'a negative integer', errno);
}

function getSystemErrorName(errno) {
    validateErrno(errno);
    return systemErrorMap().get(errno)?.[0] ?? `Unknown system error ${errno}`;
}

function getSystemErrorMessage(errno) {
    validateErrno(errno);
    return systemErrorMap().get(errno)?.[1] ?? `Unknown system error ${errno}`;
}

function getCallSites(count = 10) {
    const { validateInteger } = require('internal/validators');
    validateInteger(count, 'frameCount', 1, 200);
    const [, ...callers] = require('internal/stack').frames(new Error());
    return callers.slice(0, count).map((frame) => ({
        functionName: frame.functionName,
        scriptId: '0',
        scriptName: frame.file,
        lineNumber: frame.line,
        columnNumber: frame.column,
        column: frame.column,
    }));
}

/* --------------------------------------------- questions of older programs */

const isObject = (value) => value !== null && typeof value === 'object';
const isPrimitive = (value) => value === null ||
    (typeof value !== 'object' && typeof value !== 'function');
const types = () => require('util/types');

Object.assign(module.exports, {
    _extend,
    _errnoException: (...args) =>
        require('internal/errors').errnoException(...args),
    _exceptionWithHostPort: (...args) =>
        require('internal/errors').exceptionWithHostPort(...args),
    aborted,
    callbackify,
    debug: debuglog,
    debuglog,
    deprecate,
    getCallSites,
    getSystemErrorMap: () => new Map(systemErrorMap()),
    getSystemErrorMessage,
    getSystemErrorName,
    inherits,
    isArray: Array.isArray,
    isBoolean: (value) => typeof value === 'boolean',
    isBuffer: (value) => require('buffer').Buffer.isBuffer(value),
    isDate: (value) => types().isDate(value),
    isDeepStrictEqual: (a, b) =>
        require('internal/util/comparisons').isDeepStrictEqual(a, b),
    isError: (value) => types().isNativeError(value) || value instanceof Error,
    isFunction: (value) => typeof value === 'function',
    isNull: (value) => value === null,
    isNullOrUndefined: (value) => value === null || value === undefined,
    isNumber: (value) => typeof value === 'number',
    isObject,
    isPrimitive,
    isRegExp: (value) => types().isRegExp(value),
    isString: (value) => typeof value === 'string',
    isSymbol: (value) => typeof value === 'symbol',
    isUndefined: (value) => value === undefined,
    log,
    parseArgs: (config) =>
        require('internal/util/parse_args').parseArgs(config),
    promisify,
    stripVTControlCharacters,
    styleText,
    toUSVString: (value) => `${value}`.toWellFormed(),
});

/* Loaded when first asked for. */
lazy(module.exports, 'TextDecoder', () =>
    require('internal/encoding').TextDecoder);
lazy(module.exports, 'TextEncoder', () =>
    require('internal/encoding').TextEncoder);
lazy(module.exports, 'format', () => require('internal/inspect/format').format);
lazy(module.exports, 'formatWithOptions', () => {
    const { formatWithOptions } = require('internal/inspect/format');
    return function(options, ...args) {
        require('internal/validators')
            .validateObject(options, 'inspectOptions', { allowFunction: true });
        return formatWithOptions(options, ...args);
    };
});
lazy(module.exports, 'inspect', () => require('internal/inspect').inspect);
lazy(module.exports, 'types', types);
