/*
 * test_pipe.c - pipes: everything arrives, at the speed of the slower
 *
 *     from_peer --> [from =====> to] --> to_peer
 *
 * The peers are plain descriptors, the two sockets in the middle are weir's.
 */
#include "test/support/net_test.h"

enum {
    MARK = 64 * 1024,  /* more than this waits: the source is not read */
    READ = 512 * 1024, /* the most that one read adds to it */
    CHUNK = 64 * 1024
};

static struct side from, to, extra;
static int from_peer, to_peer, extra_peer;

/* --------------------------------------------------------------- helpers */

static void connect_all(enum net_kind kind)
{
    from_peer = net_raw(kind, &from);
    to_peer = net_raw(kind, &to);
    extra_peer = -1;
}

static void connect_extra(enum net_kind kind)
{
    extra_peer = net_raw(kind, &extra);
}

static void join(void)
{
    assert_int_equal(weir_socket_pipe(from.socket, to.socket), 0);
}

/* A proxy: a pipe in each direction. */
static void join_both(void)
{
    join();
    assert_int_equal(weir_socket_pipe(to.socket, from.socket), 0);
}

static void finish(void)
{
    net_finish(&from);
    net_finish(&to);
    close(from_peer);
    close(to_peer);
    if (extra_peer >= 0) {
        net_finish(&extra);
        close(extra_peer);
    }
    assert_false(weir_loop_alive(the_loop));
}

/* Feeds the pattern into a descriptor as far as it takes it. */
static void feed(int fd, uint64_t *position, uint64_t total)
{
    char bytes[CHUNK];

    while (*position < total) {
        size_t length = sizeof bytes;
        ssize_t n;

        if (length > total - *position)
            length = (size_t)(total - *position);
        net_pattern(bytes, length, *position);
        n = send(fd, bytes, length, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        *position += (uint64_t)n;
    }
}

/* Takes at most `limit` bytes out of it, which must be the pattern. */
static void take(int fd, uint64_t *position, size_t limit)
{
    unsigned char bytes[CHUNK];

    while (limit) {
        size_t size = limit < sizeof bytes ? limit : sizeof bytes;
        ssize_t n = recv(fd, bytes, size, 0);

        if (n <= 0)
            return;
        for (ssize_t i = 0; i < n; i++)
            if (bytes[i] != net_byte(*position + (uint64_t)i))
                fail_msg("byte %ju is wrong",
                         (uintmax_t)(*position + (uint64_t)i));
        *position += (uint64_t)n;
        limit -= (size_t)n;
    }
}

/* Fills the way from end to end, until nothing moves any more. */
static uint64_t stall(void)
{
    uint64_t fed = 0, before;

    do {
        before = fed;
        feed(from_peer, &fed, UINT64_MAX);
        net_settle();
    } while (fed != before);
    assert_true(weir_socket_buffered(to.socket) > MARK);
    return fed;
}

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
            take(to_peer, &got, (size_t)test_below(&random, 1000000) + 1);
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
        (take(to_peer, &got, SIZE_MAX), !weir_socket_buffered(to.socket)));
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
    RUN_UNTIL((take(to_peer, &got, (size_t)(moved - got)), got == moved));
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
    RUN_UNTIL((take(to_peer, &got, SIZE_MAX), got == fed));
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
    RUN_UNTIL((take(to_peer, &got, SIZE_MAX), got == fed));
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
    RUN_UNTIL((take(to_peer, &got, SIZE_MAX), got == fed));
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
    RUN_UNTIL((take(to_peer, &got, SIZE_MAX), got == fed));
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
    RUN_UNTIL((take(to_peer, &got, CHUNK), got == fed));
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
        take(to_peer, &got[0], 3 * CHUNK);
        take(from_peer, &got[1], CHUNK);
    }
    finish();
}

/* -------------------------------------------------------------- cut short */

static void a_source_that_is_destroyed_resets_the_destination(void **state)
{
    connect_all(NET_KIND(state));
    join();
    raw_write(from_peer, "half", 4);
    raw_expect(to_peer, "half");
    weir_socket_destroy(from.socket);
    RUN_UNTIL(from.closed && to.closed);
    assert_side(&from, "x");
    assert_side(&to, "x");
    raw_expect_cut(to_peer, NET_KIND(state));
    raw_expect_end(from_peer);
    finish();
}

