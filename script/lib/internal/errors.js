/*
 * The errors that builtins throw or hand to callbacks, with the properties,
 * codes and messages of Node's: programs compare `err.code`.
 *
 * This file is read at every start and holds only what needs no table: the
 * errors of the operating system, which are made of a call's name and an
 * errno. What has a code of its own, ERR_SOMETHING, is in errors/codes, a
 * millisecond of parsing that a program without errors is spared: `codes`
 * looks there when it is first asked. It is a Proxy because even a stub for
 * each of a hundred names costs a third of that millisecond.
 */

const codes = new Proxy({ __proto__: null }, {
    get(target, code) {
        return require('internal/errors/codes').codes[code];
    },
});

// Undefined in engines that do not have it.
const { captureStackTrace } = Error;

/*
 * The key under which an error that was emitted as 'error' and heard by nobody
 * carries { name, stack }: which class emitted it, and where.
 */
const emittedBy = Symbol('emittedBy');

/** What a wrong argument was: "type number (5)", "an instance of Map". */
function determineSpecificType(value) {
    return require('internal/errors/codes').determineSpecificType(value);
}

/*
 * Runs create() without recording a stack, and records it from where `outer`
 * was called: the frames of constructors say nothing to a reader. (Were it
 * recorded twice, JavaScriptCore 2.50 would keep the first.) Engines without
 * captureStackTrace leave those frames to internal/stack.
 *
 * Reflect.set, because an assignment loses its effect on the engine once the
 * function is compiled.
 */
function withStackOf(outer, create) {
    if (captureStackTrace === undefined) return create();
    const limit = Error.stackTraceLimit;
    Reflect.set(Error, 'stackTraceLimit', 0);
    const error = create();
    Reflect.set(Error, 'stackTraceLimit', limit);
    captureStackTrace(error, outer);
    return error;
}

/** What an AbortSignal makes of an operation. */
class AbortError extends Error {
    constructor(message = 'The operation was aborted', options = undefined) {
        super(message, options);
        this.code = 'ABORT_ERR';
        this.name = 'AbortError';
    }
}

function plainError(message, properties, caller) {
    const error = withStackOf(caller, () => new Error(message));
    return Object.assign(error, properties);
}

/* ------------------------------------------- errors of the operating system
 * errno is negative in all of them, as in Node.
 */

/** The name of an errno: 'ECONNREFUSED'. */
function errorName(errno) {
    return binding.util.errorName(errno);
}

/** What it says to people: 'connection refused'. */
function errorText(errno) {
    return binding.util.errorText(errno);
}

function nameOrNumber(errno) {
    const name = errorName(errno);
    return name && name !== 'UNKNOWN' ? name : `Unknown system error ${errno}`;
}

/** `read ECONNRESET`. */
function errnoException(errno, syscall, original) {
    const code = nameOrNumber(errno);
    return plainError(`${syscall} ${code}${original ? ` ${original}` : ''}`,
        { errno, code, syscall }, errnoException);
}

/** " 127.0.0.1:80", " /tmp/path", or nothing. */
function place(address, port) {
    if (port && port > 0) return ` ${address}:${port}`;
    return address ? ` ${address}` : '';
}

/** `connect ECONNREFUSED 127.0.0.1:81 - Local (127.0.0.1:9)`. */
function exceptionWithHostPort(errno, syscall, address, port, additional) {
    const code = nameOrNumber(errno);
    const local = additional ? ` - Local (${additional})` : '';
    return plainError(`${syscall} ${code}${place(address, port)}${local}`,
        port ? { errno, code, syscall, address, port } :
            { errno, code, syscall, address }, exceptionWithHostPort);
}

/** `listen EADDRINUSE: address already in use 127.0.0.1:80`. */
function uvExceptionWithHostPort(errno, syscall, address, port) {
    const code = errorName(errno) || 'UNKNOWN';
    const text = errorText(errno) || 'unknown error';
    return plainError(`${syscall} ${code}: ${text}${place(address, port)}`,
        port ? { code, errno, syscall, address, port } :
            { code, errno, syscall, address }, uvExceptionWithHostPort);
}

/** `ENOENT: no such file or directory, rename 'from' -> 'to'`. */
function uvException({ errno, syscall, path, dest, message }) {
    const code = errorName(errno) || 'UNKNOWN';
    const text = message || errorText(errno) || 'unknown error';
    const error = { errno, code, syscall };
    let where = '';
    if (path !== undefined) {
        error.path = String(path);
        where = ` '${path}'`;
    }
    if (dest !== undefined) {
        error.dest = String(dest);
        where += ` -> '${dest}'`;
    }
    return plainError(`${code}: ${text}, ${syscall}${where}`, error,
        uvException);
}

const EAI_AGAIN = -3001;
const EAI_NODATA = -3007;
const EAI_NONAME = -3008;

/** `getaddrinfo ENOTFOUND host`; code is a number or already a name. */
function dnsException(code, syscall, hostname) {
    let errno;
    let name = code;
    if (typeof code === 'number') {
        errno = code;
        name = code === EAI_NODATA || code === EAI_NONAME ?
            'ENOTFOUND' : nameOrNumber(code);
    }
    const error = { errno, code: name, syscall };
    if (hostname) error.hostname = hostname;
    return plainError(
        `${syscall} ${name}${hostname ? ` ${hostname}` : ''}`, error,
        dnsException);
}

/** What getaddrinfo() would say where C's lookup gave `status`. */
function lookupError(status, hostname) {
    switch (errorName(status)) {
    case 'ENOTFOUND':
    case 'ENODATA':
    case 'EBADNAME':
        return dnsException(EAI_NONAME, 'getaddrinfo', hostname);
    case 'EDNSTIMEOUT':
    case 'ESERVFAIL':
        return dnsException(EAI_AGAIN, 'getaddrinfo', hostname);
    default:
        return dnsException(errorName(status), 'getaddrinfo', hostname);
    }
}

/* -------------------------------------------------------- several at once */

/** What connect() reports when each of several addresses failed. */
function aggregateErrors(list) {
    const error = withStackOf(aggregateErrors,
        () => new AggregateError(list));
    error.code = list[0]?.code;
    return error;
}

/** A second error that came up while the first was being dealt with. */
function aggregateTwoErrors(inner, outer) {
    if (!inner || !outer || inner === outer) return inner || outer;
    if (Array.isArray(outer.errors)) {
        Arrays.push(outer.errors, inner);
        return outer;
    }
    const error = withStackOf(aggregateTwoErrors,
        () => new AggregateError([outer, inner], outer.message));
    error.code = outer.code;
    return error;
}

module.exports = {
    AbortError,
    aggregateErrors,
    aggregateTwoErrors,
    captureStackTrace,
    codes,
    determineSpecificType,
    dnsException,
    emittedBy,
    errnoException,
    errorName,
    errorText,
    exceptionWithHostPort,
    lookupError,
    uvException,
    uvExceptionWithHostPort,
    withStackOf,
};
