/*
 * test_server_listen.c - servers: where they listen, and with which options
 *
 * Ports and addresses, IPv6 with IPv4 and without, and what accepted sockets
 * get handed down.
 */
#include "server_test.h"

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
    ipv4 = raw_connect(&address);
    assert_true(ipv4 >= 0);
    assert_echoes(ipv4);
    assert_int_equal(weir_address_ip(&address, "::1", weir_address_port(&any)),
                     0);
    ipv6 = raw_connect(&address);
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
    assert_int_equal(raw_connect(&address), -ECONNREFUSED);
    assert_int_equal(weir_address_ip(&address, "::1", weir_address_port(&any)),
                     0);
    fd = raw_connect(&address);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
