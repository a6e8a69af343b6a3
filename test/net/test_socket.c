/*
 * test_socket.c - creating, adopting, reading, pausing, half-open ends
 *
 * Ending is in test_socket_end.c, writing in test_write.c.
 */
#include "test/support/net_test.h"

#include <sys/un.h>

static struct side a, b;
static int fd;

static int open_pair(void **state)
{
    if (test_open_loop(state))
        return -1;
    fd = net_raw(NET_KIND(state), &a);
    return 0;
}

static int close_pair(void **state)
{
    if (fd >= 0)
        close(fd);
    fd = -1;
    return test_close_loop(state);
}

static void close_peer(void)
{
    close(fd);
    fd = -1;
}

/* ------------------------------------------------- creating, connecting */

static void a_socket_needs_a_place_and_a_loop(void **state)
{
    weir_socket *socket = (weir_socket *)state;

    assert_int_equal(weir_socket_create(NULL, the_loop, NULL, NULL), -EINVAL);
    assert_int_equal(weir_socket_create(&socket, NULL, NULL, NULL), -EINVAL);
    assert_null(socket);
}

static void a_new_socket_is_not_connected(void **state)
{
    weir_address address;
    int data;

    (void)state;
    side_init(&b);
    assert_int_equal(
        weir_socket_create(&b.socket, the_loop, &side_events, &data), 0);
    assert_int_equal(weir_socket_get_state(b.socket), WEIR_SOCKET_NEW);
    assert_ptr_equal(weir_socket_data(b.socket), &data);
    weir_socket_set_data(b.socket, &b);
    assert_ptr_equal(weir_socket_data(b.socket), &b);
    assert_ptr_equal(weir_socket_loop(b.socket), the_loop);
    assert_null(weir_socket_server(b.socket));
    assert_int_equal(weir_socket_fd(b.socket), -1);
    assert_int_equal(weir_socket_local_address(b.socket, &address), -ENOTCONN);
    assert_int_equal(address.length, 0);
    assert_int_equal(weir_socket_bytes_read(b.socket), 0);
    assert_int_equal(weir_socket_bytes_written(b.socket), 0);
    assert_int_equal(weir_socket_failure(b.socket, NULL, NULL), 0);
    assert_false(weir_loop_alive(the_loop));
    assert_sound(b.socket);
    net_finish(&b);
    assert_side(&b, "x");
}

static void a_connected_socket_is_not_connected_again(void **state)
{
    weir_address address = weir_address_loopback(1);

    (void)state;
    assert_int_equal(weir_socket_connect(a.socket, &address, NULL), -EISCONN);
    assert_int_equal(weir_socket_connect_host(a.socket, "x", 1, NULL),
                     -EISCONN);
    assert_int_equal(weir_socket_adopt(a.socket, fd), -EISCONN);
    assert_int_equal(weir_socket_get_state(a.socket), WEIR_SOCKET_OPEN);
    net_settle();
    assert_side(&a, "");
}

static void
an_open_socket_keeps_the_loop_running_unless_unreferenced(void **state)
{
    (void)state;
    assert_true(weir_loop_alive(the_loop));
    weir_socket_unref(a.socket);
    weir_socket_unref(a.socket);
    assert_false(weir_loop_alive(the_loop));
    weir_socket_ref(a.socket);
    assert_true(weir_loop_alive(the_loop));
    weir_socket_destroy(a.socket);
    assert_true(weir_loop_alive(the_loop));
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_side(&a, "x");
    assert_false(weir_loop_alive(the_loop));
}

static void
destroying_the_loop_closes_sockets_with_their_callbacks(void **state)
{
    net_pair(NET_KIND(state), &a, &b);
    weir_socket_write(a.socket, "x", 1, side_wrote, &a);
    net_stuff(&a);
    weir_socket_write(a.socket, "x", 1, side_wrote, &a);
    weir_socket_destroy(b.socket);
    test_destroy_loop();
    assert_side(&a, "wWx");
    assert_side(&b, "x");
    assert_int_equal(a.last_status, -ECANCELED);
}

/* --------------------------------------------------------------- adopting */

static void what_is_no_connected_stream_socket_is_not_adopted(void **state)
{
    int listener, unconnected, datagrams[2], pipes[2];
    weir_address address;

    listener = net_listener(NET_KIND(state), &address);
    unconnected = socket(AF_INET, SOCK_STREAM, 0);
    test_pipe(pipes);
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, datagrams), 0);
    side_init(&b);
    weir_socket_create(&b.socket, the_loop, &side_events, &b);
    assert_int_equal(weir_socket_adopt(NULL, fd), -EINVAL);
    assert_int_equal(weir_socket_adopt(b.socket, -1), -EBADF);
    assert_int_equal(weir_socket_adopt(b.socket, 1 << 20), -EBADF);
    assert_int_equal(weir_socket_adopt(b.socket, pipes[0]), -ENOTSOCK);
    assert_int_equal(weir_socket_adopt(b.socket, datagrams[0]), -EINVAL);
    assert_int_equal(weir_socket_adopt(b.socket, listener), -ENOTCONN);
    assert_int_equal(weir_socket_adopt(b.socket, unconnected), -ENOTCONN);
    assert_int_equal(weir_socket_adopt(b.socket, weir_socket_fd(a.socket)),
                     -EEXIST);
    assert_int_equal(weir_socket_get_state(b.socket), WEIR_SOCKET_NEW);
    assert_sound(b.socket);
    /* It can still adopt a good one. */
    assert_int_equal(weir_socket_adopt(b.socket, fd), 0);
    fd = -1;
    assert_int_equal(weir_socket_write(a.socket, "x", 1, NULL, NULL),
                     WEIR_SENT);
    RUN_UNTIL(b.received == 1);
    test_close_pair(datagrams);
    test_close_pair(pipes);
    close(listener);
    close(unconnected);
}

