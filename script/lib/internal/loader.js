/*
 * require(), and what the command runs
 *
 *   runMain(path)                    weir script.js
 *   runEval(code, { print, name })   weir -e, weir -p
 *   readStdin()                      weir -
 *   runCheck(path)                   weir --check
 *   checkText(text, name)            the same
 *   sourceOf(name)                   the text that a stack names, or undefined
 *   mainModule()                     the program's own Module, or undefined
 *
 * CommonJS as Node has it. A request goes through three hands: resolve() finds
 * the one file (or builtin) that it means, load() keeps one Module for each
 * file, and the file's extension says how a Module gets its exports. What a
 * package.json has to say is internal/loader/packages's, why a file does not
 * compile internal/errors/syntax's; most programs ask for neither.
 *
 * `cache` is require.cache itself, and `extensions` require.extensions:
 * programs delete from the one and add to the other.
 */

const { requireBuiltin } = require('internal/core');
const { dirname, resolve: resolvePath } = require('path');

const { core, loader } = binding;
const { kind, readText, realpath, DIRECTORY, FILE } = loader;

const builtins = new SafeSet([
    'assert', 'assert/strict', 'buffer', 'console', 'dns', 'dns/promises',
    'events', 'fs', 'fs/promises', 'net', 'path', 'process', 'stream',
    'stream/promises', 'string_decoder', 'tcp', 'timers', 'timers/promises',
    'util', 'util/types',
]);

const cache = { __proto__: null };
const extensions = { __proto__: null };
const resolved = new SafeMap(); // folder of the asking file \0 request: file
const texts = new SafeMap(); // of what comes from no file: '[eval]', '[stdin]'
let main;                   // the Module of the program's file

// --------------------------------------------------------------- what we say

function codes() {
    return require('internal/errors').codes;
}

function requireStack(parent) {
    const stack = [];
    for (let one = parent; one; one = one.parent)
        Arrays.push(stack, one.filename || one.id);
    return stack;
}

// Builtins of Node that weir leaves out, for those who miss one.
function isLeftOut(request) {
    return ('async_hooks child_process cluster constants crypto dgram ' +
        'diagnostics_channel domain http http2 https inspector module os ' +
        'path/posix path/win32 perf_hooks punycode querystring readline ' +
        'readline/promises repl stream/consumers stream/web sys tls ' +
        'trace_events tty url v8 vm wasi worker_threads zlib')
        .split(' ').includes(request);
}

function notFound(request, parent) {
    const stack = requireStack(parent);
    let message = `Cannot find module '${request}'`;
    if (isLeftOut(request))
        message += `\nweir has no builtin module '${request}'`;
    if (stack.length > 0)
        message += `\nRequire stack:\n- ${Arrays.join(stack, '\n- ')}`;
    const error = new Error(message);
    error.code = 'MODULE_NOT_FOUND';
    error.requireStack = stack;
    return error;
}

function notThere(path, packagePath, advice = '') {
    const error = new Error(`Cannot find module '${path}'${advice}`);
    error.code = 'MODULE_NOT_FOUND';
    error.path = packagePath;
    return error;
}

function isModuleSource(filename, parent, reason) {
    const Refusal = codes().ERR_REQUIRE_ESM;
    const error = new Refusal(
        Strings.replace(filename, /\.mjs$/, '.js'), false);
    error.message = `require() of ES Module ${filename}` +
        `${parent ? ` from ${parent.filename}` : ''} not supported.\n` +
        `${reason}; weir runs CommonJS modules only, those with require() ` +
        'and module.exports.';
    return error;
}

// ------------------------------------------------------- from path to file

function real(path) {
    const found = realpath(path);
    return typeof found === 'string' ? found : path;
}

// resolvePath() would ask process, which a start can do without.
function absolute(path) {
    return resolvePath(real('.'), path);
}

function findFile(path) {
    return kind(path) === FILE ? real(path) : undefined;
}

function findWithExtension(path) {
    for (const extension of Object.keys(extensions)) {
        const found = findFile(path + extension);
        if (found !== undefined)
            return found;
    }
    return undefined;
}

function findIndex(folder) {
    return findWithExtension(resolvePath(folder, 'index'));
}

