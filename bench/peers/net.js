'use strict';
/*
 * net.js - the servers on Node's `net`, for every platform that has it
 *
 *   weir bench/peers/net.js WORKLOAD PORT [TARGET]
 *   node bench/peers/net.js ...
 *   bun bench/peers/net.js ...
 *
 * One file for all of them. HTTP is the platform's own where it has one; weir
 * has none, and there it is the least that is right: blank lines are counted.
 */
const net = require('net');

const ANSWER = 'HTTP/1.1 200 OK\r\n' +
    'Content-Type: text/plain\r\n' +
    'Content-Length: 13\r\n' +
    '\r\n' +
    'Hello, world!';

const LF = 10;
const CR = 13;

// One function for all connections, the socket as `this`: a closure for each
// would cost memory for each.
function resume() {
    this.resume();
}

// A client that breaks off is no trouble of ours; `close` follows.
const ignore = () => {};

// --------------------------------------------------------- echo, bulk, sink

function onEchoData(bytes) {
    if (!this.write(bytes)) {
        this.pause();
    }
}

const onEcho = (socket) => {
    socket.on('data', onEchoData);
    socket.on('drain', resume);
    socket.on('error', ignore);
};

// A stream that goes back as it comes.
const onBulk = (socket) => {
    socket.pipe(socket);
    socket.on('error', ignore);
};

const onSink = (socket) => {
    socket.on('data', ignore);
    socket.on('error', ignore);
};

// ------------------------------------------------------------------ fan-out

const guests = new Set();

function onFanoutData(bytes) {
    for (const guest of guests) {
        if (guest !== this) {
            guest.write(bytes);
        }
    }
}

function onFanoutClose() {
    guests.delete(this);
}

const onFanout = (socket) => {
    guests.add(socket);
    socket.on('data', onFanoutData);
    socket.on('close', onFanoutClose);
    socket.on('error', ignore);
};

// -------------------------------------------------------------------- proxy

const breakOffWith = (one, other) => {
    one.on('error', ignore);
    one.on('close', (hadError) => {
        if (hadError) {
            other.destroy();
        }
    });
};

const onProxy = (options, target) => (client) => {
    const upstream = net.connect({ ...options, ...target });

    client.pipe(upstream);
    upstream.pipe(client);
    breakOffWith(client, upstream);
    breakOffWith(upstream, client);
};

// --------------------------------------------------------------------- HTTP

// The end of a request is a blank line after another one, wherever the bytes
// are cut. `#line` is what there is of the line under way: 0 nothing, 1 a CR,
// 2 more.
class RequestCounter {
    #line = 0;
    #begun = false;

    count(bytes) {
        let requests = 0;
        let at = 0;
        let end;

        while ((end = bytes.indexOf(LF, at)) >= 0) {
            const blank = this.#lineAfter(bytes, at, end) < 2;

            if (blank && this.#begun) {
                requests++;
            }
            this.#begun = !blank;
            this.#line = 0;
            at = end + 1;
        }
        this.#line = this.#lineAfter(bytes, at, bytes.length);
        return requests;
    }

    #lineAfter(bytes, at, end) {
        if (at === end) {
            return this.#line;
        }
        return this.#line === 0 && end - at === 1 && bytes[at] === CR ? 1 : 2;
    }
}

function onHttpData(bytes) {
    const requests = this.counter.count(bytes);

    if (requests && !this.write(ANSWER.repeat(requests))) {
        this.pause();
    }
}

const onHttp = (socket) => {
    socket.counter = new RequestCounter();
    socket.on('data', onHttpData);
    socket.on('drain', resume);
    socket.on('error', ignore);
};

const nodeHttpServer = () =>
    require('http').createServer((request, response) => {
        response.writeHead(200, {
            'Content-Type': 'text/plain',
            'Content-Length': 13,
        });
        response.end('Hello, world!');
    });

// --------------------------------------------------------------------- main

const onPromised = (style) => require('./net_promises')[style];

const WORKLOADS = {
    echo: () => net.createServer({ noDelay: true }, onEcho),
    bulk: () => net.createServer({ noDelay: true, allowHalfOpen: true }, onBulk),
    sink: () => net.createServer({ noDelay: true }, onSink),
    fanout: () => net.createServer({ noDelay: true }, onFanout),
    proxy: (target) => {
        // Half-open, or an end in one direction would end the other one too.
        const options = { allowHalfOpen: true, noDelay: true };

        return net.createServer(options, onProxy(options, target));
    },
    http: () => (process.versions.weir
        ? net.createServer({ noDelay: true }, onHttp)
        : nodeHttpServer()),
};

for (const style of ['handler', 'for-await', 'pipeline', 'once']) {
    WORKLOADS[style] = () =>
        net.createServer({ noDelay: true }, onPromised(style));
}

const [workload, port, target = ''] = process.argv.slice(2);
const [, host, targetPort] = /^(.+):(\d+)$/.exec(target) ?? [];

if (!Object.hasOwn(WORKLOADS, workload ?? '') || !/^\d+$/.test(port ?? '') ||
    (workload === 'proxy' && !host)) {
    console.error('usage: net.js WORKLOAD PORT [TARGET]\n' +
        `WORKLOAD: one of: ${Object.keys(WORKLOADS).join(' ')}`);
    process.exit(2);
}

const server = WORKLOADS[workload]({ host, port: Number(targetPort) });

server.listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 }, () => {
    const { address, port: bound } = server.address();

    console.log(`listening on ${address}:${bound}`);
});
