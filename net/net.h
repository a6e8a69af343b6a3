/*
 * weir/net.h - stream sockets with backpressure, half-open ends and timeouts
 *
 * TCP over IPv4 and IPv6, and UNIX stream sockets; clients and servers. The
 * second chapter of the manual: addresses, sockets (their events, connecting,
 * writing, reading, ending, options), servers, shared buffers, pipes, names.
 *
 * What holds for everything below, besides the four rules of reactor.h:
 *
 *   - Sockets, servers and lookups are owned by their loop: created, used, and
 *     gone after their `close` event (a lookup: after its callback). Until that
 *     event has returned the pointer is good for every call; a call that makes
 *     no sense any more answers with an error, it does not crash.
 *   - Times are milliseconds, sizes are bytes, ports are host byte order.
 *   - Options are structs in which zero means "default"; NULL means all of it.
 *   - What a call refuses it has not touched: after an error nothing was
 *     queued, taken over or changed, unless the call says otherwise.
 */
#ifndef WEIR_NET_H
#define WEIR_NET_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <weir/reactor.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_socket weir_socket;
typedef struct weir_server weir_server;
typedef struct weir_buffer weir_buffer;
typedef struct weir_lookup weir_lookup;
typedef struct weir_resolver weir_resolver;

/* -------------------------------------------------------------- addresses */

/* A value: copy it, keep it, compare it with weir_address_equal(). Zeroed, or
 * from a call that failed, it is "no address", which every call that takes an
 * address refuses with -EINVAL. */
typedef struct weir_address {
    uint32_t length; /* of `name` in bytes; 0: no address */
    uint32_t flags;  /* private */
    union {
        struct sockaddr any;
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
        struct sockaddr_un local;
    } name;
} weir_address;

/* Long enough for every address that weir_address_text() prints. */
enum { WEIR_ADDRESS_TEXT = 256 };

/* Every address of this machine: "::" with IPv4 taken too, for which
 * weir_server_listen() takes 0.0.0.0 where IPv6 is switched off, and an attempt
 * to connect to an IPv4 address binds to 0.0.0.0. "No address" when port is
 * above 65535. */
WEIR_API weir_address weir_address_any(unsigned port);

/* 127.0.0.1. "No address" when port is above 65535. */
WEIR_API weir_address weir_address_loopback(unsigned port);

/* From a literal IPv4 or IPv6 address, without brackets; an IPv6 address may
 * have a scope ("fe80::1%eth0"). -EINVAL when it is not one, -ERANGE when port
 * is above 65535, -ENODEV when the scope does not exist. */
WEIR_API int weir_address_ip(weir_address *address, const char *ip,
                             unsigned port);

/* A UNIX socket's path; or, on Linux, an abstract name: `path` begins with a
 * NUL and all `length` bytes count. -ENAMETOOLONG when it does not fit (107
 * bytes on Linux, 103 on macOS and the BSDs, abstract 108): never cut short.
 * -EINVAL when it is empty or, for a path, has a NUL inside; -ENOTSUP for an
 * abstract name where there are none. */
WEIR_API int weir_address_unix(weir_address *address, const char *path,
                               size_t length);

/* From a text as weir_address_text() prints it: "127.0.0.1:80", "[::1]:80",
 * "unix:/tmp/socket", "unix:@abstract" (in which `\0` is a NUL and `\\` a
 * backslash), "unix:\@path" for a path that begins with @ or \. -EINVAL, and
 * what weir_address_ip() and weir_address_unix() say. */
WEIR_API int weir_address_parse(weir_address *address, const char *text);

/* Prints the address, always with a NUL, so that weir_address_parse() gives it
 * back (not one without a name, which prints as "unix:"); gives the length, or
 * -ENOSPC when `size` is too small (WEIR_ADDRESS_TEXT never is). */
WEIR_API int weir_address_text(const weir_address *address, char *text,
                               size_t size);

/* The same without the port, and without brackets or "unix:"; a path as it
 * is, an abstract name with @ for each NUL. */
WEIR_API int weir_address_host(const weir_address *address, char *text,
                               size_t size);

/* 0 for a UNIX socket. */
WEIR_API unsigned weir_address_port(const weir_address *address);

/* AF_INET, AF_INET6, AF_UNIX; AF_UNSPEC for "no address". */
WEIR_API int weir_address_family(const weir_address *address);

WEIR_API bool weir_address_equal(const weir_address *a, const weir_address *b);

/* ----------------------------------------------------- a socket's events */

