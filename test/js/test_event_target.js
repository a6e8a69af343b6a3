'use strict';
/*
 * Event, EventTarget, AbortController, AbortSignal and DOMException. What is
 * thrown for wrong arguments stands in test_errors.js.
 */
const { test, assert } = require('./harness');

const { inspect } = require('util');
const { getEventListeners, getMaxListeners } = require('events');

/* ------------------------------------------------------------------- Event */

test('an event has the properties it was made with', () => {
    const plain = new Event('plain');
    assert.strictEqual(plain.type, 'plain');
    for (const name of ['bubbles', 'cancelable', 'composed',
        'defaultPrevented', 'cancelBubble', 'isTrusted']) {
        assert.strictEqual(plain[name], false);
    }
    for (const name of ['target', 'currentTarget', 'srcElement']) {
        assert.strictEqual(plain[name], null);
    }
    assert.strictEqual(plain.eventPhase, Event.NONE);
    assert.strictEqual(plain.returnValue, true);
    assert.strictEqual(typeof plain.timeStamp, 'number');
    assert.deepStrictEqual(plain.composedPath(), []);
    const full = new Event(5,
        { bubbles: 1, cancelable: true, composed: true });
    assert.strictEqual(full.type, '5');
    assert.deepStrictEqual([full.bubbles, full.cancelable, full.composed],
        [true, true, true]);
    assert.strictEqual(String(plain), '[object Event]');
});

test('the phases are numbered', () => {
    assert.deepStrictEqual([Event.NONE, Event.CAPTURING_PHASE,
        Event.AT_TARGET, Event.BUBBLING_PHASE], [0, 1, 2, 3]);
});

test('only a cancelable event can be prevented', () => {
    const plain = new Event('x');
    plain.preventDefault();
    assert.strictEqual(plain.defaultPrevented, false);
    assert.strictEqual(plain.returnValue, true);
    const cancelable = new Event('x', { cancelable: true });
    cancelable.preventDefault();
    assert.strictEqual(cancelable.defaultPrevented, true);
    assert.strictEqual(cancelable.returnValue, false);
});

test('cancelBubble and stopPropagation() are one', () => {
    const event = new Event('x');
    event.cancelBubble = false;
    assert.strictEqual(event.cancelBubble, false);
    event.cancelBubble = true;
    assert.strictEqual(event.cancelBubble, true);
    const other = new Event('x');
    other.stopPropagation();
    assert.strictEqual(other.cancelBubble, true);
});

test('CustomEvent has a detail, null if not given', () => {
    const event = new CustomEvent('x', { detail: 5, cancelable: true });
    assert.strictEqual(event.detail, 5);
    assert.strictEqual(event.cancelable, true);
    assert.ok(event instanceof Event);
    assert.strictEqual(new CustomEvent('x').detail, null);
    assert.strictEqual(String(event), '[object CustomEvent]');
});

test('an event shows its main properties when inspected', () => {
    assert.match(inspect(new Event('x')), new RegExp(
        "^Event {\\n  type: 'x',\\n  defaultPrevented: false,\\n" +
        '  cancelable: false,\\n  timeStamp: [\\d.]+\\n}$'));
});

/* ------------------------------------------------------------- EventTarget */

test('dispatch calls in order, with target as this, in phase 2', () => {
    const target = new EventTarget();
    const event = new Event('x');
    const log = [];
    target.addEventListener('x', function first(given) {
        assert.strictEqual(this, target);
        assert.strictEqual(given, event);
        assert.strictEqual(event.eventPhase, Event.AT_TARGET);
        assert.strictEqual(event.target, target);
        assert.strictEqual(event.currentTarget, target);
        assert.deepStrictEqual(event.composedPath(), [target]);
        log.push('first');
    });
    target.addEventListener('x', () => log.push('second'));
    target.addEventListener('y', () => log.push('other'));
    assert.strictEqual(target.dispatchEvent(event), true);
    assert.deepStrictEqual(log, ['first', 'second']);
    assert.strictEqual(event.target, target);
    assert.strictEqual(event.currentTarget, null);
    assert.strictEqual(event.eventPhase, Event.NONE);
    assert.deepStrictEqual(event.composedPath(), []);
});

test('an event can be dispatched again, to another target too', () => {
    const event = new Event('x');
    const [one, two] = [new EventTarget(), new EventTarget()];
    let calls = 0;
    one.addEventListener('x', () => calls++);
    two.addEventListener('x', () => calls++);
    one.dispatchEvent(event);
    one.dispatchEvent(event);
    two.dispatchEvent(event);
    assert.strictEqual(calls, 3);
    assert.strictEqual(event.target, two);
});