static int other_family(int descriptor, struct sockaddr *name, socklen_t *size)
{
    int result = faults_kernel()->getpeername(descriptor, name, size);

    name->sa_family = AF_APPLETALK;
    return result;
}

static void a_socket_of_another_family_is_not_adopted(void **state)
{
    int fds[2];

    net_descriptors(NET_KIND(state), fds);
    side_init(&b);
    weir_socket_create(&b.socket, the_loop, &side_events, &b);
    weir_sys.getpeername = other_family;
    assert_int_equal(weir_socket_adopt(b.socket, fds[0]), -EAFNOSUPPORT);
    weir_sys.getpeername = faults_kernel()->getpeername;
    assert_int_equal(weir_socket_adopt(b.socket, fds[0]), 0);
    close(fds[1]);
}

static void
an_adopted_descriptor_becomes_non_blocking_and_is_closed(void **state)
{
    int fds[2];

    net_descriptors(NET_KIND(state), fds);
    assert_int_equal(fcntl(fds[0], F_SETFL, 0), 0);
    side_init(&b);
    weir_socket_create(&b.socket, the_loop, &side_events, &b);
    assert_int_equal(weir_socket_adopt(b.socket, fds[0]), 0);
    assert_true(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
    assert_int_equal(weir_socket_fd(b.socket), fds[0]);
    net_finish(&b);
    assert_int_equal(fcntl(fds[0], F_GETFD), -1);
    raw_expect_end(fds[1]);
    close(fds[1]);
}

static void what_came_before_adopting_is_read(void **state)
{
    int fds[2];

    net_descriptors(NET_KIND(state), fds);
    raw_write(fds[1], "early", 5);
    close(fds[1]);
    side_init(&b);
    weir_socket_create(&b.socket, the_loop, &side_events, &b);
    assert_int_equal(weir_socket_adopt(b.socket, fds[0]), 0);
    RUN_UNTIL(b.closed);
    assert_side(&b, "dex");
    assert_memory_equal(b.bytes, "early", 5);
}

/* Somebody else holds the descriptor too: close() alone would send no FIN. */
static void the_fin_of_a_dupped_descriptor_is_not_missing(void **state)
{
    int peer = net_adopted(NET_KIND(state), &b);
    int copy = dup(weir_socket_fd(b.socket));

    weir_socket_end(b.socket);
    raw_expect_end(peer);
    shutdown(peer, SHUT_WR);
    RUN_UNTIL(b.closed);
    close(copy);
    close(peer);

    /* The peer's FIN first: both directions are done in one step. */
    peer = net_adopted(NET_KIND(state), &b);
    copy = dup(weir_socket_fd(b.socket));
    shutdown(peer, SHUT_WR);
    RUN_UNTIL(b.closed);
    raw_expect_end(peer);
    close(copy);
    close(peer);
}

/* How often the kernel had something to say. */
static unsigned long spins;
#ifdef WEIR_BACKEND_EPOLL
static int counting_wait(int epoll, struct epoll_event *events, int count,
                         int timeout)
{
    int got = faults_kernel()->epoll_wait(epoll, events, count, timeout);

    spins += got > 0;
    return got;
}
#endif

/* Field note 9. */
static void
a_closed_descriptor_that_was_dupped_does_not_stay_watched(void **state)
{
    int peer = net_adopted(NET_KIND(state), &b);
    int copy = dup(weir_socket_fd(b.socket));

    net_finish(&b);
    net_settle();
#ifdef WEIR_BACKEND_EPOLL
    weir_sys.epoll_wait = counting_wait;
#endif
    spins = 0;
    raw_write(peer, "x", 1);
    for (int i = 0; i < 10; i++)
        weir_loop_run_once(the_loop, 1);
    assert_int_equal(spins, 0);
    assert_side(&b, "x");
    close(copy);
    close(peer);
}

/* ---------------------------------------------------------------- reading */

static void bytes_arrive_in_order_and_are_counted(void **state)
{
    (void)state;
    raw_write(fd, "hello", 5);
    RUN_UNTIL(a.received == 5);
    raw_write(fd, " world", 6);
    RUN_UNTIL(a.received == 11);
    assert_memory_equal(a.bytes, "hello world", 11);
    assert_int_equal(weir_socket_bytes_read(a.socket), 11);
    assert_side(&a, "d");
}

/* Field notes 1 and 7: the hang-up comes with the payload, and with more of it
 * than one read takes. */
static void a_hang_up_does_not_lose_the_last_bytes(void **state)
{
    static char bytes[100000];
    size_t sent = 0;
    ssize_t n;

    (void)state;
    net_pattern(bytes, sizeof bytes, 0);
    weir_socket_pause(a.socket);
    while (sent < sizeof bytes &&
           (n = send(fd, bytes + sent, sizeof bytes - sent, 0)) > 0)
        sent += (size_t)n;
    close_peer();
    net_settle();
    weir_socket_resume(a.socket);
    RUN_UNTIL(a.closed);
    assert_side(&a, "dex");
    assert_int_equal(a.received, sent);
    assert_true(a.sum == net_sum(0, bytes, sent));
}

static void data_end_and_close_come_in_this_order(void **state)
{
    (void)state;
    raw_write(fd, "x", 1);
    shutdown(fd, SHUT_WR);
    RUN_UNTIL(a.closed);
    assert_side(&a, "dex");
    assert_false(a.had_error);
    raw_expect_end(fd);
}

static const weir_socket_events only_close = { .close = NULL };

static void without_a_data_entry_bytes_are_thrown_away(void **state)
{
    (void)state;
    weir_socket_set_events(a.socket, &only_close);
    raw_write(fd, "gone", 4);
    RUN_UNTIL(weir_socket_bytes_read(a.socket) == 4);
    weir_socket_set_events(a.socket, &side_events);
    raw_write(fd, "here", 4);
    RUN_UNTIL(a.received == 4);
    assert_memory_equal(a.bytes, "here", 4);
}

static void without_a_table_nothing_is_read(void **state)
{
    (void)state;
    weir_socket_set_events(a.socket, NULL);
    raw_write(fd, "waits", 5);
    shutdown(fd, SHUT_WR);
    net_count();
    net_settle();
    assert_int_equal(net_calls.recv, 0);
    assert_int_equal(weir_socket_bytes_read(a.socket), 0);
    weir_socket_set_events(a.socket, &side_events);
    RUN_UNTIL(a.closed);
    assert_side(&a, "dex");
    assert_memory_equal(a.bytes, "waits", 5);
}

/* A table with nothing in it at all closes by itself at the peer's FIN. */
static void an_empty_table_reads_to_the_end_and_closes(void **state)
{
    weir_socket *socket = a.socket;

    (void)state;
    weir_socket_set_events(socket, &only_close);
    raw_write(fd, "x", 1);
    shutdown(fd, SHUT_WR);
    RUN_UNTIL(!weir_loop_alive(the_loop));
    raw_expect_end(fd);
}

static void switch_in_data(struct side *side, char event)
{
    if (event == 'd' && side == &a) {
        b.socket = a.socket;
        weir_socket_set_data(a.socket, &b);
        weir_socket_set_events(a.socket, &side_events);
    }
}

static void what_comes_after_set_events_goes_to_the_new_table(void **state)
{
    (void)state;
    side_init(&b);
    a.hook = switch_in_data;
    raw_write(fd, "old", 3);
    RUN_UNTIL(a.received == 3);
    raw_write(fd, "new", 3);
    RUN_UNTIL(b.received == 3);
    shutdown(fd, SHUT_WR);
    RUN_UNTIL(b.closed);
    assert_string_equal(a.log, "d");
    assert_string_equal(b.log, "dex");
}

static void no_table_in_data(struct side *side, char event)
{
    if (event == 'd')
        weir_socket_set_events(side->socket, NULL);
}

/* ------------------------------------------------------------ buffer event */

static struct {
    char bytes[8];
    size_t size;
    unsigned asked;
    void (*during)(weir_socket *socket);
} own;

static void *give_buffer(weir_socket *socket, size_t *size)
{
    own.asked++;
    if (own.during)
        own.during(socket);
    *size = own.size;
    return own.size == SIZE_MAX ? NULL : own.bytes;
}

static weir_socket_events buffered_events;

static void use_own_buffer(size_t size, void (*during)(weir_socket *socket))
{
    memset(&own, 0, sizeof own);
    own.size = size;
    own.during = during;
    buffered_events = side_events;
    buffered_events.buffer = give_buffer;
    weir_socket_set_events(a.socket, &buffered_events);
}

static bool landed_elsewhere;

static void landed(weir_socket *socket, const void *bytes, size_t length)
{
    (void)socket;
    landed_elsewhere = bytes != own.bytes;
    a.received += length;
}

static void bytes_land_in_the_readers_buffer(void **state)
{
    (void)state;
    use_own_buffer(3, NULL);
    buffered_events.data = landed;
    raw_write(fd, "12345678", 8);
    RUN_UNTIL(a.received == 8);
    assert_false(landed_elsewhere);
    assert_true(own.asked >= 3);
    assert_memory_equal(own.bytes, "78", 2);
}

static void a_reader_without_a_buffer_gets_the_loops(void **state)
{
    (void)state;
    use_own_buffer(SIZE_MAX, NULL);
    buffered_events.data = landed;
    raw_write(fd, "12345678", 8);
    RUN_UNTIL(a.received == 8);
    assert_true(landed_elsewhere);
    own.size = 0;
    raw_write(fd, "12345678", 8);
    RUN_UNTIL(a.received == 16);
    assert_true(landed_elsewhere);
}

static void a_buffer_of_one_byte_gets_every_byte(void **state)
{
    (void)state;
    use_own_buffer(1, NULL);
    for (int i = 0; i < 100; i++)
        raw_write(fd, "0123456789", 10);
    shutdown(fd, SHUT_WR);
    RUN_UNTIL(a.closed);
    assert_int_equal(a.received, 1000);
    assert_side(&a, "dex");
}

static void pause_it(weir_socket *socket)
{
    weir_socket_pause(socket);
}

static void no_table(weir_socket *socket)
{
    weir_socket_set_events(socket, NULL);
}

static void a_socket_destroyed_in_its_buffer_event_is_not_read(void **state)
{
    (void)state;
    use_own_buffer(8, weir_socket_destroy);
    raw_write(fd, "x", 1);
    net_count();
    RUN_UNTIL(a.closed);
    assert_int_equal(net_calls.recv, 0);
    assert_side(&a, "x");
}

static void a_socket_paused_in_its_buffer_event_is_not_read(void **state)
{
    (void)state;
    use_own_buffer(8, pause_it);
    raw_write(fd, "x", 1);
    net_count();
    net_settle();
    assert_int_equal(net_calls.recv, 0);
    assert_int_equal(own.asked, 1);
    own.during = NULL;
    weir_socket_resume(a.socket);
    RUN_UNTIL(a.received == 1);
}

static void a_table_taken_away_in_the_buffer_event_stops_reading(void **state)
{
    (void)state;
    use_own_buffer(8, no_table);
    raw_write(fd, "x", 1);
    net_count();
    net_settle();
    assert_int_equal(net_calls.recv, 0);
    weir_socket_set_events(a.socket, &side_events);
    RUN_UNTIL(a.received == 1);
}

static void another_table_in_the_buffer_event_gets_the_data(void **state)
{
    (void)state;
    use_own_buffer(1, NULL);
    a.hook = no_table_in_data;
    raw_write(fd, "12", 2);
    net_settle();
    assert_int_equal(a.received, 1);
    a.hook = NULL;
    weir_socket_set_events(a.socket, &buffered_events);
    RUN_UNTIL(a.received == 2);
}

static void a_socket_closed_in_its_buffer_event_lingers(void **state)
{
    (void)state;
    use_own_buffer(8, weir_socket_close);
    raw_write(fd, "x", 1);
    raw_expect_end(fd);
    close_peer();
    RUN_UNTIL(a.closed);
    assert_side(&a, "x");
}

/* --------------------------------------------------------------- pausing */

static void no_data_comes_after_pause(void **state)
{
    (void)state;
    weir_socket_pause(a.socket);
    assert_true(weir_socket_paused(a.socket));
    raw_write(fd, "x", 1);
    net_settle();
    assert_side(&a, "");
    weir_socket_resume(a.socket);
    assert_false(weir_socket_paused(a.socket));
    assert_side(&a, "");
    RUN_UNTIL(a.received == 1);
}

static void pause_in_data(struct side *side, char event)
{
    if (event == 'd')
        weir_socket_pause(side->socket);
}

static void no_data_comes_after_pause_within_a_burst(void **state)
{
    (void)state;
    use_own_buffer(1, NULL);
    a.hook = pause_in_data;
    raw_write(fd, "12345", 5);
    for (size_t i = 1; i <= 5; i++) {
        RUN_UNTIL(a.received == i);
        net_settle();
        assert_int_equal(a.received, i);
        weir_socket_resume(a.socket);
    }
    assert_memory_equal(a.bytes, "12345", 5);
}

static void no_end_comes_while_paused(void **state)
{
    (void)state;
    weir_socket_pause(a.socket);
    shutdown(fd, SHUT_WR);
    net_settle();
    assert_side(&a, "");
    assert_int_equal(weir_socket_get_state(a.socket), WEIR_SOCKET_OPEN);
    weir_socket_resume(a.socket);
    RUN_UNTIL(a.closed);
    assert_side(&a, "ex");
}

static void pausing_and_resuming_make_no_system_call(void **state)
{
    (void)state;
    net_count();
    for (int i = 0; i < 100; i++) {
        weir_socket_pause(a.socket);
        weir_socket_pause(a.socket);
        weir_socket_resume(a.socket);
        weir_socket_resume(a.socket);
    }
    weir_loop_run_once(the_loop, 0);
    assert_int_equal(net_calls.wait, 1);
    assert_int_equal(net_calls.control + net_calls.recv, 0);
}

static void pause_and_resume_at_once_loses_nothing(void **state)
{
    (void)state;
    weir_socket_pause(a.socket);
    raw_write(fd, "x", 1);
    net_settle();
    weir_socket_resume(a.socket);
    weir_socket_pause(a.socket);
    net_settle();
    assert_int_equal(a.received, 0);
    weir_socket_resume(a.socket);
    RUN_UNTIL(a.received == 1);
}

static void a_paused_socket_makes_the_peer_wait(void **state)
{
    static char bytes[65536];
    size_t total = 0;
    ssize_t n = 0;

    (void)state;
    weir_socket_pause(a.socket);
    for (int turns = 0; turns < 20; turns++) {
        while ((n = send(fd, bytes, sizeof bytes, 0)) > 0)
            total += (size_t)n;
        weir_loop_run_once(the_loop, 1);
    }
    assert_int_equal(errno, EAGAIN);
    assert_true(total < 64 * 1024 * 1024);
    weir_socket_resume(a.socket);
    RUN_UNTIL(a.received == total);
}

/* Field note 4: with level triggering this would spin a core. */
static void a_hung_up_peer_of_a_paused_socket_does_not_spin(void **state)
{
    (void)state;
    weir_socket_pause(a.socket);
    raw_write(fd, "x", 1);
    close_peer();
    net_settle();
    net_count();
    for (int i = 0; i < 5; i++)
        weir_loop_run_once(the_loop, 2);
    /* A wait that found something would not have waited. */
    assert_int_equal(net_calls.wait, 5);
    assert_int_equal(net_calls.recv + net_calls.control, 0);
    assert_side(&a, "");
    weir_socket_resume(a.socket);
    RUN_UNTIL(a.closed);
    assert_side(&a, "dex");
}

/* The same, counted: how often does the kernel have something to say? */
static void dead_and_half_open_sockets_are_told_once(void **state)
{
#ifdef WEIR_BACKEND_EPOLL
    weir_socket_set_half_open(a.socket, true);
    shutdown(fd, SHUT_WR);
    RUN_UNTIL(strchr(a.log, 'e'));
    weir_sys.epoll_wait = counting_wait;
    spins = 0;
    net_settle();
    assert_true(spins <= 1);
    close_peer();
    for (int i = 0; i < 20; i++)
        weir_loop_run_once(the_loop, 1);
    assert_true(spins <= 3);
#else
    skip();
#endif
    (void)state;
}

static void a_connection_that_is_over_is_not_adopted(void **state)
{
    struct pollfd over = { .events = POLLIN };
    weir_socket *socket;
    int fds[2];

    (void)state;
    net_descriptors(NET_TCP, fds);
    raw_reset(fds[1]);
    over.fd = fds[0];
    assert_int_equal(poll(&over, 1, 10000), 1);
    assert_int_equal(weir_socket_create(&socket, the_loop, NULL, NULL), 0);
    assert_int_equal(weir_socket_adopt(socket, fds[0]), -ENOTCONN);
    weir_socket_destroy(socket);
    close(fds[0]);
}

/* A receive stops at the mark of urgent data, with more behind it. */
static void data_behind_urgent_data_does_not_freeze(void **state)
{
    (void)state;
    weir_socket_pause(a.socket);
    raw_write(fd, "before", 6);
    assert_int_equal(send(fd, "!", 1, MSG_OOB), 1);
    raw_write(fd, "behind", 6);
    net_settle();
    weir_socket_resume(a.socket);
    RUN_UNTIL(a.received >= 12);
    assert_memory_equal(a.bytes, "beforebehind", 12);
}

/* The same where nothing is paused, and the event's own read stops. */
static void urgent_data_in_the_middle_does_not_freeze(void **state)
{
    (void)state;
    raw_write(fd, "before", 6);
    assert_int_equal(send(fd, "!", 1, MSG_OOB), 1);
    raw_write(fd, "behind", 6);
    RUN_UNTIL(a.received >= 12);
    assert_memory_equal(a.bytes, "beforebehind", 12);
}

static void reset_while_paused_is_told_after_resume(void **state)
{
    (void)state;
    weir_socket_pause(a.socket);
    raw_reset(fd);
    fd = -1;
    net_settle();
    assert_side(&a, "");
    weir_socket_resume(a.socket);
    RUN_UNTIL(a.closed);
    assert_side(&a, "!x");
    assert_int_equal(a.error, -ECONNRESET);
}

/* ----------------------------------------------------------- starvation */

static size_t flood, flood_calls;
static int flooded;

static ssize_t flooding_recv(int from, void *to, size_t size, int flags)
{
    if (from != flooded)
        return faults_kernel()->recv(from, to, size, flags);
    flood_calls++;
    flood += size;
    return (ssize_t)size;
}

/* Field note 15: a peer as fast as memory, beside one with a single byte. */
static void a_fast_peer_does_not_starve_others(void **state)
{
    int other = net_raw(NET_KIND(state), &b);

    flooded = weir_socket_fd(a.socket);
    flood_calls = 0;
    weir_sys.recv = flooding_recv;
    raw_write(fd, "x", 1);
    weir_loop_run_once(the_loop, 0);
    assert_true(flood_calls > 0);
    raw_write(other, "x", 1);
    for (int turn = 0; turn < 10 && !b.received; turn++) {
        size_t before = flood_calls;

        weir_loop_run_once(the_loop, 0);
        assert_true(flood_calls - before <= 16);
    }
    assert_int_equal(b.received, 1);
    weir_sys.recv = faults_kernel()->recv;
    close(other);
}

static void what_the_budget_leaves_is_not_lost(void **state)
{
    char bytes[100];

    (void)state;
    use_own_buffer(1, NULL);
    net_pattern(bytes, sizeof bytes, 0);
    raw_write(fd, bytes, sizeof bytes);
    net_count();
    RUN_UNTIL(a.received == sizeof bytes);
    /* Full turns, and none of them waited for an event. */
    assert_int_equal(net_calls.recv, sizeof bytes + 1);
    assert_memory_equal(a.bytes, bytes, sizeof bytes);
}

/* ------------------------------------------------------------- half-open */

/* Field notes 5 and 21: FIN says "will send no more", not "dead". */
static void a_fin_does_not_end_writing_when_half_open_is_allowed(void **state)
{
    (void)state;
    weir_socket_set_half_open(a.socket, true);
    shutdown(fd, SHUT_WR);
    RUN_UNTIL(strchr(a.log, 'e'));
    net_settle();
    assert_side(&a, "e");
    assert_int_equal(weir_socket_get_state(a.socket), WEIR_SOCKET_WRITE_ONLY);
    assert_int_equal(
        weir_socket_write(a.socket, "still here", 10, side_wrote, &a),
        WEIR_SENT);
    raw_expect(fd, "still here");
    RUN_UNTIL(a.written);
    weir_socket_end(a.socket);
    raw_expect_end(fd);
    RUN_UNTIL(a.closed);
    assert_side(&a, "ewx");
}

static void a_fin_ends_writing_when_half_open_is_not_allowed(void **state)
{
    size_t stuffed = net_stuff(&a);

    (void)state;
    weir_socket_write(a.socket, "last", 4, side_wrote, &a);
    shutdown(fd, SHUT_WR);
    RUN_UNTIL(strchr(a.log, 'e'));
    assert_int_equal(weir_socket_get_state(a.socket), WEIR_SOCKET_READ_ONLY);
    assert_int_equal(weir_socket_write(a.socket, "x", 1, NULL, NULL), -EPIPE);
    raw_skip(fd, stuffed, NULL);
    raw_expect(fd, "last");
    raw_expect_end(fd);
    RUN_UNTIL(a.closed);
    assert_false(a.had_error);
}

static void allow_in_end(struct side *side, char event)
{
    if (event == 'e')
        weir_socket_set_half_open(side->socket, true);
}

static void forbid_in_end(struct side *side, char event)
{
    if (event == 'e')
        weir_socket_set_half_open(side->socket, false);
}

static void half_open_can_be_decided_in_the_end_event(void **state)
{
    int other = net_raw(NET_KIND(state), &b);

    a.hook = allow_in_end;
    weir_socket_set_half_open(b.socket, true);
    b.hook = forbid_in_end;
    shutdown(fd, SHUT_WR);
    shutdown(other, SHUT_WR);
    RUN_UNTIL(b.closed);
    net_settle();
    assert_side(&a, "e");
    assert_side(&b, "ex");
    close(other);
}

/* ------------------------------------------------- batches, stale events */

static void destroy_the_other(struct side *side, char event)
{
    struct side *other = side == &a ? &b : &a;

    if (event == 'd' && other->socket && !other->closed)
        weir_socket_destroy(other->socket);
}

/* Field note 8. */
static void
a_socket_destroyed_by_another_of_its_batch_gets_no_event(void **state)
{
    int other = net_raw(NET_KIND(state), &b);

    a.hook = b.hook = destroy_the_other;
    raw_write(fd, "x", 1);
    raw_write(other, "x", 1);
    RUN_UNTIL(a.closed || b.closed);
    assert_int_equal(a.received + b.received, 1);
    assert_side(a.closed ? &a : &b, "x");
    close(other);
}

static struct side late;
static int late_peer, late_number;

/* In the same batch: the number of the descriptor is used again, and its old
 * event must not reach its new owner. */
static void replace_the_other(struct side *side, char event)
{
    struct side *other = side == &a ? &b : &a;
    int fds[2];

    if (event != 'd' || late.socket)
        return;
    late_number = weir_socket_fd(other->socket);
    weir_socket_destroy(other->socket);
    test_socketpair(fds);
    late_peer = fds[fds[0] == late_number];
    if (fds[0] != late_number && fds[1] != late_number) {
        assert_int_equal(dup2(fds[1], late_number), late_number);
        close(fds[1]);
    }
    side_init(&late);
    weir_socket_create(&late.socket, the_loop, &side_events, &late);
    assert_int_equal(weir_socket_adopt(late.socket, late_number), 0);
}

static void a_descriptor_used_again_in_a_batch_gets_no_stale_event(void **state)
{
    int other = net_raw(NET_KIND(state), &b);

    side_init(&late);
    a.hook = b.hook = replace_the_other;
    raw_write(fd, "x", 1);
    raw_write(other, "x", 1);
    RUN_UNTIL(a.closed || b.closed);
    net_settle();
    assert_side(&late, "");
    assert_int_equal(a.received + b.received, 1);
    raw_write(late_peer, "y", 1);
    RUN_UNTIL(late.received == 1);
    close(late_peer);
    close(other);
}

/* --------------------------------------- short reads that are not the end */

static void send_with_descriptor(int to, int passed, const char *text)
{
    struct iovec piece = { (void *)text, strlen(text) };
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = { .space = "" };
    struct msghdr message = { .msg_iov = &piece,
                              .msg_iovlen = 1,
                              .msg_control = control.space,
                              .msg_controllen = sizeof control.space };

    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &passed, sizeof passed);
    assert_int_equal(sendmsg(to, &message, 0), strlen(text));
}

