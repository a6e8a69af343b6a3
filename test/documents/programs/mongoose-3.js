// a big upload: pause, resume and drain
var total = 0;
var size = 32000000;
var server = tcp.createServer({}, function(sock) {
  sock.pause();
  setTimeout(function() {
    print("server reads on");
    sock.resume();
  }, 100);
  sock.on("data", function(data) {
    total += data.length;
    if (total === 2 * size) {
      sock.end("got all");
      server.close();
    }
  });
});
server.listen(19103, "127.0.0.1", 0, function() {
  var client = tcp.connect(19103, "127.0.0.1", function() {
    var flushed = client.write(new Array(size + 1).join("x"), null, function() {
      print("first half is gone");
    });
    print("at once", flushed);
  });
  client.on("drain", function() {
    client.removeAllListeners("drain");
    print("drain");
    client.write(new Array(size + 1).join("y"));
  });
  client.on("data", function(data) {
    print(data);
  });
});
//= at once false
//= server reads on
//= drain
//= first half is gone
//= got all
