/*
 * test_dial_race.c - connecting to a name's addresses: attempts, and who wins
 *
 * When the first attempt begins and when the next, in which order, what an
 * attempt that fails changes, and which error is told when all have failed.
 * What the lookup itself does is in test_dial_name.c.
 */
#include "dial_race_test.h"

/* --------------------------------------------------------- when to begin */

static void ipv4_waits_50_ms_for_the_answer_of_ipv6(void **state)
{
    (void)state;
    set_hosts("192.0.2.1", 0, NULL);
    dns_server_set(dns, "name.test", DNS_AAAA, DNS_SILENCE, "");
    set_name(NULL, "192.0.2.1");
    dial(NULL);
    run_to(49);
    assert_string_equal(found, "192.0.2.1");
    assert_string_equal(attempts, "");
    run_to(50);
    assert_string_equal(attempts, "50:192.0.2.1");
    answer(&hosts[0]);
    run_to(50);
    assert_side(&s, "LAC");
}

static void ipv4_does_not_wait_when_there_is_no_ipv6_address(void **state)
{
    (void)state;
    set_hosts("192.0.2.1", 0, NULL);
    set_name(NULL, "192.0.2.1");
    dial(NULL);
    run_to(0);
    assert_string_equal(attempts, "0:192.0.2.1");
}

/* In slow motion, so that the answer comes well within the 50 ms. */
static void an_ipv6_answer_within_50_ms_goes_first(void **state)
{
    (void)state;
    set_hosts("192.0.2.1", 0, "2001:db8::1", 0, NULL);
    set_name("2001:db8::1", "192.0.2.1");
    dns_server_delay_type(dns, DNS_AAAA, 20);
    let_time_pass(10);
    dial(NULL);
    RUN_UNTIL(strchr(s.log, 'A'));
    assert_string_equal(found, "192.0.2.1 2001:db8::1");
    assert_side(&s, "LLA");
    assert_non_null(strstr(attempts, ":2001:db8::1"));
}

/* ------------------------------------------------------------- the race */

/* Field note 18: Node gave up each attempt after 250 ms, and never reached a
 * host that is 300 ms away. */
static void a_host_that_is_slow_to_answer_is_not_given_up(void **state)
{
    (void)state;
    set_hosts("192.0.2.1", 0, "192.0.2.2", 0, NULL);
    set_name(NULL, "192.0.2.1,192.0.2.2");
    dial(NULL);
    run_to(249);
    assert_string_equal(attempts, "0:192.0.2.1");
    run_to(299);
    assert_string_equal(attempts, "0:192.0.2.1 250:192.0.2.2");
    assert_false(let_go(&hosts[0]));
    answer(&hosts[0]);
    run_to(300);
    assert_side(&s, "LLAAC");
    assert_true(let_go(&hosts[1]));
    assert_true(weir_socket_write(s.socket, "hello", 5, NULL, NULL) >= 0);
    raw_expect(hosts[0].end, "hello");
}

static void the_first_to_answer_wins_and_the_others_are_closed(void **state)
{
    (void)state;
    set_hosts("192.0.2.1", 0, "192.0.2.2", 0, "192.0.2.3", 0, "192.0.2.4", 0,
              NULL);
    set_name(NULL, "192.0.2.1,192.0.2.2,192.0.2.3,192.0.2.4");
    dial(NULL);
    run_to(600);
    assert_string_equal(attempts, "0:192.0.2.1 250:192.0.2.2 500:192.0.2.3");
    answer(&hosts[1]);
    run_to(2000);
    assert_side(&s, "LLLLAAAC");
    assert_true(let_go(&hosts[0]));
    assert_false(let_go(&hosts[1]));
    assert_true(let_go(&hosts[2]));
    assert_int_equal(hosts[3].fd, 0);
}

/* Field note 8: both become writable in one batch, and the second one's event
 * is stale. */
static void two_that_answer_at_once_make_one_connection(void **state)
{
    (void)state;
    set_hosts("192.0.2.1", 0, "192.0.2.2", 0, NULL);
    set_name(NULL, "192.0.2.1,192.0.2.2");
    dial(NULL);
    run_to(251);
    answer(&hosts[0]);
    answer(&hosts[1]);
    run_to(251);
    assert_side(&s, "LLAAC");
    assert_true(let_go(&hosts[0]) != let_go(&hosts[1]));
}

