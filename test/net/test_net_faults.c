/*
 * test_net_faults.c - every system call and every allocation fails once
 *
 * A whole story is told again and again: a server, a client, an echo, all of it
 * closed; over TCP, over a UNIX socket, by name, and through a proxy of pipes.
 * Each time another call fails, once or from then on, with each errno that it
 * can have, until the story is told without anything failing. However it goes,
 *
 *   - the loop ends, in a bounded number of turns;
 *   - each socket and each server is told one `close`, and an error before it
 *     at most once;
 *   - each write that was accepted is called back exactly once, each buffer
 *     that was taken over is given back exactly once;
 *   - no memory and no descriptor is left.
 *
 * Whoever waits in vain gives up after ten seconds, on a clock of ours.
 */
#include "test/support/net_test.h"

#include "test/support/virtual_clock.h"
#include "test/support/dns_server.h"

#include <dirent.h>

enum { TURNS = 4000, PATIENCE = 10000, ENDS = 16, VARIANTS = 5 };

/* ------------------------------------------------------------- the stories */

enum place { AT_PORT, AT_PATH, AT_NAME, AT_PROXY };

static const char *const place_names[] = { "TCP", "UNIX", "by name", "proxy" };

static struct {
    enum place place;
    weir_server *servers[2]; /* the echo, and the proxy before it */
    size_t opened, closed, errors;
    size_t servers_opened, servers_closed;
    size_t writes, callbacks, taken_over, given_back;
    char answer[64]; /* what the client got back */
    size_t answered;
    bool client_ended, through;
} story;

static const char question[] = "one two three four five ";
static char unix_path[64];
static struct dns_server *dns;

/* ------------------------------------------------------ the two ends of it */

/* One socket, and what has been told of it. */
struct end {
    weir_socket *socket;
    bool client, failed, destroyed, closed;
};

static struct end ends[ENDS];

static void close_servers(void)
{
    for (size_t i = 0; i < COUNT(story.servers); i++)
        if (story.servers[i])
            weir_server_close(story.servers[i]);
}

/* Withdraws an error that was to come, too. */
static void destroy(weir_socket *socket)
{
    struct end *end = weir_socket_data(socket);

    end->destroyed = true;
    weir_socket_destroy(socket);
}

static void wrote(weir_socket *socket, int status, void *argument)
{
    struct end *end = argument;

    assert_ptr_equal(socket, end->socket);
    assert_false(end->closed);
    assert_true(status <= 0);
    story.callbacks++;
}

static void give_back(void *bytes, size_t length, void *argument)
{
    (void)length, (void)argument;
    free(bytes);
    story.given_back++;
}

static bool accepted(int result)
{
    story.writes += result >= 0;
    return result >= 0;
}

static void write_owned(struct end *end, const char *text)
{
    char *copy = strdup(text);

    if (accepted(weir_socket_write_owned(end->socket, copy, strlen(copy),
                                         give_back, wrote, end)))
        story.taken_over++;
    else
        free(copy);
}

/* Every kind of write; a refused one is no reason to go on. */
static void ask(struct end *end)
{
    struct iovec pieces[] = { { "two ", 4 }, { "three ", 6 } };
    weir_buffer *shared = weir_buffer_copy("five ", 5);

    if (!accepted(weir_socket_write(end->socket, "one ", 4, wrote, end)) ||
        !accepted(weir_socket_writev(end->socket, pieces, 2, wrote, end)))
        destroy(end->socket);
    write_owned(end, "four ");
    if (shared)
        accepted(weir_socket_write_buffer(end->socket, shared, wrote, end));
    weir_buffer_unref(shared);
    weir_socket_end(end->socket);
}

static void on_connect(weir_socket *socket)
{
    struct end *end = weir_socket_data(socket);

    assert_false(end->failed || end->closed);
    if (end->client)
        ask(end);
}

static void on_data(weir_socket *socket, const void *bytes, size_t length)
{
    struct end *end = weir_socket_data(socket);

    /* Perhaps after an error: when only writing has failed. */
    assert_false(end->closed);
    if (!end->client) {
        if (!accepted(weir_socket_write(socket, bytes, length, wrote, end)))
            destroy(socket);
        return;
    }
    assert_true(story.answered + length < sizeof story.answer);
    memcpy(story.answer + story.answered, bytes, length);
    story.answered += length;
}

static void on_end(weir_socket *socket)
{
    struct end *end = weir_socket_data(socket);

    assert_false(end->closed);
    story.client_ended |= end->client;
}

