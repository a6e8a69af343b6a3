'use strict';
/*
 * Every argument meets every kind of value, and what is thrown (class, code,
 * message) or accepted must be what Node throws or accepts.
 *
 * A template is a call with `$` where the value goes. What Node 20 said to
 * each pair stands in fixtures/NAME.json as "Name CODE message", "" where it
 * accepted the value. An error without a code was thrown by Node's engine and
 * by accident ("Cannot convert a BigInt"): there is nothing to match, such a
 * pair is free. With WEIR_GENERATE set the file is written anew (on Node).
 */
const fs = require('fs');
const path = require('path');
const { test, assert } = require('./harness');

const generate = process.env.WEIR_GENERATE !== undefined;

const VALUES = [
    'undefined', 'null', 'true', '0', '1.5', '-1', 'NaN', 'Infinity', '70000',
    '"x"', '""', '"12"', '{}', '[]', 'noop', 'Symbol("s")', '10n',
    'new Date(0)', 'Buffer.from("ab")',
];
const without = (...some) => VALUES.filter((value) => !some.includes(value));

/* What a call is answered with, as one line. */
function verdict(source, { scope, dispose }) {
    const names = scope();
    let made;
    let line = '';
    try {
        made = new Function(...Object.keys(names), `return ${source};`)(
            ...Object.values(names));
    } catch (error) {
        line = error.code === undefined ? error.name :
            `${error.name} ${error.code} ${error.message}`;
    }
    // What was accepted goes away before it does anything.
    for (const each of [...Object.values(names), made]) {
        dispose(each);
    }
    return line;
}

/* Only what differs: a whole table would bury it. */
function compare(found, recorded) {
    const differences = [];
    for (const [source, expected] of Object.entries(recorded)) {
        const accidental = /^\w+$/.test(expected);
        if (!accidental && found[source] !== expected) {
            differences.push(`${source}\n` +
                `    is   ${found[source] || 'accepted'}\n` +
                `    not  ${expected || 'accepted'}`);
        }
    }
    assert.deepStrictEqual(Object.keys(found), Object.keys(recorded));
    if (differences.length > 0) {
        assert.fail(`${differences.length} differ:\n${differences.join('\n')}`);
    }
}

/*
 * Defines a test for each template and one for the single calls. `scope` makes
 * the names that a call knows, anew for each.
 */
function compareWithNode({ fixture, templates, single, ...rest }) {
    const file = path.join(__dirname, 'fixtures', `${fixture}.json`);
    const recorded = generate ? { templates: {}, single: {} } :
        JSON.parse(fs.readFileSync(file, 'utf8'));

    for (const [template, values] of Object.entries(templates)) {
        test(`${template} answers each kind of value as Node`, () => {
            const found = {};
            for (const value of values) {
                const source = template.replace('$', () => value);
                found[value] = verdict(source, rest);
            }
            if (generate) {
                recorded.templates[template] = found;
                return;
            }
            compare(found, recorded.templates[template]);
        });
    }

    test('arguments at their bounds are answered as Node does', () => {
        const found = {};
        for (const source of single) {
            found[source] = verdict(source, rest);
        }
        if (generate) {
            recorded.single = found;
            fs.writeFileSync(file, `${JSON.stringify(recorded, null, 1)}\n`);
            return;
        }
        compare(found, recorded.single);
    });
}

module.exports = { compareWithNode, VALUES, without };