/*
 * One constant table serves all sockets of a kind. Every entry may be NULL;
 * what happens then stands with it.
 *
 * The order of events: lookup and attempt, connect, then data and end, drain
 * and timeout in any order, at most one error, and close, which is always the
 * last, comes exactly once, and comes after the callbacks of all writes.
 */
typedef struct weir_socket_events {
    /* A name was looked up: one call for each address found (status 0; its port
     * is 0), or one with a negative status and a NULL address. */
    void (*lookup)(weir_socket *socket, int status, const weir_address *address,
                   const char *host);

    /* A connection attempt: status 0 when it begins, its error when it failed
     * (others may still be under way). */
    void (*attempt)(weir_socket *socket, int status,
                    const weir_address *address);

    /* The connection stands. Not for accepted and adopted sockets. */
    void (*connect)(weir_socket *socket);

    /* Where the next bytes shall go: give a buffer and set *size, at least 1.
     * Asked directly before each read. NULL as the entry or as the answer: the
     * loop's own buffer, which holds good until `data` returns. */
    void *(*buffer)(weir_socket *socket, size_t *size);

    /* Bytes have come. Without this entry they are read and thrown away; while
     * the socket has no table at all they are not read. */
    void (*data)(weir_socket *socket, const void *bytes, size_t length);

    /* The peer has sent its FIN: no data after this. If half-open is not
     * allowed, weir_socket_end() follows by itself. */
    void (*end)(weir_socket *socket);

    /* While reading is paused, and nothing is read that would tell: the peer
     * has ended its side, or the connection is broken. Told anew after each
     * pause, and perhaps more than once. weir_socket_waiting() says whether
     * bytes wait before that; if not, resuming tells `end` or `error` alone. */
    void (*hangup)(weir_socket *socket);

    /* The queue is empty again after a write that answered WEIR_WAIT; also if
     * the connection ends with that. */
    void (*drain)(weir_socket *socket);

    /* Nothing was read or written for the time set with
     * weir_socket_set_timeout(). Nothing is closed; it comes again after there
     * was activity and then none. */
    void (*timeout)(weir_socket *socket);

    /* What went wrong; weir_socket_failure() and weir_socket_error_text() tell
     * more. `close` follows: at once, or, when only writing failed, after what
     * the peer had sent has been read. Without this entry the socket just
     * closes. */
    void (*error)(weir_socket *socket, int error);

    /* The last event; the socket is gone when it returns. `had_error` also when
     * it was destroyed before its error was told. */
    void (*close)(weir_socket *socket, bool had_error);
} weir_socket_events;

/* ------------------------------------------------- creating, connecting */

/* What is set on a TCP connection from its beginning. Ignored for UNIX
 * sockets. An option that the system refuses fails the connect or listen. */
typedef struct weir_tcp_options {
    bool no_delay;   /* see weir_socket_set_no_delay() */
    bool keep_alive; /* see weir_socket_set_keep_alive(); in seconds: */
    unsigned keep_alive_delay, keep_alive_interval, keep_alive_count;
    unsigned tos;
    unsigned send_buffer, receive_buffer; /* before the handshake, so that the
                                             window can be scaled to it */
} weir_tcp_options;

/* Prepares a descriptor that has just been made, and has its options, for what
 * there is no option for: called before it is bound, connected or listened on.
 * A negative errno gives this descriptor up; 0 or above goes on. The descriptor
 * stays weir's; `family` is AF_INET, AF_INET6 or AF_UNIX. */
typedef int weir_prepare_cb(int fd, int family, void *argument);

typedef struct weir_connect_options {
    const weir_address *local; /* bind to this first; port 0: any. For a port
                                  alone weir_address_any(). A UNIX path is
                                  yours to remove */
    unsigned timeout;          /* until the connection stands, names included;
                               -ETIMEDOUT. Default: the system's */
    unsigned attempt_delay;    /* between attempts to several addresses; default
                               250, at least 10 (RFC 8305, section 5) */
    int family;                /* AF_INET or AF_INET6: only such addresses */
    weir_tcp_options tcp;
    weir_prepare_cb *prepare; /* for each attempt, from the loop, and it may do
                                 anything, destroy the socket as well. Its
                                 error is that attempt's, call "prepare" */
    void *prepare_argument;
} weir_connect_options;

/* A socket that is not connected yet. `data` is a pointer of yours.
 * -EINVAL when socket or loop is NULL, -ENOMEM, -ECANCELED while the loop is
 * being destroyed. */
WEIR_API int weir_socket_create(weir_socket **socket, weir_loop *loop,
                                const weir_socket_events *events, void *data);

