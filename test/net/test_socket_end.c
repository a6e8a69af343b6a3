/*
 * test_socket_end.c - end, destroy, reset, and what the peer does
 *
 * The field notes on ending: nothing that was written is lost by it, nothing
 * that came is lost by a failing write, and `close` is always last. The polite
 * way, weir_socket_close(), is in test_socket_close.c.
 */
#include "pair_test.h"

static struct side b;

/* ------------------------------------------------------------------- end */

static void end_sends_fin_behind_everything_that_was_written(void **state)
{
    size_t stuffed = net_stuff(&a);

    (void)state;
    weir_socket_write(a.socket, "last", 4, side_wrote, &a);
    assert_int_equal(weir_socket_end(a.socket), 0);
    assert_int_equal(weir_socket_get_state(a.socket), WEIR_SOCKET_READ_ONLY);
    assert_int_equal(weir_socket_write(a.socket, "x", 1, NULL, NULL), -EPIPE);
    raw_skip(fd, stuffed, NULL);
    raw_expect(fd, "last");
    raw_expect_end(fd);
    net_settle();
    assert_side(&a, "wD");
}

static void reading_goes_on_after_end(void **state)
{
    (void)state;
    weir_socket_end(a.socket);
    raw_expect_end(fd);
    net_settle();
    assert_side(&a, "");
    raw_write(fd, "answer", 6);
    RUN_UNTIL(a.received == 6);
    close_peer();
    RUN_UNTIL(a.closed);
    assert_side(&a, "dex");
    assert_false(a.had_error);
}

static void end_twice_is_one_fin(void **state)
{
    (void)state;
    net_count();
    assert_int_equal(weir_socket_end(a.socket), 0);
    assert_int_equal(weir_socket_end(a.socket), 0);
    net_settle();
    assert_int_equal(weir_socket_end(a.socket), 0);
    assert_int_equal(net_calls.shutdown, 1);
    raw_expect_end(fd);
    assert_int_equal(weir_socket_end(NULL), -EINVAL);
}

static void end_after_the_peers_fin_closes(void **state)
{
    (void)state;
    weir_socket_set_half_open(a.socket, true);
    shutdown(fd, SHUT_WR);
    RUN_UNTIL(strchr(a.log, 'e'));
    weir_socket_write(a.socket, "bye", 3, side_wrote, &a);
    assert_int_equal(weir_socket_end(a.socket), 0);
    RUN_UNTIL(a.closed);
    assert_side(&a, "ewx");
    assert_int_equal(a.last_status, 0);
    raw_expect(fd, "bye");
    raw_expect_end(fd);
}

static void end_while_connecting_comes_after_what_was_written(void **state)
{
    weir_address address;
    int listener = net_listener(NET_KIND(state), &address);
    int accepted;

    side_init(&b);
    weir_socket_create(&b.socket, the_loop, &side_events, &b);
    assert_int_equal(weir_socket_end(b.socket), -ENOTCONN);
    weir_socket_connect(b.socket, &address, NULL);
    assert_int_equal(weir_socket_end(b.socket), 0);
    RUN_UNTIL(strchr(b.log, 'C'));
    accepted = accept(listener, NULL, NULL);
    raw_expect_end(accepted);
    close(accepted);
    close(listener);
    RUN_UNTIL(b.closed);
    assert_side(&b, "ACex");
}

static void both_ends_ending_at_once_close_both(void **state)
{
    net_pair(NET_KIND(state), &a, &b);
    weir_socket_write(a.socket, "a", 1, NULL, NULL);
    weir_socket_write(b.socket, "b", 1, NULL, NULL);
    weir_socket_end(a.socket);
    weir_socket_end(b.socket);
    RUN_UNTIL(a.closed && b.closed);
    assert_side(&a, "dex");
    assert_side(&b, "dex");
}

static void half_open_that_is_forbidden_later_ends_writing(void **state)
{
    (void)state;
    weir_socket_set_half_open(a.socket, true);
    shutdown(fd, SHUT_WR);
    RUN_UNTIL(a.logged == 1);
    net_settle();
    weir_socket_write(a.socket, "answer", 6, NULL, NULL);
    weir_socket_set_half_open(a.socket, false);
    raw_expect(fd, "answer");
    raw_expect_end(fd);
    RUN_UNTIL(a.closed);
    assert_side(&a, "ex");
}

/* --------------------------------------------------------------- destroy */

static void nothing_but_close_comes_after_destroy(void **state)
{
    (void)state;
    weir_socket_set_timeout(a.socket, 1);
    raw_write(fd, "x", 1);
    shutdown(fd, SHUT_WR);
    weir_socket_destroy(a.socket);
    assert_side(&a, "");
    assert_int_equal(weir_socket_get_state(a.socket), WEIR_SOCKET_CLOSED);
    weir_socket_destroy(a.socket);
    weir_socket_reset(a.socket);
    weir_socket_close(a.socket);
    RUN_UNTIL(a.closed);
    net_settle();
    assert_side(&a, "x");
    assert_false(a.had_error);
}

