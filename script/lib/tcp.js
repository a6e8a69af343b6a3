// tcp: Mongoose's name for net, with what that platform has of it

const net = require('net');

module.exports = {
    Server: net.Server,
    Socket: net.Socket,
    connect: net.connect,
    createConnection: net.createConnection,
    createServer: net.createServer,
};
