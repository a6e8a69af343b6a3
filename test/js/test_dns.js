'use strict';
/*
 * dns: lookup in all its forms against names that need no network, the shape
 * of Resolver and of promises, and every argument check.
 */
const dns = require('dns');
const net = require('net');
const { test, assert } = require('./harness');
const { compareWithNode, VALUES, without } = require('./arguments');

const LOCAL = '127.0.0.1';
const MISSING = 'no-such-name.invalid';
const noop = () => {};

/* ------------------------------------------------------------------ lookup */

test('lookup of localhost gives an address and its family', (t) => {
    dns.lookup('localhost', t.mustCall((error, address, family) => {
        assert.strictEqual(error, null);
        assert.ok([LOCAL, '::1'].includes(address));
        assert.strictEqual(family, net.isIP(address));
    }));
});

test('lookup with family 4 gives IPv4', (t) => {
    for (const options of [4, { family: 4 }, { family: 'IPv4' }]) {
        dns.lookup('localhost', options, t.mustSucceed((address, family) => {
            assert.strictEqual(address, LOCAL);
            assert.strictEqual(family, 4);
        }));
    }
});

test('lookup with all gives an array of { address, family }', (t) => {
    dns.lookup('localhost', { all: true }, t.mustCall((error, list, more) => {
        assert.strictEqual(error, null);
        assert.ok(Array.isArray(list) && list.length > 0);
        for (const entry of list) {
            assert.deepStrictEqual(Object.keys(entry), ['address', 'family']);
            assert.strictEqual(entry.family, net.isIP(entry.address));
        }
        assert.strictEqual(more, undefined);
    }));
});

test('lookup of an address gives it back, later', (t) => {
    let returned = false;
    for (const address of [LOCAL, '::1', '192.0.2.1', '2001:db8::1']) {
        dns.lookup(address, t.mustCall((error, found, family) => {
            assert.strictEqual(returned, true);
            assert.strictEqual(error, null);
            assert.strictEqual(found, address);
            assert.strictEqual(family, net.isIP(address));
        }));
    }
    returned = true;
});

test('lookup of an address with all gives a list of one', (t) => {
    dns.lookup('::1', { all: true }, t.mustCall((error, list) => {
        assert.strictEqual(error, null);
        assert.deepStrictEqual(list, [{ address: '::1', family: 6 }]);
    }));
});

test('lookup of an address heeds no family', (t) => {
    dns.lookup(LOCAL, { family: 6 }, t.mustCall((error, address, family) => {
        assert.strictEqual(error, null);
        assert.strictEqual(address, LOCAL);
        assert.strictEqual(family, 4);
    }));
});

test('lookup of an empty name gives null', (t) => {
    for (const family of [0, 4]) {
        dns.lookup('', { family }, t.mustCall((error, address, found) => {
            assert.strictEqual(error, null);
            assert.strictEqual(address, null);
            assert.strictEqual(found, 4);
        }));
    }
    dns.lookup('', { all: true }, t.mustCall((error, list) => {
        assert.strictEqual(error, null);
        assert.deepStrictEqual(list, []);
    }));
});

test('lookup of a name that does not exist is ENOTFOUND', (t) => {
    dns.lookup(MISSING, t.mustCall((error, address) => {
        assert.ok(error instanceof Error);
        assert.strictEqual(error.name, 'Error');
        assert.ok(['ENOTFOUND', 'EAI_AGAIN'].includes(error.code));
        assert.strictEqual(error.syscall, 'getaddrinfo');
        assert.strictEqual(error.hostname, MISSING);
        assert.strictEqual(error.message,
            `getaddrinfo ${error.code} ${MISSING}`);
        assert.deepStrictEqual(Object.keys(error),
            ['errno', 'code', 'syscall', 'hostname']);
        assert.strictEqual(address, undefined);
    }));
});

test('lookup calls back later, also for names it knows', (t) => {
    let returned = false;
    dns.lookup('localhost', t.mustCall(() => {
        assert.strictEqual(returned, true);
    }));
    returned = true;
});

test('lookup with order puts the family asked for first', (t) => {
    const table = [
        [{ order: 'ipv4first' }, 4], [{ order: 'ipv6first' }, 6],
        [{ verbatim: false }, 4],
    ];
    for (const [options, first] of table) {
        dns.lookup('localhost', { all: true, ...options },
            t.mustCall((error, list) => {
                assert.strictEqual(error, null);
                const families = list.map(({ family }) => family);
                if (families.includes(first)) {
                    assert.strictEqual(families[0], first);
                }
            }));
    }
});

