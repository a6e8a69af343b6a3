/*
 * test_dial_name.c - connecting by name: lookups, and what is told of them
 *
 * Which resolver is asked and for which family, what `lookup` tells, and what a
 * name costs that cannot be found. How its addresses are tried is in
 * test_dial_race.c.
 */
#include "dial_race_test.h"

static void a_host_is_reached_by_its_name(void **state)
{
    weir_address address;
    int listener = net_listener(NET_TCP, &address), peer;

    (void)state;
    faults_restore();
    events.attempt = side_events.attempt; /* the port is another */
    make_socket(&s);
    set_name(NULL, "127.0.0.1");
    assert_int_equal(weir_socket_connect_host(s.socket, "name.test",
                                              weir_address_port(&address),
                                              NULL),
                     0);
    assert_side(&s, "");
    assert_true(weir_socket_write(s.socket, "hello", 5, side_wrote, &s) >= 0);
    RUN_UNTIL(strchr(s.log, 'D'));
    assert_side(&s, "LACwD");
    peer = accept(listener, NULL, NULL);
    raw_expect(peer, "hello");
    close(peer);
    close(listener);
}

/* The loop's own asks nobody any more, so only this one knows the name. */
static weir_resolver *make_resolver(void)
{
    weir_resolver_options options = { .servers = dns_server_address(dns) };
    weir_resolver_options nobody = { .servers = "127.0.0.1:1" };
    weir_resolver *resolver;

    assert_int_equal(weir_resolver_configure(the_loop, &nobody), 0);
    assert_int_equal(weir_resolver_create(&resolver, the_loop, &options), 0);
    return resolver;
}

static void a_host_is_asked_of_the_resolver_that_is_given(void **state)
{
    weir_connect_options options = { .resolver = make_resolver() };

    (void)state;
    set_hosts("192.0.2.1", 0, NULL);
    set_name(NULL, "192.0.2.1");
    dial(&options);
    RUN_UNTIL(strchr(s.log, 'A'));
    answer(&hosts[0]);
    RUN_UNTIL(strchr(s.log, 'C'));
    weir_resolver_destroy(options.resolver);
}

static void a_resolver_of_another_loop_is_EINVAL(void **state)
{
    weir_connect_options options = { 0 };
    weir_loop *other;

    (void)state;
    assert_int_equal(weir_loop_create(&other), 0);
    assert_int_equal(weir_resolver_create(&options.resolver, other, NULL), 0);
    assert_int_equal(
        weir_socket_connect_host(s.socket, "name.test", PORT, &options),
        -EINVAL);
    assert_int_equal(
        weir_socket_connect_host(s.socket, "127.0.0.1", PORT, &options),
        -EINVAL);
    assert_int_equal(weir_socket_get_state(s.socket), WEIR_SOCKET_NEW);
    assert_int_equal(weir_loop_destroy(other), 0);
}

static void a_resolver_may_be_destroyed_while_it_is_asked(void **state)
{
    weir_connect_options options = { .resolver = make_resolver() };
    unsigned before = test_open_descriptors();

    (void)state;
    set_hosts("192.0.2.1", 0, NULL);
    set_name(NULL, "192.0.2.1");
    dial(&options);
    weir_resolver_destroy(options.resolver);
    RUN_UNTIL(strchr(s.log, 'A'));
    answer(&hosts[0]);
    RUN_UNTIL(strchr(s.log, 'C'));
    weir_socket_destroy(s.socket);
    RUN_UNTIL(s.closed);
    assert_int_equal(test_open_descriptors(), before + 1); /* the other end */
}

static void a_socket_may_end_while_its_destroyed_resolver_is_asked(void **state)
{
    weir_connect_options options = { .resolver = make_resolver() };

    (void)state;
    dns_server_set(dns, "name.test", DNS_ANY, DNS_SILENCE, NULL);
    dial(&options);
    weir_resolver_destroy(options.resolver);
    weir_socket_destroy(s.socket);
    RUN_UNTIL(s.closed);
    assert_side(&s, "x");
}

static void
a_loop_may_be_destroyed_while_a_destroyed_resolver_is_asked(void **state)
{
    weir_connect_options options = { .resolver = make_resolver() };

    (void)state;
    dns_server_set(dns, "name.test", DNS_ANY, DNS_SILENCE, NULL);
    dial(&options);
    weir_resolver_destroy(options.resolver);
    dns_server_stop(dns);
    dns = NULL;
    test_destroy_loop();
    assert_side(&s, "x");
}

static void each_address_is_told_before_the_first_attempt(void **state)
{
    (void)state;
    set_hosts("192.0.2.1", 0, "192.0.2.2", 0, "192.0.2.3", 0, NULL);
    set_name(NULL, "192.0.2.1,192.0.2.2,192.0.2.3");
    dial(NULL);
    run_to(0);
    assert_side(&s, "LLLA");
    answer(&hosts[0]);
    run_to(0);
    assert_side(&s, "LLLAC");
}

