/*
 * libev.c - the servers on libev
 *
 * libev watches descriptors and leaves reading and writing to its user, so this
 * is what its users write: recv() when a descriptor is readable, send() at
 * once, and only when that does not take all, a second watcher for writing and
 * a queue, which exist until it is empty. What its bytes go to holds a reader
 * up: it is not read from meanwhile.
 *
 * Level-triggered, as libev is; one read buffer for all connections.
 */
#include "bench/peers/peer.h"

#include <errno.h>
#include <ev.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct connection {
    ev_io readable;
    union {
        struct connection *other; /* where its bytes go: echo, to itself */
        struct peer_link link;
        struct peer_http http;
    };
    struct queue *queue; /* NULL: nothing waits */
    bool finished;       /* proxy: our FIN is out */
};

struct piece {
    struct piece *next;
    struct peer_message *message;
    size_t sent;
};

struct queue {
    ev_io writable;
    struct connection *source; /* is read again when it is empty; or NULL */
    struct piece *first, **last;
};

static struct peer peer;
static struct ev_loop *loop;
static struct peer_link guests;
static char buffer[512 * 1024];

static struct connection *connection_of(ev_io *readable)
{
    return PEER_OF(readable, struct connection, readable);
}

/* ----------------------------------------------------------------- closing */

static void drop_first(struct queue *queue)
{
    struct piece *piece = queue->first;

    queue->first = piece->next;
    if (!queue->first)
        queue->last = &queue->first;
    peer_message_unref(piece->message);
    free(piece);
}

static void drop_queue(struct connection *c)
{
    if (!c->queue)
        return;
    while (c->queue->first)
        drop_first(c->queue);
    ev_io_stop(loop, &c->queue->writable);
    free(c->queue);
    c->queue = NULL;
}

static void close_one(struct connection *c)
{
    ev_io_stop(loop, &c->readable);
    drop_queue(c);
    if (peer.workload == PEER_FANOUT)
        peer_remove(&c->link);
    close(c->readable.fd);
    free(c);
}

static void close_connection(struct connection *c)
{
    if (peer.workload == PEER_PROXY)
        close_one(c->other);
    close_one(c);
}

/* ----------------------------------------------------------------- writing */

/* Gives what was taken, or -1 when the connection is broken. */
static ssize_t try_send(struct connection *c, const char *bytes, size_t length)
{
    ssize_t sent = send(c->readable.fd, bytes, length, MSG_NOSIGNAL);

    return sent < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : sent;
}

static void on_writable(struct ev_loop *l, ev_io *watcher, int events)
{
    struct queue *queue = PEER_OF(watcher, struct queue, writable);
    struct connection *c = watcher->data, *source = queue->source;

    (void)l;
    (void)events;
    while (queue->first) {
        struct piece *piece = queue->first;
        size_t left = piece->message->length - piece->sent;
        ssize_t sent = try_send(c, piece->message->bytes + piece->sent, left);

        if (sent < 0) {
            close_connection(c);
            return;
        }
        piece->sent += (size_t)sent;
        if ((size_t)sent < left)
            return;
        drop_first(queue);
    }
    drop_queue(c);
    if (source)
        ev_io_start(loop, &source->readable);
}

static void enqueue(struct connection *source, struct connection *to,
                    struct peer_message *message, size_t sent)
{
    struct piece *piece = peer_allocate(sizeof *piece);
    struct queue *queue = to->queue;

    if (!queue) {
        queue = to->queue = peer_allocate(sizeof *queue);
        queue->first = NULL;
        queue->last = &queue->first;
        ev_io_init(&queue->writable, on_writable, to->readable.fd, EV_WRITE);
        queue->writable.data = to;
        ev_io_start(loop, &queue->writable);
    }
    *piece = (struct piece){ NULL, message, sent };
    message->references++;
    *queue->last = piece;
    queue->last = &piece->next;
    queue->source = source;
    if (source)
        ev_io_stop(loop, &source->readable);
}

static void enqueue_copy(struct connection *source, struct connection *to,
                         const char *bytes, size_t length)
{
    struct peer_message *message = peer_message_copy(bytes, length);

    enqueue(source, to, message, 0);
    peer_message_unref(message);
}

/* False when `to` is broken, which is left to the caller. */
static bool write_bytes(struct connection *source, struct connection *to,
                        const char *bytes, size_t length)
{
    ssize_t sent = to->queue ? 0 : try_send(to, bytes, length);

    if (sent == (ssize_t)length)
        return true;
    if (sent < 0)
        return false;
    enqueue_copy(source, to, bytes + sent, length - (size_t)sent);
    return true;
}

/* ----------------------------------------------------------------- reading */

/* Copied when the first one does not take all of it. */
static void to_others(struct connection *from, const char *bytes, size_t length)
{
    struct peer_message *message = NULL;
    struct peer_link *next;

    for (struct peer_link *l = guests.next; l != &guests; l = next) {
        struct connection *c = PEER_OF(l, struct connection, link);
        ssize_t sent;

        next = l->next;
        if (c == from)
            continue;
        sent = c->queue ? 0 : try_send(c, bytes, length);
        if (sent < 0) {
            close_one(c);
        } else if (sent < (ssize_t)length) {
            if (!message)
                message = peer_message_copy(bytes, length);
            enqueue(NULL, c, message, (size_t)sent);
        }
    }
    if (message)
        peer_message_unref(message);
}

