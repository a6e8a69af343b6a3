/*
 * load.c - the load generator: echoes by the clock, by the count, or none
 *
 *   load HOST PORT --connections N --size BYTES --seconds S
 *        [--depth D] [--warmup S] [--pid PID [--mark]]
 *     Each connection sends a message, waits for its echo, and sends the next;
 *     with --depth D there are D under way. Prints one line of KEY=VALUE. With
 *     the server's PID the line has its CPU time, too: read from /proc at the
 *     same two moments as the clock, so that neither warming up nor starting
 *     this program counts. --mark sends the server SIGUSR1 at both moments, for
 *     user_clock.c.
 *
 *   load HOST PORT --connections N --size BYTES --rounds R [--hold]
 *     In step: one message on every connection, wait for all the echoes, R
 *     times after a first one. For counts that must be the same each time.
 *     With --hold the connections then stand until stdin ends: to read the
 *     server's memory, or to end it before they close.
 *
 *   load HOST PORT --size BYTES --cycles K
 *     K times one after the other: connect, echo one message, close.
 *
 * Every byte that comes back is compared; anything wrong ends the program with
 * status 1 and a text.
 */
#include "client.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 1024, NS = 1000000000, STALLED = 30000 };

struct options {
    unsigned connections, depth, rounds, cycles;
    size_t size;
    double seconds, warmup;
    int pid;
    bool hold, mark;
};

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * NS + (uint64_t)time.tv_nsec;
}

/* ---------------------------------------------------- latencies: a histogram
 *
 * Buckets grow with the value: 32 to each doubling, so that a quantile is right
 * to 3 % whether it is 5 microseconds or 50 milliseconds. */

enum { FINE_BITS = 5, FINE = 1 << FINE_BITS, BUCKETS = 64 * FINE };

static uint64_t histogram[BUCKETS];
static uint64_t longest;

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

static void record(uint64_t latency)
{
    histogram[bucket_of(latency)]++;
    if (latency > longest)
        longest = latency;
}

static double quantile_us(double q)
{
    uint64_t total = 0, seen = 0;
    unsigned bucket = 0;

    for (unsigned i = 0; i < BUCKETS; i++)
        total += histogram[i];
    while (bucket < BUCKETS - 1) {
        seen += histogram[bucket];
        if ((double)seen > q * (double)total)
            break;
        bucket++;
    }
    return bucket_value(bucket) / 1e3;
}

/* --------------------------------------------------- the server's CPU time */

struct cpu {
    unsigned long user, system; /* in clock ticks, of all its threads */
};

/* Fields 14 and 15 of /proc/PID/stat; counted from behind the name, which may
 * have blanks and parentheses in it. */
static struct cpu cpu_of(int pid)
{
    struct cpu cpu = { 0, 0 };
    char path[32], text[512];
    const char *rest = NULL;
    FILE *file;

    if (pid == 0)
        return cpu;
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    file = fopen(path, "r");
    if (file && fgets(text, sizeof text, file))
        rest = strrchr(text, ')');
    if (!rest || sscanf(rest + 1,
                        " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u"
                        " %lu %lu",
                        &cpu.user, &cpu.system) != 2)
        client_fail(path, errno);
    fclose(file);
    return cpu;
}

/* ------------------------------------------------------------ by the clock */

struct measurement {
    struct client *client;
    const struct options *options;
    uint64_t *sent_at; /* `depth` places for each connection */
    uint64_t messages;
};

/* Takes echoes in, notes how long each took, sends as many messages again. */
static void turn_around(struct measurement *m, struct peer *peer)
{
    size_t size = m->client->size;
    unsigned depth = m->options->depth;
    uint64_t *sent_at = m->sent_at + (peer - m->client->peers) * depth;
    uint64_t message = peer->received / size;
    uint64_t time;

    peer_receive(peer);
    if (message == peer->received / size) {
        peer_flush(peer); /* nothing whole yet: perhaps there is room */
        return;
    }
    time = now();
    for (; message < peer->received / size; message++) {
        record(time - sent_at[message % depth]);
        sent_at[message % depth] = time;
        peer->due += size;
        m->messages++;
    }
    peer_flush(peer);
}

/* Gives the moment when it ended: a little after `end`. */
static uint64_t run_until(struct measurement *m, uint64_t end)
{
    struct epoll_event events[BATCH];
    uint64_t time;

    do {
        int count = epoll_wait(m->client->epoll, events, BATCH, STALLED);

        if (count == 0)
            client_fail("no echo for 30 s", 0);
        for (int i = 0; i < count; i++)
            turn_around(m, events[i].data.ptr);
        time = now();
    } while (time < end);
    return time;
}

/* The first `depth` messages of every connection. */
static void get_going(struct measurement *m)
{
    struct client *client = m->client;
    unsigned depth = m->options->depth;

    for (unsigned i = 0; i < client->count; i++) {
        struct peer *peer = &client->peers[i];
        uint64_t time = now();

        for (unsigned k = 0; k < depth; k++)
            m->sent_at[i * depth + k] = time;
        peer->due += depth * client->size;
        peer_flush(peer);
    }
}

