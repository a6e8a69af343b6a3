'use strict';
const { test, assert } = require('./harness');
const fs = require('fs');
const path = require('path');

/* A folder that goes when the test is over. */
function folder(t) {
    const name = fs.mkdtempSync(`${process.env.TMPDIR || '/tmp'}/weir-fs-`);
    t.after(() => fs.rmSync(name, { recursive: true, force: true }));
    return name;
}

function file(t, content = '') {
    const name = path.join(folder(t), 'file');
    fs.writeFileSync(name, content);
    return name;
}

function chunks(stream, t) {
    const all = [];
    stream.on('data', (chunk) => all.push(chunk));
    return t.once(stream, 'close').then(() => all);
}

test('a file is written, appended to and read', (t) => {
    const name = file(t, 'one');
    fs.appendFileSync(name, ' two');
    fs.appendFileSync(name, Buffer.from(' three'));
    assert.strictEqual(fs.readFileSync(name, 'utf8'), 'one two three');
    assert.strictEqual(fs.readFileSync(name, { encoding: 'hex' }),
        Buffer.from('one two three').toString('hex'));
    assert.ok(Buffer.isBuffer(fs.readFileSync(name)));
    fs.writeFileSync(name, new Uint16Array([0x4241, 0x4443]));
    assert.strictEqual(fs.readFileSync(name, 'latin1'), 'ABCD');
    fs.writeFileSync(name, 'ff', 'hex');
    assert.deepStrictEqual(fs.readFileSync(name), Buffer.from([255]));
    fs.writeFileSync(name, '');
    assert.strictEqual(fs.readFileSync(name, 'utf8'), '');
});

test('a file without a size is read to its end', () => {
    assert.match(fs.readFileSync('/proc/self/status', 'utf8'), /^Name:/);
});

test('a large file comes back as it went', (t) => {
    const bytes = Buffer.alloc(3000001, 'weir');
    const name = file(t, bytes);
    assert.strictEqual(fs.statSync(name).size, bytes.length);
    assert.ok(fs.readFileSync(name).equals(bytes));
});

test('whole files by descriptor, which stays open', (t) => {
    const name = file(t);
    const fd = fs.openSync(name, 'w+');
    fs.writeFileSync(fd, 'abc');
    fs.writeFileSync(fd, 'def');
    fs.closeSync(fd);
    const again = fs.openSync(name);
    fs.readSync(again, Buffer.alloc(2));
    assert.strictEqual(fs.readFileSync(again, 'utf8'), 'cdef');
    fs.closeSync(again);
});

test('errors of the system are worded as everywhere', (t) => {
    const missing = path.join(folder(t), 'missing');
    const enoent = (syscall, where = `'${missing}'`) => ({
        name: 'Error', code: 'ENOENT', errno: -2, syscall, path: missing,
        message: `ENOENT: no such file or directory, ${syscall} ${where}`,
    });

    assert.throws(() => fs.readFileSync(missing), enoent('open'));
    assert.throws(() => fs.openSync(missing), enoent('open'));
    assert.throws(() => fs.statSync(missing), enoent('stat'));
    assert.throws(() => fs.lstatSync(missing), enoent('lstat'));
    assert.throws(() => fs.unlinkSync(missing), enoent('unlink'));
    assert.throws(() => fs.rmdirSync(missing), enoent('rmdir'));
    assert.throws(() => fs.accessSync(missing), enoent('access'));
    assert.throws(() => fs.chmodSync(missing, 0o600), enoent('chmod'));
    assert.throws(() => fs.readdirSync(missing), enoent('scandir'));
    assert.throws(() => fs.realpathSync(missing), enoent('lstat'));
    assert.throws(() => fs.readlinkSync(missing), enoent('readlink'));
    assert.throws(() => fs.rmSync(missing), enoent('lstat'));
    assert.throws(() => fs.renameSync(missing, '/x'),
        { ...enoent('rename', `'${missing}' -> '/x'`), dest: '/x' });
    assert.throws(() => fs.mkdirSync('/tmp'), {
        code: 'EEXIST', message: "EEXIST: file already exists, mkdir '/tmp'",
    });
    assert.throws(() => fs.readFileSync('/tmp'), {
        code: 'EISDIR', syscall: 'read',
        message: 'EISDIR: illegal operation on a directory, read',
    });
    assert.throws(() => fs.closeSync(99999), {
        code: 'EBADF', errno: -9, message: 'EBADF: bad file descriptor, close',
    });
});

