// internal/net/arguments: the many ways to say where
//
// connect() and listen() take (options), (port, host), (path), (handle), each
// with a callback last; old programs leave null and 0 for what they do not
// mean.

const { upcalls } = require('internal/core');
const { codes } = require('internal/errors');

function isPortLike(value) {
    return typeof value === 'number' ||
        (typeof value === 'string' && Number(value) >= 0);
}

// [options, callback]; only (port, host, ...) is spread into an object.
function normalizeArguments(args) {
    const [first, second] = args;
    let options = {};
    if (args.length === 0)
        return mark([options, null]);
    if (typeof first === 'object' && first !== null) {
        options = first;
    } else if (typeof first === 'string' && !isPortLike(first)) {
        options.path = first;
    } else {
        options.port = first;
        if (args.length > 1 && typeof second === 'string')
            options.host = second;
    }
    const last = args[args.length - 1];
    return mark([options, typeof last === 'function' ? last : null]);
}

function mark(pair) {
    pair.normalized = true;
    return pair;
}

const LONGEST = 2 ** 31 - 1;

// A time in ms for a timer, as setTimeout() of a socket takes it.
function duration(msecs, name) {
    const { validateNumber } = require('internal/validators');
    validateNumber(msecs, name);
    if (msecs < 0 || !Number.isFinite(msecs)) {
        throw new codes.ERR_OUT_OF_RANGE(name, 'a non-negative finite number',
            msecs);
    }
    if (msecs <= LONGEST)
        return Math.ceil(msecs);
    upcalls().process().emitWarning(
        `${msecs} does not fit into a 32-bit signed integer.` +
        `\nTimer duration was truncated to ${LONGEST}.`,
        'TimeoutOverflowWarning');
    return LONGEST;
}

// A delay in ms for the kernel's keep-alive, which counts in whole seconds.
function wholeSeconds(ms) {
    return Math.max(Math.trunc(ms / 1000) || 0, 0);
}

module.exports = { normalizeArguments, duration, wholeSeconds };
