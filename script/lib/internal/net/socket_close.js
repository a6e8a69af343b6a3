// internal/net/socket_close: how a socket ends: errors, destroy(), `close`
//
// What has arrived is read before an error is told: until then it stands in
// `failure`. C's socket is left to itself when it is destroyed, and `close` comes
// in its phase of the turn; the callbacks of writes that are cut off come just
// before it, as on Node, which has them of libuv then.

const { codes, errnoException, exceptionWithHostPort, aggregateErrors,
    lookupError } = require('internal/errors');
const { defer, nextTick } = require('internal/core');
const { atClose } = require('internal/turn');
const f = require('internal/streams/flags');
const { destroyed, noteError } = require('internal/streams/destroy');
const { Writable } = require('internal/streams/writable');
const { Readable, pushFailure } = require('internal/streams/readable');
const { native, counters, forget, BYTES_READ, BYTES_WRITTEN, BUFFERED } =
    require('internal/net/native');
const { extra, unlessRenewed, CONNECTING, CONNECTED, ENDED, PREFINISHED,
    FINISHED, HAD_ERROR, RESET, LOOKING_UP, PIPED, WAS_CONNECTING, COUNTED,
    LIBRARY } = require('internal/net/socket_flags');
const { isConnected, isUnixSocket, keepAddresses } =
    require('internal/net/socket_facts');
const { areCallbacksOut, FINISH } = require('internal/net/socket_hold');

const methods = {};

