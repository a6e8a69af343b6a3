'use strict';
/*
 * Which pictures there are, in which order, and what each one says: a title, a
 * sentence of finding, what is drawn, and the table behind it.
 *
 * The idea: this is the one place that decides. plots.js draws a picture,
 * page.js frames it, tables.js prints its table; none of them looks at results.
 * A picture whose part was not measured is not there.
 */
const { compare, summary, ratios } = require('./statistics');
const { show, spread, number, list, NONE } = require('./format');
const { WORKS, yardstickOf, best, slug, connections, size } =
    require('./works');
const { OURS, finding, costFinding, valueFinding } =
    require('./findings');
const { history } = require('./history');

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

/* ------------------------------------------------------------ a workload */

function costTable(results, found, yardstick) {
    const { rate, unit, what } = WORKS[found.part];
    const peers = found.peers('cost').sort(byMedian(found, 'cost'));
    const latency = peers.some((peer) => found.has(peer, 'p50_us'));
    const columns = ['', 'rate', what, 'user', 'system', 'busy',
        `to ${results.label(yardstick)}`, VERDICT_HEAD];
    const rows = peers.map((peer) => {
        const of = (metric, as) => spread(as, found.summary(peer, metric));
        const only = (metric, as) =>
            show(as, found.summary(peer, metric).median);
        const busy = found.summary(peer, 'busy').median;
        return [results.label(peer), only('rate', rate), of('cost', unit),
            only('user', unit), only('system', unit),
            Number.isFinite(busy) ? `${Math.round(busy * 100)} %` +
                (found.bounded(peer) ? '*' : '') : NONE,
            spread('ratio', ratioTo(found, peer, yardstick)),
            verdictCell(results, found, peer, 'cost'),
            ...latency ? ['p50_us', 'p99_us', 'p999_us']
                .map((metric) => only(metric, 'microseconds')) : []];
    });
    return { columns: latency ? [...columns, 'p50', 'p99', 'p99.9'] : columns,
        rows };
}

/* Waiting for one connection is no bottleneck: there is nothing else to do. */
function boundNote(results, found) {
    if (found.fields.connections === 1 && found.part === 'echo') {
        return 'With one connection the server sleeps after each message; ' +
            'what is measured is also how fast the machine wakes it.';
    }
    const bounded = found.peers('cost').filter((peer) => found.bounded(peer));
    if (bounded.length === 0) {
        return '';
    }
    return '* The load, not the server, was what bounded: less than 85 % of ' +
        'its core was busy. CPU per unit still holds, the rate does not.';
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
    return {
        id: slug(found), section: work.section, kind: 'bars',
        title: work.title(found.fields),
        finding: costFinding(results, found, work, yardstick),
        legend: `${work.what}, 1 = ${results.label(yardstick)} ` +
            `(${show(work.unit, found.summary(yardstick, 'cost').median)}). ` +
            'Shorter is better.',
        unit: 'ratio', reference: 1, rows,
        table: costTable(results, found, yardstick),
        note: boundNote(results, found),
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

const LANGUAGES = [
    { id: 'c', ours: 'weir', name: 'C', scripted: false },
    { id: 'js', ours: 'weir-js', name: 'JavaScript', scripted: true },
];

/* The best of the others over all the cases: least product of its ratios. */
function bestOver(results, cases, scripted) {
    const total = new Map();
    for (const found of cases) {
        for (const peer of found.peers('cost')) {
            if (!results.isOurs(peer) && peer !== 'raw' &&
                results.scripted(peer) === scripted) {
                const log = Math.log(found.summary(peer, 'cost').median);
                total.set(peer, [...(total.get(peer) || []), log]);
            }
        }
    }
    const complete = [...total].filter(([, logs]) =>
        logs.length === cases.length);
    const sum = ([, logs]) => logs.reduce((a, b) => a + b, 0);
    complete.sort((a, b) => sum(a) - sum(b));
    return complete.length ? complete[0][0] : null;
}

/* 'level with libev at 1, 64 and 1,000; ahead at 10,000' */
function verdictsOver(results, cases, ours, other) {
    const groups = new Map();
    for (const found of cases) {
        const { verdict } = compare(found.series(ours, 'cost'),
            found.series(other, 'cost'));
        const at = number(found.fields.connections);
        groups.set(verdict, [...(groups.get(verdict) || []), at]);
    }
    const join = { ahead: 'ahead of', level: 'level with', behind: 'behind',
        unknown: 'not comparable with' };
    const label = results.label(other);
    if (groups.size === 1) {
        return `${join[[...groups.keys()][0]]} ${label} at each`;
    }
    return [...groups].map(([verdict, at], index) =>
        `${index ? verdict : `${join[verdict]} ${label}`} at ${at.join(', ')}`)
        .join('; ');
}

function scalingFinding(results, cases, { ours, scripted, name }) {
    const at = cases.map((found) => number(found.fields.connections));
    const values = cases.map((found) =>
        show('ratio', ratioTo(found, ours, 'raw').median));
    const other = bestOver(results, cases, scripted);
    return [`At ${at.join(' / ')} connections weir in ${name} needs ` +
        `${values.join(' / ')} of the raw loop’s CPU` +
        (other ? `; beside the best of the others: ${
            verdictsOver(results, cases, ours, other)}.` : '.')];
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
        .filter((each) => each.has(ours, 'cost') && each.has('raw', 'cost'));
    if (cases.length < 2) {
        return null;
    }
    const peers = [...new Set(cases.flatMap((each) => each.peers('cost')))]
        .filter((peer) => peer !== 'raw' && results.scripted(peer) === scripted);
    const series = peers.map((peer) => ({
        label: results.label(peer), kind: kindOf(results, peer, 'raw'),
        points: cases.filter((each) => each.has(peer, 'cost'))
            .map((each) => ({ x: each.fields.connections,
                ...ratioTo(each, peer, 'raw') })),
    }));
    return {
        id: `scaling-${bytes}-${language.id}`, section: 'connections',
        kind: 'lines',
        title: `Echo, ${size({ size: bytes })}, in ${language.name}`,
        finding: scalingFinding(results, cases, language),
        legend: 'CPU per message against the number of connections, 1 = raw ' +
            'loop, logarithmic. Lower is better. The band is the range of ' +
            'weir’s rounds.',
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
        spread('microseconds', found.summary(ours, 'p999_us')));
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
                verdictCell(results, found, peer, 'p999_us')]),
        },
    };
}

