/*
 * socket_hangup.c - a paused socket whose peer has gone
 *
 * Only reading tells that a peer has ended its side or broken the connection,
 * and a paused socket is not read. So it would stay for ever, and what waits
 * for it as well. But the kernel says that much without being read, by an edge
 * that comes once: it is noted, and told when reading is paused and somebody
 * listens, be it then or later. Whether bytes wait before the end is a question
 * of its own, which must not take the error out of the socket: resuming is to
 * find it.
 */
#include "socket.h"

void weir_socket_tell_hangup(weir_socket *s)
{
    if (!(s->flags & WEIR_HANGUP_DUE) || !(s->state & WEIR_S_PAUSED) ||
        s->phase != WEIR_PHASE_OPEN || s->reading != WEIR_READING_OPEN ||
        !s->events || !s->events->hangup)
        return;
    s->flags &= (uint8_t)~WEIR_HANGUP_DUE;
    s->events->hangup(s);
}

int weir_socket_waiting(const weir_socket *s)
{
    int waiting;

    if (!s)
        return -EINVAL;
    if (s->phase < WEIR_PHASE_OPEN)
        return -ENOTCONN;
    if (s->phase > WEIR_PHASE_OPEN)
        return -EBADF;
    waiting = sys_waiting(s->source.fd);
    if (waiting >= 0 && weir_socket_has_unread(s))
        waiting += (int)s->extra->unread->left;
    return waiting;
}
