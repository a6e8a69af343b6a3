/*
 * net_sockets.c - what happens to sockets, and what JavaScript asks of them
 *
 * A Buffer on a slab is written by (slab, offset, length), of other memory by
 * the array itself. What does not go at once is copied when it is small; else
 * the memory is kept where it is.
 */
#include "net.h"

#include "script/host/slabs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* From this on a write that waits keeps the Buffer and not a copy. */
enum { KEEP_FROM = 16 * 1024 };

/* ----------------------------------------------------------------- events */

static void on_lookup(weir_socket *socket, int status,
                      const weir_address *address, const char *host)
{
    JSValueRef arguments[] = { net_number(net_id_of(socket)),
                               net_number(status), net_host_of(address),
                               net_number(net_family_of(address)),
                               net_text(host) };

    net_tell_with(ON_LOOKUP, 5, arguments);
}

static void on_attempt(weir_socket *socket, int status,
                       const weir_address *address)
{
    JSValueRef arguments[] = { net_number(net_id_of(socket)),
                               net_number(status), net_host_of(address),
                               net_number(weir_address_port(address)),
                               net_number(net_family_of(address)) };

    net_tell_with(ON_ATTEMPT, 5, arguments);
}

static void on_connect(weir_socket *socket)
{
    net_tell(ON_CONNECT, net_id_of(socket));
}

static void on_end(weir_socket *socket)
{
    net_tell(ON_END, net_id_of(socket));
}

static void on_hangup(weir_socket *socket)
{
    net_flush_reads();
    net_registers[STATUS] = weir_socket_waiting(socket);
    net_tell(ON_HANGUP, net_id_of(socket));
}

static void on_drain(weir_socket *socket)
{
    net_tell(ON_DRAIN, net_id_of(socket));
}

static void on_timeout(weir_socket *socket)
{
    net_tell(ON_TIMEOUT, net_id_of(socket));
}

void net_on_error(weir_socket *socket, int error)
{
    weir_address address;
    const char *call = NULL;
    JSValueRef arguments[5];

    memset(&address, 0, sizeof address);
    (void)weir_socket_failure(socket, &call, &address);
    arguments[0] = net_number(net_id_of(socket));
    arguments[1] = net_number(error);
    arguments[2] = net_text(call);
    arguments[3] = net_host_of(&address);
    arguments[4] = net_number(weir_address_port(&address));
    net_tell_with(ON_ERROR, 5, arguments);
}

static void note_counters(const weir_socket *socket)
{
    net_counters[BYTES_READ] = (double)weir_socket_bytes_read(socket);
    net_counters[BYTES_WRITTEN] = (double)weir_socket_bytes_written(socket);
    net_counters[BUFFERED] = (double)weir_socket_buffered(socket);
}

static void on_close(weir_socket *socket, bool had_error)
{
    uint32_t id = net_id_of(socket);

    net_flush_reads(); /* one may be of this number */
    if (!net_is_gone(id)) {
        note_counters(socket);
        net_registers[STATUS] = had_error;
        net_tell(ON_CLOSE, id);
    }
    net_give_id(id);
}

static void on_written(weir_socket *socket, int status, void *argument)
{
    (void)argument;
    if (net_id_of(socket) == 0 || net_is_gone(net_id_of(socket)))
        return; /* nobody is left to be told */
    net_flush_reads();
    net_registers[STATUS] = status;
    net_tell(ON_WRITTEN, net_id_of(socket));
}

const weir_socket_events net_socket_events = {
    .lookup = on_lookup,
    .attempt = on_attempt,
    .connect = on_connect,
    .buffer = net_on_buffer,
    .data = net_on_data,
    .end = on_end,
    .hangup = on_hangup,
    .drain = on_drain,
    .timeout = on_timeout,
    .error = net_on_error,
    .close = on_close,
};

/* --------------------------------------------------- creating, connecting */

