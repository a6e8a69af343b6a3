#!/bin/sh
# script_node.sh - weir and Node as each other's client: the same program on
# both sides of a connection, and what arrives must be what was sent.
# shellcheck source=test/shell/tap
. "$(dirname "$0")/tap"

weir=$PWD/build/weir
if ! has "$weir" || ! has node; then
    skip 'weir and Node understand each other' 'build/weir or node is missing'
    finish
fi

# Echoes; a connection that ends is ended behind all bytes.
cat >"$tmp/server.js" <<'END'
const net = require('net');
const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    socket.pipe(socket);
});
server.listen(process.argv[2] || 0, process.argv[2] ? undefined : '127.0.0.1',
    () => console.log(`listening on ${server.address().port ?? 'path'}`));
END

# Sends a pattern of so many bytes, half-closes, and compares the echo.
cat >"$tmp/client.js" <<'END'
const net = require('net');
const [where, size] = process.argv.slice(2);
const sent = Buffer.alloc(Number(size), 'weir and node, ');
const socket = net.connect(Number(where) || where);
let at = 0;
socket.on('data', (data) => {
    if (data.compare(sent, at, at + data.length) !== 0)
        throw new Error(`byte ${at} differs`);
    at += data.length;
});
socket.on('close', (hadError) => {
    console.log(at === sent.length && !hadError ? 'same' : `only ${at}`);
});
socket.end(sent);
END

# between SERVER CLIENT SIZE
between() {
    "$1" "$tmp/server.js" >"$tmp/out" &
    pids="$pids $!"
    for _ in $(seq 100); do
        grep -q listening "$tmp/out" && break
        sleep 0.05
    done
    port=$(sed -n 's/listening on //p' "$tmp/out")
    timeout 20 "$2" "$tmp/client.js" "$port" "$3" | grep -qx same
}

check 'a client on Node has 10 bytes back from a server on weir' \
    between "$weir" node 10
check 'a client on Node has 20 MB back from a server on weir' \
    between "$weir" node 20000000
check 'a client on weir has 10 bytes back from a server on Node' \
    between node "$weir" 10
check 'a client on weir has 20 MB back from a server on Node' \
    between node "$weir" 20000000
check 'a client on weir has 20 MB back from a server on weir' \
    between "$weir" "$weir" 20000000
finish
