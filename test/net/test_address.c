/*
 * test_address.c - addresses: what is one, what is not, and how it is printed
 */
#include "test/support/net_test.h"

#include "net/address.h"

#include <arpa/inet.h>
#include <net/if.h>

static const char *text_of(const weir_address *address)
{
    static char text[WEIR_ADDRESS_TEXT];

    assert_true(weir_address_text(address, text, sizeof text) >= 0);
    return text;
}

static weir_address parsed(const char *text)
{
    weir_address address;

    assert_int_equal(weir_address_parse(&address, text), 0);
    return address;
}

static void a_printed_address_parses_to_itself(void **state)
{
    static const char *const texts[] = {
        "127.0.0.1:80",
        "0.0.0.0:0",
        "255.255.255.255:65535",
        "[::]:0",
        "[::1]:65535",
        "[fe80::1234]:7",
        "[2001:db8::ff00:42:8329]:443",
        "[::ffff:1.2.3.4]:9",
        "unix:/tmp/socket",
        "unix:relative",
        "unix:.",
        "unix:/a b:c]",
        "unix:@abstract",
        "unix:@a",
        "unix:@a@b",
        "unix:\\@file",
        "unix:\\\\@file",
        "unix:a\\b",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        weir_address address = parsed(texts[i]);
        weir_address again = parsed(text_of(&address));

        assert_string_equal(text_of(&address), texts[i]);
        assert_true(weir_address_equal(&address, &again));
    }
}

static void what_is_no_address_is_refused_and_leaves_no_address(void **state)
{
    static const char *const texts[] = {
        "",
        ":",
        ":80",
        "80",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:x",
        "127.0.0.1:80x",
        "127.0.0.1:-1",
        "127.0.0.1:+1",
        "127.0.0.1: 80",
        " 127.0.0.1:80",
        "127.0.0.1 :80",
        "127.1:80",
        "1.2.3.4.5:80",
        "256.0.0.1:80",
        "localhost:80",
        "::1:80",
        "::1",
        "[::1]",
        "[::1]:",
        "[::1:80",
        "::1]:80",
        "[]:80",
        "[::1]80",
        "[:::1]:80",
        "[1::2::3]:80",
        "[[::1]]:80",
        "[12345::]:80",
        "[1:2:3:4:5:6:7:8:9]:80",
        "unix:",
        "unix",
        "http://[::1]:80",
        "[::1]:80:80",
        "0x7f.0.0.1:80",
        "[::1%]:80",
        "1.2.3.4%lo:80",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        weir_address address = weir_address_loopback(1);
        int result = weir_address_parse(&address, texts[i]);

        if (result != -EINVAL && result != -ENODEV)
            fail_msg("'%s': %d", texts[i], result);
        assert_int_equal(address.length, 0);
        assert_int_equal(weir_address_family(&address), AF_UNSPEC);
    }
}

static void a_very_long_text_is_refused(void **state)
{
    static char text[100000];
    weir_address address;

    (void)state;
    memset(text, '1', sizeof text - 1);
    assert_int_equal(weir_address_parse(&address, text), -EINVAL);
    memcpy(text, "unix:", 5);
    assert_int_equal(weir_address_parse(&address, text), -ENAMETOOLONG);
    text[5] = '@';
    assert_int_equal(weir_address_parse(&address, text), -ENAMETOOLONG);
    memset(text, '1', sizeof text - 1);
    memcpy(text + sizeof text - 4, ":80", 3);
    assert_int_equal(weir_address_parse(&address, text), -EINVAL);
    text[0] = '[';
    text[sizeof text - 5] = ']';
    assert_int_equal(weir_address_parse(&address, text), -EINVAL);
    memset(text, '1', sizeof text - 1);
    memcpy(text, "1.2.3.4:", 8);
    assert_int_equal(weir_address_parse(&address, text), -ERANGE);
}

static void a_port_above_65535_is_refused_everywhere(void **state)
{
    weir_address address = weir_address_any(65536);

    (void)state;
    assert_int_equal(address.length, 0);
    address = weir_address_loopback(65536);
    assert_int_equal(address.length, 0);
    address = weir_address_loopback((unsigned)-1);
    assert_int_equal(address.length, 0);
    assert_int_equal(weir_address_ip(&address, "::1", 65536), -ERANGE);
    assert_int_equal(weir_address_parse(&address, "1.2.3.4:65536"), -ERANGE);
    assert_int_equal(weir_address_parse(&address, "[::1]:70000"), -ERANGE);
    assert_int_equal(
        weir_address_parse(&address, "1.2.3.4:18446744073709551696"), -ERANGE);
    assert_int_equal(address.length, 0);
}

