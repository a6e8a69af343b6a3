/*
 * states_test.h - the states of a socket, and every operation on it
 *
 * The table below says what each operation answers in each state. Whatever it
 * was, the rest holds always: the socket's parts agree, every accepted write is
 * called back once, there is exactly one close, and it is last.
 */
#ifndef WEIR_STATES_TEST_H
#define WEIR_STATES_TEST_H

#include "test/support/net_test.h"

#include <netinet/tcp.h>

enum state {
    NEW,
    CONNECTING,
    OPEN,
    PAUSED,
    ENDING,    /* FIN behind a queue */
    FINISHED,  /* FIN sent */
    HALF_OPEN, /* the peer's FIN seen */
    FAILED,    /* writing has failed */
    LINGERING, /* closed, waiting for the peer's FIN */
    DESTROYED,
    STATES
};

static const char *const state_names[] = {
    "new",      "connecting", "open",         "paused",    "ending",
    "finished", "half-open",  "write failed", "lingering", "destroyed",
};

static const weir_socket_state public_states[] = {
    WEIR_SOCKET_NEW,        WEIR_SOCKET_CONNECTING, WEIR_SOCKET_OPEN,
    WEIR_SOCKET_OPEN,       WEIR_SOCKET_READ_ONLY,  WEIR_SOCKET_READ_ONLY,
    WEIR_SOCKET_WRITE_ONLY, WEIR_SOCKET_READ_ONLY,  WEIR_SOCKET_READ_ONLY,
    WEIR_SOCKET_CLOSED,
};

static struct side a, b;
static int fd, b_fd, listener;
static enum net_kind kind;
static weir_address address;
static unsigned accepted; /* writes with a callback */

/* ---------------------------------------------------- getting into a state */

static inline ssize_t failing_send(int to, const void *bytes, size_t size,
                                   int flags)
{
    (void)to, (void)bytes, (void)size, (void)flags;
    errno = EPIPE;
    return -1;
}

static inline void get_unconnected(bool connecting)
{
    side_init(&a);
    assert_int_equal(weir_socket_create(&a.socket, the_loop, &side_events, &a),
                     0);
    if (connecting)
        assert_int_equal(weir_socket_connect(a.socket, &address, NULL), 0);
}

static inline void get_write_failed(void)
{
    weir_sys.send = failing_send;
    assert_int_equal(weir_socket_write(a.socket, "x", 1, NULL, NULL), -EPIPE);
    weir_sys.send = faults_kernel()->send;
    net_settle();
}

static inline void get_half_open(void)
{
    weir_socket_set_half_open(a.socket, true);
    shutdown(fd, SHUT_WR);
    RUN_UNTIL(strchr(a.log, 'e'));
}

static inline void get_into(enum state state)
{
    accepted = 0;
    fd = -1;
    listener = net_listener(kind, &address);
    if (state == NEW || state == CONNECTING) {
        get_unconnected(state == CONNECTING);
        return;
    }
    fd = net_raw(kind, &a);
    if (state == PAUSED)
        weir_socket_pause(a.socket);
    if (state == ENDING)
        net_stuff(&a);
    if (state == ENDING || state == FINISHED)
        weir_socket_end(a.socket);
    if (state == FINISHED)
        raw_expect_end(fd);
    if (state == HALF_OPEN)
        get_half_open();
    if (state == FAILED)
        get_write_failed();
    if (state == LINGERING)
        weir_socket_close(a.socket);
    if (state == DESTROYED)
        weir_socket_destroy(a.socket);
}

/* --------------------------------------------------------- the operations */

static inline int count_accepted(int result)
{
    accepted += result >= 0;
    return result;
}

static inline int op_write(void)
{
    return count_accepted(weir_socket_write(a.socket, "x", 1, side_wrote, &a));
}

static inline int op_write_nothing(void)
{
    int result = weir_socket_write(a.socket, "", 0, side_wrote, &a);

    return count_accepted(result) > 0 ? 0 : result;
}

