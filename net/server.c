/*
 * server.c - listening, accepting, refusing, throttling
 *
 * The listening socket is level-triggered: connections that are not taken now
 * are told again next turn, so nothing has to be remembered. Most of the time
 * only one waits, and a second accept() would be a call for nothing (libuv
 * measured 99.9 %); but in a burst one per turn would let the backlog overflow.
 * So one is taken, and if the next turn finds more, twice as many; and half as
 * many as the last time when there was a pause, since bursts come in rows.
 *
 * Without descriptors the kernel goes on reporting a connection that accept()
 * cannot take, for ever (bun #32705: 98,000 failures in 10 s). A descriptor
 * kept in reserve is given up then, so that what waits can be accepted and
 * closed: whoever connects learns it at once instead of hanging. If even that
 * does not work, accepting rests for a while.
 */
#include "server.h"

#include "address.h"
#include "kernel_pipe.h"
#include "socket.h"

#include <limits.h>
#include <netinet/in.h>
#include <string.h>

enum {
    BACKLOG = 511, /* as nginx, Redis, Node */
    BURST_MAX = 64,
    REST = 100 /* ms without accepting, after a failure */
};

struct weir_server {
    struct weir_link link; /* in the loop's list */
    struct weir_source source;
    weir_loop *loop;
    weir_connection_cb *cb;
    const weir_server_events *events;
    void *data;
    const weir_socket_events *socket_events; /* of what is accepted */
    void *socket_data;
    struct weir_deferred deferred; /* tells `close` */
    weir_timer rest;               /* after a failure */
    weir_timer paused;             /* by the user */
    weir_timer grace; /* until connections that are left are destroyed */
    size_t connections, max_connections;
    int spare;          /* a descriptor to give up */
    unsigned burst;     /* connections to take in one turn */
    uint64_t turn;      /* the last one in which any were asked for */
    uint64_t full_turn; /* the last one in which all of them were there */
    weir_tcp_options tcp;
    int family;
    char *file; /* a UNIX socket's, to be removed; owned */
    dev_t device;
    ino_t inode;
    uint8_t flags; /* WEIR_ACTIVE, WEIR_UNREF */
    bool watching; /* registered with the loop */
    bool halted;   /* paused by the user, with or without a timer */
    bool closing;
    bool failing; /* an error was told, and nothing accepted since */
    bool half_open, pause_on_connect;
    bool has_options; /* in `tcp`, to be set on what is accepted */
};

static void ready(weir_loop *loop, struct weir_source *source, unsigned events);
static void run(weir_loop *loop, struct weir_deferred *deferred);
static void rest_over(weir_timer *timer);
static void pause_over(weir_timer *timer);
static void grace_over(weir_timer *timer);

int weir_server_create(weir_server **out, weir_loop *loop,
                       weir_connection_cb *cb, void *data)
{
    struct weir_net *net;
    weir_server *server;

    if (!out)
        return -EINVAL;
    *out = NULL;
    if (!loop || !cb)
        return -EINVAL;
    net = weir_net_get(loop);
    if (net && net->closing)
        return -ECANCELED;
    server = net ? weir_alloc_zeroed(sizeof *server) : NULL;
    if (!server)
        return -ENOMEM;
    server->loop = loop;
    server->cb = cb;
    server->data = data;
    server->source.fd = server->spare = -1;
    server->source.ready = ready;
    server->deferred.run = run;
    weir_timer_init(&server->rest, loop, rest_over);
    weir_timer_init(&server->paused, loop, pause_over);
    weir_timer_init(&server->grace, loop, grace_over);
    server->rest.data = server->paused.data = server->grace.data = server;
    /* Listening keeps the loop alive, not the way we do it. */
    weir_timer_unref(&server->rest);
    weir_timer_unref(&server->paused);
    weir_timer_unref(&server->grace);
    weir_list_append(&net->servers, &server->link);
    *out = server;
    return 0;
}

/* --------------------------------------------------- watching the listener */

