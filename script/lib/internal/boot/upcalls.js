// internal/boot/upcalls: what lower floors call of higher ones
//
// A file requires only what is on its own floor or below (script/lib/floors).
// What it must call of a higher one stands here, at the top, and it is reached by
// upcalls() of internal/core, which loads this file when that is first called.
// Each loads what it calls, and no earlier. What a program may have replaced, as
// process.emitWarning, is looked up each time.

module.exports = {
    process: () => require('process'),
    validators: () => require('internal/validators'),
    now: () => performance.now(),

    // What nobody caught.
    onException: (error) =>
        require('internal/process/uncaught').onException(error),
    onUnhandledRejection: (promise, reason) =>
        require('internal/process/uncaught')
            .onUnhandledRejection(promise, reason),

    // The text of a program's file, and the Module of its first one.
    sourceOf: (name) => require('internal/loader').sourceOf(name),
    mainModule: () => require('internal/loader').mainModule(),
};
