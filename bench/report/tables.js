'use strict';
/*
 * The same pictures for the terminal: title, finding, table.
 */

/* Characters, not bytes: names and units have some beyond ASCII. */
function width(text) {
    return [...text].length;
}

function padded(text, size, left) {
    const space = ' '.repeat(Math.max(size - width(text), 0));
    return left ? text + space : space + text;
}

/* The first column to the left, the others to the right; two spaces between. */
function table({ columns, rows, loose = 0 }) {
    const kept = columns.length - loose;
    const lines = [columns, ...rows].map((line) => line.slice(0, kept));
    const sizes = lines[0].map((_, column) =>
        Math.max(...lines.map((line) => width(line[column] ?? ''))));
    return lines.map((line) => line.map((cell, column) =>
        padded(cell ?? '', sizes[column], column === 0)).join('  ').trimEnd())
        .join('\n');
}

/* Lines of at most `size` characters, broken between words. */
function wrapped(text, size = 80) {
    const lines = [''];
    for (const word of text.split(' ')) {
        const last = lines[lines.length - 1];
        if (width(last) + width(word) + 1 > size && last !== '') {
            lines.push(word);
        } else {
            lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
        }
    }
    return lines.join('\n');
}

function terminal(pictures, goals, heading) {
    const parts = [heading];
    for (const picture of pictures) {
        parts.push([`== ${picture.title}`,
            ...picture.finding.map((text) => wrapped(text)),
            table(picture.table), picture.note ? wrapped(picture.note) : '']
            .filter((text) => text !== '').join('\n'));
    }
    parts.push(['== Goals', wrapped(goals.finding), table(goals.table)]
        .join('\n'));
    return `${parts.join('\n\n')}\n`;
}

module.exports = { table, wrapped, terminal };
