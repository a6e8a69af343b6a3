/*
 * test_signal.c - signals as events of the loop
 */
#include "test/support/test.h"

#include "reactor/list.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct watcher {
    weir_signal signal;
    const char *letter;
    unsigned told;
    int number;
    void (*then)(struct watcher *watcher);
    struct watcher *other;
};

static void told(weir_signal *signal, int number)
{
    struct watcher *watcher = weir_container_of(signal, struct watcher, signal);

    watcher->told++;
    watcher->number = number;
    if (watcher->letter)
        trace_add(*watcher->letter);
    if (watcher->then)
        watcher->then(watcher);
}

static void start(struct watcher *watcher, const char *letter, int number)
{
    memset(watcher, 0, sizeof *watcher);
    watcher->letter = letter;
    assert_int_equal(weir_signal_init(&watcher->signal, the_loop, told), 0);
    assert_int_equal(weir_signal_start(&watcher->signal, number), 0);
}

static void stop(struct watcher *watcher)
{
    weir_signal_stop(&watcher->signal);
}

static void stop_itself(struct watcher *watcher)
{
    stop(watcher);
}

static void turn(unsigned times)
{
    while (times-- > 0)
        assert_true(weir_loop_run_once(the_loop, 0) >= 0);
}

static void run(void)
{
    assert_int_equal(weir_loop_run(the_loop), 0);
}

static void *handler_of(int number)
{
    struct sigaction now;

    assert_int_equal(sigaction(number, NULL, &now), 0);
    return (void *)(uintptr_t)now.sa_handler;
}

static void assert_default(int number)
{
    assert_ptr_equal(handler_of(number), (void *)(uintptr_t)SIG_DFL);
}

/* ------------------------------------------------------------------- input */

static void bad_input_is_an_error_at_the_call(void **state)
{
    static const int bad[] = { 0, -1, SIGKILL, SIGSTOP, 65, 1000, 1 << 30 };
    weir_signal signal = { .data = state };

    assert_int_equal(weir_signal_init(NULL, the_loop, told), -EINVAL);
    assert_int_equal(weir_signal_init(&signal, NULL, told), -EINVAL);
    assert_int_equal(weir_signal_init(&signal, the_loop, NULL), -EINVAL);
    assert_int_equal(weir_signal_init(&signal, the_loop, told), 0);
    assert_ptr_equal(signal.data, state);
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(weir_signal_start(&signal, bad[i]), -EINVAL);
        assert_false(weir_loop_alive(the_loop));
    }
    weir_signal_stop(&signal);
}

static void a_started_watcher_cannot_be_started_again(void **state)
{
    struct watcher a;

    (void)state;
    start(&a, "a", SIGUSR1);
    assert_int_equal(weir_signal_start(&a.signal, SIGUSR1), -EALREADY);
    assert_int_equal(weir_signal_start(&a.signal, SIGUSR2), -EALREADY);
    raise(SIGUSR1);
    turn(1);
    assert_trace("a");
    stop(&a);
    assert_int_equal(weir_signal_start(&a.signal, SIGUSR2), 0);
    raise(SIGUSR2);
    turn(1);
    assert_int_equal(a.number, SIGUSR2);
    stop(&a);
    stop(&a);
    assert_false(weir_loop_alive(the_loop));
}

/* ----------------------------------------------------------------- telling */

static void a_signal_is_told_in_a_turn_of_the_loop(void **state)
{
    static const int numbers[] = { SIGTERM, SIGINT,  SIGHUP,  SIGCHLD,
                                   SIGUSR1, SIGUSR2, SIGPIPE, SIGQUIT };

    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        struct watcher a;

        trace_clear();
        start(&a, "a", numbers[i]);
        assert_int_equal(kill(getpid(), numbers[i]), 0);
        assert_trace("");
        turn(2);
        assert_trace("a");
        assert_int_equal(a.number, numbers[i]);
        stop(&a);
        assert_default(numbers[i]);
    }
}

