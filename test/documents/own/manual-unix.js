/* The echo server that document 004 shows by a link, on a UNIX socket as it says
 * there: with a path where the port was. */
var net = require('net');

var server = net.createServer(function (c) { //'connection' listener
    c.write('hello\r\n');
    c.pipe(c);
});
server.listen(process.argv[2], function () { //'listening' listener
    console.log('server bound');
});
