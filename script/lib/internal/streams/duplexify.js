// Duplex.from(body): a duplex of nearly anything; and compose(), which makes
// one of a whole chain.
//
// Streams come down to one class: Joined, a duplex that hands its writes to
// one stream and reads from another, with both pressures passed on. Functions
// come down to another: FunctionInput, an async iterable of what is written.

const { AbortError, codes } = require('internal/errors');
const { nextTick } = require('internal/core');
const kind = require('internal/streams/kind');
const { destroyer } = require('internal/streams/destroy');
const { finished } = require('internal/streams/end_of_stream');
const { Duplex } = require('internal/streams/duplex');
const { Readable } = require('internal/streams/readable');
const { from } = require('internal/streams/from');

class Joined extends Duplex {
    constructor(source, sink) {
        super({
            readableObjectMode: Boolean(source?.readableObjectMode),
            writableObjectMode: Boolean(sink?.writableObjectMode),
            readable: kind.isReadable(source) === true,
            writable: kind.isWritable(sink) === true,
        });
        this.source = this.readable ? source : null;
        this.sink = this.writable ? sink : null;
        // Callbacks of ours that wait for one of the two streams.
        this.heldWrite = null;
        this.heldFinal = null;
        this.heldClose = null;
        this.wantsMore = false;
        this.over = false;
        this.sink?.on('drain', () => this.release('heldWrite'));
        this.source?.on('readable', () => {
            if (this.wantsMore) {
                this.wantsMore = false;
                this._read();
            }
        });
        this.source?.on('end', () => this.push(null));
    }

    release(name) {
        const callback = this[name];

        this[name] = null;
        callback?.();
    }

    // One of the streams is over, or the chain between them is.
    onOver(error) {
        const close = this.heldClose;

        this.over = true;
        this.heldClose = null;
        if (close !== null)
            close(error);
        else if (error)
            this.destroy(error);
    }

    _write(chunk, encoding, callback) {
        if (this.sink.write(chunk, encoding))
            callback();
        else
            this.heldWrite = callback;
    }

    _final(callback) {
        this.sink.end();
        this.heldFinal = callback;
    }

    _read() {
        while (true) {
            const chunk = this.source.read();

            if (chunk === null) {
                this.wantsMore = true;
                return;
            }
            if (!this.push(chunk))
                return;
        }
    }

    _destroy(error, callback) {
        if (!error && !this.over)
            error = new AbortError();
        this.wantsMore = false;
        this.heldWrite = null;
        this.heldFinal = null;
        if (this.over) {
            callback(error);
        } else {
            this.heldClose = callback;
            destroyer(this.sink, error);
            destroyer(this.source, error);
        }
    }
}

// Two streams that know nothing of each other.
function join(source, sink) {
    if (source && typeof source.read !== 'function')
        source = Readable.wrap(source);
    const joined = new Joined(source, sink);
    const onOver = (error) => {
        if (error)
            destroyer(joined.source, error);
        joined.onOver(error);
    };

    if (joined.sink !== null) {
        finished(joined.sink, onOver);
        joined.sink.on('finish', () => joined.release('heldFinal'));
    }
    if (joined.source !== null)
        finished(joined.source, onOver);
    return joined;
}

function duplexify(body, name) {
    if (body?.[kind.kDuplex])
        return body;
    if (kind.isNodeStream(body)) {
        return join(
            kind.isReadableNodeStream(body) ? body : null,
            kind.isWritableNodeStream(body) ? body : null);
    }
    if (typeof body === 'function')
        return fromFunction(body, name);
    if (kind.isIterable(body))
        return from(Duplex, body, { objectMode: true, writable: false });
    if (typeof body?.readable === 'object' ||
        typeof body?.writable === 'object')
        return join(halfOf(body.readable), halfOf(body.writable));
    if (typeof body?.then === 'function')
        return fromPromise(body);
    throw new codes.ERR_INVALID_ARG_TYPE(name, [
        'Blob', 'ReadableStream', 'WritableStream', 'Stream', 'Iterable',
        'AsyncIterable', 'Function', '{ readable, writable } pair', 'Promise',
    ], body);
}

// A half of a pair may be anything that a duplex can be made of.
function halfOf(body) {
    if (!body || kind.isNodeStream(body))
        return body;
    return duplexify(body, 'body');
}

