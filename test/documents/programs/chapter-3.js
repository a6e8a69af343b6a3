// two servers on one port: error, directly followed by close
var net = require('net');
var first = net.createServer({ allowHalfOpen: true }, function (socket) {
    socket.on('end', function () {
        socket.end('Hello World');
    });
    socket.resume();
});
var second = net.createServer();
second.on('error', function (e) {
    console.log('second: ' + e.code);
});
second.on('close', function () {
    console.log('second closed');
    var client = net.createConnection({ port: 19403, host: '127.0.0.1' });
    client.setEncoding('utf8');
    client.pipe(process.stdout);
    client.end();
    client.on('close', function () {
        console.log('!');
        first.close();
    });
});
first.listen(19403, '127.0.0.1', function () {
    second.listen(19403, '127.0.0.1');
});
//= second: EADDRINUSE
//= second closed
//= Hello World!
