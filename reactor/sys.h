/*
 * sys.h - the seam between weir and the system
 *
 * Every system call and every clock read of reactor/ and net/ is one of the
 * functions below. They give a result or a negative errno, and repeat what a
 * signal interrupted, so that nobody above has to think of errno or EINTR.
 *
 * In the normal build SYS(recv) is recv: all of this compiles away. With
 * WEIR_SYS_SEAM defined it is weir_sys.recv, a pointer that a test replaces by
 * a kernel in memory or by one that fails on purpose. The repeating stands
 * above the seam so that it is tested too.
 */
#ifndef WEIR_SYS_H
#define WEIR_SYS_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#if defined(__linux__) && !defined(WEIR_BACKEND_KQUEUE)
#define WEIR_BACKEND_EPOLL 1
#include <sys/epoll.h>
#include <sys/eventfd.h>
#else
#ifndef WEIR_BACKEND_KQUEUE
#define WEIR_BACKEND_KQUEUE 1
#endif
#include <sys/event.h>
#endif

/* What only some systems have. With WEIR_SYS_PORTABLE, which the tests define,
 * none does: what other systems run can be run on Linux too. */
#ifndef WEIR_SYS_PORTABLE
#ifdef __linux__
#define WEIR_SYS_SPLICE   1 /* socket to socket inside the kernel */
#define WEIR_SYS_ABSTRACT 1 /* names of UNIX sockets that are no paths */
#endif
#ifdef SOCK_NONBLOCK
#define WEIR_SYS_ACCEPT4 1 /* and flags for socket(); all but macOS */
#endif
#ifdef MSG_NOSIGNAL
#define WEIR_SYS_NOSIGNAL MSG_NOSIGNAL
#endif
#endif

/* Systems without EVFILT_USER are woken by a pipe, and those have pipe2(). */
#if defined(WEIR_SYS_SPLICE) ||                                                \
    (defined(WEIR_BACKEND_KQUEUE) && !defined(EVFILT_USER))
#define WEIR_SYS_PIPE2 1
#endif

#ifdef WEIR_SYS_SEAM
struct weir_sys {
    int (*clock_gettime)(clockid_t, struct timespec *);
    int (*close)(int);
    ssize_t (*read)(int, void *, size_t);
    ssize_t (*write)(int, const void *, size_t);
    ssize_t (*recv)(int, void *, size_t, int);
    ssize_t (*send)(int, const void *, size_t, int);
    ssize_t (*sendmsg)(int, const struct msghdr *, int);
    int (*socket)(int, int, int);
    int (*bind)(int, const struct sockaddr *, socklen_t);
    int (*listen)(int, int);
#ifdef WEIR_SYS_ACCEPT4
    int (*accept4)(int, struct sockaddr *, socklen_t *, int);
#else
    int (*accept)(int, struct sockaddr *, socklen_t *);
#endif
    int (*connect)(int, const struct sockaddr *, socklen_t);
    int (*shutdown)(int, int);
    int (*getsockopt)(int, int, int, void *, socklen_t *);
    int (*setsockopt)(int, int, int, const void *, socklen_t);
    int (*getsockname)(int, struct sockaddr *, socklen_t *);
    int (*getpeername)(int, struct sockaddr *, socklen_t *);
    __typeof__(ioctl) *ioctl; /* the request is an int with musl */
    int (*open)(const char *, int, ...);
    int (*fcntl)(int, int, ...);
    int (*fstat)(int, struct stat *);
    int (*lstat)(const char *, struct stat *);
    int (*chmod)(const char *, mode_t);
    int (*unlink)(const char *);
    char *(*getcwd)(char *, size_t);
    int (*sigaction)(int, const struct sigaction *, struct sigaction *);
    int (*poll)(struct pollfd *, nfds_t, int);
#ifdef WEIR_SYS_PIPE2
    int (*pipe2)(int *, int);
#endif
#ifdef WEIR_SYS_SPLICE
    ssize_t (*splice)(int, loff_t *, int, loff_t *, size_t, unsigned);
    int (*sigprocmask)(int, const sigset_t *, sigset_t *);
    int (*sigpending)(sigset_t *);
    int (*sigtimedwait)(const sigset_t *, siginfo_t *, const struct timespec *);
#endif
#ifdef WEIR_BACKEND_EPOLL
    int (*epoll_create1)(int);
    int (*epoll_ctl)(int, int, int, struct epoll_event *);
    int (*epoll_wait)(int, struct epoll_event *, int, int);
    int (*eventfd)(unsigned, int);
#else
    int (*kqueue)(void);
    int (*kevent)(int, const struct kevent *, int, struct kevent *, int,
                  const struct timespec *);
#endif
};
extern struct weir_sys weir_sys;
#define SYS(name) weir_sys.name
#else
#define SYS(name) name
#endif

