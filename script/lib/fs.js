// fs: files, as far as programs around sockets use them
//
// The idea: everything is a synchronous function over one system call. The
// callback and promise forms make the call at once, too, and tell its outcome
// in a later turn (internal/fs/later): on a local disk that is faster than
// handing it to a thread, and the order of what a program does to its files is
// the order in which it says so. Streams are made of the callback forms
// (internal/fs/streams).
//
// The natives give a negative errno; check() makes the Error of it.

const { codes, uvException } = require('internal/errors');
const {
    parseFileMode, validateBoolean, validateFunction, validateInt32,
    validateInteger, validateObject,
} = require('internal/validators');
const { later } = require('internal/fs/later');
const { lazy } = require('internal/lazy');
const native = binding.fs;

const EEXIST = -17;
const ENOENT = -2;
const READ_CHUNK = 64 * 1024;

const kMaxLength = 2 ** 31 - 1;

// ------------------------------------------------------------------ arguments

function check(result, syscall, path, dest) {
    if (typeof result === 'number' && result < 0)
        throw uvException({ errno: result, syscall, path, dest });
    return result;
}

function fromURL(url) {
    if (url.protocol !== 'file:')
        throw new codes.ERR_INVALID_URL_SCHEME('file');
    if (url.hostname !== '')
        throw new codes.ERR_INVALID_FILE_URL_HOST('linux');
    return decodeURIComponent(url.pathname);
}

function toPath(value, name = 'path') {
    let path = value;

    if (value instanceof Uint8Array)
        path = require('buffer').Buffer.from(value).toString();
    else if (typeof value?.href === 'string' && value.protocol !== undefined)
        path = fromURL(value);
    if (typeof path !== 'string') {
        throw new codes.ERR_INVALID_ARG_TYPE(name,
            ['string', 'Buffer', 'URL'], value);
    }
    if (path.includes('\0')) {
        throw new codes.ERR_INVALID_ARG_VALUE(name, value,
            'must be a string, Uint8Array, or URL without null bytes');
    }
    return path;
}

function toFd(value) {
    validateInt32(value, 'fd', 0);
    return value;
}

function checkEncoding(encoding) {
    if (encoding === undefined || encoding === null || encoding === 'buffer' ||
        require('buffer').Buffer.isEncoding(encoding))
        return;
    throw new codes.ERR_INVALID_ARG_VALUE('encoding', encoding,
        'is invalid encoding');
}

// Options are an object, or its encoding alone, or (where a callback stands in
// their place) left out.
function toOptions(options, defaults) {
    if (options === undefined || options === null ||
        typeof options === 'function')
        return defaults;
    if (typeof options === 'string')
        options = { ...defaults, encoding: options };
    else if (typeof options !== 'object')
        throw new codes.ERR_INVALID_ARG_TYPE('options', ['string', 'Object'],
            options);
    else
        options = { ...defaults, ...options };
    checkEncoding(options.encoding);
    return options;
}

let flagNumbers = null;

function makeFlagNumbers() {
    const {
        O_APPEND: append, O_CREAT: create, O_EXCL: exclusive,
        O_RDONLY: read, O_RDWR: both, O_SYNC: sync, O_TRUNC: truncate,
        O_WRONLY: write,
    } = module.exports.constants;
    const table = {
        '__proto__': null,
        'r': read, 'rs': read | sync, 'r+': both, 'rs+': both | sync,
        'w': truncate | create | write, 'w+': truncate | create | both,
        'a': append | create | write, 'a+': append | create | both,
    };

    table.sr = table.rs;
    table['sr+'] = table['rs+'];
    for (const [letter, flag] of [['x', exclusive], ['s', sync]]) {
        for (const mode of letter === 'x' ? ['w', 'a'] : ['a']) {
            for (const plus of ['', '+']) {
                table[mode + letter + plus] = table[letter + mode + plus] =
                    table[mode + plus] | flag;
            }
        }
    }
    return table;
}

function toFlags(flags, name = 'flags') {
    if (flags === undefined || flags === null)
        flags = 'r';
    if (typeof flags === 'number') {
        validateInt32(flags, name);
        return flags;
    }
    flagNumbers ??= makeFlagNumbers();
    const number = flagNumbers[flags];
    if (number === undefined)
        throw new codes.ERR_INVALID_ARG_VALUE('flags', flags);
    return number;
}

