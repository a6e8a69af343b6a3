/*
 * test_fork_callback.c - the child of a callback that returns from it
 *
 * A life in which every kind of callback comes is lived again and again, and
 * each time the next of its callbacks forks. The child only returns: its run
 * ends, and on the way there it tells nobody anything and makes no system call
 * that would reach the connections, which are its parent's. Then it destroys
 * the loop, which closes and frees and tells the rest. The parent waits for it
 * and goes on as if nothing had been.
 */
#include "test/support/net_test.h"

#include <errno.h>
#include <sys/wait.h>

enum { LENGTH = 300000, PIECE = 65536, SMALL = 65536 };

static unsigned nth, calls; /* which of the callbacks forks; how many came */
static const char *forked_in;
static bool in_child, destroying;
static unsigned told, reached; /* in the child */

/* ---------------------------------------------------------- in the child */

static void forbid(void);

/* At the end of each callback, when all is done that it does. */
static void called(const char *callback)
{
    int status;
    pid_t child;

    if (in_child) {
        told += !destroying;
        return;
    }
    if (++calls != nth)
        return;
    forked_in = callback;
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        in_child = true;
        forbid();
        return;
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (status)
        fail_msg("the child of %s: status %x", callback, (unsigned)status);
}

static void leave_if_child(void)
{
    if (!in_child)
        return;
    destroying = true;
    if (weir_loop_destroy(the_loop) < 0)
        _exit(4);
    _exit((told ? 1 : 0) | (reached ? 2 : 0));
}

static int reaches(void)
{
    reached++;
    errno = EPIPE;
    return -1;
}

static ssize_t no_recv(int fd, void *bytes, size_t size, int flags)
{
    (void)fd, (void)bytes, (void)size, (void)flags;
    return reaches();
}

static ssize_t no_send(int fd, const void *bytes, size_t size, int flags)
{
    (void)fd, (void)bytes, (void)size, (void)flags;
    return reaches();
}

static ssize_t no_sendmsg(int fd, const struct msghdr *message, int flags)
{
    (void)fd, (void)message, (void)flags;
    return reaches();
}

static int no_connect(int fd, const struct sockaddr *name, socklen_t size)
{
    (void)fd, (void)name, (void)size;
    return reaches();
}

static int no_shutdown(int fd, int how)
{
    (void)fd, (void)how;
    return reaches();
}

static int no_accept(ACCEPT_PARAMETERS)
{
    (void)fd, (void)name, (void)size;
#ifdef WEIR_SYS_ACCEPT4
    (void)flags;
#endif
    return reaches();
}

/* It takes a pending error out of the socket. */
static int no_getsockopt(int fd, int level, int name, void *value,
                         socklen_t *size)
{
    if (name == SO_ERROR)
        return reaches();
    return faults_kernel()->getsockopt(fd, level, name, value, size);
}

static int no_setsockopt(int fd, int level, int name, const void *value,
                         socklen_t size)
{
    (void)fd, (void)level, (void)name, (void)value, (void)size;
    return reaches();
}

static void forbid(void)
{
    weir_sys.recv = no_recv;
    weir_sys.send = no_send;
    weir_sys.sendmsg = no_sendmsg;
    weir_sys.connect = no_connect;
    weir_sys.shutdown = no_shutdown;
    weir_sys.ACCEPT = no_accept;
    weir_sys.getsockopt = no_getsockopt;
    weir_sys.setsockopt = no_setsockopt;
}

/* --------------------------------------------------------------- callbacks */

static struct end {
    weir_socket *socket;
    size_t received, done;
    uint64_t sum;
    bool ended, hung_up, timed_out, failed, closed;
} client, peer;

static weir_server *server;
static bool dropped, looked_up, server_closed;
static char bytes[LENGTH];

static void write_done(weir_socket *socket, int status, void *argument)
{
    struct end *end = weir_socket_data(socket);

    (void)status, (void)argument;
    if (++end->done == 3)
        (void)weir_socket_end(socket);
    called("written");
}

static void release(void *memory, size_t length, void *argument)
{
    (void)memory, (void)length, (void)argument;
    called("release");
}

