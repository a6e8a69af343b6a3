#!/bin/sh
# script_embed.sh - the example of a server in C with a script does what it says.
# shellcheck source=test/shell/tap
. "$(dirname "$0")/tap"

embed=build/examples/embed
routes=script/examples/embed/routes.js

if ! has $embed; then
    skip 'the server in C asks its script' \
        "$embed is missing: it needs JavaScriptCore"
    finish
fi

helps() { timeout 10 $embed --help | grep -q '^usage: embed'; }
check 'embed --help explains itself' helps
refuses() {
    timeout 10 $embed "$@" >"$tmp/out" 2>"$tmp/err"
    [ $? -eq 2 ] && [ -s "$tmp/err" ] && [ ! -s "$tmp/out" ]
}
check 'embed refuses arguments that make no sense' \
    eval 'refuses && refuses a b c && refuses "$routes" 70000'

cp "$routes" "$tmp/routes.js"
$embed "$tmp/routes.js" 0 >"$tmp/out" 2>"$tmp/err" &
server=$!
pids="$pids $server"
is_listening() { grep -q '^listening on .*:[0-9]' "$tmp/out"; }
check 'embed tells where it listens' within 20 is_listening
port=$(sed -n 's/^listening on .*:\([0-9]*\)$/\1/p' "$tmp/out")

if ! has bash; then
    skip 'embed answers' 'no bash, whose sockets the test needs'
    finish
fi
# says LINES EXPECTED: what comes back until the server closes.
says() {
    # shellcheck disable=SC2016 # for bash
    answer=$(timeout 20 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1"
        printf "$2" >&3; cat <&3' bash "$port" "$1")
    echo "$answer"
    [ "$answer" = "$2" ]
}
check 'a text of the script is the answer' says 'say hello, C\n' 'hello, C'
check 'a function of C answers the script' says 'clients\n' 1
check 'what the script does not know C answers' says 'x\n' 'no such route'
check 'an error of the script is one answer, and no more' \
    says 'fail\n' 'the route failed'

shouts() {
    # shellcheck disable=SC2016 # for bash
    answer=$(timeout 20 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1"
        printf "shout\nin one piece " >&3; read -r -n 13 first <&3
        printf "or two\n" >&3; read -r second <&3
        echo "$first $second"' bash "$port")
    echo "$answer"
    [ "$answer" = 'IN ONE PIECE OR TWO' ]
}
check 'a connection that is handed over is served by the script' shouts

reloaded() { says 'say it\n' 'anew: it' >"$tmp/said"; }
reloads() {
    sed "s/return rest/return 'anew: ' + rest/" "$routes" >"$tmp/routes.js"
    kill -HUP $server && within 10 reloaded
}
check 'SIGHUP reads the script anew' reloads
fails() { says 'say it\n' 'the route failed' >"$tmp/said"; }
survives() {
    echo 'throw new Error("broken");' >"$tmp/routes.js"
    kill -HUP $server && within 10 grep -q 'Error: broken' "$tmp/err" &&
        within 10 fails
}
check 'a script that is broken does not end the server' survives
finish
