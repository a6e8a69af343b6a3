'use strict';
/*
 * What is told before the process ends though everything is unref'ed: what a
 * program has begun comes to its end, and what only waits for a peer does not
 * hold it up.
 *
 * The harness's timers would hold the loop, so this file has its own: a case
 * is over when the loop has nothing left, which `beforeExit` says, and then the
 * next one begins.
 */
const net = require('net');
const assert = require('assert');

const LOCAL = '127.0.0.1';
const MANY = 8 * 1024 * 1024; // more than kernels take at once
const HELD = 5000 * (Number(process.env.WEIR_TEST_SLOWER) || 1);

let log = [];
let leftovers = [];
const cases = [];

function ends(name, run, ...expected) {
    cases.push({ name, run, expected });
}

/* Has its events written down, and is destroyed when the case is over. */
function watched(socket) {
    leftovers.push(socket);
    for (const event of ['connect', 'finish', 'close'])
        socket.on(event, () => log.push(event));
    return socket.on('error', (error) => log.push(error.code));
}

function serving(listener, then) {
    const server = net.createServer((socket) => {
        leftovers.push(socket.unref());
        listener?.(socket);
    }).unref();
    leftovers.push(server);
    server.listen(0, LOCAL, () => then(server.address().port, server));
}

/* A connection whose client is unref'ed as soon as it stands. */
function connected(listener, then) {
    serving(listener, (port, server) => {
        const client = watched(net.connect(port, LOCAL));
        client.on('connect', () => {
            client.unref();
            then(client, server);
        });
    });
}

/* ------------------------------------------------------------- connecting */

ends('a socket unref\'ed before connect() connects', () => {
    serving(null, (port) => {
        watched(new net.Socket().unref()).connect(port, LOCAL);
    });
}, 'connect');

ends('a socket unref\'ed while it connects does so', () => {
    serving(null, (port) => watched(net.connect(port, LOCAL)).unref());
}, 'connect');

ends('a socket unref\'ed while its name is looked up connects', () => {
    serving(null, (port) => {
        watched(net.connect({ port, host: 'localhost', family: 4 })).unref();
    });
}, 'connect');

ends('a socket unref\'ed while connecting to a path connects', () => {
    const path = `${process.env.TMPDIR || '/tmp'}/weir-unref-${process.pid}`;
    const server = net.createServer((socket) => {
        leftovers.push(socket.unref());
    }).unref().listen(path, () => watched(net.connect(path)).unref());
    leftovers.push(server);
}, 'connect');

ends('a refused connection of an unref\'ed socket is told', () => {
    const server = net.createServer().listen(0, LOCAL, () => {
        const { port } = server.address();
        server.close(() => watched(net.connect(port, LOCAL)).unref());
    });
}, 'ECONNREFUSED', 'close');

ends('destroy() while connecting tells close of an unref\'ed socket', () => {
    serving(null, (port) => watched(net.connect(port, LOCAL)).unref()
        .destroy());
}, 'close');

/* -------------------------------------------------------- writing, ending */

ends('an unref\'ed socket that waits for its peer lets the process end', () => {
    connected(null, () => {});
}, 'connect');

ends('close of an unref\'ed socket is told', () => {
    connected(null, (client) => client.destroy());
}, 'connect', 'close');

ends('a write of an unref\'ed socket calls back', () => {
    connected(null, (client) => {
        client.write('x', () => log.push('written'));
    });
}, 'connect', 'written');

ends('a write that waits is finished though unref\'ed', () => {
    connected((socket) => socket.resume(), (client) => {
        client.write(Buffer.alloc(MANY), () => log.push('written'));
    });
}, 'connect', 'written');

ends('unref() behind a write that waits does not cut it off', () => {
    serving((socket) => socket.resume(), (port) => {
        const client = watched(net.connect(port, LOCAL));
        client.on('drain', () => log.push('drain'));
        client.on('connect', () => {
            client.write(Buffer.alloc(MANY));
            client.unref();
        });
    });
}, 'connect', 'drain');

ends('all that an unref\'ed socket ends with is sent', () => {
    connected((socket) => socket.resume(), (client) => {
        client.end(Buffer.alloc(MANY));
    });
}, 'connect', 'finish');

ends('what a corked socket holds back does not hold the process', () => {
    connected(null, (client) => {
        client.cork();
        client.write('x');
    });
}, 'connect');

