// internal/net/server: net.Server, a face on weir_server
//
// C accepts, refuses and throttles; what is here is the many ways to say where
// to listen, and Node's order of events. C's server is made by listen() and
// forgotten by close(), so that the same object may listen again at once. The
// connections are counted here, since they may be older than what listens now:
// `close` means that nothing listens and none of them is left.

const { codes, errnoException, uvExceptionWithHostPort } =
    require('internal/errors');
const { defer, nextTick } = require('internal/core');
const EventEmitter = require('events');
const { normalizeArguments, wholeSeconds } =
    require('internal/net/arguments');
const { native, open, forget, set } = require('internal/net/native');
const { Socket } = require('internal/net/socket');

function Server(options, listener) {
    if (!(this instanceof Server))
        return new Server(options, listener);
    EventEmitter.call(this);
    if (typeof options === 'function') {
        listener = options;
        options = {};
    } else if (options !== undefined && options !== null &&
        typeof options !== 'object') {
        throw new codes.ERR_INVALID_ARG_TYPE('options', 'Object', options);
    }
    this._id = 0;
    this._listeningId = 0; // of the last listen() or close()
    this._unref = false;
    this._address = null;
    this._connections = 0;
    this._connectionKey = undefined;
    applyOptions(this, options ?? {});
    if (typeof listener === 'function')
        this.on('connection', listener);
}

Object.setPrototypeOf(Server.prototype, EventEmitter.prototype);
Object.setPrototypeOf(Server, EventEmitter);

function checkOptions({ keepAliveInitialDelay, highWaterMark }) {
    const { validateNumber } = require('internal/validators');
    if (keepAliveInitialDelay !== undefined)
        validateNumber(keepAliveInitialDelay, 'options.keepAliveInitialDelay');
    if (highWaterMark !== undefined)
        validateNumber(highWaterMark, 'options.highWaterMark');
}

function applyOptions(server, options) {
    checkOptions(options);
    server.allowHalfOpen = options.allowHalfOpen || false;
    server.pauseOnConnect = Boolean(options.pauseOnConnect);
    server.noDelay = Boolean(options.noDelay);
    server.keepAlive = Boolean(options.keepAlive);
    server.keepAliveInitialDelay = wholeSeconds(options.keepAliveInitialDelay);
    server.blockList = options.blockList ? require('internal/net/addresses')
        .checkBlockList(options.blockList) : undefined;
    // Only a server that asks for it pays for options at each connection. A
    // negative mark is the default one, as in Node.
    server._socketOptions = options.highWaterMark >= 0
        ? { highWaterMark: options.highWaterMark } : undefined;
}

// ------------------------------------------------------------------- listening

// An option of our own: to listen within the call on an address, too.
const kAtOnce = Symbol('at once');

Server.prototype.listen = function listen(...args) {
    const [options, callback] = normalizeArguments(args);
    if (this._id !== 0)
        throw new codes.ERR_SERVER_ALREADY_LISTEN();
    const target = targetOf(options, args);
    if (callback !== null)
        this.once('listening', callback);
    this._listeningId++;
    if (target.signal)
        closeOnAbort(this, target.signal);
    if (target.host === undefined)
        listenOn(this, target);
    else if (!require('internal/net/address_text').isIP(target.host))
        lookUpAndListen(this, target);
    else if (options[kAtOnce])
        listenOn(this, target);
    else
        defer(listenIfWanted, this, [target, this._listeningId]);
    return this;
};

// Where to listen, checked.
function targetOf(options, args) {
    const backlog = backlogOf(options, args);
    const handle = options._handle ?? options.handle ?? options;
    if (handle !== options || (typeof handle.fd === 'number' &&
        handle.fd >= 0 && options.port === undefined))
        return adopted(handle, options);
    checkSignal(options);
    if (args.length === 0 || typeof args[0] === 'function' ||
        (options.port === undefined && 'port' in options) ||
        options.port === null)
        return { port: 0, backlog, ...flags(options) };
    if (typeof options.port === 'number' || typeof options.port === 'string') {
        const port = require('internal/validators')
            .validatePort(options.port, 'options.port');
        return { port, host: hostOf(options.host), backlog, ...flags(options) };
    }
    if (options.path && typeof options.path === 'string')
        return { path: pathOf(options), backlog, ...flags(options) };
    if (!('port' in options || 'path' in options)) {
        throw new codes.ERR_INVALID_ARG_VALUE('options', options,
            'must have the property "port" or "path"');
    }
    throw new codes.ERR_INVALID_ARG_VALUE('options', options);
}

