// internal/process/stdio: process.stdin, process.stdout and process.stderr as
// streams
//
// The idea: the descriptors belong to whoever started us as much as to us. What
// is written is written before write() returns, so that nothing is lost when
// the process ends, and no descriptor is ever closed: a destroyed stdout comes
// back to life, as in Node. stdin is read when somebody asks for it, and only
// then keeps the process alive.

const { Readable, Writable } = require('stream');
const { Buffer } = require('buffer');
const { nextTick } = require('internal/core');
const { errnoException } = require('internal/errors');
const native = binding.stdio;
const fs = binding.fs;

const SLAB = 64 * 1024;

// ------------------------------------------------------------ what is shared

function define(stream, fd, type) {
    stream.fd = fd;
    stream._type = type;
    stream._isStdio = true;
}

// Whoever destroys it wants to be done with it; others may still need it.
function destroyNothing(stream, error, callback) {
    callback(error);
    stream._undestroy();
    if (!error)
        nextTick(() => stream.emit('close'));
}

// -------------------------------------------------------------------- writing

class StandardOutput extends Writable {
    constructor(fd, type) {
        super({ decodeStrings: false, emitClose: false });
        define(this, fd, type);
    }

    _write(chunk, encoding, callback) {
        const isText = typeof chunk === 'string';
        const data = isText && encoding !== 'utf8' && encoding !== 'utf-8' ?
            Buffer.from(chunk, encoding) : chunk;
        const result = native.write(this.fd, data);

        callback(result < 0 ? errnoException(result, 'write') : null);
    }

    _destroy(error, callback) {
        destroyNothing(this, error, callback);
    }

    destroySoon() {
        return this.destroy();
    }

    // Sockets and terminals have them; nothing here holds the process.
    ref() {
        return this;
    }

    unref() {
        return this;
    }
}

// For a descriptor that was closed when we were started.
class NoOutput extends StandardOutput {
    _write(chunk, encoding, callback) {
        callback();
    }
}

// ------------------------------------------------------------ to a terminal

const ESCAPE = '\u001b[';

function write(stream, text, callback) {
    if (callback !== undefined)
        require('internal/validators').validateFunction(callback, 'callback');
    return stream.write(text, callback);
}

function move(count, forward, backward) {
    if (!count)
        return '';
    return `${ESCAPE}${Math.abs(count)}${count > 0 ? forward : backward}`;
}

// Bits to a color, as the environment tells them.
function colorDepth(env) {
    if (env.FORCE_COLOR !== undefined) {
        const depths = { '': 4, '1': 4, 'true': 4, '2': 8, '3': 24 };
        return depths[env.FORCE_COLOR] ?? 1;
    }
    if (env.NODE_DISABLE_COLORS || env.NO_COLOR || env.TERM === 'dumb')
        return 1;
    if (env.COLORTERM === 'truecolor' || env.COLORTERM === '24bit')
        return 24;
    if (env.TMUX || /256/.test(env.TERM))
        return 8;
    return env.TERM || env.COLORTERM ? 4 : 1;
}

class TerminalOutput extends StandardOutput {
    constructor(fd) {
        super(fd, 'tty');
        this.isTTY = true;
        this.on('newListener', watchSize);
        for (const [name, index] of [['columns', 0], ['rows', 1]])
            defineSize(this, name, index);
    }

    getWindowSize() {
        return [this.columns, this.rows];
    }

    getColorDepth(env = process.env) {
        return colorDepth(env);
    }

    hasColors(count = 16, env = process.env) {
        if (typeof count === 'object') {
            env = count;
            count = 16;
        }
        require('internal/validators').validateInteger(count, 'count', 2);
        return count <= 2 ** this.getColorDepth(env);
    }

    cursorTo(x, y, callback) {
        if (typeof y === 'function')
            [y, callback] = [undefined, y];
        return write(this, y === undefined ? `${ESCAPE}${x + 1}G` :
            `${ESCAPE}${y + 1};${x + 1}H`, callback);
    }

    moveCursor(dx, dy, callback) {
        return write(this, move(dx, 'C', 'D') + move(dy, 'B', 'A'), callback);
    }

    // -1: to the left, 1: to the right, 0: all of it
    clearLine(direction, callback) {
        const part = direction < 0 ? 1 : direction > 0 ? 0 : 2;
        return write(this, `${ESCAPE}${part}K`, callback);
    }

