// internal/net/socket_hold: whether a socket holds the loop
//
// As on Node, unref() speaks of a socket that waits for its peer, and one of which
// nothing is read, since it holds all it may or there is nothing more, does not
// hold it either. What the program has begun (to connect, to write, to end) does:
// it is brought to its end and told.

const { native } = require('internal/net/native');
const { CONNECTING, NEED_DRAIN, UNREF, SLOW, PIPED, QUIET, RELEASED } =
    require('internal/net/socket_flags');

const FINISH = Symbol('finish'); // among the callbacks of writes

const methods = {};

function areCallbacksOut(socket) {
    return socket._callbacks !== null && socket._callbacks.length > 0;
}

methods.ref = function ref() {
    this._flags &= ~UNREF;
    settle(this);
    return this;
};

// What C moves between two sockets is seen by neither; a pipe that waits for
// its destination must hold the loop as any other write.
methods.unref = function unref() {
    this._flags |= UNREF;
    if (this._flags & PIPED)
        this._leavePipe();
    this._extra?.pipedFrom?._leavePipe();
    settle(this);
    return this;
};

function beQuiet(socket) {
    socket._flags |= QUIET;
    settle(socket);
}

function beHeard(socket) {
    socket._flags &= ~QUIET;
    settle(socket);
}

// Has C's hold the loop, or not: asked when something may have changed that.
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

module.exports = {
    methods, areCallbacksOut, beQuiet, beHeard, settle, FINISH,
};
