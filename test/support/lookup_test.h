/*
 * lookup_test.h - what the tests of names share: a server, lookups, outcomes
 *
 * Each test has a loop, and a name server of its own on 127.0.0.1 that the
 * loop's resolver asks. A lookup's callback keeps what came in a `struct
 * outcome`.
 */
#ifndef WEIR_LOOKUP_TEST_H
#define WEIR_LOOKUP_TEST_H

#include "dns_server.h"
#include "test.h"

#include <weir/net.h>

enum { MAX_KEPT = 8 };

/* What came of a lookup. */
struct outcome {
    int calls, status;
    size_t count;
    weir_address addresses[MAX_KEPT];
    void (*then)(weir_lookup *lookup, struct outcome *outcome);
    weir_lookup *other;
};

static struct dns_server *server;
static bool inside; /* of weir_lookup_start() */

static inline int configure(const char *servers, unsigned timeout,
                            unsigned tries)
{
    weir_resolver_options options = { servers, timeout, tries };

    return weir_resolver_configure(the_loop, &options);
}

/* A descriptor of a file that says this: what a test's open() gives for one
 * that weir reads. */
static inline int open_text(const char *text)
{
    FILE *file = tmpfile();
    int fd;

    assert_non_null(file);
    fputs(text, file);
    fflush(file);
    fd = dup(fileno(file));
    fclose(file);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static inline int open_server(void **state)
{
    if (test_open_loop(state) < 0)
        return -1;
    server = dns_server_start(the_loop);
    return server ? configure(dns_server_address(server), 2000, 1) : -1;
}

static inline int close_server(void **state)
{
    if (server)
        dns_server_stop(server);
    server = NULL;
    return test_close_loop(state);
}

#define TEST(function)                                                         \
    cmocka_unit_test_setup_teardown(function, open_server, close_server)

/* The server must go first: its watchers are the loop's. */
static inline void destroy_all(void)
{
    dns_server_stop(server);
    server = NULL;
    test_destroy_loop();
}

static inline void on_lookup(weir_lookup *lookup, int status,
                             const weir_address *addresses, size_t count)
{
    struct outcome *outcome = weir_lookup_data(lookup);

    assert_false(inside);
    assert_int_equal(count == 0, status < 0);
    if (count == 0)
        assert_null(addresses);
    outcome->calls++;
    outcome->status = status;
    outcome->count = count;
    for (size_t i = 0; i < count && i < MAX_KEPT; i++)
        outcome->addresses[i] = addresses[i];
    if (outcome->then)
        outcome->then(lookup, outcome);
}

static inline int start(weir_lookup **lookup, const char *host,
                        const weir_lookup_options *options,
                        struct outcome *outcome)
{
    weir_lookup *unused;
    int result;

    inside = true;
    result = weir_lookup_start(lookup ? lookup : &unused, the_loop, host,
                               options, on_lookup, outcome);
    inside = false;
    return result;
}

static inline struct outcome look_up_with(const char *host,
                                          const weir_lookup_options *options)
{
    struct outcome outcome = { 0 };

    assert_int_equal(start(NULL, host, options, &outcome), 0);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(outcome.calls, 1);
    return outcome;
}

static inline struct outcome look_up(const char *host, int family)
{
    weir_lookup_options options = { .family = family };

    return look_up_with(host, &options);
}

static inline const char *text_of(const struct outcome *outcome, size_t index)
{
    static char text[WEIR_ADDRESS_TEXT];

    assert_true(index < outcome->count);
    assert_int_equal(weir_address_port(&outcome->addresses[index]), 0);
    assert_true(
        weir_address_host(&outcome->addresses[index], text, sizeof text) > 0);
    return text;
}

static inline bool has(const struct outcome *outcome, const char *text)
{
    for (size_t i = 0; i < outcome->count; i++)
        if (strcmp(text_of(outcome, i), text) == 0)
            return true;
    return false;
}

static inline void assert_only(const struct outcome *outcome, const char *text)
{
    assert_int_equal(outcome->status, 0);
    assert_int_equal(outcome->count, 1);
    assert_string_equal(text_of(outcome, 0), text);
}

static inline void assert_fails(const struct outcome *outcome, int status)
{
    assert_string_equal(weir_error_name(outcome->status),
                        weir_error_name(status));
    assert_int_equal(outcome->status, status);
    assert_int_equal(outcome->count, 0);
}

static inline void set(const char *name, enum dns_type type,
                       enum dns_answer answer, const char *addresses)
{
    dns_server_set(server, name, type, answer, addresses);
}

#endif
