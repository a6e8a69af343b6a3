'use strict';
/*
 * The argument checks of net: every argument against every kind of value, held
 * against what Node says. See arguments.js for how.
 */
const net = require('net');
const { compareWithNode, VALUES, without } = require('./arguments');

/* As a descriptor a number would take the process's own streams. */
const NO_DESCRIPTORS = without('0', '1.5', 'NaN', 'Infinity', '70000', '-1');
/* A text would become a file's name. */
const NO_PATHS = without('"x"', '"12"');

const TEMPLATES = {
    'new net.Socket($)': NO_DESCRIPTORS,
    // null is what document 004 has for none: see test_net_documents.js.
    'new net.Socket({ fd: $ })': without('undefined', 'null', '0', '70000'),
    'new net.Socket({ allowHalfOpen: $ })': VALUES,
    'new net.Socket({ signal: $ })': VALUES,
    'new net.Socket({ objectMode: $ })': VALUES,
    'new net.Socket({ readableObjectMode: $ })': VALUES,
    'new net.Socket({ writableObjectMode: $ })': VALUES,
    'new net.Socket({ highWaterMark: $ })': VALUES,
    'new net.Socket({ readableHighWaterMark: $ })': VALUES,
    'new net.Socket({ writableHighWaterMark: $ })': VALUES,
    'new net.Socket({ onread: $ })': VALUES,
    'new net.Socket({ onread: { buffer: $, callback: noop } })': VALUES,
    'new net.Socket({ onread: { buffer: Buffer.alloc(9), callback: $ } })':
        VALUES,
    'new net.Socket({ keepAliveInitialDelay: $ })': VALUES,
    'new net.Socket({ defaultEncoding: $ })': VALUES,
    'new net.Socket({ encoding: $ })': VALUES,
    'new net.Socket({ noDelay: $ })': VALUES,
    'new net.Socket({ keepAlive: $ })': VALUES,

    'socket.setTimeout($)': VALUES,
    'socket.setTimeout(1, $)': VALUES,
    'socket.setTimeout(0, $)': VALUES,
    'socket.setNoDelay($)': VALUES,
    'socket.setKeepAlive($)': VALUES,
    'socket.setKeepAlive(true, $)': VALUES,
    'socket.setEncoding($)': VALUES,
    'socket.write($)': VALUES,
    'socket.write("x", $)': VALUES,
    'socket.write("x", "utf8", $)': VALUES,
    'socket.end($)': VALUES,
    'socket.end("x", $)': VALUES,
    'socket.end("x", "utf8", $)': VALUES,
    'socket.setDefaultEncoding($)': VALUES,
    'socket.pipe($)': VALUES,
    'socket.on("data", $)': VALUES,

    'socket.connect($)': NO_PATHS,
    'socket.connect(1, $)': VALUES,
    'socket.connect({ port: $ })': VALUES,
    'socket.connect({ path: $ })': VALUES,
    'socket.connect({ path: $, port: 1 })': without('"x"', '"12"', '""'),
    'socket.connect({ port: 1, host: $ })': VALUES,
    'socket.connect({ port: 1, localAddress: $ })': VALUES,
    'socket.connect({ port: 1, localPort: $ })': VALUES,
    'socket.connect({ port: 1, family: $ })': VALUES,
    'socket.connect({ port: 1, host: "127.0.0.1", family: $ })': VALUES,
    'socket.connect({ port: 1, hints: $ })': VALUES,
    'socket.connect({ port: 1, lookup: $ })': VALUES,
    'socket.connect({ port: 1, host: "127.0.0.1", lookup: $ })': VALUES,
    'socket.connect({ port: 1, autoSelectFamily: $ })': VALUES,
    'socket.connect({ port: 1, autoSelectFamilyAttemptTimeout: $ })': VALUES,
    'net.connect($)': NO_PATHS,
    'net.connect({ port: 1, timeout: $ })': VALUES,
    'net.connect({ port: 1, signal: $ })': VALUES,
    'net.connect("", $)': VALUES,
    'net.createConnection({ port: $ })': VALUES,

    'net.createServer($)': VALUES,
    'net.createServer({}, $)': VALUES,
    'net.createServer({ allowHalfOpen: $ })': VALUES,
    'net.createServer({ pauseOnConnect: $ })': VALUES,
    'net.createServer({ noDelay: $ })': VALUES,
    'net.createServer({ keepAlive: $ })': VALUES,
    'net.createServer({ keepAliveInitialDelay: $ })': VALUES,
    'net.createServer({ highWaterMark: $ })': VALUES,
    'new net.Server($)': VALUES,

    'server.listen($)': NO_PATHS,
    'server.listen(0, $)': without('"x"', '"12"'),
    'server.listen(0, "127.0.0.1", $)': VALUES,
    'server.listen({ port: $ })': VALUES,
    'server.listen({ port: 0, host: $ })': without('"x"', '"12"'),
    'server.listen({ port: 0, backlog: $ })': VALUES,
    'server.listen({ path: $ })': NO_PATHS,
    'server.listen({ fd: $ })': without('0', '1.5', '70000'),
    'server.listen({ port: 0, signal: $ })': VALUES,
    'server.listen({ port: 0, exclusive: $ })': VALUES,
    'server.listen({ port: 0, ipv6Only: $ })': VALUES,
    'server.listen("", $)': VALUES,
    'server.close($)': VALUES,
    'server.getConnections($)': VALUES,

    'list.addAddress($)': VALUES,
    'list.addAddress("1.1.1.1", $)': VALUES,
    'list.addRange($, "1.1.1.1")': VALUES,
    'list.addRange("1.1.1.1", $)': VALUES,
    'list.addRange("1.1.1.1", "2.2.2.2", $)': VALUES,
    'list.addSubnet($, 24)': VALUES,
    'list.addSubnet("1.1.1.1", $)': VALUES,
    'list.addSubnet("::1", $, "ipv6")': VALUES,
    'list.addSubnet("1.1.1.1", 8, $)': VALUES,
    'list.check($)': VALUES,
    'list.check("1.1.1.1", $)': VALUES,

    'new net.SocketAddress($)': VALUES,
    'new net.SocketAddress({ address: $ })': VALUES,
    'new net.SocketAddress({ port: $ })': without('"12"'),
    'new net.SocketAddress({ family: $ })': VALUES,
    'new net.SocketAddress({ family: "ipv6", flowlabel: $ })': VALUES,

    'net.setDefaultAutoSelectFamily($)': VALUES,
    'net.setDefaultAutoSelectFamilyAttemptTimeout($)': VALUES,
};

