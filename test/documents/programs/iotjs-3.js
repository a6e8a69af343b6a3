// lookup, a timeout and an error on one socket after the other
var net = require('net');
var server = net.createServer();
server.listen(19203, function() {
  var socket = net.createConnection({ port: 19203, host: 'localhost' });
  var looked = false;
  socket.on('lookup', function(err, address, family) {
    looked = err === null && (address === '127.0.0.1' || address === '::1');
  });
  socket.setKeepAlive(true, 1000);
  socket.setTimeout(50, function() {
    console.log('looked up: ' + looked);
    console.log('idle');
    socket.destroy();
  });
  socket.on('close', function() {
    server.close();
  });
});
server.on('close', function() {
  var socket = net.connect({ port: 19203, host: '127.0.0.1' });
  socket.on('connect', function() {
    console.log('connected?');
  });
  socket.on('error', function(e) {
    console.log('error: ' + (e instanceof Error));
  });
  socket.on('close', function() {
    console.log('closed');
  });
});
//= looked up: true
//= idle
//= error: true
//= closed
