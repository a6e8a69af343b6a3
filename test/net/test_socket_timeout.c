/*
 * test_socket_timeout.c - the idle timeout, under a clock that the test moves
 *
 * It fires after inactivity, not before; and I/O costs one store: the wheel is
 * compared before and after.
 */
#include "test/support/virtual_clock.h"
#include "test/support/net_test.h"

static struct side a;
static int fd;

static int open_pair(void **state)
{
    if (open_virtual_loop(state))
        return -1;
    fd = net_raw(NET_KIND(state), &a);
    return 0;
}

static int close_pair(void **state)
{
    close(fd);
    return test_close_loop(state);
}

static unsigned count(char letter)
{
    unsigned found = 0;

    for (size_t i = 0; i < a.logged; i++)
        found += a.log[i] == letter;
    return found;
}

/* Lets so much time pass, in turns as the loop wants them. */
static void pass(uint64_t ms)
{
    uint64_t end = virtual.now + ms * MS;

    while (virtual.now < end) {
        uint64_t left = (end - virtual.now) / MS;
        int alive =
            weir_loop_run_once(the_loop, left > 1000000 ? 1000000 : (int)left);

        if (left == 0 || !alive)
            virtual.now = end;
    }
    weir_loop_run_once(the_loop, 0);
    assert_null(weir_wheel_check(&the_loop->wheel));
}

static uint64_t fired;

static void note_time(struct side *side, char event)
{
    (void)side;
    if (event == 't')
        fired = virtual.now;
}

static void a_timeout_does_not_come_early(void **state)
{
    (void)state;
    a.hook = note_time;
    for (unsigned timeout = 1; timeout < 200000; timeout = timeout * 3 + 1) {
        uint64_t start = virtual.now;

        side_clear(&a);
        weir_socket_set_timeout(a.socket, timeout);
        assert_int_equal(weir_socket_timeout(a.socket), timeout);
        while (!count('t'))
            weir_loop_run_once(the_loop, 1000);
        assert_true(fired - start >= (uint64_t)timeout * MS);
        assert_true(fired - start <= (uint64_t)(timeout + 2) * MS);
        spend(123457);
    }
}

static void activity_puts_the_timeout_off(void **state)
{
    char byte;

    (void)state;
    weir_socket_set_timeout(a.socket, 100);
    for (int i = 0; i < 20; i++) {
        pass(90);
        if (i % 2)
            raw_write(fd, "x", 1);
        else
            weir_socket_write(a.socket, "x", 1, NULL, NULL);
        pass(0);
        (void)raw_read(fd, &byte, 1);
    }
    assert_int_equal(count('t'), 0);
    pass(90);
    assert_int_equal(count('t'), 0);
    pass(12);
    assert_int_equal(count('t'), 1);
}

static void the_timeout_comes_once_per_idleness(void **state)
{
    (void)state;
    weir_socket_set_timeout(a.socket, 50);
    pass(10000);
    assert_int_equal(count('t'), 1);
    raw_write(fd, "x", 1);
    pass(40);
    assert_int_equal(count('t'), 1);
    pass(10000);
    assert_int_equal(count('t'), 2);
    weir_socket_write(a.socket, "x", 1, NULL, NULL);
    pass(10000);
    assert_int_equal(count('t'), 3);
    assert_side(&a, "tdtt");
}

static void zero_switches_the_timeout_off(void **state)
{
    (void)state;
    weir_socket_set_timeout(a.socket, 50);
    weir_socket_set_timeout(a.socket, 0);
    assert_int_equal(weir_socket_timeout(a.socket), 0);
    assert_true(weir_wheel_empty(&the_loop->wheel));
    pass(1000);
    assert_side(&a, "");
    weir_socket_set_timeout(a.socket, 50);
    pass(1000);
    weir_socket_set_timeout(a.socket, 0);
    raw_write(fd, "x", 1);
    pass(1000);
    assert_side(&a, "td");
    assert_true(weir_wheel_empty(&the_loop->wheel));
}

static void a_shorter_timeout_counts_from_when_it_is_set(void **state)
{
    (void)state;
    weir_socket_set_timeout(a.socket, 100000);
    pass(1000);
    weir_socket_set_timeout(a.socket, 10);
    pass(9);
    assert_side(&a, "");
    pass(3);
    assert_side(&a, "t");
}

/* Not one timer operation: the wheel is the same, link by link. */
static void io_does_not_touch_the_wheel(void **state)
{
    struct weir_wheel before;
    struct weir_wheel_node node;

    (void)state;
    weir_socket_set_timeout(a.socket, 100000);
    pass(10);
    before = the_loop->wheel;
    node = a.socket->idle;
    for (int i = 0; i < 100; i++) {
        raw_write(fd, "x", 1);
        weir_socket_write(a.socket, "x", 1, NULL, NULL);
        weir_loop_run_once(the_loop, 0);
    }
    assert_int_equal(a.received, 100);
    assert_memory_equal(&before.slots, &the_loop->wheel.slots,
                        sizeof before.slots);
    assert_memory_equal(&node, &a.socket->idle, sizeof node);
}

