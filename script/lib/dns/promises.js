// dns/promises: dns with promises

const dns = require('dns');

function promised(call, value) {
    return new Promise((resolve, reject) => {
        call((error, ...results) => (error ? reject(error)
            : resolve(value(...results))));
    });
}

const same = (result) => result;

function lookup(hostname, options) {
    const all = typeof options === 'object' && options?.all;
    return promised((callback) => dns.lookup(hostname, options, callback),
        all ? same : (address, family) => ({ address, family }));
}

class Resolver {
    #resolver = new dns.Resolver();

    resolve(hostname, type = 'A') {
        return promised((callback) =>
            this.#resolver.resolve(hostname, type, callback), same);
    }

    resolve4(hostname, options) {
        return promised((callback) =>
            this.#resolver.resolve4(hostname, options, callback), same);
    }

    resolve6(hostname, options) {
        return promised((callback) =>
            this.#resolver.resolve6(hostname, options, callback), same);
    }

    cancel() {
        this.#resolver.cancel();
    }

    getServers() {
        return dns.getServers();
    }

    setServers(list) {
        dns.setServers(list);
    }
}

module.exports = {
    lookup,
    resolve: (hostname, type = 'A') => promised((callback) =>
        dns.resolve(hostname, type, callback), same),
    resolve4: (hostname, options) => promised((callback) =>
        dns.resolve4(hostname, options, callback), same),
    resolve6: (hostname, options) => promised((callback) =>
        dns.resolve6(hostname, options, callback), same),
    getServers: dns.getServers,
    setServers: dns.setServers,
    getDefaultResultOrder: dns.getDefaultResultOrder,
    setDefaultResultOrder: dns.setDefaultResultOrder,
    Resolver,
};
