/*
 * timers_libevent.h - libevent's timers, for timers.c
 *
 * Adding an event that is pending already re-arms it. (Its "common timeouts", a
 * queue instead of the heap for timers that all have one delay, are not used:
 * the delays here differ.) The clock is libevent's default, the coarse one.
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

static inline void bench_open(void)
{
    bench_base = event_base_new();
    if (!bench_base)
        abort();
}

static inline void bench_fired(evutil_socket_t fd, short events, void *data)
{
    bench_timer *timer = data;

    (void)fd;
    (void)events;
    timer->cb(timer);
}

static inline void bench_init(bench_timer *timer, void (*cb)(bench_timer *))
{
    timer->cb = cb;
    evtimer_assign(&timer->event, bench_base, bench_fired, timer);
}

static inline void bench_start(bench_timer *timer, uint32_t delay)
{
    struct timeval time = { delay / 1000, delay % 1000 * 1000 };

    evtimer_add(&timer->event, &time);
}

static inline void bench_rearm(bench_timer *timer, uint32_t delay)
{
    bench_start(timer, delay);
}

static inline void bench_stop(bench_timer *timer)
{
    evtimer_del(&timer->event);
}

/* The clock is read once a turn, not for each callback. */
static inline void bench_returned(void)
{
}

static inline void bench_run(void)
{
    event_base_dispatch(bench_base);
}

static inline void bench_close(void)
{
    event_base_free(bench_base);
}

#endif
