/*
 * net.c - binding.net: what sockets and servers have in common
 *
 * The table of handles, the way of an event into JavaScript, and addresses as
 * values. net.h says how it is meant; net_reads.c, net_sockets.c and
 * net_servers.c are the rest.
 */
#include "net.h"

#include "bindings.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct net net;
int32_t net_registers[REGISTERS];
double net_counters[COUNTERS];

/* ---------------------------------------------------------------- handles */

static bool grow_handles(void)
{
    uint32_t size = net.size ? net.size * 2 : 64;
    struct net_handle *handles = realloc(net.handles, size * sizeof *handles);
    uint32_t *ids;

    if (!handles)
        return false;
    net.handles = handles;
    ids = realloc(net.free_ids, size * sizeof *ids);
    if (!ids)
        return false;
    net.free_ids = ids;
    /* The low numbers first: JavaScript's array stays short. 0 is nobody. */
    for (uint32_t id = size; id-- > net.size;) {
        net.handles[id] = (struct net_handle){ .kind = NET_FREE };
        if (id != 0)
            net.free_ids[net.free_count++] = id;
    }
    net.size = size;
    return true;
}

uint32_t net_take_id(enum net_kind kind)
{
    uint32_t id;

    if (net.free_count == 0 && !grow_handles())
        return 0;
    id = net.free_ids[--net.free_count];
    net.handles[id] = (struct net_handle){ .kind = (uint8_t)kind };
    return id;
}

void net_give_id(uint32_t id)
{
    net.handles[id] = (struct net_handle){ .kind = NET_FREE };
    net.free_ids[net.free_count++] = id;
}

weir_socket *net_socket_argument(JSContextRef ctx, size_t argc,
                                 const JSValueRef argv[])
{
    return net_socket((uint32_t)script_int(ctx, argc, argv, 0, 0));
}

weir_server *net_server_argument(JSContextRef ctx, size_t argc,
                                 const JSValueRef argv[])
{
    return net_server((uint32_t)script_int(ctx, argc, argv, 0, 0));
}

/* ----------------------------------------------------------------- events */

void net_tell(enum net_event event, uint32_t id)
{
    net_flush_reads();
    net_registers[ID] = (int32_t)id;
    if (net.s)
        script_call_plain(net.s, net.events[event]);
}

void net_tell_with(enum net_event event, size_t argc, const JSValueRef argv[])
{
    if (net.s)
        script_call(net.s, net.events[event], argc, argv);
}

static const char *const event_names[EVENTS] = {
    "connection", "connect", "data",        "end",   "hangup",
    "drain",      "timeout", "written",     "close", "lookup",
    "attempt",    "error",   "serverError",
};

/* setCallbacks({ data, end, ... }) */
SCRIPT_NATIVE(set_callbacks)
{
    for (int i = 0; i < EVENTS; i++) {
        JSValueRef callback =
            script_property(net.s, (JSObjectRef)argv[0], event_names[i]);

        script_protect(net.s, callback);
        net.events[i] = (JSObjectRef)callback;
    }
    return JSValueMakeUndefined(ctx);
}

/* ----------------------------------------------------------------- values */

JSValueRef net_number(double value)
{
    return JSValueMakeNumber(net.s->context, value);
}

JSValueRef net_text(const char *utf8)
{
    return utf8 ? script_from_utf8(net.s->context, utf8, (size_t)-1)
                : JSValueMakeUndefined(net.s->context);
}

JSValueRef net_host_of(const weir_address *address)
{
    char host[WEIR_ADDRESS_TEXT];

    if (!address || weir_address_host(address, host, sizeof host) < 0)
        return JSValueMakeUndefined(net.s->context);
    return net_text(host);
}

int net_family_of(const weir_address *address)
{
    switch (address ? weir_address_family(address) : AF_UNSPEC) {
    case AF_INET:
        return 4;
    case AF_INET6:
        return 6;
    case AF_UNIX:
        return 1;
    default:
        return 0;
    }
}

JSValueRef net_address_value(JSContextRef ctx, int error,
                             const weir_address *address)
{
    JSValueRef parts[3];

    if (error < 0)
        return JSValueMakeUndefined(ctx);
    parts[0] = net_host_of(address);
    parts[1] = net_number(weir_address_port(address));
    parts[2] = net_number(net_family_of(address));
    return JSObjectMakeArray(ctx, 3, parts, NULL);
}