static void on_timeout(weir_socket *socket)
{
    destroy(socket);
}

static void on_error(weir_socket *socket, int error)
{
    struct end *end = weir_socket_data(socket);
    char text[256];

    assert_true(error < 0);
    assert_false(end->failed || end->closed);
    weir_socket_error_text(socket, text, sizeof text);
    end->failed = true;
    story.errors++;
}

static void on_close(weir_socket *socket, bool had_error)
{
    struct end *end = weir_socket_data(socket);

    assert_ptr_equal(socket, end->socket);
    assert_false(end->closed);
    assert_true(had_error == end->failed || (had_error && end->destroyed));
    end->closed = true;
    story.closed++;
    if (end->client)
        close_servers();
}

static const weir_socket_events events = {
    .connect = on_connect,
    .data = on_data,
    .end = on_end,
    .timeout = on_timeout,
    .error = on_error,
    .close = on_close,
};

static struct end *open_end(weir_socket *socket)
{
    struct end *end = &ends[story.opened++];

    assert_true(story.opened <= ENDS);
    *end = (struct end){ .socket = socket };
    weir_socket_set_data(socket, end);
    weir_socket_set_events(socket, &events);
    weir_socket_set_timeout(socket, PATIENCE);
    return end;
}

/* ---------------------------------------------------------------- servers */

static void on_connection(weir_server *server, weir_socket *socket)
{
    (void)server;
    open_end(socket);
}

static void on_proxy_connection(weir_server *server, weir_socket *socket)
{
    weir_address address;
    weir_socket *back;

    (void)server;
    open_end(socket);
    if (weir_server_address(story.servers[0], &address) < 0 ||
        weir_socket_create(&back, the_loop, NULL, NULL) < 0) {
        destroy(socket);
        return;
    }
    open_end(back);
    if (weir_socket_connect(back, &address, NULL) < 0 ||
        weir_socket_pipe(socket, back) < 0 ||
        weir_socket_pipe(back, socket) < 0) {
        destroy(socket);
        destroy(back);
    }
}

static void on_server_close(weir_server *server)
{
    story.servers_closed++;
    for (size_t i = 0; i < COUNT(story.servers); i++)
        if (story.servers[i] == server)
            story.servers[i] = NULL;
}

static const weir_server_events server_events = { .close = on_server_close };

/* The address that it listens at; "no address" when something failed. */
static weir_address start_server(size_t which, weir_connection_cb *cb)
{
    weir_address address = weir_address_loopback(0);
    weir_server *server;
    int result;

    if (story.place == AT_PATH)
        weir_address_unix(&address, unix_path, strlen(unix_path));
    if (weir_server_create(&server, the_loop, cb, NULL) < 0)
        return (weir_address){ 0 };
    story.servers[which] = server;
    story.servers_opened++;
    weir_server_set_events(server, &server_events);
    result = weir_server_listen(server, &address, NULL);
    if (result == 0)
        result = weir_server_address(server, &address);
    return result == 0 ? address : (weir_address){ 0 };
}

static int connect_client(weir_socket *socket, const weir_address *address)
{
    weir_connect_options options = { .timeout = PATIENCE,
                                     .tcp.no_delay = true };

    if (story.place == AT_NAME)
        return weir_socket_connect_host(socket, "echo.test",
                                        weir_address_port(address), &options);
    return weir_socket_connect(socket, address, &options);
}

/* What a program does when its beginning fails. */
static void begin_story(void)
{
    weir_address address = start_server(0, on_connection);
    weir_socket *socket;

    if (story.place == AT_PROXY && address.length)
        address = start_server(1, on_proxy_connection);
    if (!address.length ||
        weir_socket_create(&socket, the_loop, NULL, NULL) < 0) {
        close_servers();
        return;
    }
    open_end(socket)->client = true;
    if (connect_client(socket, &address) < 0)
        destroy(socket);
}

static void run_to_the_end(void)
{
    unsigned turns = 0;

    while (weir_loop_alive(the_loop)) {
        assert_true(weir_loop_run_once(the_loop, -1) >= 0);
        for (size_t i = 0; i < story.opened; i++)
            if (!ends[i].closed)
                assert_sound(ends[i].socket);
        /* Every turn takes a little, or a call that is ready and fails for ever
         * would keep everybody's patience from its end. */
        spend(10 * MS);
        if (++turns == TURNS)
            fail_msg("the loop does not end");
    }
}

static bool told_well(void)
{
    return story.client_ended && story.errors == 0 &&
           story.answered == strlen(question) &&
           !memcmp(story.answer, question, story.answered);
}

