/*
 * test_timer_order.c - many timers at once, and times that are far or odd
 */
#include "timed.h"

#include "reactor/loop.h"

#include <weir/runtime.h>

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

/* ------------------------------------------------------- far and odd times */

static void a_tick_begins_with_its_first_nanosecond(void **state)
{
    uint64_t tick = virtual_ms() + 2;

    (void)state;
    virtual.now = tick * MS - 1;
    assert_int_equal(weir_loop_update_now(the_loop), tick - 1);
    virtual.now = tick * MS;
    assert_int_equal(weir_loop_update_now(the_loop), tick);
    virtual.now = tick * MS + 1;
    assert_int_equal(weir_loop_update_now(the_loop), tick);
    virtual.now = tick * MS + MS;
    assert_int_equal(weir_loop_update_now(the_loop), tick + 1);
}

static void a_wait_is_cut_to_half_an_hour(void **state)
{
    struct timed a;

    (void)state;
    init(&a, "a");
    start(&a, 3 * 3600 * 1000);
    assert_int_equal(weir_loop_run_once(the_loop, -1), 1);
    assert_int_equal(virtual.timeout, 30 * 60 * 1000);
    run();
    expect_after(&a, 3 * 3600 * 1000);
    assert_in_range(virtual.sleeps, 6, 6 + WEIR_WHEEL_LEVELS);
}

enum { MANY = 64 };
static struct timed many[MANY];

static void start_huge(struct timed *timed)
{
    (void)timed;
    for (unsigned i = 0; i < MANY; i++) {
        init(&many[i], "!");
        start(&many[i], UINT64_MAX - i * i * i);
        spend(3 * MS);
    }
}

/* Note 25: clamp the far end. */
static void a_delay_that_would_overflow_the_clock_never_fires(void **state)
{
    struct timed a, b;

    (void)state;
    init(&a, "a");
    init(&b, "b");
    a.then = start_huge;
    start(&a, 1);
    start(&b, 20000000);
    while (b.fired == 0)
        assert_int_equal(weir_loop_run_once(the_loop, -1), 1);
    assert_trace("ab");
    for (unsigned i = 0; i < MANY; i++) {
        assert_true(weir_timer_running(&many[i].timer));
        assert_true(weir_timer_remaining(&many[i].timer) > UINT64_MAX / 2);
    }
}

static void a_delay_of_centuries_is_kept(void **state)
{
    static const uint64_t century = UINT64_C(100) * 365 * 86400 * 1000;
    struct timed a, b;

    (void)state;
    init(&a, "a");
    init(&b, "b");
    start(&a, century);
    start(&b, century + 1);
    weir_loop_update_now(the_loop);
    spend((century - 5) * MS);
    assert_int_equal(weir_loop_run_once(the_loop, 0), 1);
    assert_trace("");
    run();
    assert_trace("ab");
    expect_after(&a, century);
}

static void a_clock_that_jumps_ahead_fires_by_deadline(void **state)
{
    struct timed a, b, c;

    (void)state;
    init(&a, "a");
    init(&b, "b");
    init(&c, "c");
    start(&c, 50000000);
    start(&b, 70);
    start(&a, 3);
    weir_loop_update_now(the_loop);
    spend(UINT64_C(3600) * 24 * 365 * 1000 * MS);
    run();
    assert_trace("abc");
    assert_int_equal(virtual.sleeps, 0);
}

/* Monotonic clocks have gone back, by errors of kernels and hypervisors. Then
 * the loop's time stands still until the clock has caught up. */
static void a_clock_that_goes_back_makes_no_timer_early(void **state)
{
    struct timed a, b;

    (void)state;
    init(&a, "a");
    init(&b, "b");
    start(&b, 1100);
    weir_loop_update_now(the_loop);
    spend(1000 * MS);
    assert_int_equal(weir_loop_run_once(the_loop, 0), 1);
    virtual.now -= 100 * MS;
    start(&a, 50);
    run();
    assert_trace("ab");
    assert_true(a.fired_at - a.started >= 50 * MS);
    expect_after(&b, 1100);
}

static void go_back_then_stop_after_5(struct timed *timed)
{
    if (timed->fired == 1)
        virtual.now -= 100 * MS;
    if (timed->fired == 5) {
        weir_timer_stop(&timed->timer);
        weir_timer_stop(&timed->other->timer);
    }
}

static void a_clock_that_goes_back_does_not_make_a_beat_spin(void **state)
{
    struct timed a, b;

    (void)state;
    init(&a, "a");
    init(&b, "b");
    a.then = go_back_then_stop_after_5;
    a.other = &b;
    start_repeating(&a, 10);
    start_repeating(&b, 10);
    run();
    assert_trace("ababababa");
    assert_in_range(virtual.sleeps, 5, 60);
}

/* --------------------------------------------------- a turn that was late */

static int meanwhile[2]; /* what comes while a callback computes */

static void compute_while_data_comes(weir_io *io, unsigned events)
{
    (void)events;
    weir_io_stop(io);
    spend(30 * MS);
    test_fill(meanwhile[1], 1);
}

static void note_data(weir_io *io, unsigned events)
{
    (void)events;
    trace_add('d');
    weir_io_stop(io);
}

static void
what_came_meanwhile_is_told_before_a_timer_that_became_due(void **state)
{
    struct timed a;
    weir_io io, data;
    int fds[2];

    (void)state;
    test_pipe(fds);
    test_pipe(meanwhile);
    weir_io_init(&io, the_loop, fds[1], compute_while_data_comes);
    weir_io_init(&data, the_loop, meanwhile[0], note_data);
    init(&a, "a");
    weir_io_start(&io, WEIR_WRITABLE);
    weir_io_start(&data, WEIR_READABLE);
    start(&a, 10);
    run();
    assert_trace("da");
    test_close_pair(fds);
    test_close_pair(meanwhile);
}

