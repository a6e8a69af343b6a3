// paused at the door: pauseOnConnect and resume
var net = require('net');
var ready = false;
var server = net.createServer({ pauseOnConnect: true }, function (socket) {
    socket.on('data', function (data) {
        console.log('ready: ' + ready + ', data: ' + data);
    });
    socket.on('end', function () {
        server.close();
    });
    setTimeout(function () {
        ready = true;
        socket.resume();
    }, 50);
});
server.listen(19402, function () {
    net.connect(19402).end('early bird');
});
server.on('close', function () {
    console.log('closed');
});
//= ready: true, data: early bird
//= closed
