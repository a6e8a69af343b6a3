/*
 * timers.c - what timers cost, and whether they come too early
 *
 *   timers-weir speed      one round of costs, lines of "NAME VALUE", in ns
 *   timers-weir fire       200,000 timers against the true clock
 *
 * The same loops are compiled once for each library: an adapter
 * (timers_weir.h, timers_libev.h, and so on) gives them a type and a handful of
 * inline functions, so that between the loop and the library there is not even
 * a call.
 *
 * Costs are taken where they hurt: with all the timers alive, so many that
 * they do not fit into the cache, and touched in an order that has nothing to
 * do with their deadlines. All random numbers are made beforehand.
 *
 * A library may put off a part of the work. weir's timers get their place in
 * the wheel when the callback that started them has returned; bench_returned()
 * is that moment, and lies inside of what is timed: once for all that is
 * started in one go, or after each start where the text says "each in its own
 * callback". The others have nothing to do there.
 *
 * A timer is early when the true clock, read in its callback, is less than its
 * delay past the true clock read just before the call that started it. No
 * cached clock takes part in the judgement. Half of the timers are started by
 * callbacks that take nearly a millisecond, since that is where cached clocks
 * go wrong.
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

/* Started and stopped before anything else happens. */
static void one_by_one(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        bench_start(&timers[0], delays[i]);
        bench_stop(&timers[0]);
    }
}

static void report(const char *name, uint32_t count, uint64_t began,
                   uint32_t operations)
{
    double ns = (double)(cpu_time() - began) / operations;

    if (count)
        printf("%s_%u %.1f\n", name, count, ns);
    else
        printf("%s %.1f\n", name, ns);
    fflush(stdout);
}

static void time_pairs(const char *name, void (*start)(uint32_t count),
                       void (*stop)(uint32_t count))
{
    uint64_t began = cpu_time();

    start(MILLION);
    if (stop)
        stop(MILLION);
    report(name, 0, began, MILLION);
}

static void start_and_stop(void)
{
    shuffle(MILLION);
    start_all(MILLION); /* touches all memory, unseen */
    stop_all(MILLION);
    time_pairs("start_stop", start_all, stop_all);
    time_pairs("start_stop_each", start_each, stop_all);
    time_pairs("start_stop_shuffled", start_all, stop_shuffled);
    time_pairs("start_stop_alone", one_by_one, NULL);
}

/* As idle timeouts are: all of one length, re-armed again and again. `order`
 * stands for connections that are busy in any order. */

static void rearm_in_order(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        bench_rearm(&timers[i], MINUTE);
    bench_returned();
}

static void rearm_each(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        bench_rearm(&timers[i], MINUTE);
        bench_returned();
    }
}

static void rearm_shuffled(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        bench_rearm(&timers[order[i]], MINUTE);
    bench_returned();
}

static void rearm_random(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        bench_rearm(&timers[order[i]], delays[i]);
    bench_returned();
}

static void time_rearming(const char *name, uint32_t count,
                          void (*pass)(uint32_t count))
{
    uint32_t passes = 2 * MILLION / count;
    uint64_t began = cpu_time();

    for (uint32_t i = 0; i < passes; i++)
        pass(count);
    report(name, count, began, count * passes);
}

static void rearm(uint32_t count)
{
    shuffle(count);
    start_all(count);
    time_rearming("rearm", count, rearm_in_order);
    time_rearming("rearm_each", count, rearm_each);
    time_rearming("rearm_shuffled", count, rearm_shuffled);
    time_rearming("rearm_random", count, rearm_random);
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
    rearm(10000);
    rearm(100000);
    rearm(MILLION);
    free(timers);
}

/* ------------------------------------------------------------------ firing */

enum {
    GROUP = 100000, /* timers started at rest, and as many in callbacks */
    PER_CALL = 100, /* started in one callback, with ... */
    WORK_NS = 8000, /* ... so much done between two */
    LONGEST = 1000  /* ms */
};

struct shot {
    bench_timer timer;
    uint64_t started;
    int64_t late; /* ns; negative: early */
    uint32_t delay;
};

static struct shot *shots;
static unsigned busy_started;
static uint64_t fired;
static bench_timer driver;

static void shot_fired(bench_timer *timer)
{
    struct shot *shot = (struct shot *)(void *)timer; /* the first member */

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

static void busy(bench_timer *timer)
{
    for (unsigned i = 0; i < PER_CALL; i++) {
        uint64_t began = now();

        while (now() - began < WORK_NS)
            continue;
        shoot(&shots[GROUP + busy_started++]);
    }
    if (busy_started < GROUP)
        bench_start(timer, 1);
}

static int by_lateness(const void *a, const void *b)
{
    const struct shot *x = a, *y = b;

    return (x->late > y->late) - (x->late < y->late);
}

static void tell(const char *name, struct shot *group)
{
    unsigned early = 0;

    qsort(group, GROUP, sizeof *group, by_lateness);
    while (early < GROUP && group[early].late < 0)
        early++;
    printf("early_%s %u\n", name, early);
    printf("earliest_us_%s %.1f\n", name,
           early ? (double)-group[0].late / 1e3 : 0.0);
    printf("late_p50_us_%s %.1f\n", name, (double)group[GROUP / 2].late / 1e3);
    printf("late_p99_us_%s %.1f\n", name,
           (double)group[GROUP / 100 * 99].late / 1e3);
    printf("late_max_us_%s %.1f\n", name, (double)group[GROUP - 1].late / 1e3);
}

/* First the timers that are started before the loop runs, then, when all of
 * those have fired, the others: busy callbacks would make the first ones late
 * and prove nothing by it. */
static void fire(void)
{
    shots = allocate(2 * GROUP, sizeof *shots);
    for (unsigned i = 0; i < GROUP; i++)
        shoot(&shots[i]);
    bench_run();
    bench_init(&driver, busy);
    bench_start(&driver, 1);
    bench_run();
    if (fired != 2 * GROUP) {
        fprintf(stderr, "timers: %llu of %d fired\n", (unsigned long long)fired,
                2 * GROUP);
        exit(1);
    }
    printf("fired %llu\n", (unsigned long long)fired);
    tell("rest", shots);
    tell("busy", shots + GROUP);
    free(shots);
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
