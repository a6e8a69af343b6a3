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

// A function and its two arguments in three places for each. Such a list is not
// emptied but begun anew: connections put something in all the time.
class List {
    places = [];
    end = 0;

    add(callback, first, second) {
        const { places, end } = this;
        places[end] = callback;
        places[end + 1] = first;
        places[end + 2] = second;
        this.end = end + PLACES;
    }
}

const PLACES = 3;
const MOST_KEPT = PLACES * 4096; // what a burst needed is given back

let pending = new List();
let closes = new List();
let batch = new List(); // what is being run,
let at = 0;
let step = PLACES; // in which direction

// There is something for the next turn, or it holds the process no more.
function post() {
    const holds = hooks.immediates > 0 || pending.end > 0 || closes.end > 0;
    if (isPosted && holds === isHeld)
        return;
    isPosted = true;
    isHeld = holds;
    native.post(holds);
}

function atPending(callback, first, second) {
    pending.add(callback, first, second);
    post();
}

function atClose(callback, first, second) {
    closes.add(callback, first, second);
    post();
}

function hasInBatch() {
    if (batch.end > 0)
        return true;
    if (batch.places.length > MOST_KEPT)
        batch.places = [];
    return false;
}

// Its places are free, and keep nothing alive, before it is called.
function runOfBatch() {
    const { places } = batch;
    const callback = places[at];
    const first = places[at + 1];
    const second = places[at + 2];
    places[at] = places[at + 1] = places[at + 2] = undefined;
    at += step;
    if (at === (step > 0 ? batch.end : -PLACES))
        batch.end = 0;
    callback(first, second);
}

// Gives an empty list for it.
function take(list) {
    const empty = batch;
    batch = list;
    return empty;
}

function takePending() {
    pending = take(pending);
    at = 0;
    step = PLACES;
}

// What was closed last is told first, as libuv does.
function takeCloses() {
    closes = take(closes);
    at = batch.end - PLACES;
    step = -PLACES;
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
    if (phase !== PENDING || pending.end === 0 || ++rounds === MOST_ROUNDS)
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
