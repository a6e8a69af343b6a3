/*
 * test_write_gather.c - small writes made in one `data` event
 *
 * With a high-water mark they leave in one call, and all that a write promises
 * stays true: answers, order, callbacks, the exact count, drain.
 */
#include "test/support/net_test.h"

enum { MARK = 64 * 1024, REQUESTS = 10, BIG = 40000 };

static struct side a;
static int fd;

/* What the hook of a test does in `data`, and what it saw. */
static struct {
    size_t size;     /* of each answer */
    unsigned count;  /* answers to one `data` */
    int first, last; /* what the writes gave */
    size_t most;     /* buffered at the most */
    unsigned sends;  /* system calls when the last write was made */
} answers;

static unsigned sends(void)
{
    return net_calls.send + net_calls.sendmsg;
}

static void answer_in_pieces(struct side *side, char event)
{
    static const char answer[BIG] = { 'x' };

    if (event != 'd')
        return;
    for (unsigned i = 0; i < answers.count; i++) {
        int result = weir_write(side->socket, answer, answers.size, NULL, NULL);
        size_t buffered = weir_socket_buffered(side->socket);

        if (i == 0)
            answers.first = result;
        answers.last = result;
        if (buffered > answers.most)
            answers.most = buffered;
    }
    answers.sends = sends();
}

/* A side that answers a request with `count` writes of `size` bytes. */
static void begin(size_t mark, size_t size, unsigned count)
{
    memset(&answers, 0, sizeof answers);
    fd = net_raw(NET_TCP, &a);
    a.hook = answer_in_pieces;
    answers.size = size;
    answers.count = count;
    assert_int_equal(weir_socket_set_high_water(a.socket, mark), 0);
    net_count();
    raw_write(fd, "?", 1);
}

static void end(void)
{
    assert_sound(a.socket);
    close(fd);
    net_finish(&a);
}

static void small_writes_in_data_leave_in_one_call(void **state)
{
    (void)state;
    begin(MARK, 5, REQUESTS);
    raw_skip(fd, 5 * REQUESTS, NULL);
    assert_int_equal(sends(), 1);
    assert_int_equal(answers.first, WEIR_SENT);
    assert_int_equal(answers.last, WEIR_SENT);
    end();
}

static void what_is_held_back_is_counted_exactly(void **state)
{
    (void)state;
    begin(MARK, 5, REQUESTS);
    raw_skip(fd, 5 * REQUESTS, NULL);
    assert_int_equal(answers.most, 5 * REQUESTS);
    assert_int_equal(weir_socket_buffered(a.socket), 0);
    assert_int_equal(weir_socket_bytes_written(a.socket), 5 * REQUESTS);
    end();
}

static void without_a_mark_every_write_is_sent_at_once(void **state)
{
    (void)state;
    begin(0, 5, REQUESTS);
    raw_skip(fd, 5 * REQUESTS, NULL);
    assert_int_equal(sends(), REQUESTS);
    assert_int_equal(answers.most, 0);
    end();
}

static void more_than_a_little_does_not_wait_for_the_end(void **state)
{
    (void)state;
    begin(MARK, BIG / 10, 10);
    raw_skip(fd, BIG, NULL);
    assert_true(answers.sends >= 2);
    assert_true(answers.sends < 10);
    end();
}

static void a_large_write_is_not_copied_to_wait(void **state)
{
    (void)state;
    begin(MARK, BIG, 1);
    raw_skip(fd, BIG, NULL);
    assert_int_equal(answers.sends, 1);
    assert_int_equal(answers.most, 0);
    end();
}

static void the_mark_is_reached_only_if_the_kernel_is_full(void **state)
{
    (void)state;
    begin(12, 5, REQUESTS);
    raw_skip(fd, 5 * REQUESTS, NULL);
    assert_int_equal(answers.last, WEIR_SENT);
    assert_true(answers.most < 12);
    end();
}

static void a_full_kernel_makes_the_mark_count(void **state)
{
    size_t before;

    (void)state;
    memset(&answers, 0, sizeof answers);
    fd = net_raw(NET_TCP, &a);
    assert_int_equal(weir_socket_set_high_water(a.socket, MARK), 0);
    before = net_stuff(&a);
    a.hook = answer_in_pieces;
    answers.size = 1000;
    answers.count = 100;
    raw_write(fd, "?", 1);
    RUN_UNTIL(a.received == 1);
    assert_int_equal(answers.last, WEIR_WAIT);
    side_clear(&a);
    raw_skip(fd, before + 100 * 1000, NULL);
    RUN_UNTIL(weir_socket_buffered(a.socket) == 0);
    net_settle();
    assert_side(&a, "D");
    end();
}

static void count_callback(weir_socket *socket, int status, void *argument)
{
    (void)socket;
    assert_int_equal(status, 0);
    assert_int_equal(*(unsigned *)argument, 0);
    *(unsigned *)argument = 1;
}

