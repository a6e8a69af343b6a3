/*
 * test_write_queue.c - what waits to be written
 *
 * How much that is, from where on a writer is told to wait, when it may go on
 * (`drain`), what a cork holds back, and that a long queue leaves the others
 * their turns.
 */
#include "write_test.h"

/* -------------------------------------------------------------- buffered */

/* Field note 12. */
static void buffered_is_never_inexact(void **state)
{
    size_t accepted = net_stuff(&a);
    static char bytes[100000];
    struct test_random random;

    (void)state;
    test_seed(&random, test_new_seed());
    for (int i = 0; i < 200; i++) {
        size_t length = test_below(&random, sizeof bytes);

        if (test_once_in(&random, 2)) {
            weir_socket_write(a.socket, bytes, length, NULL, NULL);
            accepted += length;
        } else {
            (void)raw_read(fd, bytes, length + 1);
            weir_loop_run_once(the_loop, 0);
        }
        assert_int_equal(weir_socket_buffered(a.socket) +
                             weir_socket_bytes_written(a.socket),
                         accepted);
        assert_sound(a.socket);
    }
}

static void wait_is_answered_from_the_high_water_mark_on(void **state)
{
    size_t stuffed;

    (void)state;
    assert_int_equal(weir_socket_set_high_water(a.socket, 1000000), 0);
    weir_socket_cork(a.socket);
    assert_int_equal(write_quiet("a"), WEIR_SENT);
    assert_int_equal(weir_socket_set_high_water(a.socket, 3), 0);
    assert_int_equal(write_quiet("b"), WEIR_SENT);
    assert_int_equal(write_quiet("c"), WEIR_WAIT);
    assert_int_equal(weir_socket_set_high_water(a.socket, 0), 0);
    assert_int_equal(write_quiet("d"), WEIR_WAIT);
    weir_socket_uncork(a.socket);
    raw_expect(fd, "abcd");
    stuffed = net_stuff(&a);
    assert_true(stuffed > 0);
}

static void without_wait_there_is_no_drain(void **state)
{
    (void)state;
    assert_int_equal(weir_socket_set_high_water(a.socket, 100), 0);
    weir_socket_cork(a.socket);
    assert_int_equal(write_quiet("below the mark"), WEIR_SENT);
    weir_socket_uncork(a.socket);
    raw_expect(fd, "below the mark");
    net_settle();
    assert_side(&a, "");
}

static void the_limit_refuses_and_takes_nothing(void **state)
{
    (void)state;
    assert_int_equal(weir_socket_set_write_limit(a.socket, 10), 0);
    weir_socket_cork(a.socket);
    assert_int_equal(write_text("12345"), WEIR_WAIT);
    assert_int_equal(write_text("123456"), -ENOBUFS);
    assert_int_equal(weir_socket_buffered(a.socket), 5);
    assert_int_equal(write_text("67890"), WEIR_WAIT);
    assert_int_equal(write_text("!"), -ENOBUFS);
    assert_int_equal(write_text(""), WEIR_WAIT);
    assert_int_equal(weir_socket_buffered(a.socket), 10);
    weir_socket_uncork(a.socket);
    raw_expect(fd, "1234567890");
    RUN_UNTIL(a.written == 3);
    net_settle();
    assert_side(&a, "wwwD");
}

/* Whether the kernel would take it at once cannot be known before. */
static void
a_write_above_the_limit_is_refused_on_an_empty_queue_too(void **state)
{
    (void)state;
    assert_int_equal(weir_socket_set_write_limit(a.socket, 4), 0);
    assert_int_equal(write_text("12345"), -ENOBUFS);
    assert_int_equal(write_text("1234"), WEIR_SENT);
    assert_int_equal(weir_socket_set_write_limit(a.socket, 0), 0);
    assert_int_equal(write_text("56789"), WEIR_SENT);
    raw_expect(fd, "123456789");
}

