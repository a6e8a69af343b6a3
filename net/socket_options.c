/*
 * socket_options.c - options of a connection, and what it can be asked
 *
 * Each option is one setsockopt(); a socket without a descriptor answers with
 * an error that says whether it is too early or too late.
 */
#include "socket.h"

#include "address.h"

#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <limits.h>

/* macOS has its own name for the idle time before the first probe. OpenBSD has
 * none of the three: its times are those of all connections, set by sysctl(8),
 * and a program that asks for others is told (ENOTSUP). */
#ifndef TCP_KEEPIDLE
#ifdef TCP_KEEPALIVE
#define TCP_KEEPIDLE TCP_KEEPALIVE
#else
#define TCP_KEEPIDLE NO_OPTION
#endif
#endif
#ifndef TCP_KEEPINTVL
#define TCP_KEEPINTVL NO_OPTION
#endif
#ifndef TCP_KEEPCNT
#define TCP_KEEPCNT NO_OPTION
#endif

enum { NO_OPTION = -1 };

/* The descriptor, or what is wrong with having none. */
static int descriptor(const weir_socket *s)
{
    if (!s)
        return -EINVAL;
    if (s->phase >= WEIR_PHASE_DESTROYED)
        return -EBADF;
    return s->source.fd >= 0 ? s->source.fd : -ENOTCONN;
}

static int set(const weir_socket *s, int level, int option, int value)
{
    int fd = descriptor(s);

    return fd < 0 ? fd : sys_set_int(fd, level, option, value);
}

static int get(const weir_socket *s, int level, int option)
{
    int fd = descriptor(s);
    int value = 0;
    socklen_t size = sizeof value;
    int result;

    if (fd < 0)
        return fd;
    result = sys_getsockopt(fd, level, option, &value, &size);
    return result < 0 ? result : value;
}

/* ------------------------------------------------------------ keep-alive */

static int set_seconds(int fd, int option, unsigned seconds)
{
    if (!seconds)
        return 0;
    if (seconds > INT_MAX)
        return -EINVAL;
    if (option == NO_OPTION)
        return -ENOTSUP;
    return sys_set_int(fd, IPPROTO_TCP, option, (int)seconds);
}

static int keep_alive(int fd, bool enabled, unsigned delay, unsigned interval,
                      unsigned count)
{
    int result = sys_set_int(fd, SOL_SOCKET, SO_KEEPALIVE, enabled);

    if (result == 0)
        result = set_seconds(fd, TCP_KEEPIDLE, delay);
    if (result == 0)
        result = set_seconds(fd, TCP_KEEPINTVL, interval);
    if (result == 0)
        result = set_seconds(fd, TCP_KEEPCNT, count);
    return result;
}

int weir_socket_set_keep_alive(weir_socket *s, bool enabled, unsigned delay,
                               unsigned interval, unsigned count)
{
    int fd = descriptor(s);

    return fd < 0 ? fd : keep_alive(fd, enabled, delay, interval, count);
}

/* --------------------------------------------------------- other options */

int weir_socket_set_no_delay(weir_socket *s, bool enabled)
{
    return set(s, IPPROTO_TCP, TCP_NODELAY, enabled);
}

static int family_of(int fd)
{
    weir_address local;
    int result = weir_address_local(fd, &local);

    return result < 0 ? result : weir_address_family(&local);
}

/* A dual-stack socket sends IPv4 packets too, and those take the IPv4
 * option; where it is refused the IPv6 one is what counts. */
static int set_tos(int fd, int family, unsigned tos)
{
    if (tos > 255)
        return -EINVAL;
    if (family == AF_UNIX)
        return -ENOTSUP;
    if (family == AF_INET)
        return sys_set_int(fd, IPPROTO_IP, IP_TOS, (int)tos);
    (void)sys_set_int(fd, IPPROTO_IP, IP_TOS, (int)tos);
    return sys_set_int(fd, IPPROTO_IPV6, IPV6_TCLASS, (int)tos);
}

int weir_socket_set_tos(weir_socket *s, unsigned tos)
{
    int fd = descriptor(s);
    int family = fd < 0 ? fd : family_of(fd);

    return family < 0 ? family : set_tos(fd, family, tos);
}

int weir_socket_tos(const weir_socket *s)
{
    int fd = descriptor(s);
    int family = fd < 0 ? fd : family_of(fd);

    if (family < 0)
        return family;
    if (family == AF_UNIX)
        return -ENOTSUP;
    return family == AF_INET ? get(s, IPPROTO_IP, IP_TOS)
                             : get(s, IPPROTO_IPV6, IPV6_TCLASS);
}

static int size_of_buffer(unsigned size)
{
    return size > INT_MAX / 2 ? INT_MAX / 2 : (int)size;
}

