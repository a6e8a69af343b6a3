/*
 * test_socket_close.c - close: all is sent, and nobody is waited for for ever
 *
 * A socket that was closed lingers: it throws away what comes until its peer
 * has ended, so that no reset catches up with the answer. That has its limits,
 * in time and in bytes.
 */
#include "pair_test.h"

#include "test/support/virtual_clock.h"

static struct side b;

static int open_virtual_pair(void **state)
{
    if (open_virtual_loop(state))
        return -1;
    fd = net_raw(NET_KIND(state), &a);
    return 0;
}

#define CASE(function, kind, text, begin)                                      \
    {                                                                          \
#function text, function, begin, close_pair, (void *)&net_kinds[kind]  \
    }
#define TEST_VIRTUAL(function)                                                 \
    CASE(function, NET_TCP, " (TCP)", open_virtual_pair),                      \
        CASE(function, NET_UNIX, " (UNIX)", open_virtual_pair)

static int send_errno;

static ssize_t failing_send(int to, const void *bytes, size_t size, int flags)
{
    (void)to, (void)bytes, (void)size, (void)flags;
    errno = send_errno;
    return -1;
}

/* ----------------------------------------------------------------- close */

/* Field note 22: a plain close() here would reset the connection, and the
 * reset could overtake the answer. */
static void closing_with_unread_data_does_not_kill_the_answer(void **state)
{
    static char request[100000];
    size_t sent = 0;
    ssize_t n;

    (void)state;
    weir_socket_pause(a.socket);
    while (sent < sizeof request &&
           (n = send(fd, request + sent, sizeof request - sent, 0)) > 0)
        sent += (size_t)n;
    weir_socket_write(a.socket, "413 too large", 13, side_wrote, &a);
    weir_socket_close(a.socket);
    assert_int_equal(weir_socket_write(a.socket, "x", 1, NULL, NULL), -EPIPE);
    net_settle();
    raw_expect(fd, "413 too large");
    raw_expect_end(fd);
    assert_false(a.closed);
    /* What is still sent is thrown away. */
    raw_write(fd, "more", 4);
    net_settle();
    close_peer();
    RUN_UNTIL(a.closed);
    assert_side(&a, "wx");
    assert_false(a.had_error);
}

static void close_waits_for_a_long_queue(void **state)
{
    size_t stuffed = net_stuff(&a);

    (void)state;
    weir_socket_write(a.socket, "last", 4, side_wrote, &a);
    weir_socket_close(a.socket);
    weir_socket_close(a.socket);
    raw_write(fd, "thrown away", 11);
    raw_skip(fd, stuffed, NULL);
    raw_expect(fd, "last");
    raw_expect_end(fd);
    close_peer();
    RUN_UNTIL(a.closed);
    assert_int_equal(a.received, 0);
    assert_side(&a, "wDx");
}

static void close_after_end_lingers_too(void **state)
{
    (void)state;
    weir_socket_end(a.socket);
    raw_expect_end(fd);
    weir_socket_close(a.socket);
    raw_write(fd, "thrown away", 11);
    net_settle();
    assert_false(a.closed);
    close_peer();
    RUN_UNTIL(a.closed);
    assert_side(&a, "x");
}

static void close_after_the_peers_fin_closes_at_once(void **state)
{
    (void)state;
    weir_socket_set_half_open(a.socket, true);
    shutdown(fd, SHUT_WR);
    RUN_UNTIL(strchr(a.log, 'e'));
    weir_socket_close(a.socket);
    RUN_UNTIL(a.closed);
    assert_side(&a, "ex");
    raw_expect_end(fd);
}

static void closing_a_socket_without_a_table_reads_to_the_end(void **state)
{
    (void)state;
    weir_socket_set_events(a.socket, NULL);
    weir_socket_close(a.socket);
    raw_write(fd, "x", 1);
    RUN_UNTIL(weir_socket_bytes_read(a.socket) == 1);
    weir_socket_set_events(a.socket, &side_events);
    net_settle();
    close_peer();
    RUN_UNTIL(a.closed);
    assert_side(&a, "x");
}

static void closing_a_socket_that_is_not_connected_destroys_it(void **state)
{
    weir_address address;
    int listener = net_listener(NET_KIND(state), &address);

    side_init(&b);
    weir_socket_create(&b.socket, the_loop, &side_events, &b);
    weir_socket_close(b.socket);
    RUN_UNTIL(b.closed);
    assert_side(&b, "x");
    side_init(&b);
    weir_socket_create(&b.socket, the_loop, &side_events, &b);
    weir_socket_connect(b.socket, &address, NULL);
    weir_socket_write(b.socket, "x", 1, side_wrote, &b);
    weir_socket_close(b.socket);
    RUN_UNTIL(b.closed);
    assert_side(&b, "Wx");
    close(listener);
}

static uint64_t begun;

static void close_does_not_linger_for_more_than_5_seconds(void **state)
{
    (void)state;
    weir_socket_close(a.socket);
    begun = virtual_ms();
    while (!a.closed && virtual_ms() - begun < 100000)
        weir_loop_run_once(the_loop, -1);
    assert_in_range(virtual_ms() - begun, 5000, 5001);
    assert_side(&a, "x");
    assert_false(a.had_error);
}

