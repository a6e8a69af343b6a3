/*
 * virtual_clock.h - time that passes only when a test says so
 *
 * Stands in the seam for the clock and for the wait of the backend. Callbacks
 * "compute" by calling spend(); a wait in which no descriptor becomes ready
 * takes exactly as long as it was asked to. Hours pass in microseconds, and a
 * timer that is a nanosecond early is seen.
 */
#ifndef WEIR_VIRTUAL_CLOCK_H
#define WEIR_VIRTUAL_CLOCK_H

#include "test/support/test.h"

#include <errno.h>

enum { MS = 1000000 }; /* nanoseconds */

/* Not a multiple of a tick: what works only at whole ticks fails. */
#define VIRTUAL_START UINT64_C(7654321987654)

static struct {
    uint64_t now; /* ns */
    unsigned waits, sleeps;
    int timeout;               /* of the last wait */
    unsigned interruptions;    /* so many waits are ended by a signal */
    void (*before_read)(void); /* of the clock */
    void (*before_sleep)(int timeout);
    void (*after_sleep)(void);
} virtual;

static inline void spend(uint64_t ns)
{
    virtual.now += ns;
}

static inline uint64_t virtual_ms(void)
{
    return virtual.now / MS;
}

static int virtual_gettime(clockid_t clock, struct timespec *now)
{
    (void)clock;
    if (virtual.before_read)
        virtual.before_read();
    now->tv_sec = (time_t)(virtual.now / 1000000000u);
    now->tv_nsec = (long)(virtual.now % 1000000000u);
    return 0;
}

static bool virtual_interrupted(void)
{
    if (!virtual.interruptions)
        return false;
    virtual.interruptions--;
    errno = EINTR;
    return true;
}

static void virtual_sleep(int timeout)
{
    virtual.sleeps++;
    if (timeout < 0)
        fail_msg("the loop would wait for ever");
    if (virtual.before_sleep)
        virtual.before_sleep(timeout);
    virtual.now += (uint64_t)timeout * MS;
    if (virtual.after_sleep)
        virtual.after_sleep();
}

#ifdef WEIR_BACKEND_EPOLL
static int virtual_wait(int epoll, struct epoll_event *events, int count,
                        int timeout)
{
    int got;

    if (virtual_interrupted())
        return -1;
    got = faults_kernel()->epoll_wait(epoll, events, count, 0);
    virtual.waits++;
    virtual.timeout = timeout;
    if (got == 0 && timeout != 0)
        virtual_sleep(timeout);
    return got;
}
#else
static int virtual_wait(int queue, const struct kevent *changes,
                        int change_count, struct kevent *events, int count,
                        const struct timespec *limit)
{
    static const struct timespec none;
    int got;

    if (!change_count && count && virtual_interrupted())
        return -1;
    got = faults_kernel()->kevent(queue, changes, change_count, events, count,
                                  count ? &none : limit);
    if (change_count || !count)
        return got;
    virtual.waits++;
    virtual.timeout = -1;
    if (limit)
        virtual.timeout = (int)(limit->tv_sec * 1000 +
                                (limit->tv_nsec + MS - 1) / MS);
    if (got == 0 && virtual.timeout != 0)
        virtual_sleep(virtual.timeout);
    return got;
}
#endif

static void virtual_install(void)
{
    memset(&virtual, 0, sizeof virtual);
    virtual.now = VIRTUAL_START;
    weir_sys.clock_gettime = virtual_gettime;
#ifdef WEIR_BACKEND_EPOLL
    weir_sys.epoll_wait = virtual_wait;
#else
    weir_sys.kevent = virtual_wait;
#endif
}

static int open_virtual_loop(void **state)
{
    virtual_install();
    return test_open_loop(state);
}

#define TEST_ON_VIRTUAL_LOOP(function)                                         \
    cmocka_unit_test_setup_teardown(function, open_virtual_loop,               \
                                    test_close_loop)

#endif
