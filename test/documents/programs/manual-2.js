// throttling by bufferSize, drain and server.pause
var net = require('net');
var chunk = new Array(65537).join('z');
var received = 0;
var server = net.createServer(function (socket) {
  socket.pause();
  setTimeout(function () { socket.resume(); }, 100);
  socket.on('data', function (data) { received += data.length; });
  socket.on('end', function () {
    console.log('all of it: ' + (received === written));
    server.close();
  });
});
var written = 0;
server.listen(19502, '127.0.0.1', function () {
  var start = Date.now();
  server.pause(200);
  server.once('connection', function () {
    console.log('accepted late: ' + (Date.now() - start >= 195));
  });
  var client = net.createConnection(19502, '127.0.0.1', function () {
    while (client.write(chunk)) written += chunk.length;
    written += chunk.length;
    console.log('waits: ' + (client.bufferSize > 0));
  });
  client.on('drain', function () {
    console.log('left: ' + client.bufferSize);
    console.log('counted: ' + (client.bytesWritten === written));
    client.end();
  });
});
//= waits: true
//= accepted late: true
//= left: 0
//= counted: true
//= all of it: true
