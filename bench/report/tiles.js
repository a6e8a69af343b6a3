'use strict';
/*
 * The handful of figures at the top of the page: what weir costs where most
 * people would look first, and how that stands to the best of its peers.
 */
const { COUNTED, compare, summary, ratios } = require('./statistics');
const { show } = require('./format');
const { best } = require('./works');

const TILES = [
    { part: 'echo', where: { connections: 64, size: 64 }, key: 'cost',
        to: 'raw', unit: 'ratio', sign: '×',
        what: 'of a raw loop’s CPU per message' },
    { part: 'echo', where: { connections: 64, size: 64 }, key: 'cost',
        peer: 'weir-js', to: 'raw', unit: 'ratio', sign: '×',
        what: 'of it in JavaScript' },
    { part: 'echo', where: { connections: 64, size: 64 }, key: 'rate',
        unit: 'perSecond', better: 'more', what: 'messages on one core' },
    { part: 'counts', where: { kind: 'message' }, key: 'instructions',
        unit: 'count', ...COUNTED, what: 'instructions per message' },
    { part: 'memory', where: {}, key: 'each', unit: 'exactBytes',
        what: 'per idle connection' },
    { part: 'timers', where: { name: 'rearm', live: 100000 }, key: 'ns',
        unit: 'nanoseconds', what: 'to re-arm one of 100,000 timers' },
    { part: 'proxy', where: {}, key: 'cost', to: 'haproxy', unit: 'ratio',
        sign: '×', what: 'of HAProxy’s CPU as a proxy' },
    { part: 'start', where: {}, key: 'wall_ms', peer: 'weir-js',
        unit: 'milliseconds', what: 'from start to end of a script' },
];

/* The best of the peers by the tile's own measure. */
function rival(results, found, tile, ours) {
    const metric = tile.better === 'more' ? 'cost' : tile.key;
    return best(results, found, metric,
        (peer) => results.champion(peer) === ours);
}

function toTile(results, tile) {
    const { part, where, key, to, unit, sign = '', peer = 'weir' } = tile;
    const found = results.case(part, where);
    if (!found || !found.has(peer, key) || (to && !found.has(to, key))) {
        return null;
    }
    const { median } = summary(to ?
        ratios(found.series(peer, key), found.series(to, key)) :
        found.values(peer, key));
    const other = rival(results, found, tile, peer);
    if (other === null) {
        return { value: show(unit, median) + sign, what: tile.what,
            verdict: '' };
    }
    const { verdict } = compare(found.series(peer, key),
        found.series(other, key), tile);
    const words = { ahead: 'ahead of', level: 'level with',
        behind: 'behind', unknown: 'not compared with' };
    return { value: show(unit, median) + sign, what: tile.what,
        verdict: `${words[verdict]} ${results.label(other)}` };
}

function tiles(results) {
    return TILES.map((tile) => toTile(results, tile))
        .filter((tile) => tile !== null);
}

module.exports = { tiles };
