// internal/titanium/api: Ti.API, lines with a level on the console
//
// "[INFO] text": errors and warnings on standard error, all else on standard
// output. Values that are no text are shown as console.log shows them.

const { codes } = require('internal/errors');
const { inspect } = require('internal/inspect');

function text(value) {
    return typeof value === 'string' ? value
        : Array.isArray(value) ? value.map(text).join(' ')
            : shown(value);
}

// A socket or a buffer says what it is.
function shown(value) {
    const { IOStream } = require('internal/titanium/io_stream');
    const { TiBuffer } = require('internal/titanium/buffer');
    return value instanceof TiBuffer || value instanceof IOStream
        ? String(value) : inspect(value);
}

function print(level, values) {
    if (values.length === 0)
        throw new codes.ERR_MISSING_ARGS('message');
    const line = `[${level}] ${values.map(text).join(' ')}`;
    if (level === 'ERROR' || level === 'WARN')
        console.error(line);
    else
        console.log(line);
}

function printer(level) {
    return (...message) => print(level, message);
}

module.exports = {
    debug: printer('DEBUG'),
    error: printer('ERROR'),
    info: printer('INFO'),
    trace: printer('TRACE'),
    warn: printer('WARN'),

    timestamp(...message) {
        if (message.length === 0)
            throw new codes.ERR_MISSING_ARGS('message');
        print('TIMESTAMP', [new Date().toISOString(), ...message]);
    },

    // log(message), or log(level, message) with a level of the program's own.
    log(...message) {
        if (message.length > 1 && typeof message[0] === 'string')
            print(message[0].toUpperCase(), message.slice(1));
        else
            print('INFO', message);
    },
};