/* The time counts from the FIN, and trickling does not prolong it. */
static void a_trickling_peer_does_not_prolong_lingering(void **state)
{
    (void)state;
    weir_socket_set_timeout(a.socket, 100000);
    weir_socket_close(a.socket);
    begun = virtual_ms();
    while (!a.closed && virtual_ms() - begun < 100000) {
        raw_write(fd, "x", 1);
        weir_loop_run_once(the_loop, 0);
        spend(10 * MS);
    }
    assert_in_range(virtual_ms() - begun, 5000, 5020);
    assert_side(&a, "x");
}

static size_t flood;

static ssize_t flooding_recv(int from, void *to, size_t size, int flags)
{
    (void)from, (void)to, (void)flags;
    flood += size;
    return (ssize_t)size;
}

static void close_does_not_throw_away_more_than_its_share(void **state)
{
    (void)state;
    weir_sys.recv = flooding_recv;
    flood = 0;
    weir_socket_close(a.socket);
    raw_write(fd, "x", 1);
    RUN_UNTIL(a.closed);
    assert_true(flood <= 2 * 1024 * 1024);
    assert_side(&a, "x");
}

/* Writing has failed, so that no FIN begins the lingering. */
/* A send that meets a time-out takes it out of the socket, and what recv()
 * gives then looks like a FIN. */
static void a_connection_that_timed_out_is_not_told_as_an_end(void **state)
{
    (void)state;
    weir_sys.send = failing_send;
    send_errno = ETIMEDOUT;
    shutdown(fd, SHUT_WR);
    assert_int_equal(weir_socket_write(a.socket, "x", 1, NULL, NULL),
                     -ETIMEDOUT);
    RUN_UNTIL(a.closed);
    assert_side(&a, "!x");
    assert_int_equal(a.error, -ETIMEDOUT);
}

static void close_after_a_failed_write_is_not_endless(void **state)
{
    (void)state;
    weir_sys.send = failing_send;
    send_errno = EPIPE;
    assert_int_equal(weir_socket_write(a.socket, "x", 1, NULL, NULL), -EPIPE);
    net_settle();
    weir_socket_close(a.socket);
    begun = virtual_ms();
    while (!a.closed && virtual_ms() - begun < 100000) {
        raw_write(fd, "x", 1);
        weir_loop_run_once(the_loop, 0);
        spend(10 * MS);
    }
    assert_true(virtual_ms() - begun <= 5020);
    assert_side(&a, "!x");
}

static void an_idle_timeout_is_not_told_while_lingering(void **state)
{
    (void)state;
    weir_socket_set_timeout(a.socket, 10);
    weir_socket_close(a.socket);
    assert_int_equal(weir_socket_timeout(a.socket), 0);
    weir_socket_set_timeout(a.socket, 10);
    while (!a.closed)
        weir_loop_run_once(the_loop, -1);
    assert_side(&a, "x");
}

static void a_lingering_socket_can_be_destroyed(void **state)
{
    (void)state;
    weir_socket_close(a.socket);
    net_settle();
    assert_side(&a, "");
    net_finish(&a);
    assert_side(&a, "x");
    for (int i = 0; i < 10; i++)
        weir_loop_run_once(the_loop, 1000);
    assert_side(&a, "x");
}

static void a_lingering_socket_that_is_reset_closes(void **state)
{
    (void)state;
    weir_socket_close(a.socket);
    raw_reset(fd);
    fd = -1;
    RUN_UNTIL(a.closed);
}

static void pausing_a_lingering_socket_does_not_keep_it(void **state)
{
    (void)state;
    weir_socket_close(a.socket);
    weir_socket_pause(a.socket);
    begun = virtual_ms();
    while (!a.closed && virtual_ms() - begun < 100000)
        weir_loop_run_once(the_loop, -1);
    assert_true(virtual_ms() - begun <= 5001);
}

/* An upload that is refused, by a program that pauses because its answer was
 * more than the kernel took. The peer reads when it has sent all. */
static void what_close_throws_away_is_not_paused(void **state)
{
    static const char bytes[64 * 1024];
    size_t left = 20 * 1024 * 1024;
    size_t stuffed = net_stuff(&a);

    (void)state;
    weir_socket_close(a.socket);
    weir_socket_pause(a.socket);
    assert_false(weir_socket_paused(a.socket));
    RUN_UNTIL(({
        ssize_t n = send(fd, bytes, left < sizeof bytes ? left : sizeof bytes,
                         MSG_NOSIGNAL);

        left -= n > 0 ? (size_t)n : 0;
        left == 0;
    }));
    shutdown(fd, SHUT_WR);
    raw_skip(fd, stuffed, NULL);
    raw_expect_end(fd);
    RUN_UNTIL(a.closed);
    assert_side(&a, "Dx");
}

