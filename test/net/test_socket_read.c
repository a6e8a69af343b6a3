/*
 * test_socket_read.c - reading: data, end and close, in this order
 *
 * Who gets the bytes, and in whose memory; that a fast peer does not keep the
 * others from the loop; reads that are short although more is there.
 */
#include "pair_test.h"

static struct side b;

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

/* --------------------------------------------- short reads and failing ones */

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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
        TEST(no_data_comes_after_pause_within_a_burst),
        TEST(a_fast_peer_does_not_starve_others),
        TEST(what_the_budget_leaves_is_not_lost),
        TEST_UNIX(data_behind_a_passed_descriptor_does_not_freeze),
        TEST(a_signal_during_recv_is_not_seen),
        TEST(an_error_of_recv_closes_with_it),
        TEST(a_failure_tells_the_call_and_the_error),
    };

    return cmocka_run_group_tests_name("sockets: reading", tests, NULL, NULL);
}