static unsigned told[3];

static void write_with_callbacks(struct side *side, char event)
{
    if (event != 'd')
        return;
    for (unsigned i = 0; i < 3; i++)
        weir_write(side->socket, "abc", 3, count_callback, &told[i]);
    assert_int_equal(told[0] + told[1] + told[2], 0);
}

static void callbacks_of_gathered_writes_come_once_each(void **state)
{
    (void)state;
    begin(MARK, 0, 0);
    memset(told, 0, sizeof told);
    a.hook = write_with_callbacks;
    raw_skip(fd, 9, NULL);
    RUN_UNTIL(told[0] + told[1] + told[2] == 3);
    assert_int_equal(sends(), 1);
    end();
}

static void write_and_end(struct side *side, char event)
{
    if (event != 'd')
        return;
    weir_write(side->socket, "abc", 3, NULL, NULL);
    weir_write(side->socket, "def", 3, NULL, NULL);
    weir_socket_end(side->socket);
}

static void an_end_in_data_comes_behind_what_was_held_back(void **state)
{
    (void)state;
    begin(MARK, 0, 0);
    a.hook = write_and_end;
    raw_expect(fd, "abcdef");
    raw_expect_end(fd);
    end();
}

static void write_and_cork(struct side *side, char event)
{
    if (event != 'd')
        return;
    weir_write(side->socket, "abc", 3, NULL, NULL);
    assert_int_equal(weir_socket_cork(side->socket), 0);
    weir_write(side->socket, "def", 3, NULL, NULL);
}

static void a_cork_of_the_users_own_holds_beyond_the_event(void **state)
{
    char byte;

    (void)state;
    begin(MARK, 0, 0);
    a.hook = write_and_cork;
    RUN_UNTIL(a.received == 1);
    net_settle();
    assert_int_equal(raw_read(fd, &byte, 1), -EAGAIN);
    assert_int_equal(weir_socket_buffered(a.socket), 6);
    assert_int_equal(weir_socket_uncork(a.socket), 0);
    raw_expect(fd, "abcdef");
    end();
}

static void write_and_destroy(struct side *side, char event)
{
    if (event != 'd')
        return;
    weir_write(side->socket, "abc", 3, side_wrote, side);
    weir_socket_destroy(side->socket);
}

static void a_destroyed_socket_fails_what_was_held_back(void **state)
{
    (void)state;
    begin(MARK, 0, 0);
    a.hook = write_and_destroy;
    RUN_UNTIL(a.closed);
    assert_string_equal(a.log, "dWx");
    close(fd);
}

static void a_write_outside_of_data_is_sent_at_once(void **state)
{
    (void)state;
    begin(MARK, 0, 0);
    RUN_UNTIL(a.received == 1);
    assert_int_equal(weir_write(a.socket, "abc", 3, NULL, NULL), WEIR_SENT);
    assert_int_equal(weir_write(a.socket, "def", 3, NULL, NULL), WEIR_SENT);
    assert_int_equal(sends(), 2);
    raw_expect(fd, "abcdef");
    end();
}

static void a_socket_that_cannot_send_says_so_as_an_error(void **state)
{
    (void)state;
    begin(MARK, 5, REQUESTS);
    faults_arm(&(struct fault){ .nth = 1, .onward = true, .only = "send" });
    RUN_UNTIL(a.error);
    faults_disarm();
    assert_int_equal(answers.first, WEIR_SENT);
    assert_int_equal(a.error, -faults_errno());
    faults_restore();
    close(fd);
    net_finish(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_LOOP(small_writes_in_data_leave_in_one_call),
        TEST_ON_LOOP(what_is_held_back_is_counted_exactly),
        TEST_ON_LOOP(without_a_mark_every_write_is_sent_at_once),
        TEST_ON_LOOP(more_than_a_little_does_not_wait_for_the_end),
        TEST_ON_LOOP(a_large_write_is_not_copied_to_wait),
        TEST_ON_LOOP(the_mark_is_reached_only_if_the_kernel_is_full),
        TEST_ON_LOOP(a_full_kernel_makes_the_mark_count),
        TEST_ON_LOOP(callbacks_of_gathered_writes_come_once_each),
        TEST_ON_LOOP(an_end_in_data_comes_behind_what_was_held_back),
        TEST_ON_LOOP(a_cork_of_the_users_own_holds_beyond_the_event),
        TEST_ON_LOOP(a_destroyed_socket_fails_what_was_held_back),
        TEST_ON_LOOP(a_write_outside_of_data_is_sent_at_once),
        TEST_ON_LOOP(a_socket_that_cannot_send_says_so_as_an_error),
    };

    return cmocka_run_group_tests_name("gather", tests, NULL, NULL);
}
