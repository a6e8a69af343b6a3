/*
 * test_hosts_file.c - names: what the hosts file decides
 *
 * The file is a text of the test's: opening /etc/hosts opens that.
 */
#include "test/support/lookup_test.h"

#include "net/address.h"
#include "net/hosts_file.h"
#include "reactor/alloc.h"

/* What opening the file comes to; NULL: there is none. */
static const char *hosts;
static int open_error;

static int open_hosts(const char *path, int flags, ...)
{
    if (strcmp(path, "/etc/hosts") != 0)
        return faults_kernel()->open(path, flags);
    errno = hosts ? open_error : ENOENT;
    return errno ? -1 : open_text(hosts);
}

static int open_with_hosts(void **state)
{
    hosts = NULL;
    open_error = 0;
    weir_sys.open = open_hosts;
    return open_server(state);
}

#define TEST_HOSTS(function)                                                   \
    cmocka_unit_test_setup_teardown(function, open_with_hosts, close_server)

/* As the server answers whom it should not be asked for. */
static void lie_about(const char *name)
{
    set(name, DNS_A, DNS_ADDRESSES, "192.0.2.66");
    set(name, DNS_AAAA, DNS_ADDRESSES, "2001:db8::66");
}

/* ------------------------------------------------------- what it decides */

static void the_hosts_file_comes_before_the_server(void **state)
{
    struct outcome outcome;

    (void)state;
    hosts = "192.0.2.1 a.test\n";
    lie_about("a.test");
    outcome = look_up("a.test", AF_INET);
    assert_only(&outcome, "192.0.2.1");
    outcome = look_up("a.test", AF_UNSPEC);
    assert_only(&outcome, "192.0.2.1");
    assert_int_equal(dns_server_questions(server), 0);
}

static void a_family_it_does_not_list_is_ENODATA_and_not_asked_for(void **state)
{
    struct outcome outcome;

    (void)state;
    hosts = "192.0.2.1 four.test\n2001:db8::1 six.test\n";
    lie_about("four.test");
    lie_about("six.test");
    outcome = look_up("four.test", AF_INET6);
    assert_fails(&outcome, WEIR_ENODATA);
    outcome = look_up("six.test", AF_INET);
    assert_fails(&outcome, WEIR_ENODATA);
    assert_int_equal(dns_server_questions(server), 0);
}

static void a_name_it_does_not_have_is_asked_for(void **state)
{
    struct outcome outcome;

    (void)state;
    hosts = "192.0.2.1 a.test ba.test a.test.b\n";
    set("b.test", DNS_A, DNS_ADDRESSES, "192.0.2.2");
    outcome = look_up("b.test", AF_INET);
    assert_only(&outcome, "192.0.2.2");
    hosts = NULL;
    outcome = look_up("b.test", AF_INET);
    assert_only(&outcome, "192.0.2.2");
}

static void dns_only_leaves_the_hosts_file_aside(void **state)
{
    weir_lookup_options options = { .family = AF_INET, .dns_only = true };
    struct outcome outcome;

    (void)state;
    hosts = "192.0.2.1 a.test\n";
    lie_about("a.test");
    outcome = look_up_with("a.test", &options);
    assert_only(&outcome, "192.0.2.66");
}

static void a_changed_hosts_file_is_read_anew(void **state)
{
    struct outcome outcome;

    (void)state;
    hosts = "192.0.2.1 a.test\n";
    outcome = look_up("a.test", AF_INET);
    assert_only(&outcome, "192.0.2.1");
    hosts = "192.0.2.2 a.test\n";
    outcome = look_up("a.test", AF_INET);
    assert_only(&outcome, "192.0.2.2");
}

static void note_attempt(weir_socket *socket, int status,
                         const weir_address *address)
{
    struct outcome *outcome = weir_socket_data(socket);

    if (status == 0)
        outcome->addresses[outcome->count++] = *address;
}

/* Its name is another's address at the server. */
static void a_connect_goes_where_the_hosts_file_says_only(void **state)
{
    static const weir_socket_events events = { .attempt = note_attempt };
    struct outcome outcome = { 0 };
    weir_socket *socket;

    (void)state;
    hosts = "127.0.0.1 a.test\n";
    set("a.test", DNS_ANY, DNS_SILENCE, NULL);
    assert_int_equal(weir_socket_create(&socket, the_loop, &events, &outcome),
                     0);
    assert_int_equal(weir_socket_connect_host(socket, "a.test", 1, NULL), 0);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(outcome.count, 1);
    weir_address_set_port(&outcome.addresses[0], 0);
    assert_string_equal(text_of(&outcome, 0), "127.0.0.1");
    assert_int_equal(dns_server_questions(server), 0);
}

/* ------------------------------------------------------------ localhost */

static void localhost_is_what_the_hosts_file_says(void **state)
{
    struct outcome outcome;

    (void)state;
    hosts = "127.0.0.7 localhost a.localhost\n";
    outcome = look_up("LocalHost", AF_INET);
    assert_only(&outcome, "127.0.0.7");
    outcome = look_up("a.localhost", AF_UNSPEC);
    assert_only(&outcome, "127.0.0.7");
}

