/*
 * test_write_bulk.c - megabytes that must arrive, byte by byte
 *
 * A writer that uses every kind of write in random sizes, a reader that stops
 * and goes at random, and a kernel that is made to take and give less than was
 * asked for, to be interrupted, and to be full or empty when it is not. What
 * arrives is compared through a checksum that notices what is lost, doubled or
 * swapped.
 */
#include "test/support/net_test.h"

enum { LONGEST = 150000 };

static struct side a, b;
static struct test_random rnd;
static struct {
    size_t total, put; /* bytes to write, and written */
    uint64_t sum;
    size_t waited, told; /* write callbacks owed, and had, in order */
    size_t owned;        /* memory handed over and not released */
} out;

/* -------------------------------------------------- an unreliable kernel */

/* What was cut short leaves no edge behind, as the real one would: the
 * descriptor is armed again before the next turn. */
static struct side *cut[64];
static size_t cut_count;

static void note_cut(int fd)
{
    struct side *side = a.socket && weir_socket_fd(a.socket) == fd ? &a : &b;

    for (size_t i = 0; i < cut_count; i++)
        if (cut[i] == side)
            return;
    cut[cut_count++] = side;
}

static void mend_cuts(void)
{
    for (size_t i = 0; i < cut_count; i++)
        if (cut[i]->socket && weir_socket_fd(cut[i]->socket) >= 0)
            weir_source_change(the_loop, &cut[i]->socket->source,
                               WEIR_READABLE | WEIR_WRITABLE | WEIR_EDGE);
    cut_count = 0;
}

/* True when the call is to fail; *size may have become less. */
static bool meddle(int fd, size_t *size)
{
    switch (test_below(&rnd, 12)) {
    case 0:
        errno = EINTR;
        return true;
    case 1:
        errno = EAGAIN;
        note_cut(fd);
        return true;
    case 2:
    case 3:
    case 4:
        if (*size > 1) {
            *size = 1 + test_below(&rnd, *size > 50 && test_once_in(&rnd, 2)
                                             ? 50
                                             : *size);
            note_cut(fd);
        }
        return false;
    default:
        return false;
    }
}

static ssize_t odd_recv(int fd, void *to, size_t size, int flags)
{
    return meddle(fd, &size) ? -1 : faults_kernel()->recv(fd, to, size, flags);
}

static ssize_t odd_send(int fd, const void *from, size_t size, int flags)
{
    return meddle(fd, &size) ? -1
                             : faults_kernel()->send(fd, from, size, flags);
}

static ssize_t odd_sendmsg(int fd, const struct msghdr *message, int flags)
{
    struct iovec pieces[1024];
    struct msghdr part = *message;
    size_t size = 0, left, i;

    for (i = 0; i < (size_t)message->msg_iovlen; i++)
        size += message->msg_iov[i].iov_len;
    if (meddle(fd, &size))
        return -1;
    for (i = 0, left = size; left; i++) {
        pieces[i] = message->msg_iov[i];
        if (pieces[i].iov_len > left)
            pieces[i].iov_len = left;
        left -= pieces[i].iov_len;
    }
    part.msg_iov = pieces;
    part.msg_iovlen = (__typeof__(part.msg_iovlen))i;
    return faults_kernel()->sendmsg(fd, &part, flags);
}

static void make_odd(void)
{
    weir_sys.recv = odd_recv;
    weir_sys.send = odd_send;
    weir_sys.sendmsg = odd_sendmsg;
}

/* ------------------------------------------------------------- the writer */

static void in_order(weir_socket *socket, int status, void *argument)
{
    (void)socket;
    assert_int_equal(status, 0);
    assert_int_equal((uintptr_t)argument, ++out.told);
}

static void give_back(void *bytes, size_t length, void *argument)
{
    (void)argument;
    assert_true(length <= LONGEST);
    free(bytes);
    out.owned--;
}

static int write_pieces(char *bytes, size_t length, weir_write_cb *cb,
                        void *name)
{
    struct iovec pieces[20];
    size_t count = 1 + test_below(&rnd, 20), at = 0;

    for (size_t i = 0; i < count; i++) {
        size_t part =
            i + 1 < count ? test_below(&rnd, length - at + 1) : length - at;

        pieces[i] = (struct iovec){ bytes + at, part };
        at += part;
    }
    return weir_socket_writev(a.socket, pieces, (int)count, cb, name);
}

static int write_shared(char *bytes, size_t length, weir_write_cb *cb,
                        void *name)
{
    weir_buffer *buffer = weir_buffer_copy(bytes, length);
    int result = weir_socket_write_buffer(a.socket, buffer, cb, name);

    weir_buffer_unref(buffer);
    return result;
}

static int write_owned(char *bytes, size_t length, weir_write_cb *cb,
                       void *name)
{
    char *copy = malloc(length + 1);
    int result;

    memcpy(copy, bytes, length);
    result =
        weir_socket_write_owned(a.socket, copy, length, give_back, cb, name);
    if (result < 0)
        free(copy);
    else
        out.owned++;
    return result;
}

static size_t some_length(void)
{
    switch (test_below(&rnd, 4)) {
    case 0:
        return test_below(&rnd, 4);
    case 1:
        return test_below(&rnd, LONGEST);
    default:
        return test_below(&rnd, 2000);
    }
}

