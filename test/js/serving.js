'use strict';
/*
 * serving - what the tests of servers share
 */
const net = require('net');

/* A server that this test closes, listening or not. */
function make(t, ...args) {
    return t.track(net.createServer(...args));
}

async function listening(t, server, ...args) {
    server.listen(...args);
    await t.once(server, 'listening');
    return server;
}

/* A client of a server, which connects and nothing else. */
async function visitor(t, server, options) {
    const socket = t.connect(server, options);
    await t.once(socket, 'connect');
    return socket;
}

module.exports = { make, listening, visitor };