/* Connects; the outcome comes as an event. Everything that options point to is
 * copied. -EINVAL for a bad address or option, -EISCONN or -EALREADY when it
 * is connected or connecting, -ENOMEM. Failing attempts, also those that fail
 * at once (ENETUNREACH, EMFILE), come as `error` and `close`. */
WEIR_API int weir_socket_connect(weir_socket *socket,
                                 const weir_address *address,
                                 const weir_connect_options *options);

/* To the first of several addresses that answers, in the order given: the next
 * one is tried when one fails, or has not answered for options->attempt_delay.
 * At most 16 attempts are under way; another one takes the place of the oldest
 * (-ETIMEDOUT), which has had 4 s by then.
 * -EINVAL also when `count` is 0. */
WEIR_API int weir_socket_connect_any(weir_socket *socket,
                                     const weir_address *addresses,
                                     size_t count,
                                     const weir_connect_options *options);

/* The same by name (or literal address): all addresses are raced as RFC 8305
 * says. -EINVAL when host is NULL or empty, -ENAMETOOLONG above 253 bytes,
 * -ERANGE when port is above 65535, -ECANCELED while the loop is being
 * destroyed. */
WEIR_API int weir_socket_connect_host(weir_socket *socket, const char *host,
                                      unsigned port,
                                      const weir_connect_options *options);

/* Takes over a connected stream socket that came from elsewhere: inherited,
 * from socketpair(), from another library. It is made non-blocking and
 * close-on-exec, and closed with the socket. After an error it is still yours
 * (perhaps already non-blocking): -EBADF, -ENOTSOCK, -EINVAL when it is not a
 * stream socket, -EAFNOSUPPORT when it is neither TCP nor UNIX, -ENOTCONN,
 * -EEXIST when this loop watches it already. */
WEIR_API int weir_socket_adopt(weir_socket *socket, int fd);

/* The inverse: gives the descriptor of a connection that stands, and the
 * connection goes on without the socket; for a TLS library, another loop
 * (weir_socket_adopt()), another process. It is yours to close, non-blocking
 * and close-on-exec, and has the options that were set. No byte is lost: what
 * has come and was not told waits in it, after the peer's FIN the next read
 * gives 0, and after weir_socket_end() it is shut down for writing. To the
 * socket it is like weir_socket_destroy(): of events only the callbacks of
 * writes that are done and `close`, without an error, are to come, and a server
 * counts it until then. It may be called in any event of the socket; in a
 * forked child it gives the child's copy. Writing to it by other means may
 * raise SIGPIPE.
 *
 * -EBUSY while a write, or the FIN behind it, waits to be sent (wait for its
 * callback or `drain`; uncork), while a pipe reads from or writes to it, and
 * while bytes that a pipe gave back were not told; -ENOTCONN while there is no
 * connection; -EBADF after weir_socket_destroy() or weir_socket_close(); what
 * writing has failed with; -EINVAL for a NULL. After an error nothing has
 * changed. */
WEIR_API int weir_socket_release(weir_socket *socket);

/* Another table, at any time: what has been read goes to the old one, what
 * comes next to the new one. The pointer of yours stays as it is; set it before
 * this, by weir_socket_set_data(), if it is another one. NULL: nothing is read,
 * and `drain` and `timeout` wait for a table. `hangup` and `error` wait for one
 * that has them, as long as there is a socket. Other events are told to nobody.
 */
WEIR_API void weir_socket_set_events(weir_socket *socket,
                                     const weir_socket_events *events);

/* ---------------------------------------------------------------- writing */

/*
 * A write tries the kernel first and queues only what that did not take. Any
 * write may be made at any time between weir_socket_connect() and
 * weir_socket_end(); what is written before the connection stands waits.
 */
enum {
    WEIR_SENT = 0, /* go on: less waits than the high-water mark */
    WEIR_WAIT = 1  /* better wait for `drain`: the mark is reached */
};

/* The bytes are with the kernel (status 0), or will never be (ECONNRESET,
 * EPIPE, ECANCELED, ...). Exactly once for every write that was accepted, in
 * the order of writing, never from inside the call. */
typedef void weir_write_cb(weir_socket *socket, int status, void *argument);

/*
 * Writes a copy of the bytes. cb may be NULL. Gives WEIR_SENT or WEIR_WAIT,
 * both of which mean that the bytes were accepted, or
 *   -EINVAL    socket is NULL, or bytes is NULL and length is not 0;
 *   -ENOTCONN  never connected;
 *   -EPIPE     after weir_socket_end(), or writing has failed;
 *   -EBADF     after weir_socket_destroy();
 *   -ENOBUFS   the hard limit of the queue would be passed;
 *   -ENOMEM    no memory;
 *   or what send() said, in which case `error` follows as well.
 * After an error nothing was accepted and cb does not come.
 */