test('dispatch while being dispatched is refused', (t) => {
    const target = new EventTarget();
    const event = new Event('again');
    target.addEventListener('again', t.mustCall(() => {
        assert.throws(() => target.dispatchEvent(event), {
            code: 'ERR_EVENT_RECURSION',
            message: 'The event "again" is already being dispatched',
        });
    }));
    target.dispatchEvent(event);
});

test('dispatchEvent() says whether the event was prevented', () => {
    const target = new EventTarget();
    target.addEventListener('x', (event) => event.preventDefault());
    assert.strictEqual(target.dispatchEvent(new Event('x')), true);
    assert.strictEqual(
        target.dispatchEvent(new Event('x', { cancelable: true })), false);
});

test('a listener is known by its callback and whether it captures', () => {
    const target = new EventTarget();
    let calls = 0;
    const listener = () => calls++;
    target.addEventListener('x', listener);
    target.addEventListener('x', listener, { once: true });
    target.addEventListener('x', listener, true);
    target.addEventListener('x', listener, { capture: true });
    target.dispatchEvent(new Event('x'));
    assert.strictEqual(calls, 2);
    target.removeEventListener('x', listener, { capture: true });
    target.dispatchEvent(new Event('x'));
    assert.strictEqual(calls, 3);
    target.removeEventListener('x', listener);
    target.removeEventListener('x', listener);
    target.dispatchEvent(new Event('x'));
    assert.strictEqual(calls, 3);
});

test('once: the listener is gone before it is called', () => {
    const target = new EventTarget();
    let calls = 0;
    target.addEventListener('x', () => {
        calls++;
        target.dispatchEvent(new Event('x'));
    }, { once: true });
    target.dispatchEvent(new Event('x'));
    target.dispatchEvent(new Event('x'));
    assert.strictEqual(calls, 1);
});

test('an object with handleEvent listens, whatever that is at the time', () => {
    const target = new EventTarget();
    const log = [];
    const listener = {
        handleEvent() {
            assert.strictEqual(this, listener);
            log.push('first');
        },
    };
    target.addEventListener('x', listener);
    target.dispatchEvent(new Event('x'));
    listener.handleEvent = () => log.push('second');
    target.dispatchEvent(new Event('x'));
    assert.deepStrictEqual(log, ['first', 'second']);
});

test('stopImmediatePropagation() keeps the rest from being called', (t) => {
    const target = new EventTarget();
    target.addEventListener('x', t.mustCall((event) => {
        event.stopImmediatePropagation();
    }));
    target.addEventListener('x', t.mustNotCall());
    target.dispatchEvent(new Event('x'));
});

test('a listener removed meanwhile is not called, one added neither', (t) => {
    const target = new EventTarget();
    const removed = t.mustNotCall();
    const added = t.mustNotCall();
    target.addEventListener('x', () => {
        target.removeEventListener('x', removed);
        target.addEventListener('x', added);
    });
    target.addEventListener('x', removed);
    target.dispatchEvent(new Event('x'));
});

test('a signal removes its listeners when it aborts', (t) => {
    const target = new EventTarget();
    const controller = new AbortController();
    const { signal } = controller;
    target.addEventListener('x', t.mustNotCall(), { signal });
    assert.strictEqual(getEventListeners(target, 'x').length, 1);
    controller.abort();
    assert.strictEqual(getEventListeners(target, 'x').length, 0);
    target.addEventListener('x', t.mustNotCall(), { signal });
    target.dispatchEvent(new Event('x'));
});

test('an exception in a listener is uncaught and stops nobody', async (t) => {
    const target = new EventTarget();
    const seen = [];
    const both = new Promise((resolve) => {
        t.uncaught((error) => {
            seen.push(error.message);
            if (seen.length === 2) resolve();
        });
    });
    target.addEventListener('x', () => {
        throw new Error('sync');
    });
    target.addEventListener('x', async () => {
        throw new Error('async');
    });
    target.addEventListener('x', t.mustCall());
    assert.strictEqual(target.dispatchEvent(new Event('x')), true);
    assert.deepStrictEqual(seen, []);
    await both;
    assert.deepStrictEqual(seen.sort(), ['async', 'sync']);
});

test('no listener at all is warned of', async (t) => {
    const target = new EventTarget();
    const warned = t.once(process, 'warning');
    target.addEventListener('x', null);
    const [warning] = await warned;
    assert.strictEqual(warning.name, 'AddEventListenerArgumentTypeWarning');
    assert.strictEqual(warning.message,
        'addEventListener called with null which has no effect.');
    assert.strictEqual(warning.target, target);
});