test('an exception in a lookup callback is told', async (t) => {
    const caught = new Promise((resolve) => t.uncaught(resolve));
    dns.lookup(LOCAL, () => {
        throw new Error('from lookup');
    });
    assert.strictEqual((await caught).message, 'from lookup');
});

test('many lookups at once all call back', (t) => {
    for (let i = 0; i < 100; i++) {
        dns.lookup('localhost', { family: 4 }, t.mustSucceed((address) => {
            assert.strictEqual(address, LOCAL);
        }));
    }
});

/* ---------------------------------------------------------------- promises */

test('promises.lookup gives { address, family }', async () => {
    const found = await dns.promises.lookup('localhost', { family: 4 });
    assert.deepStrictEqual(found, { address: LOCAL, family: 4 });
    assert.deepStrictEqual(await dns.promises.lookup('::1'),
        { address: '::1', family: 6 });
});

test('promises.lookup with all gives the list', async () => {
    const list = await dns.promises.lookup(LOCAL, { all: true });
    assert.deepStrictEqual(list, [{ address: LOCAL, family: 4 }]);
});

test('promises.lookup of an empty name gives null', async () => {
    assert.deepStrictEqual(await dns.promises.lookup(''),
        { address: null, family: 4 });
});

test('promises.lookup rejects for a name that does not exist', async () => {
    await assert.rejects(dns.promises.lookup(MISSING), (error) => {
        assert.ok(['ENOTFOUND', 'EAI_AGAIN'].includes(error.code));
        assert.strictEqual(error.syscall, 'getaddrinfo');
        assert.strictEqual(error.hostname, MISSING);
        return true;
    });
});

test('dns/promises is dns.promises', () => {
    assert.strictEqual(require('dns/promises'), dns.promises);
    assert.strictEqual(require('node:dns'), dns);
});

test('util.promisify(dns.lookup) gives { address, family }', async () => {
    const lookup = require('util').promisify(dns.lookup);
    assert.deepStrictEqual({ ...await lookup(LOCAL) },
        { address: LOCAL, family: 4 });
});

/* ------------------------------------------------------ settings, Resolver */

test('the default order of results is read and set', (t) => {
    const before = dns.getDefaultResultOrder();
    t.after(() => dns.setDefaultResultOrder(before));
    assert.strictEqual(before, 'verbatim');
    for (const order of ['ipv4first', 'verbatim', 'ipv6first']) {
        // Node 20 before 20.13 does not know the last of them.
        dns.setDefaultResultOrder(order);
        assert.strictEqual(dns.getDefaultResultOrder(), order);
        assert.strictEqual(dns.promises.getDefaultResultOrder(), order);
    }
});

test('setServers is read back by getServers', (t) => {
    const before = dns.getServers();
    t.after(() => dns.setServers(before));
    dns.setServers(['127.0.0.1', '[::1]:5353', '192.0.2.1:1234', '::1']);
    assert.deepStrictEqual(dns.getServers(),
        ['127.0.0.1', '[::1]:5353', '192.0.2.1:1234', '::1']);
    dns.setServers(['127.0.0.1:53']);
    assert.deepStrictEqual(dns.getServers(), ['127.0.0.1']);
});

test('a Resolver has servers of its own', () => {
    const resolver = new dns.Resolver();
    const before = dns.getServers();
    resolver.setServers(['192.0.2.7']);
    assert.deepStrictEqual(resolver.getServers(), ['192.0.2.7']);
    assert.deepStrictEqual(dns.getServers(), before);
});

test('Resolver and promises.Resolver have their methods', () => {
    for (const Class of [dns.Resolver, dns.promises.Resolver]) {
        const resolver = new Class({ timeout: 100, tries: 1 });
        for (const name of [
            'resolve', 'resolve4', 'resolve6', 'getServers', 'setServers',
            'cancel',
        ]) {
            assert.strictEqual(typeof resolver[name], 'function', name);
        }
    }
});

test('cancel ends what is being asked with ECANCELLED', (t) => {
    const resolver = new dns.Resolver({ timeout: 5000, tries: 1 });
    // Nobody answers there: a port of ours that is only bound.
    resolver.setServers(['127.0.0.1:9']);
    resolver.resolve4('example.org', t.mustCall((error) => {
        // The refusal of the port may be quicker than the cancelling.
        assert.ok(['ECANCELLED', 'ECONNREFUSED'].includes(error.code));
        assert.strictEqual(error.syscall, 'queryA');
        assert.strictEqual(error.hostname, 'example.org');
        assert.strictEqual(error.message, `queryA ${error.code} example.org`);
    }));
    resolver.cancel();
});

