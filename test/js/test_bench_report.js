'use strict';
/*
 * bench/report: what may be said of a difference, how figures are read and
 * written, and that the pictures, tables and the page say what was measured.
 * fixtures/bench.raw has made-up figures for which each verdict is known.
 */
const fs = require('fs');
const path = require('path');
const { test, assert } = require('./harness');

const REPORT = path.join(__dirname, '..', '..', 'bench', 'report');
const use = (name) => require(path.join(REPORT, name));

const { COUNTED, BUCKETED, median, summary, range, compare, keeps } =
    use('statistics');
const { parse, parsePeers, print } = use('parse');
const { plain, number, show, tick, spread, list } = use('format');
const { Results } = use('cases');
const { pictures } = use('pictures');
const { script, apart, limitOf } = use('plots');
const { table, wrapped, terminal } = use('tables');
const { goals } = use('goals');
const { tiles } = use('tiles');
const { page, inlined } = use('page');

const RAW = fs.readFileSync(path.join(__dirname, 'fixtures', 'bench.raw'),
    'utf8');
const GOALS = JSON.parse(fs.readFileSync(path.join(REPORT, 'goals.json'),
    'utf8'));

/* Rounds 1, 2, ... of these values. */
function series(...values) {
    return new Map(values.map((value, index) => [index + 1, value]));
}

function verdict(ours, theirs, options) {
    return compare(series(...ours), series(...theirs), options).verdict;
}

function measured() {
    return new Results(parse(RAW));
}

function pictureOf(id) {
    return pictures(measured()).find((picture) => picture.id === id);
}

/* -------------------------------------------------------------- statistics */

test('a median is the value in the middle, or between the two there', () => {
    assert.strictEqual(median([3, 1, 2]), 2);
    assert.strictEqual(median([4, 1, 3, 2]), 2.5);
    assert.ok(Number.isNaN(median([])));
});

test('a summary has the ends and the quartiles', () => {
    assert.deepStrictEqual(summary([5, 1, 4, 2, 3]), { rounds: 5, median: 3,
        least: 1, most: 5, low: 2, high: 4 });
});

test('five to seven rounds count as a whole, eight without their ends', () => {
    assert.deepStrictEqual(range([1, 2, 3, 4, 5]), [1, 5]);
    assert.deepStrictEqual(range([7, 1, 2, 3, 4, 5, 6]), [1, 7]);
    assert.deepStrictEqual(range([8, 7, 1, 2, 3, 4, 5, 6]), [2, 7]);
});

test('with fewer rounds the range is wider by its width on both sides', () => {
    assert.deepStrictEqual(range([2, 3, 4]), [0, 6]);
});

test('less is ahead and more is behind when every round says so', () => {
    const ones = [1, 1, 1, 1, 1];
    assert.strictEqual(verdict([0.9, 0.8, 0.9, 0.95, 0.9], ones), 'ahead');
    assert.strictEqual(verdict([1.1, 1.2, 1.1, 1.05, 1.1], ones), 'behind');
    assert.strictEqual(verdict([1.1, 1.2, 1.1, 1.05, 1.1], ones,
        { better: 'more' }), 'ahead');
});

test('a difference smaller than the spread is level', () => {
    const ones = [1, 1, 1, 1, 1];
    assert.strictEqual(verdict([0.8, 0.8, 0.8, 0.8, 1.01], ones), 'level');
    assert.strictEqual(verdict([1, 1, 1, 1, 1], ones), 'level');
    assert.strictEqual(verdict([0.9, 0.98, 0.98, 0.98, 0.99], ones), 'level');
});

test('rounds are compared with the same round, not all with all', () => {
    // The machine was twice as slow in every other round, for both.
    assert.strictEqual(verdict([9, 18, 9, 18, 9], [10, 20, 10, 20, 10]),
        'ahead');
});

test('only rounds that both have are compared', () => {
    const ours = new Map([[1, 5], [3, 5]]);
    const { ratio } = compare(ours, series(10, 10, 10));
    assert.strictEqual(ratio.rounds, 2);
    assert.strictEqual(ratio.median, 0.5);
});

