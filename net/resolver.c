/*
 * resolver.c - looking names up
 *
 * A lookup is answered by the first of these that knows:
 *
 *   - a literal address is its own answer;
 *   - what cannot be a host name, and what ends in "invalid", has none;
 *   - "localhost" is what the hosts file says, or else the loopback addresses
 *     (RFC 6761, section 6.3), and is never asked of a server;
 *   - everything else goes to c-ares (channel.c): hosts file, name servers.
 *
 * However fast the answer is, it is kept in the lookup and told by a deferred
 * task. So the callback never comes from inside the call, and never with c-ares
 * on the stack: it may start, give up and configure whatever it likes.
 *
 * A loop has a resolver that nobody needs to ask for, and those that the
 * program creates. Each has several channels, for c-ares takes "where to look"
 * per channel and not per query; each is opened by the first lookup that needs
 * it. All are closed and opened again when resolv.conf has changed. (The hosts
 * file needs no such care: c-ares looks at it anew for each query.)
 */
#include "resolver.h"

#include "channel.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const char resolv_conf[] = "/etc/resolv.conf";

enum place {
    EVERYWHERE,
    SERVERS_ONLY,
    HOSTS_FILE_ONLY,
    FIRST_SERVER, /* see ask_why() */
    PLACES
};

static const char *const lookups_of[PLACES] = { "fb", "b", "f", "b" };

/* Enough of a file's status to see that it was replaced or rewritten. */
struct file_version {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified;
};

struct weir_resolver {
    struct weir_link link;    /* of the loop's resolvers */
    struct weir_link lookups; /* all that were started and not told */
    weir_loop *loop;
    struct weir_channel *channels[PLACES];
    struct file_version version; /* of resolv.conf, when they were opened */
    char *servers;               /* as configured, or NULL */
    unsigned timeout, tries;
    bool closing;
};

struct weir_lookup {
    struct weir_link link;
    struct weir_deferred deferred; /* posted: has its answer */
    struct weir_question question; /* its channel set: has none yet */
    weir_loop *loop;
    struct weir_resolver *resolver;
    weir_lookup_cb *cb; /* NULL: given up, c-ares still has the question */
    void *data;
    weir_address *addresses;
    size_t count;
    int status;
    int family;
    bool local; /* a localhost name */
    bool asked_why;
    uint8_t flags;
    char host[];
};

/* ------------------------------------------------------------- the answer */

static void drop_addresses(weir_lookup *lookup)
{
    weir_release(lookup->addresses);
    lookup->addresses = NULL;
    lookup->count = 0;
}

static void release_lookup(weir_lookup *lookup)
{
    weir_release(lookup->addresses);
    weir_release(lookup);
}

/* From here on it is nobody's but the callback's: not in the list, so that a
 * cancel in the callback does nothing, and not alive. */
static void tell(weir_lookup *lookup)
{
    weir_link_remove(&lookup->link);
    weir_deactivate(lookup->loop, &lookup->flags);
    lookup->cb(lookup, lookup->status, lookup->addresses, lookup->count);
    release_lookup(lookup);
}

static void finish(weir_lookup *lookup, int status)
{
    lookup->status = status;
    if (status < 0)
        drop_addresses(lookup); /* memory ran out after the first of them */
    weir_defer(lookup->loop, &lookup->deferred);
}

static bool is_wanted(const weir_lookup *lookup, const weir_address *address)
{
    return lookup->family == AF_UNSPEC ||
           lookup->family == weir_address_family(address);
}

/* Adds an address unless it is of the wrong family. */
static int add_address(weir_lookup *lookup, const weir_address *address)
{
    size_t size = (lookup->count + 1) * sizeof *address;
    weir_address *addresses;

    if (!is_wanted(lookup, address))
        return 0;
    addresses = weir_realloc(lookup->addresses, size);
    if (!addresses)
        return -ENOMEM;
    addresses[lookup->count++] = *address;
    lookup->addresses = addresses;
    return 0;
}

/* ::1 before 127.0.0.1, which is RFC 6724's order. Where IPv6 is off a connect
 * to ::1 fails at once, and dialling goes on to the other. */
static int loopback_status(weir_lookup *lookup)
{
    weir_address ipv4 = weir_address_loopback(0);
    weir_address ipv6;
    int result = weir_address_ip(&ipv6, "::1", 0);

    if (result == 0)
        result = add_address(lookup, &ipv6);
    if (result == 0)
        result = add_address(lookup, &ipv4);
    if (result == 0 && lookup->count == 0)
        result = WEIR_ENODATA;
    return result;
}

