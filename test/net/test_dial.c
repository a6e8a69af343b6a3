/*
 * test_dial.c - connecting to an address, and what can go wrong with it
 *
 * Names, and several addresses at once, are in test_dial_race.c; UNIX sockets'
 * files in test_unix.c. An address that does not answer is a listener of ours
 * whose backlog is full: the kernel drops what else wants to connect.
 */
#include "test/support/net_test.h"

#include <netinet/ip.h>
#include <netinet/tcp.h>

static struct side s;

/* --------------------------------------------------------------- helpers */

static int create_side(void **state)
{
    int result = test_open_loop(state);

    side_init(&s);
    return result < 0
               ? result
               : weir_socket_create(&s.socket, the_loop, &side_events, &s);
}

#define TEST(function)                                                         \
    cmocka_unit_test_setup_teardown(function, create_side, test_close_loop)

static int accept_from(int listener)
{
    int fd = accept(listener, NULL, NULL);

    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

/* The address of a port on which nobody listens. */
static weir_address closed_port(void)
{
    weir_address address;

    close(net_listener(NET_TCP, &address));
    return address;
}

/* A listener that does not answer any more, and what fills it. */
static void open_blackhole(int fds[2], weir_address *address)
{
    *address = weir_address_loopback(0);
    fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fds[0], &address->name.any, address->length), 0);
    assert_int_equal(listen(fds[0], 0), 0);
    assert_int_equal(getsockname(fds[0], &address->name.any, &address->length),
                     0);
    fds[1] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fds[1], &address->name.any, address->length), 0);
}

static int option_of(int fd, int level, int option)
{
    int value = 0;
    socklen_t size = sizeof value;

    assert_int_equal(getsockopt(fd, level, option, &value, &size), 0);
    return value;
}

/* What the socket says of its failure. */
static void assert_failure(int error, const char *call,
                           const weir_address *address)
{
    weir_address failed;
    const char *failed_call;

    assert_int_equal(weir_socket_failure(s.socket, &failed_call, &failed),
                     error);
    assert_string_equal(failed_call, call);
    assert_true(weir_address_equal(&failed, address));
}

/* The failure that is expected, looked at when it is told. */
static struct {
    int error;
    const char *call;
    weir_address address;
} expected;

static void check_failure(struct side *side, char event)
{
    (void)side;
    if (event == '!')
        assert_failure(expected.error, expected.call, &expected.address);
}

static void expect_failure(int error, const char *call,
                           const weir_address *address)
{
    expected.error = error;
    expected.call = call;
    expected.address = *address;
    s.hook = check_failure;
}

/* Connects, and sees it fail with one attempt. */
static void assert_fails(const weir_address *address,
                         const weir_connect_options *options, int error,
                         const char *call)
{
    expect_failure(error, call, address);
    assert_int_equal(weir_socket_connect(s.socket, address, options), 0);
    RUN_UNTIL(s.closed);
    assert_side(&s, "AB!x");
    assert_int_equal(s.error, error);
    assert_true(s.had_error);
}

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

/* ---------------------------------------------------------------- failing */

static void a_refused_connection_tells_call_and_address(void **state)
{
    weir_address address = closed_port();

    (void)state;
    assert_fails(&address, NULL, -ECONNREFUSED, "connect");
}

static char error_text[256];

static void keep_text(struct side *side, char event)
{
    if (event == '!')
        weir_socket_error_text(side->socket, error_text, sizeof error_text);
}

static void the_text_of_a_failure_is_for_people(void **state)
{
    weir_address address = closed_port();
    char wanted[512], where[WEIR_ADDRESS_TEXT];

    (void)state;
    s.hook = keep_text;
    assert_int_equal(weir_socket_connect(s.socket, &address, NULL), 0);
    RUN_UNTIL(s.closed);
    weir_address_text(&address, where, sizeof where);
    snprintf(wanted, sizeof wanted,
             "connect ECONNREFUSED %s: connection refused", where);
    assert_string_equal(error_text, wanted);
}

