/*
 * test_server_accept.c - servers: accepting, and how many at most
 *
 * Bursts, and what one costs; which connections are dropped, and who is told;
 * and what happens to descriptors of the same batch. Pausing is in
 * test_server_pause.c, closing in test_server_close.c.
 */
#include "server_test.h"

/* -------------------------------------------------------------- accepting */

static void an_accepted_socket_knows_its_server_and_addresses(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    weir_address bound = address_of(server), local, remote, name = { 0 };
    int client = connect_to(server);

    (void)state;
    RUN_UNTIL(told.last);
    assert_ptr_equal(weir_socket_server(told.last), server);
    assert_int_equal(weir_socket_get_state(told.last), WEIR_SOCKET_OPEN);
    assert_int_equal(weir_socket_local_address(told.last, &local), 0);
    assert_true(weir_address_equal(&local, &bound));
    name.length = sizeof name.name;
    assert_int_equal(getsockname(client, &name.name.any, &name.length), 0);
    assert_int_equal(weir_socket_remote_address(told.last, &remote), 0);
    assert_true(weir_address_equal(&remote, &name));
    close(client);
}

static void leave_alone(weir_server *server, weir_socket *socket)
{
    (void)server;
    told.connections++;
    told.last = socket;
}

static void an_accepted_socket_is_not_read_before_it_has_a_table(void **state)
{
    weir_server *server = start_server(leave_alone, NULL);
    int client = connect_to(server);

    (void)state;
    raw_write(client, "early", 5);
    RUN_UNTIL(told.connections);
    turn(5);
    assert_int_equal(weir_socket_bytes_read(told.last), 0);
    weir_socket_set_events(told.last, &echo);
    RUN_UNTIL(told.data);
    assert_int_equal(weir_socket_bytes_read(told.last), 5);
    close(client);
}

static void a_burst_of_500_is_accepted_to_the_last(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int clients[500];

    (void)state;
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = connect_to(server);
    RUN_UNTIL(told.connections == COUNT(clients));
    assert_int_equal(weir_server_connections(server), COUNT(clients));
    for (size_t i = 0; i < COUNT(clients); i++)
        close(clients[i]);
    RUN_UNTIL(told.socket_closes == COUNT(clients));
    assert_int_equal(weir_server_connections(server), 0);
}

static unsigned accepts;

static int counting_accept(ACCEPT_PARAMETERS)
{
    accepts++;
    return ACCEPT(ACCEPT_ARGUMENTS);
}

static void a_burst_does_not_take_one_turn_per_connection(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int clients[500];
    unsigned turns = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = connect_to(server);
    for (; told.connections < COUNT(clients); turns++)
        assert_true(weir_loop_run_once(the_loop, 1000) >= 0);
    assert_true(turns < 20);
    for (size_t i = 0; i < COUNT(clients); i++)
        close(clients[i]);
}

static void nothing(weir_timer *timer)
{
    (void)timer;
}

/* Each of these turns is late for a timer, and looks at descriptors before it
 * fires it and after. */
static void a_burst_is_taken_as_fast_in_turns_that_look_twice(void **state)
{
    enum { MOST = 64 };
    weir_server *server = start_server(on_connection, NULL);
    weir_timer timer = { .data = NULL };
    int clients[500];
    unsigned turns = 0;

    (void)state;
    weir_timer_init(&timer, the_loop, nothing);
    assert_int_equal(weir_timer_start_repeating(&timer, 1), 0);
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = connect_to(server);
    for (; told.connections < COUNT(clients); turns++) {
        unsigned before = told.connections;

        spend(2 * MS);
        assert_true(weir_loop_run_once(the_loop, 0) >= 0);
        assert_in_range(told.connections - before, 0, MOST);
    }
    assert_true(turns < 20);
    weir_timer_stop(&timer);
    for (size_t i = 0; i < COUNT(clients); i++)
        close(clients[i]);
}

