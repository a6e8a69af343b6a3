/*
 * socket.c - the life of a connection: opening, what is told, ending
 *
 * A socket is registered once, edge-triggered, for both directions. Its halves
 * are socket_read.c and socket_write.c.
 *
 * All that must not happen inside the user's call is left to `deferred`: it
 * calls back finished writes, tells errors, reads what resume allowed, and
 * closes. Order, wherever we come from:
 *
 *   read before write   what the peer said before it went is not lost because
 *                       our answer fails (libuv #5196)
 *   data, end, error    recv() == 0 alone is the end (nng #687)
 *   writes before close every callback, with ECANCELED if need be
 */
#include "socket.h"

#include "address.h"
#include "dial.h"
#include "pipe.h"
#include "server.h"

static const unsigned both_edges = WEIR_READABLE | WEIR_WRITABLE | WEIR_EDGE;

static void run(weir_loop *loop, struct weir_deferred *deferred);

/* ---------------------------------------------------- creating, opening */

static inline weir_socket *create(weir_loop *loop, struct weir_net *net)
{
    weir_socket *s = weir_pool_take(&net->sockets);

    if (!s)
        return NULL;
    s->loop = loop;
    s->source.fd = -1;
    s->source.ready = weir_socket_ready;
    s->deferred.run = run;
    weir_socket_init_timeout(s);
    s->state = WEIR_S_NO_READER | WEIR_S_READ_OVER | WEIR_S_PLAIN_WRITER;
    return s;
}

static void discard(weir_socket *s)
{
    weir_deactivate(s->loop, &s->flags);
    if (s->extra) {
        weir_chunk_free(s->extra->unread);
        weir_release(s->extra->failed_host);
        weir_release(s->extra);
    }
    weir_pool_give(&weir_net_of(s->loop)->sockets, s);
}

struct weir_extra *weir_socket_extra(weir_socket *s)
{
    if (!s->extra)
        s->extra = weir_alloc_zeroed(sizeof *s->extra);
    return s->extra;
}

int weir_socket_create(weir_socket **out, weir_loop *loop,
                       const weir_socket_events *events, void *data)
{
    struct weir_net *net;

    if (!out)
        return -EINVAL;
    *out = NULL;
    if (!loop)
        return -EINVAL;
    net = weir_net_get(loop);
    if (net && net->closing)
        return -ECANCELED;
    *out = net ? create(loop, net) : NULL;
    if (!*out)
        return -ENOMEM;
    weir_socket_set_data(*out, data);
    weir_socket_set_events(*out, events);
    return 0;
}

/* The descriptor is the socket's from here on. WRITABLE is assumed: the first
 * send disproves it at worst.
 *
 * On a UNIX socket a short read says nothing: it stops behind bytes that came
 * with a descriptor (SCM_RIGHTS), however much there is left, and no edge would
 * come for that. Those are read until EAGAIN. */
static inline void opened(weir_socket *s, int family, unsigned forks)
{
    s->phase = WEIR_PHASE_OPEN;
    s->state |= WEIR_S_WRITABLE;
    if (family == AF_UNIX)
        s->state |= WEIR_S_READ_ALL;
    s->state &= (uint16_t)~WEIR_S_READ_OVER;
    s->forks = forks & UINT16_MAX;
    weir_activate(s->loop, &s->flags);
    weir_socket_active(s);
}

int weir_socket_accepted(weir_socket **out, weir_loop *loop,
                         weir_server *server, int fd, int family,
                         unsigned forks)
{
    weir_socket *s = create(loop, weir_net_of(loop));
    int result;

    if (!s)
        return -ENOMEM;
    s->source.fd = fd;
    result = weir_source_add(loop, &s->source, both_edges);
    if (result < 0) {
        s->source.fd = -1;
        discard(s);
        return result;
    }
    s->server = server;
    opened(s, family, forks);
    *out = s;
    return 0;
}

