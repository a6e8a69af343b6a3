/*
 * embed - a server in C that reads its routing from a script
 *
 * C accepts and reads the first line of each connection; a function of the
 * script says what becomes of it. A text is the answer. A function takes the
 * connection over: from there on it is a net.Socket. SIGHUP reads the script
 * anew: the engine goes and another comes, with all that the old one had open,
 * while the listener and what C serves stay.
 */
#include <weir/script.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { DEFAULT_PORT = 7000, LINE = 256, PATIENCE = 10000 };

struct client {
    size_t length;
    char line[LINE];
};

static weir_loop *loop;
static weir_script *script;
static weir_value route; /* the function that the script exports */
static const char *path;
static unsigned clients;

/* --------------------------------------------------------------- the script */

/* An error in it is no reason to end the server. */
static bool on_error(weir_script *from, const char *text, const char *stack,
                     void *data)
{
    (void)from, (void)stack, (void)data;
    fprintf(stderr, "embed: %s", text);
    return true;
}

/* clients(): how many C has. */
static int count_clients(weir_script *from, size_t argc,
                         const weir_value argv[], weir_value *result,
                         void *data)
{
    (void)from, (void)argc, (void)argv, (void)data;
    *result = weir_value_number(clients);
    return 0;
}

static void load(void)
{
    const weir_script_options options = { .error = on_error };

    weir_value_unref(&route);
    weir_script_destroy(script);
    weir_check(weir_script_create(&script, loop, &options));
    weir_check(
        weir_script_register(script, NULL, "clients", count_clients, NULL));
    weir_check(weir_script_run_file(script, path, 0, &route));
}

static void on_hangup(weir_signal *watcher, int number)
{
    (void)watcher, (void)number;
    load();
}

/* ----------------------------------------------------------- a connection */

static void forget(weir_socket *socket)
{
    free(weir_socket_data(socket));
    weir_socket_set_data(socket, NULL);
    clients--;
}

static void answer(weir_socket *socket, const char *text, size_t length)
{
    weir_socket_write(socket, text, length, NULL, NULL);
    weir_socket_write(socket, "\n", 1, NULL, NULL);
    weir_socket_close(socket);
}

static void hand_over(weir_socket *socket, const weir_value *serve)
{
    weir_value as_socket;

    forget(socket);
    weir_socket_set_timeout(socket, 0);
    if (weir_script_give_socket(script, socket, &as_socket) < 0) {
        weir_socket_destroy(socket);
        return;
    }
    weir_script_call(script, serve, NULL, 1, &as_socket, NULL);
    weir_value_unref(&as_socket);
}

static void decide(weir_socket *socket, const struct client *client)
{
    weir_value line = weir_value_text_of(client->line, client->length);
    weir_value decision;
    int result = weir_script_call(script, &route, NULL, 1, &line, &decision);

    if (result == 0 && decision.type == WEIR_TEXT)
        answer(socket, decision.text, decision.length);
    else if (result == 0 && decision.type == WEIR_FUNCTION)
        hand_over(socket, &decision);
    else
        answer(socket, result == 0 ? "no such route" : "the route failed",
               result == 0 ? 13 : 16);
    weir_value_unref(&decision);
}

/* A byte at a time: what is behind the line stays in the kernel for whoever
 * the connection goes to. */
static void *on_buffer(weir_socket *socket, size_t *size)
{
    struct client *client = weir_socket_data(socket);

    *size = 1;
    return client->line + client->length;
}

static void on_data(weir_socket *socket, const void *bytes, size_t length)
{
    struct client *client = weir_socket_data(socket);

    (void)bytes, (void)length;
    if (client->line[client->length] == '\n')
        decide(socket, client);
    else if (++client->length == LINE)
        weir_socket_destroy(socket);
}

static void on_timeout(weir_socket *socket)
{
    weir_socket_destroy(socket);
}

static void on_close(weir_socket *socket, bool had_error)
{
    (void)had_error;
    forget(socket);
}

static const weir_socket_events events = { .buffer = on_buffer,
                                           .data = on_data,
                                           .timeout = on_timeout,
                                           .close = on_close };

static void on_connection(weir_server *server, weir_socket *socket)
{
    struct client *client = calloc(1, sizeof *client);

    (void)server;
    if (!client) {
        weir_socket_destroy(socket);
        return;
    }
    clients++;
    weir_socket_set_timeout(socket, PATIENCE);
    weir_socket_set_data(socket, client);
    weir_socket_set_events(socket, &events);
}

/* ----------------------------------------------------------------- the rest */

static void usage(FILE *to)
{
    fprintf(to,
            "usage: embed SCRIPT.js [PORT]\n"
            "Asks SCRIPT.js what to do with each connection's first line.\n"
            "PORT: default %d, 0 for any. SIGHUP reads the script anew.\n"
            "Try it: embed script/examples/embed/routes.js &\n"
            "        echo 'say hello' | nc 127.0.0.1 7000\n",
            DEFAULT_PORT);
}

static unsigned parse(int argc, char **argv)
{
    char *end = NULL;
    unsigned long port;

    if (argc == 2 && !strcmp(argv[1], "--help")) {
        usage(stdout);
        exit(0);
    }
    if (argc < 2 || argc > 3) {
        usage(stderr);
        exit(2);
    }
    path = argv[1];
    if (argc == 2)
        return DEFAULT_PORT;
    port = strtoul(argv[2], &end, 10);
    if (argv[2][0] < '0' || argv[2][0] > '9' || *end || port > 65535) {
        fprintf(stderr, "embed: not a port: %s\n", argv[2]);
        usage(stderr);
        exit(2);
    }
    return (unsigned)port;
}

int main(int argc, char **argv)
{
    weir_address address = weir_address_any(parse(argc, argv));
    char text[WEIR_ADDRESS_TEXT];
    weir_server *server;
    weir_signal hangup;
    int error;

    weir_check(weir_loop_create(&loop));
    weir_check(weir_signal_init(&hangup, loop, on_hangup));
    weir_check(weir_signal_start(&hangup, SIGHUP));
    load();
    weir_check(weir_server_create(&server, loop, on_connection, NULL));
    error = weir_server_listen(server, &address, NULL);
    if (error < 0) {
        fprintf(stderr, "embed: listen %s, port %u: %s\n",
                weir_error_name(error), weir_address_port(&address),
                weir_error_text(error));
        return 1;
    }
    weir_check(weir_server_address(server, &address));
    weir_check(weir_address_text(&address, text, sizeof text));
    printf("listening on %s\n", text);
    fflush(stdout);
    weir_check(weir_loop_run(loop));
    weir_script_destroy(script);
    return weir_loop_destroy(loop);
}
