/*
 * address.c - addresses: from text, to text
 *
 * An address is a sockaddr with its length, and nothing here asks the network:
 * what is not a literal address is not an address. A UNIX path that does not
 * fit is refused; cut short it would name another file (playwright #42153).
 */
#include "address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PORT_MAX = 65535, ANY_HOST = 1 };

static const char unix_prefix[] = "unix:";

weir_address weir_address_any(unsigned port)
{
    weir_address address = { 0 };

    if (port > PORT_MAX)
        return address;
    address.length = sizeof address.name.ipv6;
    address.flags = ANY_HOST;
    address.name.ipv6.sin6_family = AF_INET6;
    address.name.ipv6.sin6_port = htons((uint16_t)port);
    address.name.ipv6.sin6_addr = in6addr_any;
    return address;
}

bool weir_address_any_host(const weir_address *address)
{
    return address->flags & ANY_HOST;
}

weir_address weir_address_any_ipv4(unsigned port)
{
    weir_address address = weir_address_loopback(port);

    address.name.ipv4.sin_addr.s_addr = htonl(INADDR_ANY);
    return address;
}

weir_address weir_address_loopback(unsigned port)
{
    weir_address address = { 0 };

    if (port > PORT_MAX)
        return address;
    address.length = sizeof address.name.ipv4;
    address.name.ipv4.sin_family = AF_INET;
    address.name.ipv4.sin_port = htons((uint16_t)port);
    address.name.ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/* ----------------------------------------------------------- from text */

/* The number of an interface, given by name or by number (RFC 4007, 11.2). */
static int parse_scope(const char *scope, uint32_t *number)
{
    char *end, name[IF_NAMESIZE];
    unsigned long value;

    *number = if_nametoindex(scope);
    if (*number)
        return 0;
    value = strtoul(scope, &end, 10);
    if (*scope < '0' || *scope > '9' || *end || value > UINT32_MAX)
        return -ENODEV;
    *number = (uint32_t)value;
    /* 0 is "the default" (RFC 4007, 6). */
    return !*number || if_indextoname(*number, name) ? 0 : -ENODEV;
}

static int parse_ipv6(struct sockaddr_in6 *ipv6, const char *ip)
{
    char plain[INET6_ADDRSTRLEN];
    const char *scope = strchr(ip, '%');
    size_t length = scope ? (size_t)(scope - ip) : strlen(ip);

    if (length >= sizeof plain)
        return -EINVAL;
    memcpy(plain, ip, length);
    plain[length] = '\0';
    if (inet_pton(AF_INET6, plain, &ipv6->sin6_addr) != 1)
        return -EINVAL;
    ipv6->sin6_family = AF_INET6;
    return scope ? parse_scope(scope + 1, &ipv6->sin6_scope_id) : 0;
}

int weir_address_ip(weir_address *address, const char *ip, unsigned port)
{
    int result;

    if (!address)
        return -EINVAL;
    memset(address, 0, sizeof *address);
    if (!ip)
        return -EINVAL;
    if (port > PORT_MAX)
        return -ERANGE;
    if (inet_pton(AF_INET, ip, &address->name.ipv4.sin_addr) == 1) {
        address->name.ipv4.sin_family = AF_INET;
        address->name.ipv4.sin_port = htons((uint16_t)port);
        address->length = sizeof address->name.ipv4;
        return 0;
    }
    memset(address, 0, sizeof *address);
    result = parse_ipv6(&address->name.ipv6, ip);
    if (result < 0) {
        memset(address, 0, sizeof *address);
        return result;
    }
    address->name.ipv6.sin6_port = htons((uint16_t)port);
    address->length = sizeof address->name.ipv6;
    return 0;
}

int weir_address_unix(weir_address *address, const char *path, size_t length)
{
    struct sockaddr_un *local;
    bool abstract;

    if (!address)
        return -EINVAL;
    memset(address, 0, sizeof *address);
    if (!path || length == 0)
        return -EINVAL;
    local = &address->name.local;
    abstract = path[0] == '\0';
#ifndef WEIR_SYS_ABSTRACT
    if (abstract)
        return -ENOTSUP;
#endif
    if (!abstract && memchr(path, '\0', length))
        return -EINVAL;
    if (length + !abstract > sizeof local->sun_path)
        return -ENAMETOOLONG;
    local->sun_family = AF_UNIX;
    memcpy(local->sun_path, path, length);
    /* An abstract name is exactly its bytes: one NUL more would be another
     * name. A path's NUL is counted, as unix(7) recommends. */
    address->length =
        (uint32_t)(offsetof(struct sockaddr_un, sun_path) + length + !abstract);
    return 0;
}

/* What follows "unix:". An `@` in front is an abstract name, in which `\0` is a
 * NUL and `\\` a backslash; a path in front of which stands `\` is what follows
 * that. Any other backslash stands for itself. */
static int parse_unix(weir_address *address, const char *text)
{
    char name[sizeof address->name.local.sun_path + 1];
    bool abstract = text[0] == '@';
    size_t length = 0;

    if (text[0] == '\\' && (text[1] == '@' || text[1] == '\\'))
        text++;
    for (; *text && length < sizeof name; text++) {
        char byte = *text;

        if (abstract && byte == '\\' && (text[1] == '0' || text[1] == '\\'))
            byte = *++text == '0' ? '\0' : '\\';
        name[length++] = byte;
    }
    if (abstract)
        name[0] = '\0';
    return weir_address_unix(address, name, length);
}

static int parse_port(const char *text, unsigned *port)
{
    char *end;
    unsigned long value;

    if (*text < '0' || *text > '9')
        return -EINVAL;
    value = strtoul(text, &end, 10);
    if (*end)
        return -EINVAL;
    if (value > PORT_MAX)
        return -ERANGE;
    *port = (unsigned)value;
    return 0;
}

/* The host of "host:port" or "[host]:port" into `host`; what follows the last
 * colon is the port. */
static int split(const char *text, char *host, size_t size, unsigned *port)
{
    const char *colon = strrchr(text, ':');
    size_t length;

    if (!colon)
        return -EINVAL;
    length = (size_t)(colon - text);
    if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
        text++;
        length -= 2;
    } else if (memchr(text, ':', length)) {
        return -EINVAL; /* an IPv6 address without brackets */
    }
    if (length >= size)
        return -EINVAL;
    memcpy(host, text, length);
    host[length] = '\0';
    return parse_port(colon + 1, port);
}

