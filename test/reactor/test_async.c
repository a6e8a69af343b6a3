/*
 * test_async.c - waking the loop from threads and signal handlers
 */
#include "test/support/test.h"

#include "reactor/list.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

struct wakeup {
    weir_async async;
    const char *letter;
    unsigned told;
    void (*then)(struct wakeup *wakeup);
    struct wakeup *other;
};

static void told(weir_async *async)
{
    struct wakeup *wakeup = weir_container_of(async, struct wakeup, async);

    wakeup->told++;
    if (wakeup->letter)
        trace_add(*wakeup->letter);
    if (wakeup->then)
        wakeup->then(wakeup);
}

static void start(struct wakeup *wakeup, const char *letter)
{
    memset(wakeup, 0, sizeof *wakeup);
    wakeup->letter = letter;
    assert_int_equal(weir_async_init(&wakeup->async, the_loop, told), 0);
    weir_async_start(&wakeup->async);
}

static void wake(struct wakeup *wakeup)
{
    weir_async_send(&wakeup->async);
}

static void stop(struct wakeup *wakeup)
{
    weir_async_stop(&wakeup->async);
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

/* -------------------------------------------------------------- one thread */

static void bad_input_is_an_error_at_the_call(void **state)
{
    weir_async async = { .data = state };

    assert_int_equal(weir_async_init(NULL, the_loop, told), -EINVAL);
    assert_int_equal(weir_async_init(&async, NULL, told), -EINVAL);
    assert_int_equal(weir_async_init(&async, the_loop, NULL), -EINVAL);
    assert_int_equal(weir_async_init(&async, the_loop, told), 0);
    assert_ptr_equal(async.data, state);
}

static void a_send_is_told_in_a_turn_and_not_inside_the_send(void **state)
{
    struct wakeup a;

    (void)state;
    start(&a, "a");
    weir_async_start(&a.async); /* harmless */
    wake(&a);
    assert_trace("");
    turn(2);
    assert_trace("a");
    stop(&a);
    assert_false(weir_loop_alive(the_loop));
}

static void sends_before_the_callback_are_one_callback(void **state)
{
    struct wakeup a;

    (void)state;
    start(&a, "a");
    for (unsigned i = 0; i < 1000; i++)
        wake(&a);
    turn(3);
    assert_trace("a");
    stop(&a);
}

static void callbacks_come_in_the_order_of_sending(void **state)
{
    struct wakeup a, b, c;

    (void)state;
    start(&a, "a");
    start(&b, "b");
    start(&c, "c");
    wake(&c);
    wake(&a);
    wake(&b);
    wake(&c);
    turn(1);
    assert_trace("cab");
    stop(&a);
    stop(&b);
    stop(&c);
}

static void send_again(struct wakeup *wakeup)
{
    if (wakeup->told < 3)
        wake(wakeup);
    else
        stop(wakeup);
}

static void note_task(weir_task *task)
{
    TRACE(task);
    if (trace.length < 5)
        weir_task_post(task);
}

static void a_send_in_the_callback_is_another_callback_next_turn(void **state)
{
    struct wakeup a;
    weir_task task = { .data = "t" };

    (void)state;
    weir_task_init(&task, the_loop, note_task);
    weir_task_post(&task);
    start(&a, "a");
    a.then = send_again;
    wake(&a);
    run();
    assert_trace("tatata");
}

#ifdef WEIR_BACKEND_EPOLL
static unsigned writes;

static ssize_t count_write(int fd, const void *bytes, size_t size)
{
    writes++;
    return write(fd, bytes, size);
}

static void any_number_of_sends_wakes_with_one_system_call(void **state)
{
    struct wakeup all[10];

    (void)state;
    writes = 0;
    weir_sys.write = count_write;
    for (unsigned i = 0; i < 10; i++)
        start(&all[i], "x");
    for (unsigned i = 0; i < 1000; i++)
        wake(&all[i % 10]);
    assert_int_equal(writes, 1);
    turn(1);
    assert_int_equal(trace.length, 10);
    wake(&all[3]);
    assert_int_equal(writes, 2);
    for (unsigned i = 0; i < 10; i++)
        stop(&all[i]);
}

static ssize_t interrupted_write(int fd, const void *bytes, size_t size)
{
    if (writes++ == 0) {
        errno = EINTR;
        return -1;
    }
    return write(fd, bytes, size);
}

static struct wakeup *at_the_read;

static ssize_t send_then_read(int fd, void *bytes, size_t size)
{
    wake(at_the_read);
    return read(fd, bytes, size);
}

/* Another thread sends just before the loop reads its wake-up away. */
static void a_send_while_the_loop_wakes_is_not_swallowed(void **state)
{
    struct wakeup a, b;

    (void)state;
    start(&a, "a");
    start(&b, "b");
    at_the_read = &b;
    weir_sys.read = send_then_read;
    wake(&a);
    turn(2);
    assert_trace("ab");
    stop(&a);
    stop(&b);
}

/* It may be called in a signal handler, and may not disturb whom it found. */
static void a_send_leaves_errno_alone(void **state)
{
    struct wakeup a;

    (void)state;
    writes = 0;
    weir_sys.write = interrupted_write;
    start(&a, "a");
    errno = ENOENT;
    wake(&a);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(writes, 2);
    turn(1);
    assert_trace("a");
    stop(&a);
}
#endif

/* ---------------------------------------------------------------- stopping */

static void a_stopped_async_is_silent_though_it_was_sent(void **state)
{
    struct wakeup a;

    (void)state;
    start(&a, "a");
    wake(&a);
    stop(&a);
    stop(&a);
    memset(&a, 0x5a, sizeof a);
    turn(2);
    assert_trace("");
}

static void a_stop_does_not_lose_what_others_sent(void **state)
{
    struct wakeup a, b, c;

    (void)state;
    start(&a, "a");
    start(&b, "b");
    start(&c, "c");
    wake(&a);
    wake(&b);
    wake(&c);
    stop(&b);
    turn(1);
    assert_trace("ac");
    weir_async_start(&b.async);
    turn(1);
    assert_trace("ac");
    wake(&b);
    turn(1);
    assert_trace("acb");
    stop(&a);
    stop(&b);
    stop(&c);
}

static void a_stop_does_not_lose_what_others_sent_after_waking(void **state)
{
    struct wakeup a, b, c;

    (void)state;
    start(&a, "a");
    start(&b, "b");
    start(&c, "c");
    wake(&a);
    wake(&b);
    stop(&a);
    wake(&c);
    wake(&b);
    stop(&c);
    turn(1);
    assert_trace("b");
    stop(&b);
}

static void stop_and_free_other(struct wakeup *wakeup)
{
    stop(wakeup->other);
    free(wakeup->other);
    stop(wakeup);
}

static void
a_pending_async_may_be_stopped_and_freed_by_the_one_before(void **state)
{
    struct wakeup a, c;
    struct wakeup *b = malloc(sizeof *b);

    (void)state;
    assert_non_null(b);
    start(&a, "a");
    start(b, "!");
    start(&c, "c");
    a.then = stop_and_free_other;
    a.other = b;
    wake(&a);
    wake(b);
    wake(&c);
    turn(2);
    assert_trace("ac");
    stop(&c);
}

static void stop_and_free(struct wakeup *wakeup)
{
    stop(wakeup);
    free(wakeup);
}

static void an_async_may_be_freed_in_its_callback(void **state)
{
    struct wakeup *a = malloc(sizeof *a);

    (void)state;
    assert_non_null(a);
    start(a, "a");
    a->then = stop_and_free;
    wake(a);
    run();
    assert_trace("a");
}

static void send_itself_stop_other(struct wakeup *wakeup)
{
    wake(wakeup);
    stop(wakeup->other);
    wakeup->then = NULL;
}

static void
an_async_that_was_sent_again_survives_the_stop_of_another(void **state)
{
    struct wakeup a, b;

    (void)state;
    start(&a, "a");
    start(&b, "b");
    a.then = send_itself_stop_other;
    a.other = &b;
    wake(&a);
    wake(&b);
    turn(2);
    assert_trace("aa");
    stop(&a);
}

static void send_itself_and_stop_what_was_sent(struct wakeup *wakeup)
{
    if (wakeup->told == 10)
        return; /* enough of it */
    wake(wakeup);
    weir_async_start(&wakeup->other->async);
    wake(wakeup->other);
    stop(wakeup->other);
}

static void a_stop_brings_no_send_forward_into_the_turn(void **state)
{
    struct wakeup a, b;

    (void)state;
    start(&a, "a");
    start(&b, "b");
    a.then = send_itself_and_stop_what_was_sent;
    a.other = &b;
    wake(&a);
    turn(1);
    assert_trace("a");
    turn(2);
    assert_trace("aaa");
    stop(&a);
    stop(&b);
}

static void many_that_were_sent_can_be_stopped(void **state)
{
    size_t count = test_rounds(100000, 1000);
    struct wakeup *wakeups = malloc(count * sizeof *wakeups);

    (void)state;
    assert_non_null(wakeups);
    for (size_t i = 0; i < count; i++) {
        start(&wakeups[i], NULL);
        wake(&wakeups[i]);
    }
    for (size_t i = count; i-- > 1;)
        stop(&wakeups[i]);
    turn(1);
    assert_int_equal(wakeups[0].told, 1);
    stop(&wakeups[0]);
    free(wakeups);
}

static void stop_the_loop(struct wakeup *wakeup)
{
    (void)wakeup;
    weir_loop_stop(the_loop);
}

static void a_stop_of_the_loop_leaves_the_rest_for_the_next_run(void **state)
{
    struct wakeup all[3];
    static const char *letters[] = { "a", "b", "c" };

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        start(&all[i], letters[i]);
        all[i].then = stop_the_loop;
        wake(&all[i]);
    }
    run();
    assert_trace("a");
    wake(&all[2]); /* still waits to be told: nothing is added */
    run();
    assert_trace("ab");
    run();
    assert_trace("abc");
    turn(1);
    assert_trace("abc");
    for (unsigned i = 0; i < 3; i++)
        stop(&all[i]);
}

