// internal/net/socket: net.Socket, a stream's face on weir_socket
//
// Reading is the stream library's: bytes come in as Buffers on a slab and are
// pushed. Writing is not: weir_socket has a queue, a drain and callbacks of its
// own, so write() hands bytes down and keeps none, and the properties of the
// writable half tell what C knows. A socket that only echoes has no state here
// besides two integers.
//
// A socket has an id, and stands in the table of handles, which alone keeps it
// from the collector, until it is destroyed or C says its `close`.

const { codes, errnoException, exceptionWithHostPort, errorName,
    lookupError } = require('internal/errors');
const { defer } = require('internal/core');
const { atClose } = require('internal/turn');
const f = require('internal/streams/flags');
const EventEmitter = require('events');
const { Duplex, kNativeWritable } = require('internal/streams/duplex');
const { ReadableState } = require('internal/streams/readable_state');
const { Readable, pushBytes, pushEnd, pushFailure } =
    require('internal/streams/readable');
const { native, handles, open } = require('internal/net/native');
const { defineState } = require('internal/net/socket_state');
const { extra, connectionOf, deferFor, CONNECTING, CONNECTED, ENDED, FINISHED,
    NEED_DRAIN, STOPPED, HAD_ERROR, RESET, UNREF, LOOKING_UP, SLOW, PIPED,
    COUNTED, AS_ACCEPTED, LIBRARY, QUIET, RELEASED } =
    require('internal/net/socket_flags');
const { define, keepAddresses } = require('internal/net/socket_facts');
const hold = require('internal/net/socket_hold');
const { areCallbacksOut, beQuiet, beHeard, settle, FINISH } = hold;
const close = require('internal/net/socket_close');
const { errorOf, isMoreWaiting, failReading, isFailing, failWhenEmpty,
    failLater, letGo, writeError, failRefused, callAll, emitClose, waitHere } =
    close;
const pipe = require('internal/net/socket_pipe');
const write = require('internal/net/socket_write');
const { hasEndedEarly, send, drainedLater, writesNatively, useLibrary,
    finishWriting } = write;

// A program may replace what is on it.
const { concat } = require('buffer').Buffer;

// Of those that are not asked for anything else.
const streamOptions = {
    [kNativeWritable]: true,
    allowHalfOpen: true,
    emitClose: false,
    autoDestroy: true,
};

// What the stream library is told, of what a socket is.
const passedOn = ['highWaterMark', 'readableHighWaterMark', 'encoding',
    'captureRejections', 'read', 'write', 'writev', 'final', 'destroy',
    'construct'];

function Socket(options) {
    if (!(this instanceof Socket))
        return new Socket(options);
    if (options === undefined && this._construct === undefined) {
        // Nearly all of them: what Duplex would come to, by the short way.
        EventEmitter.call(this);
        this._readableState = ReadableState.ofSocket();
    } else {
        Duplex.call(this, readableOptions(options));
    }
    this._id = 0;
    this._flags = 0;
    this._extra = null;
    this._callbacks = null;
    this._totals = null; // bytes, once it is closed; until then C knows
    this._server = null;
    this.allowHalfOpen = Boolean(options?.allowHalfOpen);
    if (options !== undefined)
        applyOptions(this, options);
    if (!writesNatively(this))
        useLibrary(this);
}

Object.setPrototypeOf(Socket.prototype, Duplex.prototype);
Object.setPrototypeOf(Socket, Duplex);

function readableOptions(options) {
    if (options === null || typeof options !== 'object')
        return streamOptions;
    if (options.objectMode || options.readableObjectMode ||
        options.writableObjectMode) {
        const name = ['objectMode', 'readableObjectMode',
            'writableObjectMode'].find((key) => options[key]);
        throw new codes.ERR_INVALID_ARG_VALUE(`options.${name}`, options[name],
            'is not supported');
    }
    const made = { ...streamOptions };
    for (const name of passedOn) {
        if (options[name] !== undefined && options[name] !== null)
            made[name] = options[name];
    }
    return made;
}

