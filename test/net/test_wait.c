/*
 * test_wait.c - waiting for one socket: reads and flushes that block
 *
 * The other end is moved by a thread where the wait must end by it. What the
 * loop has to tell is looked for after the wait, and not before it.
 */
#include "test/support/net_test.h"

#include <weir/blocking.h>

#include <pthread.h>
#include <time.h>

static struct side a;
static int fd;
static pthread_t thread;
static bool threaded;

static int open_pair(void **state)
{
    if (test_open_loop(state))
        return -1;
    fd = net_raw(NET_KIND(state), &a);
    return 0;
}

static void join(void)
{
    if (threaded)
        pthread_join(thread, NULL);
    threaded = false;
}

static void close_peer(void)
{
    if (fd >= 0)
        close(fd);
    fd = -1;
}

static int close_pair(void **state)
{
    join();
    close_peer();
    return test_close_loop(state);
}

#undef TEST_ON_BOTH
#define TEST_ON_BOTH(function)                                                 \
    { #function " (TCP)", function, open_pair, close_pair,                     \
      (void *)&net_kinds[NET_TCP] },                                           \
    {                                                                          \
#function " (UNIX)", function, open_pair, close_pair,                  \
            (void *)&net_kinds[NET_UNIX]                                       \
    }

/* --------------------------------------------------------------- helpers */

static void later(void)
{
    struct timespec pause = { .tv_nsec = 30 * 1000 * 1000 };

    nanosleep(&pause, NULL);
}

static void start(void *(*function)(void *))
{
    assert_int_equal(pthread_create(&thread, NULL, function, NULL), 0);
    threaded = true;
}

static void *write_later(void *argument)
{
    later();
    if (write(fd, "hello", 5) != 5)
        abort();
    return argument;
}

static void *end_later(void *argument)
{
    later();
    shutdown(fd, SHUT_WR);
    return argument;
}

/* Reads all until it has had `wanted` bytes. */
static size_t wanted, drained;

static void *drain_later(void *argument)
{
    static char bytes[64 * 1024];

    later();
    while (drained < wanted) {
        ssize_t n = read(fd, bytes, sizeof bytes);

        if (n > 0)
            drained += (size_t)n;
        else if (n == 0 || errno != EAGAIN)
            abort();
    }
    return argument;
}

static ssize_t wait_read(char *bytes, size_t size, int timeout)
{
    return weir_socket_read_wait(a.socket, bytes, size, timeout);
}

/* ---------------------------------------------------------------- reading */

static void a_read_gives_what_is_there(void **state)
{
    char bytes[16];

    (void)state;
    raw_write(fd, "hello", 5);
    assert_int_equal(wait_read(bytes, 2, -1), 2);
    assert_memory_equal(bytes, "he", 2);
    assert_int_equal(wait_read(bytes, sizeof bytes, 0), 3);
    assert_memory_equal(bytes, "llo", 3);
    assert_int_equal(weir_socket_bytes_read(a.socket), 5);
    net_settle();
    assert_side(&a, "");
}

static void a_read_waits_for_what_comes(void **state)
{
    char bytes[16];
    uint64_t begun = net_now();

    (void)state;
    start(write_later);
    assert_int_equal(wait_read(bytes, sizeof bytes, -1), 5);
    assert_memory_equal(bytes, "hello", 5);
    assert_true(net_now() - begun >= 29);
}

static void what_a_read_leaves_the_loop_reads(void **state)
{
    char bytes[2];

    (void)state;
    start(write_later);
    assert_int_equal(wait_read(bytes, sizeof bytes, -1), 2);
    RUN_UNTIL(a.received == 3);
    assert_memory_equal(a.bytes, "llo", 3);
    raw_write(fd, "!", 1);
    RUN_UNTIL(a.received == 4);
    assert_side(&a, "d");
}

static void a_paused_socket_is_read_and_stays_paused(void **state)
{
    char bytes[2];

    (void)state;
    weir_socket_pause(a.socket);
    raw_write(fd, "hello", 5);
    net_settle();
    assert_int_equal(wait_read(bytes, sizeof bytes, -1), 2);
    net_settle();
    assert_side(&a, "");
    weir_socket_resume(a.socket);
    RUN_UNTIL(a.received == 3);
}