test('two rounds must differ by more than they are apart', () => {
    assert.strictEqual(verdict([0.9, 0.98], [1, 1]), 'level');
    assert.strictEqual(verdict([0.5, 0.52], [1, 1]), 'ahead');
});

test('one round says nothing, unless it is a count', () => {
    assert.strictEqual(verdict([0.5], [1]), 'unknown');
    assert.strictEqual(verdict([0.5], [1], COUNTED), 'ahead');
    assert.strictEqual(verdict([100.4], [100], COUNTED), 'level');
    assert.strictEqual(verdict([100.6], [100], COUNTED), 'behind');
});

test('what the instrument cannot tell apart is level', () => {
    const ones = [1, 1, 1, 1, 1];
    const more = [1.02, 1.02, 1.02, 1.02, 1.02];
    assert.strictEqual(verdict([1.01, 1.01, 1.01, 1.01, 1.01], ones), 'level');
    assert.strictEqual(verdict(more, ones), 'behind');
    assert.strictEqual(verdict(more, ones, BUCKETED), 'level');
});

test('nothing to compare with is no verdict', () => {
    assert.deepStrictEqual(compare(series(1), new Map()),
        { verdict: 'unknown', ratio: null });
});

test('nothing is level with nothing, and ahead of something', () => {
    assert.strictEqual(verdict([0, 0, 0], [0, 0, 0]), 'level');
    assert.strictEqual(verdict([0, 0, 0], [0.1, 0.1, 0.2]), 'ahead');
    assert.strictEqual(verdict([0.1, 0.1, 0.2], [0, 0, 0]), 'behind');
});

test('a goal is met by the median, and close inside of the spread', () => {
    assert.strictEqual(keeps([1, 1.02, 1.1], { most: 1.02 }), 'met');
    assert.strictEqual(keeps([1, 1.03, 1.1], { most: 1.02 }), 'close');
    assert.strictEqual(keeps([1.2, 1.21, 1.22], { most: 1.02 }), 'missed');
    assert.strictEqual(keeps([141], { most: 140 }), 'missed');
    assert.strictEqual(keeps([0.8, 0.99, 1.1], { least: 1 }), 'close');
    assert.strictEqual(keeps([], { most: 1 }), 'not measured');
});

/* ---------------------------------------------------------- reading results */

test('lines become meta, versions, skipped, failed and measurements', () => {
    const results = parse('meta machine=two words\nversion node 20, V8\n' +
        'skipped bun not here\nfailed deno churn closed too early\n\n# no\n' +
        'part=echo peer=weir round=2 size=64 connections=1 rate=1.5e3 x=y\n' +
        'figure 2026-01-01 abc weir_message 177.1\n');
    assert.deepStrictEqual(results, {
        meta: { machine: 'two words' }, versions: { node: '20, V8' },
        skipped: { bun: 'not here' },
        failed: [{ peer: 'deno', part: 'churn', reason: 'closed too early' }],
        measurements: [{ round: 2, part: 'echo', peer: 'weir', size: 64,
            connections: 1, rate: 1500, x: 'y' }],
        figures: [{ date: '2026-01-01', commit: 'abc', name: 'weir_message',
            value: 177.1 }],
    });
});

test('lines about the same thing in the same round are one measurement', () => {
    const { measurements } = parse(
        'part=counts peer=weir round=1 kind=message instructions=139\n' +
        'part=counts peer=weir round=1 kind=message syscalls=2.02\n' +
        'part=counts peer=weir round=1 kind=connection syscalls=7.1\n');
    assert.strictEqual(measurements.length, 2);
    assert.strictEqual(measurements[0].instructions, 139);
    assert.strictEqual(measurements[0].syscalls, 2.02);
});

test('a line that cannot be read is an error with its number', () => {
    assert.throws(() => parse('meta a=b\npart=echo round=1 rate=3'),
        /^Error: line 2: a measurement without peer/);
});

test('JSON has all of it, one measurement a line', () => {
    const results = parse(RAW);
    const text = print(results);
    assert.deepStrictEqual(JSON.parse(text), results);
    assert.ok(text.split('\n').length > results.measurements.length);
});

