/*
 * internal/inspect/layout - how what inspect() prints is set on the page
 *
 * Quoting, the width of a text on a terminal, and the two decisions that give
 * Node's output its look: a short object stays on one line, and a list of more
 * than six entries is set in columns. What the values are is internal/inspect's
 * business; here there are only strings.
 */
const COLOR = /\u001b\[\d\d?m/g;
/* CSI sequences, OSC strings (links, titles), and those of two characters. */
const ESCAPE_SEQUENCE = new RegExp(Arrays.join([
    '(?:\\u001b\\[|\\u009b)[0-?]*[ -/]*[@-~]',
    '\\u001b\\][^\\u0007\\u001b\\u009c]*(?:\\u0007|\\u001b\\\\|\\u009c)',
    '\\u001b[ -/]*[0-Z\\\\^-~]',
], '|'), 'g');

const UNPRINTABLE = '[\\x00-\\x1f\\x5c\\x7f-\\x9f' +
    ']|[\\ud800-\\udbff](?![\\udc00-\\udfff])' +
    '|(?<![\\ud800-\\udbff])[\\udc00-\\udfff]';
const TO_ESCAPE = new RegExp(UNPRINTABLE, 'g');
const TO_ESCAPE_OR_QUOTE = new RegExp(`'|${UNPRINTABLE}`, 'g');
const NEEDS_ESCAPE = new RegExp(`'|${UNPRINTABLE}`);

const SHORT_ESCAPES = {
    '\b': '\\b', '\t': '\\t', '\n': '\\n', '\f': '\\f', '\r': '\\r',
    '\\': '\\\\', '\'': '\\\'',
};

function escaped(char) {
    const short = SHORT_ESCAPES[char];
    if (short !== undefined)
        return short;
    const code = Strings.charCodeAt(char, 0);
    const hex = code.toString(16);
    return code < 0x100 ? `\\x${Strings.padStart(hex, 2, '0').toUpperCase()}` :
        `\\u${hex}`;
}

/* In the quotes that need the fewest backslashes: ', then ", then `. */
function quote(text) {
    if (!RegExps.test(NEEDS_ESCAPE, text))
        return `'${text}'`;
    let mark = '\'';
    if (Strings.includes(text, '\'')) {
        if (!Strings.includes(text, '"'))
            mark = '"';
        else if (!Strings.includes(text, '`') &&
            !Strings.includes(text, '${'))
            mark = '`';
    }
    const pattern = mark === '\'' ? TO_ESCAPE_OR_QUOTE : TO_ESCAPE;
    return `${mark}${Strings.replace(text, pattern, escaped)}${mark}`;
}

/* The same without quotes, for symbols and hidden keys. */
function escapeText(text) {
    return Strings.replace(text, TO_ESCAPE_OR_QUOTE, escaped);
}

function stripColors(text) {
    return Strings.replace(text, COLOR, '');
}

function stripEscapes(text) {
    return Strings.replace(text, ESCAPE_SEQUENCE, '');
}

/* East Asian wide and fullwidth forms, and emoji: two cells each. */
function isWide(code) {
    return code >= 0x1100 && (
        code <= 0x115f || code === 0x2329 || code === 0x232a ||
        (code >= 0x2e80 && code <= 0x3247 && code !== 0x303f) ||
        (code >= 0x3250 && code <= 0x4dbf) ||
        (code >= 0x4e00 && code <= 0xa4c6) ||
        (code >= 0xa960 && code <= 0xa97c) ||
        (code >= 0xac00 && code <= 0xd7a3) ||
        (code >= 0xf900 && code <= 0xfaff) ||
        (code >= 0xfe10 && code <= 0xfe19) ||
        (code >= 0xfe30 && code <= 0xfe6b) ||
        (code >= 0xff01 && code <= 0xff60) ||
        (code >= 0xffe0 && code <= 0xffe6) ||
        (code >= 0x1b000 && code <= 0x1b001) ||
        (code >= 0x1f200 && code <= 0x1f251) ||
        (code >= 0x1f300 && code <= 0x1f64f) ||
        (code >= 0x1f680 && code <= 0x1f6ff) ||
        (code >= 0x1f900 && code <= 0x1f9ff) ||
        (code >= 0x20000 && code <= 0x3fffd));
}

function isZeroWidth(code) {
    return code <= 0x1f || (code >= 0x7f && code <= 0x9f) ||
        (code >= 0x300 && code <= 0x36f) ||
        (code >= 0x200b && code <= 0x200f) ||
        (code >= 0x20d0 && code <= 0x20ff) ||
        (code >= 0xfe00 && code <= 0xfe0f) ||
        (code >= 0xfe20 && code <= 0xfe2f) ||
        (code >= 0xe0100 && code <= 0xe01ef);
}

/* Cells that the text takes on a terminal. */
function width(text, withEscapes = true) {
    if (RegExps.test(/^[\x20-\x7e]*$/, text))
        return text.length;
    const plain = (withEscapes ? stripEscapes(text) : text).normalize('NFC');
    let cells = 0;
    for (const char of plain) {
        const code = Strings.codePointAt(char, 0);
        if (isWide(code))
            cells += 2;
        else if (!isZeroWidth(code))
            cells++;
    }
    return cells;
}

function fitsOnLine(ctx, output, start, base) {
    let total = output.length + start;
    if (total + output.length > ctx.breakLength)
        return false;
    for (const entry of output) {
        total += ctx.colors ? stripColors(entry).length : entry.length;
        if (total > ctx.breakLength)
            return false;
    }
    return base === '' || !Strings.includes(base, '\n');
}

/*
 * How many columns make the block of entries about 2.5 times as wide as it is
 * high: a character is that much higher than wide, so it comes out square.
 */
function columnCount(ctx, cells, widest, total, entries) {
    const average = Math.sqrt(widest - total / entries);
    const biased = Math.max(widest - 3 - average, 1);
    return Math.min(
        Math.round(Math.sqrt(2.5 * biased * cells) / biased),
        Math.floor((ctx.breakLength - ctx.indentation) / widest),
        ctx.compact * 4,
        15);
}

/* Numbers stand to the right of their column, everything else to the left. */
function rightAligned(output, value) {
    if (value === undefined)
        return true;
    for (let i = 0; i < output.length; i++) {
        if (typeof value[i] !== 'number' && typeof value[i] !== 'bigint')
            return false;
    }
    return true;
}

function columns(ctx, output, value) {
    const more = ctx.maxArrayLength < output.length;
    const cells = more ? output.length - 1 : output.length;
    const widths = new Array(cells);
    let total = 0;
    let longest = 0;
    for (let i = 0; i < cells; i++) {
        widths[i] = width(output[i], ctx.colors);
        total += widths[i] + 2;
        longest = Math.max(longest, widths[i]);
    }
    const widest = longest + 2;
    // Entries of very different lengths would waste the room that is won.
    if (widest * 3 + ctx.indentation >= ctx.breakLength ||
        (total / widest <= 5 && longest > 6))
        return output;
    const count = columnCount(ctx, cells, widest, total, output.length);
    if (count <= 1)
        return output;
    const right = rightAligned(output, value);
    const lines = rows(output, widths, count, cells, right);
    if (more)
        Arrays.push(lines, output[cells]);
    return lines;
}

function rows(output, widths, count, cells, right) {
    const columnWidths = [];
    for (let i = 0; i < count; i++) {
        let most = 0;
        for (let j = i; j < cells; j += count)
            most = Math.max(most, widths[j]);
        Arrays.push(columnWidths, most);
    }
    const lines = [];
    for (let i = 0; i < cells; i += count) {
        const last = Math.min(i + count, cells) - 1;
        let line = '';
        for (let j = i; j <= last; j++) {
            const blanks = Strings.repeat(' ', columnWidths[j - i] - widths[j]);
            const separator = j < last ? ', ' : '';
            line += right ? blanks + output[j] + separator :
                output[j] + separator + (j < last ? blanks : '');
        }
        Arrays.push(lines, line);
    }
    return lines;
}

/*
 * The entries between their braces: on one line if they are few and short and
 * no more than `compact` levels deep, else one entry a line.
 */
function combine(ctx, output, base, braces, isList, depth, value) {
    const lead = base === '' ? '' : `${base} `;
    const newline = `\n${Strings.repeat(' ', ctx.indentation)}`;
    if (ctx.compact === true)
        return combineTight(ctx, output, base, braces, newline);
    let entries = output;
    if (typeof ctx.compact === 'number' && ctx.compact >= 1) {
        if (isList && output.length > 6)
            entries = columns(ctx, output, value);
        if (ctx.currentDepth - depth < ctx.compact &&
            entries.length === output.length) {
            const start = entries.length + ctx.indentation +
                braces[0].length + base.length + 10;
            if (fitsOnLine(ctx, entries, start, base)) {
                const joined = Arrays.join(entries, ', ');
                if (!Strings.includes(joined, '\n'))
                    return `${lead}${braces[0]} ${joined} ${braces[1]}`;
            }
        }
    }
    const body = Arrays.join(entries, `,${newline}  `);
    return `${lead}${braces[0]}${newline}  ${body}${newline}${braces[1]}`;
}

/* compact: true, the look of Node before version 12. */
function combineTight(ctx, output, base, braces, newline) {
    const lead = base === '' ? '' : ` ${base}`;
    if (fitsOnLine(ctx, output, 0, base))
        return `${braces[0]}${lead} ${Arrays.join(output, ', ')} ${braces[1]}`;
    const opening = base === '' && braces[0].length === 1 ?
        ' ' : `${lead}${newline}  `;
    const body = Arrays.join(output, `,${newline}  `);
    return `${braces[0]}${opening}${body} ${braces[1]}`;
}

module.exports = {
    combine, escapeText, quote, stripColors, stripEscapes, width,
};
