/*
 * test_socket_chaos.c - operations at random, against a peer that does the same
 *
 * In sequences and from inside callbacks. The seed is printed; WEIR_TEST_SEED
 * makes a run come again.
 */
#include "states_test.h"

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
        TEST_ON_BOTH(random_operations_end_in_one_close),
    };

    return cmocka_run_group_tests_name("chaos", tests, NULL, NULL);
}
