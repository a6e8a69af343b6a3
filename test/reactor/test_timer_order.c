/*
 * test_timer_order.c - many timers at once, and the order in which they fire
 *
 * Equal deadlines, timers of 0 ms, timers that stop, free or start each other,
 * and those that keep their old place for a while when they are started again.
 * Times that are far or odd are in test_timer_times.c.
 */
#include "timed.h"

#include "reactor/loop.h"

/* ------------------------------------------------- many at once, and order */

static void rearm_with_0(struct timed *timed)
{
    if (timed->fired < 20)
        start(timed, 0);
}

static void count_readable(weir_io *io, unsigned events)
{
    (void)events;
    trace_add('r');
    if (trace.length >= 10)
        weir_io_stop(io);
}

/* Note 24: a zero timer re-armed in its own callback must not spin. */
static void
a_timer_of_0_ms_rearmed_in_its_callback_does_not_starve_others(void **state)
{
    struct timed a;
    weir_io io;
    int fds[2];

    (void)state;
    test_pipe(fds);
    test_fill(fds[1], 1);
    init(&a, "a");
    a.then = rearm_with_0;
    weir_io_init(&io, the_loop, fds[0], count_readable);
    weir_io_start(&io, WEIR_READABLE);
    start(&a, 0);
    run();
    assert_trace("ararararar"
                 "aaaaaaaaaaaaaaa");
    assert_int_equal(virtual.sleeps, 0);
    test_close_pair(fds);
}

enum { CROWD = 3000 };

static struct timed crowd[CROWD];
static unsigned crowd_fired, crowd_steps[8], crowd_step_count;

static void fire_crowd(struct timed *timed)
{
    assert_ptr_equal(timed, &crowd[crowd_fired]);
    crowd_fired++;
}

static void note_step(weir_io *io, unsigned events)
{
    (void)events;
    if (crowd_step_count < COUNT(crowd_steps))
        crowd_steps[crowd_step_count++] = crowd_fired;
    if (crowd_fired == CROWD)
        weir_io_stop(io);
}

/* Note 25: a million at once took 262 ms in one step elsewhere. */
static void
at_most_1024_timers_fire_between_turns_of_the_descriptors(void **state)
{
    weir_io io;
    int fds[2];

    (void)state;
    test_pipe(fds);
    test_fill(fds[1], 1);
    crowd_fired = crowd_step_count = 0;
    for (unsigned i = 0; i < CROWD; i++) {
        init(&crowd[i], NULL);
        crowd[i].then = fire_crowd;
        start(&crowd[i], i < 1500 ? 5 : 6);
    }
    weir_loop_update_now(the_loop);
    spend(50 * MS);
    weir_io_init(&io, the_loop, fds[0], note_step);
    weir_io_start(&io, WEIR_READABLE);
    run();
    assert_int_equal(crowd_step_count, 4);
    assert_int_equal(crowd_steps[0], 0); /* they were late before it began */
    assert_int_equal(crowd_steps[1], 1024);
    assert_int_equal(crowd_steps[2], 2048);
    assert_int_equal(crowd_steps[3], CROWD);
    assert_int_equal(virtual.sleeps, 0);
    test_close_pair(fds);
}

static void start_0_during_crowd(struct timed *timed)
{
    crowd_fired++;
    if (timed == &crowd[10]) {
        init(timed->other, "z");
        timed->other->then = NULL;
        start(timed->other, 0);
    }
    if (crowd_fired == 1500)
        trace_add('e');
}

static void
what_a_turn_left_fires_before_what_became_due_meanwhile(void **state)
{
    struct timed z;

    (void)state;
    crowd_fired = 0;
    for (unsigned i = 0; i < 1500; i++) {
        init(&crowd[i], NULL);
        crowd[i].then = start_0_during_crowd;
        crowd[i].other = &z;
        start(&crowd[i], 5);
    }
    run();
    assert_trace("ez");
}

static void equal_deadlines_fire_in_the_order_of_starting(void **state)
{
    struct timed a, b, c, d;

    (void)state;
    virtual.now = (virtual.now / MS + 1) * MS;
    init(&a, "a");
    init(&b, "b");
    init(&c, "c");
    init(&d, "d");
    start(&b, 130);
    start(&a, 130);
    weir_loop_update_now(the_loop);
    spend(30 * MS);
    start(&d, 100);
    weir_loop_update_now(the_loop);
    spend(95 * MS);
    start(&c, 5);
    run();
    assert_trace("badc");
}

static void stop_and_free_other(struct timed *timed)
{
    weir_timer_stop(&timed->other->timer);
    free(timed->other);
}

