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
    assert_true(weir_socket_write(socket, bytes, length, NULL, NULL) >= 0);
}

static void on_other_data(weir_socket *socket, const void *bytes, size_t length)
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

static void
accepted_sockets_begin_with_the_table_and_data_of_the_server(void **state)
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

static void on_connection_that_chooses(weir_server *server, weir_socket *socket)
{
    assert_ptr_equal(weir_socket_data(socket), &told);
    on_connection(server, socket);
    weir_socket_set_data(socket, server);
    weir_socket_set_events(socket, &other);
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

/* ---------------------------------------------------------------- the walk */

static struct {
    unsigned count;
    weir_socket *seen[COUNT(told.sockets)];
    int (*act)(weir_socket *socket);
} walk;

static int visit(weir_socket *socket, void *argument)
{
    assert_ptr_equal(argument, &walk);
    for (size_t i = 0; i < walk.count; i++)
        assert_ptr_not_equal(walk.seen[i], socket);
    walk.seen[walk.count++] = socket;
    return walk.act ? walk.act(socket) : 0;
}

static int walk_over(weir_server *server, int (*act)(weir_socket *socket))
{
    memset(&walk, 0, sizeof walk);
    walk.act = act;
    return weir_server_each(server, visit, &walk);
}

/* More than two slabs of them. */
enum { MANY = 130 };

static int clients[MANY];

static void on_any_connection(weir_server *server, weir_socket *socket)
{
    (void)server;
    told.connections++;
    weir_socket_set_events(socket, &echo);
}

static weir_server *start_with_many(void)
{
    weir_server *server = start_server(on_any_connection);

    for (size_t i = 0; i < MANY; i++)
        clients[i] = connect_to(server);
    RUN_UNTIL(told.connections == MANY);
    return server;
}

static void end_many(void)
{
    for (size_t i = 0; i < MANY; i++)
        close(clients[i]);
}

static int count(weir_socket *socket, void *argument)
{
    (void)socket;
    ++*(unsigned *)argument;
    return 0;
}

static unsigned count_of(weir_server *server)
{
    unsigned counted = 0;

    assert_int_equal(weir_server_each(server, count, &counted), 0);
    return counted;
}

static void a_walk_sees_each_connection_of_its_server_once(void **state)
{
    weir_server *first = start_server(on_connection);
    weir_server *second = start_server(on_connection);
    int fds[3];

    (void)state;
    weir_server_set_socket_events(first, &echo, NULL);
    weir_server_set_socket_events(second, &echo, NULL);
    assert_int_equal(walk_over(first, NULL), 0);
    assert_int_equal(walk.count, 0);
    fds[0] = accepted_by(first);
    fds[1] = accepted_by(second);
    fds[2] = accepted_by(first);
    assert_int_equal(walk_over(first, NULL), 0);
    assert_int_equal(walk.count, 2);
    assert_int_equal(walk_over(second, NULL), 0);
    assert_int_equal(walk.count, 1);
    assert_ptr_equal(walk.seen[0], told.sockets[1]);
    for (size_t i = 0; i < COUNT(fds); i++)
        close(fds[i]);
}

static void a_walk_over_many_misses_none(void **state)
{
    weir_server *server = start_with_many();

    (void)state;
    assert_int_equal(count_of(server), MANY);
    for (size_t i = 0; i < MANY; i += 2)
        close(clients[i]);
    RUN_UNTIL(weir_server_connections(server) == MANY / 2);
    assert_int_equal(count_of(server), MANY / 2);
    for (size_t i = 1; i < MANY; i += 2)
        close(clients[i]);
}

static int answer_7(weir_socket *socket)
{
    (void)socket;
    return walk.count == 2 ? 7 : 0;
}

static void an_answer_that_is_not_0_ends_the_walk(void **state)
{
    weir_server *server = start_server(on_connection);
    int fds[3];

    (void)state;
    for (size_t i = 0; i < COUNT(fds); i++)
        fds[i] = accepted_by(server);
    assert_int_equal(walk_over(server, answer_7), 7);
    assert_int_equal(walk.count, 2);
    for (size_t i = 0; i < COUNT(fds); i++)
        close(fds[i]);
}

static int destroy(weir_socket *socket, void *argument)
{
    (void)argument;
    weir_socket_destroy(socket);
    return 0;
}

static void a_visitor_may_destroy_what_it_is_given(void **state)
{
    weir_server *server = start_with_many();

    (void)state;
    assert_int_equal(weir_server_each(server, destroy, NULL), 0);
    assert_int_equal(told.closes, 0); /* not from inside of the walk */
    assert_int_equal(count_of(server), 0);
    assert_int_equal(weir_server_connections(server), MANY);
    RUN_UNTIL(told.closes == MANY);
    end_many();
}

static int destroy_all(weir_socket *socket)
{
    for (unsigned i = 0; i < told.connections; i++)
        if (told.sockets[i] != socket)
            weir_socket_destroy(told.sockets[i]);
    weir_server_close(weir_socket_server(socket));
    return 0;
}

static void a_visitor_may_destroy_all_others(void **state)
{
    weir_server *server = start_server(on_connection);
    int fds[3];

    (void)state;
    weir_server_set_socket_events(server, &echo, NULL);
    for (size_t i = 0; i < COUNT(fds); i++)
        fds[i] = accepted_by(server);
    assert_int_equal(walk_over(server, destroy_all), 0);
    assert_int_equal(walk.count, 1);
    RUN_UNTIL(told.closes == 2);
    for (size_t i = 0; i < COUNT(fds); i++)
        close(fds[i]);
    RUN_UNTIL(told.server_closes == 1);
}

static int connect_more(weir_socket *socket)
{
    weir_socket *more;

    for (unsigned i = 0; i < 70; i++) {
        assert_int_equal(
            weir_socket_create(&more, weir_socket_loop(socket), NULL, NULL), 0);
        weir_socket_destroy(more);
    }
    return 0;
}

static void a_visitor_may_make_new_sockets(void **state)
{
    weir_server *server = start_server(on_connection);
    int fds[2] = { accepted_by(server), accepted_by(server) };

    (void)state;
    assert_int_equal(walk_over(server, connect_more), 0);
    assert_int_equal(walk.count, 2);
    close(fds[0]);
    close(fds[1]);
}

static void a_walk_without_a_server_or_a_visitor_is_refused(void **state)
{
    (void)state;
    assert_int_equal(weir_server_each(NULL, visit, NULL), -EINVAL);
    assert_int_equal(weir_server_each(start_server(on_connection), NULL, NULL),
                     -EINVAL);
}

/* ---------------------------------------------------------------- shutdown */

/* Turns the loop up to a time of the virtual clock, which passes only while
 * something is alive. */
static void run_to(uint64_t time)
{
    while (virtual_ms() < time && weir_loop_alive(the_loop))
        assert_true(weir_loop_run_once(the_loop, (int)(time - virtual_ms())) >=
                    0);
    assert_true(weir_loop_run_once(the_loop, 0) >= 0);
    assert_true(weir_loop_run_once(the_loop, 0) >= 0);
}

/* A server with two connections, and the time. */
static weir_server *start_with_two(int fds[2], uint64_t *now)
{
    weir_server *server = start_server(on_connection);

    weir_server_set_socket_events(server, &echo, NULL);
    fds[0] = accepted_by(server);
    fds[1] = accepted_by(server);
    *now = weir_loop_update_now(the_loop);
    return server;
}

static void a_shutdown_accepts_nobody_and_lets_connections_go_on(void **state)
{
    weir_address address;
    uint64_t now;
    int fds[2];
    weir_server *server = start_with_two(fds, &now);

    (void)state;
    assert_int_equal(weir_server_address(server, &address), 0);
    weir_server_shutdown(server, 1000);
    assert_false(weir_server_listening(server));
    assert_int_equal(raw_connect(&address), -ECONNREFUSED);
    raw_write(fds[0], "hello", 5);
    raw_expect(fds[0], "hello");
    close(fds[0]);
    close(fds[1]);
    RUN_UNTIL(told.server_closes == 1);
    assert_true(virtual_ms() < now + 1000);
    assert_false(weir_loop_alive(the_loop));
}

static void what_is_left_after_the_grace_is_destroyed(void **state)
{
    uint64_t now;
    int fds[2];
    weir_server *server = start_with_two(fds, &now);

    (void)state;
    weir_server_shutdown(server, 1000);
    run_to(now + 998);
    assert_int_equal(told.closes, 0);
    run_to(now + 1001);
    assert_int_equal(told.closes, 2);
    assert_int_equal(told.server_closes, 1);
    raw_expect_end(fds[0]);
    raw_expect_end(fds[1]);
    close(fds[0]);
    close(fds[1]);
}

static void a_second_shutdown_lengthens_the_grace(void **state)
{
    uint64_t now;
    int fds[2];
    weir_server *server = start_with_two(fds, &now);

    (void)state;
    weir_server_shutdown(server, 1000);
    run_to(now + 500);
    weir_server_shutdown(server, 2000);
    run_to(now + 2498);
    assert_int_equal(told.closes, 0);
    run_to(now + 2502);
    assert_int_equal(told.server_closes, 1);
    close(fds[0]);
    close(fds[1]);
}

static void a_second_shutdown_shortens_the_grace(void **state)
{
    uint64_t now;
    int fds[2];
    weir_server *server = start_with_two(fds, &now);

    (void)state;
    weir_server_close(server);
    weir_server_shutdown(server, 1000);
    weir_server_close(server); /* changes nothing */
    weir_server_shutdown(server, 0);
    assert_int_equal(told.closes, 0);
    run_to(now + 1);
    assert_int_equal(told.closes, 2);
    assert_int_equal(told.server_closes, 1);
    close(fds[0]);
    close(fds[1]);
}

static void a_shutdown_destroys_who_reads_nothing(void **state)
{
    uint64_t now;
    int fds[2];
    weir_server *server = start_with_two(fds, &now);
    static char much[1024 * 1024];

    (void)state;
    while (weir_socket_buffered(told.sockets[0]) < sizeof much)
        assert_true(weir_socket_write(told.sockets[0], much, sizeof much, NULL,
                                      NULL) >= 0);
    weir_socket_close(told.sockets[0]);
    weir_server_shutdown(server, 1000);
    close(fds[1]);
    run_to(now + 1001);
    assert_int_equal(told.server_closes, 1);
    close(fds[0]);
}

static void
a_shutdown_of_a_server_without_connections_ends_at_once(void **state)
{
    weir_server *server = start_server(on_connection);

    (void)state;
    weir_server_shutdown(server, 1000);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(told.server_closes, 1);
    assert_int_equal(virtual.sleeps, 0);
}

static void a_loop_may_be_destroyed_during_the_grace(void **state)
{
    uint64_t now;
    int fds[2];

    weir_server_shutdown(start_with_two(fds, &now), 1000);
    (void)state;
    test_destroy_loop();
    assert_int_equal(told.closes, 2);
    assert_int_equal(told.server_closes, 1);
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(accepted_sockets_begin_with_the_table_and_data_of_the_server),
        TEST(the_connection_callback_may_set_another_table),
        TEST(connections_that_stand_keep_their_table),
        TEST(a_socket_with_the_servers_table_may_begin_paused),
        TEST(a_walk_sees_each_connection_of_its_server_once),
        TEST(a_walk_over_many_misses_none),
        TEST(an_answer_that_is_not_0_ends_the_walk),
        TEST(a_visitor_may_destroy_what_it_is_given),
        TEST(a_visitor_may_destroy_all_others),
        TEST(a_visitor_may_make_new_sockets),
        TEST(a_walk_without_a_server_or_a_visitor_is_refused),
        TEST(a_shutdown_accepts_nobody_and_lets_connections_go_on),
        TEST(what_is_left_after_the_grace_is_destroyed),
        TEST(a_second_shutdown_lengthens_the_grace),
        TEST(a_second_shutdown_shortens_the_grace),
        TEST(a_shutdown_destroys_who_reads_nothing),
        TEST(a_shutdown_of_a_server_without_connections_ends_at_once),
        TEST(a_loop_may_be_destroyed_during_the_grace),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
