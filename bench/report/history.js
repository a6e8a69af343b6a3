'use strict';
/*
 * How the counts have changed: from the checked-in figures of each commit that
 * changed them. Only instruction counts; the others have a prefix.
 */
const { number, show } = require('./format');

const OTHER = /^(syscalls|allocations|bytes)_/;
const FIRST = ['weir_message', 'weir_connection', 'timer_start', 'timer_rearm',
    'timer_stop', 'timer_fire'];
const MOST = 8;         // lines that can still be told apart

/* In time: [{ commit, date }], and name -> values by commit. */
function collect(figures) {
    const commits = [];
    const names = new Map();
    for (const { date, commit, name, value } of figures) {
        if (!commits.some((each) => each.commit === commit)) {
            commits.push({ commit, date });
        }
        if (!OTHER.test(name)) {
            names.set(name, (names.get(name) || new Map()).set(commit, value));
        }
    }
    commits.sort((a, b) => (a.date < b.date ? -1 : 1));
    return { commits, names };
}

/* 'weir_message 185 → 177 (−4.5 %)', or the figure alone if there is one. */
function change(name, values) {
    const [first, last] = [values[0], values[values.length - 1]];
    if (values.length < 2 || first === last || first === 0) {
        return `${name} ${show('count', last)}`;
    }
    const percent = Math.abs(last / first - 1) * 100;
    return `${name} ${show('count', first)} → ${show('count', last)} (` +
        `${last < first ? '−' : '+'}${number(percent, 2)} %)`;
}

function findingOf(names, commits) {
    const said = FIRST.slice(0, 2).filter((name) => names.has(name))
        .map((name) => change(name, [...names.get(name).values()]));
    const since = `In ${commits.length} recorded commits since ` +
        commits[0].date.slice(0, 10);
    return [said.length ? `${since}: ${said.join(', ')}.` : `${since}.`];
}

function history(results) {
    const { commits, names } = collect(results.figures || []);
    const shown = [...FIRST.filter((name) => names.has(name)),
        ...[...names.keys()].filter((name) => name.startsWith('weir') &&
            !FIRST.includes(name))].slice(0, MOST);
    if (shown.length === 0) {
        return [];
    }
    return [{
        id: 'history', section: 'counts', kind: 'lines',
        title: 'Instructions, commit by commit',
        finding: findingOf(names, commits),
        legend: 'User-space instructions as checked in, by the commits that ' +
            'changed them; logarithmic. Lower is better.',
        unit: 'count', logarithmic: true, axis: 'commit',
        ticks: commits.map(({ commit }) => commit.slice(0, 7)),
        series: shown.map((name) => ({ label: name,
            kind: FIRST.indexOf(name) < 2 ? 'ours' : 'native',
            points: commits.map(({ commit }, index) =>
                ({ x: index, median: names.get(name).get(commit) }))
                .filter(({ median }) => median > 0) })),
        table: {
            columns: ['', ...commits.map(({ commit, date }) =>
                `${commit.slice(0, 7)} ${date.slice(0, 10)}`)],
            rows: [...names].map(([name, values]) => [name,
                ...commits.map(({ commit }) =>
                    show('count', values.get(commit)))]),
        },
    }];
}

module.exports = { history };
