'use strict';
/*
 * echo.js - a server that sends back what it is sent
 *
 * The whole of backpressure in two lines: stop reading when a write did not
 * fit, go on when it has drained. A client that sends without reading cannot
 * make this server's memory grow.
 *
 * Try it:  weir echo.js 7000         and in another terminal
 *          nc 127.0.0.1 7000
 */
const net = require('net');

const USAGE = `usage: echo.js [PORT]
Sends back what it is sent. PORT: default 7000, 0 for any.
Try it: nc 127.0.0.1 PORT`;

// One function for all connections, the socket as `this`: a closure for each
// would cost memory for each.
function onData(bytes) {
    if (!this.write(bytes)) {
        this.pause();
    }
}

function onDrain() {
    this.resume();
}

// A client that breaks off is no trouble of ours; `close` follows.
const onError = () => {};

const onConnection = (socket) => {
    socket.on('data', onData);
    socket.on('drain', onDrain);
    socket.on('error', onError);
};

const serve = (port) => {
    const server = net.createServer({ noDelay: true }, onConnection);

    server.on('error', (error) => {
        console.error(`echo: ${error.message}`);
        process.exitCode = 1;
    });
    server.listen(port, () => {
        const { address, port } = server.address();
        const host = net.isIPv6(address) ? `[${address}]` : address;
        console.log(`listening on ${host}:${port}`);
    });
};

const [port = '7000', ...more] = process.argv.slice(2);

if (port === '--help') {
    console.log(USAGE);
} else if (more.length || !/^\d{1,5}$/.test(port) || port > 65535) {
    console.error(`echo: not a port: ${[port, ...more].join(' ')}\n${USAGE}`);
    process.exitCode = 2;
} else {
    serve(Number(port));
}
