'use strict';
/*
 * The goals of goals.json beside what was measured. A goal is
 *
 *     part, where     the case; key: what of it; peer: weir or weir-js
 *     to              ratio to that peer, round by round
 *     most, least     the limit of the median
 *     behind: none    behind no peer of the same kind by more than the spread
 *
 * met: the median keeps the limit. close: it does not, but the limit lies
 * inside of the spread. missed: neither.
 */
const { keeps, summary, ratios } = require('./statistics');
const { plain, show, spread, list, NONE } = require('./format');
const { verdicts } = require('./findings');

function limitText({ most, least, unit, behind }) {
    if (behind) {
        return `behind ${behind}`;
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

function judge(results, goal) {
    const found = results.case(goal.part, goal.where);
    const values = valuesOf(goal, found);
    const goalText = limitText(goal);
    if (values.length === 0) {
        return { what: goal.what, goal: goalText, measured: NONE,
            state: 'not measured', share: null };
    }
    const measured = spread(goal.unit, summary(values));
    const share = shareOf(goal, summary(values));
    if (!goal.behind) {
        return { what: goal.what, goal: goalText, measured, share,
            state: keeps(values, goal) };
    }
    const { behind } = verdicts(results, found, goal.peer, goal.key);
    const others = behind.filter(({ peer }) => peer !== 'raw')
        .map(({ peer }) => results.label(peer));
    return { what: goal.what, goal: goalText, share,
        measured: others.length ? `behind ${list(others)}` : measured,
        state: others.length ? 'missed' : 'met' };
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
