// duplexPair(): two duplex streams, each of which reads what is written to
// the other. A write is done when the other side has read on.

const { nextTick } = require('internal/core');
const { Duplex } = require('internal/streams/duplex');

class Side extends Duplex {
    constructor(options) {
        super(options);
        this.other = null;
        this.heldBack = null;
    }

    _read() {
        const callback = this.heldBack;

        if (callback !== null) {
            this.heldBack = null;
            callback();
        }
    }

    _write(chunk, encoding, callback) {
        if (chunk.length === 0) {
            nextTick(callback);
        } else {
            this.other.push(chunk);
            this.other.heldBack = callback;
        }
    }

    _final(callback) {
        this.other.on('end', callback);
        this.other.push(null);
    }
}

function duplexPair(options) {
    const first = new Side(options);
    const second = new Side(options);

    first.other = second;
    second.other = first;
    return [first, second];
}

module.exports = { duplexPair };
