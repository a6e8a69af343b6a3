// internal/titanium/socket: Ti.Network.Socket's TCP, a face on net
//
// One object is a client or a listener, by what is called on it. net connects,
// listens, queues and reads; what is here is Titanium's states and when they
// change, one connection for each accept(), and the calls that block.
//
//   INITIALIZED --connect()--> CONNECTED --close()--> CLOSED
//        |                         |
//        +--------listen()---> LISTENING --close()--> CLOSED
//        +--- whatever fails ---> ERROR
//
// A call that blocks waits in C on the one descriptor. Bytes that net has read
// before come first.

const { codes, errnoException, exceptionWithHostPort } =
    require('internal/errors');
const { defer } = require('internal/core');
const { validateFunction, validateInteger, validateObject, validatePort,
    validateString } = require('internal/validators');
const { IOStream, READ, WRITE, READ_LATER, WRITE_LATER, CLOSED: CLOSED_BY_US } =
    require('internal/titanium/io_stream');
const { numberOf } = require('internal/titanium/stream');
const net = require('net');
const { kAtOnce } = require('internal/net/server');

const native = binding.titanium;

const INITIALIZED = 1;
const CONNECTED = 2;
const LISTENING = 3;
const CLOSED = 4;
const ERROR = 5;
const names = ['', 'INITIALIZED', 'CONNECTED', 'LISTENING', 'CLOSED', 'ERROR'];

const FOREVER = -1;
const LONGEST = 2 ** 31 - 1;

function checkCallback(value, name) {
    if (value !== undefined && value !== null)
        validateFunction(value, name);
}

function checkTime(value, name) {
    if (value !== undefined && value !== null)
        validateInteger(value, name, 0, LONGEST);
}

// A name, or an address, as far as that can be seen from it.
function checkHost(host) {
    validateString(host, 'host');
    if (!/^[^\s\0/]{1,253}$/.test(host)) {
        throw new codes.ERR_INVALID_ARG_VALUE('host', host,
            'must be an address or the name of a host');
    }
}

class TCP extends IOStream {
    #state = INITIALIZED;
    #host;
    #port;
    #timeout;
    #listenQueueSize;
    #connected;
    #error;
    #accepted;
    #socket = null; // net's
    #server = null;
    #timer = null; // of connect()
    #accepting = null; // accept()'s options while it waits for a connection
    #readers = []; // { room, done } that wait for bytes
    #listening = false; // to what net says of them
    #ended = false; // the end of the stream was read

    constructor(options = {}) {
        super();
        validateObject(options, 'options');
        const { listenQueueSize, timeout, connected, error, accepted } =
            options;
        this.#host = options.host;
        this.#port = options.port;
        Object.assign(this, { listenQueueSize, timeout, connected, error,
            accepted });
    }

    // ------------------------------------------------------------- properties

    get state() {
        return this.#state;
    }

    get host() {
        return this.#host;
    }

    set host(host) {
        this.#mustBeFresh('host');
        this.#host = host;
    }

    get port() {
        return this.#port;
    }

    set port(port) {
        this.#mustBeFresh('port');
        this.#port = port;
    }

    get timeout() {
        return this.#timeout;
    }

    set timeout(timeout) {
        this.#mustBeFresh('timeout');
        checkTime(timeout, 'timeout');
        this.#timeout = timeout ?? undefined;
    }

    get listenQueueSize() {
        return this.#listenQueueSize;
    }

    set listenQueueSize(size) {
        if (size !== undefined && size !== null)
            validateInteger(size, 'listenQueueSize', 1, LONGEST);
        this.#listenQueueSize = size ?? undefined;
    }

    get connected() {
        return this.#connected;
    }

    set connected(callback) {
        checkCallback(callback, 'connected');
        this.#connected = callback;
    }

    get error() {
        return this.#error;
    }

    set error(callback) {
        checkCallback(callback, 'error');
        this.#error = callback;
    }

    get accepted() {
        return this.#accepted;
    }

    set accepted(callback) {
        checkCallback(callback, 'accepted');
        this.#accepted = callback;
    }

