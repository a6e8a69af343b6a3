/*
 * echo - a server that sends back what it is sent
 *
 * The whole of backpressure in two lines: stop reading while too much waits to
 * be written, go on when it has drained. A client that sends without reading
 * cannot make this server's memory grow.
 */
#include <weir/net.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HIGH_WATER = 64 * 1024, DEFAULT_PORT = 7000 };

static void on_data(weir_socket *socket, const void *bytes, size_t length)
{
    weir_socket_write(socket, bytes, length, NULL, NULL);
    if (weir_socket_buffered(socket) > HIGH_WATER)
        weir_socket_pause(socket);
}

static void on_drain(weir_socket *socket)
{
    weir_socket_resume(socket);
}

static const weir_socket_events echo = { .data = on_data, .drain = on_drain };

static void on_connection(weir_server *server, weir_socket *socket)
{
    (void)server;
    weir_socket_set_events(socket, &echo);
}

static void usage(FILE *to)
{
    fprintf(to,
            "usage: echo [PORT]\n"
            "Sends back what it is sent. PORT: default %d, 0 for any.\n"
            "Try it: nc 127.0.0.1 PORT\n",
            DEFAULT_PORT);
}

static unsigned parse_port(int argc, char **argv)
{
    char *end = NULL;
    unsigned long port;

    if (argc == 1)
        return DEFAULT_PORT;
    if (argc > 2) {
        usage(stderr);
        exit(2);
    }
    if (!strcmp(argv[1], "--help")) {
        usage(stdout);
        exit(0);
    }
    port = strtoul(argv[1], &end, 10);
    if (argv[1][0] < '0' || argv[1][0] > '9' || *end || port > 65535) {
        fprintf(stderr, "echo: not a port: %s\n", argv[1]);
        usage(stderr);
        exit(2);
    }
    return (unsigned)port;
}

int main(int argc, char **argv)
{
    weir_address address = weir_address_any(parse_port(argc, argv));
    char text[WEIR_ADDRESS_TEXT];
    weir_server *server;
    weir_loop *loop;
    int error;

    weir_check(weir_loop_create(&loop));
    weir_check(weir_server_create(&server, loop, on_connection, NULL));
    error = weir_server_listen(server, &address, NULL);
    if (error < 0) {
        fprintf(stderr, "echo: listen %s, port %u: %s\n",
                weir_error_name(error), weir_address_port(&address),
                weir_error_text(error));
        return 1;
    }
    weir_check(weir_server_address(server, &address));
    weir_check(weir_address_text(&address, text, sizeof text));
    printf("listening on %s\n", text);
    fflush(stdout);
    weir_check(weir_loop_run(loop));
    return weir_loop_destroy(loop);
}
