/*
 * test_many.c - ten thousand connections at once
 *
 * The clients are another process, with plain system calls: it connects all,
 * sends something on each, reads the echoes, waits for a sign, closes all. If
 * the system allows fewer descriptors there are fewer connections, and the test
 * says so; under Valgrind there are some hundreds.
 */
#include "test/support/net_test.h"

#include <sys/resource.h>
#include <sys/wait.h>

enum {
    WANTED = 10000,
    SPARE = 200, /* descriptors for everything else */
    MESSAGE = 16,
    BYTES_EACH = 192 /* what an idle connection may cost */
};

static struct {
    size_t opened, closed, errors, bytes, server_closes;
} told;

static size_t live_bytes;

/* ------------------------------------------- an allocator that keeps count */

struct header {
    size_t size;
    _Alignas(16) char memory[];
};

static void *allocate(void *context, size_t size)
{
    struct header *header = malloc(sizeof *header + size);

    (void)context;
    if (!header)
        return NULL;
    header->size = size;
    live_bytes += size;
    return header->memory;
}

static void release(void *context, void *memory)
{
    struct header *header;

    (void)context;
    if (!memory)
        return;
    header = (struct header *)((char *)memory - sizeof *header);
    live_bytes -= header->size;
    free(header);
}

static void *reallocate(void *context, void *memory, size_t size)
{
    struct header *header =
        memory ? (struct header *)((char *)memory - sizeof *header) : NULL;
    void *grown = allocate(context, size);

    if (grown && header) {
        memcpy(grown, memory, size < header->size ? size : header->size);
        release(context, memory);
    }
    return grown;
}

static const weir_allocator counting = { allocate, reallocate, release, NULL };

/* As many as there may be descriptors for, `each` of them per connection. */
static size_t how_many(size_t each)
{
    size_t wanted = test_rounds(WANTED, 40), possible;
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    possible = (limit.rlim_cur - SPARE) / each;
    if (wanted <= possible)
        return wanted;
    print_message("# %zu connections, since the limit is %ju descriptors\n",
                  possible, (uintmax_t)limit.rlim_cur);
    return possible;
}

/* ----------------------------------------------------------------- server */

static void on_data(weir_socket *socket, const void *bytes, size_t length)
{
    told.bytes += length;
    assert_true(weir_socket_write(socket, bytes, length, NULL, NULL) >= 0);
}

static void on_error(weir_socket *socket, int error)
{
    (void)socket, (void)error;
    told.errors++;
}

static void on_close(weir_socket *socket, bool had_error)
{
    (void)socket, (void)had_error;
    told.closed++;
}

static const weir_socket_events echo = { .data = on_data,
                                         .error = on_error,
                                         .close = on_close };

static void on_connection(weir_server *server, weir_socket *socket)
{
    (void)server;
    told.opened++;
    weir_socket_set_timeout(socket, 3600 * 1000);
    weir_socket_set_events(socket, &echo);
}

static void on_server_close(weir_server *server)
{
    assert_int_equal(weir_server_connections(server), 0);
    told.server_closes++;
}

static weir_server *start_server(weir_address *address)
{
    static const weir_server_events events = { .close = on_server_close };
    weir_listen_options options = { .backlog = 4096 };
    weir_server *server;

    assert_int_equal(weir_server_create(&server, the_loop, on_connection, NULL),
                     0);
    weir_server_set_events(server, &events);
    assert_int_equal(weir_server_listen(server, address, &options), 0);
    assert_int_equal(weir_server_address(server, address), 0);
    return server;
}

/* ---------------------------------------------------------------- clients */

struct task {
    weir_address address;
    size_t count;
};

static pid_t child;
static int sign[2]; /* to the other process and back */

/* Anything that goes wrong in the other process is its exit status. */
static void require(bool condition, int status)
{
    if (!condition)
        _exit(status);
}

static void exchange(int fd, size_t number, bool send_it, bool read_it)
{
    char message[MESSAGE + 1], answer[MESSAGE];

    snprintf(message, sizeof message, "%-16zu", number);
    if (send_it)
        require(send(fd, message, MESSAGE, 0) == MESSAGE, 4);
    if (read_it) {
        require(recv(fd, answer, MESSAGE, MSG_WAITALL) == MESSAGE, 5);
        require(!memcmp(answer, message, MESSAGE), 6);
    }
}

static int client(const weir_address *to, size_t number)
{
    int fd = socket(weir_address_family(to), SOCK_STREAM, 0);

    require(fd >= 0, 2);
    require(connect(fd, &to->name.any, to->length) == 0, 3);
    /* Now and then the server is waited for, or its backlog would fill and
     * the kernel would make us wait for a second. */
    if (number % 100 == 0)
        exchange(fd, number, true, true);
    return fd;
}

static void be_clients(const struct task *task)
{
    int *fds = calloc(task->count, sizeof *fds);
    char byte = 'x';

    require(fds != NULL, 1);
    for (size_t i = 0; i < task->count; i++)
        fds[i] = client(&task->address, i);
    for (size_t i = 0; i < task->count; i++)
        exchange(fds[i], i, true, false);
    for (size_t i = 0; i < task->count; i++)
        exchange(fds[i], i, false, true);
    require(write(sign[1], &byte, 1) == 1, 7);
    require(read(sign[1], &byte, 1) == 1, 8);
    for (size_t i = 0; i < task->count; i++)
        close(fds[i]);
    free(fds);
}