test('wrong arguments are refused', () => {
    const invalid = (message) =>
        ({ code: 'ERR_INVALID_ARG_TYPE', name: 'TypeError', message });
    const where = 'The "path" argument must be of type string or an ' +
        'instance of Buffer or URL. Received ';

    assert.throws(() => fs.readFileSync({}),
        invalid(`${where}an instance of Object`));
    assert.throws(() => fs.statSync(), invalid(`${where}undefined`));
    assert.throws(() => fs.createReadStream(), invalid(`${where}undefined`));
    assert.throws(() => fs.readFileSync('a\0b'), {
        code: 'ERR_INVALID_ARG_VALUE',
        message: "The argument 'path' must be a string, Uint8Array, or URL " +
            "without null bytes. Received 'a\\x00b'",
    });
    assert.throws(() => fs.readFileSync('x', 'zz'), {
        code: 'ERR_INVALID_ARG_VALUE',
        message: "The argument 'encoding' is invalid encoding. Received 'zz'",
    });
    assert.throws(() => fs.openSync('x', 'zz'), {
        code: 'ERR_INVALID_ARG_VALUE',
        message: "The argument 'flags' is invalid. Received 'zz'",
    });
    assert.throws(() => fs.writeFileSync('x', 5), invalid('The "data" ' +
        'argument must be of type string or an instance of Buffer, ' +
        'TypedArray, or DataView. Received type number (5)'));
    assert.throws(() => fs.closeSync('a'), invalid('The "fd" argument must ' +
        "be of type number. Received type string ('a')"));
    assert.throws(() => fs.readFile('x'), invalid('The "cb" argument must ' +
        'be of type function. Received undefined'));
    assert.throws(() => fs.createReadStream('x', { start: 5, end: 2 }), {
        code: 'ERR_OUT_OF_RANGE',
        message: 'The value of "start" is out of range. It must be <= "end" ' +
            '(here: 2). Received 5',
    });
});

test('reading and writing at places', (t) => {
    const fd = fs.openSync(file(t), 'w+');
    const buffer = Buffer.alloc(8, '.');

    assert.strictEqual(fs.writeSync(fd, 'hello'), 5);
    assert.strictEqual(fs.writeSync(fd, Buffer.from('xWORLDx'), 1, 5), 5);
    assert.strictEqual(fs.writeSync(fd, 'J', 0), 1);
    assert.strictEqual(fs.readSync(fd, buffer, 1, 5, 0), 5);
    assert.strictEqual(buffer.toString(), '.Jello..');
    assert.strictEqual(fs.readSync(fd, buffer, { position: 5, length: 3 }), 3);
    assert.strictEqual(buffer.toString(), 'WORllo..');
    assert.strictEqual(fs.readSync(fd, buffer), 0);
    assert.throws(() => fs.readSync(fd, buffer, 1, 9), {
        code: 'ERR_OUT_OF_RANGE',
        message: 'The value of "length" is out of range. It must be <= 7. ' +
            'Received 9',
    });
    fs.ftruncateSync(fd, 3);
    assert.strictEqual(fs.fstatSync(fd).size, 3);
    fs.closeSync(fd);
});

test('flags', (t) => {
    const name = file(t, 'abc');
    assert.throws(() => fs.openSync(name, 'wx'), { code: 'EEXIST' });
    const fd = fs.openSync(name, 'r+');
    fs.writeSync(fd, 'X');
    fs.closeSync(fd);
    fs.writeFileSync(name, 'd', { flag: 'a' });
    assert.strictEqual(fs.readFileSync(name, 'utf8'), 'Xbcd');
    const { O_RDONLY, O_CREAT, O_WRONLY } = fs.constants;
    fs.closeSync(fs.openSync(name, O_RDONLY));
    fs.closeSync(fs.openSync(`${name}2`, O_CREAT | O_WRONLY, 0o600));
    assert.strictEqual(fs.statSync(`${name}2`).mode & 0o777, 0o600);
});