    #mustBeFresh(name) {
        if (this.#state !== INITIALIZED) {
            throw new codes.ERR_INVALID_STATE(`"${name}" can be set while ` +
                `the socket is INITIALIZED, not ${names[this.#state]}`);
        }
    }

    #mustBe(state, call) {
        if (this.#state !== state)
            throw this.#wrongState(call, names[state]);
    }

    #wrongState(call, wanted) {
        return new codes.ERR_INVALID_STATE(`${call}: the socket must be ` +
            `${wanted}, and is ${names[this.#state]}`);
    }

    // Neither connected nor listening, nor on the way to it.
    #mustBeIdle(call) {
        const state = this.#state;
        if (state === CONNECTED || state === LISTENING) {
            throw new codes.ERR_INVALID_STATE(
                `${call}: the socket is ${names[state]}`);
        }
        if (this.#socket !== null) {
            throw new codes.ERR_INVALID_STATE(
                `${call}: the socket is connecting`);
        }
    }

    // ------------------------------------------------------------- connecting

    connect() {
        this.#mustBeIdle('connect');
        checkHost(this.#host);
        const port = validatePort(this.#port, 'port', false);
        const socket = new net.Socket({ allowHalfOpen: true });
        this.#state = INITIALIZED;
        this.#attach(socket);
        socket.once('connect', () => this.#onConnect());
        if (this.#timeout > 0) {
            this.#timer = setTimeout(() => socket.destroy(
                exceptionWithHostPort(native.ETIMEDOUT, 'connect', this.#host,
                    port)), this.#timeout);
        }
        socket.connect({ host: this.#host, port });
    }

    #attach(socket) {
        this.#socket = socket;
        this.#listening = this.#ended = false;
        socket.on('error', (error) => {
            if (this.#socket === socket)
                this.#onFailure(socket, error);
        });
    }

    #onConnect() {
        clearTimeout(this.#timer);
        this.#state = CONNECTED;
        this.#connected?.({ socket: this });
    }

    // Those who wait to read are told first, while the socket may still be
    // closed: their last call is where programs do that, and it would throw in
    // the state ERROR.
    #onFailure(socket, error) {
        this.#tellReaders(error);
        defer(() => {
            if (this.#socket === socket)
                this.#fail(error);
        });
    }

    #tellReaders(error) {
        for (const { done } of this.#readers.splice(0))
            defer(done, error, -1);
    }

    // What this socket had is gone when its state is ERROR.
    #fail(error, tell = true) {
        this.#release();
        this.#state = ERROR;
        this.#tellReaders(error);
        if (tell)
            defer(() => this.#error?.(this.#report(error)));
    }

    #report(error) {
        const code = numberOf(error);
        return { socket: this, error: error.message, errorCode: code, code,
            success: false };
    }

    #release() {
        clearTimeout(this.#timer);
        this.#socket?.destroy();
        this.#server?.close();
        this.#socket = this.#server = this.#accepting = null;
    }

    // -------------------------------------------------------------- listening

    listen() {
        try {
            this.#mustBeIdle('listen');
            if (this.#host !== undefined && this.#host !== null)
                checkHost(this.#host);
            this.#startServer(validatePort(this.#port ?? 0, 'port'));
        } catch (error) {
            this.#fail(error, false);
            throw error;
        }
        this.#state = LISTENING;
    }

    #startServer(port) {
        const server = net.createServer({ allowHalfOpen: true });
        this.#server = server;
        server.on('connection', (socket) => this.#onConnection(socket));
        server.on('error', (error) => this.#onServerError(server, error));
        server.on('listening', () => this.#regulate());
        server.listen({ host: this.#host ?? undefined, port,
            backlog: this.#listenQueueSize, [kAtOnce]: true });
        this.#regulate();
    }

    // C accepts only while somebody has asked for it. The number that port 0
    // became is known from here on.
    #regulate() {
        const id = this.#server?._id ?? 0;
        if (id === 0)
            return;
        if (!Number(this.#port))
            this.#port = this.#server.address()?.port;
        if (this.#accepting === null)
            binding.net.serverPause(id, 0);
        else
            binding.net.serverResume(id);
    }

    // A listener that cannot accept for want of descriptors goes on by itself
    // when it can; one that could not begin is over.
    #onServerError(server, error) {
        if (this.#server !== server)
            return;
        if (server.listening)
            this.#error?.(this.#report(error));
        else
            this.#fail(error);
    }

    accept(options = {}) {
        this.#mustBe(LISTENING, 'accept');
        validateObject(options, 'options');
        checkTime(options.timeout, 'options.timeout');
        checkCallback(options.error, 'options.error');
        this.#accepting = options;
        this.#regulate();
    }

    #onConnection(socket) {
        const { timeout, error } = this.#accepting;
        const inbound = new TCP({ host: socket.remoteAddress,
            port: socket.remotePort, timeout, error });
        inbound.#attach(socket);
        inbound.#state = CONNECTED;
        this.#accepting = null;
        this.#regulate();
        this.#accepted?.({ socket: this, inbound });
    }

    // ---------------------------------------------------------------- closing

    // What was written is delivered first, by C, which also sees to it that
    // bytes that nobody has read do not turn the end into a reset.
    close() {
        if (this.#state !== LISTENING)
            this.#mustBe(CONNECTED, 'close');
        this.#state = CLOSED;
        if (this.#socket !== null)
            native.close(this.#socket.ref()._id);
        this.#socket = null;
        this.#release();
        this.#tellReaders(new codes.ERR_SOCKET_CLOSED());
    }

    get [CLOSED_BY_US]() {
        return this.#state === CLOSED;
    }

    // ---------------------------------------------------------------- reading

    isReadable() {
        return this.#state === CONNECTED && !this.#ended;
    }

    #limit() {
        return this.#timeout > 0 ? this.#timeout : FOREVER;
    }

    [READ](view) {
        this.#mustBe(CONNECTED, 'read');
        if (view.length === 0)
            return 0;
        if (this.#socket.readableLength > 0)
            return this.#take(view);
        const count = native.read(this.#socket._id, view, this.#limit());
        if (count > 0)
            return count;
        if (count < 0)
            throw this.#blockedCallFailed(count, 'read');
        this.#atEnd();
        return -1;
    }

    // Nothing comes from here any more: a program that waits for nothing else
    // is over. What it has written is still delivered.
    #atEnd() {
        this.#ended = true;
        this.#letGo(this.#socket);
    }

    #letGo(socket) {
        if (this.#ended && socket.writableLength === 0)
            socket.unref();
    }

    // A read that has come too late has lost nothing; all else is the end.
    #blockedCallFailed(errno, call) {
        const error = errnoException(errno, call);
        if (call !== 'read' || errno !== native.ETIMEDOUT)
            this.#fail(error);
        return error;
    }

    #take(view) {
        const socket = this.#socket;
        const chunk = socket.read(Math.min(socket.readableLength, view.length));
        view.set(chunk);
        return chunk.length;
    }

    [READ_LATER](room, done) {
        if (this.#state !== CONNECTED) {
            defer(done, this.#wrongState('read', 'CONNECTED'), -1);
            return;
        }
        this.#readers.push({ room, done });
        if (!this.#listening) {
            this.#listening = true;
            this.#socket.on('readable', () => this.#serve());
            this.#socket.on('end', () => {
                if (this.#socket !== null)
                    this.#atEnd();
                this.#serve();
            });
        }
        defer(() => this.#serve());
    }

    // One at a time: the callback may do anything.
    #serve() {
        const socket = this.#socket;
        if (socket === null || this.#readers.length === 0)
            return;
        if (socket.readableLength === 0 && !this.#ended) {
            socket.read(0); // to be told when there is something
            return;
        }
        const { room, done } = this.#readers.shift();
        if (this.#readers.length > 0)
            defer(() => this.#serve());
        if (socket.readableLength === 0) {
            done(null, -1);
            return;
        }
        const view = room();
        done(null, view.length === 0 ? 0 : this.#take(view));
    }

    // ---------------------------------------------------------------- writing

    isWritable() {
        return this.#state === CONNECTED && this.#socket.writable;
    }

    [WRITE](view) {
        this.#mustBe(CONNECTED, 'write');
        if (view.length === 0)
            return 0;
        const socket = this.#socket;
        socket.write(view);
        const errno = native.flush(socket._id, this.#limit());
        if (errno < 0)
            throw this.#blockedCallFailed(errno, 'write');
        return view.length;
    }

    // A copy: the program may fill its buffer anew at once.
    [WRITE_LATER](view, done) {
        if (this.#state !== CONNECTED) {
            defer(done, this.#wrongState('write', 'CONNECTED'), -1);
            return;
        }
        if (view.length === 0) {
            defer(done, null, 0);
            return;
        }
        const socket = this.#socket;
        const timer = this.#timeout > 0 ? setTimeout(() => socket.destroy(
            errnoException(native.ETIMEDOUT, 'write')), this.#timeout)
            : undefined;
        socket.ref().write(Buffer.from(view), (error) => {
            clearTimeout(timer);
            this.#letGo(socket);
            done(error ?? null, view.length);
        });
    }

    get [Symbol.toStringTag]() {
        return 'Titanium.Network.Socket.TCP';
    }
}

module.exports = {
    INITIALIZED, CONNECTED, LISTENING, CLOSED, ERROR, TCP,
    createTCP: (options) => new TCP(options),
};