function findInFolder(folder, request) {
    const pkg = require('internal/loader/packages').readPackage(folder);
    if (pkg === null || !pkg.main)
        return findIndex(folder);
    const path = resolvePath(folder, pkg.main);
    const found = findFile(path) ?? findWithExtension(path) ?? findIndex(path);
    if (found !== undefined)
        return found;
    const index = findIndex(folder);
    if (index !== undefined) {
        require('process').emitWarning(
            `Invalid 'main' field in '${pkg.path}' of '${pkg.main}'. Please ` +
            'either fix that or report it to the module author',
            'DeprecationWarning', 'DEP0128');
        return index;
    }
    const error = notThere(path, pkg.path, '. Please verify that the ' +
        'package.json has a valid "main" entry');
    error.requestPath = request;
    throw error;
}

// './a/' is a folder, whatever there may be with the name './a.js'.
function findPath(path, request) {
    const what = kind(path);
    if (!RegExps.test(/(^|\/)\.{0,2}$/, request)) {
        const found = what === FILE ? real(path) : findWithExtension(path);
        if (found !== undefined)
            return found;
    }
    return what === DIRECTORY ? findInFolder(path, request) : undefined;
}

// ------------------------------------------------------------- from packages

const PACKAGE = /^((?:@[^/\\%]+\/)?[^./\\%][^/\\%]*)(\/.*)?$/;

// What a package gave for an answer is a file, or it is an error.
function demand(path, pkg) {
    const found = findFile(path);
    if (found === undefined)
        throw notThere(path, pkg.path);
    return found;
}

function findExported(folder, request) {
    const [, name, rest = ''] = RegExps.exec(PACKAGE, request) ?? [];
    if (name === undefined)
        return undefined;
    const { readPackage, resolveExports } = require('internal/loader/packages');
    const pkg = readPackage(resolvePath(folder, name));
    if (pkg === null || pkg.exports === undefined)
        return undefined;
    return demand(resolveExports(pkg, `.${rest}`), pkg);
}

// A package may ask for itself by its name, if it exports anything.
function findSelf(request, parent) {
    const { packageOf, resolveExports } = require('internal/loader/packages');
    const pkg = packageOf(parent.filename);
    if (pkg === null || pkg.exports === undefined || pkg.name === undefined)
        return undefined;
    if (request !== pkg.name && !Strings.startsWith(request, `${pkg.name}/`))
        return undefined;
    const subpath = `.${Strings.slice(request, pkg.name.length)}`;
    return demand(resolveExports(pkg, subpath, parent.filename), pkg);
}

function findImported(request, parent) {
    const { packageOf, resolveImports } = require('internal/loader/packages');
    const found = resolveImports(request, parent.filename);
    if (found === undefined || typeof found === 'string')
        return found && demand(found, packageOf(parent.filename));
    return resolve(found.request, parent);
}

// --------------------------------------------------------------- the search

function isRelative(request) {
    return RegExps.test(/^\.($|[./])/, request);
}

function moduleFolders(from) {
    const folders = [];
    for (let folder = from; ; folder = dirname(folder)) {
        if (!Strings.endsWith(folder, '/node_modules'))
            Arrays.push(folders, resolvePath(folder, 'node_modules'));
        if (folder === '/')
            return folders;
    }
}

function globalFolders() {
    const list = require('process').env.NODE_PATH ?? '';
    return Strings.split(list, ':').filter((folder) => folder !== '');
}

function foldersFor(request, parent) {
    if (isRelative(request)) {
        const asking = parent?.filename;
        return [asking ? dirname(asking) : '.'];
    }
    return Arrays.concat(parent?.paths ?? [], globalFolders());
}

function findIn(folders, request) {
    if (Strings.startsWith(request, '/'))
        return findPath(absolute(request), request);
    for (const folder of folders) {
        if (kind(folder) !== DIRECTORY)
            continue;
        const found = findExported(folder, request) ??
            findPath(resolvePath(folder, request), request);
        if (found !== undefined)
            return found;
    }
    return undefined;
}

// The builtin's name, undefined when it is none of ours.
function builtinOf(request) {
    if (!Strings.startsWith(request, 'node:'))
        return builtins.has(request) ? request : undefined;
    const name = Strings.slice(request, 5);
    if (builtins.has(name))
        return name;
    const Unknown = codes().ERR_UNKNOWN_BUILTIN_MODULE;
    throw new Unknown(request);
}

