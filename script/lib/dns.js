// dns: names to addresses, by c-ares on the program's own loop
//
// lookup() is what connect() does by itself: hosts file, then name servers.
// resolve4() and resolve6() ask name servers only: those that setServers() set,
// which is nothing to lookup().

const { codes, dnsException, errorName, lookupError } =
    require('internal/errors');
const { nextTick } = require('internal/core');
const validators = require('internal/validators');

const native = binding.dns;
// With net's binding behind it: not before a name is looked up.
const addresses = () => require('internal/net/address_text');
const waiting = new SafeMap(); // number: function (status, list)

native.setCallback((id, status, list) => {
    const answered = waiting.get(id);
    waiting.delete(id);
    answered(status, list);
});

const ADDRCONFIG = 0x20;
const V4MAPPED = 0x08;
const ALL = 0x10;
const ORDERS = ['verbatim', 'ipv4first', 'ipv6first'];
const FAMILIES = [0, 4, 6];
let defaultOrder = 'verbatim';

// ---------------------------------------------------------------------- lookup

// Whether it was given: null is as good as nothing.
function given(value) {
    return value !== undefined && value !== null;
}

// The options as an object. The callback is looked at first, as in Node.
function lookupOptions(options, callback, count) {
    if (typeof options === 'number') {
        validators.validateFunction(callback, 'callback');
        validators.validateOneOf(options, 'family', FAMILIES);
        return { family: options };
    }
    if (options !== undefined && typeof options !== 'object') {
        validators.validateFunction(count === 2 ? options : callback,
            'callback');
        throw new codes.ERR_INVALID_ARG_TYPE('options',
            ['integer', 'object'], options);
    }
    validators.validateFunction(callback, 'callback');
    if (given(options))
        checkOptions(options);
    return options ?? {};
}

function checkOptions({ hints, family, all, verbatim, order }) {
    if (given(hints)) {
        validators.validateNumber(hints, 'options.hints');
        if ((hints >>> 0) & ~(ADDRCONFIG | V4MAPPED | ALL))
            throw new codes.ERR_INVALID_ARG_VALUE('hints', hints >>> 0);
    }
    if (given(family))
        validators.validateOneOf(addresses().familyOf(family), 'options.family',
            FAMILIES);
    if (given(all))
        validators.validateBoolean(all, 'options.all');
    if (given(verbatim))
        validators.validateBoolean(verbatim, 'options.verbatim');
    if (given(order))
        validators.validateOneOf(order, 'options.order', ORDERS);
}

function orderOf({ order, verbatim }) {
    if (order)
        return order;
    if (given(verbatim))
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
    const asked = lookupOptions(options, callback, arguments.length);
    const give = (list) => {
        if (asked.all)
            callback(null, list.map(([address, family]) =>
                ({ address, family })));
        else
            callback(null, list[0][0], list[0][1]);
    };
    if (!hostname) {
        const none = addresses().familyOf(asked.family) === 6 ? 6 : 4;
        nextTick(() => (asked.all ? callback(null, [])
            : callback(null, null, none)));
        return {};
    }
    const { isIP } = addresses();
    if (isIP(hostname)) {
        // Whatever family was asked for.
        nextTick(give, [[hostname, isIP(hostname)]]);
        return {};
    }
    ask(hostname, addresses().familyOf(asked.family), false, 0, (status, list) => {
        if (status < 0)
            callback(lookupError(status, hostname));
        else
            give(sorted(list, orderOf(asked)));
    });
    return {};
}

// Begins; a refusal is told like an answer, later.
function ask(hostname, family, serversOnly, resolver, answered) {
    const id = native.lookup(hostname, family, serversOnly, resolver);
    if (id < 0)
        nextTick(answered, id, []);
    else
        waiting.set(id, answered);
    return id;
}

// -------------------------------------------------------------------- resolver

const TYPES = { A: 4, AAAA: 6 };
const CALLS = { A: 'queryA', AAAA: 'queryAaaa' };
// c-ares' names where ours differ.
const NAMES = {
    ECANCELED: 'ECANCELLED', EDNSTIMEOUT: 'ETIMEOUT',
    ENOSERVER: 'ECONNREFUSED',
};
const MAX_INT = 2 ** 31 - 1;

// Asks name servers, and no hosts file. C has a resolver of this one's servers
// only while queries are under way, so that nobody needs to close it; and none
// as long as it does not differ from the loop's.
class Resolver {
    #servers = undefined; // resolv.conf's
    #timeout;
    #tries;
    #native = 0;
    #queries = new SafeMap(); // those under way: number: their `answered`

    constructor(options) {
        const { timeout = -1, tries = 4 } = { ...options };
        validators.validateInt32(timeout, 'options.timeout', -1, MAX_INT);
        validators.validateInt32(tries, 'options.tries', 1, MAX_INT);
        this.#timeout = timeout;
        this.#tries = tries;
    }

    resolve4(hostname, ...options) {
        return this.#resolve('A', hostname, ...options);
    }

    resolve6(hostname, ...options) {
        return this.#resolve('AAAA', hostname, ...options);
    }

