/*
 * internal/assert/diff - what an assertion that failed says
 *
 * Both values are inspected with one entry a line, so that a difference of
 * lines is a difference of entries; the shortest edit from one to the other is
 * shown, and of long equal stretches the beginning and the last line.
 */
const HEADER = {
    deepStrictEqual: 'Expected values to be strictly deep-equal:',
    partialDeepStrictEqual:
        'Expected values to be partially and strictly deep-equal:',
    strictEqual: 'Expected values to be strictly equal:',
    reference: 'Expected "actual" to be reference-equal to "expected":',
    deepEqual: 'Expected values to be loosely deep-equal:',
    notDeepStrictEqual:
        'Expected "actual" not to be strictly deep-equal to:',
    notStrictEqual: 'Expected "actual" to be strictly unequal to:',
    notReference:
        'Expected "actual" not to be reference-equal to "expected":',
    notDeepEqual: 'Expected "actual" not to be loosely deep-equal to:',
    notIdentical: 'Values have same structure but are not reference-equal:',
    notDeepEqualUnequal: 'Expected values not to be loosely deep-equal:',
};

const SHORT = 12;      // characters of both values that fit in `a !== b`
const LINE = 80;
const CONTEXT = 5;     // equal lines shown before the rest is left out
const MOST_LINES = 50; // of a value that should have been another
const MOST_TEXT = 512;
// The table of the difference takes memory by the product of the lines.
const MOST_CELLS = 4e6;

function inspectValue(value) {
    return require('internal/inspect').inspect(value, {
        compact: false,
        customInspect: false,
        depth: 1000,
        maxArrayLength: Infinity,
        showHidden: false,
        showProxy: false,
        breakLength: Infinity,
        sorted: true,
        getters: true,
    });
}

function isReference(value) {
    return (typeof value === 'object' && value !== null) ||
        typeof value === 'function';
}

/* A comma more is no difference: it says that something follows. */
function sameLine(a, b) {
    return a === b || `${a},` === b || a === `${b},`;
}

function longer(a, b) {
    return a.length >= b.length ? a : b;
}

/* ------------------------------------------------- the difference of lines */

/*
 * [mark, line] for each line. The ends that are equal are cut off first; for
 * what is left a table of longest common subsequences, from the end.
 */
function difference(a, b) {
    let start = 0;
    while (start < a.length && start < b.length &&
        sameLine(a[start], b[start]))
        start++;
    let end = 0;
    while (end < a.length - start && end < b.length - start &&
        sameLine(a[a.length - 1 - end], b[b.length - 1 - end]))
        end++;
    const moved = b.length - a.length;
    return [
        ...a.slice(0, start).map((line, i) => [' ', longer(line, b[i])]),
        ...changed(a.slice(start, a.length - end),
            b.slice(start, b.length - end)),
        ...a.slice(a.length - end).map((line, i) =>
            [' ', longer(line, b[a.length - end + i + moved])]),
    ];
}

function changed(a, b) {
    const added = (line) => ['+', line];
    const removed = (line) => ['-', line];
    if (a.length * b.length > MOST_CELLS)
        return [...a.map(added), ...b.map(removed)];
    const length = commonLengths(a, b);
    const lines = [];
    let i = 0;
    let j = 0;
    while (i < a.length && j < b.length) {
        if (sameLine(a[i], b[j]))
            lines.push([' ', longer(a[i++], b[j++])]);
        else if (length[i + 1][j] >= length[i][j + 1])
            lines.push(added(a[i++]));
        else
            lines.push(removed(b[j++]));
    }
    return [...lines, ...a.slice(i).map(added), ...b.slice(j).map(removed)];
}

/* length[i][j]: of the longest subsequence of a from i and b from j. */
function commonLengths(a, b) {
    const length = Array.from({ length: a.length + 1 },
        () => new Uint32Array(b.length + 1));
    for (let i = a.length - 1; i >= 0; i--) {
        for (let j = b.length - 1; j >= 0; j--) {
            length[i][j] = sameLine(a[i], b[j]) ? length[i + 1][j + 1] + 1 :
                Math.max(length[i + 1][j], length[i][j + 1]);
        }
    }
    return length;
}

/* Shows the first lines of an equal stretch, and the last one. */
function withoutMiddles(lines) {
    const shown = [];
    let skipped = false;
    for (let i = 0; i < lines.length;) {
        let end = i;
        while (end < lines.length && lines[end][0] === ' ')
            end++;
        const stretch = lines.slice(i, end);
        if (stretch.length >= CONTEXT + 3) {
            shown.push(...stretch.slice(0, CONTEXT), null, stretch.at(-1));
            skipped = true;
        } else {
            shown.push(...stretch);
        }
        i = end;
        if (i < lines.length)
            shown.push(lines[i++]);
    }
    return { shown, skipped };
}

