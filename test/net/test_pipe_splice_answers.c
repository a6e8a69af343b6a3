/*
 * test_pipe_splice_answers.c - what splice() says, and means
 *
 * Nothing moved, no room, a refusal in the middle, urgent data; and SIGPIPE,
 * which it sends although nobody wants it.
 */
#include "splice_test.h"

#include <signal.h>

#ifdef WEIR_SYS_SPLICE

/* ------------------------------------------- what splice() says, and means */

static void a_write_that_fails_in_the_middle_gives_back_the_rest(void **state)
{
    uint64_t before;

    connect_all(NET_KIND(state));
    join_bytes();
    make_bulk();
    before = fed;
    faked.most = 30 * KB;
    faked.out_after = 1;
    faked.out = EPIPE;
    feed(40 * KB);
    RUN_UNTIL(from.received == 10 * KB);
    assert_given_back(before + 30 * KB);
    RUN_UNTIL(to.error);
    /* Behind a short count the reason may be lost: it is the worse one. */
    assert_int_equal(to.error, -ECONNRESET);
    weir_socket_destroy(from.socket);
    weir_socket_destroy(to.socket);
    RUN_UNTIL(from.closed && to.closed);
    finish();
}

static void splice_only(enum net_kind kind)
{
    connect_all(kind);
    join();
    make_bulk();
}

/* A pipe with bytes in it may be out of slots, however few they are. */
static void no_room_in_a_pipe_is_no_lack_of_bytes(void **state)
{
    splice_only(NET_KIND(state));
    cork_some(10 * KB);
    faked.in = EAGAIN;
    feed(10 * KB);
    RUN_UNTIL(weir_socket_buffered(to.socket) == 20 * KB);
    assert_counted();
    faked.in = 0;
    assert_int_equal(weir_socket_uncork(to.socket), 0);
    take_all();
    finish();
}

/* Out of memory for a page, or urgent data in front. */
static void nothing_moved_is_no_lack_of_bytes(void **state)
{
    splice_only(NET_KIND(state));
    faked.in = EAGAIN;
    feed(BULK);
    take_all();
    feed(BULK);
    take_all();
    faked.in = 0;
    feed(BULK);
    take_all();
    finish();
}

static void urgent_data_does_not_hold_up_the_stream(void **state)
{
    (void)state;
    splice_only(NET_TCP);
    for (int i = 0; i < 3; i++) {
        feed(BULK);
        assert_int_equal(send(from_peer, "!", 1, MSG_OOB), 1);
        feed(BULK);
        take_all();
    }
    finish();
}

/* One segment, one slot: 512 KiB of slots are full with a small part of it. */
static void many_small_pieces_fill_a_pipe_and_arrive(void **state)
{
    splice_only(NET_KIND(state));
    assert_int_equal(weir_socket_cork(to.socket), 0);
    for (int i = 0; i < 400; i++) {
        feed(100);
        assert_true(weir_loop_run_once(the_loop, 0) >= 0);
    }
    RUN_UNTIL(weir_socket_buffered(to.socket) == 400 * 100);
    assert_counted();
    assert_int_equal(weir_socket_uncork(to.socket), 0);
    take_all();
    finish();
}

static void a_call_that_a_signal_ends_early_is_gone_on_with(void **state)
{
    splice_only(NET_KIND(state));
    faked.most = 7 * KB;
    feed(BULK);
    take_all();
    assert_true(faked.calls_out >= BULK / (7 * KB));
    fill();
    take_all();
    finish();
}

static void an_error_of_the_source_is_told(void **state)
{
    splice_only(NET_KIND(state));
    faked.in = ETIMEDOUT;
    feed(BULK);
    RUN_UNTIL(from.closed && to.closed);
    assert_side(&from, "!x");
    assert_int_equal(from.error, -ETIMEDOUT);
    finish();
}

static void a_destination_that_refuses_gets_them_copied(void **state)
{
    splice_only(NET_KIND(state));
    faked.out = EINVAL;
    for (int i = 0; i < 3; i++) {
        feed(BULK);
        take_all();
    }
    net_settle();
    assert_true(faked.calls_in <= 2);
    assert_int_equal(held(), 0);
    finish();
}

