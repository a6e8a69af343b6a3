'use strict';
/*
 * A hundred thousand connections, made and closed by one process: what is left
 * after the first thousand must be what is left at the end. Prints resident
 * memory, descriptors and connections; exit 1 when they grew further than the
 * tolerance says.
 *
 *     weir test/script/leak/connections.js [count]
 *
 * Each connection carries a message there and back, every eighth is destroyed
 * and every sixteenth reset instead of ended, so that no way of closing goes
 * untested.
 */
const net = require('net');
const fs = require('fs');

const COUNT = Number(process.argv[2]) || 100000;
const WARM_UP = Math.min(1000, COUNT / 2);
const AT_ONCE = 50;

/*
 * The engine's heap breathes: collections come when it likes, the JIT compiles
 * on other threads. 16 MB over 99,000 connections is 170 bytes each; a single
 * object kept per connection costs more than that.
 */
const MEMORY_TOLERANCE = 16 << 20;
const DESCRIPTOR_TOLERANCE = 0;

let started = 0;
let finished = 0;
let first = null;
let server;

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

/* Memory and descriptors once nothing is on its way any more. */
function measure(then) {
    setTimeout(() => {
        if (typeof globalThis.gc === 'function') {
            globalThis.gc();
        }
        server.getConnections((error, connections) => {
            const { rss } = process.memoryUsage();
            then({ rss, descriptors: descriptors(), connections });
        });
    }, 100);
}

function report(label, { rss, descriptors: open, connections }) {
    console.log(`${label}: rss ${(rss / 1048576).toFixed(1)} MB, ` +
        `${open} descriptors, ${connections} connections`);
}

function finish() {
    measure((last) => {
        report(`after ${finished}`, last);
        server.close();
        const grown = last.rss - first.rss;
        const failures = [];
        if (grown > MEMORY_TOLERANCE) {
            failures.push(`memory grew by ${(grown / 1048576).toFixed(1)} MB`);
        }
        if (last.descriptors > first.descriptors + DESCRIPTOR_TOLERANCE) {
            failures.push('descriptors were left open');
        }
        if (last.connections !== 0) {
            failures.push('connections were left');
        }
        for (const failure of failures) {
            console.log(`FAILED: ${failure}`);
        }
        process.exitCode = failures.length > 0 ? 1 : 0;
    });
}

function closed() {
    finished++;
    if (finished === WARM_UP) {
        measure((measured) => {
            first = measured;
            report(`after ${finished}`, first);
            startSome(COUNT);
        });
        return;
    }
    if (finished === COUNT) {
        finish();
        return;
    }
    startSome(first === null ? WARM_UP : COUNT);
}

function startSome(limit) {
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
server.listen(0, '127.0.0.1', () => startSome(WARM_UP));
