// Stream, the base class, which is also what require('stream') gives.
//
// It is an EventEmitter with the pipe() of the first streams: no buffer, only
// 'data' with pause() and resume(). Old packages inherit from it directly.

const EventEmitter = require('events');

function Stream(options) {
    EventEmitter.call(this, options);
}

Object.setPrototypeOf(Stream.prototype, EventEmitter.prototype);
Object.setPrototypeOf(Stream, EventEmitter);

Stream.prototype.pipe = function (dest, options) {
    const source = this;
    let ended = false;

    function onData(chunk) {
        if (dest.writable && dest.write(chunk) === false && source.pause)
            source.pause();
    }

    function onDrain() {
        if (source.readable && source.resume)
            source.resume();
    }

    function onEnd() {
        if (!ended) {
            ended = true;
            dest.end();
        }
    }

    function onClose() {
        if (!ended) {
            ended = true;
            if (typeof dest.destroy === 'function')
                dest.destroy();
        }
    }

    function onError(error) {
        cleanUp();
        if (EventEmitter.listenerCount(this, 'error') === 0)
            this.emit('error', error);
    }

    const links = [
        [source, 'data', onData], [dest, 'drain', onDrain],
        [source, 'error', onError], [dest, 'error', onError],
        [source, 'end', cleanUp], [source, 'close', cleanUp],
        [dest, 'close', cleanUp],
    ];
    if (!dest._isStdio && options?.end !== false)
        links.push([source, 'end', onEnd], [source, 'close', onClose]);

    function cleanUp() {
        for (const [emitter, event, listener] of links)
            emitter.removeListener(event, listener);
    }

    for (const [emitter, event, listener] of links) {
        if (event === 'error')
            prependListener(emitter, event, listener);
        else
            emitter.on(event, listener);
    }
    dest.emit('pipe', source);
    return dest;
};

// First in line, so that it sees the error before a listener of the user's.
function prependListener(emitter, event, listener) {
    if (typeof emitter.prependListener === 'function')
        emitter.prependListener(event, listener);
    else
        emitter.on(event, listener);
}

module.exports = { Stream, prependListener };
