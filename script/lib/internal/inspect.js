/*
 * internal/inspect - util.inspect: any value as a text for people
 *
 * One context object travels down the value: the options, the objects that are
 * being printed (to find cycles), and the present indentation. Each kind of
 * object has a printer in `printers` that says how it begins and ends and what
 * stands between; keys, cycles, depth and line breaking are the same for all
 * and are done once, in printObject. Brackets and line breaks are
 * internal/inspect_layout's, types come from internal/kind.
 *
 * The output is Node's, character by character, but for what the engine does
 * not tell: the state of a promise and what an iterator has left.
 */
const { kind, typedArrayName, functionFlavour } = require('internal/kind');
const { combine, escapeText, quote, stripColors, stripEscapes, width } =
    require('internal/inspect_layout');

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
        if (options !== undefined) {
            this.adopt(options);
        }
        if (this.colors && this.stylize === plain) {
            this.stylize = colored;
        }
        this.maxArrayLength ??= Infinity;
        this.maxStringLength ??= Infinity;
    }

    adopt(options) {
        for (const key of Object.keys(options)) {
            if (hasOwn(defaultOptions, key) || key === 'stylize') {
                this[key] = options[key];
            }
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

/* inspect(value[, options]), or as it once was: (value, hidden, depth, colors) */
function inspect(value, options, depth, colors) {
    if (typeof options === 'object' && options !== null) {
        return print(new Context(options), value, 0, false);
    }
    const legacy = {};
    if (typeof options === 'boolean') {
        legacy.showHidden = options;
    }
    if (depth !== undefined) {
        legacy.depth = depth;
    }
    if (colors !== undefined) {
        legacy.colors = colors;
    }
    return print(new Context(legacy), value, 0, false);
}

function print(ctx, value, depth, inView) {
    if (value === null) {
        return ctx.stylize('null', 'null');
    }
    if (typeof value !== 'object' && typeof value !== 'function') {
        return printPrimitive(ctx, value, ctx.stylize);
    }
    const target = binding.util.proxyTarget(value);
    if (target !== undefined) {
        if (ctx.showProxy) {
            return printProxy(ctx, target, depth);
        }
        // The traps are the program's; looking must not run them.
        return print(ctx, target, depth, inView);
    }
    if (ctx.customInspect) {
        const text = printCustom(ctx, value, depth);
        if (text !== undefined) {
            return text;
        }
    }
    if (ctx.seen.includes(value)) {
        return ctx.stylize(`[Circular *${circularIndex(ctx, value)}]`,
            'special');
    }
    return printObject(ctx, value, depth, inView);
}

function circularIndex(ctx, value) {
    ctx.circular ??= new Map();
    if (!ctx.circular.has(value)) {
        ctx.circular.set(value, ctx.circular.size + 1);
    }
    return ctx.circular.get(value);
}

/* The handler cannot be had from the engine: the target alone is shown. */
function printProxy(ctx, target, depth) {
    if (ctx.beyond(depth)) {
        return ctx.stylize('Proxy [Array]', 'special');
    }
    ctx.currentDepth = depth;
    const inner = ctx.indented(2, () => print(ctx, target, depth + 1, false));
    return combine(ctx, [inner], '', ['Proxy [', ']'], true, depth + 1);
}

function printCustom(ctx, value, depth) {
    const method = value[custom];
    if (typeof method !== 'function' || method === inspect ||
        value.constructor?.prototype === value) {
        return undefined;
    }
    const left = ctx.depth === null ? null : ctx.depth - depth;
    const options = { stylize: ctx.stylize };
    for (const key in defaultOptions) {
        options[key] = ctx[key];
    }
    Object.assign(options, ctx.userOptions);
    const result = method.call(value, left, options, inspect);
    if (result === value) {
        return undefined;
    }
    const text = typeof result === 'object' ?
        print(ctx, result, depth, false) : `${result}`;
    return text.replaceAll('\n', `\n${' '.repeat(ctx.indentation)}`);
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
        text = text.slice(0, ctx.maxStringLength);
        trailer = `... ${left} more character${left > 1 ? 's' : ''}`;
    }
    if (ctx.compact !== true && text.length > 16 &&
        text.length > ctx.breakLength - ctx.indentation - 4) {
        return text.split(/(?<=\n)/)
            .map((line) => stylize(quote(line), 'string'))
            .join(` +\n${' '.repeat(ctx.indentation + 2)}`) + trailer;
    }
    return stylize(quote(text), 'string') + trailer;
}

function groupDigits(digits) {
    return digits.replace(/\B(?=(?:\d{3})+$)/g, '_');
}

function numberText(number, separated) {
    if (Object.is(number, -0)) {
        return '-0';
    }
    const text = String(number);
    if (!separated || !/^-?\d+(\.\d+)?$/.test(text)) {
        return text;
    }
    const [integer, fraction] = text.split('.');
    return fraction === undefined ? groupDigits(integer) :
        `${groupDigits(integer)}.${fraction.replace(/\d{3}(?=\d)/g, '$&_')}`;
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

/* Names like Object and Map, whose prototypes hold nothing worth showing. */
function isBuiltIn(name) {
    builtIns ??= new Set(getOwnPropertyNames(globalThis)
        .filter((each) => /^[A-Z][a-zA-Z0-9]+$/.test(each)));
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
                (first !== object || !isBuiltIn(name))) {
                addInherited(ctx, value, first ?? value, depth, inherited);
            }
            return String(name);
        }
        object = getPrototypeOf(object);
    }
    if (first === null) {
        return null;
    }
    return `${fallbackName(value)} <${describePrototype(ctx, first, depth,
        inherited)}>`;
}

