/*
 * script_start.c - how long a command takes, from before it is started to its
 * end
 *
 *   script_start COMMAND...
 *
 * Prints one line: wall_ms=N cpu_ms=N. A shell's own way to do this is a
 * process more and a clock of 10 ms. The command must end with status 0.
 */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static double ms_of(struct timeval time)
{
    return (double)time.tv_sec * 1e3 + (double)time.tv_usec / 1e3;
}

int main(int argc, char **argv)
{
    struct rusage usage;
    int status, error;
    double began, ended;
    pid_t child;

    if (argc < 2) {
        fprintf(stderr, "usage: script_start COMMAND...\n");
        return 2;
    }
    began = now_ms();
    error = posix_spawnp(&child, argv[1], NULL, NULL, argv + 1, environ);
    if (error == 0 && wait4(child, &status, 0, &usage) < 0)
        error = errno;
    ended = now_ms();
    if (error != 0) {
        fprintf(stderr, "script_start: %s: %s\n", argv[1], strerror(error));
        return 1;
    }
    if (status != 0) {
        fprintf(stderr, "script_start: %s failed\n", argv[1]);
        return 1;
    }
    printf("wall_ms=%.2f cpu_ms=%.2f\n", ended - began,
           ms_of(usage.ru_utime) + ms_of(usage.ru_stime));
    return 0;
}
