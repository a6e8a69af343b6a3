// Duplex.from(body): a duplex of nearly anything; and compose(), which makes
// one of a whole chain.
//
// Both come down to one class: Joined, a duplex that hands its writes to one
// stream and reads from another, with both pressures passed on.

const { AbortError, codes } = require('internal/errors');
const { nextTick } = require('internal/core');
const kind = require('internal/streams/kind');
const { destroyer } = require('internal/streams/destroy');
const { finished } = require('internal/streams/end_of_stream');
const { Duplex } = require('internal/streams/duplex');
const { Readable } = require('internal/streams/readable');
const { from } = require('internal/streams/from');

const PREMATURE = 'ERR_STREAM_PREMATURE_CLOSE';

class Joined extends Duplex {
    constructor(readable, writable, options) {
        super({
            // Each half has its own mode; the pressures are the streams' own.
            autoDestroy: true,
            readableObjectMode: Boolean(readable?.readableObjectMode),
            writableObjectMode: Boolean(writable?.writableObjectMode),
            readable: kind.isReadable(readable) === true,
            writable: kind.isWritable(writable) === true,
            ...options,
        });
        this.source = this.readable ? readable : null;
        this.sink = this.writable ? writable : null;
        this.heldWrite = null;
        this.heldFinal = null;
        this.heldClose = null;
        this.open = 0;
        this.watch(this.sink, { readable: false }, true);
        this.watch(this.source, { writable: false }, false);
        this.sink?.on('drain', () => this.release('heldWrite'));
        this.sink?.on('finish', () => this.release('heldFinal'));
        this.source?.on('readable', () => this._read());
        this.source?.on('end', () => this.push(null));
    }

    // One half is over: the whole follows when it has failed, or when the
    // other is over too.
    watch(stream, options, isSink) {
        if (stream === null) {
            return;
        }
        this.open++;
        finished(stream, options, (error) => {
            this.open--;
            if (error && !(isSink && this.sinkEndedEarly(error))) {
                this.giveUp(error);
            } else if (this.open === 0) {
                this.release('heldClose');
            }
        });
    }

    // A function that stops reading closes its input: the output goes on.
    sinkEndedEarly(error) {
        if (error.code !== PREMATURE || this.source === null ||
            !this.ignoresEarlySinkEnd) {
            return false;
        }
        this.release('heldWrite');
        this.release('heldFinal');
        return true;
    }

    giveUp(error) {
        const close = this.heldClose;

        this.heldClose = null;
        if (close) {
            close(error);
        } else {
            this.destroy(error);
        }
    }

    release(name) {
        const callback = this[name];

        this[name] = null;
        callback?.();
    }

    _write(chunk, encoding, callback) {
        if (this.sink.destroyed || this.sink.write(chunk, encoding)) {
            callback();
        } else {
            this.heldWrite = callback;
        }
    }

    _final(callback) {
        if (this.sink.writableFinished || this.sink.destroyed) {
            callback();
            return;
        }
        this.heldFinal = callback;
        this.sink.end();
    }

    _read() {
        let chunk;

        while (this.source !== null &&
               (chunk = this.source.read()) !== null) {
            if (!this.push(chunk)) {
                return;
            }
        }
    }

    _destroy(error, callback) {
        if (!error && this.open > 0) {
            error = new AbortError();
        }
        this.heldWrite = null;
        this.heldFinal = null;
        for (const stream of [this.sink, this.source]) {
            if (stream !== null && this.open > 0) {
                destroyer(stream, error);
            }
        }
        callback(error);
    }
}

