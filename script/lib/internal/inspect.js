/*
 * internal/inspect - util.inspect: any value as a text for people
 *
 * One context object travels down the value: the options, the objects that are
 * being printed (to find cycles), and the present indentation. How each kind of
 * object begins and ends is internal/inspect/kinds'; keys, cycles and depth are
 * the same for all and are done once, in printObject. Brackets and line breaks
 * are internal/inspect/layout's, types come from internal/value_kind.
 *
 * The output is Node's, character by character, but for what the engine does
 * not tell: the state of a promise, what an iterator has left, the handler of a
 * Proxy.
 */
const { upcalls } = require('internal/core');
const { kind, typedArrayName } = require('internal/value_kind');
const { combine, escapeText, quote, stripColors, stripEscapes, width } =
    require('internal/inspect/layout');

const { getOwnPropertyDescriptor, getOwnPropertyNames, getPrototypeOf,
    hasOwn } = Object;
const isEnumerable = Function.prototype.call
    .bind(Object.prototype.propertyIsEnumerable);

const custom = Symbol.for('nodejs.util.inspect.custom');
const IDENTIFIER = /^[a-zA-Z_][a-zA-Z_0-9]*$/;
const ARRAY_INDEX = /^(?:0|[1-9][0-9]*)$/;
// Beyond this many characters on one level, deeper ones are left out.
const TEXT_BUDGET = 2 ** 27;

const defaultOptions = {
    showHidden: false,
    depth: 2,
    colors: false,
    customInspect: true,
    showProxy: false,
    maxArrayLength: 100,
    maxStringLength: 10000,
    breakLength: 80,
    compact: 3,
    sorted: false,
    getters: false,
    numericSeparator: false,
};

/* What the entry of a list is called by, and so how its key is shown. */
const AS_KEY = 0;
const AS_ENTRY = 1;
const AS_EXTRA = 2;

function plain(text) {
    return text;
}

function colored(text, style) {
    const color = inspect.colors[inspect.styles[style]];
    return color === undefined ? text :
        `\u001b[${color[0]}m${text}\u001b[${color[1]}m`;
}

class Context {
    constructor(options) {
        Object.assign(this, defaultOptions);
        this.userOptions = undefined;
        this.stylize = plain;
        this.indentation = 0;
        this.currentDepth = 0;
        this.seen = [];
        this.circular = undefined;
        this.budget = {};
        if (options !== undefined)
            this.adopt(options);
        if (this.colors && this.stylize === plain)
            this.stylize = colored;
        this.maxArrayLength ??= Infinity;
        this.maxStringLength ??= Infinity;
    }

    adopt(options) {
        for (const key of Object.keys(options)) {
            if (hasOwn(defaultOptions, key) || key === 'stylize')
                this[key] = options[key];
        }
        this.userOptions = options;
    }

    beyond(depth) {
        return this.depth !== null && depth > this.depth;
    }

    /* Runs fn with everything that it prints moved to the right. */
    indented(by, fn) {
        this.indentation += by;
        try {
            return fn();
        } finally {
            this.indentation -= by;
        }
    }
}

/* inspect(value[, options]), once: inspect(value, hidden, depth, colors) */
function inspect(value, options, depth, colors) {
    if (typeof options === 'object' && options !== null)
        return print(new Context(options), value, 0, false);
    const legacy = {};
    if (typeof options === 'boolean')
        legacy.showHidden = options;
    if (depth !== undefined)
        legacy.depth = depth;
    if (colors !== undefined)
        legacy.colors = colors;
    return print(new Context(legacy), value, 0, false);
}

