#!/bin/sh
# script_reads.sh - small reads of one turn enter the engine together
#
# Each is followed by its ticks and promise jobs all the same.
# shellcheck source=test/shell/tap
. "$(dirname "$0")/tap"
# shellcheck source=test/shell/program
. test/shell/program

if ! has "$program"; then
    skip 'reads of one turn are told in order' 'build/weir is missing'
    finish
fi

# Ten connections, each of which has sent its number; `start` is called with
# the server's side of them when all of that has arrived.
cat >"$tmp/ten.js" <<'END'
const net = require('net');
module.exports = (start) => {
    const sockets = [];
    const clients = [];
    const server = net.createServer({ pauseOnConnect: true }, (socket) => {
        sockets.push(socket);
        if (sockets.length < 10)
            return;
        clients.forEach((client, i) => client.write(String(i)));
        // What was written arrives at once on loopback.
        setTimeout(() => start(sockets, clients, finish), 50);
    });
    const finish = (text) => {
        console.log(text);
        process.exit();
    };
    server.listen(0, '127.0.0.1', () => {
        for (let i = 0; i < 10; i++) {
            clients.push(net.connect(server.address().port, '127.0.0.1')
                .on('error', () => {})); // the other side may go first
        }
    });
};
END

prelude="const ten = require('$tmp/ten.js');"

check 'nextTick runs between two reads' says_ok <<'END'
const order = [];
ten((sockets, clients, finish) => {
    for (const socket of sockets) {
        socket.on('data', () => {
            order.push('data');
            process.nextTick(() => order.push('tick'));
            if (order.length === 19)
                setImmediate(() => finish(order.join() ===
                    'data,tick,'.repeat(10).slice(0, -1) ? 'ok' : order));
        });
        socket.resume();
    }
});
END
check 'a socket that another one has paused is not told' says_ok <<'END'
ten((sockets, clients, finish) => {
    let told = 0;
    for (const socket of sockets) {
        socket.on('data', () => {
            told++;
            for (const other of sockets)
                other.pause();
        });
        socket.resume();
    }
    setTimeout(() => {
        if (told !== 1)
            finish(`${told} told`);
        for (const socket of sockets) {
            socket.removeAllListeners('data');
            socket.on('data', () => ++told === 10 && finish('ok'));
            socket.resume();
        }
    }, 50);
});
END
check 'a socket that another one has destroyed is not told' says_ok <<'END'
ten((sockets, clients, finish) => {
    let told = 0;
    for (const socket of sockets) {
        socket.on('data', () => {
            told++;
            for (const other of sockets) {
                if (other !== socket)
                    other.destroy();
            }
        });
        socket.resume();
    }
    setTimeout(() => finish(told === 1 ? 'ok' : told), 50);
});
END
check 'an exception in one read leaves the others theirs' says_ok <<'END'
ten((sockets, clients, finish) => {
    let told = 0;
    let caught = 0;
    process.on('uncaughtException', () => caught++);
    for (const socket of sockets) {
        socket.on('data', () => {
            told++;
            throw new Error('thrown');
        });
        socket.resume();
    }
    setTimeout(() => finish(told === 10 && caught === 10 ? 'ok'
        : `${told}, ${caught}`), 50);
});
END
check 'the end comes after the data that came with it' says_ok <<'END'
ten((sockets, clients, finish) => {
    const order = [];
    for (const client of clients)
        client.end();
    setTimeout(() => {
        sockets.forEach((socket, i) => {
            socket.on('data', (data) => order.push(`data ${i}`));
            socket.on('end', () => order.push(`end ${i}`));
            socket.resume();
        });
        setTimeout(() => {
            for (let i = 0; i < 10; i++) {
                if (order.indexOf(`data ${i}`) < 0 ||
                    order.indexOf(`end ${i}`) < order.indexOf(`data ${i}`))
                    finish(order);
            }
            finish('ok');
        }, 50);
    }, 50);
});
END
check 'what is written in a read may be the bytes that were read' says_ok <<'END'
ten((sockets, clients, finish) => {
    let right = 0;
    clients.forEach((client, i) => {
        client.on('data', (data) => {
            if (String(data) !== String(i))
                finish(`${data} for ${i}`);
            if (++right === 10)
                finish('ok');
        });
    });
    for (const socket of sockets) {
        socket.on('data', (data) => socket.write(data));
        socket.resume();
    }
});
END
check 'a server that counts sees every byte of many small writes' says_ok <<'END'
ten((sockets, clients, finish) => {
    let bytes = 0;
    for (const socket of sockets) {
        socket.on('data', (data) => {
            bytes += data.length;
            if (bytes === 10 + 10 * 5000 * 7)
                finish('ok');
        });
        socket.resume();
    }
    for (let i = 0; i < 5000; i++) {
        for (const client of clients)
            client.write('seven..');
    }
});
END
check 'a pipe laid while bytes of its source wait can be taken away' says_ok <<'END'
ten((sockets, clients, finish) => {
    const [first, source, to] = sockets;
    let seen = '';
    let mine = '';
    clients[2].on('data', (data) => seen += data);
    first.on('data', () => source.pipe(to));
    first.resume();
    source.resume();
    setTimeout(() => {
        source.unpipe(to);
        source.on('data', (data) => mine += data);
        source.resume();
        clients[1].write('mine');
    }, 30);
    setTimeout(() => finish(`${seen}|${mine}` === '1|mine' ? 'ok'
        : `${seen}|${mine}`), 60);
});
END
check 'what was read before a socket is connected anew stays away' says_ok <<'END'
const net = require('net');
ten((sockets, clients, finish) => {
    const [first, other] = sockets;
    const { remotePort, localPort } = other;
    let got = '';
    process.on('uncaughtException', (error) => finish(error.message));
    first.once('data', () => {
        other.destroy();
        other.connect(localPort, '127.0.0.1', () => setTimeout(() =>
            finish(got === '' && other.remotePort === localPort &&
                remotePort !== localPort ? 'ok' : got), 20));
    });
    other.on('data', (data) => got += data);
    first.resume();
    other.resume();
});
END
check 'an end comes behind the data of its turn and what that ticks' \
    says_ok <<'END'
const order = [];
ten((sockets, clients, finish) => {
    sockets.length = 2;
    sockets.forEach((socket, i) => {
        socket.on('data', (data) => {
            order.push(`${i} ${data}`);
            process.nextTick(() => order.push('tick'));
        });
        socket.on('end', () => order.push(`${i} end`));
        socket.on('close', () => {
            order.push(`${i} close`);
            const told = order.filter((word) => word !== 'tick');
            const mine = [0, 1].map((k) => told
                .filter((word) => word.startsWith(k)).join()).join(' ');
            if (told.length === 6) {
                finish(mine === '0 0,0 end,0 close 1 1,1 end,1 close' &&
                    order[1] === 'tick' ? 'ok' : order.join());
            }
        });
    });
    clients[0].end();
    clients[1].end();
    clients[0].resume();
    clients[1].resume();
    setTimeout(() => sockets.forEach((socket) => socket.resume()), 20);
});
END
finish
