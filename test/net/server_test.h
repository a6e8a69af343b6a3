/*
 * server_test.h - servers of the tests, their clients, and what was told
 *
 * The other side of a connection is a plain descriptor in all tests, so that
 * only one end of it is the code that is tested.
 */
#ifndef WEIR_SERVER_TEST_H
#define WEIR_SERVER_TEST_H

#include "test/support/net_test.h"

#include "test/support/virtual_clock.h"

#include <arpa/inet.h>
#include <limits.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>

/* Turns that must change nothing. */
static inline void turn(unsigned times)
{
    while (times-- > 0)
        assert_true(weir_loop_run_once(the_loop, 0) >= 0);
}

/* ------------------------------------------------------ what was told */

static struct {
    unsigned connections, drops, errors, closes, socket_closes, ends, data;
    int error;
    weir_socket *last;
    weir_address local, remote;
    bool had_local, had_remote;
} told;

static inline void on_data(weir_socket *socket, const void *bytes,
                           size_t length)
{
    told.data++;
    assert_true(weir_socket_write(socket, bytes, length, NULL, NULL) >= 0);
}

static inline void on_end(weir_socket *socket)
{
    (void)socket;
    told.ends++;
}

static inline void on_socket_close(weir_socket *socket, bool had_error)
{
    (void)socket, (void)had_error;
    told.socket_closes++;
    if (told.last == socket)
        told.last = NULL;
}

static const weir_socket_events echo = { .data = on_data,
                                         .end = on_end,
                                         .close = on_socket_close };

static inline void on_connection(weir_server *server, weir_socket *socket)
{
    (void)server;
    told.connections++;
    told.last = socket;
    weir_socket_set_events(socket, &echo);
}

static inline void destroy_at_once(weir_server *server, weir_socket *socket)
{
    (void)server;
    told.connections++;
    weir_socket_set_events(socket, &echo);
    weir_socket_destroy(socket);
}

static inline void on_drop(weir_server *server, const weir_address *local,
                           const weir_address *remote)
{
    (void)server;
    told.drops++;
    told.had_local = local != NULL;
    told.had_remote = remote != NULL;
    told.local = local ? *local : (weir_address){ 0 };
    told.remote = remote ? *remote : (weir_address){ 0 };
}

static inline void on_error(weir_server *server, int error)
{
    (void)server;
    told.errors++;
    told.error = error;
}

static inline void on_close(weir_server *server)
{
    (void)server;
    told.closes++;
}

static const weir_server_events events = { .drop = on_drop,
                                           .error = on_error,
                                           .close = on_close };

static unsigned descriptors; /* that are open before each test */

static inline int setup(void **state)
{
    descriptors = test_open_descriptors();
    memset(&told, 0, sizeof told);
    return open_virtual_loop(state);
}

#define TEST(function)                                                         \
    cmocka_unit_test_setup_teardown(function, setup, test_close_loop)

/* ---------------------------------------------------- servers and clients */

static inline weir_server *create_server(weir_connection_cb *cb)
{
    weir_server *server;

    assert_int_equal(weir_server_create(&server, the_loop, cb, NULL), 0);
    weir_server_set_events(server, &events);
    return server;
}

static inline weir_server *start_server(weir_connection_cb *cb,
                                        const weir_listen_options *options)
{
    weir_address address = weir_address_loopback(0);
    weir_server *server = create_server(cb);

    assert_int_equal(weir_server_listen(server, &address, options), 0);
    return server;
}

static inline weir_address address_of(const weir_server *server)
{
    weir_address address;

    assert_int_equal(weir_server_address(server, &address), 0);
    return address;
}

/* A client that the kernel has connected, accepted or not. */
static inline int connect_to(const weir_server *server)
{
    weir_address address = address_of(server);
    int fd = raw_connect(&address);

    assert_true(fd >= 0);
    return fd;
}

/* Sends a word through the loop and expects it back. */
static inline void assert_echoes(int fd)
{
    raw_write(fd, "hello", 5);
    raw_expect(fd, "hello");
}

static inline int option_of(int fd, int level, int option)
{
    int value = 0;
    socklen_t size = sizeof value;

    assert_int_equal(getsockopt(fd, level, option, &value, &size), 0);
    return value;
}

/* Turns the loop up to a time. */
static inline void run_to(uint64_t time)
{
    while (virtual_ms() < time)
        assert_true(weir_loop_run_once(the_loop, (int)(time - virtual_ms())) >=
                    0);
    turn(2);
}

#endif
