/*
 * test_socket_states.c - every state times every operation, and chaos
 *
 * The table below says what each operation answers in each state. Whatever it
 * was, the rest holds always: the socket's parts agree, every accepted write
 * is called back once, there is exactly one close, and it is last.
 *
 * The second half draws operations at random, in sequences and from inside
 * callbacks, against a peer that does the same.
 */
#include "test/support/net_test.h"

#include <netinet/tcp.h>

enum state {
    NEW,
    CONNECTING,
    OPEN,
    PAUSED,
    ENDING,    /* FIN behind a queue */
    FINISHED,  /* FIN sent */
    HALF_OPEN, /* the peer's FIN seen */
    FAILED,    /* writing has failed */
    LINGERING, /* closed, waiting for the peer's FIN */
    DESTROYED,
    STATES
};

static const char *const state_names[] = {
    "new",      "connecting", "open",         "paused",    "ending",
    "finished", "half-open",  "write failed", "lingering", "destroyed",
};

static const weir_socket_state public_states[] = {
    WEIR_SOCKET_NEW,        WEIR_SOCKET_CONNECTING, WEIR_SOCKET_OPEN,
    WEIR_SOCKET_OPEN,       WEIR_SOCKET_READ_ONLY,  WEIR_SOCKET_READ_ONLY,
    WEIR_SOCKET_WRITE_ONLY, WEIR_SOCKET_READ_ONLY,  WEIR_SOCKET_READ_ONLY,
    WEIR_SOCKET_CLOSED,
};

static struct side a, b;
static int fd, b_fd, listener;
static enum net_kind kind;
static weir_address address;
static unsigned accepted; /* writes with a callback */

/* ---------------------------------------------------- getting into a state */

static ssize_t failing_send(int to, const void *bytes, size_t size, int flags)
{
    (void)to, (void)bytes, (void)size, (void)flags;
    errno = EPIPE;
    return -1;
}

static void get_unconnected(bool connecting)
{
    side_init(&a);
    assert_int_equal(weir_socket_create(&a.socket, the_loop, &side_events, &a),
                     0);
    if (connecting)
        assert_int_equal(weir_socket_connect(a.socket, &address, NULL), 0);
}

static void get_write_failed(void)
{
    weir_sys.send = failing_send;
    assert_int_equal(weir_socket_write(a.socket, "x", 1, NULL, NULL), -EPIPE);
    weir_sys.send = faults_kernel()->send;
    net_settle();
}

static void get_half_open(void)
{
    weir_socket_set_half_open(a.socket, true);
    shutdown(fd, SHUT_WR);
    RUN_UNTIL(strchr(a.log, 'e'));
}

static void get_into(enum state state)
{
    accepted = 0;
    fd = -1;
    listener = net_listener(kind, &address);
    if (state == NEW || state == CONNECTING) {
        get_unconnected(state == CONNECTING);
        return;
    }
    fd = net_raw(kind, &a);
    if (state == PAUSED)
        weir_socket_pause(a.socket);
    if (state == ENDING)
        net_stuff(&a);
    if (state == ENDING || state == FINISHED)
        weir_socket_end(a.socket);
    if (state == FINISHED)
        raw_expect_end(fd);
    if (state == HALF_OPEN)
        get_half_open();
    if (state == FAILED)
        get_write_failed();
    if (state == LINGERING)
        weir_socket_close(a.socket);
    if (state == DESTROYED)
        weir_socket_destroy(a.socket);
}

/* --------------------------------------------------------- the operations */

static int count_accepted(int result)
{
    accepted += result >= 0;
    return result;
}

static int op_write(void)
{
    return count_accepted(weir_socket_write(a.socket, "x", 1, side_wrote, &a));
}

static int op_write_nothing(void)
{
    int result = weir_socket_write(a.socket, "", 0, side_wrote, &a);

    return count_accepted(result) > 0 ? 0 : result;
}

static int op_writev(void)
{
    struct iovec pieces[2] = { { (void *)"x", 1 }, { (void *)"y", 1 } };

    return count_accepted(
        weir_socket_writev(a.socket, pieces, 2, side_wrote, &a));
}

static unsigned owned, released;

static void count_release(void *bytes, size_t length, void *argument)
{
    (void)bytes, (void)length, (void)argument;
    released++;
}

static int op_write_owned(void)
{
    int result = weir_socket_write_owned(a.socket, (void *)"x", 1,
                                         count_release, NULL, NULL);

    owned += result >= 0;
    return result;
}

