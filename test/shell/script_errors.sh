#!/bin/sh
# script_errors.sh - what the weir command prints, and the status it ends with,
# when an exception or a rejection finds nobody to take it.
# shellcheck source=test/shell/tap
. "$(dirname "$0")/tap"

weir=$PWD/build/weir
if [ ! -x "$weir" ]; then
    skip 'uncaught errors are told as Node tells them' 'build/weir is missing'
    finish
fi

# run STATUS: runs the script on standard input, as TMP/app.js; what it prints
# is in out and err, the version and the folder replaced by VERSION and TMP.
run() {
    cat >"$tmp/app.js"
    run_file "$1" "$tmp/app.js"
}
run_file() {
    wanted=$1
    shift
    timeout 10 "$weir" "$@" >"$tmp/out" 2>"$tmp/raw" </dev/null
    status=$?
    sed -e "s#$tmp#TMP#g" -e 's/^weir v[0-9.]*$/weir VERSION/' "$tmp/raw" \
        >"$tmp/err"
    cat "$tmp/out" "$tmp/err"
    [ "$status" -eq "$wanted" ] || echo "status: $status, not $wanted"
    [ "$status" -eq "$wanted" ]
}
# begins: standard error begins with standard input.
begins() {
    cat >"$tmp/wanted"
    head -n "$(wc -l <"$tmp/wanted")" "$tmp/err" | diff "$tmp/wanted" -
}
# prints: standard output is standard input.
prints() { diff - "$tmp/out"; }
silent() { [ ! -s "$tmp/err" ]; }

# ---------------------------------------------------------------- exceptions

thrown() {
    run 1 <<'END' || return 1
// A line before.
function foo() {
	if (true)
	    throw new TypeError('bad thing');
}
foo();
END
    begins <<'END' && tail -n 2 "$tmp/err" | diff - "$tmp/tail"
TMP/app.js:4
	    throw new TypeError('bad thing');
	    ^

TypeError: bad thing
END
}
printf '\nweir VERSION\n' >"$tmp/tail"
check 'an exception is told with file, line, source, caret and version' thrown
frames() {
    grep -q '^    at foo (TMP/app.js:4:[0-9]*)$' "$tmp/err" &&
        grep -q '^    at .*TMP/app.js:6:' "$tmp/err"
}
check 'its stack names the frames as Node does' frames

first_line() {
    run 1 <<'END' || return 1
throw new Error('x');
END
    begins <<'END'
TMP/app.js:1
throw new Error('x');
^

Error: x
END
}
check 'the first line of a file has its columns too' first_line

made_elsewhere() {
    run 1 <<'END' || return 1

missing(1);
END
    head -n 3 "$tmp/err" | diff - "$tmp/wanted"
}
printf 'TMP/app.js:2\nmissing(1);\n^\n' >"$tmp/wanted"
check 'an error of the engine has its caret' made_elsewhere

properties() {
    run 1 <<'END' || return 1
const error = new Error('with more');
error.code = 'EMORE';
error.info = { list: [1, 2] };
throw error;
END
    tail -n 6 "$tmp/err" | sed '1s/.* {$/{/' | diff - "$tmp/wanted"
}
cat >"$tmp/wanted" <<'END'
{
  code: 'EMORE',
  info: { list: [ 1, 2 ] }
}

weir VERSION
END
check 'what else an error carries is shown' properties

coded() {
    run 1 <<'END' || return 1

require('net').connect({ port: 70000 });
END
    sed -n '2p' "$tmp/err" | grep -q '^require' &&
        grep -q '^RangeError \[ERR_SOCKET_BAD_PORT\]: ' "$tmp/err" &&
        grep -q "^  code: 'ERR_SOCKET_BAD_PORT'$" "$tmp/err"
}
check 'an error of a builtin shows the line of the program' coded

in_module() {
    printf '\n\nthrow new Error("deep");\n' >"$tmp/part.js"
    run 1 <<'END' || return 1
require('./part');
END
    begins <<'END'
TMP/part.js:3
throw new Error("deep");
^

Error: deep
END
}
check 'the file that is named is the one that threw' in_module

no_errors() {
    run 1 <<'END' || return 1
throw 'just text';
END
    begins <<'END' || return 1
Uncaught:
'just text'
END
    for value in undefined null 5 5n 'Symbol()' '{ a: 1 }' \
        'Object.create(null)'; do
        echo "throw $value;" | run 1 && grep -q '^Uncaught:' "$tmp/err" &&
            tail -n 1 "$tmp/err" | grep -q VERSION || return 1
    done
}
check 'a value that is no error is shown' no_errors

