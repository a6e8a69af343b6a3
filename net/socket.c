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
    /* Reads of one socket in one turn, beside the one by which ready() begins:
     * 8, and 9 in a turn that looks at descriptors twice. A fast peer keeps the
     * loop from the others for this long at most; the rest is taken next turn.
     */
    READ_BUDGET = 7,
    TURNS_TOLD_APART = 16 /* by the socket's `reads_turn` */
};

static const unsigned both_edges = WEIR_READABLE | WEIR_WRITABLE | WEIR_EDGE;

static void run(weir_loop *loop, struct weir_deferred *deferred);
static void ready(weir_loop *loop, struct weir_source *source, unsigned events);
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
        weir_chunk_free(s->extra->unread);
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

static bool writing_is_over(const weir_socket *s)
{
    return s->writing == WEIR_WRITING_FINISHED ||
           s->writing == WEIR_WRITING_FAILED;
}

/* --------------------------------------------------------------- reading */

static bool may_read(const weir_socket *s)
{
    return !(s->state & WEIR_S_NO_READING);
}

/* The half-open rule is to end our side, and there is nothing to be sent before
 * that: close() says all of it. */
static bool ends_with_its_peer(const weir_socket *s)
{
    return weir_queue_empty(&s->queue) && !s->extra &&
           s->writing == WEIR_WRITING_OPEN && !(s->state & WEIR_S_HALF_OPEN) &&
           !weir_socket_is_shared(s);
}

/* A pipe into the socket suspends the rule: the end of its source is the
 * socket's own. */
static void keep_half_open_rule(weir_socket *s)
{
    if (s->reading == WEIR_READING_ENDED && s->phase == WEIR_PHASE_OPEN &&
        !(s->state & WEIR_S_HALF_OPEN) && !weir_pipe_in(s))
        (void)weir_socket_end(s);
}

WEIR_COLD bool weir_socket_error_was_taken(const weir_socket *s)
{
    return s->error && s->error != -EPIPE && s->error != -ENOMEM &&
           s->error != -ENOBUFS;
}

static void read_ended(weir_socket *s)
{
    struct weir_pipe *out = weir_pipe_out(s);
    bool told = s->reading == WEIR_READING_OPEN;

    if (s->error && weir_socket_error_was_taken(s)) {
        shut(s, s->error);
        return;
    }
    s->reading = WEIR_READING_ENDED;
    s->state |= WEIR_S_READ_OVER;
    if (out && weir_pipe_ended(out))
        told = false;
    if (told && s->events && s->events->end) {
        s->events->end(s);
        if (s->phase != WEIR_PHASE_OPEN || weir_loop_left(s->loop))
            return;
    }
    if (ends_with_its_peer(s)) { /* the usual case, in short */
        s->writing = WEIR_WRITING_FINISHED;
        shut(s, -ECANCELED);
        return;
    }
    keep_half_open_rule(s);
    weir_socket_maybe_close(s);
}

static void read_failed(weir_socket *s, int error)
{
    weir_address peer;

    (void)weir_address_remote(s->source.fd, &peer);
    weir_socket_fail(s, error, "read", &peer);
}

/* Gives bytes to who reads them, if anybody does. */
static void deliver(weir_socket *s, const void *bytes, size_t length)
{
    struct weir_pipe *out = weir_pipe_out(s);

    if (out)
        weir_pipe_data(out, bytes, length);
    else if (s->events && s->events->data)
        s->events->data(s, bytes, length);
}