static void a_source_that_fails_resets_the_destination(void **state)
{
    connect_all(NET_TCP);
    (void)state;
    join();
    raw_reset(from_peer);
    from_peer = -1;
    RUN_UNTIL(from.closed && to.closed);
    assert_side(&from, "!x");
    assert_int_equal(from.error, -ECONNRESET);
    assert_side(&to, "x");
    raw_expect_cut(to_peer, NET_TCP);
    finish();
}

static void a_destination_that_is_destroyed_destroys_the_source(void **state)
{
    connect_all(NET_KIND(state));
    join();
    weir_socket_destroy(to.socket);
    RUN_UNTIL(from.closed && to.closed);
    assert_side(&from, "x");
    assert_side(&to, "x");
    raw_expect_end(from_peer);
    finish();
}

static void
a_destination_that_cannot_be_written_destroys_the_source(void **state)
{
    connect_all(NET_KIND(state));
    join();
    stall();
    close(to_peer);
    to_peer = -1;
    RUN_UNTIL(from.closed && to.closed);
    assert_side(&from, "x");
    assert_true(to.had_error);
    finish();
}

/* Each side ends the other: the one that began must not lose its reason. */
static void a_proxy_that_breaks_still_tells_the_error(void **state)
{
    connect_all(NET_KIND(state));
    join_both();
    stall();
    close(to_peer);
    to_peer = -1;
    RUN_UNTIL(from.closed && to.closed);
    assert_true(to.had_error);
    assert_string_equal(to.log, "!x");
    assert_side(&from, "x");
    assert_false(from.had_error);
    finish();
}

/* A destination whose peer takes nothing more, but still has to answer. */
static int deaf = -1;

static ssize_t send_to_the_deaf(int fd, const void *bytes, size_t size,
                                int flags)
{
    if (fd == deaf) {
        errno = EPIPE;
        return -1;
    }
    return send(fd, bytes, size, flags);
}

static void make_deaf(const struct side *side)
{
    deaf = weir_socket_fd(side->socket);
    weir_sys.send = send_to_the_deaf;
}

static void
an_answer_on_its_way_survives_a_failed_write_of_the_proxy(void **state)
{
    connect_all(NET_KIND(state));
    join_both();
    make_deaf(&to);
    raw_write(from_peer, "upload", 6);
    RUN_UNTIL(to.error);
    assert_int_equal(to.error, -EPIPE);
    raw_write(from_peer, "more of it", 10);
    raw_write(to_peer, "too large", 9);
    raw_expect(from_peer, "too large");
    shutdown(to_peer, SHUT_WR);
    raw_expect_end(from_peer);
    close(from_peer);
    from_peer = -1;
    RUN_UNTIL(from.closed && to.closed);
    assert_side(&from, "x");
    assert_false(from.had_error);
    assert_side(&to, "!x");
    weir_sys.send = send;
    finish();
}

static void an_answer_that_has_ended_is_delivered_whatever_follows(void **state)
{
    connect_all(NET_KIND(state));
    join_both();
    raw_write(to_peer, "bye", 3);
    shutdown(to_peer, SHUT_WR);
    RUN_UNTIL(weir_socket_get_state(to.socket) == WEIR_SOCKET_WRITE_ONLY);
    make_deaf(&to);
    raw_write(from_peer, "too late", 8);
    RUN_UNTIL(to.closed);
    raw_expect(from_peer, "bye");
    raw_expect_end(from_peer);
    close(from_peer);
    from_peer = -1;
    RUN_UNTIL(from.closed);
    assert_side(&from, "x");
    assert_false(from.had_error);
    weir_sys.send = send;
    finish();
}

static void a_destination_that_is_closed_destroys_the_source(void **state)
{
    connect_all(NET_KIND(state));
    join();
    raw_write(from_peer, "sent", 4);
    raw_expect(to_peer, "sent");
    weir_socket_close(to.socket);
    RUN_UNTIL(from.closed);
    raw_expect_end(to_peer);
    close(to_peer);
    to_peer = -1;
    RUN_UNTIL(to.closed);
    assert_false(to.had_error);
    finish();
}

static void a_source_that_is_closed_resets_the_destination(void **state)
{
    connect_all(NET_KIND(state));
    join();
    weir_socket_close(from.socket);
    RUN_UNTIL(to.closed);
    raw_expect_cut(to_peer, NET_KIND(state));
    raw_expect_end(from_peer);
    finish();
}

