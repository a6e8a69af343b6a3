/*
 * test_pipe.c - pipes: everything arrives, at the speed of the slower
 *
 * What flows, and when it has to wait; sides that are not connected yet; pipes
 * that cannot be; and what callbacks do to one.
 */
#include "pipe_test.h"

/* ---------------------------------------------------------------- flowing */

static void what_one_socket_reads_the_other_writes(void **state)
{
    connect_all(NET_KIND(state));
    join();
    raw_write(from_peer, "hello", 5);
    raw_expect(to_peer, "hello");
    raw_write(from_peer, " again", 6);
    raw_expect(to_peer, " again");
    /* The other direction is the socket's own. */
    raw_write(to_peer, "back", 4);
    RUN_UNTIL(to.received == 4);
    assert_side(&from, "");
    assert_side(&to, "d");
    assert_int_equal(weir_socket_bytes_read(from.socket), 11);
    assert_int_equal(weir_socket_bytes_written(to.socket), 11);
    finish();
}

static void what_had_come_before_the_pipe_goes_through_it(void **state)
{
    connect_all(NET_KIND(state));
    weir_socket_pause(from.socket);
    raw_write(from_peer, "early ", 6);
    net_settle();
    join();
    raw_write(from_peer, "late", 4);
    net_settle();
    assert_int_equal(weir_socket_bytes_read(from.socket), 0);
    weir_socket_resume(from.socket);
    raw_expect(to_peer, "early late");
    assert_side(&from, "");
    finish();
}

static void
megabytes_arrive_to_the_byte_at_a_reader_that_stops_and_goes(void **state)
{
    const uint64_t total = test_rounds(16, 4) * 1024 * 1024;
    struct test_random random;
    uint64_t fed = 0, got = 0;
    size_t most = 0;

    connect_all(NET_KIND(state));
    test_seed(&random, test_new_seed());
    join();
    while (got < total) {
        feed(from_peer, &fed, total);
        assert_true(weir_loop_run_once(the_loop, 0) >= 0);
        if (weir_socket_buffered(to.socket) > most)
            most = weir_socket_buffered(to.socket);
        if (test_once_in(&random, 4))
            raw_take(to_peer, &got, (size_t)test_below(&random, 1000000) + 1);
    }
    assert_true(most <= MARK + READ);
    assert_side(&from, "");
    assert_side(&to, "");
    finish();
}

static void what_a_pipe_has_written_is_no_drain_after_it(void **state)
{
    uint64_t got = 0;

    connect_all(NET_KIND(state));
    join();
    stall();
    assert_int_equal(weir_socket_unpipe(from.socket), 0);
    RUN_UNTIL(
        (raw_take(to_peer, &got, SIZE_MAX), !weir_socket_buffered(to.socket)));
    net_settle();
    assert_side(&to, "");
    finish();
}

static void the_drain_of_ones_own_write_is_told_after_the_pipe(void **state)
{
    uint64_t got = 0, moved;

    connect_all(NET_KIND(state));
    join();
    stall();
    assert_int_equal(weir_socket_write(to.socket, "own", 3, NULL, NULL),
                     WEIR_WAIT);
    assert_int_equal(weir_socket_unpipe(from.socket), 0);
    moved = weir_socket_bytes_read(from.socket);
    RUN_UNTIL((raw_take(to_peer, &got, (size_t)(moved - got)), got == moved));
    raw_expect(to_peer, "own");
    RUN_UNTIL(to.logged);
    assert_side(&to, "D");
    finish();
}

static void a_source_that_has_to_wait_costs_no_system_call(void **state)
{
    struct net_calls before;
    uint64_t got = 0, fed;

    connect_all(NET_KIND(state));
    join();
    net_count();
    fed = stall();
    before = net_calls;
    net_settle();
    assert_int_equal(net_calls.recv, before.recv);
    assert_int_equal(net_calls.send, before.send);
    assert_int_equal(net_calls.sendmsg, before.sendmsg);
    assert_int_equal(net_calls.control, 0);
    RUN_UNTIL((raw_take(to_peer, &got, SIZE_MAX), got == fed));
    assert_int_equal(net_calls.control, 0);
    assert_side(&from, "");
    assert_side(&to, "");
    finish();
}

