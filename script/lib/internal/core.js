// internal/core: the first JavaScript that runs, and the last of every entry
//
// Builtin modules, nextTick's queue, and the way in from the loop. Each entry
// ends with drain(), which is Node's order and stands here alone: ticks, promise
// jobs, again until there are none of both, then the rejections that nobody has
// handled. (Where the engine cannot be told to run its jobs it does so when it
// is left; then the host comes back with settle() as long as `pending` says.)
//
// The host calls this file's function with two arguments of its own: a function
// that gives a binding by its name, and options. They are the command's, and the
// names of two modules: `boot`, which is started when all of this stands, and
// `upcalls`.

const bind = exports;
const options = require;

// A program may replace what is on these; what is here stays.
const { defineProperty } = Object;
const { apply } = Reflect;

const natives = {};
for (const name of bind()) {
    defineProperty(natives, name, {
        configurable: true,
        enumerable: true,
        get() {
            const value = bind(name);
            defineProperty(natives, name, { value });
            return value;
        },
    });
}

const core = natives.core;
const pending = new Int32Array(core.pending);
const { WAITING, WATCHED } = core; // its places

// ------------------------------------------------------------ builtin modules

const modules = { __proto__: null };
let primordials;

function requireBuiltin(id) {
    const loaded = modules[id];
    if (loaded !== undefined)
        return loaded.exports;
    const load = core.builtin(id);
    if (load === undefined)
        throw new Error(`No such built-in module: ${id}`);
    const made = { id, exports: {} };
    modules[id] = made;
    load(made.exports, requireBuiltin, made, natives, primordials);
    return made.exports;
}

// What this floor and others call of higher ones: they require nothing of these
// (script/lib/floors).
function upcalls() {
    return requireBuiltin(options.upcalls);
}

primordials = requireBuiltin('internal/primordials');
const { then } = primordials.Promises;
const resolve = Promise.resolve.bind(Promise);

// ------------------------------------------------------------------- nextTick

// One array that goes round: four places for each, from `head` up to `tail`.
// Sockets put a dozen in and out for each connection, and this makes nothing
// for the collector.
const ticks = []; // function, number of arguments or SPREAD, first, second
const PLACES = 4;
const SPREAD = -1; // more than two: `first` is an array of them
const MOVED_FROM = PLACES * 1024; // a queue that never empties moves down
let head = 0;
let tail = 0;

function enqueue(callback, count, first, second) {
    ticks[tail] = callback;
    ticks[tail + 1] = count;
    ticks[tail + 2] = first;
    ticks[tail + 3] = second;
    tail += PLACES;
    pending[WAITING] = 1;
}

function without(list, count) {
    const rest = [];
    for (let i = count; i < list.length; i++)
        rest[i - count] = list[i];
    return rest;
}

function nextTick(callback, first, second) {
    if (typeof callback !== 'function')
        upcalls().validators().validateFunction(callback, 'callback');
    const count = arguments.length - 1;
    if (count <= 2)
        enqueue(callback, count, first, second);
    else
        enqueue(callback, SPREAD, without(arguments, 1));
}

// The same for builtins, for a function of at most two arguments.
function defer(callback, first, second) {
    enqueue(callback, 2, first, second);
}

// Its place is free, and keeps nothing alive, before it is called.
function runTick() {
    const at = head;
    const callback = ticks[at];
    const first = ticks[at + 2];
    const second = ticks[at + 3];
    ticks[at] = ticks[at + 2] = ticks[at + 3] = undefined;
    head += PLACES;
    try {
        switch (ticks[at + 1]) {
        case 0: callback(); break;
        case 1: callback(first); break;
        case 2: callback(first, second); break;
        default: apply(callback, undefined, first);
        }
    } catch (error) {
        onException(error);
    }
}

function moveDown() {
    for (let i = head; i < tail; i++) {
        ticks[i - head] = ticks[i];
        ticks[i] = undefined;
    }
    tail -= head;
    head = 0;
}

function runTicks() {
    while (head < tail) {
        if (head >= MOVED_FROM && head * 2 >= tail)
            moveDown();
        runTick();
    }
    head = tail = 0;
    if (ticks.length > MOVED_FROM)
        ticks.length = 0; // what a burst needed is given back
}

let rejections = []; // promise, reason, and so on

// Most entries have left nothing but, maybe, jobs.
function drainAll() {
    if (pending[WAITING] === 0)
        runJobs();
    if (pending[WAITING] !== 0)
        drainMore();
}

