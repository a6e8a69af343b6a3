/*
 * timers_weir.h - weir's timers, for timers.c
 */
#ifndef BENCH_TIMERS_WEIR_H
#define BENCH_TIMERS_WEIR_H

#include <weir/reactor.h>

typedef weir_timer bench_timer;

static const char bench_library[] = "weir";
static weir_loop *bench_loop;

static inline void bench_open(void)
{
    weir_check(weir_loop_create(&bench_loop));
}

static inline void bench_init(bench_timer *timer, weir_timer_cb *cb)
{
    weir_check(weir_timer_init(timer, bench_loop, cb));
}

static inline void bench_start(bench_timer *timer, uint32_t delay)
{
    weir_timer_start(timer, delay);
}

static inline void bench_rearm(bench_timer *timer, uint32_t delay)
{
    weir_timer_start(timer, delay);
}

static inline void bench_stop(bench_timer *timer)
{
    weir_timer_stop(timer);
}

/* What the loop does when a callback that started timers has returned: reads
 * the clock, from which they count, and puts them into the wheel. */
static inline void bench_returned(void)
{
    weir_loop_update_now(bench_loop);
}

static inline void bench_run(void)
{
    weir_check(weir_loop_run(bench_loop));
}

static inline void bench_close(void)
{
    weir_check(weir_loop_destroy(bench_loop));
}

#endif
