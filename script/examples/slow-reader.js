'use strict';
/*
 * slow-reader.js - backpressure as a picture
 *
 * A writer that could be fast and a reader that is not, in one program. The
 * reader takes a little, pauses, and takes a longer rest now and then; the
 * kernel's buffers fill, and what the writer goes on writing waits in memory:
 * `bufferSize`. At 4 MiB the writer stops and waits for `drain`.
 *
 *     writer waits  [##########..........]  2.1 MiB  reader reads  31 MiB
 *
 * Try it:  weir slow-reader.js
 */
const net = require('net');

const USAGE = `usage: slow-reader.js [SECONDS]
Shows bufferSize, drain, pause and resume for SECONDS, default 5.`;

const MIB = 1024 * 1024;
const LIMIT = 4 * MIB;   // the writer's own limit: more is not to wait
const CHUNK = Buffer.alloc(128 * 1024, 'weir');
const PORTION = MIB / 2; // what the reader takes before it pauses
const NAP = 30;          // ms it pauses then
const REST = 600;        // ms it rests every 2 s
const BAR = 24;          // characters

class Writer {
    constructor(socket) {
        this.socket = socket;
        this.waits = false;
        this.drains = 0;
        socket.on('drain', () => {
            this.waits = false;
            this.drains++;
        });
        this.timer = setInterval(() => this.write(), 5);
    }

    write() {
        if (!this.waits) {
            this.socket.write(CHUNK);
            this.waits = this.socket.bufferSize >= LIMIT;
        }
    }

    stop() {
        clearInterval(this.timer);
        this.socket.destroy();
    }
}

class Reader {
    constructor(socket) {
        this.socket = socket;
        this.bytes = 0;
        this.untilNap = PORTION;
        this.rests = false;
        socket.on('data', (chunk) => this.onData(chunk));
        socket.on('error', () => {}); // the end is abrupt, on purpose
    }

    onData(chunk) {
        this.bytes += chunk.length;
        this.untilNap -= chunk.length;
        if (this.untilNap <= 0) {
            this.untilNap = PORTION;
            this.rests = Date.now() % 2000 < REST;
            this.pause(this.rests ? REST : NAP);
        }
    }

    pause(ms) {
        this.socket.pause();
        setTimeout(() => {
            this.rests = false;
            this.socket.resume();
        }, ms);
    }
}

const mib = (bytes) => (bytes / MIB).toFixed(1).padStart(5);

const picture = (writer, reader) => {
    const size = writer.socket.bufferSize;
    const full = Math.min(Math.round(BAR * size / LIMIT), BAR);

    return [
        writer.waits ? 'writer waits ' : 'writer writes',
        `[${'#'.repeat(full)}${'.'.repeat(BAR - full)}] ${mib(size)} MiB`,
        reader.rests ? 'reader paused' : 'reader reads ',
        `${mib(reader.bytes)} MiB`,
        `drained ${writer.drains}`,
    ].join('  ');
};

/* On a terminal one line is drawn again and again; elsewhere lines follow. */
const show = (writer, reader) => {
    const live = process.stdout.isTTY;
    const draw = () => {
        const line = picture(writer, reader);
        process.stdout.write(live ? `\r${line}\x1b[K` : `${line}\n`);
    };
    const timer = setInterval(draw, live ? 40 : 250);

    return () => {
        clearInterval(timer);
        process.stdout.write(live ? '\n' : '');
    };
};

const run = (seconds) => {
    const server = net.createServer((socket) => {
        const writer = new Writer(client);
        const reader = new Reader(socket);
        const hide = show(writer, reader);

        setTimeout(() => {
            hide();
            writer.stop();
            server.close();
            console.log(`${mib(reader.bytes).trim()} MiB read; the writer ` +
                `had to wait ${writer.drains} times`);
        }, seconds * 1000);
    });
    let client;

    server.listen(0, '127.0.0.1', () => {
        client = net.connect(server.address().port, '127.0.0.1');
    });
};

const [seconds = '5', ...more] = process.argv.slice(2);

if (seconds === '--help') {
    console.log(USAGE);
} else if (more.length || !/^\d+(\.\d+)?$/.test(seconds)) {
    console.error(`slow-reader: not a number of seconds: ${seconds}\n${USAGE}`);
    process.exitCode = 2;
} else {
    run(Number(seconds));
}
