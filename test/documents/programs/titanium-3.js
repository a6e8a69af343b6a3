// errors: a refused connection, wrong states, a read that takes too long
var port = 19303;
function tried(what, action) {
    try {
        action();
        Ti.API.info(what + ' went well');
    } catch (ex) {
        Ti.API.info(what + ' threw');
    }
}
var socket = Ti.Network.Socket.createTCP({
    host: '127.0.0.1', port: port,
    error: function (e) {
        Ti.API.info('refused: ' + (e.errorCode > 0) + ' state ' + socket.state);
        listenThen();
    }
});
tried('close', function () { socket.close(); });
tried('accept', function () { socket.accept({}); });
socket.connect();

function listenThen() {
    var listener = Ti.Network.Socket.createTCP({
        host: '127.0.0.1', port: port,
        accepted: function () {}
    });
    listener.listen();
    tried('connect', function () { listener.connect(); });
    var client = Ti.Network.Socket.createTCP({
        host: '127.0.0.1', port: port, timeout: 50,
        connected: function () {
            tried('host', function () { client.host = 'elsewhere'; });
            tried('read', function () {
                client.read(Ti.createBuffer({ length: 10 }));
            });
            tried('offset', function () {
                client.read(Ti.createBuffer({ length: 10 }), 11, 1);
            });
            client.close();
            listener.close();
            tried('write', function () {
                client.write(Ti.createBuffer({ value: 'too late' }));
            });
        }
    });
    client.connect();
}
//= [INFO] close threw
//= [INFO] accept threw
//= [INFO] refused: true state 5
//= [INFO] connect threw
//= [INFO] host threw
//= [INFO] read threw
//= [INFO] offset threw
//= [INFO] write threw