static int check_adoptable(int fd, weir_address *peer)
{
    socklen_t size = sizeof(int);
    int type;
    int result = sys_getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);

    if (result < 0)
        return result;
    if (type != SOCK_STREAM)
        return -EINVAL;
    result = weir_address_remote(fd, peer);
    if (result < 0)
        return result;
    return weir_address_spoken(peer) ? 0 : -EAFNOSUPPORT;
}

int weir_socket_adopt(weir_socket *s, int fd)
{
    weir_address peer;
    int result;

    if (!s)
        return -EINVAL;
    if (s->phase != WEIR_PHASE_NEW)
        return s->phase >= WEIR_PHASE_DESTROYED ? -EBADF : -EISCONN;
    if (weir_net_of(s->loop)->closing)
        return -ECANCELED;
    result = check_adoptable(fd, &peer);
    if (result == 0)
        result = weir_sys_adopt(fd);
    if (result < 0)
        return result;
    s->source.fd = fd;
    result = weir_source_add(s->loop, &s->source, both_edges);
    if (result < 0) {
        s->source.fd = -1;
        return result;
    }
    s->state |= WEIR_S_SHARED;
    opened(s, weir_address_family(&peer), weir_forks());
    return 0;
}

static int may_connect(const weir_socket *s)
{
    switch (s->phase) {
    case WEIR_PHASE_NEW:
        return weir_net_of(s->loop)->closing ? -ECANCELED : 0;
    case WEIR_PHASE_CONNECTING:
        return -EALREADY;
    case WEIR_PHASE_OPEN:
        return -EISCONN;
    default:
        return -EBADF;
    }
}

static int connecting(weir_socket *s, int result)
{
    if (result < 0)
        return result;
    s->phase = WEIR_PHASE_CONNECTING;
    weir_activate(s->loop, &s->flags);
    return 0;
}

int weir_socket_connect(weir_socket *s, const weir_address *address,
                        const weir_connect_options *options)
{
    return weir_socket_connect_any(s, address, 1, options);
}

int weir_socket_connect_any(weir_socket *s, const weir_address *addresses,
                            size_t count, const weir_connect_options *options)
{
    int result = s ? may_connect(s) : -EINVAL;

    if (result < 0)
        return result;
    return connecting(s, weir_dial_addresses(s, addresses, count, options));
}

int weir_socket_connect_host(weir_socket *s, const char *host, unsigned port,
                             const weir_connect_options *options)
{
    int result = s ? may_connect(s) : -EINVAL;

    if (result < 0)
        return result;
    return connecting(s, weir_dial_host(s, host, port, options));
}

/* The descriptor changes hands with one system call, which also makes the
 * kernel look again: whatever has arrived meanwhile is told. */
void weir_socket_connected(weir_socket *s, int fd, int family, unsigned forks)
{
    int result;

    s->source.fd = fd;
    result = weir_source_change(s->loop, &s->source, both_edges);
    if (result < 0) {
        weir_socket_fail(s, result, "connect", NULL);
        return;
    }
    opened(s, family, forks);
    /* Empty writes have waited for this alone; `connect` may write behind
     * them. */
    if (!s->corks)
        weir_queue_sent(&s->queue, 0);
    /* What was written before goes before what `connect` says, also if that is
     * that the socket is destroyed. */
    weir_socket_flush(s);
    if (s->events && s->events->connect)
        s->events->connect(s);
    if (s->phase == WEIR_PHASE_OPEN)
        weir_socket_tell_written(s);
}

void weir_socket_set_events(weir_socket *s, const weir_socket_events *events)
{
    s->events = events;
    /* What may have waited for this table; a hangup is told in a pause. */
    if (s->state & (WEIR_S_PAUSED | WEIR_S_DRAIN_DUE | WEIR_S_ERROR_DUE))
        weir_socket_post(s);
    weir_socket_reader_changed(s);
}

static bool writing_is_over(const weir_socket *s)
{
    return s->writing == WEIR_WRITING_FINISHED ||
           s->writing == WEIR_WRITING_FAILED;
}