test('stat tells what a file is', (t) => {
    const name = file(t, 'abc');
    const stats = fs.statSync(name);

    assert.ok(stats instanceof fs.Stats);
    assert.ok(stats.isFile());
    assert.strictEqual(stats.isDirectory(), false);
    assert.strictEqual(stats.size, 3);
    assert.strictEqual(stats.nlink, 1);
    assert.strictEqual(stats.uid, process.getuid());
    assert.ok(Math.abs(stats.mtimeMs - Date.now()) < 10000);
    assert.ok(stats.mtime instanceof Date);
    assert.ok(Math.abs(stats.mtime - stats.mtimeMs) <= 1);
    assert.ok(fs.statSync('/tmp').isDirectory());
    assert.ok(fs.statSync('/dev/null').isCharacterDevice());
    fs.symlinkSync(name, `${name}.link`);
    assert.ok(fs.lstatSync(`${name}.link`).isSymbolicLink());
    assert.ok(fs.statSync(`${name}.link`).isFile());
    assert.strictEqual(fs.readlinkSync(`${name}.link`), name);
    assert.strictEqual(fs.realpathSync(`${name}.link`), fs.realpathSync(name));
    assert.strictEqual(fs.statSync('/nope', { throwIfNoEntry: false }),
        undefined);
    assert.strictEqual(fs.existsSync(name), true);
    assert.strictEqual(fs.existsSync('/nope'), false);
    assert.strictEqual(fs.existsSync({}), false);
    fs.chmodSync(name, '640');
    assert.strictEqual(fs.statSync(name).mode & 0o777, 0o640);
    fs.accessSync(name, fs.constants.R_OK);
});

test('folders are made, listed, renamed and removed', (t) => {
    const base = folder(t);
    const deep = path.join(base, 'a/b/c');

    assert.strictEqual(fs.mkdirSync(deep, { recursive: true }),
        path.join(base, 'a'));
    assert.strictEqual(fs.mkdirSync(deep, { recursive: true }), undefined);
    fs.writeFileSync(path.join(base, 'a/file'), '');
    assert.deepStrictEqual(fs.readdirSync(path.join(base, 'a')),
        ['b', 'file']);
    const [folderEntry, fileEntry] =
        fs.readdirSync(path.join(base, 'a'), { withFileTypes: true });
    assert.ok(folderEntry instanceof fs.Dirent);
    assert.ok(folderEntry.isDirectory() && fileEntry.isFile());
    assert.strictEqual(fileEntry.name, 'file');
    assert.strictEqual(fileEntry.parentPath, path.join(base, 'a'));
    assert.deepStrictEqual(fs.readdirSync(base, { recursive: true }).sort(),
        ['a', 'a/b', 'a/b/c', 'a/file']);
    fs.renameSync(path.join(base, 'a'), path.join(base, 'z'));
    assert.throws(() => fs.rmdirSync(path.join(base, 'z')),
        { code: 'ENOTEMPTY', syscall: 'rmdir' });
    assert.throws(() => fs.rmSync(path.join(base, 'z')), {
        name: 'SystemError', code: 'ERR_FS_EISDIR',
        message: 'Path is a directory: rm returned EISDIR (is a directory) ' +
            path.join(base, 'z'),
    });
    fs.rmSync(path.join(base, 'z'), { recursive: true });
    assert.deepStrictEqual(fs.readdirSync(base), []);
    fs.rmSync(path.join(base, 'z'), { force: true });
    assert.match(fs.mkdtempSync(path.join(base, 'x-')), /x-\w{6}$/);
});

test('the callback forms tell their outcome in a later turn', (t, done) => {
    const name = file(t, 'abc');
    let later = false;

    fs.readFile(name, 'utf8', t.mustSucceed((text) => {
        assert.ok(later);
        assert.strictEqual(text, 'abc');
        fs.stat('/nope', (error, stats) => {
            assert.strictEqual(error.code, 'ENOENT');
            assert.strictEqual(stats, undefined);
            fs.unlink(name, t.mustSucceed(() => done()));
        });
    }));
    later = true;
});

test('a callback comes before timers that it sets, and immediates', (t) => {
    const order = [];

    return new Promise((resolve) => {
        fs.stat('/', t.mustSucceed(() => {
            setTimeout(() => {
                order.push('timeout');
                resolve();
            }, 0);
            setImmediate(() => order.push('immediate'));
        }));
    }).then(() => assert.deepStrictEqual(order, ['immediate', 'timeout']));
});

test('neither form tells its outcome with a tick or a job', async (t) => {
    let ticks = 0;
    const count = () => {
        if (ticks++ < 20) {
            process.nextTick(() => queueMicrotask(count));
        }
    };
    const isLate = () => assert.strictEqual(ticks, 21);
    const { promisify } = require('util');

    count();
    fs.stat('/nope', t.mustCall(isLate));
    fs.exists('/nope', t.mustCall(isLate));
    await Promise.all([
        fs.promises.stat('/').then(isLate),
        promisify(fs.exists)('/').then(isLate),
        assert.rejects(fs.promises.stat('/nope'), { code: 'ENOENT' })
            .then(isLate),
    ]);
});

