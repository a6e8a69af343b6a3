/*
 * titanium.c - what Titanium's sockets have and Node's have not
 *
 * Calls that block, on one descriptor; a close that delivers what was written;
 * this machine's address. Sockets are the numbers that net.c gives them.
 */
#include "bindings.h"
#include "net.h"

#include <weir/blocking.h>

#include <ifaddrs.h>
#include <net/if.h>

/* read(id, view, timeout): how much has come, 0 at the end, or an error. */
SCRIPT_NATIVE(read_wait)
{
    weir_socket *socket = net_socket_argument(ctx, argc, argv);
    uint8_t *bytes;
    size_t length;
    ssize_t result = -EINVAL;

    if (!socket)
        result = -EBADF;
    else if (script_bytes(ctx, argc, argv, 1, &bytes, &length))
        result = weir_socket_read_wait(socket, bytes, length, INT(2));
    return JSValueMakeNumber(ctx, (double)result);
}

/* flush(id, timeout) */
SCRIPT_NATIVE(flush_wait)
{
    weir_socket *socket = net_socket_argument(ctx, argc, argv);
    int result = socket ? weir_socket_flush_wait(socket, INT(1)) : -EBADF;

    return JSValueMakeNumber(ctx, result);
}

/* close(id) */
SCRIPT_NATIVE(close_socket)
{
    weir_socket *socket = net_socket_argument(ctx, argc, argv);

    if (socket)
        weir_socket_close(socket);
    return JSValueMakeUndefined(ctx);
}

static bool is_ours(const struct ifaddrs *one)
{
    return one->ifa_addr && one->ifa_addr->sa_family == AF_INET &&
           one->ifa_flags & IFF_UP && !(one->ifa_flags & IFF_LOOPBACK);
}

/* address(): the first IPv4 address by which others reach this machine;
 * loopback when there is none. */
SCRIPT_NATIVE(own_address)
{
    weir_address address = weir_address_loopback(0);
    char text[WEIR_ADDRESS_TEXT];
    struct ifaddrs *list, *one;

    if (getifaddrs(&list) == 0) {
        for (one = list; one && !is_ours(one); one = one->ifa_next)
            ;
        if (one)
            address.name.ipv4 = *(const struct sockaddr_in *)one->ifa_addr;
        freeifaddrs(list);
    }
    weir_address_host(&address, text, sizeof text);
    return script_from_utf8(ctx, text, (size_t)-1);
}

void script_bind_titanium(script *s, JSObjectRef target)
{
    script_function(s, target, "read", read_wait);
    script_function(s, target, "flush", flush_wait);
    script_function(s, target, "close", close_socket);
    script_function(s, target, "address", own_address);
    script_set_number(s, target, "ETIMEDOUT", -ETIMEDOUT);
}
