// The bits of a stream's state.
//
// A stream has some thirty booleans. As properties they would cost eight bytes
// each on every socket, so they live in one integer, `state.flags`, and the
// names that the world knows (`_readableState.ended` ...) are accessors on the
// prototype. The low bits mean the same in both halves, which lets destroy.js
// treat a readable and a writable state alike; the high ones belong to one
// half.

exports.OBJECT_MODE = 1 << 0;
exports.CONSTRUCTED = 1 << 1;
exports.SYNC = 1 << 2;
exports.EMIT_CLOSE = 1 << 3;
exports.AUTO_DESTROY = 1 << 4;
exports.DESTROYED = 1 << 5;
exports.CLOSED = 1 << 6;
exports.CLOSE_EMITTED = 1 << 7;
exports.ERRORED = 1 << 8;
exports.ERROR_EMITTED = 1 << 9;
exports.ENDED = 1 << 10;
// The half was switched off by `readable: false` or `writable: false`.
exports.ABSENT = 1 << 11;

// The readable half.
exports.END_EMITTED = 1 << 12;
exports.READING = 1 << 13;
exports.NEED_READABLE = 1 << 14;
exports.EMITTED_READABLE = 1 << 15;
exports.READABLE_LISTENING = 1 << 16;
exports.RESUME_SCHEDULED = 1 << 17;
exports.READING_MORE = 1 << 18;
exports.DATA_EMITTED = 1 << 19;
exports.DATA_LISTENING = 1 << 20;
exports.HAS_DECODER = 1 << 21;
// `flowing` has three values: null until somebody decided, then true or false.
exports.FLOW_DECIDED = 1 << 22;
exports.FLOWING = 1 << 23;
// Which of pause() and resume() the user called last, if any.
exports.PAUSE_CALLED = 1 << 24;
exports.RESUME_CALLED = 1 << 25;
// No more will come because of an error, which is told when all is taken.
exports.CUT = 1 << 26;

// The writable half.
exports.ENDING = 1 << 12;
exports.FINISHED = 1 << 13;
exports.PREFINISHED = 1 << 14;
exports.FINAL_CALLED = 1 << 15;
exports.NEED_DRAIN = 1 << 16;
exports.WRITING = 1 << 17;
exports.DRAINING_QUEUE = 1 << 18;
exports.KEEP_STRINGS = 1 << 19;
exports.AFTER_WRITE_PENDING = 1 << 20;

// The bits that both halves expose, by their public names.
exports.shared = {
    objectMode: exports.OBJECT_MODE,
    constructed: exports.CONSTRUCTED,
    sync: exports.SYNC,
    emitClose: exports.EMIT_CLOSE,
    autoDestroy: exports.AUTO_DESTROY,
    destroyed: exports.DESTROYED,
    closed: exports.CLOSED,
    closeEmitted: exports.CLOSE_EMITTED,
    errorEmitted: exports.ERROR_EMITTED,
    ended: exports.ENDED,
};

// Defines accessors on `prototype` for a table of { name: bit }.
exports.expose = function expose(prototype, bits) {
    for (const name in bits) {
        const bit = bits[name];
        Object.defineProperty(prototype, name, {
            configurable: true,
            enumerable: true,
            get() {
                return (this.flags & bit) !== 0;
            },
            set(value) {
                this.flags = value ? this.flags | bit : this.flags & ~bit;
            },
        });
    }
};