test('too many listeners are warned of', async (t) => {
    const target = new EventTarget();
    const warned = t.once(process, 'warning');
    for (let i = 0; i < 12; i++) target.addEventListener('x', () => {});
    const [warning] = await warned;
    assert.strictEqual(warning.name, 'MaxListenersExceededWarning');
    assert.strictEqual(warning.message, 'Possible EventTarget memory leak ' +
        'detected. 11 x listeners added to EventTarget. MaxListeners is 10. ' +
        'Use events.setMaxListeners() to increase limit');
    assert.strictEqual(warning.count, 11);
    assert.strictEqual(getMaxListeners(target), 10);
});

test('EventTarget can be extended', () => {
    class Target extends EventTarget {
        value = 5;
    }
    const target = new Target();
    let value;
    target.addEventListener('x', function listener() {
        ({ value } = this);
    });
    target.dispatchEvent(new Event('x'));
    assert.strictEqual(value, 5);
    assert.strictEqual(String(target), '[object EventTarget]');
});

/* ------------------------------------------------------------------- abort */

test('abort() sets the state, then tells', (t) => {
    const controller = new AbortController();
    const { signal } = controller;
    assert.strictEqual(controller.signal, signal);
    assert.strictEqual(signal.aborted, false);
    assert.strictEqual(signal.reason, undefined);
    signal.throwIfAborted();
    signal.addEventListener('abort', t.mustCall(function listener(event) {
        assert.strictEqual(this, signal);
        assert.strictEqual(event.type, 'abort');
        assert.strictEqual(event.isTrusted, true);
        assert.strictEqual(event.target, signal);
        assert.strictEqual(signal.aborted, true);
        assert.strictEqual(signal.reason, 'why');
    }));
    controller.abort('why');
    controller.abort('again');
    assert.strictEqual(signal.reason, 'why');
    assert.throws(() => signal.throwIfAborted(), (reason) => reason === 'why');
});

test('without a reason it is an AbortError, which null is not', () => {
    for (const args of [[], [undefined]]) {
        const controller = new AbortController();
        controller.abort(...args);
        const { reason } = controller.signal;
        assert.ok(reason instanceof DOMException);
        assert.strictEqual(reason.name, 'AbortError');
        assert.strictEqual(reason.code, 20);
        assert.strictEqual(reason.message, 'This operation was aborted');
    }
    const controller = new AbortController();
    controller.abort(null);
    assert.strictEqual(controller.signal.reason, null);
    assert.strictEqual(AbortSignal.abort(null).reason, null);
});

test('AbortSignal.abort() is aborted from the start', () => {
    const signal = AbortSignal.abort();
    assert.ok(signal instanceof AbortSignal);
    assert.ok(signal instanceof EventTarget);
    assert.strictEqual(signal.aborted, true);
    assert.strictEqual(signal.reason.name, 'AbortError');
    assert.strictEqual(AbortSignal.abort(5).reason, 5);
});

test('onabort is a listener that can be replaced and taken away', () => {
    const controller = new AbortController();
    const { signal } = controller;
    const log = [];
    assert.strictEqual(signal.onabort, null);
    const first = () => log.push('first');
    signal.onabort = first;
    assert.strictEqual(signal.onabort, first);
    signal.addEventListener('abort', () => log.push('listener'));
    signal.onabort = function second() {
        assert.strictEqual(this, signal);
        log.push('second');
    };
    controller.abort();
    assert.deepStrictEqual(log, ['second', 'listener']);

    const other = new AbortController();
    other.signal.onabort = () => log.push('never');
    other.signal.onabort = null;
    other.abort();
    assert.strictEqual(log.length, 2);
});

test('AbortSignal.timeout() aborts with a TimeoutError', async (t) => {
    const signal = AbortSignal.timeout(5);
    assert.strictEqual(signal.aborted, false);
    const keepAlive = setTimeout(() => {}, 5000);
    t.after(() => clearTimeout(keepAlive));
    await new Promise((resolve) => {
        signal.addEventListener('abort', resolve);
    });
    assert.strictEqual(signal.reason.name, 'TimeoutError');
    assert.strictEqual(signal.reason.code, 23);
    assert.strictEqual(signal.reason.message,
        'The operation was aborted due to timeout');
});