int weir_address_parse(weir_address *address, const char *text)
{
    char host[WEIR_ADDRESS_TEXT];
    unsigned port;
    int result;

    if (!address)
        return -EINVAL;
    memset(address, 0, sizeof *address);
    if (!text)
        return -EINVAL;
    if (!strncmp(text, unix_prefix, sizeof unix_prefix - 1))
        return parse_unix(address, text + sizeof unix_prefix - 1);
    result = split(text, host, sizeof host, &port);
    return result < 0 ? result : weir_address_ip(address, host, port);
}

/* ------------------------------------------------------------- to text */

/* The path of a UNIX address; empty for one without a name, as the client's
 * end of a connection has. Where there are no abstract names, that is one that
 * begins with NUL: macOS and FreeBSD fill it up to the 16 bytes of a struct
 * sockaddr. */
static size_t copy_path(const weir_address *address, char *path)
{
    const struct sockaddr_un *local = &address->name.local;
    size_t start = offsetof(struct sockaddr_un, sun_path);
    size_t length = address->length > start ? address->length - start : 0;

    if (length && local->sun_path[0]) {
        length = strnlen(local->sun_path, length);
        memcpy(path, local->sun_path, length);
    } else {
#ifndef WEIR_SYS_ABSTRACT
        length = 0;
#endif
        for (size_t i = 0; i < length; i++)
            path[i] = local->sun_path[i] ? local->sun_path[i] : '@';
    }
    path[length] = '\0';
    return length;
}

/* The same so that parse_unix() gives it back. */
static void unix_text(const weir_address *address, char *text)
{
    char path[WEIR_ADDRESS_TEXT];
    size_t length = copy_path(address, path);
    bool abstract = length && !address->name.local.sun_path[0];

    if (!abstract && (path[0] == '@' || path[0] == '\\'))
        *text++ = '\\';
    for (size_t i = 0; i < length; i++) {
        char byte = abstract && i ? address->name.local.sun_path[i] : path[i];

        if (abstract && (!byte || byte == '\\'))
            *text++ = '\\';
        *text++ = byte ? byte : '0';
    }
    *text = '\0';
}

static void host_text(const weir_address *address, char *text)
{
    char scope[IF_NAMESIZE];
    uint32_t number;
    size_t length;

    switch (weir_address_family(address)) {
    case AF_INET:
        inet_ntop(AF_INET, &address->name.ipv4.sin_addr, text,
                  WEIR_ADDRESS_TEXT);
        break;
    case AF_INET6:
        inet_ntop(AF_INET6, &address->name.ipv6.sin6_addr, text,
                  WEIR_ADDRESS_TEXT);
        number = address->name.ipv6.sin6_scope_id;
        if (!number)
            break;
        length = strlen(text);
        if (if_indextoname(number, scope))
            snprintf(text + length, WEIR_ADDRESS_TEXT - length, "%%%s", scope);
        else
            snprintf(text + length, WEIR_ADDRESS_TEXT - length, "%%%u", number);
        break;
    case AF_UNIX:
        copy_path(address, text);
        break;
    default:
        text[0] = '\0';
    }
}

