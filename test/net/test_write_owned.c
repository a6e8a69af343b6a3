/*
 * test_write_owned.c - memory that is written without a copy
 *
 * Handed over with a release, or shared by several sockets: it is given back
 * once, not before it was sent, and not at all when the write was refused.
 */
#include "write_test.h"

static char memory[300000];

static int write_owned(size_t length)
{
    int result;

    INSIDE;
    result = weir_socket_write_owned(a.socket, memory, length, side_release,
                                     side_wrote, &a);
    OUTSIDE;
    return result;
}

/* `argument` goes to both: the test tells them apart by their letters. */
static void owned_memory_is_released_once_and_before_the_callback(void **state)
{
    (void)state;
    assert_int_equal(write_owned(5), WEIR_SENT);
    assert_side(&a, "");
    RUN_UNTIL(a.written);
    net_settle();
    assert_side(&a, "rw");
    raw_skip(fd, 5, NULL);
}

static void owned_memory_is_not_released_before_all_of_it_is_sent(void **state)
{
    size_t stuffed = net_stuff(&a);

    (void)state;
    assert_int_equal(write_owned(sizeof memory), WEIR_WAIT);
    net_settle();
    assert_side(&a, "");
    raw_skip(fd, stuffed + sizeof memory, NULL);
    RUN_UNTIL(a.written);
    net_settle();
    assert_side(&a, "rwD");
}

static void owned_memory_without_a_callback_is_released_too(void **state)
{
    (void)state;
    assert_int_equal(
        weir_socket_write_owned(a.socket, memory, 5, side_release, NULL, &a),
        WEIR_SENT);
    assert_int_equal(
        weir_socket_write_owned(a.socket, NULL, 0, side_release, NULL, &a),
        WEIR_SENT);
    net_settle();
    assert_side(&a, "rr");
}

static void owned_memory_is_released_when_the_socket_is_destroyed(void **state)
{
    (void)state;
    net_stuff(&a);
    write_owned(sizeof memory);
    write_owned(0);
    INSIDE;
    weir_socket_destroy(a.socket);
    OUTSIDE;
    RUN_UNTIL(a.closed);
    assert_side(&a, "rWrWx");
}

static void refused_memory_stays_the_callers(void **state)
{
    struct fault fault = { .nth = 1, .onward = true, .only = "malloc" };

    (void)state;
    weir_socket_set_write_limit(a.socket, 10);
    assert_int_equal(write_owned(11), -ENOBUFS);
    weir_socket_set_write_limit(a.socket, 0);
    faults_arm(&fault);
    assert_int_equal(write_owned(5), -ENOMEM);
    fault.nth = 2;
    faults_arm(&fault);
    assert_int_equal(write_owned(5), -ENOMEM);
    faults_disarm();
    weir_socket_end(a.socket);
    assert_int_equal(write_owned(5), -EPIPE);
    weir_socket_destroy(a.socket);
    assert_int_equal(write_owned(5), -EBADF);
    RUN_UNTIL(a.closed);
    assert_side(&a, "x");
}

static void memory_that_send_refuses_stays_the_callers(void **state)
{
    (void)state;
    weir_sys.send = failing_send;
    fail_once = EPIPE;
    assert_int_equal(write_owned(5), -EPIPE);
    fail_once = 0;
    net_settle();
    assert_int_equal(a.released, 0);
    assert_side(&a, "!");
}

static void a_release_that_destroys_the_socket_is_safe(void **state)
{
    (void)state;
    net_stuff(&a);
    write_owned(10);
    weir_socket_destroy(a.socket);
    RUN_UNTIL(a.closed);
    assert_side(&a, "rWx");
}

static void destroy_in_release(struct side *side, char event)
{
    if (event == 'r')
        weir_socket_destroy(side->socket);
}

static void a_socket_destroyed_in_release_still_calls_back(void **state)
{
    (void)state;
    a.hook = destroy_in_release;
    write_owned(10);
    write_owned(10);
    net_stuff(&a);
    write_owned(10);
    RUN_UNTIL(a.closed);
    assert_side(&a, "rwrwrWx");
}

static void write_in_release(struct side *side, char event)
{
    if (event == 'r' && side->released < 5)
        assert_true(weir_socket_write_owned(side->socket, memory, 5,
                                            side_release, side_wrote,
                                            side) >= 0);
}

static void a_release_may_write(void **state)
{
    (void)state;
    a.hook = write_in_release;
    write_owned(5);
    RUN_UNTIL(a.written == 5);
    net_settle();
    assert_side(&a, "rwrwrwrwrw");
    raw_skip(fd, 25, NULL);
}

static void a_shared_buffer_that_is_sent_at_once_is_not_kept(void **state)
{
    weir_buffer *buffer = weir_buffer_wrap(memory, 100, side_release, &a);

    (void)state;
    net_count();
    assert_int_equal(weir_socket_write_buffer(a.socket, buffer, NULL, NULL),
                     WEIR_SENT);
    weir_buffer_unref(buffer);
    assert_side(&a, "r");
    raw_skip(fd, 100, NULL);
}

static void a_shared_buffer_is_not_copied_and_outlives_its_owner(void **state)
{
    weir_buffer *buffer =
        weir_buffer_wrap(memory, sizeof memory, side_release, &a);
    size_t stuffed = net_stuff(&a);

    (void)state;
    net_count();
    for (int i = 0; i < 4; i++)
        assert_int_equal(
            weir_socket_write_buffer(a.socket, buffer, side_wrote, &a),
            WEIR_WAIT);
    weir_buffer_unref(buffer);
    net_settle();
    assert_side(&a, "");
    raw_skip(fd, stuffed + 4 * sizeof memory, NULL);
    RUN_UNTIL(a.written == 4);
    assert_int_equal(a.released, 1);
    assert_true(strstr(a.log, "rw"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(owned_memory_is_released_once_and_before_the_callback),
        TEST(owned_memory_is_not_released_before_all_of_it_is_sent),
        TEST(owned_memory_without_a_callback_is_released_too),
        TEST(owned_memory_is_released_when_the_socket_is_destroyed),
        TEST(refused_memory_stays_the_callers),
        TEST(memory_that_send_refuses_stays_the_callers),
        TEST(a_release_that_destroys_the_socket_is_safe),
        TEST(a_socket_destroyed_in_release_still_calls_back),
        TEST(a_release_may_write),
        TEST(a_shared_buffer_that_is_sent_at_once_is_not_kept),
        TEST(a_shared_buffer_is_not_copied_and_outlives_its_owner),
    };

    return cmocka_run_group_tests_name("writing: memory", tests, NULL, NULL);
}
