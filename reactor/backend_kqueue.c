/*
 * backend_kqueue.c - waiting with kqueue
 *
 * What is odd about kqueue, and how each point is met:
 *
 *  1. Reading and writing are two filters, which fire apart. Both events of a
 *     descriptor are merged into one entry of the batch, so that a callback
 *     sees "readable and writable" at once and can read before it writes: a
 *     write error must not hide an answer that has arrived (libuv #5196).
 *  2. EV_EOF on EVFILT_READ is the peer's FIN; on EVFILT_WRITE it means that
 *     nothing can be written any more, or that a connect failed. The latter is
 *     told as WEIR_ERROR, never as the end of reading (bun #32257).
 *  3. EV_RECEIPT makes every change answer for itself; without it the first
 *     error ends the call, and a missing EVFILT_WRITE would keep EVFILT_READ
 *     registered.
 *  4. A second EV_ADD replaces the first without a word: two watchers of one
 *     descriptor would not be noticed, and the first would never be told
 *     anything again. A bit per descriptor says what has a source, so that the
 *     second gets EEXIST as it does from epoll. And EV_ADD replaces all but
 *     EV_CLEAR: a change between level- and edge-triggered would be lost, so
 *     filters are removed before they are added anew.
 *  5. EVFILT_READ of a regular file never fires at its end. io.c treats files
 *     as always ready before they come here.
 *  6. A kqueue is not inherited by fork(). A child must not close the number
 *     either: it may be another descriptor by now.
 *  7. Closing a descriptor removes its filters, but one that was dup'ed stays:
 *     sources are removed first, as with epoll.
 *  8. macOS: FIFOs and some terminals do not work with kqueue; adding them
 *     gives EINVAL, which is what the user sees.
 */
#include "backend.h"
#include "loop.h"

#ifdef WEIR_BACKEND_KQUEUE

#include <string.h>

const char weir_backend_name[] = "kqueue";

/* The one EVFILT_USER event of the loop. */
enum { WAKE_IDENT = 0 };

static int change_wake(weir_loop *loop, unsigned flags, unsigned fflags)
{
    struct kevent change;

    EV_SET(&change, WAKE_IDENT, EVFILT_USER, (uint16_t)flags, fflags, 0,
           (void *)&loop->wake);
    return sys_kevent_change(loop->backend.fd, &change, 1, NULL);
}

int weir_backend_open(weir_loop *loop)
{
    struct weir_backend *backend = &loop->backend;
    int result;

    backend->batch = weir_alloc(WEIR_BATCH * sizeof *backend->batch);
    backend->events = weir_alloc(WEIR_BATCH * sizeof *backend->events);
    result = -ENOMEM;
    if (!backend->batch || !backend->events)
        goto no_kqueue;
    backend->fd = result = sys_kqueue();
    if (result < 0)
        goto no_kqueue;
    loop->wake.fd = -1;
    result = change_wake(loop, EV_ADD | EV_CLEAR, 0);
    if (result < 0)
        goto not_added;
    return 0;

not_added:
    sys_close(backend->fd);
no_kqueue:
    weir_release(backend->events);
    weir_release(backend->batch);
    return result;
}

void weir_backend_close(weir_loop *loop)
{
    sys_close(loop->backend.fd);
    weir_release(loop->backend.events);
    weir_release(loop->backend.batch);
    weir_release(loop->backend.watched);
}

/* Adds changes of one filter, and gives how many. */
static int change_filter(struct kevent *changes, struct weir_source *source,
                         int filter, unsigned actions, unsigned flags)
{
    int count = 0;

    if (actions & EV_DELETE)
        EV_SET(&changes[count++], (uintptr_t)source->fd, (int16_t)filter,
               EV_DELETE | EV_RECEIPT, 0, 0, (void *)source);
    if (actions & EV_ADD)
        EV_SET(&changes[count++], (uintptr_t)source->fd, (int16_t)filter,
               (uint16_t)(EV_ADD | EV_RECEIPT | flags), 0, 0, (void *)source);
    return count;
}

/* Makes the two filters what `interest` says; `before` is EV_DELETE when one
 * may be there. Removing one that is not is no error. */
