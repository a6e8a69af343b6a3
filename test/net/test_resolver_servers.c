/*
 * test_resolver_servers.c - names: which servers are asked
 *
 * Those that the loop is configured with, or those of a resolver of its own.
 * The last section asks a real one, dnsmasq.
 */
#include "resolver_test.h"

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

static void a_resolver_is_gone_with_its_loop(void **state)
{
    struct outcome asked = { 0 };
    weir_lookup_options options = { 0 };

    (void)state;
    set("a.test", DNS_ANY, DNS_SILENCE, NULL);
    options.resolver = create_resolver();
    assert_int_equal(start(NULL, "a.test", &options, &asked), 0);
    assert_int_equal(start(NULL, "a.test", &options, &asked), 0);
    destroy_all();
    assert_int_equal(asked.calls, 2);
    assert_fails(&asked, -ECANCELED);
}

/* The first that is told destroys its own resolver, or another one. */
static void assert_tells_no_more(weir_resolver *asked_first,
                                 weir_resolver *destroyed)
{
    struct outcome first = { .then = then_destroy_resolver };
    struct outcome other = { 0 };
    weir_lookup_options options = { .resolver = asked_first };

    set("a.test", DNS_ANY, DNS_SILENCE, NULL);
    resolver_of_callback = destroyed;
    assert_int_equal(start(NULL, "a.test", &options, &first), 0);
    options.resolver = destroyed;
    assert_int_equal(start(NULL, "a.test", &options, &other), 0);
    destroy_all();
    assert_int_equal(first.calls, 1);
    assert_int_equal(other.calls, 0);
}

static void a_resolver_destroyed_with_its_loop_tells_no_more(void **state)
{
    weir_resolver *resolver = create_resolver();

    (void)state;
    assert_tells_no_more(resolver, resolver);
}

static void another_resolver_destroyed_with_its_loop_tells_no_more(void **state)
{
    weir_resolver *first = create_resolver(), *second = create_resolver();

    (void)state;
    assert_tells_no_more(first, second);
}

static void then_ask_another(weir_lookup *lookup, struct outcome *outcome)
{
    weir_lookup_options options = { .resolver = resolver_of_callback };
    struct outcome never = { 0 };

    (void)lookup, (void)outcome;
    assert_int_equal(start(NULL, "b.test", &options, &never), -ECANCELED);
    weir_resolver_destroy(resolver_of_callback);
}

/* The other was made first, and is there until all have been told. */
static void
a_lookup_told_with_its_loop_may_speak_of_another_resolver(void **state)
{
    struct outcome asked = { .then = then_ask_another };
    weir_lookup_options options = { 0 };

    (void)state;
    set("a.test", DNS_ANY, DNS_SILENCE, NULL);
    resolver_of_callback = create_resolver();
    options.resolver = create_resolver();
    assert_int_equal(start(NULL, "a.test", &options, &asked), 0);
    destroy_all();
    assert_int_equal(asked.calls, 1);
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
        TEST(servers_that_are_no_addresses_are_EINVAL),
        TEST(a_server_of_absurd_length_is_EINVAL),
        TEST(a_server_may_be_given_in_every_form),
        TEST(a_refused_configuration_changes_nothing),
        TEST(a_lookup_under_way_ends_as_it_began),
        TEST(the_servers_that_were_left_are_let_go),
        TEST(a_callback_may_configure),
        TEST(the_largest_time_and_tries_are_taken),
        TEST(a_resolver_has_servers_of_its_own),
        TEST(a_destroyed_resolver_gives_its_lookups_up),
        TEST(a_callback_may_destroy_its_resolver),
        TEST(a_resolver_is_gone_with_its_loop),
        TEST(a_resolver_destroyed_with_its_loop_tells_no_more),
        TEST(another_resolver_destroyed_with_its_loop_tells_no_more),
        TEST(a_lookup_told_with_its_loop_may_speak_of_another_resolver),
        TEST(a_resolver_with_wrong_arguments_is_EINVAL),
        TEST(dnsmasq_is_understood),
    };

    return cmocka_run_group_tests_name("resolver", tests, NULL, NULL);
}
