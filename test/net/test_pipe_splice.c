/*
 * test_pipe_splice.c - bytes that a pipe moves inside the kernel
 *
 *     from_peer --> [from ==( kernel pipe )==> to] --> to_peer
 *
 * What can go wrong while they are in there, and what splice() says that must
 * not be taken at its word. Each test but those of splice() itself is run
 * twice: as it is, and with a system that refuses splice(), where the same must
 * come out by copying. The other files about pipes run with splice() as well;
 * what they ask for is not repeated here.
 */
#include "test/support/net_test.h"

#include "net/kernel_pipe.h"

#include <weir/blocking.h>

#include <signal.h>

#ifdef WEIR_SYS_SPLICE

enum { KB = 1024, BULK = 96 * KB, MARK = 64 * KB, PIPE = 512 * KB, KEPT = 16 };

static struct side from, to;
static int from_peer, to_peer;
static uint64_t fed, got;

/* --------------------------------------------------- splice() as we want it */

/* What the next calls answer; 0 for what the kernel says. Calls that put into a
 * pipe are `in`, calls that take out of one are `out`. */
static struct {
    bool refuse;  /* this run of the tests is the one without */
    int in, out;  /* errno of every call, until it is taken away */
    bool nothing; /* calls out move nothing, and give no reason */
    size_t most;  /* bytes of one call out; it ends short, as by a signal */
    unsigned out_after; /* calls out that go before `out` holds */
    unsigned calls_in, calls_out;
} faked;