function print(ctx, value, depth, inView) {
    if (value === null)
        return ctx.stylize('null', 'null');
    if (typeof value !== 'object' && typeof value !== 'function')
        return printPrimitive(ctx, value, ctx.stylize);
    const target = binding.util.proxyTarget(value);
    if (target !== undefined) {
        if (ctx.showProxy)
            return printProxy(ctx, target, depth);
        // The traps are the program's; looking must not run them.
        return print(ctx, target, depth, inView);
    }
    if (ctx.customInspect) {
        const text = printCustom(ctx, value, depth);
        if (text !== undefined)
            return text;
    }
    if (Arrays.includes(ctx.seen, value)) {
        return ctx.stylize(`[Circular *${circularIndex(ctx, value)}]`,
            'special');
    }
    return printObject(ctx, value, depth, inView);
}

function circularIndex(ctx, value) {
    ctx.circular ??= new SafeMap();
    if (!ctx.circular.has(value))
        ctx.circular.set(value, ctx.circular.size + 1);
    return ctx.circular.get(value);
}

/* The handler cannot be had from the engine: the target alone is shown. */
function printProxy(ctx, target, depth) {
    if (ctx.beyond(depth))
        return ctx.stylize('Proxy [Array]', 'special');
    ctx.currentDepth = depth;
    const inner = ctx.indented(2, () => print(ctx, target, depth + 1, false));
    return combine(ctx, [inner], '', ['Proxy [', ']'], true, depth + 1);
}

function printCustom(ctx, value, depth) {
    const method = value[custom];
    if (typeof method !== 'function' || method === inspect ||
        value.constructor?.prototype === value)
        return undefined;
    const left = ctx.depth === null ? null : ctx.depth - depth;
    const options = { stylize: ctx.stylize };
    for (const key in defaultOptions)
        options[key] = ctx[key];
    Object.assign(options, ctx.userOptions);
    const result = method.call(value, left, options, inspect);
    if (result === value)
        return undefined;
    if (typeof result === 'object')
        return print(ctx, result, depth, false); // which indents it
    return Strings.replaceAll(`${result}`, '\n',
        `\n${' '.repeat(ctx.indentation)}`);
}

/* ------------------------------------------------------------ primitives */

function printPrimitive(ctx, value, stylize) {
    switch (typeof value) {
    case 'string':
        return printString(ctx, value, stylize);
    case 'number':
        return stylize(numberText(value, ctx.numericSeparator), 'number');
    case 'bigint':
        return stylize(bigintText(value, ctx.numericSeparator), 'bigint');
    case 'symbol':
        return stylize(String(value), 'symbol');
    default:
        return stylize(String(value), typeof value);
    }
}

function printString(ctx, value, stylize) {
    let text = value;
    let trailer = '';
    if (text.length > ctx.maxStringLength) {
        const left = text.length - ctx.maxStringLength;
        text = Strings.slice(text, 0, ctx.maxStringLength);
        trailer = `... ${left} more character${left > 1 ? 's' : ''}`;
    }
    if (ctx.compact !== true && text.length > 16 &&
        text.length > ctx.breakLength - ctx.indentation - 4) {
        return Strings.split(text, /(?<=\n)/)
            .map((line) => stylize(quote(line), 'string'))
            .join(` +\n${Strings.repeat(' ', ctx.indentation + 2)}`) + trailer;
    }
    return stylize(quote(text), 'string') + trailer;
}

function groupDigits(digits) {
    return Strings.replace(digits, /\B(?=(?:\d{3})+$)/g, '_');
}

function numberText(number, separated) {
    if (Object.is(number, -0))
        return '-0';
    const text = String(number);
    if (!separated || !RegExps.test(/^-?\d+(\.\d+)?$/, text))
        return text;
    const [integer, fraction] = Strings.split(text, '.');
    return fraction === undefined ? groupDigits(integer) :
        `${groupDigits(integer)}.` +
        Strings.replace(fraction, /\d{3}(?=\d)/g, '$&_');
}

function bigintText(number, separated) {
    const text = String(number);
    return `${separated ? groupDigits(text) : text}n`;
}

function moreItems(count) {
    return `... ${count} more item${count > 1 ? 's' : ''}`;
}

