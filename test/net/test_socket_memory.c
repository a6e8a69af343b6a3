/*
 * test_socket_memory.c - every allocation made to fail, one by one
 *
 * A life of a socket is run with the first allocation failing, then with the
 * second, and so on until it runs clean; and once more with all from the k-th
 * on failing. Each time: what was refused was refused as a whole, what was
 * accepted arrives as a whole, each accepted write is called back once, and
 * nothing is leaked.
 */
#include "test/support/net_test.h"

static struct side a;
static int listener, peer;
static weir_address address;
static struct fault fault;

static struct {
    unsigned char *bytes; /* what must arrive */
    size_t length, room;
    size_t callbacks, releases; /* owed */
} due;

static char pattern[300000];
static size_t position;

static void accept_write(int result, size_t length)
{
    if (result < 0) {
        assert_int_equal(result, -ENOMEM);
        return;
    }
    assert_true(due.length + length <= due.room);
    memcpy(due.bytes + due.length, pattern + position, length);
    due.length += length;
    due.callbacks++;
}

/* Where the next write takes its bytes from, so that each is different. */
static const char *next_bytes(size_t length)
{
    position = (position * 7 + 13) % (sizeof pattern - length);
    return pattern + position;
}

static void write_each_kind(size_t length)
{
    const char *bytes = next_bytes(length);
    struct iovec pieces[2];
    weir_buffer *buffer;
    int result;

    accept_write(weir_socket_write(a.socket, bytes, length, side_wrote, &a),
                 length);
    bytes = next_bytes(length);
    result = weir_socket_write(a.socket, bytes, length, NULL, NULL);
    accept_write(result, length);
    due.callbacks -= result >= 0;
    bytes = next_bytes(length);
    pieces[0] = (struct iovec){ (void *)bytes, length / 3 };
    pieces[1] =
        (struct iovec){ (void *)(bytes + length / 3), length - length / 3 };
    accept_write(weir_socket_writev(a.socket, pieces, 2, side_wrote, &a),
                 length);
    bytes = next_bytes(length);
    result = weir_socket_write_owned(a.socket, (void *)bytes, length,
                                     side_release, side_wrote, &a);
    accept_write(result, length);
    due.releases += result >= 0;
    bytes = next_bytes(length);
    buffer = weir_buffer_copy(bytes, length);
    if (!buffer)
        return;
    accept_write(weir_socket_write_buffer(a.socket, buffer, side_wrote, &a),
                 length);
    weir_buffer_unref(buffer);
}

static void write_everything(void)
{
    static const size_t lengths[] = { 1, 1000, 64 * 1024, 64 * 1024 + 1,
                                      200000 };

    for (size_t i = 0; i < COUNT(lengths); i++) {
        write_each_kind(lengths[i]);
        assert_sound(a.socket);
    }
}

static void read_everything(void)
{
    static unsigned char bytes[65536];
    size_t got = 0;

    while (got < due.length) {
        ssize_t n = -EAGAIN;

        RUN_UNTIL((n = raw_read(peer, bytes, sizeof bytes)) != -EAGAIN);
        assert_true(n > 0);
        assert_true(got + (size_t)n <= due.length);
        assert_memory_equal(bytes, due.bytes + got, (size_t)n);
        got += (size_t)n;
    }
    RUN_UNTIL(weir_socket_buffered(a.socket) == 0);
}

/* False when a failure ended it before it was connected. */
static bool connect_it(void)
{
    int result = weir_socket_create(&a.socket, the_loop, &side_events, &a);

    if (result == 0)
        result = weir_socket_connect(a.socket, &address, NULL);
    if (result < 0) {
        assert_int_equal(result, -ENOMEM);
        if (a.socket) {
            assert_int_equal(weir_socket_get_state(a.socket), WEIR_SOCKET_NEW);
            net_finish(&a);
        }
        return false;
    }
    write_each_kind(10);
    RUN_UNTIL(strchr(a.log, 'C') || a.closed);
    if (!a.closed)
        return true;
    assert_int_equal(a.error, -ENOMEM);
    assert_int_equal(a.failed, due.callbacks);
    return false;
}

static void live(void)
{
    if (!connect_it())
        return;
    peer = accept(listener, NULL, NULL);
    assert_true(peer >= 0);
    fcntl(peer, F_SETFL, O_NONBLOCK);
    write_everything();
    (void)weir_socket_set_high_water(a.socket, 1000);
    (void)weir_socket_set_write_limit(a.socket, 1 << 30);
    read_everything();
    write_each_kind(100);
    weir_socket_end(a.socket);
    due.length = 0;
    RUN_UNTIL(a.written == due.callbacks);
    assert_int_equal(a.released, due.releases);
    close(peer);
    RUN_UNTIL(a.closed);
}

/* The connection breaks with much in the queue. */
static void live_and_break(void)
{
    if (!connect_it())
        return;
    peer = accept(listener, NULL, NULL);
    fcntl(peer, F_SETFL, O_NONBLOCK);
    write_everything();
    raw_reset(peer);
    RUN_UNTIL(a.closed);
    assert_int_equal(a.written + a.failed, due.callbacks);
    assert_int_equal(a.released, due.releases);
}

static void run_once_with_a_fault(void (*what)(void))
{
    int result = weir_loop_create(&the_loop);

    side_init(&a);
    due.length = due.callbacks = due.releases = 0;
    if (result < 0) {
        assert_int_equal(result, -ENOMEM);
        return;
    }
    what();
    test_destroy_loop();
    assert_int_equal(faults_live(), 0);
}

static void sweep(enum net_kind kind, bool onward, void (*what)(void))
{
    fault = (struct fault){ .nth = 1, .onward = onward, .only = "malloc" };
    due.room = 8 << 20;
    due.bytes = malloc(due.room);
    net_pattern(pattern, sizeof pattern, 1);
    listener = net_listener(kind, &address);
    fcntl(listener, F_SETFL, O_NONBLOCK);
    while (faults_next(&fault)) {
        int left;

        run_once_with_a_fault(what);
        while ((left = accept(listener, NULL, NULL)) >= 0)
            close(left);
    }
    assert_true(fault.nth > 20);
    close(listener);
    free(due.bytes);
}

static void a_failing_allocation_loses_and_leaks_nothing(void **state)
{
    sweep(NET_KIND(state), false, live);
}

static void failing_allocations_from_one_on_lose_and_leak_nothing(void **state)
{
    sweep(NET_KIND(state), true, live);
}

static void a_failing_allocation_in_a_breaking_connection_is_safe(void **state)
{
    sweep(NET_KIND(state), false, live_and_break);
    sweep(NET_KIND(state), true, live_and_break);
}

static int restore(void **state)
{
    (void)state;
    if (the_loop)
        return test_close_loop(state);
    faults_restore();
    return 0;
}

#define CASE(function, kind, text)                                             \
    {                                                                          \
#function text, function, NULL, restore, (void *)&net_kinds[kind]      \
    }
#define TEST(function)                                                         \
    CASE(function, NET_TCP, " (TCP)"), CASE(function, NET_UNIX, " (UNIX)")

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_failing_allocation_loses_and_leaks_nothing),
        TEST(failing_allocations_from_one_on_lose_and_leak_nothing),
        TEST(a_failing_allocation_in_a_breaking_connection_is_safe),
    };

    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
