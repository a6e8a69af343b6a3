/*
 * console - what a program says while it runs
 *
 * Everything is written before the call returns, so nothing is lost when the
 * process ends right after; a reader who has gone is no reason to end it.
 * As long as nobody has asked for process.stdout or process.stderr, text goes
 * straight to the descriptor: a program that only prints makes no stream. A
 * stream that a program made or put in their place is written to as one.
 *
 * The global console is an instance of Console whose streams are found anew at
 * each call, and whose methods are bound, so that they can be passed around.
 */
const { formatArguments } = require('internal/inspect/format');


/* Stands for process.stdout or process.stderr of the moment. */
class StandardStream {
    constructor(fd, name) {
        this.fd = fd;
        this.name = name;
    }

    /* The stream, if there is one already. */
    get stream() {
        const own = Object.getOwnPropertyDescriptor(process, this.name);
        const made = own !== undefined &&
            (own.get === undefined || !own.get[Symbol.for('weir.lazy')]);
        return made ? process[this.name] : undefined;
    }

    get isTTY() {
        return binding.stdio.isTTY(this.fd);
    }

    getColorDepth() {
        return process[this.name].getColorDepth?.() ?? 1;
    }

    write(text) {
        binding.stdio.write(this.fd, text);
    }
}

function validStream(stream, name) {
    if (typeof stream?.write !== 'function') {
        const { codes } = require('internal/errors');
        throw new codes.ERR_CONSOLE_WRITABLE_STREAM(name);
    }
}

function noop() {}

function duration(ms) {
    const two = (value) => String(value).padStart(2, '0');
    if (ms < 1000)
        return `${Number(ms.toFixed(3))}ms`;
    const seconds = (ms / 1000).toFixed(3);
    if (ms < 60000)
        return `${seconds}s`;
    const minutes = Math.floor(ms / 60000);
    const rest = ((ms % 60000) / 1000).toFixed(3).padStart(6, '0');
    return minutes < 60 ? `${minutes}:${rest} (m:ss.mmm)` :
        `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${rest} ` +
        '(h:mm:ss.mmm)';
}

function warn(message) {
    process.emitWarning(message);
}

class Console {
    #out;
    #err;
    #ignoreErrors;
    #colorMode;
    #inspectOptions;
    #step;
    #indentation = '';
    #timers;
    #counts;

    constructor(options, stderr, ignoreErrors = true) {
        // new Console(stdout, stderr, ignoreErrors) or new Console(options)
        const given = options === undefined || options === null ||
            typeof options.write === 'function' ?
            { stdout: options, stderr, ignoreErrors } : options;
        this.#out = given.stdout;
        this.#err = given.stderr ?? given.stdout;
        this.#ignoreErrors = given.ignoreErrors ?? true;
        this.#colorMode = given.colorMode ?? 'auto';
        this.#inspectOptions = given.inspectOptions;
        this.#step = given.groupIndentation ?? 2;
        validStream(this.#out, 'stdout');
        validStream(this.#err, 'stderr');
        if (given.colorMode !== undefined ||
            given.groupIndentation !== undefined ||
            given.inspectOptions !== undefined)
            this.#validate();
        this.#bind();
    }

    /* The global console is one, too, though its prototype is a plain one. */
    static [Symbol.hasInstance](value) {
        return typeof value === 'object' && value !== null && #out in value;
    }

    #validate() {
        const { validateInteger, validateObject } =
            require('internal/validators');
        const { codes } = require('internal/errors');
        const mode = this.#colorMode;
        validateInteger(this.#step, 'groupIndentation', 0, 1000);
        if (typeof mode !== 'boolean' && mode !== 'auto')
            throw new codes.ERR_INVALID_ARG_VALUE('colorMode', mode);
        if (this.#inspectOptions !== undefined) {
            validateObject(this.#inspectOptions, 'options.inspectOptions');
            if (this.#inspectOptions.colors !== undefined && mode !== 'auto') {
                throw new codes.ERR_INCOMPATIBLE_OPTION_PAIR(
                    'options.inspectOptions.color', 'colorMode');
            }
        }
    }

    /* Methods are passed around as functions: list.forEach(console.log). */
    #bind() {
        for (let i = 0; i < METHODS.length; i++) {
            const name = METHODS[i];
            Object.defineProperty(this, name, {
                value: Functions.bind(this[name], this),
                writable: true, enumerable: true, configurable: true,
            });
            Object.defineProperty(this[name], 'name', { value: name });
        }
        this.#expose('_stdout', this.#out);
        this.#expose('_stderr', this.#err);
    }

    /* Loggers write to these, undocumented as they are. */
    #expose(name, target) {
        Object.defineProperty(this, name, {
            get: () => target instanceof StandardStream ?
                process[target.name] : target,
            enumerable: false, configurable: true,
        });
    }

    #optionsFor(target) {
        const options = this.#inspectOptions;
        const mode = this.#colorMode;
        if (options?.colors !== undefined)
            return options;
        const stream = target.stream ?? target;
        const colors = mode !== 'auto' ? mode :
            Boolean(stream.isTTY) && (typeof stream.getColorDepth !==
                'function' || stream.getColorDepth() > 2);
        return { ...options, colors };
    }

    #format(target, args) {
        if (typeof args[0] === 'string' && args.length === 1)
            return args[0];
        // Colours are for values; strings alone do not ask the terminal.
        const strings = Arrays.every(args, (arg) => typeof arg === 'string');
        return formatArguments(
            strings ? undefined : this.#optionsFor(target), args);
    }

