// process: what a program knows of, and says to, the process that it is
//
// The idea: nothing is fetched before it is asked for. What the system tells
// (directory, environment, identity, clocks) is asked of it each time, so it is
// never stale; streams, versions and the table of signals are made on first
// use; a signal is watched as long as somebody listens to it.

const EventEmitter = require('events');
const { ending, modules, nextTick, options, upcalls } =
    require('internal/core');
const native = binding.process;

const API_LEVEL = '22.12.0'; // whose Node's documentation describes us

class process extends EventEmitter {}
Object.defineProperty(process.prototype, Symbol.toStringTag, {
    value: 'process', configurable: true,
});

const self = new process();
module.exports = self;

// An own property that is made when it is first read, and stays an accessor of
// one value where the program has frozen `process`. Who must not cause it to be
// made recognizes the getter by its mark.
const LAZY = Symbol.for('weir.lazy');

function lazily(name, make, writable = true) {
    let made;
    const set = (value) => {
        Reflect.defineProperty(self, name, {
            configurable: true, enumerable: true, writable, value,
        });
        return value;
    };
    const get = () => set(made ??= make());

    get[LAZY] = true;
    Object.defineProperty(self, name, {
        configurable: true, enumerable: true, get,
        set: writable ? set : undefined,
    });
}

// ----------------------------------------------------------------- arguments

function mainScript() {
    const { isStdin, script } = options;

    if (script !== undefined)
        return [require('path').resolve(script)];
    return isStdin ? ['-'] : [];
}

lazily('execPath', () => native.execPath() ?? options.argv0);
lazily('argv', () => [self.execPath, ...mainScript(), ...options.arguments]);

// ------------------------------------------------------------- the environment

function envValue(value) {
    // Not String(): a symbol has no text, and nothing else is to be accepted.
    return `${value}`;
}

function setVariable(name, value) {
    native.setenv(envValue(name), envValue(value));
    return true;
}

function invalidProperty(message) {
    const { codes } = require('internal/errors');
    return new codes.ERR_INVALID_OBJECT_DEFINE_PROPERTY(
        `'process.env' ${message}`);
}

const environment = {
    get(target, name) {
        const value = typeof name === 'string' ?
            native.getenv(name) : undefined;
        return value === undefined ? target[name] : value;
    },

    set(target, name, value) {
        return setVariable(name, value);
    },

    has(target, name) {
        return (typeof name === 'string' &&
            native.getenv(name) !== undefined) || name in target;
    },

    deleteProperty(target, name) {
        if (typeof name === 'string')
            native.setenv(name);
        return true;
    },

    ownKeys() {
        return [...new Set(native.environment())];
    },

    getOwnPropertyDescriptor(target, name) {
        const value = typeof name === 'string' ?
            native.getenv(name) : undefined;
        return value === undefined ? undefined :
            { value, configurable: true, enumerable: true, writable: true };
    },

    defineProperty(target, name, descriptor) {
        if ('get' in descriptor || 'set' in descriptor) {
            throw invalidProperty(
                'does not accept an accessor(getter/setter) descriptor');
        }
        if (!descriptor.configurable || !descriptor.writable ||
            !descriptor.enumerable) {
            throw invalidProperty('only accepts a configurable, writable, ' +
                'and enumerable data descriptor');
        }
        return setVariable(name, descriptor.value);
    },
};

// ------------------------------------------------------------------ directory

function cwd() {
    const path = native.cwd();

    if (typeof path === 'string')
        return path;
    const { uvException } = require('internal/errors');
    throw uvException({ errno: path, syscall: 'uv_cwd' });
}

function chdir(directory) {
    require('internal/validators').validateString(directory, 'directory');
    const result = native.chdir(directory);
    if (result < 0) {
        throw require('internal/errors').uvException({
            errno: result, syscall: 'chdir', path: cwd(), dest: directory,
        });
    }
}

function umask(mask) {
    if (mask === undefined)
        return native.umask();
    const { parseFileMode } = require('internal/validators');
    return native.umask(parseFileMode(mask, 'mask') & 0o777);
}

