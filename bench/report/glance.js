'use strict';
/*
 * The first pictures: everything on one axis. A row is a case, every peer a dot
 * in it, and the line at 1 is whom all are put beside.
 */
const { COUNTED, compare } = require('./statistics');
const { show, spread, plain, list, NONE } = require('./format');
const { WORKS, STYLES, yardstickOf, best, size } = require('./works');
const { OURS } = require('./findings');
const { kindOf, ratioTo, restricted } = require('./rows');

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
        .map((found) => [found, 'cost', shortTitle(found),
            WORKS[found.part].options]);
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
        return `${name} ${size(fields)} × ${plain(fields.connections)}`;
    case 'promises':
        return `${name} by ${STYLES[fields.style]}`;
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
    const scripts = (peer) => results.scripted(peer);
    const natives = (peer) => !results.scripted(peer);
    const timer = (name) => results.cases('timers', { name }).slice(-1)[0];
    const cases = [
        [results.case('counts', { kind: 'message' }), 'instructions',
            'Instructions, message', COUNTED],
        [results.case('counts', { kind: 'connection' }), 'instructions',
            'Instructions, connection', COUNTED],
        [results.case('memory'), 'each', 'Memory, idle, C', {}, natives],
        [results.case('memory'), 'each', 'Memory, idle, JS', {}, scripts],
        [timer('insert'), 'ns', 'Timer start'],
        [timer('cancel_shuffled'), 'ns', 'Timer stop'],
        [timer('rearm'), 'ns', 'Timer re-arm'],
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

module.exports = { glance };