test('close needs no callback', async (t) => {
    fs.close(fs.openSync('/dev/null'));
    fs.close(987654);
    const error = await new Promise((resolve) => t.uncaught(resolve));
    assert.strictEqual(error.code, 'EBADF');
});

test('read and write with a callback name their buffer', (t, done) => {
    const fd = fs.openSync(file(t), 'w+');
    fs.write(fd, Buffer.from('abc'), t.mustSucceed((count, data) => {
        assert.strictEqual(count, 3);
        assert.strictEqual(data.toString(), 'abc');
        fs.read(fd, Buffer.alloc(9), 0, 9, 0, t.mustSucceed((got, buffer) => {
            assert.strictEqual(got, 3);
            assert.strictEqual(buffer.toString('utf8', 0, 3), 'abc');
            fs.close(fd, done);
        }));
    }));
});

test('the promise forms', async (t) => {
    const name = file(t, 'abc');
    const { promises } = fs;

    assert.strictEqual(promises, require('fs/promises'));
    assert.strictEqual(await promises.readFile(name, 'utf8'), 'abc');
    await promises.appendFile(name, 'd');
    assert.strictEqual((await promises.stat(name)).size, 4);
    await assert.rejects(promises.unlink('/nope'),
        { code: 'ENOENT', syscall: 'unlink', path: '/nope' });
    await assert.rejects(promises.readFile(5.5),
        { code: 'ERR_INVALID_ARG_TYPE' });
});

test('a read stream gives the file in chunks', async (t) => {
    const bytes = Buffer.alloc(200000, 'abcdefg');
    const stream = fs.createReadStream(file(t, bytes));
    const events = [];

    for (const event of ['open', 'ready', 'end', 'close']) {
        stream.on(event, () => events.push(event));
    }
    assert.strictEqual(stream.pending, true);
    assert.strictEqual(stream.readableHighWaterMark, 65536);
    const all = await chunks(stream, t);
    assert.ok(Buffer.concat(all).equals(bytes));
    assert.deepStrictEqual(all.map((chunk) => chunk.length),
        [65536, 65536, 65536, 3392]);
    assert.strictEqual(stream.bytesRead, 200000);
    assert.strictEqual(stream.fd, null);
    assert.deepStrictEqual(events, ['open', 'ready', 'end', 'close']);
});

test('start and end of a read stream are bytes, both included', async (t) => {
    const name = file(t, '0123456789');
    const read = async (options) =>
        (await chunks(fs.createReadStream(name, options), t)).join('');

    assert.strictEqual(await read({ start: 2, end: 5 }), '2345');
    assert.strictEqual(await read({ end: 0 }), '0');
    assert.strictEqual(await read({ start: 8 }), '89');
    assert.strictEqual(await read({ start: 20 }), '');
    assert.strictEqual(await read({ encoding: 'hex', end: 1 }), '3031');
    assert.strictEqual(await read({ highWaterMark: 3 }), '0123456789');
});

test('a read stream of a missing file fails, then closes', async (t) => {
    const stream = fs.createReadStream('/nope');
    const closed = new Promise((resolve) => stream.on('close', resolve));
    const [error] = await t.once(stream, 'error');

    assert.strictEqual(error.message,
        "ENOENT: no such file or directory, open '/nope'");
    await closed;
    assert.strictEqual(stream.destroyed, true);
});

test('a paused read stream reads no further', async (t) => {
    const stream = fs.createReadStream(file(t, Buffer.alloc(1000000)));
    await t.once(stream, 'readable');
    await t.sleep(20);
    assert.ok(stream.bytesRead <= 3 * 65536, `${stream.bytesRead}`);
    stream.destroy();
    await t.once(stream, 'close');
});

test('a descriptor of ones own stays open without autoClose', async (t) => {
    const fd = fs.openSync(file(t, 'abc'));
    const stream = fs.createReadStream(null, { fd, autoClose: false });
    stream.resume();
    await t.once(stream, 'end');
    await t.turn();
    assert.strictEqual(fs.fstatSync(fd).size, 3);
    fs.closeSync(fd);
});

