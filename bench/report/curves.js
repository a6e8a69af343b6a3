'use strict';
/*
 * What is to be said of a row of cases that differ in a single number, which a
 * picture shows as lines: connections, or live timers.
 */
const { compare } = require('./statistics');
const { plain } = require('./format');

/* That number. */
function variable({ fields }) {
    return fields.live ?? fields.connections;
}

/* The peer, of those that are in all cases, with the least product of them. */
function bestOver(results, cases, metric, among = () => true) {
    let best = null;
    let least = Infinity;
    for (const peer of cases[0].peers(metric)) {
        if (results.isOurs(peer) || peer === 'raw' || !among(peer) ||
            !cases.every((found) => found.has(peer, metric))) {
            continue;
        }
        const sum = cases.reduce((total, found) =>
            total + Math.log(found.summary(peer, metric).median), 0);
        if (sum < least) {
            [best, least] = [peer, sum];
        }
    }
    return best;
}

const JOINED = { ahead: 'ahead of', level: 'level with', behind: 'behind',
    unknown: 'not comparable with' };

/* 'level with libev at 1, 64, 1,000; ahead at 10,000' */
function verdictsOver(results, cases, metric, ours, other) {
    const groups = new Map();
    for (const found of cases) {
        const { verdict } = compare(found.series(ours, metric),
            found.series(other, metric));
        groups.set(verdict, [...(groups.get(verdict) || []),
            plain(variable(found))]);
    }
    const label = results.label(other);
    if (groups.size === 1) {
        return `${JOINED[[...groups.keys()][0]]} ${label} at each`;
    }
    return [...groups].map(([verdict, at], index) =>
        `${index ? verdict : `${JOINED[verdict]} ${label}`} at ` +
            at.join(', ')).join('; ');
}

module.exports = { variable, bestOver, verdictsOver };
