'use strict';
/*
 * How a connection comes about: every form of connect, names and their
 * addresses, timeouts and signals, and every way in which it can fail.
 */
const net = require('net');
const { test, assert } = require('./harness');

const LOCAL = '127.0.0.1';
const noop = () => {};

/* A port on which nobody listens: one that was just given back. */
async function closedPort(t, host = LOCAL) {
    const server = await t.server(undefined, { host });
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    return port;
}

/* Answers any name with these addresses, as dns.lookup would. */
function answering(...addresses) {
    return (hostname, options, callback) => {
        const all = addresses.map((address) => (
            { address, family: net.isIP(address) }));
        setImmediate(() => {
            if (options.all) {
                callback(null, all);
            } else {
                callback(null, all[0].address, all[0].family);
            }
        });
    };
}

function portOf(server) {
    return server.address().port;
}

/* ------------------------------------------------------------- overloads */

test('connect(port, host, listener)', async (t) => {
    const server = await t.server();
    t.track(net.connect(portOf(server), LOCAL, t.mustCall()));
});

test('connect(port, listener) goes to localhost', async (t) => {
    const server = await t.server(undefined, { host: 'localhost' });
    const socket = t.track(net.connect(portOf(server), t.mustCall(() => {
        assert.ok([LOCAL, '::1'].includes(socket.remoteAddress));
    })));
});

test('connect(port) goes to localhost', async (t) => {
    const server = await t.server(undefined, { host: 'localhost' });
    await t.once(t.track(net.connect(portOf(server))), 'connect');
});

test('connect(port, host)', async (t) => {
    const server = await t.server();
    await t.once(t.track(net.connect(portOf(server), LOCAL)), 'connect');
});

test('connect takes a port as text', async (t) => {
    const server = await t.server();
    await t.once(t.track(net.connect(`${portOf(server)}`, LOCAL)), 'connect');
});

test('connect({ port, host }, listener)', async (t) => {
    const server = await t.server();
    const options = { port: portOf(server), host: LOCAL };
    t.track(net.connect(options, t.mustCall()));
    assert.deepStrictEqual(options, { port: portOf(server), host: LOCAL });
});

test('connect(path, listener)', async (t) => {
    const path = t.path();
    await t.server(undefined, { path });
    t.track(net.connect(path, t.mustCall()));
});

test('connect({ path }, listener)', async (t) => {
    const path = t.path();
    await t.server(undefined, { path });
    t.track(net.connect({ path }, t.mustCall()));
});

test('createConnection has the same forms', async (t) => {
    const server = await t.server();
    const path = t.path();
    await t.server(undefined, { path });
    const port = portOf(server);
    t.track(net.createConnection(port, LOCAL, t.mustCall()));
    t.track(net.createConnection({ port, host: LOCAL }, t.mustCall()));
    t.track(net.createConnection(path, t.mustCall()));
    t.track(net.createConnection({ path }, t.mustCall()));
});

test('connect takes null and undefined for what is left out', async (t) => {
    const server = await t.server(undefined, { host: 'localhost' });
    const port = portOf(server);
    t.track(net.connect(port, null, t.mustCall()));
    t.track(net.connect(port, undefined, t.mustCall()));
    t.track(net.connect({ port, host: undefined }, t.mustCall()));
});

test('socket.connect has the same forms and returns the socket', async (t) => {
    const server = await t.server();
    const path = t.path();
    await t.server(undefined, { path });
    const port = portOf(server);
    for (const args of [
        [port, LOCAL], [{ port, host: LOCAL }], [path], [{ path }],
    ]) {
        const socket = t.track(new net.Socket());
        assert.strictEqual(socket.connect(...args, t.mustCall()), socket);
    }
});

test('the connect event comes later, once, without arguments', async (t) => {
    const server = await t.server();
    const socket = t.connect(server);
    let returned = false;
    socket.on('connect', t.mustCall((...args) => {
        assert.strictEqual(returned, true);
        assert.deepStrictEqual(args, []);
    }));
    returned = true;
});

test('ready comes directly after connect', async (t) => {
    const server = await t.server();
    const socket = t.connect(server);
    const order = [];
    socket.on('ready', t.mustCall(() => {
        order.push('ready');
        assert.deepStrictEqual(order, ['connect', 'ready']);
    }));
    socket.on('connect', () => order.push('connect'));
});

test('a connect listener has the socket as this', async (t) => {
    const server = await t.server();
    const socket = t.connect(server, {}, t.mustCall(function connected() {
        assert.strictEqual(this, socket);
    }));
});

/* --------------------------------------------------------------- options */

test('the timeout option sets the idle timeout', async (t) => {
    const server = await t.server();
    const socket = t.connect(server, { timeout: 30 });
    assert.strictEqual(socket.timeout, 30);
    await t.once(socket, 'timeout');
    assert.strictEqual(socket.destroyed, false);
});