static void what_a_stop_of_the_loop_left_can_be_freed(void **state)
{
    struct wakeup a, b, c;

    (void)state;
    start(&a, "a");
    start(&b, "b");
    start(&c, "c");
    a.then = stop_the_loop;
    wake(&a);
    wake(&b);
    wake(&c);
    run();
    stop(&b);
    memset(&b, 0x5a, sizeof b);
    turn(1);
    assert_trace("ac");
    stop(&a);
    stop(&c);
}

static void an_unreferenced_async_does_not_keep_the_loop_running(void **state)
{
    struct wakeup a;

    (void)state;
    start(&a, "a");
    assert_true(weir_loop_alive(the_loop));
    weir_async_unref(&a.async);
    assert_false(weir_loop_alive(the_loop));
    run();
    weir_async_ref(&a.async);
    assert_true(weir_loop_alive(the_loop));
    stop(&a);
    assert_false(weir_loop_alive(the_loop));
}

/* ----------------------------------------------------------------- threads */

enum { THREADS = 4, CHANNELS = 3 };

/* Each sender counts what it has sent, and the callback reads all counters:
 * what was written before a send must be seen by a callback after it. */
static struct {
    struct wakeup channels[CHANNELS];
    uint64_t sent[THREADS][CHANNELS], seen[THREADS][CHANNELS];
    uint64_t each;
} storm;

