// The end of a stream's life: construct, destroy, and how errors are told.
//
// A stream has one or two state objects, whose common bits (flags.js) are
// always changed together here, so that both halves tell the same story. The
// order is fixed: destroy() marks, _destroy() works, and after its callback
// comes, in a later tick, first 'error', then 'close', each at most once.

const { codes, AbortError, aggregateTwoErrors } = require('internal/errors');
const { defer, nextTick } = require('internal/core');
const f = require('internal/streams/flags');

const constructed = Symbol('constructed');
const destroyAfterConstruct = Symbol('destroyAfterConstruct');

// A socket's is made for those who look from outside; it has nothing of its own.
const kNoState = Symbol('noState');

function writableState(stream) {
    return stream[kNoState] === true ? undefined : stream._writableState;
}

// The bits that are set in either half.
function bits(stream) {
    const r = stream._readableState;
    const w = writableState(stream);

    return (r ? r.flags : 0) | (w ? w.flags : 0);
}

function setBits(stream, mask) {
    const r = stream._readableState;
    const w = writableState(stream);

    if (r)
        r.flags |= mask;
    if (w)
        w.flags |= mask;
}

// The first error stays: what follows is a consequence.
function noteError(stream, error) {
    const r = stream._readableState;
    const w = writableState(stream);

    if (!error)
        return;
    if (w && !w.error)
        w.errored = error;
    if (r && !r.error)
        r.errored = error;
}

// The destroy() of every class of streams.
function destroy(error, callback) {
    const state = writableState(this) || this._readableState;

    if (bits(this) & f.DESTROYED) {
        if (typeof callback === 'function')
            callback();
        return this;
    }
    noteError(this, error);
    setBits(this, f.DESTROYED);
    if (state && !(state.flags & f.CONSTRUCTED)) {
        // _destroy may not run while _construct still does.
        this.once(destroyAfterConstruct, (late) => {
            runDestroy(this, aggregateTwoErrors(late, error), callback);
        });
    } else {
        runDestroy(this, error, callback);
    }
    return this;
}

function runDestroy(stream, error, callback) {
    let called = false;

    function onDestroyed(failure) {
        if (called)
            return;
        called = true;
        noteError(stream, failure);
        setBits(stream, f.CLOSED);
        if (typeof callback === 'function')
            callback(failure);
        if (failure)
            defer(emitErrorAndClose, stream, failure);
        else
            defer(emitClose, stream);
    }

    try {
        stream._destroy(error || null, onDestroyed);
    } catch (failure) {
        onDestroyed(failure);
    }
}

// What a _destroy() comes to that had no error and nobody to call back.
function destroyed(stream) {
    setBits(stream, f.CLOSED);
    defer(emitClose, stream);
}

function emitErrorAndClose(stream, error) {
    emitError(stream, error);
    emitClose(stream);
}

function emitClose(stream) {
    setBits(stream, f.CLOSE_EMITTED);
    if (bits(stream) & f.EMIT_CLOSE)
        stream.emit('close');
}

function emitError(stream, error) {
    if (bits(stream) & f.ERROR_EMITTED)
        return;
    setBits(stream, f.ERROR_EMITTED);
    stream.emit('error', error);
}

// An error that the stream itself has met: it destroys a stream that may be
// destroyed, otherwise it is only told. `sync`: we are inside a call by the
// user, who has not had the chance to listen yet.
function errorOrDestroy(stream, error, sync) {
    const flags = bits(stream);

    if (flags & f.DESTROYED)
        return;
    if (flags & f.AUTO_DESTROY) {
        stream.destroy(error);
        return;
    }
    if (!error)
        return;
    noteError(stream, error);
    if (sync)
        nextTick(emitError, stream, error);
    else
        emitError(stream, error);
}

// Makes a destroyed stream usable again, for those who override destroy().
function undestroy() {
    const forget = f.DESTROYED | f.CLOSED | f.CLOSE_EMITTED | f.ERRORED |
        f.ERROR_EMITTED;
    const r = this._readableState;
    const w = writableState(this);

    if (r) {
        const over = f.READING | f.ENDED | f.END_EMITTED | f.CUT;
        r.error = r.failure = null;
        r.flags = (r.flags & ~(forget | over)) | f.CONSTRUCTED;
        if (r.flags & f.ABSENT)
            r.flags |= f.ENDED | f.END_EMITTED;
    }
    if (w) {
        const over = f.ENDING | f.ENDED | f.FINISHED | f.PREFINISHED |
            f.FINAL_CALLED;
        w.error = null;
        w.flags = (w.flags & ~(forget | over)) | f.CONSTRUCTED;
        if (w.flags & f.ABSENT)
            w.flags |= f.ENDING | f.ENDED | f.FINISHED;
    }
}

// Starts _construct(); `callback` runs when it has succeeded. The two halves
// of a duplex may both ask; _construct runs once.
function construct(stream, callback) {
    const r = stream._readableState;
    const w = writableState(stream);

    if (r)
        r.flags &= ~f.CONSTRUCTED;
    if (w)
        w.flags &= ~f.CONSTRUCTED;
    stream.once(constructed, callback);
    if (stream.listenerCount(constructed) === 1)
        nextTick(runConstruct, stream);
}

function runConstruct(stream) {
    let called = false;

    function onConstructed(error) {
        if (called) {
            errorOrDestroy(stream, error ?? new codes.ERR_MULTIPLE_CALLBACK());
            return;
        }
        called = true;
        setBits(stream, f.CONSTRUCTED);
        if (bits(stream) & f.DESTROYED)
            stream.emit(destroyAfterConstruct, error);
        else if (error)
            errorOrDestroy(stream, error, true);
        else
            stream.emit(constructed);
    }

    try {
        stream._construct((error) => nextTick(onConstructed, error));
    } catch (error) {
        nextTick(onConstructed, error);
    }
}

// Destroys anything that looks like a stream, also one of an older make.
function destroyer(stream, error) {
    if (!stream || isDestroyed(stream))
        return;
    if (!error && !isOver(stream))
        error = new AbortError();
    if (typeof stream.destroy === 'function')
        stream.destroy(error);
    else if (typeof stream.close === 'function')
        stream.close();
    else if (error)
        nextTick(() => stream.emit('error', error));
    else
        nextTick(() => stream.emit('close'));
    if (!stream.destroyed)
        stream[require('internal/streams/kind').kIsDestroyed] = true;
}

function isDestroyed(stream) {
    return require('internal/streams/kind').isDestroyed(stream);
}

function isOver(stream) {
    return require('internal/streams/kind').isFinished(stream);
}

module.exports = {
    bits, construct, destroy, destroyed, destroyer, emitError, errorOrDestroy,
    kNoState, noteError, undestroy, writableState,
};
