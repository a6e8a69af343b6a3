/*
 * socket_read.c - the reading half of a connection
 *
 * What the kernel says is remembered as two bits, READABLE and WRITABLE, until
 * a short read or a full buffer disproves it; whether to read is a question of
 * bits alone. So pausing, resuming and stalling need no system call, and a
 * paused socket whose peer has gone cannot spin (epoll cannot mask EPOLLHUP;
 * bun #37920).
 *
 * Who gets the bytes is one of these, and only this file asks:
 *
 *   nobody     it is closing, or has lost where they went: they are thrown away
 *   a pipe     that the socket is the source of
 *   its table  `data`, into a buffer of the loop's or of the reader's
 *
 * Who that is changes seldom, and weir_socket_reader_changed() keeps the answer
 * in two bits: NO_READER, and PLAIN_READER for the usual one.
 */
#include "socket.h"

#include "address.h"
#include "pipe.h"

#include <assert.h>
#include <string.h>

enum {
    /* Reads of one socket in one turn, beside the one by which the event
     * begins: 8, and 9 in a turn that looks at descriptors twice. A fast peer
     * keeps the loop from the others for this long at most; the rest is taken
     * next turn. */
    READ_BUDGET = 7,
    TURNS_TOLD_APART = 16 /* by the socket's `reads_turn` */
};

/* The half-open rule is to end our side, and there is nothing to be sent before
 * that: close() says all of it. */
static bool ends_with_its_peer(const weir_socket *s)
{
    return weir_queue_empty(&s->queue) && !weir_pipe_in(s) &&
           !weir_socket_is_doomed(s) && s->writing == WEIR_WRITING_OPEN &&
           !(s->state & WEIR_S_HALF_OPEN) && !weir_socket_is_shared(s);
}

/* A pipe into the socket suspends the rule: the end of its source is the
 * socket's own. */
void weir_socket_keep_half_open_rule(weir_socket *s)
{
    if (s->reading == WEIR_READING_ENDED && s->phase == WEIR_PHASE_OPEN &&
        !(s->state & WEIR_S_HALF_OPEN) && !weir_pipe_in(s) &&
        !weir_socket_is_doomed(s))
        (void)weir_socket_end(s);
}

WEIR_COLD bool weir_socket_error_was_taken(const weir_socket *s)
{
    return s->error && s->error != -EPIPE && s->error != -ENOMEM &&
           s->error != -ENOBUFS;
}

static void read_ended(weir_socket *s)
{
    struct weir_pipe *out = weir_pipe_out(s);
    bool told = s->reading == WEIR_READING_OPEN;

    if (s->error && weir_socket_error_was_taken(s)) {
        weir_socket_shut(s, s->error);
        return;
    }
    s->reading = WEIR_READING_ENDED;
    s->state |= WEIR_S_READ_OVER;
    if (out && weir_pipe_ended(out))
        told = false;
    if (told && s->events && s->events->end) {
        s->events->end(s);
        if (s->phase != WEIR_PHASE_OPEN || weir_loop_left(s->loop))
            return;
    }
    if (ends_with_its_peer(s)) { /* the usual case, in short */
        s->writing = WEIR_WRITING_FINISHED;
        weir_socket_shut(s, -ECANCELED);
        return;
    }
    weir_socket_keep_half_open_rule(s);
    weir_socket_maybe_close(s);
}

static void read_failed(weir_socket *s, int error)
{
    weir_address peer;

    (void)weir_address_remote(s->source.fd, &peer);
    weir_socket_fail(s, error, "read", &peer);
}

/* Gives bytes to who reads them, if anybody does. */
static void deliver(weir_socket *s, const void *bytes, size_t length)
{
    struct weir_pipe *out = weir_pipe_out(s);

    if (out)
        weir_pipe_data(out, bytes, length);
    else if (s->events && s->events->data)
        s->events->data(s, bytes, length);
}

