/*
 * test_release.c - a descriptor that is given back: the connection goes on
 *
 * The other end is a plain descriptor, which must not notice that its peer has
 * another owner.
 */
#include "test/support/net_test.h"

#include <sys/wait.h>
#include <unistd.h>

static struct side a, b;
static int fd; /* the other end */

static int open_connected(void **state)
{
    if (test_open_loop(state))
        return -1;
    fd = net_accepted(NET_KIND(state), &a);
    return 0;
}

static int close_connected(void **state)
{
    close(fd);
    return test_close_loop(state);
}

#define TEST(function)                                                         \
    { #function " (TCP)", function, open_connected, close_connected,           \
      (void *)&net_kinds[NET_TCP] },                                           \
    {                                                                          \
#function " (UNIX)", function, open_connected, close_connected,        \
            (void *)&net_kinds[NET_UNIX]                                       \
    }

/* Takes a released descriptor over as `b`, on this loop. */
static void adopt_as_b(weir_loop *loop, int released)
{
    side_init(&b);
    assert_int_equal(weir_socket_create(&b.socket, loop, &side_events, &b), 0);
    assert_int_equal(weir_socket_adopt(b.socket, released), 0);
}

static int release_a(void)
{
    int released = weir_socket_release(a.socket);

    assert_true(released >= 0);
    assert_int_equal(weir_socket_fd(a.socket), -1);
    assert_sound(a.socket);
    return released;
}

/* ------------------------------------------------------- the descriptor */

static void a_released_socket_tells_close_and_its_peer_nothing(void **state)
{
    char byte;
    int released;

    (void)state;
    released = release_a();
    RUN_UNTIL(a.closed);
    assert_side(&a, "x");
    assert_false(a.had_error);
    assert_int_equal(raw_read(fd, &byte, 1), -EAGAIN);
    close(released);
    raw_expect_end(fd);
}

