/*
 * allocations.c - how often an echoed message asks for memory: never
 *
 *   allocations [CONNECTIONS [MESSAGES]]      (64, 100 on each connection)
 *
 * Server and clients are in one process, on one loop, and all memory of weir
 * comes through a counting allocator. Every client sends a message, waits for
 * its echo, and sends the next. After one message on each connection, which
 * may still make what is made once, every call of the allocator counts against
 * the two sockets that a message passes. Status 1 if there was any.
 */
#include <weir/net.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 64, WARM_UP = 1 };

static unsigned long calls;

static void *count_allocate(void *context, size_t size)
{
    (void)context;
    calls++;
    return malloc(size);
}

static void *count_reallocate(void *context, void *memory, size_t size)
{
    (void)context;
    calls++;
    return realloc(memory, size);
}

static void count_release(void *context, void *memory)
{
    (void)context;
    calls++;
    free(memory);
}

struct client {
    unsigned long echoed; /* messages */
    size_t part;          /* bytes of the next one */
};

static const char message[SIZE] = "sixty-four bytes";
static unsigned long wanted = 100; /* of each client, after warming up */
static unsigned connections = 64;
static unsigned waiting; /* clients that have not all their echoes yet */
static weir_loop *loop;

/* -------------------------------------------------------------- the server */

static void on_server_data(weir_socket *socket, const void *bytes,
                           size_t length)
{
    weir_check(weir_socket_write(socket, bytes, length, NULL, NULL));
}

static const weir_socket_events server_events = { .data = on_server_data };

static void on_connection(weir_server *server, weir_socket *socket)
{
    (void)server;
    weir_socket_set_events(socket, &server_events);
    weir_socket_set_timeout(socket, 60 * 1000);
}

/* ------------------------------------------------------------- the clients */

static void send_message(weir_socket *socket)
{
    weir_check(weir_socket_write(socket, message, sizeof message, NULL, NULL));
}

static void on_connect(weir_socket *socket)
{
    send_message(socket);
}

static void on_client_data(weir_socket *socket, const void *bytes,
                           size_t length)
{
    struct client *client = weir_socket_data(socket);

    (void)bytes;
    client->part += length;
    if (client->part < SIZE)
        return;
    client->part -= SIZE;
    client->echoed++;
    if (client->echoed < WARM_UP ||
        (client->echoed > WARM_UP && client->echoed < WARM_UP + wanted))
        send_message(socket);
    else if (--waiting == 0)
        weir_loop_stop(loop);
}

static const weir_socket_events client_events = { .connect = on_connect,
                                                  .data = on_client_data };

/* Until every client has what it waits for. */
static void run(void)
{
    waiting = connections;
    weir_check(weir_loop_run(loop));
    if (waiting > 0) {
        fprintf(stderr, "allocations: connections were lost\n");
        exit(1);
    }
}

static void open_all(weir_socket **sockets, struct client *clients)
{
    weir_address address = weir_address_loopback(0);
    weir_server *server;

    weir_check(weir_server_create(&server, loop, on_connection, NULL));
    weir_check(weir_server_listen(server, &address, NULL));
    weir_check(weir_server_address(server, &address));
    for (unsigned i = 0; i < connections; i++) {
        weir_check(
            weir_socket_create(&sockets[i], loop, &client_events, &clients[i]));
        weir_check(weir_socket_connect(sockets[i], &address, NULL));
    }
}

int main(int argc, char **argv)
{
    const weir_allocator allocator = { .allocate = count_allocate,
                                       .reallocate = count_reallocate,
                                       .release = count_release };
    weir_socket **sockets;
    struct client *clients;
    unsigned long before, after;

    if (argc > 1)
        connections = (unsigned)strtoul(argv[1], NULL, 10);
    if (argc > 2)
        wanted = strtoul(argv[2], NULL, 10);
    sockets = calloc(connections, sizeof(weir_socket *));
    clients = calloc(connections, sizeof *clients);
    if (!connections || !wanted || !sockets || !clients) {
        fprintf(stderr, "usage: allocations [CONNECTIONS [MESSAGES]]\n");
        return 2;
    }
    weir_check(weir_set_allocator(&allocator));
    weir_check(weir_loop_create(&loop));
    open_all(sockets, clients);
    run();
    before = calls;
    for (unsigned i = 0; i < connections; i++)
        send_message(sockets[i]);
    run();
    after = calls;
    printf("connections=%u messages=%lu allocations=%lu\n", connections,
           wanted * connections, after - before);
    weir_check(weir_loop_destroy(loop));
    free(sockets);
    free(clients);
    return after != before;
}
