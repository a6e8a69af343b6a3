/*
 * test_dial.c - connecting to an address
 *
 * What is refused at the call, what may be done before the connection stands,
 * and what callbacks may do to it. How it fails is in test_dial_fails.c; names
 * are in test_dial_name.c, several addresses at once in test_dial_race.c, UNIX
 * sockets in test_unix.c.
 */
#include "dial_test.h"

/* --------------------------------------------------------- at the call */

static void bad_arguments_are_refused_at_the_call(void **state)
{
    weir_address good = weir_address_loopback(1), none = { 0 };
    weir_connect_options family = { .family = AF_UNIX };
    weir_address path;
    weir_connect_options other = { .family = AF_INET6 };
    weir_connect_options local = { .local = &none };
    weir_connect_options tos = { .tcp.tos = 256 };
    char long_name[255];

    (void)state;
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    assert_int_equal(weir_socket_connect(NULL, &good, NULL), -EINVAL);
    assert_int_equal(weir_socket_connect(s.socket, NULL, NULL), -EINVAL);
    assert_int_equal(weir_socket_connect(s.socket, &none, NULL), -EINVAL);
    assert_int_equal(weir_socket_connect(s.socket, &good, &family), -EINVAL);
    assert_int_equal(weir_socket_connect(s.socket, &good, &other), -EINVAL);
    assert_int_equal(weir_address_unix(&path, "x", 1), 0);
    assert_int_equal(weir_socket_connect(s.socket, &path, &family), -EINVAL);
    assert_int_equal(weir_socket_connect_host(s.socket, "a", 1, &family),
                     -EINVAL);
    assert_int_equal(weir_socket_connect_host(s.socket, "::1", 1, &family),
                     -EINVAL);
    assert_int_equal(weir_socket_connect(s.socket, &good, &local), -EINVAL);
    assert_int_equal(weir_socket_connect(s.socket, &good, &tos), -EINVAL);
    assert_int_equal(weir_socket_connect_host(NULL, "a", 1, NULL), -EINVAL);
    assert_int_equal(weir_socket_connect_host(s.socket, NULL, 1, NULL),
                     -EINVAL);
    assert_int_equal(weir_socket_connect_host(s.socket, "", 1, NULL), -EINVAL);
    assert_int_equal(weir_socket_connect_host(s.socket, "a", 65536, NULL),
                     -ERANGE);
    assert_int_equal(weir_socket_connect_host(s.socket, long_name, 1, NULL),
                     -ENAMETOOLONG);
    assert_int_equal(weir_socket_connect_host(s.socket, "127.0.0.1", 1, &tos),
                     -EINVAL);
    assert_int_equal(weir_socket_connect_host(s.socket, "a.test", 1, &tos),
                     -EINVAL);
    assert_int_equal(weir_socket_get_state(s.socket), WEIR_SOCKET_NEW);
    assert_false(weir_loop_alive(the_loop));
    assert_side(&s, "");
}

static void a_socket_that_was_refused_can_connect_after_all(void **state)
{
    weir_connect_options wrong = { .family = AF_INET6, .timeout = 1 };
    weir_address address;
    int listener = net_listener(NET_TCP, &address);

    (void)state;
    assert_int_equal(weir_socket_connect(s.socket, &address, &wrong), -EINVAL);
    assert_int_equal(weir_socket_connect(s.socket, &address, NULL), 0);
    RUN_UNTIL(strchr(s.log, 'C'));
    assert_side(&s, "AC");
    close(listener);
}

