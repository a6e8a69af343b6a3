'use strict';
/*
 * From the raw result lines of bench/run to one object, which is also what is
 * kept as DATE.json: a report can be made from it again at any time.
 *
 *     meta KEY=VALUE with blanks          the machine, the date, the mode
 *     version PEER TEXT
 *     skipped PEER REASON                 not installed
 *     failed PEER PART REASON             left out of that part
 *     part=P peer=N round=R KEY=VALUE...  a measurement
 *     figure DATE COMMIT NAME VALUE       a checked-in count, from git
 *
 * The idea: this file knows the form of a line and not what its keys mean.
 * Keys that nobody reads yet are kept, so the runner may say more than the
 * report shows. Several lines for the same thing in the same round are one
 * measurement: counts and clocks come from runs of their own.
 */

/* The keys that tell one measurement of a part from another, by part. */
const CONFIGURATION = {
    echo: ['connections', 'size'],
    promises: ['style', 'connections', 'size'],
    pipelined: ['connections', 'size', 'depth'],
    bulk: ['connections', 'size'],
    sink: ['connections', 'size'],
    churn: ['parallel'],
    fanout: ['readers', 'size'],
    proxy: ['connections'],
    stalled: ['stalled', 'connections'],
    timers: ['name', 'live'],
    memory: ['connections'],
    http: ['connections'],
    start: [],
    counts: ['kind'],
};

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

function toValue(text) {
    return NUMBER.test(text) ? Number(text) : text;
}

/* 'a=1 b=x' -> { a: 1, b: 'x' } */
function toFields(line) {
    const fields = {};
    for (const word of line.split(/\s+/)) {
        const at = word.indexOf('=');
        if (at > 0) {
            fields[word.slice(0, at)] = toValue(word.slice(at + 1));
        }
    }
    return fields;
}

/* The first `count` words, and what follows them as one text. */
function words(text, count) {
    const found = text.trim().split(/\s+/);
    return [...found.slice(0, count), found.slice(count).join(' ')];
}

/* What a part is called when it is measured in this way: a text to group by. */
function configurationOf(measurement) {
    const keys = CONFIGURATION[measurement.part] || [];
    return keys.filter((key) => key in measurement)
        .map((key) => `${key}=${measurement[key]}`)
        .join(' ');
}

class Parser {
    constructor() {
        this.results = { meta: {}, versions: {}, skipped: {}, failed: [],
            measurements: [], figures: [] };
        this.places = new Map();
    }

    measurement(line, number) {
        const fields = toFields(line);
        if (!fields.part || !fields.peer) {
            throw new Error(`line ${number}: a measurement without ` +
                `${fields.part ? 'peer' : 'part'}: ${line}`);
        }
        const found = { round: 1, ...fields };
        const place = [found.part, found.peer, found.round,
            configurationOf(found)].join(' ');
        if (this.places.has(place)) {
            Object.assign(this.places.get(place), found);
            return;
        }
        this.places.set(place, found);
        this.results.measurements.push(found);
    }

    /* A key that comes again says one thing more. */
    meta(text) {
        const at = text.indexOf('=');
        const [key, value] = [text.slice(0, at), text.slice(at + 1)];
        const { meta } = this.results;
        meta[key] = key in meta ? `${meta[key]}; ${value}` : value;
    }

    line(text, number) {
        const [kind, rest] = words(text, 1);
        const { results } = this;
        switch (kind) {
        case 'meta':
            this.meta(rest);
            break;
        case 'version': {
            const [peer, version] = words(rest, 1);
            results.versions[peer] = version;
            break;
        }
        case 'skipped': {
            const [peer, reason] = words(rest, 1);
            results.skipped[peer] = reason;
            break;
        }
        case 'failed': {
            const [peer, part, reason] = words(rest, 2);
            results.failed.push({ peer, part, reason });
            break;
        }
        case 'figure': {
            const [date, commit, name, value] = words(rest, 3);
            results.figures.push({ date, commit, name, value: Number(value) });
            break;
        }
        default:
            this.measurement(text, number);
        }
    }
}

/* A line that is cut short or strange is an error that names it. */
function parse(text) {
    const parser = new Parser();
    text.split('\n').forEach((line, index) => {
        const bare = line.trim();
        if (bare !== '' && !bare.startsWith('#')) {
            parser.line(bare, index + 1);
        }
    });
    return parser.results;
}

/*
 * bench/peers/table: who a peer is. The report needs the language, to know whom
 * to compare with whom, and the text.
 */
function parsePeers(text) {
    const peers = {};
    for (const line of text.split('\n')) {
        const fields = line.split('|').map((field) => field.trim());
        if (line.startsWith('#') || fields.length < 7) {
            continue;
        }
        const [name, language, , , , , about] = fields;
        peers[name] = { language, about };
    }
    return peers;
}

/* JSON with one measurement a line: to be read and compared by people too. */
function print(results) {
    const parts = Object.entries(results).map(([key, value]) => {
        if (!Array.isArray(value)) {
            return `${JSON.stringify(key)}: ${JSON.stringify(value, null, 1)}`;
        }
        const rows = value.map((each) => `\n ${JSON.stringify(each)}`);
        return `${JSON.stringify(key)}: [${rows.join(',')}\n]`;
    });
    return `{\n${parts.join(',\n')}\n}\n`;
}

module.exports = { CONFIGURATION, configurationOf, parse, parsePeers, print };