function fallbackName(value) {
    const type = kind(value);
    return type === 'TypedArray' ? typedArrayName(value) : type;
}

function describePrototype(ctx, first, depth, inherited) {
    if (ctx.beyond(depth)) {
        return 'Complex prototype';
    }
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
                 isBuiltIn(own.value.name))) {
                return;
            }
        }
        ctx.seen.push(main);
        for (const key of Reflect.ownKeys(object)) {
            const own = getOwnPropertyDescriptor(object, key);
            if (key === 'constructor' || known.has(key) ||
                typeof own.value === 'function') {
                continue;
            }
            known.add(key);
            const text = printProperty(ctx, object, depth, key, AS_KEY, main);
            output.push(ctx.colors ? `\u001b[2m${text}\u001b[22m` : text);
        }
        ctx.seen.pop();
    }
}

/* A tag that is an own, visible property would be printed twice. */
function tagOf(ctx, value) {
    const tag = value[Symbol.toStringTag];
    if (typeof tag !== 'string' || tag === '') {
        return '';
    }
    const shown = ctx.showHidden ? hasOwn(value, Symbol.toStringTag) :
        isEnumerable(value, Symbol.toStringTag);
    return shown ? '' : tag;
}

function keysOf(value, hidden) {
    const symbols = Object.getOwnPropertySymbols(value);
    const keys = hidden ? getOwnPropertyNames(value) : Object.keys(value);
    for (const symbol of symbols) {
        if (hidden || isEnumerable(value, symbol)) {
            keys.push(symbol);
        }
    }
    return keys;
}

/* The keys of a list that are no indexes: they come after all of those. */
function extraKeys(value, hidden) {
    return keysOf(value, hidden).filter((key) =>
        typeof key === 'symbol' || !ARRAY_INDEX.test(key) || key > 2 ** 32 - 2);
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
    if (inherited?.length === 0) {
        inherited = undefined;
    }
    const type = kind(value);
    const isList = type === 'Array' || type === 'TypedArray';
    const keys = isList ? extraKeys(value, ctx.showHidden) :
        keysOf(value, ctx.showHidden);
    const shape = new Shape(name, tagOf(ctx, value), keys, inherited);
    const printer = printers[type] ?? printers.Object;
    printer(ctx, value, shape, depth, inView);
    if (shape.done !== undefined) {
        return shape.done;
    }
    if (ctx.beyond(depth)) {
        return abbreviated(ctx, shape, type);
    }
    return printBody(ctx, value, shape, depth + 1, inherited);
}

function abbreviated(ctx, shape, type) {
    const text = prefix(shape.name, shape.tag,
        type === 'Array' ? 'Array' : 'Object').slice(0, -1);
    return ctx.stylize(shape.name === null ? text : `[${text}]`, 'special');
}