/* The result of an expression, repeated while a signal interrupts it, as a
 * negative errno when it is -1. */
#define SYS_RETRY(type, expression)                                            \
    do {                                                                       \
        type result_;                                                          \
        do                                                                     \
            result_ = (expression);                                            \
        while (result_ < 0 && errno == EINTR);                                 \
        return result_ < 0 ? -errno : result_;                                 \
    } while (0)

#define SYS_ONCE(expression)                                                   \
    do {                                                                       \
        int result_ = (expression);                                            \
        return result_ < 0 ? -errno : result_;                                 \
    } while (0)

/* The monotonic clock in nanoseconds. It cannot fail on any system that has
 * one, and without one nothing here could work. */
static inline uint64_t sys_now(void)
{
    struct timespec now;

    SYS(clock_gettime)(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Not repeated: on Linux the descriptor is gone after EINTR, and a second
 * close() could hit another thread's new one. */
static inline void sys_close(int fd)
{
    (void)SYS(close)(fd);
}

static inline ssize_t sys_read(int fd, void *buffer, size_t size)
{
    SYS_RETRY(ssize_t, SYS(read)(fd, buffer, size));
}

static inline ssize_t sys_write(int fd, const void *bytes, size_t size)
{
    SYS_RETRY(ssize_t, SYS(write)(fd, bytes, size));
}

static inline ssize_t sys_recv(int fd, void *buffer, size_t size)
{
    SYS_RETRY(ssize_t, SYS(recv)(fd, buffer, size, 0));
}

/* Like sys_send_raw(). */
static inline ssize_t sys_recv_raw(int fd, void *buffer, size_t size)
{
    return SYS(recv)(fd, buffer, size, 0);
}

/* Bytes that wait to be read. Unlike a peek, it leaves an error of the socket
 * where it is. */
static inline int sys_waiting(int fd)
{
    int count = 0;
    int result = SYS(ioctl)(fd, FIONREAD, &count);

    return result < 0 ? -errno : count;
}

/* Where there is MSG_NOSIGNAL, a peer that has gone is EPIPE and not a signal
 * that ends the program; elsewhere weir_sys_socket() sets SO_NOSIGPIPE. */
#ifdef WEIR_SYS_NOSIGNAL
#define SYS_SEND_FLAGS WEIR_SYS_NOSIGNAL
#else
#define SYS_SEND_FLAGS 0
#endif

/* macOS answers EPROTOTYPE when a socket is written to while it is being torn
 * down (libuv 3a7b95593); for everybody above that is a reset. */
static inline ssize_t sys_send_result(ssize_t result)
{
    if (result >= 0)
        return result;
#ifdef __APPLE__
    if (errno == EPROTOTYPE)
        return -ECONNRESET;
#endif
    return -errno;
}

static inline ssize_t sys_send(int fd, const void *bytes, size_t size)
{
    ssize_t result;

    do
        result = SYS(send)(fd, bytes, size, SYS_SEND_FLAGS);
    while (result < 0 && errno == EINTR);
    return sys_send_result(result);
}

/* Without the repeating, and with errno left where it is when the result is
 * -1: for the one place where instructions are counted. */
static inline ssize_t sys_send_raw(int fd, const void *bytes, size_t size)
{
    return SYS(send)(fd, bytes, size, SYS_SEND_FLAGS);
}

static inline ssize_t sys_sendv(int fd, struct iovec *parts, int count)
{
    struct msghdr message = { .msg_iov = parts };
    ssize_t result;

    /* size_t with glibc, int with musl, macOS and FreeBSD. */
    message.msg_iovlen = (__typeof__(message.msg_iovlen))count;
    do
        result = SYS(sendmsg)(fd, &message, SYS_SEND_FLAGS);
    while (result < 0 && errno == EINTR);
    return sys_send_result(result);
}

static inline int sys_bind(int fd, const struct sockaddr *name, socklen_t len)
{
    SYS_ONCE(SYS(bind)(fd, name, len));
}

static inline int sys_listen(int fd, int backlog)
{
    SYS_ONCE(SYS(listen)(fd, backlog));
}

/* An interrupted connect() goes on by itself (POSIX: it "shall be established
 * asynchronously"); a second call would say EALREADY. */
static inline int sys_connect(int fd, const struct sockaddr *name,
                              socklen_t len)
{
    int result = SYS(connect)(fd, name, len);

    if (result < 0)
        return errno == EINTR ? -EINPROGRESS : -errno;
    return 0;
}

static inline int sys_shutdown(int fd, int how)
{
    SYS_ONCE(SYS(shutdown)(fd, how));
}

/* Resets a TCP connection whose descriptor others hold as well, where
 * connect(2) can take one apart (Linux: "connect to AF_UNSPEC"). */
static inline int sys_disconnect(int fd)
{
#ifdef __linux__
    const struct sockaddr nobody = { .sa_family = AF_UNSPEC };

    SYS_ONCE(SYS(connect)(fd, &nobody, sizeof nobody));
#else
    (void)fd;
    return -ENOSYS;
#endif
}

static inline int sys_getsockopt(int fd, int level, int option, void *value,
                                 socklen_t *size)
{
    SYS_ONCE(SYS(getsockopt)(fd, level, option, value, size));
}

static inline int sys_setsockopt(int fd, int level, int option,
                                 const void *value, socklen_t size)
{
    SYS_ONCE(SYS(setsockopt)(fd, level, option, value, size));
}

static inline int sys_set_int(int fd, int level, int option, int value)
{
    return sys_setsockopt(fd, level, option, &value, sizeof value);
}

/* The last close() sends a reset then, where a FIN would say that this was
 * all. */
static inline void sys_reset_on_close(int fd)
{
    struct linger reset = { .l_onoff = 1, .l_linger = 0 };

    (void)sys_setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

static inline int sys_getsockname(int fd, struct sockaddr *name,
                                  socklen_t *size)
{
    SYS_ONCE(SYS(getsockname)(fd, name, size));
}

/* EINVAL: "the socket has been shut down" (POSIX), so says macOS when both
 * directions are over. Others say ENOTCONN. */
static inline int sys_getpeername(int fd, struct sockaddr *name,
                                  socklen_t *size)
{
    int result = SYS(getpeername)(fd, name, size);

    if (result < 0)
        return errno == EINVAL ? -ENOTCONN : -errno;
    return result;
}

static inline int sys_open(const char *path, int flags)
{
    SYS_RETRY(int, SYS(open)(path, flags));
}

static inline int sys_fstat(int fd, struct stat *status)
{
    SYS_ONCE(SYS(fstat)(fd, status));
}

static inline int sys_lstat(const char *path, struct stat *status)
{
    SYS_ONCE(SYS(lstat)(path, status));
}

static inline int sys_chmod(const char *path, mode_t mode)
{
    SYS_ONCE(SYS(chmod)(path, mode));
}

static inline int sys_unlink(const char *path)
{
    SYS_ONCE(SYS(unlink)(path));
}

static inline int sys_getcwd(char *path, size_t size)
{
    return SYS(getcwd)(path, size) ? 0 : -errno;
}

static inline int sys_sigaction(int number, const struct sigaction *action,
                                struct sigaction *old)
{
    SYS_ONCE(SYS(sigaction)(number, action, old));
}

/* EINTR is for the caller: time has passed, and the wait must be computed
 * anew. */
static inline int sys_poll(struct pollfd *watched, nfds_t count, int timeout)
{
    SYS_ONCE(SYS(poll)(watched, count, timeout));
}

/* A socket: non-blocking, close-on-exec, no SIGPIPE. */
int weir_sys_socket(int family, int type);

static inline int weir_sys_stream(int family)
{
    return weir_sys_socket(family, SOCK_STREAM);
}

/* Accepts one connection, with the same three properties. `*size` is in and
 * out as with accept(2). */
#ifdef WEIR_SYS_ACCEPT4
static inline int weir_sys_accept(int fd, struct sockaddr *peer,
                                  socklen_t *size)
{
    SYS_RETRY(int, SYS(accept4)(fd, peer, size, SOCK_NONBLOCK | SOCK_CLOEXEC));
}
#else
int weir_sys_accept(int fd, struct sockaddr *peer, socklen_t *size);
#endif

/* Gives the three properties to a descriptor that somebody else made. */
int weir_sys_adopt(int fd);

#ifdef WEIR_SYS_SPLICE
/* A pipe of `size` bytes, non-blocking and close-on-exec: ends[0] gives what
 * ends[1] takes. It is of that size, or it is not made. */
int weir_sys_pipe(int ends[2], int size);

/* Moves at most `size` bytes from a socket into a pipe. 0 at the end of the
 * stream. -EAGAIN when nothing moved: the socket has nothing, or the pipe has
 * no room, or what comes next has to be read. */
static inline ssize_t sys_splice_in(int socket, int pipe, size_t size)
{
    SYS_RETRY(ssize_t,
              SYS(splice)(socket, NULL, pipe, NULL, size, SPLICE_F_NONBLOCK));
}

/* Moves `size` bytes, which are there, from a pipe into a socket, until one
 * call moves none: *stopped says why, 0 when all have gone. Gives how many
 * went. A peer that has gone is EPIPE and not a signal. */
size_t weir_sys_splice_out(int pipe, int socket, size_t size, int *stopped);
#else
static inline int weir_sys_pipe(int ends[2], int size)
{
    (void)ends, (void)size;
    return -ENOSYS;
}

static inline ssize_t sys_splice_in(int socket, int pipe, size_t size)
{
    (void)socket, (void)pipe, (void)size;
    return -ENOSYS;
}

static inline size_t weir_sys_splice_out(int pipe, int socket, size_t size,
                                         int *stopped)
{
    (void)pipe, (void)socket, (void)size;
    *stopped = -ENOSYS;
    return 0;
}
#endif

#ifdef WEIR_BACKEND_EPOLL
static inline int sys_epoll_create(void)
{
    SYS_ONCE(SYS(epoll_create1)(EPOLL_CLOEXEC));
}

static inline int sys_epoll_ctl(int epoll, int operation, int fd,
                                struct epoll_event *event)
{
    SYS_ONCE(SYS(epoll_ctl)(epoll, operation, fd, event));
}

/* EINTR is for the caller: time has passed, and the wait must be computed
 * anew. */
static inline int sys_epoll_wait(int epoll, struct epoll_event *events,
                                 int count, int timeout)
{
    SYS_ONCE(SYS(epoll_wait)(epoll, events, count, timeout));
}

static inline int sys_eventfd(void)
{
    SYS_ONCE(SYS(eventfd)(0, EFD_CLOEXEC | EFD_NONBLOCK));
}
#else
#ifdef WEIR_SYS_PIPE2
static inline int sys_pipe(int ends[2])
{
    SYS_ONCE(SYS(pipe2)(ends, O_CLOEXEC | O_NONBLOCK));
}
#endif

static inline int sys_kqueue(void)
{
    int fd = SYS(kqueue)();

    if (fd < 0)
        return -errno;
    /* A kqueue is not inherited by fork() at all, but it is by exec(). */
    (void)SYS(fcntl)(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}

/* Repeated after EINTR, which comes after all changes were made (so say the
 * manuals): making them again does no harm, and a wake-up that was not made
 * would be one too few. Receipts, where they are asked for, have room for
 * all. */
static inline int sys_kevent_change(int kqueue, const struct kevent *changes,
                                    int count, struct kevent *receipts)
{
    SYS_RETRY(int, SYS(kevent)(kqueue, changes, count, receipts,
                               receipts ? count : 0, NULL));
}

/* EINTR is for the caller: time has passed, and the wait must be computed
 * anew. */
static inline int sys_kevent_wait(int kqueue, struct kevent *events, int count,
                                  const struct timespec *timeout)
{
    SYS_ONCE(SYS(kevent)(kqueue, NULL, 0, events, count, timeout));
}
#endif

#endif