static void a_timeout_before_connecting_counts_while_connecting(void **state)
{
    static struct side b;
    weir_address address;
    int listener = net_listener(NET_KIND(state), &address);

    side_init(&b);
    weir_socket_create(&b.socket, the_loop, &side_events, &b);
    weir_socket_set_timeout(b.socket, 20);
    weir_socket_connect(b.socket, &address, NULL);
    while (!strchr(b.log, 't'))
        weir_loop_run_once(the_loop, 1000);
    assert_side(&b, "ACt");
    net_finish(&b);
    close(listener);
}

static void a_paused_socket_times_out(void **state)
{
    (void)state;
    weir_socket_set_timeout(a.socket, 20);
    weir_socket_pause(a.socket);
    raw_write(fd, "x", 1);
    pass(100);
    assert_side(&a, "t");
    weir_socket_resume(a.socket);
    pass(100);
    assert_side(&a, "tdt");
}

static void without_a_table_a_timeout_waits_for_one(void **state)
{
    (void)state;
    weir_socket_set_events(a.socket, NULL);
    weir_socket_set_timeout(a.socket, 100);
    pass(350);
    weir_socket_set_events(a.socket, &side_events);
    pass(1000);
    assert_side(&a, "t");
}

static void a_stalled_writer_times_out(void **state)
{
    size_t stuffed;

    (void)state;
    weir_socket_set_timeout(a.socket, 20);
    stuffed = net_stuff(&a);
    pass(100);
    assert_side(&a, "t");
    raw_skip(fd, stuffed, NULL);
    pass(100);
    assert_int_equal(count('t'), 2);
}

static void no_timeout_comes_after_destroy(void **state)
{
    (void)state;
    weir_socket_set_timeout(a.socket, 20);
    pass(10);
    weir_socket_destroy(a.socket);
    weir_socket_set_timeout(a.socket, 5);
    assert_true(weir_wheel_empty(&the_loop->wheel));
    pass(100);
    assert_side(&a, "x");
}

static void (*act)(weir_socket *socket);

static void act_in_timeout(struct side *side, char event)
{
    if (event == 't' && act) {
        void (*once)(weir_socket *) = act;

        act = NULL;
        once(side->socket);
    }
}

static void set_again(weir_socket *socket)
{
    weir_socket_set_timeout(socket, 30);
}

static void switch_off(weir_socket *socket)
{
    weir_socket_set_timeout(socket, 0);
}

static void write_one(weir_socket *socket)
{
    assert_int_equal(weir_socket_write(socket, "x", 1, NULL, NULL), WEIR_SENT);
}

static void a_timeout_set_in_the_timeout_event_counts_from_there(void **state)
{
    (void)state;
    a.hook = act_in_timeout;
    act = set_again;
    weir_socket_set_timeout(a.socket, 20);
    pass(22);
    assert_int_equal(count('t'), 1);
    pass(27);
    assert_int_equal(count('t'), 1);
    pass(5);
    assert_int_equal(count('t'), 2);
    pass(1000);
    assert_int_equal(count('t'), 2);
}

static void what_the_timeout_event_does_holds(void **state)
{
    (void)state;
    a.hook = act_in_timeout;
    act = switch_off;
    weir_socket_set_timeout(a.socket, 20);
    pass(1000);
    assert_int_equal(count('t'), 1);
    act = write_one;
    weir_socket_set_timeout(a.socket, 20);
    pass(1000);
    assert_int_equal(count('t'), 3);
    act = weir_socket_destroy;
    weir_socket_set_timeout(a.socket, 20);
    pass(1000);
    assert_side(&a, "ttttx");
}

/* last_active has 32 bits: it wraps every 49.7 days. */
static void a_wrap_of_the_clocks_low_half_does_not_matter(void **state)
{
    uint64_t wrap = ((virtual_ms() >> 32) + 1) << 32;

    (void)state;
    weir_socket_set_timeout(a.socket, 1000);
    a.hook = act_in_timeout;
    for (int round = 0; round < 3; round++) {
        pass(wrap - virtual_ms() - 500);
        side_clear(&a);
        raw_write(fd, "x", 1);
        pass(0);
        pass(900);
        assert_int_equal(count('t'), 0);
        pass(200);
        assert_int_equal(count('t'), 1);
        wrap += UINT64_C(1) << 32;
    }
}