static void null_pointers_are_refused(void **state)
{
    weir_address address;
    char text[8];

    (void)state;
    assert_int_equal(weir_address_ip(NULL, "::1", 1), -EINVAL);
    assert_int_equal(weir_address_ip(&address, NULL, 1), -EINVAL);
    assert_int_equal(weir_address_unix(NULL, "a", 1), -EINVAL);
    assert_int_equal(weir_address_unix(&address, NULL, 1), -EINVAL);
    assert_int_equal(weir_address_parse(NULL, "1.2.3.4:1"), -EINVAL);
    assert_int_equal(weir_address_parse(&address, NULL), -EINVAL);
    assert_int_equal(weir_address_text(NULL, text, sizeof text), -EINVAL);
    assert_int_equal(weir_address_host(NULL, text, sizeof text), -EINVAL);
    assert_int_equal(weir_address_family(NULL), AF_UNSPEC);
    assert_int_equal(weir_address_port(NULL), 0);
}

static void a_port_is_in_host_byte_order(void **state)
{
    weir_address address = weir_address_loopback(0x1234);

    (void)state;
    assert_int_equal(weir_address_port(&address), 0x1234);
    assert_int_equal(ntohs(address.name.ipv4.sin_port), 0x1234);
    assert_int_equal(weir_address_ip(&address, "::1", 0x4321), 0);
    assert_int_equal(weir_address_port(&address), 0x4321);
    weir_address_set_port(&address, 99);
    assert_int_equal(weir_address_port(&address), 99);
    address = parsed("unix:/x");
    weir_address_set_port(&address, 99);
    assert_int_equal(weir_address_port(&address), 0);
    assert_string_equal(text_of(&address), "unix:/x");
}

static void any_and_loopback_are_what_they_say(void **state)
{
    weir_address any = weir_address_any(1), loopback = weir_address_loopback(2);

    (void)state;
    assert_string_equal(text_of(&any), "[::]:1");
    assert_true(weir_address_any_host(&any));
    assert_string_equal(text_of(&loopback), "127.0.0.1:2");
    any = weir_address_any_ipv4(3);
    assert_string_equal(text_of(&any), "0.0.0.0:3");
    any = parsed("[::]:1");
    assert_false(weir_address_any_host(&any));
}

static void a_scope_is_an_interface_by_name_or_number(void **state)
{
    char name[IF_NAMESIZE], text[64], expected[64];
    weir_address address, same;

    (void)state;
    if (!if_indextoname(1, name))
        skip();
    snprintf(text, sizeof text, "fe80::1%%%s", name);
    assert_int_equal(weir_address_ip(&address, text, 5), 0);
    assert_int_equal(address.name.ipv6.sin6_scope_id, 1);
    snprintf(expected, sizeof expected, "[fe80::1%%%s]:5", name);
    assert_string_equal(text_of(&address), expected);
    assert_int_equal(weir_address_ip(&same, "fe80::1%1", 5), 0);
    assert_true(weir_address_equal(&address, &same));
    same = parsed(expected);
    assert_true(weir_address_equal(&address, &same));
    assert_int_equal(weir_address_ip(&same, "fe80::1", 5), 0);
    assert_false(weir_address_equal(&address, &same));
}

static void a_scope_that_does_not_exist_is_refused(void **state)
{
    static const char *const ips[] = {
        "fe80::1%no-such-interface-here",
        "fe80::1%",
        "fe80::1%1x",
        "fe80::1%-1",
        "fe80::1%99999999999999999999",
        "fe80::1%4294967296",
        "fe80::1%%1",
        "fe80::1% 1",
        "fe80::1%4294967295",
    };
    weir_address address;

    (void)state;
    for (size_t i = 0; i < COUNT(ips); i++) {
        assert_int_equal(weir_address_ip(&address, ips[i], 1), -ENODEV);
        assert_int_equal(address.length, 0);
    }
}

