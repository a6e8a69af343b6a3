// internal/fs/streams: files as streams
//
// The idea: the system calls are the synchronous ones of fs, but one chunk is
// read in one turn of the loop, so that a long file does not keep others from
// theirs; and backpressure is the stream's own: nothing is read before it was
// asked for, and a write is over when the kernel has all of it.

const { Readable, Writable } = require('stream');
const { Buffer } = require('buffer');
const { nextTick } = require('internal/core');
const { codes, uvException } = require('internal/errors');
const {
    validateAbortSignal, validateBoolean, validateFunction, validateInteger,
} = require('internal/validators');
const fs = require('fs');
const timers = require('timers');
const native = binding.fs;

const CHUNK = 64 * 1024;

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
}

function open(stream, callback) {
    if (stream.fd !== null) {
        callback();
        return;
    }
    try {
        stream.fd = fs.openSync(stream.path, stream.flags, stream.mode);
    } catch (error) {
        callback(error);
        return;
    }
    callback();
    stream.emit('open', stream.fd);
    stream.emit('ready');
}

function close(stream, error, callback) {
    const { fd } = stream;

    stream.fd = null;
    if (fd === null) {
        callback(error);
        return;
    }
    const result = native.close(fd);
    callback(error ?? (result < 0 ?
        uvException({ errno: result, syscall: 'close' }) : null));
}

function closeFirst(stream, callback) {
    if (callback !== undefined) {
        validateFunction(callback, 'cb');
        if (stream.closed)
            nextTick(callback);
        else
            stream.once('close', () => callback());
    }
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
        closeFirst(this, callback);
        this.destroy();
    }

    _construct(callback) {
        open(this, callback);
    }

    _read(size) {
        timers.setImmediate(readChunk, this, size);
    }

    _destroy(error, callback) {
        close(this, error, callback);
    }
}

function readChunk(stream, size) {
    if (stream.destroyed)
        return;
    // `end` is the last byte, and counts from the file's start.
    const left = stream.pos === undefined ?
        stream.end - stream.bytesRead + 1 : stream.end - stream.pos + 1;
    const length = Math.min(size, left);
    if (length <= 0) {
        stream.push(null);
        return;
    }
    const buffer = Buffer.allocUnsafeSlow(length);
    const count = native.read(stream.fd, buffer, 0, length, stream.pos ?? -1);
    if (count < 0) {
        stream.destroy(uvException({ errno: count, syscall: 'read' }));
        return;
    }
    stream.bytesRead += count;
    if (stream.pos !== undefined)
        stream.pos += count;
    if (count === 0)
        stream.push(null);
    else
        stream.push(count === length ? buffer : buffer.subarray(0, count));
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
        closeFirst(this, callback);
        if (!this.autoClose)
            this.on('finish', this.destroy);
        this.end();
    }

    _construct(callback) {
        open(this, callback);
    }

    _write(chunk, encoding, callback) {
        for (let done = 0; done < chunk.length;) {
            const count = native.write(this.fd, chunk, done,
                chunk.length - done, this.pos ?? -1);
            if (count < 0) {
                callback(uvException({ errno: count, syscall: 'write' }));
                return;
            }
            done += count;
            this.bytesWritten += count;
            if (this.pos !== undefined)
                this.pos += count;
        }
        callback();
    }

    _final(callback) {
        const result = this.flush ? native.fsync(this.fd) : 0;
        callback(result < 0 ?
            uvException({ errno: result, syscall: 'fsync' }) : null);
    }

    _destroy(error, callback) {
        close(this, error, callback);
    }
}

WriteStream.prototype.destroySoon = WriteStream.prototype.end;

module.exports = { ReadStream, WriteStream };
