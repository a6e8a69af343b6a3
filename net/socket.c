/*
 * socket.c - the life of a connection: events, reading, ending
 *
 * A socket is registered once, edge-triggered, for both directions. What the
 * kernel says is remembered as two bits, READABLE and WRITABLE, until a short
 * read or a full buffer disproves it; whether to read is a question of bits
 * alone. So pausing, resuming and stalling need no system call, and a paused
 * socket whose peer has gone cannot spin (epoll cannot mask EPOLLHUP; bun
 * #37920).
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

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum {
    /* Reads of one socket in one turn. A fast peer keeps the loop from the
     * others for this long at most; the rest is taken next turn. */
    READ_BUDGET = 8
};

static const unsigned both_edges =
    WEIR_READABLE | WEIR_WRITABLE | WEIR_EDGE;

static void run(weir_loop *loop, struct weir_deferred *deferred);
static void ready(weir_loop *loop, struct weir_source *source,
                  unsigned events);
static void shut(weir_socket *s, int status);

/* ---------------------------------------------------- creating, opening */

static inline weir_socket *create(weir_loop *loop, struct weir_net *net)
{
    weir_socket *s = weir_pool_take(&net->sockets);

    if (!s)
        return NULL;
    s->loop = loop;
    s->source.fd = -1;
    s->source.ready = ready;
    s->deferred.run = run;
    weir_socket_init_timeout(s);
    s->state = WEIR_S_NO_READER | WEIR_S_READ_OVER | WEIR_S_PLAIN_WRITER;
    return s;
}

static void discard(weir_socket *s)
{
    weir_deactivate(s->loop, &s->flags);
    if (s->extra) {
        weir_release(s->extra->failed_host);
        weir_release(s->extra);
    }
    weir_pool_give(&weir_net_of(s->loop)->sockets, s);
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
    *out = net ? create(loop, net) : NULL;
    if (!*out)
        return -ENOMEM;
    weir_socket_set_events(*out, events, data);
    return 0;
}

/* The descriptor is the socket's from here on. WRITABLE is assumed: the first
 * send disproves it at worst.
 *
 * On a UNIX socket a short read says nothing: it stops behind bytes that came
 * with a descriptor (SCM_RIGHTS), however much there is left, and no edge would
 * come for that. Those are read until EAGAIN. */
static inline void opened(weir_socket *s, int family)
{
    s->phase = WEIR_PHASE_OPEN;
    s->state |= WEIR_S_WRITABLE;
    if (family == AF_UNIX)
        s->state |= WEIR_S_READ_ALL;
    s->state &= (uint16_t)~WEIR_S_READ_OVER;
    weir_activate(s->loop, &s->flags);
    weir_socket_active(s);
}

int weir_socket_accepted(weir_socket **out, weir_loop *loop,
                         weir_server *server, int fd, int family)
{
    weir_socket *s = create(loop, weir_net_of(loop));
    int result = -ENOMEM;

    if (!s)
        goto no_socket;
    s->source.fd = fd;
    result = weir_source_add(loop, &s->source, both_edges);
    if (result < 0)
        goto not_added;
    s->server = server;
    opened(s, family);
    *out = s;
    return 0;

not_added:
    s->source.fd = -1;
    discard(s);
no_socket:
    sys_close(fd);
    return result;
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
    return weir_address_remote(fd, peer);
}

int weir_socket_adopt(weir_socket *s, int fd)
{
    weir_address peer;
    int result;

    if (!s)
        return -EINVAL;
    if (s->phase != WEIR_PHASE_NEW)
        return s->phase >= WEIR_PHASE_DESTROYED ? -EBADF : -EISCONN;
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
    opened(s, weir_address_family(&peer));
    return 0;
}

