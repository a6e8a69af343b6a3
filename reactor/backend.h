/*
 * backend.h - what a backend is
 *
 * The functions below, three that loop.h has for who watches a descriptor
 * (weir_source_add, _change, _retire), and the struct they keep in the loop.
 * One backend is compiled in: backend_epoll.c on Linux, backend_kqueue.c
 * elsewhere. Both speak the bits of reactor.h: WEIR_READABLE and so on, told at
 * most once per source and batch.
 */
#ifndef WEIR_BACKEND_H
#define WEIR_BACKEND_H

#include "sys.h"

#include <weir/reactor.h>

/* Told to edge-triggered sources besides the bits of reactor.h: urgent data has
 * come, and a recv() will stop at its mark however much there is behind it. */
enum { WEIR_URGENT = 0x002 };

/* A longer wait is cut to this: some kernels take a timeout near INT_MAX ms
 * for "never" (libevent cuts at 35 minutes for the same reason). The loop just
 * turns once more. */
enum { WEIR_MAX_WAIT = 30 * 60 * 1000 };

/* One of the batch: who, NULL when it was removed since it became ready, and
 * what. On epoll these are the kernel's own events, where it has put them. */
#ifdef WEIR_BACKEND_EPOLL
typedef struct epoll_event weir_ready;
#define WEIR_READY_SOURCE data.ptr
#else
typedef struct {
    void *source;
    unsigned events;
    uint32_t unread; /* for the source, see below */
} weir_ready;
#define WEIR_READY_SOURCE source
#endif

#ifndef WEIR_BACKEND_EPOLL
/* A source with which something is amiss: a filter of it could not be put back
 * and is tried again, or cannot be there, and its event is made up. */
struct weir_odd {
    struct weir_source *source;
    unsigned interest;
    bool broken_pipe;
};
#endif

struct weir_backend {
    int fd;            /* epoll or kqueue */
    weir_ready *batch; /* room for WEIR_BATCH */
    size_t sources;    /* that are added; maybe the loop's wake besides */
#ifndef WEIR_BACKEND_EPOLL
    struct kevent *events; /* room for WEIR_BATCH of the kernel's events */
    bool was_full;         /* as many as that were ready */
    uint8_t *watched;      /* by descriptor: the interest, in short */
    size_t watched_size;
    struct weir_odd *odd;
    size_t odd_count, odd_room;
    int wake_end; /* of a pipe, where there is no EVFILT_USER */
#endif
};

enum {
    /* Events taken from the kernel at once. */
    WEIR_BATCH = 1024,

/* What the kernel may have ready for one source. */
#ifdef WEIR_BACKEND_EPOLL
    WEIR_EVENTS_OF_SOURCE = 1
#else
    WEIR_EVENTS_OF_SOURCE = 2
#endif
};

extern const char weir_backend_name[];

int weir_backend_open(weir_loop *loop);
void weir_backend_close(weir_loop *loop);

/* How much the kernel has said is there to read and was not read since. A read
 * that gave less than it was asked for, and less than this, has stopped at the
 * mark of urgent data, and no event comes for what lies behind it. 0 with
 * epoll, which tells WEIR_URGENT. */
static inline size_t weir_source_unread(const struct weir_source *source)
{
#ifdef WEIR_BACKEND_EPOLL
    (void)source;
    return 0;
#else
    return source->unread;
#endif
}

static inline void weir_source_was_read(struct weir_source *source,
                                        size_t length)
{
#ifdef WEIR_BACKEND_EPOLL
    (void)source, (void)length;
#else
    source->unread -=
        length < source->unread ? (uint32_t)length : source->unread;
#endif
}

/* Waits for at most `timeout` ms (-1: no limit) and fills the batch. Gives a
 * negative errno, and the batch is empty: -EINTR when a signal ended it,
 * anything else when waiting is impossible. */
int weir_backend_wait(weir_loop *loop, int timeout);

/* Makes the present or next wait return with loop->wake ready. From any
 * thread, and from a signal handler. */
void weir_backend_wake(weir_loop *loop);

/* The wake has been seen; called before what was sent is looked at. */
void weir_backend_wake_seen(weir_loop *loop);

#endif
