'use strict';
/*
 * Runs random programs on Node and on weir and shows where they differ.
 *
 *     node test/js/order/compare.js [SEEDS [FIRST [CAUSE...]]]
 *
 * Node runs each of them twice: what it does not do twice in the same order is
 * no matter of order. The first program of a cause that differs is made small
 * and shown, with what it logs on both. For Node.
 */
const { spawnSync } = require('child_process');
const path = require('path');
const { causes, steps } = require('./program');

const CHUNK = 100;
const QUICK = 4;  // ms, of timeouts
const SURE = 40;  // where something differs
const ENOUGH = 3; // of those that differ, for each cause
const run = path.join(__dirname, 'run.js');
const weir = process.env.WEIR || path.join(__dirname, '../../../build/weir');

function output(runtime, args, due) {
    const { stdout, signal } = spawnSync(runtime, [run, ...args.map(String)], {
        encoding: 'utf8', timeout: 120000, stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, ORDER_DUE: due },
    });
    return stdout + (signal ? `ended by ${signal}\n` : '');
}

function logOf(runtime, cause, seed, without) {
    return output(runtime, [cause, seed, 'log', without.join(',')], SURE);
}

function areDifferent(cause, seed, without) {
    return logOf(weir, cause, seed, without) !==
        logOf('node', cause, seed, without);
}

/* Whether it is the same on Node at each time, and another on weir. */
function differs(cause, seed) {
    const others = logOf('node', cause, seed, []);
    return [1, 2].every(() => logOf('node', cause, seed, []) === others &&
        logOf(weir, cause, seed, []) !== others);
}

/* The steps without which it differs still, the outer ones first. */
function reduce(cause, seed) {
    const without = [];
    let done = 1;
    for (;;) {
        const next = steps(cause, seed, without).find((each) => each > done);
        if (next === undefined)
            return without;
        if (areDifferent(cause, seed, [...without, next]))
            without.push(next);
        done = next;
    }
}

function sideBySide(left, right) {
    const [a, b] = [left, right].map((text) => text.split('\n'));
    const rows = [];
    for (let i = 0; i < Math.max(a.length, b.length); i++) {
        rows.push(`${a[i] === b[i] ? ' ' : '|'} ${
            (a[i] ?? '').padEnd(36)} ${b[i] ?? ''}`);
    }
    return rows.join('\n');
}

function show(cause, seed) {
    const without = reduce(cause, seed);
    console.log(output('node', [cause, seed, 'text', without.join(',')]));
    console.log(`  ${'Node'.padEnd(36)} weir`);
    console.log(sideBySide(logOf('node', cause, seed, without),
        logOf(weir, cause, seed, without)));
}

function compare(cause, first, count) {
    let shown = false;
    let different = 0;
    for (let seed = first; seed < first + count; seed += CHUNK) {
        const size = Math.min(CHUNK, first + count - seed);
        const [a, b] = ['node', weir].map((runtime) =>
            output(runtime, [cause, seed, size], QUICK).split('\n'));
        for (let i = 0; i < size; i++) {
            if (a[i] === b[i] || different === ENOUGH ||
                !differs(cause, seed + i))
                continue;
            different++;
            console.log(`${cause} ${seed + i} differs`);
            if (!shown)
                show(cause, seed + i);
            shown = true;
        }
    }
    console.log(`${cause}: ${count} programs, ${different} differ`);
    return different;
}

const [count = '1000', first = '1', ...chosen] = process.argv.slice(2);
let different = 0;
for (const cause of chosen.length > 0 ? chosen : causes)
    different += compare(cause, Number(first), Number(count));
process.exitCode = different > 0 ? 1 : 0;
