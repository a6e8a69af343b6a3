'use strict';
/*
 * Random walks: two sockets, often with a proxy of pipes between them, do
 * whatever the dice say (write in every form, cork, pause, wait, end), and a
 * model knows what must come out: every byte in order on both sides, every
 * callback once and in order, counters that agree.
 *
 * The seed is printed in the name of the test; WEIR_TEST_SEED repeats a walk.
 */
const dice = require('./order/dice');
const { test, assert } = require('./harness');

const WALKS = 24;
const STEPS = 120;
const firstSeed = Number(process.env.WEIR_TEST_SEED) ||
    Date.now() % 1000000;

const TEXTS = ['a', 'h\u00e9llo ', '\u20ac\u{1f600} ', 'x'.repeat(3000)];

/* A piece to write: [what, encoding, its bytes]. */
function piece(random) {
    switch (random.below(6)) {
    case 0: {
        const text = TEXTS[random.below(TEXTS.length)];
        return [text, undefined, Buffer.from(text)];
    }
    case 1: {
        const text = 'w\u00efder'.repeat(1 + random.below(50));
        return [text, 'utf16le', Buffer.from(text, 'utf16le')];
    }
    case 2: {
        const text = 'latin\u00e9';
        return [text, 'latin1', Buffer.from(text, 'latin1')];
    }
    case 3: {
        const bytes = Buffer.alloc(random.below(300000), random.below(256));
        return [bytes, undefined, bytes];
    }
    case 4: {
        const bytes = new Uint8Array(1 + random.below(2000)).fill(
            random.below(256));
        return [bytes, undefined, Buffer.from(bytes)];
    }
    default: {
        const bytes = Buffer.alloc(random.below(40), random.below(256));
        return [bytes.toString('hex'), 'hex', bytes];
    }
    }
}

/* One end of the walk: what it wrote and read, and what it may do next. */
class Walker {
    constructor(socket, random) {
        this.socket = socket;
        this.random = random;
        this.written = [];
        this.read = [];
        this.calls = 0;
        this.lastCall = -1;
        this.ended = false;
        socket.on('data', (data) => {
            assert.strictEqual(this.paused, false, 'data while paused');
            this.read.push(data);
        });
        this.paused = false;
        this.closed = new Promise((resolve, reject) => {
            socket.on('error', reject);
            socket.on('close', resolve);
        });
    }

    write() {
        const [what, encoding, bytes] = piece(this.random);
        const order = this.calls++;
        this.written.push(bytes);
        this.socket.write(what, encoding, (error) => {
            assert.ok(!error, `${error}`);
            assert.strictEqual(order, this.lastCall + 1);
            this.lastCall = order;
        });
    }

    end() {
        this.ended = true;
        const [what, encoding, bytes] = piece(this.random);
        this.written.push(bytes);
        this.socket.end(what, encoding);
    }

    pause() {
        this.socket.pause();
        this.paused = true;
    }

    resume() {
        this.paused = false;
        this.socket.resume();
    }

    cork() {
        this.socket.cork();
        for (let i = this.random.below(5); i > 0; i--) {
            this.write();
        }
        process.nextTick(() => this.socket.uncork());
    }

    async step(t) {
        switch (this.random.below(8)) {
        case 0: case 1: case 2:
            return this.ended || this.write();
        case 3:
            return this.ended || this.cork();
        case 4:
            return this.pause();
        case 5:
            return this.resume();
        case 6:
            return t.turn();
        default:
            return this.random.below(10) === 0 ? t.sleep(1) : undefined;
        }
    }

    finish() {
        if (!this.ended) {
            this.end();
        }
        this.resume();
    }

    check(other) {
        const sent = Buffer.concat(this.written);
        const arrived = Buffer.concat(other.read);
        assert.strictEqual(arrived.length, sent.length);
        assert.strictEqual(arrived.equals(sent), true);
        assert.strictEqual(this.lastCall, this.calls - 1);
        assert.strictEqual(this.socket.bytesWritten, sent.length);
        assert.strictEqual(other.socket.bytesRead, sent.length);
    }
}

/* The two ends: directly connected, or through a proxy. */
async function ends(t, random) {
    const where = () => (random.below(2) ? { path: t.path() } : {});
    const halfOpen = { allowHalfOpen: true };
    const target = await t.server(undefined, { ...where(), ...halfOpen });
    const accepted = t.once(target, 'connection');
    let entrance = target;
    if (random.below(2)) {
        entrance = await t.server((front) => {
            const back = t.connect(target, halfOpen);
            front.pipe(back).pipe(front);
        }, { ...where(), ...halfOpen });
    }
    const client = t.connect(entrance, halfOpen);
    return [client, (await accepted)[0]];
}

for (let walk = 0; walk < WALKS; walk++) {
    const seed = firstSeed + walk;
    test(`a random walk keeps every byte and callback, seed ${seed}`,
        async (t) => {
            const random = { below: dice(seed) };
            const [client, socket] = await ends(t, random);
            const walkers = [
                new Walker(client, random), new Walker(socket, random),
            ];
            for (let i = 0; i < STEPS; i++) {
                const walker = walkers[random.below(2)];
                if (i > STEPS / 2 && random.below(60) === 0 && !walker.ended) {
                    walker.end();
                }
                await walker.step(t);
            }
            for (const walker of walkers) {
                walker.finish();
            }
            await Promise.all(walkers.map(({ closed }) => closed));
            walkers[0].check(walkers[1]);
            walkers[1].check(walkers[0]);
        });
}
