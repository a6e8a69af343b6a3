'use strict';
/*
 * keepalive.js - notices that a silent client's machine has gone
 *
 * A connection on which nobody speaks looks the same whether the other side is
 * well or was unplugged. With keep-alive the kernel asks after ten seconds of
 * silence, and goes on asking; when nothing answers, the socket gets an `error`
 * (ETIMEDOUT) and closes. No byte of it is seen by the programs at either end.
 *
 * Try it:  weir keepalive.js 7006
 *          nc 127.0.0.1 7006
 *          ss -tno sport = :7006      shows timer:(keepalive,...)
 */
const net = require('net');

const USAGE = `usage: keepalive.js [PORT]
Holds silent connections and has the kernel look after them.
PORT: default 7006, 0 for any.
Try it: nc 127.0.0.1 PORT, and ss -tno sport = :PORT`;

const SILENCE = 10_000; // ms without a byte before the kernel asks

const onConnection = (socket) => {
    const who = `${socket.remoteAddress} port ${socket.remotePort}`;
    const since = Date.now();

    console.log(`${who}: here`);
    socket.write('be silent as long as you like\n');
    socket.resume(); // what it says is of no interest, its end is
    socket.on('error', (error) => console.log(`${who}: ${error.message}`));
    socket.on('close', () => {
        const seconds = (Date.now() - since) / 1000;
        console.log(`${who}: gone after ${seconds.toFixed(1)} s`);
    });
};

const serve = (port) => {
    // For one socket: socket.setKeepAlive(true, SILENCE).
    const options = { keepAlive: true, keepAliveInitialDelay: SILENCE };
    const server = net.createServer(options, onConnection);

    server.on('error', (error) => {
        console.error(`keepalive: ${error.message}`);
        process.exitCode = 1;
    });
    server.listen(port, () => {
        const { address, port } = server.address();
        const host = net.isIPv6(address) ? `[${address}]` : address;
        console.log(`listening on ${host}:${port}`);
    });
};

const [port = '7006', ...more] = process.argv.slice(2);

if (port === '--help') {
    console.log(USAGE);
} else if (more.length || !/^\d{1,5}$/.test(port) || port > 65535) {
    console.error(`keepalive: not a port: ${[port, ...more].join(' ')}`);
    console.error(USAGE);
    process.exitCode = 2;
} else {
    serve(Number(port));
}
