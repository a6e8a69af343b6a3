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
 *     anything again. A table by descriptor says what stands in the kernel, so
 *     that the second gets EEXIST as it does from epoll.
 *  5. EV_ADD replaces all but EV_CLEAR: for a change between level- and
 *     edge-triggered a filter is removed and added anew, which may fail where
 *     epoll's change does not. Then the old ones are put back; if even that
 *     fails for now, it is tried again before each wait.
 *  6. EVFILT_WRITE of a pipe without a reader is an error of EV_ADD: EPIPE, on
 *     NetBSD EBADF. epoll registers it and tells WRITABLE and ERROR; here that
 *     event is made up.
 *  7. A receive stops at the mark of urgent data, there is no EPOLLPRI, and
 *     what lies behind the mark is no new edge. But an event's `data` is all
 *     that has come: it is kept, and a read that gave less has left something
 *     (weir_source_unread()).
 *  8. EVFILT_READ of a regular file never fires at its end. io.c treats files
 *     as always ready before they come here.
 *  9. A kqueue is not inherited by fork(). A child must not close the number
 *     either: it may be another descriptor by now.
 * 10. close() removes a descriptor's filters, also when the file is still open
 *     under another number: unlike epoll's, they belong to the number. Sources
 *     are removed first all the same, since the table must know.
 * 11. EVFILT_USER is missing before OpenBSD 7.8 and NetBSD 10. There a pipe
 *     wakes the loop.
 * 12. macOS: some terminals cannot be watched; adding them gives EINVAL, which
 *     is what the user sees. FIFOs can, but the end of one is not told.
 */
#include "backend.h"
#include "loop.h"

#ifdef WEIR_BACKEND_KQUEUE

#include <string.h>

const char weir_backend_name[] = "kqueue";

/* While something that could not be put back is missing, it is tried again
 * after so many ms at the latest. */
enum { RETRY = 100 };

/* ------------------------------------------------------------------ waking */

#ifdef EVFILT_USER

/* The one EVFILT_USER event of the loop. */
enum { WAKE_IDENT = 0 };

static int change_wake(weir_loop *loop, unsigned flags, unsigned fflags)
{
    struct kevent change;

    EV_SET(&change, WAKE_IDENT, EVFILT_USER, (uint16_t)flags, fflags, 0,
           (void *)&loop->wake);
    return sys_kevent_change(loop->backend.fd, &change, 1, NULL);
}

static int open_wake(weir_loop *loop)
{
    loop->wake.fd = -1;
    return change_wake(loop, EV_ADD | EV_CLEAR, 0);
}

static void close_wake(weir_loop *loop)
{
    (void)loop; /* it goes with the kqueue */
}

void weir_backend_wake(weir_loop *loop)
{
    if (!weir_loop_inherited(loop))
        (void)change_wake(loop, 0, NOTE_TRIGGER);
}

/* EV_CLEAR has reset it when it was taken. */
void weir_backend_wake_seen(weir_loop *loop)
{
    (void)loop;
}

#else

static int open_wake(weir_loop *loop)
{
    int ends[2];
    int result = sys_pipe(ends);

    if (result < 0)
        return result;
    loop->wake.fd = ends[0];
    loop->backend.wake_end = ends[1];
    result = weir_source_add(loop, &loop->wake, WEIR_READABLE);
    if (result < 0) {
        sys_close(ends[0]);
        sys_close(ends[1]);
    }
    return result;
}

static void close_wake(weir_loop *loop)
{
    sys_close(loop->wake.fd);
    sys_close(loop->backend.wake_end);
}

void weir_backend_wake(weir_loop *loop)
{
    if (weir_loop_inherited(loop))
        return;
    /* EAGAIN: the pipe is full, and so it is readable. */
    (void)!sys_write(loop->backend.wake_end, "", 1);
}

void weir_backend_wake_seen(weir_loop *loop)
{
    char bytes[64];

    while (sys_read(loop->wake.fd, bytes, sizeof bytes) ==
           (ssize_t)sizeof bytes)
        ;
}

#endif

/* ----------------------------------------------------- opening and closing */

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
    result = open_wake(loop);
    if (result < 0)
        goto no_wake;
    return 0;

no_wake:
    sys_close(backend->fd);
no_kqueue:
    weir_release(backend->watched);
    weir_release(backend->events);
    weir_release(backend->batch);
    return result;
}

void weir_backend_close(weir_loop *loop)
{
    /* In a child it is not there, and its number may be another's. */
    if (!weir_loop_inherited(loop)) {
        close_wake(loop);
        sys_close(loop->backend.fd);
    }
    weir_release(loop->backend.events);
    weir_release(loop->backend.batch);
    weir_release(loop->backend.watched);
    weir_release(loop->backend.odd);
}

/* ----------------------------------------------------------------- changes */

/* Adds the changes that make one filter of `before` one of `interest`, and
 * gives how many. An EV_ADD of what is there hands it to `source`, and makes
 * the kernel look again. */
