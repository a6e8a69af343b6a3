/*
 * weir/net.h - stream sockets with backpressure, half-open ends and timeouts
 *
 * TCP over IPv4 and IPv6, and UNIX stream sockets; clients and servers. This is
 * the second chapter of the manual, after reactor.h: what holds everywhere,
 * addresses, sockets (their events, connecting, writing, reading, ending,
 * options), servers, shared buffers, pipes, names, and all errors. Waiting for
 * one socket while the loop stands still is in blocking.h. How the parts play
 * together is told in docs/guide.md.
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

/* ---------------------------------------------- rules that hold everywhere */

/*
 * Those of reactor.h, and:
 *
 * - Sockets, servers and lookups are owned by their loop: created, used, and
 *   gone after their `close` event (a lookup: after its callback). Until that
 *   event has returned the pointer is good for every call; a call that makes no
 *   sense any more answers with an error (-EBADF after the destroy) or does
 *   nothing, it does not crash.
 * - Tables of events are kept by pointer and must stay as long as anything uses
 *   them: `static const` is right.
 * - Options are structs in which zero means "default"; NULL means all of it.
 *   Begin with `{ 0 }` or with named members, so that the members of later
 *   versions are zero.
 * - Times are milliseconds (those of keep-alive seconds, as the system has
 *   them), sizes are bytes, ports are host byte order.
 * - What a call refuses it has not touched: after an error nothing was queued,
 *   taken over or changed, unless the call says otherwise.
 * - A NULL where something must be is -EINVAL if that stands with the call;
 *   other calls do not look for it.
 */

/* ------------------------------------------------------------------ types */

/* They are opaque.
 *
 * - weir_socket: a connection, or one that is to be. 176 bytes on 64-bit Linux,
 *   its idle timeout included; limits, pipes and what connecting needs are
 *   allocated when they are first used.
 * - weir_server: a listening socket, and the count of its connections.
 * - weir_buffer: bytes with a reference count, for any number of write queues.
 * - weir_lookup: a name being looked up.
 * - weir_resolver: whom to ask for names and how patiently, beside the loop's
 *   own way. */
typedef struct weir_socket weir_socket;
typedef struct weir_server weir_server;
typedef struct weir_buffer weir_buffer;
typedef struct weir_lookup weir_lookup;
typedef struct weir_resolver weir_resolver;

/* -------------------------------------------------------------- addresses */

/* An address of any family. A value: copy it, keep it, compare it with
 * weir_address_equal(). Zeroed, or from a call that failed, it is "no address",
 * which every call that takes an address refuses with -EINVAL. Nothing here
 * asks the network: a host name is no address. */
typedef struct weir_address {
    uint32_t length; /* of `name` in bytes; 0: no address */
    uint32_t flags;  /* private */
    union {          /* for the system calls that weir does not make for you */
        struct sockaddr any;
        struct sockaddr_in ipv4;  /* AF_INET */
        struct sockaddr_in6 ipv6; /* AF_INET6 */
        struct sockaddr_un local; /* AF_UNIX */
    } name;
} weir_address;

/* Every address of this machine, for a server; or, as `local` of
 * weir_connect_options, whichever of them, with a port of your choice.
 *
 * It is "::" with IPv4 taken too, for which weir_server_listen() takes 0.0.0.0
 * where IPv6 is switched off, and an attempt to connect to an IPv4 address
 * binds to 0.0.0.0. (The "::" of weir_address_ip() is itself alone.) Port 0:
 * the system picks one, which weir_server_address() tells. "No address" when
 * port is above 65535. */
WEIR_API weir_address weir_address_any(unsigned port);

/* 127.0.0.1. "No address" when port is above 65535. */
WEIR_API weir_address weir_address_loopback(unsigned port);

/* From a literal IPv4 or IPv6 address, without brackets; an IPv6 address may
 * have a scope, by name or number ("fe80::1%eth0"; RFC 4007, section 11).
 * -EINVAL when it is not one or NULL, -ERANGE when port is above 65535, -ENODEV
 * when the scope does not exist. */
WEIR_API int weir_address_ip(weir_address *address, const char *ip,
                             unsigned port);

/* A UNIX socket's path, of `length` bytes without the NUL behind it; or, on
 * Linux, an abstract name: `path` begins with a NUL and all `length` bytes
 * count (unix(7)). That has no file, and nothing to remove.
 *
 *     weir_address_unix(&address, "/run/app.sock", 13);
 *     weir_address_unix(&address, "\0app", 4);
 *
 * -ENAMETOOLONG when it does not fit (107 bytes on Linux, 103 on macOS and the
 * BSDs, abstract 108): it is never cut short, since that would be another file.
 * -EINVAL when it is NULL or empty or, for a path, has a NUL inside; -ENOTSUP
 * for an abstract name where there are none. */
WEIR_API int weir_address_unix(weir_address *address, const char *path,
                               size_t length);

/* From a text as weir_address_text() prints it: "127.0.0.1:80", "[::1]:80",
 * "unix:/tmp/socket", "unix:@abstract" (in which `\0` is a NUL and `\\` a
 * backslash), "unix:\@path" for a path that begins with @ or \. The port and
 * IPv6's brackets must be there. -EINVAL when it is not such a text, a host
 * name included, and what weir_address_ip() and weir_address_unix() say. */
WEIR_API int weir_address_parse(weir_address *address, const char *text);

/* Prints the address, always with a NUL, so that weir_address_parse() gives it
 * back. Gives the length without the NUL.
 *
 * Two texts it does not give back: "unix:", for a UNIX socket without a name,
 * as a client's usually is, and "no address". -ENOSPC when `size` is too small
 * (WEIR_ADDRESS_TEXT never is), and nothing is written then; -EINVAL when
 * address is NULL. */
WEIR_API int weir_address_text(const weir_address *address, char *text,
                               size_t size);
enum { WEIR_ADDRESS_TEXT = 256 }; /* room for every text, with its NUL */

/* The same without the port, and without brackets or "unix:"; a path as it is,
 * an abstract name with @ for each NUL; nothing for "no address". */
WEIR_API int weir_address_host(const weir_address *address, char *text,
                               size_t size);

/* 0 for a UNIX socket and for "no address". */
WEIR_API unsigned weir_address_port(const weir_address *address);

/* AF_INET, AF_INET6, AF_UNIX; AF_UNSPEC for "no address" and for NULL. */
WEIR_API int weir_address_family(const weir_address *address);

/* The same family, host, port and scope, or path. Two times "no address" are
 * equal; 127.0.0.1 and ::ffff:127.0.0.1 are not. */
WEIR_API bool weir_address_equal(const weir_address *a, const weir_address *b);

/* ----------------------------------------------------- a socket's events */

/*
 * One constant table serves all sockets of a kind. Every entry may be NULL;
 * what happens then stands with it, if it is more than that nothing is told.
 *
 * The order of events: `lookup` and `attempt`, `connect`, then `data`, `drain`
 * and `timeout` in any order (`timeout` may come before `connect`), `end` after
 * the last `data`, at most one `error`, and `close`, which is always the last,
 * comes exactly once for every socket that was created, and comes after the
 * callbacks of all writes.
 */
