// internal/net/connecting: from connect()'s options to C
//
// Everything is checked before anything is begun. Names are C's business: it
// asks c-ares and races the addresses as RFC 8305 says. Only a lookup function
// of the program's own, or a block list, makes JavaScript look first.

const { codes } = require('internal/errors');
const { nextTick } = require('internal/core');
const { familyOf, isIP } = require('internal/net/address_text');
const { native } = require('internal/net/native');
const { extra } = require('internal/net/socket_flags');
const validators = require('internal/validators');

const settings = { autoSelectFamily: true, timeout: 250 };

// Checks the options; gives the function that begins.
function prepare(socket, options) {
    const { path } = options;
    if (options.port === undefined && (path === undefined || path === null))
        throw new codes.ERR_MISSING_ARGS(['options', 'port', 'path']);
    if (path) {
        validators.validateString(path, 'options.path');
        return () => connectPath(socket, path);
    }
    checkLocal(options);
    const port = portOf(options.port);
    checkFamilies(options);
    const host = options.host || 'localhost';
    if (!isIP(host))
        checkLookup(options, host);
    return () => connectHost(socket, options, host, port);
}

function checkLocal({ localAddress, localPort }) {
    if (localAddress && !isIP(localAddress))
        throw new codes.ERR_INVALID_IP_ADDRESS(localAddress);
    if (localPort)
        validators.validateNumber(localPort, 'options.localPort');
}

function portOf(port) {
    if (port === undefined)
        return 0;
    if (typeof port !== 'number' && typeof port !== 'string') {
        throw new codes.ERR_INVALID_ARG_TYPE('options.port',
            ['number', 'string'], port);
    }
    return validators.validatePort(port) | 0;
}

function checkFamilies({ autoSelectFamily, autoSelectFamilyAttemptTimeout }) {
    if (autoSelectFamily !== undefined && autoSelectFamily !== null) {
        validators.validateBoolean(autoSelectFamily,
            'options.autoSelectFamily');
    }
    if (autoSelectFamilyAttemptTimeout !== undefined &&
        autoSelectFamilyAttemptTimeout !== null) {
        validators.validateInt32(autoSelectFamilyAttemptTimeout,
            'options.autoSelectFamilyAttemptTimeout', 1);
    }
}

const FLAGS = 0x20 | 0x10 | 0x08; // ADDRCONFIG, ALL, V4MAPPED

function checkLookup(options, host) {
    if (options.lookup !== undefined && options.lookup !== null)
        validators.validateFunction(options.lookup, 'options.lookup');
    validators.validateString(host, 'hostname');
    if (options.hints) {
        validators.validateNumber(options.hints, 'options.hints');
        if (options.hints & ~FLAGS)
            throw new codes.ERR_INVALID_ARG_VALUE('hints', options.hints >>> 0);
    }
    if (options.family !== undefined && options.family !== null)
        validators.validateOneOf(familyOf(options.family), 'options.family',
            [0, 4, 6]);
}

function connectPath(socket, path) {
    extra(socket).path = path;
    extra(socket).connectOptions = null;
    socket._connectNative((id) => native.connectPath(id, path), path);
}

function connectHost(socket, options, host, port) {
    const more = extra(socket);
    more.host = host;
    more.path = undefined;
    more.connectOptions = options.localAddress || options.localPort
        ? options : null;
    if (options.noDelay !== undefined)
        more.noDelay = Boolean(options.noDelay);
    if (options.keepAlive) {
        more.keepAlive =
            [true, Math.trunc((options.keepAliveInitialDelay ?? 0) / 1000)];
    }
    if (blocked(socket, options, host))
        return;
    if (!isIP(host) && (options.lookup || options.blockList))
        lookUp(socket, options, host, port);
    else
        connectNative(socket, options, host, port);
}

function blocked(socket, { blockList }, address) {
    const family = isIP(address);
    if (!blockList || !family || !blockList.check(address, `ipv${family}`))
        return false;
    nextTick((error) => socket.destroy(error),
        new codes.ERR_IP_BLOCKED(address));
    return true;
}

function localAddressOf({ localAddress, localPort }, host) {
    if (localAddress)
        return localAddress;
    if (!localPort)
        return undefined;
    return isIP(host) === 6 ? '::' : '0.0.0.0';
}

function connectNative(socket, options, host, port) {
    const delay = options.autoSelectFamilyAttemptTimeout ?? settings.timeout;
    const connect = Array.isArray(host) ? native.connectAny : native.connect;
    const [one] = Array.isArray(host) ? host : [host];
    socket._connectNative((id) => connect(id, host, port,
        familyOf(options.family), localAddressOf(options, one),
        options.localPort ?? 0, Math.max(delay, 10)), one, port);
}

// By the program's own function. It may answer at once, or later.
function lookUp(socket, options, host, port) {
    const lookup = options.lookup ?? require('dns').lookup;
    const asked = { family: familyOf(options.family),
        hints: options.hints ?? 0 };
    const all = options.autoSelectFamily ?? settings.autoSelectFamily;
    if (all && asked.family === 0)
        asked.all = true;
    socket._lookingUp();
    lookup(host, asked, (error, found, family) => {
        const list = Array.isArray(found) ? found
            : [{ address: found, family }];
        answered(socket, options, host, port, error, list);
    });
}

function answered(socket, options, host, port, error, list) {
    if (socket.destroyed)
        return;
    socket.emit('lookup', error ?? null, list[0]?.address, list[0]?.family,
        host);
    if (!socket.connecting)
        return;
    if (error) {
        nextTick(() => socket.destroy(error));
        return;
    }
    const bad = wrongAnswer(list[0] ?? {}, options);
    if (bad !== undefined) {
        nextTick(() => socket.destroy(bad));
        return;
    }
    extra(socket).addresses = list.length;
    if (!blocked(socket, options, list[0].address))
        connectNative(socket, options, alternating(list), port);
}

function wrongAnswer({ address, family }, options) {
    if (!isIP(address))
        return new codes.ERR_INVALID_IP_ADDRESS(address);
    if (family !== 4 && family !== 6) {
        return new codes.ERR_INVALID_ADDRESS_FAMILY(family, options.host,
            options.port);
    }
    return undefined;
}

// The families take turns, the first one's first (RFC 8305, section 4).
function alternating(list) {
    const good = list.filter(({ address }) => isIP(address));
    const first = good.filter(({ family }) => family === good[0].family);
    const second = good.filter(({ family }) => family !== good[0].family);
    const order = [];
    for (let i = 0; i < Math.max(first.length, second.length); i++)
        order.push(first[i], second[i]);
    return order.filter(Boolean).map(({ address }) => address);
}

module.exports = { prepare, settings };
