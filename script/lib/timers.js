// timers: setTimeout, setInterval, setImmediate and what they return
//
// The idea: the loop has one timer and one task for all of JavaScript.
// Timeouts of the same duration expire in the order in which they were started,
// so they stand in a linked list, one for each duration in use, and starting or
// clearing one links or unlinks it, whatever their number. The lists stand in a
// heap by the time when their first timeout may be due; the loop's timer is set
// to the heap's top.
//
// What crosses into C: starting a timeout is one call, which reads the clock
// and also sets the loop's timer where this timeout is the earliest. (A timeout
// is never early, so its start is the time of the call and not one that was
// read earlier in the turn; hence one call, and not none.) Clearing costs none,
// but for the last one that held the process. setImmediate() costs one for the
// first of a turn. internal/turn.js says when which of them is run.

const { validateFunction } = require('internal/validators');
const { hooks, post } = require('internal/turn');
const native = binding.timers;

const MAX_DELAY = 2 ** 31 - 1;

const kInspect = Symbol.for('nodejs.util.inspect.custom');
const kRefed = Symbol('refed');
const kId = Symbol('id');

// ------------------------------------------------------------------- the lists

// The head of a circular list whose members link by _idleNext and _idlePrev.
class TimersList {
    constructor(duration, expiry) {
        this._idleNext = this;
        this._idlePrev = this;
        this.duration = duration;
        this.expiry = expiry; // never after that of its first timeout
        this.place = 0;       // in the heap
    }

    // Who looks at a timeout does not want to see all others.
    [kInspect](depth, options) {
        return options.stylize('[TimersList]', 'special');
    }
}

const lists = new SafeMap(); // by duration
const heap = [];         // of lists; a parent never expires after its child
let referenced = 0;      // timeouts in lists that hold the process
let firing = false;      // C waits for us to say what comes next

function place(list, index) {
    heap[index] = list;
    list.place = index;
}

function siftUp(list, index) {
    while (index > 0) {
        const parent = (index - 1) >> 1;
        if (heap[parent].expiry <= list.expiry)
            break;
        place(heap[parent], index);
        index = parent;
    }
    place(list, index);
}

function siftDown(list, index) {
    for (;;) {
        let child = 2 * index + 1;
        if (child + 1 < heap.length &&
            heap[child + 1].expiry < heap[child].expiry)
            child++;
        if (child >= heap.length || heap[child].expiry >= list.expiry)
            break;
        place(heap[child], index);
        index = child;
    }
    place(list, index);
}

function removeList(list) {
    const last = heap[heap.length - 1];

    heap.length--;
    lists.delete(list.duration);
    if (last === list)
        return;
    siftDown(last, list.place);
    siftUp(last, last.place);
}

function append(list, timeout) {
    const last = list._idlePrev;

    timeout._idlePrev = last;
    timeout._idleNext = list;
    last._idleNext = timeout;
    list._idlePrev = timeout;
}

function link(timeout, duration) {
    let list = lists.get(duration);

    if (list === undefined) {
        list = new TimersList(duration, timeout._idleStart + duration);
        lists.set(duration, list);
        siftUp(list, heap.length);
    }
    append(list, timeout);
    if (timeout[kRefed])
        referenced++;
}

function unlink(timeout) {
    const previous = timeout._idlePrev;
    const next = timeout._idleNext;

    previous._idleNext = next;
    next._idlePrev = previous;
    timeout._idleNext = timeout._idlePrev = null;
    if (previous === next) // what is left is the head
        removeList(next);
    if (timeout[kRefed])
        referenced--;
}

// Without this the process would stay, or end, as the last timeout wanted.
function tellReferenced(before) {
    if (!firing && (before === 0) !== (referenced === 0))
        native.reference(referenced > 0);
}

function start(timeout, now = 0) {
    const duration = Math.trunc(timeout._idleTimeout);

    timeout._destroyed = false;
    if (now > 0)
        timeout._idleStart = now;
    else if (firing)
        timeout._idleStart = native.now();
    else
        timeout._idleStart = native.start(duration,
            referenced > 0 || timeout[kRefed]);
    link(timeout, duration);
}

