'use strict';
/*
 * What was measured, grouped: a case is a part in one configuration (echo, 64
 * connections, 64 bytes), and for each peer it has the rounds.
 *
 * The idea: everything above this file asks for a series, a Map of round ->
 * value of one metric for one peer, and never looks into a measurement.
 */
const { CONFIGURATION, configurationOf } = require('./parse');
const { summary } = require('./statistics');

/* How to get a value out of a measurement, where it is not simply a key. */
const METRICS = {
    cost: (m) => m.cpu_s / m.units,
    user: (m) => (m.user_ns === undefined ? m.user_s / m.units :
        m.user_ns / 1e9),
    system: (m) => METRICS.cost(m) - METRICS.user(m),
    busy: (m) => m.cpu_s / m.seconds,
    kept: (m) => m.rate / m.rate_alone,
    ofMark: (m) => m.rss_each / m.mark,
};

/* Below this share of a core it is not the server that bounds a run. */
const BUSY = 0.85;

/* Of peers that the table does not know. */
const LANGUAGES = { raw: 'C', weir: 'C', 'weir-js': 'JS', libuv: 'C',
    'libuv-expert': 'C', libev: 'C', libevent: 'C', node: 'JS', bun: 'JS',
    'bun-net': 'JS', deno: 'JS', uvloop: 'Python', haproxy: 'other',
    socat: 'other' };

const LABELS = { raw: 'raw loop', 'weir-js': 'weir JS',
    'libuv-expert': 'libuv (expert)', node: 'Node', bun: 'Bun',
    'bun-net': 'Bun node:net', deno: 'Deno', haproxy: 'HAProxy' };

class Case {
    constructor(part, measurement) {
        this.part = part;
        this.configuration = configurationOf(measurement);
        this.fields = {};
        for (const key of CONFIGURATION[part] || []) {
            if (key in measurement) {
                this.fields[key] = measurement[key];
            }
        }
        this.rounds = new Map();
    }

    add(measurement) {
        const { peer, round } = measurement;
        if (!this.rounds.has(peer)) {
            this.rounds.set(peer, new Map());
        }
        this.rounds.get(peer).set(round, measurement);
    }

    /* Map of round -> value; empty where the peer or the metric is not here. */
    series(peer, metric) {
        const read = METRICS[metric] || ((m) => m[metric]);
        const found = new Map();
        for (const [round, measurement] of this.rounds.get(peer) || []) {
            const value = read(measurement);
            if (Number.isFinite(value)) {
                found.set(round, value);
            }
        }
        return found;
    }

    values(peer, metric) {
        return [...this.series(peer, metric).values()];
    }

    summary(peer, metric) {
        return summary(this.values(peer, metric));
    }

    has(peer, metric) {
        return this.series(peer, metric).size > 0;
    }

    /* '5 rounds', or nothing to say of a single one. */
    times(metric) {
        const most = Math.max(0, ...this.peers(metric).map((peer) =>
            this.series(peer, metric).size));
        return most > 1 ? ` ${most} rounds.` : '';
    }

    /* Those that have the metric, in the order of the results. */
    peers(metric) {
        return [...this.rounds.keys()].filter((peer) => this.has(peer, metric));
    }

    /*
     * What was the bottleneck in most of the rounds, as bench/run says: server,
     * load, or neither.
     */
    bound(peer) {
        const rounds = [...(this.rounds.get(peer) || new Map()).values()];
        const most = (who) =>
            rounds.filter(({ bound }) => bound === who).length * 2 >
                rounds.length;
        if (rounds.some(({ bound }) => bound !== undefined)) {
            return ['load', 'neither'].find(most) || 'server';
        }
        return this.summary(peer, 'busy').median < BUSY ? 'load' : 'server';
    }

    /* Whether user time comes from the kernel's ticks only. */
    sampled(peer) {
        return !this.has(peer, 'user_ns');
    }

    matches(fields) {
        return Object.entries(fields)
            .every(([key, value]) => this.fields[key] === value);
    }
}

class Results {
    constructor(json) {
        Object.assign(this, json);
        this.parts = new Map();
        for (const measurement of this.measurements) {
            this.#add(measurement);
        }
        for (const cases of this.parts.values()) {
            cases.sort(inOrder);
        }
    }

    #add(measurement) {
        const { part } = measurement;
        if (!this.parts.has(part)) {
            this.parts.set(part, []);
        }
        const cases = this.parts.get(part);
        const configuration = configurationOf(measurement);
        let found = cases.find((each) => each.configuration === configuration);
        if (!found) {
            found = new Case(part, measurement);
            cases.push(found);
        }
        found.add(measurement);
    }

    cases(part, fields = {}) {
        return (this.parts.get(part) || [])
            .filter((each) => each.matches(fields));
    }

    case(part, fields = {}) {
        return this.cases(part, fields)[0];
    }

    language(peer) {
        const known = (this.peers || {})[peer];
        return (known && known.language) || LANGUAGES[peer] || 'other';
    }

    label(peer) {
        return LABELS[peer] || peer;
    }

    /* Scripts are compared with scripts, and everything else with weir in C. */
    scripted(peer) {
        return ['JS', 'Python'].includes(this.language(peer));
    }

    champion(peer) {
        return this.scripted(peer) ? 'weir-js' : 'weir';
    }

    isOurs(peer) {
        return peer === 'weir' || peer === 'weir-js';
    }
}

/* By size, then by connections: as one would lay the table out. */
function inOrder(a, b) {
    for (const key of ['name', 'size', 'connections', 'live']) {
        const [x, y] = [a.fields[key], b.fields[key]];
        if (typeof x === 'number' && typeof y === 'number' && x !== y) {
            return x - y;
        }
    }
    return 0;
}

module.exports = { Results };
