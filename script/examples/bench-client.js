'use strict';
/*
 * bench-client.js - how fast an echo server answers
 *
 * Each connection sends a message, waits until all of it has come back, and
 * sends the next. So a connection has one message on its way, and the time from
 * write to the last byte is what a client of the server would wait. Times are
 * counted in a histogram, as nothing may be allocated for a message.
 *
 * Try it:  weir echo.js 7000
 *          weir bench-client.js 7000 --connections=64
 */
const net = require('net');

const USAGE = `usage: bench-client.js [HOST] PORT [OPTION...]
Drives an echo server and prints messages/s and the median and 99th percentile
of the time that a message takes. HOST: default 127.0.0.1.
  --connections=N  default 64
  --seconds=N      default 3, after a warm-up of a tenth of it
  --size=N         bytes of a message, default 64
Try it: bench-client.js 7000`;

const DEFAULTS = { connections: 64, seconds: 3, size: 64 };

/* Counts by time: a bucket for each microsecond up to 16, from there on eight
 * for each doubling. So a reading is right to an eighth or better. */
class Histogram {
    counts = new Uint32Array(256);
    total = 0;

    add(us) {
        const whole = Math.max(1, Math.floor(us)) | 0;
        const power = Math.max(0, 28 - Math.clz32(whole));

        this.counts[(power << 3) + (whole >> power)]++;
        this.total++;
    }

    /* The upper end of the bucket that the share falls into, in us. */
    percentile(share) {
        let left = Math.ceil(this.total * share);
        const bucket = this.counts.findIndex((n) => (left -= n) <= 0);
        const power = Math.max(0, (bucket >> 3) - 1);

        return (bucket - (power << 3) + 1) * 2 ** power;
    }
}

class Client {
    constructor(bench) {
        this.bench = bench;
        this.missing = 0;
        this.sent = 0;
        this.socket = net.connect(bench.target);
        this.socket.on('connect', () => bench.connected());
        this.socket.on('data', (chunk) => this.onData(chunk));
        this.socket.on('error', (error) => bench.fail(error.message));
        this.socket.on('end', () => bench.fail('the server hung up'));
    }

    send() {
        this.missing = this.bench.message.length;
        this.sent = performance.now();
        this.socket.write(this.bench.message);
    }

    onData(chunk) {
        this.missing -= chunk.length;
        if (this.missing < 0) {
            this.bench.fail('more came back than was sent: no echo server');
        } else if (this.missing === 0) {
            this.bench.histogram.add((performance.now() - this.sent) * 1000);
            this.send();
        }
    }
}

class Bench {
    histogram = new Histogram();

    constructor(target, { connections, seconds, size }) {
        this.target = { ...target, noDelay: true };
        this.message = Buffer.alloc(size, 'weir');
        this.seconds = seconds;
        this.waiting = connections;
        this.clients = Array.from({ length: connections },
            () => new Client(this));
    }

    connected() {
        if (--this.waiting === 0) {
            this.clients.forEach((client) => client.send());
            setTimeout(() => this.measure(), this.seconds * 100);
        }
    }

    measure() {
        const started = performance.now();

        this.histogram = new Histogram();
        setTimeout(() => {
            this.report((performance.now() - started) / 1000);
            this.stop();
        }, this.seconds * 1000);
    }

    report(seconds) {
        const { histogram, clients, message } = this;
        const rate = Math.round(histogram.total / seconds);

        console.log(`${clients.length} connections, ${message.length} bytes: ` +
            `${rate} messages/s, p50 ${histogram.percentile(0.5)} us, ` +
            `p99 ${histogram.percentile(0.99)} us`);
    }

    stop() {
        this.clients.forEach(({ socket }) => socket.destroy());
    }

    fail(why) {
        console.error(`bench-client: ${why}`);
        process.exit(1);
    }
}

const isPort = (text) => /^\d{1,5}$/.test(text) && text > 0 && text < 65536;

/* What the arguments say, or what is wrong with them. */
const parse = (args) => {
    const places = args.filter((text) => !text.startsWith('--'));
    const options = { ...DEFAULTS };

    for (const text of args.filter((text) => text.startsWith('--'))) {
        const [, name, number] = /^--(\w+)=([1-9]\d{0,6})$/.exec(text) ?? [];

        if (!Object.hasOwn(DEFAULTS, name ?? '')) {
            return { wrong: `no such option: ${text}` };
        }
        options[name] = Number(number);
    }
    const port = places.pop() ?? '';
    const [host = '127.0.0.1', ...more] = places;

    return isPort(port) && !more.length
        ? { target: { host, port: Number(port) }, options }
        : { wrong: `not a port: ${[...more, port].join(' ')}` };
};

const args = process.argv.slice(2);
const { target, options, wrong } = parse(args);

if (args[0] === '--help') {
    console.log(USAGE);
} else if (wrong) {
    console.error(`bench-client: ${wrong}\n${USAGE}`);
    process.exitCode = 2;
} else {
    new Bench(target, options);
}
