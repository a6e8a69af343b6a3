/*
 * resolver.h - looking names up, for the rest of net/
 *
 * The public face is weir_lookup_start() in net.h. Dialling uses the same, one
 * lookup per family, so that it can begin with whichever answers first.
 */
#ifndef WEIR_NET_RESOLVER_H
#define WEIR_NET_RESOLVER_H

#include "state.h"

/* The longest name that DNS can carry, without the final dot (RFC 1035). */
enum { WEIR_HOST_MAX = 253 };

/* Where the name servers and the domains to search stand. */
#define WEIR_RESOLV_CONF "/etc/resolv.conf"

/* Letters, digits, hyphen and underscore in labels of 1 to 63 bytes; a final
 * dot is allowed, and so is the root, which is the empty text. Bytes above
 * ASCII are left to the server to judge. Anything else is no domain of hosts,
 * and some of it (backslashes) means something else to c-ares. */
bool weir_is_domain(const char *name);

bool weir_resolver_is_of(const weir_resolver *resolver, const weir_loop *loop);

/* The lookup goes on when its resolver is destroyed: it is a socket's, which
 * would wait for it for ever. */
void weir_lookup_outlives_resolver(weir_lookup *lookup);

/* Gives up all lookups of the loop's resolvers, which are told ECANCELED, and
 * frees the resolvers. Called when the loop is destroyed. */
void weir_resolvers_close_now(struct weir_net *net);

#endif
