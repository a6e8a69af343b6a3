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
const { show } = require('./format');

const COLOURS = {
    ink: 0x1b1f24,
    weak: 0x68707a,
    grid: 0xe1e4e8,
    yardstick: 0x444c56,
    ours: 0x0b62d6,
    band: 0xcfe1fa,
    native: 0x8d96a0,
    script: 0xb4bcc5,
};

const WIDTH = 520;
const FONT = 13;
const ROW = 25;           // height of a bar with its distance
const LABELS = 118;       // what stands left of the bars
const LINES_HEIGHT = 300;

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

/* --------------------------------------------------------------------- bars */

/*
 * Where the axis ends. One bar that is many times as long as the others would
 * make them all look the same: it is cut, and its label says how long it is.
 */
function limitOf(rows, reference) {
    const values = rows.map((row) => row.median).sort((a, b) => a - b);
    const middle = values[Math.floor(values.length / 2)];
    const longest = Math.max(...rows.map((row) => row.most), reference || 0);
    return Math.min(longest, Math.max(middle * 3.2, (reference || 0) * 2)) ||
        1;
}

function barText(picture, row, limit) {
    const value = show(picture.unit, row.median);
    const cut = row.median > limit ? ' ▸' : '';
    return `${value}${cut}${row.text ? `   ${row.text}` : ''}`;
}

function bars(picture) {
    const { rows, reference } = picture;
    const top = reference ? 24 : 8;
    const height = top + rows.length * ROW + 6;
    const right = rows.some((row) => row.text) ? 118 : 76;
    const limit = limitOf(rows, reference);
    const cut = (value) => Math.min(value, limit);
    return [
        ...begin(picture, height, { left: LABELS, right, top, bottom: 6 }),
        'unset tics',
        `set xrange [0:${limit}]`,
        `set yrange [${rows.length - 0.5}:-0.5]`,
        ...block('rows', rows.map((row) => [cut(row.median), cut(row.least),
            cut(row.most), colour(row.kind), bold(row.label, row.kind),
            bold(barText(picture, row, limit), row.kind),
            row.kind === 'ours' ? colour('ours') : colour('ink')])),
        ...reference ? [
            `set arrow 1 from ${reference}, graph 0 to ${reference}, graph 1 ` +
                `nohead front lw 1.2 dt (6,4) lc ${rgb('yardstick')}`,
            `set label 1 "1" at ${reference}, graph 1 center ` +
                `offset 0,0.6 tc ${rgb('weak')}`,
        ] : [],
        'plot $rows using (0):0:(0):1:($0-0.34):($0+0.34):4 ' +
            'with boxxyerror fill solid noborder lc rgb variable, \\',
        `  '' using 1:0:2:3 with xerrorbars pt 0 lw 1.2 lc ${rgb('ink')}, \\`,
        "  '' using (0):0:5:7 with labels right offset -0.8,0 " +
            'tc rgb variable, \\',
        "  '' using 3:0:6:7 with labels left offset 0.8,0 tc rgb variable",
    ];
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
        return [least / 1.25, most * 1.25];
    }
    const air = (most - least) * 0.06 || 1;
    return [Math.max(0, least - air), most + air];
}