static int op_write_buffer(void)
{
    weir_buffer *buffer = weir_buffer_copy("x", 1);
    int result = weir_socket_write_buffer(a.socket, buffer, side_wrote, &a);

    weir_buffer_unref(buffer);
    return count_accepted(result);
}

static int op_end(void)
{
    return weir_socket_end(a.socket);
}

static int op_close(void)
{
    weir_socket_close(a.socket);
    return 0;
}

static int op_destroy(void)
{
    weir_socket_destroy(a.socket);
    return 0;
}

static int op_reset(void)
{
    weir_socket_reset(a.socket);
    return 0;
}

static int op_pause(void)
{
    weir_socket_pause(a.socket);
    return !weir_socket_paused(a.socket);
}

static int op_resume(void)
{
    weir_socket_resume(a.socket);
    return weir_socket_paused(a.socket);
}

static int op_set_timeout(void)
{
    weir_socket_set_timeout(a.socket, 3);
    return 0;
}

static int op_clear_timeout(void)
{
    weir_socket_set_timeout(a.socket, 0);
    return 0;
}

static int op_half_open(void)
{
    weir_socket_set_half_open(a.socket, true);
    weir_socket_set_half_open(a.socket, false);
    return 0;
}

static int op_set_events(void)
{
    weir_socket_set_events(a.socket, NULL);
    weir_socket_set_events(a.socket, &side_events);
    return 0;
}

static int op_pipe_from(void)
{
    return weir_socket_pipe(a.socket, b.socket);
}

static int op_pipe_to(void)
{
    return weir_socket_pipe(b.socket, a.socket);
}

static int op_pipe_to_itself(void)
{
    return weir_socket_pipe(a.socket, a.socket);
}

static int op_unpipe(void)
{
    return weir_socket_unpipe(a.socket);
}

static int op_connect(void)
{
    return weir_socket_connect(a.socket, &address, NULL);
}

static int op_connect_host(void)
{
    return weir_socket_connect_host(a.socket, "127.0.0.1", 1, NULL);
}

static int op_adopt(void)
{
    int fds[2];
    int result;

    test_socketpair(fds);
    result = weir_socket_adopt(a.socket, fds[0]);
    if (result < 0)
        close(fds[0]);
    close(fds[1]);
    return result;
}

static int op_cork(void)
{
    int result = weir_socket_cork(a.socket);

    return result < 0 ? result : weir_socket_uncork(a.socket);
}

static int op_uncork(void)
{
    return weir_socket_uncork(a.socket);
}

static int op_high_water(void)
{
    return weir_socket_set_high_water(a.socket, 100);
}

static int op_limit(void)
{
    return weir_socket_set_write_limit(a.socket, 1 << 30);
}

static int op_no_delay(void)
{
    return weir_socket_set_no_delay(a.socket, true);
}

static int op_keep_alive(void)
{
    return weir_socket_set_keep_alive(a.socket, true, 10, 10, 10);
}

static int op_set_tos(void)
{
    return weir_socket_set_tos(a.socket, 16);
}

static int op_tos(void)
{
    int tos = weir_socket_tos(a.socket);

    return tos > 0 ? 0 : tos;
}

static int op_set_buffers(void)
{
    int result = weir_socket_set_send_buffer(a.socket, 50000);

    return result ? result : weir_socket_set_receive_buffer(a.socket, 50000);
}

static int op_send_buffer(void)
{
    int size = weir_socket_send_buffer(a.socket);

    return size > 0 ? 0 : size;
}

static int op_receive_buffer(void)
{
    int size = weir_socket_receive_buffer(a.socket);

    return size > 0 ? 0 : size;
}

static int op_release(void)
{
    int descriptor = weir_socket_release(a.socket);

    return descriptor >= 0 ? close(descriptor) : descriptor;
}

static int op_local_address(void)
{
    weir_address local;

    return weir_socket_local_address(a.socket, &local);
}

/* The peer of a connection whose writing failed may be known or not. */
static int op_remote_address(void)
{
    weir_address remote;

    return weir_socket_remote_address(a.socket, &remote);
}

static int op_fd(void)
{
    return weir_socket_fd(a.socket) >= 0 ? 0 : -1;
}

static int op_references(void)
{
    weir_socket_unref(a.socket);
    weir_socket_ref(a.socket);
    return 0;
}

static int op_accessors(void)
{
    char text[64];

    weir_socket_error_text(a.socket, text, sizeof text);
    weir_socket_set_data(a.socket, &a);
    assert_ptr_equal(weir_socket_data(a.socket), &a);
    assert_ptr_equal(weir_socket_loop(a.socket), the_loop);
    assert_null(weir_socket_server(a.socket));
    (void)weir_socket_buffered(a.socket);
    (void)weir_socket_timeout(a.socket);
    return 0;
}

