/*
 * loop_test.h - whatever a loop can call, noting that it was called
 *
 * Each notes the letter that it was begun with; the test compares the word.
 */
#ifndef WEIR_LOOP_TEST_H
#define WEIR_LOOP_TEST_H

#include "test/support/virtual_clock.h"

#include <unistd.h>

static inline void note_timer(weir_timer *timer)
{
    TRACE(timer);
}

static inline void note_task(weir_task *task)
{
    TRACE(task);
}

static inline void note_async(weir_async *async)
{
    TRACE(async);
}

static inline void note_signal(weir_signal *watcher, int number)
{
    (void)number;
    TRACE(watcher);
}

static inline void note_io(weir_io *io, unsigned events)
{
    (void)events;
    TRACE(io);
    test_drain(weir_io_fd(io));
}

static inline void note_io_once(weir_io *io, unsigned events)
{
    (void)events;
    TRACE(io);
    weir_io_stop(io);
}

static inline void post(weir_task *task, const char *letter, weir_task_cb *cb)
{
    task->data = (void *)(uintptr_t)letter;
    assert_int_equal(weir_task_init(task, the_loop, cb), 0);
    weir_task_post(task);
}

static inline void begin(weir_timer *timer, const char *letter,
                         weir_timer_cb *cb, uint64_t delay)
{
    timer->data = (void *)(uintptr_t)letter;
    assert_int_equal(weir_timer_init(timer, the_loop, cb), 0);
    weir_timer_start(timer, delay);
}

static inline void watch(weir_io *io, const char *letter, weir_io_cb *cb,
                         int fd)
{
    io->data = (void *)(uintptr_t)letter;
    assert_int_equal(weir_io_init(io, the_loop, fd, cb), 0);
    assert_int_equal(weir_io_start(io, WEIR_READABLE), 0);
}

static inline void run(void)
{
    assert_int_equal(weir_loop_run(the_loop), 0);
}

static inline void note_task_and_stop(weir_task *task)
{
    TRACE(task);
    weir_loop_stop(the_loop);
}

#endif
