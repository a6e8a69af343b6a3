/*
 * test_write.c - writing: what is accepted, what waits, what is called back
 *
 * The plain other end does not read until the test wants it to, so that what
 * waits is under control.
 */
#include "test/support/net_test.h"

#include <limits.h>

static struct side a, b;
static int fd;

static int open_pair(void **state)
{
    if (test_open_loop(state))
        return -1;
    fd = net_raw(NET_KIND(state), &a);
    return 0;
}

static int close_pair(void **state)
{
    if (fd >= 0)
        close(fd);
    fd = -1;
    return test_close_loop(state);
}

static void close_peer(void)
{
    close(fd);
    fd = -1;
}

/* No event may come from inside what stands between these two. */
#define INSIDE  (a.busy = '(')
#define OUTSIDE (a.busy = 0)

static int write_text(const char *text)
{
    int result;

    INSIDE;
    result = weir_socket_write(a.socket, text, strlen(text), side_wrote, &a);
    OUTSIDE;
    return result;
}

static int write_quiet(const char *text)
{
    return weir_socket_write(a.socket, text, strlen(text), NULL, NULL);
}

/* ---------------------------------------------------------- one write */

static void a_write_reaches_the_peer(void **state)
{
    (void)state;
    assert_int_equal(write_text("hello"), WEIR_SENT);
    raw_expect(fd, "hello");
    RUN_UNTIL(a.written == 1);
    assert_side(&a, "w");
}

static void a_small_write_is_one_send_and_no_allocation(void **state)
{
    (void)state;
    write_quiet("warm");
    net_count();
    for (int i = 0; i < 100; i++)
        assert_int_equal(write_quiet("hello"), WEIR_SENT);
    assert_int_equal(net_calls.send, 100);
    assert_int_equal(net_calls.sendmsg, 0);
    assert_int_equal(net_calls.allocations, 0);
    assert_int_equal(weir_socket_buffered(a.socket), 0);
    assert_int_equal(weir_socket_bytes_written(a.socket), 504);
}

static void a_write_of_nothing_is_called_back(void **state)
{
    (void)state;
    net_count();
    assert_int_equal(write_text(""), WEIR_SENT);
    assert_int_equal(weir_socket_write(a.socket, NULL, 0, side_wrote, &a),
                     WEIR_SENT);
    assert_int_equal(weir_socket_writev(a.socket, NULL, 0, side_wrote, &a),
                     WEIR_SENT);
    RUN_UNTIL(a.written == 3);
    assert_int_equal(net_calls.send + net_calls.sendmsg, 0);
    assert_side(&a, "www");
}

static void a_write_of_nothing_waits_for_those_before_it(void **state)
{
    size_t stuffed = net_stuff(&a);

    (void)state;
    assert_int_equal(write_text(""), WEIR_WAIT);
    net_settle();
    assert_int_equal(a.written, 0);
    raw_skip(fd, stuffed, NULL);
    RUN_UNTIL(a.written == 1);
    assert_side(&a, "wD");
}

static void a_callback_never_comes_from_inside_the_call(void **state)
{
    (void)state;
    assert_int_equal(write_text("now"), WEIR_SENT);
    assert_side(&a, "");
    net_stuff(&a);
    write_text("later");
    INSIDE;
    weir_socket_destroy(a.socket);
    OUTSIDE;
    assert_int_equal(a.written + a.failed, 0);
    RUN_UNTIL(a.closed);
    assert_side(&a, "wWx");
}

