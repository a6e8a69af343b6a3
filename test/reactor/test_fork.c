/*
 * test_fork.c - what a forked child does with what it has of its parent
 */
#include "test/support/test.h"

#include "reactor/loop.h"

#include <weir/runtime.h>

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned told;

static void count(weir_signal *watcher, int number)
{
    (void)number;
    told++;
    weir_signal_stop(watcher);
}

static void count_io(weir_io *io, unsigned events)
{
    (void)events;
    told++;
    weir_io_stop(io);
}

static void count_async(weir_async *async)
{
    told++;
    weir_async_stop(async);
}

/* Runs `work` in a child; the child's status, 0 when it says that all is well.
 */
static int in_child(bool (*work)(void *), void *argument)
{
    pid_t child = fork();
    int status;

    assert_true(child >= 0);
    if (child == 0)
        _exit(work(argument) ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

/* The parent's watchers, which its children have as well. */
static void watch_signal(weir_signal *watcher)
{
    weir_signal_init(watcher, the_loop, count);
    assert_int_equal(weir_signal_start(watcher, SIGUSR1), 0);
}

static void watch_pipe(weir_io *io, int fds[2])
{
    test_pipe(fds);
    weir_io_init(io, the_loop, fds[0], count_io);
    assert_int_equal(weir_io_start(io, WEIR_READABLE), 0);
}

/* ----------------------------------------------------------------- signals */

static bool watch_a_signal(void *unused)
{
    weir_signal watcher;
    weir_loop *own;

    (void)unused;
    told = 0;
    if (weir_loop_create(&own) < 0 ||
        weir_signal_init(&watcher, own, count) < 0 ||
        weir_signal_start(&watcher, SIGUSR1) < 0)
        return false;
    raise(SIGUSR1);
    return weir_loop_run(own) == 0 && told == 1 && weir_loop_destroy(own) == 0;
}

static void a_child_may_watch_a_signal_that_its_parent_watches(void **state)
{
    weir_signal watcher;

    (void)state;
    watch_signal(&watcher);
    assert_int_equal(in_child(watch_a_signal, NULL), 0);
    told = 0;
    raise(SIGUSR1); /* the parent's is as before */
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(told, 1);
}

static bool raise_it(void *unused)
{
    (void)unused;
    raise(SIGUSR1);
    return false;
}

static void a_signal_does_in_a_child_what_it_did_before_weir(void **state)
{
    weir_signal watcher;
    int status;

    (void)state;
    watch_signal(&watcher);
    status = in_child(raise_it, NULL);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1);
    weir_signal_stop(&watcher);
}

static bool stop_the_parents(void *watcher)
{
    struct sigaction action;

    weir_signal_stop(watcher); /* harmless: it is stopped */
    return sigaction(SIGUSR1, NULL, &action) == 0 &&
           action.sa_handler == SIG_DFL;
}

static bool start_the_parents(void *watcher)
{
    return weir_signal_start(watcher, SIGUSR1) == -EBADF && raise_it(NULL);
}

static void a_child_cannot_watch_a_signal_for_its_parent(void **state)
{
    weir_signal watcher;
    int status;

    (void)state;
    weir_signal_init(&watcher, the_loop, count);
    status = in_child(start_the_parents, &watcher);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1);
}

static void a_child_may_stop_a_signal_of_its_parents(void **state)
{
    weir_signal watcher;

    (void)state;
    watch_signal(&watcher);
    assert_int_equal(in_child(stop_the_parents, &watcher), 0);
    weir_signal_stop(&watcher);
}

static bool enough;

static void *start_and_stop(void *loop)
{
    weir_signal watcher;

    weir_signal_init(&watcher, loop, count);
    while (!__atomic_load_n(&enough, __ATOMIC_RELAXED)) {
        (void)weir_signal_start(&watcher, SIGUSR2);
        weir_signal_stop(&watcher);
    }
    return NULL;
}

static bool handle_a_signal(void *unused)
{
    (void)unused;
    alarm(10); /* a lock that nobody unlocks is waited for in the handler */
    return watch_a_signal(NULL);
}