function printBody(ctx, value, shape, depth, inherited) {
    ctx.seen.push(value);
    ctx.currentDepth = depth;
    const output = [];
    const indentation = ctx.indentation;
    try {
        if (shape.entries !== undefined) {
            output.push(...shape.entries(depth));
        }
        for (const key of shape.keys) {
            output.push(printProperty(ctx, value, depth, key,
                shape.list ? AS_EXTRA : AS_KEY));
        }
    } catch (error) {
        ctx.indentation = indentation;
        return tooDeep(ctx, error, shape);
    }
    if (inherited !== undefined) {
        output.push(...inherited);
    }
    const number = ctx.circular?.get(value);
    if (number !== undefined) {
        markReference(ctx, shape, number);
    }
    ctx.seen.pop();
    if (ctx.sorted) {
        sortKeys(ctx, output, shape);
    }
    const text = combine(ctx, output, shape.base, [shape.open, shape.close],
        shape.list, depth, value);
    spend(ctx, text.length);
    return text;
}

function tooDeep(ctx, error, shape) {
    if (!(error instanceof RangeError) ||
        !/call stack/.test(error.message)) {
        throw error;
    }
    ctx.seen.pop();
    const text = prefix(shape.name, shape.tag, 'Object').slice(0, -1);
    return ctx.stylize(`[${text}: Inspection interrupted prematurely. ` +
        'Maximum call stack size exceeded.]', 'special');
}

function markReference(ctx, shape, number) {
    const mark = ctx.stylize(`<ref *${number}>`, 'special');
    if (ctx.compact === true) {
        shape.open = `${mark} ${shape.open}`;
    } else {
        shape.base = shape.base === '' ? mark : `${mark} ${shape.base}`;
    }
}

function sortKeys(ctx, output, shape) {
    const order = ctx.sorted === true ? undefined : ctx.sorted;
    if (!shape.list) {
        output.sort(order);
        return;
    }
    const from = output.length - shape.keys.length;
    output.push(...output.splice(from).sort(order));
}

/* An object seen from many sides would else print without end. */
function spend(ctx, length) {
    const spent = (ctx.budget[ctx.indentation] ?? 0) + length;
    ctx.budget[ctx.indentation] = spent;
    if (spent > TEXT_BUDGET) {
        ctx.depth = -1;
    }
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
        if (step === 3 && ctx.breakLength < width(text, ctx.colors)) {
            gap = `\n${' '.repeat(ctx.indentation)}`;
        }
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
    if (typeof key === 'symbol') {
        return `[${ctx.stylize(escapeText(String(key)), 'symbol')}]`;
    }
    if (key === '__proto__') {
        return '[\'__proto__\']';
    }
    if (enumerable === false) {
        return `[${escapeText(key)}]`;
    }
    return IDENTIFIER.test(key) ? ctx.stylize(key, 'name') :
        ctx.stylize(quote(key), 'string');
}