hostile() {
    run 1 <<'END' || return 1
const error = new Error('x');
Object.defineProperty(error, 'stack', { get() { throw 1; } });
Object.defineProperty(error, 'message', { get() { throw 2; } });
throw error;
END
    tail -n 1 "$tmp/err" | grep -q VERSION
}
check 'an error that does not let itself be looked at ends it all the same' \
    hostile

event() {
    run 1 <<'END' || return 1
class Foo extends require('events') {}
const foo = new Foo();

setImmediate(function later() {
    foo.emit('error', new Error('boom'));
});
END
    begins <<'END' &&
TMP/app.js:5
    foo.emit('error', new Error('boom'));
                      ^

Error: boom
END
        sed '1,/^Emitted/!d' "$tmp/err" | tail -n 1 |
        grep -qx "Emitted 'error' event on Foo instance at:" &&
        sed -n '/^Emitted/,$p' "$tmp/err" | sed -n 2p |
        grep -q '^    at later (TMP/app.js:5:'
}
check "an unhandled 'error' event says who emitted it and where" event

refused() {
    run 1 <<'END' || return 1
require('net').connect(1, '127.0.0.1');
END
    grep -q '^Error: connect ECONNREFUSED 127.0.0.1:1$' "$tmp/err" &&
        grep -qx "Emitted 'error' event on Socket instance at:" "$tmp/err" &&
        tail -n 8 "$tmp/err" | sed '1s/.*{$/{/' | diff - "$tmp/wanted"
}
cat >"$tmp/wanted" <<'END'
  errno: -111,
  code: 'ECONNREFUSED',
  syscall: 'connect',
  address: '127.0.0.1',
  port: 1
}

weir VERSION
END
if [ "$(uname -s)" = Linux ]; then
    check 'a refused connection is told with all it carries' refused
else
    skip 'a refused connection is told with all it carries' 'other numbers'
fi

# ------------------------------------------------------------- syntax errors

syntax() {
    run 1 <<'END' || return 1
const a = [';'];
let b = ';', c = ;
END
    begins <<'END'
TMP/app.js:2
let b = ';', c = ;
                 ^

SyntaxError: Unexpected token ';'
END
}
check 'a syntax error is told with its place' syntax

too_short() {
    run 1 <<'END' || return 1
function a() {
END
    grep -qx 'SyntaxError: Unexpected end of input' "$tmp/err" || return 1
    run 1 <<'END' || return 1
let a = 1;
}
a;
END
    begins <<'END'
TMP/app.js:2
}
^

SyntaxError: Unexpected token '}'
END
}
check 'a brace too few or too many is told as such' too_short

import() {
    run 1 <<'END' || return 1
// First a comment.
import net from 'net';
END
    begins <<'END' && grep -q '^SyntaxError: .*weir runs CommonJS' "$tmp/err"
TMP/app.js:2
import net from 'net';
^^^^^^

END
}
check 'import is answered with a hint at require()' import

not_there() {
    run_file 1 "$tmp/nothing.js"
    grep -qx "Error: Cannot find module 'TMP/nothing.js'" "$tmp/err" &&
        grep -qx "  code: 'MODULE_NOT_FOUND'," "$tmp/err" &&
        grep -qx '  requireStack: \[\]' "$tmp/err"
}
check 'a script that does not exist is a missing module' not_there

# ---------------------------------------------------------------- handlers

handled() {
    run 0 <<'END' || return 1
process.on('uncaughtException', (error, origin) => {
    console.log(error.message, origin);
});
setTimeout(() => { throw new Error('from a timer'); }, 1);
setTimeout(() => { console.log('the loop goes on'); }, 20);
process.nextTick(() => { throw new Error('from a tick'); });
process.nextTick(() => { console.log('the next tick'); });
queueMicrotask(() => { throw new Error('from a job'); });
setImmediate(() => { throw new Error('from an immediate'); });
throw new Error('from the file');
END
    sort "$tmp/out" | diff - "$tmp/wanted" && silent
}
sort >"$tmp/wanted" <<'END'
from the file uncaughtException
from a tick uncaughtException
the next tick
from a job uncaughtException
from an immediate uncaughtException
from a timer uncaughtException
the loop goes on
END
check 'uncaughtException takes them wherever they come from' handled

monitor() {
    run 1 <<'END' || return 1
process.on('uncaughtExceptionMonitor', (error, origin) => {
    console.log(error.message, origin);
});
throw new Error('watched');
END
    prints <<'END' && grep -q '^Error: watched' "$tmp/err"
watched uncaughtException
END
}
check 'the monitor hears of it and takes nothing' monitor

