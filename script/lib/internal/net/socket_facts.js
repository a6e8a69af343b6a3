// internal/net/socket_facts: what a socket tells of itself
//
// Nothing here is state: C is asked, or what C said last is kept for when the
// connection is over.

const { native, counters, BYTES_WRITTEN, BYTES_READ, BUFFERED } =
    require('internal/net/native');
const { extra, CONNECTING, CONNECTED, ENDED, FINISHED, LIBRARY, NEED_DRAIN } =
    require('internal/net/socket_flags');
const { ofWritable } = require('internal/streams/properties');
const { DESTROYED } = require('internal/streams/flags');
const { getDefaultHighWaterMark } =
    require('internal/streams/high_water_mark');

const EMPTY = [];

const FAMILY = { 4: 'IPv4', 6: 'IPv6' };

// { address, port, family }, null of a UNIX socket; undefined when there is no
// connection, and nobody asked while there was.
function addressOf(socket, remote) {
    const more = extra(socket);
    const known = remote ? more.remote : more.local;
    if (known !== undefined || socket._id === 0 ||
        !(socket._flags & CONNECTED))
        return known;
    const found = native.address(socket._id, remote);
    if (found === undefined)
        return undefined;
    const family = FAMILY[found[2]];
    const made = family === undefined ? null
        : { address: found[0], family, port: found[1] };
    if (remote)
        more.remote = made;
    else
        more.local = made;
    return made;
}

// For a socket that outlives its connection.
function keepAddresses(socket) {
    addressOf(socket, true);
    addressOf(socket, false);
}

function isUnixSocket(socket) {
    return addressOf(socket, false) === null;
}

// Until it is destroyed, though both sides may have ended.
function isConnected(socket) {
    return (socket._flags & CONNECTED) !== 0 && !socket.destroyed;
}

function address() {
    return { ...addressOf(this, false) };
}

function bytesRead(socket) {
    if (socket._id === 0)
        return socket._totals === null ? 0 : socket._totals[0];
    native.readCounters(socket._id);
    return counters[BYTES_READ];
}

function bytesWritten(socket) {
    if (socket._id === 0)
        return socket._totals === null ? 0 : socket._totals[1];
    native.readCounters(socket._id);
    return counters[BYTES_WRITTEN] + counters[BUFFERED] +
        pendingBytes(socket) + queuedBytes(socket);
}

// In the stream library's queue, when it has one.
function queuedBytes(socket) {
    let sum = 0;
    if (socket._flags & LIBRARY) {
        for (const { chunk, encoding } of socket._writableState.getBuffer())
            sum += Buffer.byteLength(chunk, encoding);
    }
    return sum;
}

function pendingBytes(socket) {
    let sum = 0;
    for (const [chunk] of socket._extra?.pending ?? EMPTY)
        sum += chunk.length;
    return sum;
}

function buffered(socket) {
    if (socket._id === 0)
        return pendingBytes(socket);
    native.readCounters(socket._id);
    return counters[BUFFERED] + pendingBytes(socket);
}

function readyState(socket) {
    if (socket._flags & CONNECTING)
        return 'opening';
    if (socket.readable)
        return socket.writable ? 'open' : 'readOnly';
    return socket.writable ? 'writeOnly' : 'closed';
}

const getters = {
    connecting: (s) => (s._flags & CONNECTING) !== 0,
    _connecting: (s) => (s._flags & CONNECTING) !== 0,
    pending: (s) => !isConnected(s),
    readyState,
    bufferSize: (s) => (s._id === 0 && !s.connecting && !isConnected(s)
        ? undefined : s.writableLength),
    writableLength: buffered,
    writableHighWaterMark: (s) => (s._extra !== null &&
        s._extra.highWaterMark >= 0 ? s._extra.highWaterMark
        : getDefaultHighWaterMark(false)),
    writableNeedDrain: (s) => (s._flags & (NEED_DRAIN | ENDED)) === NEED_DRAIN
        && !s.destroyed,
    writableObjectMode: () => false,
    writableCorked: (s) => (s._extra === null ? 0 : s._extra.corks),
    bytesRead,
    bytesWritten,
    _bytesDispatched: bytesWritten,
    timeout: (s) => s._extra?.timeout,
    remoteAddress: (s) => addressOf(s, true)?.address,
    remotePort: (s) => addressOf(s, true)?.port,
    remoteFamily: (s) => addressOf(s, true)?.family,
    localAddress: (s) => addressOf(s, false)?.address,
    localPort: (s) => addressOf(s, false)?.port,
    localFamily: (s) => addressOf(s, false)?.family,
    autoSelectFamilyAttemptedAddresses: (s) => (s._extra?.addresses > 1
        ? s._extra.attempted ?? undefined : undefined),
    _handle: handleOf,
};

// Programs look whether there is one, and for its descriptor.
function handleOf(socket) {
    const id = socket._id;
    return id === 0 && !isConnected(socket) ? null : {
        // After its close the number may be somebody else's.
        get fd() {
            return id !== 0 && socket._id === id ? native.fd(id) : -1;
        },
        ref: () => socket._id === id && socket.ref(),
        unref: () => socket._id === id && socket.unref(),
    };
}

// What the end of each connection asks for, with a function of its own for each,
// which the engine's compilers can put in its place.
const hot = {
    get writable() {
        if (this._flags & LIBRARY)
            return ofWritable.writable.get.call(this);
        return (this._flags & ENDED) === 0 && isAlive(this) &&
            (this._extra === null || this._extra.failure === null);
    },
    get writableEnded() {
        if (this._flags & LIBRARY)
            return ofWritable.writableEnded.get.call(this);
        return (this._flags & ENDED) !== 0;
    },
    get writableFinished() {
        if (this._flags & LIBRARY)
            return ofWritable.writableFinished.get.call(this);
        return (this._flags & FINISHED) !== 0;
    },
    get destroyed() {
        return !isAlive(this);
    },
    set destroyed(value) {
        this._readableState.destroyed = value;
    },
};

// The prototype, which code that copies properties asks too, has no state.
function isAlive(socket) {
    const state = socket._readableState;
    return state === undefined || (state.flags & DESTROYED) === 0;
}

function nothing() {
    // Facts cannot be set. Old programs do, to no effect on Node.
}

function defineHot(prototype) {
    for (const name of Object.keys(hot)) {
        const descriptor = Object.getOwnPropertyDescriptor(hot, name);
        descriptor.set ??= nothing;
        Object.defineProperty(prototype, name, descriptor);
    }
}

function define(prototype) {
    prototype.address = address;
    defineHot(prototype);
    for (const name of Object.keys(getters)) {
        const get = getters[name];
        const ofLibrary = ofWritable[name]?.get;
        Object.defineProperty(prototype, name, {
            configurable: true,
            enumerable: !name.startsWith('_'),
            get() {
                return ofLibrary !== undefined && this._flags & LIBRARY
                    ? ofLibrary.call(this) : get(this);
            },
            set: nothing,
        });
    }
}

module.exports = { define, isConnected, isUnixSocket, keepAddresses };
