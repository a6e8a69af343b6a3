'use strict';
/*
 * bun.js - the servers on Bun's own API: Bun.listen, Bun.connect, Bun.serve
 *
 *   bun bench/peers/bun.js WORKLOAD PORT [TARGET]
 *
 * Bun's sockets keep nothing: write() says how much the kernel took, and the
 * rest is the program's business until `drain`. What its bytes go to holds a
 * reader up meanwhile. All handlers are shared by all connections, as Bun's
 * manual wants it; what belongs to one is its `data`. No-delay is the default.
 */

// A connection: where its bytes go, what waits to be written to it, and how far
// its two directions are.
class Side {
    other = null;
    waiting = null; // pieces
    source = null; // is read again when nothing waits
    ended = false; // their FIN is in
    ending = false; // ours follows when nothing waits
    finished = false;

    constructor(socket) {
        this.socket = socket;
    }

    // False when something waits after it.
    write(bytes) {
        if (!this.waiting) {
            const sent = this.socket.write(bytes);

            if (sent === bytes.length) {
                return true;
            }
            this.waiting = [bytes.subarray(Math.max(sent, 0))];
            return false;
        }
        this.waiting.push(bytes);
        return false;
    }

    drain() {
        const pieces = this.waiting ?? [];

        while (pieces.length) {
            const sent = Math.max(this.socket.write(pieces[0]), 0);

            if (sent < pieces[0].length) {
                pieces[0] = pieces[0].subarray(sent);
                return;
            }
            pieces.shift();
        }
        this.waiting = null;
        this.source?.socket.resume();
        this.source = null;
        if (this.ending) {
            this.end();
        }
    }

    end() {
        if (this.waiting) {
            this.ending = true;
        } else if (!this.finished) {
            this.finished = true;
            this.finish();
        }
    }

    // shutdown() sends the FIN and reads on; end() would close.
    finish() {
        if (this.ended) {
            this.socket.end();
        } else {
            this.socket.shutdown();
        }
    }
}

const drain = (socket) => socket.data.drain();
const ignore = () => {};

const end = (socket) => {
    socket.data.ended = true;
    socket.data.end();
};

const carry = (socket, bytes) => {
    const { other } = socket.data;

    if (!other.write(bytes)) {
        other.source = socket.data;
        socket.pause();
    }
};

const handlers = {
    echo: {
        open(socket) {
            socket.data = new Side(socket);
            socket.data.other = socket.data;
        },
        data: carry,
        drain,
        end,
        error: ignore,
    },
    sink: {
        data: ignore,
        end: (socket) => socket.end(),
        error: ignore,
    },
};

// ------------------------------------------------------------------ fan-out

const guests = new Set();

handlers.fanout = {
    open(socket) {
        socket.data = new Side(socket);
        guests.add(socket.data);
    },
    data(socket, bytes) {
        for (const guest of guests) {
            if (guest !== socket.data) {
                guest.write(bytes);
            }
        }
    },
    drain,
    end,
    close: (socket) => guests.delete(socket.data),
    error: ignore,
};

// -------------------------------------------------------------------- proxy

const side = {
    data: carry,
    drain,
    end: (socket) => {
        socket.data.ended = true;
        socket.data.other.end();
    },
    // Also instead of `end`, when our FIN was out already.
    close: (socket, error) => {
        const { other } = socket.data;

        if (error) {
            other?.socket.terminate();
        } else {
            other?.end();
        }
    },
    error: ignore,
};

const upstreamHandlers = {
    ...side,
    open(socket) {
        const upstream = new Side(socket);
        const client = socket.data;

        socket.data = upstream;
        upstream.other = client;
        client.other = upstream;
        client.socket.resume();
    },
    connectError: (socket) => socket.data.socket.terminate(),
};

const proxyHandlers = (hostname, port) => ({
    ...side,
    open(socket) {
        socket.data = new Side(socket);
        socket.pause(); // until there is where its bytes can go
        Bun.connect({
            hostname, port, allowHalfOpen: true, data: socket.data,
            socket: upstreamHandlers,
        }).catch(ignore);
    },
});

// --------------------------------------------------------------------- main

const listen = (port, socket) => Bun.listen({
    hostname: '127.0.0.1', port, allowHalfOpen: true, socket,
});

const serve = (port) => Bun.serve({
    hostname: '127.0.0.1',
    port,
    fetch: () => new Response('Hello, world!', {
        headers: { 'Content-Type': 'text/plain' },
    }),
});

const [workload, port, target = ''] = process.argv.slice(2);
const [, host, targetPort] = /^(.+):(\d+)$/.exec(target) ?? [];

if (!['echo', 'sink', 'fanout', 'proxy', 'http'].includes(workload) ||
    !/^\d+$/.test(port ?? '') || (workload === 'proxy' && !host)) {
    console.error('usage: bun.js WORKLOAD PORT [TARGET]\n' +
        'WORKLOAD: one of: echo sink fanout proxy http');
    process.exit(2);
}
if (workload === 'proxy') {
    handlers.proxy = proxyHandlers(host, Number(targetPort));
}

const server = workload === 'http'
    ? serve(Number(port))
    : listen(Number(port), handlers[workload]);

console.log(`listening on 127.0.0.1:${server.port}`);
