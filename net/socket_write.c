/*
 * socket_write.c - the writing half of a socket
 *
 * A write goes to the kernel at once when nothing is in its way, and what the
 * kernel does not take is queued. The usual case, a small write without a
 * callback on a connection that keeps up, is one send() and no allocation.
 *
 * What can fail is done before the first byte is sent (see weir_spare_ready()):
 * a write is accepted as a whole or refused as a whole.
 */
#include "socket.h"

#include "address.h"
#include "kernel_pipe.h"
#include "pipe.h"

#include <string.h>

enum {
    /* Pieces in one writev, and bytes that one flush may send before others
     * get theirs (compare Redis, 64 KiB; large enough here that one call moves
     * what a socket's buffer holds). A turn has a flush of the deferred work,
     * and one for each event. */
    GATHER = 64,
    WRITE_BUDGET = 1024 * 1024,
    PIECES_MAX = 1024,
    CORKS_MAX = 255,
    HIGH_WATER = 1
};

/* What a write wants to send, whoever owns it. */
struct write {
    const struct iovec *pieces;
    int count;
    size_t length;
    weir_buffer *buffer; /* NULL: copy */
    weir_write_cb *cb;
    void *argument;
    bool owned; /* nobody but the queue holds the buffer */
};

void weir_socket_writer_changed(weir_socket *s)
{
    if (s->phase <= WEIR_PHASE_OPEN && s->writing == WEIR_WRITING_OPEN &&
        !s->corks && !(s->extra && s->extra->limit))
        s->state |= WEIR_S_PLAIN_WRITER;
    else
        s->state &= (uint16_t)~WEIR_S_PLAIN_WRITER;
}

static size_t high_water(const weir_socket *s)
{
    return s->extra && s->extra->high_water ? s->extra->high_water : HIGH_WATER;
}

static int refusal(const weir_socket *s, size_t length)
{
    /* A pipe keeps a bound of its own, and cannot be refused: it would lose
     * bytes in the middle of a stream. */
    size_t limit = s->extra && !s->extra->in ? s->extra->limit : 0;

    if (s->phase == WEIR_PHASE_NEW)
        return -ENOTCONN;
    if (s->phase >= WEIR_PHASE_DESTROYED)
        return -EBADF;
    if (s->writing != WEIR_WRITING_OPEN)
        return -EPIPE;
    if (limit && (length > limit || s->queue.size > limit - length))
        return -ENOBUFS;
    return 0;
}

/* A write error ends the writing half alone: an answer that is on its way, or
 * here already, can still be read (libuv #2643). Whether anybody reads it, and
 * what becomes of a pipe into the socket, is for the deferred work. */
static void write_failed(weir_socket *s, int error)
{
    weir_address peer;

    (void)weir_address_remote(s->source.fd, &peer);
    weir_socket_note_error(s, error, "write", &peer);
    s->writing = WEIR_WRITING_FAILED;
    weir_socket_writer_changed(s);
    s->state &= (uint16_t)~WEIR_S_DRAIN_DUE;
    s->state |= WEIR_S_READABLE | WEIR_S_READ_ALL;
    weir_queue_fail(&s->queue, error);
    weir_socket_post(s);
}

/* What the kernel took: 0 when its buffer is full, a negative errno when the
 * connection is broken. Anything less than all means full: the next edge
 * comes when there is room. */
static ssize_t note_sent(weir_socket *s, ssize_t sent, size_t length)
{
    if (sent == -EAGAIN)
        sent = 0;
    if (sent < 0)
        return sent;
    if ((size_t)sent < length)
        s->state &= (uint16_t)~WEIR_S_WRITABLE;
    if (sent > 0) {
        s->bytes_written += (uint64_t)sent;
        weir_socket_active(s);
    }
    return sent;
}