static void the_families_take_turns_beginning_with_ipv6(void **state)
{
    (void)state;
    set_hosts("192.0.2.1", 0, "192.0.2.2", 0, "192.0.2.3", 0, "2001:db8::1", 0,
              "2001:db8::2", 0, NULL);
    set_name("2001:db8::1,2001:db8::2", "192.0.2.1,192.0.2.2,192.0.2.3");
    dial(NULL);
    run_to(1000);
    assert_string_equal(attempts, "0:2001:db8::1 250:192.0.2.1 500:2001:db8::2 "
                                  "750:192.0.2.2 1000:192.0.2.3");
    answer(&hosts[4]);
    run_to(1000);
    assert_non_null(strchr(s.log, 'C'));
}

static void a_dead_family_costs_250_ms(void **state)
{
    (void)state;
    set_hosts("192.0.2.1", 0, "2001:db8::1", 0, NULL);
    set_name("2001:db8::1", "192.0.2.1");
    dial(NULL);
    run_to(250);
    assert_string_equal(attempts, "0:2001:db8::1 250:192.0.2.1");
    answer(&hosts[0]);
    run_to(250);
    assert_non_null(strchr(s.log, 'C'));
    assert_true(let_go(&hosts[1]));
}

static void an_attempt_that_fails_moves_on_at_once(void **state)
{
    (void)state;
    set_hosts("192.0.2.1", 0, "192.0.2.2", 0, "192.0.2.3", 0, NULL);
    set_name(NULL, "192.0.2.1,192.0.2.2,192.0.2.3");
    dial(NULL);
    run_to(100);
    refuse(&hosts[0], ECONNREFUSED);
    run_to(349);
    assert_string_equal(attempts, "0:192.0.2.1 100!192.0.2.1 100:192.0.2.2");
    run_to(350);
    assert_string_equal(attempts, "0:192.0.2.1 100!192.0.2.1 100:192.0.2.2 "
                                  "350:192.0.2.3");
    answer(&hosts[1]);
    run_to(350);
    assert_side(&s, "LLLABAAC");
    assert_int_equal(weir_socket_failure(s.socket, NULL, NULL), 0);
}

/* Field note 18. */
static void no_route_to_a_family_costs_no_time(void **state)
{
    (void)state;
    set_hosts("192.0.2.1", 0, "2001:db8::1", ENETUNREACH, "2001:db8::2",
              ENETUNREACH, NULL);
    set_name("2001:db8::1,2001:db8::2", "192.0.2.1");
    dial(NULL);
    run_to(0);
    answer(&hosts[0]);
    run_to(0);
    assert_non_null(strstr(attempts, "0:192.0.2.1"));
    assert_non_null(strstr(attempts, "0!2001:db8::1"));
    assert_non_null(strchr(s.log, 'C'));
}

static void a_failure_late_in_the_race_leaves_the_others_running(void **state)
{
    (void)state;
    set_hosts("192.0.2.1", 0, "192.0.2.2", 0, NULL);
    set_name(NULL, "192.0.2.1,192.0.2.2");
    dial(NULL);
    run_to(300);
    refuse(&hosts[1], ECONNREFUSED);
    run_to(1000);
    assert_side(&s, "LLAAB");
    refuse(&hosts[0], ETIMEDOUT);
    run_to(1000);
    assert_side(&s, "LLAABB!x");
    assert_int_equal(s.error, -ECONNREFUSED);
}

static void the_delay_between_attempts_can_be_chosen(void **state)
{
    weir_connect_options options = { .attempt_delay = 100 };

    (void)state;
    set_hosts("192.0.2.1", 0, "192.0.2.2", 0, "192.0.2.3", 0, NULL);
    set_name(NULL, "192.0.2.1,192.0.2.2,192.0.2.3");
    dial(&options);
    run_to(1000);
    assert_string_equal(attempts, "0:192.0.2.1 100:192.0.2.2 200:192.0.2.3");
}

