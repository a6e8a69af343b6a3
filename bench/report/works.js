'use strict';
/*
 * The parts that have a load: what a unit of their work is called, in what unit
 * its cost is read, and beside whom it is put.
 */
const { plain } = require('./format');

function connections({ connections: count }) {
    return `${plain(count)} connection${count === 1 ? '' : 's'}`;
}

function size({ size: bytes }) {
    return bytes % 1024 === 0 ? `${bytes / 1024} KiB` : `${bytes} B`;
}

/* Of the part with promises: what the echo is written with. */
const STYLES = { handler: 'an async handler', 'for-await': 'for await',
    once: 'events.once()', pipeline: 'pipeline()' };

const MESSAGE = { what: 'CPU per message', unit: 'seconds',
    rate: 'perSecond' };
const BYTE = { what: 'CPU per GB', unit: 'perGigabyte',
    rate: 'bytesPerSecond' };

const WORKS = {
    echo: { ...MESSAGE, name: 'Echo', section: 'messages',
        title: (f) => `Echo, ${size(f)}, ${connections(f)}` },
    promises: { ...MESSAGE, name: 'Echo', section: 'messages',
        title: (f) => `Echo by ${STYLES[f.style]}, ${size(f)}, ` +
            connections(f) },
    pipelined: { ...MESSAGE, name: 'Pipelined', section: 'messages',
        title: (f) => `Pipelined echo, ${size(f)}, ${f.depth} under way on ` +
            `each of ${connections(f)}` },
    fanout: { ...MESSAGE, what: 'CPU per delivery', name: 'Fan-out',
        section: 'messages',
        title: (f) => `Fan-out, ${size(f)} to ${plain(f.readers)} readers` },
    churn: { ...MESSAGE, what: 'CPU per connection', name: 'Churn',
        section: 'messages',
        title: () => 'Churn: connect, one message, close' },
    // Its CPU time is counted in the kernel's ticks of 10 ms.
    http: { ...MESSAGE, what: 'CPU per request', name: 'HTTP',
        section: 'messages', options: { within: 0.02 },
        title: (f) => `HTTP hello under wrk, ${connections(f)}` },
    bulk: { ...BYTE, name: 'Bulk echo', section: 'bytes',
        title: (f) => `Bulk, echoed, ${size(f)} writes, ${connections(f)}` },
    sink: { ...BYTE, name: 'Bulk one way', section: 'bytes',
        title: (f) => `Bulk, one way, ${size(f)} writes, ${connections(f)}` },
    proxy: { ...BYTE, name: 'Proxy', section: 'bytes', yardstick: 'haproxy',
        title: (f) => `Proxy, ${connections(f)}` },
};

/* The raw loop; where there is none, the cheapest that is not ours. */
function yardstickOf(results, found) {
    const { yardstick = 'raw' } = WORKS[found.part];
    if (found.has(yardstick, 'cost')) {
        return yardstick;
    }
    return best(results, found, 'cost');
}

/* The peer with the least median of those that are not ours, `among` them. */
function best(results, found, metric, among = () => true) {
    let least = null;
    for (const peer of found.peers(metric)) {
        if (results.isOurs(peer) || peer === 'raw' || !among(peer)) {
            continue;
        }
        if (least === null || found.summary(peer, metric).median <
            found.summary(least, metric).median) {
            least = peer;
        }
    }
    return least;
}

/* 'echo-64-1000': a name for files and anchors. */
function slug(found) {
    const tail = Object.values(found.fields).map((value) => `-${value}`);
    return found.part + tail.join('');
}

module.exports = { WORKS, STYLES, yardstickOf, best, slug, connections,
    size };