function fromPromise(promise) {
    const duplex = new Duplex({ objectMode: true, writable: false, read() {} });

    promise.then((value) => {
        if (value !== null && value !== undefined)
            duplex.push(value);
        duplex.push(null);
    }, (error) => destroyer(duplex, error));
    return duplex;
}

// ------------------------------------------------------------------- functions

// What is written becomes an async iterable. A write is done when the function
// asks for the next chunk: that is the backpressure.
class FunctionInput {
    constructor() {
        this.controller = new AbortController();
        this.signal = this.controller.signal;
        this.expectNext();
    }

    expectNext() {
        this.next = new Promise((resolve) => {
            this.give = resolve;
        });
    }

    write(chunk, callback) {
        this.give({ chunk, done: false, callback });
    }

    end(callback) {
        this.give({ done: true, callback });
    }

    async* chunks() {
        while (true) {
            const { chunk, done, callback } = await this.next;

            nextTick(callback);
            if (done)
                return;
            if (this.signal.aborted) {
                throw new AbortError(
                    undefined, { cause: this.signal.reason });
            }
            this.expectNext();
            yield chunk;
        }
    }

    // The methods of a duplex that is written into this.
    methods() {
        return {
            objectMode: true,
            write: (chunk, encoding, callback) => this.write(chunk, callback),
            final: (callback) => this.end(callback),
            destroy: (error, callback) => {
                this.controller.abort();
                callback(error);
            },
        };
    }
}

function fromFunction(body, name) {
    const input = new FunctionInput();
    const result = body(input.chunks(), { signal: input.signal });

    if (kind.isIterable(result))
        return from(Duplex, result, input.methods());
    if (typeof result?.then === 'function')
        return sinkOf(input, result);
    throw new codes.ERR_INVALID_RETURN_VALUE(
        'Iterable, AsyncIterable or AsyncFunction', name, result);
}

// async (source) => {}: finished when the promise is.
function sinkOf(input, promise) {
    const settled = promise.then((value) => {
        if (value !== null && value !== undefined)
            throw new codes.ERR_INVALID_RETURN_VALUE('nully', 'body', value);
    });
    const sink = new Duplex({
        ...input.methods(),
        readable: false,
        final(callback) {
            input.end(() => {
                settled.then(() => nextTick(callback, null),
                    (error) => nextTick(callback, error));
            });
        },
    });

    settled.catch((error) => destroyer(sink, error));
    return sink;
}

// --------------------------------------------------------------------- compose

// One duplex that writes to the first of the streams and reads from the last.
function compose(...streams) {
    if (streams.length === 0)
        throw new codes.ERR_MISSING_ARGS('streams');
    if (streams.length === 1)
        return duplexify(streams[0], 'streams[0]');
    const parts = streams.map((stream, i) => (
        kind.isNodeStream(stream) ? stream : duplexify(stream, 'body')));

    parts.forEach((part, i) => checkPart(streams[i], part, i, parts.length));

    const { startPipeline } = require('internal/streams/pipeline');
    const head = parts[0];
    const tail = parts.at(-1);

    // It pipes before anybody listens to the tail, which would make it read.
    startPipeline(parts, {}, (error) => {
        joined.onOver(error);
        if (!joined.source && !joined.sink)
            joined.destroy();
    });
    const joined = new Joined(tail, head);
    finished(tail, () => joined.release('heldFinal'));
    joined._destroy = destroyComposed;
    return joined;
}

// The pipeline sees to the parts once its tail is gone, and tells when.
function destroyComposed(error, callback) {
    if (!error && !this.over)
        error = new AbortError();
    this.wantsMore = false;
    this.heldWrite = null;
    this.heldFinal = null;
    destroyer(this.source ?? this.sink, error);
    if (this.over)
        callback(error);
    else
        this.heldClose = callback;
}

function checkPart(given, part, i, count) {
    const name = `streams[${i}]`;

    if (i < count - 1 && !kind.isReadable(part))
        throw new codes.ERR_INVALID_ARG_VALUE(name, given, 'must be readable');
    if (i > 0 && !kind.isWritable(part))
        throw new codes.ERR_INVALID_ARG_VALUE(name, given, 'must be writable');
}

module.exports = { compose, duplexify };
