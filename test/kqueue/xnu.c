/*
 * xnu.c - where macOS' sockets differ, for tests on Linux
 *
 * Takes the C library's place in the whole program, as close() of emulate.c
 * does. With WEIR_SYS_PORTABLE sys.h calls what macOS has, and here that
 * behaves as XNU does:
 *   - A socket without SO_NOSIGPIPE raises SIGPIPE, and what is accepted has
 *     the option, and O_NONBLOCK, from its listener.
 *   - Once both directions of a TCP connection are over, setting an option and
 *     getpeername() are EINVAL.
 *   - An address without a name is 16 bytes for AF_UNIX.
 *   - accept() takes a connection off the queue before it looks for a
 *     descriptor. When there is none the connection is dropped. (It needs one
 *     here, which is held in reserve.)
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/event.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_FD = 1 << 17, UNNAMED = 16 };

#define INSTEAD __attribute__((visibility("default")))

static bool no_sigpipe[MAX_FD];
static int reserve = -1;

__attribute__((constructor)) static void open_reserve(void)
{
    if (reserve < 0)
        reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static bool is_dead(int fd)
{
    struct tcp_info info;
    socklen_t size = sizeof info;

    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
           (info.tcpi_state == TCP_CLOSE || info.tcpi_state == TCP_LAST_ACK ||
            info.tcpi_state == TCP_CLOSING || info.tcpi_state == TCP_TIME_WAIT);
}

/* A socket that was never connected is in TCP_CLOSE, too. */
static bool was_connected(int fd)
{
    struct sockaddr_storage name;
    socklen_t size = sizeof name;

    return syscall(SYS_getsockname, fd, &name, &size) == 0 &&
           ((name.ss_family == AF_INET &&
             ((struct sockaddr_in *)&name)->sin_port) ||
            (name.ss_family == AF_INET6 &&
             ((struct sockaddr_in6 *)&name)->sin6_port));
}

static bool dead(int fd)
{
    if (!is_dead(fd) || !was_connected(fd))
        return false;
    errno = EINVAL;
    return true;
}

INSTEAD int socket(int family, int type, int protocol)
{
    int fd = (int)syscall(SYS_socket, family, type, protocol);

    if (fd >= 0 && fd < MAX_FD)
        no_sigpipe[fd] = false;
    return fd;
}

INSTEAD int setsockopt(int fd, int level, int option, const void *value,
                       socklen_t size)
{
    if (fd >= 0 && dead(fd))
        return -1;
    if (level == SOL_SOCKET && option == SO_NOSIGPIPE) {
        if (fd >= 0 && fd < MAX_FD)
            no_sigpipe[fd] = *(const int *)value != 0;
        return 0;
    }
    return (int)syscall(SYS_setsockopt, fd, level, option, value, size);
}

static int fill_up(int result, struct sockaddr *name, socklen_t *size,
                   socklen_t room)
{
    if (result < 0 || !name || name->sa_family != AF_UNIX ||
        *size != sizeof name->sa_family)
        return result;
    memset((char *)name + *size, 0,
           (room < UNNAMED ? room : UNNAMED) - (size_t)*size);
    *size = UNNAMED;
    return result;
}

INSTEAD int getsockname(int fd, struct sockaddr *name, socklen_t *size)
{
    socklen_t room = *size;

    return fill_up((int)syscall(SYS_getsockname, fd, name, size), name, size,
                   room);
}

INSTEAD int getpeername(int fd, struct sockaddr *name, socklen_t *size)
{
    socklen_t room = *size;

    if (dead(fd))
        return -1;
    return fill_up((int)syscall(SYS_getpeername, fd, name, size), name, size,
                   room);
}

/* Nothing when the queue is empty. */
static void drop_one(int listener)
{
    int fd;

    syscall(SYS_close, reserve);
    reserve = -1;
    fd = (int)syscall(SYS_accept4, listener, NULL, NULL, 0);
    if (fd >= 0)
        syscall(SYS_close, fd);
    open_reserve();
    errno = fd >= 0 ? EMFILE : errno;
}

INSTEAD int accept(int listener, struct sockaddr *name, socklen_t *size)
{
    socklen_t room = size ? *size : 0;
    int fd = (int)syscall(SYS_accept4, listener, name, size, 0);

    if (fd < 0 && (errno == EMFILE || errno == ENFILE))
        drop_one(listener);
    if (fd < 0 || fd >= MAX_FD)
        return fd;
    no_sigpipe[fd] = listener < MAX_FD && no_sigpipe[listener];
    if (fcntl(listener, F_GETFL) & O_NONBLOCK)
        fcntl(fd, F_SETFL, O_NONBLOCK);
    return fill_up(fd, name, size, room);
}

static int more_flags(int fd, int flags)
{
    return fd >= 0 && fd < MAX_FD && no_sigpipe[fd] ? flags | MSG_NOSIGNAL
                                                    : flags;
}

INSTEAD ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    return syscall(SYS_sendto, fd, bytes, size, more_flags(fd, flags), NULL, 0);
}

INSTEAD ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    return syscall(SYS_sendmsg, fd, message, more_flags(fd, flags));
}
