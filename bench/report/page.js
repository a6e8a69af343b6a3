'use strict';
/*
 * The page: one HTML file that needs nothing else. Each picture is a card with
 * its sentence, the SVG that gnuplot drew, and the table behind it.
 *
 * The idea: the SVGs are part of the page, not images in it. Their colours are
 * replaced by the page's variables, so that one drawing serves a light and a
 * dark background, and their text is text. A picture without an SVG (no
 * gnuplot) shows its table instead.
 */
const { COLOURS } = require('./plots');
const { SECTIONS } = require('./pictures');

const QUIET = 0.5;        // load average; above it bench/run warns as well

const DARK = { ink: '#e6e9ec', weak: '#9aa4af', grid: '#2c333b',
    yardstick: '#c3cad1', ours: '#58a6ff', band: '#1d3a5f',
    native: '#818b96', script: '#5d6772',
    card: '#171b21' };

function hex(value) {
    return `#${value.toString(16).padStart(6, '0')}`;
}

function variables(colours) {
    return Object.entries(colours)
        .map(([name, value]) => `--${name}:${value}`).join(';');
}

const LIGHT = Object.fromEntries(Object.entries(COLOURS)
    .map(([name, value]) => [name, hex(value)]));

const STYLE = `
:root{color-scheme:light dark;--page:#f4f5f7;--good:#1a7f37;
--bad:#c4320a;${variables(LIGHT)}}
@media (prefers-color-scheme:dark){:root{--page:#0e1116;
--good:#4ac26b;--bad:#ff8a5c;${variables(DARK)}}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:1180px;margin:0 auto;padding:24px 16px 60px}
h1 span{white-space:nowrap}
h1{font-size:26px;line-height:1.2;margin:0 0 4px}
h2{font-size:20px;margin:40px 0 12px}
h3{font-size:15px;margin:0 0 4px}
p{margin:0 0 8px}
.weak{color:var(--weak);font-size:13px}
.grid{display:grid;gap:16px;align-items:start;
grid-template-columns:repeat(auto-fill,minmax(min(100%,470px),1fr))}
.tiles{display:grid;gap:12px;margin:20px 0 0;
grid-template-columns:repeat(4,1fr)}
.card,.tile{background:var(--card);border:1px solid var(--grid);
border-radius:10px;padding:14px 16px;min-width:0}
.tile b{display:block;font-size:26px;line-height:1.2;color:var(--ours)}
.tile span{font-size:13px}
.tile .weak{display:block}
.finding{font-size:15px;margin-bottom:4px}
.card svg{display:block;width:100%;height:auto}
.card svg text{font-family:inherit}
.ahead,.met{color:var(--good)}.behind,.missed{color:var(--bad)}
.ahead,.level,.behind,.met,.missed,.close{font-weight:600}
details{margin-top:6px}
summary{cursor:pointer;color:var(--weak);font-size:13px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:13px;margin-top:6px;
font-variant-numeric:tabular-nums}
th,td{text-align:right;padding:3px 10px 3px 0;white-space:nowrap;
border-bottom:1px solid var(--grid)}
th{color:var(--weak);font-weight:500}
th:first-child,td:first-child{text-align:left}
.text td:last-child,.text th:last-child{text-align:left}
tr.ours td{color:var(--ours);font-weight:600}
.goals{width:100%}
.goals td:first-child{white-space:normal;min-width:11em}
.bar{display:inline-block;position:relative;width:150px;height:12px;
vertical-align:middle}
.bar>i{position:absolute;left:0;top:1px;bottom:1px;background:var(--ours)}
.bar::after{content:"";position:absolute;left:66.7%;top:-3px;bottom:-3px;
border-left:1.5px dashed var(--yardstick)}
.scroll+.weak{margin:6px 0 0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 14px;margin:0;
font-size:13px}
dt{color:var(--weak)}dd{margin:0;overflow-wrap:anywhere}
li{margin-bottom:4px}
@media (max-width:600px){.card,.tile{padding:12px}h1{font-size:22px}
.tiles{grid-template-columns:1fr 1fr}.card svg text{font-size:15px}
.goals td,.goals th{white-space:normal;padding-right:6px}
.goals td:first-child{min-width:9em}
.goals td:nth-child(4),.goals th:nth-child(4){display:none}}
`;

function escaped(text) {
    return String(text).replace(/&/g, '&amp;').replace(/</g, '&lt;')
        .replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}

/* The words that say how it stands, in their colours. */
function judged(text) {
    return escaped(text).replace(
        /\b(ahead|level|behind|met|missed)\b|^close$/g,
        '<span class="$&">$&</span>');
}