static void a_read_ends_with_its_timeout(void **state)
{
    char bytes[16];
    uint64_t begun = net_now();

    (void)state;
    assert_int_equal(wait_read(bytes, sizeof bytes, 20), -ETIMEDOUT);
    assert_true(net_now() - begun >= 20);
    assert_int_equal(wait_read(bytes, sizeof bytes, 0), -ETIMEDOUT);
    raw_write(fd, "hello", 5);
    RUN_UNTIL(a.received == 5);
    assert_side(&a, "d");
}

static void the_end_is_0_and_told_by_the_loop(void **state)
{
    char bytes[16];

    (void)state;
    start(end_later);
    assert_int_equal(wait_read(bytes, sizeof bytes, -1), 0);
    assert_int_equal(wait_read(bytes, sizeof bytes, -1), 0);
    assert_side(&a, "");
    RUN_UNTIL(a.closed);
    assert_side(&a, "ex");
}

static void after_the_loop_has_told_the_end_a_read_is_0(void **state)
{
    char bytes[16];

    (void)state;
    weir_socket_set_half_open(a.socket, true);
    shutdown(fd, SHUT_WR);
    RUN_UNTIL(strchr(a.log, 'e'));
    assert_int_equal(wait_read(bytes, sizeof bytes, -1), 0);
    assert_side(&a, "e");
}

static void a_reset_is_its_error_and_told_by_the_loop(void **state)
{
    char bytes[16];

    if (NET_KIND(state) != NET_TCP)
        return;
    raw_reset(fd);
    fd = -1;
    assert_int_equal(wait_read(bytes, sizeof bytes, -1), -ECONNRESET);
    assert_string_equal(a.log, "");
    assert_int_equal(wait_read(bytes, sizeof bytes, -1), -ECONNRESET);
    RUN_UNTIL(a.closed);
    assert_side(&a, "!x");
    assert_int_equal(a.error, -ECONNRESET);
}

static void other_timers(weir_timer *timer)
{
    ++*(int *)timer->data;
}

static void a_timer_that_was_due_meanwhile_fires_afterwards(void **state)
{
    weir_timer timer;
    char bytes[16];
    int fired = 0;

    (void)state;
    weir_timer_init(&timer, the_loop, other_timers);
    timer.data = &fired;
    weir_timer_start(&timer, 5);
    assert_int_equal(wait_read(bytes, sizeof bytes, 20), -ETIMEDOUT);
    assert_int_equal(fired, 0);
    RUN_UNTIL(fired == 1);
}

/* --------------------------------------------------------------- flushing */

static void a_flush_with_nothing_to_do_is_0(void **state)
{
    (void)state;
    assert_int_equal(weir_socket_flush_wait(a.socket, 0), 0);
    assert_int_equal(weir_socket_write(a.socket, "hi", 2, NULL, NULL),
                     WEIR_SENT);
    assert_int_equal(weir_socket_flush_wait(a.socket, -1), 0);
    raw_expect(fd, "hi");
}

static void a_flush_waits_until_the_queue_is_empty(void **state)
{
    size_t stuffed = net_stuff(&a);

    (void)state;
    wanted = stuffed + 1;
    drained = 0;
    assert_int_equal(weir_socket_write(a.socket, "x", 1, side_wrote, &a),
                     WEIR_WAIT);
    start(drain_later);
    assert_int_equal(weir_socket_flush_wait(a.socket, -1), 0);
    assert_int_equal(weir_socket_buffered(a.socket), 0);
    assert_side(&a, "");
    RUN_UNTIL(strchr(a.log, 'D'));
    assert_side(&a, "wD");
    join();
    assert_int_equal(drained, wanted);
}