function duplexify(body, name) {
    if (body?.[kind.kDuplex]) {
        return body;
    }
    if (kind.isNodeStream(body)) {
        return joinStream(body);
    }
    if (typeof body === 'function') {
        return fromFunction(body);
    }
    if (kind.isIterable(body)) {
        return from(Duplex, body, { objectMode: true, writable: false });
    }
    if (kind.isNodeStream(body?.readable) ||
        kind.isNodeStream(body?.writable)) {
        const { readable, writable } = body;
        return new Joined(readable, writable, readable && writable
            ? undefined : { readable: !!readable, writable: !!writable });
    }
    if (typeof body?.then === 'function') {
        return fromPromise(body);
    }
    throw new codes.ERR_INVALID_ARG_TYPE(name, [
        'Blob', 'ReadableStream', 'WritableStream', 'Stream', 'Iterable',
        'AsyncIterable', 'Function', '{ readable, writable } pair', 'Promise',
    ], body);
}

function joinStream(stream) {
    const reads = kind.isReadableNodeStream(stream);
    const writes = kind.isWritableNodeStream(stream);
    const source = reads && typeof stream.read !== 'function'
        ? Readable.wrap(stream, { objectMode: true }) : stream;

    return new Joined(reads ? source : null, writes ? stream : null);
}

function fromPromise(promise) {
    return from(Duplex, (async function* () {
        const value = await promise;

        if (value !== null && value !== undefined) {
            yield value;
        }
    })(), { objectMode: true, writable: false });
}

// A function of an async iterable: what it takes is written to us, what it
// gives is read from us.
function fromFunction(body) {
    const { PassThrough } = require('internal/streams/transform');
    const input = new PassThrough({ objectMode: true });
    const controller = new AbortController();
    const { signal } = controller;
    const result = body(takeAll(input), { signal });
    let joined;

    if (kind.isIterable(result)) {
        const output = from(Readable, result, { objectMode: true });

        joined = new Joined(output, input);
        joined.ignoresEarlySinkEnd = true;
    } else if (typeof result?.then === 'function') {
        joined = consumer(input, result);
    } else {
        throw new codes.ERR_INVALID_RETURN_VALUE(
            'Iterable, AsyncIterable or AsyncFunction', 'body', result);
    }
    joined.on('close', () => controller.abort());
    return joined;
}

// A consumer that has stopped listening leaves its input open for writes.
async function* takeAll(input) {
    yield* input;
}

// async (source) => {}: writes only, and is finished when the promise is.
function consumer(input, promise) {
    const joined = new Joined(null, input, { readable: false });
    const settled = promise.then((value) => {
        if (value !== null && value !== undefined) {
            throw new codes.ERR_INVALID_RETURN_VALUE('nully', 'body', value);
        }
    });

    settled.catch((error) => nextTick(() => joined.destroy(error)));
    joined._final = function (callback) {
        input.end();
        settled.then(() => nextTick(callback, null),
            (error) => nextTick(callback, error));
    };
    return joined;
}

// One duplex that writes to the first of the streams and reads from the last.
function compose(...streams) {
    if (streams.length === 0) {
        throw new codes.ERR_MISSING_ARGS('streams');
    }
    const parts = streams.map((stream, i) => (
        kind.isNodeStream(stream) ? stream
            : duplexify(stream, 'body')));

    parts.forEach((part, i) => checkPart(streams[i], part, i, parts.length));
    if (parts.length === 1) {
        return duplexify(parts[0], 'streams[0]');
    }
    const { startPipeline } = require('internal/streams/pipeline');
    const head = parts[0];
    const tail = parts.at(-1);
    const joined = new Joined(
        kind.isReadable(tail) ? tail : null,
        kind.isWritable(head) ? head : null);

    startPipeline(parts, {}, (error) => {
        if (error && error.code !== PREMATURE) {
            joined.destroy(error);
        }
    });
    return joined;
}

function checkPart(given, part, i, count) {
    const name = `streams[${i}]`;

    if (i < count - 1 && !kind.isReadable(part)) {
        throw new codes.ERR_INVALID_ARG_VALUE(name, given, 'must be readable');
    }
    if (i > 0 && !kind.isWritable(part)) {
        throw new codes.ERR_INVALID_ARG_VALUE(name, given, 'must be writable');
    }
}

module.exports = { compose, duplexify };
