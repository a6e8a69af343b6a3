'use strict';
/*
 * One seed, one program: the text of a function that schedules things and logs
 * what runs. What it may use stands in run.js.
 *
 * A program is a tree of steps. A step is lines of text around the steps inside
 * of it, so that a tree stays a program whatever is taken out of it; that is how
 * a difference is made small (`without`).
 */
const dice = require('./dice');

const MOST = 30;  // steps of a program
const DEEP = 5;   // and nested

/* A step; what it logs has its number, which `%` stands for. */
function step(open, close = '', body = []) {
    return { open, close, body };
}

class Maker {
    constructor(seed, kinds) {
        this.below = dice(seed);
        this.kinds = kinds;
        this.left = MOST;
    }

    pick(list) {
        return list[this.below(list.length)];
    }

    /* As body(), of other kinds. */
    bodyOf(kinds, depth) {
        const before = this.kinds;
        this.kinds = kinds;
        const steps = this.body(depth);
        this.kinds = before;
        return steps;
    }

    /* The steps of one callback, `depth` callbacks deep. */
    body(depth) {
        const steps = [];
        if (depth >= DEEP)
            return steps;
        for (let n = this.below(4); n > 0 && this.left > 0; n--) {
            this.left--;
            steps.push(this.pick(this.kinds)(this, depth + 1));
        }
        return steps;
    }

    /* At the beginning there are always some. */
    begin() {
        const steps = [];
        for (let n = 2 + this.below(3); n > 0; n--)
            steps.push(this.pick(this.kinds)(this, 1));
        return steps;
    }
}

/* ------------------------------------------------------------ what is done */

/* A callback that something calls later. */
function later(name, open) {
    return (make, depth) => step(`${open} => {\nlog('${name} %');`, '});',
        make.body(depth));
}

const tick = later('tick', 'process.nextTick(()');
const job = later('job', 'Promise.resolve().then(()');
const microtask = later('microtask', 'queueMicrotask(()');
const immediate = later('immediate', 'setImmediate(()');
const timer = later('timer', 'timer(()');

const soon = ['process.nextTick(', 'setImmediate(', 'queueMicrotask(',
    'timer(', 'Promise.resolve().then('];

const awaited = ['null', '0', 'Promise.resolve()', '(async () => {})()',
    'Promise.reject(0).catch(() => {})', 'new Promise(setImmediate)',
    'new Promise(process.nextTick)', '{ then: (done) => done() }',
    '{ then: process.nextTick }', 'Promise.all([1, Promise.resolve()])',
    'Promise.race([new Promise(setImmediate), null])',
    'timers.setImmediate()', 'new Promise((done) => timer(done))'];

function asyncFunction(make, depth) {
    const body = make.body(depth);
    for (let n = 1 + make.below(2); n > 0; n--) {
        body.splice(make.below(body.length + 1), 0,
            step(`await ${make.pick(awaited)};\nlog('goes on %');`));
    }
    return step('(async () => {\nlog(\'async %\');', '})();', body);
}

const handled = [
    () => '',
    (make) => `${make.pick(soon)}() => p.catch(() => log('caught %')));`,
    () => 'p.then(() => {}).catch(() => log(\'caught %\'));',
    () => 'p.finally(() => log(\'finally %\')).catch(() => log(\'caught %\'));',
];

function rejection(make) {
    return step(`{\nconst p = Promise.reject('reason %');\n${
        make.pick(handled)(make)}\n}`);
}

function rejectedLater(make, depth) {
    return step(`(async () => {\nawait ${make.pick(awaited)};`,
        'throw \'reason %\';\n})();', make.body(depth));
}

function thrownInJob(make, depth) {
    return step('Promise.resolve().then(() => {', 'throw \'reason %\';\n});',
        make.body(depth));
}

function thrownInMicrotask() {
    return step('queueMicrotask(() => {\nthrow \'error %\';\n});');
}

/* Of those that are set already, maybe one that is due. */
function cleared(make) {
    return step(`clear(${make.below(8)});`);
}

function keptTimer(make, depth) {
    return step('keep(timer(() => {\nlog(\'timer %\');', '}));',
        make.body(depth));
}

function keptImmediate(make, depth) {
    return step('keep(setImmediate(() => {\nlog(\'immediate %\');', '}));',
        make.body(depth));
}

function interval(make, depth) {
    return step(`keep(interval(${1 + make.below(3)}, () => {
log('interval %');`, '}));', make.body(depth));
}

function emitted(make, depth) {
    return step('{\nconst e = new EventEmitter();\ne.on(\'x\', () => {\n' +
        'log(\'listener %\');', `});\ne.emit('x');${
        make.below(2) ? '\ne.emit(\'x\');' : ''}\n}`, make.body(depth));
}

