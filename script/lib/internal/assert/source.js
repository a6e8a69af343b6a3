/*
 * internal/assert/source - the text of the call that failed
 *
 * assert(x > 3) has nothing to say but "false is not true"; what was written
 * says more. The stack tells the place of the call's opening parenthesis: from
 * there to the one that closes it, and back over the function's name.
 */
const CLOSING = { '(': ')', '[': ']', '{': '}' };
const QUOTES = '\'"`';

function callers() {
    const { frames } = require('internal/stack');
    return frames(new Error()).filter(({ file }) => file !== '');
}

function readSource(file) {
    try {
        return require('fs').readFileSync(file, 'utf8');
    } catch {
        // Code of -e or of a module that has gone.
        return undefined;
    }
}

function offsetOf(source, line, column) {
    let offset = 0;
    for (let i = 1; i < line; i++) {
        const end = source.indexOf('\n', offset);
        if (end === -1)
            return -1;
        offset = end + 1;
    }
    return offset + column - 1;
}

/* The index behind the quote that closes the string at `start`. */
function skipString(source, start) {
    for (let i = start + 1; i < source.length; i++) {
        if (source[i] === '\\')
            i++;
        else if (source[i] === source[start])
            return i + 1;
    }
    return source.length;
}

/* The index behind the bracket that closes the one at `start`; -1 for none. */
function skipBrackets(source, start) {
    const open = [];
    for (let i = start; i < source.length;) {
        const char = source[i];
        if (QUOTES.includes(char)) {
            i = skipString(source, i);
            continue;
        }
        if (CLOSING[char] !== undefined) {
            open.push(CLOSING[char]);
        } else if (char === open.at(-1)) {
            open.pop();
            if (open.length === 0)
                return i + 1;
        }
        i++;
    }
    return -1;
}

/* The index of the bracket that the one at `end` closes; -1 for none. */
function skipBracketsBack(source, end) {
    let depth = 0;
    for (let i = end; i >= 0; i--) {
        const char = source[i];
        if (QUOTES.includes(char))
            i = source.lastIndexOf(char, i - 1);
        else if (')]}'.includes(char))
            depth++;
        else if (CLOSING[char] !== undefined && --depth === 0)
            return i;
    }
    return -1;
}

/* Where the function is named that is called at `open`: a.b, a[b], (a, b). */
function startOfName(source, open) {
    let start = source.slice(0, open).trimEnd().length;
    for (;;) {
        start -= /[\w$.?#]*$/.exec(source.slice(0, start))[0].length;
        const bracket = ')]'.includes(source[start - 1] || ' ') ?
            skipBracketsBack(source, start - 1) : -1;
        if (bracket === -1)
            return start;
        start = bracket;
    }
}

/* Lines below the first lose what the first one's line is indented by. */
function unindented(text, source, start) {
    const lineStart = source.lastIndexOf('\n', start) + 1;
    const [indent] = /^\s*/.exec(source.slice(lineStart));
    return text.split('\n').map((line, i) => `  ${i > 0 &&
        line.startsWith(indent) ? line.slice(indent.length) : line}`)
        .join('\n');
}

function callText({ file, line, column }) {
    const source = readSource(file);
    if (source === undefined)
        return undefined;
    const at = offsetOf(source, line, column);
    const open = source.indexOf('(', Math.max(at, 0));
    const end = at === -1 || open === -1 ? -1 : skipBrackets(source, open);
    if (end === -1)
        return undefined;
    const start = startOfName(source, open);
    return unindented(source.slice(start, end), source, start);
}

/* The generated message of assert.ok(), undefined if there is no source. */
function describeCall() {
    const [caller] = callers();
    const text = caller === undefined ? undefined : callText(caller);
    return text === undefined ? undefined :
        `The expression evaluated to a falsy value:\n\n${text}\n`;
}

module.exports = { describeCall };
