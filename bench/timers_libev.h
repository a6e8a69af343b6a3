/*
 * timers_libev.h - libev's timers, for timers.c, as its manual advises
 *
 * Re-arming is ev_timer_again(), which the manual calls the efficient way for
 * timeouts that are moved again and again; it moves the timer in the heap
 * without taking it out.
 */
#ifndef BENCH_TIMERS_LIBEV_H
#define BENCH_TIMERS_LIBEV_H

#include <ev.h>
#include <stdint.h>
#include <stdlib.h>

typedef struct bench_timer {
    ev_timer watcher; /* the first member: see bench_fired() */
    void (*cb)(struct bench_timer *timer);
} bench_timer;

static const char bench_library[] = "libev";
static struct ev_loop *bench_loop;

static inline void bench_open(void)
{
    bench_loop = ev_loop_new(EVFLAG_AUTO);
    if (!bench_loop)
        abort();
}

static inline void bench_fired(struct ev_loop *loop, ev_timer *watcher,
                               int events)
{
    bench_timer *timer = (bench_timer *)(void *)watcher;

    (void)loop;
    (void)events;
    timer->cb(timer);
}

static inline void bench_init(bench_timer *timer, void (*cb)(bench_timer *))
{
    ev_timer *watcher = &timer->watcher;

    timer->cb = cb;
    ev_init(watcher, bench_fired);
}

static inline void bench_start(bench_timer *timer, uint32_t delay)
{
    ev_timer *watcher = &timer->watcher;

    ev_timer_set(watcher, delay / 1e3, 0.);
    ev_timer_start(bench_loop, watcher);
}

static inline void bench_rearm(bench_timer *timer, uint32_t delay)
{
    timer->watcher.repeat = delay / 1e3;
    ev_timer_again(bench_loop, &timer->watcher);
}

static inline void bench_stop(bench_timer *timer)
{
    ev_timer_stop(bench_loop, &timer->watcher);
}

/* The clock is read once a turn, not for each callback. */
static inline void bench_returned(void)
{
}

static inline void bench_run(void)
{
    ev_run(bench_loop, 0);
}

static inline void bench_close(void)
{
    ev_loop_destroy(bench_loop);
}

#endif