typedef struct weir_socket_events {
    /* A name was looked up: one call for each address found (status 0; its port
     * is 0; in the order of the answers), or, when there was none at all, one
     * with a negative status and a NULL address. `host` is the name as you gave
     * it. A literal address is not looked up. */
    void (*lookup)(weir_socket *socket, int status, const weir_address *address,
                   const char *host);

    /* A connection attempt: status 0 when it begins, its error when it failed
     * (others may still be under way). */
    void (*attempt)(weir_socket *socket, int status,
                    const weir_address *address);

    /* The connection stands. Not for accepted and adopted sockets. */
    void (*connect)(weir_socket *socket);

    /* Where the next bytes shall go: give a buffer and set *size, at least 1.
     * Asked directly before each read. NULL as the entry or as the answer, or a
     * size of 0: the loop's own buffer. Have `data` as well: nothing else tells
     * what is in yours. */
    void *(*buffer)(weir_socket *socket, size_t *size);

    /* Bytes have come, from one to *size in your buffer, or to 512 KiB in the
     * loop's, which holds good until this returns. Without this entry they are
     * read and thrown away; while the socket has no table at all they are not
     * read. */
    void (*data)(weir_socket *socket, const void *bytes, size_t length);

    /* The peer's FIN was read: no data after this. If half-open is not allowed,
     * weir_socket_end() follows by itself when this has returned. There is none
     * after a reset, which cuts the stream: that is an `error`. */
    void (*end)(weir_socket *socket);

    /* While reading is paused, and nothing is read that would tell: the peer
     * has ended its side, or the connection is broken. Told anew after each
     * pause, and perhaps more than once. weir_socket_waiting() says whether
     * bytes wait before that; if not, resuming tells `end` or `error` alone.
     * Without this entry it is found when reading is resumed. */
    void (*hangup)(weir_socket *socket);

    /* The queue is empty again after a write that answered WEIR_WAIT; also
     * after weir_socket_end(), and if the connection ends with that. What this
     * writes has an answer of its own to be looked at. */
    void (*drain)(weir_socket *socket);

    /* Nothing was read or written for the time set with
     * weir_socket_set_timeout(). Nothing is closed; it comes again after there
     * was activity and then none. */
    void (*timeout)(weir_socket *socket);

    /* What went wrong, told after the data that had arrived before it;
     * weir_socket_failure() and weir_socket_error_text() tell more. `close`
     * follows: in the same turn, or, when only writing failed, when reading has
     * come to its end too, for which a paused socket must be resumed (or
     * destroyed). Without this entry the socket just closes. */
    void (*error)(weir_socket *socket, int error);

    /* The last event; the socket is gone when it returns. `had_error` says
     * whether there was an error, told or not. */
    void (*close)(weir_socket *socket, bool had_error);
} weir_socket_events;

/* ------------------------------------------------- creating and connecting */

/* What is set on a TCP connection from its beginning; what is 0 stays as the
 * system has it. Ignored for UNIX sockets. An option that the system refuses
 * fails the connect (as `error`, by the call "setsockopt") or the listen; a
 * `tos` above 255 and a keep-alive value above INT_MAX are -EINVAL at the
 * call. */
typedef struct weir_tcp_options {
    bool no_delay;   /* see weir_socket_set_no_delay() */
    bool keep_alive; /* see weir_socket_set_keep_alive(); in seconds: */
    unsigned keep_alive_delay, keep_alive_interval, keep_alive_count;
    unsigned tos; /* see weir_socket_set_tos() */
    /* The kernel's; set before the handshake, so that the window can be scaled
     * to them. By default Linux adapts them to the connection, which is usually
     * better (tcp(7)). */
    unsigned send_buffer, receive_buffer;
} weir_tcp_options;

/* Prepares a descriptor that has just been made, and has its options, for what
 * there is no option for (SO_BINDTODEVICE, TCP_USER_TIMEOUT): called before it
 * is bound, connected or listened on. A negative errno gives this descriptor
 * up; 0 or above goes on. The descriptor stays weir's; `family` is AF_INET,
 * AF_INET6 or AF_UNIX.
 *
 *     static int by_interface(int fd, int family, void *name)
 *     {
 *         socklen_t length = (socklen_t)strlen(name);
 *
 *         if (family != AF_UNIX &&
 *             setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, length) < 0)
 *             return -errno;
 *         return 0;
 *     }
 *
 *     weir_connect_options options = { .prepare = by_interface,
 *                                      .prepare_argument = "eth1" };
 */
typedef int weir_prepare_cb(int fd, int family, void *argument);

/* How to connect. */
typedef struct weir_connect_options {
    /* Bind to this first; port 0: any. Attempts to addresses of another family
     * fail with EAFNOSUPPORT. For a port alone weir_address_any(), which is of
     * every family. A UNIX path is yours to remove. */
    const weir_address *local;

    /* Until the connection stands, names included; -ETIMEDOUT. Default: the
     * system's, on Linux about two minutes (tcp_syn_retries). */
    unsigned timeout;

    /* Between attempts to several addresses; default 250, at least 10 (RFC
     * 8305, section 5). */
    unsigned attempt_delay;

    int family; /* AF_INET or AF_INET6: only such addresses; default both */
    weir_tcp_options tcp;

    /* Whom weir_socket_connect_host() asks for the name; default: the loop's
     * own. It may be destroyed meanwhile. */
    weir_resolver *resolver;

    /* For the descriptor of each attempt, from the loop, and it may do
     * anything, destroy the socket as well. Its error is that attempt's, by the
     * call "prepare", and the next address is tried. */
    weir_prepare_cb *prepare;
    void *prepare_argument; /* not copied: to be there until the socket is
                               connected or closed */
} weir_connect_options;

/* A socket that is not connected yet. `events` may be NULL and be set later;
 * `data` is a pointer of yours.
 *
 * It does not keep the loop going until it connects. It is freed by
 * weir_socket_destroy(), or with the loop; `close` comes either way. -EINVAL
 * when socket or loop is NULL, -ENOMEM, -ECANCELED while the loop is being
 * destroyed; `*socket` is NULL then. */
WEIR_API int weir_socket_create(weir_socket **socket, weir_loop *loop,
                                const weir_socket_events *events, void *data);

/* Connects; the outcome comes as an event. Writes and weir_socket_end() may
 * follow at once: they wait for the connection.
 *
 * The address and the options are copied. A socket connects once: for another
 * try create another one. If the backlog of a UNIX socket is full, it is tried
 * again (after 10, 20, 40 ms, later every 250) until there is room or `timeout`
 * has passed.
 *
 * -EINVAL for a NULL, a bad address or option, or an address that is not of
 * `options->family`; -EISCONN or -EALREADY when it is connected or connecting;
 * -EBADF; -ENOMEM; -ECANCELED while the loop is being destroyed. Everything
 * else, also what fails at once (ECONNREFUSED, ENETUNREACH, EMFILE), comes as
 * `attempt`, `error` and `close`. */
WEIR_API int weir_socket_connect(weir_socket *socket,
                                 const weir_address *address,
                                 const weir_connect_options *options);

/* To the first of several addresses that answers, in the order given, for
 * programs that look names up by themselves.
 *
 * The next one is tried when one fails, or has not answered for
 * `options->attempt_delay`. Earlier attempts live on, each with a descriptor.
 * At most 16 are under way: another one takes the place of the oldest
 * (-ETIMEDOUT), but waits until that has had 4 s, which with the default delay
 * it always has.
 *
 * `attempt` tells the beginning and the failure of each attempt once. Those
 * that are under way when another one wins, or when the socket is done with,
 * are given up without a word. -EINVAL also when `count` is 0. */
WEIR_API int weir_socket_connect_any(weir_socket *socket,
                                     const weir_address *addresses,
                                     size_t count,
                                     const weir_connect_options *options);