    clearScreenDown(callback) {
        return write(this, `${ESCAPE}0J`, callback);
    }
}

// Asked of the terminal each time, until somebody sets it.
function defineSize(stream, name, index) {
    Object.defineProperty(stream, name, {
        configurable: true,
        enumerable: true,
        get() {
            const size = native.windowSize(stream.fd);
            if (size < 0)
                return undefined;
            return index === 0 ? size >>> 16 : size & 0xffff;
        },
        set(value) {
            Object.defineProperty(stream, name, { value, writable: true });
        },
    });
}

function watchSize(event) {
    if (event !== 'resize')
        return;
    this.removeListener('newListener', watchSize);
    let last = native.windowSize(this.fd);
    process.on('SIGWINCH', () => {
        const size = native.windowSize(this.fd);
        if (size !== last) {
            last = size;
            this.emit('resize');
        }
    });
}

// -------------------------------------------------------------------- reading

// A pipe, a socket or a terminal. _read() has the descriptor watched; a chunk
// that fills the stream, a pause, and the end have it not.
class StandardInput extends Readable {
    constructor(fd, type) {
        super({ highWaterMark: SLAB });
        define(this, fd, type);
        this.slab = null;
        this.on('pause', stopWhenPaused);
    }

    _read() {
        const result = native.watch(this.fd, () => readOnce(this));
        if (result < 0)
            this.destroy(errnoException(result, 'read'));
    }

    _destroy(error, callback) {
        native.unwatch();
        this.slab = null;
        callback(error);
    }

    ref() {
        native.reference(true);
        return this;
    }

    unref() {
        native.reference(false);
        return this;
    }
}

function readOnce(stream) {
    stream.slab ??= Buffer.allocUnsafeSlow(SLAB);
    const { slab } = stream;
    const count = fs.read(stream.fd, slab, 0, SLAB, -1);

    if (count < 0) {
        native.unwatch();
        stream.destroy(errnoException(count, 'read'));
        return;
    }
    if (count === 0) {
        native.unwatch();
        stream.slab = null;
        stream.push(null);
        return;
    }
    // A full slab is given away; a line of a terminal is copied out of it.
    let chunk = slab.subarray(0, count);
    if (count < SLAB / 2)
        chunk = Buffer.from(chunk);
    else
        stream.slab = null;
    if (!stream.push(chunk))
        native.unwatch();
}

// In the next tick, since who pauses may resume at once. A read that was asked
// for is taken back; the next one asks again.
function stopWhenPaused() {
    nextTick(() => {
        if (this.isPaused() || this.readableFlowing === false) {
            native.unwatch();
            this._readableState.reading = false;
        }
    });
}

class TerminalInput extends StandardInput {
    constructor(fd) {
        super(fd, 'tty');
        this.isTTY = true;
        this.isRaw = false;
    }

    setRawMode(wanted) {
        const isRaw = Boolean(wanted);
        const result = native.setRawMode(this.fd, isRaw);

        if (result < 0) {
            this.emit('error', errnoException(result, 'setRawMode'));
            return this;
        }
        if (isRaw && !this.isRaw) {
            require('internal/process/ending')
                .atLast(() => native.setRawMode(this.fd, false));
        }
        this.isRaw = isRaw;
        return this;
    }
}

function openFile(fd) {
    const { ReadStream } = require('internal/fs/streams');
    const stream = new ReadStream(null, { fd, autoClose: false });

    define(stream, fd, 'fs');
    return stream;
}

function openNothing(fd) {
    const stream = new Readable({ read() {} });

    define(stream, fd, undefined);
    stream.push(null);
    return stream;
}

// -------------------------------------------------------------------- opening

function openInput(fd) {
    switch (native.kind(fd)) {
    case 'tty':
        return new TerminalInput(fd);
    case 'file':
        return openFile(fd);
    case undefined:
        return openNothing(fd);
    default:
        return new StandardInput(fd, 'pipe');
    }
}

function openOutput(fd) {
    switch (native.kind(fd)) {
    case 'tty':
        return new TerminalOutput(fd);
    case 'file':
        return new StandardOutput(fd, 'fs');
    case undefined:
        return new NoOutput(fd, undefined);
    default:
        return new StandardOutput(fd, 'pipe');
    }
}

function open(fd) {
    return fd === 0 ? openInput(fd) : openOutput(fd);
}

module.exports = { open };