static void signals_that_come_before_a_turn_are_told_once(void **state)
{
    struct watcher a;

    (void)state;
    start(&a, "a", SIGUSR1);
    for (unsigned i = 0; i < 20; i++)
        raise(SIGUSR1);
    turn(2);
    assert_trace("a");
    raise(SIGUSR1);
    turn(2);
    assert_trace("aa");
    stop(&a);
}

static void every_watcher_of_a_signal_is_told_and_no_other(void **state)
{
    struct watcher a, b, c;

    (void)state;
    start(&a, "x", SIGUSR1);
    start(&b, "x", SIGUSR1);
    start(&c, "c", SIGUSR2);
    raise(SIGUSR1);
    turn(2);
    assert_trace("xx");
    stop(&a);
    raise(SIGUSR1);
    raise(SIGUSR2);
    turn(2);
    assert_int_equal(a.told, 1);
    assert_int_equal(b.told, 2);
    assert_int_equal(c.told, 1);
    stop(&b);
    stop(&c);
}

static void *kill_after_a_moment(void *unused)
{
    struct timespec moment = { .tv_nsec = 20000000 };

    nanosleep(&moment, NULL);
    kill(getpid(), SIGTERM);
    return unused;
}

static void no_handler_call(weir_timer *timer)
{
    (void)timer;
    fail_msg("the signal did not end the wait");
}

/* The thread that sends it may also be the one that gets it. */
static void a_waiting_loop_is_told_at_once(void **state)
{
    struct watcher a;
    weir_timer limit;
    pthread_t thread;

    (void)state;
    start(&a, "a", SIGTERM);
    a.then = stop_itself;
    weir_timer_init(&limit, the_loop, no_handler_call);
    weir_timer_unref(&limit);
    weir_timer_start(&limit, 20000);
    assert_int_equal(pthread_create(&thread, NULL, kill_after_a_moment, NULL),
                     0);
    run();
    assert_trace("a");
    assert_int_equal(pthread_join(thread, NULL), 0);
    weir_timer_stop(&limit);
}

static void an_alarm_during_the_wait_is_told_at_once(void **state)
{
    struct watcher a;
    struct timespec before, after;
    struct itimerval soon = { .it_value = { .tv_usec = 20000 } };

    (void)state;
    start(&a, "a", SIGALRM);
    a.then = stop_itself;
    clock_gettime(CLOCK_MONOTONIC, &before);
    assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
    run();
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_trace("a");
    assert_true(after.tv_sec - before.tv_sec < 10);
}

static void a_signal_does_not_fail_a_read_that_it_interrupts(void **state)
{
    struct watcher a;
    struct sigaction now;

    (void)state;
    start(&a, "a", SIGUSR1);
    assert_int_equal(sigaction(SIGUSR1, NULL, &now), 0);
    assert_true(now.sa_flags & SA_RESTART);
    stop(&a);
}

static void the_handler_leaves_errno_alone(void **state)
{
    struct watcher a;

    (void)state;
    start(&a, "a", SIGUSR1);
    errno = ENOENT;
    raise(SIGUSR1);
    assert_int_equal(errno, ENOENT);
    stop(&a);
}

/* ---------------------------------------------------------------- stopping */

static void a_stopped_watcher_is_silent_though_the_signal_came(void **state)
{
    struct watcher a;

    (void)state;
    start(&a, "a", SIGUSR1);
    raise(SIGUSR1);
    stop(&a);
    turn(2);
    assert_trace("");
    start(&a, "a", SIGUSR1);
    turn(2);
    assert_trace("");
    stop(&a);
}

static void a_watcher_may_stop_in_its_callback(void **state)
{
    struct watcher a;

    (void)state;
    start(&a, "a", SIGUSR1);
    a.then = stop_itself;
    raise(SIGUSR1);
    run();
    assert_trace("a");
    assert_default(SIGUSR1);
}

