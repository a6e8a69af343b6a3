// internal/net/socket_write: write(), end() and what comes of them
//
// weir_socket has a queue, a drain and callbacks of its own: bytes are handed down
// and none is kept. The fast path is write() of what was just read. Callbacks that
// C will tell of stand in `_callbacks`, in the order of the writes.

const { codes, errnoException, errorName } = require('internal/errors');
const { defer, nextTick } = require('internal/core');
const { atPending } = require('internal/turn');
const f = require('internal/streams/flags');
const { Writable, writeUnderWay } = require('internal/streams/writable');
const { native, registers, last, slabNumber, FastBuffer, ID, SLAB, OFFSET,
    LENGTH, RESULT, WANTS_CALLBACK } = require('internal/net/native');
const { stateForLibrary } = require('internal/net/socket_state');
const { extra, connectionOf, deferFor, unlessRenewed, CONNECTING, CONNECTED,
    ENDED, PREFINISHED, FINISHED, NEED_DRAIN, LOOKING_UP, RESET, SLOW, LIBRARY,
    USUAL, LOOKED_AT } = require('internal/net/socket_flags');
const { areCallbacksOut, settle, FINISH } = require('internal/net/socket_hold');
const { failReading, isFailing } = require('internal/net/socket_close');

// A program may replace what is on it.
const { concat, from: bufferFrom, isEncoding } = require('buffer').Buffer;

const NO_BYTES = new Uint8Array(0);

const methods = {};

// end() before connect() waits for the connection.
function hasEndedEarly(socket) {
    return (socket._flags & (ENDED | CONNECTING | CONNECTED)) === ENDED;
}

methods.write = function write(chunk, encoding, callback) {
    if (callback === undefined && encoding === undefined &&
        (this._flags & LOOKED_AT) === USUAL && this._write === _write) {
        const result = putRead(this, chunk);
        if (result === 0)
            return true;
        if (result !== undefined)
            return written(this, result, undefined);
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

// C's answer, when it is bytes on a slab: most of all what was read last.
function putRead(socket, chunk) {
    if (chunk === last.bytes)
        return putSlab(socket, last.slab, last.offset, chunk.length, 0);
    if (!(chunk instanceof FastBuffer) || chunk.length === 0)
        return undefined;
    const slab = chunk.buffer[slabNumber];
    return slab === undefined ? undefined
        : putSlab(socket, slab, chunk.byteOffset, chunk.length, 0);
}

function putSlab(socket, slab, offset, length, wantsCallback) {
    registers[ID] = socket._id;
    registers[SLAB] = slab;
    registers[OFFSET] = offset;
    registers[LENGTH] = length;
    registers[WANTS_CALLBACK] = wantsCallback;
    native.write();
    return registers[RESULT];
}

// True, false, or the error that refused it.
function writeAny(socket, chunk, encoding, callback, ends = false) {
    const bytes = bytesOf(socket, chunk, encoding);
    const refused = refusal(socket, ends);
    if (refused !== undefined)
        return refuse(socket, refused, callback);
    if (encoding === 'buffer' && typeof chunk === 'string')
        throw notABuffer();
    if (socket._flags & (LOOKING_UP | RESET)) {
        keep(socket, bytes, callback);
        return isEnough(socket, false);
    }
    return send(socket, bytes, callback);
}

// For a connection that C does not know of yet, or that will be reset at once.
function keep(socket, bytes, callback) {
    noteEarly(socket, callback === undefined ? 0 : 1);
    (extra(socket).pending ??= []).push([bytes, callback]);
}

// The first write before the connection, with so many callbacks: on Node it is a
// listener of `close` from here on.
function noteEarly(socket, count) {
    extra(socket).early ??= { count, behind: socket.listenerCount('close') };
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
    if (encoding && encoding !== 'utf8' && encoding !== 'buffer' &&
        !isEncoding(encoding))
        throw new codes.ERR_UNKNOWN_ENCODING(encoding);
    if (typeof chunk === 'string') {
        encoding ||= socket._extra !== null ? socket._extra.encoding : 'utf8';
        return bufferFrom(chunk, encoding === 'buffer' ? 'utf8' : encoding);
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
    } else if (socket._flags & CONNECTING) {
        noteEarly(socket, callback === undefined ? 0 : 1);
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
    const result = slab === undefined
        ? native.writeBytes(socket._id, bytes, callback !== undefined)
        : putSlab(socket, slab, bytes.byteOffset, bytes.length,
            callback === undefined ? 0 : 1);
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

methods._onDrain = function () {
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
methods._onWritten = function (status) {
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

// C holds back from the first cork to the last uncork; a socket that has none
// yet in C is corked there as it comes.
methods.cork = function cork() {
    if (this._flags & LIBRARY)
        Writable.prototype.cork.call(this);
    else if (extra(this).corks++ === 0 && this._id !== 0)
        native.cork(this._id);
};

methods.uncork = function uncork() {
    if (this._flags & LIBRARY)
        Writable.prototype.uncork.call(this);
    if (this._extra === null || this._extra.corks === 0)
        return;
    if (--this._extra.corks > 0)
        return;
    if (this._flags & CONNECTING && this.writableLength > 0)
        noteEarly(this, this._extra.corked?.length ?? 0);
    if (this._id !== 0) {
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

methods.setDefaultEncoding = function (encoding) {
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
    if (this._flags & (LOOKING_UP | RESET)) {
        keep(this, bytes, callback);
        return;
    }
    if (!(this._flags & (CONNECTED | CONNECTING))) {
        callback(new codes.ERR_SOCKET_CLOSED());
        return;
    }
    if (this._flags & CONNECTING)
        noteEarly(this, 1);
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

Object.assign(methods, { _write, _writev, _final });

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

methods.end = function end(chunk, encoding, callback) {
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
    if (socket._flags & (LOOKING_UP | RESET) || hasEndedEarly(socket))
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

module.exports = {
    methods, hasEndedEarly, send, drainedLater, writesNatively, useLibrary,
    finishWriting,
};
