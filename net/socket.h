/*
 * socket.h - a socket's inside, for the files of net/
 *
 * A connection is two half-streams, and its state is these three enums. Who
 * may change them: `phase` socket.c, `reading` socket_read.c, pipe.c and, at
 * the end, socket.c, `writing` socket_write.c and likewise socket.c.
 *
 * What happens to a socket is noted where it happens: a half-stream's state, an
 * error, its fate. What follows from it (an error told, the half-open rule, the
 * end of a connection whose partner in a pipe has gone) is carried out by the
 * socket's deferred work, weir_socket_post(), which looks at what is noted and
 * not at the order in which it came. So nothing here calls back into who called
 * it, and no chain of sockets is as deep as the stack.
 */
#ifndef WEIR_NET_SOCKET_H
#define WEIR_NET_SOCKET_H

#include "state.h"
#include "write_queue.h"

struct weir_dial;

enum weir_phase {
    WEIR_PHASE_NEW,
    WEIR_PHASE_CONNECTING,
    WEIR_PHASE_OPEN,
    WEIR_PHASE_DESTROYED, /* no descriptor; `close` is posted */
    WEIR_PHASE_CLOSED     /* in `close`, its last event */
};

enum weir_reading {
    WEIR_READING_OPEN,
    /* Thrown away: the destination of its pipe is gone, and an answer is still
     * on its way to the peer. Without that answer it is OPEN again. Pausing
     * is for then. */
    WEIR_READING_LOST,
    WEIR_READING_CLOSING, /* thrown away: weir_socket_close() */
    WEIR_READING_ENDED    /* the peer's FIN was read */
};

enum weir_writing {
    WEIR_WRITING_OPEN,
    WEIR_WRITING_ENDING,   /* FIN behind what is queued */
    WEIR_WRITING_FINISHED, /* FIN sent */
    WEIR_WRITING_FAILED    /* EPIPE and the like; reading may go on */
};

/* What the partner in a pipe has left a socket to, carried out by its deferred
 * work. */
enum weir_fate {
    WEIR_FATE_OPEN,
    WEIR_FATE_ABANDONED, /* what it sends has nowhere to go: destroyed */
    WEIR_FATE_CUT        /* its stream was cut short: reset */
};

enum {
    /* What the kernel said, and no call has disproved since, in the bits in
     * which the backend tells it. */
    WEIR_S_READABLE = WEIR_READABLE,
    WEIR_S_WRITABLE = WEIR_WRITABLE,
    /* A short read does not mean that nothing is left: FIN or worse has come,
     * or urgent data, or it is a UNIX socket. */
    WEIR_S_READ_ALL = WEIR_URGENT,

    /* Any of these: do not read. */
    WEIR_S_PAUSED = 1 << 3,
    WEIR_S_NO_READER = 1 << 4,    /* no table, no pipe, not thrown away */
    WEIR_S_READ_OVER = 1 << 5,    /* not open yet, ended, or destroyed */
    WEIR_S_PIPE_STALLED = 1 << 6, /* the pipe's destination is full */
    WEIR_S_NO_READING = WEIR_S_PAUSED | WEIR_S_NO_READER | WEIR_S_READ_OVER |
                        WEIR_S_PIPE_STALLED,

    WEIR_S_DRAIN_DUE = 1 << 7, /* a write answered WEIR_WAIT */
    WEIR_S_HALF_OPEN = 1 << 8,
    WEIR_S_READ_LATER = 1 << 9, /* the deferred work reads on, next turn */
    WEIR_S_SHARED = 1 << 10,    /* adopted: others may hold the descriptor */
    WEIR_S_TIMED_OUT = 1 << 11, /* told, and idle since: no timer runs */
    WEIR_S_FAILED = 1 << 12,
    WEIR_S_ERROR_DUE = 1 << 13, /* to be told */
    /* What the fast paths ask instead of each thing by itself. A plain reader:
     * `data` and nothing else has a say. A plain writer: neither ended nor
     * destroyed, no cork, no limit; with WRITABLE it is open, too. */
    WEIR_S_PLAIN_READER = 1 << 14,
    WEIR_S_PLAIN_WRITER = 1 << 15
};

