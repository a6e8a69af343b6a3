'use strict';
/*
 * Runs random programs and prints what they log.
 *
 *     run.js CAUSE FIRST COUNT            a line a seed: CAUSE SEED HASH
 *     run.js CAUSE SEED text [WITHOUT]    the program
 *     run.js CAUSE SEED log [WITHOUT]     what it logs
 *
 * A program is over when the loop has nothing left, and the next one begins.
 */
const EventEmitter = require('events');
const net = require('net');
const stream = require('stream');
const timers = require('timers/promises');
const { program } = require('./program');

// ms, of every timeout; more is surer on a machine that is busy.
const DUE = Number(process.env.ORDER_DUE) || 4;
let lines = [];
let heard = {};

function log(text, error) {
    lines.push(error ? `${text} ${error.code}` : text);
}

/*
 * Timeouts race with the clock, which must not be seen: when one is set, an
 * immediate waits until it is due. So it comes with the next look at the timers,
 * together with all others that have been set by then.
 */
let waitUntil = 0;

function waitForTimers() {
    while (performance.now() < waitUntil);
}

function pace() {
    waitUntil = performance.now() + DUE + 1.1;
    setImmediate(waitForTimers);
}

function timer(callback) {
    pace();
    return setTimeout(callback, DUE);
}

function interval(times, callback) {
    pace();
    const made = setInterval(() => {
        if (--times === 0)
            clearInterval(made);
        else
            pace();
        callback();
    }, DUE);
    return made;
}

/* ---------------------------------------------------------------- sockets */

const TURNS = 30; // after which all has been done
const EVENTS = ['connect', 'end', 'finish', 'error', 'close'];

function watch(socket, name) {
    socket.setMaxListeners(0);
    for (const event of EVENTS)
        socket.on(event, (error) => log(`${name} ${event}`,
            event === 'error' && error));
}

let current; // sockets

/* Calls back after so many turns of the loop. */
function afterTurns(count, callback) {
    if (count === 0)
        callback();
    else
        setImmediate(afterTurns, count - 1, callback);
}

/*
 * Ends a socket when nothing has been written for a while: where bytes and an end
 * come at once, weir tells both in one turn, and Node in two.
 */
function end(socket, callback) {
    const total = () => current.c.bytesWritten + current.s.bytesWritten;
    const before = total();
    afterTurns(3, () => {
        if (current.isOver || socket.destroyed)
            return;
        if (total() === before)
            socket.end(callback);
        else
            end(socket, callback);
    });
}

/* A connection on which nothing is under way. */
function pair(options, callback) {
    const path = `/tmp/weir-order-${process.pid}`;
    const server = net.createServer(options, (s) => {
        server.close();
        afterTurns(4, () => {
            current = { c, s, isOver: false };
            watch(c, 'c');
            watch(s, 's');
            callback(c, s);
            afterTurns(TURNS, () => {
                log('over');
                current.isOver = true;
                c.destroy();
                afterTurns(4, () => s.destroy());
            });
        });
    });
    server.listen(path);
    const c = net.connect({ path, ...options });
}

/*
 * A connection that is being made. For what is to come of its other end, `s` is
 * an emitter whose `connection` tells it.
 */
function connect(callback) {
    const path = `/tmp/weir-order-${process.pid}`;
    const s = new EventEmitter();
    const server = net.createServer((socket) => {
        server.close();
        watch(socket, 's');
        log('connection');
        socket.resume();
        s.emit('connection', socket);
        afterTurns(TURNS, () => {
            log('over');
            c.destroy();
            afterTurns(4, () => socket.destroy());
        });
    });
    let c;
    server.listen(path, () => setImmediate(() => {
        c = net.connect(path);
        c.resume();
        watch(c, 'c');
        callback(c, s);
    }));
}

/* `callback`, the first time. */
function once(callback) {
    let isDone = false;
    return (...args) => {
        if (!isDone) {
            isDone = true;
            callback(...args);
        }
    };
}

function context() {
    const kept = [];
    return {
        EventEmitter, timers, stream, log, timer, interval, heard, pair, connect, end, once,
        keep: (handle) => kept.push(handle),
        clear(index) {
            if (index < kept.length) {
                clearTimeout(kept[index]);
                clearImmediate(kept[index]);
            }
        },
    };
}

/* Their listeners do something the first few times. */
function listen(event, name) {
    let times = 0;
    process.on(event, (reason) => {
        log(`${event} ${reason instanceof Promise ? '' : reason}`);
        if (heard[name] && ++times < 4)
            heard[name]();
    });
    return () => {
        times = 0;
    };
}

const resets = [listen('unhandledRejection', 'rejection'),
    listen('rejectionHandled', 'handled'),
    listen('uncaughtException', 'error')];

/* FNV-1a */
function hash(text) {
    let value = 0x811c9dc5;
    for (let i = 0; i < text.length; i++)
        value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0;
    return value.toString(16).padStart(8, '0');
}

function begin(cause, seed, without) {
    lines = [];
    heard = {};
    for (const reset of resets)
        reset();
    const given = context();
    new Function(...Object.keys(given), program(cause, seed, without))(
        ...Object.values(given));
}

function runAll(cause, first, count) {
    let seed = first - 1;
    process.on('beforeExit', () => {
        if (seed >= first)
            console.log(`${cause} ${seed} ${hash(lines.join('\n'))}`);
        if (++seed < first + count)
            setImmediate(begin, cause, seed);
    });
}

function runOne(cause, seed, without) {
    begin(cause, seed, without);
    process.on('beforeExit', () => console.log(lines.join('\n')));
}

const [cause, seed, what, list = ''] = process.argv.slice(2);
const without = list.split(',').map(Number);
if (what === 'text')
    console.log(program(cause, Number(seed), without));
else if (what === 'log')
    setImmediate(runOne, cause, Number(seed), without);
else
    runAll(cause, Number(seed), Number(what));
