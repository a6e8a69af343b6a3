// internal/titanium/stream: Ti.Stream
//
// Each function checks what it is given, and throws; what happens later, and
// that a stream is in no state for it, is told to the callback.

const { codes } = require('internal/errors');
const { validateBoolean, validateFunction, validateInteger } =
    require('internal/validators');
const { checkBuffer, bufferOf } = require('internal/titanium/buffer');
const { IOStream, createStream, MODE_READ, MODE_WRITE, MODE_APPEND,
    READ, WRITE, READ_LATER, WRITE_LATER, CLOSED } =
    require('internal/titanium/io_stream');

const CHUNK = 64 * 1024; // what readAll asks for at once
const LARGEST = 2 ** 31 - 1;

function checkStream(stream, name) {
    if (!(stream instanceof IOStream))
        throw new codes.ERR_INVALID_ARG_TYPE(name, 'Titanium.IOStream', stream);
}

function checkChunkSize(size) {
    validateInteger(size, 'maxChunkSize', 1, LARGEST);
}

// The system's number of an error, -1 for those that have none.
function numberOf(error) {
    return typeof error.errno === 'number' ? Math.abs(error.errno) : -1;
}

// What every callback is told, besides the streams.
function outcome(error, bytesProcessed) {
    return {
        bytesProcessed,
        errorState: error ? 1 : 0,
        errorDescription: error ? error.message : '',
        success: !error,
        error: error ? error.message : undefined,
        code: error ? numberOf(error) : 0,
    };
}

// The callback stands last, whether offset and length are there or not.
function takeCallback(rest) {
    const callback = rest.pop();
    validateFunction(callback, 'resultsCallback');
    return callback;
}

// -------------------------------------------------------------- one operation

function read(sourceStream, buffer, ...rest) {
    checkStream(sourceStream, 'sourceStream');
    checkBuffer(buffer);
    const callback = takeCallback(rest);
    const { byteOffset, length } = buffer.view(rest[0], rest[1]);
    const start = byteOffset - buffer.bytes.byteOffset;
    sourceStream[READ_LATER](
        () => buffer.bytes.subarray(start, start + length),
        (error, count) => callback({
            source: sourceStream, ...outcome(error, error ? -1 : count),
        }));
}

function write(outputStream, buffer, ...rest) {
    checkStream(outputStream, 'outputStream');
    checkBuffer(buffer);
    const callback = takeCallback(rest);
    outputStream[WRITE_LATER](buffer.view(rest[0], rest[1]),
        (error, count) => callback({
            source: outputStream, ...outcome(error, error ? -1 : count),
        }));
}

// ----------------------------------------------------------------------- all

// Reads by chunks until the end: each(bytes, next) for each, over(error) last.
function eachChunk(stream, size, each, over) {
    const room = Buffer.alloc(size);
    const next = () => stream[READ_LATER](() => room, (error, count) => {
        if (error || count < 0)
            over(error);
        else
            each(room.subarray(0, count), next);
    });
    next();
}

function readAll(sourceStream, buffer, resultsCallback) {
    checkStream(sourceStream, 'sourceStream');
    if (buffer !== undefined || resultsCallback !== undefined)
        checkBuffer(buffer);
    if (resultsCallback === undefined)
        return readAllNow(sourceStream, buffer ?? bufferOf(Buffer.alloc(0)));
    validateFunction(resultsCallback, 'resultsCallback');
    const parts = [];
    eachChunk(sourceStream, CHUNK, (bytes, next) => {
        parts.push(Buffer.from(bytes));
        next();
    }, (error) => {
        buffer.bytes = Buffer.concat(parts);
        resultsCallback({
            source: sourceStream, ...outcome(error, buffer.length),
        });
    });
    return undefined;
}

function readAllNow(stream, buffer) {
    const room = Buffer.alloc(CHUNK);
    const parts = [];
    for (let count; (count = stream[READ](room)) >= 0;)
        parts.push(Buffer.from(room.subarray(0, count)));
    buffer.bytes = Buffer.concat(parts);
    return buffer;
}

function writeStream(inputStream, outputStream, maxChunkSize,
    resultsCallback) {
    checkStream(inputStream, 'inputStream');
    checkStream(outputStream, 'outputStream');
    checkChunkSize(maxChunkSize);
    if (resultsCallback === undefined)
        return writeStreamNow(inputStream, outputStream, maxChunkSize);
    validateFunction(resultsCallback, 'resultsCallback');
    let total = 0;
    const over = (error) => resultsCallback({
        fromStream: inputStream, toStream: outputStream,
        ...outcome(error, total),
    });
    // The next chunk is read when this one is gone: that is backpressure.
    eachChunk(inputStream, maxChunkSize, (bytes, next) => {
        outputStream[WRITE_LATER](bytes, (error, count) => {
            if (error) {
                over(error);
                return;
            }
            total += count;
            next();
        });
    }, over);
    return undefined;
}

function writeStreamNow(inputStream, outputStream, size) {
    const room = Buffer.alloc(size);
    let total = 0;
    for (let count; (count = inputStream[READ](room)) >= 0;)
        total += outputStream[WRITE](room.subarray(0, count));
    return total;
}

// ---------------------------------------------------------------------- pump

function pump(inputStream, handler, maxChunkSize, isAsync = false) {
    checkStream(inputStream, 'inputStream');
    validateFunction(handler, 'handler');
    checkChunkSize(maxChunkSize);
    validateBoolean(isAsync, 'isAsync');
    let total = 0;
    const tell = (error, bytes) => {
        total += bytes === null ? 0 : bytes.length;
        handler({
            source: inputStream,
            buffer: bytes === null ? undefined : bufferOf(bytes),
            totalBytesProcessed: total,
            ...outcome(error, bytes === null ? -1 : bytes.length),
        });
    };
    if (isAsync)
        pumpLater(inputStream, maxChunkSize, tell);
    else
        pumpNow(inputStream, maxChunkSize, tell);
}

// A program that closes the stream itself is done with it, and is told nothing
// more: most handlers close at the last call, which then would throw.
function pumpLater(stream, size, tell) {
    const room = Buffer.allocUnsafe(size);
    const next = () => stream[READ_LATER](() => room, (error, count) => {
        if (error?.code === 'ERR_SOCKET_CLOSED')
            return;
        if (error || count < 0) {
            tell(error, null);
            return;
        }
        try {
            tell(null, Buffer.from(room.subarray(0, count)));
        } finally {
            if (!stream[CLOSED])
                next();
        }
    });
    next();
}

function pumpNow(stream, size, tell) {
    const room = Buffer.allocUnsafe(size);
    do {
        let count;
        try {
            count = stream[READ](room);
        } catch (error) {
            tell(error, null);
            return;
        }
        tell(null, count < 0 ? null : Buffer.from(room.subarray(0, count)));
        if (count < 0)
            return;
    } while (!stream[CLOSED]);
}

module.exports = {
    numberOf,
    stream: {
        MODE_READ, MODE_WRITE, MODE_APPEND,
        createStream, read, write, readAll, writeStream, pump,
    },
};
