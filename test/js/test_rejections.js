'use strict';
/*
 * When a rejection counts as unhandled: as on Node, when neither nextTicks nor
 * promise jobs are left.
 */
const { test, assert } = require('./harness');
const { run } = require('./fixtures/rejections');
const expected = require('./fixtures/rejections_expected.json');

/* Promises what the process is told of until the next turn. */
function told(t) {
    const reasons = [];
    const listener = (reason) => reasons.push(reason);
    process.on('unhandledRejection', listener);
    t.after(() => process.off('unhandledRejection', listener));
    return t.turn().then(() => t.turn()).then(() => reasons);
}

test('a tick that a promise job has made may handle a rejection', async (t) => {
    await t.turn();
    process.nextTick(() => promise.catch(t.mustCall()));
    const promise = Promise.reject(new Error('boom'));
    assert.deepStrictEqual(await told(t), []);
});

test('a promise job that a tick has made may handle a rejection', async (t) => {
    await t.turn();
    const promise = Promise.reject(new Error('boom'));
    process.nextTick(() => Promise.resolve()
        .then(() => promise.catch(t.mustCall())));
    assert.deepStrictEqual(await told(t), []);
});

test('who is told of one rejection is too late for the next', async (t) => {
    const promises = [Promise.reject(0), Promise.reject(1)];
    process.once('unhandledRejection', () => promises[1].catch(t.mustCall()));
    assert.deepStrictEqual(await told(t), [0, 1]);
});

test('an immediate is too late, and the process is told of both', async (t) => {
    const promise = Promise.reject('late');
    const events = [];
    const onHandled = () => events.push('rejectionHandled');
    process.on('rejectionHandled', onHandled);
    t.after(() => process.off('rejectionHandled', onHandled));
    setImmediate(() => promise.catch(() => events.push('catch')));
    assert.deepStrictEqual(await told(t), ['late']);
    await t.turn();
    assert.deepStrictEqual(events, ['catch', 'rejectionHandled']);
});

/* A rejection that the process is told of; then it is handled in that way. */
function handledLate(name, handle) {
    test(`rejectionHandled comes for ${name}`, async (t) => {
        process.once('unhandledRejection', () => {});
        const promise = Promise.reject(new Error('late'));
        await t.turn();
        const got = [];
        const onHandled = (which) => got.push(which);
        process.on('rejectionHandled', onHandled);
        t.after(() => process.off('rejectionHandled', onHandled));
        assert.deepStrictEqual(Reflect.ownKeys(promise), []);
        setImmediate(() => handle(promise));
        await t.turn();
        await t.turn();
        assert.strictEqual(got.length, 1);
        assert.strictEqual(got[0], promise);
    });
}

handledLate('a catch()', (promise) => promise.catch(() => {}));
handledLate('an await', async (promise) => {
    try {
        await promise;
    } catch {
        // That is all.
    }
});
handledLate('Promise.all()', (promise) =>
    Promise.all([promise]).catch(() => {}));
handledLate('another promise that takes it over', (promise) =>
    new Promise((resolve) => resolve(promise)).catch(() => {}));

test('rejectionHandled comes for what an uncaughtException has taken',
    async (t) => {
        const got = [];
        t.uncaught((error) => got.push(error.message));
        const onHandled = () => got.push('handled');
        process.on('rejectionHandled', onHandled);
        t.after(() => process.off('rejectionHandled', onHandled));
        const promise = Promise.reject(new Error('late'));
        await t.turn();
        promise.catch(() => got.push('caught'));
        await t.turn();
        assert.deepStrictEqual(got, ['late', 'caught', 'handled']);
    });

test('rejectionHandled comes for what is handled as it is told', async (t) => {
    const got = [];
    const onHandled = () => got.push('handled');
    process.on('rejectionHandled', onHandled);
    t.after(() => process.off('rejectionHandled', onHandled));
    process.once('unhandledRejection', (reason, promise) =>
        promise.catch(() => got.push('caught')));
    Promise.reject(new Error('late'));
    await t.turn();
    assert.deepStrictEqual(got, ['caught', 'handled']);
});

test('of very many rejections each may be handled later', async (t) => {
    const count = 500;
    process.on('unhandledRejection', onUnhandled);
    t.after(() => process.off('unhandledRejection', onUnhandled));
    function onUnhandled() {}
    const promises = Array.from({ length: count },
        () => Promise.reject(new Error('late')));
    await t.turn();
    const left = new Set(promises);
    const onHandled = (promise) => left.delete(promise);
    process.on('rejectionHandled', onHandled);
    t.after(() => process.off('rejectionHandled', onHandled));
    for (const promise of promises) {
        promise.catch(() => {});
    }
    while (left.size > 0) {
        await t.turn();
    }
});

test('random programs run in the order that they have on Node', async () => {
    for (const [seed, words] of expected.entries()) {
        assert.strictEqual(await run(seed), words, `seed ${seed}`);
    }
});
