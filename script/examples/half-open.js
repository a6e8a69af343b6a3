'use strict';
/*
 * half-open.js - counts what it is sent and answers after the end
 *
 * The two directions of a connection end apart. The client sends all it has and
 * ends its side; only then is there a result, and it travels back on the side
 * that is still open. Without allowHalfOpen the socket would end our side along
 * with theirs.
 *
 * Try it:  weir half-open.js 7005
 *          nc -N 127.0.0.1 7005 </etc/services
 */
const net = require('net');

const USAGE = `usage: half-open.js [PORT]
Counts lines, words and bytes until the client ends its side, then answers.
PORT: default 7005, 0 for any.
Try it: nc -N 127.0.0.1 PORT </etc/services`;

const NEWLINE = 10;

const isBlank = (byte) => byte === 32 || (byte >= 9 && byte <= 13);

class Counter {
    lines = 0;
    words = 0;
    bytes = 0;
    inWord = false; // a word may be cut in two by a packet's end

    add(chunk) {
        this.bytes += chunk.length;
        for (const byte of chunk) {
            const blank = isBlank(byte);

            this.lines += byte === NEWLINE;
            this.words += !blank && !this.inWord;
            this.inWord = !blank;
        }
    }

    toString() {
        return `${this.lines} lines, ${this.words} words, ${this.bytes} bytes`;
    }
}

const onConnection = (socket) => {
    const counter = new Counter();

    socket.on('data', (chunk) => counter.add(chunk));
    socket.on('end', () => socket.end(`${counter}\n`));
    socket.on('error', (error) => console.error(`half-open: ${error.message}`));
};

const serve = (port) => {
    const server = net.createServer({ allowHalfOpen: true }, onConnection);

    server.on('error', (error) => {
        console.error(`half-open: ${error.message}`);
        process.exitCode = 1;
    });
    server.listen(port, () => {
        const { address, port } = server.address();
        const host = net.isIPv6(address) ? `[${address}]` : address;
        console.log(`listening on ${host}:${port}`);
    });
};

const [port = '7005', ...more] = process.argv.slice(2);

if (port === '--help') {
    console.log(USAGE);
} else if (more.length || !/^\d{1,5}$/.test(port) || port > 65535) {
    console.error(`half-open: not a port: ${[port, ...more].join(' ')}`);
    console.error(USAGE);
    process.exitCode = 2;
} else {
    serve(Number(port));
}
