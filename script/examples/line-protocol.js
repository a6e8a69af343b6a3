'use strict';
/*
 * line-protocol.js - a store of names and values, a command to a line
 *
 * A stream has no lines: a packet may hold half of one or fifty. An async
 * generator makes lines of it once, and the rest of the program is a plain
 * loop. The loop is backpressure too: while it waits for a slow client to take
 * an answer, the socket is not read.
 *
 * Try it:  weir line-protocol.js 7008
 *          printf 'set a 1\nget a\nlist\n' | nc -N 127.0.0.1 7008
 */
const net = require('net');

const USAGE = `usage: line-protocol.js [PORT]
Keeps values under names. PORT: default 7008, 0 for any.
Commands: set NAME VALUE, get NAME, delete NAME, list, quit
Try it: printf 'set a 1\\nget a\\n' | nc -N 127.0.0.1 PORT`;

const LINE_LIMIT = 64 * 1024;

const store = new Map();

/* The lines of a socket, without their ends (\n, or \r\n as telnet sends). */
async function* linesOf(socket) {
    let rest = '';

    for await (const text of socket.setEncoding('utf8')) {
        const lines = (rest + text).split(/\r?\n/);

        rest = lines.pop();
        yield* lines;
        if (rest.length > LINE_LIMIT) {
            throw new Error('a line is too long');
        }
    }
    if (rest) {
        yield rest;
    }
}

/* What a command answers; nothing for quit. */
const execute = (line) => {
    const [, command, name, value] =
        /^\s*(\S*)\s*(\S*)\s*(.*)$/.exec(line);

    switch (`${command} ${name ? 'NAME' : ''}`.trim()) {
    case 'set NAME':
        store.set(name, value);
        return 'ok';
    case 'get NAME':
        return store.has(name) ? `= ${store.get(name)}` : 'none';
    case 'delete NAME':
        return store.delete(name) ? 'ok' : 'none';
    case 'list':
        return [...store.keys(), 'ok'].join('\n');
    case 'quit':
        return undefined;
    default:
        return 'error: set NAME VALUE, get NAME, delete NAME, list, quit';
    }
};

/* Until the socket takes more, or is gone. */
const drained = (socket) => new Promise((resolve) => {
    const settle = () => {
        socket.off('drain', settle).off('close', settle);
        resolve();
    };
    socket.on('drain', settle).on('close', settle);
});

const talk = async (socket) => {
    for await (const line of linesOf(socket)) {
        const answer = execute(line);

        if (socket.writableEnded) {
            continue; // said goodbye, but leaving the loop would cut it off
        }
        if (answer === undefined) {
            socket.end('bye\n');
        } else if (!socket.write(`${answer}\n`) && !socket.destroyed) {
            await drained(socket);
        }
    }
    socket.end();
};

const serve = (port) => {
    const options = { allowHalfOpen: true, noDelay: true };
    const server = net.createServer(options, async (socket) => {
        try {
            await talk(socket);
        } catch (error) {
            console.error(`line-protocol: ${error.message}`);
            socket.destroy();
        }
    });

    server.on('error', (error) => {
        console.error(`line-protocol: ${error.message}`);
        process.exitCode = 1;
    });
    server.listen(port, () => {
        const { address, port } = server.address();
        const host = net.isIPv6(address) ? `[${address}]` : address;
        console.log(`listening on ${host}:${port}`);
    });
};

const [port = '7008', ...more] = process.argv.slice(2);

if (port === '--help') {
    console.log(USAGE);
} else if (more.length || !/^\d{1,5}$/.test(port) || port > 65535) {
    console.error(`line-protocol: not a port: ${[port, ...more].join(' ')}`);
    console.error(USAGE);
    process.exitCode = 2;
} else {
    serve(Number(port));
}
