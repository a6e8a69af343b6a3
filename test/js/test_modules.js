'use strict';
/*
 * require(): which file a request means, what a module is, and what is said
 * when there is none. What it all runs on are the files in fixtures/modules,
 * packages in its node_modules among them.
 */
const path = require('path');

const { test, assert } = require('./harness');

const folder = path.join(__dirname, 'fixtures', 'modules');
const at = (...names) => path.join(folder, ...names);
const fixture = (name) => require(at(name));

// A require() of a file in the fixtures' folder.
const self = fixture('self');
const inSelf = self.require;
const inTop = fixture('plain').module.require.bind(fixture('plain').module);

function thrownBy(action) {
    try {
        action();
    } catch (error) {
        return error;
    }
    throw new assert.AssertionError({ message: 'nothing was thrown' });
}

/* What comes of a request in the fixtures' folder, in one line. */
function refusal(request, from = inTop) {
    const { name, code, message } = thrownBy(() => from(request));
    return `${name} ${code} ${message.replaceAll(folder, '<top>')}`;
}

// --------------------------------------------------------------- one module

test('a module has its five names and its exports as `this`', () => {
    const plain = fixture('plain.js');
    assert.strictEqual(plain.name, 'plain');
    assert.strictEqual(plain.filename, at('plain.js'));
    assert.strictEqual(plain.dirname, folder);
    assert.strictEqual(plain.isThis, true);
    assert.strictEqual(plain.count, 5);
    assert.strictEqual(plain.main, require.main);
});

test('module tells where it comes from', () => {
    const { module: made } = fixture('plain.js');
    assert.strictEqual(made.id, at('plain.js'));
    assert.strictEqual(made.filename, at('plain.js'));
    assert.strictEqual(made.path, folder);
    assert.strictEqual(made.loaded, true);
    assert.strictEqual(made.exports, fixture('plain.js'));
    assert.strictEqual(made.parent, module);
    assert.strictEqual(made.paths[0], at('node_modules'));
    assert.strictEqual(made.paths.at(-1), '/node_modules');
    assert.deepStrictEqual(Object.keys(made).slice(0, 7), ['id', 'path',
        'exports', 'filename', 'loaded', 'children', 'paths']);
});

test('the main module is require.main and has the id "."', () => {
    assert.strictEqual(require.main.id, '.');
    assert.strictEqual(process.mainModule, require.main);
    assert.strictEqual(require.main.parent, null);
    assert.strictEqual(require.cache[require.main.filename], require.main);
});

test('parent and children know each other', () => {
    const { child, module: parent } = fixture('parent.js');
    assert.strictEqual(child.parent, parent);
    assert.deepStrictEqual(parent.children, [child]);
    assert.ok(module.children.includes(parent));
});

test('module.require is require', () => {
    assert.strictEqual(module.require('./harness'), require('./harness'));
});

test('a file may return', () => {
    assert.deepStrictEqual(fixture('returns'), { before: true });
});

test('a #! line is no JavaScript, and line numbers stay the file\'s', () => {
    assert.match(fixture('hash_bang').line, /hash_bang\.js:2\b/);
});

test('a byte order mark is no part of the text', () => {
    assert.strictEqual(fixture('mark.js').mark, true);
    assert.strictEqual(fixture('mark.json').mark, true);
});

// ------------------------------------------------------------ which file

test('.js, .json and .node may be left out, .cjs may not', () => {
    assert.strictEqual(fixture('data').answer, 42);
    assert.strictEqual(fixture('common.cjs'), 'cjs');
    assert.match(refusal('./common'), /^Error MODULE_NOT_FOUND /);
    assert.strictEqual(inTop('./strange.extension'),
        'read as JavaScript');
});

test('a file goes before a folder, and a slash at the end decides', () => {
    assert.strictEqual(inTop('./both'), 'file');
    assert.strictEqual(inTop('./both/'), 'folder');
    assert.strictEqual(inTop('./both/.'), 'folder');
    assert.strictEqual(inTop('./deep/../both'), 'file');
});

test('a folder is what its package.json says, else its index', () => {
    assert.strictEqual(inTop('./main_field'), 'start');
    assert.strictEqual(inTop('./main_folder'), 'index of lib');
    assert.deepStrictEqual(inTop('./index_json'), { kind: 'index' });
});

