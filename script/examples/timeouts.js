'use strict';
/*
 * timeouts.js - a guest who is silent is asked once and then shown out
 *
 * setTimeout() of a socket measures silence: each byte in either direction
 * starts it anew, and it closes nothing by itself. The limit for the whole
 * visit is a timer like any other, or a byte now and then would buy for ever.
 *
 * Try it:  weir timeouts.js 7007
 *          nc 127.0.0.1 7007          and say nothing
 */
const net = require('net');

const USAGE = `usage: timeouts.js [PORT [MS]]
Asks who is silent for MS milliseconds, and says goodbye after another MS; after
six times MS in any case. PORT: default 7007, 0 for any. MS: default 5000.
Try it: nc 127.0.0.1 PORT`;

const VISIT = 6; // times the idle time

const onConnection = (socket, idle) => {
    let asked = false;

    const leave = (why) => {
        clearTimeout(visit);
        socket.end(`${why}\n`);
        // `end` waits until the client has read; a broken one never does.
        socket.setTimeout(idle, () => socket.destroy());
    };
    const visit = setTimeout(leave, idle * VISIT, 'that was long enough');

    socket.write('tell me something\n');
    socket.setTimeout(idle);
    socket.on('data', () => {
        asked = false;
    });
    socket.on('timeout', () => {
        if (socket.writableEnded) {
            return;
        }
        if (asked) {
            leave('goodbye');
        } else {
            asked = true;
            socket.write('still there?\n');
        }
    });
    socket.on('error', (error) => console.error(`timeouts: ${error.message}`));
    socket.on('close', () => clearTimeout(visit));
};

const serve = (port, idle) => {
    const server = net.createServer((socket) => onConnection(socket, idle));

    server.on('error', (error) => {
        console.error(`timeouts: ${error.message}`);
        process.exitCode = 1;
    });
    server.listen(port, () => {
        const { address, port } = server.address();
        const host = net.isIPv6(address) ? `[${address}]` : address;
        console.log(`listening on ${host}:${port}`);
    });
};

const [port = '7007', idle = '5000', ...more] = process.argv.slice(2);

if (port === '--help') {
    console.log(USAGE);
} else if (!/^\d{1,5}$/.test(port) || port > 65535) {
    console.error(`timeouts: not a port: ${port}\n${USAGE}`);
    process.exitCode = 2;
} else if (more.length || !/^[1-9]\d{0,7}$/.test(idle)) {
    console.error(`timeouts: not a number of milliseconds: ${idle}\n${USAGE}`);
    process.exitCode = 2;
} else {
    serve(Number(port), Number(idle));
}
