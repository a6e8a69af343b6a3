/*
 * test_write.c - writing: one write, several, and their callbacks
 *
 * What is sent at once, where it goes on when the kernel took a part, what is
 * refused, who is called back and in which order; and writing before there is a
 * connection.
 */
#include "write_test.h"

static struct side b;

/* ---------------------------------------------------------- one write */

static void a_write_reaches_the_peer(void **state)
{
    (void)state;
    assert_int_equal(write_text("hello"), WEIR_SENT);
    raw_expect(fd, "hello");
    RUN_UNTIL(a.written == 1);
    assert_side(&a, "w");
}

static void a_small_write_is_one_send_and_no_allocation(void **state)
{
    (void)state;
    write_quiet("warm");
    net_count();
    for (int i = 0; i < 100; i++)
        assert_int_equal(write_quiet("hello"), WEIR_SENT);
    assert_int_equal(net_calls.send, 100);
    assert_int_equal(net_calls.sendmsg, 0);
    assert_int_equal(net_calls.allocations, 0);
    assert_int_equal(weir_socket_buffered(a.socket), 0);
    assert_int_equal(weir_socket_bytes_written(a.socket), 504);
}

static void a_write_of_nothing_is_called_back(void **state)
{
    (void)state;
    net_count();
    assert_int_equal(write_text(""), WEIR_SENT);
    assert_int_equal(weir_socket_write(a.socket, NULL, 0, side_wrote, &a),
                     WEIR_SENT);
    assert_int_equal(weir_socket_writev(a.socket, NULL, 0, side_wrote, &a),
                     WEIR_SENT);
    RUN_UNTIL(a.written == 3);
    assert_int_equal(net_calls.send + net_calls.sendmsg, 0);
    assert_side(&a, "www");
}

static void a_write_of_nothing_waits_for_those_before_it(void **state)
{
    size_t stuffed = net_stuff(&a);

    (void)state;
    assert_int_equal(write_text(""), WEIR_WAIT);
    net_settle();
    assert_int_equal(a.written, 0);
    raw_skip(fd, stuffed, NULL);
    RUN_UNTIL(a.written == 1);
    assert_side(&a, "wD");
}

static void a_callback_never_comes_from_inside_the_call(void **state)
{
    (void)state;
    assert_int_equal(write_text("now"), WEIR_SENT);
    assert_side(&a, "");
    net_stuff(&a);
    write_text("later");
    INSIDE;
    weir_socket_destroy(a.socket);
    OUTSIDE;
    assert_int_equal(a.written + a.failed, 0);
    RUN_UNTIL(a.closed);
    assert_side(&a, "wWx");
}

static void bad_arguments_are_refused_and_take_nothing(void **state)
{
    struct iovec one = { (void *)"a", 1 }, null = { NULL, 1 };
    struct iovec huge[2] = { { (void *)"a", SIZE_MAX / 2 },
                             { (void *)"a", SIZE_MAX / 2 } };
    weir_buffer *buffer = weir_buffer_copy("a", 1);

    (void)state;
    assert_int_equal(weir_socket_write(NULL, "a", 1, side_wrote, &a), -EINVAL);
    assert_int_equal(weir_socket_write(a.socket, NULL, 1, side_wrote, &a),
                     -EINVAL);
    assert_int_equal(weir_socket_writev(NULL, &one, 1, side_wrote, &a),
                     -EINVAL);
    assert_int_equal(weir_socket_writev(a.socket, &one, -1, side_wrote, &a),
                     -EINVAL);
    assert_int_equal(weir_socket_writev(a.socket, NULL, 1, side_wrote, &a),
                     -EINVAL);
    assert_int_equal(weir_socket_writev(a.socket, &null, 1, side_wrote, &a),
                     -EINVAL);
    assert_int_equal(weir_socket_writev(a.socket, huge, 2, side_wrote, &a),
                     -EINVAL);
    assert_int_equal(weir_socket_write_buffer(NULL, buffer, side_wrote, &a),
                     -EINVAL);
    assert_int_equal(weir_socket_write_buffer(a.socket, NULL, side_wrote, &a),
                     -EINVAL);
    assert_int_equal(
        weir_socket_write_owned(a.socket, (void *)"a", 1, NULL, side_wrote, &a),
        -EINVAL);
    assert_int_equal(weir_socket_write_owned(a.socket, NULL, 1, side_release,
                                             side_wrote, &a),
                     -EINVAL);
    weir_buffer_unref(buffer);
    net_settle();
    assert_side(&a, "");
    assert_int_equal(weir_socket_bytes_written(a.socket), 0);
}

/* -------------------------------------------------------------- several */

