// pipeline(a, b, c, callback): pipes, and when any part fails or closes early
// destroys all of them and tells once.
//
// A part may be a stream, an iterable (at the front), or a function: at the
// front it gives an iterable, between it turns one iterable into another, at
// the end it may give a promise, whose value is the pipeline's. Each hand-over
// counts one in `pending`; the pipeline is over when all have reported.

const { AbortError, aggregateTwoErrors, codes } = require('internal/errors');
const { nextTick } = require('internal/core');
const { validateAbortSignal, validateFunction } =
    require('internal/validators');
const kind = require('internal/streams/kind');
const destroying = require('internal/streams/destroy');
const { finished } = require('internal/streams/end_of_stream');
const { onAbort } = require('internal/streams/add_abort_signal');

const PREMATURE = 'ERR_STREAM_PREMATURE_CLOSE';

class Pipeline {
    constructor(streams, options, callback) {
        this.streams = streams;
        this.options = options;
        this.callback = callback;
        this.controller = new AbortController();
        this.pending = 0;
        this.error = undefined;
        this.value = undefined;
        // How to destroy the parts, and how to let go of the last one, which
        // the caller may want to go on reading.
        this.destroyers = [];
        this.releases = [];
        this.forgetSignal = () => {};
        // Both are handed about as callbacks.
        this.finish = this.finish.bind(this);
        this.fail = this.fail.bind(this);
    }

    run() {
        const { signal } = this.options;
        let result;

        validateAbortSignal(signal, 'options.signal');
        const abort = () => this.report(
            new AbortError(undefined, { cause: signal.reason }), false);

        if (signal && !signal.aborted)
            this.forgetSignal = onAbort(signal, abort);
        for (let i = 0; i < this.streams.length; i++)
            result = this.add(i, result);
        if (signal?.aborted)
            nextTick(abort);
        return result;
    }

    // One hand-over is done.
    finish(error) {
        this.pending--;
        this.report(error, this.pending === 0);
    }

    // Something failed that does not count as a hand-over.
    fail(error) {
        this.report(error, false);
    }

    report(error, final) {
        // A premature close is but the consequence of the real error.
        if (error && (!this.error || this.error.code === PREMATURE))
            this.error = error;
        if (!this.error && !final)
            return;
        for (const destroy of this.destroyers.splice(0))
            destroy(this.error);
        this.forgetSignal();
        this.controller.abort();
        if (!final)
            return;
        if (!this.error)
            this.releases.forEach((release) => release());
        nextTick(this.callback, this.error, this.value);
    }

    // Joins part `i` to what came before; gives what comes out of it.
    add(i, source) {
        const part = this.streams[i];
        const isLast = i === this.streams.length - 1;
        const end = !isLast || this.options.end !== false;

        if (kind.isNodeStream(part))
            this.guard(part, i, isLast, end);
        if (i === 0)
            return this.open(part);
        if (typeof part === 'function')
            return this.addFunction(part, i, source, isLast, end);
        if (kind.isNodeStream(part)) {
            this.addStream(part, source, isLast, end);
            return part;
        }
        return duplexFrom(part);
    }

    guard(stream, i, isLast, end) {
        const goesOn = isLast && kind.isReadable(stream);

        if (end) {
            const { destroy, cleanUp } =
                this.destroyer(stream, !isLast, i > 0);

            this.destroyers.push(destroy);
            if (goesOn)
                this.releases.push(cleanUp);
        }
        const onError = (error) => {
            if (error && error.name !== 'AbortError' &&
                error.code !== PREMATURE)
                this.fail(error);
        };

        stream.on('error', onError);
        if (goesOn)
            this.releases.push(() => stream.removeListener('error', onError));
    }

    destroyer(stream, reading, writing) {
        let over = false;

        stream.on('close', () => {
            over = true;
        });
        const cleanUp = finished(
            stream, { readable: reading, writable: writing }, (error) => {
                over = !error;
            });

        const destroy = (error) => {
            if (!over) {
                over = true;
                destroying.destroyer(stream,
                    error || new codes.ERR_STREAM_DESTROYED('pipe'));
            }
        };

        return { destroy, cleanUp };
    }

    open(part) {
        if (typeof part !== 'function') {
            return kind.isIterable(part) || kind.isReadableNodeStream(part)
                ? part : duplexFrom(part);
        }
        const result = part({ signal: this.controller.signal });

        if (!kind.isIterable(result)) {
            throw new codes.ERR_INVALID_RETURN_VALUE(
                'Iterable, AsyncIterable or Stream', 'source', result);
        }
        return result;
    }

    addFunction(part, i, source, isLast, end) {
        const result = part(asyncIterable(source),
            { signal: this.controller.signal });

        if (isLast)
            return this.collect(result, end);
        if (!kind.isIterable(result, true)) {
            throw new codes.ERR_INVALID_RETURN_VALUE(
                'AsyncIterable', `transform[${i - 1}]`, result);
        }
        return result;
    }