function lineDiff(header, actual, expected) {
    const { shown, skipped } = withoutMiddles(difference(actual, expected));
    const text = shown.map((line) =>
        line === null ? '...' : `${line[0]} ${line[1]}`).join('\n');
    return `${header}\n+ actual - expected` +
        `${skipped ? '\n... Skipped lines' : ''}\n\n${text}\n`;
}

/* ------------------------------------------------------- values of one line */

function isPlain(value) {
    return !isReference(value) || typeof value === 'function';
}

function stacked(header, a, b) {
    let common = 0;
    while (common < a.length && a[common] === b[common])
        common++;
    // Under a shared beginning that the eye would have to compare.
    const pointer = common > 2 && a.length + b.length < LINE ?
        `\n  ${' '.repeat(common)}^` : '';
    return `${header}\n+ actual - expected\n\n+ ${a}\n- ${b}${pointer}\n`;
}

function isError(value) {
    return isReference(value) && value instanceof Error;
}

/* Where errors were made differs always, and is not what is compared. */
function bare(error) {
    const copy = Object.assign(
        Object.create(Object.getPrototypeOf(error)), error);
    Object.defineProperty(copy, 'message', { value: error.message });
    Object.defineProperty(copy, 'stack', { value: undefined });
    if (Object.hasOwn(error, 'cause')) {
        Object.defineProperty(copy, 'cause', { value: isError(error.cause) ?
            bare(error.cause) : error.cause });
    }
    return copy;
}

function equality(operator, actual, expected) {
    let header = HEADER[operator];
    const errors = isError(actual) && isError(expected);
    const a = inspectValue(errors ? bare(actual) : actual).split('\n');
    const b = inspectValue(errors ? bare(expected) : expected).split('\n');
    if (operator === 'strictEqual' && isReference(actual) &&
        isReference(expected) && typeof actual === typeof expected)
        header = HEADER.reference;
    if (a.join('\n') === b.join('\n'))
        return identical(a);
    if (a.length > 1 || b.length > 1)
        return lineDiff(header, a, b);
    const zeros = actual === 0 && expected === 0;
    if (a[0].length + b[0].length <= SHORT && isPlain(actual) &&
        isPlain(expected) && !zeros)
        return `${header}\n\n${a[0]} !== ${b[0]}\n`;
    return stacked(header, a[0], b[0]);
}

function shortened(lines) {
    return lines.length > MOST_LINES ?
        [...lines.slice(0, MOST_LINES - 4), '...'] : lines;
}

function identical(lines) {
    return `${HEADER.notIdentical}\n\n${shortened(lines).join('\n')}\n`;
}

function inequality(operator, actual) {
    const header = operator === 'notStrictEqual' && isReference(actual) ?
        HEADER.notReference : HEADER[operator];
    const lines = shortened(inspectValue(actual).split('\n'));
    if (lines.length > 1)
        return `${header}\n\n${lines.join('\n')}\n`;
    return `${header}${lines[0].length > 5 ? '\n\n' : ' '}${lines[0]}`;
}

function cut(text, most = MOST_TEXT) {
    return text.length > most ? `${text.slice(0, most - 3)}...` : text;
}

function other(operator, actual, expected) {
    const a = inspectValue(actual);
    const b = inspectValue(expected);
    if (operator === 'deepEqual') {
        return `${HEADER.deepEqual}\n\n${cut(a)}\n\n` +
            `should loosely deep-equal\n\n${cut(b)}`;
    }
    if (operator === 'notDeepEqual') {
        return a === b ?
            `${HEADER.notDeepEqual}\n\n${cut(a, 2 * MOST_TEXT)}` :
            `${HEADER.notDeepEqualUnequal}\n\n${cut(a)}\n\n` +
            `should not loosely deep-equal\n\n${cut(b)}`;
    }
    return `${cut(a)} ${operator} ${cut(b)}`;
}

function describe(operator, actual, expected) {
    switch (operator) {
    case 'deepStrictEqual':
    case 'strictEqual':
    case 'partialDeepStrictEqual':
        return equality(operator, actual, expected);
    case 'notDeepStrictEqual':
    case 'notStrictEqual':
        return inequality(operator, actual);
    default:
        return other(operator, actual, expected);
    }
}

module.exports = { describe };
