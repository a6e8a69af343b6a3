/*
 * test_pipe_end.c - pipes that carry an end, or are taken away
 *
 * The end of a source comes behind all of its bytes, in a proxy in each
 * direction by itself. After unpipe each socket is its user's again.
 */
#include "pipe_test.h"

/* --------------------------------------------------------------------- end */

static void the_end_of_the_source_ends_the_destination(void **state)
{
    connect_all(NET_KIND(state));
    join();
    raw_write(from_peer, "last", 4);
    shutdown(from_peer, SHUT_WR);
    raw_expect(to_peer, "last");
    raw_expect_end(to_peer);
    assert_int_equal(weir_socket_get_state(to.socket), WEIR_SOCKET_READ_ONLY);
    RUN_UNTIL(from.closed); /* the half-open rule */
    assert_side(&from, "x");
    raw_write(to_peer, "answer", 6);
    RUN_UNTIL(to.received == 6);
    close(to_peer);
    RUN_UNTIL(to.closed);
    assert_side(&to, "dex");
    assert_false(to.had_error);
    close(from_peer);
}

static void the_end_waits_for_what_the_destination_still_holds(void **state)
{
    uint64_t got = 0, fed;

    connect_all(NET_KIND(state));
    join();
    fed = stall();
    shutdown(from_peer, SHUT_WR);
    net_settle();
    RUN_UNTIL((raw_take(to_peer, &got, CHUNK), got == fed));
    raw_expect_end(to_peer);
    finish();
}

static void a_source_that_is_half_open_can_still_be_written(void **state)
{
    connect_all(NET_KIND(state));
    weir_socket_set_half_open(from.socket, true);
    join();
    shutdown(from_peer, SHUT_WR);
    raw_expect_end(to_peer);
    assert_int_equal(weir_socket_get_state(from.socket),
                     WEIR_SOCKET_WRITE_ONLY);
    assert_int_equal(weir_socket_write(from.socket, "still", 5, NULL, NULL),
                     WEIR_SENT);
    raw_expect(from_peer, "still");
    finish();
}

static void a_pipe_from_a_stream_that_has_ended_carries_the_end(void **state)
{
    connect_all(NET_KIND(state));
    weir_socket_set_half_open(from.socket, true);
    shutdown(from_peer, SHUT_WR);
    RUN_UNTIL(strchr(from.log, 'e'));
    join();
    raw_expect_end(to_peer);
    assert_int_equal(weir_socket_unpipe(from.socket), -EINVAL);
    finish();
}

static void a_proxy_carries_each_direction_to_its_own_end(void **state)
{
    connect_all(NET_KIND(state));
    join_both();
    raw_write(from_peer, "question", 8);
    shutdown(from_peer, SHUT_WR);
    raw_expect(to_peer, "question");
    raw_expect_end(to_peer);
    net_settle();
    assert_side(&from, "");
    raw_write(to_peer, "a long answer", 13);
    raw_expect(from_peer, "a long answer");
    shutdown(to_peer, SHUT_WR);
    raw_expect_end(from_peer);
    RUN_UNTIL(from.closed && to.closed);
    assert_side(&from, "x");
    assert_side(&to, "x");
    assert_false(from.had_error || to.had_error);
    finish();
}

static void a_proxy_ends_from_the_other_side_as_well(void **state)
{
    connect_all(NET_KIND(state));
    join_both();
    shutdown(to_peer, SHUT_WR);
    raw_expect_end(from_peer);
    raw_write(from_peer, "late", 4);
    raw_expect(to_peer, "late");
    shutdown(from_peer, SHUT_WR);
    raw_expect_end(to_peer);
    RUN_UNTIL(from.closed && to.closed);
    finish();
}

static void a_proxy_echoes_megabytes_both_ways_at_once(void **state)
{
    const uint64_t total = test_rounds(4, 4) * 1024 * 1024;
    uint64_t fed[2] = { 0, 0 }, got[2] = { 0, 0 };

    connect_all(NET_KIND(state));
    join_both();
    while (got[0] < total || got[1] < total) {
        feed(from_peer, &fed[0], total);
        feed(to_peer, &fed[1], total);
        assert_true(weir_loop_run_once(the_loop, 0) >= 0);
        raw_take(to_peer, &got[0], 3 * CHUNK);
        raw_take(from_peer, &got[1], CHUNK);
    }
    finish();
}