static ssize_t try_send(weir_socket *s, const struct iovec *pieces, int count,
                        size_t length)
{
    if (count == 1)
        return note_sent(
            s, sys_send(s->source.fd, pieces->iov_base, pieces->iov_len),
            length);
    return note_sent(s, sys_sendv(s->source.fd, (struct iovec *)pieces, count),
                     length);
}

/* The same for what is in a kernel pipe. A refusal is told only when nothing
 * went before it: what did go is to be counted first, and the next call is
 * refused as well. */
static ssize_t try_splice(weir_socket *s, struct weir_chunk *chunk)
{
    size_t left = chunk->left;
    int stopped;
    size_t sent = weir_kernel_pipe_empty(chunk->pipe, s->source.fd, &stopped);

    if (stopped == -EAGAIN || stopped == 0)
        return note_sent(s, (ssize_t)sent, left);
    (void)note_sent(s, (ssize_t)sent, sent);
    return sent && weir_kernel_pipe_refused(stopped) ? (ssize_t)sent : stopped;
}

static bool may_send(const weir_socket *s)
{
    return s->phase == WEIR_PHASE_OPEN && s->state & WEIR_S_WRITABLE &&
           !s->corks && !s->queue.size;
}

/* Copies what comes after the first `skip` bytes. */
static void copy_rest(struct weir_chunk *chunk, const struct write *w,
                      size_t skip)
{
    for (int i = 0; i < w->count; i++) {
        const char *bytes = w->pieces[i].iov_base;
        size_t length = w->pieces[i].iov_len;

        if (skip >= length) {
            skip -= length;
            continue;
        }
        weir_chunk_copy(chunk, bytes + skip, length - skip);
        skip = 0;
    }
}

static void fill(weir_socket *s, struct weir_chunk *chunk,
                 const struct write *w, size_t sent)
{
    chunk->cb = w->cb;
    chunk->argument = w->argument;
    if (w->buffer) {
        chunk->buffer = weir_buffer_ref(w->buffer);
        chunk->bytes = (const char *)w->pieces->iov_base + sent;
        chunk->left = w->length - sent;
        chunk->room = 0;
    } else {
        copy_rest(chunk, w, sent);
    }
    /* An empty write is done when those before it are, and not before there is
     * a connection. */
    chunk->done = sent == w->length && !s->queue.size && !s->corks &&
                  s->phase == WEIR_PHASE_OPEN;
}

/* A write that leaves something to do even when all of it is sent: a callback,
 * or memory to be released, which must not happen inside the call. */
static bool to_be_told(const struct write *w)
{
    return w->cb || w->owned;
}

/* A chunk that must exist before anything is sent. */
static bool wants_chunk(const struct write *w)
{
    return to_be_told(w) || (!w->buffer && w->length > WEIR_SPARE);
}

static int answer(weir_socket *s)
{
    if (s->queue.size < high_water(s))
        return WEIR_SENT;
    s->state |= WEIR_S_DRAIN_DUE;
    return WEIR_WAIT;
}

static void keep(weir_socket *s, const struct write *w,
                 struct weir_chunk *chunk, size_t sent)
{
    size_t rest = w->length - sent;

    if (!rest && !to_be_told(w)) {
        weir_chunk_free(chunk);
        return;
    }
    if (!chunk && !w->buffer && weir_queue_room(&s->queue, rest)) {
        copy_rest(s->queue.last, w, sent);
        s->queue.size += rest;
        return;
    }
    if (!chunk)
        chunk = weir_spare_chunk(weir_net_of(s->loop), w->buffer ? 0 : rest);
    fill(s, chunk, w, sent);
    weir_queue_append(&s->queue, chunk);
    if (chunk->done)
        weir_socket_post(s);
}