static int write_one(void)
{
    static char bytes[LONGEST];
    size_t length = some_length();
    weir_write_cb *cb = test_once_in(&rnd, 2) ? in_order : NULL;
    void *name = (void *)(uintptr_t)(out.waited + 1);
    int result;

    if (length > out.total - out.put)
        length = out.total - out.put;
    net_pattern(bytes, length, out.put);
    switch (test_below(&rnd, 4)) {
    case 0:
        result = write_pieces(bytes, length, cb, name);
        break;
    case 1:
        result = write_shared(bytes, length, cb, name);
        break;
    case 2:
        result = write_owned(bytes, length, cb, name);
        break;
    default:
        result = weir_socket_write(a.socket, bytes, length, cb, name);
    }
    if (result < 0) {
        assert_int_equal(result, -ENOBUFS);
        return WEIR_WAIT;
    }
    out.put += length;
    out.waited += cb != NULL;
    out.sum = net_sum(out.sum, bytes, length);
    return result;
}

static void write_on(void)
{
    bool corked = test_once_in(&rnd, 4);

    if (corked)
        weir_socket_cork(a.socket);
    while (out.put < out.total && write_one() == WEIR_SENT)
        ;
    if (corked)
        weir_socket_uncork(a.socket);
    assert_sound(a.socket);
}

static void write_in_drain(struct side *side, char event)
{
    if (event == 'D' && side == &a)
        write_on();
}

/* ------------------------------------------------------------- the reader */

static void stop_and_go(struct side *side, char event)
{
    if (event == 'd' && test_once_in(&rnd, 6))
        weir_socket_pause(side->socket);
}

static void one_turn(void)
{
    if (test_once_in(&rnd, 3))
        weir_socket_resume(b.socket);
    if (out.put < out.total && test_once_in(&rnd, 10))
        write_one();
    mend_cuts();
    weir_loop_run_once(the_loop, 0);
    assert_sound(a.socket);
    assert_sound(b.socket);
    assert_int_equal(weir_socket_buffered(a.socket) +
                         weir_socket_bytes_written(a.socket),
                     out.put);
}

static void transfer(enum net_kind kind, size_t total, bool odd, size_t limit)
{
    memset(&out, 0, sizeof out);
    out.total = total;
    cut_count = 0;
    net_pair(kind, &a, &b);
    a.hook = write_in_drain;
    b.hook = stop_and_go;
    weir_socket_set_write_limit(a.socket, limit);
    if (odd)
        make_odd();
    write_on();
    while (out.put < out.total)
        one_turn();
    weir_socket_end(a.socket);
    while (!a.closed || !b.closed) {
        if (b.socket)
            weir_socket_resume(b.socket);
        mend_cuts();
        weir_loop_run_once(the_loop, 1);
    }
    assert_int_equal(b.received, total);
    assert_true(b.sum == out.sum);
    assert_int_equal(out.told, out.waited);
    assert_int_equal(out.owned, 0);
    assert_false(a.had_error || b.had_error);
    faults_restore();
}

static void seed(void)
{
    test_seed(&rnd, test_new_seed());
    print_message("seed %llu\n", (unsigned long long)rnd.seed);
}

static void megabytes_arrive_byte_by_byte(void **state)
{
    seed();
    transfer(NET_KIND(state), test_rounds(32, 8) << 20, false, 0);
}

static void megabytes_arrive_through_an_unreliable_kernel(void **state)
{
    seed();
    transfer(NET_KIND(state), test_rounds(16, 8) << 20, true, 0);
}

static void megabytes_arrive_through_a_limited_queue(void **state)
{
    seed();
    transfer(NET_KIND(state), test_rounds(8, 4) << 20, true, 2 * LONGEST);
}

/* The same stream there and back: both halves at work at once. */
static void echo_back(struct side *side, char event)
{
    (void)side;
    if (event == 'D')
        weir_socket_resume(b.socket);
}

static void echo_data(weir_socket *socket, const void *bytes, size_t length)
{
    if (weir_socket_write(socket, bytes, length, NULL, NULL) == WEIR_WAIT)
        weir_socket_pause(socket);
}

static void an_echo_with_backpressure_gives_all_back(void **state)
{
    static weir_socket_events echo;

    seed();
    memset(&out, 0, sizeof out);
    out.total = test_rounds(16, 8) << 20;
    cut_count = 0;
    net_pair(NET_KIND(state), &a, &b);
    echo = side_events;
    echo.data = echo_data;
    weir_socket_set_events(b.socket, &echo);
    a.hook = write_in_drain;
    b.hook = echo_back;
    make_odd();
    write_on();
    while (!a.closed || !b.closed) {
        if (a.socket && out.put < out.total && test_once_in(&rnd, 10))
            write_on();
        if (a.socket && out.put == out.total)
            weir_socket_end(a.socket);
        mend_cuts();
        weir_loop_run_once(the_loop, 1);
    }
    assert_int_equal(a.received, out.total);
    assert_true(a.sum == out.sum);
    assert_int_equal(out.told, out.waited);
    assert_int_equal(out.owned, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_BOTH(megabytes_arrive_byte_by_byte),
        TEST_ON_BOTH(megabytes_arrive_through_an_unreliable_kernel),
        TEST_ON_BOTH(megabytes_arrive_through_a_limited_queue),
        TEST_ON_BOTH(an_echo_with_backpressure_gives_all_back),
    };

    return cmocka_run_group_tests_name("bulk", tests, NULL, NULL);
}
