/*
 * load_stalled.c - an echo server whose clients are not all well-behaved
 *
 * Some connections echo, first alone; then many others come that send and never
 * read, until the server reads no more of them; then the first go on. Both
 * rates are printed, with what each stalled one got in (`each_bytes`) and by
 * how much the server's resident memory grew for it (`rss_each`).
 *
 * The stalled ones have small buffers of their own, so that what they got in is
 * with the server or in its kernel buffers. One that is never stopped has no
 * backpressure to speak of: there is a limit, and `stopped` says how many of
 * them did not reach it.
 */
#include "load.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

enum {
    BATCH = 1024,
    PAUSE = 5,       /* ms */
    SILENCE = 200,   /* ms without a byte: they are stopped */
    BUFFERS = 16384, /* bytes */
    STEP = 16384,
    LIMIT = 128 * STEP
};

/* A little on every connection; gives how many bytes the kernel took. */
static uint64_t sweep(struct client *client)
{
    uint64_t bytes = 0;

    for (unsigned i = 0; i < client->count; i++) {
        struct peer *peer = &client->peers[i];

        if (peer->sent == peer->due && peer->due < LIMIT)
            peer->due += STEP;
        bytes -= peer->sent;
        peer_flush(peer);
        bytes += peer->sent;
    }
    return bytes;
}

/* Until the server reads from none of them. They take turns: to one that sends
 * fast the server's kernel would give a receive buffer of megabytes, and what
 * all of them got in would be more than the kernel lets all of TCP have. */
static void send_until_stopped(struct client *client)
{
    struct epoll_event events[BATCH];

    do {
        while (sweep(client) > 0)
            poll(NULL, 0, PAUSE);
    } while (epoll_wait(client->epoll, events, BATCH, SILENCE) > 0);
}

static void print_stalled(const struct client *client, uint64_t resident)
{
    uint64_t bytes = 0;
    unsigned stopped = 0;

    for (unsigned i = 0; i < client->count; i++) {
        bytes += client->peers[i].sent - client->size;
        stopped += client->peers[i].sent < LIMIT;
    }
    printf(" stalled=%u stopped=%u each_bytes=%.0f rss_each=%.0f",
           client->count, stopped, (double)bytes / client->count,
           (double)resident / client->count);
}

/* Messages per second. */
static double rate_alone(struct echoing *echoing, const struct options *options)
{
    uint64_t began, ended;

    echo_until(echoing, in_seconds(options->warmup));
    began = now();
    echoing->messages = 0;
    ended = echo_until(echoing, in_seconds(options->seconds));
    return (double)echoing->messages * NS / (double)(ended - began);
}

/* Gives by how many bytes the server's memory has grown. */
static uint64_t stall(struct client *stalled, const struct options *options)
{
    uint64_t before, after;

    stalled->buffers = BUFFERS;
    client_open(stalled, options->stalled);
    before = resident_bytes(options->pid);
    send_until_stopped(stalled);
    after = resident_bytes(options->pid);
    return after > before ? after - before : 0;
}

void load_stalled(const struct options *options)
{
    struct stretch stretch = stretch_of(options);
    size_t size = options->size ? options->size : 64;
    struct client others, stalled;
    struct echoing echoing;
    uint64_t resident;
    double alone;

    client_init(&others, options->host, options->port, options->connections,
                size);
    client_init(&stalled, options->host, options->port, options->stalled, size);
    client_open(&others, options->connections);
    echo_start(&echoing, &others, options->depth);
    alone = rate_alone(&echoing, options);
    resident = stall(&stalled, options);
    echo_until(&echoing, in_seconds(options->warmup));
    stretch_begin(&stretch);
    echoing.messages = 0;
    echo_until(&echoing, in_seconds(options->seconds));
    stretch_end(&stretch);
    printf("connections=%u size=%zu rate_alone=%.0f", options->connections,
           size, alone);
    print_stalled(&stalled, resident);
    stretch_print(&stretch, echoing.messages);
    putchar('\n');
    free(echoing.sent_at);
    client_end(&stalled);
    client_end(&others);
}
