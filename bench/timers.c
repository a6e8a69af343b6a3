/*
 * timers.c - what timers cost, and whether they come too early
 *
 *   timers-weir speed      one round of costs, in ns
 *   timers-weir fire       250,000 timers against the true clock
 *
 * Both print lines of "NAME VALUE". The same loops are compiled once for each
 * library: an adapter (timers_weir.h, timers_libev.h and so on) gives them a
 * type and a handful of inline functions, so that between the loop and the
 * library there is not even a call.
 *
 * Costs are taken where they hurt: with all the timers alive, so many that
 * they do not fit into the cache, with deadlines anywhere within an hour, and
 * touched in an order that has nothing to do with their place in memory. All
 * random numbers are made beforehand.
 *
 *   insert           a million started, one after the other in memory
 *   cancel           a million stopped, in the same order
 *   cancel_shuffled  stopped in any order, as connections end
 *   touch_shuffled   written to in that order, and nothing else: what memory
 *                    alone takes of the line above
 *   rearm_N          of N that run, one after the other in any order is put off
 *                    or forward to any other time
 *   rearm_idle_N     the same, but all by one length, as idle timeouts are
 *   rearm_in_order_N idle timeouts in the order of memory: the least there is
 *   NAME_each        the same as NAME, each in a callback of its own
 *   start_stop       one timer, stopped before anything else happens
 *
 * insert, cancel_shuffled and rearm_N are what the goals are set for. They
 * compare the structures that hold the timers, and nothing else: of the clock
 * none of the libraries reads anything in between. A real program re-arms one
 * or two timers in a callback; libev, libuv and libevent then count from the
 * clock as it was when the turn began, which costs nothing and makes timers
 * early. weir reads the clock when such a callback has returned. That is a
 * price the others do not pay, and rearm_each_N and insert_each have it in.
 *
 * A library may put off a part of the work. weir's timers get their place in
 * the wheel when the clock is read, for every 128th timer or when the callback
 * has returned; bench_returned() is that moment, and lies inside of what is
 * timed. The others have nothing to do there.
 *
 * A timer is early when the true clock, read in its callback, is less than its
 * delay past the true clock read just before the call that started it. No
 * cached clock takes part in the judgement. There are three groups of timers:
 *
 *   (none)   started by callbacks that do nothing else, hence when the cached
 *            clocks are at their best; what goals are set for
 *   burst    100,000 at once, before the loop runs
 *   busy     started by callbacks that take nearly a millisecond, since that is
 *            where cached clocks go wrong
 */
#if defined BENCH_LIBEV
#include "timers_libev.h"
#elif defined BENCH_LIBUV
#include "timers_libuv.h"
#elif defined BENCH_LIBEVENT
#include "timers_libevent.h"
#else
#include "timers_weir.h"
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MILLION = 1000000, HOUR = 3600 * 1000, MINUTE = 60 * 1000 };

static uint64_t read_clock(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static uint64_t now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

/* What this process has used: on a busy machine the time of others does not
 * count, only what they do to the cache. */
static uint64_t cpu_time(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

static uint32_t random_below(uint32_t limit)
{
    static uint64_t state = 88172645463325252;

    state ^= state << 13; /* Marsaglia's xorshift */
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 32) * limit >> 32);
}

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    if (!memory) {
        fprintf(stderr, "timers: out of memory\n");
        exit(1);
    }
    return memory;
}

/* ------------------------------------------------------------------- costs */

static bench_timer *timers;
static uint32_t delays[MILLION]; /* 1 ms to 1 h */
static uint32_t order[MILLION];  /* of the first `count`, shuffled */

static void never(bench_timer *timer)
{
    (void)timer;
    fprintf(stderr, "timers: one fired that should not\n");
    exit(1);
}

static void shuffle(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        order[i] = i;
    for (uint32_t i = count - 1; i > 0; i--) {
        uint32_t other = random_below(i + 1);
        uint32_t kept = order[i];

        order[i] = order[other];
        order[other] = kept;
    }
}

static void start_all(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        bench_start(&timers[i], delays[i]);
    bench_returned();
}

static void start_each(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        bench_start(&timers[i], delays[i]);
        bench_returned();
    }
}

static void stop_all(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        bench_stop(&timers[i]);
}

static void stop_shuffled(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        bench_stop(&timers[order[i]]);
}

static void touch_shuffled(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        *(volatile char *)&timers[order[i]] = 0;
}

/* Started and stopped before anything else happens. */
static void one_by_one(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        bench_start(&timers[0], delays[i]);
        bench_stop(&timers[0]);
    }
}

static void report(const char *name, uint64_t began, uint32_t operations)
{
    printf("%s %.1f\n", name, (double)(cpu_time() - began) / operations);
    fflush(stdout);
}

static void time_all(const char *name, void (*pass)(uint32_t count))
{
    uint64_t began = cpu_time();

    pass(MILLION);
    report(name, began, MILLION);
}

static void start_and_stop(void)
{
    shuffle(MILLION);
    start_all(MILLION); /* touches all memory, unseen */
    stop_all(MILLION);
    time_all("insert", start_all);
    time_all("cancel", stop_all);
    time_all("insert_each", start_each);
    time_all("cancel_shuffled", stop_shuffled);
    time_all("start_stop", one_by_one);
    /* In the cache is what was there for stop_shuffled(): the end of them. */
    memset(timers, 0, MILLION * sizeof *timers);
    time_all("touch_shuffled", touch_shuffled);
    for (uint32_t i = 0; i < MILLION; i++)
        bench_init(&timers[i], never);
}