/* Field note 20. */
static void a_path_that_does_not_fit_is_not_cut_short(void **state)
{
    enum { ROOM = sizeof((struct sockaddr_un *)NULL)->sun_path };
    char path[ROOM + 8], text[WEIR_ADDRESS_TEXT];
    weir_address address;

    (void)state;
    memset(path, 'p', sizeof path);
    path[ROOM] = '\0';
    for (size_t length = ROOM; length < sizeof path; length++)
        assert_int_equal(
            weir_address_unix(&address, path, length > ROOM ? ROOM : length),
            -ENAMETOOLONG);
    assert_int_equal(address.length, 0);
    assert_int_equal(weir_address_unix(&address, path, ROOM - 1), 0);
    assert_int_equal(strlen(address.name.local.sun_path), ROOM - 1);
    assert_int_equal(weir_address_text(&address, text, sizeof text),
                     5 + ROOM - 1);
    assert_int_equal(weir_address_parse(&address, text), 0);
}

static void an_empty_path_or_one_with_a_nul_is_refused(void **state)
{
    weir_address address;

    (void)state;
    assert_int_equal(weir_address_unix(&address, "", 0), -EINVAL);
    assert_int_equal(weir_address_unix(&address, "a\0b", 3), -EINVAL);
    assert_int_equal(weir_address_unix(&address, "a\0", 2), -EINVAL);
    assert_int_equal(address.length, 0);
}

static void an_abstract_name_is_exactly_its_bytes(void **state)
{
    char longest[109] = "";
    weir_address a, b;

    (void)state;
#ifndef WEIR_SYS_ABSTRACT
    assert_int_equal(weir_address_unix(&a, "\0a", 2), -ENOTSUP);
    skip();
#endif
    assert_int_equal(weir_address_unix(&a, "\0a", 2), 0);
    assert_int_equal(a.length, offsetof(struct sockaddr_un, sun_path) + 2);
    assert_int_equal(weir_address_unix(&b, "\0a\0", 3), 0);
    assert_false(weir_address_equal(&a, &b));
    assert_string_equal(text_of(&a), "unix:@a");
    assert_string_equal(text_of(&b), "unix:@a\\0");
    memset(longest + 1, 'x', sizeof longest - 1);
    assert_int_equal(weir_address_unix(&a, longest, 108), 0);
    b = parsed(text_of(&a));
    assert_true(weir_address_equal(&a, &b));
    assert_int_equal(weir_address_unix(&a, longest, 109), -ENAMETOOLONG);
}

static void addresses_of_different_kinds_are_not_equal(void **state)
{
    static const char *const texts[] = {
        "127.0.0.1:80",
        "127.0.0.1:81",
        "127.0.0.2:80",
        "[::1]:80",
        "[::1]:81",
        "[::2]:80",
        "[::ffff:127.0.0.1]:80",
        "unix:/a",
        "unix:/b",
        "unix:/aa",
        "unix:@/a",
        "unix:@a",
    };
    weir_address none = { 0 }, other_none = { 0 };

    (void)state;
    assert_true(weir_address_equal(&none, &other_none));
    for (size_t i = 0; i < COUNT(texts); i++) {
        weir_address a = parsed(texts[i]);

        assert_false(weir_address_equal(&a, &none));
        for (size_t j = 0; j < COUNT(texts); j++) {
            weir_address b = parsed(texts[j]);

            assert_int_equal(weir_address_equal(&a, &b), i == j);
        }
    }
}

static void a_text_that_is_too_small_is_an_error_and_not_cut(void **state)
{
    weir_address address = parsed("127.0.0.1:80");
    char text[13] = "untouched";

    (void)state;
    assert_int_equal(weir_address_text(&address, text, 12), -ENOSPC);
    assert_string_equal(text, "untouched");
    assert_int_equal(weir_address_text(&address, text, 0), -ENOSPC);
    assert_int_equal(weir_address_text(&address, NULL, 0), -ENOSPC);
    assert_int_equal(weir_address_text(&address, text, 13), 12);
    assert_string_equal(text, "127.0.0.1:80");
}

