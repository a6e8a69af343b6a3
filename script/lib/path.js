// path: POSIX paths as strings. Nothing here looks at the file system (only
// resolve() and relative() ask for the working directory).
//
// The idea: almost everything is a question about segments, the pieces between
// slashes. normalize() is the one place that knows what '.' and '..' mean; the
// functions that take a path apart (parse, dirname, basename, extname) find two
// indices from the right, where the last segment starts and where it ends, and
// cut there, since trailing slashes do not count.
//
// weir runs on POSIX systems only: path.win32 is this same object.

const { upcalls } = require('internal/core');
const { validateObject, validateString } = require('internal/validators');

const SLASH = 47;
const DOT = 46;

// The path without '', '.' and, where something is there to go up from, '..'.
// Above the root there is nothing; above a relative path '..' must stay.
function collapse(path, absolute) {
    const kept = [];

    for (const segment of path.split('/')) {
        if (segment === '' || segment === '.')
            continue;
        if (segment !== '..')
            Arrays.push(kept, segment);
        else if (kept.length > 0 && kept[kept.length - 1] !== '..')
            Arrays.pop(kept);
        else if (!absolute)
            Arrays.push(kept, '..');
    }
    return Arrays.join(kept, '/');
}

function isAbsolute(path) {
    validateString(path, 'path');
    return path.charCodeAt(0) === SLASH;
}

function normalize(path) {
    validateString(path, 'path');
    if (path === '')
        return '.';

    const absolute = path.charCodeAt(0) === SLASH;
    const rest = collapse(path, absolute);

    if (rest === '' && absolute)
        return '/';
    const trailing = path.endsWith('/') ? '/' : '';
    return (absolute ? '/' : '') + (rest || '.') + trailing;
}

function join(...paths) {
    for (const path of paths)
        validateString(path, 'path');
    return normalize(Arrays.filter(paths, (path) => path !== '').join('/'));
}

// From the right, until what has been gathered is absolute.
function resolve(...paths) {
    let result = '';

    for (let i = paths.length - 1; i >= 0; i--) {
        validateString(paths[i], `paths[${i}]`);
        if (paths[i] === '')
            continue;
        result = `${paths[i]}/${result}`;
        if (Strings.charCodeAt(result, 0) === SLASH)
            break;
    }
    if (Strings.charCodeAt(result, 0) !== SLASH)
        result = `${upcalls().process().cwd()}/${result}`;
    return `/${collapse(result, true)}`;
}

function relative(from, to) {
    validateString(from, 'from');
    validateString(to, 'to');
    if (from === to)
        return '';

    const start = resolve(from).split('/').filter(Boolean);
    const target = resolve(to).split('/').filter(Boolean);
    let common = 0;

    while (common < start.length && start[common] === target[common])
        common++;
    return [
        ...start.slice(common).fill('..'),
        ...target.slice(common),
    ].join('/');
}

function toNamespacedPath(path) {
    return path; // a notion of Windows
}

// The end of the last segment: before the slashes that close the path.
function endOfLast(path) {
    let end = path.length;

    while (end > 0 && path.charCodeAt(end - 1) === SLASH)
        end--;
    return end;
}

function startOfLast(path, end) {
    return end === 0 ? 0 : path.lastIndexOf('/', end - 1) + 1;
}

function dirname(path) {
    validateString(path, 'path');
    if (path === '')
        return '.';

    const start = startOfLast(path, endOfLast(path));
    if (start === 0)
        return path.charCodeAt(0) === SLASH ? '/' : '.';

    // Only the slash next to the last segment goes; the root keeps its own,
    // and two leading ones, which POSIX leaves to the system, stay two.
    const isRoot = start === 1 || (start === 2 && path.startsWith('//'));
    return Strings.slice(path, 0, isRoot ? start : start - 1);
}

function basename(path, suffix) {
    if (suffix !== undefined)
        validateString(suffix, 'suffix');
    validateString(path, 'path');
    // A path that is the suffix as a whole has nothing before it; any other
    // last segment keeps at least one character.
    if (suffix !== undefined && suffix !== '' && path === suffix)
        return '';

    const end = endOfLast(path);
    const base = Strings.slice(path, startOfLast(path, end), end);

    if (suffix && base !== suffix && Strings.endsWith(base, suffix))
        return Strings.slice(base, 0, -suffix.length);
    return base;
}

// Where the extension of a last segment starts: its last dot, unless that is
// its first character ('.profile') or the segment is '..'.
function extensionStart(base) {
    const dot = Strings.lastIndexOf(base, '.');

    return dot <= 0 || base === '..' ? base.length : dot;
}

function extname(path) {
    validateString(path, 'path');

    const base = basename(path);
    return Strings.slice(base, extensionStart(base));
}

function parse(path) {
    validateString(path, 'path');

    const root = path.charCodeAt(0) === SLASH ? '/' : '';
    const end = endOfLast(path);
    const start = Math.max(startOfLast(path, end), root.length);
    const base = Strings.slice(path, start, Math.max(start, end));
    const dot = extensionStart(base);
    // All slashes but one between the folder and the last segment belong to
    // the folder; the root is its own folder.
    const dir = start > root.length ? Strings.slice(path, 0, start - 1) : root;

    return {
        root, dir, base,
        ext: Strings.slice(base, dot), name: Strings.slice(base, 0, dot),
    };
}

function formatExtension(ext) {
    return !ext || Strings.charCodeAt(ext, 0) === DOT ? ext || '' : `.${ext}`;
}

function format(pathObject) {
    validateObject(pathObject, 'pathObject');

    const dir = pathObject.dir || pathObject.root;
    const base = pathObject.base ||
        `${pathObject.name || ''}${formatExtension(pathObject.ext)}`;

    if (!dir)
        return base;
    return dir === pathObject.root ? `${dir}${base}` : `${dir}/${base}`;
}

const posix = {
    resolve, normalize, isAbsolute, join, relative, toNamespacedPath,
    dirname, basename, extname, format, parse,
    sep: '/', delimiter: ':',
};

posix.posix = posix.win32 = posix;
module.exports = posix;