test('localAddress is where the connection comes from', async (t) => {
    const server = await t.server(undefined, { host: '0.0.0.0' });
    const accepted = t.once(server, 'connection');
    const client = t.track(net.connect({
        port: portOf(server), host: LOCAL, localAddress: '127.0.0.2',
    }));
    const [socket] = await accepted;
    assert.strictEqual(socket.remoteAddress, '127.0.0.2');
    if (client.connecting) {
        await t.once(client, 'connect');
    }
    assert.strictEqual(client.localAddress, '127.0.0.2');
});

test('localPort is the port where the connection comes from', async (t) => {
    const localPort = await closedPort(t);
    const server = await t.server();
    const accepted = t.once(server, 'connection');
    t.connect(server, { localAddress: LOCAL, localPort });
    const [socket] = await accepted;
    assert.strictEqual(socket.remotePort, localPort);
});

test('a localPort that is taken is an error with the address of any host',
    async (t) => {
        const server = await t.server();
        const { port } = server.address();
        const client = t.connect(server, { localPort: port });
        const [error] = await t.once(client, 'error');
        assert.strictEqual(error.code, 'EADDRINUSE');
        assert.strictEqual(error.syscall, 'bind');
        assert.strictEqual(error.address, '0.0.0.0');
        assert.strictEqual(error.port, port);
    });

test('localPort holds for whichever address answers', async (t) => {
    const localPort = await closedPort(t);
    const server = await t.server();
    const accepted = t.once(server, 'connection');
    t.connect(server, {
        host: 'name.test', localPort,
        lookup: (host, options, cb) => cb(null, [
            { address: '::1', family: 6 }, { address: LOCAL, family: 4 },
        ]),
    });
    const [socket] = await accepted;
    assert.strictEqual(socket.remotePort, localPort);
});

test('a localAddress that is not ours is EADDRNOTAVAIL', async (t) => {
    const server = await t.server();
    const { port } = server.address();
    const client = t.connect(server, { localAddress: '192.0.2.77' });
    const [error] = await t.once(client, 'error');
    assert.strictEqual(error.code, 'EADDRNOTAVAIL');
    assert.ok(['bind', 'connect'].includes(error.syscall));
    assert.ok(error.message.startsWith(
        `${error.syscall} EADDRNOTAVAIL 192.0.2.77`), error.message);
    assert.ok(port > 0);
});

test('the signal destroys the socket with an AbortError', async (t) => {
    const server = await t.server();
    const controller = new AbortController();
    const socket = t.connect(server, { signal: controller.signal });
    await t.once(socket, 'connect');
    controller.abort();
    const [error] = await t.once(socket, 'error');
    assert.strictEqual(error.name, 'AbortError');
    assert.strictEqual(error.code, 'ABORT_ERR');
    assert.strictEqual(error.message, 'The operation was aborted');
    assert.strictEqual(socket.destroyed, true);
    const [hadError] = await t.once(socket, 'close');
    assert.strictEqual(hadError, true);
});

test('a signal already aborted: an AbortError', async (t) => {
    const server = await t.server();
    const socket = t.connect(server, { signal: AbortSignal.abort() });
    const [error] = await t.once(socket, 'error');
    assert.strictEqual(error.name, 'AbortError');
});

// Node destroys the socket first, and connecting revives it.
test.weir('a signal already aborted: no connection', async (t) => {
    const server = await t.server(t.mustNotCall('connection'));
    const socket = t.connect(server, { signal: AbortSignal.abort() });
    socket.on('connect', t.mustNotCall('connect'));
    socket.on('error', t.mustCall());
    await new Promise((resolve) => socket.on('close', resolve));
    assert.strictEqual(socket.destroyed, true);
    await t.sleep(20);
});

test('a signal aborted while connecting: an AbortError', async (t) => {
    const server = await t.server();
    const controller = new AbortController();
    const socket = t.connect(server, { signal: controller.signal });
    socket.on('connect', t.mustNotCall('connect'));
    controller.abort();
    const [error] = await t.once(socket, 'error');
    assert.strictEqual(error.name, 'AbortError');
});

test('the reason of a signal is the cause of its AbortError', async (t) => {
    const server = await t.server();
    const controller = new AbortController();
    const socket = t.connect(server, { signal: controller.signal });
    const reason = new Error('enough');
    controller.abort(reason);
    const [error] = await t.once(socket, 'error');
    assert.strictEqual(error.cause, reason);
});

test('new Socket takes allowHalfOpen and signal', async (t) => {
    const controller = new AbortController();
    const socket = new net.Socket(
        { allowHalfOpen: true, signal: controller.signal });
    assert.strictEqual(socket.allowHalfOpen, true);
    controller.abort();
    await t.once(socket, 'error');
});

