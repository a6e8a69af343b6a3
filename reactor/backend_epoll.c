/*
 * backend_epoll.c - waiting with epoll
 *
 * What is odd about epoll, and how each point is met:
 *
 *  1. It watches open file descriptions, not descriptors: one that was dup'ed
 *     or inherited stays in the set after close(). Sources are always removed
 *     before their descriptor is closed.
 *  2. EPOLLERR and EPOLLHUP come whether asked for or not, and cannot be
 *     masked: a level-triggered socket that nobody reads would spin. Sockets
 *     of net/ are edge-triggered.
 *  3. It refuses regular files with EPERM. io.c treats those as always ready.
 *  4. An event carries a pointer, and the kernel has handed it out before we
 *     learn that an earlier event's callback freed what it points to. Removing
 *     a source clears its place in the batch; sockets, of which many may close
 *     in one batch, live until it is over and know that they are closed. So
 *     nothing stale is ever called, and a descriptor number that is used again
 *     within the batch belongs to another source.
 *  5. A child after fork() shares the set with its parent. There nothing is
 *     done to it (see fork.c).
 *  6. A timeout is whole milliseconds. The loop rounds up: a wake-up before
 *     the tick of a timer would be one for nothing.
 */
#include "backend.h"
#include "loop.h"

#ifdef WEIR_BACKEND_EPOLL

#include <assert.h>

/* The bits are epoll's own, so that nothing has to be translated. */
static_assert((unsigned)WEIR_READABLE == (unsigned)EPOLLIN, "");
static_assert((unsigned)WEIR_WRITABLE == (unsigned)EPOLLOUT, "");
static_assert((unsigned)WEIR_ERROR == (unsigned)EPOLLERR, "");
static_assert((unsigned)WEIR_HANGUP == (unsigned)EPOLLHUP, "");
static_assert((unsigned)WEIR_URGENT == (unsigned)EPOLLPRI, "");
static_assert((unsigned)WEIR_READ_HANGUP == (unsigned)EPOLLRDHUP, "");

const char weir_backend_name[] = "epoll";

int weir_backend_open(weir_loop *loop)
{
    struct weir_backend *backend = &loop->backend;
    int result;

    backend->batch = weir_alloc(WEIR_BATCH * sizeof *backend->batch);
    if (!backend->batch)
        return -ENOMEM;
    backend->fd = result = sys_epoll_create();
    if (result < 0)
        goto no_epoll;
    loop->wake.fd = result = sys_eventfd();
    if (result < 0)
        goto no_eventfd;
    /* Level-triggered: libuv tried EPOLLET here and took it back (18d48bc13),
     * since a wake-up that is not read away may get lost. */
    result = weir_source_add(loop, &loop->wake, WEIR_READABLE);
    if (result < 0)
        goto not_added;
    return 0;

not_added:
    sys_close(loop->wake.fd);
no_eventfd:
    sys_close(backend->fd);
no_epoll:
    weir_release(backend->batch);
    return result;
}

void weir_backend_close(weir_loop *loop)
{
    weir_source_retire(loop, &loop->wake);
    sys_close(loop->wake.fd);
    sys_close(loop->backend.fd);
    weir_release(loop->backend.batch);
}

static WEIR_HOT_INLINE int control(weir_loop *loop, int operation,
                                   struct weir_source *source,
                                   unsigned interest)
{
    struct epoll_event event = { .data.ptr = source };

    if (weir_loop_inherited(loop))
        return -EBADF;
    event.events = interest & (WEIR_READABLE | WEIR_WRITABLE);
    if (interest & WEIR_READABLE)
        event.events |= EPOLLRDHUP;
    if (interest & WEIR_EDGE)
        event.events |= EPOLLET | EPOLLPRI;
    return sys_epoll_ctl(loop->backend.fd, operation, source->fd, &event);
}

int weir_source_add(weir_loop *loop, struct weir_source *source,
                    unsigned interest)
{
    int result = control(loop, EPOLL_CTL_ADD, source, interest);

    if (result == 0)
        loop->backend.sources++;
    return result;
}

int weir_source_change(weir_loop *loop, struct weir_source *source,
                       unsigned interest)
{
    return control(loop, EPOLL_CTL_MOD, source, interest);
}

void weir_source_retire(weir_loop *loop, struct weir_source *source)
{
    struct epoll_event unused = { 0 }; /* not NULL: kernels before 2.6.9 */

    if (weir_loop_inherited(loop))
        return; /* it would be out of the parent's set */
    loop->backend.sources--;
    /* ENOENT or EBADF when the user closed the descriptor too early: then it
     * is out already, or cannot be reached any more. */
    (void)sys_epoll_ctl(loop->backend.fd, EPOLL_CTL_DEL, source->fd, &unused);
}

WEIR_HOT int weir_backend_wait(weir_loop *loop, int timeout)
{
    int count = sys_epoll_wait(loop->backend.fd, loop->backend.batch,
                               WEIR_BATCH, timeout);

    loop->batch_next = loop->batch_count = 0;
    if (count < 0)
        return count;
    loop->batch_count = (unsigned)count;
    return 0;
}

void weir_backend_wake(weir_loop *loop)
{
    uint64_t one = 1;

    if (weir_loop_inherited(loop))
        return;
    /* EAGAIN would mean that 2^64 - 1 wake-ups are waiting: it is readable. */
    (void)!sys_write(loop->wake.fd, &one, sizeof one);
}

void weir_backend_wake_seen(weir_loop *loop)
{
    uint64_t count;

    (void)!sys_read(loop->wake.fd, &count, sizeof count);
}

#endif
