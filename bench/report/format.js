'use strict';
/*
 * Figures as people read them: three digits, the unit that fits, and lists of
 * names as a sentence has them. Every unit is a function of one value, so that
 * a picture, a table and a sentence say the same thing in the same form.
 */

const DASH = '–';
const NONE = '—';

/* '12345.6' -> '12,345.6' */
function grouped(digits) {
    return digits.replace(/^\d+/, (whole) =>
        whole.replace(/\B(?=(\d{3})+$)/g, ','));
}

/* What was set, not measured: all of its digits. 10000 -> 10,000 */
function plain(value) {
    return grouped(String(value));
}

/* What was measured. 1234.5 -> 1,235; 12.345 -> 12.3; 0.012345 -> 0.0123 */
function number(value, digits = 3) {
    if (!Number.isFinite(value)) {
        return NONE;
    }
    const size = Math.abs(value);
    if (size >= 10 ** (digits - 1) || size === 0) {
        return (value < 0 ? '-' : '') + grouped(String(Math.round(size)));
    }
    const places = digits - 1 - Math.floor(Math.log10(size));
    return value.toFixed(Math.min(Math.max(places, 0), 6));
}

/* The largest of the steps that leaves a figure of at least 1. */
function scaled(value, steps, digits) {
    const step = steps.find(([size]) => Math.abs(value) >= size) ||
        steps[steps.length - 1];
    return number(value / step[0], digits) + step[1];
}

const TIMES = [[1, ' s'], [1e-3, ' ms'], [1e-6, ' µs'], [1e-9, ' ns']];
const AMOUNTS = [[1e9, 'G'], [1e6, 'M'], [1e4, 'k', 1e3], [0, '']];
const BYTES = [[1e9, ' GB'], [1e6, ' MB'], [1e4, ' kB', 1e3], [0, ' B']];

function amount(value, steps) {
    const [size, name, divisor = size || 1] =
        steps.find(([least]) => Math.abs(value) >= least);
    return number(value / divisor) + name;
}

/* A ratio has two places: what is after them is noise. */
function ratio(value) {
    if (!Number.isFinite(value)) {
        return NONE;
    }
    return value >= 10 ? number(value) : value.toFixed(2);
}

const UNITS = {
    ratio,
    plain,
    number: (value) => number(value),
    count: (value) => (Number.isInteger(value) ? plain(value) :
        number(value)),
    seconds: (value) => (value === 0 ? '0' : scaled(value, TIMES)),
    microseconds: (value) => scaled(value / 1e6, TIMES),
    nanoseconds: (value) => `${number(value)} ns`,
    milliseconds: (value) => `${number(value)} ms`,
    percent: (value) => `${number(value)} %`,
    bytes: (value) => amount(value, BYTES),
    exactBytes: (value) => `${number(value, 4)} B`,
    perSecond: (value) => `${amount(value, AMOUNTS)}/s`,
    bytesPerSecond: (value) => `${amount(value, BYTES)}/s`,
    /* seconds per byte, which nobody can read, as seconds per gigabyte */
    perGigabyte: (value) => `${number(value * 1e9)} s/GB`,
};

function show(unit, value) {
    return Number.isFinite(value) ? UNITS[unit](value) : NONE;
}

/* A round figure, as an axis has it: 30 ns, not 30.0 ns. */
function tick(unit, value) {
    return show(unit, value).replace(/\.(\d*?)0+(?=\D|$)/, (_, rest) =>
        (rest === '' ? '' : `.${rest}`));
}

/* Median and range: 0.98 (0.95–1.01); of a single round the value alone. */
function spread(unit, summary) {
    if (!summary || !Number.isFinite(summary.median)) {
        return NONE;
    }
    const middle = show(unit, summary.median);
    const [least, most] = [summary.least, summary.most]
        .map((value) => show(unit, value));
    if (summary.rounds < 2 || (least === middle && most === middle)) {
        return middle;
    }
    const name = / .*$/.exec(most);
    const same = name !== null && least.endsWith(name[0]);
    return `${middle} (${same ? least.slice(0, -name[0].length) : least}` +
        `${DASH}${most})`;
}

/* ['a', 'b', 'c'] -> 'a, b and c' */
function list(names) {
    if (names.length < 2) {
        return names.join('');
    }
    return `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`;
}

const SMALL = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven',
    'eight', 'nine', 'ten', 'eleven', 'twelve'];

function counted(count) {
    return SMALL[count] || String(count);
}

module.exports = { NONE, plain, number, show, tick, spread, list, counted };
