'use strict';
/*
 * What the pictures have in common: how a peer is shown in a row, and its
 * ratio to another one, round by round.
 */
const { compare, summary, ratios } = require('./statistics');
const { spread } = require('./format');

const VERDICT_HEAD = 'weir beside it';

/* ours, the yardstick, a library or a runtime: a colour for each. */
function kindOf(results, peer, yardstick) {
    if (results.isOurs(peer)) {
        return 'ours';
    }
    if (peer === yardstick) {
        return 'yardstick';
    }
    return results.scripted(peer) ? 'script' : 'native';
}

function byMedian(found, metric) {
    return (a, b) => found.summary(a, metric).median -
        found.summary(b, metric).median;
}

/* 'ahead 0.72 (0.70–0.75)': weir, or weir JS, beside this peer. */
function verdictCell(results, found, peer, metric, options) {
    const ours = results.champion(peer);
    if (results.isOurs(peer) || !found.has(ours, metric)) {
        return '';
    }
    const { verdict, ratio } = compare(found.series(ours, metric),
        found.series(peer, metric), options);
    return ratio ? `${verdict} ${spread('ratio', ratio)}` : '';
}

function ratioTo(found, peer, yardstick, metric = 'cost') {
    const values = ratios(found.series(peer, metric),
        found.series(yardstick, metric));
    return values.length ? summary(values) : null;
}

/* The same case, with only some of its peers. */
function restricted(found, only) {
    const copy = Object.create(found);
    copy.rounds = new Map([...found.rounds].filter(([peer]) => only(peer)));
    return copy;
}

/* Each has a weir of its own. */
const LANGUAGES = [
    { id: 'c', ours: 'weir', name: 'C', scripted: false },
    { id: 'js', ours: 'weir-js', name: 'JavaScript', scripted: true },
];

module.exports = { VERDICT_HEAD, LANGUAGES, kindOf, byMedian, verdictCell,
    ratioTo, restricted };