static void *sender(void *argument)
{
    uint64_t *sent = argument;

    for (uint64_t i = 0; i < storm.each; i++) {
        unsigned channel = (unsigned)(i % CHANNELS);

        __atomic_store_n(&sent[channel], sent[channel] + 1, __ATOMIC_RELAXED);
        wake(&storm.channels[channel]);
    }
    return NULL;
}

static bool all_seen(void)
{
    uint64_t sum = 0;

    for (unsigned t = 0; t < THREADS; t++)
        for (unsigned c = 0; c < CHANNELS; c++)
            sum += storm.seen[t][c];
    return sum == storm.each * THREADS;
}

static void look(struct wakeup *wakeup)
{
    size_t channel = (size_t)(wakeup - storm.channels);

    for (unsigned t = 0; t < THREADS; t++)
        storm.seen[t][channel] =
            __atomic_load_n(&storm.sent[t][channel], __ATOMIC_RELAXED);
    if (all_seen())
        weir_loop_stop(the_loop);
}

/* The deadline ends a run in which the last send of a thread was lost. */
static void give_up(weir_timer *timer)
{
    (void)timer;
    fail_msg("a send was lost");
}

static void nothing_that_many_threads_send_is_lost(void **state)
{
    pthread_t threads[THREADS];
    weir_timer limit;
    uint64_t told_in_all = 0;

    (void)state;
    memset(&storm, 0, sizeof storm);
    storm.each = test_rounds(60000, 20);
    for (unsigned c = 0; c < CHANNELS; c++) {
        start(&storm.channels[c], NULL);
        storm.channels[c].then = look;
    }
    weir_timer_init(&limit, the_loop, give_up);
    weir_timer_start(&limit, 60000);
    for (unsigned t = 0; t < THREADS; t++)
        assert_int_equal(
            pthread_create(&threads[t], NULL, sender, storm.sent[t]), 0);
    run();
    for (unsigned t = 0; t < THREADS; t++)
        assert_int_equal(pthread_join(threads[t], NULL), 0);
    for (unsigned c = 0; c < CHANNELS; c++) {
        told_in_all += storm.channels[c].told;
        assert_true(storm.channels[c].told > 0);
        stop(&storm.channels[c]);
    }
    assert_true(all_seen());
    assert_true(told_in_all <= storm.each * THREADS);
    weir_timer_stop(&limit);
}

/* The one sender finds it sent already. What it wrote before is plain memory:
 * ThreadSanitizer sees here whether the callback is ordered after it. */
static struct {
    struct wakeup wakeup;
    int written;
    bool sent;
} quiet;

static void *write_and_send(void *unused)
{
    quiet.written = 1;
    wake(&quiet.wakeup);
    __atomic_store_n(&quiet.sent, true, __ATOMIC_RELAXED);
    return unused;
}

