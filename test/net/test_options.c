/*
 * test_options.c - each option is set, and read back from the kernel
 */
#include "test/support/net_test.h"

#include <limits.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>

static struct side a;
static int fd;

static int open_pair(void **state)
{
    if (test_open_loop(state))
        return -1;
    fd = net_raw(NET_KIND(state), &a);
    return 0;
}

static int close_pair(void **state)
{
    close(fd);
    return test_close_loop(state);
}

static int kernel_says(int level, int option)
{
    int value = -1;
    socklen_t size = sizeof value;

    assert_int_equal(
        getsockopt(weir_socket_fd(a.socket), level, option, &value, &size), 0);
    return value;
}

static void no_delay_is_set_and_cleared(void **state)
{
    if (NET_KIND(state) == NET_UNIX) {
        assert_int_equal(weir_socket_set_no_delay(a.socket, true), -ENOTSUP);
        return;
    }
    assert_int_equal(kernel_says(IPPROTO_TCP, TCP_NODELAY), 0);
    assert_int_equal(weir_socket_set_no_delay(a.socket, true), 0);
    assert_true(kernel_says(IPPROTO_TCP, TCP_NODELAY));
    assert_int_equal(weir_socket_set_no_delay(a.socket, false), 0);
    assert_int_equal(kernel_says(IPPROTO_TCP, TCP_NODELAY), 0);
}

static void keep_alive_has_delay_interval_and_count(void **state)
{
    int idle;

    (void)state;
    idle = kernel_says(IPPROTO_TCP, TCP_KEEPIDLE);
    assert_int_equal(weir_socket_set_keep_alive(a.socket, true, 0, 0, 0), 0);
    assert_true(kernel_says(SOL_SOCKET, SO_KEEPALIVE));
    assert_int_equal(kernel_says(IPPROTO_TCP, TCP_KEEPIDLE), idle);
    assert_int_equal(weir_socket_set_keep_alive(a.socket, true, 11, 12, 13), 0);
    assert_int_equal(kernel_says(IPPROTO_TCP, TCP_KEEPIDLE), 11);
    assert_int_equal(kernel_says(IPPROTO_TCP, TCP_KEEPINTVL), 12);
    assert_int_equal(kernel_says(IPPROTO_TCP, TCP_KEEPCNT), 13);
    assert_int_equal(weir_socket_set_keep_alive(a.socket, false, 0, 0, 0), 0);
    assert_false(kernel_says(SOL_SOCKET, SO_KEEPALIVE));
    assert_int_equal(kernel_says(IPPROTO_TCP, TCP_KEEPIDLE), 11);
    assert_int_equal(weir_socket_set_keep_alive(a.socket, true, 1u << 31, 0, 0),
                     -EINVAL);
    assert_int_equal(weir_socket_set_keep_alive(a.socket, true, 1 << 20, 0, 0),
                     -EINVAL); /* the system's own limit */
}

static void tos_is_set_on_ipv4(void **state)
{
    (void)state;
    assert_int_equal(weir_socket_tos(a.socket), 0);
    assert_int_equal(weir_socket_set_tos(a.socket, IPTOS_LOWDELAY), 0);
    assert_int_equal(kernel_says(IPPROTO_IP, IP_TOS), IPTOS_LOWDELAY);
    assert_int_equal(weir_socket_tos(a.socket), IPTOS_LOWDELAY);
    assert_int_equal(weir_socket_set_tos(a.socket, 256), -EINVAL);
    assert_int_equal(weir_socket_set_tos(a.socket, UINT_MAX), -EINVAL);
    assert_int_equal(weir_socket_tos(a.socket), IPTOS_LOWDELAY);
}

static void a_unix_socket_has_no_tos(void **state)
{
    (void)state;
    assert_int_equal(weir_socket_set_tos(a.socket, 16), -ENOTSUP);
    assert_int_equal(weir_socket_tos(a.socket), -ENOTSUP);
}

static void tos_is_the_traffic_class_on_ipv6(void **state)
{
    weir_address address;
    socklen_t size = sizeof address.name;
    int listener = socket(AF_INET6, SOCK_STREAM, 0);
    int option = -1;

    (void)state;
    side_init(&a);
    if (listener < 0)
        skip();
    weir_address_ip(&address, "::1", 0);
    if (bind(listener, &address.name.any, address.length) < 0) {
        close(listener);
        skip();
    }
    listen(listener, 1);
    getsockname(listener, &address.name.any, &size);
    weir_socket_create(&a.socket, the_loop, &side_events, &a);
    weir_socket_connect(a.socket, &address, NULL);
    RUN_UNTIL(strchr(a.log, 'C'));
    assert_int_equal(weir_socket_set_tos(a.socket, 0x20), 0);
    assert_int_equal(weir_socket_tos(a.socket), 0x20);
    size = sizeof option;
    getsockopt(weir_socket_fd(a.socket), IPPROTO_IPV6, IPV6_TCLASS, &option,
               &size);
    assert_int_equal(option, 0x20);
    close(listener);
}