/* On a UNIX socket a receive stops behind bytes that a descriptor came with
 * (which is not taken, and closed). */
static void data_behind_a_passed_descriptor_does_not_freeze(void **state)
{
    (void)state;
    weir_socket_pause(a.socket);
    send_with_descriptor(fd, fd, "before");
    raw_write(fd, "behind", 6);
    net_settle();
    weir_socket_resume(a.socket);
    RUN_UNTIL(a.received == 12);
    assert_memory_equal(a.bytes, "beforebehind", 12);
}

static bool interrupted;

static ssize_t interrupted_recv(int from, void *to, size_t size, int flags)
{
    if (interrupted)
        return faults_kernel()->recv(from, to, size, flags);
    interrupted = true;
    errno = EINTR;
    return -1;
}

static void a_signal_during_recv_is_not_seen(void **state)
{
    (void)state;
    interrupted = false;
    weir_sys.recv = interrupted_recv;
    raw_write(fd, "x", 1);
    RUN_UNTIL(a.received == 1);
    assert_true(interrupted);
}

static int recv_errno;

static ssize_t failing_recv(int from, void *to, size_t size, int flags)
{
    (void)from, (void)to, (void)size, (void)flags;
    errno = recv_errno;
    return -1;
}

static void an_error_of_recv_closes_with_it(void **state)
{
    static const int errors[] = { ECONNRESET, ETIMEDOUT, ENOMEM, EHOSTUNREACH,
                                  EPIPE };
    const char *call;

    for (size_t i = 0; i < COUNT(errors); i++) {
        int peer = net_raw(NET_KIND(state), &b);

        recv_errno = errors[i];
        weir_socket_write(b.socket, "x", 1, side_wrote, &b);
        weir_sys.recv = failing_recv;
        raw_write(peer, "x", 1);
        RUN_UNTIL(strchr(b.log, '!'));
        if (b.socket)
            weir_socket_failure(b.socket, &call, NULL);
        RUN_UNTIL(b.closed);
        weir_sys.recv = faults_kernel()->recv;
        assert_side(&b, "w!x");
        assert_int_equal(b.error, -errors[i]);
        assert_true(b.had_error);
        close(peer);
    }
}

