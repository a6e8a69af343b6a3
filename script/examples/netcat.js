'use strict';
/*
 * netcat.js - a connection's two directions, tied to stdin and stdout
 *
 * A socket is a Duplex, so two pipes in one line do it. allowHalfOpen keeps
 * each direction until its own end: the end of stdin is sent on as an end, and
 * what is answered after it is awaited.
 *
 * Try it:  weir echo.js 7000
 *          echo hello | weir netcat.js 127.0.0.1 7000
 */
const net = require('net');

const USAGE = `usage: netcat.js HOST PORT
Sends stdin to HOST's PORT and prints what comes back. HOST: a name or address.
Try it: echo hello | netcat.js 127.0.0.1 7000`;

/* A name with several addresses fails with an error for each. */
const textOf = ({ errors, message }) =>
    errors?.map((error) => error.message).join(', ') ?? message;

const fail = (error) => {
    console.error(`netcat: ${textOf(error)}`);
    process.exit(1);
};

const run = (host, port) => {
    const socket = net.connect({ host, port, allowHalfOpen: true });
    const { stdin, stdout } = process;

    stdin.pipe(socket).pipe(stdout);
    socket.on('error', fail);
    stdout.on('error', fail); // who read us has gone
    socket.on('end', () => {
        if (stdin.isTTY) {
            socket.end(); // somebody would have to guess that it is over
        }
    });
    socket.on('close', () => stdin.destroy());
};

const [host = '', port = '', ...more] = process.argv.slice(2);

if (host === '--help') {
    console.log(USAGE);
} else if (!/^\d{1,5}$/.test(port) || port < 1 || port > 65535) {
    console.error(`netcat: not a port: ${port}\n${USAGE}`);
    process.exitCode = 2;
} else if (more.length || host === '') {
    console.error(`netcat: HOST and PORT, please\n${USAGE}`);
    process.exitCode = 2;
} else {
    run(host, Number(port));
}
