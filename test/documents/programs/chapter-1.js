// a guest book that counts and closes after three guests
var net = require('net');
var server = net.createServer(function (socket) {
    server.getConnections(function (err, count) {
        socket.end('you are one of ' + count);
    });
});
server.on('listening', function () {
    var address = server.address();
    console.log(address.family + ' ' + address.address + ' ' +
        (address.port > 0));
    visit(3, address.port);
});
server.on('close', function () {
    console.log('closed');
});
function visit(times, port) {
    if (times === 0) {
        server.close();
        return;
    }
    net.connect(port, '127.0.0.1', function () {
        this.on('data', function (data) {
            console.log(data.toString());
        });
        this.on('close', function () {
            visit(times - 1, port);
        });
    });
}
server.listen(0, '127.0.0.1', 511);
//= IPv4 127.0.0.1 true
//= you are one of 1
//= you are one of 1
//= you are one of 1
//= closed