/* ----------------------------------------------------- names of the kinds */

/* The words before the brace: `Name(size) [tag] `. */
function prefix(name, tag, fallback, size = '') {
    if (name === null) {
        const other = tag !== '' && tag !== fallback ? `[${tag}] ` : '';
        return `[${fallback}${size}: null prototype] ${other}`;
    }
    const other = tag !== '' && tag !== name ? ` [${tag}]` : '';
    return `${name}${size}${other} `;
}

function isInstance(value, fn) {
    try {
        return value instanceof fn;
    } catch {
        return false;
    }
}

let builtIns;

/*
 * Names like Object and Map, the engine's: their prototypes hold nothing worth
 * showing, and their toString() says nothing.
 */
function isBuiltIn(name) {
    builtIns ??= new SafeSet(require('internal/primordials').engineNames
        .filter((each) => RegExps.test(/^[A-Z][a-zA-Z0-9]+$/, each)));
    return builtIns.has(name);
}

/*
 * The name of the nearest constructor on the prototype chain that the value is
 * an instance of; null without a prototype. Getters found on the prototypes of
 * classes are added to `inherited` when that is asked for.
 */
function constructorName(ctx, value, depth, inherited) {
    const first = getPrototypeOf(value);
    let object = value;
    while (object !== null && object !== undefined) {
        const own = getOwnPropertyDescriptor(object, 'constructor');
        if (typeof own?.value === 'function' && own.value.name !== '' &&
            isInstance(value, own.value)) {
            const { name } = own.value;
            if (inherited !== undefined &&
                (first !== object || !isBuiltIn(name)))
                addInherited(ctx, value, first ?? value, depth, inherited);
            return String(name);
        }
        object = getPrototypeOf(object);
    }
    if (first === null)
        return null;
    return `${fallbackName(value)} <${describePrototype(ctx, first, depth,
        inherited)}>`;
}

function fallbackName(value) {
    const type = kind(value);
    return type === 'TypedArray' ? typedArrayName(value) : type;
}

function describePrototype(ctx, first, depth, inherited) {
    if (ctx.beyond(depth))
        return 'Complex prototype';
    const name = constructorName(ctx, first, depth + 1, inherited);
    return name ?? inspect(first, {
        ...ctx.userOptions, customInspect: false, depth: -1,
    });
}

function addInherited(ctx, main, from, depth, output) {
    const known = new Set(Reflect.ownKeys(main));
    let object = from;
    for (let level = 0; level < 3; level++) {
        if (level > 0 || object === main) {
            object = getPrototypeOf(object);
            const own = object &&
                getOwnPropertyDescriptor(object, 'constructor');
            if (object === null ||
                (typeof own?.value === 'function' &&
                 isBuiltIn(own.value.name)))
                return;
        }
        Arrays.push(ctx.seen, main);
        for (const key of Reflect.ownKeys(object)) {
            const own = getOwnPropertyDescriptor(object, key);
            if (key === 'constructor' || known.has(key) ||
                typeof own.value === 'function')
                continue;
            known.add(key);
            const text = printProperty(ctx, object, depth, key, AS_KEY, main);
            Arrays.push(output,
                ctx.colors ? `\u001b[2m${text}\u001b[22m` : text);
        }
        Arrays.pop(ctx.seen);
    }
}

/* A tag that is an own, visible property would be printed twice. */
function tagOf(ctx, value) {
    const tag = value[Symbol.toStringTag];
    if (typeof tag !== 'string' || tag === '')
        return '';
    const shown = ctx.showHidden ? hasOwn(value, Symbol.toStringTag) :
        isEnumerable(value, Symbol.toStringTag);
    return shown ? '' : tag;
}

function keysOf(value, hidden) {
    const symbols = Object.getOwnPropertySymbols(value);
    const keys = hidden ? getOwnPropertyNames(value) : Object.keys(value);
    for (const symbol of symbols) {
        if (hidden || isEnumerable(value, symbol))
            Arrays.push(keys, symbol);
    }
    return keys;
}