/* socketCreate(): its number, or an error. */
SCRIPT_NATIVE(socket_create)
{
    uint32_t id = net_take_id(NET_SOCKET);
    weir_socket *socket;
    int error;

    if (!id)
        return result(ctx, -ENOMEM);
    error = weir_socket_create(&socket, net.s->loop, &net_socket_events,
                               net_as_data(id));
    if (error < 0) {
        net_give_id(id);
        return result(ctx, error);
    }
    weir_socket_set_half_open(socket, true);
    net.handles[id].object = socket;
    return result(ctx, (int)id);
}

/* From (localAddress, localPort), either of which may be left out. */
static int take_local(JSContextRef ctx, size_t argc, const JSValueRef argv[],
                      size_t index, weir_address *local,
                      weir_connect_options *options)
{
    unsigned port = net_port_argument(ctx, argc, argv, index + 1);
    bool address = index < argc && JSValueIsString(ctx, argv[index]);

    if (!address && !port)
        return 0;
    options->local = local;
    if (address)
        return net_address_argument(ctx, argc, argv, index, false, local);
    *local = weir_address_any(port);
    return local->length ? 0 : -ERANGE;
}

/* connectPath(id, path) */
SCRIPT_NATIVE(connect_path)
{
    weir_socket *socket = net_socket_argument(ctx, argc, argv);
    weir_address address;
    int error;

    if (!socket)
        return result(ctx, -EBADF);
    error = net_address_argument(ctx, argc, argv, 1, true, &address);
    if (error == 0)
        error = weir_socket_connect(socket, &address, NULL);
    return result(ctx, error);
}

/* connect(id, host, port, family, localAddress, localPort, attemptDelay): by
 * name or literal address. */
SCRIPT_NATIVE(connect_host)
{
    weir_socket *socket = net_socket_argument(ctx, argc, argv);
    char *host = script_utf8(ctx, argc, argv, 1, NULL);
    weir_connect_options options = { .attempt_delay = (unsigned)script_int(
                                         ctx, argc, argv, 6, 0) };
    int family = script_int(ctx, argc, argv, 3, 0);
    weir_address local;
    int error = take_local(ctx, argc, argv, 4, &local, &options);

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
        error = net_address_argument(ctx, 2, pair, 0, false, &addresses[i]);
    }
    return error;
}

/* connectAny(id, [host, ...], port, count, localAddress, localPort,
 * attemptDelay): literal addresses in the order of trying. */
SCRIPT_NATIVE(connect_any)
{
    weir_socket *socket = net_socket_argument(ctx, argc, argv);
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
    error =
        addresses_from(ctx, (JSObjectRef)argv[1],
                       script_argument(ctx, argc, argv, 2), addresses, count);
    if (error == 0)
        error = take_local(ctx, argc, argv, 4, &local, &options);
    if (error == 0)
        error = weir_socket_connect_any(socket, addresses, count, &options);
    free(addresses);
    return result(ctx, error);
}

/* adopt(id, fd) */
SCRIPT_NATIVE(adopt)
{
    weir_socket *socket = net_socket_argument(ctx, argc, argv);

    if (!socket)
        return result(ctx, -EBADF);
    return result(
        ctx, weir_socket_adopt(socket, script_int(ctx, argc, argv, 1, -1)));
}

/* ----------------------------------------------------------------- writing */

/* A large write that did not go at once keeps its Buffer alive, not a copy. The
 * socket may outlive the engine: then there is nothing to give back. */
struct kept {
    JSValueRef value; /* protected; NULL when the engine is gone */
    struct kept *next, **at;
};

static struct kept *all_kept;

static void release_value(void *bytes, size_t length, void *argument)
{
    struct kept *kept = argument;

    (void)bytes, (void)length;
    if (kept->value) {
        script_unprotect(net.s, kept->value);
        *kept->at = kept->next;
        if (kept->next)
            kept->next->at = kept->at;
    }
    free(kept);
}

static struct kept *keep(JSValueRef value)
{
    struct kept *kept = malloc(sizeof *kept);

    if (!kept)
        return NULL;
    script_protect(net.s, value);
    *kept = (struct kept){ value, all_kept, &all_kept };
    if (all_kept)
        all_kept->at = &kept->next;
    all_kept = kept;
    return kept;
}

static void forget_kept(void)
{
    while (all_kept) {
        struct kept *kept = all_kept;

        all_kept = kept->next;
        script_unprotect(net.s, kept->value);
        kept->value = NULL;
    }
}