/* ------------------------------------------------------------------ figures */

/*
 * gnuplot writes a colour as rgb( 11,  98, 214). Its ids are the same in each
 * of its drawings, and here they share a page.
 */
function inlined(svg, { id, title, finding }) {
    let text = svg.slice(svg.indexOf('<svg'))
        .replace(/<title>[\s\S]*?<\/title>/g, '')
        .replace(/<desc>[\s\S]*?<\/desc>/g, '')
        .replace(/(id=['"]|href=['"]#|url\(#)/g, `$1${id}-`);
    for (const [name, value] of Object.entries(COLOURS)) {
        const [r, g, b] = [value >> 16, value >> 8 & 255, value & 255];
        const form = new RegExp(`rgb\\( *${r}, *${g}, *${b}\\)` +
            `|${hex(value)}`, 'gi');
        text = text.replace(form, `var(--${name})`);
    }
    return text.replace('<svg', `<svg role="img" aria-label="${
        escaped([`${title}.`, ...finding].join(' '))}"`)
        .replace(/[ \t]+$/gm, '').trim();
}

function table({ columns, rows }, name = '') {
    const cells = (tag, line) => line
        .map((cell) => `<${tag}>${judged(cell ?? '')}</${tag}>`).join('');
    const body = rows.map((row) => {
        const ours = /^weir( |$|_)/.test(row[0]) ? ' class="ours"' : '';
        return `<tr${ours}>${cells('td', row)}</tr>`;
    });
    return `<div class="scroll"><table class="${name}"><thead><tr>${
        cells('th', columns)}</tr></thead><tbody>\n${body.join('\n')}
</tbody></table></div>`;
}

/* How much of the goal was used: the mark is the goal, at two thirds. */
function goalTable({ columns, rows, shares }) {
    const body = rows.map(([what, goal, measured, state], index) => {
        const share = shares[index];
        const bar = share === null ? '' : `<i class="bar"><i style="width:${
            Math.min(share / 1.5 * 100, 100).toFixed(1)}%"></i></i>`;
        const weak = share === null && state === 'not measured' ?
            ' class="weak"' : '';
        return `<tr${weak}><td>${escaped(what)}</td><td>${escaped(goal)}</td>` +
            `<td>${escaped(measured)}</td><td>${bar}</td>` +
            `<td>${judged(state)}</td></tr>`;
    });
    const [what, goal, weir, state] = columns.map(escaped);
    return `<div class="scroll"><table class="goals"><thead><tr><th>${what}` +
        `</th><th>${goal}</th><th>${weir}</th><th></th><th>${state}</th></tr>` +
        `</thead><tbody>\n${body.join('\n')}\n</tbody></table></div>`;
}

function card(picture, svg) {
    const note = picture.note ? `<p class="weak">${
        escaped(picture.note)}</p>` : '';
    const rows = table(picture.table,
        picture.kind === 'strip' ? 'text' : '') + note;
    const numbers = svg === null ? rows :
        `${inlined(svg, picture)}\n<details><summary>All the figures</summary>${
            rows}</details>`;
    return `<section class="card" id="${picture.id}">
<h3>${escaped(picture.title)}</h3>
${picture.finding.map((text) =>
        `<p class="finding">${judged(text)}</p>`).join('\n')}
<p class="weak">${escaped(picture.legend)}</p>
${numbers}
</section>`;
}

function sections(pictures, svgOf) {
    return SECTIONS.map(([key, title]) => {
        const cards = pictures.filter(({ section }) => section === key)
            .map((picture) => card(picture, svgOf(picture.id)));
        return cards.length === 0 ? '' : `<h2>${escaped(title)}</h2>
<div class="grid">${cards.join('\n')}</div>`;
    });
}

function tiles(list) {
    if (list.length === 0) {
        return '';
    }
    const each = list.map(({ value, what, verdict }) =>
        `<div class="tile"><b>${escaped(value)}</b><span>${escaped(what)}` +
        `</span><span class="weak">${judged(verdict)}</span></div>`);
    return `<div class="tiles">${each.join('\n')}</div>`;
}

/* ------------------------------------------------------------ around them */

const META = [['machine', 'machine'], ['cores', 'cores'], ['kernel', 'kernel'],
    ['load_before', 'load before'], ['compiler', 'compiler'],
    ['engine', 'engine'], ['commit', 'weir’s commit'], ['mode', 'mode'],
    ['rounds', 'rounds']];

/* Who was measured: version, and what the table says of its server. */
function whoIs(results) {
    const { versions, measurements, peers = {} } = results;
    const names = [...new Set([...Object.keys(versions),
        ...measurements.map(({ peer }) => peer)])];
    return names.map((name) => [results.label(name),
        [versions[name], (peers[name] || {}).about].filter(Boolean)
            .join('; ')]);
}

function about(results) {
    const { meta, skipped, failed } = results;
    const known = META.filter(([key]) => key in meta);
    const rest = Object.keys(meta).filter((key) => key !== 'date' &&
        !META.some(([name]) => name === key)).map((key) => [key, key]);
    const pairs = [...known, ...rest].map(([key, name]) => [name, meta[key]]);
    const list = (entries) => `<dl>${entries.map(([name, text]) =>
        `<dt>${escaped(name)}</dt><dd>${escaped(text)}</dd>`).join('')}</dl>`;
    const missing = [
        ...Object.entries(skipped).map(([peer, reason]) =>
            [results.label(peer), `not here: ${reason}`]),
        ...failed.map(({ peer, part, reason }) =>
            [results.label(peer), `left out of ${part}: ${reason}`]),
    ];
    return `<h2>Where and what</h2><div class="grid">
<section class="card"><h3>The machine</h3>${list(pairs)}</section>
<section class="card"><h3>The peers</h3>${list(whoIs(results))}</section>
${missing.length ? `<section class="card"><h3>Left out</h3>${
    list(missing)}</section>` : ''}</div>`;
}

const METHOD = [
    'Each server runs alone on core 0, the load generator on core 1; all of ' +
        'them one after the other, and that again for each round: what ' +
        'changes on the machine meanwhile changes for all. A fresh server ' +
        'for each measurement. Loopback only.',
    'A bar is the median of the rounds, its whisker goes from the least to ' +
        'the most. A ratio is that of one round; the median of the rounds’ ' +
        'ratios is what stands here.',
    'Two are called <b>level</b> when the range of the rounds’ ratios covers ' +
        '1, or when their median is nearer to 1 than half of that range is ' +
        'wide; only else <b>ahead</b> or <b>behind</b>. With fewer than five ' +
        'rounds the range is widened by its own width; from eight on it goes ' +
        'without its ends. Times are level within 1 % in any case, counts ' +
        'within half a percent, latencies within the 3 % of their histogram.',
    'CPU is that of the whole server process, all threads, user and system, ' +
        'by the kernel’s exact clock, over the units of work of the same ' +
        'span. User time comes from the processor’s clock around the calls ' +
        'where that can be had, and is otherwise sampled by the kernel.',
    'weir (in C, and as the JavaScript runtime) is blue, its peers are grey: ' +
        'libraries darker, runtimes lighter. The raw loop is a hand-written ' +
        'epoll loop with nothing in between: the least that a message costs.',
];

function heading({ meta }) {
    const day = String(meta.date || '').slice(0, 10);
    const rounds = Number(meta.rounds) || 0;
    const facts = [meta.machine, meta.cores && `${meta.cores} cores`,
        meta.kernel, meta.date, rounds && `${rounds} rounds`,
        meta.mode && `mode ${meta.mode}`, meta.commit &&
            `commit ${meta.commit}`].filter(Boolean);
    return { title: `weir beside its peers, ${day}`, facts };
}

/* Others had their share of the processors: what is measured is noisier. */
function busyMachine({ meta: { load_before: load } }) {
    return Number(load) > QUIET ? `\n<p><b>The machine was busy before the ` +
        `run (load ${escaped(load)}): figures by the clock are noisy.</b></p>` :
        '';
}

/* svgOf(id): the drawing, or null where there is none. */
function page(results, pictures, goals, tileList, svgOf) {
    const { title, facts } = heading(results);
    const drawn = sections(pictures, svgOf);
    const [glance, ...others] = drawn;
    return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escaped(title)}</title><style>${STYLE}</style></head><body><main>
<h1>${escaped(title).replace(/[\d-]+$/, '<span>$&</span>')}</h1>
<p class="weak">${escaped(facts.join(' · '))}</p>${busyMachine(results)}
${tiles(tileList)}
${glance}
<h2>Goals</h2><section class="card goals"><p class="finding">${
    judged(goals.finding)}</p>${goalTable({ ...goals.table,
        shares: goals.rows.map(({ share }) => share) })}
<p class="weak">The mark in a bar is the goal; up to it is met. Close: the
median misses the goal by less than the spread.</p>
</section>
${others.join('\n')}
${about(results)}
<h2>Method</h2><section class="card"><ul>${METHOD.map((text) =>
        `<li>${text}</li>`).join('\n')}</ul></section>
</main></body></html>
`;
}

module.exports = { page, inlined, heading };
