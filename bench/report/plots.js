'use strict';
/*
 * From a picture (pictures.js) to a gnuplot script that draws it as SVG.
 *
 * The idea: a picture is as wide as a telephone is, 520 units, and is scaled
 * from there; labels stand beside what they name, so there are no keys and
 * hardly any axes. Colours are the names of COLOURS: the page replaces them by
 * variables of its own, so the same picture is drawn for a light and for a dark
 * background.
 */
const { plain, show, tick } = require('./format');

const COLOURS = {
    ink: 0x1b1f24,
    weak: 0x68707a,
    grid: 0xe1e4e8,
    yardstick: 0x444c56,
    ours: 0x0b62d6,
    band: 0xcfe1fa,
    native: 0x8d96a0,
    script: 0xb4bcc5,
    card: 0xfffffe,         // what all of it lies on
};

const WIDTH = 520;
const FONT = 13;
const ROW = 25;           // height of a bar with its distance
const HEAD = 24;          // what stands above the rows: names of columns
const LABELS = 118;       // what stands left of the bars
const LINES_HEIGHT = 290;

const colour = (kind) => COLOURS[kind] ?? COLOURS.native;
const rgb = (kind) => `rgb '#${colour(kind).toString(16).padStart(6, '0')}'`;

/* A text for gnuplot, in double quotes, nothing in it interpreted. */
function quoted(text) {
    const plain = String(text).replace(/[\\"]/g, '\\$&');
    return `"${plain.replace(/[@^_{}&~]/g, '\\\\$&')}"`;
}

function bold(text, kind) {
    return kind === 'ours' ? `"{/:Bold ${quoted(text).slice(1, -1)}}"` :
        quoted(text);
}

/* Of a row's text. */
function inkOf({ kind }) {
    return colour(kind === 'ours' ? 'ours' : 'ink');
}

/* What all scripts begin with. The margins are in units of the picture. */
function begin({ id }, height, { left, right, top, bottom }) {
    const part = (value, whole) => (value / whole).toFixed(4);
    return [
        `set terminal svg size ${WIDTH},${height} dynamic enhanced ` +
            `font 'sans-serif,${FONT}' name '${id.replace(/\W/g, '_')}'`,
        `set output '${id}.svg'`,
        'set encoding utf8',
        'unset key',
        'unset border',
        `set lmargin at screen ${part(left, WIDTH)}`,
        `set rmargin at screen ${part(WIDTH - right, WIDTH)}`,
        `set tmargin at screen ${part(height - top, height)}`,
        `set bmargin at screen ${part(bottom, height)}`,
    ];
}

function block(name, rows) {
    return [`$${name} << EOD`, ...rows.map((row) => row.join(' ')), 'EOD'];
}

/*
 * Figures in columns at the right, as in a table, each [text, ...] aligned to
 * its right end: they can neither meet a line nor each other. `columns`: the
 * place of each end, in units of the picture, its head, and its texts.
 */
function columnsOf(columns, rows, height, margins) {
    const inner = height - margins.top - margins.bottom;
    const y = (index) => ((height - margins.top -
        (index + 0.5) * inner / rows.length) / height).toFixed(4);
    const head = ((height - margins.top + 12) / height).toFixed(4);
    return columns.flatMap(({ end, name, of }, column) => {
        const x = (end / WIDTH).toFixed(4);
        const label = (number, text, at, kind) =>
            `set label ${1000 * (column + 1) + number} ${text} ` +
            `at screen ${x}, screen ${at} right tc ${rgb(kind)}`;
        return [
            ...name ? [label(999, quoted(name), head, 'weak')] : [],
            ...rows.map((row, index) => label(index,
                bold(of(row), row.kind), y(index),
                row.kind === 'ours' ? 'ours' : 'ink')),
        ];
    });
}

/* --------------------------------------------------------------------- bars */

/*
 * Where the axis ends. One bar that is many times as long as the others would
 * make them all look the same: it is cut, visibly, and its label says how long
 * it is. Never so short that ours cannot be compared.
 */
function limitOf(rows, reference = 0) {
    const values = rows.map((row) => row.median).sort((a, b) => a - b);
    const middle = values[Math.floor(values.length / 2)];
    const ours = Math.max(0, ...rows.filter(({ kind }) => kind === 'ours')
        .map((row) => row.median));
    const longest = Math.max(...rows.map((row) => row.most), reference);
    return Math.min(longest, Math.max(middle * 3.2, ours * 6,
        reference * 2)) || 1;
}

function barText({ unit }, { median }, limit) {
    return `${median > limit ? '▸ ' : ''}${show(unit, median)}`;
}

function bars(picture) {
    const { rows, reference } = picture;
    const both = rows.some((row) => row.text);
    const margins = { left: LABELS, right: both ? 150 : 84,
        top: reference ? HEAD : 8, bottom: 6 };
    const height = margins.top + rows.length * ROW + margins.bottom;
    const limit = limitOf(rows, reference);
    const cut = (value) => Math.min(value, limit);
    const whiskers = rows.map((row, index) =>
        [row.median, index, row.least, cut(row.most)])
        .filter(([median, , least, most]) => least < most && median <= limit);
    const columns = [
        { end: both ? WIDTH - 92 : WIDTH - 8,
            of: (row) => barText(picture, row, limit) },
        ...both ? [{ end: WIDTH - 8, of: (row) => row.text || '' }] : [],
    ];
    return [
        ...begin(picture, height, margins),
        'unset tics',
        `set xrange [0:${limit}]`,
        `set yrange [${rows.length - 0.5}:-0.5]`,
        ...columnsOf(columns, rows, height, margins),
        ...block('rows', rows.map((row) => [cut(row.median), colour(row.kind),
            bold(row.label, row.kind), inkOf(row)])),
        ...block('whiskers', whiskers),
        ...reference ? [
            `set arrow 1 from ${reference}, graph 0 to ${reference}, graph 1 ` +
                `nohead front lw 1.2 dt (6,4) lc ${rgb('yardstick')}`,
            `set label 1 "1" at ${reference}, graph 1 center ` +
                `offset 0,0.6 tc ${rgb('weak')}`,
        ] : [],
        // The break in a bar that is cut.
        ...rows.map(({ median }, index) => (median > limit ?
            `set arrow from ${limit * 0.9}, first ${index + 0.45} to ` +
                `${limit * 0.93}, first ${index - 0.45} nohead front lw 4 ` +
                `lc ${rgb('card')}` : '')).filter((line) => line !== ''),
        'plot $rows using (0):0:(0):1:($0-0.34):($0+0.34):2 ' +
            'with boxxyerror fill solid noborder lc rgb variable, \\',
        ...whiskers.length ? ['  $whiskers using 1:2:3:4 with xerrorbars ' +
            `pt 0 lw 1.2 lc ${rgb('ink')}, \\`] : [],
        "  $rows using (0):0:3:4 with labels right offset -0.8,0 " +
            'tc rgb variable',
    ];
}

/* The factors of each power of ten that are named on a logarithmic axis. */
function factorsFor(span, narrow) {
    if (span < 8 && !narrow) {
        return [1, 1.5, 2, 3, 5, 7];
    }
    if (span < (narrow ? 12 : 40)) {
        return [1, 2, 5];
    }
    return span < 1000 ? [1, 3] : [1];
}

/* Its ticks between from and to, as gnuplot wants them: "2" 2, "5" 5 */
function logTics(from, to, unit, narrow = false) {
    const factors = factorsFor(to / from, narrow);
    const found = [];
    for (let power = -9; power <= 9; power++) {
        for (const factor of factors) {
            const value = Number(`${factor}e${power}`);
            if (value >= from && value <= to) {
                found.push(value);
            }
        }
    }
    const bare = ['ratio', 'count', undefined].includes(unit);
    return found.map((value) => `${quoted(bare ? plain(value) :
        tick(unit, value))} ${value}`).join(', ');
}

/* -------------------------------------------------------------------- lines */

/* Places between 0 and 1, moved apart to at least `gap`, order kept. */
function apart(places, gap) {
    const order = places.map((place, index) => ({ place, index }))
        .sort((a, b) => a.place - b.place);
    for (let pass = 0; pass < 100; pass++) {
        for (let i = 1; i < order.length; i++) {
            const missing = gap - (order[i].place - order[i - 1].place);
            if (missing > 0) {
                order[i].place += missing / 2;
                order[i - 1].place -= missing / 2;
            }
        }
    }
    const moved = [];
    for (const { place, index } of order) {
        moved[index] = place;
    }
    return moved;
}

/* The y axis: [from, to], with some air. */
function verticalRange({ series, logarithmic, reference }) {
    const values = series.flatMap(({ points }) => points.flatMap((point) =>
        [point.median, point.least, point.most].filter(Number.isFinite)));
    if (reference) {
        values.push(reference);
    }
    const [least, most] = [Math.min(...values), Math.max(...values)];
    if (logarithmic) {
        return [least / 1.12, most * 1.12];
    }
    const air = (most - least) * 0.06 || 1;
    return [Math.max(0, least - air), most + air];
}

function endText({ unit }, { label, points }) {
    return `${label} ${show(unit, points[points.length - 1].median)}`;
}

/* The longest of them, in units: letters are about half as wide as high. */
function endRoom(picture) {
    const longest = Math.max(...picture.series.map((each) =>
        endText(picture, each).length));
    return Math.ceil(longest * FONT * 0.56) + 12;
}

/* The names at the right end of the lines, with the last value. */
function endLabels(picture, [from, to], height) {
    const { series, logarithmic } = picture;
    const at = (value) => (logarithmic ?
        Math.log(value / from) / Math.log(to / from) :
        (value - from) / (to - from));
    const last = series.map(({ points }) => points[points.length - 1].median);
    return apart(last.map(at), (FONT + 3) / height).map((place, index) => {
        const { kind } = series[index];
        const text = bold(endText(picture, series[index]), kind);
        return `set label ${index + 10} ${text} at graph 1.03, ` +
            `graph ${place.toFixed(4)} left tc ` +
            rgb(kind === 'ours' ? 'ours' : 'ink');
    });
}

function xTics({ series, ticks }) {
    if (ticks) {
        const some = Math.ceil(ticks.length / 6);
        const chosen = ticks.map((text, index) => [text, index])
            .filter(([, index]) => index % some === 0 ||
                index === ticks.length - 1);
        return chosen.map(([text, index]) => `${quoted(text)} ${index}`);
    }
    const xs = series.flatMap(({ points }) => points.map(({ x }) => x));
    return [...new Set(xs)].map((x) => `${quoted(plain(x))} ${x}`);
}

/* Ours last: it is drawn over the others. */
function drawn(series) {
    const ours = ({ kind }) => (kind === 'ours' ? 1 : 0);
    return [...series].sort((a, b) => ours(a) - ours(b));
}

function lines(picture) {
    const { logarithmic, reference, ticks, axis } = picture;
    const series = drawn(picture.series);
    const margins = { left: 56, right: endRoom(picture), top: 10, bottom: 48 };
    const range = verticalRange(picture);
    const inner = LINES_HEIGHT - margins.top - margins.bottom;
    const xs = series.flatMap(({ points }) => points.map(({ x }) => x));
    const plots = series.flatMap(({ kind, points }, index) => {
        const wide = kind === 'ours';
        const line = `$s${index} using 1:2 with linespoints pt 7 ` +
            `ps ${wide ? 0.6 : 0.35} lw ${wide ? 3 : 1.6} lc ${rgb(kind)}`;
        return wide && points.every(({ most }) => Number.isFinite(most)) ?
            [`$s${index} using 1:3:4 with filledcurves fc ${rgb('band')} ` +
                'fill solid', line] : [line];
    });
    return [
        ...begin(picture, LINES_HEIGHT, margins),
        ...ticks ? [] : ['set logscale x'],
        ...logarithmic ? ['set logscale y'] : [],
        ticks && ticks.length === 1 ? 'set xrange [-1:1]' :
            // A little more, or rounding may cost the first tick.
            `set xrange [${Math.min(...xs) * 0.999}:${Math.max(...xs) *
                1.001}]`,
        `set yrange [${range.join(':')}]`,
        `set xtics nomirror scale 0 tc ${rgb('weak')} ` +
            `(${xTics(picture).join(', ')})`,
        `set ytics nomirror scale 0 tc ${rgb('weak')}` +
            (logarithmic ? ` (${logTics(...range, picture.unit)})` : ''),
        `set grid ytics lt 1 lw 0.8 lc ${rgb('grid')}`,
        `set xlabel ${quoted(axis)} tc ${rgb('weak')} offset 0,0.5`,
        ...reference ? [`set arrow 1 from graph 0, first ${reference} to ` +
            `graph 1, first ${reference} nohead front lw 1.2 dt (6,4) ` +
            `lc ${rgb('yardstick')}`] : [],
        ...endLabels(picture, range, inner),
        ...series.flatMap(({ points }, index) => block(`s${index}`,
            points.map(({ x, median, least, most }) =>
                [x, median, least ?? 'NaN', most ?? 'NaN']))),
        `plot ${plots.join(', \\\n  ')}`,
    ];
}

/* -------------------------------------------------- rows on a common axis */

function commonAxis(picture, values, rows) {
    const [from, to] = [Math.min(...values) / 1.15, Math.max(...values) * 1.15];
    const tics = logTics(from, to, picture.unit, true);
    return [
        'set logscale x',
        `set xrange [${from}:${to}]`,
        `set yrange [${rows - 0.5}:-0.5]`,
        'unset ytics',
        `set xtics nomirror scale 0 tc ${rgb('weak')} (${tics})`,
        `set grid xtics lt 1 lw 0.8 lc ${rgb('grid')}`,
    ];
}

const PERCENTILES = ['p50', 'p99', 'p99.9'];

function percentiles(picture) {
    const { rows } = picture;
    const margins = { left: LABELS, right: 200, top: HEAD, bottom: 28 };
    const height = margins.top + rows.length * ROW + margins.bottom;
    const values = rows.flatMap((row) => row.values);
    const columns = PERCENTILES.map((name, index) => ({ name,
        end: WIDTH - 8 - (PERCENTILES.length - 1 - index) * 62,
        of: (row) => row.texts[index] }));
    const points = (column, type, size) =>
        `  '' using ${column}:0:4 with points pt ${type} ps ${size} lw 1.6 ` +
        'lc rgb variable, \\';
    return [
        ...begin(picture, height, margins),
        ...commonAxis(picture, values, rows.length),
        ...columnsOf(columns, rows, height, margins),
        ...block('rows', rows.map((row) => [...row.values, colour(row.kind),
            bold(row.label, row.kind), inkOf(row),
            Math.min(...values) / 1.15])),
        'plot $rows using 1:0:($3-$1):(0):4 with vectors nohead lw 2 ' +
            'lc rgb variable, \\',
        points(1, 7, 0.75), points(2, 7, 0.45), points(3, 6, 0.6),
        "  '' using 7:0:5:6 with labels right offset -0.8,0 tc rgb variable",
    ];
}

/* The dots of a strip, as far as they are of one sort, in a block. */
function dotsOf(rows, wanted) {
    return rows.flatMap((row, index) => row.dots.filter(wanted)
        .map((dot) => [dot.median, index, colour(dot.kind)]));
}

function strip(picture) {
    const { rows } = picture;
    const margins = { left: LABELS + 46, right: 96, top: HEAD, bottom: 28 };
    const height = margins.top + rows.length * ROW + margins.bottom;
    const values = [1, ...rows.flatMap(({ dots }) =>
        dots.map(({ median }) => median))];
    const value = (row, peer) => {
        const dot = row.dots.find((each) => each.peer === peer);
        return dot ? show('ratio', dot.median) : '';
    };
    const ours = rows.map((row) => ({ ...row, kind: 'ours' }));
    const columns = [
        { end: WIDTH - 52, name: 'weir', of: (row) => value(row, 'weir') },
        { end: WIDTH - 8, name: 'JS', of: (row) => value(row, 'weir-js') },
    ];
    const parts = [
        ['others', ({ kind }) => kind !== 'ours', 'pt 7 ps 0.55'],
        ['scripts', ({ peer }) => peer === 'weir-js', 'pt 6 ps 0.95 lw 2.6'],
        ['weir', ({ peer }) => peer === 'weir', 'pt 7 ps 1.1'],
    ].map(([name, wanted, style]) => [name, dotsOf(rows, wanted), style])
        .filter(([, dots]) => dots.length > 0);
    return [
        ...begin(picture, height, margins),
        ...commonAxis(picture, values, rows.length),
        `set arrow 1 from 1, graph 0 to 1, graph 1 nohead lw 1.2 dt (6,4) ` +
            `lc ${rgb('yardstick')}`,
        ...columnsOf(columns, ours, height, margins),
        ...block('rows', rows.map((row) => [Math.min(...values) / 1.15,
            quoted(row.label)])),
        ...parts.flatMap(([name, dots]) => block(name, dots)),
        `plot $rows using 1:0:2 with labels right offset -0.8,0 ` +
            `tc ${rgb('ink')}, \\`,
        parts.map(([name, , style]) => `  $${name} using 1:2:3 with points ` +
            `${style} lc rgb variable`).join(', \\\n'),
    ];
}

const DRAW = { bars, lines, percentiles, strip };

/* The script of a picture; gnuplot is to be run in the folder it lies in. */
function script(picture) {
    return `${DRAW[picture.kind](picture).join('\n')}\n`;
}

module.exports = { COLOURS, script, apart, limitOf };
