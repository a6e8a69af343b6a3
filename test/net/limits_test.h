/*
 * limits_test.h - servers for which the system has nothing left
 *
 * Field note 16: a server without descriptors span with 98,000 failures in ten
 * seconds (bun #32705). Here the limit of the process is lowered for real, and
 * all that is left is taken; what the kernel cannot be made to say is injected.
 * Where time has to pass it is a clock of ours.
 */
#ifndef WEIR_LIMITS_TEST_H
#define WEIR_LIMITS_TEST_H

#include "test/support/net_test.h"

#include "test/support/virtual_clock.h"

#include <limits.h>
#include <sys/resource.h>

enum { LIMIT = 128, REST = 100 };

static struct {
    unsigned connections, drops, errors, closes, socket_closes;
    int error;
    bool had_both;
    weir_socket *last;
} told;

/* ------------------------------------------------------------- callbacks */

static inline void on_data(weir_socket *socket, const void *bytes,
                           size_t length)
{
    assert_true(weir_socket_write(socket, bytes, length, NULL, NULL) >= 0);
}

static inline void on_socket_close(weir_socket *socket, bool had_error)
{
    (void)socket, (void)had_error;
    told.socket_closes++;
}

static const weir_socket_events echo = { .data = on_data,
                                         .close = on_socket_close };

static inline void on_connection(weir_server *server, weir_socket *socket)
{
    (void)server;
    told.connections++;
    told.last = socket;
    weir_socket_set_events(socket, &echo);
}

static inline void on_drop(weir_server *server, const weir_address *local,
                           const weir_address *remote)
{
    (void)server;
    told.drops++;
    told.had_both = local && remote;
}

static inline void on_error(weir_server *server, int error)
{
    (void)server;
    told.errors++;
    told.error = error;
}

static inline void on_close(weir_server *server)
{
    (void)server;
    told.closes++;
}

static const weir_server_events events = { .drop = on_drop,
                                           .error = on_error,
                                           .close = on_close };

/* So many ms of the clock that is ours. */
static inline void pass(uint64_t time)
{
    for (time += virtual_ms(); virtual_ms() < time;)
        assert_true(weir_loop_run_once(the_loop, (int)(time - virtual_ms())) >=
                    0);
    for (int i = 0; i < 3; i++)
        assert_true(weir_loop_run_once(the_loop, 0) >= 0);
}

/* ----------------------------------------------------- failing on purpose */

/* Valgrind takes a connection before it says that there is no descriptor for
 * it; the kernel does not, but for macOS'. */
static inline int kernels_accept(ACCEPT_PARAMETERS)
{
#ifdef WEIR_SYS_ACCEPT4
    int free_one = dup(fd);

    if (free_one < 0)
        return -1;
    close(free_one);
#endif
    return ACCEPT(ACCEPT_ARGUMENTS);
}

/* accept() fails with `accept_error` so many times. */
static unsigned accept_calls, accept_failures;
static int accept_error;

static inline int failing_accept(ACCEPT_PARAMETERS)
{
    accept_calls++;
    if (accept_failures) {
        accept_failures--;
        errno = accept_error;
        return -1;
    }
    return kernels_accept(ACCEPT_ARGUMENTS);
}

static inline void fail_accept(int error, unsigned times)
{
    accept_calls = 0;
    accept_error = error;
    accept_failures = times;
    weir_sys.ACCEPT = failing_accept;
}

static inline int no_open(const char *path, int flags, ...)
{
    (void)path, (void)flags;
    errno = EMFILE;
    return -1;
}

/* No descriptor begins to be watched while `fail_adding`. */
#ifdef WEIR_BACKEND_EPOLL
static bool fail_adding;

static inline int failing_control(int epoll, int operation, int fd,
                                  struct epoll_event *event)
{
    if (fail_adding && operation == EPOLL_CTL_ADD) {
        errno = ENOSPC;
        return -1;
    }
    return epoll_ctl(epoll, operation, fd, event);
}
#endif

/* ----------------------------------------------- descriptors that are left */

static struct rlimit before;
static int taken[LIMIT];
static size_t taken_count;

/* Takes every descriptor that the limit leaves. */
static inline void take_all_descriptors(void)
{
    int fd;

    while (taken_count < LIMIT && (fd = dup(0)) >= 0)
        taken[taken_count++] = fd;
    assert_int_equal(errno, EMFILE);
}

static inline void give_descriptors(size_t count)
{
    while (count-- > 0 && taken_count > 0)
        close(taken[--taken_count]);
}

static inline int setup(void **state)
{
    struct rlimit lower;

    memset(&told, 0, sizeof told);
    getrlimit(RLIMIT_NOFILE, &before);
    lower = before;
    lower.rlim_cur = LIMIT;
    setrlimit(RLIMIT_NOFILE, &lower);
    if (open_virtual_loop(state) < 0)
        return -1;
#ifdef RUNNING_ON_VALGRIND
    if (RUNNING_ON_VALGRIND)
        weir_sys.ACCEPT = kernels_accept;
#endif
    return 0;
}

static inline int teardown(void **state)
{
    give_descriptors(LIMIT);
    setrlimit(RLIMIT_NOFILE, &before);
    return test_close_loop(state);
}

#define TEST(function)                                                         \
    cmocka_unit_test_setup_teardown(function, setup, teardown)

/* ---------------------------------------------------- servers and clients */

static inline weir_server *start_server(const weir_server_events *table)
{
    weir_address address = weir_address_loopback(0);
    weir_server *server;

    assert_int_equal(weir_server_create(&server, the_loop, on_connection, NULL),
                     0);
    weir_server_set_events(server, table);
    assert_int_equal(weir_server_listen(server, &address, NULL), 0);
    return server;
}

static inline int new_client(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    return fd;
}

/* Connects a descriptor that was made while there were some. */
static inline void connect_client(int fd, const weir_server *server)
{
    weir_address address;

    assert_int_equal(weir_server_address(server, &address), 0);
    assert_int_equal(connect(fd, &address.name.any, address.length), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
}

static inline int connect_to(const weir_server *server)
{
    int fd = new_client();

    connect_client(fd, server);
    return fd;
}

static inline void assert_echoes(int fd)
{
    raw_write(fd, "hello", 5);
    raw_expect(fd, "hello");
}

static inline void close_all(const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
}

#endif
