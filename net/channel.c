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
 * c-ares is on the stack: giving up queries, and re-arming the timer.
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

#include <ares.h>
#include <limits.h>
#include <pthread.h>
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
    struct weir_link watchers; /* of the sockets that c-ares has open */
    size_t asked;              /* questions that c-ares has */
    size_t wanted;             /* those of them that somebody waits for */
    int failure;               /* what they are to be given up with */
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

/* The allocator is the whole process's. Without a custom one c-ares is left
 * as it is, since a program may use it for itself as well. */
static int library_open(void)
{
    int status = ARES_SUCCESS;

    pthread_mutex_lock(&library_lock);
    if (library_users == 0) {
        if (weir_allocator_custom())
            status = ares_library_init_mem(ARES_LIB_INIT_ALL, allocate,
                                           weir_release, reallocate);
        else
            status = ares_library_init(ARES_LIB_INIT_ALL);
    }
    library_users += status == ARES_SUCCESS;
    pthread_mutex_unlock(&library_lock);
    return status;
}

static void library_close(void)
{
    pthread_mutex_lock(&library_lock);
    if (--library_users == 0)
        ares_library_cleanup();
    pthread_mutex_unlock(&library_lock);
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

static void start_timer(struct weir_channel *channel)
{
    struct timeval left;
    uint64_t ms;

    if (!ares_timeout(channel->ares, NULL, &left)) {
        weir_timer_stop(&channel->timer);
        return;
    }
    /* Rounded up: c-ares would find nothing to do a moment too early. */
    ms = (uint64_t)left.tv_sec * 1000 + ((uint64_t)left.tv_usec + 999) / 1000;
    weir_timer_start(&channel->timer, ms);
}

static void settle(struct weir_channel *channel)
{
    if (starved)
        channel->failure = -ENOMEM;
    /* Queries for which nobody waits would hold their sockets, and repeat
     * themselves, until all tries have timed out. */
    if (channel->failure || (channel->asked && !channel->wanted))
        ares_cancel(channel->ares);
    channel->failure = 0;
    starved = false;
    start_timer(channel);
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

static void on_timeout(weir_timer *timer)
{
    struct weir_channel *channel =
        weir_container_of(timer, struct weir_channel, timer);

    ares_process_fd(channel->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
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
        .flags = config->verbatim ? ARES_FLAG_NOCHECKRESP : 0,
        .sock_state_cb = socket_state,
        .sock_state_cb_data = channel,
        .lookups = (char *)config->lookups, /* it is only read */
        .timeout = limited(config->timeout),
        .tries = limited(config->tries),
    };
    int result;

    if (config->timeout)
        mask |= ARES_OPT_TIMEOUTMS;
    if (config->tries)
        mask |= ARES_OPT_TRIES;
    result = error_of(ares_init_options(&channel->ares, &options, mask));
    if (result < 0 || !config->servers)
        return result;
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
    ares_destroy(channel->ares);
    library_close();
    weir_timer_stop(&channel->timer);
    /* None are left, unless c-ares forgot to say that it closed a socket. */
    while (!weir_list_empty(&channel->watchers))
        remove_watcher(
            weir_container_of(channel->watchers.next, struct watcher, link));
    weir_release(channel);
}

/* ----------------------------------------------------------------- asking */

static size_t length_of(const struct ares_addrinfo_node *node)
{
    size_t length = 0;

    for (; node; node = node->ai_next)
        length++;
    return length;
}

/* Appends unless it is there already: a hosts file may name an address twice.
 * Lists are short. */
static size_t add_address(weir_address *addresses, size_t count,
                          const struct ares_addrinfo_node *node)
{
    weir_address *address = &addresses[count];

    memset(address, 0, sizeof *address);
    if (node->ai_addrlen > sizeof address->name)
        return count;
    memcpy(&address->name, node->ai_addr, node->ai_addrlen);
    address->length = (uint32_t)node->ai_addrlen;
    for (size_t i = 0; i < count; i++)
        if (weir_address_equal(&addresses[i], address))
            return count;
    return count + 1;
}

static int copy_addresses(const struct ares_addrinfo_node *nodes,
                          weir_address **out, size_t *count)
{
    size_t length = length_of(nodes);
    weir_address *addresses;

    if (length == 0)
        return WEIR_ENODATA;
    addresses = weir_alloc(length * sizeof *addresses);
    if (!addresses)
        return -ENOMEM;
    for (; nodes; nodes = nodes->ai_next)
        *count = add_address(addresses, *count, nodes);
    *out = addresses;
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
    if (error == 0)
        error = copy_addresses(result->nodes, &addresses, &count);
    ares_freeaddrinfo(result);
    channel->asked--;
    channel->wanted -= !question->dropped;
    question->channel = NULL;
    question->answered(question, error, addresses, count);
}

void weir_channel_ask(struct weir_channel *channel,
                      struct weir_question *question, const char *host,
                      int family)
{
    /* Without a type of socket each address would come once for each type. */
    struct ares_addrinfo_hints hints = { .ai_family = family,
                                         .ai_socktype = SOCK_STREAM };

    question->channel = channel;
    question->dropped = false;
    channel->asked++;
    channel->wanted++;
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