static void writes_fail_with_what_the_connection_failed_with(void **state)
{
    weir_address address = closed_port();

    (void)state;
    assert_int_equal(weir_socket_connect(s.socket, &address, NULL), 0);
    assert_true(weir_socket_write(s.socket, "one", 3, side_wrote, &s) >= 0);
    assert_int_equal(weir_socket_end(s.socket), 0);
    RUN_UNTIL(s.closed);
    assert_side(&s, "ABW!x");
    assert_int_equal(s.last_status, -ECONNREFUSED);
}

static int failing_errno;

static int failing_connect(int fd, const struct sockaddr *name, socklen_t size)
{
    (void)fd, (void)name, (void)size;
    errno = failing_errno;
    return -1;
}

static void a_connect_that_fails_at_once_is_an_event_all_the_same(void **state)
{
    static const int errors[] = { ENETUNREACH,   EHOSTUNREACH, EACCES,
                                  EADDRNOTAVAIL, EPERM,        EAGAIN,
                                  ECONNREFUSED,  ETIMEDOUT,    ENOBUFS };
    weir_address address = weir_address_loopback(9);

    (void)state;
    weir_sys.connect = failing_connect;
    for (size_t i = 0; i < COUNT(errors); i++) {
        if (!s.socket)
            assert_int_equal(
                weir_socket_create(&s.socket, the_loop, &side_events, &s), 0);
        s.closed = false;
        side_clear(&s);
        failing_errno = errors[i];
        assert_fails(&address, NULL, -errors[i], "connect");
    }
}

static void no_route_is_an_event(void **state)
{
    weir_address address;

    (void)state;
    /* A port of the broadcast address: EACCES or ENETUNREACH, never a call. */
    assert_int_equal(weir_address_ip(&address, "255.255.255.255", 80), 0);
    assert_int_equal(weir_socket_connect(s.socket, &address, NULL), 0);
    RUN_UNTIL(s.closed);
    assert_side(&s, "AB!x");
}

static int no_descriptor(int family, int type, int protocol)
{
    (void)family, (void)type, (void)protocol;
    errno = EMFILE;
    return -1;
}

static void want_of_descriptors_is_an_event(void **state)
{
    weir_address address = weir_address_loopback(9);

    (void)state;
    weir_sys.socket = no_descriptor;
    assert_fails(&address, NULL, -EMFILE, "socket");
}

static int socket_error;

static int telling_getsockopt(int fd, int level, int option, void *value,
                              socklen_t *size)
{
    if (level == SOL_SOCKET && option == SO_ERROR) {
        *(int *)value = socket_error;
        return 0;
    }
    return getsockopt(fd, level, option, value, size);
}

static void an_error_that_comes_later_is_the_one_that_is_told(void **state)
{
    weir_address address;
    int listener = net_listener(NET_TCP, &address);

    (void)state;
    socket_error = EHOSTUNREACH;
    weir_sys.getsockopt = telling_getsockopt;
    assert_fails(&address, NULL, -EHOSTUNREACH, "connect");
    close(listener);
}

static int failing_getsockopt(int fd, int level, int option, void *value,
                              socklen_t *size)
{
    (void)fd, (void)level, (void)option, (void)value, (void)size;
    errno = ENOBUFS;
    return -1;
}

static void an_outcome_that_cannot_be_asked_for_is_a_failure(void **state)
{
    weir_address address;
    int listener = net_listener(NET_TCP, &address);

    (void)state;
    weir_sys.getsockopt = failing_getsockopt;
    assert_fails(&address, NULL, -ENOBUFS, "connect");
    close(listener);
}

#ifdef WEIR_BACKEND_EPOLL
static int failing_operation;

static int failing_control(int epoll, int operation, int fd,
                           struct epoll_event *event)
{
    if (operation == failing_operation) {
        errno = ENOSPC;
        return -1;
    }
    return epoll_ctl(epoll, operation, fd, event);
}

