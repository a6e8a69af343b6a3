/*
 * test_loop.c - the turn of the loop: its order, its ends, its errors
 *
 * What happens within one batch of ready descriptors is in test_batch.c.
 */
#include "test/support/virtual_clock.h"

#include <weir/runtime.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

static void note_timer(weir_timer *timer)
{
    TRACE(timer);
}

static void note_task(weir_task *task)
{
    TRACE(task);
}

static void note_async(weir_async *async)
{
    TRACE(async);
}

static void note_signal(weir_signal *watcher, int number)
{
    (void)number;
    TRACE(watcher);
}

static void note_io(weir_io *io, unsigned events)
{
    (void)events;
    TRACE(io);
    test_drain(weir_io_fd(io));
}

static void note_io_once(weir_io *io, unsigned events)
{
    (void)events;
    TRACE(io);
    weir_io_stop(io);
}

static void post(weir_task *task, const char *letter, weir_task_cb *cb)
{
    task->data = (void *)(uintptr_t)letter;
    assert_int_equal(weir_task_init(task, the_loop, cb), 0);
    weir_task_post(task);
}

static void begin(weir_timer *timer, const char *letter, weir_timer_cb *cb,
                  uint64_t delay)
{
    timer->data = (void *)(uintptr_t)letter;
    assert_int_equal(weir_timer_init(timer, the_loop, cb), 0);
    weir_timer_start(timer, delay);
}

static void watch(weir_io *io, const char *letter, weir_io_cb *cb, int fd)
{
    io->data = (void *)(uintptr_t)letter;
    assert_int_equal(weir_io_init(io, the_loop, fd, cb), 0);
    assert_int_equal(weir_io_start(io, WEIR_READABLE), 0);
}

static void run(void)
{
    assert_int_equal(weir_loop_run(the_loop), 0);
}

/* ---------------------------------------------------- beginning and ending */

static void bad_input_is_an_error_at_the_call(void **state)
{
    weir_task task;

    (void)state;
    assert_int_equal(weir_loop_create(NULL), -EINVAL);
    assert_int_equal(weir_loop_destroy(NULL), 0);
    assert_int_equal(weir_task_init(NULL, the_loop, note_task), -EINVAL);
    assert_int_equal(weir_task_init(&task, NULL, note_task), -EINVAL);
    assert_int_equal(weir_task_init(&task, the_loop, NULL), -EINVAL);
}

static void a_loop_with_nothing_to_do_ends_at_once(void **state)
{
    (void)state;
    assert_false(weir_loop_alive(the_loop));
    run();
    assert_int_equal(weir_loop_run_once(the_loop, -1), 0);
    assert_int_equal(virtual.sleeps, 0);
}

static void a_loop_says_what_it_is(void **state)
{
    int fd = weir_loop_fd(the_loop);
    const char *backend = weir_loop_backend(the_loop);

    assert_true(fd >= 0);
    assert_true(!strcmp(backend, "epoll") || !strcmp(backend, "kqueue"));
    assert_null(weir_loop_data(the_loop));
    weir_loop_set_data(the_loop, state);
    assert_ptr_equal(weir_loop_data(the_loop), state);
}

static void run_inside(weir_timer *timer)
{
    TRACE(timer);
    assert_int_equal(weir_loop_run(the_loop), -EBUSY);
    assert_int_equal(weir_loop_run_once(the_loop, 0), -EBUSY);
    assert_int_equal(weir_loop_destroy(the_loop), -EBUSY);
}

static void a_run_inside_of_a_run_is_refused_and_changes_nothing(void **state)
{
    weir_timer a, b;

    (void)state;
    begin(&a, "a", run_inside, 1);
    begin(&b, "b", note_timer, 2);
    run();
    assert_trace("ab");
}

static void run_another_loop(weir_timer *timer)
{
    weir_loop *other;
    weir_timer inner = { .data = "i" };

    assert_int_equal(weir_loop_create(&other), 0);
    weir_timer_init(&inner, other, note_timer);
    weir_timer_start(&inner, 3);
    assert_int_equal(weir_loop_run(other), 0);
    assert_int_equal(weir_loop_destroy(other), 0);
    TRACE(timer);
}

static void another_loop_may_be_run_in_a_callback(void **state)
{
    weir_timer a, b;

    (void)state;
    begin(&a, "a", run_another_loop, 1);
    begin(&b, "b", note_timer, 2);
    run();
    assert_trace("iab");
}