/* In `flags`, beside WEIR_ACTIVE and WEIR_UNREF. */
enum {
    WEIR_HUNG_UP = 1 << 6,   /* the kernel has said so */
    WEIR_HANGUP_DUE = 1 << 7 /* to be told, if reading is paused */
};

/* What few sockets have. */
struct weir_extra {
    size_t high_water; /* 0: default */
    size_t limit;
    struct weir_dial *dial;     /* while connecting */
    struct weir_pipe *out, *in; /* source of, destination of */
    struct weir_chunk *unread;  /* read, and refused by its pipe's end */
    enum weir_fate fate;
    bool paused; /* by its user, while reading is LOST and goes on */
    bool holed;  /* bytes were thrown away while it was LOST */
    uint64_t read_at_failure; /* bytes_read, when writing failed */
    const char *failed_call;
    weir_address failed_address;
    char *failed_host; /* of a failed lookup, owned */
};

/* What every message touches comes first, within two cache lines. */
struct weir_socket {
    uint32_t number; /* the pool's */
    uint8_t phase, reading, writing;
    uint8_t flags; /* WEIR_ACTIVE, WEIR_UNREF, WEIR_HUNG_UP, _HANGUP_DUE */
    struct weir_source source;
    weir_loop *loop;
    const weir_socket_events *events;
    void *data;
    uint16_t state;      /* WEIR_S_ */
    int16_t error;       /* the first one */
    unsigned forks : 16; /* before its descriptor was made (low half) */
    unsigned corks : 8;
    unsigned reads : 4; /* in the turn (of 16) that is told by: */
    unsigned reads_turn : 4;
    uint32_t last_active; /* low half of the tick of the last I/O */
    union {
        uint32_t timeout;     /* ms */
        uint32_t linger_room; /* bytes still taken, while it lingers */
    };
    struct weir_queue queue;
    uint64_t bytes_read, bytes_written;
    struct weir_extra *extra;
    weir_server *server;
    struct weir_deferred deferred;
    struct weir_wheel_node idle;
};

/* ------------------------------------------------------------- socket.c */

/* Runs the socket's deferred work in the next turn. */
void weir_socket_post(weir_socket *socket);

/* An open socket for a descriptor that was accepted, which is still the
 * caller's if it fails. `forks` is weir_forks() of before. */
int weir_socket_accepted(weir_socket **socket, weir_loop *loop,
                         weir_server *server, int fd, int family,
                         unsigned forks);

/* The dial's outcome: a connected descriptor, registered with the loop under
 * another source; or an error. The dial is gone then. */
void weir_socket_connected(weir_socket *socket, int fd, int family,
                           unsigned forks);

/* Ends a socket with an error: what is queued fails with it, `error` and
 * `close` follow. `call` is static; `address` may be NULL. */
void weir_socket_fail(weir_socket *socket, int error, const char *call,
                      const weir_address *address);

/* Notes the first error without ending anything. */
void weir_socket_note_error(weir_socket *socket, int error, const char *call,
                            const weir_address *address);

/* Gives up the descriptor and what is queued, whose callbacks get `status`;
 * `close` follows, in the next turn. */
void weir_socket_shut(weir_socket *socket, int status);

/* Closes and tells everything at once: the loop is being destroyed. */
void weir_socket_close_now(weir_socket *socket);

/* The extra part, made when it is missing; NULL: out of memory. */
struct weir_extra *weir_socket_extra(weir_socket *socket);

/* Others may hold the descriptor as well: who gave it to us, or a child that
 * was forked since. Closing it does not end the connection then. After 65,535
 * forks that is taken for granted, which costs a call, and ends an adopted
 * UNIX socket for its other holders when it is reset. */
static inline bool weir_socket_was_forked(const weir_socket *socket)
{
    return socket->forks != weir_forks();
}

static inline bool weir_socket_is_shared(const weir_socket *socket)
{
    return socket->state & WEIR_S_SHARED || weir_socket_was_forked(socket);
}

/* Both directions are done: closes. */
void weir_socket_maybe_close(weir_socket *socket);

/* Compares a socket's parts with each other; NULL when all is well. */
const char *weir_socket_check(const weir_socket *socket);

/* -------------------------------------------------------- socket_read.c */

/* What the kernel says: the `ready` of a socket's source. */
void weir_socket_ready(weir_loop *loop, struct weir_source *source,
                       unsigned events);

