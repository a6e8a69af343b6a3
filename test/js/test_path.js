'use strict';
const { test, assert } = require('./harness');
const path = require('path').posix;

/* Each row: arguments, and what the function gives for them. */
function table(name, rows) {
    test(`${name} of ${rows.length} paths`, () => {
        for (const [args, expected] of rows) {
            assert.deepStrictEqual(path[name](...args), expected,
                `${name}(${JSON.stringify(args)})`);
        }
    });
}

table('normalize', [
    [[''], '.'], [['.'], '.'], [['./'], './'], [['/'], '/'], [['//'], '/'],
    [['/..'], '/'], [['/../a'], '/a'], [['..'], '..'], [['../'], '../'],
    [['a/..'], '.'], [['a/../'], './'], [['a/../..'], '..'],
    [['../../a/../b'], '../../b'], [['a//b///c/'], 'a/b/c/'],
    [['./a/./b/.'], 'a/b'], [['/a/b/../c'], '/a/c'], [['...'], '...'],
    [['a/.../b'], 'a/.../b'],
]);

table('join', [
    [[], '.'], [['', ''], '.'], [['a', 'b'], 'a/b'], [['a', '', 'b'], 'a/b'],
    [['/a', '../b'], '/b'], [['a', '../../b'], '../b'], [['/', '/a'], '/a'],
    [['a/', '/b/'], 'a/b/'], [['..', '..'], '../..'],
]);

table('dirname', [
    [[''], '.'], [['/'], '/'], [['//'], '/'], [['a'], '.'], [['/a'], '/'],
    [['//a'], '//'], [['a/b'], 'a'], [['a/b/'], 'a'], [['a//b'], 'a/'],
    [['/a/b/c'], '/a/b'], [['./a'], '.'],
]);

table('basename', [
    [[''], ''], [['/'], ''], [['a'], 'a'], [['/a/b'], 'b'], [['a/b/'], 'b'],
    [['b.js', '.js'], 'b'], [['/a/b.js', '.js'], 'b'], [['b.js', 'js'], 'b.'],
    [['.js', '.js'], ''], [['a/.js', '.js'], '.js'], [['a.js', '.ts'], 'a.js'],
    [['a.js', ''], 'a.js'],
]);

table('extname', [
    [[''], ''], [['a'], ''], [['a.b'], '.b'], [['a.b.c'], '.c'], [['a.'], '.'],
    [['.a'], ''], [['.a.b'], '.b'], [['..'], ''], [['.'], ''], [['a.b/'], '.b'],
    [['a.b/c'], ''], [['...'], '.'], [['a..b'], '.b'],
]);

table('isAbsolute', [
    [[''], false], [['/'], true], [['a'], false], [['./a'], false],
    [['//a'], true],
]);

table('resolve', [
    [['/a', 'b'], '/a/b'], [['/a', '/b', 'c'], '/b/c'], [['/a', ''], '/a'],
    [['/a/b/', '../c'], '/a/c'], [['/', '..'], '/'],
    [['/a', '.', 'b/'], '/a/b'],
    [[], process.cwd()], [['x'], `${process.cwd()}/x`],
]);

table('relative', [
    [['/a/b', '/a/b'], ''], [['/a/b', '/a/c'], '../c'],
    [['/a', '/a/b/c'], 'b/c'],
    [['/a/b/c', '/a'], '../..'], [['/', '/a'], 'a'], [['/a', '/'], '..'],
    [['/foo/bar', '/foo/barbaz'], '../barbaz'], [['a/b', 'a/c'], '../c'],
]);

table('parse', [
    [[''], { root: '', dir: '', base: '', ext: '', name: '' }],
    [['/'], { root: '/', dir: '/', base: '', ext: '', name: '' }],
    [['/a'], { root: '/', dir: '/', base: 'a', ext: '', name: 'a' }],
    [['a.b'], { root: '', dir: '', base: 'a.b', ext: '.b', name: 'a' }],
    [['/a/b.tar.gz'],
        { root: '/', dir: '/a', base: 'b.tar.gz', ext: '.gz', name: 'b.tar' }],
    [['./a/.b/'], { root: '', dir: './a', base: '.b', ext: '', name: '.b' }],
]);

table('format', [
    [[{ dir: '/a', base: 'b.c' }], '/a/b.c'],
    [[{ root: '/', base: 'b.c' }], '/b.c'],
    [[{ root: '/', dir: '/', name: 'b', ext: '.c' }], '/b.c'],
    [[{ name: 'b', ext: 'c' }], 'b.c'],
    [[{ base: 'x', name: 'b', ext: '.c' }], 'x'],
    [[{}], ''],
]);

test('sep, delimiter, posix and toNamespacedPath', () => {
    assert.strictEqual(path.sep, '/');
    assert.strictEqual(path.delimiter, ':');
    assert.strictEqual(require('path').posix, path);
    assert.strictEqual(path.posix, path);
    assert.strictEqual(path.toNamespacedPath('/a'), '/a');
});

test('what is no string is refused, by its name', () => {
    for (const name of ['normalize', 'dirname', 'basename', 'extname',
        'isAbsolute', 'parse']) {
        assert.throws(() => path[name](5), {
            name: 'TypeError',
            code: 'ERR_INVALID_ARG_TYPE',
            message: 'The "path" argument must be of type string. ' +
                'Received type number (5)',
        });
    }
    assert.throws(() => path.join('a', null),
        { message: /^The "path" argument must be of type string/ });
    assert.throws(() => path.resolve(true),
        { message: /^The "paths\[0\]" argument must be of type string/ });
    assert.throws(() => path.basename('a', 5),
        { message: /^The "suffix" argument must be of type string/ });
    assert.throws(() => path.relative('a'),
        { message: /^The "to" argument must be of type string/ });
    assert.throws(() => path.format('a'),
        { message: /^The "pathObject" argument must be of type object/ });
});
