/*
 * load.h - the load generator's modes, a file each; see load.c
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "client.h"
#include "measure.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct options {
    const char *host, *port;
    unsigned connections, depth, parallel, readers, stalled;
    unsigned rounds, cycles; /* by the count, instead of seconds */
    size_t size;             /* 0: what the mode has by default */
    double seconds, warmup;
    int pid;
    bool mark, hold;
    char **command; /* proxy: what to start, ended by NULL */
};

void load_echo(const struct options *options);
void load_bulk(const struct options *options);
void load_sink(const struct options *options);
void load_churn(const struct options *options);
void load_fanout(const struct options *options);
void load_stalled(const struct options *options);
void load_proxy(const struct options *options);

/* ------------------------------------------------- echoes, until a moment */

struct echoing {
    struct client *client;
    unsigned depth;    /* messages under way on each connection */
    uint64_t *sent_at; /* `depth` places for each connection */
    uint64_t messages;
};

/* Sends the first messages on connections that are open. */
void echo_start(struct echoing *echoing, struct client *client, unsigned depth);
/* Gives the moment when it ended: a little after `end`. */
uint64_t echo_until(struct echoing *echoing, uint64_t end);

/* The moment `seconds` from now. */
uint64_t in_seconds(double seconds);

/* A stretch for the server that the options name. */
struct stretch stretch_of(const struct options *options);

#endif
