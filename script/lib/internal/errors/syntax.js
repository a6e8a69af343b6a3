/*
 * Why a file does not compile: where, and what to do about it
 *
 *   explain(error, source, name)   the engine's error, made one for people
 *   isExplained(error)             whether its stack begins with the place
 *
 * JavaScriptCore tells the line of a syntax error, no column and no stack, but
 * its message names the token. Where that token stands more than once in its
 * line, the engine is asked again: a line break put in before the token that
 * it stumbles over moves the error to the next line, one behind it does not.
 *
 * The three mistakes that are no mistakes elsewhere get words of their own:
 * import and export statements, import.meta, and await outside of functions
 * all mean that the file was written as an ES module.
 */

const { formatStack } = require('internal/stack');

const { core } = binding;

const explained = new SafeWeakSet();
const HEAD = '(function () {';  // as much as it takes for `return`

const MOST_QUESTIONS = 50;     // minified files have lines without an end

// ------------------------------------------------------------ asking again

// The line of the error that some source has, 0 when it has none.
function errorLine(source, name, head) {
    try {
        core.checkSyntax(head === '' ? source : `${head}${source}\n})`, name);
    } catch (error) {
        return error.line;
    }
    return 0;
}

function columnsOf(token, line) {
    const found = [];
    for (let at = line.indexOf(token); at >= 0;
        at = line.indexOf(token, at + 1))
        found.push(at);
    return found;
}

// The token in the message: the first that it quotes.
function tokenOf(message) {
    const match = /'([^']+)'|("[^"]*")/.exec(message);
    return match === null ? '' : match[1] ?? match[2];
}

// Where in its line the error is, and how long the token: from 0, or -1.
function columnOf(place, message, head) {
    const { lines, line, name } = place;
    const text = lines[line - 1];
    const token = tokenOf(message);
    const columns = token === '' ? [] : columnsOf(token, text);
    if (columns.length < 2 || columns.length > MOST_QUESTIONS)
        return { column: columns[0] ?? -1, length: token.length };
    let column = columns[0];
    for (const at of columns) {
        const broken = [...lines];
        broken[line - 1] = `${text.slice(0, at)}\n${text.slice(at)}`;
        if (errorLine(broken.join('\n'), name, head) === line + 1)
            column = at;
    }
    return { column, length: token.length };
}

// ----------------------------------------------------------- what is wrong

function isAwait(source, name) {
    return /\bawait\b/.test(source) &&
        errorLine(source, name, '(async function () {') === 0;
}

// What of an ES module the line has, '' when it is something else.
function moduleSyntax(message, text, source, name) {
    if (/^Unexpected keyword 'export'/.test(message))
        return 'export';
    if (/import call expects/.test(message) && /\bimport\b/.test(text))
        return 'import';
    if (/^import\.meta is only valid/.test(message))
        return 'import.meta';
    return isAwait(source, name) ? 'await' : '';
}

const firstWords = {
    'import': 'Cannot use import statement outside a module',
    'export': "Unexpected token 'export'",
    'import.meta': "Cannot use 'import.meta' outside a module",
    'await': 'await is only valid in async functions and the top level ' +
        'bodies of modules',
};

function refusal(what, { lines, line, name }) {
    const advice = what === 'await' ? 'put it into an async function' :
        'use require() and module.exports instead';
    const text = lines[line - 1].trim();
    const found = text.length > 60 ? `${text.slice(0, 60)}...` : text;
    const error = new SyntaxError(`${firstWords[what]}. weir runs CommonJS ` +
        `modules: ${advice} (found \`${found}\` in ${name}:${line})`);
    hide(error, 'code', 'ERR_REQUIRE_ESM');
    return error;
}

// ------------------------------------------------------------------ showing

function caret({ lines, line, column, length }) {
    if (column < 0)
        return '';
    const before = lines[line - 1].slice(0, column).replace(/[^\t]/g, ' ');
    return `${before}${'^'.repeat(Math.max(length, 1))}`;
}

function hide(error, name, value) {
    Object.defineProperty(error, name, {
        configurable: true, enumerable: false, value, writable: true,
    });
}

// Who asked for the file; of our own frames one is enough.
function callers() {
    const lines = formatStack(new Error('')).split('\n').slice(1);
    const isOwn = (line) => /[ (]node:internal\//.test(line);
    const first = lines.find((line) => /at (compile|evaluate) /.test(line));
    const rest = lines.filter((line) => !isOwn(line));
    return first === undefined ? rest : [first, ...rest];
}

// As Node, a syntax error's stack begins with the place.
function setPlace(error, place) {
    const { lines, line, name } = place;
    hide(error, 'stack', [`${name}:${line}`, lines[line - 1], caret(place), '',
        `${error.name}: ${error.message}`, ...callers()].join('\n'));
    hide(error, 'line', line);
    hide(error, 'sourceURL', name);
    explained.add(error);
    return error;
}

function isExplained(error) {
    return explained.has(error);
}

// V8's words where the engine's tell nobody what is wrong; a brace too many is
// a "Parser error" to it.
const inWords = {
    '__proto__': null,
    'Parser error': "Unexpected token '}'",
    'Unexpected end of script': 'Unexpected end of input',
    'Return statements are only valid inside functions.':
        'Illegal return statement',
};

// The parentheses around a file make the engine stumble over what is ours: a
// brace too many ends the function early, one too few lets it go on.
function withoutWrapper(error, source, name) {
    const { message, line } = error;
    if (/Expected '\)' to end a compound expression/.test(message)) {
        try {
            core.checkSyntax(source, name);
        } catch (other) {
            if (/^(Unexpected|Parser error)/.test(other.message))
                return asScript(other);
        }
    }
    if (line > source.split('\n').length)
        return { message: 'Unexpected end of input', line: line - 1, head: '' };
    // Then the file ends inside of a string.
    return message === 'Unexpected EOF' ?
        { message: 'Invalid or unexpected token', line, head: HEAD } :
        { message, line, head: HEAD };
}

function asScript({ message, line }) {
    return { message: inWords[message] ?? message, line, head: '' };
}

function explain(error, source, name) {
    if (!(error instanceof SyntaxError))
        return error;
    const isScript = name === '[eval]' || name === '[stdin]';
    const { message, line, head } = isScript ? asScript(error) :
        withoutWrapper(error, source, name);
    const place = { lines: source.split('\n'), line, name };
    place.line = Math.min(line, place.lines.length);
    const text = place.lines[place.line - 1];
    const what = moduleSyntax(message, text, source, name);
    if (what === '') {
        Object.assign(place, columnOf(place, message, head));
        error.message = message;
        return setPlace(error, place);
    }
    place.column = text.indexOf(what);
    place.length = place.column < 0 ? 0 : what.length;
    return setPlace(refusal(what, place), place);
}

module.exports = { explain, isExplained };
