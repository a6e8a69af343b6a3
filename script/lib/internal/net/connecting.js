// internal/net/connecting: from connect()'s options to C
//
// Everything is checked before anything is begun. Names are C's business: it
// asks c-ares and races the addresses as RFC 8305 says. Only a lookup function
// of the program's own, a block list, or a wish for one address alone makes
// JavaScript look first.

const { aggregateErrors, codes } = require('internal/errors');
const { familyOf, isIP } = require('internal/net/address_text');
const { native } = require('internal/net/native');
const { deferFor, extra } = require('internal/net/socket_flags');
const validators = require('internal/validators');

const settings = { autoSelectFamily: true, timeout: 250 };

// Checks the options; gives the function that begins.
function prepare(socket, options) {
    const { path, blockList } = options;
    if (blockList)
        require('internal/net/addresses').checkBlockList(blockList);
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
    const more = extra(socket);
    more.path = path;
    more.connectOptions = more.asking = null;
    socket._connectNative((id) => native.connectPath(id, path), path);
}

function connectHost(socket, options, host, port) {
    const more = extra(socket);
    more.host = host;
    more.path = undefined;
    more.asking = null;
    more.connectOptions = options.localAddress || options.localPort
        ? options : null;
    if (options.noDelay !== undefined)
        more.noDelay = Boolean(options.noDelay);
    if (options.keepAlive) {
        more.keepAlive = [true, require('internal/net/arguments')
            .wholeSeconds(options.keepAliveInitialDelay)];
    }
    const blockList = options.blockList || more.blockList;
    if (isIP(host) && blockList?.check(host, `ipv${isIP(host)}`))
        refuse(socket, host, port);
    else if (isIP(host))
        connectNative(socket, options, host, port);
    else if (options.lookup || blockList || !selectsFamily(options))
        lookUp(socket, options, host, port, blockList);
    else
        connectNative(socket, options, host, port);
}

function selectsFamily({ autoSelectFamily }) {
    return autoSelectFamily ?? settings.autoSelectFamily;
}

function connectNative(socket, options, host, port) {
    const delay = Math.max(10,
        options.autoSelectFamilyAttemptTimeout ?? settings.timeout);
    const [one] = Array.isArray(host) ? host : [host];
    const local = options.localAddress || undefined;
    const localPort = options.localPort || 0;
    socket._connectNative((id) => (Array.isArray(host)
        ? native.connectAny(id, host, port, host.length, local, localPort,
            delay)
        : native.connect(id, host, port, familyOf(options.family), local,
            localPort, delay)), one, port);
}

// ------------------------------------------------- addresses that we know here

// An address that was given, and is blocked: told later, as anything else.
function refuse(socket, address, port) {
    socket._lookingUp();
    deferFor(socket, () => {
        if (socket.connecting && tellBlocked(socket, address, port))
            socket.destroy(extra(socket).attempts[0]);
    });
}

// Those that are blocked fail like any that refuses.
function connectTo(socket, options, list, port, blockList) {
    const allowed = [];
    for (let i = 0; i < list.length; i++) {
        const address = list[i];
        if (!blockList?.check(address, `ipv${isIP(address)}`))
            append(allowed, address);
        else if (!tellBlocked(socket, address, port))
            return;
    }
    if (allowed.length > 0)
        connectNative(socket, options, allowed, port);
    else
        failLater(socket, errorOfAll(extra(socket).attempts));
}

// False when that was the end of it: a listener may destroy the socket, and
// connect it to something else.
function tellBlocked(socket, address, port) {
    const error = new codes.ERR_IP_BLOCKED(address);
    const attempts = extra(socket).attempts ??= [];
    append(attempts, error);
    socket.emit('connectionAttemptFailed', address, port, isIP(address), error);
    return socket.connecting && extra(socket).attempts === attempts;
}

function errorOfAll(errors) {
    return errors.length > 1 ? aggregateErrors(errors) : errors[0];
}

function failLater(socket, error) {
    deferFor(socket, () => socket.destroy(error));
}

// By the program's own function. It may answer at once, or later, or when the
// socket has been connected to something else.
function lookUp(socket, options, host, port, blockList) {
    const lookup = options.lookup ?? require('dns').lookup;
    const asked = { family: familyOf(options.family),
        hints: options.hints ?? 0 };
    if (selectsFamily(options) && asked.family === 0 && !options.localAddress)
        asked.all = true;
    extra(socket).asking = asked;
    socket._lookingUp();
    lookup(host, asked, (error, found, family) => {
        const list = Array.isArray(found) ? found
            : [{ address: found, family }];
        const isWanted = () => socket.connecting &&
            extra(socket).asking === asked;
        if (!isWanted())
            return;
        const order = error ? lookupFailed(socket, error, host, isWanted)
            : answered(socket, options, host, list, isWanted);
        if (order === undefined)
            return;
        extra(socket).addresses = order.length;
        extra(socket).asking = null; // a second answer is none
        connectTo(socket, options, order, port, blockList);
    });
}

function lookupFailed(socket, error, host, isWanted) {
    socket.emit('lookup', error, undefined, undefined, host);
    if (isWanted())
        failLater(socket, error);
}

// The addresses in the order of trying, each of them told; undefined when
// there is none, or when a listener has ended it.
function answered(socket, options, host, list, isWanted) {
    for (let i = 0; i < list.length; i++) {
        const each = list[i];
        socket.emit('lookup', null, each?.address, each?.family, host);
        if (!isWanted())
            return undefined;
    }
    const order = alternating(list);
    if (order.length > 0)
        return order;
    failLater(socket, wrongAnswer(list[0] ?? {}, options));
    return undefined;
}

function wrongAnswer({ address, family }, options) {
    return isIP(address)
        ? new codes.ERR_INVALID_ADDRESS_FAMILY(family, options.host,
            options.port)
        : new codes.ERR_INVALID_IP_ADDRESS(address);
}

// What is no address is left out. The families take turns, the first one's
// first (RFC 8305, section 4), and none is tried twice.
function alternating(list) {
    const seen = new SafeSet();
    const first = [];
    const second = [];
    let leading = 0;
    for (let i = 0; i < list.length; i++) {
        const { address, family } = list[i] ?? {};
        if (!isIP(address) || (family !== 4 && family !== 6) ||
            seen.has(address))
            continue;
        seen.add(address);
        leading ||= family;
        append(family === leading ? first : second, address);
    }
    const order = [];
    for (let i = 0; i < Math.max(first.length, second.length); i++) {
        if (i < first.length)
            append(order, first[i]);
        if (i < second.length)
            append(order, second[i]);
    }
    return order;
}

function append(list, value) {
    list[list.length] = value;
}

module.exports = { prepare, settings };