/* In three writes; the last one's callback ends it. */
static void say_all(weir_socket *socket)
{
    enum { THIRD = LENGTH / 3 };

    (void)weir_socket_write_owned(socket, bytes, THIRD, release, write_done,
                                  NULL);
    (void)weir_socket_write_owned(socket, bytes + THIRD, THIRD, release,
                                  write_done, NULL);
    (void)weir_socket_write(socket, bytes + 2 * THIRD, LENGTH - 2 * THIRD,
                            write_done, NULL);
}

static void on_lookup(weir_socket *socket, int status,
                      const weir_address *address, const char *host)
{
    (void)socket, (void)status, (void)address, (void)host;
    called("lookup of a socket");
}

static void on_attempt(weir_socket *socket, int status,
                       const weir_address *address)
{
    (void)socket, (void)address;
    called(status ? "attempt that failed" : "attempt");
}

static void on_connect(weir_socket *socket)
{
    say_all(socket);
    called("connect");
}

static void *on_buffer(weir_socket *socket, size_t *size)
{
    static char buffer[PIECE];

    (void)socket;
    *size = sizeof buffer;
    called("buffer");
    return buffer;
}

static void on_data(weir_socket *socket, const void *data, size_t length)
{
    struct end *end = weir_socket_data(socket);

    end->received += length;
    end->sum = net_sum(end->sum, data, length);
    called("data");
}

static void on_drain(weir_socket *socket)
{
    (void)socket;
    called("drain");
}

static void on_end(weir_socket *socket)
{
    struct end *end = weir_socket_data(socket);

    end->ended = true;
    if (end == &peer && end->received)
        say_all(socket);
    called("end");
}

static void on_hangup(weir_socket *socket)
{
    struct end *end = weir_socket_data(socket);

    end->hung_up = true;
    called("hangup");
}

static void on_timeout(weir_socket *socket)
{
    struct end *end = weir_socket_data(socket);

    end->timed_out = true;
    called("timeout");
}

static void on_error(weir_socket *socket, int error)
{
    struct end *end = weir_socket_data(socket);

    (void)error;
    end->failed = true;
    called("error");
}

static void on_close(weir_socket *socket, bool had_error)
{
    struct end *end = weir_socket_data(socket);

    (void)had_error;
    end->closed = true;
    called("close");
}

static const weir_socket_events client_events = {
    .lookup = on_lookup,
    .attempt = on_attempt,
    .connect = on_connect,
    .data = on_data,
    .drain = on_drain,
    .end = on_end,
    .error = on_error,
    .close = on_close,
};

static const weir_socket_events peer_events = {
    .buffer = on_buffer,
    .data = on_data,
    .drain = on_drain,
    .end = on_end,
    .hangup = on_hangup,
    .timeout = on_timeout,
    .error = on_error,
    .close = on_close,
};

static void on_connection(weir_server *from, weir_socket *socket)
{
    (void)from;
    peer = (struct end){ .socket = socket };
    weir_socket_set_data(socket, &peer);
    weir_socket_set_events(socket, &peer_events);
    called("connection");
}

static void on_drop(weir_server *from, const weir_address *local,
                    const weir_address *remote)
{
    (void)from, (void)local, (void)remote;
    dropped = true;
    called("drop");
}

static void on_server_close(weir_server *from)
{
    (void)from;
    server_closed = true;
    called("close of a server");
}

static const weir_server_events server_events = { .drop = on_drop,
                                                  .close = on_server_close };

static void on_looked_up(weir_lookup *lookup, int status,
                         const weir_address *addresses, size_t count)
{
    (void)lookup, (void)status, (void)addresses, (void)count;
    looked_up = true;
    called("lookup");
}

/* ------------------------------------------------------------- a whole life */

/* As RUN_UNTIL(), but the child goes no further. */
#define UNTIL(condition)                                                       \
    do {                                                                       \
        uint64_t begun_ = net_now();                                           \
                                                                               \
        while (!(condition)) {                                                 \
            if (net_now() - begun_ > 30000)                                    \
                fail_msg("%s: never; forked in %s", #condition,                \
                         forked_in ? forked_in : "none");                      \
            assert_true(weir_loop_run_once(the_loop, 1) >= 0);                 \
            leave_if_child();                                                  \
        }                                                                      \
    } while (0)