test('onread gets the bytes in the buffer it gave', async (t) => {
    const server = await t.server((socket) => socket.end('0123456789'));
    const buffer = Buffer.alloc(4);
    let text = '';
    const socket = t.connect(server, {
        onread: {
            buffer,
            callback: (count, given) => {
                assert.strictEqual(given, buffer);
                assert.ok(count > 0 && count <= 4);
                text += given.toString('latin1', 0, count);
                return true;
            },
        },
    });
    socket.on('data', t.mustNotCall('data'));
    await t.once(socket, 'end');
    assert.strictEqual(text, '0123456789');
    assert.strictEqual(socket.bytesRead, 10);
});

test('onread with a function asks for a buffer each time', async (t) => {
    const server = await t.server((socket) => socket.end('abcdef'));
    const given = [];
    let text = '';
    const socket = t.connect(server, {
        onread: {
            buffer: () => {
                const buffer = new Uint8Array(3);
                given.push(buffer);
                return buffer;
            },
            callback: (count, buffer) => {
                assert.strictEqual(given.includes(buffer), true);
                text += Buffer.from(buffer.subarray(0, count)).toString();
            },
        },
    });
    await t.once(socket, 'end');
    assert.strictEqual(text, 'abcdef');
    assert.ok(given.length >= 2);
});

test('onread that returns false pauses until resume', async (t) => {
    const server = await t.server((socket) => socket.end('12345678'));
    let calls = 0;
    let text = '';
    const socket = t.connect(server, {
        onread: {
            buffer: Buffer.alloc(4),
            callback: (count, buffer) => {
                calls++;
                text += buffer.toString('latin1', 0, count);
                return calls > 1;
            },
        },
    });
    await t.once(socket, 'connect');
    await t.sleep(50);
    assert.strictEqual(calls, 1);
    assert.strictEqual(text, '1234');
    socket.resume();
    await t.once(socket, 'end');
    assert.strictEqual(text, '12345678');
});

test('with onread resume() takes back a pause()', async (t) => {
    const server = await t.server((peer) => peer.end('1234'));
    let text = '';
    const socket = t.connect(server, {
        onread: {
            buffer: Buffer.alloc(4),
            callback: (count, buffer) => {
                text += buffer.toString('latin1', 0, count);
            },
        },
    });
    socket.pause();
    socket.on('resume', t.mustCall());
    socket.resume();
    assert.strictEqual(socket.isPaused(), false);
    assert.strictEqual(socket.readableFlowing, true);
    await t.once(socket, 'end');
    assert.strictEqual(text, '1234');
});

/* --------------------------------------------------------------- lookups */

test('lookup tells error, address, family and host', async (t) => {
    const server = await t.server(undefined, { host: 'localhost' });
    const socket = t.track(net.connect({
        port: portOf(server), host: 'localhost', family: 4,
    }));
    const [error, address, family, host] = await t.once(socket, 'lookup');
    assert.strictEqual(error, null);
    assert.strictEqual(address, LOCAL);
    assert.strictEqual(family, 4);
    assert.strictEqual(host, 'localhost');
});

test('an address as host is not looked up', async (t) => {
    const server = await t.server();
    const socket = t.connect(server, { lookup: t.mustNotCall('lookup') });
    socket.on('lookup', t.mustNotCall('lookup event'));
    await t.once(socket, 'connect');
});

test('the lookup function gets host, options and a callback', async (t) => {
    const server = await t.server();
    const socket = t.track(net.connect({
        port: portOf(server),
        host: 'some.name',
        family: 4,
        hints: 0,
        lookup: t.mustCall((hostname, options, callback) => {
            assert.strictEqual(hostname, 'some.name');
            assert.strictEqual(options.family, 4);
            assert.strictEqual(options.hints, 0);
            callback(null, LOCAL, 4);
        }),
    }));
    await t.once(socket, 'connect');
    assert.strictEqual(socket.remoteAddress, LOCAL);
});

test('with autoSelectFamily the lookup asks for all addresses', async (t) => {
    const server = await t.server();
    const socket = t.track(net.connect({
        port: portOf(server),
        host: 'some.name',
        autoSelectFamily: true,
        lookup: t.mustCall((hostname, options, callback) => {
            assert.strictEqual(options.all, true);
            callback(null, [{ address: LOCAL, family: 4 }]);
        }),
    }));
    await t.once(socket, 'connect');
});

test('without autoSelectFamily the lookup asks for one address', async (t) => {
    const server = await t.server();
    const socket = t.track(net.connect({
        port: portOf(server),
        host: 'some.name',
        autoSelectFamily: false,
        lookup: t.mustCall((hostname, options, callback) => {
            assert.notStrictEqual(options.all, true);
            callback(null, LOCAL, 4);
        }),
    }));
    await t.once(socket, 'connect');
});

