'use strict';
/*
 * iotjs.js - a switchboard with eight lamps, in the manner of IoT.js
 *
 * IoT.js's `net` is small: a callback for each event, and nothing else. Half
 * open, so that a client may send its commands, end its side, and still hear
 * what became of them.
 *
 * Try it:  weir iotjs.js 7011
 *          printf 'on 3\ntoggle 4\nshow\n' | nc -N 127.0.0.1 7011
 */
var net = require('net');

var USAGE = 'usage: iotjs.js [PORT]\n' +
    'Takes "on N", "off N", "toggle N" (N: 0 to 7) and "show".\n' +
    'PORT: default 7011, 0 for any.\n' +
    "Try it: printf 'on 3\\nshow\\n' | nc -N 127.0.0.1 PORT";

var IDLE = 30000; // ms without a command
var LIMIT = 1000; // characters without an end of line

var lamps = [false, false, false, false, false, false, false, false];

var actions = {
    on: function () {
        return true;
    },
    off: function () {
        return false;
    },
    toggle: function (was) {
        return !was;
    }
};

function show() {
    return lamps.map(function (lit) {
        return lit ? '*' : '.';
    }).join('');
}

function command(line) {
    var words = /^(on|off|toggle) ([0-7])$/.exec(line);

    if (words) {
        lamps[words[2]] = actions[words[1]](lamps[words[2]]);
        return show();
    }
    return line === 'show' ? show() : 'what is "' + line.slice(0, 20) + '"?';
}

var server = net.createServer({ allowHalfOpen: true }, function (socket) {
    var rest = '';

    socket.on('data', function (data) {
        var lines = (rest + data.toString()).split('\n');

        rest = lines.pop();
        lines.forEach(function (line) {
            socket.write(command(line.trim()) + '\n');
        });
        if (rest.length > LIMIT) {
            socket.destroy();
        }
    });
    socket.on('end', function () {
        socket.end(rest ? command(rest.trim()) + '\n' : undefined);
    });
    socket.setTimeout(IDLE, function () {
        socket.end('good night\n');
    });
    socket.on('error', function () {
        // A client that is gone; `close` follows.
    });
});

server.on('error', function (error) {
    console.error('iotjs: ' + error.message);
    process.exitCode = 1;
});

var args = process.argv.slice(2);
var port = args.length ? args[0] : '7011';

if (port === '--help') {
    console.log(USAGE);
} else if (args.length > 1 || !/^\d{1,5}$/.test(port) || port > 65535) {
    console.error('iotjs: not a port: ' + args.join(' ') + '\n' + USAGE);
    process.exitCode = 2;
} else {
    server.listen({ port: Number(port), host: '127.0.0.1' }, function () {
        console.log('listening on 127.0.0.1:' + server.address().port);
    });
}
