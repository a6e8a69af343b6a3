/* In the manner of document 002's second sample, for when its text is not at
 * hand: a program that talks to itself. */
var client = Ti.Network.Socket.createTCP({
    host: '127.0.0.1', port: 40404,
    connected: function (e) {
        Ti.Stream.pump(e.socket, onChunk, 1024, true);
        e.socket.write(Ti.createBuffer({ value: 'the client was here' }));
    },
    error: function (e) {
        Ti.API.info('Error (' + e.errorCode + '): ' + e.error);
    }
});

function onChunk(e) {
    if (e.bytesProcessed < 0) {
        Ti.API.info('Closing client socket.');
        client.close();
        return;
    }
    Ti.API.info('Received: ' + e.buffer.toString());
}

var listener = Ti.Network.Socket.createTCP({
    host: '127.0.0.1', port: 40404,
    accepted: function (e) {
        Ti.API.info('accepted ' + e.inbound + ' at ' + e.socket);
        e.inbound.write(Ti.createBuffer({
            value: 'You have been connected to a listening socket.\r\n'
        }));
        e.inbound.close();
    },
    error: function (e) {
        Ti.API.error('error ' + e.errorCode + ': ' + e.error);
    }
});
listener.listen();
listener.accept({ timeout: 10000 });
setTimeout(function () {
    client.connect();
}, 100);
