// internal/fs/later: when the outcome of a file's operation is told
//
// Node hands such an operation to a thread, whose answer is told with what
// descriptors have, in a turn that follows: immediates that were there before
// come first, those that its callback sets before timers. So a program that goes
// from one operation to the next lets all others have their turns.

const { atClose, atPending } = require('internal/turn');

let waiting = []; // for this turn's immediates to be over

function later(callback) {
    if (waiting.length === 0)
        atClose(tellInNextTurn);
    waiting.push(callback);
}

function tellInNextTurn() {
    const callbacks = waiting;

    waiting = [];
    for (const callback of callbacks)
        atPending(callback);
}

module.exports = { later };
