/*
 * test_timer_times.c - times that are far or odd, and turns that were late
 *
 * The first nanosecond of a tick, centuries, a clock that jumps; and what comes
 * first when a turn took long and timers became due meanwhile.
 */
#include "timed.h"

#include "reactor/loop.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_VIRTUAL_LOOP(
            what_came_meanwhile_is_told_before_a_timer_that_became_due),
        TEST_ON_VIRTUAL_LOOP(descriptors_that_take_long_do_not_starve_timers),
        TEST_ON_VIRTUAL_LOOP(a_timer_that_was_due_fires_before_one_of_0_ms),
        TEST_ON_VIRTUAL_LOOP(a_timer_of_0_ms_needs_no_look_of_its_own),
        TEST_ON_VIRTUAL_LOOP(
            a_timer_started_by_an_async_counts_from_its_own_callback),
        TEST_ON_VIRTUAL_LOOP(a_tick_begins_with_its_first_nanosecond),
        TEST_ON_VIRTUAL_LOOP(a_wait_is_cut_to_half_an_hour),
        TEST_ON_VIRTUAL_LOOP(a_delay_that_would_overflow_the_clock_never_fires),
        TEST_ON_VIRTUAL_LOOP(a_delay_of_centuries_is_kept),
        TEST_ON_VIRTUAL_LOOP(a_clock_that_jumps_ahead_fires_by_deadline),
        TEST_ON_VIRTUAL_LOOP(a_clock_that_goes_back_makes_no_timer_early),
        TEST_ON_VIRTUAL_LOOP(a_clock_that_goes_back_does_not_make_a_beat_spin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
