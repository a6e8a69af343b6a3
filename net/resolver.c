/*
 * resolver.c - looking names up
 *
 * A lookup is answered by the first of these that knows:
 *
 *   - a literal address is its own answer;
 *   - what cannot be a host name, and what ends in "invalid", has none;
 *   - the hosts file (hosts_file.c). It decides for a name as a whole, as for
 *     getaddrinfo(): if it has the name, but no address of the family that is
 *     wanted, then there is none, and nobody is asked;
 *   - "localhost", when it is not there, is the loopback addresses (RFC 6761,
 *     section 6.3), and is never asked of a server;
 *   - everything else goes to the name servers, through c-ares (channel.c).
 *
 * However fast the answer is, it is kept in the lookup and told by a deferred
 * task. So the callback never comes from inside the call, and never with c-ares
 * on the stack: it may start, give up and configure whatever it likes.
 *
 * A loop has a resolver that nobody needs to ask for, and those that the
 * program creates. Each has a channel, opened by the first lookup that needs
 * it. When resolv.conf or the options have changed, the next lookup opens a new
 * one; the old one ends with its last answer.
 */
#include "resolver.h"

#include "channel.h"
#include "hosts_file.h"
#include "kernel_pipe.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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
    struct weir_channel *channel; /* for new lookups; NULL: not opened yet */
    struct file_version version;  /* of resolv.conf, when it was opened */
    char *servers;                /* as configured, or NULL */
    unsigned timeout, tries;
    bool closing;   /* with its loop */
    bool destroyed; /* by its owner; is there for the lookups that outlive it */
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
    uint8_t flags;
    bool outlives; /* its resolver */
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

/* The next lookup opens another one. */
static void leave_channel(struct weir_resolver *resolver)
{
    weir_channel_retire(resolver->channel);
    resolver->channel = NULL;
}

/* When nothing is asked any more. */
static void release_resolver(struct weir_resolver *resolver)
{
    leave_channel(resolver);
    weir_link_remove(&resolver->link);
    weir_release(resolver->servers);
    weir_release(resolver);
}

/* Its resolver's no more, nor alive. */
static void leave_resolver(weir_lookup *lookup)
{
    struct weir_resolver *resolver = lookup->resolver;

    weir_link_remove(&lookup->link);
    weir_deactivate(lookup->loop, &lookup->flags);
    if (resolver->destroyed && !resolver->closing &&
        weir_list_empty(&resolver->lookups))
        release_resolver(resolver);
}

/* From here on it is nobody's but the callback's: not in the list, so that a
 * cancel in the callback does nothing. */
static void tell(weir_lookup *lookup)
{
    leave_resolver(lookup);
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

/* Orders equal addresses by where they stand in the list. */
static int compare(const void *left, const void *right)
{
    const weir_address *a = *(weir_address *const *)left;
    const weir_address *b = *(weir_address *const *)right;
    int result = memcmp(&a->name, &b->name, sizeof a->name);

    return result ? result : (a > b) - (a < b);
}

/* Marks those that have been there before by taking their length away. Sorted
 * for it, since a name server may send thousands. */
static int mark_repeated(weir_address *addresses, size_t count)
{
    weir_address **sorted = weir_alloc(count * sizeof *sorted);

    if (!sorted)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++)
        sorted[i] = &addresses[i];
    qsort(sorted, count, sizeof *sorted, compare);
    for (size_t i = 1; i < count; i++)
        if (memcmp(&sorted[i - 1]->name, &sorted[i]->name,
                   sizeof sorted[i]->name) == 0)
            sorted[i]->length = 0;
    weir_release(sorted);
    return 0;
}

/* Leaves of the addresses those of the family that is wanted, each once. */
static int sift(weir_lookup *lookup)
{
    weir_address *addresses = lookup->addresses;
    size_t kept = 0;
    int result = 0;

    if (lookup->count > 1)
        result = mark_repeated(addresses, lookup->count);
    if (result < 0)
        return result;
    for (size_t i = 0; i < lookup->count; i++) {
        int family = weir_address_family(&addresses[i]);

        if (addresses[i].length &&
            (lookup->family == AF_UNSPEC || lookup->family == family))
            addresses[kept++] = addresses[i];
    }
    lookup->count = kept;
    return kept ? 0 : WEIR_ENODATA;
}

static int answer_with(weir_lookup *lookup, const weir_address *addresses,
                       size_t count)
{
    lookup->addresses = weir_alloc(count * sizeof *addresses);
    if (!lookup->addresses)
        return -ENOMEM;
    memcpy(lookup->addresses, addresses, count * sizeof *addresses);
    lookup->count = count;
    return sift(lookup);
}

