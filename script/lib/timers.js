// timers: setTimeout, setInterval, setImmediate and what they return
//
// A Timeout that runs is one weir_timer, known to C by a number, as sockets are:
// the loop's wheel starts, stops and fires any number of them at the same cost,
// and keeps the order of those that are due at once. `timeouts` keeps what runs
// from the collector. Immediates are two lists; internal/turn.js says when which
// of all of them is run.
//
// What crosses into C stands in `registers`, memory that both sides see, so that
// starting and clearing cost a call without arguments each.

const { upcalls } = require('internal/core');
const { hooks, post } = require('internal/turn');
const { validateFunction } = require('internal/validators');
const native = binding.timers;

const MAX_DELAY = 2 ** 31 - 1;

const kRefed = Symbol('refed');
const kId = Symbol('id');
const kNumber = Symbol('number'); // of the weir_timer, 0 for none
const kRuns = Symbol('runs');
const kSame = Symbol('same'); // intervals of the same duration

const registers = new Float64Array(native.registers);
const { NUMBER, DELAY, NOW } = native;

// ------------------------------------------------------------ the loop's timers

const timeouts = []; // by number
const free = [];     // numbers that nobody has

function takeNumber(timeout) {
    if (free.length === 0)
        makeNumbers();
    const number = free.pop();
    timeouts[number] = timeout;
    timeout[kNumber] = number;
    if (!timeout[kRefed])
        tell(native.unref, timeout);
}

// The low ones first: the table stays short. 0 is nobody's.
function makeNumbers() {
    const first = timeouts.length;
    const end = first + native.grow();
    for (let number = first; number < end; number++)
        timeouts.push(undefined);
    for (let number = end - 1; number >= first && number > 0; number--)
        free.push(number);
}

function giveNumber(timeout) {
    if (!timeout[kRefed])
        tell(native.ref, timeout);
    timeouts[timeout[kNumber]] = undefined;
    free.push(timeout[kNumber]);
    timeout[kNumber] = 0;
}

function tell(request, timeout) {
    registers[NUMBER] = timeout[kNumber];
    request();
}

// Counts from now, or from `since`.
function start(timeout, since = 0) {
    if (timeout[kNumber] === 0)
        takeNumber(timeout);
    timeout._destroyed = false;
    timeout[kRuns] = true;
    registers[DELAY] = Math.trunc(timeout._idleTimeout);
    registers[NOW] = since;
    tell(native.start, timeout);
    timeout._idleStart = registers[NOW];
    if (intervals !== null)
        noteStart(timeout);
}

function stop(timeout) {
    if (timeout[kRuns])
        tell(native.stop, timeout);
    timeout[kRuns] = false;
    giveNumber(timeout);
}

// -------------------------------------------------- intervals and their order
//
// Timeouts of one duration are called in the order in which they were started. A
// timeout counts from its call, and an interval from the turn in which it was
// called; so it may have to wait for a timeout that was started in that turn.

let intervals = null; // by duration: how many there are, and the last start

function addInterval(interval) {
    const duration = interval._idleTimeout;
    intervals ??= new SafeMap();
    if (!intervals.has(duration))
        intervals.set(duration, { duration, count: 0, lastStart: 0 });
    interval[kSame] = intervals.get(duration);
    interval[kSame].count++;
}

function removeInterval(interval) {
    const same = interval[kSame];
    interval[kSame] = null;
    if (same !== null && --same.count === 0)
        intervals.delete(same.duration);
}

function noteStart(timeout) {
    const same = intervals.get(timeout._idleTimeout);
    if (same !== undefined)
        same.lastStart = timeout._idleStart;
}

function startAgain(interval, now) {
    const same = interval[kSame];
    start(interval, same === null ? now : Math.max(now, same.lastStart));
}

// -------------------------------------------------------------- firing them

function afterCall(timeout, now) {
    if (timeout[kRuns] || timeout._destroyed)
        return; // refreshed, or cleared, by its own callback
    if (timeout._repeat !== null && timeout._idleTimeout >= 0) {
        timeout._idleTimeout = timeout._repeat;
        startAgain(timeout, now);
        return;
    }
    timeout._destroyed = true;
    giveNumber(timeout);
    forgetId(timeout);
}

function call(timeout, now) {
    const args = timeout._timerArgs;

    try {
        if (typeof timeout._onTimeout !== 'function')
            return;
        if (args === undefined)
            timeout._onTimeout();
        else
            Reflect.apply(timeout._onTimeout, timeout, args);
    } finally {
        afterCall(timeout, now);
    }
}

// Takes the next one out, and runTimer() follows at once.
hooks.hasTimer = () => {
    native.nextDue();
    return registers[NUMBER] !== 0;
};

hooks.runTimer = () => {
    const timeout = timeouts[registers[NUMBER]];
    timeout[kRuns] = false;
    call(timeout, registers[NOW]);
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
    const delay = +value;

    if (delay >= 1 && delay <= MAX_DELAY)
        return delay;
    if (delay > MAX_DELAY) {
        upcalls().process().emitWarning(
            `${delay} does not fit into a 32-bit signed integer.` +
            '\nTimeout duration was set to 1.', 'TimeoutOverflowWarning');
    }
    return 1;
}

function holdProcess(timeout, wanted) {
    if (timeout[kRefed] === wanted)
        return;
    timeout[kRefed] = wanted;
    if (timeout[kNumber] !== 0)
        tell(wanted ? native.ref : native.unref, timeout);
}

class Timeout {
    constructor(callback, delay, args, repeats) {
        this._idleTimeout = delayOf(delay);
        this._idleStart = 0;
        this._onTimeout = callback;
        this._timerArgs = args;
        this._repeat = repeats ? this._idleTimeout : null;
        this._destroyed = false;
        this[kRefed] = true;
        this[kId] = 0;
        this[kNumber] = 0;
        this[kRuns] = false;
        this[kSame] = null;
        if (repeats)
            addInterval(this);
        start(this);
    }

    refresh() {
        if (this._idleTimeout < 0)
            return this; // cleared: for good
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
    removeInterval(timeout);
    forgetId(timeout);
    if (timeout[kNumber] !== 0)
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

// Two lists: those that wait for the next turn, and those of the one that runs,
// which is what keeps an immediate that an immediate set for the next.
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
    const empty = running;
    running = waiting;
    waiting = empty;
};

hooks.hasImmediate = () => running.head !== null;

hooks.runImmediate = () => {
    const immediate = running.head;
    const callback = immediate._onImmediate;
    const args = immediate._argv;
    finish(immediate);
    if (args === undefined)
        callback.call(immediate);
    else
        Reflect.apply(callback, immediate, args);
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
