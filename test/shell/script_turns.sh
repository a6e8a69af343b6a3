#!/bin/sh
# script_turns.sh - the events of one turn are told from inside of one entry
#
# Each is followed by its ticks and promise jobs all the same.
# shellcheck source=test/shell/tap
. "$(dirname "$0")/tap"
# shellcheck source=test/shell/program
. test/shell/program

if ! has "$program"; then
    skip 'events of one turn are told in order' 'build/weir is missing'
    finish
fi

# Twenty connections that have all been ended when `start` is called with the
# server's side of them, paused: their ends come in one turn.
cat >"$tmp/twenty.js" <<'END'
const net = require('net');
module.exports = (start) => {
    const sockets = [];
    const options = { pauseOnConnect: true, allowHalfOpen: true };
    const server = net.createServer(options, (socket) => {
        sockets.push(socket);
        if (sockets.length < 20)
            return;
        for (const client of clients)
            client.end();
        setTimeout(() => start(sockets, finish), 50);
    });
    const clients = [];
    const finish = (text) => {
        console.log(text);
        process.exit();
    };
    server.listen(0, '127.0.0.1', () => {
        for (let i = 0; i < 20; i++) {
            clients.push(net.connect(server.address().port, '127.0.0.1')
                .on('error', () => {}));
        }
    });
};
END

seconds=20
prelude="const twenty = require('$tmp/twenty.js');"

check 'nextTick runs between two ends' says_ok <<'END'
const order = [];
twenty((sockets, finish) => {
    for (const socket of sockets) {
        socket.on('end', () => {
            order.push('end');
            process.nextTick(() => order.push('tick'));
            if (order.length === 39)
                setImmediate(() => finish(order.join() ===
                    'end,tick,'.repeat(20).slice(0, -1) ? 'ok' : order));
        });
        socket.resume();
    }
});
END
check 'an exception at one end leaves the others theirs' says_ok <<'END'
twenty((sockets, finish) => {
    let told = 0;
    let caught = 0;
    process.on('uncaughtException', () => caught++);
    for (const socket of sockets) {
        socket.on('end', () => {
            if (++told === 20)
                setImmediate(() => finish(caught === 10 ? 'ok' : caught));
            if (told % 2)
                throw new Error('odd');
        });
        socket.resume();
    }
});
END
check 'an exception that nobody catches ends the program' \
    fails 1 'Error: enough' <<'END'
twenty((sockets) => {
    for (const socket of sockets) {
        socket.on('end', () => {
            throw new Error('enough');
        });
        socket.resume();
    }
});
END
check 'a turn may end the program in its middle' fails 7 '^bye$' <<'END'
twenty((sockets) => {
    let told = 0;
    process.on('exit', () => console.log('bye'));
    for (const socket of sockets) {
        socket.on('end', () => ++told === 5 && process.exit(7));
        socket.resume();
    }
});
END
check 'a socket that another one has destroyed is not told of its end' \
    says_ok <<'END'
twenty((sockets, finish) => {
    let told = 0;
    let closed = 0;
    for (const socket of sockets) {
        socket.on('end', () => {
            told++;
            for (const other of sockets) {
                if (other !== socket)
                    other.destroy();
            }
            socket.destroy();
        });
        socket.on('close', () => ++closed === 20 &&
            finish(told === 1 ? 'ok' : told));
        socket.resume();
    }
});
END
check 'promise jobs of code that was put together at run time are done' \
    says_ok <<'END'
const later = new Function('cb', 'Prom' + 'ise.resolve().th' + 'en(cb)');
twenty((sockets, finish) => {
    let done = 0;
    for (const socket of sockets) {
        socket.on('end', () => later(() => ++done === 20 && finish('ok')));
        socket.resume();
    }
});
END
check 'a program that begins to speak of promises in a turn goes on' \
    says_ok <<'END'
require('fs').writeFileSync(__dirname + '/late.js',
    'module.exports = (cb) => Promise.resolve().then(cb);');
twenty((sockets, finish) => {
    let done = 0;
    for (const socket of sockets) {
        socket.on('end', () => {
            require('./late.js')(() => ++done === 20 && finish('ok'));
        });
        socket.resume();
    }
});
END
seconds=60
check 'garbage of thousands of connections is collected within turns' \
    says_ok <<'END'
const net = require('net');
const TOTAL = 3000;
let begun = 0;
let ended = 0;
let most = 0;
const server = net.createServer((socket) => {
    socket.data = new Array(20000).fill(socket);
    socket.on('data', (bytes) => socket.write(bytes));
});
const one = () => {
    if (begun++ >= TOTAL)
        return;
    const client = net.connect(server.address().port, '127.0.0.1');
    client.write('message');
    client.on('data', () => client.end());
    client.on('close', () => {
        most = Math.max(most, process.memoryUsage().rss);
        if (++ended === TOTAL) {
            console.log(most < 350e6 ? 'ok' : `${most} bytes`);
            process.exit();
        }
        one();
    });
};
server.listen(0, '127.0.0.1', () => {
    for (let i = 0; i < 50; i++)
        one();
});
END
finish
