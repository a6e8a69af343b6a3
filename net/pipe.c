/*
 * pipe.c - socket to socket, at the speed of the slower
 *
 * A pipe stands between the reading half of one socket and the writing half of
 * another: it takes the place of `data` and `end` on one side and of `drain` on
 * the other, and stalls the source while the destination holds more than
 * PIPE_MARK bytes. The two may be the same: an echo.
 *
 * There are two ways for bytes. One is through the loop's read buffer: what
 * the destination does not take at once is copied into its queue. The other is
 * inside the kernel, through a kernel pipe (see kernel_pipe.c), which stands in
 * that same queue while the destination is full. So whatever the way, the queue
 * counts the bytes and keeps their order, and an end, a cork, an unpipe or a
 * failure finds them there.
 *
 * The second is cheaper per byte and dearer per message, and so it is for bulk
 * alone: a pipe begins with copying, goes over when a read was large, and comes
 * back when several moves in a row were small.
 */
#include "pipe.h"

#include "kernel_pipe.h"

enum {
    PIPE_MARK = 64 * 1024,
    LARGE = 32 * 1024, /* bytes of a read that is bulk */
    SMALL = 16 * 1024, /* of a move that is none, */
    SMALL_RUN = 4      /* and so many of them */
};

/* What a pipe does beside moving bytes. weir_socket_pipe() and
 * weir_socket_pipe_bytes() differ in this alone. Both suspend the half-open
 * rule of their destination, and give it back however they end. */
enum {
    CARRIES_END = 1 << 0,  /* the end of `from` ends `to`, and is told to nobody
                              else; nor is the drain of `to` */
    CARRIES_CUT = 1 << 1,  /* `from` closes before its end: `to` is reset */
    CARRIES_LOSS = 1 << 2, /* `to` takes nothing more: `from` has no reader */
    GIVES_BACK = 1 << 3,   /* bytes that `to` refuses are told by `from` */

    WHOLE_STREAM = CARRIES_END | CARRIES_CUT | CARRIES_LOSS,
    BYTES_ALONE = GIVES_BACK
};

struct weir_pipe {
    weir_socket *from, *to;
    uint8_t policy;
    uint8_t small_moves; /* in a row */
    bool bulk;           /* to be moved inside the kernel */
    bool copies;         /* bulk as well: splice() was refused */
};

/* What a socket sends has nowhere to go. One that is to be cut stays so. */
static void abandon(weir_socket *s)
{
    if (!weir_socket_is_doomed(s))
        s->extra->fate = WEIR_FATE_ABANDONED;
}

/* Unlinks a pipe, and gives back what it had suspended: reading `from` while
 * `to` is full, and the half-open rule of `to`, at which its deferred work
 * looks. */
static void detach(struct weir_pipe *pipe)
{
    weir_socket *from = pipe->from, *to = pipe->to;

    from->extra->out = NULL;
    to->extra->in = NULL;
    weir_release(pipe);
    from->state &= (uint16_t)~WEIR_S_PIPE_STALLED;
    weir_socket_reader_changed(from);
    weir_socket_post(to);
}

/* The same, and no answer comes through it any more: if `to` was only waiting
 * for that, what it reads is the user's again, or, with bytes missing from it,
 * nobody's. */
static void take_away(struct weir_pipe *pipe)
{
    weir_socket *to = pipe->to;

    detach(pipe);
    if (to->reading != WEIR_READING_LOST || to->writing != WEIR_WRITING_OPEN)
        return;
    if (to->extra->holed) {
        abandon(to);
    } else {
        to->reading = WEIR_READING_OPEN;
        if (to->extra->paused)
            weir_socket_pause(to);
        weir_socket_reader_changed(to);
    }
}

/* From here on what a socket reads is thrown away, until its fate is carried
 * out. */
static void read_for_nobody(weir_socket *s)
{
    if (s->reading == WEIR_READING_OPEN) {
        s->reading = WEIR_READING_LOST;
        s->extra->paused = s->state & WEIR_S_PAUSED;
    }
    s->state &= (uint16_t)~WEIR_S_PAUSED;
    weir_socket_reader_changed(s);
    weir_socket_post(s);
}

/* What a source sends has nowhere to go. That is its end, unless an answer is
 * on its way to it (a server that refuses an upload says so and closes): then
 * what it sends is thrown away until it has the answer. */
static void lost_destination(weir_socket *from)
{
    if (!weir_pipe_in(from) && from->writing == WEIR_WRITING_OPEN)
        abandon(from);
    read_for_nobody(from);
}

/* The destination must not take what it has for the whole. */
static void cut(weir_socket *to)
{
    to->extra->fate = WEIR_FATE_CUT;
    read_for_nobody(to);
}

