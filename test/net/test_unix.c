/*
 * test_unix.c - UNIX sockets: paths, abstract names, full backlogs
 *
 * Who meets whom, what is no address, and clients that find a backlog full:
 * there connect() does not wait, and weir tries again. What servers do to files
 * is in test_unix_file.c.
 */
#include "unix_test.h"

/* --------------------------------------------------------------- helpers */

static weir_address abstract(const char *name, size_t length)
{
    weir_address address;

#ifndef WEIR_SYS_ABSTRACT
    skip();
#endif
    assert_int_equal(weir_address_unix(&address, name, length), 0);
    return address;
}

static void assert_fails(const weir_address *address, int error)
{
    dial(address, NULL);
    RUN_UNTIL(s.closed);
    assert_side(&s, "AB!x");
    assert_int_equal(s.error, error);
}

/* ------------------------------------------------------------------ paths */

static void client_and_server_meet_at_a_path(void **state)
{
    weir_server *server = start_server();
    weir_address address = address_of(path), told;

    (void)state;
    assert_int_equal(weir_server_address(server, &told), 0);
    assert_true(weir_address_equal(&told, &address));
    assert_talks(&address);
}

/* Field note 20: cut short it would be another file's. */
static void a_path_too_long_is_refused_and_not_cut(void **state)
{
    char longest[109];
    weir_address address;
    weir_server *server = create_server();

    (void)state;
    memset(longest, 'x', sizeof longest);
    memcpy(longest, directory, strlen(directory));
    longest[strlen(directory)] = '/';
    assert_int_equal(weir_address_unix(&address, longest, 108), -ENAMETOOLONG);
    assert_int_equal(weir_server_listen(server, &address, NULL), -EINVAL);
    assert_int_equal(weir_address_unix(&address, longest, 107), 0);
    longest[107] = '\0';
    assert_int_equal(weir_server_listen(server, &address, NULL), 0);
    assert_true(exists(longest));
    assert_talks(&address);
    weir_server_close(server);
    assert_false(exists(longest));
}

static void a_missing_directory_is_told_at_the_call(void **state)
{
    char missing[128];

    (void)state;
    snprintf(missing, sizeof missing, "%s/no/socket", directory);
    assert_int_equal(listen_at(create_server(), missing, NULL), -ENOENT);
}

static void tcp_options_are_ignored(void **state)
{
    weir_listen_options options = {
        .tcp = { .no_delay = true, .keep_alive = true, .tos = 8 },
        .reuse_port = true,
        .ipv6_only = true,
    };
    weir_connect_options connect_options = { .tcp = options.tcp };
    weir_address address = address_of(path);

    (void)state;
    assert_int_equal(listen_at(create_server(), path, &options), 0);
    dial(&address, &connect_options);
    RUN_UNTIL(strchr(s.log, 'C') && accepted.socket);
}

static void a_drop_tells_the_path_and_a_client_without_name(void **state)
{
    weir_server *server = start_server();
    weir_address address = address_of(path);
    char wanted[WEIR_ADDRESS_TEXT];
    int first, second;

    (void)state;
    weir_server_set_max_connections(server, 1);
    first = raw_connect(&address);
    second = raw_connect(&address);
    RUN_UNTIL(drops == 1);
    weir_address_text(&address, wanted, sizeof wanted);
    assert_string_equal(dropped_local, wanted);
    assert_string_equal(dropped_remote, "unix:");
    raw_expect_end(second);
    close(first);
    close(second);
}

static void a_client_may_have_a_path_of_its_own(void **state)
{
    weir_address address = address_of(path), local, told;
    weir_connect_options options = { .local = &local };
    char mine[140];

    (void)state;
    snprintf(mine, sizeof mine, "%s/client", directory);
    local = address_of(mine);
    start_server();
    dial(&address, &options);
    RUN_UNTIL(accepted.socket);
    assert_int_equal(weir_socket_remote_address(accepted.socket, &told), 0);
    assert_true(weir_address_equal(&told, &local));
}

/* --------------------------------------------------------- abstract names */

static void client_and_server_meet_at_an_abstract_name(void **state)
{
    char name[64];
    int length = snprintf(name, sizeof name, "@weir-test-%d", (int)getpid());
    weir_listen_options options = { .mode = 0600 }; /* means nothing here */
    weir_address address, told;
    weir_server *server = create_server();

    (void)state;
    name[0] = '\0';
    address = abstract(name, (size_t)length);
    assert_int_equal(weir_server_listen(server, &address, &options), 0);
    assert_int_equal(weir_server_address(server, &told), 0);
    assert_true(weir_address_equal(&told, &address));
    assert_talks(&address);
    assert_int_equal(weir_server_listen(create_server(), &address, NULL),
                     -EADDRINUSE);
    weir_server_close(server);
    assert_int_equal(weir_server_listen(create_server(), &address, NULL), 0);
}

/* Field note 20: padded with NULs it would be another name. */
static void abstract_names_count_to_the_byte(void **state)
{
    char name[108];
    weir_address shorter, longer, longest;

    (void)state;
    memset(name, 0, sizeof name);
    snprintf(name + 1, sizeof name - 1, "weir-exact-%d", (int)getpid());
    shorter = abstract(name, 30);
    longer = abstract(name, 31);
    longest = abstract(name, 108);
    assert_false(weir_address_equal(&shorter, &longer));
    assert_int_equal(weir_server_listen(create_server(), &shorter, NULL), 0);
    assert_int_equal(raw_connect(&longer), -ECONNREFUSED);
    assert_int_equal(weir_server_listen(create_server(), &longer, NULL), 0);
    assert_int_equal(weir_server_listen(create_server(), &longest, NULL), 0);
    assert_talks(&longest);
    assert_talks(&shorter);
}

