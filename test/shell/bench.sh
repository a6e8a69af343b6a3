#!/bin/sh
# bench.sh - the bench finds what it is there to find: bytes that are wrong,
# servers that fail, counts that have grown; and leaves nothing behind. Nothing
# here depends on how long something takes.
# shellcheck source=test/shell/tap
. "$(dirname "$0")/tap"

if [ "$(uname -s)" != Linux ]; then
    skip 'the bench finds what is wrong' 'it is for Linux'
    finish
fi
bin=build/bench
if ! make -s --no-print-directory $bin/load $bin/peer-raw $bin/peer-weir \
    $bin/user_clock.so >"$tmp/make" 2>&1; then
    check 'the bench can be built' cat "$tmp/make" /nothing
    finish
fi

# ----------------------------------------------------- a plan, without a clock

# plan LEFT FEWER: of three combinations and two peers, each measurement with
# half a second besides.
plan() {
    printf '%s\n' 'echo a=1 1' 'echo a=2 1' 'bulk a=1 1' >"$tmp/combinations"
    printf '%s\n' 'one C 0.1 0.1 echo bulk' 'two JS 0.1 0.1 echo' >"$tmp/peers"
    printf '%s\n' 'echo a=1 one 0.5' 'echo a=1 two 0.5' 'echo a=2 one 0.5' \
        'echo a=2 two 0.5' 'bulk a=1 one 0.5' >"$tmp/costs"
    awk -v left="$1" -v rounds=5 -v least_rounds=3 -v floor=0.5 -v ceiling=3 \
        -v fewer="$2" -f bench/plan.awk "$tmp/combinations" "$tmp/peers" \
        "$tmp/costs" >"$tmp/plan"
    cat "$tmp/plan"
}

divides() {
    plan 50 1
    grep -qx 'rounds 5' "$tmp/plan" && grep -qx 'seconds 1.50' "$tmp/plan" &&
        grep -qx 'total 50.0' "$tmp/plan"
}
check 'a plan divides what is left by the measurements' divides

fewer_rounds() {
    plan 20 1
    grep -qx 'rounds 4' "$tmp/plan" && ! grep without "$tmp/plan"
}
check 'where they would be too short there are fewer rounds' fewer_rounds

fewer_combinations() {
    plan 12 1
    grep -qx 'rounds 3' "$tmp/plan" &&
        grep -qx 'without bulk a=1' "$tmp/plan" &&
        [ "$(grep -c '^measure' "$tmp/plan")" -eq 4 ]
}
check 'then the last combination is left out, and named' fewer_combinations

takes_turns() {
    plan 50 1
    [ "$(awk '$1 == "measure" { print $2 $3 $4 }' "$tmp/plan" | tr '\n' ' ')" = \
        'echoa=1one echoa=1two echoa=2one echoa=2two bulka=1one ' ]
}
check 'peers take turns in each combination, where they take part' takes_turns

keeps_all() {
    plan 1 0
    ! grep without "$tmp/plan" && grep -qx 'seconds 0.50' "$tmp/plan"
}
check 'once begun, nothing more is left out' keeps_all

# ---------------------------------------------------------------- wrong bytes

# start COMMAND...: sets $port.
start() {
    : >"$tmp/listening"
    "$@" >"$tmp/listening" 2>/dev/null &
    pids="$pids $!"
    within 10 grep -q ':[0-9]*$' "$tmp/listening"
    port=$(sed -n 's/^listening on .*:\([0-9]*\)$/\1/p' "$tmp/listening")
}

# fails_with TEXT ARGUMENT...: the load, against the server that runs.
fails_with() {
    text=$1
    shift
    "$bin/load" 127.0.0.1 "$port" "$@" --seconds 3 --warmup 0 \
        >"$tmp/out" 2>"$tmp/errors"
    status=$?
    cat "$tmp/out" "$tmp/errors"
    [ $status -eq 1 ] && grep -q "$text" "$tmp/errors" && [ ! -s "$tmp/out" ]
}

