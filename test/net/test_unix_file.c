/*
 * test_unix_file.c - the files of UNIX sockets
 *
 * What a server may do to files is narrow, and what it may not is tested as
 * well: field note 20 is of paths cut short, of files left behind for ever, and
 * of files removed that were somebody else's.
 */
#include "unix_test.h"

/* --------------------------------------------------------------- helpers */

static unsigned mode_of(const char *at)
{
    struct stat status;

    assert_int_equal(lstat(at, &status), 0);
    return status.st_mode & 07777;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