static void one_side_of_a_proxy_that_goes_takes_all_of_it_along(void **state)
{
    enum net_kind kind = NET_KIND(state);

    for (int which = 0; which < 4; which++) {
        struct side *victim = which & 1 ? &from : &to;

        connect_all(kind);
        join_both();
        raw_write(from_peer, "x", 1);
        raw_expect(to_peer, "x");
        if (which & 2)
            weir_socket_reset(victim->socket);
        else
            weir_socket_destroy(victim->socket);
        RUN_UNTIL(from.closed && to.closed);
        assert_side(&from, "x");
        assert_side(&to, "x");
        finish();
    }
}

/* Its partner's end must not come back to it: it has to wait for a FIN. */
static void closing_one_side_of_a_proxy_does_not_destroy_it(void **state)
{
    connect_all(NET_KIND(state));
    join_both();
    raw_write(to_peer, "answer", 6);
    raw_expect(from_peer, "answer");
    assert_int_equal(weir_socket_end(from.socket), 0);
    weir_socket_close(from.socket);
    RUN_UNTIL(to.closed);
    net_settle();
    assert_false(from.closed);
    raw_expect_end(from_peer);
    close(from_peer);
    from_peer = -1;
    RUN_UNTIL(from.closed);
    assert_side(&from, "x");
    assert_false(from.had_error);
    finish();
}

static void closing_one_side_of_a_proxy_sends_what_it_has(void **state)
{
    connect_all(NET_KIND(state));
    join_both();
    assert_true(weir_socket_write(from.socket, "goodbye", 7, NULL, NULL) >= 0);
    weir_socket_close(from.socket);
    raw_expect(from_peer, "goodbye");
    raw_expect_end(from_peer);
    close(from_peer);
    from_peer = -1;
    RUN_UNTIL(from.closed && to.closed);
    assert_false(from.had_error);
    finish();
}

static void an_answer_survives_the_users_end_of_the_destination(void **state)
{
    connect_all(NET_KIND(state));
    join_both();
    assert_int_equal(weir_socket_end(to.socket), 0);
    raw_expect_end(to_peer);
    raw_write(from_peer, "more", 4);
    net_settle();
    raw_write(to_peer, "answer", 6);
    raw_expect(from_peer, "answer");
    shutdown(to_peer, SHUT_WR);
    raw_expect_end(from_peer);
    close(from_peer);
    from_peer = -1;
    RUN_UNTIL(from.closed && to.closed);
    assert_side(&from, "x");
    assert_side(&to, "x");
    finish();
}

/* A source whose destination has gone deaf, and whose data is thrown away. */
static void lose_destination(enum net_kind kind)
{
    connect_all(kind);
    join_both();
    make_deaf(&to);
    raw_write(from_peer, "x", 1);
    RUN_UNTIL(to.error);
    weir_sys.send = send;
}

static void a_source_that_lost_its_destination_can_be_closed(void **state)
{
    lose_destination(NET_KIND(state));
    weir_socket_close(from.socket);
    raw_expect_end(from_peer);
    close(from_peer);
    from_peer = -1;
    RUN_UNTIL(from.closed && to.closed);
    assert_false(from.had_error);
    finish();
}

/* The same, and bytes are missing from what it would read. */
static void lose_bytes(enum net_kind kind)
{
    lose_destination(kind);
    raw_write(from_peer, "more", 4);
    RUN_UNTIL(weir_socket_bytes_read(from.socket) == 5);
}

static void expect_end_of_source(void)
{
    raw_expect_end(from_peer);
    close(from_peer);
    from_peer = -1;
    RUN_UNTIL(from.closed);
    assert_false(from.had_error);
    finish();
}

static void a_source_that_lost_bytes_sends_what_it_has_when_closed(void **state)
{
    size_t size;

    lose_bytes(NET_KIND(state));
    size = net_stuff(&from);
    weir_socket_close(from.socket);
    raw_skip(from_peer, size, NULL);
    expect_end_of_source();
}

static void a_source_that_lost_bytes_can_be_answered_by_its_user(void **state)
{
    size_t size;

    lose_bytes(NET_KIND(state));
    assert_int_equal(weir_socket_unpipe(to.socket), 0);
    size = net_stuff(&from);
    assert_int_equal(weir_socket_end(from.socket), 0);
    raw_skip(from_peer, size, NULL);
    expect_end_of_source();
}

