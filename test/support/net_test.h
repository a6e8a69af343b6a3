/*
 * net_test.h - sockets for tests: pairs, logs, waiting, counted system calls
 *
 * A `struct side` is a weir socket with everything that happened to it: a log
 * of one letter per event, what came, what was told. Its other end is another
 * side, or a plain non-blocking descriptor that the test holds.
 *
 *     struct side a;
 *     int fd = net_raw(NET_TCP, &a);      dialled, connected, log empty
 *
 *     raw_write(fd, "hello", 5);
 *     RUN_UNTIL(a.received == 5);
 *     assert_side(&a, "d");
 *
 * The letters: L lookup, A attempt begun, B attempt failed, C connect, d data
 * (several in a row are one), e end, D drain, t timeout, ! error, x close,
 * w write callback, W the same with an error, r release.
 */
#ifndef WEIR_NET_TEST_H
#define WEIR_NET_TEST_H

#include "test.h"

#include "net/socket.h"

#include <netinet/tcp.h>

enum net_kind { NET_TCP, NET_UNIX };

/* A test that runs over both; in it, NET_KIND(state) says which it is. Keep
 * sides static: after a failure the loop still calls them. */
#define TEST_ON_BOTH(function)                                                 \
    { #function " (TCP)", function, test_open_loop, test_close_loop,           \
      (void *)&net_kinds[NET_TCP] },                                           \
    {                                                                          \
#function " (UNIX)", function, test_open_loop, test_close_loop,        \
            (void *)&net_kinds[NET_UNIX]                                       \
    }
#define NET_KIND(state) (*(const enum net_kind *)*(state))

extern const enum net_kind net_kinds[2];

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

#ifndef TCP_KEEPIDLE /* macOS */
#define TCP_KEEPIDLE TCP_KEEPALIVE
#endif

/* ------------------------------------------------------------------- sides */

enum { SIDE_LOG = 256, SIDE_KEEP = 4096 };

struct side {
    weir_socket *socket; /* NULL before it is made and after `close` */
    char log[SIDE_LOG + 1];
    size_t logged;

    char bytes[SIDE_KEEP];            /* the first that came */
    size_t received;                  /* all that came */
    uint64_t sum;                     /* rolling checksum of all of them */
    size_t written, failed, released; /* write callbacks, releases */
    int error, last_status;
    bool closed, had_error;

    /* Called with each event's letter, after it was noted; NULL: nothing. */
    void (*hook)(struct side *side, char event);
    char busy;  /* the event whose hook runs, 0 otherwise */
    void *user; /* the test's */
};

/* Notes every event. `data` of the socket is the side. */
extern const weir_socket_events side_events;

/* Empties a side; its log. */
void side_init(struct side *side);
void side_clear(struct side *side);
void side_note(struct side *side, char letter);

/* Write callback and release callback that note; `argument` is the side. */
void side_wrote(weir_socket *socket, int status, void *argument);
void side_release(void *bytes, size_t length, void *argument);

/* The log is this, and the socket's parts agree with each other. */
#define assert_side(side, word)                                                \
    do {                                                                       \
        assert_string_equal((side)->log, word);                                \
        side_check(side, __FILE__, __LINE__);                                  \
    } while (0)
void side_check(const struct side *side, const char *file, int line);

/* weir_socket_check() finds nothing. */
#define assert_sound(socket_) assert_null(weir_socket_check(socket_))

/* ------------------------------------------------------------------- pairs */

/* A connected side, dialled; the other end is the descriptor that is given
 * back (non-blocking, the test's). The log is empty. */
int net_raw(enum net_kind kind, struct side *side);

/* The same, but the side has adopted its descriptor; for NET_UNIX it is from
 * socketpair(). */
int net_adopted(enum net_kind kind, struct side *side);

/* The same, but the side was accepted by a server, which is closed. */
int net_accepted(enum net_kind kind, struct side *side);

/* Two sides: `a` dialled, `b` has adopted. */
void net_pair(enum net_kind kind, struct side *a, struct side *b);

/* Two connected descriptors; fds[0] is what connected, fds[1] was accepted. */
void net_descriptors(enum net_kind kind, int fds[2]);

/* A listening descriptor and its address: 127.0.0.1, or an abstract name (a
 * path where there are none). */
int net_listener(enum net_kind kind, weir_address *address);

/* ----------------------------------------------------------------- waiting */

/* Turns the loop until the condition holds; fails the test after 10 s (more
 * under Valgrind). */
#define RUN_UNTIL(condition)                                                   \
    do {                                                                       \
        uint64_t begun_ = net_now();                                           \
                                                                               \
        while (!(condition))                                                   \
            net_turn(begun_, #condition, __FILE__, __LINE__);                  \
    } while (0)
uint64_t net_now(void); /* real ms */
void net_turn(uint64_t begun, const char *condition, const char *file,
              int line);

/* Turns the loop until nothing happens any more. */
void net_settle(void);

/* Destroys the side's socket, if there is one, and sees it close. */
void net_finish(struct side *side);

/* --------------------------------------------------- the plain other end */

/* What connect(2) gives, waited for: a descriptor that does not block (nor is
 * kept by exec), or the error. */
int raw_connect(const weir_address *address);

/* All of it must be taken at once. */
void raw_write(int fd, const void *bytes, size_t length);

/* Takes at most `limit` bytes of what has come, which must be the pattern from
 * *position on; that moves. */
void raw_take(int fd, uint64_t *position, size_t limit);

/* Turns the loop until this text has come. */
void raw_expect(int fd, const char *text);

/* Turns the loop until `length` bytes were read and thrown away; they are
 * added to *sum (NULL allowed) as a side does. */
void raw_skip(int fd, size_t length, uint64_t *sum);

/* Turns the loop until FIN has come, or until a reset has; nothing else may
 * come before it. */
void raw_expect_end(int fd);
void raw_expect_reset(int fd);

/* A stream that was cut short: a reset, which UNIX sockets do not have. */
void raw_expect_cut(int fd, enum net_kind kind);

/* What a read gives at once, without turning the loop: a length, 0 for the
 * end, or a negative errno. */
ssize_t raw_read(int fd, void *bytes, size_t size);

/* Closes with a reset, for NET_TCP. */
void raw_reset(int fd);

/* Writes zeroes into the socket until the kernel takes no more, and the queue
 * will not become empty before the peer reads; how much that was. */
size_t net_stuff(struct side *side);

/* The test pattern at a position, and the checksum of a stream of it. */
unsigned char net_byte(uint64_t position);
void net_pattern(void *bytes, size_t length, uint64_t position);
uint64_t net_sum(uint64_t sum, const void *bytes, size_t length);

/* ------------------------------------------------- counted system calls */

/* What was called since net_count(); undone by faults_restore(), which
 * test_close_loop() calls. */
struct net_calls {
    unsigned recv, send, sendmsg, shutdown, close, setsockopt, getsockopt;
    unsigned control, wait; /* epoll_ctl, epoll_wait; or kevent as `wait` */
    unsigned allocations, releases;
};

extern struct net_calls net_calls;

void net_count(void);

#endif