static void unwatch(weir_server *server)
{
    if (server->watching)
        weir_source_remove(server->loop, &server->source);
    server->watching = false;
}

/* Watches when there is reason to, and comes back later when it cannot. */
static int watch(weir_server *server)
{
    int result;

    if (server->watching || server->source.fd < 0 || server->halted ||
        weir_timer_running(&server->rest))
        return 0;
    result = weir_source_add(server->loop, &server->source, WEIR_READABLE);
    server->watching = result == 0;
    return result;
}

static void tell_error(weir_server *server, int error)
{
    if (server->failing || !server->events || !server->events->error)
        return;
    server->failing = true;
    server->events->error(server, error);
}

/* The descriptor to give up when there are no others. */
static void open_reserve(weir_server *server)
{
    if (server->spare < 0 && server->source.fd >= 0)
        server->spare = sys_open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void rest(weir_server *server)
{
    unwatch(server);
    weir_timer_start(&server->rest, REST);
}

static void rest_over(weir_timer *timer)
{
    weir_server *server = timer->data;

    open_reserve(server);
    if (watch(server) < 0)
        rest(server);
}

/* --------------------------------------------------------------- accepting */

/* A close would say FIN, and pass for a whole answer that is empty. */
static void close_with_reset(int fd)
{
    sys_reset_on_close(fd);
    sys_close(fd);
}

/* Closes a connection that will not be served, and says so. At the maximum, as
 * the program wants it, with a FIN, which is what Node does; for want of
 * something with a reset. */
static void drop(weir_server *server, int fd, const weir_address *peer,
                 void (*close_it)(int))
{
    weir_address local;
    bool known = weir_address_local(fd, &local) == 0;

    if (weir_loop_left(server->loop)) { /* by the error that was told */
        sys_close(fd);
        return;
    }
    close_it(fd);
    open_reserve(server); /* first: the callback may open descriptors */
    if (server->events && server->events->drop)
        server->events->drop(server, known ? &local : NULL,
                             peer->length ? peer : NULL);
}

/* Accepts a connection that is to be dropped. Of others the address is not
 * asked for: few programs want it, and those can ask the socket. */
static int accept_with_address(weir_server *server, weir_address *peer)
{
    socklen_t size = sizeof peer->name;
    int fd;

    memset(peer, 0, sizeof *peer);
    fd = weir_sys_accept(server->source.fd, &peer->name.any, &size);
    if (fd >= 0)
        peer->length = size > sizeof peer->name ? sizeof peer->name : size;
    return fd;
}

/* A connection that was accepted, and cannot be served after all. */
static WEIR_COLD void turn_away(weir_server *server, int fd)
{
    weir_address peer;

    (void)weir_address_remote(fd, &peer);
    drop(server, fd, &peer, close_with_reset);
}

static void welcome(weir_server *server, int fd, unsigned forks)
{
    weir_socket *socket;
    int result;

    if (server->has_options &&
        weir_tcp_apply(fd, server->family, &server->tcp) < 0) {
        turn_away(server, fd); /* the peer was gone already */
        return;
    }
    result = weir_socket_accepted(&socket, server->loop, server, fd,
                                  server->family, forks);
    if (result < 0) {
        tell_error(server, result);
        turn_away(server, fd);
        return;
    }
    server->failing = false;
    server->connections++;
    if (server->half_open)
        weir_socket_set_half_open(socket, true);
    if (server->socket_events) {
        weir_socket_set_data(socket, server->socket_data);
        weir_socket_set_events(socket, server->socket_events);
    }
    if (server->pause_on_connect)
        weir_socket_pause(socket);
    server->cb(server, socket);
}

#ifndef WEIR_SYS_ACCEPT4

/* Out of descriptors on macOS: accept() takes a connection off the queue before
 * it looks for a descriptor, and drops it when there is none. So each further
 * call would cost a client: accepting rests. */
static int shed_one(weir_server *server, int error)
{
    tell_error(server, error);
    if (!weir_loop_left(server->loop) && server->events && server->events->drop)
        server->events->drop(server, NULL, NULL);
    return error;
}

#else

/* Out of descriptors: one connection is accepted with the one in reserve, and
 * closed. Gives 0, or what accept() says now: -EAGAIN when nobody waits, for it
 * looks for a descriptor before it looks for a connection. */
static int shed_one(weir_server *server, int error)
{
    weir_address peer;
    int fd;

    if (server->spare < 0)
        return error;
    sys_close(server->spare);
    server->spare = -1;
    fd = accept_with_address(server, &peer);
    if (fd < 0) {
        open_reserve(server);
        return fd;
    }
    tell_error(server, error);
    drop(server, fd, &peer, close_with_reset);
    return server->spare >= 0 ? 0 : error;
}

#endif

/* Errors of one connection that was gone before we took it, which accept(2)
 * hands to us; the next one is another matter. Not EPERM: that is said before
 * there is a connection, and would be said again for ever. */
static bool passing(int error)
{
    switch (-error) {
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case ETIMEDOUT:
        return true;
    default:
        return false;
    }
}

/* True when another accept() may succeed. */
static WEIR_COLD bool handle_failure(weir_server *server, int error)
{
    if (error == -EMFILE || error == -ENFILE) {
        if (weir_kernel_pipes_make_room(server->loop, error))
            return true;
        error = shed_one(server, error);
    }
    if (error == -EAGAIN)
        return false;
    if (error == 0 || passing(error))
        return true;
    tell_error(server, error);
    if (server->source.fd >= 0) /* the callback may have closed it */
        rest(server);
    return false;
}

static WEIR_COLD bool drop_one(weir_server *server)
{
    weir_address peer;
    int fd = accept_with_address(server, &peer);

    if (fd < 0)
        return handle_failure(server, fd);
    drop(server, fd, &peer, sys_close);
    return true;
}

static inline bool take_one(weir_server *server)
{
    unsigned forks = weir_forks();
    int fd;

    if (server->max_connections &&
        server->connections >= server->max_connections)
        return drop_one(server);
    fd = weir_sys_accept(server->source.fd, NULL, NULL);
    if (fd < 0)
        return handle_failure(server, fd);
    welcome(server, fd, forks);
    return true;
}

static void ready(weir_loop *loop, struct weir_source *source, unsigned events)
{
    weir_server *server = weir_container_of(source, weir_server, source);
    bool more = loop->turns == server->full_turn + 1;
    unsigned taken = 0;

    (void)events;
    if (server->turn == loop->turns)
        return; /* one that looks twice: who is left is told in the next */
    server->turn = loop->turns;
    if (more && server->burst < BURST_MAX)
        server->burst *= 2;
    else if (!more && server->burst > 1)
        server->burst /= 2;
    /* A callback may pause or close us, `watching` says, or stop the loop:
     * who is left is told again. */
    while (server->watching && !loop->stopped && taken < server->burst &&
           take_one(server))
        taken++;
    if (taken == server->burst)
        server->full_turn = loop->turns;
}

/* -------------------------------------------------------------- listening */

static int check_options(const weir_listen_options *options)
{
    return options ? weir_tcp_valid(&options->tcp) : 0;
}

/* Linux makes an accepted socket as a copy of the listener, whose options it
 * has then; only the type of service may be the peer's (tcp_reflect_tos).
 * Elsewhere not all are handed down (macOS: TCP_KEEPALIVE). */
static void set_options(weir_server *server, const weir_tcp_options *tcp)
{
    server->tcp = *tcp;
    server->has_options = tcp->tos;
#ifndef __linux__
    server->has_options |= tcp->no_delay || tcp->keep_alive ||
                           tcp->send_buffer || tcp->receive_buffer;
#endif
}

static int set_listener_options(int fd, int family,
                                const weir_listen_options *options)
{
    int result = 0;

    if (family == AF_UNIX)
        return 0;
    if (!options->no_reuse_address)
        result = sys_set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (result == 0 && options->reuse_port)
        result = sys_set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    /* Always explicitly: the system's default is a setting (bindv6only). */
    if (result == 0 && family == AF_INET6)
        result = sys_set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, options->ipv6_only);
    /* Accepted sockets get them too; but what the system refuses is to fail
     * here, and buffers count for the window only before the handshake. */
    return result < 0 ? result : weir_tcp_apply(fd, family, &options->tcp);
}

