// internal/fs/streams: files as streams
//
// The idea: they are made of the callback forms of fs, whose outcome comes in a
// later turn of the loop, so that a long file does not keep others from theirs;
// and backpressure is the stream's own: nothing is read before it was asked for,
// and a write is over when the kernel has all of it. One that is destroyed
// meanwhile closes its file when the operation under way has been told.

const { Readable, Writable, finished } = require('stream');
const { Buffer } = require('buffer');
const { nextTick } = require('internal/core');
const { codes } = require('internal/errors');
const { errorOrDestroy } = require('internal/streams/destroy');
const {
    validateAbortSignal, validateBoolean, validateInteger,
} = require('internal/validators');
const fs = require('fs');

const CHUNK = 64 * 1024;
const MOST_ATTEMPTS = 6; // to write something to what takes nothing at present

const TAKES_NOTHING = {
    syscall: 'write', code: 'EAGAIN', message: 'nothing was taken',
};

const kIsBusy = Symbol('isBusy');
const kIdle = Symbol('idle');

function toOptions(options, defaults) {
    if (options === undefined || options === null)
        return { ...defaults };
    if (typeof options === 'string')
        options = { encoding: options };
    if (typeof options !== 'object')
        throw new codes.ERR_INVALID_ARG_TYPE('options', ['string', 'Object'],
            options);
    if (options.encoding && options.encoding !== 'buffer' &&
        !Buffer.isEncoding(options.encoding)) {
        throw new codes.ERR_INVALID_ARG_VALUE('encoding', options.encoding,
            'is invalid encoding');
    }
    validateAbortSignal(options.signal, 'options.signal');
    return { ...defaults, ...options };
}

function validateFd(fd) {
    if (fd === undefined || fd === null)
        return null;
    if (typeof fd !== 'number') {
        throw new codes.ERR_INVALID_ARG_TYPE('options.fd',
            ['number', 'FileHandle'], fd);
    }
    validateInteger(fd, 'options.fd', 0, 2147483647);
    return fd;
}

function validatePath(path) {
    if (typeof path === 'string' || path instanceof Uint8Array ||
        typeof path?.href === 'string')
        return path;
    throw new codes.ERR_INVALID_ARG_TYPE('path', ['string', 'Buffer', 'URL'],
        path);
}

// What both have: a file that is opened first and closed last.

// Before the stream is made: one whose arguments are wrong opens nothing.
function check(path, given, defaults) {
    const options = toOptions(given, defaults);

    options.fd = validateFd(options.fd);
    // With a descriptor the path says nothing.
    if (options.fd === null)
        validatePath(path);
    if (options.start !== undefined)
        validateInteger(options.start, 'start', 0);
    return options;
}

function initialize(stream, path, options) {
    stream.fd = options.fd;
    stream.path = path;
    stream.flags = options.flags;
    stream.mode = options.mode ?? 0o666;
    stream.start = options.start;
    stream.pos = options.start;
    stream[kIsBusy] = false;
}

function open(stream, callback) {
    if (stream.fd !== null) {
        callback();
        return;
    }
    fs.open(stream.path, stream.flags, stream.mode, (error, fd) => {
        if (error) {
            callback(error);
            return;
        }
        stream.fd = fd;
        callback();
        stream.emit('open', fd);
        stream.emit('ready');
    });
}

function closeWhenIdle(stream, error, callback) {
    if (stream[kIsBusy]) {
        stream.once(kIdle, (failure) =>
            close(stream, error ?? failure, callback));
    } else {
        close(stream, error, callback);
    }
}

// Standard input is not ours to close, as in Node.
function close(stream, error, callback) {
    if (!stream.fd) {
        callback(error);
    } else if (stream.flush) {
        fs.fsync(stream.fd, (failure) =>
            closeFile(stream, error ?? failure, callback));
    } else {
        closeFile(stream, error, callback);
    }
}

function closeFile(stream, error, callback) {
    fs.close(stream.fd, (failure) => callback(failure ?? error));
    stream.fd = null;
}

// -------------------------------------------------------------------- reading

class ReadStream extends Readable {
    constructor(path, given) {
        const options = check(path, given, { flags: 'r' });
        const {
            autoClose = true, emitClose = true, encoding, end = Infinity,
            highWaterMark = CHUNK, signal, start = 0,
        } = options;

        if (end !== Infinity)
            validateInteger(end, 'end', 0);
        if (start > end) {
            throw new codes.ERR_OUT_OF_RANGE('start',
                `<= "end" (here: ${end})`, start);
        }
        super({
            highWaterMark, emitClose, signal,
            autoDestroy: autoClose !== false,
        });
        initialize(this, path, options);
        this.bytesRead = 0;
        this.end = end;
        if (encoding && encoding !== 'buffer')
            this.setEncoding(encoding);
    }