static void a_peers_end_is_seen_by_close_though_it_was_paused(void **state)
{
    (void)state;
    weir_socket_close(a.socket);
    weir_socket_pause(a.socket);
    close_peer();
    begun = virtual_ms();
    while (!a.closed && virtual_ms() - begun < 100000)
        weir_loop_run_once(the_loop, -1);
    assert_int_equal(virtual_ms(), begun);
}

/* A peer that reads nothing and sends a byte now and then keeps what is queued
 * for as long as it likes otherwise. */
static void bytes_that_close_throws_away_are_no_activity(void **state)
{
    (void)state;
    net_stuff(&a);
    weir_socket_set_timeout(a.socket, 50);
    weir_socket_close(a.socket);
    RUN_UNTIL(({
        (void)!send(fd, "x", 1, MSG_NOSIGNAL);
        strchr(a.log, 't') != NULL;
    }));
    weir_socket_destroy(a.socket);
}

static ssize_t broken_pipe(int to, const void *bytes, size_t size, int flags)
{
    (void)to, (void)bytes, (void)size, (void)flags;
    errno = EPIPE;
    return -1;
}

/* Both halves are over, and the loop has not come to it yet. */
static void close_of_what_has_ended_and_failed_waits_for_nothing(void **state)
{
    (void)state;
    weir_socket_set_half_open(a.socket, true);
    shutdown(fd, SHUT_WR);
    RUN_UNTIL(a.logged == 1);
    weir_sys.send = broken_pipe;
    assert_int_equal(weir_socket_write(a.socket, "x", 1, NULL, NULL), -EPIPE);
    weir_socket_close(a.socket);
    weir_socket_close(a.socket);
    assert_false(weir_link_linked(&a.socket->idle.link));
    RUN_UNTIL(a.closed);
    assert_side(&a, "e!x");
}

/* ---------------------------------------- drain, where both halves are over */

static void drain_comes_before_close_when_the_peer_has_ended(void **state)
{
    size_t stuffed;

    (void)state;
    weir_socket_set_half_open(a.socket, true);
    shutdown(fd, SHUT_WR);
    RUN_UNTIL(a.logged == 1);
    stuffed = net_stuff(&a);
    weir_socket_end(a.socket);
    raw_skip(fd, stuffed, NULL);
    raw_expect_end(fd);
    RUN_UNTIL(a.closed);
    assert_side(&a, "eDx");
    assert_false(a.had_error);
}

/* What a cork held back is sent within `data`: nothing waits any more. */
static void answer_from_a_cork(struct side *side, char event)
{
    if (event != 'd')
        return;
    weir_socket_cork(side->socket);
    assert_int_equal(weir_socket_write(side->socket, "x", 1, NULL, NULL),
                     WEIR_WAIT);
    weir_socket_uncork(side->socket);
}

static void drain_comes_before_close_when_the_end_is_read_at_once(void **state)
{
    (void)state;
    a.hook = answer_from_a_cork;
    raw_write(fd, "x", 1);
    shutdown(fd, SHUT_WR);
    RUN_UNTIL(a.closed);
    assert_side(&a, "deDx");
}

static void no_drain_comes_after_destroy(void **state)
{
    (void)state;
    weir_socket_cork(a.socket);
    assert_int_equal(weir_socket_write(a.socket, "x", 1, NULL, NULL),
                     WEIR_WAIT);
    weir_socket_uncork(a.socket);
    weir_socket_destroy(a.socket);
    RUN_UNTIL(a.closed);
    assert_side(&a, "x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bytes_that_close_throws_away_are_no_activity),
        TEST(close_of_what_has_ended_and_failed_waits_for_nothing),
        TEST_TCP(a_connection_that_timed_out_is_not_told_as_an_end),
        TEST(closing_with_unread_data_does_not_kill_the_answer),
        TEST(close_waits_for_a_long_queue),
        TEST(close_after_end_lingers_too),
        TEST(close_after_the_peers_fin_closes_at_once),
        TEST(closing_a_socket_without_a_table_reads_to_the_end),
        TEST(closing_a_socket_that_is_not_connected_destroys_it),
        TEST_VIRTUAL(close_does_not_linger_for_more_than_5_seconds),
        TEST_VIRTUAL(a_trickling_peer_does_not_prolong_lingering),
        TEST(close_does_not_throw_away_more_than_its_share),
        TEST_VIRTUAL(close_after_a_failed_write_is_not_endless),
        TEST_VIRTUAL(an_idle_timeout_is_not_told_while_lingering),
        TEST_VIRTUAL(a_lingering_socket_can_be_destroyed),
        TEST(a_lingering_socket_that_is_reset_closes),
        TEST_VIRTUAL(pausing_a_lingering_socket_does_not_keep_it),
        TEST(what_close_throws_away_is_not_paused),
        TEST_VIRTUAL(a_peers_end_is_seen_by_close_though_it_was_paused),
        TEST(drain_comes_before_close_when_the_peer_has_ended),
        TEST(drain_comes_before_close_when_the_end_is_read_at_once),
        TEST(no_drain_comes_after_destroy),
    };

    return cmocka_run_group_tests_name("closing", tests, NULL, NULL);
}
