/*
 * dial_test.h - a socket that is to connect, and addresses for it
 *
 * An address that does not answer is a listener of ours whose backlog is full:
 * the kernel drops what else wants to connect.
 */
#ifndef WEIR_DIAL_TEST_H
#define WEIR_DIAL_TEST_H

#include "test/support/net_test.h"

static struct side s;

static inline int create_side(void **state)
{
    int result = test_open_loop(state);

    side_init(&s);
    return result < 0
               ? result
               : weir_socket_create(&s.socket, the_loop, &side_events, &s);
}

#define TEST(function)                                                         \
    cmocka_unit_test_setup_teardown(function, create_side, test_close_loop)

static inline int accept_from(int listener)
{
    int fd = accept(listener, NULL, NULL);

    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

/* The address of a port on which nobody listens. */
static inline weir_address closed_port(void)
{
    weir_address address;

    close(net_listener(NET_TCP, &address));
    return address;
}

/* A listener that does not answer any more, and what fills it. */
static inline void open_blackhole(int fds[2], weir_address *address)
{
    *address = weir_address_loopback(0);
    fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fds[0], &address->name.any, address->length), 0);
    assert_int_equal(listen(fds[0], 0), 0);
    assert_int_equal(getsockname(fds[0], &address->name.any, &address->length),
                     0);
    fds[1] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fds[1], &address->name.any, address->length), 0);
}

/* What the socket says of its failure. */
static inline void assert_failure(int error, const char *call,
                                  const weir_address *address)
{
    weir_address failed;
    const char *failed_call;

    assert_int_equal(weir_socket_failure(s.socket, &failed_call, &failed),
                     error);
    assert_string_equal(failed_call, call);
    assert_true(weir_address_equal(&failed, address));
}

/* The failure that is expected, looked at when it is told. */
static struct {
    int error;
    const char *call;
    weir_address address;
} expected;

static inline void check_failure(struct side *side, char event)
{
    (void)side;
    if (event == '!')
        assert_failure(expected.error, expected.call, &expected.address);
}

static inline void expect_failure(int error, const char *call,
                                  const weir_address *address)
{
    expected.error = error;
    expected.call = call;
    expected.address = *address;
    s.hook = check_failure;
}

/* Connects, and sees it fail with one attempt. */
static inline void assert_fails(const weir_address *address,
                                const weir_connect_options *options, int error,
                                const char *call)
{
    expect_failure(error, call, address);
    assert_int_equal(weir_socket_connect(s.socket, address, options), 0);
    RUN_UNTIL(s.closed);
    assert_side(&s, "AB!x");
    assert_int_equal(s.error, error);
    assert_true(s.had_error);
}

#endif
