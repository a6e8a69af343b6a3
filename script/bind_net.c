/*
 * bind_net.c - sockets and servers for internal/net/native.js
 *
 * A socket or server is a number on both sides: an index into `handles` here
 * and into an array there. No JavaScript object holds a pointer, so that
 * nothing depends on the collector: the array keeps what is live, and `close`
 * empties both places.
 *
 * What a message needs to say stands in `registers`, memory that both sides
 * see: a number as an argument or a result costs as much as half a call. An
 * event is one call inwards without arguments, a write one call outwards.
 *
 *   registers   ID, SLAB, OFFSET, LENGTH, RESULT, ...   32-bit integers
 *   counters    bytes read, bytes written, ...          doubles
 *
 * Bytes are read into slabs, and a Buffer on one of them is written by (slab,
 * offset, length). Messages go into small ones, one behind the other, so that
 * who keeps a message keeps little else; who streams is read into a large one,
 * as much as there is at a time.
 *
 * To enter the engine costs more than to read a message. Small reads of one
 * turn are therefore put off and told together, in order, each followed by what
 * nextTick has; anything else that enters JavaScript comes after them. Promise
 * jobs run only when the engine is left, so a program that speaks of promises
 * is told of each read by itself.
 */
#include "engine.h"
#include "slabs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

/* Reads that are put off: (id, offset, length) of each, in the small slab. */
enum { PUT_OFF = 64, PUT_OFF_WORDS = 3, PUT_OFF_LARGEST = 4096 };

enum { BYTES_READ, BYTES_WRITTEN, BUFFERED, COUNTERS = 8 };

enum {
    /* Who has sent so much at a time is read into the large slab; until there
     * is less to read than the second. */
    STREAM_FROM = 16 * 1024,
    STREAM_UNTIL = 4 * 1024,
    /* From this on a write that waits keeps the Buffer and not a copy. */
    KEEP_FROM = 16 * 1024
};

/* What is read into. With less than `least` left reading goes on in a new slab.
 */
enum { SMALL, LARGE, READERS, GONE = READERS };
static struct reader {
    const uint32_t size, least;
    uint32_t number; /* 0: none yet */
    uint32_t used;
    bool fresh; /* JavaScript does not know it yet */
    uint8_t *bytes;
} readers[READERS] = {
    [SMALL] = { .size = SLAB_SMALL, .least = 8 * 1024 },
    [LARGE] = { .size = SLAB_LARGE, .least = 64 * 1024 },
};

/* Which of JavaScript's functions is told what. */
enum event {
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
    ON_DROP,
    ON_SERVER_ERROR,
    EVENTS
};

static const char *const event_names[EVENTS] = {
    "connection", "connect", "data",  "end",    "hangup",  "drain", "timeout",
    "written",    "close",   "lookup", "attempt", "error", "drop",
    "serverError",
};

static struct {
    script *s;
    bool closing; /* the script is over: nobody is told */
    JSObjectRef events[EVENTS];

    void **handles; /* weir_socket or weir_server; NULL: free */
    uint32_t *free_ids;
    uint8_t *streams; /* by id: LARGE for who streams, GONE */
    uint32_t size, free_count;

    unsigned put_off; /* how many reads wait to be told */
    weir_task telling;
} net;

static int32_t registers[REGISTERS];
static int32_t put_off[PUT_OFF * PUT_OFF_WORDS];
static double counters[COUNTERS];

/* ----------------------------------------------------------------- handles */

static bool grow_handles(void)
{
    uint32_t size = net.size ? net.size * 2 : 64;
    void **handles = realloc(net.handles, size * sizeof *handles);
    uint32_t *ids;
    uint8_t *streams;

    if (!handles)
        return false;
    net.handles = handles;
    ids = realloc(net.free_ids, size * sizeof *ids);
    if (!ids)
        return false;
    net.free_ids = ids;
    streams = realloc(net.streams, size);
    if (!streams)
        return false;
    net.streams = streams;
    /* The low numbers first: JavaScript's array stays short. 0 is nobody. */
    for (uint32_t id = size; id-- > net.size;) {
        net.handles[id] = NULL;
        if (id != 0)
            net.free_ids[net.free_count++] = id;
    }
    net.size = size;
    return true;
}