static void assert_lookup_fails(int error, const char *name)
{
    RUN_UNTIL(s.closed);
    assert_side(&s, "L!x");
    assert_int_equal(s.error, error);
    assert_true(s.had_error);
    assert_string_equal(found, name);
    assert_string_equal(attempts, "");
}

static void a_name_that_does_not_exist_is_told_as_lookup_and_error(void **state)
{
    (void)state;
    dial(NULL);
    assert_lookup_fails(WEIR_ENOTFOUND, "ENOTFOUND");
}

static void a_name_without_addresses_is_told_as_such(void **state)
{
    (void)state;
    dns_server_set(dns, "name.test", DNS_ANY, DNS_NODATA, "");
    dial(NULL);
    assert_lookup_fails(WEIR_ENODATA, "ENODATA");
}

static void what_went_wrong_says_more_than_no_address(void **state)
{
    (void)state;
    dns_server_set(dns, "name.test", DNS_AAAA, DNS_SERVFAIL, "");
    dns_server_set(dns, "name.test", DNS_A, DNS_NODATA, "");
    dial(NULL);
    assert_lookup_fails(WEIR_ESERVFAIL, "ESERVFAIL");
}

static void check_lookup_call(struct side *side, char event)
{
    const char *call;

    if (event != '!')
        return;
    assert_int_equal(weir_socket_failure(side->socket, &call, NULL),
                     WEIR_ENOTFOUND);
    assert_string_equal(call, "lookup");
}

static void a_lookup_that_fails_names_its_call(void **state)
{
    (void)state;
    s.hook = check_lookup_call;
    dial(NULL);
    assert_lookup_fails(WEIR_ENOTFOUND, "ENOTFOUND");
}

static void writes_fail_with_what_the_lookup_failed_with(void **state)
{
    (void)state;
    dial(NULL);
    assert_true(weir_socket_write(s.socket, "x", 1, side_wrote, &s) >= 0);
    run_to(0);
    assert_side(&s, "LW!x");
    assert_int_equal(s.last_status, WEIR_ENOTFOUND);
}

static void only_the_family_that_is_asked_for_is_looked_up(void **state)
{
    weir_connect_options ipv4 = { .family = AF_INET };

    (void)state;
    set_hosts("192.0.2.1", 0, "2001:db8::1", 0, NULL);
    set_name("2001:db8::1", "192.0.2.1");
    dial(&ipv4);
    run_to(0);
    assert_int_equal(dns_server_questions(dns), 1);
    assert_string_equal(attempts, "0:192.0.2.1");
    assert_string_equal(found, "192.0.2.1");
    answer(&hosts[0]);
    run_to(10);
    assert_side(&s, "LAC");
}

static void an_ipv6_socket_needs_an_ipv6_address(void **state)
{
    weir_connect_options ipv6 = { .family = AF_INET6 };

    (void)state;
    set_name(NULL, "192.0.2.1");
    dial(&ipv6);
    assert_lookup_fails(WEIR_ENODATA, "ENODATA");
}

static void localhost_is_reached_whichever_family_listens(void **state)
{
    weir_address address;
    int listener = net_listener(NET_TCP, &address);

    (void)state;
    faults_restore();
    weir_socket_set_events(s.socket, &side_events);
    assert_int_equal(weir_socket_connect_host(s.socket, "localhost",
                                              weir_address_port(&address),
                                              NULL),
                     0);
    RUN_UNTIL(strchr(s.log, 'C'));
    assert_int_equal(dns_server_questions(dns), 0);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_host_is_reached_by_its_name),
        TEST(a_host_is_asked_of_the_resolver_that_is_given),
        TEST(a_resolver_of_another_loop_is_EINVAL),
        TEST(a_resolver_may_be_destroyed_while_it_is_asked),
        TEST(a_socket_may_end_while_its_destroyed_resolver_is_asked),
        TEST(a_loop_may_be_destroyed_while_a_destroyed_resolver_is_asked),
        TEST(each_address_is_told_before_the_first_attempt),
        TEST(a_name_that_does_not_exist_is_told_as_lookup_and_error),
        TEST(a_name_without_addresses_is_told_as_such),
        TEST(what_went_wrong_says_more_than_no_address),
        TEST(a_lookup_that_fails_names_its_call),
        TEST(writes_fail_with_what_the_lookup_failed_with),
        TEST(only_the_family_that_is_asked_for_is_looked_up),
        TEST(an_ipv6_socket_needs_an_ipv6_address),
        TEST(localhost_is_reached_whichever_family_listens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