static void free_both(struct watcher *watcher)
{
    stop(watcher->other);
    stop(watcher);
    free(watcher->other);
    free(watcher);
}

static void watchers_of_one_signal_may_free_each_other(void **state)
{
    struct watcher *a = malloc(sizeof *a), *b = malloc(sizeof *b);

    (void)state;
    assert_non_null(a);
    assert_non_null(b);
    start(a, "x", SIGUSR1);
    start(b, "x", SIGUSR1);
    a->other = b;
    b->other = a;
    a->then = b->then = free_both;
    raise(SIGUSR1);
    run();
    assert_trace("x");
    assert_default(SIGUSR1);
}

static void start_another_number(struct watcher *watcher)
{
    watcher->then = stop_itself;
    stop(watcher);
    assert_int_equal(weir_signal_start(&watcher->signal, SIGUSR2), 0);
    raise(SIGUSR2);
}

static void
a_watcher_may_go_over_to_another_signal_in_its_callback(void **state)
{
    struct watcher a;

    (void)state;
    start(&a, "a", SIGUSR1);
    a.then = start_another_number;
    raise(SIGUSR1);
    run();
    assert_trace("aa");
    assert_int_equal(a.number, SIGUSR2);
}

static void previous_handler(int number)
{
    (void)number;
    trace_add('p');
}

static void the_handler_from_before_is_put_back_by_the_last_stop(void **state)
{
    struct sigaction previous = { .sa_handler = previous_handler,
                                  .sa_flags = SA_NODEFER },
                     now, before;
    struct watcher a, b;

    (void)state;
    sigaddset(&previous.sa_mask, SIGUSR2);
    assert_int_equal(sigaction(SIGUSR1, &previous, &before), 0);
    start(&a, "x", SIGUSR1);
    start(&b, "x", SIGUSR1);
    stop(&a);
    raise(SIGUSR1);
    turn(1);
    assert_trace("x");
    stop(&b);
    raise(SIGUSR1);
    assert_trace("xp");
    assert_int_equal(sigaction(SIGUSR1, &before, &now), 0);
    assert_true(now.sa_flags & SA_NODEFER);
    assert_true(sigismember(&now.sa_mask, SIGUSR2));
}

static void an_unreferenced_watcher_does_not_keep_the_loop_running(void **state)
{
    struct watcher a;

    (void)state;
    start(&a, "a", SIGUSR1);
    assert_true(weir_loop_alive(the_loop));
    weir_signal_unref(&a.signal);
    assert_false(weir_loop_alive(the_loop));
    run();
    weir_signal_ref(&a.signal);
    assert_true(weir_loop_alive(the_loop));
    stop(&a);
    assert_false(weir_loop_alive(the_loop));
}

/* The handler would reach for the loop, and for a struct that may be gone. */
static void a_destroyed_loop_is_not_told_of_signals(void **state)
{
    struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
    struct watcher *a = malloc(sizeof *a), *b = malloc(sizeof *b);
    struct watcher other;
    weir_loop *first = the_loop, *second;

    (void)state;
    assert_non_null(a);
    assert_non_null(b);
    assert_int_equal(sigaction(SIGUSR1, &ignore, &before), 0);
    assert_int_equal(weir_loop_create(&second), 0);
    start(a, "!", SIGUSR1);
    the_loop = second;
    start(&other, "o", SIGUSR1);
    the_loop = first;
    start(b, "!", SIGUSR2);
    assert_int_equal(weir_loop_destroy(first), 0);
    free(a);
    free(b);
    the_loop = second;
    assert_default(SIGUSR2);
    raise(SIGUSR1);
    turn(1);
    assert_trace("o");
    test_destroy_loop();
    assert_ptr_equal(handler_of(SIGUSR1), (void *)(uintptr_t)SIG_IGN);
    raise(SIGUSR1);
    weir_signal_stop(&other.signal); /* forgotten: harmless */
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
}