static void writev_is_one_call_and_one_callback(void **state)
{
    struct iovec pieces[] = {
        { (void *)"he", 2 },     { NULL, 0 },
        { (void *)"ll", 2 },     { (void *)"o wo", 4 },
        { (void *)"unused", 0 }, { (void *)"rld", 3 },
    };

    (void)state;
    net_count();
    assert_int_equal(
        weir_socket_writev(a.socket, pieces, COUNT(pieces), side_wrote, &a),
        WEIR_SENT);
    assert_int_equal(net_calls.sendmsg, 1);
    assert_int_equal(net_calls.send, 0);
    raw_expect(fd, "hello world");
    RUN_UNTIL(a.written);
    assert_side(&a, "w");
}

static void writev_takes_1024_pieces_and_no_more(void **state)
{
    static char bytes[1025];
    static struct iovec pieces[1025];

    (void)state;
    net_pattern(bytes, sizeof bytes, 0);
    for (size_t i = 0; i < COUNT(pieces); i++)
        pieces[i] = (struct iovec){ bytes + i, 1 };
    assert_int_equal(weir_socket_writev(a.socket, pieces, 1025, side_wrote, &a),
                     -EINVAL);
    assert_int_equal(weir_socket_writev(a.socket, pieces, 1024, side_wrote, &a),
                     WEIR_SENT);
    raw_skip(fd, 1024, &b.sum);
    assert_int_equal(b.sum, net_sum(0, bytes, 1024));
    RUN_UNTIL(a.written);
    b.sum = 0;
}

/* Whatever is left of the pieces, wherever the kernel stopped. */
static ssize_t (*real_sendmsg)(int, const struct msghdr *, int);
static size_t cut;

static ssize_t cut_sendmsg(int to, const struct msghdr *message, int flags)
{
    struct iovec piece = message->msg_iov[0];

    (void)flags;
    for (size_t i = 0; !piece.iov_len; i++)
        piece = message->msg_iov[i];
    for (size_t i = 0, sent = 0; sent < cut; i++) {
        size_t length = message->msg_iov[i].iov_len;

        if (length > cut - sent)
            length = cut - sent;
        raw_write(to, message->msg_iov[i].iov_base, length);
        sent += length;
    }
    weir_sys.sendmsg = real_sendmsg;
    if (cut)
        return (ssize_t)cut;
    errno = EAGAIN;
    return -1;
}

/* The kernel of this test says "full" while it is not: a new edge is needed
 * for the socket to learn that there is room. */
static void new_edge(weir_socket *socket)
{
    assert_int_equal(
        weir_source_change(the_loop, &socket->source,
                           WEIR_READABLE | WEIR_WRITABLE | WEIR_EDGE),
        0);
}

static void writev_goes_on_wherever_the_kernel_stopped(void **state)
{
    struct iovec pieces[] = { { (void *)"he", 2 },
                              { NULL, 0 },
                              { (void *)"llo", 3 },
                              { (void *)"!", 1 } };

    (void)state;
    real_sendmsg = weir_sys.sendmsg;
    for (cut = 0; cut <= 6; cut++) {
        a.written = 0;
        weir_sys.sendmsg = cut_sendmsg;
        assert_int_equal(
            weir_socket_writev(a.socket, pieces, 4, side_wrote, &a),
            cut < 6 ? WEIR_WAIT : WEIR_SENT);
        assert_int_equal(weir_socket_buffered(a.socket), 6 - cut);
        assert_sound(a.socket);
        new_edge(a.socket);
        raw_expect(fd, "hello!");
        RUN_UNTIL(a.written == 1);
        assert_int_equal(weir_socket_buffered(a.socket), 0);
    }
    assert_int_equal(weir_socket_bytes_written(a.socket), 7 * 6);
}

static void a_full_kernel_queues_all(void **state)
{
    (void)state;
    weir_sys.send = failing_send;
    fail_once = EAGAIN;
    assert_int_equal(write_text("hello"), WEIR_WAIT);
    assert_int_equal(weir_socket_buffered(a.socket), 5);
    assert_int_equal(write_quiet(" world"), WEIR_WAIT);
    assert_int_equal(weir_socket_buffered(a.socket), 11);
    net_settle();
    assert_int_equal(weir_socket_buffered(a.socket), 11);
    new_edge(a.socket);
    raw_expect(fd, "hello world");
    RUN_UNTIL(a.written);
    net_settle();
    assert_side(&a, "wD");
}

static void a_signal_during_send_is_not_seen(void **state)
{
    (void)state;
    weir_sys.send = failing_send;
    fail_once = EINTR;
    assert_int_equal(write_text("hello"), WEIR_SENT);
    raw_expect(fd, "hello");
}

/* ------------------------------------------------------------ callbacks */

static struct {
    char order[4096];
    size_t count;
} told;

static void note_order(weir_socket *socket, int status, void *argument)
{
    (void)socket, (void)status;
    told.order[told.count++] = *(const char *)argument;
}

