/*
 * What package.json has to say about which file is meant
 *
 * A package lists under "exports" what others may ask it for, and under
 * "imports" what its own files call #names. Both map a key to a target, and a
 * target is a path, a list of which the first usable one counts, or an object
 * whose keys are conditions. So one function resolves targets, one finds the
 * key that matches (with one * in it, if need be), and what is left is to say
 * who asked when there is nothing to be found.
 *
 * Three answers are kept apart throughout: a path; null, which the package
 * says to hide something; undefined, when no condition applied.
 *
 * All paths are absolute. Names of builtins that a "#name" may stand for come
 * out as they are, with their "node:".
 */

const { dirname, resolve } = require('path');

const { codes } = require('internal/errors');

const { readText } = binding.loader;

const conditions = new SafeSet(['node', 'require']);
const packages = new SafeMap(); // folder: what its package.json says, or null

// ------------------------------------------------------------ package.json

function parse(text, path) {
    try {
        return JSON.parse(text);
    } catch (error) {
        error.message = `Error parsing ${path}: ${error.message}`;
        error.path = path;
        throw error;
    }
}

function field(json, name, type) {
    return typeof json[name] === type ? json[name] : undefined;
}

// What the folder's package.json says, null when it has none.
function readPackage(folder) {
    const known = packages.get(folder);
    if (known !== undefined)
        return known;
    const path = resolve(folder, 'package.json');
    const text = readText(path);
    let made = null;
    if (typeof text === 'string') {
        const json = Object(parse(text, path));
        made = {
            folder,
            path,
            name: field(json, 'name', 'string'),
            main: field(json, 'main', 'string'),
            type: json.type === 'module' ? 'module' : 'commonjs',
            exports: json.exports ?? undefined,
            imports: field(json, 'imports', 'object') ?? undefined,
        };
    }
    packages.set(folder, made);
    return made;
}

// The package that a file belongs to: the nearest package.json upwards, not
// beyond node_modules.
function packageOf(filename) {
    for (let folder = dirname(filename); ; folder = dirname(folder)) {
        if (Strings.endsWith(folder, '/node_modules'))
            return null;
        const found = readPackage(folder);
        if (found !== null || folder === '/')
            return found;
    }
}

// ----------------------------------------------------------------- targets

const forbidden = /^(\.|%2e){1,2}$|^node_modules$/i;

function leavesFolder(path) {
    return path.split(/\/|\\|%2f|%5c/i)
        .some((part) => RegExps.test(forbidden, part));
}

// One question put to a package: what everybody needs to answer it, and to
// say what was wrong.
class Question {
    constructor(pkg, key, rest, isPattern, isImport, base) {
        this.pkg = pkg;
        this.key = key;             // of "exports" or "imports"
        this.rest = rest;           // what the * stands for
        this.isPattern = isPattern;
        this.isImport = isImport;
        this.base = base;           // the file that asks
    }

    invalid(target) {
        const shown = typeof target === 'object' && target !== null ?
            JSON.stringify(target) : `${target}`;
        return new codes.ERR_INVALID_PACKAGE_TARGET(`${this.pkg.folder}/`,
            this.key, shown, this.isImport, this.base);
    }

    fill(target) {
        return this.isPattern ?
            Strings.replaceAll(target, '*', () => this.rest) :
            target;
    }

    path(target) {
        if (!Strings.startsWith(target, './'))
            return this.elsewhere(target);
        if (leavesFolder(Strings.slice(target, 2)))
            throw this.invalid(target);
        if (this.isPattern && leavesFolder(this.rest))
            throw this.invalidRequest();
        return resolve(this.pkg.folder, this.fill(target));
    }

    // A #name may stand for another package, or for a builtin.
    elsewhere(target) {
        const isName = !Strings.startsWith(target, '/') &&
            !Strings.startsWith(target, '../') &&
            target !== '';
        if (!this.isImport || !isName)
            throw this.invalid(target);
        return { request: this.fill(target) };
    }

    invalidRequest() {
        const request = Strings.replace(this.key, '*', () => this.rest);
        const field = this.isImport ? 'imports' : 'exports';
        return new codes.ERR_INVALID_MODULE_SPECIFIER(request,
            'request is not a valid match in pattern ' +
            `"${this.key}" for the "${field}" resolution of ` +
            this.pkg.path, this.base);
    }

    target(target) {
        if (target === null)
            return null;
        if (typeof target === 'string')
            return this.path(target);
        if (Array.isArray(target))
            return this.first(target);
        if (typeof target === 'object')
            return this.byCondition(target);
        throw this.invalid(target);
    }