static inline int op_writev(void)
{
    struct iovec pieces[2] = { { (void *)"x", 1 }, { (void *)"y", 1 } };

    return count_accepted(
        weir_socket_writev(a.socket, pieces, 2, side_wrote, &a));
}

static unsigned owned, released;

static inline void count_release(void *bytes, size_t length, void *argument)
{
    (void)bytes, (void)length, (void)argument;
    released++;
}

static inline int op_write_owned(void)
{
    int result = weir_socket_write_owned(a.socket, (void *)"x", 1,
                                         count_release, NULL, NULL);

    owned += result >= 0;
    return result;
}

static inline int op_write_buffer(void)
{
    weir_buffer *buffer = weir_buffer_copy("x", 1);
    int result = weir_socket_write_buffer(a.socket, buffer, side_wrote, &a);

    weir_buffer_unref(buffer);
    return count_accepted(result);
}

static inline int op_end(void)
{
    return weir_socket_end(a.socket);
}

static inline int op_close(void)
{
    weir_socket_close(a.socket);
    return 0;
}

static inline int op_destroy(void)
{
    weir_socket_destroy(a.socket);
    return 0;
}

static inline int op_reset(void)
{
    weir_socket_reset(a.socket);
    return 0;
}

static inline int op_pause(void)
{
    weir_socket_pause(a.socket);
    return !weir_socket_paused(a.socket);
}

static inline int op_resume(void)
{
    weir_socket_resume(a.socket);
    return weir_socket_paused(a.socket);
}

static inline int op_set_timeout(void)
{
    weir_socket_set_timeout(a.socket, 3);
    return 0;
}

static inline int op_clear_timeout(void)
{
    weir_socket_set_timeout(a.socket, 0);
    return 0;
}

static inline int op_half_open(void)
{
    weir_socket_set_half_open(a.socket, true);
    weir_socket_set_half_open(a.socket, false);
    return 0;
}

static inline int op_set_events(void)
{
    weir_socket_set_events(a.socket, NULL);
    weir_socket_set_events(a.socket, &side_events);
    return 0;
}

static inline int op_pipe_from(void)
{
    return weir_socket_pipe(a.socket, b.socket);
}

static inline int op_pipe_to(void)
{
    return weir_socket_pipe(b.socket, a.socket);
}

static inline int op_pipe_to_itself(void)
{
    return weir_socket_pipe(a.socket, a.socket);
}

static inline int op_unpipe(void)
{
    return weir_socket_unpipe(a.socket);
}

static inline int op_connect(void)
{
    return weir_socket_connect(a.socket, &address, NULL);
}

static inline int op_connect_host(void)
{
    return weir_socket_connect_host(a.socket, "127.0.0.1", 1, NULL);
}

static inline int op_adopt(void)
{
    int fds[2];
    int result;

    test_socketpair(fds);
    result = weir_socket_adopt(a.socket, fds[0]);
    if (result < 0)
        close(fds[0]);
    close(fds[1]);
    return result;
}

static inline int op_cork(void)
{
    int result = weir_socket_cork(a.socket);

    return result < 0 ? result : weir_socket_uncork(a.socket);
}

static inline int op_uncork(void)
{
    return weir_socket_uncork(a.socket);
}

static inline int op_high_water(void)
{
    return weir_socket_set_high_water(a.socket, 100);
}

static inline int op_limit(void)
{
    return weir_socket_set_write_limit(a.socket, 1 << 30);
}

static inline int op_no_delay(void)
{
    return weir_socket_set_no_delay(a.socket, true);
}

static inline int op_keep_alive(void)
{
    return weir_socket_set_keep_alive(a.socket, true, 10, 10, 10);
}

static inline int op_set_tos(void)
{
    return weir_socket_set_tos(a.socket, 16);
}

static inline int op_tos(void)
{
    int tos = weir_socket_tos(a.socket);

    return tos > 0 ? 0 : tos;
}