function onced(make, depth) {
    return step('{\nconst e = new EventEmitter();\n' +
        'EventEmitter.once(e, \'x\').then(() => {\nlog(\'once %\');',
        `});\n${make.pick(soon)}() => {\ne.emit('x');\nlog('emitted %');\n});\n}`,
        make.body(depth));
}

const promised = later('promised immediate', 'timers.setImmediate().then(()');
const promisedTimer = later('promised timer',
    'new Promise((done) => timer(done)).then(()');

const scheduled = [tick, tick, job, job, microtask, immediate, immediate,
    timer, asyncFunction, emitted, onced, promised, promisedTimer];
const clearing = [keptTimer, keptTimer, keptImmediate, keptImmediate, interval,
    cleared, cleared, cleared];
const rejecting = [rejection, rejection, rejectedLater, thrownInJob,
    thrownInMicrotask];

/* ------------------------------------------------------------ with sockets */

/* `c` is the client, `s` the server's side; `who` of them. */
const sockets = ['c', 's'];

function written(make) {
    return step(`${make.pick(sockets)}.write('w%');`);
}

function writtenBack(make, depth) {
    return step(`${make.pick(sockets)}.write('w%', (error) => {
log('written %', error);`, '});', make.body(depth));
}

function serverWritten(make, depth) {
    return step('s.write(\'w%\', (error) => {\nlog(\'written %\', error);', '});',
        make.body(depth));
}

function clientWritten(make, depth) {
    return step('c.write(\'w%\', (error) => {\nlog(\'written %\', error);', '});',
        make.body(depth));
}

function corked(make, depth) {
    const who = make.pick(sockets);
    const uncork = make.below(2) ? `${who}.uncork();` :
        `${make.pick(soon)}() => ${who}.uncork());`;
    return step(`${who}.cork();`, uncork, make.body(depth));
}

function ended(make) {
    return step(`end(${make.pick(sockets)});`);
}

function endedBack(make, depth) {
    return step(`end(${make.pick(sockets)}, (error) => {
log('ended %', error);`, '});', make.body(depth));
}

function destroyed(make) {
    const error = make.pick(['', '', 'Object.assign(new Error(), { code: \'E%\' })']);
    return step(`s.destroy(${error});`);
}

function paused(make) {
    const who = make.pick(sockets);
    return step(`${who}.pause();\n${make.pick(soon)}() => ${who}.resume());`);
}

function heard(make, depth) {
    const event = make.pick(['data', 'end', 'finish', 'close', 'prefinish']);
    return step(`${make.pick(sockets)}.once('${event}', () => {
log('heard ${event} %');`, '});', make.body(depth));
}

function awaitedEvent(make, depth) {
    const event = make.pick(['data', 'end', 'finish', 'close']);
    return step(`EventEmitter.once(${make.pick(sockets)}, '${event}').then(() => {
log('once ${event} %');`, '}, (error) => log(\'once %\', error));',
    make.body(depth));
}

function finished(make, depth) {
    return step(`stream.finished(${make.pick(sockets)}, (error) => {
log('finished %', error);`, '});', make.body(depth));
}

function iterated(make, depth) {
    return step(`(async () => {
try {
for await (const data of s) {
log('iterated % ' + data);`, `}
log('iterated %');
} catch (error) {
log('iterated %', error);
}
})();`, make.body(depth));
}

function piped(make, depth) {
    return step(`stream.pipeline(s, new stream.PassThrough(), s, (error) => {
log('pipeline %', error);`, '});', make.body(depth));
}

/* A connection, and what is done with it; `c` and `s` flow in most causes. */
function pair(make, ...steps) {
    const options = make.pick(['{}', '{ allowHalfOpen: true }']);
    return step(`pair(${options}, (c, s) => {`, '});', steps);
}

function both(make) {
    return [step('c.resume();'), step('s.resume();')];
}

function onData(make, who) {
    return step(`${who}.on('data', once(() => {`, '}));', make.begin());
}

const writing = [written, writtenBack, writtenBack, corked];
const ending = [ended, endedBack, heard, awaitedEvent, finished];
const closing = [ended, heard, awaitedEvent, finished, destroyed, destroyed];

/*
 * Ticks and jobs of a callback that throws come on Node after the next one, and
 * timers that are due after more than that: here there are none.
 */
function thrown() {
    return step('setImmediate(() => {\nlog(\'throws %\');\nthrow \'error %\';\n});');
}