# An echo, fan-out or proxy that does something wrong with the 5,000th byte that
# passes it.
cat >"$tmp/wrong.js" <<'END'
'use strict';
const net = require('net');
const [kind, fault, target] = process.argv.slice(2);
const others = new Set();
let passed = 0;
let output = null;

function spoil(bytes) {
    const at = 5000 - passed;
    passed += bytes.length;
    if (at < 0 || at >= bytes.length)
        return [bytes];
    const copy = Buffer.from(bytes);
    if (fault === 'flip') {
        copy[at] ^= 1;
        return [copy];
    }
    if (fault === 'lose')
        return [copy.subarray(0, at), copy.subarray(at + 1)];
    return [copy, copy];
}

function receivers(socket) {
    if (kind === 'fanout')
        return [...others].filter((other) => other !== socket);
    return [kind === 'proxy' ? output : socket];
}

function serve(socket) {
    others.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => others.delete(socket));
    if (kind === 'proxy') {
        output = net.connect(Number(target.split(':')[1]), '127.0.0.1');
        output.on('error', () => {});
    }
    socket.on('data', (bytes) => {
        if (fault === 'close' && (passed += bytes.length) > 5000)
            return socket.destroy();
        for (const part of fault === 'close' ? [bytes] : spoil(bytes))
            for (const receiver of receivers(socket))
                receiver.write(part);
    });
}

const server = net.createServer(serve);
server.listen(0, '127.0.0.1', () =>
    console.log(`listening on 127.0.0.1:${server.address().port}`));
END

if [ -x build/weir ]; then
    weir=build/weir
    start $weir "$tmp/wrong.js" echo flip
    check 'echo sees a bit that is wrong' fails_with 'wrong bytes' \
        echo --connections 4
    start $weir "$tmp/wrong.js" echo lose
    check 'echo sees a byte that is missing' fails_with 'wrong bytes' \
        echo --connections 4
    start $weir "$tmp/wrong.js" echo twice
    check 'echo sees bytes that come twice' \
        fails_with 'wrong bytes\|more came back' echo --connections 4
    start $weir "$tmp/wrong.js" echo close
    check 'echo sees a connection that is closed' \
        fails_with 'closed\|reset' echo --connections 4
    start $weir "$tmp/wrong.js" echo flip
    check 'bulk sees a bit that is wrong' fails_with 'wrong bytes' bulk
    start $weir "$tmp/wrong.js" echo lose
    check 'bulk sees a byte that is missing' fails_with 'wrong bytes' bulk
    start $weir "$tmp/wrong.js" echo flip
    check 'churn sees a bit that is wrong' fails_with 'wrong bytes' churn
    start $weir "$tmp/wrong.js" fanout flip
    check 'fan-out sees a bit that is wrong' fails_with 'wrong bytes' \
        fanout --readers 4
    start $weir "$tmp/wrong.js" fanout twice
    check 'fan-out sees a message that comes twice' \
        fails_with 'wrong bytes\|more came' fanout --readers 4
    start $weir "$tmp/wrong.js" echo flip
    check 'echo beside stalled readers sees a bit that is wrong' \
        fails_with 'wrong bytes' stalled --stalled 2 --connections 4
    check 'a proxied stream with a wrong bit is seen' fails_with 'wrong bytes' \
        proxy --seconds 3 $weir "$tmp/wrong.js" proxy flip '{target}'
else
    skip 'the load sees bytes that are wrong' 'build/weir is missing'
fi

# ----------------------------------------------------------------- the runner

# run OPTION...: into $tmp/raw.
run() {
    bench/run --raw "$tmp/raw" --out "$tmp/results" --rounds 1 --budget 1 "$@" \
        >"$tmp/tables" 2>"$tmp/progress"
    status=$?
    cat "$tmp/progress" "$tmp/raw"
    return $status
}