// -1, which is where the file stands, for what means that.
function toPosition(position) {
    if (position === undefined || position === null)
        return -1;
    if (typeof position === 'bigint')
        return Number(position);
    if (typeof position !== 'number' || !Number.isInteger(position)) {
        throw new codes.ERR_INVALID_ARG_TYPE('position',
            ['bigint', 'integer'], position);
    }
    return position;
}

function toBytes(data, name, encoding = 'utf8') {
    const { Buffer } = require('buffer');

    if (typeof data === 'string')
        return Buffer.from(data, encoding);
    if (!ArrayBuffer.isView(data)) {
        throw new codes.ERR_INVALID_ARG_TYPE(name,
            ['string', 'Buffer', 'TypedArray', 'DataView'], data);
    }
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function toBuffer(array) {
    if (!ArrayBuffer.isView(array)) {
        throw new codes.ERR_INVALID_ARG_TYPE('buffer',
            ['Buffer', 'TypedArray', 'DataView'], array);
    }
    return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function checkPart(bytes, offset, length) {
    validateInteger(offset, 'offset', 0);
    validateInteger(length, 'length', 0);
    if (offset > bytes.length) {
        throw new codes.ERR_OUT_OF_RANGE('offset', `<= ${bytes.length}`,
            offset);
    }
    if (length > bytes.length - offset) {
        throw new codes.ERR_OUT_OF_RANGE('length',
            `<= ${bytes.length - offset}`, length);
    }
}

// -------------------------------------------------------------- descriptors

function openSync(path, flags, mode) {
    const name = toPath(path);

    return check(native.open(name, toFlags(flags),
        parseFileMode(mode, 'mode', 0o666)), 'open', name);
}

function closeSync(fd) {
    check(native.close(toFd(fd)), 'close');
}

// (fd, buffer, offset, length, position) and (fd, buffer, options)
function partOf(bytes, offset, length, position) {
    if (offset !== null && typeof offset === 'object')
        ({ offset = 0, length, position } = offset);
    offset ??= 0;
    length ??= Math.max(0, bytes.length - offset);
    return { offset, length, position };
}

function readSync(fd, buffer, offsetOrOptions, length, position) {
    toFd(fd);
    const bytes = toBuffer(buffer);
    if (arguments.length === 3 && offsetOrOptions !== undefined)
        validateObject(offsetOrOptions, 'options', { nullable: true });
    const part = partOf(bytes, offsetOrOptions, length, position);

    if (part.length === 0)
        return 0;
    if (bytes.length === 0) {
        throw new codes.ERR_INVALID_ARG_VALUE('buffer', buffer,
            'is empty and cannot be written');
    }
    checkPart(bytes, part.offset, part.length);
    return check(native.read(fd, bytes, part.offset, part.length,
        toPosition(part.position)), 'read');
}

// (fd, buffer, offset, length, position), (fd, buffer, options) and
// (fd, string, position, encoding)
function writeSync(fd, data, offsetOrOptions, length, position) {
    toFd(fd);
    if (typeof data === 'string') {
        checkEncoding(length);
        const text = toBytes(data, 'buffer', length ?? 'utf8');
        return check(native.write(fd, text, 0, text.length,
            toPosition(offsetOrOptions)), 'write');
    }
    const bytes = toBytes(data, 'buffer');
    const part = partOf(bytes, offsetOrOptions, length, position);

    checkPart(bytes, part.offset, part.length);
    return check(native.write(fd, bytes, part.offset, part.length,
        typeof part.position === 'number' ? part.position : -1), 'write');
}

// All of it, also where the kernel takes it piece by piece.
function writeAll(fd, bytes) {
    for (let done = 0; done < bytes.length;)
        done += check(native.write(fd, bytes, done, bytes.length - done, -1),
            'write');
}

function fsyncSync(fd) {
    check(native.fsync(toFd(fd)), 'fsync');
}

function ftruncateSync(fd, length = 0) {
    validateInteger(length, 'len');
    check(native.ftruncate(toFd(fd), Math.max(0, length)), 'ftruncate');
}

// --------------------------------------------------------------- whole files

// What its size promises, then until it ends: files of /proc have size 0, and
// a file may grow while it is read.
function readAll(fd) {
    const { Buffer } = require('buffer');
    const { Stats } = require('internal/fs/stats');

    check(native.fstat(fd), 'fstat');
    const stats = new Stats();
    const size = stats.isFile() ? stats.size : 0;
    if (size > kMaxLength)
        throw new codes.ERR_FS_FILE_TOO_LARGE(size);

    let buffer = Buffer.allocUnsafeSlow(size || READ_CHUNK);
    let length = 0;
    for (;;) {
        const count = check(native.read(fd, buffer, length,
            buffer.length - length, -1), 'read');
        length += count;
        if (count === 0 || (length === size && size > 0))
            break;
        if (length === buffer.length) {
            const larger = Buffer.allocUnsafeSlow(2 * length);
            larger.set(buffer);
            buffer = larger;
        }
    }
    return length === buffer.length ? buffer : buffer.subarray(0, length);
}

// With a descriptor for a path or a descriptor; only ours is closed.
function withFile(file, flags, mode, action) {
    const isOwn = !(Number.isInteger(file) && file >= 0);
    const fd = isOwn ? openSync(file, flags, mode) : file;

    try {
        return action(fd);
    } finally {
        if (isOwn)
            native.close(fd);
    }
}

function readFileSync(path, options) {
    const { encoding, flag } = toOptions(options, { flag: 'r' });
    const buffer = withFile(path, flag, 0o666, readAll);

    return encoding && encoding !== 'buffer' ?
        buffer.toString(encoding) : buffer;
}

function writeFileSync(path, data, options) {
    const { encoding, flag, flush, mode } = toOptions(options,
        { encoding: 'utf8', flag: 'w', flush: false, mode: 0o666 });
    const bytes = toBytes(data, 'data', encoding ?? 'utf8');

    validateBoolean(flush, 'options.flush');
    withFile(path, flag, mode, (fd) => {
        writeAll(fd, bytes);
        if (flush)
            fsyncSync(fd);
    });
}

function appendFileSync(path, data, options) {
    const given = toOptions(options, {});
    writeFileSync(path, data, { ...given, flag: given.flag ?? 'a' });
}

// ----------------------------------------------------------------------- stat

function statPath(path, options, follow, syscall) {
    const name = toPath(path);
    const result = native.stat(name, follow);

    if (result === ENOENT && options?.throwIfNoEntry === false)
        return undefined;
    check(result, syscall, name);
    return new (require('internal/fs/stats').Stats)();
}

function statSync(path, options) {
    return statPath(path, options, true, 'stat');
}

function lstatSync(path, options) {
    return statPath(path, options, false, 'lstat');
}

function fstatSync(fd) {
    check(native.fstat(toFd(fd)), 'fstat');
    return new (require('internal/fs/stats').Stats)();
}

function existsSync(path) {
    try {
        return native.access(toPath(path), 0) === 0;
    } catch {
        return false;
    }
}

function accessSync(path, mode = 0) {
    const name = toPath(path);

    validateInteger(mode, 'mode', 0, 7);
    check(native.access(name, mode), 'access', name);
}

// -------------------------------------------------------- names and folders

function unlinkSync(path) {
    const name = toPath(path);
    check(native.unlink(name), 'unlink', name);
}

function renameSync(oldPath, newPath) {
    const from = toPath(oldPath, 'oldPath');
    const to = toPath(newPath, 'newPath');
    check(native.rename(from, to), 'rename', from, to);
}

function symlinkSync(target, path) {
    const from = toPath(target, 'target');
    const to = toPath(path);
    check(native.symlink(from, to), 'symlink', from, to);
}

function readlinkSync(path) {
    const name = toPath(path);
    return check(native.readlink(name), 'readlink', name);
}

function realpathSync(path) {
    const name = toPath(path);
    return check(native.realpath(name), 'lstat', name);
}

realpathSync.native = realpathSync;

function chmodSync(path, mode) {
    const name = toPath(path);
    check(native.chmod(name, parseFileMode(mode, 'mode')), 'chmod', name);
}

// The folder and those above it that are missing; gives the first that was.
function makeFolders(name, mode) {
    const result = native.mkdir(name, mode);

    if (result === 0)
        return name;
    if (result === EEXIST) {
        if (statSync(name).isDirectory())
            return undefined;
        check(result, 'mkdir', name);
    }
    const { dirname } = require('path');
    const above = dirname(name);
    if (result !== ENOENT || above === name)
        check(result, 'mkdir', name);
    const first = makeFolders(above, mode);
    return makeFolders(name, mode) === undefined ? first : first ?? name;
}

function mkdirSync(path, options) {
    const { recursive = false, mode = 0o777 } =
        typeof options === 'object' && options !== null ?
            options : { mode: options ?? 0o777 };
    const name = toPath(path);

    validateBoolean(recursive, 'options.recursive');
    const bits = parseFileMode(mode, 'mode');
    if (recursive)
        return makeFolders(require('path').resolve(name), bits);
    check(native.mkdir(name, bits), 'mkdir', name);
    return undefined;
}

function mkdtempSync(prefix, options) {
    toOptions(options, {});
    const template = `${toPath(prefix, 'prefix')}XXXXXX`;
    return check(native.mkdtemp(template), 'mkdtemp', template);
}

function rmdirSync(path, options) {
    if (options?.recursive) {
        rmSync(path, { recursive: true, force: true });
        return;
    }
    const name = toPath(path);
    check(native.rmdir(name), 'rmdir', name);
}

// A tree is taken down from its leaves; links in it are not followed.
function removeTree(name) {
    for (const entry of readdirSync(name, { withFileTypes: true })) {
        const path = `${name}/${entry.name}`;
        if (entry.isDirectory())
            removeTree(path);
        else
            unlinkSync(path);
    }
    rmdirSync(name);
}

function rmSync(path, options) {
    if (options !== undefined)
        validateObject(options, 'options');
    const { force = false, recursive = false } = options ?? {};
    const name = toPath(path);

    validateBoolean(force, 'options.force');
    validateBoolean(recursive, 'options.recursive');
    const stats = lstatSync(name, { throwIfNoEntry: !force });
    if (stats === undefined)
        return;
    if (!stats.isDirectory()) {
        unlinkSync(name);
        return;
    }
    if (!recursive) {
        throw new codes.ERR_FS_EISDIR({
            code: 'EISDIR', message: 'is a directory', path: name,
            syscall: 'rm', errno: 21,
        });
    }
    removeTree(name);
}

function listTree(name, prefix, found) {
    const list = check(native.readdir(name), 'scandir', name);

    for (let i = 0; i < list.length; i += 2) {
        found.push({ name: list[i], prefix, kind: list[i + 1] });
        if (list[i + 1] === require('internal/fs/stats').S_IFDIR)
            listTree(`${name}/${list[i]}`, `${prefix}${list[i]}/`, found);
    }
}

function readdirSync(path, options) {
    const { encoding, recursive, withFileTypes } = toOptions(options,
        { encoding: 'utf8', recursive: false, withFileTypes: false });
    const name = toPath(path);
    let found = [];

    if (recursive) {
        listTree(name, '', found);
    } else {
        const list = check(native.readdir(name), 'scandir', name);
        for (let i = 0; i < list.length; i += 2)
            found.push({ name: list[i], prefix: '', kind: list[i + 1] });
    }
    found = found.sort((a, b) => (a.prefix + a.name < b.prefix + b.name ?
        -1 : 1));
    if (withFileTypes) {
        const { Dirent } = require('internal/fs/stats');
        const { join } = require('path');
        return found.map((entry) => new Dirent(entry.name,
            entry.prefix ? join(name, entry.prefix).slice(0, -1) : name,
            entry.kind));
    }
    const names = found.map((entry) => entry.prefix + entry.name);
    return encoding === 'buffer' ?
        names.map((each) => require('buffer').Buffer.from(each)) : names;
}

// ------------------------------------------- callback forms, promise forms

// The last argument; one that is too few was left out.
function takeCallback(args, expected) {
    const callback = args.pop();

    validateFunction(typeof callback === 'function' ||
        args.length >= expected ? callback : undefined, 'cb');
    return callback;
}

// A mistake in an argument throws; what the system refused is told.
function perform(sync, args, callback) {
    let error = null;
    let result;

    try {
        result = sync(...args);
    } catch (thrown) {
        if (thrown.syscall === undefined)
            throw thrown;
        error = thrown;
    }
    later(() => {
        if (error !== null || result === undefined)
            callback(error);
        else
            callback(null, result);
    });
}

function toCallbackForm(name, sync) {
    const form = function (...args) {
        const callback = takeCallback(args, sync.length);
        perform(sync, args, callback);
    };

    Object.defineProperty(form, 'name', { value: name });
    return form;
}

function toPromiseForm(name, sync) {
    const form = async (...args) => new Promise((resolve, reject) => {
        perform(sync, args, (error, result) => {
            if (error)
                reject(error);
            else
                resolve(result);
        });
    });

    Object.defineProperty(form, 'name', { value: name });
    return form;
}

// These two tell what they worked on, too.
function read(fd, buffer, ...rest) {
    const callback = takeCallback(rest, 3);
    finishRead ??= toCallbackForm('read', readSync);
    finishRead(fd, buffer, ...rest, (error, count) =>
        callback(error, count ?? 0, buffer));
}

function write(fd, data, ...rest) {
    const callback = takeCallback(rest, 3);
    finishWrite ??= toCallbackForm('write', writeSync);
    finishWrite(fd, data, ...rest, (error, count) =>
        callback(error, count ?? 0, data));
}

let finishRead;
let finishWrite;

function close(fd, callback = throwFailure) {
    finishClose ??= toCallbackForm('close', closeSync);
    finishClose(fd, callback);
}

let finishClose;

function throwFailure(error) {
    if (error)
        throw error;
}

function exists(path, callback) {
    validateFunction(callback, 'cb');
    const result = existsSync(path);
    later(() => callback(result));
}

exists[Symbol.for('nodejs.util.promisify.custom')] =
    (path) => new Promise((resolve) => exists(path, resolve));

// -------------------------------------------------------------------- streams

function createReadStream(path, options) {
    return new (require('internal/fs/streams').ReadStream)(path, options);
}

function createWriteStream(path, options) {
    return new (require('internal/fs/streams').WriteStream)(path, options);
}

// -------------------------------------------------------------------- exports

const syncForms = {
    accessSync, appendFileSync, chmodSync, closeSync, existsSync, fstatSync,
    fsyncSync, ftruncateSync, lstatSync, mkdirSync, mkdtempSync, openSync,
    readFileSync, readSync, readdirSync, readlinkSync, realpathSync,
    renameSync, rmSync, rmdirSync, statSync, symlinkSync, unlinkSync,
    writeFileSync, writeSync,
};

module.exports = {
    ...syncForms, close, createReadStream, createWriteStream, exists, read,
    write,
    F_OK: 0, R_OK: 4, W_OK: 2, X_OK: 1,
};

const withDescriptors = ['close', 'fstat', 'fsync', 'ftruncate', 'open'];

function forEachForm(action) {
    for (const [syncName, sync] of Object.entries(syncForms)) {
        const name = syncName.slice(0, -'Sync'.length);
        if (module.exports[name] === undefined)
            action(name, sync);
    }
}

function makePromises() {
    const promises = { constants: module.exports.constants };

    for (const [syncName, sync] of Object.entries(syncForms)) {
        const name = syncName.slice(0, -'Sync'.length);
        if (!withDescriptors.includes(name) &&
            !['exists', 'read', 'write'].includes(name))
            promises[name] = toPromiseForm(name, sync);
    }
    return promises;
}

forEachForm((name, sync) => {
    lazy(module.exports, name, () => toCallbackForm(name, sync));
});
lazy(module.exports, 'constants', () =>
    Object.assign({ __proto__: null }, native.constants()));
lazy(module.exports, 'promises', makePromises);
for (const name of ['Dirent', 'Stats'])
    lazy(module.exports, name, () => require('internal/fs/stats')[name]);
for (const name of ['ReadStream', 'WriteStream'])
    lazy(module.exports, name, () => require('internal/fs/streams')[name]);