/* What begins the turn, and what may happen in it. */
const causes = {
    immediate: {
        kinds: [...scheduled, ...clearing],
        frame: (make) => step('setImmediate(() => {', '});', make.begin()),
    },
    timer: {
        kinds: [...scheduled, ...clearing],
        frame: (make) => step('timer(() => {', '});', make.begin()),
    },
    several: {
        kinds: [...scheduled, ...clearing],
        frame: (make) => {
            const set = make.pick(['timer', 'setImmediate']);
            const many = [];
            for (let n = 2 + make.below(4); n > 0; n--)
                many.push(step(`${set}(() => {\nlog('%');`, '});', make.begin()));
            return step('setImmediate(() => {', '});', many);
        },
    },
    rejection: {
        kinds: [...scheduled, ...rejecting, ...rejecting],
        frame: (make) => step('', '', [
            step('heard.rejection = () => {', '};', make.body(2)),
            step('heard.handled = () => {', '};', make.bodyOf(scheduled, 2)),
            step('heard.error = () => {', '};', make.body(2)),
            step('setImmediate(() => {', '});', make.begin()),
        ]),
    },
    exception: {
        kinds: [immediate, immediate, keptImmediate, cleared, emitted, thrown, thrown],
        frame: (make) => step('', '', [
            step('heard.error = () => {', '};', make.bodyOf([immediate], 2)),
            step('setImmediate(() => {', '});', make.begin()),
        ]),
    },
    connect: {
        kinds: [...scheduled, clientWritten, heard, awaitedEvent],
        frame: (make) => step('connect((c, s) => {', '});', [
            step('c.on(\'connect\', () => {', '});', make.begin()),
            ...make.bodyOf([tick, job, microtask], 1),
        ]),
    },
    connection: {
        kinds: [...scheduled, serverWritten, paused],
        frame: (make) => step('connect((c, s) => {', '});', [
            step('s.on(\'connection\', (s) => {', '});', make.begin()),
        ]),
    },
    data: {
        kinds: [...scheduled, written, paused],
        frame: (make) => pair(make, ...both(make), onData(make, 's'),
            step('c.write(\'begin\');')),
    },
    write: {
        kinds: [...scheduled, ...writing, ...writing],
        frame: (make) => pair(make, ...both(make), onData(make, 's'),
            step('c.write(\'begin\');')),
    },
    end: {
        kinds: [...scheduled, ...writing, ...ending],
        frame: (make) => pair(make, ...both(make), onData(make, 's'),
            step('s.on(\'end\', () => {', '});', make.begin()),
            step('end(c);')),
    },
    close: {
        kinds: [...scheduled, serverWritten, ...closing],
        frame: (make) => pair(make, ...both(make), onData(make, 's'),
            step('s.on(\'close\', () => {', '});', make.begin()),
            step('c.write(\'begin\');')),
    },
    iterate: {
        kinds: [...scheduled, clientWritten, ended],
        frame: (make) => pair(make, step('c.resume();'), iterated(make, 1),
            step('c.write(\'begin\');')),
    },
    pipe: {
        kinds: [...scheduled, clientWritten, ...ending],
        frame: (make) => pair(make, step('c.resume();'), piped(make, 1),
            step('c.write(\'begin\');'), ...make.begin()),
    },
};

/* ------------------------------------------------------------------ as text */

function number(tree, without, next = { number: 1 }) {
    tree.number = next.number++;
    tree.isGone = without.includes(tree.number);
    for (const each of tree.body)
        number(each, without, next);
    return tree;
}

function linesOf(tree, lines = []) {
    if (tree.isGone)
        return lines;
    const own = (text) => {
        if (text !== '')
            lines.push(...text.replaceAll('%', tree.number).split('\n'));
    };
    own(tree.open);
    for (const each of tree.body)
        linesOf(each, lines);
    own(tree.close);
    return lines;
}

function indented(lines) {
    let depth = 0;
    return lines.map((line) => {
        if (/^[})]/.test(line))
            depth--;
        const text = '    '.repeat(depth) + line;
        if (/[{(]$/.test(line))
            depth++;
        return text;
    });
}

function tree(cause, seed, without) {
    const { kinds, frame } = causes[cause];
    return number(frame(new Maker(seed, kinds)), without);
}

/* The program's text. `without` has the numbers of steps that are left out. */
function program(cause, seed, without = []) {
    return indented(linesOf(tree(cause, seed, without))).join('\n');
}

function remaining(step, list = []) {
    if (!step.isGone) {
        list.push(step.number);
        for (const each of step.body)
            remaining(each, list);
    }
    return list;
}

/* The numbers of those that are not. */
function steps(cause, seed, without = []) {
    return remaining(tree(cause, seed, without));
}

module.exports = { program, steps, causes: Object.keys(causes) };