static void bad_arguments_are_refused_and_take_nothing(void **state)
{
    struct iovec one = { (void *)"a", 1 }, null = { NULL, 1 };
    struct iovec huge[2] = { { (void *)"a", SIZE_MAX / 2 },
                             { (void *)"a", SIZE_MAX / 2 } };
    weir_buffer *buffer = weir_buffer_copy("a", 1);

    (void)state;
    assert_int_equal(weir_socket_write(NULL, "a", 1, side_wrote, &a), -EINVAL);
    assert_int_equal(weir_socket_write(a.socket, NULL, 1, side_wrote, &a),
                     -EINVAL);
    assert_int_equal(weir_socket_writev(NULL, &one, 1, side_wrote, &a),
                     -EINVAL);
    assert_int_equal(weir_socket_writev(a.socket, &one, -1, side_wrote, &a),
                     -EINVAL);
    assert_int_equal(weir_socket_writev(a.socket, NULL, 1, side_wrote, &a),
                     -EINVAL);
    assert_int_equal(weir_socket_writev(a.socket, &null, 1, side_wrote, &a),
                     -EINVAL);
    assert_int_equal(weir_socket_writev(a.socket, huge, 2, side_wrote, &a),
                     -EINVAL);
    assert_int_equal(weir_socket_write_buffer(NULL, buffer, side_wrote, &a),
                     -EINVAL);
    assert_int_equal(weir_socket_write_buffer(a.socket, NULL, side_wrote, &a),
                     -EINVAL);
    assert_int_equal(
        weir_socket_write_owned(a.socket, (void *)"a", 1, NULL, side_wrote, &a),
        -EINVAL);
    assert_int_equal(weir_socket_write_owned(a.socket, NULL, 1, side_release,
                                             side_wrote, &a),
                     -EINVAL);
    weir_buffer_unref(buffer);
    net_settle();
    assert_side(&a, "");
    assert_int_equal(weir_socket_bytes_written(a.socket), 0);
}

/* -------------------------------------------------------------- several */

static void writev_is_one_call_and_one_callback(void **state)
{
    struct iovec pieces[] = {
        { (void *)"he", 2 },     { NULL, 0 },
        { (void *)"ll", 2 },     { (void *)"o wo", 4 },
        { (void *)"unused", 0 }, { (void *)"rld", 3 },
    };

    (void)state;
    net_count();
    assert_int_equal(
        weir_socket_writev(a.socket, pieces, COUNT(pieces), side_wrote, &a),
        WEIR_SENT);
    assert_int_equal(net_calls.sendmsg, 1);
    assert_int_equal(net_calls.send, 0);
    raw_expect(fd, "hello world");
    RUN_UNTIL(a.written);
    assert_side(&a, "w");
}

static void writev_takes_1024_pieces_and_no_more(void **state)
{
    static char bytes[1025];
    static struct iovec pieces[1025];

    (void)state;
    net_pattern(bytes, sizeof bytes, 0);
    for (size_t i = 0; i < COUNT(pieces); i++)
        pieces[i] = (struct iovec){ bytes + i, 1 };
    assert_int_equal(weir_socket_writev(a.socket, pieces, 1025, side_wrote, &a),
                     -EINVAL);
    assert_int_equal(weir_socket_writev(a.socket, pieces, 1024, side_wrote, &a),
                     WEIR_SENT);
    raw_skip(fd, 1024, &b.sum);
    assert_int_equal(b.sum, net_sum(0, bytes, 1024));
    RUN_UNTIL(a.written);
    b.sum = 0;
}

/* Whatever is left of the pieces, wherever the kernel stopped. */
static ssize_t (*real_sendmsg)(int, const struct msghdr *, int);
static size_t cut;

static ssize_t cut_sendmsg(int to, const struct msghdr *message, int flags)
{
    struct iovec piece = message->msg_iov[0];

    (void)flags;
    for (size_t i = 0; !piece.iov_len; i++)
        piece = message->msg_iov[i];
    for (size_t i = 0, sent = 0; sent < cut; i++) {
        size_t length = message->msg_iov[i].iov_len;

        if (length > cut - sent)
            length = cut - sent;
        raw_write(to, message->msg_iov[i].iov_base, length);
        sent += length;
    }
    weir_sys.sendmsg = real_sendmsg;
    if (cut)
        return (ssize_t)cut;
    errno = EAGAIN;
    return -1;
}

/* The kernel of this test says "full" while it is not: a new edge is needed
 * for the socket to learn that there is room. */
static void new_edge(weir_socket *socket)
{
    assert_int_equal(
        weir_source_change(the_loop, &socket->source,
                           WEIR_READABLE | WEIR_WRITABLE | WEIR_EDGE),
        0);
}