# line_of PART PEER has all of KEY...
has_keys() {
    line=$(grep "^part=$1 peer=$2 " "$tmp/raw") || return 1
    shift 2
    for key in "$@"; do
        case "$line " in
        *" $key="[0-9-]*) ;;
        *) echo "no $key" && return 1 ;;
        esac
    done
}

echo_run() {
    run --only echo --peers raw,weir &&
        for peer in raw weir; do
            has_keys echo $peer round connections size depth units seconds \
                rate p50_us p99_us p999_us max_us cpu_s user_s system_s \
                load_cpu_s rss cores busy || return 1
        done
}
check 'a run has a line with all its keys for each peer' echo_run

# The yardstick runs its plain echo; who knows no promises takes no part. For
# the other styles there may be no time, which is said.
promises_run() {
    run --only promises --peers raw,weir,weir-js || return 1
    for peer in raw weir-js; do
        has_keys promises $peer round connections size units cpu_s || return 1
    done
    for style in handler for-await once pipeline; do
        grep "style=$style[ ,]" "$tmp/raw" || return 1
    done
    ! grep '^part=promises peer=weir ' "$tmp/raw"
}
if [ -x build/weir ]; then
    check 'an echo with promises is measured beside the raw loop' promises_run
else
    skip 'an echo with promises is measured' 'build/weir is missing'
fi

says_where() {
    for key in machine cores kernel date load_before rounds mode commit \
        compiler engine; do
        grep "^meta $key=." "$tmp/raw" || return 1
    done
}
check 'it says on which machine, and what was run' says_where

# A table of its own: one peer that is right, and some that are not.
cp $bin/peer-raw "$tmp/good"
cat >"$tmp/table" <<END
good | C | echo | $tmp/good {workload} {port} | file:$tmp/good | | fine
absent | C | echo | /nothing {workload} | file:/nothing | | not here
dies | C | echo | false {workload} | program:false | | ends at once
spoils | JS | echo | build/weir $tmp/wrong.js echo flip | file:build/weir | | -
END

goes_on() {
    run --only echo --table "$tmp/table" && has_keys echo good rate &&
        grep -q '^skipped absent ' "$tmp/raw" &&
        grep -q '^skipped dies does not listen' "$tmp/raw" || return 1
    [ ! -x build/weir ] || grep -q '^failed spoils echo .*wrong' "$tmp/raw"
}
check 'who is not here, dies or fails is named, and the others are measured' \
    goes_on

leaves_nothing() {
    bench/run --raw "$tmp/raw" --only echo --table "$tmp/table" \
        --peers good >"$tmp/tables" 2>"$tmp/progress" &
    runner=$!
    within 20 grep -q 'left\]' "$tmp/progress" || return 1
    within 10 pgrep -f "$tmp/good" || return 1
    kill $runner
    wait $runner
    within 10 nothing_from pgrep -f "$tmp/good"
}
check 'a run that is interrupted ends what it started' leaves_nothing

refuses() {
    ! run --only nonsense && grep -q 'no such part' "$tmp/progress" &&
        ! run --peers nobody && grep -q 'no such peer' "$tmp/progress"
}
check 'an unknown part or peer is an error' refuses

# ------------------------------------------------------------------ the check

# verdict RECORDED: of the bytes of a connection, against that figure.
verdict() {
    echo "bytes_connection $1" >"$tmp/figures"
    FIGURES="$tmp/figures" bench/check check bytes_connection
}

grown() { ! verdict 100 && verdict 100 | grep '^worse by more than 3 %'; }
shrunk() { verdict 1000 | grep '^better by more than 3 %'; }
if [ "$(ulimit -Hn)" -gt 10100 ]; then
    check 'bench/check fails when a count has grown' grown
    check 'and asks to record one that has shrunk' shrunk
else
    skip 'bench/check fails when a count has grown' 'too few descriptors'
fi
finish