static void a_flush_ends_with_its_timeout(void **state)
{
    uint64_t begun = net_now();
    size_t buffered;

    (void)state;
    net_stuff(&a);
    weir_socket_write(a.socket, "x", 1, NULL, NULL);
    buffered = weir_socket_buffered(a.socket);
    assert_int_equal(weir_socket_flush_wait(a.socket, 20), -ETIMEDOUT);
    assert_true(net_now() - begun >= 20);
    /* The kernel may have found room for more. */
    assert_in_range(weir_socket_buffered(a.socket), 1, buffered);
    assert_sound(a.socket);
}

static void the_fin_follows_a_flush(void **state)
{
    size_t stuffed = net_stuff(&a);

    (void)state;
    weir_socket_write(a.socket, "x", 1, NULL, NULL);
    assert_int_equal(weir_socket_end(a.socket), 0);
    wanted = stuffed + 1;
    drained = 0;
    start(drain_later);
    assert_int_equal(weir_socket_flush_wait(a.socket, -1), 0);
    join();
    raw_expect_end(fd);
}

static void a_peer_that_goes_ends_a_flush(void **state)
{
    int result;

    (void)state;
    net_stuff(&a);
    weir_socket_write(a.socket, "x", 1, NULL, NULL);
    raw_reset(fd);
    fd = -1;
    result = weir_socket_flush_wait(a.socket, -1);
    assert_true(result == -ECONNRESET || result == -EPIPE);
    assert_int_equal(weir_socket_flush_wait(a.socket, -1), result);
    assert_string_equal(a.log, "");
    RUN_UNTIL(a.closed);
    assert_non_null(strchr(a.log, '!'));
    assert_int_equal(a.error, result);
}

static void what_a_cork_holds_back_is_not_waited_for(void **state)
{
    (void)state;
    assert_int_equal(weir_socket_cork(a.socket), 0);
    weir_socket_write(a.socket, "x", 1, NULL, NULL);
    assert_int_equal(weir_socket_flush_wait(a.socket, -1), -EBUSY);
    assert_int_equal(weir_socket_uncork(a.socket), 0);
    assert_int_equal(weir_socket_flush_wait(a.socket, -1), 0);
    raw_expect(fd, "x");
}

/* --------------------------------------------------------------- refusals */

static void bad_arguments_are_refused(void **state)
{
    char byte;

    (void)state;
    assert_int_equal(weir_socket_read_wait(NULL, &byte, 1, 0), -EINVAL);
    assert_int_equal(wait_read(NULL, 1, 0), -EINVAL);
    assert_int_equal(wait_read(&byte, 0, 0), -EINVAL);
    assert_int_equal(weir_socket_flush_wait(NULL, 0), -EINVAL);
}

static void without_a_connection_there_is_nothing_to_wait_for(void **state)
{
    weir_socket *fresh;
    char byte;

    (void)state;
    assert_int_equal(weir_socket_create(&fresh, the_loop, NULL, NULL), 0);
    assert_int_equal(weir_socket_read_wait(fresh, &byte, 1, -1), -ENOTCONN);
    assert_int_equal(weir_socket_flush_wait(fresh, -1), -ENOTCONN);
    weir_socket_destroy(fresh);
    weir_socket_destroy(a.socket);
    assert_int_equal(wait_read(&byte, 1, -1), -EBADF);
    assert_int_equal(weir_socket_flush_wait(a.socket, -1), -EBADF);
}

static void a_closing_socket_is_not_read(void **state)
{
    char byte;

    (void)state;
    raw_write(fd, "x", 1);
    weir_socket_close(a.socket);
    assert_int_equal(wait_read(&byte, 1, -1), -EBADF);
}

/* ----------------------------------------------------------------- faults */

static void a_wait_that_fails_changes_nothing(void **state)
{
    struct fault fault = { .only = "poll" };
    char bytes[16];

    (void)state;
    for (fault.nth = 1; faults_next(&fault);) {
        ssize_t n = wait_read(bytes, sizeof bytes, 1);

        if (faults_struck() && faults_errno() == ENOMEM)
            assert_int_equal(n, -ENOMEM);
        else
            assert_int_equal(n, -ETIMEDOUT); /* EINTR: it waits on */
        assert_sound(a.socket);
    }
    faults_restore();
    raw_write(fd, "hello", 5);
    assert_int_equal(wait_read(bytes, sizeof bytes, -1), 5);
}