static void buffer_sizes_are_set_and_read(void **state)
{
    (void)state;
    assert_int_equal(weir_socket_set_send_buffer(a.socket, 20000), 0);
    assert_int_equal(weir_socket_set_receive_buffer(a.socket, 30000), 0);
    assert_int_equal(weir_socket_send_buffer(a.socket),
                     kernel_says(SOL_SOCKET, SO_SNDBUF));
    assert_int_equal(weir_socket_receive_buffer(a.socket),
                     kernel_says(SOL_SOCKET, SO_RCVBUF));
#ifdef __linux__
    assert_int_equal(weir_socket_send_buffer(a.socket), 40000);
    assert_int_equal(weir_socket_receive_buffer(a.socket), 60000);
#endif
    /* No number may become a negative one on its way. */
    assert_int_equal(weir_socket_set_send_buffer(a.socket, UINT_MAX), 0);
    assert_true(weir_socket_send_buffer(a.socket) > 40000);
}

static void options_of_connect_hold_from_the_beginning(void **state)
{
    static const weir_connect_options options = {
        .tcp = { .no_delay = true,
                 .keep_alive = true,
                 .keep_alive_delay = 21,
                 .keep_alive_interval = 22,
                 .keep_alive_count = 23,
                 .tos = IPTOS_THROUGHPUT,
                 .send_buffer = 20000,
                 .receive_buffer = 30000 }
    };
    weir_address address;
    int listener = net_listener(NET_KIND(state), &address);

    side_init(&a);
    weir_socket_create(&a.socket, the_loop, &side_events, &a);
    assert_int_equal(weir_socket_connect(a.socket, &address, &options), 0);
    RUN_UNTIL(strchr(a.log, 'C'));
    close(listener);
    if (NET_KIND(state) == NET_UNIX)
        return; /* ignored */
    assert_true(kernel_says(IPPROTO_TCP, TCP_NODELAY));
    assert_true(kernel_says(SOL_SOCKET, SO_KEEPALIVE));
    assert_int_equal(kernel_says(IPPROTO_TCP, TCP_KEEPIDLE), 21);
    assert_int_equal(kernel_says(IPPROTO_TCP, TCP_KEEPINTVL), 22);
    assert_int_equal(kernel_says(IPPROTO_TCP, TCP_KEEPCNT), 23);
    assert_int_equal(kernel_says(IPPROTO_IP, IP_TOS), IPTOS_THROUGHPUT);
#ifdef __linux__
    assert_int_equal(weir_socket_send_buffer(a.socket), 40000);
    assert_int_equal(weir_socket_receive_buffer(a.socket), 60000);
#endif
}

static const weir_address nowhere;

static void bad_options_of_connect_are_refused_at_the_call(void **state)
{
    static const weir_connect_options bad[] = {
        { .tcp = { .tos = 256 } },
        { .tcp = { .keep_alive_delay = 1u << 31 } },
        { .tcp = { .keep_alive_interval = 1u << 31 } },
        { .tcp = { .keep_alive_count = 1u << 31 } },
        { .family = AF_APPLETALK },
        { .local = &nowhere },
    };
    weir_address address = weir_address_loopback(1), none = { 0 };

    (void)state;
    side_init(&a);
    weir_socket_create(&a.socket, the_loop, &side_events, &a);
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(weir_socket_connect(a.socket, &address, &bad[i]),
                         -EINVAL);
    assert_int_equal(weir_socket_connect(a.socket, NULL, NULL), -EINVAL);
    assert_int_equal(weir_socket_connect(a.socket, &none, NULL), -EINVAL);
    assert_int_equal(weir_socket_connect(NULL, &address, NULL), -EINVAL);
    assert_int_equal(weir_socket_get_state(a.socket), WEIR_SOCKET_NEW);
    assert_side(&a, "");
}

#define CASE(function, kind, text)                                             \
    {                                                                          \
#function text, function, open_pair, close_pair,                       \
            (void *)&net_kinds[kind]                                           \
    }
#define TEST_TCP(function)  CASE(function, NET_TCP, " (TCP)")
#define TEST_UNIX(function) CASE(function, NET_UNIX, " (UNIX)")
#define TEST(function)      TEST_TCP(function), TEST_UNIX(function)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(no_delay_is_set_and_cleared),
        TEST_TCP(keep_alive_has_delay_interval_and_count),
        TEST_TCP(tos_is_set_on_ipv4),
        TEST_UNIX(a_unix_socket_has_no_tos),
        TEST_ON_LOOP(tos_is_the_traffic_class_on_ipv6),
        TEST(buffer_sizes_are_set_and_read),
        TEST_ON_BOTH(options_of_connect_hold_from_the_beginning),
        TEST_ON_LOOP(bad_options_of_connect_are_refused_at_the_call),
    };

    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