/* --------------------------------------------------------------- deferred */

void weir_socket_post(weir_socket *s)
{
    if (s->phase != WEIR_PHASE_CLOSED && !weir_link_linked(&s->deferred.link))
        weir_defer(s->loop, &s->deferred);
}

static void tell_error(weir_socket *s)
{
    if (!(s->state & WEIR_S_ERROR_DUE) || !s->events || !s->events->error)
        return;
    s->state &= (uint16_t)~WEIR_S_ERROR_DUE;
    s->events->error(s, s->error);
}

/* False in the child of a callback. */
static WEIR_NOINLINE bool tell_before_close(weir_socket *s)
{
    /* No more are accepted: it ends. */
    while (!weir_queue_empty(&s->queue) && !weir_loop_left(s->loop))
        weir_socket_tell_written(s);
    if (!weir_loop_left(s->loop))
        weir_socket_tell_drain(s); /* both directions ended with the queue */
    if (!weir_loop_left(s->loop))
        tell_error(s);
    return !weir_loop_left(s->loop);
}

/* The end of a destroyed socket: nothing that a callback does here can bring
 * it back, since every call looks at `phase`. */
static void finish(weir_socket *s)
{
    weir_server *server = s->server;

    if ((!weir_queue_empty(&s->queue) ||
         s->state & (WEIR_S_DRAIN_DUE | WEIR_S_ERROR_DUE)) &&
        !tell_before_close(s)) {
        weir_socket_post(s); /* the rest is told when the loop is destroyed */
        return;
    }
    s->phase = WEIR_PHASE_CLOSED;
    if (server)
        weir_server_connection_closed(server);
    if (s->events && s->events->close)
        s->events->close(s, s->state & WEIR_S_FAILED);
    if (weir_link_linked(&s->deferred.link))
        weir_link_remove(&s->deferred.link);
    discard(s);
}

static void begin_closing(weir_socket *s)
{
    if (s->reading == WEIR_READING_ENDED)
        return; /* the peer's FIN is what closing waits for */
    s->reading = WEIR_READING_CLOSING;
    s->state &= (uint16_t)~WEIR_S_PAUSED;
    if (writing_is_over(s))
        weir_socket_linger(s);
    weir_socket_reader_changed(s);
}

/* Abandoned, and ended by its user since: the user's answer is in its queue, or
 * with the kernel. */
static bool is_answered(const weir_socket *s)
{
    return s->extra->fate == WEIR_FATE_ABANDONED &&
           (s->writing == WEIR_WRITING_ENDING ||
            s->writing == WEIR_WRITING_FINISHED);
}

/* What the partners in its pipes have left it to. */
static void meet_fate(weir_socket *s)
{
    if (s->extra && is_answered(s))
        s->extra->fate = WEIR_FATE_OPEN;
    if (weir_socket_is_doomed(s))
        weir_socket_shut(s, -ECANCELED);
    else if (s->reading == WEIR_READING_LOST && !weir_pipe_in(s) &&
             s->writing != WEIR_WRITING_OPEN)
        begin_closing(s); /* the answer has ended, or is about to */
}

/* What follows from the states of the two halves. */
static void settle(weir_socket *s)
{
    bool heard = !(s->state & WEIR_S_NO_READER) && !weir_socket_discards(s);

    if (s->phase != WEIR_PHASE_OPEN)
        return;
    /* Whom nobody told of the error will not resume it for the answer. */
    if (s->state & WEIR_S_PAUSED && !(s->events && s->events->error))
        heard = false;
    /* Without a reader there is no answer to wait for. */
    if (s->writing == WEIR_WRITING_FAILED && !heard) {
        weir_socket_shut(s, s->error);
        return;
    }
    weir_socket_keep_half_open_rule(s);
    weir_socket_maybe_close(s);
}

/* What had arrived is read before an error of writing is told: most programs
 * destroy the socket then, and would lose it (libuv #2643). That is no more
 * than the kernel's buffers hold, however much a peer goes on to send. */
