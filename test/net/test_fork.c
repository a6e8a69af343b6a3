/*
 * test_fork.c - connections of which a forked child holds copies
 *
 * The child does nothing but live, as a snapshot or a program that is about to
 * call exec() does. What the parent says to its peers reaches them all the
 * same; what it does not say is the child's to go on with.
 */
#include "test/support/net_test.h"

#include <weir/blocking.h>

#include <sys/wait.h>

static struct side a;
static int fd;
static pid_t child;
static int leash; /* closed: the child ends */

static void fork_holder(void)
{
    int ends[2];
    char byte;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[1]);
        _exit(read(ends[0], &byte, 1) != 0);
    }
    close(ends[0]);
    leash = ends[1];
}

static void let_go(void)
{
    int status;

    if (leash >= 0)
        close(leash);
    leash = -1;
    if (child > 0)
        assert_int_equal(waitpid(child, &status, 0), child);
    child = 0;
}

static int open_accepted(void **state)
{
    leash = -1;
    child = 0;
    if (test_open_loop(state))
        return -1;
    fd = net_accepted(NET_KIND(state), &a);
    return 0;
}

static int close_accepted(void **state)
{
    let_go();
    close(fd);
    return test_close_loop(state);
}

#define TEST(function)                                                         \
    { #function " (TCP)", function, open_accepted, close_accepted,             \
      (void *)&net_kinds[NET_TCP] },                                           \
    {                                                                          \
#function " (UNIX)", function, open_accepted, close_accepted,          \
            (void *)&net_kinds[NET_UNIX]                                       \
    }

static void the_half_open_rule_sends_fin_although_a_child_lives(void **state)
{
    (void)state;
    fork_holder();
    shutdown(fd, SHUT_WR);
    RUN_UNTIL(a.closed);
    assert_side(&a, "ex");
    raw_expect_end(fd);
}

/* What a socket remembers of the count has 16 bits. */
static void of_65536_forks_each_counts(void **state)
{
    (void)state;
    fork_holder();
    weir_fork_count += UINT16_MAX;
    shutdown(fd, SHUT_WR);
    RUN_UNTIL(a.closed);
    weir_fork_count -= UINT16_MAX;
    raw_expect_end(fd);
}

static void
an_end_after_the_peers_sends_fin_although_a_child_lives(void **state)
{
    (void)state;
    weir_socket_set_half_open(a.socket, true);
    shutdown(fd, SHUT_WR);
    RUN_UNTIL(a.logged == 1);
    fork_holder();
    assert_int_equal(weir_socket_end(a.socket), 0);
    RUN_UNTIL(a.closed);
    raw_expect_end(fd);
}

static void a_reset_reaches_the_peer_although_a_child_lives(void **state)
{
    fork_holder();
    weir_socket_reset(a.socket);
    RUN_UNTIL(a.closed);
    raw_expect_cut(fd, NET_KIND(state));
}

/* The peer sends on, until it learns that nobody reads. */
static void what_a_close_limits_ends_although_a_child_lives(void **state)
{
    static const char zeroes[64 * 1024];
    ssize_t sent = 0;

    (void)state;
    fork_holder();
    weir_socket_close(a.socket);
    RUN_UNTIL((sent = send(fd, zeroes, sizeof zeroes, MSG_NOSIGNAL)) < 0 &&
              errno != EAGAIN);
    assert_true(errno == EPIPE || errno == ECONNRESET);
    RUN_UNTIL(a.closed);
}

/* A server that forks for each connection destroys its own copy. */
static void a_destroyed_socket_is_the_childs_to_go_on_with(void **state)
{
    char byte;

    (void)state;
    fork_holder();
    weir_socket_destroy(a.socket);
    RUN_UNTIL(a.closed);
    net_settle();
    assert_int_equal(raw_read(fd, &byte, 1), -EAGAIN);
    let_go();
    raw_expect_end(fd);
}

static void fork_now(weir_task *task)
{
    (void)task;
    fork_holder();
}

static void fork_and_reset(weir_task *task)
{
    fork_now(task);
    weir_socket_reset(a.socket);
}

static void fork_and_destroy(weir_task *task)
{
    fork_now(task);
    weir_socket_destroy(a.socket);
}

/* The attempt has begun by the time that tasks run, and is waited for after
 * them. */
