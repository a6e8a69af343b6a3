'use strict';
/*
 * Medians, ranges, and what may be said of a difference.
 *
 * The idea: machines are noisy, and what disturbs a round disturbs all who run
 * in it. So two peers are compared round by round: the ratio of the two in the
 * same round, one ratio for each round that both have. If the range of those
 * ratios covers 1, the two are level, whatever their medians are; and so they
 * are when the median is nearer to 1 than half of what the ratios are apart: a
 * difference smaller than the spread is none.
 *
 * Which range: between the k-th least and the k-th largest ratio lies the true
 * median with a probability that only depends on the number of rounds (the
 * sign test). k is the largest for which that is still 90 %: all of the range
 * for 5 to 7 rounds, without its ends from 8 on. With fewer rounds even the
 * whole range is not that sure; so it is widened by its own width on both
 * sides: the difference must be larger than the spread. One round says nothing.
 */

const SURE = 0.9;
const ENOUGH = 5;         // rounds, from which on the range can be that sure
const TIMED = 0.01;       // less is where code happens to lie in the cache

function sorted(values) {
    return [...values].sort((a, b) => a - b);
}

/* Between the values where it falls between two of them. */
function quantile(values, part) {
    if (values.length === 0) {
        return NaN;
    }
    const order = sorted(values);
    const place = (order.length - 1) * part;
    const below = Math.floor(place);
    const above = Math.ceil(place);
    return order[below] + (order[above] - order[below]) * (place - below);
}

function median(values) {
    return quantile(values, 0.5);
}

/* Of the rounds' values: what a bar with its whiskers shows. */
function summary(values) {
    const order = sorted(values);
    return {
        rounds: order.length,
        median: median(order),
        least: order[0],
        most: order[order.length - 1],
        low: quantile(order, 0.25),
        high: quantile(order, 0.75),
    };
}

/* The chance that fewer than k of n throws of a coin are heads. */
function tail(n, k) {
    let ways = 1;
    let sum = 0;
    for (let i = 0; i < k; i++) {
        sum += ways;
        ways = ways * (n - i) / (i + 1);
    }
    return sum / 2 ** n;
}

/* [low, high]: where the median is to be taken for, after these rounds. */
function range(values) {
    const order = sorted(values);
    const n = order.length;
    if (n < ENOUGH) {
        const width = order[n - 1] - order[0] || 0; // of infinities: NaN
        return [order[0] - width, order[n - 1] + width];
    }
    let k = 1;
    while (1 - 2 * tail(n, k + 1) >= SURE) {
        k++;
    }
    return [order[k - 1], order[n - k]];
}

/*
 * Two Maps of round -> value: the ratios of the rounds that both have. Nothing
 * beside nothing is the same; something beside nothing is infinitely more.
 */
function ratios(ours, theirs) {
    const found = [];
    for (const [round, value] of ours) {
        const other = theirs.get(round);
        if (Number.isFinite(value) && Number.isFinite(other)) {
            found.push(value === 0 && other === 0 ? 1 : value / other);
        }
    }
    return found;
}

/*
 * What is to be said of ours beside theirs: 'ahead', 'level', 'behind', or
 * 'unknown' where there is nothing to go by. Both are Maps of round -> value.
 * `better` is 'less' or 'more'. `within`: what the instrument cannot tell
 * apart, as a part of the value. `once`: it is repeatable, one round is enough.
 */
function compare(ours, theirs, options = {}) {
    const { better = 'less', within = TIMED, once = false } = options;
    const found = ratios(ours, theirs);
    if (found.length === 0) {
        return { verdict: 'unknown', ratio: null };
    }
    const ratio = summary(found);
    if (found.length === 1 && !once) {
        return { verdict: 'unknown', ratio };
    }
    const [low, high] = once ? [ratio.least, ratio.most] : range(found);
    const difference = Math.abs(ratio.median - 1);
    if ((low <= 1 + within && high >= 1 - within) ||
        difference < (ratio.most - ratio.least) / 2) {
        return { verdict: 'level', ratio };
    }
    const ahead = (high < 1) === (better === 'less');
    return { verdict: ahead ? 'ahead' : 'behind', ratio };
}

/*
 * Whether the rounds' values keep a limit: 'met', 'missed', or 'close' for a
 * median beyond it with the limit inside of the range.
 */
function keeps(values, { most = Infinity, least = -Infinity }) {
    if (values.length === 0) {
        return 'not measured';
    }
    const middle = median(values);
    if (middle <= most && middle >= least) {
        return 'met';
    }
    if (values.length === 1) {
        return 'missed';
    }
    const [low, high] = range(values);
    return low <= most && high >= least ? 'close' : 'missed';
}

/* callgrind and strace: half a percent; a histogram of latencies: 3 %. */
const COUNTED = { within: 0.005, once: true };
const BUCKETED = { within: 0.03 };

module.exports = { COUNTED, BUCKETED, median, summary, range, ratios, compare,
    keeps };
