/*
 * measure.h - what the load generator's modes measure with
 *
 * The clock, a histogram of latencies, and the CPU time of the server beside
 * our own. See measure.c.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum { NS = 1000000000 };

static inline uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * NS + (uint64_t)time.tv_nsec;
}

/* ------------------------------------------------------------- latencies */

void latency_reset(void);
void latency_record(uint64_t ns);

/* ------------------------------------------------------------ a stretch
 *
 * Of time, in which units are counted: messages, connections or bytes. */

struct stretch {
    int pid;   /* the server; 0: nobody to ask */
    bool mark; /* send it SIGUSR1 at both ends, for user_clock.c */
    uint64_t began, ended;
    struct usage {
        double cpu, user, system; /* of the server, in seconds */
        double own;               /* of this process */
    } before, after;
    uint64_t resident; /* bytes of the server, at the end */
};

void stretch_begin(struct stretch *stretch);
void stretch_end(struct stretch *stretch);

/* Prints units, seconds and rate; latencies if any were recorded; CPU times and
 * resident memory. A word each, a blank before each, no newline. Not a single
 * unit is an error: nothing could be told of it. */
void stretch_print(const struct stretch *stretch, uint64_t units);

/* Resident bytes of a process; 0 for process 0. */
uint64_t resident_bytes(int pid);

#endif