function drainMore() {
    do {
        do {
            runTicks();
            pending[WAITING] = 0;
            runJobs();
        } while (head < tail);
        pending[WAITING] = judge() ? 1 : -pending[WATCHED];
    } while (pending[WAITING] > 0);
}

// A tick may handle a rejection, and so may a job that a tick has made: it is
// judged when neither is left. Who is told may leave some of both: true if
// somebody was.
function judge() {
    const handled = takeHandled();
    if (rejections.length === 0 && handled.length === 0)
        return false;
    tellHandled(handled);
    tellRejections();
    return true;
}

// For the host that leaves the engine to have its jobs run, and then calls
// settleTicks() as long as `pending` says so: what is watched is looked at once
// after the jobs, and once more when somebody was told.
function drainTicks() {
    runTicks();
    pending[WAITING] = rejections.length + pending[WATCHED];
}

function settleTicks() {
    const isTold = head === tail && judge();
    runTicks();
    pending[WAITING] = rejections.length + (isTold ? pending[WATCHED] : 0);
}

const { runJobs } = core;
const drain = runJobs === undefined ? drainTicks : drainAll;
const settle = runJobs === undefined ? settleTicks : drainAll;

// -------------------------------------------------------- what nobody caught

function exitIf(code) {
    if (code >= 0)
        core.exit(code);
}

function onException(error) {
    exitIf(upcalls().onException(error));
}

function append(list, promise, reason) {
    list[list.length] = promise;
    list[list.length] = reason;
}

// The engine calls this at the end of its promise jobs.
function onRejection(promise, reason) {
    append(rejections, promise, reason);
    pending[WAITING] = 1;
}

const NONE = [];

function takeHandled() {
    return pending[WATCHED] === 0 ? NONE : core.takeHandled();
}

function tellHandled(handled) {
    for (let i = 0; i < handled.length; i++) {
        try {
            upcalls().process().emit('rejectionHandled', handled[i]);
        } catch (error) {
            onException(error);
        }
    }
}

// What nobody has handled by now is told, even if who hears of one handles
// another.
function takeUnhandled() {
    const unhandled = [];
    for (let i = 0; i < rejections.length; i += 2) {
        if (!core.isHandled(rejections[i]))
            append(unhandled, rejections[i], rejections[i + 1]);
    }
    rejections = [];
    return unhandled;
}

function tellRejections() {
    if (rejections.length === 0)
        return;
    const batch = takeUnhandled();
    for (let i = 0; i < batch.length; i += 2) {
        if (!core.isHandled(batch[i]))
            core.watch(batch[i]);
        try {
            exitIf(upcalls().onUnhandledRejection(batch[i], batch[i + 1]));
        } catch (error) {
            onException(error);
        }
    }
}

function queueMicrotask(callback) {
    if (typeof callback !== 'function')
        upcalls().validators().validateFunction(callback, 'callback');
    then(resolve(), () => {
        try {
            callback();
        } catch (error) {
            onException(error);
        }
    });
}

// ------------------------------------------------------------------- entering

// What script_call() of the host calls.
function run(callback, a, b, c, d, e, f, g) {
    let result;
    try {
        result = callback(a, b, c, d, e, f, g);
    } catch (error) {
        onException(error);
    }
    drain();
    return result;
}

// A function that the host may call with script_call_plain(): it ends as every
// entry must.
function entry(callback) {
    return () => {
        try {
            callback();
        } catch (error) {
            onException(error);
        }
        drain();
    };
}

// A turn of the loop: the host calls what it has to tell from inside of this.
function serve() {
    core.serve();
}

// process puts its own here when it is made, and is not made for these alone.
const ending = { emitBeforeExit: undefined, emitExit: undefined };

// The loop has nothing left.
function beforeExit() {
    if (ending.emitBeforeExit !== undefined)
        run(ending.emitBeforeExit);
}

// An error of a listener that somebody has taken leaves the code to be asked for.
function atExit() {
    if (ending.emitExit === undefined)
        return 0;
    return run(ending.emitExit) ?? ending.emitExit();
}

modules['internal/core'] = {
    exports: {
        nextTick, defer, drain, run, entry,
        queueMicrotask,
        onException, requireBuiltin, options, modules, upcalls, ending,
        runsJobs: runJobs !== undefined,
    },
};
core.setCallbacks(run, settle, onRejection, beforeExit, atExit, serve);
run(() => requireBuiltin(options.boot));
