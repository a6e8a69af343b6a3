/*
 * test_resolver_conf.c - names: what stands in resolv.conf
 *
 * When it is read anew, and in which domains a name is searched.
 */
#include "resolver_test.h"

/* resolv.conf's status is made to change; what is read anew then, and what can
 * be seen of it here, is the search domain in the environment. */
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

/* What stands in resolv.conf for weir, which reads the domains to search by
 * itself; c-ares reads the real one. */
static const char *resolv_conf;

static int open_ours(const char *path, int flags, ...)
{
    if (strcmp(path, "/etc/resolv.conf") != 0)
        return faults_kernel()->open(path, flags);
    return open_text(resolv_conf);
}

static struct outcome look_up_by(const char *text, const char *host)
{
    weir_lookup_options options = { .family = AF_INET, .dns_only = true };
    struct outcome outcome;

    resolv_conf = text;
    weir_sys.open = open_ours;
    assert_int_equal(configure(dns_server_address(server), 2000, 1), 0);
    outcome = look_up_with(host, &options);
    weir_sys.open = faults_kernel()->open;
    return outcome;
}

static struct outcome search(const char *list, const char *host)
{
    char text[1024];

    assert_true((size_t)snprintf(text, sizeof text, "search %s\n", list) <
                sizeof text);
    return look_up_by(text, host);
}