function applyOptions(socket, options) {
    if (typeof options === 'number')
        options = { fd: options };
    if ((options?.writableHighWaterMark ?? options?.highWaterMark ?? null) !==
        null) {
        extra(socket).highWaterMark =
            require('internal/streams/high_water_mark')
                .chooseHighWaterMark(options, 'writableHighWaterMark', false);
        socket._flags |= SLOW;
    }
    if (options?.keepAliveInitialDelay !== undefined) {
        require('internal/validators').validateNumber(
            options.keepAliveInitialDelay, 'options.keepAliveInitialDelay');
    }
    if ((options?.defaultEncoding ?? null) !== null)
        socket.setDefaultEncoding(options.defaultEncoding);
    if (options?.blockList) {
        extra(socket).blockList = require('internal/net/addresses')
            .checkBlockList(options.blockList);
    }
    if (options?.onread)
        extra(socket).onread = onreadOf(options.onread);
    if (options?.noDelay)
        extra(socket).noDelay = true;
    if (options?.keepAlive) {
        extra(socket).keepAlive = [true, require('internal/net/arguments')
            .wholeSeconds(options.keepAliveInitialDelay)];
    }
    if (options?.fd !== undefined && options?.fd !== null)
        adopt(socket, options.fd);
    else if (options?.handle)
        adopt(socket, options.handle.fd);
    if (options?.signal) {
        require('internal/streams/add_abort_signal')
            .addAbortSignal(options.signal, socket);
    }
}

function onreadOf({ buffer, callback }) {
    if (typeof callback !== 'function' ||
        (typeof buffer !== 'function' && !(buffer instanceof Uint8Array)))
        return null;
    return {
        callback,
        rest: undefined,
        ended: false,
        next: typeof buffer === 'function' ? buffer : () => buffer,
    };
}

function adopt(socket, fd) {
    const { validateInt32 } = require('internal/validators');
    validateInt32(fd, 'fd', 0);
    ensureHandle(socket);
    const result = native.adopt(socket._id, fd);
    if (result < 0) {
        letGo(socket);
        if (['ENOTSOCK', 'EINVAL', 'EBADF'].includes(errorName(result)))
            throw new codes.ERR_INVALID_FD_TYPE('UNKNOWN');
        throw errnoException(result, 'open');
    }
    socket._flags |= CONNECTED;
    opened(socket);
}

// C's socket, made when it is first needed: a weir_socket costs memory, too.
function ensureHandle(socket) {
    if (socket._id !== 0)
        return;
    const id = open(native.socketCreate, socket);
    if (id < 0)
        throw errnoException(id, 'socket');
    socket._id = id;
    socket._flags &= ~RELEASED;
    settle(socket);
    if (socket._extra !== null && socket._extra.idleTime > 0)
        native.setTimeout(id, socket._extra.idleTime);
    if (socket._extra !== null && socket._extra.corks > 0)
        native.cork(id);
    if (socket.isPaused() && !isAskedByRead(socket))
        stop(socket); // before it was connected, or of an earlier connection
}

// A connection that a server has accepted.
Socket._accepted = function (server, id) {
    const socket = new Socket(server._socketOptions);
    socket.allowHalfOpen = server.allowHalfOpen;
    socket._id = id;
    socket._flags |= CONNECTED | COUNTED;
    socket._server = server;
    if (server.pauseOnConnect) {
        socket._flags |= STOPPED | AS_ACCEPTED;
        beQuiet(socket);
    }
    return socket;
};

// What was asked of a socket before it was connected.
function opened(socket) {
    const more = socket._extra;
    if (more === null)
        return;
    if (more.noDelay !== undefined)
        native.setNoDelay(socket._id, more.noDelay);
    if (more.keepAlive !== undefined)
        native.setKeepAlive(socket._id, ...more.keepAlive);
}

// ------------------------------------------------------------------ connecting

Socket.prototype.connect = function connect(...args) {
    const { normalizeArguments } = require('internal/net/arguments');
    const [options, callback] = Array.isArray(args[0]) && args[0].normalized
        ? args[0] : normalizeArguments(args);
    const start = require('internal/net/connecting').prepare(this, options);
    if (options.signal?.aborted)
        return this; // destroyed as it was made; not to be revived
    if (this.destroyed || (this.writableEnded && !hasEndedEarly(this)))
        renew(this);
    this._flags = (this._flags & ~(CONNECTED | HAD_ERROR)) | CONNECTING;
    if (typeof callback === 'function')
        this.once('connect', callback);
    start();
    return this;
};

