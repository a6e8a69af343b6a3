/*
 * faults.c - a system that fails when it is told to
 *
 * One wrapper for each function of the seam: it asks strikes() whether this
 * call is the one, and otherwise hands on to the kernel. The errnos are those
 * that the manual page of the call knows, without those that would be a bug of
 * ours (EBADF, EFAULT); EINTR is among them where the call can be interrupted.
 */
#include "faults.h"

#include <ares.h>
#include <search.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static struct weir_sys kernel;
static struct fault armed;
static bool arming; /* the sweep has begun */
static unsigned calls, struck;
static const char *what = "nothing";
static int what_errno;
static size_t live;

static bool strikes(const char *name, const int *errors, size_t count)
{
    if (armed.only && strcmp(armed.only, name) != 0)
        return false;
    calls++;
    if (!armed.nth || calls < armed.nth)
        return false;
    if (calls > armed.nth && !armed.onward)
        return false;
    struck++;
    what = name;
    what_errno = errors[armed.variant % count];
    /* A call that is interrupted every time would be repeated for ever. */
    if (armed.onward && what_errno == EINTR)
        what_errno = errors[(armed.variant + 1) % count];
    errno = what_errno;
    return true;
}

/* A wrapper: type, name, parameters, arguments, errnos. */
#define CALL(type, name, parameters, arguments, ...)                           \
    static type faulty_##name parameters                                       \
    {                                                                          \
        static const int errors[] = { __VA_ARGS__ };                           \
                                                                               \
        if (strikes(#name, errors, sizeof errors / sizeof errors[0]))          \
            return -1;                                                         \
        return kernel.name arguments;                                          \
    }

CALL(ssize_t, read, (int fd, void *to, size_t size), (fd, to, size), EIO, EINTR,
     EAGAIN)
CALL(ssize_t, write, (int fd, const void *from, size_t size), (fd, from, size),
     EIO, EINTR, EAGAIN)
CALL(ssize_t, recv, (int fd, void *to, size_t size, int flags),
     (fd, to, size, flags), ECONNRESET, EINTR, EAGAIN, ENOMEM, ETIMEDOUT)
CALL(ssize_t, send, (int fd, const void *from, size_t size, int flags),
     (fd, from, size, flags), EPIPE, EINTR, EAGAIN, ENOBUFS, ECONNRESET)
CALL(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags),
     (fd, message, flags), EPIPE, EINTR, EAGAIN, ENOMEM, ECONNRESET)
CALL(int, socket, (int family, int type, int protocol),
     (family, type, protocol), EMFILE, ENFILE, ENOMEM, EAFNOSUPPORT)
CALL(int, bind, (int fd, const struct sockaddr *name, socklen_t size),
     (fd, name, size), EADDRINUSE, EACCES, EADDRNOTAVAIL)
CALL(int, listen, (int fd, int backlog), (fd, backlog), EADDRINUSE)
#ifdef WEIR_SYS_ACCEPT4
CALL(int, accept4, (int fd, struct sockaddr *name, socklen_t *size, int flags),
     (fd, name, size, flags), EMFILE, EINTR, ECONNABORTED, EAGAIN, ENOMEM)
#else
CALL(int, accept, (int fd, struct sockaddr *name, socklen_t *size),
     (fd, name, size), EMFILE, EINTR, ECONNABORTED, EAGAIN, ENOMEM)
#endif
CALL(int, connect, (int fd, const struct sockaddr *name, socklen_t size),
     (fd, name, size), ECONNREFUSED, EINTR, ENETUNREACH, EAGAIN)
CALL(int, shutdown, (int fd, int how), (fd, how), ENOTCONN)
CALL(int, getsockopt,
     (int fd, int level, int option, void *value, socklen_t *size),
     (fd, level, option, value, size), ENOBUFS)
CALL(int, setsockopt,
     (int fd, int level, int option, const void *value, socklen_t size),
     (fd, level, option, value, size), ENOMEM, ENOPROTOOPT)
CALL(int, getsockname, (int fd, struct sockaddr *name, socklen_t *size),
     (fd, name, size), ENOBUFS)
CALL(int, getpeername, (int fd, struct sockaddr *name, socklen_t *size),
     (fd, name, size), ENOTCONN, ENOBUFS)
/* Only as sys_waiting() calls it. */
static int faulty_ioctl(int fd, unsigned long request, ...)
{
    static const int errors[] = { EIO };
    va_list arguments;
    int *count;

    va_start(arguments, request);
    count = va_arg(arguments, int *);
    va_end(arguments);
    if (strikes("ioctl", errors, 1))
        return -1;
    return kernel.ioctl(fd, request, count);
}

CALL(int, fstat, (int fd, struct stat *status), (fd, status), ENOMEM)
CALL(int, lstat, (const char *path, struct stat *status), (path, status),
     ENOENT, EACCES)
CALL(int, chmod, (const char *path, mode_t mode), (path, mode), EPERM, EROFS)
CALL(int, unlink, (const char *path), (path), EACCES, ENOENT)
CALL(int, sigaction,
     (int number, const struct sigaction *action, struct sigaction *old),
     (number, action, old), EINVAL)
CALL(int, poll, (struct pollfd * watched, nfds_t count, int limit),
     (watched, count, limit), EINTR, ENOMEM)
#ifdef WEIR_SYS_PIPE2
CALL(int, pipe2, (int *ends, int flags), (ends, flags), EMFILE, ENFILE)
#endif
#ifdef WEIR_SYS_SPLICE
CALL(ssize_t, splice,
     (int from, loff_t *from_offset, int to, loff_t *to_offset, size_t size,
      unsigned flags),
     (from, from_offset, to, to_offset, size, flags), EINVAL, EINTR, EAGAIN,
     ENOMEM, EPIPE)
CALL(int, sigprocmask, (int how, const sigset_t *mask, sigset_t *old),
     (how, mask, old), EINVAL)
CALL(int, sigpending, (sigset_t * pending), (pending), EFAULT)
CALL(int, sigtimedwait,
     (const sigset_t *mask, siginfo_t *signal, const struct timespec *limit),
     (mask, signal, limit), EAGAIN, EINTR)
#endif
#ifdef WEIR_BACKEND_EPOLL
CALL(int, epoll_create1, (int flags), (flags), EMFILE, ENFILE, ENOMEM)
CALL(int, epoll_ctl,
     (int epoll, int operation, int fd, struct epoll_event *event),
     (epoll, operation, fd, event), ENOMEM, ENOSPC)
CALL(int, epoll_wait,
     (int epoll, struct epoll_event *events, int count, int timeout),
     (epoll, events, count, timeout), EINTR)
CALL(int, eventfd, (unsigned count, int flags), (count, flags), EMFILE, ENFILE,
     ENODEV, ENOMEM)
#else
CALL(int, kqueue, (void), (), EMFILE, ENFILE, ENOMEM)
CALL(int, kevent,
     (int queue, const struct kevent *changes, int change_count,
      struct kevent *events, int event_count, const struct timespec *limit),
     (queue, changes, change_count, events, event_count, limit), ENOMEM)
#endif

/* A close() that fails has closed all the same. */
static int faulty_close(int fd)
{
    static const int errors[] = { EIO, EINTR };
    int result = kernel.close(fd);

    if (strikes("close", errors, 2))
        return -1;
    return result;
}

static int faulty_open(const char *path, int flags, ...)
{
    static const int errors[] = { EMFILE, EINTR, ENOENT };

    if (strikes("open", errors, 3))
        return -1;
    return kernel.open(path, flags);
}

static char *faulty_getcwd(char *path, size_t size)
{
    static const int errors[] = { ENOENT, ERANGE };

    return strikes("getcwd", errors, 2) ? NULL : kernel.getcwd(path, size);
}

static int faulty_fcntl(int fd, int command, ...)
{
    static const int errors[] = { EINVAL };
    va_list arguments;
    int value;

    if (strikes("fcntl", errors, 1))
        return -1;
    if (command == F_GETFL || command == F_GETFD)
        return kernel.fcntl(fd, command);
    va_start(arguments, command);
    value = va_arg(arguments, int);
    va_end(arguments);
    return kernel.fcntl(fd, command, value);
}

static const struct weir_sys faulty = {
    .clock_gettime = clock_gettime,
    .close = faulty_close,
    .read = faulty_read,
    .write = faulty_write,
    .recv = faulty_recv,
    .send = faulty_send,
    .sendmsg = faulty_sendmsg,
    .socket = faulty_socket,
    .bind = faulty_bind,
    .listen = faulty_listen,
#ifdef WEIR_SYS_ACCEPT4
    .accept4 = faulty_accept4,
#else
    .accept = faulty_accept,
#endif
    .connect = faulty_connect,
    .shutdown = faulty_shutdown,
    .getsockopt = faulty_getsockopt,
    .setsockopt = faulty_setsockopt,
    .getsockname = faulty_getsockname,
    .getpeername = faulty_getpeername,
    .ioctl = faulty_ioctl,
    .open = faulty_open,
    .fcntl = faulty_fcntl,
    .fstat = faulty_fstat,
    .lstat = faulty_lstat,
    .chmod = faulty_chmod,
    .unlink = faulty_unlink,
    .getcwd = faulty_getcwd,
    .sigaction = faulty_sigaction,
    .poll = faulty_poll,
#ifdef WEIR_SYS_PIPE2
    .pipe2 = faulty_pipe2,
#endif
#ifdef WEIR_SYS_SPLICE
    .splice = faulty_splice,
    .sigprocmask = faulty_sigprocmask,
    .sigpending = faulty_sigpending,
    .sigtimedwait = faulty_sigtimedwait,
#endif
#ifdef WEIR_BACKEND_EPOLL
    .epoll_create1 = faulty_epoll_create1,
    .epoll_ctl = faulty_epoll_ctl,
    .epoll_wait = faulty_epoll_wait,
    .eventfd = faulty_eventfd,
#else
    .kqueue = faulty_kqueue,
    .kevent = faulty_kevent,
#endif
};

/* ------------------------------------------------------------- allocations */

static const int no_memory[] = { ENOMEM };

/* Those made here and not released: a tree of addresses. What was allocated
 * before arming may be released here, and the other way round. */
static void *tree;

static int compare(const void *a, const void *b)
{
    return ((uintptr_t)a > (uintptr_t)b) - ((uintptr_t)a < (uintptr_t)b);
}

static void *remember(void *memory)
{
    if (memory && !tsearch(memory, &tree, compare))
        abort();
    return memory;
}

static void *allocate(void *context, size_t size)
{
    void *memory = NULL;

    (void)context;
    if (!strikes("malloc", no_memory, 1))
        memory = malloc(size);
    live += memory != NULL;
    return remember(memory);
}

static void *reallocate(void *context, void *memory, size_t size)
{
    void *grown;

    if (!memory)
        return allocate(context, size);
    if (strikes("malloc", no_memory, 1))
        return NULL;
    (void)tdelete(memory, &tree, compare);
    grown = realloc(memory, size);
    (void)remember(grown ? grown : memory);
    return grown;
}

static void release(void *context, void *memory)
{
    (void)context;
    if (!memory)
        return;
    (void)tdelete(memory, &tree, compare);
    live--;
    free(memory);
}

size_t faults_leaked(void)
{
    int version;

    (void)ares_version(&version);
    while (version >= 0x012200 && tree)
        release(NULL, *(void **)tree);
    return live;
}

/* -------------------------------------------------------------- the switch */

__attribute__((constructor)) static void remember_the_kernel(void)
{
    kernel = weir_sys;
}

const struct weir_sys *faults_kernel(void)
{
    return &kernel;
}

void faults_arm(const struct fault *fault)
{
    static const weir_allocator allocator = { allocate, reallocate, release,
                                              NULL };

    armed = *fault;
    calls = struck = 0;
    what = "nothing";
    what_errno = 0;
    weir_sys = faulty;
    weir_set_allocator(&allocator);
}

bool faults_next(struct fault *fault)
{
    if (arming && !struck) {
        faults_disarm();
        return false;
    }
    if (arming)
        fault->nth++;
    faults_arm(fault);
    arming = true;
    return true;
}

unsigned faults_calls(void)
{
    return calls;
}

unsigned faults_struck(void)
{
    return struck;
}

const char *faults_what(void)
{
    return what;
}

int faults_errno(void)
{
    return what_errno;
}

size_t faults_live(void)
{
    return live;
}

void faults_disarm(void)
{
    armed = (struct fault){ 0 };
    arming = false;
}

void faults_restore(void)
{
    faults_disarm();
    weir_sys = kernel;
    weir_set_allocator(NULL);
}
