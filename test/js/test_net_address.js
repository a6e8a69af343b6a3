'use strict';
/*
 * What net knows of addresses without opening a socket: isIP and its kin,
 * SocketAddress, BlockList.
 */
const net = require('net');
const { test, assert } = require('./harness');

const FOUR = [
    '127.0.0.1', '0.0.0.0', '255.255.255.255', '8.8.8.8', '1.2.3.4',
    '192.168.1.1', '10.0.0.0', '100.64.0.1', '224.0.0.1', '249.250.251.252',
];

const SIX = [
    '::', '::1', '1::', 'fe80::1', 'fe80::1%lo', 'fe80::1%eth0', 'fe80::1%1',
    '2001:db8::1', '2001:DB8::A', '1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7::',
    '::2:3:4:5:6:7:8', '1::3:4:5:6:7:8', '1:2::8', '0:0:0:0:0:0:0:0',
    'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '::ffff:127.0.0.1',
    '::127.0.0.1', '64:ff9b::192.0.2.33', '1:2:3:4:5:6:1.2.3.4',
    '0001:0002:0003::', 'fd00::2', 'ff02::1', '::ffff:0:0',
    '2001:252:0:1::2008:6', '1:2:3:4:5::1.2.3.4', 'abcd::%x-y.z1',
];

const NEITHER = [
    '', ' ', 'x', 'localhost', '127.0.0', '127.0.0.1.2', '127.0.0.1 ',
    ' 127.0.0.1', '127.0.0.01', '127.0.0.256', '127.0.0.-1', '127.0.0.1:80',
    '0x7f.0.0.1', '1.2.3.4/8', '127.1', '2130706433', '1.2.3.', '.1.2.3',
    '1..2.3', '00.0.0.0', '1.2.3.4%eth0', ':', ':::', '::1::', '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9', '12345::', 'g::', '::1%', '[::1]', '::1/64',
    '1:2:3:4:5:6:7:', ':1:2:3:4:5:6:7', '::1 ', ' ::1', '::ffff:127.0.0.256',
    '::ffff:127.0.0', '1:2:3:4:5:6:7:1.2.3.4', '1.2.3.4::', '::1.2.3.4:5',
    '::%', 'fe80::1%eth0%1', '::1\0', '127.0.0.1\0', '127.0.0.1\n',
    '١.2.3.4', '１.2.3.4', 'example.com', '1:2:3:4::5:6:7:8:9',
];

const NO_STRINGS = [
    undefined, null, 0, 127, NaN, true, false, {}, [], Symbol.iterator.toString,
    () => '127.0.0.1', 10n,
];

test('isIP gives 4, isIPv4 true and isIPv6 false for IPv4 addresses', () => {
    for (const text of FOUR) {
        assert.strictEqual(net.isIP(text), 4, text);
        assert.strictEqual(net.isIPv4(text), true, text);
        assert.strictEqual(net.isIPv6(text), false, text);
    }
});

test('isIP and its kin take no symbol', () => {
    for (const name of ['isIP', 'isIPv4', 'isIPv6']) {
        assert.throws(() => net[name](Symbol('x')), { name: 'TypeError' });
    }
});

test('isIP gives 6, isIPv6 true and isIPv4 false for IPv6 addresses', () => {
    for (const text of SIX) {
        assert.strictEqual(net.isIP(text), 6, text);
        assert.strictEqual(net.isIPv4(text), false, text);
        assert.strictEqual(net.isIPv6(text), true, text);
    }
});

test('isIP gives 0 for what is no address', () => {
    for (const text of NEITHER) {
        assert.strictEqual(net.isIP(text), 0, JSON.stringify(text));
        assert.strictEqual(net.isIPv4(text), false, JSON.stringify(text));
        assert.strictEqual(net.isIPv6(text), false, JSON.stringify(text));
    }
});

test('isIP gives 0 for what is no string, and throws for none', () => {
    for (const value of NO_STRINGS) {
        assert.strictEqual(net.isIP(value), 0);
        assert.strictEqual(net.isIPv4(value), false);
        assert.strictEqual(net.isIPv6(value), false);
    }
});

test('isIP takes objects by what they print as', () => {
    assert.strictEqual(net.isIP({ toString: () => '127.0.0.1' }), 4);
    assert.strictEqual(net.isIP({ toString: () => '::1' }), 6);
    assert.strictEqual(net.isIP(['1.2.3.4']), 4);
    assert.strictEqual(net.isIPv6({ toString: () => 'bla' }), false);
});

/* ----------------------------------------------------------- SocketAddress */

test('a SocketAddress without options is 127.0.0.1, port 0, ipv4', () => {
    const address = new net.SocketAddress();
    assert.strictEqual(address.address, '127.0.0.1');
    assert.strictEqual(address.port, 0);
    assert.strictEqual(address.family, 'ipv4');
    assert.strictEqual(address.flowlabel, 0);
});