capture() {
    run 0 <<'END' || return 1
process.on('uncaughtException', () => console.log('not this'));
process.setUncaughtExceptionCaptureCallback((error) => {
    console.log('captured', error.message);
});
console.log(process.hasUncaughtExceptionCaptureCallback());
try {
    process.setUncaughtExceptionCaptureCallback(() => {});
} catch ({ code }) {
    console.log(code);
}
try {
    process.setUncaughtExceptionCaptureCallback(5);
} catch ({ message }) {
    console.log(message);
}
throw new Error('this');
END
    prints <<'END'
true
ERR_UNCAUGHT_EXCEPTION_CAPTURE_ALREADY_SET
The "fn" argument must be of type function or null. Received type number (5)
captured this
END
}
check 'a capture callback takes them before the handlers' capture

seven() {
    run 7 <<'END' || return 1
process.on('exit', () => console.log('never'));
process.on('uncaughtException', () => {
    throw new Error('again');
});
throw new Error('first');
END
    begins <<'END' && [ ! -s "$tmp/out" ]
TMP/app.js:3
    throw new Error('again');
    ^

Error: again
END
}
check 'a handler that throws ends it with 7' seven

at_exit() {
    run 1 <<'END' || return 1
process.on('exit', (code) => console.log('exit', code, process.exitCode));
throw new Error('x');
END
    prints <<'END' || return 1
exit 1 1
END
    run 9 <<'END' || return 1
process.exitCode = 3;
process.on('exit', () => { process.exitCode = 9; });
throw new Error('x');
END
    run 1 <<'END'
process.on('exit', () => { throw new Error('while leaving'); });
END
}
check "'exit' is emitted with 1, and may choose another code" at_exit

# -------------------------------------------------------------- rejections

rejected() {
    run 1 <<'END' || return 1
setTimeout(() => console.log('never'), 50);
async function fails() {
    throw new Error('rejected');
}
fails();
END
    begins <<'END' && [ ! -s "$tmp/out" ]
TMP/app.js:3
    throw new Error('rejected');
    ^

Error: rejected
END
}
check 'an unhandled rejection ends it as an exception does' rejected

no_reason() {
    wanted_reason() {
        grep -q "reason \"$1\"\\.$" "$tmp/err" &&
            grep -q "^  code: 'ERR_UNHANDLED_REJECTION'$" "$tmp/err"
    }
    echo 'Promise.reject(5)' | run 1 && wanted_reason 5 &&
        echo 'Promise.reject({ a: 1 })' | run 1 &&
        wanted_reason '#<Object>' &&
        echo 'Promise.reject()' | run 1 && wanted_reason undefined
}
check 'one with no error is told by its reason' no_reason

late_handler() {
    run 0 <<'END' && silent
const promise = Promise.reject(new Error('x'));
process.nextTick(() => promise.catch(() => {}));
Promise.reject(new Error('y')).catch(() => {});
END
}
check 'a handler within the same turn is in time' late_handler

listener() {
    run 0 <<'END' || return 1
process.on('unhandledRejection', (reason, promise) => {
    console.log(reason, promise instanceof Promise);
});
process.on('rejectionHandled', (promise) => {
    console.log('handled after all', promise instanceof Promise);
});
const promise = Promise.reject(1);
setTimeout(() => promise.catch(() => {}), 10);
END
    prints <<'END'
1 true
handled after all true
END
}
check 'unhandledRejection takes it, rejectionHandled hears of the end' listener

to_exception() {
    run 0 <<'END' || return 1
process.on('uncaughtException', (error, origin) => {
    console.log(error.code ?? error.message, origin);
});
Promise.reject(5);
setTimeout(() => Promise.reject(new Error('late')), 1);
END
    prints <<'END'
ERR_UNHANDLED_REJECTION unhandledRejection
late unhandledRejection
END
}
check 'without one it is an uncaughtException' to_exception

# --------------------------------------------------- what a program patched

# Each in the place of a method that the printing of an error calls.
patched() {
    for method in Map.prototype.get Array.prototype.map Array.prototype.join \
        Array.prototype.slice String.prototype.split String.prototype.slice \
        String.prototype.startsWith RegExp.prototype.test \
        Function.prototype.bind Object.defineProperty Object.keys; do
        run 1 <<END || return 1
setTimeout(() => {
    throw new TypeError('the program');
}, 1);
$method = () => { throw 1; };
END
        begins <<'END' || return 1
TMP/app.js:2
    throw new TypeError('the program');
    ^

TypeError: the program
END
    done
}
check 'the error is shown whatever the program has patched' patched
finish
