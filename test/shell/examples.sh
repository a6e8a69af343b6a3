#!/bin/sh
# examples.sh - every C example does what it says, against nc and each other.
# shellcheck source=test/shell/tap
. "$(dirname "$0")/tap"

bin=build/examples

# ------------------------------------------------------- help, wrong options

helps() {
    timeout 5 "$bin/$1" --help >"$tmp/out" 2>"$tmp/err" </dev/null || return 1
    cat "$tmp/out" "$tmp/err"
    grep -qi usage "$tmp/out" && [ ! -s "$tmp/err" ]
}

# refuses NAME ARGUMENT...
refuses() {
    name=$1
    shift
    timeout 2 "$bin/$name" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
    status=$?
    { [ "$status" -eq 1 ] || [ "$status" -eq 2 ]; } && [ -s "$tmp/err" ] &&
        [ ! -s "$tmp/out" ] && return
    echo "$name $*: exit status $status"
    cat "$tmp/out" "$tmp/err"
    return 1
}

for source in net/examples/*.c; do
    name=$(basename "$source" .c)
    check "$name --help explains itself" helps "$name"
    check "$name refuses arguments that make no sense" \
        refuses "$name" such nonsense 'as this' here
done
bad_ports() {
    for port in 70000 -1 12x x ''; do
        for name in echo chat; do refuses "$name" "$port" || return 1; done
        refuses proxy "$port" 127.0.0.1:7000 || return 1
        refuses proxy 0 "127.0.0.1:$port" || return 1
        refuses cat 127.0.0.1 "$port" || return 1
    done
}
check 'a port that is none is refused, not taken for another' bad_ports

# ------------------------------------------------- those that need no socket

timers_run() {
    timeout 10 "$bin/timers" >"$tmp/out" || return 1
    cat "$tmp/out"
    [ "$(grep -c ' beat ' "$tmp/out")" -ge 8 ] &&
        tail -n1 "$tmp/out" | grep -q 'the end'
}
check 'timers runs and ends' timers_run

# No length that is a multiple of a buffer's.
head -c 10000019 /dev/urandom >"$tmp/big"
echo hello >"$tmp/hello"

meters() {
    # The first cat makes a pipe of what would be a file.
    # shellcheck disable=SC2002
    cat "$tmp/big" | timeout 20 "$bin/meter" 2>"$tmp/err" | cat >"$tmp/out"
    tr '\r' '\n' <"$tmp/err"
    cmp "$tmp/big" "$tmp/out" && grep -q '10\.0 MB' "$tmp/err"
}
check 'meter copies a pipe to a pipe, byte for byte' meters
meters_files() {
    timeout 20 "$bin/meter" <"$tmp/big" >"$tmp/out" && cmp "$tmp/big" "$tmp/out"
}
check 'meter copies a file to a file, byte for byte' meters_files

# --------------------------------------------------------------- the servers

# serve NAME ARGUMENT...: starts it and waits; $port and $server are set.
serve() {
    name=$1
    shift
    : >"$tmp/$name.out"
    "$bin/$name" "$@" >"$tmp/$name.out" 2>"$tmp/$name.err" &
    server=$!
    pids="$pids $server"
    within 5 grep -q 'listening on .*:[0-9]' "$tmp/$name.out" || {
        cat "$tmp/$name.out" "$tmp/$name.err"
        return 1
    }
    port=$(sed -n 's/^listening on .*:\([0-9]*\)$/\1/p' "$tmp/$name.out")
    [ "$port" -gt 0 ]
}

check 'echo 0 tells the port that it got' serve echo 0
echo_port=$port

same() { cmp "$1" "$tmp/out"; }

cat_to_echo() {
    timeout 20 "$bin/cat" "$1" "$echo_port" <"$2" >"$tmp/out" && same "$2"
}
check 'cat and echo carry a line over IPv4' cat_to_echo 127.0.0.1 "$tmp/hello"
check 'cat and echo carry a line to a name' cat_to_echo localhost "$tmp/hello"
if [ -e /proc/net/if_inet6 ] && grep -q '^0*1 ' /proc/net/if_inet6; then
    check 'cat and echo carry a line over IPv6' cat_to_echo ::1 "$tmp/hello"
else
    skip 'cat and echo carry a line over IPv6' 'no IPv6 here'
fi
check 'cat sends a regular file of 10 MB to echo and gets it back' \
    cat_to_echo 127.0.0.1 "$tmp/big"
cat_piped() {
    # shellcheck disable=SC2002
    cat "$tmp/big" | timeout 20 "$bin/cat" 127.0.0.1 "$echo_port" >"$tmp/out"
    same "$tmp/big"
}
check 'cat sends a pipe of 10 MB to echo and gets it back' cat_piped

in_use() { refuses echo "$echo_port" && grep -q 'EADDRINUSE' "$tmp/err"; }
check 'a second echo on the same port says EADDRINUSE' in_use

# A port that was just free; nobody else takes it within these milliseconds
# unless the machine is out of them.
serve echo 0 >/dev/null && kill "$server" && wait "$server" 2>/dev/null
closed_port=$port
refused() {
    refuses cat 127.0.0.1 "$closed_port" &&
        grep -q "ECONNREFUSED.*$closed_port" "$tmp/err"
}
check 'cat says who refused it' refused

check 'proxy 0 tells the port that it got' serve proxy 0 "127.0.0.1:$echo_port"
proxy_port=$port
through_proxy() {
    timeout 20 "$bin/cat" 127.0.0.1 "$proxy_port" <"$tmp/big" >"$tmp/out" &&
        same "$tmp/big"
}
check 'proxy carries 10 MB there and back, byte for byte' through_proxy
at_once() {
    for i in 1 2 3 4; do
        timeout 30 "$bin/cat" 127.0.0.1 "$proxy_port" <"$tmp/big" \
            >"$tmp/out$i" &
        eval "client$i=\$!"
        pids="$pids $!"
    done
    for i in 1 2 3 4; do
        eval "wait \$client$i" && cmp "$tmp/big" "$tmp/out$i" || return 1
    done
}
check 'proxy carries four of them at once' at_once

nowhere() {
    serve proxy 0 "127.0.0.1:$closed_port" || return 1
    timeout 10 "$bin/cat" 127.0.0.1 "$port" <"$tmp/hello" >"$tmp/out" 2>&1
    cat "$tmp/proxy.err"
    grep -q "ECONNREFUSED.*$closed_port" "$tmp/proxy.err" &&
        kill -0 "$server"
}
check 'proxy says why it could not connect, and lives on' nowhere

# A server that answers a while after its client's FIN, and not before: nc
# cannot be had to do that, Debian's ends when the other side does.
cat >"$tmp/late.c" <<'END'
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
    struct sockaddr_in name = { .sin_family = AF_INET };
    socklen_t size = sizeof name;
    int listener = socket(AF_INET, SOCK_STREAM, 0), fd;
    char bytes[256];

    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&name, size) ||
        listen(listener, 1) ||
        getsockname(listener, (struct sockaddr *)&name, &size))
        return 1;
    printf("listening on 127.0.0.1:%d\n", ntohs(name.sin_port));
    fflush(stdout);
    fd = accept(listener, NULL, NULL);
    while (read(fd, bytes, sizeof bytes) > 0)
        ;
    usleep(200000);
    return write(fd, "the answer\n", 11) != 11 || close(fd);
}
END
answer_after_end() {
    ${CC:-cc} -D_GNU_SOURCE "$tmp/late.c" -o "$tmp/late" || return 1
    bin=$tmp serve late || return 1
    timeout 10 build/examples/cat 127.0.0.1 "$port" <"$tmp/hello" \
        >"$tmp/out" || return 1
    cat "$tmp/out"
    [ "$(cat "$tmp/out")" = 'the answer' ] && wait "$server"
}
check 'cat goes on reading after its input has ended' answer_after_end

# --------------------------------------------------------------- against nc

if ! has nc || ! nc -h 2>&1 | grep -q -e '-[A-Za-z]*N'; then
    for sentence in 'echo answers nc' 'proxy answers nc' \
        'cat goes on sending after the other side has ended' \
        'what one says in chat, the others hear' \
        'chat drops a guest that does not read'; do
        skip "$sentence" "OpenBSD's nc is missing"
    done
    finish
fi

# nc_to PORT FILE
nc_to() {
    timeout 20 nc -N 127.0.0.1 "$1" <"$2" >"$tmp/out"
    same "$2"
}
check 'echo answers nc' nc_to "$echo_port" "$tmp/hello"
check 'echo sends nc its 10 MB back' nc_to "$echo_port" "$tmp/big"
check 'proxy answers nc' nc_to "$proxy_port" "$tmp/hello"
check 'proxy sends nc its 10 MB back' nc_to "$proxy_port" "$tmp/big"

# Inputs that we hold open: a FIFO each. Descriptors 3 and 4 are their ends.
mkfifo "$tmp/in3" "$tmp/in4"

# nc as a server that says what it hears; its input is the FIFO.
nc_listens() {
    : >"$tmp/nc.err"
    nc -lvN 127.0.0.1 0 <"$tmp/in3" >"$tmp/heard" 2>"$tmp/nc.err" &
    nc=$!
    pids="$pids $nc"
    exec 3>"$tmp/in3"
    within 5 grep -q 'Listening on .* [0-9]' "$tmp/nc.err" || return 1
    port=$(sed -n 's/^Listening on .* \([0-9]*\)$/\1/p' "$tmp/nc.err")
}

question_after_end() {
    nc_listens || return 1
    "$bin/cat" 127.0.0.1 "$port" <"$tmp/in4" >"$tmp/out" 3>&- &
    client=$!
    pids="$pids $client"
    exec 4>"$tmp/in4"
    echo 'all I have to say' >&3
    exec 3>&-
    within 5 grep -q 'all I have' "$tmp/out" || return 1
    sleep 0.1
    kill -0 "$client" || return 1
    echo 'late question' >&4
    exec 4>&-
    wait "$client" || return 1
    wait "$nc"
    cat "$tmp/heard"
    [ "$(cat "$tmp/heard")" = 'late question' ]
}
check 'cat goes on sending after the other side has ended' question_after_end

# ----------------------------------------------------------------- the chat

# guest NUMBER OPTION...: an nc with the FIFO in$1 as its input.
guest() {
    number=$1
    shift
    nc "$@" 127.0.0.1 "$chat_port" <"$tmp/in$number" >"$tmp/hears$number" \
        3>&- 4>&- &
    eval "guest$number=\$!"
    pids="$pids $!"
    eval "exec $number>\"\$tmp/in$number\""
}

# A guest's first line shows that the server knows it.
chats() {
    serve chat 0 || return 1
    chat_port=$port
    guest 3 && guest 4 || return 1
    introduced() { echo "I am 3" >&3; grep -q 'I am 3' "$tmp/hears4"; }
    within 5 introduced || return 1
    echo 'I am 4' >&4
    within 5 grep -q 'I am 4' "$tmp/hears3" || return 1
    ! grep 'I am 3' "$tmp/hears3" && ! grep 'I am 4' "$tmp/hears4"
}
check 'what one says in chat, the others hear and oneself does not' chats

# It is stopped: nothing reads what it is sent. Its small receive buffer (-I)
# makes that 3 MB or so, and not 10, before it counts as slow. The other guest
# gets everything; each portion is within the limit, and the next one is said
# when the last was heard, so that only the slow one is slow.
drops_the_slow() {
    mkfifo "$tmp/in5"
    guest 5 -I 8192 || return 1
    echo 'I am 5' >&5
    within 5 grep -q 'I am 5' "$tmp/hears4" || return 1
    kill -STOP "$guest5"
    heard=$(wc -c <"$tmp/hears4")
    head -c 131072 /dev/zero | tr '\0' x >"$tmp/portion"
    for _ in $(seq 48); do
        cat "$tmp/portion" >&3
        heard=$((heard + 131072))
        all_heard() { [ "$(wc -c <"$tmp/hears4")" -ge "$heard" ]; }
        within 5 all_heard || return 1
    done
    # Its input ends too, and so it goes if, and only if, the server hung up.
    exec 5>&-
    kill -CONT "$guest5"
    gone() { ! kill -0 "$guest5" 2>/dev/null; }
    within 10 gone || return 1
    wc -c "$tmp/hears4" "$tmp/hears5"
    [ "$(wc -c <"$tmp/hears5")" -lt $((48 * 131072)) ] || return 1
    # Those who listen are still there.
    echo 'still here' >&4
    within 5 grep -q 'still here' "$tmp/hears3"
}
check 'chat drops a guest that does not read, and only that one' drops_the_slow
exec 3>&- 4>&-
finish
