/*
 * timers_libuv.h - libuv's timers, for timers.c
 *
 * Re-arming is uv_timer_start() on a running timer: uv_timer_again() does the
 * same, stop and start, and takes no delay.
 */
#ifndef BENCH_TIMERS_LIBUV_H
#define BENCH_TIMERS_LIBUV_H

#include <stdint.h>
#include <stdlib.h>
#include <uv.h>

typedef struct bench_timer {
    uv_timer_t handle; /* the first member: see bench_fired() */
    void (*cb)(struct bench_timer *timer);
} bench_timer;

static const char bench_library[] = "libuv";
static uv_loop_t bench_loop;

static inline void bench_require(int result)
{
    if (result != 0)
        abort();
}

static inline void bench_open(void)
{
    bench_require(uv_loop_init(&bench_loop));
}

static inline void bench_fired(uv_timer_t *handle)
{
    bench_timer *timer = (bench_timer *)(void *)handle;

    timer->cb(timer);
}

static inline void bench_init(bench_timer *timer, void (*cb)(bench_timer *))
{
    timer->cb = cb;
    bench_require(uv_timer_init(&bench_loop, &timer->handle));
}

static inline void bench_start(bench_timer *timer, uint32_t delay)
{
    bench_require(uv_timer_start(&timer->handle, bench_fired, delay, 0));
}

static inline void bench_rearm(bench_timer *timer, uint32_t delay)
{
    bench_start(timer, delay);
}

static inline void bench_stop(bench_timer *timer)
{
    bench_require(uv_timer_stop(&timer->handle));
}

/* The clock is read once a turn, not for each callback. */
static inline void bench_returned(void)
{
}

static inline void bench_run(void)
{
    bench_require(uv_run(&bench_loop, UV_RUN_DEFAULT));
}

/* Its handles are still known to the loop; the process ends anyway. */
static inline void bench_close(void)
{
}

#endif
