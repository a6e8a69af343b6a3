/*
 * timers_libevent.h - libevent's timers, for timers.c
 *
 * The events are embedded and prepared once, by evtimer_assign(), which spares
 * libevent the allocation of event_new(). evtimer_add() of one that is pending
 * moves it.
 */
#ifndef BENCH_TIMERS_LIBEVENT_H
#define BENCH_TIMERS_LIBEVENT_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdint.h>
#include <stdlib.h>

typedef struct bench_timer {
    struct event event;
    void (*cb)(struct bench_timer *timer);
} bench_timer;

static const char bench_library[] = "libevent";
static struct event_base *bench_base;

static inline void bench_require(int result)
{
    if (result != 0)
        abort();
}

static inline void bench_open(void)
{
    bench_base = event_base_new();
    if (!bench_base)
        abort();
}

static inline void bench_fired(evutil_socket_t fd, short what, void *arg)
{
    bench_timer *timer = arg;

    (void)fd;
    (void)what;
    timer->cb(timer);
}

static inline void bench_init(bench_timer *timer, void (*cb)(bench_timer *))
{
    timer->cb = cb;
    bench_require(
        evtimer_assign(&timer->event, bench_base, bench_fired, timer));
}

static inline void bench_start(bench_timer *timer, uint32_t delay)
{
    struct timeval time = { .tv_sec = delay / 1000,
                            .tv_usec = delay % 1000 * 1000 };

    bench_require(evtimer_add(&timer->event, &time));
}

static inline void bench_rearm(bench_timer *timer, uint32_t delay)
{
    bench_start(timer, delay);
}

static inline void bench_stop(bench_timer *timer)
{
    bench_require(evtimer_del(&timer->event));
}

/* The clock is read once a turn, not for each callback. */
static inline void bench_returned(void)
{
}

static inline void bench_run(void)
{
    if (event_base_dispatch(bench_base) < 0)
        abort();
}

static inline void bench_close(void)
{
    event_base_free(bench_base);
}

#endif
