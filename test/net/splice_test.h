/*
 * splice_test.h - bytes that a pipe moves inside the kernel, for their tests
 *
 *     from_peer --> [from ==( kernel pipe )==> to] --> to_peer
 *
 * Tests of what must come out either way are run twice: as it is, and with a
 * system that refuses splice(), where the same must come out by copying. The
 * other files about pipes run with splice() as well; what they ask for is not
 * repeated in these.
 */
#ifndef WEIR_SPLICE_TEST_H
#define WEIR_SPLICE_TEST_H

#include "test/support/net_test.h"

#include "net/kernel_pipe.h"

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

static inline bool is_socket(int fd)
{
    struct stat status;

    return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

static inline ssize_t fake_splice(int source, loff_t *source_offset, int target,
                                  loff_t *target_offset, size_t size,
                                  unsigned flags)
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

static inline void fake(void)
{
    bool refuse = faked.refuse;

    memset(&faked, 0, sizeof faked);
    faked.refuse = refuse;
    weir_sys.splice = fake_splice;
}

static inline int with_splice(void **state)
{
    (void)state;
    faked.refuse = false;
    return 0;
}

static inline int without_splice(void **state)
{
    (void)state;
    faked.refuse = true;
    return 0;
}

/* ----------------------------------------------------------------- helpers */

static inline struct weir_net *net(void)
{
    return weir_net_of(the_loop);
}

/* Kernel pipes that somebody holds. */
static inline unsigned held(void)
{
    return net()->pipe_count - net()->pipes_idle;
}

/* Whether bytes wait in one, where they can. */
static inline void assert_held(void)
{
    assert_int_equal(held(), faked.refuse ? 0 : 1);
}

static inline void connect_all(enum net_kind kind)
{
    fake();
    from_peer = net_raw(kind, &from);
    to_peer = net_raw(kind, &to);
    fed = got = 0;
}

static inline void join(void)
{
    assert_int_equal(weir_socket_pipe(from.socket, to.socket), 0);
}

static inline void join_bytes(void)
{
    weir_socket_set_half_open(from.socket, true);
    weir_socket_set_half_open(to.socket, true);
    assert_int_equal(weir_socket_pipe_bytes(from.socket, to.socket), 0);
}

static inline void shut_peers(void)
{
    if (from_peer >= 0)
        close(from_peer);
    if (to_peer >= 0)
        close(to_peer);
}

static inline void finish(void)
{
    net_finish(&from);
    net_finish(&to);
    shut_peers();
    assert_int_equal(held(), 0);
    assert_true(net()->pipes_idle <= KEPT);
    assert_false(weir_loop_alive(the_loop));
}

/* Sends `length` bytes of the pattern, or as many as go. */
static inline size_t feed(size_t length)
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
static inline void take(size_t limit)
{
    raw_take(to_peer, &got, limit);
}

static inline void take_all(void)
{
    RUN_UNTIL((take(SIZE_MAX), got == fed));
    assert_sound(to.socket);
}

/* One read that is large enough: what comes next is moved. */
static inline void make_bulk(void)
{
    assert_int_equal(feed(BULK), BULK);
    take_all();
    net_settle();
    faked.calls_in = faked.calls_out = 0;
}

static inline void assert_counted(void)
{
    assert_int_equal(weir_socket_bytes_read(from.socket),
                     weir_socket_bytes_written(to.socket) +
                         weir_socket_buffered(to.socket));
}

/* Bytes that have been read and are not sent. A cork is the way to have few
 * of them, a peer that takes nothing to have more than may wait. */
static inline void cork_some(size_t length)
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
static inline bool takes_no_more(void)
{
    uint64_t before = fed;

    while (feed(64 * KB))
        ;
    net_settle();
    return fed == before && weir_socket_buffered(to.socket) > MARK;
}

static inline void fill(void)
{
    RUN_UNTIL(takes_no_more());
    assert_counted();
    assert_sound(to.socket);
}

/* ---------------------------------------------------------------- cut short */

/* The bytes that `from` was given back are those from here on. */
static inline void assert_given_back(uint64_t begin)
{
    uint64_t sum = 0;
    static char bytes[PIPE];

    assert_int_equal(from.received, fed - begin);
    net_pattern(bytes, from.received, begin);
    sum = net_sum(sum, bytes, from.received);
    assert_true(from.sum == sum);
}

#else

/* There is nothing to be tested where nothing is moved. */
static inline void bytes_are_copied(void **state)
{
    (void)state;
    assert_true(weir_sys_pipe(NULL, 0) == -ENOSYS);
}

static inline int run_without_splice(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(bytes_are_copied) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif

#endif
