// an echo service for two clients, one accept for each
var listener = Ti.Network.Socket.createTCP({
    host: '127.0.0.1', port: 19301, listenQueueSize: 5,
    accepted: function (e) {
        var inbound = e.inbound;
        Ti.Stream.pump(inbound, function (chunk) {
            if (chunk.bytesProcessed === -1) {
                inbound.close();
                return;
            }
            Ti.Stream.write(inbound, chunk.buffer, function () {});
        }, 512, true);
        e.socket.accept({ timeout: 1000 });
    }
});
listener.listen();
listener.accept({ timeout: 1000 });

var names = ['first', 'second'];
function next() {
    var name = names.shift();
    if (!name) {
        listener.close();
        return;
    }
    var client = Ti.Network.Socket.createTCP({
        host: '127.0.0.1', port: 19301,
        connected: function (e) {
            e.socket.write(Ti.createBuffer({ value: name + ' client' }));
            var buffer = Ti.createBuffer({ length: 100 });
            Ti.Stream.read(e.socket, buffer, function (result) {
                Ti.API.info(buffer.clone(0, result.bytesProcessed).toString());
                e.socket.close();
                next();
            });
        }
    });
    client.connect();
}
next();
//= [INFO] first client
//= [INFO] second client
