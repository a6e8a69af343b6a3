// internal/net/socket_pipe: socket to socket, and what takes that apart
//
// With nobody looking on in between, bytes need not come up here: C moves them.
// Everything else is the stream library's pipe(), which stands all the while
// and takes over as soon as somebody wants to see: a listener, or a function of
// the program's in the place of one that the bytes would pass through.

const EventEmitter = require('events');
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
        native.pipe(this._id, destination._id) >= 0)
        enterPipe(this, destination);
    return destination;
};

function mayLeaveToNative(from, to) {
    const live = CONNECTED | CONNECTING;
    const unfit = LOOKING_UP | UNREF;
    return from._id !== 0 && to._id !== 0 && from._flags & live &&
        to._flags & live && !((from._flags | to._flags) & unfit) &&
        from.listenerCount('data') === 1 &&
        from.listenerCount('readable') === 0 && from.readableLength === 0 &&
        from.readableEncoding === null && from._onData === to._onData &&
        passes(from, 'emit', 'push', '_read') &&
        passes(to, 'write', '_write', '_writev') && !from.readableEnded &&
        from._extra?.onread == null;
}

// ------------------------------------------------- what bytes pass through

// As it was before any program could change it; socket.js says when.
const own = { __proto__: null };

function notePassed(prototype) {
    own.emit = EventEmitter.prototype.emit;
    for (const name of ['push', '_read', 'write', '_write', '_writev'])
        own[name] = prototype[name];
}

function passes(socket, ...names) {
    return names.every((name) => socket[name] === own[name]);
}

// A function that is assigned to a socket while C moves its bytes has to be
// called from there on. So long the socket has a prototype in front of its own
// that notices.
const noticing = new WeakMap();

function noticingOf(prototype) {
    let made = noticing.get(prototype);
    if (made === undefined) {
        made = Object.create(prototype);
        for (const name of Object.keys(own))
            notice(made, prototype, name);
        noticing.set(prototype, made);
    }
    return made;
}

function notice(made, prototype, name) {
    Object.defineProperty(made, name, {
        configurable: true,
        get: () => prototype[name],
        set(value) {
            this._leavePipe();
            this._extra.pipedFrom?._leavePipe();
            this[name] = value;
        },
    });
}

function enterPipe(from, to) {
    from._flags |= PIPED;
    extra(from).pipedTo = to;
    extra(to).pipedFrom = from;
    beNoticed(from);
    if (to !== from)
        beNoticed(to);
}

// It may be in two pipes, one each way.
function beNoticed(socket) {
    const prototype = Object.getPrototypeOf(socket);
    if (!isNoticed(socket))
        Object.setPrototypeOf(socket, noticingOf(prototype));
}

function isNoticed(socket) {
    const prototype = Object.getPrototypeOf(socket);
    return noticing.get(Object.getPrototypeOf(prototype)) === prototype;
}

function beUnnoticed(socket) {
    const more = socket._extra;
    if (more.pipedTo === null && more.pipedFrom === null && isNoticed(socket)) {
        Object.setPrototypeOf(socket,
            Object.getPrototypeOf(Object.getPrototypeOf(socket)));
    }
}

methods._leavePipe = function () {
    const to = this._extra?.pipedTo;
    if (to == null)
        return;
    this._flags &= ~PIPED;
    if (this._id !== 0)
        native.unpipe(this._id);
    this._extra.pipedTo = null;
    if (to._extra.pipedFrom === this)
        to._extra.pipedFrom = null;
    beUnnoticed(this);
    beUnnoticed(to);
};

function isHeld(state) {
    const mask = f.PAUSE_CALLED | f.FLOWING | f.READABLE_LISTENING | f.ENDED;
    return (state.flags & mask) === f.PAUSE_CALLED;
}

// ------------------------------------------------------ who wants to see them

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

module.exports = { methods, notePassed };