// ------------------------------------------------------------------- identity

// The effective group is among them, whether the system lists it or not.
function getgroups() {
    return [...new Set([...native.getgroups(), self.getegid()])];
}

// By number or by name, as in setuid('nobody').
function setId(name, which, id, isGroup) {
    const { codes, errnoException } = require('internal/errors');
    const { validateUint32 } = require('internal/validators');
    let number = id;

    if (typeof id === 'string') {
        number = native.lookUp(id, isGroup);
        if (number === undefined) {
            throw new codes.ERR_UNKNOWN_CREDENTIAL(
                isGroup ? 'Group' : 'User', id);
        }
    } else if (typeof id === 'number') {
        validateUint32(id, 'id');
    } else {
        throw new codes.ERR_INVALID_ARG_TYPE('id', ['number', 'string'], id);
    }
    const result = native.setId(which, number);
    if (result < 0)
        throw errnoException(result, name);
}

// --------------------------------------------------------------------- clocks

const clock = new Float64Array(native.clockNumbers, 0, 2);
const clockTotal = new BigUint64Array(native.clockNumbers, 16, 1);

function hrtime(time) {
    native.readClock();
    const [seconds, nanoseconds] = clock;
    if (time === undefined)
        return [seconds, nanoseconds];

    const { codes } = require('internal/errors');
    if (!Array.isArray(time))
        throw new codes.ERR_INVALID_ARG_TYPE('time', 'Array', time);
    if (time.length !== 2)
        throw new codes.ERR_OUT_OF_RANGE('time', 2, time.length);
    const difference = nanoseconds - time[1];
    return difference < 0 ?
        [seconds - time[0] - 1, difference + 1e9] :
        [seconds - time[0], difference];
}

hrtime.bigint = function bigint() {
    native.readClock();
    return clockTotal[0];
};

// ---------------------------------------------------------------------- usage

function readUsage() {
    const result = native.readUsage();
    if (result < 0)
        throw require('internal/errors').errnoException(result, 'getrusage');
    return new Float64Array(native.usageNumbers);
}

function validateUsage(previous) {
    const { codes } = require('internal/errors');
    const { validateNumber, validateObject } = require('internal/validators');

    validateObject(previous, 'prevValue');
    for (const name of ['user', 'system']) {
        validateNumber(previous[name], `prevValue.${name}`);
        if (!(previous[name] >= 0 && previous[name] < Infinity)) {
            throw new codes.ERR_INVALID_ARG_VALUE.RangeError(
                `prevValue.${name}`, previous[name]);
        }
    }
}

function cpuUsage(previous) {
    if (previous)
        validateUsage(previous);
    const [user, system] = readUsage();
    return previous ?
        { user: user - previous.user, system: system - previous.system } :
        { user, system };
}

function resourceUsage() {
    const [
        userCPUTime, systemCPUTime, maxRSS, sharedMemorySize, unsharedDataSize,
        unsharedStackSize, minorPageFault, majorPageFault, swappedOut, fsRead,
        fsWrite, ipcSent, ipcReceived, signalsCount, voluntaryContextSwitches,
        involuntaryContextSwitches,
    ] = readUsage();

    return {
        userCPUTime, systemCPUTime, maxRSS, sharedMemorySize, unsharedDataSize,
        unsharedStackSize, minorPageFault, majorPageFault, swappedOut, fsRead,
        fsWrite, ipcSent, ipcReceived, signalsCount, voluntaryContextSwitches,
        involuntaryContextSwitches,
    };
}

// The engine counts the memory of ArrayBuffers among what its heap holds
// outside of itself, and does not tell it apart.
function memoryUsage() {
    const heap = native.heap() ?? {};
    const external = heap.extraMemorySize ?? 0;

    return {
        rss: native.rss(),
        heapTotal: heap.heapCapacity ?? 0,
        heapUsed: heap.heapSize ?? 0,
        external,
        arrayBuffers: external,
    };
}

