/*
 * test_before_wait.c - the callback of before the wait; what a loop measures
 */
#include "test/support/virtual_clock.h"

#include <weir/runtime.h>

#include <unistd.h>

static weir_timer timer;
static weir_task task;
static weir_io io;
static weir_loop_measures measures;
static struct {
    unsigned calls;
    void (*act)(void);
} hook;
static int fds[2];

static int setup(void **state)
{
    memset(&hook, 0, sizeof hook);
    memset(&measures, 0, sizeof measures);
    trace_clear();
    if (open_virtual_loop(state))
        return -1;
    test_pipe(fds);
    return 0;
}

static int teardown(void **state)
{
    int result = test_close_loop(state);

    test_close_pair(fds);
    return result;
}

#define TEST(function)                                                         \
    cmocka_unit_test_setup_teardown(function, setup, teardown)

/* Callbacks take as many ms as `data` says. */
static void work(const void *data)
{
    spend((uint64_t)(uintptr_t)data * MS);
}

static void on_timer(weir_timer *fired)
{
    trace_add('t');
    work(fired->data);
}

static void on_task(weir_task *ran)
{
    trace_add('k');
    work(ran->data);
}

static void on_io(weir_io *ready, unsigned events)
{
    (void)events;
    trace_add('i');
    test_drain(weir_io_fd(ready));
    work(ready->data);
}

static void on_sleep(int timeout)
{
    (void)timeout;
    trace_add('w');
}

static void before_wait(weir_loop *loop, void *data)
{
    assert_ptr_equal(loop, the_loop);
    assert_ptr_equal(data, &hook);
    hook.calls++;
    trace_add('b');
    if (hook.act)
        hook.act();
}

static void set_hook(void (*act)(void))
{
    hook.act = act;
    virtual.before_sleep = on_sleep;
    weir_loop_set_before_wait(the_loop, before_wait, &hook);
}

static void start_timer(uint64_t delay, unsigned takes)
{
    timer.data = (void *)(uintptr_t)takes;
    assert_int_equal(weir_timer_init(&timer, the_loop, on_timer), 0);
    weir_timer_start(&timer, delay);
}

static void post_task(unsigned takes)
{
    task.data = (void *)(uintptr_t)takes;
    assert_int_equal(weir_task_init(&task, the_loop, on_task), 0);
    weir_task_post(&task);
}

static void watch(unsigned takes)
{
    io.data = (void *)(uintptr_t)takes;
    assert_int_equal(weir_io_init(&io, the_loop, fds[0], on_io), 0);
    assert_int_equal(weir_io_start(&io, WEIR_READABLE), 0);
}

static void turn(int max_wait)
{
    assert_true(weir_loop_run_once(the_loop, max_wait) >= 0);
}

/* ------------------------------------------------- the callback of before */

static void it_comes_after_timers_and_tasks_and_before_descriptors(void **state)
{
    (void)state;
    set_hook(NULL);
    start_timer(0, 0);
    post_task(0);
    watch(0);
    test_fill(fds[1], 1);
    turn(0);
    assert_trace("tkbi");
    trace_clear();
    turn(5);
    assert_trace("bw");
    weir_io_stop(&io);
}

static void stop_io(void)
{
    if (hook.calls == 2)
        weir_loop_stop(the_loop);
}

/* A loop that has nothing but descriptors goes a shorter way. */
static void it_comes_in_a_run_of_descriptors_alone(void **state)
{
    (void)state;
    set_hook(stop_io);
    watch(0);
    test_fill(fds[1], 1);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_trace("bib");
    weir_io_stop(&io);
}

static void post_once(void)
{
    if (hook.calls == 1)
        post_task(0);
}

static void a_task_it_posts_is_run_without_a_wait(void **state)
{
    (void)state;
    set_hook(post_once);
    watch(0);
    turn(1000);
    turn(0);
    assert_trace("bkb");
    assert_int_equal(virtual.sleeps, 0);
    weir_io_stop(&io);
}

static void start_5(void)
{
    if (hook.calls == 1)
        start_timer(5, 0);
}

static void a_timer_it_starts_limits_the_wait(void **state)
{
    uint64_t begun;

    (void)state;
    set_hook(start_5);
    watch(0);
    begun = virtual.now;
    turn(1000);
    turn(0);
    assert_trace("bwtb");
    assert_true(virtual.now - begun >= 5 * MS);
    assert_true(virtual.now - begun <= 6 * MS);
    weir_io_stop(&io);
}

static void stop(void)
{
    weir_loop_stop(the_loop);
}

static void a_stop_in_it_ends_the_run_before_the_wait(void **state)
{
    (void)state;
    set_hook(stop);
    start_timer(1000, 0);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_trace("b");
    assert_int_equal(virtual.waits, 0);
}

static void end_all(void)
{
    weir_io_stop(&io);
}

static void a_run_ends_when_it_leaves_nothing_alive(void **state)
{
    (void)state;
    set_hook(end_all);
    watch(0);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_trace("b");
    assert_int_equal(virtual.waits, 0);
}

static void remove_itself(void)
{
    weir_loop_set_before_wait(the_loop, NULL, NULL);
}

