/*
 * test_pipe_splice.c - bytes that a pipe moves inside the kernel
 *
 * When they are moved and when copied, who counts them while they are in there,
 * and that they keep their place, whatever the destination does.
 */
#include "splice_test.h"

#include <weir/blocking.h>

#ifdef WEIR_SYS_SPLICE

/* ---------------------------------------------------------------- which way */

static void bulk_is_moved_and_small_messages_are_copied(void **state)
{
    connect_all(NET_KIND(state));
    join();
    for (int i = 0; i < 10; i++) {
        feed(1000);
        take_all();
    }
    net_settle();
    assert_int_equal(faked.calls_in, 0);
    make_bulk();
    feed(BULK);
    take_all();
    net_settle();
    assert_true(faked.refuse ? faked.calls_in <= 1 : faked.calls_in > 0);
    assert_int_equal(weir_socket_bytes_read(from.socket), fed);
    assert_int_equal(weir_socket_bytes_written(to.socket), fed);
    finish();
}

static void a_stream_that_becomes_chatty_is_copied_again(void **state)
{
    connect_all(NET_KIND(state));
    join();
    make_bulk();
    for (int i = 0; i < 10; i++) {
        feed(1000);
        take_all();
        net_settle();
    }
    faked.calls_in = 0;
    feed(1000);
    take_all();
    net_settle();
    assert_int_equal(faked.calls_in, 0);
    finish();
}

static void a_destination_that_keeps_up_holds_no_kernel_pipe(void **state)
{
    connect_all(NET_KIND(state));
    join();
    make_bulk();
    feed(BULK);
    take_all();
    net_settle();
    assert_int_equal(held(), 0);
    assert_int_equal(net()->pipe_count, 1); /* kept, though it was refused */
    finish();
}

static void a_refusal_is_not_asked_for_again(void **state)
{
    connect_all(NET_KIND(state));
    join();
    make_bulk();
    faked.in = ENOSYS;
    feed(BULK);
    take_all();
    net_settle();
    feed(BULK);
    take_all();
    net_settle();
    assert_true(faked.calls_in <= 1);
    finish();
}

static unsigned asked;

static int no_pipe(int *ends, int flags)
{
    (void)ends, (void)flags;
    asked++;
    errno = EMFILE;
    return -1;
}

static int a_second_later(clockid_t clock, struct timespec *now)
{
    int result = faults_kernel()->clock_gettime(clock, now);

    now->tv_sec++;
    return result;
}

static void without_descriptors_for_a_kernel_pipe_bytes_are_copied(void **state)
{
    connect_all(NET_KIND(state));
    join();
    weir_sys.pipe2 = no_pipe;
    asked = 0;
    make_bulk();
    for (int i = 0; i < 3; i++) {
        feed(BULK);
        take_all();
    }
    assert_int_equal(asked, 1); /* and not for each read */
    assert_int_equal(net()->pipe_count, 0);
    weir_sys.pipe2 = pipe2;
    weir_sys.clock_gettime = a_second_later;
    feed(BULK);
    take_all();
    feed(BULK);
    take_all();
    net_settle();
    assert_int_equal(net()->pipe_count, 1); /* kept, though it was refused */
    finish();
}

static int no_size(int fd, int command, ...)
{
    (void)fd, (void)command;
    errno = EPERM;
    return -1;
}

static void a_pipe_that_may_not_be_large_is_not_used(void **state)
{
    unsigned before;

    connect_all(NET_KIND(state));
    join();
    weir_sys.fcntl = no_size;
    before = test_open_descriptors();
    make_bulk();
    feed(BULK);
    take_all();
    assert_int_equal(net()->pipe_count, 0);
    assert_int_equal(test_open_descriptors(), before);
    weir_sys.fcntl = fcntl;
    finish();
}

/* ------------------------------------------------- while they are in there */

static void what_is_in_the_kernel_pipe_counts_as_buffered(void **state)
{
    connect_all(NET_KIND(state));
    join();
    make_bulk();
    cork_some(10 * KB);
    cork_some(20 * KB);
    assert_int_equal(weir_socket_buffered(to.socket), 30 * KB);
    assert_int_equal(weir_socket_bytes_written(to.socket), got);
    take(SIZE_MAX);
    assert_int_equal(got, fed - 30 * KB);
    assert_int_equal(weir_socket_uncork(to.socket), 0);
    assert_int_equal(weir_socket_buffered(to.socket), 0);
    assert_int_equal(held(), 0);
    take_all();
    finish();
}

static void a_full_destination_stops_the_source_at_its_mark(void **state)
{
    struct net_calls before;
    size_t buffered;

    connect_all(NET_KIND(state));
    join();
    make_bulk();
    net_count();
    fill();
    buffered = weir_socket_buffered(to.socket);
    assert_true(buffered <= MARK + PIPE);
    before = net_calls;
    faked.calls_in = faked.calls_out = 0;
    feed(64 * KB);
    net_settle();
    assert_int_equal(faked.calls_in + faked.calls_out, 0);
    assert_int_equal(net_calls.recv, before.recv);
    assert_int_equal(net_calls.control, 0);
    take_all();
    net_settle();
    assert_int_equal(held(), 0);
    finish();
}