static void a_host_is_printed_without_port_brackets_and_prefix(void **state)
{
    static const struct {
        const char *text, *host;
    } cases[] = {
        { "127.0.0.1:80", "127.0.0.1" },
        { "[::1]:80", "::1" },
        { "unix:/tmp/a", "/tmp/a" },
        { "unix:@a", "@a" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        weir_address address = parsed(cases[i].text);
        char host[WEIR_ADDRESS_TEXT];

        assert_int_equal(weir_address_host(&address, host, sizeof host),
                         strlen(cases[i].host));
        assert_string_equal(host, cases[i].host);
    }
}

static void no_address_prints_as_such(void **state)
{
    weir_address none = { 0 };
    char host[4];

    (void)state;
    assert_string_equal(text_of(&none), "no address");
    assert_int_equal(weir_address_host(&none, host, sizeof host), 0);
    assert_int_equal(weir_address_parse(&none, "no address"), -EINVAL);
}

static void a_socket_without_a_name_has_an_empty_address(void **state)
{
    weir_address address;
    int fds[2];

    (void)state;
    test_socketpair(fds);
    assert_int_equal(weir_address_local(fds[0], &address), 0);
    assert_int_equal(weir_address_family(&address), AF_UNIX);
    assert_string_equal(text_of(&address), "unix:");
    test_close_pair(fds);
    assert_int_equal(weir_address_local(fds[0], &address), -EBADF);
    assert_int_equal(address.length, 0);
}

/* What a text is made of must not matter: it is an address or an error. */
static void random_texts_neither_crash_nor_print_differently(void **state)
{
    static const char letters[] = "0123456789abcdef:::...[[]]%@/unix: ";
    struct test_random random;

    (void)state;
    test_seed(&random, test_new_seed());
    for (size_t i = 0; i < test_rounds(200000, 20); i++) {
        char text[24] = "";
        size_t length = test_below(&random, sizeof text);
        weir_address address, again;

        for (size_t j = 0; j < length; j++)
            text[j] = letters[test_below(&random, sizeof letters - 1)];
        if (weir_address_parse(&address, text) < 0) {
            assert_int_equal(address.length, 0);
            continue;
        }
        again = parsed(text_of(&address));
        if (!weir_address_equal(&address, &again))
            fail_msg("seed %llu: '%s'", (unsigned long long)random.seed, text);
    }
}

/* UNIX names of bytes that mean something to the text, and of any others. */
static void random_unix_names_print_as_what_they_parse_from(void **state)
{
    static const char letters[] = "@\\0\0a/.\n";
    struct test_random random;

    (void)state;
    test_seed(&random, test_new_seed());
    for (size_t i = 0; i < test_rounds(200000, 20); i++) {
        size_t length =
            1 + test_below(&random, test_once_in(&random, 9) ? 108 : 4);
        weir_address address, again;
        char name[108];

        for (size_t j = 0; j < length; j++)
            name[j] = test_once_in(&random, 9)
                          ? (char)test_below(&random, 256)
                          : letters[test_below(&random, sizeof letters)];
        if (weir_address_unix(&address, name, length) < 0)
            continue;
        again = parsed(text_of(&address));
        if (!weir_address_equal(&address, &again))
            fail_msg("seed %llu: '%s'", (unsigned long long)random.seed,
                     text_of(&address));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_printed_address_parses_to_itself),
        cmocka_unit_test(what_is_no_address_is_refused_and_leaves_no_address),
        cmocka_unit_test(a_very_long_text_is_refused),
        cmocka_unit_test(a_port_above_65535_is_refused_everywhere),
        cmocka_unit_test(null_pointers_are_refused),
        cmocka_unit_test(a_port_is_in_host_byte_order),
        cmocka_unit_test(any_and_loopback_are_what_they_say),
        cmocka_unit_test(a_scope_is_an_interface_by_name_or_number),
        cmocka_unit_test(a_scope_that_does_not_exist_is_refused),
        cmocka_unit_test(a_path_that_does_not_fit_is_not_cut_short),
        cmocka_unit_test(an_empty_path_or_one_with_a_nul_is_refused),
        cmocka_unit_test(an_abstract_name_is_exactly_its_bytes),
        cmocka_unit_test(addresses_of_different_kinds_are_not_equal),
        cmocka_unit_test(a_text_that_is_too_small_is_an_error_and_not_cut),
        cmocka_unit_test(a_host_is_printed_without_port_brackets_and_prefix),
        cmocka_unit_test(no_address_prints_as_such),
        cmocka_unit_test(a_socket_without_a_name_has_an_empty_address),
        cmocka_unit_test(random_texts_neither_crash_nor_print_differently),
        cmocka_unit_test(random_unix_names_print_as_what_they_parse_from),
    };

    return cmocka_run_group_tests_name("addresses", tests, NULL, NULL);
}
