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

test('random programs run in the order that they have on Node', async () => {
    for (const [seed, words] of expected.entries()) {
        assert.strictEqual(await run(seed), words, `seed ${seed}`);
    }
});
