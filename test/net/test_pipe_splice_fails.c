/*
 * test_pipe_splice_fails.c - streams cut short with bytes inside
 *
 * Whatever ends them, bytes are given back and descriptors closed; each system
 * call may fail; and where descriptors are short, pipes that are idle make
 * room.
 */
#include "splice_test.h"

#ifdef WEIR_SYS_SPLICE

/* ---------------------------------------------------------------- cut short */

static void whatever_ends_a_socket_takes_their_descriptors_along(void **state)
{
    static void (*const ways[])(weir_socket *) = { weir_socket_destroy,
                                                   weir_socket_reset,
                                                   weir_socket_close };
    enum net_kind kind = NET_KIND(state);

    for (size_t i = 0; i < 2 * COUNT(ways); i++) {
        struct side *victim = i % 2 ? &from : &to;

        connect_all(kind);
        join();
        make_bulk();
        fill();
        ways[i / 2](victim->socket);
        weir_socket_destroy(victim->socket);
        RUN_UNTIL(from.closed && to.closed);
        assert_int_equal(held(), 0);
        finish();
    }
}

static void a_destination_that_breaks_ends_the_source(void **state)
{
    connect_all(NET_KIND(state));
    join();
    make_bulk();
    fill();
    close(to_peer);
    to_peer = -1;
    RUN_UNTIL(from.closed && to.closed);
    assert_true(to.had_error);
    assert_side(&from, "x");
    finish();
}

static void a_source_that_breaks_resets_a_full_destination(void **state)
{
    (void)state;
    connect_all(NET_TCP);
    join();
    make_bulk();
    cork_some(20 * KB);
    raw_reset(from_peer);
    from_peer = -1;
    RUN_UNTIL(from.closed && to.closed);
    assert_int_equal(from.error, -ECONNRESET);
    raw_expect_reset(to_peer);
    finish();
}

static void a_loop_may_be_destroyed_with_bytes_in_there(void **state)
{
    connect_all(NET_KIND(state));
    join();
    make_bulk();
    fill();
    test_destroy_loop();
    assert_string_equal(from.log, "x");
    assert_string_equal(to.log, "x");
    shut_peers();
}

static void a_write_that_fails_gives_its_bytes_back(void **state)
{
    uint64_t before;

    (void)state;
    connect_all(NET_TCP);
    join_bytes();
    make_bulk();
    before = fed;
    weir_socket_pause(to.socket);
    raw_reset(to_peer);
    to_peer = -1;
    feed(40 * KB);
    RUN_UNTIL(from.received == fed - before);
    assert_given_back(before);
    assert_side(&from, "d");
    RUN_UNTIL(to.error);
    assert_int_equal(to.error, -ECONNRESET);
    weir_socket_destroy(from.socket);
    weir_socket_destroy(to.socket);
    RUN_UNTIL(from.closed && to.closed);
    finish();
}

/* ------------------------------------------------------------------ faults */

/* Takes what comes until all is there or nothing has moved for long: a call
 * that says EAGAIN when that is not so may stop a socket for ever. */
static bool arrives(void)
{
    for (unsigned idle = 0; got < fed && idle < 20; idle++) {
        uint64_t before = got;

        if (weir_loop_run_once(the_loop, idle ? 1 : 0) < 0)
            return false;
        take(SIZE_MAX);
        if (got != before)
            idle = 0;
    }
    return got == fed;
}

/* Bulk, a destination that is held up, bulk again, the end. True when all of
 * it has arrived. */
static bool carry(void)
{
    bool corked;

    feed(BULK);
    if (!arrives())
        return false;
    corked = to.socket && weir_socket_cork(to.socket) == 0;
    for (int i = 0; i < 2; i++) {
        feed(20 * KB);
        for (int turn = 0; turn < 4; turn++)
            if (weir_loop_run_once(the_loop, 0) < 0)
                return false;
    }
    if (corked && to.socket)
        weir_socket_uncork(to.socket);
    feed(BULK);
    shutdown(from_peer, SHUT_WR);
    if (!arrives())
        return false;
    for (int turn = 0; turn < 20; turn++) {
        char byte;

        if (recv(to_peer, &byte, 1, 0) == 0)
            return true;
        if (weir_loop_run_once(the_loop, 1) < 0)
            return false;
    }
    return false;
}