static void a_timer_due_in_the_same_turn_can_be_stopped_and_freed(void **state)
{
    struct timed a, c;
    struct timed *b = malloc(sizeof *b);

    (void)state;
    assert_non_null(b);
    init(&a, "a");
    init(b, "b");
    init(&c, "c");
    a.then = stop_and_free_other;
    a.other = b;
    start(&a, 5);
    start(b, 5);
    start(&c, 5);
    run();
    assert_trace("ac");
}

static void free_itself(struct timed *timed)
{
    free(timed);
}

static void a_timer_may_be_freed_in_its_callback(void **state)
{
    struct timed *a = malloc(sizeof *a);

    (void)state;
    assert_non_null(a);
    init(a, "a");
    a->then = free_itself;
    start(a, 1);
    run();
    assert_trace("a");
}

static void stop_and_free_itself(struct timed *timed)
{
    weir_timer_stop(&timed->timer);
    free(timed);
}

static void a_repeating_timer_may_be_freed_in_its_callback(void **state)
{
    struct timed *a = malloc(sizeof *a);

    (void)state;
    assert_non_null(a);
    init(a, "a");
    a->then = stop_and_free_itself;
    assert_int_equal(weir_timer_start_repeating(&a->timer, 1), 0);
    run();
    assert_trace("a");
}

static void rearm_other(struct timed *timed)
{
    start(timed->other, 10);
}

static void a_timer_due_in_the_same_turn_can_be_put_off(void **state)
{
    struct timed a, b;

    (void)state;
    init(&a, "a");
    init(&b, "b");
    a.then = rearm_other;
    a.other = &b;
    start(&a, 5);
    start(&b, 5);
    run();
    assert_trace("ab");
    expect_after(&b, 10);
}

static void start_other_with_0(struct timed *timed)
{
    start(timed->other, 0);
    trace_add('(');
}

static void note_task(weir_task *task)
{
    TRACE(task);
}

/* No callback from inside the call, nor later in the same phase. */
static void
a_timer_of_0_ms_started_by_a_timer_waits_for_the_next_turn(void **state)
{
    struct timed a, b, c;
    weir_task task = { .data = "t" };

    (void)state;
    init(&a, "a");
    init(&b, "b");
    init(&c, "c");
    a.then = start_other_with_0;
    a.other = &b;
    start(&a, 5);
    start(&c, 5);
    weir_task_init(&task, the_loop, note_task);
    weir_loop_update_now(the_loop);
    spend(6 * MS);
    weir_task_post(&task);
    run();
    assert_trace("a(ctb");
}

/* ------------------------------ re-arming: in its old place for a while */

static void start_b_x_c_and_b_again(struct timed *timed)
{
    struct timed *x = timed->other, *b = x->other, *c = b->other;

    start(b, 10);
    start(x, 10);
    start(c, 10);
    start(b, 10);
}

/* x runs already, and has a place in the wheel; b and c have none. */
static void
of_equal_deadlines_the_last_start_counts_whether_it_ran_or_not(void **state)
{
    struct timed a, b, c, x;

    (void)state;
    init(&a, "a");
    init(&b, "b");
    init(&c, "c");
    init(&x, "x");
    a.then = start_b_x_c_and_b_again;
    a.other = &x;
    x.other = &b;
    b.other = &c;
    start(&x, 8);
    start(&a, 5);
    run();
    assert_trace("axcb");
    expect_after(&x, 10);
}

static void put_off_and_spend(struct timed *timed)
{
    start(timed->other, 10);
    assert_int_equal(weir_timer_remaining(&timed->other->timer), 10);
    assert_true(weir_timer_running(&timed->other->timer));
    spend(30 * MS);
}

static void
a_timer_put_off_does_not_fire_at_its_old_time_in_a_long_callback(void **state)
{
    struct timed a, x;

    (void)state;
    init(&a, "a");
    init(&x, "x");
    a.then = put_off_and_spend;
    a.other = &x;
    start(&x, 20);
    start(&a, 5);
    run();
    assert_trace("ax");
    assert_true(x.fired_at - x.started >= 40 * MS);
}

static void put_off_stop_and_free(struct timed *timed)
{
    start(timed->other, 10);
    weir_timer_stop(&timed->other->timer);
    assert_false(weir_timer_running(&timed->other->timer));
    free(timed->other);
}

static void a_timer_put_off_may_be_stopped_and_freed_at_once(void **state)
{
    struct timed a, b;
    struct timed *x = malloc(sizeof *x);

    (void)state;
    assert_non_null(x);
    init(&a, "a");
    init(&b, "b");
    init(x, "x");
    a.then = put_off_stop_and_free;
    a.other = x;
    start(x, 6);
    start(&b, 6); /* its neighbour */
    start(&a, 5);
    run();
    assert_trace("ab");
    assert_false(weir_loop_alive(the_loop));
}