WEIR_API int weir_socket_write(weir_socket *socket, const void *bytes,
                               size_t length, weir_write_cb *cb,
                               void *argument);

/* The same for several pieces: one write, one callback. At most 1,024 pieces
 * (-EINVAL). */
WEIR_API int weir_socket_writev(weir_socket *socket, const struct iovec *pieces,
                                int count, weir_write_cb *cb, void *argument);

/* Gives memory back that was handed over. */
typedef void weir_release_cb(void *bytes, size_t length, void *argument);

/* Writes without copying: the bytes belong to weir until `release` is called,
 * after they are with the kernel or given up, before cb, never from inside
 * this call. -EINVAL when it is NULL. After an error they are still yours. */
WEIR_API int weir_socket_write_owned(weir_socket *socket, void *bytes,
                                     size_t length, weir_release_cb *release,
                                     weir_write_cb *cb, void *argument);

/* Writes a shared buffer without copying: takes a reference of its own and
 * drops it when done. One buffer can be in any number of queues. */
WEIR_API int weir_socket_write_buffer(weir_socket *socket, weir_buffer *buffer,
                                      weir_write_cb *cb, void *argument);

/* Bytes that were accepted and are not yet with the kernel. Exact, O(1). */
WEIR_API size_t weir_socket_buffered(const weir_socket *socket);

/* A write answers WEIR_WAIT when at least this much waits after it. Default 1:
 * as soon as anything waits. 0 sets the default. -ENOMEM. */
WEIR_API int weir_socket_set_high_water(weir_socket *socket, size_t mark);

/* A write that could bring the queue above this is refused with -ENOBUFS and
 * nothing of it is taken. Default 0: no limit. Does not hold while a pipe flows
 * into the socket: pipes have a bound of their own. -ENOMEM. */
WEIR_API int weir_socket_set_write_limit(weir_socket *socket, size_t limit);

/* Holds writes back until there were as many calls of uncork as of cork: they
 * go out together. Around the answers to all requests of one `data`, for
 * example, ten of them are one system call. weir_socket_end() lets them go,
 * the FIN behind them; after it neither does anything, and both answer 0. At
 * most 255 deep; -EINVAL beyond, or when not corked. */
WEIR_API int weir_socket_cork(weir_socket *socket);
WEIR_API int weir_socket_uncork(weir_socket *socket);

/* -------------------------------------------------------- reading, pausing */

/* No `data` and no `end` after this returns. Nothing is read any more, so that
 * TCP's window closes and the peer has to wait. No system call. Without effect
 * after weir_socket_close(), which tells nothing of what it reads. */
WEIR_API void weir_socket_pause(weir_socket *socket);
WEIR_API void weir_socket_resume(weir_socket *socket);
WEIR_API bool weir_socket_paused(const weir_socket *socket);

/* Bytes that have come and were not read. -ENOTCONN while there is no
 * connection, -EBADF when it is closed. */
WEIR_API int weir_socket_waiting(const weir_socket *socket);

/* ----------------------------------------------------------------- ending */

/* Half-close: sends FIN behind everything that was written. Reading goes on
 * until the peer's FIN; then the socket closes. 0, also when it is ending
 * already; -ENOTCONN, -EBADF. */
WEIR_API int weir_socket_end(weir_socket *socket);

/* For when you are through with a peer and want the last bytes to arrive:
 * like weir_socket_end(), and what still comes is read and thrown away, without
 * `data` and `end`, until the peer's FIN, for at most 5 s and 1 MiB after ours;
 * then the socket closes. (How long a slow peer may take for what is queued is
 * the idle timeout's business. A plain close() with unread bytes sends a reset,
 * and that can overtake the answer: RFC 1122, 4.2.2.13.) A socket that is not
 * connected is destroyed. */
WEIR_API void weir_socket_close(weir_socket *socket);

/* At once: no event after this returns but the callbacks of the writes that
 * were not done (ECANCELED), and `close`. Harmless when destroyed already. A
 * connection of which a forked child has a copy is the child's from then on;
 * weir_socket_end() and weir_socket_reset() reach the peer all the same. */
WEIR_API void weir_socket_destroy(weir_socket *socket);

/* Like weir_socket_destroy(), and the peer gets a reset (RST): what is still on
 * its way is discarded, and it learns that the stream was cut (ECONNRESET). For
 * UNIX sockets the same as destroy. weir does the same by itself when an error
 * of its own (ENOBUFS, ENOMEM, a pipe's partner that broke) gives up bytes that
 * were accepted. */
