// stream: what the module gives. The constructor Stream itself, with the
// classes and functions as its properties; what few programs use is loaded
// when it is first touched.

const { Stream } = require('internal/streams/legacy');
const { Readable } = require('internal/streams/readable');
const { Writable } = require('internal/streams/writable');
const { Duplex } = require('internal/streams/duplex');
const { Transform, PassThrough } = require('internal/streams/transform');
const { lazy } = require('internal/lazy');
const kind = require('internal/streams/kind');
const { getDefaultHighWaterMark, setDefaultHighWaterMark } =
    require('internal/streams/high_water_mark');

Object.assign(Stream, {
    isDestroyed: kind.isDestroyed,
    isDisturbed: kind.isDisturbed,
    isErrored: kind.isErrored,
    isReadable: kind.isReadable,
    isWritable: kind.isWritable,
    Readable,
    Writable,
    Duplex,
    Transform,
    PassThrough,
});

lazy(Stream, 'duplexPair', () =>
    require('internal/streams/duplex_pair').duplexPair);
lazy(Stream, 'pipeline', () => {
    const { pipeline, pipelinePromise } = require('internal/streams/pipeline');

    return promisified(pipeline, pipelinePromise);
});
lazy(Stream, 'addAbortSignal', () =>
    require('internal/streams/add_abort_signal').addAbortSignal);
lazy(Stream, 'finished', () => {
    const { finished, finishedPromise } =
        require('internal/streams/end_of_stream');

    return promisified(finished, finishedPromise);
});

Stream.destroy = require('internal/streams/destroy').destroyer;
lazy(Stream, 'compose', () => require('internal/streams/duplexify').compose);
Stream.setDefaultHighWaterMark = setDefaultHighWaterMark;
Stream.getDefaultHighWaterMark = getDefaultHighWaterMark;
lazy(Stream, 'promises', () => require('stream/promises'));
Stream.Stream = Stream;

// What util.promisify() gives for it; the symbol is util's and public.
function promisified(fn, promise) {
    Object.defineProperty(fn, Symbol.for('nodejs.util.promisify.custom'), {
        enumerable: true,
        get: () => promise,
    });
    return fn;
}

// Old packages ask these.
Stream._isArrayBufferView = ArrayBuffer.isView;
Stream._isUint8Array = (value) => value instanceof Uint8Array;
Stream._uint8ArrayToBuffer = (view) =>
    Buffer.from(view.buffer, view.byteOffset, view.byteLength);

module.exports = Stream;