/* The destination never reaches its own mark, and never drains by it. */
static void a_high_water_mark_does_not_stop_the_pipe_for_ever(void **state)
{
    uint64_t got = 0, fed;

    connect_all(NET_KIND(state));
    assert_int_equal(weir_socket_set_high_water(to.socket, 64 * 1024 * 1024),
                     0);
    join();
    fed = stall();
    RUN_UNTIL((raw_take(to_peer, &got, SIZE_MAX), got == fed));
    assert_side(&to, "");
    finish();
}

static void a_write_limit_does_not_cut_the_stream(void **state)
{
    uint64_t got = 0, fed;

    connect_all(NET_KIND(state));
    assert_int_equal(weir_socket_set_write_limit(to.socket, 1000), 0);
    join();
    fed = stall();
    RUN_UNTIL((raw_take(to_peer, &got, SIZE_MAX), got == fed));
    assert_side(&from, "");
    finish();
}

static void writes_of_ones_own_go_between_those_of_the_pipe(void **state)
{
    connect_all(NET_KIND(state));
    join();
    assert_true(weir_socket_write(to.socket, "<", 1, side_wrote, &to) >= 0);
    raw_write(from_peer, "piped", 5);
    raw_expect(to_peer, "<piped");
    assert_true(weir_socket_write(to.socket, ">", 1, side_wrote, &to) >= 0);
    raw_expect(to_peer, ">");
    net_settle();
    assert_side(&to, "ww");
    finish();
}

static void a_corked_destination_holds_the_source_back(void **state)
{
    uint64_t got = 0, fed;

    connect_all(NET_KIND(state));
    join();
    assert_int_equal(weir_socket_cork(to.socket), 0);
    fed = stall();
    assert_true(weir_socket_buffered(to.socket) <= MARK + READ);
    assert_int_equal(weir_socket_bytes_written(to.socket), 0);
    assert_int_equal(weir_socket_uncork(to.socket), 0);
    RUN_UNTIL((raw_take(to_peer, &got, SIZE_MAX), got == fed));
    finish();
}

static void a_socket_without_a_table_is_read_for_its_pipe(void **state)
{
    connect_all(NET_KIND(state));
    weir_socket_set_events(from.socket, NULL);
    join();
    raw_write(from_peer, "hello", 5);
    raw_expect(to_peer, "hello");
    assert_int_equal(weir_socket_unpipe(from.socket), 0);
    raw_write(from_peer, "more", 4);
    net_settle();
    assert_int_equal(weir_socket_bytes_read(from.socket), 5);
    weir_socket_set_events(from.socket, &side_events);
    RUN_UNTIL(from.received == 4);
    finish();
}

static void a_chain_of_pipes_carries_its_bytes_and_its_end(void **state)
{
    enum net_kind kind = NET_KIND(state);
    static struct side back;

    connect_all(kind);
    close(to_peer);
    to_peer = -1;
    net_finish(&to);
    net_pair(kind, &to, &back); /* from -> to ~~ back -> extra */
    connect_extra(kind);
    assert_int_equal(weir_socket_pipe(from.socket, to.socket), 0);
    assert_int_equal(weir_socket_pipe(back.socket, extra.socket), 0);
    raw_write(from_peer, "far away", 8);
    raw_expect(extra_peer, "far away");
    shutdown(from_peer, SHUT_WR);
    raw_expect_end(extra_peer);
    net_finish(&back);
    net_finish(&from);
    net_finish(&to);
    net_finish(&extra);
    close(from_peer);
    close(extra_peer);
}

/* --------------------------------------------------------------- connecting */

static void a_pipe_may_be_laid_before_either_side_is_connected(void **state)
{
    weir_address from_address, to_address;
    int from_listener, to_listener;

    from_listener = net_listener(NET_KIND(state), &from_address);
    to_listener = net_listener(NET_KIND(state), &to_address);
    side_init(&from);
    side_init(&to);
    extra_peer = -1;
    weir_socket_create(&from.socket, the_loop, &side_events, &from);
    weir_socket_create(&to.socket, the_loop, &side_events, &to);
    assert_int_equal(weir_socket_connect(from.socket, &from_address, NULL), 0);
    assert_int_equal(weir_socket_connect(to.socket, &to_address, NULL), 0);
    join_both();
    RUN_UNTIL(strchr(from.log, 'C') && strchr(to.log, 'C'));
    from_peer = accept(from_listener, NULL, NULL);
    to_peer = accept(to_listener, NULL, NULL);
    fcntl(from_peer, F_SETFL, O_NONBLOCK);
    fcntl(to_peer, F_SETFL, O_NONBLOCK);
    raw_write(from_peer, "there", 5);
    raw_expect(to_peer, "there");
    raw_write(to_peer, "back", 4);
    raw_expect(from_peer, "back");
    close(from_listener);
    close(to_listener);
    finish();
}