static void connect_and_meanwhile(enum net_kind kind, weir_task_cb *cb)
{
    static weir_task task;
    weir_address address;
    int listener = net_listener(kind, &address);

    net_finish(&a);
    close(fd);
    side_init(&a);
    assert_int_equal(weir_socket_create(&a.socket, the_loop, &side_events, &a),
                     0);
    assert_int_equal(weir_socket_connect(a.socket, &address, NULL), 0);
    assert_int_equal(weir_task_init(&task, the_loop, cb), 0);
    weir_task_post(&task);
    RUN_UNTIL(a.closed || weir_socket_get_state(a.socket) == WEIR_SOCKET_OPEN);
    assert_true(child > 0);
    fd = accept(listener, NULL, NULL);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    close(listener);
    side_clear(&a);
}

static void a_child_that_was_forked_while_it_connected_counts(void **state)
{
    connect_and_meanwhile(NET_KIND(state), fork_now);
    shutdown(fd, SHUT_WR);
    RUN_UNTIL(a.closed);
    assert_side(&a, "ex");
    raw_expect_end(fd);
}

static void
a_reset_reaches_the_peer_although_it_forked_while_it_connected(void **state)
{
    connect_and_meanwhile(NET_KIND(state), fork_now);
    weir_socket_reset(a.socket);
    RUN_UNTIL(a.closed);
    raw_expect_cut(fd, NET_KIND(state));
}

static void
a_reset_while_it_connects_reaches_the_peer_although_it_forked(void **state)
{
    connect_and_meanwhile(NET_KIND(state), fork_and_reset);
    raw_expect_cut(fd, NET_KIND(state));
}

static void
an_attempt_that_is_given_up_ends_although_a_child_lives(void **state)
{
    connect_and_meanwhile(NET_KIND(state), fork_and_destroy);
    raw_expect_end(fd);
}

/* Who adopts a descriptor may not be the only one who has it. */
static void a_reset_leaves_other_holders_of_a_unix_socket_alone(void **state)
{
    int ends[2], other;

    (void)state;
    net_finish(&a);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    other = dup(ends[0]);
    side_init(&a);
    assert_int_equal(weir_socket_create(&a.socket, the_loop, &side_events, &a),
                     0);
    assert_int_equal(weir_socket_adopt(a.socket, ends[0]), 0);
    weir_socket_reset(a.socket);
    RUN_UNTIL(a.closed);
    assert_int_equal(send(other, "x", 1, MSG_NOSIGNAL), 1);
    close(other);
    close(ends[1]);
}

/* The price of sharing, one more call, is paid by those who share. */
static void a_connection_that_came_after_a_fork_ends_by_its_close(void **state)
{
    fork_holder();
    let_go();
    net_finish(&a);
    close(fd);
    fd = net_accepted(NET_KIND(state), &a);
    net_count();
    shutdown(fd, SHUT_WR);
    RUN_UNTIL(a.closed);
    assert_int_equal(net_calls.shutdown, 0);
    raw_expect_end(fd);
}

static void nobody_comes(weir_server *server, weir_socket *socket)
{
    (void)server, (void)socket;
}

/* The child's status, 0 when it says that all is well. It says so as another
 * program: Valgrind would look through its copy of what c-ares has. */
static int in_child(bool (*work)(void))
{
    const char *says;
    int status;

    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        says = work() ? "true" : "false";
        execlp(says, says, (char *)NULL);
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    child = 0;
    return status;
}

static bool destroy_the_loop(void)
{
    return weir_loop_destroy(the_loop) == 0;
}

/* Whatever state they are in. */
static void
a_child_that_destroys_the_loop_leaves_connections_alone(void **state)
{
    (void)state;
    weir_socket_cork(a.socket);
    weir_socket_write(a.socket, "kept", 4, NULL, NULL);
    assert_int_equal(in_child(destroy_the_loop), 0);
    raw_write(fd, "hello", 5);
    RUN_UNTIL(a.received == 5);
    weir_socket_uncork(a.socket);
    raw_expect(fd, "kept");
    assert_side(&a, "d");
    net_finish(&a);
    raw_expect_end(fd);
}

static void a_child_that_destroys_the_loop_leaves_the_socket_file(void **state)
{
    char path[] = "/tmp/weir-test-fork-XXXXXX", name[64];
    weir_address address;
    weir_server *server;

    (void)state;
    assert_non_null(mkdtemp(path));
    snprintf(name, sizeof name, "%s/s", path);
    assert_int_equal(weir_address_unix(&address, name, strlen(name)), 0);
    assert_int_equal(weir_server_create(&server, the_loop, nobody_comes, NULL),
                     0);
    assert_int_equal(weir_server_listen(server, &address, NULL), 0);
    assert_int_equal(in_child(destroy_the_loop), 0);
    assert_int_equal(access(name, F_OK), 0);
    weir_server_close(server);
    assert_int_equal(access(name, F_OK), -1);
    rmdir(path);
    net_finish(&a);
}

