/*
 * test_prepare.c - the user's own word on a descriptor before it is used
 */
#include "test/support/net_test.h"

#include <unistd.h>

static struct side s;
static struct {
    unsigned calls;
    int fd, family, refuse; /* refuse: the answer */
    int only;               /* to this family, if not 0 */
    bool bound;
    weir_server *server;
} told;

static int open_side(void **state)
{
    memset(&told, 0, sizeof told);
    side_init(&s);
    return test_open_loop(state) < 0
               ? -1
               : weir_socket_create(&s.socket, the_loop, &side_events, &s);
}

#define TEST(function)                                                         \
    cmocka_unit_test_setup_teardown(function, open_side, test_close_loop)

static int note(int fd, int family, void *argument)
{
    weir_address local = { .length = sizeof local.name };

    assert_ptr_equal(argument, &told);
    assert_int_equal(getsockname(fd, &local.name.any, &local.length), 0);
    told.bound = family == AF_INET && local.name.ipv4.sin_port;
    told.fd = fd;
    told.family = family;
    told.calls++;
    return told.only && told.only != family ? 0 : told.refuse;
}

static const weir_connect_options noted = { .prepare = note,
                                            .prepare_argument = &told };

/* ------------------------------------------------------------- connecting */

static void an_attempt_is_prepared_before_it_is_bound(void **state)
{
    weir_address address, local = weir_address_loopback(0);
    weir_connect_options options = noted;
    int listener = net_listener(NET_TCP, &address);

    (void)state;
    options.local = &local;
    assert_int_equal(weir_socket_connect(s.socket, &address, &options), 0);
    assert_int_equal(told.calls, 0); /* never from inside the call */
    RUN_UNTIL(weir_socket_get_state(s.socket) == WEIR_SOCKET_OPEN);
    assert_int_equal(told.calls, 1);
    assert_int_equal(told.family, AF_INET);
    assert_int_equal(told.fd, weir_socket_fd(s.socket));
    assert_false(told.bound);
    net_finish(&s);
    close(listener);
}

static int set_low_water(int fd, int family, void *argument)
{
    int value = 3;

    (void)family, (void)argument;
    return setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &value, sizeof value);
}

static int low_water_of(int fd)
{
    int value = 0;
    socklen_t size = sizeof value;

    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &value, &size), 0);
    return value;
}

static void what_it_sets_the_connection_has(void **state)
{
    weir_connect_options options = { .prepare = set_low_water };
    weir_address address;
    int listener = net_listener(NET_TCP, &address);

    (void)state;
    assert_int_equal(weir_socket_connect(s.socket, &address, &options), 0);
    RUN_UNTIL(weir_socket_get_state(s.socket) == WEIR_SOCKET_OPEN);
    assert_int_equal(low_water_of(weir_socket_fd(s.socket)), 3);
    net_finish(&s);
    close(listener);
}

static void note_failure(struct side *side, char event)
{
    const char *call;

    if (event == '!') {
        assert_int_equal(weir_socket_failure(side->socket, &call, NULL),
                         -EPERM);
        assert_string_equal(call, "prepare");
    }
}

static void its_error_fails_the_attempt_and_names_the_call(void **state)
{
    unsigned descriptors = test_open_descriptors();
    weir_address address;
    int listener = net_listener(NET_TCP, &address);

    (void)state;
    told.refuse = -EPERM;
    s.hook = note_failure;
    assert_int_equal(weir_socket_connect(s.socket, &address, &noted), 0);
    RUN_UNTIL(s.closed);
    assert_side(&s, "AB!x");
    close(listener);
    assert_int_equal(test_open_descriptors(), descriptors);
}

static void after_its_error_the_next_address_is_tried(void **state)
{
    weir_address addresses[2];
    int first = net_listener(NET_TCP, &addresses[1]);
    int second = net_listener(NET_UNIX, &addresses[0]);

    (void)state;
    told.refuse = -EPERM;
    told.only = AF_UNIX;
    assert_int_equal(weir_socket_connect_any(s.socket, addresses, 2, &noted),
                     0);
    RUN_UNTIL(weir_socket_get_state(s.socket) == WEIR_SOCKET_OPEN);
    assert_side(&s, "ABAC");
    assert_int_equal(told.calls, 2);
    net_finish(&s);
    close(first);
    close(second);
}

static int destroy(int fd, int family, void *argument)
{
    (void)fd, (void)family, (void)argument;
    told.calls++;
    weir_socket_destroy(s.socket);
    return told.refuse;
}

