/* In the manner of document 000, for when its text is not at hand. */
var echo = tcp.createServer({}, function (sock) {
    print('somebody is here');
    sock.on('data', function (data) {
        print('server has', data);
        sock.write(data, null, function () {
            print('and has sent it back');
        });
        sock.end();
    });
});

echo.listen(19000, '127.0.0.1', 0, function () {
    print('ready');
});

var visitor = tcp.connect(19000, '127.0.0.1', function () {
    visitor.write('Hello');
});
visitor.on('data', function (data) {
    print('client has', data);
    visitor.end();
});
visitor.on('close', function () {
    print('the client is closed');
});