/* ---------------------------------------------------------------- the table */

enum {
    NC = -ENOTCONN,
    BF = -EBADF,
    PI = -EPIPE,
    IC = -EISCONN,
    AL = -EALREADY,
    IV = -EINVAL,
    BU = -EBUSY,
    NS = -ENOTSUP
};

/* For options: as on TCP; on a UNIX socket, NS where it says 0. */
enum { ALL_KINDS, TCP_ONLY };

static const struct operation {
    const char *name;
    int (*run)(void);
    int scope;
    int expected[STATES];
} operations[] = {
    /* new, connecting, open, paused, ending, finished, half-open, failed,
     * lingering, destroyed */
    { "write", op_write, 0, { NC, 1, 0, 0, PI, PI, 0, PI, PI, BF } },
    { "write nothing",
      op_write_nothing,
      0,
      { NC, 0, 0, 0, PI, PI, 0, PI, PI, BF } },
    { "writev", op_writev, 0, { NC, 1, 0, 0, PI, PI, 0, PI, PI, BF } },
    { "write_owned",
      op_write_owned,
      0,
      { NC, 1, 0, 0, PI, PI, 0, PI, PI, BF } },
    { "write_buffer",
      op_write_buffer,
      0,
      { NC, 1, 0, 0, PI, PI, 0, PI, PI, BF } },
    { "end", op_end, 0, { NC, 0, 0, 0, 0, 0, 0, 0, 0, BF } },
    { "close", op_close, 0, { 0 } },
    { "destroy", op_destroy, 0, { 0 } },
    { "reset", op_reset, 0, { 0 } },
    { "pause", op_pause, 0, { 0, 0, 0, 0, 0, 0, 0, 0, 1, 0 } },
    { "resume", op_resume, 0, { 0 } },
    { "set_timeout", op_set_timeout, 0, { 0 } },
    { "clear timeout", op_clear_timeout, 0, { 0 } },
    { "set_half_open", op_half_open, 0, { 0 } },
    { "set_events", op_set_events, 0, { 0 } },
    { "pipe from it", op_pipe_from, 0, { NC, 0, 0, 0, 0, 0, 0, 0, BU, BF } },
    { "pipe to it", op_pipe_to, 0, { NC, 0, 0, 0, PI, PI, 0, PI, PI, BF } },
    { "pipe to itself",
      op_pipe_to_itself,
      0,
      { NC, 0, 0, 0, PI, PI, 0, PI, BU, BF } },
    { "unpipe", op_unpipe, 0, { IV, IV, IV, IV, IV, IV, IV, IV, IV, IV } },
    { "connect", op_connect, 0, { 0, AL, IC, IC, IC, IC, IC, IC, IC, BF } },
    { "connect_host",
      op_connect_host,
      0,
      { 0, AL, IC, IC, IC, IC, IC, IC, IC, BF } },
    { "adopt", op_adopt, 0, { 0, IC, IC, IC, IC, IC, IC, IC, IC, BF } },
    { "cork, uncork", op_cork, 0, { 0 } },
    { "uncork", op_uncork, 0, { IV, IV, IV, IV, 0, 0, IV, 0, 0, IV } },
    { "set_high_water", op_high_water, 0, { 0 } },
    { "set_write_limit", op_limit, 0, { 0 } },
    { "set_no_delay",
      op_no_delay,
      TCP_ONLY,
      { NC, NC, 0, 0, 0, 0, 0, 0, 0, BF } },
    { "set_keep_alive",
      op_keep_alive,
      TCP_ONLY,
      { NC, NC, 0, 0, 0, 0, 0, 0, 0, BF } },
    { "set_tos", op_set_tos, TCP_ONLY, { NC, NC, 0, 0, 0, 0, 0, 0, 0, BF } },
    { "tos", op_tos, TCP_ONLY, { NC, NC, 0, 0, 0, 0, 0, 0, 0, BF } },
    { "set buffers", op_set_buffers, 0, { NC, NC, 0, 0, 0, 0, 0, 0, 0, BF } },
    { "send_buffer", op_send_buffer, 0, { NC, NC, 0, 0, 0, 0, 0, 0, 0, BF } },
    { "receive_buffer",
      op_receive_buffer,
      0,
      { NC, NC, 0, 0, 0, 0, 0, 0, 0, BF } },
    { "release", op_release, 0, { NC, NC, 0, 0, BU, 0, 0, PI, BF, BF } },
    { "local_address",
      op_local_address,
      0,
      { NC, NC, 0, 0, 0, 0, 0, 0, 0, BF } },
    { "remote_address",
      op_remote_address,
      0,
      { NC, NC, 0, 0, 0, 0, 0, 0, 0, BF } },
    { "fd", op_fd, 0, { -1, -1, 0, 0, 0, 0, 0, 0, 0, -1 } },
    { "references", op_references, 0, { 0 } },
    { "accessors", op_accessors, 0, { 0 } },
};

