/*
 * internal/buffer/text_stream - text whose bytes come in pieces
 *
 * A character that a piece ends in the middle of is kept until the next one
 * brings the rest. What is kept are at most four bytes, in three fields that
 * StringDecoder has always shown: `lastChar` holds them, `lastTotal` is how
 * many the character will have, `lastNeed` how many of these are missing.
 *
 * The state is any object; it may have a `read` of its own in place of the
 * codec's. For UTF-8 only what can still become a character is kept. So the
 * text is the same however the bytes are cut: one U+FFFD for each maximal part,
 * as WHATWG says.
 */
const codec = require('internal/buffer/codec');
const { FastBuffer } = require('internal/buffer/pool');

const number = Symbol('encoding');

const { BASE64, BASE64URL, UTF16LE, UTF8 } = codec;

function start(state, encoding) {
    state[number] = encoding;
    // Not out of the pool: it would keep 8 KiB alive as long as a socket.
    state.lastChar = new FastBuffer(4);
    state.lastNeed = 0;
    state.lastTotal = 0;
}

/* ------------------------------------------------------------------- UTF-8 */

/** Bytes that a lead byte announces, itself included; 0 for any other. */
function sequenceLength(lead) {
    if (lead < 0xC2 || lead > 0xF4) return 0;
    return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

/** Whether `byte` may stand at `index` behind a lead byte. */
function continues(lead, index, byte) {
    if (index > 1) return (byte & 0xC0) === 0x80;
    const low = lead === 0xE0 ? 0xA0 : lead === 0xF0 ? 0x90 : 0x80;
    const high = lead === 0xED ? 0x9F : lead === 0xF4 ? 0x8F : 0xBF;
    return byte >= low && byte <= high;
}

/** Bytes at the end, from `from` on, that only begin a character. */
function utf8Tail(bytes, from) {
    const end = bytes.length;
    if (end === from || bytes[end - 1] < 128) return 0;
    for (let count = 1; count <= 3 && end - count >= from; count++) {
        const lead = bytes[end - count];
        if ((lead & 0xC0) === 0x80) continue;
        if (sequenceLength(lead) <= count) return 0;
        return count === 1 || continues(lead, 1, bytes[end - count + 1]) ?
            count : 0;
    }
    return 0;
}

/* -------------------------------------------------------- other encodings */

function isHighSurrogate(high) {
    return (high & 0xFC) === 0xD8;
}

/** Half a unit, or half a pair, or both. */
function utf16Tail(bytes, from) {
    const odd = (bytes.length - from) % 2;
    const last = bytes.length - odd - 1;
    return last > from && isHighSurrogate(bytes[last]) ? odd + 2 : odd;
}

function tailLength(state, bytes, from) {
    switch (state[number]) {
    case UTF8:
        return utf8Tail(bytes, from);
    case UTF16LE:
        return utf16Tail(bytes, from);
    case BASE64:
    case BASE64URL:
        return (bytes.length - from) % 3;
    default:
        return 0;
    }
}

/** How long the character will be of which `count` bytes are kept. */
function totalLength(state, count) {
    switch (state[number]) {
    case UTF8:
        return sequenceLength(state.lastChar[0]);
    case UTF16LE:
        return count >= 2 ? 4 : 2;
    default:
        return 3;
    }
}

/* ------------------------------------------------------------------ pieces */

function keep(state, bytes, count) {
    const from = bytes.length - count;
    for (let i = 0; i < count; i++) state.lastChar[i] = bytes[from + i];
    state.lastTotal = count === 0 ? 0 : totalLength(state, count);
    state.lastNeed = state.lastTotal - count;
}

/** Takes what is missing; gives where it stopped. */
function complete(state, bytes, from) {
    const { lastChar } = state;
    let at = from;
    while (state.lastNeed > 0 && at < bytes.length) {
        const count = state.lastTotal - state.lastNeed;
        const byte = bytes[at];
        if (state[number] === UTF8 && !continues(lastChar[0], count, byte)) {
            // No character; this byte may begin the next.
            state.lastTotal = count;
            state.lastNeed = 0;
            return at;
        }
        lastChar[count] = byte;
        at++;
        state.lastNeed--;
        if (state[number] === UTF16LE && count === 1 && isHighSurrogate(byte)) {
            state.lastTotal = 4;
            state.lastNeed = 2;
        }
    }
    return at;
}

function readText(state, bytes, from, to) {
    return state.read === undefined ?
        codec.read(bytes, from, to, state[number]) :
        state.read(bytes, from, to);
}

/** What is kept and complete. A second high surrogate may be half of a pair. */
function readKept(state) {
    const { lastChar } = state;
    if (state[number] === UTF16LE && state.lastTotal === 4 &&
        isHighSurrogate(lastChar[3])) {
        const text = readText(state, lastChar, 0, 2);
        lastChar.copyWithin(0, 2);
        state.lastNeed = 2;
        return text;
    }
    return readText(state, lastChar, 0, state.lastTotal);
}

/** The text of a Uint8Array, as far as its characters are complete. */
function write(state, bytes) {
    let text = '';
    let from = 0;
    while (state.lastNeed > 0) {
        from = complete(state, bytes, from);
        if (state.lastNeed > 0) return text;
        text += readKept(state);
    }
    const tail = tailLength(state, bytes, from);
    keep(state, bytes, tail);
    if (from === bytes.length - tail) return text;
    return text + readText(state, bytes, from, bytes.length - tail);
}

/** What is kept, as text, and kept no longer. Half a UTF-16 unit is none. */
function end(state) {
    if (state.lastNeed === 0) return '';
    let count = state.lastTotal - state.lastNeed;
    if (state[number] === UTF16LE) count &= ~1;
    state.lastNeed = 0;
    state.lastTotal = 0;
    return readText(state, state.lastChar, 0, count);
}

module.exports = { end, start, write };