static void put_off_then_at_once(struct timed *timed)
{
    start(timed->other, 1000);
    weir_timer_start(&timed->other->timer, 0);
    start(timed->other->other, 1000);
    weir_timer_start_at(&timed->other->other->timer,
                        weir_loop_now(the_loop) + 7);
}

static void a_timer_put_off_and_started_otherwise_fires_once(void **state)
{
    struct timed a, b, x;

    (void)state;
    init(&a, "a");
    init(&b, "b");
    init(&x, "x");
    a.then = put_off_then_at_once;
    a.other = &x;
    x.other = &b;
    start(&x, 20);
    start(&a, 5);
    run();
    assert_trace("axb");
    assert_true(b.fired_at - b.started <= 8 * MS);
}

static void start_crowd(struct timed *timed)
{
    for (unsigned i = 0; i < CROWD; i++) {
        spend(10000);
        start(&crowd[i], timed->fired == 1 ? 500 : 300);
    }
    if (timed->fired == 1)
        start(timed, 2);
}

/* More than loop->fresh holds. The second time they run already. */
static void
thousands_started_in_one_callback_are_in_order_and_never_early(void **state)
{
    struct timed a;

    (void)state;
    assert_true(CROWD > 2 * WEIR_FRESH_MAX);
    crowd_fired = 0;
    for (unsigned i = 0; i < CROWD; i++) {
        init(&crowd[i], NULL);
        crowd[i].then = fire_crowd;
    }
    init(&a, "a");
    a.then = start_crowd;
    start(&a, 1);
    run();
    assert_trace("aa");
    for (unsigned i = 0; i < CROWD; i++) {
        assert_int_equal(crowd[i].fired, 1);
        assert_true(crowd[i].fired_at - crowd[i].started >= 300 * MS);
    }
}

static unsigned reads;

static void count_read(void)
{
    reads++;
}

static void start_and_stop(struct timed *timed)
{
    for (unsigned i = 0; i < 2 * WEIR_FRESH_MAX; i++) {
        start(timed->other, 10);
        weir_timer_stop(&timed->other->timer);
    }
    reads = 0;
}

/* Started and stopped within one callback: as if it had never been. */
static void a_timer_that_was_stopped_at_once_costs_no_clock(void **state)
{
    struct timed a, b, x;

    (void)state;
    init(&a, "a");
    init(&b, "b");
    init(&x, "x");
    a.then = start_and_stop;
    a.other = &x;
    start(&a, 5);
    start(&b, 5);
    weir_loop_update_now(the_loop);
    spend(10 * MS);
    virtual.before_read = count_read;
    run();
    assert_trace("ab");
    assert_int_equal(reads, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_VIRTUAL_LOOP(
            a_timer_of_0_ms_rearmed_in_its_callback_does_not_starve_others),
        TEST_ON_VIRTUAL_LOOP(
            at_most_1024_timers_fire_between_turns_of_the_descriptors),
        TEST_ON_VIRTUAL_LOOP(
            what_a_turn_left_fires_before_what_became_due_meanwhile),
        TEST_ON_VIRTUAL_LOOP(equal_deadlines_fire_in_the_order_of_starting),
        TEST_ON_VIRTUAL_LOOP(
            a_timer_due_in_the_same_turn_can_be_stopped_and_freed),
        TEST_ON_VIRTUAL_LOOP(a_timer_may_be_freed_in_its_callback),
        TEST_ON_VIRTUAL_LOOP(a_repeating_timer_may_be_freed_in_its_callback),
        TEST_ON_VIRTUAL_LOOP(a_timer_due_in_the_same_turn_can_be_put_off),
        TEST_ON_VIRTUAL_LOOP(
            a_timer_of_0_ms_started_by_a_timer_waits_for_the_next_turn),
        TEST_ON_VIRTUAL_LOOP(
            of_equal_deadlines_the_last_start_counts_whether_it_ran_or_not),
        TEST_ON_VIRTUAL_LOOP(
            a_timer_put_off_does_not_fire_at_its_old_time_in_a_long_callback),
        TEST_ON_VIRTUAL_LOOP(a_timer_put_off_may_be_stopped_and_freed_at_once),
        TEST_ON_VIRTUAL_LOOP(a_timer_put_off_and_started_otherwise_fires_once),
        TEST_ON_VIRTUAL_LOOP(
            thousands_started_in_one_callback_are_in_order_and_never_early),
        TEST_ON_VIRTUAL_LOOP(a_timer_that_was_stopped_at_once_costs_no_clock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