static void swallow(int from)
{
    char bytes[65536];

    while (recv(from, bytes, sizeof bytes, 0) > 0)
        ;
}

/* Gives the socket every reason to close, then closes it. */
static void come_to_an_end(void)
{
    for (int i = 0; i < 4; i++) {
        if (fd >= 0)
            swallow(fd);
        swallow(b_fd);
        weir_loop_run_once(the_loop, 0);
    }
    if (fd >= 0)
        close(fd);
    fd = -1;
    net_settle();
    if (a.socket && !a.closed) {
        assert_sound(a.socket);
        weir_socket_destroy(a.socket);
    }
    if (b.socket && !b.closed)
        weir_socket_destroy(b.socket);
    close(b_fd);
    close(listener);
    RUN_UNTIL(a.closed && b.closed);
    weir_loop_run_once(the_loop, 0);
}

static void check_the_end(void)
{
    const char *close_event = strchr(a.log, 'x');

    assert_non_null(close_event);
    if (a.logged < SIDE_LOG)
        assert_string_equal(close_event, "x");
    assert_int_equal(a.written + a.failed, accepted);
    assert_int_equal(owned, released);
}

static int expected(const struct operation *operation, enum state state)
{
    int answer = operation->expected[state];

    if (kind == NET_UNIX && operation->scope == TCP_ONLY && answer == 0)
        return NS;
    return answer;
}

/* Under Valgrind a part of the cells; the sanitizers see all of them. */
static bool left_out(void)
{
    static size_t cell;

    return cell++ % (2 / test_rounds(2, 2)) != 0;
}

static void try_cell(const struct operation *operation, enum state state)
{
    int result;

    if (left_out())
        return;
    owned = released = 0;
    b_fd = net_adopted(kind, &b);
    get_into(state);
    if (!a.closed)
        assert_int_equal(weir_socket_get_state(a.socket), public_states[state]);
    a.busy = '('; /* no event from inside the call */
    result = operation->run();
    a.busy = 0;
    if (result != expected(operation, state))
        fail_msg("%s: %s: %d, not %d", state_names[state], operation->name,
                 result, expected(operation, state));
    assert_sound(a.socket);
    a.busy = '(';
    (void)operation->run(); /* once more, whatever it answers */
    a.busy = 0;
    assert_sound(a.socket);
    come_to_an_end();
    check_the_end();
}

static void each_state_answers_each_operation(void **state)
{
    kind = NET_KIND(state);
    for (int s = 0; s < STATES; s++)
        for (size_t i = 0; i < COUNT(operations); i++)
            try_cell(&operations[i], (enum state)s);
}

/* ------------------------------------ every operation in every event */

static const struct operation *to_run;
static char in_event;

static void run_in_event(struct side *side, char event)
{
    if (event != in_event || side != &a)
        return;
    (void)to_run->run();
    assert_sound(side->socket);
    if (event != 'x')
        (void)to_run->run();
}