test('an error of the lookup function is that of the socket', (t) => {
    const wrong = new Error('lookup failed');
    const socket = t.track(net.connect({
        port: 1, host: 'some.name', lookup: (host, options, callback) => {
            setImmediate(callback, wrong);
        },
    }));
    socket.on('error', t.mustCall((error) => {
        assert.strictEqual(error, wrong);
    }));
    socket.on('close', t.mustCall((hadError) => {
        assert.strictEqual(hadError, true);
    }));
});

test('the lookup event carries the error', async (t) => {
    const wrong = new Error('lookup failed');
    const socket = t.track(net.connect({
        port: 1, host: 'some.name', autoSelectFamily: false,
        lookup: (host, options, callback) => setImmediate(callback, wrong),
    }));
    socket.on('lookup', t.mustCall((error, address, family, host) => {
        assert.strictEqual(error, wrong);
        assert.strictEqual(address, undefined);
        assert.strictEqual(family, undefined);
        assert.strictEqual(host, 'some.name');
    }));
    socket.on('error', t.mustCall());
});

test('a lookup that gives no address is ERR_INVALID_IP_ADDRESS',
    async (t) => {
        for (const bad of ['', 'x', undefined, 5]) {
            const socket = t.track(net.connect({
                port: 1, host: 'some.name', autoSelectFamily: false,
                lookup: (host, options, callback) => {
                    setImmediate(callback, null, bad, 4);
                },
            }));
            const [error] = await t.once(socket, 'error');
            assert.strictEqual(error.code, 'ERR_INVALID_IP_ADDRESS');
            assert.strictEqual(error.message, `Invalid IP address: ${bad}`);
        }
    });

test('a lookup of a wrong family is ERR_INVALID_ADDRESS_FAMILY', async (t) => {
    const socket = t.track(net.connect({
        port: 1, host: 'some.name', autoSelectFamily: false,
        lookup: (host, options, callback) => {
            setImmediate(callback, null, LOCAL, 100);
        },
    }));
    const [error] = await t.once(socket, 'error');
    assert.strictEqual(error.code, 'ERR_INVALID_ADDRESS_FAMILY');
    assert.strictEqual(error.message,
        'Invalid address family: 100 some.name:1');
    assert.strictEqual(error.host, 'some.name');
    assert.strictEqual(error.port, 1);
});

test('a name that does not exist is ENOTFOUND', async (t) => {
    const host = 'no-such-name.invalid';
    const socket = t.track(net.connect(1, host));
    const [error] = await t.once(socket, 'error');
    assert.ok(['ENOTFOUND', 'EAI_AGAIN'].includes(error.code), error.code);
    assert.strictEqual(error.name, 'Error');
    assert.strictEqual(error.syscall, 'getaddrinfo');
    assert.strictEqual(error.hostname, host);
    assert.strictEqual(error.message, `getaddrinfo ${error.code} ${host}`);
    assert.strictEqual(typeof error.errno, 'number');
});

test('destroy while looking up: close, no error, no connect', async (t) => {
    let answer;
    const socket = net.connect({
        port: 1, host: 'some.name', lookup: (host, options, callback) => {
            answer = callback;
        },
    });
    socket.on('connect', t.mustNotCall('connect'));
    socket.on('error', t.mustNotCall('error'));
    await t.turn();
    socket.destroy();
    const [hadError] = await t.once(socket, 'close');
    assert.strictEqual(hadError, false);
    answer(null, [{ address: LOCAL, family: 4 }]);
    await t.turn();
});

/* A lookup function whose answer is just this list. */
function giving(...list) {
    return (hostname, options, callback) => callback(null, list);
}

const four = (address) => ({ address, family: 4 });

test('lookup is told for every address of the answer', async (t) => {
    const server = await t.server();
    const socket = t.track(net.connect({
        port: portOf(server), host: 'some.name', autoSelectFamily: true,
        lookup: answering(LOCAL, '::1', '127.0.0.2'),
    }));
    const told = [];
    socket.on('lookup', (...args) => told.push(args));
    await t.once(socket, 'connect');
    assert.deepStrictEqual(told, [
        [null, LOCAL, 4, 'some.name'], [null, '::1', 6, 'some.name'],
        [null, '127.0.0.2', 4, 'some.name'],
    ]);
});

test('an answer\'s entries that are no addresses are left out', async (t) => {
    const server = await t.server();
    const good = four(LOCAL);
    const junk = [{ address: 'x', family: 4 }, { address: LOCAL, family: 5 },
        { address: undefined, family: 6 }, {}];
    for (const list of [[...junk, good], [good, ...junk]]) {
        const socket = t.track(net.connect({
            port: portOf(server), host: 'some.name', autoSelectFamily: true,
            lookup: giving(...list),
        }));
        await t.once(socket, 'connect');
        assert.strictEqual(socket.remoteAddress, LOCAL);
    }
});

