'use strict';
/*
 * http-hello.js - as much HTTP/1.1 as a greeting needs, and no more
 *
 * Requests are parsed from a string of latin1 characters, one for each byte, as
 * they come: whole, in pieces, or many at once. What a packet asked for is
 * answered in one write (pipelining), the connection stays open unless the
 * client wants otherwise, bodies are skipped by their Content-Length, and what
 * is not HTTP gets a 400 and is closed.
 *
 * Try it:  weir http-hello.js 8080
 *          curl -i http://127.0.0.1:8080/you
 *          wrk -c 64 http://127.0.0.1:8080/
 */
const net = require('net');

const USAGE = `usage: http-hello.js [PORT]
Greets over HTTP. PORT: default 8080, 0 for any.
Try it: curl -i http://127.0.0.1:PORT/you`;

const HEAD_LIMIT = 16 * 1024;
const METHODS = ['GET', 'HEAD', 'POST', 'PUT'];

const REQUEST_LINE = /^([!#$%&'*+.^_`|~\w-]+) ([!-~]+) HTTP\/1\.([01])$/;
const HEADER = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*([^\0\r\n]*?)[ \t]*$/;
const ONLY_ONCE = ['host', 'content-length'];

const REASONS = {
    200: 'OK',
    400: 'Bad Request',
    405: 'Method Not Allowed',
    417: 'Expectation Failed',
    431: 'Request Header Fields Too Large',
    501: 'Not Implemented',
};

/* The Date of an answer, made once a second at most. */
const clock = { second: 0, text: '' };

const date = () => {
    const second = Math.floor(Date.now() / 1000);

    if (second !== clock.second) {
        clock.second = second;
        clock.text = new Date(second * 1000).toUTCString();
    }
    return clock.text;
};

/* A head as a request, or nothing when it is no HTTP. */
const parse = (head) => {
    const [first, ...lines] = head.split('\r\n');
    const [, method, target, minor] = REQUEST_LINE.exec(first) ?? [];
    const headers = {};

    for (const line of lines) {
        const [, name, value] = HEADER.exec(line) ?? [];
        const key = name?.toLowerCase();

        if (!name || (key in headers && ONLY_ONCE.includes(key))) {
            return null;
        }
        headers[key] = key in headers ? `${headers[key]}, ${value}` : value;
    }
    return method ? { method, target, minor, headers } : null;
};

/* What a request deserves. */
const judge = ({ method, minor, headers }) => {
    if (minor === '1' && headers.host === undefined) {
        return 400;
    }
    if (headers['transfer-encoding'] !== undefined) {
        return 501; // a body whose end would have to be searched for
    }
    if (!/^\d{1,15}$/.test(headers['content-length'] ?? '0')) {
        return 400;
    }
    if (!/^(100-continue)?$/i.test(headers.expect ?? '')) {
        return 417;
    }
    return METHODS.includes(method) ? 200 : 405;
};

const wantsToStay = ({ minor, headers }) => {
    const connection = headers.connection ?? '';

    return minor === '1' ? !/\bclose\b/i.test(connection)
        : /\bkeep-alive\b/i.test(connection);
};

const answer = (status, body, stay, request) =>
    `HTTP/1.1 ${status} ${REASONS[status]}\r\n` +
    `Date: ${date()}\r\n` +
    'Content-Type: text/plain\r\n' +
    `Content-Length: ${body.length}\r\n` +
    (status === 405 ? `Allow: ${METHODS.join(', ')}\r\n` : '') +
    (stay && request.minor === '1' ? ''
        : `Connection: ${stay ? 'keep-alive' : 'close'}\r\n`) +
    `\r\n${request?.method === 'HEAD' ? '' : body}`;

class Connection {
    text = '';      // what has come and is not parsed yet
    answers = '';   // what is to be written
    request = null; // the one whose body is on its way
    body = 0;       // bytes of it that are still to come
    open = true;    // false once we have said that we close

    constructor(socket) {
        this.socket = socket;
        socket.setEncoding('latin1');
        socket.on('data', (text) => this.onData(text));
        socket.on('drain', () => socket.resume());
        socket.on('end', () => this.close());
        socket.on('error', () => {}); // `close` follows
    }

    onData(text) {
        if (this.open) {
            this.text += text;
            while (this.open && this.takeHead() && this.takeBody()) {
                this.greet();
            }
            this.flush();
        }
    }

    flush() {
        const { answers } = this;

        this.answers = '';
        if (answers && !this.socket.write(answers, 'latin1')) {
            this.socket.pause();
        }
        if (!this.open) {
            this.socket.end();
            this.socket.setTimeout(5000, () => this.socket.destroy());
        }
    }

    close() {
        if (this.open) {
            this.open = false;
            this.flush();
        }
    }

    /* True when there is a request. Empty lines before one are to be ignored
     * (RFC 9112, 2.2). */
    takeHead() {
        if (this.request) {
            return true;
        }
        this.text = this.text.replace(/^(\r\n)+/, '');
        const end = this.text.indexOf('\r\n\r\n');

        if (end < 0 || end > HEAD_LIMIT) {
            return this.checkBeginning();
        }
        const request = parse(this.text.slice(0, end));
        const status = request ? judge(request) : 400;

        this.text = this.text.slice(end + 4);
        if (status !== 200) {
            return this.refuse(status, request);
        }
        this.request = request;
        this.body = Number(request.headers['content-length'] ?? 0);
        if (request.headers.expect && this.body && !this.text) {
            this.answers += 'HTTP/1.1 100 Continue\r\n\r\n';
        }
        return true;
    }

    /* Junk shows before a head is whole, and so is told from a slow client. */
    checkBeginning() {
        const end = this.text.indexOf('\n');
        const good = end < 0 ? /^(\w|\r?$)/.test(this.text)
            : this.text[end - 1] === '\r' &&
                REQUEST_LINE.test(this.text.slice(0, end - 1));

        if (!good) {
            return this.refuse(400);
        }
        return this.text.length > HEAD_LIMIT ? this.refuse(431) : false;
    }

    /* True when the body has been skipped. */
    takeBody() {
        const skipped = Math.min(this.body, this.text.length);

        this.body -= skipped;
        this.text = this.text.slice(skipped);
        return this.body === 0;
    }

    refuse(status, request) {
        this.open = false;
        this.answers += answer(status, `${REASONS[status]}\n`, false, request);
        return false;
    }

    greet() {
        const { request } = this;

        this.open = wantsToStay(request);
        this.request = null;
        this.answers +=
            answer(200, `hello, ${request.target}\n`, this.open, request);
    }
}

const serve = (port) => {
    const options = { allowHalfOpen: true, noDelay: true };
    const server = net.createServer(options, (socket) => {
        new Connection(socket);
    });

    server.on('error', (error) => {
        console.error(`http-hello: ${error.message}`);
        process.exitCode = 1;
    });
    server.listen(port, () => {
        const { address, port } = server.address();
        const host = net.isIPv6(address) ? `[${address}]` : address;
        console.log(`listening on ${host}:${port}`);
    });
};

const [port = '8080', ...more] = process.argv.slice(2);

if (port === '--help') {
    console.log(USAGE);
} else if (more.length || !/^\d{1,5}$/.test(port) || port > 65535) {
    console.error(`http-hello: not a port: ${[port, ...more].join(' ')}`);
    console.error(USAGE);
    process.exitCode = 2;
} else {
    serve(Number(port));
}
