/*
 * test_server.c - servers: listening, accepting, pausing, closing
 *
 * The other side of a connection is a plain descriptor in all tests, so that
 * only one end of it is the code that is tested. What happens without
 * descriptors or memory is in test_server_limits.c, UNIX sockets' files are in
 * test_unix.c.
 */
#include "test/support/net_test.h"

#include "test/support/virtual_clock.h"

#include <arpa/inet.h>
#include <limits.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>

/* Turns that must change nothing. */
static void turn(unsigned times)
{
    while (times-- > 0)
        assert_true(weir_loop_run_once(the_loop, 0) >= 0);
}

/* ------------------------------------------------------ what was told */

static struct {
    unsigned connections, drops, errors, closes, socket_closes, ends, data;
    int error;
    weir_socket *last;
    weir_address local, remote;
    bool had_local, had_remote;
} told;

static void on_data(weir_socket *socket, const void *bytes, size_t length)
{
    told.data++;
    assert_true(weir_socket_write(socket, bytes, length, NULL, NULL) >= 0);
}

static void on_end(weir_socket *socket)
{
    (void)socket;
    told.ends++;
}

static void on_socket_close(weir_socket *socket, bool had_error)
{
    (void)socket, (void)had_error;
    told.socket_closes++;
    if (told.last == socket)
        told.last = NULL;
}