/* ------------------------------------------------------------- taking away */

static void after_unpipe_a_socket_is_read_by_its_own_events(void **state)
{
    connect_all(NET_KIND(state));
    join();
    raw_write(from_peer, "piped", 5);
    raw_expect(to_peer, "piped");
    assert_int_equal(weir_socket_unpipe(from.socket), 0);
    raw_write(from_peer, "own", 3);
    RUN_UNTIL(from.received == 3);
    shutdown(from_peer, SHUT_WR);
    RUN_UNTIL(from.closed);
    assert_side(&from, "dex");
    assert_side(&to, "");
    assert_int_equal(weir_socket_write(to.socket, "on", 2, NULL, NULL),
                     WEIR_SENT);
    raw_expect(to_peer, "on");
    finish();
}

static void unpipe_in_the_middle_loses_nothing(void **state)
{
    uint64_t fed, got = 0;

    connect_all(NET_KIND(state));
    join();
    fed = stall();
    assert_int_equal(weir_socket_unpipe(from.socket), 0);
    RUN_UNTIL(from.received &&
              (raw_take(to_peer, &got, SIZE_MAX), got + from.received == fed));
    /* The second part begins where the first one ended. */
    for (size_t i = 0; i < SIDE_KEEP; i++)
        assert_int_equal((unsigned char)from.bytes[i], net_byte(got + i));
    finish();
}

static void a_pipe_can_be_laid_anew_to_somebody_else(void **state)
{
    enum net_kind kind = NET_KIND(state);

    connect_all(kind);
    connect_extra(kind);
    for (int i = 0; i < 3; i++) {
        join();
        raw_write(from_peer, "one", 3);
        raw_expect(to_peer, "one");
        assert_int_equal(weir_socket_unpipe(from.socket), 0);
        assert_int_equal(weir_socket_pipe(from.socket, extra.socket), 0);
        raw_write(from_peer, "two", 3);
        raw_expect(extra_peer, "two");
        assert_int_equal(weir_socket_unpipe(from.socket), 0);
    }
    assert_side(&from, "");
    finish();
}

static void unpipe_lets_the_half_open_rule_hold_again(void **state)
{
    connect_all(NET_KIND(state));
    join();
    shutdown(to_peer, SHUT_WR);
    RUN_UNTIL(strchr(to.log, 'e'));
    net_settle();
    assert_int_equal(weir_socket_get_state(to.socket), WEIR_SOCKET_WRITE_ONLY);
    raw_write(from_peer, "more", 4);
    raw_expect(to_peer, "more");
    assert_int_equal(weir_socket_unpipe(from.socket), 0);
    raw_expect_end(to_peer);
    RUN_UNTIL(to.closed);
    assert_side(&to, "ex");
    finish();
}

static void an_ended_pipe_leaves_a_destination_for_nobody_else(void **state)
{
    enum net_kind kind = NET_KIND(state);

    connect_all(kind);
    connect_extra(kind);
    join();
    shutdown(from_peer, SHUT_WR);
    raw_expect_end(to_peer);
    assert_int_equal(weir_socket_pipe(extra.socket, to.socket), -EPIPE);
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_BOTH(the_end_of_the_source_ends_the_destination),
        TEST_ON_BOTH(the_end_waits_for_what_the_destination_still_holds),
        TEST_ON_BOTH(a_source_that_is_half_open_can_still_be_written),
        TEST_ON_BOTH(a_pipe_from_a_stream_that_has_ended_carries_the_end),
        TEST_ON_BOTH(a_proxy_carries_each_direction_to_its_own_end),
        TEST_ON_BOTH(a_proxy_ends_from_the_other_side_as_well),
        TEST_ON_BOTH(a_proxy_echoes_megabytes_both_ways_at_once),
        TEST_ON_BOTH(after_unpipe_a_socket_is_read_by_its_own_events),
        TEST_ON_BOTH(unpipe_in_the_middle_loses_nothing),
        TEST_ON_BOTH(a_pipe_can_be_laid_anew_to_somebody_else),
        TEST_ON_BOTH(unpipe_lets_the_half_open_rule_hold_again),
        TEST_ON_BOTH(an_ended_pipe_leaves_a_destination_for_nobody_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
