'use strict';
/*
 * What Node says when it is called wrongly: each call is followed by the name,
 * code and message of the error that Node 20 throws. Messages of the engine
 * itself ("is not a function") are not among them.
 *
 * net has a far longer table of its own: test_net_arguments.js.
 */
const { test, assert } = require('./harness');

const scope = {
    require,
    EventEmitter: require('events'),
    dns: require('dns'),
    fs: require('fs'),
    net: require('net'),
    path: require('path'),
    stream: require('stream'),
    string_decoder: require('string_decoder'),
    util: require('util'),
};

const CALLS = [
    ["new EventEmitter().on('x')",
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "listener" argument must be of type function. Received undefined'],
    ["new EventEmitter().once('x', 5)",
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "listener" argument must be of type function. Received type ' +
        'number (5)'],
    ["new EventEmitter().off('x', null)",
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "listener" argument must be of type function. Received null'],
    ["new EventEmitter().prependListener('x', {})",
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "listener" argument must be of type function. Received an ' +
        'instance of Object'],
    ['new EventEmitter().setMaxListeners(-1)',
        'RangeError', 'ERR_OUT_OF_RANGE',
        'The value of "setMaxListeners" is out of range. It must be >= 0. ' +
        'Received -1'],
    ["new EventEmitter().setMaxListeners('a')",
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "setMaxListeners" argument must be of type number. Received ' +
        "type string ('a')"],
    ['new EventEmitter().setMaxListeners(NaN)',
        'RangeError', 'ERR_OUT_OF_RANGE',
        'The value of "setMaxListeners" is out of range. It must be >= 0. ' +
        'Received NaN'],
    ['EventEmitter.defaultMaxListeners = -1',
        'RangeError', 'ERR_OUT_OF_RANGE',
        'The value of "defaultMaxListeners" is out of range. It must be >= ' +
        '0. Received -1'],
    ['EventEmitter.captureRejections = 5',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "EventEmitter.captureRejections" property must be of type ' +
        'boolean. Received type number (5)'],
    ['EventEmitter.setMaxListeners(5, {})',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "eventTargets" argument must be an instance of EventEmitter ' +
        'or EventTarget. Received an instance of Object'],
    ["EventEmitter.getEventListeners({}, 'x')",
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "emitter" argument must be an instance of EventEmitter or ' +
        'EventTarget. Received an instance of Object'],
    ['EventEmitter.getMaxListeners({})',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "emitter" argument must be an instance of EventEmitter or ' +
        'EventTarget. Received an instance of Object'],
    ['EventEmitter.addAbortListener()',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "signal" argument must be an instance of AbortSignal. ' +
        'Received undefined'],
    ['EventEmitter.addAbortListener({}, () => {})',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "signal" argument must be an instance of AbortSignal. ' +
        'Received an instance of Object'],
    ["EventEmitter.on({}, 'x')",
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "emitter" argument must be an instance of EventEmitter. ' +
        'Received an instance of Object'],
    ["EventEmitter.on(new EventEmitter(), 'x', { signal: 5 })",
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "options.signal" property must be an instance of AbortSignal. ' +
        'Received type number (5)'],
    ["EventEmitter.on(new EventEmitter(), 'x', { highWaterMark: 0 })",
        'RangeError', 'ERR_OUT_OF_RANGE',
        'The value of "options.highWaterMark" is out of range. It must be ' +
        '>= 1 && <= 9007199254740991. Received 0'],
    ['new EventEmitter({ captureRejections: 5 })',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "options.captureRejections" property must be of type boolean. ' +
        'Received type number (5)'],
    ["new EventEmitter().emit('error', 5)",
        'Error', 'ERR_UNHANDLED_ERROR',
        'Unhandled error. (5)'],
    ["new EventEmitter().emit('error', 'text')",
        'Error', 'ERR_UNHANDLED_ERROR',
        "Unhandled error. ('text')"],
    ["new EventEmitter().emit('error', { a: 1 })",
        'Error', 'ERR_UNHANDLED_ERROR',
        'Unhandled error. ({ a: 1 })'],
    ["new EventEmitter().emit('error', null)",
        'Error', 'ERR_UNHANDLED_ERROR',
        'Unhandled error. (null)'],
    ["new EventEmitter().emit('error')",
        'Error', 'ERR_UNHANDLED_ERROR',
        'Unhandled error. (undefined)'],
    ['new Event()',
        'TypeError', 'ERR_MISSING_ARGS',
        'The "type" argument must be specified'],
    ["new Event('x', 5)",
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "options" argument must be of type object. Received type ' +
        'number (5)'],
    ['new CustomEvent()',
        'TypeError', 'ERR_MISSING_ARGS',
        'The "type" argument must be specified'],
    ["new EventTarget().addEventListener('x')",
        'TypeError', 'ERR_MISSING_ARGS',
        'The "type" and "listener" arguments must be specified'],
    ["new EventTarget().addEventListener('x', 5)",
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "listener" argument must be an instance of EventListener. ' +
        'Received type number (5)'],
    ["new EventTarget().addEventListener('x', () => {}, 5)",
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "options" argument must be of type object. Received type ' +
        'number (5)'],
    ["new EventTarget().addEventListener('x', () => {}, { signal: 5 })",
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "options.signal" property must be an instance of AbortSignal. ' +
        'Received type number (5)'],
    ["new EventTarget().addEventListener(Symbol('x'), () => {})",
        'TypeError', 'ERR_INVALID_ARG_VALUE',
        "The argument 'value' is invalid. Received Symbol(x)"],
    ["new EventTarget().removeEventListener('x')",
        'TypeError', 'ERR_MISSING_ARGS',
        'The "type" and "listener" arguments must be specified'],
    ['new EventTarget().dispatchEvent()',
        'TypeError', 'ERR_MISSING_ARGS',
        'The "event" argument must be specified'],
    ['new EventTarget().dispatchEvent(5)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "event" argument must be an instance of Event. Received type ' +
        'number (5)'],
    ["new EventTarget().dispatchEvent({ type: 'x' })",
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "event" argument must be an instance of Event. Received an ' +
        'instance of Object'],
    ["EventTarget.prototype.dispatchEvent.call({}, new Event('x'))",
        'TypeError', 'ERR_INVALID_THIS',
        'Value of "this" must be of type EventTarget'],
    ['Event.prototype.preventDefault.call({})',
        'TypeError', 'ERR_INVALID_THIS',
        'Value of "this" must be of type Event'],
    ['new AbortSignal()',
        'TypeError', 'ERR_ILLEGAL_CONSTRUCTOR',
        'Illegal constructor'],
    ['AbortSignal.timeout()',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "delay" argument must be of type number. Received undefined'],
    ['AbortSignal.timeout(-1)',
        'RangeError', 'ERR_OUT_OF_RANGE',
        'The value of "delay" is out of range. It must be >= 0 && <= ' +
        '4294967295. Received -1'],
    ['AbortSignal.timeout(1.5)',
        'RangeError', 'ERR_OUT_OF_RANGE',
        'The value of "delay" is out of range. It must be an integer. ' +
        'Received 1.5'],
    ['AbortSignal.any()',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "signals" argument must be an instance of Array. Received ' +
        'undefined'],
    ['AbortSignal.any([5])',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "signals[0]" argument must be an instance of AbortSignal. ' +
        'Received type number (5)'],
    ["Buffer.alloc('5')",
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "size" argument must be of type number. Received type string ' +
        "('5')"],
    ['Buffer.alloc(-1)',
        'RangeError', 'ERR_OUT_OF_RANGE',
        'The value of "size" is out of range. It must be >= 0 && <= ' +
        '4294967296. Received -1'],
    ['Buffer.alloc(NaN)',
        'RangeError', 'ERR_OUT_OF_RANGE',
        'The value of "size" is out of range. It must be >= 0 && <= ' +
        '4294967296. Received NaN'],
    ['Buffer.alloc(2 ** 54)',
        'RangeError', 'ERR_OUT_OF_RANGE',
        'The value of "size" is out of range. It must be >= 0 && <= ' +
        '4294967296. Received 18_014_398_509_481_984'],
    ['Buffer.from(5)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The first argument must be of type string or an instance of ' +
        'Buffer, ArrayBuffer, or Array or an Array-like Object. Received ' +
        'type number (5)'],
    ['Buffer.from(null)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The first argument must be of type string or an instance of ' +
        'Buffer, ArrayBuffer, or Array or an Array-like Object. Received ' +
        'null'],
    ['Buffer.from(undefined)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The first argument must be of type string or an instance of ' +
        'Buffer, ArrayBuffer, or Array or an Array-like Object. Received ' +
        'undefined'],
    ['Buffer.from({})',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The first argument must be of type string or an instance of ' +
        'Buffer, ArrayBuffer, or Array or an Array-like Object. Received ' +
        'an instance of Object'],
    ["Buffer.from(Symbol('s'))",
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The first argument must be of type string or an instance of ' +
        'Buffer, ArrayBuffer, or Array or an Array-like Object. Received ' +
        'type symbol (Symbol(s))'],
    ['Buffer.from(true)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The first argument must be of type string or an instance of ' +
        'Buffer, ArrayBuffer, or Array or an Array-like Object. Received ' +
        'type boolean (true)'],
    ["Buffer.from('a', 'no-such')",
        'TypeError', 'ERR_UNKNOWN_ENCODING',
        'Unknown encoding: no-such'],
    ['Buffer.from(new ArrayBuffer(4), 9)',
        'RangeError', 'ERR_BUFFER_OUT_OF_BOUNDS',
        '"offset" is outside of buffer bounds'],
    ["Buffer.alloc(4).toString('no-such')",
        'TypeError', 'ERR_UNKNOWN_ENCODING',
        'Unknown encoding: no-such'],
    ['Buffer.alloc(4).readUInt8(4)',
        'RangeError', 'ERR_OUT_OF_RANGE',
        'The value of "offset" is out of range. It must be >= 0 and <= 3. ' +
        'Received 4'],
    ["Buffer.alloc(4).readUInt8('0')",
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "offset" argument must be of type number. Received type ' +
        "string ('0')"],
    ['Buffer.alloc(4).readUInt8(1.5)',
        'RangeError', 'ERR_OUT_OF_RANGE',
        'The value of "offset" is out of range. It must be an integer. ' +
        'Received 1.5'],
    ['Buffer.alloc(1).readUInt32LE(0)',
        'RangeError', 'ERR_BUFFER_OUT_OF_BOUNDS',
        'Attempt to access memory outside buffer bounds'],
    ['Buffer.alloc(4).writeUInt8(256, 0)',
        'RangeError', 'ERR_OUT_OF_RANGE',
        'The value of "value" is out of range. It must be >= 0 and <= 255. ' +
        'Received 256'],
    ['Buffer.alloc(4).writeInt8(-129, 0)',
        'RangeError', 'ERR_OUT_OF_RANGE',
        'The value of "value" is out of range. It must be >= -128 and <= ' +
        '127. Received -129'],
    ['Buffer.alloc(8).writeUInt32LE(2 ** 40, 0)',
        'RangeError', 'ERR_OUT_OF_RANGE',
        'The value of "value" is out of range. It must be >= 0 and <= ' +
        '4294967295. Received 1_099_511_627_776'],
    ['Buffer.alloc(4).writeUIntLE(1, 0, 7)',
        'RangeError', 'ERR_OUT_OF_RANGE',
        'The value of "byteLength" is out of range. It must be >= 1 and <= ' +
        '6. Received 7'],
    ['Buffer.alloc(8).writeBigUInt64LE(2n ** 64n, 0)',
        'RangeError', 'ERR_OUT_OF_RANGE',
        'The value of "value" is out of range. It must be >= 0n and < 2n ' +
        '** 64n. Received 18_446_744_073_709_551_616n'],
    ['Buffer.alloc(3).swap16()',
        'RangeError', 'ERR_INVALID_BUFFER_SIZE',
        'Buffer size must be a multiple of 16-bits'],
    ['Buffer.alloc(3).swap32()',
        'RangeError', 'ERR_INVALID_BUFFER_SIZE',
        'Buffer size must be a multiple of 32-bits'],
    ["Buffer.alloc(4).fill('a', 0, 9)",
        'RangeError', 'ERR_OUT_OF_RANGE',
        'The value of "end" is out of range. It must be >= 0 && <= 4. ' +
        'Received 9'],
    ["Buffer.alloc(4).fill('zz', 'hex')",
        'TypeError', 'ERR_INVALID_ARG_VALUE',
        "The argument 'value' is invalid. Received 'zz'"],
    ['Buffer.concat(5)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "list" argument must be an instance of Array. Received type ' +
        'number (5)'],
    ['Buffer.concat([5])',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "list[0]" argument must be an instance of Buffer or ' +
        'Uint8Array. Received type number (5)'],
    ['Buffer.byteLength(5)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "string" argument must be of type string or an instance of ' +
        'Buffer or ArrayBuffer. Received type number (5)'],
    ['Buffer.compare(5, 6)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "buf1" argument must be an instance of Buffer or Uint8Array. ' +
        'Received type number (5)'],
    ['Buffer.alloc(4).compare(5)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "target" argument must be an instance of Buffer or ' +
        'Uint8Array. Received type number (5)'],
    ["Buffer.alloc(4).equals('x')",
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "otherBuffer" argument must be an instance of Buffer or ' +
        "Uint8Array. Received type string ('x')"],
    ['Buffer.alloc(4).indexOf({})',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "value" argument must be one of type number or string or an ' +
        'instance of Buffer or Uint8Array. Received an instance of Object'],
    ['Buffer.alloc(4).copy(5)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "target" argument must be an instance of Buffer or ' +
        'Uint8Array. Received type number (5)'],
    ['Buffer.alloc(4).write(5)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'argument must be a string'],
    ["Buffer.alloc(4).write('a', 9)",
        'RangeError', 'ERR_OUT_OF_RANGE',
        'The value of "offset" is out of range. It must be >= 0 && <= 4. ' +
        'Received 9'],
    ['net.connect()',
        'TypeError', 'ERR_MISSING_ARGS',
        'The "options" or "port" or "path" argument must be specified'],
    ['net.connect(70000)',
        'RangeError', 'ERR_SOCKET_BAD_PORT',
        'Port should be >= 0 and < 65536. Received type number (70000).'],
    ['net.connect(-1)',
        'RangeError', 'ERR_SOCKET_BAD_PORT',
        'Port should be >= 0 and < 65536. Received type number (-1).'],
    ["net.connect('70000')",
        'RangeError', 'ERR_SOCKET_BAD_PORT',
        "Port should be >= 0 and < 65536. Received type string ('70000')."],
    ['net.connect({ port: NaN })',
        'RangeError', 'ERR_SOCKET_BAD_PORT',
        'Port should be >= 0 and < 65536. Received type number (NaN).'],
    ['net.connect({ port: {} })',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "options.port" property must be one of type number or string. ' +
        'Received an instance of Object'],
    ['net.connect({ port: true })',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "options.port" property must be one of type number or string. ' +
        'Received type boolean (true)'],
    ['net.connect({})',
        'TypeError', 'ERR_MISSING_ARGS',
        'The "options" or "port" or "path" argument must be specified'],
    ['net.connect({ path: 5 })',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "options.path" property must be of type string. Received type ' +
        'number (5)'],
    ['net.connect({ port: 80, host: 5 })',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "hostname" argument must be of type string. Received type ' +
        'number (5)'],
    ["net.connect({ port: 80, localAddress: 'x' })",
        'TypeError', 'ERR_INVALID_IP_ADDRESS',
        'Invalid IP address: x'],
    ["net.connect({ port: 80, localPort: 'x' })",
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "options.localPort" property must be of type number. Received ' +
        "type string ('x')"],
    ['net.connect({ port: 80, lookup: 5 })',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "options.lookup" property must be of type function. Received ' +
        'type number (5)'],
    ['net.createServer(5)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "options" argument must be of type object. Received type ' +
        'number (5)'],
    ['net.createServer().listen(70000)',
        'RangeError', 'ERR_SOCKET_BAD_PORT',
        'options.port should be >= 0 and < 65536. Received type number ' +
        '(70000).'],
    ['net.createServer().listen({ port: -1 })',
        'RangeError', 'ERR_SOCKET_BAD_PORT',
        'options.port should be >= 0 and < 65536. Received type number (-1).'],
    ['net.createServer().listen({})',
        'TypeError', 'ERR_INVALID_ARG_VALUE',
        `The argument 'options' must have the property "port" or "path". ` +
        'Received {}'],
    ['net.createServer().listen({ path: 5 })',
        'TypeError', 'ERR_INVALID_ARG_VALUE',
        "The argument 'options' is invalid. Received { path: 5 }"],
    ['net.createServer().listen(true)',
        'TypeError', 'ERR_INVALID_ARG_VALUE',
        "The argument 'options' is invalid. Received { port: true }"],
    ["new net.Socket().setTimeout('x')",
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "msecs" argument must be of type number. Received type string ' +
        "('x')"],
    ['new net.Socket().setTimeout(-1)',
        'RangeError', 'ERR_OUT_OF_RANGE',
        'The value of "msecs" is out of range. It must be a non-negative ' +
        'finite number. Received -1'],
    ['new net.Socket().setTimeout(5, 5)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "callback" argument must be of type function. Received type ' +
        'number (5)'],
    ['new net.Socket().setTimeout(NaN)',
        'RangeError', 'ERR_OUT_OF_RANGE',
        'The value of "msecs" is out of range. It must be a non-negative ' +
        'finite number. Received NaN'],
    ['new net.Socket({ objectMode: true })',
        'TypeError', 'ERR_INVALID_ARG_VALUE',
        "The property 'options.objectMode' is not supported. Received true"],
    ['new net.Socket().write(null)',
        'TypeError', 'ERR_STREAM_NULL_VALUES',
        'May not write null values to stream'],
    ['new net.Socket().write(5)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "chunk" argument must be of type string or an instance of ' +
        'Buffer, TypedArray, or DataView. Received type number (5)'],
    ["new net.Socket().setEncoding('no-such')",
        'TypeError', 'ERR_UNKNOWN_ENCODING',
        'Unknown encoding: no-such'],
    ["new net.SocketAddress({ family: 'x' })",
        'TypeError', 'ERR_INVALID_ARG_VALUE',
        "The property 'options.family' is invalid. Received 'x'"],
    ['new net.SocketAddress({ port: -1 })',
        'RangeError', 'ERR_SOCKET_BAD_PORT',
        'options.port should be >= 0 and < 65536. Received type number (-1).'],
    ['new net.SocketAddress({ address: 5 })',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "options.address" property must be of type string. Received ' +
        'type number (5)'],
    ["new net.SocketAddress({ address: 'x' })",
        'Error', 'ERR_INVALID_ADDRESS',
        'Invalid socket address'],
    ['new net.BlockList().addAddress(5)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "address" argument must be of type string. Received type ' +
        'number (5)'],
    ["new net.BlockList().addSubnet('1.1.1.1', 33)",
        'RangeError', 'ERR_OUT_OF_RANGE',
        'The value of "prefix" is out of range. It must be >= 0 && <= 32. ' +
        'Received 33'],
    ['net.setDefaultAutoSelectFamily(5)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "value" argument must be of type boolean. Received type ' +
        'number (5)'],
    ['net.setDefaultAutoSelectFamilyAttemptTimeout(0)',
        'RangeError', 'ERR_OUT_OF_RANGE',
        'The value of "value" is out of range. It must be >= 1 && <= ' +
        '2147483647. Received 0'],
    ['dns.lookup(5, () => {})',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "hostname" argument must be of type string. Received type ' +
        'number (5)'],
    ["dns.lookup('x')",
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "callback" argument must be of type function. Received undefined'],
    ["dns.lookup('x', 5, () => {})",
        'TypeError', 'ERR_INVALID_ARG_VALUE',
        "The argument 'family' must be one of: 0, 4, 6. Received 5"],
    ["dns.lookup('x', { family: 20 }, () => {})",
        'TypeError', 'ERR_INVALID_ARG_VALUE',
        "The property 'options.family' must be one of: 0, 4, 6. Received 20"],
    ["dns.lookup('x', { hints: 'a' }, () => {})",
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "options.hints" property must be of type number. Received ' +
        "type string ('a')"],
    ['dns.resolve4(5, () => {})',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "name" argument must be of type string. Received type number (5)'],
    ["dns.resolve4('x')",
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "callback" argument must be of type function. Received undefined'],
    ['fs.readFileSync(true)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "path" argument must be of type string or an instance of ' +
        'Buffer or URL. Received type boolean (true)'],
    ["fs.readFileSync('/no/such/file')",
        'Error', 'ENOENT',
        "ENOENT: no such file or directory, open '/no/such/file'"],
    ["fs.readFileSync('/', 'utf8')",
        'Error', 'EISDIR',
        'EISDIR: illegal operation on a directory, read'],
    ["fs.readFileSync('/x', { encoding: 'no-such' })",
        'TypeError', 'ERR_INVALID_ARG_VALUE',
        "The argument 'encoding' is invalid encoding. Received 'no-such'"],
    ["fs.readFileSync('a\\0b')",
        'TypeError', 'ERR_INVALID_ARG_VALUE',
        "The argument 'path' must be a string, Uint8Array, or URL without " +
        "null bytes. Received 'a\\x00b'"],
    ["fs.writeFileSync('/no/such/file', '')",
        'Error', 'ENOENT',
        "ENOENT: no such file or directory, open '/no/such/file'"],
    ["fs.statSync('/no/such/file')",
        'Error', 'ENOENT',
        "ENOENT: no such file or directory, stat '/no/such/file'"],
    ["fs.unlinkSync('/no/such/file')",
        'Error', 'ENOENT',
        "ENOENT: no such file or directory, unlink '/no/such/file'"],
    ['new stream.Writable().write(null)',
        'TypeError', 'ERR_STREAM_NULL_VALUES',
        'May not write null values to stream'],
    ['new stream.Writable().write(5)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "chunk" argument must be of type string or an instance of ' +
        'Buffer, TypedArray, or DataView. Received type number (5)'],
    ["new stream.Writable().setDefaultEncoding('no-such')",
        'TypeError', 'ERR_UNKNOWN_ENCODING',
        'Unknown encoding: no-such'],
    ['new stream.Readable({ highWaterMark: -1 })',
        'TypeError', 'ERR_INVALID_ARG_VALUE',
        "The property 'options.highWaterMark' is invalid. Received -1"],
    ["new stream.Readable({ highWaterMark: 'a' })",
        'TypeError', 'ERR_INVALID_ARG_VALUE',
        "The property 'options.highWaterMark' is invalid. Received 'a'"],
    ['stream.Readable.from(null)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "iterable" argument must be an instance of Iterable. Received ' +
        'null'],
    ['stream.Readable.from(5)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "iterable" argument must be an instance of Iterable. Received ' +
        'type number (5)'],
    ['stream.pipeline()',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "streams[stream.length - 1]" property must be of type ' +
        'function. Received undefined'],
    ['stream.pipeline(new stream.Readable())',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "streams[stream.length - 1]" property must be of type ' +
        'function. Received an instance of Readable'],
    ['stream.pipeline(new stream.Readable(), () => {})',
        'TypeError', 'ERR_MISSING_ARGS',
        'The "streams" argument must be specified'],
    ['stream.finished(5, () => {})',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "stream" argument must be an instance of ReadableStream, ' +
        'WritableStream, or Stream. Received type number (5)'],
    ['stream.finished(new stream.Readable(), 5)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "callback" argument must be of type function. Received type ' +
        'number (5)'],
    ['stream.addAbortSignal(5, new stream.Readable())',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "signal" argument must be an instance of AbortSignal. ' +
        'Received type number (5)'],
    ['util.promisify(5)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "original" argument must be of type function. Received type ' +
        'number (5)'],
    ['util.callbackify(5)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "original" argument must be of type function. Received type ' +
        'number (5)'],
    ['util.inherits(function A() {}, null)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "superCtor" argument must be of type function. Received null'],
    ["new TextDecoder('no-such')",
        'RangeError', 'ERR_ENCODING_NOT_SUPPORTED',
        'The "no-such" encoding is not supported'],
    ["new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([255]))",
        'TypeError', 'ERR_ENCODING_INVALID_ENCODED_DATA',
        'The encoded data was not valid for encoding utf-8'],
    ['new TextDecoder().decode(5)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "list" argument must be an instance of SharedArrayBuffer, ' +
        'ArrayBuffer or ArrayBufferView.'],
    ['path.join(5)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "path" argument must be of type string. Received type number (5)'],
    ['path.resolve({})',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "paths[0]" argument must be of type string. Received an ' +
        'instance of Object'],
    ["path.basename('a', 5)",
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "suffix" argument must be of type string. Received type ' +
        'number (5)'],
    ['path.format(null)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "pathObject" argument must be of type object. Received null'],
    ['setTimeout(5)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "callback" argument must be of type function. Received type ' +
        'number (5)'],
    ["setInterval('x')",
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "callback" argument must be of type function. Received type ' +
        "string ('x')"],
    ['setImmediate(null)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "callback" argument must be of type function. Received null'],
    ['queueMicrotask(5)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "callback" argument must be of type function. Received type ' +
        'number (5)'],
    ['process.nextTick(5)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "callback" argument must be of type function. Received type ' +
        'number (5)'],
    ['process.chdir(5)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "directory" argument must be of type string. Received type ' +
        'number (5)'],
    ['process.exitCode = 1.5',
        'RangeError', 'ERR_OUT_OF_RANGE',
        'The value of "code" is out of range. It must be an integer. ' +
        'Received 1.5'],
    ["process.exitCode = 'x'",
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "code" argument must be of type number. Received type string ' +
        "('x')"],
    ["process.kill('x')",
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "pid" argument must be of type number. Received type string ' +
        "('x')"],
    ["process.kill(process.pid, 'SIGNOPE')",
        'TypeError', 'ERR_UNKNOWN_SIGNAL',
        'Unknown signal: SIGNOPE'],
    ['process.hrtime(5)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "time" argument must be an instance of Array. Received type ' +
        'number (5)'],
    ['process.hrtime([1])',
        'RangeError', 'ERR_OUT_OF_RANGE',
        'The value of "time" is out of range. It must be 2. Received 1'],
    ['process.emitWarning(5)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "warning" argument must be of type string or an instance of ' +
        'Error. Received type number (5)'],
    ['process.setUncaughtExceptionCaptureCallback(5)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "fn" argument must be of type function or null. Received type ' +
        'number (5)'],
    ["process.umask('9')",
        'TypeError', 'ERR_INVALID_ARG_VALUE',
        "The argument 'mask' must be a 32-bit unsigned integer or an octal " +
        "string. Received '9'"],
    ["new string_decoder.StringDecoder('no-such')",
        'TypeError', 'ERR_UNKNOWN_ENCODING',
        'Unknown encoding: no-such'],
    ['new string_decoder.StringDecoder().write(5)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "buf" argument must be an instance of Buffer, TypedArray, or ' +
        'DataView. Received type number (5)'],
    ['require(5)',
        'TypeError', 'ERR_INVALID_ARG_TYPE',
        'The "id" argument must be of type string. Received type number (5)'],
    ["require('')",
        'TypeError', 'ERR_INVALID_ARG_VALUE',
        "The argument 'id' must be a non-empty string. Received ''"],
];

function thrownBy(source) {
    try {
        new Function(...Object.keys(scope), `return ${source};`)(
            ...Object.values(scope));
    } catch (error) {
        return error;
    }
    throw new Error('nothing was thrown');
}

for (const [source, name, code, message] of CALLS) {
    test(`${source} throws ${code}`, () => {
        const error = thrownBy(source);
        assert.strictEqual(error.message, message);
        assert.strictEqual(error.code, code);
        assert.strictEqual(error.name, name);
        assert.ok(error instanceof Error);
    });
}

test('an error with a code shows it in toString(), not in its name', () => {
    const error = thrownBy('net.connect(70000)');
    assert.strictEqual(error.name, 'RangeError');
    assert.ok(error instanceof RangeError);
    assert.strictEqual(error.constructor, RangeError);
    assert.strictEqual(String(error), 'RangeError [ERR_SOCKET_BAD_PORT]: ' +
        'Port should be >= 0 and < 65536. Received type number (70000).');
    assert.deepStrictEqual(Object.keys(error), ['code']);
});

test('the stack begins where the builtin was called, not in constructors',
    () => {
        const { stack } = thrownBy('Buffer.alloc(-1)');
        assert.ok(!stack.includes('internal/error'), stack);
    });

test('what was received is described by its kind', () => {
    class Thing {}
    const pairs = [
        [undefined, 'undefined'],
        [null, 'null'],
        [function named() {}, 'function named'],
        [() => {}, 'function '],
        [{}, 'an instance of Object'],
        [new Thing(), 'an instance of Thing'],
        [Object.create(null), '[Object: null prototype] {}'],
        [[1], 'an instance of Array'],
        [1, 'type number (1)'],
        [-0, 'type number (-0)'],
        [10n, 'type bigint (10n)'],
        [true, 'type boolean (true)'],
        [Symbol('s'), 'type symbol (Symbol(s))'],
    ];
    for (const [value, words] of pairs) {
        assert.throws(() => scope.path.join(value), {
            message: 'The "path" argument must be of type string. ' +
                `Received ${words}`,
        });
    }
});

test('a received string is cut, and quoted as it allows', () => {
    const emitter = new scope.EventEmitter();
    const pairs = [
        ['x', "'x'"],
        ['a'.repeat(28), `'${'a'.repeat(28)}'`],
        ['a'.repeat(29), `'${'a'.repeat(25)}...'`],
        ["it's", '"it\'s"'],
    ];
    for (const [value, words] of pairs) {
        assert.throws(() => emitter.on('event', value), {
            message: 'The "listener" argument must be of type function. ' +
                `Received type string (${words})`,
        });
    }
});

test('a number out of range has separators beyond 32 bits', () => {
    const buffer = Buffer.alloc(8);
    assert.throws(() => buffer.writeUInt32LE(4294967296, 0),
        { message: /Received 4_?294_?967_?296$/ });
    assert.throws(() => buffer.writeUInt32LE(4294967297, 0),
        { message: /Received 4_294_967_297$/ });
    assert.throws(() => buffer.writeUInt32LE(-1, 0),
        { message: /Received -1$/ });
});