memoryUsage.rss = function rss() {
    return native.rss();
};

// --------------------------------------------------------------------- ending

let exitCode;

Object.defineProperty(self, 'exitCode', {
    configurable: false,
    enumerable: true,
    get() {
        return exitCode;
    },
    set(value) {
        const isText = typeof value === 'string' && value !== '' &&
            Number.isInteger(Number(value));

        if (value !== undefined && value !== null && !isText)
            require('internal/validators').validateInteger(value, 'code');
        exitCode = value;
    },
});

// An undefined that is given takes away the one that was set.
function exit(code) {
    if (arguments.length > 0)
        self.exitCode = code;
    const { emitExit } = require('internal/process/ending');
    self.reallyExit(emitExit());
}

function reallyExit(code = 0) {
    require('internal/process/ending').runLastActs();
    binding.core.exit(code | 0);
}

ending.emitBeforeExit = () =>
    require('internal/process/ending').emitBeforeExit();
ending.emitExit = () => require('internal/process/ending').emitExit();

function abort() {
    native.abort();
}

// -------------------------------------------------------------------- signals

let signalNumbers = null; // by name; SIGABRT and SIGIOT are the same

function numberOf(name) {
    signalNumbers ??= Object.assign({ __proto__: null }, native.signals());
    return signalNumbers[name];
}

function onSignal(number) {
    // Listeners may have come by either of two names.
    for (const [name, each] of Object.entries(signalNumbers)) {
        if (each === number && self.listenerCount(name) > 0)
            self.emit(name, name, number);
    }
}

function isSignal(event) {
    return typeof event === 'string' && Strings.startsWith(event, 'SIG') &&
        numberOf(event) !== undefined;
}

let hasSignalCallback = false;

function onNewListener(event) {
    if (!isSignal(event) || self.listenerCount(event) > 0 || !options.signals)
        return;
    if (!hasSignalCallback) {
        hasSignalCallback = true;
        native.setSignalCallback(onSignal);
    }
    const result = native.startSignal(numberOf(event));
    if (result < 0) {
        throw require('internal/errors')
            .errnoException(result, 'uv_signal_start');
    }
}

function onRemoveListener(event) {
    if (!isSignal(event) || self.listenerCount(event) > 0)
        return;
    const number = numberOf(event);
    const isHeard = Object.keys(signalNumbers).some((name) =>
        signalNumbers[name] === number && self.listenerCount(name) > 0);
    if (!isHeard)
        native.stopSignal(number);
}

function kill(pid, signal) {
    const { codes, errnoException } = require('internal/errors');
    let number = signal;

    if (Number(pid) !== (pid | 0))
        throw new codes.ERR_INVALID_ARG_TYPE('pid', 'number', pid);
    if (typeof signal !== 'number') {
        number = numberOf(signal || 'SIGTERM');
        if (number === undefined)
            throw new codes.ERR_UNKNOWN_SIGNAL(signal);
    }
    const result = native.kill(pid | 0, number);
    if (result < 0)
        throw errnoException(result, 'kill');
    return true;
}

// ------------------------------------------------------------------- warnings

function onWarning(warning) {
    const isDeprecation = warning.name === 'DeprecationWarning';
    const code = warning.code ? `[${warning.code}] ` : '';
    const isTraced = warning.stack && (self.traceProcessWarnings ||
        (isDeprecation && self.traceDeprecation));
    const text = isTraced ?
        require('internal/inspect').inspect(warning) : String(warning);
    const detail = typeof warning.detail === 'string' ?
        `\n${warning.detail}` : '';

    if (!isDeprecation || !self.noDeprecation)
        rawDebug(`(weir:${self.pid}) ${code}${text}${detail}`);
}