/* What the hosts file has of the family that is wanted, or the loopback. */
static int local_status(weir_lookup *lookup)
{
    size_t kept = 0;

    for (size_t i = 0; i < lookup->count; i++)
        if (is_wanted(lookup, &lookup->addresses[i]))
            lookup->addresses[kept++] = lookup->addresses[i];
    lookup->count = kept;
    return kept ? 0 : loopback_status(lookup);
}

static void answered(struct weir_question *question, int status,
                     weir_address *addresses, size_t count)
{
    weir_lookup *lookup = weir_container_of(question, weir_lookup, question);

    lookup->addresses = addresses;
    lookup->count = count;
    if (!lookup->cb) {
        release_lookup(lookup);
        return;
    }
    if (lookup->local)
        status = local_status(lookup);
    finish(lookup, status);
}

/* ----------------------------------------------------------------- names */

/* Letters, digits, hyphen and underscore in labels of 1 to 63 bytes; a final
 * dot is allowed. Bytes above ASCII are left to the server to judge. Anything
 * else cannot be a host, and some of it (backslashes) means something else to
 * c-ares. */
static bool is_host_name(const char *host)
{
    size_t label = 0;

    for (const char *at = host; *at; at++) {
        unsigned char c = (unsigned char)*at;

        if (c == '.') {
            if (label == 0)
                return false;
            label = 0;
        } else if (isalnum(c) || c == '-' || c == '_' || c >= 0x80) {
            if (++label > 63)
                return false;
        } else {
            return false;
        }
    }
    return true;
}

/* Whether `host` is `domain` or lies in it. */
static bool in_domain(const char *host, const char *domain)
{
    size_t length = strlen(host), tail = strlen(domain);

    if (length && host[length - 1] == '.')
        length--;
    if (length < tail || strncasecmp(host + length - tail, domain, tail))
        return false;
    return length == tail || host[length - tail - 1] == '.';
}

/* The status of a name that nobody has to be asked for; -EAGAIN when somebody
 * must. */
static int known_status(weir_lookup *lookup, bool dns_only)
{
    weir_address address;
    int result = weir_address_ip(&address, lookup->host, 0);

    if (result == 0) {
        result = add_address(lookup, &address);
        /* As getaddrinfo()'s EAI_ADDRFAMILY: it has an address, not of that
         * family. */
        return result == 0 && lookup->count == 0 ? WEIR_ENODATA : result;
    }
    if (result != -EINVAL) /* an address whose scope does not exist */
        return result;
    if (!is_host_name(lookup->host))
        return WEIR_EBADNAME;
    if (in_domain(lookup->host, "invalid"))
        return WEIR_ENOTFOUND;
    lookup->local = in_domain(lookup->host, "localhost");
    return lookup->local && dns_only ? loopback_status(lookup) : -EAGAIN;
}

/* ----------------------------------------------------------- the resolver */

static struct weir_resolver *create(weir_loop *loop)
{
    struct weir_net *net = weir_net_get(loop);
    struct weir_resolver *resolver =
        net ? weir_alloc_zeroed(sizeof *resolver) : NULL;

    if (!resolver)
        return NULL;
    resolver->loop = loop;
    weir_list_init(&resolver->lookups);
    weir_list_append(&net->resolvers, &resolver->link);
    return resolver;
}

/* The one that the loop has by itself. */
static struct weir_resolver *get_resolver(weir_loop *loop)
{
    struct weir_net *net = weir_net_get(loop);

    if (net && !net->resolver)
        net->resolver = create(loop);
    return net ? net->resolver : NULL;
}

static void close_channels(struct weir_resolver *resolver)
{
    for (int place = 0; place < PLACES; place++) {
        weir_channel_close(resolver->channels[place]);
        resolver->channels[place] = NULL;
    }
}

/* Opened and not just looked at, since it is often a symbolic link, which stays
 * the same when its target is replaced. */
static int read_version(struct file_version *version)
{
    struct stat status;
    int fd = sys_open(resolv_conf, O_RDONLY | O_CLOEXEC);
    int result;

    memset(version, 0, sizeof *version);
    if (fd < 0)
        return fd == -ENOENT ? 0 : fd;
    result = sys_fstat(fd, &status);
    sys_close(fd);
    if (result < 0)
        return result;
    version->device = status.st_dev;
    version->inode = status.st_ino;
    version->size = status.st_size;
#ifdef __APPLE__
    version->modified = status.st_mtimespec;
#else
    version->modified = status.st_mtim;
#endif
    return 0;
}

static bool same_version(const struct file_version *a,
                         const struct file_version *b)
{
    return a->device == b->device && a->inode == b->inode &&
           a->size == b->size && a->modified.tv_sec == b->modified.tv_sec &&
           a->modified.tv_nsec == b->modified.tv_nsec;
}

/* Not while a question is open, which closing would answer with ECANCELED; and
 * not when the file cannot be read just now (EMFILE): the old servers are
 * better than none. */
