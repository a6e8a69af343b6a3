/*
 * test_socket_states.c - every state times every operation, and every event
 *
 * Each operation is tried in each state, and from inside the callback of each
 * event.
 */
#include "states_test.h"

/* ---------------------------------------------------------------- the table */

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_BOTH(each_state_answers_each_operation),
        TEST_ON_BOTH(each_operation_is_safe_in_each_event),
        TEST_ON_BOTH(each_operation_is_safe_while_connecting),
        TEST_ON_BOTH(each_operation_is_safe_in_the_error_event),
    };

    return cmocka_run_group_tests_name("states", tests, NULL, NULL);
}
