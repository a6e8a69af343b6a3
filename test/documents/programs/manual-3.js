// base64 on the wire, an idle timeout, and had_error at the end
var net = require('net');
var server = net.createServer({ allowHalfOpen: true }, function (socket) {
  socket.setEncoding('base64');
  socket.setNoDelay();
  socket.setTimeout(60, function () {
    console.log('idle, still ' + (socket.remoteAddress === '127.0.0.1'));
    socket.end('bye', 'ascii');
  });
  var text = '';
  socket.on('data', function (data) { text += data; });
  socket.on('end', function () { console.log(text); });
  socket.on('close', function (had_error) {
    console.log('had_error: ' + had_error);
    server.close();
  });
});
server.listen(19503, '127.0.0.1', function () {
  var socket = new net.Socket({ fd: null, type: null, allowHalfOpen: false });
  socket.connect(19503, '127.0.0.1', function () {
    socket.write('6869', 'hex');
    setTimeout(function () { socket.write('aGE=', 'base64'); }, 20);
  });
  socket.on('data', function (data) {
    console.log(data.toString() + ' after ' + socket.bytesWritten);
  });
  socket.on('end', function () {
    try {
      socket.setSecure();
    } catch (e) {
      console.log('no TLS');
    }
  });
});
//= idle, still true
//= bye after 4
//= no TLS
//= aGloYQ==
//= had_error: false