static void refresh(struct weir_resolver *resolver)
{
    struct file_version version;

    if (!weir_list_empty(&resolver->lookups) || read_version(&version) < 0)
        return;
    if (same_version(&version, &resolver->version))
        return;
    close_channels(resolver);
    resolver->version = version;
}

static int open_channel(struct weir_resolver *resolver, enum place place)
{
    struct weir_channel_config config = {
        .lookups = lookups_of[place],
        .servers = resolver->servers,
        .timeout = resolver->timeout,
        .tries = resolver->tries,
        .verbatim = place == FIRST_SERVER,
    };

    if (resolver->channels[place])
        return 0;
    return weir_channel_open(&resolver->channels[place], resolver->loop,
                             &config);
}

static int copy_servers(const char *servers, char **copy)
{
    *copy = NULL;
    if (!servers)
        return 0;
    if (!*servers)
        return -EINVAL;
    *copy = weir_alloc(strlen(servers) + 1);
    if (!*copy)
        return -ENOMEM;
    strcpy(*copy, servers);
    return 0;
}

/* Opening a channel is what shows whether the servers are addresses; the old
 * ones stay until it has. */
static int configure(struct weir_resolver *resolver,
                     const weir_resolver_options *options)
{
    static const weir_resolver_options defaults;
    struct weir_resolver changed = { .loop = resolver->loop };
    int result;

    if (!options)
        options = &defaults;
    if (resolver->closing || !weir_list_empty(&resolver->lookups))
        return -EBUSY;
    refresh(resolver); /* the new channel is of what resolv.conf is now */
    changed.timeout = options->timeout;
    changed.tries = options->tries;
    result = copy_servers(options->servers, &changed.servers);
    if (result == 0)
        result = open_channel(&changed, EVERYWHERE);
    if (result < 0) {
        weir_release(changed.servers);
        return result;
    }
    close_channels(resolver);
    weir_release(resolver->servers);
    resolver->servers = changed.servers;
    resolver->timeout = changed.timeout;
    resolver->tries = changed.tries;
    resolver->channels[EVERYWHERE] = changed.channels[EVERYWHERE];
    return 0;
}

int weir_resolver_configure(weir_loop *loop,
                            const weir_resolver_options *options)
{
    struct weir_resolver *resolver = loop ? get_resolver(loop) : NULL;

    if (!resolver)
        return loop ? -ENOMEM : -EINVAL;
    return configure(resolver, options);
}

static void release_resolver(struct weir_resolver *resolver)
{
    close_channels(resolver);
    weir_link_remove(&resolver->link);
    weir_release(resolver->servers);
    weir_release(resolver);
}

int weir_resolver_create(weir_resolver **out, weir_loop *loop,
                         const weir_resolver_options *options)
{
    struct weir_resolver *resolver;
    int result;

    if (!out)
        return -EINVAL;
    *out = NULL;
    if (!loop)
        return -EINVAL;
    resolver = create(loop);
    if (!resolver)
        return -ENOMEM;
    result = configure(resolver, options);
    if (result < 0)
        release_resolver(resolver);
    else
        *out = resolver;
    return result;
}

/* While its loop is being destroyed, that is what releases it. */
void weir_resolver_destroy(weir_resolver *resolver)
{
    if (!resolver || resolver->closing)
        return;
    while (!weir_list_empty(&resolver->lookups))
        weir_lookup_cancel(
            weir_container_of(resolver->lookups.next, weir_lookup, link));
    release_resolver(resolver);
}

/* The lookups are told ECANCELED, and may not begin anew. */
void weir_resolver_close_now(struct weir_net *net)
{
    struct weir_resolver *resolver =
        weir_container_of(net->resolvers.next, struct weir_resolver, link);

    resolver->closing = true;
    close_channels(resolver);
    while (!weir_list_empty(&resolver->lookups)) {
        weir_lookup *lookup =
            weir_container_of(resolver->lookups.next, weir_lookup, link);

        weir_link_remove(&lookup->deferred.link);
        drop_addresses(lookup);
        lookup->status = -ECANCELED;
        tell(lookup);
    }
    if (net->resolver == resolver)
        net->resolver = NULL;
    release_resolver(resolver);
}

/* --------------------------------------------------------------- lookups */

static int check_arguments(weir_loop *loop, const char *host, int family,
                           weir_lookup_cb *cb)
{
    if (!loop || !host || !*host || !cb)
        return -EINVAL;
    if (family != AF_UNSPEC && family != AF_INET && family != AF_INET6)
        return -EINVAL;
    if (strlen(host) > WEIR_HOST_MAX)
        return -ENAMETOOLONG;
    return 0;
}