/* The keys of a list that are no indexes: they come after all of those. */
function extraKeys(value, hidden) {
    return Arrays.filter(keysOf(value, hidden), (key) =>
        typeof key === 'symbol' || !RegExps.test(ARRAY_INDEX, key) ||
        key > 2 ** 32 - 2);
}

/* --------------------------------------------------------------- objects */

/*
 * What a printer fills in: `base` stands before the braces, `entries` makes
 * what stands between, before the keys. `done` ends it at once.
 */
class Shape {
    constructor(name, tag, keys, inherited) {
        this.name = name;
        this.tag = tag;
        this.keys = keys;
        this.bare = keys.length === 0 && inherited === undefined;
        this.base = '';
        this.open = '{';
        this.close = '}';
        this.entries = undefined;
        this.list = false;
        this.done = undefined;
    }
}

function printObject(ctx, value, depth, inView) {
    let inherited = ctx.showHidden && !ctx.beyond(depth) ? [] : undefined;
    const name = constructorName(ctx, value, depth, inherited);
    if (inherited?.length === 0)
        inherited = undefined;
    const type = kind(value);
    const isList = type === 'Array' || type === 'TypedArray';
    const keys = isList ? extraKeys(value, ctx.showHidden) :
        keysOf(value, ctx.showHidden);
    const shape = new Shape(name, tagOf(ctx, value), keys, inherited);
    const printer = printers[type] ?? printers.Object;
    printer(ctx, value, shape, depth, inView);
    if (shape.done !== undefined)
        return shape.done;
    if (ctx.beyond(depth))
        return abbreviated(ctx, shape, type);
    return printBody(ctx, value, shape, depth + 1, inherited);
}

function abbreviated(ctx, shape, type) {
    const text = Strings.slice(prefix(shape.name, shape.tag,
        type === 'Array' ? 'Array' : 'Object'), 0, -1);
    return ctx.stylize(shape.name === null ? text : `[${text}]`, 'special');
}

function printBody(ctx, value, shape, depth, inherited) {
    Arrays.push(ctx.seen, value);
    ctx.currentDepth = depth;
    const output = [];
    const indentation = ctx.indentation;
    try {
        if (shape.entries !== undefined)
            Arrays.push(output, ...shape.entries(depth));
        for (const key of shape.keys) {
            Arrays.push(output, printProperty(ctx, value, depth, key,
                shape.list ? AS_EXTRA : AS_KEY));
        }
    } catch (error) {
        ctx.indentation = indentation;
        return tooDeep(ctx, error, shape);
    }
    if (inherited !== undefined)
        Arrays.push(output, ...inherited);
    const number = ctx.circular?.get(value);
    if (number !== undefined)
        markReference(ctx, shape, number);
    Arrays.pop(ctx.seen);
    if (ctx.sorted)
        sortKeys(ctx, output, shape);
    const text = combine(ctx, output, shape.base, [shape.open, shape.close],
        shape.list, depth, value);
    spend(ctx, text.length);
    return text;
}

function tooDeep(ctx, error, shape) {
    if (!(error instanceof RangeError) ||
        !RegExps.test(/call stack/, error.message))
        throw error;
    Arrays.pop(ctx.seen);
    const text = Strings.slice(
        prefix(shape.name, shape.tag, 'Object'), 0, -1);
    return ctx.stylize(`[${text}: Inspection interrupted prematurely. ` +
        'Maximum call stack size exceeded.]', 'special');
}

function markReference(ctx, shape, number) {
    const mark = ctx.stylize(`<ref *${number}>`, 'special');
    if (ctx.compact === true)
        shape.open = `${mark} ${shape.open}`;
    else
        shape.base = shape.base === '' ? mark : `${mark} ${shape.base}`;
}