test('a wrong "main" is forgiven where there is an index', (t) => {
    process.once('warning', t.mustCall(({ name, code }) => {
        assert.strictEqual(name, 'DeprecationWarning');
        assert.strictEqual(code, 'DEP0128');
    }));
    assert.strictEqual(inTop('./main_wrong'), 'index after all');
});

test('a wrong "main" is an error where there is none', () => {
    const error = thrownBy(() => inTop('./main_missing'));
    assert.strictEqual(error.code, 'MODULE_NOT_FOUND');
    assert.strictEqual(error.message, 'Cannot find module ' +
        `'${at('main_missing', 'nowhere.js')}'. Please verify that the ` +
        'package.json has a valid "main" entry');
    assert.strictEqual(error.path, at('main_missing', 'package.json'));
    assert.strictEqual(error.requestPath, './main_missing');
});

test('a symbolic link is the file that it leads to', () => {
    assert.strictEqual(inTop('./link').filename, at('real', 'file.js'));
    assert.strictEqual(inTop('./link'), inTop('./real/file'));
});

test('node_modules are looked for upwards, the nearest counts', () => {
    const [outer, inner, paths] = inTop('./deep/er/asks');
    assert.strictEqual(outer, 'outer');
    assert.strictEqual(inner, 'inner in deep');
    assert.deepStrictEqual(paths.slice(0, 3), [at('deep/er/node_modules'),
        at('deep/node_modules'), at('node_modules')]);
    assert.strictEqual(inTop('inner'), 'inner at the top');
    assert.strictEqual(inTop('inner.js'), 'inner at the top');
});

// ------------------------------------------------------------------- cache

test('a module runs once, and again when the cache has lost it', () => {
    const name = at('counts.js');
    const first = require(name);
    assert.strictEqual(require(name), first);
    assert.strictEqual(require.cache[name].exports, first);
    delete require.cache[name];
    assert.strictEqual(require(name), first + 1);
});

test('what a program puts into the cache is what require() gives', () => {
    const name = at('counts.js');
    require.cache[name] = { exports: 'ours', children: [], loaded: true };
    assert.strictEqual(require(name), 'ours');
    delete require.cache[name];
});

test('a module that throws leaves nothing, and is tried again', () => {
    const before = module.children.length;
    const first = thrownBy(() => fixture('throws')).message;
    assert.strictEqual(require.cache[at('throws.js')], undefined);
    assert.strictEqual(module.children.length, before);
    assert.notStrictEqual(thrownBy(() => fixture('throws')).message, first);
});

test('in a cycle the second sees what the first has exported so far', () => {
    const a = fixture('cycle_a');
    assert.deepStrictEqual(a.seen,
        { first: true, last: undefined, loaded: false });
    assert.strictEqual(a.last, true);
});

test('require.extensions may be added to', () => {
    require.extensions['.extension'] = (made, name) => {
        made.exports = `our own: ${path.basename(name)}`;
    };
    delete require.cache[at('strange.extension')];
    assert.strictEqual(inTop('./strange'), 'our own: strange.extension');
    delete require.extensions['.extension'];
    delete require.cache[at('strange.extension')];
});

test('module._compile gives a hook its module', () => {
    require.extensions['.shout'] = (made, name) => {
        made._compile('module.exports = __filename + "!"', name);
    };
    assert.throws(() => inTop('./no.shout'), { code: 'MODULE_NOT_FOUND' });
    require.extensions['.extension'] = require.extensions['.shout'];
    assert.strictEqual(inTop('./strange'), `${at('strange.extension')}!`);
    delete require.extensions['.extension'];
    delete require.extensions['.shout'];
});

// ---------------------------------------------------------- require.resolve

test('require.resolve says which file, and loads nothing', () => {
    assert.strictEqual(require.resolve('./harness'),
        path.join(__dirname, 'harness.js'));
    assert.strictEqual(require.resolve('net'), 'net');
    assert.strictEqual(require.resolve('node:net'), 'node:net');
    assert.strictEqual(inSelf.resolve('outer'),
        at('node_modules/outer/index.js'));
});