function makeWarning(message, type, code, detail) {
    const { codes } = require('internal/errors');
    const { validateString } = require('internal/validators');

    if (type !== undefined)
        validateString(type, 'type');
    if (code !== undefined)
        validateString(code, 'code');
    if (message instanceof Error)
        return message;
    if (typeof message !== 'string') {
        throw new codes.ERR_INVALID_ARG_TYPE('warning', ['string', 'Error'],
            message);
    }
    const warning = new Error(message);
    warning.name = String(type || 'Warning');
    if (code !== undefined)
        warning.code = code;
    if (detail !== undefined)
        warning.detail = detail;
    return warning;
}

// (warning, options) and (warning, type, code, constructor)
function emitWarning(message, type, code) {
    let detail;

    if (type !== null && typeof type === 'object' && !Array.isArray(type)) {
        ({ type, code, detail } = type);
        if (typeof detail !== 'string')
            detail = undefined;
    } else if (typeof type === 'function') {
        type = code = undefined;
    } else if (typeof code === 'function') {
        code = undefined;
    }
    const warning = makeWarning(message, type, code, detail);

    if (warning.name === 'DeprecationWarning') {
        if (self.noDeprecation)
            return;
        if (self.throwDeprecation) {
            nextTick(() => {
                throw warning;
            });
            return;
        }
    }
    nextTick(() => self.emit('warning', warning));
}

// Straight to the descriptor: no stream is made for it, and nothing of it is
// left when the process ends.
function rawDebug(...values) {
    const { format } = require('internal/inspect/format');
    binding.stdio.write(2, `${format(...values)}\n`);
}

// -------------------------------------------------------------------- versions

lazily('versions', () => Object.freeze({
    node: API_LEVEL,
    weir: native.version,
    javascriptcore: native.engineVersion(),
}), false);

// -------------------------------------------------------- putting it together

function constant(name, value) {
    Object.defineProperty(self, name, {
        configurable: true, enumerable: true, writable: false, value,
    });
}

constant('version', `v${API_LEVEL}`);
constant('arch', native.arch);
constant('platform', native.platform);
constant('release', { name: 'node' });
constant('features', {
    inspector: false, debug: false, uv: false, ipv6: true, tls_alpn: false,
    tls_sni: false, tls_ocsp: false, tls: false, typescript: false,
});
constant('config', { target_defaults: {}, variables: {} });
constant('pid', native.id(native.PID));
Object.defineProperty(self, 'ppid', {
    configurable: true, enumerable: true, get: () => native.id(native.PPID),
});
// What has been loaded so far, in this order: Node's, and in no documentation.
Object.defineProperty(self, 'moduleLoadList', {
    configurable: true, enumerable: true,
    get: () => Object.keys(modules).map((id) => `NativeModule ${id}`),
});

Object.assign(self, {
    _exiting: false,
    _rawDebug: rawDebug,
    title: 'weir',
    argv0: options.argv0,
    execArgv: [],
    env: new Proxy({}, environment),
    abort, chdir, cpuUsage, cwd, emitWarning, exit, hrtime, kill, memoryUsage,
    nextTick, reallyExit, resourceUsage, umask,
    uptime: () => native.uptime(),
    getuid: () => native.id(native.UID),
    geteuid: () => native.id(native.EUID),
    getgid: () => native.id(native.GID),
    getegid: () => native.id(native.EGID),
    getgroups,
    setuid: (id) => setId('setuid', native.UID, id, false),
    seteuid: (id) => setId('seteuid', native.EUID, id, false),
    setgid: (id) => setId('setgid', native.GID, id, true),
    setegid: (id) => setId('setegid', native.EGID, id, true),
    setUncaughtExceptionCaptureCallback: (callback) =>
        require('internal/process/uncaught').setCaptureCallback(callback),
    hasUncaughtExceptionCaptureCallback: () =>
        require('internal/process/uncaught').hasCaptureCallback(),
});

for (const [fd, name] of ['stdin', 'stdout', 'stderr'].entries())
    lazily(name, () => require('internal/process/stdio').open(fd));
lazily('mainModule', () => upcalls().mainModule());

self.on('warning', onWarning);
self.on('newListener', onNewListener);
self.on('removeListener', onRemoveListener);
