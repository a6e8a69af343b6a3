/*
 * test_io.c - watchers: what they take, when they are told, what they cost
 *
 * Levels and edges, changes of interest, and what holds after a change that
 * failed. Ends and failures are in test_io_end.c, files in test_io_file.c.
 */
#include "io_test.h"

#include <sys/socket.h>

/* ------------------------------------------------------------------- input */

static void bad_input_is_an_error_at_the_call(void **state)
{
    static const unsigned bad[] = { 0,
                                    WEIR_EDGE,
                                    WEIR_ERROR,
                                    WEIR_READABLE | WEIR_HANGUP,
                                    WEIR_READABLE | WEIR_READ_HANGUP,
                                    WEIR_READABLE | 2,
                                    ~0u };
    struct watcher a;

    (void)state;
    assert_int_equal(weir_io_init(NULL, the_loop, 0, told), -EINVAL);
    assert_int_equal(weir_io_init(&a.io, NULL, 0, told), -EINVAL);
    assert_int_equal(weir_io_init(&a.io, the_loop, 0, NULL), -EINVAL);
    assert_int_equal(weir_io_init(&a.io, the_loop, -1, told), -EBADF);
    init(&a, "a", 0);
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(weir_io_start(&a.io, bad[i]), -EINVAL);
    assert_false(weir_io_running(&a.io));
    assert_false(weir_loop_alive(the_loop));
}

static void a_descriptor_that_is_not_open_is_an_error(void **state)
{
    struct watcher a;
    int fds[2];

    (void)state;
    test_pipe(fds);
    test_close_pair(fds);
    init(&a, "a", fds[0]);
    assert_int_equal(weir_io_start(&a.io, WEIR_READABLE), -EBADF);
    assert_false(weir_io_running(&a.io));
    assert_false(weir_loop_alive(the_loop));
    weir_io_stop(&a.io);
}

static void a_watcher_knows_its_descriptor_and_keeps_the_data(void **state)
{
    weir_io io = { .data = state };

    assert_int_equal(weir_io_init(&io, the_loop, 1234, told), 0);
    assert_ptr_equal(io.data, state);
    assert_int_equal(weir_io_fd(&io), 1234);
    assert_false(weir_io_running(&io));
}

static void a_second_watcher_of_a_descriptor_is_refused(void **state)
{
    struct watcher a, b;
    int fds[2];

    (void)state;
    test_pipe(fds);
    init(&a, "a", fds[0]);
    init(&b, "b", fds[0]);
    start(&a, WEIR_READABLE);
    assert_int_equal(weir_io_start(&b.io, WEIR_READABLE), -EEXIST);
    assert_false(weir_io_running(&b.io));
    test_fill(fds[1], 1);
    turn(1);
    assert_trace("a");
    weir_io_stop(&a.io);
    start(&b, WEIR_READABLE);
    turn(1);
    assert_trace("ab");
    weir_io_stop(&b.io);
    test_close_pair(fds);
}

static void after_a_change_that_failed_the_old_interest_holds(void **state)
{
    static const unsigned interests[] = {
        WEIR_WRITABLE, WEIR_READABLE | WEIR_WRITABLE, WEIR_WRITABLE | WEIR_EDGE,
        WEIR_READABLE | WEIR_EDGE | WEIR_WRITABLE
    };
    struct watcher a;
    int fds[2];

    (void)state;
    test_socketpair(fds);
    init(&a, "a", fds[0]);
    start(&a, WEIR_READABLE);
    for (size_t i = 0; i < COUNT(interests); i++) {
        trace_clear();
        refuse(WEIR_WRITABLE, ENOMEM);
        assert_int_equal(weir_io_start(&a.io, interests[i]), -ENOMEM);
        faults_restore();
        assert_true(weir_io_running(&a.io));
        turn(1);
        assert_trace("");
        test_fill(fds[1], 1);
        turn(2); /* level-triggered, as it was */
        assert_trace("aa");
        assert_int_equal(a.events, WEIR_READABLE);
        test_drain(fds[0]);
    }
    weir_io_stop(&a.io);
    turn(1);
    test_close_pair(fds);
}