test('AbortSignal.any() aborts with the first of its signals', (t) => {
    const [one, two] = [new AbortController(), new AbortController()];
    const signal = AbortSignal.any([one.signal, two.signal]);
    assert.strictEqual(signal.aborted, false);
    signal.addEventListener('abort', t.mustCall());
    two.abort('two');
    one.abort('one');
    assert.strictEqual(signal.reason, 'two');
    assert.strictEqual(AbortSignal.any([one.signal]).reason, 'one');
    assert.strictEqual(AbortSignal.any([]).aborted, false);
});

test('AbortSignal.any() of such signals follows what is behind them', (t) => {
    const controller = new AbortController();
    const inner = AbortSignal.any([controller.signal]);
    const outer = AbortSignal.any([inner, new AbortController().signal]);
    const log = [];
    controller.signal.addEventListener('abort', () => {
        log.push('source', inner.aborted, outer.aborted);
    });
    outer.addEventListener('abort', t.mustCall(() => log.push('outer')));
    inner.addEventListener('abort', t.mustCall(() => log.push('inner')));
    controller.abort('why');
    assert.strictEqual(outer.reason, 'why');
    assert.ok(log.includes('inner') && log.includes('outer'));
});

test.weir('all dependent signals abort before the first is told', (t) => {
    const controller = new AbortController();
    const signals = Array.from({ length: 50 },
        () => AbortSignal.any([controller.signal]));
    controller.signal.addEventListener('abort', t.mustCall(() => {
        assert.ok(signals.every(({ aborted }) => aborted));
    }));
    controller.abort();
});

test('controller and signal show their state when inspected', () => {
    assert.strictEqual(inspect(new AbortController()),
        'AbortController { signal: AbortSignal { aborted: false } }');
    assert.strictEqual(inspect(AbortSignal.abort()),
        'AbortSignal { aborted: true }');
    assert.strictEqual(String(new AbortController()),
        '[object AbortController]');
});

test('only what is a signal or an event has their properties', () => {
    const get = (prototype, name) =>
        Object.getOwnPropertyDescriptor(prototype, name).get;
    const wrong = (type) => ({
        code: 'ERR_INVALID_THIS',
        message: `Value of "this" must be of type ${type}`,
    });
    assert.throws(() => get(AbortSignal.prototype, 'aborted').call({}),
        wrong('AbortSignal'));
    assert.throws(() => AbortSignal.prototype.throwIfAborted.call({}),
        wrong('AbortSignal'));
    assert.throws(() => get(Event.prototype, 'type').call({}),
        wrong('Event'));
    assert.throws(() => get(CustomEvent.prototype, 'detail').call({}),
        wrong('CustomEvent'));
    assert.throws(() => get(AbortController.prototype, 'signal').call({}),
        TypeError);
    assert.throws(() => get(DOMException.prototype, 'code').call({}),
        { code: 'ERR_INVALID_THIS' });
});

/* ------------------------------------------------------------ DOMException */

test('DOMException has a name, the code of that name, and a message', () => {
    const error = new DOMException('text', 'AbortError');
    assert.ok(error instanceof Error);
    assert.strictEqual(error.name, 'AbortError');
    assert.strictEqual(error.code, DOMException.ABORT_ERR);
    assert.strictEqual(error.code, error.ABORT_ERR);
    assert.strictEqual(error.message, 'text');
    assert.strictEqual(String(error), 'AbortError: text');
    assert.strictEqual(Object.prototype.toString.call(error),
        '[object DOMException]');
    const plain = new DOMException();
    assert.deepStrictEqual([plain.name, plain.message, plain.code],
        ['Error', '', 0]);
});

test('DOMException takes a cause', () => {
    const error = new DOMException('text',
        { name: 'DataCloneError', cause: 5 });
    assert.strictEqual(error.name, 'DataCloneError');
    assert.strictEqual(error.code, 25);
    assert.strictEqual(error.cause, 5);
});

test('names have the numbers they always had', () => {
    const numbers = {
        IndexSizeError: 1, NotFoundError: 8, NotSupportedError: 9,
        InvalidStateError: 11, SyntaxError: 12, NetworkError: 19,
        AbortError: 20, QuotaExceededError: 22, TimeoutError: 23,
        DataCloneError: 25, EncodingError: 0, Unheard: 0,
    };
    for (const [name, code] of Object.entries(numbers)) {
        assert.strictEqual(new DOMException('', name).code, code);
    }
    assert.strictEqual(DOMException.DATA_CLONE_ERR, 25);
    assert.strictEqual(DOMException.DOMSTRING_SIZE_ERR, 2);
});
