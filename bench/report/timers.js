'use strict';
/*
 * The pictures of bench/timers.c, which says what each name means. Bars of the
 * costs that do not depend on how many timers there are, lines of the others.
 */
const { plain, number, spread } = require('./format');
const { kindOf } = require('./rows');
const { valuePicture } = require('./values');
const { bestOver, verdictsOver } = require('./curves');

/* How many of them a sentence can name. */
const NAMED = 4;

function curveFinding(results, cases, what) {
    const named = cases.slice(-NAMED);
    const live = named.map((found) => plain(found.fields.live));
    const values = named.map((found) =>
        number(found.summary('weir', 'ns').median));
    const other = bestOver(results, cases, 'ns');
    return [`${what} takes weir ${values.join(' / ')} ns with ` +
        `${live.join(' / ')} timers alive` + (other ?
        `; beside the best of the others: ${
            verdictsOver(results, cases, 'ns', 'weir', other)}.` : '.')];
}

/* ns against the number of live timers. */
function curve(results, name, title, what) {
    const cases = results.cases('timers', { name })
        .filter((found) => found.has('weir', 'ns') && found.fields.live > 0);
    if (cases.length < 2) {
        return null;
    }
    const peers = [...new Set(cases.flatMap((each) => each.peers('ns')))];
    return {
        id: `timers-${name}`, section: 'timers', kind: 'lines', title,
        finding: curveFinding(results, cases, what),
        legend: 'Nanoseconds against the number of live timers, both ' +
            'logarithmic. Lower is better.',
        unit: 'nanoseconds', logarithmic: true, axis: 'live timers',
        series: peers.map((peer) => ({ label: results.label(peer),
            kind: kindOf(results, peer, 'raw'),
            points: cases.filter((each) => each.has(peer, 'ns'))
                .map((each) => ({ x: each.fields.live,
                    ...each.summary(peer, 'ns') })) })),
        table: {
            columns: ['', ...cases.map(({ fields }) =>
                `${plain(fields.live)} live`)],
            rows: peers.map((peer) => [results.label(peer),
                ...cases.map((each) =>
                    spread('nanoseconds', each.summary(peer, 'ns')))]),
        },
    };
}

function bars(results, name, title, says) {
    const found = results.cases('timers', { name }).slice(-1)[0];
    const live = found && found.fields.live;
    return valuePicture(results, found, 'ns', {
        id: `timers-${name}`, section: 'timers', unit: 'nanoseconds', title,
        says, legend: 'CPU nanoseconds for one' +
            (live === undefined ? '' : `, ${plain(live)} timers`) +
            '. Shorter is better.',
    });
}

function early(results) {
    const found = results.cases('timers', { name: 'fire' }).slice(-1)[0];
    return valuePicture(results, found, 'early_percent', {
        id: 'timers-early', section: 'timers', unit: 'percent',
        title: 'Timers fired early', says: 'fires % of the timers early',
        legend: 'Early: less than the delay after the call that started it, ' +
            'by the true clock; started by callbacks that do nothing else. ' +
            'Shorter is better.',
        more: { 'in a burst': ['burst_early_percent', 'percent'],
            'by busy callbacks': ['busy_early_percent', 'percent'],
            'late, median': ['late_p50_us', 'microseconds'] },
    });
}

function timers(results) {
    return [
        bars(results, 'insert', 'Starting a timer', 'takes % to start a timer'),
        bars(results, 'cancel_shuffled', 'Stopping a timer, in any order',
            'takes % to stop a timer'),
        curve(results, 'rearm', 'Re-arming a timer', 'Re-arming a timer'),
        curve(results, 'rearm_each',
            'Re-arming a timer, each in a callback of its own',
            'Re-arming a timer in a callback of its own'),
        early(results),
        bars(results, 'insert_each',
            'Starting a timer, each in a callback of its own',
            'takes % to start a timer in a callback of its own'),
    ];
}

module.exports = { timers };