test('a write stream writes in order and counts', async (t) => {
    const name = file(t, 'before');
    const stream = fs.createWriteStream(name);
    const order = [];

    stream.write('one ', () => order.push(1));
    stream.write(Buffer.from('two '), () => order.push(2));
    stream.end('746872656521', 'hex', () => order.push('end'));
    await t.once(stream, 'close');
    assert.strictEqual(fs.readFileSync(name, 'utf8'), 'one two three!');
    assert.strictEqual(stream.bytesWritten, 14);
    assert.deepStrictEqual(order, [1, 2, 'end']);
    assert.strictEqual(stream.path, name);
});

test('a file is opened in a later turn, and then told', async (t) => {
    const stream = fs.createReadStream(file(t));
    const order = [];

    for (const event of ['resume', 'open', 'ready', 'end', 'close']) {
        stream.on(event, () => order.push(event));
    }
    stream.resume();
    process.nextTick(() => {
        order.push('tick');
        queueMicrotask(() => process.nextTick(() => order.push('tick')));
    });
    await t.once(stream, 'close');
    assert.deepStrictEqual(order,
        ['resume', 'tick', 'tick', 'open', 'ready', 'end', 'close']);
});

test('a write is under way until a later turn', async (t) => {
    const stream = fs.createWriteStream(file(t));
    const order = [];
    const note = (what) => () =>
        order.push(`${what} ${stream.writableLength}`);

    for (const event of ['prefinish', 'finish', 'close']) {
        stream.on(event, note(event));
    }
    stream.on('ready', () => {
        stream.write('a', note('a'));
        stream.write('bb', note('bb'));
        stream.write('ccc', note('ccc'));
        stream.end();
        assert.strictEqual(stream.writableLength, 6);
        assert.strictEqual(stream.bytesWritten, 0);
    });
    await t.once(stream, 'close');
    assert.deepStrictEqual(order,
        ['a 0', 'bb 0', 'ccc 0', 'prefinish 0', 'finish 0', 'close 0']);
    assert.strictEqual(fs.readFileSync(stream.path, 'utf8'), 'abbccc');
});

test('who writes at the pace of the file lets others have their turn',
    (t, done) => {
        const stream = fs.createWriteStream('/dev/null');
        let isOver = false;
        let writes = 0;

        t.track(stream);
        setImmediate(() => setImmediate(() => {
            isOver = true;
        }));
        (function go() {
            assert.ok(writes++ < 10000);
            if (isOver) {
                stream.end(done);
            } else {
                stream.write('a', go);
            }
        })();
    });

test('a write stream that is destroyed fails its write, then closes',
    async (t) => {
        const stream = fs.createWriteStream(file(t));
        const order = [];

        stream.on('ready', () => {
            stream.write('a', (error) => order.push(error.code));
            stream.destroy();
            assert.strictEqual(typeof stream.fd, 'number');
        });
        await t.once(stream, 'close');
        assert.deepStrictEqual(order, ['ERR_STREAM_DESTROYED']);
        assert.strictEqual(stream.fd, null);
    });

test('flags and start of a write stream', async (t) => {
    const name = file(t, '0123456789');
    const write = async (options, text) => {
        const stream = fs.createWriteStream(name, options);
        stream.end(text);
        await t.once(stream, 'close');
        return fs.readFileSync(name, 'utf8');
    };

    assert.strictEqual(await write({ flags: 'r+', start: 3 }, 'abc'),
        '012abc6789');
    assert.strictEqual(await write({ flags: 'a' }, '!'), '012abc6789!');
    assert.strictEqual(await write('latin1', '\u00ff'), '\ufffd');
});

test('a write stream pushes back, and drains', async (t) => {
    const stream = fs.createWriteStream(file(t), { highWaterMark: 10 });
    assert.strictEqual(stream.write('0123456789'), false);
    await t.once(stream, 'drain');
    assert.strictEqual(stream.write('1'), true);
    stream.close();
    await t.once(stream, 'close');
    assert.strictEqual(fs.statSync(stream.path).size, 11);
});

test('a file is piped into another', async (t) => {
    const bytes = Buffer.alloc(500000, 'xyz');
    const from = file(t, bytes);
    const { pipeline } = require('stream/promises');

    await pipeline(fs.createReadStream(from), fs.createWriteStream(`${from}2`));
    assert.ok(fs.readFileSync(`${from}2`).equals(bytes));
});

test('a read stream can be iterated', async (t) => {
    let text = '';
    for await (const chunk of fs.createReadStream(file(t, 'abcdef'),
        { highWaterMark: 2, encoding: 'utf8' })) {
        text += `${chunk},`;
    }
    assert.strictEqual(text, 'ab,cd,ef,');
});
