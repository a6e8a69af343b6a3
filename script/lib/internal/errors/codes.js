/*
 * The errors that have a code: ERR_INVALID_ARG_TYPE and the like, worded as
 * Node words them, for people search for `err.message`.
 *
 * One table for each base class maps codes to messages, and `codes` holds a
 * constructor for each. A message is a string with %s for the arguments in
 * their order, shown as util.format() shows them, or a function where there is
 * something to decide.
 *
 * An error shows its code in two ways: as the property `code`, and in
 * toString(), while `name` stays that of the base class. The engine's `stack`
 * carries no header; internal/stack writes that when an error is printed.
 *
 * internal/errors loads this file when the first such error is made.
 */

const { withStackOf } = require('internal/errors');

const inspect = (value, options) =>
    require('internal/inspect').inspect(value, options);

/* ------------------------------------------------- words of the messages */

/** "a", "a or b", "a, b, or c". */
function formatList(words, conjunction) {
    if (words.length < 3) return Arrays.join(words, ` ${conjunction} `);
    const last = words.length - 1;
    const first = Arrays.join(Arrays.slice(words, 0, last), ', ');
    return `${first}, ${conjunction} ${words[last]}`;
}

function describeString(value) {
    const text = value.length > 28 ?
        `${Strings.slice(value, 0, 25)}...` : value;
    return Strings.includes(text, "'") ? JSON.stringify(text) : `'${text}'`;
}

/** What a wrong argument was: "type number (5)", "an instance of Map". */
function determineSpecificType(value) {
    if (value === null || value === undefined) return String(value);
    switch (typeof value) {
    case 'function':
        return `function ${value.name}`;
    case 'object':
        return value.constructor && 'name' in Object(value.constructor) ?
            `an instance of ${String(value.constructor.name)}` :
            inspect(value, { depth: -1 });
    case 'string':
        return `type string (${describeString(value)})`;
    case 'bigint':
        return `type bigint (${value}n)`;
    case 'number':
        return `type number (${Object.is(value, -0) ? '-0' : value})`;
    default:
        return `type ${typeof value} (${String(value)})`;
    }
}

const primitiveTypes = [
    'string', 'function', 'number', 'object', 'Function', 'Object', 'boolean',
    'bigint', 'symbol',
];

/** Sorts what was expected into typeof names, classes, and plain words. */
function sortExpected(expected) {
    const types = [];
    const classes = [];
    const words = [];
    for (const what of expected) {
        if (Arrays.includes(primitiveTypes, what))
            Arrays.push(types, Strings.toLowerCase(what));
        else if (RegExps.test(/^([A-Z][a-z0-9]*)+$/, what))
            Arrays.push(classes, what);
        else
            Arrays.push(words, what);
    }
    // Beside other classes, "an object" reads as one more class.
    const object = classes.length > 0 ? Arrays.indexOf(types, 'object') : -1;
    if (object >= 0) {
        Arrays.splice(types, object, 1);
        Arrays.push(classes, 'Object');
    }
    return { types, classes, words };
}

function expectedText(expected) {
    const { types, classes, words } = sortExpected(expected);
    const parts = [];
    if (types.length > 0) {
        Arrays.push(parts, (types.length > 1 ? 'one of type ' : 'of type ') +
            formatList(types, 'or'));
    }
    if (classes.length > 0)
        Arrays.push(parts, `an instance of ${formatList(classes, 'or')}`);
    if (words.length > 1) {
        Arrays.push(parts, `one of ${formatList(words, 'or')}`);
    } else if (words.length === 1) {
        const [word] = words;
        Arrays.push(parts,
            word === Strings.toLowerCase(word) ? word : `an ${word}`);
    }
    return Arrays.join(parts, ' or ');
}

function invalidArgType(name, expected, actual) {
    const subject = Strings.endsWith(name, ' argument') ? name :
        `"${name}" ${Strings.includes(name, '.') ? 'property' : 'argument'}`;
    const list = Array.isArray(expected) ? expected : [expected];
    return `The ${subject} must be ${expectedText(list)}. Received ` +
        determineSpecificType(actual);
}

function invalidArgValue(name, value, reason = 'is invalid') {
    let shown = inspect(value);
    if (shown.length > 128) shown = `${Strings.slice(shown, 0, 128)}...`;
    const kind = Strings.includes(name, '.') ? 'property' : 'argument';
    return `The ${kind} '${name}' ${reason}. Received ${shown}`;
}

/** Numbers beyond 32 bits are hard to read without separators. */
function groupDigits(value) {
    return String(value).replace(/\B(?=(\d{3})+$)/g, '_');
}

