// What is this object, and how far has it come?
//
// finished() and pipeline() take our streams, sockets whose writable half is
// native and has no `_writableState`, and streams of other makes. So the
// questions are answered by the public properties first (`writableFinished`,
// `readableEnded`, `destroyed` ...), and by the state objects only where there
// is no such property. An answer of null means: cannot be told.

const kIsDestroyed = Symbol('destroyed');

const isFunction = (value) => typeof value === 'function';

// Set on Duplex.prototype: a duplex may lack `_writableState` and be one yet.
const kDuplex = Symbol('duplex');

function isReadableNodeStream(stream, strict = false) {
    return Boolean(
        stream && isFunction(stream.pipe) && isFunction(stream.on) &&
        (!strict ||
            (isFunction(stream.pause) && isFunction(stream.resume))) &&
        (!stream._writableState ||
            (stream._readableState &&
             stream._readableState.readable !== false)));
}

function isWritableNodeStream(stream) {
    return Boolean(
        stream && isFunction(stream.write) && isFunction(stream.on) &&
        (!stream._readableState ||
            stream._writableState?.writable !== false));
}

function isNodeStream(stream) {
    return Boolean(
        stream && (stream._readableState || stream._writableState ||
            (isFunction(stream.on) &&
             (isFunction(stream.write) || isFunction(stream.pipe)))));
}

// `asynchronous` true or false asks for that kind alone.
function isIterable(value, asynchronous) {
    if (value == null)
        return false;
    return (asynchronous !== false &&
            isFunction(value[Symbol.asyncIterator])) ||
        (asynchronous !== true && isFunction(value[Symbol.iterator]));
}

function isDestroyed(stream) {
    if (!isNodeStream(stream))
        return null;
    return Boolean(stream.destroyed || stream[kIsDestroyed] ||
        stream._writableState?.destroyed || stream._readableState?.destroyed);
}

function writableError(stream) {
    return stream._writableState?.errored ?? stream.errored ?? null;
}

function readableError(stream) {
    return stream._readableState?.errored ?? stream.errored ?? null;
}

// Not strict: everything was handed on, 'finish' itself may be still to come.
function isWritableFinished(stream, strict) {
    if (!isWritableNodeStream(stream))
        return null;
    if (stream.writableFinished === true)
        return true;
    if (stream._writableState?.errored)
        return false;
    if (typeof stream.writableFinished !== 'boolean')
        return null;
    return strict === false && stream.writableEnded === true &&
        stream.writableLength === 0;
}

function isReadableFinished(stream, strict) {
    if (!isReadableNodeStream(stream))
        return null;
    const state = stream._readableState;

    if (state?.errored)
        return false;
    if (typeof stream.readableEnded !== 'boolean')
        return typeof state?.endEmitted === 'boolean' ? state.endEmitted : null;
    return stream.readableEnded ||
        (strict === false && Boolean(state?.ended) && state.length === 0);
}

function isReadable(stream) {
    if (stream == null || typeof stream.readable !== 'boolean')
        return null;
    if (isDestroyed(stream))
        return false;
    return isReadableNodeStream(stream) && stream.readable &&
        !isReadableFinished(stream);
}

function isWritable(stream) {
    if (stream == null || typeof stream.writable !== 'boolean')
        return null;
    if (isDestroyed(stream))
        return false;
    return isWritableNodeStream(stream) && stream.writable &&
        stream.writableEnded !== true;
}

// Nothing can be read or written any more.
function isFinished(stream) {
    if (!isNodeStream(stream))
        return null;
    return Boolean(isDestroyed(stream) ||
        (!isReadable(stream) && !isWritable(stream)));
}

function isClosed(stream) {
    if (!isNodeStream(stream))
        return null;
    if (typeof stream.closed === 'boolean')
        return stream.closed;
    const r = stream._readableState;
    const w = stream._writableState;

    if (typeof w?.closed === 'boolean' || typeof r?.closed === 'boolean')
        return Boolean(w?.closed || r?.closed);
    return null;
}

// Has an error been told?
function isErrored(stream) {
    return Boolean(stream && (stream._readableState?.errorEmitted ??
        stream._writableState?.errorEmitted));
}

function isDisturbed(stream) {
    return Boolean(stream &&
        (stream.readableDidRead || stream.readableAborted));
}

// Will 'close' follow by itself once the stream is done?
function willEmitClose(stream) {
    const state = stream._writableState || stream._readableState;

    return Boolean(state && state.autoDestroy && state.emitClose &&
        state.closed === false);
}

module.exports = {
    kDuplex, kIsDestroyed, isClosed, isDestroyed, isDisturbed, isErrored,
    isFinished, isIterable, isNodeStream, isReadable, isReadableFinished,
    isReadableNodeStream, isWritable, isWritableFinished,
    isWritableNodeStream, readableError, willEmitClose, writableError,
};
