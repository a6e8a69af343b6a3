/*
 * kernel_pipe.c - kernel pipes: made late, kept for the next, read back if
 * need be
 *
 * splice(2) moves pages from a socket into a pipe and from there into another
 * socket: two calls and no copy. The pipe is only the place between the calls.
 * One is taken for each move and given back when it is empty again, which is at
 * once unless the destination is full; so a few serve any number of connections
 * that keep up.
 *
 * A pipe is two descriptors, and a number of slots for pages, one for each
 * piece that a packet consists of, however short the piece is. It may be full
 * long before it holds SIZE bytes, and splice() says EAGAIN for that as well as
 * for an empty socket. Therefore an EAGAIN is never believed here: recv() has
 * the last word on what a socket has (see weir_pipe_splice()). It also passes
 * over urgent data, before which splice() stops for ever, and it gets on when
 * the kernel has no memory for a page, of which splice() says the same.
 */
#include "kernel_pipe.h"

enum {
    /* Measured for bulk: 0.26, 0.24 and 0.23 s of CPU per GB with 64, 256 and
     * 512 KiB, 0.30 with copying. It is also all that may wait in a destination
     * that is full. */
    SIZE = 512 * 1024,

    /* Of one loop, beyond which bytes are copied: only destinations that are
     * full hold one. It is half of what Linux lets one user have in all before
     * it refuses this size (pipe-user-pages-soft, 64 MiB), so that nobody
     * else's pipes become small because of ours. */
    MOST = 64,

    /* Kept empty. More would be destinations that went from full to empty in
     * one turn, and pay for new ones with a few microseconds. */
    KEPT = 16,

    /* After the system refused one: ms until it is asked again. Each time is
     * four calls, and what it is short of (the user's pages for pipes,
     * descriptors) is seldom back within one turn. */
    REFUSED_REST = 1000
};

static void destroy(struct weir_kernel_pipe *pipe)
{
    sys_close(pipe->ends[0]);
    sys_close(pipe->ends[1]);
    pipe->net->pipe_count--;
    weir_release(pipe->chunk);
    weir_release(pipe);
}

static bool may_ask(weir_loop *loop)
{
    struct weir_net *net = weir_net_of(loop);

    return net->pipe_count < MOST &&
           (!net->pipes_refused_until ||
            weir_loop_now(loop) >= net->pipes_refused_until);
}

static struct weir_kernel_pipe *create(weir_loop *loop)
{
    struct weir_net *net = weir_net_of(loop);
    struct weir_kernel_pipe *pipe;
    int ends[2];

    if (!may_ask(loop))
        return NULL;
    if (weir_sys_pipe(ends, SIZE) < 0) {
        net->pipes_refused_until = weir_loop_now(loop) + REFUSED_REST;
        return NULL;
    }
    net->pipes_refused_until = 0;
    pipe = weir_alloc(sizeof *pipe);
    if (!pipe)
        goto no_pipe;
    *pipe =
        (struct weir_kernel_pipe){ .net = net, .ends = { ends[0], ends[1] } };
    pipe->chunk = weir_chunk_create(0);
    if (!pipe->chunk)
        goto no_chunk;
    net->pipe_count++;
    return pipe;

no_chunk:
    weir_release(pipe);
no_pipe:
    sys_close(ends[0]);
    sys_close(ends[1]);
    return NULL;
}

struct weir_chunk *weir_kernel_pipe_take(weir_loop *loop)
{
    struct weir_net *net = weir_net_of(loop);
    struct weir_kernel_pipe *pipe = net->pipes;

    if (pipe) {
        net->pipes = pipe->next;
        net->pipes_idle--;
    } else {
        pipe = create(loop);
    }
    if (!pipe)
        return NULL;
    *pipe->chunk = (struct weir_chunk){ .pipe = pipe };
    return pipe->chunk;
}

void weir_kernel_pipe_give(struct weir_kernel_pipe *pipe)
{
    struct weir_net *net = pipe->net;

    if (pipe->held || net->pipes_idle == KEPT) {
        destroy(pipe);
        return;
    }
    pipe->next = net->pipes;
    net->pipes = pipe;
    net->pipes_idle++;
}

bool weir_kernel_pipes_close(struct weir_net *net)
{
    bool any = net->pipes != NULL;

    while (net->pipes) {
        struct weir_kernel_pipe *pipe = net->pipes;

        net->pipes = pipe->next;
        net->pipes_idle--;
        destroy(pipe);
    }
    return any;
}

bool weir_kernel_pipes_make_room(weir_loop *loop, int error)
{
    return (error == -EMFILE || error == -ENFILE) &&
           weir_kernel_pipes_close(weir_net_of(loop));
}

int weir_open_stream(weir_loop *loop, int family)
{
    int fd = weir_sys_stream(family);

    return weir_kernel_pipes_make_room(loop, fd) ? weir_sys_stream(family) : fd;
}

ssize_t weir_kernel_pipe_fill(struct weir_kernel_pipe *pipe, int fd)
{
    ssize_t n = sys_splice_in(fd, pipe->ends[1], SIZE - pipe->held);

    if (n > 0)
        pipe->held += (size_t)n;
    return n == -EAGAIN ? 0 : n;
}

size_t weir_kernel_pipe_empty(struct weir_kernel_pipe *pipe, int fd,
                              int *stopped)
{
    size_t moved = weir_sys_splice_out(pipe->ends[0], fd, pipe->held, stopped);

    pipe->held -= moved;
    return moved;
}

/* Kernels without it, sockets that cannot, filters of system calls, and a want
 * of memory that copying may not have. None of them is what a connection that
 * broke leaves in its socket. */
bool weir_kernel_pipe_refused(ssize_t result)
{
    return result == -EINVAL || result == -ENOSYS || result == -EPERM ||
           result == -EOPNOTSUPP || result == -ENOMEM;
}

int weir_kernel_pipe_read(struct weir_kernel_pipe *pipe, void *bytes)
{
    char *to = bytes;

    while (pipe->held) {
        ssize_t n = sys_read(pipe->ends[0], to, pipe->held);

        if (n <= 0)
            return n < 0 ? (int)n : -EIO;
        to += n;
        pipe->held -= (size_t)n;
    }
    return 0;
}

int weir_kernel_pipe_unload(struct weir_chunk *chunk)
{
    struct weir_kernel_pipe *pipe = chunk->pipe;
    weir_buffer *buffer = weir_buffer_create(chunk->left);
    int result;

    if (!buffer)
        return -ENOMEM;
    result = weir_kernel_pipe_read(pipe, weir_buffer_bytes(buffer));
    if (result < 0) {
        weir_buffer_unref(buffer);
        return result;
    }
    chunk->buffer = buffer;
    chunk->bytes = weir_buffer_bytes(buffer);
    chunk->pipe = NULL;
    pipe->chunk = NULL; /* it is the queue's now */
    destroy(pipe);
    return 0;
}
