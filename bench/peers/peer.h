/*
 * peer.h - what the C servers beside it have in common
 *
 * Each of them is the same few servers through another library:
 *
 *   peer-NAME WORKLOAD PORT [TARGET]
 *
 * Here is what has nothing to do with a library: arguments, the listening line,
 * the limit of descriptors, the least of HTTP, a message that several
 * connections share, a list. No line of weir is in it.
 *
 * No-delay: every peer's connections have it, since a server of small messages
 * would set it. On Linux an accepted socket inherits it from the listening one;
 * peer_listen() sets it there, and it costs nothing per connection.
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    PEER_BACKLOG = 4096,
    PEER_HIGH_WATER = 64 * 1024 /* that much may wait for a slow reader */
};

/* ------------------------------------------------------------- starting up */

enum peer_workload {
    PEER_ECHO,
    PEER_SINK,
    PEER_FANOUT,
    PEER_PROXY,
    PEER_HTTP,
    PEER_BULK, /* echo as the server does it for streams */
    PEER_IDLE  /* weir: echo with an idle timeout on every connection */
};

struct peer {
    enum peer_workload workload;
    unsigned port;
    struct sockaddr_in target; /* of a proxy */
};

/* `known`: the workloads that this server has, with blanks between them. Wrong
 * arguments end the program with status 2; --version prints `version`, and that
 * is all then. Raises the limit of descriptors. */
struct peer peer_arguments(int argc, char **argv, const char *known,
                           const char *version);

/* A listening TCP socket on 127.0.0.1, non-blocking, with no-delay. */
int peer_listen(unsigned port);

/* Says on which port it listens; call it when connections are accepted. */
void peer_announce(int listener);

struct sockaddr_in peer_loopback(unsigned port);

_Noreturn void peer_fail(const char *what);

/* Memory, or the end. */
void *peer_allocate(size_t size);

/* -------------------------------------------------------------------- HTTP */

/*
 * A request is what comes before a blank line; it may be cut anywhere, and
 * several may come at once. Nothing else of it is looked at: every request is
 * a GET without a body. Zeroed at a connection's beginning.
 */
struct peer_http {
    unsigned char line; /* of the line under way there is: 0 nothing, 1 a CR,
                           2 more */
    bool begun;         /* a line of the request has come */
};

/* How many requests these bytes complete. */
size_t peer_http_requests(struct peer_http *http, const char *bytes,
                          size_t length);

/* Answers to at most `requests` requests, in a row; takes off what it gives. */
const char *peer_http_answers(size_t *requests, size_t *length);

/* ----------------------------------------------------------------- fan-out */

/* One copy, however many connections it goes to. */
struct peer_message {
    size_t references, length;
    char bytes[];
};

struct peer_message *peer_message_copy(const void *bytes, size_t length);
void peer_message_unref(struct peer_message *message);

/* A ring with a head. `peer_list` makes a head of an element. */
struct peer_link {
    struct peer_link *next, *prev;
};

static inline void peer_list(struct peer_link *head)
{
    head->next = head->prev = head;
}

static inline void peer_insert(struct peer_link *head, struct peer_link *link)
{
    link->next = head;
    link->prev = head->prev;
    head->prev->next = link;
    head->prev = link;
}

static inline void peer_remove(struct peer_link *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
}

#define PEER_OF(link, type, member)                                            \
    ((type *)(void *)((char *)(link)-offsetof(type, member)))

#endif