static bool wait_in_a_child(void)
{
    char byte;

    return weir_socket_read_wait(a.socket, &byte, 1, 0) == -EBADF &&
           weir_socket_flush_wait(a.socket, 0) == -EBADF;
}

static void
a_child_that_waits_for_a_socket_takes_nothing_of_its_parents(void **state)
{
    char byte;

    (void)state;
    weir_socket_cork(a.socket);
    weir_socket_write(a.socket, "kept", 4, NULL, NULL);
    weir_socket_set_events(a.socket, NULL);
    raw_write(fd, "x", 1);
    assert_int_equal(in_child(wait_in_a_child), 0);
    assert_int_equal(weir_socket_read_wait(a.socket, &byte, 1, -1), 1);
    weir_socket_set_events(a.socket, &side_events);
    net_finish(&a);
}

static weir_address named;
static weir_server *served;

static bool listen_in_a_child(void)
{
    return weir_server_listen(served, &named, NULL) == -EBADF;
}

static void a_child_cannot_listen_for_its_parent(void **state)
{
    char path[] = "/tmp/weir-test-fork-XXXXXX", name[64];

    (void)state;
    assert_non_null(mkdtemp(path));
    snprintf(name, sizeof name, "%s/s", path);
    assert_int_equal(weir_address_unix(&named, name, strlen(name)), 0);
    assert_int_equal(weir_server_create(&served, the_loop, nobody_comes, NULL),
                     0);
    assert_int_equal(in_child(listen_in_a_child), 0);
    assert_int_equal(access(name, F_OK), -1);
    weir_server_close(served);
    rmdir(path);
    net_finish(&a);
}

static void never(weir_lookup *lookup, int status,
                  const weir_address *addresses, size_t count)
{
    (void)lookup, (void)status, (void)addresses, (void)count;
}

static bool look_up_in_a_child(void)
{
    weir_lookup *lookup;

    return weir_lookup_start(&lookup, the_loop, "b.test", NULL, never, NULL) ==
           -EBADF;
}

/* The channel that is open has its socket, over which it would ask. */
static void a_child_asks_nobody_over_its_parents_sockets(void **state)
{
    weir_address address = weir_address_loopback(0);
    int server = socket(AF_INET, SOCK_DGRAM, 0);
    char text[WEIR_ADDRESS_TEXT], question[512];
    weir_resolver_options options = { .servers = text, .timeout = 60000 };
    weir_lookup *lookup;

    (void)state;
    assert_int_equal(bind(server, &address.name.any, address.length), 0);
    getsockname(server, &address.name.any, &address.length);
    weir_address_text(&address, text, sizeof text);
    assert_int_equal(weir_resolver_configure(the_loop, &options), 0);
    assert_int_equal(
        weir_lookup_start(&lookup, the_loop, "a.test", NULL, never, NULL), 0);
    while (recv(server, question, sizeof question, MSG_DONTWAIT) > 0)
        ;
    assert_int_equal(in_child(look_up_in_a_child), 0);
    assert_int_equal(recv(server, question, sizeof question, MSG_DONTWAIT), -1);
    weir_lookup_cancel(lookup);
    close(server);
    net_finish(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_half_open_rule_sends_fin_although_a_child_lives),
        TEST(of_65536_forks_each_counts),
        TEST(an_end_after_the_peers_sends_fin_although_a_child_lives),
        TEST(a_reset_reaches_the_peer_although_a_child_lives),
        TEST(what_a_close_limits_ends_although_a_child_lives),
        TEST(a_destroyed_socket_is_the_childs_to_go_on_with),
        TEST(a_child_that_was_forked_while_it_connected_counts),
        TEST(a_reset_reaches_the_peer_although_it_forked_while_it_connected),
        TEST(a_reset_while_it_connects_reaches_the_peer_although_it_forked),
        TEST(an_attempt_that_is_given_up_ends_although_a_child_lives),
        TEST(a_reset_leaves_other_holders_of_a_unix_socket_alone),
        TEST(a_connection_that_came_after_a_fork_ends_by_its_close),
        TEST(a_child_that_destroys_the_loop_leaves_connections_alone),
        TEST(a_child_that_destroys_the_loop_leaves_the_socket_file),
        TEST(a_child_that_waits_for_a_socket_takes_nothing_of_its_parents),
        TEST(a_child_cannot_listen_for_its_parent),
        TEST(a_child_asks_nobody_over_its_parents_sockets),
    };

    return cmocka_run_group_tests_name("fork", tests, NULL, NULL);
}
