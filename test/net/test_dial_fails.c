/*
 * test_dial_fails.c - connections that fail
 *
 * Whichever call failed, and whether at once or later: the socket is told the
 * error, the call and the address, and no descriptor is left.
 */
#include "dial_test.h"

/* ---------------------------------------------------------------- failing */

static void a_refused_connection_tells_call_and_address(void **state)
{
    weir_address address = closed_port();

    (void)state;
    assert_fails(&address, NULL, -ECONNREFUSED, "connect");
}

static char error_text[256];

static void keep_text(struct side *side, char event)
{
    if (event == '!')
        weir_socket_error_text(side->socket, error_text, sizeof error_text);
}

static void the_text_of_a_failure_is_for_people(void **state)
{
    weir_address address = closed_port();
    char wanted[512], where[WEIR_ADDRESS_TEXT];

    (void)state;
    s.hook = keep_text;
    assert_int_equal(weir_socket_connect(s.socket, &address, NULL), 0);
    RUN_UNTIL(s.closed);
    weir_address_text(&address, where, sizeof where);
    snprintf(wanted, sizeof wanted,
             "connect ECONNREFUSED %s: connection refused", where);
    assert_string_equal(error_text, wanted);
}

static void writes_fail_with_what_the_connection_failed_with(void **state)
{
    weir_address address = closed_port();

    (void)state;
    assert_int_equal(weir_socket_connect(s.socket, &address, NULL), 0);
    assert_true(weir_socket_write(s.socket, "one", 3, side_wrote, &s) >= 0);
    assert_int_equal(weir_socket_end(s.socket), 0);
    RUN_UNTIL(s.closed);
    assert_side(&s, "ABW!x");
    assert_int_equal(s.last_status, -ECONNREFUSED);
}

static int failing_errno;

static int failing_connect(int fd, const struct sockaddr *name, socklen_t size)
{
    (void)fd, (void)name, (void)size;
    errno = failing_errno;
    return -1;
}

static void a_connect_that_fails_at_once_is_an_event_all_the_same(void **state)
{
    static const int errors[] = { ENETUNREACH,   EHOSTUNREACH, EACCES,
                                  EADDRNOTAVAIL, EPERM,        EAGAIN,
                                  ECONNREFUSED,  ETIMEDOUT,    ENOBUFS };
    weir_address address = weir_address_loopback(9);

    (void)state;
    weir_sys.connect = failing_connect;
    for (size_t i = 0; i < COUNT(errors); i++) {
        if (!s.socket)
            assert_int_equal(
                weir_socket_create(&s.socket, the_loop, &side_events, &s), 0);
        s.closed = false;
        side_clear(&s);
        failing_errno = errors[i];
        assert_fails(&address, NULL, -errors[i], "connect");
    }
}

static void no_route_is_an_event(void **state)
{
    weir_address address;

    (void)state;
    /* A port of the broadcast address: EACCES or ENETUNREACH, never a call. */
    assert_int_equal(weir_address_ip(&address, "255.255.255.255", 80), 0);
    assert_int_equal(weir_socket_connect(s.socket, &address, NULL), 0);
    RUN_UNTIL(s.closed);
    assert_side(&s, "AB!x");
}

static int no_descriptor(int family, int type, int protocol)
{
    (void)family, (void)type, (void)protocol;
    errno = EMFILE;
    return -1;
}

static void want_of_descriptors_is_an_event(void **state)
{
    weir_address address = weir_address_loopback(9);

    (void)state;
    weir_sys.socket = no_descriptor;
    assert_fails(&address, NULL, -EMFILE, "socket");
}

static int socket_error;

static int telling_getsockopt(int fd, int level, int option, void *value,
                              socklen_t *size)
{
    if (level == SOL_SOCKET && option == SO_ERROR) {
        *(int *)value = socket_error;
        return 0;
    }
    return getsockopt(fd, level, option, value, size);
}