static void a_child_never_has_the_lock_of_the_signals(void **state)
{
    int rounds = (int)test_rounds(300, 10);
    weir_loop *other;
    pthread_t thread;

    (void)state;
    enough = false;
    assert_int_equal(weir_loop_create(&other), 0);
    assert_int_equal(pthread_create(&thread, NULL, start_and_stop, other), 0);
    for (int i = 0; i < rounds; i++)
        assert_int_equal(in_child(handle_a_signal, NULL), 0);
    __atomic_store_n(&enough, true, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
    weir_loop_destroy(other);
}

/* Of the forks of a thread that holds SIGUSR2 back (`blocked` not NULL), or of
 * one that does not: how many left it with another mask. */
static void *fork_with_a_mask(void *blocked)
{
    size_t rounds = test_rounds(300, 10);
    uintptr_t changed = 0;
    sigset_t own, now;

    sigemptyset(&own);
    if (blocked)
        sigaddset(&own, SIGUSR2);
    pthread_sigmask(SIG_SETMASK, &own, NULL);
    for (size_t i = 0; i < rounds; i++) {
        pid_t child = fork();

        if (child == 0)
            _exit(0);
        pthread_sigmask(SIG_SETMASK, &own, &now);
        changed += sigismember(&now, SIGUSR2) != (blocked != NULL) ||
                   sigismember(&now, SIGTERM);
        waitpid(child, NULL, 0);
    }
    return (void *)changed;
}

static void threads_that_fork_at_once_keep_their_masks(void **state)
{
    pthread_t threads[2];
    void *changed;

    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, fork_with_a_mask,
                                        i ? state : NULL),
                         0);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], &changed);
        assert_null(changed);
    }
}

static void handlers_run_on_the_alternate_stack(void **state)
{
    weir_signal watcher;
    struct sigaction action;

    (void)state;
    watch_signal(&watcher);
    assert_int_equal(sigaction(SIGUSR1, NULL, &action), 0);
    assert_true(action.sa_flags & SA_ONSTACK);
    weir_signal_stop(&watcher);
}

/* -------------------------------------------------------------- the loop */

static bool destroy_all(void *io)
{
    weir_io_stop(io);
    return weir_loop_destroy(the_loop) == 0;
}

static void a_loop_destroyed_in_a_child_is_whole_in_its_parent(void **state)
{
    weir_io io;
    int fds[2];

    (void)state;
    watch_pipe(&io, fds);
    assert_int_equal(in_child(destroy_all, &io), 0);
    told = 0;
    test_fill(fds[1], 1);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(told, 1);
    test_close_pair(fds);
}

static bool use_the_parents(void *io)
{
    weir_io own;
    int fds[2];

    test_pipe(fds);
    weir_io_init(&own, the_loop, fds[0], count_io);
    return weir_loop_run(the_loop) == -EBADF &&
           weir_loop_run_once(the_loop, 0) == -EBADF &&
           weir_io_start(&own, WEIR_READABLE) == -EBADF &&
           weir_io_start(io, WEIR_WRITABLE) == -EBADF;
}

static void a_child_is_refused_its_parents_loop(void **state)
{
    weir_io io;
    int fds[2];

    (void)state;
    watch_pipe(&io, fds);
    assert_int_equal(in_child(use_the_parents, &io), 0);
    weir_io_stop(&io);
    test_close_pair(fds);
}

static bool send_to_the_parents(void *async)
{
    weir_async_send(async);
    return true;
}

static void a_send_in_a_child_does_not_wake_its_parent(void **state)
{
    weir_async async;
    uint64_t turns;

    (void)state;
    weir_async_init(&async, the_loop, count_async);
    weir_async_start(&async);
    assert_int_equal(in_child(send_to_the_parents, &async), 0);
    told = 0;
    weir_loop_run_once(the_loop, 0);
    turns = the_loop->batch_count;
    assert_int_equal(turns, 0); /* nothing was ready */
    weir_async_send(&async);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(told, 1);
}

static pid_t forked;

static void fork_once(weir_io *io, unsigned events)
{
    count_io(io, events);
    if (forked < 0)
        forked = fork();
}

/* Whichever of the two is told first forks; the parent is told the other. */
static void a_run_ends_in_the_child_of_a_callback(void **state)
{
    weir_io ios[2];
    int fds[2][2], status, result;

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        test_pipe(fds[i]);
        test_fill(fds[i][1], 1);
        weir_io_init(&ios[i], the_loop, fds[i][0], fork_once);
        assert_int_equal(weir_io_start(&ios[i], WEIR_READABLE), 0);
    }
    told = 0;
    forked = -1;
    result = weir_loop_run(the_loop);
    if (forked == 0)
        _exit(result == 0 && told == 1 && weir_loop_run(the_loop) == -EBADF &&
                      weir_loop_destroy(the_loop) == 0
                  ? 0
                  : 1);
    assert_int_equal(result, 0);
    assert_int_equal(told, 2);
    assert_int_equal(waitpid(forked, &status, 0), forked);
    assert_int_equal(status, 0);
    for (unsigned i = 0; i < 2; i++)
        test_close_pair(fds[i]);
}