static void assert_searched(const char *text, const char *address)
{
    struct outcome outcome;

    set("short.one.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    set("short.two.test", DNS_A, DNS_ADDRESSES, "192.0.2.2");
    outcome = look_up_by(text, "short");
    assert_only(&outcome, address);
}

static void the_domains_of_a_search_line_are_searched_in_turn(void **state)
{
    (void)state;
    assert_searched("search none.test one.test two.test\n", "192.0.2.1");
    assert_searched(
        "nameserver 192.0.2.9\r\n \tsearch\tnone.test, two.test\r\n",
        "192.0.2.2");
    assert_searched("search two.test", "192.0.2.2");
}

static void a_domain_line_is_searched_and_is_one_domain(void **state)
{
    struct outcome outcome;

    (void)state;
    assert_searched("domain two.test\n", "192.0.2.2");
    outcome = look_up_by("domain none.test one.test\n", "short");
    assert_fails(&outcome, WEIR_ENOTFOUND);
}

static void the_last_line_of_domains_counts(void **state)
{
    (void)state;
    assert_searched("search one.test\nsearch two.test\n", "192.0.2.2");
    assert_searched("search one.test\ndomain two.test\n", "192.0.2.2");
    assert_searched("domain one.test\nsearch two.test\n", "192.0.2.2");
    assert_searched("search two.test\nsearch\nsearch \nsearching one.test\n",
                    "192.0.2.2");
}

static void comments_in_resolv_conf_are_not_searched(void **state)
{
    (void)state;
    assert_searched("search two.test # one.test\n;search one.test\n"
                    "#search one.test\n # search one.test\n",
                    "192.0.2.2");
}

/* More than is read at a time, and than c-ares would take of a line. */
static void a_search_line_may_be_long(void **state)
{
    char text[8000] = "search";
    size_t length = strlen(text);

    (void)state;
    memset(text + length, ' ', sizeof text - length);
    strcpy(text + sizeof text - sizeof "two.test\n", "two.test\n");
    assert_searched(text, "192.0.2.2");
}

static void the_environment_comes_before_the_search_line(void **state)
{
    (void)state;
    setenv("LOCALDOMAIN", "none.test two.test", 1);
    assert_searched("search one.test\n", "192.0.2.2");
    unsetenv("LOCALDOMAIN");
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

/* Some programs look every name up with the search list first (`options
 * ndots:5`), and a name that fits by itself may not with a domain behind it. */
static void a_name_too_long_for_its_domain_is_looked_up_as_it_is(void **state)
{
    char host[240], domain[60];
    struct outcome outcome;

    (void)state;
    memset(host, 'h', sizeof host);
    for (size_t i = 40; i < sizeof host; i += 40)
        host[i] = '.';
    host[sizeof host - 1] = '\0';
    memset(domain, 'd', sizeof domain);
    domain[sizeof domain - 1] = '\0';
    outcome = search(domain, host);
    assert_fails(&outcome, WEIR_ENOTFOUND);
    set(host, DNS_A, DNS_ADDRESSES, "192.0.2.1");
    setenv("RES_OPTIONS", "ndots:15", 1);
    outcome = search(domain, host);
    unsetenv("RES_OPTIONS");
    assert_only(&outcome, "192.0.2.1");
}

static void a_domain_that_makes_no_sense_is_left_away(void **state)
{
    struct outcome outcome;

    (void)state;
    set("short", DNS_A, DNS_ADDRESSES, "192.0.2.9");
    set("short.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    outcome = search("not..one test", "short");
    assert_only(&outcome, "192.0.2.1");
    outcome = search("ex\303\244mple.test test", "short");
    assert_only(&outcome, "192.0.2.1");
}

/* Nothing is left to search, and each question is asked once. */
static void a_search_list_of_nothing_is_none(void **state)
{
    static const char *const lists[] = { "# corp.test", "not..one", ". ." };

    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++) {
        unsigned before = dns_server_questions(server);
        struct outcome outcome = search(lists[i], "nobody");

        assert_fails(&outcome, WEIR_ENOTFOUND);
        assert_int_equal(dns_server_questions(server), before + 1);
    }
}

/* 190 bytes of name, a dot and 62 are what DNS can carry: 253. */
static void a_final_dot_of_a_domain_does_not_count(void **state)
{
    char domain[64], host[191], whole[256];
    struct outcome outcome;

    (void)state;
    memset(domain, 'd', sizeof domain);
    strcpy(domain + 62, ".");
    memset(host, 'h', sizeof host);
    for (size_t i = 47; i < sizeof host - 1; i += 48)
        host[i] = '.';
    host[sizeof host - 1] = '\0';
    snprintf(whole, sizeof whole, "%s.%.62s", host, domain);
    assert_int_equal(strlen(whole), 253);
    set(whole, DNS_A, DNS_ADDRESSES, "192.0.2.1");
    outcome = search(domain, host);
    assert_only(&outcome, "192.0.2.1");
}

static int open_refusal;

static int refuse_to_open(const char *path, int flags, ...)
{
    if (strcmp(path, "/etc/resolv.conf") != 0)
        return faults_kernel()->open(path, flags);
    errno = open_refusal;
    return -1;
}

static void a_resolv_conf_that_is_not_for_us_is_as_good_as_none(void **state)
{
    static const int refusals[] = { ENOENT, ENOTDIR, EACCES, ELOOP, EISDIR };
    struct outcome outcome;

    (void)state;
    set("a.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    weir_sys.open = refuse_to_open;
    for (size_t i = 0; i < COUNT(refusals); i++) {
        open_refusal = refusals[i];
        assert_int_equal(configure(dns_server_address(server), 2000, 1), 0);
        outcome = look_up("a.test", AF_INET);
        assert_only(&outcome, "192.0.2.1");
    }
}

static int fail_to_open(const char *path, int flags, ...)
{
    if (strcmp(path, "/etc/resolv.conf") != 0)
        return faults_kernel()->open(path, flags);
    errno = EMFILE;
    return -1;
}

static void
a_resolv_conf_that_cannot_be_opened_fails_a_new_channel(void **state)
{
    (void)state;
    weir_sys.open = fail_to_open;
    assert_int_equal(configure(dns_server_address(server), 0, 0), -EMFILE);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_changed_resolv_conf_is_read_anew),
        TEST(a_changed_resolv_conf_is_read_though_lookups_are_under_way),
        TEST(a_search_list_of_the_root_leaves_names_as_they_are),
        TEST(the_domains_of_a_search_line_are_searched_in_turn),
        TEST(a_domain_line_is_searched_and_is_one_domain),
        TEST(the_last_line_of_domains_counts),
        TEST(comments_in_resolv_conf_are_not_searched),
        TEST(a_search_line_may_be_long),
        TEST(the_environment_comes_before_the_search_line),
        TEST(a_name_too_long_for_its_domain_is_looked_up_as_it_is),
        TEST(a_search_domain_that_begins_with_a_dot_is_searched),
        TEST(a_search_domain_that_is_none_leaves_the_others),
        TEST(a_domain_that_makes_no_sense_is_left_away),
        TEST(a_search_list_of_nothing_is_none),
        TEST(a_final_dot_of_a_domain_does_not_count),
        TEST(a_resolv_conf_that_is_not_for_us_is_as_good_as_none),
        TEST(a_resolv_conf_that_cannot_be_opened_fails_a_new_channel),
        TEST(the_servers_stay_when_resolv_conf_cannot_be_read),
    };

    return cmocka_run_group_tests_name("resolver", tests, NULL, NULL);
}
