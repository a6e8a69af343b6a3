// Transform: a duplex whose output is computed from its input; PassThrough,
// which computes nothing.
//
// The callback of a write is held back while the reading half is full, and
// called by _read(): that carries backpressure from the output to the input.

const { codes } = require('internal/errors');
const { nextTick } = require('internal/core');
const f = require('internal/streams/flags');
const { Duplex } = require('internal/streams/duplex');

const kHeldBack = Symbol('heldBack');

function Transform(options) {
    if (!(this instanceof Transform))
        return new Transform(options);
    Duplex.call(this, adjusted(options));
    // The first push comes from a write and not from within _read().
    this._readableState.flags &= ~f.SYNC;
    this[kHeldBack] = null;
    if (options) {
        if (typeof options.transform === 'function')
            this._transform = options.transform;
        if (typeof options.flush === 'function')
            this._flush = options.flush;
    }
    // Late enough for those that bring a _final() of their own.
    this.on('prefinish', onPrefinish);
}

Object.setPrototypeOf(Transform.prototype, Duplex.prototype);
Object.setPrototypeOf(Transform, Duplex);

// A reading half that holds nothing at all is meant so; the writing half then
// holds nothing either, or a chunk would be in between.
function adjusted(options) {
    const mark = options &&
        (options.highWaterMark ?? options.readableHighWaterMark);

    if (mark !== 0)
        return options;
    return {
        ...options,
        highWaterMark: null,
        readableHighWaterMark: 0,
        writableHighWaterMark: options.writableHighWaterMark || 0,
    };
}

function final(callback) {
    if (typeof this._flush !== 'function' || this.destroyed) {
        this.push(null);
        callback?.();
        return;
    }
    this._flush((error, data) => {
        if (error) {
            if (callback)
                callback(error);
            else
                this.destroy(error);
            return;
        }
        if (data !== null && data !== undefined)
            this.push(data);
        this.push(null);
        callback?.();
    });
}

function onPrefinish() {
    if (this._final !== final)
        final.call(this);
}

Transform.prototype._final = final;

Transform.prototype._transform = function () {
    throw new codes.ERR_METHOD_NOT_IMPLEMENTED('_transform()');
};

Transform.prototype._write = function (chunk, encoding, callback) {
    const reading = this._readableState;
    const before = reading.length;

    this._transform(chunk, encoding, (error, output) => {
        if (error) {
            callback(error);
            return;
        }
        if (output !== null && output !== undefined)
            this.push(output);
        if (reading.ended) {
            // After push(null): what follows from it comes first.
            nextTick(callback);
        } else if (this._writableState.ended ||
            reading.length === before ||
            reading.length < reading.highWaterMark) {
            callback();
        } else {
            this[kHeldBack] = callback;
        }
    });
};

Transform.prototype._read = function () {
    const callback = this[kHeldBack];

    if (callback) {
        this[kHeldBack] = null;
        callback();
    }
};

function PassThrough(options) {
    if (!(this instanceof PassThrough))
        return new PassThrough(options);
    Transform.call(this, options);
}

Object.setPrototypeOf(PassThrough.prototype, Transform.prototype);
Object.setPrototypeOf(PassThrough, Transform);

PassThrough.prototype._transform = function (chunk, encoding, callback) {
    callback(null, chunk);
};

module.exports = { Transform, PassThrough };