methods._connectError = function (errno, address, port) {
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

function isFailing(socket) {
    return socket._extra !== null && socket._extra.failure !== null;
}

function failWhenEmpty(socket) {
    if (!socket.destroyed && !isMoreWaiting(socket))
        failReading(socket);
}

const failLater = unlessRenewed(failWhenEmpty);

function writeError(socket, call = 'write') {
    return socket.errored ?? socket._extra?.failure ??
        new codes.ERR_STREAM_DESTROYED(call);
}

methods.destroySoon = function destroySoon() {
    if (this.writable)
        this.end();
    if (this.writableFinished)
        this.destroy();
    else if (isFailing(this))
        this.destroy(this._extra.failure);
    else
        this.once('finish', this.destroy);
};

methods.resetAndDestroy = function resetAndDestroy() {
    if (this._flags & CONNECTING) {
        if (this._extra === null || this._extra.early === null)
            this._flags |= RESET; // what is written now comes too late
        this.once('connect', () => this.resetAndDestroy());
        return this;
    }
    if (!isConnected(this)) {
        this.destroy(new codes.ERR_SOCKET_CLOSED());
        return this;
    }
    if (isUnixSocket(this) && !isFailing(this))
        throw new codes.ERR_INVALID_HANDLE_TYPE();
    if (isSendingEnd(this))
        return this.destroy(errnoException(native.EINVAL, 'reset'));
    this._flags |= RESET;
    return this.destroy();
};

// The kernel has all of it but the end, which goes in the next turn. libuv
// resets no such connection.
function isSendingEnd(socket) {
    const flags = socket._flags;
    const isDue = flags & LIBRARY ? socket._extra.onFinal !== null
        : (flags & (ENDED | PREFINISHED | FINISHED)) === ENDED;
    return isDue && !areCallbacksOut(socket) && socket.writableLength === 0;
}

// Duplex's looks after a writable state that there is not.
methods.destroy = function destroy(error, callback) {
    const state = this._readableState;
    if (this._flags & LIBRARY)
        return Writable.prototype.destroy.call(this, error, callback);
    if (error || callback !== undefined || this._destroy !== _destroy ||
        (state.flags & (f.DESTROYED | f.CONSTRUCTED)) !== f.CONSTRUCTED)
        return Readable.prototype.destroy.call(this, error, callback);
    // As most sockets end. The same, without a closure for _destroy().
    state.flags |= f.DESTROYED;
    const owed = release(this, null);
    destroyed(this);
    closeHandle(this, owed);
    return this;
};

function _destroy(error, callback) {
    const owed = release(this, error);
    callback(error);
    closeHandle(this, owed);
}

methods._destroy = _destroy;

// Gives what is to be told at the close, if anything is.
function release(socket, error) {
    if (socket._flags & CONNECTING)
        socket._flags |= WAS_CONNECTING;
    socket._flags &= ~(CONNECTING | LOOKING_UP);
    if (error)
        socket._flags |= HAD_ERROR;
    if (socket._flags & PIPED)
        socket._leavePipe();
    const owed = failPending(socket);
    if (socket._extra !== null && socket._extra.timer !== null)
        waitHere(socket);
    return owed;
}

// The last that is told of it is `close`. C has no more to say.
function closeHandle(socket, owed) {
    const id = socket._id;
    const hadError = (socket._flags & HAD_ERROR) !== 0;
    notCounted(socket);
    if (id === 0 && !(socket._flags & (CONNECTED | WAS_CONNECTING))) {
        defer(emitClose, socket, hadError);
        return;
    }
    atClose(emitClose, socket, hadError);
    if (owed !== undefined)
        atClose(tellOwed, owed); // the last one comes first
    if (id === 0)
        return;
    if (socket._flags & RESET)
        native.reset(id);
    letGo(socket);
    socket._totals = [counters[BYTES_READ], counters[BYTES_WRITTEN]];
}

// Of C's, which destroys it.
function letGo(socket) {
    const id = socket._id;
    socket._id = 0;
    forget(id);
    native.leave(id);
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

// Of what is destroyed. What is behind a write under way waits for the close, and
// is given; the rest comes in ticks, before the error: where the kernel has all
// of it, or has refused it.
function failPending(socket) {
    const more = socket._extra;
    const isOut = areCallbacksOut(socket);
    if (!isOut && (more === null || !isOwing(more)))
        return undefined;
    const early = socket._flags & WAS_CONNECTING ? more?.early ?? null : null;
    const isSent = isOut && early === null && hasSentAll(socket);
    const isUnderWay = (isOut && !isSent) || more?.failed;
    const isRefused = more?.refused || socket.errored?.syscall === 'write';
    const owed = takeOwed(socket, early, isSent);
    if (early !== null)
        tellAmongListeners(socket, early.behind, owed);
    else if (isUnderWay && !isRefused)
        return owed;
    else
        owed.forEach(([callback, error]) => nextTick(callback, error));
    return undefined;
}

function isOwing(more) {
    return more.failed !== null || more.pending !== null ||
        more.corked !== null || more.refused !== null || more.onFinish !== null;
}

function hasSentAll(socket) {
    if (socket._id === 0 || native.failure(socket._id) !== 0)
        return false;
    native.readCounters(socket._id);
    return counters[BUFFERED] === 0;
}

// The callbacks that nobody has called, each with what it is to hear, in the
// order of the writes.
function takeOwed(socket, early, isSent) {
    const more = extra(socket);
    const owed = [];
    const error = early === null ? writeError(socket)
        : socket.errored ?? new codes.ERR_SOCKET_CLOSED_BEFORE_CONNECTION();
    owe(owed, more.failed, error);
    owe(owed, socket._callbacks, isSent ? null : error);
    if (more.pending !== null) {
        owe(owed, Arrays.map(more.pending, ([, callback]) => callback),
            early === null ? closedError(socket) : error);
    }
    owe(owed, more.corked, error);
    owe(owed, more.refused, error);
    owe(owed, more.onFinish,
        early === null ? writeError(socket, 'end') : error);
    for (const one of owed.slice(0, early?.count ?? 0))
        one[1] = new codes.ERR_SOCKET_CLOSED_BEFORE_CONNECTION();
    socket._callbacks = more.failed = more.pending = more.corked = null;
    more.refused = more.onFinish = more.onFinal = null;
    return owed;
}

function owe(owed, callbacks, error) {
    for (const callback of callbacks ?? []) {
        if (callback !== undefined && callback !== FINISH)
            owed.push([callback, error]);
    }
}

// They have waited for a connection that was to be reset.
function closedError(socket) {
    const error = new codes.ERR_SOCKET_CLOSED();
    noteError(socket, error);
    return error;
}

// By `close`, behind so many of its listeners.
function tellAmongListeners(socket, count, owed) {
    if (owed.length === 0)
        return;
    const others = socket.rawListeners('close').slice(count);
    for (const listener of others)
        socket.removeListener('close', listener);
    socket.once('close', () => tellOwed(owed));
    for (const listener of others)
        socket.on('close', listener);
}

// What a callback that throws has left behind is told in a tick.
function tellOwed(owed) {
    while (owed.length > 0) {
        const [callback, error] = owed.shift();
        try {
            callback(error);
        } catch (thrown) {
            defer(tellOwed, owed);
            throw thrown;
        }
    }
}

function callAll(callbacks, error) {
    for (const callback of callbacks) {
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
methods._onClose = function () {
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
methods._onTimeout = function () {
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

module.exports = {
    methods, errorOf, isMoreWaiting, failReading, isFailing,
    failWhenEmpty, failLater, letGo, writeError, failRefused, callAll,
    emitClose, waitHere,
};