/* When all servers answered that they fail or refuse, c-ares 1.18 says the same
 * as when it could reach none of them. Asked once more, and taken at its word,
 * the first of them tells which it was. */
static void ask_why(weir_lookup *lookup)
{
    struct weir_resolver *resolver = lookup->resolver;
    int result = open_channel(resolver, FIRST_SERVER);

    lookup->asked_why = true;
    if (result < 0)
        finish(lookup, result);
    else
        weir_channel_ask(resolver->channels[FIRST_SERVER], &lookup->question,
                         lookup->host, lookup->family);
}

static void run(weir_loop *loop, struct weir_deferred *deferred)
{
    weir_lookup *lookup = weir_container_of(deferred, weir_lookup, deferred);

    (void)loop;
    if (lookup->status == WEIR_ENOSERVER && !lookup->asked_why)
        ask_why(lookup);
    else
        tell(lookup);
}

static weir_lookup *create_lookup(struct weir_resolver *resolver,
                                  const char *host, weir_lookup_cb *cb,
                                  void *data)
{
    size_t size = strlen(host) + 1;
    weir_lookup *lookup = weir_alloc_zeroed(sizeof *lookup + size);

    if (!lookup)
        return NULL;
    memcpy(lookup->host, host, size);
    lookup->loop = resolver->loop;
    lookup->resolver = resolver;
    lookup->cb = cb;
    lookup->data = data;
    lookup->deferred.run = run;
    lookup->question.answered = answered;
    return lookup;
}

static enum place place_of(const weir_lookup *lookup, bool dns_only)
{
    if (lookup->local)
        return HOSTS_FILE_ONLY;
    return dns_only ? SERVERS_ONLY : EVERYWHERE;
}

static int begin(weir_lookup *lookup, bool dns_only)
{
    struct weir_resolver *resolver = lookup->resolver;
    int known = known_status(lookup, dns_only);
    enum place place = place_of(lookup, dns_only);
    int result = known == -ENOMEM ? -ENOMEM : 0;

    if (known == -EAGAIN) {
        refresh(resolver);
        result = open_channel(resolver, place);
    }
    if (result < 0)
        return result;
    /* From here on it can only fail by its status; and an answer may come from
     * inside of asking. */
    weir_list_append(&resolver->lookups, &lookup->link);
    weir_activate(lookup->loop, &lookup->flags);
    /* For "localhost" c-ares 1.18 leaks memory when the hosts file has only the
     * other family; so it is asked for both. */
    if (known == -EAGAIN)
        weir_channel_ask(resolver->channels[place], &lookup->question,
                         lookup->host,
                         lookup->local ? AF_UNSPEC : lookup->family);
    else
        finish(lookup, known);
    return 0;
}

int weir_lookup_start(weir_lookup **out, weir_loop *loop, const char *host,
                      const weir_lookup_options *options, weir_lookup_cb *cb,
                      void *data)
{
    int family = options ? options->family : AF_UNSPEC;
    struct weir_resolver *resolver;
    weir_lookup *lookup;
    int result;

    if (!out)
        return -EINVAL;
    *out = NULL;
    result = check_arguments(loop, host, family, cb);
    if (result < 0)
        return result;
    resolver = options ? options->resolver : NULL;
    if (!resolver)
        resolver = get_resolver(loop);
    if (!resolver)
        return -ENOMEM;
    if (resolver->loop != loop)
        return -EINVAL;
    if (resolver->closing)
        return -ECANCELED;
    lookup = create_lookup(resolver, host, cb, data);
    if (!lookup)
        return -ENOMEM;
    lookup->family = family;
    result = begin(lookup, options && options->dns_only);
    if (result < 0) {
        release_lookup(lookup);
        return result;
    }
    *out = lookup;
    return 0;
}

void weir_lookup_cancel(weir_lookup *lookup)
{
    if (!lookup || !weir_link_linked(&lookup->link))
        return;
    weir_link_remove(&lookup->link);
    weir_deactivate(lookup->loop, &lookup->flags);
    if (lookup->question.channel) {
        lookup->cb = NULL;
        weir_channel_drop(&lookup->question);
        return;
    }
    weir_link_remove(&lookup->deferred.link);
    release_lookup(lookup);
}

void *weir_lookup_data(const weir_lookup *lookup)
{
    return lookup->data;
}

const char *weir_lookup_host(const weir_lookup *lookup)
{
    return lookup->host;
}

weir_loop *weir_lookup_loop(const weir_lookup *lookup)
{
    return lookup->loop;
}

void weir_lookup_ref(weir_lookup *lookup)
{
    weir_flags_ref(lookup->loop, &lookup->flags);
}

void weir_lookup_unref(weir_lookup *lookup)
{
    weir_flags_unref(lookup->loop, &lookup->flags);
}