// The file that a request means, or the builtin's name as it was asked for.
function resolve(request, parent, folders) {
    if (builtinOf(request) !== undefined)
        return request;
    let found;
    if (Strings.startsWith(request, '#') && parent?.filename)
        found = findImported(request, parent);
    else if (parent?.filename && RegExps.test(PACKAGE, request))
        found = findSelf(request, parent);
    found ??= findIn(folders ?? foldersFor(request, parent), request);
    if (found === undefined)
        throw notFound(request, parent);
    return found;
}

// Those of require.resolve()'s option `paths`.
function foldersFrom(paths, request) {
    if (!Array.isArray(paths)) {
        const Invalid = codes().ERR_INVALID_ARG_VALUE;
        throw new Invalid('options.paths', paths);
    }
    if (isRelative(request))
        return paths;
    return [...new Set(Arrays.flatMap(paths, (path) =>
        [...moduleFolders(absolute(path)), ...globalFolders()]))];
}

// ------------------------------------------------------------------- modules

function addChild(parent, child) {
    if (parent && !Arrays.includes(parent.children, child))
        Arrays.push(parent.children, child);
}

class Module {
    #parent;

    constructor(id = '', parent = undefined) {
        this.id = id;
        this.path = dirname(id);
        this.exports = {};
        this.#parent = parent;
        this.filename = null;
        this.loaded = false;
        this.children = [];
        addChild(parent, this);
    }

    /** The first that asked; null for the program's own file. */
    get parent() {
        return this.#parent;
    }

    set parent(parent) {
        this.#parent = parent;
    }

    require(id) {
        const { validateString } = require('internal/validators');
        validateString(id, 'id');
        if (id === '') {
            const Invalid = codes().ERR_INVALID_ARG_VALUE;
            throw new Invalid('id', id, 'must be a non-empty string');
        }
        return load(id, this);
    }

    load(filename) {
        this.filename = filename;
        this.paths = moduleFolders(dirname(filename));
        extensions[extensionOf(filename)](this, filename);
        this.loaded = true;
    }

    _compile(text, filename) {
        const source = withoutShebang(text);
        const run = compile(source, filename);
        return run.call(this.exports, this.exports, makeRequire(this), this,
            filename, dirname(filename));
    }
}

// A '.' at the front makes a name and no extension: '.gitignore'. Of 'a.b.js'
// the longest that somebody registered counts; what is unknown is JavaScript.
function extensionOf(filename) {
    const name = Strings.slice(filename,
        Strings.lastIndexOf(filename, '/') + 1);
    let dot = Strings.indexOf(name, '.', 1);
    for (; dot >= 0; dot = Strings.indexOf(name, '.', dot + 1)) {
        const extension = Strings.slice(name, dot);
        if (extensions[extension] !== undefined)
            return extension;
    }
    return '.js';
}

function withoutShebang(text) {
    return Strings.startsWith(text, '#!') ?
        `//${Strings.slice(text, 2)}` : text;
}

function compile(source, filename) {
    try {
        return core.compile(source, filename);
    } catch (error) {
        throw require('internal/errors/syntax').explain(error, source, filename);
    }
}

function read(filename) {
    const text = readText(filename);
    if (typeof text !== 'number')
        return text[0] === '\ufeff' ? Strings.slice(text, 1) : text;
    const { errorName, uvException } = require('internal/errors');
    const syscall = errorName(text) === 'EISDIR' ? 'read' : 'open';
    throw uvException({ errno: text, syscall,
        path: syscall === 'open' ? filename : undefined });
}

function refuseModuleSource(filename, parent) {
    if (Strings.endsWith(filename, '.mjs')) {
        throw isModuleSource(filename, parent,
            'A file named .mjs is an ES module');
    }
    if (!Strings.endsWith(filename, '.js'))
        return;
    const pkg = require('internal/loader/packages').packageOf(filename);
    if (pkg?.type === 'module') {
        throw isModuleSource(filename, parent,
            `${pkg.path} says "type": "module"`);
    }
}

extensions['.js'] = (module, filename) => {
    refuseModuleSource(filename, module.parent);
    module._compile(read(filename), filename);
};