// What C still has to tell of a connection that has ended and not closed when its
// socket has another one.
class Past {
    constructor(socket) {
        this.socket = socket;
        this.callbacks = socket._callbacks;
        this.onFinish = socket._extra?.onFinish ?? [];
        this.error = writeError(socket);
        this.hadError = (socket._flags & HAD_ERROR) !== 0;
    }

    _onWritten() {
        const callback = this.callbacks.shift();
        if (callback !== FINISH)
            callback(this.error);
    }

    _onClose() {
        callAll(this.onFinish, this.error);
        atClose(emitClose, this.socket, this.hadError);
    }

    // Nobody is left to hear of the rest.
    _onData() {}
    _onEnd() {}
    _onHangup() {}
    _onDrain() {}
    _onTimeout() {}
    _onError() {}
}

// A socket that was closed may be connected anew. What was put off for the old
// connection then knows by its number that it has come too late.
function renew(socket) {
    if (socket._id !== 0)
        handles[socket._id] = new Past(socket);
    socket._id = 0;
    extra(socket).connections++;
    socket._undestroy();
    socket._flags &= UNREF | SLOW | LIBRARY;
    socket._callbacks = null;
    socket._totals = null;
    Object.assign(socket._extra, {
        pending: null, early: null, failed: null, corked: null, refused: null,
        failure: null, late: null, onFinish: null, onFinal: null,
        attempts: null, attempted: null, addresses: 0, remote: undefined,
        local: undefined, idleAt: -1,
    });
    if (socket._extra.onread !== null)
        Object.assign(socket._extra.onread, { rest: undefined, ended: false });
    waitHere(socket);
}

// Hands the connection to C; an error at once is told like any other.
Socket.prototype._connectNative = function (connect, address, port) {
    if (this.destroyed)
        return;
    ensureHandle(this);
    this._flags &= ~LOOKING_UP;
    const errno = connect(this._id);
    if (errno < 0) {
        const error = exceptionWithHostPort(errno, 'connect', address, port);
        deferFor(this, () => this.destroy(error));
        return;
    }
    settle(this);
    this._sendPending();
};

Socket.prototype._lookingUp = function () {
    this._flags |= LOOKING_UP | SLOW;
};

// What was written while a lookup of the program's own was under way.
Socket.prototype._sendPending = function () {
    const pending = this._extra?.pending;
    if (pending && !(this._flags & RESET)) {
        this._extra.pending = null;
        for (const [bytes, callback] of pending)
            send(this, bytes, callback);
    }
    if (this._flags & ENDED && !(this._flags & FINISHED))
        finishWriting(this);
};

Socket.prototype._onConnect = function () {
    this._flags = (this._flags & ~(CONNECTING | RESET)) | CONNECTED;
    opened(this);
    settle(this);
    if (this._extra !== null)
        this._extra.early = null;
    this.emit('connect');
    this.emit('ready');
};

Socket.prototype._onLookup = function (status, address, family, host) {
    if (require('internal/net/address_text').isIP(host))
        return;
    if (status < 0) {
        this.emit('lookup', lookupError(status, host), undefined, undefined,
            host);
        return;
    }
    extra(this).addresses++;
    this.emit('lookup', null, address, family, host);
};

// The address before the one that is tried now, unless it has failed. It stays
// in the race (RFC 8305), where Node gives it up.
function lateAttempt({ attempted, attempts }, port) {
    const address = attempted?.at(-1).slice(0, -`:${port}`.length);
    return attempts?.some((error) => error.address === address)
        ? undefined : address;
}

