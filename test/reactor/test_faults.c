/*
 * test_faults.c - every call of the reactor made to fail, one by one
 *
 * An operation is done with its first call failing, then its second, and so on
 * until it runs through; with each errno that the call can have, once and from
 * then on for ever. Each time it ends in an error that is told, or in success,
 * and nothing is leaked: no memory, no descriptor, no handler.
 */
#include "test/support/test.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

enum { VARIANTS = 4 }; /* no call has more errnos */

static void explain(const char *why, const struct fault *fault)
{
    fail_msg("%s: call %u (%s) failed with %s%s", why, fault->nth,
             faults_what(), weir_error_name(-faults_errno()),
             fault->onward ? " and all after it" : "");
}

/* Runs `operation` through a whole sweep, in every variant. */
static void sweep(int (*operation)(void))
{
    unsigned before = test_open_descriptors();

    for (unsigned variant = 0; variant < 2 * VARIANTS; variant++) {
        struct fault fault = { .nth = 1,
                               .onward = variant >= VARIANTS,
                               .variant = variant % VARIANTS };

        while (faults_next(&fault)) {
            int result = operation();

            if (!faults_struck() && result < 0)
                explain("an error without a failure", &fault);
            if (result < 0 && !fault.onward && result != -faults_errno())
                explain("another error is told", &fault);
            if (faults_live() != 0)
                explain("memory is lost", &fault);
            if (test_open_descriptors() != before)
                explain("a descriptor is lost", &fault);
        }
        faults_restore();
    }
}

static int create_and_destroy(void)
{
    weir_loop *loop = (weir_loop *)(uintptr_t)&sweep;
    int result = weir_loop_create(&loop);

    if (result < 0)
        assert_null(loop);
    else
        assert_int_equal(weir_loop_destroy(loop), 0);
    return result;
}

static void a_loop_that_cannot_be_created_leaves_nothing_behind(void **state)
{
    (void)state;
    sweep(create_and_destroy);
}

/* The calls that creating a loop makes may fail; none is ignored. */
static void whatever_fails_in_creating_a_loop_is_told(void **state)
{
    struct fault fault = { .nth = 0 };
    unsigned needed;

    (void)state;
    faults_arm(&fault);
    assert_int_equal(create_and_destroy(), 0);
    faults_restore();
    for (fault.nth = 1, needed = 0; fault.nth < 20; fault.nth++) {
        faults_arm(&fault);
        needed += create_and_destroy() < 0;
        faults_restore();
    }
    /* Two allocations and the descriptors with their registrations. */
    assert_true(needed >= 4);
}

static void stop_io(weir_io *io, unsigned events)
{
    (void)events;
    weir_io_stop(io);
}

static int watch_a_pipe(void)
{
    weir_loop *loop;
    weir_io io;
    int fds[2];
    int result = weir_loop_create(&loop);

    if (result < 0)
        return result;
    test_pipe(fds);
    test_fill(fds[1], 1);
    weir_io_init(&io, loop, fds[0], stop_io);
    result = weir_io_start(&io, WEIR_READABLE);
    assert_int_equal(weir_io_running(&io), result == 0);
    assert_int_equal(weir_loop_alive(loop), result == 0);
    /* A wait that fails is told; run it once to see. */
    if (result == 0)
        result = weir_loop_run_once(loop, 0);
    weir_io_stop(&io);
    test_close_pair(fds);
    assert_int_equal(weir_loop_destroy(loop), 0);
    return result < 0 ? result : 0;
}

static void a_watcher_that_cannot_be_started_is_not_running(void **state)
{
    (void)state;
    sweep(watch_a_pipe);
}

static void note_signal(weir_signal *watcher, int number)
{
    (void)watcher;
    (void)number;
}

static int watch_a_signal(void)
{
    struct sigaction now;
    weir_signal watcher;
    weir_loop *loop;
    int result = weir_loop_create(&loop);

    if (result < 0)
        return result;
    weir_signal_init(&watcher, loop, note_signal);
    result = weir_signal_start(&watcher, SIGUSR1);
    assert_int_equal(weir_loop_alive(loop), result == 0);
    if (result == 0)
        raise(SIGUSR1);
    (void)weir_loop_run_once(loop, 0);
    weir_signal_stop(&watcher);
    assert_int_equal(weir_loop_destroy(loop), 0);
    assert_int_equal(sigaction(SIGUSR1, NULL, &now), 0);
    /* Where putting it back is what failed, the test does it. */
    signal(SIGUSR1, SIG_DFL);
    return result;
}

static void a_signal_that_cannot_be_watched_is_not_watched(void **state)
{
    (void)state;
    sweep(watch_a_signal);
}

static unsigned told;

static void note_async(weir_async *async)
{
    told++;
    weir_async_stop(async);
}

/* A wake-up interrupted by a signal is repeated, a wait is begun anew. */
static void an_interrupted_call_loses_no_wakeup(void **state)
{
    (void)state;
    for (unsigned nth = 1; nth <= 6; nth++) {
        struct fault none = { .nth = 0 };
        struct fault fault = { .nth = nth, .variant = 1 };
        weir_async async;
        weir_loop *loop;

        faults_arm(&none);
        assert_int_equal(weir_loop_create(&loop), 0);
        weir_async_init(&async, loop, note_async);
        weir_async_start(&async);
        told = 0;
        faults_arm(&fault); /* EINTR of write, read; epoll_wait has no other */
        weir_async_send(&async);
        assert_int_equal(weir_loop_run(loop), 0);
        assert_int_equal(told, 1);
        faults_disarm();
        assert_int_equal(weir_loop_destroy(loop), 0);
        assert_int_equal(faults_live(), 0);
        faults_restore();
    }
}

/* The injector itself: what it counts is what it fails. */
static void the_injector_fails_each_call_once(void **state)
{
    struct fault fault = { .nth = 0 };
    unsigned calls, rounds = 0;

    (void)state;
    faults_arm(&fault);
    assert_int_equal(create_and_destroy(), 0);
    calls = faults_calls();
    assert_true(calls > 0);
    assert_int_equal(faults_struck(), 0);
    fault.nth = 1;
    while (faults_next(&fault)) {
        (void)create_and_destroy();
        rounds++;
    }
    assert_int_equal(rounds, calls + 1);
    faults_restore();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loop_that_cannot_be_created_leaves_nothing_behind),
        cmocka_unit_test(whatever_fails_in_creating_a_loop_is_told),
        cmocka_unit_test(a_watcher_that_cannot_be_started_is_not_running),
        cmocka_unit_test(a_signal_that_cannot_be_watched_is_not_watched),
        cmocka_unit_test(an_interrupted_call_loses_no_wakeup),
        cmocka_unit_test(the_injector_fails_each_call_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
