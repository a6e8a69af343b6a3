/*
 * deno.js - the servers on Deno's own API: Deno.listen and Deno.serve
 *
 *   deno run --allow-net bench/peers/deno.js WORKLOAD PORT [TARGET]
 *
 * As Deno's manual has them: a loop over the connections, web streams joined by
 * pipeTo(), which carries backpressure and the end. No-delay is set on each
 * connection, since Deno leaves it as the system has it.
 */

const ignore = () => {}; // a client that breaks off is no trouble of ours

const forEach = async (listener, onConnection) => {
    for await (const connection of listener) {
        connection.setNoDelay(true);
        onConnection(connection);
    }
};

const echo = (connection) =>
    connection.readable.pipeTo(connection.writable).catch(ignore);

const sink = async (connection) => {
    try {
        for await (const _ of connection.readable); // dropped
        connection.writable.close();
    } catch {
        // broken off
    }
};

const guests = new Set();

const fanout = async (connection) => {
    const writer = connection.writable.getWriter();

    guests.add(writer);
    try {
        for await (const bytes of connection.readable) {
            for (const guest of guests) {
                if (guest !== writer) {
                    guest.write(bytes).catch(ignore);
                }
            }
        }
        await writer.close();
    } catch {
        // broken off
    }
    guests.delete(writer);
};

// Not by pipeTo(): the end of `readable` closes the connection in both
// directions, and what is under way in the other one is lost.
const carry = async (from, to) => {
    const buffer = new Uint8Array(64 * 1024);
    let length;

    while ((length = await from.read(buffer)) !== null) {
        for (let sent = 0; sent < length;) {
            sent += await to.write(buffer.subarray(sent, length));
        }
    }
    await to.closeWrite();
};

const proxyTo = (hostname, port) => async (client) => {
    const upstream = await Deno.connect({ hostname, port });

    upstream.setNoDelay(true);
    try {
        await Promise.all([carry(client, upstream), carry(upstream, client)]);
    } catch {
        // broken off
    }
    upstream.close();
    client.close();
};

const announce = ({ hostname, port }) =>
    console.log(`listening on ${hostname}:${port}`);

const [workload, port, target = ''] = Deno.args;
const [, host, targetPort] = /^(.+):(\d+)$/.exec(target) ?? [];
const where = { hostname: '127.0.0.1', port: Number(port) };
const connections = { echo, sink, fanout, proxy: proxyTo(host, +targetPort) };

if (workload === 'http') {
    Deno.serve({ ...where, onListen: announce }, () =>
        new Response('Hello, world!', {
            headers: { 'Content-Type': 'text/plain' },
        }));
} else if (Object.hasOwn(connections, workload ?? '') &&
    (workload !== 'proxy' || host)) {
    const listener = Deno.listen(where);

    announce(listener.addr);
    forEach(listener, connections[workload]);
} else {
    console.error('usage: deno.js WORKLOAD PORT [TARGET]\n' +
        'WORKLOAD: one of: echo sink fanout proxy http');
    Deno.exit(2);
}
