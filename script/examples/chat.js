'use strict';
/*
 * chat.js - what one says, all others hear
 *
 * A message is encoded once, and the same Buffer is written to everybody. Who
 * reads so slowly that too much waits is dropped, and cannot make the server's
 * memory grow; nobody else notices.
 *
 * Try it:  weir chat.js 7001         and in two other terminals
 *          nc 127.0.0.1 7001
 */
const net = require('net');

const USAGE = `usage: chat.js [PORT]
Sends what one says to all others. PORT: default 7001, 0 for any.
Try it: nc 127.0.0.1 PORT, in two terminals; "/name ANN" gives a name.`;

const QUEUE_LIMIT = 256 * 1024; // bytes that may wait for a slow guest
const LINE_LIMIT = 4096;        // characters of one message

const guests = new Map(); // socket -> name
let count = 0;

const tell = (text, except) => {
    const message = Buffer.from(`${text}\n`);

    for (const guest of guests.keys()) {
        if (guest === except) {
            continue;
        }
        guest.write(message);
        if (guest.writableLength > QUEUE_LIMIT) {
            guest.destroy(); // its `close` tells the others
        }
    }
};

const rename = (socket, name) => {
    const known = [...guests.values()].includes(name);

    if (!/^\S{1,20}$/.test(name) || known) {
        socket.write(known ? 'that name is taken\n' : 'that is no name\n');
        return;
    }
    tell(`* ${guests.get(socket)} is now ${name}`, socket);
    guests.set(socket, name);
};

const onLine = (socket, line) => {
    if (line.startsWith('/name ')) {
        rename(socket, line.slice(6).trim());
    } else if (line) {
        tell(`${guests.get(socket)}: ${line}`, socket);
    }
};

const onConnection = (socket) => {
    let rest = ''; // the beginning of a line whose end has not come yet

    socket.setEncoding('utf8');
    guests.set(socket, `guest${++count}`);
    tell(`* ${guests.get(socket)} came`, socket);

    socket.on('data', (text) => {
        const lines = (rest + text).split(/\r?\n/);

        rest = lines.pop();
        for (const line of lines) {
            onLine(socket, line.slice(0, LINE_LIMIT));
        }
        if (rest.length > LINE_LIMIT) {
            socket.destroy();
        }
    });
    socket.on('error', () => {}); // `close` follows
    socket.on('close', () => {
        const name = guests.get(socket);

        guests.delete(socket);
        tell(`* ${name} left`);
    });
};

const serve = (port) => {
    const server = net.createServer({ noDelay: true }, onConnection);

    server.on('error', (error) => {
        console.error(`chat: ${error.message}`);
        process.exitCode = 1;
    });
    server.listen(port, () => {
        const { address, port } = server.address();
        const host = net.isIPv6(address) ? `[${address}]` : address;
        console.log(`listening on ${host}:${port}`);
    });
};

const [port = '7001', ...more] = process.argv.slice(2);

if (port === '--help') {
    console.log(USAGE);
} else if (more.length || !/^\d{1,5}$/.test(port) || port > 65535) {
    console.error(`chat: not a port: ${[port, ...more].join(' ')}\n${USAGE}`);
    process.exitCode = 2;
} else {
    serve(Number(port));
}