test('an answer without any address is told by its first entry', async (t) => {
    const table = [
        [[{ address: 'x', family: 4 }, {}], 'ERR_INVALID_IP_ADDRESS'],
        [[{ address: LOCAL, family: 5 }], 'ERR_INVALID_ADDRESS_FAMILY'],
    ];
    for (const [list, code] of table) {
        const socket = t.track(net.connect({
            port: 1, host: 'some.name', autoSelectFamily: true,
            lookup: giving(...list),
        }));
        const [error] = await t.once(socket, 'error');
        assert.strictEqual(error.code, code);
    }
});

test('an address that an answer has twice is tried once', async (t) => {
    const port = await closedPort(t);
    const socket = t.track(net.connect({
        port, host: 'some.name', autoSelectFamily: true,
        lookup: answering(LOCAL, '::1', LOCAL, '::1'),
    }));
    const tried = [];
    socket.on('connectionAttempt', (ip) => tried.push(ip));
    await t.once(socket, 'error');
    assert.deepStrictEqual(tried, [LOCAL, '::1']);
});

test('an answer may have more than a few addresses', async (t) => {
    const server = await t.server();
    const refusing = Array.from({ length: 40 }, (_, i) => `127.0.1.${i + 1}`);
    const socket = t.track(net.connect({
        port: portOf(server), host: 'some.name', autoSelectFamily: true,
        lookup: answering(...refusing, LOCAL),
    }));
    await t.once(socket, 'connect');
    assert.strictEqual(socket.remoteAddress, LOCAL);
});

test('with a localAddress the lookup asks for one address', async (t) => {
    const server = await t.server();
    const socket = t.track(net.connect({
        port: portOf(server), host: 'some.name', autoSelectFamily: true,
        localAddress: LOCAL,
        lookup: t.mustCall((hostname, options, callback) => {
            assert.notStrictEqual(options.all, true);
            callback(null, LOCAL, 4);
        }),
    }));
    await t.once(socket, 'connect');
});

test('without autoSelectFamily a name stands for one address', async (t) => {
    const server = await t.server(undefined, { host: 'localhost' });
    const socket = t.track(net.connect({
        port: portOf(server), host: 'localhost', autoSelectFamily: false,
    }));
    socket.on('lookup', t.mustCall());
    socket.on('connectionAttempt', t.mustCall());
    await t.once(socket, 'connect');
});

test('a listener of lookup may destroy the socket', async (t) => {
    const socket = t.track(net.connect({
        port: 1, host: 'some.name', autoSelectFamily: true,
        lookup: answering(LOCAL, '::1'),
    }));
    socket.on('lookup', t.mustCall(() => socket.destroy()));
    socket.on('connectionAttempt', t.mustNotCall('connectionAttempt'));
    await t.once(socket, 'close');
});

// On Node the old answer is taken for the new connection's.
test.weir('an answer for an earlier connection is none', async (t) => {
    const server = await t.server();
    let answer;
    const socket = t.track(net.connect({
        port: 1, host: 'some.name', lookup: (host, options, callback) => {
            answer = callback;
        },
    }));
    socket.destroy();
    await t.once(socket, 'close');
    socket.on('lookup', t.mustCall());
    socket.connect({
        port: portOf(server), host: 'other.name',
        lookup: (host, options, callback) => setImmediate(() => {
            answer(null, [four('127.0.0.9')]);
            callback(null, [four(LOCAL)]);
        }),
    });
    await t.once(socket, 'connect');
    assert.strictEqual(socket.remoteAddress, LOCAL);
});

/* ---------------------------------------------------------------- families */

test('connects to the address that answers, whatever its family', async (t) => {
    const server = await t.server();
    const socket = t.track(net.connect({
        port: portOf(server), host: 'some.name', autoSelectFamily: true,
        lookup: answering('::1', LOCAL),
    }));
    await t.once(socket, 'connect');
    assert.strictEqual(socket.remoteAddress, LOCAL);
    assert.deepStrictEqual(socket.autoSelectFamilyAttemptedAddresses,
        [`::1:${portOf(server)}`, `${LOCAL}:${portOf(server)}`]);
});

test('attempts that fail are told before the one that connects', async (t) => {
    const server = await t.server();
    const port = portOf(server);
    const socket = t.track(net.connect({
        port, host: 'some.name', autoSelectFamily: true,
        lookup: answering('::1', LOCAL),
    }));
    const events = [];
    socket.on('connectionAttempt', (...args) => {
        events.push(['attempt', ...args]);
    });
    socket.on('connectionAttemptFailed', (ip, at, family, error) => {
        events.push(['failed', ip, at, family, error.code]);
    });
    socket.on('connectionAttemptTimeout', t.mustNotCall('timeout'));
    await t.once(socket, 'connect');
    assert.deepStrictEqual(events, [
        ['attempt', '::1', port, 6],
        ['failed', '::1', port, 6, 'ECONNREFUSED'],
        ['attempt', LOCAL, port, 4],
    ]);
});

