/*
 * channel.c - c-ares driven by the loop
 *
 * c-ares does no waiting of its own. It says which of its sockets it wants to
 * read or write (socket_state) and when its next time-out is (ares_timeout);
 * each of these is a watcher or a timer here, and both come back to it through
 * ares_process_fd():
 *
 *     ask, drop  ----> c-ares ----> answered (c-ares is on the stack)
 *                      |    ^
 *         socket_state |    | ares_process_fd
 *                      v    |
 *               struct watcher, channel->timer
 *
 * Every way in ends with settle(), which does what must not be done while
 * c-ares is on the stack: giving up queries. It posts the re-arming of the
 * timer, once a turn: c-ares looks at all its queries for that.
 *
 * Two failures would otherwise come out as a time-out, seconds later: a watcher
 * that could not be started, which c-ares cannot be told of from inside
 * socket_state(); and memory running out in the middle of an answer, which
 * c-ares 1.18 takes for somebody else's answer then. Both are remembered, and
 * settle() gives up the channel's queries with that error.
 *
 * Written for c-ares 1.18 (Debian 12) and what came after it.
 */
#include "channel.h"

#include "resolver.h"
#include "search_list.h"

#include <ares.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

struct watcher {
    struct weir_link link;
    struct weir_io io;
    struct weir_channel *channel;
};

struct weir_channel {
    weir_loop *loop;
    ares_channel ares;
    weir_timer timer;
    struct weir_deferred rearm; /* posted: it may be due at another time */
    struct weir_link watchers;  /* of the sockets that c-ares has open */
    size_t asked;               /* questions that c-ares has */
    size_t wanted;              /* those of them that somebody waits for */
    size_t longest;             /* of its search list; 0 when it has none */
    int failure;                /* what they are to be given up with */
    bool retired;               /* closes with the last answer */
    unsigned char code; /* of the message that c-ares looks at; see receive() */
};

/* ------------------------------------------------------------ the library */

/* An allocation of c-ares has failed since this thread last called it. */
static _Thread_local bool starved;

static void *allocate(size_t size)
{
    void *memory = weir_alloc(size);

    starved |= !memory && size;
    return memory;
}

static void *reallocate(void *memory, size_t size)
{
    void *grown = weir_realloc(memory, size);

    starved |= !grown && size;
    return grown;
}

/* c-ares counts its users, but without a lock; loops are of any thread. */
static pthread_mutex_t library_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned library_users;

static void lock_library(void)
{
    pthread_mutex_lock(&library_lock);
}

static void unlock_library(void)
{
    pthread_mutex_unlock(&library_lock);
}

/* A child of fork() has none of the other threads, but their locks: without
 * this, one that was forked while another thread opened a channel would wait
 * for ever when it opens its own. */
static int mind_forks(void)
{
    static bool minded;

    if (!minded &&
        pthread_atfork(lock_library, unlock_library, unlock_library) != 0)
        return ARES_ENOMEM;
    minded = true;
    return ARES_SUCCESS;
}

/* As in reactor/fork.c, and for the same reason. */
__attribute__((constructor)) static void mind_forks_from_the_beginning(void)
{
    (void)mind_forks();
}

/* The allocator is the whole process's. Without a custom one c-ares is left
 * as it is, since a program may use it for itself as well. */
static int library_open(void)
{
    int status;

    lock_library();
    status = mind_forks();
    if (status == ARES_SUCCESS && library_users == 0) {
        if (weir_allocator_custom())
            status = ares_library_init_mem(ARES_LIB_INIT_ALL, allocate,
                                           weir_release, reallocate);
        else
            status = ares_library_init(ARES_LIB_INIT_ALL);
    }
    library_users += status == ARES_SUCCESS;
    unlock_library();
    return status;
}

static void library_close(void)
{
    lock_library();
    if (--library_users == 0)
        ares_library_cleanup();
    unlock_library();
}

