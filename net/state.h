/*
 * state.h - what net/ keeps per loop
 *
 * Made when the first socket, server or lookup is, closed with the loop.
 */
#ifndef WEIR_NET_STATE_H
#define WEIR_NET_STATE_H

#include "reactor/loop.h"

#include <weir/net.h>

struct weir_chunk;
struct weir_kernel_pipe;

/* Reads land here unless the reader provides a buffer: an idle connection owns
 * none. Its pages cost memory only once data has reached them. In bulk echo a
 * loop that reads 512 KiB at once needs 0.4 of the CPU of one that reads 64
 * (measured; see docs/performance.md).
 *
 * A peer that sends and never reads leaves what was read last in our queue. So
 * a connection is read in smaller pieces until it has carried more than the
 * kernel's buffers hold: then its peer has been seen to read.
 */
enum {
    WEIR_READ_BUFFER = 512 * 1024,
    WEIR_READ_FIRST = 64 * 1024,
    WEIR_READ_TRUSTED = 16 * 1024 * 1024
};

struct weir_net {
    struct weir_pool sockets;
    struct weir_link servers;
    struct weir_chunk *spare;        /* see write_queue.h */
    struct weir_kernel_pipe *pipes;  /* empty ones; see kernel_pipe.h */
    unsigned pipe_count, pipes_idle; /* all of them; those in `pipes` */
    bool closing;                    /* the loop is being destroyed */
    uint64_t pipes_refused_until;    /* on the loop's clock; 0: were not */
    struct weir_link resolvers;
    weir_resolver *resolver; /* one of them, made by the first lookup */
    char read_buffer[WEIR_READ_BUFFER];
};

/* The loop's state, made when there is none yet; NULL when out of memory. */
struct weir_net *weir_net_get(weir_loop *loop);

static inline struct weir_net *weir_net_of(weir_loop *loop)
{
    return loop->net;
}

#endif
