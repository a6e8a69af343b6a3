'use strict';
/*
 * A hundred thousand connections, made and closed by one process: what is left
 * after the first thousand must be what is left at the end. Prints resident
 * memory, descriptors and connections at ten points; exit 1 when they grew
 * further than the tolerance says.
 *
 *     weir test/js/leak/connections.js [count]
 *
 * Each connection carries a message there and back, every eighth is destroyed
 * and every sixteenth reset instead of ended, so that no way of closing goes
 * untested.
 *
 * The engine's heap breathes: it is collected when it likes, and its compiler
 * works on other threads, so that a single figure is off by 20 MB either way.
 * The floor of several figures is not: those of the second half are held
 * against those of the first, and the last floor against the first thousand.
 */
const net = require('net');
const fs = require('fs');

const COUNT = Number(process.argv[2]) || 100000;
const POINTS = 10;
const FIRST = Math.min(1000, COUNT / POINTS);
const AT_ONCE = 50;

/* 4 MB over 50,000 connections is 84 bytes each: less than one object kept. */
const STEADY_TOLERANCE = 4 << 20;
/* What compiled code and pools take after the first thousand. */
const WARM_TOLERANCE = 24 << 20;

let limit = FIRST;
let started = 0;
let finished = 0;
let server;
let pressure = null;
const measured = [];

function descriptors() {
    // No readdirSync in weir's fs: /proc has a link for each, so look.
    let count = 0;
    for (let fd = 0; fd < 1024; fd++) {
        if (fs.existsSync(`/proc/self/fdinfo/${fd}`)) {
            count++;
        }
    }
    return count;
}

/*
 * Has the engine collect everything: a full collection comes when much memory
 * was asked for. Pages that nobody touches cost nothing.
 */
function collect() {
    for (let i = 0; i < 32; i++) {
        pressure = new ArrayBuffer(16 << 20);
    }
    pressure = null;
}

/* Memory and descriptors once nothing is on its way any more. */
function measure(then) {
    collect();
    setTimeout(() => {
        server.getConnections((error, connections) => {
            const { rss } = process.memoryUsage();
            then({ rss, descriptors: descriptors(), connections });
        });
    }, 300);
}

function report({ rss, descriptors: open, connections }) {
    console.log(`after ${finished}: rss ${(rss / 1048576).toFixed(1)} MB, ` +
        `${open} descriptors, ${connections} connections`);
}

function floor(points) {
    return Math.min(...points.map(({ rss }) => rss));
}

function grown(what, from, to, tolerance) {
    const growth = to - from;
    return growth > tolerance ?
        [`memory grew by ${(growth / 1048576).toFixed(1)} MB ${what}`] : [];
}

function finish() {
    server.close();
    const first = measured[0];
    const last = measured.at(-1);
    const early = floor(measured.slice(1, POINTS / 2 + 1));
    const late = floor(measured.slice(POINTS / 2 + 1));
    const failures = [
        ...grown('since the first thousand', first.rss, late, WARM_TOLERANCE),
        ...grown('in the second half', early, late, STEADY_TOLERANCE),
    ];
    if (last.descriptors > first.descriptors) {
        failures.push('descriptors were left open');
    }
    if (last.connections !== 0) {
        failures.push('connections were left');
    }
    for (const failure of failures) {
        console.log(`FAILED: ${failure}`);
    }
    process.exitCode = failures.length > 0 ? 1 : 0;
}

/* At each point everything comes to rest and is measured. */
function closed() {
    finished++;
    if (finished < limit) {
        startSome();
        return;
    }
    measure((figures) => {
        measured.push(figures);
        report(figures);
        if (finished >= COUNT) {
            finish();
            return;
        }
        limit = Math.round(COUNT / POINTS * measured.length);
        startSome();
    });
}

function startSome() {
    while (started < limit && started - finished < AT_ONCE) {
        connect(started++);
    }
}

function connect(number) {
    const socket = net.connect(server.address().port, '127.0.0.1');
    socket.on('error', () => {});
    socket.on('close', closed);
    socket.write(`connection ${number}`);
    socket.on('data', () => {
        if (number % 16 === 0) {
            socket.resetAndDestroy();
        } else if (number % 8 === 0) {
            socket.destroy();
        } else {
            socket.end();
        }
    });
}

server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => socket.write(data));
});
server.listen(0, '127.0.0.1', () => startSome());
