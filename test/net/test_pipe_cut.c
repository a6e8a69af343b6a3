/*
 * test_pipe_cut.c - pipes that are cut short
 *
 * No peer may take half a stream for the whole: what one side did not end
 * properly is reset at the other. An answer on its way arrives all the same.
 */
#include "pipe_test.h"

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

/* Both in one batch: the half-open rule must not end what is to be cut. */
static void a_source_that_fails_resets_a_destination_that_ends(void **state)
{
    (void)state;
    for (int both = 0; both < 2; both++) {
        connect_all(NET_TCP);
        if (both)
            join_both();
        else
            join();
        raw_write(from_peer, "half", 4);
        raw_expect(to_peer, "half");
        raw_reset(from_peer);
        from_peer = -1;
        shutdown(to_peer, SHUT_WR);
        RUN_UNTIL(from.closed && to.closed);
        raw_expect_cut(to_peer, NET_TCP);
        finish();
    }
}

static int (*end_how)(weir_socket *socket);

static int close_it(weir_socket *socket)
{
    weir_socket_close(socket);
    return 0;
}

static void end_the_destination(struct side *side, char event)
{
    (void)side;
    if (event == '!' && to.socket)
        (void)end_how(to.socket);
}

static void a_cut_destination_that_its_user_ends_is_reset_too(void **state)
{
    static int (*const ways[])(weir_socket *) = { weir_socket_end, close_it };

    (void)state;
    for (size_t i = 0; i < COUNT(ways); i++) {
        connect_all(NET_TCP);
        join_both();
        raw_write(from_peer, "half", 4);
        raw_expect(to_peer, "half");
        net_settle();
        end_how = ways[i];
        from.hook = end_the_destination;
        shutdown(to_peer, SHUT_WR);
        raw_reset(from_peer);
        from_peer = -1;
        RUN_UNTIL(from.closed && to.closed);
        raw_expect_cut(to_peer, NET_TCP);
        finish();
    }
}

/*
 * One that has lost its own destination, and bytes, as an answer comes to it:
 *
 *     extra_peer --> [extra ==> from ==> to]
 *
 * The answer is cut, and another pipe comes and goes before it is reset.
 */
static void a_cut_destination_stays_one_whatever_pipes_it_has_then(void **state)
{
    struct side other;
    int other_peer;

    (void)state;
    connect_all(NET_TCP);
    connect_extra(NET_TCP);
    other_peer = net_raw(NET_TCP, &other);
    join();
    assert_int_equal(weir_socket_pipe(extra.socket, from.socket), 0);
    raw_write(extra_peer, "half", 4);
    raw_expect(from_peer, "half");
    net_finish(&to);
    raw_write(from_peer, "lost", 4);
    RUN_UNTIL(weir_socket_bytes_read(from.socket) == 4);
    weir_socket_destroy(extra.socket);
    assert_int_equal(weir_socket_pipe_bytes(other.socket, from.socket), 0);
    assert_int_equal(weir_socket_unpipe(other.socket), 0);
    RUN_UNTIL(from.closed && extra.closed);
    raw_expect_cut(from_peer, NET_TCP);
    net_finish(&other);
    close(other_peer);
    finish();
}

/* It has bytes for a peer that does not read, and ends with nothing else. */
static void a_source_whose_peer_ends_is_destroyed_with_its_pipe(void **state)
{
    (void)state;
    connect_all(NET_TCP);
    net_stuff(&from);
    join();
    net_settle();
    raw_reset(to_peer);
    to_peer = -1;
    shutdown(from_peer, SHUT_WR);
    RUN_UNTIL(from.closed && to.closed);
    assert_side(&from, "x");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_BOTH(a_source_that_is_destroyed_resets_the_destination),
        TEST_ON_LOOP(a_source_that_fails_resets_the_destination),
        TEST_ON_LOOP(a_source_that_fails_resets_a_destination_that_ends),
        TEST_ON_LOOP(a_cut_destination_that_its_user_ends_is_reset_too),
        TEST_ON_LOOP(a_cut_destination_stays_one_whatever_pipes_it_has_then),
        TEST_ON_LOOP(a_source_whose_peer_ends_is_destroyed_with_its_pipe),
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