static void
localhost_is_the_loopback_where_the_hosts_file_is_silent(void **state)
{
    struct outcome outcome;

    (void)state;
    hosts = "127.0.0.7 localhost\n";
    outcome = look_up("localhost", AF_INET6);
    assert_only(&outcome, "::1");
    outcome = look_up("b.localhost", AF_INET);
    assert_only(&outcome, "127.0.0.1");
    hosts = NULL;
    outcome = look_up("localhost", AF_UNSPEC);
    assert_int_equal(outcome.count, 2);
    assert_string_equal(text_of(&outcome, 0), "::1");
    assert_string_equal(text_of(&outcome, 1), "127.0.0.1");
    assert_int_equal(dns_server_questions(server), 0);
}

/* -------------------------------------------------------------- its form */

static void a_name_is_found_wherever_in_a_line_it_stands(void **state)
{
    static const char *const names[] = { "first", "SECOND.test", "third" };

    (void)state;
    hosts = "# 192.0.2.9 first\n"
            "\n"
            "\t 192.0.2.1\t first   Second.Test\tthird# fourth\r\n";
    for (size_t i = 0; i < COUNT(names); i++) {
        struct outcome outcome = look_up(names[i], AF_INET);

        assert_only(&outcome, "192.0.2.1");
    }
    assert_int_equal(dns_server_questions(server), 0);
}

static void what_follows_a_number_sign_is_no_name(void **state)
{
    struct outcome outcome;

    (void)state;
    hosts = "192.0.2.1 a.test # b.test\n192.0.2.1 #b.test\n";
    outcome = look_up("b.test", AF_INET);
    assert_fails(&outcome, WEIR_ENOTFOUND);
}

static void a_name_has_the_addresses_of_all_its_lines_once(void **state)
{
    struct outcome outcome;

    (void)state;
    hosts = "192.0.2.1 a.test\n192.0.2.2 b.test a.test\n"
            "2001:db8::1 a.test\n192.0.2.1 a.test a.test";
    outcome = look_up("a.test", AF_UNSPEC);
    assert_int_equal(outcome.count, 3);
    assert_true(has(&outcome, "192.0.2.1"));
    assert_true(has(&outcome, "192.0.2.2"));
    assert_true(has(&outcome, "2001:db8::1"));
    outcome = look_up("a.test", AF_INET6);
    assert_only(&outcome, "2001:db8::1");
}

static void names_that_share_an_address_share_no_other(void **state)
{
    struct outcome outcome;

    (void)state;
    hosts = "127.0.0.1 localhost pinned.test\n::1 localhost\n";
    outcome = look_up("pinned.test", AF_UNSPEC);
    assert_only(&outcome, "127.0.0.1");
}

static void lines_without_a_valid_address_are_passed_over(void **state)
{
    struct outcome outcome;

    (void)state;
    hosts = "a.test\n192.0.2 a.test\n127.0.0.010 a.test\n::: a.test\n"
            "fe80::1%nosuchif a.test\n[::1] a.test\n192.0.2.1/24 a.test\n"
            "192.0.2.5";
    set("a.test", DNS_A, DNS_ADDRESSES, "192.0.2.2");
    outcome = look_up("a.test", AF_UNSPEC);
    assert_int_equal(outcome.status, 0);
    assert_false(has(&outcome, "192.0.2.1"));
    outcome = look_up("a.test", AF_INET);
    assert_only(&outcome, "192.0.2.2");
}

/* Longer than any buffer, and a word longer than any name; the one looked for
 * is the last, without a newline. */
static void no_line_is_too_long(void **state)
{
    enum { NAMES = 3000 };
    char *text = malloc(NAMES * 16 + 1024);
    struct outcome outcome;
    size_t length;

    (void)state;
    assert_non_null(text);
    length = (size_t)sprintf(text, "192.0.2.1");
    for (int i = 0; i < NAMES; i++)
        length += (size_t)sprintf(text + length, " name%d.test", i);
    length += (size_t)sprintf(text + length, "\n192.0.2.2 ");
    memset(text + length, 'x', 600);
    length += 600;
    sprintf(text + length, " last.test");
    hosts = text;
    outcome = look_up("name2999.test", AF_INET);
    assert_only(&outcome, "192.0.2.1");
    outcome = look_up("last.test", AF_INET);
    assert_only(&outcome, "192.0.2.2");
    free(text);
}

/* ------------------------------------------------------------ its order */

static int refuse_IPv6(int fd, const struct sockaddr *name, socklen_t length)
{
    if (name->sa_family == AF_INET6) {
        errno = ENETUNREACH;
        return -1;
    }
    return faults_kernel()->connect(fd, name, length);
}

static int connect_all(int fd, const struct sockaddr *name, socklen_t length)
{
    (void)fd, (void)name, (void)length;
    return 0;
}

