/*
 * net_test.c - sockets for tests: pairs, logs, waiting, counted system calls
 */
#include "net_test.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LIMIT = 10000 };

const enum net_kind net_kinds[2] = { NET_TCP, NET_UNIX };

/* ------------------------------------------------------------------- sides */

void side_init(struct side *side)
{
    memset(side, 0, sizeof *side);
}

void side_clear(struct side *side)
{
    side->logged = 0;
    side->log[0] = '\0';
}

void side_note(struct side *side, char letter)
{
    if (letter == 'd' && side->logged && side->log[side->logged - 1] == 'd')
        return;
    if (side->logged < SIDE_LOG)
        side->log[side->logged++] = letter;
    side->log[side->logged] = '\0';
}

/* Notes an event, and lets the test do in it what it wants. No event may come
 * while another one's callback runs: none comes from inside a call. */
static void happened(struct side *side, char letter)
{
    char outer = side->busy;

    side_note(side, letter);
    if (outer)
        fail_msg("'%c' came from inside the callback of '%c'", letter, outer);
    if (side->closed && letter != 'x')
        fail_msg("'%c' came after close", letter);
    side->busy = letter;
    if (side->hook)
        side->hook(side, letter);
    side->busy = 0;
}

static void on_lookup(weir_socket *s, int status, const weir_address *address,
                      const char *host)
{
    (void)status, (void)address, (void)host;
    happened(weir_socket_data(s), 'L');
}

static void on_attempt(weir_socket *s, int status, const weir_address *address)
{
    (void)address;
    happened(weir_socket_data(s), status == 0 ? 'A' : 'B');
}

static void on_connect(weir_socket *s)
{
    happened(weir_socket_data(s), 'C');
}

static void on_data(weir_socket *s, const void *bytes, size_t length)
{
    struct side *side = weir_socket_data(s);

    assert_true(length > 0);
    if (side->received < SIDE_KEEP) {
        size_t room = SIDE_KEEP - side->received;

        memcpy(side->bytes + side->received, bytes,
               length < room ? length : room);
    }
    side->received += length;
    side->sum = net_sum(side->sum, bytes, length);
    happened(side, 'd');
}

static void on_end(weir_socket *s)
{
    happened(weir_socket_data(s), 'e');
}

static void on_drain(weir_socket *s)
{
    happened(weir_socket_data(s), 'D');
}

static void on_timeout(weir_socket *s)
{
    happened(weir_socket_data(s), 't');
}

static void on_error(weir_socket *s, int error)
{
    struct side *side = weir_socket_data(s);

    assert_true(error < 0);
    assert_int_equal(weir_socket_failure(s, NULL, NULL), error);
    side->error = error;
    happened(side, '!');
}

static void on_close(weir_socket *s, bool had_error)
{
    struct side *side = weir_socket_data(s);

    assert_int_equal(weir_socket_get_state(s), WEIR_SOCKET_CLOSED);
    assert_int_equal(weir_socket_buffered(s), 0);
    side->closed = true;
    side->had_error = had_error;
    happened(side, 'x');
    side->socket = NULL;
}

const weir_socket_events side_events = {
    .lookup = on_lookup,
    .attempt = on_attempt,
    .connect = on_connect,
    .data = on_data,
    .end = on_end,
    .drain = on_drain,
    .timeout = on_timeout,
    .error = on_error,
    .close = on_close,
};

void side_wrote(weir_socket *socket, int status, void *argument)
{
    struct side *side = argument;

    assert_true(status <= 0);
    assert_ptr_equal(socket, side->socket);
    side->last_status = status;
    if (status == 0)
        side->written++;
    else
        side->failed++;
    happened(side, status == 0 ? 'w' : 'W');
}

void side_release(void *bytes, size_t length, void *argument)
{
    struct side *side = argument;

    (void)bytes, (void)length;
    side->released++;
    happened(side, 'r');
}

void side_check(const struct side *side, const char *file, int line)
{
    const char *wrong = NULL;

    if (side->socket)
        wrong = weir_socket_check(side->socket);
    if (wrong) {
        print_error("%s:%d: %s\n", file, line, wrong);
        fail();
    }
}

/* ------------------------------------------------------------------- pairs */

static void non_blocking(int fd)
{
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
}

