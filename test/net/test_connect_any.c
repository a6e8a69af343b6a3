/*
 * test_connect_any.c - weir_socket_connect_any(): the first that answers
 *
 * Addresses that are known already, tried in the order given. Hosts that refuse
 * are ports on which nobody listens; one that stays silent is a listener whose
 * backlog is full. What names add to this is in test_dial_race.c.
 */
#include "test/support/net_test.h"

static struct side s;

/* --------------------------------------------------------------- helpers */

static int create_side(void **state)
{
    int result = test_open_loop(state);

    side_init(&s);
    return result < 0
               ? result
               : weir_socket_create(&s.socket, the_loop, &side_events, &s);
}

#define TEST(function)                                                         \
    cmocka_unit_test_setup_teardown(function, create_side, test_close_loop)

static weir_address closed_port(void)
{
    weir_address address;

    close(net_listener(NET_TCP, &address));
    return address;
}

/* A listener that does not answer any more, and what fills it. */
static weir_address silent(int fds[2])
{
    weir_address address = weir_address_loopback(0);

    fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fds[0], &address.name.any, address.length), 0);
    assert_int_equal(listen(fds[0], 0), 0);
    assert_int_equal(getsockname(fds[0], &address.name.any, &address.length),
                     0);
    fds[1] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fds[1], &address.name.any, address.length), 0);
    return address;
}

static void be_connected_to(const weir_address *address)
{
    weir_address remote;

    RUN_UNTIL(s.closed || weir_socket_get_state(s.socket) == WEIR_SOCKET_OPEN);
    assert_false(s.closed);
    assert_int_equal(weir_socket_remote_address(s.socket, &remote), 0);
    assert_int_equal(weir_address_port(&remote), weir_address_port(address));
}

static void finish(void)
{
    net_finish(&s);
    assert_false(weir_loop_alive(the_loop));
}

/* ------------------------------------------------------------------- order */

static void the_first_address_that_answers_is_connected_to(void **state)
{
    weir_address addresses[2];
    int first = net_listener(NET_TCP, &addresses[0]);
    int second = net_listener(NET_TCP, &addresses[1]);

    (void)state;
    assert_int_equal(weir_socket_connect_any(s.socket, addresses, 2, NULL), 0);
    be_connected_to(&addresses[0]);
    assert_side(&s, "AC");
    close(first);
    close(second);
    finish();
}

static void after_one_that_refuses_comes_the_next(void **state)
{
    weir_address addresses[3] = { closed_port(), closed_port() };
    int listener = net_listener(NET_TCP, &addresses[2]);

    (void)state;
    assert_int_equal(weir_socket_connect_any(s.socket, addresses, 3, NULL), 0);
    be_connected_to(&addresses[2]);
    assert_side(&s, "ABABAC");
    close(listener);
    finish();
}

static void one_that_is_silent_is_not_waited_for(void **state)
{
    weir_connect_options options = { .attempt_delay = 20 };
    weir_address addresses[2];
    int fds[2], listener;
    uint64_t begun = net_now();

    (void)state;
    addresses[0] = silent(fds);
    listener = net_listener(NET_TCP, &addresses[1]);
    assert_int_equal(weir_socket_connect_any(s.socket, addresses, 2, &options),
                     0);
    be_connected_to(&addresses[1]);
    assert_true(net_now() - begun >= 20);
    assert_side(&s, "AAC");
    close(fds[0]);
    close(fds[1]);
    close(listener);
    finish();
}

static void the_addresses_may_go_once_the_call_returns(void **state)
{
    weir_address *addresses = malloc(2 * sizeof *addresses), expected;
    int listener;

    (void)state;
    addresses[0] = closed_port();
    listener = net_listener(NET_TCP, &addresses[1]);
    expected = addresses[1];
    assert_int_equal(weir_socket_connect_any(s.socket, addresses, 2, NULL), 0);
    memset(addresses, 0xff, 2 * sizeof *addresses);
    free(addresses);
    be_connected_to(&expected);
    close(listener);
    finish();
}