// As Node asks for it, which takes a BigInt from the arguments alone.
function backlogOf({ backlog }, args) {
    const others = args.slice(1, 3);
    const wrong = typeof backlog === 'bigint' ? backlog
        : [backlog, ...others].find((value) => typeof value === 'symbol');
    if (wrong !== undefined)
        throw new codes.ERR_INVALID_ARG_TYPE('backlog', 'number', wrong);
    return Number(backlog || others.find((value) => Number(value) > 0)) || 511;
}

function adopted(handle, options) {
    checkSignal(options);
    return { fd: handle.fd, signal: options.signal };
}

// An abstract one has no file, and so no permissions.
function pathOf(options) {
    const { path, readableAll, writableAll } = options;
    if (path[0] === '\0' && (readableAll || writableAll)) {
        throw new codes.ERR_INVALID_ARG_VALUE('options', options,
            'can not set readableAll or writableAllt to true when path is ' +
            'abstract unix socket');
    }
    return path;
}

function hostOf(host) {
    if (!host)
        return undefined;
    require('internal/validators').validateString(host, 'hostname');
    return host;
}

function checkSignal({ signal }) {
    if (signal !== undefined) {
        require('internal/validators')
            .validateAbortSignal(signal, 'options.signal');
    }
}

function flags(options) {
    // 0o666 as the file's permissions; the umask decides otherwise.
    const mode = (options.readableAll === true ? 0o444 : 0) |
        (options.writableAll === true ? 0o222 : 0);
    return {
        ipv6Only: options.ipv6Only === true,
        reusePort: options.reusePort === true,
        mode: mode === 0 ? 0 : 0o600 | mode,
        signal: options.signal,
    };
}

// What has a host is looked up, and an address answers in the next tick.
function listenIfWanted(server, [target, listeningId]) {
    if (server._listeningId === listeningId)
        listenOn(server, target);
}

function lookUpAndListen(server, target) {
    const listeningId = server._listeningId;
    require('dns').lookup(target.host, (error, address) => {
        if (server._listeningId !== listeningId)
            return; // closed, or told to listen elsewhere
        if (error)
            fail(server, error);
        else
            listenOn(server, { ...target, host: address });
    });
}

function listenNatively(server, target) {
    if (target.fd !== undefined)
        return native.serverAdopt(server._id, target.fd);
    if (target.path !== undefined) {
        return native.listenPath(server._id, target.path, target.backlog,
            target.mode);
    }
    return native.listen(server._id, target.host, target.port, target.backlog,
        target.ipv6Only, target.reusePort, server.noDelay, server.keepAlive,
        server.keepAliveInitialDelay);
}

function listenOn(server, target) {
    const id = open(native.serverCreate, server);
    let errno = Math.min(id, 0);
    if (id > 0) {
        server._id = id;
        native.serverPauseOnConnect(id, server.pauseOnConnect);
        errno = listenNatively(server, target);
    }
    if (errno < 0) {
        fail(server, listenError(errno, target));
        return;
    }
    server._path = target.path;
    server._adopted = target.fd !== undefined;
    if (server._unref)
        native.serverUnref(id);
    server._connectionKey = target.path ??
        `${server.address()?.family === 'IPv4' ? 4 : 6}:${
            target.host ?? 'null'}:${target.port}`;
    defer(emitListening, server, id);
}

function listenError(errno, target) {
    if (target.fd !== undefined)
        return errnoException(errno, 'listen');
    return uvExceptionWithHostPort(errno, 'listen',
        target.path ?? target.host ?? '::', target.port ?? -1);
}

// The server is as it was before listen(): it may be called again, and close()
// finds nothing to close. Connections of an earlier listen() put `close` off,
// and so does a listener of `error` that listens elsewhere, or closes.
function fail(server, error) {
    closeNatively(server);
    nextTick(() => {
        const listeningId = server._listeningId;
        server.emit('error', error);
        if (server._connections === 0 && server._listeningId === listeningId)
            server.emit('close');
    });
}

// Accepts no more; for C's server nothing waits.
function closeNatively(server) {
    const id = server._id;
    if (id === 0)
        return;
    server._id = 0;
    forget(id);
    native.serverUnref(id);
    native.serverClose(id);
}

function closeOnAbort(server, signal) {
    const abort = () => server.close();
    if (signal.aborted) {
        nextTick(abort);
        return;
    }
    signal.addEventListener('abort', abort, { once: true });
    server.once('close', () => signal.removeEventListener('abort', abort));
}

function emitListening(server, id) {
    if (server._id === id)
        server.emit('listening');
}

