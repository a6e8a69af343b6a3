// finished(stream, callback): tells once that a stream is over, and why.
//
// Over means: each half that matters has ended, and 'close' has come if the
// stream is of those that close themselves. An error, and a close before the
// end, are told as errors. What the stream is and how far it has come is asked
// in kind.js.

const { AbortError, codes } = require('internal/errors');
const { nextTick } = require('internal/core');
const { validateAbortSignal, validateBoolean, validateFunction,
    validateObject } = require('internal/validators');
const kind = require('internal/streams/kind');
const { onAbort } = require('internal/streams/add_abort_signal');

const nop = () => {};

class Watch {
    constructor(stream, options, callback) {
        this.stream = stream;
        this.callback = callback;
        this.forgetSignal = nop;
        this.listeners = [];
        this.readable =
            options.readable ?? kind.isReadableNodeStream(stream);
        this.writable =
            options.writable ?? kind.isWritableNodeStream(stream);
        this.willClose = kind.willEmitClose(stream) &&
            kind.isReadableNodeStream(stream) === this.readable &&
            kind.isWritableNodeStream(stream) === this.writable;
        this.readDone = kind.isReadableFinished(stream, false);
        this.writeDone = kind.isWritableFinished(stream, false);
        this.closed = kind.isClosed(stream);
    }

    start(options) {
        const { stream } = this;

        // A stream of the first make: 'finish' cannot be relied on.
        if (this.writable && !stream._writableState &&
            typeof stream.writableFinished !== 'boolean') {
            const onLegacy = () => {
                if (!stream.writable)
                    this.onFinish();
            };
            this.listen('end', onLegacy);
            this.listen('close', onLegacy);
        }
        // Such a one may abort without closing.
        if (!this.willClose && typeof stream.aborted === 'boolean')
            this.listen('aborted', () => this.onClose());
        this.listen('end', () => this.onEnd());
        this.listen('finish', () => this.onFinish());
        if (options.error !== false)
            this.listen('error', (error) => this.settle(error));
        this.listen('close', () => this.onClose());
        this.lookBack();
        if (options.signal && !this.closed)
            this.obey(options.signal);
    }

    // What has happened before we came emits nothing any more.
    lookBack() {
        const { stream } = this;
        const r = stream._readableState;
        const w = stream._writableState;

        if (this.closed) {
            nextTick(() => this.onClose());
        } else if (w?.errorEmitted || r?.errorEmitted) {
            if (!this.willClose)
                nextTick(() => this.onClosed());
        } else if (!this.readable &&
            (!this.willClose || kind.isReadable(stream)) &&
            (this.writeDone || kind.isWritable(stream) === false) &&
            !w?.pendingcb) {
            nextTick(() => this.onClosed());
        } else if (!this.writable &&
            (!this.willClose || kind.isWritable(stream)) &&
            (this.readDone || kind.isReadable(stream) === false)) {
            nextTick(() => this.onClosed());
        }
    }

    obey(signal) {
        const abort = () => {
            this.settle(new AbortError(undefined, { cause: signal.reason }));
        };

        if (signal.aborted)
            nextTick(abort);
        else
            this.forgetSignal = onAbort(signal, abort);
    }

    listen(event, listener) {
        this.listeners.push(event, listener);
        this.stream.on(event, listener);
    }

    onEnd() {
        this.readDone = true;
        // A destroyed stream's close may have been meant for someone else.
        if (this.stream.destroyed)
            this.willClose = false;
        if (this.willClose && (!this.stream.writable || this.writable))
            return;
        if (!this.writable || this.writeDone)
            this.settle();
    }

    onFinish() {
        this.writeDone = true;
        if (this.stream.destroyed)
            this.willClose = false;
        if (this.willClose && (!this.stream.readable || this.readable))
            return;
        if (!this.readable || this.readDone)
            this.settle();
    }

    // 'close' has come: was everything said before it?
    onClose() {
        const { stream } = this;

        this.closed = true;
        const error = kind.writableError(stream) || kind.readableError(stream);

        if (error && typeof error !== 'boolean')
            this.settle(error);
        else if (this.isCutOff())
            this.settle(new codes.ERR_STREAM_PREMATURE_CLOSE());
        else
            this.settle();
    }

    isCutOff() {
        const { stream } = this;

        return (this.readable && !this.readDone &&
                kind.isReadableNodeStream(stream, true) &&
                !kind.isReadableFinished(stream, false)) ||
            (this.writable && !this.writeDone &&
                !kind.isWritableFinished(stream, false));
    }

    onClosed() {
        const { stream } = this;

        this.closed = true;
        const error = kind.writableError(stream) || kind.readableError(stream);

        if (error && typeof error !== 'boolean')
            this.settle(error);
        else
            this.settle();
    }

    // Listeners stay until stop(): an 'error' that comes after the end would
    // else be thrown.
    settle(...args) {
        const { callback } = this;

        this.callback = nop;
        this.forgetSignal();
        if (callback !== nop)
            callback.apply(this.stream, args);
    }

    stop() {
        this.callback = nop;
        this.forgetSignal();
        for (let i = 0; i < this.listeners.length; i += 2) {
            this.stream.removeListener(
                this.listeners[i], this.listeners[i + 1]);
        }
        this.listeners = [];
    }
}

// Returns a function that stops the watch and takes the listeners away.
function finished(stream, options, callback) {
    if (arguments.length === 2) {
        callback = options;
        options = {};
    } else if (options === null || options === undefined) {
        options = {};
    } else {
        validateObject(options, 'options');
    }
    validateFunction(callback, 'callback');
    validateAbortSignal(options.signal, 'options.signal');
    if (!kind.isNodeStream(stream)) {
        throw new codes.ERR_INVALID_ARG_TYPE(
            'stream', ['ReadableStream', 'WritableStream', 'Stream'], stream);
    }
    const watch = new Watch(stream, options, callback);

    watch.start(options);
    return () => watch.stop();
}

// The same as a promise; `cleanup: true` takes the listeners away.
function finishedPromise(stream, options = {}) {
    if (options !== null && options !== undefined &&
        options.cleanup !== undefined)
        validateBoolean(options.cleanup, 'cleanup');
    return new Promise((resolve, reject) => {
        const stop = finished(stream, options, (error) => {
            if (options?.cleanup)
                stop();
            if (error)
                reject(error);
            else
                resolve();
        });
    });
}

// What `await using` does at the end of a block.
function disposed(stream) {
    let error;

    if (!stream.destroyed) {
        const over = stream.readableEnded ?? stream.writableFinished;

        error = over ? null : new AbortError();
        stream.destroy(error);
    }
    return new Promise((resolve, reject) => {
        finished(stream, (failure) => {
            if (failure && failure !== error)
                reject(failure);
            else
                resolve();
        });
    });
}

module.exports = { disposed, finished, finishedPromise };
