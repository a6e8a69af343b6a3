'use strict';
/*
 * Random programs about a peer that goes: it writes, ends and resets, while we
 * pause, resume, read, iterate, pipe and write into what may be broken.
 * Whatever the order: what we have got at the end is what the peer sent, which
 * by loopback is here before its end or reset is; `end` comes before any error,
 * and only when the peer has ended; `close` comes once, and is the last. Of
 * that Node, which gives up what was not taken when an error comes, keeps the
 * order of bytes, and the place of `close`.
 *
 * The seed is printed in the name of the test; WEIR_TEST_SEED repeats it.
 */
const dice = require('./order/dice');
const { test, assert, onWeir } = require('./harness');

const PROGRAMS = 300;
const AT_ONCE = 20;
const firstSeed = Number(process.env.WEIR_TEST_SEED) || Date.now() % 1000000;

/* What reads, from when it is begun to the end. */
const readers = {
    flowing(socket, take) {
        socket.on('data', take);
        socket.resume();
    },
    reading(socket, take) {
        socket.on('readable', () => {
            let data;
            while ((data = socket.read()) !== null) {
                take(data);
            }
        });
    },
    portions(socket, take) {
        socket.on('readable', () => {
            let data;
            while ((data = socket.read(3)) !== null) {
                take(data);
            }
        });
    },
    async iterating(socket, take) {
        try {
            for await (const data of socket) {
                take(data);
                await new Promise(setImmediate);
            }
        } catch {
            // `error` is looked at where it is told
        }
    },
    piping(socket, take) {
        const { Writable } = require('stream');
        socket.pipe(new Writable({
            highWaterMark: 1,
            write(data, encoding, callback) {
                take(data);
                setImmediate(callback);
            },
        }));
    },
};

class Program {
    constructor(t, random, client, socket) {
        this.t = t;
        this.random = random;
        this.client = client;
        this.socket = socket;
        this.sent = '';
        this.got = '';
        this.events = [];
        this.peerEnded = this.peerReset = false;
        client.on('error', () => {}).resume();
        for (const event of ['end', 'error', 'close']) {
            socket.on(event, () => this.events.push(event));
        }
    }

    peerStep() {
        const { client, random } = this;
        if (this.peerEnded || this.peerReset || client.destroyed) {
            return;
        }
        switch (random(6)) {
        case 0:
            this.peerEnded = true;
            client.end();
            break;
        case 1:
            this.peerReset = true;
            client.resetAndDestroy();
            break;
        default: {
            const text = `${random(1e9)}`.repeat(1 + random(9));
            this.sent += text;
            client.write(text);
        }
        }
    }

    ourStep() {
        const { socket, random } = this;
        switch (random(5)) {
        case 0:
            socket.pause();
            break;
        case 1:
            socket.write('into what may be broken', () => {});
            break;
        case 2:
            socket.setTimeout(random(2) * 100000);
            break;
        default:
        }
    }

    async run() {
        const { t, random, socket } = this;
        const names = Object.keys(readers);
        const read = readers[names[random(names.length)]];
        for (let i = 3 + random(8); i > 0; i--) {
            if (random(2)) {
                this.peerStep();
            } else {
                this.ourStep();
            }
            for (let turns = random(3); turns > 0; turns--) {
                await t.turn();
            }
        }
        if (!this.peerEnded && !this.peerReset) {
            this.peerEnded = true;
            this.client.end();
        }
        if (random(2)) {
            await t.sleep(5);
        }
        const over = new Promise((resolve) => {
            socket.on('close', resolve);
        });
        if (!this.events.includes('close')) {
            read(socket, (data) => {
                this.got += data;
            });
            socket.resume();
            await over;
        }
        this.client.destroy();
        await t.turn();
        this.check();
    }

    check() {
        const { events } = this;
        const story = `sent ${this.sent.length} got ${this.got.length} ` +
            `${this.peerEnded ? 'end' : 'reset'}: ${events.join(' ')}`;
        assert.ok(this.sent.startsWith(this.got), story);
        assert.strictEqual(events.indexOf('close'), events.length - 1, story);
        if (!onWeir) {
            return;
        }
        assert.ok(['end close', 'error close', 'end error close']
            .includes(events.join(' ')), story);
        assert.ok(this.peerEnded || events[0] !== 'end', story);
        assert.strictEqual(this.got, this.sent, story);
    }
}

for (let i = 0; i < PROGRAMS / AT_ONCE; i++) {
    const seed = firstSeed + i;
    test(`programs about a peer that goes, seed ${seed}`, async (t) => {
        const random = dice(seed);
        const programs = [];
        for (let j = 0; j < AT_ONCE; j++) {
            /* Nothing may wait with the peer for an acknowledgement. */
            const [client, socket] = await t.pair({}, { noDelay: true });
            programs.push(new Program(t, random, client, socket).run());
        }
        await Promise.all(programs);
    });
}
