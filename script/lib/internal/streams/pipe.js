// readable.pipe(writable): 'data' is written, and a destination that says
// "enough" pauses the source until it has drained.
//
// A source may have several destinations and goes at the pace of the slowest: its
// state knows which ones it waits for. A link knows the destination by its public
// face alone (write, end, writableNeedDrain, events), so that a socket without
// `_writableState` is as good as any.

const { nextTick, upcalls } = require('internal/core');
const { errorOrDestroy } = require('internal/streams/destroy');
const { prependListener } = require('internal/streams/legacy');

class Link {
    constructor(source, dest) {
        this.source = source;
        this.dest = dest;
        this.open = true;
        this.waitsForDrain = false;
        this.end = this.end.bind(this);
        this.unpipe = this.unpipe.bind(this);
        this.onData = this.onData.bind(this);
        this.onDrain = this.onDrain.bind(this);
        this.onUnpipe = this.onUnpipe.bind(this);
        this.onError = this.onError.bind(this);
        this.onClose = this.onClose.bind(this);
        this.onFinish = this.onFinish.bind(this);
    }

    connect(endsDest) {
        const { source, dest } = this;

        this.atEnd = endsDest ? this.end : this.unpipe;
        if (source._readableState.endEmitted)
            nextTick(this.atEnd);
        else
            source.once('end', this.atEnd);
        dest.on('unpipe', this.onUnpipe);
        source.on('data', this.onData);
        prependListener(dest, 'error', this.onError);
        dest.once('close', this.onClose);
        dest.once('finish', this.onFinish);
        dest.emit('pipe', source);
        if (dest.writableNeedDrain === true)
            this.wait();
        else if (source._readableState.flowing !== true)
            source.resume();
    }

    onData(chunk) {
        if (this.dest.write(chunk) === false)
            this.wait();
    }

    wait() {
        const state = this.source._readableState;

        // The write may have ended in unpipe().
        if (this.open) {
            if (state.pipes.includes(this.dest))
                state.waitFor(this.dest);
            this.source.pause();
        }
        if (!this.waitsForDrain) {
            this.waitsForDrain = true;
            this.dest.on('drain', this.onDrain);
        }
    }

    onDrain() {
        const { source } = this;

        if (source._readableState.hasDrained(this.dest) &&
            source.listenerCount('data') > 0)
            source.resume();
    }

    onUnpipe(source, info) {
        if (source === this.source && info && info.hasUnpiped === false) {
            info.hasUnpiped = true;
            this.close();
        }
    }

    onError(error) {
        const { dest } = this;

        this.unpipe();
        dest.removeListener('error', this.onError);
        if (dest.listenerCount('error') > 0)
            return;
        // Nobody else listens: the error is to be as loud as without a pipe.
        const state = dest._writableState || dest._readableState;
        if (state && !state.errorEmitted)
            errorOrDestroy(dest, error);
        else
            dest.emit('error', error);
    }

    onClose() {
        this.dest.removeListener('finish', this.onFinish);
        this.unpipe();
    }

    onFinish() {
        this.dest.removeListener('close', this.onClose);
        this.unpipe();
    }

    end() {
        this.dest.end();
    }

    unpipe() {
        this.source.unpipe(this.dest);
    }

    close() {
        const { source, dest } = this;

        dest.removeListener('close', this.onClose);
        dest.removeListener('finish', this.onFinish);
        dest.removeListener('drain', this.onDrain);
        dest.removeListener('error', this.onError);
        dest.removeListener('unpipe', this.onUnpipe);
        source.removeListener('end', this.end);
        source.removeListener('end', this.unpipe);
        source.removeListener('data', this.onData);
        this.open = false;
        // Nobody will hear this destination's 'drain' now; the others must not
        // wait for it. Of which one it is waited for is not asked: the same one
        // may have been piped to twice.
        if (this.waitsForDrain &&
            source._readableState.awaitDrainWriters !== null &&
            (!dest._writableState || dest._writableState.needDrain))
            this.onDrain();
    }
}

function pipe(source, dest, options) {
    const state = source._readableState;
    const endsDest = (!options || options.end !== false) && !isStdio(dest);

    state.destinations ??= [];
    if (state.destinations.length === 1)
        state.waitForSeveral();
    state.destinations.push(dest);
    new Link(source, dest).connect(endsDest);
    return dest;
}

// Asked only of those that say they are: making process.stdout opens it.
function isStdio(dest) {
    if (dest._isStdio === true)
        return true;
    if (typeof dest.fd !== 'number' || dest.fd > 2)
        return false;
    const process = upcalls().process();
    return dest === process.stdout || dest === process.stderr;
}

function unpipe(source, dest) {
    const state = source._readableState;
    const { destinations } = state;

    if (destinations === null)
        return source;
    if (!dest) {
        state.destinations = null;
        source.pause();
        for (const each of destinations)
            each.emit('unpipe', source, { hasUnpiped: false });
        return source;
    }
    const index = destinations.indexOf(dest);

    if (index === -1)
        return source;
    destinations.splice(index, 1);
    if (destinations.length === 0) {
        state.destinations = null;
        source.pause();
    }
    dest.emit('unpipe', source, { hasUnpiped: false });
    return source;
}

module.exports = { pipe, unpipe };
