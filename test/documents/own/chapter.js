/* In the manner of document 003's sample, for when its text is not at hand. */
var net = require('net');

net.createServer(function (socket) {
    socket.end('Hello World');
}).listen(3000, function () {
    console.log('waiting on Port 3000');
});
