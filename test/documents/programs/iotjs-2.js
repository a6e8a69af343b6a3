// half-closed on purpose: a result after the end of the question
var net = require('net');
var server = net.createServer({ allowHalfOpen: true }, function(socket) {
  var sum = 0;
  socket.on('data', function(data) {
    data.toString().split(' ').forEach(function(number) {
      sum += Number(number);
    });
  });
  socket.on('end', function() {
    console.log('FIN came');
    socket.write('sum ' + sum, function() {
      console.log('flushed');
      socket.end();
    });
  });
  server.close();
});
server.on('close', function() {
  console.log('server closed');
});
server.listen(19202, '127.0.0.1', 1, function() {
  var socket = new net.Socket({ allowHalfOpen: true });
  socket.connect(19202, '127.0.0.1', function() {
    socket.end('1 2 39');
  });
  socket.on('data', function(data) {
    console.log(data.toString());
  });
});
//= FIN came
//= flushed
//= server closed
//= sum 42
