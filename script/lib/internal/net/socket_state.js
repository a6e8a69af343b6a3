// internal/net/socket_state: what `socket._writableState` shows
//
// Writing keeps no state here: the socket's flags and C know all. Programs look
// into the state all the same, mostly to tell what is a stream and how far it
// has come, and this answers them, made when somebody asks. A socket whose
// writing is the stream library's (it has a _write() of its own) has a real one.

const f = require('internal/streams/flags');
const { kNoState } = require('internal/streams/destroy');
const { WritableState } = require('internal/streams/writable_state');
const { extra, ENDED, PREFINISHED, FINISHED, NEED_DRAIN } =
    require('internal/net/socket_flags');

// What both halves have in common stands in the readable one.
const COMMON = f.CONSTRUCTED | f.EMIT_CLOSE | f.AUTO_DESTROY | f.DESTROYED |
    f.CLOSED | f.CLOSE_EMITTED | f.ERRORED | f.ERROR_EMITTED;

function flagsOf(socket) {
    let flags = (socket._readableState.flags & COMMON) | f.KEEP_STRINGS;
    if (socket.writableLength > 0 && socket.writableCorked === 0)
        flags |= f.WRITING;
    if (socket._flags & NEED_DRAIN)
        flags |= f.NEED_DRAIN;
    if (socket._flags & ENDED)
        flags |= f.ENDING | f.ENDED;
    if (socket._flags & PREFINISHED)
        flags |= f.FINAL_CALLED | f.PREFINISHED;
    if (socket._flags & FINISHED)
        flags |= f.FINISHED;
    return flags;
}

class SocketWritableState {
    #socket;

    constructor(socket) {
        this.#socket = socket;
    }

    get flags() {
        return flagsOf(this.#socket);
    }

    set flags(value) {
        const state = this.#socket._readableState;
        state.flags = (state.flags & ~COMMON) | (value & COMMON);
    }

    get error() {
        return this.#socket._readableState.error;
    }

    set error(error) {
        this.#socket._readableState.error = error;
    }

    get length() {
        return this.#socket.writableLength;
    }

    get highWaterMark() {
        return this.#socket.writableHighWaterMark;
    }

    get corked() {
        return this.#socket.writableCorked;
    }

    get defaultEncoding() {
        return this.#socket._extra?.encoding ?? 'utf8';
    }

    // A write that nobody waits for counts too, as long as it is under way; and
    // so does the end, until `finish` has been told or never will be.
    get pendingcb() {
        const writes = Math.max(this.#socket._callbacks?.length ?? 0,
            this.length > 0 ? 1 : 0);
        const ends = (this.flags & (f.ENDED | f.FINISHED | f.CLOSE_EMITTED)) ===
            f.ENDED;
        return writes + (ends ? 1 : 0);
    }

    get writelen() {
        return this.length;
    }
}

// Where C has it nobody can see it, and what is a fact cannot be set.
SocketWritableState.prototype.queue = null;
for (const name of ['length', 'highWaterMark', 'corked', 'defaultEncoding',
    'pendingcb', 'writelen']) {
    const { get } =
        Object.getOwnPropertyDescriptor(SocketWritableState.prototype, name);
    Object.defineProperty(SocketWritableState.prototype, name,
        { configurable: true, enumerable: true, get, set() {} });
}
Object.setPrototypeOf(SocketWritableState.prototype, WritableState.prototype);

// A real one, as far as the socket has come without it.
function stateForLibrary(socket) {
    const state = new WritableState(
        { highWaterMark: socket.writableHighWaterMark }, socket, false);
    state.flags = flagsOf(socket) & ~f.WRITING;
    state.defaultEncoding = socket._extra?.encoding ?? 'utf8';
    socket._writableState = state;
    return state;
}

function defineState(prototype) {
    prototype[kNoState] = true;
    Object.defineProperty(prototype, '_writableState', {
        configurable: true,
        enumerable: false,
        get() {
            // The prototype, which code that copies properties asks too.
            if (this._readableState === undefined)
                return undefined;
            return extra(this).state ??= new SocketWritableState(this);
        },
        set(state) {
            this[kNoState] = false;
            Object.defineProperty(this, '_writableState', { value: state,
                configurable: true, enumerable: true, writable: true });
        },
    });
}

module.exports = { defineState, stateForLibrary };
