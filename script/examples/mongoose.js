'use strict';
/*
 * mongoose.js - a hub for sensors, in the manner of the Mongoose platform
 *
 * `tcp` and `print` are globals; there is nothing to require. A sensor sends
 * lines of a name and a number; "?" asks for the last of each. Who is silent
 * for a minute has gone, as far as a hub can tell.
 *
 * Try it:  weir mongoose.js 7010
 *          printf 'kitchen 21\n?\n' | nc -N 127.0.0.1 7010
 */
const USAGE = `usage: mongoose.js [PORT]
Collects "NAME NUMBER" lines and answers "?". PORT: default 7010, 0 for any.
Try it: printf 'kitchen 21\\n?\\n' | nc -N 127.0.0.1 PORT`;

const SILENCE = 60000;  // ms
const LINE_LIMIT = 200; // characters; no sensor has more to say

const readings = new Map(); // name -> number

function report() {
    const lines = [...readings].map(([name, value]) => `${name} ${value}\n`);
    return lines.join('') || 'nothing yet\n';
}

function onLine(sock, line) {
    const reading = /^(\w+) (-?\d+(?:\.\d+)?)$/.exec(line);

    if (line === '?') {
        sock.write(report());
    } else if (reading) {
        readings.set(reading[1], Number(reading[2]));
        print('reading', reading[1], Number(reading[2]));
    } else if (line) {
        sock.write(`not a reading: ${line}\n`);
    }
}

function onConnection(sock) {
    let rest = ''; // the beginning of a line whose end has not come yet

    sock.on('data', (data) => {
        const lines = (rest + data).split(/\r?\n/);

        rest = lines.pop();
        lines.forEach((line) => onLine(sock, line.slice(0, LINE_LIMIT)));
        if (rest.length > LINE_LIMIT) {
            sock.destroy();
        }
    });
    sock.setTimeout(SILENCE, () => sock.destroy());
    sock.on('error', (error) => print('lost a sensor:', error.code));
}

function serve(port) {
    const server = tcp.createServer({}, onConnection);

    server.on('error', (error) => {
        console.error(`mongoose: ${error.message}`);
        process.exitCode = 1;
    });
    server.listen(port, '127.0.0.1', 0, () => {
        const { address, port } = server.address();
        print(`listening on ${address}:${port}`);
    });
}

const [port = '7010', ...more] = process.argv.slice(2);

if (port === '--help') {
    print(USAGE);
} else if (more.length || !/^\d{1,5}$/.test(port) || port > 65535) {
    console.error(`mongoose: not a port: ${[port, ...more].join(' ')}`);
    console.error(USAGE);
    process.exitCode = 2;
} else {
    serve(Number(port));
}
