'use strict';
/*
 * Megabytes from socket to socket by pipe(): weir moves them inside the kernel.
 * Whoever takes the pipe apart in the middle finds every byte once, in order,
 * at one end or at the other.
 */
const { test, assert } = require('./harness');

const SIZE = 8 << 20;

/* Bytes that tell their own place: each four hold their offset, hashed. */
function pattern(length) {
    const bytes = Buffer.allocUnsafe(length);
    for (let i = 0; i + 4 <= length; i += 4)
        bytes.writeUInt32LE(Math.imul(i + 1, 2654435761) >>> 0, i);
    return bytes;
}

/* peer ~~ from ==> to ~~ far; all that came out at `far` is in `out`. */
async function lay(t, where) {
    const [peer, from] = await t.pair(where());
    const [far, to] = await t.pair(where());
    const out = [];
    far.on('data', (bytes) => out.push(bytes));
    from.pipe(to);
    return { peer, from, to, far, out };
}

const arrived = (out) => out.reduce((sum, bytes) => sum + bytes.length, 0);

function kinds(name, fn) {
    test(`${name} (TCP)`, (t) => fn(t, () => ({})));
    test(`${name} (UNIX)`, (t) => fn(t, () => ({ path: t.path() })));
}

kinds('what is piped in bulk arrives exact, and is counted', async (t, where) => {
    const { peer, from, to, far, out } = await lay(t, where);
    const payload = pattern(SIZE);
    peer.end(payload);
    await t.once(far, 'end');
    assert.strictEqual(Buffer.concat(out).equals(payload), true);
    assert.strictEqual(from.bytesRead, SIZE);
    assert.strictEqual(to.bytesWritten, SIZE);
});

kinds('a far end that stops and goes gets all of it', async (t, where) => {
    const { peer, far, out } = await lay(t, where);
    const payload = pattern(SIZE);
    let count = 0;
    far.on('data', () => {
        if (++count % 20 === 0) {
            far.pause();
            setTimeout(() => far.resume(), count % 3);
        }
    });
    peer.end(payload);
    await t.once(far, 'end');
    assert.strictEqual(Buffer.concat(out).equals(payload), true);
});

kinds('unpipe in the middle of bulk loses nothing', async (t, where) => {
    const { peer, from, to, far, out } = await lay(t, where);
    const payload = pattern(SIZE);
    const rest = [];
    peer.end(payload);
    while (arrived(out) < SIZE / 4)
        await t.once(far, 'data');
    from.unpipe(to);
    to.end('tail');
    from.on('data', (bytes) => rest.push(bytes));
    from.resume();
    await Promise.all([t.once(from, 'end'), t.once(far, 'end')]);
    const first = Buffer.concat(out);
    assert.strictEqual(first.subarray(-4).toString(), 'tail');
    const all = Buffer.concat([first.subarray(0, -4), ...rest]);
    assert.strictEqual(all.equals(payload), true);
});

kinds('a listener that comes in the middle sees all from there on',
    async (t, where) => {
        const { peer, from, far, out } = await lay(t, where);
        const payload = pattern(SIZE);
        const seen = [];
        peer.end(payload);
        while (arrived(out) < SIZE / 4)
            await t.once(far, 'data');
        from.on('data', (bytes) => seen.push(bytes));
        await t.once(far, 'end');
        assert.strictEqual(Buffer.concat(out).equals(payload), true);
        const tail = Buffer.concat(seen);
        assert.strictEqual(tail.length > 0, true);
        assert.strictEqual(tail.equals(payload.subarray(-tail.length)), true);
    });

/* ------------------------------------------------- a socket into itself */

kinds('an echo by pipe() gives all back, and ends with its peer',
    async (t, where) => {
        const [peer, echo] = await t.pair(where());
        const payload = pattern(SIZE);
        const back = [];
        const events = [];
        for (const name of ['end', 'finish', 'close'])
            echo.on(name, () => events.push(name));
        echo.pipe(echo);
        peer.on('data', (bytes) => back.push(bytes));
        peer.end(payload);
        await Promise.all([t.once(peer, 'end'), t.once(echo, 'close')]);
        assert.strictEqual(Buffer.concat(back).equals(payload), true);
        assert.deepStrictEqual(events, ['end', 'finish', 'close']);
        assert.strictEqual(echo.bytesRead, SIZE);
        assert.strictEqual(echo.bytesWritten, SIZE);
    });

kinds('an echo waits for a peer that does not read', async (t, where) => {
    const [peer, echo] = await t.pair(where());
    const payload = pattern(4 * SIZE);
    const back = [];
    echo.pipe(echo);
    peer.pause();
    peer.end(payload);
    await t.sleep(50);
    assert.ok(echo.bytesRead < payload.length);
    peer.on('data', (bytes) => back.push(bytes));
    peer.resume();
    await t.once(peer, 'end');
    assert.strictEqual(Buffer.concat(back).equals(payload), true);
});

kinds('an echo that is listened to, and taken apart, loses nothing',
    async (t, where) => {
        const [peer, echo] = await t.pair(where());
        const payload = pattern(SIZE);
        const back = [];
        const heard = [];
        echo.pipe(echo);
        peer.on('data', (bytes) => back.push(bytes));
        peer.write(payload);
        while (arrived(back) < SIZE / 4)
            await t.once(peer, 'data');
        echo.on('data', (bytes) => heard.push(bytes));
        while (arrived(back) < SIZE)
            await t.once(peer, 'data');
        echo.unpipe(echo);
        echo.resume();
        peer.write('more');
        await t.once(echo, 'data');
        assert.strictEqual(Buffer.concat(heard).subarray(-4).toString(),
            'more');
        assert.strictEqual(Buffer.concat(back).equals(payload), true);
    });

test('an echo whose peer breaks off tells the error, and closes', async (t) => {
    const [peer, echo] = await t.pair();
    echo.pipe(echo);
    peer.pause();
    peer.write(pattern(SIZE));
    await t.sleep(20);
    peer.resetAndDestroy();
    const [error] = await t.once(echo, 'error');
    assert.ok(['ECONNRESET', 'EPIPE'].includes(error.code), error.code);
    await t.once(echo, 'close');
});
