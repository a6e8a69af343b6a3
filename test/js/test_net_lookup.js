'use strict';
/*
 * Connecting by name: lookups, the program's own among them, and the race of
 * addresses of two families.
 */
const net = require('net');
const { test, assert } = require('./harness');
const { closedPort, answering, portOf } = require('./connecting');

const LOCAL = '127.0.0.1';
const noop = () => {};

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