static void set_listener_address(enum net_kind kind, weir_address *address)
{
    static unsigned number;
    char name[64];
    int length;

    if (kind == NET_TCP) {
        *address = weir_address_loopback(0);
        return;
    }
#ifdef WEIR_SYS_ABSTRACT
    length = snprintf(name, sizeof name, "@weir-test-%d-%u", (int)getpid(),
                      number++);
    name[0] = '\0';
#else
    length = snprintf(name, sizeof name, "/tmp/weir-test-%d-%u", (int)getpid(),
                      number++);
    unlink(name);
#endif
    assert_int_equal(weir_address_unix(address, name, (size_t)length), 0);
}

int net_listener(enum net_kind kind, weir_address *address)
{
    int fd = socket(kind == NET_TCP ? AF_INET : AF_UNIX, SOCK_STREAM, 0);
    socklen_t size = sizeof address->name;

    assert_true(fd >= 0);
    set_listener_address(kind, address);
    assert_int_equal(bind(fd, &address->name.any, address->length), 0);
    assert_int_equal(listen(fd, 128), 0);
    if (kind == NET_TCP)
        assert_int_equal(getsockname(fd, &address->name.any, &size), 0);
    return fd;
}

void net_descriptors(enum net_kind kind, int fds[2])
{
    weir_address address;
    int listener;

    if (kind == NET_UNIX) {
        test_socketpair(fds);
        return;
    }
    listener = net_listener(kind, &address);
    fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fds[0] >= 0);
    assert_int_equal(connect(fds[0], &address.name.any, address.length), 0);
    fds[1] = accept(listener, NULL, NULL);
    assert_true(fds[1] >= 0);
    close(listener);
    non_blocking(fds[0]);
    non_blocking(fds[1]);
}

/* The kernel tells the readiness of a new descriptor at once. */
static void see_first_edge(void)
{
    assert_true(weir_loop_run_once(the_loop, 0) >= 0);
    assert_true(weir_loop_run_once(the_loop, 0) >= 0);
}

int net_raw(enum net_kind kind, struct side *side)
{
    weir_address address;
    int listener = net_listener(kind, &address);
    int fd;

    side_init(side);
    assert_int_equal(
        weir_socket_create(&side->socket, the_loop, &side_events, side), 0);
    assert_int_equal(weir_socket_connect(side->socket, &address, NULL), 0);
    RUN_UNTIL(strchr(side->log, 'C'));
    fd = accept(listener, NULL, NULL);
    assert_true(fd >= 0);
    close(listener);
    non_blocking(fd);
    see_first_edge();
    side_clear(side);
    assert_sound(side->socket);
    return fd;
}

static void adopt(struct side *side, int fd)
{
    side_init(side);
    assert_int_equal(
        weir_socket_create(&side->socket, the_loop, &side_events, side), 0);
    assert_int_equal(weir_socket_adopt(side->socket, fd), 0);
    assert_sound(side->socket);
}

int net_adopted(enum net_kind kind, struct side *side)
{
    int fds[2];

    net_descriptors(kind, fds);
    adopt(side, fds[0]);
    see_first_edge();
    return fds[1];
}

static void on_connection(weir_server *server, weir_socket *socket)
{
    struct side *side = weir_server_data(server);

    side->socket = socket;
    weir_socket_set_data(socket, side);
    weir_socket_set_events(socket, &side_events);
    weir_server_close(server);
}

int net_accepted(enum net_kind kind, struct side *side)
{
    int fd = socket(kind == NET_TCP ? AF_INET : AF_UNIX, SOCK_STREAM, 0);
    weir_address address;
    weir_server *server;

    side_init(side);
    assert_true(fd >= 0);
    assert_int_equal(weir_server_create(&server, the_loop, on_connection, side),
                     0);
    set_listener_address(kind, &address);
    assert_int_equal(weir_server_listen(server, &address, NULL), 0);
    if (kind == NET_TCP)
        assert_int_equal(weir_server_address(server, &address), 0);
    assert_int_equal(connect(fd, &address.name.any, address.length), 0);
    non_blocking(fd);
    RUN_UNTIL(side->socket);
    see_first_edge();
    assert_sound(side->socket);
    return fd;
}

void net_pair(enum net_kind kind, struct side *a, struct side *b)
{
    adopt(b, net_raw(kind, a));
    see_first_edge();
}

