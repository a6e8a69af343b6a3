// Readable: the reading half of a stream.
//
// A producer push()es, a consumer takes. In flowing mode with nothing buffered
// a chunk goes straight from push() to the 'data' listeners; everything else
// (paused streams, 'readable' and read(), decoders, object mode) goes through
// the queue in the state. `DIRECT` says by one comparison which it is.
//
// Between the two stands a handful of bits: READING, a _read() is under way;
// NEED_READABLE, somebody waits for 'readable'; EMITTED_READABLE, it is on its
// way; SYNC, we are inside _read(), so events must wait for the next tick.

const { codes } = require('internal/errors');
const { defer } = require('internal/core');
const f = require('internal/streams/flags');
const destroying = require('internal/streams/destroy');
const { Stream } = require('internal/streams/legacy');
const { ReadableState, setDecoder } =
    require('internal/streams/readable_state');

const { errorOrDestroy } = destroying;

// A chunk may skip the queue when of all these bits only the wanted are set.
const DIRECT_WANTED = f.FLOWING | f.DATA_LISTENING;
const DIRECT = DIRECT_WANTED | f.SYNC | f.OBJECT_MODE | f.HAS_DECODER |
    f.ENDED | f.DESTROYED | f.ERRORED;

// Bytes wait for a reader who listens to 'readable', and nothing else is to be
// thought of.
const WAITING_WANTED = f.CONSTRUCTED | f.READABLE_LISTENING;
const WAITING = WAITING_WANTED | f.FLOWING | f.PAUSE_CALLED | f.SYNC |
    f.OBJECT_MODE | f.HAS_DECODER | f.ENDED | f.DESTROYED | f.ERRORED;

const MAX_HIGH_WATER_MARK = 0x40000000;

function Readable(options) {
    if (!(this instanceof Readable))
        return new Readable(options);
    Stream.call(this, options);
    this._readableState = new ReadableState(options, this, false);
    if (options) {
        if (typeof options.read === 'function')
            this._read = options.read;
        if (typeof options.destroy === 'function')
            this._destroy = options.destroy;
        if (typeof options.construct === 'function')
            this._construct = options.construct;
        if (options.signal) {
            require('internal/streams/add_abort_signal')
                .addAbortSignal(options.signal, this);
        }
    }
    if (typeof this._construct === 'function')
        destroying.construct(this, () => readableConstructed(this));
}

Object.setPrototypeOf(Readable.prototype, Stream.prototype);
Object.setPrototypeOf(Readable, Stream);

// What was asked for while _construct() ran.
function readableConstructed(stream) {
    const state = stream._readableState;

    if (state.flags & f.NEED_READABLE)
        maybeReadMore(stream, state);
}

Readable.ReadableState = ReadableState;

// ------------------------------------------------------------------ producing

Readable.prototype.push = function (chunk, encoding) {
    const state = this._readableState;

    if (chunk instanceof Buffer && chunk.length > 0 && state.length === 0 &&
        (state.flags & DIRECT) === DIRECT_WANTED) {
        state.flags &= ~f.READING;
        pushDirect(this, state, chunk);
        maybeReadMore(this, state);
        return canPushMore(state);
    }
    if (chunk === null) {
        state.flags &= ~f.READING;
        onEndOfInput(this, state);
        return false;
    }
    return state.flags & f.OBJECT_MODE
        ? pushObject(this, state, chunk, encoding)
        : pushContent(this, state, chunk, encoding);
};

const { push } = Readable.prototype;

// For sockets: a non-empty Buffer, and the caller goes on by itself until it
// is told false (there is no _read() for each chunk).
function pushBytes(stream, buffer) {
    const state = stream._readableState;

    if (state.length === 0 && (state.flags & DIRECT) === DIRECT_WANTED &&
        stream.push === push) {
        state.flags &= ~f.READING;
        pushDirect(stream, state, buffer);
        return canPushMore(state);
    }
    if ((state.flags & WAITING) === WAITING_WANTED && stream.push === push) {
        state.flags &= ~f.READING;
        state.enqueue(buffer, false);
        if (state.flags & f.NEED_READABLE)
            emitReadable(stream, state);
        return canPushMore(state);
    }
    return stream.push(buffer);
}