/* Field note 17: 99.9 % of second accepts are for nothing. */
static void clients_that_come_alone_do_not_each_cost_a_vain_accept(void **state)
{
    enum { CLIENTS = 100 };
    weir_server *server = start_server(on_connection, NULL);

    (void)state;
    weir_sys.ACCEPT = counting_accept;
    accepts = 0;
    for (unsigned i = 0; i < CLIENTS; i++) {
        int client = connect_to(server);

        RUN_UNTIL(told.connections == i + 1);
        close(client);
    }
    assert_true(accepts <= CLIENTS + CLIENTS / 2 + 1);
}

static void other_descriptors_are_served_during_a_burst(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int first = connect_to(server);
    int clients[300];

    (void)state;
    RUN_UNTIL(told.connections == 1);
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = connect_to(server);
    raw_write(first, "x", 1);
    RUN_UNTIL(told.data);
    assert_true(told.connections < COUNT(clients) / 2);
    for (size_t i = 0; i < COUNT(clients); i++)
        close(clients[i]);
    close(first);
}

static void a_connection_may_be_destroyed_in_its_callback(void **state)
{
    weir_server *server = start_server(destroy_at_once, NULL);
    int clients[10];

    (void)state;
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = connect_to(server);
    RUN_UNTIL(told.socket_closes == COUNT(clients));
    assert_int_equal(told.connections, COUNT(clients));
    assert_int_equal(weir_server_connections(server), 0);
    for (size_t i = 0; i < COUNT(clients); i++) {
        raw_expect_end(clients[i]);
        close(clients[i]);
    }
}

static void stop_loop(weir_server *server, weir_socket *socket)
{
    on_connection(server, socket);
    weir_loop_stop(the_loop);
}

static void a_stopped_loop_tells_no_further_connection(void **state)
{
    weir_server *server = start_server(stop_loop, NULL);
    int clients[20];

    (void)state;
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = connect_to(server);
    for (unsigned i = 1; i <= COUNT(clients); i++) {
        assert_int_equal(weir_loop_run(the_loop), 0);
        assert_int_equal(told.connections, i);
    }
    for (size_t i = 0; i < COUNT(clients); i++)
        close(clients[i]);
}

static void a_connection_nobody_took_up_closes_with_its_loop(void **state)
{
    weir_server *server = start_server(leave_alone, NULL);
    int client = connect_to(server);

    (void)state;
    RUN_UNTIL(told.connections);
    test_destroy_loop();
    raw_expect_end(client);
    close(client);
}

/* ------------------------------------------------------ maximum and count */

static void one_too_many_is_dropped_and_both_its_addresses_told(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    weir_address bound = address_of(server), name = { 0 };
    int clients[3];

    (void)state;
    weir_server_set_max_connections(server, 2);
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = connect_to(server);
    RUN_UNTIL(told.drops == 1);
    assert_int_equal(told.connections, 2);
    assert_int_equal(told.errors, 0);
    raw_expect_end(clients[2]);
    name.length = sizeof name.name;
    assert_int_equal(getsockname(clients[2], &name.name.any, &name.length), 0);
    assert_true(told.had_local && told.had_remote);
    assert_true(weir_address_equal(&told.local, &bound));
    assert_true(weir_address_equal(&told.remote, &name));
    for (size_t i = 0; i < COUNT(clients); i++)
        close(clients[i]);
}

static void a_place_that_becomes_free_is_given_again(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int first = connect_to(server), second;

    (void)state;
    weir_server_set_max_connections(server, 1);
    RUN_UNTIL(told.connections == 1);
    close(first);
    RUN_UNTIL(told.socket_closes == 1);
    second = connect_to(server);
    RUN_UNTIL(told.connections == 2);
    assert_int_equal(told.drops, 0);
    assert_echoes(second);
    close(second);
}