test('a Resolver whose queries are under way keeps its servers', (t) => {
    const resolver = new dns.Resolver({ timeout: 5000, tries: 1 });
    resolver.setServers(['127.0.0.1:9']);
    resolver.resolve4('example.org', t.mustCall((error) => {
        assert.ok(['ECANCELLED', 'ECONNREFUSED'].includes(error.code));
        resolver.setServers(['127.0.0.2']);
        assert.deepStrictEqual(resolver.getServers(), ['127.0.0.2']);
    }));
    assert.throws(() => resolver.setServers(['127.0.0.2']), {
        name: 'Error',
        code: 'ERR_DNS_SET_SERVERS_FAILED',
        message: 'c-ares failed to set servers: ' +
            '"There are pending queries." [[ \'127.0.0.2\' ]]',
    });
    assert.deepStrictEqual(resolver.getServers(), ['127.0.0.1:9']);
    resolver.cancel();
});

test('dns.setServers does not mind a query under way', (t) => {
    const before = dns.getServers();
    t.after(() => dns.setServers(before));
    dns.setServers(['127.0.0.1:9']);
    dns.resolve4('example.org', t.mustCall((error) => {
        assert.ok(['ETIMEOUT', 'ECONNREFUSED'].includes(error.code));
    }));
    dns.setServers(['127.0.0.1:10']);
    assert.deepStrictEqual(dns.getServers(), ['127.0.0.1:10']);
});

test('lookup does not ask the servers that were set', (t) => {
    const before = dns.getServers();
    t.after(() => dns.setServers(before));
    dns.setServers(['127.0.0.1:9']);
    dns.lookup('localhost', { family: 4 }, t.mustSucceed((address) => {
        assert.strictEqual(address, LOCAL);
    }));
});

test('a Resolver asks on after its queries were cancelled', async (t) => {
    const resolver = new dns.promises.Resolver({ timeout: 500, tries: 1 });
    resolver.setServers(['127.0.0.1:9']);
    for (let round = 0; round < 3; round++) {
        const queries = [resolver.resolve4('a.example'),
            resolver.resolve6('b.example'), resolver.resolve('c.example')];
        resolver.cancel();
        for (const { reason } of await Promise.allSettled(queries)) {
            assert.ok(['ECANCELLED', 'ECONNREFUSED'].includes(reason.code));
        }
    }
    await assert.rejects(resolver.resolve4('example.org'), (error) =>
        ['ECONNREFUSED', 'ETIMEOUT'].includes(error.code));
    resolver.cancel();
});

// Node says UNKNOWN_ARES_ERROR.
test.weir('a Resolver without servers is ECONNREFUSED', async () => {
    const resolver = new dns.promises.Resolver();
    resolver.setServers([]);
    assert.deepStrictEqual(resolver.getServers(), []);
    await assert.rejects(resolver.resolve4('example.org'),
        { code: 'ECONNREFUSED', syscall: 'queryA' });
});

test('a server that refuses is ECONNREFUSED of queryA, queryAaaa', async () => {
    const resolver = new dns.promises.Resolver({ timeout: 500, tries: 1 });
    resolver.setServers(['127.0.0.1:9']);
    for (const [method, syscall] of [
        ['resolve4', 'queryA'], ['resolve6', 'queryAaaa'],
    ]) {
        await assert.rejects(resolver[method]('example.org'), (error) => {
            assert.ok(['ECONNREFUSED', 'ETIMEOUT'].includes(error.code));
            assert.strictEqual(error.syscall, syscall);
            assert.strictEqual(error.message,
                `${syscall} ${error.code} example.org`);
            return true;
        });
    }
});

test('the codes of errors and the flags have their values', () => {
    const codes = {
        NODATA: 'ENODATA', FORMERR: 'EFORMERR', SERVFAIL: 'ESERVFAIL',
        NOTFOUND: 'ENOTFOUND', NOTIMP: 'ENOTIMP', REFUSED: 'EREFUSED',
        BADQUERY: 'EBADQUERY', BADNAME: 'EBADNAME', BADFAMILY: 'EBADFAMILY',
        BADRESP: 'EBADRESP', CONNREFUSED: 'ECONNREFUSED',
        TIMEOUT: 'ETIMEOUT', EOF: 'EOF', FILE: 'EFILE', NOMEM: 'ENOMEM',
        DESTRUCTION: 'EDESTRUCTION', BADSTR: 'EBADSTR', BADFLAGS: 'EBADFLAGS',
        NONAME: 'ENONAME', BADHINTS: 'EBADHINTS',
        NOTINITIALIZED: 'ENOTINITIALIZED', CANCELLED: 'ECANCELLED',
    };
    for (const [name, code] of Object.entries(codes)) {
        assert.strictEqual(dns[name], code, name);
    }
    for (const flag of ['ADDRCONFIG', 'V4MAPPED', 'ALL']) {
        assert.strictEqual(typeof dns[flag], 'number', flag);
        assert.ok(dns[flag] > 0);
    }
});

