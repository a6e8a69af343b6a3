/*
 * test_pipe_bytes_refused.c - bytes that the destination did not take
 *
 * They go back to the source, which has read them already: they wait there for
 * a reader, before all that comes later, or are thrown away with what follows
 * while an answer is awaited.
 */
#include "pipe_bytes_test.h"

#include <weir/blocking.h>

static struct side extra;

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_LOOP(refused_bytes_wait_for_a_reader),
        TEST_ON_LOOP(refused_bytes_wait_while_the_source_is_paused),
        TEST_ON_LOOP(refused_bytes_come_before_the_end),
        TEST_ON_LOOP(refused_bytes_are_the_first_of_the_next_pipe),
        TEST_ON_LOOP(refused_bytes_may_be_refused_again),
        TEST_ON_LOOP(refused_bytes_are_the_first_of_a_read_that_waits),
        TEST_ON_LOOP(refused_bytes_land_in_the_readers_own_buffer),
        TEST_ON_LOOP(refused_bytes_go_with_the_socket),
        TEST_ON_LOOP(no_memory_for_refused_bytes_is_told),
        TEST_ON_BOTH(a_source_that_lost_its_destination_is_read_again),
        TEST_ON_BOTH(what_was_thrown_away_is_not_read_on_behind_it),
        TEST_ON_LOOP(what_was_refused_and_thrown_away_is_a_hole_too),
        TEST_ON_BOTH(what_its_user_paused_is_paused_when_it_is_read_again),
        TEST_ON_LOOP(pausing_what_is_thrown_away_does_not_hide_a_reset),
        TEST_ON_LOOP(refused_bytes_may_be_taken_where_a_buffer_is_asked_for),
        TEST_ON_LOOP(refused_bytes_are_not_told_after_close),
        TEST_ON_LOOP(refused_bytes_count_among_those_that_wait),
        TEST_ON_BOTH(a_source_may_be_destroyed_by_the_bytes_it_gets_back),
        TEST_ON_BOTH(a_source_may_be_piped_on_by_the_bytes_it_gets_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
