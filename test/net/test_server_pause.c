/*
 * test_server_pause.c - servers that accept nobody for a while
 *
 * Who connects meanwhile waits in the backlog; connections that stand go on.
 */
#include "server_test.h"

static void who_connects_during_a_pause_waits_and_is_accepted(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int clients[20];

    (void)state;
    weir_server_pause(server, 500);
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = connect_to(server);
    run_to(virtual_ms() + 499);
    assert_int_equal(told.connections, 0);
    assert_true(weir_server_listening(server));
    run_to(virtual_ms() + 1);
    RUN_UNTIL(told.connections == COUNT(clients));
    assert_int_equal(told.drops, 0);
    for (size_t i = 0; i < COUNT(clients); i++)
        close(clients[i]);
}

static void a_pause_without_end_lasts_until_resume(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int client;

    (void)state;
    weir_server_pause(server, 0);
    client = connect_to(server);
    spend(UINT64_C(3600000) * MS);
    turn(5);
    assert_int_equal(told.connections, 0);
    weir_server_resume(server);
    RUN_UNTIL(told.connections == 1);
    close(client);
}

static void resume_ends_a_timed_pause_and_its_timer(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int client = connect_to(server);

    (void)state;
    weir_server_pause(server, 500);
    weir_server_resume(server);
    RUN_UNTIL(told.connections == 1);
    weir_server_pause(server, 0);
    close(client);
    client = connect_to(server);
    run_to(virtual_ms() +
           1000); /* the first pause's end must not end the second */
    assert_int_equal(told.connections, 1);
    close(client);
}

static void a_second_pause_counts_from_its_own_beginning(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int client = connect_to(server);

    (void)state;
    weir_server_pause(server, 100);
    run_to(virtual_ms() + 90);
    weir_server_pause(server, 100);
    run_to(virtual_ms() + 99);
    assert_int_equal(told.connections, 0);
    run_to(virtual_ms() + 1);
    RUN_UNTIL(told.connections == 1);
    weir_server_resume(server);
    weir_server_resume(server);
    close(client);
}

static void pause_in_callback(weir_server *server, weir_socket *socket)
{
    on_connection(server, socket);
    weir_server_pause(server, 50);
}

static void a_server_paused_in_its_callback_takes_no_other_one(void **state)
{
    weir_server *server = start_server(pause_in_callback, NULL);
    int clients[3];

    (void)state;
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = connect_to(server);
    for (unsigned i = 1; i <= COUNT(clients); i++) {
        RUN_UNTIL(told.connections == i);
        turn(3);
        assert_int_equal(told.connections, i);
    }
    for (size_t i = 0; i < COUNT(clients); i++)
        close(clients[i]);
}

static void a_server_paused_before_it_listens_begins_paused(void **state)
{
    weir_address address = weir_address_loopback(0);
    weir_server *server = create_server(on_connection);
    int client;

    (void)state;
    weir_server_pause(server, 0);
    assert_int_equal(weir_server_listen(server, &address, NULL), 0);
    client = connect_to(server);
    turn(3);
    assert_int_equal(told.connections, 0);
    weir_server_resume(server);
    RUN_UNTIL(told.connections == 1);
    close(client);
}

static void a_paused_server_goes_on_serving_its_connections(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int client = connect_to(server);

    (void)state;
    assert_echoes(client);
    weir_server_pause(server, 0);
    assert_echoes(client);
    close(client);
    RUN_UNTIL(told.socket_closes);
}

static void a_socket_that_begins_paused_reads_after_resume(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int client;

    (void)state;
    weir_server_set_pause_on_connect(server, true);
    client = connect_to(server);
    raw_write(client, "hello", 5);
    RUN_UNTIL(told.connections == 1);
    turn(5);
    assert_true(weir_socket_paused(told.last));
    assert_int_equal(told.data, 0);
    weir_socket_resume(told.last);
    RUN_UNTIL(told.data);
    weir_server_set_pause_on_connect(server, false);
    close(client);
    client = connect_to(server);
    assert_echoes(client);
    close(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_connects_during_a_pause_waits_and_is_accepted),
        TEST(a_pause_without_end_lasts_until_resume),
        TEST(resume_ends_a_timed_pause_and_its_timer),
        TEST(a_second_pause_counts_from_its_own_beginning),
        TEST(a_server_paused_in_its_callback_takes_no_other_one),
        TEST(a_server_paused_before_it_listens_begins_paused),
        TEST(a_paused_server_goes_on_serving_its_connections),
        TEST(a_socket_that_begins_paused_reads_after_resume),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
