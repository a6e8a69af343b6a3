/*
 * internal/stack - the engine's stacks, in the form that Node's readers know
 *
 * JavaScriptCore writes a frame as `name@file:line:column` and no header; Node
 * writes `Name: message` and `    at name (file:line:column)`. The property
 * itself stays what the engine made it (there is no hook to change it): what
 * prints an error asks here for the text.
 *
 * Of weir's own frames those are left out that say nothing: at the top where a
 * builtin makes an error for its caller, at the bottom where the loop or the
 * loader calls into the program.
 */
const { HEAD_LENGTH } = binding.core;

const FRAME = /^([^@]*)@(.*?)(?::(\d+))?(?::(\d+))?$/;
const NODE_FRAME = /^ {4}at (?:(.+) \()?(.+?):(\d+):(\d+)\)?$/;
const NATIVE = '[native code]';
const MAKES_ERRORS = new RegExp('^node:(?:internal/(?:errors|validators|' +
    'assert/\\w+)|assert(?:/strict)?|console)$');
const CODE = /^(?:global|module) code$/;
// The engine collects so many; Node's default is to show ten.
const ENGINE_LIMIT = 100;
const SHOWN = 10;

function parseFrame(line) {
    const [, name, file, row, column] = RegExps.exec(FRAME, line);
    return {
        functionName: RegExps.test(CODE, name) ? '' :
            name === 'eval code' ? 'eval' : name,
        file: file === NATIVE ? '' : file,
        line: row === undefined ? 0 : Number(row),
        column: column === undefined ? 0 : Number(column) - shift(file, row),
    };
}

/* The host's words before a file's first line are none of its columns. */
function shift(file, row) {
    return row === '1' && Strings.startsWith(file, '/') ?
        HEAD_LENGTH : 0;
}

/* A program may have set `stack` to anything: then it is left alone. */
function isEngineStack(stack) {
    return Strings.split(stack, '\n').every((line) =>
        RegExps.test(FRAME, line) && !Strings.startsWith(line, '    at '));
}

function makesErrors({ file }) {
    return RegExps.test(MAKES_ERRORS, file);
}

function isBootstrap({ file }) {
    return file === '' || Strings.startsWith(file, 'node:internal/');
}

/* A class without a constructor has one that the engine wrote. */
function isDefaultConstructor({ functionName, file }, error) {
    return file === '' && functionName === error.constructor?.name;
}

function trim(frames, error) {
    let from = 0;
    while (from < frames.length && (makesErrors(frames[from]) ||
        isDefaultConstructor(frames[from], error)))
        from++;
    let to = frames.length;
    while (to > from && isBootstrap(frames[to - 1]))
        to--;
    // Nothing but our own: then these are what there is to see.
    return to === from ? frames : Arrays.slice(frames, from, to);
}

/* The frames of a stack that has been put into Node's form already. */
function parseText(stack) {
    const frames = [];
    for (const line of Strings.split(stack, '\n')) {
        const match = RegExps.exec(NODE_FRAME, line);
        if (match !== null) {
            const [, name = '', file, row, column] = match;
            Arrays.push(frames, { functionName: name, file, line: Number(row),
                column: Number(column) });
        }
    }
    return frames;
}

/* [{ functionName, file, line, column }]; 0 and '' for what is unknown. */
function frames(error) {
    const stack = stackOf(error);
    if (stack === '' || !isEngineStack(stack))
        return parseText(stack);
    return trim(Strings.split(stack, '\n').map(parseFrame), error);
}

function stackOf(error) {
    try {
        const { stack } = error;
        return typeof stack === 'string' ? stack : '';
    } catch {
        return '';
    }
}

/* `Name: message`, and `Name [CODE]: message` for the errors of builtins. */
function header(error) {
    const text = Error.prototype.toString.call(error);
    const { code } = error;
    if (typeof code !== 'string' || !Strings.startsWith(code, 'ERR_') ||
        error.toString === Error.prototype.toString)
        return text;
    // Only our own errors override toString() in just this way.
    const coded = String(error);
    return coded === `${error.name} [${code}]: ${error.message}` ?
        coded : text;
}

function formatFrame({ functionName, file, line, column }) {
    if (file === '' && RegExps.test(/^[A-Z]/, functionName)) {
        // The engine's own classes, which only `new` calls.
        return `    at new ${functionName} (<anonymous>)`;
    }
    const place = file === '' ? '<anonymous>' :
        line === 0 ? file : `${file}:${line}:${column}`;
    return functionName === '' ? `    at ${place}` :
        `    at ${functionName} (${place})`;
}

function limit() {
    const { stackTraceLimit } = Error;
    return typeof stackTraceLimit !== 'number' ||
        stackTraceLimit === ENGINE_LIMIT ? SHOWN : stackTraceLimit;
}

/* What `error.stack` would be in Node. */
function formatStack(error) {
    const stack = stackOf(error);
    if (stack !== '' && !isEngineStack(stack))
        return stack;
    const lines = frames(error).slice(0, limit()).map(formatFrame);
    return [header(error), ...lines].join('\n');
}

module.exports = { formatStack, frames };