function rangeValue(value) {
    if (Number.isInteger(value) && Math.abs(value) > 2 ** 32)
        return groupDigits(value);
    if (typeof value !== 'bigint') return inspect(value);
    const long = value > 2n ** 32n || value < -(2n ** 32n);
    return `${long ? groupDigits(value) : value}n`;
}

function outOfRange(name, range, value, replaceDefault = false) {
    const start = replaceDefault ? name :
        `The value of "${name}" is out of range.`;
    return `${start} It must be ${range}. Received ${rangeValue(value)}`;
}

function missingArgs(...args) {
    const names = Arrays.map(args, (arg) => (Array.isArray(arg) ?
        Arrays.map(arg, (one) => `"${one}"`).join(' or ') : `"${arg}"`));
    return `The ${formatList(names, 'and')} ` +
        `argument${names.length > 1 ? 's' : ''} must be specified`;
}

function invalidReturnValue(expected, name, value) {
    return `Expected ${expected} to be returned from the "${name}" function ` +
        `but got ${determineSpecificType(value)}.`;
}

function socketBadPort(name, port, allowZero = true) {
    return `${name} should be ${allowZero ? '>=' : '>'} 0 and < 65536. ` +
        `Received ${determineSpecificType(port)}.`;
}

function invalidAddressFamily(family, host, port) {
    return `Invalid address family: ${family} ${host}:${port}`;
}

function bufferOutOfBounds(name) {
    return name ? `"${name}" is outside of buffer bounds` :
        'Attempt to access memory outside buffer bounds';
}

function stringTooLong(limit) {
    return `Cannot create a string longer than 0x${limit.toString(16)} ` +
        'characters';
}

function unhandledError(...args) {
    return `Unhandled error.${args.length > 0 ? ` (${args[0]})` : ''}`;
}

function invalidChar(name, field) {
    return `Invalid character in ${name}${field ? ` ["${field}"]` : ''}`;
}

function invalidUrlScheme(expected) {
    const list = Array.isArray(expected) ? expected : [expected];
    return `The URL must be ${list.length > 1 ? 'one ' : ''}of scheme ` +
        formatList(list, 'or');
}