static int write_kept(weir_socket *socket, const void *bytes, size_t length,
                      JSValueRef value, weir_write_cb *cb)
{
    struct kept *kept = keep(value);
    int sent;

    if (!kept)
        return -ENOMEM;
    sent = weir_socket_write_owned(socket, (void *)bytes, length, release_value,
                                   cb, kept);
    if (sent < 0)
        release_value(NULL, 0, kept);
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
        weir_buffer_wrap(bytes, length, release_slab, net_as_data(number));
    int sent;

    if (!buffer)
        return -ENOMEM;
    slab_pin(number);
    sent = weir_socket_write_buffer(socket, buffer, cb, NULL);
    weir_buffer_unref(buffer);
    return sent;
}

/* write(): what registers say, of a slab. */
SCRIPT_FAST_CALL(write_slab)
{
    weir_socket *socket = net_socket((uint32_t)net_registers[ID]);
    size_t length = (uint32_t)net_registers[LENGTH];
    uint32_t number = (uint32_t)net_registers[SLAB];
    uint8_t *bytes = slab_bytes(number) + (uint32_t)net_registers[OFFSET];
    weir_write_cb *cb = net_registers[WANTS_CALLBACK] ? on_written : NULL;

    if (!socket)
        net_registers[RESULT] = -EBADF;
    else if (length >= KEEP_FROM)
        net_registers[RESULT] = write_pinned(socket, number, bytes, length, cb);
    else
        net_registers[RESULT] =
            weir_socket_write(socket, bytes, length, cb, NULL);
}

/* writeBytes(id, view, wantsCallback): of any memory. */
SCRIPT_NATIVE(write_bytes)
{
    weir_socket *socket = net_socket_argument(ctx, argc, argv);
    weir_write_cb *cb = script_bool(ctx, argc, argv, 2) ? on_written : NULL;
    uint8_t *bytes;
    size_t length;

    if (!socket)
        return result(ctx, -EBADF);
    if (!script_bytes(ctx, argc, argv, 1, &bytes, &length))
        return result(ctx, -EINVAL);
    if (length >= KEEP_FROM)
        return result(ctx, write_kept(socket, bytes, length, argv[1], cb));
    return result(ctx, weir_socket_write(socket, bytes, length, cb, NULL));
}

/* ------------------------------------------------ what needs only a socket */

#define ON_SOCKET(name, expression)                                            \
    SCRIPT_NATIVE(name)                                                        \
    {                                                                          \
        weir_socket *socket = net_socket_argument(ctx, argc, argv);            \
                                                                               \
        return result(ctx, socket ? (expression) : -EBADF);                    \
    }

ON_SOCKET(socket_reset, (weir_socket_reset(socket), 0))
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
ON_SOCKET(socket_failure, weir_socket_failure(socket, NULL, NULL))
ON_SOCKET(socket_unpipe, weir_socket_unpipe(socket))

/* What each connection, or a stream, asks for again and again: registers[ID]
 * tells the socket, registers[RESULT] what came of it. */
#define FAST_ON_SOCKET(name, expression)                                       \
    SCRIPT_FAST_CALL(name)                                                     \
    {                                                                          \
        weir_socket *socket = net_socket((uint32_t)net_registers[ID]);         \
                                                                               \
        net_registers[RESULT] = socket ? (expression) : -EBADF;                \
    }

/* Ends it. 1 when `written` will tell that all before the end is with the
 * kernel: something is queued, or the socket is to be told in any case. */
static int end_socket(weir_socket *socket)
{
    bool waits = (net_registers[WANTS_CALLBACK] != 0 ||
                  weir_socket_buffered(socket) > 0) &&
                 weir_socket_write(socket, NULL, 0, on_written, NULL) >= 0;
    int error = weir_socket_end(socket);

    return error < 0 ? error : waits;
}

/* The socket's object is done with it. */
static int leave_socket(weir_socket *socket)
{
    note_counters(socket);
    net.handles[net_id_of(socket)].kind = NET_GONE;
    weir_socket_destroy(socket);
    return 0;
}

