/**
 * What weir has and Node's own types do not.
 *
 * Use it beside @types/node (22): the rest of the API is Node's.
 *
 *     npm install --save-dev @types/node
 *
 * and in a program, or in the `files` of a tsconfig.json:
 *
 *     /// <reference path="PATH_TO_WEIR/script/weir.d.ts" />
 *
 * `Ti` and `Titanium` are not described here.
 */
/// <reference types="node" />

/**
 * Prints its arguments as console.log() does, with the difference that a Buffer
 * is shown as the UTF-8 text that it holds.
 */
declare function print(...values: unknown[]): void;

/** The older name of `net`: the same classes and functions. */
declare const tcp: typeof import('tcp');

declare namespace NodeJS {
    interface ProcessVersions {
        /** weir's version. Undefined on Node: that is how to tell. */
        readonly weir?: string;
        /** The engine's version. */
        readonly javascriptcore?: string;
    }
}

declare module 'tcp' {
    export {
        Server, Socket, connect, createConnection, createServer,
    } from 'net';
}

declare module 'node:tcp' {
    export * from 'tcp';
}

declare module 'net' {
    interface Socket {
        /**
         * Bytes that were written and that the kernel has not taken yet, exact;
         * strings count as the bytes that they become. The same as
         * writableLength. Undefined before connect() and after the close.
         */
        readonly bufferSize: number;

        /**
         * Was once the way to TLS.
         * @throws ERR_FEATURE_UNAVAILABLE_ON_PLATFORM, always
         */
        setSecure(): never;
    }

    interface SocketConstructorOpts {
        /**
         * How many bytes may wait before write() answers false: it answers
         * whether bufferSize is below. Without this option it answers whether
         * the kernel took everything at once. Also the limit up to which data
         * is read ahead of who takes it by read(); for that the default is
         * 64 KiB.
         */
        highWaterMark?: number;

        /** The same for writing alone. */
        writableHighWaterMark?: number;

        /** The same for reading alone. */
        readableHighWaterMark?: number;

        /** The encoding of `data`, as by setEncoding(). */
        encoding?: BufferEncoding;
    }

    interface ServerOpts {
        /** SocketConstructorOpts.highWaterMark for each accepted socket. */
        highWaterMark?: number;
    }

    interface Server {
        /** How many connections there are now; not deprecated here. */
        connections: number;

        /**
         * Accepts nobody for a while. Who connects meanwhile waits in the
         * backlog. Accepting goes on by itself.
         * @param msecs default 1000
         */
        pause(msecs?: number): this;
    }
}
