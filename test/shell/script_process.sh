#!/bin/sh
# script_process.sh - how a process ends: exit codes, 'exit' and 'beforeExit',
# signals, and what does and does not keep it alive. PROGRAM=node runs it on
# Node.
# shellcheck source=test/shell/tap
. "$(dirname "$0")/tap"

program=${PROGRAM:-$PWD/build/weir}
if ! has "$program"; then
    skip 'a process ends as Node does' 'build/weir is missing'
    finish
fi

# gives CODE OUTPUT PROGRAM: what it prints, in one line, and how it ends.
gives() {
    timeout 10 "$program" -e "$3" >"$tmp/out" 2>&1
    status=$?
    # The shell, too, has a word to say when a signal ends a program.
    given=$(grep -v '^Terminated$' "$tmp/out" | tr '\n' ' ' | sed 's/ $//')
    echo "expected: $1 $2"
    echo "given: $status $given"
    [ "$status" -eq "$1" ] && [ "$given" = "$2" ]
}

# ends CODE PROGRAM: how it ends, whatever it prints.
ends() {
    timeout 10 "$program" -e "$2" >"$tmp/out" 2>&1
    status=$?
    echo "expected: $1, given: $status"
    [ "$status" -eq "$1" ]
}

# -------------------------------------------------------------------- ending

check "'exit' may still change the code" gives 7 'exit 0' '
    process.on("exit", (code) => {
        console.log("exit", code);
        process.exitCode = 7;
    });
    process.exit()'
check "exit() in 'exit' ends at once, with its code" gives 9 'exit 2' '
    process.on("exit", (code) => {
        console.log("exit", code);
        process.exit(9);
        console.log("never");
    });
    process.exit(2)'
check 'a frozen process writes, and ends' gives 0 'there' '
    Object.freeze(process);
    process.stdout.write("there")'
check 'exitCode may be a text' gives 4 'number 4' '
    process.exitCode = "4";
    process.on("exit", (code) => console.log(typeof code, String(code)))'
check 'exit(undefined) takes away the code that was set' gives 0 'exit 0' '
    process.exitCode = 4;
    process.on("exit", (code) => console.log("exit", code));
    process.exit(undefined)'
check "a listener of 'exit' that throws leaves the code" ends 3 '
    process.on("exit", () => {
        throw new Error("listener");
    });
    process.exit(3)'
check 'without one it is that of a failure' ends 1 '
    process.on("exit", () => {
        throw new Error("listener");
    })'
check 'an error that nobody caught replaces the code' ends 1 '
    process.exitCode = 3;
    throw new Error("program")'
check "a listener of 'exit' may set another and throw" ends 5 '
    process.on("exit", () => {
        process.exitCode = 5;
        throw new Error("listener");
    });
    throw new Error("program")'
check "an error in 'exit' that is taken leaves the code" gives 3 'taken' '
    process.on("uncaughtException", () => console.log("taken"));
    process.on("exit", () => {
        throw new Error("listener");
    });
    process.exitCode = 3'
check "'beforeExit' comes as often as the loop runs out" gives 0 'be be be' '
    let count = 0;
    process.on("beforeExit", () => {
        console.log("be");
        if (++count < 3)
            setTimeout(() => {}, 1);
    })'
check 'exit() in a tick lets no timer run' gives 6 'tick' '
    process.nextTick(() => {
        console.log("tick");
        process.exit(6);
    });
    setTimeout(() => console.log("never"), 0)'
check "what 'exit' starts does not run" gives 0 '' '
    process.on("exit", () => setTimeout(() => console.log("never"), 0))'
check 'a warning of the last tick is not printed' gives 0 '' '
    process.emitWarning("x");
    process.exit()'

# -------------------------------------------------------------------- signals

check 'a signal that nobody listens to ends the process' gives 143 '' '
    process.kill(process.pid, "SIGTERM");
    setTimeout(() => {}, 5000)'
check 'one that somebody listens to does not' gives 0 'SIGTERM 15' '
    process.on("SIGTERM", (...args) => console.log(...args.map(String)));
    process.kill(process.pid, "SIGTERM");
    setTimeout(() => {}, 100)'
check 'listening does not hold the process' gives 0 '' '
    process.on("SIGTERM", () => {})'
check 'without its last listener a signal is deadly again' gives 143 '' '
    const listener = () => {};
    process.on("SIGTERM", listener);
    process.on("SIGTERM", listener);
    process.removeAllListeners("SIGTERM");
    process.kill(process.pid, "SIGTERM");
    setTimeout(() => {}, 5000)'

# ------------------------------------------------------------------- keeping

check 'unreferenced timers do not hold the process' gives 0 '' '
    setTimeout(() => console.log("never"), 50).unref();
    setImmediate(() => console.log("never")).unref();
    setInterval(() => console.log("never"), 50).unref()'
check 'one that is referenced again does' gives 0 'yes' '
    setTimeout(() => console.log("yes"), 20).unref().ref()'
check 'an interval can let go in its callback' gives 0 'once' '
    const interval = setInterval(() => {
        console.log("once");
        interval.unref();
    }, 5)'
check 'a timeout of timers/promises can be unreferenced' gives 0 '' '
    require("timers/promises").setTimeout(20, 1, { ref: false })
        .then(() => console.log("never"))'
check 'a referenced timer ends, and unreferenced ones go with it' gives 0 1 '
    setTimeout(() => console.log("1"), 5);
    setTimeout(() => console.log("never"), 2000).unref()'
finish