static bool answer(struct connection *c, const char *bytes, size_t length)
{
    size_t requests = peer_http_requests(&c->http, bytes, length);

    while (requests > 0) {
        const char *answers = peer_http_answers(&requests, &length);

        if (!write_bytes(c, c, answers, length))
            return false;
    }
    return true;
}

/* Nothing waits then, or it would not have been read from. */
static void on_end(struct connection *c)
{
    struct connection *other = c->other;

    if (peer.workload != PEER_PROXY || c->finished) {
        close_connection(c);
        return;
    }
    ev_io_stop(loop, &c->readable);
    other->finished = true;
    shutdown(other->readable.fd, SHUT_WR);
}

/* What recv() gave, if there was nothing to be taken in. */
static void on_nothing(struct connection *c, ssize_t length)
{
    if (length == 0)
        on_end(c);
    else if (errno != EAGAIN && errno != EINTR)
        close_connection(c);
}

/* Echo and proxy. Most messages go out at once, and need no more than this. */
static void on_carry(struct ev_loop *l, ev_io *watcher, int events)
{
    struct connection *c = connection_of(watcher), *other = c->other;
    ssize_t length = recv(watcher->fd, buffer, sizeof buffer, 0);

    (void)l;
    (void)events;
    if (length <= 0)
        on_nothing(c, length);
    else if (!write_bytes(c, other, buffer, (size_t)length))
        close_connection(c);
}

static void on_sink(struct ev_loop *l, ev_io *watcher, int events)
{
    ssize_t length = recv(watcher->fd, buffer, sizeof buffer, 0);

    (void)l;
    (void)events;
    if (length <= 0)
        on_nothing(connection_of(watcher), length);
}

static void on_fanout(struct ev_loop *l, ev_io *watcher, int events)
{
    struct connection *c = connection_of(watcher);
    ssize_t length = recv(watcher->fd, buffer, sizeof buffer, 0);

    (void)l;
    (void)events;
    if (length <= 0)
        on_nothing(c, length);
    else
        to_others(c, buffer, (size_t)length);
}

static void on_http(struct ev_loop *l, ev_io *watcher, int events)
{
    struct connection *c = connection_of(watcher);
    ssize_t length = recv(watcher->fd, buffer, sizeof buffer, 0);

    (void)l;
    (void)events;
    if (length <= 0)
        on_nothing(c, length);
    else if (!answer(c, buffer, (size_t)length))
        close_connection(c);
}

/* --------------------------------------------------------------- accepting */

static void (*const on_readable[])(struct ev_loop *, ev_io *, int) = {
    [PEER_ECHO] = on_carry,    [PEER_SINK] = on_sink, [PEER_PROXY] = on_carry,
    [PEER_FANOUT] = on_fanout, [PEER_HTTP] = on_http,
};

static struct connection *create(int fd)
{
    struct connection *c = peer_allocate(sizeof *c);

    ev_io_init(&c->readable, on_readable[peer.workload], fd, EV_READ);
    c->queue = NULL;
    c->finished = false;
    return c;
}

/* Writable for the first time: connected, or not. */
static void on_connected(struct ev_loop *l, ev_io *watcher, int events)
{
    struct connection *upstream = watcher->data;
    int fd = watcher->fd, on = 1, error = 0;
    socklen_t size = sizeof error;

    (void)l;
    (void)events;
    ev_io_stop(loop, watcher);
    free(watcher);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error) {
        close_connection(upstream);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ev_io_start(loop, &upstream->readable);
    ev_io_start(loop, &upstream->other->readable);
}

static void connect_upstream(struct connection *c)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct connection *upstream = create(fd);
    ev_io *watcher = peer_allocate(sizeof *watcher);

    if (fd < 0)
        peer_fail("socket");
    upstream->other = c;
    c->other = upstream;
    /* What fails at once is told by the descriptor just as what fails later. */
    connect(fd, (struct sockaddr *)&peer.target, sizeof peer.target);
    ev_io_init(watcher, on_connected, fd, EV_WRITE);
    watcher->data = upstream;
    ev_io_start(loop, watcher);
}

static void accept_one(int fd)
{
    struct connection *c = create(fd);

    switch (peer.workload) {
    case PEER_PROXY:
        connect_upstream(c);
        return;
    case PEER_FANOUT:
        peer_insert(&guests, &c->link);
        break;
    case PEER_HTTP:
        c->http = (struct peer_http){ 0 };
        break;
    default:
        c->other = c;
    }
    ev_io_start(loop, &c->readable);
}

static void on_acceptable(struct ev_loop *l, ev_io *watcher, int events)
{
    int fd;

    (void)l;
    (void)events;
    while ((fd = accept4(watcher->fd, NULL, NULL,
                         SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
        accept_one(fd);
    if (errno != EAGAIN)
        perror("accept");
}

int main(int argc, char **argv)
{
    char version[32];
    ev_io listener;
    int fd;

    snprintf(version, sizeof version, "%d.%d", ev_version_major(),
             ev_version_minor());
    peer = peer_arguments(argc, argv, "echo sink fanout proxy http", version);
    peer_list(&guests);
    loop = ev_default_loop(0);
    fd = peer_listen(peer.port); /* no-delay is handed down */
    ev_io_init(&listener, on_acceptable, fd, EV_READ);
    ev_io_start(loop, &listener);
    peer_announce(fd);
    ev_run(loop, 0);
}