// What push(null) and read(0) come to, by the short way when the stream flows
// and nothing waits in it.
function pushEnd(stream) {
    const state = stream._readableState;

    if (state.length === 0 &&
        (state.flags & (DIRECT | f.READABLE_LISTENING)) === DIRECT_WANTED &&
        stream._events?.readable === undefined && stream.push === push) {
        state.flags = (state.flags & ~(f.READING | f.NEED_READABLE)) | f.ENDED;
        defer(emitEnd, stream, state);
        return;
    }
    stream.push(null);
    stream.read(0);
}

// For sockets: an error after which no more will come. What was read before is
// the reader's, however long it takes; the error is told behind it.
function pushFailure(stream, error) {
    const state = stream._readableState;

    if (state.length === 0 &&
        (state.flags & (f.ENDED | f.END_EMITTED)) !== f.ENDED) {
        stream.destroy(error);
        return;
    }
    state.failure ??= error;
    if (!(state.flags & f.ENDED)) {
        state.flags |= f.CUT;
        onEndOfInput(stream, state);
    }
}

function pushDirect(stream, state, chunk) {
    state.flags |= f.DATA_EMITTED;
    if (state.awaitDrainWriters !== null)
        state.waitForNobody();
    stream.emit('data', chunk);
}

function pushObject(stream, state, chunk, encoding) {
    if (state.flags & f.ENDED) {
        errorOrDestroy(stream, new codes.ERR_STREAM_PUSH_AFTER_EOF());
        return false;
    }
    if (state.flags & (f.DESTROYED | f.ERRORED))
        return false;
    state.flags &= ~f.READING;
    if ((state.flags & f.HAS_DECODER) && !encoding)
        chunk = state.decoder.write(chunk);
    addChunk(stream, state, chunk);
    return canPushMore(state);
}

function pushContent(stream, state, chunk, encoding) {
    const given = chunk;
    let decoded = false;

    if (typeof chunk === 'string') {
        encoding ||= state.defaultEncoding;
        decoded = state.encoding === encoding;
        if (!decoded)
            chunk = Buffer.from(chunk, encoding);
    } else if (chunk !== undefined) {
        chunk = toBuffer(chunk);
        if (chunk === null) {
            errorOrDestroy(stream, wrongChunk(given));
            return false;
        }
    }
    if (!chunk || chunk.length === 0) {
        state.flags &= ~f.READING;
        maybeReadMore(stream, state);
        return canPushMore(state);
    }
    if (state.flags & f.ENDED) {
        errorOrDestroy(stream, new codes.ERR_STREAM_PUSH_AFTER_EOF());
        return false;
    }
    if (state.flags & (f.DESTROYED | f.ERRORED))
        return false;
    state.flags &= ~f.READING;
    if (state.decoder !== null && !decoded) {
        chunk = state.decoder.write(chunk);
        if (chunk.length === 0) {
            // Half a character: the rest of it has to come.
            maybeReadMore(stream, state);
            return canPushMore(state);
        }
    }
    addChunk(stream, state, chunk);
    return canPushMore(state);
}

Readable.prototype.unshift = function (chunk, encoding) {
    const state = this._readableState;

    if (chunk === null) {
        state.flags &= ~f.READING;
        onEndOfInput(this, state);
        return false;
    }
    if (!(state.flags & f.OBJECT_MODE)) {
        const content = contentToUnshift(state, chunk, encoding);

        if (content === null) {
            errorOrDestroy(this, wrongChunk(chunk));
            return false;
        }
        chunk = content;
        if (!chunk || chunk.length === 0)
            return canPushMore(state);
    }
    if (state.flags & f.END_EMITTED) {
        errorOrDestroy(this, new codes.ERR_STREAM_UNSHIFT_AFTER_END_EVENT());
        return canPushMore(state);
    }
    if (state.flags & (f.DESTROYED | f.ERRORED))
        return false;
    addChunk(this, state, chunk, true);
    return canPushMore(state);
};