function printGetter(ctx, own, receiver, depth) {
    const label = own.set === undefined ? 'Getter' : 'Getter/Setter';
    const wanted = ctx.getters === true ||
        (ctx.getters === 'get' && own.set === undefined) ||
        (ctx.getters === 'set' && own.set !== undefined);
    if (!wanted) {
        return ctx.stylize(`[${label}]`, 'special');
    }
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

/* ----------------------------------------------------- a printer per kind */

function printPlain(ctx, value, shape, depth, inView, fallback = 'Object') {
    const text = prefix(shape.name, shape.tag, fallback);
    shape.open = text === 'Object ' ? '{' : `${text}{`;
    if (shape.bare) {
        shape.done = `${shape.open}}`;
    }
}

function printArray(ctx, value, shape) {
    shape.list = true;
    shape.open = shape.name === 'Array' && shape.tag === '' ? '[' :
        `${prefix(shape.name, shape.tag, 'Array', `(${value.length})`)}[`;
    shape.close = ']';
    if (value.length === 0 && shape.bare) {
        shape.done = `${shape.open}]`;
        return;
    }
    shape.entries = (depth) => arrayEntries(ctx, value, depth);
}

function limit(ctx, length) {
    return Math.min(Math.max(0, ctx.maxArrayLength), length);
}

function arrayEntries(ctx, array, depth) {
    const output = [];
    const shown = limit(ctx, array.length);
    for (let i = 0; i < shown; i++) {
        if (!hasOwn(array, i)) {
            return sparseEntries(ctx, array, depth, output, shown, i);
        }
        output.push(printProperty(ctx, array, depth, i, AS_ENTRY));
    }
    if (array.length > shown) {
        output.push(moreItems(array.length - shown));
    }
    return output;
}

/* From the first hole on: by keys, a run of holes counts as one entry. */
function sparseEntries(ctx, array, depth, output, shown, from) {
    const hole = (count) => ctx.stylize(
        `<${count} empty item${count > 1 ? 's' : ''}>`, 'undefined');
    const keys = Object.keys(array);
    let index = from;
    for (let i = from; i < keys.length && output.length < shown; i++) {
        const key = keys[i];
        if (!ARRAY_INDEX.test(key) || key > 2 ** 32 - 2) {
            break;
        }
        if (Number(key) !== index) {
            output.push(hole(key - index));
            index = Number(key);
            if (output.length === shown) {
                break;
            }
        }
        output.push(printProperty(ctx, array, depth, key, AS_ENTRY));
        index++;
    }
    const left = array.length - index;
    if (left > 0) {
        output.push(output.length < shown ? hole(left) : moreItems(left));
    }
    return output;
}

function printTypedArray(ctx, value, shape) {
    const type = typedArrayName(value);
    // With its prototype gone, length and indexing are still there.
    const length = reflectedLength(value);
    shape.list = true;
    shape.open = `${prefix(shape.name, shape.tag, type, `(${length})`)}[`;
    shape.close = ']';
    if (length === 0 && shape.keys.length === 0 && !ctx.showHidden) {
        shape.done = `${shape.open}]`;
        return;
    }
    shape.entries = (depth) => typedArrayEntries(ctx, value, length, depth);
}

const typedArrayLength = getOwnPropertyDescriptor(
    getPrototypeOf(Uint8Array.prototype), 'length').get;

function reflectedLength(value) {
    return typedArrayLength.call(value);
}

function typedArrayEntries(ctx, value, length, depth) {
    const shown = limit(ctx, length);
    const output = [];
    for (let i = 0; i < shown; i++) {
        output.push(printPrimitive(ctx, value[i], ctx.stylize));
    }
    if (length > shown) {
        output.push(moreItems(length - shown));
    }
    if (ctx.showHidden) {
        ctx.indentation += 2;
        for (const key of ['BYTES_PER_ELEMENT', 'length', 'byteLength',
            'byteOffset', 'buffer']) {
            output.push(`[${key}]: ${print(ctx, value[key], depth, true)}`);
        }
        ctx.indentation -= 2;
    }
    return output;
}

/* Maps and Sets: `one` prints a member. */
function printCollection(ctx, value, shape, type, members, one) {
    const { size } = members;
    const text = prefix(shape.name, shape.tag, type, `(${size})`);
    shape.open = `${text}{`;
    if (size === 0 && shape.bare) {
        shape.done = `${text}{}`;
        return;
    }
    shape.entries = (depth) => ctx.indented(2, () => {
        const shown = limit(ctx, size);
        const output = [];
        for (const member of members.list()) {
            if (output.length >= shown) {
                break;
            }
            output.push(one(member, depth));
        }
        if (size > shown) {
            output.push(moreItems(size - shown));
        }
        return output;
    });
}

function printSet(ctx, value, shape) {
    const members = {
        size: getOwnPropertyDescriptor(Set.prototype, 'size').get.call(value),
        list: () => Set.prototype.values.call(value),
    };
    printCollection(ctx, value, shape, 'Set', members,
        (member, depth) => print(ctx, member, depth, false));
}

function printMap(ctx, value, shape) {
    const members = {
        size: getOwnPropertyDescriptor(Map.prototype, 'size').get.call(value),
        list: () => Map.prototype.entries.call(value),
    };
    printCollection(ctx, value, shape, 'Map', members,
        ([key, member], depth) => `${print(ctx, key, depth, false)} => ` +
            print(ctx, member, depth, false));
}

function printArguments(ctx, value, shape, depth, inView) {
    if (shape.name === 'Object') {
        shape.open = '[Arguments] {';
        if (shape.bare) {
            shape.done = '[Arguments] {}';
        }
        return;
    }
    printPlain(ctx, value, shape, depth, inView, 'Arguments');
}

/* Kinds whose content is a secret of the engine's: the name, and the keys. */
function printOpaque(type) {
    return (ctx, value, shape, depth, inView) => {
        printPlain(ctx, value, shape, depth, inView, type);
    };
}

function printWeak(type) {
    return (ctx, value, shape) => {
        shape.open = `${prefix(shape.name, shape.tag, type)}{`;
        shape.entries = () => [ctx.stylize('<items unknown>', 'special')];
    };
}

function printRegExp(ctx, value, shape, depth) {
    // Without a prototype there are no getters to read source and flags.
    const text = RegExp.prototype.toString.call(
        shape.name === null ? new RegExp(value) : value);
    const lead = prefix(shape.name, shape.tag, 'RegExp');
    shape.base = lead === 'RegExp ' ? text : `${lead}${text}`;
    if (shape.bare || ctx.beyond(depth)) {
        shape.done = ctx.stylize(shape.base, 'regexp');
    }
}

function printDate(ctx, value, shape) {
    const text = Number.isNaN(Date.prototype.getTime.call(value)) ?
        Date.prototype.toString.call(value) :
        Date.prototype.toISOString.call(value);
    const lead = prefix(shape.name, shape.tag, 'Date');
    shape.base = lead === 'Date ' ? text : `${lead}${text}`;
    if (shape.bare) {
        shape.done = ctx.stylize(shape.base, 'date');
    }
}

function printArrayBuffer(type) {
    return (ctx, value, shape, depth, inView) => {
        shape.open = `${prefix(shape.name, shape.tag, type)}{`;
        if (inView && shape.bare) {
            const length = printPrimitive(ctx, value.byteLength, plain);
            shape.done = `${shape.open} byteLength: ${length} }`;
            return;
        }
        shape.keys.unshift('byteLength');
        if (!inView) {
            shape.entries = () => [bufferContents(ctx, value)];
        }
    };
}

function bufferContents(ctx, buffer) {
    let bytes;
    try {
        bytes = new Uint8Array(buffer);
        if (buffer.detached) {
            return ctx.stylize('(detached)', 'special');
        }
    } catch {
        return ctx.stylize('(detached)', 'special');
    }
    const shown = limit(ctx, bytes.length);
    const hex = [];
    for (let i = 0; i < shown; i++) {
        hex.push(bytes[i].toString(16).padStart(2, '0'));
    }
    const left = bytes.length - shown;
    const more = left > 0 ? ` ... ${left} more byte${left > 1 ? 's' : ''}` : '';
    return `${ctx.stylize('[Uint8Contents]', 'special')}: ` +
        `<${hex.join(' ')}${more}>`;
}

function printDataView(ctx, value, shape) {
    shape.open = `${prefix(shape.name, shape.tag, 'DataView')}{`;
    shape.keys.unshift('byteLength', 'byteOffset', 'buffer');
}

function printBoxed(type) {
    const { valueOf } = globalThis[type].prototype;
    return (ctx, value, shape) => {
        if (value === globalThis[type].prototype) {
            printPlain(ctx, value, shape);
            return;
        }
        const primitive = valueOf.call(value);
        if (type === 'String') {
            // The characters are there as keys; length is one when hidden.
            shape.keys.splice(0, primitive.length);
            shape.bare &&= shape.keys.length === 0;
            shape.bare ||= shape.keys.length === 0 && !ctx.showHidden;
        }
        const other = shape.name === type ? '' :
            shape.name === null ? ' (null prototype)' : ` (${shape.name})`;
        const tag = shape.tag !== '' && shape.tag !== shape.name ?
            ` [${shape.tag}]` : '';
        shape.base = `[${type}${other}: ` +
            `${printPrimitive(ctx, primitive, plain)}]${tag}`;
        if (shape.keys.length === 0) {
            shape.base = ctx.stylize(shape.base, type.toLowerCase());
        }
        if (shape.bare) {
            shape.done = shape.base;
        }
    };
}

function printFunction(ctx, value, shape) {
    const source = Function.prototype.toString.call(value);
    shape.base = source.startsWith('class') && source.endsWith('}') ?
        classBase(value, shape) : functionBase(ctx, value, shape);
    if (shape.bare) {
        shape.done = ctx.stylize(shape.base, 'special');
    }
}

function tagSuffix({ name, tag }) {
    return tag !== '' && tag !== name ? ` [${tag}]` : '';
}

function classBase(value, shape) {
    const name = hasOwn(value, 'name') && value.name || '(anonymous)';
    const other = shape.name !== 'Function' && shape.name !== null ?
        ` [${shape.name}]` : '';
    let parent = '';
    if (shape.name === null) {
        parent = ' extends [null prototype]';
    } else if (getPrototypeOf(value).name) {
        parent = ` extends ${getPrototypeOf(value).name}`;
    }
    return `[class ${name}${other}${tagSuffix(shape)}${parent}]`;
}

function functionBase(ctx, value, shape) {
    const type = `${functionFlavour(value)}Function`;
    const bare = shape.name === null ? ' (null prototype)' : '';
    const name = value.name === '' ? ' (anonymous)' :
        `: ${typeof value.name === 'string' ? value.name :
            print(ctx, value.name, 0, false)}`;
    const other = shape.name !== type && shape.name !== null ?
        ` ${shape.name}` : '';
    // Tags like AsyncFunction repeat what the brackets say.
    return `[${type}${bare}${name}]${other}${tagSuffix(shape)}`;
}

function printError(ctx, value, shape) {
    shape.base = require('internal/inspect_error')
        .errorBase(ctx, value, shape, prefix);
    if (shape.keys.length === 0 && (shape.bare || !ctx.showHidden)) {
        shape.done = shape.base;
    }
}

const printers = {
    Object: printPlain,
    Array: printArray,
    TypedArray: printTypedArray,
    Set: printSet,
    Map: printMap,
    Arguments: printArguments,
    Function: printFunction,
    RegExp: printRegExp,
    Date: printDate,
    Error: printError,
    ArrayBuffer: printArrayBuffer('ArrayBuffer'),
    SharedArrayBuffer: printArrayBuffer('SharedArrayBuffer'),
    DataView: printDataView,
    Promise: printOpaque('Promise'),
    WeakSet: printWeak('WeakSet'),
    WeakMap: printWeak('WeakMap'),
    WeakRef: printOpaque('WeakRef'),
    Number: printBoxed('Number'),
    String: printBoxed('String'),
    Boolean: printBoxed('Boolean'),
    Symbol: printBoxed('Symbol'),
    BigInt: printBoxed('BigInt'),
};

/* ---------------------------------------------------------- the public face */

inspect.custom = custom;

Object.defineProperty(inspect, 'defaultOptions', {
    get: () => defaultOptions,
    set(options) {
        require('internal/validators').validateObject(options, 'options');
        return Object.assign(defaultOptions, options);
    },
});

inspect.colors = Object.assign(Object.create(null), {
    reset: [0, 0],
    bold: [1, 22],
    dim: [2, 22],
    italic: [3, 23],
    underline: [4, 24],
    blink: [5, 25],
    inverse: [7, 27],
    hidden: [8, 28],
    strikethrough: [9, 29],
    doubleunderline: [21, 24],
});

const COLORS = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan',
    'white'];