extensions['.json'] = (module, filename) => {
    const text = read(filename);
    try {
        module.exports = JSON.parse(text);
    } catch (error) {
        error.message = `${filename}: ${error.message}`;
        throw error;
    }
};

extensions['.node'] = (module, filename) => {
    const Failed = codes().ERR_DLOPEN_FAILED;
    throw new Failed(`${filename}: weir loads no native addons`);
};

// ------------------------------------------------------------------- loading

function runModule(module, filename, parent) {
    let done = false;
    cache[filename] = module;
    try {
        module.load(filename);
        done = true;
    } finally {
        if (!done) {
            delete cache[filename];
            const at = parent?.children.indexOf(module) ?? -1;
            if (at >= 0)
                Arrays.splice(parent.children, at, 1);
        }
    }
    return module.exports;
}

// A module that is being loaded already gives what it has so far.
function load(request, parent) {
    const name = builtinOf(request);
    if (name !== undefined)
        return requireBuiltin(name);
    const key = `${parent.path}\0${request}`;
    let filename = resolved.get(key);
    if (filename === undefined || cache[filename] === undefined) {
        filename = resolve(request, parent);
        // A "#name" that stands for a builtin.
        const builtin = builtinOf(filename);
        if (builtin !== undefined)
            return requireBuiltin(builtin);
        resolved.set(key, filename);
    }
    const cached = cache[filename];
    if (cached !== undefined) {
        addChild(parent, cached);
        return cached.exports;
    }
    return runModule(new Module(filename, parent), filename, parent);
}

function makeRequire(module) {
    function require(id) {
        return module.require(id);
    }
    require.resolve = function resolve(request, options) {
        return resolveFor(module, request, options);
    };
    require.resolve.paths = function paths(request) {
        return foldersSearched(module, request);
    };
    require.main = main;
    require.extensions = extensions;
    require.cache = cache;
    return require;
}

function foldersSearched(module, request) {
    require('internal/validators').validateString(request, 'request');
    return builtins.has(Strings.replace(request, /^node:/, '')) ? null :
        foldersFor(request, module);
}

function resolveFor(module, request, options) {
    require('internal/validators').validateString(request, 'request');
    const paths = options?.paths;
    return resolve(request, module,
        paths === undefined ? undefined : foldersFrom(paths, request));
}

// ------------------------------------------------------------ for the host

function findMain(script) {
    const path = absolute(script);
    const found = findPath(path, path);
    if (found === undefined)
        throw notFound(path);
    return found;
}

function runMain(script) {
    const filename = findMain(script);
    main = new Module(filename, null);
    main.id = '.';
    return runModule(main, filename, null);
}

// Code that is in no file runs as a script: what it declares is global, and so
// are the names that a file has as parameters.
function runEval(code, { print = false, name = '[eval]' } = {}) {
    const module = new Module(name);
    module.filename = absolute(name);
    module.paths = moduleFolders(dirname(module.filename));
    texts.set(name, code);
    Object.assign(globalThis, {
        __filename: name,
        module,
        exports: module.exports,
        __dirname: '.',
        require: makeRequire(module),
    });
    const result = evaluate(code, name);
    if (print)
        require('console').log(result);
    return result;
}

// A syntax error of the code itself has no frame in it: nothing had run.
function evaluate(code, name) {
    try {
        return core.evaluate(code, name, 1);
    } catch (error) {
        if (!(error instanceof SyntaxError) ||
            String(error.stack).includes(`@${name}:`))
            throw error;
        throw require('internal/errors/syntax').explain(error, code, name);
    }
}

function readStdin() {
    return withoutShebang(read(0));
}

function runCheck(script) {
    const filename = findMain(script);
    refuseModuleSource(filename, null);
    compile(withoutShebang(read(filename)), filename);
}

function checkText(text, name) {
    texts.set(name, text);
    compile(text, name);
}

function sourceOf(name) {
    const text = texts.get(name) ??
        (Strings.startsWith(name, '/') ? readText(name) : undefined);
    return typeof text === 'string' ? text : undefined;
}

function mainModule() {
    return main;
}

module.exports = {
    runMain, runEval, readStdin, runCheck, checkText, sourceOf, mainModule,
};