test('the table of peers gives languages and texts', () => {
    const peers = parsePeers('# name | language\n' +
        'swift | C | echo | build/x {workload} {port} | header:x.h | x -v | ' +
        'a fast one\n');
    assert.deepStrictEqual(peers,
        { swift: { language: 'C', about: 'a fast one' } });
});

/* --------------------------------------------------------- writing figures */

test('what was measured has three digits, what was set all of its', () => {
    assert.strictEqual(number(0.012345), '0.0123');
    assert.strictEqual(number(1.5), '1.50');
    assert.strictEqual(number(12.345), '12.3');
    assert.strictEqual(number(1234.5), '1,235');
    assert.strictEqual(number(12), '12.0');
    assert.strictEqual(number(0), '0');
    assert.strictEqual(plain(64), '64');
    assert.strictEqual(plain(1000000), '1,000,000');
    assert.strictEqual(plain(1234.5678), '1,234.5678');
    assert.strictEqual(number(NaN), '—');
});

test('units are those that fit', () => {
    assert.strictEqual(show('seconds', 5.2e-6), '5.20 µs');
    assert.strictEqual(show('seconds', 0), '0');
    assert.strictEqual(show('microseconds', 1500), '1.50 ms');
    assert.strictEqual(show('perSecond', 142300), '142k/s');
    assert.strictEqual(show('bytesPerSecond', 2.5e9), '2.50 GB/s');
    assert.strictEqual(show('exactBytes', 175.84), '175.8 B');
    assert.strictEqual(show('perGigabyte', 3.4e-10), '0.340 s/GB');
    assert.strictEqual(show('ratio', 0.984), '0.98');
    assert.strictEqual(show('ratio', undefined), '—');
});

test('a range names its unit once, and a single round has none', () => {
    assert.strictEqual(spread('nanoseconds', summary([12, 13, 15])),
        '13.0 ns (12.0–15.0 ns)');
    assert.strictEqual(spread('bytes', summary([9000, 9500, 11000])),
        '9,500 B (9,000 B–11.0 kB)');
    assert.strictEqual(spread('ratio', summary([0.5])), '0.50');
    assert.strictEqual(spread('ratio', null), '—');
});

test('an axis has round figures', () => {
    assert.strictEqual(tick('nanoseconds', 30), '30 ns');
    assert.strictEqual(tick('microseconds', 1500), '1.5 ms');
    assert.strictEqual(tick('microseconds', 300), '300 µs');
});

test('names are listed as in a sentence', () => {
    assert.strictEqual(list([]), '');
    assert.strictEqual(list(['a']), 'a');
    assert.strictEqual(list(['a', 'b', 'c']), 'a, b and c');
});

/* ----------------------------------------------------------------- pictures */

test('the sentence above a workload has the ratio and all the verdicts', () => {
    assert.deepStrictEqual(pictureOf('echo-64-64').finding, [
        'weir needs 0.99 (0.98–1.02) of the raw loop’s CPU per message: ' +
            'ahead of libuv; level with the raw loop and libev; behind swift ' +
            '(1.10 of it).',
        'In JavaScript 1.10 (1.08–1.13): ahead of Node.',
    ]);
});

test('bars are sorted, and the raw loop is the line at 1', () => {
    const { rows, reference } = pictureOf('echo-64-64');
    assert.strictEqual(reference, 1);
    assert.deepStrictEqual(rows.map(({ label }) => label),
        ['swift', 'weir', 'libev', 'weir JS', 'Node', 'libuv']);
    assert.deepStrictEqual(rows.map(({ kind }) => kind),
        ['native', 'ours', 'native', 'ours', 'script', 'native']);
});

test('an echo with promises is put beside the raw loop, and named', () => {
    const picture = pictureOf('promises-handler-64-64');
    assert.strictEqual(picture.title,
        'Echo by an async handler, 64 B, 64 connections');
    assert.match(picture.legend, /1 = raw loop/);
    assert.deepStrictEqual(picture.finding, ['weir JS needs 1.15 (1.13–1.16) ' +
        'of the raw loop’s CPU per message: ahead of Node and Bun node:net.']);
});

