// internal/net/native: where binding.net's numbers become objects
//
// A socket or a server is known to C by an `id`, an index into `handles`. The
// table keeps what is live: a socket until it is destroyed, after which C tells
// nothing more of it but what has waited to be told, or until C says its `close`;
// a server until it is closed. What an event has to say stands in `registers`,
// shared memory: neither arguments nor results of the hot calls are converted.

const { entry, drain, onException } = require('internal/core');
const { FastBuffer } = require('internal/buffer/pool');

const native = binding.net;
const registers = new Int32Array(native.registers);
const batch = new Int32Array(native.batch);
const counters = new Float64Array(native.counters);

// Places in registers and counters.
const {
    ID, SLAB, OFFSET, LENGTH, RESULT, WANTS_CALLBACK, STATUS, OTHER, COUNT,
    KIND, FRESH, BYTES_READ, BYTES_WRITTEN, BUFFERED,
} = native;

// These take the socket's id from a register, and answer in another.
for (const name of ['end', 'leave', 'destroy', 'pause', 'resume',
    'readCounters', 'ref', 'unref']) {
    const call = native[name];
    native[name] = (id) => {
        registers[ID] = id;
        call();
        return registers[RESULT];
    };
}

const handles = [undefined];

// The number by which C knows an ArrayBuffer's memory.
const slabNumber = Symbol('slab');

function makeSlab(size) {
    const slab = native.slab(size);
    slab[slabNumber] = registers[SLAB];
    return slab;
}

// What is read into at present, by C's KIND.
const readSlabs = [undefined, undefined];

// What was read last, and where it lies: most programs write just that, and
// asking a Buffer for its ArrayBuffer costs as much as the rest of a write.
const NOTHING = {};
const last = { bytes: NOTHING, slab: 0, offset: 0 };

function set(id, object) {
    while (handles.length < id)
        handles.push(undefined);
    handles[id] = object;
}

// Creates a socket or server in C; gives its id, or a negative errno.
function open(create, object) {
    const id = create();
    if (id > 0)
        set(id, object);
    return id;
}

function forget(id) {
    handles[id] = undefined;
}

function tellRead(slab, number, id, offset, length) {
    const bytes = new FastBuffer(slab, offset, length);
    last.bytes = bytes;
    last.slab = number;
    last.offset = offset;
    try {
        handles[id]?._onData(bytes);
    } catch (error) {
        onException(error);
    }
    drain();
}

// The slab that has just been read into, known to C alone so far.
function wrapped(number) {
    const slab = native.wrapSlab();
    slab[slabNumber] = number;
    return slab;
}

// All reads of a turn, or one: nobody can tell the difference. A slab that
// is used up is forgotten, so that it lives as long as the program's Buffers.
function tellReads() {
    const count = registers[COUNT];
    const kind = registers[KIND];
    const number = registers[SLAB];
    const usedUp = registers[OTHER] !== 0;
    const slab = registers[FRESH] === 0 ? readSlabs[kind] : wrapped(number);
    readSlabs[kind] = usedUp ? undefined : slab;
    for (let i = 0; i < count; i++) {
        tellRead(slab, number, batch[3 * i], batch[3 * i + 1],
            batch[3 * i + 2]);
    }
    if (usedUp)
        last.bytes = NOTHING;
}

native.setCallbacks({
    data: tellReads,
    connection: entry(() => {
        handles[registers[STATUS]]._onConnection(registers[ID]);
    }),
    connect: entry(() => handles[registers[ID]]?._onConnect()),
    end: entry(() => handles[registers[ID]]?._onEnd()),
    hangup: entry(() => handles[registers[ID]]?._onHangup(registers[STATUS])),
    drain: entry(() => handles[registers[ID]]?._onDrain()),
    timeout: entry(() => handles[registers[ID]]?._onTimeout()),
    written: entry(() => handles[registers[ID]]?._onWritten(registers[STATUS])),
    close: entry(() => {
        const id = registers[ID];
        const socket = handles[id];
        forget(id);
        socket?._onClose(registers[STATUS] !== 0);
    }),
    lookup: (id, status, address, family, host) =>
        handles[id]?._onLookup(status, address, family, host),
    attempt: (id, status, address, port, family) =>
        handles[id]?._onAttempt(status, address, port, family),
    error: (id, errno, call, address, port) =>
        handles[id]?._onError(errno, call, address, port),
    serverError: (id, errno) => handles[id]._onAcceptError(errno),
});

module.exports = {
    native, registers, counters, handles, last, open, set, forget, makeSlab,
    slabNumber, FastBuffer,
    ID, SLAB, OFFSET, LENGTH, RESULT, WANTS_CALLBACK,
    BYTES_READ, BYTES_WRITTEN, BUFFERED,
};
