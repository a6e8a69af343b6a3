// internal/fs/stats: what fs tells about a file, Stats and Dirent
//
// A Stats is made from the numbers that the last stat left in shared memory.
// Its four dates are made when somebody looks at them.

const native = binding.fs;
const numbers = new Float64Array(native.statNumbers);

const {
    S_IFMT, S_IFSOCK, S_IFLNK, S_IFREG, S_IFBLK, S_IFDIR, S_IFCHR, S_IFIFO,
} = native;

const kKind = Symbol('type');

// The questions that both answer, about the S_IFMT bits that kKind gives.
class FileKind {
    isFile() {
        return this[kKind] === S_IFREG;
    }

    isDirectory() {
        return this[kKind] === S_IFDIR;
    }

    isSymbolicLink() {
        return this[kKind] === S_IFLNK;
    }

    isFIFO() {
        return this[kKind] === S_IFIFO;
    }

    isSocket() {
        return this[kKind] === S_IFSOCK;
    }

    isBlockDevice() {
        return this[kKind] === S_IFBLK;
    }

    isCharacterDevice() {
        return this[kKind] === S_IFCHR;
    }
}

class Stats extends FileKind {
    constructor() {
        super();
        [this.dev, this.mode, this.nlink, this.uid, this.gid, this.rdev,
            this.blksize, this.ino, this.size, this.blocks, this.atimeMs,
            this.mtimeMs, this.ctimeMs, this.birthtimeMs] = numbers;
    }

    get [kKind]() {
        return this.mode & S_IFMT;
    }
}

for (const name of ['atime', 'mtime', 'ctime', 'birthtime']) {
    // Kept, unless the program has frozen them.
    const define = (stats, value) => {
        Reflect.defineProperty(stats, name, {
            configurable: true, enumerable: true, writable: true, value,
        });
        return value;
    };

    Object.defineProperty(Stats.prototype, name, {
        configurable: true,
        enumerable: true,
        get() {
            return define(this, new Date(Math.round(this[`${name}Ms`])));
        },
        set(value) {
            define(this, value);
        },
    });
}

class Dirent extends FileKind {
    constructor(name, parentPath, kind) {
        super();
        this.name = name;
        this.parentPath = parentPath;
        this.path = parentPath;
        this[kKind] = kind;
    }
}

module.exports = { Dirent, S_IFDIR, Stats };
