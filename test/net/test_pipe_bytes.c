/*
 * test_pipe_bytes.c - weir_socket_pipe_bytes(): bytes and nothing else
 *
 * What flows, what parts the two, and what each socket is told then.
 */
#include "pipe_bytes_test.h"

enum { MARK = 64 * 1024, CHUNK = 64 * 1024 };

/* Feeds the source as long as anything moves; how much that was. */
static uint64_t stall(void)
{
    char bytes[CHUNK];
    uint64_t fed = 0, before;

    do {
        ssize_t n;

        before = fed;
        net_pattern(bytes, sizeof bytes, fed);
        while ((n = send(from_peer, bytes, sizeof bytes, MSG_NOSIGNAL)) > 0) {
            fed += (uint64_t)n;
            net_pattern(bytes, sizeof bytes, fed);
        }
        net_settle();
    } while (fed != before);
    assert_true(weir_socket_buffered(to.socket) > MARK);
    return fed;
}

/* Takes what there is out of the destination's peer: it must be the pattern. */
static void take(uint64_t *position, uint64_t end)
{
    RUN_UNTIL((raw_take(to_peer, position, SIZE_MAX), *position >= end));
}

/* ---------------------------------------------------------------- flowing */

static void what_one_socket_reads_the_other_writes(void **state)
{
    connect_all(NET_KIND(state));
    join();
    raw_write(from_peer, "hello", 5);
    raw_expect(to_peer, "hello");
    raw_write(to_peer, "back", 4); /* the other direction is the socket's own */
    RUN_UNTIL(to.received == 4);
    assert_side(&from, "");
    assert_side(&to, "d");
    finish();
}

static void
a_full_destination_stops_the_source_until_it_has_drained(void **state)
{
    uint64_t fed, got = 0;

    connect_all(NET_KIND(state));
    join();
    fed = stall();
    take(&got, fed);
    raw_write(from_peer, "more", 4);
    raw_expect(to_peer, "more");
    assert_side(&from, "");
    assert_true(weir_socket_unpipe(from.socket) == 0);
    finish();
}

static void the_destination_is_told_that_it_has_drained(void **state)
{
    uint64_t fed, got = 0;

    connect_all(NET_KIND(state));
    join();
    fed = stall();
    take(&got, fed);
    RUN_UNTIL(to.logged > 0);
    assert_int_equal(to.log[0], 'D');
    finish();
}

static void writes_of_ones_own_are_told_while_the_pipe_stands(void **state)
{
    connect_all(NET_KIND(state));
    join();
    assert_true(weir_socket_write(to.socket, "<", 1, side_wrote, &to) >= 0);
    raw_write(from_peer, "piped", 5);
    raw_expect(to_peer, "<piped");
    net_settle();
    assert_side(&to, "w");
    assert_int_equal(weir_socket_unpipe(from.socket), 0);
    finish();
}

static void a_source_that_is_not_connected_yet_is_piped_once_it_is(void **state)
{
    weir_address address;
    int listener;

    (void)state;
    to_peer = net_raw(NET_TCP, &to);
    listener = net_listener(NET_TCP, &address);
    side_init(&from);
    assert_int_equal(
        weir_socket_create(&from.socket, the_loop, &side_events, &from), 0);
    assert_int_equal(weir_socket_pipe_bytes(from.socket, to.socket), -ENOTCONN);
    assert_int_equal(weir_socket_connect(from.socket, &address, NULL), 0);
    join();
    RUN_UNTIL(weir_socket_get_state(from.socket) == WEIR_SOCKET_OPEN);
    from_peer = accept(listener, NULL, NULL);
    raw_write(from_peer, "late", 4);
    raw_expect(to_peer, "late");
    close(listener);
    finish();
}

/* ----------------------------------------------------------------- parting */

static void after_unpipe_bytes_are_data_again(void **state)
{
    connect_all(NET_KIND(state));
    join();
    raw_write(from_peer, "one", 3);
    raw_expect(to_peer, "one");
    assert_int_equal(weir_socket_unpipe(from.socket), 0);
    raw_write(from_peer, "two", 3);
    RUN_UNTIL(from.received == 3);
    assert_memory_equal(from.bytes, "two", 3);
    assert_parted();
    finish();
}

static void unpipe_sets_a_stalled_source_going_again(void **state)
{
    uint64_t fed, got = 0;

    connect_all(NET_KIND(state));
    join();
    fed = stall();
    assert_int_equal(weir_socket_unpipe(from.socket), 0);
    RUN_UNTIL(from.received + weir_socket_buffered(to.socket) +
                  weir_socket_bytes_written(to.socket) ==
              fed);
    take(&got, fed - from.received);
    finish();
}