    #write(target, text) {
        let line = text;
        if (this.#indentation !== '') {
            line = this.#indentation +
                Strings.replaceAll(line, '\n', `\n${this.#indentation}`);
        }
        line += '\n';
        const stream = target instanceof StandardStream ?
            target.stream ?? target : target;
        if (!this.#ignoreErrors || stream instanceof StandardStream) {
            stream.write(line);
            return;
        }
        this.#writeSafely(stream, line);
    }

    /* An error of this write, told at once or later, ends with it. */
    #writeSafely(stream, line) {
        stream.once?.('error', noop);
        try {
            stream.write(line, (error) => {
                // The stream is about to emit it.
                if (error && !stream.listenerCount?.('error'))
                    stream.once?.('error', noop);
            });
        } catch (error) {
            // As in Node, deep recursion is still told to the program.
            if (error instanceof RangeError &&
                /call stack/.test(error.message))
                throw error;
        } finally {
            stream.removeListener?.('error', noop);
        }
    }

    #print(target, args) {
        this.#write(target, this.#format(target, args));
    }

    log(...args) {
        this.#print(this.#out, args);
    }

    error(...args) {
        this.#print(this.#err, args);
    }

    info(...args) {
        this.#print(this.#out, args);
    }

    debug(...args) {
        this.#print(this.#out, args);
    }

    dirxml(...args) {
        this.#print(this.#out, args);
    }

    warn(...args) {
        this.#print(this.#err, args);
    }

    trace(...args) {
        const error = new Error(this.#format(this.#err, args));
        error.name = 'Trace';
        Error.captureStackTrace?.(error, this.trace);
        this.error(require('internal/stack').formatStack(error));
    }

    dir(value, options) {
        const { inspect } = require('internal/inspect');
        this.#write(this.#out, inspect(value, {
            customInspect: false, ...this.#optionsFor(this.#out), ...options,
        }));
    }

    assert(expression, ...args) {
        if (!expression) {
            const [message, ...rest] = args;
            this.warn(`Assertion failed${args.length === 0 ? '' :
                `: ${message}`}`, ...rest);
        }
    }

    time(label = 'default') {
        const name = `${label}`;
        this.#timers ??= new SafeMap();
        if (this.#timers.has(name)) {
            warn(`Label '${name}' already exists for console.time()`);
            return;
        }
        this.#timers.set(name, process.hrtime.bigint());
    }

    #elapsed(name, method) {
        const start = this.#timers?.get(name);
        if (start === undefined) {
            warn(`No such label '${name}' for console.${method}()`);
            return undefined;
        }
        const ms = Number(process.hrtime.bigint() - start) / 1e6;
        return duration(ms);
    }

    timeEnd(label = 'default') {
        const name = `${label}`;
        const elapsed = this.#elapsed(name, 'timeEnd');
        if (elapsed !== undefined) {
            this.log('%s: %s', name, elapsed);
            this.#timers.delete(name);
        }
    }

    timeLog(label = 'default', ...data) {
        const name = `${label}`;
        const elapsed = this.#elapsed(name, 'timeLog');
        if (elapsed !== undefined)
            this.log('%s: %s', name, elapsed, ...data);
    }

    clear() {
        const stream = this.#out.stream ?? this.#out;
        if (stream.isTTY && process.env.TERM !== 'dumb')
            stream.write('\u001b[1;1H\u001b[0J');
    }

    count(label = 'default') {
        const name = `${label}`;
        this.#counts ??= new SafeMap();
        const count = (this.#counts.get(name) ?? 0) + 1;
        this.#counts.set(name, count);
        this.log(`${name}: ${count}`);
    }

    countReset(label = 'default') {
        const name = `${label}`;
        if (!this.#counts?.delete(name))
            warn(`Count for '${name}' does not exist`);
    }

    group(...data) {
        if (data.length > 0)
            this.log(...data);
        this.#indentation += ' '.repeat(this.#step);
    }

    groupCollapsed(...data) {
        this.group(...data);
    }

    groupEnd() {
        this.#indentation = this.#indentation.slice(this.#step);
    }

    table(data, properties) {
        if (data === null || typeof data !== 'object') {
            this.log(data);
            return;
        }
        if (properties !== undefined) {
            require('internal/validators')
                .validateArray(properties, 'properties');
        }
        const options = this.#optionsFor(this.#out);
        this.log(require('internal/console/table')
            .table(data, properties, options));
    }

    /* For an inspector, which weir does not have. */
    profile() {}

    profileEnd() {}

    timeStamp() {}
}

/* The order in which they are listed is Node's. */
const METHODS = [
    'log', 'warn', 'dir', 'time', 'timeEnd', 'timeLog', 'trace', 'assert',
    'clear', 'count', 'countReset', 'group', 'groupEnd', 'table', 'debug',
    'info', 'dirxml', 'error', 'groupCollapsed', 'profile', 'profileEnd',
    'timeStamp',
];

const standard = new Console({
    stdout: new StandardStream(1, 'stdout'),
    stderr: new StandardStream(2, 'stderr'),
});

Object.setPrototypeOf(standard, {});

/* Node lets it be called without `new`. */
const callable = new Proxy(Console, {
    apply: (target, self, args) => new Console(...args),
});

function defineHidden(name, value) {
    Object.defineProperty(standard, name, {
        value, writable: true, enumerable: false, configurable: true,
    });
}

defineHidden('Console', callable);
defineHidden(Symbol.toStringTag, 'console');

module.exports = standard;
