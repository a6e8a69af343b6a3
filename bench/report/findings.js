'use strict';
/*
 * The sentence above a picture, made from the figures.
 *
 * The idea: a sentence is who is measured, how much, and then the others in
 * three groups: ahead of these, level with those, behind those. Who stands in
 * which group is decided by statistics.compare and nobody else; a difference
 * that is smaller than the spread cannot be put into words here.
 */
const { compare } = require('./statistics');
const { show, spread, list, counted } = require('./format');

/* The others of the same kind as `ours`, by verdict: { ahead: [...], ... } */
function verdicts(results, found, ours, metric, options = {}) {
    const groups = { ahead: [], level: [], behind: [], unknown: [] };
    for (const peer of found.peers(metric)) {
        if (results.isOurs(peer) || results.champion(peer) !== ours) {
            continue;
        }
        const { verdict, ratio } = compare(found.series(ours, metric),
            found.series(peer, metric), options);
        groups[verdict].push({ peer, ratio });
    }
    return groups;
}

/*
 * 'ahead of libuv and libevent, level with libev'. The raw loop is what can be
 * had without a library: that it is cheaper goes without saying.
 */
function relations(results, groups) {
    const text = [];
    const name = ({ peer }) => (peer === 'raw' ? 'the raw loop' :
        results.label(peer));
    const behind = groups.behind.filter(({ peer }) => peer !== 'raw');
    const { ahead, level } = groups;
    const others = ahead.length + level.length + behind.length;
    const all = (group) => group.length === others && others > 3;
    if (ahead.length > 0) {
        text.push(all(ahead) ? `ahead of all ${counted(others)} others` :
            `ahead of ${list(ahead.map(name))}`);
    }
    if (level.length > 0) {
        text.push(`level with ${list(level.map(name))}`);
    }
    if (behind.length > 0) {
        const by = ({ peer, ratio: { median } }) => results.label(peer) +
            (Number.isFinite(median) ? ` (${show('ratio', median)} of it)` :
                '');
        text.push(`behind ${list(behind.map(by))}`);
    }
    if (text.length === 0 && groups.unknown.length > 0) {
        return 'one round, nothing to be said of the others';
    }
    return text.join('; ');
}

/* `lead` says how much of what it is; the others follow. */
function sentence(lead, relation) {
    return relation === '' ? `${lead}.` : `${lead}: ${relation}.`;
}

const OURS = ['weir', 'weir-js'];

/*
 * A sentence for each of ours that is in it. `say(peer, first)` gives its lead;
 * one that is not the first need not repeat what it is a figure of.
 */
function finding(results, found, metric, say, options) {
    return OURS.filter((ours) => found.has(ours, metric))
        .map((ours, index) => sentence(say(ours, index === 0),
            relations(results,
                verdicts(results, found, ours, metric, options))));
}

/* weir needs 0.98 (0.95–1.01) of the raw loop's CPU per message: ... */
function costFinding(results, found, work, yardstick) {
    return finding(results, found, 'cost', (ours, first) => {
        const { ratio } = compare(found.series(ours, 'cost'),
            found.series(yardstick, 'cost'));
        const figure = spread('ratio', ratio);
        return first ? `${results.label(ours)} needs ${figure} of ` +
            `${owner(results, yardstick)} ${work.what}` :
            `In JavaScript ${figure}`;
    }, work.options);
}

function owner(results, peer) {
    return peer === 'raw' ? 'the raw loop’s' : `${results.label(peer)}’s`;
}

/* `says`: 'takes % to start a timer', the figure in place of the sign. */
function valueFinding(results, found, metric, { unit, says, options }) {
    return finding(results, found, metric, (ours, first) => {
        const figure = spread(unit, found.summary(ours, metric));
        return first ? `${results.label(ours)} ${says.replace('%', figure)}` :
            `In JavaScript ${figure}`;
    }, options);
}

module.exports = { OURS, verdicts, finding, costFinding,
    valueFinding };