/* 0 when out of memory. */
static uint32_t take_id(void)
{
    if (net.free_count == 0 && !grow_handles())
        return 0;
    net.streams[net.free_ids[net.free_count - 1]] = SMALL;
    return net.free_ids[--net.free_count];
}

static void give_id(uint32_t id)
{
    net.handles[id] = NULL;
    net.free_ids[net.free_count++] = id;
}

static void *as_data(uint32_t id)
{
    return (void *)(uintptr_t)id;
}

static uint32_t id_of(const weir_socket *socket)
{
    return (uint32_t)(uintptr_t)weir_socket_data(socket);
}

static void *handle(uint32_t id)
{
    return id < net.size ? net.handles[id] : NULL;
}

/* JavaScript has destroyed it, and is told nothing more. */
static bool is_gone(uint32_t id)
{
    return net.streams[id] == GONE;
}

weir_socket *script_net_socket(uint32_t id)
{
    return handle(id);
}

/* The socket that the first argument tells. */
static weir_socket *socket_argument(JSContextRef ctx, size_t argc,
                                    const JSValueRef argv[])
{
    return handle((uint32_t)script_int(ctx, argc, argv, 0, 0));
}

static weir_server *server_argument(JSContextRef ctx, size_t argc,
                                    const JSValueRef argv[])
{
    return handle((uint32_t)script_int(ctx, argc, argv, 0, 0));
}

static JSValueRef result(JSContextRef ctx, int value)
{
    return JSValueMakeNumber(ctx, value);
}

/* ------------------------------------------------------------------- slabs */

/* slab(size): an ArrayBuffer; its number goes to registers[SLAB]. */
SCRIPT_NATIVE(slab)
{
    double size = script_number(ctx, argc, argv, 0, 0);
    uint8_t *bytes;
    uint32_t number;

    if (!(size >= 1 && size <= INT32_MAX))
        return script_throw(ctx, exception, "slab: bad size");
    bytes = slab_take((size_t)size, &number);
    if (!bytes)
        return script_throw(ctx, exception, "slab: out of memory");
    memset(bytes, 0, (size_t)size);
    registers[SLAB] = (int32_t)number;
    return slab_wrap(ctx, number, exception);
}

/* wrapSlab(): the ArrayBuffer of registers[SLAB], which has been read into. */
SCRIPT_NATIVE(wrap_slab)
{
    return slab_wrap(ctx, (uint32_t)registers[SLAB], exception);
}

/* ------------------------------------------------------------------ events */

/* What stands in put_off. When the slab has no room left, JavaScript forgets it
 * and the next read begins another. */
static void tell_reads_of(struct reader *reader)
{
    bool over = reader->size - reader->used < reader->least;

    registers[KIND] = (int32_t)(reader - readers);
    registers[SLAB] = (int32_t)reader->number;
    registers[FRESH] = reader->fresh;
    registers[OTHER] = over;
    registers[COUNT] = (int32_t)net.put_off;
    reader->fresh = false;
    net.put_off = 0;
    if (over)
        reader->bytes = NULL;
    if (!net.closing)
        script_call_plain(net.s, net.events[ON_DATA]);
    if (over)
        slab_used_up(net.s, reader->size);
}

/* Before registers are set for anything else. */
static void tell_reads(void)
{
    if (net.put_off != 0)
        tell_reads_of(&readers[SMALL]);
}

/* In the next turn, before it waits. */
static void tell_reads_due(weir_task *task)
{
    (void)task;
    tell_reads();
}

static void tell(enum event event, uint32_t id)
{
    tell_reads();
    registers[ID] = (int32_t)id;
    if (!net.closing && !is_gone(id)) /* maybe by one of those */
        script_call_plain(net.s, net.events[event]);
}

static void tell_with(enum event event, size_t argc, const JSValueRef argv[])
{
    if (!net.closing)
        script_call(net.s, net.events[event], argc, argv);
}

static JSValueRef number(double value)
{
    return JSValueMakeNumber(net.s->context, value);
}

static JSValueRef text(const char *utf8)
{
    return utf8 ? script_from_utf8(net.s->context, utf8, (size_t)-1)
                : JSValueMakeUndefined(net.s->context);
}

/* The address without its port; undefined for none. */
static JSValueRef host_of(const weir_address *address)
{
    char host[WEIR_ADDRESS_TEXT];

    if (!address || weir_address_host(address, host, sizeof host) < 0)
        return JSValueMakeUndefined(net.s->context);
    return text(host);
}