static void an_interest_that_cannot_be_put_back_is_put_back_later(void **state)
{
    struct watcher a;
    int fds[2];

    (void)state;
    test_pipe(fds);
    init(&a, "a", fds[0]);
    start(&a, WEIR_READABLE);
    refuse(WEIR_READABLE | WEIR_WRITABLE, ENOMEM);
    assert_int_equal(weir_io_start(&a.io, WEIR_READABLE | WEIR_EDGE), -ENOMEM);
    test_fill(fds[1], 1);
    turn(2); /* kqueue cannot tell it yet */
    faults_restore();
    trace_clear();
    turn(2);
    assert_trace("aa");
    weir_io_stop(&a.io);
    test_close_pair(fds);
}

static void a_watcher_that_was_refused_leaves_nothing_behind(void **state)
{
    struct watcher a;
    int fds[2];

    (void)state;
    test_socketpair(fds);
    init(&a, "a", fds[0]);
    refuse(WEIR_WRITABLE, ENOMEM);
    assert_int_equal(weir_io_start(&a.io, WEIR_READABLE | WEIR_WRITABLE),
                     -ENOMEM);
    faults_restore();
    assert_false(weir_io_running(&a.io));
    test_fill(fds[1], 1);
    turn(2);
    assert_trace("");
    start(&a, WEIR_READABLE);
    turn(1);
    assert_trace("a");
    weir_io_stop(&a.io);
    test_close_pair(fds);
}

/* ---------------------------------------------------------------- triggers */

static void a_watcher_is_told_as_long_as_the_condition_holds(void **state)
{
    struct watcher a;
    int fds[2];

    (void)state;
    test_pipe(fds);
    init(&a, "a", fds[0]);
    start(&a, WEIR_READABLE);
    turn(1);
    assert_trace("");
    test_fill(fds[1], 1);
    turn(3);
    assert_trace("aaa");
    assert_int_equal(a.events, WEIR_READABLE);
    test_drain(fds[0]);
    turn(2);
    assert_trace("aaa");
    weir_io_stop(&a.io);
    test_close_pair(fds);
}

static void an_edge_is_told_once(void **state)
{
    struct watcher a;
    int fds[2];

    (void)state;
    test_socketpair(fds);
    init(&a, "a", fds[0]);
    start(&a, WEIR_READABLE | WEIR_EDGE);
    test_fill(fds[1], 1);
    turn(3);
    assert_trace("a");
    test_fill(fds[1], 1);
    turn(3);
    assert_trace("aa");
    test_drain(fds[0]);
    test_fill(fds[1], 1);
    turn(3);
    assert_trace("aaa");
    weir_io_stop(&a.io);
    test_close_pair(fds);
}

static void a_change_of_interest_looks_anew_at_an_edge(void **state)
{
    struct watcher a;
    int fds[2];

    (void)state;
    test_socketpair(fds);
    test_fill(fds[1], 1);
    init(&a, "a", fds[0]);
    start(&a, WEIR_READABLE | WEIR_EDGE);
    turn(2);
    assert_trace("a");
    start(&a, WEIR_READABLE | WEIR_EDGE);
    turn(2);
    assert_trace("aa");
    start(&a, WEIR_READABLE);
    turn(2);
    assert_trace("aaaa");
    start(&a, WEIR_READABLE | WEIR_EDGE);
    turn(3);
    assert_trace("aaaaa");
    weir_io_stop(&a.io);
    test_close_pair(fds);
}

static void both_directions_are_told_in_one_call(void **state)
{
    struct watcher a;
    int fds[2];

    (void)state;
    test_socketpair(fds);
    test_fill(fds[1], 1);
    init(&a, "a", fds[0]);
    start(&a, WEIR_READABLE | WEIR_WRITABLE);
    turn(1);
    assert_trace("a");
    assert_int_equal(a.events, WEIR_READABLE | WEIR_WRITABLE);
    weir_io_stop(&a.io);
    test_close_pair(fds);
}

