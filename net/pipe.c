/*
 * pipe.c - socket to socket, at the speed of the slower
 *
 * A pipe stands between the reading half of one socket and the writing half of
 * another: it takes the place of `data` and `end` on one side and of `drain` on
 * the other, and stalls the source while the destination holds more than
 * PIPE_MARK bytes.
 *
 * This is the copying path: bytes go through the loop's read buffer, and only
 * what the destination does not take at once is copied. The place for moving
 * them inside the kernel (splice) is where read_some() in socket.c asks which
 * buffer to read into: a source with a pipe would not read at all.
 */
#include "pipe.h"

enum { PIPE_MARK = 64 * 1024 };

struct weir_pipe {
    weir_socket *from, *to;
    bool bytes_only; /* weir_pipe_bytes() */
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

void weir_pipe_data(struct weir_pipe *pipe, const void *bytes, size_t length)
{
    weir_socket *from = pipe->from, *to = pipe->to;
    bool bytes_only = pipe->bytes_only; /* a write that fails frees the pipe */
    int result = weir_write(to, bytes, length, NULL, NULL);

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
    if (to->queue.size > PIPE_MARK) {
        from->state |= WEIR_S_PIPE_STALLED;
        to->state |= WEIR_S_DRAIN_DUE; /* whatever its high-water mark */
    }
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

/* What a source sends has nowhere to go. That is its end, unless an answer is
 * on its way to it (a server that refuses an upload says so and closes): then
 * what it sends is thrown away until it has the answer. */
static void lost_destination(weir_socket *from)
{
    bool answer_ended = from->writing == WEIR_WRITING_ENDING ||
                        from->writing == WEIR_WRITING_FINISHED;

    if (weir_pipe_in(from)) {
        from->state |= WEIR_S_DISCARD;
        from->state &= (uint16_t)~WEIR_S_PAUSED;
        weir_socket_reader_changed(from);
    } else if (answer_ended) {
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
    if (carry)
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
    if (in)
        detach(in);
    if (to)
        end_partner(to, weir_socket_reset);
    if (from && from != to)
        lost_destination(from);
}

static int refusal(const weir_socket *from, const weir_socket *to)
{
    if (!from || !to || from == to || from->loop != to->loop)
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
    pipe->from = from;
    pipe->to = to;
    pipe->bytes_only = bytes_only;
    from->extra->out = pipe;
    to->extra->in = pipe;
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
