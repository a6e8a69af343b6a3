// How much a stream buffers before it says "enough": the defaults, which a
// program may change, and the rules by which options override them.

const { codes } = require('internal/errors');

let bytes = 64 * 1024;
let objects = 16;

function getDefaultHighWaterMark(objectMode) {
    return objectMode ? objects : bytes;
}

function setDefaultHighWaterMark(objectMode, value) {
    require('internal/validators').validateInteger(value, 'value', 0);
    if (objectMode)
        objects = value;
    else
        bytes = value;
}

// `duplexKey` is the option that sets one half of a duplex: it counts only if
// the common option is absent, and null where there is but one half.
function chooseHighWaterMark(options, duplexKey, objectMode) {
    const name = options.highWaterMark != null ? 'highWaterMark' : duplexKey;
    const value = name === null ? null : options[name];

    if (value == null)
        return getDefaultHighWaterMark(objectMode);
    if (!Number.isInteger(value) || value < 0) {
        // Node names the half's option whichever of the two was wrong.
        const shown = `options.${duplexKey ?? 'highWaterMark'}`;
        throw new codes.ERR_INVALID_ARG_VALUE(shown, value);
    }
    return value;
}

module.exports = {
    getDefaultHighWaterMark,
    setDefaultHighWaterMark,
    chooseHighWaterMark,
};