static void compute_for_long(weir_io *io, unsigned events)
{
    (void)io, (void)events;
    spend(5 * MS);
    trace_add('r');
    if (trace.length > 20)
        weir_io_stop(io);
}

/* One look, and they fire, however long that takes. */
static void descriptors_that_take_long_do_not_starve_timers(void **state)
{
    struct timed a;
    weir_io io;
    int fds[2];

    (void)state;
    test_pipe(fds);
    weir_io_init(&io, the_loop, fds[1], compute_for_long);
    weir_io_start(&io, WEIR_WRITABLE);
    init(&a, "a");
    start(&a, 12);
    run();
    assert_int_equal(a.fired, 1);
    assert_true(a.fired_at - a.started <= 25 * MS);
    test_close_pair(fds);
}

static void start_b(weir_io *io, unsigned events)
{
    struct timed *b = io->data;

    (void)events;
    weir_io_stop(io);
    spend(30 * MS);
    start(b, 0);
}

static void a_timer_that_was_due_fires_before_one_of_0_ms(void **state)
{
    struct timed a, b;
    weir_io io = { .data = &b };
    int fds[2];

    (void)state;
    test_pipe(fds);
    init(&a, "a");
    init(&b, "b");
    weir_io_init(&io, the_loop, fds[1], start_b);
    weir_io_start(&io, WEIR_WRITABLE);
    start(&a, 10);
    run();
    assert_trace("ab");
    test_close_pair(fds);
}

static void put_a_off_and_start_b(struct timed *timed)
{
    if (timed->fired == 1)
        start(timed->other, 0);
}

/* Nobody is late: no turn looks twice. */
static void a_timer_of_0_ms_needs_no_look_of_its_own(void **state)
{
    struct timed a, b;

    (void)state;
    init(&a, "a");
    init(&b, "b");
    a.other = &b;
    a.then = put_a_off_and_start_b;
    start(&a, 5);
    run();
    assert_trace("ab");
    assert_int_equal(virtual.waits, 2);
}

static struct timed counted;

static void start_counted(weir_async *async)
{
    start(&counted, 50);
    weir_async_stop(async);
}

static void compute(weir_async *async)
{
    spend(100 * MS);
    weir_async_stop(async);
}

static void
a_timer_started_by_an_async_counts_from_its_own_callback(void **state)
{
    weir_async a, b;

    (void)state;
    init(&counted, "c");
    weir_async_init(&a, the_loop, start_counted);
    weir_async_init(&b, the_loop, compute);
    weir_async_start(&a);
    weir_async_start(&b);
    weir_async_send(&a);
    weir_async_send(&b);
    run();
    assert_int_equal(counted.fired, 1);
    assert_true(counted.fired_at - counted.started <= 101 * MS);
}

/* ------------------------------------------------ a place of one's own */

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_VIRTUAL_LOOP(
            a_timer_of_0_ms_rearmed_in_its_callback_does_not_starve_others),
        TEST_ON_VIRTUAL_LOOP(
            at_most_1024_timers_fire_between_turns_of_the_descriptors),
        TEST_ON_VIRTUAL_LOOP(
            what_a_turn_left_fires_before_what_became_due_meanwhile),
        TEST_ON_VIRTUAL_LOOP(
            what_came_meanwhile_is_told_before_a_timer_that_became_due),
        TEST_ON_VIRTUAL_LOOP(descriptors_that_take_long_do_not_starve_timers),
        TEST_ON_VIRTUAL_LOOP(a_timer_that_was_due_fires_before_one_of_0_ms),
        TEST_ON_VIRTUAL_LOOP(a_timer_of_0_ms_needs_no_look_of_its_own),
        TEST_ON_VIRTUAL_LOOP(
            a_timer_started_by_an_async_counts_from_its_own_callback),
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
        TEST_ON_VIRTUAL_LOOP(a_tick_begins_with_its_first_nanosecond),
        TEST_ON_VIRTUAL_LOOP(a_wait_is_cut_to_half_an_hour),
        TEST_ON_VIRTUAL_LOOP(a_delay_that_would_overflow_the_clock_never_fires),
        TEST_ON_VIRTUAL_LOOP(a_delay_of_centuries_is_kept),
        TEST_ON_VIRTUAL_LOOP(a_clock_that_jumps_ahead_fires_by_deadline),
        TEST_ON_VIRTUAL_LOOP(a_clock_that_goes_back_makes_no_timer_early),
        TEST_ON_VIRTUAL_LOOP(a_clock_that_goes_back_does_not_make_a_beat_spin),
        TEST_ON_VIRTUAL_LOOP(
            those_of_one_callback_fire_when_asked_and_others_in_their_turn),
        TEST_ON_VIRTUAL_LOOP(one_started_anew_as_others_are_fired_is_not_early),
        TEST_ON_VIRTUAL_LOOP(a_beat_started_anew_as_others_are_fired_is_kept),
        TEST_ON_VIRTUAL_LOOP(one_stopped_as_others_are_fired_does_not_fire),
        TEST_ON_VIRTUAL_LOOP(
            the_rest_waits_when_the_loop_is_stopped_as_they_are_fired),
        TEST_ON_VIRTUAL_LOOP(those_of_one_callback_are_fired_from_one_of_them),
        TEST_ON_VIRTUAL_LOOP(those_of_one_callback_are_fired_in_another_timers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
