'use strict';
/*
 * The goals of goals.json beside what was measured. A goal is
 *
 *     part, where     the case; key: what of it; peer: weir or weir-js
 *     to              ratio to that peer, round by round
 *     most, least     the limit of the median
 *     level           not behind another peer, or another key of the same one
 *     behind: none    behind no peer of the same kind
 *
 * met: the median keeps the limit. close: it does not, but the limit lies
 * inside of the spread. missed: neither. Where no difference is the goal, one
 * that is smaller than the spread is none.
 */
const { compare, keeps, summary, ratios } = require('./statistics');
const { plain, show, spread, list, NONE } = require('./format');
const { verdicts } = require('./findings');

function limitText({ most, least, unit, behind, level }) {
    if (behind || level) {
        return level ? 'level' : `behind ${behind}`;
    }
    const [name, limit] = most === undefined ? ['at least', least] :
        ['at most', most];
    // 140 ns, not 140.00 ns: a goal was set, and not measured.
    const sign = /[^\d.,]*$/.exec(show(unit, 1.5))[0];
    return `${name} ${plain(limit)}${sign}`;
}

function valuesOf(goal, found) {
    if (!found || !found.has(goal.peer, goal.key)) {
        return [];
    }
    return goal.to ? ratios(found.series(goal.peer, goal.key),
        found.series(goal.to, goal.key)) : found.values(goal.peer, goal.key);
}

/* How much of what the goal allows was used; null where that says nothing. */
function shareOf({ most, least }, { median }) {
    if (most > 0) {
        return median / most;
    }
    return least > 0 ? least / median : null;
}

/* { measured, state, share } of each sort of goal. */

function keepsLimit(goal, found) {
    const values = valuesOf(goal, found);
    return { measured: spread(goal.unit, summary(values)),
        state: keeps(values, goal), share: shareOf(goal, summary(values)) };
}

function isLevel({ peer, key, better, level }, found) {
    const { verdict, ratio } = compare(found.series(peer, key),
        found.series(level.peer || peer, level.key || key), { better });
    const states = { unknown: 'not measured', behind: 'missed' };
    return { measured: spread('ratio', ratio), state: states[verdict] || 'met',
        share: null };
}

function isBehindNone({ peer, key, unit }, found, results) {
    const { behind } = verdicts(results, found, peer, key);
    const others = behind.filter((each) => each.peer !== 'raw')
        .map((each) => results.label(each.peer));
    return { measured: others.length ? `behind ${list(others)}` :
        spread(unit, found.summary(peer, key)),
    state: others.length ? 'missed' : 'met', share: null };
}

function judge(results, goal) {
    const found = results.case(goal.part, goal.where);
    const row = { what: goal.what, goal: limitText(goal) };
    if (valuesOf(goal, found).length === 0) {
        return { ...row, measured: NONE, state: 'not measured', share: null };
    }
    const sort = (goal.level && isLevel) || (goal.behind && isBehindNone) ||
        keepsLimit;
    return { ...row, ...sort(goal, found, results) };
}

/* { rows, finding, table } */
function goals(results, wanted) {
    const rows = wanted.map((goal) => judge(results, goal));
    const count = (state) => rows.filter((row) => row.state === state).length;
    const parts = ['met', 'close', 'missed', 'not measured']
        .filter((state) => count(state) > 0)
        .map((state) => `${count(state)} ${state}`);
    return {
        rows,
        finding: `Of ${rows.length} goals: ${list(parts)}.`,
        table: {
            columns: ['', 'goal', 'weir', ''],
            rows: rows.map((row) =>
                [row.what, row.goal, row.measured, row.state]),
        },
    };
}

module.exports = { goals };