static bool more_to_read_first(const weir_socket *s)
{
    return s->state & WEIR_S_READ_LATER && weir_socket_may_read(s) &&
           s->extra &&
           s->bytes_read - s->extra->read_at_failure < WEIR_READ_TRUSTED;
}

/* All that was noted, in the order that holds wherever it came from. */
static void carry_out(weir_socket *s)
{
    s->state &= (uint16_t)~WEIR_S_READ_LATER;
    meet_fate(s);
    if (s->phase != WEIR_PHASE_OPEN)
        return;
    if (s->queue.size)
        weir_socket_flush(s);
    weir_socket_tell_written(s);
    weir_pipe_write_failed(s);
    if (s->phase == WEIR_PHASE_OPEN && s->state & WEIR_S_READABLE)
        weir_socket_read_some(s);
    if (!weir_loop_left(s->loop))
        settle(s);
}

static void run(weir_loop *loop, struct weir_deferred *deferred)
{
    weir_socket *s = weir_container_of(deferred, weir_socket, deferred);

    if (s->phase != WEIR_PHASE_DESTROYED) {
        carry_out(s);
        if (weir_loop_left(loop))
            return;
    }
    if (s->phase == WEIR_PHASE_DESTROYED) {
        finish(s);
        return;
    }
    if (!more_to_read_first(s))
        tell_error(s);
    if (!weir_loop_left(loop))
        weir_socket_tell_hangup(s);
}

/* ----------------------------------------------------------------- ending */

/* Gives up the descriptor: out of the backend first, since it may have been
 * dup'ed or inherited and would stay there for ever (libuv 84f305915). */
static void close_descriptor(weir_socket *s)
{
    if (s->source.fd < 0)
        return;
    weir_source_retire(s->loop, &s->source); /* we outlive the batch */
    sys_close(s->source.fd);
    s->source.fd = -1;
}

/* RST instead of FIN: the peer is to know that the stream was cut. */
static void close_by_reset(weir_socket *s)
{
    if (weir_loop_inherited(s->loop))
        return; /* in a child: the connection is its parent's */
    if (s->source.fd < 0) {
        weir_dial_reset(s);
        return;
    }
    sys_reset_on_close(s->source.fd);
    if (!weir_socket_is_shared(s))
        return;
    /* A UNIX socket's other holders are left alone, unless fork() made them. */
    if (sys_disconnect(s->source.fd) < 0 && weir_socket_was_forked(s))
        (void)sys_shutdown(s->source.fd, SHUT_RDWR);
}

/* What was accepted has been given up, and not by the user: the peer must not
 * take what it has for the whole. */
static bool is_cut_short(const weir_socket *s, int status)
{
    enum weir_fate fate = s->extra ? s->extra->fate : WEIR_FATE_OPEN;

    return s->writing == WEIR_WRITING_FAILED || status != -ECANCELED ||
           fate == WEIR_FATE_CUT ||
           (fate == WEIR_FATE_ABANDONED && s->queue.size);
}

static WEIR_COLD void give_up_queue(weir_socket *s, int status)
{
    if (s->queue.size) /* never drained */
        s->state &= (uint16_t)~WEIR_S_DRAIN_DUE;
    weir_queue_fail(&s->queue, status);
}

void weir_socket_shut(weir_socket *s, int status)
{
    if (s->phase >= WEIR_PHASE_DESTROYED)
        return;
    if (s->writing != WEIR_WRITING_FINISHED && is_cut_short(s, status))
        close_by_reset(s);
    s->phase = WEIR_PHASE_DESTROYED;
    s->state |= WEIR_S_READ_OVER;
    s->state &= (uint16_t)~WEIR_S_PLAIN_WRITER;
    close_descriptor(s);
    if (weir_link_linked(&s->idle.link))
        weir_wheel_remove(&s->loop->wheel, &s->idle);
    if (!weir_queue_empty(&s->queue))
        give_up_queue(s, status);
    if (s->extra) {
        weir_dial_cancel(s);
        weir_pipe_closed(s);
    }
    weir_activate(s->loop, &s->flags); /* until `close` was told */
    weir_socket_post(s);
}