static void an_attempt_that_cannot_be_watched_leaves_no_descriptor(void **state)
{
    weir_address address;
    int listener = net_listener(NET_TCP, &address);
    unsigned descriptors = test_open_descriptors();

    (void)state;
    weir_sys.epoll_ctl = failing_control;
    failing_operation = EPOLL_CTL_ADD;
    assert_fails(&address, NULL, -ENOSPC, "connect");
    assert_int_equal(test_open_descriptors(), descriptors);
    close(listener);
}

/* The connection stands already: with a FIN it would be one in which nothing
 * was said. */
static void an_attempt_that_cannot_be_watched_is_reset(void **state)
{
    weir_address address;
    int listener = net_listener(NET_TCP, &address);
    int peer;

    (void)state;
    weir_sys.epoll_ctl = failing_control;
    failing_operation = EPOLL_CTL_ADD;
    assert_int_equal(weir_socket_connect(s.socket, &address, NULL), 0);
    assert_true(weir_socket_write(s.socket, "one", 3, NULL, NULL) >= 0);
    RUN_UNTIL(s.closed);
    peer = accept_from(listener);
    raw_expect_reset(peer);
    close(peer);
    close(listener);
}

static void a_connection_that_cannot_be_taken_over_is_closed(void **state)
{
    weir_address address;
    int listener = net_listener(NET_TCP, &address);
    unsigned descriptors = test_open_descriptors();

    (void)state;
    weir_sys.epoll_ctl = failing_control;
    failing_operation = EPOLL_CTL_MOD;
    assert_int_equal(weir_socket_connect(s.socket, &address, NULL), 0);
    assert_true(weir_socket_write(s.socket, "one", 3, side_wrote, &s) >= 0);
    RUN_UNTIL(s.closed);
    assert_side(&s, "AW!x");
    assert_int_equal(s.error, -ENOSPC);
    assert_int_equal(test_open_descriptors(), descriptors);
    close(listener);
}
#endif

static void stop_at_attempt(struct side *side, char event)
{
    (void)side;
    if (event == 'A')
        weir_loop_stop(the_loop);
}

/* Stands, and nobody has been told. */
static void begin_attempt(const weir_address *address)
{
    s.hook = stop_at_attempt;
    assert_int_equal(weir_socket_connect(s.socket, address, NULL), 0);
    assert_true(weir_socket_write(s.socket, "one", 3, NULL, NULL) >= 0);
    RUN_UNTIL(s.logged);
    assert_int_equal(weir_socket_get_state(s.socket), WEIR_SOCKET_CONNECTING);
}

static void reset_while_connecting_reaches_the_peer_as_a_reset(void **state)
{
    weir_address address;
    int listener = net_listener(NET_TCP, &address);
    int peer;

    (void)state;
    begin_attempt(&address);
    weir_socket_reset(s.socket);
    peer = accept_from(listener);
    raw_expect_reset(peer);
    RUN_UNTIL(s.closed);
    assert_side(&s, "Ax");
    close(peer);
    close(listener);
}

static void destroy_while_connecting_reaches_the_peer_as_an_end(void **state)
{
    weir_address address;
    int listener = net_listener(NET_TCP, &address);
    int peer;

    (void)state;
    begin_attempt(&address);
    weir_socket_destroy(s.socket);
    peer = accept_from(listener);
    raw_expect_end(peer);
    RUN_UNTIL(s.closed);
    close(peer);
    close(listener);
}

/* ---------------------------------------------------------------- options */

static char order[64];

static int noting_setsockopt(int fd, int level, int option, const void *value,
                             socklen_t size)
{
    strcat(order, "o");
    return setsockopt(fd, level, option, value, size);
}

static int noting_connect(int fd, const struct sockaddr *name, socklen_t size)
{
    strcat(order, "c");
    return connect(fd, name, size);
}

