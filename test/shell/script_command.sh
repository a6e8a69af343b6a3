#!/bin/sh
# script_command.sh - the weir command: where the program comes from, what it
# is told, and what the options do.
# shellcheck source=test/shell/tap
. "$(dirname "$0")/tap"

tree=$PWD
weir=$PWD/build/weir
if [ ! -x "$weir" ]; then
    skip 'the command runs what it is asked to' 'build/weir is missing'
    finish
fi
version=$(sed -n 's/^#define WEIR_VERSION *"\(.*\)"/\1/p' reactor/reactor.h)
cd "$tmp" || exit 1
here=$(pwd -P)

# gives STATUS OUTPUT ARGUMENT...: the command ends so and prints that.
gives() {
    wanted=$1 text=$2
    shift 2
    timeout 10 "$weir" "$@" >"$tmp/out" 2>"$tmp/err"
    status=$?
    cat "$tmp/out" "$tmp/err"
    echo "status: $status"
    [ "$status" -eq "$wanted" ] && [ "$(cat "$tmp/out")" = "$text" ]
}
# complains STATUS PATTERN ARGUMENT...: nothing printed, and an error like that.
complains() {
    wanted=$1 pattern=$2
    shift 2
    gives "$wanted" '' "$@" && grep -q -e "$pattern" "$tmp/err"
}

# ------------------------------------------------------------------- options

check '--version' gives 0 "weir v$version" --version
check '-v' gives 0 "weir v$version" -v
help() {
    timeout 10 "$weir" "$1" >"$tmp/out" 2>"$tmp/err" &&
        grep -q '^usage: weir ' "$tmp/out" && [ ! -s "$tmp/err" ]
}
check '--help explains itself' help --help
check '-h too' help -h
check 'an unknown option ends with 9' complains 9 'usage: weir' --nonsense
check 'an option without its argument ends with 9' \
    complains 9 'argument is missing' -e

# ---------------------------------------------------------------- -e and -p

check '-e runs code' gives 0 'hello' -e 'console.log("hello")'
check '--eval=CODE is the same' gives 0 'hello' '--eval=console.log("hello")'
check '-p prints the value' gives 0 '{ a: [ 1, 2 ] }' -p '({ a: [1, 2] })'
check '-p prints a string as it is' gives 0 "it's" -p '"it\x27s"'
check '-p prints undefined too' gives 0 undefined -p 'let a = 1'
check '-e has the arguments that follow' gives 0 '[ "a", "-b" ]' \
    -p "JSON.stringify(process.argv.slice(1)).replace(/,/, ', ')
        .replace(/\\[/, '[ ').replace(/\\]/, ' ]')" a -b
globals='[__filename, __dirname, module.id, module.filename, typeof exports,
    this === globalThis, require.main, module.paths[0]].join()'
check 'code of -e has the names of a module as globals' gives 0 \
    "[eval],.,[eval],$here/[eval],object,true,,$here/node_modules" \
    -p "$globals"
echo 'module.exports = "a neighbour";' >"$tmp/near.js"
check 'require() in it looks from the working directory' \
    gives 0 'a neighbour' -p 'require("./near")'
check 'what it declares is global' gives 0 '1 2' \
    -e 'var a = 1; function f() { return 2 }
        setImmediate(() => console.log(globalThis.a, globalThis.f()))'
check 'an exception in it is told as [eval]' complains 1 '^\[eval\]:1$' \
    -e 'throw new Error("x")'
check 'so is a syntax error' complains 1 '^\[eval\]:2$' -e '
let a = ;'
check 'a missing module is told with [eval] as the one that asked' \
    complains 1 "^- $here/\\[eval\\]\$" -e 'require("no-such-package")'
check 'import in it is answered with a hint' complains 1 \
    'weir runs CommonJS' -e 'import net from "net"'
check 'import() is rejected' complains 1 'mport' -e 'import("net")'

# -------------------------------------------------------------- from stdin

# stdin TEXT STATUS OUTPUT ARGUMENT...
stdin() {
    printf '%s\n' "$1" >"$tmp/in"
    shift
    gives "$@" <"$tmp/in"
}
check 'a script comes from standard input' \
    stdin 'console.log(__filename)' 0 '[stdin]'
check '- says so, and arguments follow' \
    stdin 'console.log(process.argv.slice(1).join())' 0 '-,a,b' - a b