static int may_connect(const weir_socket *s)
{
    switch (s->phase) {
    case WEIR_PHASE_NEW:
        return 0;
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
void weir_socket_connected(weir_socket *s, int fd, int family)
{
    int result;

    s->source.fd = fd;
    result = weir_source_change(s->loop, &s->source, both_edges);
    if (result < 0) {
        weir_socket_fail(s, result, "connect", NULL);
        return;
    }
    opened(s, family);
    /* Empty writes have waited for this alone; `connect` may write behind
     * them. */
    if (!s->corks)
        weir_queue_sent(&s->queue, 0);
    if (s->events && s->events->connect)
        s->events->connect(s);
    if (s->phase != WEIR_PHASE_OPEN)
        return;
    weir_socket_flush(s);
    weir_socket_tell_written(s);
}

/* --------------------------------------------------------------- reading */

static bool may_read(const weir_socket *s)
{
    return !(s->state & WEIR_S_NO_READING);
}

/* The half-open rule is to end our side, and there is nothing to be sent before
 * that: close() says all of it. A descriptor that others hold it would not
 * end. */
static bool ends_with_its_peer(const weir_socket *s)
{
    return !s->queue.first && !s->extra && s->writing == WEIR_WRITING_OPEN &&
           !(s->state & (WEIR_S_HALF_OPEN | WEIR_S_SHARED));
}

static void read_ended(weir_socket *s)
{
    struct weir_pipe *out = weir_pipe_out(s);
    bool carried;

    /* A send has met what ended the connection, and has taken it out of the
     * socket: this 0 is not a FIN. After EPIPE it may be one. */
    if (s->error && s->error != -EPIPE) {
        shut(s, s->error);
        return;
    }
    s->reading = WEIR_READING_ENDED;
    s->state |= WEIR_S_READ_OVER;
    carried = out && weir_pipe_ended(out);
    if (!carried && !(s->state & WEIR_S_DISCARD) && s->events && s->events->end)
        s->events->end(s);
    if (s->phase != WEIR_PHASE_OPEN)
        return;
    if (ends_with_its_peer(s)) { /* the usual case, in short */
        s->writing = WEIR_WRITING_FINISHED;
        shut(s, -ECANCELED);
        return;
    }
    /* Where another socket's stream flows into this one, its end is that
     * stream's end. */
    if (!(s->state & WEIR_S_HALF_OPEN) && !weir_pipe_in(s))
        weir_socket_end(s);
    weir_socket_maybe_close(s);
}

static void read_failed(weir_socket *s, int error)
{
    weir_address peer;

    (void)weir_address_remote(s->source.fd, &peer);
    weir_socket_fail(s, error, "read", &peer);
}

static void discarded(weir_socket *s, size_t length)
{
    if (weir_socket_linger_is_over(s, length))
        shut(s, -ECANCELED);
}

static void tell_data(weir_socket *s, const void *bytes, size_t length)
{
    bool gathering = weir_socket_gather(s);

    s->events->data(s, bytes, length);
    if (gathering)
        weir_socket_gathered(s);
}

static void received(weir_socket *s, const void *bytes, size_t length)
{
    struct weir_pipe *out;

    s->bytes_read += length;
    weir_socket_active(s);
    if (s->state & WEIR_S_PLAIN_READER)
        s->events->data(s, bytes, length);
    else if ((out = weir_pipe_out(s)) != NULL)
        weir_pipe_data(out, bytes, length);
    else if (s->state & WEIR_S_DISCARD)
        discarded(s, length);
    else if (s->events->data)
        tell_data(s, bytes, length);
}

static inline size_t read_size(const weir_socket *s)
{
    return s->bytes_read < WEIR_READ_TRUSTED ? WEIR_READ_FIRST
                                             : WEIR_READ_BUFFER;
}

/* Where the next bytes go: the reader's own buffer if it has one. */
static inline void *read_buffer(weir_socket *s, size_t *size)
{
    void *buffer = NULL;

    if (!(s->state & (WEIR_S_PLAIN_READER | WEIR_S_DISCARD)) && s->events &&
        s->events->buffer && !weir_pipe_out(s)) {
        *size = 0;
        buffer = s->events->buffer(s, size);
    }
    if (buffer && *size)
        return buffer;
    *size = read_size(s);
    return weir_net_of(s->loop)->read_buffer;
}

/* What a read gave, which was asked for `size` bytes. True when another one
 * may give more.
 *
 * A short read has emptied the kernel's queue, and what comes later is a new
 * edge: no second call is needed to learn that there is nothing. After a FIN
 * there is no later, so reading goes on to the 0 (libuv 2e2114ed8). */
static inline bool take(weir_socket *s, void *buffer, size_t size, ssize_t n)
{
    bool emptied;

    if (n == -EINTR)
        return true;
    if (n == 0) {
        read_ended(s);
        return false;
    }
    if (n < 0 && n != -EAGAIN) {
        read_failed(s, (int)n);
        return false;
    }
    emptied = n < 0 || ((size_t)n < size && !(s->state & WEIR_S_READ_ALL));
    if (emptied)
        s->state &= (uint16_t)~WEIR_S_READABLE;
    if (n > 0)
        received(s, buffer, (size_t)n);
    return !emptied;
}

static void read_some(weir_socket *s)
{
    for (int budget = READ_BUDGET;
         budget > 0 && may_read(s) && !s->loop->stopped; budget--) {
        ssize_t moved = weir_pipe_out(s) ? weir_pipe_splice(s) : 0;
        size_t size;
        void *buffer;

        if (moved > 0)
            continue;
        if (moved < 0) {
            read_failed(s, (int)moved);
            return;
        }
        buffer = read_buffer(s, &size);
        if (!may_read(s))
            return; /* paused or destroyed while it was asked */
        if (!take(s, buffer, size, sys_recv(s->source.fd, buffer, size)))
            return;
    }
    if (may_read(s))
        weir_socket_post(s);
}

/* An error on a connection that has nothing to read and nothing to send:
 * neither call will tell, and there is no other edge to come. */
static WEIR_COLD void broken(weir_socket *s)
{
    socklen_t size = sizeof(int);
    weir_address peer;
    int error = 0;

    if (s->phase != WEIR_PHASE_OPEN || s->reading != WEIR_READING_ENDED)
        return;
    (void)weir_address_remote(s->source.fd, &peer);
    if (sys_getsockopt(s->source.fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
        error = EPIPE;
    if (error)
        weir_socket_fail(s, -error, "write", &peer);
}

static void write_on(weir_socket *s)
{
    if (s->queue.size && s->phase == WEIR_PHASE_OPEN) {
        weir_socket_flush(s);
        weir_socket_tell_written(s);
    }
}

/* A socket that was closed in this batch comes here too: it may not read, and
 * has nothing to send. */
static WEIR_NOINLINE void ready_any(weir_socket *s, unsigned events)
{
    s->state |= (uint16_t)(events & (WEIR_S_READABLE | WEIR_S_WRITABLE |
                                     WEIR_S_READ_ALL));
    /* What has happened, the next read or send will tell. */
    if (events & (WEIR_ERROR | WEIR_HANGUP))
        s->state |= WEIR_S_READABLE | WEIR_S_WRITABLE | WEIR_S_READ_ALL;
    else if (events & WEIR_READ_HANGUP)
        s->state |= WEIR_S_READABLE | WEIR_S_READ_ALL;
    if (events & (WEIR_ERROR | WEIR_HANGUP | WEIR_READ_HANGUP))
        weir_socket_hung_up(s);
    if (s->state & WEIR_S_READABLE)
        read_some(s);
    write_on(s);
    if (events & WEIR_ERROR)
        broken(s);
    weir_socket_tell_hangup(s);
}

/* The usual read gave something else than a part of the smaller buffer. */
static WEIR_NOINLINE void read_unusual(weir_socket *s, char *buffer, ssize_t n)
{
    s->state |= WEIR_S_READABLE;
    if (take(s, buffer, read_size(s), n < 0 ? -errno : n))
        read_some(s);
    write_on(s);
}

/* A FIN has come, and nothing else is unusual. Mostly no bytes come before. */
static WEIR_NOINLINE void ready_to_end(weir_socket *s, unsigned events)
{
    char *buffer = weir_net_of(s->loop)->read_buffer;
    ssize_t n = sys_recv_raw(s->source.fd, buffer, read_size(s));

    s->state |= (uint16_t)((events & WEIR_S_WRITABLE) | WEIR_S_READ_ALL);
    weir_socket_hung_up(s);
    if (n == 0)
        read_ended(s);
    else
        read_unusual(s, buffer, n);
}

/* The events that are not usual have bits of `state` that are not usual either:
 * one comparison sees both. */
static_assert(((WEIR_ERROR | WEIR_HANGUP | WEIR_READ_HANGUP | WEIR_URGENT) &
               ~(WEIR_S_NO_READING | WEIR_S_ERROR_DUE | WEIR_S_READ_ALL)) == 0,
              "");

/* What nearly every event is: a message has come, nothing waits to be sent, and
 * one call takes all of it. It is here only to be short; ready_any() would do
 * the same. Whatever `data` does, there is nothing left to do after it. */
static WEIR_HOT void ready(weir_loop *loop, struct weir_source *source,
                           unsigned events)
{
    const unsigned usual = WEIR_S_PLAIN_READER | WEIR_S_READABLE;
    const unsigned unusual = WEIR_S_NO_READING | WEIR_S_READ_ALL |
                             WEIR_S_TIMED_OUT | WEIR_S_ERROR_DUE;
    weir_socket *s = weir_container_of(source, weir_socket, source);
    unsigned state = s->state | events;
    char *buffer;
    ssize_t n;

    if ((state & (usual | unusual)) != usual || s->queue.size) {
        if ((state & (usual | unusual)) == (usual | WEIR_READ_HANGUP) &&
            !(s->state & WEIR_READ_HANGUP) && !s->queue.size)
            ready_to_end(s, events);
        else
            ready_any(s, events);
        return;
    }
    s->state = (uint16_t)(state & ~(unsigned)WEIR_S_READABLE);
    buffer = weir_net_of(loop)->read_buffer;
    n = sys_recv_raw(source->fd, buffer, read_size(s));
    if (n <= 0 || n >= WEIR_READ_FIRST) {
        read_unusual(s, buffer, n);
        return;
    }
    s->bytes_read += (size_t)n;
    s->last_active = (uint32_t)s->loop->tick_up;
    s->events->data(s, buffer, (size_t)n);
}

void weir_socket_pause(weir_socket *s)
{
    s->state |= WEIR_S_PAUSED;
    /* No further edge will come for that. */
    if (s->flags & WEIR_HUNG_UP) {
        s->flags |= WEIR_HANGUP_DUE;
        weir_socket_post(s);
    }
}

static void read_on(weir_socket *s)
{
    if (may_read(s) && s->state & WEIR_S_READABLE)
        weir_socket_post(s);
}

void weir_socket_resume(weir_socket *s)
{
    s->state &= (uint16_t)~WEIR_S_PAUSED;
    read_on(s);
}

bool weir_socket_paused(const weir_socket *s)
{
    return s->state & WEIR_S_PAUSED;
}

void weir_socket_reader_changed(weir_socket *s)
{
    const weir_socket_events *events = s->events;
    unsigned state = s->state & ~(unsigned)(WEIR_S_NO_READER |
                                            WEIR_S_PLAIN_READER);
    bool other = state & WEIR_S_DISCARD || weir_pipe_out(s);

    if (!events && !other)
        state |= WEIR_S_NO_READER;
    else if (!other && events->data && !events->buffer &&
             !(s->extra && s->extra->high_water))
        state |= WEIR_S_PLAIN_READER;
    s->state = (uint16_t)state;
    read_on(s);
}

void weir_socket_set_events(weir_socket *s, const weir_socket_events *events,
                            void *data)
{
    s->events = events;
    s->data = data;
    weir_socket_reader_changed(s);
}

/* --------------------------------------------------------------- deferred */

void weir_socket_post(weir_socket *s)
{
    if (s->phase != WEIR_PHASE_CLOSED && !weir_link_linked(&s->deferred.link))
        weir_defer(s->loop, &s->deferred);
}

static void tell_error(weir_socket *s)
{
    if (!(s->state & WEIR_S_ERROR_DUE))
        return;
    s->state &= (uint16_t)~WEIR_S_ERROR_DUE;
    if (s->events && s->events->error)
        s->events->error(s, s->error);
}

/* The end of a destroyed socket: nothing that a callback does here can bring
 * it back, since every call looks at `phase`. */
static void finish(weir_socket *s)
{
    weir_server *server = s->server;

    while (s->queue.first) /* no more are accepted: it ends */
        weir_socket_tell_written(s);
    tell_error(s);
    s->phase = WEIR_PHASE_CLOSED;
    if (server)
        weir_server_connection_closed(server);
    if (s->events && s->events->close)
        s->events->close(s, s->state & WEIR_S_FAILED);
    if (weir_link_linked(&s->deferred.link))
        weir_link_remove(&s->deferred.link);
    discard(s);
}

static void run(weir_loop *loop, struct weir_deferred *deferred)
{
    weir_socket *s = weir_container_of(deferred, weir_socket, deferred);

    (void)loop;
    if (s->phase == WEIR_PHASE_DESTROYED) {
        finish(s);
        return;
    }
    if (s->phase == WEIR_PHASE_OPEN && s->queue.size)
        weir_socket_flush(s);
    weir_socket_tell_written(s);
    /* Before a write error is told: most programs destroy the socket then, and
     * would lose what had arrived (libuv #2643). */
    if (s->phase == WEIR_PHASE_OPEN && s->state & WEIR_S_READABLE)
        read_some(s);
    if (s->phase != WEIR_PHASE_DESTROYED) {
        tell_error(s);
        weir_socket_tell_hangup(s);
    }
    if (s->phase == WEIR_PHASE_DESTROYED)
        finish(s);
}

/* ----------------------------------------------------------------- ending */

/* Gives up the descriptor: out of the backend first, since it may have been
 * dup'ed or inherited and would stay there for ever (libuv 84f305915). */
static void close_descriptor(weir_socket *s)
{
    if (s->source.fd < 0)
        return;
    weir_source_retire(s->loop, &s->source); /* we outlive the batch */
    sys_close_last(s->source.fd);
    s->source.fd = -1;
}

static void shut(weir_socket *s, int status)
{
    if (s->phase >= WEIR_PHASE_DESTROYED)
        return;
    s->phase = WEIR_PHASE_DESTROYED;
    s->state |= WEIR_S_READ_OVER;
    s->state &= (uint16_t)~WEIR_S_PLAIN_WRITER;
    close_descriptor(s);
    if (weir_link_linked(&s->idle.link))
        weir_wheel_remove(&s->loop->wheel, &s->idle);
    if (s->queue.first)
        weir_queue_fail(&s->queue, status);
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
    s->error = error;
    extra = weir_socket_extra(s);
    if (!extra)
        return; /* the error itself is told; only its details are lost */
    extra->failed_call = call;
    if (address)
        extra->failed_address = *address;
}

void weir_socket_fail(weir_socket *s, int error, const char *call,
                      const weir_address *address)
{
    if (s->phase >= WEIR_PHASE_DESTROYED)
        return;
    weir_socket_note_error(s, error, call, address);
    shut(s, error);
}

static bool writing_is_over(const weir_socket *s)
{
    return s->writing == WEIR_WRITING_FINISHED ||
           s->writing == WEIR_WRITING_FAILED;
}

void weir_socket_maybe_close(weir_socket *s)
{
    if (s->phase == WEIR_PHASE_OPEN && writing_is_over(s) &&
        s->reading == WEIR_READING_ENDED)
        shut(s, -ECANCELED);
}

/* An error that was not told yet never will be: no event but `close`. */
void weir_socket_destroy(weir_socket *s)
{
    s->state &= (uint16_t)~WEIR_S_ERROR_DUE;
    shut(s, -ECANCELED);
}

void weir_socket_reset(weir_socket *s)
{
    struct linger reset = { .l_onoff = 1, .l_linger = 0 };

    if (s->source.fd >= 0)
        (void)sys_setsockopt(s->source.fd, SOL_SOCKET, SO_LINGER, &reset,
                             sizeof reset);
    weir_socket_destroy(s);
}

void weir_socket_close(weir_socket *s)
{
    if (s->phase != WEIR_PHASE_OPEN) {
        shut(s, -ECANCELED);
        return;
    }
    /* The source of a pipe that lost its destination throws away what it
     * reads, but is not closing. */
    if (s->state & WEIR_S_DISCARD && s->writing != WEIR_WRITING_OPEN)
        return;
    weir_pipe_closed(s);
    if (s->phase != WEIR_PHASE_OPEN)
        return; /* a ring of pipes has come back to us */
    s->state |= WEIR_S_DISCARD;
    s->state &= (uint16_t)~WEIR_S_PAUSED;
    if (writing_is_over(s))
        weir_socket_linger(s);
    weir_socket_end(s);
    weir_socket_reader_changed(s);
}

void weir_socket_set_half_open(weir_socket *s, bool allowed)
{
    if (allowed)
        s->state |= WEIR_S_HALF_OPEN;
    else
        s->state &= (uint16_t)~WEIR_S_HALF_OPEN;
}

void weir_socket_close_now(weir_socket *s)
{
    shut(s, -ECANCELED);
    weir_link_remove(&s->deferred.link);
    run(s->loop, &s->deferred);
}
