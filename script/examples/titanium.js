'use strict';
/*
 * titanium.js - a pinboard with one note, in the manner of Titanium
 *
 * `Ti` is a global. A listening socket takes one connection for each accept();
 * Ti.Stream.pump hands over what comes, chunk by chunk, and a last time with
 * bytesProcessed -1. What a client pins stays until the next one comes.
 *
 *     client                     pinboard
 *       "buy milk"  FIN  ------>
 *                        <------  4 bytes of length, then the note before it
 *
 * Try it:  weir titanium.js 7012
 *          echo 'buy milk' | nc -N 127.0.0.1 7012 | tail -c +5
 */
const USAGE = `usage: titanium.js [PORT]
Keeps one note; answers each with the one before it, its length in front.
PORT: default 7012, 0 for any.
Try it: echo 'buy milk' | nc -N 127.0.0.1 PORT | tail -c +5`;

const LIMIT = 64 * 1024; // bytes of a note
const { Codec } = Ti;

let note = Ti.createBuffer({ value: 'nothing is pinned here yet\n' });

// The length as four bytes in network order, then the note.
function framed(body) {
    const frame = Ti.createBuffer({ length: 4 });

    Codec.encodeNumber({
        source: body.length, dest: frame, position: 0,
        type: Codec.TYPE_INT, byteOrder: Codec.BIG_ENDIAN,
    });
    frame.append(body);
    return frame;
}

function pin(socket, text) {
    const before = note;

    note = text;
    Ti.Stream.write(socket, framed(before), (e) => {
        if (e.success) {
            socket.close();
        } else {
            Ti.API.warn(`not delivered: ${e.error}`);
        }
    });
}

function onAccepted({ socket, inbound }) {
    const text = Ti.createBuffer();

    Ti.Stream.pump(inbound, (e) => {
        if (e.bytesProcessed >= 0) {
            text.append(e.buffer);
            if (text.length > LIMIT) {
                inbound.close();
            }
        } else if (e.success) {
            pin(inbound, text);
        }
    }, 4096, true);
    accept(socket);
}

function accept(listener) {
    listener.accept({
        timeout: 10000, // ms a client may take for the answer
        error: (e) => Ti.API.warn(`lost a client: ${e.error}`),
    });
}

function serve(port) {
    const listener = Ti.Network.Socket.createTCP({
        host: '127.0.0.1', port, listenQueueSize: 50,
        accepted: onAccepted,
        error: (e) => {
            Ti.API.error(e.error);
            process.exitCode = 1;
        },
    });

    listener.listen();
    accept(listener);
    // listen() does not wait; whether it went well is known a moment later.
    setTimeout(() => {
        if (listener.state === Ti.Network.Socket.LISTENING) {
            console.log(`listening on ${listener.host}:${listener.port}`);
        }
    }, 0);
}

const [port = '7012', ...more] = process.argv.slice(2);

if (port === '--help') {
    console.log(USAGE);
} else if (more.length || !/^\d{1,5}$/.test(port) || port > 65535) {
    console.error(`titanium: not a port: ${[port, ...more].join(' ')}`);
    console.error(USAGE);
    process.exitCode = 2;
} else {
    serve(Number(port));
}
