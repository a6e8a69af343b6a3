// internal/net/addresses: net.SocketAddress and net.BlockList
//
// An address is a BigInt of 32 or 128 bits. A block list compares numbers: an
// address is a range of one, a subnet a range, too.

const { codes } = require('internal/errors');
const validators = require('internal/validators');
const { isIP } = require('internal/net/address_text');
const { native } = require('internal/net/native');

const customInspect = Symbol.for('nodejs.util.inspect.custom');

// ----------------------------------------------------------------- as numbers

function numberOf4(text) {
    return text.split('.').reduce((sum, part) => sum << 8n | BigInt(part), 0n);
}

function groupsOf(text) {
    if (text === '')
        return [];
    return text.split(':').flatMap((group) => {
        if (!group.includes('.'))
            return [BigInt(`0x${group}`)];
        const last = numberOf4(group);
        return [last >> 16n, last & 0xffffn];
    });
}

function numberOf6(text) {
    const [head, tail] = text.replace(/%.*$/, '').split('::');
    const front = groupsOf(head);
    const back = tail === undefined ? [] : groupsOf(tail);
    const missing = tail === undefined ? 0 : 8 - front.length - back.length;
    return [...front, ...new Array(missing).fill(0n), ...back]
        .reduce((sum, group) => sum << 16n | group, 0n);
}

function numberOf(text, family) {
    return family === 'ipv4' ? numberOf4(text) : numberOf6(text);
}

const MAPPED = 0xffff00000000n; // ::ffff:0:0/96

// -------------------------------------------------------------- SocketAddress

function familyOf(value) {
    const family = typeof value?.toLowerCase === 'function'
        ? value.toLowerCase() : value;
    if (family !== 'ipv4' && family !== 'ipv6')
        throw new codes.ERR_INVALID_ARG_VALUE('options.family', value);
    return family;
}

function show(value, options) {
    return require('internal/inspect').inspect(value, options);
}

class SocketAddress {
    #address;
    #port;
    #family;
    #flowlabel;

    static isSocketAddress(value) {
        return typeof value === 'object' && value !== null &&
            #address in value;
    }

    static parse(input) {
        validators.validateString(input, 'input');
        const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(input);
        if (match === null)
            return undefined;
        const address = match[1] ?? match[2];
        const family = isIP(address);
        const port = Number(match[3] ?? 0);
        if (family !== (match[1] === undefined ? 4 : 6) || port > 65535)
            return undefined;
        return new SocketAddress({ address, port, family: `ipv${family}` });
    }

    constructor(options = {}) {
        validators.validateObject(options, 'options');
        const { family = 'ipv4', port = 0, flowlabel = 0 } = options;
        this.#family = familyOf(family);
        const { address = this.#family === 'ipv4' ? '127.0.0.1' : '::' } =
            options;
        validators.validateString(address, 'options.address');
        validators.validatePort(port, 'options.port');
        validators.validateUint32(flowlabel, 'options.flowlabel', false);
        if (`ipv${isIP(address)}` !== this.#family)
            throw new codes.ERR_INVALID_ADDRESS();
        this.#address = native.canonical(address);
        this.#port = port | 0;
        this.#flowlabel = flowlabel;
    }

    get address() {
        return this.#address;
    }

    get port() {
        return this.#port;
    }

    get family() {
        return this.#family;
    }

    // IPv4 has none.
    get flowlabel() {
        return this.#family === 'ipv6' ? this.#flowlabel : 0;
    }

    toJSON() {
        return { address: this.address, port: this.port, family: this.family,
            flowlabel: this.flowlabel };
    }

    [customInspect](depth, options) {
        if (depth < 0)
            return this;
        return `SocketAddress ${show(this.toJSON(), options)}`;
    }
}

// ------------------------------------------------------------------ BlockList

// An argument that is an address: SocketAddress, or text and a family.
function given(address, family, name = 'address') {
    if (SocketAddress.isSocketAddress(address))
        return address;
    validators.validateString(address, name);
    validators.validateString(family, 'family');
    return new SocketAddress({ address, family });
}

function label(family) {
    return family === 'ipv4' ? 'IPv4' : 'IPv6';
}

class BlockList {
    #rules = [];

    static isBlockList(value) {
        return typeof value === 'object' && value !== null && #rules in value;
    }

    #add(family, low, high, text) {
        this.#rules.unshift({ family, low, high, text });
    }

    addAddress(address, family = 'ipv4') {
        const one = given(address, family);
        const number = numberOf(one.address, one.family);
        this.#add(one.family, number, number,
            `Address: ${label(one.family)} ${one.address}`);
    }

    addRange(start, end, family = 'ipv4') {
        const low = given(start, family, 'start');
        const high = given(end, family, 'end');
        const text =
            `Range: ${label(low.family)} ${low.address}-${high.address}`;
        if (low.family !== high.family) {
            this.#add(low.family, 1n, 0n, text); // a rule, and of no address
            return;
        }
        const from = numberOf(low.address, low.family);
        const to = numberOf(high.address, high.family);
        if (from > to) {
            throw new codes.ERR_INVALID_ARG_VALUE('start', low,
                'must come before end');
        }
        this.#add(low.family, from, to, text);
    }

    addSubnet(network, prefix, family = 'ipv4') {
        const base = given(network, family, 'network');
        const bits = base.family === 'ipv4' ? 32 : 128;
        validators.validateInt32(prefix, 'prefix', 0, bits);
        const size = BigInt(bits - prefix);
        const low = numberOf(base.address, base.family) >> size << size;
        this.#add(base.family, low, low | (1n << size) - 1n,
            `Subnet: ${label(base.family)} ${base.address}/${prefix}`);
    }

    check(address, family = 'ipv4') {
        let one = address;
        if (!SocketAddress.isSocketAddress(address)) {
            validators.validateString(address, 'address');
            validators.validateString(family, 'family');
            one = { address, family: family.toLowerCase() };
            if (`ipv${isIP(address)}` !== one.family)
                return false;
        }
        const number = numberOf(one.address, one.family);
        if (this.#has(one.family, number))
            return true;
        // ::ffff:10.0.0.1 and 10.0.0.1 are one host.
        if (one.family === 'ipv4')
            return this.#has('ipv6', MAPPED | number);
        return number >> 32n === MAPPED >> 32n &&
            this.#has('ipv4', number & 0xffffffffn);
    }

    #has(family, number) {
        return this.#rules.some((rule) => rule.family === family &&
            rule.low <= number && number <= rule.high);
    }

    get rules() {
        return this.#rules.map((rule) => rule.text);
    }

    toJSON() {
        return this.rules;
    }

    [customInspect](depth, options) {
        if (depth < 0)
            return this;
        return `BlockList ${show({ rules: this.rules }, options)}`;
    }
}

// What stands in an option of that name.
function checkBlockList(value) {
    if (!BlockList.isBlockList(value)) {
        throw new codes.ERR_INVALID_ARG_TYPE('options.blockList',
            'net.BlockList', value);
    }
    return value;
}

module.exports = { SocketAddress, BlockList, checkBlockList };