static void destroy_forgets_what_is_started_without_a_callback(void **state)
{
    weir_timer timer;
    weir_task task;
    weir_io io, file;
    weir_async async = { .data = "!" };
    weir_signal watcher = { .data = "!" };
    int fds[2];
    FILE *regular = tmpfile();

    (void)state;
    assert_non_null(regular);
    test_pipe(fds);
    test_fill(fds[1], 1);
    begin(&timer, "!", note_timer, 0);
    post(&task, "!", note_task);
    watch(&io, "!", note_io, fds[0]);
    watch(&file, "!", note_io, fileno(regular));
    weir_async_init(&async, the_loop, note_async);
    weir_async_start(&async);
    weir_async_send(&async);
    weir_signal_init(&watcher, the_loop, note_signal);
    weir_signal_start(&watcher, SIGUSR1);
    raise(SIGUSR1);
    test_destroy_loop();
    assert_trace("");
    test_close_pair(fds);
    fclose(regular);
}

/* --------------------------------------------------------- order of a turn */

static void a_turn_is_timers_then_tasks_then_descriptors(void **state)
{
    weir_timer timer;
    weir_task task;
    weir_io io;
    int fds[2];

    (void)state;
    test_pipe(fds);
    test_fill(fds[1], 1);
    watch(&io, "d", note_io_once, fds[0]);
    post(&task, "t", note_task);
    begin(&timer, "w", note_timer, 0);
    assert_int_equal(weir_loop_run_once(the_loop, 0), 0);
    assert_trace("wtd");
    test_close_pair(fds);
}

static void tasks_run_in_the_order_of_posting_and_once_each(void **state)
{
    weir_task a, b, c;

    (void)state;
    post(&b, "b", note_task);
    post(&a, "a", note_task);
    weir_task_post(&b);
    assert_true(weir_task_posted(&b));
    post(&c, "c", note_task);
    run();
    assert_false(weir_task_posted(&b));
    assert_trace("bac");
    assert_int_equal(virtual.sleeps, 0);
}

static void post_again(weir_task *task)
{
    TRACE(task);
    if (trace.length < 10)
        weir_task_post(task);
}

static void
a_task_that_posts_itself_lets_descriptors_have_their_turn(void **state)
{
    weir_task a, b;
    weir_io io;
    int fds[2];

    (void)state;
    test_pipe(fds);
    test_fill(fds[1], 1);
    watch(&io, "d", note_io, fds[0]);
    weir_io_unref(&io);
    post(&a, "a", post_again);
    post(&b, "b", note_task);
    run();
    assert_trace("abdaaaaaaa");
    assert_int_equal(virtual.sleeps, 0);
    test_close_pair(fds);
}

static weir_task *victim;

static void cancel_and_free_victim(weir_task *task)
{
    TRACE(task);
    weir_task_cancel(victim);
    free(victim);
}

static void a_task_may_be_cancelled_and_freed_by_the_one_before(void **state)
{
    weir_task a, c;

    (void)state;
    victim = malloc(sizeof *victim);
    assert_non_null(victim);
    post(&a, "a", cancel_and_free_victim);
    post(victim, "!", note_task);
    post(&c, "c", note_task);
    run();
    assert_trace("ac");
}

static void free_task(weir_task *task)
{
    TRACE(task);
    free(task);
}

static void a_task_may_be_freed_in_its_callback(void **state)
{
    weir_task *task = malloc(sizeof *task);

    (void)state;
    assert_non_null(task);
    post(task, "a", free_task);
    run();
    assert_trace("a");
}

static void an_unreferenced_task_does_not_keep_the_loop_running(void **state)
{
    weir_task a, b;

    (void)state;
    post(&a, "a", note_task);
    weir_task_unref(&a);
    assert_false(weir_loop_alive(the_loop));
    run();
    assert_trace("");
    post(&b, "b", note_task);
    run();
    assert_trace("ab");
    weir_task_cancel(&a);
    weir_task_post(&a);
    assert_false(weir_loop_alive(the_loop));
    weir_task_ref(&a);
    assert_true(weir_loop_alive(the_loop));
    weir_task_cancel(&a);
    assert_false(weir_loop_alive(the_loop));
}

static void
the_clock_goes_on_though_nothing_but_tasks_turns_the_loop(void **state)
{
    weir_task task;
    uint64_t before = weir_loop_now(the_loop);

    (void)state;
    post(&task, "a", post_again);
    for (unsigned i = 0; i < 5; i++) {
        spend(20 * MS);
        assert_int_equal(weir_loop_run_once(the_loop, 0), 1);
    }
    assert_int_equal(weir_loop_now(the_loop), before + 100);
    assert_int_equal(weir_loop_update_now(the_loop), before + 100);
    spend(MS);
    assert_int_equal(weir_loop_now(the_loop), before + 100);
    assert_int_equal(weir_loop_update_now(the_loop), before + 101);
    weir_task_cancel(&task);
}

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

