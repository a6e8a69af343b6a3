/*
 * test_server.c - servers: making, adopting, and their loop
 *
 * Addresses and options are in test_server_listen.c, what happens without
 * descriptors or memory in test_server_limits.c, UNIX sockets' files in
 * test_unix_file.c.
 */
#include "server_test.h"

/* --------------------------------------------------------------- creating */

static void a_server_without_loop_or_callback_is_refused(void **state)
{
    weir_server *server = (weir_server *)&told;

    (void)state;
    assert_int_equal(weir_server_create(NULL, the_loop, on_connection, NULL),
                     -EINVAL);
    assert_int_equal(weir_server_create(&server, NULL, on_connection, NULL),
                     -EINVAL);
    assert_null(server);
    assert_int_equal(weir_server_create(&server, the_loop, NULL, NULL),
                     -EINVAL);
    assert_null(server);
}

static void a_bad_address_or_option_is_refused_at_the_call(void **state)
{
    weir_address none = weir_address_loopback(70000);
    weir_address good = weir_address_loopback(0);
    weir_listen_options options = { .tcp.tos = 256 };
    weir_server *server = create_server(on_connection);

    (void)state;
    assert_int_equal(weir_server_listen(NULL, &good, NULL), -EINVAL);
    assert_int_equal(weir_server_listen(server, NULL, NULL), -EINVAL);
    assert_int_equal(weir_server_listen(server, &none, NULL), -EINVAL);
    assert_int_equal(weir_server_listen(server, &good, &options), -EINVAL);
    assert_false(weir_server_listening(server));
    assert_int_equal(weir_server_adopt(NULL, 0), -EINVAL);
    assert_int_equal(weir_server_address(server, NULL), -EINVAL);
}

static void a_server_knows_its_loop_and_its_data(void **state)
{
    weir_server *server;
    int mine, other;

    (void)state;
    assert_int_equal(
        weir_server_create(&server, the_loop, on_connection, &mine), 0);
    assert_ptr_equal(weir_server_loop(server), the_loop);
    assert_ptr_equal(weir_server_data(server), &mine);
    weir_server_set_data(server, &other);
    assert_ptr_equal(weir_server_data(server), &other);
    assert_false(weir_server_listening(server));
    assert_int_equal(weir_server_fd(server), -1);
}

static void a_server_that_does_not_listen_keeps_no_loop_alive(void **state)
{
    (void)state;
    create_server(on_connection);
    assert_false(weir_loop_alive(the_loop));
    assert_int_equal(weir_loop_run(the_loop), 0);
}

/* --------------------------------------------------------------- adopting */

static int listening_socket(void)
{
    weir_address address = weir_address_loopback(0);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, &address.name.any, address.length), 0);
    assert_int_equal(listen(fd, 5), 0);
    return fd;
}

static void a_listening_descriptor_can_be_taken_over(void **state)
{
    weir_server *server = create_server(on_connection);
    int fd = listening_socket(), client;

    (void)state;
    assert_int_equal(weir_server_adopt(server, fd), 0);
    assert_int_equal(weir_server_fd(server), fd);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    client = connect_to(server);
    assert_echoes(client);
    assert_int_equal(weir_server_adopt(server, fd), -EALREADY);
    weir_server_close(server);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    close(client);
}

static void a_descriptor_that_cannot_be_adopted_stays_the_callers(void **state)
{
    weir_server *server = create_server(on_connection);
    int pair[2], file = open("/dev/null", O_RDONLY);
    int idle = socket(AF_INET, SOCK_STREAM, 0);

    (void)state;
    test_socketpair(pair);
    assert_int_equal(weir_server_adopt(server, -1), -EBADF);
    assert_int_equal(weir_server_adopt(server, file), -ENOTSOCK);
    assert_int_equal(weir_server_adopt(server, pair[0]), -EINVAL);
    assert_int_equal(weir_server_adopt(server, idle), -EINVAL);
    assert_int_equal(close(file), 0);
    assert_int_equal(close(idle), 0);
    test_close_pair(pair);
    assert_false(weir_server_listening(server));
}

