/*
 * timed.h - a timer that notes when it was started and when it fired
 */
#ifndef WEIR_TIMED_H
#define WEIR_TIMED_H

#include "test/support/virtual_clock.h"

#include "reactor/list.h"

struct timed {
    weir_timer timer;
    const char *letter;
    uint64_t started, fired_at; /* true time, ns */
    unsigned fired;
    void (*then)(struct timed *timed);
    struct timed *other;
    uint64_t spends;
};

static inline void fired(weir_timer *timer)
{
    struct timed *timed = weir_container_of(timer, struct timed, timer);

    timed->fired++;
    timed->fired_at = virtual.now;
    if (timed->letter)
        trace_add(*timed->letter);
    spend(timed->spends);
    if (timed->then)
        timed->then(timed);
}

static inline void init(struct timed *timed, const char *letter)
{
    memset(timed, 0, sizeof *timed);
    timed->letter = letter;
    assert_int_equal(weir_timer_init(&timed->timer, the_loop, fired), 0);
}

static inline void start(struct timed *timed, uint64_t delay)
{
    timed->started = virtual.now;
    weir_timer_start(&timed->timer, delay);
}

static inline void start_repeating(struct timed *timed, uint64_t period)
{
    timed->started = virtual.now;
    assert_int_equal(weir_timer_start_repeating(&timed->timer, period), 0);
}

static inline void run(void)
{
    assert_int_equal(weir_loop_run(the_loop), 0);
}

/* Not early by a nanosecond; late by less than two ticks: the one that its
 * start was rounded up to, and the one that the wait was. */
static inline void expect_after(const struct timed *timed, uint64_t delay)
{
    uint64_t took = timed->fired_at - timed->started;

    assert_int_equal(timed->fired, 1);
    assert_true(took >= delay * MS);
    assert_true(took < (delay + 2) * MS);
}

#endif
