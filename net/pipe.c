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

struct weir_pipe {
    weir_socket *from, *to;
    bool bytes_only;     /* weir_pipe_bytes() */
    bool bulk;           /* to be moved inside the kernel */
    bool copies;         /* bulk as well: splice() was refused */
    uint8_t small_moves; /* in a row */
};

static void detach(struct weir_pipe *pipe)
{
    weir_socket *from = pipe->from;

    from->extra->out = NULL;
    pipe->to->extra->in = NULL;
    from->state &= (uint16_t)~WEIR_S_PIPE_STALLED;
    weir_release(pipe);
    weir_socket_reader_changed(from);
}

/* Ends a socket because its partner went. An error that the socket itself had
 * before is told all the same: only the user's own destroy withdraws it. */
static void end_partner(weir_socket *s, void (*end)(weir_socket *))
{
    uint16_t due = s->state & WEIR_S_ERROR_DUE;

    end(s);
    s->state |= due;
}

/* The destination refuses: its user has ended it, or it has failed, in which
 * case the pipe is gone already. The bytes are their reader's again. */
static void give_back(weir_socket *from, const void *bytes, size_t length)
{
    if (weir_pipe_out(from))
        detach(weir_pipe_out(from));
    if (from->phase == WEIR_PHASE_OPEN && from->events && from->events->data)
        from->events->data(from, bytes, length);
}

/* The destination has enough for now. */
static void stall_if_full(struct weir_pipe *pipe)
{
    if (pipe->to->queue.size > PIPE_MARK) {
        pipe->from->state |= WEIR_S_PIPE_STALLED;
        pipe->to->state |= WEIR_S_DRAIN_DUE; /* whatever its high-water mark */
    }
}