void weir_socket_note_error(weir_socket *s, int error, const char *call,
                            const weir_address *address)
{
    struct weir_extra *extra;

    if (s->state & WEIR_S_FAILED)
        return;
    s->state |= WEIR_S_FAILED | WEIR_S_ERROR_DUE;
    s->error = (int16_t)error; /* WEIR_ENOSERVER is the largest */
    extra = weir_socket_extra(s);
    if (!extra)
        return; /* the error itself is told; only its details are lost */
    extra->failed_call = call;
    extra->read_at_failure = s->bytes_read;
    if (address)
        extra->failed_address = *address;
}

void weir_socket_fail(weir_socket *s, int error, const char *call,
                      const weir_address *address)
{
    if (s->phase >= WEIR_PHASE_DESTROYED)
        return;
    weir_socket_note_error(s, error, call, address);
    weir_socket_shut(s, error);
}

void weir_socket_maybe_close(weir_socket *s)
{
    if (s->phase == WEIR_PHASE_OPEN && writing_is_over(s) &&
        s->reading == WEIR_READING_ENDED)
        weir_socket_shut(s, -ECANCELED);
}

/* What was not told yet never will be: no event but `close`. */
void weir_socket_destroy(weir_socket *s)
{
    s->state &= (uint16_t) ~(WEIR_S_ERROR_DUE | WEIR_S_DRAIN_DUE);
    weir_socket_shut(s, -ECANCELED);
}

void weir_socket_reset(weir_socket *s)
{
    close_by_reset(s);
    weir_socket_destroy(s);
}

void weir_socket_close(weir_socket *s)
{
    if (s->phase != WEIR_PHASE_OPEN) {
        weir_socket_shut(s, -ECANCELED);
        return;
    }
    if (s->reading == WEIR_READING_CLOSING)
        return;
    weir_pipe_closed(s);
    begin_closing(s);
    (void)weir_socket_end(s);
    /* If writing has failed there is nothing to wait for. */
    weir_socket_post(s);
}

void weir_socket_set_half_open(weir_socket *s, bool allowed)
{
    if (allowed)
        s->state |= WEIR_S_HALF_OPEN;
    else
        s->state &= (uint16_t)~WEIR_S_HALF_OPEN;
    if (!allowed && s->reading == WEIR_READING_ENDED)
        weir_socket_post(s); /* the rule holds from now on */
}

void weir_socket_close_now(weir_socket *s)
{
    weir_socket_shut(s, -ECANCELED);
    weir_link_remove(&s->deferred.link);
    run(s->loop, &s->deferred);
}

/* -------------------------------------------------------------- for tests */

const char *weir_socket_check(const weir_socket *s)
{
    bool has_descriptor = s->source.fd >= 0;

    if (has_descriptor != (s->phase == WEIR_PHASE_OPEN))
        return "a descriptor without an open socket, or the reverse";
    if (!(s->state & WEIR_S_READ_OVER) !=
        (s->phase == WEIR_PHASE_OPEN && s->reading != WEIR_READING_ENDED))
        return "READ_OVER does not match the state";
    if (!(s->state & WEIR_S_PLAIN_WRITER) !=
        !(s->phase <= WEIR_PHASE_OPEN && s->writing == WEIR_WRITING_OPEN &&
          !s->corks && !(s->extra && s->extra->limit)))
        return "PLAIN_WRITER does not match the state";
    if (s->queue.size && (s->writing == WEIR_WRITING_FINISHED ||
                          s->writing == WEIR_WRITING_FAILED))
        return "bytes wait on a socket that sends no more";
    if (s->phase == WEIR_PHASE_CONNECTING && !(s->extra && s->extra->dial))
        return "connecting without a dial";
    return weir_queue_check(&s->queue);
}