/* Calls that no template covers: a number at its bounds, two at a time. */
const SINGLE = [
    'net.connect()', 'net.connect({})', 'net.connect({ host: "localhost" })',
    'net.connect(-1)', 'net.connect(65536)', 'net.connect("65536")',
    'net.connect({ port: 65536 })', 'net.connect({ port: "0x50" })',
    'net.connect({ port: " 80 " })', 'net.connect({ port: "80a" })',
    'net.connect({ port: 1, localPort: 65536 })',
    'net.connect({ port: 1, localPort: -1 })',
    'net.connect({ port: 1, localAddress: "1.2.3" })',
    'net.connect({ port: 1, host: "::1", localAddress: "foo" })',
    'net.connect({ port: 1, hints: 1 << 30 })',
    'net.connect({ port: 1, autoSelectFamilyAttemptTimeout: 5 })',
    'net.connect({ port: 1, autoSelectFamilyAttemptTimeout: 0 })',
    'net.connect({ port: 1, autoSelectFamilyAttemptTimeout: -10 })',
    'net.connect({ port: 1, autoSelectFamilyAttemptTimeout: 2 ** 31 })',
    'net.connect({ path: {}, port: 1 })',
    'socket.connect()', 'socket.connect({})',
    'socket.setTimeout(2 ** 32)', 'socket.setTimeout(-0)',
    'socket.setTimeout(0.5)', 'socket.setTimeout(0, null)',
    'socket.setEncoding()', 'socket.setEncoding("UTF-8")',
    'socket.setEncoding("foo")',
    'socket.write()', 'socket.write(new Uint8Array(1))',
    'socket.write(new Uint16Array(1))', 'socket.write(new DataView(' +
        'new ArrayBuffer(1)))', 'socket.write(new ArrayBuffer(1))',
    'socket.write("x", "foo")', 'socket.write("x", "foo", noop)',
    'socket.write("x", "buffer")', 'socket.write("6", "hex")',
    'socket.end(noop)', 'socket.end(null)', 'socket.end(undefined, noop)',
    'socket.end("x", "foo")',
    'server.listen(-1)', 'server.listen(65536)', 'server.listen("65536")',
    'server.listen({ port: -1 })', 'server.listen({ port: 65536 })',
    'server.listen({ port: "0.5" })', 'server.listen({})',
    'server.listen({ host: "127.0.0.1" })', 'server.listen({ fd: -1 })',
    'server.listen({ port: "" })', 'server.listen({ port: "x" })',
    'server.listen({ path: true })', 'server.listen(false)',
    'server.listen({ port: 0, path: "ignored" })',
    'server.listen(noop)', 'server.listen(undefined, noop)',
    'server.listen(null, noop)', 'server.listen(0, noop)',
    'server.listen(0, null, noop)', 'server.listen(0, undefined, 0, noop)',
    'server.close()', 'server.address()', 'server.ref()', 'server.unref()',
    'net.createServer(noop, noop)', 'net.createServer(null, noop)',
    'net.createServer(undefined, noop)', 'net.createServer("path")',
    'list.addSubnet("1.1.1.1", 33)', 'list.addSubnet("::1", 129, "ipv6")',
    'list.addSubnet("::1", 24)', 'list.addAddress("::1")',
    'list.addAddress("1.1.1.1", "ipv6")', 'list.addAddress("1.1.1")',
    'list.addAddress("1.1.1.1", "IPV4")', 'list.addAddress("::1", "IPv6")',
    'list.addRange("1.1.1.2", "1.1.1.1")',
    'list.addRange("::2", "::1", "ipv6")',
    'list.addRange("::1", "1.1.1.1", "ipv6")',
    'list.check("1.1.1.1", "ipv6")',
    'new net.SocketAddress({ port: 65536 })',
    'new net.SocketAddress({ port: -1 })',
    'new net.SocketAddress({ family: "ipv6", flowlabel: 1048575 })',
    'new net.SocketAddress({ family: "ipv5" })',
];

const family = net.getDefaultAutoSelectFamily();
const timeout = net.getDefaultAutoSelectFamilyAttemptTimeout();

compareWithNode({
    fixture: 'net_arguments',
    templates: TEMPLATES,
    single: SINGLE,

    scope() {
        net.setDefaultAutoSelectFamily(family);
        net.setDefaultAutoSelectFamilyAttemptTimeout(timeout);
        return {
            net,
            socket: new net.Socket(),
            server: new net.Server(),
            list: new net.BlockList(),
            noop: () => {},
        };
    },

    dispose(made) {
        if (made instanceof net.Socket) {
            made.on('error', () => {});
            made.destroy();
        } else if (made instanceof net.Server) {
            made.on('error', () => {});
            made.close();
        }
    },
});
