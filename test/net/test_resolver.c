/*
 * test_resolver.c - names: what a lookup answers, and when
 *
 * Every test asks a name server of its own on 127.0.0.1 (or none), never the
 * one of this machine. The last section asks a real one, dnsmasq.
 */
#include "test/support/lookup_test.h"

/* Ours stands before it, and its first argument differs by version. */
#define ares_timeout ares_timeout_of_the_library
#include <ares.h>
#undef ares_timeout
#include <dlfcn.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

enum { SHORT = 30 };

/* tcpmux, which nobody runs. A port that a test has just given back may be
 * another program's by now. */
#define NOBODY "127.0.0.1:1"

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

/* ------------------------------------------------------- when it is told */

static void a_lookup_knows_its_host_loop_and_data(void **state)
{
    struct outcome outcome = { 0 };
    weir_lookup *lookup;

    (void)state;
    assert_int_equal(start(&lookup, "a.test", NULL, &outcome), 0);
    assert_string_equal(weir_lookup_host(lookup), "a.test");
    assert_ptr_equal(weir_lookup_loop(lookup), the_loop);
    assert_ptr_equal(weir_lookup_data(lookup), &outcome);
    weir_lookup_cancel(lookup);
}

/* on_lookup() checks it for all of them; here are those that c-ares or we
 * could answer at once. */
static void the_callback_never_comes_from_inside_the_call(void **state)
{
    static const char *const hosts[] = { "192.0.2.1", "localhost", "a..b",
                                         "x.invalid", "1.2.3.4.test" };

    (void)state;
    for (size_t i = 0; i < COUNT(hosts); i++) {
        struct outcome outcome = { 0 };

        assert_int_equal(start(NULL, hosts[i], NULL, &outcome), 0);
        assert_int_equal(outcome.calls, 0);
        assert_int_equal(weir_loop_run(the_loop), 0);
        assert_int_equal(outcome.calls, 1);
    }
}

static struct outcome second;

static void then_look_up_again(weir_lookup *lookup, struct outcome *outcome)
{
    (void)lookup, (void)outcome;
    assert_int_equal(start(NULL, "a.test", NULL, &second), 0);
}

/* Whatever cache c-ares has. */
static void every_lookup_asks_anew(void **state)
{
    struct outcome outcome;

    (void)state;
    set("a.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    for (unsigned i = 1; i <= 3; i++) {
        outcome = look_up("a.test", AF_INET);
        assert_only(&outcome, "192.0.2.1");
        assert_int_equal(dns_server_questions(server), i);
    }
}

