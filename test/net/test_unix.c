/*
 * test_unix.c - UNIX sockets: their files, abstract names, full backlogs
 *
 * What a server may do to files is narrow, and what it may not is tested as
 * well: field note 20 is of paths cut short, of files left behind for ever, and
 * of files removed that were somebody else's. All files are in a directory of
 * the test.
 */
#include "test/support/net_test.h"

#include <sys/stat.h>

static char directory[] = "/tmp/weir-unix-XXXXXX";
static char path[128];
static struct side s, accepted;
static unsigned drops, closes;
static char dropped_local[WEIR_ADDRESS_TEXT], dropped_remote[WEIR_ADDRESS_TEXT];

/* ---------------------------------------------------------------- fixture */

static void remove_all(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf %s/*", directory);
    assert_int_equal(system(command), 0);
}

static int setup(void **state)
{
    snprintf(path, sizeof path, "%s/socket", directory);
    drops = closes = 0;
    side_init(&s);
    side_init(&accepted);
    return test_open_loop(state);
}

static int teardown(void **state)
{
    int result = test_close_loop(state);

    remove_all();
    return result;
}

#define TEST(function)                                                         \
    cmocka_unit_test_setup_teardown(function, setup, teardown)

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
    (void)state;
    return rmdir(directory);
}

/* --------------------------------------------------------------- helpers */

static void on_connection(weir_server *server, weir_socket *socket)
{
    (void)server;
    accepted.socket = socket;
    weir_socket_set_data(socket, &accepted);
    weir_socket_set_events(socket, &side_events);
}

static void on_drop(weir_server *server, const weir_address *local,
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

static void on_close(weir_server *server)
{
    (void)server;
    closes++;
}

static const weir_server_events events = { .drop = on_drop, .close = on_close };

static weir_server *create_server(void)
{
    weir_server *server;

    assert_int_equal(weir_server_create(&server, the_loop, on_connection, NULL),
                     0);
    weir_server_set_events(server, &events);
    return server;
}

static weir_address address_of(const char *at)
{
    weir_address address;

    assert_int_equal(weir_address_unix(&address, at, strlen(at)), 0);
    return address;
}

static weir_address abstract(const char *name, size_t length)
{
    weir_address address;

#ifndef WEIR_SYS_ABSTRACT
    skip();
#endif
    assert_int_equal(weir_address_unix(&address, name, length), 0);
    return address;
}

static int listen_at(weir_server *server, const char *at,
                     const weir_listen_options *options)
{
    weir_address address = address_of(at);

    return weir_server_listen(server, &address, options);
}

static weir_server *start_server(void)
{
    weir_server *server = create_server();

    assert_int_equal(listen_at(server, path, NULL), 0);
    return server;
}

/* A listener of the test's, at `path`. */
static int plain_listener(int backlog)
{
    weir_address address = address_of(path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, &address.name.any, address.length), 0);
    assert_int_equal(listen(fd, backlog), 0);
    return fd;
}

static void dial(const weir_address *address,
                 const weir_connect_options *options)
{
    side_init(&s);
    assert_int_equal(weir_socket_create(&s.socket, the_loop, &side_events, &s),
                     0);
    assert_int_equal(weir_socket_connect(s.socket, address, options), 0);
}

/* Dials, and talks both ways. */
static void assert_talks(const weir_address *address)
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

static void assert_fails(const weir_address *address, int error)
{
    dial(address, NULL);
    RUN_UNTIL(s.closed);
    assert_side(&s, "AB!x");
    assert_int_equal(s.error, error);
}

static bool exists(const char *at)
{
    struct stat status;

    return lstat(at, &status) == 0;
}

static unsigned mode_of(const char *at)
{
    struct stat status;

    assert_int_equal(lstat(at, &status), 0);
    return status.st_mode & 07777;
}

static void write_file(const char *at, const char *text)
{
    FILE *file = fopen(at, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void assert_file(const char *at, const char *text)
{
    char found[64] = "";
    FILE *file = fopen(at, "r");

    assert_non_null(file);
    assert_non_null(fgets(found, sizeof found, file));
    fclose(file);
    assert_string_equal(found, text);
}

/* A socket's file that nobody listens on. */
static void leave_stale_file(void)
{
    close(plain_listener(5));
    assert_true(exists(path));
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

/* ------------------------------------------------------------ permissions */

static void the_file_has_the_permissions_that_were_asked_for(void **state)
{
    weir_listen_options options = { .mode = 0620 };
    mode_t before = umask(027);

    (void)state;
    assert_int_equal(listen_at(create_server(), path, &options), 0);
    assert_int_equal(mode_of(path), 0620);
    unlink(path);
    assert_int_equal(listen_at(create_server(), path, NULL), 0);
    assert_int_equal(mode_of(path), 0750);
    umask(before);
}

static char order[16];

static int noting_chmod(const char *at, mode_t mode)
{
    strcat(order, "c");
    return chmod(at, mode);
}

static int noting_listen(int fd, int backlog)
{
    strcat(order, "l");
    return listen(fd, backlog);
}

static void nobody_can_connect_before_the_permissions_are_set(void **state)
{
    weir_listen_options options = { .mode = 0600 };

    (void)state;
    order[0] = '\0';
    weir_sys.chmod = noting_chmod;
    weir_sys.listen = noting_listen;
    assert_int_equal(listen_at(create_server(), path, &options), 0);
    assert_string_equal(order, "cl");
}

static int refused(void)
{
    errno = EPERM;
    return -1;
}

static int failing_chmod(const char *at, mode_t mode)
{
    (void)at, (void)mode;
    return refused();
}

static int failing_listen(int fd, int backlog)
{
    (void)fd, (void)backlog;
    return refused();
}

#ifdef WEIR_BACKEND_EPOLL
static int failing_add(int epoll, int operation, int fd,
                       struct epoll_event *event)
{
    return operation == EPOLL_CTL_ADD ? refused()
                                      : epoll_ctl(epoll, operation, fd, event);
}
#endif

static void a_listen_that_fails_half_way_leaves_no_file(void **state)
{
    weir_listen_options options = { .mode = 0600 };
    weir_server *server = create_server();
    unsigned descriptors = test_open_descriptors();

    (void)state;
    weir_sys.chmod = failing_chmod;
    assert_int_equal(listen_at(server, path, &options), -EPERM);
    assert_false(exists(path));
    weir_sys.chmod = chmod;
    weir_sys.listen = failing_listen;
    assert_int_equal(listen_at(server, path, &options), -EPERM);
    assert_false(exists(path));
    weir_sys.listen = listen;
#ifdef WEIR_BACKEND_EPOLL
    weir_sys.epoll_ctl = failing_add;
    assert_int_equal(listen_at(server, path, &options), -EPERM);
    assert_false(exists(path));
    weir_sys.epoll_ctl = epoll_ctl;
#endif
    assert_int_equal(test_open_descriptors(), descriptors);
    assert_int_equal(listen_at(server, path, &options), 0);
    assert_true(exists(path));
}

/* ----------------------------------------------- files that are in the way */

static void a_file_that_a_crash_left_behind_is_replaced(void **state)
{
    weir_address address = address_of(path);

    (void)state;
    leave_stale_file();
    start_server();
    assert_talks(&address);
}

static void a_server_that_lives_is_not_replaced(void **state)
{
    weir_address address = address_of(path);
    weir_server *second = create_server();

    (void)state;
    start_server();
    assert_int_equal(listen_at(second, path, NULL), -EADDRINUSE);
    net_settle();
    assert_true(exists(path));
    assert_string_equal(accepted.log, ""); /* its program saw nothing */
    assert_talks(&address);
}

static void a_server_too_busy_to_accept_is_not_taken_for_dead(void **state)
{
    weir_address address = address_of(path);
    int listener = plain_listener(0), client = raw_connect(&address);

    (void)state;
    assert_true(client >= 0);
    assert_int_equal(listen_at(create_server(), path, NULL), -EADDRINUSE);
    assert_true(exists(path));
    close(client);
    close(listener);
}

static int sockets_left;

static int scarce_socket(int family, int type, int protocol)
{
    if (sockets_left-- > 0)
        return socket(family, type, protocol);
    errno = EMFILE;
    return -1;
}

static void a_file_nobody_can_be_asked_about_is_not_replaced(void **state)
{
    (void)state;
    leave_stale_file();
    weir_sys.socket = scarce_socket;
    sockets_left = 1;
    assert_int_equal(listen_at(create_server(), path, NULL), -EADDRINUSE);
    assert_true(exists(path));
}

static unsigned unlinks;

static int counting_unlink(const char *at)
{
    unlinks++;
    return unlink(at);
}

static void a_file_that_is_no_socket_is_left_alone(void **state)
{
    char other[140];

    (void)state;
    unlinks = 0;
    weir_sys.unlink = counting_unlink;
    write_file(path, "precious");
    assert_int_equal(listen_at(create_server(), path, NULL), -EADDRINUSE);
    assert_file(path, "precious");
    unlink(path);

    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(listen_at(create_server(), path, NULL), -EADDRINUSE);
    assert_int_equal(rmdir(path), 0);

    snprintf(other, sizeof other, "%s/other", directory);
    assert_int_equal(symlink(other, path), 0);
    assert_int_equal(listen_at(create_server(), path, NULL), -EADDRINUSE);
    assert_true(exists(path));
    assert_int_equal(unlinks, 0);
}

static void a_link_to_a_stale_socket_is_left_alone(void **state)
{
    char link[140];

    (void)state;
    leave_stale_file();
    snprintf(link, sizeof link, "%s/link", directory);
    assert_int_equal(symlink(path, link), 0);
    assert_int_equal(listen_at(create_server(), link, NULL), -EADDRINUSE);
    assert_true(exists(path));
    assert_true(exists(link));
}

static int failing_bind(int fd, const struct sockaddr *name, socklen_t size)
{
    (void)fd, (void)name, (void)size;
    errno = EACCES;
    return -1;
}

/* Field note 20. */
static void a_file_is_not_removed_because_bind_failed(void **state)
{
    (void)state;
    leave_stale_file();
    unlinks = 0;
    weir_sys.unlink = counting_unlink;
    weir_sys.bind = failing_bind;
    assert_int_equal(listen_at(create_server(), path, NULL), -EACCES);
    assert_int_equal(unlinks, 0);
    assert_true(exists(path));
}

static int failing_unlink(const char *at)
{
    (void)at;
    errno = EACCES;
    return -1;
}

static void a_stale_file_that_cannot_be_removed_fails_the_listen(void **state)
{
    (void)state;
    leave_stale_file();
    weir_sys.unlink = failing_unlink;
    assert_int_equal(listen_at(create_server(), path, NULL), -EACCES);
    assert_true(exists(path));
}

/* --------------------------------------------------------- at the end */

static void a_server_that_closes_removes_its_file(void **state)
{
    weir_server *server = start_server();

    (void)state;
    weir_server_close(server);
    assert_false(exists(path));
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(closes, 1);
    start_server();
    assert_true(exists(path));
    test_destroy_loop();
    assert_false(exists(path));
}

/* Field note 20: at the end it may be another server's. */
static void a_file_that_replaced_ours_is_not_removed(void **state)
{
    weir_server *server = start_server();
    weir_address address = address_of(path);
    int listener, client;

    (void)state;
    unlink(path);
    listener = plain_listener(5);
    weir_server_close(server);
    assert_true(exists(path));
    client = raw_connect(&address);
    assert_true(client >= 0);
    close(client);
    close(listener);

    unlink(path);
    server = start_server();
    unlink(path);
    write_file(path, "precious");
    weir_server_close(server);
    assert_file(path, "precious");
}

static void a_relative_path_means_nothing_in_another_directory(void **state)
{
    char before[4096], other[140], file[160];
    weir_server *server = create_server();

    (void)state;
    assert_non_null(getcwd(before, sizeof before));
    snprintf(other, sizeof other, "%s/other", directory);
    snprintf(file, sizeof file, "%s/socket", other);
    assert_int_equal(mkdir(other, 0700), 0);
    write_file(file, "precious");
    assert_int_equal(chdir(directory), 0);
    assert_int_equal(listen_at(server, "socket", NULL), 0);
    assert_int_equal(chdir(other), 0);
    weir_server_close(server);
    assert_file(file, "precious");
    assert_false(exists(path));
    assert_int_equal(chdir(before), 0);
}

static void a_file_of_a_relative_path_is_removed_from_elsewhere(void **state)
{
    char before[4096];
    weir_server *server = create_server();

    (void)state;
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(directory), 0);
    assert_int_equal(listen_at(server, "socket", NULL), 0);
    assert_int_equal(chdir(before), 0);
    assert_true(exists(path));
    weir_server_close(server);
    assert_false(exists(path));
}

static void the_file_of_an_adopted_listener_stays(void **state)
{
    weir_server *server = create_server();
    weir_address address = address_of(path);

    (void)state;
    assert_int_equal(weir_server_adopt(server, plain_listener(5)), 0);
    assert_talks(&address);
    weir_server_close(server);
    assert_true(exists(path));
}

static void a_path_is_free_again_when_its_server_has_closed(void **state)
{
    weir_server *first = start_server();
    weir_address address = address_of(path);
    int client = raw_connect(&address);

    (void)state;
    RUN_UNTIL(accepted.socket);
    weir_server_close(first); /* its connection lives on */
    start_server();
    raw_write(client, "hello", 5);
    RUN_UNTIL(accepted.received == 5);
    close(client);
    RUN_UNTIL(closes == 1);
    assert_true(exists(path));
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
        TEST(the_file_has_the_permissions_that_were_asked_for),
        TEST(nobody_can_connect_before_the_permissions_are_set),
        TEST(a_listen_that_fails_half_way_leaves_no_file),
        TEST(a_file_that_a_crash_left_behind_is_replaced),
        TEST(a_server_that_lives_is_not_replaced),
        TEST(a_server_too_busy_to_accept_is_not_taken_for_dead),
        TEST(a_file_nobody_can_be_asked_about_is_not_replaced),
        TEST(a_file_that_is_no_socket_is_left_alone),
        TEST(a_link_to_a_stale_socket_is_left_alone),
        TEST(a_file_is_not_removed_because_bind_failed),
        TEST(a_stale_file_that_cannot_be_removed_fails_the_listen),
        TEST(a_server_that_closes_removes_its_file),
        TEST(a_file_that_replaced_ours_is_not_removed),
        TEST(a_relative_path_means_nothing_in_another_directory),
        TEST(a_file_of_a_relative_path_is_removed_from_elsewhere),
        TEST(the_file_of_an_adopted_listener_stays),
        TEST(a_path_is_free_again_when_its_server_has_closed),
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