static int apply(weir_loop *loop, struct weir_source *source,
                 unsigned interest, unsigned before)
{
    struct kevent changes[4], receipts[4];
    unsigned clear = interest & WEIR_EDGE ? EV_CLEAR : 0;
    unsigned reading = interest & WEIR_READABLE ? EV_ADD : 0;
    unsigned writing = interest & WEIR_WRITABLE ? EV_ADD : 0;
    int count;

    count = change_filter(changes, source, EVFILT_READ, before | reading,
                          clear);
    count += change_filter(changes + count, source, EVFILT_WRITE,
                           before | writing, clear);
    count = sys_kevent_change(loop->backend.fd, changes, count, receipts);
    /* Receipts come in the order of the changes. */
    for (int i = 0; i < count; i++)
        if (changes[i].flags & EV_ADD && receipts[i].data)
            return -(int)receipts[i].data;
    return count < 0 ? count : 0;
}

static void mark(struct weir_backend *backend, int fd, bool watched)
{
    uint8_t bit = (uint8_t)(1u << fd % 8);
    size_t byte = (size_t)fd / 8;

    if (watched)
        backend->watched[byte] |= bit;
    else if (byte < backend->watched_size)
        backend->watched[byte] &= (uint8_t)~bit;
}

/* 0 when the descriptor has no source yet and there is room for its bit. */
static int may_watch(struct weir_backend *backend, int fd)
{
    size_t byte = (size_t)fd / 8;
    size_t size = backend->watched_size ? backend->watched_size : 64;
    uint8_t *grown;

    if (byte < backend->watched_size)
        return backend->watched[byte] >> fd % 8 & 1 ? -EEXIST : 0;
    while (size <= byte)
        size *= 2;
    grown = weir_realloc(backend->watched, size);
    if (!grown)
        return -ENOMEM;
    memset(grown + backend->watched_size, 0, size - backend->watched_size);
    backend->watched = grown;
    backend->watched_size = size;
    return 0;
}

int weir_backend_add(weir_loop *loop, struct weir_source *source,
                     unsigned interest)
{
    int result = may_watch(&loop->backend, source->fd);

    if (result < 0)
        return result;
    result = apply(loop, source, interest, 0);
    if (result < 0)
        weir_backend_remove(loop, source);
    else
        mark(&loop->backend, source->fd, true);
    return result;
}

int weir_backend_change(weir_loop *loop, struct weir_source *source,
                        unsigned interest)
{
    return apply(loop, source, interest, EV_DELETE);
}

void weir_backend_remove(weir_loop *loop, struct weir_source *source)
{
    (void)apply(loop, source, 0, EV_DELETE);
    mark(&loop->backend, source->fd, false);
}

static unsigned told_events(const struct kevent *event)
{
    unsigned events;

    if (event->filter == EVFILT_WRITE)
        return event->flags & EV_EOF ? WEIR_WRITABLE | WEIR_ERROR
                                     : WEIR_WRITABLE;
    events = WEIR_READABLE;
    if (event->flags & EV_EOF) {
        events |= WEIR_READ_HANGUP;
        /* With a number it is an error that recv() will tell after the data;
         * 0 is a graceful close, for AF_UNIX too (libuv abfc4f0b1). */
        if (event->fflags)
            events |= WEIR_ERROR;
    }
    return events;
}

/* A source's slot may be that of an earlier batch: it counts if the source does
 * stand there. */
static bool in_batch(const weir_loop *loop, const struct weir_source *source)
{
    return source->slot - 1 < loop->batch_count &&
           loop->backend.batch[source->slot - 1].source == source;
}

static void add_to_batch(weir_loop *loop, const struct kevent *event)
{
    struct weir_source *source = (struct weir_source *)event->udata;
    weir_ready *ready;

    if (in_batch(loop, source)) {
        loop->backend.batch[source->slot - 1].events |= told_events(event);
        return;
    }
    ready = &loop->backend.batch[loop->batch_count++];
    ready->source = source;
    ready->events = told_events(event);
    source->slot = loop->batch_count;
}

int weir_backend_wait(weir_loop *loop, int timeout)
{
    struct kevent *events = loop->backend.events;
    struct timespec limit = { .tv_sec = timeout / 1000,
                              .tv_nsec = timeout % 1000 * 1000000L };
    int count = sys_kevent_wait(loop->backend.fd, events, WEIR_BATCH,
                                timeout < 0 ? NULL : &limit);

    loop->batch_next = loop->batch_count = 0;
    if (count < 0)
        return count == -EINTR ? 0 : count;
    for (int i = 0; i < count; i++)
        add_to_batch(loop, &events[i]);
    return 0;
}

void weir_backend_wake(weir_loop *loop)
{
    (void)change_wake(loop, 0, NOTE_TRIGGER);
}

/* EV_CLEAR has reset it when it was taken. */
void weir_backend_wake_seen(weir_loop *loop)
{
    (void)loop;
}

#endif
