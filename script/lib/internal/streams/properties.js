// The public properties of streams: what a state says, by the names that the
// manual gives it. Where Node answers on a prototype too, which has no state
// (code that copies properties asks it), so do these.

const f = require('internal/streams/flags');

const ofReadable = {};
const ofWritable = {};

function readable(name, get, set) {
    ofReadable[name] = { configurable: true, enumerable: true, get, set };
}

function writable(name, get, set) {
    ofWritable[name] = { configurable: true, enumerable: true, get, set };
}

// ----------------------------------------------------------------- of Readable

readable('readable', function () {
    const mask = f.ABSENT | f.DESTROYED | f.ERROR_EMITTED | f.END_EMITTED;
    return Boolean(this._readableState) &&
        (this._readableState.flags & mask) === 0;
}, function (value) {
    if (this._readableState)
        this._readableState.readable = Boolean(value);
});

readable('readableDidRead', function () {
    return (this._readableState.flags & f.DATA_EMITTED) !== 0;
});

readable('readableAborted', function () {
    const { flags } = this._readableState;
    return (flags & (f.DESTROYED | f.ERRORED)) !== 0 &&
        (flags & (f.ABSENT | f.END_EMITTED)) === 0;
});

readable('readableHighWaterMark', function () {
    return this._readableState.highWaterMark;
});

readable('readableBuffer', function () {
    return this._readableState?.buffer;
});

readable('readableFlowing', function () {
    return this._readableState.flowing;
}, function (value) {
    if (this._readableState)
        this._readableState.flowing = value;
});

readable('readableLength', function () {
    return this._readableState.length;
});

readable('readableObjectMode', function () {
    return this._readableState ? this._readableState.objectMode : false;
});

readable('readableEncoding', function () {
    return this._readableState ? this._readableState.encoding : null;
});

readable('readableEnded', function () {
    return this._readableState ? this._readableState.endEmitted : false;
});

readable('errored', function () {
    return this._readableState ? this._readableState.error : null;
});

readable('closed', function () {
    return this._readableState ? this._readableState.closed : false;
});

readable('destroyed', function () {
    return this._readableState ? this._readableState.destroyed : false;
}, function (value) {
    // For subclasses that override destroy() as a whole.
    if (this._readableState)
        this._readableState.destroyed = value;
});

// ----------------------------------------------------------------- of Writable

writable('closed', function () {
    return this._writableState ? this._writableState.closed : false;
});

writable('destroyed', function () {
    return this._writableState ? this._writableState.destroyed : false;
}, function (value) {
    // For subclasses that override destroy() as a whole.
    if (this._writableState)
        this._writableState.destroyed = value;
});

writable('errored', function () {
    return this._writableState ? this._writableState.error : null;
});

writable('writable', function () {
    const mask = f.ABSENT | f.DESTROYED | f.ERRORED | f.ENDING | f.ENDED;
    return Boolean(this._writableState) &&
        (this._writableState.flags & mask) === 0;
}, function (value) {
    if (this._writableState)
        this._writableState.writable = Boolean(value);
});

writable('writableAborted', function () {
    const { flags } = this._writableState;
    return (flags & (f.DESTROYED | f.ERRORED)) !== 0 &&
        (flags & (f.ABSENT | f.FINISHED)) === 0;
});

writable('writableBuffer', function () {
    return this._writableState?.getBuffer();
});

writable('writableCorked', function () {
    return this._writableState ? this._writableState.corked : 0;
});

writable('writableEnded', function () {
    return this._writableState ? this._writableState.ending : false;
});

writable('writableFinished', function () {
    return this._writableState ? this._writableState.finished : false;
});

writable('writableHighWaterMark', function () {
    return this._writableState?.highWaterMark;
});

writable('writableLength', function () {
    return this._writableState?.length;
});

writable('writableNeedDrain', function () {
    const mask = f.NEED_DRAIN | f.DESTROYED | f.ENDING;
    return Boolean(this._writableState) &&
        (this._writableState.flags & mask) === f.NEED_DRAIN;
});

writable('writableObjectMode', function () {
    return this._writableState ? this._writableState.objectMode : false;
});

module.exports = { ofReadable, ofWritable };