test('each style of it has a row of its own at a glance', () => {
    const labels = pictureOf('glance-cost').rows.map(({ label }) => label);
    assert.ok(labels.includes('Echo by an async handler'));
    assert.ok(labels.includes('Echo by for await'));
});

test('a proxy is measured by HAProxy', () => {
    const { legend, finding } = pictureOf('proxy-1');
    assert.match(legend, /1 = HAProxy/);
    assert.match(finding[0],
        /of HAProxy’s CPU per GB: behind HAProxy \(1\.03/);
});

test('cost against connections is told for each number of them', () => {
    assert.deepStrictEqual(pictureOf('scaling-64-c').finding,
        ['At 64 / 1,000 connections weir in C needs 0.99 / 1.00 of the raw ' +
            'loop’s CPU; beside the best of the others: level with libev at ' +
            '64; ahead at 1,000.']);
});

test('a part that was not measured has no picture', () => {
    const ids = pictures(measured()).map(({ id }) => id);
    assert.ok(ids.includes('timers-rearm'));
    assert.ok(!ids.some((id) => id.startsWith('bulk')));
    assert.ok(!ids.includes('history'));
    assert.deepStrictEqual(pictures(new Results(parse(''))), []);
});

test('history is drawn from as many commits as there are', () => {
    const text = 'figure 2026-01-01T00:00:00Z aaa weir_message 200\n' +
        'figure 2026-01-02T00:00:00Z bbb weir_message 150\n' +
        'figure 2026-01-02T00:00:00Z bbb syscalls_message 2\n';
    const [picture] = pictures(new Results(parse(text)));
    assert.strictEqual(picture.id, 'history');
    assert.deepStrictEqual(picture.finding, ['In 2 recorded commits since ' +
        '2026-01-01: weir_message 200 → 150 (−25 %).']);
    assert.strictEqual(picture.series.length, 1);
    const [single] = pictures(new Results(parse(text.split('\n')[0])));
    assert.ok(script(single).includes('set xrange [-1:1]'));
});

test('every picture has a script that draws what its name says', () => {
    for (const picture of pictures(measured())) {
        const text = script(picture);
        assert.ok(text.includes(`set output '${picture.id}.svg'`), picture.id);
        assert.ok(!/undefined|\[object/.test(text), picture.id);
        assert.match(text, /^plot \$/m);
    }
});

test('what gnuplot would interpret in a name is only text', () => {
    const picture = { ...pictureOf('timers-early') };
    picture.rows = [{ ...picture.rows[0], label: 'a_b"{c}' }];
    assert.ok(script(picture).includes('a\\\\_b\\"\\\\{c\\\\}'));
});

test('labels at the ends of lines are moved apart and keep their order', () => {
    const moved = apart([0.5, 0.9, 0.51, 0.5], 0.1);
    const order = [...moved].sort((a, b) => a - b);
    for (let i = 1; i < order.length; i++) {
        assert.ok(order[i] - order[i - 1] > 0.099);
    }
    assert.ok(moved[2] > moved[0] && moved[1] > moved[2]);
    assert.deepStrictEqual(apart([0.1, 0.9], 0.1), [0.1, 0.9]);
});

test('a bar that dwarfs the others is cut, ours never', () => {
    const row = (value, kind = 'native') =>
        ({ median: value, most: value, kind });
    assert.strictEqual(limitOf([row(1), row(2), row(3)], 1), 3);
    assert.strictEqual(limitOf([row(1, 'ours'), row(1), row(100)], 1), 6);
    assert.strictEqual(limitOf([row(1), row(1), row(100, 'ours')], 1), 100);
});

/* ------------------------------------------------------------ tables, page */

test('a table on the terminal is aligned, by characters', () => {
    assert.strictEqual(table({ columns: ['', 'µs'],
        rows: [['weir', '1.50 µs'], ['raw', '12 µs']] }),
    '           µs\nweir  1.50 µs\nraw     12 µs');
});

test('sentences are broken between words', () => {
    assert.strictEqual(wrapped('aaa bb c', 6), 'aaa bb\nc');
    assert.strictEqual(wrapped('aaaaaaaa b', 4), 'aaaaaaaa\nb');
});

test('the terminal has each picture\'s title, sentence and figures', () => {
    const results = measured();
    const text = terminal(pictures(results), goals(results, GOALS), 'top');
    assert.match(text, /^top\n\n== What a unit of work costs the server\n/);
    assert.match(text,
        /\nlibuv +1\.60 \(1\.58–1\.68\) +ahead 0\.62 .* 16\.0 µs \(15/);
    assert.ok(!/undefined|NaN|\[object/.test(text));
});

test('goals are judged, and what was not measured is called so', () => {
    const { rows, finding } = goals(measured(), GOALS);
    const state = (what) => rows.find((row) => row.what === what).state;
    assert.strictEqual(state('instructions per echoed 64 B message, C'), 'met');
    assert.strictEqual(state('timers: re-arm, 10,000 live'), 'missed');
    assert.strictEqual(state('CPU per message by an async handler, ' +
        'JavaScript, to the raw loop'), 'met');
    assert.strictEqual(state('CPU per message by for await, JavaScript, to ' +
        'the raw loop'), 'missed');
    assert.strictEqual(
        state('echo by for await, JavaScript: behind none'), 'missed');
    assert.strictEqual(
        state('bulk echo, 1 connection, C, to the raw loop'), 'not measured');
    assert.strictEqual(rows.length, GOALS.length);
    assert.match(finding, new RegExp(`^Of ${GOALS.length} goals: \\d+ met`));
});

test('where none is the goal, a difference in the spread is none', () => {
    const { rows } = goals(measured(), [
        { what: 'same', part: 'proxy', where: {}, peer: 'weir-js', key: 'cost',
            level: { peer: 'weir' } },
        { what: 'more', part: 'proxy', where: {}, peer: 'weir', key: 'cost',
            level: { peer: 'haproxy' } },
        { what: 'rate', part: 'stalled', where: {}, peer: 'weir', key: 'rate',
            level: { key: 'rate_alone' }, better: 'more' },
        { what: 'none', part: 'echo', where: { connections: 64 },
            peer: 'weir', key: 'cost', unit: 'seconds', behind: 'none' },
    ]);
    assert.deepStrictEqual(rows.map(({ state }) => state),
        ['met', 'missed', 'met', 'missed']);
    assert.strictEqual(rows[3].measured, 'behind swift');
});

test('a machine that was busy is said to have been', () => {
    const results = new Results(parse(RAW.replace('load_before=0.10',
        'load_before=1.20')));
    const html = page(results, [], goals(results, []), [], () => null);
    assert.match(html, /The machine was busy before the run \(load 1\.20\)/);
});

test('the page needs nothing from elsewhere', () => {
    const results = measured();
    const html = page(results, pictures(results), goals(results, GOALS),
        tiles(results), () => null);
    assert.ok(!/(src|href)=|url\(|@import/.test(html));
    assert.match(html, /prefers-color-scheme:dark/);
    assert.match(html, /not installed: make bench-deps/);
    assert.match(html, /left out of churn: closed 3 connections/);
});

test('a drawing in the page has the page\'s colours and ids of its own', () => {
    const svg = '<?xml version="1.0"?>\n<svg viewBox="0 0 1 1">' +
        '<title>x</title><defs><path id=\'gpPt1\'/></defs><g fill="rgb( 11, ' +
        ' 98, 214)"/><use xlink:href=\'#gpPt1\'/></svg>\n';
    const text = inlined(svg, { id: 'p', title: 'T', finding: ['a < b.'] });
    assert.strictEqual(text, '<svg role="img" aria-label="T. a &lt; b." ' +
        'viewBox="0 0 1 1"><defs><path id=\'p-gpPt1\'/></defs>' +
        '<g fill="var(--ours)"/><use xlink:href=\'#p-gpPt1\'/></svg>');
});

test('with drawings the figures are folded, without they are open', () => {
    const results = measured();
    const made = (svgOf) => page(results, pictures(results),
        goals(results, GOALS), tiles(results), svgOf);
    assert.ok(made(() => '<svg></svg>').includes('<details>'));
    assert.ok(!made(() => null).includes('<details>'));
});