FAST_ON_SOCKET(socket_end, end_socket(socket))
FAST_ON_SOCKET(socket_leave, leave_socket(socket))
FAST_ON_SOCKET(socket_destroy, (weir_socket_destroy(socket), 0))
FAST_ON_SOCKET(socket_pause, (weir_socket_pause(socket), 0))
FAST_ON_SOCKET(socket_ref, (weir_socket_ref(socket), 0))
FAST_ON_SOCKET(socket_unref, (weir_socket_unref(socket), 0))
FAST_ON_SOCKET(socket_resume, (weir_socket_resume(socket), 0))
FAST_ON_SOCKET(socket_counters, (note_counters(socket), 0))

/* pipe(from, to) */
SCRIPT_NATIVE(socket_pipe)
{
    weir_socket *from = net_socket((uint32_t)INT(0));
    weir_socket *to = net_socket((uint32_t)INT(1));

    return result(ctx, from && to ? weir_socket_pipe_bytes(from, to) : -EBADF);
}

/* address(id, remote) */
SCRIPT_NATIVE(socket_address)
{
    weir_socket *socket = net_socket_argument(ctx, argc, argv);
    weir_address address;
    int error = -EBADF;

    if (socket)
        error = FLAG(1) ? weir_socket_remote_address(socket, &address)
                        : weir_socket_local_address(socket, &address);
    return net_address_value(ctx, error, &address);
}

/* ------------------------------------------------------ between C and it */

uint32_t net_give_socket(weir_socket *socket)
{
    uint32_t id = net_take_id(NET_SOCKET);

    if (!id)
        return 0;
    net.handles[id].object = socket;
    weir_socket_set_half_open(socket, true);
    weir_socket_ref(socket);
    weir_socket_set_data(socket, net_as_data(id));
    weir_socket_set_events(socket, &net_socket_events);
    weir_socket_resume(socket);
    return id;
}

bool net_has_socket(const weir_socket *socket)
{
    return net_socket(net_id_of(socket)) == socket;
}

weir_socket *net_take_socket(uint32_t id)
{
    weir_socket *socket = net_socket(id);

    if (socket) {
        weir_socket_set_data(socket, NULL);
        weir_socket_set_events(socket, NULL);
        net_give_id(id);
    }
    return socket;
}

/* ---------------------------------------------------------------- binding */

void net_bind_sockets(script *s, JSObjectRef target)
{
    static const script_native natives[] = {
        { "socketCreate", socket_create },
        { "connect", connect_host },
        { "connectAny", connect_any },
        { "connectPath", connect_path },
        { "adopt", adopt },
        { "writeBytes", write_bytes },
        { "reset", socket_reset },
        { "cork", socket_cork },
        { "uncork", socket_uncork },
        { "setTimeout", socket_set_timeout },
        { "setNoDelay", socket_no_delay },
        { "setKeepAlive", socket_keep_alive },
        { "fd", socket_fd },
        { "waiting", socket_waiting },
        { "failure", socket_failure },
        { "pipe", socket_pipe },
        { "unpipe", socket_unpipe },
        { "address", socket_address },
    };
    static const script_fast_call fast[] = {
        SCRIPT_FAST("write", write_slab),
        SCRIPT_FAST("end", socket_end),
        SCRIPT_FAST("leave", socket_leave),
        SCRIPT_FAST("destroy", socket_destroy),
        SCRIPT_FAST("pause", socket_pause),
        SCRIPT_FAST("resume", socket_resume),
        SCRIPT_FAST("readCounters", socket_counters),
        SCRIPT_FAST("ref", socket_ref),
        SCRIPT_FAST("unref", socket_unref),
    };

    script_functions(s, target, natives, SCRIPT_COUNT(natives));
    script_fast_calls(s, target, fast, SCRIPT_COUNT(fast));
}

void net_unbind_sockets(void)
{
    forget_kept();
    for (uint32_t id = 1; id < net.size; id++) {
        weir_socket *socket;

        if (net_is_gone(id))
            net.handles[id].kind = NET_SOCKET;
        socket = net_take_socket(id);
        if (socket)
            weir_socket_destroy(socket);
    }
}