/* Failures that bytes go around, or do not notice. */
static bool is_harmless(void)
{
    static const char *const ways_around[] = { "pipe2", "fcntl", "sigprocmask",
                                               "sigpending", "sigtimedwait" };
    int error = faults_errno();

    for (size_t i = 0; i < COUNT(ways_around); i++)
        if (!strcmp(faults_what(), ways_around[i]))
            return true;
    return error == EINTR || (!strcmp(faults_what(), "splice") &&
                              (error == EINVAL || error == ENOMEM));
}

/* Once with this fault; true when something was made fail. */
static bool carry_with(enum net_kind kind, const struct fault *fault)
{
    static const struct fault none;
    unsigned descriptors = test_open_descriptors(), struck;
    size_t live;
    bool arrived;

    faults_arm(&none);
    live = faults_live();
    assert_int_equal(weir_loop_create(&the_loop), 0);
    from_peer = net_raw(kind, &from);
    to_peer = net_raw(kind, &to);
    fed = got = 0;
    join();
    faults_arm(fault);
    arrived = carry();
    struck = faults_struck();
    if (!struck || (is_harmless() && !fault->onward))
        assert_true(arrived);
    faults_disarm();
    net_finish(&from);
    net_finish(&to);
    shut_peers();
    assert_int_equal(held(), 0);
    test_destroy_loop();
    assert_int_equal(faults_live(), live);
    assert_int_equal(test_open_descriptors(), descriptors);
    faults_restore();
    return struck > 0;
}

static void sweep(enum net_kind kind, bool onward, const char *only)
{
    for (unsigned variant = 0; variant < 5; variant++) {
        struct fault fault = { .onward = onward,
                               .variant = variant,
                               .only = only };

        for (fault.nth = 1; carry_with(kind, &fault); fault.nth++)
            ;
        assert_true(fault.nth > 1);
    }
}

static void each_call_may_fail_once(void **state)
{
    sweep(*(const enum net_kind *)*state, false, NULL);
}

static void each_call_may_fail_from_then_on(void **state)
{
    sweep(*(const enum net_kind *)*state, true, NULL);
}

static void splice_may_fail_whenever_it_is_called(void **state)
{
    sweep(*(const enum net_kind *)*state, true, "splice");
    sweep(*(const enum net_kind *)*state, true, "pipe2");
    sweep(*(const enum net_kind *)*state, true, "sigprocmask");
}