static void print_cpu(struct cpu before, struct cpu after)
{
    double ticks = (double)sysconf(_SC_CLK_TCK);

    printf(" user_s=%.2f system_s=%.2f",
           (double)(after.user - before.user) / ticks,
           (double)(after.system - before.system) / ticks);
}

static void mark(const struct options *options)
{
    if (options->mark && kill(options->pid, SIGUSR1) < 0)
        client_fail("kill", errno);
}

static void by_the_clock(struct client *client, const struct options *options)
{
    struct measurement m = { .client = client, .options = options };
    uint64_t from, to;
    struct cpu before, after;
    double seconds;

    m.sent_at =
        calloc((size_t)client->room * options->depth, sizeof *m.sent_at);
    if (!m.sent_at)
        client_fail("starting", errno);
    client_open(client, options->connections);
    get_going(&m);
    run_until(&m, now() + (uint64_t)(options->warmup * NS));
    memset(histogram, 0, sizeof histogram);
    longest = m.messages = 0;
    before = cpu_of(options->pid);
    mark(options);
    from = now();
    to = run_until(&m, from + (uint64_t)(options->seconds * NS));
    mark(options);
    after = cpu_of(options->pid);
    if (m.messages == 0)
        client_fail("not a single echo: measure for longer", 0);
    seconds = (double)(to - from) / NS;
    printf("connections=%u size=%zu depth=%u messages=%llu seconds=%.3f "
           "rate=%.0f p50_us=%.1f p99_us=%.1f max_us=%.1f",
           options->connections, options->size, options->depth,
           (unsigned long long)m.messages, seconds,
           (double)m.messages / seconds, quantile_us(0.5), quantile_us(0.99),
           (double)longest / 1e3);
    if (options->pid)
        print_cpu(before, after);
    putchar('\n');
    free(m.sent_at);
}

/* ------------------------------------------------------------ by the count */

static void by_the_count(struct client *client, const struct options *options)
{
    client_open(client, options->connections);
    for (unsigned i = 0; i < options->rounds; i++)
        client_round(client, 1);
    printf("connections=%u messages=%llu\n", options->connections,
           (unsigned long long)options->connections * (options->rounds + 1));
    fflush(stdout);
    while (options->hold && getchar() != EOF)
        continue;
}

static void cycle(struct client *client, const struct options *options)
{
    for (unsigned i = 0; i < options->cycles; i++) {
        client_open(client, 1);
        client_close_last(client);
    }
    printf("cycles=%u\n", options->cycles);
}

/* ------------------------------------------------------------- the options */

static void usage(void)
{
    fprintf(stderr,
            "usage: load HOST PORT [--connections N] [--size BYTES]\n"
            "            [--seconds S] [--warmup S] [--depth D]\n"
            "            [--pid PID [--mark]] [--rounds R] [--hold]\n"
            "            [--cycles K]\n"
            "See the beginning of bench/load.c.\n");
    exit(2);
}

static const struct option names[] = {
    { "connections", required_argument, NULL, 'c' },
    { "size", required_argument, NULL, 's' },
    { "depth", required_argument, NULL, 'd' },
    { "seconds", required_argument, NULL, 't' },
    { "warmup", required_argument, NULL, 'w' },
    { "pid", required_argument, NULL, 'p' },
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

static void parse(struct options *options, int argc, char **argv)
{
    int option;

    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        double value = optarg ? number(optarg) : 0;

        switch (option) {
        case 'c':
            options->connections = (unsigned)value;
            break;
        case 's':
            options->size = (size_t)value;
            break;
        case 'd':
            options->depth = (unsigned)value;
            break;
        case 't':
            options->seconds = value;
            break;
        case 'w':
            options->warmup = value;
            break;
        case 'p':
            options->pid = (int)value;
            break;
        case 'r':
            options->rounds = (unsigned)value;
            break;
        case 'k':
            options->cycles = (unsigned)value;
            break;
        case 'h':
            options->hold = true;
            break;
        case 'm':
            options->mark = true;
            break;
        default:
            usage();
        }
    }
    if (argc - optind != 2 || !options->connections || !options->size ||
        !options->depth || (options->mark && !options->pid))
        usage();
}

int main(int argc, char **argv)
{
    struct options options = {
        .connections = 1, .depth = 1, .size = 64, .seconds = 3, .warmup = 0.5
    };
    struct client client;

    parse(&options, argc, argv);
    client_init(&client, argv[optind], argv[optind + 1], options.connections,
                options.size);
    if (options.cycles)
        cycle(&client, &options);
    else if (options.rounds || options.hold)
        by_the_count(&client, &options);
    else
        by_the_clock(&client, &options);
    client_reset_all(&client);
    free(client.peers);
    return 0;
}
