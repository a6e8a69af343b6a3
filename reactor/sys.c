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
#if defined(__linux__) || defined(__FreeBSD__)
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
    .open = open,
    .fcntl = fcntl,
    .fstat = fstat,
    .lstat = lstat,
    .chmod = chmod,
    .unlink = unlink,
    .sigaction = sigaction,
    .poll = poll,
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

static int no_sigpipe(int fd)
{
#ifdef SO_NOSIGPIPE
    return sys_set_int(fd, SOL_SOCKET, SO_NOSIGPIPE, 1);
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

#if !defined(SOCK_NONBLOCK) || (!defined(__linux__) && !defined(__FreeBSD__))
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

int weir_sys_stream(int family)
{
#ifdef SOCK_NONBLOCK
    int fd = SYS(socket)(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                         0);
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
    return adopt_or_close(SYS(socket)(family, SOCK_STREAM, 0));
#endif
}

int weir_sys_accept(int fd, struct sockaddr *peer, socklen_t *size)
{
    int accepted;

#if defined(__linux__) || defined(__FreeBSD__)
    do
        accepted = SYS(accept4)(fd, peer, size,
                                SOCK_NONBLOCK | SOCK_CLOEXEC);
    while (accepted < 0 && errno == EINTR);
    return accepted < 0 ? -errno : accepted;
#else
    do
        accepted = SYS(accept)(fd, peer, size);
    while (accepted < 0 && errno == EINTR);
    return adopt_or_close(accepted);
#endif
}
