// An AbortSignal that destroys a stream.

const { AbortError, codes } = require('internal/errors');
const { validateAbortSignal } = require('internal/validators');
const { isNodeStream } = require('internal/streams/kind');

function addAbortSignal(signal, stream) {
    validateAbortSignal(signal, 'signal');
    if (!isNodeStream(stream)) {
        throw new codes.ERR_INVALID_ARG_TYPE(
            'stream', ['ReadableStream', 'WritableStream', 'Stream'], stream);
    }
    return attachSignal(signal, stream);
}

function attachSignal(signal, stream) {
    if (typeof signal !== 'object' || !('aborted' in signal))
        return stream;
    const { finished } = require('internal/streams/end_of_stream');
    const forget = onAbort(signal, () => {
        stream.destroy(new AbortError(undefined, { cause: signal.reason }));
    });

    if (!signal.aborted)
        finished(stream, forget);
    return stream;
}

// Calls `listener` when the signal aborts, or now if it has; gives a function
// that takes the listener away, so that a long-lived signal collects none.
function onAbort(signal, listener) {
    if (signal.aborted) {
        listener();
        return () => {};
    }
    signal.addEventListener('abort', listener, { once: true });
    return () => signal.removeEventListener('abort', listener);
}

module.exports = { addAbortSignal, attachSignal, onAbort };
