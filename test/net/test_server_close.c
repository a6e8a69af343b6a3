/*
 * test_server_close.c - servers that close
 *
 * The end is told once, behind that of the last connection; in which callback
 * the server was closed makes no difference.
 */
#include "server_test.h"

static void closing_without_connections_is_told_next_turn(void **state)
{
    weir_server *server = start_server(on_connection, NULL);

    (void)state;
    weir_server_close(server);
    assert_int_equal(told.closes, 0);
    assert_true(weir_loop_alive(the_loop));
    weir_server_close(server);
    turn(1);
    assert_int_equal(told.closes, 1);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(told.closes, 1);
}

static void a_server_that_never_listened_closes_as_well(void **state)
{
    (void)state;
    weir_server_close(create_server(on_connection));
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(told.closes, 1);
}

static void a_server_closes_when_its_last_connection_is_gone(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    weir_address address = address_of(server);
    int first = connect_to(server), second = connect_to(server);

    (void)state;
    RUN_UNTIL(told.connections == 2);
    weir_server_close(server);
    assert_int_equal(raw_connect(&address), -ECONNREFUSED);
    assert_echoes(first);
    close(second);
    RUN_UNTIL(told.socket_closes == 1);
    turn(5);
    assert_int_equal(told.closes, 0);
    assert_echoes(first);
    close(first);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(told.socket_closes, 2);
    assert_int_equal(told.closes, 1);
}

static void who_waits_to_be_accepted_is_reset_when_a_server_closes(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int client;
    char byte;

    (void)state;
    weir_server_pause(server, 0);
    client = connect_to(server);
    weir_server_close(server);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(told.closes, 1);
    assert_int_equal(told.connections, 0);
    assert_int_equal(raw_read(client, &byte, 1), -ECONNRESET);
    close(client);
}

static void
a_server_that_closes_during_a_timed_pause_does_not_wake(void **state)
{
    weir_server *server = start_server(on_connection, NULL);

    (void)state;
    weir_server_pause(server, 20);
    weir_server_close(server);
    weir_server_pause(server, 20);
    weir_server_resume(server);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(told.closes, 1);
}

static void close_server(weir_server *server, weir_socket *socket)
{
    on_connection(server, socket);
    weir_server_close(server);
}

static void a_server_may_be_closed_in_its_connection_callback(void **state)
{
    weir_server *server = start_server(close_server, NULL);
    int first = connect_to(server), second = connect_to(server);

    (void)state;
    RUN_UNTIL(told.connections);
    assert_echoes(first);
    assert_int_equal(told.connections, 1);
    assert_int_equal(told.closes, 0);
    close(first);
    close(second);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(told.closes, 1);
}

static void close_both(weir_server *server, weir_socket *socket)
{
    destroy_at_once(server, socket);
    weir_server_close(server);
}

static void server_and_socket_may_both_end_in_one_callback(void **state)
{
    weir_server *server = start_server(close_both, NULL);
    int client = connect_to(server);

    (void)state;
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(told.socket_closes, 1);
    assert_int_equal(told.closes, 1);
    close(client);
}

static void close_server_with_socket(weir_socket *socket, bool had_error)
{
    on_socket_close(socket, had_error);
    assert_int_equal(told.closes, 0);
    weir_server_close(weir_socket_server(socket));
}

static void take_up(weir_server *server, weir_socket *socket)
{
    static const weir_socket_events last = { .data = on_data,
                                             .close =
                                                 close_server_with_socket };

    (void)server;
    told.connections++;
    weir_socket_set_events(socket, &last);
}

static void a_server_may_be_closed_when_its_last_socket_closes(void **state)
{
    weir_server *server = start_server(take_up, NULL);
    int client = connect_to(server);

    (void)state;
    RUN_UNTIL(told.connections);
    close(client);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(told.socket_closes, 1);
    assert_int_equal(told.closes, 1);
}

static void listen_anew(weir_server *server)
{
    on_close(server);
    start_server(on_connection, NULL);
}

static void another_server_may_begin_in_the_close_event(void **state)
{
    static const weir_server_events anew = { .close = listen_anew };
    weir_server *server = start_server(on_connection, NULL);

    (void)state;
    weir_server_set_events(server, &anew);
    weir_server_close(server);
    RUN_UNTIL(told.closes);
    assert_true(weir_loop_alive(the_loop));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(closing_without_connections_is_told_next_turn),
        TEST(a_server_that_never_listened_closes_as_well),
        TEST(a_server_closes_when_its_last_connection_is_gone),
        TEST(who_waits_to_be_accepted_is_reset_when_a_server_closes),
        TEST(a_server_that_closes_during_a_timed_pause_does_not_wake),
        TEST(a_server_may_be_closed_in_its_connection_callback),
        TEST(server_and_socket_may_both_end_in_one_callback),
        TEST(a_server_may_be_closed_when_its_last_socket_closes),
        TEST(another_server_may_begin_in_the_close_event),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
