/*
 * dns_server.h - a name server for tests, on the loop that is tested
 *
 * It listens on a port of 127.0.0.1 that the system chooses, UDP and TCP, and
 * answers as it is told: per name and type, and for the rest NXDOMAIN. Its
 * watchers and timers do not keep the loop alive. Its memory is malloc()'s, so
 * that a failing allocator hits weir only.
 */
#ifndef WEIR_TEST_DNS_SERVER_H
#define WEIR_TEST_DNS_SERVER_H

#include <weir/reactor.h>

struct dns_server;

enum dns_type { DNS_ANY = 0, DNS_A = 1, DNS_AAAA = 28 };

enum dns_answer {
    DNS_ADDRESSES,
    DNS_NODATA,
    DNS_NXDOMAIN,
    DNS_SERVFAIL,
    DNS_REFUSED,
    DNS_NOTIMP,
    DNS_SILENCE,
    DNS_MALFORMED, /* an answer whose record runs over its end */
    DNS_TRUNCATED, /* over UDP; the addresses over TCP */
    DNS_MANY       /* the same with 10.0.0.0 and so on; `addresses`: how many */
};

/* NULL when it cannot be had. */
struct dns_server *dns_server_start(weir_loop *loop);
void dns_server_stop(struct dns_server *server);

/* "127.0.0.1:12345", for weir_resolver_options. */
const char *dns_server_address(const struct dns_server *server);

/* How to answer questions for a name. `addresses` is a list such as
 * "192.0.2.1,192.0.2.2" of the type's family. A name that has rules, but none
 * for the type that is asked, has no data. Rules are few: at most 32. */
void dns_server_set(struct dns_server *server, const char *name,
                    enum dns_type type, enum dns_answer answer,
                    const char *addresses);

/* All answers come so many ms late. */
void dns_server_set_delay(struct dns_server *server, unsigned delay);

/* Only those to questions of this type. */
void dns_server_delay_type(struct dns_server *server, enum dns_type type,
                           unsigned delay);

/* The next so many questions are not answered. */
void dns_server_drop(struct dns_server *server, unsigned count);

/* Whoever connects over TCP is cut off before a question is read. */
void dns_server_cut_connections(struct dns_server *server);

/* Questions that have come so far: all, and those over TCP. */
unsigned dns_server_questions(const struct dns_server *server);
unsigned dns_server_tcp_questions(const struct dns_server *server);

#endif