static void ones_own_writes_keep_their_place(void **state)
{
    static char tail[10 * KB];

    connect_all(NET_KIND(state));
    join();
    make_bulk();
    cork_some(10 * KB);
    net_pattern(tail, sizeof tail, fed);
    fed += sizeof tail;
    assert_true(
        weir_socket_write(to.socket, tail, sizeof tail, side_wrote, &to) >= 0);
    feed(20 * KB);
    RUN_UNTIL(weir_socket_buffered(to.socket) == 40 * KB);
    net_pattern(tail, sizeof tail, fed);
    fed += sizeof tail;
    assert_true(
        weir_socket_write(to.socket, tail, sizeof tail, side_wrote, &to) >= 0);
    assert_held();
    assert_sound(to.socket);
    assert_int_equal(weir_socket_uncork(to.socket), 0);
    take_all();
    net_settle();
    assert_side(&to, "ww");
    finish();
}

static void after_unpipe_they_arrive_before_what_is_written_then(void **state)
{
    connect_all(NET_KIND(state));
    join();
    make_bulk();
    fill();
    assert_int_equal(weir_socket_unpipe(from.socket), 0);
    weir_socket_pause(from.socket);
    assert_true(weir_socket_write(to.socket, "behind", 6, NULL, NULL) >= 0);
    fed = weir_socket_bytes_read(from.socket);
    RUN_UNTIL((take((size_t)(fed - got)), got == fed));
    raw_expect(to_peer, "behind");
    assert_int_equal(held(), 0);
    finish();
}

static void a_pipe_laid_anew_goes_on_behind_them(void **state)
{
    connect_all(NET_KIND(state));
    for (int i = 0; i < 3; i++) {
        join();
        make_bulk();
        fill();
        assert_int_equal(weir_socket_unpipe(from.socket), 0);
        join();
        take_all();
        assert_int_equal(weir_socket_unpipe(from.socket), 0);
    }
    finish();
}

static void a_pipe_laid_to_a_full_destination_waits_for_it(void **state)
{
    uint64_t before;

    connect_all(NET_KIND(state));
    join();
    make_bulk();
    fill();
    before = weir_socket_bytes_read(from.socket);
    assert_int_equal(weir_socket_unpipe(from.socket), 0);
    join();
    net_settle();
    assert_int_equal(weir_socket_bytes_read(from.socket), before);
    take_all();
    finish();
}

static void the_end_of_the_source_comes_after_them(void **state)
{
    connect_all(NET_KIND(state));
    join();
    make_bulk();
    cork_some(20 * KB);
    shutdown(from_peer, SHUT_WR);
    RUN_UNTIL(weir_socket_get_state(to.socket) == WEIR_SOCKET_READ_ONLY);
    take_all();
    raw_expect_end(to_peer);
    finish();
}

static void the_end_comes_after_all_of_a_full_kernel_pipe(void **state)
{
    connect_all(NET_KIND(state));
    join();
    make_bulk();
    fill();
    shutdown(from_peer, SHUT_WR);
    net_settle();
    take_all();
    raw_expect_end(to_peer);
    finish();
}

static void a_source_that_is_paused_is_not_moved(void **state)
{
    connect_all(NET_KIND(state));
    join();
    make_bulk();
    weir_socket_pause(from.socket);
    feed(BULK);
    net_settle();
    assert_int_equal(faked.calls_in, 0);
    assert_int_equal(weir_socket_bytes_read(from.socket), got);
    weir_socket_resume(from.socket);
    take_all();
    finish();
}

static void both_sides_are_active_when_bytes_move(void **state)
{
    uint32_t before;

    connect_all(NET_KIND(state));
    join();
    make_bulk();
    before = from.socket->last_active;
    while (weir_loop_update_now(the_loop) < (uint64_t)before + 20)
        usleep(1000);
    feed(BULK);
    take_all();
    assert_true(from.socket->last_active > before + 10);
    assert_true(to.socket->last_active > before + 10);
    finish();
}

static int take_while_polled(struct pollfd *watched, nfds_t count, int timeout)
{
    take(SIZE_MAX);
    return poll(watched, count, timeout);
}

static void they_are_flushed_by_those_who_block(void **state)
{
    connect_all(NET_KIND(state));
    join();
    make_bulk();
    fill();
    weir_sys.poll = take_while_polled;
    assert_int_equal(weir_socket_flush_wait(to.socket, 10000), 0);
    weir_sys.poll = poll;
    assert_int_equal(weir_socket_buffered(to.socket), 0);
    assert_int_equal(held(), 0);
    take_all();
    finish();
}

/* -------------------------------------------------------------------- many */

