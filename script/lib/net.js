// net: TCP and UNIX sockets, as Node's
//
// What a program asks for first; the work is in internal/net/.

const { Socket } = require('internal/net/socket');
const { Server } = require('internal/net/server');

function createServer(options, connectionListener) {
    return new Server(options, connectionListener);
}

function connect(...args) {
    const { normalizeArguments } = require('internal/net/arguments');
    const normalized = normalizeArguments(args);
    const [options] = normalized;
    const socket = new Socket(options);
    if (options.timeout)
        socket.setTimeout(options.timeout);
    return socket.connect(normalized);
}

const { isIP, isIPv4, isIPv6 } = require('internal/net/address_text');

function settings() {
    return require('internal/net/connecting').settings;
}

function getDefaultAutoSelectFamily() {
    return settings().autoSelectFamily;
}

function setDefaultAutoSelectFamily(value) {
    require('internal/validators').validateBoolean(value, 'value');
    settings().autoSelectFamily = value;
}

function getDefaultAutoSelectFamilyAttemptTimeout() {
    return settings().timeout;
}

function setDefaultAutoSelectFamilyAttemptTimeout(value) {
    require('internal/validators').validateInt32(value, 'value', 1);
    settings().timeout = Math.max(value, 10);
}

module.exports = {
    Server,
    Socket,
    Stream: Socket,
    connect,
    createConnection: connect,
    createServer,
    getDefaultAutoSelectFamily,
    setDefaultAutoSelectFamily,
    getDefaultAutoSelectFamilyAttemptTimeout,
    setDefaultAutoSelectFamilyAttemptTimeout,
    isIP,
    isIPv4,
    isIPv6,
    get BlockList() {
        return require('internal/net/addresses').BlockList;
    },
    get SocketAddress() {
        return require('internal/net/addresses').SocketAddress;
    },
};