// One that stands in a list goes to its end. The list keeps its place in the
// heap: that is too early now, which nextDue() finds out in time.
function restart(timeout) {
    const duration = Math.trunc(timeout._idleTimeout);
    const list = lists.get(duration);

    timeout._idleStart = firing ? native.now() :
        native.start(duration, referenced > 0);
    if (list._idlePrev === timeout)
        return;
    timeout._idlePrev._idleNext = timeout._idleNext;
    timeout._idleNext._idlePrev = timeout._idlePrev;
    append(list, timeout);
}

function stop(timeout) {
    const before = referenced;

    unlink(timeout);
    tellReferenced(before);
}

// -------------------------------------------------------------- firing them

// The next timeout that is due, or null. A list may be looked at too early: the
// timeout that it stood in the heap for has been cleared.
function nextDue(now) {
    while (heap.length > 0 && heap[0].expiry <= now) {
        const list = heap[0];
        const first = list._idleNext;
        const due = first._idleStart + list.duration;

        if (due <= now)
            return first;
        list.expiry = due;
        siftDown(list, 0);
    }
    return null;
}

function afterCall(timeout, now) {
    if (timeout._idleNext !== null || timeout._destroyed)
        return; // refreshed, or cleared, by its own callback
    if (timeout._repeat !== null && timeout._idleTimeout >= 0) {
        timeout._idleTimeout = timeout._repeat;
        start(timeout, now);
        return;
    }
    timeout._destroyed = true;
    forgetId(timeout);
}

function call(timeout, now) {
    const args = timeout._timerArgs;

    try {
        if (args === undefined)
            timeout._onTimeout();
        else
            Reflect.apply(timeout._onTimeout, timeout, args);
    } finally {
        afterCall(timeout, now);
    }
}

// One time for all that fire in a turn: what they start is not for this turn.
let turnNow = 0;

hooks.beginTimers = () => {
    turnNow = heap.length > 0 ? native.now() - 1 : 0;
    firing = true;
};

hooks.runTimer = () => {
    const timeout = nextDue(turnNow);

    if (timeout === null) {
        firing = false;
        return false;
    }
    unlink(timeout);
    if (typeof timeout._onTimeout === 'function')
        call(timeout, turnNow);
    return true;
};

hooks.nextDeadline = () => {
    if (heap.length === 0)
        return 0;
    return referenced > 0 ? heap[0].expiry : -heap[0].expiry;
};

// ------------------------------------------------------------------- timeouts

// Timeouts that were turned into a number, to be cleared by it. Most never are.
let numbered = null;
let lastId = 0;

function forgetId(timeout) {
    if (numbered !== null && timeout[kId] !== 0)
        numbered.delete(timeout[kId]);
}

function delayOf(value) {
    const delay = Number(value);

    if (delay >= 1 && delay <= MAX_DELAY)
        return delay;
    if (delay > MAX_DELAY) {
        require('process').emitWarning(
            `${delay} does not fit into a 32-bit signed integer.` +
            '\nTimeout duration was set to 1.', 'TimeoutOverflowWarning');
    }
    return 1;
}

function holdProcess(timeout, wanted) {
    const before = referenced;

    if (timeout._idleNext !== null && timeout[kRefed] !== wanted)
        referenced += wanted ? 1 : -1;
    timeout[kRefed] = wanted;
    tellReferenced(before);
}

class Timeout {
    constructor(callback, delay, args, repeats) {
        this._idleTimeout = delayOf(delay);
        this._idlePrev = null;
        this._idleNext = null;
        this._idleStart = 0;
        this._onTimeout = callback;
        this._timerArgs = args;
        this._repeat = repeats ? this._idleTimeout : null;
        this._destroyed = false;
        this[kRefed] = true;
        this[kId] = 0;
        start(this);
    }

    refresh() {
        if (this._idleTimeout < 0)
            return this; // cleared: for good
        if (this._idleNext !== null)
            restart(this);
        else
            start(this);
        return this;
    }

    ref() {
        holdProcess(this, true);
        return this;
    }

    unref() {
        holdProcess(this, false);
        return this;
    }

    hasRef() {
        return this[kRefed];
    }

    close() {
        clearTimeout(this);
        return this;
    }

    [Symbol.toPrimitive]() {
        if (this[kId] === 0)
            this[kId] = ++lastId;
        if (!this._destroyed) {
            numbered ??= new SafeMap();
            numbered.set(this[kId], this);
        }
        return this[kId];
    }

    [Symbol.dispose]() {
        clearTimeout(this);
    }
}

