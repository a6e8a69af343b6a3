/*
 * sys.c - what one system does in a call and another in three
 */
#include "sys.h"

#ifdef WEIR_SYS_SEAM
struct weir_sys weir_sys = {
    .clock_gettime = clock_gettime,
    .close = close,
    .read = read,
    .write = write,
    .recv = recv,
    .send = send,
    .sendmsg = sendmsg,
    .socket = socket,
    .bind = bind,
    .listen = listen,
#ifdef WEIR_SYS_ACCEPT4
    .accept4 = accept4,
#else
    .accept = accept,
#endif
    .connect = connect,
    .shutdown = shutdown,
    .getsockopt = getsockopt,
    .setsockopt = setsockopt,
    .getsockname = getsockname,
    .getpeername = getpeername,
    .ioctl = ioctl,
    .open = open,
    .fcntl = fcntl,
    .fstat = fstat,
    .lstat = lstat,
    .chmod = chmod,
    .unlink = unlink,
    .getcwd = getcwd,
    .sigaction = sigaction,
    .poll = poll,
#ifdef WEIR_SYS_PIPE2
    .pipe2 = pipe2,
#endif
#ifdef WEIR_SYS_SPLICE
    .splice = splice,
    .sigprocmask = sigprocmask,
    .sigpending = sigpending,
    .sigtimedwait = sigtimedwait,
#endif
#ifdef WEIR_BACKEND_EPOLL
    .epoll_create1 = epoll_create1,
    .epoll_ctl = epoll_ctl,
    .epoll_wait = epoll_wait,
    .eventfd = eventfd,
#else
    .kqueue = kqueue,
    .kevent = kevent,
#endif
};
#endif

/* macOS refuses every option with EINVAL once both directions of a connection
 * are over, as they are when a client has gone before it was accepted. That is
 * not the listener's failure: the next call on the connection tells. And the
 * option is set all the same, handed down by the listener. */
static int no_sigpipe(int fd)
{
#ifdef SO_NOSIGPIPE
    int result = sys_set_int(fd, SOL_SOCKET, SO_NOSIGPIPE, 1);

    return result == -EINVAL ? 0 : result;
#else
    (void)fd;
    return 0;
#endif
}

int weir_sys_adopt(int fd)
{
    int flags = SYS(fcntl)(fd, F_GETFL);

    if (flags < 0)
        return -errno;
    if (!(flags & O_NONBLOCK) && SYS(fcntl)(fd, F_SETFL, flags | O_NONBLOCK))
        return -errno;
    if (SYS(fcntl)(fd, F_SETFD, FD_CLOEXEC))
        return -errno;
    return no_sigpipe(fd);
}

#ifndef WEIR_SYS_ACCEPT4
/* Without accept4() and SOCK_NONBLOCK: there is a moment in which another
 * thread's fork() and exec() would inherit the descriptor. */
static int adopt_or_close(int fd)
{
    int result;

    if (fd < 0)
        return -errno;
    result = weir_sys_adopt(fd);
    if (result < 0) {
        sys_close(fd);
        return result;
    }
    return fd;
}
#endif

int weir_sys_socket(int family, int type)
{
#ifdef WEIR_SYS_ACCEPT4
    int fd = SYS(socket)(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int result;

    if (fd < 0)
        return -errno;
    result = no_sigpipe(fd);
    if (result < 0) {
        sys_close(fd);
        return result;
    }
    return fd;
#else
    return adopt_or_close(SYS(socket)(family, type, 0));
#endif
}

#ifndef WEIR_SYS_ACCEPT4
int weir_sys_accept(int fd, struct sockaddr *peer, socklen_t *size)
{
    int accepted;

    do
        accepted = SYS(accept)(fd, peer, size);
    while (accepted < 0 && errno == EINTR);
    return adopt_or_close(accepted);
}
#endif

#ifdef WEIR_SYS_SPLICE
int weir_sys_pipe(int ends[2], int size)
{
    int result;

    if (SYS(pipe2)(ends, O_CLOEXEC | O_NONBLOCK) < 0)
        return -errno;
    result = SYS(fcntl)(ends[1], F_SETPIPE_SZ, size);
    if (result >= size)
        return 0;
    result = result < 0 ? -errno : -EPERM;
    sys_close(ends[0]);
    sys_close(ends[1]);
    return result;
}

/* splice() has no MSG_NOSIGNAL. So SIGPIPE is held back from this thread (on
 * Linux that is what sigprocmask() is about) for as long as bytes move, and
 * taken away if it has come; one that was waiting before, with the program
 * holding it back, stays. */
struct held_back {
    sigset_t signal, mask;
    bool held, waiting; /* by the program itself */
};

static int hold_back(struct held_back *back)
{
    sigset_t pending;

    sigemptyset(&back->signal);
    sigaddset(&back->signal, SIGPIPE);
    if (SYS(sigprocmask)(SIG_BLOCK, &back->signal, &back->mask) < 0)
        return -errno;
    back->held = sigismember(&back->mask, SIGPIPE);
    back->waiting = back->held && SYS(sigpending)(&pending) == 0 &&
                    sigismember(&pending, SIGPIPE);
    return 0;
}

static void let_go(const struct held_back *back, bool came)
{
    const struct timespec none = { 0 };

    if (came && !back->waiting)
        while (SYS(sigtimedwait)(&back->signal, NULL, &none) < 0 &&
               errno == EINTR)
            ;
    if (!back->held)
        (void)SYS(sigprocmask)(SIG_SETMASK, &back->mask, NULL);
}

/* A short count says nothing: a signal of any kind ends splice() early. Only
 * the call that moves none gives the reason.
 *
 * One call of splice() is several sends, and when a later one of them fails
 * its error is lost, for the count of the earlier ones is the result. (The
 * SIGPIPE has come, though: the count is short then.) What is left for the next
 * call is EPIPE, whatever it was; behind a short count it is taken for the
 * worse, a reset, so that no stream cut short is taken for a whole one. */
size_t weir_sys_splice_out(int pipe, int socket, size_t size, int *stopped)
{
    struct held_back back;
    size_t moved = 0;
    ssize_t n = 1;

    *stopped = hold_back(&back);
    if (*stopped < 0)
        return 0;
    while (moved < size && n > 0) {
        do
            n = SYS(splice)(pipe, NULL, socket, NULL, size - moved,
                            SPLICE_F_NONBLOCK);
        while (n < 0 && errno == EINTR);
        if (n > 0)
            moved += (size_t)n;
    }
    if (n < 0)
        *stopped = -errno;
    else if (n == 0)
        *stopped = -EIO; /* cannot be: we hold the pipe's other end */
    let_go(&back, *stopped == -EPIPE);
    if (*stopped == -EPIPE && moved)
        *stopped = -ECONNRESET;
    return moved;
}
#endif