/* ----------------------------------------------------------------- threads */

static unsigned watching; /* atomic: the threads that do */

static void *run_a_loop(void *result)
{
    struct watcher a;
    weir_loop *mine;

    memset(&a, 0, sizeof a);
    if (weir_loop_create(&mine) < 0 ||
        weir_signal_init(&a.signal, mine, told) < 0 ||
        weir_signal_start(&a.signal, SIGUSR1) < 0)
        return NULL;
    a.then = stop_itself;
    __atomic_add_fetch(&watching, 1, __ATOMIC_SEQ_CST);
    if (weir_loop_run(mine) < 0 || weir_loop_destroy(mine) < 0)
        return NULL;
    return a.told == 1 ? result : NULL;
}

static void two_loops_in_two_threads_are_both_told(void **state)
{
    pthread_t threads[2];
    void *result;

    (void)state;
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, run_a_loop, &watching), 0);
    while (__atomic_load_n(&watching, __ATOMIC_SEQ_CST) < 2)
        sched_yield();
    kill(getpid(), SIGUSR1);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_ptr_equal(result, &watching);
    }
    assert_default(SIGUSR1);
}

static bool enough;

static void *keep_killing(void *unused)
{
    while (!__atomic_load_n(&enough, __ATOMIC_RELAXED)) {
        kill(getpid(), SIGUSR1);
        sched_yield();
    }
    return unused;
}

/* Whoever holds the table of watchers has signals blocked, or its own handler
 * would wait for it for ever. Another watcher keeps the handler in place. */
static void watchers_come_and_go_while_signals_rain(void **state)
{
    struct watcher keeper, a, b;
    pthread_t threads[2];

    (void)state;
    enough = false;
    start(&keeper, NULL, SIGUSR1);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, keep_killing, NULL),
                         0);
    for (size_t i = test_rounds(3000, 20); i > 0; i--) {
        start(&a, NULL, SIGUSR1);
        start(&b, NULL, SIGUSR1);
        turn(1);
        stop(&a);
        memset(&a, 0x5a, sizeof a);
        turn(1);
        stop(&b);
        memset(&b, 0x5a, sizeof b);
    }
    __atomic_store_n(&enough, true, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    while (keeper.told == 0)
        turn(1);
    stop(&keeper);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_LOOP(bad_input_is_an_error_at_the_call),
        TEST_ON_LOOP(a_started_watcher_cannot_be_started_again),
        TEST_ON_LOOP(a_signal_is_told_in_a_turn_of_the_loop),
        TEST_ON_LOOP(signals_that_come_before_a_turn_are_told_once),
        TEST_ON_LOOP(every_watcher_of_a_signal_is_told_and_no_other),
        TEST_ON_LOOP(a_waiting_loop_is_told_at_once),
        TEST_ON_LOOP(an_alarm_during_the_wait_is_told_at_once),
        TEST_ON_LOOP(a_signal_does_not_fail_a_read_that_it_interrupts),
        TEST_ON_LOOP(the_handler_leaves_errno_alone),
        TEST_ON_LOOP(a_stopped_watcher_is_silent_though_the_signal_came),
        TEST_ON_LOOP(a_watcher_may_stop_in_its_callback),
        TEST_ON_LOOP(watchers_of_one_signal_may_free_each_other),
        TEST_ON_LOOP(a_watcher_may_go_over_to_another_signal_in_its_callback),
        TEST_ON_LOOP(the_handler_from_before_is_put_back_by_the_last_stop),
        TEST_ON_LOOP(an_unreferenced_watcher_does_not_keep_the_loop_running),
        TEST_ON_LOOP(a_destroyed_loop_is_not_told_of_signals),
        TEST_ON_LOOP(two_loops_in_two_threads_are_both_told),
        TEST_ON_LOOP(watchers_come_and_go_while_signals_rain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
