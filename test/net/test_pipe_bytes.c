/*
 * test_pipe_bytes.c - weir_socket_pipe_bytes(): bytes flow, and nothing else
 * does
 *
 *     from_peer --> [from =====> to] --> to_peer
 *
 * What weir_socket_pipe() carries over - ends, closes, failures - is told to
 * the sockets' own events here, and takes the pipe away. The peers are plain
 * descriptors. The sockets are half-open, as those of the script shim are.
 */
#include "test/support/net_test.h"

#include <weir/blocking.h>

enum { MARK = 64 * 1024, CHUNK = 64 * 1024 };

static struct side from, to, extra;
static int from_peer, to_peer;

/* --------------------------------------------------------------- helpers */

static void connect_all(enum net_kind kind)
{
    from_peer = net_raw(kind, &from);
    to_peer = net_raw(kind, &to);
    weir_socket_set_half_open(from.socket, true);
    weir_socket_set_half_open(to.socket, true);
}

static void join(void)
{
    assert_int_equal(weir_socket_pipe_bytes(from.socket, to.socket), 0);
}

static void finish(void)
{
    net_finish(&from);
    net_finish(&to);
    close(from_peer);
    close(to_peer);
    assert_false(weir_loop_alive(the_loop));
}

/* Both sockets are there, and no pipe is between them. */
static void assert_parted(void)
{
    assert_int_equal(weir_socket_unpipe(from.socket), -EINVAL);
    if (from.socket)
        assert_sound(from.socket);
    if (to.socket)
        assert_sound(to.socket);
}

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
    unsigned char bytes[CHUNK];

    RUN_UNTIL(({
        ssize_t n = recv(to_peer, bytes, sizeof bytes, 0);

        for (ssize_t i = 0; i < n; i++)
            if (bytes[i] != net_byte(*position + (uint64_t)i))
                fail_msg("byte %ju is wrong",
                         (uintmax_t)(*position + (uint64_t)i));
        *position += n > 0 ? (uint64_t)n : 0;
        *position >= end;
    }));
}

/* The destination's peer goes with a reset that weir has not read yet, and the
 * source is the first to be looked at. */
