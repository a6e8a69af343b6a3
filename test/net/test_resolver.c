/*
 * test_resolver.c - names: what a lookup answers
 *
 * Every test asks a name server of its own on 127.0.0.1 (or none), never the
 * one of this machine.
 */
#include "resolver_test.h"

/* ---------------------------------------------------------------- answers */

static void a_name_has_its_IPv4_address(void **state)
{
    struct outcome outcome;

    (void)state;
    set("a.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    outcome = look_up("a.test", AF_INET);
    assert_only(&outcome, "192.0.2.1");
    assert_int_equal(weir_address_family(&outcome.addresses[0]), AF_INET);
}

static void a_name_has_its_IPv6_address(void **state)
{
    struct outcome outcome;

    (void)state;
    set("a.test", DNS_AAAA, DNS_ADDRESSES, "2001:db8::1");
    outcome = look_up("a.test", AF_INET6);
    assert_only(&outcome, "2001:db8::1");
    assert_int_equal(weir_address_family(&outcome.addresses[0]), AF_INET6);
}

static void both_families_are_asked_for_unless_one_is_wanted(void **state)
{
    struct outcome outcome;

    (void)state;
    set("a.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    set("a.test", DNS_AAAA, DNS_ADDRESSES, "2001:db8::1");
    outcome = look_up_with("a.test", NULL);
    assert_int_equal(outcome.status, 0);
    assert_int_equal(outcome.count, 2);
    assert_true(has(&outcome, "192.0.2.1"));
    assert_true(has(&outcome, "2001:db8::1"));
    outcome = look_up("a.test", AF_INET);
    assert_only(&outcome, "192.0.2.1");
    outcome = look_up("a.test", AF_INET6);
    assert_only(&outcome, "2001:db8::1");
}

static void one_family_of_two_is_enough(void **state)
{
    struct outcome outcome;

    (void)state;
    set("a.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    outcome = look_up("a.test", AF_UNSPEC);
    assert_only(&outcome, "192.0.2.1");
}

static void every_address_of_a_name_is_told_once(void **state)
{
    struct outcome outcome;

    (void)state;
    set("a.test", DNS_A, DNS_ADDRESSES,
        "192.0.2.1,192.0.2.2,192.0.2.1,192.0.2.3,192.0.2.2");
    outcome = look_up("a.test", AF_INET);
    assert_int_equal(outcome.count, 3);
    assert_true(has(&outcome, "192.0.2.1"));
    assert_true(has(&outcome, "192.0.2.2"));
    assert_true(has(&outcome, "192.0.2.3"));
}

/* RFC 6724, rule 1. A UDP socket cannot be connected to the broadcast address,
 * whatever the network is, and to the loopback it always can. */
static void addresses_that_cannot_be_reached_come_last(void **state)
{
    struct outcome outcome;

    (void)state;
    set("a.test", DNS_A, DNS_ADDRESSES, "255.255.255.255,127.0.0.1");
    outcome = look_up("a.test", AF_INET);
    assert_int_equal(outcome.count, 2);
    assert_string_equal(text_of(&outcome, 0), "127.0.0.1");
}

static void an_answer_too_long_for_UDP_is_fetched_over_TCP(void **state)
{
    struct outcome outcome;

    (void)state;
    set("a.test", DNS_A, DNS_TRUNCATED, "192.0.2.1,192.0.2.2");
    outcome = look_up("a.test", AF_INET);
    assert_int_equal(outcome.status, 0);
    assert_int_equal(outcome.count, 2);
    assert_int_equal(dns_server_tcp_questions(server), 1);
}

static void thousands_of_addresses_are_told(void **state)
{
    struct outcome outcome;

    (void)state;
    set("a.test", DNS_A, DNS_MANY, "4000");
    outcome = look_up("a.test", AF_INET);
    assert_int_equal(outcome.status, 0);
    assert_int_equal(outcome.count, 4000);
}

static void many_lookups_are_answered_each_with_its_own(void **state)
{
    enum { MANY = 12 };
    static const char *const addresses[MANY] = {
        "192.0.2.0", "192.0.2.1", "192.0.2.2",  "192.0.2.3",
        "192.0.2.4", "192.0.2.5", "192.0.2.6",  "192.0.2.7",
        "192.0.2.8", "192.0.2.9", "192.0.2.10", "192.0.2.11",
    };
    struct outcome outcomes[MANY] = { { 0 } };
    weir_lookup_options ipv4 = { .family = AF_INET };

    (void)state;
    for (int i = 0; i < MANY; i++) {
        char name[24];

        snprintf(name, sizeof name, "n%d.test", i);
        set(name, DNS_A, DNS_ADDRESSES, addresses[i]);
        assert_int_equal(start(NULL, name, &ipv4, &outcomes[i]), 0);
    }
    assert_int_equal(weir_loop_run(the_loop), 0);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(outcomes[i].calls, 1);
        assert_only(&outcomes[i], addresses[i]);
    }
}

static unsigned timeouts_asked;

typedef struct timeval *timeout_of(void *channel, struct timeval *most,
                                   struct timeval *left);
timeout_of ares_timeout;

/* C-ares' own may look at all that is asked. */
struct timeval *ares_timeout(void *channel, struct timeval *most,
                             struct timeval *left)
{
    static timeout_of *real;

    if (!real)
        real = (timeout_of *)(uintptr_t)dlsym(RTLD_NEXT, "ares_timeout");
    timeouts_asked++;
    return real(channel, most, left);
}

static void the_next_timeout_is_asked_once_a_turn(void **state)
{
    enum { MANY = 50 };
    struct outcome outcomes[MANY] = { { 0 } };
    weir_lookup_options ipv4 = { .family = AF_INET };
    weir_lookup *lookups[MANY];

    (void)state;
    timeouts_asked = 0;
    for (int i = 0; i < MANY; i++)
        assert_int_equal(start(&lookups[i], "a.test", &ipv4, &outcomes[i]), 0);
    weir_loop_run_once(the_loop, 0);
    assert_int_equal(timeouts_asked, 1);
    for (int i = 1; i < MANY; i++)
        weir_lookup_cancel(lookups[i]);
    assert_int_equal(timeouts_asked, 1);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_fails(&outcomes[0], WEIR_ENOTFOUND);
}

/* --------------------------------------------------------------- failures */

static void a_name_that_does_not_exist_is_ENOTFOUND(void **state)
{
    struct outcome outcome;

    (void)state;
    outcome = look_up("nobody.test", AF_UNSPEC);
    assert_fails(&outcome, WEIR_ENOTFOUND);
    outcome = look_up("nobody.test", AF_INET);
    assert_fails(&outcome, WEIR_ENOTFOUND);
}

static void a_name_without_an_address_is_ENODATA(void **state)
{
    struct outcome outcome;

    (void)state;
    set("a.test", DNS_ANY, DNS_NODATA, NULL);
    outcome = look_up("a.test", AF_UNSPEC);
    assert_fails(&outcome, WEIR_ENODATA);
}

static void a_name_without_an_address_of_the_family_is_ENODATA(void **state)
{
    struct outcome outcome;

    (void)state;
    set("a.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    outcome = look_up("a.test", AF_INET6);
    assert_fails(&outcome, WEIR_ENODATA);
}

static void a_server_that_fails_is_ESERVFAIL(void **state)
{
    struct outcome outcome;

    (void)state;
    set("a.test", DNS_ANY, DNS_SERVFAIL, NULL);
    outcome = look_up("a.test", AF_INET);
    assert_fails(&outcome, WEIR_ESERVFAIL);
}

static void a_server_that_knows_no_such_question_is_ESERVFAIL(void **state)
{
    struct outcome outcome;

    (void)state;
    set("a.test", DNS_ANY, DNS_NOTIMP, NULL);
    outcome = look_up("a.test", AF_INET);
    assert_fails(&outcome, WEIR_ESERVFAIL);
}

static void a_server_that_refuses_is_EREFUSED(void **state)
{
    struct outcome outcome;

    (void)state;
    set("a.test", DNS_ANY, DNS_REFUSED, NULL);
    outcome = look_up("a.test", AF_INET);
    assert_fails(&outcome, WEIR_EREFUSED);
}

static void a_server_that_is_silent_is_EDNSTIMEOUT(void **state)
{
    struct outcome outcome;
    uint64_t begin = weir_loop_update_now(the_loop);

    (void)state;
    assert_int_equal(configure(dns_server_address(server), SHORT, 1), 0);
    set("a.test", DNS_ANY, DNS_SILENCE, NULL);
    outcome = look_up("a.test", AF_INET);
    assert_fails(&outcome, WEIR_EDNSTIMEOUT);
    assert_true(weir_loop_update_now(the_loop) - begin >= SHORT - 1);
    assert_int_equal(dns_server_questions(server), 1);
}

static void a_malformed_answer_is_EBADRESP(void **state)
{
    struct outcome outcome;

    (void)state;
    set("a.test", DNS_ANY, DNS_MALFORMED, NULL);
    outcome = look_up("a.test", AF_INET);
    assert_fails(&outcome, WEIR_EBADRESP);
}

static volatile sig_atomic_t broken_pipes;

static void note_broken_pipe(int number)
{
    (void)number;
    broken_pipes++;
}

/* The server asks for TCP, and has cut the connection off before the question
 * is written. */
static void a_server_that_cuts_off_raises_no_SIGPIPE(void **state)
{
    struct outcome outcome;

    (void)state;
    broken_pipes = 0;
    (void)signal(SIGPIPE, note_broken_pipe);
    assert_int_equal(configure(dns_server_address(server), SHORT, 1), 0);
    set("a.test", DNS_ANY, DNS_TRUNCATED, "192.0.2.1");
    dns_server_cut_connections(server);
    outcome = look_up("a.test", AF_INET);
    (void)signal(SIGPIPE, SIG_DFL);
    assert_true(outcome.status < 0);
    assert_int_equal(broken_pipes, 0);
}

static void no_server_at_all_is_ENOSERVER(void **state)
{
    struct outcome outcome;

    (void)state;
    assert_int_equal(configure(NOBODY, 2000, 1), 0);
    outcome = look_up("a.test", AF_INET);
    assert_fails(&outcome, WEIR_ENOSERVER);
}

/* ---------------------------------------------------------------- retries */

static void a_lost_question_is_asked_again(void **state)
{
    struct outcome outcome;

    (void)state;
    assert_int_equal(configure(dns_server_address(server), SHORT, 3), 0);
    set("a.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    dns_server_drop(server, 1);
    outcome = look_up("a.test", AF_INET);
    assert_only(&outcome, "192.0.2.1");
    assert_true(dns_server_questions(server) >= 2);
}

/* Asks `server` first and `second` then, which has the answer. */
static void look_up_at_two(struct dns_server *second)
{
    char servers[64];
    struct outcome outcome;

    snprintf(servers, sizeof servers, "%s,%s", dns_server_address(server),
             dns_server_address(second));
    assert_int_equal(configure(servers, SHORT, 2), 0);
    dns_server_set(second, "a.test", DNS_A, DNS_ADDRESSES, "192.0.2.2");
    outcome = look_up("a.test", AF_INET);
    assert_only(&outcome, "192.0.2.2");
}

static weir_loop *servers_loop;

static void let_the_server_answer(weir_timer *timer)
{
    (void)timer;
    assert_true(weir_loop_run_once(servers_loop, 5000) >= 0);
}

static void sleep_beyond_the_timeout(weir_task *task)
{
    (void)task;
    (void)poll(NULL, 0, 100);
}

/* Two timers are due in one turn, and what the first has taken its time for
 * came after the turn has looked. */
static void an_answer_that_has_come_is_told_before_the_timeout(void **state)
{
    struct outcome outcome = { 0 };
    struct dns_server *slow;
    weir_timer timer;
    weir_task task;

    (void)state;
    assert_int_equal(weir_loop_create(&servers_loop), 0);
    slow = dns_server_start(servers_loop);
    assert_non_null(slow);
    dns_server_set(slow, "late.test", DNS_ANY, DNS_ADDRESSES, "192.0.2.1");
    assert_int_equal(configure(dns_server_address(slow), 50, 1), 0);
    weir_timer_init(&timer, the_loop, let_the_server_answer);
    weir_timer_start_at(&timer, weir_loop_update_now(the_loop) + 1);
    weir_task_init(&task, the_loop, sleep_beyond_the_timeout);
    weir_task_post(&task);
    assert_int_equal(start(NULL, "late.test",
                           &(weir_lookup_options){ .family = AF_INET },
                           &outcome),
                     0);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_only(&outcome, "192.0.2.1");
    dns_server_stop(slow);
    weir_loop_destroy(servers_loop);
}

static void a_second_server_is_asked_when_the_first_is_silent(void **state)
{
    struct dns_server *second = dns_server_start(the_loop);

    (void)state;
    assert_non_null(second);
    set("a.test", DNS_ANY, DNS_SILENCE, NULL);
    look_up_at_two(second);
    assert_true(dns_server_questions(server) >= 1);
    dns_server_stop(second);
}

static void a_second_server_is_asked_when_the_first_fails(void **state)
{
    struct dns_server *second = dns_server_start(the_loop);

    (void)state;
    assert_non_null(second);
    set("a.test", DNS_ANY, DNS_SERVFAIL, NULL);
    look_up_at_two(second);
    dns_server_stop(second);
}

static void what_the_last_server_says_is_told_when_all_fail(void **state)
{
    struct dns_server *second = dns_server_start(the_loop);
    struct outcome outcome;
    char servers[64];

    (void)state;
    assert_non_null(second);
    snprintf(servers, sizeof servers, "%s,%s", dns_server_address(server),
             dns_server_address(second));
    assert_int_equal(configure(servers, 2000, 1), 0);
    set("a.test", DNS_ANY, DNS_SERVFAIL, NULL);
    dns_server_set(second, "a.test", DNS_ANY, DNS_REFUSED, NULL);
    outcome = look_up("a.test", AF_INET);
    assert_fails(&outcome, WEIR_EREFUSED);
    assert_int_equal(dns_server_questions(server), 1);
    assert_int_equal(dns_server_questions(second), 1);
    dns_server_stop(second);
}

static void a_second_server_is_asked_when_the_first_is_gone(void **state)
{
    struct outcome outcome;
    char servers[64];

    (void)state;
    snprintf(servers, sizeof servers, "%s,%s", NOBODY,
             dns_server_address(server));
    assert_int_equal(configure(servers, 2000, 2), 0);
    set("a.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    outcome = look_up("a.test", AF_INET);
    assert_only(&outcome, "192.0.2.1");
}

/* -------------------------------------------------- answers without asking */

static void a_literal_IPv4_address_is_its_own_answer(void **state)
{
    struct outcome outcome = look_up("192.0.2.9", AF_UNSPEC);

    (void)state;
    assert_only(&outcome, "192.0.2.9");
    outcome = look_up("192.0.2.9", AF_INET);
    assert_only(&outcome, "192.0.2.9");
    assert_int_equal(dns_server_questions(server), 0);
}

static void a_literal_IPv6_address_is_its_own_answer(void **state)
{
    struct outcome outcome = look_up("2001:db8::9", AF_UNSPEC);

    (void)state;
    assert_only(&outcome, "2001:db8::9");
    assert_int_equal(dns_server_questions(server), 0);
}

static void a_literal_of_the_other_family_is_ENODATA(void **state)
{
    struct outcome outcome = look_up("192.0.2.9", AF_INET6);

    (void)state;
    assert_fails(&outcome, WEIR_ENODATA);
    outcome = look_up("2001:db8::9", AF_INET);
    assert_fails(&outcome, WEIR_ENODATA);
}

static void a_literal_with_a_scope_keeps_it(void **state)
{
    struct outcome outcome = look_up("fe80::1%1", AF_UNSPEC);

    (void)state;
    assert_int_equal(outcome.status, 0);
    assert_int_equal(outcome.addresses[0].name.ipv6.sin6_scope_id, 1);
}

static void a_scope_that_does_not_exist_is_ENODEV(void **state)
{
    struct outcome outcome = look_up("fe80::1%nosuchif", AF_UNSPEC);

    (void)state;
    assert_fails(&outcome, -ENODEV);
}

static void what_cannot_be_a_host_name_is_EBADNAME_and_not_asked(void **state)
{
    static const char *const names[] = {
        ".",
        "a..test",
        ".a.test",
        "a b.test",
        "a\\046b.test",
        "[::1]",
        "a:80",
        "a/b",
        "a%b",
        "a\n.test",
        "l234567890123456789012345678901234567890123456789012345678901234.c",
        "127.0.0.010",
        "1.2.3",
        "127.0.0.1.",
        "127.0.0.1.5",
        "300.1.1.1",
        "4711",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        struct outcome outcome = look_up(names[i], AF_UNSPEC);

        assert_fails(&outcome, WEIR_EBADNAME);
        outcome = look_up(names[i], AF_INET6);
        assert_fails(&outcome, WEIR_EBADNAME);
    }
    assert_int_equal(dns_server_questions(server), 0);
}

static void a_final_dot_is_part_of_a_name(void **state)
{
    struct outcome outcome;

    (void)state;
    set("a.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    outcome = look_up("a.test.", AF_INET);
    assert_only(&outcome, "192.0.2.1");
}

static void the_longest_names_are_asked_for(void **state)
{
    char name[254];
    struct outcome outcome;

    (void)state;
    memset(name, 'x', sizeof name);
    name[63] = name[127] = name[191] = '.';
    name[253] = '\0';
    set(name, DNS_A, DNS_ADDRESSES, "192.0.2.1");
    outcome = look_up(name, AF_INET);
    assert_only(&outcome, "192.0.2.1");
}

static bool is_loopback(const weir_address *address)
{
    static const struct in6_addr ipv6 = IN6ADDR_LOOPBACK_INIT;

    if (weir_address_family(address) == AF_INET6)
        return memcmp(&address->name.ipv6.sin6_addr, &ipv6, 16) == 0;
    return ntohl(address->name.ipv4.sin_addr.s_addr) >> 24 == 127;
}

/* Whatever the hosts file says, and though the server says otherwise. */
static void assert_local(const char *host, const weir_lookup_options *options)
{
    struct outcome outcome = look_up_with(host, options);

    assert_int_equal(outcome.status, 0);
    for (size_t i = 0; i < outcome.count; i++)
        assert_true(is_loopback(&outcome.addresses[i]));
    assert_int_equal(dns_server_questions(server), 0);
}

static void localhost_is_this_machine_whatever_the_server_says(void **state)
{
    static const char *const names[] = { "localhost", "LocalHost", "localhost.",
                                         "a.localhost", "a.b.LOCALHOST." };

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        weir_lookup_options options = { 0 };

        assert_local(names[i], &options);
        options.family = AF_INET;
        assert_local(names[i], &options);
        options.family = AF_INET6;
        assert_local(names[i], &options);
        options.dns_only = true;
        assert_local(names[i], &options);
    }
}

static void a_name_that_only_ends_like_localhost_is_asked_for(void **state)
{
    struct outcome outcome;

    (void)state;
    set("notlocalhost", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    outcome = look_up("notlocalhost.", AF_INET);
    assert_only(&outcome, "192.0.2.1");
}

static void names_in_invalid_do_not_exist_and_are_not_asked(void **state)
{
    struct outcome outcome = look_up("some.invalid", AF_UNSPEC);

    (void)state;
    assert_fails(&outcome, WEIR_ENOTFOUND);
    assert_int_equal(dns_server_questions(server), 0);
}

/* -------------------------------------------------------------- bad input */

static void a_lookup_without_a_host_is_EINVAL(void **state)
{
    weir_lookup *lookup = NULL;
    struct outcome outcome = { 0 };

    (void)state;
    assert_int_equal(start(&lookup, NULL, NULL, &outcome), -EINVAL);
    assert_int_equal(start(&lookup, "", NULL, &outcome), -EINVAL);
    assert_null(lookup);
    assert_false(weir_loop_alive(the_loop));
}

static void a_lookup_without_loop_or_callback_is_EINVAL(void **state)
{
    weir_lookup *lookup;

    (void)state;
    assert_int_equal(
        weir_lookup_start(NULL, the_loop, "a.test", NULL, on_lookup, NULL),
        -EINVAL);
    assert_int_equal(
        weir_lookup_start(&lookup, NULL, "a.test", NULL, on_lookup, NULL),
        -EINVAL);
    assert_int_equal(
        weir_lookup_start(&lookup, the_loop, "a.test", NULL, NULL, NULL),
        -EINVAL);
    assert_int_equal(weir_resolver_configure(NULL, NULL), -EINVAL);
}

static void a_family_that_has_no_names_is_EINVAL(void **state)
{
    weir_lookup_options options = { .family = AF_UNIX };
    struct outcome outcome = { 0 };

    (void)state;
    assert_int_equal(start(NULL, "a.test", &options, &outcome), -EINVAL);
}

static void a_name_longer_than_DNS_allows_is_ENAMETOOLONG(void **state)
{
    char name[255];
    struct outcome outcome = { 0 };

    (void)state;
    memset(name, 'x', sizeof name);
    name[254] = '\0';
    assert_int_equal(start(NULL, name, NULL, &outcome), -ENAMETOOLONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_name_has_its_IPv4_address),
        TEST(a_name_has_its_IPv6_address),
        TEST(both_families_are_asked_for_unless_one_is_wanted),
        TEST(one_family_of_two_is_enough),
        TEST(every_address_of_a_name_is_told_once),
        TEST(addresses_that_cannot_be_reached_come_last),
        TEST(an_answer_too_long_for_UDP_is_fetched_over_TCP),
        TEST(thousands_of_addresses_are_told),
        TEST(many_lookups_are_answered_each_with_its_own),
        TEST(the_next_timeout_is_asked_once_a_turn),
        TEST(a_name_that_does_not_exist_is_ENOTFOUND),
        TEST(a_name_without_an_address_is_ENODATA),
        TEST(a_name_without_an_address_of_the_family_is_ENODATA),
        TEST(a_server_that_fails_is_ESERVFAIL),
        TEST(a_server_that_knows_no_such_question_is_ESERVFAIL),
        TEST(a_server_that_refuses_is_EREFUSED),
        TEST(a_server_that_is_silent_is_EDNSTIMEOUT),
        TEST(an_answer_that_has_come_is_told_before_the_timeout),
        TEST(a_malformed_answer_is_EBADRESP),
        TEST(a_server_that_cuts_off_raises_no_SIGPIPE),
        TEST(no_server_at_all_is_ENOSERVER),
        TEST(a_lost_question_is_asked_again),
        TEST(a_second_server_is_asked_when_the_first_is_silent),
        TEST(a_second_server_is_asked_when_the_first_fails),
        TEST(what_the_last_server_says_is_told_when_all_fail),
        TEST(a_second_server_is_asked_when_the_first_is_gone),
        TEST(a_literal_IPv4_address_is_its_own_answer),
        TEST(a_literal_IPv6_address_is_its_own_answer),
        TEST(a_literal_of_the_other_family_is_ENODATA),
        TEST(a_literal_with_a_scope_keeps_it),
        TEST(a_scope_that_does_not_exist_is_ENODEV),
        TEST(what_cannot_be_a_host_name_is_EBADNAME_and_not_asked),
        TEST(a_final_dot_is_part_of_a_name),
        TEST(the_longest_names_are_asked_for),
        TEST(localhost_is_this_machine_whatever_the_server_says),
        TEST(a_name_that_only_ends_like_localhost_is_asked_for),
        TEST(names_in_invalid_do_not_exist_and_are_not_asked),
        TEST(a_lookup_without_a_host_is_EINVAL),
        TEST(a_lookup_without_loop_or_callback_is_EINVAL),
        TEST(a_family_that_has_no_names_is_EINVAL),
        TEST(a_name_longer_than_DNS_allows_is_ENAMETOOLONG),
    };

    return cmocka_run_group_tests_name("resolver", tests, NULL, NULL);
}
