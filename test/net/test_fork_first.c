/*
 * test_fork_first.c - fork() is minded before anybody can call it
 *
 * What is told to pthread_atfork(), which is ours here, must be told once and
 * before the first thread: who forks while it is told has a child that does not
 * know of it, and tells it again.
 */
#include "test/support/net_test.h"

#include <pthread.h>

static unsigned registered, registered_at_main;

int pthread_atfork(void (*prepare)(void), void (*parent)(void),
                   void (*child)(void))
{
    (void)prepare, (void)parent, (void)child;
    registered++;
    return 0;
}

static void not_told(weir_lookup *lookup, int status,
                     const weir_address *addresses, size_t count)
{
    (void)lookup, (void)status, (void)addresses, (void)count;
}

static void forks_are_minded_before_the_first_loop_and_lookup(void **state)
{
    weir_resolver_options options = { .servers = "127.0.0.1:9" };
    weir_lookup *lookup;

    (void)state;
    assert_int_equal(registered_at_main, 2);
    assert_int_equal(weir_resolver_configure(the_loop, &options), 0);
    assert_int_equal(
        weir_lookup_start(&lookup, the_loop, "name.test", NULL, not_told, NULL),
        0);
    weir_lookup_cancel(lookup);
    assert_int_equal(registered, registered_at_main);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            forks_are_minded_before_the_first_loop_and_lookup, test_open_loop,
            test_close_loop),
    };

    registered_at_main = registered;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