static int give(const char *from, char *text, size_t size)
{
    size_t length = strlen(from);

    if (!text || length >= size)
        return -ENOSPC;
    memcpy(text, from, length + 1);
    return (int)length;
}

int weir_address_host(const weir_address *address, char *text, size_t size)
{
    char host[WEIR_ADDRESS_TEXT];

    if (!address)
        return -EINVAL;
    host_text(address, host);
    return give(host, text, size);
}

int weir_address_text(const weir_address *address, char *text, size_t size)
{
    char host[WEIR_ADDRESS_TEXT], whole[WEIR_ADDRESS_TEXT + 16];
    size_t prefix = sizeof unix_prefix - 1;

    if (!address)
        return -EINVAL;
    host_text(address, host);
    switch (weir_address_family(address)) {
    case AF_INET:
        snprintf(whole, sizeof whole, "%s:%u", host,
                 weir_address_port(address));
        break;
    case AF_INET6:
        snprintf(whole, sizeof whole, "[%s]:%u", host,
                 weir_address_port(address));
        break;
    case AF_UNIX:
        memcpy(whole, unix_prefix, prefix);
        unix_text(address, whole + prefix);
        break;
    default:
        snprintf(whole, sizeof whole, "no address");
    }
    return give(whole, text, size);
}

/* ----------------------------------------------------------- accessors */

unsigned weir_address_port(const weir_address *address)
{
    switch (weir_address_family(address)) {
    case AF_INET:
        return ntohs(address->name.ipv4.sin_port);
    case AF_INET6:
        return ntohs(address->name.ipv6.sin6_port);
    default:
        return 0;
    }
}

void weir_address_set_port(weir_address *address, unsigned port)
{
    if (weir_address_family(address) == AF_INET)
        address->name.ipv4.sin_port = htons((uint16_t)port);
    else if (weir_address_family(address) == AF_INET6)
        address->name.ipv6.sin6_port = htons((uint16_t)port);
}

int weir_address_family(const weir_address *address)
{
    return address && address->length ? address->name.any.sa_family : AF_UNSPEC;
}

bool weir_address_equal(const weir_address *a, const weir_address *b)
{
    int family = weir_address_family(a);
    char left[WEIR_ADDRESS_TEXT], right[WEIR_ADDRESS_TEXT];

    if (family != weir_address_family(b))
        return false;
    switch (family) {
    case AF_INET:
        return a->name.ipv4.sin_port == b->name.ipv4.sin_port &&
               a->name.ipv4.sin_addr.s_addr == b->name.ipv4.sin_addr.s_addr;
    case AF_INET6:
        return a->name.ipv6.sin6_port == b->name.ipv6.sin6_port &&
               a->name.ipv6.sin6_scope_id == b->name.ipv6.sin6_scope_id &&
               !memcmp(&a->name.ipv6.sin6_addr, &b->name.ipv6.sin6_addr,
                       sizeof a->name.ipv6.sin6_addr);
    case AF_UNIX:
        /* The kernel may or may not have counted a path's NUL. */
        if (!a->name.local.sun_path[0] || !b->name.local.sun_path[0])
            return a->length == b->length &&
                   !memcmp(&a->name.local, &b->name.local, a->length);
        copy_path(a, left);
        copy_path(b, right);
        return !strcmp(left, right);
    default:
        return true;
    }
}

/* ------------------------------------------------- asking a descriptor */

static int ask(int fd, weir_address *address,
               int (*call)(int, struct sockaddr *, socklen_t *))
{
    weir_address found = { 0 };
    socklen_t size = sizeof found.name;
    int result = call(fd, &found.name.any, &size);

    memset(address, 0, sizeof *address);
    if (result < 0)
        return result;
    found.length = size > sizeof found.name ? sizeof found.name : size;
    *address = found;
    return 0;
}

int weir_address_local(int fd, weir_address *address)
{
    return ask(fd, address, sys_getsockname);
}

int weir_address_remote(int fd, weir_address *address)
{
    return ask(fd, address, sys_getpeername);
}

bool weir_address_spoken(const weir_address *address)
{
    int family = weir_address_family(address);

    return family == AF_INET || family == AF_INET6 || family == AF_UNIX;
}
