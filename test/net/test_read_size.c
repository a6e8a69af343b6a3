/*
 * test_read_size.c - how much is read at once
 *
 * A new connection is read in pieces of 64 KiB, so that a peer which sends and
 * never reads leaves no more than that in an echo's queue; one that has carried
 * 16 MiB in pieces of 512 KiB.
 */
#include "test/support/net_test.h"

enum { SMALL = 64 * 1024, LARGE = 512 * 1024, TRUSTED = 16 * 1024 * 1024 };

static weir_socket *echoing;
static int fd;
static bool over;

/* What recv() was asked for. */
static size_t smallest, largest;

static ssize_t measured_recv(int from, void *to, size_t size, int flags)
{
    if (size < smallest)
        smallest = size;
    if (size > largest)
        largest = size;
    return faults_kernel()->recv(from, to, size, flags);
}

static void on_data(weir_socket *socket, const void *bytes, size_t length)
{
    if (weir_socket_write(socket, bytes, length, NULL, NULL) == WEIR_WAIT)
        weir_socket_pause(socket);
}

static void on_drain(weir_socket *socket)
{
    weir_socket_resume(socket);
}

static void on_close(weir_socket *socket, bool had_error)
{
    (void)socket, (void)had_error;
    over = true;
}

static const weir_socket_events echo = { .data = on_data,
                                         .drain = on_drain,
                                         .close = on_close };

static void begin(void)
{
    int fds[2];

    over = false;
    net_descriptors(NET_TCP, fds);
    fd = fds[0];
    assert_int_equal(weir_socket_create(&echoing, the_loop, &echo, NULL), 0);
    assert_int_equal(weir_socket_adopt(echoing, fds[1]), 0);
    smallest = SIZE_MAX;
    largest = 0;
    weir_sys.recv = measured_recv;
}

static void end(void)
{
    assert_sound(echoing);
    weir_socket_destroy(echoing);
    RUN_UNTIL(over);
    close(fd);
    faults_restore();
}

/* Sends what the kernel takes; how much that was. */
static size_t send_some(void)
{
    static const char bytes[LARGE];
    ssize_t sent = send(fd, bytes, sizeof bytes, MSG_NOSIGNAL);

    assert_true(sent > 0 || errno == EAGAIN);
    return sent > 0 ? (size_t)sent : 0;
}

/* Sends and reads until the echo has carried so much. */
static void carry(uint64_t bytes)
{
    static char buffer[LARGE];

    while (weir_socket_bytes_read(echoing) < bytes) {
        (void)send_some();
        (void)raw_read(fd, buffer, sizeof buffer);
        weir_loop_run_once(the_loop, 1);
    }
}

/* Sends until nothing moves any more: the peer never reads. */
static void stall(void)
{
    for (int still = 0; still < 3; still++) {
        if (send_some())
            still = 0;
        weir_loop_run_once(the_loop, 1);
    }
    assert_true(weir_socket_paused(echoing));
}

static void a_new_connection_is_read_in_small_pieces(void **state)
{
    (void)state;
    begin();
    carry(1024 * 1024);
    assert_int_equal(smallest, SMALL);
    assert_int_equal(largest, SMALL);
    end();
}

static void
a_connection_that_has_carried_much_is_read_in_large_pieces(void **state)
{
    (void)state;
    begin();
    carry(TRUSTED);
    smallest = SIZE_MAX;
    carry(TRUSTED + 32 * LARGE); /* more than a turn carries */
    assert_int_equal(smallest, LARGE);
    end();
}

static void
a_peer_that_never_reads_leaves_one_small_read_in_the_queue(void **state)
{
    (void)state;
    begin();
    stall();
    assert_in_range(weir_socket_buffered(echoing), 1, SMALL);
    end();
}

/* --------------------------------------------------------- how often a turn */

static weir_socket *sink;
static unsigned most, turns_at_most;

static void swallow(weir_socket *socket, const void *bytes, size_t length)
{
    (void)socket, (void)bytes, (void)length;
}

/* One turn, before which the peer has sent whatever goes. */
static void busy_turn(void)
{
    static char much[256 * 1024];
    unsigned before = net_calls.recv;

    while (send(fd, much, sizeof much, MSG_NOSIGNAL) > 0)
        ;
    assert_true(weir_loop_run_once(the_loop, 0) >= 0);
    if (net_calls.recv - before > most)
        most = net_calls.recv - before;
    turns_at_most += net_calls.recv - before == 8;
}

/* What its deferred work reads and what an event reads count together. */
static void a_socket_is_read_at_most_8_times_a_turn(void **state)
{
    static const weir_socket_events sinking = { .data = swallow };
    int fds[2];

    (void)state;
    net_descriptors(NET_TCP, fds);
    fd = fds[0];
    assert_int_equal(weir_socket_create(&sink, the_loop, &sinking, NULL), 0);
    assert_int_equal(weir_socket_adopt(sink, fds[1]), 0);
    net_count();
    most = turns_at_most = 0;
    for (int i = 0; i < 500; i++) {
        busy_turn();
        if (i % 10 == 5) {
            weir_socket_pause(sink);
            busy_turn();
            weir_socket_resume(sink); /* read by a task, in the next turn */
        }
    }
    assert_int_equal(most, 8);
    assert_true(turns_at_most > 0);
    weir_socket_destroy(sink);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_LOOP(a_new_connection_is_read_in_small_pieces),
        TEST_ON_LOOP(
            a_connection_that_has_carried_much_is_read_in_large_pieces),
        TEST_ON_LOOP(
            a_peer_that_never_reads_leaves_one_small_read_in_the_queue),
        TEST_ON_LOOP(a_socket_is_read_at_most_8_times_a_turn),
    };

    return cmocka_run_group_tests_name("read size", tests, NULL, NULL);
}