/* The destination has refused bytes, and the pipe with them. */
static void refused(struct weir_pipe *pipe, const void *bytes, size_t length,
                    int error)
{
    weir_socket *from = pipe->from, *to = pipe->to;
    bool ended = to->writing != WEIR_WRITING_OPEN;

    if (pipe->policy & GIVES_BACK) {
        take_away(pipe);
        error = weir_socket_unread(from, bytes, length);
        if (error < 0)
            weir_socket_fail(from, error, "pipe", NULL);
    } else if (to->writing == WEIR_WRITING_FAILED) {
        weir_pipe_write_failed(to);
    } else if (ended) { /* by its user */
        from->extra->holed = true;
        take_away(pipe);
        lost_destination(from);
    } else {
        /* For want of room or memory bytes would be lost in the middle: the
         * stream is cut, and both ends learn of it. */
        weir_socket_fail(from, error, "pipe", NULL);
    }
}

/* The destination has enough for now. */
static void stall_if_full(struct weir_pipe *pipe)
{
    if (pipe->to->queue.size > PIPE_MARK) {
        pipe->from->state |= WEIR_S_PIPE_STALLED;
        if (!(pipe->policy & CARRIES_END))
            pipe->to->state |= WEIR_S_DRAIN_DUE; /* whatever its mark */
    }
}

/* A pipe that carries the end waits by itself for what it has written. The
 * `drain` that is due after it, however the pipe ends, is that of the user's
 * own writes. */
static void keep_drain(struct weir_pipe *pipe, bool was_due)
{
    if (pipe->policy & CARRIES_END && !was_due)
        pipe->to->state &= (uint16_t)~WEIR_S_DRAIN_DUE;
}

void weir_pipe_data(struct weir_pipe *pipe, const void *bytes, size_t length)
{
    bool drain_due = pipe->to->state & WEIR_S_DRAIN_DUE;
    int result;

    if (length >= LARGE && !pipe->copies)
        pipe->bulk = true;
    result = weir_socket_write(pipe->to, bytes, length, NULL, NULL);
    if (result < 0) {
        refused(pipe, bytes, length, result);
        return;
    }
    if (result == WEIR_WAIT)
        keep_drain(pipe, drain_due);
    stall_if_full(pipe);
}

/* Where the next bytes may be moved: into a new kernel pipe, or behind what is
 * in the last one. Behind anything else they are copied, so that a destination
 * never has more than one. */
static struct weir_chunk *chunk_for(const struct weir_pipe *pipe)
{
    weir_socket *to = pipe->to;
    struct weir_chunk *last = to->queue.last;

    if (!pipe->bulk || to->phase != WEIR_PHASE_OPEN ||
        to->writing != WEIR_WRITING_OPEN)
        return NULL;
    if (!to->queue.size)
        return weir_kernel_pipe_take(to->loop);
    return last->pipe && !last->done ? last : NULL;
}

static void note_size(struct weir_pipe *pipe, size_t moved)
{
    pipe->small_moves = moved < SMALL ? pipe->small_moves + 1 : 0;
    if (pipe->small_moves == SMALL_RUN) {
        pipe->small_moves = 0;
        pipe->bulk = false;
    }
}

/* The same for bytes that are in a kernel pipe already. */
static void refused_piped(struct weir_pipe *pipe, struct weir_chunk *chunk,
                          int error)
{
    weir_socket *from = pipe->from;
    void *bytes = weir_net_of(from->loop)->read_buffer;
    size_t length = chunk->pipe->held;
    int result = pipe->policy & GIVES_BACK
                     ? weir_kernel_pipe_read(chunk->pipe, bytes)
                     : 0;

    weir_chunk_free(chunk);
    if (result < 0)
        weir_socket_fail(from, result, "pipe", NULL);
    else
        refused(pipe, bytes, length, error);
}

static void move_on(struct weir_pipe *pipe, struct weir_chunk *chunk,
                    size_t moved)
{
    bool drain_due = pipe->to->state & WEIR_S_DRAIN_DUE;
    int result;

    if (chunk->left) {
        weir_queue_grew(&pipe->to->queue, moved);
    } else {
        chunk->left = moved;
        note_size(pipe, moved);
        result = weir_socket_write_piped(pipe->to, chunk);
        if (result < 0) {
            refused_piped(pipe, chunk, result);
            return;
        }
        keep_drain(pipe, drain_due);
    }
    stall_if_full(pipe);
}

/* Nothing moved does not say that the socket is empty, nor that it has ended
 * (see kernel_pipe.c): reading it does. */
