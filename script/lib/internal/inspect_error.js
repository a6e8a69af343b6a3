/*
 * internal/inspect_error - how inspect() shows an error
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
        const index = keys.indexOf(key);
        if (index !== -1) {
            keys.splice(index, 1);
        }
    };
    ENGINE_KEYS.filter((key) =>
        !Object.prototype.propertyIsEnumerable.call(error, key)).forEach(drop);
    if (!ctx.showHidden) {
        for (const key of ['name', 'message', 'stack']) {
            if (stack.includes(String(property(error, key)))) {
                drop(key);
            }
        }
    }
    if ('cause' in error && !keys.includes('cause')) {
        keys.push('cause');
    }
    if (Array.isArray(property(error, 'errors')) &&
        !keys.includes('errors')) {
        keys.push('errors');
    }
}

/*
 * The first line says the name; the class may say more. `FooError` replaces
 * `Error`, a class called otherwise stands before it: `Foo [Error]`.
 */
function withClass(stack, name, shape, prefix) {
    const follows = stack[name.length];
    const named = name.endsWith('Error') && stack.startsWith(name) &&
        (follows === undefined || follows === ':' || follows === '\n');
    if (shape.name !== null && !named) {
        return stack;
    }
    let fallback = 'Error';
    let { length } = name;
    if (shape.name === null) {
        const first = /^([A-Z][a-z_ A-Z0-9[\]()-]+)(?::|\n\s+at)/.exec(stack) ??
            /^([a-z_A-Z0-9-]*Error)$/.exec(stack);
        ({ length } = first?.[1] ?? '');
        fallback = first?.[1] || 'Error';
    }
    const better = prefix(shape.name, shape.tag, fallback).slice(0, -1);
    if (better === name) {
        return stack;
    }
    if (!better.includes(name)) {
        return `${better} [${name}]${stack.slice(length)}`;
    }
    return length === 0 ? `${better}: ${stack}` :
        `${better}${stack.slice(length)}`;
}

/* Where a run of more than three lines begins that the other has too. */
function commonRun(lines, other) {
    for (let from = 0; from < lines.length - 3; from++) {
        const start = other.indexOf(lines[from]);
        let length = start === -1 ? 0 : 1;
        while (length > 0 && from + length < lines.length &&
            lines[from + length] === other[start + length]) {
            length++;
        }
        if (length > 3) {
            return { from, length };
        }
    }
    return undefined;
}

/* Of what the cause repeats, the first and the last frame are enough. */
function frameLines(ctx, error, text) {
    const lines = text.split('\n');
    const cause = property(error, 'cause');
    if (cause === undefined || !isError(cause)) {
        return lines;
    }
    const causeStack = formatStack(cause);
    const start = causeStack.indexOf('\n    at');
    const run = start === -1 ? undefined :
        commonRun(lines, causeStack.slice(start + 1).split('\n'));
    if (run !== undefined) {
        const count = run.length - 2;
        lines.splice(run.from + 1, count, ctx.stylize(
            `    ... ${count} lines matching cause stack trace ...`,
            'undefined'));
    }
    return lines;
}

function colorFrame(ctx, line) {
    return CORE_FRAME.test(line) ? ctx.stylize(line, 'undefined') :
        line.replace(MODULE_DIRECTORY, (all, directory, name) =>
            directory + ctx.stylize(name, 'module'));
}

/* From where on frames follow; a message may look like one. */
function frameStart(error, stack) {
    const message = property(error, 'message');
    const at = typeof message === 'string' && message !== '' ?
        stack.indexOf(message) : -1;
    return stack.indexOf('\n    at', at === -1 ? 0 : at + message.length);
}

function errorBase(ctx, error, shape, prefix) {
    const original = formatStack(error);
    chooseKeys(ctx, error, original, shape.keys);
    const stack = withClass(original, nameOf(error), shape, prefix);
    const start = frameStart(error, stack);
    let text = `[${stack}]`;
    if (start !== -1) {
        const lines = frameLines(ctx, error, stack.slice(start + 1));
        text = [stack.slice(0, start), ...(ctx.colors ?
            lines.map((line) => colorFrame(ctx, line)) : lines)].join('\n');
    }
    return ctx.indentation === 0 ? text :
        text.replaceAll('\n', `\n${' '.repeat(ctx.indentation)}`);
}

module.exports = { errorBase };