/* ----------------------------------------------------------- the hot path */

static void echo(weir_socket *socket, const void *bytes, size_t length)
{
    assert_int_equal(weir_socket_write(socket, bytes, length, NULL, NULL),
                     WEIR_SENT);
}

static const weir_socket_events echo_events = { .data = echo };

static void a_message_costs_one_recv_one_send_and_nothing_else(void **state)
{
    enum { MESSAGES = 1000 };
    char message[64], answer[64];

    weir_socket_set_events(a.socket, &echo_events);
    weir_socket_set_timeout(a.socket, 1000);
    net_pattern(message, sizeof message, 0);
    raw_write(fd, message, sizeof message);
    raw_skip(fd, sizeof message, NULL);
    net_settle();
    net_count();
    for (int i = 0; i < MESSAGES; i++) {
        raw_write(fd, message, sizeof message);
        while (raw_read(fd, answer, sizeof answer) < 0)
            weir_loop_run_once(the_loop, 100);
    }
    /* On a UNIX socket a second one has to learn that nothing is left. */
    assert_int_equal(net_calls.recv,
                     NET_KIND(state) == NET_TCP ? MESSAGES : 2 * MESSAGES);
    assert_int_equal(net_calls.send, MESSAGES);
    assert_int_equal(net_calls.sendmsg + net_calls.control, 0);
    assert_int_equal(net_calls.setsockopt + net_calls.getsockopt, 0);
    assert_int_equal(net_calls.wait, MESSAGES);
    assert_int_equal(net_calls.allocations, 0);
    assert_int_equal(net_calls.releases, 0);
}

