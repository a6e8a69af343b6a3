/*
 * test_loop_wait.c - when a loop waits, how long, and for whom
 *
 * By itself or inside of another loop; what ends a wait; and that a loop is
 * alive as long as something is started and referenced, in any combination.
 */
#include "loop_test.h"

#include <errno.h>
#include <poll.h>

/* ----------------------------------------------------------------- waiting */

static void run_once_waits_no_longer_than_it_may(void **state)
{
    weir_timer timer;

    (void)state;
    begin(&timer, "a", note_timer, 100);
    assert_int_equal(weir_loop_run_once(the_loop, 0), 1);
    assert_int_equal(virtual.sleeps, 0);
    assert_int_equal(weir_loop_run_once(the_loop, 7), 1);
    assert_int_equal(virtual.timeout, 7);
    assert_trace("");
    while (weir_loop_run_once(the_loop, -1) == 1)
        assert_true(virtual.timeout > 7);
    assert_trace("a");
}

/* Note 24, and point 6 of backend_epoll.c. At the beginning of a slot of 4,096
 * ticks the wheel has nothing to cascade that would wake the loop before. */
static void a_wait_ends_at_the_tick_of_the_timer_and_not_before(void **state)
{
    static const uint64_t within[] = { 0, 1, 300000, 999999 };

    (void)state;
    for (size_t i = 0; i < COUNT(within); i++) {
        weir_timer timer;
        unsigned sleeps = virtual.sleeps;

        virtual.now = (virtual.now / MS / 4096 + 1) * 4096 * MS + within[i];
        begin(&timer, "a", note_timer, 40);
        assert_int_equal(weir_loop_run_once(the_loop, 0), 1);
        assert_in_range(weir_loop_timeout(the_loop), 40, 41);
        run();
        assert_int_equal(virtual.sleeps, sleeps + 1);
    }
    assert_trace("aaaa");
}

static void with_nothing_to_wait_for_the_timeout_is_infinite(void **state)
{
    weir_task task;
    weir_timer timer;

    (void)state;
    assert_int_equal(weir_loop_timeout(the_loop), -1);
    post(&task, "t", note_task);
    assert_int_equal(weir_loop_timeout(the_loop), 0);
    weir_task_cancel(&task);
    assert_int_equal(weir_loop_timeout(the_loop), -1);
    begin(&timer, "a", note_timer, UINT64_MAX);
    assert_int_equal(weir_loop_timeout(the_loop), 30 * 60 * 1000);
    weir_timer_stop(&timer);
    assert_int_equal(weir_loop_timeout(the_loop), -1);
}

/* --------------------------------------------------------------- embedding */

/* What another event loop does with one of ours. Gives the number of waits
 * that ended. */
static unsigned embed(unsigned most)
{
    struct pollfd watched = { .fd = weir_loop_fd(the_loop), .events = POLLIN };
    unsigned waits = 0;

    while (waits < most) {
        int timeout = weir_loop_timeout(the_loop);

        if (timeout < 0)
            timeout = 20;
        if (poll(&watched, 1, timeout) == 0 && timeout == 20)
            return waits;
        waits++;
        assert_true(weir_loop_run_once(the_loop, 0) >= 0);
    }
    return waits;
}

static void write_to_pipe(weir_timer *timer)
{
    const int *fds = timer->data;

    trace_add('w');
    test_fill(fds[1], 1);
}

static void a_loop_can_be_embedded_in_another_one(void **state)
{
    weir_timer timer;
    weir_task task;
    weir_io io;
    int fds[2];

    (void)state;
    test_pipe(fds);
    watch(&io, "d", note_io_once, fds[0]);
    timer.data = fds;
    weir_timer_init(&timer, the_loop, write_to_pipe);
    weir_timer_start(&timer, 5);
    post(&task, "t", note_task);
    embed(100);
    assert_trace("twd");
    test_close_pair(fds);
}

static void
an_embedded_loop_does_not_spin_for_an_unreferenced_watcher(void **state)
{
    weir_io io;
    int fds[2];

    (void)state;
    test_pipe(fds);
    watch(&io, "d", note_io, fds[0]);
    weir_io_unref(&io);
    test_fill(fds[1], 1);
    assert_true(embed(10) < 3);
    assert_trace("d");
    weir_io_stop(&io);
    test_close_pair(fds);
}

/* ------------------------------------------------------------------ errors */

#ifdef WEIR_BACKEND_EPOLL
static unsigned interruptions;

static int interrupted_wait(int epoll, struct epoll_event *events, int count,
                            int timeout)
{
    if (interruptions > 0) {
        interruptions--;
        spend(3 * MS); /* time has passed all the same */
        errno = EINTR;
        return -1;
    }
    return virtual_wait(epoll, events, count, timeout);
}

static void an_interrupted_wait_goes_on_for_what_is_left(void **state)
{
    weir_timer timer;
    uint64_t started = virtual.now;

    (void)state;
    weir_sys.epoll_wait = interrupted_wait;
    interruptions = 5;
    begin(&timer, "a", note_timer, 50);
    run();
    assert_trace("a");
    assert_int_equal(interruptions, 0);
    assert_in_range(virtual.now - started, 50 * MS, 52 * MS);
}

