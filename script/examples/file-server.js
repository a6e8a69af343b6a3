'use strict';
/*
 * file-server.js - sends the files that are asked for
 *
 * A request is a line with a file's name; the answer is a line "OK SIZE" and
 * the file's bytes, or a line "ERROR why". A client may ask for many files on
 * one connection and is answered in order: while a file is on its way, no
 * further request is read. The pipe reads the file as fast as the client takes
 * it, so that a file of any size costs one chunk of memory.
 *
 * Try it:  weir file-server.js 7003 .
 *          echo README.md | nc -N 127.0.0.1 7003
 */
const fs = require('fs');
const net = require('net');
const path = require('path');
const { pipeline } = require('stream/promises');

const USAGE = `usage: file-server.js [PORT [FOLDER]]
Sends FOLDER's files, default the current one. PORT: default 7003, 0 for any.
Try it: echo README.md | nc -N 127.0.0.1 PORT`;

const LINE_LIMIT = 4096;

/* Lines as they come; the last one needs no newline. */
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

/* The file's path and size, or nothing: a name must lead to a plain file in the
 * folder. A symbolic link is followed: whoever put it there meant it. */
const find = (folder, name) => {
    const file = path.resolve(folder, name);
    const inside = path.relative(folder, file);

    if (name.includes('\0') || inside === '..' ||
        inside.startsWith(`..${path.sep}`) || path.isAbsolute(inside)) {
        return null;
    }
    const about = fs.statSync(file, { throwIfNoEntry: false });

    return about?.isFile() ? { file, size: about.size } : null;
};

const send = async (socket, folder, name) => {
    const found = find(folder, name);

    if (!found) {
        socket.write('ERROR no such file\n');
        return;
    }
    socket.write(`OK ${found.size}\n`);
    if (found.size === 0) {
        return;
    }
    // What is appended meanwhile is not sent: the size has been told.
    const stream = fs.createReadStream(found.file, { end: found.size - 1 });

    await pipeline(stream, socket, { end: false });
    if (stream.bytesRead < found.size) {
        throw new Error(`${name} became shorter while it was sent`);
    }
};

const answer = async (socket, folder) => {
    try {
        for await (const name of linesOf(socket)) {
            await send(socket, folder, name);
        }
        socket.end();
    } catch (error) {
        console.error(`file-server: ${error.message}`);
        socket.destroy();
    }
};

const serve = (port, folder) => {
    // Half-open: a client that has asked for everything may end its side.
    const server = net.createServer({ allowHalfOpen: true }, (socket) =>
        answer(socket, folder));

    server.on('error', (error) => {
        console.error(`file-server: ${error.message}`);
        process.exitCode = 1;
    });
    server.listen(port, () => {
        const { address, port } = server.address();
        const host = net.isIPv6(address) ? `[${address}]` : address;
        console.log(`listening on ${host}:${port}`);
    });
};

const [port = '7003', folder = '.', ...more] = process.argv.slice(2);

if (port === '--help') {
    console.log(USAGE);
} else if (!/^\d{1,5}$/.test(port) || port > 65535) {
    console.error(`file-server: not a port: ${port}\n${USAGE}`);
    process.exitCode = 2;
} else if (more.length || !fs.existsSync(folder) ||
           !fs.statSync(folder).isDirectory()) {
    console.error(`file-server: not a folder: ${folder}\n${USAGE}`);
    process.exitCode = 2;
} else {
    serve(Number(port), path.resolve(folder));
}
