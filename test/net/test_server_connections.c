/*
 * test_server_connections.c - what a server does with its connections: the
 * table they begin with, walking them, ending them all
 *
 * Clients are plain descriptors; what the sockets are told is counted.
 */
#include "test/support/net_test.h"

#include "test/support/virtual_clock.h"

#include <unistd.h>

/* ------------------------------------------------------ what was told */

static struct {
    unsigned connections, server_closes, closes, data, other;
    weir_socket *sockets[128]; /* as they were accepted; NULL when closed */
    void *user;
} told;

static void on_data(weir_socket *socket, const void *bytes, size_t length)
{
    told.data++;
    told.user = weir_socket_data(socket);
    assert_true(weir_write(socket, bytes, length, NULL, NULL) >= 0);
}

static void on_other_data(weir_socket *socket, const void *bytes,
                          size_t length)
{
    (void)bytes, (void)length;
    told.other++;
    told.user = weir_socket_data(socket);
}

static void on_close(weir_socket *socket, bool had_error)
{
    assert_false(had_error);
    told.closes++;
    for (size_t i = 0; i < COUNT(told.sockets); i++)
        if (told.sockets[i] == socket)
            told.sockets[i] = NULL;
}

static const weir_socket_events echo = { .data = on_data, .close = on_close };
static const weir_socket_events other = { .data = on_other_data,
                                          .close = on_close };

static void on_connection(weir_server *server, weir_socket *socket)
{
    (void)server;
    told.sockets[told.connections++] = socket;
}

static void on_server_close(weir_server *server)
{
    (void)server;
    told.server_closes++;
}

static const weir_server_events events = { .close = on_server_close };

static int setup(void **state)
{
    memset(&told, 0, sizeof told);
    return open_virtual_loop(state);
}

#define TEST(function)                                                         \
    cmocka_unit_test_setup_teardown(function, setup, test_close_loop)

/* ---------------------------------------------------- servers and clients */

static weir_server *start_server(weir_connection_cb *cb)
{
    weir_address address = weir_address_loopback(0);
    weir_server *server;

    assert_int_equal(weir_server_create(&server, the_loop, cb, NULL), 0);
    weir_server_set_events(server, &events);
    assert_int_equal(weir_server_listen(server, &address, NULL), 0);
    return server;
}

static int connect_to(const weir_server *server)
{
    weir_address address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(weir_server_address(server, &address), 0);
    assert_int_equal(connect(fd, &address.name.any, address.length), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

/* A client whose connection was accepted. */
static int accepted_by(const weir_server *server)
{
    unsigned before = told.connections;
    int fd = connect_to(server);

    RUN_UNTIL(told.connections > before);
    return fd;
}

/* -------------------------------------- the table that sockets begin with */

static void accepted_sockets_begin_with_the_table_and_data_of_the_server(
    void **state)
{
    weir_server *server = start_server(on_connection);
    int mine;
    int fd;

    (void)state;
    weir_server_set_socket_events(server, &echo, &mine);
    fd = connect_to(server);
    raw_write(fd, "hello", 5);
    raw_expect(fd, "hello");
    assert_ptr_equal(told.user, &mine);
    close(fd);
    RUN_UNTIL(told.closes == 1);
}

static void on_connection_that_chooses(weir_server *server,
                                       weir_socket *socket)
{
    assert_ptr_equal(weir_socket_data(socket), &told);
    on_connection(server, socket);
    weir_socket_set_events(socket, &other, server);
}

static void the_connection_callback_may_set_another_table(void **state)
{
    weir_server *server = start_server(on_connection_that_chooses);
    int fd;

    (void)state;
    weir_server_set_socket_events(server, &echo, &told);
    fd = connect_to(server);
    raw_write(fd, "hello", 5);
    RUN_UNTIL(told.other == 1);
    assert_ptr_equal(told.user, server);
    assert_int_equal(told.data, 0);
    close(fd);
}

static void connections_that_stand_keep_their_table(void **state)
{
    weir_server *server = start_server(on_connection);
    int first, second;

    (void)state;
    weir_server_set_socket_events(server, &echo, NULL);
    first = accepted_by(server);
    weir_server_set_socket_events(server, &other, NULL);
    second = accepted_by(server);
    raw_write(first, "a", 1);
    raw_expect(first, "a");
    raw_write(second, "b", 1);
    RUN_UNTIL(told.other == 1);
    assert_int_equal(told.data, 1);
    close(first);
    close(second);
}

static void a_socket_with_the_servers_table_may_begin_paused(void **state)
{
    weir_server *server = start_server(on_connection);
    int fd;

    (void)state;
    weir_server_set_socket_events(server, &echo, NULL);
    weir_server_set_pause_on_connect(server, true);
    fd = accepted_by(server);
    raw_write(fd, "hello", 5);
    net_settle();
    assert_int_equal(told.data, 0);
    weir_socket_resume(told.sockets[0]);
    raw_expect(fd, "hello");
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(accepted_sockets_begin_with_the_table_and_data_of_the_server),
        TEST(the_connection_callback_may_set_another_table),
        TEST(connections_that_stand_keep_their_table),
        TEST(a_socket_with_the_servers_table_may_begin_paused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