test('connectionAttempt is told for a single address too', async (t) => {
    const server = await t.server();
    const socket = t.connect(server);
    const [ip, port, family] = await t.once(socket, 'connectionAttempt');
    assert.deepStrictEqual([ip, port, family], [LOCAL, portOf(server), 4]);
});

test('when all addresses refuse, the error is an AggregateError', async (t) => {
    const port = await closedPort(t);
    const socket = t.track(net.connect({
        port, host: 'some.name', autoSelectFamily: true,
        lookup: answering('::1', LOCAL),
    }));
    const [error] = await t.once(socket, 'error');
    assert.ok(error instanceof AggregateError);
    assert.strictEqual(error.name, 'AggregateError');
    assert.strictEqual(error.code, 'ECONNREFUSED');
    assert.strictEqual(error.message, '');
    assert.strictEqual(error.errors.length, 2);
    const [six, four] = error.errors;
    assert.strictEqual(six.message, `connect ECONNREFUSED ::1:${port}`);
    assert.strictEqual(six.address, '::1');
    assert.strictEqual(four.message, `connect ECONNREFUSED ${LOCAL}:${port}`);
    assert.strictEqual(four.port, port);
    assert.strictEqual(four.syscall, 'connect');
    const [hadError] = await t.once(socket, 'close');
    assert.strictEqual(hadError, true);
});

/* A listener on 127.0.0.2 whose backlog is full: nobody gets an answer. */
async function silentServer(t, port) {
    const server = t.track(net.createServer());
    server.listen({ port, host: '127.0.0.2', backlog: 1 });
    await t.once(server, 'listening');
    server.pause(10000);
    for (let i = 0; i < 8; i++) {
        const socket = t.track(net.connect(port, '127.0.0.2'));
        socket.on('error', noop);
    }
    await t.sleep(50);
    const probe = t.track(net.connect(port, '127.0.0.2'));
    probe.on('error', noop);
    await t.sleep(50);
    return probe.connecting;
}

// Only weir can make an address on loopback that does not answer.
test.weir('an address that does not answer does not hold up the next',
    async (t) => {
        const server = await t.server();
        const port = portOf(server);
        if (!await silentServer(t, port)) {
            return;
        }
        const start = Date.now();
        const socket = t.track(net.connect({
            port, host: 'some.name', autoSelectFamily: true,
            autoSelectFamilyAttemptTimeout: 100,
            lookup: answering('127.0.0.2', LOCAL),
        }));
        await t.once(socket, 'connect');
        const took = Date.now() - start;
        assert.strictEqual(socket.remoteAddress, LOCAL);
        assert.ok(took >= 95 && took < 900, `${took} ms`);
    });

test.weir('connectionAttemptTimeout is told when the next one starts',
    async (t) => {
        const server = await t.server();
        const port = portOf(server);
        if (!await silentServer(t, port)) {
            return;
        }
        const socket = t.track(net.connect({
            port, host: 'some.name', autoSelectFamily: true,
            autoSelectFamilyAttemptTimeout: 50,
            lookup: answering('127.0.0.2', LOCAL),
        }));
        socket.on('connectionAttemptTimeout', t.mustCall((ip, at, family) => {
            assert.deepStrictEqual([ip, at, family], ['127.0.0.2', port, 4]);
        }));
        await t.once(socket, 'connect');
    });

test('autoSelectFamilyAttemptedAddresses is undefined for one address',
    async (t) => {
        const [client, socket] = await t.pair();
        assert.strictEqual(
            client.autoSelectFamilyAttemptedAddresses, undefined);
        assert.strictEqual(
            socket.autoSelectFamilyAttemptedAddresses, undefined);
    });

test('family 6 asks for IPv6 addresses only', async (t) => {
    const server = await t.server(undefined, { host: '::1' });
    const socket = t.track(net.connect({
        port: portOf(server), host: 'some.name', family: 6,
        lookup: (host, options, callback) => {
            assert.strictEqual(options.family, 6);
            callback(null, '::1', 6);
        },
    }));
    await t.once(socket, 'connect');
    assert.strictEqual(socket.remoteFamily, 'IPv6');
    assert.strictEqual(socket.remoteAddress, '::1');
});

/* ------------------------------------------------------------------ errors */

test('a refused connection is ECONNREFUSED with all its fields', async (t) => {
    const port = await closedPort(t);
    const socket = net.connect(port, LOCAL);
    socket.on('connect', t.mustNotCall('connect'));
    const [error] = await t.once(socket, 'error');
    assert.strictEqual(error.name, 'Error');
    assert.strictEqual(error.code, 'ECONNREFUSED');
    assert.strictEqual(error.errno, -111);
    assert.strictEqual(error.syscall, 'connect');
    assert.strictEqual(error.address, LOCAL);
    assert.strictEqual(error.port, port);
    assert.strictEqual(error.message, `connect ECONNREFUSED ${LOCAL}:${port}`);
    assert.deepStrictEqual(Object.keys(error),
        ['errno', 'code', 'syscall', 'address', 'port']);
    assert.strictEqual(socket.destroyed, true);
    assert.strictEqual(socket.connecting, false);
    assert.strictEqual(socket.errored, error);
});

