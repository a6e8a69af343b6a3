/*
 * dns.c - names for dns.js
 *
 * A lookup is a number here and there. C tells JavaScript once, with a status
 * and a list of [address, family], and the number is free. So is a resolver,
 * which is open from openResolver() to closeResolver(); 0 is the loop's own.
 */
#include "bindings.h"

#include <weir/net.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct pending {
    weir_lookup *lookup;
    struct pending *next;
    uint32_t id;
};

struct resolver {
    weir_resolver *resolver;
    struct resolver *next;
    uint32_t id;
};

static struct {
    script *s;
    JSObjectRef answered; /* (id, status, list) */
    struct pending *pending;
    struct resolver *resolvers;
    uint32_t last_id;
} dns;

static void forget(struct pending *pending)
{
    struct pending **at = &dns.pending;

    while (*at != pending)
        at = &(*at)->next;
    *at = pending->next;
    free(pending);
}

static JSValueRef list_of(const weir_address *addresses, size_t count)
{
    JSContextRef ctx = dns.s->context;
    JSObjectRef list = JSObjectMakeArray(ctx, 0, NULL, NULL);

    for (size_t i = 0; i < count; i++) {
        char host[WEIR_ADDRESS_TEXT];
        JSValueRef pair[2];

        if (weir_address_host(&addresses[i], host, sizeof host) < 0)
            continue;
        pair[0] = script_from_utf8(ctx, host, (size_t)-1);
        pair[1] = script_from_number(
            ctx, weir_address_family(&addresses[i]) == AF_INET6 ? 6 : 4);
        JSObjectSetPropertyAtIndex(ctx, list, (unsigned)i,
                                   JSObjectMakeArray(ctx, 2, pair, NULL), NULL);
    }
    return list;
}

static void on_answer(weir_lookup *lookup, int status,
                      const weir_address *addresses, size_t count)
{
    struct pending *pending = weir_lookup_data(lookup);
    JSValueRef arguments[3];

    arguments[0] = script_from_number(dns.s->context, pending->id);
    arguments[1] = script_from_number(dns.s->context, status);
    arguments[2] = list_of(addresses, status < 0 ? 0 : count);
    forget(pending);
    script_call(dns.s, dns.answered, 3, arguments);
}

static int start(struct pending *pending, const char *host,
                 const weir_lookup_options *options)
{
    int error = weir_lookup_start(&pending->lookup, dns.s->loop, host, options,
                                  on_answer, pending);

    if (error < 0)
        return error;
    pending->id = ++dns.last_id;
    pending->next = dns.pending;
    dns.pending = pending;
    return (int)pending->id;
}

/* Where the link to a resolver is; to NULL when there is none of this id. */
static struct resolver **find_resolver(uint32_t id)
{
    struct resolver **at = &dns.resolvers;

    while (*at && (*at)->id != id)
        at = &(*at)->next;
    return at;
}

static weir_resolver *resolver_of(uint32_t id)
{
    struct resolver *found = *find_resolver(id);

    return found ? found->resolver : NULL;
}

/* lookup(host, family, dnsOnly, resolver): its number, or an error. */
SCRIPT_NATIVE(lookup)
{
    char *host = script_utf8(ctx, argc, argv, 0, NULL);
    int family = script_int(ctx, argc, argv, 1, 0);
    weir_lookup_options options = {
        .family = family == 6   ? AF_INET6
                  : family == 4 ? AF_INET
                                : AF_UNSPEC,
        .dns_only = script_bool(ctx, argc, argv, 2),
        .resolver = resolver_of((uint32_t)script_int(ctx, argc, argv, 3, 0)),
    };
    struct pending *pending = host ? malloc(sizeof *pending) : NULL;
    int result = pending ? start(pending, host, &options) : -ENOMEM;

    if (result < 0)
        free(pending);
    free(host);
    return JSValueMakeNumber(ctx, result);
}

/* cancel(id): no answer comes. */
SCRIPT_NATIVE(cancel)
{
    uint32_t id = (uint32_t)script_int(ctx, argc, argv, 0, 0);
    struct pending *pending = dns.pending;

    while (pending && pending->id != id)
        pending = pending->next;
    if (pending) {
        weir_lookup_cancel(pending->lookup);
        forget(pending);
    }
    return JSValueMakeUndefined(ctx);
}

/* openResolver('127.0.0.1:53,[::1]' or undefined, timeout, tries): its number,
 * or an error. */
SCRIPT_NATIVE(open_resolver)
{
    char *servers = script_utf8(ctx, argc, argv, 0, NULL);
    weir_resolver_options options = {
        .servers = servers,
        .timeout = (unsigned)script_int(ctx, argc, argv, 1, 0),
        .tries = (unsigned)script_int(ctx, argc, argv, 2, 0),
    };
    struct resolver *opened = malloc(sizeof *opened);
    int result = -ENOMEM;

    if (opened)
        result = weir_resolver_create(&opened->resolver, dns.s->loop, &options);
    free(servers);
    if (result < 0) {
        free(opened);
        return JSValueMakeNumber(ctx, result);
    }
    opened->id = ++dns.last_id;
    opened->next = dns.resolvers;
    dns.resolvers = opened;
    return JSValueMakeNumber(ctx, opened->id);
}

static void forget_resolver(struct resolver **at)
{
    struct resolver *resolver = *at;

    *at = resolver->next;
    free(resolver);
}

/* closeResolver(id), when none of its lookups is under way. */
SCRIPT_NATIVE(close_resolver)
{
    struct resolver **at =
        find_resolver((uint32_t)script_int(ctx, argc, argv, 0, 0));

    if (*at) {
        weir_resolver_destroy((*at)->resolver);
        forget_resolver(at);
    }
    return JSValueMakeUndefined(ctx);
}

/* setCallback(answered) */
SCRIPT_NATIVE(set_callback)
{
    dns.answered = (JSObjectRef)argv[0];
    script_protect(dns.s, argv[0]);
    return JSValueMakeUndefined(ctx);
}

void script_bind_dns(script *s, JSObjectRef target)
{
    dns.s = s;
    script_function(s, target, "lookup", lookup);
    script_function(s, target, "cancel", cancel);
    script_function(s, target, "openResolver", open_resolver);
    script_function(s, target, "closeResolver", close_resolver);
    script_function(s, target, "setCallback", set_callback);
    script_set_number(s, target, "ECANCELED", -ECANCELED);
    script_set_number(s, target, "ENOSERVER", WEIR_ENOSERVER);
}

void script_unbind_dns(script *s)
{
    (void)s;
    while (dns.pending) {
        weir_lookup_cancel(dns.pending->lookup);
        forget(dns.pending);
    }
    while (dns.resolvers) {
        weir_resolver_destroy(dns.resolvers->resolver);
        forget_resolver(&dns.resolvers);
    }
    dns.s = NULL;
    dns.answered = NULL;
    dns.last_id = 0;
}