ssize_t weir_pipe_splice(weir_socket *from)
{
    struct weir_pipe *pipe = weir_pipe_out(from);
    struct weir_chunk *chunk = chunk_for(pipe);
    ssize_t moved;

    if (!chunk)
        return 0;
    moved = weir_kernel_pipe_fill(chunk->pipe, from->source.fd);
    if (moved > 0) {
        from->bytes_read += (uint64_t)moved;
        weir_socket_active(from);
        move_on(pipe, chunk, (size_t)moved);
        return moved;
    }
    if (!chunk->left)
        weir_chunk_free(chunk);
    if (weir_kernel_pipe_refused(moved)) {
        weir_pipe_copies(pipe);
        return 0;
    }
    return moved;
}

void weir_pipe_copies(struct weir_pipe *pipe)
{
    pipe->copies = true;
    pipe->bulk = false;
}

bool weir_pipe_drained(struct weir_pipe *pipe)
{
    if (pipe->from->state & WEIR_S_PIPE_STALLED) {
        pipe->from->state &= (uint16_t)~WEIR_S_PIPE_STALLED;
        weir_socket_reader_changed(pipe->from);
    }
    return pipe->policy & CARRIES_END;
}

bool weir_pipe_ended(struct weir_pipe *pipe)
{
    weir_socket *to = pipe->to;
    bool carried = pipe->policy & CARRIES_END;

    if (carried) {
        detach(pipe);
        (void)weir_socket_end(to); /* that is the answer's end */
    } else {
        take_away(pipe);
    }
    return carried;
}

void weir_pipe_write_failed(weir_socket *socket)
{
    struct weir_pipe *in = weir_pipe_in(socket);
    weir_socket *from;
    bool lost;

    if (!in || socket->writing != WEIR_WRITING_FAILED)
        return;
    from = in->from;
    lost = in->policy & CARRIES_LOSS;
    take_away(in);
    if (lost && from == socket)
        read_for_nobody(socket); /* an echo: it closes with its error */
    else if (lost)
        lost_destination(from);
}

/* Both pipes are taken away before either partner is told: in a proxy the two
 * are one socket. */
void weir_pipe_closed(weir_socket *socket)
{
    struct weir_pipe *out = weir_pipe_out(socket);
    struct weir_pipe *in = weir_pipe_in(socket);
    weir_socket *to = out && out->policy & CARRIES_CUT ? out->to : NULL;
    weir_socket *from = in && in->policy & CARRIES_LOSS ? in->from : NULL;

    if (out)
        take_away(out);
    if (in && in != out)
        take_away(in);
    if (to && to != socket)
        cut(to);
    if (from && from != to && from != socket)
        lost_destination(from);
}

static int refusal(const weir_socket *from, const weir_socket *to)
{
    if (!from || !to || from->loop != to->loop)
        return -EINVAL;
    if (from->phase >= WEIR_PHASE_DESTROYED ||
        to->phase >= WEIR_PHASE_DESTROYED)
        return -EBADF;
    if (from->phase == WEIR_PHASE_NEW || to->phase == WEIR_PHASE_NEW)
        return -ENOTCONN;
    if (weir_pipe_out(from) || weir_pipe_in(to) || weir_socket_discards(from))
        return -EBUSY;
    return to->writing == WEIR_WRITING_OPEN ? 0 : -EPIPE;
}

static int join(weir_socket *from, weir_socket *to, uint8_t policy)
{
    int result = refusal(from, to);
    struct weir_pipe *pipe;

    if (result < 0)
        return result;
    if (!weir_socket_extra(from) || !weir_socket_extra(to))
        return -ENOMEM;
    /* Nothing will ever come: the end is carried over at once. */
    if (from->reading == WEIR_READING_ENDED)
        return policy & CARRIES_END ? weir_socket_end(to) : -EPIPE;
    pipe = weir_alloc(sizeof *pipe);
    if (!pipe)
        return -ENOMEM;
    *pipe = (struct weir_pipe){ .from = from, .to = to, .policy = policy };
    from->extra->out = pipe;
    to->extra->in = pipe;
    stall_if_full(pipe);
    weir_socket_reader_changed(from);
    return 0;
}

int weir_socket_pipe(weir_socket *from, weir_socket *to)
{
    return join(from, to, WHOLE_STREAM);
}

int weir_socket_pipe_bytes(weir_socket *from, weir_socket *to)
{
    return join(from, to, BYTES_ALONE);
}

int weir_socket_unpipe(weir_socket *from)
{
    struct weir_pipe *out = from ? weir_pipe_out(from) : NULL;

    if (!out)
        return -EINVAL;
    take_away(out);
    return 0;
}
