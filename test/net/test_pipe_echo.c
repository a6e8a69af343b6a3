/*
 * test_pipe_echo.c - a pipe from a socket to itself
 *
 *     peer <==> [echo]
 *
 * It is source and destination in one, so whatever ends either half meets the
 * pipe twice. Each test is run with splice() and with a system that refuses it,
 * where there is one.
 */
#include "test/support/net_test.h"

enum { MARK = 64 * 1024, PIECE = 96 * 1024, MUCH = 8 * 1024 * 1024 };

static struct side echo;
static int peer;
static uint64_t fed, got;

/* ----------------------------------------------------------------- helpers */

static void connect_echo(enum net_kind kind)
{
    peer = net_raw(kind, &echo);
    fed = got = 0;
}

static void lay(enum net_kind kind)
{
    connect_echo(kind);
    assert_int_equal(weir_socket_pipe(echo.socket, echo.socket), 0);
}

static void finish(void)
{
    net_finish(&echo);
    close(peer);
    assert_false(weir_loop_alive(the_loop));
}

/* Sends a piece of the pattern, as far as it goes. */
static bool feed(void)
{
    static char bytes[PIECE];
    ssize_t n;

    net_pattern(bytes, sizeof bytes, fed);
    n = send(peer, bytes, sizeof bytes, MSG_NOSIGNAL);
    if (n > 0)
        fed += (uint64_t)n;
    return n > 0;
}

/* Takes what has come back, which must be the pattern. 0 is the end. */
static ssize_t take(void)
{
    static unsigned char bytes[PIECE];
    ssize_t n = raw_read(peer, bytes, sizeof bytes);

    for (ssize_t i = 0; i < n; i++)
        if (bytes[i] != net_byte(got + (uint64_t)i))
            fail_msg("byte %ju is wrong", (uintmax_t)(got + (uint64_t)i));
    if (n > 0)
        got += (uint64_t)n;
    return n;
}

static bool all_came_back(void)
{
    while (take() > 0)
        ;
    return got == fed;
}

/* Nobody takes anything, until nothing moves any more. */
static void stall(void)
{
    uint64_t before;

    do {
        before = fed;
        while (feed())
            ;
        net_settle();
    } while (fed != before);
    assert_true(weir_socket_buffered(echo.socket) > MARK);
}

/* ------------------------------------------------------------------- tests */

static void what_a_socket_reads_it_writes_back(void **state)
{
    lay(NET_KIND(state));
    raw_write(peer, "hello", 5);
    raw_expect(peer, "hello");
    raw_write(peer, " again", 6);
    raw_expect(peer, " again");
    assert_side(&echo, "");
    assert_int_equal(weir_socket_bytes_read(echo.socket), 11);
    assert_int_equal(weir_socket_bytes_written(echo.socket), 11);
    finish();
}

static void much_comes_back_exact(void **state)
{
    lay(NET_KIND(state));
    while (fed < MUCH) {
        feed();
        weir_loop_run_once(the_loop, 0);
        while (take() > 0)
            ;
    }
    RUN_UNTIL(all_came_back());
    assert_side(&echo, "");
    assert_int_equal(weir_socket_bytes_read(echo.socket), fed);
    finish();
}

static void a_peer_that_does_not_read_is_not_read_either(void **state)
{
    uint64_t in;

    lay(NET_KIND(state));
    stall();
    in = weir_socket_bytes_read(echo.socket);
    assert_true(in < fed);
    net_settle();
    assert_int_equal(weir_socket_bytes_read(echo.socket), in);
    RUN_UNTIL(all_came_back());
    assert_side(&echo, "");
    finish();
}

static void the_end_comes_back_after_all_bytes(void **state)
{
    lay(NET_KIND(state));
    stall();
    shutdown(peer, SHUT_WR);
    RUN_UNTIL(all_came_back());
    raw_expect_end(peer);
    RUN_UNTIL(echo.closed);
    assert_side(&echo, "x");
    assert_false(echo.had_error);
    finish();
}

static void a_write_of_the_users_goes_in_between(void **state)
{
    lay(NET_KIND(state));
    assert_true(weir_socket_write(echo.socket, "welcome, ", 9, NULL, NULL) >=
                0);
    raw_write(peer, "guest", 5);
    raw_expect(peer, "welcome, guest");
    finish();
}

static void a_user_who_ends_it_hears_no_more(void **state)
{
    lay(NET_KIND(state));
    raw_write(peer, "one", 3);
    raw_expect(peer, "one");
    assert_int_equal(weir_socket_end(echo.socket), 0);
    raw_write(peer, "two", 3);
    raw_expect_end(peer);
    net_settle();
    shutdown(peer, SHUT_WR);
    RUN_UNTIL(echo.closed);
    assert_side(&echo, "x");
    finish();
}

static void a_reset_is_its_error(void **state)
{
    (void)state;
    lay(NET_TCP);
    stall();
    raw_reset(peer);
    peer = -1;
    RUN_UNTIL(echo.closed);
    assert_true(echo.had_error);
    assert_true(echo.error == -ECONNRESET || echo.error == -EPIPE);
    finish();
}

static void a_peer_that_closes_unread_is_its_error(void **state)
{
    lay(NET_KIND(state));
    stall();
    close(peer);
    peer = -1;
    RUN_UNTIL(echo.closed);
    assert_true(echo.had_error);
    finish();
}

