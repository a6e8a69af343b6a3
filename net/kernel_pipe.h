/*
 * kernel_pipe.h - bytes on their way from socket to socket inside the kernel
 *
 * A kernel pipe always comes with a chunk: what it holds stands in the write
 * queue of the destination like all else that waits there, in its order and in
 * its count. An empty one is nobody's. It goes back to the loop, which keeps a
 * few; so a connection that is idle, or keeps up, owns none.
 */
#ifndef WEIR_NET_KERNEL_PIPE_H
#define WEIR_NET_KERNEL_PIPE_H

#include "write_queue.h"

struct weir_kernel_pipe {
    struct weir_kernel_pipe *next; /* in the loop's store */
    struct weir_net *net;
    struct weir_chunk *chunk;
    int ends[2]; /* to take from, to put into */
    size_t held; /* bytes in it */
};

/* A chunk with an empty kernel pipe, freed by weir_chunk_free(). NULL: there is
 * none to be had, now or on this system. */
struct weir_chunk *weir_kernel_pipe_take(weir_loop *loop);

/* Takes one back, whatever is in it. */
void weir_kernel_pipe_give(struct weir_kernel_pipe *pipe);

/* Gives all that the loop keeps to the system. False when it keeps none. */
bool weir_kernel_pipes_close(struct weir_net *net);

/* The same after an error that says that there is no descriptor left: true when
 * there may be one now. (Each has two, that nobody uses just now.) */
bool weir_kernel_pipes_make_room(weir_loop *loop, int error);

/* weir_sys_stream(), with their room if there is no other. */
int weir_open_stream(weir_loop *loop, int family);

/* Moves bytes in from a socket: how many; 0 when the socket must be read to
 * learn more; a negative errno when it, or the system, refuses. */
ssize_t weir_kernel_pipe_fill(struct weir_kernel_pipe *pipe, int fd);

/* Moves bytes out into a socket until it is full (*stopped is -EAGAIN), all
 * are out (0) or it fails. How many went. */
size_t weir_kernel_pipe_empty(struct weir_kernel_pipe *pipe, int fd,
                              int *stopped);

/* An error that only says: not by splice(). */
bool weir_kernel_pipe_refused(ssize_t result);

/* Copies all that it holds to `bytes`: 0 or a negative errno. */
int weir_kernel_pipe_read(struct weir_kernel_pipe *pipe, void *bytes);

/* Makes it a chunk like others: its bytes come up into memory, and the kernel
 * pipe is gone. 0 or a negative errno. */
int weir_kernel_pipe_unload(struct weir_chunk *chunk);

#endif