static void an_idle_socket_costs_no_memory_of_its_own(void **state)
{
    assert_true(sizeof(weir_socket) <= 192);
    net_count();
    fd = fd < 0 ? fd : (close(fd), net_adopted(NET_KIND(state), &b));
    /* Its slab is there: no allocation at all. */
    assert_int_equal(net_calls.allocations, 0);
}

/* ------------------------------------------------------------- accessors */

static void addresses_are_those_of_the_connection(void **state)
{
    weir_address local, remote, peer = { 0 };
    socklen_t size = sizeof peer.name;

    assert_int_equal(weir_socket_local_address(a.socket, NULL), -EINVAL);
    assert_int_equal(weir_socket_remote_address(a.socket, NULL), -EINVAL);
    assert_int_equal(weir_socket_local_address(a.socket, &local), 0);
    assert_int_equal(weir_socket_remote_address(a.socket, &remote), 0);
    getsockname(fd, &peer.name.any, &size);
    peer.length = size;
    assert_true(weir_address_equal(&peer, &remote));
    if (NET_KIND(state) == NET_TCP) {
        size = sizeof peer.name;
        getpeername(fd, &peer.name.any, &size);
        assert_true(weir_address_equal(&peer, &local));
    }
    weir_socket_destroy(a.socket);
    assert_int_equal(weir_socket_local_address(a.socket, &local), -EBADF);
    assert_int_equal(weir_socket_remote_address(a.socket, &remote), -EBADF);
    assert_int_equal(local.length + remote.length, 0);
    assert_int_equal(weir_socket_fd(a.socket), -1);
}