/* As getaddrinfo()'s EAI_ADDRFAMILY, a literal of another family than is wanted
 * is WEIR_ENODATA. -EINVAL: it is none; -ENODEV: one whose scope does not
 * exist. */
static int literal_status(weir_lookup *lookup)
{
    weir_address address;
    int result = weir_address_ip(&address, lookup->host, 0);

    return result < 0 ? result : answer_with(lookup, &address, 1);
}

/* ::1 before 127.0.0.1, which is RFC 6724's order. Where IPv6 is off a connect
 * to ::1 fails at once, and dialling goes on to the other. */
static int loopback_status(weir_lookup *lookup)
{
    weir_address loopback[2];
    int result = weir_address_ip(&loopback[0], "::1", 0);

    loopback[1] = weir_address_loopback(0);
    return result < 0 ? result : answer_with(lookup, loopback, 2);
}

static int hosts_file_status(weir_lookup *lookup)
{
    int result =
        weir_hosts_file_find(lookup->host, &lookup->addresses, &lookup->count);

    if (weir_kernel_pipes_make_room(lookup->loop, result))
        result = weir_hosts_file_find(lookup->host, &lookup->addresses,
                                      &lookup->count);
    return result < 0 ? result : sift(lookup);
}

static void answered(struct weir_question *question, int status,
                     weir_address *addresses, size_t count)
{
    weir_lookup *lookup = weir_container_of(question, weir_lookup, question);

    lookup->addresses = addresses;
    lookup->count = count;
    if (lookup->cb)
        finish(lookup, status < 0 ? status : sift(lookup));
    else
        release_lookup(lookup);
}

/* ----------------------------------------------------------------- names */

bool weir_is_domain(const char *name)
{
    enum { LABEL_MAX = 63 };
    size_t label = 0;

    for (const char *at = name; *at; at++) {
        unsigned char c = (unsigned char)*at;

        if (c == '.') {
            if (label == 0)
                return false;
            label = 0;
        } else if (isalnum(c) || c == '-' || c == '_' || c >= 0x80) {
            if (++label > LABEL_MAX)
                return false;
        } else {
            return false;
        }
    }
    return strlen(name) <= WEIR_HOST_MAX + (label == 0);
}

/* Digits and dots alone are no host's name (RFC 1123, 2.1): "127.0.0.010" is an
 * address to c-ares, which one depends on whom one asks. */