static const weir_socket_events echo = { .data = on_data,
                                         .end = on_end,
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
    told.had_local = local != NULL;
    told.had_remote = remote != NULL;
    told.local = local ? *local : (weir_address){ 0 };
    told.remote = remote ? *remote : (weir_address){ 0 };
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

static unsigned descriptors; /* that are open before each test */

static int setup(void **state)
{
    descriptors = test_open_descriptors();
    memset(&told, 0, sizeof told);
    return open_virtual_loop(state);
}

#define TEST(function)                                                         \
    cmocka_unit_test_setup_teardown(function, setup, test_close_loop)

/* ---------------------------------------------------- servers and clients */

static weir_server *create_server(weir_connection_cb *cb)
{
    weir_server *server;

    assert_int_equal(weir_server_create(&server, the_loop, cb, NULL), 0);
    weir_server_set_events(server, &events);
    return server;
}

static weir_server *start_server(weir_connection_cb *cb,
                                 const weir_listen_options *options)
{
    weir_address address = weir_address_loopback(0);
    weir_server *server = create_server(cb);

    assert_int_equal(weir_server_listen(server, &address, options), 0);
    return server;
}

static weir_address address_of(const weir_server *server)
{
    weir_address address;

    assert_int_equal(weir_server_address(server, &address), 0);
    return address;
}

static int try_connect(const weir_address *address)
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

/* A client that the kernel has connected, accepted or not. */
static int connect_to(const weir_server *server)
{
    weir_address address = address_of(server);
    int fd = try_connect(&address);

    assert_true(fd >= 0);
    return fd;
}

/* Sends a word through the loop and expects it back. */
static void assert_echoes(int fd)
{
    raw_write(fd, "hello", 5);
    raw_expect(fd, "hello");
}

static int option_of(int fd, int level, int option)
{
    int value = 0;
    socklen_t size = sizeof value;

    assert_int_equal(getsockopt(fd, level, option, &value, &size), 0);
    return value;
}

/* Turns the loop up to a time. */
static void run_to(uint64_t time)
{
    while (virtual_ms() < time)
        assert_true(weir_loop_run_once(the_loop, (int)(time - virtual_ms())) >=
                    0);
    turn(2);
}

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

/* -------------------------------------------------------------- listening */

static int last_backlog;

static int noting_listen(int fd, int backlog)
{
    last_backlog = backlog;
    return listen(fd, backlog);
}

static void the_backlog_is_511_unless_it_is_given(void **state)
{
    weir_listen_options options = { .backlog = 7 };

    (void)state;
    weir_sys.listen = noting_listen;
    start_server(on_connection, NULL);
    assert_int_equal(last_backlog, 511);
    start_server(on_connection, &options);
    assert_int_equal(last_backlog, 7);
    options.backlog = UINT_MAX;
    start_server(on_connection, &options);
    assert_int_equal(last_backlog, INT_MAX);
}

static void port_0_becomes_a_port_that_can_be_asked_for(void **state)
{
    weir_server *server = create_server(on_connection);
    weir_address address = weir_address_loopback(0);
    int fd;

    (void)state;
    assert_int_equal(weir_server_address(server, &address), -ENOTCONN);
    assert_int_equal(weir_address_family(&address), AF_UNSPEC);
    address = weir_address_loopback(0);
    assert_int_equal(weir_server_listen(server, &address, NULL), 0);
    address = address_of(server);
    assert_true(weir_address_port(&address) > 0);
    assert_true(weir_server_listening(server));
    fd = connect_to(server);
    assert_echoes(fd);
    close(fd);
    weir_server_close(server);
    assert_int_equal(weir_server_address(server, &address), -ENOTCONN);
    assert_false(weir_server_listening(server));
}

static void addresses_are_reused_unless_that_is_declined(void **state)
{
    weir_listen_options options = { .no_reuse_address = true };
    weir_server *server = start_server(on_connection, NULL);

    (void)state;
    assert_int_equal(
        option_of(weir_server_fd(server), SOL_SOCKET, SO_REUSEADDR), 1);
    assert_int_equal(
        option_of(weir_server_fd(server), SOL_SOCKET, SO_REUSEPORT), 0);
    server = start_server(on_connection, &options);
    assert_int_equal(
        option_of(weir_server_fd(server), SOL_SOCKET, SO_REUSEADDR), 0);
}

static void listeners_that_agree_share_a_port_and_its_clients(void **state)
{
    weir_listen_options options = { .reuse_port = true };
    weir_server *first = start_server(on_connection, &options);
    weir_server *second = create_server(on_connection);
    weir_address address = address_of(first);
    int clients[64];

    (void)state;
    assert_int_equal(weir_server_listen(second, &address, NULL), -EADDRINUSE);
    assert_int_equal(weir_server_listen(second, &address, &options), 0);
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = connect_to(first);
    RUN_UNTIL(told.connections == COUNT(clients));
    /* By a hash of the ports: one in 2^63 that one gets them all. */
    assert_true(weir_server_connections(first) > 0);
    assert_true(weir_server_connections(second) > 0);
    for (size_t i = 0; i < COUNT(clients); i++)
        close(clients[i]);
}

static void a_server_that_failed_to_listen_can_try_elsewhere(void **state)
{
    weir_server *first = start_server(on_connection, NULL);
    weir_server *second = create_server(on_connection);
    weir_address address = address_of(first);
    int fd;

    (void)state;
    assert_int_equal(weir_server_listen(second, &address, NULL), -EADDRINUSE);
    assert_false(weir_server_listening(second));
    address = weir_address_loopback(0);
    assert_int_equal(weir_server_listen(second, &address, NULL), 0);
    fd = connect_to(second);
    assert_echoes(fd);
    close(fd);
}

static void an_address_of_another_machine_cannot_be_listened_on(void **state)
{
    weir_server *server = create_server(on_connection);
    weir_address address;

    (void)state;
    assert_int_equal(weir_address_ip(&address, "198.51.100.1", 0), 0);
    assert_int_equal(weir_server_listen(server, &address, NULL),
                     -EADDRNOTAVAIL);
}

static void a_server_listens_once(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    weir_address address = weir_address_loopback(0);

    (void)state;
    assert_int_equal(weir_server_listen(server, &address, NULL), -EALREADY);
    weir_server_close(server);
    assert_int_equal(weir_server_listen(server, &address, NULL), -EBADF);
    assert_int_equal(weir_server_adopt(server, 0), -EBADF);
}

/* ------------------------------------------------------------- both stacks */

static int v6only_told;

static int noting_setsockopt(int fd, int level, int option, const void *value,
                             socklen_t size)
{
    if (level == IPPROTO_IPV6 && option == IPV6_V6ONLY)
        v6only_told = *(const int *)value;
    return setsockopt(fd, level, option, value, size);
}

/* Field note 19: the system's default is a setting (bindv6only). */
static void whether_ipv6_takes_ipv4_is_not_left_to_the_system(void **state)
{
    weir_listen_options options = { .ipv6_only = true };
    weir_address address = weir_address_any(0);
    weir_server *server = create_server(on_connection);

    (void)state;
    weir_sys.setsockopt = noting_setsockopt;
    v6only_told = -1;
    assert_int_equal(weir_server_listen(server, &address, NULL), 0);
    assert_int_equal(v6only_told, 0);
    assert_int_equal(
        option_of(weir_server_fd(server), IPPROTO_IPV6, IPV6_V6ONLY), 0);
    server = create_server(on_connection);
    v6only_told = -1;
    assert_int_equal(weir_server_listen(server, &address, &options), 0);
    assert_int_equal(v6only_told, 1);
    assert_int_equal(
        option_of(weir_server_fd(server), IPPROTO_IPV6, IPV6_V6ONLY), 1);
}

static void any_address_takes_ipv4_and_ipv6_clients(void **state)
{
    weir_server *server = create_server(on_connection);
    weir_address any = weir_address_any(0), address;
    int ipv4, ipv6;

    (void)state;
    assert_int_equal(weir_server_listen(server, &any, NULL), 0);
    any = address_of(server);
    address = weir_address_loopback(weir_address_port(&any));
    ipv4 = try_connect(&address);
    assert_true(ipv4 >= 0);
    assert_echoes(ipv4);
    assert_int_equal(weir_address_ip(&address, "::1", weir_address_port(&any)),
                     0);
    ipv6 = try_connect(&address);
    assert_true(ipv6 >= 0);
    assert_echoes(ipv6);
    close(ipv4);
    close(ipv6);
}

static void a_server_for_ipv6_only_takes_no_ipv4(void **state)
{
    weir_listen_options options = { .ipv6_only = true };
    weir_server *server = create_server(on_connection);
    weir_address any = weir_address_any(0), address;
    int fd;

    (void)state;
    assert_int_equal(weir_server_listen(server, &any, &options), 0);
    any = address_of(server);
    address = weir_address_loopback(weir_address_port(&any));
    assert_int_equal(try_connect(&address), -ECONNREFUSED);
    assert_int_equal(weir_address_ip(&address, "::1", weir_address_port(&any)),
                     0);
    fd = try_connect(&address);
    assert_true(fd >= 0);
    assert_echoes(fd);
    close(fd);
}

static int no_ipv6_errno;

static int no_ipv6_socket(int family, int type, int protocol)
{
    if (family == AF_INET6) {
        errno = no_ipv6_errno;
        return -1;
    }
    return socket(family, type, protocol);
}

static int no_ipv6_bind(int fd, const struct sockaddr *name, socklen_t size)
{
    if (name->sa_family == AF_INET6) {
        errno = no_ipv6_errno;
        return -1;
    }
    return bind(fd, name, size);
}

/* Field note 19. */
static void a_host_left_out_is_not_lost_where_ipv6_is_off(void **state)
{
    weir_address any = weir_address_any(0), bound;
    weir_server *server = create_server(on_connection);

    (void)state;
    weir_sys.socket = no_ipv6_socket;
    no_ipv6_errno = EAFNOSUPPORT;
    assert_int_equal(weir_server_listen(server, &any, NULL), 0);
    bound = address_of(server);
    assert_int_equal(weir_address_family(&bound), AF_INET);
    assert_int_equal(bound.name.ipv4.sin_addr.s_addr, htonl(INADDR_ANY));

    weir_sys.socket = socket;
    weir_sys.bind = no_ipv6_bind;
    no_ipv6_errno = EADDRNOTAVAIL;
    server = create_server(on_connection);
    assert_int_equal(weir_server_listen(server, &any, NULL), 0);
    bound = address_of(server);
    assert_int_equal(weir_address_family(&bound), AF_INET);
}

static void the_port_is_kept_when_ipv4_stands_in_for_ipv6(void **state)
{
    weir_server *first = start_server(on_connection, NULL);
    weir_server *server = create_server(on_connection);
    weir_address bound = address_of(first);
    weir_address any = weir_address_any(weir_address_port(&bound));

    (void)state;
    weir_server_close(first);
    weir_sys.socket = no_ipv6_socket;
    no_ipv6_errno = EAFNOSUPPORT;
    assert_int_equal(weir_server_listen(server, &any, NULL), 0);
    bound = address_of(server);
    assert_int_equal(weir_address_port(&bound), weir_address_port(&any));
}

static void an_explicit_ipv6_address_is_not_replaced_by_ipv4(void **state)
{
    static const int errors[] = { EAFNOSUPPORT, EADDRNOTAVAIL };
    weir_listen_options options = { .ipv6_only = true };
    weir_server *server = create_server(on_connection);
    weir_address address, any = weir_address_any(0);

    (void)state;
    assert_int_equal(weir_address_ip(&address, "::", 0), 0);
    weir_sys.socket = no_ipv6_socket;
    for (size_t i = 0; i < COUNT(errors); i++) {
        no_ipv6_errno = errors[i];
        assert_int_equal(weir_server_listen(server, &address, NULL),
                         -errors[i]);
        assert_int_equal(weir_server_listen(server, &any, &options),
                         -errors[i]);
    }
}

static void a_port_in_use_does_not_fall_back_to_ipv4(void **state)
{
    weir_server *server = create_server(on_connection);
    weir_address any = weir_address_any(0);

    (void)state;
    weir_sys.bind = no_ipv6_bind;
    no_ipv6_errno = EADDRINUSE;
    assert_int_equal(weir_server_listen(server, &any, NULL), -EADDRINUSE);
}

/* ------------------------------------------------------------ tcp options */

/* What a server's connections begin with; `tos` is set on each of them, and the
 * others are handed down where the system does that. */
static void check_options(unsigned tos)
{
    weir_listen_options options = {
        .tcp = { .no_delay = true,
                 .keep_alive = true,
                 .keep_alive_delay = 11,
                 .keep_alive_interval = 12,
                 .keep_alive_count = 3,
                 .tos = tos,
                 .send_buffer = 50000,
                 .receive_buffer = 60000 },
    };
    weir_server *server = start_server(on_connection, &options);
    int client, fd;

    net_count();
    client = connect_to(server);
    RUN_UNTIL(told.last);
    fd = weir_socket_fd(told.last);
    assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_NODELAY), 1);
    assert_int_equal(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), 11);
    assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_KEEPINTVL), 12);
    assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_KEEPCNT), 3);
    assert_int_equal(option_of(fd, IPPROTO_IP, IP_TOS), tos);
    assert_int_equal(option_of(fd, SOL_SOCKET, SO_SNDBUF), 100000);
    assert_int_equal(option_of(fd, SOL_SOCKET, SO_RCVBUF), 120000);
    close(client);
}