static void a_limit_near_the_end_of_numbers_does_not_overflow(void **state)
{
    struct iovec piece = { (void *)"x", SIZE_MAX / 2 };

    (void)state;
    weir_socket_cork(a.socket);
    write_quiet("x");
    assert_int_equal(weir_socket_set_write_limit(a.socket, 100), 0);
    assert_int_equal(weir_socket_writev(a.socket, &piece, 1, NULL, NULL),
                     -ENOBUFS);
    assert_int_equal(weir_socket_write(a.socket, "x", SIZE_MAX, NULL, NULL),
                     -ENOBUFS);
}

/* ----------------------------------------------------------------- drain */

static void drain_comes_once_per_fill(void **state)
{
    (void)state;
    for (int fill = 0; fill < 3; fill++) {
        size_t stuffed = net_stuff(&a);

        write_quiet("more");
        write_quiet("and more");
        side_clear(&a);
        net_settle();
        assert_side(&a, "");
        raw_skip(fd, stuffed + 12, NULL);
        net_settle();
        assert_side(&a, "D");
        assert_int_equal(weir_socket_buffered(a.socket), 0);
        /* What goes straight through afterwards drains nothing. */
        assert_int_equal(write_text("x"), WEIR_SENT);
        raw_skip(fd, 1, NULL);
        net_settle();
        assert_side(&a, "Dw");
    }
}

/* Field note 13: uncork empties the queue inside the user's call. */
static void drain_is_not_missed_when_uncork_empties_the_queue(void **state)
{
    (void)state;
    weir_socket_cork(a.socket);
    assert_int_equal(write_quiet("x"), WEIR_WAIT);
    INSIDE;
    weir_socket_uncork(a.socket);
    OUTSIDE;
    assert_int_equal(weir_socket_buffered(a.socket), 0);
    assert_side(&a, "");
    net_settle();
    assert_side(&a, "D");
}

/* Field note 13: so does end(). */
static void drain_is_not_missed_when_end_empties_the_queue(void **state)
{
    (void)state;
    weir_socket_cork(a.socket);
    assert_int_equal(write_text("x"), WEIR_WAIT);
    INSIDE;
    weir_socket_end(a.socket);
    OUTSIDE;
    raw_expect(fd, "x");
    raw_expect_end(fd);
    net_settle();
    assert_side(&a, "wD");
}

static void fill_again(struct side *side, char event)
{
    if (event != 'w')
        return;
    weir_socket_cork(side->socket);
    assert_int_equal(weir_socket_write(side->socket, "x", 1, NULL, NULL),
                     WEIR_WAIT);
}

static void drain_does_not_come_when_a_callback_has_filled_again(void **state)
{
    size_t stuffed = net_stuff(&a);

    (void)state;
    a.hook = fill_again;
    write_text("");
    raw_skip(fd, stuffed, NULL);
    RUN_UNTIL(a.written == 1);
    net_settle();
    assert_side(&a, "w");
    weir_socket_uncork(a.socket);
    net_settle();
    assert_side(&a, "wD");
}

static void fill_in_drain(struct side *side, char event)
{
    if (event == 'D' && strlen(side->log) < 3) {
        weir_socket_cork(side->socket);
        assert_int_equal(weir_socket_write(side->socket, "x", 1, NULL, NULL),
                         WEIR_WAIT);
        weir_socket_uncork(side->socket);
    }
}

static void drain_comes_again_when_drain_fills_again(void **state)
{
    (void)state;
    a.hook = fill_in_drain;
    weir_socket_cork(a.socket);
    write_quiet("x");
    weir_socket_uncork(a.socket);
    net_settle();
    assert_side(&a, "DDD");
}

static void no_drain_comes_after_destroy_or_a_failed_write(void **state)
{
    (void)state;
    net_stuff(&a);
    weir_socket_destroy(a.socket);
    RUN_UNTIL(a.closed);
    assert_side(&a, "x");
}

/* Who was told to wait would wait for ever. */
static void without_a_table_a_drain_waits_for_one(void **state)
{
    size_t stuffed = net_stuff(&a);

    (void)state;
    weir_socket_set_events(a.socket, NULL);
    raw_skip(fd, stuffed, NULL);
    net_settle();
    assert_int_equal(weir_socket_buffered(a.socket), 0);
    weir_socket_set_events(a.socket, &side_events);
    RUN_UNTIL(a.logged);
    net_settle();
    assert_side(&a, "D");
}

