'use strict';
/*
 * Which pictures there are, in which order, and what each one says: a title, a
 * sentence of finding, what is drawn, and the table behind it.
 *
 * The idea: this is the one place that decides. plots.js draws a picture,
 * page.js frames it, tables.js prints its table; none of them looks at results.
 * A picture whose part was not measured is not there.
 */
const { BUCKETED, compare } = require('./statistics');
const { show, spread, plain, NONE } = require('./format');
const { WORKS, yardstickOf, slug, connections, size } = require('./works');
const { OURS, finding, costFinding } = require('./findings');
const { VERDICT_HEAD, LANGUAGES, kindOf, byMedian, verdictCell, ratioTo } =
    require('./rows');
const { glance } = require('./glance');
const { bestOver, verdictsOver } = require('./curves');
const { memory, counts, start } = require('./values');
const { timers } = require('./timers');
const { history } = require('./history');

/* ------------------------------------------------------------ a workload */

function costTable(results, found, yardstick) {
    const { rate, unit, what, options } = WORKS[found.part];
    const place = (peer) => (ratioTo(found, peer, yardstick) || {}).median;
    const peers = found.peers('cost').sort((a, b) => place(a) - place(b));
    const latency = peers.some((peer) => found.has(peer, 'p50_us'));
    const columns = ['', `to ${results.label(yardstick)}`, VERDICT_HEAD, what,
        'user', 'system', 'rate', 'busy'];
    const rows = peers.map((peer) => {
        const of = (metric, as) => spread(as, found.summary(peer, metric));
        const only = (metric, as) =>
            show(as, found.summary(peer, metric).median);
        const split = found.sampled(peer) ? '~' : '';
        return [results.label(peer),
            spread('ratio', ratioTo(found, peer, yardstick)),
            verdictCell(results, found, peer, 'cost', options),
            of('cost', unit), split + only('user', unit),
            split + only('system', unit), only('rate', rate),
            busyCell(found, peer),
            ...latency ? ['p50_us', 'p99_us', 'p999_us']
                .map((metric) => only(metric, 'microseconds')) : []];
    });
    return { columns: latency ? [...columns, 'p50', 'p99', 'p99.9'] : columns,
        rows };
}

const BOUND_SIGNS = { server: '', load: '*', neither: '°' };

/* '97 %', of a core; with a sign where the server was not what bounded. */
function busyCell(found, peer) {
    const busy = found.summary(peer, 'busy').median;
    return Number.isFinite(busy) ? `${Math.round(busy * 100)} %` +
        BOUND_SIGNS[found.bound(peer)] : NONE;
}

/* What the signs in the table mean, as far as they are in it. */
function signsNote(found) {
    const peers = found.peers('cost');
    const some = (bound) => peers.some((peer) => found.bound(peer) === bound);
    return [
        some('load') && '* The load was what bounded, not the server: its ' +
            'CPU per unit holds, its rate could be higher.',
        some('neither') && '° Neither the server nor the load was busy all ' +
            'the time: they wait for each other.',
        peers.some((peer) => found.sampled(peer)) && '~ User and system ' +
            'time sampled by the kernel’s ticks, not measured.',
    ].filter(Boolean).join(' ');
}

function costPicture(results, found) {
    const work = WORKS[found.part];
    const yardstick = yardstickOf(results, found);
    if (yardstick === null) {
        return null;
    }
    const rows = found.peers('cost').filter((peer) => peer !== yardstick)
        .map((peer) => ({
            label: results.label(peer),
            kind: kindOf(results, peer, yardstick),
            ...ratioTo(found, peer, yardstick),
            text: show(work.unit, found.summary(peer, 'cost').median),
        }))
        .filter((row) => Number.isFinite(row.median))
        .sort((a, b) => a.median - b.median);
    if (rows.length === 0) {
        return null;
    }
    return {
        id: slug(found), section: work.section, kind: 'bars',
        title: work.title(found.fields),
        finding: costFinding(results, found, work, yardstick),
        legend: `${work.what}, 1 = ${results.label(yardstick)} ` +
            `(${show(work.unit, found.summary(yardstick, 'cost').median)}). ` +
            `Shorter is better.${found.times('cost')}`,
        unit: 'ratio', reference: 1, rows,
        table: costTable(results, found, yardstick),
        note: signsNote(found),
    };
}