static void read_what_was_written(struct wakeup *wakeup)
{
    trace_add(quiet.written == 1 ? 'w' : '!');
    stop(wakeup);
}

static void
a_send_that_changes_nothing_still_shows_what_was_written(void **state)
{
    pthread_t thread;

    (void)state;
    memset(&quiet, 0, sizeof quiet);
    start(&quiet.wakeup, NULL);
    quiet.wakeup.then = read_what_was_written;
    wake(&quiet.wakeup);
    assert_int_equal(pthread_create(&thread, NULL, write_and_send, NULL), 0);
    while (!__atomic_load_n(&quiet.sent, __ATOMIC_RELAXED))
        usleep(100);
    run();
    assert_trace("w");
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void serve(struct wakeup *wakeup)
{
    wake(wakeup->other);
    if (wakeup->told == 2000)
        stop(wakeup);
}

/* The last ball stays here: the other one is stopped. */
static void play_back(struct wakeup *wakeup)
{
    if (wakeup->told == 2000)
        stop(wakeup);
    else
        wake(wakeup->other);
}

static void *play(void *loop)
{
    return weir_loop_run(loop) == 0 ? loop : NULL;
}

static void two_loops_may_wake_each_other(void **state)
{
    struct wakeup ping, pong;
    weir_loop *first = the_loop, *second;
    pthread_t thread;
    void *result;

    (void)state;
    start(&ping, NULL);
    assert_int_equal(weir_loop_create(&second), 0);
    the_loop = second;
    start(&pong, NULL);
    the_loop = first;
    ping.then = serve;
    pong.then = play_back;
    ping.other = &pong;
    pong.other = &ping;
    wake(&ping);
    assert_int_equal(pthread_create(&thread, NULL, play, second), 0);
    run();
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, second);
    assert_int_equal(ping.told, 2000);
    assert_int_equal(pong.told, 2000);
    assert_int_equal(weir_loop_destroy(second), 0);
}

/* --------------------------------------------------------- signal handlers */

static struct wakeup *from_handler;

static void send_from_handler(int number)
{
    (void)number;
    wake(from_handler);
}

static void a_signal_handler_may_send(void **state)
{
    struct sigaction action = { .sa_handler = send_from_handler }, before;
    struct wakeup a;

    (void)state;
    start(&a, "a");
    from_handler = &a;
    assert_int_equal(sigaction(SIGUSR2, &action, &before), 0);
    raise(SIGUSR2);
    raise(SIGUSR2);
    turn(1);
    assert_trace("a");
    assert_int_equal(sigaction(SIGUSR2, &before, NULL), 0);
    stop(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_LOOP(bad_input_is_an_error_at_the_call),
        TEST_ON_LOOP(a_send_is_told_in_a_turn_and_not_inside_the_send),
        TEST_ON_LOOP(sends_before_the_callback_are_one_callback),
        TEST_ON_LOOP(callbacks_come_in_the_order_of_sending),
        TEST_ON_LOOP(a_send_in_the_callback_is_another_callback_next_turn),
#ifdef WEIR_BACKEND_EPOLL
        TEST_ON_LOOP(any_number_of_sends_wakes_with_one_system_call),
        TEST_ON_LOOP(a_send_while_the_loop_wakes_is_not_swallowed),
        TEST_ON_LOOP(a_send_leaves_errno_alone),
#endif
        TEST_ON_LOOP(a_stopped_async_is_silent_though_it_was_sent),
        TEST_ON_LOOP(a_stop_does_not_lose_what_others_sent),
        TEST_ON_LOOP(a_stop_does_not_lose_what_others_sent_after_waking),
        TEST_ON_LOOP(
            a_pending_async_may_be_stopped_and_freed_by_the_one_before),
        TEST_ON_LOOP(an_async_may_be_freed_in_its_callback),
        TEST_ON_LOOP(an_async_that_was_sent_again_survives_the_stop_of_another),
        TEST_ON_LOOP(a_stop_brings_no_send_forward_into_the_turn),
        TEST_ON_LOOP(many_that_were_sent_can_be_stopped),
        TEST_ON_LOOP(a_stop_of_the_loop_leaves_the_rest_for_the_next_run),
        TEST_ON_LOOP(what_a_stop_of_the_loop_left_can_be_freed),
        TEST_ON_LOOP(an_unreferenced_async_does_not_keep_the_loop_running),
        TEST_ON_LOOP(nothing_that_many_threads_send_is_lost),
        TEST_ON_LOOP(a_send_that_changes_nothing_still_shows_what_was_written),
        TEST_ON_LOOP(two_loops_may_wake_each_other),
        TEST_ON_LOOP(a_signal_handler_may_send),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