/* 4, 6, 1 for a UNIX socket, 0 for none. */
static int family_of(const weir_address *address)
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

static void on_lookup(weir_socket *socket, int status,
                      const weir_address *address, const char *host)
{
    JSValueRef arguments[] = { number(id_of(socket)), number(status),
                               host_of(address), number(family_of(address)),
                               text(host) };

    tell_with(ON_LOOKUP, 5, arguments);
}

static void on_attempt(weir_socket *socket, int status,
                       const weir_address *address)
{
    JSValueRef arguments[] = { number(id_of(socket)), number(status),
                               host_of(address),
                               number(weir_address_port(address)),
                               number(family_of(address)) };

    tell_with(ON_ATTEMPT, 5, arguments);
}

static void on_connect(weir_socket *socket)
{
    tell(ON_CONNECT, id_of(socket));
}

/* False when out of memory. */
static bool have_room(struct reader *reader)
{
    if (reader->bytes)
        return true;
    reader->bytes = slab_take(reader->size, &reader->number);
    reader->fresh = true;
    reader->used = 0;
    return reader->bytes != NULL;
}

static struct reader *reader_of(weir_socket *socket)
{
    return &readers[net.streams[id_of(socket)]];
}

static void *on_buffer(weir_socket *socket, size_t *size)
{
    struct reader *reader = reader_of(socket);

    if (!have_room(reader))
        return NULL;
    *size = reader->size - reader->used;
    return reader->bytes + reader->used;
}

/* Bytes that lie elsewhere: what a pipe gives back, or out of memory. */
static void take_in(weir_socket *socket, const uint8_t *bytes, size_t length);

static void note_put_off(uint32_t id, struct reader *reader, size_t length)
{
    int32_t *place = &put_off[net.put_off * PUT_OFF_WORDS];

    place[0] = (int32_t)id;
    place[1] = (int32_t)reader->used;
    place[2] = (int32_t)length;
    net.put_off++;
    reader->used += (uint32_t)length;
}

/* In the order of the reads: what was put off comes first. */
static void stream_read(uint32_t id, size_t length)
{
    struct reader *reader = &readers[LARGE];

    tell_reads();
    if (length < STREAM_UNTIL)
        net.streams[id] = SMALL;
    note_put_off(id, reader, length);
    tell_reads_of(reader);
}

static void small_read(uint32_t id, size_t length)
{
    struct reader *reader = &readers[SMALL];

    if (length >= STREAM_FROM)
        net.streams[id] = LARGE;
    note_put_off(id, reader, length);
    if (net.put_off == PUT_OFF || length > PUT_OFF_LARGEST ||
        reader->size - reader->used < reader->least || !script_may_put_off())
        tell_reads();
    else if (!weir_task_posted(&net.telling))
        weir_task_post(&net.telling);
}

static void on_data(weir_socket *socket, const void *bytes, size_t length)
{
    struct reader *reader = reader_of(socket);
    uint32_t id = id_of(socket);

    if (!reader->bytes || bytes != reader->bytes + reader->used)
        take_in(socket, bytes, length);
    else if (reader == &readers[LARGE])
        stream_read(id, length);
    else
        small_read(id, length);
}

static void on_error(weir_socket *socket, int error);

static void take_in(weir_socket *socket, const uint8_t *bytes, size_t length)
{
    while (length > 0) {
        size_t room;
        uint8_t *to = on_buffer(socket, &room);

        if (!to) {
            on_error(socket, -ENOMEM);
            return;
        }
        if (room > length)
            room = length;
        memcpy(to, bytes, room);
        on_data(socket, to, room);
        bytes += room;
        length -= room;
    }
}

static void on_end(weir_socket *socket)
{
    tell(ON_END, id_of(socket));
}

static void on_hangup(weir_socket *socket)
{
    tell_reads();
    registers[STATUS] = weir_socket_waiting(socket);
    tell(ON_HANGUP, id_of(socket));
}

static void on_drain(weir_socket *socket)
{
    tell(ON_DRAIN, id_of(socket));
}

static void on_timeout(weir_socket *socket)
{
    tell(ON_TIMEOUT, id_of(socket));
}