/* ---------------------------------------------------------------- stopping */

static void note_timer_and_stop(weir_timer *timer)
{
    TRACE(timer);
    weir_loop_stop(the_loop);
}

static void a_stop_among_timers_loses_none_and_keeps_their_order(void **state)
{
    weir_timer a, b, c, d;
    weir_task task;

    (void)state;
    begin(&a, "a", note_timer, 1);
    begin(&b, "b", note_timer_and_stop, 1);
    begin(&c, "c", note_timer_and_stop, 1);
    begin(&d, "d", note_timer, 2);
    post(&task, "t", note_task);
    weir_loop_update_now(the_loop);
    spend(10 * MS);
    run();
    assert_trace("ab");
    assert_true(weir_loop_alive(the_loop));
    assert_int_equal(weir_loop_timeout(the_loop), 0);
    run();
    assert_trace("abc");
    run();
    assert_trace("abcdt");
}

static void note_task_and_stop(weir_task *task)
{
    TRACE(task);
    weir_loop_stop(the_loop);
}

static void a_stop_among_tasks_loses_none_and_keeps_their_order(void **state)
{
    weir_task a, b, c, d;

    (void)state;
    post(&a, "a", note_task_and_stop);
    post(&b, "b", note_task);
    post(&c, "c", note_task);
    run();
    assert_trace("a");
    assert_int_equal(weir_loop_timeout(the_loop), 0);
    post(&d, "d", note_task);
    weir_task_cancel(&b);
    run();
    assert_trace("acd");
}

static void a_stop_outside_of_a_run_ends_the_next_one_at_once(void **state)
{
    weir_task a;

    (void)state;
    post(&a, "a", note_task);
    weir_loop_stop(the_loop);
    run();
    assert_trace("");
    weir_loop_stop(the_loop);
    assert_int_equal(weir_loop_run_once(the_loop, 0), 1);
    assert_trace("");
    run();
    assert_trace("a");
}

/* ------------------------------------------------------- the surrounding */

static void around(weir_loop *loop, void *data)
{
    assert_ptr_equal(data, &trace);
    trace_add('(');
    weir_loop_serve(loop);
    trace_add(')');
    weir_loop_serve(loop); /* once is all */
}

static void around_without_serving(weir_loop *loop, void *data)
{
    (void)loop, (void)data;
    trace_add('(');
    trace_add(')');
}

static void surround(weir_surround_cb *cb)
{
    weir_loop_set_surround(the_loop, cb, &trace);
}

static void several_tasks_are_surrounded_and_a_lone_one_is_not(void **state)
{
    weir_task a, b;

    (void)state;
    surround(around);
    post(&a, "a", note_task);
    run();
    assert_trace("a");
    post(&a, "a", note_task);
    post(&b, "b", note_task);
    run();
    assert_trace("a(ab)");
    surround(NULL);
    post(&a, "a", note_task);
    post(&b, "b", note_task);
    run();
    assert_trace("a(ab)ab");
}

static void
several_descriptors_are_surrounded_and_a_lone_one_is_not(void **state)
{
    weir_io ios[2];
    int fds[2][2];

    (void)state;
    surround(around);
    for (int i = 0; i < 2; i++)
        test_pipe(fds[i]);
    assert_int_equal(write(fds[0][1], "x", 1), 1);
    watch(&ios[0], "a", note_io_once, fds[0][0]);
    run();
    assert_trace("a");
    assert_int_equal(write(fds[1][1], "x", 1), 1);
    for (int i = 0; i < 2; i++)
        watch(&ios[i], "a", note_io_once, fds[i][0]);
    run();
    assert_trace("a(aa)");
    for (int i = 0; i < 2; i++) {
        close(fds[i][0]);
        close(fds[i][1]);
    }
}

static void what_a_surrounding_does_not_serve_is_served_after_it(void **state)
{
    weir_task a, b;

    (void)state;
    surround(around_without_serving);
    post(&a, "a", note_task);
    post(&b, "b", note_task);
    run();
    assert_trace("()ab");
}

static void a_stop_ends_what_is_surrounded_and_loses_none(void **state)
{
    weir_task a, b, c;

    (void)state;
    surround(around);
    post(&a, "a", note_task_and_stop);
    post(&b, "b", note_task);
    post(&c, "c", note_task);
    run();
    assert_trace("(a)");
    run();
    assert_trace("(a)(bc)");
}