static int other_family(int fd, struct sockaddr *name, socklen_t *size)
{
    int result = faults_kernel()->getsockname(fd, name, size);

    name->sa_family = AF_APPLETALK;
    return result;
}

static void a_listener_of_another_family_cannot_be_adopted(void **state)
{
    weir_server *server = create_server(on_connection);
    weir_address address;
    int fd = net_listener(NET_TCP, &address);

    (void)state;
    weir_sys.getsockname = other_family;
    assert_int_equal(weir_server_adopt(server, fd), -EAFNOSUPPORT);
    assert_false(weir_server_listening(server));
    weir_sys.getsockname = faults_kernel()->getsockname;
    assert_int_equal(weir_server_adopt(server, fd), 0);
}

static void a_listener_that_keeps_records_cannot_be_adopted(void **state)
{
    struct sockaddr_un local = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    weir_server *server;

    (void)state;
    if (fd < 0)
        skip(); /* macOS has none */
    snprintf(local.sun_path, sizeof local.sun_path, "/tmp/weir-records-%d",
             (int)getpid());
    assert_int_equal(bind(fd, (struct sockaddr *)&local, sizeof local), 0);
    unlink(local.sun_path);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(weir_server_create(&server, the_loop, on_connection, NULL),
                     0);
    assert_int_equal(weir_server_adopt(server, fd), -EINVAL);
    assert_false(weir_server_listening(server));
    close(fd);
}

static void a_listener_the_loop_watches_already_stays_the_callers(void **state)
{
    weir_server *first = create_server(on_connection);
    weir_server *second = create_server(on_connection);
    int fd = listening_socket();

    (void)state;
    assert_int_equal(weir_server_adopt(first, fd), 0);
    assert_int_equal(weir_server_adopt(second, fd), -EEXIST);
    assert_false(weir_server_listening(second));
    assert_true(weir_server_listening(first));
}

/* Field note 9: it would stay in the kernel's set for ever, and wake us for
 * clients that are not ours any more. */
static void
a_listener_somebody_else_holds_too_does_not_haunt_the_loop(void **state)
{
    weir_server *server = create_server(on_connection), *other;
    int fd = listening_socket(), copy = dup(fd), client;
    weir_address address;

    (void)state;
    assert_int_equal(weir_server_adopt(server, fd), 0);
    address = address_of(server);
    weir_server_close(server);
    RUN_UNTIL(told.closes == 1);
    other = start_server(on_connection, NULL); /* the same number again */
    client = raw_connect(&address);
    net_count();
    assert_int_equal(weir_loop_run_once(the_loop, 20), 1);
    assert_int_equal(weir_loop_run_once(the_loop, 20), 1);
    assert_int_equal(net_calls.wait, 2);
    faults_restore();
    assert_int_equal(told.connections, 0);
    assert_int_equal(weir_server_connections(other), 0);
    close(client);
    close(copy);
}

static void the_options_of_a_listen_that_failed_are_forgotten(void **state)
{
    weir_listen_options options = { .tcp.no_delay = true };
    weir_server *server = create_server(on_connection);
    weir_address taken = address_of(start_server(on_connection, NULL));
    int client;

    (void)state;
    assert_int_equal(weir_server_listen(server, &taken, &options), -EADDRINUSE);
    assert_int_equal(weir_server_adopt(server, listening_socket()), 0);
    client = connect_to(server);
    RUN_UNTIL(told.last);
    assert_int_equal(
        option_of(weir_socket_fd(told.last), IPPROTO_TCP, TCP_NODELAY), 0);
    close(client);
}

/* ------------------------------------------------------- loop and servers */

