/*
 * load_echo.c - messages and their echoes, by the clock or by the count
 *
 * Every connection has `depth` messages under way, always: each echo that comes
 * in sends the next. By the count they go in step, instead: a message on every
 * connection, all the echoes, the next round; so that each run asks the same of
 * the server, whatever the machine does meanwhile.
 */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

enum { BATCH = 1024, PATIENCE = 5000 /* ms */ };

/* Takes echoes in, notes how long each took, sends as many messages again. */
static void turn_around(struct echoing *echoing, struct peer *peer)
{
    struct client *client = echoing->client;
    size_t size = client->size;
    unsigned depth = echoing->depth;
    uint64_t *sent_at = echoing->sent_at + (peer - client->peers) * depth;
    uint64_t message = peer->received / size;
    uint64_t time;

    peer_receive(peer);
    if (message == peer->received / size) {
        peer_flush(peer); /* nothing whole yet: perhaps there is room */
        return;
    }
    time = now();
    for (; message < peer->received / size; message++) {
        latency_record(time - sent_at[message % depth]);
        sent_at[message % depth] = time;
        peer->due += size;
        echoing->messages++;
    }
    peer_flush(peer);
}

uint64_t echo_until(struct echoing *echoing, uint64_t end)
{
    struct epoll_event events[BATCH];
    uint64_t time;

    do {
        int count = epoll_wait(echoing->client->epoll, events, BATCH, PATIENCE);

        if (count == 0)
            client_fail("no echo for 5 s", 0);
        for (int i = 0; i < count; i++)
            turn_around(echoing, events[i].data.ptr);
        time = now();
    } while (time < end);
    return time;
}

void echo_start(struct echoing *echoing, struct client *client, unsigned depth)
{
    size_t places = (size_t)client->count * depth;
    uint64_t time = now();

    *echoing = (struct echoing){ .client = client, .depth = depth };
    echoing->sent_at = client_allocate(places * sizeof *echoing->sent_at);
    for (size_t i = 0; i < places; i++)
        echoing->sent_at[i] = time;
    for (unsigned i = 0; i < client->count; i++) {
        client->peers[i].due += depth * client->size;
        peer_flush(&client->peers[i]);
    }
}

static void by_the_clock(struct client *client, const struct options *options)
{
    struct stretch stretch = stretch_of(options);
    struct echoing echoing;

    client_open(client, options->connections);
    echo_start(&echoing, client, options->depth);
    echo_until(&echoing, in_seconds(options->warmup));
    stretch_begin(&stretch);
    echoing.messages = 0;
    echo_until(&echoing, in_seconds(options->seconds));
    stretch_end(&stretch);
    printf("connections=%u size=%zu depth=%u", options->connections,
           client->size, options->depth);
    stretch_print(&stretch, echoing.messages);
    putchar('\n');
    free(echoing.sent_at);
}

static void by_the_count(struct client *client, const struct options *options)
{
    client_open(client, options->connections);
    for (unsigned i = 0; i < options->rounds; i++)
        client_round(client, options->depth);
    printf("connections=%u size=%zu depth=%u units=%llu\n",
           options->connections, client->size, options->depth,
           (unsigned long long)options->connections *
               ((unsigned long long)options->rounds * options->depth + 1));
    fflush(stdout);
    while (options->hold && getchar() != EOF)
        continue;
}

void load_echo(const struct options *options)
{
    struct client client;

    client_init(&client, options->host, options->port, options->connections,
                options->size ? options->size : 64);
    if (options->rounds || options->hold)
        by_the_count(&client, options);
    else
        by_the_clock(&client, options);
    client_end(&client);
}
