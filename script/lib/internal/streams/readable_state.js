// The state of a readable half: `stream._readableState`.
//
// Ten thousand idle sockets have ten thousand of these, so an instance holds
// the six fields that matter and no more. What few streams use (a decoder,
// destinations that wait) is a default on the prototype and becomes a property
// of the instance when it is first set.

const f = require('internal/streams/flags');
const { chooseHighWaterMark, getDefaultHighWaterMark } =
    require('internal/streams/high_water_mark');
const { ChunkQueue } = require('internal/streams/chunk_queue');

// `sync` starts true: until _read was called once, nobody can tell whether it
// answers within the call.
const INITIAL = f.EMIT_CLOSE | f.AUTO_DESTROY | f.CONSTRUCTED | f.SYNC;

class ReadableState {
    constructor(options, stream, isDuplex) {
        this.flags = INITIAL;
        this.length = 0;
        this.highWaterMark = 0;
        this.queue = null;
        this.destinations = null;
        this.error = null;

        if (options)
            applyOptions(this, options, isDuplex);
        else
            this.highWaterMark = getDefaultHighWaterMark(false);
    }

    // Of a socket without options of its own: another says when it is closed.
    static ofSocket() {
        const state = new ReadableState(null, null, true);
        state.flags &= ~f.EMIT_CLOSE;
        return state;
    }

    get errored() {
        return this.error;
    }

    set errored(error) {
        this.error = error;
        this.flags = error ? this.flags | f.ERRORED : this.flags & ~f.ERRORED;
    }

    get flowing() {
        return this.flags & f.FLOW_DECIDED
            ? (this.flags & f.FLOWING) !== 0 : null;
    }

    set flowing(value) {
        this.flags &= ~(f.FLOW_DECIDED | f.FLOWING);
        if (value !== null && value !== undefined)
            this.flags |= f.FLOW_DECIDED | (value ? f.FLOWING : 0);
    }

    get paused() {
        return (this.flags & f.PAUSE_CALLED) !== 0;
    }

    get readable() {
        return (this.flags & f.ABSENT) === 0;
    }

    set readable(value) {
        this.flags = value ? this.flags & ~f.ABSENT : this.flags | f.ABSENT;
    }

    get buffer() {
        return this.queue === null ? [] : this.queue.toArray();
    }

    get pipes() {
        return this.destinations ?? [];
    }

    // From now on as many as there are.
    waitForSeveral() {
        const waiting = this.awaitDrainWriters;

        if (!(waiting instanceof SafeSet)) {
            this.awaitDrainWriters =
                new SafeSet(waiting === null ? [] : [waiting]);
        }
    }

    waitFor(dest) {
        if (this.pipes.length === 1)
            this.awaitDrainWriters = dest;
        else
            this.awaitDrainWriters.add(dest);
    }

    // Whether it was the last one.
    hasDrained(dest) {
        const waiting = this.awaitDrainWriters;

        if (waiting === dest)
            this.awaitDrainWriters = null;
        else if (waiting instanceof SafeSet)
            waiting.delete(dest);
        return !this.awaitDrainWriters || this.awaitDrainWriters.size === 0;
    }

    waitForNobody() {
        if (this.awaitDrainWriters instanceof SafeSet)
            this.awaitDrainWriters.clear();
        else
            this.awaitDrainWriters = null;
    }

    enqueue(chunk, front) {
        this.queue ??= new ChunkQueue();
        this.length += this.flags & f.OBJECT_MODE ? 1 : chunk.length;
        if (front)
            this.queue.unshift(chunk);
        else
            this.queue.push(chunk);
    }
}

f.expose(ReadableState.prototype, f.shared);
f.expose(ReadableState.prototype, {
    endEmitted: f.END_EMITTED,
    reading: f.READING,
    needReadable: f.NEED_READABLE,
    emittedReadable: f.EMITTED_READABLE,
    readableListening: f.READABLE_LISTENING,
    resumeScheduled: f.RESUME_SCHEDULED,
    readingMore: f.READING_MORE,
    dataEmitted: f.DATA_EMITTED,
});

ReadableState.prototype.decoder = null;
ReadableState.prototype.encoding = null;
ReadableState.prototype.defaultEncoding = 'utf8';
// What is to be told when all that was read is taken.
ReadableState.prototype.failure = null;
// The destination that asked to wait for its 'drain', or a Set of them when there
// have been several.
ReadableState.prototype.awaitDrainWriters = null;

function applyOptions(state, options, isDuplex) {
    if (options.objectMode || (isDuplex && options.readableObjectMode))
        state.flags |= f.OBJECT_MODE;
    if (options.emitClose === false)
        state.flags &= ~f.EMIT_CLOSE;
    if (options.autoDestroy === false)
        state.flags &= ~f.AUTO_DESTROY;
    state.highWaterMark = chooseHighWaterMark(
        options, isDuplex ? 'readableHighWaterMark' : null, state.objectMode);
    if ((options.defaultEncoding ?? 'utf8') !== 'utf8')
        state.defaultEncoding = checkedEncoding(options.defaultEncoding);
    if (options.encoding)
        setDecoder(state, options.encoding);
}

function checkedEncoding(encoding) {
    if (!Buffer.isEncoding(encoding)) {
        const { codes } = require('internal/errors');
        throw new codes.ERR_UNKNOWN_ENCODING(encoding);
    }
    return encoding;
}

function setDecoder(state, encoding) {
    const { StringDecoder } = require('string_decoder');

    state.decoder = new StringDecoder(encoding);
    state.encoding = state.decoder.encoding;
    state.flags |= f.HAS_DECODER;
}

module.exports = { ReadableState, setDecoder };