/* True when the path is a socket's file that is nobody's any more. It is asked
 * with a datagram socket: where a stream socket is alive, that is of the wrong
 * kind (EPROTOTYPE), and its program sees no connection. */
static bool is_stale(const weir_address *address)
{
    struct stat status;
    int fd, result;

    if (!address->name.local.sun_path[0] ||
        sys_lstat(address->name.local.sun_path, &status) < 0 ||
        !S_ISSOCK(status.st_mode))
        return false;
    fd = weir_sys_socket(AF_UNIX, SOCK_DGRAM);
    if (fd < 0)
        return false;
    result = sys_connect(fd, &address->name.any, address->length);
    sys_close(fd);
    return result == -ECONNREFUSED;
}

static int bind_to(int fd, const weir_address *address)
{
    int result = sys_bind(fd, &address->name.any, address->length);

    if (result != -EADDRINUSE || weir_address_family(address) != AF_UNIX ||
        !is_stale(address))
        return result;
    result = sys_unlink(address->name.local.sun_path);
    if (result < 0)
        return result;
    return sys_bind(fd, &address->name.any, address->length);
}

/* A copy that still names the file after a chdir(). Where the working
 * directory has no path, or one that is too long, the relative one has to
 * do. */
static int keep_path(weir_server *server, const char *path)
{
    char whole[PATH_MAX] = "";
    size_t length = 0, size = strlen(path) + 1;

    if (path[0] != '/' && sys_getcwd(whole, sizeof whole - size - 1) == 0) {
        length = strlen(whole);
        whole[length++] = '/';
    }
    memcpy(whole + length, path, size);
    server->file = weir_alloc(length + size);
    if (!server->file)
        return -ENOMEM;
    memcpy(server->file, whole, length + size);
    return 0;
}

