/*
 * load_bulk.c - streams of large writes: echoed (bulk), or one way (sink)
 *
 * There are no messages to wait for. A connection writes a block whenever the
 * kernel takes it; of an echo it reads whatever is there, in reads as large as
 * the writes, and compares it. A window bounds what may be under way on each: a
 * server that reads everything and keeps what it cannot write shall not be fed
 * without end. A mebibyte is more than any server reads at once, and little
 * enough for the cache.
 *
 * Units are bytes: those that came back; or, one way, those that the kernel
 * took, which is what the server has read but for what stands in two buffers.
 */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

enum {
    BATCH = 64,
    PATIENCE = 5000, /* ms */
    BLOCK = 64 * 1024,
    WINDOW = 1 << 20,
    TURN = 8
};

struct bulk {
    struct client *client;
    bool one_way;
};

/* A block at a time, until one stays with us or the window is full. */
static void echo_on(const struct bulk *bulk, struct peer *peer)
{
    uint64_t size = bulk->client->size;

    peer_receive(peer);
    peer_flush(peer);
    while (peer->sent == peer->due &&
           peer->due + size <= peer->received + WINDOW) {
        peer->due += size;
        peer_flush(peer);
    }
}

/* One way nothing comes back that would end the turn: some blocks each, and the
 * readiness that is left is told again. */
static void write_on(const struct bulk *bulk, struct peer *peer)
{
    peer_flush(peer);
    for (int i = 0; i < TURN && peer->sent == peer->due; i++) {
        peer->due += bulk->client->size;
        peer_flush(peer);
    }
}

static void run_until(const struct bulk *bulk, uint64_t end)
{
    struct epoll_event events[BATCH];

    do {
        int count = epoll_wait(bulk->client->epoll, events, BATCH, PATIENCE);

        if (count == 0)
            client_fail("nothing has moved for 5 s", 0);
        for (int i = 0; i < count; i++)
            (bulk->one_way ? write_on : echo_on)(bulk, events[i].data.ptr);
    } while (now() < end);
}

static uint64_t bytes_of(const struct bulk *bulk)
{
    uint64_t bytes = 0;

    for (unsigned i = 0; i < bulk->client->count; i++)
        bytes += bulk->one_way ? bulk->client->peers[i].sent
                               : bulk->client->peers[i].received;
    return bytes;
}

static void load(const struct options *options, bool one_way)
{
    struct stretch stretch = stretch_of(options);
    struct client client;
    struct bulk bulk = { &client, one_way };
    uint64_t bytes;

    client_init(&client, options->host, options->port, options->connections,
                options->size ? options->size : BLOCK);
    if (one_way)
        client.events = EPOLLOUT; /* by level: see write_on() */
    client_connect(&client, options->connections);
    run_until(&bulk, in_seconds(options->warmup));
    stretch_begin(&stretch);
    bytes = bytes_of(&bulk);
    run_until(&bulk, in_seconds(options->seconds));
    stretch_end(&stretch);
    printf("connections=%u size=%zu", options->connections, client.size);
    stretch_print(&stretch, bytes_of(&bulk) - bytes);
    putchar('\n');
    client_end(&client);
}

void load_bulk(const struct options *options)
{
    load(options, false);
}

void load_sink(const struct options *options)
{
    load(options, true);
}