static void bytes_wait_for_a_destination_that_is_not_connected_yet(void **state)
{
    uint64_t fed = 0, got = 0, before;
    weir_address address;
    int listener = net_listener(NET_KIND(state), &address);

    from_peer = net_raw(NET_KIND(state), &from);
    side_init(&to);
    extra_peer = -1;
    weir_socket_create(&to.socket, the_loop, &side_events, &to);
    weir_socket_unref(to.socket);
    assert_int_equal(weir_socket_connect(to.socket, &address, NULL), 0);
    join();
    do {
        before = fed;
        feed(from_peer, &fed, UINT64_MAX);
        net_settle();
    } while (fed != before);
    to_peer = accept(listener, NULL, NULL);
    fcntl(to_peer, F_SETFL, O_NONBLOCK);
    RUN_UNTIL((raw_take(to_peer, &got, SIZE_MAX), got == fed));
    assert_side(&to, "AC");
    close(listener);
    finish();
}

static void a_destination_that_cannot_connect_destroys_the_source(void **state)
{
    weir_address address;

    (void)state;
    close(net_listener(NET_TCP, &address));
    from_peer = net_raw(NET_TCP, &from);
    to_peer = extra_peer = -1;
    side_init(&to);
    weir_socket_create(&to.socket, the_loop, &side_events, &to);
    assert_int_equal(weir_socket_connect(to.socket, &address, NULL), 0);
    join_both();
    raw_write(from_peer, "hello", 5);
    RUN_UNTIL(from.closed && to.closed);
    assert_side(&to, "AB!x");
    assert_side(&from, "x");
    finish();
}

/* --------------------------------------------------------------- refusals */

static void a_pipe_that_cannot_be_is_refused(void **state)
{
    enum net_kind kind = NET_KIND(state);
    weir_loop *other_loop;
    weir_socket *idle, *foreign;

    connect_all(kind);
    connect_extra(kind);
    weir_socket_create(&idle, the_loop, &side_events, NULL);
    assert_int_equal(weir_loop_create(&other_loop), 0);
    weir_socket_create(&foreign, other_loop, NULL, NULL);
    assert_int_equal(weir_socket_pipe(NULL, to.socket), -EINVAL);
    assert_int_equal(weir_socket_pipe(from.socket, NULL), -EINVAL);
    assert_int_equal(weir_socket_pipe(from.socket, foreign), -EINVAL);
    assert_int_equal(weir_socket_pipe(from.socket, idle), -ENOTCONN);
    assert_int_equal(weir_socket_pipe(idle, to.socket), -ENOTCONN);
    assert_int_equal(weir_socket_unpipe(NULL), -EINVAL);
    assert_int_equal(weir_socket_unpipe(from.socket), -EINVAL);
    join();
    assert_int_equal(weir_socket_pipe(from.socket, extra.socket), -EBUSY);
    assert_int_equal(weir_socket_pipe(extra.socket, to.socket), -EBUSY);
    assert_int_equal(weir_socket_pipe(from.socket, to.socket), -EBUSY);
    assert_int_equal(weir_socket_unpipe(to.socket), -EINVAL);
    assert_int_equal(weir_socket_unpipe(from.socket), 0);
    assert_int_equal(weir_socket_end(to.socket), 0);
    assert_int_equal(weir_socket_pipe(from.socket, to.socket), -EPIPE);
    weir_socket_destroy(extra.socket);
    assert_int_equal(weir_socket_pipe(from.socket, extra.socket), -EBADF);
    assert_int_equal(weir_socket_pipe(extra.socket, from.socket), -EBADF);
    weir_socket_set_events(idle, NULL);
    weir_socket_destroy(idle);
    assert_int_equal(weir_loop_destroy(other_loop), 0);
    finish();
}

/* ------------------------------------------------------------- in callbacks */

static void pipe_at_first_data(struct side *side, char event)
{
    if (event != 'd')
        return;
    side->hook = NULL;
    join();
}