/* ----------------------------------------------------------------- waiting */

uint64_t net_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static uint64_t limit(void)
{
#ifdef RUNNING_ON_VALGRIND
    if (RUNNING_ON_VALGRIND)
        return 10 * LIMIT;
#endif
    return LIMIT;
}

/* The condition may be about a descriptor that the loop does not know: waits
 * are short. */
void net_turn(uint64_t begun, const char *condition, const char *file, int line)
{
    int result = weir_loop_run_once(the_loop, 1);

    if (result < 0)
        fail_msg("the loop failed: %s", weir_error_name(result));
    if (net_now() - begun > limit()) {
        print_error("%s:%d: never came true: %s\n", file, line, condition);
        fail();
    }
}

void net_settle(void)
{
    for (int quiet = 0; quiet < 4; quiet++)
        assert_true(weir_loop_run_once(the_loop, quiet == 3) >= 0);
}

void net_finish(struct side *side)
{
    if (!side->socket)
        return;
    assert_sound(side->socket);
    weir_socket_destroy(side->socket);
    RUN_UNTIL(side->closed);
}

/* --------------------------------------------------- the plain other end */

ssize_t raw_read(int fd, void *bytes, size_t size)
{
    ssize_t got = recv(fd, bytes, size, 0);

    return got < 0 ? -errno : got;
}

int raw_connect(const weir_address *address)
{
    int fd = socket(weir_address_family(address), SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_SETFD, FD_CLOEXEC), 0);
    if (connect(fd, &address->name.any, address->length) < 0) {
        int error = errno;

        close(fd);
        return -error;
    }
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

void raw_write(int fd, const void *bytes, size_t length)
{
    assert_int_equal(send(fd, bytes, length, MSG_NOSIGNAL), length);
}

void raw_take(int fd, uint64_t *position, size_t limit)
{
    unsigned char bytes[64 * 1024];

    while (limit) {
        size_t size = limit < sizeof bytes ? limit : sizeof bytes;
        ssize_t n = recv(fd, bytes, size, 0);

        if (n <= 0)
            return;
        for (ssize_t i = 0; i < n; i++)
            if (bytes[i] != net_byte(*position + (uint64_t)i))
                fail_msg("byte %ju is wrong",
                         (uintmax_t)(*position + (uint64_t)i));
        *position += (uint64_t)n;
        limit -= (size_t)n;
    }
}

void raw_expect(int fd, const char *text)
{
    size_t length = strlen(text), got = 0;
    char bytes[1024] = "";

    assert_true(length < sizeof bytes);
    while (got < length) {
        ssize_t n = -EAGAIN;

        RUN_UNTIL((n = raw_read(fd, bytes + got, length - got)) != -EAGAIN);
        if (n <= 0)
            fail_msg("expected '%s', got '%s' and then %zd", text, bytes, n);
        got += (size_t)n;
    }
    assert_string_equal(bytes, text);
}

void raw_skip(int fd, size_t length, uint64_t *sum)
{
    char bytes[64 * 1024];

    while (length) {
        size_t size = length < sizeof bytes ? length : sizeof bytes;
        ssize_t n = -EAGAIN;

        RUN_UNTIL((n = raw_read(fd, bytes, size)) != -EAGAIN);
        if (n <= 0)
            fail_msg("%zu bytes are missing, got %zd", length, n);
        if (sum)
            *sum = net_sum(*sum, bytes, (size_t)n);
        length -= (size_t)n;
    }
}

static void expect_last(int fd, ssize_t expected)
{
    char byte;
    ssize_t n = -EAGAIN;

    RUN_UNTIL((n = raw_read(fd, &byte, 1)) != -EAGAIN);
    assert_int_equal(n, expected);
}

void raw_expect_end(int fd)
{
    expect_last(fd, 0);
}

void raw_expect_reset(int fd)
{
    expect_last(fd, -ECONNRESET);
}

void raw_expect_cut(int fd, enum net_kind kind)
{
    expect_last(fd, kind == NET_TCP ? -ECONNRESET : 0);
}

void raw_reset(int fd)
{
    struct linger reset = { .l_onoff = 1, .l_linger = 0 };

    /* EINVAL on macOS, when the connection is over anyway. */
    assert_true(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) ==
                    0 ||
                errno == EINVAL);
    close(fd);
}

