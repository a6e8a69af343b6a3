/*
 * test_late_turn.c - a turn that looks at descriptors before it fires timers
 *
 * What a timer is about may have come while callbacks computed. So a timer that
 * became due meanwhile is told after what has come, whatever that takes: more
 * than one batch, a look that was interrupted. And what is started in between
 * is started for later.
 */
#include "timed.h"

#include "reactor/loop.h"

#include <weir/runtime.h>

#include <sys/resource.h>

enum { MANY = WEIR_BATCH + WEIR_BATCH / 2, ROOM = 2 * MANY + 20 };

static struct timed x;
static weir_io ios[MANY];
static int pipes[MANY][2];
static unsigned watched, told;

/* So many pipes, of which none is readable yet. */
static void watch(unsigned count, weir_io_cb *cb)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_max < ROOM)
        skip();
    if (limit.rlim_cur < ROOM) {
        limit.rlim_cur = ROOM;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    }
    told = 0;
    watched = count;
    for (unsigned i = 0; i < count; i++) {
        test_pipe(pipes[i]);
        assert_int_equal(weir_io_init(&ios[i], the_loop, pipes[i][0], cb), 0);
        assert_int_equal(weir_io_start(&ios[i], WEIR_READABLE), 0);
    }
}

static void fill_all(void)
{
    for (unsigned i = 0; i < watched; i++)
        test_fill(pipes[i][1], 1);
}

static void unwatch(void)
{
    for (unsigned i = 0; i < watched; i++) {
        weir_io_stop(&ios[i]);
        test_close_pair(pipes[i]);
    }
}

static void tell_once(weir_io *io, unsigned events)
{
    (void)events;
    told++;
    weir_io_stop(io);
}

static weir_io computing;

static void compute(weir_io *io, unsigned events)
{
    (void)events;
    trace_add('(');
    spend(30 * MS);
    fill_all();
    weir_io_stop(io);
}

/* A turn in which x becomes due while all that is watched becomes readable. */
static void become_late(weir_io_cb *cb)
{
    weir_io_init(&computing, the_loop, pipes[0][1], cb);
    assert_int_equal(weir_io_start(&computing, WEIR_WRITABLE), 0);
    init(&x, "x");
    start(&x, 10);
}

static void expect_all_told(struct timed *timed)
{
    assert_int_equal(told, MANY);
    (void)timed;
}

static void
of_more_than_a_batch_all_is_told_before_a_timer_that_became_due(void **state)
{
    (void)state;
    watch(MANY, tell_once);
    become_late(compute);
    x.then = expect_all_told;
    run();
    assert_trace("(x");
    unwatch();
}

static unsigned told_when_due;

static void tell_for_ever(weir_io *io, unsigned events)
{
    (void)io, (void)events;
    told++;
    spend(MS / 100);
    if (virtual.now - x.started < 10 * MS)
        told_when_due = told;
}

/* A look that has begun is completed, and another one comes before it. */
static void a_load_without_end_does_not_starve_timers(void **state)
{
    (void)state;
    watch(MANY, tell_for_ever);
    fill_all();
    init(&x, "x");
    weir_loop_update_now(the_loop);
    start(&x, 10);
    while (!x.fired && told < 100 * MANY)
        weir_loop_run_once(the_loop, 0);
    assert_int_equal(x.fired, 1);
    assert_in_range(told - told_when_due, 0,
                    2 * WEIR_EVENTS_OF_SOURCE * MANY + 3 * WEIR_BATCH);
    unwatch();
}

static void note_and_stop(weir_io *io, unsigned events)
{
    (void)events;
    trace_add('d');
    weir_io_stop(io);
}

static void compute_and_interrupt(weir_io *io, unsigned events)
{
    compute(io, events);
    virtual.interruptions = 1;
}

static void a_look_that_a_signal_ends_is_none(void **state)
{
    (void)state;
    watch(1, note_and_stop);
    become_late(compute_and_interrupt);
    run();
    assert_int_equal(virtual.interruptions, 0);
    assert_trace("(dx");
    unwatch();
}

/* The process waits for its turn between the loop's wait and its clock. */
static void be_held_up(void)
{
    if (!virtual.waits)
        return;
    virtual.before_read = NULL;
    spend(30 * MS);
    test_fill(pipes[1][1], 1);
}

static void
what_comes_behind_a_wait_is_told_before_a_timer_due_then(void **state)
{
    (void)state;
    watch(2, note_and_stop);
    test_fill(pipes[0][1], 1);
    init(&x, "x");
    start(&x, 10);
    virtual.before_read = be_held_up;
    run();
    assert_trace("ddx");
    unwatch();
}

/* -------------------------------------------- what is started in between */

static bool put_off;

static void put_x_off(weir_loop *loop, void *data)
{
    (void)data;
    weir_loop_serve(loop);
    if (!put_off)
        start(&x, 300);
    put_off = true;
}

static void a_timer_that_is_put_off_around_the_look_is_put_off(void **state)
{
    (void)state;
    watch(2, tell_once);
    put_off = false;
    weir_loop_set_surround(the_loop, put_x_off, NULL);
    become_late(compute);
    run();
    assert_int_equal(told, 2);
    assert_trace("(x");
    expect_after(&x, 300);
    unwatch();
}

static void note_task(weir_task *task)
{
    TRACE(task);
}

static void start_c(struct timed *timed)
{
    start(timed->other, 0);
}

static void start_a_for_now(weir_io *io, unsigned events)
{
    struct timed *a = io->data;

    (void)events;
    spend(50 * MS);
    weir_timer_start_at(&a->timer, weir_loop_now(the_loop));
    weir_io_stop(io);
}

/* b is behind a, and looked for. */
static void
a_timer_of_0_ms_started_in_a_late_turn_waits_for_the_next(void **state)
{
    struct timed a, b, c;
    weir_task task = { .data = "t" };

    (void)state;
    watch(1, start_a_for_now);
    init(&a, "a");
    init(&b, "b");
    init(&c, "c");
    ios[0].data = &a;
    a.then = start_c;
    a.other = &c;
    start(&b, 30);
    fill_all();
    weir_loop_run_once(the_loop, 0);
    weir_task_init(&task, the_loop, note_task);
    weir_task_post(&task);
    run();
    assert_trace("abtc");
    unwatch();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_VIRTUAL_LOOP(
            of_more_than_a_batch_all_is_told_before_a_timer_that_became_due),
        TEST_ON_VIRTUAL_LOOP(a_load_without_end_does_not_starve_timers),
        TEST_ON_VIRTUAL_LOOP(a_look_that_a_signal_ends_is_none),
        TEST_ON_VIRTUAL_LOOP(
            what_comes_behind_a_wait_is_told_before_a_timer_due_then),
        TEST_ON_VIRTUAL_LOOP(
            a_timer_that_is_put_off_around_the_look_is_put_off),
        TEST_ON_VIRTUAL_LOOP(
            a_timer_of_0_ms_started_in_a_late_turn_waits_for_the_next),
    };

    return cmocka_run_group_tests_name("late turn", tests, NULL, NULL);
}
