// internal/net/socket_pipe: socket to socket, and what takes that apart
//
// With nobody listening in between, bytes need not come up here: C moves them.
// Everything else is the stream library's pipe(), which stands all the while
// and takes over as soon as somebody wants to see.

const { Readable } = require('internal/streams/readable');
const f = require('internal/streams/flags');
const { native } = require('internal/net/native');
const { extra, CONNECTING, CONNECTED, LOOKING_UP, PIPED, UNREF } =
    require('internal/net/socket_flags');

const methods = {};

methods.pipe = function pipe(destination, options) {
    Readable.prototype.pipe.call(this, destination, options);
    if (destination?._leavePipe !== undefined &&
        mayLeaveToNative(this, destination) &&
        native.pipe(this._id, destination._id) >= 0) {
        this._flags |= PIPED;
        extra(destination).pipedFrom = this;
    }
    return destination;
};

function mayLeaveToNative(from, to) {
    const live = CONNECTED | CONNECTING;
    const unfit = LOOKING_UP | UNREF;
    const { write } = require('internal/net/socket').Socket.prototype;
    return from._id !== 0 && to._id !== 0 && from._flags & live &&
        to._flags & live && !((from._flags | to._flags) & unfit) &&
        from.listenerCount('data') === 1 &&
        from.listenerCount('readable') === 0 && from.readableLength === 0 &&
        from.readableEncoding === null && from._onData === to._onData &&
        to.write === write && !from.readableEnded &&
        from._extra?.onread == null;
}

methods._leavePipe = function () {
    this._flags &= ~PIPED;
    if (this._id !== 0)
        native.unpipe(this._id);
};

function isHeld(state) {
    const mask = f.PAUSE_CALLED | f.FLOWING | f.READABLE_LISTENING | f.ENDED;
    return (state.flags & mask) === f.PAUSE_CALLED;
}

// Whoever asks for bytes gets them from here on.
for (const name of ['on', 'addListener', 'prependListener']) {
    const listen = Readable.prototype[name];
    methods[name] = function (event, listener) {
        if (this._flags & PIPED && (event === 'data' || event === 'readable'))
            this._leavePipe();
        return listen.call(this, event, listener);
    };
}

// And when nobody asks any more, not even the pipe.
for (const name of ['removeListener', 'off', 'removeAllListeners']) {
    const remove = Readable.prototype[name];
    methods[name] = function (...args) {
        const result = remove.apply(this, args);
        if (this._flags & PIPED && this.listenerCount('data') === 0)
            this._leavePipe();
        return result;
    };
}

for (const name of ['unpipe', 'setEncoding']) {
    const method = Readable.prototype[name];
    methods[name] = function (argument) {
        if (this._flags & PIPED)
            this._leavePipe();
        return method.call(this, argument);
    };
}

// The stream library reads, too: while it flows, and 0 bytes to be kept going.
// After pause() that would fetch what nobody has asked for.
methods.read = function read(size) {
    if (size === 0 && isHeld(this._readableState))
        return null;
    if (this._flags & PIPED && size !== 0 && this.readableFlowing !== true)
        this._leavePipe();
    return Readable.prototype.read.call(this, size);
};

module.exports = methods;
