/*
 * idle_server.c - the echo example, with an idle timeout on every connection
 *
 * For measuring what an idle connection costs with all its bookkeeping, and
 * that a message re-arms the timeout without a timer operation. The callbacks
 * are those of net/examples/echo.c.
 */
#include <weir/net.h>

#include <stdio.h>
#include <stdlib.h>

enum { HIGH_WATER = 64 * 1024, TIMEOUT = 60 * 1000 };

static void on_data(weir_socket *socket, const void *bytes, size_t length)
{
    weir_write(socket, bytes, length, NULL, NULL);
    if (weir_socket_buffered(socket) > HIGH_WATER)
        weir_socket_pause(socket);
}

static void on_drain(weir_socket *socket)
{
    weir_socket_resume(socket);
}

static void on_timeout(weir_socket *socket)
{
    weir_socket_destroy(socket);
}

static const weir_socket_events echo = { .data = on_data,
                                         .drain = on_drain,
                                         .timeout = on_timeout };

static void on_connection(weir_server *server, weir_socket *socket)
{
    (void)server;
    weir_socket_set_events(socket, &echo, NULL);
    weir_socket_set_timeout(socket, TIMEOUT);
}

int main(int argc, char **argv)
{
    unsigned long port = argc == 2 ? strtoul(argv[1], NULL, 10) : 65536;
    weir_address address = weir_address_any((unsigned)port);
    char text[WEIR_ADDRESS_TEXT];
    weir_server *server;
    weir_loop *loop;

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