/* ------------------------------------------------------------- connecting */

static void a_path_where_nothing_is_fails_with_enoent(void **state)
{
    weir_address address = address_of(path);

    (void)state;
    assert_fails(&address, -ENOENT);
}

static void a_file_where_nobody_listens_refuses(void **state)
{
    weir_address address = address_of(path);

    (void)state;
    write_file(path, "no socket");
    assert_fails(&address, -ECONNREFUSED);
    unlink(path);
    leave_stale_file();
    assert_fails(&address, -ECONNREFUSED);
}

static unsigned connects;

static int counting_connect(int fd, const struct sockaddr *name, socklen_t size)
{
    connects++;
    return connect(fd, name, size);
}

/* Fills the backlog, and dials in vain for a while. */
static void dial_full_backlog(int fds[2], const weir_connect_options *options)
{
    weir_address address = address_of(path);

    fds[0] = plain_listener(0);
    fds[1] = raw_connect(&address);
    assert_true(fds[1] >= 0);
    connects = 0;
    weir_sys.connect = counting_connect;
    dial(&address, options);
    RUN_UNTIL(connects > 2);
    assert_side(&s, "A");
    assert_int_equal(weir_socket_get_state(s.socket), WEIR_SOCKET_CONNECTING);
}

static void a_full_backlog_is_tried_again_until_there_is_room(void **state)
{
    int fds[2], peer;

    (void)state;
    dial_full_backlog(fds, NULL);
    assert_true(weir_socket_write(s.socket, "hello", 5, NULL, NULL) >= 0);
    close(accept(fds[0], NULL, NULL));
    RUN_UNTIL(strchr(s.log, 'D'));
    assert_string_equal(s.log, "ACD");
    peer = accept(fds[0], NULL, NULL);
    raw_expect(peer, "hello");
    close(peer);
    test_close_pair(fds);
}

static void a_full_backlog_does_not_spin_the_loop(void **state)
{
    uint64_t begun;
    int fds[2];

    (void)state;
    dial_full_backlog(fds, NULL);
    connects = 0;
    begun = net_now();
    RUN_UNTIL(net_now() - begun >= 100);
    assert_in_range(connects, 1, 11);
    test_close_pair(fds);
}

static unsigned sockets;

static int counting_socket(int family, int type, int protocol)
{
    sockets++;
    return socket(family, type, protocol);
}

static void one_socket_is_enough_to_try_again(void **state)
{
    int fds[2];

    (void)state;
    dial_full_backlog(fds, NULL);
    weir_sys.socket = counting_socket;
    sockets = connects = 0;
    RUN_UNTIL(connects > 2);
    assert_int_equal(sockets, 0);
    test_close_pair(fds);
}

/* It is bound once. */
static void a_client_with_a_path_may_find_a_full_backlog(void **state)
{
    weir_address local;
    weir_connect_options options = { .local = &local };
    char mine[140];
    int fds[2];

    (void)state;
    snprintf(mine, sizeof mine, "%s/client", directory);
    local = address_of(mine);
    dial_full_backlog(fds, &options);
    close(accept(fds[0], NULL, NULL));
    RUN_UNTIL(strchr(s.log, 'C'));
    test_close_pair(fds);
}

static void a_connect_timeout_ends_the_trying(void **state)
{
    weir_connect_options options = { .timeout = 60 };
    int fds[2];

    (void)state;
    dial_full_backlog(fds, &options);
    RUN_UNTIL(s.closed);
    assert_side(&s, "A!x");
    assert_int_equal(s.error, -ETIMEDOUT);
    assert_int_equal(weir_loop_run(the_loop), 0);
    test_close_pair(fds);
}

static void a_server_that_goes_away_ends_the_trying(void **state)
{
    int fds[2];

    (void)state;
    dial_full_backlog(fds, NULL);
    test_close_pair(fds);
    RUN_UNTIL(s.closed);
    assert_side(&s, "AB!x");
    assert_int_equal(s.error, -ECONNREFUSED);
}

static void destroyed_while_it_tries_a_socket_just_closes(void **state)
{
    int fds[2];

    (void)state;
    dial_full_backlog(fds, NULL);
    weir_socket_destroy(s.socket);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_side(&s, "Ax");
    test_close_pair(fds);
    dial_full_backlog(fds, (unlink(path), NULL));
    test_destroy_loop();
    assert_string_equal(s.log, "Ax");
    test_close_pair(fds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(client_and_server_meet_at_a_path),
        TEST(a_path_too_long_is_refused_and_not_cut),
        TEST(a_missing_directory_is_told_at_the_call),
        TEST(tcp_options_are_ignored),
        TEST(a_drop_tells_the_path_and_a_client_without_name),
        TEST(a_client_may_have_a_path_of_its_own),
        TEST(client_and_server_meet_at_an_abstract_name),
        TEST(abstract_names_count_to_the_byte),
        TEST(a_path_where_nothing_is_fails_with_enoent),
        TEST(a_file_where_nobody_listens_refuses),
        TEST(a_full_backlog_is_tried_again_until_there_is_room),
        TEST(a_full_backlog_does_not_spin_the_loop),
        TEST(one_socket_is_enough_to_try_again),
        TEST(a_client_with_a_path_may_find_a_full_backlog),
        TEST(a_connect_timeout_ends_the_trying),
        TEST(a_server_that_goes_away_ends_the_trying),
        TEST(destroyed_while_it_tries_a_socket_just_closes),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
