/*
 * story_test.h - a whole story: a server, a client, an echo, all of it closed
 *
 * It is told over TCP, over a UNIX socket, by name, and through a proxy of
 * pipes, each time in a world in which something else goes wrong. However it
 * goes,
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
#ifndef WEIR_STORY_TEST_H
#define WEIR_STORY_TEST_H

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

static inline void close_servers(void)
{
    for (size_t i = 0; i < COUNT(story.servers); i++)
        if (story.servers[i])
            weir_server_close(story.servers[i]);
}

/* Withdraws an error that was to come, too. */
static inline void destroy(weir_socket *socket)
{
    struct end *end = weir_socket_data(socket);

    end->destroyed = true;
    weir_socket_destroy(socket);
}

static inline void wrote(weir_socket *socket, int status, void *argument)
{
    struct end *end = argument;

    assert_ptr_equal(socket, end->socket);
    assert_false(end->closed);
    assert_true(status <= 0);
    story.callbacks++;
}

static inline void give_back(void *bytes, size_t length, void *argument)
{
    (void)length, (void)argument;
    free(bytes);
    story.given_back++;
}

static inline bool accepted(int result)
{
    story.writes += result >= 0;
    return result >= 0;
}

static inline void write_owned(struct end *end, const char *text)
{
    char *copy = strdup(text);

    if (accepted(weir_socket_write_owned(end->socket, copy, strlen(copy),
                                         give_back, wrote, end)))
        story.taken_over++;
    else
        free(copy);
}

/* Every kind of write; a refused one is no reason to go on. */
static inline void ask(struct end *end)
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

static inline void on_connect(weir_socket *socket)
{
    struct end *end = weir_socket_data(socket);

    assert_false(end->failed || end->closed);
    if (end->client)
        ask(end);
}

static inline void on_data(weir_socket *socket, const void *bytes,
                           size_t length)
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

static inline void on_end(weir_socket *socket)
{
    struct end *end = weir_socket_data(socket);

    assert_false(end->closed);
    story.client_ended |= end->client;
}

static inline void on_timeout(weir_socket *socket)
{
    destroy(socket);
}

static inline void on_error(weir_socket *socket, int error)
{
    struct end *end = weir_socket_data(socket);
    char text[256];

    assert_true(error < 0);
    assert_false(end->failed || end->closed);
    weir_socket_error_text(socket, text, sizeof text);
    end->failed = true;
    story.errors++;
}

static inline void on_close(weir_socket *socket, bool had_error)
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

static inline struct end *open_end(weir_socket *socket)
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

static inline void on_connection(weir_server *server, weir_socket *socket)
{
    (void)server;
    open_end(socket);
}

static inline void on_proxy_connection(weir_server *server, weir_socket *socket)
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

static inline void on_server_close(weir_server *server)
{
    story.servers_closed++;
    for (size_t i = 0; i < COUNT(story.servers); i++)
        if (story.servers[i] == server)
            story.servers[i] = NULL;
}

static const weir_server_events server_events = { .close = on_server_close };

/* The address that it listens at; "no address" when something failed. */
static inline weir_address start_server(size_t which, weir_connection_cb *cb)
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

static inline int connect_client(weir_socket *socket,
                                 const weir_address *address)
{
    weir_connect_options options = { .timeout = PATIENCE,
                                     .tcp.no_delay = true };

    if (story.place == AT_NAME)
        return weir_socket_connect_host(socket, "echo.test",
                                        weir_address_port(address), &options);
    return weir_socket_connect(socket, address, &options);
}

/* What a program does when its beginning fails. */
static inline void begin_story(void)
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

static inline void run_to_the_end(void)
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

static inline bool told_well(void)
{
    return story.client_ended && story.errors == 0 &&
           story.answered == strlen(question) &&
           !memcmp(story.answer, question, story.answered);
}

/* ------------------------------------------------------------- one telling */

static inline unsigned open_descriptors(void)
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
static inline void start_name_server(void)
{
    weir_resolver_options options = { 0 };

    dns = dns_server_start(the_loop);
    assert_non_null(dns);
    dns_server_set(dns, "echo.test", DNS_A, DNS_ADDRESSES, "127.0.0.1");
    options.servers = dns_server_address(dns);
    assert_int_equal(weir_resolver_configure(the_loop, &options), 0);
}

static const struct fault no_fault;

/* Where in the sweep something went wrong, for whoever has to find it. */
static struct fault last;

static inline int begin(void **state)
{
    (void)state;
    last = no_fault;
    faults_restore();
    unlink(unix_path); /* of a test that failed */
    snprintf(unix_path, sizeof unix_path, "/tmp/weir-faults-%d", (int)getpid());
    return 0;
}

static inline int end(void **state)
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

#endif