WEIR_API void weir_socket_reset(weir_socket *socket);

/* If allowed, the peer's FIN ends only reading, and writing goes on until
 * weir_socket_end(). Default: not allowed, or the server's setting. Forbidden
 * after that FIN, it ends writing in the next turn. */
WEIR_API void weir_socket_set_half_open(weir_socket *socket, bool allowed);

/* The `timeout` event after so many ms in which nothing was read or written;
 * 0: never (default). Costs nothing per message. Counted from the loop's clock
 * in the turn of the last activity. */
WEIR_API void weir_socket_set_timeout(weir_socket *socket, uint32_t timeout);
WEIR_API uint32_t weir_socket_timeout(const weir_socket *socket);

/* ---------------------------------------------------------------- options */

/*
 * Each is -ENOTCONN before there is a connection (use the options of
 * weir_socket_connect() for what shall hold from its beginning), -EBADF after
 * weir_socket_destroy(), or what the system says: -ENOTSUP or -ENOPROTOOPT for
 * TCP's options on a UNIX socket.
 */

/* Sends small writes at once instead of waiting for the last one's ACK
 * (Nagle's algorithm, RFC 896). Default off, as the system's. */
WEIR_API int weir_socket_set_no_delay(weir_socket *socket, bool enabled);

/* Probes an idle connection: the first time after `delay` seconds, then every
 * `interval` seconds, and gives up after `count` probes. 0 leaves a value as
 * it is. OpenBSD has one setting for all connections: -ENOTSUP for any other
 * than 0. */
WEIR_API int weir_socket_set_keep_alive(weir_socket *socket, bool enabled,
                                        unsigned delay, unsigned interval,
                                        unsigned count);

/* The TOS byte, or IPv6's traffic class. -EINVAL above 255. */
WEIR_API int weir_socket_set_tos(weir_socket *socket, unsigned tos);
WEIR_API int weir_socket_tos(const weir_socket *socket);

/* The kernel's buffers. Linux doubles what is set, and gives the double. */
WEIR_API int weir_socket_set_send_buffer(weir_socket *socket, unsigned size);
WEIR_API int weir_socket_set_receive_buffer(weir_socket *socket, unsigned size);
WEIR_API int weir_socket_send_buffer(const weir_socket *socket);
WEIR_API int weir_socket_receive_buffer(const weir_socket *socket);

/* -------------------------------------------------------------- accessors */

typedef enum weir_socket_state {
    WEIR_SOCKET_NEW, /* created, not connecting */
    WEIR_SOCKET_CONNECTING,
    WEIR_SOCKET_OPEN,       /* both directions */
    WEIR_SOCKET_READ_ONLY,  /* writing has ended, is ending, or has failed */
    WEIR_SOCKET_WRITE_ONLY, /* the peer's FIN has come */
    WEIR_SOCKET_CLOSED      /* destroyed; `close` is to come */
} weir_socket_state;

WEIR_API weir_socket_state weir_socket_get_state(const weir_socket *socket);

WEIR_API weir_loop *weir_socket_loop(const weir_socket *socket);
WEIR_API void *weir_socket_data(const weir_socket *socket);
WEIR_API void weir_socket_set_data(weir_socket *socket, void *data);

/* The server that accepted it, or NULL. */
WEIR_API weir_server *weir_socket_server(const weir_socket *socket);

/* -1 while there is none. It stays weir's. */
WEIR_API int weir_socket_fd(const weir_socket *socket);

/* -ENOTCONN while there is no connection, -EBADF afterwards. */
WEIR_API int weir_socket_local_address(const weir_socket *socket,
                                       weir_address *address);
WEIR_API int weir_socket_remote_address(const weir_socket *socket,
                                        weir_address *address);

/* Bytes that came from, and went to, the kernel. */
WEIR_API uint64_t weir_socket_bytes_read(const weir_socket *socket);
WEIR_API uint64_t weir_socket_bytes_written(const weir_socket *socket);

/* The first error, with the call that failed ("connect", "read", "write",
 * "lookup", "prepare", ...) and the address it was about; 0 when there was
 * none. `call` and `address` may be NULL. */
WEIR_API int weir_socket_failure(const weir_socket *socket, const char **call,
                                 weir_address *address);

/* The same for people: "connect ECONNREFUSED 127.0.0.1:81: connection refused",
 * "lookup ENOTFOUND no.such.host: name does not exist". Cut to `size`, always
 * with a NUL. */
WEIR_API void weir_socket_error_text(const weir_socket *socket, char *text,
                                     size_t size);

