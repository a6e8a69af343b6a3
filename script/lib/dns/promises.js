// dns/promises: dns with promises
//
// Wrong arguments are thrown, not promised, as in Node.

const dns = require('dns');

const same = (result) => result;

function promised(call, value = same) {
    const { promise, resolve, reject } = Promise.withResolvers();
    call((error, ...results) => (error ? reject(error)
        : resolve(value(...results))));
    return promise;
}

function lookup(hostname, options) {
    const all = typeof options === 'object' && options?.all;
    return promised((callback) => dns.lookup(hostname, options, callback),
        all ? same : (address, family) => ({ address, family }));
}

class Resolver {
    #resolver;

    constructor(options) {
        this.#resolver = new dns.Resolver(options);
    }

    resolve(hostname, rrtype = 'A') {
        return promised((callback) =>
            this.#resolver.resolve(hostname, rrtype, callback));
    }

    resolve4(hostname, options) {
        return promised((callback) =>
            this.#resolver.resolve4(hostname, options, callback));
    }

    resolve6(hostname, options) {
        return promised((callback) =>
            this.#resolver.resolve6(hostname, options, callback));
    }

    cancel() {
        this.#resolver.cancel();
    }

    getServers() {
        return this.#resolver.getServers();
    }

    setServers(servers) {
        this.#resolver.setServers(servers);
    }
}

module.exports = {
    lookup,
    resolve: (hostname, rrtype = 'A') => promised((callback) =>
        dns.resolve(hostname, rrtype, callback)),
    resolve4: (hostname, options) => promised((callback) =>
        dns.resolve4(hostname, options, callback)),
    resolve6: (hostname, options) => promised((callback) =>
        dns.resolve6(hostname, options, callback)),
    getServers: dns.getServers,
    setServers: dns.setServers,
    getDefaultResultOrder: dns.getDefaultResultOrder,
    setDefaultResultOrder: dns.setDefaultResultOrder,
    Resolver,
    ...require('internal/dns/errors'),
};