static void the_families_are_not_sorted(void **state)
{
    weir_address addresses[3] = { closed_port() };
    int listener = net_listener(NET_TCP, &addresses[2]);

    (void)state;
    assert_int_equal(
        weir_address_ip(&addresses[1], "::1", weir_address_port(&addresses[0])),
        0);
    assert_int_equal(weir_socket_connect_any(s.socket, addresses, 3, NULL), 0);
    be_connected_to(&addresses[2]);
    assert_side(&s, "ABABAC");
    close(listener);
    finish();
}

/* ----------------------------------------------------------------- failing */

static void when_all_refuse_it_is_told_once(void **state)
{
    weir_address addresses[2] = { closed_port(), closed_port() };

    (void)state;
    assert_int_equal(weir_socket_connect_any(s.socket, addresses, 2, NULL), 0);
    assert_true(weir_write(s.socket, "x", 1, side_wrote, &s) >= 0);
    RUN_UNTIL(s.closed);
    assert_string_equal(s.log, "ABABW!x");
    assert_int_equal(s.error, -ECONNREFUSED);
    assert_false(weir_loop_alive(the_loop));
}

static void
a_local_address_of_another_family_fails_that_attempt_alone(void **state)
{
    weir_connect_options options = { 0 };
    weir_address addresses[2], local;
    int listener = net_listener(NET_TCP, &addresses[1]);

    (void)state;
    assert_int_equal(weir_address_ip(&addresses[0], "::1", 9), 0);
    assert_int_equal(weir_address_ip(&local, "127.0.0.1", 0), 0);
    options.local = &local;
    assert_int_equal(weir_socket_connect_any(s.socket, addresses, 2, &options),
                     0);
    be_connected_to(&addresses[1]);
    assert_side(&s, "ABAC");
    close(listener);
    finish();
}

static void destroy_at_second(struct side *side, char event)
{
    if (event == 'A' && !strcmp(side->log, "ABA"))
        weir_socket_destroy(side->socket);
}

static void a_socket_may_be_destroyed_between_two_attempts(void **state)
{
    weir_address addresses[2] = { closed_port(), closed_port() };

    (void)state;
    s.hook = destroy_at_second;
    assert_int_equal(weir_socket_connect_any(s.socket, addresses, 2, NULL), 0);
    RUN_UNTIL(s.closed);
    assert_string_equal(s.log, "ABAx");
    assert_false(weir_loop_alive(the_loop));
}

/* ----------------------------------------------------------------- refusal */

static void bad_lists_are_refused_and_the_socket_is_as_before(void **state)
{
    weir_connect_options options = { .family = AF_INET6 };
    weir_address addresses[2] = { 0 };
    int listener = net_listener(NET_TCP, &addresses[0]);

    (void)state;
    assert_int_equal(weir_socket_connect_any(NULL, addresses, 1, NULL),
                     -EINVAL);
    assert_int_equal(weir_socket_connect_any(s.socket, NULL, 1, NULL), -EINVAL);
    assert_int_equal(weir_socket_connect_any(s.socket, addresses, 0, NULL),
                     -EINVAL);
    assert_int_equal(weir_socket_connect_any(s.socket, addresses, 2, NULL),
                     -EINVAL); /* the second is none */
    assert_int_equal(weir_socket_connect_any(s.socket, addresses, 1, &options),
                     -EINVAL);
    assert_side(&s, "");
    assert_int_equal(weir_socket_connect_any(s.socket, addresses, 1, NULL), 0);
    assert_int_equal(weir_socket_connect_any(s.socket, addresses, 1, NULL),
                     -EALREADY);
    be_connected_to(&addresses[0]);
    assert_int_equal(weir_socket_connect_any(s.socket, addresses, 1, NULL),
                     -EISCONN);
    close(listener);
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_address_that_answers_is_connected_to),
        TEST(after_one_that_refuses_comes_the_next),
        TEST(one_that_is_silent_is_not_waited_for),
        TEST(the_addresses_may_go_once_the_call_returns),
        TEST(the_families_are_not_sorted),
        TEST(when_all_refuse_it_is_told_once),
        TEST(a_local_address_of_another_family_fails_that_attempt_alone),
        TEST(a_socket_may_be_destroyed_between_two_attempts),
        TEST(bad_lists_are_refused_and_the_socket_is_as_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
