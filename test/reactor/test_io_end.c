/*
 * test_io_end.c - what a watcher is told when its descriptor is over
 *
 * The ends of pipes and sockets, each as the systems tell it; errors; and
 * copies of a descriptor, which outlive it or go with a child.
 */
#include "io_test.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>

static void the_end_of_a_pipe_is_told_as_readable(void **state)
{
    struct watcher a;
    int fds[2];
    char byte;

    (void)state;
    test_pipe(fds);
    init(&a, "a", fds[0]);
    a.stop_after = 1;
    start(&a, WEIR_READABLE);
    close(fds[1]);
    run();
    assert_true(a.events & WEIR_READABLE);
    assert_int_equal(read(fds[0], &byte, 1), 0);
    close(fds[0]);
}

static void a_pipe_without_a_reader_is_told_as_writable(void **state)
{
    struct watcher a;
    int fds[2];

    (void)state;
    test_pipe(fds);
    while (write(fds[1], fds, sizeof fds) > 0)
        ;
    init(&a, "a", fds[1]);
    a.stop_after = 1;
    start(&a, WEIR_WRITABLE);
    turn(1);
    assert_trace("");
    close(fds[0]);
    run();
    assert_true(a.events & WEIR_WRITABLE);
    assert_true(a.events & WEIR_ERROR);
    close(fds[1]);
}

/* Note 5: "FIN came" is not "dead". */
/* There is no filter for it on kqueue; epoll tells it. */
static void a_pipe_that_had_no_reader_is_told_as_broken(void **state)
{
    const unsigned broken = WEIR_WRITABLE | WEIR_ERROR;
    struct watcher a;
    int fds[2];

    (void)state;
    test_pipe(fds);
    close(fds[0]);
    init(&a, "a", fds[1]);
    start(&a, WEIR_WRITABLE);
    turn(2);
    assert_trace("aa");
    assert_int_equal(a.events, broken);
    start(&a, WEIR_WRITABLE | WEIR_EDGE);
    turn(3);
    assert_trace("aaa");
    assert_int_equal(a.events, broken);
    start(&a, WEIR_WRITABLE | WEIR_EDGE); /* looks anew */
    turn(2);
    assert_trace("aaaa");
    weir_io_stop(&a.io);
    turn(1);
    start(&a, WEIR_WRITABLE);
    a.stop_after = a.told + 1;
    turn(2);
    assert_trace("aaaaa");
    close(fds[1]);
}

static void a_pipe_that_loses_its_reader_before_a_change_is_broken(void **state)
{
    struct watcher a;
    int fds[2];

    (void)state;
    test_pipe(fds);
    init(&a, "a", fds[1]);
    start(&a, WEIR_WRITABLE | WEIR_EDGE);
    turn(1);
    close(fds[0]);
    start(&a, WEIR_WRITABLE);
    trace_clear();
    turn(2);
    assert_trace("aa");
    assert_int_equal(a.events, WEIR_WRITABLE | WEIR_ERROR);
    weir_io_stop(&a.io);
    close(fds[1]);
}

#ifdef WEIR_BACKEND_KQUEUE
/* NetBSD's word for it, which says of a closed descriptor what it says. */
static void a_pipe_without_a_reader_may_be_a_bad_descriptor(void **state)
{
    struct watcher a;
    int fds[2];

    (void)state;
    test_pipe(fds);
    init(&a, "a", fds[1]);
    refuse(WEIR_WRITABLE, EBADF);
    start(&a, WEIR_WRITABLE);
    turn(1);
    assert_trace("a");
    assert_int_equal(a.events, WEIR_WRITABLE | WEIR_ERROR);
    weir_io_stop(&a.io);
    test_close_pair(fds);
    init(&a, "a", fds[1]);
    assert_int_equal(weir_io_start(&a.io, WEIR_WRITABLE), -EBADF);
    faults_restore();
}
#endif

static void the_end_of_reading_is_told_and_is_no_hangup(void **state)
{
    struct watcher a;
    int fds[2];

    (void)state;
    test_socketpair(fds);
    init(&a, "a", fds[0]);
    start(&a, WEIR_READABLE | WEIR_WRITABLE | WEIR_EDGE);
    turn(1);
    assert_int_equal(shutdown(fds[1], SHUT_WR), 0);
    turn(1);
    assert_true(a.events & WEIR_READABLE);
    assert_true(a.events & WEIR_READ_HANGUP);
    assert_false(a.events & (WEIR_HANGUP | WEIR_ERROR));
    test_fill(fds[0], 1);
    assert_int_equal(test_drain(fds[1]), 1);
    weir_io_stop(&a.io);
    test_close_pair(fds);
}