static int failing_wait(int epoll, struct epoll_event *events, int count,
                        int timeout)
{
    (void)epoll, (void)events, (void)count, (void)timeout;
    errno = EBADF;
    return -1;
}

static void a_wait_that_fails_ends_the_run_with_its_error(void **state)
{
    weir_timer timer;

    (void)state;
    begin(&timer, "a", note_timer, 50);
    weir_sys.epoll_wait = failing_wait;
    assert_int_equal(weir_loop_run(the_loop), -EBADF);
    assert_int_equal(weir_loop_run_once(the_loop, -1), -EBADF);
    weir_sys.epoll_wait = virtual_wait;
    run();
    assert_trace("a");
}
#endif

/* ---------------------------------------------------- who keeps it running */

enum { KINDS = 4, EACH = 8 };

static struct {
    weir_timer timers[EACH];
    weir_task tasks[EACH];
    weir_io ios[EACH];
    weir_async asyncs[EACH];
    int pipes[EACH][2];
    bool started[KINDS][EACH], unreferenced[KINDS][EACH];
} zoo;

static void open_zoo(void)
{
    memset(&zoo, 0, sizeof zoo);
    for (unsigned i = 0; i < EACH; i++) {
        test_pipe(zoo.pipes[i]);
        weir_timer_init(&zoo.timers[i], the_loop, note_timer);
        weir_task_init(&zoo.tasks[i], the_loop, note_task);
        weir_io_init(&zoo.ios[i], the_loop, zoo.pipes[i][0], note_io);
        weir_async_init(&zoo.asyncs[i], the_loop, note_async);
    }
}

static void close_zoo(void)
{
    for (unsigned i = 0; i < EACH; i++) {
        weir_timer_stop(&zoo.timers[i]);
        weir_task_cancel(&zoo.tasks[i]);
        weir_io_stop(&zoo.ios[i]);
        weir_async_stop(&zoo.asyncs[i]);
        test_close_pair(zoo.pipes[i]);
    }
}

#define DO(verb_timer, verb_task, verb_io, verb_async)                         \
    switch (kind) {                                                            \
    case 0:                                                                    \
        verb_timer(&zoo.timers[i]);                                            \
        break;                                                                 \
    case 1:                                                                    \
        verb_task(&zoo.tasks[i]);                                              \
        break;                                                                 \
    case 2:                                                                    \
        verb_io(&zoo.ios[i]);                                                  \
        break;                                                                 \
    default:                                                                   \
        verb_async(&zoo.asyncs[i]);                                            \
    }

static void start_timer(weir_timer *timer)
{
    weir_timer_start(timer, 1000);
}

static void start_io(weir_io *io)
{
    assert_int_equal(weir_io_start(io, WEIR_READABLE), 0);
}

static void do_one(struct test_random *random)
{
    unsigned kind = (unsigned)test_below(random, KINDS);
    unsigned i = (unsigned)test_below(random, EACH);

    switch (test_below(random, 4)) {
    case 0:
        DO(start_timer, weir_task_post, start_io, weir_async_start)
        zoo.started[kind][i] = true;
        break;
    case 1:
        DO(weir_timer_stop, weir_task_cancel, weir_io_stop, weir_async_stop)
        zoo.started[kind][i] = false;
        break;
    case 2:
        DO(weir_timer_ref, weir_task_ref, weir_io_ref, weir_async_ref)
        zoo.unreferenced[kind][i] = false;
        break;
    default:
        DO(weir_timer_unref, weir_task_unref, weir_io_unref, weir_async_unref)
        zoo.unreferenced[kind][i] = true;
    }
}

static bool should_be_alive(void)
{
    for (unsigned kind = 0; kind < KINDS; kind++)
        for (unsigned i = 0; i < EACH; i++)
            if (zoo.started[kind][i] && !zoo.unreferenced[kind][i])
                return true;
    return false;
}

static void
a_loop_is_alive_as_long_as_something_started_is_referenced(void **state)
{
    struct test_random random;

    (void)state;
    test_seed(&random, test_new_seed());
    open_zoo();
    for (size_t i = test_rounds(100000, 20); i > 0; i--) {
        do_one(&random);
        if (weir_loop_alive(the_loop) != should_be_alive())
            fail_msg("alive or not? (WEIR_TEST_SEED=%llu)",
                     (unsigned long long)random.seed);
    }
    close_zoo();
    assert_false(weir_loop_alive(the_loop));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_VIRTUAL_LOOP(run_once_waits_no_longer_than_it_may),
        TEST_ON_VIRTUAL_LOOP(
            a_wait_ends_at_the_tick_of_the_timer_and_not_before),
        TEST_ON_VIRTUAL_LOOP(with_nothing_to_wait_for_the_timeout_is_infinite),
        TEST_ON_LOOP(a_loop_can_be_embedded_in_another_one),
        TEST_ON_LOOP(
            an_embedded_loop_does_not_spin_for_an_unreferenced_watcher),
#ifdef WEIR_BACKEND_EPOLL
        TEST_ON_VIRTUAL_LOOP(an_interrupted_wait_goes_on_for_what_is_left),
        TEST_ON_VIRTUAL_LOOP(a_wait_that_fails_ends_the_run_with_its_error),
#endif
        TEST_ON_LOOP(
            a_loop_is_alive_as_long_as_something_started_is_referenced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