static void destroy_while_connecting_only_closes(void **state)
{
    weir_address address;
    int listener = net_listener(NET_KIND(state), &address);

    side_init(&b);
    weir_socket_create(&b.socket, the_loop, &side_events, &b);
    weir_socket_connect(b.socket, &address, NULL);
    weir_socket_write(b.socket, "x", 1, side_wrote, &b);
    weir_socket_destroy(b.socket);
    RUN_UNTIL(b.closed);
    assert_side(&b, "Wx");
    assert_int_equal(b.last_status, -ECANCELED);
    close(listener);
}

/* ----------------------------------------------------------------- reset */

static void reset_reaches_the_peer_as_a_reset(void **state)
{
    weir_socket_write(a.socket, "sent", 4, side_wrote, &a);
    weir_socket_cork(a.socket);
    weir_socket_write(a.socket, "lost", 4, side_wrote, &a);
    raw_expect(fd, "sent");
    weir_socket_reset(a.socket);
    if (NET_KIND(state) == NET_TCP)
        raw_expect_reset(fd);
    else
        raw_expect_end(fd);
    RUN_UNTIL(a.closed);
    assert_side(&a, "wWx");
    assert_false(a.had_error);
}

/* Field note 22: not after shutdown either. */
static void reset_after_end_is_still_a_reset(void **state)
{
    (void)state;
    weir_socket_end(a.socket);
    raw_expect_end(fd);
    weir_socket_reset(a.socket);
    RUN_UNTIL(a.closed);
    assert_int_equal(send(fd, "x", 1, MSG_NOSIGNAL), -1);
}

/* Field note 22: an RST is ECONNRESET, not an end. */
static void a_reset_is_not_told_as_an_end(void **state)
{
    const char *call;

    (void)state;
    raw_reset(fd);
    fd = -1;
    RUN_UNTIL(weir_socket_get_state(a.socket) == WEIR_SOCKET_CLOSED);
    weir_socket_failure(a.socket, &call, NULL);
    assert_string_equal(call, "read");
    RUN_UNTIL(a.closed);
    assert_side(&a, "!x");
    assert_int_equal(a.error, -ECONNRESET);
    assert_true(a.had_error);
}

/* The same when a write meets it first: send() takes the error out of the
 * socket, and recv() says 0 from then on. */
static void a_reset_that_a_write_meets_is_not_told_as_an_end(void **state)
{
    (void)state;
    raw_reset(fd);
    fd = -1;
    assert_int_equal(weir_socket_write(a.socket, "x", 1, side_wrote, &a),
                     -ECONNRESET);
    RUN_UNTIL(a.closed);
    assert_side(&a, "!x");
    assert_int_equal(a.error, -ECONNRESET);
}

static void data_before_a_reset_that_a_write_meets_is_read(void **state)
{
    (void)state;
    raw_write(fd, "before", 6);
    raw_reset(fd);
    fd = -1;
    assert_int_equal(weir_socket_write(a.socket, "x", 1, side_wrote, &a),
                     -ECONNRESET);
    RUN_UNTIL(a.closed);
    assert_side(&a, "d!x");
    assert_memory_equal(a.bytes, "before", 6);
}

static void a_reset_in_the_middle_fails_what_was_queued(void **state)
{
    (void)state;
    weir_socket_write(a.socket, "sent", 4, side_wrote, &a);
    net_stuff(&a);
    weir_socket_write(a.socket, "queued", 6, side_wrote, &a);
    RUN_UNTIL(a.written == 1);
    raw_reset(fd);
    fd = -1;
    RUN_UNTIL(a.closed);
    assert_side(&a, "wW!x");
    assert_int_equal(a.last_status, -ECONNRESET);
}

/* The peer closes with something unread, which on TCP resets. */
static void a_peer_that_closes_with_unread_data_is_an_error(void **state)
{
    weir_socket_write(a.socket, "never read", 10, NULL, NULL);
    net_settle();
    close_peer();
    RUN_UNTIL(a.closed);
    assert_int_equal(a.error, -ECONNRESET);
    assert_side(&a, "!x");
    (void)state;
}

/* Nothing is read any more, and nothing waits to be written: no call would
 * ever meet the error. */
static void a_half_open_socket_learns_of_a_reset(void **state)
{
    (void)state;
    weir_socket_set_half_open(a.socket, true);
    shutdown(fd, SHUT_WR);
    RUN_UNTIL(strchr(a.log, 'e'));
    weir_socket_write(a.socket, "sent", 4, side_wrote, &a);
    RUN_UNTIL(a.written);
    raw_reset(fd);
    fd = -1;
    RUN_UNTIL(a.closed);
    assert_side(&a, "ew!x");
    assert_int_equal(a.error, -EPIPE); /* as Linux says after a FIN */
}

/* ------------------------------------------------- failing to write */

static int send_errno;

static ssize_t failing_send(int to, const void *bytes, size_t size, int flags)
{
    (void)to, (void)bytes, (void)size, (void)flags;
    errno = send_errno;
    return -1;
}

/* Field note 3: the answer that has come is read before the error is told,
 * since most programs destroy the socket then. */
static void destroy_on_error(struct side *side, char event)
{
    if (event == '!')
        weir_socket_destroy(side->socket);
}