/* ------------------------------------------------------------------ cork */

/* Field note 14. */
static void corked_writes_do_not_go_out_one_by_one(void **state)
{
    (void)state;
    net_count();
    weir_socket_cork(a.socket);
    for (int i = 0; i < 10; i++)
        write_text("ten bytes ");
    write_quiet("and ");
    write_quiet("two");
    net_settle();
    assert_int_equal(net_calls.send + net_calls.sendmsg, 0);
    assert_int_equal(weir_socket_buffered(a.socket), 107);
    weir_socket_uncork(a.socket);
    assert_int_equal(net_calls.send + net_calls.sendmsg, 1);
    raw_expect(fd, "ten bytes ten bytes ten bytes ten bytes ten bytes "
                   "ten bytes ten bytes ten bytes ten bytes ten bytes "
                   "and two");
    RUN_UNTIL(a.written == 10);
}

static void corks_are_counted_up_to_255(void **state)
{
    (void)state;
    assert_int_equal(weir_socket_uncork(a.socket), -EINVAL);
    for (int i = 0; i < 255; i++)
        assert_int_equal(weir_socket_cork(a.socket), 0);
    assert_int_equal(weir_socket_cork(a.socket), -EINVAL);
    write_quiet("x");
    for (int i = 0; i < 254; i++)
        assert_int_equal(weir_socket_uncork(a.socket), 0);
    net_settle();
    assert_int_equal(weir_socket_buffered(a.socket), 1);
    assert_int_equal(weir_socket_uncork(a.socket), 0);
    assert_int_equal(weir_socket_buffered(a.socket), 0);
    assert_int_equal(weir_socket_uncork(a.socket), -EINVAL);
    raw_expect(fd, "x");
}

/* The edge that says "writable" comes while it is corked. */
static void an_edge_that_comes_while_corked_is_not_lost(void **state)
{
    size_t waiting;

    (void)state;
    net_stuff(&a);
    weir_socket_cork(a.socket);
    write_text("behind");
    waiting = weir_socket_buffered(a.socket);
    raw_skip(fd, (size_t)weir_socket_bytes_written(a.socket), NULL);
    net_settle();
    assert_int_equal(weir_socket_buffered(a.socket), waiting);
    weir_socket_uncork(a.socket);
    assert_true(weir_socket_buffered(a.socket) < waiting);
    raw_skip(fd, waiting, NULL);
    RUN_UNTIL(a.written);
    assert_int_equal(weir_socket_buffered(a.socket), 0);
}

static void an_empty_corked_write_is_called_back_after_uncork(void **state)
{
    (void)state;
    weir_socket_cork(a.socket);
    write_text("");
    net_settle();
    assert_int_equal(a.written, 0);
    weir_socket_uncork(a.socket);
    net_settle();
    assert_int_equal(a.written, 1);
}

static void end_takes_the_cork_out(void **state)
{
    (void)state;
    weir_socket_cork(a.socket);
    weir_socket_cork(a.socket);
    write_text("x");
    weir_socket_end(a.socket);
    raw_expect(fd, "x");
    raw_expect_end(fd);
    assert_int_equal(weir_socket_uncork(a.socket), 0); /* as it was written */
}

static void a_cork_after_end_holds_nothing_back(void **state)
{
    size_t waiting = net_stuff(&a);

    (void)state;
    weir_socket_end(a.socket);
    assert_int_equal(weir_socket_cork(a.socket), 0);
    raw_skip(fd, waiting, NULL);
    raw_expect_end(fd);
    assert_int_equal(weir_socket_uncork(a.socket), 0);
}

static void what_is_corked_is_cancelled_by_destroy(void **state)
{
    (void)state;
    weir_socket_cork(a.socket);
    write_text("x");
    write_text("");
    weir_socket_destroy(a.socket);
    RUN_UNTIL(a.closed);
    assert_side(&a, "WWx");
    raw_expect_end(fd);
}