static void a_full_destination_that_refuses_gets_them_copied(void **state)
{
    splice_only(NET_KIND(state));
    fill();
    faked.out = EPERM;
    take_all();
    assert_int_equal(held(), 0);
    feed(BULK);
    take_all();
    finish();
}

static void a_refusal_in_the_middle_loses_nothing(void **state)
{
    splice_only(NET_KIND(state));
    faked.most = 10 * KB;
    faked.out_after = 2;
    faked.out = ENOMEM;
    feed(BULK);
    take_all();
    assert_int_equal(weir_socket_bytes_written(to.socket), fed);
    finish();
}

static void a_pipe_that_gives_nothing_is_an_error(void **state)
{
    splice_only(NET_KIND(state));
    faked.nothing = true;
    feed(BULK);
    RUN_UNTIL(from.closed && to.error);
    assert_int_equal(to.error, -EIO);
    finish();
}

/* ------------------------------------------------------------------ SIGPIPE */

static volatile sig_atomic_t signals;

static void on_signal(int number)
{
    (void)number;
    signals++;
}

/* A peer that goes while bytes move to it. */
static void break_off(void)
{
    splice_only(NET_TCP);
    weir_socket_pause(to.socket);
    shutdown(to_peer, SHUT_WR); /* then a reset is EPIPE, and a signal */
    net_settle();
    raw_reset(to_peer);
    to_peer = -1;
    feed(BULK);
    RUN_UNTIL(from.closed || to.error);
    net_finish(&from);
    net_finish(&to);
    finish();
}

static bool waits(void)
{
    sigset_t pending;

    assert_int_equal(sigpending(&pending), 0);
    return sigismember(&pending, SIGPIPE);
}

static void no_signal_comes_of_a_peer_that_has_gone(void **state)
{
    struct sigaction action = { .sa_handler = on_signal }, before;
    sigset_t mask;

    (void)state;
    signals = 0;
    sigaction(SIGPIPE, &action, &before);
    break_off();
    assert_int_equal(signals, 0);
    assert_false(waits());
    assert_int_equal(sigprocmask(SIG_BLOCK, NULL, &mask), 0);
    assert_false(sigismember(&mask, SIGPIPE));
    sigaction(SIGPIPE, &before, NULL);
}

static void a_program_that_holds_the_signal_back_finds_its_own(void **state)
{
    struct sigaction action = { .sa_handler = on_signal }, before;
    sigset_t blocked, mask;

    (void)state;
    signals = 0;
    sigaction(SIGPIPE, &action, &before);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGPIPE);
    assert_int_equal(sigprocmask(SIG_BLOCK, &blocked, &mask), 0);
    break_off();
    assert_false(waits());
    raise(SIGPIPE);
    break_off();
    assert_true(waits());
    assert_int_equal(sigprocmask(SIG_SETMASK, &mask, NULL), 0);
    assert_int_equal(signals, 1);
    sigaction(SIGPIPE, &before, NULL);
}

int main(void)
{
    const struct CMUnitTest moved[] = {
        TEST_ON_BOTH(a_write_that_fails_in_the_middle_gives_back_the_rest),
        TEST_ON_BOTH(no_room_in_a_pipe_is_no_lack_of_bytes),
        TEST_ON_BOTH(nothing_moved_is_no_lack_of_bytes),
        TEST_ON_LOOP(urgent_data_does_not_hold_up_the_stream),
        TEST_ON_BOTH(many_small_pieces_fill_a_pipe_and_arrive),
        TEST_ON_BOTH(a_call_that_a_signal_ends_early_is_gone_on_with),
        TEST_ON_BOTH(an_error_of_the_source_is_told),
        TEST_ON_BOTH(a_destination_that_refuses_gets_them_copied),
        TEST_ON_BOTH(a_full_destination_that_refuses_gets_them_copied),
        TEST_ON_BOTH(a_refusal_in_the_middle_loses_nothing),
        TEST_ON_BOTH(a_pipe_that_gives_nothing_is_an_error),
        TEST_ON_LOOP(no_signal_comes_of_a_peer_that_has_gone),
        TEST_ON_LOOP(a_program_that_holds_the_signal_back_finds_its_own),
    };

    return cmocka_run_group_tests_name("moved", moved, with_splice, NULL);
}

#else

int main(void)
{
    return run_without_splice();
}

#endif