/* Remembers which file is ours, by its inode: at the end it may be another
 * server's that replaced it. */
static int made_file(weir_server *server, const weir_address *address,
                     unsigned mode)
{
    const char *path = address->name.local.sun_path;
    struct stat status;
    int result;

    if (weir_address_family(address) != AF_UNIX || !path[0])
        return 0;
    result = mode ? sys_chmod(path, (mode_t)mode) : 0;
    if (result == 0)
        result = sys_lstat(path, &status);
    if (result == 0)
        result = keep_path(server, path);
    if (result < 0) {
        (void)sys_unlink(path);
        return result;
    }
    server->device = status.st_dev;
    server->inode = status.st_ino;
    return 0;
}

static void remove_file(weir_server *server)
{
    struct stat status;

    if (server->file && !weir_loop_inherited(server->loop) &&
        sys_lstat(server->file, &status) == 0 &&
        status.st_dev == server->device && status.st_ino == server->inode)
        (void)sys_unlink(server->file);
    weir_release(server->file);
    server->file = NULL;
}

/* From here on `fd` listens and is the server's. */
static int begin(weir_server *server, int fd, int family)
{
    int result;

    server->source.fd = fd;
    server->family = family;
    server->burst = 1;
    server->failing = false;
    result = watch(server);
    if (result < 0) {
        server->source.fd = -1;
        return result;
    }
    open_reserve(server);
    weir_activate(server->loop, &server->flags);
    return 0;
}

static int may_listen(const weir_server *server)
{
    if (server->closing || weir_loop_inherited(server->loop))
        return -EBADF;
    if (weir_net_of(server->loop)->closing)
        return -ECANCELED;
    return server->source.fd >= 0 ? -EALREADY : 0;
}

/* The last word on a descriptor is the user's, who may have closed the server
 * or let it listen meanwhile. */