// ------------------------------------------------------------------- accepting

Server.prototype._onConnection = function (id) {
    const socket = Socket._accepted(this, id);
    const limit = this.maxConnections ?? Infinity;
    const isFull = this._connections >= limit;
    set(id, socket);
    this._connections++;
    if (this.blockList !== undefined && isBlocked(this, socket)) {
        socket.destroy();
        return;
    }
    if (isFull) {
        drop(this, socket);
        return;
    }
    if (this.pauseOnConnect)
        socket.pause();
    if (this._adopted) // what listens has its options from elsewhere
        applySettings(this, socket);
    this.emit('connection', socket);
};

function applySettings(server, socket) {
    if (server.noDelay)
        socket.setNoDelay(true);
    if (server.keepAlive)
        socket.setKeepAlive(true, server.keepAliveInitialDelay * 1000);
}

function isBlocked(server, socket) {
    const { remoteAddress, remoteFamily } = socket;
    return remoteAddress !== undefined &&
        server.blockList.check(remoteAddress, remoteFamily?.toLowerCase());
}

// Not by C's maximum, which knows the present listen() alone, and a connection
// until it has closed.
function drop(server, socket) {
    const { localAddress, localPort, localFamily, remoteAddress, remotePort,
        remoteFamily } = socket;
    socket.destroy();
    server.emit('drop', remoteAddress === undefined ? undefined : {
        localAddress, localPort, localFamily, remoteAddress, remotePort,
        remoteFamily,
    });
}

// Out of descriptors and the like: C goes on by itself when it can. Node says
// nothing then, so a server that nobody listens to must not end the program.
Server.prototype._onAcceptError = function (errno) {
    if (this.listenerCount('error') > 0)
        this.emit('error', errnoException(errno, 'accept'));
};

// ----------------------------------------------------------- closing, settings

Server.prototype.close = function close(callback) {
    this._listeningId++;
    if (typeof callback === 'function') {
        this.once('close', this._id !== 0 ? callback
            : () => callback(new codes.ERR_SERVER_NOT_RUNNING()));
    }
    closeNatively(this);
    this._emitCloseIfDrained();
    return this;
};

// Also called when a connection has gone.
Server.prototype._emitCloseIfDrained = function () {
    if (this._id === 0 && this._connections === 0)
        defer(emitClose, this);
};

function emitClose(server) {
    server.emit('close');
}

// A client's rejection is that client's end. (Node's handler, by its name.)
Server.prototype[EventEmitter.captureRejectionSymbol] =
    function (error, event, socket) {
        if (event === 'connection')
            socket.destroy(error);
        else
            this.emit('error', error);
    };

Server.prototype.address = function address() {
    if (this._id === 0)
        return null;
    if (this._path !== undefined)
        return this._path;
    const found = native.serverAddress(this._id);
    if (found === undefined)
        return null;
    const [host, port, family] = found;
    return family === 1 ? host
        : { address: host, family: `IPv${family}`, port };
};

Server.prototype.getConnections = function getConnections(callback) {
    nextTick(callback, null, this._connections);
    return this;
};

const facts = {
    listening: (server) => server._id !== 0,
    connections: (server) => server._connections,
    _handle(server) {
        const id = server._id;
        return id === 0 ? null : {
            // After its close the number may be somebody else's.
            get fd() {
                return server._id === id ? native.serverFd(id) : -1;
            },
        };
    },
};

for (const name of Object.keys(facts)) {
    const get = facts[name];
    Object.defineProperty(Server.prototype, name, {
        configurable: true,
        enumerable: !name.startsWith('_'),
        get() {
            return get(this);
        },
        set() {},
    });
}

// Node 0.6's: nobody is accepted for so long, who comes waits in the backlog.
Server.prototype.pause = function pause(msecs = 1000) {
    const ms = require('internal/net/arguments').duration(msecs, 'msecs');
    if (this._id !== 0 && ms > 0)
        native.serverPause(this._id, ms);
    return this;
};

Server.prototype.ref = function ref() {
    this._unref = false;
    if (this._id !== 0)
        native.serverRef(this._id);
    return this;
};

Server.prototype.unref = function unref() {
    this._unref = true;
    if (this._id !== 0)
        native.serverUnref(this._id);
    return this;
};

Server.prototype[Symbol.asyncDispose] = function () {
    if (this._id === 0)
        return Promise.resolve();
    return new Promise((resolve, reject) => {
        this.close((error) => (error ? reject(error) : resolve()));
    });
};

module.exports = { Server, kAtOnce };
