// a silent client times out, and nobody listens where it tries next
var server = tcp.createServer(function(sock) {
  server.getConnections(function(err, count) {
    print("connections", count);
  });
  sock.on("close", function() {
    print("server side closed");
    server.close();
  });
});
server.on("close", function() {
  var nobody = new tcp.Socket();
  nobody.on("error", function(e) {
    print("error", e.code);
  });
  nobody.on("close", function() {
    print("end of story");
  });
  nobody.connect(19102, "127.0.0.1");
});
server.listen({ port: 19102, host: "127.0.0.1" }, function() {
  var client = tcp.createConnection(19102, "127.0.0.1");
  client.setTimeout(1000, function() {
    print("timeout");
    client.destroy();
  });
});
//= connections 1
//= timeout
//= server side closed
//= error ECONNREFUSED
//= end of story
