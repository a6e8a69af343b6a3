/* In the manner of document 002's first sample, for when its text is not at
 * hand. */
var socket = Ti.Network.Socket.createTCP({
    host: 'blog.example.com', port: 80,
    connected: function (e) {
        Ti.API.info('up');
        Ti.Stream.pump(e.socket, onChunk, 1024, true);
        Ti.Stream.write(socket, Ti.createBuffer({
            value: 'GET /index.html HTTP/1.1\r\n\r\n'
        }), function () {
            Ti.API.info('asked');
        });
    },
    error: function (e) {
        Ti.API.info('failed with ' + e.errorCode + ': ' + e.error);
    }
});
socket.connect();

function onChunk(e) {
    if (e.buffer) {
        Ti.API.info('Received: ' + e.buffer.toString());
    } else {
        Ti.API.error('no buffer, which is the end');
    }
}
