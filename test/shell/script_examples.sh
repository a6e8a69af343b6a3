#!/bin/sh
# script_examples.sh - every JavaScript example does what it says, against
# bash's own sockets, nc, socat, curl and each other.
#
# WEIR=node runs them on Node, whose API it is.
# shellcheck source=test/shell/tap
. "$(dirname "$0")/tap"

weir=${WEIR:-build/weir}
examples=script/examples

if ! has "$weir"; then
    skip 'the JavaScript examples do what they say' \
        "$weir is missing: make build/weir needs JavaScriptCore"
    finish
fi

# ------------------------------------------------------- help, wrong options

# run SECONDS NAME ARGUMENT...: into $tmp/out and $tmp/err
run() {
    limit=$1
    name=$2
    shift 2
    timeout "$limit" "$weir" "$examples/$name.js" "$@" \
        >"$tmp/out" 2>"$tmp/err" </dev/null
}

helps() {
    run 10 "$1" --help || return 1
    cat "$tmp/out" "$tmp/err"
    grep -q "^usage: $1.js" "$tmp/out" && [ ! -s "$tmp/err" ]
}

# fails STATUS NAME ARGUMENT...: says why on stderr, and nothing on stdout
fails() {
    expected=$1
    shift
    run 10 "$@"
    status=$?
    [ "$status" -eq "$expected" ] && [ -s "$tmp/err" ] &&
        [ ! -s "$tmp/out" ] && return
    echo "$*: exit status $status"
    cat "$tmp/out" "$tmp/err"
    return 1
}

# Node has not the globals of the older platforms.
is_ours() {
    case $(basename "$weir"):$1 in
    node:mongoose | node:titanium) return 1 ;;
    esac
}