static void on_error(weir_socket *socket, int error)
{
    weir_address address;
    const char *call = NULL;
    JSValueRef arguments[5];

    memset(&address, 0, sizeof address);
    (void)weir_socket_failure(socket, &call, &address);
    arguments[0] = number(id_of(socket));
    arguments[1] = number(error);
    arguments[2] = text(call);
    arguments[3] = host_of(&address);
    arguments[4] = number(weir_address_port(&address));
    tell_with(ON_ERROR, 5, arguments);
}

static void note_counters(const weir_socket *socket)
{
    counters[BYTES_READ] = (double)weir_socket_bytes_read(socket);
    counters[BYTES_WRITTEN] = (double)weir_socket_bytes_written(socket);
    counters[BUFFERED] = (double)weir_socket_buffered(socket);
}

static void on_close(weir_socket *socket, bool had_error)
{
    uint32_t id = id_of(socket);

    tell_reads(); /* one may be of this id */
    if (!is_gone(id)) {
        note_counters(socket);
        registers[STATUS] = had_error;
        tell(ON_CLOSE, id);
    }
    give_id(id);
}

static void on_written(weir_socket *socket, int status, void *argument)
{
    (void)argument;
    if (is_gone(id_of(socket)))
        return;
    tell_reads();
    registers[STATUS] = status;
    tell(ON_WRITTEN, id_of(socket));
}

static const weir_socket_events socket_events = {
    .lookup = on_lookup,
    .attempt = on_attempt,
    .connect = on_connect,
    .buffer = on_buffer,
    .data = on_data,
    .end = on_end,
    .hangup = on_hangup,
    .drain = on_drain,
    .timeout = on_timeout,
    .error = on_error,
    .close = on_close,
};

/* --------------------------------------------------- creating, connecting */

/* socketCreate(): its number, or an error. */
SCRIPT_NATIVE(socket_create)
{
    uint32_t id = take_id();
    weir_socket *socket;
    int error;

    if (!id)
        return result(ctx, -ENOMEM);
    error =
        weir_socket_create(&socket, net.s->loop, &socket_events, as_data(id));
    if (error < 0) {
        give_id(id);
        return result(ctx, error);
    }
    weir_socket_set_half_open(socket, true);
    net.handles[id] = socket;
    return result(ctx, (int)id);
}

/* An address from (host or path, port); "\0name" is an abstract one. */
static int address_from(JSContextRef ctx, size_t argc, const JSValueRef argv[],
                        size_t index, bool path, weir_address *address)
{
    size_t length = 0;
    char *host = script_utf8(ctx, argc, argv, index, &length);
    double port = script_number(ctx, argc, argv, index + 1, 0);
    int error;

    if (!host)
        return -EINVAL;
    error = path ? weir_address_unix(address, host, length)
                 : weir_address_ip(address, host, (unsigned)port);
    free(host);
    return error;
}

/* connectPath(id, path) */
SCRIPT_NATIVE(connect_path)
{
    weir_socket *socket = socket_argument(ctx, argc, argv);
    weir_address address;
    int error;

    if (!socket)
        return result(ctx, -EBADF);
    error = address_from(ctx, argc, argv, 1, true, &address);
    if (error == 0)
        error = weir_socket_connect(socket, &address, NULL);
    return result(ctx, error);
}

/* connect(id, host, port, family, localAddress, localPort, attemptDelay): by
 * name or literal address. */
SCRIPT_NATIVE(connect_host)
{
    weir_socket *socket = socket_argument(ctx, argc, argv);
    char *host = script_utf8(ctx, argc, argv, 1, NULL);
    weir_connect_options options = { .attempt_delay = (unsigned)script_int(
                                         ctx, argc, argv, 6, 0) };
    int family = script_int(ctx, argc, argv, 3, 0);
    weir_address local;
    int error = 0;

    if (argc > 4 && JSValueIsString(ctx, argv[4])) {
        error = address_from(ctx, argc, argv, 4, false, &local);
        options.local = &local;
    }
    if (family)
        options.family = family == 6 ? AF_INET6 : AF_INET;
    if (!socket || !host)
        error = socket ? -EINVAL : -EBADF;
    if (error == 0)
        error = weir_socket_connect_host(
            socket, host, (unsigned)script_int(ctx, argc, argv, 2, 0),
            &options);
    free(host);
    return result(ctx, error);
}

