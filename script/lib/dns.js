// dns: names to addresses, by c-ares on the program's own loop
//
// lookup() is what connect() does by itself: hosts file, then name servers.
// resolve4() and resolve6() ask name servers only.

const { codes, dnsException, errorName } = require('internal/errors');
const { nextTick } = require('internal/core');
const validators = require('internal/validators');

const native = binding.dns;
const waiting = new Map(); // number: function (status, list)

native.setCallback((id, status, list) => {
    const answered = waiting.get(id);
    waiting.delete(id);
    answered(status, list);
});

const ADDRCONFIG = 0x20;
const V4MAPPED = 0x08;
const ALL = 0x10;
const ORDERS = ['ipv4first', 'ipv6first', 'verbatim'];
let defaultOrder = 'verbatim';

// ---------------------------------------------------------------------- lookup

function lookupOptions(options) {
    if (options === undefined || options === null)
        return {};
    if (typeof options !== 'object') {
        validators.validateOneOf(options, 'family', [0, 4, 6]);
        return { family: options };
    }
    const { hints, family, all, verbatim, order } = options;
    if (hints !== undefined && hints !== null) {
        validators.validateNumber(hints, 'options.hints');
        if (hints & ~(ADDRCONFIG | V4MAPPED | ALL))
            throw new codes.ERR_INVALID_ARG_VALUE('hints', hints);
    }
    if (family !== undefined && family !== null && family !== 'IPv4' &&
        family !== 'IPv6')
        validators.validateOneOf(family, 'options.family', [0, 4, 6]);
    if (all !== undefined && all !== null)
        validators.validateBoolean(all, 'options.all');
    if (verbatim !== undefined && verbatim !== null)
        validators.validateBoolean(verbatim, 'options.verbatim');
    if (order !== undefined && order !== null)
        validators.validateOneOf(order, 'options.order', ORDERS);
    return options;
}

function familyOf(family) {
    if (family === 'IPv4')
        return 4;
    return family === 'IPv6' ? 6 : family ?? 0;
}

function orderOf({ order, verbatim }) {
    if (order)
        return order;
    if (verbatim !== undefined && verbatim !== null)
        return verbatim ? 'verbatim' : 'ipv4first';
    return defaultOrder;
}

function sorted(list, order) {
    if (order === 'verbatim')
        return list;
    const first = order === 'ipv4first' ? 4 : 6;
    return [...list.filter(([, family]) => family === first),
        ...list.filter(([, family]) => family !== first)];
}

function lookup(hostname, options, callback) {
    if (hostname)
        validators.validateString(hostname, 'hostname');
    if (typeof options === 'function') {
        callback = options;
        options = undefined;
    }
    const asked = lookupOptions(options);
    validators.validateFunction(callback, 'callback');
    const give = (list) => {
        if (asked.all)
            callback(null, list.map(([address, family]) =>
                ({ address, family })));
        else
            callback(null, list[0][0], list[0][1]);
    };
    if (!hostname) {
        const none = familyOf(asked.family) === 6 ? 6 : 4;
        nextTick(() => (asked.all ? callback(null, [])
            : callback(null, null, none)));
        return {};
    }
    ask(hostname, familyOf(asked.family), false, (status, list) => {
        if (status < 0)
            callback(lookupError(status, hostname));
        else
            give(sorted(list, orderOf(asked)));
    });
    return {};
}

function lookupError(status, hostname) {
    const name = errorName(status);
    if (name === 'ENOTFOUND' || name === 'ENODATA' || name === 'EBADNAME')
        return dnsException(-3008, 'getaddrinfo', hostname);
    if (name === 'EDNSTIMEOUT' || name === 'ESERVFAIL')
        return dnsException(-3001, 'getaddrinfo', hostname); // EAI_AGAIN
    return dnsException(name, 'getaddrinfo', hostname);
}

// Begins; a refusal is told like an answer, later.
function ask(hostname, family, serversOnly, answered) {
    const { isIP } = require('internal/net/address_text');
    const literal = isIP(hostname);
    if (literal) {
        nextTick(answered, 0, [[hostname, literal]]);
        return 0;
    }
    const id = native.lookup(hostname, family, serversOnly);
    if (id < 0)
        nextTick(answered, id, []);
    else
        waiting.set(id, answered);
    return id;
}

// --------------------------------------------------------------------- resolve

const TYPES = { A: 4, AAAA: 6 };
const CALLS = { A: 'queryA', AAAA: 'queryAaaa' };
// c-ares' names where ours differ.
const NAMES = { EDNSTIMEOUT: 'ETIMEOUT', ENOSERVER: 'ECONNREFUSED' };

function resolveError(status, type, hostname) {
    const name = errorName(status);
    return dnsException(NAMES[name] ?? name, CALLS[type], hostname);
}

