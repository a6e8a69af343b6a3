/*
 * test_server_unlucky.c - one connection's own misfortune
 *
 * A client that was gone before it was accepted, a socket that takes no
 * options, cannot be watched or has no memory: it costs the others nothing, and
 * no rest is taken for it.
 */
#include "limits_test.h"

static void a_client_that_was_gone_before_costs_the_others_nothing(void **state)
{
    static const int errors[] = { ECONNABORTED, EPROTO, ENETDOWN, EINTR,
                                  EHOSTUNREACH, EAGAIN, ETIMEDOUT };
    weir_server *server = start_server(&events);

    (void)state;
    for (size_t i = 0; i < COUNT(errors); i++) {
        int client;

        memset(&told, 0, sizeof told);
        fail_accept(errors[i], 1);
        client = connect_to(server);
        pass(1);
        assert_int_equal(told.connections, 1);
        assert_int_equal(told.errors, 0);
        close(client);
    }
}

/* On macOS such a connection takes no options. */
static void a_client_that_reset_before_does_not_stop_the_server(void **state)
{
    weir_server *server = start_server(&events);
    int client = connect_to(server), other;
    uint64_t begun = virtual_ms();

    (void)state;
    raw_reset(client);
    other = connect_to(server);
    assert_echoes(other);
    assert_true(virtual_ms() - begun < REST);
    assert_int_equal(told.errors, 0);
    close(other);
}

static void aborted_connections_without_end_do_not_hold_the_loop(void **state)
{
    weir_server *server = start_server(&events);
    int old = connect_to(server), client;

    (void)state;
    assert_echoes(old);
    fail_accept(ECONNABORTED, UINT_MAX);
    client = connect_to(server);
    assert_echoes(old);
    assert_int_equal(told.errors, 0);
    close(client);
    close(old);
}

static int refuse_options(int fd, int level, int option, const void *value,
                          socklen_t size)
{
    if (level == SOL_SOCKET)
        return setsockopt(fd, level, option, value, size);
    errno = EINVAL;
    return -1;
}

static void a_connection_that_takes_no_options_is_closed_and_told(void **state)
{
    /* Others are the listener's, and handed down by the system. */
    weir_listen_options options = { .tcp.tos = 8 };
    weir_address address = weir_address_loopback(0);
    weir_server *server;
    int client;

    (void)state;
    assert_int_equal(weir_server_create(&server, the_loop, on_connection, NULL),
                     0);
    weir_server_set_events(server, &events);
    assert_int_equal(weir_server_listen(server, &address, &options), 0);
    client = connect_to(server);
    weir_sys.setsockopt = refuse_options;
    raw_expect_reset(client);
    assert_int_equal(told.drops, 1);
    assert_int_equal(told.connections, 0);
    assert_int_equal(weir_server_connections(server), 0);
    weir_sys.setsockopt = setsockopt;
    close(client);
    client = connect_to(server);
    assert_echoes(client);
    close(client);
}

#ifdef WEIR_BACKEND_EPOLL
static void a_connection_that_cannot_be_watched_is_closed_and_told(void **state)
{
    weir_server *server = start_server(&events);
    int clients[3];

    (void)state;
    weir_sys.epoll_ctl = failing_control;
    fail_adding = true;
    for (size_t i = 0; i < 2; i++) {
        clients[i] = connect_to(server);
        raw_expect_reset(clients[i]);
    }
    fail_adding = false;
    assert_int_equal(told.errors, 1);
    assert_int_equal(told.error, -ENOSPC);
    assert_int_equal(told.drops, 2);
    assert_true(told.had_both);
    assert_int_equal(weir_server_connections(server), 0);
    clients[2] = connect_to(server);
    assert_echoes(clients[2]);
    close_all(clients, COUNT(clients));
}
#endif

static void a_connection_without_memory_is_closed_and_told(void **state)
{
    weir_server *server = start_server(&events);
    int client = connect_to(server);

    (void)state;
    weir_set_allocator(&test_no_memory);
    raw_expect_reset(client);
    weir_set_allocator(NULL);
    assert_int_equal(told.errors, 1);
    assert_int_equal(told.error, -ENOMEM);
    assert_int_equal(told.drops, 1);
    assert_true(told.had_both);
    assert_int_equal(told.connections, 0);
    close(client);
    client = connect_to(server);
    assert_echoes(client);
    close(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef WEIR_BACKEND_EPOLL
        TEST(a_connection_that_cannot_be_watched_is_closed_and_told),
#endif
        TEST(a_client_that_was_gone_before_costs_the_others_nothing),
        TEST(a_client_that_reset_before_does_not_stop_the_server),
        TEST(aborted_connections_without_end_do_not_hold_the_loop),
        TEST(a_connection_that_takes_no_options_is_closed_and_told),
        TEST(a_connection_without_memory_is_closed_and_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
