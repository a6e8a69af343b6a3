// internal/boot/globals: what a program finds without require()
//
// Each is an accessor that loads its module on first use and then becomes a
// plain property: a script that opens no timer pays for none.

const { queueMicrotask } = require('internal/core');
const { lazy } = require('internal/lazy');

function define(name, make) {
    lazy(globalThis, name, make, false);
}

function set(name, value) {
    Object.defineProperty(globalThis, name, {
        configurable: true,
        enumerable: false,
        writable: true,
        value,
    });
}

function defineAll(id, names) {
    for (const name of names)
        define(name, () => require(id)[name]);
}

set('global', globalThis);
set('queueMicrotask', queueMicrotask);
define('process', () => require('process'));
define('console', () => require('console'));
defineAll('buffer', ['Buffer', 'atob', 'btoa']);
defineAll('timers', ['setTimeout', 'setInterval', 'setImmediate',
    'clearTimeout', 'clearInterval', 'clearImmediate']);
defineAll('internal/encoding', ['TextEncoder', 'TextDecoder']);
defineAll('internal/events/abort', ['AbortController', 'AbortSignal']);
defineAll('internal/events/target', ['Event', 'EventTarget', 'CustomEvent',
    'DOMException']);
defineAll('internal/structured_clone', ['structuredClone']);
define('performance', () => {
    const { hrtime } = require('process');
    const start = hrtime.bigint();
    return {
        now: () => Number(hrtime.bigint() - start) / 1e6,
        timeOrigin: Date.now(),
    };
});

// What programs for the older platforms find: Mongoose's, then Titanium's.
define('print', () => require('internal/console/print'));
define('tcp', () => require('tcp'));
define('Ti', () => require('titanium'));
define('Titanium', () => require('titanium'));