/* The same by name (or literal address): all addresses are raced as RFC 8305
 * says.
 *
 * Both families are looked up at the same time. Attempts begin with the first
 * IPv6 answer, or 50 ms after the first IPv4 answer; families take turns. When
 * nothing connects, the error told is the first that came from elsewhere
 * (ECONNREFUSED) rather than one that says something of this machine
 * (ENETUNREACH, EMFILE).
 *
 *     weir_connect_options options = { .timeout = 5000 };
 *
 *     weir_check(weir_socket_create(&s, loop, &events, NULL));
 *     weir_check(weir_socket_connect_host(s, "example.org", 80, &options));
 *     weir_socket_write(s, request, length, NULL, NULL);
 *
 * The errors of weir_socket_connect(), and -EINVAL when host is NULL or empty
 * or the resolver another loop's, -ENAMETOOLONG above 253 bytes, -ERANGE when
 * port is above 65535; -EMFILE or -EIO when resolv.conf cannot be
 * read. */
WEIR_API int weir_socket_connect_host(weir_socket *socket, const char *host,
                                      unsigned port,
                                      const weir_connect_options *options);

/* Takes over a connected stream socket that came from elsewhere: inherited,
 * from socketpair(), from another library.
 *
 * It is open when this returns, without a `connect` event; it is made
 * non-blocking (which belongs to the open file, and is seen by all who have it)
 * and close-on-exec, and closed with the socket.
 *
 * After an error it is still yours (perhaps already non-blocking): -EBADF (also
 * when the weir socket is destroyed), -ENOTSOCK, -EINVAL when it is not a
 * stream socket or socket is NULL, -EAFNOSUPPORT when it is neither TCP nor
 * UNIX, -ENOTCONN, -EEXIST when this loop watches it already, -EISCONN when the
 * weir socket is connected or connecting, -ECANCELED while the loop is being
 * destroyed. */
WEIR_API int weir_socket_adopt(weir_socket *socket, int fd);

/* The inverse: gives the descriptor of a connection that stands, and the
 * connection goes on without the socket; for a TLS library, another loop
 * (weir_socket_adopt()), another process.
 *
 * It is yours to close, non-blocking and close-on-exec, and has the options
 * that were set. No byte is lost: what has come and was not told waits in it,
 * after the peer's FIN the next read gives 0, and after weir_socket_end() it is
 * shut down for writing. (What was told, also in the event that calls this, is
 * yours to pass on.)
 *
 *     int fd = weir_socket_release(socket);
 *
 *     if (fd >= 0)
 *         hand_over(worker, fd);
 *
 * To the socket it is like weir_socket_destroy(): of events only the callbacks
 * of writes that are done and `close`, without an error, are to come, and a
 * server counts it until then. A cork and a timeout end with it. It may be
 * called in any event of the socket, and the descriptor adopted at once, by the
 * same loop as well; in a forked child it gives the child's copy, and the
 * parent's socket notices nothing. Writing to the descriptor by other means may
 * raise SIGPIPE: ignore that, or use MSG_NOSIGNAL.
 *
 * -EBUSY while a write, or the FIN behind it, waits to be sent (wait for its
 * callback or `drain`; uncork), while a pipe reads from or writes to it
 * (weir_socket_unpipe()), and while bytes that a pipe gave back were not told;
 * -ENOTCONN while there is no connection; -EBADF after weir_socket_destroy(),
 * and when weir_socket_close() throws away what comes; what writing has failed
 * with; -EINVAL for a NULL. After an error nothing has changed. */
WEIR_API int weir_socket_release(weir_socket *socket);

/* Another table, at any time: what has been read goes to the old one, what
 * comes next to the new one.
 *
 * So a protocol can hand a connection on after its first message. The pointer
 * of yours stays as it is; set it before this, by weir_socket_set_data(), if it
 * is another one.
 *
 * NULL: nothing is read. What comes waits in the kernel, and an end or a reset
 * is not noticed until there is a table, a write fails or you close the socket.
 * `drain` and `timeout` wait for a table, whether that has them or not;
 * `hangup` and `error` wait for one that has them, as long as there is a
 * socket. Other events are told to nobody, also the `end` of a socket that
 * weir_socket_pipe_bytes() reads. */
WEIR_API void weir_socket_set_events(weir_socket *socket,
                                     const weir_socket_events *events);

/* ---------------------------------------------------------------- writing */

/*
 * A write tries the kernel first and queues only what that did not take. Any
 * write may be made at any time between weir_socket_connect() and
 * weir_socket_end(); what is written before the connection stands waits. There
 * is no SIGPIPE.
 */

/* What a write answers that has accepted its bytes. To ignore it is safe for
 * the data, not for the memory. */
enum {
    WEIR_SENT = 0, /* go on: less waits than the high-water mark */
    WEIR_WAIT = 1  /* better wait for `drain`: the mark is reached */
};

/* The bytes are with the kernel (status 0; whether they are with the peer only
 * an answer of it tells), or will never be: -ECANCELED after a destroy, -EPIPE,
 * -ECONNRESET and the like when writing failed, or what connecting failed with.
 * Exactly once for every write that was accepted, in the order of writing,
 * before `close`, never from inside the call. Everything may be done in it. */
typedef void weir_write_cb(weir_socket *socket, int status, void *argument);

/*
 * Writes a copy of the bytes, which are yours again when this returns. cb may
 * be NULL; argument is passed to it.
 *
 * A length of 0 is a write like any other: it is done when all before it are.
 *
 *     if (weir_socket_write(s, bytes, length, NULL, NULL) == WEIR_WAIT)
 *         stop_producing(s);
 *
 * Gives WEIR_SENT or WEIR_WAIT, or
 *
 * - -EINVAL: socket is NULL, or bytes is NULL and length is not 0;
 * - -ENOTCONN: it is not even connecting;
 * - -EPIPE: writing has ended (by weir_socket_end(), weir_socket_close() or the
 *   half-open rule) or failed;
 * - -EBADF: the socket is destroyed, by you, or since both sides have ended or
 *   the connection has broken: `close` is to come;
 * - -ENOBUFS: the hard limit of the queue would be passed;
 * - -ENOMEM;
 * - what send(2) said, such as -ECONNRESET; `error` follows as well.
 *
 * After an error nothing was accepted and cb does not come.
 */
WEIR_API int weir_socket_write(weir_socket *socket, const void *bytes,
                               size_t length, weir_write_cb *cb,
                               void *argument);

/* The same for several pieces: one write, one callback. -EINVAL also for a
 * count below 0 or above 1,024, and for a NULL piece that has a length. */
WEIR_API int weir_socket_writev(weir_socket *socket, const struct iovec *pieces,
                                int count, weir_write_cb *cb, void *argument);

/* Gives memory back that was handed over. */
typedef void weir_release_cb(void *bytes, size_t length, void *argument);

/* Writes without copying: the bytes belong to weir until `release` is called,
 * with the same argument as cb, when they are with the kernel or given up:
 * before cb, never from inside this call.
 *
 * It allocates a small header, so it pays for large pieces only. -EINVAL also
 * when `release` is NULL. After an error the bytes are still yours, and
 * `release` does not come. */
WEIR_API int weir_socket_write_owned(weir_socket *socket, void *bytes,
                                     size_t length, weir_release_cb *release,
                                     weir_write_cb *cb, void *argument);

/* Writes a shared buffer without copying: takes a reference of its own and
 * drops it when done; yours stays yours. One buffer can be in any number of
 * queues. -EINVAL also when `buffer` is NULL. */
WEIR_API int weir_socket_write_buffer(weir_socket *socket, weir_buffer *buffer,
                                      weir_write_cb *cb, void *argument);

