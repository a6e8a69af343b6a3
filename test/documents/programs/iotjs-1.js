// a thermometer: one reading for each connection, then the server closes
var net = require('net');
var readings = [21, 22, 23];
var server = net.createServer(function(connection) {
  connection.end('t=' + readings.shift());
  if (readings.length === 0) {
    server.close(function() {
      console.log('no more readings');
    });
  }
});
function ask() {
  var text = '';
  var socket = net.connect(19201, function() {
    console.log('asking');
  });
  socket.on('data', function(data) {
    text += data.toString();
  });
  socket.on('end', function() {
    console.log(text);
    if (readings.length > 0) {
      ask();
    }
  });
}
server.listen({ port: 19201 }, ask);
//= asking
//= t=21
//= asking
//= t=22
//= asking
//= t=23
//= no more readings
