// internal/boot/embed: for programs in C that have a script: what C cannot
// make or undo by itself

const { FastBuffer } = require('internal/buffer/pool');
const { errnoException } = require('internal/errors');
const { forget, set } = require('internal/net/native');
const { Server } = require('internal/net/server');
const { Socket } = require('internal/net/socket');
const { CONNECTED, PIPED } = require('internal/net/socket_flags');

const { EBUSY, EINVAL, ENOTCONN } = binding.net;

function bufferOf(memory) {
    return new FastBuffer(memory, 0, memory.byteLength);
}

// What a native that failed throws.
function errorOf(errno, name) {
    return errnoException(errno, name);
}

// A function that C knows by a number.
function nativeOf(call, number, name) {
    const native = (...args) => call(number, name, ...args);
    Object.defineProperty(native, 'name', { value: name, configurable: true });
    return native;
}

// A connection that C has given this number.
function socketOf(id) {
    const socket = new Socket();
    socket._id = id;
    socket._flags |= CONNECTED;
    set(id, socket);
    return socket;
}

function serverOf(id) {
    const server = new Server();
    server._id = id;
    set(id, server);
    return server;
}

// Which it has no longer.
function numberOf(object) {
    const id = object._id;
    forget(id);
    object._id = 0;
    return id;
}

// The number, or why it cannot be had: nothing that JavaScript has been
// promised may be lost.
function takeSocket(socket) {
    if (!(socket instanceof Socket))
        return EINVAL;
    if (socket.destroyed || socket._id === 0 || socket.readyState !== 'open')
        return ENOTCONN;
    if (socket.readableLength > 0 || socket._flags & PIPED ||
        socket._callbacks?.length > 0)
        return EBUSY;
    const id = numberOf(socket);
    socket.destroy();
    return id;
}

function takeServer(server) {
    if (!(server instanceof Server))
        return EINVAL;
    if (server._id === 0)
        return ENOTCONN;
    const id = numberOf(server);
    server._emitCloseIfDrained();
    return id;
}

module.exports = {
    bufferOf, errorOf, nativeOf, serverOf, socketOf, takeServer, takeSocket,
};