check 'a pipe of 1 MB is read to its end' \
    stdin "// $(head -c 1000000 /dev/zero | tr '\0' x)
console.log('end')" 0 end
stdin_error() {
    stdin 'let a = ;' 1 '' && grep -q '^\[stdin\]:1$' "$tmp/err"
}
check 'errors in it are told as [stdin]' stdin_error
check 'a #! line is left out there too' \
    stdin '#!/usr/bin/env weir
console.log(1)' 0 1

# ------------------------------------------------------------------ --check

printf 'console.log("never");\n' >"$tmp/right.js"
printf 'console.log("never");\nlet b = ;\n' >"$tmp/wrong.js"
printf '#!/usr/bin/env weir\nreturn;\n' >"$tmp/command"
check '--check runs nothing' gives 0 '' --check right.js
check '-c is the same' gives 0 '' -c right.js
check '--check knows #! lines and return' gives 0 '' --check command
check '--check tells the place of an error' \
    complains 1 "^$here/wrong.js:2\$" --check wrong.js
check '--check reads standard input' \
    stdin 'console.log("never")' 0 '' --check
check '--check finds the error there' stdin 'let a = ;' 1 '' --check -
check '--check of a file that does not exist is an error' \
    complains 1 'Cannot find module' --check nothing.js

# -------------------------------------------------------------- the program

mkdir "$tmp/folder" "$tmp/package" && echo 'console.log("index")' \
    >"$tmp/folder/index.js"
echo '{ "main": "start" }' >"$tmp/package/package.json"
echo 'console.log("start")' >"$tmp/package/start.js"
echo 'console.log(process.argv.slice(2).join())' >"$tmp/arguments.js"
echo 'console.log(process.argv[1])' >"$tmp/itself.js"
ln -s itself.js "$tmp/link.js"
check 'a script has its arguments, options among them' \
    gives 0 'a,-e,--help' arguments.js a -e --help
check '-- ends the options' gives 0 'a' -- arguments.js a
check '.js may be left out' gives 0 'x' arguments x
check 'a folder is its index' gives 0 index folder
check 'a folder is what its package.json says' gives 0 start package
check '. is a folder' eval '(cd folder && gives 0 index .)'
check 'process.argv[1] is the whole path' gives 0 "$here/itself.js" itself.js
check 'an ES module by its name is refused' eval \
    'echo 1 >m.mjs && complains 1 "weir runs CommonJS" m.mjs'
check 'a package of ES modules is refused' eval \
    'mkdir esm && echo "{ \"type\": \"module\" }" >esm/package.json &&
     echo 1 >esm/a.js && complains 1 "\"type\": \"module\"" esm/a.js'

# --------------------------------------------------------------- exit codes

check 'it ends with 0' gives 0 '' -e 0
check 'process.exit(n)' gives 3 '' -e 'process.exit(3); console.log(1)'
check 'process.exitCode' gives 4 '' -e 'process.exitCode = 4'
check "beforeExit and 'exit' come in that order" gives 5 'before 5
exit 5' -e '
process.on("beforeExit", (code) => console.log("before", code));
process.on("exit", (code) => console.log("exit", code));
process.exitCode = 5;'
check 'beforeExit may give the loop new work' gives 0 '1
2
3' -e '
let n = 0;
process.on("beforeExit", () => {
    if (++n < 4) setTimeout(() => console.log(n), 1);
});'
check 'an exception is 1' complains 1 'weir v' -e 'throw 1'

# killed_by SIGNAL STATUS: what the shell sees.
killed_by() {
    "$weir" -e 'setInterval(() => {}, 1000); console.log("ready")' \
        >"$tmp/out" 2>&1 &
    child=$!
    pids="$pids $child"
    within 5 grep -q ready "$tmp/out" || return 1
    kill "-$1" "$child"
    wait "$child"
    status=$?
    echo "status: $status"
    [ "$status" -eq "$2" ]
}
check 'SIGTERM ends it with 143' killed_by TERM 143
check 'SIGHUP ends it with 129' killed_by HUP 129
# A shell starts what it puts into the background with SIGINT ignored.
interrupted() {
    timeout --foreground --preserve-status -s INT 1 \
        "$weir" -e 'setInterval(() => {}, 1000)'
    status=$?
    echo "status: $status"
    [ "$status" -eq 130 ]
}
check 'SIGINT ends it with 130' interrupted

cd "$tree" || exit 1
finish
