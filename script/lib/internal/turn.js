// internal/turn: what a turn of the loop does when its descriptors are served
//
// Node's order: what is pending (the ends of sockets have been sent), then
// immediates, then closes, then timers that are due, then again what is pending,
// and the loop waits for descriptors. What a phase makes for an earlier one is of
// the next turn.
//
// C calls runTurn() once if promise jobs can be run between two callbacks; else
// for each of them, until it gives a number.

const { drain, canRunJobs } = require('internal/core');
const native = binding.timers;

const MOST_ROUNDS = 8; // in which what is pending makes more of it (libuv)

// What timers.js puts here when it is loaded. `runImmediate` and `runTimer` run
// one, and say whether there was one.
const hooks = {
    beginImmediates: null, runImmediate: none, beginTimers: null,
    runTimer: none, immediates: 0,
    nextDeadline: () => 0,
};

function none() {
    return false;
}

let isPosted = false;
let isHeld = false; // the process, by what is posted

// Of two places for each: a function and what it is called with.
let pending = [];
let closes = [];
let batch = [];
let at = 0;

function isHolding() {
    return hooks.immediates > 0 || pending.length > 0 || closes.length > 0;
}

// There is something for the next turn, or it holds the process no more.
function post() {
    const holds = isHolding();
    if (isPosted && holds === isHeld)
        return;
    isPosted = true;
    isHeld = holds;
    native.post(holds);
}

function atPending(callback, argument) {
    pending.push(callback, argument);
    post();
}

function atClose(callback, argument) {
    closes.push(callback, argument);
    post();
}

function runBatch() {
    if (at === batch.length) {
        batch.length = at = 0;
        return false;
    }
    const callback = batch[at];
    const argument = batch[at + 1];
    at += 2;
    callback(argument);
    return true;
}

// What was closed last is told first, as libuv does.
function takeCloses() {
    for (let i = closes.length - 2; i >= 0; i -= 2)
        batch.push(closes[i], closes[i + 1]);
    closes.length = 0;
}

function takePending() {
    [batch, pending] = [pending, batch];
}

// ---------------------------------------------------------------- the phases

const PENDING = 0;
const IMMEDIATES = 1;
const CLOSES = 2;
const TIMERS = 3;
const PENDING_AGAIN = 4;
const OVER = 5;
let phase = OVER;
let rounds = 0;

const begin = [
    takePending,
    () => hooks.beginImmediates?.(),
    takeCloses,
    () => hooks.beginTimers?.(),
    takePending,
    () => {},
];

const runOf = [runBatch, () => hooks.runImmediate(), runBatch,
    () => hooks.runTimer(), runBatch];

function nextPhase() {
    if (phase === PENDING && pending.length > 0 && ++rounds < MOST_ROUNDS)
        takePending();
    else
        begin[++phase]();
}

function runOne() {
    while (phase !== OVER) {
        if (runOf[phase]())
            return true;
        nextPhase();
    }
    return false;
}

function beginTurn() {
    phase = PENDING;
    rounds = 0;
    isPosted = false;
    takePending();
}

// A number says that it is over, and when the next timer is due; negative when
// nobody waits for that, 0 for never.
function runTurn() {
    if (phase === OVER)
        beginTurn();
    while (runOne()) {
        if (!canRunJobs)
            return undefined;
        drain();
    }
    if (isPosted || isHolding())
        post();
    return hooks.nextDeadline();
}

native.setCallback(runTurn);

module.exports = { hooks, post, atPending, atClose };
