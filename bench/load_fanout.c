/*
 * load_fanout.c - one sender, many readers; the next message when all have it
 *
 * What is broadcast, by whomever, is one stream: message k is the pattern at k
 * times its size. Everybody reads the same from the moment when he has come,
 * and skips what he sent himself: so each byte can be compared as it is.
 *
 * A server says nothing when it accepts. But it accepts in order: when the
 * youngest of some new connections is heard by the others, all of them are in.
 * That is how the readers come, a hundred at a time.
 *
 * Units are messages delivered, a thousand for one that is sent to a thousand
 * readers; the latency is from before the send until the last reader has it.
 */
#include "load.h"

#include <stdio.h>
#include <sys/epoll.h>

enum { BATCH = 1024, PATIENCE = 5000, STEP = 100 };

struct fanout {
    struct client *client;
    uint64_t position; /* of the stream: the end of what was broadcast */
    uint64_t messages;
};

/* peer_receive() takes bytes that were not sent on the same connection. */
static void expect_from(const struct fanout *fanout, struct peer *peer)
{
    peer->start = 0;
    peer->received = fanout->position;
    peer->sent = peer->due = UINT64_MAX;
}

static void broadcast(struct fanout *fanout, struct peer *from)
{
    from->sent = fanout->position;
    from->due = fanout->position + fanout->client->size;
    peer_flush(from);
    if (from->sent < from->due)
        client_fail("the sender is not read", 0);
    fanout->position = from->due;
    expect_from(fanout, from);
}

/* Gives 1 when the peer now has everything and did not before. */
static unsigned take_in(const struct fanout *fanout, struct peer *peer)
{
    uint64_t before = peer->received;

    peer_receive(peer);
    if (peer->received > fanout->position)
        client_fail("more came than was sent", 0);
    return before < fanout->position && peer->received == fanout->position;
}

/* One message, until all others have it. */
static void one_message(struct fanout *fanout, struct peer *from)
{
    struct epoll_event events[BATCH];
    unsigned waiting = fanout->client->count - 1;

    broadcast(fanout, from);
    while (waiting > 0) {
        int count = epoll_wait(fanout->client->epoll, events, BATCH, PATIENCE);

        if (count == 0)
            client_fail("a message has not reached everybody in 5 s", 0);
        for (int i = 0; i < count; i++)
            waiting -= take_in(fanout, events[i].data.ptr);
    }
    fanout->messages++;
}

static void gather(struct fanout *fanout, unsigned count)
{
    struct client *client = fanout->client;

    while (client->count < count) {
        unsigned first = client->count, left = count - first;

        client_connect(client, first + (left < STEP ? left : STEP));
        for (unsigned i = first; i < client->count; i++)
            expect_from(fanout, &client->peers[i]);
        one_message(fanout, &client->peers[client->count - 1]);
    }
}

static void run_until(struct fanout *fanout, uint64_t end)
{
    uint64_t time = now(), began;

    do {
        began = time;
        one_message(fanout, fanout->client->peers);
        time = now();
        latency_record(time - began);
    } while (time < end);
}

void load_fanout(const struct options *options)
{
    struct stretch stretch = stretch_of(options);
    struct client client;
    struct fanout fanout = { .client = &client };

    client_init(&client, options->host, options->port, options->readers + 1,
                options->size ? options->size : 64);
    client.events = EPOLLIN | EPOLLET;
    gather(&fanout, options->readers + 1);
    run_until(&fanout, in_seconds(options->warmup));
    stretch_begin(&stretch);
    fanout.messages = 0;
    run_until(&fanout, in_seconds(options->seconds));
    stretch_end(&stretch);
    printf("readers=%u size=%zu", options->readers, client.size);
    stretch_print(&stretch, fanout.messages * options->readers);
    putchar('\n');
    client_end(&client);
}