// What was read already goes back in the form in which it was read.
function contentToUnshift(state, chunk, encoding) {
    if (chunk === undefined)
        return undefined;
    if (typeof chunk === 'string') {
        encoding ||= state.defaultEncoding;
        if (state.encoding === encoding)
            return chunk;
        chunk = Buffer.from(chunk, encoding);
    } else {
        chunk = toBuffer(chunk);
    }
    return chunk === null || state.encoding === null
        ? chunk : chunk.toString(state.encoding);
}

// A view of the same bytes as a Buffer; null for what has no bytes.
function toBuffer(chunk) {
    if (chunk instanceof Buffer)
        return chunk;
    if (!ArrayBuffer.isView(chunk))
        return null;
    return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

function wrongChunk(chunk) {
    return new codes.ERR_INVALID_ARG_TYPE(
        'chunk', ['string', 'Buffer', 'TypedArray', 'DataView'], chunk);
}

function addChunk(stream, state, chunk, front = false) {
    if ((state.flags & (DIRECT_WANTED | f.SYNC)) === DIRECT_WANTED &&
        state.length === 0) {
        pushDirect(stream, state, chunk);
    } else {
        state.enqueue(chunk, front);
        if (state.flags & f.NEED_READABLE)
            emitReadable(stream, state);
    }
    maybeReadMore(stream, state);
}

function canPushMore(state) {
    return (state.flags & f.ENDED) === 0 &&
        (state.length < state.highWaterMark || state.length === 0);
}

function onEndOfInput(stream, state) {
    if (state.flags & f.ENDED)
        return;
    if (state.decoder !== null) {
        const rest = state.decoder.end();

        if (rest && rest.length > 0)
            state.enqueue(rest, false);
    }
    state.flags |= f.ENDED;
    if (state.flags & f.SYNC) {
        emitReadable(stream, state);
        return;
    }
    // At once: a flowing stream's 'end' is not put off a tick more than needed.
    state.flags = (state.flags & ~f.NEED_READABLE) | f.EMITTED_READABLE;
    emitReadableNow(stream, state);
}

// ------------------------------------------------------------------ consuming

Readable.prototype.read = function (n) {
    const state = this._readableState;

    if (n === undefined)
        n = NaN;
    else if (!Number.isInteger(n))
        n = Number.parseInt(n, 10);
    const asked = n;

    if (n > state.highWaterMark)
        state.highWaterMark = enlargedHighWaterMark(n);
    if (n !== 0) {
        state.flags &= ~f.EMITTED_READABLE;
    } else if (hasEnoughForReadable(state)) {
        if (state.length === 0 && (state.flags & f.ENDED))
            endReadable(this, state);
        else
            emitReadable(this, state);
        return null;
    }

    n = howMuchToRead(n, state);
    if (n === 0 && (state.flags & f.ENDED)) {
        if (state.length === 0)
            endReadable(this, state);
        return null;
    }
    if (shouldFill(state, n)) {
        fill(this, state);
        // _read may have pushed within the call.
        if (!(state.flags & f.READING))
            n = howMuchToRead(asked, state);
    }
    return takeOut(this, state, n, asked);
};

// read(0) on a full buffer has nothing to fetch, only something to announce.
function hasEnoughForReadable(state) {
    if (!(state.flags & f.NEED_READABLE))
        return false;
    return (state.flags & f.ENDED) !== 0 ||
        (state.highWaterMark !== 0
            ? state.length >= state.highWaterMark : state.length > 0);
}

function shouldFill(state, n) {
    const wanted = (state.flags & f.NEED_READABLE) || state.length === 0 ||
        state.length - n < state.highWaterMark;
    const mask = f.ENDED | f.READING | f.DESTROYED | f.ERRORED | f.CONSTRUCTED;

    return wanted && (state.flags & mask) === f.CONSTRUCTED;
}

function fill(stream, state) {
    state.flags |= f.READING | f.SYNC;
    if (state.length === 0)
        state.flags |= f.NEED_READABLE;
    try {
        stream._read(state.highWaterMark);
    } catch (error) {
        errorOrDestroy(stream, error);
    }
    state.flags &= ~f.SYNC;
}

function takeOut(stream, state, n, asked) {
    const chunk = n > 0 ? fromQueue(state, n) : null;

    if (chunk === null) {
        if (state.length <= state.highWaterMark)
            state.flags |= f.NEED_READABLE;
        n = 0;
    } else {
        state.length -= n;
        if (state.awaitDrainWriters !== null)
            state.waitForNobody();
    }
    if (state.length === 0) {
        if (!(state.flags & f.ENDED))
            state.flags |= f.NEED_READABLE;
        else if (asked !== n)
            endReadable(stream, state);
    }
    if (chunk !== null &&
        !(state.flags & (f.ERROR_EMITTED | f.CLOSE_EMITTED))) {
        state.flags |= f.DATA_EMITTED;
        stream.emit('data', chunk);
    }
    return chunk;
}

function fromQueue(state, n) {
    if (state.length === 0)
        return null;
    if (state.flags & f.OBJECT_MODE)
        return state.queue.shift();
    const strings = state.decoder !== null;

    return n >= state.length
        ? state.queue.takeAll(state.length, strings)
        : state.queue.take(n, strings);
}

function howMuchToRead(n, state) {
    if (n <= 0 || (state.length === 0 && (state.flags & f.ENDED)))
        return 0;
    if (state.flags & f.OBJECT_MODE)
        return 1;
    if (Number.isNaN(n)) {
        // A flowing stream hands on chunk by chunk, without joining them.
        return (state.flags & f.FLOWING) && state.length > 0
            ? state.queue.first().length : state.length;
    }
    if (n <= state.length)
        return n;
    return state.flags & f.ENDED ? state.length : 0;
}

// The next power of two, so that growing reads do not raise it each time.
function enlargedHighWaterMark(n) {
    if (n > MAX_HIGH_WATER_MARK)
        throw new codes.ERR_OUT_OF_RANGE('size', '<= 1GiB', n);
    return n <= 1 ? 1 : 2 ** Math.ceil(Math.log2(n));
}

Readable.prototype._read = function () {
    throw new codes.ERR_METHOD_NOT_IMPLEMENTED('_read()');
};

// ------------------------------------------------------- telling the consumer

function emitReadable(stream, state) {
    state.flags &= ~f.NEED_READABLE;
    if (!(state.flags & f.EMITTED_READABLE)) {
        state.flags |= f.EMITTED_READABLE;
        defer(emitReadableNow, stream, state);
    }
}

function emitReadableNow(stream, state) {
    if (!(state.flags & (f.DESTROYED | f.ERRORED)) &&
        (state.length > 0 || (state.flags & f.ENDED))) {
        stream.emit('readable');
        state.flags &= ~f.EMITTED_READABLE;
    }
    if (!(state.flags & (f.FLOWING | f.ENDED)) &&
        state.length <= state.highWaterMark)
        state.flags |= f.NEED_READABLE;
    flow(stream, state);
}

// Fills the buffer up to the high-water mark, in a tick of its own: a push in
// a push would recurse, and the user may have more to say first.
function maybeReadMore(stream, state) {
    if ((state.flags & (f.READING_MORE | f.CONSTRUCTED)) === f.CONSTRUCTED) {
        state.flags |= f.READING_MORE;
        defer(readMore, stream, state);
    }
}

function readMore(stream, state) {
    while (!(state.flags & (f.READING | f.ENDED)) &&
           (state.length < state.highWaterMark ||
            ((state.flags & f.FLOWING) && state.length === 0))) {
        const before = state.length;

        stream.read(0);
        if (state.length === before)
            break;
    }
    state.flags &= ~f.READING_MORE;
}

function endReadable(stream, state) {
    if (!(state.flags & f.END_EMITTED)) {
        state.flags |= f.ENDED;
        defer(emitEnd, stream, state);
    }
}

function emitEnd(stream, state) {
    const over = f.ERRORED | f.CLOSE_EMITTED | f.END_EMITTED;

    // Somebody may have unshifted meanwhile, or connected a socket anew.
    if ((state.flags & (over | f.ENDED)) !== f.ENDED || state.length > 0)
        return;
    if (state.flags & f.CUT) {
        stream.destroy(state.failure);
        return;
    }
    state.flags |= f.END_EMITTED;
    stream.emit('end');
    if (!(state.flags & f.END_EMITTED))
        return; // it has another connection

    if (state.failure !== null)
        stream.destroy(state.failure);
    else if (stream.writable && stream.allowHalfOpen === false)
        defer(endWritable, stream, state);
    else if ((state.flags & f.AUTO_DESTROY) && isWritingOver(stream))
        stream.destroy();
}

function endWritable(stream, state) {
    if (stream.writable && !stream.writableEnded && !stream.destroyed &&
        (state.flags & f.END_EMITTED))
        stream.end();
}

// Asked of the public properties where there is no state. A socket of which a
// write has failed is not writable, and has its error still to tell.
function isWritingOver(stream) {
    const state = destroying.writableState(stream);

    if (state) {
        return state.autoDestroy &&
            (state.finished || state.writable === false);
    }
    if (typeof stream.writableFinished !== 'boolean')
        return true;
    return stream.writableFinished || (!stream[destroying.kNoState] &&
        !stream.writable && !stream.writableEnded);
}

// --------------------------------------------------------------- flow control

function flow(stream, state) {
    while ((state.flags & f.FLOWING) && stream.read() !== null);
}

Readable.prototype.resume = function () {
    const state = this._readableState;

    if (!(state.flags & f.FLOWING)) {
        // Who listens to 'readable' keeps the control: no flowing, but a read
        // is started nevertheless.
        state.flowing = !(state.flags & f.READABLE_LISTENING);
        scheduleResume(this, state);
    }
    state.flags = (state.flags & ~f.PAUSE_CALLED) | f.RESUME_CALLED;
    return this;
};

function scheduleResume(stream, state) {
    if (!(state.flags & f.RESUME_SCHEDULED)) {
        state.flags |= f.RESUME_SCHEDULED;
        defer(resumeNow, stream, state);
    }
}

function resumeNow(stream, state) {
    if (!(state.flags & f.READING))
        stream.read(0);
    state.flags &= ~f.RESUME_SCHEDULED;
    stream.emit('resume');
    flow(stream, state);
    if ((state.flags & (f.FLOWING | f.READING)) === f.FLOWING)
        stream.read(0);
}

Readable.prototype.pause = function () {
    const state = this._readableState;

    if ((state.flags & (f.FLOW_DECIDED | f.FLOWING)) !== f.FLOW_DECIDED) {
        state.flowing = false;
        this.emit('pause');
    }
    state.flags = (state.flags & ~f.RESUME_CALLED) | f.PAUSE_CALLED;
    return this;
};

Readable.prototype.isPaused = function () {
    const state = this._readableState;

    return (state.flags & f.PAUSE_CALLED) !== 0 || state.flowing === false;
};

// Listening to 'data' starts the flow, listening to 'readable' stops it.
Readable.prototype.on = function (event, listener) {
    const result = Stream.prototype.on.call(this, event, listener);

    if (event === 'data')
        onDataListener(this);
    else if (event === 'readable')
        onReadableListener(this);
    return result;
};

Readable.prototype.addListener = Readable.prototype.on;

function onDataListener(stream) {
    const state = stream._readableState;

    state.flags |= f.DATA_LISTENING;
    if (stream.listenerCount('readable') > 0)
        state.flags |= f.READABLE_LISTENING;
    if (state.flowing !== false)
        stream.resume();
}

function onReadableListener(stream) {
    const state = stream._readableState;

    if (state.flags & (f.END_EMITTED | f.READABLE_LISTENING))
        return;
    state.flags |= f.READABLE_LISTENING | f.NEED_READABLE;
    state.flags &= ~f.EMITTED_READABLE;
    state.flowing = false;
    if (state.length > 0)
        emitReadable(stream, state);
    else if (!(state.flags & f.READING))
        defer(startReading, stream);
}

function startReading(stream) {
    stream.read(0);
}

Readable.prototype.removeListener = function (event, listener) {
    const result = Stream.prototype.removeListener.call(this, event, listener);

    listenersRemoved(this, event);
    return result;
};

Readable.prototype.off = Readable.prototype.removeListener;

Readable.prototype.removeAllListeners = function (...events) {
    const result = Stream.prototype.removeAllListeners.apply(this, events);

    if (events.length === 0 || events[0] === undefined) {
        listenersRemoved(this, 'data');
        listenersRemoved(this, 'readable');
    } else {
        listenersRemoved(this, events[0]);
    }
    return result;
};

function listenersRemoved(stream, event) {
    const state = stream._readableState;

    if (event === 'data') {
        if (stream.listenerCount('data') === 0)
            state.flags &= ~f.DATA_LISTENING;
    } else if (event === 'readable') {
        // In a tick, for once() removes itself just before it is called.
        defer(updateReadableListening, stream, state);
    }
}

function updateReadableListening(stream, state) {
    state.readableListening = stream.listenerCount('readable') > 0;
    if ((state.flags & f.RESUME_SCHEDULED) && (state.flags & f.RESUME_CALLED))
        state.flowing = true;
    else if (stream.listenerCount('data') > 0)
        stream.resume();
    else if (!(state.flags & f.READABLE_LISTENING))
        state.flowing = null;
}

Readable.prototype.setEncoding = function (encoding) {
    const state = this._readableState;

    setDecoder(state, encoding);
    if (state.length > 0) {
        const parts = Arrays.map(state.queue.toArray(),
            (chunk) => state.decoder.write(chunk));
        let text = Arrays.join(parts, '');

        if (state.flags & f.ENDED)
            text += state.decoder.end();
        state.queue.clear();
        state.length = 0;
        if (text !== '')
            state.enqueue(text, false);
    }
    return this;
};

// ------------------------------------------------------- what is used less

Readable.prototype.pipe = function (dest, options) {
    return require('internal/streams/pipe').pipe(this, dest, options);
};

Readable.prototype.unpipe = function (dest) {
    return require('internal/streams/pipe').unpipe(this, dest);
};

Readable.prototype.wrap = function (source) {
    return require('internal/streams/from').wrap(this, source);
};

Readable.prototype.iterator = function (options) {
    return require('internal/streams/iterate').iterator(this, options);
};

Readable.prototype[Symbol.asyncIterator] = function () {
    return require('internal/streams/iterate').iterate(this);
};

Readable.from = function (iterable, options) {
    return require('internal/streams/from').from(Readable, iterable, options);
};

Readable.wrap = function (source, options) {
    const objectMode =
        source.readableObjectMode ?? source.objectMode ?? true;

    return new Readable({
        objectMode,
        ...options,
        destroy(error, callback) {
            destroying.destroyer(source, error);
            callback(error);
        },
    }).wrap(source);
};

Readable._fromList = (n, state) => fromQueue(state, n || state.length);

for (const name of ['compose', 'drop', 'filter', 'flatMap', 'map', 'take']) {
    Readable.prototype[name] = function (...args) {
        const operator = require('internal/streams/operators')[name];
        return Readable.from(operator.apply(this, args));
    };
}

for (const name of ['every', 'find', 'forEach', 'reduce', 'some', 'toArray']) {
    Readable.prototype[name] = function (...args) {
        const operator = require('internal/streams/operators')[name];
        return operator.apply(this, args);
    };
}

Readable.prototype.destroy = destroying.destroy;
Readable.prototype._undestroy = destroying.undestroy;
Readable.prototype._destroy = function (error, callback) {
    callback(error);
};

Readable.prototype[Stream.captureRejectionSymbol] = function (error) {
    this.destroy(error);
};

if (Symbol.asyncDispose) {
    Readable.prototype[Symbol.asyncDispose] = function () {
        return require('internal/streams/end_of_stream').disposed(this);
    };
}

Object.defineProperties(
    Readable.prototype, require('internal/streams/properties').ofReadable);

module.exports = { Readable, pushBytes, pushEnd, pushFailure,
    readableConstructed };