static void an_error_that_comes_later_is_the_one_that_is_told(void **state)
{
    weir_address address;
    int listener = net_listener(NET_TCP, &address);

    (void)state;
    socket_error = EHOSTUNREACH;
    weir_sys.getsockopt = telling_getsockopt;
    assert_fails(&address, NULL, -EHOSTUNREACH, "connect");
    close(listener);
}

static int failing_getsockopt(int fd, int level, int option, void *value,
                              socklen_t *size)
{
    (void)fd, (void)level, (void)option, (void)value, (void)size;
    errno = ENOBUFS;
    return -1;
}

static void an_outcome_that_cannot_be_asked_for_is_a_failure(void **state)
{
    weir_address address;
    int listener = net_listener(NET_TCP, &address);

    (void)state;
    weir_sys.getsockopt = failing_getsockopt;
    assert_fails(&address, NULL, -ENOBUFS, "connect");
    close(listener);
}

#ifdef WEIR_BACKEND_EPOLL
static int failing_operation;

static int failing_control(int epoll, int operation, int fd,
                           struct epoll_event *event)
{
    if (operation == failing_operation) {
        errno = ENOSPC;
        return -1;
    }
    return epoll_ctl(epoll, operation, fd, event);
}

static void an_attempt_that_cannot_be_watched_leaves_no_descriptor(void **state)
{
    weir_address address;
    int listener = net_listener(NET_TCP, &address);
    unsigned descriptors = test_open_descriptors();

    (void)state;
    weir_sys.epoll_ctl = failing_control;
    failing_operation = EPOLL_CTL_ADD;
    assert_fails(&address, NULL, -ENOSPC, "connect");
    assert_int_equal(test_open_descriptors(), descriptors);
    close(listener);
}

/* The connection stands already: with a FIN it would be one in which nothing
 * was said. */
static void an_attempt_that_cannot_be_watched_is_reset(void **state)
{
    weir_address address;
    int listener = net_listener(NET_TCP, &address);
    int peer;

    (void)state;
    weir_sys.epoll_ctl = failing_control;
    failing_operation = EPOLL_CTL_ADD;
    assert_int_equal(weir_socket_connect(s.socket, &address, NULL), 0);
    assert_true(weir_socket_write(s.socket, "one", 3, NULL, NULL) >= 0);
    RUN_UNTIL(s.closed);
    peer = accept_from(listener);
    raw_expect_reset(peer);
    close(peer);
    close(listener);
}

static void a_connection_that_cannot_be_taken_over_is_closed(void **state)
{
    weir_address address;
    int listener = net_listener(NET_TCP, &address);
    unsigned descriptors = test_open_descriptors();

    (void)state;
    weir_sys.epoll_ctl = failing_control;
    failing_operation = EPOLL_CTL_MOD;
    assert_int_equal(weir_socket_connect(s.socket, &address, NULL), 0);
    assert_true(weir_socket_write(s.socket, "one", 3, side_wrote, &s) >= 0);
    RUN_UNTIL(s.closed);
    assert_side(&s, "AW!x");
    assert_int_equal(s.error, -ENOSPC);
    assert_int_equal(test_open_descriptors(), descriptors);
    close(listener);
}
#endif

static void stop_at_attempt(struct side *side, char event)
{
    (void)side;
    if (event == 'A')
        weir_loop_stop(the_loop);
}

/* Stands, and nobody has been told. */
static void begin_attempt(const weir_address *address)
{
    s.hook = stop_at_attempt;
    assert_int_equal(weir_socket_connect(s.socket, address, NULL), 0);
    assert_true(weir_socket_write(s.socket, "one", 3, NULL, NULL) >= 0);
    RUN_UNTIL(s.logged);
    assert_int_equal(weir_socket_get_state(s.socket), WEIR_SOCKET_CONNECTING);
}

static void reset_while_connecting_reaches_the_peer_as_a_reset(void **state)
{
    weir_address address;
    int listener = net_listener(NET_TCP, &address);
    int peer;

    (void)state;
    begin_attempt(&address);
    weir_socket_reset(s.socket);
    peer = accept_from(listener);
    raw_expect_reset(peer);
    RUN_UNTIL(s.closed);
    assert_side(&s, "Ax");
    close(peer);
    close(listener);
}