static int error_of(int status)
{
    enum { NO_SERVER = 26 }; /* ARES_ENOSERVER, which 1.18 does not know */

    switch (status) {
    case ARES_SUCCESS:
        return 0;
    case ARES_ENOTFOUND:
    case ARES_ENONAME:
        return WEIR_ENOTFOUND;
    case ARES_ENODATA:
        return WEIR_ENODATA;
    case ARES_ETIMEOUT:
        return WEIR_EDNSTIMEOUT;
    case ARES_ESERVFAIL:
    case ARES_EFORMERR: /* what the server calls our question */
    case ARES_ENOTIMP:
        return WEIR_ESERVFAIL;
    case ARES_EREFUSED:
        return WEIR_EREFUSED;
    case ARES_EBADNAME:
    case ARES_EBADQUERY:
        return WEIR_EBADNAME;
    case ARES_EBADRESP:
    case ARES_EOF:
        return WEIR_EBADRESP;
    case ARES_ECONNREFUSED: /* no server could be reached at all */
    case NO_SERVER:
        return WEIR_ENOSERVER;
    case ARES_ENOMEM:
        return -ENOMEM;
    case ARES_ECANCELLED:
    case ARES_EDESTRUCTION:
        return -ECANCELED;
    case ARES_EFILE:
        return -EIO;
    default: /* ARES_EBADSTR, and others that speak of bad arguments */
        return -EINVAL;
    }
}

/* -------------------------------------------------------- driving c-ares */

static void rearm(weir_loop *loop, struct weir_deferred *deferred)
{
    struct weir_channel *channel =
        weir_container_of(deferred, struct weir_channel, rearm);
    struct timeval left;
    uint64_t ms;

    (void)loop;
    if (!channel->ares || !ares_timeout(channel->ares, NULL, &left)) {
        weir_timer_stop(&channel->timer);
        return;
    }
    /* Rounded up: c-ares would find nothing to do a moment too early. */
    ms = (uint64_t)left.tv_sec * 1000 + ((uint64_t)left.tv_usec + 999) / 1000;
    weir_timer_start(&channel->timer, ms);
}

/* 1.34 needs memory to cancel, and without it does nothing at all; to destroy
 * it needs none. */
static void give_up(struct weir_channel *channel)
{
    ares_cancel(channel->ares);
    if (channel->asked) {
        ares_destroy(channel->ares);
        channel->ares = NULL;
    }
}

/* A channel that has retired may be gone then. */
static void settle(struct weir_channel *channel)
{
    if (starved)
        channel->failure = -ENOMEM;
    /* Queries for which nobody waits would hold their sockets, and repeat
     * themselves, until all tries have timed out. */
    if (channel->asked && (channel->failure || !channel->wanted))
        give_up(channel);
    channel->failure = 0;
    channel->code = 0;
    starved = false;
    if (channel->retired && !channel->asked)
        weir_channel_close(channel);
    else if (!weir_link_linked(&channel->rearm.link))
        weir_defer(channel->loop, &channel->rearm);
}

/* c-ares may close the socket, and free this watcher, before it returns. */
static void on_ready(weir_io *io, unsigned events)
{
    struct watcher *watcher = weir_container_of(io, struct watcher, io);
    struct weir_channel *channel = watcher->channel;
    int fd = weir_io_fd(io);

    ares_process_fd(channel->ares,
                    events & WEIR_READABLE ? fd : ARES_SOCKET_BAD,
                    events & WEIR_WRITABLE ? fd : ARES_SOCKET_BAD);
    settle(channel);
}

static struct watcher *find_watcher(struct weir_channel *channel, int fd)
{
    struct weir_link *link = channel->watchers.next;

    for (; link != &channel->watchers; link = link->next) {
        struct watcher *watcher = weir_container_of(link, struct watcher, link);

        if (weir_io_fd(&watcher->io) == fd)
            return watcher;
    }
    return NULL;
}

/* c-ares goes by a clock of its own, which may be far ahead of when descriptors
 * were looked at: what has come on its sockets is read first. It looks for
 * time-outs after each of them; a question that another server has answered
 * meanwhile may be asked once more for it. */
