'use strict';
/*
 * titanium - what the tests of Titanium share: sockets with a plain end, and the
 * states
 */
const { assert, onWeir } = require('./harness');

const LOCAL = '127.0.0.1';
const { createTCP, INITIALIZED, CONNECTED, LISTENING, CLOSED, ERROR } =
    onWeir ? Ti.Network.Socket : {};

const noop = () => {};
const bytesOf = (value) => Ti.createBuffer({ value });

/* A plain server, and a Titanium socket that is connected to it. */
async function connected(t, options = {}) {
    const server = await t.server(undefined, { allowHalfOpen: true });
    const peer = t.once(server, 'connection');
    const socket = createTCP({ host: LOCAL, port: server.address().port,
        ...options });
    await new Promise((resolve, reject) => {
        socket.connected = resolve;
        socket.error ??= (e) => reject(new Error(e.error));
        socket.connect();
    });
    const [accepted] = await peer;
    t.after(() => {
        if (socket.state === CONNECTED) {
            socket.close();
        }
    });
    return [socket, accepted];
}

/* A listener and a promise of a function that waits for its connections. */
function listening(t, options = {}) {
    const waiting = [];
    const socket = createTCP({ host: LOCAL, port: 0,
        accepted: (e) => waiting.shift()(e), ...options });
    socket.listen();
    t.after(() => {
        if (socket.state === LISTENING) {
            socket.close();
        }
    });
    const accept = (dict) => new Promise((resolve) => {
        waiting.push(resolve);
        socket.accept(dict);
    });
    return [socket, accept];
}

const told = (start) => new Promise((resolve) => start(resolve));
const throwsState = (fn, pattern) => assert.throws(fn,
    { code: 'ERR_INVALID_STATE', message: pattern });

/* Turns until the condition holds. */
async function until(t, condition) {
    while (!condition()) {
        await t.turn();
    }
}

module.exports = {
    LOCAL, createTCP, INITIALIZED, CONNECTED, LISTENING, CLOSED, ERROR, noop,
    bytesOf, connected, listening, told, throwsState, until,
};
