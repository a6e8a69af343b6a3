'use strict';
/*
 * What is unref'ed lets the process end. These tests leave servers, sockets and
 * timeouts behind on purpose; that the process ends is seen by the harness,
 * whose watchdog fails the file when it does not.
 */
const net = require('net');
const { test, assert } = require('./harness');

const LOCAL = '127.0.0.1';

test('a server unref\'ed while it listens', async (t) => {
    const server = net.createServer();
    server.listen(0, LOCAL);
    await t.once(server, 'listening');
    assert.strictEqual(server.unref(), server);
});

test('a server unref\'ed before it listens', async (t) => {
    const server = net.createServer();
    server.unref();
    server.listen(0, LOCAL);
    await t.once(server, 'listening');
});

test('both sides of a connection unref\'ed', async (t) => {
    const server = net.createServer().unref();
    server.listen(0, LOCAL);
    await t.once(server, 'listening');
    const accepted = t.once(server, 'connection');
    const client = net.connect(server.address().port, LOCAL);
    const [socket] = await accepted;
    await t.turn();
    socket.on('data', () => {});
    client.on('data', () => {});
    assert.strictEqual(client.unref(), client);
    assert.strictEqual(socket.unref(), socket);
});

test('a socket unref\'ed before it connects', async (t) => {
    const server = net.createServer((socket) => socket.unref()).unref();
    server.listen(0, LOCAL);
    await t.once(server, 'listening');
    const client = new net.Socket();
    client.unref();
    client.connect(server.address().port, LOCAL);
    await t.once(client, 'connect');
});

test('the idle timeout of an unref\'ed socket', async (t) => {
    const server = net.createServer((socket) => socket.unref()).unref();
    server.listen(0, LOCAL);
    await t.once(server, 'listening');
    const client = net.connect(server.address().port, LOCAL);
    await t.once(client, 'connect');
    client.setTimeout(60000);
    client.unref();
});

test('a socket that was made and never connected', () => {
    const socket = new net.Socket();
    socket.setTimeout(60000);
    socket.on('data', () => {});
});

test('a server that was made and never listens', () => {
    net.createServer().on('connection', () => {});
});

test('a server and its connections closed leave nothing', async (t) => {
    const server = net.createServer((socket) => socket.pipe(socket));
    server.listen(0, LOCAL);
    await t.once(server, 'listening');
    const client = net.connect(server.address().port, LOCAL);
    client.end('x');
    client.resume();
    await t.once(client, 'close');
    server.close();
});