static void the_longest_timeout_comes_once_and_not_early(void **state)
{
    (void)state;
    weir_socket_set_timeout(a.socket, UINT32_MAX);
    pass(UINT32_MAX - 1);
    assert_side(&a, "");
    pass(3);
    assert_side(&a, "t");
    raw_write(fd, "x", 1);
    pass(UINT32_MAX - 1);
    assert_side(&a, "td");
    pass(3);
    assert_side(&a, "tdt");
}

/* A loop that was stopped for long (a debugger, a suspended machine). */
static void a_timer_that_fires_very_late_is_told(void **state)
{
    (void)state;
    weir_socket_set_timeout(a.socket, 1000);
    spend(UINT64_C(4294967296) * MS + 500 * MS);
    pass(0);
    assert_side(&a, "t");
}

static void activity_just_before_a_very_late_timer_counts(void **state)
{
    (void)state;
    weir_socket_set_timeout(a.socket, 1000);
    pass(999);
    raw_write(fd, "x", 1);
    pass(0);
    pass(998);
    assert_side(&a, "d");
    pass(4);
    assert_side(&a, "dt");
}

#define TEST(function)                                                         \
    { #function " (TCP)", function, open_pair, close_pair,                     \
      (void *)&net_kinds[NET_TCP] },                                           \
    {                                                                          \
#function " (UNIX)", function, open_pair, close_pair,                  \
            (void *)&net_kinds[NET_UNIX]                                       \
    }

/* Somebody else's callback takes long, and the peer's answer comes meanwhile.
 * */
static void compute_while_the_peer_answers(weir_io *io, unsigned events)
{
    (void)events;
    weir_io_stop(io);
    spend(50 * MS);
    raw_write(fd, "answer", 6);
    spend(250 * MS);
}

static void data_that_has_come_is_told_before_the_timeout(void **state)
{
    weir_io io;
    int fds[2];

    (void)state;
    test_pipe(fds);
    weir_socket_set_timeout(a.socket, 150);
    weir_io_init(&io, the_loop, fds[1], compute_while_the_peer_answers);
    assert_int_equal(weir_io_start(&io, WEIR_WRITABLE), 0);
    for (int i = 0; i < 3; i++)
        weir_loop_run_once(the_loop, 0);
    assert_side(&a, "d");
    weir_socket_set_timeout(a.socket, 0);
    test_close_pair(fds);
}

static void compute_before_the_timeout(weir_timer *timer)
{
    (void)timer;
    spend(30 * MS);
}

static weir_timer later;

static void nothing(weir_timer *timer)
{
    (void)timer;
}

static void let_the_peer_answer(weir_timer *timer)
{
    (void)timer;
    raw_write(fd, "answer", 6);
    spend(200 * MS);
    weir_timer_start(&later, 1000); /* for which the clock is read */
}

/* The timer was set before the last activity, and is asked in time whether it
 * is over; that it is only the clock says that was read since. */
static void
data_that_comes_while_timers_fire_is_told_before_the_timeout(void **state)
{
    weir_timer first, second;
    uint64_t now = weir_loop_update_now(the_loop);

    (void)state;
    weir_timer_init(&first, the_loop, compute_before_the_timeout);
    weir_timer_init(&second, the_loop, let_the_peer_answer);
    weir_timer_init(&later, the_loop, nothing);
    weir_timer_start_at(&second, now + 100);
    weir_socket_set_timeout(a.socket, 100);
    pass(60);
    raw_write(fd, "x", 1);
    pass(0);
    weir_timer_start_at(&first, now + 85);
    while (a.received < 7)
        weir_loop_run_once(the_loop, 100);
    assert_int_equal(count('t'), 0);
    weir_timer_stop(&later);
    weir_socket_set_timeout(a.socket, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_timeout_does_not_come_early),
        TEST(data_that_has_come_is_told_before_the_timeout),
        TEST(data_that_comes_while_timers_fire_is_told_before_the_timeout),
        TEST(activity_puts_the_timeout_off),
        TEST(the_timeout_comes_once_per_idleness),
        TEST(zero_switches_the_timeout_off),
        TEST(a_shorter_timeout_counts_from_when_it_is_set),
        TEST(io_does_not_touch_the_wheel),
        TEST(a_timeout_before_connecting_counts_while_connecting),
        TEST(a_paused_socket_times_out),
        TEST(without_a_table_a_timeout_waits_for_one),
        TEST(a_stalled_writer_times_out),
        TEST(no_timeout_comes_after_destroy),
        TEST(a_timeout_set_in_the_timeout_event_counts_from_there),
        TEST(what_the_timeout_event_does_holds),
        TEST(a_wrap_of_the_clocks_low_half_does_not_matter),
        TEST(the_longest_timeout_comes_once_and_not_early),
        TEST(a_timer_that_fires_very_late_is_told),
        TEST(activity_just_before_a_very_late_timer_counts),
    };

    return cmocka_run_group_tests_name("idle timeouts", tests, NULL, NULL);
}
