/*
 * test_socket.c - creating a socket, connecting it, and what it costs
 *
 * Which half is open after the peer's end, several sockets in one batch, and
 * what a socket says of itself. Reading is in test_socket_read.c, pausing in
 * test_socket_pause.c, ending in test_socket_end.c, writing in test_write.c.
 */
#include "pair_test.h"

static struct side b;

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_LOOP(a_socket_needs_a_place_and_a_loop),
        TEST_ON_LOOP(a_new_socket_is_not_connected),
        TEST(a_connected_socket_is_not_connected_again),
        TEST(an_open_socket_keeps_the_loop_running_unless_unreferenced),
        TEST_ON_BOTH(destroying_the_loop_closes_sockets_with_their_callbacks),
        TEST(a_fin_does_not_end_writing_when_half_open_is_allowed),
        TEST(a_fin_ends_writing_when_half_open_is_not_allowed),
        TEST(half_open_can_be_decided_in_the_end_event),
        TEST(a_socket_destroyed_by_another_of_its_batch_gets_no_event),
        TEST(a_descriptor_used_again_in_a_batch_gets_no_stale_event),
        TEST(a_message_costs_one_recv_one_send_and_nothing_else),
        TEST(an_idle_socket_costs_no_memory_of_its_own),
        TEST(addresses_are_those_of_the_connection),
        TEST_ON_BOTH(an_accepted_socket_knows_its_server),
    };

    return cmocka_run_group_tests_name("sockets", tests, NULL, NULL);
}