Socket.prototype._onAttempt = function (status, address, port, family) {
    const more = extra(this);
    if (status === 0) {
        const late = lateAttempt(more, port);
        (more.attempted ??= []).push(`${address}:${port}`);
        if (late !== undefined) {
            this.emit('connectionAttemptTimeout', late, port,
                require('internal/net/address_text').isIP(late));
        }
        if (!this.destroyed)
            this.emit('connectionAttempt', address, port, family);
        return;
    }
    const error = this._connectError(status, address, port);
    (more.attempts ??= []).push(error);
    this.emit('connectionAttemptFailed', address, port, family, error);
};

// What has arrived comes first: in the kernel, when a write has failed before
// it was read, or here.
Socket.prototype._onError = function (errno, call, address, port) {
    const error = errorOf(this, errno, call, address, port);
    if (!(this._flags & CONNECTED) || this.destroyed) {
        this.destroy(error);
        return;
    }
    if (isWaitingForProgram(this))
        return;
    extra(this).failure = error;
    if (!isMoreWaiting(this))
        failReading(this);
    if (!this.destroyed)
        failWrites(this);
};

// The peer has ended, nothing is being written, and now the connection has been
// reset. As on Node it is the next write that finds out, and an end is one still.
function isWaitingForProgram(socket) {
    const more = socket._extra;
    return (socket._readableState.flags & f.ENDED) !== 0 &&
        (socket._flags & (ENDED | NEED_DRAIN)) === 0 &&
        !areCallbacksOut(socket) && socket.writableLength === 0 &&
        (more === null || (more.failed === null && more.refused === null &&
            more.pipedFrom === null));
}

// Their callbacks need not wait for a reader; and who reads on only after a
// drain would wait for ever.
function failWrites(socket) {
    failRefused(socket);
    if (socket._flags & NEED_DRAIN)
        defer(drainedLater, socket, connectionOf(socket));
}

// --------------------------------------------------------------------- reading

Socket.prototype._onData = function (bytes) {
    if (this._flags & PIPED) // read before it was laid, or C gives them back
        this._leavePipe();
    if (this._extra !== null && this._extra.onread !== null)
        giveToOnread(this, bytes);
    else if (!(this._read === _read ? pushBytes(this, bytes) : this.push(bytes)))
        stop(this);
    if (isFailing(this)) // behind what C has read and not told yet
        require('timers').setImmediate(failLater, this, connectionOf(this));
};

function giveToOnread(socket, bytes) {
    const { onread } = socket._extra;
    onread.rest = onread.rest === undefined ? bytes
        : concat([onread.rest, bytes]);
    feedOnread(socket);
}

// As long as it is wanted; what a callback that throws has not had comes in a
// tick of its own.
function feedOnread(socket) {
    const { onread } = socket._extra;
    while (onread.rest !== undefined && !(socket._flags & STOPPED) &&
        !socket.destroyed) {
        let more = false;
        try {
            more = givePart(socket, onread);
        } catch (error) {
            defer(feedOnread, socket);
            throw error;
        }
        if (!more)
            stop(socket);
    }
    if (onread.rest === undefined && onread.ended) {
        onread.ended = false;
        endReading(socket);
    } else if (isFailing(socket)) {
        failWhenEmpty(socket);
    }
}

function givePart(socket, onread) {
    const { rest } = onread;
    const buffer = onread.next();
    if (buffer.length === 0) {
        socket.destroy(errnoException(native.ENOBUFS, 'read'));
        return false;
    }
    const part = rest.subarray(0, buffer.length);
    buffer.set(part);
    onread.rest = part.length < rest.length ? rest.subarray(part.length)
        : undefined;
    return onread.callback(part.length, buffer) !== false;
}

function resumeOnread(socket) {
    readOn(socket);
    defer(feedOnread, socket);
}

// Until _read(), which the stream library calls once it wants more; it must not
// think that a read is under way.
function stop(socket) {
    socket._readableState.reading = false;
    if (socket._id !== 0 && !(socket._flags & STOPPED)) {
        socket._flags |= STOPPED;
        native.pause(socket._id);
        if (socket.readableLength >= socket.readableHighWaterMark)
            beQuiet(socket);
    }
}

function readOn(socket) {
    if (socket._flags & STOPPED) {
        socket._flags &= ~(STOPPED | AS_ACCEPTED);
        if (socket._id !== 0)
            native.resume(socket._id);
        if (socket._flags & QUIET)
            beHeard(socket);
    }
}

