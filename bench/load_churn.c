/*
 * load_churn.c - connections that come, echo one message, and go
 *
 * By the clock `parallel` of them are always under way: whoever has its echo
 * closes, and the next one connects. By the count (`cycles`) they go in step:
 * all connect, all have their echo, all send FIN, and wait for the server's,
 * which proves that it closes, and makes its work the same in each run.
 *
 * We close first, so the ports that wait for old segments (TIME_WAIT) are ours:
 * a minute each, thirty thousand to an address. Linux takes one of them again
 * after a second on loopback, and looks long for a free port when most are
 * taken. So the connections come from many addresses in turn, and no address
 * runs short.
 *
 * The latency is from before the connect() until the echo is there.
 */
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { BATCH = 256, PATIENCE = 5000, ADDRESSES = 64 };

struct churn {
    struct client *client;
    uint64_t connections; /* that have come to their end */
    uint64_t began[];     /* of each that is under way */
};

static void begin(struct churn *churn, struct peer *peer)
{
    struct client *client = churn->client;
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = peer };
    int fd;

    if (client->server.ss_family == AF_INET)
        client->sources = client->sources % ADDRESSES + 1;
    churn->began[peer - client->peers] = now();
    fd = client_connect_one(client);
    if (fd < 0)
        client_fail("connect", -fd);
    *peer =
        (struct peer){ .fd = fd, .start = peer->start, .due = client->size };
    if (epoll_ctl(client->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        client_fail("epoll_ctl", errno);
    peer_flush(peer);
    if (peer->sent < peer->due)
        client_fail("a message that does not fit into a new connection", 0);
}

static void go_on(struct churn *churn, struct peer *peer)
{
    peer_receive(peer);
    if (peer->received < peer->due)
        return;
    latency_record(now() - churn->began[peer - churn->client->peers]);
    churn->connections++;
    close(peer->fd);
    begin(churn, peer);
}

static void run_until(struct churn *churn, uint64_t end)
{
    struct epoll_event events[BATCH];

    do {
        int count = epoll_wait(churn->client->epoll, events, BATCH, PATIENCE);

        if (count == 0)
            client_fail("no echo for 5 s", 0);
        for (int i = 0; i < count; i++)
            go_on(churn, events[i].data.ptr);
    } while (now() < end);
}

static void by_the_clock(struct client *client, const struct options *options)
{
    struct stretch stretch = stretch_of(options);
    struct churn *churn = client_allocate(
        sizeof *churn + options->parallel * sizeof churn->began[0]);

    churn->client = client;
    for (; client->count < options->parallel; client->count++) {
        client->peers[client->count].start = client->count * 61;
        begin(churn, &client->peers[client->count]);
    }
    run_until(churn, in_seconds(options->warmup));
    stretch_begin(&stretch);
    churn->connections = 0;
    run_until(churn, in_seconds(options->seconds));
    stretch_end(&stretch);
    printf("parallel=%u size=%zu", options->parallel, client->size);
    stretch_print(&stretch, churn->connections);
    putchar('\n');
    free(churn);
}

static void by_the_count(struct client *client, const struct options *options)
{
    for (unsigned i = 0; i < options->cycles; i++) {
        client_open(client, options->parallel);
        client_close_all(client);
    }
    printf("parallel=%u size=%zu units=%llu\n", options->parallel, client->size,
           (unsigned long long)options->cycles * options->parallel);
}

void load_churn(const struct options *options)
{
    struct client client;

    client_init(&client, options->host, options->port, options->parallel,
                options->size ? options->size : 64);
    if (options->cycles)
        by_the_count(&client, options);
    else
        by_the_clock(&client, options);
    client_end(&client);
}