    get autoClose() {
        return this._readableState.autoDestroy;
    }

    set autoClose(value) {
        this._readableState.autoDestroy = Boolean(value);
    }

    get pending() {
        return this.fd === null;
    }

    close(callback) {
        if (typeof callback === 'function')
            finished(this, callback);
        this.destroy();
    }

    _construct(callback) {
        open(this, callback);
    }

    // `end` is the last byte, and counts from the file's start.
    _read(size) {
        const left = this.end - (this.pos ?? this.bytesRead) + 1;
        const length = Math.min(size, left);

        if (length <= 0) {
            this.push(null);
            return;
        }
        this[kIsBusy] = true;
        fs.read(this.fd, Buffer.allocUnsafeSlow(length), 0, length, this.pos,
            (error, count, buffer) => afterRead(this, error, count, buffer));
    }

    _destroy(error, callback) {
        closeWhenIdle(this, error, callback);
    }
}

function afterRead(stream, error, count, buffer) {
    stream[kIsBusy] = false;
    if (stream.destroyed) {
        stream.emit(kIdle, error);
        return;
    }
    if (error) {
        errorOrDestroy(stream, error);
        return;
    }
    stream.bytesRead += count;
    if (stream.pos !== undefined)
        stream.pos += count;
    if (count === 0)
        stream.push(null);
    else
        stream.push(count === buffer.length ? buffer :
            buffer.subarray(0, count));
}

// -------------------------------------------------------------------- writing

class WriteStream extends Writable {
    constructor(path, given) {
        const options = check(path, given, { flags: 'w' });
        const {
            autoClose = true, emitClose = true, encoding, flush = false,
            highWaterMark, signal,
        } = options;

        if (flush !== null)
            validateBoolean(flush, 'options.flush');
        super({
            highWaterMark, emitClose, signal, decodeStrings: true,
            autoDestroy: autoClose !== false,
        });
        initialize(this, path, options);
        this.bytesWritten = 0;
        this.flush = flush;
        if (encoding && encoding !== 'buffer')
            this.setDefaultEncoding(encoding);
    }

    get autoClose() {
        return this._writableState.autoDestroy;
    }

    set autoClose(value) {
        this._writableState.autoDestroy = Boolean(value);
    }

    get pending() {
        return this.fd === null;
    }

    // Ends it: what was written before is written.
    close(callback) {
        if (callback) {
            if (this.closed) {
                nextTick(callback);
                return;
            }
            this.on('close', callback);
        }
        if (!this.autoClose)
            this.on('finish', this.destroy);
        this.end();
    }

    _construct(callback) {
        open(this, callback);
    }

    _write(chunk, encoding, callback) {
        write(this, chunk, callback);
    }

    _writev(entries, callback) {
        write(this, Buffer.concat(entries.map(({ chunk }) => chunk)), callback);
    }

    _destroy(error, callback) {
        closeWhenIdle(this, error, callback);
    }
}

function write(stream, bytes, callback) {
    const { pos } = stream;

    stream[kIsBusy] = true;
    if (pos !== undefined)
        stream.pos += bytes.length;
    writeRest(stream, bytes, pos, 1, (error) => {
        stream[kIsBusy] = false;
        callback(error);
        if (stream.destroyed)
            stream.emit(kIdle, error);
    });
}

// The kernel may take less than all, and what is not a file nothing at all.
function writeRest(stream, bytes, pos, attempt, callback) {
    fs.write(stream.fd, bytes, 0, bytes.length, pos, (failure, count) => {
        const error = failure?.code === 'EAGAIN' ? null : failure;

        if (error || stream.destroyed) {
            callback(error ?? new codes.ERR_STREAM_DESTROYED('write'));
            return;
        }
        stream.bytesWritten += count;
        if (count === bytes.length)
            callback();
        else if (count === 0 && attempt === MOST_ATTEMPTS)
            callback(new codes.ERR_SYSTEM_ERROR(TAKES_NOTHING));
        else
            writeRest(stream, bytes.subarray(count),
                pos === undefined ? pos : pos + count,
                count === 0 ? attempt + 1 : 1, callback);
    });
}

WriteStream.prototype.destroySoon = WriteStream.prototype.end;

module.exports = { ReadStream, WriteStream };