test('close comes right after error, with hadError true', async (t) => {
    const port = await closedPort(t);
    const socket = net.connect(port, LOCAL);
    const order = [];
    for (const event of ['connect', 'end', 'finish', 'error', 'close']) {
        socket.on(event, (value) => {
            order.push(event === 'close' ? [event, value] : event);
        });
    }
    await t.once(socket, 'error');
    await t.once(socket, 'close');
    assert.deepStrictEqual(order, ['error', ['close', true]]);
});

test('a refused IPv6 connection names its address', async (t) => {
    const port = await closedPort(t, '::1');
    const [error] = await t.once(net.connect(port, '::1'), 'error');
    assert.strictEqual(error.message, `connect ECONNREFUSED ::1:${port}`);
    assert.strictEqual(error.address, '::1');
});

test('a UNIX path that is not there is ENOENT', async (t) => {
    const path = t.path();
    const [error] = await t.once(net.connect(path), 'error');
    assert.strictEqual(error.code, 'ENOENT');
    assert.strictEqual(error.errno, -2);
    assert.strictEqual(error.syscall, 'connect');
    assert.strictEqual(error.address, path);
    assert.strictEqual(error.port, undefined);
    assert.strictEqual(error.message, `connect ENOENT ${path}`);
    assert.deepStrictEqual(Object.keys(error),
        ['errno', 'code', 'syscall', 'address']);
});

test('a UNIX path that is a plain file is refused', async (t) => {
    const path = t.path();
    require('fs').writeFileSync(path, '');
    const [error] = await t.once(net.connect(path), 'error');
    assert.ok(['ECONNREFUSED', 'ENOTSOCK'].includes(error.code), error.code);
    assert.strictEqual(error.address, path);
});

test.weir('a UNIX path too long is ENAMETOOLONG', async (t) => {
    const socket = net.connect(`/tmp/${'x'.repeat(120)}`);
    const [error] = await t.once(socket, 'error');
    assert.strictEqual(error.code, 'ENAMETOOLONG');
});

test('an error that nobody listens to is thrown', async (t) => {
    const port = await closedPort(t);
    const caught = new Promise((resolve) => t.uncaught(resolve));
    const socket = net.connect(port, LOCAL);
    socket.on('close', t.mustCall());
    const error = await caught;
    assert.strictEqual(error.code, 'ECONNREFUSED');
});

test('a socket whose connection failed can be connected again', async (t) => {
    const port = await closedPort(t);
    const server = await t.server();
    const socket = t.track(net.connect(port, LOCAL));
    await t.once(socket, 'error');
    await t.once(socket, 'close');
    socket.connect(portOf(server), LOCAL);
    assert.strictEqual(socket.connecting, true);
    await t.once(socket, 'connect');
    assert.strictEqual(socket.destroyed, false);
    assert.strictEqual(socket.readyState, 'open');
});

test('a socket that has closed connects again and carries data', async (t) => {
    const server = await t.server((peer) => peer.pipe(peer));
    const socket = t.connect(server);
    for (let i = 0; i < 3; i++) {
        socket.end(`round ${i}`);
        const [data] = await t.once(socket, 'data');
        assert.strictEqual(data.toString(), `round ${i}`);
        await t.once(socket, 'close');
        if (i < 2) {
            socket.connect(portOf(server), LOCAL);
        }
    }
});

test('destroy while connecting: close without error', async (t) => {
    const server = await t.server();
    const socket = t.connect(server);
    socket.on('connect', t.mustNotCall('connect'));
    socket.on('error', t.mustNotCall('error'));
    socket.destroy();
    assert.strictEqual(socket.destroyed, true);
    assert.strictEqual(socket.connecting, false);
    const [hadError] = await t.once(socket, 'close');
    assert.strictEqual(hadError, false);
});

test('destroy(error) while connecting: that error, then close', async (t) => {
    const server = await t.server();
    const socket = t.connect(server);
    const wrong = new Error('changed my mind');
    socket.destroy(wrong);
    const [error] = await t.once(socket, 'error');
    assert.strictEqual(error, wrong);
    const [hadError] = await t.once(socket, 'close');
    assert.strictEqual(hadError, true);
});

test('end while connecting: connects, ends, closes', async (t) => {
    const server = await t.server((peer) => peer.resume());
    const socket = t.connect(server);
    socket.on('connect', t.mustCall());
    socket.on('finish', t.mustCall());
    socket.end();
    socket.resume();
    await t.once(socket, 'close');
});

