// numbers in network order, sent with their length in front
var Codec = Ti.Codec;
function message(text) {
    var body = Ti.createBuffer({ value: text });
    var all = Ti.createBuffer({ length: 4 });
    Codec.encodeNumber({
        source: body.length, dest: all, position: 0, type: Codec.TYPE_INT,
        byteOrder: Codec.BIG_ENDIAN
    });
    all.append(body);
    return all;
}
var server = Ti.Network.Socket.createTCP({
    host: '127.0.0.1', port: 19302,
    accepted: function (e) {
        Ti.Stream.write(e.inbound, message('gr\u00fcezi'), function () {
            Ti.Stream.write(e.inbound, message('und tsch\u00fcss'),
                function () {
                    e.inbound.close();
                    server.close();
                });
        });
    }
});
server.listen();
server.accept({});
var client = Ti.Network.Socket.createTCP({
    host: 'localhost', port: 19302,
    connected: function () {
        var everything = Ti.createBuffer({ length: 0 });
        Ti.Stream.readAll(client, everything, function (e) {
            Ti.API.info(e.bytesProcessed + ' bytes');
            var position = 0;
            while (position < everything.length) {
                var length = Codec.decodeNumber({
                    source: everything, position: position,
                    type: Codec.TYPE_INT, byteOrder: Codec.BIG_ENDIAN
                });
                Ti.API.info(Codec.decodeString({
                    source: everything, position: position + 4,
                    length: length, charset: Codec.CHARSET_UTF8
                }));
                position += 4 + length;
            }
            client.close();
        });
    }
});
client.connect();
//= [INFO] 27 bytes
//= [INFO] grüezi
//= [INFO] und tschüss