function addColors(first, last, nameOf) {
    COLORS.forEach((color, i) => {
        inspect.colors[nameOf(color)] = [first + i, last];
    });
}

function capital(word) {
    return word[0].toUpperCase() + word.slice(1);
}

addColors(30, 39, (color) => color);
addColors(40, 49, (color) => `bg${capital(color)}`);
inspect.colors.framed = [51, 54];
inspect.colors.overlined = [53, 55];
// Bright black is grey.
addColors(90, 39, (color) => color === 'black' ? 'gray' : `${color}Bright`);
addColors(100, 49, (color) => color === 'black' ? 'bgGray' :
    `bg${capital(color)}Bright`);

function alias(name, target) {
    Object.defineProperty(inspect.colors, name, {
        get() {
            return this[target];
        },
        set(value) {
            this[target] = value;
        },
        configurable: true,
        enumerable: false,
    });
}

alias('grey', 'gray');
alias('blackBright', 'gray');
alias('bgGrey', 'bgGray');
alias('bgBlackBright', 'bgGray');
alias('faint', 'dim');
alias('crossedout', 'strikethrough');
alias('strikeThrough', 'strikethrough');
alias('crossedOut', 'strikethrough');
alias('conceal', 'hidden');
alias('inverted', 'inverse');
alias('swapcolors', 'inverse');
alias('swapColors', 'inverse');
alias('doubleUnderline', 'doubleunderline');

inspect.styles = Object.assign(Object.create(null), {
    special: 'cyan',
    number: 'yellow',
    bigint: 'yellow',
    boolean: 'yellow',
    undefined: 'grey',
    null: 'bold',
    string: 'green',
    symbol: 'green',
    date: 'magenta',
    // name is left as it is, on purpose
    regexp: 'red',
    module: 'underline',
});

module.exports = {
    inspect, numberText, bigintText, isBuiltIn, stripColors, stripEscapes,
    width,
};