    resolve(hostname, rrtype, callback) {
        if (typeof rrtype === 'function')
            return this.#resolve('A', hostname, rrtype);
        checkType(rrtype);
        return this.#resolve(rrtype, hostname, callback);
    }

    // The options may be left out, but the callback is always the last.
    #resolve(type, hostname, options, ...rest) {
        const callback = rest.length === 0 ? options : rest[0];
        validators.validateString(hostname, 'name');
        validators.validateFunction(callback, 'callback');
        if (options?.ttl) {
            throw new codes.ERR_FEATURE_UNAVAILABLE_ON_PLATFORM(
                'dns.resolve with the ttl option');
        }
        this.#query(type, hostname, (status, list) => {
            if (status < 0)
                callback(resolveError(status, type, hostname));
            else
                callback(null, list.map(([address]) => address));
        });
        return {};
    }

    #query(type, hostname, answered) {
        if (this.#native <= 0)
            this.#native = this.#open();
        if (this.#native < 0) {
            nextTick(answered, this.#native);
            return;
        }
        const id = ask(hostname, TYPES[type], true, this.#native,
            (status, list) => {
                this.#ended(id);
                answered(status, list);
            });
        if (id > 0)
            this.#queries.set(id, answered);
    }

    #open() {
        if (this.#servers === undefined && this.#timeout < 0 &&
            this.#tries === 4)
            return 0;
        if (this.#servers?.length === 0)
            return native.ENOSERVER;
        return native.openResolver(this.#servers?.join(','),
            Math.max(this.#timeout, 0), this.#tries);
    }

    #ended(id) {
        this.#queries.delete(id);
        if (this.#queries.size > 0 || this.#native <= 0)
            return;
        native.closeResolver(this.#native);
        this.#native = 0;
    }

    cancel() {
        for (const [id, answered] of this.#queries) {
            native.cancel(id);
            waiting.delete(id);
            this.#ended(id);
            nextTick(answered, native.ECANCELED);
        }
    }

    getServers() {
        return (this.#servers ?? systemServers()).map(withoutUsualPort);
    }

    setServers(servers) {
        validators.validateArray(servers, 'servers');
        const checked = servers.map(checkServer);
        if (this.#queries.size > 0) {
            throw new codes.ERR_DNS_SET_SERVERS_FAILED(
                'There are pending queries.', servers);
        }
        this.#servers = checked;
    }
}

function checkType(type) {
    if (typeof type !== 'string')
        throw new codes.ERR_INVALID_ARG_TYPE('rrtype', 'string', type);
    if (!Object.hasOwn(TYPES, type))
        throw new codes.ERR_INVALID_ARG_VALUE('rrtype', type);
}

function resolveError(status, type, hostname) {
    const name = errorName(status);
    return dnsException(NAMES[name] ?? name, CALLS[type], hostname);
}

// --------------------------------------------------------------------- servers

// As c-ares: resolv.conf's, or this machine.
function systemServers() {
    const fs = require('fs');
    const text = fs.existsSync('/etc/resolv.conf')
        ? fs.readFileSync('/etc/resolv.conf', 'utf8') : '';
    const found = [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)];
    return found.length === 0 ? ['127.0.0.1'] : found.map(([, ip]) => ip);
}

// As C reads it: an IPv6 address in brackets.
function checkServer(server, index) {
    const { isIP } = addresses();
    validators.validateString(server, `servers[${index}]`);
    const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(server);
    const host = isIP(server) ? server : match?.[1] ?? match?.[2];
    if (!isIP(host ?? ''))
        throw new codes.ERR_INVALID_IP_ADDRESS(server);
    if (match?.[3] !== undefined)
        validators.validatePort(match[3], 'Port', false);
    return isIP(server) === 6 ? `[${server}]` : server;
}

function withoutUsualPort(server) {
    const [, host, port = ':53'] = /^\[?([^\]]*?)\]?(:\d+)?$/.exec(server);
    return port === ':53' ? host : server;
}

// What the functions of the module ask. Setting servers makes another, so that
// queries under way do not stand in the way.
let standard;

function usual() {
    return standard ??= new Resolver();
}

function setServers(servers) {
    const resolver = new Resolver();
    resolver.setServers(servers);
    standard = resolver;
}

function getDefaultResultOrder() {
    return defaultOrder;
}

function setDefaultResultOrder(order) {
    validators.validateOneOf(order, 'dnsOrder', ORDERS);
    defaultOrder = order;
}

const promisified = Symbol.for('nodejs.util.promisify.custom');
Object.defineProperty(lookup, promisified, {
    get: () => require('dns/promises').lookup,
    configurable: true,
});

module.exports = {
    lookup,
    resolve: (...query) => usual().resolve(...query),
    resolve4: (...query) => usual().resolve4(...query),
    resolve6: (...query) => usual().resolve6(...query),
    getServers: () => usual().getServers(),
    setServers,
    getDefaultResultOrder,
    setDefaultResultOrder,
    Resolver,
    ADDRCONFIG,
    ALL,
    V4MAPPED,
    ...require('internal/dns/errors'),
    get promises() {
        return require('dns/promises');
    },
};
