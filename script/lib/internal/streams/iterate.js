// for await (const chunk of stream): reads on 'readable' until the end, and
// destroys the stream when the loop is left early.

const { aggregateTwoErrors } = require('internal/errors');
const { validateObject } = require('internal/validators');
const { destroyer } = require('internal/streams/destroy');
const { finished } = require('internal/streams/end_of_stream');

function iterator(stream, options) {
    if (options !== undefined)
        validateObject(options, 'options');
    return iterate(stream, options);
}

function iterate(stream, options) {
    if (typeof stream.read !== 'function') {
        const { Readable } = require('internal/streams/readable');
        stream = Readable.wrap(stream, { objectMode: true });
    }
    const chunks = readAll(stream, options);

    chunks.stream = stream;
    return chunks;
}

async function* readAll(stream, options) {
    // undefined: it goes on; null: it is over; otherwise it failed.
    let outcome;
    let wake = null;

    const wait = (resolve) => {
        wake = resolve;
    };

    function onProgress() {
        const waiting = wake;

        wake = null;
        waiting?.();
    }

    stream.on('readable', onProgress);
    const cleanUp = finished(stream, { writable: false }, (error) => {
        outcome = error ? aggregateTwoErrors(outcome, error) : null;
        onProgress();
    });

    try {
        while (true) {
            const chunk = stream.destroyed ? null : stream.read();

            if (chunk !== null)
                yield chunk;
            else if (outcome)
                throw outcome;
            else if (outcome === null)
                return;
            else
                await new Promise(wait);
        }
    } catch (error) {
        outcome = aggregateTwoErrors(outcome, error);
        throw outcome;
    } finally {
        const destroys = outcome || options?.destroyOnReturn !== false;

        if (destroys && (outcome === undefined ||
                         stream._readableState.autoDestroy)) {
            destroyer(stream, null);
        } else {
            stream.removeListener('readable', onProgress);
            cleanUp();
        }
    }
}

module.exports = { iterate, iterator };