static void a_failing_write_does_not_lose_the_answer_that_has_come(void **state)
{
    (void)state;
    a.hook = destroy_on_error;
    raw_write(fd, "400 no", 6);
    weir_sys.send = failing_send;
    send_errno = EPIPE;
    assert_int_equal(weir_socket_write(a.socket, "x", 1, NULL, NULL), -EPIPE);
    RUN_UNTIL(a.closed);
    assert_side(&a, "d!x");
    assert_memory_equal(a.bytes, "400 no", 6);
}

/* The same with a queue that fails, and the peer gone in earnest. */
static void a_failing_queue_does_not_lose_the_answer_that_has_come(void **state)
{
    (void)state;
    a.hook = destroy_on_error;
    net_stuff(&a);
    raw_write(fd, "400 no", 6);
    close_peer();
    RUN_UNTIL(a.closed);
    assert_memory_equal(a.bytes, "400 no", 6);
    assert_int_equal(a.received, 6);
    assert_true(a.log[0] == 'd');
    assert_true(a.had_error);
}

static void an_answer_that_comes_after_a_failing_write_is_read(void **state)
{
    (void)state;
    weir_sys.send = failing_send;
    send_errno = EPIPE;
    assert_int_equal(weir_socket_write(a.socket, "x", 1, NULL, NULL), -EPIPE);
    net_settle();
    assert_side(&a, "!");
    assert_int_equal(weir_socket_get_state(a.socket), WEIR_SOCKET_READ_ONLY);
    raw_write(fd, "400 no", 6);
    RUN_UNTIL(a.received == 6);
    close_peer();
    RUN_UNTIL(a.closed);
    assert_side(&a, "!dex");
    assert_true(a.had_error);
}

static void a_paused_socket_is_told_that_writing_failed(void **state)
{
    (void)state;
    weir_socket_pause(a.socket);
    raw_write(fd, "400 no", 6);
    weir_sys.send = failing_send;
    send_errno = EPIPE;
    assert_int_equal(weir_socket_write(a.socket, "x", 1, NULL, NULL), -EPIPE);
    net_settle();
    assert_side(&a, "!");
    close_peer();
    weir_socket_resume(a.socket);
    RUN_UNTIL(a.closed);
    assert_side(&a, "!dex");
}

static void an_error_is_told_once(void **state)
{
    (void)state;
    weir_sys.send = failing_send;
    send_errno = EPIPE;
    assert_int_equal(weir_socket_write(a.socket, "x", 1, NULL, NULL), -EPIPE);
    net_settle();
    raw_write(fd, "x", 1);
    raw_reset(fd);
    fd = -1;
    RUN_UNTIL(a.closed);
    assert_int_equal(a.error, -EPIPE);
    assert_null(strchr(strchr(a.log, '!') + 1, '!'));
    assert_true(a.had_error);
}

/* Field note 23. */
static void writing_to_a_peer_that_has_gone_raises_no_signal(void **state)
{
    struct sigaction before, after;

    (void)state;
    assert_int_equal(sigaction(SIGPIPE, NULL, &before), 0);
    assert_true(before.sa_handler == SIG_DFL);
    close_peer();
    weir_socket_set_half_open(a.socket, true);
    for (int i = 0; i < 5 && a.socket && !a.closed; i++) {
        weir_socket_write(a.socket, "x", 1, NULL, NULL);
        weir_loop_run_once(the_loop, 1);
    }
    assert_int_equal(sigaction(SIGPIPE, NULL, &after), 0);
    assert_true(after.sa_handler == SIG_DFL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(end_sends_fin_behind_everything_that_was_written),
        TEST(reading_goes_on_after_end),
        TEST(half_open_that_is_forbidden_later_ends_writing),
        TEST(end_twice_is_one_fin),
        TEST(end_after_the_peers_fin_closes),
        TEST(end_while_connecting_comes_after_what_was_written),
        TEST(both_ends_ending_at_once_close_both),
        TEST(nothing_but_close_comes_after_destroy),
        TEST(destroy_while_connecting_only_closes),
        TEST(reset_reaches_the_peer_as_a_reset),
        TEST(reset_after_end_is_still_a_reset),
        TEST_TCP(a_reset_is_not_told_as_an_end),
        TEST_TCP(a_reset_that_a_write_meets_is_not_told_as_an_end),
        TEST_TCP(data_before_a_reset_that_a_write_meets_is_read),
        TEST_TCP(a_reset_in_the_middle_fails_what_was_queued),
        TEST(a_peer_that_closes_with_unread_data_is_an_error),
        TEST_TCP(a_half_open_socket_learns_of_a_reset),
        TEST(a_failing_write_does_not_lose_the_answer_that_has_come),
        TEST(a_failing_queue_does_not_lose_the_answer_that_has_come),
        TEST(an_answer_that_comes_after_a_failing_write_is_read),
        TEST(a_paused_socket_is_told_that_writing_failed),
        TEST(an_error_is_told_once),
        TEST(writing_to_a_peer_that_has_gone_raises_no_signal),
    };

    return cmocka_run_group_tests_name("ending", tests, NULL, NULL);
}