static bool is_socket(int fd)
{
    struct stat status;

    return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

static ssize_t fake_splice(int source, loff_t *source_offset, int target,
                           loff_t *target_offset, size_t size, unsigned flags)
{
    bool in = is_socket(source);
    int error = faked.refuse ? EINVAL : in ? faked.in : faked.out;

    assert_true(flags & SPLICE_F_NONBLOCK);
    if (in)
        faked.calls_in++;
    else
        faked.calls_out++;
    if (!in && faked.out_after && !faked.refuse) {
        faked.out_after--;
        error = 0;
    }
    if (error) {
        errno = error;
        return -1;
    }
    if (!in && faked.nothing)
        return 0;
    if (!in && faked.most && size > faked.most)
        size = faked.most;
    return splice(source, source_offset, target, target_offset, size, flags);
}

static void fake(void)
{
    bool refuse = faked.refuse;

    memset(&faked, 0, sizeof faked);
    faked.refuse = refuse;
    weir_sys.splice = fake_splice;
}

/* ----------------------------------------------------------------- helpers */

static struct weir_net *net(void)
{
    return weir_net_of(the_loop);
}

/* Kernel pipes that somebody holds. */
static unsigned held(void)
{
    return net()->pipe_count - net()->pipes_idle;
}

/* Whether bytes wait in one, where they can. */
static void assert_held(void)
{
    assert_int_equal(held(), faked.refuse ? 0 : 1);
}

static void connect_all(enum net_kind kind)
{
    fake();
    from_peer = net_raw(kind, &from);
    to_peer = net_raw(kind, &to);
    fed = got = 0;
}

static void join(void)
{
    assert_int_equal(weir_socket_pipe(from.socket, to.socket), 0);
}

static void join_bytes(void)
{
    weir_socket_set_half_open(from.socket, true);
    weir_socket_set_half_open(to.socket, true);
    assert_int_equal(weir_socket_pipe_bytes(from.socket, to.socket), 0);
}

static void shut_peers(void)
{
    if (from_peer >= 0)
        close(from_peer);
    if (to_peer >= 0)
        close(to_peer);
}

static void finish(void)
{
    net_finish(&from);
    net_finish(&to);
    shut_peers();
    assert_int_equal(held(), 0);
    assert_true(net()->pipes_idle <= KEPT);
    assert_false(weir_loop_alive(the_loop));
}

/* Sends `length` bytes of the pattern, or as many as go. */
static size_t feed(size_t length)
{
    static char bytes[PIPE];
    size_t sent = 0;

    assert_true(length <= sizeof bytes);
    net_pattern(bytes, length, fed);
    while (sent < length) {
        ssize_t n = send(from_peer, bytes + sent, length - sent, MSG_NOSIGNAL);

        if (n <= 0)
            break;
        sent += (size_t)n;
    }
    fed += sent;
    return sent;
}

/* Takes at most `limit` bytes, which must be the pattern. */
static void take(size_t limit)
{
    unsigned char bytes[64 * KB];

    while (limit) {
        size_t size = limit < sizeof bytes ? limit : sizeof bytes;
        ssize_t n = recv(to_peer, bytes, size, 0);

        if (n <= 0)
            return;
        for (ssize_t i = 0; i < n; i++)
            if (bytes[i] != net_byte(got + (uint64_t)i))
                fail_msg("byte %ju is wrong", got + (uint64_t)i);
        got += (uint64_t)n;
        limit -= (size_t)n;
    }
}

static void take_all(void)
{
    RUN_UNTIL((take(SIZE_MAX), got == fed));
    assert_sound(to.socket);
}

/* One read that is large enough: what comes next is moved. */
static void make_bulk(void)
{
    assert_int_equal(feed(BULK), BULK);
    take_all();
    net_settle();
    faked.calls_in = faked.calls_out = 0;
}

static void assert_counted(void)
{
    assert_int_equal(weir_socket_bytes_read(from.socket),
                     weir_socket_bytes_written(to.socket) +
                         weir_socket_buffered(to.socket));
}

/* Bytes that have been read and are not sent. A cork is the way to have few
 * of them, a peer that takes nothing to have more than may wait. */
static void cork_some(size_t length)
{
    size_t before = weir_socket_buffered(to.socket);

    if (!before)
        assert_int_equal(weir_socket_cork(to.socket), 0);
    assert_int_equal(feed(length), length);
    RUN_UNTIL(weir_socket_buffered(to.socket) == before + length);
    assert_counted();
    assert_held();
}

/* What the kernel has on its way from one end of loopback to the other is
 * nowhere to be seen: that nothing more was taken at once says little. */
static bool takes_no_more(void)
{
    uint64_t before = fed;

    while (feed(64 * KB))
        ;
    net_settle();
    return fed == before && weir_socket_buffered(to.socket) > MARK;
}

static void fill(void)
{
    RUN_UNTIL(takes_no_more());
    assert_counted();
    assert_sound(to.socket);
}

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

/* ---------------------------------------------------------------- cut short */

static void whatever_ends_a_socket_takes_their_descriptors_along(void **state)
{
    static void (*const ways[])(weir_socket *) = { weir_socket_destroy,
                                                   weir_socket_reset,
                                                   weir_socket_close };
    enum net_kind kind = NET_KIND(state);

    for (size_t i = 0; i < 2 * COUNT(ways); i++) {
        struct side *victim = i % 2 ? &from : &to;

        connect_all(kind);
        join();
        make_bulk();
        fill();
        ways[i / 2](victim->socket);
        weir_socket_destroy(victim->socket);
        RUN_UNTIL(from.closed && to.closed);
        assert_int_equal(held(), 0);
        finish();
    }
}

static void a_destination_that_breaks_ends_the_source(void **state)
{
    connect_all(NET_KIND(state));
    join();
    make_bulk();
    fill();
    close(to_peer);
    to_peer = -1;
    RUN_UNTIL(from.closed && to.closed);
    assert_true(to.had_error);
    assert_side(&from, "x");
    finish();
}

static void a_source_that_breaks_resets_a_full_destination(void **state)
{
    (void)state;
    connect_all(NET_TCP);
    join();
    make_bulk();
    cork_some(20 * KB);
    raw_reset(from_peer);
    from_peer = -1;
    RUN_UNTIL(from.closed && to.closed);
    assert_int_equal(from.error, -ECONNRESET);
    raw_expect_reset(to_peer);
    finish();
}

static void a_loop_may_be_destroyed_with_bytes_in_there(void **state)
{
    connect_all(NET_KIND(state));
    join();
    make_bulk();
    fill();
    test_destroy_loop();
    assert_string_equal(from.log, "x");
    assert_string_equal(to.log, "x");
    shut_peers();
}

/* The bytes that `from` was given back are those from here on. */
static void assert_given_back(uint64_t begin)
{
    uint64_t sum = 0;
    static char bytes[PIPE];

    assert_int_equal(from.received, fed - begin);
    net_pattern(bytes, from.received, begin);
    sum = net_sum(sum, bytes, from.received);
    assert_true(from.sum == sum);
}

static void a_write_that_fails_gives_its_bytes_back(void **state)
{
    uint64_t before;

    (void)state;
    connect_all(NET_TCP);
    join_bytes();
    make_bulk();
    before = fed;
    weir_socket_pause(to.socket);
    raw_reset(to_peer);
    to_peer = -1;
    feed(40 * KB);
    RUN_UNTIL(from.received == fed - before);
    assert_given_back(before);
    assert_side(&from, "d");
    RUN_UNTIL(to.error);
    assert_int_equal(to.error, -ECONNRESET);
    weir_socket_destroy(from.socket);
    weir_socket_destroy(to.socket);
    RUN_UNTIL(from.closed && to.closed);
    finish();
}

static void a_write_that_fails_in_the_middle_gives_back_the_rest(void **state)
{
    uint64_t before;

    connect_all(NET_KIND(state));
    join_bytes();
    make_bulk();
    before = fed;
    faked.most = 30 * KB;
    faked.out_after = 1;
    faked.out = EPIPE;
    feed(40 * KB);
    RUN_UNTIL(from.received == 10 * KB);
    assert_given_back(before + 30 * KB);
    RUN_UNTIL(to.error);
    /* Behind a short count the reason may be lost: it is the worse one. */
    assert_int_equal(to.error, -ECONNRESET);
    weir_socket_destroy(from.socket);
    weir_socket_destroy(to.socket);
    RUN_UNTIL(from.closed && to.closed);
    finish();
}

/* ------------------------------------------- what splice() says, and means */

static void splice_only(enum net_kind kind)
{
    connect_all(kind);
    join();
    make_bulk();
}

/* A pipe with bytes in it may be out of slots, however few they are. */
static void no_room_in_a_pipe_is_no_lack_of_bytes(void **state)
{
    splice_only(NET_KIND(state));
    cork_some(10 * KB);
    faked.in = EAGAIN;
    feed(10 * KB);
    RUN_UNTIL(weir_socket_buffered(to.socket) == 20 * KB);
    assert_counted();
    faked.in = 0;
    assert_int_equal(weir_socket_uncork(to.socket), 0);
    take_all();
    finish();
}

/* Out of memory for a page, or urgent data in front. */
static void nothing_moved_is_no_lack_of_bytes(void **state)
{
    splice_only(NET_KIND(state));
    faked.in = EAGAIN;
    feed(BULK);
    take_all();
    feed(BULK);
    take_all();
    faked.in = 0;
    feed(BULK);
    take_all();
    finish();
}

static void urgent_data_does_not_hold_up_the_stream(void **state)
{
    (void)state;
    splice_only(NET_TCP);
    for (int i = 0; i < 3; i++) {
        feed(BULK);
        assert_int_equal(send(from_peer, "!", 1, MSG_OOB), 1);
        feed(BULK);
        take_all();
    }
    finish();
}

/* One segment, one slot: 512 KiB of slots are full with a small part of it. */
static void many_small_pieces_fill_a_pipe_and_arrive(void **state)
{
    splice_only(NET_KIND(state));
    assert_int_equal(weir_socket_cork(to.socket), 0);
    for (int i = 0; i < 400; i++) {
        feed(100);
        assert_true(weir_loop_run_once(the_loop, 0) >= 0);
    }
    RUN_UNTIL(weir_socket_buffered(to.socket) == 400 * 100);
    assert_counted();
    assert_int_equal(weir_socket_uncork(to.socket), 0);
    take_all();
    finish();
}

static void a_call_that_a_signal_ends_early_is_gone_on_with(void **state)
{
    splice_only(NET_KIND(state));
    faked.most = 7 * KB;
    feed(BULK);
    take_all();
    assert_true(faked.calls_out >= BULK / (7 * KB));
    fill();
    take_all();
    finish();
}

static void an_error_of_the_source_is_told(void **state)
{
    splice_only(NET_KIND(state));
    faked.in = ETIMEDOUT;
    feed(BULK);
    RUN_UNTIL(from.closed && to.closed);
    assert_side(&from, "!x");
    assert_int_equal(from.error, -ETIMEDOUT);
    finish();
}

static void a_destination_that_refuses_gets_them_copied(void **state)
{
    splice_only(NET_KIND(state));
    faked.out = EINVAL;
    for (int i = 0; i < 3; i++) {
        feed(BULK);
        take_all();
    }
    net_settle();
    assert_true(faked.calls_in <= 2);
    assert_int_equal(held(), 0);
    finish();
}

static void a_full_destination_that_refuses_gets_them_copied(void **state)
{
    splice_only(NET_KIND(state));
    fill();
    faked.out = EPERM;
    take_all();
    assert_int_equal(held(), 0);
    feed(BULK);
    take_all();
    finish();
}

static void a_refusal_in_the_middle_loses_nothing(void **state)
{
    splice_only(NET_KIND(state));
    faked.most = 10 * KB;
    faked.out_after = 2;
    faked.out = ENOMEM;
    feed(BULK);
    take_all();
    assert_int_equal(weir_socket_bytes_written(to.socket), fed);
    finish();
}

static void a_pipe_that_gives_nothing_is_an_error(void **state)
{
    splice_only(NET_KIND(state));
    faked.nothing = true;
    feed(BULK);
    RUN_UNTIL(from.closed && to.error);
    assert_int_equal(to.error, -EIO);
    finish();
}

/* ------------------------------------------------------------------ SIGPIPE */

static volatile sig_atomic_t signals;

static void on_signal(int number)
{
    (void)number;
    signals++;
}

/* A peer that goes while bytes move to it. */
static void break_off(void)
{
    splice_only(NET_TCP);
    weir_socket_pause(to.socket);
    shutdown(to_peer, SHUT_WR); /* then a reset is EPIPE, and a signal */
    net_settle();
    raw_reset(to_peer);
    to_peer = -1;
    feed(BULK);
    RUN_UNTIL(from.closed || to.error);
    net_finish(&from);
    net_finish(&to);
    finish();
}

static bool waits(void)
{
    sigset_t pending;

    assert_int_equal(sigpending(&pending), 0);
    return sigismember(&pending, SIGPIPE);
}

static void no_signal_comes_of_a_peer_that_has_gone(void **state)
{
    struct sigaction action = { .sa_handler = on_signal }, before;
    sigset_t mask;

    (void)state;
    signals = 0;
    sigaction(SIGPIPE, &action, &before);
    break_off();
    assert_int_equal(signals, 0);
    assert_false(waits());
    assert_int_equal(sigprocmask(SIG_BLOCK, NULL, &mask), 0);
    assert_false(sigismember(&mask, SIGPIPE));
    sigaction(SIGPIPE, &before, NULL);
}

static void a_program_that_holds_the_signal_back_finds_its_own(void **state)
{
    struct sigaction action = { .sa_handler = on_signal }, before;
    sigset_t blocked, mask;

    (void)state;
    signals = 0;
    sigaction(SIGPIPE, &action, &before);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGPIPE);
    assert_int_equal(sigprocmask(SIG_BLOCK, &blocked, &mask), 0);
    break_off();
    assert_false(waits());
    raise(SIGPIPE);
    break_off();
    assert_true(waits());
    assert_int_equal(sigprocmask(SIG_SETMASK, &mask, NULL), 0);
    assert_int_equal(signals, 1);
    sigaction(SIGPIPE, &before, NULL);
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

/* ------------------------------------------------------------------ faults */

/* Takes what comes until all is there or nothing has moved for long: a call
 * that says EAGAIN when that is not so may stop a socket for ever. */
static bool arrives(void)
{
    for (unsigned idle = 0; got < fed && idle < 20; idle++) {
        uint64_t before = got;

        if (weir_loop_run_once(the_loop, idle ? 1 : 0) < 0)
            return false;
        take(SIZE_MAX);
        if (got != before)
            idle = 0;
    }
    return got == fed;
}

/* Bulk, a destination that is held up, bulk again, the end. True when all of
 * it has arrived. */
static bool carry(void)
{
    bool corked;

    feed(BULK);
    if (!arrives())
        return false;
    corked = to.socket && weir_socket_cork(to.socket) == 0;
    for (int i = 0; i < 2; i++) {
        feed(20 * KB);
        for (int turn = 0; turn < 4; turn++)
            if (weir_loop_run_once(the_loop, 0) < 0)
                return false;
    }
    if (corked && to.socket)
        weir_socket_uncork(to.socket);
    feed(BULK);
    shutdown(from_peer, SHUT_WR);
    if (!arrives())
        return false;
    for (int turn = 0; turn < 20; turn++) {
        char byte;

        if (recv(to_peer, &byte, 1, 0) == 0)
            return true;
        if (weir_loop_run_once(the_loop, 1) < 0)
            return false;
    }
    return false;
}

/* Failures that bytes go around, or do not notice. */
static bool is_harmless(void)
{
    static const char *const ways_around[] = { "pipe2", "fcntl", "sigprocmask",
                                               "sigpending", "sigtimedwait" };
    int error = faults_errno();

    for (size_t i = 0; i < COUNT(ways_around); i++)
        if (!strcmp(faults_what(), ways_around[i]))
            return true;
    return error == EINTR || (!strcmp(faults_what(), "splice") &&
                              (error == EINVAL || error == ENOMEM));
}

/* Once with this fault; true when something was made fail. */
static bool carry_with(enum net_kind kind, const struct fault *fault)
{
    static const struct fault none;
    unsigned descriptors = test_open_descriptors(), struck;
    size_t live;
    bool arrived;

    faults_arm(&none);
    live = faults_live();
    assert_int_equal(weir_loop_create(&the_loop), 0);
    from_peer = net_raw(kind, &from);
    to_peer = net_raw(kind, &to);
    fed = got = 0;
    join();
    faults_arm(fault);
    arrived = carry();
    struck = faults_struck();
    if (!struck || (is_harmless() && !fault->onward))
        assert_true(arrived);
    faults_disarm();
    net_finish(&from);
    net_finish(&to);
    shut_peers();
    assert_int_equal(held(), 0);
    test_destroy_loop();
    assert_int_equal(faults_live(), live);
    assert_int_equal(test_open_descriptors(), descriptors);
    faults_restore();
    return struck > 0;
}

static void sweep(enum net_kind kind, bool onward, const char *only)
{
    for (unsigned variant = 0; variant < 5; variant++) {
        struct fault fault = { .onward = onward,
                               .variant = variant,
                               .only = only };

        for (fault.nth = 1; carry_with(kind, &fault); fault.nth++)
            ;
        assert_true(fault.nth > 1);
    }
}

static void each_call_may_fail_once(void **state)
{
    sweep(*(const enum net_kind *)*state, false, NULL);
}

static void each_call_may_fail_from_then_on(void **state)
{
    sweep(*(const enum net_kind *)*state, true, NULL);
}

static void splice_may_fail_whenever_it_is_called(void **state)
{
    sweep(*(const enum net_kind *)*state, true, "splice");
    sweep(*(const enum net_kind *)*state, true, "pipe2");
    sweep(*(const enum net_kind *)*state, true, "sigprocmask");
}

#define SWEEP_ON_BOTH(function)                                                \
    { #function " (TCP)", function, NULL, NULL, (void *)&net_kinds[NET_TCP] }, \
    {                                                                          \
#function " (UNIX)", function, NULL, NULL,                             \
            (void *)&net_kinds[NET_UNIX]                                       \
    }

/* -------------------------------------------------------------------- main */

/* ------------------------------------------------------ no descriptor left */

static unsigned accepted;

static void count_and_destroy(weir_server *server, weir_socket *socket)
{
    (void)server;
    accepted++;
    weir_socket_destroy(socket);
}

/* There is a descriptor left for a connection only when no pipe is idle. */
static int accept_beside_pipes(int fd, struct sockaddr *name, socklen_t *size,
                               int flags)
{
    if (net()->pipes) {
        errno = EMFILE;
        return -1;
    }
    return accept4(fd, name, size, flags);
}

/* The same for a descriptor that is made. */
static int socket_beside_pipes(int family, int type, int protocol)
{
    if (net()->pipes) {
        errno = EMFILE;
        return -1;
    }
    return socket(family, type, protocol);
}

/* Pipes that nothing is in, any more. */
static void leave_pipes(void)
{
    connect_all(NET_TCP);
    join();
    make_bulk();
    feed(BULK);
    take_all();
    net_settle();
    assert_true(net()->pipes_idle > 0);
}

static void idle_pipes_make_room_for_a_connection(void **state)
{
    weir_address address = weir_address_loopback(0);
    weir_server *server;
    int client;

    (void)state;
    leave_pipes();
    assert_int_equal(
        weir_server_create(&server, the_loop, count_and_destroy, NULL), 0);
    assert_int_equal(weir_server_listen(server, &address, NULL), 0);
    assert_int_equal(weir_server_address(server, &address), 0);
    client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(
        connect(client, &address.name.any, (socklen_t)address.length), 0);
    accepted = 0;
    weir_sys.accept4 = accept_beside_pipes;
    RUN_UNTIL(accepted == 1);
    weir_sys.accept4 = accept4;
    assert_int_equal(net()->pipe_count, 0);
    weir_server_close(server);
    close(client);
    net_settle();
    finish();
}

static void idle_pipes_make_room_for_a_connection_that_is_made(void **state)
{
    static struct side side;
    weir_address address;
    int listener = net_listener(NET_TCP, &address);

    (void)state;
    leave_pipes();
    side_init(&side);
    assert_int_equal(
        weir_socket_create(&side.socket, the_loop, &side_events, &side), 0);
    weir_sys.socket = socket_beside_pipes;
    assert_int_equal(weir_socket_connect(side.socket, &address, NULL), 0);
    RUN_UNTIL(side.closed || strchr(side.log, 'C'));
    weir_sys.socket = socket;
    assert_side(&side, "AC");
    assert_int_equal(net()->pipe_count, 0);
    net_finish(&side);
    close(listener);
    finish();
}

static void idle_pipes_make_room_for_a_listener(void **state)
{
    weir_address address = weir_address_loopback(0);
    weir_server *server;

    (void)state;
    leave_pipes();
    assert_int_equal(
        weir_server_create(&server, the_loop, count_and_destroy, NULL), 0);
    weir_sys.socket = socket_beside_pipes;
    assert_int_equal(weir_server_listen(server, &address, NULL), 0);
    weir_sys.socket = socket;
    assert_int_equal(net()->pipe_count, 0);
    weir_server_close(server);
    net_settle();
    finish();
}

static int open_beside_pipes(const char *path, int flags, ...)
{
    if (net()->pipes) {
        errno = EMFILE;
        return -1;
    }
    return faults_kernel()->open(path, flags);
}

static int looked_up;

static void note_lookup(weir_lookup *lookup, int status,
                        const weir_address *addresses, size_t count)
{
    (void)lookup, (void)addresses, (void)count;
    looked_up = status;
}

static void idle_pipes_make_room_for_a_lookup(void **state)
{
    weir_lookup *lookup;

    (void)state;
    leave_pipes();
    looked_up = 1;
    weir_sys.open = open_beside_pipes;
    assert_int_equal(weir_lookup_start(&lookup, the_loop, "localhost", NULL,
                                       note_lookup, NULL),
                     0);
    RUN_UNTIL(looked_up != 1);
    weir_sys.open = faults_kernel()->open;
    assert_int_equal(looked_up, 0);
    assert_int_equal(net()->pipe_count, 0);
    finish();
}

static int with_splice(void **state)
{
    (void)state;
    faked.refuse = false;
    return 0;
}

static int without_splice(void **state)
{
    (void)state;
    faked.refuse = true;
    return 0;
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
        TEST_ON_BOTH(whatever_ends_a_socket_takes_their_descriptors_along),
        TEST_ON_BOTH(a_destination_that_breaks_ends_the_source),
        TEST_ON_LOOP(a_source_that_breaks_resets_a_full_destination),
        TEST_ON_BOTH(a_loop_may_be_destroyed_with_bytes_in_there),
        TEST_ON_LOOP(a_write_that_fails_gives_its_bytes_back),
        TEST_ON_BOTH(there_are_never_more_than_so_many),
        TEST_ON_BOTH(anything_in_any_order_loses_nothing),
    };
    const struct CMUnitTest moved[] = {
        TEST_ON_BOTH(a_write_that_fails_in_the_middle_gives_back_the_rest),
        TEST_ON_BOTH(no_room_in_a_pipe_is_no_lack_of_bytes),
        TEST_ON_BOTH(nothing_moved_is_no_lack_of_bytes),
        TEST_ON_LOOP(urgent_data_does_not_hold_up_the_stream),
        TEST_ON_BOTH(many_small_pieces_fill_a_pipe_and_arrive),
        TEST_ON_BOTH(a_call_that_a_signal_ends_early_is_gone_on_with),
        TEST_ON_BOTH(an_error_of_the_source_is_told),
        TEST_ON_BOTH(a_destination_that_refuses_gets_them_copied),
        TEST_ON_BOTH(a_full_destination_that_refuses_gets_them_copied),
        TEST_ON_BOTH(a_refusal_in_the_middle_loses_nothing),
        TEST_ON_BOTH(a_pipe_that_gives_nothing_is_an_error),
        TEST_ON_LOOP(no_signal_comes_of_a_peer_that_has_gone),
        TEST_ON_LOOP(a_program_that_holds_the_signal_back_finds_its_own),
        TEST_ON_LOOP(idle_pipes_make_room_for_a_connection),
        TEST_ON_LOOP(idle_pipes_make_room_for_a_connection_that_is_made),
        TEST_ON_LOOP(idle_pipes_make_room_for_a_listener),
        TEST_ON_LOOP(idle_pipes_make_room_for_a_lookup),
        SWEEP_ON_BOTH(each_call_may_fail_once),
        SWEEP_ON_BOTH(each_call_may_fail_from_then_on),
        SWEEP_ON_BOTH(splice_may_fail_whenever_it_is_called),
    };
    int failed = cmocka_run_group_tests_name("moved", moved, with_splice, NULL);

    failed += cmocka_run_group_tests_name("either way, moved", either_way,
                                          with_splice, NULL);
    failed += cmocka_run_group_tests_name("either way, copied", either_way,
                                          without_splice, NULL);
    return failed;
}

#else

/* There is nothing to be tested where nothing is moved. */
static void bytes_are_copied(void **state)
{
    (void)state;
    assert_true(weir_sys_pipe(NULL, 0) == -ENOSYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(bytes_are_copied) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
