/*
 * test_timer.c - one timer at a time, by a virtual clock
 *
 * "Never early" is measured against the true time of the start, whatever the
 * loop's cached clock said then.
 */
#include "timed.h"

#include <errno.h>

/* --------------------------------------------------------------- one timer */

static void bad_input_is_an_error_at_the_call(void **state)
{
    weir_timer timer;

    (void)state;
    assert_int_equal(weir_timer_init(NULL, the_loop, fired), -EINVAL);
    assert_int_equal(weir_timer_init(&timer, NULL, fired), -EINVAL);
    assert_int_equal(weir_timer_init(&timer, the_loop, NULL), -EINVAL);
    assert_int_equal(weir_timer_init(&timer, the_loop, fired), 0);
    assert_int_equal(weir_timer_start_repeating(&timer, 0), -EINVAL);
    assert_false(weir_timer_running(&timer));
    weir_timer_start(&timer, 9);
    assert_int_equal(weir_timer_start_repeating(&timer, 0), -EINVAL);
    assert_true(weir_timer_running(&timer));
}

static void init_leaves_the_data_alone(void **state)
{
    weir_timer timer = { .data = state };

    assert_int_equal(weir_timer_init(&timer, the_loop, fired), 0);
    assert_ptr_equal(timer.data, state);
}

static void a_timer_fires_once_and_is_not_running_then(void **state)
{
    struct timed a;

    (void)state;
    init(&a, "a");
    assert_false(weir_timer_running(&a.timer));
    start(&a, 20);
    assert_true(weir_timer_running(&a.timer));
    run();
    expect_after(&a, 20);
    assert_false(weir_timer_running(&a.timer));
    run();
    assert_int_equal(a.fired, 1);
}

/* Note 24: a floored clock fires up to 0.99 ms early. */
static void a_timer_is_not_early_wherever_in_a_tick_it_starts(void **state)
{
    static const uint64_t within[] = { 0, 1, 499999, 500000, 999998, 999999 };
    static const uint64_t delays[] = {
        1, 2, 3, 63, 64, 65, 1000, 4096, 100000
    };

    (void)state;
    for (size_t i = 0; i < COUNT(within); i++) {
        for (size_t j = 0; j < COUNT(delays); j++) {
            struct timed a;

            init(&a, NULL);
            virtual.now = (virtual.now / MS + 1) * MS + within[i];
            start(&a, delays[j]);
            run();
            expect_after(&a, delays[j]);
        }
    }
}

static void a_timer_of_0_ms_fires_without_waiting(void **state)
{
    struct timed a;

    (void)state;
    init(&a, "a");
    start(&a, 0);
    assert_int_equal(weir_loop_timeout(the_loop), 0);
    assert_int_equal(weir_loop_run_once(the_loop, 0), 0);
    assert_int_equal(a.fired, 1);
    assert_int_equal(virtual.sleeps, 0);
}

static void a_stopped_timer_does_not_fire(void **state)
{
    struct timed a;

    (void)state;
    init(&a, "a");
    weir_timer_stop(&a.timer);
    start(&a, 5);
    weir_timer_stop(&a.timer);
    weir_timer_stop(&a.timer);
    assert_false(weir_timer_running(&a.timer));
    assert_false(weir_loop_alive(the_loop));
    spend(50 * MS);
    assert_int_equal(weir_loop_run_once(the_loop, 0), 0);
    assert_int_equal(a.fired, 0);
}

static void a_timer_started_again_counts_from_then(void **state)
{
    struct timed a;

    (void)state;
    init(&a, "a");
    start(&a, 10);
    spend(8 * MS);
    start(&a, 10);
    run();
    expect_after(&a, 10);
    start(&a, 10);
    start(&a, 3);
    run();
    assert_int_equal(a.fired, 2);
    assert_true(a.fired_at - a.started < 5 * MS);
}

static void remaining_is_by_the_cached_clock(void **state)
{
    struct timed a;
    uint64_t left;

    (void)state;
    init(&a, "a");
    assert_int_equal(weir_timer_remaining(&a.timer), 0);
    start(&a, 100);
    assert_int_equal(weir_timer_remaining(&a.timer), 100);
    weir_loop_update_now(the_loop); /* it counts from here */
    left = weir_timer_remaining(&a.timer);
    assert_true(left == 100 || left == 101);
    spend(40 * MS);
    assert_int_equal(weir_timer_remaining(&a.timer), left);
    weir_loop_update_now(the_loop);
    assert_in_range(weir_timer_remaining(&a.timer), 60, 61);
    spend(70 * MS);
    weir_loop_update_now(the_loop);
    assert_int_equal(weir_timer_remaining(&a.timer), 0);
    assert_true(weir_timer_running(&a.timer));
    weir_timer_stop(&a.timer);
    assert_int_equal(weir_timer_remaining(&a.timer), 0);
}