static void many_small_writes_to_a_stalled_socket_share_memory(void **state)
{
    size_t stuffed = net_stuff(&a);

    (void)state;
    net_count();
    for (int i = 0; i < 10000; i++)
        write_quiet("x");
    assert_true(net_calls.allocations < 10000 / 100);
    raw_skip(fd, stuffed + 10000, NULL);
    assert_true(net_calls.send + net_calls.sendmsg < 100);
}

static void more_pieces_than_fit_in_one_call_all_go_out(void **state)
{
    size_t stuffed = net_stuff(&a);

    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_true(write_text(i % 7 ? "x" : "") >= 0);
    raw_skip(fd, stuffed + 1000 - 143, NULL);
    RUN_UNTIL(a.written == 1000);
    assert_int_equal(weir_socket_buffered(a.socket), 0);
}

/* ------------------------------------------------------ owned and shared */

static char memory[300000];

/* ------------------------------------------------------------- starvation */

static size_t swallowed;

static ssize_t swallowing_send(int to, const void *bytes, size_t size,
                               int flags)
{
    (void)to, (void)bytes, (void)flags;
    swallowed += size;
    return (ssize_t)size;
}

static ssize_t swallowing_sendmsg(int to, const struct msghdr *message,
                                  int flags)
{
    size_t all = 0;

    (void)to, (void)flags;
    for (size_t i = 0; i < (size_t)message->msg_iovlen; i++)
        all += message->msg_iov[i].iov_len;
    swallowed += all;
    return (ssize_t)all;
}

/* Field note 15: a peer that takes everything at once. */
static void a_long_queue_does_not_hold_the_loop(void **state)
{
    enum { PIECE = 100000, PIECES = 100 };
    size_t before;

    (void)state;
    weir_socket_cork(a.socket);
    for (int i = 0; i < PIECES; i++)
        weir_socket_write(a.socket, memory, PIECE, NULL, NULL);
    weir_sys.send = swallowing_send;
    weir_sys.sendmsg = swallowing_sendmsg;
    swallowed = 0;
    weir_socket_uncork(a.socket);
    assert_true(swallowed <= 1100000 + PIECE);
    while (swallowed < PIECE * PIECES) {
        before = swallowed;
        weir_loop_run_once(the_loop, 0);
        assert_true(swallowed - before <= 1100000 + PIECE);
        assert_true(swallowed > before);
    }
    assert_int_equal(weir_socket_buffered(a.socket), 0);
    net_settle();
    assert_side(&a, "D");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(buffered_is_never_inexact),
        TEST(wait_is_answered_from_the_high_water_mark_on),
        TEST(without_wait_there_is_no_drain),
        TEST(the_limit_refuses_and_takes_nothing),
        TEST(a_write_above_the_limit_is_refused_on_an_empty_queue_too),
        TEST(a_limit_near_the_end_of_numbers_does_not_overflow),
        TEST(drain_comes_once_per_fill),
        TEST(drain_is_not_missed_when_uncork_empties_the_queue),
        TEST(drain_is_not_missed_when_end_empties_the_queue),
        TEST(drain_does_not_come_when_a_callback_has_filled_again),
        TEST(drain_comes_again_when_drain_fills_again),
        TEST(no_drain_comes_after_destroy_or_a_failed_write),
        TEST(corked_writes_do_not_go_out_one_by_one),
        TEST(corks_are_counted_up_to_255),
        TEST(an_edge_that_comes_while_corked_is_not_lost),
        TEST(an_empty_corked_write_is_called_back_after_uncork),
        TEST(end_takes_the_cork_out),
        TEST(a_cork_after_end_holds_nothing_back),
        TEST(what_is_corked_is_cancelled_by_destroy),
        TEST(many_small_writes_to_a_stalled_socket_share_memory),
        TEST(more_pieces_than_fit_in_one_call_all_go_out),
        TEST(without_a_table_a_drain_waits_for_one),
        TEST(a_long_queue_does_not_hold_the_loop),
    };

    return cmocka_run_group_tests_name("writing: the queue", tests, NULL, NULL);
}