static void received(weir_socket *s, const void *bytes, size_t length)
{
    s->bytes_read += length;
    if (weir_socket_discards(s)) {
        /* No activity: a peer that sends on and reads nothing would otherwise
         * never be idle. */
        if (s->reading == WEIR_READING_LOST)
            s->extra->holed = true;
        if (weir_socket_linger_is_over(s, length))
            shut(s, -ECANCELED);
        return;
    }
    weir_socket_active(s);
    if (s->state & WEIR_S_PLAIN_READER)
        s->events->data(s, bytes, length);
    else
        deliver(s, bytes, length);
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

    if (!(s->state & WEIR_S_PLAIN_READER) && s->events && s->events->buffer &&
        !weir_pipe_out(s) && !weir_socket_discards(s)) {
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
    if (n > 0)
        weir_source_was_read(&s->source, (size_t)n);
    emptied = n < 0 || ((size_t)n < size && !(s->state & WEIR_S_READ_ALL) &&
                        !weir_source_unread(&s->source));
    if (emptied)
        s->state &= (uint16_t)~WEIR_S_READABLE;
    if (n > 0)
        received(s, buffer, (size_t)n);
    return !emptied;
}

/* ------------------------------------------------- bytes that were refused */

/* In front of what is there: that is where it was taken from. */
int weir_socket_unread(weir_socket *s, const void *bytes, size_t length)
{
    struct weir_chunk *rest = s->extra->unread;
    struct weir_chunk *chunk =
        weir_chunk_create(length + (rest ? rest->left : 0));

    if (!chunk)
        return -ENOMEM;
    weir_chunk_copy(chunk, bytes, length);
    if (rest)
        weir_chunk_copy(chunk, rest->bytes, rest->left);
    weir_chunk_free(rest);
    s->extra->unread = chunk;
    s->state |= WEIR_S_READABLE; /* even if the kernel has nothing more */
    weir_socket_reader_changed(s);
    return 0;
}

size_t weir_socket_reread(weir_socket *s, void *buffer, size_t size)
{
    struct weir_chunk *chunk = s->extra->unread;
    size_t length = chunk->left < size ? chunk->left : size;

    memcpy(buffer, chunk->bytes, length);
    chunk->bytes += length;
    chunk->left -= length;
    if (!chunk->left) {
        s->extra->unread = NULL;
        weir_chunk_free(chunk);
        weir_socket_reader_changed(s);
    }
    return length;
}

static void drop_unread(weir_socket *s)
{
    weir_chunk_free(s->extra->unread);
    s->extra->unread = NULL;
    weir_socket_reader_changed(s);
}

static void tell_unread(weir_socket *s)
{
    size_t size;
    void *buffer;

    if (weir_socket_discards(s)) {
        drop_unread(s);
        return;
    }
    buffer = read_buffer(s, &size);
    /* Where it was asked it may have been paused, closed, or read out. */
    if (may_read(s) && !weir_socket_discards(s) && weir_socket_has_unread(s) &&
        !weir_loop_left(s->loop))
        deliver(s, buffer, weir_socket_reread(s, buffer, size));
}

/* ------------------------------------------------------- reading by budget */

/* One read, or one move inside the kernel. True when another one may give
 * more. */
static bool read_once(weir_socket *s)
{
    ssize_t moved;
    size_t size;
    void *buffer;

    if (weir_socket_has_unread(s)) {
        tell_unread(s);
        return true;
    }
    moved = weir_pipe_out(s) ? weir_pipe_splice(s) : 0;
    if (moved > 0)
        return true;
    if (moved < 0) {
        read_failed(s, (int)moved);
        return false;
    }
    buffer = read_buffer(s, &size);
    if (!may_read(s) || weir_loop_left(s->loop))
        return false; /* paused or destroyed while it was asked */
    return take(s, buffer, size, sys_recv(s->source.fd, buffer, size));
}

/* The budget is of a turn, in which a socket may be read twice: by its deferred
 * work, and by an event. */
static bool may_read_in_this_turn(weir_socket *s)
{
    unsigned turn = s->loop->turns % TURNS_TOLD_APART;

    if (s->reads_turn != turn) {
        s->reads_turn = turn & (TURNS_TOLD_APART - 1);
        s->reads = 0;
    }
    if (s->reads == READ_BUDGET)
        return false;
    s->reads++;
    return true;
}

static void read_some(weir_socket *s)
{
    while (may_read(s) && !s->loop->stopped && may_read_in_this_turn(s))
        if (!read_once(s))
            return;
    if (may_read(s)) {
        s->state |= WEIR_S_READ_LATER;
        weir_socket_post(s);
    }
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
    if (s->queue.size && s->phase == WEIR_PHASE_OPEN &&
        !weir_loop_left(s->loop)) {
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
    if (weir_loop_left(s->loop))
        return;
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
                             WEIR_S_READ_LATER | WEIR_S_TIMED_OUT |
                             WEIR_S_ERROR_DUE;
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
    if (n <= 0 || n >= WEIR_READ_FIRST ||
        (size_t)n < weir_source_unread(source)) {
        read_unusual(s, buffer, n);
        return;
    }
    s->bytes_read += (size_t)n;
    s->last_active = (uint32_t)s->loop->tick_up;
    s->events->data(s, buffer, (size_t)n);
}

void weir_socket_pause(weir_socket *s)
{
    if (s->reading == WEIR_READING_CLOSING)
        return; /* closing waits for what comes; nothing of it is told */
    if (s->reading == WEIR_READING_LOST) {
        s->extra->paused = true; /* for when it is told again */
        return;
    }
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
    if (s->reading == WEIR_READING_LOST)
        s->extra->paused = false;
    s->state &= (uint16_t)~WEIR_S_PAUSED;
    read_on(s);
}

bool weir_socket_paused(const weir_socket *s)
{
    if (s->reading == WEIR_READING_LOST)
        return s->extra->paused;
    return s->state & WEIR_S_PAUSED;
}

void weir_socket_reader_changed(weir_socket *s)
{
    const weir_socket_events *events = s->events;
    unsigned state =
        s->state & ~(unsigned)(WEIR_S_NO_READER | WEIR_S_PLAIN_READER);
    bool other = weir_socket_discards(s) || weir_pipe_out(s);

    if (!events && !other)
        state |= WEIR_S_NO_READER;
    else if (!other && events->data && !events->buffer &&
             !weir_socket_has_unread(s))
        state |= WEIR_S_PLAIN_READER;
    s->state = (uint16_t)state;
    read_on(s);
}

void weir_socket_set_events(weir_socket *s, const weir_socket_events *events)
{
    s->events = events;
    /* What may have waited for this table; a hangup is told in a pause. */
    if (s->state & (WEIR_S_PAUSED | WEIR_S_DRAIN_DUE | WEIR_S_ERROR_DUE))
        weir_socket_post(s);
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
    if (s->extra && s->extra->fate != WEIR_FATE_OPEN)
        shut(s, -ECANCELED);
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
        shut(s, s->error);
        return;
    }
    keep_half_open_rule(s);
    weir_socket_maybe_close(s);
}

/* What had arrived is read before an error of writing is told: most programs
 * destroy the socket then, and would lose it (libuv #2643). That is no more
 * than the kernel's buffers hold, however much a peer goes on to send. */
static bool more_to_read_first(const weir_socket *s)
{
    return s->state & WEIR_S_READ_LATER && may_read(s) && s->extra &&
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
        read_some(s);
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
    sys_close_last(s->source.fd);
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

static void shut(weir_socket *s, int status)
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
    shut(s, error);
}

void weir_socket_maybe_close(weir_socket *s)
{
    if (s->phase == WEIR_PHASE_OPEN && writing_is_over(s) &&
        s->reading == WEIR_READING_ENDED)
        shut(s, -ECANCELED);
}

/* What was not told yet never will be: no event but `close`. */
void weir_socket_destroy(weir_socket *s)
{
    s->state &= (uint16_t) ~(WEIR_S_ERROR_DUE | WEIR_S_DRAIN_DUE);
    shut(s, -ECANCELED);
}

void weir_socket_reset(weir_socket *s)
{
    close_by_reset(s);
    weir_socket_destroy(s);
}

void weir_socket_close(weir_socket *s)
{
    if (s->phase != WEIR_PHASE_OPEN) {
        shut(s, -ECANCELED);
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
    shut(s, -ECANCELED);
    weir_link_remove(&s->deferred.link);
    run(s->loop, &s->deferred);
}