/* Whether the partner in a pipe has left it to no end of its own: what its
 * halves come to meanwhile is to say nothing to its peer. */
static inline bool weir_socket_is_doomed(const weir_socket *socket)
{
    return socket->extra && socket->extra->fate != WEIR_FATE_OPEN;
}

static inline bool weir_socket_may_read(const weir_socket *socket)
{
    return !(socket->state & WEIR_S_NO_READING);
}

/* Reads as much as the turn allows; the rest next turn. */
void weir_socket_read_some(weir_socket *socket);

/* Ends the writing half of a socket whose peer has ended, unless it may be half
 * open. */
void weir_socket_keep_half_open_rule(weir_socket *socket);

/* WEIR_S_NO_READER and WEIR_S_PLAIN_READER as the table and the pipe say;
 * reads on if it may. */
void weir_socket_reader_changed(weir_socket *socket);

/* What comes is read and thrown away. */
static inline bool weir_socket_discards(const weir_socket *socket)
{
    return socket->reading == WEIR_READING_LOST ||
           socket->reading == WEIR_READING_CLOSING;
}

/* Bytes that were read and that their pipe did not take: they are told before
 * what is read next, to whoever reads then. Only for a socket that has an extra
 * part. -ENOMEM. */
int weir_socket_unread(weir_socket *socket, const void *bytes, size_t length);

/* Takes up to `size` of them, of which there are some. */
size_t weir_socket_reread(weir_socket *socket, void *buffer, size_t size);

static inline bool weir_socket_has_unread(const weir_socket *socket)
{
    return socket->extra && socket->extra->unread;
}

/* A send has met what ended the connection, and has taken it out of the
 * socket: a read of 0 is not a FIN then. After EPIPE it may be one; and a want
 * of memory is the call's own, and leaves the socket as it was. */
bool weir_socket_error_was_taken(const weir_socket *socket);

/* ------------------------------------------------------ socket_hangup.c */

/* The kernel says that the peer has ended its side, or worse. */
static inline void weir_socket_hung_up(weir_socket *socket)
{
    socket->flags |= WEIR_HUNG_UP | WEIR_HANGUP_DUE;
}

void weir_socket_tell_hangup(weir_socket *socket);

/* ----------------------------------------------------- socket_timeout.c */

void weir_socket_init_timeout(weir_socket *socket);
void weir_socket_rearm_timeout(weir_socket *socket);

/* Something was read or written. One store; the timer finds it when it
 * fires. */
static inline void weir_socket_active(weir_socket *socket)
{
    socket->last_active = (uint32_t)socket->loop->tick_up;
    if (socket->state & WEIR_S_TIMED_OUT)
        weir_socket_rearm_timeout(socket);
}

/* After the FIN of weir_socket_close(): limits how long, and how many bytes
 * more, the peer's FIN is waited for. */
void weir_socket_linger(weir_socket *socket);
bool weir_socket_linger_is_over(weir_socket *socket, size_t length);

/* ------------------------------------------------------- socket_write.c */

/* WEIR_S_PLAIN_WRITER as the socket's parts say. */
void weir_socket_writer_changed(weir_socket *socket);

/* Sends what is queued, as far as the kernel takes it. Callbacks are left for
 * weir_socket_tell_written(). */
void weir_socket_flush(weir_socket *socket);

/* Writes what is in the kernel pipe of `chunk`, which may be all it is for. 0,
 * and the chunk is taken over; or a negative errno after which writing has
 * failed, and the chunk, with what did not go, is still the caller's. Only for
 * a socket that is open for writing and has nothing queued. */
int weir_socket_write_piped(weir_socket *socket, struct weir_chunk *chunk);

/* Calls back the writes that are done, then `drain`. */
void weir_socket_tell_written(weir_socket *socket);

/* Tells `drain` if it is due. The queue is empty. */
void weir_socket_tell_drain(weir_socket *socket);

/* -------------------------------------------------------------- options */

/* Applies options to a descriptor of the given family. */
int weir_tcp_apply(int fd, int family, const weir_tcp_options *options);

/* What the options say before anything is tried: -EINVAL. */
int weir_tcp_valid(const weir_tcp_options *options);

#endif