static void connected_tcp(int fds[2])
{
    struct sockaddr_in any = { .sin_family = AF_INET };
    socklen_t size = sizeof any;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(listener, (struct sockaddr *)&any, sizeof any), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&any, &size), 0);
    fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fds[0], (struct sockaddr *)&any, size), 0);
    fds[1] = accept(listener, NULL, NULL);
    assert_true(fds[1] >= 0);
    close(listener);
    assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
}

/* Note 3: whoever looks only at these two bits reads, and learns there. */
static void an_error_is_told_together_with_what_was_asked_for(void **state)
{
    struct linger reset = { .l_onoff = 1 };

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        unsigned interest = i ? WEIR_WRITABLE : WEIR_READABLE;
        struct watcher a;
        int fds[2];
        char byte;

        connected_tcp(fds);
        while (i && write(fds[0], trace.text, sizeof trace.text) > 0)
            ;
        init(&a, "a", fds[0]);
        a.stop_after = 1;
        start(&a, interest | WEIR_EDGE);
        setsockopt(fds[1], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(fds[1]);
        run();
        assert_true(a.events & interest);
        assert_true(a.events & WEIR_ERROR);
        assert_int_equal(read(fds[0], &byte, 1), -1);
        assert_int_equal(errno, ECONNRESET);
        close(fds[0]);
    }
}

/* Note 4: it cannot be masked. The watcher can stop, or ask for edges. */
static void
a_peer_that_hung_up_does_not_spin_an_edge_triggered_watcher(void **state)
{
    struct watcher a, b;
    int fds[2], level[2];

    (void)state;
    test_socketpair(fds);
    test_socketpair(level);
    init(&a, "e", fds[0]);
    init(&b, "l", level[0]);
    start(&a, WEIR_WRITABLE | WEIR_EDGE);
    start(&b, WEIR_WRITABLE);
    turn(1);
    assert_int_equal(a.told, 1);
    close(fds[1]);
    close(level[1]);
    turn(5);
    assert_int_equal(a.told, 2);
    assert_int_equal(b.told, 6);
    weir_io_stop(&b.io);
    turn(2);
    assert_int_equal(b.told, 6);
    weir_io_stop(&a.io);
    close(fds[0]);
    close(level[0]);
}

/* Note 9: closing one of two descriptors of a file leaves it in the set. */
static void a_descriptor_that_was_duplicated_leaves_nothing_behind(void **state)
{
    struct watcher a;
    int fds[2], copy;

    (void)state;
    test_pipe(fds);
    test_fill(fds[1], 1);
    copy = dup(fds[0]);
    assert_true(copy >= 0);
    init(&a, "a", fds[0]);
    start(&a, WEIR_READABLE);
    turn(1);
    weir_io_stop(&a.io);
    close(fds[0]);
    memset(&a, 0x5a, sizeof a);
    turn(3);
    assert_trace("a");
    close(copy);
    close(fds[1]);
}

/* "Also": a forked child shares the set and must not touch it; one that just
 * ends takes nothing away from its parent. */
static void a_child_that_ends_takes_nothing_away_from_its_parent(void **state)
{
    struct watcher a;
    int fds[2], status;
    pid_t child;

    (void)state;
    test_pipe(fds);
    init(&a, "a", fds[0]);
    a.stop_after = 1;
    start(&a, WEIR_READABLE);
    child = fork();
    if (child == 0)
        _exit(0);
    assert_int_equal(waitpid(child, &status, 0), child);
    test_fill(fds[1], 1);
    run();
    assert_trace("a");
    test_close_pair(fds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_LOOP(the_end_of_a_pipe_is_told_as_readable),
        TEST_ON_LOOP(a_pipe_without_a_reader_is_told_as_writable),
        TEST_ON_LOOP(a_pipe_that_had_no_reader_is_told_as_broken),
        TEST_ON_LOOP(a_pipe_that_loses_its_reader_before_a_change_is_broken),
#ifdef WEIR_BACKEND_KQUEUE
        TEST_ON_LOOP(a_pipe_without_a_reader_may_be_a_bad_descriptor),
#endif
        TEST_ON_LOOP(the_end_of_reading_is_told_and_is_no_hangup),
        TEST_ON_LOOP(an_error_is_told_together_with_what_was_asked_for),
        TEST_ON_LOOP(
            a_peer_that_hung_up_does_not_spin_an_edge_triggered_watcher),
        TEST_ON_LOOP(a_descriptor_that_was_duplicated_leaves_nothing_behind),
        TEST_ON_LOOP(a_child_that_ends_takes_nothing_away_from_its_parent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