/* An unreferenced socket does not keep weir_loop_run() going. */
WEIR_API void weir_socket_ref(weir_socket *socket);
WEIR_API void weir_socket_unref(weir_socket *socket);

/* ---------------------------------------------------------------- servers */

/* A connection was accepted. It is not read until it has a table of events:
 * the server's (weir_server_set_socket_events()), or one of its own, by
 * weir_socket_set_events(), now or later. */
typedef void weir_connection_cb(weir_server *server, weir_socket *socket);

typedef struct weir_server_events {
    /* A connection was closed at once: with a FIN because of the maximum, with
     * a reset for want of descriptors, memory or the like. local or remote is
     * NULL where it is not known. */
    void (*drop)(weir_server *server, const weir_address *local,
                 const weir_address *remote);

    /* Accepting fails (-EMFILE, -ENFILE, -ENOMEM, ...). Told once when it
     * begins to fail, or to the table that comes while it does; the server goes
     * on by itself when it can. */
    void (*error)(weir_server *server, int error);

    /* After weir_server_close(), when the last connection is gone too. The
     * server is gone when it returns. */
    void (*close)(weir_server *server);
} weir_server_events;

typedef struct weir_listen_options {
    unsigned backlog;      /* default 511; the system may cut it (somaxconn) */
    bool no_reuse_address; /* SO_REUSEADDR is set unless this is */
    bool reuse_port;       /* several listeners share the port */
    bool ipv6_only;        /* "::" takes no IPv4 */
    unsigned mode;         /* permissions of a UNIX socket's file, such as 0660;
                         default: by the umask */
    weir_tcp_options tcp;  /* of every accepted connection */
    weir_prepare_cb *prepare; /* for the listener, from inside of
                                 weir_server_listen(), which fails with its
                                 error. Linux hands most of what it sets down
                                 to what is accepted */
    void *prepare_argument;
} weir_listen_options;

/* -EINVAL when a pointer other than data is NULL, -ENOMEM, -ECANCELED while the
 * loop is being destroyed. */
WEIR_API int weir_server_create(weir_server **server, weir_loop *loop,
                                weir_connection_cb *cb, void *data);
WEIR_API void weir_server_set_events(weir_server *server,
                                     const weir_server_events *events);

/* What sockets that are accepted from now on begin with: their table, and the
 * pointer that weir_socket_data() gives, one for all of them. The connection
 * callback finds both set, and may set others. NULL (default): neither, and
 * such a socket is not read until it is given a table. `events` must stay where
 * it is; connections that stand already keep theirs. May be called at any
 * time. */
WEIR_API void weir_server_set_socket_events(weir_server *server,
                                            const weir_socket_events *events,
                                            void *data);

/* Another callback and another pointer, at any time, for what is accepted from
 * now on. cb must not be NULL. */
WEIR_API void weir_server_set_connection(weir_server *server,
                                         weir_connection_cb *cb, void *data);

/*
 * Begins to accept. A UNIX socket's file that nobody listens on is replaced;
 * any other file, and one that somebody listens on, is -EADDRINUSE. -EINVAL for
 * a bad address, -EALREADY when listening, -EBADF when closing, -EACCES,
 * -EADDRNOTAVAIL, -EMFILE, and what else bind(2) and listen(2) say. After an
 * error it may be called again, with another address.
 */
WEIR_API int weir_server_listen(weir_server *server,
                                const weir_address *address,
                                const weir_listen_options *options);

/* Takes over a listening socket that came from elsewhere (socket activation).
 * After an error it is still yours (perhaps already non-blocking): -EBADF (also
 * when closing), -ENOTSOCK, -EEXIST when this loop watches it already,
 * -EINVAL when it does not listen or is not a stream socket, -EAFNOSUPPORT when
 * it is neither TCP nor UNIX, -EALREADY. */
WEIR_API int weir_server_adopt(weir_server *server, int fd);

/* Stops accepting, and closes the listening socket; a UNIX socket's file that
 * this server made is removed. Connections go on. `close` comes when the last
 * one is gone. Harmless when closing already. */
WEIR_API void weir_server_close(weir_server *server);

/* The same, and connections that are left after `grace` ms (0: in the next
 * turn) are destroyed; so `close` comes soon after that at the latest. It ends
 * no connection before: those that only wait for their client are ended by
 * whoever knows them, for example with weir_server_each(). Called again, after
 * weir_server_close() as well, the grace begins anew, longer or shorter. */
WEIR_API void weir_server_shutdown(weir_server *server, uint64_t grace);

/* Accepts nothing for so many ms (0: until weir_server_resume()); whoever
 * connects meanwhile waits in the backlog. */