static void a_socket_connects_once(void **state)
{
    weir_address address;
    int listener = net_listener(NET_TCP, &address);

    (void)state;
    assert_int_equal(weir_socket_connect(s.socket, &address, NULL), 0);
    assert_int_equal(weir_socket_connect(s.socket, &address, NULL), -EALREADY);
    assert_int_equal(weir_socket_connect_host(s.socket, "a", 1, NULL),
                     -EALREADY);
    RUN_UNTIL(strchr(s.log, 'C'));
    assert_int_equal(weir_socket_connect(s.socket, &address, NULL), -EISCONN);
    weir_socket_destroy(s.socket);
    assert_int_equal(weir_socket_connect(s.socket, &address, NULL), -EBADF);
    RUN_UNTIL(s.closed);
    close(listener);
}

static void nothing_is_told_from_inside_the_call(void **state)
{
    weir_address address;
    int listener = net_listener(NET_TCP, &address);

    (void)state;
    assert_int_equal(weir_socket_connect(s.socket, &address, NULL), 0);
    assert_side(&s, "");
    assert_int_equal(weir_socket_get_state(s.socket), WEIR_SOCKET_CONNECTING);
    assert_int_equal(weir_socket_fd(s.socket), -1);
    assert_int_equal(weir_socket_local_address(s.socket, &address), -ENOTCONN);
    assert_int_equal(weir_socket_set_no_delay(s.socket, true), -ENOTCONN);
    assert_true(weir_loop_alive(the_loop));
    close(listener);
}

/* ------------------------------------------------------------- connecting */