static int prepare(const weir_server *server, int fd, int family,
                   const weir_listen_options *options)
{
    int result;

    if (!options->prepare)
        return 0;
    result = options->prepare(fd, family, options->prepare_argument);
    return result < 0 ? result : may_listen(server);
}

/* *refused: by the user, which is final. */
static int listen_on(weir_server *server, const weir_address *address,
                     const weir_listen_options *options, bool *refused)
{
    unsigned backlog = options->backlog ? options->backlog : BACKLOG;
    int family = weir_address_family(address);
    int fd = weir_open_stream(server->loop, family);
    int result;

    if (fd < 0)
        return fd;
    result = set_listener_options(fd, family, options);
    if (result == 0) {
        result = prepare(server, fd, family, options);
        *refused = result < 0;
    }
    if (result == 0)
        result = bind_to(fd, address);
    if (result == 0) {
        /* Permissions before listen(): nobody can connect in between. */
        result = made_file(server, address, options->mode);
        if (result == 0)
            result =
                sys_listen(fd, backlog > INT32_MAX ? INT32_MAX : (int)backlog);
        if (result == 0)
            result = begin(server, fd, family);
        if (result < 0)
            remove_file(server);
    }
    if (result < 0)
        sys_close(fd);
    return result;
}

int weir_server_listen(weir_server *server, const weir_address *address,
                       const weir_listen_options *options)
{
    static const weir_listen_options defaults = { 0 };
    weir_address any_ipv4;
    bool refused = false;
    int result = check_options(options);

    if (!server || !address || !address->length || result < 0)
        return -EINVAL;
    result = may_listen(server);
    if (result < 0)
        return result;
    if (!options)
        options = &defaults;
    result = listen_on(server, address, options, &refused);
    if ((result == -EAFNOSUPPORT || result == -EADDRNOTAVAIL ||
         result == -EINVAL) &&
        !refused && weir_address_any_host(address) && !options->ipv6_only) {
        any_ipv4 = weir_address_any_ipv4(weir_address_port(address));
        result = listen_on(server, &any_ipv4, options, &refused);
    }
    if (result == 0)
        set_options(server, &options->tcp);
    return result;
}

int weir_server_adopt(weir_server *server, int fd)
{
    socklen_t size = sizeof(int);
    weir_address local;
    int listening = 0, type = 0;
    int result;

    if (!server)
        return -EINVAL;
    result = may_listen(server);
    if (result < 0)
        return result;
    result = sys_getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size);
    if (result == 0)
        result = sys_getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
    if (result == 0 && (!listening || type != SOCK_STREAM))
        result = -EINVAL;
    if (result == 0)
        result = weir_address_local(fd, &local);
    if (result == 0 && !weir_address_spoken(&local))
        result = -EAFNOSUPPORT;
    if (result == 0)
        result = weir_sys_adopt(fd);
    if (result < 0)
        return result;
    return begin(server, fd, weir_address_family(&local));
}

/* ------------------------------------------------------- pausing, closing */

static void go_on(weir_server *server)
{
    server->halted = false;
    weir_timer_stop(&server->paused);
    if (watch(server) < 0)
        rest(server);
}

static void pause_over(weir_timer *timer)
{
    go_on(timer->data);
}

void weir_server_pause(weir_server *server, uint64_t duration)
{
    if (server->closing)
        return;
    server->halted = true;
    unwatch(server);
    if (duration)
        weir_timer_start(&server->paused, duration);
    else
        weir_timer_stop(&server->paused);
}

void weir_server_resume(weir_server *server)
{
    if (server->halted)
        go_on(server);
}

static void post_close(weir_server *server)
{
    if (server->closing && !server->connections &&
        !weir_link_linked(&server->deferred.link))
        weir_defer(server->loop, &server->deferred);
}

void weir_server_close(weir_server *server)
{
    if (server->closing)
        return;
    server->closing = true;
    weir_timer_stop(&server->rest);
    weir_timer_stop(&server->paused);
    unwatch(server);
    if (server->source.fd >= 0) {
        remove_file(server);
        sys_close(server->source.fd);
        server->source.fd = -1;
    }
    if (server->spare >= 0)
        sys_close(server->spare);
    server->spare = -1;
    weir_activate(server->loop, &server->flags); /* until `close` was told */
    post_close(server);
}