WEIR_API void weir_server_pause(weir_server *server, uint64_t duration);
WEIR_API void weir_server_resume(weir_server *server);

/* Further connections are accepted, closed at once, and told as `drop`.
 * 0: no maximum (default). */
WEIR_API void weir_server_set_max_connections(weir_server *server,
                                              size_t maximum);
WEIR_API size_t weir_server_connections(const weir_server *server);

/* Sees one of a server's connections. 0 goes on; what else ends the walk. */
typedef int weir_visit_cb(weir_socket *socket, void *argument);

/* Calls `visit`, from inside of this call, for each connection of the server
 * that was accepted and not destroyed, in no order; gives 0, or the answer that
 * ended the walk; -EINVAL for a NULL. The visitor may do anything but run or
 * destroy the loop: end, close, destroy or release the socket it is given and
 * any other one (those destroyed before their turn are passed over), connect
 * new ones, close the server. A walk looks at every socket of the loop,
 * whichever server it is of: it is for the end of a server, for figures and for
 * messages to all, not for each message. */
WEIR_API int weir_server_each(weir_server *server, weir_visit_cb *visit,
                              void *argument);

/* What accepted connections begin with. */
WEIR_API void weir_server_set_half_open(weir_server *server, bool allowed);
WEIR_API void weir_server_set_pause_on_connect(weir_server *server,
                                               bool paused);

/* The bound address, with the port that port 0 became. -ENOTCONN when not
 * listening. */
WEIR_API int weir_server_address(const weir_server *server,
                                 weir_address *address);

WEIR_API bool weir_server_listening(const weir_server *server);
WEIR_API int weir_server_fd(const weir_server *server);
WEIR_API weir_loop *weir_server_loop(const weir_server *server);
WEIR_API void *weir_server_data(const weir_server *server);
WEIR_API void weir_server_set_data(weir_server *server, void *data);
WEIR_API void weir_server_ref(weir_server *server);
WEIR_API void weir_server_unref(weir_server *server);

/* --------------------------------------------------------- shared buffers */

/*
 * Bytes with a reference count, written by weir_socket_write_buffer() to any
 * number of sockets without a copy. Do not change them while they are queued.
 * Counted without locks: a buffer belongs to one thread.
 */

/* Room for `size` bytes with one reference, to be filled through
 * weir_buffer_bytes(). NULL when out of memory. */
WEIR_API weir_buffer *weir_buffer_create(size_t size);

/* A copy. */
WEIR_API weir_buffer *weir_buffer_copy(const void *bytes, size_t size);

/* Memory of yours; `release` (NULL allowed) is called with the last
 * weir_buffer_unref(). NULL when out of memory: it is still yours then. */
WEIR_API weir_buffer *weir_buffer_wrap(void *bytes, size_t size,
                                       weir_release_cb *release,
                                       void *argument);

WEIR_API void *weir_buffer_bytes(weir_buffer *buffer);
WEIR_API size_t weir_buffer_size(const weir_buffer *buffer);
WEIR_API weir_buffer *weir_buffer_ref(weir_buffer *buffer);
WEIR_API void weir_buffer_unref(weir_buffer *buffer);

/* ------------------------------------------------------------------ pipes */

/*
 * Everything read from `from` is written to `to`, at the speed of `to`: while
 * more than 64 KiB wait there, `from` is not read. On Linux bulk is moved
 * inside the kernel, by splice(2), where the kernel, the sockets and the number
 * of descriptors allow it; elsewhere, and when messages are small, it is
 * copied. Nothing tells the two apart but their cost. The end of `from` ends
 * `to`.
 * If `from` closes before that, `to` is reset, so that a stream cut short is
 * not taken for a whole one. An end or a reset of `from` stands behind what
 * came before it: while `to` is full it waits for its turn, and a time-out of
 * either is what limits that. If `to` closes or cannot be written, `from` is
 * destroyed, as it is when bytes come after you have ended `to`; but while an
 * answer is on its way to `from`, through a second pipe, what `from` sends is
 * thrown away until it has that. `data` and `end` of `from` and `drain` of `to`
 * are not told while the pipe stands; all other events are.
 *
 * A proxy is two pipes, one for each direction; an echo is one, from a socket
 * to itself. Both sockets must be of one loop and connected or connecting; each
 * can be the source of one pipe and the destination of one. -EINVAL when one is
 * NULL or they are of different loops, -EBUSY when one of the two places is
 * taken or `from` is closing, -ENOTCONN, -EPIPE when `to` is ending, -EBADF,
 * -ENOMEM.
 */