static void destroy_while_connecting_reaches_the_peer_as_an_end(void **state)
{
    weir_address address;
    int listener = net_listener(NET_TCP, &address);
    int peer;

    (void)state;
    begin_attempt(&address);
    weir_socket_destroy(s.socket);
    peer = accept_from(listener);
    raw_expect_end(peer);
    RUN_UNTIL(s.closed);
    close(peer);
    close(listener);
}

/* ---------------------------------------------------------------- timeout */

static void a_connection_that_does_not_stand_in_time_fails(void **state)
{
    weir_connect_options options = { .timeout = 30 };
    weir_address address;
    uint64_t begun;
    int hole[2];

    (void)state;
    open_blackhole(hole, &address);
    expect_failure(-ETIMEDOUT, "connect", &address);
    begun = net_now();
    assert_int_equal(weir_socket_connect(s.socket, &address, &options), 0);
    RUN_UNTIL(s.closed);
    assert_side(&s, "A!x");
    assert_int_equal(s.error, -ETIMEDOUT);
    assert_true(net_now() - begun >= 30);
    assert_int_equal(weir_loop_run(the_loop), 0);
    test_close_pair(hole);
}

static void a_connection_that_stands_is_not_timed_out_later(void **state)
{
    weir_connect_options options = { .timeout = 20 };
    weir_address address;
    int listener = net_listener(NET_TCP, &address);
    uint64_t begun = net_now();

    (void)state;
    assert_int_equal(weir_socket_connect(s.socket, &address, &options), 0);
    RUN_UNTIL(net_now() - begun > 60);
    assert_side(&s, "AC");
    close(listener);
}

static void destroy_on_timeout(struct side *side, char event)
{
    if (event == '!')
        weir_socket_destroy(side->socket);
}

static void a_socket_that_timed_out_may_be_destroyed_in_its_error(void **state)
{
    weir_connect_options options = { .timeout = 1 };
    weir_address address;
    int hole[2];

    (void)state;
    open_blackhole(hole, &address);
    s.hook = destroy_on_timeout;
    assert_int_equal(weir_socket_connect(s.socket, &address, &options), 0);
    RUN_UNTIL(s.closed);
    assert_side(&s, "A!x");
    test_close_pair(hole);
}

static void the_idle_timeout_counts_while_connecting_too(void **state)
{
    weir_address address;
    int hole[2];

    (void)state;
    open_blackhole(hole, &address);
    assert_int_equal(weir_socket_connect(s.socket, &address, NULL), 0);
    weir_socket_set_timeout(s.socket, 20);
    RUN_UNTIL(strchr(s.log, 't'));
    assert_side(&s, "At");
    weir_socket_destroy(s.socket);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_side(&s, "Atx");
    test_close_pair(hole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_refused_connection_tells_call_and_address),
        TEST(the_text_of_a_failure_is_for_people),
        TEST(writes_fail_with_what_the_connection_failed_with),
        TEST(a_connect_that_fails_at_once_is_an_event_all_the_same),
        TEST(no_route_is_an_event),
        TEST(want_of_descriptors_is_an_event),
        TEST(an_error_that_comes_later_is_the_one_that_is_told),
        TEST(an_outcome_that_cannot_be_asked_for_is_a_failure),
        TEST(reset_while_connecting_reaches_the_peer_as_a_reset),
        TEST(destroy_while_connecting_reaches_the_peer_as_an_end),
#ifdef WEIR_BACKEND_EPOLL
        TEST(an_attempt_that_cannot_be_watched_leaves_no_descriptor),
        TEST(an_attempt_that_cannot_be_watched_is_reset),
        TEST(a_connection_that_cannot_be_taken_over_is_closed),
#endif
        TEST(a_connection_that_does_not_stand_in_time_fails),
        TEST(a_connection_that_stands_is_not_timed_out_later),
        TEST(a_socket_that_timed_out_may_be_destroyed_in_its_error),
        TEST(the_idle_timeout_counts_while_connecting_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
