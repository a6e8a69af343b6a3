/* In the manner of document 004's retry, for when its text is not at hand. */
server.on('error', function (e) {
    if (e.code === 'EADDRINUSE') {
        console.log('taken, once more in a second...');
        setTimeout(function () {
            server.close();
            server.listen(PORT, HOST);
        }, 1000);
    }
});