/* Bytes that were accepted and are not yet with the kernel; what is in the
 * kernel's own buffer does not count. Exact, O(1). 0 after the destroy. */
WEIR_API size_t weir_socket_buffered(const weir_socket *socket);

/* A write answers WEIR_WAIT when at least this much waits after it. Default 1:
 * as soon as anything waits. 0 sets the default. It refuses nothing, and
 * `drain` comes when the queue is empty, not when it falls below this.
 * -ENOMEM. */
WEIR_API int weir_socket_set_high_water(weir_socket *socket, size_t mark);

/* The hard limit: a write that could bring the queue above it is refused with
 * -ENOBUFS, and nothing of it is taken.
 *
 * That depends on what waits and on the length of the write, not on what the
 * kernel would take: a write that is longer than the limit is always refused.
 * Default 0: no limit. It does not hold while a pipe flows into the socket:
 * pipes have a bound of their own. -ENOMEM. */
WEIR_API int weir_socket_set_write_limit(weir_socket *socket, size_t limit);

/* Holds writes back until there were as many calls of uncork as of cork: they
 * go out together, in as few system calls and packets as will do.
 *
 * Around the answers to all requests of one `data`, for example, ten of them
 * are one system call. It is a cork of weir's own queue, not TCP_CORK; what it
 * holds counts as buffered.
 *
 * weir_socket_end() lets them go, the FIN behind them. After it, and when
 * writing has failed, neither does anything, and both answer 0: an uncork
 * behind the end is none too many. At most 255 deep; -EINVAL beyond, or when
 * not corked. */
WEIR_API int weir_socket_cork(weir_socket *socket);
WEIR_API int weir_socket_uncork(weir_socket *socket);

/* ----------------------------------------------------- reading and pausing */

/* No `data` and no `end` after this returns. Nothing is read any more, so that
 * TCP's window closes and the peer has to wait.
 *
 * No system call; in any state, also before connecting. Without effect after
 * weir_socket_close(), which tells nothing of what it reads.
 *
 * A reset is not noticed either, but `hangup` tells that the peer has ended or
 * reset. A write that fails and the idle timeout are told as ever. */
WEIR_API void weir_socket_pause(weir_socket *socket);

/* Reads again. What has arrived meanwhile is told in the next turn. */
WEIR_API void weir_socket_resume(weir_socket *socket);

/* True between pause and resume. */
WEIR_API bool weir_socket_paused(const weir_socket *socket);

/* Bytes that have come and were not read. In `hangup`, 0 means that resuming
 * tells `end` or `error` and no `data`. -ENOTCONN while there is no connection,
 * -EBADF when it is closed, -EINVAL for NULL, or what the system says. */
WEIR_API int weir_socket_waiting(const weir_socket *socket);

/* ----------------------------------------------------------------- ending */

/* Four ways, which docs/guide.md#four-ways-to-end has side by side. */

/* Half-close: sends FIN behind everything that was written, also what waits for
 * the connection. Reading goes on until the peer's FIN, without any limit; then
 * the socket closes.
 *
 * Set an idle timeout if the peer may not end. 0, also when it is ending
 * already or writing has failed; -ENOTCONN when it is not even connecting,
 * -EBADF after the destroy, -EINVAL for NULL. */
WEIR_API int weir_socket_end(weir_socket *socket);

/* For when you are through with a peer and want the last bytes to arrive: like
 * weir_socket_end(), and what still comes is read and thrown away, without
 * `data` and `end`, until the peer's FIN, for at most 5 s and 1 MiB after ours;
 * then the socket closes. (A plain close() with unread bytes sends a reset, and
 * that can overtake the answer: RFC 1122, 4.2.2.13; RFC 2525, 2.17.)
 *
 * Until our FIN there is no limit: how long a slow peer may take for what is
 * queued is the idle timeout's business. From the FIN on weir_socket_timeout()
 * is 0, and setting it does nothing. It resumes a paused socket, works without
 * a table, and takes pipes away: what flowed out of the socket is cut, with a
 * reset. A socket that is not connected is destroyed. Harmless when closing
 * already. */
WEIR_API void weir_socket_close(weir_socket *socket);

/* At once, in every state: the descriptor is closed when this returns, lookups
 * and attempts are given up. No event comes after it but the callbacks of the
 * writes that were not done (-ECANCELED) and `close`, in the next turn. An
 * error that was not told yet is not told any more, but `close` says that there
 * was one. Harmless when destroyed already.
 *
 * What waits in the queue is lost. What is with the kernel is still sent, if
 * nothing unread is there; otherwise the peer gets a reset. A connection of
 * which a forked child has a copy is the child's from then on;
 * weir_socket_end() and weir_socket_reset() reach the peer all the same. */
WEIR_API void weir_socket_destroy(weir_socket *socket);

/* Like weir_socket_destroy(), and the peer gets a reset (RST, by an SO_LINGER
 * of 0): what is still on its way is discarded, perhaps even what its system
 * has and its program has not read (not on Linux), and it learns that the
 * stream was cut (ECONNRESET).
 *
 * While connecting that holds for attempts that have succeeded just then, which
 * a destroy ends with a FIN. For UNIX sockets the same as destroy. weir does
 * the same by itself when an error of its own (ENOBUFS, ENOMEM, a pipe's
 * partner that broke) gives up bytes that were accepted. */
WEIR_API void weir_socket_reset(weir_socket *socket);

/* If allowed, the peer's FIN ends only reading, and writing goes on until
 * weir_socket_end().
 *
 * If not, that follows by itself when `end` has returned; what was written
 * before, also in `end`, is still sent. Default: not allowed, or the server's
 * setting. It may be changed at any time: forbidden after that FIN, it ends
 * writing in the next turn. */
WEIR_API void weir_socket_set_half_open(weir_socket *socket, bool allowed);

/* The `timeout` event after so many ms in which nothing was read or written; 0:
 * never (default); at most 2^32 - 1, which is 49 days.
 *
 * Bytes that came from or went to the kernel are activity; a write that only
 * queues is none, so a peer that takes nothing times out. It counts while
 * paused, without a table and before there is a connection as well, from the
 * loop's clock in the turn of the last activity, and is never early. Setting it
 * starts anew.
 *
 * Nothing is closed, that is for the event to do. It costs a store per read or
 * write, no timer operation and no allocation, and does not keep the loop
 * going: the socket does. */
WEIR_API void weir_socket_set_timeout(weir_socket *socket, uint32_t timeout);
WEIR_API uint32_t weir_socket_timeout(const weir_socket *socket);

/* ---------------------------------------------------------------- options */

/*
 * Each is -ENOTCONN before there is a connection (use weir_tcp_options for what
 * shall hold from its beginning), -EBADF after weir_socket_destroy(), -EINVAL
 * for NULL, or what the system says: -ENOTSUP or -ENOPROTOOPT for TCP's options
 * on a UNIX socket.
 */

/* TCP_NODELAY: sends small writes at once instead of waiting for the last one's
 * ACK (Nagle's algorithm, RFC 896). Default off, as the system's. On for
 * request and response in small messages; or write each message with one
 * call. */
WEIR_API int weir_socket_set_no_delay(weir_socket *socket, bool enabled);