test('a SocketAddress of family ipv6 is :: when no address is given', () => {
    const address = new net.SocketAddress({ family: 'ipv6' });
    assert.strictEqual(address.address, '::');
    assert.strictEqual(address.family, 'ipv6');
});

test('a SocketAddress keeps address, port, family and flow label', () => {
    const address = new net.SocketAddress({
        address: '2001:db8::1', port: 443, family: 'ipv6', flowlabel: 7,
    });
    assert.strictEqual(address.address, '2001:db8::1');
    assert.strictEqual(address.port, 443);
    assert.strictEqual(address.family, 'ipv6');
    assert.strictEqual(address.flowlabel, 7);
});

test('a SocketAddress takes its family in capitals', () => {
    for (const [family, address] of [['IPv4', '1.2.3.4'], ['IPv6', '::1']]) {
        const made = new net.SocketAddress({ family, address });
        assert.strictEqual(made.family, family.toLowerCase());
    }
});

test('a SocketAddress prints its IPv6 address in the short form', () => {
    const address = new net.SocketAddress({
        address: '2001:0DB8:0:0::0001', family: 'ipv6',
    });
    assert.strictEqual(address.address, '2001:db8::1');
});

test('a SocketAddress refuses an address of the other family', () => {
    const invalid = {
        code: 'ERR_INVALID_ADDRESS',
        name: 'Error',
        message: 'Invalid socket address',
    };
    assert.throws(() => new net.SocketAddress({ address: '::1' }), invalid);
    assert.throws(() => new net.SocketAddress({
        address: '127.0.0.1', family: 'ipv6',
    }), invalid);
    assert.throws(() => new net.SocketAddress({ address: 'x' }), invalid);
});

test('a SocketAddress goes to JSON with its four fields', () => {
    const address = new net.SocketAddress({ address: '1.2.3.4', port: 5 });
    assert.deepStrictEqual(JSON.parse(JSON.stringify(address)), {
        address: '1.2.3.4', port: 5, family: 'ipv4', flowlabel: 0,
    });
});

test('isSocketAddress tells them from look-alikes', () => {
    const { SocketAddress } = net;
    assert.strictEqual(
        SocketAddress.isSocketAddress(new SocketAddress()), true);
    for (const other of [{}, null, undefined, 1, 'x', {
        address: '1.2.3.4', port: 5, family: 'ipv4', flowlabel: 0,
    }]) {
        assert.strictEqual(SocketAddress.isSocketAddress(other), false);
    }
});

test('the fields of a SocketAddress cannot be set', () => {
    const address = new net.SocketAddress({ address: '1.2.3.4', port: 5 });
    assert.throws(() => {
        address.port = 6;
    }, TypeError);
    assert.strictEqual(address.port, 5);
});

test.weir('SocketAddress.parse reads addresses with and without port', () => {
    const table = [
        ['1.2.3.4', '1.2.3.4', 0, 'ipv4'],
        ['1.2.3.4:8080', '1.2.3.4', 8080, 'ipv4'],
        ['1.2.3.4:80', '1.2.3.4', 80, 'ipv4'],
        ['[1:0::]', '1::', 0, 'ipv6'],
        ['[1::8]:123', '1::8', 123, 'ipv6'],
    ];
    for (const [text, address, port, family] of table) {
        const parsed = net.SocketAddress.parse(text);
        assert.strictEqual(parsed.address, address, text);
        assert.strictEqual(parsed.port, port, text);
        assert.strictEqual(parsed.family, family, text);
    }
});

test.weir('SocketAddress.parse gives undefined for anything else', () => {
    for (const text of [
        'not an ip', 'abc.123', '259.1.1.1', '12:12:12', '1.2.3.4:70000',
        '[1::8', '[1::8]:x', '',
    ]) {
        assert.strictEqual(net.SocketAddress.parse(text), undefined, text);
    }
    assert.throws(() => net.SocketAddress.parse(123), {
        code: 'ERR_INVALID_ARG_TYPE',
    });
});

/* --------------------------------------------------------------- BlockList */

test('an empty BlockList blocks nothing and has no rules', () => {
    const list = new net.BlockList();
    assert.strictEqual(list.check('127.0.0.1'), false);
    assert.strictEqual(list.check('::1', 'ipv6'), false);
    assert.deepStrictEqual(list.rules, []);
});