static int change_filter(struct kevent *changes, struct weir_source *source,
                         unsigned direction, unsigned before, unsigned interest)
{
    int16_t filter = direction == WEIR_READABLE ? EVFILT_READ : EVFILT_WRITE;
    unsigned clear = interest & WEIR_EDGE ? EV_CLEAR : 0;
    bool wanted = interest & direction;
    int count = 0;

    if (before & direction && (!wanted || (before ^ interest) & WEIR_EDGE))
        EV_SET(&changes[count++], (uintptr_t)source->fd, filter,
               EV_DELETE | EV_RECEIPT, 0, 0, (void *)source);
    if (wanted)
        EV_SET(&changes[count++], (uintptr_t)source->fd, filter,
               (uint16_t)(EV_ADD | EV_RECEIPT | clear), 0, 0, (void *)source);
    return count;
}

/* Whether EV_ADD has failed because it is the end of a pipe that nobody
 * reads. EBADF may also be what it says. */
static bool is_broken_pipe(const struct kevent *receipt)
{
    if (receipt->filter != EVFILT_WRITE)
        return false;
    return receipt->data == EPIPE ||
           (receipt->data == EBADF &&
            SYS(fcntl)((int)receipt->ident, F_GETFD) >= 0);
}

enum { BROKEN_PIPE = 1 };

/* Makes the filters those of `interest` where those of `before` may be.
 * Removing one that is not there is no error. Gives 0, BROKEN_PIPE, or a
 * negative errno. */
static int apply(weir_loop *loop, struct weir_source *source, unsigned before,
                 unsigned interest)
{
    struct kevent changes[4], receipts[4];
    int count, result = 0;

    count = change_filter(changes, source, WEIR_READABLE, before, interest);
    count +=
        change_filter(changes + count, source, WEIR_WRITABLE, before, interest);
    count = sys_kevent_change(loop->backend.fd, changes, count, receipts);
    /* Receipts come in the order of the changes. */
    for (int i = 0; i < count; i++) {
        if (!(changes[i].flags & EV_ADD) || !receipts[i].data)
            continue;
        if (!is_broken_pipe(&receipts[i]))
            return -(int)receipts[i].data;
        result = BROKEN_PIPE;
    }
    return count < 0 ? count : result;
}

/* ------------------------------------------------------- what is amiss */

static struct weir_odd *odd_of(struct weir_backend *backend,
                               const struct weir_source *source)
{
    for (size_t i = 0; i < backend->odd_count; i++)
        if (backend->odd[i].source == source)
            return &backend->odd[i];
    return NULL;
}

static void not_odd(struct weir_backend *backend,
                    const struct weir_source *source)
{
    struct weir_odd *odd = odd_of(backend, source);

    if (odd)
        *odd = backend->odd[--backend->odd_count];
}

static int note_odd(struct weir_backend *backend, struct weir_source *source,
                    unsigned interest, bool broken_pipe)
{
    struct weir_odd *odd = odd_of(backend, source);
    size_t room = backend->odd_room ? 2 * backend->odd_room : 8;

    if (!odd && backend->odd_count == backend->odd_room) {
        odd = weir_realloc(backend->odd, room * sizeof *odd);
        if (!odd)
            return -ENOMEM;
        backend->odd = odd;
        backend->odd_room = room;
        odd = NULL;
    }
    if (!odd)
        odd = &backend->odd[backend->odd_count++];
    *odd = (struct weir_odd){ source, interest, broken_pipe };
    return 0;
}

/* Makes the filters what they were, whatever is there. */
static int renew(weir_loop *loop, struct weir_source *source, unsigned interest)
{
    unsigned all = WEIR_READABLE | WEIR_WRITABLE;

    return apply(loop, source, all | (~interest & WEIR_EDGE), interest);
}

static void put_back(weir_loop *loop, struct weir_source *source,
                     unsigned interest)
{
    int result = renew(loop, source, interest);

    if (result != 0 && interest)
        (void)note_odd(&loop->backend, source, interest, result == BROKEN_PIPE);
}

/* ----------------------------------------------------- what is watched */

enum { SHORT_EDGE = 2 }; /* between WEIR_READABLE and WEIR_WRITABLE */

static unsigned watched_as(const struct weir_backend *backend, int fd)
{
    unsigned bits =
        (size_t)fd < backend->watched_size ? backend->watched[fd] : 0;

    return (bits & (WEIR_READABLE | WEIR_WRITABLE)) |
           (bits & SHORT_EDGE ? WEIR_EDGE : 0);
}

/* There is room for it. */
static void watch_as(struct weir_backend *backend, int fd, unsigned interest)
{
    backend->watched[fd] =
        (uint8_t)((interest & (WEIR_READABLE | WEIR_WRITABLE)) |
                  (interest & WEIR_EDGE ? SHORT_EDGE : 0));
}