/* SO_KEEPALIVE: probes an idle connection, to notice a peer that vanished (its
 * system; of its program only the idle timeout tells).
 *
 * The first time after `delay` seconds, then every `interval` seconds; it gives
 * up after `count` probes, with ETIMEDOUT as `error`. 0 leaves a value as it is
 * (tcp(7): TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT). -EINVAL for a value that
 * the system does not take (Linux: above 32,767 seconds or 127 probes). OpenBSD
 * has one setting for all connections (net.inet.tcp.keepidle): -ENOTSUP for any
 * other than 0. */
WEIR_API int weir_socket_set_keep_alive(weir_socket *socket, bool enabled,
                                        unsigned delay, unsigned interval,
                                        unsigned count);

/* The TOS byte of IPv4 (IP_TOS), or IPv6's traffic class (IPV6_TCLASS). -EINVAL
 * above 255. Linux may keep the two ECN bits to itself. */
WEIR_API int weir_socket_set_tos(weir_socket *socket, unsigned tos);
WEIR_API int weir_socket_tos(const weir_socket *socket);

/* The kernel's buffers (SO_SNDBUF, SO_RCVBUF), which it does not size by itself
 * any more then. Linux doubles what is set, cuts it at net.core.wmem_max and
 * rmem_max, and gives the double. */
WEIR_API int weir_socket_set_send_buffer(weir_socket *socket, unsigned size);
WEIR_API int weir_socket_set_receive_buffer(weir_socket *socket, unsigned size);
WEIR_API int weir_socket_send_buffer(const weir_socket *socket);
WEIR_API int weir_socket_receive_buffer(const weir_socket *socket);

/* ------------------------------------------------------ asking a socket */

/* What weir_socket_get_state() gives. */
typedef enum weir_socket_state {
    WEIR_SOCKET_NEW,        /* created, not connecting */
    WEIR_SOCKET_CONNECTING, /* looking names up, or trying addresses */
    WEIR_SOCKET_OPEN,       /* both directions */
    WEIR_SOCKET_READ_ONLY,  /* writing has ended, is ending (something still
                               waits), or has failed */
    WEIR_SOCKET_WRITE_ONLY, /* the peer's FIN was read */
    WEIR_SOCKET_CLOSED      /* destroyed; `close` is to come, or being told */
} weir_socket_state;

/* The state, by what has been told or done so far: a FIN that waits in the
 * kernel, because the socket is paused, does not count. */
WEIR_API weir_socket_state weir_socket_get_state(const weir_socket *socket);

/* The loop that it belongs to. */
WEIR_API weir_loop *weir_socket_loop(const weir_socket *socket);

/* The pointer of yours: the one of weir_socket_create(), or for an accepted
 * socket of weir_server_set_socket_events(), NULL without that. */
WEIR_API void *weir_socket_data(const weir_socket *socket);
WEIR_API void weir_socket_set_data(weir_socket *socket, void *data);

/* The server that accepted it, or NULL. It outlives the socket, so it is good
 * in every event of that. */
WEIR_API weir_server *weir_socket_server(const weir_socket *socket);

/* The descriptor; -1 while there is none. It stays weir's: set options on it
 * that weir does not know; do not read, write, watch or close it. */
WEIR_API int weir_socket_fd(const weir_socket *socket);

/* The two ends of the connection, asked of the kernel each time. In `close` it
 * is too late: keep a copy. -ENOTCONN while there is no connection (of the
 * remote end the system says it also when the connection was reset), -EBADF
 * after the destroy, -EINVAL for a NULL. After an error `*address` is "no
 * address". */
WEIR_API int weir_socket_local_address(const weir_socket *socket,
                                       weir_address *address);
WEIR_API int weir_socket_remote_address(const weir_socket *socket,
                                        weir_address *address);

/* Bytes that came from, and went to, the kernel; also in `close`. */
WEIR_API uint64_t weir_socket_bytes_read(const weir_socket *socket);
WEIR_API uint64_t weir_socket_bytes_written(const weir_socket *socket);

/* The first error; 0 when there was none.
 *
 * `*call` is the call that failed, "lookup", "socket", "setsockopt", "prepare",
 * "bind", "connect", "read", "write" or "pipe" (static; NULL without an error);
 * `*address` is what it was about, or "no address", as for a lookup and for a
 * peer that the system has forgotten after a reset. `call` and `address` may be
 * NULL. If memory ran out while the error was noted, these two are missing, but
 * never the error. */
WEIR_API int weir_socket_failure(const weir_socket *socket, const char **call,
                                 weir_address *address);

/* The same as a text for people.
 *
 *     connect ECONNREFUSED 127.0.0.1:81: connection refused
 *     lookup ENOTFOUND no.such.host: name does not exist
 *
 * Of several attempts that failed it tells one; the `attempt` event tells all.
 * Cut to `size`, always with a NUL; 256 are enough but for a host name of more
 * than 200. */
WEIR_API void weir_socket_error_text(const weir_socket *socket, char *text,
                                     size_t size);

/* Whether the socket keeps weir_loop_run() going, from connecting until `close`
 * was told. It does at first. */
WEIR_API void weir_socket_ref(weir_socket *socket);
WEIR_API void weir_socket_unref(weir_socket *socket);

/* ---------------------------------------------------------------- servers */

/* A connection was accepted. It is not read until it has a table of events: the
 * server's (weir_server_set_socket_events()), or one of its own, by
 * weir_socket_set_events(), now or later. Writing works at once. To refuse it,
 * destroy or reset it. At most 64 are accepted in one turn. */
typedef void weir_connection_cb(weir_server *server, weir_socket *socket);

/* A constant table, like that of sockets; every entry may be NULL. */
typedef struct weir_server_events {
    /* A connection was accepted and closed at once: with a FIN because of the
     * maximum; with a reset, so that nobody takes it for an answer that is
     * empty, for want of descriptors or memory, or because the system refused
     * to watch it or its options. (UNIX sockets have no reset.) local or remote
     * is NULL where it is not known. */
    void (*drop)(weir_server *server, const weir_address *local,
                 const weir_address *remote);

    /* Accepting fails (-EMFILE, -ENFILE, -ENOMEM, ...). Told once when it
     * begins to fail, or to the table that comes while it does, and again only
     * after a connection was accepted; the server goes on by itself when it
     * can. Not told: a connection that was gone before it was accepted
     * (ECONNABORTED and the like; accept(2)). */
    void (*error)(weir_server *server, int error);

    /* After weir_server_close(), when the last connection is gone too. The
     * server is gone when it returns. */
    void (*close)(weir_server *server);
} weir_server_events;

/* How to listen. */
typedef struct weir_listen_options {
    /* Connections that wait to be accepted. Default 511; the system may cut it
     * (net.core.somaxconn, kern.ipc.somaxconn). */
    unsigned backlog;

    /* SO_REUSEADDR is set unless this is. With it a server can be started again
     * while old connections are in TIME_WAIT; two listeners on one port are
     * refused all the same (socket(7)). */
    bool no_reuse_address;

    /* SO_REUSEPORT: several listeners share the port. Linux spreads connections
     * over them: one for each loop is how a server uses several cores there. */
    bool reuse_port;

    /* "::" takes no IPv4. Set in any case, whatever the system's default is. */
    bool ipv6_only;

    /* Permissions of a UNIX socket's file, such as 0660, set before anybody can
     * connect, for which Linux asks for write permission. Default: by the
     * umask. */
    unsigned mode;

    weir_tcp_options tcp; /* of every accepted connection */

    /* For the listener, from inside of weir_server_listen(), which fails with
     * its error. Linux hands most of what it sets down to what is accepted;
     * elsewhere, and for what a listener refuses, set it in the connection
     * callback, on weir_socket_fd(). */
    weir_prepare_cb *prepare;
    void *prepare_argument; /* passed to it */
} weir_listen_options;