static void assert_connects(const char *ip)
{
    weir_address address, told;
    int listener = socket(strchr(ip, ':') ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
    int peer;

    assert_int_equal(weir_address_ip(&address, ip, 0), 0);
    assert_int_equal(bind(listener, &address.name.any, address.length), 0);
    assert_int_equal(listen(listener, 5), 0);
    assert_int_equal(getsockname(listener, &address.name.any, &address.length),
                     0);
    assert_int_equal(weir_socket_connect(s.socket, &address, NULL), 0);
    RUN_UNTIL(strchr(s.log, 'C'));
    assert_side(&s, "AC");
    assert_int_equal(weir_socket_remote_address(s.socket, &told), 0);
    assert_true(weir_address_equal(&told, &address));
    peer = accept_from(listener);
    assert_true(weir_socket_write(s.socket, "hello", 5, NULL, NULL) >= 0);
    raw_expect(peer, "hello");
    raw_write(peer, "back", 4);
    RUN_UNTIL(s.received == 4);
    close(peer);
    RUN_UNTIL(s.closed);
    assert_side(&s, "ACdex");
    close(listener);
}

static void a_socket_connects_by_ipv4(void **state)
{
    (void)state;
    assert_connects("127.0.0.1");
}

static void a_socket_connects_by_ipv6(void **state)
{
    (void)state;
    assert_connects("::1");
}

static void a_literal_address_is_not_looked_up(void **state)
{
    weir_address address;
    int listener = net_listener(NET_TCP, &address);

    (void)state;
    assert_int_equal(weir_socket_connect_host(s.socket, "127.0.0.1",
                                              weir_address_port(&address),
                                              NULL),
                     0);
    RUN_UNTIL(strchr(s.log, 'C'));
    assert_side(&s, "AC");
    close(listener);
}

static void a_connected_socket_is_not_inherited(void **state)
{
    weir_address address;
    int listener = net_listener(NET_TCP, &address);

    (void)state;
    assert_int_equal(weir_socket_connect(s.socket, &address, NULL), 0);
    RUN_UNTIL(strchr(s.log, 'C'));
    assert_true(fcntl(weir_socket_fd(s.socket), F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(weir_socket_fd(s.socket), F_GETFL) & O_NONBLOCK);
    close(listener);
}

static void what_is_told_to_nobody_harms_nobody(void **state)
{
    static const weir_socket_events none = { 0 };
    weir_address address, closed = closed_port();
    int listener = net_listener(NET_TCP, &address);
    weir_socket *refused;

    (void)state;
    weir_socket_set_events(s.socket, NULL);
    assert_int_equal(weir_socket_connect(s.socket, &address, NULL), 0);
    assert_int_equal(weir_socket_create(&refused, the_loop, &none, NULL), 0);
    assert_int_equal(weir_socket_connect(refused, &closed, NULL), 0);
    RUN_UNTIL(weir_socket_get_state(s.socket) == WEIR_SOCKET_OPEN);
    net_settle();
    weir_socket_destroy(s.socket);
    assert_int_equal(weir_loop_run(the_loop), 0);
    close(listener);
}

static bool interrupt;

static int interrupted_connect(int fd, const struct sockaddr *name,
                               socklen_t size)
{
    int result = connect(fd, name, size);

    if (result < 0 && errno != EINPROGRESS)
        return result;
    interrupt = true;
    errno = EINTR;
    return -1;
}

static void an_interrupted_connect_goes_on(void **state)
{
    weir_address address;
    int listener = net_listener(NET_TCP, &address);

    (void)state;
    interrupt = false;
    weir_sys.connect = interrupted_connect;
    assert_int_equal(weir_socket_connect(s.socket, &address, NULL), 0);
    RUN_UNTIL(strchr(s.log, 'C'));
    assert_true(interrupt);
    assert_side(&s, "AC");
    close(listener);
}

/* ------------------------------------------------------ before it stands */

static void what_is_written_before_the_connection_arrives_after_it(void **state)
{
    weir_address address;
    int listener = net_listener(NET_TCP, &address), peer;

    (void)state;
    assert_int_equal(weir_socket_write(s.socket, "x", 1, NULL, NULL),
                     -ENOTCONN);
    assert_int_equal(weir_socket_connect(s.socket, &address, NULL), 0);
    assert_int_equal(weir_socket_write(s.socket, "one ", 4, side_wrote, &s),
                     WEIR_WAIT);
    assert_int_equal(weir_socket_write(s.socket, "", 0, side_wrote, &s),
                     WEIR_WAIT);
    assert_int_equal(weir_socket_write(s.socket, "two", 3, NULL, NULL),
                     WEIR_WAIT);
    assert_int_equal(weir_socket_buffered(s.socket), 7);
    RUN_UNTIL(strchr(s.log, 'D'));
    assert_side(&s, "ACwwD");
    assert_int_equal(weir_socket_buffered(s.socket), 0);
    peer = accept_from(listener);
    raw_expect(peer, "one two");
    close(peer);
    close(listener);
}

static void an_end_before_the_connection_follows_the_bytes(void **state)
{
    weir_address address;
    int listener = net_listener(NET_TCP, &address), peer;

    (void)state;
    assert_int_equal(weir_socket_end(s.socket), -ENOTCONN);
    assert_int_equal(weir_socket_connect(s.socket, &address, NULL), 0);
    assert_true(weir_socket_write(s.socket, "bye", 3, NULL, NULL) >= 0);
    assert_int_equal(weir_socket_end(s.socket), 0);
    assert_int_equal(weir_socket_write(s.socket, "x", 1, NULL, NULL), -EPIPE);
    RUN_UNTIL(strchr(s.log, 'C'));
    peer = accept_from(listener);
    raw_expect(peer, "bye");
    raw_expect_end(peer);
    assert_int_equal(weir_socket_get_state(s.socket), WEIR_SOCKET_READ_ONLY);
    raw_write(peer, "too", 3);
    RUN_UNTIL(s.received == 3);
    close(peer);
    RUN_UNTIL(s.closed);
    assert_false(s.had_error);
    close(listener);
}

static void a_pause_before_the_connection_holds_after_it(void **state)
{
    weir_address address;
    int listener = net_listener(NET_TCP, &address), peer;

    (void)state;
    weir_socket_pause(s.socket);
    assert_int_equal(weir_socket_connect(s.socket, &address, NULL), 0);
    RUN_UNTIL(strchr(s.log, 'C'));
    peer = accept_from(listener);
    raw_write(peer, "hello", 5);
    net_settle();
    assert_side(&s, "AC");
    weir_socket_resume(s.socket);
    RUN_UNTIL(s.received == 5);
    close(peer);
    close(listener);
}

static void destroyed_before_the_connection_writes_are_cancelled(void **state)
{
    weir_address address;
    int listener = net_listener(NET_TCP, &address);

    (void)state;
    assert_int_equal(weir_socket_connect(s.socket, &address, NULL), 0);
    assert_true(weir_socket_write(s.socket, "one", 3, side_wrote, &s) >= 0);
    weir_socket_destroy(s.socket);
    assert_side(&s, "");
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_side(&s, "Wx");
    assert_int_equal(s.last_status, -ECANCELED);
    assert_false(s.had_error);
    close(listener);
}

static void closed_before_the_connection_a_socket_is_destroyed(void **state)
{
    int hole[2];
    weir_address address;

    (void)state;
    open_blackhole(hole, &address);
    assert_int_equal(weir_socket_connect(s.socket, &address, NULL), 0);
    RUN_UNTIL(strchr(s.log, 'A'));
    weir_socket_close(s.socket);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_side(&s, "Ax");
    test_close_pair(hole);
}

static void a_loop_that_is_destroyed_gives_up_connecting(void **state)
{
    int hole[2];
    weir_address address;
    weir_connect_options options = { .timeout = 60000 };

    (void)state;
    open_blackhole(hole, &address);
    assert_int_equal(weir_socket_connect(s.socket, &address, &options), 0);
    assert_true(weir_socket_write(s.socket, "one", 3, side_wrote, &s) >= 0);
    RUN_UNTIL(strchr(s.log, 'A'));
    test_destroy_loop();
    assert_string_equal(s.log, "AWx");
    test_close_pair(hole);
}

static void an_unreferenced_socket_that_connects_keeps_no_loop(void **state)
{
    int hole[2];
    weir_address address;
    weir_connect_options options = { .timeout = 60000 };

    (void)state;
    open_blackhole(hole, &address);
    weir_socket_unref(s.socket);
    assert_int_equal(weir_socket_connect(s.socket, &address, &options), 0);
    assert_false(weir_loop_alive(the_loop));
    weir_socket_ref(s.socket);
    assert_true(weir_loop_alive(the_loop));
    test_close_pair(hole);
}

/* ---------------------------------------------------- ending in callbacks */

static void (*end_with)(weir_socket *socket);
static char end_at;

static void end_in_event(struct side *side, char event)
{
    if (event == end_at)
        end_with(side->socket);
}

static void end_during(char event, const weir_address *address,
                       const char *expected_log)
{
    static void (*const ways[])(weir_socket *) = { weir_socket_destroy,
                                                   weir_socket_reset,
                                                   weir_socket_close };

    for (size_t i = 0; i < COUNT(ways); i++) {
        if (!s.socket) {
            side_init(&s);
            assert_int_equal(
                weir_socket_create(&s.socket, the_loop, &side_events, &s), 0);
        }
        end_at = event;
        end_with = ways[i];
        s.hook = end_in_event;
        assert_int_equal(weir_socket_connect(s.socket, address, NULL), 0);
        assert_true(weir_socket_write(s.socket, "one", 3, side_wrote, &s) >= 0);
        RUN_UNTIL(s.closed);
        assert_side(&s, expected_log);
        assert_false(s.had_error);
    }
    assert_int_equal(weir_loop_run(the_loop), 0);
}

static void a_socket_may_end_when_its_attempt_begins(void **state)
{
    weir_address address;
    int listener = net_listener(NET_TCP, &address);

    (void)state;
    end_during('A', &address, "AWx");
    close(listener);
}

static void a_socket_may_end_when_its_attempt_fails(void **state)
{
    weir_address address = closed_port();

    (void)state;
    end_during('B', &address, "ABWx");
}

static void a_socket_may_be_destroyed_when_it_is_connected(void **state)
{
    static const char *const logs[] = { "ACwx", "ACwx" };
    static void (*const ways[])(weir_socket *) = { weir_socket_destroy,
                                                   weir_socket_reset };
    weir_address address;
    int listener = net_listener(NET_TCP, &address);

    (void)state;
    for (size_t i = 0; i < COUNT(ways); i++) {
        if (!s.socket) {
            side_init(&s);
            assert_int_equal(
                weir_socket_create(&s.socket, the_loop, &side_events, &s), 0);
        }
        end_at = 'C';
        end_with = ways[i];
        s.hook = end_in_event;
        assert_int_equal(weir_socket_connect(s.socket, &address, NULL), 0);
        assert_true(weir_socket_write(s.socket, "one", 3, side_wrote, &s) >= 0);
        RUN_UNTIL(s.closed);
        assert_side(&s, logs[i]);
    }
    close(listener);
}

static void a_socket_closed_when_it_is_connected_sends_its_bytes(void **state)
{
    weir_address address;
    int listener = net_listener(NET_TCP, &address), peer;

    (void)state;
    end_at = 'C';
    end_with = weir_socket_close;
    s.hook = end_in_event;
    assert_int_equal(weir_socket_connect(s.socket, &address, NULL), 0);
    assert_true(weir_socket_write(s.socket, "last", 4, side_wrote, &s) >= 0);
    RUN_UNTIL(strchr(s.log, 'w'));
    peer = accept_from(listener);
    raw_expect(peer, "last");
    raw_expect_end(peer);
    close(peer);
    RUN_UNTIL(s.closed);
    assert_false(s.had_error);
    close(listener);
}

static struct side again;
static weir_address again_address;

static void connect_again(struct side *side, char event)
{
    (void)side;
    if (event != 'x')
        return;
    side_init(&again);
    assert_int_equal(
        weir_socket_create(&again.socket, the_loop, &side_events, &again), 0);
    assert_int_equal(weir_socket_connect(again.socket, &again_address, NULL),
                     0);
}

static void another_socket_may_connect_in_the_close_event(void **state)
{
    weir_address closed = closed_port();
    int listener = net_listener(NET_TCP, &again_address);

    (void)state;
    s.hook = connect_again;
    assert_int_equal(weir_socket_connect(s.socket, &closed, NULL), 0);
    RUN_UNTIL(s.closed && strchr(again.log, 'C'));
    assert_string_equal(s.log, "AB!x");
    net_finish(&again);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bad_arguments_are_refused_at_the_call),
        TEST(a_socket_that_was_refused_can_connect_after_all),
        TEST(a_socket_connects_once),
        TEST(nothing_is_told_from_inside_the_call),
        TEST(a_socket_connects_by_ipv4),
        TEST(a_socket_connects_by_ipv6),
        TEST(a_literal_address_is_not_looked_up),
        TEST(a_connected_socket_is_not_inherited),
        TEST(what_is_told_to_nobody_harms_nobody),
        TEST(an_interrupted_connect_goes_on),
        TEST(what_is_written_before_the_connection_arrives_after_it),
        TEST(an_end_before_the_connection_follows_the_bytes),
        TEST(a_pause_before_the_connection_holds_after_it),
        TEST(destroyed_before_the_connection_writes_are_cancelled),
        TEST(closed_before_the_connection_a_socket_is_destroyed),
        TEST(a_loop_that_is_destroyed_gives_up_connecting),
        TEST(an_unreferenced_socket_that_connects_keeps_no_loop),
        TEST(a_socket_may_end_when_its_attempt_begins),
        TEST(a_socket_may_end_when_its_attempt_fails),
        TEST(a_socket_may_be_destroyed_when_it_is_connected),
        TEST(a_socket_closed_when_it_is_connected_sends_its_bytes),
        TEST(another_socket_may_connect_in_the_close_event),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
