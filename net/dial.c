/*
 * dial.c - name -> addresses -> the first that answers (RFC 8305)
 *
 * Both families are looked up at the same time. An attempt begins with the
 * first IPv6 answer, or 50 ms after the first IPv4 answer ("resolution
 * delay"); then, while no attempt has succeeded, another one begins every
 * 250 ms, and at once when one fails; the families take turns. Earlier attempts
 * live on: the first connection that stands wins, the others are closed.
 * (Node aborts an attempt when the next one begins, and so never reaches a host
 * that is 300 ms away; node #54359.)
 *
 *     lookup AAAA --+--> candidates[IPV6] --+
 *                   |                       +--> attempts --> the first
 *     lookup A    --+--> candidates[IPV4] --+
 *
 * Everything happens in callbacks of timers, lookups and descriptors, so
 * nothing is told from inside the user's call. What is told may destroy the
 * socket, and the dial with it: after each event `gone()` is asked.
 */
#include "dial.h"

#include "address.h"
#include "kernel_pipe.h"
#include "resolver.h"
#include "socket.h"

#include <string.h>

enum {
    RESOLUTION_DELAY = 50, /* RFC 8305, section 8 */
    ATTEMPT_DELAY = 250,
    ATTEMPT_DELAY_MIN = 10,
    /* Each attempt is a descriptor. When so many are under way, another one
     * takes the place of the oldest, but not before that has had the time for
     * two lost SYNs, which are sent again after 1 and 3 s (RFC 6298). With the
     * usual delay it has, just then. */
    ATTEMPTS_MAX = 16,
    ATTEMPT_LEAST = ATTEMPTS_MAX * ATTEMPT_DELAY,
    /* A UNIX socket's full backlog is EAGAIN, and no event tells when there is
     * room. The pauses double, so that a crowd that waits is no load. */
    BACKLOG_PAUSE = 10,
    BACKLOG_PAUSE_MAX = 250,
    PORT_MAX = 65535
};

enum { IPV6, IPV4, FAMILIES };

struct candidates {
    weir_lookup *lookup; /* under way */
    int status;          /* of the lookup that ended */
    weir_address *list;
    size_t count, next;
};

/* Its descriptor is registered with the loop once connect() has begun; before
 * that it waits for room in a backlog. */
struct attempt {
    struct weir_link link;
    struct weir_source source;
    struct weir_dial *dial;
    weir_timer room; /* when to ask for it again */
    unsigned pause;  /* ms, the next one */
    unsigned forks;  /* before the descriptor was made */
    bool watched;
    uint64_t begun; /* ms of the loop's clock */
    weir_address address;
};

struct weir_dial {
    weir_socket *socket;
    weir_loop *loop;
    struct candidates candidates[FAMILIES];
    struct weir_link attempts; /* under way, the oldest first */
    unsigned under_way;        /* how many */
    unsigned turn;             /* whose candidate is next */
    bool begun;                /* the first attempt has been made */
    weir_timer next;           /* the next attempt, or the resolution delay */
    weir_timer limit;          /* the user's timeout */
    unsigned attempt_delay, port;
    weir_address local;
    weir_tcp_options tcp;
    weir_prepare_cb *prepare;
    void *prepare_argument;
    /* The error to tell if nothing connects. */
    int error;
    const char *call;
    weir_address failed;
    char host[]; /* as it was given; empty for an address */
};

static void go_on(struct weir_dial *dial);

/* True when an event's callback destroyed the socket, and us with it; or left
 * us to the parent of a child. */
static bool gone(const weir_socket *s)
{
    return s->phase != WEIR_PHASE_CONNECTING || weir_loop_left(s->loop);
}

/* ----------------------------------------------------------------- the end */

/* Its descriptor is ours to end, and a child has a copy: closing ours would
 * leave the connection open. */
