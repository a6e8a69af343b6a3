/*
 * net.h - what the files of binding.net share: handles, registers, events
 *
 * A socket or server is a number on both sides: an index into `handles` here
 * and into an array in internal/net/native.js. No JavaScript object holds a
 * pointer, so that nothing depends on the collector: the array keeps what is
 * live, and `close` empties both places.
 *
 * What a message needs to say stands in `registers`, memory that both sides
 * see: a number as an argument or a result costs as much as half a call. An
 * event is one call inwards without arguments, a write one call outwards.
 *
 *   registers   ID, SLAB, OFFSET, LENGTH, RESULT, ...   32-bit integers
 *   counters    bytes read, bytes written, ...          doubles
 */
#ifndef WEIR_SCRIPT_BINDINGS_NET_H
#define WEIR_SCRIPT_BINDINGS_NET_H

#include "script/host/engine.h"

#include <weir/net.h>

enum {
    ID,
    SLAB,
    OFFSET,
    LENGTH,
    RESULT,
    WANTS_CALLBACK,
    STATUS,
    OTHER,
    COUNT,
    KIND,
    FRESH,
    REGISTERS = 16
};

enum { BYTES_READ, BYTES_WRITTEN, BUFFERED, COUNTERS = 8 };

/* Which of JavaScript's functions is told what. */
enum net_event {
    ON_CONNECTION,
    ON_CONNECT,
    ON_DATA,
    ON_END,
    ON_HANGUP,
    ON_DRAIN,
    ON_TIMEOUT,
    ON_WRITTEN,
    ON_CLOSE,
    ON_LOOKUP, /* these with arguments */
    ON_ATTEMPT,
    ON_ERROR,
    ON_SERVER_ERROR,
    EVENTS
};

/* NET_GONE: a socket that JavaScript has destroyed. It is told nothing more of
 * it, and the number is free when C is done with it. */
enum net_kind { NET_FREE, NET_SOCKET, NET_SERVER, NET_GONE };

struct net_handle {
    void *object; /* weir_socket or weir_server */
    uint8_t kind;
    uint8_t streams; /* a socket that is read into the large slab */
};

struct net {
    script *s; /* NULL: the script is over, nobody is told */
    JSObjectRef events[EVENTS];
    struct net_handle *handles;
    uint32_t *free_ids;
    uint32_t size, free_count;
};

extern struct net net;
extern int32_t net_registers[REGISTERS];
extern double net_counters[COUNTERS];

/* ---------------------------------------------------------------- handles */

/* A number for it; 0 when out of memory. */
uint32_t net_take_id(enum net_kind kind);
void net_give_id(uint32_t id);

static inline void *net_find(uint32_t id, enum net_kind kind)
{
    return id < net.size && net.handles[id].kind == kind
               ? net.handles[id].object
               : NULL;
}

/* NULL when the number is nobody's, or that of something else. */
static inline weir_socket *net_socket(uint32_t id)
{
    return net_find(id, NET_SOCKET);
}

static inline weir_server *net_server(uint32_t id)
{
    return net_find(id, NET_SERVER);
}

/* The socket, the server that the first argument tells. */
weir_socket *net_socket_argument(JSContextRef ctx, size_t argc,
                                 const JSValueRef argv[]);
weir_server *net_server_argument(JSContextRef ctx, size_t argc,
                                 const JSValueRef argv[]);

/* A number as the `data` of a socket or server. */
static inline void *net_as_data(uint32_t id)
{
    return (void *)(uintptr_t)id;
}

static inline bool net_is_gone(uint32_t id)
{
    return net.handles[id].kind == NET_GONE;
}

static inline uint32_t net_id_of(const weir_socket *socket)
{
    return (uint32_t)(uintptr_t)weir_socket_data(socket);
}

/* ----------------------------------------------------------------- events */

/* Tells what stands in registers; reads that wait to be told come first, and
 * write to registers: net_flush_reads() before anything but ID is set. */
void net_tell(enum net_event event, uint32_t id);
void net_tell_with(enum net_event event, size_t argc, const JSValueRef argv[]);

/* ----------------------------------------------------------------- values */

/* In a native: an argument, and what it gives. */
#define INT(index)  script_int(ctx, argc, argv, (index), 0)
#define FLAG(index) script_bool(ctx, argc, argv, (index))

static inline JSValueRef result(JSContextRef ctx, int value)
{
    return JSValueMakeNumber(ctx, value);
}

JSValueRef net_number(double value);
JSValueRef net_text(const char *utf8); /* undefined for NULL */

/* The address without its port; undefined for none. */
JSValueRef net_host_of(const weir_address *address);
/* 4, 6, 1 for a UNIX socket, 0 for none. */
int net_family_of(const weir_address *address);

/* [host, port, family]; undefined after an error. */
JSValueRef net_address_value(JSContextRef ctx, int error,
                             const weir_address *address);

/* What is no port is one that is refused as too large. */
unsigned net_port_argument(JSContextRef ctx, size_t argc,
                           const JSValueRef argv[], size_t index);

/* An address from arguments (host or path, port); "\0name" is an abstract
 * one. */
int net_address_argument(JSContextRef ctx, size_t argc, const JSValueRef argv[],
                         size_t index, bool path, weir_address *address);

/* ------------------------------------------------------ between C and it */

/* A socket, a server of C's gets a number, and its events go to JavaScript;
 * 0 when out of memory. */
uint32_t net_give_socket(weir_socket *socket);
uint32_t net_give_server(weir_server *server);

bool net_has_socket(const weir_socket *socket);
bool net_has_server(const weir_server *server);

/* It has no number any more, and tells nobody. */
weir_socket *net_take_socket(uint32_t id);
weir_server *net_take_server(uint32_t id);

/* --------------------------------------------------------- in the others */

/* net_reads.c: events of a socket. */
void *net_on_buffer(weir_socket *socket, size_t *size);
void net_on_data(weir_socket *socket, const void *bytes, size_t length);
void net_flush_reads(void);
void net_bind_reads(script *s, JSObjectRef target);
void net_unbind_reads(void);

/* net_sockets.c */
extern const weir_socket_events net_socket_events;
void net_on_error(weir_socket *socket, int error);
void net_bind_sockets(script *s, JSObjectRef target);
void net_unbind_sockets(void);

/* net_servers.c */
void net_bind_servers(script *s, JSObjectRef target);
void net_unbind_servers(void);

#endif