/* ----------------------------------------------------- an old cached clock */

static void a_timer_started_outside_of_a_run_is_not_early(void **state)
{
    struct timed a, b;

    (void)state;
    init(&a, "a");
    init(&b, "b");
    spend(10000u * MS);
    start(&a, 5);
    spend(3 * MS);
    start(&b, 5);
    a.started = b.started = virtual.now; /* the run begins */
    run();
    expect_after(&a, 5);
    expect_after(&b, 5);
    assert_trace("ab");
}

enum { MANY = 200 };
static struct timed many[MANY];

/* Starts some, computing for a while before each and after the last. */
static void start_many(struct timed *timed)
{
    (void)timed;
    for (unsigned i = 0; i < MANY; i++) {
        spend(i % 7 * 300000);
        start(&many[i], 1 + i % 50);
    }
    spend(5 * MS);
}

/* Note 24: a timeout is a floor. The loop's clock is as old as the callback is
 * long; that a second or a hundredth start shares its reading may not show. */
static void timers_started_in_a_long_callback_are_not_early(void **state)
{
    struct timed a;

    (void)state;
    init(&a, "a");
    for (unsigned i = 0; i < MANY; i++)
        init(&many[i], NULL);
    a.then = start_many;
    a.spends = 100 * MS;
    start(&a, 1);
    run();
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(many[i].fired, 1);
        assert_true(many[i].fired_at >=
                    many[i].started + (1 + i % 50) * (uint64_t)MS);
    }
}

static void start_long_then_short(struct timed *timed)
{
    start(timed->other, 100);
    start(timed->other->other, 50);
    spend(60 * MS); /* less than the long one's delay */
}

/* Both were started at the same moment: what the callback does afterwards is no
 * reason for the longer delay to be over first. */
static void a_long_callback_does_not_turn_the_order_of_deadlines(void **state)
{
    struct timed a, l, s;

    (void)state;
    init(&a, "a");
    init(&l, "l");
    init(&s, "s");
    a.then = start_long_then_short;
    a.other = &l;
    l.other = &s;
    start(&a, 1);
    run();
    assert_trace("asl");
}

static void a_delay_counts_from_the_end_of_the_callback(void **state)
{
    struct timed a, l, s;

    (void)state;
    init(&a, "a");
    init(&l, "l");
    init(&s, "s");
    a.then = start_long_then_short;
    a.other = &l;
    l.other = &s;
    start(&a, 1);
    run();
    l.started += 60 * MS;
    s.started += 60 * MS;
    expect_after(&l, 100);
    expect_after(&s, 50);
}

static void start_at_20_and_30(struct timed *timed)
{
    uint64_t now;

    spend(15 * MS + 1);
    now = weir_loop_update_now(the_loop);
    timed->other->started = timed->other->other->started = now * MS;
    weir_timer_start_at(&timed->other->timer, now + 30);
    weir_timer_start_at(&timed->other->other->timer, now + 20);
    assert_int_equal(weir_timer_remaining(&timed->other->timer), 30);
    spend(25 * MS);
}

static void
a_timer_for_a_given_time_fires_then_however_long_the_callback(void **state)
{
    struct timed a, l, s;

    (void)state;
    init(&a, "a");
    init(&l, "l");
    init(&s, "s");
    a.then = start_at_20_and_30;
    a.other = &l;
    l.other = &s;
    start(&a, 1);
    run();
    assert_trace("asl");
    expect_after(&l, 30);
    assert_true(s.fired_at - s.started < 26 * MS);
}

static void
a_timer_for_a_time_that_has_passed_fires_without_waiting(void **state)
{
    struct timed a, b;

    (void)state;
    init(&a, "a");
    init(&b, "b");
    weir_timer_start_at(&a.timer, 0);
    weir_timer_start_at(&b.timer, weir_loop_now(the_loop));
    assert_int_equal(weir_loop_run_once(the_loop, 0), 0);
    assert_trace("ab");
    weir_timer_start_at(&a.timer, UINT64_MAX);
    assert_true(weir_timer_running(&a.timer));
    assert_int_equal(weir_loop_run_once(the_loop, 0), 1);
    assert_trace("ab");
}

static void start_and_forget(struct timed *timed)
{
    struct timed *two = malloc(2 * sizeof *two);

    (void)timed;
    assert_non_null(two);
    init(&two[0], "x");
    init(&two[1], "x");
    start(&two[0], 10);
    start(&two[1], 10);
    weir_timer_stop(&two[0].timer);
    weir_timer_stop(&two[1].timer);
    free(two);
}

