'use strict';
/*
 * The pictures of a single value for each peer, which are bars: memory, counts,
 * starting up.
 */
const { COUNTED } = require('./statistics');
const { spread, plain } = require('./format');
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
        legend: about.legend + part.times(metric),
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
                plain(found.fields.connections) : ''} that echoed one ` +
                'message each and stand. Shorter is better.',
            only: (peer) => results.scripted(peer) === scripted,
            more: { 'process, fresh': ['rss_fresh', 'bytes'],
                'with them': ['rss_full', 'bytes'] },
        }));
}

/* Where it was measured by the processor's clock: peers in C. */
function userTime(results) {
    const found = results.case('echo', { connections: 64, size: 64 });
    return valuePicture(results, found, 'user_ns', {
        id: 'user-time', section: 'counts', unit: 'nanoseconds',
        title: 'User-space time per message',
        says: 'spends % of user-space time on a message of 64 B',
        legend: 'By the processor’s clock between system calls, 64 ' +
            'connections. Shorter is better.',
    });
}

function counts(results) {
    const one = (kind, metric, title, says) =>
        valuePicture(results, results.case('counts', { kind }), metric, {
            id: `${metric}-${kind}`, section: 'counts', unit: 'count', title,
            says, options: COUNTED, legend: metric === 'instructions' ?
                'User-space instructions by callgrind: repeatable to half a ' +
                'percent. Shorter is better.' :
                'By strace -c; shorter is better.',
        });
    return [
        userTime(results),
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

module.exports = { valuePicture, memory, counts, start };