function resolveType(type, hostname, options, callback, ids) {
    if (typeof options === 'function') {
        callback = options;
        options = undefined;
    }
    validators.validateString(hostname, 'name');
    validators.validateFunction(callback, 'callback');
    if (options?.ttl) {
        throw new codes.ERR_FEATURE_UNAVAILABLE_ON_PLATFORM(
            'dns.resolve with the ttl option');
    }
    const id = ask(hostname, TYPES[type], true, (status, list) => {
        ids?.delete(id);
        if (status < 0)
            callback(resolveError(status, type, hostname));
        else
            callback(null, list.map(([address]) => address));
    });
    if (id > 0)
        ids?.add(id);
    return {};
}

function resolve(hostname, type, callback, ids) {
    if (typeof type === 'function') {
        callback = type;
        type = 'A';
    }
    if (typeof type !== 'string')
        throw new codes.ERR_INVALID_ARG_TYPE('rrtype', 'string', type);
    if (!(type in TYPES))
        throw new codes.ERR_INVALID_ARG_VALUE('rrtype', type);
    return resolveType(type, hostname, undefined, callback, ids);
}

// --------------------------------------------------------------------- servers

let servers;

// resolv.conf's, as long as the program has set none.
function getServers() {
    if (servers !== undefined)
        return servers.slice();
    const fs = require('fs');
    if (!fs.existsSync('/etc/resolv.conf'))
        return [];
    return [...fs.readFileSync('/etc/resolv.conf', 'utf8')
        .matchAll(/^\s*nameserver\s+(\S+)/gm)].map((match) => match[1]);
}

function checkServer(server, index) {
    const { isIP } = require('internal/net/address_text');
    validators.validateString(server, `servers[${index}]`);
    const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(server);
    const host = isIP(server) ? server : match?.[1] ?? match?.[2];
    if (!isIP(host ?? ''))
        throw new codes.ERR_INVALID_IP_ADDRESS(server);
    if (match?.[3] !== undefined)
        validators.validatePort(match[3], 'Port', false);
    return isIP(server) === 6 ? `[${server}]` : server;
}

function setServers(list) {
    validators.validateArray(list, 'servers');
    const checked = list.map(checkServer);
    const errno = native.setServers(checked.join(','));
    if (errno < 0) {
        throw new codes.ERR_DNS_SET_SERVERS_FAILED(errorName(errno),
            list.join(','));
    }
    servers = list.map((server) => server.replace(/^\[?([^\]]*)\]?(:53)$/,
        '$1'));
}

function getDefaultResultOrder() {
    return defaultOrder;
}

function setDefaultResultOrder(order) {
    validators.validateOneOf(order, 'dnsOrder', ORDERS);
    defaultOrder = order;
}

// One loop has one resolver: what a Resolver adds is that its queries can be
// cancelled together.
class Resolver {
    #ids = new Set();
    #rejects = new Map();

    resolve4(hostname, options, callback) {
        return resolveType('A', hostname, options, this.#kept(callback ??
            options), this.#ids);
    }

    resolve6(hostname, options, callback) {
        return resolveType('AAAA', hostname, options, this.#kept(callback ??
            options), this.#ids);
    }

    resolve(hostname, type, callback) {
        return resolve(hostname, type, this.#kept(callback ?? type),
            this.#ids);
    }

    // The callback, told of a cancellation as well.
    #kept(callback) {
        if (typeof callback !== 'function')
            return callback;
        const kept = (...args) => {
            this.#rejects.delete(kept);
            callback(...args);
        };
        this.#rejects.set(kept, callback);
        return kept;
    }

    cancel() {
        for (const id of this.#ids) {
            native.cancel(id);
            waiting.delete(id);
        }
        this.#ids.clear();
        const told = [...this.#rejects.values()];
        this.#rejects.clear();
        for (const callback of told)
            nextTick(callback, dnsException('ECANCELLED', 'queryA'));
    }

    getServers() {
        return getServers();
    }

    setServers(list) {
        setServers(list);
    }
}

// What errors' `code` may be; Node has them under these names.
const errors = {};
for (const name of ['NODATA', 'FORMERR', 'SERVFAIL', 'NOTFOUND', 'NOTIMP',
    'REFUSED', 'BADQUERY', 'BADNAME', 'BADFAMILY', 'BADRESP', 'CONNREFUSED',
    'TIMEOUT', 'EOF', 'FILE', 'NOMEM', 'DESTRUCTION', 'BADSTR', 'BADFLAGS',
    'NONAME', 'BADHINTS', 'NOTINITIALIZED', 'LOADIPHLPAPI',
    'ADDRGETNETWORKPARAMS', 'CANCELLED'])
    errors[name] = `E${name}`;

const promisified = Symbol.for('nodejs.util.promisify.custom');
Object.defineProperty(lookup, promisified, {
    get: () => require('dns/promises').lookup,
    configurable: true,
});

module.exports = {
    lookup,
    resolve: (hostname, type, callback) => resolve(hostname, type, callback),
    resolve4: (hostname, options, callback) =>
        resolveType('A', hostname, options, callback),
    resolve6: (hostname, options, callback) =>
        resolveType('AAAA', hostname, options, callback),
    getServers,
    setServers,
    getDefaultResultOrder,
    setDefaultResultOrder,
    Resolver,
    ADDRCONFIG,
    ALL,
    V4MAPPED,
    ...errors,
    get promises() {
        return require('dns/promises');
    },
};
