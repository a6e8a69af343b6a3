/*
 * test_io.c - watchers of pipes, sockets and files
 */
#include "test/support/test.h"

#include "reactor/list.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct watcher {
    weir_io io;
    const char *letter;
    unsigned told, events, stop_after;
    void (*then)(struct watcher *watcher);
};

static void told(weir_io *io, unsigned events)
{
    struct watcher *watcher = weir_container_of(io, struct watcher, io);

    watcher->events = events;
    if (watcher->letter)
        trace_add(*watcher->letter);
    if (++watcher->told == watcher->stop_after)
        weir_io_stop(io);
    else if (watcher->then)
        watcher->then(watcher);
}

static void init(struct watcher *watcher, const char *letter, int fd)
{
    memset(watcher, 0, sizeof *watcher);
    watcher->letter = letter;
    assert_int_equal(weir_io_init(&watcher->io, the_loop, fd, told), 0);
}

static void start(struct watcher *watcher, unsigned interest)
{
    assert_int_equal(weir_io_start(&watcher->io, interest), 0);
}

static void turn(unsigned times)
{
    while (times-- > 0)
        assert_true(weir_loop_run_once(the_loop, 0) >= 0);
}

static void run(void)
{
    assert_int_equal(weir_loop_run(the_loop), 0);
}

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

/* What the kernel answers when something is registered or changed: errno for
 * those of a direction, 0 for what it says itself. Removing always works. */
static struct {
    unsigned directions;
    int error;
} refused;

#ifdef WEIR_BACKEND_EPOLL
static int refuse_changes(int epoll, int operation, int fd,
                          struct epoll_event *event)
{
    if (refused.error && event->events & refused.directions) {
        errno = refused.error;
        return -1;
    }
    return faults_kernel()->epoll_ctl(epoll, operation, fd, event);
}
#else
/* One receipt of several tells it, and the others say what they would. */
static int refuse_changes(int queue, const struct kevent *changes,
                          int change_count, struct kevent *events, int count,
                          const struct timespec *limit)
{
    if (!change_count || !count)
        return faults_kernel()->kevent(queue, changes, change_count, events,
                                       count, limit);
    for (int i = 0; i < change_count; i++) {
        unsigned direction =
            changes[i].filter == EVFILT_READ ? WEIR_READABLE : WEIR_WRITABLE;

        events[i] = changes[i];
        events[i].flags = EV_ERROR;
        events[i].data = refused.error;
        if (!(changes[i].flags & EV_ADD) || !refused.error ||
            !(refused.directions & direction))
            assert_int_equal(faults_kernel()->kevent(queue, &changes[i], 1,
                                                     &events[i], 1, NULL),
                             1);
    }
    return change_count;
}
#endif

static void refuse(unsigned directions, int error)
{
    refused.directions = directions;
    refused.error = error;
#ifdef WEIR_BACKEND_EPOLL
    weir_sys.epoll_ctl = refuse_changes;
#else
    weir_sys.kevent = refuse_changes;
#endif
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

/* ------------------------------------------------------- ends and failures */

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

/* ------------------------------------------------------ always-ready files */

static int open_file(void)
{
    FILE *file = tmpfile();
    int fd;

    assert_non_null(file);
    fd = dup(fileno(file));
    fclose(file);
    assert_true(fd >= 0);
    return fd;
}

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
        TEST_ON_LOOP(an_unreferenced_watcher_does_not_keep_the_loop_running),
        TEST_ON_LOOP(a_watcher_is_small),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