static void destroy_in_prepare(int answer)
{
    weir_connect_options options = { .prepare = destroy };
    weir_address addresses[2];
    unsigned descriptors = test_open_descriptors();
    int listener = net_listener(NET_TCP, &addresses[0]);

    addresses[1] = addresses[0];
    told.refuse = answer;
    assert_int_equal(weir_socket_connect_any(s.socket, addresses, 2, &options),
                     0);
    RUN_UNTIL(s.closed);
    assert_side(&s, "Ax");
    assert_int_equal(told.calls, 1);
    close(listener);
    assert_int_equal(test_open_descriptors(), descriptors);
}

static void the_socket_may_end_in_it(void **state)
{
    (void)state;
    destroy_in_prepare(0);
}

static void the_socket_may_end_in_it_with_an_error(void **state)
{
    (void)state;
    destroy_in_prepare(-EPERM);
}

/* -------------------------------------------------------------- listening */

static void on_connection(weir_server *server, weir_socket *socket)
{
    (void)server, (void)socket;
}

static weir_server *create_server(void)
{
    weir_server *server;

    assert_int_equal(weir_server_create(&server, the_loop, on_connection, NULL),
                     0);
    return server;
}

static void a_listener_is_prepared_before_it_is_bound(void **state)
{
    weir_listen_options options = { .prepare = note,
                                    .prepare_argument = &told };
    weir_address address = weir_address_loopback(0);
    weir_server *server = create_server();

    (void)state;
    assert_int_equal(weir_server_listen(server, &address, &options), 0);
    assert_int_equal(told.calls, 1);
    assert_int_equal(told.fd, weir_server_fd(server));
    assert_int_equal(told.family, AF_INET);
    assert_false(told.bound);
}

/* An error that would be a reason to try IPv4, said by the system. */
static void its_error_fails_the_listen_at_once(void **state)
{
    weir_listen_options options = { .prepare = note,
                                    .prepare_argument = &told };
    weir_address address = weir_address_any(0);
    weir_server *server = create_server();
    unsigned descriptors = test_open_descriptors();

    (void)state;
    told.refuse = -EINVAL;
    assert_int_equal(weir_server_listen(server, &address, &options), -EINVAL);
    assert_int_equal(told.calls, 1);
    assert_false(weir_server_listening(server));
    assert_int_equal(test_open_descriptors(), descriptors);
    told.refuse = 0;
    assert_int_equal(weir_server_listen(server, &address, &options), 0);
}

static int close_it(int fd, int family, void *argument)
{
    (void)fd, (void)family, (void)argument;
    weir_server_close(told.server);
    return 0;
}

static int listen_again(int fd, int family, void *argument)
{
    weir_address address = weir_address_loopback(0);

    (void)fd, (void)family, (void)argument;
    assert_int_equal(weir_server_listen(told.server, &address, NULL), 0);
    return 0;
}

static void a_server_closed_in_it_does_not_listen(void **state)
{
    weir_listen_options options = { .prepare = close_it };
    weir_address address = weir_address_loopback(0);
    unsigned descriptors = test_open_descriptors();

    (void)state;
    told.server = create_server();
    assert_int_equal(weir_server_listen(told.server, &address, &options),
                     -EBADF);
    assert_int_equal(test_open_descriptors(), descriptors);
    assert_int_equal(weir_loop_run(the_loop), 0);
}

static void a_server_that_listens_already_in_it_keeps_that(void **state)
{
    weir_listen_options options = { .prepare = listen_again };
    weir_address address = weir_address_loopback(0);
    int fd;

    (void)state;
    told.server = create_server();
    assert_int_equal(weir_server_listen(told.server, &address, &options),
                     -EALREADY);
    assert_true(weir_server_listening(told.server));
    fd = weir_server_fd(told.server);
    assert_true(fcntl(fd, F_GETFD) >= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_attempt_is_prepared_before_it_is_bound),
        TEST(what_it_sets_the_connection_has),
        TEST(its_error_fails_the_attempt_and_names_the_call),
        TEST(after_its_error_the_next_address_is_tried),
        TEST(the_socket_may_end_in_it),
        TEST(the_socket_may_end_in_it_with_an_error),
        TEST(a_listener_is_prepared_before_it_is_bound),
        TEST(its_error_fails_the_listen_at_once),
        TEST(a_server_closed_in_it_does_not_listen),
        TEST(a_server_that_listens_already_in_it_keeps_that),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
