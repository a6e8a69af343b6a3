/*
 * io.c - watchers of descriptors that users own
 *
 * A thin face on the backend. Its one idea is for regular files, which are
 * always ready and which the kernel therefore refuses to watch: such a watcher
 * is a deferred task that posts itself again, unless it is edge-triggered.
 */
#include "loop.h"

#include <limits.h>

static const unsigned failures = WEIR_ERROR | WEIR_HANGUP;
static const unsigned directions = WEIR_READABLE | WEIR_WRITABLE;

static void ready(weir_loop *loop, struct weir_source *source, unsigned events)
{
    weir_io *io = weir_container_of(source, weir_io, source);
    unsigned told;

    (void)loop;
    if (events & failures)
        events |= io->interest & directions;
    /* An interest that was changed in this batch may leave nothing to tell. */
    told = io->interest | failures;
    if (io->interest & WEIR_READABLE)
        told |= WEIR_READ_HANGUP;
    events &= told;
    if (events)
        io->cb(io, events);
}

/* It is always in one list: of the tasks, or, told for as long as it is not
 * started again, of the loop's files. */
static void run_always(weir_loop *loop, struct weir_deferred *deferred)
{
    weir_io *io = weir_container_of(deferred, weir_io, always);

    if (io->interest & WEIR_EDGE)
        weir_list_append(&loop->files, &deferred->link);
    else
        weir_defer(loop, deferred);
    io->cb(io, io->interest & directions);
}

int weir_io_init(weir_io *io, weir_loop *loop, int fd, weir_io_cb *cb)
{
    if (!io || !loop || !cb)
        return -EINVAL;
    if (fd < 0)
        return -EBADF;
    *io = (weir_io){ .data = io->data, .loop = loop, .cb = cb };
    io->source = (struct weir_source){ .ready = ready, .fd = fd };
    io->always.run = run_always;
    return 0;
}

/* kqueue does watch regular files, but says nothing at their end; there they
 * are recognized beforehand, so that both backends behave the same. */
static int add(weir_io *io, unsigned interest)
{
#ifdef WEIR_BACKEND_KQUEUE
    struct stat status;
    int result = sys_fstat(io->source.fd, &status);

    if (result < 0)
        return result;
    if (S_ISREG(status.st_mode))
        return -EPERM;
#endif
    return weir_source_add(io->loop, &io->source, interest);
}

/* Of descriptors that it watches the kernel says that there is a watcher. Of
 * these a table does, a bit for each. */
static unsigned char bit_of(int fd)
{
    return (unsigned char)(1u << fd % CHAR_BIT);
}

static int start_always(weir_io *io)
{
    weir_loop *loop = io->loop;
    int fd = io->source.fd;
    size_t byte = (size_t)fd / CHAR_BIT;
    int result =
        weir_loop_inherited(loop)
            ? -EBADF
            : weir_table_reach(&loop->always, &loop->always_size, byte);

    if (result < 0)
        return result;
    if (loop->always[byte] & bit_of(fd))
        return -EEXIST;
    loop->always[byte] |= bit_of(fd);
    io->flags |= WEIR_ALWAYS;
    weir_defer(loop, &io->always);
    return 0;
}

static void stop_always(weir_io *io)
{
    int fd = io->source.fd;

    io->loop->always[fd / CHAR_BIT] &= (unsigned char)~bit_of(fd);
    weir_link_remove(&io->always.link);
}

static void start_always_again(weir_io *io)
{
    weir_link_remove(&io->always.link);
    weir_defer(io->loop, &io->always);
}

static int first_start(weir_io *io, unsigned interest)
{
    int result = add(io, interest);

    if (result == -EPERM)
        result = start_always(io);
    if (result == 0)
        weir_activate(io->loop, &io->flags);
    return result;
}

int weir_io_start(weir_io *io, unsigned interest)
{
    int result = 0;

    if (!(interest & directions) || interest & ~(directions | WEIR_EDGE))
        return -EINVAL;
    if (!weir_io_running(io))
        result = first_start(io, interest);
    else if (!(io->flags & WEIR_ALWAYS))
        result = weir_source_change(io->loop, &io->source, interest);
    else
        start_always_again(io);
    if (result == 0)
        io->interest = interest;
    return result;
}

void weir_io_stop(weir_io *io)
{
    if (!weir_io_running(io))
        return;
    if (io->flags & WEIR_ALWAYS)
        stop_always(io);
    else
        weir_source_remove(io->loop, &io->source);
    io->flags &= (uint8_t)~WEIR_ALWAYS;
    weir_deactivate(io->loop, &io->flags);
}

bool weir_io_running(const weir_io *io)
{
    return io->flags & WEIR_ACTIVE;
}

int weir_io_fd(const weir_io *io)
{
    return io->source.fd;
}

void weir_io_ref(weir_io *io)
{
    weir_flags_ref(io->loop, &io->flags);
}

void weir_io_unref(weir_io *io)
{
    weir_flags_unref(io->loop, &io->flags);
}
