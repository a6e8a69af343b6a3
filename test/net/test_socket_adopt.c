/*
 * test_socket_adopt.c - descriptors that somebody else has made
 *
 * Which are refused, what is done to them, and what they bring along: bytes
 * that came before, copies of themselves, an end.
 */
#include "pair_test.h"

static struct side b;

static void what_is_no_connected_stream_socket_is_not_adopted(void **state)
{
    int listener, unconnected, datagrams[2], pipes[2];
    weir_address address;

    listener = net_listener(NET_KIND(state), &address);
    unconnected = socket(AF_INET, SOCK_STREAM, 0);
    test_pipe(pipes);
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, datagrams), 0);
    side_init(&b);
    weir_socket_create(&b.socket, the_loop, &side_events, &b);
    assert_int_equal(weir_socket_adopt(NULL, fd), -EINVAL);
    assert_int_equal(weir_socket_adopt(b.socket, -1), -EBADF);
    assert_int_equal(weir_socket_adopt(b.socket, 1 << 20), -EBADF);
    assert_int_equal(weir_socket_adopt(b.socket, pipes[0]), -ENOTSOCK);
    assert_int_equal(weir_socket_adopt(b.socket, datagrams[0]), -EINVAL);
    assert_int_equal(weir_socket_adopt(b.socket, listener), -ENOTCONN);
    assert_int_equal(weir_socket_adopt(b.socket, unconnected), -ENOTCONN);
    assert_int_equal(weir_socket_adopt(b.socket, weir_socket_fd(a.socket)),
                     -EEXIST);
    assert_int_equal(weir_socket_get_state(b.socket), WEIR_SOCKET_NEW);
    assert_sound(b.socket);
    /* It can still adopt a good one. */
    assert_int_equal(weir_socket_adopt(b.socket, fd), 0);
    fd = -1;
    assert_int_equal(weir_socket_write(a.socket, "x", 1, NULL, NULL),
                     WEIR_SENT);
    RUN_UNTIL(b.received == 1);
    test_close_pair(datagrams);
    test_close_pair(pipes);
    close(listener);
    close(unconnected);
}

static int other_family(int descriptor, struct sockaddr *name, socklen_t *size)
{
    int result = faults_kernel()->getpeername(descriptor, name, size);

    name->sa_family = AF_APPLETALK;
    return result;
}

static void a_socket_of_another_family_is_not_adopted(void **state)
{
    int fds[2];

    net_descriptors(NET_KIND(state), fds);
    side_init(&b);
    weir_socket_create(&b.socket, the_loop, &side_events, &b);
    weir_sys.getpeername = other_family;
    assert_int_equal(weir_socket_adopt(b.socket, fds[0]), -EAFNOSUPPORT);
    weir_sys.getpeername = faults_kernel()->getpeername;
    assert_int_equal(weir_socket_adopt(b.socket, fds[0]), 0);
    close(fds[1]);
}

static void
an_adopted_descriptor_becomes_non_blocking_and_is_closed(void **state)
{
    int fds[2];

    net_descriptors(NET_KIND(state), fds);
    assert_int_equal(fcntl(fds[0], F_SETFL, 0), 0);
    side_init(&b);
    weir_socket_create(&b.socket, the_loop, &side_events, &b);
    assert_int_equal(weir_socket_adopt(b.socket, fds[0]), 0);
    assert_true(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
    assert_int_equal(weir_socket_fd(b.socket), fds[0]);
    net_finish(&b);
    assert_int_equal(fcntl(fds[0], F_GETFD), -1);
    raw_expect_end(fds[1]);
    close(fds[1]);
}

static void what_came_before_adopting_is_read(void **state)
{
    int fds[2];

    net_descriptors(NET_KIND(state), fds);
    raw_write(fds[1], "early", 5);
    close(fds[1]);
    side_init(&b);
    weir_socket_create(&b.socket, the_loop, &side_events, &b);
    assert_int_equal(weir_socket_adopt(b.socket, fds[0]), 0);
    RUN_UNTIL(b.closed);
    assert_side(&b, "dex");
    assert_memory_equal(b.bytes, "early", 5);
}

/* Somebody else holds the descriptor too: close() alone would send no FIN. */
static void the_fin_of_a_dupped_descriptor_is_not_missing(void **state)
{
    int peer = net_adopted(NET_KIND(state), &b);
    int copy = dup(weir_socket_fd(b.socket));

    weir_socket_end(b.socket);
    raw_expect_end(peer);
    shutdown(peer, SHUT_WR);
    RUN_UNTIL(b.closed);
    close(copy);
    close(peer);

    /* The peer's FIN first: both directions are done in one step. */
    peer = net_adopted(NET_KIND(state), &b);
    copy = dup(weir_socket_fd(b.socket));
    shutdown(peer, SHUT_WR);
    RUN_UNTIL(b.closed);
    raw_expect_end(peer);
    close(copy);
    close(peer);
}

static void a_connection_that_is_over_is_not_adopted(void **state)
{
    struct pollfd over = { .events = POLLIN };
    weir_socket *socket;
    int fds[2];

    (void)state;
    net_descriptors(NET_TCP, fds);
    raw_reset(fds[1]);
    over.fd = fds[0];
    assert_int_equal(poll(&over, 1, 10000), 1);
    assert_int_equal(weir_socket_create(&socket, the_loop, NULL, NULL), 0);
    assert_int_equal(weir_socket_adopt(socket, fds[0]), -ENOTCONN);
    weir_socket_destroy(socket);
    close(fds[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_no_connected_stream_socket_is_not_adopted),
        TEST_ON_BOTH(a_socket_of_another_family_is_not_adopted),
        TEST_ON_BOTH(an_adopted_descriptor_becomes_non_blocking_and_is_closed),
        TEST_ON_BOTH(what_came_before_adopting_is_read),
        TEST_ON_BOTH(the_fin_of_a_dupped_descriptor_is_not_missing),
        TEST_TCP(a_connection_that_is_over_is_not_adopted),
    };

    return cmocka_run_group_tests_name("sockets: adopting", tests, NULL, NULL);
}