static int write_any(weir_socket *s, const struct write *w)
{
    struct weir_chunk *chunk = NULL;
    ssize_t sent = 0;
    int result = refusal(s, w->length);

    if (result < 0)
        return result;
    if (wants_chunk(w)) {
        chunk = weir_chunk_create(w->buffer ? 0 : w->length);
        if (!chunk)
            return -ENOMEM;
    } else if (!weir_spare_ready(weir_net_of(s->loop))) {
        return -ENOMEM;
    }
    if (w->length && may_send(s)) {
        sent = try_send(s, w->pieces, w->count, w->length);
        if (sent < 0) {
            weir_chunk_free(chunk);
            write_failed(s, (int)sent);
            return (int)sent;
        }
    }
    keep(s, w, chunk, (size_t)sent);
    return answer(s);
}

/* ----------------------------------------------------------- public face */

/* The usual write: small, nobody to call back, nothing in its way, no limit.
 * It is here only to be short; write_any() would do the same. */
static inline bool is_usual(const weir_socket *s, size_t length)
{
    const unsigned usual = WEIR_S_PLAIN_WRITER | WEIR_S_WRITABLE;

    return (s->state & (usual | WEIR_S_TIMED_OUT)) == usual && !s->queue.size &&
           length - 1 < WEIR_SPARE && weir_net_of(s->loop)->spare;
}

/* All that is not usual, apart from it so that the usual case stays short. */
static WEIR_COLD int write_copy(weir_socket *s, const void *bytes,
                                size_t length, weir_write_cb *cb,
                                void *argument)
{
    struct iovec piece = { .iov_base = (void *)bytes, .iov_len = length };
    struct write w = { &piece, 1, length, NULL, cb, argument, false };

    if (!s || (!bytes && length))
        return -EINVAL;
    return write_any(s, &w);
}

/* The usual write, which the kernel did not take as a whole. */
static WEIR_COLD int write_rest(weir_socket *s, const void *bytes,
                                size_t length, ssize_t sent)
{
    struct iovec piece = { .iov_base = (void *)bytes, .iov_len = length };
    struct write w = { &piece, 1, length, NULL, NULL, NULL, false };

    if (sent < 0 && errno == EINTR)
        return write_any(s, &w);
    sent = note_sent(s, sent < 0 ? sys_send_result(sent) : sent, length);
    if (sent < 0) {
        write_failed(s, (int)sent);
        return (int)sent;
    }
    keep(s, &w, NULL, (size_t)sent);
    return answer(s);
}

WEIR_HOT int weir_socket_write(weir_socket *s, const void *bytes, size_t length,
                               weir_write_cb *cb, void *argument)
{
    ssize_t sent;

    if (!s || !bytes || cb || !is_usual(s, length))
        return write_copy(s, bytes, length, cb, argument);
    sent = sys_send_raw(s->source.fd, bytes, length);
    if ((size_t)sent != length)
        return write_rest(s, bytes, length, sent);
    s->bytes_written += length;
    s->last_active = (uint32_t)s->loop->tick_up;
    return WEIR_SENT;
}

int weir_socket_writev(weir_socket *s, const struct iovec *pieces, int count,
                       weir_write_cb *cb, void *argument)
{
    struct write w = { pieces, count, 0, NULL, cb, argument, false };

    if (!s || count < 0 || count > PIECES_MAX || (!pieces && count))
        return -EINVAL;
    for (int i = 0; i < count; i++) {
        if ((!pieces[i].iov_base && pieces[i].iov_len) ||
            pieces[i].iov_len > SIZE_MAX / 2 - w.length)
            return -EINVAL;
        w.length += pieces[i].iov_len;
    }
    return write_any(s, &w);
}

static int write_buffer(weir_socket *s, weir_buffer *buffer, weir_write_cb *cb,
                        void *argument, bool owned)
{
    struct iovec piece = { .iov_base = weir_buffer_bytes(buffer),
                           .iov_len = weir_buffer_size(buffer) };
    struct write w = { &piece, 1, piece.iov_len, buffer, cb, argument, owned };

    return write_any(s, &w);
}

int weir_socket_write_buffer(weir_socket *s, weir_buffer *buffer,
                             weir_write_cb *cb, void *argument)
{
    if (!s || !buffer)
        return -EINVAL;
    return write_buffer(s, buffer, cb, argument, false);
}

