/*
 * test_server_limits.c - accepting when descriptors or memory run out
 *
 * With the descriptor that a server keeps in reserve, clients are taken and
 * sent away; without one it rests, and goes on by itself when there is room.
 * What happens to one connection alone is in test_server_unlucky.c.
 */
#include "limits_test.h"

/* ------------------------------------------------------ descriptors run out */

/* A reset, unless the system has closed the connection before it said that
 * there is no descriptor, as macOS does. */
static void expect_shed(int client)
{
#ifdef WEIR_SYS_ACCEPT4
    raw_expect_reset(client);
#else
    raw_expect_end(client);
#endif
}

static void a_client_for_whom_there_is_no_descriptor_does_not_hang(void **state)
{
    weir_server *server = start_server(&events);
    int old = connect_to(server), clients[5];

    (void)state;
    assert_echoes(old);
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = new_client();
    take_all_descriptors();
    for (size_t i = 0; i < COUNT(clients); i++)
        connect_client(clients[i], server);
    for (size_t i = 0; i < COUNT(clients); i++)
        expect_shed(clients[i]);
    assert_int_equal(told.drops, COUNT(clients));
#ifdef WEIR_SYS_ACCEPT4 /* macOS has dropped it already */
    assert_true(told.had_both);
#endif
    assert_int_equal(told.errors, 1);
    assert_int_equal(told.error, -EMFILE);
    assert_int_equal(told.connections, 1);
    assert_echoes(old);
    close_all(clients, COUNT(clients));
    close(old);
}

static void a_server_without_descriptors_does_not_spin(void **state)
{
    weir_server *server = start_server(&events);
    int client = new_client();
    unsigned turns;
    uint64_t end;

    (void)state;
    weir_sys.ACCEPT = failing_accept;
    take_all_descriptors();
    connect_client(client, server);
    expect_shed(client);
    accept_calls = 0;
    end = virtual_ms() + 60000;
    for (turns = 0; turns < 100 && virtual_ms() < end; turns++)
        assert_true(weir_loop_run_once(the_loop, 60000) >= 0);
    assert_true(turns < 5);
    assert_int_equal(accept_calls, 0);
    close(client);
}

static void a_server_recovers_when_descriptors_are_free_again(void **state)
{
    weir_server *server = start_server(&events);
    int clients[3];

    (void)state;
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = new_client();
    take_all_descriptors();
    connect_client(clients[0], server);
    expect_shed(clients[0]);
    give_descriptors(1);
    connect_client(clients[1], server);
    assert_echoes(clients[1]);
    assert_int_equal(told.errors, 1);
    /* A second want is news again. */
    connect_client(clients[2], server);
    expect_shed(clients[2]);
    assert_int_equal(told.errors, 2);
    assert_int_equal(told.drops, 2);
    assert_echoes(clients[1]);
    close_all(clients, COUNT(clients));
}

/* accept() wants a descriptor before it looks whether anybody waits. */
static void the_last_descriptor_being_taken_is_no_failure(void **state)
{
    weir_server *server = start_server(&events);
    int clients[4];

    (void)state;
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = new_client();
    take_all_descriptors();
    give_descriptors(COUNT(clients));
    weir_sys.ACCEPT = failing_accept;
    accept_calls = 0;
    for (size_t i = 0; i < COUNT(clients); i++)
        connect_client(clients[i], server);
    for (size_t i = 0; i < COUNT(clients); i++)
        assert_echoes(clients[i]);
#ifdef WEIR_SYS_ACCEPT4
    assert_true(accept_calls > COUNT(clients)); /* one was in vain */
#endif
    assert_int_equal(told.errors, 0);
    close_all(clients, COUNT(clients));
}

static void close_on_drop(weir_server *server, const weir_address *local,
                          const weir_address *remote)
{
    on_drop(server, local, remote);
    weir_server_close(server);
}

static void close_on_error(weir_server *server, int error)
{
    on_error(server, error);
    weir_server_close(server);
}