static void an_accepted_socket_knows_its_server(void **state)
{
    int peer = net_accepted(NET_KIND(state), &b);

    assert_non_null(weir_socket_server(b.socket));
    close(peer);
    RUN_UNTIL(b.closed);
}

static void a_failure_tells_the_call_and_the_error(void **state)
{
    const char *call = NULL;
    weir_address address;
    char text[200], small[8];

    (void)state;
    assert_int_equal(weir_socket_failure(a.socket, &call, &address), 0);
    assert_null(call);
    assert_int_equal(address.length, 0);
    recv_errno = ECONNRESET;
    weir_sys.recv = failing_recv;
    raw_write(fd, "x", 1);
    RUN_UNTIL(weir_socket_get_state(a.socket) == WEIR_SOCKET_CLOSED);
    assert_int_equal(weir_socket_failure(a.socket, &call, &address),
                     -ECONNRESET);
    assert_string_equal(call, "read");
    weir_socket_error_text(a.socket, text, sizeof text);
    assert_memory_equal(text, "read ECONNRESET ", 16);
    assert_non_null(strstr(text, ": connection reset by peer"));
    weir_socket_error_text(a.socket, small, sizeof small);
    assert_string_equal(small, "read EC");
    weir_socket_error_text(a.socket, small, 0);
    RUN_UNTIL(a.closed);
}

