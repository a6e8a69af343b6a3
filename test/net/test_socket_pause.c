/*
 * test_socket_pause.c - a socket that is not read for a while
 *
 * No event comes of it, nothing is lost by it, no system call is made for it,
 * and whatever its peer does meanwhile does not make the loop spin.
 */
#include "pair_test.h"

static struct side b;

/* --------------------------------------------------------------- pausing */

static void no_data_comes_after_pause(void **state)
{
    (void)state;
    weir_socket_pause(a.socket);
    assert_true(weir_socket_paused(a.socket));
    raw_write(fd, "x", 1);
    net_settle();
    assert_side(&a, "");
    weir_socket_resume(a.socket);
    assert_false(weir_socket_paused(a.socket));
    assert_side(&a, "");
    RUN_UNTIL(a.received == 1);
}

static void no_end_comes_while_paused(void **state)
{
    (void)state;
    weir_socket_pause(a.socket);
    shutdown(fd, SHUT_WR);
    net_settle();
    assert_side(&a, "");
    assert_int_equal(weir_socket_get_state(a.socket), WEIR_SOCKET_OPEN);
    weir_socket_resume(a.socket);
    RUN_UNTIL(a.closed);
    assert_side(&a, "ex");
}

static void pausing_and_resuming_make_no_system_call(void **state)
{
    (void)state;
    net_count();
    for (int i = 0; i < 100; i++) {
        weir_socket_pause(a.socket);
        weir_socket_pause(a.socket);
        weir_socket_resume(a.socket);
        weir_socket_resume(a.socket);
    }
    weir_loop_run_once(the_loop, 0);
    assert_int_equal(net_calls.wait, 1);
    assert_int_equal(net_calls.control + net_calls.recv, 0);
}

static void pause_and_resume_at_once_loses_nothing(void **state)
{
    (void)state;
    weir_socket_pause(a.socket);
    raw_write(fd, "x", 1);
    net_settle();
    weir_socket_resume(a.socket);
    weir_socket_pause(a.socket);
    net_settle();
    assert_int_equal(a.received, 0);
    weir_socket_resume(a.socket);
    RUN_UNTIL(a.received == 1);
}

static void a_paused_socket_makes_the_peer_wait(void **state)
{
    static char bytes[65536];
    size_t total = 0;
    ssize_t n = 0;

    (void)state;
    weir_socket_pause(a.socket);
    for (int turns = 0; turns < 20; turns++) {
        while ((n = send(fd, bytes, sizeof bytes, 0)) > 0)
            total += (size_t)n;
        weir_loop_run_once(the_loop, 1);
    }
    assert_int_equal(errno, EAGAIN);
    assert_true(total < 64 * 1024 * 1024);
    weir_socket_resume(a.socket);
    RUN_UNTIL(a.received == total);
}

/* A receive stops at the mark of urgent data, with more behind it. */
static void data_behind_urgent_data_does_not_freeze(void **state)
{
    (void)state;
    weir_socket_pause(a.socket);
    raw_write(fd, "before", 6);
    assert_int_equal(send(fd, "!", 1, MSG_OOB), 1);
    raw_write(fd, "behind", 6);
    net_settle();
    weir_socket_resume(a.socket);
    RUN_UNTIL(a.received >= 12);
    assert_memory_equal(a.bytes, "beforebehind", 12);
}

/* The same where nothing is paused, and the event's own read stops. */
static void urgent_data_in_the_middle_does_not_freeze(void **state)
{
    (void)state;
    raw_write(fd, "before", 6);
    assert_int_equal(send(fd, "!", 1, MSG_OOB), 1);
    raw_write(fd, "behind", 6);
    RUN_UNTIL(a.received >= 12);
    assert_memory_equal(a.bytes, "beforebehind", 12);
}

static void reset_while_paused_is_told_after_resume(void **state)
{
    (void)state;
    weir_socket_pause(a.socket);
    raw_reset(fd);
    fd = -1;
    net_settle();
    assert_side(&a, "");
    weir_socket_resume(a.socket);
    RUN_UNTIL(a.closed);
    assert_side(&a, "!x");
    assert_int_equal(a.error, -ECONNRESET);
}

/* ------------------------------------------------------------ nothing spins */

/* How often the kernel had something to say. */
static unsigned long spins;
#ifdef WEIR_BACKEND_EPOLL
static int counting_wait(int epoll, struct epoll_event *events, int count,
                         int timeout)
{
    int got = faults_kernel()->epoll_wait(epoll, events, count, timeout);

    spins += got > 0;
    return got;
}
#endif

/* Field note 9. */
static void
a_closed_descriptor_that_was_dupped_does_not_stay_watched(void **state)
{
    int peer = net_adopted(NET_KIND(state), &b);
    int copy = dup(weir_socket_fd(b.socket));

    net_finish(&b);
    net_settle();
#ifdef WEIR_BACKEND_EPOLL
    weir_sys.epoll_wait = counting_wait;
#endif
    spins = 0;
    raw_write(peer, "x", 1);
    for (int i = 0; i < 10; i++)
        weir_loop_run_once(the_loop, 1);
    assert_int_equal(spins, 0);
    assert_side(&b, "x");
    close(copy);
    close(peer);
}

/* Field note 4: with level triggering this would spin a core. */
static void a_hung_up_peer_of_a_paused_socket_does_not_spin(void **state)
{
    (void)state;
    weir_socket_pause(a.socket);
    raw_write(fd, "x", 1);
    close_peer();
    net_settle();
    net_count();
    for (int i = 0; i < 5; i++)
        weir_loop_run_once(the_loop, 2);
    /* A wait that found something would not have waited. */
    assert_int_equal(net_calls.wait, 5);
    assert_int_equal(net_calls.recv + net_calls.control, 0);
    assert_side(&a, "");
    weir_socket_resume(a.socket);
    RUN_UNTIL(a.closed);
    assert_side(&a, "dex");
}

/* The same, counted: how often does the kernel have something to say? */
static void dead_and_half_open_sockets_are_told_once(void **state)
{
#ifdef WEIR_BACKEND_EPOLL
    weir_socket_set_half_open(a.socket, true);
    shutdown(fd, SHUT_WR);
    RUN_UNTIL(strchr(a.log, 'e'));
    weir_sys.epoll_wait = counting_wait;
    spins = 0;
    net_settle();
    assert_true(spins <= 1);
    close_peer();
    for (int i = 0; i < 20; i++)
        weir_loop_run_once(the_loop, 1);
    assert_true(spins <= 3);
#else
    skip();
#endif
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_BOTH(a_closed_descriptor_that_was_dupped_does_not_stay_watched),
        TEST(no_data_comes_after_pause),
        TEST(no_end_comes_while_paused),
        TEST(pausing_and_resuming_make_no_system_call),
        TEST(pause_and_resume_at_once_loses_nothing),
        TEST(a_paused_socket_makes_the_peer_wait),
        TEST(a_hung_up_peer_of_a_paused_socket_does_not_spin),
        TEST(dead_and_half_open_sockets_are_told_once),
        TEST_TCP(data_behind_urgent_data_does_not_freeze),
        TEST_TCP(urgent_data_in_the_middle_does_not_freeze),
        TEST_TCP(reset_while_paused_is_told_after_resume),
    };

    return cmocka_run_group_tests_name("sockets: pausing", tests, NULL, NULL);
}
