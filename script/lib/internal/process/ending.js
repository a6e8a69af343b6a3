// internal/process/ending: how the process ends, for the host and for those
// who deal with uncaught exceptions
//
// 'exit' is emitted once, whatever leads to it: the loop that has nothing left,
// process.exit(), or an exception. Its listeners may still change exitCode.

const process = require('process');

let exiting = false;
let lastActs = [];

// exitCode as the number that the system gets.
function exitCode() {
    return Number(process.exitCode ?? 0) | 0;
}

function emitBeforeExit() {
    process.emit('beforeExit', exitCode());
}

// Gives the code to exit with. An error that nobody has caught sets it to that of
// a failure, but leaves the program's own when a listener of 'exit' has thrown
// it; what listeners throw after such an error comes too late.
function emitExit(failure) {
    if (failure !== undefined)
        process.exitCode = exiting ? process.exitCode ?? failure : failure;
    if (!exiting) {
        exiting = true;
        Reflect.set(process, '_exiting', true); // it may be frozen
        try {
            process.emit('exit', exitCode());
        } catch (error) {
            if (failure === undefined)
                throw error;
        } finally {
            runLastActs();
        }
    }
    return exitCode();
}

function hasUncaughtHandler() {
    return process.listenerCount('uncaughtException') > 0 ||
        require('internal/process/uncaught').hasCaptureCallback();
}

// For what must not be left behind, such as a terminal in raw mode: whoever
// kills us apart, it is done.
function atLast(action) {
    lastActs[lastActs.length] = action;
}

function runLastActs() {
    const acts = lastActs;
    lastActs = [];
    for (let i = 0; i < acts.length; i++)
        acts[i]();
}

module.exports = {
    atLast, emitBeforeExit, emitExit, hasUncaughtHandler, runLastActs,
};