/* The array's literal addresses with `port`, of which there are `count`. */
static int addresses_from(JSContextRef ctx, JSObjectRef list, JSValueRef port,
                          weir_address *addresses, size_t count)
{
    JSValueRef pair[2] = { NULL, port };
    int error = 0;

    for (unsigned i = 0; error == 0 && i < count; i++) {
        pair[0] = JSObjectGetPropertyAtIndex(ctx, list, i, NULL);
        error = address_from(ctx, 2, pair, 0, false, &addresses[i]);
    }
    return error;
}

/* connectAny(id, [host, ...], port, count, localAddress, localPort,
 * attemptDelay): literal addresses in the order of trying. */
SCRIPT_NATIVE(connect_any)
{
    weir_socket *socket = socket_argument(ctx, argc, argv);
    weir_connect_options options = { .attempt_delay = (unsigned)script_int(
                                         ctx, argc, argv, 6, 0) };
    size_t count = (size_t)script_int(ctx, argc, argv, 3, 0);
    weir_address local, *addresses;
    int error = -EBADF;

    if (!socket)
        return result(ctx, error);
    addresses = calloc(count, sizeof *addresses);
    if (!addresses)
        return result(ctx, -ENOMEM);
    error = addresses_from(ctx, (JSObjectRef)argv[1],
                           script_argument(ctx, argc, argv, 2), addresses,
                           count);
    if (error == 0 && JSValueIsString(ctx, argv[4])) {
        error = address_from(ctx, argc, argv, 4, false, &local);
        options.local = &local;
    }
    if (error == 0)
        error = weir_socket_connect_any(socket, addresses, count, &options);
    free(addresses);
    return result(ctx, error);
}

/* adopt(id, fd) */
SCRIPT_NATIVE(adopt)
{
    weir_socket *socket = socket_argument(ctx, argc, argv);

    if (!socket)
        return result(ctx, -EBADF);
    return result(
        ctx, weir_socket_adopt(socket, script_int(ctx, argc, argv, 1, -1)));
}

/* ----------------------------------------------------------------- writing */

/* A large write that did not go at once keeps its Buffer alive, not a copy. */
static void release_value(void *bytes, size_t length, void *argument)
{
    (void)bytes, (void)length;
    script_unprotect(net.s, argument);
}

static int write_kept(weir_socket *socket, const void *bytes, size_t length,
                      JSValueRef keeper, weir_write_cb *cb)
{
    int sent;

    script_protect(net.s, keeper);
    sent = weir_write_owned(socket, (void *)bytes, length, release_value, cb,
                            (void *)keeper);
    if (sent < 0)
        script_unprotect(net.s, keeper);
    return sent;
}

static void release_slab(void *bytes, size_t length, void *argument)
{
    (void)bytes, (void)length;
    slab_unpin((uint32_t)(uintptr_t)argument);
}

/* What does not go at once stays where it is. What goes is given back here. */
static int write_pinned(weir_socket *socket, uint32_t number, uint8_t *bytes,
                        size_t length, weir_write_cb *cb)
{
    weir_buffer *buffer =
        weir_buffer_wrap(bytes, length, release_slab, as_data(number));
    int sent;

    if (!buffer)
        return -ENOMEM;
    slab_pin(number);
    sent = weir_write_buffer(socket, buffer, cb, NULL);
    weir_buffer_unref(buffer);
    return sent;
}

/* write(): what registers say, of a slab. */
SCRIPT_BELL(write_slab)
{
    weir_socket *socket = handle((uint32_t)registers[ID]);
    size_t length = (uint32_t)registers[LENGTH];
    uint32_t number = (uint32_t)registers[SLAB];
    uint8_t *bytes = slab_bytes(number) + (uint32_t)registers[OFFSET];
    weir_write_cb *cb = registers[WANTS_CALLBACK] ? on_written : NULL;

    if (!socket)
        registers[RESULT] = -EBADF;
    else if (length >= KEEP_FROM)
        registers[RESULT] = write_pinned(socket, number, bytes, length, cb);
    else
        registers[RESULT] = weir_write(socket, bytes, length, cb, NULL);
}