/* A server that does not listen yet; cb is called for each connection, `data`
 * is a pointer of yours.
 *
 * It does not keep the loop going until it listens. It is freed by
 * weir_server_close(), or with the loop; `close` comes either way. -EINVAL when
 * a pointer other than data is NULL, -ENOMEM, -ECANCELED while the loop is
 * being destroyed; `*server` is NULL then. */
WEIR_API int weir_server_create(weir_server **server, weir_loop *loop,
                                weir_connection_cb *cb, void *data);

/* The table of the server's own events; NULL for none. */
WEIR_API void weir_server_set_events(weir_server *server,
                                     const weir_server_events *events);

/* What sockets that are accepted from now on begin with: their table, and the
 * pointer that weir_socket_data() gives, one for all of them.
 *
 * The connection callback finds both set, and may set others. NULL (default):
 * neither, and such a socket is not read until it is given a table. Connections
 * that stand already keep theirs. May be called at any time. */
WEIR_API void weir_server_set_socket_events(weir_server *server,
                                            const weir_socket_events *events,
                                            void *data);

/* Another callback and another pointer, at any time, for what is accepted from
 * now on. cb must not be NULL. */
WEIR_API void weir_server_set_connection(weir_server *server,
                                         weir_connection_cb *cb, void *data);

/*
 * Binds, listens, and begins to accept.
 *
 * A UNIX socket's file that nobody listens on is replaced, so that a server
 * that crashed can start again; any other file, and one that a living socket is
 * bound to (which does not notice that it was asked), is -EADDRINUSE and left
 * alone.
 *
 * -EINVAL for a NULL, a bad address or option; -EALREADY when listening; -EBADF
 * when closing, and in a forked child whose parent's it is; -ECANCELED while
 * the loop is being destroyed; -EADDRINUSE;
 * -EACCES (a port below 1024, a directory without write permission);
 * -EADDRNOTAVAIL (not an address of this machine); -EMFILE, -ENFILE, -ENOMEM;
 * and what else bind(2), listen(2), chmod(2) and setsockopt(2) say. After an
 * error it may be called again, with another address.
 */
WEIR_API int weir_server_listen(weir_server *server,
                                const weir_address *address,
                                const weir_listen_options *options);

/* Takes over a listening socket that came from elsewhere, such as a service
 * manager's (sd_listen_fds(3): descriptor 3).
 *
 * It is made non-blocking and close-on-exec. A UNIX socket's file is not
 * removed at the end: somebody else made it.
 *
 * After an error it is still yours (perhaps already non-blocking): -EBADF (also
 * when the server is closing), -ENOTSOCK, -EINVAL when it does not listen or is
 * not a stream socket or server is NULL, -EAFNOSUPPORT when it is neither TCP
 * nor UNIX, -EALREADY when the server listens, -EEXIST when this loop watches
 * it already, -ECANCELED while the loop is being destroyed. */
WEIR_API int weir_server_adopt(weir_server *server, int fd);

/* Stops accepting, and closes the listening socket; a UNIX socket's file is
 * removed if it is still the one that this server made, wherever the program
 * has gone by chdir(2).
 *
 * Connections that wait in the backlog are reset by the system, those that were
 * accepted go on. `close` comes when the last one is gone, in a later turn,
 * until which the server keeps the loop going. Harmless when closing
 * already. */
WEIR_API void weir_server_close(weir_server *server);

/* The same, and connections that are left after `grace` ms (0: in the next
 * turn) are destroyed; so `close` comes soon after that at the latest.
 *
 * It ends no connection before: which of them have nothing to do but to wait
 * for their client is the program's knowledge. It ends those at once, and the
 * others after the answer that they are at.
 *
 *     static int end_if_idle(weir_socket *socket, void *unused)
 *     {
 *         struct client *client = weir_socket_data(socket);
 *
 *         client->last_request = true;
 *         if (!client->in_request)
 *             weir_socket_end(socket);
 *         return 0;
 *     }
 *
 *     weir_server_shutdown(server, 10000);
 *     weir_server_each(server, end_if_idle, NULL);
 *
 * Called again, after weir_server_close() as well, the grace begins anew,
 * longer or shorter. It is of the loop's time, as of weir_timer_start(). */
WEIR_API void weir_server_shutdown(weir_server *server, uint64_t grace);

/* Accepts nothing for so many ms (0: until weir_server_resume()); whoever
 * connects meanwhile waits in the backlog, and when that is full the system
 * makes clients wait or refuses them. May be called before listening; called
 * again it sets the time anew. */
WEIR_API void weir_server_pause(weir_server *server, uint64_t duration);

/* Accepts again. Harmless when not paused. */
WEIR_API void weir_server_resume(weir_server *server);

/* Further connections are accepted, closed at once, and told as `drop`. 0: no
 * maximum (default). One below the present count closes nobody. */
WEIR_API void weir_server_set_max_connections(weir_server *server,
                                              size_t maximum);

/* Connections that were accepted and are not gone. A destroyed socket counts
 * until its `close`, in which it is not among them any more. */
WEIR_API size_t weir_server_connections(const weir_server *server);

/* Sees one of a server's connections. 0 goes on; what else ends the walk. */
typedef int weir_visit_cb(weir_socket *socket, void *argument);

/* Calls `visit`, from inside of this call, for each connection of the server
 * that was accepted and not destroyed, in no order; gives 0, or the answer that
 * ended the walk; -EINVAL for a NULL.
 *
 * The visitor may do anything but run or destroy the loop: write, end, close,
 * destroy or release the socket it is given and any other one (those destroyed
 * before their turn are passed over), connect new ones, close the server, walk
 * again.
 *
 *     static int say_goodbye(weir_socket *socket, void *message)
 *     {
 *         weir_socket_write_buffer(socket, message, NULL, NULL);
 *         weir_socket_end(socket);
 *         return 0;
 *     }
 *
 * A walk looks at every socket of the loop, whichever server it is of, which is
 * some ns for each: it is for the end of a server, for figures and for messages
 * to all, not for each message. */
WEIR_API int weir_server_each(weir_server *server, weir_visit_cb *visit,
                              void *argument);

/* Whether connections that are accepted from now on begin with half-open
 * allowed (weir_socket_set_half_open()), and whether they begin paused.
 * Default: neither. */
WEIR_API void weir_server_set_half_open(weir_server *server, bool allowed);
WEIR_API void weir_server_set_pause_on_connect(weir_server *server,
                                               bool paused);

/* The bound address, with the port that port 0 became. -ENOTCONN when not
 * listening, -EINVAL when address is NULL. */
WEIR_API int weir_server_address(const weir_server *server,
                                 weir_address *address);

/* True from a listen or adopt that succeeded until the close; a paused server
 * listens. */
WEIR_API bool weir_server_listening(const weir_server *server);

/* The listening descriptor, which stays weir's; -1 when not listening. */
WEIR_API int weir_server_fd(const weir_server *server);

/* The loop that it belongs to. */
WEIR_API weir_loop *weir_server_loop(const weir_server *server);

/* The pointer of yours. */
WEIR_API void *weir_server_data(const weir_server *server);
WEIR_API void weir_server_set_data(weir_server *server, void *data);

/* Whether listening keeps weir_loop_run() going. It does at first. Connections
 * have references of their own. */
WEIR_API void weir_server_ref(weir_server *server);
WEIR_API void weir_server_unref(weir_server *server);

/* --------------------------------------------------------- shared buffers */