Socket.prototype._onEnd = function () {
    if (this._flags & PIPED)
        this._leavePipe();
    const onread = this._extra?.onread;
    if (this._extra !== null)
        this._extra.idleAt = -1; // this was I/O, too
    if (onread && onread.rest !== undefined) {
        onread.ended = true; // after what the callback still has to have
        keepAddresses(this);
    } else {
        endReading(this);
    }
};

function endReading(socket) {
    const failure = socket._extra?.failure ?? null;
    pushEnd(socket);
    if (failure !== null)
        pushFailure(socket, failure);
    else if (socket.readableLength > 0)
        keepAddresses(socket); // there may be no connection when it is read
    if (!socket.destroyed)
        beQuiet(socket);
}

// The peer of a paused socket has gone. With nothing before that, reading on
// tells it, and no data; otherwise it waits with the data.
Socket.prototype._onHangup = function (waiting) {
    if (waiting === 0 && !(this._flags & AS_ACCEPTED))
        native.resume(this._id);
    else
        beQuiet(this);
};

function _read() {
    readOn(this);
}

Socket.prototype._read = _read;

// The kernel is not read while a socket is paused: its window closes, and the
// peer has to wait. Who listens to `readable` decides by read(), as ever.
Socket.prototype.pause = function pause() {
    if (this._flags & PIPED)
        this._leavePipe();
    Readable.prototype.pause.call(this);
    if (!isAskedByRead(this) || this._extra?.onread)
        stop(this);
    return this;
};

function isAskedByRead(socket) {
    return (socket._readableState.flags & f.READABLE_LISTENING) !== 0;
}

Socket.prototype.resume = function resume() {
    if (this._extra !== null && this._extra.onread !== null)
        resumeOnread(this);
    return Readable.prototype.resume.call(this);
};

// -------------------------------------------------------------------- settings

Socket.prototype.setTimeout = function setTimeout(msecs, callback) {
    if (this.destroyed)
        return this;
    const { validateFunction } = require('internal/validators');
    const ms = require('internal/net/arguments').duration(msecs, 'msecs');
    if (callback !== undefined)
        validateFunction(callback, 'callback');
    const more = extra(this);
    more.timeout = msecs;
    more.idleTime = ms;
    more.idleAt = -1;
    if (ms > 0 && !(this._flags & CONNECTED))
        ensureHandle(this);
    if (this._id !== 0)
        native.setTimeout(this._id, ms);
    else if (this._flags & CONNECTED)
        waitHere(this);
    if (callback !== undefined) {
        if (ms === 0)
            this.removeListener('timeout', callback);
        else
            this.once('timeout', callback);
    }
    return this;
};

Socket.prototype.setNoDelay = function setNoDelay(noDelay) {
    const on = noDelay === undefined ? true : Boolean(noDelay);
    extra(this).noDelay = on;
    if (this._flags & CONNECTED && this._id !== 0)
        native.setNoDelay(this._id, on);
    return this;
};

Socket.prototype.setKeepAlive = function setKeepAlive(enable, initialDelay) {
    extra(this).keepAlive = [Boolean(enable),
        require('internal/net/arguments').wholeSeconds(initialDelay)];
    if (this._flags & CONNECTED && this._id !== 0)
        native.setKeepAlive(this._id, ...this._extra.keepAlive);
    return this;
};

Socket.prototype.setSecure = function setSecure() {
    throw new codes.ERR_FEATURE_UNAVAILABLE_ON_PLATFORM('TLS (setSecure)');
};

// A program may put there what it likes: what counts is `_server`.
Object.defineProperty(Socket.prototype, 'server', {
    configurable: true,
    enumerable: true,
    get() {
        const other = this._extra?.server;
        return other === undefined ? this._server : other;
    },
    set(value) {
        extra(this).server = value;
    },
});

Object.assign(Socket.prototype, hold.methods, close.methods, write.methods,
    pipe.methods);
pipe.notePassed(Socket.prototype);
define(Socket.prototype);
defineState(Socket.prototype);

module.exports = { Socket };