static void a_lookup_may_begin_in_the_callback_of_another(void **state)
{
    struct outcome first = { .then = then_look_up_again };

    (void)state;
    second = (struct outcome){ 0 };
    set("a.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    assert_int_equal(start(NULL, "a.test", NULL, &first), 0);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_only(&first, "192.0.2.1");
    assert_only(&second, "192.0.2.1");
}

static void then_cancel_itself(weir_lookup *lookup, struct outcome *outcome)
{
    (void)outcome;
    weir_lookup_cancel(lookup);
    weir_lookup_unref(lookup);
    weir_lookup_ref(lookup);
}

static void a_callback_may_cancel_its_own_lookup(void **state)
{
    struct outcome outcome = { .then = then_cancel_itself };

    (void)state;
    assert_int_equal(start(NULL, "nobody.test", NULL, &outcome), 0);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(outcome.calls, 1);
}

static void then_cancel_other(weir_lookup *lookup, struct outcome *outcome)
{
    (void)lookup;
    if (outcome->other)
        weir_lookup_cancel(outcome->other);
}

static void a_callback_may_cancel_another_lookup(void **state)
{
    static const char *const hosts[] = { "192.0.2.1", "silent.test" };

    (void)state;
    set("silent.test", DNS_ANY, DNS_SILENCE, NULL);
    for (size_t i = 0; i < COUNT(hosts); i++) {
        struct outcome first = { .then = then_cancel_other }, other = { 0 };

        assert_int_equal(start(NULL, "192.0.2.2", NULL, &first), 0);
        assert_int_equal(start(&first.other, hosts[i], NULL, &other), 0);
        assert_int_equal(weir_loop_run(the_loop), 0);
        assert_int_equal(first.calls, 1);
        assert_int_equal(other.calls, 0);
    }
}

/* ----------------------------------------------------------------- cancel */

static void a_cancelled_lookup_is_not_told_and_holds_nothing(void **state)
{
    unsigned before = test_open_descriptors();
    struct outcome outcome = { 0 };
    weir_lookup *lookup;

    (void)state;
    set("a.test", DNS_ANY, DNS_SILENCE, NULL);
    assert_int_equal(start(&lookup, "a.test", NULL, &outcome), 0);
    assert_true(test_open_descriptors() > before);
    weir_lookup_cancel(lookup);
    assert_false(weir_loop_alive(the_loop));
    assert_int_equal(test_open_descriptors(), before);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(outcome.calls, 0);
}

static void cancelling_one_lookup_leaves_the_others_alone(void **state)
{
    struct outcome outcome = { 0 }, cancelled = { 0 };
    weir_lookup *lookup;

    (void)state;
    set("a.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    assert_int_equal(start(&lookup, "a.test", NULL, &cancelled), 0);
    assert_int_equal(start(NULL, "a.test", NULL, &outcome), 0);
    weir_lookup_cancel(lookup);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(cancelled.calls, 0);
    assert_only(&outcome, "192.0.2.1");
}

static void the_last_answer_takes_what_was_cancelled_with_it(void **state)
{
    unsigned before = test_open_descriptors();
    struct outcome outcome = { 0 }, cancelled = { 0 };
    weir_lookup *lookup;

    (void)state;
    set("a.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    set("silent.test", DNS_ANY, DNS_SILENCE, NULL);
    assert_int_equal(start(&lookup, "silent.test", NULL, &cancelled), 0);
    assert_int_equal(start(NULL, "a.test", NULL, &outcome), 0);
    weir_lookup_cancel(lookup);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_only(&outcome, "192.0.2.1");
    assert_int_equal(test_open_descriptors(), before);
}

static void a_lookup_that_has_its_answer_can_still_be_cancelled(void **state)
{
    struct outcome outcome = { 0 };
    weir_lookup *lookup;

    (void)state;
    assert_int_equal(start(&lookup, "192.0.2.1", NULL, &outcome), 0);
    weir_lookup_cancel(lookup);
    assert_false(weir_loop_alive(the_loop));
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(outcome.calls, 0);
}

/* --------------------------------------------------- the loop and lookups */

static void a_lookup_keeps_the_loop_going(void **state)
{
    struct outcome outcome = { 0 };

    (void)state;
    dns_server_set_delay(server, 5);
    set("a.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    assert_int_equal(start(NULL, "a.test", NULL, &outcome), 0);
    assert_true(weir_loop_alive(the_loop));
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_only(&outcome, "192.0.2.1");
    assert_false(weir_loop_alive(the_loop));
}

static void an_unreferenced_lookup_does_not_hold_the_loop(void **state)
{
    struct outcome outcome = { 0 };
    weir_lookup *lookup;

    (void)state;
    set("a.test", DNS_ANY, DNS_SILENCE, NULL);
    assert_int_equal(start(&lookup, "a.test", NULL, &outcome), 0);
    weir_lookup_unref(lookup);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(outcome.calls, 0);
    weir_lookup_ref(lookup);
    assert_true(weir_loop_alive(the_loop));
    weir_lookup_cancel(lookup);
}

static void then_start_another(weir_lookup *lookup, struct outcome *outcome)
{
    weir_lookup *another;

    assert_int_equal(weir_lookup_start(&another, weir_lookup_loop(lookup),
                                       "192.0.2.1", NULL, on_lookup, NULL),
                     -ECANCELED);
    if (outcome->other) /* this is the last one */
        assert_int_equal(
            weir_resolver_configure(weir_lookup_loop(lookup), NULL),
            -ECANCELED);
}

static void lookups_of_a_destroyed_loop_are_told_ECANCELED(void **state)
{
    struct outcome left = { .then = then_start_another };
    struct outcome asked = { .then = then_start_another };
    struct outcome known = { .then = then_start_another }, cancelled = { 0 };
    weir_lookup *lookup;

    (void)state;
    set("a.test", DNS_ANY, DNS_SILENCE, NULL);
    assert_int_equal(start(NULL, "a.test", NULL, &left), 0);
    assert_int_equal(configure(dns_server_address(server), 1000, 1), 0);
    assert_int_equal(start(NULL, "a.test", NULL, &asked), 0);
    assert_int_equal(start(&known.other, "192.0.2.1", NULL, &known), 0);
    assert_int_equal(start(&lookup, "a.test", NULL, &cancelled), 0);
    weir_lookup_cancel(lookup);
    destroy_all();
    assert_int_equal(left.calls, 1);
    assert_fails(&left, -ECANCELED);
    assert_int_equal(asked.calls, 1);
    assert_fails(&asked, -ECANCELED);
    assert_int_equal(known.calls, 1);
    assert_fails(&known, -ECANCELED);
    assert_int_equal(cancelled.calls, 0);
}

static void *look_up_on_a_thread(void *argument)
{
    struct outcome *outcome = argument;
    weir_loop *own;

    if (weir_loop_create(&own) < 0)
        return NULL;
    for (int i = 0; i < 20; i++) {
        struct dns_server *names = dns_server_start(own);
        weir_resolver_options options = { NULL, 2000, 1 };
        weir_lookup *lookup;

        if (!names)
            break;
        options.servers = dns_server_address(names);
        dns_server_set(names, "a.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
        if (weir_resolver_configure(own, &options) == 0 &&
            weir_lookup_start(&lookup, own, "a.test", NULL, on_lookup,
                              outcome) == 0)
            (void)weir_loop_run(own);
        dns_server_stop(names);
    }
    (void)weir_loop_destroy(own);
    return NULL;
}

static void loops_of_several_threads_look_names_up_at_once(void **state)
{
    struct outcome outcomes[3] = { { 0 } };
    pthread_t threads[3];

    (void)state;
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, look_up_on_a_thread,
                                        &outcomes[i]),
                         0);
    for (size_t i = 0; i < COUNT(threads); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(outcomes[i].calls, 20);
        assert_only(&outcomes[i], "192.0.2.1");
    }
}

/* Stands before c-ares' own, which is called with weir's lock held: while
 * `slow` it is held most of the time. */
static _Atomic bool slow;

int ares_library_init(int flags)
{
    static int (*real)(int);

    if (!real)
        real = (int (*)(int))(uintptr_t)dlsym(RTLD_NEXT, "ares_library_init");
    if (slow)
        (void)poll(NULL, 0, 2);
    return real(flags);
}

static void *open_channels(void *unused)
{
    (void)unused;
    while (slow) {
        weir_loop *own;

        if (weir_loop_create(&own) < 0)
            break;
        (void)weir_resolver_configure(own, NULL);
        (void)weir_loop_destroy(own);
    }
    return NULL;
}

/* In a child: 0 when a loop of its own can look a name up. A lock that it
 * waits for does not come; the alarm ends it then. */
static int look_up_in_child(void)
{
    struct outcome outcome = { 0 };
    weir_lookup *lookup;
    weir_loop *own;

    alarm(5);
    if (weir_loop_create(&own) < 0 || weir_resolver_configure(own, NULL) < 0 ||
        weir_lookup_start(&lookup, own, "192.0.2.1", NULL, on_lookup,
                          &outcome) < 0 ||
        weir_loop_run(own) < 0 || weir_loop_destroy(own) < 0)
        return 1;
    return outcome.calls != 1;
}

/* Not by exit(), at which Valgrind would take what the parent's other thread
 * had for lost. */
static void end_child(int result)
{
    kill(getpid(), result == 0 ? SIGKILL : SIGTERM);
}

static void a_forked_child_may_look_up_on_a_loop_of_its_own(void **state)
{
    pthread_t thread;
    bool right = true;

    (void)state;
#ifdef __SANITIZE_ADDRESS__
    print_message("# its allocator's locks stay held in a child: skipped\n");
    return;
#endif
    slow = true;
    assert_int_equal(pthread_create(&thread, NULL, open_channels, NULL), 0);
    for (int i = 0; i < 10 && right; i++) {
        int status;
        pid_t child = fork();

        if (child == 0)
            end_child(look_up_in_child());
        assert_true(child > 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        right = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    }
    slow = false;
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(right);
}

/* ------------------------------------------------------------- configuring */

static void servers_that_are_no_addresses_are_EINVAL(void **state)
{
    static const char *const servers[] = { "",
                                           "nonsense",
                                           "1.2.3",
                                           "[::1",
                                           "127.0.0.1:x",
                                           "127.0.0.1:99999",
                                           "127.0.0.1 x",
                                           "127.0.0.1:",
                                           "127.0.0.1:0",
                                           "::1,x" };

    (void)state;
    for (size_t i = 0; i < COUNT(servers); i++) {
        if (configure(servers[i], 0, 0) != -EINVAL)
            print_error("# \"%s\" was taken\n", servers[i]);
        assert_int_equal(configure(servers[i], 0, 0), -EINVAL);
    }
}

static void a_server_of_absurd_length_is_EINVAL(void **state)
{
    char text[300];

    (void)state;
    memset(text, '1', sizeof text);
    text[sizeof text - 1] = '\0';
    assert_int_equal(configure(text, 0, 0), -EINVAL);
}

static void a_server_may_be_given_in_every_form(void **state)
{
    static const char *const servers[] = { "127.0.0.1",
                                           "127.0.0.1:5353",
                                           "::1",
                                           "[::1]",
                                           "[::1]:5353",
                                           "127.0.0.1:5353,[::1]",
                                           "127.0.0.1, ::1 ,[::1]:53" };

    (void)state;
    for (size_t i = 0; i < COUNT(servers); i++) {
        if (configure(servers[i], 0, 0) != 0)
            print_error("# \"%s\" was not taken\n", servers[i]);
        assert_int_equal(configure(servers[i], 0, 0), 0);
    }
}

static void a_refused_configuration_changes_nothing(void **state)
{
    struct outcome outcome;

    (void)state;
    set("a.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    assert_int_equal(configure("nonsense", 1, 1), -EINVAL);
    outcome = look_up("a.test", AF_INET);
    assert_only(&outcome, "192.0.2.1");
}

/* The first is asked of the old server, which does not answer until the new one
 * has. */
static void a_lookup_under_way_ends_as_it_began(void **state)
{
    struct dns_server *other = dns_server_start(the_loop);
    struct outcome before = { 0 }, after;

    (void)state;
    assert_non_null(other);
    set("a.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    dns_server_set(other, "a.test", DNS_A, DNS_ADDRESSES, "192.0.2.2");
    assert_int_equal(start(NULL, "a.test", NULL, &before), 0);
    assert_int_equal(configure(dns_server_address(other), 2000, 1), 0);
    assert_int_equal(before.calls, 0);
    after = look_up("a.test", AF_INET);
    assert_only(&after, "192.0.2.2");
    assert_int_equal(before.calls, 1);
    assert_only(&before, "192.0.2.1");
    dns_server_stop(other);
}

static void the_servers_that_were_left_are_let_go(void **state)
{
    unsigned before = test_open_descriptors();
    struct outcome outcome = { 0 };
    weir_lookup *lookup;

    (void)state;
    set("a.test", DNS_ANY, DNS_SILENCE, NULL);
    assert_int_equal(start(&lookup, "a.test", NULL, &outcome), 0);
    assert_int_equal(configure(NOBODY, 2000, 1), 0);
    assert_true(test_open_descriptors() > before);
    weir_lookup_cancel(lookup);
    assert_int_equal(test_open_descriptors(), before);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(outcome.calls, 0);
}

static void then_configure(weir_lookup *lookup, struct outcome *outcome)
{
    (void)lookup, (void)outcome;
    assert_int_equal(configure(NULL, 0, 0), 0);
}

static void a_callback_may_configure(void **state)
{
    struct outcome outcome = { .then = then_configure };

    (void)state;
    assert_int_equal(start(NULL, "nobody.test", NULL, &outcome), 0);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(outcome.calls, 1);
}

static void the_largest_time_and_tries_are_taken(void **state)
{
    struct outcome outcome;

    (void)state;
    set("a.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    assert_int_equal(
        configure(dns_server_address(server), UINT32_MAX, UINT32_MAX), 0);
    outcome = look_up("a.test", AF_INET);
    assert_only(&outcome, "192.0.2.1");
}

/* resolv.conf's status is made to change; what c-ares really reads anew then,
 * and what can be seen of it here, is the search domain in the environment. */
static off_t pretended_size;

static int pretend_size(int fd, struct stat *status)
{
    int result = fstat(fd, status);

    status->st_size = pretended_size;
    return result;
}

static void a_changed_resolv_conf_is_read_anew(void **state)
{
    weir_lookup_options options = { .family = AF_INET, .dns_only = true };
    struct outcome outcome;

    (void)state;
    if (access("/etc/resolv.conf", R_OK) != 0)
        skip();
    set("short.one.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    set("short.two.test", DNS_A, DNS_ADDRESSES, "192.0.2.2");
    weir_sys.fstat = pretend_size;
    pretended_size = 1;
    setenv("LOCALDOMAIN", "one.test", 1);
    outcome = look_up_with("short", &options);
    assert_only(&outcome, "192.0.2.1");
    setenv("LOCALDOMAIN", "two.test", 1);
    outcome = look_up_with("short", &options);
    assert_only(&outcome, "192.0.2.1");
    pretended_size = 2;
    outcome = look_up_with("short", &options);
    unsetenv("LOCALDOMAIN");
    assert_only(&outcome, "192.0.2.2");
}

static void
a_changed_resolv_conf_is_read_though_lookups_are_under_way(void **state)
{
    weir_lookup_options options = { .family = AF_INET, .dns_only = true };
    struct outcome waiting = { 0 }, outcome;
    weir_lookup *lookup;

    (void)state;
    if (access("/etc/resolv.conf", R_OK) != 0)
        skip();
    set("silent.test", DNS_ANY, DNS_SILENCE, NULL);
    set("short.two.test", DNS_A, DNS_ADDRESSES, "192.0.2.2");
    weir_sys.fstat = pretend_size;
    pretended_size = 1;
    setenv("LOCALDOMAIN", "one.test", 1);
    assert_int_equal(start(&lookup, "silent.test", &options, &waiting), 0);
    weir_lookup_unref(lookup);
    setenv("LOCALDOMAIN", "two.test", 1);
    pretended_size = 2;
    outcome = look_up_with("short", &options);
    unsetenv("LOCALDOMAIN");
    assert_only(&outcome, "192.0.2.2");
    assert_int_equal(waiting.calls, 0);
    weir_lookup_cancel(lookup);
}

/* Looks up with a search list, which the environment sets as resolv.conf
 * does. */
static struct outcome search(const char *list, const char *host)
{
    weir_lookup_options options = { .family = AF_INET, .dns_only = true };
    struct outcome outcome;

    setenv("LOCALDOMAIN", list, 1);
    assert_int_equal(configure(dns_server_address(server), 2000, 1), 0);
    outcome = look_up_with(host, &options);
    unsetenv("LOCALDOMAIN");
    return outcome;
}

/* systemd-resolved writes "search ." where there is no domain to search. */
static void a_search_list_of_the_root_leaves_names_as_they_are(void **state)
{
    struct outcome outcome;

    (void)state;
    set("short", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    outcome = search(".", "short");
    assert_only(&outcome, "192.0.2.1");
    outcome = search(".", "nobody");
    assert_fails(&outcome, WEIR_ENOTFOUND);
    outcome = search(".", "nobody.test");
    assert_fails(&outcome, WEIR_ENOTFOUND);
}

static void a_search_domain_that_begins_with_a_dot_is_searched(void **state)
{
    struct outcome outcome;

    (void)state;
    set("short.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    set("whole.example", DNS_A, DNS_ADDRESSES, "192.0.2.2");
    outcome = search(".test", "short");
    assert_only(&outcome, "192.0.2.1");
    outcome = search(".test", "whole.example");
    assert_only(&outcome, "192.0.2.2");
}

static void a_search_domain_that_is_none_leaves_the_others(void **state)
{
    struct outcome outcome;

    (void)state;
    set("short.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    outcome = search("not..one test", "short");
    assert_only(&outcome, "192.0.2.1");
    outcome = search("test "
                     "a.label.that.is.too.long."
                     "0123456789012345678901234567890123456789"
                     "0123456789012345678901234567890123456789",
                     "short");
    assert_only(&outcome, "192.0.2.1");
}

static int fail_to_open(const char *path, int flags, ...)
{
    if (strcmp(path, "/etc/resolv.conf") != 0)
        return faults_kernel()->open(path, flags);
    errno = EMFILE;
    return -1;
}

static void the_servers_stay_when_resolv_conf_cannot_be_read(void **state)
{
    struct outcome outcome;

    (void)state;
    set("a.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    outcome = look_up("a.test", AF_INET);
    assert_only(&outcome, "192.0.2.1");
    weir_sys.open = fail_to_open;
    outcome = look_up("a.test", AF_INET);
    assert_only(&outcome, "192.0.2.1");
}

/* -------------------------------------------------- resolvers of one's own */

/* A resolver that asks the test's server; the loop's own asks nobody. */
static weir_resolver *create_resolver(void)
{
    weir_resolver_options options = { dns_server_address(server), 2000, 1 };
    weir_resolver *resolver;

    assert_int_equal(configure(NOBODY, 100, 1), 0);
    assert_int_equal(weir_resolver_create(&resolver, the_loop, &options), 0);
    return resolver;
}

static void a_resolver_has_servers_of_its_own(void **state)
{
    weir_lookup_options options = { .family = AF_INET };
    struct outcome outcome;

    (void)state;
    set("a.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    set("refused.test", DNS_A, DNS_REFUSED, NULL);
    options.resolver = create_resolver();
    outcome = look_up_with("a.test", &options);
    assert_only(&outcome, "192.0.2.1");
    outcome = look_up_with("refused.test", &options);
    assert_fails(&outcome, WEIR_EREFUSED);
    outcome = look_up("a.test", AF_INET);
    assert_fails(&outcome, WEIR_ENOSERVER);
    weir_resolver_destroy(options.resolver);
    weir_resolver_destroy(NULL);
}

/* One lookup that is asked for, one that has its answer already, and one that
 * was given up before. */
static void a_destroyed_resolver_gives_its_lookups_up(void **state)
{
    unsigned before = test_open_descriptors();
    struct outcome asked = { 0 }, known = { 0 };
    weir_lookup_options options = { 0 };
    weir_lookup *lookup;

    (void)state;
    set("a.test", DNS_ANY, DNS_SILENCE, NULL);
    options.resolver = create_resolver();
    assert_int_equal(start(&lookup, "a.test", &options, &asked), 0);
    assert_int_equal(start(NULL, "a.test", &options, &asked), 0);
    assert_int_equal(start(NULL, "192.0.2.1", &options, &known), 0);
    weir_lookup_cancel(lookup);
    weir_resolver_destroy(options.resolver);
    assert_false(weir_loop_alive(the_loop));
    assert_int_equal(test_open_descriptors(), before);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(asked.calls + known.calls, 0);
}

static weir_resolver *resolver_of_callback;

static void then_destroy_resolver(weir_lookup *lookup, struct outcome *outcome)
{
    (void)lookup, (void)outcome;
    weir_resolver_destroy(resolver_of_callback);
}

static void a_callback_may_destroy_its_resolver(void **state)
{
    struct outcome first = { .then = then_destroy_resolver }, other = { 0 };
    weir_lookup_options options = { .family = AF_INET };

    (void)state;
    set("a.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    set("silent.test", DNS_ANY, DNS_SILENCE, NULL);
    options.resolver = resolver_of_callback = create_resolver();
    assert_int_equal(start(NULL, "a.test", &options, &first), 0);
    assert_int_equal(start(NULL, "silent.test", &options, &other), 0);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_only(&first, "192.0.2.1");
    assert_int_equal(other.calls, 0);
}

/* Destroying it then is harmless: the loop is about to. */
static void a_resolver_is_gone_with_its_loop(void **state)
{
    struct outcome asked = { .then = then_destroy_resolver };
    weir_lookup_options options = { 0 };

    (void)state;
    set("a.test", DNS_ANY, DNS_SILENCE, NULL);
    options.resolver = resolver_of_callback = create_resolver();
    assert_int_equal(start(NULL, "a.test", &options, &asked), 0);
    assert_int_equal(start(NULL, "a.test", &options, &asked), 0);
    destroy_all();
    assert_int_equal(asked.calls, 2);
    assert_fails(&asked, -ECANCELED);
}

static void a_resolver_with_wrong_arguments_is_EINVAL(void **state)
{
    weir_resolver_options nonsense = { .servers = "nonsense" };
    struct outcome outcome = { 0 };
    weir_resolver *resolver;
    weir_lookup *lookup;
    weir_loop *other;

    (void)state;
    assert_int_equal(weir_resolver_create(NULL, the_loop, NULL), -EINVAL);
    assert_int_equal(weir_resolver_create(&resolver, NULL, NULL), -EINVAL);
    assert_int_equal(weir_resolver_create(&resolver, the_loop, &nonsense),
                     -EINVAL);
    assert_null(resolver);
    assert_int_equal(weir_loop_create(&other), 0);
    assert_int_equal(weir_resolver_create(&resolver, other, NULL), 0);
    assert_int_equal(start(&lookup, "a.test",
                           &(weir_lookup_options){ .resolver = resolver },
                           &outcome),
                     -EINVAL);
    assert_null(lookup);
    assert_int_equal(weir_loop_destroy(other), 0);
}

/* ----------------------------------------------------------------- faults */

#ifdef WEIR_BACKEND_EPOLL
static int refuse_to_watch(int epoll, int operation, int fd,
                           struct epoll_event *event)
{
    if (operation == EPOLL_CTL_ADD) {
        errno = ENOSPC;
        return -1;
    }
    return epoll_ctl(epoll, operation, fd, event);
}

static void a_socket_that_cannot_be_watched_fails_the_lookup(void **state)
{
    struct outcome outcome;

    (void)state;
    set("a.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    weir_sys.epoll_ctl = refuse_to_watch;
    outcome = look_up("a.test", AF_INET);
    assert_fails(&outcome, -ENOSPC);
    weir_sys.epoll_ctl = epoll_ctl;
    outcome = look_up("a.test", AF_INET);
    assert_only(&outcome, "192.0.2.1");
}
#endif

/* A loop, a server and a lookup; its status, or what failed on the way to it.
 * Then once more on the same loop with memory enough. */
static int look_up_in_want(const struct fault *fault, const char *host,
                           const weir_lookup_options *options, int expected,
                           unsigned *struck)
{
    struct outcome outcome = { 0 }, again = { 0 };
    weir_resolver *resolver;
    int result;

    faults_arm(&(struct fault){ 0 });
    assert_int_equal(weir_loop_create(&the_loop), 0);
    server = dns_server_start(the_loop);
    assert_non_null(server);
    set("a.test", DNS_A, DNS_ADDRESSES, "192.0.2.1,192.0.2.2");
    set("a.test", DNS_AAAA, DNS_ADDRESSES, "2001:db8::1");
    set("long.test", DNS_ANY, DNS_TRUNCATED, "192.0.2.1");
    set("refused.test", DNS_ANY, DNS_REFUSED, NULL);
    faults_arm(fault);
    result = configure(dns_server_address(server), 2000, 1);
    if (result == 0)
        result = weir_resolver_create(&resolver, the_loop, NULL);
    if (result == 0)
        result = start(NULL, host, options, &outcome);
    if (result == 0) {
        assert_int_equal(weir_loop_run(the_loop), 0);
        assert_int_equal(outcome.calls, 1);
        result = outcome.status;
    }
    *struck = faults_struck();
    faults_disarm();
    assert_int_equal(configure(dns_server_address(server), 2000, 1), 0);
    assert_int_equal(start(NULL, host, options, &again), 0);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(again.status, expected);
    destroy_all();
    assert_int_equal(faults_leaked(), 0);
    return result;
}

static void sweep(const char *host, const weir_lookup_options *options,
                  int expected)
{
    for (int onward = 0; onward < 2; onward++) {
        struct fault fault = { .onward = onward, .only = "malloc" };
        unsigned struck;

        do {
            int result;

            fault.nth++;
            result = look_up_in_want(&fault, host, options, expected, &struck);
            if (result != expected && result != -ENOMEM)
                print_error("# %s, allocation %u, onward %d: %s\n", host,
                            fault.nth, onward, weir_error_name(result));
            assert_true(result == expected || result == -ENOMEM);
            assert_true(struck || result == expected);
        } while (struck);
    }
    faults_restore();
}

static int restore(void **state)
{
    (void)state;
    faults_restore();
    return 0;
}

static void out_of_memory_is_told_and_leaks_nothing(void **state)
{
    weir_lookup_options options = { .family = AF_INET };

    (void)state;
    sweep("a.test", NULL, 0);
    sweep("a.test", &options, 0);
    sweep("long.test", &options, 0);
    sweep("nobody.test", NULL, WEIR_ENOTFOUND);
    sweep("refused.test", &options, WEIR_EREFUSED);
}

static void out_of_memory_is_told_for_names_nobody_is_asked(void **state)
{
    weir_lookup_options options = { .dns_only = true };

    (void)state;
    sweep("192.0.2.1", NULL, 0);
    sweep("localhost", NULL, 0);
    sweep("a.localhost", NULL, 0);
    sweep("a.localhost", &options, 0);
}

static void out_of_memory_while_destroying_leaks_nothing(void **state)
{
    (void)state;
    for (unsigned nth = 1; nth < 200; nth++) {
        struct fault fault = { .nth = nth, .onward = true, .only = "malloc" };
        struct outcome outcome = { 0 };
        unsigned struck;

        faults_arm(&(struct fault){ 0 });
        assert_int_equal(weir_loop_create(&the_loop), 0);
        server = dns_server_start(the_loop);
        assert_non_null(server);
        set("a.test", DNS_ANY, DNS_SILENCE, NULL);
        assert_int_equal(configure(dns_server_address(server), 2000, 1), 0);
        faults_arm(&fault);
        if (start(NULL, "a.test", NULL, &outcome) == 0) {
            struck = faults_struck();
            destroy_all();
            assert_int_equal(outcome.calls, 1);
            assert_true(outcome.status == -ECANCELED);
        } else {
            struck = faults_struck();
            destroy_all();
        }
        assert_int_equal(faults_leaked(), 0);
        if (!struck)
            break;
    }
    faults_restore();
}

/* ------------------------------------------------------- a real server */

struct dnsmasq {
    pid_t pid;
    char address[32];
};

/* A port that was free a moment ago, for UDP and TCP. */
static unsigned free_port(void)
{
    struct dns_server *holder = dns_server_start(the_loop);
    unsigned port;

    assert_non_null(holder);
    assert_int_equal(sscanf(dns_server_address(holder), "127.0.0.1:%u", &port),
                     1);
    dns_server_stop(holder);
    return port;
}

static void run_dnsmasq(const char *program, unsigned port, int log)
{
    char option[32];

    snprintf(option, sizeof option, "--port=%u", port);
    dup2(log, STDERR_FILENO);
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    execl(program, program, option, "--keep-in-foreground",
          "--conf-file=/dev/null", "--pid-file=", "--log-facility=-",
          "--listen-address=127.0.0.1", "--bind-interfaces", "--no-resolv",
          "--no-hosts", geteuid() == 0 ? "--user=root" : "--no-poll",
          "--host-record=weir.test,192.0.2.1,2001:db8::1",
          "--host-record=four.test,192.0.2.4", "--local=/test/", (char *)NULL);
    _exit(127);
}

/* Reads what it logs until it says that it has started. */
static bool wait_until_started(int log)
{
    char text[4096] = "";
    size_t length = 0;

    while (length + 1 < sizeof text) {
        struct pollfd ready = { .fd = log, .events = POLLIN };
        ssize_t got;

        if (poll(&ready, 1, 20000) <= 0)
            return false;
        got = read(log, text + length, sizeof text - length - 1);
        if (got <= 0)
            break;
        length += (size_t)got;
        text[length] = '\0';
        if (strstr(text, "started"))
            return true;
    }
    print_message("# dnsmasq said: %s\n", text);
    return false;
}

static const char *find_dnsmasq(void)
{
    static const char *const places[] = { "/usr/sbin/dnsmasq",
                                          "/usr/local/sbin/dnsmasq",
                                          "/opt/homebrew/sbin/dnsmasq" };

    for (size_t i = 0; i < COUNT(places); i++)
        if (access(places[i], X_OK) == 0)
            return places[i];
    return NULL;
}

static void stop_dnsmasq(struct dnsmasq *dnsmasq)
{
    kill(dnsmasq->pid, SIGKILL);
    waitpid(dnsmasq->pid, NULL, 0);
}

static bool start_dnsmasq_at(struct dnsmasq *dnsmasq, const char *program,
                             unsigned port)
{
    int log[2];
    bool started;

    assert_int_equal(pipe(log), 0);
    dnsmasq->pid = fork();
    if (dnsmasq->pid == 0)
        run_dnsmasq(program, port, log[1]);
    close(log[1]);
    assert_true(dnsmasq->pid > 0);
    started = wait_until_started(log[0]);
    close(log[0]);
    if (!started)
        stop_dnsmasq(dnsmasq);
    snprintf(dnsmasq->address, sizeof dnsmasq->address, "127.0.0.1:%u", port);
    return started;
}

/* It cannot choose a port by itself, and between our looking for one and its
 * binding another program may have taken it. */
static void start_dnsmasq(struct dnsmasq *dnsmasq)
{
    const char *program = find_dnsmasq();

    if (!program) {
        print_message("# no dnsmasq (package dnsmasq-base): skipped\n");
        skip();
    }
    for (int attempt = 0; attempt < 10; attempt++)
        if (start_dnsmasq_at(dnsmasq, program, free_port()))
            return;
    fail_msg("dnsmasq does not start");
}

static void dnsmasq_is_understood(void **state)
{
    struct dnsmasq dnsmasq;
    struct outcome both, ipv4, none, unknown;

    (void)state;
    start_dnsmasq(&dnsmasq);
    assert_int_equal(configure(dnsmasq.address, 10000, 1), 0);
    both = look_up("weir.test", AF_UNSPEC);
    ipv4 = look_up("four.test", AF_INET);
    none = look_up("four.test", AF_INET6);
    unknown = look_up("nobody.test", AF_UNSPEC);
    stop_dnsmasq(&dnsmasq);
    assert_int_equal(both.status, 0);
    assert_int_equal(both.count, 2);
    assert_true(has(&both, "192.0.2.1"));
    assert_true(has(&both, "2001:db8::1"));
    assert_only(&ipv4, "192.0.2.4");
    assert_fails(&none, WEIR_ENODATA);
    assert_fails(&unknown, WEIR_ENOTFOUND);
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
        TEST(a_lookup_knows_its_host_loop_and_data),
        TEST(the_callback_never_comes_from_inside_the_call),
        TEST(every_lookup_asks_anew),
        TEST(a_lookup_may_begin_in_the_callback_of_another),
        TEST(a_callback_may_cancel_its_own_lookup),
        TEST(a_callback_may_cancel_another_lookup),
        TEST(a_cancelled_lookup_is_not_told_and_holds_nothing),
        TEST(cancelling_one_lookup_leaves_the_others_alone),
        TEST(the_last_answer_takes_what_was_cancelled_with_it),
        TEST(a_lookup_that_has_its_answer_can_still_be_cancelled),
        TEST(a_lookup_keeps_the_loop_going),
        TEST(an_unreferenced_lookup_does_not_hold_the_loop),
        TEST(lookups_of_a_destroyed_loop_are_told_ECANCELED),
        TEST(loops_of_several_threads_look_names_up_at_once),
        cmocka_unit_test(a_forked_child_may_look_up_on_a_loop_of_its_own),
        TEST(servers_that_are_no_addresses_are_EINVAL),
        TEST(a_server_of_absurd_length_is_EINVAL),
        TEST(a_server_may_be_given_in_every_form),
        TEST(a_refused_configuration_changes_nothing),
        TEST(a_lookup_under_way_ends_as_it_began),
        TEST(the_servers_that_were_left_are_let_go),
        TEST(a_callback_may_configure),
        TEST(the_largest_time_and_tries_are_taken),
        TEST(a_changed_resolv_conf_is_read_anew),
        TEST(a_changed_resolv_conf_is_read_though_lookups_are_under_way),
        TEST(a_search_list_of_the_root_leaves_names_as_they_are),
        TEST(a_search_domain_that_begins_with_a_dot_is_searched),
        TEST(a_search_domain_that_is_none_leaves_the_others),
        TEST(the_servers_stay_when_resolv_conf_cannot_be_read),
#ifdef WEIR_BACKEND_EPOLL
        TEST(a_socket_that_cannot_be_watched_fails_the_lookup),
#endif
        TEST(a_resolver_has_servers_of_its_own),
        TEST(a_destroyed_resolver_gives_its_lookups_up),
        TEST(a_callback_may_destroy_its_resolver),
        TEST(a_resolver_is_gone_with_its_loop),
        TEST(a_resolver_with_wrong_arguments_is_EINVAL),
        cmocka_unit_test_teardown(out_of_memory_is_told_and_leaks_nothing,
                                  restore),
        cmocka_unit_test_teardown(
            out_of_memory_is_told_for_names_nobody_is_asked, restore),
        cmocka_unit_test_teardown(out_of_memory_while_destroying_leaks_nothing,
                                  restore),
        TEST(dnsmasq_is_understood),
    };

    return cmocka_run_group_tests_name("resolver", tests, NULL, NULL);
}