/*
 * Bytes with a reference count, written by weir_socket_write_buffer() to any
 * number of sockets without a copy. Do not change them while they are queued.
 * Counted without locks: a buffer belongs to one thread.
 *
 *     weir_buffer *message = weir_buffer_copy(bytes, length);
 *
 *     for (size_t i = 0; message && i < count; i++)
 *         weir_socket_write_buffer(listeners[i], message, NULL, NULL);
 *     weir_buffer_unref(message);
 *
 * The last line gives up the program's own reference; the queues have theirs.
 */

/* Room for `size` bytes with one reference, which is yours, to be filled
 * through weir_buffer_bytes(). NULL when out of memory. */
WEIR_API weir_buffer *weir_buffer_create(size_t size);

/* The same with a copy of the bytes. NULL also when bytes is NULL and size is
 * not 0. */
WEIR_API weir_buffer *weir_buffer_copy(const void *bytes, size_t size);

/* Memory of yours, without a copy; `release` (NULL allowed) is called from
 * inside of the last weir_buffer_unref(), which may be yours or that of the
 * last queue. NULL when out of memory, or bytes is NULL and size is not 0: it
 * is still yours then. */
WEIR_API weir_buffer *weir_buffer_wrap(void *bytes, size_t size,
                                       weir_release_cb *release,
                                       void *argument);

/* The bytes. */
WEIR_API void *weir_buffer_bytes(weir_buffer *buffer);

/* How many. */
WEIR_API size_t weir_buffer_size(const weir_buffer *buffer);

/* One reference more; gives the buffer. */
WEIR_API weir_buffer *weir_buffer_ref(weir_buffer *buffer);

/* One less; the last one frees. NULL is allowed. */
WEIR_API void weir_buffer_unref(weir_buffer *buffer);

/* ------------------------------------------------------------------ pipes */

/*
 * A pipe takes the place of `data` of one socket, and writes what it reads to
 * another one (or to itself: an echo), at the speed of that. A proxy is two,
 * one for each direction (net/examples/proxy.c); chains work, too. Neither
 * socket needs a table of events.
 *
 * While more than 64 KiB wait in the destination, the source is not read; one
 * more read may be in the queue, so it holds 576 KiB at most. An end or a reset
 * of the source stands behind what came before it: while the destination is
 * full neither the pipe nor you learn of it (`hangup` is for pauses), and a
 * timeout of either socket is what limits that.
 *
 * On Linux bulk is moved inside the kernel, by splice(2), and never comes up to
 * the program. That begins when one read gave 32 KiB, and stops when four moves
 * in a row were below 16 KiB: small messages are cheaper to copy. It needs two
 * descriptors while bytes move, which the loop has back at once when the
 * destination keeps up. A loop has 64 such kernel pipes of 512 KiB at most, for
 * destinations that are full, and keeps up to 16 that are empty, until a
 * descriptor is wanted for a connection, a listener or a lookup. Where none is
 * to be had (no descriptor, the user's pages for pipes are used up, splice(2)
 * is refused, other systems), bytes are copied. Nothing tells the two apart but
 * their cost: what is in a kernel pipe counts as buffered, keeps its place
 * among your own writes, is held by a cork, and is lost with the socket.
 */

/*
 * Everything read from `from` is written to `to`, and the end of `from` ends
 * `to`.
 *
 * If `from` has ended already, that happens at once, and no pipe stands.
 * `buffer`, `data` and `end` of `from` and `drain` of `to` are not told while
 * the pipe stands (a `drain` that your own write waits for comes when it has
 * gone); all other events are. The half-open rule does not end `to` meanwhile.
 *
 * If `from` closes before its end, `to` is reset, so that a stream cut short is
 * not taken for a whole one. If `to` closes or cannot be written, `from` is
 * destroyed, without an error of its own; so it is, if you have ended `to`,
 * when the next bytes come. But while an answer is on its way to `from`,
 * through a second pipe, or in its queue with its end, what `from` sends is
 * thrown away until it has that. So you may still write to it, and end or close
 * it, in the callback in which you destroy `to` or take the second pipe away.
 *
 * Both must be of one loop and connected or connecting; each can be the source
 * of one pipe and the destination of one. -EINVAL when one is NULL or they are
 * of different loops; -EBUSY when one of the two places is taken, or `from` is
 * closing; -ENOTCONN when one is not even connecting; -EPIPE when `to` is
 * ending or cannot be written; -EBADF when one is destroyed; -ENOMEM.
 */
WEIR_API int weir_socket_pipe(weir_socket *from, weir_socket *to);

/* For those who keep the rest in their own hands: bytes flow at the speed of
 * `to`, and nothing else is carried over.
 *
 * `end` of `from` and `drain` of `to` are told; the end, the close of either
 * and a write that fails take the pipe away, and then bytes come as `data`
 * again. The half-open rule does not end `to` while the pipe stands, and holds
 * again when it has gone.
 *
 * Bytes that `to` refused come before what is read next, to whoever reads then:
 * the table of `from` (they wait for one, and while it is paused), another
 * pipe, weir_socket_read_wait() of blocking.h. weir_socket_bytes_read() has
 * counted them already. Without memory to keep them `from` fails with ENOMEM.
 *
 * Errors as of weir_socket_pipe(), and -EPIPE when `from` has ended. */
WEIR_API int weir_socket_pipe_bytes(weir_socket *from, weir_socket *to);

/* Takes the pipe away that reads from `from`, which is read by its own events
 * again. What was read is written, before all that you write from then on. If
 * the other side of `to` has ended meanwhile, the half-open rule ends `to`.
 * -EINVAL when there is none, or for NULL. */
WEIR_API int weir_socket_unpipe(weir_socket *from);

/* ------------------------------------------------------------------ names */

/*
 * Looked up with c-ares on the loop: no threads, no waiting for a server. A
 * name is answered by the first of these that knows:
 *
 * - A literal address is its own answer (WEIR_ENODATA for one of another family
 *   than asked for).
 * - What cannot be a host name is WEIR_EBADNAME, also digits and dots that are
 *   no address ("127.0.0.010", "1.2.3"); what ends in ".invalid" is
 *   WEIR_ENOTFOUND (RFC 6761, section 6.4).
 * - The hosts file decides for a name as a whole, as for getaddrinfo(): a
 *   family that it does not list for it is WEIR_ENODATA, and no server is
 *   asked.
 * - "localhost", and what ends in ".localhost", is the loopback addresses where
 *   the hosts file has none (RFC 6761, section 6.3).
 * - The name servers, with the search list of LOCALDOMAIN in the environment,
 *   of resolv.conf (its last `search` or `domain`) or of this machine's name. A
 *   domain in it that cannot be one is passed over; a name that would be too
 *   long for DNS with one of the domains is looked up as it is alone.
 *
 * The hosts file is read at each lookup. A lookup that begins after resolv.conf
 * has changed asks as it says now, those under way end as they began. Nothing
 * is cached, by c-ares neither: each lookup is a question.
 */

/* What to look up. */
typedef struct weir_lookup_options {
    int family;              /* AF_INET or AF_INET6; default both */
    bool dns_only;           /* ask name servers, do not read the hosts file */
    weir_resolver *resolver; /* one of the same loop; default: the loop's own */
} weir_lookup_options;

