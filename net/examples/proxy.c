/*
 * proxy - hands every connection on to another server
 *
 * Two pipes, one for each direction, are a TCP proxy: they carry bytes at the
 * speed of the slower side, the end of a stream as its end, and a broken
 * connection as a broken connection.
 */
#include <weir/net.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    char host[256];
    unsigned port;
} target;

static void on_error(weir_socket *socket, int error)
{
    char text[256];

    (void)error;
    weir_socket_error_text(socket, text, sizeof text);
    fprintf(stderr, "proxy: %s\n", text);
}

static const weir_socket_events events = { .error = on_error };

static void on_connection(weir_server *server, weir_socket *client)
{
    weir_socket *upstream;

    if (weir_socket_create(&upstream, weir_server_loop(server), &events, NULL) <
        0) {
        weir_socket_destroy(client);
        return;
    }
    weir_socket_set_events(client, &events);
    if (weir_socket_connect_host(upstream, target.host, target.port, NULL) <
            0 ||
        weir_socket_pipe(client, upstream) < 0 ||
        weir_socket_pipe(upstream, client) < 0) {
        weir_socket_destroy(upstream);
        weir_socket_destroy(client);
    }
}

/* HOST:PORT, where HOST may be a name, an address, or [IPv6]. */
static bool parse_target(const char *text)
{
    const char *colon = strrchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : 0;
    char *end;

    if (length > 1 && text[0] == '[' && colon[-1] == ']') {
        text++;
        length -= 2;
    }
    if (!length || length >= sizeof target.host || !colon[1])
        return false;
    memcpy(target.host, text, length);
    target.port = (unsigned)strtoul(colon + 1, &end, 10);
    return !*end && target.port <= 65535;
}

static int usage(FILE *to, int status)
{
    fprintf(to, "usage: proxy LISTEN_PORT HOST:PORT\n"
                "Hands every connection on. LISTEN_PORT 0: any.\n"
                "Try it: build/examples/echo 7000 & "
                "build/examples/proxy 7002 localhost:7000\n");
    return status;
}

int main(int argc, char **argv)
{
    char *end = "", text[WEIR_ADDRESS_TEXT];
    unsigned long port = argc > 1 ? strtoul(argv[1], &end, 10) : 0;
    weir_address address;
    weir_server *server;
    weir_loop *loop;

    if (argc == 2 && !strcmp(argv[1], "--help"))
        return usage(stdout, 0);
    if (argc != 3 || *end || end == argv[1] || port > 65535 ||
        !parse_target(argv[2]))
        return usage(stderr, 2);
    address = weir_address_any((unsigned)port);
    weir_check(weir_loop_create(&loop));
    weir_check(weir_server_create(&server, loop, on_connection, NULL));
    weir_check(weir_server_listen(server, &address, NULL));
    weir_check(weir_server_address(server, &address));
    weir_check(weir_address_text(&address, text, sizeof text));
    printf("listening on %s\n", text);
    fflush(stdout);
    weir_check(weir_loop_run(loop));
    return weir_loop_destroy(loop);
}
