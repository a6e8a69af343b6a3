/*
 * test_write_fails.c - writes that fail
 *
 * Who is told of it, and how often; what becomes of what was queued, of what
 * the peer has sent, and of a peer that must not take half an answer for the
 * whole.
 */
#include "write_test.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_error_of_send_is_returned_and_told_once),
        TEST(what_was_queued_fails_with_the_error_of_send),
        TEST(a_socket_nobody_reads_closes_when_writing_fails),
        TEST(an_error_of_ones_own_resets_a_peer_that_has_ended),
        TEST(an_error_of_ones_own_resets_a_peer_that_ends_later),
        TEST(an_error_that_a_table_does_not_hear_waits_for_the_next),
        TEST(an_error_of_ones_own_resets_also_if_it_is_destroyed),
        TEST(all_that_a_peer_left_is_read_before_a_failed_write_is_told),
        TEST(an_error_of_writing_is_told_though_the_peer_sends_on),
        TEST(without_an_error_event_a_paused_socket_just_closes),
    };

    return cmocka_run_group_tests_name("writing: errors", tests, NULL, NULL);
}
