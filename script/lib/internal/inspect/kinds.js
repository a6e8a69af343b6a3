/*
 * internal/inspect/kinds - the beginning, the content and the end of each kind
 *
 * A printer fills in a Shape: what stands before the braces (`base`), the
 * braces (`open`, `close`), `entries`, which makes what comes before the keys,
 * and `done`, the whole text where there is nothing more to say. Keys, cycles,
 * depth and line breaking are internal/inspect's.
 */
const { typedArrayName, functionFlavour } = require('internal/value_kind');
const { print, printPrimitive, printProperty, prefix, plain, moreItems,
    AS_ENTRY } = require('internal/inspect');

const { getOwnPropertyDescriptor, getPrototypeOf, hasOwn } = Object;
const ARRAY_INDEX = /^(?:0|[1-9][0-9]*)$/;

function printPlain(ctx, value, shape, depth, inView, fallback = 'Object') {
    const text = prefix(shape.name, shape.tag, fallback);
    shape.open = text === 'Object ' ? '{' : `${text}{`;
    if (shape.bare)
        shape.done = `${shape.open}}`;
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
        if (!hasOwn(array, i))
            return sparseEntries(ctx, array, depth, output, shown, i);
        Arrays.push(output, printProperty(ctx, array, depth, i, AS_ENTRY));
    }
    if (array.length > shown)
        Arrays.push(output, moreItems(array.length - shown));
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
        if (!RegExps.test(ARRAY_INDEX, key) || key > 2 ** 32 - 2)
            break;
        if (Number(key) !== index) {
            Arrays.push(output, hole(key - index));
            index = Number(key);
            if (output.length === shown)
                break;
        }
        Arrays.push(output, printProperty(ctx, array, depth, key, AS_ENTRY));
        index++;
    }
    const left = array.length - index;
    if (left > 0) {
        Arrays.push(output,
            output.length < shown ? hole(left) : moreItems(left));
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
    for (let i = 0; i < shown; i++)
        Arrays.push(output, printPrimitive(ctx, value[i], ctx.stylize));
    if (length > shown)
        Arrays.push(output, moreItems(length - shown));
    if (ctx.showHidden) {
        ctx.indentation += 2;
        for (const key of ['BYTES_PER_ELEMENT', 'length', 'byteLength',
            'byteOffset', 'buffer']) {
            Arrays.push(output,
                `[${key}]: ${print(ctx, value[key], depth, true)}`);
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
            if (output.length >= shown)
                break;
            Arrays.push(output, one(member, depth));
        }
        if (size > shown)
            Arrays.push(output, moreItems(size - shown));
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
        if (shape.bare)
            shape.done = '[Arguments] {}';
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

function printUnknown(ctx, shape, head) {
    shape.open = `${head}{`;
    shape.entries = () => [ctx.stylize('<items unknown>', 'special')];
}

function printWeak(type) {
    return (ctx, value, shape) => {
        printUnknown(ctx, shape, prefix(shape.name, shape.tag, type));
    };
}

/* Looking at what it has left would take it away. */
function printIterator(ctx, value, shape) {
    printUnknown(ctx, shape, `[${shape.tag}] `);
}

function printRegExp(ctx, value, shape, depth) {
    // Without a prototype there are no getters to read source and flags.
    const text = RegExp.prototype.toString.call(
        shape.name === null ? new RegExp(value) : value);
    const lead = prefix(shape.name, shape.tag, 'RegExp');
    shape.base = lead === 'RegExp ' ? text : `${lead}${text}`;
    if (shape.bare || ctx.beyond(depth))
        shape.done = ctx.stylize(shape.base, 'regexp');
}

function printDate(ctx, value, shape) {
    const text = Number.isNaN(Date.prototype.getTime.call(value)) ?
        Date.prototype.toString.call(value) :
        Date.prototype.toISOString.call(value);
    const lead = prefix(shape.name, shape.tag, 'Date');
    shape.base = lead === 'Date ' ? text : `${lead}${text}`;
    if (shape.bare)
        shape.done = ctx.stylize(shape.base, 'date');
}

function printArrayBuffer(type) {
    return (ctx, value, shape, depth, inView) => {
        shape.open = `${prefix(shape.name, shape.tag, type)}{`;
        if (inView && shape.bare) {
            const length = printPrimitive(ctx, value.byteLength, plain);
            shape.done = `${shape.open} byteLength: ${length} }`;
            return;
        }
        Arrays.unshift(shape.keys, 'byteLength');
        if (!inView)
            shape.entries = () => [bufferContents(ctx, value)];
    };
}

function bufferContents(ctx, buffer) {
    let bytes;
    try {
        bytes = new Uint8Array(buffer);
        if (buffer.detached)
            return ctx.stylize('(detached)', 'special');
    } catch {
        return ctx.stylize('(detached)', 'special');
    }
    const shown = limit(ctx, bytes.length);
    const hex = [];
    for (let i = 0; i < shown; i++)
        Arrays.push(hex, bytes[i].toString(16).padStart(2, '0'));
    const left = bytes.length - shown;
    const more = left > 0 ? ` ... ${left} more byte${left > 1 ? 's' : ''}` : '';
    return `${ctx.stylize('[Uint8Contents]', 'special')}: ` +
        `<${Arrays.join(hex, ' ')}${more}>`;
}

function printDataView(ctx, value, shape) {
    shape.open = `${prefix(shape.name, shape.tag, 'DataView')}{`;
    Arrays.unshift(shape.keys, 'byteLength', 'byteOffset', 'buffer');
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
            Arrays.splice(shape.keys, 0, primitive.length);
            shape.bare &&= shape.keys.length === 0;
            shape.bare ||= shape.keys.length === 0 && !ctx.showHidden;
        }
        const other = shape.name === type ? '' :
            shape.name === null ? ' (null prototype)' : ` (${shape.name})`;
        const tag = shape.tag !== '' && shape.tag !== shape.name ?
            ` [${shape.tag}]` : '';
        shape.base = `[${type}${other}: ` +
            `${printPrimitive(ctx, primitive, plain)}]${tag}`;
        if (shape.keys.length === 0)
            shape.base = ctx.stylize(shape.base, Strings.toLowerCase(type));
        if (shape.bare)
            shape.done = shape.base;
    };
}