/* poll(2) may say "ready" and the call "not yet": a checksum that is wrong, a
 * window that has shut again. */
static int always_ready(struct pollfd *watched, nfds_t count, int timeout)
{
    (void)count, (void)timeout;
    watched->revents = watched->events;
    return 1;
}

static ssize_t nothing_yet(int from, void *bytes, size_t size, int flags)
{
    (void)from, (void)bytes, (void)size, (void)flags;
    errno = EAGAIN;
    return -1;
}

static ssize_t no_room(int to, const void *bytes, size_t size, int flags)
{
    (void)to, (void)bytes, (void)size, (void)flags;
    errno = EAGAIN;
    return -1;
}

static void a_timeout_holds_whatever_poll_says(void **state)
{
    char byte;

    (void)state;
    weir_sys.poll = always_ready;
    weir_sys.recv = nothing_yet;
    weir_sys.send = no_room;
    assert_int_equal(weir_socket_read_wait(a.socket, &byte, 1, 20), -ETIMEDOUT);
    assert_int_equal(weir_socket_write(a.socket, "x", 1, NULL, NULL),
                     WEIR_WAIT);
    assert_int_equal(weir_socket_flush_wait(a.socket, 20), -ETIMEDOUT);
    assert_int_equal(weir_socket_flush_wait(a.socket, 0), -ETIMEDOUT);
    assert_int_equal(weir_socket_buffered(a.socket), 1);
    weir_socket_destroy(a.socket);
}

static ssize_t no_buffers(int to, const void *bytes, size_t size, int flags)
{
    (void)to, (void)bytes, (void)size, (void)flags;
    errno = ENOBUFS;
    return -1;
}

/* That took nothing out of the socket. */
static void the_end_behind_a_want_of_buffers_is_0(void **state)
{
    char byte;

    (void)state;
    weir_sys.send = no_buffers;
    assert_int_equal(weir_socket_write(a.socket, "x", 1, NULL, NULL), -ENOBUFS);
    shutdown(fd, SHUT_WR);
    assert_int_equal(weir_socket_read_wait(a.socket, &byte, 1, 1000), 0);
    RUN_UNTIL(a.closed);
    assert_side(&a, "e!x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_BOTH(a_read_gives_what_is_there),
        TEST_ON_BOTH(a_read_waits_for_what_comes),
        TEST_ON_BOTH(what_a_read_leaves_the_loop_reads),
        TEST_ON_BOTH(a_paused_socket_is_read_and_stays_paused),
        TEST_ON_BOTH(a_read_ends_with_its_timeout),
        TEST_ON_BOTH(the_end_is_0_and_told_by_the_loop),
        TEST_ON_BOTH(after_the_loop_has_told_the_end_a_read_is_0),
        TEST_ON_BOTH(a_reset_is_its_error_and_told_by_the_loop),
        TEST_ON_BOTH(a_timer_that_was_due_meanwhile_fires_afterwards),
        TEST_ON_BOTH(a_flush_with_nothing_to_do_is_0),
        TEST_ON_BOTH(a_flush_waits_until_the_queue_is_empty),
        TEST_ON_BOTH(a_flush_ends_with_its_timeout),
        TEST_ON_BOTH(the_fin_follows_a_flush),
        TEST_ON_BOTH(a_peer_that_goes_ends_a_flush),
        TEST_ON_BOTH(what_a_cork_holds_back_is_not_waited_for),
        TEST_ON_BOTH(bad_arguments_are_refused),
        TEST_ON_BOTH(without_a_connection_there_is_nothing_to_wait_for),
        TEST_ON_BOTH(a_closing_socket_is_not_read),
        TEST_ON_BOTH(a_wait_that_fails_changes_nothing),
        TEST_ON_BOTH(a_timeout_holds_whatever_poll_says),
        TEST_ON_BOTH(the_end_behind_a_want_of_buffers_is_0),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