static void a_pipe_laid_in_a_data_event_takes_what_comes_next(void **state)
{
    connect_all(NET_KIND(state));
    from.hook = pipe_at_first_data;
    raw_write(from_peer, "own", 3);
    RUN_UNTIL(from.received == 3);
    raw_write(from_peer, "piped", 5);
    raw_expect(to_peer, "piped");
    assert_side(&from, "d");
    finish();
}

static void destroy_other(struct side *side, char event)
{
    struct side *other = side == &from ? &to : &from;

    if (event == (char)(intptr_t)side->user && other->socket)
        weir_socket_destroy(other->socket);
}

static void either_side_may_be_destroyed_in_the_others_events(void **state)
{
    static const char at[] = "ex";
    enum net_kind kind = NET_KIND(state);

    for (size_t i = 0; at[i]; i++) {
        connect_all(kind);
        join();
        to.hook = destroy_other;
        to.user = (void *)(intptr_t)at[i];
        close(to_peer);
        to_peer = -1;
        /* One byte to be reset for, and one to learn it by. */
        RUN_UNTIL((send(from_peer, "x", 1, MSG_NOSIGNAL), from.closed));
        finish();
        connect_all(kind);
        join_both();
        from.hook = to.hook = destroy_other;
        from.user = to.user = (void *)(intptr_t)at[i];
        close(from_peer);
        from_peer = -1;
        raw_write(to_peer, "x", 1);
        net_settle();
        finish();
    }
}

static void unpipe_at_write(weir_socket *socket, int status, void *argument)
{
    (void)socket, (void)argument;
    assert_int_equal(status, 0);
    assert_int_equal(weir_socket_unpipe(from.socket), 0);
}

static void a_pipe_may_be_taken_away_in_a_write_callback(void **state)
{
    uint64_t fed, got = 0;

    connect_all(NET_KIND(state));
    join();
    fed = stall();
    assert_true(weir_socket_write(to.socket, "", 0, unpipe_at_write, NULL) >=
                0);
    RUN_UNTIL((raw_take(to_peer, &got, SIZE_MAX), got + from.received == fed));
    RUN_UNTIL(weir_socket_unpipe(from.socket) == -EINVAL);
    finish();
}

static void a_loop_destroyed_with_pipes_closes_every_socket_once(void **state)
{
    enum net_kind kind = NET_KIND(state);

    connect_all(kind);
    connect_extra(kind);
    join_both();
    stall();
    test_destroy_loop();
    assert_string_equal(from.log, "x");
    assert_string_equal(to.log, "x");
    assert_string_equal(extra.log, "x");
    close(from_peer);
    close(to_peer);
    close(extra_peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_BOTH(what_one_socket_reads_the_other_writes),
        TEST_ON_BOTH(what_had_come_before_the_pipe_goes_through_it),
        TEST_ON_BOTH(
            megabytes_arrive_to_the_byte_at_a_reader_that_stops_and_goes),
        TEST_ON_BOTH(what_a_pipe_has_written_is_no_drain_after_it),
        TEST_ON_BOTH(the_drain_of_ones_own_write_is_told_after_the_pipe),
        TEST_ON_BOTH(a_source_that_has_to_wait_costs_no_system_call),
        TEST_ON_BOTH(a_high_water_mark_does_not_stop_the_pipe_for_ever),
        TEST_ON_BOTH(a_write_limit_does_not_cut_the_stream),
        TEST_ON_BOTH(writes_of_ones_own_go_between_those_of_the_pipe),
        TEST_ON_BOTH(a_corked_destination_holds_the_source_back),
        TEST_ON_BOTH(a_socket_without_a_table_is_read_for_its_pipe),
        TEST_ON_BOTH(a_chain_of_pipes_carries_its_bytes_and_its_end),
        TEST_ON_BOTH(a_pipe_may_be_laid_before_either_side_is_connected),
        TEST_ON_BOTH(bytes_wait_for_a_destination_that_is_not_connected_yet),
        TEST_ON_LOOP(a_destination_that_cannot_connect_destroys_the_source),
        TEST_ON_BOTH(a_pipe_that_cannot_be_is_refused),
        TEST_ON_BOTH(a_pipe_laid_in_a_data_event_takes_what_comes_next),
        TEST_ON_BOTH(either_side_may_be_destroyed_in_the_others_events),
        TEST_ON_BOTH(a_pipe_may_be_taken_away_in_a_write_callback),
        TEST_ON_BOTH(a_loop_destroyed_with_pipes_closes_every_socket_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