static void a_delay_below_10_ms_is_10_ms(void **state)
{
    weir_connect_options options = { .attempt_delay = 1 };

    (void)state;
    set_hosts("192.0.2.1", 0, "192.0.2.2", 0, NULL);
    set_name(NULL, "192.0.2.1,192.0.2.2");
    dial(&options);
    run_to(1000);
    assert_string_equal(attempts, "0:192.0.2.1 10:192.0.2.2");
}

/* The delay has long passed since the last attempt. */
static void an_address_that_is_found_late_is_tried_at_once(void **state)
{
    weir_connect_options options = { .attempt_delay = 10 };

    (void)state;
    use_two_servers(50);
    set_hosts("192.0.2.1", 0, "2001:db8::1", 0, NULL);
    set_name("2001:db8::1", NULL);
    dns_server_set(dns, "name.test", DNS_A, DNS_SILENCE, "");
    dns_server_set(second_dns, "name.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    let_time_pass(1);
    dial(&options);
    RUN_UNTIL(strstr(found, "192.0.2.1"));
    assert_side(&s, "LALA");
    answer(&hosts[0]);
    RUN_UNTIL(strchr(s.log, 'C'));
    assert_true(let_go(&hosts[1]));
}

/* Only the other family's addresses can be reached from it. */
static void a_local_address_leaves_out_the_other_family(void **state)
{
    weir_address local = weir_address_loopback(0);
    weir_connect_options options = { .local = &local };

    (void)state;
    set_hosts("192.0.2.1", 0, "2001:db8::1", 0, NULL);
    set_name("2001:db8::1", "192.0.2.1");
    dial(&options);
    run_to(0);
    assert_int_equal(hosts[1].fd, 0);
    assert_non_null(strstr(attempts, "0:192.0.2.1"));
    answer(&hosts[0]);
    run_to(0);
    assert_non_null(strchr(s.log, 'C'));
}

static void a_local_port_alone_holds_for_both_families(void **state)
{
    weir_address free_port, local;
    weir_connect_options options = { .local = &local };
    unsigned port;

    (void)state;
    close(net_listener(NET_TCP, &free_port));
    port = weir_address_port(&free_port);
    local = weir_address_any(port);
    set_hosts("192.0.2.1", 0, "2001:db8::1", 0, NULL);
    set_name("2001:db8::1", "192.0.2.1");
    dial(&options);
    run_to(250);
    assert_string_equal(attempts, "0:2001:db8::1 250:192.0.2.1");
    assert_int_equal(weir_address_family(&hosts[0].local), AF_INET);
    assert_int_equal(weir_address_port(&hosts[0].local), port);
    assert_int_equal(weir_address_family(&hosts[1].local), AF_INET6);
    assert_int_equal(weir_address_port(&hosts[1].local), port);
}

static void an_address_found_early_waits_for_its_turn(void **state)
{
    (void)state;
    set_hosts("192.0.2.1", 0, "2001:db8::1", 0, NULL);
    set_name("2001:db8::1", "192.0.2.1");
    dial(NULL);
    run_to(249);
    assert_string_equal(attempts, "0:2001:db8::1");
}

static void a_name_found_when_all_attempts_have_failed_is_tried(void **state)
{
    (void)state;
    use_two_servers(50);
    set_hosts("192.0.2.1", 0, "2001:db8::1", ECONNREFUSED, NULL);
    set_name("2001:db8::1", NULL);
    dns_server_set(dns, "name.test", DNS_A, DNS_SILENCE, "");
    dns_server_set(second_dns, "name.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    let_time_pass(1);
    dial(NULL);
    RUN_UNTIL(strstr(found, "192.0.2.1"));
    answer(&hosts[0]);
    RUN_UNTIL(strchr(s.log, 'C'));
    assert_side(&s, "LABLAC");
}

/* ---------------------------------------------------- when all have failed */

static void assert_all_fail(int ipv6_error, int ipv4_error, int told,
                            const char *about)
{
    const char *call;
    weir_address address, wanted;

    set_hosts("2001:db8::1", ipv6_error, "192.0.2.1", ipv4_error, NULL);
    dial(NULL);
    weir_address_ip(&wanted, about, PORT);
    RUN_UNTIL(weir_socket_get_state(s.socket) == WEIR_SOCKET_CLOSED);
    assert_int_equal(weir_socket_failure(s.socket, &call, &address), told);
    assert_string_equal(call, "connect");
    assert_true(weir_address_equal(&address, &wanted));
    run_to(0);
    assert_true(s.closed);
    assert_int_equal(s.error, told);
}

static void the_error_of_a_host_counts_more_than_that_of_the_way(void **state)
{
    (void)state;
    set_name("2001:db8::1", "192.0.2.1");
    assert_all_fail(ENETUNREACH, ECONNREFUSED, -ECONNREFUSED, "192.0.2.1");
    make_socket(&s);
    assert_all_fail(ECONNREFUSED, ENETUNREACH, -ECONNREFUSED, "2001:db8::1");
    make_socket(&s);
    assert_all_fail(ECONNREFUSED, ETIMEDOUT, -ECONNREFUSED, "2001:db8::1");
}

static void a_connect_timeout_holds_while_names_are_looked_up(void **state)
{
    weir_connect_options options = { .timeout = 300 };

    (void)state;
    dns_server_set(dns, "name.test", DNS_ANY, DNS_SILENCE, "");
    dial(&options);
    run_to(299);
    assert_side(&s, "");
    run_to(300);
    assert_side(&s, "!x");
    assert_int_equal(s.error, -ETIMEDOUT);
    assert_false(weir_loop_alive(the_loop));
}

static void a_connect_timeout_ends_the_whole_race(void **state)
{
    weir_connect_options options = { .timeout = 300 };

    (void)state;
    set_hosts("192.0.2.1", 0, "192.0.2.2", 0, "192.0.2.3", 0, NULL);
    set_name(NULL, "192.0.2.1,192.0.2.2,192.0.2.3");
    dial(&options);
    run_to(300);
    assert_side(&s, "LLLAA!x");
    assert_int_equal(s.error, -ETIMEDOUT);
    assert_true(let_go(&hosts[0]));
    assert_true(let_go(&hosts[1]));
    assert_false(weir_loop_alive(the_loop));
}

static void nothing_of_a_race_outlives_it(void **state)
{
    weir_connect_options options = { .timeout = 5000 };
    uint64_t now;

    (void)state;
    set_hosts("192.0.2.1", 0, "192.0.2.2", 0, NULL);
    set_name(NULL, "192.0.2.1,192.0.2.2");
    dial(&options);
    run_to(10);
    answer(&hosts[0]);
    run_to(10);
    assert_side(&s, "LLAC");
    weir_socket_destroy(s.socket);
    now = virtual.now;
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(virtual.now, now);
    run_to(6000);
    assert_side(&s, "LLACx");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ipv4_waits_50_ms_for_the_answer_of_ipv6),
        TEST(ipv4_does_not_wait_when_there_is_no_ipv6_address),
        TEST(an_ipv6_answer_within_50_ms_goes_first),
        TEST(a_host_that_is_slow_to_answer_is_not_given_up),
        TEST(the_first_to_answer_wins_and_the_others_are_closed),
        TEST(two_that_answer_at_once_make_one_connection),
        TEST(the_families_take_turns_beginning_with_ipv6),
        TEST(a_dead_family_costs_250_ms),
        TEST(an_attempt_that_fails_moves_on_at_once),
        TEST(no_route_to_a_family_costs_no_time),
        TEST(a_failure_late_in_the_race_leaves_the_others_running),
        TEST(the_delay_between_attempts_can_be_chosen),
        TEST(a_delay_below_10_ms_is_10_ms),
        TEST(an_address_that_is_found_late_is_tried_at_once),
        TEST(a_local_address_leaves_out_the_other_family),
        TEST(a_local_port_alone_holds_for_both_families),
        TEST(an_address_found_early_waits_for_its_turn),
        TEST(a_name_found_when_all_attempts_have_failed_is_tried),
        TEST(the_error_of_a_host_counts_more_than_that_of_the_way),
        TEST(a_connect_timeout_holds_while_names_are_looked_up),
        TEST(a_connect_timeout_ends_the_whole_race),
        TEST(nothing_of_a_race_outlives_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
