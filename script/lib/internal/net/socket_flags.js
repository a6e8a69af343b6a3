// internal/net/socket_flags: the bits of a socket, and what few sockets have
//
// `_flags` is one integer because there may be ten thousand of them; what only
// some sockets need lies in an object that is made when it is first needed.

const { defer } = require('internal/core');

const CONNECTING = 1 << 0;
const CONNECTED = 1 << 1;
const ENDED = 1 << 2; // end() was called
const FINISHED = 1 << 3; // and all of it is with the kernel
const NEED_DRAIN = 1 << 4; // a write answered false
const STOPPED = 1 << 5; // C does not read
const HAD_ERROR = 1 << 6;
const RESET = 1 << 7; // at the close; of one that connects: as it connects
const UNREF = 1 << 8;
const LOOKING_UP = 1 << 9; // by JavaScript: C does not know of it yet
const SLOW = 1 << 10; // write() has more to look at than a queue
const PIPED = 1 << 11; // natively, to another socket
const WAS_CONNECTING = 1 << 12; // when it was destroyed
const COUNTED = 1 << 13; // among its server's connections
const AS_ACCEPTED = 1 << 14; // paused by its server, and not resumed since
const LIBRARY = 1 << 15; // writing is the stream library's, with its state
const PREFINISHED = 1 << 17; // the end is sent, and finish comes next
const QUIET = 1 << 16; // nothing is read, be it full or at the end
const RELEASED = 1 << 18; // C's holds the loop no more

// What write() may ignore in the usual case.
const USUAL = CONNECTED;
const LOOKED_AT = CONNECTED | ENDED | SLOW;

// What few sockets have, made when it is first needed.
class Extra {
    connections = 0; // before the present one
    timeout = undefined; // as it was given,
    idleTime = 0; // and in whole ms
    timer = null; // of the timeout, when C's has gone
    idleAt = -1; // what had gone either way when the timeout was told
    highWaterMark = -1; // -1: the kernel's word counts
    corks = 0;
    encoding = 'utf8';
    pending = null; // writes before C has the socket
    early = null; // the first of those before the connection
    failed = null; // callbacks of writes whose error is to come,
    corked = null; // of what is held back
    refused = null; // and of those that were made after them
    failure = null; // what is to be told when all has been read
    late = null; // what destroys it once all that was accepted has gone
    onFinish = null; // callbacks of end()
    onFinal = null; // that of _final(), for the stream library
    state = null; // what is shown as _writableState
    pipedFrom = null; // whose bytes C moves here
    pipedTo = null;
    attempts = null; // errors of connection attempts
    attempted = null; // 'address:port'
    asking = null; // the program's lookup that is under way
    blockList = undefined;
    server = undefined; // what a program has put there
    addresses = 0; // that a lookup has found
    host = undefined;
    path = undefined;
    onread = null;
    remote = undefined;
    local = undefined;
    noDelay = undefined;
    keepAlive = undefined;
    connectOptions = null;
}

function extra(socket) {
    return socket._extra ??= new Extra();
}

// A socket that was closed may be connected anew, and what was put off for the
// old connection comes too late then. It is put off with the number of the
// connection that it is for.
function connectionOf(socket) {
    return socket._extra === null ? 0 : socket._extra.connections;
}

function unlessRenewed(callback) {
    return (socket, connection) => {
        if (connectionOf(socket) === connection)
            callback(socket);
    };
}

// In a tick of its own.
function deferFor(socket, callback) {
    defer(unlessRenewed(callback), socket, connectionOf(socket));
}

module.exports = {
    extra, connectionOf, unlessRenewed, deferFor,
    CONNECTING, CONNECTED, ENDED, FINISHED, NEED_DRAIN, STOPPED, HAD_ERROR,
    RESET, UNREF, LOOKING_UP, SLOW, PIPED, WAS_CONNECTING, COUNTED,
    AS_ACCEPTED, LIBRARY, QUIET, RELEASED, PREFINISHED, USUAL, LOOKED_AT,
};