test('addAddress blocks that address only', () => {
    const list = new net.BlockList();
    list.addAddress('123.123.123.123');
    list.addAddress('8592:757c:efae:4e45:fb5d:d62a:0d00:8e17', 'ipv6');
    assert.strictEqual(list.check('123.123.123.123'), true);
    assert.strictEqual(list.check('123.123.123.124'), false);
    assert.strictEqual(
        list.check('8592:757c:efae:4e45:fb5d:d62a:d00:8e17', 'ipv6'), true);
    assert.strictEqual(
        list.check('8592:757c:efae:4e45:fb5d:d62a:d00:8e18', 'ipv6'), false);
});

test('a BlockList finds an IPv4 rule for the IPv4-mapped address', () => {
    const list = new net.BlockList();
    list.addAddress('123.123.123.123');
    assert.strictEqual(list.check('::ffff:7b7b:7b7b', 'ipv6'), true);
    assert.strictEqual(list.check('::ffff:123.123.123.123', 'ipv6'), true);
    assert.strictEqual(list.check('::ffff:123.123.123.124', 'ipv6'), false);
    assert.strictEqual(list.check('::123.123.123.123', 'ipv6'), false);
});

test('a BlockList finds an IPv4-mapped rule for the IPv4 address', () => {
    const list = new net.BlockList();
    list.addAddress('::ffff:1.2.3.4', 'ipv6');
    assert.strictEqual(list.check('1.2.3.4'), true);
    assert.strictEqual(list.check('1.2.3.5'), false);
    list.addSubnet('::ffff:9.0.0.0', 104, 'ipv6');
    assert.strictEqual(list.check('9.1.2.3'), true);
    assert.strictEqual(list.check('10.1.2.3'), false);
});

test('addRange blocks from the first to the last, both included', () => {
    const list = new net.BlockList();
    list.addRange('10.0.0.1', '10.0.0.10');
    list.addRange('1::1', '1::f', 'ipv6');
    const table = [
        ['10.0.0.0', 'ipv4', false], ['10.0.0.1', 'ipv4', true],
        ['10.0.0.5', 'ipv4', true], ['10.0.0.10', 'ipv4', true],
        ['10.0.0.11', 'ipv4', false], ['::ffff:10.0.0.5', 'ipv6', true],
        ['1::', 'ipv6', false], ['1::1', 'ipv6', true], ['1::8', 'ipv6', true],
        ['1::f', 'ipv6', true], ['1::10', 'ipv6', false],
    ];
    for (const [address, family, blocked] of table) {
        assert.strictEqual(list.check(address, family), blocked, address);
    }
});

test('a range from one family to the other is a rule for no address', () => {
    const list = new net.BlockList();
    list.addRange(new net.SocketAddress({ address: '1.2.3.4' }),
        new net.SocketAddress({ address: '::5', family: 'ipv6' }));
    assert.deepStrictEqual(list.rules, ['Range: IPv4 1.2.3.4-::5']);
    for (const [address, family] of [['1.2.3.4', 'ipv4'], ['1.2.3.5', 'ipv4'],
        ['0.0.0.0', 'ipv4'], ['::1', 'ipv6'], ['::5', 'ipv6']]) {
        assert.strictEqual(list.check(address, family), false, address);
    }
});

test('addRange refuses a range that ends before it starts', () => {
    const list = new net.BlockList();
    assert.throws(() => list.addRange('10.0.0.2', '10.0.0.1'), {
        code: 'ERR_INVALID_ARG_VALUE',
        name: 'TypeError',
        message: /^The argument 'start' must come before end\. Received /,
    });
    list.addRange('10.0.0.1', '10.0.0.1');
    assert.strictEqual(list.check('10.0.0.1'), true);
});

test('addSubnet blocks by prefix, at the edges of bytes and between', () => {
    const table = [
        ['1.2.3.0', 24, 'ipv4', '1.2.3.255', true],
        ['1.2.3.0', 24, 'ipv4', '1.2.4.0', false],
        ['1.2.3.4', 32, 'ipv4', '1.2.3.4', true],
        ['1.2.3.4', 32, 'ipv4', '1.2.3.5', false],
        ['0.0.0.0', 0, 'ipv4', '255.1.2.3', true],
        ['192.168.128.0', 17, 'ipv4', '192.168.127.255', false],
        ['192.168.128.0', 17, 'ipv4', '192.168.255.255', true],
        ['10.0.0.0', 8, 'ipv4', '10.255.0.1', true],
        ['10.0.0.0', 8, 'ipv4', '11.0.0.1', false],
        ['2001:db8::', 32, 'ipv6', '2001:db8:ffff::1', true],
        ['2001:db8::', 32, 'ipv6', '2001:db9::1', false],
        ['8592:757c:efae:4e45::', 64, 'ipv6',
            '8592:757c:efae:4e45:f:0:0:1', true],
        ['8592:757c:efae:4e45::', 64, 'ipv6', '8592:757c:efae:4e46::1', false],
        ['::1', 128, 'ipv6', '::1', true],
        ['::1', 128, 'ipv6', '::2', false],
        ['8000::', 1, 'ipv6', 'ffff::', true],
        ['8000::', 1, 'ipv6', '7fff::', false],
    ];
    for (const [network, prefix, family, address, blocked] of table) {
        const list = new net.BlockList();
        list.addSubnet(network, prefix, family);
        assert.strictEqual(list.check(address, family), blocked,
            `${address} in ${network}/${prefix}`);
    }
});