function sortKeys(ctx, output, shape) {
    const order = ctx.sorted === true ? undefined : ctx.sorted;
    if (!shape.list) {
        Arrays.sort(output, order);
        return;
    }
    const from = output.length - shape.keys.length;
    Arrays.push(output, ...output.splice(from).sort(order));
}

/* An object seen from many sides would else print without end. */
function spend(ctx, length) {
    const spent = (ctx.budget[ctx.indentation] ?? 0) + length;
    ctx.budget[ctx.indentation] = spent;
    if (spent > TEXT_BUDGET)
        ctx.depth = -1;
}

/* ------------------------------------------------------------ properties */

function printProperty(ctx, holder, depth, key, role, receiver = holder) {
    const own = getOwnPropertyDescriptor(holder, key) ??
        { value: holder[key], enumerable: true };
    let gap = ' ';
    let text;
    if (own.value !== undefined) {
        const step = ctx.compact !== true || role !== AS_KEY ? 2 : 3;
        ctx.indentation += step;
        text = print(ctx, own.value, depth, false);
        if (step === 3 && ctx.breakLength < width(text, ctx.colors))
            gap = `\n${Strings.repeat(' ', ctx.indentation)}`;
        ctx.indentation -= step;
    } else if (own.get !== undefined) {
        text = printGetter(ctx, own, receiver, depth);
    } else if (own.set !== undefined) {
        text = ctx.stylize('[Setter]', 'special');
    } else {
        text = ctx.stylize('undefined', 'undefined');
    }
    return role === AS_ENTRY ? text :
        `${printKey(ctx, key, own.enumerable)}:${gap}${text}`;
}

function printKey(ctx, key, enumerable) {
    if (typeof key === 'symbol')
        return `[${ctx.stylize(escapeText(String(key)), 'symbol')}]`;
    if (key === '__proto__')
        return '[\'__proto__\']';
    if (enumerable === false)
        return `[${escapeText(key)}]`;
    return RegExps.test(IDENTIFIER, key) ? ctx.stylize(key, 'name') :
        ctx.stylize(quote(key), 'string');
}

function printGetter(ctx, own, receiver, depth) {
    const label = own.set === undefined ? 'Getter' : 'Getter/Setter';
    const wanted = ctx.getters === true ||
        (ctx.getters === 'get' && own.set === undefined) ||
        (ctx.getters === 'set' && own.set !== undefined);
    if (!wanted)
        return ctx.stylize(`[${label}]`, 'special');
    const opening = ctx.stylize(`[${label}:`, 'special');
    const closing = ctx.stylize(']', 'special');
    const indentation = ctx.indentation;
    try {
        const value = own.get.call(receiver);
        ctx.indentation += 2;
        if (value !== null && typeof value === 'object') {
            return `${ctx.stylize(`[${label}]`, 'special')} ` +
                print(ctx, value, depth, false);
        }
        const text = value === null ? ctx.stylize('null', 'null') :
            typeof value === 'function' ? print(ctx, value, depth, false) :
                printPrimitive(ctx, value, ctx.stylize);
        return `${opening} ${text}${closing}`;
    } catch (error) {
        return `${opening} <Inspection threw (${error.message})>${closing}`;
    } finally {
        ctx.indentation = indentation;
    }
}

/* ---------------------------------------------------------- the public face */

inspect.custom = custom;

Object.defineProperty(inspect, 'defaultOptions', {
    get: () => defaultOptions,
    set(options) {
        upcalls().validators().validateObject(options, 'options');
        return Object.assign(defaultOptions, options);
    },
});

Object.assign(inspect, require('internal/inspect/colors'));

module.exports = {
    inspect, print, printPrimitive, printProperty, prefix, plain, moreItems,
    numberText, bigintText, isBuiltIn, stripColors, stripEscapes, width,
    AS_ENTRY,
};

// After the exports: the printers need what stands above.
const { printers } = require('internal/inspect/kinds');
