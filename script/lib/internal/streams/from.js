// Streams made of other things: Readable.from(iterable), and wrap() for the
// streams of old, which have 'data' and pause() but no read().

const { codes } = require('internal/errors');
const { nextTick } = require('internal/core');
const { errorOrDestroy } = require('internal/streams/destroy');

// `Stream` is Readable, or Duplex for Duplex.from().
function from(Stream, iterable, options) {
    if (typeof iterable === 'string' || iterable instanceof Buffer) {
        return new Stream({
            objectMode: true,
            ...options,
            read() {
                this.push(iterable);
                this.push(null);
            },
        });
    }
    const stream = new Stream({
        objectMode: true, highWaterMark: 1, ...options,
    });
    const source = new IteratorSource(stream, iterable);

    stream._read = () => source.read();
    stream._destroy = (error, callback) => source.destroy(error, callback);
    return stream;
}

class IteratorSource {
    constructor(stream, iterable) {
        this.stream = stream;
        this.reading = false;
        this.isAsync = typeof iterable?.[Symbol.asyncIterator] === 'function';
        if (this.isAsync) {
            this.iterator = iterable[Symbol.asyncIterator]();
        } else if (typeof iterable?.[Symbol.iterator] === 'function') {
            this.iterator = iterable[Symbol.iterator]();
        } else {
            throw new codes.ERR_INVALID_ARG_TYPE(
                'iterable', ['Iterable'], iterable);
        }
    }

    read() {
        if (!this.reading) {
            this.reading = true;
            this.pump();
        }
    }

    // Waits for what is a promise and for nothing else: as many values of a
    // list as there is room for are pushed at one go.
    async pump() {
        try {
            let hasRoom = true;
            while (hasRoom) {
                const step = this.iterator.next();
                const { value, done } = this.isAsync ? await step : step;
                if (done) {
                    this.stream.push(null);
                    return;
                }
                hasRoom = this.give(value && typeof value.then === 'function'
                    ? await value : value);
            }
        } catch (error) {
            this.stream.destroy(error);
        }
    }

    // Says whether there is room for another.
    give(value) {
        if (value === null) {
            this.reading = false;
            throw new codes.ERR_STREAM_NULL_VALUES();
        }
        if (this.stream.push(value))
            return true;
        this.reading = false;
        return false;
    }

    destroy(error, callback) {
        this.close(error).then(
            () => nextTick(callback, error),
            (failure) => nextTick(callback, failure || error));
    }

    // The generator's own `finally` and `catch` are to run.
    async close(error) {
        if (error !== undefined && error !== null &&
            typeof this.iterator.throw === 'function') {
            const { value, done } = await this.iterator.throw(error);

            await value;
            if (done)
                return;
        }
        if (typeof this.iterator.return === 'function') {
            const { value } = await this.iterator.return();

            await value;
        }
    }
}

function wrap(stream, source) {
    let paused = false;

    source.on('data', (chunk) => {
        if (!stream.push(chunk) && source.pause) {
            paused = true;
            source.pause();
        }
    });
    source.on('end', () => stream.push(null));
    source.on('error', (error) => errorOrDestroy(stream, error));
    source.on('close', () => stream.destroy());
    source.on('destroy', () => stream.destroy());

    stream._read = () => {
        if (paused && source.resume) {
            paused = false;
            source.resume();
        }
    };
    // What the old stream can do besides, the new one can too.
    for (const name of Object.keys(source)) {
        if (stream[name] === undefined && typeof source[name] === 'function')
            stream[name] = source[name].bind(source);
    }
    return stream;
}

module.exports = { from, wrap };