test('an exception in a connect listener leaves the socket open', async (t) => {
    const server = await t.server((peer) => peer.pipe(peer));
    const caught = new Promise((resolve) => t.uncaught(resolve));
    const socket = t.connect(server, {}, () => {
        throw new Error('from connect');
    });
    assert.strictEqual((await caught).message, 'from connect');
    socket.write('on we go');
    const [data] = await t.once(socket, 'data');
    assert.strictEqual(data.toString(), 'on we go');
});

test.weir('blockList refuses to connect to a blocked address', async (t) => {
    const server = await t.server();
    const blockList = new net.BlockList();
    blockList.addAddress(LOCAL);
    const socket = t.connect(server, { blockList });
    const [error] = await t.once(socket, 'error');
    assert.strictEqual(error.code, 'ERR_IP_BLOCKED');
    assert.strictEqual(error.message,
        `IP(${LOCAL}) is blocked by net.BlockList`);
});

// Node 20 has it on the server's side alone.
test('a blockList of nothing blocks nothing', async (t) => {
    const server = await t.server();
    for (const blockList of [undefined, null, false, 0, NaN, '']) {
        const socket = t.connect(server, { blockList });
        await t.once(socket, 'connect');
    }
});

test.weir('connect() refuses what is no blockList', (t) => {
    const socket = t.track(new net.Socket());
    assert.throws(() => socket.connect({ port: 1, blockList: 'x' }),
        { code: 'ERR_INVALID_ARG_TYPE' });
    assert.strictEqual(socket.connecting, false);
});

test.weir('blockList is asked for each address of a name', async (t) => {
    const server = await t.server();
    const port = portOf(server);
    const blockList = new net.BlockList();
    blockList.addAddress('127.0.0.2');
    blockList.addAddress('::1', 'ipv6');
    const connect = (...addresses) => t.track(net.connect({
        port, host: 'some.name', blockList, lookup: answering(...addresses),
    }));
    const failed = [];
    const socket = connect('::1', LOCAL, '127.0.0.2');
    socket.on('connectionAttempt', (ip) => failed.push(['attempt', ip]));
    socket.on('connectionAttemptFailed', (ip, at, family, error) => {
        failed.push([error.code, ip, at, family]);
    });
    await t.once(socket, 'connect');
    assert.strictEqual(socket.remoteAddress, LOCAL);
    assert.deepStrictEqual(failed, [
        ['ERR_IP_BLOCKED', '::1', port, 6],
        ['ERR_IP_BLOCKED', '127.0.0.2', port, 4],
        ['attempt', LOCAL],
    ]);
});

test.weir('when all addresses are blocked the error has one for each',
    async (t) => {
        const blockList = new net.BlockList();
        blockList.addSubnet('127.0.0.0', 8);
        const connect = (...addresses) => t.once(t.track(net.connect({
            port: 1, host: 'some.name', blockList,
            lookup: answering(...addresses),
        })), 'error');
        const [both] = await connect(LOCAL, '127.0.0.2');
        assert.strictEqual(both.code, 'ERR_IP_BLOCKED');
        assert.deepStrictEqual(both.errors.map(({ message }) => message), [
            `IP(${LOCAL}) is blocked by net.BlockList`,
            'IP(127.0.0.2) is blocked by net.BlockList',
        ]);
        const [one] = await connect(LOCAL);
        assert.strictEqual(one.errors, undefined);
        assert.strictEqual(one.code, 'ERR_IP_BLOCKED');
    });

test.weir('blockList may be an option of the constructor', async (t) => {
    const server = await t.server(t.mustNotCall('connection'));
    const blockList = new net.BlockList();
    blockList.addAddress(LOCAL);
    const socket = t.track(new net.Socket({ blockList }));
    socket.connect(portOf(server), LOCAL);
    socket.end('never');
    socket.on('finish', t.mustNotCall('finish'));
    const [error] = await t.once(socket, 'error');
    assert.strictEqual(error.code, 'ERR_IP_BLOCKED');
    for (const make of [() => new net.Socket({ blockList: {} }),
        () => net.createServer({ blockList: [] })]) {
        assert.throws(make, { code: 'ERR_INVALID_ARG_TYPE' });
    }
});

test('captureRejections of the constructor makes them the socket\'s error',
    async (t) => {
        const socket = t.track(new net.Socket({ captureRejections: true }));
        socket.on('some', async () => {
            throw new Error('rejected');
        });
        socket.emit('some');
        const [error] = await t.once(socket, 'error');
        assert.strictEqual(error.message, 'rejected');
        assert.strictEqual(socket.destroyed, true);
    });

test('defaultEncoding of the constructor is that of its strings', async (t) => {
    const [client, socket] = await t.pair({}, { defaultEncoding: 'latin1' });
    client.end('\u00e9');
    const [data] = await t.once(socket, 'data');
    assert.strictEqual(data.toString('hex'), 'e9');
});