static void who_destroys_a_destination_can_answer_its_source(void **state)
{
    size_t size;

    connect_all(NET_KIND(state));
    join();
    weir_socket_destroy(to.socket);
    size = net_stuff(&from);
    weir_socket_close(from.socket);
    raw_skip(from_peer, size, NULL);
    expect_end_of_source();
}

static void
a_source_that_lost_its_destination_is_read_after_unpipe(void **state)
{
    lose_destination(NET_KIND(state));
    assert_int_equal(weir_socket_unpipe(to.socket), 0);
    raw_write(from_peer, "hello", 5);
    RUN_UNTIL(from.received == 5);
    finish();
}

/* Only the byte that came when its user had ended it is missing. */
static void a_source_that_lost_bytes_is_nobodys_after_unpipe(void **state)
{
    connect_all(NET_KIND(state));
    join_both();
    assert_int_equal(weir_socket_end(to.socket), 0);
    raw_write(from_peer, "lost", 4);
    RUN_UNTIL(weir_socket_bytes_read(from.socket) == 4);
    net_settle();
    assert_int_equal(weir_socket_unpipe(to.socket), 0);
    raw_write(from_peer, "more", 4);
    RUN_UNTIL(from.closed);
    assert_side(&from, "x");
    finish();
}

/* An echo whose peer takes nothing: not a byte of it is the user's. */
static void an_echo_that_cannot_be_written_closes_with_its_error(void **state)
{
    connect_all(NET_KIND(state));
    assert_int_equal(weir_socket_pipe(from.socket, from.socket), 0);
    make_deaf(&from);
    raw_write(from_peer, "refused", 7);
    RUN_UNTIL(from.closed);
    weir_sys.send = send;
    assert_side(&from, "!x");
    finish();
}

static void a_source_whose_destination_was_ended_is_destroyed(void **state)
{
    connect_all(NET_KIND(state));
    join();
    assert_int_equal(weir_socket_end(to.socket), 0);
    raw_write(from_peer, "too late", 8);
    RUN_UNTIL(from.closed);
    assert_side(&from, "x");
    assert_false(from.had_error);
    raw_expect_end(to_peer);
    raw_write(to_peer, "x", 1); /* its other half is its user's as before */
    close(to_peer);
    to_peer = -1;
    RUN_UNTIL(to.closed);
    assert_side(&to, "dex");
    finish();
}

static bool poor;

static void *allocate(void *context, size_t size)
{
    (void)context;
    return poor ? NULL : malloc(size);
}

static void *reallocate(void *context, void *memory, size_t size)
{
    (void)context;
    return poor ? NULL : realloc(memory, size);
}

static void release(void *context, void *memory)
{
    (void)context;
    free(memory);
}

static const weir_allocator sometimes = { allocate, reallocate, release, NULL };

static void no_memory_for_a_pipe_changes_nothing(void **state)
{
    connect_all(NET_KIND(state));
    weir_set_allocator(&sometimes);
    poor = true;
    assert_int_equal(weir_socket_pipe(from.socket, to.socket), -ENOMEM);
    poor = false;
    raw_write(from_peer, "mine", 4);
    RUN_UNTIL(from.received == 4);
    join();
    raw_write(from_peer, "piped", 5);
    raw_expect(to_peer, "piped");
    finish();
    weir_set_allocator(NULL);
}

/* Bytes would be missing in the middle: better none than those. */
static void no_memory_for_what_waits_ends_both(void **state)
{
    uint64_t fed = 0;

    connect_all(NET_KIND(state));
    join();
    weir_set_allocator(&sometimes);
    poor = true;
    while (!from.closed || !to.closed) {
        feed(from_peer, &fed, fed + CHUNK);
        assert_true(weir_loop_run_once(the_loop, 1) >= 0);
    }
    poor = false;
    assert_side(&from, "!x");
    assert_int_equal(from.error, -ENOMEM);
    assert_side(&to, "x");
    weir_set_allocator(NULL);
    finish();
}