/* writeBytes(id, view, wantsCallback): of any memory. */
SCRIPT_NATIVE(write_bytes)
{
    weir_socket *socket = socket_argument(ctx, argc, argv);
    weir_write_cb *cb = script_bool(ctx, argc, argv, 2) ? on_written : NULL;
    uint8_t *bytes;
    size_t length;

    if (!socket)
        return result(ctx, -EBADF);
    if (!script_bytes(ctx, argc, argv, 1, &bytes, &length))
        return result(ctx, -EINVAL);
    if (length >= KEEP_FROM)
        return result(ctx, write_kept(socket, bytes, length, argv[1], cb));
    return result(ctx, weir_write(socket, bytes, length, cb, NULL));
}

/* ------------------------------------------------ what needs only a socket */

#define ON_SOCKET(name, expression)                                            \
    SCRIPT_NATIVE(name)                                                        \
    {                                                                          \
        weir_socket *socket = socket_argument(ctx, argc, argv);                \
                                                                               \
        return result(ctx, socket ? (expression) : -EBADF);                    \
    }

#define INT(index)  script_int(ctx, argc, argv, (index), 0)
#define FLAG(index) script_bool(ctx, argc, argv, (index))

ON_SOCKET(socket_reset, (weir_socket_reset(socket), 0))
ON_SOCKET(socket_ref, (weir_socket_ref(socket), 0))
ON_SOCKET(socket_unref, (weir_socket_unref(socket), 0))
ON_SOCKET(socket_cork, weir_socket_cork(socket))
ON_SOCKET(socket_uncork, weir_socket_uncork(socket))
ON_SOCKET(socket_set_timeout,
          (weir_socket_set_timeout(socket, (uint32_t)script_number(ctx, argc,
                                                                   argv, 1, 0)),
           0))
ON_SOCKET(socket_no_delay, weir_socket_set_no_delay(socket, FLAG(1)))
ON_SOCKET(socket_keep_alive,
          weir_socket_set_keep_alive(socket, FLAG(1), (unsigned)INT(2),
                                     (unsigned)INT(3), (unsigned)INT(4)))
ON_SOCKET(socket_fd, weir_socket_fd(socket))
ON_SOCKET(socket_waiting, weir_socket_waiting(socket))
ON_SOCKET(socket_unpipe, weir_unpipe(socket))

/* What each connection, or a stream, asks for again and again: registers[ID]
 * tells the socket, registers[RESULT] what came of it. */
#define RING_SOCKET(name, expression)                                          \
    SCRIPT_BELL(name)                                                          \
    {                                                                          \
        weir_socket *socket = handle((uint32_t)registers[ID]);                 \
                                                                               \
        registers[RESULT] = socket ? (expression) : -EBADF;                    \
    }

/* Ends it. 1 when `written` will tell that all before the end is with the
 * kernel: something is queued, or the socket is to be told in any case. */
static int end_socket(weir_socket *socket)
{
    bool waits =
        (registers[WANTS_CALLBACK] != 0 || weir_socket_buffered(socket) > 0) &&
        weir_write(socket, NULL, 0, on_written, NULL) >= 0;
    int error = weir_socket_end(socket);

    return error < 0 ? error : waits;
}

RING_SOCKET(socket_end, end_socket(socket))
/* The socket's object is done with it. */
static void leave_socket(weir_socket *socket)
{
    note_counters(socket);
    net.streams[id_of(socket)] = GONE;
    weir_socket_destroy(socket);
}

RING_SOCKET(socket_leave, (leave_socket(socket), 0))
RING_SOCKET(socket_destroy, (weir_socket_destroy(socket), 0))
RING_SOCKET(socket_pause, (weir_socket_pause(socket), 0))
RING_SOCKET(socket_resume, (weir_socket_resume(socket), 0))
RING_SOCKET(socket_counters, (note_counters(socket), 0))

/* pipe(from, to) */
SCRIPT_NATIVE(socket_pipe)
{
    weir_socket *from = handle((uint32_t)INT(0));
    weir_socket *to = handle((uint32_t)INT(1));

    return result(ctx, from && to ? weir_pipe_bytes(from, to) : -EBADF);
}

/* [host, port, family]; undefined when there is none. */
static JSValueRef address_value(JSContextRef ctx, int error,
                                const weir_address *address)
{
    JSValueRef parts[3];

    if (error < 0)
        return JSValueMakeUndefined(ctx);
    parts[0] = host_of(address);
    parts[1] = number(weir_address_port(address));
    parts[2] = number(family_of(address));
    return JSObjectMakeArray(ctx, 3, parts, NULL);
}