#define TEST_TCP(function)                                                     \
    {                                                                          \
#function " (TCP)", function, open_pair, close_pair,                   \
            (void *)&net_kinds[NET_TCP]                                        \
    }
#define TEST_UNIX(function)                                                    \
    {                                                                          \
#function " (UNIX)", function, open_pair, close_pair,                  \
            (void *)&net_kinds[NET_UNIX]                                       \
    }
#define TEST(function) TEST_TCP(function), TEST_UNIX(function)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_LOOP(a_socket_needs_a_place_and_a_loop),
        TEST_ON_LOOP(a_new_socket_is_not_connected),
        TEST(a_connected_socket_is_not_connected_again),
        TEST(an_open_socket_keeps_the_loop_running_unless_unreferenced),
        TEST_ON_BOTH(destroying_the_loop_closes_sockets_with_their_callbacks),
        TEST(what_is_no_connected_stream_socket_is_not_adopted),
        TEST_ON_BOTH(a_socket_of_another_family_is_not_adopted),
        TEST_ON_BOTH(an_adopted_descriptor_becomes_non_blocking_and_is_closed),
        TEST_ON_BOTH(what_came_before_adopting_is_read),
        TEST_ON_BOTH(the_fin_of_a_dupped_descriptor_is_not_missing),
        TEST_ON_BOTH(a_closed_descriptor_that_was_dupped_does_not_stay_watched),
        TEST(bytes_arrive_in_order_and_are_counted),
        TEST(a_hang_up_does_not_lose_the_last_bytes),
        TEST(data_end_and_close_come_in_this_order),
        TEST(without_a_data_entry_bytes_are_thrown_away),
        TEST(without_a_table_nothing_is_read),
        TEST(an_empty_table_reads_to_the_end_and_closes),
        TEST(what_comes_after_set_events_goes_to_the_new_table),
        TEST(bytes_land_in_the_readers_buffer),
        TEST(a_reader_without_a_buffer_gets_the_loops),
        TEST(a_buffer_of_one_byte_gets_every_byte),
        TEST(a_socket_destroyed_in_its_buffer_event_is_not_read),
        TEST(a_socket_paused_in_its_buffer_event_is_not_read),
        TEST(a_table_taken_away_in_the_buffer_event_stops_reading),
        TEST(another_table_in_the_buffer_event_gets_the_data),
        TEST(a_socket_closed_in_its_buffer_event_lingers),
        TEST(no_data_comes_after_pause),
        TEST(no_data_comes_after_pause_within_a_burst),
        TEST(no_end_comes_while_paused),
        TEST(pausing_and_resuming_make_no_system_call),
        TEST(pause_and_resume_at_once_loses_nothing),
        TEST(a_paused_socket_makes_the_peer_wait),
        TEST(a_hung_up_peer_of_a_paused_socket_does_not_spin),
        TEST(dead_and_half_open_sockets_are_told_once),
        TEST_TCP(a_connection_that_is_over_is_not_adopted),
        TEST_TCP(data_behind_urgent_data_does_not_freeze),
        TEST_TCP(urgent_data_in_the_middle_does_not_freeze),
        TEST_TCP(reset_while_paused_is_told_after_resume),
        TEST(a_fast_peer_does_not_starve_others),
        TEST(what_the_budget_leaves_is_not_lost),
        TEST(a_fin_does_not_end_writing_when_half_open_is_allowed),
        TEST(a_fin_ends_writing_when_half_open_is_not_allowed),
        TEST(half_open_can_be_decided_in_the_end_event),
        TEST(a_socket_destroyed_by_another_of_its_batch_gets_no_event),
        TEST(a_descriptor_used_again_in_a_batch_gets_no_stale_event),
        TEST_UNIX(data_behind_a_passed_descriptor_does_not_freeze),
        TEST(a_signal_during_recv_is_not_seen),
        TEST(an_error_of_recv_closes_with_it),
        TEST(a_message_costs_one_recv_one_send_and_nothing_else),
        TEST(an_idle_socket_costs_no_memory_of_its_own),
        TEST(addresses_are_those_of_the_connection),
        TEST_ON_BOTH(an_accepted_socket_knows_its_server),
        TEST(a_failure_tells_the_call_and_the_error),
    };

    return cmocka_run_group_tests_name("sockets", tests, NULL, NULL);
}
