/*
 * pipe_bytes_test.h - two sockets and the bytes that flow between them
 *
 *     from_peer --> [from =====> to] --> to_peer
 *
 * What weir_socket_pipe() carries over - ends, closes, failures - is told to
 * the sockets' own events here, and takes the pipe away. The peers are plain
 * descriptors. The sockets are half-open, as those of the script shim are.
 */
#ifndef WEIR_PIPE_BYTES_TEST_H
#define WEIR_PIPE_BYTES_TEST_H

#include "test/support/net_test.h"

static struct side from, to;
static int from_peer, to_peer;

static inline void connect_all(enum net_kind kind)
{
    from_peer = net_raw(kind, &from);
    to_peer = net_raw(kind, &to);
    weir_socket_set_half_open(from.socket, true);
    weir_socket_set_half_open(to.socket, true);
}

static inline void join(void)
{
    assert_int_equal(weir_socket_pipe_bytes(from.socket, to.socket), 0);
}

static inline void finish(void)
{
    net_finish(&from);
    net_finish(&to);
    close(from_peer);
    close(to_peer);
    assert_false(weir_loop_alive(the_loop));
}

/* Both sockets are there, and no pipe is between them. */
static inline void assert_parted(void)
{
    assert_int_equal(weir_socket_unpipe(from.socket), -EINVAL);
    if (from.socket)
        assert_sound(from.socket);
    if (to.socket)
        assert_sound(to.socket);
}

/* The destination's peer goes with a reset that weir has not read yet, and the
 * source is the first to be looked at. */
static inline void break_the_destination(void)
{
    weir_socket_pause(to.socket);
    raw_reset(to_peer);
    to_peer = -1;
    raw_write(from_peer, "refused", 7);
}

#endif
