'use strict';
/*
 * port-scan.js - which ports of this machine are listened on
 *
 * Many connections at a time, each a few lines of async code: workers take the
 * next port until there is none. Open ports go to stdout, one a line; how far
 * it is goes to stderr when that is a terminal. Only the loopback is scanned:
 * other people's machines are theirs.
 *
 * Try it:  weir port-scan.js 1 65535
 */
const net = require('net');

const USAGE = `usage: port-scan.js [FIRST [LAST]]
Prints which ports of 127.0.0.1 are listened on. Default: 1 to 10000.`;

const HOST = '127.0.0.1';
const WORKERS = 128;
const PATIENCE = 1000; // ms for one port

/* Whether somebody listens. A port that the kernel also hands out to clients
 * can connect to itself, when it happens to be given as our own end. */
const isOpen = (port) => new Promise((resolve) => {
    const socket = net.connect(port, HOST);

    socket.setTimeout(PATIENCE, () => socket.destroy());
    socket.on('error', () => {}); // refused; `close` follows
    socket.on('connect', () => {
        resolve(socket.localPort !== port);
        socket.destroy();
    });
    socket.on('close', () => resolve(false));
});

class Progress {
    constructor(total) {
        this.total = total;
        this.done = 0;
        this.found = 0;
        this.timer = process.stderr.isTTY
            ? setInterval(() => this.draw(), 50) : undefined;
    }

    draw() {
        const full = Math.floor(40 * this.done / this.total);

        process.stderr.write(`\r[${'#'.repeat(full).padEnd(40, '.')}] ` +
            `${this.done} of ${this.total}, ${this.found} open\x1b[K`);
    }

    open(port) {
        this.found++;
        if (this.timer) {
            process.stderr.write('\r\x1b[K');
        }
        console.log(port);
    }

    end() {
        if (this.timer) {
            clearInterval(this.timer);
            this.draw();
            process.stderr.write('\n');
        }
    }
}

const scan = async (first, last) => {
    const progress = new Progress(last - first + 1);
    let next = first;

    const work = async () => {
        while (next <= last) {
            const port = next++;

            if (await isOpen(port)) {
                progress.open(port);
            }
            progress.done++;
        }
    };

    await Promise.all(Array.from({ length: WORKERS }, work));
    progress.end();
};

const isPort = (text) => /^\d{1,5}$/.test(text) && text > 0 && text < 65536;

const [first = '1', last = '10000', ...more] = process.argv.slice(2);
const wrong = [first, last].find((text) => !isPort(text));

if (first === '--help') {
    console.log(USAGE);
} else if (wrong !== undefined) {
    console.error(`port-scan: not a port: ${wrong}\n${USAGE}`);
    process.exitCode = 2;
} else if (more.length) {
    console.error(`port-scan: FIRST and LAST, please\n${USAGE}`);
    process.exitCode = 2;
} else {
    scan(Number(first), Number(last));
}