test('require.resolve takes other places to look in', () => {
    const paths = [at('deep')];
    assert.strictEqual(require.resolve('inner', { paths }),
        at('deep/node_modules/inner.js'));
    assert.strictEqual(require.resolve('./both', { paths: [folder] }),
        at('both.js'));
    assert.throws(() => require.resolve('inner', { paths: ['/'] }),
        { code: 'MODULE_NOT_FOUND' });
    assert.throws(() => require.resolve('inner', { paths: 5 }), {
        code: 'ERR_INVALID_ARG_VALUE',
        message: "The property 'options.paths' is invalid. Received 5",
    });
});

test('require.resolve.paths says where it would look', () => {
    assert.deepStrictEqual(require.resolve.paths('./x'), [__dirname]);
    assert.strictEqual(require.resolve.paths('net'), null);
    assert.strictEqual(require.resolve.paths('node:net'), null);
    assert.deepStrictEqual(require.resolve.paths('x')
        .slice(0, module.paths.length), module.paths);
});

test('arguments are checked', () => {
    assert.throws(() => require(5), {
        name: 'TypeError',
        code: 'ERR_INVALID_ARG_TYPE',
        message: 'The "id" argument must be of type string. ' +
            'Received type number (5)',
    });
    assert.throws(() => require(''), {
        code: 'ERR_INVALID_ARG_VALUE',
        message: "The argument 'id' must be a non-empty string. Received ''",
    });
    assert.throws(() => require.resolve(5), {
        code: 'ERR_INVALID_ARG_TYPE',
        message: 'The "request" argument must be of type string. ' +
            'Received type number (5)',
    });
    assert.throws(() => require.resolve.paths(),
        { code: 'ERR_INVALID_ARG_TYPE' });
});

// ------------------------------------------------------------ not to be had

test('a missing module is told with those who asked', () => {
    const error = thrownBy(() => fixture('needs_missing'));
    const stack = [at('needs_missing.js'), __filename];
    assert.strictEqual(error.name, 'Error');
    assert.strictEqual(error.code, 'MODULE_NOT_FOUND');
    assert.strictEqual(error.message, "Cannot find module './no_such_file'" +
        `\nRequire stack:\n- ${stack.join('\n- ')}`);
    assert.deepStrictEqual(error.requireStack, stack);
    assert.deepStrictEqual(Object.keys(error), ['code', 'requireStack']);
});

test('an unknown builtin with node: is an error of its own', () => {
    assert.throws(() => require('node:nothing'), {
        name: 'Error',
        code: 'ERR_UNKNOWN_BUILTIN_MODULE',
        message: 'No such built-in module: node:nothing',
    });
    assert.throws(() => require('internal/errors'),
        { code: 'MODULE_NOT_FOUND' });
    assert.throws(() => require('node:internal/errors'),
        { code: 'ERR_UNKNOWN_BUILTIN_MODULE' });
});

test('builtins are the same with node: and without', () => {
    for (const name of ['assert', 'assert/strict', 'buffer', 'console', 'dns',
        'dns/promises', 'events', 'fs', 'fs/promises', 'net', 'path',
        'process', 'stream', 'stream/promises', 'string_decoder', 'timers',
        'timers/promises', 'util', 'util/types'])
        assert.strictEqual(require(`node:${name}`), require(name), name);
});

test.weir('a builtin of Node that weir leaves out is told as such', () => {
    for (const name of ['https', 'tls', 'crypto', 'os', 'url',
        'child_process', 'zlib', 'http2', 'readline', 'worker_threads']) {
        const error = thrownBy(() => require(name));
        const lines = error.message.split('\n');
        assert.strictEqual(error.code, 'MODULE_NOT_FOUND');
        assert.strictEqual(lines[0], `Cannot find module '${name}'`);
        assert.strictEqual(lines[1], `weir has no builtin module '${name}'`);
        assert.strictEqual(lines[2], 'Require stack:');
    }
    assert.throws(() => require('node:http'), {
        code: 'ERR_UNKNOWN_BUILTIN_MODULE',
        message: 'No such built-in module: node:http',
    });
});

test.weir('a package may stand in for a builtin that is left out', () => {
    assert.strictEqual(inTop('http'), 'an http from npm');
});

test('JSON that is none names its file', () => {
    const error = thrownBy(() => fixture('bad.json'));
    assert.strictEqual(error.name, 'SyntaxError');
    assert.ok(error.message.startsWith(`${at('bad.json')}: `), error.message);
});