static void an_unreferenced_server_does_not_keep_the_loop(void **state)
{
    weir_server *server = start_server(on_connection, NULL);

    (void)state;
    assert_true(weir_loop_alive(the_loop));
    weir_server_unref(server);
    assert_false(weir_loop_alive(the_loop));
    assert_int_equal(weir_loop_run(the_loop), 0);
    weir_server_ref(server);
    assert_true(weir_loop_alive(the_loop));
    weir_server_pause(server, 1000);
    weir_server_unref(server);
    assert_false(weir_loop_alive(the_loop));
}

static void its_connections_keep_the_loop_all_the_same(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int client = connect_to(server);

    (void)state;
    RUN_UNTIL(told.connections);
    weir_server_unref(server);
    assert_true(weir_loop_alive(the_loop));
    assert_echoes(client);
    close(client);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(told.socket_closes, 1);
}

static void a_loop_that_is_destroyed_closes_all_and_tells_all(void **state)
{
    weir_server *first = start_server(on_connection, NULL);
    weir_server *second = start_server(on_connection, NULL);
    int clients[10];

    (void)state;
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = connect_to(i % 2 ? first : second);
    RUN_UNTIL(told.connections == COUNT(clients));
    weir_server_pause(first, 10);
    test_destroy_loop();
    assert_int_equal(told.socket_closes, COUNT(clients));
    assert_int_equal(told.closes, 2);
    for (size_t i = 0; i < COUNT(clients); i++)
        close(clients[i]);
    assert_int_equal(test_open_descriptors(), descriptors);
}

static void a_loop_may_be_destroyed_while_a_server_is_closing(void **state)
{
    weir_server *waiting = start_server(on_connection, NULL);
    weir_server *done = start_server(on_connection, NULL);
    int client = connect_to(waiting);

    (void)state;
    RUN_UNTIL(told.connections);
    weir_server_close(waiting);
    weir_server_close(done);
    test_destroy_loop();
    assert_int_equal(told.closes, 2);
    assert_int_equal(told.socket_closes, 1);
    close(client);
}

/* Made before, and not begun. */
static weir_socket *new_socket;
static weir_server *new_server;

static void expect_nothing_begins_of_what_is_there(void)
{
    weir_address address = weir_address_loopback(0);
    int fds[2];

    if (!new_socket)
        return;
    test_socketpair(fds);
    assert_int_equal(weir_socket_connect(new_socket, &address, NULL),
                     -ECANCELED);
    assert_int_equal(weir_socket_connect_host(new_socket, "a", 1, NULL),
                     -ECANCELED);
    assert_int_equal(weir_socket_adopt(new_socket, fds[0]), -ECANCELED);
    assert_int_equal(weir_server_listen(new_server, &address, NULL),
                     -ECANCELED);
    assert_int_equal(weir_server_adopt(new_server, fds[0]), -ECANCELED);
    assert_false(weir_server_listening(new_server));
    test_close_pair(fds);
    new_socket = NULL; /* closed next */
}

static void expect_nothing_begins(void)
{
    weir_socket *socket = (weir_socket *)&told;
    weir_server *server = (weir_server *)&told;

    assert_int_equal(weir_socket_create(&socket, the_loop, &echo, NULL),
                     -ECANCELED);
    assert_null(socket);
    assert_int_equal(weir_server_create(&server, the_loop, on_connection, NULL),
                     -ECANCELED);
    assert_null(server);
    assert_int_equal(weir_resolver_configure(the_loop, NULL), -ECANCELED);
}

static void no_addresses(weir_lookup *lookup, int status,
                         const weir_address *addresses, size_t count)
{
    (void)lookup, (void)addresses, (void)count;
    assert_int_equal(status, -ECANCELED);
    told.ends++;
    expect_nothing_begins();
}

static void begin_again(weir_socket *socket, bool had_error)
{
    weir_lookup *lookup;

    on_socket_close(socket, had_error);
    expect_nothing_begins();
    expect_nothing_begins_of_what_is_there();
    assert_int_equal(weir_lookup_start(&lookup, the_loop, "example.invalid",
                                       NULL, no_addresses, NULL),
                     -ECANCELED);
}