static void fork_in_timer(weir_timer *timer)
{
    (void)timer;
    told++;
    if (forked < 0)
        forked = fork();
}

static void fire_both(weir_task *task)
{
    weir_timer *timers = task->data;

    for (unsigned i = 0; i < 2; i++)
        weir_timer_start_at(&timers[i], weir_loop_now(the_loop));
    weir_loop_fire(the_loop, fork_in_timer);
}

static void timers_that_are_fired_end_in_the_child_of_one_of_them(void **state)
{
    weir_timer timers[2];
    weir_task task = { .data = timers };
    int status, result;

    (void)state;
    weir_task_init(&task, the_loop, fire_both);
    weir_task_post(&task);
    for (unsigned i = 0; i < 2; i++)
        weir_timer_init(&timers[i], the_loop, fork_in_timer);
    told = 0;
    forked = -1;
    result = weir_loop_run(the_loop);
    if (forked == 0)
        _exit(result == 0 && told == 1 && weir_loop_destroy(the_loop) == 0 ? 0
                                                                           : 1);
    assert_int_equal(result, 0);
    assert_int_equal(told, 2);
    assert_int_equal(waitpid(forked, &status, 0), forked);
    assert_int_equal(status, 0);
}

static void *run_the_loop(void *unused)
{
    (void)unused;
    return (void *)(intptr_t)weir_loop_run(the_loop);
}

static bool use_a_loop_that_was_running(void *unused)
{
    weir_loop *own;

    (void)unused;
    return weir_loop_destroy(the_loop) == -EBUSY &&
           weir_loop_run(the_loop) == -EBADF && weir_loop_create(&own) == 0 &&
           weir_loop_run(own) == 0 && weir_loop_destroy(own) == 0;
}

static weir_async running;

static void note_running(weir_timer *timer)
{
    __atomic_store_n((bool *)timer->data, true, __ATOMIC_RELEASE);
}

/* The thread that ran it is in the middle of something, and not here. */
static void
a_loop_that_another_thread_ran_is_left_alone_in_a_child(void **state)
{
    bool begun = false;
    weir_timer timer = { .data = &begun };
    pthread_t thread;
    void *result;

    (void)state;
    weir_async_init(&running, the_loop, count_async);
    weir_async_start(&running);
    weir_timer_init(&timer, the_loop, note_running);
    weir_timer_start(&timer, 0);
    assert_int_equal(pthread_create(&thread, NULL, run_the_loop, NULL), 0);
    while (!__atomic_load_n(&begun, __ATOMIC_ACQUIRE))
        (void)sched_yield();
    assert_int_equal(in_child(use_a_loop_that_was_running, NULL), 0);
    weir_async_send(&running);
    pthread_join(thread, &result);
    assert_null(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_LOOP(a_child_may_watch_a_signal_that_its_parent_watches),
        TEST_ON_LOOP(a_signal_does_in_a_child_what_it_did_before_weir),
        TEST_ON_LOOP(a_child_cannot_watch_a_signal_for_its_parent),
        TEST_ON_LOOP(a_child_may_stop_a_signal_of_its_parents),
        TEST_ON_LOOP(a_child_never_has_the_lock_of_the_signals),
        TEST_ON_LOOP(threads_that_fork_at_once_keep_their_masks),
        TEST_ON_LOOP(timers_that_are_fired_end_in_the_child_of_one_of_them),
        TEST_ON_LOOP(handlers_run_on_the_alternate_stack),
        TEST_ON_LOOP(a_loop_destroyed_in_a_child_is_whole_in_its_parent),
        TEST_ON_LOOP(a_child_is_refused_its_parents_loop),
        TEST_ON_LOOP(a_send_in_a_child_does_not_wake_its_parent),
        TEST_ON_LOOP(a_run_ends_in_the_child_of_a_callback),
        TEST_ON_LOOP(a_loop_that_another_thread_ran_is_left_alone_in_a_child),
    };

    return cmocka_run_group_tests_name("fork", tests, NULL, NULL);
}