static void start_clients(void)
{
    struct task task;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sign), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(sign[0]);
        if (read(sign[1], &task, sizeof task) == sizeof task)
            be_clients(&task);
        _exit(0);
    }
    close(sign[1]);
    assert_int_equal(fcntl(sign[0], F_SETFL, O_NONBLOCK), 0);
}

/* Its exit status. */
static int end_clients(void)
{
    int status = -1;

    close(sign[0]);
    waitpid(child, &status, 0);
    return status;
}

/* ---------------------------------------------------------------- fixture */

/* The other process is there before there is anything that it could inherit,
 * and waits for its task. */
static int setup(void **state)
{
    memset(&told, 0, sizeof told);
    live_bytes = 0;
    start_clients();
    weir_set_allocator(&counting);
    return test_open_loop(state);
}

static int teardown(void **state)
{
    int result = weir_loop_destroy(the_loop);

    /* Only now: what the counting allocator gave must go back to it. */
    the_loop = NULL;
    (void)test_close_loop(state);
    if (end_clients() != 0 || live_bytes != 0)
        return -1;
    return result;
}

#define TEST(function)                                                         \
    cmocka_unit_test_setup_teardown(function, setup, teardown)

/* ------------------------------------------------------------------ tests */

/* Turns until the condition holds: a minute is long enough anywhere. */
#define RUN_LONG_UNTIL(condition)                                              \
    for (uint64_t begun_ = net_now(); !(condition);) {                         \
        assert_true(net_now() - begun_ < 60000);                               \
        assert_true(weir_loop_run_once(the_loop, 10) >= 0);                    \
    }

static void assert_all_served(weir_address *address)
{
    const size_t count = how_many(1);
    weir_server *server = start_server(address);
    size_t before = live_bytes, extra = (count + 99) / 100;
    struct task task = { *address, count };
    char byte;

    assert_int_equal(write(sign[0], &task, sizeof task), sizeof task);
    RUN_LONG_UNTIL(read(sign[0], &byte, 1) == 1);
    assert_int_equal(told.opened, count);
    assert_int_equal(weir_server_connections(server), count);
    assert_int_equal(told.bytes, (count + extra) * MESSAGE);
    assert_true(live_bytes - before <= count * BYTES_EACH + 64 * 1024);
    assert_int_equal(write(sign[0], &byte, 1), 1);
    RUN_LONG_UNTIL(told.closed == count);
    assert_int_equal(told.errors, 0);
    assert_int_equal(weir_net_of(the_loop)->sockets.live, 0);
    /* One slab is kept, and the chunk in reserve. */
    assert_true(live_bytes - before < 128 * 1024);
    weir_server_close(server);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(told.server_closes, 1);
}

static void ten_thousand_tcp_connections_are_served_at_once(void **state)
{
    weir_address address = weir_address_loopback(0);

    (void)state;
    assert_all_served(&address);
}

static void ten_thousand_unix_connections_are_served_at_once(void **state)
{
    char name[64];
    int length = snprintf(name, sizeof name, "@weir-many-%d", (int)getpid());
    weir_address address;

    (void)state;
    name[0] = '\0';
    assert_int_equal(weir_address_unix(&address, name, (size_t)length), 0);
    assert_all_served(&address);
}

/* ----------------------------------------------- both ends in one process */

static struct {
    size_t connected, answered, closed;
} dialled;

static void on_connect(weir_socket *socket)
{
    dialled.connected++;
    assert_true(weir_socket_write(socket, "hello", 5, NULL, NULL) >= 0);
}

static void on_answer(weir_socket *socket, const void *bytes, size_t length)
{
    (void)socket, (void)bytes;
    dialled.answered += length;
}

static void on_dialled_close(weir_socket *socket, bool had_error)
{
    (void)socket;
    assert_false(had_error);
    dialled.closed++;
}

static const weir_socket_events asking = { .connect = on_connect,
                                           .data = on_answer,
                                           .close = on_dialled_close };

/* In waves, that the backlog may hold them. */
static void dial_many(const weir_address *address, size_t count)
{
    memset(&dialled, 0, sizeof dialled);
    for (size_t i = 1; i <= count; i++) {
        weir_connect_options options = { .timeout = 60000 };
        weir_socket *socket;

        assert_int_equal(weir_socket_create(&socket, the_loop, &asking, NULL),
                         0);
        assert_int_equal(weir_socket_connect(socket, address, &options), 0);
        if (i % 500 == 0)
            RUN_LONG_UNTIL(dialled.connected == i);
    }
    RUN_LONG_UNTIL(dialled.answered == 5 * count);
    assert_int_equal(told.opened, count);
}

static void thousands_that_were_dialled_close_with_their_loop(void **state)
{
    weir_address address = weir_address_loopback(0);
    size_t count = how_many(2);

    (void)state;
    start_server(&address);
    dial_many(&address, count);
    test_destroy_loop();
    assert_int_equal(told.closed, count);
    assert_int_equal(dialled.closed, count);
    assert_int_equal(told.server_closes, 1);
    assert_int_equal(live_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ten_thousand_tcp_connections_are_served_at_once),
        TEST(ten_thousand_unix_connections_are_served_at_once),
        TEST(thousands_that_were_dialled_close_with_their_loop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
