/*
 * internal/console/table - console.table
 *
 * A row for each entry, a column for each key that any entry has; entries that
 * are no objects stand in a column of their own. Frames are drawn with box
 * characters, and cells are as wide as they look on a terminal.
 */
const { inspect, width } = require('internal/inspect');
const { kind } = require('internal/value_kind');

const INDEX = '(index)';
const ITERATION = '(iteration index)';
const VALUES = 'Values';

function isPrimitive(value) {
    return value === null ||
        (typeof value !== 'object' && typeof value !== 'function');
}

/* A cell shows one level, and large objects by their names only. */
function cell(value, options) {
    const large = typeof value === 'object' && value !== null &&
        !Array.isArray(value) && Object.keys(value).length > 2;
    return inspect(value, {
        maxArrayLength: 3,
        breakLength: Infinity,
        ...options,
        depth: large ? -1 : 0,
    });
}

function line(left, middle, right, widths) {
    return left + widths.map((each) => '─'.repeat(each + 2)).join(middle) +
        right;
}

function row(cells, widths) {
    const padded = cells.map((text, i) =>
        ` ${text}${' '.repeat(widths[i] - width(text))} `);
    return `│${padded.join('│')}│`;
}

function draw(head, rows) {
    const widths = head.map((text, i) =>
        Math.max(width(text), ...rows.map((cells) => width(cells[i]))));
    return [
        line('┌', '┬', '┐', widths),
        row(head, widths),
        line('├', '┼', '┤', widths),
        ...rows.map((cells) => row(cells, widths)),
        line('└', '┴', '┘', widths),
    ].join('\n');
}

function mapTable(map, options) {
    const rows = Array.from(map, ([key, value], i) =>
        [String(i), cell(key, options), cell(value, options)]);
    return draw([ITERATION, 'Key', VALUES], rows);
}

function setTable(set, options) {
    const rows = Array.from(set, (value, i) =>
        [String(i), cell(value, options)]);
    return draw([ITERATION, VALUES], rows);
}

function columnsOf(entries, properties) {
    const columns = new Set(properties);
    if (properties === undefined) {
        for (const entry of entries) {
            if (!isPrimitive(entry))
                Object.keys(entry).forEach((key) => columns.add(key));
        }
    }
    return [...columns];
}

function table(data, properties, options) {
    const type = kind(data);
    if (type === 'Map')
        return mapTable(data, options);
    if (type === 'Set')
        return setTable(data, options);
    const keys = Object.keys(data);
    const entries = keys.map((key) => data[key]);
    const columns = columnsOf(entries, properties);
    const hasValues = entries.some(isPrimitive);
    const rows = entries.map((entry, i) => {
        const cells = columns.map((column) =>
            isPrimitive(entry) || !Object.hasOwn(entry, column) ?
                '' : cell(entry[column], options));
        const value = isPrimitive(entry) ? cell(entry, options) : '';
        return [keys[i], ...cells, ...(hasValues ? [value] : [])];
    });
    return draw([INDEX, ...columns, ...(hasValues ? [VALUES] : [])], rows);
}

module.exports = { table };
