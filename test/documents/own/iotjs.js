/* In the manner of document 001, which has no sample of its own: a server that
 * counts what it is sent, half-open, and a client that asks it by name. */
var net = require('net');

var server = net.createServer({ allowHalfOpen: true }, function (connection) {
    var count = 0;

    connection.on('data', function (data) {
        count += data.length;
    });
    connection.on('end', function () {
        connection.end('bytes: ' + count, function () {
            server.close();
        });
    });
});

server.on('close', function () {
    console.log('server closed');
});

server.listen(Number(process.argv[2]), function () {
    var client = new net.Socket();

    console.log('port ' + server.address().port);
    client.on('lookup', function (err, address) {
        console.log('lookup ' + err + ' ' + (address ? 'found' : 'nothing'));
    });
    client.setTimeout(5000, function () {
        client.destroy();
    });
    client.on('data', function (data) {
        console.log('answer ' + data);
    });
    client.connect({ port: server.address().port, host: 'localhost' },
        function () {
            client.write('12345', function () {
                client.end('678');
            });
        });
});
