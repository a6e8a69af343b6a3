'use strict';
/*
 * unix-socket.js - a daemon's status on a UNIX socket
 *
 * A UNIX socket has a path instead of a port, and the folder's permissions say
 * who may connect. Its file outlives a server that was killed, and the next one
 * finds the address in use; whether somebody still listens there is found out
 * by asking. A file left over is removed, a living server is left alone.
 *
 * Try it:  weir unix-socket.js /tmp/weir.sock
 *          nc -U /tmp/weir.sock
 */
const fs = require('fs');
const net = require('net');

const USAGE = `usage: unix-socket.js [PATH]
Tells how it is to whom connects to the UNIX socket PATH, default
/tmp/weir.sock. Ctrl-C ends it and removes the socket.
Try it: nc -U PATH`;

let answered = 0;

const onConnection = (socket) => {
    const { rss } = process.memoryUsage();

    answered++;
    socket.on('error', () => {}); // gone before the answer: no matter
    socket.end([
        `pid ${process.pid}`,
        `up ${process.uptime().toFixed(1)} s`,
        `memory ${(rss / 1024 / 1024).toFixed(1)} MiB`,
        `answered ${answered}`,
        '',
    ].join('\n'));
};

const fail = (error) => {
    console.error(`unix-socket: ${error.message}`);
    process.exitCode = 1;
};

/* Calls back when a connection to the path is refused: the file is all that is
 * left of its server. */
const ifAbandoned = (path, callback) => {
    const probe = net.connect(path);

    probe.on('connect', () => {
        probe.destroy();
        fail(new Error(`somebody listens on ${path}`));
    });
    probe.on('error', (error) =>
        error.code === 'ECONNREFUSED' ? callback() : fail(error));
};

const serve = (path) => {
    const server = net.createServer(onConnection);
    let retried = false;

    server.on('error', (error) => {
        if (error.code !== 'EADDRINUSE' || retried) {
            fail(error);
            return;
        }
        retried = true;
        ifAbandoned(path, () => {
            fs.unlinkSync(path);
            server.listen(path);
        });
    });
    server.on('listening', () => {
        console.log(`listening on ${server.address()}`);
    });
    server.listen(path);

    // close() removes the file; without a handler a signal would leave it.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
        process.once(signal, () => server.close());
    }
};

const [path = '/tmp/weir.sock', ...more] = process.argv.slice(2);

if (path === '--help') {
    console.log(USAGE);
} else if (more.length || path === '') {
    console.error(`unix-socket: one path, please\n${USAGE}`);
    process.exitCode = 2;
} else {
    serve(path);
}
