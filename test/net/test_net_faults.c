/*
 * test_net_faults.c - every system call and every allocation fails once
 *
 * The story is told again and again. Each time another call fails, once or from
 * then on, with each errno that it can have, until the story is told without
 * anything failing. Kernels that are only slow are in test_net_interrupted.c.
 */
#include "story_test.h"

/* ------------------------------------------------------------- one telling */

/* The socket's file is gone, unless just that was made fail. */
static void assert_file_removed(const struct fault *fault)
{
    bool excused = fault->onward || !strcmp(faults_what(), "lstat") ||
                   !strcmp(faults_what(), "unlink");

    if (unlink(unix_path) == 0 && !excused)
        fail_msg("the socket's file is still there");
}

/* Tells the story with this fault, and looks at what is left. */
static bool tell(enum place place, const struct fault *fault)
{
    unsigned descriptors = open_descriptors(), struck;
    size_t live = faults_leaked();

    memset(&story, 0, sizeof story);
    story.place = place;
    faults_arm(place == AT_NAME ? &no_fault : fault);
    if (open_virtual_loop(NULL) == 0) {
        if (place == AT_NAME) {
            start_name_server();
            faults_arm(fault);
            virtual_install();
        }
        begin_story();
        run_to_the_end();
        story.through = true;
        if (place == AT_NAME)
            dns_server_stop(dns);
        test_destroy_loop();
    }
    struck = faults_struck();
    assert_int_equal(story.closed, story.opened);
    assert_int_equal(story.servers_closed, story.servers_opened);
    assert_int_equal(story.callbacks, story.writes);
    assert_int_equal(story.given_back, story.taken_over);
    assert_int_equal(faults_leaked(), live);
    assert_int_equal(open_descriptors(), descriptors);
    assert_file_removed(fault);
    return struck > 0;
}

static void sweep(enum place place, bool onward, const char *only)
{
    for (unsigned variant = 0; variant < VARIANTS; variant++) {
        last = (struct fault){ .onward = onward,
                               .variant = variant,
                               .only = only };
        for (last.nth = 1; tell(place, &last); last.nth++) {
            /* An interrupted call is repeated, and nobody notices; but for
             * connect(), which the injector has not let through at all. */
            if (faults_errno() == EINTR && !onward &&
                strcmp(faults_what(), "connect") != 0)
                assert_true(told_well());
        }
        assert_true(told_well());
        assert_true(last.nth > 3);
        if (only)
            return; /* one errno is all that it has */
    }
}

/* --------------------------------------------------------------- the tests */

static void every_story_is_told_well_when_nothing_fails(void **state)
{
    (void)state;
    for (enum place place = AT_PORT; place <= AT_PROXY; place++) {
        assert_false(tell(place, &no_fault));
        assert_true(told_well());
        assert_int_equal(story.writes >= 5, 1);
    }
}

static void no_call_that_fails_once_leaves_anything_over_tcp(void **state)
{
    (void)state;
    sweep(AT_PORT, false, NULL);
}

static void no_call_that_fails_for_ever_leaves_anything_over_tcp(void **state)
{
    (void)state;
    sweep(AT_PORT, true, NULL);
}

static void no_call_that_fails_once_leaves_anything_at_a_path(void **state)
{
    (void)state;
    sweep(AT_PATH, false, NULL);
}

static void no_call_that_fails_for_ever_leaves_anything_at_a_path(void **state)
{
    (void)state;
    sweep(AT_PATH, true, NULL);
}

static void no_call_that_fails_once_leaves_anything_by_name(void **state)
{
    (void)state;
    sweep(AT_NAME, false, NULL);
}

static void no_call_that_fails_for_ever_leaves_anything_by_name(void **state)
{
    (void)state;
    sweep(AT_NAME, true, NULL);
}

static void no_call_that_fails_once_leaves_anything_in_a_proxy(void **state)
{
    (void)state;
    sweep(AT_PROXY, false, NULL);
}

static void no_call_that_fails_for_ever_leaves_anything_in_a_proxy(void **state)
{
    (void)state;
    sweep(AT_PROXY, true, NULL);
}

static void no_allocation_that_fails_leaves_anything(void **state)
{
    (void)state;
    for (enum place place = AT_PORT; place <= AT_PROXY; place++) {
        sweep(place, false, "malloc");
        sweep(place, true, "malloc");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_story_is_told_well_when_nothing_fails),
        TEST(no_call_that_fails_once_leaves_anything_over_tcp),
        TEST(no_call_that_fails_for_ever_leaves_anything_over_tcp),
        TEST(no_call_that_fails_once_leaves_anything_at_a_path),
        TEST(no_call_that_fails_for_ever_leaves_anything_at_a_path),
        TEST(no_call_that_fails_once_leaves_anything_by_name),
        TEST(no_call_that_fails_for_ever_leaves_anything_by_name),
        TEST(no_call_that_fails_once_leaves_anything_in_a_proxy),
        TEST(no_call_that_fails_for_ever_leaves_anything_in_a_proxy),
        TEST(no_allocation_that_fails_leaves_anything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