static void a_timer_may_be_freed_in_the_callback_that_started_it(void **state)
{
    struct timed a, b;

    (void)state;
    init(&a, "a");
    init(&b, "b");
    a.then = start_and_forget;
    start(&a, 1);
    start(&b, 30);
    run();
    assert_trace("ab");
}

static void start_twice(struct timed *timed)
{
    struct timed *other = timed->other;

    start(other->other, 1); /* has read the clock */
    start(other, 5);
    spend(2 * MS);
    weir_timer_stop(&other->timer);
    start(other, 7);
    spend(2 * MS);
    start(other, 20);
}

static void a_timer_started_anew_in_one_callback_fires_once(void **state)
{
    struct timed a, b, c;

    (void)state;
    init(&a, "a");
    init(&b, "b");
    init(&c, "c");
    a.then = start_twice;
    a.other = &b;
    b.other = &c;
    start(&a, 1);
    run();
    assert_trace("acb");
    expect_after(&b, 20);
}

/* What is due is fired before the loop thinks of sleeping, also when it became
 * due while callbacks of this turn were running. */
static void a_loop_does_not_sleep_when_a_callback_took_too_long(void **state)
{
    struct timed a, b;

    (void)state;
    init(&a, "a");
    init(&b, "b");
    a.spends = 90 * MS;
    start(&a, 10);
    start(&b, 100);
    run();
    assert_trace("ab");
    assert_true(b.fired_at - b.started < 102 * MS);
}

static void spend_90_ms(weir_task *task)
{
    (void)task;
    spend(90 * MS);
}

static void a_loop_does_not_sleep_when_a_task_took_too_long(void **state)
{
    struct timed a;
    weir_task task;

    (void)state;
    init(&a, "a");
    weir_task_init(&task, the_loop, spend_90_ms);
    weir_task_post(&task);
    start(&a, 100);
    run();
    expect_after(&a, 100);
}

/* -------------------------------------------------------------- repetition */

static void stop_after_5(struct timed *timed)
{
    if (timed->fired == 5)
        weir_timer_stop(&timed->timer);
}

static uint64_t beats[8];

static void note_beat(struct timed *timed)
{
    if (timed->fired <= COUNT(beats))
        beats[timed->fired - 1] = (timed->fired_at - timed->started) / MS;
    stop_after_5(timed);
}

static void expect_beats(const uint64_t expected[5])
{
    for (unsigned i = 0; i < 5; i++)
        assert_in_range(beats[i], expected[i], expected[i] + 1);
}

static void a_repeating_timer_keeps_its_beat(void **state)
{
    struct timed a;

    (void)state;
    init(&a, "a");
    a.then = note_beat;
    a.spends = 7 * MS + 123;
    start_repeating(&a, 10);
    run();
    assert_int_equal(a.fired, 5);
    expect_beats((uint64_t[]){ 10, 20, 30, 40, 50 });
}

static void a_beat_that_was_missed_is_skipped(void **state)
{
    struct timed a;

    (void)state;
    init(&a, "a");
    a.then = note_beat;
    a.spends = 35 * MS;
    start_repeating(&a, 10);
    run();
    expect_beats((uint64_t[]){ 10, 45, 80, 115, 150 });
    assert_int_equal(a.fired, 5);
}

static void spend_only_once(struct timed *timed)
{
    timed->spends = 0;
    note_beat(timed);
}

static void after_a_missed_beat_the_old_ones_go_on(void **state)
{
    struct timed a;

    (void)state;
    init(&a, "a");
    a.then = spend_only_once;
    a.spends = 32 * MS;
    start_repeating(&a, 10);
    run();
    /* What was due at 20 comes at 42; 30 and 40 are lost. */
    expect_beats((uint64_t[]){ 10, 42, 50, 60, 70 });
}

static void a_repeating_timer_may_stop_in_its_callback(void **state)
{
    struct timed a;

    (void)state;
    init(&a, "a");
    a.then = stop_after_5;
    start_repeating(&a, 1);
    run();
    assert_int_equal(a.fired, 5);
    assert_false(weir_loop_alive(the_loop));
}

static void go_on_once(struct timed *timed)
{
    timed->then = NULL;
    start(timed, 7);
}

static void a_repeating_timer_started_for_once_fires_once_more(void **state)
{
    struct timed a;

    (void)state;
    init(&a, "a");
    a.then = go_on_once;
    start_repeating(&a, 3);
    run();
    assert_trace("aa");
    assert_true(a.fired_at - a.started >= 7 * MS);
}

static void go_on_repeating(struct timed *timed)
{
    timed->then = stop_after_5;
    start_repeating(timed, 4);
}

