// floors.js FOLDER - prints what in FOLDER, a script/lib, is not as its file
// `floors` says: requires of a higher floor, circles beyond one module, modules
// on no floor or on two, and ids that cannot be read here.
//
// A require counts wherever it stands, in a function too. So does the use of a
// global that internal/boot/globals.js makes: it loads its module.

const fs = require('fs');

const root = process.argv[2];

// ------------------------------------------------------------ reading JavaScript

const SKIPPED = /\s+|\/\/.*|\/\*[^]*?\*\//y;
const STRING = /'(?:[^'\\\n]|\\[^])*'|"(?:[^"\\\n]|\\[^])*"/y;
const REGEXP = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*/y;
const WORD = /[#\w$]+/y;
const SIGN = /\.\.\.|\?\.(?!\d)|=>|[^]/y;
const TEMPLATE = /(?:[^`\\$]|\\[^]|\$(?!\{))*(`|\$\{)/y;
// A slash after these begins an expression.
const NO_VALUE = /^(?:return|typeof|case|in|of|[^\w$#'")\]}])$/;

// The text without comments and what is in templates, as a list of tokens.
function tokensOf(text) {
    const tokens = [];
    const open = []; // braces, true for those of a template
    let at = 0;

    function take(pattern) {
        pattern.lastIndex = at;
        const match = pattern.exec(text);
        if (match !== null)
            at = pattern.lastIndex;
        return match;
    }

    function template() {
        if (take(TEMPLATE)[1] === '${')
            open.push(true);
        else
            tokens.push("''");
    }

    while (at < text.length) {
        if (take(SKIPPED) !== null)
            continue;
        const last = tokens.at(-1) ?? ';';
        let token = take(STRING) ?? take(WORD);
        if (token === null && text[at] === '/' && NO_VALUE.test(last))
            token = take(REGEXP) && ["''"];
        token ??= take(SIGN);
        if (token[0] === '`') {
            template();
            continue;
        }
        if (token[0] === '{')
            open.push(false);
        if (token[0] === '}' && open.pop())
            template();
        else
            tokens.push(token[0]);
    }
    return tokens;
}

function isString(token) {
    return token[0] === "'" || token[0] === '"';
}

// ------------------------------------------------------------------- the files

function read(name) {
    return fs.readFileSync(`${root}/${name}`, 'utf8');
}

function idsIn(folder = '') {
    const ids = [];
    for (const each of fs.readdirSync(`${root}/${folder}`,
        { withFileTypes: true })) {
        if (each.isDirectory())
            ids.push(...idsIn(`${folder}${each.name}/`));
        else if (each.name.endsWith('.js'))
            ids.push(folder + each.name.slice(0, -3));
    }
    return ids;
}

function moduleOf(id) {
    return id.replace(/^internal\//, '').split('/')[0];
}

const faults = [];
const floors = []; // names, the highest first
const floorOf = new Map(); // of a module: its number, more is lower
let computed = [];

for (const line of read('floors').split('\n')) {
    const [, name, list] = /^(\w+): (.*)$/.exec(line) ?? [];
    if (name === 'computed') {
        computed = list.split(' ');
    } else if (name !== undefined) {
        for (const each of list.split(' ')) {
            if (floorOf.has(each))
                faults.push(`${each} is on two floors`);
            floorOf.set(each, floors.length);
        }
        floors.push(name);
    }
}

const tokens = new Map(idsIn().map((id) => [id, tokensOf(read(`${id}.js`))]));
const requires = new Map([...tokens.keys()].map((id) => [id, new Set()]));

// ---------------------------------------------------------- who requires whom

function noteRequires(id, list) {
    list.forEach((token, i) => {
        if (!/^require(Builtin)?$/.test(token) || /^\??\.$/.test(list[i - 1]))
            return;
        const [open, what, close] = list.slice(i + 1, i + 4);
        if (open === '(' && isString(what) && close === ')') {
            const wanted = what.slice(1, -1);
            if (tokens.has(wanted))
                requires.get(id).add(wanted);
            else
                faults.push(`${id} requires ${wanted}, which is none of ours`);
        } else if (!computed.includes(id)) {
            faults.push(`${id} requires what is not written there: ` +
                list.slice(i, i + 6).join(' '));
        }
    });
}

// name: id, of `define(name, () => require(id))` and `defineAll(id, [name])`.
function globalsOf(list) {
    const globals = new Map();
    list.forEach((token, i) => {
        if (!/^define(All)?$/.test(token) || list[i - 1] === 'function')
            return;
        const texts = list.slice(i, list.indexOf(';', i)).filter(isString)
            .map((text) => text.slice(1, -1));
        if (token === 'define')
            texts.reverse();
        const [id, ...names] = texts;
        names.forEach((name) => globals.set(name, id));
    });
    return globals;
}

// What the file itself declares is no global in it.
function declaredIn(list) {
    const names = new Set();
    list.forEach((token, i) => {
        if (!/^(const|let|function|class)$/.test(token))
            return;
        names.add(list[i + 1]);
        if (list[i + 1] === '{')
            list.slice(i + 2, list.indexOf('}', i)).forEach((name) =>
                names.add(name));
    });
    return names;
}

function noteGlobals(id, list, globals) {
    const declared = declaredIn(list);
    list.forEach((token, i) => {
        const isKey = list[i + 1] === ':' && /^[{,]$/.test(list[i - 1]);
        if (globals.has(token) && !declared.has(token) && !isKey &&
            !/^\??\.$/.test(list[i - 1]))
            requires.get(id).add(globals.get(token));
    });
}

const globals = globalsOf(tokens.get('internal/boot/globals'));
for (const [id, list] of tokens) {
    noteRequires(id, list);
    noteGlobals(id, list, globals);
}

// ------------------------------------------------------------------- judging

function nameOf(id) {
    return `${id} (${floors[floorOf.get(moduleOf(id))]})`;
}

for (const [id, wanted] of requires) {
    if (!floorOf.has(moduleOf(id)))
        faults.push(`${id} is on no floor`);
    for (const each of wanted) {
        if (floorOf.get(moduleOf(each)) < floorOf.get(moduleOf(id)))
            faults.push(`${nameOf(id)} requires ${nameOf(each)}`);
    }
}
for (const name of floorOf.keys()) {
    if (![...tokens.keys()].some((id) => moduleOf(id) === name))
        faults.push(`${name} is on a floor, and there is no such module`);
}

// All that is required by way of others.
function reachable(id, found = new Set()) {
    for (const each of requires.get(id)) {
        if (!found.has(each))
            reachable(each, found.add(each));
    }
    return found;
}

const reached = new Map([...tokens.keys()].map((id) => [id, reachable(id)]));
const seen = new Set();
for (const [id, all] of reached) {
    const circle = [...all].filter((each) => reached.get(each).has(id));
    if (!seen.has(id) && new Set(circle.map(moduleOf)).size > 1)
        faults.push(`a circle: ${circle.join(', ')}`);
    circle.forEach((each) => seen.add(each));
}

for (const each of faults)
    console.log(each);
process.exitCode = faults.length > 0 ? 1 : 0;
