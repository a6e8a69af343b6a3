// a UNIX echo server with a limit of one connection
var net = require('net');
var path = '/tmp/weir-manual-1-' + process.pid + '.sock';
var server = net.createServer(function (c) {
  console.log('connections: ' + server.connections);
  c.write('hello\r\n');
  c.pipe(c);
});
server.maxConnections = 1;
server.listen(path, function () { //'listening' listener
  console.log('server bound');
  var client = net.connect(path, function () {
    client.write('echo');
  });
  var text = '';
  client.setEncoding('utf8');
  client.on('data', function (data) {
    text += data;
    if (text !== 'hello\r\necho') return;
    console.log(JSON.stringify(text));
    var late = net.connect(path);
    late.on('error', function () {});
    late.on('close', function () {
      console.log('late one rejected');
      client.end();
      server.close();
    });
    late.resume();
  });
});
server.on('close', function () {
  console.log('gone');
});
//= server bound
//= connections: 1
//= "hello\r\necho"
//= late one rejected
//= gone