    // A function at the end: what it gives is the pipeline's result, as a
    // value for the callback and as a stream for who goes on piping.
    collect(result, end) {
        const { PassThrough } = require('internal/streams/transform');
        const output = new PassThrough({ objectMode: true });

        if (typeof result?.then === 'function') {
            this.pending++;
            this.settleWith(result, output, end);
        } else if (kind.isIterable(result, true)) {
            this.pending++;
            pump(result, output, this.finish, end);
        } else {
            throw new codes.ERR_INVALID_RETURN_VALUE(
                'AsyncIterable or Promise', 'destination', result);
        }
        const { destroy, cleanUp } = this.destroyer(output, false, true);

        this.destroyers.push(destroy);
        this.releases.push(cleanUp);
        return output;
    }

    settleWith(promise, output, end) {
        promise.then((value) => {
            this.value = value;
            if (value !== null && value !== undefined)
                output.write(value);
            if (end)
                output.end();
            nextTick(this.finish);
        }, (error) => {
            output.destroy(error);
            nextTick(this.finish, error);
        });
    }

    addStream(stream, source, isLast, end) {
        if (kind.isReadableNodeStream(source)) {
            this.pending += 2;
            const cleanUp = this.pipe(source, stream, end);

            if (isLast && kind.isReadable(stream))
                this.releases.push(cleanUp);
        } else if (kind.isIterable(source)) {
            this.pending++;
            pump(source, stream, this.finish, end);
        } else {
            throw new codes.ERR_INVALID_ARG_TYPE(
                'val', ['Readable', 'Iterable', 'AsyncIterable',
                    'ReadableStream', 'TransformStream'], source);
        }
    }

    pipe(source, dest, end) {
        let ended = false;

        dest.on('close', () => {
            if (!ended)
                this.fail(new codes.ERR_STREAM_PREMATURE_CLOSE());
        });
        source.pipe(dest, { end: false });
        if (end) {
            // Not pipe()'s own ending, which spares stdout.
            const onEnd = () => {
                ended = true;
                dest.end();
            };
            if (kind.isReadableFinished(source))
                nextTick(onEnd);
            else
                source.once('end', onEnd);
        } else {
            this.finish();
        }
        finished(source, { readable: true, writable: false }, (error) => {
            if (error?.code === PREMATURE && canStillEnd(source)) {
                // Closed, but what it had is still to be read.
                source.once('end', this.finish);
                source.once('error', this.finish);
            } else {
                this.finish(error);
            }
        });
        return finished(
            dest, { readable: false, writable: true }, this.finish);
    }
}

function canStillEnd(stream) {
    const state = stream._readableState;

    return Boolean(state?.ended) && !state.errored && !state.errorEmitted;
}

function duplexFrom(part) {
    return require('internal/streams/duplex').Duplex.from(part);
}

function asyncIterable(source) {
    if (kind.isIterable(source))
        return source;
    if (kind.isReadableNodeStream(source)) {
        // A stream of the first make.
        return require('internal/streams/iterate').iterate(source);
    }
    throw new codes.ERR_INVALID_ARG_TYPE(
        'val', ['Readable', 'Iterable', 'AsyncIterable'], source);
}

// Writes what an iterable gives, at the pace of the writable.
async function pump(iterable, writable, finish, end) {
    let failure;
    let wake = null;

    function onProgress(error) {
        failure ??= error;
        wake?.();
        wake = null;
    }

    function drained() {
        return new Promise((resolve, reject) => {
            if (failure) {
                reject(failure);
                return;
            }
            wake = () => (failure ? reject(failure) : resolve());
        });
    }

    const onDrain = () => onProgress();

    writable.on('drain', onDrain);
    const cleanUp = finished(writable, { readable: false }, onProgress);

    try {
        if (writable.writableNeedDrain)
            await drained();
        for await (const chunk of iterable) {
            if (!writable.write(chunk))
                await drained();
        }
        if (end) {
            writable.end();
            await drained();
        }
        finish();
    } catch (error) {
        finish(aggregateTwoErrors(failure, error));
    } finally {
        cleanUp();
        writable.removeListener('drain', onDrain);
    }
}

function start(streams, options, callback) {
    if (streams.length === 1 && Array.isArray(streams[0]))
        streams = streams[0];
    if (streams.length < 2)
        throw new codes.ERR_MISSING_ARGS('streams');
    return new Pipeline(streams, options, callback).run();
}

function pipeline(...streams) {
    validateFunction(
        streams.at(-1), 'streams[stream.length - 1]');
    return start(streams, {}, once(streams.pop()));
}

// Also tells the callback once only: a function part may misbehave.
function once(callback) {
    let called = false;

    return function (...args) {
        if (!called) {
            called = true;
            callback.apply(this, args);
        }
    };
}

function pipelinePromise(...streams) {
    return new Promise((resolve, reject) => {
        const last = streams.at(-1);
        let options = {};

        if (last && typeof last === 'object' && !kind.isNodeStream(last) &&
            !kind.isIterable(last))
            options = streams.pop();
        start(streams, options, (error, value) => {
            if (error)
                reject(error);
            else
                resolve(value);
        });
    });
}

module.exports = { pipeline, pipelinePromise, startPipeline: start };