/* From `before` to `interest`, or an error and `before` again. */
static int change(weir_loop *loop, struct weir_source *source, unsigned before,
                  unsigned interest)
{
    int result = apply(loop, source, before, interest);

    not_odd(&loop->backend, source);
    if (result == BROKEN_PIPE)
        result = note_odd(&loop->backend, source, interest, true);
    if (result < 0) {
        put_back(loop, source, before);
        return result;
    }
    watch_as(&loop->backend, source->fd, interest);
    return 0;
}

int weir_source_add(weir_loop *loop, struct weir_source *source,
                    unsigned interest)
{
    int result =
        weir_loop_inherited(loop)
            ? -EBADF
            : weir_table_reach(&loop->backend.watched,
                               &loop->backend.watched_size, (size_t)source->fd);

    if (result < 0)
        return result;
    if (watched_as(&loop->backend, source->fd))
        return -EEXIST;
    result = change(loop, source, 0, interest);
    loop->backend.sources += result == 0;
    return result;
}

int weir_source_change(weir_loop *loop, struct weir_source *source,
                       unsigned interest)
{
    if (weir_loop_inherited(loop))
        return -EBADF;
    return change(loop, source, watched_as(&loop->backend, source->fd),
                  interest);
}

void weir_source_retire(weir_loop *loop, struct weir_source *source)
{
    unsigned before = watched_as(&loop->backend, source->fd);

    if (weir_loop_inherited(loop))
        return;
    loop->backend.sources--;
    not_odd(&loop->backend, source);
    (void)apply(loop, source, before, 0);
    if (before)
        watch_as(&loop->backend, source->fd, 0);
}

/* -------------------------------------------------------------- the batch */

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

/* The place of a source in the batch that is being gathered. As long as that
 * goes on, `unread` of those that are in it is 1 + their place; of others it
 * may be any number, so the place is looked at. */
static bool in_batch(const weir_loop *loop, const struct weir_source *source)
{
    return source->unread - 1 < loop->batch_count &&
           loop->backend.batch[source->unread - 1].source == source;
}

static weir_ready *place_of(weir_loop *loop, struct weir_source *source)
{
    weir_ready *ready;

    if (in_batch(loop, source))
        return &loop->backend.batch[source->unread - 1];
    ready = &loop->backend.batch[loop->batch_count++];
    ready->source = source;
    ready->events = 0;
    ready->unread = source->unread;
    source->unread = loop->batch_count;
    return ready;
}

static void add_to_batch(weir_loop *loop, const struct kevent *event)
{
    weir_ready *ready = place_of(loop, (struct weir_source *)event->udata);

    ready->events |= told_events(event);
    if (event->filter == EVFILT_READ)
        ready->unread =
            event->data < UINT32_MAX ? (uint32_t)event->data : UINT32_MAX;
}

static void gathered(weir_loop *loop)
{
    for (unsigned i = 0; i < loop->batch_count; i++) {
        struct weir_source *source = loop->backend.batch[i].source;

        source->unread = loop->backend.batch[i].unread;
    }
}

/* Adds again what is missing, and gives how long may be waited. */
static int before_waiting(weir_loop *loop, int timeout)
{
    struct weir_backend *backend = &loop->backend;

    for (size_t i = backend->odd_count; i-- > 0;) {
        struct weir_odd odd = backend->odd[i];

        if (odd.broken_pipe) {
            timeout = 0;
            continue;
        }
        not_odd(backend, odd.source);
        put_back(loop, odd.source, odd.interest);
        if (odd_of(backend, odd.source) && (timeout < 0 || timeout > RETRY))
            timeout = RETRY;
    }
    return timeout;
}

/* Edge-triggered it is told once: a broken pipe stays so. */
static void tell_broken_pipes(weir_loop *loop)
{
    struct weir_backend *backend = &loop->backend;

    for (size_t i = backend->odd_count; i-- > 0;) {
        struct weir_odd odd = backend->odd[i];

        if (!odd.broken_pipe ||
            (loop->batch_count == WEIR_BATCH && !in_batch(loop, odd.source)))
            continue;
        place_of(loop, odd.source)->events |= WEIR_WRITABLE | WEIR_ERROR;
        if (odd.interest & WEIR_EDGE)
            not_odd(backend, odd.source);
    }
}

int weir_backend_wait(weir_loop *loop, int timeout)
{
    struct kevent *events = loop->backend.events;
    struct timespec limit;
    int count;

    timeout = before_waiting(loop, timeout);
    limit.tv_sec = timeout / 1000;
    limit.tv_nsec = timeout % 1000 * 1000000L;
    count = sys_kevent_wait(loop->backend.fd, events, WEIR_BATCH,
                            timeout < 0 ? NULL : &limit);
    loop->batch_next = loop->batch_count = 0;
    loop->backend.was_full = count == WEIR_BATCH;
    if (count < 0)
        return count;
    for (int i = 0; i < count; i++)
        add_to_batch(loop, &events[i]);
    tell_broken_pipes(loop);
    gathered(loop);
    return 0;
}

#endif