/* The addresses, each once, with port 0, in the order of RFC 6724: try the
 * first one first. (Of the hosts file those that can be reached come before the
 * others, IPv6 before IPv4, else as in the file.) Or a negative status and
 * none. They are gone when the callback returns, and so is the lookup.
 *
 * The status is 0, or one of WEIR_ENOTFOUND to WEIR_ENOSERVER (see reactor.h);
 * -ENODEV for a scope that does not exist; -ENOMEM; -ENOSPC (the kernel's limit
 * of watched descriptors); -EMFILE or -EIO of reading the hosts file, which is
 * not passed over then (out of descriptors later is WEIR_ENOSERVER: no server
 * could be reached); -ECANCELED while the loop is being destroyed. */
typedef void weir_lookup_cb(weir_lookup *lookup, int status,
                            const weir_address *addresses, size_t count);

/* Looks a name up: exactly one callback, never from inside the call.
 *
 * `*lookup` is for weir_lookup_cancel(), and good until the callback has
 * returned. weir_socket_connect_host() does this for you.
 *
 * -EINVAL for a NULL other than options and data, an empty host, a bad family
 * or another loop's resolver; -ENAMETOOLONG above 253 bytes; -ENOMEM; -EMFILE
 * or -EIO when resolv.conf cannot be read; -ECANCELED while the loop is
 * being destroyed; -EBADF in a forked child whose parent's it is. */
WEIR_API int weir_lookup_start(weir_lookup **lookup, weir_loop *loop,
                               const char *host,
                               const weir_lookup_options *options,
                               weir_lookup_cb *cb, void *data);

/* Gives the lookup up: no callback comes, the lookup is gone. NULL is allowed.
 * Harmless in its own callback. */
WEIR_API void weir_lookup_cancel(weir_lookup *lookup);

/* The pointer of yours. */
WEIR_API void *weir_lookup_data(const weir_lookup *lookup);

/* The name as it was given; good as long as the lookup. */
WEIR_API const char *weir_lookup_host(const weir_lookup *lookup);

/* The loop that it belongs to. */
WEIR_API weir_loop *weir_lookup_loop(const weir_lookup *lookup);

/* Whether it keeps weir_loop_run() going. It does at first. */
WEIR_API void weir_lookup_ref(weir_lookup *lookup);
WEIR_API void weir_lookup_unref(weir_lookup *lookup);

/* How names are looked up. */
typedef struct weir_resolver_options {
    /* Addresses with or without port, separated by commas:
     * "127.0.0.1:5353,[::1]". Copied. Default: resolv.conf's. */
    const char *servers;

    /* Of the first try. Default: resolv.conf's, or what c-ares has (5000 in
     * 1.18, 2000 in 1.34). 1.34 waits 250 at least; and once a server has
     * answered three times, five times as long as it took on average, but not
     * more than 5000. */
    unsigned timeout;

    unsigned tries; /* per server; default likewise (4, 3) */
} weir_resolver_options;

/* How this loop looks names up from now on; NULL: as at the beginning, and so
 * is what the options leave 0.
 *
 * Lookups that are under way, also those of connecting sockets, end as they
 * began.
 *
 * -EINVAL for a NULL loop, and for servers that are empty or not addresses;
 * -ECANCELED while the loop is being destroyed; -ENOMEM; -EMFILE or
 * -EIO when resolv.conf cannot be read. */
WEIR_API int weir_resolver_configure(weir_loop *loop,
                                     const weir_resolver_options *options);

/* One more way to look names up, with other servers or another patience, for
 * the lookups and the connects that name it.
 *
 * It is gone when it is destroyed, or with its loop, which it does not keep
 * going (its lookups do). Errors as of weir_resolver_configure(), and -EINVAL
 * for a NULL. */
WEIR_API int weir_resolver_create(weir_resolver **resolver, weir_loop *loop,
                                  const weir_resolver_options *options);

/* Its lookups are given up as by weir_lookup_cancel(): no callbacks come. Those
 * of connecting sockets go on. NULL is allowed; so is the callback of one of
 * its lookups. */
WEIR_API void weir_resolver_destroy(weir_resolver *resolver);

/* ----------------------------------------------- errors and what they mean */

/*
 * What the calls above give, what comes as `error`, with the call that
 * weir_socket_failure() names for it, and what comes as a status. Those of
 * reactor.h are there.
 *
 * - -EACCES: weir_server_listen(): a port below 1024, a directory without
 *   permission. "connect": no permission for the UNIX socket's file.
 *   resolv.conf cannot be read.
 * - -EADDRINUSE: weir_server_listen(): somebody listens there, or the file is
 *   no stale socket. "bind": the local address is taken.
 * - -EADDRNOTAVAIL: weir_server_listen(), "bind": not an address of this
 *   machine. "connect": no local port is free.
 * - -EAFNOSUPPORT: weir_server_listen(): the system has no such family.
 *   Adopting: neither TCP nor UNIX. "bind": the local address is of another
 *   family than the attempt.
 * - -EALREADY: connecting; listening.
 * - -EBADF: the socket is destroyed, the server is closing; not a descriptor;
 *   the loop is the parent's of this forked process.
 * - -EBUSY: a place in a pipe is taken. Releasing: something is to be sent or
 *   told before that.
 * - -ECANCELED: whatever creates or begins something, while the loop is being
 *   destroyed. A write: the socket was destroyed. A lookup: the loop was.
 * - -ECONNREFUSED: "connect": nobody listens there.
 * - -ECONNRESET: "read", "write", and from a write: the peer has reset the
 *   connection.
 * - -EEXIST: adopting a descriptor that this loop watches.
 * - -EHOSTUNREACH, -ENETUNREACH: "connect", "read": no way there.
 * - -EINVAL: a NULL; a bad address or option; nothing to uncork, no pipe to
 *   take away; adopting what is no stream socket or does not listen.
 * - -EIO: resolv.conf or the hosts file cannot be read.
 * - -EISCONN: connected already.
 * - -EMFILE, -ENFILE: out of descriptors: weir_server_listen(), "socket", a
 *   server's `error`; a lookup, for the hosts file or resolv.conf.
 * - -ENAMETOOLONG: a path or a host name.
 * - -ENOBUFS: from a write: the hard limit. "write": the kernel has no buffers.
 *   Then what was accepted is given up, what the peer still sends is read, and
 *   it ends with a reset: at the peer's end, or when you destroy or reset it,
 *   which you may in `error`.
 * - -ENODEV: an IPv6 scope that does not exist.
 * - -ENOENT: weir_server_listen(): no such directory. "connect": no such UNIX
 *   socket.
 * - -ENOMEM: out of memory; from a call: nothing was changed.
 * - -ENOPROTOOPT, -ENOTSUP: an option that this kind of socket does not have;
 *   an abstract name where there are none.
 * - -ENOSPC: the text of an address does not fit. A lookup: the kernel's limit
 *   of watched descriptors.
 * - -ENOTCONN: there is no connection, or the server does not listen.
 * - -ENOTSOCK: adopting what is no socket.
 * - -EPIPE: from a write, or a pipe into the socket: it has ended, or writing
 *   has failed; weir_socket_pipe_bytes(): the source has ended. "write": the
 *   peer reads no more.
 * - -ERANGE: a port above 65535.
 * - -ETIMEDOUT: "connect": the time is over. "read": keep-alive, or the peer
 *   acknowledges nothing.
 * - WEIR_ENOTFOUND, WEIR_ENODATA: "lookup": no such name; no address.
 * - WEIR_EDNSTIMEOUT, WEIR_ESERVFAIL, WEIR_EREFUSED, WEIR_EBADRESP,
 *   WEIR_ENOSERVER: "lookup": the name servers; worth another try later.
 * - WEIR_EBADNAME: "lookup": not a host name.
 */

#ifdef __cplusplus
}
#endif

#endif