static void interest_may_be_changed_at_any_time(void **state)
{
    struct watcher a;
    int fds[2];

    (void)state;
    test_socketpair(fds);
    init(&a, "a", fds[0]);
    start(&a, WEIR_READABLE);
    turn(1);
    assert_trace("");
    start(&a, WEIR_WRITABLE);
    turn(1);
    assert_int_equal(a.events, WEIR_WRITABLE);
    assert_int_equal(weir_io_start(&a.io, 0), -EINVAL);
    test_fill(fds[1], 1);
    turn(1);
    assert_int_equal(a.events, WEIR_WRITABLE);
    start(&a, WEIR_READABLE);
    turn(1);
    assert_int_equal(a.events, WEIR_READABLE);
    assert_trace("aaa");
    weir_io_stop(&a.io);
    test_close_pair(fds);
}

static void a_stopped_watcher_is_silent_and_can_be_started_again(void **state)
{
    struct watcher a;
    int fds[2];

    (void)state;
    test_pipe(fds);
    test_fill(fds[1], 1);
    init(&a, "a", fds[0]);
    weir_io_stop(&a.io);
    start(&a, WEIR_READABLE);
    assert_true(weir_io_running(&a.io));
    weir_io_stop(&a.io);
    weir_io_stop(&a.io);
    assert_false(weir_io_running(&a.io));
    turn(2);
    assert_trace("");
    start(&a, WEIR_READABLE);
    turn(1);
    assert_trace("a");
    weir_io_stop(&a.io);
    test_close_pair(fds);
}

/* -------------------------------------------------------------- references */

static void an_unreferenced_watcher_does_not_keep_the_loop_running(void **state)
{
    struct watcher a, file;
    int fd = open_file();
    int fds[2];

    (void)state;
    test_pipe(fds);
    init(&a, "a", fds[0]);
    init(&file, "f", fd);
    weir_io_unref(&a.io);
    start(&a, WEIR_READABLE);
    start(&file, WEIR_READABLE);
    weir_io_unref(&file.io);
    assert_false(weir_loop_alive(the_loop));
    run();
    assert_trace("");
    weir_io_ref(&a.io);
    assert_true(weir_loop_alive(the_loop));
    a.stop_after = 1;
    test_fill(fds[1], 1);
    run();
    assert_trace("fa");
    weir_io_stop(&file.io);
    close(fd);
    test_close_pair(fds);
}

/* "Also": a million watchers are a million of these. */
static void a_watcher_is_small(void **state)
{
    (void)state;
    assert_true(sizeof(weir_io) <= 80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_LOOP(bad_input_is_an_error_at_the_call),
        TEST_ON_LOOP(a_descriptor_that_is_not_open_is_an_error),
        TEST_ON_LOOP(a_watcher_knows_its_descriptor_and_keeps_the_data),
        TEST_ON_LOOP(a_second_watcher_of_a_descriptor_is_refused),
        TEST_ON_LOOP(after_a_change_that_failed_the_old_interest_holds),
        TEST_ON_LOOP(an_interest_that_cannot_be_put_back_is_put_back_later),
        TEST_ON_LOOP(a_watcher_that_was_refused_leaves_nothing_behind),
        TEST_ON_LOOP(a_watcher_is_told_as_long_as_the_condition_holds),
        TEST_ON_LOOP(an_edge_is_told_once),
        TEST_ON_LOOP(a_change_of_interest_looks_anew_at_an_edge),
        TEST_ON_LOOP(both_directions_are_told_in_one_call),
        TEST_ON_LOOP(interest_may_be_changed_at_any_time),
        TEST_ON_LOOP(a_stopped_watcher_is_silent_and_can_be_started_again),
        TEST_ON_LOOP(an_unreferenced_watcher_does_not_keep_the_loop_running),
        TEST_ON_LOOP(a_watcher_is_small),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