static void options_are_set_before_the_handshake(void **state)
{
    weir_connect_options options = {
        .tcp = { .no_delay = true,
                 .keep_alive = true,
                 .keep_alive_delay = 11,
                 .keep_alive_interval = 12,
                 .keep_alive_count = 3,
                 .tos = 0x10,
                 .send_buffer = 50000,
                 .receive_buffer = 60000 },
    };
    weir_address address;
    int listener = net_listener(NET_TCP, &address), fd;

    (void)state;
    order[0] = '\0';
    weir_sys.setsockopt = noting_setsockopt;
    weir_sys.connect = noting_connect;
    assert_int_equal(weir_socket_connect(s.socket, &address, &options), 0);
    memset(&options, 0, sizeof options); /* it was copied */
    RUN_UNTIL(strchr(s.log, 'C'));
#ifdef SO_NOSIGPIPE
    assert_string_equal(order, "oooooooooc");
#else
    assert_string_equal(order, "ooooooooc");
#endif
    fd = weir_socket_fd(s.socket);
    assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_NODELAY), 1);
    assert_int_equal(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), 11);
    assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_KEEPINTVL), 12);
    assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_KEEPCNT), 3);
    assert_int_equal(option_of(fd, IPPROTO_IP, IP_TOS), 0x10);
    assert_int_equal(option_of(fd, SOL_SOCKET, SO_SNDBUF), 100000);
    assert_int_equal(option_of(fd, SOL_SOCKET, SO_RCVBUF), 120000);
    close(listener);
}

static void an_option_that_the_system_refuses_fails_the_connect(void **state)
{
    weir_connect_options options = {
        .tcp = { .keep_alive = true, .keep_alive_count = 100000 },
    };
    weir_address address;
    int listener = net_listener(NET_TCP, &address);

    (void)state;
    assert_fails(&address, &options, -EINVAL, "setsockopt");
    close(listener);
}

static void the_local_address_and_port_are_the_ones_asked_for(void **state)
{
    weir_address local = closed_port(), wanted = local, address, told;
    weir_connect_options options = { .local = &local };
    int listener = net_listener(NET_TCP, &address);

    (void)state;
    assert_int_equal(weir_socket_connect(s.socket, &address, &options), 0);
    memset(&local, 0, sizeof local); /* it was copied */
    RUN_UNTIL(strchr(s.log, 'C'));
    assert_int_equal(weir_socket_local_address(s.socket, &told), 0);
    assert_true(weir_address_equal(&told, &wanted));
    close(listener);
}

static void a_local_address_without_port_gets_one(void **state)
{
    weir_address local, address, told;
    weir_connect_options options = { .local = &local };
    int listener = net_listener(NET_TCP, &address);

    (void)state;
    assert_int_equal(weir_address_ip(&local, "127.0.0.9", 0), 0);
    assert_int_equal(weir_socket_connect(s.socket, &address, &options), 0);
    RUN_UNTIL(strchr(s.log, 'C'));
    assert_int_equal(weir_socket_local_address(s.socket, &told), 0);
    assert_int_equal(told.name.ipv4.sin_addr.s_addr,
                     local.name.ipv4.sin_addr.s_addr);
    assert_true(weir_address_port(&told) > 0);
    close(listener);
}

static void a_local_address_that_is_not_ours_fails_the_connect(void **state)
{
    weir_address local, address = weir_address_loopback(9);
    weir_connect_options options = { .local = &local };

    (void)state;
    assert_int_equal(weir_address_ip(&local, "198.51.100.1", 0), 0);
    assert_fails(&address, &options, -EADDRNOTAVAIL, "bind");
}

static void a_local_port_that_is_listened_on_fails_the_connect(void **state)
{
    weir_address local, address = weir_address_loopback(9);
    weir_connect_options options = { .local = &local };
    int listener = net_listener(NET_TCP, &local);

    (void)state;
    assert_fails(&address, &options, -EADDRINUSE, "bind");
    close(listener);
}

static void a_local_address_of_another_family_fails_the_connect(void **state)
{
    weir_address local, address = weir_address_loopback(9);
    weir_connect_options options = { .local = &local };

    (void)state;
    assert_int_equal(weir_address_ip(&local, "::1", 0), 0);
    assert_fails(&address, &options, -EAFNOSUPPORT, "bind");
}

