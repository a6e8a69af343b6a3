/*
 * test_script_sockets.c - sockets and servers go to JavaScript and back
 */
#include "embed.h"

static struct {
    char text[256];
    size_t length;
    unsigned ends, closes, connections;
    weir_socket *last;
} seen;

static void on_data(weir_socket *socket, const void *bytes, size_t length)
{
    (void)socket;
    assert_true(seen.length + length < sizeof seen.text);
    memcpy(seen.text + seen.length, bytes, length);
    seen.length += length;
    seen.text[seen.length] = '\0';
}

static void on_end(weir_socket *socket)
{
    (void)socket;
    seen.ends++;
}

static void on_close(weir_socket *socket, bool had_error)
{
    (void)socket, (void)had_error;
    seen.closes++;
}

static const weir_socket_events noting = { .data = on_data,
                                           .end = on_end,
                                           .close = on_close };

static void on_connection(weir_server *server, weir_socket *socket)
{
    (void)server;
    seen.connections++;
    seen.last = socket;
    weir_socket_set_events(socket, &noting);
}

#define TURN_UNTIL(condition)                                                  \
    for (int turn_ = 0; !(condition); turn_++) {                               \
        assert_true(turn_ < 2000);                                             \
        assert_true(weir_loop_run_once(the_loop, 100) >= 0);                   \
    }

/* Two sockets of C's that are connected: `ours` notes. */
static void open_pair(weir_socket **theirs, weir_socket **ours)
{
    int fds[2];

    memset(&seen, 0, sizeof seen);
    test_socketpair(fds);
    assert_int_equal(weir_socket_create(theirs, the_loop, NULL, NULL), 0);
    assert_int_equal(weir_socket_adopt(*theirs, fds[0]), 0);
    assert_int_equal(weir_socket_create(ours, the_loop, &noting, NULL), 0);
    assert_int_equal(weir_socket_adopt(*ours, fds[1]), 0);
}

static void say(weir_socket *socket, const char *text)
{
    assert_true(weir_socket_write(socket, text, strlen(text), NULL, NULL) >= 0);
}

/* Puts a socket of C's at `socket` in JavaScript, where it runs the text. */
static weir_value give(weir_socket *socket, const char *text)
{
    weir_value value;

    assert_int_equal(weir_script_give_socket(the_script, socket, &value), 0);
    assert_int_equal(value.type, WEIR_OBJECT);
    assert_int_equal(weir_script_set(the_script, NULL, "socket", &value), 0);
    (void)run(text);
    return value;
}

static void a_socket_that_is_given_is_a_net_socket(void **state)
{
    weir_socket *theirs, *ours;
    weir_value value;

    (void)state;
    start();
    open_pair(&theirs, &ours);
    value =
        give(theirs, "socket.on('data', (bytes) => socket.write(`<${bytes}>`));"
                     "socket.on('end', () => socket.end('bye'));"
                     "closed = 0; socket.on('close', () => closed++); 0");
    assert_int_equal(number("Number(socket instanceof require('net').Socket)"),
                     1);
    say(ours, "hello");
    TURN_UNTIL(seen.length == 7);
    assert_string_equal(seen.text, "<hello>");
    weir_socket_end(ours);
    TURN_UNTIL(seen.closes == 1);
    assert_string_equal(seen.text, "<hello>bye");
    TURN_UNTIL(number("closed") == 1);
    weir_value_unref(&value);
}

static void bytes_that_were_not_read_are_javascripts(void **state)
{
    weir_socket *theirs, *ours;
    weir_value value;

    (void)state;
    start();
    open_pair(&theirs, &ours);
    say(ours, "early");
    assert_true(weir_loop_run_once(the_loop, 10) >= 0);
    value = give(theirs, "got = ''; socket.on('data', (b) => got += b); 0");
    TURN_UNTIL(number("got.length") == 5);
    assert_text("got", "early");
    weir_value_unref(&value);
    weir_socket_destroy(ours);
}

static void a_socket_is_taken_back(void **state)
{
    weir_socket *theirs, *ours, *taken;
    weir_value value;

    (void)state;
    start();
    open_pair(&theirs, &ours);
    value =
        give(theirs, "line = ''; closed = 0;"
                     "socket.on('close', () => closed++);"
                     "socket.once('data', (bytes) => { line += bytes; }); 0");
    say(ours, "line");
    TURN_UNTIL(number("line.length") == 4);
    assert_int_equal(
        weir_script_take_socket(the_script, &value, &noting, NULL, &taken), 0);
    assert_ptr_equal(taken, theirs);
    TURN_UNTIL(number("closed") == 1);
    assert_int_equal(number("Number(socket.destroyed)"), 1);
    say(ours, "to C");
    TURN_UNTIL(seen.length == 4);
    assert_string_equal(seen.text, "to C");
    weir_value_unref(&value);
    weir_script_destroy(the_script);
    the_script = NULL;
    say(ours, ", still");
    TURN_UNTIL(seen.length == 11);
    weir_socket_destroy(taken);
    weir_socket_destroy(ours);
}