/* The source's own peer waits for an answer, which is cut as well. */
static void no_memory_for_what_waits_resets_both(void **state)
{
    static const char piece[1000];

    connect_all(NET_KIND(state));
    join();
    weir_set_allocator(&sometimes);
    weir_socket_cork(to.socket);
    raw_write(from_peer, "kept", 4);
    RUN_UNTIL(weir_socket_buffered(to.socket) == 4);
    poor = true;
    raw_write(from_peer, piece, sizeof piece); /* in the loop's reserve */
    RUN_UNTIL(weir_socket_buffered(to.socket) == 4 + sizeof piece);
    raw_write(from_peer, "refused", 7);
    RUN_UNTIL(from.closed && to.closed);
    poor = false;
    weir_set_allocator(NULL);
    raw_expect_cut(from_peer, NET_KIND(state));
    raw_expect_cut(to_peer, NET_KIND(state));
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
              (take(to_peer, &got, SIZE_MAX), got + from.received == fed));
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
    RUN_UNTIL((take(to_peer, &got, SIZE_MAX), got == fed));
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
    RUN_UNTIL((take(to_peer, &got, SIZE_MAX), got + from.received == fed));
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
        TEST_ON_BOTH(the_end_of_the_source_ends_the_destination),
        TEST_ON_BOTH(the_end_waits_for_what_the_destination_still_holds),
        TEST_ON_BOTH(a_source_that_is_half_open_can_still_be_written),
        TEST_ON_BOTH(a_pipe_from_a_stream_that_has_ended_carries_the_end),
        TEST_ON_BOTH(a_proxy_carries_each_direction_to_its_own_end),
        TEST_ON_BOTH(a_proxy_ends_from_the_other_side_as_well),
        TEST_ON_BOTH(a_proxy_echoes_megabytes_both_ways_at_once),
        TEST_ON_BOTH(a_source_that_is_destroyed_resets_the_destination),
        TEST_ON_LOOP(a_source_that_fails_resets_the_destination),
        TEST_ON_BOTH(a_destination_that_is_destroyed_destroys_the_source),
        TEST_ON_BOTH(a_destination_that_cannot_be_written_destroys_the_source),
        TEST_ON_BOTH(a_proxy_that_breaks_still_tells_the_error),
        TEST_ON_BOTH(an_answer_on_its_way_survives_a_failed_write_of_the_proxy),
        TEST_ON_BOTH(an_answer_that_has_ended_is_delivered_whatever_follows),
        TEST_ON_BOTH(a_destination_that_is_closed_destroys_the_source),
        TEST_ON_BOTH(a_source_that_is_closed_resets_the_destination),
        TEST_ON_BOTH(one_side_of_a_proxy_that_goes_takes_all_of_it_along),
        TEST_ON_BOTH(closing_one_side_of_a_proxy_does_not_destroy_it),
        TEST_ON_BOTH(closing_one_side_of_a_proxy_sends_what_it_has),
        TEST_ON_BOTH(an_answer_survives_the_users_end_of_the_destination),
        TEST_ON_BOTH(a_source_that_lost_its_destination_can_be_closed),
        TEST_ON_BOTH(a_source_that_lost_bytes_sends_what_it_has_when_closed),
        TEST_ON_BOTH(a_source_that_lost_bytes_can_be_answered_by_its_user),
        TEST_ON_BOTH(who_destroys_a_destination_can_answer_its_source),
        TEST_ON_BOTH(a_source_that_lost_its_destination_is_read_after_unpipe),
        TEST_ON_BOTH(a_source_that_lost_bytes_is_nobodys_after_unpipe),
        TEST_ON_BOTH(an_echo_that_cannot_be_written_closes_with_its_error),
        TEST_ON_BOTH(a_source_whose_destination_was_ended_is_destroyed),
        TEST_ON_BOTH(no_memory_for_a_pipe_changes_nothing),
        TEST_ON_BOTH(no_memory_for_what_waits_ends_both),
        TEST_ON_BOTH(no_memory_for_what_waits_resets_both),
        TEST_ON_BOTH(after_unpipe_a_socket_is_read_by_its_own_events),
        TEST_ON_BOTH(unpipe_in_the_middle_loses_nothing),
        TEST_ON_BOTH(a_pipe_can_be_laid_anew_to_somebody_else),
        TEST_ON_BOTH(unpipe_lets_the_half_open_rule_hold_again),
        TEST_ON_BOTH(an_ended_pipe_leaves_a_destination_for_nobody_else),
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
