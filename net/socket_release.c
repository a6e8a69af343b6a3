/*
 * socket_release.c - a connection that goes on without its socket
 *
 * Only a descriptor changes hands. So whatever of the stream is not in the
 * kernel (bytes that wait to be sent, an end that waits behind them, bytes that
 * were read and told to nobody) would be lost with the socket, and refuses it.
 */
#include "socket.h"

#include "pipe.h"

/* Something of what was accepted is not with the kernel; or a write of no bytes
 * is held by a cork, and would fail without a reason. */
static bool has_more_to_send(const weir_socket *s)
{
    return s->queue.waiting || s->writing == WEIR_WRITING_ENDING;
}

static int refusal(const weir_socket *s)
{
    if (!s)
        return -EINVAL;
    if (s->phase != WEIR_PHASE_OPEN)
        return s->phase < WEIR_PHASE_OPEN ? -ENOTCONN : -EBADF;
    if (s->writing == WEIR_WRITING_FAILED)
        return s->error;
    if (has_more_to_send(s) || weir_pipe_in(s) || weir_pipe_out(s) ||
        weir_socket_has_unread(s))
        return -EBUSY;
    /* Bytes were thrown away already, or its pipe has left it to its end. */
    if (weir_socket_discards(s) || weir_socket_is_doomed(s))
        return -EBADF;
    return 0;
}

int weir_socket_release(weir_socket *s)
{
    int result = refusal(s);
    int fd;

    if (result < 0)
        return result;
    fd = s->source.fd;
    /* Before it is the caller's, who may have this loop watch it again. */
    weir_source_retire(s->loop, &s->source);
    s->source.fd = -1;
    weir_socket_destroy(s); /* without a descriptor the peer sees nothing */
    return fd;
}
