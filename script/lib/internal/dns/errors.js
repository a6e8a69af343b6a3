// internal/dns/errors: what the code of an error of dns may be, as dns and
// dns/promises have them: NOTFOUND is 'ENOTFOUND'

const errors = {};
for (const name of ['NODATA', 'FORMERR', 'SERVFAIL', 'NOTFOUND', 'NOTIMP',
    'REFUSED', 'BADQUERY', 'BADNAME', 'BADFAMILY', 'BADRESP', 'CONNREFUSED',
    'TIMEOUT', 'FILE', 'NOMEM', 'DESTRUCTION', 'BADSTR', 'BADFLAGS', 'NONAME',
    'BADHINTS', 'NOTINITIALIZED', 'LOADIPHLPAPI', 'ADDRGETNETWORKPARAMS',
    'CANCELLED'])
    errors[name] = `E${name}`;
errors.EOF = 'EOF'; // c-ares' only name that has its E already

module.exports = errors;