int weir_socket_set_send_buffer(weir_socket *s, unsigned size)
{
    return set(s, SOL_SOCKET, SO_SNDBUF, size_of_buffer(size));
}

int weir_socket_set_receive_buffer(weir_socket *s, unsigned size)
{
    return set(s, SOL_SOCKET, SO_RCVBUF, size_of_buffer(size));
}

int weir_socket_send_buffer(const weir_socket *s)
{
    return get(s, SOL_SOCKET, SO_SNDBUF);
}

int weir_socket_receive_buffer(const weir_socket *s)
{
    return get(s, SOL_SOCKET, SO_RCVBUF);
}

/* ---------------------------------------------- options from the beginning */

int weir_tcp_valid(const weir_tcp_options *options)
{
    if (options->tos > 255 || options->keep_alive_delay > INT_MAX ||
        options->keep_alive_interval > INT_MAX ||
        options->keep_alive_count > INT_MAX)
        return -EINVAL;
    return 0;
}

int weir_tcp_apply(int fd, int family, const weir_tcp_options *options)
{
    int result = 0;

    if (family == AF_UNIX)
        return 0;
    if (options->no_delay)
        result = sys_set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (result == 0 && options->keep_alive)
        result =
            keep_alive(fd, true, options->keep_alive_delay,
                       options->keep_alive_interval, options->keep_alive_count);
    if (result == 0 && options->tos)
        result = set_tos(fd, family, options->tos);
    if (result == 0 && options->send_buffer)
        result = sys_set_int(fd, SOL_SOCKET, SO_SNDBUF,
                             size_of_buffer(options->send_buffer));
    if (result == 0 && options->receive_buffer)
        result = sys_set_int(fd, SOL_SOCKET, SO_RCVBUF,
                             size_of_buffer(options->receive_buffer));
    return result;
}

/* -------------------------------------------------------------- accessors */

weir_socket_state weir_socket_get_state(const weir_socket *s)
{
    switch (s->phase) {
    case WEIR_PHASE_NEW:
        return WEIR_SOCKET_NEW;
    case WEIR_PHASE_CONNECTING:
        return WEIR_SOCKET_CONNECTING;
    case WEIR_PHASE_OPEN:
        if (s->writing != WEIR_WRITING_OPEN)
            return WEIR_SOCKET_READ_ONLY;
        return s->reading != WEIR_READING_ENDED ? WEIR_SOCKET_OPEN
                                                : WEIR_SOCKET_WRITE_ONLY;
    default:
        return WEIR_SOCKET_CLOSED;
    }
}

weir_loop *weir_socket_loop(const weir_socket *s)
{
    return s->loop;
}

void *weir_socket_data(const weir_socket *s)
{
    return s->data;
}

void weir_socket_set_data(weir_socket *s, void *data)
{
    s->data = data;
}

weir_server *weir_socket_server(const weir_socket *s)
{
    return s->server;
}

int weir_socket_fd(const weir_socket *s)
{
    return s->source.fd;
}

int weir_socket_local_address(const weir_socket *s, weir_address *address)
{
    int fd = descriptor(s);

    if (!address)
        return -EINVAL;
    *address = (weir_address){ 0 };
    return fd < 0 ? fd : weir_address_local(fd, address);
}

int weir_socket_remote_address(const weir_socket *s, weir_address *address)
{
    int fd = descriptor(s);

    if (!address)
        return -EINVAL;
    *address = (weir_address){ 0 };
    return fd < 0 ? fd : weir_address_remote(fd, address);
}

uint64_t weir_socket_bytes_read(const weir_socket *s)
{
    return s->bytes_read;
}

uint64_t weir_socket_bytes_written(const weir_socket *s)
{
    return s->bytes_written;
}

int weir_socket_failure(const weir_socket *s, const char **call,
                        weir_address *address)
{
    if (call)
        *call = s->extra ? s->extra->failed_call : NULL;
    if (address)
        *address = s->extra ? s->extra->failed_address : (weir_address){ 0 };
    return s->error;
}

void weir_socket_error_text(const weir_socket *s, char *text, size_t size)
{
    char printed[WEIR_ADDRESS_TEXT] = "";
    const char *where = printed;
    weir_address address;
    const char *call;
    int error = weir_socket_failure(s, &call, &address);

    if (address.length)
        weir_address_text(&address, printed, sizeof printed);
    else if (s->extra && s->extra->failed_host)
        where = s->extra->failed_host;
    snprintf(text, size, "%s%s%s%s%s: %s", call ? call : "", call ? " " : "",
             weir_error_name(error), *where ? " " : "", where,
             weir_error_text(error));
}

void weir_socket_ref(weir_socket *s)
{
    weir_flags_ref(s->loop, &s->flags);
}

void weir_socket_unref(weir_socket *s)
{
    weir_flags_unref(s->loop, &s->flags);
}
