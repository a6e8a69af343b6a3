// internal/main: what the command was asked to run

const { options } = require('internal/core');

const loader = require('internal/loader');

switch (options.mode) {
case 'file':
    loader.runMain(options.script);
    break;
case 'eval':
    loader.runEval(options.code, { print: false });
    break;
case 'print':
    loader.runEval(options.code, { print: true });
    break;
case 'check':
    loader.runCheck(options.script);
    break;
default:
    loader.runStdin();
}
