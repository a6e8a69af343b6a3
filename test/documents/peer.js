'use strict';
/*
 * peer.js - the other end of a sample's connection, for test/documents/run
 *
 *   peer.js send PORT|PATH [TEXT]   connects, sends TEXT, prints what comes until
 *                                   the end
 *   peer.js serve [TEXT]            prints its port, then what the first client
 *                                   sends; answers with TEXT once it has an empty
 *                                   line, and ends
 *   peer.js busy PORT               listens there until it is killed
 *   peer.js try PORT                fails when nobody can listen there
 *
 * Run by Node where it is installed, so that the samples meet another system.
 */
const net = require('net');

const [command, where, text] = process.argv.slice(2);

function send() {
    const socket = /^\d+$/.test(where) ? net.connect(Number(where), '127.0.0.1')
        : net.connect(where);
    if (text) {
        socket.write(text);
    }
    socket.on('data', (data) => process.stdout.write(data));
    socket.on('error', (error) => {
        console.error(error.message);
        process.exitCode = 1;
    });
}

function serve() {
    const server = net.createServer((socket) => {
        let received = '';
        socket.on('data', (data) => {
            received += data;
            process.stdout.write(data);
            if (received.includes('\r\n\r\n')) {
                socket.end(where);
                server.close();
            }
        });
        // The client's own end may be that it is stopped.
        socket.on('error', () => {});
    });
    server.listen(0, '127.0.0.1', () => console.log(server.address().port));
}

function busy() {
    const server = net.createServer();
    server.listen(Number(where), '127.0.0.1', () => console.log('busy'));
}

// On every address, as most samples do: one that is taken counts.
function tryPort() {
    const server = net.createServer();
    server.on('error', (error) => {
        console.error(error.message);
        process.exitCode = 1;
    });
    server.listen(Number(where), () => server.close());
}

({ send, serve, busy, try: tryPort })[command]();