function latencies(results) {
    return results.cases('echo')
        .filter(({ fields }) => fields.size === 64 &&
            fields.connections !== 10000)
        .map((found) => latencyPicture(results, found));
}

/* --------------------------------------------- one value for each peer */

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

/* The same case, with only some of its peers. */
function restricted(found, only) {
    const copy = Object.create(found);
    copy.rounds = new Map([...found.rounds].filter(([peer]) => only(peer)));
    return copy;
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
                `${number(found.fields.stalled)} readers that have stopped, ` +
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
                'same server without them: at 1 it is as it should be. At the ' +
                'right the memory that each stalled one costs.',
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

/* ------------------------------------------------------------ at a glance */

/* A row: every peer a dot on one axis, where 1 is whom we are put beside. */
function strip(results, found, metric, label, beside) {
    if (!found || !beside || !found.has(beside, metric)) {
        return null;
    }
    const dots = found.peers(metric)
        .filter((peer) => peer !== beside)
        .map((peer) => ({ kind: kindOf(results, peer, beside), peer,
            label: results.label(peer),
            ...ratioTo(found, peer, beside, metric) }))
        .filter(({ median }) => median > 0);
    if (!dots.some(({ kind }) => kind === 'ours')) {
        return null;
    }
    return { label, dots, beside: results.label(beside) };
}

function glanceTable(rows) {
    const of = (row, peer) => {
        const dot = row.dots.find((each) => each.peer === peer);
        return dot ? spread('ratio', dot) : NONE;
    };
    return {
        loose: 1,       // columns at the end that a terminal has no room for
        columns: ['', '1 is', 'weir', 'weir JS', 'the others'],
        rows: rows.map((row) => [row.label, row.beside, of(row, 'weir'),
            of(row, 'weir-js'), row.dots.filter(({ kind }) => kind !== 'ours')
                .sort((a, b) => a.median - b.median)
                .map(({ label, median }) => `${label} ${show('ratio', median)}`)
                .join(', ')]),
    };
}

/* In how many of the rows weir is ahead of, level with, behind the others. */
function glanceFinding(results, cases) {
    return OURS.map((ours) => {
        const tally = { ahead: 0, level: 0, behind: 0, unknown: 0 };
        for (const [found, metric, , options] of cases) {
            const other = best(results, found, metric,
                (peer) => results.champion(peer) === ours);
            if (other && found.has(ours, metric)) {
                tally[compare(found.series(ours, metric),
                    found.series(other, metric), options).verdict]++;
            }
        }
        const total = tally.ahead + tally.level + tally.behind;
        const parts = ['ahead', 'level', 'behind']
            .filter((verdict) => tally[verdict] > 0)
            .map((verdict) => `${verdict} in ${tally[verdict]}`);
        return total === 0 ? '' : 'Beside the best of its peers ' +
            `${results.label(ours)} is ${list(parts)} of ${total}.`;
    }).filter((text) => text !== '');
}

function glance(results) {
    const cases = Object.keys(WORKS).flatMap((part) => results.cases(part))
        .map((found) => [found, 'cost', shortTitle(found)]);
    const rows = cases.map(([found, metric, label]) =>
        strip(results, found, metric, label, yardstickOf(results, found)))
        .filter((row) => row !== null);
    if (rows.length === 0) {
        return [];
    }
    return [{
        id: 'glance-cost', section: 'glance', kind: 'strip',
        title: 'What a unit of work costs the server',
        finding: glanceFinding(results, cases),
        legend: 'CPU per message, connection or byte. The line at 1 is the ' +
            'raw loop (for the proxy HAProxy). Further left is better. ' +
            'Filled: weir in C; ring: weir’s JavaScript; grey: the others.',
        rows, table: glanceTable(rows),
    }, ...glanceOther(results)];
}

function shortTitle({ part, fields }) {
    const { name } = WORKS[part];
    switch (part) {
    case 'echo':
        return `${name} ${size(fields)} × ${number(fields.connections)}`;
    case 'bulk':
    case 'sink':
    case 'http':
    case 'pipelined':
    case 'proxy':
        return `${name} × ${fields.connections}`;
    default:
        return name;
    }
}

/* What has no raw loop beside it: 1 is the best of the others. */
function glanceOther(results) {
    const exact = { exact: true };
    const scripts = (peer) => results.scripted(peer);
    const natives = (peer) => !results.scripted(peer);
    const timer = (name) => results.cases('timers', { name }).slice(-1)[0];
    const cases = [
        [results.case('counts', { kind: 'message' }), 'instructions',
            'Instructions, message', exact],
        [results.case('counts', { kind: 'connection' }), 'instructions',
            'Instructions, connection', exact],
        [results.case('memory'), 'each', 'Memory, idle, C', {}, natives],
        [results.case('memory'), 'each', 'Memory, idle, JS', {}, scripts],
        [timer('insert'), 'ns', 'Timer start'],
        [timer('cancel'), 'ns', 'Timer stop'],
        [timer('rearm'), 'ns', 'Timer re-arm'],
        [timer('fire'), 'ns', 'Timer fire'],
        [results.case('start'), 'wall_ms', 'Start-up'],
    ].filter(([found]) => found);
    const rows = cases.map(([found, metric, label, , only = () => true]) => {
        const part = restricted(found, (peer) => peer !== 'raw' && only(peer));
        return strip(results, part, metric, label,
            best(results, part, metric));
    }).filter((row) => row !== null);
    if (rows.length === 0) {
        return [];
    }
    return [{
        id: 'glance-other', section: 'glance', kind: 'strip',
        title: 'Instructions, memory, timers, start-up',
        finding: glanceFinding(results, cases),
        legend: 'The line at 1 is the best of the others. Further left is ' +
            'better.',
        rows, table: glanceTable(rows),
    }];
}

/* ------------------------------------------------------------------- all */

const SECTIONS = [
    ['glance', 'At a glance'],
    ['messages', 'Messages'],
    ['connections', 'Cost against the number of connections'],
    ['latency', 'Latency'],
    ['bytes', 'Bytes, and readers that stop'],
    ['memory', 'Memory and starting up'],
    ['counts', 'Instructions and system calls'],
    ['timers', 'Timers'],
];

function pictures(results) {
    return [glance, workloads, scaling, latencies, stalled, memory, counts,
        timers, start, history]
        .flatMap((make) => make(results))
        .filter((picture) => picture !== null);
}

module.exports = { SECTIONS, pictures };