/* The peer may have been reset meanwhile. */
static void peer_sends(const char *text)
{
    if (fd >= 0)
        (void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static void provoke(void)
{
    (void)op_write();
    (void)op_write_owned();
    net_stuff(&a);
    (void)op_write();
    weir_socket_set_timeout(a.socket, 1);
    peer_sends("hello");
    for (int i = 0; i < 5; i++)
        weir_loop_run_once(the_loop, 1);
    swallow(fd);
    net_settle();
    peer_sends("world");
    shutdown(fd, SHUT_WR);
    net_settle();
}

static void try_in_event(const struct operation *operation, char event)
{
    if (left_out())
        return;
    owned = released = accepted = 0;
    to_run = operation;
    in_event = event;
    b_fd = net_adopted(kind, &b);
    listener = net_listener(kind, &address);
    fd = net_raw(kind, &a);
    a.hook = run_in_event;
    provoke();
    come_to_an_end();
    check_the_end();
}

static void each_operation_is_safe_in_each_event(void **state)
{
    static const char events[] = "deDtwWx";

    kind = NET_KIND(state);
    for (const char *event = events; *event; event++)
        for (size_t i = 0; i < COUNT(operations); i++)
            try_in_event(&operations[i], *event);
}

static void try_while_connecting(const struct operation *operation, char event)
{
    int from = -1;

    if (left_out())
        return;
    owned = released = accepted = 0;
    to_run = operation;
    in_event = event;
    b_fd = net_adopted(kind, &b);
    listener = net_listener(kind, &address);
    if (event == 'B') { /* refused */
        close(listener);
        listener = dup(b_fd);
    }
    get_unconnected(true);
    fd = -1;
    a.hook = run_in_event;
    (void)op_write();
    (void)op_write_nothing();
    net_settle();
    if (event != 'B') {
        fcntl(listener, F_SETFL, O_NONBLOCK);
        from = accept(listener, NULL, NULL);
    }
    if (from >= 0) {
        fcntl(from, F_SETFL, O_NONBLOCK);
        swallow(from);
        close(from);
    }
    come_to_an_end();
    check_the_end();
}

static void each_operation_is_safe_while_connecting(void **state)
{
    static const char events[] = "ACBW!x";

    kind = NET_KIND(state);
    for (const char *event = events; *event; event++)
        for (size_t i = 0; i < COUNT(operations); i++)
            try_while_connecting(&operations[i], *event == '!' ? 'B' : *event);
}

/* In `error`: of a failed write, and of a failed read. */
static void try_in_error(const struct operation *operation, bool reading)
{
    if (left_out())
        return;
    owned = released = accepted = 0;
    to_run = operation;
    in_event = '!';
    b_fd = net_adopted(kind, &b);
    listener = net_listener(kind, &address);
    fd = net_raw(kind, &a);
    a.hook = run_in_event;
    if (reading) {
        net_stuff(&a);
        (void)op_write();
        raw_reset(fd);
        fd = -1;
    } else {
        get_write_failed();
        peer_sends("x");
    }
    net_settle();
    come_to_an_end();
    check_the_end();
}

static void each_operation_is_safe_in_the_error_event(void **state)
{
    kind = NET_KIND(state);
    for (size_t i = 0; i < COUNT(operations); i++) {
        try_in_error(&operations[i], true);
        try_in_error(&operations[i], false);
    }
}

/* ------------------------------------------------------------------- chaos */

static struct test_random rnd;
static unsigned depth;

static void some_operation(void)
{
    (void)operations[test_below(&rnd, COUNT(operations))].run();
}

static void operate_in_event(struct side *side, char event)
{
    (void)event;
    if (!side->socket || depth || !test_once_in(&rnd, 3))
        return;
    depth++;
    some_operation();
    assert_sound(a.socket);
    depth--;
}

static void peer_acts(void)
{
    char bytes[3000] = "";

    if (fd < 0)
        return;
    switch (test_below(&rnd, 10)) {
    case 0:
    case 1:
    case 2:
        (void)!send(fd, bytes, test_below(&rnd, sizeof bytes), MSG_NOSIGNAL);
        break;
    case 3:
        shutdown(fd, SHUT_WR);
        break;
    case 4:
        if (test_once_in(&rnd, 4)) {
            raw_reset(fd);
            fd = -1;
        }
        break;
    default:
        swallow(fd);
    }
}

static void some_sequence(void)
{
    owned = released = 0;
    b_fd = net_adopted(kind, &b);
    get_into((enum state)test_below(&rnd, STATES));
    a.hook = operate_in_event;
    for (int i = 0; i < 20 && !a.closed; i++) {
        /* Mostly writes: the others end it soon. */
        if (test_once_in(&rnd, 3))
            (void)op_write();
        else
            some_operation();
        assert_sound(a.socket);
        peer_acts();
        if (test_once_in(&rnd, 2))
            weir_loop_run_once(the_loop, 0);
    }
    a.hook = NULL;
    come_to_an_end();
    check_the_end();
}

static void random_operations_end_in_one_close(void **state)
{
    kind = NET_KIND(state);
    test_seed(&rnd, test_new_seed());
    print_message("seed %llu\n", (unsigned long long)rnd.seed);
    for (size_t i = 0; i < test_rounds(500, 10); i++)
        some_sequence();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_BOTH(each_state_answers_each_operation),
        TEST_ON_BOTH(each_operation_is_safe_in_each_event),
        TEST_ON_BOTH(each_operation_is_safe_while_connecting),
        TEST_ON_BOTH(each_operation_is_safe_in_the_error_event),
        TEST_ON_BOTH(random_operations_end_in_one_close),
    };

    return cmocka_run_group_tests_name("states", tests, NULL, NULL);
}