for file in "$examples"/*.js; do
    name=$(basename "$file" .js)
    is_ours "$name" || continue
    check "$name.js --help explains itself" helps "$name"
    check "$name.js refuses arguments that make no sense" \
        fails 2 "$name" such nonsense 'as this' here
done

bad_ports() {
    for port in 70000 -1 12x ''; do
        fails 2 "$1" "$port" || return 1
        grep -q 'not a port' "$tmp/err" || return 1
    done
}
for name in echo chat proxy file-server half-open keepalive timeouts \
    line-protocol http-hello port-scan bench-client mongoose iotjs titanium; do
    is_ours "$name" || continue
    check "$name.js refuses a port that is none" bad_ports "$name"
done
bad_targets() {
    fails 2 proxy 0 127.0.0.1:70000 && fails 2 proxy 0 127.0.0.1 &&
        fails 2 netcat 127.0.0.1 70000 && fails 2 netcat 127.0.0.1
}
check 'proxy.js and netcat.js refuse a target that is none' bad_targets

listed() {
    for file in "$examples"/*.js; do
        grep -qF "($(basename "$file"))" "$examples/README.md" || echo "$file"
    done
}
check 'the README of the examples names each of them' nothing_from listed

# --------------------------------------------------------------- the servers

# serve NAME ARGUMENT...: starts it and waits; $port and $server are set.
serve() {
    name=$1
    shift
    : >"$tmp/$name.out"
    "$weir" "$examples/$name.js" "$@" \
        >"$tmp/$name.out" 2>"$tmp/$name.err" </dev/null &
    server=$!
    pids="$pids $server"
    within 10 grep -q '^listening on ' "$tmp/$name.out" || {
        cat "$tmp/$name.out" "$tmp/$name.err"
        return 1
    }
    port=$(sed -n 's/^listening on .*:\([0-9]*\)$/\1/p' "$tmp/$name.out")
}

# stop: ends the last server.
stop() {
    kill "$server" && wait "$server"
    pids=${pids% "$server"}
} 2>/dev/null

# talk PORT SECONDS: sends stdin, ends nothing, prints what comes until the
# other side ends or the time is over.
talk() {
    timeout "$2" bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" && cat >&3 &&
        exec cat <&3' "$1"
}

# exchange PORT LINES: sends stdin and prints so many lines of the answer.
exchange() {
    timeout 10 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" && cat >&3 &&
        head -n "$1" <&3' "$1" "$2"
}

# No length that is a multiple of a buffer's.
head -c 10000019 /dev/urandom >"$tmp/big"
echo hello >"$tmp/hello"

is() { [ "$(cat)" = "$1" ]; }
same() { cmp "$1" "$tmp/out"; }

nc_half_closes() { has nc && nc -h 2>&1 | grep -q -e '-[A-Za-z]*N'; }

# with_nc SENTENCE COMMAND...; with TOOL SENTENCE COMMAND...
with_nc() {
    if nc_half_closes; then
        check "$@"
    else
        skip "$1" "OpenBSD's nc is missing"
    fi
}
with() {
    tool=$1
    shift
    if has "$tool"; then check "$@"; else skip "$1" "$tool is missing"; fi
}

# ---------------------------------------------------------------------- echo

check 'echo.js 0 tells the port that it got' serve echo 0
echo_port=$port
echo_server=$server

exact_address() {
    grep -Exq 'listening on (\[::\]|0\.0\.0\.0):[1-9][0-9]*' "$tmp/echo.out"
}
check 'it says so as "listening on ADDRESS:PORT", IPv6 in brackets' \
    exact_address

echo_line() { exchange "$echo_port" 1 <"$tmp/hello" | is hello; }
check 'echo.js answers a plain socket' echo_line

nc_to() { timeout 20 nc -N 127.0.0.1 "$1" <"$2" >"$tmp/out"; same "$2"; }
with_nc 'echo.js sends nc its 10 MB back' nc_to "$echo_port" "$tmp/big"

socat_to() {
    timeout 20 socat -t 10 - "$1" <"$2" >"$tmp/out"
    same "$2"
}
with socat 'echo.js sends socat its 10 MB back' \
    socat_to "TCP:127.0.0.1:$echo_port" "$tmp/big"
if [ -e /proc/net/if_inet6 ] && grep -q '^0*1 ' /proc/net/if_inet6; then
    with socat 'echo.js answers over IPv6' \
        socat_to "TCP6:[::1]:$echo_port" "$tmp/hello"
else
    skip 'echo.js answers over IPv6' 'no IPv6 here'
fi

resident() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }
# It sends for three seconds, and never reads.
no_growth() {
    head -c 1000000 /dev/zero | talk "$echo_port" 5 >/dev/null
    before=$(resident "$echo_server")
    timeout 3 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" && cat /dev/zero >&3' \
        "$echo_port"
    after=$(resident "$echo_server")
    echo "resident: $before KiB before, $after KiB after"
    [ "$after" -lt $((before + 20000)) ]
}
if [ -e /proc/self/status ]; then
    check 'a client that never reads does not make echo.js grow' no_growth
    check 'and it still answers others' echo_line
else
    skip 'a client that never reads does not make echo.js grow' 'no /proc here'
fi

in_use() { fails 1 echo "$echo_port" && grep -q EADDRINUSE "$tmp/err"; }
check 'a second echo.js on the same port says EADDRINUSE' in_use

# A port that was just free; nobody else takes it within these milliseconds
# unless the machine is out of them.
serve half-open 0 >/dev/null && stop
closed_port=$port

# ---------------------------------------------------------------------- chat

cat >"$tmp/chat" <<'END'
hears() { IFS= read -r -t 5 -u "$1" line && [ "$line" = "$2" ] ||
    { echo "$1 heard '$line' and not '$2'"; exit 1; }; }

exec 3<>"/dev/tcp/127.0.0.1/$1"
exec 4<>"/dev/tcp/127.0.0.1/$1"
hears 3 '* guest2 came'
printf 'gr\303' >&3; sleep 0.1
printf '\274ezi\r\n/name Ann\nsecond\n' >&3
hears 4 'guest1: grüezi'
hears 4 '* guest1 is now Ann'
hears 4 'Ann: second'
echo '/name Ann' >&4
hears 4 'that name is taken'
echo 'to Ann' >&4
hears 3 'guest2: to Ann'
exec 4>&-
hears 3 '* guest2 left'
END
chats() {
    serve chat 0 && timeout 20 bash "$tmp/chat" "$port"
}
check 'in chat.js what one says, the others hear and oneself does not' chats

cat >"$tmp/slow" <<'END'
# 5 never reads, 4 always does, 3 speaks.
exec 4<>"/dev/tcp/127.0.0.1/$1" 5<>"/dev/tcp/127.0.0.1/$1"
cat <&4 >"$2" &
reader=$!
exec 3<>"/dev/tcp/127.0.0.1/$1"
cat <&3 >/dev/null & # it is told who comes and goes
hears=$!
line=$(head -c 4000 /dev/zero | tr '\0' x)
for _ in $(seq 6000); do echo "$line"; done >&3
for _ in $(seq 600); do grep -q 'guest4 left' "$2" && break; sleep 0.05; done
kill "$hears"
echo 'still here' >&3
for _ in $(seq 600); do grep -q 'still here' "$2" && break; sleep 0.05; done
kill "$reader"
wc "$2"
grep -q 'guest4 left' "$2" && [ "$(grep -c "xxx$" "$2")" -eq 6000 ] &&
    grep -q 'still here' "$2"
END
drops_the_slow() { timeout 90 bash "$tmp/slow" "$port" "$tmp/heard"; }
check 'chat.js drops a guest that does not read, and only that one' \
    drops_the_slow
stop

# --------------------------------------------------------------------- proxy

check 'proxy.js 0 tells the port that it got' \
    serve proxy 0 "127.0.0.1:$echo_port"
proxy_port=$port
proxy_line() { exchange "$proxy_port" 1 <"$tmp/hello" | is hello; }
check 'proxy.js carries a line there and back' proxy_line
with_nc 'proxy.js carries 10 MB there and back' nc_to "$proxy_port" "$tmp/big"
at_once() {
    clients=
    for i in 1 2 3 4; do
        timeout 30 nc -N 127.0.0.1 "$proxy_port" <"$tmp/big" >"$tmp/out$i" &
        clients="$clients $!"
    done
    # shellcheck disable=SC2086 # a list of numbers
    wait $clients
    for i in 1 2 3 4; do cmp "$tmp/big" "$tmp/out$i" || return 1; done
}
with_nc 'proxy.js carries four of them at once' at_once

proxied_end() {
    serve half-open 0 && serve proxy 0 "localhost:$port" || return 1
    printf 'a b\nc\n' | timeout 10 nc -N 127.0.0.1 "$port" |
        is '2 lines, 3 words, 6 bytes'
}
with_nc 'proxy.js carries an end and the answer to it' proxied_end

nowhere() {
    serve proxy 0 "127.0.0.1:$closed_port" || return 1
    talk "$port" 10 <"$tmp/hello" # reset or ended, but not silent
    [ $? -ne 124 ] || return 1
    cat "$tmp/proxy.err"
    grep -q "ECONNREFUSED.*$closed_port" "$tmp/proxy.err" && kill -0 "$server"
}
check 'proxy.js says why it could not connect, and lives on' nowhere

# --------------------------------------------------------------- file server

mkdir "$tmp/files" "$tmp/files/sub" "$tmp/filesecret"
cp "$tmp/big" "$tmp/files/big"
cp "$tmp/hello" "$tmp/files/sub/hello"
cp "$tmp/hello" "$tmp/filesecret/hello"
cp "$tmp/hello" "$tmp/files/..odd"
: >"$tmp/files/empty"

check 'file-server.js 0 tells the port that it got' \
    serve file-server 0 "$tmp/files"
files_port=$port
sends() {
    printf '%s\n' "$@" | timeout 20 nc -N 127.0.0.1 "$files_port" >"$tmp/out"
}
many_files() {
    sends sub/hello empty nothing ..odd || return 1
    cat "$tmp/out"
    printf 'OK 6\nhello\nOK 0\nERROR no such file\nOK 6\nhello\n' |
        cmp - "$tmp/out"
}
with_nc 'file-server.js sends what is asked for, in order' many_files
big_file() {
    sends big && head -n1 "$tmp/out" | is 'OK 10000019' &&
        tail -c 10000019 "$tmp/out" | cmp - "$tmp/big"
}
with_nc 'file-server.js sends 10 MB' big_file
outside() {
    for path in ../filesecret/hello "$tmp/hello" .. . sub/../../hello '' \
        "$(printf 'sub/hello\rx')" sub/hello/ "$tmp/filesecret/hello"; do
        sends "$path" || return 1
        echo "$path: $(cat "$tmp/out")"
        case $path in
        sub/hello/) continue ;; # the same file for path.resolve()
        esac
        printf 'ERROR no such file\n' | cmp - "$tmp/out" || return 1
    done
    printf 'sub/hello\0\n' | timeout 20 nc -N 127.0.0.1 "$files_port" |
        is 'ERROR no such file'
}
with_nc 'file-server.js sends nothing from outside of its folder' outside
plain_files() {
    printf 'sub/hello\r\nempty\r\n' | exchange "$files_port" 3 >"$tmp/out"
    printf 'OK 6\nhello\nOK 0\n' | cmp - "$tmp/out"
}
check 'file-server.js answers while the connection stays open' plain_files
no_folder() {
    fails 2 file-server 0 "$tmp/none" && fails 2 file-server 0 "$tmp/big"
}
check 'file-server.js refuses a folder that is none' no_folder
stop

# ---------------------------------------------- half-open, keepalive, timeouts

check 'half-open.js 0 tells the port that it got' serve half-open 0
counts() {
    timeout 20 nc -N 127.0.0.1 "$port" <"$1" >"$tmp/out"
    read -r lines words bytes <<END
$(LC_ALL=C wc <"$1")
END
    cat "$tmp/out"
    is "$lines lines, $words words, $bytes bytes" <"$tmp/out"
}
with_nc 'half-open.js answers after the end' counts README.md
half_socat() {
    printf 'a b\nc\n' | timeout 10 socat -t 10 - "TCP:127.0.0.1:$port" |
        is '2 lines, 3 words, 6 bytes'
}
with socat 'half-open.js answers socat too' half_socat
stop

check 'keepalive.js 0 tells the port that it got' serve keepalive 0
held() {
    timeout 20 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" && read -r -u 3 line &&
        echo "$line" && ss -Htno state established "sport = :$0"' "$port" \
        >"$tmp/out"
    cat "$tmp/out"
    grep -q 'silent as long' "$tmp/out" &&
        grep -q 'timer:(keepalive,' "$tmp/out"
}
with ss 'the kernel looks after connections of keepalive.js' held
told() { grep -q ': here$' "$1" && grep -q ': gone after [0-9.]* s$' "$1"; }
with ss 'keepalive.js tells who came and went' \
    within 5 told "$tmp/keepalive.out"
stop

check 'timeouts.js 0 tells the port that it got' serve timeouts 0 200
silent() {
    talk "$port" 10 </dev/null >"$tmp/out"
    [ "$(cat "$tmp/out")" = 'tell me something
still there?
goodbye' ]
}
check 'timeouts.js asks a silent guest once, and shows it out' silent
talkative() {
    timeout 10 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0"
        while sleep 0.05; do echo word >&3; done &
        cat <&3; kill $!' "$port" >"$tmp/out" 2>&1
    cat "$tmp/out"
    grep -q 'that was long enough' "$tmp/out" && ! grep -q still "$tmp/out"
}
check 'timeouts.js shows a talkative one out after a while' talkative
stop

# --------------------------------------------------------------- UNIX socket

# Not in $tmp: TMPDIR may be longer than such a path can be.
unix=$(mktemp -u "/tmp/weir.XXXXXX")
status_of() {
    timeout 10 "$@" >"$tmp/out" && cat "$tmp/out" &&
        grep -q "^pid $server\$" "$tmp/out" && grep -q '^answered' "$tmp/out"
}
unix_listens() {
    serve unix-socket "$unix" && grep -qx "listening on $unix" \
        "$tmp/unix-socket.out" && [ -S "$unix" ]
}
check 'unix-socket.js listens on a path' unix_listens
if nc_half_closes; then
    check 'unix-socket.js answers nc' status_of nc -NU "$unix"
else
    skip 'unix-socket.js answers nc' "OpenBSD's nc is missing"
fi
with socat 'unix-socket.js answers socat' \
    status_of socat -u "UNIX-CONNECT:$unix" -
second() {
    fails 1 unix-socket "$unix" && grep -q 'somebody listens' "$tmp/err"
}
check 'a second unix-socket.js leaves the first one alone' second
left_over() {
    { kill -9 "$server" && wait "$server"; } 2>/dev/null
    pids=${pids% "$server"}
    [ -S "$unix" ] && unix_listens
}
check 'unix-socket.js takes the place of one that was killed' left_over
tidy() {
    kill "$server" && wait "$server"
    status=$?
    pids=${pids% "$server"}
    [ "$status" -eq 0 ] && [ ! -e "$unix" ]
}
check 'unix-socket.js ends by SIGTERM and removes its file' tidy
too_long() { fails 1 unix-socket "/tmp/$(printf '%0200d' 0)"; }
if "$weir" -p process.versions.weir 2>/dev/null | grep -q '[0-9]'; then
    check 'unix-socket.js says that a path is too long' too_long
else
    skip 'unix-socket.js says that a path is too long' 'Node cuts it off'
fi

# ------------------------------------------------------------- line protocol

check 'line-protocol.js 0 tells the port that it got' serve line-protocol 0
session() {
    printf 'set a 1 2\r\nget a\nget b\nset b \303\274\nlist\ndelete a\nx\n' |
        exchange "$port" 8 >"$tmp/out"
    cat "$tmp/out"
    [ "$(head -n7 "$tmp/out" | tr '\n' ',')" = \
        'ok,= 1 2,none,ok,a,b,ok,' ]
}
check 'line-protocol.js answers each line' session
pieces() {
    { printf 'ge'; sleep 0.1; printf 't b'; sleep 0.1; printf '\nset u \303'
      sleep 0.1; printf '\244\nget u\nquit\n'; } | talk "$port" 10 >"$tmp/out"
    cat "$tmp/out"
    [ "$(tr '\n' ',' <"$tmp/out")" = '= ü,ok,= ä,bye,' ]
}
check 'line-protocol.js makes lines of pieces, and says goodbye' pieces
# 50 MB of answers to somebody who reads late; memory stays what it is.
patient() {
    { printf 'set big %032000d\n' 0; yes 'get big' | head -n 1500; } >"$tmp/in"
    before=$(resident "$server")
    timeout 30 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" && cat "$1" >&3 &&
        echo quit >&3 && sleep 1 && resident=$(awk "/^VmRSS/ { print \$2 }" \
        "/proc/$2/status") && wc -c <&3 && echo "$resident"' \
        "$port" "$tmp/in" "$server" >"$tmp/out"
    echo "resident before: $before; bytes, resident:"
    cat "$tmp/out"
    { read -r bytes && read -r after; } <"$tmp/out"
    [ "$bytes" -eq $((3 + 1500 * 32003 + 4)) ] &&
        [ "$after" -lt $((before + 30000)) ]
}
if [ -e /proc/self/status ]; then
    check 'line-protocol.js waits for a client that reads late' patient
else
    skip 'line-protocol.js waits for a client that reads late' 'no /proc here'
fi
stop

# ---------------------------------------------------------------------- HTTP

check 'http-hello.js 0 tells the port that it got' serve http-hello 0
url=http://127.0.0.1:$port
fetches() {
    timeout 10 curl -sS "$@" >"$tmp/out"
    status=$?
    cat "$tmp/out"
    return $status
}
curl_hello() {
    fetches -i "$url/you" && grep -q '^HTTP/1.1 200 OK' "$tmp/out" &&
        grep -qi '^Date: .* GMT' "$tmp/out" &&
        tail -n1 "$tmp/out" | is 'hello, /you'
}
with curl 'http-hello.js answers curl' curl_hello
keeps() {
    fetches -w '%{num_connects}\n' "$url/a" "$url/b" &&
        [ "$(tr '\n' ' ' <"$tmp/out")" = 'hello, /a 1 hello, /b 0 ' ]
}
with curl 'http-hello.js keeps the connection' keeps
heads() {
    fetches -I "$url/" "$url/x" &&
        [ "$(grep -c '^Content-Length: ' "$tmp/out")" -eq 2 ] &&
        ! grep hello "$tmp/out"
}
with curl 'http-hello.js answers HEAD without a body' heads
posts() {
    fetches --data-binary "@$tmp/big" "$url/a" --next "$url/b" &&
        [ "$(tr '\n' ' ' <"$tmp/out")" = 'hello, /a hello, /b ' ]
}
with curl 'http-hello.js skips a body of 10 MB' posts
oldest() { fetches -0 -i "$url/" && grep -q 'Connection: close' "$tmp/out"; }
with curl 'http-hello.js closes after a request of HTTP/1.0' oldest
chunked() {
    fetches -i -H 'Transfer-Encoding: chunked' -d x "$url/"
    grep -q '^HTTP/1.1 501' "$tmp/out"
}
with curl 'http-hello.js does not pretend to know chunked bodies' chunked

get='GET %s HTTP/1.1\r\nHost: x\r\n'
pipelined() {
    # shellcheck disable=SC2059 # the format is ours
    { printf "$get\\r\\n" /1 /2; printf "$get" /3; sleep 0.1
      printf 'Connection: close\r\n\r\n'; } | talk "$port" 10 >"$tmp/out"
    cat "$tmp/out"
    [ "$(sed -n 's/^hello, //p' "$tmp/out" | tr -d '\n')" = /1/2/3 ] &&
        [ "$(grep -c '^HTTP/1.1 200' "$tmp/out")" -eq 3 ]
}
check 'http-hello.js answers pipelined requests in order, and closes' pipelined
# refused STATUS TEXT
refused() {
    printf '%b' "$2" | talk "$port" 3 >"$tmp/out" || return 1
    head -n1 "$tmp/out"
    head -n1 "$tmp/out" | grep -q "^HTTP/1.1 $1 "
}
junk() {
    length='Content-Length: '
    for text in 'hello\n' '\026\003\001\002' 'GET / HTTP/1.1\n\n' \
        'GET / HTTP/2.0\r\n\r\n' 'GET / HTTP/1.1\r\n\r\n' \
        'GET / HTTP/1.1\r\nHost : x\r\n\r\n' \
        'GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n' \
        "GET / HTTP/1.1\r\nHost: x\r\n${length}-1\r\n\r\n" \
        "GET / HTTP/1.1\r\nHost: x\r\n${length}1\r\n${length}2\r\n\r\n"; do
        echo "$text"
        refused 400 "$text" || return 1
    done
}
check 'http-hello.js gives 400 for what is not HTTP' junk
others() {
    refused 405 'BREW / HTTP/1.1\r\nHost: x\r\n\r\n' &&
        refused 417 'GET / HTTP/1.1\r\nHost: x\r\nExpect: more\r\n\r\n' &&
        refused 431 "GET / HTTP/1.1\r\nHost: x\r\nX: $(printf '%020000d' 0)"
}
check 'http-hello.js gives 405, 417 and 431 where they belong' others
loaded() {
    timeout 20 wrk -t1 -c 16 -d 1s "$url/" >"$tmp/out" 2>&1
    cat "$tmp/out"
    grep -q 'Requests/sec' "$tmp/out" &&
        ! grep -Eq 'Non-2xx|Socket errors' "$tmp/out"
}
with wrk 'http-hello.js answers wrk' loaded
stop

# ----------------------------------------------------------------- the clients

netcat_to() {
    timeout 20 "$weir" "$examples/netcat.js" "$1" "$echo_port" \
        <"$2" >"$tmp/out" && same "$2"
}
check 'netcat.js and echo.js carry a line' netcat_to 127.0.0.1 "$tmp/hello"
check 'netcat.js finds localhost' netcat_to localhost "$tmp/hello"
check 'netcat.js sends a file of 10 MB and gets it back' \
    netcat_to 127.0.0.1 "$tmp/big"
netcat_piped() {
    # The first cat makes a pipe of what would be a file.
    # shellcheck disable=SC2002
    cat "$tmp/big" | timeout 20 "$weir" "$examples/netcat.js" 127.0.0.1 \
        "$echo_port" | cat >"$tmp/out"
    same "$tmp/big"
}
check 'netcat.js sends a pipe of 10 MB and gets it back' netcat_piped
netcat_refused() {
    fails 1 netcat 127.0.0.1 "$closed_port" &&
        grep -q "ECONNREFUSED.*$closed_port" "$tmp/err"
}
check 'netcat.js says who refused it' netcat_refused

scans() {
    run 20 port-scan "$echo_port" "$echo_port" && is "$echo_port" <"$tmp/out" &&
        run 20 port-scan "$closed_port" "$closed_port" && [ ! -s "$tmp/out" ]
}
check 'port-scan.js tells an open port from a closed one' scans
scans_many() {
    run 30 port-scan 1 10000 && [ ! -s "$tmp/err" ] || return 1
    cat "$tmp/out"
    run 30 port-scan "$echo_port" && [ ! -s "$tmp/err" ]
}
check 'port-scan.js scans thousands, and shows no bar where it is no terminal' \
    scans_many

benches() {
    run 20 bench-client "$echo_port" --seconds=1 --connections=8 || return 1
    cat "$tmp/out"
    grep -Eq '^8 connections, 64 bytes: [1-9][0-9]* messages/s, ' "$tmp/out" &&
        grep -Eq ', p50 [0-9]+ us, p99 [0-9]+ us$' "$tmp/out"
}
check 'bench-client.js measures echo.js' benches
bench_refused() {
    fails 1 bench-client 127.0.0.1 "$closed_port" &&
        fails 2 bench-client 1 --x=1
}
check 'bench-client.js says what is wrong' bench_refused

slow_reader() {
    run 20 slow-reader 5 && cat "$tmp/out" "$tmp/err" || return 1
    grep -q 'writer waits .* MiB  reader paused' "$tmp/out" &&
        grep -q 'writer had to wait [1-9]' "$tmp/out" && [ ! -s "$tmp/err" ] &&
        ! grep -q "$(printf '\r')" "$tmp/out"
}
check 'slow-reader.js shows lines where it is no terminal, and ends' slow_reader
slow_live() {
    timeout 20 script -qec "'$weir' $examples/slow-reader.js 1" /dev/null \
        >"$tmp/out" </dev/null || return 1
    tr '\r' '\n' <"$tmp/out" | tail -n 4
    [ "$(tr -cd '\r' <"$tmp/out" | wc -c)" -ge 10 ] &&
        [ "$(wc -l <"$tmp/out")" -le 3 ]
}
with script 'slow-reader.js redraws one line on a terminal' slow_live

# -------------------------------------------------------- the older platforms

# said_to NAME TEXT ANSWER: what it answers to who sends TEXT and ends.
said_to() {
    printf '%b' "$2" >"$tmp/said"
    timeout 10 nc -N 127.0.0.1 "$port" <"$tmp/said" >"$tmp/out"
    printf '%b' "$3" >"$tmp/answer"
    cmp "$tmp/answer" "$tmp/out" || { cat "$tmp/out"; return 1; }
}
mongoose_hub() {
    serve mongoose 0 && said_to mongoose '?\n' 'nothing yet\n' &&
        said_to mongoose 'kitchen 21\nattic -3.5\nhot\n' \
            'not a reading: hot\n' &&
        said_to mongoose 'attic 4\n?\n' 'kitchen 21\nattic 4\n' &&
        grep -qx 'reading kitchen 21' "$tmp/mongoose.out" &&
        [ ! -s "$tmp/mongoose.err" ]
    result=$?
    stop
    return $result
}
iotjs_lamps() {
    serve iotjs 0 && said_to iotjs 'show\n' '........\n' &&
        said_to iotjs 'on 3\ntoggle 4' '...*....\n...**...\n' &&
        said_to iotjs 'off 3\njump\n' '....*...\nwhat is "jump"?\n' &&
        [ ! -s "$tmp/iotjs.err" ]
    result=$?
    stop
    return $result
}
titanium_note() {
    serve titanium 0 &&
        said_to titanium 'buy milk' \
            '\0000\0000\0000\0033nothing is pinned here yet\n' &&
        said_to titanium 'call home' '\0000\0000\0000\0010buy milk' &&
        said_to titanium '' '\0000\0000\0000\0011call home' &&
        [ ! -s "$tmp/titanium.err" ]
    result=$?
    stop
    return $result
}
taken() {
    serve mongoose 0 || return 1
    fails 1 titanium "$port" && grep -q EADDRINUSE "$tmp/err"
    result=$?
    stop
    return $result
}
if is_ours mongoose; then
    with_nc 'mongoose.js keeps the last reading of each sensor' mongoose_hub
    with_nc 'titanium.js answers with the note before, its length in front' \
        titanium_note
    check 'titanium.js on a port that is taken says so and ends' taken
fi
with_nc 'iotjs.js switches lamps, and answers after the end' iotjs_lamps
finish
