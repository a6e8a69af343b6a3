// internal/console/print: Mongoose's print()
//
// One line on standard output. Text is printed as it is, bytes as the text that
// they are, all else as console.log shows it; nothing in a text is taken for a
// place to put the next value.

function shown(value) {
    if (typeof value === 'string')
        return value;
    if (value instanceof Uint8Array)
        return Buffer.from(value.buffer, value.byteOffset, value.length)
            .toString();
    return require('internal/inspect').inspect(value);
}

module.exports = function print(...values) {
    console.log(values.map(shown).join(' '));
};
