/*
 * io_test.h - a watcher that notes what it was told, and how often
 */
#ifndef WEIR_IO_TEST_H
#define WEIR_IO_TEST_H

#include "test/support/test.h"

#include "reactor/list.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

struct watcher {
    weir_io io;
    const char *letter;
    unsigned told, events, stop_after;
    void (*then)(struct watcher *watcher);
};

static inline void told(weir_io *io, unsigned events)
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

static inline void init(struct watcher *watcher, const char *letter, int fd)
{
    memset(watcher, 0, sizeof *watcher);
    watcher->letter = letter;
    assert_int_equal(weir_io_init(&watcher->io, the_loop, fd, told), 0);
}

static inline void start(struct watcher *watcher, unsigned interest)
{
    assert_int_equal(weir_io_start(&watcher->io, interest), 0);
}

static inline void turn(unsigned times)
{
    while (times-- > 0)
        assert_true(weir_loop_run_once(the_loop, 0) >= 0);
}

static inline void run(void)
{
    assert_int_equal(weir_loop_run(the_loop), 0);
}

static inline int open_file(void)
{
    FILE *file = tmpfile();
    int fd;

    assert_non_null(file);
    fd = dup(fileno(file));
    fclose(file);
    assert_true(fd >= 0);
    return fd;
}

/* What the kernel answers when something is registered or changed: errno for
 * those of a direction, 0 for what it says itself. Removing always works. */
static struct {
    unsigned directions;
    int error;
} refused;

#ifdef WEIR_BACKEND_EPOLL
static inline int refuse_changes(int epoll, int operation, int fd,
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
static inline int refuse_changes(int queue, const struct kevent *changes,
                                 int change_count, struct kevent *events,
                                 int count, const struct timespec *limit)
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

static inline void refuse(unsigned directions, int error)
{
    refused.directions = directions;
    refused.error = error;
#ifdef WEIR_BACKEND_EPOLL
    weir_sys.epoll_ctl = refuse_changes;
#else
    weir_sys.kevent = refuse_changes;
#endif
}

#endif