static void the_end_of_the_source_is_told_and_not_carried_over(void **state)
{
    connect_all(NET_KIND(state));
    join();
    raw_write(from_peer, "last", 4);
    shutdown(from_peer, SHUT_WR);
    raw_expect(to_peer, "last");
    RUN_UNTIL(from.logged > 0);
    assert_side(&from, "e");
    assert_parted();
    assert_true(weir_socket_write(to.socket, "!", 1, NULL, NULL) >= 0);
    raw_expect(to_peer, "!");
    assert_side(&to, "");
    finish();
}

static void
the_end_comes_after_all_that_a_full_destination_held_back(void **state)
{
    uint64_t fed, got = 0;

    connect_all(NET_KIND(state));
    join();
    fed = stall();
    shutdown(from_peer, SHUT_WR);
    net_settle();
    assert_side(&from, "");
    take(&got, fed);
    RUN_UNTIL(from.logged > 0);
    assert_side(&from, "e");
    finish();
}

static void a_reset_is_told_behind_all_that_came_before_it(void **state)
{
    uint64_t position = 0, came;

    (void)state;
    connect_all(NET_TCP);
    join();
    stall();
    came = weir_socket_bytes_read(from.socket) +
           (uint64_t)weir_socket_waiting(from.socket);
    raw_reset(from_peer);
    from_peer = -1;
    net_settle();
    assert_side(&from, ""); /* not even a hangup: that is for pauses */
    weir_socket_set_timeout(from.socket, 1); /* the way not to wait for it */
    RUN_UNTIL(from.logged);
    assert_side(&from, "t");
    weir_socket_set_timeout(from.socket, 0);
    take(&position, came);
    RUN_UNTIL(from.closed);
    assert_string_equal(from.log, "t!x");
    assert_int_equal(from.error, -ECONNRESET);
    assert_int_equal(weir_socket_bytes_written(to.socket), came);
    finish();
}

static void
a_source_that_is_destroyed_leaves_the_destination_alone(void **state)
{
    connect_all(NET_KIND(state));
    join();
    weir_socket_destroy(from.socket);
    RUN_UNTIL(from.closed);
    assert_side(&to, "");
    assert_true(weir_socket_write(to.socket, "alive", 5, NULL, NULL) >= 0);
    raw_expect(to_peer, "alive");
    finish();
}

static void
a_destination_that_is_destroyed_leaves_the_source_alone(void **state)
{
    connect_all(NET_KIND(state));
    join();
    weir_socket_destroy(to.socket);
    RUN_UNTIL(to.closed);
    assert_parted();
    raw_write(from_peer, "mine", 4);
    RUN_UNTIL(from.received == 4);
    assert_side(&from, "d");
    finish();
}

static void a_destination_that_has_ended_gives_the_bytes_back(void **state)
{
    connect_all(NET_KIND(state));
    join();
    assert_int_equal(weir_socket_end(to.socket), 0);
    raw_write(from_peer, "too late", 8);
    RUN_UNTIL(from.received == 8);
    assert_memory_equal(from.bytes, "too late", 8);
    assert_side(&from, "d");
    assert_parted();
    raw_expect_end(to_peer);
    finish();
}

/* The failing write takes the pipe away while the pipe is writing. */
static void a_write_that_fails_gives_its_bytes_back(void **state)
{
    (void)state;
    connect_all(NET_TCP);
    join();
    break_the_destination();
    RUN_UNTIL(from.received == 7);
    assert_memory_equal(from.bytes, "refused", 7);
    assert_side(&from, "d");
    assert_parted();
    RUN_UNTIL(to.error);
    assert_int_equal(to.error, -ECONNRESET);
    weir_socket_destroy(from.socket);
    weir_socket_destroy(to.socket);
    RUN_UNTIL(from.closed && to.closed);
    close(from_peer);
}

/* The same, but the destination is nobody's to read, and fails as a whole. */
static void
a_destination_that_fails_as_a_whole_gives_the_bytes_back(void **state)
{
    (void)state;
    connect_all(NET_TCP);
    join();
    shutdown(to_peer, SHUT_WR);
    RUN_UNTIL(to.logged > 0); /* its reading has ended: nothing is left */
    break_the_destination();
    RUN_UNTIL(from.received == 7);
    RUN_UNTIL(to.closed);
    assert_true(to.had_error);
    assert_side(&from, "d");
    net_finish(&from);
    close(from_peer);
}

/* ------------------------------------------------ what a pipe had suspended */