/* Of the echo cases of one size, the one that stands for all. */
function typical(cases) {
    const far = (each) => Math.abs(Math.log(each.fields.connections / 64));
    return [...cases].sort((a, b) => far(a) - far(b))[0];
}

/* Pictures of their own for all but echo, where lines show the rest. */
function workloads(results) {
    return Object.keys(WORKS).flatMap((part) => {
        const cases = results.cases(part);
        if (part !== 'echo') {
            return cases.map((found) => costPicture(results, found));
        }
        return sizesOf(cases)
            .map((bytes) => typical(results.cases('echo', { size: bytes })))
            .map((found) => costPicture(results, found));
    });
}

function sizesOf(cases) {
    return [...new Set(cases.map((each) => each.fields.size))];
}

/* ------------------------------------------- cost against connections */

function scalingFinding(results, cases, { ours, scripted, name }) {
    const at = cases.map((found) => plain(found.fields.connections));
    const values = cases.map((found) =>
        show('ratio', ratioTo(found, ours, 'raw').median));
    const other = bestOver(results, cases, 'cost',
        (peer) => results.scripted(peer) === scripted);
    return [`At ${at.join(' / ')} connections weir in ${name} needs ` +
        `${values.join(' / ')} of the raw loop’s CPU` +
        (other ? `; beside the best of the others: ${
            verdictsOver(results, cases, 'cost', ours, other)}.` : '.')];
}

function scalingTable(results, cases, peers) {
    const columns = ['', ...cases.map((each) => connections(each.fields))];
    const rows = peers.map((peer) => [results.label(peer),
        ...cases.map((found) => (!found.has(peer, 'cost') ? NONE :
            `${spread('ratio', ratioTo(found, peer, 'raw'))}, ` +
            show('seconds', found.summary(peer, 'cost').median)))]);
    return { columns, rows };
}

function scalingPicture(results, bytes, language) {
    const { ours, scripted } = language;
    const cases = results.cases('echo', { size: bytes })
        .filter((each) => ratioTo(each, ours, 'raw') !== null);
    if (cases.length < 2) {
        return null;
    }
    const peers = [...new Set(cases.flatMap((each) => each.peers('cost')))]
        .filter((peer) => peer !== 'raw' &&
            results.scripted(peer) === scripted);
    const series = peers.map((peer) => ({
        label: results.label(peer), kind: kindOf(results, peer, 'raw'),
        points: cases.filter((each) => ratioTo(each, peer, 'raw') !== null)
            .map((each) => ({ x: each.fields.connections,
                ...ratioTo(each, peer, 'raw') })),
    })).filter(({ points }) => points.length > 0);
    return {
        id: `scaling-${bytes}-${language.id}`, section: 'connections',
        kind: 'lines',
        title: `Echo, ${size({ size: bytes })}, in ${language.name}`,
        finding: scalingFinding(results, cases, language),
        legend: 'CPU per message against the number of connections, 1 = raw ' +
            'loop, logarithmic. Lower is better. The band is the range of ' +
            `weir’s rounds.${cases[0].times('cost')}`,
        unit: 'ratio', logarithmic: true, reference: 1, series,
        axis: 'connections',
        table: scalingTable(results, cases, ['raw', ...peers]),
    };
}

function scaling(results) {
    return sizesOf(results.cases('echo')).flatMap((bytes) =>
        LANGUAGES.map((each) => scalingPicture(results, bytes, each)));
}

/* ---------------------------------------------------------------- latency */

const PERCENTILES = [['p50_us', 'p50'], ['p99_us', 'p99'],
    ['p999_us', 'p99.9']];

function latencyFinding(results, found) {
    const half = (peer) =>
        show('microseconds', found.summary(peer, 'p50_us').median);
    return finding(results, found, 'p999_us', (ours, first) =>
        (first ? `${results.label(ours)} answers half of the messages ` +
            `within ${half(ours)}, 99.9 % within ` :
            `In JavaScript ${half(ours)} and `) +
        spread('microseconds', found.summary(ours, 'p999_us')), BUCKETED);
}

