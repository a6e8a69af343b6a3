/*
 * test_loop_surround.c - a call around whatever several callbacks do
 *
 * A runtime takes its interpreter's lock once for all tasks, or all
 * descriptors, of a turn. A lone one is called without it.
 */
#include "loop_test.h"

#include <weir/runtime.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_VIRTUAL_LOOP(
            several_tasks_are_surrounded_and_a_lone_one_is_not),
        TEST_ON_LOOP(several_descriptors_are_surrounded_and_a_lone_one_is_not),
        TEST_ON_VIRTUAL_LOOP(
            what_a_surrounding_does_not_serve_is_served_after_it),
        TEST_ON_VIRTUAL_LOOP(a_stop_ends_what_is_surrounded_and_loses_none),
        TEST_ON_VIRTUAL_LOOP(without_a_surrounding_there_is_nothing_to_serve),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
