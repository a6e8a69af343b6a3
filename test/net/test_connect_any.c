/*
 * test_connect_any.c - weir_socket_connect_any(): the first that answers
 *
 * Addresses that are known already, tried in the order given. Hosts that refuse
 * are ports on which nobody listens; one that stays silent is a listener whose
 * backlog is full. What names add to this is in test_dial_race.c.
 */
#include "test/support/net_test.h"

#include "test/support/virtual_clock.h"

static struct side s;

/* --------------------------------------------------------------- helpers */

static int create_side_on(int result)
{
    side_init(&s);
    return result < 0
               ? result
               : weir_socket_create(&s.socket, the_loop, &side_events, &s);
}

static int create_side(void **state)
{
    return create_side_on(test_open_loop(state));
}

#define TEST(function)                                                         \
    cmocka_unit_test_setup_teardown(function, create_side, test_close_loop)

/* With a clock of ours: exact times, which cost none. */
static int create_side_in_virtual_time(void **state)
{
    int result = create_side_on(open_virtual_loop(state));

    spend(MS - virtual.now % MS); /* at a whole tick */
    weir_loop_update_now(the_loop);
    return result;
}

#define TEST_IN_TIME(function)                                                 \
    cmocka_unit_test_setup_teardown(function, create_side_in_virtual_time,     \
                                    test_close_loop)

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