/* -------------------------------------------------------- argument checks */

const TEMPLATES = {
    'dns.lookup($, noop)': VALUES,
    'dns.lookup("127.0.0.1", $)': VALUES,
    'dns.lookup("127.0.0.1", $, noop)': VALUES,
    'dns.lookup("127.0.0.1", {}, $)': VALUES,
    'dns.lookup("127.0.0.1", { family: $ }, noop)': VALUES,
    'dns.lookup("127.0.0.1", { hints: $ }, noop)': VALUES,
    'dns.lookup("127.0.0.1", { all: $ }, noop)': VALUES,
    'dns.lookup("127.0.0.1", { verbatim: $ }, noop)': VALUES,
    'dns.lookup("127.0.0.1", { order: $ }, noop)': VALUES,
    'void dns.promises.lookup("127.0.0.1", { family: $ })': VALUES,
    'void dns.promises.lookup("127.0.0.1", { hints: $ })': VALUES,
    'void dns.promises.lookup("127.0.0.1", { all: $ })': VALUES,
    'dns.setServers($)': VALUES,
    'dns.setServers([$])': VALUES,
    'dns.setDefaultResultOrder($)': VALUES,
    'new dns.Resolver({ timeout: $ })': VALUES,
    'new dns.Resolver({ tries: $ })': VALUES,
    'resolver.resolve4($, noop)': without('"x"', '"12"', '""'),
    'resolver.resolve4("x", $)': without('noop', '{}', '[]', 'new Date(0)',
        'Buffer.from("ab")'),
    'resolver.resolve6($, noop)': without('"x"', '"12"', '""'),
    'resolver.resolve6("x", {}, $)': without('noop'),
};

const SINGLE = [
    'dns.lookup()', 'dns.lookup("127.0.0.1")', 'dns.lookup(noop)',
    'dns.lookup("127.0.0.1", 4, noop)', 'dns.lookup("127.0.0.1", 6, noop)',
    'dns.lookup("127.0.0.1", 5, noop)', 'dns.lookup("127.0.0.1", 0, noop)',
    'dns.lookup("127.0.0.1", { family: "IPv4" }, noop)',
    'dns.lookup("127.0.0.1", { family: "IPv6" }, noop)',
    'dns.lookup("127.0.0.1", { family: "ipv4" }, noop)',
    'dns.lookup("127.0.0.1", { family: 7 }, noop)',
    'dns.lookup("127.0.0.1", { hints: 1 << 30 }, noop)',
    'dns.lookup("127.0.0.1", { hints: dns.ADDRCONFIG | dns.V4MAPPED }, noop)',
    'dns.lookup("127.0.0.1", { order: "ipv4first" }, noop)',
    'dns.setServers(["300.1.1.1"])', 'dns.setServers(["127.0.0.1:va"])',
    'dns.setServers(["[::1"])', 'dns.setServers(["foobar"])',
    'dns.setServers()',
    'dns.setDefaultResultOrder("ipv5first")', 'dns.setDefaultResultOrder()',
    'new dns.Resolver({ timeout: -2 })', 'new dns.Resolver({ tries: 0 })',
    'new dns.Resolver()', 'resolver.resolve4()', 'resolver.resolve6()',
    'resolver.getServers()', 'resolver.setServers(["127.0.0.1:5353"])',
];

const servers = dns.getServers();
const order = dns.getDefaultResultOrder();

compareWithNode({
    fixture: 'dns_arguments',
    templates: TEMPLATES,
    single: SINGLE,

    scope() {
        dns.setServers(servers);
        dns.setDefaultResultOrder(order);
        const resolver = new dns.Resolver({ timeout: 10, tries: 1 });
        resolver.setServers(['127.0.0.1:9']);
        return { dns, resolver, noop };
    },

    dispose(made) {
        if (made instanceof dns.Resolver) {
            made.cancel();
        }
    },
});