void weir_pipe_data(struct weir_pipe *pipe, const void *bytes, size_t length)
{
    weir_socket *from = pipe->from, *to = pipe->to;
    bool bytes_only = pipe->bytes_only; /* a write that fails frees the pipe */
    int result;

    if (length >= LARGE && !pipe->copies)
        pipe->bulk = true;
    result = weir_write(to, bytes, length, NULL, NULL);
    if (result < 0 && bytes_only) {
        give_back(from, bytes, length);
        return;
    }

    /* A destination that refuses for want of room or memory would lose bytes
     * in the middle: the stream is cut, and both ends learn of it. */
    if (result == -EPIPE && weir_pipe_out(from) == pipe &&
        weir_pipe_in(from)) {
        weir_pipe_write_failed(to); /* the user has ended it */
        return;
    }
    if (result < 0) {
        if (weir_pipe_out(from))
            weir_socket_fail(from, result, "pipe", NULL);
        return;
    }
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
        return weir_kernel_pipe_take(weir_net_of(to->loop));
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

/* The destination has failed, and the pipe with it. What was in the kernel pipe
 * is treated as weir_pipe_data() treats what it could not write. */
static void not_taken(weir_socket *from, struct weir_chunk *chunk,
                      bool bytes_only)
{
    void *bytes = weir_net_of(from->loop)->read_buffer;
    size_t length = chunk->pipe->held;
    int result = bytes_only ? weir_kernel_pipe_read(chunk->pipe, bytes) : 0;

    weir_chunk_free(chunk);
    if (result < 0)
        weir_socket_fail(from, result, "pipe", NULL);
    else if (bytes_only)
        give_back(from, bytes, length);
}

static void move_on(struct weir_pipe *pipe, struct weir_chunk *chunk,
                    size_t moved)
{
    weir_socket *from = pipe->from;
    bool bytes_only = pipe->bytes_only;

    if (chunk->left) {
        weir_queue_grew(&pipe->to->queue, moved);
    } else {
        chunk->left = moved;
        note_size(pipe, moved);
        if (weir_socket_write_piped(pipe->to, chunk) < 0) {
            not_taken(from, chunk, bytes_only);
            return;
        }
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
    bool only = !pipe->bytes_only;

    pipe->from->state &= (uint16_t)~WEIR_S_PIPE_STALLED;
    weir_socket_reader_changed(pipe->from);
    return only;
}

bool weir_pipe_ended(struct weir_pipe *pipe)
{
    weir_socket *to = pipe->to;
    bool carried = !pipe->bytes_only;

    detach(pipe);
    if (carried)
        (void)weir_socket_end(to);
    return carried;
}

static bool answer_ended(const weir_socket *from)
{
    return from->writing == WEIR_WRITING_ENDING ||
           from->writing == WEIR_WRITING_FINISHED;
}

/* What a source sends has nowhere to go. That is its end, unless an answer is
 * on its way to it (a server that refuses an upload says so and closes): then
 * what it sends is thrown away until it has the answer. */
static void lost_destination(weir_socket *from)
{
    if (weir_pipe_in(from)) {
        from->state |= WEIR_S_DISCARD;
        from->state &= (uint16_t)~WEIR_S_PAUSED;
        weir_socket_reader_changed(from);
    } else if (answer_ended(from)) {
        end_partner(from, weir_socket_close);
    } else {
        end_partner(from, weir_socket_destroy);
    }
}

void weir_pipe_write_failed(weir_socket *socket)
{
    struct weir_pipe *in = weir_pipe_in(socket);
    weir_socket *from;
    bool carry;

    if (!in)
        return;
    from = in->from;
    carry = !in->bytes_only;
    detach(in);
    /* An echo whose writing has failed is about to tell so itself. */
    if (carry && (from != socket || answer_ended(socket)))
        lost_destination(from);
}

/* A source that closes before its end cuts the stream: the destination must
 * not take what it has for the whole, so its peer gets a reset. Both pipes are
 * taken away before either partner is ended: in a proxy the two are one socket,
 * and its end would come back to us as that of our source. */
void weir_pipe_closed(weir_socket *socket)
{
    struct weir_pipe *out = weir_pipe_out(socket);
    struct weir_pipe *in = weir_pipe_in(socket);
    weir_socket *to = out && !out->bytes_only ? out->to : NULL;
    weir_socket *from = in && !in->bytes_only ? in->from : NULL;

    if (out)
        detach(out);
    if (in && in != out)
        detach(in);
    if (to && to != socket)
        end_partner(to, weir_socket_reset);
    if (from && from != to)
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
    if (weir_pipe_out(from) || weir_pipe_in(to) ||
        from->state & WEIR_S_DISCARD)
        return -EBUSY;
    return to->writing == WEIR_WRITING_OPEN ? 0 : -EPIPE;
}

static int join(weir_socket *from, weir_socket *to, bool bytes_only)
{
    int result = refusal(from, to);
    struct weir_pipe *pipe;

    if (result < 0)
        return result;
    if (!weir_socket_extra(from) || !weir_socket_extra(to))
        return -ENOMEM;
    /* Nothing will ever come: the end is carried over at once. */
    if (from->reading == WEIR_READING_ENDED)
        return bytes_only ? -EPIPE : weir_socket_end(to);
    pipe = weir_alloc(sizeof *pipe);
    if (!pipe)
        return -ENOMEM;
    *pipe = (struct weir_pipe){ .from = from,
                                .to = to,
                                .bytes_only = bytes_only };
    from->extra->out = pipe;
    to->extra->in = pipe;
    stall_if_full(pipe);
    weir_socket_reader_changed(from);
    return 0;
}

int weir_pipe(weir_socket *from, weir_socket *to)
{
    return join(from, to, false);
}

int weir_pipe_bytes(weir_socket *from, weir_socket *to)
{
    return join(from, to, true);
}

int weir_unpipe(weir_socket *from)
{
    struct weir_pipe *out = from ? weir_pipe_out(from) : NULL;
    weir_socket *to;

    if (!out)
        return -EINVAL;
    to = out->to;
    detach(out);
    /* No answer is on its way to it any more: it is the user's to read. */
    if (to->state & WEIR_S_DISCARD && to->writing == WEIR_WRITING_OPEN) {
        to->state &= (uint16_t)~WEIR_S_DISCARD;
        weir_socket_reader_changed(to);
    }
    /* The half-open rule, which the pipe had suspended, holds again. */
    if (to->reading == WEIR_READING_ENDED && !(to->state & WEIR_S_HALF_OPEN))
        (void)weir_socket_end(to);
    return 0;
}