static inline int op_set_buffers(void)
{
    int result = weir_socket_set_send_buffer(a.socket, 50000);

    return result ? result : weir_socket_set_receive_buffer(a.socket, 50000);
}

static inline int op_send_buffer(void)
{
    int size = weir_socket_send_buffer(a.socket);

    return size > 0 ? 0 : size;
}

static inline int op_receive_buffer(void)
{
    int size = weir_socket_receive_buffer(a.socket);

    return size > 0 ? 0 : size;
}

static inline int op_release(void)
{
    int descriptor = weir_socket_release(a.socket);

    return descriptor >= 0 ? close(descriptor) : descriptor;
}

static inline int op_local_address(void)
{
    weir_address local;

    return weir_socket_local_address(a.socket, &local);
}

/* The peer of a connection whose writing failed may be known or not. */
static inline int op_remote_address(void)
{
    weir_address remote;

    return weir_socket_remote_address(a.socket, &remote);
}

static inline int op_fd(void)
{
    return weir_socket_fd(a.socket) >= 0 ? 0 : -1;
}

static inline int op_references(void)
{
    weir_socket_unref(a.socket);
    weir_socket_ref(a.socket);
    return 0;
}

static inline int op_accessors(void)
{
    char text[64];

    weir_socket_error_text(a.socket, text, sizeof text);
    weir_socket_set_data(a.socket, &a);
    assert_ptr_equal(weir_socket_data(a.socket), &a);
    assert_ptr_equal(weir_socket_loop(a.socket), the_loop);
    assert_null(weir_socket_server(a.socket));
    (void)weir_socket_buffered(a.socket);
    (void)weir_socket_timeout(a.socket);
    return 0;
}

/* ---------------------------------------------------------------- the table */

enum {
    NC = -ENOTCONN,
    BF = -EBADF,
    PI = -EPIPE,
    IC = -EISCONN,
    AL = -EALREADY,
    IV = -EINVAL,
    BU = -EBUSY,
    NS = -ENOTSUP
};

/* For options: as on TCP; on a UNIX socket, NS where it says 0. */
enum { ALL_KINDS, TCP_ONLY };

