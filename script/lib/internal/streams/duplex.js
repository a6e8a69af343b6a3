// Duplex: a stream that reads and writes, two halves of one object.
//
// JavaScript has one prototype to give: it is Readable's, and what Writable
// adds is copied. A socket writes natively: with the option [kNativeWritable]
// no writable state is made, and the subclass brings write(), end(), destroy()
// and the writable... properties itself.

const f = require('internal/streams/flags');
const destroying = require('internal/streams/destroy');
const { Stream } = require('internal/streams/legacy');
const { ReadableState } = require('internal/streams/readable_state');
const { WritableState } = require('internal/streams/writable_state');
const { Readable, readableConstructed } =
    require('internal/streams/readable');
const { Writable, useMethods, writableConstructed } =
    require('internal/streams/writable');
const { kDuplex } = require('internal/streams/kind');

const kNativeWritable = Symbol('nativeWritable');

function Duplex(options) {
    if (!(this instanceof Duplex))
        return new Duplex(options);
    Stream.call(this, options);
    this._readableState = new ReadableState(options, this, true);
    if (!options) {
        this._writableState = new WritableState(options, this, true);
    } else {
        if (options[kNativeWritable] !== true)
            this._writableState = new WritableState(options, this, true);
        applyOptions(this, options);
    }
    if (typeof this._construct === 'function')
        destroying.construct(this, () => onConstructed(this));
}

Object.setPrototypeOf(Duplex.prototype, Readable.prototype);
Object.setPrototypeOf(Duplex, Readable);

Duplex.prototype[kDuplex] = true;

// On the prototype, for nearly all are so.
Duplex.prototype.allowHalfOpen = true;

function applyOptions(stream, options) {
    if (options.allowHalfOpen === false)
        stream.allowHalfOpen = false;
    if (options.readable === false)
        stream._readableState.flags |= f.ABSENT | f.ENDED | f.END_EMITTED;
    if (options.writable === false && stream._writableState) {
        stream._writableState.flags |=
            f.ABSENT | f.ENDING | f.ENDED | f.FINISHED;
    }
    if (typeof options.read === 'function')
        stream._read = options.read;
    useMethods(stream, options);
    if (typeof options.destroy === 'function')
        stream._destroy = options.destroy;
    if (typeof options.construct === 'function')
        stream._construct = options.construct;
    if (options.signal) {
        require('internal/streams/add_abort_signal')
            .addAbortSignal(options.signal, stream);
    }
}

function onConstructed(stream) {
    readableConstructed(stream);
    if (destroying.writableState(stream))
        writableConstructed(stream);
}

// pipe() is Readable's: a duplex can be piped.
const copied = [
    'write', 'end', 'cork', 'uncork', 'setDefaultEncoding', 'destroy',
    '_write', '_writev',
    'writable', 'writableBuffer', 'writableCorked', 'writableEnded',
    'writableFinished', 'writableHighWaterMark', 'writableLength',
    'writableNeedDrain', 'writableObjectMode',
];

for (const name of copied) {
    Object.defineProperty(Duplex.prototype, name,
        Object.getOwnPropertyDescriptor(Writable.prototype, name));
}

Object.defineProperty(Duplex.prototype, 'destroyed', {
    configurable: true,
    enumerable: true,
    get() {
        const r = this._readableState;
        const w = this._writableState;

        return Boolean(r) && r.destroyed && (!w || w.destroyed);
    },
    set(value) {
        if (this._readableState)
            this._readableState.destroyed = value;
        if (this._writableState)
            this._writableState.destroyed = value;
    },
});

Duplex.from = function (body) {
    return require('internal/streams/duplexify').duplexify(body, 'body');
};

module.exports = { Duplex, kNativeWritable };