/* ---------------------------------------------------------------- timeout */

static void a_connection_that_does_not_stand_in_time_fails(void **state)
{
    weir_connect_options options = { .timeout = 30 };
    weir_address address;
    uint64_t begun;
    int hole[2];

    (void)state;
    open_blackhole(hole, &address);
    expect_failure(-ETIMEDOUT, "connect", &address);
    begun = net_now();
    assert_int_equal(weir_socket_connect(s.socket, &address, &options), 0);
    RUN_UNTIL(s.closed);
    assert_side(&s, "A!x");
    assert_int_equal(s.error, -ETIMEDOUT);
    assert_true(net_now() - begun >= 30);
    assert_int_equal(weir_loop_run(the_loop), 0);
    test_close_pair(hole);
}

static void a_connection_that_stands_is_not_timed_out_later(void **state)
{
    weir_connect_options options = { .timeout = 20 };
    weir_address address;
    int listener = net_listener(NET_TCP, &address);
    uint64_t begun = net_now();

    (void)state;
    assert_int_equal(weir_socket_connect(s.socket, &address, &options), 0);
    RUN_UNTIL(net_now() - begun > 60);
    assert_side(&s, "AC");
    close(listener);
}

static void destroy_on_timeout(struct side *side, char event)
{
    if (event == '!')
        weir_socket_destroy(side->socket);
}

static void a_socket_that_timed_out_may_be_destroyed_in_its_error(void **state)
{
    weir_connect_options options = { .timeout = 1 };
    weir_address address;
    int hole[2];

    (void)state;
    open_blackhole(hole, &address);
    s.hook = destroy_on_timeout;
    assert_int_equal(weir_socket_connect(s.socket, &address, &options), 0);
    RUN_UNTIL(s.closed);
    assert_side(&s, "A!x");
    test_close_pair(hole);
}

static void the_idle_timeout_counts_while_connecting_too(void **state)
{
    weir_address address;
    int hole[2];

    (void)state;
    open_blackhole(hole, &address);
    assert_int_equal(weir_socket_connect(s.socket, &address, NULL), 0);
    weir_socket_set_timeout(s.socket, 20);
    RUN_UNTIL(strchr(s.log, 't'));
    assert_side(&s, "At");
    weir_socket_destroy(s.socket);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_side(&s, "Atx");
    test_close_pair(hole);
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
        TEST(a_refused_connection_tells_call_and_address),
        TEST(the_text_of_a_failure_is_for_people),
        TEST(writes_fail_with_what_the_connection_failed_with),
        TEST(a_connect_that_fails_at_once_is_an_event_all_the_same),
        TEST(no_route_is_an_event),
        TEST(want_of_descriptors_is_an_event),
        TEST(an_error_that_comes_later_is_the_one_that_is_told),
        TEST(an_outcome_that_cannot_be_asked_for_is_a_failure),
        TEST(reset_while_connecting_reaches_the_peer_as_a_reset),
        TEST(destroy_while_connecting_reaches_the_peer_as_an_end),
#ifdef WEIR_BACKEND_EPOLL
        TEST(an_attempt_that_cannot_be_watched_leaves_no_descriptor),
        TEST(an_attempt_that_cannot_be_watched_is_reset),
        TEST(a_connection_that_cannot_be_taken_over_is_closed),
#endif
        TEST(options_are_set_before_the_handshake),
        TEST(an_option_that_the_system_refuses_fails_the_connect),
        TEST(the_local_address_and_port_are_the_ones_asked_for),
        TEST(a_local_address_without_port_gets_one),
        TEST(a_local_address_that_is_not_ours_fails_the_connect),
        TEST(a_local_port_that_is_listened_on_fails_the_connect),
        TEST(a_local_address_of_another_family_fails_the_connect),
        TEST(a_connection_that_does_not_stand_in_time_fails),
        TEST(a_connection_that_stands_is_not_timed_out_later),
        TEST(a_socket_that_timed_out_may_be_destroyed_in_its_error),
        TEST(the_idle_timeout_counts_while_connecting_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
