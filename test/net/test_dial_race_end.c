/*
 * test_dial_race_end.c - ending while a name is looked up and tried
 *
 * A socket may be destroyed, closed or reset in any event, and its loop
 * destroyed, whatever is on its way: nothing is told after that, and nothing is
 * left open.
 */
#include "dial_race_test.h"

static char end_at;
static unsigned end_after; /* so many such events were told before */
static void (*end_with)(weir_socket *);

static void end_in_event(struct side *side, char event)
{
    if (event == end_at && end_after-- == 0)
        end_with(side->socket);
}

static void assert_ends(char event, unsigned after, const char *log)
{
    static void (*const ways[])(weir_socket *) = { weir_socket_destroy,
                                                   weir_socket_reset,
                                                   weir_socket_close };

    for (size_t i = 0; i < COUNT(ways); i++) {
        set_hosts("192.0.2.1", 0, "192.0.2.2", 0, "2001:db8::1", ECONNREFUSED,
                  NULL);
        make_socket(&s);
        s.hook = end_in_event;
        end_at = event;
        end_after = after;
        end_with = ways[i];
        dial(NULL);
        assert_true(weir_socket_write(s.socket, "x", 1, side_wrote, &s) >= 0);
        begun = virtual_ms();
        run_to(1000);
        assert_side(&s, log);
        assert_false(s.had_error);
        assert_false(weir_loop_alive(the_loop));
        for (size_t k = 0; k < COUNT(hosts); k++) {
            if (hosts[k].end) {
                assert_true(let_go(&hosts[k]));
                close(hosts[k].end);
                hosts[k].end = 0;
            }
        }
    }
}

static void a_socket_may_end_in_any_event_of_a_race(void **state)
{
    (void)state;
    set_name("2001:db8::1", "192.0.2.1,192.0.2.2");
    assert_ends('L', 0, "LWx"); /* the answer of IPv6 comes first */
    assert_ends('A', 0, "LAWx");
    assert_ends('B', 0, "LABWx");
    assert_ends('L', 1, "LABLWx");
    assert_ends('L', 2, "LABLLWx");
    assert_ends('A', 1, "LABLLAWx");
    assert_ends('A', 2, "LABLLAAWx");
}

static void a_socket_may_end_while_its_name_is_looked_up(void **state)
{
    (void)state;
    dns_server_set(dns, "name.test", DNS_ANY, DNS_SILENCE, "");
    dial(NULL);
    run_to(1);
    assert_int_equal(dns_server_questions(dns), 2);
    weir_socket_destroy(s.socket);
    assert_side(&s, "");
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_side(&s, "x");
}

static void a_socket_may_end_before_its_lookup_has_begun_to_turn(void **state)
{
    (void)state;
    set_name("2001:db8::1", "192.0.2.1");
    dial(NULL);
    weir_socket_destroy(s.socket);
    run_to(10);
    assert_side(&s, "x");
}

static void a_socket_may_end_with_one_of_two_lookups_done(void **state)
{
    (void)state;
    set_hosts("192.0.2.1", 0, NULL);
    dns_server_set(dns, "name.test", DNS_AAAA, DNS_SILENCE, "");
    set_name(NULL, "192.0.2.1");
    dial(NULL);
    run_to(20);
    assert_side(&s, "L");
    weir_socket_destroy(s.socket);
    run_to(100);
    assert_side(&s, "Lx");
    assert_false(weir_loop_alive(the_loop));
}

/* c-ares cannot give up one query: the other socket's must not go with it. */
static void one_socket_given_up_does_not_disturb_another(void **state)
{
    static struct side other;

    (void)state;
    set_hosts("192.0.2.1", 0, "2001:db8::1", 0, NULL);
    set_name("2001:db8::1", "192.0.2.1");
    make_socket(&other);
    dial(NULL);
    assert_int_equal(
        weir_socket_connect_host(other.socket, "name.test", PORT, NULL), 0);
    weir_socket_destroy(s.socket);
    run_to(0);
    assert_side(&s, "x");
    answer(&hosts[1]);
    run_to(0);
    assert_non_null(strchr(other.log, 'C'));
    net_finish(&other);
}

static void a_loop_destroyed_during_a_lookup_closes_the_socket(void **state)
{
    (void)state;
    dns_server_set(dns, "name.test", DNS_ANY, DNS_SILENCE, "");
    dial(NULL);
    run_to(1);
    dns_server_stop(dns);
    dns = NULL;
    test_destroy_loop();
    assert_true(s.closed);
    assert_string_equal(s.log + s.logged - 1, "x");
}

static void a_loop_destroyed_during_a_race_closes_all_of_it(void **state)
{
    (void)state;
    set_hosts("192.0.2.1", 0, "192.0.2.2", 0, NULL);
    dns_server_set(dns, "name.test", DNS_AAAA, DNS_SILENCE, "");
    set_name(NULL, "192.0.2.1,192.0.2.2");
    dial(NULL);
    run_to(310);
    assert_side(&s, "LLAA");
    dns_server_stop(dns);
    dns = NULL;
    test_destroy_loop();
    assert_true(s.closed);
    assert_true(let_go(&hosts[0]));
    assert_true(let_go(&hosts[1]));
}

static void
a_loop_destroyed_with_an_answer_on_its_way_is_no_attempt(void **state)
{
    (void)state;
    dns_server_set(dns, "name.test", DNS_AAAA, DNS_SILENCE, "");
    set_name(NULL, "192.0.2.1");
    dial(NULL);
    run_to(20); /* IPv4 waits for IPv6 */
    dns_server_stop(dns);
    dns = NULL;
    test_destroy_loop();
    assert_true(s.closed);
    assert_string_equal(attempts, "");
}

static void
an_unreferenced_socket_looks_up_without_keeping_the_loop(void **state)
{
    (void)state;
    dns_server_set(dns, "name.test", DNS_ANY, DNS_SILENCE, "");
    weir_socket_unref(s.socket);
    dial(NULL);
    assert_false(weir_loop_alive(the_loop));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_socket_may_end_in_any_event_of_a_race),
        TEST(a_socket_may_end_while_its_name_is_looked_up),
        TEST(a_socket_may_end_before_its_lookup_has_begun_to_turn),
        TEST(a_socket_may_end_with_one_of_two_lookups_done),
        TEST(one_socket_given_up_does_not_disturb_another),
        TEST(a_loop_destroyed_during_a_lookup_closes_the_socket),
        TEST(a_loop_destroyed_during_a_race_closes_all_of_it),
        TEST(a_loop_destroyed_with_an_answer_on_its_way_is_no_attempt),
        TEST(an_unreferenced_socket_looks_up_without_keeping_the_loop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
