// internal/titanium/io_stream: what sockets and buffer streams share
//
// A stream is four functions on bytes, two that block and two that answer
// later: [READ](view) and [WRITE](view) give a count, -1 for the end;
// [READ_LATER](room, done) and [WRITE_LATER](view, done) call done(error, count),
// never from inside the call. `room` is a function that gives the view when
// there are bytes for it: meanwhile a program may have given its buffer another
// length. All checks of arguments stand before them, here and in stream.js.

const { codes } = require('internal/errors');
const { defer } = require('internal/core');
const { validateInteger } = require('internal/validators');
const { TiBuffer, checkBuffer } = require('internal/titanium/buffer');

const READ = Symbol('read');
const WRITE = Symbol('write');
const READ_LATER = Symbol('readLater');
const WRITE_LATER = Symbol('writeLater');
const CLOSED = Symbol('closed'); // by the program itself

class IOStream {
    read(buffer, offset, length) {
        checkBuffer(buffer);
        return this[READ](buffer.view(offset, length));
    }

    write(buffer, offset, length) {
        checkBuffer(buffer);
        return this[WRITE](buffer.view(offset, length));
    }
}

// --------------------------------------------------- a stream over a buffer

const MODE_READ = 0;
const MODE_WRITE = 1;
const MODE_APPEND = 2;

class BufferStream extends IOStream {
    #source;
    #mode;
    #position;
    #closed = false;

    constructor(source, mode) {
        super();
        this.#source = source;
        this.#mode = mode;
        this.#position = mode === MODE_APPEND ? source.length : 0;
    }

    isReadable() {
        return !this.#closed && this.#mode === MODE_READ;
    }

    isWritable() {
        return !this.#closed && this.#mode !== MODE_READ;
    }

    close() {
        if (this.#closed)
            throw new codes.ERR_INVALID_STATE('the stream is closed');
        this.#closed = true;
    }

    get [CLOSED]() {
        return this.#closed;
    }

    [READ](view) {
        if (!this.isReadable())
            throw new codes.ERR_INVALID_STATE('the stream is not readable');
        const left = this.#source.length - this.#position;
        if (view.length > 0 && left <= 0)
            return -1;
        const count = this.#source.bytes.copy(view, 0, this.#position);
        this.#position += count;
        return count;
    }

    // The source grows when there is no room: nothing is lost.
    [WRITE](view) {
        if (!this.isWritable())
            throw new codes.ERR_INVALID_STATE('the stream is not writable');
        const source = this.#source;
        const position = this.#mode === MODE_APPEND ? source.length
            : this.#position;
        const bytes = Buffer.from(view); // it may be the source's own
        if (position + bytes.length > source.length)
            source.length = position + bytes.length;
        bytes.copy(source.bytes, position);
        this.#position = position + bytes.length;
        return bytes.length;
    }

    [READ_LATER](room, done) {
        this.#later(() => this[READ](room()), done);
    }

    [WRITE_LATER](view, done) {
        this.#later(() => this[WRITE](view), done);
    }

    #later(action, done) {
        let count = -1;
        let error = null;
        try {
            count = action();
        } catch (thrown) {
            error = thrown;
        }
        defer(done, error, count);
    }

    get [Symbol.toStringTag]() {
        return 'Titanium.BufferStream';
    }
}

function createStream(options) {
    require('internal/validators').validateObject(options, 'options');
    const { source, mode = MODE_READ } = options;
    if (!(source instanceof TiBuffer)) {
        throw new codes.ERR_INVALID_ARG_TYPE('options.source',
            'Titanium.Buffer', source);
    }
    validateInteger(mode, 'options.mode', MODE_READ, MODE_APPEND);
    return new BufferStream(source, mode);
}

module.exports = {
    IOStream, createStream, MODE_READ, MODE_WRITE, MODE_APPEND,
    READ, WRITE, READ_LATER, WRITE_LATER, CLOSED,
};
