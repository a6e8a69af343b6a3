/*
 * internal/inspect/error - how inspect() shows an error
 *
 * The stack as Node writes it, with the class's name in its first line where
 * that says more than `name`, in brackets when there are no frames, and without
 * the frames at the end that its cause has in common with it. What the text
 * already tells is not repeated as a property.
 */
const { formatStack } = require('internal/stack');

// Own properties that the engine gives to every error, and Node does not.
const ENGINE_KEYS = ['line', 'column', 'sourceURL'];
const CORE_FRAME = /^ {4}at (?:[^/\\(]+ \(|)node:[^:]+:\d+:\d+(?:\)|$)/;
const MODULE_DIRECTORY = /(\/node_modules\/)(@[^/]+\/[^/]+|[^/]+)/g;

function isError(value) {
    return value instanceof Error ||
        Object.prototype.toString.call(value) === '[object Error]';
}

function property(error, key) {
    try {
        return error[key];
    } catch {
        return undefined;
    }
}

function nameOf(error) {
    const name = property(error, 'name');
    return name === undefined || name === null ? 'Error' : String(name);
}

/* Leaves out what stands in the text, adds what would be hidden. */
function chooseKeys(ctx, error, stack, keys) {
    const drop = (key) => {
        const index = Arrays.indexOf(keys, key);
        if (index !== -1)
            Arrays.splice(keys, index, 1);
    };
    Arrays.filter(ENGINE_KEYS, (key) =>
        !Object.prototype.propertyIsEnumerable.call(error, key)).forEach(drop);
    if (!ctx.showHidden) {
        for (const key of ['name', 'message', 'stack']) {
            if (Strings.includes(stack, String(property(error, key))))
                drop(key);
        }
    }
    if ('cause' in error && !Arrays.includes(keys, 'cause'))
        Arrays.push(keys, 'cause');
    if (Array.isArray(property(error, 'errors')) &&
        !Arrays.includes(keys, 'errors'))
        Arrays.push(keys, 'errors');
}

/*
 * The first line says the name; the class may say more. `FooError` replaces
 * `Error`, a class called otherwise stands before it: `Foo [Error]`.
 */
function withClass(stack, name, shape, prefix) {
    const follows = stack[name.length];
    const named = Strings.endsWith(name, 'Error') &&
        Strings.startsWith(stack, name) &&
        (follows === undefined || follows === ':' || follows === '\n');
    if (shape.name !== null && !named)
        return stack;
    let fallback = 'Error';
    let { length } = name;
    if (shape.name === null) {
        const first = RegExps.exec(
            /^([A-Z][a-z_ A-Z0-9[\]()-]+)(?::|\n\s+at)/, stack) ??
            RegExps.exec(/^([a-z_A-Z0-9-]*Error)$/, stack);
        ({ length } = first?.[1] ?? '');
        fallback = first?.[1] || 'Error';
    }
    const better = prefix(shape.name, shape.tag, fallback).slice(0, -1);
    if (better === name)
        return stack;
    if (!Strings.includes(better, name))
        return `${better} [${name}]${Strings.slice(stack, length)}`;
    return length === 0 ? `${better}: ${stack}` :
        `${better}${Strings.slice(stack, length)}`;
}

/* Where a run of more than three lines begins that the other has too. */
function commonRun(lines, other) {
    for (let from = 0; from < lines.length - 3; from++) {
        const start = Arrays.indexOf(other, lines[from]);
        let length = start === -1 ? 0 : 1;
        while (length > 0 && from + length < lines.length &&
            lines[from + length] === other[start + length])
            length++;
        if (length > 3)
            return { from, length };
    }
    return undefined;
}

/* Of what the cause repeats, the first and the last frame are enough. */
function frameLines(ctx, error, text) {
    const lines = Strings.split(text, '\n');
    const cause = property(error, 'cause');
    if (cause === undefined || !isError(cause))
        return lines;
    const causeStack = formatStack(cause);
    const start = Strings.indexOf(causeStack, '\n    at');
    const run = start === -1 ? undefined :
        commonRun(lines, Strings.slice(causeStack, start + 1).split('\n'));
    if (run !== undefined) {
        const count = run.length - 2;
        Arrays.splice(lines, run.from + 1, count, ctx.stylize(
            `    ... ${count} lines matching cause stack trace ...`,
            'undefined'));
    }
    return lines;
}

function colorFrame(ctx, line) {
    return RegExps.test(CORE_FRAME, line) ? ctx.stylize(line, 'undefined') :
        Strings.replace(line, MODULE_DIRECTORY, (all, directory, name) =>
            directory + ctx.stylize(name, 'module'));
}

/* From where on frames follow; a message may look like one. */
function frameStart(error, stack) {
    const message = property(error, 'message');
    const at = typeof message === 'string' && message !== '' ?
        Strings.indexOf(stack, message) : -1;
    return Strings.indexOf(stack, '\n    at',
        at === -1 ? 0 : at + message.length);
}

function errorBase(ctx, error, shape, prefix) {
    const original = formatStack(error);
    chooseKeys(ctx, error, original, shape.keys);
    const stack = withClass(original, nameOf(error), shape, prefix);
    const start = frameStart(error, stack);
    let text = `[${stack}]`;
    if (start !== -1) {
        const lines = frameLines(ctx, error, Strings.slice(stack, start + 1));
        text = [Strings.slice(stack, 0, start), ...(ctx.colors ?
            Arrays.map(lines, (line) => colorFrame(ctx, line)) :
            lines)].join('\n');
    }
    return ctx.indentation === 0 ? text :
        Strings.replaceAll(text, '\n', `\n${' '.repeat(ctx.indentation)}`);
}

module.exports = { errorBase };