static void IPv6_comes_first_unless_it_cannot_be_reached(void **state)
{
    struct outcome outcome;

    (void)state;
    hosts = "127.0.0.2 a.test\n127.0.0.1 a.test\n::1 a.test\n";
    weir_sys.connect = connect_all;
    outcome = look_up("a.test", AF_UNSPEC);
    assert_int_equal(outcome.count, 3);
    assert_string_equal(text_of(&outcome, 0), "::1");
    assert_string_equal(text_of(&outcome, 1), "127.0.0.2");
    assert_string_equal(text_of(&outcome, 2), "127.0.0.1");
    weir_sys.connect = refuse_IPv6;
    outcome = look_up("a.test", AF_UNSPEC);
    assert_int_equal(outcome.count, 3);
    assert_string_equal(text_of(&outcome, 0), "127.0.0.2");
    assert_string_equal(text_of(&outcome, 2), "::1");
}

/* --------------------------------------------------------------- failures */

/* A name that the file may pin must not be asked of anybody else. */
static void
a_hosts_file_that_cannot_be_opened_now_fails_the_lookup(void **state)
{
    struct outcome outcome;

    (void)state;
    hosts = "192.0.2.1 a.test\n";
    lie_about("a.test");
    open_error = EMFILE;
    outcome = look_up("a.test", AF_INET);
    assert_fails(&outcome, -EMFILE);
    open_error = 0;
    outcome = look_up("a.test", AF_INET);
    assert_only(&outcome, "192.0.2.1");
    assert_int_equal(dns_server_questions(server), 0);
}

static ssize_t fail_to_read(int fd, void *bytes, size_t size)
{
    (void)fd, (void)bytes, (void)size;
    errno = EIO;
    return -1;
}

static void a_hosts_file_that_cannot_be_read_fails_the_lookup(void **state)
{
    unsigned before = test_open_descriptors();
    struct outcome outcome;

    (void)state;
    hosts = "192.0.2.1 a.test\n";
    weir_sys.read = fail_to_read;
    outcome = look_up("a.test", AF_INET);
    assert_fails(&outcome, -EIO);
    assert_int_equal(test_open_descriptors(), before);
}

static void a_hosts_file_that_is_not_for_us_is_as_good_as_none(void **state)
{
    struct outcome outcome;

    (void)state;
    hosts = "192.0.2.1 a.test\n";
    open_error = EACCES;
    set("a.test", DNS_A, DNS_ADDRESSES, "192.0.2.2");
    outcome = look_up("a.test", AF_INET);
    assert_only(&outcome, "192.0.2.2");
}

static void out_of_memory_is_told_and_leaks_nothing(void **state)
{
    struct fault fault = { .nth = 1, .only = "malloc" };

    (void)state;
    open_error = 0;
    hosts = "192.0.2.1 a.test\n192.0.2.2 a.test\n192.0.2.3 a.test\n"
            "192.0.2.4 a.test\n192.0.2.5 a.test\n";
    while (faults_next(&fault)) {
        weir_address *addresses;
        size_t count;
        int result;

        weir_sys.open = open_hosts;
        result = weir_hosts_file_find("a.test", &addresses, &count);
        if (result == 0) {
            assert_int_equal(count, 5);
            weir_release(addresses);
        } else {
            assert_int_equal(result, -ENOMEM);
        }
        assert_true(faults_struck() || result == 0);
        assert_int_equal(faults_live(), 0);
    }
    faults_restore();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_HOSTS(the_hosts_file_comes_before_the_server),
        TEST_HOSTS(a_family_it_does_not_list_is_ENODATA_and_not_asked_for),
        TEST_HOSTS(a_name_it_does_not_have_is_asked_for),
        TEST_HOSTS(dns_only_leaves_the_hosts_file_aside),
        TEST_HOSTS(a_changed_hosts_file_is_read_anew),
        TEST_HOSTS(a_connect_goes_where_the_hosts_file_says_only),
        TEST_HOSTS(localhost_is_what_the_hosts_file_says),
        TEST_HOSTS(localhost_is_the_loopback_where_the_hosts_file_is_silent),
        TEST_HOSTS(a_name_is_found_wherever_in_a_line_it_stands),
        TEST_HOSTS(what_follows_a_number_sign_is_no_name),
        TEST_HOSTS(a_name_has_the_addresses_of_all_its_lines_once),
        TEST_HOSTS(names_that_share_an_address_share_no_other),
        TEST_HOSTS(lines_without_a_valid_address_are_passed_over),
        TEST_HOSTS(no_line_is_too_long),
        TEST_HOSTS(IPv6_comes_first_unless_it_cannot_be_reached),
        TEST_HOSTS(a_hosts_file_that_cannot_be_opened_now_fails_the_lookup),
        TEST_HOSTS(a_hosts_file_that_cannot_be_read_fails_the_lookup),
        TEST_HOSTS(a_hosts_file_that_is_not_for_us_is_as_good_as_none),
        cmocka_unit_test(out_of_memory_is_told_and_leaks_nothing),
    };

    return cmocka_run_group_tests_name("hosts file", tests, NULL, NULL);
}
