/*
 * pipe.h - what a socket tells the pipes it is part of
 */
#ifndef WEIR_NET_PIPE_H
#define WEIR_NET_PIPE_H

#include "socket.h"

struct weir_pipe;

/* The pipe that reads from this socket, and the one that writes to it. */
static inline struct weir_pipe *weir_pipe_out(const weir_socket *socket)
{
    return socket->extra ? socket->extra->out : NULL;
}

static inline struct weir_pipe *weir_pipe_in(const weir_socket *socket)
{
    return socket->extra ? socket->extra->in : NULL;
}

/* The source has data. */
void weir_pipe_data(struct weir_pipe *pipe, const void *bytes, size_t length);

/* Moves what has come at a socket that is the source of a pipe into its
 * destination, inside the kernel: how many bytes, all accounted for, and the
 * socket may be destroyed. 0: read it. A negative errno: reading has failed. */
ssize_t weir_pipe_splice(weir_socket *from);

/* It is refused: bytes are to be copied from now on. */
void weir_pipe_copies(struct weir_pipe *pipe);

/* The source's stream has ended; the destination has sent all that it had.
 * False when the socket's own events are told of that as well. */
bool weir_pipe_ended(struct weir_pipe *pipe);
bool weir_pipe_drained(struct weir_pipe *pipe);

/* If a socket's writing has failed, what flows into it has nowhere to go. */
void weir_pipe_write_failed(weir_socket *socket);

/* A socket takes part in no pipe any more: it was destroyed, or will throw away
 * what it reads. Either may be without pipes. What that means to its partners
 * is noted there. */
void weir_pipe_closed(weir_socket *socket);

#endif