/* The names at the right end of the lines, with the last value. */
function endLabels(picture, [from, to], height) {
    const { series, logarithmic, unit } = picture;
    const at = (value) => (logarithmic ?
        Math.log(value / from) / Math.log(to / from) :
        (value - from) / (to - from));
    const last = series.map(({ points }) => points[points.length - 1].median);
    return apart(last.map(at), (FONT + 3) / height).map((place, index) => {
        const { label, kind } = series[index];
        const text = `${label} ${show(unit, last[index])}`;
        return `set label ${index + 10} ${bold(text, kind)} at graph 1.03, ` +
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
    const xs = new Set(series.flatMap(({ points }) => points.map(({ x }) => x)));
    return [...xs].map((x) => `${quoted(show('number', x))} ${x}`);
}

/* Ours last: it is drawn over the others. */
function drawn(series) {
    const ours = ({ kind }) => (kind === 'ours' ? 1 : 0);
    return [...series].sort((a, b) => ours(a) - ours(b));
}

function lines(picture) {
    const { logarithmic, reference, ticks, axis } = picture;
    const series = drawn(picture.series);
    const margins = { left: 46, right: 142, top: 10, bottom: 44 };
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
            `set xrange [${Math.min(...xs)}:${Math.max(...xs)}]`,
        `set yrange [${range.join(':')}]`,
        `set xtics nomirror scale 0 tc ${rgb('weak')} ` +
            `(${xTics(picture).join(', ')})`,
        `set ytics nomirror scale 0 tc ${rgb('weak')}`,
        `set grid ytics lt 1 lw 0.8 lc ${rgb('grid')}`,
        `set xlabel ${quoted(axis)} tc ${rgb('weak')} offset 0,0.3`,
        ...reference ? [`set arrow 1 from graph 0, first ${reference} to ` +
            `graph 1, first ${reference} nohead lw 1.2 dt (6,4) ` +
            `lc ${rgb('yardstick')}`] : [],
        ...endLabels(picture, range, inner),
        ...series.flatMap(({ points }, index) => block(`s${index}`,
            points.map(({ x, median, least, most }) =>
                [x, median, least ?? 'NaN', most ?? 'NaN']))),
        `plot ${plots.join(', \\\n  ')}`,
    ];
}

/* -------------------------------------------------- rows on a common axis */

/* 0.5, 1, 2, 5, 10, ... as far as they lie inside. */
function steps(from, to, factors) {
    const found = [];
    for (let power = -9; power <= 9; power++) {
        for (const factor of factors) {
            const value = factor * 10 ** power;
            if (value >= from && value <= to) {
                found.push(value);
            }
        }
    }
    return found;
}

function commonAxis(picture, values, rows, factors) {
    const [from, to] = [Math.min(...values) / 1.15, Math.max(...values) * 1.15];
    const tics = steps(from, to, factors)
        .map((value) => `${quoted(show(picture.unit || 'number', value))} ` +
            value);
    return [
        'set logscale x',
        `set xrange [${from}:${to}]`,
        `set yrange [${rows - 0.5}:-0.5]`,
        'unset ytics',
        `set xtics nomirror scale 0 tc ${rgb('weak')} (${tics.join(', ')})`,
        `set grid xtics lt 1 lw 0.8 lc ${rgb('grid')}`,
    ];
}

function percentiles(picture) {
    const { rows } = picture;
    const height = 8 + rows.length * ROW + 28;
    const values = rows.flatMap((row) => row.values);
    const points = (column, type, size) =>
        `  '' using ${column}:0:4 with points pt ${type} ps ${size} lw 1.6 ` +
        'lc rgb variable, \\';
    return [
        ...begin(picture, height,
            { left: LABELS, right: 196, top: 8, bottom: 28 }),
        ...commonAxis(picture, values, rows.length, [1, 3]),
        ...block('rows', rows.map((row) => [...row.values, colour(row.kind),
            bold(row.label, row.kind), bold(row.text, row.kind),
            row.kind === 'ours' ? colour('ours') : colour('ink'),
            Math.min(...values) / 1.15, Math.max(...values) * 1.15])),
        'plot $rows using 1:0:($3-$1):(0):4 with vectors nohead lw 2 ' +
            'lc rgb variable, \\',
        points(1, 7, 0.75), points(2, 7, 0.5), points(3, 6, 0.6),
        "  '' using 8:0:5:7 with labels right offset -0.8,0 " +
            'tc rgb variable, \\',
        "  '' using 9:0:6:7 with labels left offset 0.8,0 tc rgb variable",
    ];
}

function strip(picture) {
    const { rows } = picture;
    const height = 26 + rows.length * ROW + 28;
    const values = rows.flatMap(({ dots }) => dots.map(({ median }) => median));
    const [least, most] = [Math.min(...values, 1) / 1.15,
        Math.max(...values, 1) * 1.15];
    const dots = (kinds, only = () => true) => rows.flatMap((row, index) =>
        row.dots.filter((dot) => kinds.includes(dot.kind) && only(dot))
            .map((dot) => [dot.median, index, colour(dot.kind)]));
    const value = (row, peer) => {
        const dot = row.dots.find((each) => each.peer === peer);
        return quoted(dot ? show('ratio', dot.median) : ' ');
    };
    const named = (peer) => dots(['ours'], (dot) => dot.peer === peer);
    const point = (name, style, rest) =>
        `$${name} using 1:2:3 with points ${style} lc rgb variable${rest}`;
    const parts = [
        ['others', dots(['native', 'script']), 'pt 7 ps 0.55'],
        ['scripts', named('weir-js'), 'pt 6 ps 0.95 lw 2.6'],
        ['weir', named('weir'), 'pt 7 ps 1.1'],
    ].filter(([, found]) => found.length > 0);
    return [
        ...begin(picture, height,
            { left: LABELS + 40, right: 92, top: 26, bottom: 28 }),
        ...commonAxis(picture, [...values, 1], rows.length, [1, 2, 5]),
        `set arrow 1 from 1, graph 0 to 1, graph 1 nohead lw 1.2 dt (6,4) ` +
            `lc ${rgb('yardstick')}`,
        `set label 1 "{/:Bold weir}" at graph 1.04, graph 1 left ` +
            `offset 0,0.7 tc ${rgb('ours')}`,
        `set label 2 "JS" at graph 1.21, graph 1 left offset 0,0.7 ` +
            `tc ${rgb('ours')}`,
        ...block('rows', rows.map((row) => [least, most, quoted(row.label),
            value(row, 'weir'), value(row, 'weir-js')])),
        ...parts.flatMap(([name, found]) => block(name, found)),
        `plot $rows using 1:0:3 with labels right offset -0.8,0 ` +
            `tc ${rgb('ink')}, \\`,
        `  '' using 2:0:4 with labels left offset 0.9,0 tc ${rgb('ours')}, \\`,
        `  '' using 2:0:5 with labels left offset 6.2,0 tc ${rgb('ours')}, \\`,
        parts.map(([name, , style]) => `  ${point(name, style, '')}`)
            .join(', \\\n'),
    ];
}

const DRAW = { bars, lines, percentiles, strip };

/* The script of a picture; gnuplot is to be run in the folder it lies in. */
function script(picture) {
    return `${DRAW[picture.kind](picture).join('\n')}\n`;
}

module.exports = { COLOURS, script, apart, limitOf };
