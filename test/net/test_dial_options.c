/*
 * test_dial_options.c - what a connection is told before its handshake
 *
 * The options of TCP and of the descriptor, and the address that it comes from.
 */
#include "dial_test.h"

#include <netinet/ip.h>
#include <netinet/tcp.h>

static int option_of(int fd, int level, int option)
{
    int value = 0;
    socklen_t size = sizeof value;

    assert_int_equal(getsockopt(fd, level, option, &value, &size), 0);
    return value;
}

static char order[64];

static int noting_setsockopt(int fd, int level, int option, const void *value,
                             socklen_t size)
{
    strcat(order, "o");
    return setsockopt(fd, level, option, value, size);
}

static int noting_connect(int fd, const struct sockaddr *name, socklen_t size)
{
    strcat(order, "c");
    return connect(fd, name, size);
}

static void options_are_set_before_the_handshake(void **state)
{
    weir_connect_options options = {
        .tcp = { .no_delay = true,
                 .keep_alive = true,
                 .keep_alive_delay = 11,
                 .keep_alive_interval = 12,
                 .keep_alive_count = 3,
                 .tos = 0x10,
                 .send_buffer = 50000,
                 .receive_buffer = 60000 },
    };
    weir_address address;
    int listener = net_listener(NET_TCP, &address), fd;

    (void)state;
    order[0] = '\0';
    weir_sys.setsockopt = noting_setsockopt;
    weir_sys.connect = noting_connect;
    assert_int_equal(weir_socket_connect(s.socket, &address, &options), 0);
    memset(&options, 0, sizeof options); /* it was copied */
    RUN_UNTIL(strchr(s.log, 'C'));
#ifdef SO_NOSIGPIPE
    assert_string_equal(order, "oooooooooc");
#else
    assert_string_equal(order, "ooooooooc");
#endif
    fd = weir_socket_fd(s.socket);
    assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_NODELAY), 1);
    assert_int_equal(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), 11);
    assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_KEEPINTVL), 12);
    assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_KEEPCNT), 3);
    assert_int_equal(option_of(fd, IPPROTO_IP, IP_TOS), 0x10);
    assert_int_equal(option_of(fd, SOL_SOCKET, SO_SNDBUF), 100000);
    assert_int_equal(option_of(fd, SOL_SOCKET, SO_RCVBUF), 120000);
    close(listener);
}

static void an_option_that_the_system_refuses_fails_the_connect(void **state)
{
    weir_connect_options options = {
        .tcp = { .keep_alive = true, .keep_alive_count = 100000 },
    };
    weir_address address;
    int listener = net_listener(NET_TCP, &address);

    (void)state;
    assert_fails(&address, &options, -EINVAL, "setsockopt");
    close(listener);
}

static void the_local_address_and_port_are_the_ones_asked_for(void **state)
{
    weir_address local = closed_port(), wanted = local, address, told;
    weir_connect_options options = { .local = &local };
    int listener = net_listener(NET_TCP, &address);

    (void)state;
    assert_int_equal(weir_socket_connect(s.socket, &address, &options), 0);
    memset(&local, 0, sizeof local); /* it was copied */
    RUN_UNTIL(strchr(s.log, 'C'));
    assert_int_equal(weir_socket_local_address(s.socket, &told), 0);
    assert_true(weir_address_equal(&told, &wanted));
    close(listener);
}

static void a_local_address_without_port_gets_one(void **state)
{
    weir_address local, address, told;
    weir_connect_options options = { .local = &local };
    int listener = net_listener(NET_TCP, &address);

    (void)state;
    assert_int_equal(weir_address_ip(&local, "127.0.0.9", 0), 0);
    assert_int_equal(weir_socket_connect(s.socket, &address, &options), 0);
    RUN_UNTIL(strchr(s.log, 'C'));
    assert_int_equal(weir_socket_local_address(s.socket, &told), 0);
    assert_int_equal(told.name.ipv4.sin_addr.s_addr,
                     local.name.ipv4.sin_addr.s_addr);
    assert_true(weir_address_port(&told) > 0);
    close(listener);
}

static void a_local_address_that_is_not_ours_fails_the_connect(void **state)
{
    weir_address local, address = weir_address_loopback(9);
    weir_connect_options options = { .local = &local };

    (void)state;
    assert_int_equal(weir_address_ip(&local, "198.51.100.1", 0), 0);
    assert_fails(&address, &options, -EADDRNOTAVAIL, "bind");
}

static void a_local_port_that_is_listened_on_fails_the_connect(void **state)
{
    weir_address local, address = weir_address_loopback(9);
    weir_connect_options options = { .local = &local };
    int listener = net_listener(NET_TCP, &local);

    (void)state;
    assert_fails(&address, &options, -EADDRINUSE, "bind");
    close(listener);
}

static void a_local_address_of_another_family_fails_the_connect(void **state)
{
    weir_address local, address = weir_address_loopback(9);
    weir_connect_options options = { .local = &local };

    (void)state;
    assert_int_equal(weir_address_ip(&local, "::1", 0), 0);
    assert_fails(&address, &options, -EAFNOSUPPORT, "bind");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(options_are_set_before_the_handshake),
        TEST(an_option_that_the_system_refuses_fails_the_connect),
        TEST(the_local_address_and_port_are_the_ones_asked_for),
        TEST(a_local_address_without_port_gets_one),
        TEST(a_local_address_that_is_not_ours_fails_the_connect),
        TEST(a_local_port_that_is_listened_on_fails_the_connect),
        TEST(a_local_address_of_another_family_fails_the_connect),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