test('a BlockList takes SocketAddresses for all its addresses', () => {
    const list = new net.BlockList();
    const at = (address, family) => new net.SocketAddress({ address, family });
    list.addAddress(at('1.1.1.1'));
    list.addRange(at('2.0.0.1'), at('2.0.0.9'));
    list.addSubnet(at('5::', 'ipv6'), 64);
    assert.strictEqual(list.check(at('1.1.1.1')), true);
    assert.strictEqual(list.check(at('2.0.0.4')), true);
    assert.strictEqual(list.check(at('2.0.0.10')), false);
    assert.strictEqual(list.check(at('5::4', 'ipv6')), true);
    assert.strictEqual(list.check('5::4', 'ipv6'), true);
});

test('rules lists what was added, the newest first', () => {
    const list = new net.BlockList();
    list.addAddress('1.1.1.1');
    list.addRange('10.0.0.1', '10.0.0.10');
    list.addSubnet('8592:757c:efae:4e45::', 64, 'ipv6');
    list.addAddress('::1', 'IPv6');
    assert.deepStrictEqual(list.rules, [
        'Address: IPv6 ::1',
        'Subnet: IPv6 8592:757c:efae:4e45::/64',
        'Range: IPv4 10.0.0.1-10.0.0.10',
        'Address: IPv4 1.1.1.1',
    ]);
});

test('check is false for what is no address of the family', () => {
    const list = new net.BlockList();
    list.addSubnet('0.0.0.0', 0);
    assert.strictEqual(list.check('x'), false);
    assert.strictEqual(list.check('::1'), false);
    assert.strictEqual(list.check('1.2.3.4', 'ipv6'), false);
});

test.weir('isBlockList tells them from look-alikes', () => {
    const { BlockList } = net;
    assert.strictEqual(BlockList.isBlockList(new BlockList()), true);
    for (const other of [{}, null, undefined, 1, 'x', { rules: [] }]) {
        assert.strictEqual(BlockList.isBlockList(other), false);
    }
});

/* ------------------------------------------------------ module-wide values */

test('the defaults of autoSelectFamily are read and set', (t) => {
    const before = net.getDefaultAutoSelectFamily();
    t.after(() => net.setDefaultAutoSelectFamily(before));
    assert.strictEqual(before, true);
    net.setDefaultAutoSelectFamily(false);
    assert.strictEqual(net.getDefaultAutoSelectFamily(), false);
    net.setDefaultAutoSelectFamily(true);
    assert.strictEqual(net.getDefaultAutoSelectFamily(), true);
});

test('the timeout of an attempt is 250 ms, at least 10, may be set', (t) => {
    const before = net.getDefaultAutoSelectFamilyAttemptTimeout();
    t.after(() => net.setDefaultAutoSelectFamilyAttemptTimeout(before));
    assert.strictEqual(before, 250);
    net.setDefaultAutoSelectFamilyAttemptTimeout(700);
    assert.strictEqual(net.getDefaultAutoSelectFamilyAttemptTimeout(), 700);
    net.setDefaultAutoSelectFamilyAttemptTimeout(1);
    assert.strictEqual(net.getDefaultAutoSelectFamilyAttemptTimeout(), 10);
});

test('net has its functions, and Stream is Socket', () => {
    assert.strictEqual(net.Stream, net.Socket);
    assert.strictEqual(net.connect.name !== undefined, true);
    for (const name of [
        'createServer', 'connect', 'createConnection', 'Server', 'Socket',
        'isIP', 'isIPv4', 'isIPv6', 'SocketAddress', 'BlockList',
        'getDefaultAutoSelectFamily', 'setDefaultAutoSelectFamily',
        'getDefaultAutoSelectFamilyAttemptTimeout',
        'setDefaultAutoSelectFamilyAttemptTimeout',
    ]) {
        assert.strictEqual(typeof net[name], 'function', name);
    }
    assert.strictEqual(require('node:net'), net);
});

test('Server and Socket work without new', () => {
    assert.ok(net.Server() instanceof net.Server);
    assert.ok(net.Socket() instanceof net.Socket);
    const { EventEmitter } = require('events');
    const { Duplex } = require('stream');
    assert.ok(new net.Server() instanceof EventEmitter);
    assert.ok(new net.Socket() instanceof Duplex);
});
