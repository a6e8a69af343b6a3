/*
 * unix_test.h - servers and clients at paths, in a directory of the test
 */
#ifndef WEIR_UNIX_TEST_H
#define WEIR_UNIX_TEST_H

#include "test/support/net_test.h"

#include <sys/stat.h>

static char directory[] = "/tmp/weir-unix-XXXXXX";
static char path[128];
static struct side s, accepted;
static unsigned drops, closes;
static char dropped_local[WEIR_ADDRESS_TEXT], dropped_remote[WEIR_ADDRESS_TEXT];

/* ---------------------------------------------------------------- fixture */

static inline void remove_all(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf %s/*", directory);
    assert_int_equal(system(command), 0);
}

static inline int setup(void **state)
{
    snprintf(path, sizeof path, "%s/socket", directory);
    drops = closes = 0;
    side_init(&s);
    side_init(&accepted);
    return test_open_loop(state);
}

static inline int teardown(void **state)
{
    int result = test_close_loop(state);

    remove_all();
    return result;
}

#define TEST(function)                                                         \
    cmocka_unit_test_setup_teardown(function, setup, teardown)

static inline int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

static inline int remove_directory(void **state)
{
    (void)state;
    return rmdir(directory);
}

/* --------------------------------------------------------------- helpers */

static inline void on_connection(weir_server *server, weir_socket *socket)
{
    (void)server;
    accepted.socket = socket;
    weir_socket_set_data(socket, &accepted);
    weir_socket_set_events(socket, &side_events);
}

static inline void on_drop(weir_server *server, const weir_address *local,
                           const weir_address *remote)
{
    (void)server;
    drops++;
    dropped_local[0] = dropped_remote[0] = '\0';
    if (local)
        weir_address_text(local, dropped_local, sizeof dropped_local);
    if (remote)
        weir_address_text(remote, dropped_remote, sizeof dropped_remote);
}

static inline void on_close(weir_server *server)
{
    (void)server;
    closes++;
}

static const weir_server_events events = { .drop = on_drop, .close = on_close };

static inline weir_server *create_server(void)
{
    weir_server *server;

    assert_int_equal(weir_server_create(&server, the_loop, on_connection, NULL),
                     0);
    weir_server_set_events(server, &events);
    return server;
}

static inline weir_address address_of(const char *at)
{
    weir_address address;

    assert_int_equal(weir_address_unix(&address, at, strlen(at)), 0);
    return address;
}

static inline int listen_at(weir_server *server, const char *at,
                            const weir_listen_options *options)
{
    weir_address address = address_of(at);

    return weir_server_listen(server, &address, options);
}

static inline weir_server *start_server(void)
{
    weir_server *server = create_server();

    assert_int_equal(listen_at(server, path, NULL), 0);
    return server;
}

/* A listener of the test's, at `path`. */
static inline int plain_listener(int backlog)
{
    weir_address address = address_of(path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, &address.name.any, address.length), 0);
    assert_int_equal(listen(fd, backlog), 0);
    return fd;
}

static inline void dial(const weir_address *address,
                        const weir_connect_options *options)
{
    side_init(&s);
    assert_int_equal(weir_socket_create(&s.socket, the_loop, &side_events, &s),
                     0);
    assert_int_equal(weir_socket_connect(s.socket, address, options), 0);
}

/* Dials, and talks both ways. */
static inline void assert_talks(const weir_address *address)
{
    weir_address told;

    side_init(&accepted);
    dial(address, NULL);
    RUN_UNTIL(strchr(s.log, 'C') && accepted.socket);
    assert_side(&s, "AC");
    assert_int_equal(weir_socket_remote_address(s.socket, &told), 0);
    assert_true(weir_address_equal(&told, address));
    assert_int_equal(weir_socket_local_address(accepted.socket, &told), 0);
    assert_true(weir_address_equal(&told, address));
    assert_int_equal(weir_socket_write(s.socket, "ping", 4, NULL, NULL),
                     WEIR_SENT);
    RUN_UNTIL(accepted.received == 4);
    assert_int_equal(weir_socket_write(accepted.socket, "pong", 4, NULL, NULL),
                     WEIR_SENT);
    RUN_UNTIL(s.received == 4);
    weir_socket_end(s.socket);
    RUN_UNTIL(s.closed && accepted.closed);
    assert_side(&s, "ACdex");
    assert_side(&accepted, "dex");
}

static inline bool exists(const char *at)
{
    struct stat status;

    return lstat(at, &status) == 0;
}

static inline void write_file(const char *at, const char *text)
{
    FILE *file = fopen(at, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* A socket's file that nobody listens on. */
static inline void leave_stale_file(void)
{
    close(plain_listener(5));
    assert_true(exists(path));
}

#endif
