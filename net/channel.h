/*
 * channel.h - questions to name servers, through c-ares on a loop
 *
 * A channel is c-ares's word for its sockets, servers and open queries. This is
 * the only part of weir that knows c-ares; what lookups are, which names are
 * special and whom they keep waiting is resolver.c's.
 */
#ifndef WEIR_NET_CHANNEL_H
#define WEIR_NET_CHANNEL_H

#include "state.h"

struct weir_channel;

struct weir_channel_config {
    const char *servers; /* as of weir_resolver_options; NULL: resolv.conf */
    unsigned timeout, tries; /* 0: as resolv.conf says, or c-ares's default */
};

/*
 * Embedded by whoever asks. `answered` comes exactly once for each question
 * that was asked, perhaps from inside weir_channel_ask(), _drop() or _close().
 * The addresses are one allocation, now the asker's: NULL with a negative
 * status. c-ares is on the stack then, so `answered` may free its question, but
 * may not call any function below; in particular it may not call the user,
 * who would. An address may be there twice.
 */
struct weir_question {
    void (*answered)(struct weir_question *question, int status,
                     weir_address *addresses, size_t count);
    struct weir_channel *channel; /* NULL: not asked, or answered */
    bool dropped;
};

/* -EINVAL for servers that are not addresses, -ENOMEM, -EMFILE or -EIO when
 * resolv.conf cannot be read. A channel does not keep the loop alive. */
int weir_channel_open(struct weir_channel **channel, weir_loop *loop,
                      const struct weir_channel_config *config);

/* Open questions are answered with -ECANCELED. NULL is allowed. */
void weir_channel_close(struct weir_channel *channel);

/* Nothing more will be asked: it closes itself when the last question has been
 * answered, at once when there is none. NULL is allowed. */
void weir_channel_retire(struct weir_channel *channel);

/* True when memory has run out so badly that c-ares had to be given up with all
 * that it was asked: only retiring and closing is left. */
bool weir_channel_lost(const struct weir_channel *channel);

/* Asks the servers for the addresses of `host`; family AF_UNSPEC: both. */
void weir_channel_ask(struct weir_channel *channel,
                      struct weir_question *question, const char *host,
                      int family);

/* Nobody waits for the answer any more; the question must stay until it
 * comes. (c-ares cannot give up one query, only all of a channel.) */
void weir_channel_drop(struct weir_question *question);

#endif
