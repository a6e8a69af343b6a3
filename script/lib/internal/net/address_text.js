// internal/net/address_text: is it an IP address

const { native } = require('internal/net/native');

function isIP(input) {
    return typeof input === 'string' || input instanceof String
        ? native.isIP(String(input)) : isIPOther(input);
}

// Node turns what is no string into one.
function isIPOther(input) {
    if (input === undefined || input === null)
        return 0;
    return native.isIP(`${input}`);
}

// The option `family`, which may be the name that an address has it by.
function familyOf(family) {
    if (family === 'IPv4')
        return 4;
    return family === 'IPv6' ? 6 : family ?? 0;
}

module.exports = {
    familyOf,
    isIP,
    isIPv4: (input) => isIP(input) === 4,
    isIPv6: (input) => isIP(input) === 6,
};