/* The kernel may find some room yet, when an acknowledgement comes late: a
 * buffer of fixed size, and more in the queue than it could still take. */
size_t net_stuff(struct side *side)
{
    enum { PIECE = 64 * 1024, MARGIN = 1024 * 1024 };
    static const char zeroes[PIECE];
    size_t total = 0;

    weir_socket_set_send_buffer(side->socket, PIECE);
    while (weir_socket_buffered(side->socket) < MARGIN) {
        assert_true(
            weir_socket_write(side->socket, zeroes, PIECE, NULL, NULL) >= 0);
        total += PIECE;
    }
    return total;
}

unsigned char net_byte(uint64_t position)
{
    return (unsigned char)(position * UINT64_C(0x9e3779b97f4a7c15) >> 56);
}

void net_pattern(void *bytes, size_t length, uint64_t position)
{
    unsigned char *to = bytes;

    for (size_t i = 0; i < length; i++)
        to[i] = net_byte(position + i);
}

/* FNV-1a with 64 bits: what is lost, doubled or swapped changes it. */
uint64_t net_sum(uint64_t sum, const void *bytes, size_t length)
{
    const unsigned char *from = bytes;

    for (size_t i = 0; i < length; i++)
        sum = (sum ^ from[i] ^ 0x55) * UINT64_C(0x100000001b3);
    return sum;
}

/* ------------------------------------------------- counted system calls */

struct net_calls net_calls;

#define COUNTED(type, name, counter, parameters, arguments)                    \
    static type counted_##name parameters                                      \
    {                                                                          \
        net_calls.counter++;                                                   \
        return faults_kernel()->name arguments;                                \
    }

COUNTED(ssize_t, recv, recv, (int fd, void *to, size_t size, int flags),
        (fd, to, size, flags))
COUNTED(ssize_t, send, send, (int fd, const void *from, size_t size, int flags),
        (fd, from, size, flags))
COUNTED(ssize_t, sendmsg, sendmsg,
        (int fd, const struct msghdr *message, int flags), (fd, message, flags))
COUNTED(int, shutdown, shutdown, (int fd, int how), (fd, how))
COUNTED(int, close, close, (int fd), (fd))
COUNTED(int, setsockopt, setsockopt,
        (int fd, int level, int option, const void *value, socklen_t size),
        (fd, level, option, value, size))
COUNTED(int, getsockopt, getsockopt,
        (int fd, int level, int option, void *value, socklen_t *size),
        (fd, level, option, value, size))
#ifdef WEIR_BACKEND_EPOLL
COUNTED(int, epoll_ctl, control,
        (int epoll, int operation, int fd, struct epoll_event *event),
        (epoll, operation, fd, event))
COUNTED(int, epoll_wait, wait,
        (int epoll, struct epoll_event *events, int count, int timeout),
        (epoll, events, count, timeout))
#else
COUNTED(int, kevent, wait,
        (int queue, const struct kevent *changes, int change_count,
         struct kevent *events, int event_count, const struct timespec *limit),
        (queue, changes, change_count, events, event_count, limit))
#endif

static void *allocate(void *context, size_t size)
{
    (void)context;
    net_calls.allocations++;
    return malloc(size);
}

static void *reallocate(void *context, void *memory, size_t size)
{
    (void)context;
    net_calls.allocations++;
    return realloc(memory, size);
}

static void release(void *context, void *memory)
{
    (void)context;
    net_calls.releases += memory != NULL;
    free(memory);
}

void net_count(void)
{
    static const weir_allocator counting = { allocate, reallocate, release,
                                             NULL };

    memset(&net_calls, 0, sizeof net_calls);
    weir_sys.recv = counted_recv;
    weir_sys.send = counted_send;
    weir_sys.sendmsg = counted_sendmsg;
    weir_sys.shutdown = counted_shutdown;
    weir_sys.close = counted_close;
    weir_sys.setsockopt = counted_setsockopt;
    weir_sys.getsockopt = counted_getsockopt;
#ifdef WEIR_BACKEND_EPOLL
    weir_sys.epoll_ctl = counted_epoll_ctl;
    weir_sys.epoll_wait = counted_epoll_wait;
#else
    weir_sys.kevent = counted_kevent;
#endif
    weir_set_allocator(&counting);
}