static void keep_quiet(void *bytes, size_t length, void *argument)
{
    (void)bytes, (void)length, (void)argument;
}

/* Field note 11: of whatever kind they are, sent at once or queued. */
static void callbacks_are_not_out_of_order(void **state)
{
    static const char names[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    static char bytes[200000];
    size_t total = 0;

    (void)state;
    memset(&told, 0, sizeof told);
    for (size_t i = 0; i < sizeof names - 1; i++) {
        size_t length = i % 5 == 0 ? sizeof bytes : i % 3;
        struct iovec pieces[2] = { { bytes, length / 2 },
                                   { bytes, length - length / 2 } };
        weir_buffer *buffer;
        void *name = (void *)&names[i];
        int result;

        switch (i % 4) {
        case 0:
            result =
                weir_socket_write(a.socket, bytes, length, note_order, name);
            break;
        case 1:
            result = weir_socket_writev(a.socket, pieces, 2, note_order, name);
            break;
        case 2:
            result = weir_socket_write_owned(a.socket, bytes, length,
                                             keep_quiet, note_order, name);
            break;
        default:
            buffer = weir_buffer_copy(bytes, length);
            result =
                weir_socket_write_buffer(a.socket, buffer, note_order, name);
            weir_buffer_unref(buffer);
        }
        assert_true(result >= 0);
        total += length;
        assert_sound(a.socket);
    }
    raw_skip(fd, total, NULL);
    RUN_UNTIL(told.count == sizeof names - 1);
    assert_memory_equal(told.order, names, sizeof names - 1);
}

static void destroying_cancels_what_was_not_sent_and_only_that(void **state)
{
    (void)state;
    assert_int_equal(write_text("sent"), WEIR_SENT);
    net_stuff(&a);
    write_text("queued");
    write_text("");
    weir_socket_destroy(a.socket);
    assert_int_equal(weir_socket_buffered(a.socket), 0);
    RUN_UNTIL(a.closed);
    assert_side(&a, "wWWx");
    assert_int_equal(a.last_status, -ECANCELED);
    assert_false(a.had_error);
}

/* Each write is done at once; being called back in the same turn again and
 * again would keep everybody else from the loop. */
static unsigned chained;

static void write_again(weir_socket *socket, int status, void *argument)
{
    (void)argument;
    if (status == 0 && ++chained < 1000)
        weir_socket_write(socket, "x", 1, write_again, NULL);
}

static void a_callback_that_writes_again_does_not_hold_the_loop(void **state)
{
    (void)state;
    chained = 0;
    weir_socket_write(a.socket, "x", 1, write_again, NULL);
    for (unsigned turn = 1; turn <= 20; turn++) {
        weir_loop_run_once(the_loop, 0);
        assert_true(chained <= turn);
    }
    assert_true(chained >= 10);
    chained = 1000;
}

/* The same where the callback also empties the queue: the chunk that was last
 * when the turn began is freed meanwhile. */
static void uncork_and_write_again(weir_socket *socket, int status,
                                   void *argument)
{
    (void)argument;
    if (status != 0 || ++chained >= 1000)
        return;
    weir_socket_cork(socket);
    weir_socket_uncork(socket);
    weir_socket_write(socket, "x", 1, uncork_and_write_again, NULL);
}

static void uncork_first(weir_socket *socket, int status, void *argument)
{
    weir_socket_uncork(socket);
    uncork_and_write_again(socket, status, argument);
}

static void
a_callback_that_uncorks_and_writes_does_not_hold_the_loop(void **state)
{
    (void)state;
    chained = 0;
    weir_socket_write(a.socket, "x", 1, uncork_first, NULL);
    weir_socket_cork(a.socket);
    write_quiet("waits, and nobody waits for it");
    for (unsigned turn = 1; turn <= 20; turn++) {
        weir_loop_run_once(the_loop, 0);
        assert_true(chained <= 2 * turn);
    }
    chained = 1000;
}

/* --------------------------------------------- before there is a connection */

static void what_was_written_before_goes_although_connect_destroys(void **state)
{
    static const weir_socket_events events = {
        .connect = weir_socket_destroy,
    };
    weir_address address;
    int listener = net_listener(NET_KIND(state), &address);
    weir_socket *socket;
    int accepted = -1;

    assert_int_equal(weir_socket_create(&socket, the_loop, &events, NULL), 0);
    assert_int_equal(weir_socket_connect(socket, &address, NULL), 0);
    assert_int_equal(weir_socket_write(socket, "hello", 5, NULL, NULL),
                     WEIR_WAIT);
    fcntl(listener, F_SETFL, O_NONBLOCK);
    RUN_UNTIL(accepted >= 0 || (accepted = accept(listener, NULL, NULL)) >= 0);
    fcntl(accepted, F_SETFL, O_NONBLOCK);
    raw_expect(accepted, "hello");
    raw_expect_end(accepted);
    close(accepted);
    close(listener);
}

static void writes_before_the_connection_stands_wait_in_order(void **state)
{
    weir_address address;
    int listener = net_listener(NET_KIND(state), &address);
    int accepted;

    side_init(&b);
    assert_int_equal(weir_socket_create(&b.socket, the_loop, &side_events, &b),
                     0);
    assert_int_equal(weir_socket_write(b.socket, "x", 1, NULL, NULL),
                     -ENOTCONN);
    assert_int_equal(weir_socket_connect(b.socket, &address, NULL), 0);
    assert_int_equal(weir_socket_write(b.socket, "", 0, side_wrote, &b),
                     WEIR_SENT);
    assert_int_equal(weir_socket_write(b.socket, "he", 2, side_wrote, &b),
                     WEIR_WAIT);
    assert_int_equal(weir_socket_write(b.socket, "ll", 2, NULL, NULL),
                     WEIR_WAIT);
    assert_int_equal(weir_socket_write(b.socket, "o", 1, side_wrote, &b),
                     WEIR_WAIT);
    assert_int_equal(weir_socket_buffered(b.socket), 5);
    assert_int_equal(weir_socket_end(b.socket), 0);
    assert_int_equal(weir_socket_write(b.socket, "o", 1, NULL, NULL), -EPIPE);
    RUN_UNTIL(b.written == 3);
    accepted = accept(listener, NULL, NULL);
    raw_expect(accepted, "hello");
    raw_expect_end(accepted);
    assert_side(&b, "ACwwwD");
    close(accepted);
    close(listener);
    RUN_UNTIL(b.closed);
    assert_side(&b, "ACwwwDex");
}

static void write_on_connect(struct side *side, char event)
{
    if (event != 'C')
        return;
    assert_int_equal(weir_socket_write(side->socket, "x", 1, side_wrote, side),
                     WEIR_SENT);
    assert_sound(side->socket);
    weir_socket_destroy(side->socket);
}

/* The callback of the empty write has waited for the connection; that of the
 * write in `connect` comes behind it, and was sent. */
static void an_empty_write_before_connect_keeps_its_place(void **state)
{
    weir_address address;
    int listener = net_listener(NET_KIND(state), &address);

    side_init(&b);
    b.hook = write_on_connect;
    assert_int_equal(weir_socket_create(&b.socket, the_loop, &side_events, &b),
                     0);
    assert_int_equal(weir_socket_connect(b.socket, &address, NULL), 0);
    assert_int_equal(weir_socket_write(b.socket, "", 0, side_wrote, &b),
                     WEIR_SENT);
    RUN_UNTIL(b.closed);
    assert_side(&b, "ACwwx");
    close(listener);
}

static void queued_writes_fail_when_connecting_does(void **state)
{
    weir_address address;
    int listener = net_listener(NET_KIND(state), &address);

    close(listener);
    side_init(&b);
    assert_int_equal(weir_socket_create(&b.socket, the_loop, &side_events, &b),
                     0);
    assert_int_equal(weir_socket_connect(b.socket, &address, NULL), 0);
    weir_socket_write(b.socket, "x", 1, side_wrote, &b);
    weir_socket_write(b.socket, "", 0, side_wrote, &b);
    RUN_UNTIL(b.closed);
    assert_side(&b, "ABWW!x");
    assert_int_equal(b.last_status, -ECONNREFUSED);
    assert_int_equal(b.error, -ECONNREFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_write_reaches_the_peer),
        TEST(a_small_write_is_one_send_and_no_allocation),
        TEST(a_write_of_nothing_is_called_back),
        TEST(a_write_of_nothing_waits_for_those_before_it),
        TEST(a_callback_never_comes_from_inside_the_call),
        TEST(bad_arguments_are_refused_and_take_nothing),
        TEST(writev_is_one_call_and_one_callback),
        TEST(writev_takes_1024_pieces_and_no_more),
        TEST(writev_goes_on_wherever_the_kernel_stopped),
        TEST(a_full_kernel_queues_all),
        TEST(a_signal_during_send_is_not_seen),
        TEST(callbacks_are_not_out_of_order),
        TEST(destroying_cancels_what_was_not_sent_and_only_that),
        TEST(a_callback_that_writes_again_does_not_hold_the_loop),
        TEST(a_callback_that_uncorks_and_writes_does_not_hold_the_loop),
        TEST(what_was_written_before_goes_although_connect_destroys),
        TEST(writes_before_the_connection_stands_wait_in_order),
        TEST(an_empty_write_before_connect_keeps_its_place),
        TEST(queued_writes_fail_when_connecting_does),
    };

    return cmocka_run_group_tests_name("writing", tests, NULL, NULL);
}
