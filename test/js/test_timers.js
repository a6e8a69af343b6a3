'use strict';
const { test, assert } = require('./harness');
const timers = require('timers');
const { promisify } = require('util');

/* Keeps the process busy, so that timers become due meanwhile. */
function busy(ms) {
    const end = process.hrtime.bigint() + BigInt(ms) * 1000000n;
    while (process.hrtime.bigint() < end);
}

function sinceNow() {
    const start = process.hrtime.bigint();
    return () => Number(process.hrtime.bigint() - start) / 1e6;
}

test('the globals are the functions of the module', () => {
    for (const name of ['setTimeout', 'setInterval', 'setImmediate',
        'clearTimeout', 'clearInterval', 'clearImmediate']) {
        assert.strictEqual(timers[name], globalThis[name], name);
    }
    assert.strictEqual(timers.promises, require('timers/promises'));
});

test('a timeout gets its arguments, and itself as this', (t) => {
    const timeout = setTimeout(t.mustCall(function (...args) {
        assert.deepStrictEqual(args, [1, 'two', null, 4]);
        assert.strictEqual(this, timeout);
    }), 1, 1, 'two', null, 4);
});

test('a delay that is a BigInt or a symbol throws', () => {
    for (const value of [1n, Symbol('x')]) {
        assert.throws(() => setTimeout(() => {}, value), { name: 'TypeError' });
        assert.throws(() => setInterval(() => {}, value),
            { name: 'TypeError' });
    }
});

// Node counts from its clock's last whole ms.
test.weir('a timeout is never early', (t) => {
    for (const delay of [1, 2, 5, 13, 20]) {
        const elapsed = sinceNow();
        setTimeout(t.mustCall(() => {
            assert.ok(elapsed() >= delay, `${elapsed()} of ${delay} ms`);
        }), delay);
    }
});

test.weir('a timeout counts from its start, not from that of the turn', (t) => {
    busy(15);
    const elapsed = sinceNow();
    setTimeout(t.mustCall(() => assert.ok(elapsed() >= 10)), 10);
    busy(15);
    setTimeout(t.mustCall(() => assert.ok(elapsed() >= 25)), 10);
});

test('equal delays fire in the order of their start', (t) => {
    const order = [];
    for (let i = 0; i < 100; i++) {
        setTimeout(() => order.push(i), i % 3 === 0 ? 5 : 5.9);
    }
    setTimeout(t.mustCall(() => {
        assert.deepStrictEqual(order, [...Array(100).keys()]);
    }), 6);
});

