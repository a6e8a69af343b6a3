// Writable: the writing half of a stream.
//
// One write is under way at a time; the others wait in the queue, and go out
// one by one through _write() or all together through _writev(). write() says
// "enough" when the queue has reached the high-water mark, 'drain' says when
// it is empty. The end comes in steps, each of which waits for all before it:
// ENDING (end() was called), _final(), 'prefinish', 'finish', and then the
// stream destroys itself if the reading half is over too.

const { codes } = require('internal/errors');
const { nextTick } = require('internal/core');
const f = require('internal/streams/flags');
const destroying = require('internal/streams/destroy');
const { Stream } = require('internal/streams/legacy');
const { WritableState } = require('internal/streams/writable_state');
const { kDuplex } = require('internal/streams/kind');

const { errorOrDestroy } = destroying;

const nop = () => {};

function Writable(options) {
    if (!(this instanceof Writable))
        return new Writable(options);
    Stream.call(this, options);
    this._writableState = new WritableState(options, this, false);
    if (options) {
        useMethods(this, options);
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
        destroying.construct(this, () => writableConstructed(this));
}

Object.setPrototypeOf(Writable.prototype, Stream.prototype);
Object.setPrototypeOf(Writable, Stream);

function useMethods(stream, options) {
    if (typeof options.write === 'function')
        stream._write = options.write;
    if (typeof options.writev === 'function')
        stream._writev = options.writev;
    if (typeof options.final === 'function')
        stream._final = options.final;
}

// What was written, or ended, while _construct() ran.
function writableConstructed(stream) {
    const state = stream._writableState;

    if (!(state.flags & f.WRITING))
        writeQueued(stream, state);
    finishMaybe(stream, state);
}

Writable.WritableState = WritableState;

// A duplex is an instance of both, but has only Readable in its chain.
Object.defineProperty(Writable, Symbol.hasInstance, {
    configurable: true,
    writable: true,
    value(object) {
        if (Function.prototype[Symbol.hasInstance].call(this, object))
            return true;
        return this === Writable && Boolean(object) &&
            (object._writableState instanceof WritableState ||
             object[kDuplex] === true);
    },
});

Writable.prototype.pipe = function () {
    errorOrDestroy(this, new codes.ERR_STREAM_CANNOT_PIPE());
};

// -------------------------------------------------------------------- writing

Writable.prototype.write = function (chunk, encoding, callback) {
    if (typeof encoding === 'function') {
        callback = encoding;
        encoding = null;
    }
    return accept(this, chunk, encoding, callback) === true;
};

// The result for write(), or an Error that has been told already.
function accept(stream, chunk, encoding, callback) {
    const state = stream._writableState;

    if (typeof callback !== 'function')
        callback = nop;
    if (chunk === null)
        throw new codes.ERR_STREAM_NULL_VALUES();
    if (!(state.flags & f.OBJECT_MODE)) {
        if (!encoding)
            encoding = state.defaultEncoding;
        else if (encoding !== 'buffer' && !Buffer.isEncoding(encoding))
            throw new codes.ERR_UNKNOWN_ENCODING(encoding);
        if (typeof chunk !== 'string') {
            chunk = toBuffer(chunk);
            encoding = 'buffer';
        } else if (!(state.flags & f.KEEP_STRINGS)) {
            chunk = Buffer.from(chunk, encoding);
            encoding = 'buffer';
        }
    }
    if (state.flags & (f.ENDING | f.DESTROYED))
        return refuse(stream, state, callback);
    state.pendingcb++;
    return writeOrQueue(stream, state, chunk, encoding, callback);
}

function toBuffer(chunk) {
    if (chunk instanceof Buffer)
        return chunk;
    if (ArrayBuffer.isView(chunk))
        return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    throw new codes.ERR_INVALID_ARG_TYPE(
        'chunk', ['string', 'Buffer', 'TypedArray', 'DataView'], chunk);
}

function refuse(stream, state, callback) {
    const error = state.flags & f.ENDING
        ? new codes.ERR_STREAM_WRITE_AFTER_END()
        : new codes.ERR_STREAM_DESTROYED('write');

    nextTick(callback, error);
    errorOrDestroy(stream, error, true);
    return error;
}

function writeOrQueue(stream, state, chunk, encoding, callback) {
    state.length += state.flags & f.OBJECT_MODE ? 1 : chunk.length;
    if (state.corked > 0 || (state.flags &
        (f.WRITING | f.ERRORED | f.CONSTRUCTED)) !== f.CONSTRUCTED) {
        state.queue ??= [];
        state.queue.push({ chunk, encoding, callback });
    } else {
        writeOne(stream, state, chunk, encoding, callback);
    }
    // Asked now: a write that was over within the call fills nothing.
    const more = state.length < state.highWaterMark || state.length === 0;

    if (!more)
        state.flags |= f.NEED_DRAIN;
    // After an error or destroy() there is no 'drain' to wait for, but no
    // sense in going on either.
    return more && (state.flags & (f.ERRORED | f.DESTROYED)) === 0;
}

function sizeOf(state, chunk) {
    return state.flags & f.OBJECT_MODE ? 1 : chunk.length;
}

function writeOne(stream, state, chunk, encoding, callback) {
    begin(stream, state, sizeOf(state, chunk), callback);
    if (state.flags & f.DESTROYED)
        state.onwrite(new codes.ERR_STREAM_DESTROYED('write'));
    else
        stream._write(chunk, encoding, state.onwrite);
    state.flags &= ~f.SYNC;
}

function writeMany(stream, state, entries, callback) {
    begin(stream, state, state.length, callback);
    if (state.flags & f.DESTROYED)
        state.onwrite(new codes.ERR_STREAM_DESTROYED('write'));
    else
        stream._writev(entries, state.onwrite);
    state.flags &= ~f.SYNC;
}

function begin(stream, state, length, callback) {
    state.onwrite ??= (error) => onWrite(stream, state, error);
    state.writelen = length;
    state.writecb = callback;
    state.flags |= f.WRITING | f.SYNC;
}

// For a stream that has written so far without a state: what it still has to
// send is a write under way, and over when the function is called.
function writeUnderWay(stream, length) {
    const state = stream._writableState;

    state.length = length;
    state.pendingcb++;
    begin(stream, state, length, nop);
    state.flags &= ~f.SYNC;
    return state.onwrite;
}

// The write under way is over.
function onWrite(stream, state, error) {
    const sync = (state.flags & f.SYNC) !== 0;
    const callback = state.writecb;

    if (callback === null) {
        errorOrDestroy(stream, new codes.ERR_MULTIPLE_CALLBACK());
        return;
    }
    state.flags &= ~f.WRITING;
    state.writecb = null;
    state.length -= state.writelen;
    state.writelen = 0;

    if (error) {
        destroying.noteError(stream, error);
        if (sync)
            nextTick(writeFailed, stream, state, error, callback);
        else
            writeFailed(stream, state, error, callback);
        return;
    }
    if (state.queue !== null && state.bufferedRequestCount > 0)
        writeQueued(stream, state);
    if (sync)
        afterSyncWrite(stream, state, callback);
    else
        afterWrite(stream, state, 1, callback);
}

// A write that was over within write() is told in the next tick, together with
// others that have the same callback; one that nobody waits for is not told.
function afterSyncWrite(stream, state, callback) {
    const last = state.afterWrite;

    if (callback === nop) {
        afterQuietWrite(stream, state);
    } else if (last !== null && last.callback === callback) {
        last.count++;
    } else {
        state.afterWrite = { count: 1, callback };
        state.flags |= f.AFTER_WRITE_PENDING;
        nextTick(afterWriteTick, stream, state, state.afterWrite);
    }
}

// One of objects is over in the next tick all the same: Node means to ask for
// destroyed streams there, and asks for these.
function afterQuietWrite(stream, state) {
    const drains = (state.flags & f.NEED_DRAIN) && state.length === 0;

    if ((drains || (state.flags & f.OBJECT_MODE)) &&
        !(state.flags & f.AFTER_WRITE_PENDING)) {
        state.flags |= f.AFTER_WRITE_PENDING;
        nextTick(afterWrite, stream, state, 1, nop);
        return;
    }
    state.pendingcb--;
    if (state.flags & f.ENDING)
        finishMaybe(stream, state, true);
}

function afterWriteTick(stream, state, info) {
    if (state.afterWrite === info)
        state.afterWrite = null;
    afterWrite(stream, state, info.count, info.callback);
}

function afterWrite(stream, state, count, callback) {
    state.flags &= ~f.AFTER_WRITE_PENDING;
    if (state.length === 0 && (state.flags &
        (f.NEED_DRAIN | f.ENDING | f.DESTROYED)) === f.NEED_DRAIN) {
        state.flags &= ~f.NEED_DRAIN;
        stream.emit('drain');
    }
    while (count-- > 0) {
        state.pendingcb--;
        callback(null);
    }
    if (state.flags & f.DESTROYED)
        failQueued(state);
    finishMaybe(stream, state, true);
}

function writeFailed(stream, state, error, callback) {
    state.pendingcb--;
    callback(error);
    failQueued(state);
    errorOrDestroy(stream, error);
}

// ------------------------------------------------------------------ the queue

Writable.prototype.cork = function () {
    this._writableState.corked++;
};

Writable.prototype.uncork = function () {
    const state = this._writableState;

    if (state.corked > 0) {
        state.corked--;
        if (!(state.flags & f.WRITING))
            writeQueued(this, state);
    }
};

function writeQueued(stream, state) {
    if (state.corked > 0 || state.bufferedRequestCount === 0 ||
        (state.flags & (f.DRAINING_QUEUE | f.DESTROYED | f.CONSTRUCTED)) !==
            f.CONSTRUCTED)
        return;
    state.flags |= f.DRAINING_QUEUE;
    if (state.bufferedRequestCount > 1 && stream._writev)
        writeAllQueued(stream, state);
    else
        writeEachQueued(stream, state);
    state.flags &= ~f.DRAINING_QUEUE;
}

function writeAllQueued(stream, state) {
    const entries = state.getBuffer();

    // They become one write, which owes one callback.
    state.pendingcb -= entries.length - 1;
    entries.allBuffers = entries.every((each) => each.encoding === 'buffer');
    state.clearQueue();
    writeMany(stream, state, entries, entries.every(isQuiet) ? nop
        : (error) => entries.forEach(({ callback }) => callback(error)));
}

const isQuiet = (entry) => entry.callback === nop;

function writeEachQueued(stream, state) {
    // _write may call back at once, and then the next one goes out from here.
    do {
        const { chunk, encoding, callback } = state.queue[state.queueIndex];

        state.queue[state.queueIndex++] = undefined;
        writeOne(stream, state, chunk, encoding, callback);
    } while (state.queue !== null && state.queueIndex < state.queue.length &&
             !(state.flags & f.WRITING));

    if (state.queue !== null && state.queueIndex >= state.queue.length) {
        state.clearQueue();
    } else if (state.queueIndex > 256) {
        state.queue.splice(0, state.queueIndex);
        state.queueIndex = 0;
    }
}

// What waits will not be written any more.
function failQueued(state) {
    if (state.flags & f.WRITING)
        return;
    const entries = state.getBuffer();

    state.clearQueue();
    for (const { chunk, callback } of entries) {
        state.length -= sizeOf(state, chunk);
        callback(state.error ?? new codes.ERR_STREAM_DESTROYED('write'));
    }
    callFinishCallbacks(state, () =>
        state.error ?? new codes.ERR_STREAM_DESTROYED('end'));
}

Writable.prototype._write = function (chunk, encoding, callback) {
    if (!this._writev)
        throw new codes.ERR_METHOD_NOT_IMPLEMENTED('_write()');
    this._writev([{ chunk, encoding }], callback);
};

Writable.prototype._writev = null;

Writable.prototype.setDefaultEncoding = function (encoding) {
    if (typeof encoding === 'string')
        encoding = encoding.toLowerCase();
    if (!Buffer.isEncoding(encoding))
        throw new codes.ERR_UNKNOWN_ENCODING(encoding);
    this._writableState.defaultEncoding = encoding;
    return this;
};

// --------------------------------------------------------------------- ending

Writable.prototype.end = function (chunk, encoding, callback) {
    const state = this._writableState;
    let error;

    if (typeof chunk === 'function') {
        callback = chunk;
        chunk = null;
        encoding = null;
    } else if (typeof encoding === 'function') {
        callback = encoding;
        encoding = null;
    }
    if (chunk !== null && chunk !== undefined) {
        const accepted = accept(this, chunk, encoding);

        if (accepted instanceof Error)
            error = accepted;
    }
    if (state.corked > 0) {
        state.corked = 1;
        this.uncork();
    }
    error ??= beginEnd(this, state);
    if (typeof callback === 'function')
        tellWhenFinished(state, error, callback);
    return this;
};

function beginEnd(stream, state) {
    if (!(state.flags & (f.ERRORED | f.ENDING))) {
        // Even an end() that follows a close is no error: it does nothing.
        state.flags |= f.ENDING;
        finishMaybe(stream, state, true);
        state.flags |= f.ENDED;
        return undefined;
    }
    if (state.flags & f.FINISHED)
        return new codes.ERR_STREAM_ALREADY_FINISHED('end');
    if (state.flags & f.DESTROYED)
        return new codes.ERR_STREAM_DESTROYED('end');
    return undefined;
}

function tellWhenFinished(state, error, callback) {
    if (error) {
        nextTick(callback, error);
    } else if (state.flags & f.ERRORED) {
        nextTick(callback, state.error);
    } else if (state.flags & f.FINISHED) {
        nextTick(callback);
    } else {
        state.finishCallbacks ??= [];
        state.finishCallbacks.push(callback);
    }
}

function callFinishCallbacks(state, makeError) {
    const callbacks = state.finishCallbacks;

    if (callbacks === null)
        return;
    state.finishCallbacks = null;
    for (const callback of callbacks)
        callback(makeError === null ? null : makeError());
}

function canFinish(state) {
    const mask = f.ENDING | f.CONSTRUCTED | f.DESTROYED | f.ERRORED |
        f.FINISHED | f.WRITING | f.DRAINING_QUEUE | f.ERROR_EMITTED |
        f.CLOSE_EMITTED;

    return (state.flags & mask) === (f.ENDING | f.CONSTRUCTED) &&
        state.length === 0 && state.bufferedRequestCount === 0;
}

function finishMaybe(stream, state, sync) {
    if (!canFinish(state))
        return;
    prefinish(stream, state);
    if (state.pendingcb > 0)
        return;
    if (sync) {
        state.pendingcb++;
        nextTick(finishInTick, stream, state);
    } else if (canFinish(state)) {
        state.pendingcb++;
        finish(stream, state);
    }
}

function finishInTick(stream, state) {
    if (canFinish(state))
        finish(stream, state);
    else
        state.pendingcb--;
}

function prefinish(stream, state) {
    if (state.flags & (f.PREFINISHED | f.FINAL_CALLED))
        return;
    if (typeof stream._final === 'function') {
        state.flags |= f.FINAL_CALLED;
        callFinal(stream, state);
    } else {
        state.flags |= f.PREFINISHED;
        stream.emit('prefinish');
    }
}

function callFinal(stream, state) {
    let called = false;

    function onFinal(error) {
        if (called) {
            errorOrDestroy(stream, error ?? new codes.ERR_MULTIPLE_CALLBACK());
            return;
        }
        called = true;
        state.pendingcb--;
        if (error) {
            callFinishCallbacks(state, () => error);
            errorOrDestroy(stream, error, state.sync);
        } else if (canFinish(state)) {
            state.flags |= f.PREFINISHED;
            stream.emit('prefinish');
            // The callback may have come within end(): 'finish' must not.
            state.pendingcb++;
            nextTick(finish, stream, state);
        }
    }

    state.flags |= f.SYNC;
    state.pendingcb++;
    try {
        stream._final(onFinal);
    } catch (error) {
        onFinal(error);
    }
    state.flags &= ~f.SYNC;
}

function finish(stream, state) {
    state.pendingcb--;
    state.flags |= f.FINISHED;
    callFinishCallbacks(state, null);
    stream.emit('finish');

    if (state.flags & f.AUTO_DESTROY) {
        const reading = stream._readableState;

        if (!reading || (reading.autoDestroy &&
            (reading.endEmitted || reading.readable === false)))
            stream.destroy();
    }
}

// ------------------------------------------------------------------ destroying

Writable.prototype.destroy = function (error, callback) {
    const state = this._writableState;

    if (!(state.flags & f.DESTROYED) &&
        (state.bufferedRequestCount > 0 || state.finishCallbacks !== null))
        nextTick(failQueued, state);
    destroying.destroy.call(this, error, callback);
    return this;
};

Writable.prototype._undestroy = destroying.undestroy;
Writable.prototype._destroy = function (error, callback) {
    callback(error);
};

Writable.prototype[Stream.captureRejectionSymbol] = function (error) {
    this.destroy(error);
};

if (Symbol.asyncDispose) {
    Writable.prototype[Symbol.asyncDispose] = function () {
        return require('internal/streams/end_of_stream').disposed(this);
    };
}

Object.defineProperties(
    Writable.prototype, require('internal/streams/properties').ofWritable);

module.exports = { Writable, useMethods, writableConstructed, writeUnderWay };
