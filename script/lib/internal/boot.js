// internal/boot: what the host was asked to run
//
// The program gets its globals, and the host two functions that run what it was
// asked to run, and one that loads what programs in C need beyond that. What
// they give stands in an array: a run that threw gives none.

const { options } = require('internal/core');

require('internal/boot/globals');

const loader = require('internal/loader');

const { CHECK, PRINT } = options; // the flags of weir/script.h

function runFile(path, text, flags) {
    if (path === undefined)
        return runText('[stdin]', loader.readStdin(), flags);
    options.script = path;
    return [flags & CHECK ? loader.runCheck(path) : loader.runMain(path)];
}

function runText(name, text, flags) {
    if (name === '[stdin]')
        options.isStdin = true;
    if (flags & CHECK)
        return [loader.checkText(text, name)];
    return [loader.runEval(text, { print: (flags & PRINT) !== 0, name })];
}

options.setRunners(runFile, runText, () => require('internal/boot/embed'));