static const struct operation {
    const char *name;
    int (*run)(void);
    int scope;
    int expected[STATES];
} operations[] = {
    /* new, connecting, open, paused, ending, finished, half-open, failed,
     * lingering, destroyed */
    { "write", op_write, 0, { NC, 1, 0, 0, PI, PI, 0, PI, PI, BF } },
    { "write nothing",
      op_write_nothing,
      0,
      { NC, 0, 0, 0, PI, PI, 0, PI, PI, BF } },
    { "writev", op_writev, 0, { NC, 1, 0, 0, PI, PI, 0, PI, PI, BF } },
    { "write_owned",
      op_write_owned,
      0,
      { NC, 1, 0, 0, PI, PI, 0, PI, PI, BF } },
    { "write_buffer",
      op_write_buffer,
      0,
      { NC, 1, 0, 0, PI, PI, 0, PI, PI, BF } },
    { "end", op_end, 0, { NC, 0, 0, 0, 0, 0, 0, 0, 0, BF } },
    { "close", op_close, 0, { 0 } },
    { "destroy", op_destroy, 0, { 0 } },
    { "reset", op_reset, 0, { 0 } },
    { "pause", op_pause, 0, { 0, 0, 0, 0, 0, 0, 0, 0, 1, 0 } },
    { "resume", op_resume, 0, { 0 } },
    { "set_timeout", op_set_timeout, 0, { 0 } },
    { "clear timeout", op_clear_timeout, 0, { 0 } },
    { "set_half_open", op_half_open, 0, { 0 } },
    { "set_events", op_set_events, 0, { 0 } },
    { "pipe from it", op_pipe_from, 0, { NC, 0, 0, 0, 0, 0, 0, 0, BU, BF } },
    { "pipe to it", op_pipe_to, 0, { NC, 0, 0, 0, PI, PI, 0, PI, PI, BF } },
    { "pipe to itself",
      op_pipe_to_itself,
      0,
      { NC, 0, 0, 0, PI, PI, 0, PI, BU, BF } },
    { "unpipe", op_unpipe, 0, { IV, IV, IV, IV, IV, IV, IV, IV, IV, IV } },
    { "connect", op_connect, 0, { 0, AL, IC, IC, IC, IC, IC, IC, IC, BF } },
    { "connect_host",
      op_connect_host,
      0,
      { 0, AL, IC, IC, IC, IC, IC, IC, IC, BF } },
    { "adopt", op_adopt, 0, { 0, IC, IC, IC, IC, IC, IC, IC, IC, BF } },
    { "cork, uncork", op_cork, 0, { 0 } },
    { "uncork", op_uncork, 0, { IV, IV, IV, IV, 0, 0, IV, 0, 0, IV } },
    { "set_high_water", op_high_water, 0, { 0 } },
    { "set_write_limit", op_limit, 0, { 0 } },
    { "set_no_delay",
      op_no_delay,
      TCP_ONLY,
      { NC, NC, 0, 0, 0, 0, 0, 0, 0, BF } },
    { "set_keep_alive",
      op_keep_alive,
      TCP_ONLY,
      { NC, NC, 0, 0, 0, 0, 0, 0, 0, BF } },
    { "set_tos", op_set_tos, TCP_ONLY, { NC, NC, 0, 0, 0, 0, 0, 0, 0, BF } },
    { "tos", op_tos, TCP_ONLY, { NC, NC, 0, 0, 0, 0, 0, 0, 0, BF } },
    { "set buffers", op_set_buffers, 0, { NC, NC, 0, 0, 0, 0, 0, 0, 0, BF } },
    { "send_buffer", op_send_buffer, 0, { NC, NC, 0, 0, 0, 0, 0, 0, 0, BF } },
    { "receive_buffer",
      op_receive_buffer,
      0,
      { NC, NC, 0, 0, 0, 0, 0, 0, 0, BF } },
    { "release", op_release, 0, { NC, NC, 0, 0, BU, 0, 0, PI, BF, BF } },
    { "local_address",
      op_local_address,
      0,
      { NC, NC, 0, 0, 0, 0, 0, 0, 0, BF } },
    { "remote_address",
      op_remote_address,
      0,
      { NC, NC, 0, 0, 0, 0, 0, 0, 0, BF } },
    { "fd", op_fd, 0, { -1, -1, 0, 0, 0, 0, 0, 0, 0, -1 } },
    { "references", op_references, 0, { 0 } },
    { "accessors", op_accessors, 0, { 0 } },
};

static inline void swallow(int from)
{
    char bytes[65536];

    while (recv(from, bytes, sizeof bytes, 0) > 0)
        ;
}

/* Gives the socket every reason to close, then closes it. */
static inline void come_to_an_end(void)
{
    for (int i = 0; i < 4; i++) {
        if (fd >= 0)
            swallow(fd);
        swallow(b_fd);
        weir_loop_run_once(the_loop, 0);
    }
    if (fd >= 0)
        close(fd);
    fd = -1;
    net_settle();
    if (a.socket && !a.closed) {
        assert_sound(a.socket);
        weir_socket_destroy(a.socket);
    }
    if (b.socket && !b.closed)
        weir_socket_destroy(b.socket);
    close(b_fd);
    close(listener);
    RUN_UNTIL(a.closed && b.closed);
    weir_loop_run_once(the_loop, 0);
}

static inline void check_the_end(void)
{
    const char *close_event = strchr(a.log, 'x');

    assert_non_null(close_event);
    if (a.logged < SIDE_LOG)
        assert_string_equal(close_event, "x");
    assert_int_equal(a.written + a.failed, accepted);
    assert_int_equal(owned, released);
}

#endif
