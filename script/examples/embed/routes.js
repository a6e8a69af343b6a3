'use strict';
/*
 * routes.js - what the server in C, ../embed.c, does with a first line
 *
 * The exported function gets the line. A string is the answer, and the server
 * closes; a function gets the connection, as a net.Socket; anything else is
 * nothing that this server knows. `clients` is the server's own function: how
 * many connections it has.
 *
 * Change it while the server runs, and send that a SIGHUP.
 */
function shout(socket) {
    socket.on('data', (bytes) => {
        if (!socket.write(String(bytes).toUpperCase()))
            socket.pause();
    });
    socket.on('drain', () => socket.resume());
    socket.on('end', () => socket.end());
    socket.on('error', () => {});
}

module.exports = function route(line) {
    const [word, ...rest] = line.split(' ');
    switch (word) {
    case 'say':
        return rest.join(' ');
    case 'clients':
        return String(clients());
    case 'time':
        return new Date().toISOString();
    case 'shout':
        return shout;
    case 'fail':
        throw new Error('as it was asked to');
    default:
        return undefined;
    }
};
