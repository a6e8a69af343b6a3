/*
 * load.c - the load generator
 *
 *   load HOST PORT MODE [OPTIONS]
 *
 *     echo     messages and their echoes: --connections N --size BYTES, --depth
 *              D under way on each
 *     bulk     large writes, echoed: --connections, --size
 *     sink     large writes, one way
 *     churn    connect, one message, close: --parallel K
 *     fanout   one sends, all others read: --readers N
 *     stalled  echo beside connections that do not read: --stalled N
 *              --connections M
 *     proxy    both ends of `COMMAND...`, given behind the options, which is
 *              started with our address in the place of {target}; PORT is not
 *              looked at
 *
 *   By the clock: --seconds S, after --warmup S. With --pid PID the line has
 *   that server's CPU time in it; --mark sends it SIGUSR1 at both ends of the
 *   time that counts, for user_clock.c.
 *
 *   By the count, so that each run asks the same of the server:
 *     echo --rounds R   in step: a message on every connection (or --depth D of
 *                       them), all the echoes, R times after a first one
 *     echo --hold       with that or alone: the connections then stand until
 *                       stdin ends, to read the server's memory meanwhile
 *     churn --cycles N  in step: all --parallel connections come, echo a
 *                       message and go, until the server has closed them
 *
 * One line of KEY=VALUE is printed. Every byte that comes back is compared;
 * anything wrong ends the program with status 1 and a text.
 */
#include "load.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { GRACE = 20, BY_COUNT_GRACE = 300 }; /* seconds, until SIGALRM */

uint64_t in_seconds(double seconds)
{
    return now() + (uint64_t)(seconds * NS);
}

struct stretch stretch_of(const struct options *options)
{
    return (struct stretch){ .pid = options->pid, .mark = options->mark };
}

static const struct {
    const char *name;
    void (*run)(const struct options *options);
} modes[] = {
    { "echo", load_echo },     { "bulk", load_bulk },
    { "sink", load_sink },     { "churn", load_churn },
    { "fanout", load_fanout }, { "stalled", load_stalled },
    { "proxy", load_proxy },
};

enum { MODES = sizeof modes / sizeof modes[0] };

static void usage(void)
{
    fprintf(stderr, "usage: load HOST PORT MODE [OPTIONS]\n"
                    "MODE is one of");
    for (unsigned i = 0; i < MODES; i++)
        fprintf(stderr, " %s", modes[i].name);
    fprintf(stderr, "\nSee the beginning of bench/load.c.\n");
    exit(2);
}

static const struct option names[] = {
    { "connections", required_argument, NULL, 'c' },
    { "size", required_argument, NULL, 's' },
    { "depth", required_argument, NULL, 'd' },
    { "seconds", required_argument, NULL, 't' },
    { "warmup", required_argument, NULL, 'w' },
    { "pid", required_argument, NULL, 'p' },
    { "parallel", required_argument, NULL, 'l' },
    { "readers", required_argument, NULL, 'a' },
    { "stalled", required_argument, NULL, 'x' },
    { "rounds", required_argument, NULL, 'r' },
    { "cycles", required_argument, NULL, 'k' },
    { "hold", no_argument, NULL, 'h' },
    { "mark", no_argument, NULL, 'm' },
    { NULL, 0, NULL, 0 }
};

static double number(const char *text)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end || !(value >= 0 && value <= 2e9))
        usage();
    return value;
}

/* False: no such option. */
static bool take(struct options *options, int option, double value)
{
    switch (option) {
    case 'c':
        options->connections = (unsigned)value;
        return true;
    case 's':
        options->size = (size_t)value;
        return true;
    case 'd':
        options->depth = (unsigned)value;
        return true;
    case 't':
        options->seconds = value;
        return true;
    case 'w':
        options->warmup = value;
        return true;
    case 'p':
        options->pid = (int)value;
        return true;
    case 'l':
        options->parallel = (unsigned)value;
        return true;
    case 'a':
        options->readers = (unsigned)value;
        return true;
    case 'x':
        options->stalled = (unsigned)value;
        return true;
    case 'r':
        options->rounds = (unsigned)value;
        return true;
    case 'k':
        options->cycles = (unsigned)value;
        return true;
    case 'h':
        options->hold = true;
        return true;
    case 'm':
        options->mark = true;
        return true;
    default:
        return false;
    }
}

static unsigned mode_called(const char *name)
{
    for (unsigned i = 0; i < MODES; i++)
        if (strcmp(modes[i].name, name) == 0)
            return i;
    usage();
    return MODES;
}

/* Gives the mode. The words are in order: a proxy's command has options of its
 * own, which are not ours. */
static unsigned parse(struct options *options, int argc, char **argv)
{
    unsigned mode;
    int option;

    if (argc < 4)
        usage();
    options->host = argv[1];
    options->port = argv[2];
    mode = mode_called(argv[3]);
    optind = 4;
    while ((option = getopt_long(argc, argv, "+", names, NULL)) != -1)
        if (!take(options, option, optarg ? number(optarg) : 0))
            usage();
    options->command = argv + optind;
    if ((optind < argc) != (modes[mode].run == load_proxy) ||
        !options->connections || !options->depth || !options->parallel ||
        !options->readers || !options->stalled ||
        (options->mark && !options->pid))
        usage();
    return mode;
}

/* A server that hangs must not hang us: SIGALRM ends the program. */
static void limit_time(const struct options *options)
{
    bool counted = options->rounds || options->cycles;

    if (!options->hold)
        alarm(counted ? BY_COUNT_GRACE
                      : (unsigned)(2 * (options->seconds + options->warmup)) +
                            GRACE);
}

int main(int argc, char **argv)
{
    struct options options = { .connections = 1,
                               .depth = 1,
                               .parallel = 16,
                               .readers = 1000,
                               .stalled = 1000,
                               .seconds = 3,
                               .warmup = 0.5 };
    unsigned mode = parse(&options, argc, argv);

    limit_time(&options);
    modes[mode].run(&options);
    return 0;
}
