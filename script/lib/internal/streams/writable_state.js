// The state of a writable half: `stream._writableState`.
//
// Like its readable sister: few fields, the booleans in `flags`, and what is
// used seldom as a default on the prototype until it is set.

const f = require('internal/streams/flags');
const { chooseHighWaterMark, getDefaultHighWaterMark } =
    require('internal/streams/high_water_mark');

const INITIAL = f.EMIT_CLOSE | f.AUTO_DESTROY | f.CONSTRUCTED | f.SYNC;

class WritableState {
    constructor(options, stream, isDuplex) {
        this.flags = INITIAL;
        this.length = 0;
        this.highWaterMark = 0;
        this.error = null;
        // Callbacks that are still owed: of writes, of _final, of finishing.
        this.pendingcb = 0;
        // The write under way: its length, and whom to tell.
        this.writelen = 0;
        this.writecb = null;
        // Writes that wait, as { chunk, encoding, callback }, or null.
        this.queue = null;

        if (options)
            applyOptions(this, options, isDuplex);
        else
            this.highWaterMark = getDefaultHighWaterMark(false);
    }

    get errored() {
        return this.error;
    }

    set errored(error) {
        this.error = error;
        this.flags = error ? this.flags | f.ERRORED : this.flags & ~f.ERRORED;
    }

    get decodeStrings() {
        return (this.flags & f.KEEP_STRINGS) === 0;
    }

    get writable() {
        return (this.flags & f.ABSENT) === 0;
    }

    set writable(value) {
        this.flags = value ? this.flags & ~f.ABSENT : this.flags | f.ABSENT;
    }

    get buffered() {
        return this.queue ?? [];
    }

    getBuffer() {
        return this.buffered.slice(this.queueIndex);
    }

    get bufferedRequestCount() {
        return this.queue === null ? 0 : this.queue.length - this.queueIndex;
    }

    clearQueue() {
        this.queue = null;
        this.queueIndex = 0;
    }
}

f.expose(WritableState.prototype, f.shared);
f.expose(WritableState.prototype, {
    ending: f.ENDING,
    finished: f.FINISHED,
    prefinished: f.PREFINISHED,
    finalCalled: f.FINAL_CALLED,
    needDrain: f.NEED_DRAIN,
    writing: f.WRITING,
    bufferProcessing: f.DRAINING_QUEUE,
});

WritableState.prototype.corked = 0;
WritableState.prototype.queueIndex = 0;
WritableState.prototype.defaultEncoding = 'utf8';
// What _write() is given as its callback; made at the first write.
WritableState.prototype.onwrite = null;
// The callbacks of synchronous writes, called together in the next tick.
WritableState.prototype.afterWrite = null;
// Whoever called end(callback) before it was finished.
WritableState.prototype.finishCallbacks = null;

function applyOptions(state, options, isDuplex) {
    if (options.objectMode || (isDuplex && options.writableObjectMode))
        state.flags |= f.OBJECT_MODE;
    if (options.emitClose === false)
        state.flags &= ~f.EMIT_CLOSE;
    if (options.autoDestroy === false)
        state.flags &= ~f.AUTO_DESTROY;
    if (options.decodeStrings === false)
        state.flags |= f.KEEP_STRINGS;
    state.highWaterMark = chooseHighWaterMark(
        options, isDuplex ? 'writableHighWaterMark' : null, state.objectMode);
    if ((options.defaultEncoding ?? 'utf8') !== 'utf8') {
        if (!Buffer.isEncoding(options.defaultEncoding)) {
            const { codes } = require('internal/errors');
            throw new codes.ERR_UNKNOWN_ENCODING(options.defaultEncoding);
        }
        state.defaultEncoding = options.defaultEncoding;
    }
}

module.exports = { WritableState };