static void connect_client(enum net_kind kind, const weir_address *address)
{
    weir_connect_options options = { .tcp.send_buffer = SMALL,
                                     .tcp.no_delay = true };
    weir_address both[2];
    int result;

    client = (struct end){ 0 };
    assert_int_equal(
        weir_socket_create(&client.socket, the_loop, &client_events, &client),
        0);
    weir_socket_set_half_open(client.socket, true);
    if (kind == NET_TCP) {
        result = weir_socket_connect_host(client.socket, "localhost",
                                          weir_address_port(address), &options);
    } else {
        close(net_listener(kind, &both[0])); /* nobody is there any more */
        both[1] = *address;
        result = weir_socket_connect_any(client.socket, both, 2, &options);
    }
    assert_int_equal(result, 0);
}

static int connect_raw(const weir_address *address)
{
    int fd = socket(address->name.any.sa_family, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    peer.socket = NULL;
    assert_int_equal(connect(fd, &address->name.any, address->length), 0);
    return fd;
}

/* A request, its end, an answer, its end. */
static void request_and_answer(enum net_kind kind, const weir_address *address)
{
    uint64_t sum = net_sum(0, bytes, LENGTH);

    connect_client(kind, address);
    UNTIL(peer.ended);
    UNTIL(client.received == LENGTH);
    UNTIL(client.closed && peer.closed);
    assert_true(client.sum == sum && peer.sum == sum);
    assert_int_equal(peer.received, LENGTH);
    assert_int_equal(client.done, 3);
    assert_int_equal(peer.done, 3);
}

/* An idle connection, beside which no other one may be; then it is paused, and
 * its peer says something and goes. */
static void idle_and_left(const weir_address *address)
{
    int fd = connect_raw(address), other;

    UNTIL(peer.socket);
    weir_server_set_max_connections(server, 1);
    other = socket(address->name.any.sa_family, SOCK_STREAM, 0);
    assert_int_equal(connect(other, &address->name.any, address->length), 0);
    dropped = false;
    UNTIL(dropped);
    close(other);
    weir_server_set_max_connections(server, 0);
    weir_socket_set_timeout(peer.socket, 1);
    UNTIL(peer.timed_out);
    weir_socket_pause(peer.socket);
    raw_write(fd, "bye", 3);
    close(fd);
    UNTIL(peer.hung_up);
    weir_socket_resume(peer.socket);
    UNTIL(peer.closed);
}

static void broken(enum net_kind kind, const weir_address *address)
{
    int fd = connect_raw(address);

    UNTIL(peer.socket);
    if (kind == NET_TCP)
        raw_reset(fd);
    else
        close(fd);
    UNTIL(peer.closed);
    assert_true(peer.failed || kind == NET_UNIX);
}

static void look_up(void)
{
    weir_lookup *lookup;

    looked_up = false;
    assert_int_equal(weir_lookup_start(&lookup, the_loop, "127.0.0.1", NULL,
                                       on_looked_up, NULL),
                     0);
    UNTIL(looked_up);
}

static void live(enum net_kind kind)
{
    weir_address address;
    int listener = net_listener(kind, &address);

    assert_int_equal(weir_server_create(&server, the_loop, on_connection, NULL),
                     0);
    weir_server_set_events(server, &server_events);
    assert_int_equal(weir_server_adopt(server, listener), 0);
    request_and_answer(kind, &address);
    idle_and_left(&address);
    broken(kind, &address);
    look_up();
    server_closed = false;
    weir_server_close(server);
    UNTIL(server_closed);
}

static void the_child_of_a_callback_reaches_and_is_told_nothing(void **state)
{
    unsigned step = test_rounds(7, 7) == 7 ? 1 : 7; /* fewer under Valgrind */

    net_pattern(bytes, LENGTH, 0);
    for (nth = 1;; nth += step) {
        calls = 0;
        forked_in = NULL;
        live(NET_KIND(state));
        if (calls < nth)
            break;
    }
    assert_true(nth > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_BOTH(the_child_of_a_callback_reaches_and_is_told_nothing),
    };

    return cmocka_run_group_tests_name("fork in callbacks", tests, NULL, NULL);
}