/* A UNIX listener that has no room, and what fills it. */
static weir_address full(int fds[2])
{
    weir_address address;

    fds[0] = net_listener(NET_UNIX, &address);
    assert_int_equal(listen(fds[0], 0), 0);
    fds[1] = socket(AF_UNIX, SOCK_STREAM, 0);
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

/* Turns the loop for so many ms of the clock that is ours. */
static void pass(uint64_t time)
{
    for (time += virtual_ms(); virtual_ms() < time;)
        assert_true(weir_loop_run_once(the_loop, (int)(time - virtual_ms())) >=
                    0);
    for (int i = 0; i < 5; i++)
        assert_true(weir_loop_run_once(the_loop, 0) >= 0);
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

static void
after_one_that_fails_at_once_the_next_is_not_waited_for(void **state)
{
    weir_address addresses[3];
    int fds[2], listener;

    (void)state;
    addresses[0] = silent(fds);
    assert_int_equal(weir_address_unix(&addresses[1], "/no/such/path", 13), 0);
    listener = net_listener(NET_TCP, &addresses[2]);
    assert_int_equal(weir_socket_connect_any(s.socket, addresses, 3, NULL), 0);
    pass(250);
    assert_side(&s, "AABAC");
    test_close_pair(fds);
    close(listener);
    finish();
}

static void one_whose_backlog_is_full_is_not_waited_for(void **state)
{
    weir_address addresses[2];
    int fds[2], listener;

    (void)state;
    addresses[0] = full(fds);
    listener = net_listener(NET_TCP, &addresses[1]);
    assert_int_equal(weir_socket_connect_any(s.socket, addresses, 2, NULL), 0);
    pass(249);
    assert_side(&s, "A");
    pass(1);
    assert_side(&s, "AAC");
    test_close_pair(fds);
    close(listener);
    finish();
}

static void one_whose_backlog_is_full_stays_in_the_race(void **state)
{
    weir_address addresses[2];
    int fds[2], others[2];

    (void)state;
    addresses[0] = full(fds);
    addresses[1] = silent(others);
    assert_int_equal(weir_socket_connect_any(s.socket, addresses, 2, NULL), 0);
    pass(1000);
    assert_side(&s, "AA");
    close(accept(fds[0], NULL, NULL));
    pass(1000);
    assert_side(&s, "AAC");
    test_close_pair(fds);
    test_close_pair(others);
    finish();
}

static unsigned connects;

static int counting_connect(int fd, const struct sockaddr *name, socklen_t size)
{
    connects++;
    return connect(fd, name, size);
}

static void the_pauses_before_a_full_backlog_is_asked_again_grow(void **state)
{
    static const unsigned at[] = { 0, 10, 30, 70, 150, 310, 560, 810, 1060 };
    unsigned passed = 0;
    weir_address address;
    int fds[2];

    (void)state;
    address = full(fds);
    connects = 0;
    weir_sys.connect = counting_connect;
    assert_int_equal(weir_socket_connect(s.socket, &address, NULL), 0);
    for (unsigned i = 0; i < COUNT(at); i++) {
        if (at[i])
            pass(at[i] - 1 - passed);
        assert_int_equal(connects, i);
        pass(at[i] ? 1 : 0);
        assert_int_equal(connects, i + 1);
        passed = at[i];
    }
    test_close_pair(fds);
}

static void an_attempt_for_which_there_was_no_room_fails_once(void **state)
{
    weir_address addresses[2];
    int fds[2], others[2];

    (void)state;
    addresses[0] = full(fds);
    addresses[1] = full(others);
    assert_int_equal(weir_socket_connect_any(s.socket, addresses, 2, NULL), 0);
    pass(1000);
    test_close_pair(fds);
    pass(1000);
    assert_side(&s, "AAB");
    test_close_pair(others);
    RUN_UNTIL(s.closed);
    assert_string_equal(s.log, "AABB!x");
    assert_int_equal(s.error, -ECONNREFUSED);
    assert_false(weir_loop_alive(the_loop));
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

/* ------------------------------------------------------------ how many */

static weir_address many[100];
static unsigned begun, failed;

static void count_attempts(struct side *side, char event)
{
    (void)side;
    begun += event == 'A';
    failed += event == 'B';
}

/* To a hundred addresses of which none answers. */
static void connect_to_many(int fds[2], const weir_connect_options *options)
{
    many[0] = silent(fds);
    for (size_t i = 1; i < COUNT(many); i++)
        many[i] = many[0];
    begun = failed = 0;
    s.hook = count_attempts;
    assert_int_equal(
        weir_socket_connect_any(s.socket, many, COUNT(many), options), 0);
}

static void no_more_than_16_attempts_are_under_way(void **state)
{
    weir_connect_options options = { .attempt_delay = 10 };
    unsigned before, most = 0;
    int fds[2];

    (void)state;
    connect_to_many(fds, &options);
    before = test_open_descriptors();
    while (begun < COUNT(many)) {
        pass(10);
        if (test_open_descriptors() - before > most)
            most = test_open_descriptors() - before;
    }
    assert_int_equal(most, 16);
    assert_int_equal(begun - failed, 16);
    weir_socket_destroy(s.socket);
    assert_int_equal(test_open_descriptors(), before);
    test_close_pair(fds);
}

static void an_attempt_gives_way_to_another_after_4_s(void **state)
{
    weir_connect_options options = { .attempt_delay = 10 };
    int fds[2];

    (void)state;
    connect_to_many(fds, &options);
    pass(3999);
    assert_int_equal(begun, 16);
    assert_int_equal(failed, 0);
    pass(1);
    assert_int_equal(begun, 17);
    assert_int_equal(failed, 1);
    pass(150);
    assert_int_equal(begun, 32);
    assert_int_equal(failed, 16);
    test_close_pair(fds);
}

static void with_the_usual_delay_no_attempt_waits_for_another(void **state)
{
    int fds[2];

    (void)state;
    connect_to_many(fds, NULL);
    for (unsigned i = 1; i <= COUNT(many); i++) {
        assert_int_equal(begun, i - 1);
        pass(i == 1 ? 0 : 1);
        assert_int_equal(begun, i);
        pass(249);
    }
    test_close_pair(fds);
}

static void the_place_of_one_that_fails_is_taken_at_once(void **state)
{
    weir_connect_options options = { .attempt_delay = 10 };
    int fds[2], others[2];

    (void)state;
    many[0] = silent(fds);
    for (size_t i = 1; i < 17; i++)
        many[i] = many[0];
    many[9] = full(others);
    begun = failed = 0;
    s.hook = count_attempts;
    assert_int_equal(weir_socket_connect_any(s.socket, many, 17, &options), 0);
    pass(1000);
    assert_int_equal(begun, 16);
    test_close_pair(others);
    pass(250);
    assert_int_equal(failed, 1);
    assert_int_equal(begun, 17);
    test_close_pair(fds);
}

static void give_up_when_one_is_over(struct side *side, char event)
{
    if (event == 'B')
        weir_socket_destroy(side->socket);
}

static void a_socket_may_be_destroyed_when_an_attempt_gives_way(void **state)
{
    weir_connect_options options = { .attempt_delay = 10 };
    int fds[2];

    (void)state;
    connect_to_many(fds, &options);
    s.hook = give_up_when_one_is_over;
    RUN_UNTIL(s.closed);
    assert_string_equal(s.log, "AAAAAAAAAAAAAAAABx");
    assert_false(weir_loop_alive(the_loop));
    test_close_pair(fds);
}

/* ----------------------------------------------------------------- failing */

static void when_all_refuse_it_is_told_once(void **state)
{
    weir_address addresses[2] = { closed_port(), closed_port() };

    (void)state;
    assert_int_equal(weir_socket_connect_any(s.socket, addresses, 2, NULL), 0);
    assert_true(weir_socket_write(s.socket, "x", 1, side_wrote, &s) >= 0);
    RUN_UNTIL(s.closed);
    assert_string_equal(s.log, "ABABW!x");
    assert_int_equal(s.error, -ECONNREFUSED);
    assert_false(weir_loop_alive(the_loop));
}

static unsigned sockets_refused;

static int scarce_socket(int family, int type, int protocol)
{
    if (!sockets_refused)
        return socket(family, type, protocol);
    sockets_refused--;
    errno = EMFILE;
    return -1;
}

static void want_of_descriptors_says_less_than_an_answer(void **state)
{
    weir_address addresses[2] = { closed_port(), closed_port() };

    (void)state;
    sockets_refused = 1;
    weir_sys.socket = scarce_socket;
    assert_int_equal(weir_socket_connect_any(s.socket, addresses, 2, NULL), 0);
    RUN_UNTIL(s.closed);
    assert_string_equal(s.log, "ABAB!x");
    assert_int_equal(s.error, -ECONNREFUSED);
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
        TEST_IN_TIME(after_one_that_fails_at_once_the_next_is_not_waited_for),
        TEST_IN_TIME(one_whose_backlog_is_full_is_not_waited_for),
        TEST_IN_TIME(one_whose_backlog_is_full_stays_in_the_race),
        TEST_IN_TIME(the_pauses_before_a_full_backlog_is_asked_again_grow),
        TEST_IN_TIME(an_attempt_for_which_there_was_no_room_fails_once),
        TEST(the_addresses_may_go_once_the_call_returns),
        TEST(the_families_are_not_sorted),
        TEST_IN_TIME(no_more_than_16_attempts_are_under_way),
        TEST_IN_TIME(an_attempt_gives_way_to_another_after_4_s),
        TEST_IN_TIME(with_the_usual_delay_no_attempt_waits_for_another),
        TEST_IN_TIME(the_place_of_one_that_fails_is_taken_at_once),
        TEST_IN_TIME(a_socket_may_be_destroyed_when_an_attempt_gives_way),
        TEST(when_all_refuse_it_is_told_once),
        TEST(want_of_descriptors_says_less_than_an_answer),
        TEST(a_local_address_of_another_family_fails_that_attempt_alone),
        TEST(a_socket_may_be_destroyed_between_two_attempts),
        TEST(bad_lists_are_refused_and_the_socket_is_as_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