static void accepted_sockets_begin_with_the_servers_options(void **state)
{
    (void)state;
    check_options(0x10);
}

static void options_that_the_listener_hands_down_cost_no_call(void **state)
{
    (void)state;
    check_options(0);
#if defined(__linux__) && defined(WEIR_SYS_ACCEPT4)
    assert_int_equal(net_calls.setsockopt, 0);
#endif
}

static void an_accepted_socket_is_non_blocking_and_not_inherited(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int client = connect_to(server);

    (void)state;
    RUN_UNTIL(told.last);
    assert_true(fcntl(weir_socket_fd(told.last), F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(weir_socket_fd(told.last), F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(weir_server_fd(server), F_GETFD) & FD_CLOEXEC);
    close(client);
}

/* Otherwise each client would be accepted and closed without a word. */
static void an_option_that_the_system_refuses_fails_the_listen(void **state)
{
    weir_listen_options options = {
        .tcp = { .keep_alive = true, .keep_alive_count = 100000 },
    };
    weir_address address = weir_address_loopback(0);
    weir_server *server = create_server(on_connection);

    (void)state;
    assert_int_equal(weir_server_listen(server, &address, &options), -EINVAL);
    assert_false(weir_server_listening(server));
    address = weir_address_any(0);
    assert_int_equal(weir_server_listen(server, &address, &options), -EINVAL);
}

static void a_huge_buffer_size_is_cut_and_not_negative(void **state)
{
    weir_listen_options options = { .tcp = { .receive_buffer = UINT_MAX,
                                             .send_buffer = UINT_MAX } };
    weir_server *server = start_server(on_connection, &options);
    int client = connect_to(server);

    (void)state;
    assert_true(option_of(weir_server_fd(server), SOL_SOCKET, SO_RCVBUF) >
                100000);
    RUN_UNTIL(told.last);
    assert_echoes(client);
    close(client);
}

/* -------------------------------------------------------------- accepting */

static void an_accepted_socket_knows_its_server_and_addresses(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    weir_address bound = address_of(server), local, remote, name = { 0 };
    int client = connect_to(server);

    (void)state;
    RUN_UNTIL(told.last);
    assert_ptr_equal(weir_socket_server(told.last), server);
    assert_int_equal(weir_socket_get_state(told.last), WEIR_SOCKET_OPEN);
    assert_int_equal(weir_socket_local_address(told.last, &local), 0);
    assert_true(weir_address_equal(&local, &bound));
    name.length = sizeof name.name;
    assert_int_equal(getsockname(client, &name.name.any, &name.length), 0);
    assert_int_equal(weir_socket_remote_address(told.last, &remote), 0);
    assert_true(weir_address_equal(&remote, &name));
    close(client);
}

static void leave_alone(weir_server *server, weir_socket *socket)
{
    (void)server;
    told.connections++;
    told.last = socket;
}

static void an_accepted_socket_is_not_read_before_it_has_a_table(void **state)
{
    weir_server *server = start_server(leave_alone, NULL);
    int client = connect_to(server);

    (void)state;
    raw_write(client, "early", 5);
    RUN_UNTIL(told.connections);
    turn(5);
    assert_int_equal(weir_socket_bytes_read(told.last), 0);
    weir_socket_set_events(told.last, &echo);
    RUN_UNTIL(told.data);
    assert_int_equal(weir_socket_bytes_read(told.last), 5);
    close(client);
}

static void a_burst_of_500_is_accepted_to_the_last(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int clients[500];

    (void)state;
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = connect_to(server);
    RUN_UNTIL(told.connections == COUNT(clients));
    assert_int_equal(weir_server_connections(server), COUNT(clients));
    for (size_t i = 0; i < COUNT(clients); i++)
        close(clients[i]);
    RUN_UNTIL(told.socket_closes == COUNT(clients));
    assert_int_equal(weir_server_connections(server), 0);
}

static unsigned accepts;

static int counting_accept(ACCEPT_PARAMETERS)
{
    accepts++;
    return ACCEPT(ACCEPT_ARGUMENTS);
}

static void a_burst_does_not_take_one_turn_per_connection(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int clients[500];
    unsigned turns = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = connect_to(server);
    for (; told.connections < COUNT(clients); turns++)
        assert_true(weir_loop_run_once(the_loop, 1000) >= 0);
    assert_true(turns < 20);
    for (size_t i = 0; i < COUNT(clients); i++)
        close(clients[i]);
}

static void nothing(weir_timer *timer)
{
    (void)timer;
}

/* Each of these turns is late for a timer, and looks at descriptors before it
 * fires it and after. */
static void a_burst_is_taken_as_fast_in_turns_that_look_twice(void **state)
{
    enum { MOST = 64 };
    weir_server *server = start_server(on_connection, NULL);
    weir_timer timer = { .data = NULL };
    int clients[500];
    unsigned turns = 0;

    (void)state;
    weir_timer_init(&timer, the_loop, nothing);
    assert_int_equal(weir_timer_start_repeating(&timer, 1), 0);
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = connect_to(server);
    for (; told.connections < COUNT(clients); turns++) {
        unsigned before = told.connections;

        spend(2 * MS);
        assert_true(weir_loop_run_once(the_loop, 0) >= 0);
        assert_in_range(told.connections - before, 0, MOST);
    }
    assert_true(turns < 20);
    weir_timer_stop(&timer);
    for (size_t i = 0; i < COUNT(clients); i++)
        close(clients[i]);
}

/* Field note 17: 99.9 % of second accepts are for nothing. */
static void clients_that_come_alone_do_not_each_cost_a_vain_accept(void **state)
{
    enum { CLIENTS = 100 };
    weir_server *server = start_server(on_connection, NULL);

    (void)state;
    weir_sys.ACCEPT = counting_accept;
    accepts = 0;
    for (unsigned i = 0; i < CLIENTS; i++) {
        int client = connect_to(server);

        RUN_UNTIL(told.connections == i + 1);
        close(client);
    }
    assert_true(accepts <= CLIENTS + CLIENTS / 2 + 1);
}

static void other_descriptors_are_served_during_a_burst(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int first = connect_to(server);
    int clients[300];

    (void)state;
    RUN_UNTIL(told.connections == 1);
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = connect_to(server);
    raw_write(first, "x", 1);
    RUN_UNTIL(told.data);
    assert_true(told.connections < COUNT(clients) / 2);
    for (size_t i = 0; i < COUNT(clients); i++)
        close(clients[i]);
    close(first);
}

static void destroy_at_once(weir_server *server, weir_socket *socket)
{
    (void)server;
    told.connections++;
    weir_socket_set_events(socket, &echo);
    weir_socket_destroy(socket);
}

static void a_connection_may_be_destroyed_in_its_callback(void **state)
{
    weir_server *server = start_server(destroy_at_once, NULL);
    int clients[10];

    (void)state;
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = connect_to(server);
    RUN_UNTIL(told.socket_closes == COUNT(clients));
    assert_int_equal(told.connections, COUNT(clients));
    assert_int_equal(weir_server_connections(server), 0);
    for (size_t i = 0; i < COUNT(clients); i++) {
        raw_expect_end(clients[i]);
        close(clients[i]);
    }
}

static void stop_loop(weir_server *server, weir_socket *socket)
{
    on_connection(server, socket);
    weir_loop_stop(the_loop);
}

static void a_stopped_loop_tells_no_further_connection(void **state)
{
    weir_server *server = start_server(stop_loop, NULL);
    int clients[20];

    (void)state;
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = connect_to(server);
    for (unsigned i = 1; i <= COUNT(clients); i++) {
        assert_int_equal(weir_loop_run(the_loop), 0);
        assert_int_equal(told.connections, i);
    }
    for (size_t i = 0; i < COUNT(clients); i++)
        close(clients[i]);
}

static void a_connection_nobody_took_up_closes_with_its_loop(void **state)
{
    weir_server *server = start_server(leave_alone, NULL);
    int client = connect_to(server);

    (void)state;
    RUN_UNTIL(told.connections);
    test_destroy_loop();
    raw_expect_end(client);
    close(client);
}

/* ------------------------------------------------------ maximum and count */

static void one_too_many_is_dropped_and_both_its_addresses_told(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    weir_address bound = address_of(server), name = { 0 };
    int clients[3];

    (void)state;
    weir_server_set_max_connections(server, 2);
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = connect_to(server);
    RUN_UNTIL(told.drops == 1);
    assert_int_equal(told.connections, 2);
    assert_int_equal(told.errors, 0);
    raw_expect_end(clients[2]);
    name.length = sizeof name.name;
    assert_int_equal(getsockname(clients[2], &name.name.any, &name.length), 0);
    assert_true(told.had_local && told.had_remote);
    assert_true(weir_address_equal(&told.local, &bound));
    assert_true(weir_address_equal(&told.remote, &name));
    for (size_t i = 0; i < COUNT(clients); i++)
        close(clients[i]);
}

static void a_place_that_becomes_free_is_given_again(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int first = connect_to(server), second;

    (void)state;
    weir_server_set_max_connections(server, 1);
    RUN_UNTIL(told.connections == 1);
    close(first);
    RUN_UNTIL(told.socket_closes == 1);
    second = connect_to(server);
    RUN_UNTIL(told.connections == 2);
    assert_int_equal(told.drops, 0);
    assert_echoes(second);
    close(second);
}

static void a_lower_maximum_closes_nobody(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int clients[4];

    (void)state;
    for (size_t i = 0; i < 3; i++)
        clients[i] = connect_to(server);
    RUN_UNTIL(told.connections == 3);
    weir_server_set_max_connections(server, 1);
    clients[3] = connect_to(server);
    RUN_UNTIL(told.drops == 1);
    for (size_t i = 0; i < 3; i++)
        assert_echoes(clients[i]);
    weir_server_set_max_connections(server, 0);
    close(clients[3]);
    clients[3] = connect_to(server);
    RUN_UNTIL(told.connections == 4);
    for (size_t i = 0; i < COUNT(clients); i++)
        close(clients[i]);
}

static void a_drop_nobody_listens_for_is_harmless(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int clients[3];

    (void)state;
    weir_server_set_events(server, NULL);
    weir_server_set_max_connections(server, 1);
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = connect_to(server);
    raw_expect_end(clients[1]);
    raw_expect_end(clients[2]);
    assert_int_equal(told.connections, 1);
    for (size_t i = 0; i < COUNT(clients); i++)
        close(clients[i]);
}

static void note_another(weir_server *server, weir_socket *socket)
{
    assert_ptr_equal(weir_server_data(server), &told);
    told.connections += 100;
    weir_socket_set_events(socket, &echo);
}

static void
another_callback_is_told_of_what_is_accepted_from_then_on(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int first = connect_to(server), second;

    (void)state;
    RUN_UNTIL(told.connections == 1);
    weir_server_set_connection(server, note_another, &told);
    second = connect_to(server);
    RUN_UNTIL(told.connections == 101);
    assert_echoes(first);
    assert_echoes(second);
    close(first);
    close(second);
}

static int no_name(int fd, struct sockaddr *name, socklen_t *size)
{
    (void)fd, (void)name, (void)size;
    errno = ENOBUFS;
    return -1;
}

static void an_address_that_is_not_known_is_told_as_null(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int first = connect_to(server), second = connect_to(server);

    (void)state;
    weir_server_set_max_connections(server, 1);
    weir_sys.getsockname = no_name;
    RUN_UNTIL(told.drops == 1);
    assert_false(told.had_local);
    assert_true(told.had_remote);
    close(first);
    close(second);
}

static void close_server_on_drop(weir_server *server, const weir_address *local,
                                 const weir_address *remote)
{
    on_drop(server, local, remote);
    weir_server_close(server);
}

static void a_server_may_be_closed_in_its_drop_event(void **state)
{
    static const weir_server_events closing = { .drop = close_server_on_drop,
                                                .close = on_close };
    weir_server *server = start_server(on_connection, NULL);
    int clients[5];

    (void)state;
    weir_server_set_events(server, &closing);
    weir_server_set_max_connections(server, 1);
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = connect_to(server);
    RUN_UNTIL(told.drops);
    turn(3);
    assert_int_equal(told.drops, 1);
    assert_int_equal(told.closes, 0);
    close(clients[0]);
    RUN_UNTIL(told.closes);
    assert_false(weir_loop_alive(the_loop));
    for (size_t i = 1; i < COUNT(clients); i++)
        close(clients[i]);
}

/* ---------------------------------------------------------------- pausing */

static void who_connects_during_a_pause_waits_and_is_accepted(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int clients[20];

    (void)state;
    weir_server_pause(server, 500);
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = connect_to(server);
    run_to(virtual_ms() + 499);
    assert_int_equal(told.connections, 0);
    assert_true(weir_server_listening(server));
    run_to(virtual_ms() + 1);
    RUN_UNTIL(told.connections == COUNT(clients));
    assert_int_equal(told.drops, 0);
    for (size_t i = 0; i < COUNT(clients); i++)
        close(clients[i]);
}

static void a_pause_without_end_lasts_until_resume(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int client;

    (void)state;
    weir_server_pause(server, 0);
    client = connect_to(server);
    spend(UINT64_C(3600000) * MS);
    turn(5);
    assert_int_equal(told.connections, 0);
    weir_server_resume(server);
    RUN_UNTIL(told.connections == 1);
    close(client);
}

static void resume_ends_a_timed_pause_and_its_timer(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int client = connect_to(server);

    (void)state;
    weir_server_pause(server, 500);
    weir_server_resume(server);
    RUN_UNTIL(told.connections == 1);
    weir_server_pause(server, 0);
    close(client);
    client = connect_to(server);
    run_to(virtual_ms() +
           1000); /* the first pause's end must not end the second */
    assert_int_equal(told.connections, 1);
    close(client);
}

static void a_second_pause_counts_from_its_own_beginning(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int client = connect_to(server);

    (void)state;
    weir_server_pause(server, 100);
    run_to(virtual_ms() + 90);
    weir_server_pause(server, 100);
    run_to(virtual_ms() + 99);
    assert_int_equal(told.connections, 0);
    run_to(virtual_ms() + 1);
    RUN_UNTIL(told.connections == 1);
    weir_server_resume(server);
    weir_server_resume(server);
    close(client);
}

static void pause_in_callback(weir_server *server, weir_socket *socket)
{
    on_connection(server, socket);
    weir_server_pause(server, 50);
}

static void a_server_paused_in_its_callback_takes_no_other_one(void **state)
{
    weir_server *server = start_server(pause_in_callback, NULL);
    int clients[3];

    (void)state;
    for (size_t i = 0; i < COUNT(clients); i++)
        clients[i] = connect_to(server);
    for (unsigned i = 1; i <= COUNT(clients); i++) {
        RUN_UNTIL(told.connections == i);
        turn(3);
        assert_int_equal(told.connections, i);
    }
    for (size_t i = 0; i < COUNT(clients); i++)
        close(clients[i]);
}

static void a_server_paused_before_it_listens_begins_paused(void **state)
{
    weir_address address = weir_address_loopback(0);
    weir_server *server = create_server(on_connection);
    int client;

    (void)state;
    weir_server_pause(server, 0);
    assert_int_equal(weir_server_listen(server, &address, NULL), 0);
    client = connect_to(server);
    turn(3);
    assert_int_equal(told.connections, 0);
    weir_server_resume(server);
    RUN_UNTIL(told.connections == 1);
    close(client);
}

static void a_paused_server_goes_on_serving_its_connections(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int client = connect_to(server);

    (void)state;
    assert_echoes(client);
    weir_server_pause(server, 0);
    assert_echoes(client);
    close(client);
    RUN_UNTIL(told.socket_closes);
}

static void a_socket_that_begins_paused_reads_after_resume(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int client;

    (void)state;
    weir_server_set_pause_on_connect(server, true);
    client = connect_to(server);
    raw_write(client, "hello", 5);
    RUN_UNTIL(told.connections == 1);
    turn(5);
    assert_true(weir_socket_paused(told.last));
    assert_int_equal(told.data, 0);
    weir_socket_resume(told.last);
    RUN_UNTIL(told.data);
    weir_server_set_pause_on_connect(server, false);
    close(client);
    client = connect_to(server);
    assert_echoes(client);
    close(client);
}

/* -------------------------------------------------------------- half-open */

static void a_client_that_ends_is_answered_only_if_half_open(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int client = connect_to(server);

    (void)state;
    shutdown(client, SHUT_WR);
    RUN_UNTIL(told.socket_closes == 1);
    assert_int_equal(told.ends, 1);
    close(client);

    weir_server_set_half_open(server, true);
    client = connect_to(server);
    shutdown(client, SHUT_WR);
    RUN_UNTIL(told.ends == 2);
    turn(5);
    assert_int_equal(told.socket_closes, 1);
    assert_int_equal(weir_socket_get_state(told.last), WEIR_SOCKET_WRITE_ONLY);
    assert_true(weir_socket_write(told.last, "late", 4, NULL, NULL) >= 0);
    assert_int_equal(weir_socket_end(told.last), 0);
    RUN_UNTIL(told.socket_closes == 2);
    raw_expect(client, "late");
    close(client);
}

/* ---------------------------------------------------------------- closing */

static void closing_without_connections_is_told_next_turn(void **state)
{
    weir_server *server = start_server(on_connection, NULL);

    (void)state;
    weir_server_close(server);
    assert_int_equal(told.closes, 0);
    assert_true(weir_loop_alive(the_loop));
    weir_server_close(server);
    turn(1);
    assert_int_equal(told.closes, 1);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(told.closes, 1);
}

static void a_server_that_never_listened_closes_as_well(void **state)
{
    (void)state;
    weir_server_close(create_server(on_connection));
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(told.closes, 1);
}

static void a_server_closes_when_its_last_connection_is_gone(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    weir_address address = address_of(server);
    int first = connect_to(server), second = connect_to(server);

    (void)state;
    RUN_UNTIL(told.connections == 2);
    weir_server_close(server);
    assert_int_equal(try_connect(&address), -ECONNREFUSED);
    assert_echoes(first);
    close(second);
    RUN_UNTIL(told.socket_closes == 1);
    turn(5);
    assert_int_equal(told.closes, 0);
    assert_echoes(first);
    close(first);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(told.socket_closes, 2);
    assert_int_equal(told.closes, 1);
}

static void who_waits_to_be_accepted_is_reset_when_a_server_closes(void **state)
{
    weir_server *server = start_server(on_connection, NULL);
    int client;
    char byte;

    (void)state;
    weir_server_pause(server, 0);
    client = connect_to(server);
    weir_server_close(server);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(told.closes, 1);
    assert_int_equal(told.connections, 0);
    assert_int_equal(raw_read(client, &byte, 1), -ECONNRESET);
    close(client);
}

static void
a_server_that_closes_during_a_timed_pause_does_not_wake(void **state)
{
    weir_server *server = start_server(on_connection, NULL);

    (void)state;
    weir_server_pause(server, 20);
    weir_server_close(server);
    weir_server_pause(server, 20);
    weir_server_resume(server);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(told.closes, 1);
}

static void close_server(weir_server *server, weir_socket *socket)
{
    on_connection(server, socket);
    weir_server_close(server);
}

static void a_server_may_be_closed_in_its_connection_callback(void **state)
{
    weir_server *server = start_server(close_server, NULL);
    int first = connect_to(server), second = connect_to(server);

    (void)state;
    RUN_UNTIL(told.connections);
    assert_echoes(first);
    assert_int_equal(told.connections, 1);
    assert_int_equal(told.closes, 0);
    close(first);
    close(second);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(told.closes, 1);
}

static void close_both(weir_server *server, weir_socket *socket)
{
    destroy_at_once(server, socket);
    weir_server_close(server);
}

static void server_and_socket_may_both_end_in_one_callback(void **state)
{
    weir_server *server = start_server(close_both, NULL);
    int client = connect_to(server);

    (void)state;
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(told.socket_closes, 1);
    assert_int_equal(told.closes, 1);
    close(client);
}

static void close_server_with_socket(weir_socket *socket, bool had_error)
{
    on_socket_close(socket, had_error);
    assert_int_equal(told.closes, 0);
    weir_server_close(weir_socket_server(socket));
}

static void take_up(weir_server *server, weir_socket *socket)
{
    static const weir_socket_events last = { .data = on_data,
                                             .close =
                                                 close_server_with_socket };

    (void)server;
    told.connections++;
    weir_socket_set_events(socket, &last);
}

static void a_server_may_be_closed_when_its_last_socket_closes(void **state)
{
    weir_server *server = start_server(take_up, NULL);
    int client = connect_to(server);

    (void)state;
    RUN_UNTIL(told.connections);
    close(client);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(told.socket_closes, 1);
    assert_int_equal(told.closes, 1);
}

static void listen_anew(weir_server *server)
{
    on_close(server);
    start_server(on_connection, NULL);
}

static void another_server_may_begin_in_the_close_event(void **state)
{
    static const weir_server_events anew = { .close = listen_anew };
    weir_server *server = start_server(on_connection, NULL);

    (void)state;
    weir_server_set_events(server, &anew);
    weir_server_close(server);
    RUN_UNTIL(told.closes);
    assert_true(weir_loop_alive(the_loop));
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
    client = try_connect(&address);
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

/* -------------------------------------------------------- in one batch */

static struct side replaced, newcomer;
static int replaced_peer, newcomer_peer;

/* Destroys the other one, whose event is in the same batch, and gives its
 * number to a new one. */
static void replace(struct side *side, char event)
{
    int fds[2], number = weir_socket_fd(replaced.socket);

    side->hook = NULL;
    assert_int_equal(event, 'd');
    weir_socket_destroy(replaced.socket);
    test_socketpair(fds);
    assert_true(fds[0] == number || fds[1] == number);
    newcomer_peer = fds[0] == number ? fds[1] : fds[0];
    side_init(&newcomer);
    assert_int_equal(
        weir_socket_create(&newcomer.socket, the_loop, &side_events, &newcomer),
        0);
    assert_int_equal(weir_socket_adopt(newcomer.socket, number), 0);
}

/* Field note 8. */
static void a_stale_event_does_not_reach_who_has_the_number_now(void **state)
{
    static struct side first;
    int first_peer = net_adopted(NET_UNIX, &first);

    (void)state;
    replaced_peer = net_adopted(NET_UNIX, &replaced);
    first.hook = replace;
    raw_write(first_peer, "x", 1);
    raw_write(replaced_peer, "stale", 5);
    close(replaced_peer);
    RUN_UNTIL(replaced.closed);
    net_settle();
    assert_side(&first, "d");
    assert_side(&replaced, "x");
    assert_side(&newcomer, "");
    raw_write(newcomer_peer, "fresh", 5);
    RUN_UNTIL(newcomer.received == 5);
    net_finish(&first);
    net_finish(&newcomer);
    close(first_peer);
    close(newcomer_peer);
}

static weir_server *other_server;

static void close_other_server(weir_server *server, weir_socket *socket)
{
    on_connection(server, socket);
    weir_server_close(other_server);
}

/* Field note 8: both have clients waiting, and the first closes the other. */
static void a_server_closed_in_the_batch_accepts_nobody(void **state)
{
    weir_server *first = start_server(close_other_server, NULL);
    int clients[2];

    (void)state;
    other_server = start_server(on_connection, NULL);
    clients[0] = connect_to(first);
    clients[1] = connect_to(other_server);
    RUN_UNTIL(told.closes == 1);
    net_settle();
    assert_int_equal(told.connections, 1);
    close(clients[0]);
    close(clients[1]);
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
    assert_int_equal(weir_lookup_start(&lookup, the_loop, "example.invalid",
                                       NULL, no_addresses, NULL),
                     0);
    test_destroy_loop();
    assert_int_equal(told.ends, 1);
    assert_int_equal(told.socket_closes, 1);
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
        TEST(the_backlog_is_511_unless_it_is_given),
        TEST(port_0_becomes_a_port_that_can_be_asked_for),
        TEST(addresses_are_reused_unless_that_is_declined),
        TEST(listeners_that_agree_share_a_port_and_its_clients),
        TEST(a_server_that_failed_to_listen_can_try_elsewhere),
        TEST(an_address_of_another_machine_cannot_be_listened_on),
        TEST(a_server_listens_once),
        TEST(whether_ipv6_takes_ipv4_is_not_left_to_the_system),
        TEST(any_address_takes_ipv4_and_ipv6_clients),
        TEST(a_server_for_ipv6_only_takes_no_ipv4),
        TEST(a_host_left_out_is_not_lost_where_ipv6_is_off),
        TEST(the_port_is_kept_when_ipv4_stands_in_for_ipv6),
        TEST(an_explicit_ipv6_address_is_not_replaced_by_ipv4),
        TEST(a_port_in_use_does_not_fall_back_to_ipv4),
        TEST(accepted_sockets_begin_with_the_servers_options),
        TEST(options_that_the_listener_hands_down_cost_no_call),
        TEST(an_accepted_socket_is_non_blocking_and_not_inherited),
        TEST(an_option_that_the_system_refuses_fails_the_listen),
        TEST(a_huge_buffer_size_is_cut_and_not_negative),
        TEST(an_accepted_socket_knows_its_server_and_addresses),
        TEST(an_accepted_socket_is_not_read_before_it_has_a_table),
        TEST(a_burst_of_500_is_accepted_to_the_last),
        TEST(a_burst_does_not_take_one_turn_per_connection),
        TEST(a_burst_is_taken_as_fast_in_turns_that_look_twice),
        TEST(clients_that_come_alone_do_not_each_cost_a_vain_accept),
        TEST(other_descriptors_are_served_during_a_burst),
        TEST(a_connection_may_be_destroyed_in_its_callback),
        TEST(a_stopped_loop_tells_no_further_connection),
        TEST(a_connection_nobody_took_up_closes_with_its_loop),
        TEST(one_too_many_is_dropped_and_both_its_addresses_told),
        TEST(a_place_that_becomes_free_is_given_again),
        TEST(a_lower_maximum_closes_nobody),
        TEST(a_drop_nobody_listens_for_is_harmless),
        TEST(another_callback_is_told_of_what_is_accepted_from_then_on),
        TEST(an_address_that_is_not_known_is_told_as_null),
        TEST(a_server_may_be_closed_in_its_drop_event),
        TEST(who_connects_during_a_pause_waits_and_is_accepted),
        TEST(a_pause_without_end_lasts_until_resume),
        TEST(resume_ends_a_timed_pause_and_its_timer),
        TEST(a_second_pause_counts_from_its_own_beginning),
        TEST(a_server_paused_in_its_callback_takes_no_other_one),
        TEST(a_server_paused_before_it_listens_begins_paused),
        TEST(a_paused_server_goes_on_serving_its_connections),
        TEST(a_socket_that_begins_paused_reads_after_resume),
        TEST(a_client_that_ends_is_answered_only_if_half_open),
        TEST(closing_without_connections_is_told_next_turn),
        TEST(a_server_that_never_listened_closes_as_well),
        TEST(a_server_closes_when_its_last_connection_is_gone),
        TEST(who_waits_to_be_accepted_is_reset_when_a_server_closes),
        TEST(a_server_that_closes_during_a_timed_pause_does_not_wake),
        TEST(a_server_may_be_closed_in_its_connection_callback),
        TEST(server_and_socket_may_both_end_in_one_callback),
        TEST(a_server_may_be_closed_when_its_last_socket_closes),
        TEST(another_server_may_begin_in_the_close_event),
        TEST(a_listening_descriptor_can_be_taken_over),
        TEST(a_descriptor_that_cannot_be_adopted_stays_the_callers),
        TEST(a_listener_of_another_family_cannot_be_adopted),
        TEST(a_listener_that_keeps_records_cannot_be_adopted),
        TEST(a_listener_the_loop_watches_already_stays_the_callers),
        TEST(a_listener_somebody_else_holds_too_does_not_haunt_the_loop),
        TEST(the_options_of_a_listen_that_failed_are_forgotten),
        TEST(a_stale_event_does_not_reach_who_has_the_number_now),
        TEST(a_server_closed_in_the_batch_accepts_nobody),
        TEST(an_unreferenced_server_does_not_keep_the_loop),
        TEST(its_connections_keep_the_loop_all_the_same),
        TEST(a_loop_that_is_destroyed_closes_all_and_tells_all),
        TEST(a_loop_may_be_destroyed_while_a_server_is_closing),
        TEST(nothing_begins_while_a_loop_is_destroyed),
        TEST_ON_LOOP(a_connection_is_counted_until_its_close_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