static void a_lower_maximum_closes_nobody(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int clients[4];

    (void)state;
    for (size_t i = 0; i < 3; i++)
        clients[i] = connect_to(server);
    RUN_UNTIL(told.connections == 3);
    weir_server_set_max_connections(server, 1);
    clients[3] = connect_to(server);
    RUN_UNTIL(told.drops == 1);
    for (size_t i = 0; i < 3; i++)
        assert_echoes(clients[i]);
    weir_server_set_max_connections(server, 0);
    close(clients[3]);
    clients[3] = connect_to(server);
    RUN_UNTIL(told.connections == 4);
    for (size_t i = 0; i < COUNT(clients); i++)
        close(clients[i]);
}

static void a_drop_nobody_listens_for_is_harmless(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int clients[3];

    (void)state;
    weir_server_set_events(server, NULL);
    weir_server_set_max_connections(server, 1);
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = connect_to(server);
    raw_expect_end(clients[1]);
    raw_expect_end(clients[2]);
    assert_int_equal(told.connections, 1);
    for (size_t i = 0; i < COUNT(clients); i++)
        close(clients[i]);
}

static void note_another(weir_server *server, weir_socket *socket)
{
    assert_ptr_equal(weir_server_data(server), &told);
    told.connections += 100;
    weir_socket_set_events(socket, &echo);
}

static void
another_callback_is_told_of_what_is_accepted_from_then_on(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int first = connect_to(server), second;

    (void)state;
    RUN_UNTIL(told.connections == 1);
    weir_server_set_connection(server, note_another, &told);
    second = connect_to(server);
    RUN_UNTIL(told.connections == 101);
    assert_echoes(first);
    assert_echoes(second);
    close(first);
    close(second);
}

static int no_name(int fd, struct sockaddr *name, socklen_t *size)
{
    (void)fd, (void)name, (void)size;
    errno = ENOBUFS;
    return -1;
}

static void an_address_that_is_not_known_is_told_as_null(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int first = connect_to(server), second = connect_to(server);

    (void)state;
    weir_server_set_max_connections(server, 1);
    weir_sys.getsockname = no_name;
    RUN_UNTIL(told.drops == 1);
    assert_false(told.had_local);
    assert_true(told.had_remote);
    close(first);
    close(second);
}

static void close_server_on_drop(weir_server *server, const weir_address *local,
                                 const weir_address *remote)
{
    on_drop(server, local, remote);
    weir_server_close(server);
}

static void a_server_may_be_closed_in_its_drop_event(void **state)
{
    static const weir_server_events closing = { .drop = close_server_on_drop,
                                                .close = on_close };
    weir_server *server = start_server(on_connection, NULL);
    int clients[5];

    (void)state;
    weir_server_set_events(server, &closing);
    weir_server_set_max_connections(server, 1);
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = connect_to(server);
    RUN_UNTIL(told.drops);
    turn(3);
    assert_int_equal(told.drops, 1);
    assert_int_equal(told.closes, 0);
    close(clients[0]);
    RUN_UNTIL(told.closes);
    assert_false(weir_loop_alive(the_loop));
    for (size_t i = 1; i < COUNT(clients); i++)
        close(clients[i]);
}

/* -------------------------------------------------------------- half-open */

static void a_client_that_ends_is_answered_only_if_half_open(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int client = connect_to(server);

    (void)state;
    shutdown(client, SHUT_WR);
    RUN_UNTIL(told.socket_closes == 1);
    assert_int_equal(told.ends, 1);
    close(client);

    weir_server_set_half_open(server, true);
    client = connect_to(server);
    shutdown(client, SHUT_WR);
    RUN_UNTIL(told.ends == 2);
    turn(5);
    assert_int_equal(told.socket_closes, 1);
    assert_int_equal(weir_socket_get_state(told.last), WEIR_SOCKET_WRITE_ONLY);
    assert_true(weir_socket_write(told.last, "late", 4, NULL, NULL) >= 0);
    assert_int_equal(weir_socket_end(told.last), 0);
    RUN_UNTIL(told.socket_closes == 2);
    raw_expect(client, "late");
    close(client);
}