/* What ends a socket, while its bytes wait in its own queue. */
/* The pipe is all that reads it, and goes with what it writes. */
static void without_a_table_it_closes_with_its_peer(void **state)
{
    lay(NET_KIND(state));
    weir_socket_set_events(echo.socket, NULL);
    stall();
    close(peer);
    RUN_UNTIL(!weir_loop_alive(the_loop));
    echo.socket = NULL;
}

static void whatever_ends_it_ends_the_pipe(void **state)
{
    static void (*const ways[])(weir_socket *) = { weir_socket_destroy,
                                                   weir_socket_reset,
                                                   weir_socket_close };

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        lay(NET_KIND(state));
        stall();
        ways[i](echo.socket);
        while (!echo.closed) {
            net_settle();
            if (take() == 0)
                shutdown(peer, SHUT_WR);
        }
        assert_false(echo.had_error);
        finish();
    }
}

static void a_loop_may_be_destroyed_with_it(void **state)
{
    lay(NET_KIND(state));
    stall();
    assert_int_equal(weir_loop_destroy(the_loop), 0);
    the_loop = NULL;
    assert_true(echo.closed);
    close(peer);
    assert_int_equal(weir_loop_create(&the_loop), 0);
}

static void after_unpipe_it_is_read_by_its_own_events(void **state)
{
    lay(NET_KIND(state));
    raw_write(peer, "one", 3);
    raw_expect(peer, "one");
    assert_int_equal(weir_socket_unpipe(echo.socket), 0);
    raw_write(peer, "two", 3);
    RUN_UNTIL(echo.received == 3);
    assert_side(&echo, "d");
    assert_int_equal(weir_socket_pipe(echo.socket, echo.socket), 0);
    raw_write(peer, "three", 5);
    raw_expect(peer, "three");
    finish();
}

static void it_has_both_places(void **state)
{
    struct side other;
    int other_peer;

    lay(NET_KIND(state));
    side_init(&other);
    other_peer = net_raw(NET_KIND(state), &other);
    assert_int_equal(weir_socket_pipe(echo.socket, echo.socket), -EBUSY);
    assert_int_equal(weir_socket_pipe(echo.socket, other.socket), -EBUSY);
    assert_int_equal(weir_socket_pipe(other.socket, echo.socket), -EBUSY);
    net_finish(&other);
    close(other_peer);
    finish();
}

static void bytes_alone_leave_the_end_to_its_events(void **state)
{
    connect_echo(NET_KIND(state));
    weir_socket_set_half_open(echo.socket, true);
    assert_int_equal(weir_socket_pipe_bytes(echo.socket, echo.socket), 0);
    stall();
    shutdown(peer, SHUT_WR);
    RUN_UNTIL(all_came_back() && strchr(echo.log, 'e'));
    assert_int_equal(weir_socket_end(echo.socket), 0);
    raw_expect_end(peer);
    RUN_UNTIL(echo.closed);
    assert_null(strchr(echo.log, 'd'));
    finish();
}

static void bytes_alone_end_by_the_half_open_rule(void **state)
{
    connect_echo(NET_KIND(state));
    assert_int_equal(weir_socket_pipe_bytes(echo.socket, echo.socket), 0);
    raw_write(peer, "hello", 5);
    shutdown(peer, SHUT_WR);
    raw_expect(peer, "hello");
    raw_expect_end(peer);
    RUN_UNTIL(echo.closed);
    finish();
}

/* -------------------------------------------------------------------- main */

#ifdef WEIR_SYS_SPLICE
static ssize_t no_splice(int source, loff_t *source_offset, int target,
                         loff_t *target_offset, size_t size, unsigned flags)
{
    (void)source, (void)source_offset, (void)target, (void)target_offset;
    (void)size, (void)flags;
    errno = EINVAL;
    return -1;
}

static int without_splice(void **state)
{
    (void)state;
    weir_sys.splice = no_splice;
    return 0;
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_BOTH(what_a_socket_reads_it_writes_back),
        TEST_ON_BOTH(much_comes_back_exact),
        TEST_ON_BOTH(a_peer_that_does_not_read_is_not_read_either),
        TEST_ON_BOTH(the_end_comes_back_after_all_bytes),
        TEST_ON_BOTH(a_write_of_the_users_goes_in_between),
        TEST_ON_BOTH(a_user_who_ends_it_hears_no_more),
        TEST_ON_LOOP(a_reset_is_its_error),
        TEST_ON_BOTH(a_peer_that_closes_unread_is_its_error),
        TEST_ON_BOTH(without_a_table_it_closes_with_its_peer),
        TEST_ON_BOTH(whatever_ends_it_ends_the_pipe),
        TEST_ON_BOTH(a_loop_may_be_destroyed_with_it),
        TEST_ON_BOTH(after_unpipe_it_is_read_by_its_own_events),
        TEST_ON_BOTH(it_has_both_places),
        TEST_ON_BOTH(bytes_alone_leave_the_end_to_its_events),
        TEST_ON_BOTH(bytes_alone_end_by_the_half_open_rule),
    };
    int failed = cmocka_run_group_tests_name("echo", tests, NULL, NULL);

#ifdef WEIR_SYS_SPLICE
    failed += cmocka_run_group_tests_name("echo, copied", tests, without_splice,
                                          NULL);
#endif
    return failed;
}