test('a package.json that is none names its file', () => {
    const error = thrownBy(() => fixture('broken_package'));
    const name = at('broken_package', 'package.json');
    assert.strictEqual(error.name, 'SyntaxError');
    assert.ok(error.message.startsWith(`Error parsing ${name}: `));
    assert.strictEqual(error.path, name);
});

test('a native addon is refused', () => {
    const error = thrownBy(() => fixture('addon.node'));
    assert.strictEqual(error.code, 'ERR_DLOPEN_FAILED');
    assert.ok(error.message.startsWith(at('addon.node')), error.message);
});

test('a file that is gone is an error of the file system', () => {
    assert.throws(() => {
        const made = new module.constructor(at('gone.js'), module);
        made.load(at('gone.js'));
    }, {
        code: 'ENOENT',
        syscall: 'open',
        message: 'ENOENT: no such file or directory, open ' +
            `'${at('gone.js')}'`,
    });
});

// ----------------------------------------------------------------- exports

test('"exports" decides what a package gives out', () => {
    assert.strictEqual(inTop('sugar'), 'only');
    assert.strictEqual(inTop('conditions'), 'required');
    assert.strictEqual(inTop('exporter'), 'main of exporter');
    assert.strictEqual(inTop('exporter/sub'), 'sub of exporter');
    assert.strictEqual(inTop('exporter/json').name, 'exporter');
    assert.deepStrictEqual(inTop('@scope/thing'), ['thing', 'part']);
});

test('a * in "exports" stands for anything, the closest key counts', () => {
    assert.strictEqual(inTop('exporter/lib/sub'), 'sub of exporter');
    assert.strictEqual(inTop('exporter/lib/sub.js'), 'sub of exporter');
});

test('of a list the first that is usable counts', () => {
    assert.strictEqual(inTop('exporter/list'), 'sub of exporter');
});

test('what "exports" does not name cannot be had', () => {
    const where = 'in <top>/node_modules/exporter/package.json';
    for (const subpath of ['hidden', 'lib/private/secret',
        'for-import', 'package.json', 'nothing', '']) {
        assert.strictEqual(refusal(`exporter/${subpath}`),
            'Error ERR_PACKAGE_PATH_NOT_EXPORTED Package subpath ' +
            `'./${subpath}' is not defined by "exports" ${where}`);
    }
    assert.strictEqual(refusal('@scope/thing/other'),
        'Error ERR_PACKAGE_PATH_NOT_EXPORTED Package subpath ' +
        '\'./other\' is not defined by "exports" in ' +
        '<top>/node_modules/@scope/thing/package.json');
});

test('targets must stay in their package', () => {
    const config = '<top>/node_modules/exporter/package.json';
    const start = 'Error ERR_INVALID_PACKAGE_TARGET Invalid "exports" target';
    assert.strictEqual(refusal('exporter/outside'),
        `${start} "../outer/index.js" defined for './outside' in the ` +
        `package config ${config}; targets must start with "./"`);
    assert.strictEqual(refusal('exporter/number'),
        `${start} "5" defined for './number' in the package config ` +
        `${config}; targets must start with "./"`);
    assert.strictEqual(refusal('exporter/dots'),
        `${start} "./lib/../lib/sub.js" defined for './dots' in the ` +
        `package config ${config}`);
    assert.strictEqual(refusal('exporter/lib/../secret'),
        'TypeError ERR_INVALID_MODULE_SPECIFIER Invalid module ' +
        '"./lib/../secret" request is not a valid match in pattern ' +
        `"./lib/*" for the "exports" resolution of ${config}`);
});

test('a target that is no file is a missing module', () => {
    const error = thrownBy(() => inTop('exporter/missing'));
    assert.strictEqual(error.code, 'MODULE_NOT_FOUND');
    assert.strictEqual(error.message, 'Cannot find module ' +
        `'${at('node_modules/exporter/lib/none.js')}'`);
    assert.strictEqual(error.path, at('node_modules/exporter/package.json'));
});

test('"exports" that mean two things mean none', () => {
    for (const name of ['mixed', 'numbered'])
        assert.match(refusal(name), /^Error ERR_INVALID_PACKAGE_CONFIG /);
});

