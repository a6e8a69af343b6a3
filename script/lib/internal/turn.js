// internal/turn: what JavaScript does of itself in a turn of the loop
//
// Node's order, when descriptors have been served: what is pending (the ends of
// sockets have been sent), then immediates, then closes, then timers that are
// due, then again what is pending. What a phase makes for an earlier one is of
// the next turn.

const { run, runsJobs } = require('internal/core');
const native = binding.timers;
const registers = new Float64Array(native.registers);
const { MORE } = native;

const MOST_ROUNDS = 8; // in which what is pending makes more of it (libuv)

// What timers.js puts here when it is loaded.
const hooks = {
    beginImmediates: none, hasImmediate: none, runImmediate: none,
    hasTimer: none, runTimer: none,
    immediates: 0, // that hold the process
};

function none() {
    return false;
}

let isPosted = false;
let isHeld = false; // the process, by what is posted

// Of three places for each: a function and what it is called with.
let pending = [];
let closes = [];
let batch = [];
let at = 0;

// There is something for the next turn, or it holds the process no more.
function post() {
    const holds = hooks.immediates > 0 || pending.length > 0 ||
        closes.length > 0;
    if (isPosted && holds === isHeld)
        return;
    isPosted = true;
    isHeld = holds;
    native.post(holds);
}

function add(list, callback, first, second) {
    list[list.length] = callback;
    list[list.length] = first;
    list[list.length] = second;
    post();
}

function atPending(callback, first, second) {
    add(pending, callback, first, second);
}

function atClose(callback, first, second) {
    add(closes, callback, first, second);
}

function hasInBatch() {
    if (at < batch.length)
        return true;
    batch.length = at = 0;
    return false;
}

function runOfBatch() {
    const callback = batch[at];
    const first = batch[at + 1];
    const second = batch[at + 2];
    at += 3;
    callback(first, second);
}

// What was closed last is told first, as libuv does.
function takeCloses() {
    for (let i = closes.length - 3; i >= 0; i -= 3) {
        for (let place = i; place < i + 3; place++)
            batch[batch.length] = closes[place];
    }
    closes.length = 0;
}

function takePending() {
    const empty = batch;
    batch = pending;
    pending = empty;
}

// ------------------------------------------------------------------ the phases

const PENDING = 0;
const IMMEDIATES = 1;
const CLOSES = 2;
const TIMERS = 3;
const PENDING_AGAIN = 4;
const OVER = 5;
let phase = OVER;
let rounds = 0;
let isFresh = true; // nothing has run since the loop told which timers are due

function collectDue() {
    if (!isFresh)
        native.collectDue();
}

function beginPhase() {
    switch (phase) {
    case PENDING:
    case PENDING_AGAIN: takePending(); break;
    case IMMEDIATES: hooks.beginImmediates(); break;
    case CLOSES: takeCloses(); break;
    case TIMERS: collectDue(); break;
    }
}

// Whether the phase has something left to run, and how it is run.
function hasMore() {
    switch (phase) {
    case IMMEDIATES: return hooks.hasImmediate();
    case TIMERS: return hooks.hasTimer();
    default: return hasInBatch();
    }
}

function runOne() {
    switch (phase) {
    case IMMEDIATES: hooks.runImmediate(); break;
    case TIMERS: hooks.runTimer(); break;
    default: runOfBatch();
    }
}

function nextPhase() {
    if (phase !== PENDING || pending.length === 0 || ++rounds === MOST_ROUNDS)
        phase++;
    beginPhase();
}

// On to a phase in which there is something to run.
function isOver() {
    while (phase !== OVER && !hasMore())
        nextPhase();
    return phase === OVER;
}

function beginTurn() {
    phase = PENDING;
    rounds = 0;
    isFresh = true;
    isPosted = false;
    takePending();
}

// A turn, with ticks and jobs between any two callbacks; or one of them, to be
// called again, where the engine must be left for jobs to run.
function runTurn() {
    if (phase === OVER)
        beginTurn();
    while (!isOver()) {
        isFresh = false;
        run(runOne);
        if (!runsJobs)
            break;
    }
    registers[MORE] = phase === OVER ? 0 : 1;
    if (phase === OVER && isPosted)
        post(); // what it is may hold the process no more
}

native.setCallback(runTurn);

module.exports = { hooks, post, atPending, atClose };
