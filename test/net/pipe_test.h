/*
 * pipe_test.h - two sockets with a pipe between them, and their peers
 *
 *     from_peer --> [from =====> to] --> to_peer
 *
 * The peers are plain descriptors, the two sockets in the middle are weir's.
 */
#ifndef WEIR_PIPE_TEST_H
#define WEIR_PIPE_TEST_H

#include "test/support/net_test.h"

enum {
    MARK = 64 * 1024,  /* more than this waits: the source is not read */
    READ = 512 * 1024, /* the most that one read adds to it */
    CHUNK = 64 * 1024
};

static struct side from, to, extra;
static int from_peer, to_peer, extra_peer;

static inline void connect_all(enum net_kind kind)
{
    from_peer = net_raw(kind, &from);
    to_peer = net_raw(kind, &to);
    extra_peer = -1;
}

static inline void connect_extra(enum net_kind kind)
{
    extra_peer = net_raw(kind, &extra);
}

static inline void join(void)
{
    assert_int_equal(weir_socket_pipe(from.socket, to.socket), 0);
}

/* A proxy: a pipe in each direction. */
static inline void join_both(void)
{
    join();
    assert_int_equal(weir_socket_pipe(to.socket, from.socket), 0);
}

static inline void finish(void)
{
    net_finish(&from);
    net_finish(&to);
    close(from_peer);
    close(to_peer);
    if (extra_peer >= 0) {
        net_finish(&extra);
        close(extra_peer);
    }
    assert_false(weir_loop_alive(the_loop));
}

/* Feeds the pattern into a descriptor as far as it takes it. */
static inline void feed(int fd, uint64_t *position, uint64_t total)
{
    char bytes[CHUNK];

    while (*position < total) {
        size_t length = sizeof bytes;
        ssize_t n;

        if (length > total - *position)
            length = (size_t)(total - *position);
        net_pattern(bytes, length, *position);
        n = send(fd, bytes, length, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        *position += (uint64_t)n;
    }
}

/* Fills the way from end to end, until nothing moves any more. */
static inline uint64_t stall(void)
{
    uint64_t fed = 0, before;

    do {
        before = fed;
        feed(from_peer, &fed, UINT64_MAX);
        net_settle();
    } while (fed != before);
    assert_true(weir_socket_buffered(to.socket) > MARK);
    return fed;
}

#endif