static bool must_end_for_all(const struct attempt *attempt)
{
    return attempt->source.fd >= 0 && attempt->forks != weir_forks() &&
           !weir_loop_inherited(attempt->dial->loop);
}

static void drop_attempt(struct attempt *attempt)
{
    if (must_end_for_all(attempt))
        (void)sys_shutdown(attempt->source.fd, SHUT_RDWR);
    weir_link_remove(&attempt->link);
    attempt->dial->under_way--;
    weir_timer_stop(&attempt->room);
    if (attempt->watched)
        weir_source_remove(attempt->dial->loop, &attempt->source);
    if (attempt->source.fd >= 0)
        sys_close(attempt->source.fd);
    weir_release(attempt);
}

/* One that is given up, and not by the user: it may stand already, and a peer
 * that gets a FIN takes a stream in which nothing was said for the whole. */
static void abort_attempt(struct attempt *attempt)
{
    if (attempt->source.fd >= 0 && !weir_loop_inherited(attempt->dial->loop))
        sys_reset_on_close(attempt->source.fd);
    if (must_end_for_all(attempt))
        (void)sys_disconnect(attempt->source.fd);
    drop_attempt(attempt);
}

static void free_dial(struct weir_dial *dial)
{
    weir_timer_stop(&dial->next);
    weir_timer_stop(&dial->limit);
    while (!weir_list_empty(&dial->attempts))
        drop_attempt(
            weir_container_of(dial->attempts.next, struct attempt, link));
    for (int i = 0; i < FAMILIES; i++) {
        if (dial->candidates[i].lookup)
            weir_lookup_cancel(dial->candidates[i].lookup);
        weir_release(dial->candidates[i].list);
    }
    dial->socket->extra->dial = NULL;
    weir_release(dial);
}

void weir_dial_cancel(weir_socket *s)
{
    if (s->extra && s->extra->dial)
        free_dial(s->extra->dial);
}

void weir_dial_reset(weir_socket *s)
{
    struct weir_dial *dial = s->extra ? s->extra->dial : NULL;

    while (dial && !weir_list_empty(&dial->attempts))
        abort_attempt(
            weir_container_of(dial->attempts.next, struct attempt, link));
}

static void fail(struct weir_dial *dial, int error, const char *call,
                 const weir_address *address)
{
    weir_address copy = *address;

    weir_socket_fail(dial->socket, error, call, copy.length ? &copy : NULL);
}

static void timed_out(weir_timer *timer)
{
    struct weir_dial *dial = timer->data;
    weir_address address = dial->failed;

    if (!weir_list_empty(&dial->attempts))
        address = weir_container_of(dial->attempts.prev, struct attempt, link)
                      ->address;
    fail(dial, -ETIMEDOUT, "connect", &address);
}

/* ----------------------------------------------------------- one attempt */

/* Errors that say something of this machine and nothing of the other one. If
 * another address got an answer, that is the one to tell. */
static bool local_error(int error)
{
    return error == -ENETUNREACH || error == -EADDRNOTAVAIL ||
           error == -EAFNOSUPPORT || error == -EHOSTUNREACH ||
           error == -EADDRINUSE || error == -EMFILE || error == -ENFILE ||
           error == -ENOBUFS || error == -ENOMEM;
}

static void note(struct weir_dial *dial, int error, const char *call,
                 const weir_address *address)
{
    if (dial->error && !local_error(dial->error))
        return;
    dial->error = error;
    dial->call = call;
    dial->failed = *address;
}

static void tell_attempt(struct weir_dial *dial, int status,
                         const weir_address *address)
{
    weir_socket *s = dial->socket;

    if (s->events && s->events->attempt)
        s->events->attempt(s, status, address);
}

/* False when the socket is gone. */
static bool tell_failed(struct weir_dial *dial, int error, const char *call,
                        const weir_address *address)
{
    weir_socket *s = dial->socket;

    note(dial, error, call, address);
    tell_attempt(dial, error, address);
    return !gone(s);
}

