/*
 * test_server_limits.c - accepting when descriptors or memory run out
 *
 * Field note 16: a server without descriptors span with 98,000 failures in ten
 * seconds (bun #32705). Here the limit of the process is lowered for real, and
 * all that is left is taken; what the kernel cannot be made to say is injected.
 * Where time has to pass it is a clock of ours.
 */
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

static void on_data(weir_socket *socket, const void *bytes, size_t length)
{
    assert_true(weir_socket_write(socket, bytes, length, NULL, NULL) >= 0);
}

static void on_socket_close(weir_socket *socket, bool had_error)
{
    (void)socket, (void)had_error;
    told.socket_closes++;
}

static const weir_socket_events echo = { .data = on_data,
                                         .close = on_socket_close };

static void on_connection(weir_server *server, weir_socket *socket)
{
    (void)server;
    told.connections++;
    told.last = socket;
    weir_socket_set_events(socket, &echo);
}

static void on_drop(weir_server *server, const weir_address *local,
                    const weir_address *remote)
{
    (void)server;
    told.drops++;
    told.had_both = local && remote;
}

static void on_error(weir_server *server, int error)
{
    (void)server;
    told.errors++;
    told.error = error;
}

static void on_close(weir_server *server)
{
    (void)server;
    told.closes++;
}

static const weir_server_events events = { .drop = on_drop,
                                           .error = on_error,
                                           .close = on_close };

/* So many ms of the clock that is ours. */
static void pass(uint64_t time)
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
static int kernels_accept(ACCEPT_PARAMETERS)
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

static int failing_accept(ACCEPT_PARAMETERS)
{
    accept_calls++;
    if (accept_failures) {
        accept_failures--;
        errno = accept_error;
        return -1;
    }
    return kernels_accept(ACCEPT_ARGUMENTS);
}

static void fail_accept(int error, unsigned times)
{
    accept_calls = 0;
    accept_error = error;
    accept_failures = times;
    weir_sys.ACCEPT = failing_accept;
}

static int no_open(const char *path, int flags, ...)
{
    (void)path, (void)flags;
    errno = EMFILE;
    return -1;
}

/* ----------------------------------------------- descriptors that are left */

static struct rlimit before;
static int taken[LIMIT];
static size_t taken_count;

/* Takes every descriptor that the limit leaves. */
static void take_all_descriptors(void)
{
    int fd;

    while (taken_count < LIMIT && (fd = dup(0)) >= 0)
        taken[taken_count++] = fd;
    assert_int_equal(errno, EMFILE);
}

static void give_descriptors(size_t count)
{
    while (count-- > 0 && taken_count > 0)
        close(taken[--taken_count]);
}

static int setup(void **state)
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

static int teardown(void **state)
{
    give_descriptors(LIMIT);
    setrlimit(RLIMIT_NOFILE, &before);
    return test_close_loop(state);
}

#define TEST(function)                                                         \
    cmocka_unit_test_setup_teardown(function, setup, teardown)

/* ---------------------------------------------------- servers and clients */

static weir_server *start_server(const weir_server_events *table)
{
    weir_address address = weir_address_loopback(0);
    weir_server *server;

    assert_int_equal(weir_server_create(&server, the_loop, on_connection, NULL),
                     0);
    weir_server_set_events(server, table);
    assert_int_equal(weir_server_listen(server, &address, NULL), 0);
    return server;
}

static int new_client(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    return fd;
}