/* A client that connects anew in `close` would keep weir_loop_destroy() for
 * ever. */
static void nothing_begins_while_a_loop_is_destroyed(void **state)
{
    static const weir_socket_events stubborn = { .close = begin_again };
    weir_lookup *lookup;
    weir_socket *socket;

    (void)state;
    assert_int_equal(weir_socket_create(&socket, the_loop, &stubborn, NULL), 0);
    assert_int_equal(weir_socket_create(&new_socket, the_loop, NULL, NULL), 0);
    assert_int_equal(
        weir_server_create(&new_server, the_loop, on_connection, NULL), 0);
    assert_int_equal(weir_lookup_start(&lookup, the_loop, "example.invalid",
                                       NULL, no_addresses, NULL),
                     0);
    test_destroy_loop();
    assert_int_equal(told.ends, 1);
    assert_int_equal(told.socket_closes, 1);
}

static void on_tick(weir_timer *timer)
{
    (void)timer;
}

static void shut_down_once_more(weir_server *server)
{
    on_close(server);
    weir_server_shutdown(server, 1);
}

/* Its grace would come when it is gone. */
static void a_server_may_be_shut_down_in_its_close(void **state)
{
    static const weir_server_events again = { .close = shut_down_once_more };
    weir_server *server = start_server(on_connection, NULL);
    weir_timer later;

    (void)state;
    weir_server_set_events(server, &again);
    weir_timer_init(&later, the_loop, on_tick);
    weir_timer_start(&later, 20);
    weir_server_close(server);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(told.closes, 1);
}

static size_t counted_in_close;

static void count_them(weir_socket *socket, bool had_error)
{
    (void)had_error;
    counted_in_close = weir_server_connections(weir_socket_server(socket));
}

static void destroy_and_count(weir_server *server, weir_socket *socket)
{
    static const weir_socket_events counting = { .close = count_them };

    weir_socket_set_events(socket, &counting);
    weir_socket_destroy(socket);
    assert_int_equal(weir_server_connections(server), 1);
    weir_server_close(server);
}

static void a_connection_is_counted_until_its_close_is_told(void **state)
{
    weir_address address = weir_address_loopback(0);
    weir_server *server;
    int fd;

    (void)state;
    counted_in_close = SIZE_MAX;
    assert_int_equal(
        weir_server_create(&server, the_loop, destroy_and_count, NULL), 0);
    assert_int_equal(weir_server_listen(server, &address, NULL), 0);
    assert_int_equal(weir_server_address(server, &address), 0);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, &address.name.any, address.length), 0);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(counted_in_close, 0);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_server_without_loop_or_callback_is_refused),
        TEST(a_bad_address_or_option_is_refused_at_the_call),
        TEST(a_server_knows_its_loop_and_its_data),
        TEST(a_server_that_does_not_listen_keeps_no_loop_alive),
        TEST(a_listening_descriptor_can_be_taken_over),
        TEST(a_descriptor_that_cannot_be_adopted_stays_the_callers),
        TEST(a_listener_of_another_family_cannot_be_adopted),
        TEST(a_listener_that_keeps_records_cannot_be_adopted),
        TEST(a_listener_the_loop_watches_already_stays_the_callers),
        TEST(a_listener_somebody_else_holds_too_does_not_haunt_the_loop),
        TEST(the_options_of_a_listen_that_failed_are_forgotten),
        TEST(an_unreferenced_server_does_not_keep_the_loop),
        TEST(its_connections_keep_the_loop_all_the_same),
        TEST(a_loop_that_is_destroyed_closes_all_and_tells_all),
        TEST(a_loop_may_be_destroyed_while_a_server_is_closing),
        TEST(a_server_may_be_shut_down_in_its_close),
        TEST(nothing_begins_while_a_loop_is_destroyed),
        TEST_ON_LOOP(a_connection_is_counted_until_its_close_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