static void received(weir_socket *s, const void *bytes, size_t length)
{
    s->bytes_read += length;
    if (weir_socket_discards(s)) {
        /* No activity: a peer that sends on and reads nothing would otherwise
         * never be idle. */
        if (s->reading == WEIR_READING_LOST)
            s->extra->holed = true;
        if (weir_socket_linger_is_over(s, length))
            weir_socket_shut(s, -ECANCELED);
        return;
    }
    weir_socket_active(s);
    if (s->state & WEIR_S_PLAIN_READER)
        s->events->data(s, bytes, length);
    else
        deliver(s, bytes, length);
}

static inline size_t read_size(const weir_socket *s)
{
    return s->bytes_read < WEIR_READ_TRUSTED ? WEIR_READ_FIRST
                                             : WEIR_READ_BUFFER;
}

/* Where the next bytes go: the reader's own buffer if it has one. */
static inline void *read_buffer(weir_socket *s, size_t *size)
{
    void *buffer = NULL;

    if (!(s->state & WEIR_S_PLAIN_READER) && s->events && s->events->buffer &&
        !weir_pipe_out(s) && !weir_socket_discards(s)) {
        *size = 0;
        buffer = s->events->buffer(s, size);
    }
    if (buffer && *size)
        return buffer;
    *size = read_size(s);
    return weir_net_of(s->loop)->read_buffer;
}

/* What a read gave, which was asked for `size` bytes. True when another one
 * may give more.
 *
 * A short read has emptied the kernel's queue, and what comes later is a new
 * edge: no second call is needed to learn that there is nothing. After a FIN
 * there is no later, so reading goes on to the 0 (libuv 2e2114ed8). */
static inline bool take(weir_socket *s, void *buffer, size_t size, ssize_t n)
{
    bool emptied;

    if (n == -EINTR)
        return true;
    if (n == 0) {
        read_ended(s);
        return false;
    }
    if (n < 0 && n != -EAGAIN) {
        read_failed(s, (int)n);
        return false;
    }
    if (n > 0)
        weir_source_was_read(&s->source, (size_t)n);
    emptied = n < 0 || ((size_t)n < size && !(s->state & WEIR_S_READ_ALL) &&
                        !weir_source_unread(&s->source));
    if (emptied)
        s->state &= (uint16_t)~WEIR_S_READABLE;
    if (n > 0)
        received(s, buffer, (size_t)n);
    return !emptied;
}

/* ------------------------------------------------- bytes that were refused */

/* In front of what is there: that is where it was taken from. */
int weir_socket_unread(weir_socket *s, const void *bytes, size_t length)
{
    struct weir_chunk *rest = s->extra->unread;
    struct weir_chunk *chunk =
        weir_chunk_create(length + (rest ? rest->left : 0));

    if (!chunk)
        return -ENOMEM;
    weir_chunk_copy(chunk, bytes, length);
    if (rest)
        weir_chunk_copy(chunk, rest->bytes, rest->left);
    weir_chunk_free(rest);
    s->extra->unread = chunk;
    s->state |= WEIR_S_READABLE; /* even if the kernel has nothing more */
    weir_socket_reader_changed(s);
    return 0;
}

size_t weir_socket_reread(weir_socket *s, void *buffer, size_t size)
{
    struct weir_chunk *chunk = s->extra->unread;
    size_t length = chunk->left < size ? chunk->left : size;

    memcpy(buffer, chunk->bytes, length);
    chunk->bytes += length;
    chunk->left -= length;
    if (!chunk->left) {
        s->extra->unread = NULL;
        weir_chunk_free(chunk);
        weir_socket_reader_changed(s);
    }
    return length;
}

static void drop_unread(weir_socket *s)
{
    weir_chunk_free(s->extra->unread);
    s->extra->unread = NULL;
    weir_socket_reader_changed(s);
}

static void tell_unread(weir_socket *s)
{
    size_t size;
    void *buffer;

    if (weir_socket_discards(s)) {
        s->extra->holed |= s->reading == WEIR_READING_LOST;
        drop_unread(s);
        return;
    }
    buffer = read_buffer(s, &size);
    /* Where it was asked it may have been paused, closed, or read out. */
    if (weir_socket_may_read(s) && !weir_socket_discards(s) &&
        weir_socket_has_unread(s) && !weir_loop_left(s->loop))
        deliver(s, buffer, weir_socket_reread(s, buffer, size));
}