static bool is_host_name(const char *host)
{
    return host[strspn(host, "0123456789.")] && weir_is_domain(host);
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

enum { ASK = 1 };

/* The status of a name that nobody has to be asked for; ASK when somebody
 * must. */
static int known_status(weir_lookup *lookup, bool dns_only)
{
    int result = literal_status(lookup);
    bool local = in_domain(lookup->host, "localhost");

    if (result != -EINVAL)
        return result;
    if (!is_host_name(lookup->host))
        return WEIR_EBADNAME;
    if (in_domain(lookup->host, "invalid"))
        return WEIR_ENOTFOUND;
    result = dns_only ? WEIR_ENOTFOUND : hosts_file_status(lookup);
    if (local && (result == WEIR_ENOTFOUND || result == WEIR_ENODATA)) {
        drop_addresses(lookup);
        return loopback_status(lookup);
    }
    return result == WEIR_ENOTFOUND ? ASK : result;
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

/* Opened and not just looked at, since it is often a symbolic link, which stays
 * the same when its target is replaced. */
static int read_version(struct file_version *version)
{
    struct stat status;
    int fd = sys_open(WEIR_RESOLV_CONF, O_RDONLY | O_CLOEXEC);
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

/* When the file cannot be read just now (EMFILE), the old servers are better
 * than none. */
static void refresh(struct weir_resolver *resolver)
{
    struct file_version version;

    if (read_version(&version) < 0 ||
        same_version(&version, &resolver->version))
        return;
    leave_channel(resolver);
    resolver->version = version;
}

static int open_channel(struct weir_resolver *resolver)
{
    struct weir_channel_config config = {
        .servers = resolver->servers,
        .timeout = resolver->timeout,
        .tries = resolver->tries,
    };
    int result;

    if (resolver->channel && weir_channel_lost(resolver->channel))
        leave_channel(resolver);
    if (resolver->channel)
        return 0;
    result = weir_channel_open(&resolver->channel, resolver->loop, &config);
    if (weir_kernel_pipes_make_room(resolver->loop, result))
        result = weir_channel_open(&resolver->channel, resolver->loop, &config);
    return result;
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
    if (weir_net_of(resolver->loop)->closing)
        return -ECANCELED;
    refresh(resolver); /* the new channel is of what resolv.conf is now */
    changed.timeout = options->timeout;
    changed.tries = options->tries;
    result = copy_servers(options->servers, &changed.servers);
    if (result == 0)
        result = open_channel(&changed);
    if (result < 0) {
        weir_release(changed.servers);
        return result;
    }
    leave_channel(resolver);
    weir_release(resolver->servers);
    resolver->servers = changed.servers;
    resolver->timeout = changed.timeout;
    resolver->tries = changed.tries;
    resolver->channel = changed.channel;
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

/* While its loop is being destroyed, that is what releases it in the end. */
void weir_resolver_destroy(weir_resolver *resolver)
{
    struct weir_link *link, *next;

    if (!resolver)
        return;
    for (link = resolver->lookups.next; link != &resolver->lookups;
         link = next) {
        weir_lookup *lookup = weir_container_of(link, weir_lookup, link);

        next = link->next;
        if (!lookup->outlives)
            weir_lookup_cancel(lookup);
    }
    resolver->destroyed = true;
    if (!resolver->closing && weir_list_empty(&resolver->lookups))
        release_resolver(resolver);
}

/* Each channel is closed with the first of its lookups, and answers all of
 * them; they stay in the list. */
static void give_up(struct weir_resolver *resolver)
{
    leave_channel(resolver);
    for (struct weir_link *link = resolver->lookups.next;
         link != &resolver->lookups; link = link->next)
        weir_channel_close(
            weir_container_of(link, weir_lookup, link)->question.channel);
    while (!weir_list_empty(&resolver->lookups)) {
        weir_lookup *lookup =
            weir_container_of(resolver->lookups.next, weir_lookup, link);

        weir_link_remove(&lookup->deferred.link);
        drop_addresses(lookup);
        lookup->status = -ECANCELED;
        tell(lookup);
    }
}

/* Those that are told may speak of any resolver of the loop, and destroy it: so
 * none is freed before all have been told. None begins anew. */
void weir_resolvers_close_now(struct weir_net *net)
{
    struct weir_link *resolvers = &net->resolvers;

    for (struct weir_link *link = resolvers->next; link != resolvers;
         link = link->next)
        weir_container_of(link, struct weir_resolver, link)->closing = true;
    for (struct weir_link *link = resolvers->next; link != resolvers;
         link = link->next)
        give_up(weir_container_of(link, struct weir_resolver, link));
    while (!weir_list_empty(resolvers))
        release_resolver(
            weir_container_of(resolvers->next, struct weir_resolver, link));
    net->resolver = NULL;
}

/* --------------------------------------------------------------- lookups */

static int check_arguments(weir_loop *loop, const char *host, int family,
                           weir_lookup_cb *cb)
{
    if (!loop || !host || !*host || !cb)
        return -EINVAL;
    if (weir_loop_inherited(loop))
        return -EBADF; /* its channel asks over its parent's sockets */
    if (family != AF_UNSPEC && family != AF_INET && family != AF_INET6)
        return -EINVAL;
    if (strlen(host) > WEIR_HOST_MAX)
        return -ENAMETOOLONG;
    return 0;
}

static void run(weir_loop *loop, struct weir_deferred *deferred)
{
    (void)loop;
    tell(weir_container_of(deferred, weir_lookup, deferred));
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

static int begin(weir_lookup *lookup, bool dns_only)
{
    struct weir_resolver *resolver = lookup->resolver;
    int known = known_status(lookup, dns_only);
    int result = known == -ENOMEM ? -ENOMEM : 0;

    if (known == ASK) {
        refresh(resolver);
        result = open_channel(resolver);
    }
    if (result < 0)
        return result;
    /* From here on it can only fail by its status; and an answer may come from
     * inside of asking. */
    weir_list_append(&resolver->lookups, &lookup->link);
    weir_activate(lookup->loop, &lookup->flags);
    if (known == ASK)
        weir_channel_ask(resolver->channel, &lookup->question, lookup->host,
                         lookup->family);
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
    if (weir_net_of(loop)->closing)
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
    leave_resolver(lookup);
    if (lookup->question.channel) {
        lookup->cb = NULL;
        weir_channel_drop(&lookup->question);
        return;
    }
    weir_link_remove(&lookup->deferred.link);
    release_lookup(lookup);
}

bool weir_resolver_is_of(const weir_resolver *resolver, const weir_loop *loop)
{
    return resolver->loop == loop;
}

void weir_lookup_outlives_resolver(weir_lookup *lookup)
{
    lookup->outlives = true;
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