// So far apart that setting them takes no part, on a slow machine either.
test('delays fire in the order of their length', (t) => {
    const order = [];
    const delays = [9, 3, 7, 1, 5, 8, 2, 6, 4];
    for (const delay of delays) {
        setTimeout(() => order.push(delay), delay * 30);
    }
    busy(300);
    setTimeout(t.mustCall(() => {
        assert.deepStrictEqual(order, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }), 20);
});

test('a delay that is no delay is 1 ms', () => {
    for (const delay of [0, -5, NaN, undefined, null, 'x', {}, 0.5, [],
        -Infinity]) {
        const timeout = setTimeout(() => {}, delay);
        assert.strictEqual(timeout._idleTimeout, 1, String(delay));
        clearTimeout(timeout);
    }
    for (const [delay, expected] of [['7', 7], ['0x10', 16], [true, 1],
        [1.7, 1.7], [2 ** 31 - 1, 2 ** 31 - 1]]) {
        const timeout = setTimeout(() => {}, delay);
        assert.strictEqual(timeout._idleTimeout, expected);
        clearTimeout(timeout);
    }
});

test('a delay that is no number at all is refused', () => {
    for (const delay of [1n, Symbol('x'), Object.create(null)]) {
        assert.throws(() => setTimeout(() => {}, delay), TypeError);
        assert.throws(() => setInterval(() => {}, delay), TypeError);
    }
});

test('a delay that is too long is 1 ms, with a warning', (t) => {
    const onWarning = t.mustCall((warning) => {
        process.removeListener('warning', onWarning);
        assert.strictEqual(warning.name, 'TimeoutOverflowWarning');
        assert.strictEqual(warning.message,
            '2147483648 does not fit into a 32-bit signed integer.' +
            '\nTimeout duration was set to 1.');
    });
    process.on('warning', onWarning);
    const timeout = setTimeout(t.mustCall(), 2 ** 31);
    assert.strictEqual(timeout._idleTimeout, 1);
});

test('what is no function is refused', () => {
    for (const name of ['setTimeout', 'setInterval', 'setImmediate']) {
        for (const [value, text] of [[undefined, 'undefined'],
            [1, 'type number (1)'], ['x', "type string ('x')"]]) {
            assert.throws(() => timers[name](value, 1), {
                name: 'TypeError',
                code: 'ERR_INVALID_ARG_TYPE',
                message: 'The "callback" argument must be of type ' +
                    `function. Received ${text}`,
            });
        }
    }
});

test('clearing takes a timeout, its number, or anything at all', (t) => {
    clearTimeout(setTimeout(t.mustNotCall(), 1));
    clearTimeout(+setTimeout(t.mustNotCall(), 1));
    clearTimeout(String(+setTimeout(t.mustNotCall(), 1)));
    clearInterval(setTimeout(t.mustNotCall(), 1));
    clearTimeout(setInterval(t.mustNotCall(), 1));
    for (const value of [undefined, null, 0, -1, NaN, 'x', {}, true]) {
        clearTimeout(value);
        clearInterval(value);
    }
    clearImmediate(undefined);
    clearImmediate(null);
    const timeout = setTimeout(t.mustNotCall(), 1);
    clearTimeout(timeout);
    clearTimeout(timeout);
    setTimeout(t.mustCall(), 10);
});

test('a timeout is a number where one is wanted, always the same', () => {
    const timeout = setTimeout(() => {}, 1);
    const number = +timeout;
    assert.ok(number > 0);
    assert.strictEqual(timeout[Symbol.toPrimitive](), number);
    clearTimeout(number);
    assert.strictEqual(timeout._destroyed, true);
});

test('a timeout can clear those that are due with it', (t) => {
    const later = [];
    setTimeout(t.mustCall(() => later.forEach(clearTimeout)), 2);
    later.push(setTimeout(t.mustNotCall(), 2), setTimeout(t.mustNotCall(), 2),
        setTimeout(t.mustNotCall(), 3));
    busy(5);
    setTimeout(t.mustCall(), 5);
});

test('the last of a list, the first and one in between can go', (t) => {
    const order = [];
    const all = [0, 1, 2, 3, 4].map((i) =>
        setTimeout(() => order.push(i), 5));
    clearTimeout(all[2]);
    clearTimeout(all[0]);
    clearTimeout(all[4]);
    setTimeout(t.mustCall(() => assert.deepStrictEqual(order, [1, 3])), 8);
});

test('many timers of many durations all fire, each once', (t) => {
    const count = 2000;
    const fired = new Array(count).fill(0);
    const expected = new Array(count).fill(1);
    let seed = 7;
    const random = (n) => (seed = (seed * 16807) % 2147483647) % n;

    for (let i = 0; i < count; i++) {
        const timeout = setTimeout(() => fired[i]++, 1 + random(60));
        if (random(3) === 0) {
            clearTimeout(timeout);
            expected[i] = 0;
        }
    }
    setTimeout(t.mustCall(() => {
        assert.deepStrictEqual(fired, expected);
    }), 90);
});

test('an interval fires until it is cleared, also by itself', (t) => {
    let count = 0;
    const interval = setInterval(t.mustCall(function (text) {
        assert.strictEqual(this, interval);
        assert.strictEqual(text, 'x');
        if (++count === 3) {
            clearInterval(interval);
        }
    }, 3), 2, 'x');
    assert.strictEqual(interval._repeat, 2);
    setTimeout(t.mustCall(), 30);
});

test('an interval whose callback takes long does not pile up', (t) => {
    let inside = false;
    let count = 0;
    const interval = setInterval(t.mustCall(() => {
        assert.strictEqual(inside, false);
        inside = true;
        busy(5);
        inside = false;
        if (++count === 4) {
            clearInterval(interval);
        }
    }, 4), 1);
});

test('refresh starts a timeout anew, also one that has fired', (t) => {
    const elapsed = sinceNow();
    let count = 0;
    const timeout = setTimeout(t.mustCall(() => {
        assert.ok(elapsed() >= 24, `${elapsed()}`);
        if (++count === 1) {
            setTimeout(() => {
                assert.strictEqual(timeout.refresh(), timeout);
            }, 1);
        }
    }, 2), 10);
    busy(8);
    timeout.refresh();
    busy(8);
    timeout.refresh();
});

test('refresh in its own callback makes a timeout fire again', (t) => {
    let count = 0;
    const timeout = setTimeout(t.mustCall(() => {
        if (++count < 3) {
            timeout.refresh();
        }
    }, 3), 1);
});

test('a cleared timeout stays cleared', (t) => {
    const timeout = setTimeout(t.mustNotCall(), 1);
    clearTimeout(timeout);
    timeout.refresh();
    assert.strictEqual(timeout.close(), timeout);
    setTimeout(t.mustCall(), 10);
});

test('close and dispose clear', (t) => {
    setTimeout(t.mustNotCall(), 1).close();
    if (Symbol.dispose) {
        setTimeout(t.mustNotCall(), 1)[Symbol.dispose]();
        setImmediate(t.mustNotCall())[Symbol.dispose]();
    }
    setTimeout(t.mustCall(), 10);
});

test('ref, unref and hasRef tell what holds the process', () => {
    const timeout = setTimeout(() => {}, 1);
    assert.strictEqual(timeout.hasRef(), true);
    assert.strictEqual(timeout.unref(), timeout);
    assert.strictEqual(timeout.hasRef(), false);
    timeout.unref();
    assert.strictEqual(timeout.ref().hasRef(), true);
    timeout.ref();
    clearTimeout(timeout);

    const immediate = setImmediate(() => {});
    assert.strictEqual(immediate.hasRef(), true);
    assert.strictEqual(immediate.unref().hasRef(), false);
    assert.strictEqual(immediate.ref().hasRef(), true);
    clearImmediate(immediate);
    assert.strictEqual(immediate.hasRef(), false);
});

test('an unreferenced timer fires as long as something else waits', (t) => {
    setTimeout(t.mustCall(), 2).unref();
    setImmediate(t.mustCall()).unref();
    setTimeout(t.mustCall(), 10);
});

test('a throwing timeout ends neither others nor its interval', (t) => {
    const thrown = [];
    const complete = t.mustCall(() => {
        assert.deepStrictEqual(thrown.sort(),
            ['immediate', 'interval 1', 'interval 2', 'timeout']);
    });
    t.uncaught((error) => {
        if (thrown.push(error.message) === 4) {
            setImmediate(complete);
        }
    });
    let count = 0;
    const interval = setInterval(() => {
        if (++count === 2) {
            clearInterval(interval);
        }
        throw new Error(`interval ${count}`);
    }, 3);
    setTimeout(() => {
        throw new Error('timeout');
    }, 1);
    setTimeout(t.mustCall(), 1);
    setImmediate(() => {
        throw new Error('immediate');
    });
    setImmediate(t.mustCall());
});

test('ticks and promise jobs run between two timers', (t) => {
    const order = [];
    for (const i of [1, 2]) {
        setTimeout(() => {
            order.push(`timer ${i}`);
            Promise.resolve().then(() => order.push(`job ${i}`));
            process.nextTick(() => order.push(`tick ${i}`));
        }, 2);
    }
    busy(4);
    setTimeout(t.mustCall(() => {
        assert.deepStrictEqual(order, ['timer 1', 'tick 1', 'job 1',
            'timer 2', 'tick 2', 'job 2']);
    }), 4);
});

test('ticks and promise jobs run between two immediates', (t) => {
    const order = [];
    for (const i of [1, 2]) {
        setImmediate(() => {
            order.push(`immediate ${i}`);
            Promise.resolve().then(() => order.push(`job ${i}`));
            process.nextTick(() => order.push(`tick ${i}`));
        });
    }
    setTimeout(t.mustCall(() => {
        assert.deepStrictEqual(order, ['immediate 1', 'tick 1', 'job 1',
            'immediate 2', 'tick 2', 'job 2']);
    }), 4);
});

test('an immediate gets its arguments, and itself as this', (t) => {
    const immediate = setImmediate(t.mustCall(function (...args) {
        assert.deepStrictEqual(args, [1, 2, 3, 4]);
        assert.strictEqual(this, immediate);
    }), 1, 2, 3, 4);
});

test('an immediate set by an immediate is for the next turn', (t) => {
    const order = [];
    setImmediate(() => {
        order.push('first');
        setImmediate(t.mustCall(() => {
            order.push('third');
            assert.deepStrictEqual(order, ['first', 'second', 'third']);
        }));
    });
    setImmediate(() => order.push('second'));
});

test('after I/O an immediate comes before a timer that is due', async (t) => {
    const [client, accepted] = await t.pair();
    const order = [];
    const fired = new Promise((resolve) => {
        accepted.once('data', () => {
            setTimeout(() => {
                order.push('timeout');
                resolve();
            }, 1);
            setImmediate(() => order.push('immediate'));
            busy(5);
        });
    });
    client.write('x');
    await fired;
    assert.deepStrictEqual(order, ['immediate', 'timeout']);
});

test('an immediate set in a timer comes after the due timers', (t) => {
    const order = [];
    setTimeout(() => {
        order.push(1);
        setImmediate(t.mustCall(() => {
            assert.deepStrictEqual(order, [1, 2]);
        }));
    }, 2);
    setTimeout(() => order.push(2), 2);
    busy(5);
});

test('an immediate set by an immediate comes after the timers that are due',
    (t) => {
        const order = [];
        setTimeout(() => order.push('timeout'), 2);
        setImmediate(() => {
            setImmediate(t.mustCall(() => {
                assert.deepStrictEqual(order, ['timeout']);
            }));
            busy(5);
        });
    });

test('a timer that becomes due in an immediate comes before what has arrived',
    async (t) => {
        const [client, accepted] = await t.pair();
        const order = [];
        accepted.on('data', () => order.push('data'));
        const arrived = t.once(accepted, 'data');
        setImmediate(() => {
            setTimeout(() => order.push('timeout'), 2);
            client.write('x');
            busy(5);
        });
        await arrived;
        assert.deepStrictEqual(order, ['timeout', 'data']);
    });

test('an interval comes behind a timeout of its duration that it has set',
    (t) => {
        const order = [];
        const interval = setInterval(t.mustCall(() => {
            order.push('interval');
            if (order.length === 1) {
                setTimeout(() => order.push('timeout'), 3);
                return;
            }
            clearInterval(interval);
            assert.deepStrictEqual(order, ['interval', 'timeout', 'interval']);
        }, 2), 3);
    });

test('immediates can be cleared, also by those before them', (t) => {
    const order = [];
    let last;
    clearImmediate(setImmediate(t.mustNotCall()));
    setImmediate(() => {
        clearImmediate(second);
        clearImmediate(last);
        order.push('first');
    });
    const second = setImmediate(t.mustNotCall());
    setImmediate(() => order.push('third'));
    last = setImmediate(t.mustNotCall());
    setTimeout(t.mustCall(() => {
        assert.deepStrictEqual(order, ['first', 'third']);
    }), 5);
});

test('promisified timers give their value', async () => {
    assert.strictEqual(await promisify(setTimeout)(1, 'a'), 'a');
    assert.strictEqual(await promisify(setImmediate)('b'), 'b');
    assert.strictEqual(promisify(setTimeout),
        require('timers/promises').setTimeout);
});

test('timers/promises: setTimeout and setImmediate', async () => {
    const { setTimeout: wait, setImmediate: turn } =
        require('timers/promises');
    const elapsed = sinceNow();
    assert.strictEqual(await wait(10, 'x'), 'x');
    assert.ok(elapsed() >= 9);
    assert.strictEqual(await turn('y'), 'y');
    assert.strictEqual(await wait(), undefined);
});

test('timers/promises: wrong arguments reject', async () => {
    const { setTimeout: wait, setInterval: every, setImmediate: turn } =
        require('timers/promises');
    const options = 'The "options" argument must be of type object. ' +
        'Received type number (5)';
    const signal = 'The "options.signal" property must be an instance of ' +
        'AbortSignal. Received type number (5)';
    const ref = 'The "options.ref" property must be of type boolean. ' +
        'Received type number (5)';
    const code = 'ERR_INVALID_ARG_TYPE';

    await assert.rejects(wait(1, 1, 5), { code, message: options });
    await assert.rejects(turn(1, 5), { code, message: options });
    await assert.rejects(wait(1, 1, { signal: 5 }), { code, message: signal });
    await assert.rejects(turn(1, { ref: 5 }), { code, message: ref });
    await assert.rejects(every(1, 1, { ref: 5 }).next(),
        { code, message: ref });
});

test('timers/promises: a signal aborts', async () => {
    const { setTimeout: wait, setImmediate: turn, setInterval: every } =
        require('timers/promises');
    const aborted = (cause) => ({
        name: 'AbortError', code: 'ABORT_ERR', cause,
        message: 'The operation was aborted',
    });
    const controller = new AbortController();
    const { signal } = controller;
    const waits = [wait(1e6, 1, { signal }), turn(1, { signal }),
        every(1e6, 1, { signal }).next()];
    const reason = new Error('enough');

    controller.abort(reason);
    for (const each of waits) {
        await assert.rejects(each, aborted(reason));
    }
    await assert.rejects(wait(1, 1, { signal }), aborted(reason));
    await assert.rejects(turn(1, { signal }), aborted(reason));
});

test('timers/promises: setInterval iterates', async () => {
    const { setInterval: every } = require('timers/promises');
    const seen = [];
    for await (const value of every(2, 'beat')) {
        seen.push(value);
        if (seen.length === 3) {
            break;
        }
    }
    assert.deepStrictEqual(seen, ['beat', 'beat', 'beat']);
});

test('timers/promises: beats that nobody waited for are kept', async (t) => {
    const { setInterval: every } = require('timers/promises');
    const iterator = every(2, 'beat');
    const first = iterator.next();
    await t.sleep(25);
    await first;
    let immediates = 0;
    for (let i = 0; i < 4; i++) {
        await iterator.next();
        immediates++;
    }
    assert.strictEqual(immediates, 4);
    assert.deepStrictEqual(await iterator.return(),
        { done: true, value: undefined });
});

test('timers/promises: scheduler', async () => {
    const { scheduler } = require('timers/promises');
    const elapsed = sinceNow();
    assert.strictEqual(await scheduler.wait(5), undefined);
    assert.ok(elapsed() >= 4);
    assert.strictEqual(await scheduler.yield(), undefined);
    assert.throws(() => new scheduler.constructor(),
        { code: 'ERR_ILLEGAL_CONSTRUCTOR', message: 'Illegal constructor' });
});