/* address(id, remote) */
SCRIPT_NATIVE(socket_address)
{
    weir_socket *socket = socket_argument(ctx, argc, argv);
    weir_address address;
    int error = -EBADF;

    if (socket)
        error = FLAG(1) ? weir_socket_remote_address(socket, &address)
                        : weir_socket_local_address(socket, &address);
    return address_value(ctx, error, &address);
}

/* ----------------------------------------------------------------- servers */

static void on_connection(weir_server *server, weir_socket *socket)
{
    uint32_t id = take_id();

    if (!id) {
        weir_socket_destroy(socket);
        return;
    }
    net.handles[id] = socket;
    weir_socket_set_half_open(socket, true);
    tell_reads();
    registers[STATUS] = (int32_t)(uintptr_t)weir_server_data(server);
    /* From here on it is read, unless the server pauses what it accepts. */
    weir_socket_set_events(socket, &socket_events, as_data(id));
    tell(ON_CONNECTION, id);
}

static void on_drop(weir_server *server, const weir_address *local,
                    const weir_address *remote)
{
    JSValueRef arguments[] = { number(
                                   (double)(uintptr_t)weir_server_data(server)),
                               host_of(local),
                               number(local ? weir_address_port(local) : 0),
                               number(family_of(local)),
                               host_of(remote),
                               number(remote ? weir_address_port(remote) : 0),
                               number(family_of(remote)) };

    tell_with(ON_DROP, 7, arguments);
}

static void on_server_error(weir_server *server, int error)
{
    JSValueRef arguments[] = {
        number((double)(uintptr_t)weir_server_data(server)), number(error)
    };

    tell_with(ON_SERVER_ERROR, 2, arguments);
}

/* JavaScript, which counts connections itself, has forgotten it already. */
static void on_server_close(weir_server *server)
{
    give_id((uint32_t)(uintptr_t)weir_server_data(server));
}

static const weir_server_events server_events = {
    .drop = on_drop,
    .error = on_server_error,
    .close = on_server_close,
};

/* serverCreate(): its number, or an error. */
SCRIPT_NATIVE(server_create)
{
    uint32_t id = take_id();
    weir_server *server;
    int error;

    if (!id)
        return result(ctx, -ENOMEM);
    error =
        weir_server_create(&server, net.s->loop, on_connection, as_data(id));
    if (error < 0) {
        give_id(id);
        return result(ctx, error);
    }
    weir_server_set_events(server, &server_events);
    net.handles[id] = server;
    return result(ctx, (int)id);
}

/* listen(id, host, port, backlog, ipv6Only, reusePort, noDelay, keepAlive,
 * keepAliveDelay): host undefined: every address. */
SCRIPT_NATIVE(server_listen)
{
    weir_server *server = server_argument(ctx, argc, argv);
    weir_listen_options options = { .backlog = (unsigned)INT(3),
                                    .ipv6_only = FLAG(4),
                                    .reuse_port = FLAG(5),
                                    .tcp = { .no_delay = FLAG(6),
                                             .keep_alive = FLAG(7),
                                             .keep_alive_delay =
                                                 (unsigned)INT(8) } };
    weir_address address;
    int error = 0;

    if (!server)
        return result(ctx, -EBADF);
    if (argc > 1 && JSValueIsString(ctx, argv[1]))
        error = address_from(ctx, argc, argv, 1, false, &address);
    else
        address = weir_address_any((unsigned)INT(2));
    if (error == 0)
        error = weir_server_listen(server, &address, &options);
    return result(ctx, error);
}

/* listenPath(id, path, backlog, mode) */
SCRIPT_NATIVE(server_listen_path)
{
    weir_server *server = server_argument(ctx, argc, argv);
    weir_listen_options options = { .backlog = (unsigned)INT(2),
                                    .mode = (unsigned)INT(3) };
    weir_address address;
    int error;

    if (!server)
        return result(ctx, -EBADF);
    error = address_from(ctx, argc, argv, 1, true, &address);
    if (error == 0)
        error = weir_server_listen(server, &address, &options);
    /* libuv says it so on every system, as Windows does. */
    return result(ctx, error == -ENOENT ? -EACCES : error);
}

#define ON_SERVER(name, expression)                                            \
    SCRIPT_NATIVE(name)                                                        \
    {                                                                          \
        weir_server *server = server_argument(ctx, argc, argv);                \
                                                                               \
        return result(ctx, server ? (int)(expression) : -EBADF);               \
    }

