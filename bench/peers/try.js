'use strict';
/*
 * try.js - whether a server of bench/peers/ does what its workload says
 *
 *   weir bench/peers/try.js CHECK PORT      (or node)
 *
 * CHECK: carries (echo, and a proxy before an echo), survives (the same, with
 * clients that break off), holds (echo, with one that does not read), drops
 * (sink), fanout, http. Ends with status 0, or 1 and what was wrong. Ends by
 * itself, however the server behaves.
 */
const net = require('net');

const PATIENCE = 20000;
const MEGABYTE = 1000000;

const [check, port] = process.argv.slice(2);

const fail = (text) => {
    console.error(text);
    process.exit(1);
};

const assert = (truth, text) => {
    if (!truth) {
        fail(text);
    }
};

const pause = (ms) => new Promise((done) => {
    setTimeout(done, ms);
});

/* Its period is a prime, and so no multiple of anybody's buffer: no loss goes
 * unseen. */
const pattern = (length) => {
    const period = Buffer.alloc(65537);

    for (let i = 0, value = 42; i < period.length; i++) {
        value = (value * 48271) % 2147483647; // Park and Miller
        period[i] = value >> 8;
    }
    return Buffer.alloc(length, period);
};

// A connection whose received bytes can be waited for.
class Client {
    received = [];
    length = 0;
    ended = false;
    #waiting = null;

    constructor(options = {}) {
        this.socket = net.connect({
            port: Number(port), host: '127.0.0.1', noDelay: true,
            allowHalfOpen: true,
        });
        this.socket.on('error', (error) => fail(error.message));
        this.socket.on('close', () => this.#wake());
        if (!options.silent) {
            this.listen();
        }
    }

    listen() {
        this.socket.on('data', (bytes) => {
            this.received.push(bytes);
            this.length += bytes.length;
            this.#wake();
        });
        this.socket.on('end', () => {
            this.ended = true;
            this.#wake();
        });
    }

    #wake() {
        this.#waiting?.();
    }

    async until(condition) {
        while (!condition()) {
            await new Promise((done) => {
                this.#waiting = done;
            });
        }
    }

    // The next bytes, exactly so many.
    async take(length) {
        await this.until(() => this.length >= length || this.ended);
        const all = Buffer.concat(this.received);

        assert(all.length >= length,
            `the end came after ${all.length} of ${length} bytes`);
        this.received = [all.subarray(length)];
        this.length -= length;
        return all.subarray(0, length);
    }

    // Both directions are over, and nothing came but what was taken.
    async over() {
        await this.until(() => this.ended);
        assert(this.length === 0, `${this.length} bytes too many came`);
        this.socket.end();
    }

    write(bytes) {
        this.socket.write(bytes);
    }
}

// -------------------------------------------------------------------- checks

const carries = async () => {
    const client = new Client();
    const much = pattern(7 * MEGABYTE + 19);

    for (const text of ['hello', 'a', 'and once more']) {
        client.write(text);
        assert(String(await client.take(text.length)) === text, 'other bytes');
    }
    client.write(much);
    client.socket.end(); // all of it must come, and then the end
    assert((await client.take(much.length)).equals(much),
        'of much, not the same came back');
    await client.over();
};

const holds = async () => {
    const stalled = new Client({ silent: true });
    const much = pattern(40 * MEGABYTE);
    const sent = () =>
        stalled.socket.bytesWritten - stalled.socket.writableLength;

    for (let at = 0; at < much.length; at += MEGABYTE) {
        stalled.write(much.subarray(at, at + MEGABYTE));
    }
    for (let before = -1; before !== sent();) {
        before = sent();
        await pause(300);
    }
    assert(sent() < much.length / 2, `it took in ${sent()} bytes`);

    const other = new Client();

    other.write('hello');
    assert(String(await other.take(5)) === 'hello', 'the other one: no echo');
    other.socket.end();
    await other.over();
    stalled.listen(); // and now it reads
    stalled.socket.end();
    assert((await stalled.take(much.length)).equals(much), 'other bytes');
    await stalled.over();
};

const survives = async () => {
    const much = pattern(MEGABYTE);

    for (let i = 0; i < 10; i++) {
        const clients = Array.from({ length: 5 }, () => new Client());

        clients.forEach((client) => client.write(much));
        await clients[0].until(() => clients[0].length > 0);
        clients.forEach(({ socket }) => socket.resetAndDestroy());
    }

    const client = new Client();

    client.write('hello');
    assert(String(await client.take(5)) === 'hello', 'no echo any more');
    client.socket.end();
    await client.over();
};

const drops = async () => {
    const client = new Client();

    client.write(pattern(3 * MEGABYTE + 1));
    client.socket.end();
    await client.over();
};

const fanout = async () => {
    const message = pattern(100001);
    const clients = [new Client()];

    // Who says something is heard by the first one, and so is known to be in.
    for (let i = 1; i < 6; i++) {
        const client = new Client();

        client.write(String(i));
        for (const earlier of clients) {
            assert(String(await earlier.take(1)) === String(i), 'no greeting');
        }
        clients.push(client);
    }
    clients[2].write(message);
    for (const client of clients) {
        if (client !== clients[2]) {
            assert((await client.take(message.length)).equals(message),
                'other bytes');
        }
    }
    for (const client of clients) {
        client.socket.end();
        await client.over(); // and so nobody heard himself
    }
};

const REQUEST = 'GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n';

// One whole answer.
const takeAnswer = async (client) => {
    let head = '';

    while (!head.endsWith('\r\n\r\n')) {
        head += String(await client.take(1), 'latin1');
    }
    assert(/^HTTP\/1\.1 200 /.test(head), `not a 200: ${head}`);
    assert(/\r\ncontent-type: *text\/plain/i.test(head), `type: ${head}`);
    assert(/\r\ncontent-length: *13\r\n/i.test(head), `length: ${head}`);
    assert(String(await client.take(13)) === 'Hello, world!', 'another body');
};

const http = async () => {
    const client = new Client();
    const answers = async (count) => {
        for (let i = 0; i < count; i++) {
            await takeAnswer(client);
        }
    };

    client.write(REQUEST);
    await answers(1);
    for (let at = 0; at < REQUEST.length; at++) { // at every place
        client.write(REQUEST.slice(0, at));
        await pause(2);
        client.write(REQUEST.slice(at));
        await answers(1);
    }
    client.write(REQUEST.repeat(16));
    await answers(16);
    client.write(REQUEST.repeat(2) + REQUEST.slice(0, 20));
    await answers(2);
    client.write(REQUEST.slice(20) + REQUEST);
    await answers(2);
    client.write(REQUEST.repeat(300));
    await answers(300);
    assert(client.length === 0, 'an answer too many');
    client.socket.destroy();
};

const CHECKS = { carries, holds, survives, drops, fanout, http };

setTimeout(() => fail(`${check}: nothing for ${PATIENCE / 1000} s`), PATIENCE)
    .unref();
CHECKS[check]().then(() => process.exit(0), (error) => fail(error.stack));