static void what_is_not_at_rest_is_not_taken(void **state)
{
    weir_socket *theirs, *ours, *taken;
    weir_value value, other;

    (void)state;
    start();
    open_pair(&theirs, &ours);
    value = give(theirs, "0");
    say(ours, "unread");
    TURN_UNTIL(number("socket.readableLength") == 6);
    assert_int_equal(
        weir_script_take_socket(the_script, &value, &noting, NULL, &taken),
        -EBUSY);
    assert_null(taken);
    (void)run("socket.read(); socket.write(Buffer.alloc(8e6), () => {}); 0");
    assert_int_equal(
        weir_script_take_socket(the_script, &value, &noting, NULL, &taken),
        -EBUSY);
    (void)run("socket.destroy(); 0");
    assert_int_equal(
        weir_script_take_socket(the_script, &value, &noting, NULL, &taken),
        -ENOTCONN);
    other = run("({})");
    assert_int_equal(
        weir_script_take_socket(the_script, &other, &noting, NULL, &taken),
        -EINVAL);
    weir_value_unref(&other);
    weir_value_unref(&value);
    weir_socket_destroy(ours);
}

static void what_cannot_be_given_is_refused(void **state)
{
    weir_socket *theirs, *ours, *unconnected;
    weir_server *server;
    weir_value value, again;

    (void)state;
    start();
    open_pair(&theirs, &ours);
    assert_int_equal(weir_socket_create(&unconnected, the_loop, &noting, NULL),
                     0);
    assert_int_equal(weir_script_give_socket(the_script, unconnected, &again),
                     -ENOTCONN);
    assert_int_equal(weir_script_give_socket(the_script, NULL, &again),
                     -EINVAL);
    value = give(theirs, "0");
    assert_int_equal(weir_script_give_socket(the_script, theirs, &again),
                     -EBUSY);
    assert_int_equal(weir_server_create(&server, the_loop, on_connection, NULL),
                     0);
    assert_int_equal(weir_script_give_server(the_script, server, &again),
                     -ENOTCONN);
    weir_server_close(server);
    weir_socket_destroy(unconnected);
    weir_socket_destroy(ours);
    weir_value_unref(&value);
}

/* ----------------------------------------------------------------- servers */

static weir_socket *dial(const weir_server *server)
{
    weir_address address;
    weir_socket *client;

    assert_int_equal(weir_server_address(server, &address), 0);
    assert_int_equal(weir_socket_create(&client, the_loop, &noting, NULL), 0);
    assert_int_equal(weir_socket_connect(client, &address, NULL), 0);
    return client;
}

static void a_server_goes_to_javascript_and_back(void **state)
{
    weir_address address = weir_address_loopback(0);
    weir_server *server, *taken;
    weir_socket *client;
    weir_value value;

    (void)state;
    memset(&seen, 0, sizeof seen);
    start();
    assert_int_equal(weir_server_create(&server, the_loop, on_connection, NULL),
                     0);
    assert_int_equal(weir_server_listen(server, &address, NULL), 0);
    assert_int_equal(weir_script_give_server(the_script, server, &value), 0);
    assert_int_equal(weir_script_set(the_script, NULL, "server", &value), 0);
    (void)run(
        "closed = 0; server.on('close', () => closed++);"
        "server.on('connection', (socket) => socket.end('of JavaScript'));"
        "0");
    assert_int_equal(weir_server_address(server, &address), 0);
    assert_int_equal(number("server.address().port"),
                     weir_address_port(&address));
    client = dial(server);
    TURN_UNTIL(seen.closes == 1);
    assert_string_equal(seen.text, "of JavaScript");
    assert_int_equal(seen.connections, 0);

    assert_int_equal(weir_script_take_server(the_script, &value, on_connection,
                                             NULL, &taken),
                     0);
    assert_ptr_equal(taken, server);
    TURN_UNTIL(number("closed") == 1);
    client = dial(server);
    TURN_UNTIL(seen.connections == 1);
    weir_socket_destroy(seen.last);
    weir_socket_destroy(client);
    weir_server_close(server);
    weir_value_unref(&value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_socket_that_is_given_is_a_net_socket),
        TEST(bytes_that_were_not_read_are_javascripts),
        TEST(a_socket_is_taken_back),
        TEST(what_is_not_at_rest_is_not_taken),
        TEST(what_cannot_be_given_is_refused),
        TEST(a_server_goes_to_javascript_and_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
