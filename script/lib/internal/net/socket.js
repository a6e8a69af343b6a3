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

const { codes, errnoException, exceptionWithHostPort, dnsException,
    aggregateErrors, errorName } = require('internal/errors');
const { defer, nextTick } = require('internal/core');
const { atClose, atPending } = require('internal/turn');
const f = require('internal/streams/flags');
const { destroyed } = require('internal/streams/destroy');
const EventEmitter = require('events');
const { Duplex, kNativeWritable } = require('internal/streams/duplex');
const { ReadableState } = require('internal/streams/readable_state');
const { Writable, writeUnderWay } = require('internal/streams/writable');
const { Readable, pushBytes, pushEnd, pushFailure } =
    require('internal/streams/readable');
const { native, registers, counters, handles, last, open, forget, slabNumber,
    FastBuffer, ID, SLAB, OFFSET, LENGTH, RESULT, WANTS_CALLBACK, BYTES_READ,
    BYTES_WRITTEN } = require('internal/net/native');
const { defineState, stateForLibrary } =
    require('internal/net/socket_state');
const { extra, connectionOf, deferFor, unlessRenewed, CONNECTING, CONNECTED,
    ENDED, PREFINISHED, FINISHED, NEED_DRAIN, STOPPED, HAD_ERROR, RESET, UNREF,
    LOOKING_UP, SLOW, PIPED, WAS_CONNECTING, COUNTED, AS_ACCEPTED, LIBRARY,
    QUIET, RELEASED, USUAL, LOOKED_AT } =
    require('internal/net/socket_flags');
const { define, isConnected, isUnixSocket, keepAddresses } =
    require('internal/net/socket_facts');

// A program may replace what is on it.
const { concat, from: bufferFrom, isEncoding } = require('buffer').Buffer;

const FINISH = Symbol('finish'); // among the callbacks of writes
const EMPTY = [];
const NO_BYTES = new Uint8Array(0);

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
        const id = socket._id;
        socket._id = 0;
        forget(id);
        native.destroy(id);
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

// end() before connect() waits for the connection.
function hasEndedEarly(socket) {
    return (socket._flags & (ENDED | CONNECTING | CONNECTED)) === ENDED;
}

