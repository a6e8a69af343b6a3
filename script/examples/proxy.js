'use strict';
/*
 * proxy.js - hands every connection on to another server
 *
 * Two pipes, one for each direction, are a TCP proxy: they carry bytes at the
 * speed of the slower side, and the end of a stream as its end. What a pipe
 * does not carry is a failure, and so each side that breaks resets the other:
 * a half-sent answer must not look like a whole one.
 *
 * Try it:  weir echo.js 7000 & weir proxy.js 7002 127.0.0.1:7000
 *          nc 127.0.0.1 7002
 */
const net = require('net');

const USAGE = `usage: proxy.js LISTEN_PORT HOST:PORT
Hands every connection on to HOST:PORT. HOST: a name or an address, IPv6 in
brackets. LISTEN_PORT: 0 for any.
Try it: proxy.js 7002 127.0.0.1:7000, and nc 127.0.0.1 7002`;

const isPort = (text) => /^\d{1,5}$/.test(text) && text <= 65535;

/* A name with several addresses fails with an error for each. */
const textOf = ({ errors, message }) =>
    errors?.map((error) => error.message).join(', ') ?? message;

const breakOff = (socket) => {
    if (socket.connecting) {
        socket.destroy(); // nothing to reset yet
    } else if (!socket.destroyed) {
        socket.resetAndDestroy();
    }
};

const tie = (one, other) => {
    one.pipe(other);
    one.on('error', (error) => console.error(`proxy: ${textOf(error)}`));
    one.on('close', (hadError) => {
        if (hadError || !one.readableEnded) {
            breakOff(other);
        }
    });
};

const serve = (port, target) => {
    // Half-open, or an end in one direction would end the other one too.
    const options = { allowHalfOpen: true, noDelay: true };
    const server = net.createServer(options, (client) => {
        const upstream = net.connect({ ...options, ...target });

        tie(client, upstream);
        tie(upstream, client);
    });

    server.on('error', (error) => {
        console.error(`proxy: ${error.message}`);
        process.exitCode = 1;
    });
    server.listen(port, () => {
        const { address, port } = server.address();
        const host = net.isIPv6(address) ? `[${address}]` : address;
        console.log(`listening on ${host}:${port}`);
    });
};

const [listenPort = '', target = '', ...more] = process.argv.slice(2);
const [, v6, name, port] = /^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(target) ?? [];

if (listenPort === '--help') {
    console.log(USAGE);
} else if (!isPort(listenPort)) {
    console.error(`proxy: not a port: ${listenPort}\n${USAGE}`);
    process.exitCode = 2;
} else if (more.length || !isPort(port) || port < 1) {
    console.error(`proxy: not HOST:PORT: ${target}\n${USAGE}`);
    process.exitCode = 2;
} else {
    serve(Number(listenPort), { host: v6 ?? name, port: Number(port) });
}