static void break_the_destination(void)
{
    weir_socket_pause(to.socket);
    raw_reset(to_peer);
    to_peer = -1;
    raw_write(from_peer, "refused", 7);
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

/* ------------------------------------------- bytes that nobody has read yet */

/* The pipe has gone, with bytes that it could not write, while nobody reads the
 * source. */
static void refuse_without_a_reader(void)
{
    connect_all(NET_TCP);
    weir_socket_set_events(from.socket, NULL);
    join();
    break_the_destination();
    RUN_UNTIL(to.error);
    assert_int_equal(weir_socket_bytes_read(from.socket), 7);
    assert_parted();
}

static void close_all(void)
{
    net_finish(&from);
    net_finish(&to);
    close(from_peer);
}

static void refused_bytes_wait_for_a_reader(void **state)
{
    (void)state;
    refuse_without_a_reader();
    raw_write(from_peer, " more", 5);
    net_settle();
    weir_socket_set_events(from.socket, &side_events);
    RUN_UNTIL(from.received == 12);
    assert_memory_equal(from.bytes, "refused more", 12);
    assert_int_equal(weir_socket_bytes_read(from.socket), 12);
    close_all();
}

static void refused_bytes_wait_while_the_source_is_paused(void **state)
{
    (void)state;
    refuse_without_a_reader();
    weir_socket_pause(from.socket);
    weir_socket_set_events(from.socket, &side_events);
    net_settle();
    assert_side(&from, "");
    weir_socket_resume(from.socket);
    RUN_UNTIL(from.received == 7);
    close_all();
}

static void refused_bytes_come_before_the_end(void **state)
{
    (void)state;
    refuse_without_a_reader();
    shutdown(from_peer, SHUT_WR);
    net_settle();
    weir_socket_set_events(from.socket, &side_events);
    RUN_UNTIL(from.logged == 2);
    assert_side(&from, "de");
    close_all();
}

static void refused_bytes_are_the_first_of_the_next_pipe(void **state)
{
    int extra_peer;

    (void)state;
    refuse_without_a_reader();
    extra_peer = net_raw(NET_TCP, &extra);
    assert_int_equal(weir_socket_pipe(from.socket, extra.socket), 0);
    raw_write(from_peer, " more", 5);
    raw_expect(extra_peer, "refused more");
    weir_socket_destroy(from.socket);
    RUN_UNTIL(extra.closed);
    raw_expect_reset(extra_peer);
    close(extra_peer);
    net_finish(&to);
    close(from_peer);
}

static void refused_bytes_may_be_refused_again(void **state)
{
    int extra_peer;

    (void)state;
    refuse_without_a_reader();
    extra_peer = net_raw(NET_TCP, &extra);
    assert_int_equal(weir_socket_pipe_bytes(from.socket, extra.socket), 0);
    assert_int_equal(weir_socket_end(extra.socket), 0);
    raw_write(from_peer, " more", 5);
    net_settle();
    weir_socket_set_events(from.socket, &side_events);
    RUN_UNTIL(from.received == 12);
    assert_memory_equal(from.bytes, "refused more", 12);
    net_finish(&extra);
    close(extra_peer);
    close_all();
}

static void refused_bytes_are_the_first_of_a_read_that_waits(void **state)
{
    char bytes[16];

    (void)state;
    refuse_without_a_reader();
    raw_write(from_peer, "!", 1);
    assert_int_equal(weir_socket_read_wait(from.socket, bytes, 4, 1000), 4);
    assert_memory_equal(bytes, "refu", 4);
    assert_int_equal(weir_socket_read_wait(from.socket, bytes, 9, 1000), 3);
    assert_memory_equal(bytes, "sed", 3);
    assert_int_equal(weir_socket_read_wait(from.socket, bytes, 9, 1000), 1);
    weir_socket_destroy(from.socket);
    net_finish(&to);
    close(from_peer);
}

static char small[4];

static void *small_buffer(weir_socket *socket, size_t *size)
{
    (void)socket;
    *size = sizeof small;
    return small;
}

static void only_in_its_buffer(weir_socket *socket, const void *bytes,
                               size_t length)
{
    assert_ptr_equal(bytes, small);
    side_events.data(socket, bytes, length);
}

static void refused_bytes_land_in_the_readers_own_buffer(void **state)
{
    weir_socket_events own = side_events;

    (void)state;
    own.buffer = small_buffer;
    own.data = only_in_its_buffer;
    refuse_without_a_reader();
    weir_socket_set_events(from.socket, &own);
    RUN_UNTIL(from.received == 7);
    assert_memory_equal(from.bytes, "refused", 7);
    close_all();
}

static void refused_bytes_go_with_the_socket(void **state)
{
    (void)state;
    refuse_without_a_reader();
    weir_socket_close(from.socket); /* thrown away, like all that comes */
    raw_expect_end(from_peer);
    weir_socket_set_events(from.socket, &side_events);
    close(from_peer);
    RUN_UNTIL(from.closed);
    assert_side(&from, "x");
    net_finish(&to);
}

static void no_memory_for_refused_bytes_is_told(void **state)
{
    (void)state;
    connect_all(NET_TCP);
    join();
    break_the_destination();
    weir_set_allocator(&test_no_memory);
    RUN_UNTIL(from.closed);
    weir_set_allocator(NULL);
    assert_side(&from, "!x");
    assert_int_equal(from.error, -ENOMEM);
    net_finish(&to);
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

/* ---------------------------------------------- while an answer is awaited */

static int extra_peer;

/* A whole stream, whose source waits for an answer through a second pipe:
 *
 *     extra_peer --> [extra --> from ==> to]
 */
static void await_an_answer(enum net_kind kind,
                            int (*join_answer)(weir_socket *, weir_socket *))
{
    connect_all(kind);
    extra_peer = net_raw(kind, &extra);
    assert_int_equal(weir_socket_pipe(from.socket, to.socket), 0);
    assert_int_equal(join_answer(extra.socket, from.socket), 0);
}

/* What the source sends is thrown away from here on. */
static void lose_the_destination(void)
{
    weir_socket_destroy(to.socket);
    RUN_UNTIL(to.closed);
}

static void finish_all(void)
{
    net_finish(&extra);
    close(extra_peer);
    net_finish(&from);
    close(from_peer);
    close(to_peer);
}

/* When no more of the answer can come, the socket's own events are told. */
static void a_source_that_lost_its_destination_is_read_again(void **state)
{
    await_an_answer(NET_KIND(state), weir_socket_pipe_bytes);
    lose_the_destination();
    raw_write(extra_peer, "answer", 6);
    raw_expect(from_peer, "answer");
    net_settle();
    assert_side(&from, "");
    assert_int_equal(weir_socket_unpipe(extra.socket), 0);
    raw_write(from_peer, "hello", 5);
    shutdown(from_peer, SHUT_WR);
    RUN_UNTIL(from.logged == 2);
    assert_memory_equal(from.bytes, "hello", 5);
    assert_side(&from, "de");
    finish_all();
}

/* A reader must not take what comes behind a hole for the whole. */
static void what_was_thrown_away_is_not_read_on_behind_it(void **state)
{
    await_an_answer(NET_KIND(state), weir_socket_pipe_bytes);
    lose_the_destination();
    raw_write(from_peer, "thrown away", 11);
    RUN_UNTIL(weir_socket_bytes_read(from.socket) == 11);
    raw_write(from_peer, "not read", 8);
    assert_int_equal(weir_socket_unpipe(extra.socket), 0);
    RUN_UNTIL(from.closed);
    assert_side(&from, "x");
    finish_all();
}

/* The same where it was thrown away before anybody could be told of it. */
static void what_was_refused_and_thrown_away_is_a_hole_too(void **state)
{
    static const char many[128 * 1024];
    struct side last;
    int last_peer;

    (void)state;
    refuse_without_a_reader();
    net_finish(&to);
    extra_peer = net_raw(NET_TCP, &extra);
    last_peer = net_raw(NET_TCP, &last);
    assert_int_equal(weir_socket_cork(last.socket), 0);
    assert_true(weir_socket_write(last.socket, many, sizeof many, NULL, NULL) >=
                0);
    assert_int_equal(weir_socket_pipe(from.socket, last.socket), 0);
    assert_int_equal(weir_socket_pipe_bytes(extra.socket, from.socket), 0);
    net_settle(); /* the pipe stands still */
    assert_int_equal(weir_socket_waiting(from.socket), 7);
    net_finish(&last);
    net_settle();
    weir_socket_set_events(from.socket, &side_events);
    assert_int_equal(weir_socket_unpipe(extra.socket), 0);
    raw_write(from_peer, "not read", 8);
    RUN_UNTIL(from.closed);
    assert_side(&from, "x");
    net_finish(&extra);
    close(extra_peer);
    close(last_peer);
    close(from_peer);
}

static void what_its_user_paused_is_paused_when_it_is_read_again(void **state)
{
    await_an_answer(NET_KIND(state), weir_socket_pipe_bytes);
    weir_socket_pause(from.socket);
    lose_the_destination();
    assert_true(weir_socket_paused(from.socket));
    assert_int_equal(weir_socket_unpipe(extra.socket), 0);
    raw_write(from_peer, "hello", 5);
    net_settle();
    assert_true(weir_socket_paused(from.socket));
    assert_side(&from, "");
    weir_socket_resume(from.socket);
    RUN_UNTIL(from.received == 5);
    finish_all();
}

static void pausing_what_is_thrown_away_does_not_hide_a_reset(void **state)
{
    (void)state;
    await_an_answer(NET_TCP, weir_socket_pipe);
    lose_the_destination();
    weir_socket_pause(from.socket);
    raw_reset(from_peer);
    from_peer = -1;
    RUN_UNTIL(from.closed);
    assert_side(&from, "!x");
    RUN_UNTIL(extra.closed);
    finish_all();
}

/* -------------------------------------- what a reader does with its own */

static size_t taken;

/* The buffer is asked for, and then there is nothing to put there. */
static void *takes_them_itself(weir_socket *socket, size_t *size)
{
    char bytes[16];
    ssize_t n = weir_socket_read_wait(socket, bytes, sizeof bytes, 0);

    taken += n > 0 ? (size_t)n : 0;
    *size = sizeof small;
    return small;
}

static void *closes(weir_socket *socket, size_t *size)
{
    weir_socket_close(socket);
    *size = sizeof small;
    return small;
}

static void refused_bytes_may_be_taken_where_a_buffer_is_asked_for(void **state)
{
    weir_socket_events own = side_events;

    (void)state;
    own.buffer = takes_them_itself;
    taken = 0;
    refuse_without_a_reader();
    weir_socket_set_events(from.socket, &own);
    RUN_UNTIL(taken == 7);
    net_settle();
    assert_side(&from, "");
    weir_socket_set_events(from.socket, &side_events);
    close_all();
}

static void refused_bytes_are_not_told_after_close(void **state)
{
    weir_socket_events own = side_events;

    (void)state;
    own.buffer = closes;
    refuse_without_a_reader();
    weir_socket_set_events(from.socket, &own);
    raw_expect_end(from_peer);
    assert_side(&from, "");
    close_all();
}

static void refused_bytes_count_among_those_that_wait(void **state)
{
    (void)state;
    refuse_without_a_reader();
    raw_write(from_peer, "!", 1);
    RUN_UNTIL(weir_socket_waiting(from.socket) == 8);
    weir_socket_destroy(from.socket);
    net_finish(&to);
    close(from_peer);
}

static void destroy_at_data(struct side *side, char event)
{
    if (event == 'd')
        weir_socket_destroy(side->socket);
}

static void a_source_may_be_destroyed_by_the_bytes_it_gets_back(void **state)
{
    connect_all(NET_KIND(state));
    join();
    from.hook = destroy_at_data;
    assert_int_equal(weir_socket_end(to.socket), 0);
    raw_write(from_peer, "too late", 8);
    RUN_UNTIL(from.closed);
    assert_side(&from, "dx");
    finish();
}

static void pipe_on(struct side *side, char event)
{
    if (event == 'd')
        assert_int_equal(weir_socket_pipe_bytes(side->socket, extra.socket), 0);
}

static void a_source_may_be_piped_on_by_the_bytes_it_gets_back(void **state)
{
    connect_all(NET_KIND(state));
    extra_peer = net_raw(NET_KIND(state), &extra);
    join();
    from.hook = pipe_on;
    assert_int_equal(weir_socket_end(to.socket), 0);
    raw_write(from_peer, "for me", 6);
    RUN_UNTIL(from.received == 6);
    raw_write(from_peer, "for extra", 9);
    raw_expect(extra_peer, "for extra");
    net_finish(&extra);
    close(extra_peer);
    finish();
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
        TEST_ON_LOOP(refused_bytes_wait_for_a_reader),
        TEST_ON_LOOP(refused_bytes_wait_while_the_source_is_paused),
        TEST_ON_LOOP(refused_bytes_come_before_the_end),
        TEST_ON_LOOP(refused_bytes_are_the_first_of_the_next_pipe),
        TEST_ON_LOOP(refused_bytes_may_be_refused_again),
        TEST_ON_LOOP(refused_bytes_are_the_first_of_a_read_that_waits),
        TEST_ON_LOOP(refused_bytes_land_in_the_readers_own_buffer),
        TEST_ON_LOOP(refused_bytes_go_with_the_socket),
        TEST_ON_LOOP(no_memory_for_refused_bytes_is_told),
        TEST_ON_BOTH(the_end_of_the_pipe_lets_the_half_open_rule_hold_again),
        TEST_ON_BOTH(a_source_that_goes_lets_the_half_open_rule_hold_again),
        TEST_ON_BOTH(a_source_that_lost_its_destination_is_read_again),
        TEST_ON_BOTH(what_was_thrown_away_is_not_read_on_behind_it),
        TEST_ON_LOOP(what_was_refused_and_thrown_away_is_a_hole_too),
        TEST_ON_BOTH(what_its_user_paused_is_paused_when_it_is_read_again),
        TEST_ON_LOOP(pausing_what_is_thrown_away_does_not_hide_a_reset),
        TEST_ON_LOOP(refused_bytes_may_be_taken_where_a_buffer_is_asked_for),
        TEST_ON_LOOP(refused_bytes_are_not_told_after_close),
        TEST_ON_LOOP(refused_bytes_count_among_those_that_wait),
        TEST_ON_BOTH(a_destination_that_is_destroyed_leaves_the_source_alone),
        TEST_ON_BOTH(a_destination_that_has_ended_gives_the_bytes_back),
        TEST_ON_LOOP(a_write_that_fails_gives_its_bytes_back),
        TEST_ON_LOOP(a_destination_that_fails_as_a_whole_gives_the_bytes_back),
        TEST_ON_BOTH(a_source_may_be_destroyed_by_the_bytes_it_gets_back),
        TEST_ON_BOTH(a_source_may_be_piped_on_by_the_bytes_it_gets_back),
        TEST_ON_BOTH(two_sockets_may_carry_each_others_bytes),
        TEST_ON_BOTH(what_cannot_be_piped_is_refused),
        TEST_ON_BOTH(a_source_that_has_ended_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
