/*
 * raw.c - the yardstick: an edge-triggered epoll loop with nothing in between
 *
 * What a message costs at the least: one share of an epoll_wait(), a recv(), a
 * send(). Everything that a library adds is measured against this.
 *
 *   echo  No state per connection at all: the kernel hands the descriptor back
 *         with the event, and all connections share one buffer of 512 KiB. Two
 *         things it cannot leave out without being wrong. An edge comes once: a
 *         read that fills less than the buffer has emptied the socket, so the
 *         next bytes make the next edge; unless a FIN or an error lies behind
 *         those bytes, which will make none. The event says so (EPOLLRDHUP,
 *         EPOLLHUP, EPOLLERR), and then it reads on until the end. And a send()
 *         that takes only a part: it waits for that one peer, with all others
 *         standing. A yardstick need not be fair, but this one has no place
 *         where readers stall.
 *   bulk  Echo of much: one buffer of 64 KiB, which is what most loops have.
 *         What send() does not take is kept for the connection; it reads on
 *         when all of that is sent. Watched for both directions from the
 *         beginning, so that a stall costs no epoll_ctl().
 *   sink  Reads as echo does, and forgets it.
 *
 * An accept() that fails is told and left at that.
 */
#include "bench/peers/peer.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BATCH = 1024,
    BUFFER_SIZE = 512 * 1024,
    BULK_BUFFER_SIZE = 64 * 1024,
    LAST = EPOLLRDHUP | EPOLLHUP | EPOLLERR /* there will be no more edge */
};

static char buffer[BUFFER_SIZE];
static int epoll, listener;

static void watch(int fd, uint32_t events, epoll_data_t data)
{
    struct epoll_event event = { .events = events | EPOLLET, .data = data };

    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        peer_fail("epoll_ctl");
}

/* Negative when there is none any more. */
static int next_connection(void)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0 && errno != EAGAIN)
        perror("accept");
    return fd;
}

static void accept_plain(void)
{
    int fd;

    while ((fd = next_connection()) >= 0)
        watch(fd, EPOLLIN | EPOLLRDHUP, (epoll_data_t){ .fd = fd });
}

/* -------------------------------------------------------------------- echo */

/* The part that send() did not take. False when the peer is gone. */
static bool send_rest(int fd, const char *bytes, size_t length)
{
    struct pollfd writable = { .fd = fd, .events = POLLOUT };

    while (length > 0) {
        ssize_t sent;

        poll(&writable, 1, -1);
        sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN)
            return false;
        if (sent > 0) {
            bytes += sent;
            length -= (size_t)sent;
        }
    }
    return true;
}

/* False when the connection is over. */
static bool send_all(int fd, size_t length)
{
    ssize_t sent = send(fd, buffer, length, MSG_NOSIGNAL);

    if (sent == (ssize_t)length)
        return true;
    if (sent < 0) {
        if (errno != EAGAIN)
            return false;
        sent = 0;
    }
    return send_rest(fd, buffer + sent, length - (size_t)sent);
}

static void on_echo(const struct epoll_event *event)
{
    int fd = event->data.fd;

    for (;;) {
        ssize_t length = recv(fd, buffer, sizeof buffer, 0);

        if (length <= 0) {
            if (length < 0 && errno == EAGAIN)
                return;
            break;
        }
        if (!send_all(fd, (size_t)length))
            break;
        if (length < (ssize_t)sizeof buffer && event->events == EPOLLIN)
            return;
    }
    close(fd); /* never dup'ed: this takes it out of the epoll set as well */
}

/* -------------------------------------------------------------------- sink */

static void on_sink(const struct epoll_event *event)
{
    int fd = event->data.fd;

    for (;;) {
        ssize_t length = recv(fd, buffer, sizeof buffer, 0);

        if (length <= 0) {
            if (length < 0 && errno == EAGAIN)
                return;
            break;
        }
        if (length < (ssize_t)sizeof buffer && event->events == EPOLLIN)
            return;
    }
    close(fd);
}

/* -------------------------------------------------------------------- bulk */

struct connection {
    int fd;
    uint32_t events; /* that will not come again */
    size_t begin, end;
    char rest[BULK_BUFFER_SIZE]; /* untouched, so not there, until it stalls */
};

static void accept_bulk(void)
{
    int fd;

    while ((fd = next_connection()) >= 0) {
        struct connection *c = peer_allocate(sizeof *c);

        c->fd = fd;
        c->events = 0;
        c->begin = c->end = 0;
        watch(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP, (epoll_data_t){ .ptr = c });
    }
}

/* Gives what send() took, or -1 when the peer is gone. */
static ssize_t send_some(int fd, const char *bytes, size_t length)
{
    ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);

    return sent < 0 && errno == EAGAIN ? 0 : sent;
}

/* One buffer in, the same out. False when that is all for now: `over` tells
 * whether for good. */
static bool carry(struct connection *c, bool *over)
{
    ssize_t length, sent;

    if (c->begin < c->end) {
        sent = send_some(c->fd, c->rest + c->begin, c->end - c->begin);
        *over = sent < 0;
        if (sent > 0)
            c->begin += (size_t)sent;
        return c->begin == c->end;
    }
    length = recv(c->fd, buffer, BULK_BUFFER_SIZE, 0);
    if (length <= 0) {
        *over = length == 0 || errno != EAGAIN;
        return false;
    }
    sent = send_some(c->fd, buffer, (size_t)length);
    *over = sent < 0;
    if (sent < 0)
        return false;
    if (sent < length) {
        c->begin = 0;
        c->end = (size_t)(length - sent);
        memcpy(c->rest, buffer + sent, c->end);
        return false;
    }
    return length == BULK_BUFFER_SIZE || (c->events & LAST);
}

static void on_bulk(const struct epoll_event *event)
{
    struct connection *c = event->data.ptr;
    bool over = false;

    c->events |= event->events;
    while (carry(c, &over))
        ;
    if (over) {
        close(c->fd);
        free(c);
    }
}

/* -------------------------------------------------------------------- main */

/* Its own copy for each workload, so that no pointer is called per event. */
#define RUN(on_event, accept_all)                                              \
    for (;;) {                                                                 \
        int count = epoll_wait(epoll, events, BATCH, -1);                      \
                                                                               \
        if (count < 0 && errno != EINTR)                                       \
            peer_fail("epoll_wait");                                           \
        for (int i = 0; i < count; i++) {                                      \
            if (events[i].data.u64 == (uint64_t)listener)                      \
                accept_all();                                                  \
            else                                                               \
                on_event(&events[i]);                                          \
        }                                                                      \
    }

int main(int argc, char **argv)
{
    static struct epoll_event events[BATCH];
    struct peer peer = peer_arguments(argc, argv, "echo sink bulk", "-");

    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0)
        peer_fail("epoll_create1");
    listener = peer_listen(peer.port);
    /* No pointer is as small as that. */
    watch(listener, EPOLLIN, (epoll_data_t){ .u64 = (uint64_t)listener });
    peer_announce(listener);
    switch (peer.workload) {
    case PEER_SINK:
        RUN(on_sink, accept_plain)
    case PEER_BULK:
        RUN(on_bulk, accept_bulk)
    default:
        RUN(on_echo, accept_plain)
    }
}