void weir_server_connection_closed(weir_server *server)
{
    server->connections--;
    post_close(server);
}

static void run(weir_loop *loop, struct weir_deferred *deferred)
{
    weir_server *server = weir_container_of(deferred, weir_server, deferred);

    if (server->events && server->events->close)
        server->events->close(server);
    weir_timer_stop(&server->grace); /* `close` may have started it anew */
    weir_deactivate(loop, &server->flags);
    weir_link_remove(&server->link);
    weir_release(server);
}

void weir_server_close_now(struct weir_net *net)
{
    weir_server *server =
        weir_container_of(net->servers.next, weir_server, link);

    weir_server_close(server);
    weir_link_remove(&server->deferred.link);
    run(server->loop, &server->deferred);
}

/* ----------------------------------------------- its connections as a whole */

/* A socket knows its server, and nobody keeps a list, which would be two links
 * in each: all sockets of the loop are looked at. By number, so that it does
 * not matter which of them the visitor ends or makes. */
int weir_server_each(weir_server *server, weir_visit_cb *visit, void *argument)
{
    weir_loop *loop;
    bool left;
    uint32_t number = 0;
    int result = 0;

    if (!server || !visit)
        return -EINVAL;
    loop = server->loop;
    left = weir_loop_left(loop);
    while (result == 0 && weir_loop_left(loop) == left) {
        weir_socket *socket =
            weir_pool_next(&weir_net_of(loop)->sockets, &number);

        if (!socket)
            break;
        if (socket->server == server && socket->phase == WEIR_PHASE_OPEN)
            result = visit(socket, argument);
    }
    return result;
}

static int destroy(weir_socket *socket, void *argument)
{
    (void)argument;
    weir_socket_destroy(socket);
    return 0;
}

static void grace_over(weir_timer *timer)
{
    (void)weir_server_each(timer->data, destroy, NULL);
}

void weir_server_shutdown(weir_server *server, uint64_t grace)
{
    weir_server_close(server);
    weir_timer_start(&server->grace, grace);
}

/* -------------------------------------------------------------- accessors */

void weir_server_set_events(weir_server *server,
                            const weir_server_events *events)
{
    server->events = events;
}

void weir_server_set_socket_events(weir_server *server,
                                   const weir_socket_events *events, void *data)
{
    server->socket_events = events;
    server->socket_data = data;
}

void weir_server_set_connection(weir_server *server, weir_connection_cb *cb,
                                void *data)
{
    server->cb = cb;
    server->data = data;
}

void weir_server_set_max_connections(weir_server *server, size_t maximum)
{
    server->max_connections = maximum;
}

size_t weir_server_connections(const weir_server *server)
{
    return server->connections;
}

void weir_server_set_half_open(weir_server *server, bool allowed)
{
    server->half_open = allowed;
}

void weir_server_set_pause_on_connect(weir_server *server, bool paused)
{
    server->pause_on_connect = paused;
}

int weir_server_address(const weir_server *server, weir_address *address)
{
    if (!address)
        return -EINVAL;
    *address = (weir_address){ 0 };
    if (server->source.fd < 0)
        return -ENOTCONN;
    return weir_address_local(server->source.fd, address);
}

bool weir_server_listening(const weir_server *server)
{
    return server->source.fd >= 0;
}

int weir_server_fd(const weir_server *server)
{
    return server->source.fd;
}

weir_loop *weir_server_loop(const weir_server *server)
{
    return server->loop;
}

void *weir_server_data(const weir_server *server)
{
    return server->data;
}

void weir_server_set_data(weir_server *server, void *data)
{
    server->data = data;
}

void weir_server_ref(weir_server *server)
{
    weir_flags_ref(server->loop, &server->flags);
}

void weir_server_unref(weir_server *server)
{
    weir_flags_unref(server->loop, &server->flags);
}
