/*
 * test_socket_hangup.c - a paused socket is told that its peer has gone
 *
 * Nothing is read for that, no error is taken out of the socket, and no byte
 * that waits before the end is lost by it.
 */
#include "test/support/net_test.h"

static struct side a;
static int fd;
static unsigned hangups;
static int waiting;

static void on_hangup(weir_socket *socket)
{
    hangups++;
    waiting = weir_socket_waiting(socket);
}

static int open_pair(void **state)
{
    static weir_socket_events events;

    if (test_open_loop(state))
        return -1;
    hangups = 0;
    waiting = -1;
    events = side_events;
    events.hangup = on_hangup;
    fd = net_raw(NET_KIND(state), &a);
    weir_socket_set_events(a.socket, &events);
    return 0;
}

static int close_pair(void **state)
{
    if (fd >= 0)
        close(fd);
    return test_close_loop(state);
}

static void a_paused_socket_is_told_of_its_peers_end(void **state)
{
    (void)state;
    weir_socket_pause(a.socket);
    shutdown(fd, SHUT_WR);
    RUN_UNTIL(hangups);
    assert_int_equal(waiting, 0);
    assert_side(&a, "");
    weir_socket_resume(a.socket);
    RUN_UNTIL(a.closed);
    assert_side(&a, "ex");
}

static void what_waits_before_the_end_is_counted(void **state)
{
    (void)state;
    weir_socket_pause(a.socket);
    raw_write(fd, "last", 4);
    shutdown(fd, SHUT_WR);
    RUN_UNTIL(hangups);
    assert_int_equal(waiting, 4);
    net_settle();
    assert_side(&a, "");
    weir_socket_resume(a.socket);
    RUN_UNTIL(a.closed);
    assert_side(&a, "dex");
    assert_int_equal(a.received, 4);
}

static void pause_in_data(struct side *side, char event)
{
    if (event == 'd')
        weir_socket_pause(side->socket);
}

static void an_end_that_came_before_the_pause_is_told_after_it(void **state)
{
    (void)state;
    a.hook = pause_in_data;
    weir_socket_pause(a.socket);
    raw_write(fd, "x", 1);
    shutdown(fd, SHUT_WR);
    RUN_UNTIL(hangups == 1);
    weir_socket_resume(a.socket);
    RUN_UNTIL(hangups == 2);
    assert_int_equal(waiting, 0);
    assert_side(&a, "d");
    weir_socket_resume(a.socket);
    RUN_UNTIL(a.closed);
    assert_side(&a, "dex");
}

static void a_reset_is_still_found_after_a_hangup(void **state)
{
    (void)state;
    weir_socket_pause(a.socket);
    raw_reset(fd);
    fd = -1;
    RUN_UNTIL(hangups);
    assert_int_equal(waiting, 0);
    assert_side(&a, "");
    weir_socket_resume(a.socket);
    RUN_UNTIL(a.closed);
    assert_side(&a, "!x");
    assert_int_equal(a.error, -ECONNRESET);
}

static void a_socket_that_reads_is_told_no_hangup(void **state)
{
    (void)state;
    raw_write(fd, "x", 1);
    close(fd);
    fd = -1;
    RUN_UNTIL(a.closed);
    assert_side(&a, "dex");
    assert_int_equal(hangups, 0);
}

static void without_a_table_a_hangup_waits_for_one(void **state)
{
    const weir_socket_events *table = a.socket->events;

    (void)state;
    weir_socket_set_events(a.socket, NULL);
    weir_socket_pause(a.socket);
    shutdown(fd, SHUT_WR);
    net_settle();
    weir_socket_set_events(a.socket, table);
    RUN_UNTIL(hangups);
    net_settle();
    assert_int_equal(hangups, 1);
    assert_side(&a, "");
}

static void a_hangup_that_a_table_does_not_hear_waits_for_the_next(void **state)
{
    const weir_socket_events *table = a.socket->events;

    (void)state;
    weir_socket_set_events(a.socket, &side_events);
    weir_socket_pause(a.socket);
    shutdown(fd, SHUT_WR);
    net_settle();
    weir_socket_set_events(a.socket, table);
    RUN_UNTIL(hangups);
    assert_side(&a, "");
}

static void data_alone_is_no_hangup(void **state)
{
    (void)state;
    weir_socket_pause(a.socket);
    raw_write(fd, "x", 1);
    net_settle();
    assert_int_equal(hangups, 0);
    assert_int_equal(weir_socket_waiting(a.socket), 1);
}

static void waiting_wants_a_connection(void **state)
{
    weir_socket *socket;

    (void)state;
    assert_int_equal(weir_socket_waiting(NULL), -EINVAL);
    weir_socket_create(&socket, the_loop, NULL, NULL);
    assert_int_equal(weir_socket_waiting(socket), -ENOTCONN);
    weir_socket_destroy(socket);
    assert_int_equal(weir_socket_waiting(socket), -EBADF);
}

#define CASE(function, kind, suffix)                                           \
    {                                                                          \
#function suffix, function, open_pair, close_pair,                     \
            (void *)&net_kinds[kind]                                           \
    }
#define ON_BOTH(function)                                                      \
    CASE(function, NET_TCP, " (TCP)"), CASE(function, NET_UNIX, " (UNIX)")

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(a_paused_socket_is_told_of_its_peers_end),
        ON_BOTH(what_waits_before_the_end_is_counted),
        ON_BOTH(an_end_that_came_before_the_pause_is_told_after_it),
        CASE(a_reset_is_still_found_after_a_hangup, NET_TCP, " (TCP)"),
        ON_BOTH(a_socket_that_reads_is_told_no_hangup),
        ON_BOTH(without_a_table_a_hangup_waits_for_one),
        ON_BOTH(a_hangup_that_a_table_does_not_hear_waits_for_the_next),
        ON_BOTH(data_alone_is_no_hangup),
        ON_BOTH(waiting_wants_a_connection),
    };

    return cmocka_run_group_tests_name("hangup", tests, NULL, NULL);
}
