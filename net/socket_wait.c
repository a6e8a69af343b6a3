/*
 * socket_wait.c - a socket for those whose interface blocks
 *
 * The one place where weir waits outside of the loop: on one descriptor, with
 * poll(2), while everything else stands still. Nothing is called back from
 * here. What the loop has to tell of it (callbacks of writes, drain, the end,
 * an error) it tells in its next turn, as if the kernel had said it then.
 *
 * The bits of readiness are left as they are: they may say too much, which the
 * next read or send disproves, and never say too little, since an edge that
 * came meanwhile is still to be reported.
 */
#include "socket.h"

#include "address.h"
#include "pipe.h"

#include <weir/blocking.h>

#include <limits.h>
#include <poll.h>

enum { NS_PER_MS = 1000000 };

/* How long somebody waits. */
struct patience {
    uint64_t deadline; /* in ns; UINT64_MAX: for ever */
    bool at_its_end;   /* it has passed, and poll(2) was asked since */
};

static struct patience patience_of(int timeout)
{
    struct patience patience = { .deadline = UINT64_MAX };

    if (timeout >= 0)
        patience.deadline = sys_now() + (uint64_t)timeout * NS_PER_MS;
    return patience;
}

/* For poll(2), in whole ms and never too short. */
static int left_of(struct patience *patience)
{
    uint64_t now = sys_now();
    uint64_t left;

    if (patience->deadline == UINT64_MAX)
        return -1;
    if (now >= patience->deadline) {
        patience->at_its_end = true;
        return 0;
    }
    left = (patience->deadline - now + NS_PER_MS - 1) / NS_PER_MS;
    return left > INT_MAX ? INT_MAX : (int)left;
}

/* 0 when the next call will not block, be it that it fails. (If it does block,
 * whatever poll(2) said, that is no reason to wait beyond the deadline.) After
 * it the loop's clock is that of now: what is done next is activity of now. */
static int wait_for(const weir_socket *s, short events,
                    struct patience *patience)
{
    struct pollfd watched = { .fd = s->source.fd, .events = events };
    int result;

    if (patience->at_its_end)
        return -ETIMEDOUT;
    do
        result = sys_poll(&watched, 1, left_of(patience));
    while (result == -EINTR);
    weir_loop_read_clock(s->loop);
    if (result == 0)
        return -ETIMEDOUT;
    return result < 0 ? result : 0;
}

static int failure(const weir_socket *s)
{
    return s->error ? s->error : -EBADF;
}

static int refusal(const weir_socket *s)
{
    if (weir_loop_inherited(s->loop))
        return -EBADF; /* in a child: the bytes are its parent's */
    if (s->phase >= WEIR_PHASE_DESTROYED)
        return failure(s);
    return s->phase == WEIR_PHASE_OPEN ? 0 : -ENOTCONN;
}

/* ---------------------------------------------------------------- reading */

static int read_refusal(const weir_socket *s)
{
    int result = refusal(s);

    if (result < 0)
        return result;
    if (weir_socket_discards(s))
        return -EBADF; /* closing: what comes is thrown away */
    return weir_pipe_out(s) ? -EBUSY : 0;
}

/* The end and errors are the loop's to tell. A FIN stays where it is, and is
 * read again; an error is taken out of the socket by the call that meets it. */
static void tell_later(weir_socket *s, ssize_t result)
{
    weir_address peer;

    if (result < 0) {
        (void)weir_address_remote(s->source.fd, &peer);
        weir_socket_fail(s, (int)result, "read", &peer);
        return;
    }
    s->state |= WEIR_S_READABLE | WEIR_S_READ_ALL;
    if (!(s->state & WEIR_S_NO_READING))
        weir_socket_post(s);
}

static ssize_t receive(weir_socket *s, void *bytes, size_t size, int timeout)
{
    struct patience patience = patience_of(timeout);
    ssize_t n;

    while ((n = sys_recv(s->source.fd, bytes, size)) == -EAGAIN) {
        int result = wait_for(s, POLLIN, &patience);

        if (result < 0)
            return result;
    }
    if (n <= 0) {
        if (n == 0 && weir_socket_error_was_taken(s))
            n = s->error;
        tell_later(s, n);
        return n;
    }
    s->bytes_read += (uint64_t)n;
    weir_socket_active(s);
    return n;
}

ssize_t weir_socket_read_wait(weir_socket *s, void *bytes, size_t size,
                              int timeout)
{
    int result;

    if (!s || !bytes || !size)
        return -EINVAL;
    result = read_refusal(s);
    if (result < 0)
        return result;
    if (s->reading == WEIR_READING_ENDED)
        return 0;
    if (weir_socket_has_unread(s))
        return (ssize_t)weir_socket_reread(s, bytes, size);
    return receive(s, bytes, size, timeout);
}

/* ---------------------------------------------------------------- writing */

int weir_socket_flush_wait(weir_socket *s, int timeout)
{
    struct patience patience;
    int result;

    if (!s)
        return -EINVAL;
    result = refusal(s);
    if (result < 0)
        return result;
    if (s->writing == WEIR_WRITING_FAILED)
        return s->error;
    if (s->corks && s->queue.size)
        return -EBUSY;
    patience = patience_of(timeout);
    while (s->queue.size) {
        result = wait_for(s, POLLOUT, &patience);
        if (result < 0)
            return result;
        s->state |= WEIR_S_WRITABLE;
        weir_socket_flush(s);
        weir_socket_post(s); /* callbacks, drain */
        if (s->phase != WEIR_PHASE_OPEN || s->writing == WEIR_WRITING_FAILED)
            return s->error ? s->error : 0;
    }
    return 0;
}