static void a_timer_may_begin_to_repeat_in_its_callback(void **state)
{
    struct timed a;

    (void)state;
    init(&a, "a");
    a.then = go_on_repeating;
    start(&a, 1);
    run();
    assert_int_equal(a.fired, 5);
    assert_true(a.fired_at - a.started >= 16 * MS);
}

static void a_period_beyond_the_clock_never_fires(void **state)
{
    struct timed a, b;

    (void)state;
    init(&a, "a");
    init(&b, "b");
    start_repeating(&a, UINT64_MAX);
    start(&b, 100000000000);
    weir_timer_unref(&a.timer);
    run();
    assert_trace("b");
}

/* ------------------------------------------------------------- references */

static void an_unreferenced_timer_does_not_keep_the_loop_running(void **state)
{
    struct timed a, b;

    (void)state;
    init(&a, "a");
    init(&b, "b");
    weir_timer_unref(&a.timer);
    start(&a, 50);
    assert_false(weir_loop_alive(the_loop));
    run();
    assert_int_equal(virtual.waits, 0);
    start(&b, 80);
    run();
    assert_trace("ab");
}

static void references_may_change_while_a_timer_runs(void **state)
{
    struct timed a;

    (void)state;
    init(&a, "a");
    start(&a, 5);
    assert_true(weir_loop_alive(the_loop));
    weir_timer_unref(&a.timer);
    weir_timer_unref(&a.timer);
    assert_false(weir_loop_alive(the_loop));
    weir_timer_ref(&a.timer);
    weir_timer_ref(&a.timer);
    assert_true(weir_loop_alive(the_loop));
    weir_timer_unref(&a.timer);
    weir_timer_stop(&a.timer);
    weir_timer_ref(&a.timer);
    assert_false(weir_loop_alive(the_loop));
    start(&a, 5);
    assert_true(weir_loop_alive(the_loop));
    run();
    assert_trace("a");
    assert_false(weir_loop_alive(the_loop));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_VIRTUAL_LOOP(bad_input_is_an_error_at_the_call),
        TEST_ON_VIRTUAL_LOOP(init_leaves_the_data_alone),
        TEST_ON_VIRTUAL_LOOP(a_timer_fires_once_and_is_not_running_then),
        TEST_ON_VIRTUAL_LOOP(a_timer_is_not_early_wherever_in_a_tick_it_starts),
        TEST_ON_VIRTUAL_LOOP(a_timer_of_0_ms_fires_without_waiting),
        TEST_ON_VIRTUAL_LOOP(a_stopped_timer_does_not_fire),
        TEST_ON_VIRTUAL_LOOP(a_timer_started_again_counts_from_then),
        TEST_ON_VIRTUAL_LOOP(remaining_is_by_the_cached_clock),
        TEST_ON_VIRTUAL_LOOP(a_timer_started_outside_of_a_run_is_not_early),
        TEST_ON_VIRTUAL_LOOP(timers_started_in_a_long_callback_are_not_early),
        TEST_ON_VIRTUAL_LOOP(
            a_long_callback_does_not_turn_the_order_of_deadlines),
        TEST_ON_VIRTUAL_LOOP(a_delay_counts_from_the_end_of_the_callback),
        TEST_ON_VIRTUAL_LOOP(
            a_timer_for_a_given_time_fires_then_however_long_the_callback),
        TEST_ON_VIRTUAL_LOOP(
            a_timer_for_a_time_that_has_passed_fires_without_waiting),
        TEST_ON_VIRTUAL_LOOP(
            a_timer_may_be_freed_in_the_callback_that_started_it),
        TEST_ON_VIRTUAL_LOOP(a_timer_started_anew_in_one_callback_fires_once),
        TEST_ON_VIRTUAL_LOOP(
            a_loop_does_not_sleep_when_a_callback_took_too_long),
        TEST_ON_VIRTUAL_LOOP(a_loop_does_not_sleep_when_a_task_took_too_long),
        TEST_ON_VIRTUAL_LOOP(a_repeating_timer_keeps_its_beat),
        TEST_ON_VIRTUAL_LOOP(a_beat_that_was_missed_is_skipped),
        TEST_ON_VIRTUAL_LOOP(after_a_missed_beat_the_old_ones_go_on),
        TEST_ON_VIRTUAL_LOOP(a_repeating_timer_may_stop_in_its_callback),
        TEST_ON_VIRTUAL_LOOP(
            a_repeating_timer_started_for_once_fires_once_more),
        TEST_ON_VIRTUAL_LOOP(a_timer_may_begin_to_repeat_in_its_callback),
        TEST_ON_VIRTUAL_LOOP(a_period_beyond_the_clock_never_fires),
        TEST_ON_VIRTUAL_LOOP(
            an_unreferenced_timer_does_not_keep_the_loop_running),
        TEST_ON_VIRTUAL_LOOP(references_may_change_while_a_timer_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