static void writev_goes_on_wherever_the_kernel_stopped(void **state)
{
    struct iovec pieces[] = { { (void *)"he", 2 },
                              { NULL, 0 },
                              { (void *)"llo", 3 },
                              { (void *)"!", 1 } };

    (void)state;
    real_sendmsg = weir_sys.sendmsg;
    for (cut = 0; cut <= 6; cut++) {
        a.written = 0;
        weir_sys.sendmsg = cut_sendmsg;
        assert_int_equal(
            weir_socket_writev(a.socket, pieces, 4, side_wrote, &a),
            cut < 6 ? WEIR_WAIT : WEIR_SENT);
        assert_int_equal(weir_socket_buffered(a.socket), 6 - cut);
        assert_sound(a.socket);
        new_edge(a.socket);
        raw_expect(fd, "hello!");
        RUN_UNTIL(a.written == 1);
        assert_int_equal(weir_socket_buffered(a.socket), 0);
    }
    assert_int_equal(weir_socket_bytes_written(a.socket), 7 * 6);
}

static int fail_once; /* errno of the next send; 0: none */

static ssize_t failing_send(int to, const void *bytes, size_t size, int flags)
{
    errno = fail_once;
    if (fail_once == EAGAIN || fail_once == EINTR)
        fail_once = 0;
    if (errno)
        return -1;
    return faults_kernel()->send(to, bytes, size, flags);
}

static void a_full_kernel_queues_all(void **state)
{
    (void)state;
    weir_sys.send = failing_send;
    fail_once = EAGAIN;
    assert_int_equal(write_text("hello"), WEIR_WAIT);
    assert_int_equal(weir_socket_buffered(a.socket), 5);
    assert_int_equal(write_quiet(" world"), WEIR_WAIT);
    assert_int_equal(weir_socket_buffered(a.socket), 11);
    net_settle();
    assert_int_equal(weir_socket_buffered(a.socket), 11);
    new_edge(a.socket);
    raw_expect(fd, "hello world");
    RUN_UNTIL(a.written);
    net_settle();
    assert_side(&a, "wD");
}

static void a_signal_during_send_is_not_seen(void **state)
{
    (void)state;
    weir_sys.send = failing_send;
    fail_once = EINTR;
    assert_int_equal(write_text("hello"), WEIR_SENT);
    raw_expect(fd, "hello");
}

/* ------------------------------------------------------------ callbacks */

static struct {
    char order[4096];
    size_t count;
} told;

static void note_order(weir_socket *socket, int status, void *argument)
{
    (void)socket, (void)status;
    told.order[told.count++] = *(const char *)argument;
}

static void keep_quiet(void *bytes, size_t length, void *argument)
{
    (void)bytes, (void)length, (void)argument;
}