ON_SERVER(server_adopt, weir_server_adopt(server, INT(1)))
ON_SERVER(server_close, (weir_server_close(server), 0))
ON_SERVER(server_pause,
          (weir_server_pause(server,
                             (uint64_t)script_number(ctx, argc, argv, 1, 0)),
           0))
ON_SERVER(server_resume, (weir_server_resume(server), 0))
ON_SERVER(server_ref, (weir_server_ref(server), 0))
ON_SERVER(server_unref, (weir_server_unref(server), 0))
ON_SERVER(server_fd, weir_server_fd(server))
/* serverMaxConnections(id, maximum): 0: none. */
ON_SERVER(server_max,
          (weir_server_set_max_connections(
               server, (size_t)script_number(ctx, argc, argv, 1, 0)),
           0))
/* serverPauseOnConnect(id, paused) */
ON_SERVER(server_pause_on_connect,
          (weir_server_set_pause_on_connect(server, FLAG(1)), 0))

/* serverAddress(id) */
SCRIPT_NATIVE(server_address)
{
    weir_server *server = server_argument(ctx, argc, argv);
    weir_address address;

    return address_value(
        ctx, server ? weir_server_address(server, &address) : -EBADF, &address);
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
        value = host_of(&address);
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
    return result(ctx, family);
}

/* ----------------------------------------------------------------- binding */

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

static const struct {
    const char *name;
    JSObjectCallAsFunctionCallback native;
} natives[] = {
    { "slab", slab },
    { "wrapSlab", wrap_slab },
    { "setCallbacks", set_callbacks },
    { "socketCreate", socket_create },
    { "connect", connect_host },
    { "connectAny", connect_any },
    { "connectPath", connect_path },
    { "adopt", adopt },
    { "writeBytes", write_bytes },
    { "reset", socket_reset },
    { "ref", socket_ref },
    { "unref", socket_unref },
    { "cork", socket_cork },
    { "uncork", socket_uncork },
    { "setTimeout", socket_set_timeout },
    { "setNoDelay", socket_no_delay },
    { "setKeepAlive", socket_keep_alive },
    { "fd", socket_fd },
    { "waiting", socket_waiting },
    { "pipe", socket_pipe },
    { "unpipe", socket_unpipe },
    { "address", socket_address },
    { "serverCreate", server_create },
    { "listen", server_listen },
    { "listenPath", server_listen_path },
    { "serverAdopt", server_adopt },
    { "serverClose", server_close },
    { "serverPause", server_pause },
    { "serverResume", server_resume },
    { "serverRef", server_ref },
    { "serverUnref", server_unref },
    { "serverFd", server_fd },
    { "serverMaxConnections", server_max },
    { "serverPauseOnConnect", server_pause_on_connect },
    { "serverAddress", server_address },
    { "isIP", is_ip },
    { "canonical", canonical },
};

#define BELL(name, function)                                                   \
    {                                                                          \
        name, function##_in_engine, function##_native                          \
    }

static const struct {
    const char *name;
    script_bell_call *ring;
    JSObjectCallAsFunctionCallback native;
} bells[] = {
    BELL("write", write_slab),       BELL("end", socket_end),
    BELL("leave", socket_leave),
    BELL("destroy", socket_destroy), BELL("pause", socket_pause),
    BELL("resume", socket_resume),   BELL("readCounters", socket_counters),
};

void script_bind_net(script *s, JSObjectRef target)
{
    net.s = s;
    weir_task_init(&net.telling, s->loop, tell_reads_due);
    script_before_entering(tell_reads);
    for (size_t i = 0; i < sizeof natives / sizeof natives[0]; i++)
        script_function(s, target, natives[i].name, natives[i].native);
    for (size_t i = 0; i < sizeof bells / sizeof bells[0]; i++)
        script_bell(s, target, bells[i].name, bells[i].ring, bells[i].native);
    script_share(s, target, "registers", registers, sizeof registers);
    script_share(s, target, "putOff", put_off, sizeof put_off);
    script_share(s, target, "counters", counters, sizeof counters);
}

/* The loop closes what is open when it is destroyed; no JavaScript runs any
 * more to be told. */
void script_unbind_net(script *s)
{
    (void)s;
    net.closing = true;
}
