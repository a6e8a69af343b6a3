// What a readable stream has buffered: an array read from the front.
//
// Taking the first chunk moves an index instead of the elements; the dead part
// is cut off once it is longer than the living one, so that a chunk is moved
// at most once on average.

const COMPACT_FROM = 32;

class ChunkQueue {
    constructor() {
        this.items = [];
        this.head = 0;
    }

    get length() {
        return this.items.length - this.head;
    }

    first() {
        return this.items[this.head];
    }

    push(chunk) {
        this.items.push(chunk);
    }

    unshift(chunk) {
        if (this.head > 0)
            this.items[--this.head] = chunk;
        else
            this.items.unshift(chunk);
    }

    shift() {
        const chunk = this.items[this.head];

        this.items[this.head++] = undefined;
        if (this.head === this.items.length) {
            this.clear();
        } else if (this.head >= COMPACT_FROM &&
                   this.head * 2 > this.items.length) {
            this.items.splice(0, this.head);
            this.head = 0;
        }
        return chunk;
    }

    clear() {
        this.items.length = 0;
        this.head = 0;
    }

    toArray() {
        return this.items.slice(this.head);
    }

    // Everything, as one string or one Buffer; `length` is its known length.
    takeAll(length, strings) {
        if (this.items.length === 1) { // as most are
            return this.items.pop();
        }
        if (this.length === 1)
            return this.shift();
        const chunks = this.toArray();

        this.clear();
        return strings ? chunks.join('') : Buffer.concat(chunks, length);
    }

    // The first `count` bytes or characters, which must be there.
    take(count, strings) {
        const parts = [];
        let missing = count;

        while (missing > 0) {
            const chunk = this.first();

            if (chunk.length <= missing) {
                parts.push(this.shift());
                missing -= chunk.length;
                continue;
            }
            parts.push(cut(chunk, 0, missing));
            this.items[this.head] = cut(chunk, missing, chunk.length);
            missing = 0;
        }
        if (parts.length === 1)
            return parts[0];
        return strings ? parts.join('') : Buffer.concat(parts, count);
    }
}

function cut(chunk, from, to) {
    return typeof chunk === 'string'
        ? chunk.slice(from, to) : chunk.subarray(from, to);
}

module.exports = { ChunkQueue };