/* ------------------------------------------------------------- one telling */

static unsigned open_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    unsigned count = 0;

    assert_non_null(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

/* The name server is no part of the story: it begins before things fail. */
static void start_name_server(void)
{
    weir_resolver_options options = { 0 };

    dns = dns_server_start(the_loop);
    assert_non_null(dns);
    dns_server_set(dns, "echo.test", DNS_A, DNS_ADDRESSES, "127.0.0.1");
    options.servers = dns_server_address(dns);
    assert_int_equal(weir_resolver_configure(the_loop, &options), 0);
}

static const struct fault no_fault;

/* The socket's file is gone, unless just that was made fail. */
static void assert_file_removed(const struct fault *fault)
{
    bool excused = fault->onward || !strcmp(faults_what(), "lstat") ||
                   !strcmp(faults_what(), "unlink");

    if (unlink(unix_path) == 0 && !excused)
        fail_msg("the socket's file is still there");
}

/* Tells the story with this fault, and looks at what is left. */
static bool tell(enum place place, const struct fault *fault)
{
    unsigned descriptors = open_descriptors(), struck;
    size_t live = faults_leaked();

    memset(&story, 0, sizeof story);
    story.place = place;
    faults_arm(place == AT_NAME ? &no_fault : fault);
    if (open_virtual_loop(NULL) == 0) {
        if (place == AT_NAME) {
            start_name_server();
            faults_arm(fault);
            virtual_install();
        }
        begin_story();
        run_to_the_end();
        story.through = true;
        if (place == AT_NAME)
            dns_server_stop(dns);
        test_destroy_loop();
    }
    struck = faults_struck();
    assert_int_equal(story.closed, story.opened);
    assert_int_equal(story.servers_closed, story.servers_opened);
    assert_int_equal(story.callbacks, story.writes);
    assert_int_equal(story.given_back, story.taken_over);
    assert_int_equal(faults_leaked(), live);
    assert_int_equal(open_descriptors(), descriptors);
    assert_file_removed(fault);
    return struck > 0;
}

/* Where in the sweep something went wrong, for whoever has to find it. */
static struct fault last;

static void sweep(enum place place, bool onward, const char *only)
{
    for (unsigned variant = 0; variant < VARIANTS; variant++) {
        last = (struct fault){ .onward = onward,
                               .variant = variant,
                               .only = only };
        for (last.nth = 1; tell(place, &last); last.nth++) {
            /* An interrupted call is repeated, and nobody notices; but for
             * connect(), which the injector has not let through at all. */
            if (faults_errno() == EINTR && !onward &&
                strcmp(faults_what(), "connect") != 0)
                assert_true(told_well());
        }
        assert_true(told_well());
        assert_true(last.nth > 3);
        if (only)
            return; /* one errno is all that it has */
    }
}

static int begin(void **state)
{
    (void)state;
    last = no_fault;
    faults_restore();
    unlink(unix_path); /* of a test that failed */
    snprintf(unix_path, sizeof unix_path, "/tmp/weir-faults-%d", (int)getpid());
    return 0;
}

static int end(void **state)
{
    (void)state;
    if (last.nth && !told_well())
        print_message("# call %u of %s (%s), variant %u, %s: %s\n", last.nth,
                      place_names[story.place], faults_what(), last.variant,
                      last.onward ? "onward" : "once",
                      weir_error_name(-faults_errno()));
    faults_restore();
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

/* --------------------------------------------------------------- the tests */

static void every_story_is_told_well_when_nothing_fails(void **state)
{
    (void)state;
    for (enum place place = AT_PORT; place <= AT_PROXY; place++) {
        assert_false(tell(place, &no_fault));
        assert_true(told_well());
        assert_int_equal(story.writes >= 5, 1);
    }
}

static void no_call_that_fails_once_leaves_anything_over_tcp(void **state)
{
    (void)state;
    sweep(AT_PORT, false, NULL);
}

static void no_call_that_fails_for_ever_leaves_anything_over_tcp(void **state)
{
    (void)state;
    sweep(AT_PORT, true, NULL);
}

static void no_call_that_fails_once_leaves_anything_at_a_path(void **state)
{
    (void)state;
    sweep(AT_PATH, false, NULL);
}

static void no_call_that_fails_for_ever_leaves_anything_at_a_path(void **state)
{
    (void)state;
    sweep(AT_PATH, true, NULL);
}

static void no_call_that_fails_once_leaves_anything_by_name(void **state)
{
    (void)state;
    sweep(AT_NAME, false, NULL);
}

static void no_call_that_fails_for_ever_leaves_anything_by_name(void **state)
{
    (void)state;
    sweep(AT_NAME, true, NULL);
}

static void no_call_that_fails_once_leaves_anything_in_a_proxy(void **state)
{
    (void)state;
    sweep(AT_PROXY, false, NULL);
}

static void no_call_that_fails_for_ever_leaves_anything_in_a_proxy(void **state)
{
    (void)state;
    sweep(AT_PROXY, true, NULL);
}

static void no_allocation_that_fails_leaves_anything(void **state)
{
    (void)state;
    for (enum place place = AT_PORT; place <= AT_PROXY; place++) {
        sweep(place, false, "malloc");
        sweep(place, true, "malloc");
    }
}

/* ---------------------------------------- interrupted, and in small pieces */

/* A kernel that is interrupted at every other call. */
static unsigned interruptions;

#define INTERRUPTED(type, name, parameters, arguments)                         \
    static type interrupted_##name parameters                                  \
    {                                                                          \
        static bool again;                                                     \
                                                                               \
        again = !again;                                                        \
        if (again) {                                                           \
            interruptions++;                                                   \
            errno = EINTR;                                                     \
            return -1;                                                         \
        }                                                                      \
        return faults_kernel()->name arguments;                                \
    }

INTERRUPTED(ssize_t, read, (int fd, void *to, size_t size), (fd, to, size))
INTERRUPTED(ssize_t, write, (int fd, const void *from, size_t size),
            (fd, from, size))
INTERRUPTED(ssize_t, recv, (int fd, void *to, size_t size, int flags),
            (fd, to, size, flags))
INTERRUPTED(ssize_t, send, (int fd, const void *from, size_t size, int flags),
            (fd, from, size, flags))
INTERRUPTED(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags),
            (fd, message, flags))
INTERRUPTED(int, ACCEPT, (ACCEPT_PARAMETERS), (ACCEPT_ARGUMENTS))

#ifdef WEIR_BACKEND_EPOLL
static int interrupted_wait(int epoll, struct epoll_event *ready, int count,
                            int timeout)
{
    static bool again;

    again = !again;
    if (again) {
        interruptions++;
        errno = EINTR;
        return -1;
    }
    return virtual_wait(epoll, ready, count, timeout);
}
#endif

/* POSIX: it goes on by itself. */
static int interrupted_connect(int fd, const struct sockaddr *name,
                               socklen_t size)
{
    int result = connect(fd, name, size);

    if (result < 0 && errno != EINPROGRESS)
        return result;
    interruptions++;
    errno = EINTR;
    return -1;
}

static int interrupted_close(int fd)
{
    close(fd);
    interruptions++;
    errno = EINTR;
    return -1;
}

static int interrupted_open(const char *path, int flags, ...)
{
    static bool again;

    again = !again;
    if (again) {
        interruptions++;
        errno = EINTR;
        return -1;
    }
    return open(path, flags);
}

/* A story in a changed world: `change` puts it into the seam. */
static void tell_in(enum place place, void (*change)(void))
{
    unsigned descriptors = open_descriptors();

    memset(&story, 0, sizeof story);
    story.place = place;
    faults_restore();
    assert_int_equal(open_virtual_loop(NULL), 0);
    change();
    if (place == AT_NAME)
        start_name_server();
    begin_story();
    run_to_the_end();
    if (place == AT_NAME)
        dns_server_stop(dns);
    test_destroy_loop();
    faults_restore();
    assert_true(told_well());
    assert_int_equal(story.closed, story.opened);
    assert_int_equal(story.callbacks, story.writes);
    assert_int_equal(open_descriptors(), descriptors);
}

static void interrupt_everything(void)
{
    weir_sys.read = interrupted_read;
    weir_sys.write = interrupted_write;
    weir_sys.recv = interrupted_recv;
    weir_sys.send = interrupted_send;
    weir_sys.sendmsg = interrupted_sendmsg;
    weir_sys.ACCEPT = interrupted_ACCEPT;
    weir_sys.connect = interrupted_connect;
    weir_sys.close = interrupted_close;
    weir_sys.open = interrupted_open;
#ifdef WEIR_BACKEND_EPOLL
    weir_sys.epoll_wait = interrupted_wait;
#endif
}

static void signals_at_every_call_change_nothing(void **state)
{
    (void)state;
    interruptions = 0;
    for (enum place place = AT_PORT; place <= AT_PROXY; place++)
        tell_in(place, interrupt_everything);
    assert_true(interruptions > 50);
}

#ifdef WEIR_BACKEND_EPOLL
/* A kernel that hands over a few bytes at a time. It keeps its word about
 * edges: what it holds back is told again, by a MOD behind weir's back. */
static struct epoll_event interests[256];
static int interests_epoll;

static int noting_control(int epoll, int operation, int fd,
                          struct epoll_event *event)
{
    int result = epoll_ctl(epoll, operation, fd, event);

    if (result == 0 && operation != EPOLL_CTL_DEL && fd < 256) {
        interests[fd] = *event;
        interests_epoll = epoll;
    }
    return result;
}

static void edge_again(int fd)
{
    assert_in_range(fd, 0, 255);
    assert_int_equal(
        epoll_ctl(interests_epoll, EPOLL_CTL_MOD, fd, &interests[fd]), 0);
}

static size_t piece;

static ssize_t short_recv(int fd, void *to, size_t size, int flags)
{
    ssize_t n = recv(fd, to, size < piece ? size : piece, flags);

    if (n == (ssize_t)piece && piece < size)
        edge_again(fd);
    return n;
}

static ssize_t short_send(int fd, const void *from, size_t size, int flags)
{
    ssize_t n = send(fd, from, size < piece ? size : piece, flags);

    if (n >= 0 && (size_t)n < size)
        edge_again(fd);
    return n;
}

static ssize_t short_sendmsg(int fd, const struct msghdr *message, int flags)
{
    return short_send(fd, message->msg_iov->iov_base, message->msg_iov->iov_len,
                      flags);
}

/* sendmsg() sends less than all its pieces: that is short as well. */
static ssize_t short_gather(int fd, const struct msghdr *message, int flags)
{
    ssize_t n = short_sendmsg(fd, message, flags);

    if (n >= 0 && message->msg_iovlen > 1)
        edge_again(fd);
    return n;
}

static void shorten_everything(void)
{
    weir_sys.recv = short_recv;
    weir_sys.send = short_send;
    weir_sys.sendmsg = short_gather;
    weir_sys.epoll_ctl = noting_control;
}

static void pieces_of_any_size_change_nothing(void **state)
{
    (void)state;
    for (piece = 1; piece <= 8; piece++)
        for (enum place place = AT_PORT; place <= AT_PROXY; place++)
            tell_in(place, shorten_everything);
}

/* "Not now" at every other call, with the edge that follows in such a case. */
static ssize_t late_recv(int fd, void *to, size_t size, int flags)
{
    static bool again;

    again = !again;
    if (again) {
        edge_again(fd);
        errno = EAGAIN;
        return -1;
    }
    return recv(fd, to, size, flags);
}

static ssize_t late_send(int fd, const void *from, size_t size, int flags)
{
    static bool again;

    again = !again;
    if (again) {
        edge_again(fd);
        errno = EAGAIN;
        return -1;
    }
    return send(fd, from, size, flags);
}

static ssize_t late_sendmsg(int fd, const struct msghdr *message, int flags)
{
    static bool again;

    again = !again;
    if (again) {
        edge_again(fd);
        errno = EAGAIN;
        return -1;
    }
    return sendmsg(fd, message, flags);
}

static void delay_everything(void)
{
    weir_sys.recv = late_recv;
    weir_sys.send = late_send;
    weir_sys.sendmsg = late_sendmsg;
    weir_sys.epoll_ctl = noting_control;
}

static void a_kernel_that_says_not_now_changes_nothing(void **state)
{
    (void)state;
    for (enum place place = AT_PORT; place <= AT_PROXY; place++)
        tell_in(place, delay_everything);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_story_is_told_well_when_nothing_fails),
        TEST(no_call_that_fails_once_leaves_anything_over_tcp),
        TEST(no_call_that_fails_for_ever_leaves_anything_over_tcp),
        TEST(no_call_that_fails_once_leaves_anything_at_a_path),
        TEST(no_call_that_fails_for_ever_leaves_anything_at_a_path),
        TEST(no_call_that_fails_once_leaves_anything_by_name),
        TEST(no_call_that_fails_for_ever_leaves_anything_by_name),
        TEST(no_call_that_fails_once_leaves_anything_in_a_proxy),
        TEST(no_call_that_fails_for_ever_leaves_anything_in_a_proxy),
        TEST(no_allocation_that_fails_leaves_anything),
        TEST(signals_at_every_call_change_nothing),
#ifdef WEIR_BACKEND_EPOLL
        TEST(pieces_of_any_size_change_nothing),
        TEST(a_kernel_that_says_not_now_changes_nothing),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
