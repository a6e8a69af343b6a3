'use strict';
/*
 * connecting - what the tests of connecting share
 */
const net = require('net');

const LOCAL = '127.0.0.1';

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

module.exports = { closedPort, answering, portOf };
