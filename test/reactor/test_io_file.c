/*
 * test_io_file.c - watchers of files, which are always ready
 *
 * epoll(7) refuses them; a program that is given one instead of a pipe works
 * all the same, and does not keep the others from their turns.
 */
#include "io_test.h"

static void a_regular_file_is_always_ready(void **state)
{
    struct watcher a;
    int fd = open_file();

    (void)state;
    init(&a, "a", fd);
    start(&a, WEIR_READABLE | WEIR_WRITABLE);
    assert_true(weir_io_running(&a.io));
    assert_true(weir_loop_alive(the_loop));
    turn(3);
    assert_trace("aaa");
    assert_int_equal(a.events, WEIR_READABLE | WEIR_WRITABLE);
    start(&a, WEIR_WRITABLE);
    turn(1);
    assert_int_equal(a.events, WEIR_WRITABLE);
    weir_io_stop(&a.io);
    assert_false(weir_io_running(&a.io));
    turn(2);
    assert_trace("aaaa");
    start(&a, WEIR_READABLE);
    turn(1);
    assert_trace("aaaaa");
    assert_int_equal(a.events, WEIR_READABLE);
    weir_io_stop(&a.io);
    assert_false(weir_loop_alive(the_loop));
    close(fd);
}

static void a_regular_file_lets_others_have_their_turn(void **state)
{
    struct watcher file, other, pipe_end;
    int fd = open_file(), second = open_file();
    int fds[2];

    (void)state;
    test_pipe(fds);
    test_fill(fds[1], 1);
    init(&file, "f", fd);
    init(&other, "g", second);
    init(&pipe_end, "p", fds[0]);
    file.stop_after = other.stop_after = pipe_end.stop_after = 3;
    start(&file, WEIR_READABLE);
    start(&other, WEIR_READABLE);
    start(&pipe_end, WEIR_READABLE);
    run();
    assert_trace("fgpfgpfgp");
    close(fd);
    close(second);
    test_close_pair(fds);
}

static void change_then_stop_then_start(struct watcher *watcher)
{
    if (watcher->told == 1) {
        start(watcher, WEIR_WRITABLE);
    } else if (watcher->told == 2) {
        assert_int_equal(watcher->events, WEIR_WRITABLE);
        weir_io_stop(&watcher->io);
        start(watcher, WEIR_READABLE);
    } else {
        assert_int_equal(watcher->events, WEIR_READABLE);
        weir_io_stop(&watcher->io);
        trace_add('.');
    }
}

static void
a_watcher_of_a_file_may_change_and_restart_in_its_callback(void **state)
{
    struct watcher a;
    int fd = open_file();

    (void)state;
    init(&a, "a", fd);
    a.then = change_then_stop_then_start;
    start(&a, WEIR_READABLE);
    run();
    assert_trace("aaa.");
    close(fd);
}

static void free_it(struct watcher *watcher)
{
    close(weir_io_fd(&watcher->io));
    weir_io_stop(&watcher->io);
    free(watcher);
}

static void a_watcher_of_a_file_may_be_freed_in_its_callback(void **state)
{
    struct watcher *a = malloc(sizeof *a);

    (void)state;
    assert_non_null(a);
    init(a, "a", open_file());
    a->then = free_it;
    start(a, WEIR_READABLE);
    run();
    assert_trace("a");
}

static struct watcher *victim;

static void free_victim(struct watcher *watcher)
{
    free_it(victim);
    weir_io_stop(&watcher->io);
}

static void a_watcher_of_a_file_may_be_freed_by_the_one_before(void **state)
{
    struct watcher a;
    int fd = open_file();

    (void)state;
    victim = malloc(sizeof *victim);
    assert_non_null(victim);
    init(&a, "a", fd);
    init(victim, "!", open_file());
    a.then = free_victim;
    start(&a, WEIR_READABLE);
    start(victim, WEIR_READABLE);
    run();
    assert_trace("a");
    close(fd);
}

static void dev_null_is_always_ready(void **state)
{
    struct watcher a;
    int fd = open("/dev/null", O_RDWR);

    (void)state;
    assert_true(fd >= 0);
    init(&a, "a", fd);
    a.stop_after = 2;
    start(&a, WEIR_READABLE | WEIR_WRITABLE);
    run();
    assert_trace("aa");
    assert_int_equal(a.events, WEIR_READABLE | WEIR_WRITABLE);
    close(fd);
}

static void a_file_is_told_once_when_edges_are_asked_for(void **state)
{
    struct watcher a;
    int fd = open_file();

    (void)state;
    init(&a, "a", fd);
    start(&a, WEIR_READABLE | WEIR_EDGE);
    for (int i = 0; i < 5; i++)
        weir_loop_run_once(the_loop, 0);
    assert_trace("a");
    start(&a, WEIR_READABLE | WEIR_EDGE); /* asked again, told again */
    for (int i = 0; i < 5; i++)
        weir_loop_run_once(the_loop, 0);
    assert_trace("aa");
    weir_io_stop(&a.io);
    assert_false(weir_loop_alive(the_loop));
    close(fd);
}

static void a_file_has_one_watcher_as_other_descriptors_do(void **state)
{
    struct watcher a, b, c;
    int fd = open_file();
    int copy = dup(fd);

    (void)state;
    init(&a, "a", fd);
    init(&b, "b", fd);
    init(&c, "c", copy);
    start(&a, WEIR_READABLE | WEIR_EDGE);
    assert_int_equal(weir_io_start(&b.io, WEIR_READABLE), -EEXIST);
    weir_loop_run_once(the_loop, 0);
    assert_int_equal(weir_io_start(&b.io, WEIR_READABLE), -EEXIST);
    start(&c, WEIR_READABLE);
    weir_io_stop(&a.io);
    start(&b, WEIR_READABLE);
    b.stop_after = c.stop_after = 1;
    run();
    assert_trace("acb");
    close(copy);
    close(fd);
}

static void a_file_that_there_is_no_memory_for_is_not_watched(void **state)
{
    struct fault fault = { .nth = 1, .onward = true, .only = "malloc" };
    struct watcher a;
    int fd = open_file();

    (void)state;
    init(&a, "a", fd);
    faults_arm(&fault);
    assert_int_equal(weir_io_start(&a.io, WEIR_READABLE), -ENOMEM);
    faults_restore();
    assert_false(weir_io_running(&a.io));
    assert_false(weir_loop_alive(the_loop));
    start(&a, WEIR_READABLE);
    a.stop_after = 1;
    run();
    assert_trace("a");
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_LOOP(a_regular_file_is_always_ready),
        TEST_ON_LOOP(a_regular_file_lets_others_have_their_turn),
        TEST_ON_LOOP(
            a_watcher_of_a_file_may_change_and_restart_in_its_callback),
        TEST_ON_LOOP(a_watcher_of_a_file_may_be_freed_in_its_callback),
        TEST_ON_LOOP(a_watcher_of_a_file_may_be_freed_by_the_one_before),
        TEST_ON_LOOP(dev_null_is_always_ready),
        TEST_ON_LOOP(a_file_is_told_once_when_edges_are_asked_for),
        TEST_ON_LOOP(a_file_has_one_watcher_as_other_descriptors_do),
        TEST_ON_LOOP(a_file_that_there_is_no_memory_for_is_not_watched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