static void the_end_of_the_pipe_lets_the_half_open_rule_hold_again(void **state)
{
    connect_all(NET_KIND(state));
    weir_socket_set_half_open(to.socket, false);
    join();
    shutdown(to_peer, SHUT_WR);
    RUN_UNTIL(to.logged == 1);
    net_settle();
    assert_side(&to, "e"); /* the pipe suspends the rule */
    shutdown(from_peer, SHUT_WR);
    raw_expect_end(to_peer);
    RUN_UNTIL(to.closed);
    assert_side(&to, "ex");
    net_finish(&from);
    close(from_peer);
    close(to_peer);
}

static void a_source_that_goes_lets_the_half_open_rule_hold_again(void **state)
{
    connect_all(NET_KIND(state));
    weir_socket_set_half_open(to.socket, false);
    join();
    shutdown(to_peer, SHUT_WR);
    RUN_UNTIL(to.logged == 1);
    weir_socket_destroy(from.socket);
    raw_expect_end(to_peer);
    RUN_UNTIL(to.closed && from.closed);
    assert_side(&to, "ex");
    close(from_peer);
    close(to_peer);
}

/* ------------------------------------------------------------------- rings */

static void two_sockets_may_carry_each_others_bytes(void **state)
{
    connect_all(NET_KIND(state));
    join();
    assert_int_equal(weir_socket_pipe_bytes(to.socket, from.socket), 0);
    raw_write(from_peer, "there", 5);
    raw_write(to_peer, "back", 4);
    raw_expect(to_peer, "there");
    raw_expect(from_peer, "back");
    weir_socket_destroy(from.socket);
    RUN_UNTIL(from.closed);
    raw_write(to_peer, "mine", 4);
    RUN_UNTIL(to.received == 4);
    assert_side(&to, "d");
    finish();
}

/* ----------------------------------------------------------------- refusal */

static void what_cannot_be_piped_is_refused(void **state)
{
    connect_all(NET_KIND(state));
    assert_int_equal(weir_socket_pipe_bytes(NULL, to.socket), -EINVAL);
    assert_int_equal(weir_socket_pipe_bytes(from.socket, NULL), -EINVAL);
    join();
    assert_int_equal(weir_socket_pipe_bytes(from.socket, to.socket), -EBUSY);
    assert_int_equal(weir_socket_pipe(from.socket, to.socket), -EBUSY);
    assert_int_equal(weir_socket_unpipe(from.socket), 0);
    assert_int_equal(weir_socket_end(to.socket), 0);
    assert_int_equal(weir_socket_pipe_bytes(from.socket, to.socket), -EPIPE);
    finish();
}

static void a_source_that_has_ended_is_refused(void **state)
{
    connect_all(NET_KIND(state));
    shutdown(from_peer, SHUT_WR);
    RUN_UNTIL(from.logged > 0);
    assert_int_equal(weir_socket_pipe_bytes(from.socket, to.socket), -EPIPE);
    assert_true(weir_socket_write(to.socket, "open", 4, NULL, NULL) >= 0);
    raw_expect(to_peer, "open");
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_BOTH(what_one_socket_reads_the_other_writes),
        TEST_ON_BOTH(a_full_destination_stops_the_source_until_it_has_drained),
        TEST_ON_BOTH(the_destination_is_told_that_it_has_drained),
        TEST_ON_BOTH(writes_of_ones_own_are_told_while_the_pipe_stands),
        TEST_ON_LOOP(a_source_that_is_not_connected_yet_is_piped_once_it_is),
        TEST_ON_BOTH(after_unpipe_bytes_are_data_again),
        TEST_ON_BOTH(unpipe_sets_a_stalled_source_going_again),
        TEST_ON_BOTH(the_end_of_the_source_is_told_and_not_carried_over),
        TEST_ON_BOTH(the_end_comes_after_all_that_a_full_destination_held_back),
        TEST_ON_LOOP(a_reset_is_told_behind_all_that_came_before_it),
        TEST_ON_BOTH(a_source_that_is_destroyed_leaves_the_destination_alone),
        TEST_ON_BOTH(the_end_of_the_pipe_lets_the_half_open_rule_hold_again),
        TEST_ON_BOTH(a_source_that_goes_lets_the_half_open_rule_hold_again),
        TEST_ON_BOTH(a_destination_that_is_destroyed_leaves_the_source_alone),
        TEST_ON_BOTH(a_destination_that_has_ended_gives_the_bytes_back),
        TEST_ON_LOOP(a_write_that_fails_gives_its_bytes_back),
        TEST_ON_LOOP(a_destination_that_fails_as_a_whole_gives_the_bytes_back),
        TEST_ON_BOTH(two_sockets_may_carry_each_others_bytes),
        TEST_ON_BOTH(what_cannot_be_piped_is_refused),
        TEST_ON_BOTH(a_source_that_has_ended_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