/* ------------------------------------------------------- reading by budget */

/* One read, or one move inside the kernel. True when another one may give
 * more. */
static bool read_once(weir_socket *s)
{
    ssize_t moved;
    size_t size;
    void *buffer;

    if (weir_socket_has_unread(s)) {
        tell_unread(s);
        return true;
    }
    moved = weir_pipe_out(s) ? weir_pipe_splice(s) : 0;
    if (moved > 0)
        return true;
    if (moved < 0) {
        read_failed(s, (int)moved);
        return false;
    }
    buffer = read_buffer(s, &size);
    if (!weir_socket_may_read(s) || weir_loop_left(s->loop))
        return false; /* paused or destroyed while it was asked */
    return take(s, buffer, size, sys_recv(s->source.fd, buffer, size));
}

/* The budget is of a turn, in which a socket may be read twice: by its deferred
 * work, and by an event. */
static bool may_read_in_this_turn(weir_socket *s)
{
    unsigned turn = s->loop->turns % TURNS_TOLD_APART;

    if (s->reads_turn != turn) {
        s->reads_turn = turn & (TURNS_TOLD_APART - 1);
        s->reads = 0;
    }
    if (s->reads == READ_BUDGET)
        return false;
    s->reads++;
    return true;
}

void weir_socket_read_some(weir_socket *s)
{
    while (weir_socket_may_read(s) && !s->loop->stopped &&
           may_read_in_this_turn(s))
        if (!read_once(s))
            return;
    if (weir_socket_may_read(s)) {
        s->state |= WEIR_S_READ_LATER;
        weir_socket_post(s);
    }
}

/* An error on a connection that has nothing to read and nothing to send:
 * neither call will tell, and there is no other edge to come. */