int weir_socket_write_owned(weir_socket *s, void *bytes, size_t length,
                            weir_release_cb *release, weir_write_cb *cb,
                            void *argument)
{
    weir_buffer *buffer;
    int result;

    if (!s || !release || (!bytes && length))
        return -EINVAL;
    buffer = weir_buffer_wrap(bytes, length, release, argument);
    if (!buffer)
        return -ENOMEM;
    result = write_buffer(s, buffer, cb, argument, true);
    /* Refused: the bytes go back to the caller, without `release`. */
    if (result < 0)
        weir_buffer_disown(buffer);
    weir_buffer_unref(buffer);
    return result;
}

WEIR_HOT size_t weir_socket_buffered(const weir_socket *s)
{
    return s->queue.size;
}

int weir_socket_set_high_water(weir_socket *s, size_t mark)
{
    struct weir_extra *extra = weir_socket_extra(s);

    if (!extra)
        return -ENOMEM;
    extra->high_water = mark;
    return 0;
}

int weir_socket_set_write_limit(weir_socket *s, size_t limit)
{
    struct weir_extra *extra = weir_socket_extra(s);

    if (!extra)
        return -ENOMEM;
    extra->limit = limit;
    weir_socket_writer_changed(s);
    return 0;
}

/* Once writing is over there is nothing to hold back: whoever corks around a
 * call that ends the socket need not know of it. */
int weir_socket_cork(weir_socket *s)
{
    if (s->writing != WEIR_WRITING_OPEN)
        return 0;
    if (s->corks == CORKS_MAX)
        return -EINVAL;
    s->corks++;
    weir_socket_writer_changed(s);
    return 0;
}

int weir_socket_uncork(weir_socket *s)
{
    if (!s->corks)
        return s->writing == WEIR_WRITING_OPEN ? -EINVAL : 0;
    s->corks--;
    weir_socket_writer_changed(s);
    if (s->corks || s->phase != WEIR_PHASE_OPEN)
        return 0;
    weir_socket_flush(s);
    if (!weir_queue_empty(&s->queue) || s->state & WEIR_S_DRAIN_DUE ||
        weir_pipe_in(s))
        weir_socket_post(s);
    return 0;
}

int weir_socket_write_piped(weir_socket *s, struct weir_chunk *chunk)
{
    ssize_t sent = may_send(s) ? try_splice(s, chunk) : 0;

    if (sent < 0 && !weir_kernel_pipe_refused(sent)) {
        write_failed(s, (int)sent);
        return (int)sent;
    }
    if (sent > 0)
        chunk->left -= (size_t)sent;
    if (!chunk->left) {
        weir_chunk_free(chunk);
        return 0;
    }
    weir_queue_append(&s->queue, chunk);
    /* Refused, then: no edge will come, and flushing finds another way. Or
     * corked, and it does nothing. */
    if (s->state & WEIR_S_WRITABLE)
        weir_socket_post(s);
    (void)answer(s);
    return 0;
}

/* ------------------------------------------------------ flushing, ending */

static void send_fin(weir_socket *s)
{
    if (s->extra && s->extra->fate == WEIR_FATE_CUT)
        return; /* it would say that this was all; a reset follows */
    s->writing = WEIR_WRITING_FINISHED;
    if (s->reading == WEIR_READING_CLOSING)
        weir_socket_linger(s);
    /* close() sends the FIN as well, and both halves are done then; but not if
     * somebody else holds the descriptor too. An error means that the
     * connection is broken, which reading will tell. */
    if (s->reading != WEIR_READING_ENDED || weir_socket_is_shared(s))
        (void)sys_shutdown(s->source.fd, SHUT_WR);
    weir_socket_maybe_close(s);
}

static void finish_if_sent(weir_socket *s)
{
    if (s->writing == WEIR_WRITING_ENDING && !s->queue.size &&
        s->phase == WEIR_PHASE_OPEN)
        send_fin(s);
}

