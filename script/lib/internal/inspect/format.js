/*
 * internal/inspect/format - printf for people: util.format and what console.log
 * prints
 *
 * Apart from inspect, so that a program that prints only strings never loads
 * that: it is asked for when there is a value to show that is no string.
 */
const DIRECTIVE = /%[sdifjoOc%]/g;

function inspect(value, options) {
    return require('internal/inspect').inspect(value, options);
}

function number(value) {
    return Object.is(value, -0) ? '-0' : String(value);
}

function json(value) {
    try {
        return JSON.stringify(value);
    } catch (error) {
        // Engines word it differently.
        if (error instanceof TypeError &&
            /circular|cyclic/.test(error.message))
            return '[Circular]';
        throw error;
    }
}

/* Does String(value) tell more than inspect? If a program wrote toString. */
function hasOwnWords(value) {
    if (typeof value.toString !== 'function')
        return false;
    if (typeof value[Symbol.toPrimitive] === 'function' &&
        Objects.toString(value) !== '[object Date]')
        return true;
    let holder = value;
    while (!Object.hasOwn(holder, 'toString'))
        holder = Object.getPrototypeOf(holder);
    if (holder === value)
        return true;
    const own = Object.getOwnPropertyDescriptor(holder, 'constructor');
    return typeof own?.value !== 'function' ||
        !require('internal/inspect').isBuiltIn(own.value.name);
}

function asString(value, options) {
    switch (typeof value) {
    case 'number':
        return number(value);
    case 'bigint':
        return `${value}n`;
    case 'object':
        if (value !== null && !hasOwnWords(value)) {
            return inspect(value,
                { ...options, depth: 0, colors: false, compact: 3 });
        }
        return String(value);
    default:
        return String(value);
    }
}

function asNumber(value, convert) {
    if (typeof value === 'bigint' && convert !== Number.parseFloat)
        return `${value}n`;
    return typeof value === 'symbol' ? 'NaN' : number(convert(value));
}

function directive(letter, value, options) {
    switch (letter) {
    case 's':
        return asString(value, options);
    case 'd':
        return asNumber(value, Number);
    case 'i':
        return asNumber(value, Number.parseInt);
    case 'f':
        return asNumber(value, Number.parseFloat);
    case 'j':
        return json(value);
    case 'o':
        return inspect(value,
            { ...options, showHidden: true, showProxy: true, depth: 4 });
    case 'O':
        return inspect(value, options);
    default:
        // %c is CSS, which a terminal has no use for.
        return '';
    }
}

function formatArguments(options, args) {
    const first = args[0];
    if (typeof first === 'string' && args.length === 1)
        return first;
    let next = 0;
    let text = '';
    if (typeof first === 'string') {
        next = 1;
        text = Strings.indexOf(first, '%') < 0 ? first :
            RegExps[Symbol.replace](DIRECTIVE, first, (all) => {
                if (all === '%%')
                    return '%';
                return next === args.length ? all :
                    directive(all[1], args[next++], options);
            });
    }
    for (; next < args.length; next++) {
        const arg = args[next];
        text += next === 0 ? '' : ' ';
        text += typeof arg === 'string' ? arg : inspect(arg, options);
    }
    return text;
}

function formatWithOptions(options, ...args) {
    return formatArguments(options, args);
}

function format(...args) {
    return formatArguments(undefined, args);
}

module.exports = { format, formatArguments, formatWithOptions };
