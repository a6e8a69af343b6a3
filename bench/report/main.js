'use strict';
/*
 * The report of bench/run, by build/weir or by node:
 *
 *     main.js [--figures FILE] [--plots DIR] RAW OUTDIR
 *         prints the tables, writes OUTDIR/DATE.json, and a gnuplot script for
 *         each picture into DIR (build/bench/plots). RAW may be a DATE.json:
 *         a report is then made from it again. FILE: the history of the
 *         checked-in counts. The last line on stderr is the name of the JSON.
 *     main.js [--plots DIR] --html OUTDIR/DATE.json
 *         puts what gnuplot has drawn into OUTDIR/DATE.html.
 *
 * bench/report/make does all of it.
 */
const fs = require('fs');
const path = require('path');
const { parse, parsePeers, print } = require('./parse');
const { Results } = require('./cases');
const { pictures } = require('./pictures');
const { script } = require('./plots');
const { terminal } = require('./tables');
const { goals } = require('./goals');
const { tiles } = require('./tiles');
const { page, heading } = require('./page');

const PLOTS = 'build/bench/plots';
const TABLE = path.join(__dirname, '..', 'peers', 'table');

const TAKE = ['plots', 'figures', 'html'];

class UsageError extends Error {}

function toOptions(words) {
    const options = { plots: PLOTS, figures: null, html: null, files: [] };
    for (let i = 0; i < words.length; i++) {
        const name = words[i].replace(/^--/, '');
        if (!words[i].startsWith('--')) {
            options.files.push(words[i]);
        } else if (TAKE.includes(name) && i + 1 < words.length) {
            options[name] = words[++i];
        } else {
            throw new UsageError(`no such option, or no value: ${words[i]}`);
        }
    }
    if (options.files.length !== (options.html === null ? 2 : 0)) {
        throw new UsageError('RAW and OUTDIR, or --html FILE');
    }
    return options;
}

function optional(file) {
    return file !== null && fs.existsSync(file) ?
        fs.readFileSync(file, 'utf8') : '';
}

function read(file, figures) {
    const text = fs.readFileSync(file, 'utf8');
    if (text.startsWith('{')) {
        return JSON.parse(text);
    }
    const results = parse(text);
    results.figures.push(...parse(optional(figures)).figures);
    results.peers = parsePeers(optional(TABLE));
    return results;
}

/* 2026-11-25T23:04:00Z -> 2026-11-25-2304 */
function nameOf({ meta }) {
    const found = /^(\d{4}-\d\d-\d\d)T(\d\d):(\d\d)/.exec(meta.date || '');
    return found ? `${found[1]}-${found[2]}${found[3]}` : 'undated';
}

function wanted() {
    const file = path.join(__dirname, 'goals.json');
    return JSON.parse(fs.readFileSync(file, 'utf8'));
}

function title(results) {
    const { title: name, facts } = heading(results);
    const out = [
        ...Object.entries(results.skipped)
            .map(([peer, reason]) => `not here: ${peer} (${reason})`),
        ...results.failed.map(({ peer, part, reason }) =>
            `left out of ${part}: ${peer} (${reason})`),
    ];
    return [name, facts.join(', '), ...out].join('\n');
}

function writePlots(all, folder) {
    fs.mkdirSync(folder, { recursive: true });
    for (const name of fs.readdirSync(folder)) {
        if (/\.(gp|svg)$/.test(name)) {
            fs.unlinkSync(path.join(folder, name));
        }
    }
    for (const picture of all) {
        fs.writeFileSync(path.join(folder, `${picture.id}.gp`),
            script(picture));
    }
}

function report({ files: [raw, folder], figures, plots }) {
    const json = read(raw, figures);
    const results = new Results(json);
    const all = pictures(results);
    const file = path.join(folder, `${nameOf(json)}.json`);
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(file, print(json));
    writePlots(all, plots);
    process.stdout.write(terminal(all, goals(results, wanted()),
        title(results)));
    console.error(file);
}

function html({ html: file, plots }) {
    const results = new Results(JSON.parse(fs.readFileSync(file, 'utf8')));
    const svgOf = (id) => optional(path.join(plots, `${id}.svg`)) || null;
    fs.writeFileSync(file.replace(/\.json$/, '.html'),
        page(results, pictures(results), goals(results, wanted()),
            tiles(results), svgOf));
}

function main(words) {
    try {
        const options = toOptions(words);
        if (options.html !== null) {
            html(options);
        } else {
            report(options);
        }
    } catch (error) {
        if (!(error instanceof UsageError)) {
            throw error;
        }
        console.error(`${error.message}\nusage: main.js [--figures FILE] ` +
            '[--plots DIR] RAW OUTDIR\n       main.js [--plots DIR] ' +
            '--html DATE.json');
        process.exitCode = 2;
    }
}

main(process.argv.slice(2));