/* Whatever was in reserve must not stay open. */
static void assert_closes_without_a_trace(const weir_server_events *table)
{
    unsigned descriptors = test_open_descriptors();
    weir_server *server = start_server(table);
    int clients[3];

    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = new_client();
    take_all_descriptors();
    for (size_t i = 0; i < COUNT(clients); i++)
        connect_client(clients[i], server);
    RUN_UNTIL(told.closes == 1);
    assert_int_equal(told.errors, 1);
    assert_false(weir_loop_alive(the_loop));
    give_descriptors(LIMIT);
    close_all(clients, COUNT(clients));
    assert_int_equal(test_open_descriptors(), descriptors);
}

static void a_server_closed_in_a_drop_for_want_leaves_nothing_open(void **state)
{
    static const weir_server_events table = { .drop = close_on_drop,
                                              .error = on_error,
                                              .close = on_close };

    (void)state;
    assert_closes_without_a_trace(&table);
    assert_int_equal(told.drops, 1);
}

static void a_server_closed_in_its_error_event_leaves_nothing_open(void **state)
{
    static const weir_server_events table = { .drop = on_drop,
                                              .error = close_on_error,
                                              .close = on_close };

    (void)state;
    assert_closes_without_a_trace(&table);
}

static void take_what_is_free(weir_server *server, const weir_address *local,
                              const weir_address *remote)
{
    on_drop(server, local, remote);
    take_all_descriptors();
}

/* The callback opens what the drop has made free. */
static void the_reserve_is_taken_back_before_a_drop_is_told(void **state)
{
    static const weir_server_events table = { .drop = take_what_is_free,
                                              .error = on_error };
    weir_server *server = start_server(&table);
    int clients[4];

    (void)state;
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = new_client();
    take_all_descriptors();
    for (size_t i = 0; i < COUNT(clients); i++) {
        connect_client(clients[i], server);
        expect_shed(clients[i]);
    }
    assert_int_equal(told.drops, COUNT(clients));
    assert_int_equal(told.errors, 1);
    close_all(clients, COUNT(clients));
}

/* ---------------------------------------------- without a reserve: resting */

static void a_server_that_can_neither_take_nor_shed_rests(void **state)
{
    weir_server *server = start_server(&events);
    int client;

    (void)state;
#ifndef WEIR_SYS_ACCEPT4
    skip(); /* nothing is shed: the system has done it */
#endif
    fail_accept(EMFILE, UINT_MAX);
    weir_sys.open = no_open;
    client = connect_to(server);
    pass(10 * 1000);
    /* Twice at first: once more after the reserve was given up. */
    assert_in_range(accept_calls, 90, 110);
    assert_int_equal(told.errors, 1);
    assert_int_equal(told.drops, 0);
    accept_failures = 0;
    pass(REST);
    assert_int_equal(told.connections, 1);
    weir_sys.open = open;
    assert_echoes(client);
    close(client);
}

static void a_server_that_had_no_reserve_gets_one_later(void **state)
{
    weir_server *server;
    int clients[2];

    (void)state;
#ifndef WEIR_SYS_ACCEPT4
    skip();
#endif
    weir_sys.open = no_open;
    server = start_server(&events);
    weir_sys.open = open;
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = new_client();
    give_descriptors(0);
    taken_count = 0;
    while (taken_count + 1 < LIMIT && (taken[taken_count] = dup(0)) >= 0)
        taken_count++;
    give_descriptors(1);
    fail_accept(EMFILE, 1);
    connect_client(clients[0], server);
    pass(10);
    assert_int_equal(told.errors, 1);
    assert_int_equal(told.drops, 0);
    pass(REST); /* takes the last descriptor as its reserve */
    expect_shed(clients[0]);
    assert_int_equal(told.drops, 1);
    connect_client(clients[1], server);
    expect_shed(clients[1]);
    assert_int_equal(told.errors, 1);
    close_all(clients, COUNT(clients));
}

static void want_of_memory_or_files_is_told_once_and_waited_out(void **state)
{
    static const int errors[] = { ENOMEM, ENOBUFS, ENFILE, EINVAL, EPERM };

    (void)state;
    for (size_t i = 0; i < COUNT(errors); i++) {
        weir_server *server = start_server(&events);
        int client;

        memset(&told, 0, sizeof told);
        fail_accept(errors[i], UINT_MAX);
        client = connect_to(server);
        pass(1000);
        assert_in_range(accept_calls, 10, 24);
        assert_int_equal(told.errors, 1);
        assert_int_equal(told.error, -errors[i]);
        accept_failures = 0;
        pass(REST);
        assert_int_equal(told.connections, 1);
        close(client);
        weir_server_close(server);
    }
}