    first(list) {
        let invalid;
        let result = null;
        for (const target of list) {
            try {
                result = this.target(target);
            } catch (error) {
                if (error.code !== 'ERR_INVALID_PACKAGE_TARGET')
                    throw error;
                invalid = error;
                continue;
            }
            if (result !== undefined && result !== null)
                return result;
            invalid = undefined;
        }
        if (invalid !== undefined)
            throw invalid;
        return result;
    }

    byCondition(targets) {
        // Numbers would come first whatever their place in the file is.
        if (Object.keys(targets).some(
            (key) => RegExps.test(/^(0|[1-9]\d*)$/, key))) {
            throw new codes.ERR_INVALID_PACKAGE_CONFIG(this.pkg.path,
                this.base, '"exports" cannot contain numeric property keys.');
        }
        for (const key of Object.keys(targets)) {
            if (key !== 'default' && !conditions.has(key))
                continue;
            const result = this.target(targets[key]);
            if (result !== undefined)
                return result;
        }
        return undefined;
    }
}

// -------------------------------------------------------------------- keys

function matches(key, request) {
    const star = Strings.indexOf(key, '*');
    if (star < 0 || Strings.lastIndexOf(key, '*') !== star)
        return false;
    return request.length >= key.length &&
        Strings.startsWith(request, Strings.slice(key, 0, star)) &&
        Strings.endsWith(request, Strings.slice(key, star + 1));
}

// The more that stands before the *, the closer it fits; then the longer key.
function isCloser(key, other) {
    const difference = Strings.indexOf(key, '*') - other.indexOf('*');
    return difference > 0 || (difference === 0 && key.length > other.length);
}

// What the map says about the request: a path, or null or undefined.
function lookUp(map, request, pkg, isImport, base) {
    if (Object.hasOwn(map, request) && !Strings.includes(request, '*') &&
        !Strings.endsWith(request, '/')) {
        return new Question(pkg, request, '', false, isImport, base)
            .target(map[request]);
    }
    let best;
    for (const key of Object.keys(map)) {
        if (matches(key, request) &&
            (best === undefined || isCloser(key, best)))
            best = key;
    }
    if (best === undefined)
        return undefined;
    const star = Strings.indexOf(best, '*');
    const rest = Strings.slice(request, star,
        request.length - best.length + star + 1);
    return new Question(pkg, best, rest, true, isImport, base)
        .target(map[best]);
}

// ----------------------------------------------------------------- exports

// "exports" may be the target of '.' itself, or the conditions for it.
function exportsMap(pkg, base) {
    const { exports } = pkg;
    if (typeof exports !== 'object' || Array.isArray(exports))
        return { '.': exports };
    const keys = Object.keys(exports);
    const subpaths =
        Arrays.filter(keys, (key) => Strings.startsWith(key, '.')).length;
    if (subpaths > 0 && subpaths < keys.length) {
        throw new codes.ERR_INVALID_PACKAGE_CONFIG(pkg.path, base,
            '"exports" cannot contain some keys starting with \'.\' and some ' +
            'not. The exports object must either be an object of package ' +
            'subpath keys or an object of main entry condition name keys ' +
            'only.');
    }
    return subpaths > 0 ? exports : { '.': exports };
}

// `subpath` is '.' or './something'.
function resolveExports(pkg, subpath, base) {
    const found = lookUp(exportsMap(pkg, base), subpath, pkg, false, base);
    if (found !== null && found !== undefined)
        return found;
    throw new codes.ERR_PACKAGE_PATH_NOT_EXPORTED(`${pkg.folder}/`, subpath,
        base);
}

// ----------------------------------------------------------------- imports

// A path, or { request } for what is to be looked for as if it had been asked
// for; undefined when the file's package has no imports at all.
function resolveImports(request, filename) {
    const pkg = packageOf(filename);
    if (pkg === null || pkg.imports === undefined)
        return undefined;
    if (request === '#' || Strings.startsWith(request, '#/') ||
        Strings.endsWith(request, '/')) {
        throw new codes.ERR_INVALID_MODULE_SPECIFIER(request,
            'is not a valid internal imports specifier name', filename);
    }
    const found = lookUp(pkg.imports, request, pkg, true, filename);
    if (found !== null && found !== undefined)
        return found;
    throw new codes.ERR_PACKAGE_IMPORT_NOT_DEFINED(request, `${pkg.folder}/`,
        filename);
}

module.exports = { packageOf, readPackage, resolveExports, resolveImports };