static void it_may_take_itself_away(void **state)
{
    (void)state;
    set_hook(remove_itself);
    watch(0);
    turn(0);
    turn(0);
    assert_int_equal(hook.calls, 1);
    weir_io_stop(&io);
}

static void it_does_not_keep_the_loop_alive(void **state)
{
    (void)state;
    set_hook(NULL);
    assert_false(weir_loop_alive(the_loop));
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(hook.calls, 0);
}

/* ------------------------------------------------------------- measuring */

static void the_time_that_was_waited_is_added(void **state)
{
    uint64_t begun;

    (void)state;
    weir_loop_measure(the_loop, &measures);
    start_timer(100, 7);
    begun = virtual.now;
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(measures.waited, virtual.now - begun - 7 * MS);
    assert_true(measures.waited >= 100 * MS);
}

static void a_look_without_a_wait_is_none(void **state)
{
    (void)state;
    weir_loop_measure(the_loop, &measures);
    watch(0);
    turn(0);
    assert_int_equal(measures.waited, 0);
    assert_int_equal(measures.turns, 1);
    weir_io_stop(&io);
}

static void the_longest_is_one_callback_of_any_kind(void **state)
{
    (void)state;
    weir_loop_measure(the_loop, &measures);
    start_timer(0, 7);
    turn(0);
    assert_int_equal(measures.longest, 7 * MS);
    post_task(5);
    turn(0);
    assert_int_equal(measures.longest, 7 * MS);
    measures.longest = 0; /* they are the user's */
    post_task(5);
    turn(0);
    assert_int_equal(measures.longest, 5 * MS);
    measures.longest = 0;
    watch(9);
    test_fill(fds[1], 1);
    turn(0);
    assert_int_equal(measures.longest, 9 * MS);
    assert_int_equal(measures.turns, 4);
    weir_io_stop(&io);
}

static void two_callbacks_in_a_row_are_not_one(void **state)
{
    weir_task second = { .data = (void *)(uintptr_t)4 };

    (void)state;
    weir_loop_measure(the_loop, &measures);
    post_task(3);
    assert_int_equal(weir_task_init(&second, the_loop, on_task), 0);
    weir_task_post(&second);
    turn(0);
    assert_trace("kk");
    assert_int_equal(measures.longest, 4 * MS);
}

static void serve(weir_loop *loop, void *data)
{
    (void)data;
    trace_add('(');
    weir_loop_serve(loop);
    trace_add(')');
}

static void what_is_surrounded_is_measured_as_well(void **state)
{
    weir_task second = { .data = (void *)(uintptr_t)4 };

    (void)state;
    weir_loop_set_surround(the_loop, serve, NULL);
    weir_loop_measure(the_loop, &measures);
    post_task(3);
    assert_int_equal(weir_task_init(&second, the_loop, on_task), 0);
    weir_task_post(&second);
    turn(0);
    assert_trace("(kk)");
    assert_int_equal(measures.longest, 4 * MS);
}

static void measure_no_more(weir_timer *fired)
{
    (void)fired;
    spend(9 * MS);
    weir_loop_measure(the_loop, NULL);
}

static void measuring_may_end_in_a_callback(void **state)
{
    (void)state;
    weir_loop_measure(the_loop, &measures);
    assert_int_equal(weir_timer_init(&timer, the_loop, measure_no_more), 0);
    weir_timer_start(&timer, 0);
    turn(0);
    assert_int_equal(measures.longest, 0);
    post_task(5);
    turn(0);
    assert_int_equal(measures.longest, 0);
    assert_int_equal(measures.turns, 1);
}

static unsigned readings;

static void count_reading(void)
{
    readings++;
}

static void a_loop_that_is_not_measured_reads_no_clock_for_it(void **state)
{
    (void)state;
    watch(0);
    virtual.before_read = count_reading;
    readings = 0;
    test_fill(fds[1], 1);
    turn(0);
    assert_int_equal(readings, 0);
    weir_loop_measure(the_loop, &measures);
    test_fill(fds[1], 1);
    turn(0);
    assert_true(readings > 0);
    virtual.before_read = NULL;
    weir_io_stop(&io);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_comes_after_timers_and_tasks_and_before_descriptors),
        TEST(it_comes_in_a_run_of_descriptors_alone),
        TEST(a_task_it_posts_is_run_without_a_wait),
        TEST(a_timer_it_starts_limits_the_wait),
        TEST(a_stop_in_it_ends_the_run_before_the_wait),
        TEST(a_run_ends_when_it_leaves_nothing_alive),
        TEST(it_may_take_itself_away),
        TEST(it_does_not_keep_the_loop_alive),
        TEST(the_time_that_was_waited_is_added),
        TEST(a_look_without_a_wait_is_none),
        TEST(the_longest_is_one_callback_of_any_kind),
        TEST(two_callbacks_in_a_row_are_not_one),
        TEST(what_is_surrounded_is_measured_as_well),
        TEST(measuring_may_end_in_a_callback),
        TEST(a_loop_that_is_not_measured_reads_no_clock_for_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