/* More destinations with bytes waiting than kernel pipes may be. */
static void there_are_never_more_than_so_many(void **state)
{
    enum { PAIRS = 80, MOST = 64 };
    static struct side sources[PAIRS], targets[PAIRS];
    static int source_peers[PAIRS], target_peers[PAIRS];
    uint64_t counts[PAIRS];

    fake();
    for (int i = 0; i < PAIRS; i++) {
        from_peer = source_peers[i] = net_raw(NET_KIND(state), &from);
        to_peer = target_peers[i] = net_raw(NET_KIND(state), &to);
        fed = got = 0;
        join();
        make_bulk();
        assert_int_equal(weir_socket_cork(to.socket), 0);
        assert_int_equal(feed(10 * KB), 10 * KB);
        RUN_UNTIL(weir_socket_buffered(to.socket) == 10 * KB);
        counts[i] = fed;
        sources[i] = from;
        targets[i] = to;
        weir_socket_set_data(from.socket, &sources[i]);
        weir_socket_set_events(from.socket, &side_events);
        weir_socket_set_data(to.socket, &targets[i]);
        weir_socket_set_events(to.socket, &side_events);
    }
    assert_int_equal(held(), faked.refuse ? 0 : MOST);
    for (int i = 0; i < PAIRS; i++) {
        to_peer = target_peers[i];
        fed = counts[i];
        got = fed - 10 * KB;
        assert_int_equal(weir_socket_uncork(targets[i].socket), 0);
        RUN_UNTIL((take(SIZE_MAX), got == fed));
        net_finish(&sources[i]);
        net_finish(&targets[i]);
        close(source_peers[i]);
        close(target_peers[i]);
    }
    assert_int_equal(held(), 0);
    assert_int_equal(net()->pipes_idle, faked.refuse ? 1 : KEPT);
}

static void anything_in_any_order_loses_nothing(void **state)
{
    const uint64_t total = test_rounds(24, 8) * 1024 * KB;
    struct test_random random;
    bool corked = false;

    connect_all(NET_KIND(state));
    test_seed(&random, test_new_seed());
    join();
    while (fed < total) {
        feed((size_t)test_below(&random,
                                test_once_in(&random, 3) ? 2000 : 200 * KB));
        if (test_once_in(&random, 20)) {
            assert_int_equal(weir_socket_unpipe(from.socket), 0);
            join();
        }
        if (test_once_in(&random, 10))
            weir_socket_pause(from.socket);
        if (test_once_in(&random, 10))
            corked = corked || weir_socket_cork(to.socket) == 0;
        faked.most = test_once_in(&random, 4) ? 5 * KB : 0;
        faked.in = test_once_in(&random, 8) ? EAGAIN : 0;
        assert_true(weir_loop_run_once(the_loop, 0) >= 0);
        assert_sound(from.socket);
        assert_sound(to.socket);
        assert_counted();
        assert_true(weir_socket_buffered(to.socket) <= MARK + PIPE);
        if (test_once_in(&random, 2))
            take((size_t)test_below(&random, 400 * KB) + 1);
        if (test_once_in(&random, 3)) {
            weir_socket_resume(from.socket);
            corked = corked && weir_socket_uncork(to.socket) != 0;
        }
    }
    weir_socket_resume(from.socket);
    if (corked)
        weir_socket_uncork(to.socket);
    faked.in = 0;
    take_all();
    assert_side(&from, "");
    finish();
}

int main(void)
{
    const struct CMUnitTest either_way[] = {
        TEST_ON_BOTH(bulk_is_moved_and_small_messages_are_copied),
        TEST_ON_BOTH(a_stream_that_becomes_chatty_is_copied_again),
        TEST_ON_BOTH(a_destination_that_keeps_up_holds_no_kernel_pipe),
        TEST_ON_BOTH(a_refusal_is_not_asked_for_again),
        TEST_ON_BOTH(without_descriptors_for_a_kernel_pipe_bytes_are_copied),
        TEST_ON_BOTH(a_pipe_that_may_not_be_large_is_not_used),
        TEST_ON_BOTH(what_is_in_the_kernel_pipe_counts_as_buffered),
        TEST_ON_BOTH(a_full_destination_stops_the_source_at_its_mark),
        TEST_ON_BOTH(ones_own_writes_keep_their_place),
        TEST_ON_BOTH(after_unpipe_they_arrive_before_what_is_written_then),
        TEST_ON_BOTH(a_pipe_laid_anew_goes_on_behind_them),
        TEST_ON_BOTH(a_pipe_laid_to_a_full_destination_waits_for_it),
        TEST_ON_BOTH(the_end_of_the_source_comes_after_them),
        TEST_ON_BOTH(the_end_comes_after_all_of_a_full_kernel_pipe),
        TEST_ON_BOTH(a_source_that_is_paused_is_not_moved),
        TEST_ON_BOTH(both_sides_are_active_when_bytes_move),
        TEST_ON_BOTH(they_are_flushed_by_those_who_block),
        TEST_ON_BOTH(there_are_never_more_than_so_many),
        TEST_ON_BOTH(anything_in_any_order_loses_nothing),
    };
    int failed = cmocka_run_group_tests_name("either way, moved", either_way,
                                             with_splice, NULL);

    failed += cmocka_run_group_tests_name("either way, copied", either_way,
                                          without_splice, NULL);
    return failed;
}

#else

int main(void)
{
    return run_without_splice();
}

#endif