static void without_a_surrounding_there_is_nothing_to_serve(void **state)
{
    weir_task a;

    (void)state;
    weir_loop_serve(the_loop);
    surround(around);
    weir_loop_serve(the_loop);
    post(&a, "a", note_task);
    weir_loop_serve(the_loop);
    assert_trace("");
    run();
    assert_trace("a");
}

/* ----------------------------------------------------------- the old time */

static uint64_t seen;

static void see_the_time_and_stop(weir_io *io, unsigned events)
{
    (void)events;
    seen = weir_loop_now(the_loop);
    weir_io_stop(io);
    weir_loop_stop(the_loop);
}

static void after_a_stop_the_rest_of_a_batch_sees_the_new_time(void **state)
{
    weir_io ios[2];
    weir_timer timer;
    int fds[2][2];

    (void)state;
    /* Without a timer the loop would not keep the time at all. */
    assert_int_equal(weir_timer_init(&timer, the_loop, weir_timer_stop), 0);
    weir_timer_start(&timer, 60000);
    for (int i = 0; i < 2; i++) {
        test_pipe(fds[i]);
        assert_int_equal(write(fds[i][1], "x", 1), 1);
        assert_int_equal(
            weir_io_init(&ios[i], the_loop, fds[i][0], see_the_time_and_stop),
            0);
        assert_int_equal(weir_io_start(&ios[i], WEIR_READABLE), 0);
    }
    run();
    spend((uint64_t)1200 * MS);
    run();
    assert_int_equal(seen, virtual_ms());
    weir_timer_stop(&timer);
    for (int i = 0; i < 2; i++) {
        assert_false(weir_io_running(&ios[i]));
        close(fds[i][0]);
        close(fds[i][1]);
    }
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
        TEST_ON_VIRTUAL_LOOP(bad_input_is_an_error_at_the_call),
        TEST_ON_VIRTUAL_LOOP(a_loop_with_nothing_to_do_ends_at_once),
        TEST_ON_VIRTUAL_LOOP(a_loop_says_what_it_is),
        TEST_ON_VIRTUAL_LOOP(
            a_run_inside_of_a_run_is_refused_and_changes_nothing),
        TEST_ON_VIRTUAL_LOOP(another_loop_may_be_run_in_a_callback),
        TEST_ON_VIRTUAL_LOOP(
            destroy_forgets_what_is_started_without_a_callback),
        TEST_ON_VIRTUAL_LOOP(a_turn_is_timers_then_tasks_then_descriptors),
        TEST_ON_VIRTUAL_LOOP(tasks_run_in_the_order_of_posting_and_once_each),
        TEST_ON_VIRTUAL_LOOP(
            a_task_that_posts_itself_lets_descriptors_have_their_turn),
        TEST_ON_VIRTUAL_LOOP(
            a_task_may_be_cancelled_and_freed_by_the_one_before),
        TEST_ON_VIRTUAL_LOOP(a_task_may_be_freed_in_its_callback),
        TEST_ON_VIRTUAL_LOOP(
            an_unreferenced_task_does_not_keep_the_loop_running),
        TEST_ON_VIRTUAL_LOOP(
            the_clock_goes_on_though_nothing_but_tasks_turns_the_loop),
        TEST_ON_VIRTUAL_LOOP(run_once_waits_no_longer_than_it_may),
        TEST_ON_VIRTUAL_LOOP(
            a_wait_ends_at_the_tick_of_the_timer_and_not_before),
        TEST_ON_VIRTUAL_LOOP(with_nothing_to_wait_for_the_timeout_is_infinite),
        TEST_ON_VIRTUAL_LOOP(
            a_stop_among_timers_loses_none_and_keeps_their_order),
        TEST_ON_VIRTUAL_LOOP(
            a_stop_among_tasks_loses_none_and_keeps_their_order),
        TEST_ON_VIRTUAL_LOOP(a_stop_outside_of_a_run_ends_the_next_one_at_once),
        TEST_ON_VIRTUAL_LOOP(
            several_tasks_are_surrounded_and_a_lone_one_is_not),
        TEST_ON_LOOP(several_descriptors_are_surrounded_and_a_lone_one_is_not),
        TEST_ON_VIRTUAL_LOOP(
            what_a_surrounding_does_not_serve_is_served_after_it),
        TEST_ON_VIRTUAL_LOOP(a_stop_ends_what_is_surrounded_and_loses_none),
        TEST_ON_VIRTUAL_LOOP(without_a_surrounding_there_is_nothing_to_serve),
        TEST_ON_VIRTUAL_LOOP(
            after_a_stop_the_rest_of_a_batch_sees_the_new_time),
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
