/*
 * test_loop.c - the turn of the loop: its order, and how it ends
 *
 * What happens within one batch of ready descriptors is in test_batch.c, what a
 * loop waits for in test_loop_wait.c.
 */
#include "loop_test.h"

#include <errno.h>
#include <signal.h>

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
        TEST_ON_VIRTUAL_LOOP(
            a_stop_among_timers_loses_none_and_keeps_their_order),
        TEST_ON_VIRTUAL_LOOP(
            a_stop_among_tasks_loses_none_and_keeps_their_order),
        TEST_ON_VIRTUAL_LOOP(a_stop_outside_of_a_run_ends_the_next_one_at_once),
        TEST_ON_VIRTUAL_LOOP(
            after_a_stop_the_rest_of_a_batch_sees_the_new_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