ends('what waits in a pipe to an unref\'ed socket is sent', () => {
    serving((sink) => setTimeout(() => sink.resume(), 20), (port) => {
        const server = net.createServer((socket) => {
            const out = net.connect(port, LOCAL).unref();
            leftovers.push(out, socket);
            out.on('finish', () => log.push('sent'));
            out.on('connect', () => socket.pipe(out));
        }).unref().listen(0, LOCAL, () => {
            const client = net.connect(server.address().port, LOCAL);
            client.resume().end(Buffer.alloc(MANY));
            leftovers.push(client, server);
        });
    });
}, 'sent');

ends('ref() takes unref() back', () => {
    serving((socket) => setTimeout(() => socket.end(), 20), (port) => {
        const client = watched(net.connect(port, LOCAL));
        client.unref().ref().resume();
    });
}, 'connect', 'finish', 'close');

/* ---------------------------------------------------------------- servers */

ends('an unref\'ed server that listens says so', () => {
    leftovers.push(net.createServer().unref()
        .listen(0, LOCAL, () => log.push('listening')));
}, 'listening');

ends('an unref\'ed server that is closed says so', () => {
    const server = net.createServer().unref();
    server.on('close', () => log.push('close'));
    server.listen(0, LOCAL, () => server.close(() => log.push('closed')));
}, 'close', 'closed');

ends('a closed server is not held by connections that are unref\'ed', () => {
    const server = net.createServer((socket) => {
        leftovers.push(socket.unref());
        server.close(() => log.push('closed'));
    });
    leftovers.push(server);
    server.listen(0, LOCAL, () => {
        const client = watched(net.connect(server.address().port, LOCAL));
        client.on('connect', () => client.unref());
    });
}, 'connect');

ends('an unref\'ed server\'s close follows its last connection', () => {
    const server = net.createServer((socket) => {
        server.close(() => log.push('closed'));
        socket.unref().destroy();
    }).unref();
    server.listen(0, LOCAL, () => {
        leftovers.push(net.connect(server.address().port, LOCAL).unref());
    });
}, 'closed');

/* ---------------------------------------------------------------- running */

/* ------------------------------------------------- nothing is read any more */

/* A client of which nothing is unref'ed, whose peer says this and ends. */
function quiet(name, said, listen, ...expected) {
    ends(name, () => {
        serving((socket) => socket.end(said), (port) => {
            const options = { port, host: LOCAL, allowHalfOpen: true };
            const client = watched(net.connect(options));
            listen(client);
        });
    }, 'connect', ...expected);
}

quiet('a paused socket with data and the end waiting does not hold the process',
    'data', (client) => client.pause());

quiet('a half-open socket that was told the end does not hold the process', '',
    (client) => client.on('end', () => log.push('end')).resume(), 'end');

quiet('a half-open socket whose end was told writes on', '', (client) => {
    client.on('end', () => client.write('x', () => log.push('written')))
        .resume();
}, 'written');

quiet('a quiet socket that is read again is told all', 'data', (client) => {
    client.pause().on('data', (data) => log.push(String(data)))
        .on('end', () => log.push('end'));
    setTimeout(() => client.resume(), 20);
}, 'data', 'end');

ends('a socket that holds all it may does not hold the process', () => {
    serving((socket) => socket.write(Buffer.alloc(200000)), (port) => {
        const client = watched(net.connect(port, LOCAL));
        client.on('readable', () => {});
    });
}, 'connect');

ends('a connection of pauseOnConnect does not hold the process', () => {
    const server = net.createServer({ pauseOnConnect: true }, (socket) => {
        leftovers.push(socket);
        log.push('accepted');
    }).unref();
    leftovers.push(server);
    server.listen(0, LOCAL, () => {
        const client = net.connect(server.address().port, LOCAL);
        leftovers.push(client.unref());
    });
}, 'accepted');

let number = 0;
let failures = 0;
let watchdog;

function tell({ name, expected }) {
    try {
        assert.deepStrictEqual(log, expected);
        console.log(`ok ${number} - ${name}`);
    } catch (error) {
        failures++;
        console.log(`not ok ${number} - ${name}`);
        console.log(`# ${log.join(', ')} instead of ${expected.join(', ')}`);
    }
}

function next() {
    clearTimeout(watchdog);
    if (number > 0)
        tell(cases[number - 1]);
    for (const each of leftovers.splice(0)) {
        each.removeAllListeners('close').on('error', () => {});
        (each.destroy ?? each.close).call(each);
    }
    if (number === cases.length) {
        process.removeListener('beforeExit', next);
        console.log(`1..${number}`);
        process.exitCode = failures > 0 ? 1 : 0;
        return;
    }
    log = [];
    setImmediate(cases[number++].run);
    watchdog = setTimeout(() => {
        console.log(`not ok ${number} - ${cases[number - 1].name}`);
        console.log('# the process is held');
        process.exit(1);
    }, HELD).unref();
}

process.on('beforeExit', next);