/* An attempt that was under way is over. False when the socket is gone. */
static bool attempt_failed(struct attempt *attempt, int error)
{
    struct weir_dial *dial = attempt->dial;
    weir_address address = attempt->address;

    abort_attempt(attempt);
    return tell_failed(dial, error, "connect", &address);
}

static void succeeded(struct attempt *attempt)
{
    struct weir_dial *dial = attempt->dial;
    weir_socket *s = dial->socket;
    int family = weir_address_family(&attempt->address);
    unsigned forks = attempt->forks;
    int fd = attempt->source.fd;

    attempt->source.fd = -1;
    attempt->watched = false; /* it is, but by its next source */
    free_dial(dial);
    weir_socket_connected(s, fd, family, forks);
}

static void attempt_ready(weir_loop *loop, struct weir_source *source,
                          unsigned events)
{
    struct attempt *attempt = weir_container_of(source, struct attempt, source);
    struct weir_dial *dial = attempt->dial;
    socklen_t size = sizeof(int);
    int error = 0;
    int result;

    (void)loop;
    if (!(events & (WEIR_WRITABLE | WEIR_ERROR | WEIR_HANGUP)))
        return;
    result = sys_getsockopt(source->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (result == 0)
        result = -error;
    if (result == 0)
        succeeded(attempt);
    else if (attempt_failed(attempt, result))
        go_on(dial);
}

/* What an attempt of this family binds to. weir_address_any() names a port and
 * no address: it is the family's own "any", whichever the next candidate is. */
static weir_address local_address(const struct weir_dial *dial, int family)
{
    if (family == AF_INET && weir_address_any_host(&dial->local))
        return weir_address_any_ipv4(weir_address_port(&dial->local));
    return dial->local;
}

/* Binds to the local address if there is one. Its port is left to connect()
 * when it is 0, so that one local port can serve several peers. */
static int bind_local(struct weir_dial *dial, int fd, int family)
{
    weir_address local = local_address(dial, family);

    if (!local.length)
        return 0;
    if (weir_address_family(&local) != family)
        return -EAFNOSUPPORT;
#ifdef IP_BIND_ADDRESS_NO_PORT
    if (family != AF_UNIX && weir_address_port(&local) == 0)
        (void)sys_set_int(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
#endif
    if (family != AF_UNIX && weir_address_port(&local))
        (void)sys_set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    return sys_bind(fd, &local.name.any, local.length);
}

/* Connects the attempt's descriptor; where a backlog is full, that is asked
 * again later, which is allowed with the same descriptor. */
static int connect_attempt(struct attempt *attempt)
{
    const weir_address *to = &attempt->address;
    int result = sys_connect(attempt->source.fd, &to->name.any, to->length);

    if (result == -EAGAIN && weir_address_family(to) == AF_UNIX) {
        weir_timer_start(&attempt->room, attempt->pause);
        attempt->pause *= 2;
        if (attempt->pause > BACKLOG_PAUSE_MAX)
            attempt->pause = BACKLOG_PAUSE_MAX;
        return 0;
    }
    if (result == -EINPROGRESS || result == 0) {
        result = weir_source_add(attempt->dial->loop, &attempt->source,
                                 WEIR_WRITABLE | WEIR_EDGE);
        attempt->watched = result == 0;
    }
    return result;
}

static void room_due(weir_timer *timer)
{
    struct attempt *attempt = timer->data;
    struct weir_dial *dial = attempt->dial;
    int result = connect_attempt(attempt);

    if (result < 0 && attempt_failed(attempt, result))
        go_on(dial);
}

/* Begins a connect on a new descriptor. *call names what failed. The user may
 * end the socket in `prepare`, and the attempt with it. */
static int open_attempt(struct attempt *attempt, const char **call)
{
    struct weir_dial *dial = attempt->dial;
    weir_socket *s = dial->socket;
    int family = weir_address_family(&attempt->address);
    int fd, result;

    *call = "socket";
    attempt->forks = weir_forks();
    fd = weir_open_stream(dial->loop, family);
    if (fd < 0)
        return fd;
    attempt->source.fd = fd;
    *call = "setsockopt";
    result = weir_tcp_apply(fd, family, &dial->tcp);
    if (result < 0)
        return result;
    *call = "prepare";
    if (dial->prepare)
        result = dial->prepare(fd, family, dial->prepare_argument);
    if (result < 0 || gone(s))
        return result;
    *call = "bind";
    result = bind_local(dial, fd, family);
    if (result < 0)
        return result;
    *call = "connect";
    return connect_attempt(attempt);
}

static struct attempt *new_attempt(struct weir_dial *dial,
                                   const weir_address *address)
{
    struct attempt *attempt = weir_alloc_zeroed(sizeof *attempt);

    if (!attempt)
        return NULL;
    attempt->dial = dial;
    attempt->address = *address;
    attempt->begun = weir_loop_now(dial->loop);
    attempt->pause = BACKLOG_PAUSE;
    attempt->source.ready = attempt_ready;
    attempt->source.fd = -1;
    weir_timer_init(&attempt->room, dial->loop, room_due);
    weir_timer_unref(&attempt->room);
    attempt->room.data = attempt;
    weir_list_append(&dial->attempts, &attempt->link);
    dial->under_way++;
    return attempt;
}

enum outcome { UNDER_WAY, FAILED, GONE };

static enum outcome try(struct weir_dial *dial, const weir_address *address)
{
    weir_socket *s = dial->socket;
    struct attempt *attempt;
    const char *call = "connect";
    int result = -ENOMEM;

    tell_attempt(dial, 0, address);
    if (gone(s))
        return GONE;
    attempt = new_attempt(dial, address);
    if (attempt) {
        result = open_attempt(attempt, &call);
        if (gone(s))
            return GONE;
        if (result == 0)
            return UNDER_WAY;
        abort_attempt(attempt);
    }
    return tell_failed(dial, result, call, address) ? FAILED : GONE;
}

/* ------------------------------------------------------- which one is next */

static bool looking_up(const struct weir_dial *dial)
{
    return dial->candidates[IPV6].lookup || dial->candidates[IPV4].lookup;
}

static bool has_candidate(const struct weir_dial *dial)
{
    const struct candidates *of = dial->candidates;

    return of[IPV6].next < of[IPV6].count || of[IPV4].next < of[IPV4].count;
}

/* The families take turns as long as both have candidates (RFC 8305, 4). There
 * is one. */
static weir_address take_candidate(struct weir_dial *dial)
{
    struct candidates *from = &dial->candidates[dial->turn];

    if (from->next == from->count)
        from = &dial->candidates[!dial->turn];
    dial->turn = from == &dial->candidates[IPV6] ? IPV4 : IPV6;
    return from->list[from->next++];
}

/* The name, for the error's text; without memory the text goes without. */
static void keep_host(struct weir_dial *dial)
{
    size_t size = strlen(dial->host) + 1;
    char *copy = weir_alloc(size);

    if (copy)
        memcpy(copy, dial->host, size);
    dial->socket->extra->failed_host = copy;
}

static void tell_lookup_failed(struct weir_dial *dial)
{
    weir_socket *s = dial->socket;
    int ipv4 = dial->candidates[IPV4].status;
    int ipv6 = dial->candidates[IPV6].status;
    /* "No address of this kind" says less than anything else. */
    int error = ipv4 && ipv4 != WEIR_ENODATA ? ipv4 : ipv6 ? ipv6 : ipv4;

    if (s->events && s->events->lookup)
        s->events->lookup(s, error, NULL, dial->host);
    if (gone(s))
        return;
    keep_host(dial);
    fail(dial, error, "lookup", &dial->failed);
}

/* Nothing is left to try, and nothing under way. */
static void give_up(struct weir_dial *dial)
{
    if (dial->error)
        fail(dial, dial->error, dial->call, &dial->failed);
    else
        tell_lookup_failed(dial);
}

/* Among as many attempts as there may be: the oldest is over if it has had its
 * time, and no answer had come by then; otherwise we come back when it has.
 * False when no other one can begin now. */
static bool make_room(struct weir_dial *dial)
{
    struct attempt *oldest =
        weir_container_of(dial->attempts.next, struct attempt, link);
    uint64_t over = oldest->begun + ATTEMPT_LEAST;

    if (over <= dial->loop->looked)
        return attempt_failed(oldest, -ETIMEDOUT);
    weir_timer_start_at(&dial->next, over);
    return false;
}

/* Makes attempts until another one is under way; then the next one is a matter
 * of time. */
static void go_on(struct weir_dial *dial)
{
    enum outcome outcome = FAILED;

    dial->begun = true;
    weir_timer_stop(&dial->next);
    while (outcome == FAILED && has_candidate(dial)) {
        weir_address address;

        if (dial->under_way == ATTEMPTS_MAX && !make_room(dial))
            return;
        address = take_candidate(dial);
        outcome = try(dial, &address);
    }
    if (outcome == UNDER_WAY)
        weir_timer_start(&dial->next, dial->attempt_delay);
    else if (outcome == FAILED && !dial->under_way && !looking_up(dial))
        give_up(dial);
}

static void next_due(weir_timer *timer)
{
    go_on(timer->data);
}

/* A lookup has ended: when is the next attempt due? */
static void reconsider(struct weir_dial *dial)
{
    if (dial->begun) {
        /* Between attempts the timer decides. Without any, or when the last
         * one began longer ago than that: now. */
        if (weir_list_empty(&dial->attempts) ||
            !weir_timer_running(&dial->next))
            go_on(dial);
        return;
    }
    if (dial->candidates[IPV6].count || !looking_up(dial))
        go_on(dial);
    else if (dial->candidates[IPV4].count)
        weir_timer_start(&dial->next, RESOLUTION_DELAY);
}

/* ------------------------------------------------------------------ lookup */

static int keep_addresses(struct candidates *of, const weir_address *addresses,
                          size_t count)
{
    of->list = weir_alloc(count * sizeof *addresses);
    if (!of->list)
        return -ENOMEM;
    memcpy(of->list, addresses, count * sizeof *addresses);
    of->count = count;
    return 0;
}

static void looked_up(weir_lookup *lookup, int status,
                      const weir_address *addresses, size_t count)
{
    struct weir_dial *dial = weir_lookup_data(lookup);
    weir_socket *s = dial->socket;
    struct candidates *of = &dial->candidates[IPV6];

    if (of->lookup != lookup)
        of = &dial->candidates[IPV4];
    of->lookup = NULL;
    of->status = status;
    if (status == 0)
        of->status = keep_addresses(of, addresses, count);
    for (size_t i = 0; i < of->count; i++)
        weir_address_set_port(&of->list[i], dial->port);
    for (size_t i = 0; !gone(s) && i < of->count; i++)
        if (s->events && s->events->lookup)
            s->events->lookup(s, 0, &addresses[i], weir_lookup_host(lookup));
    if (!gone(s))
        reconsider(dial);
}

/* --------------------------------------------------------------- beginning */

static int check_options(const weir_connect_options *options)
{
    if (!options)
        return 0;
    if (options->family && options->family != AF_INET &&
        options->family != AF_INET6)
        return -EINVAL;
    if (options->local && !options->local->length)
        return -EINVAL;
    return weir_tcp_valid(&options->tcp);
}

static void take_options(struct weir_dial *dial,
                         const weir_connect_options *options)
{
    dial->attempt_delay = ATTEMPT_DELAY;
    if (!options)
        return;
    if (options->attempt_delay)
        dial->attempt_delay = options->attempt_delay < ATTEMPT_DELAY_MIN
                                  ? ATTEMPT_DELAY_MIN
                                  : options->attempt_delay;
    if (options->local)
        dial->local = *options->local;
    dial->tcp = options->tcp;
    dial->prepare = options->prepare;
    dial->prepare_argument = options->prepare_argument;
    if (options->timeout)
        weir_timer_start(&dial->limit, options->timeout);
}

static int create_dial(weir_socket *s, const char *host,
                       const weir_connect_options *options,
                       struct weir_dial **out)
{
    size_t length = strlen(host) + 1;
    struct weir_extra *extra;
    struct weir_dial *dial;
    int result = check_options(options);

    if (result < 0)
        return result;
    extra = weir_socket_extra(s);
    dial = extra ? weir_alloc_zeroed(sizeof *dial + length) : NULL;
    if (!dial)
        return -ENOMEM;
    memcpy(dial->host, host, length);
    dial->socket = s;
    dial->loop = s->loop;
    weir_list_init(&dial->attempts);
    weir_timer_init(&dial->next, s->loop, next_due);
    weir_timer_init(&dial->limit, s->loop, timed_out);
    dial->next.data = dial->limit.data = dial;
    /* It is the socket that keeps the loop alive, or not. */
    weir_timer_unref(&dial->next);
    weir_timer_unref(&dial->limit);
    take_options(dial, options);
    extra->dial = dial;
    *out = dial;
    return 0;
}

/* They are tried in the order in which they are given, so that all of them
 * stand in one list. */
int weir_dial_addresses(weir_socket *s, const weir_address *addresses,
                        size_t count, const weir_connect_options *options)
{
    struct weir_dial *dial;
    int result;

    if (!addresses || !count)
        return -EINVAL;
    for (size_t i = 0; i < count; i++) {
        if (!addresses[i].length ||
            (options && options->family &&
             weir_address_family(&addresses[i]) != options->family))
            return -EINVAL;
    }
    result = create_dial(s, "", options, &dial);
    if (result < 0)
        return result;
    result = keep_addresses(&dial->candidates[IPV6], addresses, count);
    if (result < 0) {
        free_dial(dial);
        return result;
    }
    weir_timer_start(&dial->next, 0);
    return 0;
}

static int look_up(struct weir_dial *dial, int which, const char *host,
                   weir_resolver *resolver)
{
    weir_lookup_options options = {
        .family = which == IPV6 ? AF_INET6 : AF_INET,
        .resolver = resolver,
    };
    struct candidates *of = &dial->candidates[which];
    int result = weir_lookup_start(&of->lookup, dial->loop, host, &options,
                                   looked_up, dial);

    if (result == 0) {
        weir_lookup_unref(of->lookup);
        weir_lookup_outlives_resolver(of->lookup);
    }
    return result;
}

int weir_dial_host(weir_socket *s, const char *host, unsigned port,
                   const weir_connect_options *options)
{
    weir_resolver *resolver = options ? options->resolver : NULL;
    int family = options ? options->family : 0;
    struct weir_dial *dial;
    weir_address literal;
    int result;

    if (!host || !*host ||
        (resolver && !weir_resolver_is_of(resolver, s->loop)))
        return -EINVAL;
    if (port > PORT_MAX)
        return -ERANGE;
    if (strlen(host) > WEIR_HOST_MAX)
        return -ENAMETOOLONG;
    if (weir_address_ip(&literal, host, port) == 0)
        return weir_dial_addresses(s, &literal, 1, options);
    result = create_dial(s, host, options, &dial);
    if (result < 0)
        return result;
    dial->port = port;
    if (family != AF_INET)
        result = look_up(dial, IPV6, host, resolver);
    if (result == 0 && family != AF_INET6)
        result = look_up(dial, IPV4, host, resolver);
    if (result < 0)
        free_dial(dial);
    return result;
}
