/*
 * chat - what one says, all others hear
 *
 * One shared buffer goes into everybody's queue: a message is copied once,
 * however many listen. Each queue has a hard limit; who reads so slowly that it
 * is passed is dropped, and cannot make the server's memory grow.
 */
#include <weir/net.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUEUE_LIMIT = 256 * 1024, DEFAULT_PORT = 7001 };

struct guest {
    struct guest *next, **link; /* `link` points to what points to us */
    weir_socket *socket;
};

static struct guest *guests;

static void on_data(weir_socket *from, const void *bytes, size_t length)
{
    weir_buffer *message = weir_buffer_copy(bytes, length);

    for (struct guest *g = guests; message && g; g = g->next)
        if (g->socket != from &&
            weir_socket_write_buffer(g->socket, message, NULL, NULL) ==
                -ENOBUFS)
            weir_socket_destroy(g->socket); /* `close` comes later */
    weir_buffer_unref(message);
}

static void on_close(weir_socket *socket, bool had_error)
{
    struct guest *g = weir_socket_data(socket);

    (void)had_error;
    *g->link = g->next;
    if (g->next)
        g->next->link = g->link;
    free(g);
}

static const weir_socket_events chat = { .data = on_data, .close = on_close };

static void on_connection(weir_server *server, weir_socket *socket)
{
    struct guest *g = malloc(sizeof *g);

    (void)server;
    if (!g || weir_socket_set_write_limit(socket, QUEUE_LIMIT) < 0) {
        free(g);
        weir_socket_destroy(socket);
        return;
    }
    *g = (struct guest){ guests, &guests, socket };
    if (guests)
        guests->link = &g->next;
    guests = g;
    weir_socket_set_data(socket, g);
    weir_socket_set_events(socket, &chat);
}

static void usage(FILE *to)
{
    fprintf(to,
            "usage: chat [PORT]\nSends what one says to all others. "
            "PORT: default %d, 0 for any.\nTry it: nc 127.0.0.1 PORT, "
            "in two terminals\n",
            DEFAULT_PORT);
}

int main(int argc, char **argv)
{
    bool help = argc == 2 && !strcmp(argv[1], "--help");
    char *end = "", text[WEIR_ADDRESS_TEXT];
    unsigned long port = argc > 1 ? strtoul(argv[1], &end, 10) : DEFAULT_PORT;
    weir_address address;
    weir_server *server;
    weir_loop *loop;

    if (help || argc > 2 || *end || end == argv[1] || port > 65535) {
        usage(help ? stdout : stderr);
        return help ? 0 : 2;
    }
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