static void an_error_that_nobody_heard_is_told_to_the_next_table(void **state)
{
    weir_server *server = start_server(NULL);
    int client;

    (void)state;
    fail_accept(ENOBUFS, UINT_MAX);
    client = connect_to(server);
    pass(5 * REST);
    weir_server_set_events(server, &events);
    pass(5 * REST);
    assert_int_equal(told.errors, 1);
    assert_int_equal(told.error, -ENOBUFS);
    close(client);
}

static void connections_live_on_while_a_server_rests(void **state)
{
    weir_server *server = start_server(&events);
    int old = connect_to(server), client;

    (void)state;
    assert_echoes(old);
    fail_accept(ENOMEM, UINT_MAX);
    client = connect_to(server);
    RUN_UNTIL(told.errors);
    assert_echoes(old);
    close(old);
    RUN_UNTIL(told.socket_closes);
    close(client);
}

static void a_server_may_be_closed_while_it_rests(void **state)
{
    weir_server *server = start_server(&events);
    int client;

    (void)state;
    fail_accept(ENOMEM, UINT_MAX);
    client = connect_to(server);
    RUN_UNTIL(told.errors);
    weir_server_close(server);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(told.closes, 1);
    close(client);
}

static void resume_does_not_cut_a_rest_short(void **state)
{
    weir_server *server = start_server(&events);
    int client;

    (void)state;
    fail_accept(ENOMEM, 1);
    client = connect_to(server);
    pass(1);
    assert_int_equal(told.errors, 1);
    weir_server_pause(server, 0);
    weir_server_resume(server);
    pass(REST / 2);
    assert_int_equal(told.connections, 0);
    pass(REST);
    assert_int_equal(told.connections, 1);
    close(client);
}

static void a_pause_outlasts_a_rest(void **state)
{
    weir_server *server = start_server(&events);
    int client;

    (void)state;
    fail_accept(ENOMEM, 1);
    client = connect_to(server);
    pass(1);
    weir_server_pause(server, 10 * REST);
    pass(5 * REST);
    assert_int_equal(told.connections, 0);
    pass(6 * REST);
    assert_int_equal(told.connections, 1);
    close(client);
}

#ifdef WEIR_BACKEND_EPOLL
static void a_listener_that_cannot_be_watched_again_is_tried_later(void **state)
{
    weir_server *server = start_server(&events);
    int client = connect_to(server);

    (void)state;
    weir_sys.epoll_ctl = failing_control;
    weir_server_pause(server, 0);
    fail_adding = true;
    weir_server_resume(server);
    pass(5 * REST);
    assert_int_equal(told.connections, 0);
    fail_adding = false;
    pass(REST);
    assert_int_equal(told.connections, 1);
    close(client);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_client_for_whom_there_is_no_descriptor_does_not_hang),
        TEST(a_server_without_descriptors_does_not_spin),
        TEST(a_server_recovers_when_descriptors_are_free_again),
        TEST(the_last_descriptor_being_taken_is_no_failure),
        TEST(a_server_closed_in_a_drop_for_want_leaves_nothing_open),
        TEST(a_server_closed_in_its_error_event_leaves_nothing_open),
        TEST(the_reserve_is_taken_back_before_a_drop_is_told),
        TEST(a_server_that_can_neither_take_nor_shed_rests),
        TEST(a_server_that_had_no_reserve_gets_one_later),
        TEST(want_of_memory_or_files_is_told_once_and_waited_out),
        TEST(an_error_that_nobody_heard_is_told_to_the_next_table),
        TEST(connections_live_on_while_a_server_rests),
        TEST(a_server_may_be_closed_while_it_rests),
        TEST(resume_does_not_cut_a_rest_short),
        TEST(a_pause_outlasts_a_rest),
#ifdef WEIR_BACKEND_EPOLL
        TEST(a_listener_that_cannot_be_watched_again_is_tried_later),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