/* -------------------------------------------------------- in one batch */

static struct side replaced, newcomer;
static int replaced_peer, newcomer_peer;

/* Destroys the other one, whose event is in the same batch, and gives its
 * number to a new one. */
static void replace(struct side *side, char event)
{
    int fds[2], number = weir_socket_fd(replaced.socket);

    side->hook = NULL;
    assert_int_equal(event, 'd');
    weir_socket_destroy(replaced.socket);
    test_socketpair(fds);
    assert_true(fds[0] == number || fds[1] == number);
    newcomer_peer = fds[0] == number ? fds[1] : fds[0];
    side_init(&newcomer);
    assert_int_equal(
        weir_socket_create(&newcomer.socket, the_loop, &side_events, &newcomer),
        0);
    assert_int_equal(weir_socket_adopt(newcomer.socket, number), 0);
}

/* Field note 8. */
static void a_stale_event_does_not_reach_who_has_the_number_now(void **state)
{
    static struct side first;
    int first_peer = net_adopted(NET_UNIX, &first);

    (void)state;
    replaced_peer = net_adopted(NET_UNIX, &replaced);
    first.hook = replace;
    raw_write(first_peer, "x", 1);
    raw_write(replaced_peer, "stale", 5);
    close(replaced_peer);
    RUN_UNTIL(replaced.closed);
    net_settle();
    assert_side(&first, "d");
    assert_side(&replaced, "x");
    assert_side(&newcomer, "");
    raw_write(newcomer_peer, "fresh", 5);
    RUN_UNTIL(newcomer.received == 5);
    net_finish(&first);
    net_finish(&newcomer);
    close(first_peer);
    close(newcomer_peer);
}

static weir_server *other_server;

static void close_other_server(weir_server *server, weir_socket *socket)
{
    on_connection(server, socket);
    weir_server_close(other_server);
}

/* Field note 8: both have clients waiting, and the first closes the other. */
static void a_server_closed_in_the_batch_accepts_nobody(void **state)
{
    weir_server *first = start_server(close_other_server, NULL);
    int clients[2];

    (void)state;
    other_server = start_server(on_connection, NULL);
    clients[0] = connect_to(first);
    clients[1] = connect_to(other_server);
    RUN_UNTIL(told.closes == 1);
    net_settle();
    assert_int_equal(told.connections, 1);
    close(clients[0]);
    close(clients[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_accepted_socket_knows_its_server_and_addresses),
        TEST(an_accepted_socket_is_not_read_before_it_has_a_table),
        TEST(a_burst_of_500_is_accepted_to_the_last),
        TEST(a_burst_does_not_take_one_turn_per_connection),
        TEST(a_burst_is_taken_as_fast_in_turns_that_look_twice),
        TEST(clients_that_come_alone_do_not_each_cost_a_vain_accept),
        TEST(other_descriptors_are_served_during_a_burst),
        TEST(a_connection_may_be_destroyed_in_its_callback),
        TEST(a_stopped_loop_tells_no_further_connection),
        TEST(a_connection_nobody_took_up_closes_with_its_loop),
        TEST(one_too_many_is_dropped_and_both_its_addresses_told),
        TEST(a_place_that_becomes_free_is_given_again),
        TEST(a_lower_maximum_closes_nobody),
        TEST(a_drop_nobody_listens_for_is_harmless),
        TEST(another_callback_is_told_of_what_is_accepted_from_then_on),
        TEST(an_address_that_is_not_known_is_told_as_null),
        TEST(a_server_may_be_closed_in_its_drop_event),
        TEST(a_client_that_ends_is_answered_only_if_half_open),
        TEST(a_stale_event_does_not_reach_who_has_the_number_now),
        TEST(a_server_closed_in_the_batch_accepts_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