#define SWEEP_ON_BOTH(function)                                                \
    { #function " (TCP)", function, NULL, NULL, (void *)&net_kinds[NET_TCP] }, \
    {                                                                          \
#function " (UNIX)", function, NULL, NULL,                             \
            (void *)&net_kinds[NET_UNIX]                                       \
    }

/* ------------------------------------------------------ no descriptor left */

static unsigned accepted;

static void count_and_destroy(weir_server *server, weir_socket *socket)
{
    (void)server;
    accepted++;
    weir_socket_destroy(socket);
}

/* There is a descriptor left for a connection only when no pipe is idle. */
static int accept_beside_pipes(int fd, struct sockaddr *name, socklen_t *size,
                               int flags)
{
    if (net()->pipes) {
        errno = EMFILE;
        return -1;
    }
    return accept4(fd, name, size, flags);
}

/* The same for a descriptor that is made. */
static int socket_beside_pipes(int family, int type, int protocol)
{
    if (net()->pipes) {
        errno = EMFILE;
        return -1;
    }
    return socket(family, type, protocol);
}

/* Pipes that nothing is in, any more. */
static void leave_pipes(void)
{
    connect_all(NET_TCP);
    join();
    make_bulk();
    feed(BULK);
    take_all();
    net_settle();
    assert_true(net()->pipes_idle > 0);
}

static void idle_pipes_make_room_for_a_connection(void **state)
{
    weir_address address = weir_address_loopback(0);
    weir_server *server;
    int client;

    (void)state;
    leave_pipes();
    assert_int_equal(
        weir_server_create(&server, the_loop, count_and_destroy, NULL), 0);
    assert_int_equal(weir_server_listen(server, &address, NULL), 0);
    assert_int_equal(weir_server_address(server, &address), 0);
    client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(
        connect(client, &address.name.any, (socklen_t)address.length), 0);
    accepted = 0;
    weir_sys.accept4 = accept_beside_pipes;
    RUN_UNTIL(accepted == 1);
    weir_sys.accept4 = accept4;
    assert_int_equal(net()->pipe_count, 0);
    weir_server_close(server);
    close(client);
    net_settle();
    finish();
}

static void idle_pipes_make_room_for_a_connection_that_is_made(void **state)
{
    static struct side side;
    weir_address address;
    int listener = net_listener(NET_TCP, &address);

    (void)state;
    leave_pipes();
    side_init(&side);
    assert_int_equal(
        weir_socket_create(&side.socket, the_loop, &side_events, &side), 0);
    weir_sys.socket = socket_beside_pipes;
    assert_int_equal(weir_socket_connect(side.socket, &address, NULL), 0);
    RUN_UNTIL(side.closed || strchr(side.log, 'C'));
    weir_sys.socket = socket;
    assert_side(&side, "AC");
    assert_int_equal(net()->pipe_count, 0);
    net_finish(&side);
    close(listener);
    finish();
}

static void idle_pipes_make_room_for_a_listener(void **state)
{
    weir_address address = weir_address_loopback(0);
    weir_server *server;

    (void)state;
    leave_pipes();
    assert_int_equal(
        weir_server_create(&server, the_loop, count_and_destroy, NULL), 0);
    weir_sys.socket = socket_beside_pipes;
    assert_int_equal(weir_server_listen(server, &address, NULL), 0);
    weir_sys.socket = socket;
    assert_int_equal(net()->pipe_count, 0);
    weir_server_close(server);
    net_settle();
    finish();
}

static int open_beside_pipes(const char *path, int flags, ...)
{
    if (net()->pipes) {
        errno = EMFILE;
        return -1;
    }
    return faults_kernel()->open(path, flags);
}

static int looked_up;

static void note_lookup(weir_lookup *lookup, int status,
                        const weir_address *addresses, size_t count)
{
    (void)lookup, (void)addresses, (void)count;
    looked_up = status;
}

static void idle_pipes_make_room_for_a_lookup(void **state)
{
    weir_lookup *lookup;

    (void)state;
    leave_pipes();
    looked_up = 1;
    weir_sys.open = open_beside_pipes;
    assert_int_equal(weir_lookup_start(&lookup, the_loop, "localhost", NULL,
                                       note_lookup, NULL),
                     0);
    RUN_UNTIL(looked_up != 1);
    weir_sys.open = faults_kernel()->open;
    assert_int_equal(looked_up, 0);
    assert_int_equal(net()->pipe_count, 0);
    finish();
}

static void idle_pipes_make_room_for_a_resolver(void **state)
{
    weir_resolver *resolver;

    (void)state;
    leave_pipes();
    weir_sys.open = open_beside_pipes;
    assert_int_equal(weir_resolver_create(&resolver, the_loop, NULL), 0);
    weir_sys.open = faults_kernel()->open;
    assert_int_equal(net()->pipe_count, 0);
    weir_resolver_destroy(resolver);
    finish();
}

int main(void)
{
    const struct CMUnitTest either_way[] = {
        TEST_ON_BOTH(whatever_ends_a_socket_takes_their_descriptors_along),
        TEST_ON_BOTH(a_destination_that_breaks_ends_the_source),
        TEST_ON_LOOP(a_source_that_breaks_resets_a_full_destination),
        TEST_ON_BOTH(a_loop_may_be_destroyed_with_bytes_in_there),
        TEST_ON_LOOP(a_write_that_fails_gives_its_bytes_back),
    };
    const struct CMUnitTest moved[] = {
        TEST_ON_LOOP(idle_pipes_make_room_for_a_connection),
        TEST_ON_LOOP(idle_pipes_make_room_for_a_connection_that_is_made),
        TEST_ON_LOOP(idle_pipes_make_room_for_a_listener),
        TEST_ON_LOOP(idle_pipes_make_room_for_a_lookup),
        TEST_ON_LOOP(idle_pipes_make_room_for_a_resolver),
        SWEEP_ON_BOTH(each_call_may_fail_once),
        SWEEP_ON_BOTH(each_call_may_fail_from_then_on),
        SWEEP_ON_BOTH(splice_may_fail_whenever_it_is_called),
    };
    int failed = cmocka_run_group_tests_name("moved", moved, with_splice, NULL);

    failed += cmocka_run_group_tests_name("either way, moved", either_way,
                                          with_splice, NULL);
    failed += cmocka_run_group_tests_name("either way, copied", either_way,
                                          without_splice, NULL);
    return failed;
}

#else

int main(void)
{
    return run_without_splice();
}

#endif
