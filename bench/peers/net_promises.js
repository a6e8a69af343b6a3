'use strict';
/*
 * net_promises.js - the echo of net.js as one writes it today, in four styles
 *
 * Workloads of net.js, which asks for this file when it runs one of them. What
 * they have in common: a writer that is full is waited for, and a client that
 * breaks off ends its own function and nothing else.
 */
const { once } = require('events');
const { pipeline } = require('stream/promises');

const ignore = () => {};

// Stands for what a program looks up before it answers.
const answerTo = async (bytes) => bytes;

// ------------------------------------------------ an async function for `data`

function resume() {
    this.resume();
}

async function onData(bytes) {
    const answer = await answerTo(bytes);

    if (!this.write(answer)) {
        this.pause();
    }
}

const onHandled = (socket) => {
    socket.on('data', onData);
    socket.on('drain', resume);
    socket.on('error', ignore);
};

// ------------------------------------------------------------------ for await

// Without the option the socket is destroyed when the loop ends, and with it
// what it has yet to write.
const iterated = async (socket) => {
    for await (const bytes of socket.iterator({ destroyOnReturn: false })) {
        if (!socket.write(bytes)) {
            await once(socket, 'drain');
        }
    }
};

// ------------------------------------------------------------------- pipeline

const piped = (socket) => pipeline(socket, socket);

// ---------------------------------------------------------------- events.once

// Between two of them it flows to nobody, so it has to stand while we wait for
// something else.
const awaited = async (socket) => {
    while (!socket.destroyed) {
        const [bytes] = await once(socket, 'data');

        if (!socket.write(bytes)) {
            socket.pause();
            await once(socket, 'drain');
            socket.resume();
        }
    }
};

// ----------------------------------------------------------------------------

const served = (serve) => (socket) => {
    socket.on('error', ignore);
    serve(socket).catch(ignore);
};

module.exports = {
    handler: onHandled,
    'for-await': served(iterated),
    pipeline: served(piped),
    once: served(awaited),
};