function latencyPicture(results, found) {
    const peers = found.peers('p999_us').sort(byMedian(found, 'p999_us'));
    if (peers.length === 0) {
        return null;
    }
    const rows = peers.map((peer) => {
        const values = PERCENTILES.map(([metric]) =>
            found.summary(peer, metric).median);
        return { label: results.label(peer),
            kind: kindOf(results, peer, 'raw'), values,
            texts: values.map((value) => show('microseconds', value)) };
    });
    return {
        id: `latency-${slug(found)}`, section: 'latency', kind: 'percentiles',
        title: `Latency: ${WORKS[found.part].title(found.fields)}`,
        finding: latencyFinding(results, found),
        legend: '● p50, • p99, ○ p99.9: medians of the rounds, logarithmic. ' +
            'Further left is better. A server that is busy all the time ' +
            'answers as late as it is slow: compare with its CPU per message.',
        unit: 'microseconds', rows,
        table: {
            columns: ['', 'p50', 'p99', 'p99.9', 'largest',
                `${VERDICT_HEAD}, p99.9`],
            rows: peers.map((peer) => [results.label(peer),
                ...[...PERCENTILES.map(([metric]) => metric), 'max_us']
                    .map((metric) => spread('microseconds',
                        found.summary(peer, metric))),
                verdictCell(results, found, peer, 'p999_us', BUCKETED)]),
        },
    };
}

function latencies(results) {
    return results.cases('echo')
        .filter(({ fields }) => fields.size === 64 &&
            fields.connections !== 10000)
        .map((found) => latencyPicture(results, found));
}

/* -------------------------------------------------------- stalled readers */

function stalledFinding(results, found) {
    const words = { level: 'level with being alone', behind: 'behind what ' +
        'it is alone', ahead: 'not less than alone', unknown: 'one round' };
    return OURS.filter((ours) => found.has(ours, 'kept'))
        .map((ours, index) => {
            const { verdict } = compare(found.series(ours, 'rate'),
                found.series(ours, 'rate_alone'), { better: 'more' });
            const kept = spread('ratio', found.summary(ours, 'kept'));
            const each = spread('bytes', found.summary(ours, 'rss_each'));
            return index > 0 ? `In JavaScript ${kept} (${words[verdict]}), ` +
                `${each}.` : 'Beside ' +
                `${plain(found.fields.stalled)} readers that have stopped, ` +
                `${results.label(ours)} serves the others at ${kept} of ` +
                `their rate (${words[verdict]}); each of the stalled costs ` +
                `${each}.`;
        });
}

function stalled(results) {
    return results.cases('stalled').map((found) => {
        const peers = found.peers('kept').sort(byMedian(found, 'kept'))
            .reverse();
        if (!peers.some((peer) => results.isOurs(peer))) {
            return null;
        }
        return {
            id: slug(found), section: 'bytes', kind: 'bars',
            title: 'Stalled readers: the rate of the others',
            finding: stalledFinding(results, found),
            legend: 'Messages per second beside stalled connections, 1 = the ' +
                'same server without them: at 1 it is as it should be. At ' +
                'the right the memory that each stalled one costs.' +
                found.times('kept'),
            unit: 'ratio', reference: 1,
            rows: peers.map((peer) => ({ label: results.label(peer),
                kind: kindOf(results, peer, 'raw'),
                ...found.summary(peer, 'kept'),
                text: show('bytes',
                    found.summary(peer, 'rss_each').median) })),
            table: {
                columns: ['', 'rate alone', 'rate', 'kept', 'memory of each',
                    'taken of each'],
                rows: peers.map((peer) => [results.label(peer),
                    ...[['rate_alone', 'perSecond'], ['rate', 'perSecond'],
                        ['kept', 'ratio'], ['rss_each', 'bytes'],
                        ['each_bytes', 'bytes']].map(([metric, as]) =>
                        spread(as, found.summary(peer, metric)))]),
            },
        };
    });
}

/* ------------------------------------------------------------------- all */

const SECTIONS = [
    ['glance', 'At a glance'],
    ['messages', 'Messages'],
    ['connections', 'Cost against the number of connections'],
    ['latency', 'Latency'],
    ['bytes', 'Bytes, and readers that stop'],
    ['memory', 'Memory and starting up'],
    ['counts', 'What is the server’s own: user space and system calls'],
    ['timers', 'Timers'],
];

function pictures(results) {
    return [glance, workloads, scaling, latencies, stalled, memory, counts,
        timers, start, history]
        .flatMap((make) => make(results))
        .filter((picture) => picture !== null);
}

module.exports = { SECTIONS, pictures };