// What C still has to tell of a connection that has ended and not closed when its
// socket has another one.
class Past {
    constructor(socket) {
        this.socket = socket;
        this.callbacks = socket._callbacks;
        this.onFinish = socket._extra?.onFinish;
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

    // Read, or said, before it was destroyed, and told together.
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
        pending: null, failed: null, corked: null, refused: null,
        failure: null, late: null,
        onFinish: null, onFinal: null, attempts: null, attempted: null,
        addresses: 0, remote: undefined, local: undefined, idleAt: -1,
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
    if (pending) {
        this._extra.pending = null;
        for (const [bytes, callback] of pending)
            send(this, bytes, callback);
    }
    if (this._flags & ENDED && !(this._flags & FINISHED))
        finishWriting(this);
};

Socket.prototype._onConnect = function () {
    this._flags = (this._flags & ~CONNECTING) | CONNECTED;
    opened(this);
    settle(this);
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

function lookupError(status, host) {
    const name = errorName(status);
    if (name === 'ENOTFOUND' || name === 'ENODATA')
        return dnsException(-3008, 'getaddrinfo', host);
    return dnsException(name, 'getaddrinfo', host);
}

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

Socket.prototype._connectError = function (errno, address, port) {
    const options = this._extra?.connectOptions;
    const error = exceptionWithHostPort(errno, 'connect',
        this._extra?.path ?? address, port,
        options?.localAddress
            ? `${options.localAddress}:${options.localPort ?? 0}`
            : undefined);
    if (options?.localAddress) {
        error.localAddress = options.localAddress;
        error.localPort = options.localPort ?? 0;
    }
    return error;
};

function errorOf(socket, errno, call, address, port) {
    const more = socket._extra;
    // No descriptor, or one that takes no option: Node has one call for all.
    if (call === 'socket' || call === 'setsockopt')
        call = 'connect';
    if (call === 'lookup')
        return lookupError(errno, more?.host);
    if (call !== 'connect' && call !== 'bind')
        return errnoException(errno, call ?? 'read');
    if (more?.attempts && more.attempts.length > 1)
        return aggregateErrors(more.attempts);
    if (call === 'bind') {
        const { localAddress, localPort } = more.connectOptions ?? {};
        return exceptionWithHostPort(errno, 'bind',
            localAddress ?? anyAddressFor(address), localPort);
    }
    return more?.attempts?.[0] ??
        socket._connectError(errno, address, port || undefined);
}

// What a port alone is bound to.
function anyAddressFor(peer) {
    return require('internal/net/address_text').isIP(peer) === 6 ? '::'
        : '0.0.0.0';
}

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

function isMoreWaiting(socket) {
    return socket._id !== 0 && !(socket._readableState.flags & f.ENDED) &&
        native.waiting(socket._id) > 0;
}

function failReading(socket) {
    const { failure, onread } = socket._extra;
    if (onread !== null && onread.rest !== undefined)
        return; // feedOnread() comes back to it
    pushFailure(socket, failure);
    if (socket.destroyed || socket._id === 0)
        return;
    keepAddresses(socket);
    native.destroy(socket._id);
}

// Their callbacks need not wait for a reader; and who reads on only after a
// drain would wait for ever.
function failWrites(socket) {
    failRefused(socket);
    if (socket._flags & NEED_DRAIN)
        defer(drainedLater, socket, connectionOf(socket));
}

function isFailing(socket) {
    return socket._extra !== null && socket._extra.failure !== null;
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

function failWhenEmpty(socket) {
    if (!socket.destroyed && !isMoreWaiting(socket))
        failReading(socket);
}

const failLater = unlessRenewed(failWhenEmpty);

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

// --------------------------------------------------------------------- writing

Socket.prototype.write = function write(chunk, encoding, callback) {
    if (chunk === last.bytes && callback === undefined &&
        encoding === undefined && (this._flags & LOOKED_AT) === USUAL &&
        this._write === _write) {
        registers[ID] = this._id;
        registers[SLAB] = last.slab;
        registers[OFFSET] = last.offset;
        registers[LENGTH] = chunk.length;
        registers[WANTS_CALLBACK] = 0;
        native.write();
        if (registers[RESULT] === 0)
            return true;
        return written(this, registers[RESULT], undefined);
    }
    if (chunk instanceof FastBuffer && callback === undefined &&
        (this._flags & LOOKED_AT) === USUAL && encoding === undefined &&
        this._write === _write) {
        const slab = chunk.buffer[slabNumber];
        if (slab !== undefined && chunk.length > 0) {
            registers[ID] = this._id;
            registers[SLAB] = slab;
            registers[OFFSET] = chunk.byteOffset;
            registers[LENGTH] = chunk.length;
            registers[WANTS_CALLBACK] = 0;
            native.write();
            if (registers[RESULT] === 0)
                return true;
            return written(this, registers[RESULT], undefined);
        }
    }
    if (typeof encoding === 'function') {
        callback = encoding;
        encoding = undefined;
    }
    if (this._flags & LIBRARY || !writesNatively(this))
        return libraryWrite(this, chunk, encoding, callback);
    return writeAny(this, chunk, encoding,
        typeof callback === 'function' ? callback : undefined) === true;
};

// True, false, or the error that refused it.
function writeAny(socket, chunk, encoding, callback, ends = false) {
    const bytes = bytesOf(socket, chunk, encoding);
    const refused = refusal(socket, ends);
    if (refused !== undefined)
        return refuse(socket, refused, callback);
    if (encoding === 'buffer' && typeof chunk === 'string')
        throw notABuffer();
    if (socket._flags & LOOKING_UP) {
        (extra(socket).pending ??= []).push([bytes, callback]);
        return isEnough(socket, false);
    }
    return send(socket, bytes, callback);
}

function refuse(socket, error, callback) {
    if (typeof callback === 'function')
        nextTick(callback, error);
    if (!socket.destroyed)
        destroyAfterAccepted(socket, error);
    return error;
}

// A write that is refused takes nothing from those that were accepted: they go
// first, and what was said to the peer is whole.
function destroyAfterAccepted(socket, error) {
    if (socket._flags & ENDED && socket.writableLength > 0)
        extra(socket).late ??= error;
    else
        socket.destroy(error);
}

// As Node's binding says it, which has no text for its second argument.
function notABuffer() {
    const error = new TypeError('Second argument must be a buffer');
    error.code = 'ERR_INVALID_ARG_TYPE';
    return error;
}

function bytesOf(socket, chunk, encoding) {
    if (chunk === null)
        throw new codes.ERR_STREAM_NULL_VALUES();
    if (typeof chunk === 'string') {
        encoding ||= socket._extra !== null ? socket._extra.encoding : 'utf8';
        if (encoding === 'buffer')
            encoding = 'utf8';
        else if (encoding !== 'utf8' && !isEncoding(encoding))
            throw new codes.ERR_UNKNOWN_ENCODING(encoding);
        return bufferFrom(chunk, encoding);
    }
    if (chunk instanceof Uint8Array)
        return chunk;
    if (ArrayBuffer.isView(chunk))
        return bufferFrom(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    throw new codes.ERR_INVALID_ARG_TYPE('chunk',
        ['string', 'Buffer', 'TypedArray', 'DataView'], chunk);
}

function refusal(socket, ends) {
    const flags = socket._flags;
    if (flags & ENDED) {
        if (!ends && !socket.allowHalfOpen && socket.readableEnded)
            return endedByPeer();
        return new codes.ERR_STREAM_WRITE_AFTER_END();
    }
    if (socket.destroyed)
        return new codes.ERR_STREAM_DESTROYED('write');
    if (!(flags & (CONNECTED | CONNECTING)))
        return new codes.ERR_SOCKET_CLOSED();
    return undefined;
}

function endedByPeer() {
    const error = new Error('This socket has been ended by the other party');
    error.code = 'EPIPE';
    return error;
}

function send(socket, bytes, callback) {
    if (bytes.length === 0 && callback === undefined)
        return !(socket._flags & NEED_DRAIN) || isEnough(socket, false);
    if (callback !== undefined && socket._extra !== null &&
        socket._extra.corks > 0) {
        (socket._extra.corked ??= []).push(callback);
        callback = undefined;
    }
    const result = putWithCallback(socket, bytes, callback);
    return written(socket, result, callback);
}

// Before the connection stands C takes no bytes at once, but has nothing to say
// against none.
function putWithCallback(socket, bytes, callback) {
    return callback === undefined || areCallbacksOut(socket) ||
        socket._flags & CONNECTING
        ? put(socket, bytes, callback) : putAndTell(socket, bytes, callback);
}

function areCallbacksOut(socket) {
    return socket._callbacks !== null && socket._callbacks.length > 0;
}

// Of what the kernel has taken within the call the next tick tells, as on Node,
// and so before all that the program does after it.
function putAndTell(socket, bytes, callback) {
    const result = put(socket, bytes, undefined);
    if (result === 0)
        nextTick(callback, null);
    return result > 0 ? putBehind(socket, callback) : result;
}

// Called when all that was written until now has gone.
function putBehind(socket, callback) {
    return put(socket, NO_BYTES, callback);
}

// C's answer.
function put(socket, bytes, callback) {
    const slab = bytes.buffer[slabNumber];
    let result;
    if (slab !== undefined) {
        registers[ID] = socket._id;
        registers[SLAB] = slab;
        registers[OFFSET] = bytes.byteOffset;
        registers[LENGTH] = bytes.length;
        registers[WANTS_CALLBACK] = callback === undefined ? 0 : 1;
        native.write();
        result = registers[RESULT];
    } else {
        result = native.writeBytes(socket._id, bytes, callback !== undefined);
    }
    if (callback !== undefined && result >= 0)
        (socket._callbacks ??= []).push(callback);
    return result;
}

// What a write comes to, from what C said of it.
function written(socket, result, callback) {
    if (result < 0)
        writeFailed(socket, result, callback);
    settle(socket);
    if (result < 0)
        return false;
    return isEnough(socket, result === 0);
}

// What write() answers. The kernel's word counts, unless a mark was given; or
// the socket is corked, when the kernel has not been asked.
function isEnough(socket, taken) {
    const more = socket._extra;
    let enough = taken;
    if (!enough && more !== null && (more.highWaterMark >= 0 || more.corks > 0))
        enough = socket.writableLength < socket.writableHighWaterMark;
    if (!enough)
        socket._flags |= NEED_DRAIN;
    return enough;
}

// What is read may flow back into the socket, through whatever lies between, and
// must not wait for it. Nor may who writes without end take all of the time.
function drainLater(socket) {
    if (socket._flags & NEED_DRAIN)
        return;
    socket._flags |= NEED_DRAIN;
    require('timers').setTimeout(drainedLater, 10, socket,
        connectionOf(socket));
}

// C tells the error as an event, too, after what the peer had sent has been
// read, and the socket is destroyed then. ENOMEM comes only here.
function writeFailed(socket, errno, callback) {
    const more = extra(socket);
    if (socket._id === 0) // the connection was reset
        errno = native.EPIPE;
    if (more.failure !== null && more.refused === null) {
        if (callback !== undefined)
            nextTick(callback, more.failure);
        drainLater(socket);
        return;
    }
    socket._flags |= NEED_DRAIN; // for when the error waits for a reader
    more.refused ??= [];
    if (callback !== undefined)
        more.refused.push(callback);
    if (more.failure === null && (errorName(errno) === 'ENOMEM' ||
        socket._readableState.flags & f.ENDED)) {
        more.failure = errnoException(errno, 'write');
        deferFor(socket, failAtOnce);
    }
}

// There is nothing to be read before it.
function failAtOnce(socket) {
    const { refused, failure } = socket._extra;
    while (refused !== null && refused.length > 0) {
        const callback = refused.shift();
        try {
            callback(failure);
        } catch (error) {
            deferFor(socket, failAtOnce);
            throw error;
        }
    }
    if (!socket.destroyed)
        failReading(socket);
}

Socket.prototype._onDrain = function () {
    settle(this);
    drained(this);
};

function drained(socket) {
    if (!(socket._flags & NEED_DRAIN))
        return;
    socket._flags &= ~NEED_DRAIN;
    if (!(socket._flags & ENDED) && !socket.destroyed)
        socket.emit('drain');
}

const drainedLater = unlessRenewed(drained);

// As on Node, `drain` comes before the callback of the last write.
Socket.prototype._onWritten = function (status) {
    const callback = this._callbacks.shift();
    if (status === 0) // else the error follows, and is waited for
        settle(this);
    try {
        if (status === 0 && this.writableLength === 0)
            drained(this);
    } finally {
        tellWritten(this, callback, status);
    }
};

function tellWritten(socket, callback, status) {
    if (callback === FINISH) {
        if (status === 0)
            atPending(finishedLater, socket, connectionOf(socket));
    } else if (status === 0) {
        callback(null);
    } else {
        (extra(socket).failed ??= []).push(callback); // the error follows
    }
}

function writeError(socket) {
    if (socket.errored || isFailing(socket))
        return socket.errored ?? socket._extra.failure;
    return socket._flags & WAS_CONNECTING
        ? new codes.ERR_SOCKET_CLOSED_BEFORE_CONNECTION()
        : new codes.ERR_STREAM_DESTROYED('write');
}

// C holds back from the first cork to the last uncork; a socket that has none
// yet in C is corked there as it comes.
Socket.prototype.cork = function cork() {
    if (this._flags & LIBRARY)
        Writable.prototype.cork.call(this);
    else if (extra(this).corks++ === 0 && this._id !== 0)
        native.cork(this._id);
};

Socket.prototype.uncork = function uncork() {
    if (this._flags & LIBRARY)
        Writable.prototype.uncork.call(this);
    if (this._extra === null || this._extra.corks === 0)
        return;
    if (--this._extra.corks === 0 && this._id !== 0) {
        native.uncork(this._id);
        tellCorked(this);
    }
};

// The callbacks of what was held back until now, as of one write.
function tellCorked(socket) {
    const callbacks = socket._extra.corked;
    if (callbacks === null)
        return;
    socket._extra.corked = null;
    for (const callback of callbacks) {
        const result = putWithCallback(socket, NO_BYTES, callback);
        if (result < 0)
            writeFailed(socket, result, callback);
    }
}

Socket.prototype.setDefaultEncoding = function (encoding) {
    if (typeof encoding === 'string')
        encoding = encoding.toLowerCase();
    if (!isEncoding(encoding))
        throw new codes.ERR_UNKNOWN_ENCODING(encoding);
    extra(this).encoding = encoding;
    if (this._flags & LIBRARY)
        this._writableState.defaultEncoding = encoding;
    return this;
};

// ------------------------------------------------------ a _write() of one's own
//
// Programs override what a stream is made of, or put something in its place.
// Then writing is the stream library's, with a state and a queue of its own, and
// these are what is at the bottom of it, as on Node: done within the call when
// the kernel has taken all.

function _write(chunk, encoding, callback) {
    const bytes = bytesOf(this, chunk, encoding);
    if (this._flags & LOOKING_UP) {
        (extra(this).pending ??= []).push([bytes, callback]);
        return;
    }
    if (!(this._flags & (CONNECTED | CONNECTING))) {
        callback(new codes.ERR_SOCKET_CLOSED());
        return;
    }
    const result = put(this, bytes, undefined);
    if (result < 0)
        writeFailed(this, result, callback);
    else if (result > 0 || this._flags & CONNECTING)
        putBehind(this, callback);
    else
        callback();
}

function _writev(chunks, callback) {
    const all = Arrays.map(chunks,
        (each) => bytesOf(this, each.chunk, each.encoding));
    this._write(concat(all), 'buffer', callback);
}

function _final(callback) {
    extra(this).onFinal = callback;
    this._flags |= ENDED;
    finishWriting(this);
}

Object.assign(Socket.prototype, { _write, _writev, _final });

function writesNatively(socket) {
    return socket._write === _write && socket._writev === _writev &&
        socket._final === _final;
}

// What the socket has written without the library is its write under way.
function useLibrary(socket) {
    if (socket._flags & (LIBRARY | ENDED))
        return;
    const waits = socket.writableLength;
    const corks = socket.writableCorked;
    const state = stateForLibrary(socket);
    socket._flags = (socket._flags & ~NEED_DRAIN) | LIBRARY | SLOW;
    if (corks > 0) {
        socket._extra.corks = 1;
        socket.uncork();
        state.corked = corks;
    }
    if (areCallbacksOut(socket))
        putBehind(socket, writeUnderWay(socket, waits));
    else if (waits > 0)
        _write.call(socket, NO_BYTES, 'buffer', writeUnderWay(socket, waits));
}

function libraryWrite(socket, chunk, encoding, callback) {
    useLibrary(socket);
    if (socket.writableEnded && !socket.allowHalfOpen && socket.readableEnded) {
        refuse(socket, endedByPeer(), callback);
        return false;
    }
    return Writable.prototype.write.call(socket, chunk, encoding, callback);
}

// ---------------------------------------------------------------------- ending

Socket.prototype.end = function end(chunk, encoding, callback) {
    if (this._flags & LIBRARY || !writesNatively(this)) {
        useLibrary(this);
        return Writable.prototype.end.call(this, chunk, encoding, callback);
    }
    if (typeof chunk === 'function') {
        callback = chunk;
        chunk = encoding = undefined;
    } else if (typeof encoding === 'function') {
        callback = encoding;
        encoding = undefined;
    }
    let error;
    if (chunk !== undefined && chunk !== null) {
        const answer = writeAny(this, chunk, encoding, undefined, true);
        if (answer !== true && answer !== false)
            error = answer;
    }
    if (this._extra !== null && this._extra.corks > 0) {
        this._extra.corks = 1;
        this.uncork();
    }
    if (error === undefined && this.destroyed && !this.errored)
        this._flags |= ENDED; // it says so, and does nothing
    error ??= endRefusal(this);
    if (error === undefined && !(this._flags & ENDED)) {
        this._flags |= ENDED;
        finishWriting(this);
    }
    if (typeof callback === 'function')
        afterFinish(this, error, callback);
    return this;
};

// Twice is allowed, as long as the first is not done.
function endRefusal(socket) {
    if (socket._flags & FINISHED)
        return new codes.ERR_STREAM_ALREADY_FINISHED('end');
    if (socket.destroyed)
        return new codes.ERR_STREAM_DESTROYED('end');
    return undefined;
}

function afterFinish(socket, error, callback) {
    if (error !== undefined)
        nextTick(callback, error);
    else
        (extra(socket).onFinish ??= []).push(callback);
}

// FIN behind what is queued; without a queue it is sent now. When the peer has
// ended before, C is done with the connection by that: it comes in a tick, so
// that a listener of `end` which ends it, too, can still ask who it was.
function finishWriting(socket) {
    if (socket._flags & LOOKING_UP || hasEndedEarly(socket))
        return;
    if (socket._readableState.flags & f.ENDED)
        deferFor(socket, endConnection);
    else
        sendEnd(socket);
}

function endConnection(socket) {
    if (!socket.destroyed)
        sendEnd(socket);
}

function sendEnd(socket) {
    registers[WANTS_CALLBACK] = (socket._flags & CONNECTING) !== 0 ||
        areCallbacksOut(socket) ? 1 : 0;
    if (native.end(socket._id) > 0)
        (socket._callbacks ??= []).push(FINISH);
    else
        atPending(finishedLater, socket, connectionOf(socket));
    settle(socket);
}

// Where a write has failed, its error is to come.
function cannotFinish(socket) {
    return socket._flags & FINISHED || socket.destroyed || isFailing(socket) ||
        (socket._extra !== null && socket._extra.refused !== null);
}

// The end is sent.
function finished(socket) {
    if (cannotFinish(socket))
        return;
    if (socket._extra !== null && socket._extra.onFinal !== null) {
        const callback = socket._extra.onFinal;
        socket._extra.onFinal = null;
        callback();
        return;
    }
    socket._flags |= PREFINISHED;
    socket.emit('prefinish');
    defer(emitFinishLater, socket, connectionOf(socket));
}

// Even if a listener of `prefinish` has destroyed it.
function emitFinish(socket) {
    socket._flags |= FINISHED;
    if (socket._extra !== null && socket._extra.onFinish !== null) {
        const callbacks = socket._extra.onFinish;
        socket._extra.onFinish = null;
        for (const callback of callbacks)
            callback(null);
    }
    socket.emit('finish');
    if (socket._extra !== null && socket._extra.late !== null)
        socket.destroy(socket._extra.late);
    else if (socket.readableEnded || !socket.readable)
        socket.destroy();
}

const finishedLater = unlessRenewed(finished);
const emitFinishLater = unlessRenewed(emitFinish);

Socket.prototype.destroySoon = function destroySoon() {
    if (this.writable)
        this.end();
    if (this.writableFinished)
        this.destroy();
    else if (isFailing(this))
        this.destroy(this._extra.failure);
    else
        this.once('finish', this.destroy);
};

Socket.prototype.resetAndDestroy = function resetAndDestroy() {
    if (this._flags & CONNECTING) {
        this.once('connect', () => this.resetAndDestroy());
        return this;
    }
    if (!isConnected(this)) {
        this.destroy(new codes.ERR_SOCKET_CLOSED());
        return this;
    }
    if (isUnixSocket(this) && !isFailing(this))
        throw new codes.ERR_INVALID_HANDLE_TYPE();
    this._flags |= RESET;
    return this.destroy();
};

// Duplex's looks after a writable state that there is not.
Socket.prototype.destroy = function destroy(error, callback) {
    const state = this._readableState;
    if (this._flags & LIBRARY)
        return Writable.prototype.destroy.call(this, error, callback);
    if (error || callback !== undefined || this._destroy !== _destroy ||
        (state.flags & (f.DESTROYED | f.CONSTRUCTED)) !== f.CONSTRUCTED)
        return Readable.prototype.destroy.call(this, error, callback);
    // As most sockets end. The same, without a closure for _destroy().
    state.flags |= f.DESTROYED;
    release(this, null);
    destroyed(this);
    closeHandle(this);
    return this;
};

function _destroy(error, callback) {
    release(this, error);
    callback(error);
    closeHandle(this);
}

Socket.prototype._destroy = _destroy;

function release(socket, error) {
    if (socket._flags & CONNECTING)
        socket._flags |= WAS_CONNECTING;
    socket._flags &= ~(CONNECTING | LOOKING_UP);
    if (error)
        socket._flags |= HAD_ERROR;
    if (socket._flags & PIPED)
        socket._leavePipe();
    failPending(socket, error);
    if (socket._extra !== null && socket._extra.timer !== null)
        waitHere(socket);
}

// The last that is told of it is `close`. C has no more to say.
function closeHandle(socket) {
    const id = socket._id;
    const hadError = (socket._flags & HAD_ERROR) !== 0;
    notCounted(socket);
    if (id === 0 && !(socket._flags & CONNECTED)) {
        defer(emitClose, socket, hadError);
        return;
    }
    atClose(emitClose, socket, hadError);
    if (id === 0)
        return;
    socket._id = 0;
    forget(id);
    if (socket._flags & RESET)
        native.reset(id);
    native.leave(id);
    socket._totals = [counters[BYTES_READ], counters[BYTES_WRITTEN]];
}

// Its server counts it no more, and may have waited for that.
function notCounted(socket) {
    if (socket._flags & COUNTED) {
        socket._flags &= ~COUNTED;
        socket._server._connections--;
        socket._server._emitCloseIfDrained();
    }
}

// In the order of the writes: those that C still has to tell of come first.
function failRefused(socket) {
    const more = socket._extra;
    if (more.failed !== null)
        callAll(more.failed, writeError(socket));
    more.failed = null;
    if (areCallbacksOut(socket) || more.refused === null)
        return;
    callAll(more.refused, writeError(socket));
    more.refused = null;
}

function failPending(socket, error) {
    const wasWriting = areCallbacksOut(socket);
    if (wasWriting)
        failCallbacks(socket);
    const more = socket._extra;
    if (more === null)
        return;
    if (more.corked !== null)
        callAll(more.corked, writeError(socket));
    if (more.pending !== null) {
        callAll(Arrays.map(more.pending, ([, callback]) => callback),
            writeError(socket));
    }
    failRefused(socket);
    if (more.onFinish !== null) {
        callAll(more.onFinish, wasWriting ? writeError(socket)
            : error ?? new codes.ERR_STREAM_DESTROYED('end'));
    }
    more.corked = more.pending = more.onFinish = more.onFinal = null;
}

// Of what C still has.
function failCallbacks(socket) {
    for (const callback of socket._callbacks) {
        if (callback !== FINISH)
            nextTick(callback, writeError(socket));
    }
    socket._callbacks = null;
}

function callAll(callbacks, error) {
    for (const callback of callbacks ?? EMPTY) {
        if (callback !== undefined)
            nextTick(callback, error);
    }
}

// Even if the socket has another connection by now.
function emitClose(socket, hadError) {
    socket.emit('close', hadError);
}

// C is done with it, and it was not destroyed: both directions have ended. What
// was read may still wait for a reader.
Socket.prototype._onClose = function () {
    this._totals = [counters[BYTES_READ], counters[BYTES_WRITTEN]];
    this._id = 0;
    if (this._extra !== null)
        failRefused(this);
    if (isFailing(this))
        failReading(this);
    else if (this.writableFinished && this.readableEnded)
        this.destroy();
    if (this._extra !== null && this._extra.idleTime > 0 &&
        this._extra.idleAt !== traffic())
        waitHere(this);
};

// It is told again when there has been I/O.
Socket.prototype._onTimeout = function () {
    native.readCounters(this._id);
    extra(this).idleAt = traffic();
    this.emit('timeout');
};

// What has gone either way, by the counters that were read last.
function traffic() {
    return counters[BYTES_READ] + counters[BYTES_WRITTEN];
}

// When both sides have ended C is done with a connection. What was read may
// still wait for a reader, and the idle time goes on; as on Node it holds
// nothing.
function waitHere(socket) {
    const { clearTimeout, setTimeout } = require('timers');
    const more = socket._extra;
    clearTimeout(more.timer);
    more.timer = null;
    if (more.idleTime > 0 && isConnected(socket) && socket._id === 0) {
        more.timer = setTimeout(() => socket.emit('timeout'), more.idleTime);
        more.timer.unref();
    }
}

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

// --------------------------------------------------------- what holds the loop

Socket.prototype.ref = function ref() {
    this._flags &= ~UNREF;
    settle(this);
    return this;
};

// What C moves between two sockets is seen by neither; a pipe that waits for
// its destination must hold the loop as any other write.
Socket.prototype.unref = function unref() {
    this._flags |= UNREF;
    if (this._flags & PIPED)
        this._leavePipe();
    this._extra?.pipedFrom?._leavePipe();
    settle(this);
    return this;
};

// As on Node, a socket of which nothing is read, since it holds all it may or
// there is nothing more, does not hold the loop.
function beQuiet(socket) {
    socket._flags |= QUIET;
    settle(socket);
}

function beHeard(socket) {
    socket._flags &= ~QUIET;
    settle(socket);
}

// As on Node, unref() speaks of a socket that waits for its peer. What the
// program has begun (to connect, to write, to end, to close) is brought to its
// end and told.
function settle(socket) {
    const flags = socket._flags;
    if (!(flags & (UNREF | QUIET | RELEASED)) || socket._id === 0)
        return;
    const holds = !(flags & (UNREF | QUIET)) || isUnderWay(socket);
    if (holds !== ((flags & RELEASED) !== 0))
        return;
    socket._flags ^= RELEASED;
    if (holds)
        native.ref(socket._id);
    else
        native.unref(socket._id);
}

function isUnderWay(socket) {
    if (socket._flags & CONNECTING || areCallbacksOut(socket))
        return true;
    const more = socket._extra;
    if (more !== null && (more.refused !== null || more.failed !== null))
        return true;
    // Without those the kernel has taken all.
    return (socket._flags & (NEED_DRAIN | SLOW)) !== 0 &&
        socket.writableLength > 0 && (more === null || more.corks === 0);
}

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

const { methods, notePassed } = require('internal/net/socket_pipe');
Object.assign(Socket.prototype, methods);
notePassed(Socket.prototype);
define(Socket.prototype);
defineState(Socket.prototype);

module.exports = { Socket };
