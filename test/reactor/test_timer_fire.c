/*
 * test_timer_fire.c - timers that are fired when asked, and not in their turn
 *
 * A runtime has a place of its own for the timers of one callback. Whatever
 * they do to each other there, each fires once, and none is early.
 */
#include "timed.h"

#include <weir/runtime.h>

static struct timed early, late, restarted;

static void fire_another_way(weir_timer *timer)
{
    (void)timer;
    trace_add('o');
}

static void start_again(struct timed *timed)
{
    if (timed->fired == 1)
        start(timed, 0);
    weir_timer_stop(&timed->other->timer);
}

static void fire_in_a_task(weir_task *task)
{
    (void)task;
    spend(20 * MS);
    trace_add('(');
    weir_loop_fire(the_loop, fired);
    trace_add(')');
}

static void
those_of_one_callback_fire_when_asked_and_others_in_their_turn(void **state)
{
    static weir_timer other;
    struct timed stopped;
    weir_task task;

    (void)state;
    init(&late, "l");
    init(&early, "e");
    init(&restarted, "r");
    init(&stopped, "s");
    weir_timer_init(&other, the_loop, fire_another_way);
    weir_task_init(&task, the_loop, fire_in_a_task);
    restarted.then = start_again;
    restarted.other = &stopped;
    start(&late, 30);
    start(&stopped, 12);
    start(&restarted, 10);
    weir_timer_start(&other, 5);
    start(&early, 5);
    weir_task_post(&task);
    run();
    assert_trace("(er)orl");
    assert_true(early.fired_at - early.started >= 5 * MS);
}

/* What a callback of weir_loop_fire() does to a timer that is due as well. */
static void (*to_another)(struct timed *timed);
static struct timed one, another;

static void one_fires(struct timed *timed)
{
    (void)timed;
    if (one.fired == 1)
        to_another(&another);
}

static void start_far_off(struct timed *timed)
{
    start(timed, 100);
}

static void three_beats(struct timed *timed)
{
    if (timed->fired == 3)
        weir_timer_stop(&timed->timer);
}

static void start_a_beat(struct timed *timed)
{
    timed->then = three_beats;
    assert_int_equal(weir_timer_start_repeating(&timed->timer, 100), 0);
}

static void stop_it(struct timed *timed)
{
    weir_timer_stop(&timed->timer);
}

static void stop_the_loop(struct timed *timed)
{
    (void)timed;
    weir_loop_stop(the_loop);
}

static void fire_again(struct timed *timed)
{
    (void)timed;
    trace_add('[');
    weir_loop_fire(the_loop, fired);
    trace_add(']');
}

static void fire_two(void (*what)(struct timed *timed))
{
    static weir_task task;

    init(&one, "1");
    init(&another, "2");
    one.then = one_fires;
    to_another = what;
    weir_task_init(&task, the_loop, fire_in_a_task);
    start(&one, 10);
    start(&another, 12);
    weir_task_post(&task);
    run();
}

static void one_started_anew_as_others_are_fired_is_not_early(void **state)
{
    (void)state;
    fire_two(start_far_off);
    assert_trace("(1)2");
    assert_true(another.fired_at - another.started >= 100 * MS);
}

static void a_beat_started_anew_as_others_are_fired_is_kept(void **state)
{
    (void)state;
    fire_two(start_a_beat);
    assert_trace("(1)222");
}

static void one_stopped_as_others_are_fired_does_not_fire(void **state)
{
    (void)state;
    fire_two(stop_it);
    assert_trace("(1)");
}

static void
the_rest_waits_when_the_loop_is_stopped_as_they_are_fired(void **state)
{
    (void)state;
    fire_two(stop_the_loop);
    assert_trace("(1)");
    run();
    assert_trace("(1)2");
}

static void those_of_one_callback_are_fired_from_one_of_them(void **state)
{
    (void)state;
    fire_two(fire_again);
    assert_trace("(1[2])");
}

static void fire_them_in_a_timer(weir_timer *timer)
{
    (void)timer;
    fire_again(NULL);
}

/* Among those of its turn already, and due since. */
static void those_of_one_callback_are_fired_in_another_timers(void **state)
{
    static weir_timer first;

    (void)state;
    init(&one, "1");
    weir_timer_init(&first, the_loop, fire_them_in_a_timer);
    weir_timer_start(&first, 10);
    start(&one, 10);
    run();
    assert_trace("[1]");
}

static void start_once_more(struct timed *timed)
{
    if (timed->fired == 1)
        start(timed, 0);
}

static void what_they_start_themselves_waits_for_the_next_turn(void **state)
{
    static weir_timer first;

    (void)state;
    init(&one, "1");
    one.then = start_once_more;
    weir_timer_init(&first, the_loop, fire_them_in_a_timer);
    weir_timer_start(&first, 10);
    start(&one, 10);
    run();
    assert_trace("[1]1");
}

static void run_in_it(struct timed *timed)
{
    (void)timed;
    assert_int_equal(weir_loop_run_once(the_loop, 0), -EBUSY);
    assert_int_equal(weir_loop_destroy(the_loop), -EBUSY);
}

/* Two, so that there is something to be met. */
static void those_that_are_fired_outside_of_a_run_cannot_begin_one(void **state)
{
    (void)state;
    init(&one, "1");
    init(&another, "2");
    one.then = run_in_it;
    start(&one, 10);
    start(&another, 12);
    weir_loop_update_now(the_loop);
    spend(20 * MS);
    weir_loop_fire(the_loop, fired);
    assert_trace("12");
    assert_int_equal(weir_loop_run_once(the_loop, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_VIRTUAL_LOOP(
            those_of_one_callback_fire_when_asked_and_others_in_their_turn),
        TEST_ON_VIRTUAL_LOOP(one_started_anew_as_others_are_fired_is_not_early),
        TEST_ON_VIRTUAL_LOOP(a_beat_started_anew_as_others_are_fired_is_kept),
        TEST_ON_VIRTUAL_LOOP(one_stopped_as_others_are_fired_does_not_fire),
        TEST_ON_VIRTUAL_LOOP(
            the_rest_waits_when_the_loop_is_stopped_as_they_are_fired),
        TEST_ON_VIRTUAL_LOOP(those_of_one_callback_are_fired_from_one_of_them),
        TEST_ON_VIRTUAL_LOOP(
            what_they_start_themselves_waits_for_the_next_turn),
        TEST_ON_VIRTUAL_LOOP(
            those_that_are_fired_outside_of_a_run_cannot_begin_one),
        TEST_ON_VIRTUAL_LOOP(those_of_one_callback_are_fired_in_another_timers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