static WEIR_COLD void broken(weir_socket *s)
{
    socklen_t size = sizeof(int);
    weir_address peer;
    int error = 0;

    if (s->phase != WEIR_PHASE_OPEN || s->reading != WEIR_READING_ENDED)
        return;
    (void)weir_address_remote(s->source.fd, &peer);
    if (sys_getsockopt(s->source.fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
        error = EPIPE;
    if (error)
        weir_socket_fail(s, -error, "write", &peer);
}

static void write_on(weir_socket *s)
{
    if (s->queue.size && s->phase == WEIR_PHASE_OPEN &&
        !weir_loop_left(s->loop)) {
        weir_socket_flush(s);
        weir_socket_tell_written(s);
    }
}

/* A socket that was closed in this batch comes here too: it may not read, and
 * has nothing to send. */
static WEIR_NOINLINE void ready_any(weir_socket *s, unsigned events)
{
    s->state |= (uint16_t)(events & (WEIR_S_READABLE | WEIR_S_WRITABLE |
                                     WEIR_S_READ_ALL));
    /* What has happened, the next read or send will tell. */
    if (events & (WEIR_ERROR | WEIR_HANGUP))
        s->state |= WEIR_S_READABLE | WEIR_S_WRITABLE | WEIR_S_READ_ALL;
    else if (events & WEIR_READ_HANGUP)
        s->state |= WEIR_S_READABLE | WEIR_S_READ_ALL;
    if (events & (WEIR_ERROR | WEIR_HANGUP | WEIR_READ_HANGUP))
        weir_socket_hung_up(s);
    if (s->state & WEIR_S_READABLE)
        weir_socket_read_some(s);
    write_on(s);
    if (weir_loop_left(s->loop))
        return;
    if (events & WEIR_ERROR)
        broken(s);
    weir_socket_tell_hangup(s);
}

/* The usual read gave something else than a part of the smaller buffer. */
static WEIR_NOINLINE void read_unusual(weir_socket *s, char *buffer, ssize_t n)
{
    s->state |= WEIR_S_READABLE;
    if (take(s, buffer, read_size(s), n < 0 ? -errno : n))
        weir_socket_read_some(s);
    write_on(s);
}

/* A FIN has come, and nothing else is unusual. Mostly no bytes come before. */
static WEIR_NOINLINE void ready_to_end(weir_socket *s, unsigned events)
{
    char *buffer = weir_net_of(s->loop)->read_buffer;
    ssize_t n = sys_recv_raw(s->source.fd, buffer, read_size(s));

    s->state |= (uint16_t)((events & WEIR_S_WRITABLE) | WEIR_S_READ_ALL);
    weir_socket_hung_up(s);
    if (n == 0)
        read_ended(s);
    else
        read_unusual(s, buffer, n);
}

/* The events that are not usual have bits of `state` that are not usual either:
 * one comparison sees both. */
static_assert(((WEIR_ERROR | WEIR_HANGUP | WEIR_READ_HANGUP | WEIR_URGENT) &
               ~(WEIR_S_NO_READING | WEIR_S_ERROR_DUE | WEIR_S_READ_ALL)) == 0,
              "");

/* What nearly every event is: a message has come, nothing waits to be sent, and
 * one call takes all of it. It is here only to be short; ready_any() would do
 * the same. Whatever `data` does, there is nothing left to do after it. */
WEIR_HOT void weir_socket_ready(weir_loop *loop, struct weir_source *source,
                                unsigned events)
{
    const unsigned usual = WEIR_S_PLAIN_READER | WEIR_S_READABLE;
    const unsigned unusual = WEIR_S_NO_READING | WEIR_S_READ_ALL |
                             WEIR_S_READ_LATER | WEIR_S_TIMED_OUT |
                             WEIR_S_ERROR_DUE;
    weir_socket *s = weir_container_of(source, weir_socket, source);
    unsigned state = s->state | events;
    char *buffer;
    ssize_t n;

    if ((state & (usual | unusual)) != usual || s->queue.size) {
        if ((state & (usual | unusual)) == (usual | WEIR_READ_HANGUP) &&
            !(s->state & WEIR_READ_HANGUP) && !s->queue.size)
            ready_to_end(s, events);
        else
            ready_any(s, events);
        return;
    }
    s->state = (uint16_t)(state & ~(unsigned)WEIR_S_READABLE);
    buffer = weir_net_of(loop)->read_buffer;
    n = sys_recv_raw(source->fd, buffer, read_size(s));
    if (n <= 0 || n >= WEIR_READ_FIRST ||
        (size_t)n < weir_source_unread(source)) {
        read_unusual(s, buffer, n);
        return;
    }
    s->bytes_read += (size_t)n;
    s->last_active = (uint32_t)s->loop->tick_up;
    s->events->data(s, buffer, (size_t)n);
}

void weir_socket_pause(weir_socket *s)
{
    if (s->reading == WEIR_READING_CLOSING)
        return; /* closing waits for what comes; nothing of it is told */
    if (s->reading == WEIR_READING_LOST) {
        s->extra->paused = true; /* for when it is told again */
        return;
    }
    s->state |= WEIR_S_PAUSED;
    /* No further edge will come for that. */
    if (s->flags & WEIR_HUNG_UP) {
        s->flags |= WEIR_HANGUP_DUE;
        weir_socket_post(s);
    }
}

static void read_on(weir_socket *s)
{
    if (weir_socket_may_read(s) && s->state & WEIR_S_READABLE)
        weir_socket_post(s);
}

void weir_socket_resume(weir_socket *s)
{
    if (s->reading == WEIR_READING_LOST)
        s->extra->paused = false;
    s->state &= (uint16_t)~WEIR_S_PAUSED;
    read_on(s);
}

bool weir_socket_paused(const weir_socket *s)
{
    if (s->reading == WEIR_READING_LOST)
        return s->extra->paused;
    return s->state & WEIR_S_PAUSED;
}

void weir_socket_reader_changed(weir_socket *s)
{
    const weir_socket_events *events = s->events;
    unsigned state =
        s->state & ~(unsigned)(WEIR_S_NO_READER | WEIR_S_PLAIN_READER);
    bool other = weir_socket_discards(s) || weir_pipe_out(s);

    if (!events && !other)
        state |= WEIR_S_NO_READER;
    else if (!other && events->data && !events->buffer &&
             !weir_socket_has_unread(s))
        state |= WEIR_S_PLAIN_READER;
    s->state = (uint16_t)state;
    read_on(s);
}
