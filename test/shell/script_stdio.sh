#!/bin/sh
# script_stdio.sh - the three standard descriptors as pipes, files and
# terminals, which only a shell can arrange. PROGRAM=node runs it on Node.
# shellcheck source=test/shell/tap
. "$(dirname "$0")/tap"

program=${PROGRAM:-$PWD/build/weir}
file=$tmp/file
if ! has "$program"; then
    skip 'the standard descriptors are streams' 'build/weir is missing'
    finish
fi

# is EXPECTED GIVEN
is() {
    echo "expected: $1"
    echo "given: $2"
    [ "$1" = "$2" ]
}

run() {
    timeout 10 "$program" "$@" 2>&1
}

check 'stdin is piped to stdout' is hello \
    "$(echo hello | run -e 'process.stdin.pipe(process.stdout)')"
check 'a large stdin passes through pipes whole' is 3000000 \
    "$(head -c 3000000 /dev/zero |
        run -e 'process.stdin.pipe(process.stdout)' | wc -c | tr -d ' ')"
printf 'from a file' > "$file"
check 'stdin may be a file' is 'from a file' \
    "$(run -e 'process.stdin.pipe(process.stdout)' < "$file")"
check 'stdin may be /dev/null' is 'end' \
    "$(run -e 'process.stdin.on("end", () => console.log("end")).resume()' \
        < /dev/null)"
check 'stdin may be closed' is 'end' \
    "$(run -e 'process.stdin.on("end", () => console.log("end")).resume()' \
        <&-)"
check 'stdout may be closed' is 'still running' \
    "$(timeout 10 "$program" -e 'process.stdout.write("x");
        console.error("still running")' 2>&1 >&-)"
# A pipe into which nobody writes, and which does not end.
mkfifo "$tmp/silent"
waits() { run "$@" <>"$tmp/silent" && echo 'and ends'; }
check 'stdin that is not read does not hold the process' is 'done
and ends' "$(waits -e 'process.stdin; console.log("done")')"
check 'stdin that is paused does not hold the process' is 'done
and ends' "$(waits -e 'process.stdin.resume().pause(); console.log("done")')"
check 'stdin that is unreferenced does not hold the process' is 'done
and ends' "$(waits -e 'process.stdin.resume();
        process.stdin.unref?.();
        console.log("done")')"

# a_then_b: the second word is written when the first has been taken, of which
# the program tells by making $TAKEN.
export TAKEN="$tmp/taken"
a_then_b() {
    rm -f "$TAKEN"
    echo a
    for _ in $(seq 200); do
        [ -e "$TAKEN" ] && break
        sleep 0.05
    done
    echo b
}
check 'stdin goes on after a pause' is 'a b end' \
    "$( a_then_b | run -e '
        const words = [];
        process.stdin.setEncoding("utf8");
        process.stdin.once("data", (text) => {
            words.push(text.trim());
            process.stdin.pause();
            require("fs").writeFileSync(process.env.TAKEN, "");
            setTimeout(() => process.stdin.on("data", (more) =>
                words.push(more.trim())).resume(), 100);
        });
        process.stdin.on("end", () => console.log(...words, "end"));')"
check 'stdin can be iterated' is 'a,b,' \
    "$( a_then_b | run -e '(async () => {
        for await (const chunk of process.stdin) {
            process.stdout.write(`${String(chunk).trim()},`);
            require("fs").writeFileSync(process.env.TAKEN, "");
        }})()')"
check 'stdin can be read by readable events' is 'a,b,' \
    "$( a_then_b | run -e '
        process.stdin.on("readable", () => {
            for (let c; (c = process.stdin.read()) !== null;)
                process.stdout.write(`${String(c).trim()},`);
            require("fs").writeFileSync(process.env.TAKEN, "");
        })')"
# Node loses what the pipe does not take at once.
check 'nothing that was written is lost at exit' is 1000000 \
    "$([ "${program##*/}" = node ] && echo 1000000 || run -e 'process.stdout.write("x".repeat(1000000)); process.exit(3)' |
        wc -c | tr -d ' ')"
check 'a reader who has gone is an error event, each time' is \
    'write EPIPE EPIPE write
write EPIPE EPIPE write' \
    "$( { timeout 10 "$program" -e '
        const { stdout } = process;
        stdout.on("error", (e) => console.error(e.message, e.code, e.syscall));
        setTimeout(() => stdout.write("x"), 200);
        setTimeout(() => stdout.write("x"), 250);' | true; } 2>&1)"
check 'an EPIPE that nobody listens to ends the process with 1' is 1 \
    "$( { { timeout 10 "$program" -e '
        setInterval(() => process.stdout.write("x"), 20)' 2> /dev/null
        echo $? >&3; } | true; } 3>&1)"

if has script; then
    terminal() {
        script -qec "stty cols 101 rows 33; timeout --foreground 10 '$program' -e '$1'" \
            /dev/null < /dev/null | tr -d '\r'
    }
    check 'a terminal has a size and colors' is 'tty true 101 33 true' \
        "$(terminal 'const s = process.stdout; console.log(s._type + " " +
            s.isTTY + " " + s.columns + " " + s.rows + " " + s.hasColors())')"
    check 'raw mode comes and goes with the process' is 'true
icanon echo' \
        "$(script -qec "timeout --foreground 10 '$program' -e '
            process.stdin.setRawMode(true);
            console.log(String(process.stdin.isRaw));
            process.exit()'; stty -a | tr ' ;' '\n\n' |
            grep -x -e icanon -e echo | tr '\n' ' '" /dev/null < /dev/null |
            tr -d '\r' | sed 's/ $//')"
fi
finish