// ----------------------------------------------------- self and "imports"

test('a package may ask for itself by its name', () => {
    assert.strictEqual(self.util(), 'util of self');
    assert.strictEqual(inSelf('self'), self);
    assert.strictEqual(refusal('self/other', inSelf),
        'Error ERR_PACKAGE_PATH_NOT_EXPORTED Package subpath \'./other\' is ' +
        'not defined by "exports" in <top>/self/package.json imported from ' +
        '<top>/self/index.js');
});

test('"imports" are what a package calls #names', () => {
    assert.strictEqual(inSelf('#util'), 'util of self');
    assert.strictEqual(inSelf('#lib/util'), 'util of self');
    assert.strictEqual(inSelf('#outer'), 'outer');
    assert.strictEqual(inSelf('#conditions'), 'util of self');
});

test('a #name that is none is told with its package', () => {
    const from = 'imported from <top>/self/index.js';
    for (const name of ['#nothing', '#unknown']) {
        assert.strictEqual(refusal(name, inSelf),
            'TypeError ERR_PACKAGE_IMPORT_NOT_DEFINED Package import ' +
            `specifier "${name}" is not defined in package ` +
            `<top>/self/package.json ${from}`);
    }
    for (const name of ['#', '#/util']) {
        assert.strictEqual(refusal(name, inSelf),
            'TypeError ERR_INVALID_MODULE_SPECIFIER Invalid module ' +
            `"${name}" is not a valid internal imports specifier name ${from}`);
    }
    assert.strictEqual(refusal('#outside', inSelf),
        'Error ERR_INVALID_PACKAGE_TARGET Invalid "imports" target ' +
        '"../plain.js" defined for \'#outside\' in the package config ' +
        `<top>/self/package.json ${from}`);
    assert.match(refusal('#util'), /^Error MODULE_NOT_FOUND /);
});

// -------------------------------------------------- what is not CommonJS

test('a syntax error names the file and the line', () => {
    const error = thrownBy(() => fixture('syntax_error'));
    assert.strictEqual(error.name, 'SyntaxError');
    assert.strictEqual(error.message, "Unexpected token ';'");
    assert.ok(error.stack.startsWith(`${at('syntax_error.js')}:2\n` +
        'const broken = ;\n' +
        '               ^\n\n' +
        "SyntaxError: Unexpected token ';'\n    at "), error.stack);
});

test.weir('the syntax of ES modules is told as such, with its place', () => {
    for (const [name, line, words] of [
        ['with_import', 2, 'Cannot use import statement outside a module'],
        ['with_export', 2, "Unexpected token 'export'"],
        ['with_meta', 1, "Cannot use 'import.meta' outside a module"],
        ['with_await', 1, 'await is only valid in async functions and the ' +
            'top level bodies of modules'],
    ]) {
        const error = thrownBy(() => fixture(name));
        const place = `${at(`${name}.js`)}:${line}`;
        assert.strictEqual(error.name, 'SyntaxError');
        assert.strictEqual(error.code, 'ERR_REQUIRE_ESM');
        assert.ok(error.message.startsWith(`${words}. weir runs CommonJS `),
            error.message);
        assert.ok(error.message.endsWith(` in ${place})`), error.message);
        assert.ok(error.stack.startsWith(`${place}\n`), error.stack);
    }
});

test.weir('.mjs and "type": "module" are told as such', () => {
    for (const [name, why] of [
        ['module.mjs', 'A file named .mjs is an ES module'],
        ['module_type/plain.js',
            `${at('module_type/package.json')} says "type": "module"`],
    ]) {
        const error = thrownBy(() => fixture(name));
        const lines = error.message.split('\n');
        assert.strictEqual(error.code, 'ERR_REQUIRE_ESM');
        assert.strictEqual(lines[0], `require() of ES Module ${at(name)} ` +
            `from ${__filename} not supported.`);
        assert.ok(lines[1].startsWith(why), lines[1]);
    }
});

test('"type": "module" leaves .cjs alone', () => {
    assert.strictEqual(inTop('./module_type/plain.cjs'),
        'common all the same');
});

test.weir('import() is refused by a rejection', async () => {
    await assert.rejects(import('./harness.js'), /import/);
});