unsigned net_port_argument(JSContextRef ctx, size_t argc,
                           const JSValueRef argv[], size_t index)
{
    double port = script_number(ctx, argc, argv, index, 0);

    return port >= 0 && port <= UINT16_MAX ? (unsigned)port : UINT_MAX;
}

int net_address_argument(JSContextRef ctx, size_t argc, const JSValueRef argv[],
                         size_t index, bool path, weir_address *address)
{
    size_t length = 0;
    char *host = script_utf8(ctx, argc, argv, index, &length);
    int error;

    if (!host)
        return -EINVAL;
    error =
        path ? weir_address_unix(address, host, length)
             : weir_address_ip(address, host,
                               net_port_argument(ctx, argc, argv, index + 1));
    free(host);
    return error;
}

/* An interface's name as Node takes it. */
static bool is_scope(const char *text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.:";

    return *text && text[strspn(text, allowed)] == 0;
}

/* canonical(ip): as the system prints it. */
SCRIPT_NATIVE(canonical)
{
    char *host = script_utf8(ctx, argc, argv, 0, NULL);
    weir_address address;
    JSValueRef value = script_argument(ctx, argc, argv, 0);

    if (host && weir_address_ip(&address, host, 0) == 0)
        value = net_host_of(&address);
    free(host);
    return value;
}

/* isIP(text): 0, 4 or 6. */
SCRIPT_NATIVE(is_ip)
{
    size_t length = 0;
    char *host = script_utf8(ctx, argc, argv, 0, &length);
    unsigned char bytes[16];
    char *scope;
    int family = 0;

    if (host && strlen(host) == length) {
        if (inet_pton(AF_INET, host, bytes) == 1)
            family = 4;
        /* Whether there is such an interface is connect()'s question. */
        scope = strchr(host, '%');
        if (scope && is_scope(scope + 1))
            *scope = 0;
        if (inet_pton(AF_INET6, host, bytes) == 1)
            family = 6;
    }
    free(host);
    return JSValueMakeNumber(ctx, family);
}

/* ---------------------------------------------------------------- binding */

void script_bind_net(script *s, JSObjectRef target)
{
    static const script_native natives[] = {
        { "setCallbacks", set_callbacks },
        { "isIP", is_ip },
        { "canonical", canonical },
    };
    static const script_constant constants[] = {
        SCRIPT_CONSTANT(ID),
        SCRIPT_CONSTANT(SLAB),
        SCRIPT_CONSTANT(OFFSET),
        SCRIPT_CONSTANT(LENGTH),
        SCRIPT_CONSTANT(RESULT),
        SCRIPT_CONSTANT(WANTS_CALLBACK),
        SCRIPT_CONSTANT(STATUS),
        SCRIPT_CONSTANT(OTHER),
        SCRIPT_CONSTANT(COUNT),
        SCRIPT_CONSTANT(KIND),
        SCRIPT_CONSTANT(FRESH),
        SCRIPT_CONSTANT(BYTES_READ),
        SCRIPT_CONSTANT(BYTES_WRITTEN),
        SCRIPT_CONSTANT(BUFFERED),
        { "EBUSY", -EBUSY },
        { "EINVAL", -EINVAL },
        { "ENOBUFS", -ENOBUFS },
        { "ENOTCONN", -ENOTCONN },
        { "EPIPE", -EPIPE },
    };

    net.s = s;
    memset(net_registers, 0, sizeof net_registers);
    script_functions(s, target, natives, SCRIPT_COUNT(natives));
    script_set_constants(s, target, constants, SCRIPT_COUNT(constants));
    script_share(s, target, "registers", net_registers, sizeof net_registers);
    script_share(s, target, "counters", net_counters, sizeof net_counters);
    net_bind_reads(s, target);
    net_bind_sockets(s, target);
    net_bind_servers(s, target);
}

/* What is open is closed, and nobody hears of it. The loop may go on. */
void script_unbind_net(script *s)
{
    (void)s;
    net_unbind_sockets();
    net_unbind_servers();
    net_unbind_reads();
    free(net.handles);
    free(net.free_ids);
    net = (struct net){ 0 };
}