function setTimeout(callback, delay, ...args) {
    validateFunction(callback, 'callback');
    return new Timeout(callback, delay, args.length > 0 ? args : undefined,
        false);
}

function setInterval(callback, delay, ...args) {
    validateFunction(callback, 'callback');
    return new Timeout(callback, delay, args.length > 0 ? args : undefined,
        true);
}

function cancel(timeout) {
    timeout._destroyed = true;
    timeout._onTimeout = null;
    timeout._idleTimeout = -1;
    forgetId(timeout);
    if (timeout._idleNext !== null)
        stop(timeout);
}

function clearTimeout(timeout) {
    if (timeout instanceof Timeout) {
        cancel(timeout);
        return;
    }
    if (typeof timeout !== 'number' && typeof timeout !== 'string')
        return;
    const found = numbered?.get(Number(timeout));
    if (found !== undefined)
        cancel(found);
}

function clearInterval(timeout) {
    clearTimeout(timeout);
}

// ----------------------------------------------------------------- immediates

// Two lists: those that wait for the next task phase, and those of the phase
// that runs, which is what keeps an immediate that an immediate set for the
// next turn.
class ImmediateList {
    constructor() {
        this.head = null;
        this.tail = null;
    }

    append(immediate) {
        immediate._idlePrev = this.tail;
        if (this.tail === null)
            this.head = immediate;
        else
            this.tail._idleNext = immediate;
        this.tail = immediate;
    }
}

let waiting = new ImmediateList();
let running = new ImmediateList();

function unlinkImmediate(immediate) {
    const { _idlePrev: previous, _idleNext: next } = immediate;

    if (previous !== null)
        previous._idleNext = next;
    else if (running.head === immediate)
        running.head = next;
    else
        waiting.head = next;
    if (next !== null)
        next._idlePrev = previous;
    else if (running.tail === immediate)
        running.tail = previous;
    else
        waiting.tail = previous;
    immediate._idleNext = immediate._idlePrev = null;
}

// hooks.immediates: those that hold the process, in both lists.
function holdWithImmediate(immediate, wanted) {
    if (!immediate._destroyed && immediate[kRefed] !== wanted) {
        hooks.immediates += wanted ? 1 : -1;
        post();
    }
    immediate[kRefed] = wanted;
}

class Immediate {
    constructor(callback, args) {
        this._idleNext = null;
        this._idlePrev = null;
        this._onImmediate = callback;
        this._argv = args;
        this._destroyed = false;
        this[kRefed] = true;
        waiting.append(this);
        hooks.immediates++;
        post();
    }

    ref() {
        holdWithImmediate(this, true);
        return this;
    }

    unref() {
        holdWithImmediate(this, false);
        return this;
    }

    hasRef() {
        return this[kRefed] && !this._destroyed;
    }

    [Symbol.dispose]() {
        clearImmediate(this);
    }
}

function setImmediate(callback, ...args) {
    validateFunction(callback, 'callback');
    return new Immediate(callback, args.length > 0 ? args : undefined);
}

function finish(immediate) {
    unlinkImmediate(immediate);
    immediate._destroyed = true;
    immediate._onImmediate = null;
    if (immediate[kRefed])
        hooks.immediates--;
}

function clearImmediate(immediate) {
    if (!(immediate instanceof Immediate) || immediate._destroyed)
        return;
    finish(immediate);
    post();
}

hooks.beginImmediates = () => {
    [waiting, running] = [running, waiting];
};

hooks.runImmediate = () => {
    const immediate = running.head;
    if (immediate === null)
        return false;

    const callback = immediate._onImmediate;
    const args = immediate._argv;
    finish(immediate);
    if (args === undefined)
        callback.call(immediate);
    else
        Reflect.apply(callback, immediate, args);
    return true;
};

// -------------------------------------------------------------------- exports

function definePromised(timer, name) {
    Object.defineProperty(timer, Symbol.for('nodejs.util.promisify.custom'), {
        enumerable: true,
        get() {
            return require('timers/promises')[name];
        },
    });
}

definePromised(setTimeout, 'setTimeout');
definePromised(setImmediate, 'setImmediate');

module.exports = {
    setTimeout, clearTimeout, setImmediate, clearImmediate, setInterval,
    clearInterval,
};

Object.defineProperty(module.exports, 'promises', {
    configurable: true,
    enumerable: true,
    get() {
        return require('timers/promises');
    },
});
