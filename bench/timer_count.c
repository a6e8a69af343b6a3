/*
 * timer_count.c - timer operations for callgrind to count
 *
 *   timer_count OPERATION N
 *
 * Runs N operations inside a function of the operation's name: start_all,
 * stop_all, rearm_all, fire_all, for --toggle-collect. What comes before and
 * after is not counted. A loop of this program around each operation is: about
 * 6 instructions.
 *
 * A start or re-arm counts with all that belongs to it: a timer gets its place
 * in the wheel when the clock is read, after the callback that started it or
 * for every 128th. Here that is one reading for 128.
 *
 * The count must be the same on every machine, so time stands still unless we
 * move it: clock_gettime() is ours, and the linker prefers it to libc's.
 */
#include <weir/reactor.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MINUTE = 60 * 1000, HOUR = 60 * MINUTE };

static uint64_t virtual_now = UINT64_C(1000000000000);

int clock_gettime(clockid_t clock, struct timespec *time)
{
    (void)clock;
    time->tv_sec = (time_t)(virtual_now / 1000000000);
    time->tv_nsec = (long)(virtual_now % 1000000000);
    return 0;
}

static weir_loop *loop;
static weir_timer *timers;
static uint32_t *delays;
static unsigned long count, fired;

static void on_timer(weir_timer *timer)
{
    (void)timer;
    fired++;
}

static void start_all(void)
{
    for (unsigned long i = 0; i < count; i++)
        weir_timer_start(&timers[i], delays[i]);
    weir_loop_update_now(loop);
}

static void stop_all(void)
{
    for (unsigned long i = 0; i < count; i++)
        weir_timer_stop(&timers[i]);
}

static void rearm_all(void)
{
    for (unsigned long i = 0; i < count; i++)
        weir_timer_start(&timers[i], MINUTE);
    weir_loop_update_now(loop);
}

/* All of them become due at once. */
static void start_and_jump(void)
{
    start_all();
    virtual_now += UINT64_C(2) * HOUR * 1000000;
}

static void fire_all(void)
{
    weir_check(weir_loop_run(loop));
}

static void prepare(void)
{
    uint32_t random = 2463534242;

    timers = calloc(count, sizeof *timers);
    delays = calloc(count, sizeof *delays);
    if (!timers || !delays)
        exit(1);
    weir_check(weir_loop_create(&loop));
    for (unsigned long i = 0; i < count; i++) {
        random ^= random << 13; /* Marsaglia's xorshift */
        random ^= random >> 17;
        random ^= random << 5;
        delays[i] = 1 + random % HOUR;
        weir_check(weir_timer_init(&timers[i], loop, on_timer));
    }
}

/* Called through this table so that the compiler keeps them as functions. */
static const struct {
    const char *name;
    void (*before)(void);
    void (*counted)(void);
} operations[] = { { "start", NULL, start_all },
                   { "stop", start_all, stop_all },
                   { "rearm", start_all, rearm_all },
                   { "fire", start_and_jump, fire_all } };

static void run(unsigned operation)
{
    prepare();
    if (operations[operation].before)
        operations[operation].before();
    operations[operation].counted();
    if (operations[operation].counted == fire_all && fired != count)
        exit(1); /* then the count is of something else */
    free(timers);
    free(delays);
}

int main(int argc, char **argv)
{
    const unsigned known = sizeof operations / sizeof operations[0];

    count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    for (unsigned i = 0; count && i < known; i++) {
        if (strcmp(argv[1], operations[i].name) == 0) {
            run(i);
            return 0;
        }
    }
    fprintf(stderr, "usage: timer_count start|stop|rearm|fire N\n");
    return 2;
}