/* Field note 11: of whatever kind they are, sent at once or queued. */
static void callbacks_are_not_out_of_order(void **state)
{
    static const char names[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    static char bytes[200000];
    size_t total = 0;

    (void)state;
    memset(&told, 0, sizeof told);
    for (size_t i = 0; i < sizeof names - 1; i++) {
        size_t length = i % 5 == 0 ? sizeof bytes : i % 3;
        struct iovec pieces[2] = { { bytes, length / 2 },
                                   { bytes, length - length / 2 } };
        weir_buffer *buffer;
        void *name = (void *)&names[i];
        int result;

        switch (i % 4) {
        case 0:
            result =
                weir_socket_write(a.socket, bytes, length, note_order, name);
            break;
        case 1:
            result = weir_socket_writev(a.socket, pieces, 2, note_order, name);
            break;
        case 2:
            result = weir_socket_write_owned(a.socket, bytes, length,
                                             keep_quiet, note_order, name);
            break;
        default:
            buffer = weir_buffer_copy(bytes, length);
            result =
                weir_socket_write_buffer(a.socket, buffer, note_order, name);
            weir_buffer_unref(buffer);
        }
        assert_true(result >= 0);
        total += length;
        assert_sound(a.socket);
    }
    raw_skip(fd, total, NULL);
    RUN_UNTIL(told.count == sizeof names - 1);
    assert_memory_equal(told.order, names, sizeof names - 1);
}

static void destroying_cancels_what_was_not_sent_and_only_that(void **state)
{
    (void)state;
    assert_int_equal(write_text("sent"), WEIR_SENT);
    net_stuff(&a);
    write_text("queued");
    write_text("");
    weir_socket_destroy(a.socket);
    assert_int_equal(weir_socket_buffered(a.socket), 0);
    RUN_UNTIL(a.closed);
    assert_side(&a, "wWWx");
    assert_int_equal(a.last_status, -ECANCELED);
    assert_false(a.had_error);
}

/* Each write is done at once; being called back in the same turn again and
 * again would keep everybody else from the loop. */
static unsigned chained;

static void write_again(weir_socket *socket, int status, void *argument)
{
    (void)argument;
    if (status == 0 && ++chained < 1000)
        weir_socket_write(socket, "x", 1, write_again, NULL);
}

static void a_callback_that_writes_again_does_not_hold_the_loop(void **state)
{
    (void)state;
    chained = 0;
    weir_socket_write(a.socket, "x", 1, write_again, NULL);
    for (unsigned turn = 1; turn <= 20; turn++) {
        weir_loop_run_once(the_loop, 0);
        assert_true(chained <= turn);
    }
    assert_true(chained >= 10);
    chained = 1000;
}

/* The same where the callback also empties the queue: the chunk that was last
 * when the turn began is freed meanwhile. */
static void uncork_and_write_again(weir_socket *socket, int status,
                                   void *argument)
{
    (void)argument;
    if (status != 0 || ++chained >= 1000)
        return;
    weir_socket_cork(socket);
    weir_socket_uncork(socket);
    weir_socket_write(socket, "x", 1, uncork_and_write_again, NULL);
}

static void uncork_first(weir_socket *socket, int status, void *argument)
{
    weir_socket_uncork(socket);
    uncork_and_write_again(socket, status, argument);
}

static void
a_callback_that_uncorks_and_writes_does_not_hold_the_loop(void **state)
{
    (void)state;
    chained = 0;
    weir_socket_write(a.socket, "x", 1, uncork_first, NULL);
    weir_socket_cork(a.socket);
    write_quiet("waits, and nobody waits for it");
    for (unsigned turn = 1; turn <= 20; turn++) {
        weir_loop_run_once(the_loop, 0);
        assert_true(chained <= 2 * turn);
    }
    chained = 1000;
}

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

static int write_owned(size_t length)
{
    int result;

    INSIDE;
    result = weir_socket_write_owned(a.socket, memory, length, side_release,
                                     side_wrote, &a);
    OUTSIDE;
    return result;
}

/* `argument` goes to both: the test tells them apart by their letters. */
static void owned_memory_is_released_once_and_before_the_callback(void **state)
{
    (void)state;
    assert_int_equal(write_owned(5), WEIR_SENT);
    assert_side(&a, "");
    RUN_UNTIL(a.written);
    net_settle();
    assert_side(&a, "rw");
    raw_skip(fd, 5, NULL);
}

static void owned_memory_is_not_released_before_all_of_it_is_sent(void **state)
{
    size_t stuffed = net_stuff(&a);

    (void)state;
    assert_int_equal(write_owned(sizeof memory), WEIR_WAIT);
    net_settle();
    assert_side(&a, "");
    raw_skip(fd, stuffed + sizeof memory, NULL);
    RUN_UNTIL(a.written);
    net_settle();
    assert_side(&a, "rwD");
}

static void owned_memory_without_a_callback_is_released_too(void **state)
{
    (void)state;
    assert_int_equal(
        weir_socket_write_owned(a.socket, memory, 5, side_release, NULL, &a),
        WEIR_SENT);
    assert_int_equal(
        weir_socket_write_owned(a.socket, NULL, 0, side_release, NULL, &a),
        WEIR_SENT);
    net_settle();
    assert_side(&a, "rr");
}

static void owned_memory_is_released_when_the_socket_is_destroyed(void **state)
{
    (void)state;
    net_stuff(&a);
    write_owned(sizeof memory);
    write_owned(0);
    INSIDE;
    weir_socket_destroy(a.socket);
    OUTSIDE;
    RUN_UNTIL(a.closed);
    assert_side(&a, "rWrWx");
}

static void refused_memory_stays_the_callers(void **state)
{
    struct fault fault = { .nth = 1, .onward = true, .only = "malloc" };

    (void)state;
    weir_socket_set_write_limit(a.socket, 10);
    assert_int_equal(write_owned(11), -ENOBUFS);
    weir_socket_set_write_limit(a.socket, 0);
    faults_arm(&fault);
    assert_int_equal(write_owned(5), -ENOMEM);
    fault.nth = 2;
    faults_arm(&fault);
    assert_int_equal(write_owned(5), -ENOMEM);
    faults_disarm();
    weir_socket_end(a.socket);
    assert_int_equal(write_owned(5), -EPIPE);
    weir_socket_destroy(a.socket);
    assert_int_equal(write_owned(5), -EBADF);
    RUN_UNTIL(a.closed);
    assert_side(&a, "x");
}

static void memory_that_send_refuses_stays_the_callers(void **state)
{
    (void)state;
    weir_sys.send = failing_send;
    fail_once = EPIPE;
    assert_int_equal(write_owned(5), -EPIPE);
    fail_once = 0;
    net_settle();
    assert_int_equal(a.released, 0);
    assert_side(&a, "!");
}

static void a_release_that_destroys_the_socket_is_safe(void **state)
{
    (void)state;
    net_stuff(&a);
    write_owned(10);
    weir_socket_destroy(a.socket);
    RUN_UNTIL(a.closed);
    assert_side(&a, "rWx");
}

static void destroy_in_release(struct side *side, char event)
{
    if (event == 'r')
        weir_socket_destroy(side->socket);
}

static void a_socket_destroyed_in_release_still_calls_back(void **state)
{
    (void)state;
    a.hook = destroy_in_release;
    write_owned(10);
    write_owned(10);
    net_stuff(&a);
    write_owned(10);
    RUN_UNTIL(a.closed);
    assert_side(&a, "rwrwrWx");
}

static void write_in_release(struct side *side, char event)
{
    if (event == 'r' && side->released < 5)
        assert_true(weir_socket_write_owned(side->socket, memory, 5,
                                            side_release, side_wrote,
                                            side) >= 0);
}

static void a_release_may_write(void **state)
{
    (void)state;
    a.hook = write_in_release;
    write_owned(5);
    RUN_UNTIL(a.written == 5);
    net_settle();
    assert_side(&a, "rwrwrwrwrw");
    raw_skip(fd, 25, NULL);
}

static void a_shared_buffer_that_is_sent_at_once_is_not_kept(void **state)
{
    weir_buffer *buffer = weir_buffer_wrap(memory, 100, side_release, &a);

    (void)state;
    net_count();
    assert_int_equal(weir_socket_write_buffer(a.socket, buffer, NULL, NULL),
                     WEIR_SENT);
    weir_buffer_unref(buffer);
    assert_side(&a, "r");
    raw_skip(fd, 100, NULL);
}

static void a_shared_buffer_is_not_copied_and_outlives_its_owner(void **state)
{
    weir_buffer *buffer =
        weir_buffer_wrap(memory, sizeof memory, side_release, &a);
    size_t stuffed = net_stuff(&a);

    (void)state;
    net_count();
    for (int i = 0; i < 4; i++)
        assert_int_equal(
            weir_socket_write_buffer(a.socket, buffer, side_wrote, &a),
            WEIR_WAIT);
    weir_buffer_unref(buffer);
    net_settle();
    assert_side(&a, "");
    raw_skip(fd, stuffed + 4 * sizeof memory, NULL);
    RUN_UNTIL(a.written == 4);
    assert_int_equal(a.released, 1);
    assert_true(strstr(a.log, "rw"));
}

/* ------------------------------------------------------- failing writes */

static void an_error_of_send_is_returned_and_told_once(void **state)
{
    (void)state;
    weir_sys.send = failing_send;
    fail_once = ECONNRESET;
    assert_int_equal(write_text("x"), -ECONNRESET);
    assert_side(&a, "");
    assert_int_equal(write_text("x"), -EPIPE);
    assert_int_equal(weir_socket_get_state(a.socket), WEIR_SOCKET_READ_ONLY);
    net_settle();
    assert_side(&a, "!");
    assert_int_equal(a.error, -ECONNRESET);
    close_peer();
    RUN_UNTIL(a.closed);
    assert_true(a.had_error);
    assert_int_equal(a.written + a.failed, 0);
}

static ssize_t failing_sendmsg(int to, const struct msghdr *message, int flags)
{
    (void)to, (void)message, (void)flags;
    errno = fail_once;
    return -1;
}

static void what_was_queued_fails_with_the_error_of_send(void **state)
{
    (void)state;
    write_text("sent");
    weir_socket_cork(a.socket);
    write_text("x");
    write_text("y");
    weir_sys.sendmsg = failing_sendmsg;
    fail_once = EPIPE;
    INSIDE;
    weir_socket_uncork(a.socket);
    OUTSIDE;
    assert_int_equal(weir_socket_buffered(a.socket), 0);
    net_settle();
    assert_side(&a, "wWW!");
    assert_int_equal(a.last_status, -EPIPE);
    weir_socket_destroy(a.socket);
    RUN_UNTIL(a.closed);
    assert_side(&a, "wWW!x");
    assert_true(a.had_error);
}

static void a_socket_nobody_reads_closes_when_writing_fails(void **state)
{
    (void)state;
    weir_socket_set_events(a.socket, NULL);
    weir_sys.send = failing_send;
    fail_once = EPIPE;
    assert_int_equal(write_text("x"), -EPIPE);
    raw_expect_cut(fd, NET_KIND(state));
    a.socket = NULL; /* without a table nobody says so */
}

/* What was accepted before it, and what the program would have sent after it,
 * is missing: the peer must not take what it has for the whole. */
static void fail_locally(void)
{
    write_quiet("half ");
    weir_sys.send = failing_send;
    fail_once = ENOBUFS;
    assert_int_equal(write_quiet("an answer"), -ENOBUFS);
    raw_expect(fd, "half ");
}

static void an_error_of_ones_own_resets_a_peer_that_has_ended(void **state)
{
    shutdown(fd, SHUT_WR);
    weir_socket_set_half_open(a.socket, true);
    RUN_UNTIL(a.logged == 1);
    fail_locally();
    raw_expect_cut(fd, NET_KIND(state));
    RUN_UNTIL(a.closed);
    assert_side(&a, "e!x");
}

/* It took nothing out of the socket: the end that is read then is a FIN. */
static void an_error_of_ones_own_resets_a_peer_that_ends_later(void **state)
{
    fail_locally();
    shutdown(fd, SHUT_WR);
    raw_expect_cut(fd, NET_KIND(state));
    RUN_UNTIL(a.closed);
    assert_side(&a, "e!x");
}

static void an_error_that_a_table_does_not_hear_waits_for_the_next(void **state)
{
    weir_socket_events silent = side_events;

    (void)state;
    silent.error = NULL;
    weir_socket_set_events(a.socket, &silent);
    weir_socket_set_half_open(a.socket, true);
    fail_locally();
    net_settle();
    weir_socket_set_events(a.socket, &side_events);
    RUN_UNTIL(a.logged);
    close_peer();
    RUN_UNTIL(a.closed);
    assert_string_equal(a.log + strlen(a.log) - 1, "x");
    assert_int_equal(a.log[0], '!');
    assert_int_equal(a.error, -ENOBUFS);
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

static void destroy_at_error(struct side *side, char event)
{
    if (event == '!')
        weir_socket_destroy(side->socket);
}

static void an_error_of_ones_own_resets_also_if_it_is_destroyed(void **state)
{
    a.hook = destroy_at_error;
    fail_locally();
    raw_expect_cut(fd, NET_KIND(state));
    RUN_UNTIL(a.closed);
    assert_side(&a, "!x");
}

/* Small pieces, so that one turn does not read all. */
static void *small_buffer(weir_socket *socket, size_t *size)
{
    static char buffer[1024];

    (void)socket;
    *size = sizeof buffer;
    return buffer;
}

static void
all_that_a_peer_left_is_read_before_a_failed_write_is_told(void **state)
{
    weir_socket_events small = side_events;
    char bytes[100 * 1024] = { 0 };
    ssize_t left;

    (void)state;
    small.buffer = small_buffer;
    weir_socket_set_events(a.socket, &small);
    a.hook = destroy_at_error;
    left = send(fd, bytes, sizeof bytes, 0);
    assert_true(left > 16 * 1024);
    weir_sys.send = failing_send;
    fail_once = EPIPE;
    assert_int_equal(write_quiet("x"), -EPIPE);
    RUN_UNTIL(a.closed);
    assert_int_equal(a.received, left);
    assert_side(&a, "d!x");
}

static void quiet_close(weir_socket *socket, bool had_error)
{
    assert_true(had_error);
    side_events.close(socket, had_error);
}

/* Nobody is told of the error, and so nobody will resume it. */
static void without_an_error_event_a_paused_socket_just_closes(void **state)
{
    static const weir_socket_events quiet = { .close = quiet_close };

    (void)state;
    weir_socket_set_events(a.socket, &quiet);
    weir_socket_pause(a.socket);
    weir_sys.send = failing_send;
    fail_once = ECONNRESET;
    assert_int_equal(write_quiet("x"), -ECONNRESET);
    RUN_UNTIL(a.closed);
}

static void what_was_written_before_goes_although_connect_destroys(void **state)
{
    static const weir_socket_events events = {
        .connect = weir_socket_destroy,
    };
    weir_address address;
    int listener = net_listener(NET_KIND(state), &address);
    weir_socket *socket;
    int accepted = -1;

    assert_int_equal(weir_socket_create(&socket, the_loop, &events, NULL), 0);
    assert_int_equal(weir_socket_connect(socket, &address, NULL), 0);
    assert_int_equal(weir_socket_write(socket, "hello", 5, NULL, NULL),
                     WEIR_WAIT);
    fcntl(listener, F_SETFL, O_NONBLOCK);
    RUN_UNTIL(accepted >= 0 || (accepted = accept(listener, NULL, NULL)) >= 0);
    fcntl(accepted, F_SETFL, O_NONBLOCK);
    raw_expect(accepted, "hello");
    raw_expect_end(accepted);
    close(accepted);
    close(listener);
}

/* The peer reads no more, and goes on sending. */
static void an_error_of_writing_is_told_though_the_peer_sends_on(void **state)
{
    static char much[64 * 1024];
    static weir_socket_events small;

    (void)state;
    small = side_events;
    small.buffer = small_buffer;
    weir_socket_set_events(a.socket, &small);
    weir_sys.send = failing_send;
    fail_once = EPIPE;
    assert_int_equal(write_quiet("x"), -EPIPE);
    while (!a.error) {
        (void)faults_kernel()->send(fd, much, sizeof much, MSG_NOSIGNAL);
        assert_true(weir_loop_run_once(the_loop, 0) >= 0);
        assert_true(a.received < 32 * 1024 * 1024);
    }
    weir_socket_destroy(a.socket);
}

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

/* --------------------------------------------- before there is a connection */

static void writes_before_the_connection_stands_wait_in_order(void **state)
{
    weir_address address;
    int listener = net_listener(NET_KIND(state), &address);
    int accepted;

    side_init(&b);
    assert_int_equal(weir_socket_create(&b.socket, the_loop, &side_events, &b),
                     0);
    assert_int_equal(weir_socket_write(b.socket, "x", 1, NULL, NULL),
                     -ENOTCONN);
    assert_int_equal(weir_socket_connect(b.socket, &address, NULL), 0);
    assert_int_equal(weir_socket_write(b.socket, "", 0, side_wrote, &b),
                     WEIR_SENT);
    assert_int_equal(weir_socket_write(b.socket, "he", 2, side_wrote, &b),
                     WEIR_WAIT);
    assert_int_equal(weir_socket_write(b.socket, "ll", 2, NULL, NULL),
                     WEIR_WAIT);
    assert_int_equal(weir_socket_write(b.socket, "o", 1, side_wrote, &b),
                     WEIR_WAIT);
    assert_int_equal(weir_socket_buffered(b.socket), 5);
    assert_int_equal(weir_socket_end(b.socket), 0);
    assert_int_equal(weir_socket_write(b.socket, "o", 1, NULL, NULL), -EPIPE);
    RUN_UNTIL(b.written == 3);
    accepted = accept(listener, NULL, NULL);
    raw_expect(accepted, "hello");
    raw_expect_end(accepted);
    assert_side(&b, "ACwwwD");
    close(accepted);
    close(listener);
    RUN_UNTIL(b.closed);
    assert_side(&b, "ACwwwDex");
}

static void write_on_connect(struct side *side, char event)
{
    if (event != 'C')
        return;
    assert_int_equal(weir_socket_write(side->socket, "x", 1, side_wrote, side),
                     WEIR_SENT);
    assert_sound(side->socket);
    weir_socket_destroy(side->socket);
}

/* The callback of the empty write has waited for the connection; that of the
 * write in `connect` comes behind it, and was sent. */
static void an_empty_write_before_connect_keeps_its_place(void **state)
{
    weir_address address;
    int listener = net_listener(NET_KIND(state), &address);

    side_init(&b);
    b.hook = write_on_connect;
    assert_int_equal(weir_socket_create(&b.socket, the_loop, &side_events, &b),
                     0);
    assert_int_equal(weir_socket_connect(b.socket, &address, NULL), 0);
    assert_int_equal(weir_socket_write(b.socket, "", 0, side_wrote, &b),
                     WEIR_SENT);
    RUN_UNTIL(b.closed);
    assert_side(&b, "ACwwx");
    close(listener);
}

static void queued_writes_fail_when_connecting_does(void **state)
{
    weir_address address;
    int listener = net_listener(NET_KIND(state), &address);

    close(listener);
    side_init(&b);
    assert_int_equal(weir_socket_create(&b.socket, the_loop, &side_events, &b),
                     0);
    assert_int_equal(weir_socket_connect(b.socket, &address, NULL), 0);
    weir_socket_write(b.socket, "x", 1, side_wrote, &b);
    weir_socket_write(b.socket, "", 0, side_wrote, &b);
    RUN_UNTIL(b.closed);
    assert_side(&b, "ABWW!x");
    assert_int_equal(b.last_status, -ECONNREFUSED);
    assert_int_equal(b.error, -ECONNREFUSED);
}

#define TEST(function)                                                         \
    { #function " (TCP)", function, open_pair, close_pair,                     \
      (void *)&net_kinds[NET_TCP] },                                           \
    {                                                                          \
#function " (UNIX)", function, open_pair, close_pair,                  \
            (void *)&net_kinds[NET_UNIX]                                       \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_write_reaches_the_peer),
        TEST(a_small_write_is_one_send_and_no_allocation),
        TEST(a_write_of_nothing_is_called_back),
        TEST(a_write_of_nothing_waits_for_those_before_it),
        TEST(a_callback_never_comes_from_inside_the_call),
        TEST(bad_arguments_are_refused_and_take_nothing),
        TEST(writev_is_one_call_and_one_callback),
        TEST(writev_takes_1024_pieces_and_no_more),
        TEST(writev_goes_on_wherever_the_kernel_stopped),
        TEST(a_full_kernel_queues_all),
        TEST(a_signal_during_send_is_not_seen),
        TEST(callbacks_are_not_out_of_order),
        TEST(destroying_cancels_what_was_not_sent_and_only_that),
        TEST(a_callback_that_writes_again_does_not_hold_the_loop),
        TEST(a_callback_that_uncorks_and_writes_does_not_hold_the_loop),
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
        TEST(owned_memory_is_released_once_and_before_the_callback),
        TEST(owned_memory_is_not_released_before_all_of_it_is_sent),
        TEST(owned_memory_without_a_callback_is_released_too),
        TEST(owned_memory_is_released_when_the_socket_is_destroyed),
        TEST(refused_memory_stays_the_callers),
        TEST(memory_that_send_refuses_stays_the_callers),
        TEST(a_release_that_destroys_the_socket_is_safe),
        TEST(a_socket_destroyed_in_release_still_calls_back),
        TEST(a_release_may_write),
        TEST(a_shared_buffer_that_is_sent_at_once_is_not_kept),
        TEST(a_shared_buffer_is_not_copied_and_outlives_its_owner),
        TEST(an_error_of_send_is_returned_and_told_once),
        TEST(what_was_queued_fails_with_the_error_of_send),
        TEST(a_socket_nobody_reads_closes_when_writing_fails),
        TEST(an_error_of_ones_own_resets_a_peer_that_has_ended),
        TEST(an_error_of_ones_own_resets_a_peer_that_ends_later),
        TEST(an_error_that_a_table_does_not_hear_waits_for_the_next),
        TEST(without_a_table_a_drain_waits_for_one),
        TEST(an_error_of_ones_own_resets_also_if_it_is_destroyed),
        TEST(all_that_a_peer_left_is_read_before_a_failed_write_is_told),
        TEST(an_error_of_writing_is_told_though_the_peer_sends_on),
        TEST(without_an_error_event_a_paused_socket_just_closes),
        TEST(what_was_written_before_goes_although_connect_destroys),
        TEST(a_long_queue_does_not_hold_the_loop),
        TEST(writes_before_the_connection_stands_wait_in_order),
        TEST(an_empty_write_before_connect_keeps_its_place),
        TEST(queued_writes_fail_when_connecting_does),
    };

    return cmocka_run_group_tests_name("writing", tests, NULL, NULL);
}
