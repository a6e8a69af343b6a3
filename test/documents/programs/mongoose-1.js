// a server that shouts back, asked three times by one client
var server = tcp.createServer({}, function(sock) {
  sock.on("data", function(data) {
    sock.write(data.toString().toUpperCase());
  });
});
var words = ["one", "two", "three"];
server.listen(19101, "127.0.0.1", 0, function() {
  var client = tcp.connect({ port: 19101, host: "127.0.0.1" }, function() {
    client.write(words.shift());
  });
  client.on("data", function(data) {
    print("heard", data);
    if (words.length > 0) {
      client.write(words.shift());
    } else {
      client.end();
    }
  });
  client.on("close", function() {
    server.close(function() {
      print("done");
    });
  });
});
//= heard ONE
//= heard TWO
//= heard THREE
//= done
