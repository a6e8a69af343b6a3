/*
 * measure.c - latencies, and the CPU time of a server and of ourselves
 *
 * The server's CPU time is read at the same two moments as the clock, so that
 * neither warming up nor opening connections counts. The sum is the kernel's
 * exact clock, which one process may read of another (clock_getcpuclockid); it
 * has all threads in it, also those that have ended. How it divides into user
 * and system time the kernel only samples, at its timer ticks: /proc/PID/stat.
 */
#include "measure.h"

#include "client.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---------------------------------------------------- latencies: a histogram
 *
 * Buckets grow with the value: 32 to each doubling, so that a quantile is right
 * to 3 % whether it is 5 microseconds or 50 milliseconds. */

enum { FINE_BITS = 5, FINE = 1 << FINE_BITS, BUCKETS = 64 * FINE };

static uint64_t histogram[BUCKETS];
static uint64_t recorded, longest;

static unsigned bucket_of(uint64_t value)
{
    unsigned shift;

    if (value < FINE)
        return (unsigned)value;
    shift = 63 - (unsigned)__builtin_clzll(value) - FINE_BITS;
    return (shift + 1) * FINE + (unsigned)(value >> shift & (FINE - 1));
}

/* The middle of a bucket. */
static double bucket_value(unsigned bucket)
{
    unsigned shift;

    if (bucket < FINE)
        return bucket;
    shift = bucket / FINE - 1;
    return ((double)(FINE + bucket % FINE) + 0.5) *
           (double)(UINT64_C(1) << shift);
}

void latency_reset(void)
{
    memset(histogram, 0, sizeof histogram);
    recorded = longest = 0;
}

void latency_record(uint64_t ns)
{
    histogram[bucket_of(ns)]++;
    recorded++;
    if (ns > longest)
        longest = ns;
}

static double quantile_us(double q)
{
    uint64_t seen = 0;
    unsigned bucket = 0;

    while (bucket < BUCKETS - 1) {
        seen += histogram[bucket];
        if ((double)seen > q * (double)recorded)
            break;
        bucket++;
    }
    return bucket_value(bucket) / 1e3;
}

/* ----------------------------------------------------------------- CPU time */

static double seconds_of(clockid_t clock)
{
    struct timespec time;

    if (clock_gettime(clock, &time) < 0)
        client_fail("clock_gettime", errno);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* A file of /proc/PID/; NULL when the process is gone. */
static FILE *open_proc(int pid, const char *name)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    return fopen(path, "r");
}

/* Fields 14 and 15 of /proc/PID/stat. Counted from behind the name, which may
 * have blanks and parentheses in it. */
static void read_ticks(int pid, struct usage *usage)
{
    double tick = (double)sysconf(_SC_CLK_TCK);
    unsigned long user, system;
    FILE *file = open_proc(pid, "stat");
    char text[512];
    const char *rest = NULL;

    if (file && fgets(text, sizeof text, file))
        rest = strrchr(text, ')');
    if (!rest || sscanf(rest + 1,
                        " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u"
                        " %lu %lu",
                        &user, &system) != 2)
        client_fail("the server is gone", 0);
    fclose(file);
    usage->user = (double)user / tick;
    usage->system = (double)system / tick;
}

static struct usage usage_of(int pid)
{
    struct usage usage = { .own = seconds_of(CLOCK_PROCESS_CPUTIME_ID) };
    clockid_t clock;

    if (pid == 0)
        return usage;
    if (clock_getcpuclockid(pid, &clock) != 0)
        client_fail("the server is gone", 0);
    usage.cpu = seconds_of(clock);
    read_ticks(pid, &usage);
    return usage;
}

static void mark(const struct stretch *stretch)
{
    if (stretch->mark && kill(stretch->pid, SIGUSR1) < 0)
        client_fail("kill", errno);
}

void stretch_begin(struct stretch *stretch)
{
    latency_reset();
    stretch->before = usage_of(stretch->pid);
    mark(stretch);
    stretch->began = now();
}

void stretch_end(struct stretch *stretch)
{
    stretch->ended = now();
    mark(stretch);
    stretch->after = usage_of(stretch->pid);
    stretch->resident = resident_bytes(stretch->pid);
}

void stretch_print(const struct stretch *stretch, uint64_t units)
{
    const struct usage *before = &stretch->before, *after = &stretch->after;
    double seconds = (double)(stretch->ended - stretch->began) / NS;

    if (units == 0)
        client_fail("not a single one was done: measure for longer", 0);
    printf(" units=%llu seconds=%.3f rate=%.0f", (unsigned long long)units,
           seconds, (double)units / seconds);
    if (recorded > 0)
        printf(" p50_us=%.1f p99_us=%.1f p999_us=%.1f max_us=%.1f",
               quantile_us(0.5), quantile_us(0.99), quantile_us(0.999),
               (double)longest / 1e3);
    if (stretch->pid)
        printf(" cpu_s=%.6f user_s=%.2f system_s=%.2f",
               after->cpu - before->cpu, after->user - before->user,
               after->system - before->system);
    printf(" load_cpu_s=%.6f", after->own - before->own);
    if (stretch->pid)
        printf(" rss=%llu", (unsigned long long)stretch->resident);
}

uint64_t resident_bytes(int pid)
{
    FILE *file = pid ? open_proc(pid, "smaps_rollup") : NULL;
    unsigned long long kib = 0;
    char line[128];

    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "Rss: %llu kB", &kib) == 1)
            break;
    if (file)
        fclose(file);
    return kib * 1024;
}
