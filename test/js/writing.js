'use strict';
/*
 * writing - what the tests of writing share
 */
const net = require('net');

const LOCAL = '127.0.0.1';

/* Everything that arrives until the end, as one Buffer. */
async function all(t, socket) {
    const chunks = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    await t.once(socket, 'end');
    return Buffer.concat(chunks);
}

function closed(socket) {
    return new Promise((resolve) => socket.once('close', resolve));
}

/* A socket on its way to a port where nobody listens, and what it is told. */
async function refused(t) {
    const server = await t.server();
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    const socket = t.track(net.connect(port, LOCAL));
    return [socket, ...telling(socket)];
}

/* The order of what a socket tells, and a function that makes callbacks. */
function telling(socket) {
    const order = [];
    const note = (what) => (error) => order.push(
        error instanceof Error ? `${what} ${error.code ?? error.message}`
            : what);
    socket.on('error', note('error'));
    socket.on('close', note('close'));
    return [order, note];
}

const EARLY = 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION';

module.exports = { all, closed, refused, telling, EARLY };