static void rearm_random(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        bench_rearm(&timers[order[i]], delays[i]);
    bench_returned();
}

static void rearm_each(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        bench_rearm(&timers[order[i]], delays[i]);
        bench_returned();
    }
}

static void rearm_idle(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        bench_rearm(&timers[order[i]], MINUTE);
    bench_returned();
}

static void rearm_in_order(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        bench_rearm(&timers[i], MINUTE);
    bench_returned();
}

static void time_rearming(const char *name, uint32_t count,
                          void (*pass)(uint32_t count))
{
    uint32_t passes = 2 * MILLION / count;
    uint64_t began = cpu_time();
    char with_count[64];

    for (uint32_t i = 0; i < passes; i++)
        pass(count);
    snprintf(with_count, sizeof with_count, "%s_%u", name, count);
    report(with_count, began, count * passes);
}

static void rearm(uint32_t count)
{
    shuffle(count);
    start_all(count);
    time_rearming("rearm", count, rearm_random);
    time_rearming("rearm_each", count, rearm_each);
    time_rearming("rearm_idle", count, rearm_idle);
    time_rearming("rearm_in_order", count, rearm_in_order);
    stop_all(count);
}

static void speed(void)
{
    timers = allocate(MILLION, sizeof *timers);
    for (uint32_t i = 0; i < MILLION; i++) {
        delays[i] = 1 + random_below(HOUR);
        bench_init(&timers[i], never);
    }
    start_and_stop();
    rearm(1000);
    rearm(10000);
    rearm(100000);
    rearm(MILLION);
    free(timers);
}

/* ------------------------------------------------------------------ firing */

enum {
    CALM = 50000,   /* timers started in callbacks that do nothing else */
    BURST = 100000, /* started at once */
    BUSY = 100000,  /* started in callbacks that work */
    PER_CALL = 100, /* started in one callback */
    WORK_NS = 8000, /* of work before each, if it is a callback that works */
    LONGEST = 1000  /* ms */
};

struct shot {
    bench_timer timer; /* the first member: see shot_fired() */
    uint64_t started;
    int64_t late; /* ns; negative: early */
    uint32_t delay;
};

static struct shot *next_shot, *last_shot;
static unsigned fired;

static void shot_fired(bench_timer *timer)
{
    struct shot *shot = (struct shot *)(void *)timer;

    shot->late =
        (int64_t)(now() - shot->started) - (int64_t)shot->delay * 1000000;
    fired++;
}

static void shoot(struct shot *shot)
{
    bench_init(&shot->timer, shot_fired);
    shot->delay = 1 + random_below(LONGEST);
    shot->started = now();
    bench_start(&shot->timer, shot->delay);
}

static void work(uint64_t ns)
{
    uint64_t began = now();

    while (now() - began < ns)
        continue;
}

static void shoot_some(bench_timer *timer, uint64_t work_ns)
{
    for (unsigned i = 0; i < PER_CALL; i++) {
        work(work_ns);
        shoot(next_shot++);
    }
    if (next_shot < last_shot)
        bench_start(timer, 1);
}

static void calm(bench_timer *timer)
{
    shoot_some(timer, 0);
}

static void busy(bench_timer *timer)
{
    shoot_some(timer, WORK_NS);
}

static int by_lateness(const void *a, const void *b)
{
    const struct shot *x = a, *y = b;

    return (x->late > y->late) - (x->late < y->late);
}

static void tell(const char *group, struct shot *shots, unsigned count)
{
    unsigned early = 0;

    if (fired != count) {
        fprintf(stderr, "timers: %u of %u fired\n", fired, count);
        exit(1);
    }
    qsort(shots, count, sizeof *shots, by_lateness);
    while (early < count && shots[early].late < 0)
        early++;
    printf("%searly_percent %.3f\n", group, 100.0 * early / count);
    printf("%searliest_us %.1f\n", group,
           early ? (double)-shots[0].late / 1e3 : 0.0);
    printf("%slate_p50_us %.1f\n", group, (double)shots[count / 2].late / 1e3);
    printf("%slate_p99_us %.1f\n", group,
           (double)shots[count / 100 * 99].late / 1e3);
}

/* Started by a callback that comes again and again, or at once. */
static void fire_group(const char *group, unsigned count,
                       void (*callback)(bench_timer *timer))
{
    /* Never freed: to libuv what was a timer remains a handle. */
    struct shot *shots = allocate(count + 1, sizeof *shots);

    fired = 0;
    next_shot = shots;
    last_shot = shots + count;
    if (callback) {
        bench_init(&last_shot->timer, callback);
        bench_start(&last_shot->timer, 1);
    } else {
        while (next_shot < last_shot)
            shoot(next_shot++);
    }
    bench_run();
    tell(group, shots, count);
}

/* One group after the other: busy callbacks would make the other timers late
 * and prove nothing by it. */
static void fire(void)
{
    fire_group("", CALM, calm);
    fire_group("burst_", BURST, NULL);
    fire_group("busy_", BUSY, busy);
}

int main(int argc, char **argv)
{
    const char *what = argc == 2 ? argv[1] : "";

    bench_open();
    if (strcmp(what, "speed") == 0) {
        speed();
    } else if (strcmp(what, "fire") == 0) {
        fire();
    } else {
        fprintf(stderr, "usage: timers-%s speed|fire\n", bench_library);
        return 2;
    }
    bench_close();
    return 0;
}