static void on_timeout(weir_timer *timer)
{
    enum { SOCKETS = 16 }; /* two of each server; nobody has more servers */
    struct weir_channel *channel =
        weir_container_of(timer, struct weir_channel, timer);
    struct weir_link *link = channel->watchers.next;
    int sockets[SOCKETS], count = 0;

    for (; link != &channel->watchers && count < SOCKETS; link = link->next)
        sockets[count++] =
            weir_io_fd(&weir_container_of(link, struct watcher, link)->io);
    for (int i = 0; i < count; i++)
        if (find_watcher(channel, sockets[i])) /* not closed since */
            ares_process_fd(channel->ares, sockets[i], ARES_SOCKET_BAD);
    ares_process_fd(channel->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    settle(channel);
}

static struct watcher *add_watcher(struct weir_channel *channel, int fd)
{
    struct watcher *watcher = weir_alloc_zeroed(sizeof *watcher);

    if (!watcher)
        return NULL;
    watcher->channel = channel;
    (void)weir_io_init(&watcher->io, channel->loop, fd, on_ready);
    weir_io_unref(&watcher->io);
    weir_list_append(&channel->watchers, &watcher->link);
    return watcher;
}

static void remove_watcher(struct watcher *watcher)
{
    weir_io_stop(&watcher->io);
    weir_link_remove(&watcher->link);
    weir_release(watcher);
}

/* c-ares's word that it opened a socket, wants something else of it, or (with
 * neither) is about to close it. */
static void socket_state(void *argument, ares_socket_t fd, int readable,
                         int writable)
{
    struct weir_channel *channel = argument;
    struct watcher *watcher = find_watcher(channel, fd);
    unsigned interest =
        (readable ? WEIR_READABLE : 0u) | (writable ? WEIR_WRITABLE : 0u);
    int result;

    if (!interest) {
        if (watcher)
            remove_watcher(watcher);
        return;
    }
    if (!watcher)
        watcher = add_watcher(channel, fd);
    result = watcher ? weir_io_start(&watcher->io, interest) : -ENOMEM;
    if (result < 0)
        channel->failure = result;
}

/* ------------------------------------------------------- c-ares' sockets */

/* 1.34 lets no SIGPIPE through, and names errors rightly. */
#if ARES_VERSION < 0x012200
/* As c-ares makes them for itself; nor do its own calls go through the seam. */
static ares_socket_t open_socket(int family, int type, int protocol, void *data)
{
    int fd = socket(family, type, protocol);
    int on = 1;

    (void)data;
    if (fd >= 0 && weir_sys_adopt(fd) < 0) {
        close(fd);
        return ARES_SOCKET_BAD;
    }
    if (fd >= 0 && type == SOCK_STREAM)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static int close_socket(ares_socket_t fd, void *data)
{
    (void)data;
    return close(fd);
}

static int connect_socket(ares_socket_t fd, const struct sockaddr *name,
                          ares_socklen_t length, void *data)
{
    (void)data;
    return connect(fd, name, length);
}

/* The code in a message's head is kept. When the last server answers that it
 * fails or refuses, 1.18 says the same as when it could reach none, and what
 * was received last is what it was about to say. */
static ares_ssize_t receive(ares_socket_t fd, void *bytes, size_t size,
                            int flags, struct sockaddr *from,
                            ares_socklen_t *from_length, void *data)
{
    enum { FLAGS = 3, CODE = 15 };
    struct weir_channel *channel = data;
    ssize_t got = recvfrom(fd, bytes, size, flags, from, from_length);

    channel->code = 0;
    if (got > FLAGS)
        channel->code = ((unsigned char *)bytes)[FLAGS] & CODE;
    return got;
}

/* c-ares itself would use writev(), and a name server that closes its TCP
 * connection early would end the process by SIGPIPE. */
static ares_ssize_t send_parts(ares_socket_t fd, const struct iovec *parts,
                               int count, void *data)
{
    struct msghdr message = { .msg_iov = (struct iovec *)parts };

    (void)data;
    message.msg_iovlen = (__typeof__(message.msg_iovlen))count;
    return sendmsg(fd, &message, SYS_SEND_FLAGS);
}

static void set_socket_functions(struct weir_channel *channel)
{
    static const struct ares_socket_functions functions = {
        .asocket = open_socket,
        .aclose = close_socket,
        .aconnect = connect_socket,
        .arecvfrom = receive,
        .asendv = send_parts,
    };

    ares_set_socket_functions(channel->ares, &functions, channel);
}
#else
static void set_socket_functions(struct weir_channel *channel)
{
    (void)channel;
}
#endif

static int error_of_code(unsigned char code)
{
    enum { SERVFAIL = 2, NOTIMP = 4, REFUSED = 5 };

    if (code == SERVFAIL || code == NOTIMP)
        return WEIR_ESERVFAIL;
    return code == REFUSED ? WEIR_EREFUSED : WEIR_ENOSERVER;
}

/* -------------------------------------------------------- opening, closing */

static int limited(unsigned value)
{
    return value > INT_MAX ? INT_MAX : (int)value;
}

/* Reads an address with or without a port, "[::1]" included. */
static int parse_server(weir_address *address, char *text)
{
    enum { DNS_PORT = 53 };
    size_t length = strlen(text);
    int result = weir_address_parse(address, text);

    if (result == 0 && weir_address_family(address) != AF_UNIX)
        return weir_address_port(address) ? 0 : -EINVAL;
    if (length > 2 && text[0] == '[' && text[length - 1] == ']') {
        text[length - 1] = '\0';
        text++;
    }
    return weir_address_ip(address, text, DNS_PORT) < 0 ? -EINVAL : 0;
}

/* Adds one server of the list, as weir prints it, to what c-ares is given:
 * 1.18 takes "1.2.3" and a port of 99999, and does not take "[::1]". */
static int add_server(char *list, size_t size, const char *from, size_t length)
{
    char text[WEIR_ADDRESS_TEXT];
    size_t used = strlen(list);
    weir_address address;
    int result;

    while (length && *from == ' ')
        from++, length--;
    while (length && from[length - 1] == ' ')
        length--;
    if (length >= sizeof text)
        return -EINVAL;
    memcpy(text, from, length);
    text[length] = '\0';
    result = parse_server(&address, text);
    if (result < 0)
        return result;
    if (used)
        list[used++] = ',';
    result = weir_address_text(&address, list + used, size - used);
    return result < 0 ? result : 0;
}

static int set_servers(struct weir_channel *channel, const char *servers)
{
    /* "::" grows most, to "[::]:53". */
    size_t size = strlen(servers) * 4 + WEIR_ADDRESS_TEXT;
    char *list = weir_alloc_zeroed(size);
    int result = list ? 0 : -ENOMEM;

    while (result == 0) {
        size_t length = strcspn(servers, ",");

        result = add_server(list, size, servers, length);
        if (!servers[length])
            break;
        servers += length + 1;
    }
    if (result == 0)
        result = error_of(ares_set_servers_ports_csv(channel->ares, list));
    weir_release(list);
    return result;
}

static int init_ares(struct weir_channel *channel,
                     const struct weir_channel_config *config)
{
    int mask = ARES_OPT_FLAGS | ARES_OPT_SOCK_STATE_CB | ARES_OPT_LOOKUPS;
    struct ares_options options = {
        .sock_state_cb = socket_state,
        .sock_state_cb_data = channel,
        .lookups = (char *)"b", /* servers only; and it is only read */
        .timeout = limited(config->timeout),
        .tries = limited(config->tries),
    };
    struct weir_search_list search;
    int result = weir_search_list_read(&search);

    if (result < 0)
        return result;
    options.domains = search.domains;
    options.ndomains = (int)search.count;
    if (search.count)
        mask |= ARES_OPT_DOMAINS;
    if (config->timeout)
        mask |= ARES_OPT_TIMEOUTMS;
    if (config->tries)
        mask |= ARES_OPT_TRIES;
#ifdef ARES_OPT_QUERY_CACHE
    /* On by default in newer c-ares. A lookup is a question, whichever c-ares
     * it is; caching is the local name server's work. */
    options.qcache_max_ttl = 0;
    mask |= ARES_OPT_QUERY_CACHE;
#endif
    result = error_of(ares_init_options(&channel->ares, &options, mask));
    channel->longest = search.longest;
    weir_search_list_free(&search);
    if (result < 0)
        return result;
    set_socket_functions(channel);
    if (config->servers)
        result = set_servers(channel, config->servers);
    if (result < 0)
        ares_destroy(channel->ares);
    return result;
}

int weir_channel_open(struct weir_channel **out, weir_loop *loop,
                      const struct weir_channel_config *config)
{
    struct weir_channel *channel = weir_alloc_zeroed(sizeof *channel);
    int result;

    if (!channel)
        return -ENOMEM;
    channel->loop = loop;
    weir_list_init(&channel->watchers);
    (void)weir_timer_init(&channel->timer, loop, on_timeout);
    weir_timer_unref(&channel->timer);
    channel->rearm.run = rearm;
    result = error_of(library_open());
    if (result == 0) {
        result = init_ares(channel, config);
        if (result < 0)
            library_close();
    }
    if (result < 0) {
        result = starved ? -ENOMEM : result;
        weir_release(channel);
    } else {
        *out = channel;
    }
    starved = false;
    return result;
}

void weir_channel_close(struct weir_channel *channel)
{
    if (!channel)
        return;
    if (channel->ares)
        ares_destroy(channel->ares);
    library_close();
    weir_timer_stop(&channel->timer);
    if (weir_link_linked(&channel->rearm.link))
        weir_link_remove(&channel->rearm.link);
    /* None are left, unless c-ares forgot to say that it closed a socket. */
    while (!weir_list_empty(&channel->watchers))
        remove_watcher(
            weir_container_of(channel->watchers.next, struct watcher, link));
    weir_release(channel);
}

bool weir_channel_lost(const struct weir_channel *channel)
{
    return !channel->ares;
}

void weir_channel_retire(struct weir_channel *channel)
{
    if (!channel)
        return;
    channel->retired = true;
    if (!channel->asked)
        weir_channel_close(channel);
}

/* ----------------------------------------------------------------- asking */

static size_t length_of(const struct ares_addrinfo_node *node)
{
    size_t length = 0;

    for (; node; node = node->ai_next)
        length++;
    return length;
}

static int copy_addresses(const struct ares_addrinfo_node *nodes,
                          weir_address **out, size_t *count)
{
    size_t length = length_of(nodes);
    weir_address *addresses;

    if (length == 0)
        return WEIR_ENODATA;
    addresses = weir_alloc_zeroed(length * sizeof *addresses);
    if (!addresses)
        return -ENOMEM;
    for (size_t i = 0; i < length; i++, nodes = nodes->ai_next) {
        memcpy(&addresses[i].name, nodes->ai_addr, nodes->ai_addrlen);
        addresses[i].length = (uint32_t)nodes->ai_addrlen;
    }
    *out = addresses;
    *count = length;
    return 0;
}

static void on_answer(void *argument, int status, int timeouts,
                      struct ares_addrinfo *result)
{
    struct weir_question *question = argument;
    struct weir_channel *channel = question->channel;
    weir_address *addresses = NULL;
    size_t count = 0;
    int error = error_of(status);

    (void)timeouts;
    if (error < 0 && starved)
        error = -ENOMEM;
    else if (error == -ECANCELED && channel->failure)
        error = channel->failure;
    else if (error == WEIR_ENOSERVER)
        error = error_of_code(channel->code);
    if (error == 0)
        error = copy_addresses(result->nodes, &addresses, &count);
    ares_freeaddrinfo(result);
    channel->asked--;
    channel->wanted -= !question->dropped;
    question->channel = NULL;
    question->answered(question, error, addresses, count);
}

/* Nobody's search list is for it: neither ours, for c-ares would then take what
 * it finds by itself, nor one with a domain behind which it would be too long
 * for DNS. Such a name would be a bad one for c-ares and end the lookup,
 * although the name may be there as it is. */
static bool is_whole(const struct weir_channel *channel, const char *host)
{
    return !channel->longest ||
           strlen(host) + 1 + channel->longest > WEIR_HOST_MAX;
}

void weir_channel_ask(struct weir_channel *channel,
                      struct weir_question *question, const char *host,
                      int family)
{
    char whole[WEIR_HOST_MAX + 2];
    /* Without a type of socket each address would come once for each type. */
    struct ares_addrinfo_hints hints = { .ai_family = family,
                                         .ai_socktype = SOCK_STREAM };

    question->channel = channel;
    question->dropped = false;
    channel->asked++;
    channel->wanted++;
    if (is_whole(channel, host) && host[strlen(host) - 1] != '.') {
        snprintf(whole, sizeof whole, "%s.", host);
        host = whole;
    }
    ares_getaddrinfo(channel->ares, host, NULL, &hints, on_answer, question);
    settle(channel);
}

void weir_channel_drop(struct weir_question *question)
{
    struct weir_channel *channel = question->channel;

    question->dropped = true;
    channel->wanted--;
    settle(channel);
}