/* Sends the first that waits, or several: what try_send() gives. Who may not
 * splice copies. */
static ssize_t send_queued(weir_socket *s, size_t budget)
{
    struct weir_chunk *piped = weir_queue_piped(&s->queue);
    struct iovec pieces[GATHER];
    size_t length;
    int count;

    if (piped) {
        ssize_t sent = try_splice(s, piped);
        int result;

        if (!weir_kernel_pipe_refused(sent))
            return sent;
        if (weir_pipe_in(s))
            weir_pipe_copies(weir_pipe_in(s));
        result = weir_kernel_pipe_unload(piped);
        if (result < 0)
            return result;
    }
    count = weir_queue_gather(&s->queue, pieces, GATHER, budget, &length);
    return try_send(s, pieces, count, length);
}

void weir_socket_flush(weir_socket *s)
{
    size_t budget = WRITE_BUDGET;

    if (!s->corks)
        weir_queue_sent(&s->queue, 0); /* empty writes at the front */
    while (s->queue.size && s->state & WEIR_S_WRITABLE && !s->corks) {
        ssize_t sent = send_queued(s, budget);

        if (sent < 0) {
            write_failed(s, (int)sent);
            return;
        }
        weir_queue_sent(&s->queue, (size_t)sent);
        if ((size_t)sent >= budget) {
            weir_socket_post(s); /* no edge will come: it is writable still */
            break;
        }
        budget -= (size_t)sent;
    }
    finish_if_sent(s);
}

/* Without a table nobody has heard it: it waits for one. */
void weir_socket_tell_drain(weir_socket *s)
{
    if (!(s->state & WEIR_S_DRAIN_DUE) || !s->events)
        return;
    s->state &= (uint16_t)~WEIR_S_DRAIN_DUE;
    if (s->events->drain)
        s->events->drain(s);
}

/* Those that were done when it began: a callback that writes again, and whose
 * write is done at once, is called back next turn. They are counted, since the
 * chunk that was last then may be freed in a callback that flushes. */
void weir_socket_tell_written(weir_socket *s)
{
    struct weir_chunk *chunk;
    size_t due = weir_queue_done(&s->queue);

    while (due-- && !weir_loop_left(s->loop) &&
           (chunk = weir_queue_take_done(&s->queue)) != NULL) {
        weir_write_cb *cb = chunk->cb;
        void *argument = chunk->argument;
        int status = chunk->status;

        weir_chunk_release(chunk);
        if (weir_loop_left(s->loop)) {
            weir_queue_put_back(&s->queue, chunk);
            return;
        }
        weir_chunk_free(chunk);
        if (cb)
            cb(s, status, argument);
    }
    if (weir_loop_left(s->loop))
        return;
    if (weir_queue_has_done(&s->queue))
        weir_socket_post(s);
    if (s->queue.size || s->phase != WEIR_PHASE_OPEN)
        return;
    if (weir_pipe_in(s) && weir_pipe_drained(weir_pipe_in(s)))
        return;
    weir_socket_tell_drain(s);
}

int weir_socket_end(weir_socket *s)
{
    if (!s)
        return -EINVAL;
    if (s->phase == WEIR_PHASE_NEW)
        return -ENOTCONN;
    if (s->phase >= WEIR_PHASE_DESTROYED)
        return -EBADF;
    if (s->writing != WEIR_WRITING_OPEN)
        return 0;
    s->writing = WEIR_WRITING_ENDING;
    /* Nothing more can be written that a cork could wait for. */
    s->corks = 0;
    weir_socket_writer_changed(s);
    if (s->phase != WEIR_PHASE_OPEN)
        return 0;
    if (!weir_queue_empty(&s->queue)) {
        weir_socket_flush(s);
        weir_socket_post(s);
    } else {
        send_fin(s);
    }
    return 0;
}