/* Connects a descriptor that was made while there were some. */
static void connect_client(int fd, const weir_server *server)
{
    weir_address address;

    assert_int_equal(weir_server_address(server, &address), 0);
    assert_int_equal(connect(fd, &address.name.any, address.length), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
}

static int connect_to(const weir_server *server)
{
    int fd = new_client();

    connect_client(fd, server);
    return fd;
}

static void assert_echoes(int fd)
{
    raw_write(fd, "hello", 5);
    raw_expect(fd, "hello");
}

static void close_all(const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
}

/* ------------------------------------------------------ descriptors run out */

/* A reset, unless the system has closed the connection before it said that
 * there is no descriptor, as macOS does. */
static void expect_shed(int client)
{
#ifdef WEIR_SYS_ACCEPT4
    raw_expect_reset(client);
#else
    raw_expect_end(client);
#endif
}

static void a_client_for_whom_there_is_no_descriptor_does_not_hang(void **state)
{
    weir_server *server = start_server(&events);
    int old = connect_to(server), clients[5];

    (void)state;
    assert_echoes(old);
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = new_client();
    take_all_descriptors();
    for (size_t i = 0; i < COUNT(clients); i++)
        connect_client(clients[i], server);
    for (size_t i = 0; i < COUNT(clients); i++)
        expect_shed(clients[i]);
    assert_int_equal(told.drops, COUNT(clients));
#ifdef WEIR_SYS_ACCEPT4 /* macOS has dropped it already */
    assert_true(told.had_both);
#endif
    assert_int_equal(told.errors, 1);
    assert_int_equal(told.error, -EMFILE);
    assert_int_equal(told.connections, 1);
    assert_echoes(old);
    close_all(clients, COUNT(clients));
    close(old);
}

static void a_server_without_descriptors_does_not_spin(void **state)
{
    weir_server *server = start_server(&events);
    int client = new_client();
    unsigned turns;
    uint64_t end;

    (void)state;
    weir_sys.ACCEPT = failing_accept;
    take_all_descriptors();
    connect_client(client, server);
    expect_shed(client);
    accept_calls = 0;
    end = virtual_ms() + 60000;
    for (turns = 0; turns < 100 && virtual_ms() < end; turns++)
        assert_true(weir_loop_run_once(the_loop, 60000) >= 0);
    assert_true(turns < 5);
    assert_int_equal(accept_calls, 0);
    close(client);
}

static void a_server_recovers_when_descriptors_are_free_again(void **state)
{
    weir_server *server = start_server(&events);
    int clients[3];

    (void)state;
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = new_client();
    take_all_descriptors();
    connect_client(clients[0], server);
    expect_shed(clients[0]);
    give_descriptors(1);
    connect_client(clients[1], server);
    assert_echoes(clients[1]);
    assert_int_equal(told.errors, 1);
    /* A second want is news again. */
    connect_client(clients[2], server);
    expect_shed(clients[2]);
    assert_int_equal(told.errors, 2);
    assert_int_equal(told.drops, 2);
    assert_echoes(clients[1]);
    close_all(clients, COUNT(clients));
}

/* accept() wants a descriptor before it looks whether anybody waits. */
static void the_last_descriptor_being_taken_is_no_failure(void **state)
{
    weir_server *server = start_server(&events);
    int clients[4];

    (void)state;
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = new_client();
    take_all_descriptors();
    give_descriptors(COUNT(clients));
    weir_sys.ACCEPT = failing_accept;
    accept_calls = 0;
    for (size_t i = 0; i < COUNT(clients); i++)
        connect_client(clients[i], server);
    for (size_t i = 0; i < COUNT(clients); i++)
        assert_echoes(clients[i]);
#ifdef WEIR_SYS_ACCEPT4
    assert_true(accept_calls > COUNT(clients)); /* one was in vain */
#endif
    assert_int_equal(told.errors, 0);
    close_all(clients, COUNT(clients));
}

static void close_on_drop(weir_server *server, const weir_address *local,
                          const weir_address *remote)
{
    on_drop(server, local, remote);
    weir_server_close(server);
}

static void close_on_error(weir_server *server, int error)
{
    on_error(server, error);
    weir_server_close(server);
}

/* Whatever was in reserve must not stay open. */
static void assert_closes_without_a_trace(const weir_server_events *table)
{
    unsigned descriptors = test_open_descriptors();
    weir_server *server = start_server(table);
    int clients[3];

    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = new_client();
    take_all_descriptors();
    for (size_t i = 0; i < COUNT(clients); i++)
        connect_client(clients[i], server);
    RUN_UNTIL(told.closes == 1);
    assert_int_equal(told.errors, 1);
    assert_false(weir_loop_alive(the_loop));
    give_descriptors(LIMIT);
    close_all(clients, COUNT(clients));
    assert_int_equal(test_open_descriptors(), descriptors);
}

static void a_server_closed_in_a_drop_for_want_leaves_nothing_open(void **state)
{
    static const weir_server_events table = { .drop = close_on_drop,
                                              .error = on_error,
                                              .close = on_close };

    (void)state;
    assert_closes_without_a_trace(&table);
    assert_int_equal(told.drops, 1);
}

static void a_server_closed_in_its_error_event_leaves_nothing_open(void **state)
{
    static const weir_server_events table = { .drop = on_drop,
                                              .error = close_on_error,
                                              .close = on_close };

    (void)state;
    assert_closes_without_a_trace(&table);
}

static void take_what_is_free(weir_server *server, const weir_address *local,
                              const weir_address *remote)
{
    on_drop(server, local, remote);
    take_all_descriptors();
}

/* The callback opens what the drop has made free. */
static void the_reserve_is_taken_back_before_a_drop_is_told(void **state)
{
    static const weir_server_events table = { .drop = take_what_is_free,
                                              .error = on_error };
    weir_server *server = start_server(&table);
    int clients[4];

    (void)state;
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = new_client();
    take_all_descriptors();
    for (size_t i = 0; i < COUNT(clients); i++) {
        connect_client(clients[i], server);
        expect_shed(clients[i]);
    }
    assert_int_equal(told.drops, COUNT(clients));
    assert_int_equal(told.errors, 1);
    close_all(clients, COUNT(clients));
}

/* ---------------------------------------------- without a reserve: resting */

static void a_server_that_can_neither_take_nor_shed_rests(void **state)
{
    weir_server *server = start_server(&events);
    int client;

    (void)state;
#ifndef WEIR_SYS_ACCEPT4
    skip(); /* nothing is shed: the system has done it */
#endif
    fail_accept(EMFILE, UINT_MAX);
    weir_sys.open = no_open;
    client = connect_to(server);
    pass(10 * 1000);
    /* Twice at first: once more after the reserve was given up. */
    assert_in_range(accept_calls, 90, 110);
    assert_int_equal(told.errors, 1);
    assert_int_equal(told.drops, 0);
    accept_failures = 0;
    pass(REST);
    assert_int_equal(told.connections, 1);
    weir_sys.open = open;
    assert_echoes(client);
    close(client);
}

static void a_server_that_had_no_reserve_gets_one_later(void **state)
{
    weir_server *server;
    int clients[2];

    (void)state;
#ifndef WEIR_SYS_ACCEPT4
    skip();
#endif
    weir_sys.open = no_open;
    server = start_server(&events);
    weir_sys.open = open;
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = new_client();
    give_descriptors(0);
    taken_count = 0;
    while (taken_count + 1 < LIMIT && (taken[taken_count] = dup(0)) >= 0)
        taken_count++;
    give_descriptors(1);
    fail_accept(EMFILE, 1);
    connect_client(clients[0], server);
    pass(10);
    assert_int_equal(told.errors, 1);
    assert_int_equal(told.drops, 0);
    pass(REST); /* takes the last descriptor as its reserve */
    expect_shed(clients[0]);
    assert_int_equal(told.drops, 1);
    connect_client(clients[1], server);
    expect_shed(clients[1]);
    assert_int_equal(told.errors, 1);
    close_all(clients, COUNT(clients));
}

static void want_of_memory_or_files_is_told_once_and_waited_out(void **state)
{
    static const int errors[] = { ENOMEM, ENOBUFS, ENFILE, EINVAL, EPERM };

    (void)state;
    for (size_t i = 0; i < COUNT(errors); i++) {
        weir_server *server = start_server(&events);
        int client;

        memset(&told, 0, sizeof told);
        fail_accept(errors[i], UINT_MAX);
        client = connect_to(server);
        pass(1000);
        assert_in_range(accept_calls, 10, 24);
        assert_int_equal(told.errors, 1);
        assert_int_equal(told.error, -errors[i]);
        accept_failures = 0;
        pass(REST);
        assert_int_equal(told.connections, 1);
        close(client);
        weir_server_close(server);
    }
}

static void an_error_that_nobody_heard_is_told_to_the_next_table(void **state)
{
    weir_server *server = start_server(NULL);
    int client;

    (void)state;
    fail_accept(ENOBUFS, UINT_MAX);
    client = connect_to(server);
    pass(5 * REST);
    weir_server_set_events(server, &events);
    pass(5 * REST);
    assert_int_equal(told.errors, 1);
    assert_int_equal(told.error, -ENOBUFS);
    close(client);
}

static void connections_live_on_while_a_server_rests(void **state)
{
    weir_server *server = start_server(&events);
    int old = connect_to(server), client;

    (void)state;
    assert_echoes(old);
    fail_accept(ENOMEM, UINT_MAX);
    client = connect_to(server);
    RUN_UNTIL(told.errors);
    assert_echoes(old);
    close(old);
    RUN_UNTIL(told.socket_closes);
    close(client);
}

static void a_server_may_be_closed_while_it_rests(void **state)
{
    weir_server *server = start_server(&events);
    int client;

    (void)state;
    fail_accept(ENOMEM, UINT_MAX);
    client = connect_to(server);
    RUN_UNTIL(told.errors);
    weir_server_close(server);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(told.closes, 1);
    close(client);
}

static void resume_does_not_cut_a_rest_short(void **state)
{
    weir_server *server = start_server(&events);
    int client;

    (void)state;
    fail_accept(ENOMEM, 1);
    client = connect_to(server);
    pass(1);
    assert_int_equal(told.errors, 1);
    weir_server_pause(server, 0);
    weir_server_resume(server);
    pass(REST / 2);
    assert_int_equal(told.connections, 0);
    pass(REST);
    assert_int_equal(told.connections, 1);
    close(client);
}

static void a_pause_outlasts_a_rest(void **state)
{
    weir_server *server = start_server(&events);
    int client;

    (void)state;
    fail_accept(ENOMEM, 1);
    client = connect_to(server);
    pass(1);
    weir_server_pause(server, 10 * REST);
    pass(5 * REST);
    assert_int_equal(told.connections, 0);
    pass(6 * REST);
    assert_int_equal(told.connections, 1);
    close(client);
}

#ifdef WEIR_BACKEND_EPOLL
static bool fail_adding;

static int failing_control(int epoll, int operation, int fd,
                           struct epoll_event *event)
{
    if (fail_adding && operation == EPOLL_CTL_ADD) {
        errno = ENOSPC;
        return -1;
    }
    return epoll_ctl(epoll, operation, fd, event);
}

static void a_listener_that_cannot_be_watched_again_is_tried_later(void **state)
{
    weir_server *server = start_server(&events);
    int client = connect_to(server);

    (void)state;
    weir_sys.epoll_ctl = failing_control;
    weir_server_pause(server, 0);
    fail_adding = true;
    weir_server_resume(server);
    pass(5 * REST);
    assert_int_equal(told.connections, 0);
    fail_adding = false;
    pass(REST);
    assert_int_equal(told.connections, 1);
    close(client);
}
#endif

/* ----------------------------------------- one connection's own misfortune */

static void a_client_that_was_gone_before_costs_the_others_nothing(void **state)
{
    static const int errors[] = { ECONNABORTED, EPROTO, ENETDOWN, EINTR,
                                  EHOSTUNREACH, EAGAIN, ETIMEDOUT };
    weir_server *server = start_server(&events);

    (void)state;
    for (size_t i = 0; i < COUNT(errors); i++) {
        int client;

        memset(&told, 0, sizeof told);
        fail_accept(errors[i], 1);
        client = connect_to(server);
        pass(1);
        assert_int_equal(told.connections, 1);
        assert_int_equal(told.errors, 0);
        close(client);
    }
}

/* On macOS such a connection takes no options. */
static void a_client_that_reset_before_does_not_stop_the_server(void **state)
{
    weir_server *server = start_server(&events);
    int client = connect_to(server), other;
    uint64_t begun = virtual_ms();

    (void)state;
    raw_reset(client);
    other = connect_to(server);
    assert_echoes(other);
    assert_true(virtual_ms() - begun < REST);
    assert_int_equal(told.errors, 0);
    close(other);
}

static void aborted_connections_without_end_do_not_hold_the_loop(void **state)
{
    weir_server *server = start_server(&events);
    int old = connect_to(server), client;

    (void)state;
    assert_echoes(old);
    fail_accept(ECONNABORTED, UINT_MAX);
    client = connect_to(server);
    assert_echoes(old);
    assert_int_equal(told.errors, 0);
    close(client);
    close(old);
}

static int refuse_options(int fd, int level, int option, const void *value,
                          socklen_t size)
{
    if (level == SOL_SOCKET)
        return setsockopt(fd, level, option, value, size);
    errno = EINVAL;
    return -1;
}

static void a_connection_that_takes_no_options_is_closed_and_told(void **state)
{
    /* Others are the listener's, and handed down by the system. */
    weir_listen_options options = { .tcp.tos = 8 };
    weir_address address = weir_address_loopback(0);
    weir_server *server;
    int client;

    (void)state;
    assert_int_equal(weir_server_create(&server, the_loop, on_connection, NULL),
                     0);
    weir_server_set_events(server, &events);
    assert_int_equal(weir_server_listen(server, &address, &options), 0);
    client = connect_to(server);
    weir_sys.setsockopt = refuse_options;
    raw_expect_reset(client);
    assert_int_equal(told.drops, 1);
    assert_int_equal(told.connections, 0);
    assert_int_equal(weir_server_connections(server), 0);
    weir_sys.setsockopt = setsockopt;
    close(client);
    client = connect_to(server);
    assert_echoes(client);
    close(client);
}

#ifdef WEIR_BACKEND_EPOLL
static void a_connection_that_cannot_be_watched_is_closed_and_told(void **state)
{
    weir_server *server = start_server(&events);
    int clients[3];

    (void)state;
    weir_sys.epoll_ctl = failing_control;
    fail_adding = true;
    for (size_t i = 0; i < 2; i++) {
        clients[i] = connect_to(server);
        raw_expect_reset(clients[i]);
    }
    fail_adding = false;
    assert_int_equal(told.errors, 1);
    assert_int_equal(told.error, -ENOSPC);
    assert_int_equal(told.drops, 2);
    assert_true(told.had_both);
    assert_int_equal(weir_server_connections(server), 0);
    clients[2] = connect_to(server);
    assert_echoes(clients[2]);
    close_all(clients, COUNT(clients));
}
#endif

static void a_connection_without_memory_is_closed_and_told(void **state)
{
    weir_server *server = start_server(&events);
    int client = connect_to(server);

    (void)state;
    weir_set_allocator(&test_no_memory);
    raw_expect_reset(client);
    weir_set_allocator(NULL);
    assert_int_equal(told.errors, 1);
    assert_int_equal(told.error, -ENOMEM);
    assert_int_equal(told.drops, 1);
    assert_true(told.had_both);
    assert_int_equal(told.connections, 0);
    close(client);
    client = connect_to(server);
    assert_echoes(client);
    close(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_client_for_whom_there_is_no_descriptor_does_not_hang),
        TEST(a_server_without_descriptors_does_not_spin),
        TEST(a_server_recovers_when_descriptors_are_free_again),
        TEST(the_last_descriptor_being_taken_is_no_failure),
        TEST(a_server_closed_in_a_drop_for_want_leaves_nothing_open),
        TEST(a_server_closed_in_its_error_event_leaves_nothing_open),
        TEST(the_reserve_is_taken_back_before_a_drop_is_told),
        TEST(a_server_that_can_neither_take_nor_shed_rests),
        TEST(a_server_that_had_no_reserve_gets_one_later),
        TEST(want_of_memory_or_files_is_told_once_and_waited_out),
        TEST(an_error_that_nobody_heard_is_told_to_the_next_table),
        TEST(connections_live_on_while_a_server_rests),
        TEST(a_server_may_be_closed_while_it_rests),
        TEST(resume_does_not_cut_a_rest_short),
        TEST(a_pause_outlasts_a_rest),
#ifdef WEIR_BACKEND_EPOLL
        TEST(a_listener_that_cannot_be_watched_again_is_tried_later),
        TEST(a_connection_that_cannot_be_watched_is_closed_and_told),
#endif
        TEST(a_client_that_was_gone_before_costs_the_others_nothing),
        TEST(a_client_that_reset_before_does_not_stop_the_server),
        TEST(aborted_connections_without_end_do_not_hold_the_loop),
        TEST(a_connection_that_takes_no_options_is_closed_and_told),
        TEST(a_connection_without_memory_is_closed_and_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