function unknownOption(option, positionals) {
    return `Unknown option '${option}'${positionals ?
        '. To specify a positional argument starting with a \'-\', place ' +
        `it at the end of the command after '--', as in '-- "${option}"` :
        ''}`;
}

/* --------------------------------------------- words of the module loader */

const importedFrom = (base) => (base ? ` imported from ${base}` : '');

function moduleNotFound(path, base, url) {
    return `Cannot find ${url ? 'module' : 'package'} '${path}' ` +
        `imported from ${base}`;
}

function invalidModuleSpecifier(request, why, base) {
    return `Invalid module "${request}" ${why}${importedFrom(base)}`;
}

function invalidPackageConfig(path, base, message) {
    return `Invalid package config ${path}` +
        `${base ? ` while importing ${base}` : ''}` +
        `${message ? `. ${message}` : ''}`;
}

function packageImportNotDefined(specifier, dir, base) {
    return `Package import specifier "${specifier}" is not defined` +
        `${dir ? ` in package ${dir}package.json` : ''}${importedFrom(base)}`;
}

function invalidPackageTarget(dir, key, target, isImport = false, base) {
    const relative = typeof target === 'string' && !isImport &&
        target.length > 0 && !Strings.startsWith(target, './');
    const what = key === '.' ? 'main ' : '';
    const where = key === '.' ? '' : ` for '${key}'`;
    return `Invalid "${isImport ? 'imports' : 'exports'}" ${what}target ` +
        `${JSON.stringify(target)} defined${where} in the package config ` +
        `${dir}package.json${importedFrom(base)}` +
        (relative ? '; targets must start with "./"' : '');
}

function packagePathNotExported(dir, subpath, base) {
    const what = subpath === '.' ? 'No "exports" main defined' :
        `Package subpath '${subpath}' is not defined by "exports"`;
    return `${what} in ${dir}package.json${importedFrom(base)}`;
}

function requireEsm(file, hasEsmSyntax, parent = null, config = null) {
    const first = `require() of ES Module ${file}` +
        `${parent ? ` from ${parent}` : ''} not supported.`;
    if (!config) {
        return !Strings.endsWith(file, '.mjs') ? first :
            `${first}\nInstead change the require of ${file} to a dynamic ` +
            'import() which is available in all CommonJS modules.';
    }
    const name = Strings.slice(file, Strings.lastIndexOf(file, '/') + 1);
    if (hasEsmSyntax) {
        return `${first}\nInstead change the require of ${name} in ` +
            `${parent} to a dynamic import() which is available in all ` +
            'CommonJS modules.';
    }
    return `${first}\n${name} is treated as an ES module file as it is a ` +
        '.js file whose nearest parent package.json contains "type": ' +
        '"module" which declares all .js files in that package scope as ES ' +
        `modules.\nInstead either rename ${name} to end in .cjs, change the ` +
        'requiring code to use dynamic import() which is available in all ' +
        'CommonJS modules, or change "type": "module" to "type": "commonjs" ' +
        `in ${config} to treat all .js files as CommonJS (using .mjs for ` +
        'all ES modules instead).\n';
}

/* ---------------------------------------------------------------- classes */

/*
 * Gives each base class one subclass whose toString() shows the code. Its
 * `constructor` is the base, as in Node: inspection shall say TypeError.
 */
function coded(Base) {
    const Coded = class extends Base {
        toString() {
            return `${this.name} [${this.code}]: ${this.message}`;
        }
    };
    Object.defineProperty(Coded.prototype, 'constructor', {
        value: Base, configurable: true, writable: true, enumerable: false,
    });
    return Coded;
}

const bases = new SafeMap();

function codedClass(Base) {
    let Coded = bases.get(Base);
    if (Coded === undefined) bases.set(Base, Coded = coded(Base));
    return Coded;
}

/** An error of the operating system, told with the call that failed. */
class SystemError extends Error {
    constructor(prefix, context, code) {
        const { syscall, message, path, dest } = context;
        super(`${prefix}: ${syscall} returned ${context.code} (${message})` +
            (path === undefined ? '' : ` ${path}`) +
            (dest === undefined ? '' : ` => ${dest}`));
        this.code = code;
        this.info = context;
        this.errno = context.errno;
        this.syscall = syscall;
        if (path !== undefined) this.path = path;
        if (dest !== undefined) this.dest = dest;
    }

    toString() {
        return `${this.name} [${this.code}]: ${this.message}`;
    }
}
Object.defineProperty(SystemError.prototype, 'name', {
    value: 'SystemError', configurable: true, writable: true,
});

/** What becomes of a rejection with something that is no error. */
class UnhandledPromiseRejection extends Error {}
bases.set(UnhandledPromiseRejection, UnhandledPromiseRejection);

/* ------------------------------------------------------------- the tables
 * code: message, or what makes it of the constructor's arguments
 */
const errors = {
    __proto__: null,
    ERR_DIR_CLOSED: 'Directory handle was closed',
    ERR_DLOPEN_FAILED: '%s',
    ERR_DNS_SET_SERVERS_FAILED: 'c-ares failed to set servers: "%s" [%s]',
    ERR_EVENT_RECURSION: 'The event "%s" is already being dispatched',
    ERR_FALSY_VALUE_REJECTION: 'Promise was rejected with falsy value',
    ERR_FS_INVALID_SYMLINK_TYPE: 'Symlink type must be one of "dir", ' +
        '"file", or "junction". Received "%s"',
    ERR_INVALID_ADDRESS: 'Invalid socket address',
    ERR_INVALID_PACKAGE_CONFIG: invalidPackageConfig,
    ERR_INVALID_PACKAGE_TARGET: invalidPackageTarget,
    ERR_INVALID_STATE: 'Invalid state: %s',
    ERR_IP_BLOCKED: 'IP(%s) is blocked by net.BlockList',
    ERR_METHOD_NOT_IMPLEMENTED: 'The %s method is not implemented',
    ERR_MODULE_NOT_FOUND: moduleNotFound,
    ERR_MULTIPLE_CALLBACK: 'Callback called multiple times',
    ERR_NO_CRYPTO: 'Node.js is not compiled with OpenSSL crypto support',
    ERR_OPERATION_FAILED: 'Operation failed: %s',
    ERR_PACKAGE_PATH_NOT_EXPORTED: packagePathNotExported,
    ERR_REQUIRE_ESM: requireEsm,
    ERR_SERVER_ALREADY_LISTEN:
        'Listen method has been called more than once without closing.',
    ERR_SERVER_NOT_RUNNING: 'Server is not running.',
    ERR_SOCKET_ALREADY_BOUND: 'Socket is already bound',
    ERR_SOCKET_CLOSED: 'Socket is closed',
    ERR_SOCKET_CLOSED_BEFORE_CONNECTION:
        'Socket closed before the connection was established',
    ERR_SOCKET_CONNECTION_TIMEOUT: 'Socket connection timeout',
    ERR_STREAM_ALREADY_FINISHED:
        'Cannot call %s after a stream was finished',
    ERR_STREAM_CANNOT_PIPE: 'Cannot pipe, not readable',
    ERR_STREAM_DESTROYED: 'Cannot call %s after a stream was destroyed',
    ERR_STREAM_PREMATURE_CLOSE: 'Premature close',
    ERR_STREAM_PUSH_AFTER_EOF: 'stream.push() after EOF',
    ERR_STREAM_UNSHIFT_AFTER_END_EVENT: 'stream.unshift() after end event',
    ERR_STREAM_WRAP: 'Stream has StringDecoder set or is in objectMode',
    ERR_STREAM_WRITE_AFTER_END: 'write after end',
    ERR_STRING_TOO_LONG: stringTooLong,
    ERR_UNAVAILABLE_DURING_EXIT:
        'Cannot call function in process exit handler',
    ERR_UNCAUGHT_EXCEPTION_CAPTURE_ALREADY_SET:
        '`process.setupUncaughtExceptionCapture()` was called while a ' +
        'capture callback was already active',
    ERR_UNHANDLED_ERROR: unhandledError,
    ERR_UNKNOWN_BUILTIN_MODULE: 'No such built-in module: %s',
    ERR_UNKNOWN_CREDENTIAL: '%s identifier does not exist: %s',
    ERR_UNSUPPORTED_DIR_IMPORT: 'Directory import \'%s\' is not supported ' +
        'resolving ES modules imported from %s',
    ERR_USE_AFTER_CLOSE: '%s was closed',
};

const typeErrors = {
    __proto__: null,
    ERR_AMBIGUOUS_ARGUMENT: 'The "%s" argument is ambiguous. %s',
    ERR_ARG_NOT_ITERABLE: '%s must be iterable',
    ERR_ASYNC_CALLBACK: '%s must be a function',
    ERR_ASYNC_TYPE: 'Invalid name for async "type": %s',
    ERR_CONSOLE_WRITABLE_STREAM:
        'Console expects a writable stream instance for %s',
    ERR_ENCODING_INVALID_ENCODED_DATA:
        'The encoded data was not valid for encoding %s',
    ERR_FEATURE_UNAVAILABLE_ON_PLATFORM: 'The feature %s is unavailable on ' +
        'the current platform, which is being used to run Node.js',
    ERR_ILLEGAL_CONSTRUCTOR: 'Illegal constructor',
    ERR_INCOMPATIBLE_OPTION_PAIR:
        'Option "%s" cannot be used in combination with option "%s"',
    ERR_INVALID_ARG_TYPE: invalidArgType,
    ERR_INVALID_ARG_VALUE: invalidArgValue,
    ERR_INVALID_CHAR: invalidChar,
    ERR_INVALID_CURSOR_POS:
        'Cannot set cursor row without setting its column',
    ERR_INVALID_FD_TYPE: 'Unsupported fd type: %s',
    ERR_INVALID_FILE_URL_HOST:
        'File URL host must be "localhost" or empty on %s',
    ERR_INVALID_FILE_URL_PATH: 'File URL path %s',
    ERR_INVALID_HANDLE_TYPE: 'This handle type cannot be sent',
    ERR_INVALID_IP_ADDRESS: 'Invalid IP address: %s',
    ERR_INVALID_MODULE_SPECIFIER: invalidModuleSpecifier,
    ERR_INVALID_OBJECT_DEFINE_PROPERTY: '%s',
    ERR_INVALID_PROTOCOL: 'Protocol "%s" not supported. Expected "%s"',
    ERR_INVALID_RETURN_VALUE: invalidReturnValue,
    ERR_INVALID_THIS: 'Value of "this" must be of type %s',
    ERR_INVALID_TUPLE: '%s must be an iterable %s tuple',
    ERR_INVALID_URL: 'Invalid URL',
    ERR_INVALID_URL_SCHEME: invalidUrlScheme,
    ERR_MISSING_ARGS: missingArgs,
    ERR_MISSING_OPTION: '%s is required',
    ERR_PACKAGE_IMPORT_NOT_DEFINED: packageImportNotDefined,
    ERR_PARSE_ARGS_INVALID_OPTION_VALUE: '%s',
    ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL: 'Unexpected argument \'%s\'. ' +
        'This command does not take positional arguments',
    ERR_PARSE_ARGS_UNKNOWN_OPTION: unknownOption,
    ERR_SOCKET_BAD_BUFFER_SIZE: 'Buffer size must be a positive integer',
    ERR_STREAM_NULL_VALUES: 'May not write null values to stream',
    ERR_UNESCAPED_CHARACTERS: '%s contains unescaped characters',
    ERR_UNKNOWN_ENCODING: 'Unknown encoding: %s',
    ERR_UNKNOWN_FILE_EXTENSION: 'Unknown file extension "%s" for %s',
    ERR_UNKNOWN_SIGNAL: 'Unknown signal: %s',
    ERR_WORKER_UNSUPPORTED_OPERATION: '%s is not supported in workers',
};

const rangeErrors = {
    __proto__: null,
    ERR_BUFFER_OUT_OF_BOUNDS: bufferOutOfBounds,
    ERR_BUFFER_TOO_LARGE: 'Cannot create a Buffer larger than %s bytes',
    ERR_ENCODING_NOT_SUPPORTED: 'The "%s" encoding is not supported',
    ERR_FS_FILE_TOO_LARGE: 'File size (%s) is greater than 2 GiB',
    ERR_INVALID_ADDRESS_FAMILY: invalidAddressFamily,
    ERR_INVALID_ASYNC_ID: 'Invalid %s value: %s',
    ERR_INVALID_BUFFER_SIZE: 'Buffer size must be a multiple of %s',
    ERR_INVALID_FD: '"fd" must be a positive integer: %s',
    ERR_OUT_OF_RANGE: outOfRange,
    ERR_SOCKET_BAD_PORT: socketBadPort,
    ERR_UNKNOWN_MODULE_FORMAT: 'Unknown module format: %s for URL %s',
};

const systemErrors = {
    __proto__: null,
    ERR_FS_EISDIR: 'Path is a directory',
    ERR_SOCKET_BUFFER_SIZE: 'Could not get or set buffer size',
    ERR_SYSTEM_ERROR: 'A system error occurred',
    ERR_TTY_INIT_FAILED: 'TTY initialization failed',
};

/** What some errors carry besides their code. */
function addProperties(error, args) {
    switch (error.code) {
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
        error.errno = args[1];
        break;
    case 'ERR_FALSY_VALUE_REJECTION':
        [error.reason] = args;
        break;
    case 'ERR_INVALID_ADDRESS_FAMILY':
        [, error.host, error.port] = args;
        break;
    case 'ERR_INVALID_URL':
        [error.input] = args;
        if (args[1] !== undefined) [, error.base] = args;
        break;
    case 'ERR_MODULE_NOT_FOUND':
    case 'ERR_UNSUPPORTED_DIR_IMPORT':
        if (args[2]) [, , error.url] = args;
        break;
    case 'ERR_UNHANDLED_REJECTION':
        error.name = 'UnhandledPromiseRejection';
        break;
    }
}

/* ----------------------------------------------------------- constructors */

/** What is no string is shown as util.format() shows it: "Unknown ...: {}". */
function fill(message, args) {
    if (typeof message === 'function') return message(...args);
    let next = 0;
    return Strings.replace(message, /%s/g, () => {
        const value = args[next++];
        return typeof value === 'string' ? value :
            require('internal/inspect/format').format('%s', value);
    });
}

function constructorOf(code, Base, message) {
    return function NodeError(...args) {
        const text = fill(message, args);
        const error = withStackOf(NodeError, () => (Base === SystemError ?
            new SystemError(text, args[0], code) :
            new (codedClass(Base))(text)));
        error.code = code;
        addProperties(error, args);
        return error;
    };
}

const codes = { __proto__: null };

function define(Base, messages) {
    for (const code in messages)
        codes[code] = constructorOf(code, Base, messages[code]);
}

define(Error, errors);
define(TypeError, typeErrors);
define(RangeError, rangeErrors);
define(SystemError, systemErrors);
define(URIError, { ERR_INVALID_URI: 'URI malformed' });
define(UnhandledPromiseRejection, {
    ERR_UNHANDLED_REJECTION: 'This error originated either by throwing ' +
        'inside of an async function without a catch block, or by ' +
        'rejecting a promise which was not handled with .catch(). The ' +
        'promise rejected with the reason "%s".',
});

/* A few codes exist with a second base: codes.ERR_INVALID_STATE.TypeError. */
for (const [code, Base] of [
    ['ERR_INVALID_ARG_VALUE', RangeError],
    ['ERR_INVALID_RETURN_VALUE', RangeError],
    ['ERR_INVALID_STATE', TypeError],
    ['ERR_INVALID_STATE', RangeError],
    ['ERR_OPERATION_FAILED', TypeError],
]) {
    const message = errors[code] ?? typeErrors[code];
    codes[code][Base.name] = constructorOf(code, Base, message);
}

module.exports = { codes, determineSpecificType };