function printFunction(ctx, value, shape) {
    const source = Function.prototype.toString.call(value);
    shape.base = Strings.startsWith(source, 'class') &&
        Strings.endsWith(source, '}') ?
        classBase(value, shape) : functionBase(ctx, value, shape);
    if (shape.bare)
        shape.done = ctx.stylize(shape.base, 'special');
}

function tagSuffix({ name, tag }) {
    return tag !== '' && tag !== name ? ` [${tag}]` : '';
}

function classBase(value, shape) {
    const name = hasOwn(value, 'name') && value.name || '(anonymous)';
    const other = shape.name !== 'Function' && shape.name !== null ?
        ` [${shape.name}]` : '';
    let parent = '';
    if (shape.name === null)
        parent = ' extends [null prototype]';
    else if (getPrototypeOf(value).name)
        parent = ` extends ${getPrototypeOf(value).name}`;
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
    shape.base = require('internal/inspect/error')
        .errorBase(ctx, value, shape, prefix);
    if (shape.keys.length === 0 && (shape.bare || !ctx.showHidden))
        shape.done = shape.base;
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
    MapIterator: printIterator,
    SetIterator: printIterator,
    WeakRef: printOpaque('WeakRef'),
    Number: printBoxed('Number'),
    String: printBoxed('String'),
    Boolean: printBoxed('Boolean'),
    Symbol: printBoxed('Symbol'),
    BigInt: printBoxed('BigInt'),
};

module.exports = { printers };
