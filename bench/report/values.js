'use strict';
/*
 * The pictures of a single value for each peer: memory, counts, timers,
 * starting up. Bars, and lines where it depends on a number.
 */
const { show, spread, number } = require('./format');
const { valueFinding } = require('./findings');
const { VERDICT_HEAD, LANGUAGES, kindOf, byMedian, verdictCell, restricted } =
    require('./rows');

/*
 * Bars of one metric of one case. `about`: id, section, title, legend, unit,
 * says (see valueFinding), only (which peers), more (columns), options.
 */
function valuePicture(results, found, metric, about) {
    const { only = () => true, options, unit } = about;
    const peers = found ? found.peers(metric).filter(only)
        .sort(byMedian(found, metric)) : [];
    if (!peers.some((peer) => results.isOurs(peer))) {
        return null;
    }
    const part = restricted(found, only);
    return {
        kind: 'bars', ...about,
        finding: valueFinding(results, part, metric, about),
        rows: peers.map((peer) => ({
            label: results.label(peer), kind: kindOf(results, peer, 'raw'),
            ...found.summary(peer, metric) })),
        table: {
            columns: ['', about.title, VERDICT_HEAD, ...Object.keys(
                about.more || {})],
            rows: peers.map((peer) => [results.label(peer),
                spread(unit, found.summary(peer, metric)),
                verdictCell(results, found, peer, metric, options),
                ...Object.values(about.more || {}).map(([key, as]) =>
                    spread(as, found.summary(peer, key)))]),
        },
    };
}

function memory(results) {
    const found = results.case('memory');
    return LANGUAGES.map(({ id, name, scripted }) =>
        valuePicture(results, found, 'each', {
            id: `memory-${id}`, section: 'memory', unit: 'exactBytes',
            title: `Memory per idle connection, ${name}`,
            says: 'needs % for an idle connection',
            legend: `Bytes per connection, of ${found ?
                number(found.fields.connections) : ''} that echoed one ` +
                'message each and stand. Shorter is better.',
            only: (peer) => results.scripted(peer) === scripted,
            more: { 'process, fresh': ['rss_fresh', 'bytes'],
                'with them': ['rss_full', 'bytes'] },
        }));
}

function counts(results) {
    const exact = { exact: true };
    const one = (kind, metric, title, says) =>
        valuePicture(results, results.case('counts', { kind }), metric, {
            id: `${metric}-${kind}`, section: 'counts', unit: 'count', title,
            says, options: exact, legend: metric === 'instructions' ?
                'User-space instructions by callgrind: repeatable to half a ' +
                'percent. Shorter is better.' :
                'By strace -c; shorter is better.',
        });
    return [
        one('message', 'instructions', 'Instructions per message',
            'spends % instructions in user space on a message of 64 B'),
        one('connection', 'instructions', 'Instructions per connection',
            'spends % instructions to accept, echo once and close'),
        one('pipelined', 'instructions', 'Instructions per pipelined message',
            'spends % instructions on a message, 16 under way'),
        one('message', 'syscalls', 'System calls per message',
            'makes % system calls for a message of 64 B'),
        one('connection', 'syscalls', 'System calls per connection',
            'makes % system calls to accept, echo once and close'),
    ];
}

function start(results) {
    return [valuePicture(results, results.case('start'), 'wall_ms', {
        id: 'start', section: 'memory', unit: 'milliseconds',
        title: 'Start-up', says: 'takes % from start to end of an empty script',
        legend: 'Milliseconds by the clock. Shorter is better.',
        more: { CPU: ['cpu_ms', 'milliseconds'] },
    })];
}

/* ----------------------------------------------------------------- timers */

function rearmFinding(cases) {
    const live = cases.map((found) => number(found.fields.live));
    const values = cases.map((found) =>
        number(found.summary('weir', 'ns').median));
    return [`Re-arming one of ${live.join(' / ')} timers takes weir ` +
        `${values.join(' / ')} ns.`];
}

function rearmPicture(results) {
    const cases = results.cases('timers', { name: 'rearm' })
        .filter((found) => found.has('weir', 'ns'));
    if (cases.length < 2) {
        return null;
    }
    const peers = [...new Set(cases.flatMap((each) => each.peers('ns')))];
    return {
        id: 'timers-rearm', section: 'timers', kind: 'lines',
        title: 'Re-arming a timer', finding: rearmFinding(cases),
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
                `${number(fields.live)} live`)],
            rows: peers.map((peer) => [results.label(peer),
                ...cases.map((each) =>
                    spread('nanoseconds', each.summary(peer, 'ns')))]),
        },
    };
}

function timers(results) {
    const most = (name) => results.cases('timers', { name }).slice(-1)[0];
    const one = (name, title, says) => valuePicture(results, most(name), 'ns', {
        id: `timers-${name}`, section: 'timers', unit: 'nanoseconds', title,
        says, legend: `CPU nanoseconds for one, ${most(name) ?
            number(most(name).fields.live) : ''} timers. ` +
            'Shorter is better.' });
    return [
        one('insert', 'Starting a timer', 'takes % to start a timer'),
        one('cancel', 'Stopping a timer', 'takes % to stop one'),
        rearmPicture(results),
        one('fire', 'Firing a timer', 'takes % to fire one'),
        valuePicture(results, most('fire'), 'early_percent', {
            id: 'timers-early', section: 'timers', unit: 'percent',
            title: 'Timers fired early', says: 'fires % of the timers early',
            legend: 'Early: less than the delay after the call that started ' +
                'it, by the true clock. Shorter is better.',
            more: { 'late, median': ['late_p50_us', 'microseconds'] },
        }),
    ];
}

module.exports = { memory, counts, timers, start };