WEIR_API int weir_socket_pipe(weir_socket *from, weir_socket *to);

/* For those who keep the rest in their own hands: bytes flow at the speed of
 * `to`, and nothing else is carried over. `end` of `from` and `drain` of `to`
 * are told; the end, the close of either and a write that fails take the pipe
 * away, and then bytes come as `data` again. Those that `to` refused come
 * first, to whoever reads next: an event table, another pipe,
 * weir_socket_read_wait() of weir/blocking.h. (Without memory to keep them
 * `from` fails with ENOMEM.) Both kinds of pipe suspend the half-open rule of
 * `to`, which holds again when the pipe has gone. Errors as of
 * weir_socket_pipe(), and -EPIPE when `from` has ended. */
WEIR_API int weir_socket_pipe_bytes(weir_socket *from, weir_socket *to);

/* Takes the pipe away: `from` is read by its own events again. What was read
 * is written, before all that you write from then on. If the other side of `to`
 * has ended meanwhile, the half-open rule ends `to`. -EINVAL when there is
 * none. */
WEIR_API int weir_socket_unpipe(weir_socket *from);

/* ------------------------------------------------------------------ names */

typedef struct weir_lookup_options {
    int family;              /* AF_INET or AF_INET6; default both */
    bool dns_only;           /* ask name servers, do not read the hosts file */
    weir_resolver *resolver; /* one of the same loop; default: the loop's own */
} weir_lookup_options;

/* The addresses, each once, with port 0, in the order of RFC 6724; or a
 * negative status and none. They are gone when the callback returns, and so is
 * the lookup. */
typedef void weir_lookup_cb(weir_lookup *lookup, int status,
                            const weir_address *addresses, size_t count);

/* Looks a name up: hosts file, then the name servers of resolv.conf, on this
 * loop. The hosts file decides for a name as a whole: a family that it does not
 * list is WEIR_ENODATA, and no server is asked. A literal address is its own
 * answer (WEIR_ENODATA for one of another family than asked for); localhost and
 * names below it are loopback addresses, names below "invalid" do not exist
 * (RFC 6761). Names that cannot be host names, such as digits and dots that are
 * no address, are WEIR_EBADNAME. -EINVAL for a NULL, an empty host or a bad
 * family, -ENAMETOOLONG above 253 bytes, -ENOMEM, -EMFILE, -EACCES or -EIO when
 * resolv.conf cannot be read, -ECANCELED while the loop is being destroyed,
 * -EBADF in a forked child whose parent's it is. */
WEIR_API int weir_lookup_start(weir_lookup **lookup, weir_loop *loop,
                               const char *host,
                               const weir_lookup_options *options,
                               weir_lookup_cb *cb, void *data);

/* Gives the lookup up: no callback comes, the lookup is gone. */
WEIR_API void weir_lookup_cancel(weir_lookup *lookup);

WEIR_API void *weir_lookup_data(const weir_lookup *lookup);
WEIR_API const char *weir_lookup_host(const weir_lookup *lookup);
WEIR_API weir_loop *weir_lookup_loop(const weir_lookup *lookup);
WEIR_API void weir_lookup_ref(weir_lookup *lookup);
WEIR_API void weir_lookup_unref(weir_lookup *lookup);

typedef struct weir_resolver_options {
    const char *servers; /* "127.0.0.1:5353,[::1]"; default: resolv.conf */
    unsigned timeout;    /* of the first try; default: resolv.conf, or what
                            c-ares has (5000 in 1.18, 2000 in 1.34, which
                            waits 250 at least, and for a server that it has
                            come to know five times its average) */
    unsigned tries;      /* per server; default likewise (4, 3) */
} weir_resolver_options;

/* How this loop looks names up from now on; NULL: as at the beginning. Lookups
 * that are under way end as they began. -EINVAL for a NULL loop, and for
 * servers that are not addresses; -ECANCELED while the loop is being destroyed;
 * -ENOMEM; -EMFILE, -EACCES or -EIO when resolv.conf cannot be read. */
WEIR_API int weir_resolver_configure(weir_loop *loop,
                                     const weir_resolver_options *options);

/* One more way to look names up, beside the loop's own, for lookups that name
 * it. Errors as above, and -EINVAL for a NULL. It is gone when it is destroyed,
 * or with its loop. */
WEIR_API int weir_resolver_create(weir_resolver **resolver, weir_loop *loop,
                                  const weir_resolver_options *options);

/* Its lookups are given up as by weir_lookup_cancel(). NULL is allowed. */
WEIR_API void weir_resolver_destroy(weir_resolver *resolver);

#ifdef __cplusplus
}
#endif

#endif