static void it_is_non_blocking_and_not_inherited(void **state)
{
    int released;

    (void)state;
    released = release_a();
    assert_true(fcntl(released, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(released, F_GETFD) & FD_CLOEXEC);
    close(released);
}

static void a_conversation_goes_on_in_another_loop(void **state)
{
    weir_loop *other;

    (void)state;
    raw_write(fd, "one", 3);
    RUN_UNTIL(a.received == 3);
    assert_int_equal(weir_socket_write(a.socket, "two", 3, NULL, NULL),
                     WEIR_SENT);
    raw_write(fd, "three", 5); /* not told before it goes */
    assert_int_equal(weir_loop_create(&other), 0);
    adopt_as_b(other, release_a());
    while (b.received < 5)
        assert_true(weir_loop_run_once(other, 1000) >= 0);
    assert_memory_equal(b.bytes, "three", 5);
    assert_int_equal(weir_socket_write(b.socket, "four", 4, NULL, NULL),
                     WEIR_SENT);
    raw_expect(fd, "twofour");
    net_settle();
    assert_side(&a, "dx");
    assert_int_equal(a.received, 3);
    assert_int_equal(weir_loop_destroy(other), 0);
    raw_expect_end(fd);
}

static void release_and_adopt(struct side *side, char event)
{
    if (event == 'd') {
        side->hook = NULL;
        adopt_as_b(the_loop, release_a());
    }
}

/* Bytes come in the batch in which the descriptor changes hands. */
static void the_same_loop_may_adopt_it_in_an_event(void **state)
{
    (void)state;
    a.hook = release_and_adopt;
    raw_write(fd, "one", 3);
    RUN_UNTIL(a.received == 3);
    raw_write(fd, "two", 3);
    RUN_UNTIL(b.received == 3);
    assert_memory_equal(b.bytes, "two", 3);
    assert_side(&a, "dx");
    net_finish(&b);
    raw_expect_end(fd);
}

static void release_it(struct side *side, char event)
{
    if (event == 'd' || event == 'e') {
        side->hook = NULL;
        *(int *)side->user = release_a();
    }
}

static void what_comes_behind_the_event_that_releases_stays_in_it(void **state)
{
    static char many[200 * 1024];
    int released = -1;
    size_t rest = 0;
    ssize_t n;

    (void)state;
    net_pattern(many, sizeof many, 0);
    a.hook = release_it;
    a.user = &released;
    raw_write(fd, many, 100 * 1024); /* more than one read of a newcomer */
    RUN_UNTIL(a.closed);
    while ((n = raw_read(released, many, sizeof many)) > 0)
        rest += (size_t)n;
    assert_int_equal(n, -EAGAIN);
    assert_int_equal(a.received + rest, 100 * 1024);
    close(released);
}

static void after_the_peers_end_it_reads_the_end_again(void **state)
{
    int released = -1;
    char byte;

    (void)state;
    a.hook = release_it;
    a.user = &released;
    shutdown(fd, SHUT_WR);
    RUN_UNTIL(a.closed);
    assert_side(&a, "ex");
    assert_int_equal(raw_read(released, &byte, 1), 0);
    assert_int_equal(write(released, "answer", 6), 6);
    raw_expect(fd, "answer");
    close(released);
    raw_expect_end(fd);
}

static void after_its_own_end_only_reading_is_left(void **state)
{
    int released;
    char bytes[3];

    (void)state;
    assert_int_equal(weir_socket_end(a.socket), 0);
    raw_expect_end(fd);
    released = release_a();
    raw_write(fd, "one", 3);
    RUN_UNTIL(a.closed);
    assert_int_equal(raw_read(released, bytes, 3), 3);
    assert_int_equal(send(released, "x", 1, MSG_NOSIGNAL), -1);
    assert_int_equal(errno, EPIPE);
    close(released);
}

static void a_callback_of_what_was_sent_still_comes(void **state)
{
    int released;

    (void)state;
    assert_int_equal(weir_socket_write(a.socket, "one", 3, side_wrote, &a),
                     WEIR_SENT);
    released = release_a();
    RUN_UNTIL(a.closed);
    assert_side(&a, "wx");
    assert_int_equal(a.last_status, 0);
    close(released);
}

static void its_timeout_ends_with_the_socket(void **state)
{
    int released;

    (void)state;
    weir_socket_set_timeout(a.socket, 1);
    weir_socket_pause(a.socket);
    released = release_a();
    net_settle();
    assert_side(&a, "x");
    close(released);
}

/* -------------------------------------------------------------- refusals */

static void what_is_not_connected_is_not_released(void **state)
{
    weir_address address;
    weir_socket *s;
    int listener = net_listener(NET_KIND(state), &address);

    assert_int_equal(weir_socket_release(NULL), -EINVAL);
    assert_int_equal(weir_socket_create(&s, the_loop, NULL, NULL), 0);
    assert_int_equal(weir_socket_release(s), -ENOTCONN);
    assert_int_equal(weir_socket_connect(s, &address, NULL), 0);
    assert_int_equal(weir_socket_release(s), -ENOTCONN);
    weir_socket_destroy(s);
    assert_int_equal(weir_socket_release(s), -EBADF);
    close(listener);
}

static void it_is_busy_until_all_was_sent(void **state)
{
    size_t queued;
    int released;

    (void)state;
    queued = net_stuff(&a);
    assert_int_equal(weir_socket_release(a.socket), -EBUSY);
    assert_side(&a, "");
    raw_skip(fd, queued, NULL);
    RUN_UNTIL(weir_socket_buffered(a.socket) == 0);
    released = release_a();
    close(released);
    raw_expect_end(fd);
}

static void it_is_busy_until_its_end_was_sent(void **state)
{
    size_t queued;
    int released;

    (void)state;
    queued = net_stuff(&a);
    assert_int_equal(weir_socket_end(a.socket), 0);
    assert_int_equal(weir_socket_release(a.socket), -EBUSY);
    raw_skip(fd, queued, NULL);
    raw_expect_end(fd);
    released = release_a();
    close(released);
}

/* A write of no bytes is one as well: its callback would tell a failure. */
static void a_write_held_by_a_cork_keeps_it_busy(void **state)
{
    int released;

    (void)state;
    assert_int_equal(weir_socket_cork(a.socket), 0);
    assert_int_equal(weir_socket_write(a.socket, "", 0, side_wrote, &a),
                     WEIR_SENT);
    assert_int_equal(weir_socket_release(a.socket), -EBUSY);
    assert_int_equal(weir_socket_uncork(a.socket), 0);
    RUN_UNTIL(a.written == 1);
    assert_int_equal(weir_socket_cork(a.socket), 0);
    released = release_a();
    close(released);
}

static void either_side_of_a_pipe_is_busy_until_it_is_taken_away(void **state)
{
    struct side other;
    int far = net_raw(NET_KIND(state), &other);
    int released;

    assert_int_equal(weir_socket_pipe(a.socket, other.socket), 0);
    assert_int_equal(weir_socket_release(a.socket), -EBUSY);
    assert_int_equal(weir_socket_release(other.socket), -EBUSY);
    assert_int_equal(weir_socket_unpipe(a.socket), 0);
    released = release_a();
    RUN_UNTIL(a.closed);
    net_finish(&other);
    close(released);
    close(far);
}

static void bytes_that_a_pipe_gave_back_are_told_before(void **state)
{
    struct side other;
    int far = net_raw(NET_KIND(state), &other);
    int released;

    weir_socket_set_events(a.socket, NULL); /* nobody to tell them to */
    assert_int_equal(weir_socket_pipe_bytes(a.socket, other.socket), 0);
    assert_int_equal(weir_socket_end(other.socket), 0);
    raw_write(fd, "one", 3);
    net_settle();
    assert_int_equal(weir_socket_release(a.socket), -EBUSY);
    weir_socket_set_events(a.socket, &side_events);
    RUN_UNTIL(a.received == 3);
    released = release_a();
    RUN_UNTIL(a.closed);
    net_finish(&other);
    close(released);
    close(far);
}

static void a_socket_that_throws_away_what_comes_is_not_released(void **state)
{
    (void)state;
    weir_socket_close(a.socket);
    assert_int_equal(weir_socket_release(a.socket), -EBADF);
}

static void a_socket_whose_writing_failed_gives_its_error(void **state)
{
    struct side broken;
    int far = net_raw(NET_TCP, &broken);

    (void)state;
    raw_reset(far);
    while (weir_socket_write(broken.socket, "x", 1, NULL, NULL) >= 0)
        ;
    assert_int_equal(weir_socket_release(broken.socket), -ECONNRESET);
    RUN_UNTIL(broken.closed);
    assert_true(broken.had_error);
}

/* -------------------------------------------------------- servers, fork */

static weir_server *server;
static size_t counted;

static void count(struct side *side, char event)
{
    (void)side;
    if (event == 'x')
        counted = weir_server_connections(server);
}

static void on_connection(weir_server *from, weir_socket *socket)
{
    (void)from;
    side_init(&a);
    a.socket = socket;
    a.hook = count;
    weir_socket_set_data(socket, &a);
    weir_socket_set_events(socket, &side_events);
}

static void a_server_counts_it_until_close_was_told(void **state)
{
    weir_address address = weir_address_loopback(0);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    int released;

    (void)state;
    net_finish(&a);
    assert_int_equal(weir_server_create(&server, the_loop, on_connection, NULL),
                     0);
    assert_int_equal(weir_server_listen(server, &address, NULL), 0);
    assert_int_equal(weir_server_address(server, &address), 0);
    assert_int_equal(connect(client, &address.name.any, address.length), 0);
    RUN_UNTIL(a.socket);
    released = release_a();
    assert_int_equal(weir_server_connections(server), 1);
    counted = 9;
    RUN_UNTIL(a.closed);
    assert_int_equal(counted, 0);
    close(client);
    close(released);
}

/* The parent's connection, and the kernel's word of it, stay its own. */
static void a_child_releases_its_copy(void **state)
{
    int status;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        int copy = weir_socket_release(a.socket);

        _exit(copy >= 0 && write(copy, "child", 5) == 5 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    raw_expect(fd, "child");
    raw_write(fd, "parent", 6);
    RUN_UNTIL(a.received == 6);
    assert_side(&a, "d");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_released_socket_tells_close_and_its_peer_nothing),
        TEST(it_is_non_blocking_and_not_inherited),
        TEST(a_conversation_goes_on_in_another_loop),
        TEST(the_same_loop_may_adopt_it_in_an_event),
        TEST(what_comes_behind_the_event_that_releases_stays_in_it),
        TEST(after_the_peers_end_it_reads_the_end_again),
        TEST(after_its_own_end_only_reading_is_left),
        TEST(a_callback_of_what_was_sent_still_comes),
        TEST(its_timeout_ends_with_the_socket),
        TEST(what_is_not_connected_is_not_released),
        TEST(it_is_busy_until_all_was_sent),
        TEST(it_is_busy_until_its_end_was_sent),
        TEST(a_write_held_by_a_cork_keeps_it_busy),
        TEST(either_side_of_a_pipe_is_busy_until_it_is_taken_away),
        TEST(bytes_that_a_pipe_gave_back_are_told_before),
        TEST(a_socket_that_throws_away_what_comes_is_not_released),
        TEST(a_socket_whose_writing_failed_gives_its_error),
        TEST(a_server_counts_it_until_close_was_told),
        TEST(a_child_releases_its_copy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
