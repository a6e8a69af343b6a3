/*
 * weir.c - the servers on weir, as its examples have them
 *
 * Without idle timeouts, as with the other libraries' servers; `idle` is echo
 * with one on every connection, for what an idle connection costs with all its
 * bookkeeping.
 */
#include "bench/peers/peer.h"

#include <weir/net.h>

#include <arpa/inet.h>
#include <stdlib.h>

enum { IDLE_TIMEOUT = 60 * 1000 };

static const weir_connect_options no_delay = { .tcp.no_delay = true };
static weir_address target;

/* ------------------------------------------------------ echo, bulk and sink */

static void on_echo_data(weir_socket *socket, const void *bytes, size_t length)
{
    if (weir_socket_write(socket, bytes, length, NULL, NULL) == WEIR_WAIT)
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

static void on_echo(weir_server *server, weir_socket *socket)
{
    static const weir_socket_events echo = { .data = on_echo_data,
                                             .drain = on_drain };

    (void)server;
    weir_socket_set_events(socket, &echo);
}

static void on_idle(weir_server *server, weir_socket *socket)
{
    static const weir_socket_events idle = { .data = on_echo_data,
                                             .drain = on_drain,
                                             .timeout = on_timeout };

    (void)server;
    weir_socket_set_events(socket, &idle);
    weir_socket_set_timeout(socket, IDLE_TIMEOUT);
}

/* A stream that goes back as it comes needs nobody in between. */
static void on_bulk(weir_server *server, weir_socket *socket)
{
    (void)server;
    if (weir_socket_pipe(socket, socket) < 0)
        weir_socket_destroy(socket);
}

static void on_sink(weir_server *server, weir_socket *socket)
{
    static const weir_socket_events sink = { 0 }; /* read, thrown away */

    (void)server;
    weir_socket_set_events(socket, &sink);
}

/* ----------------------------------------------------------------- fan-out */

struct guest {
    struct peer_link link;
    weir_socket *socket;
};

static struct peer_link guests;

static void on_fanout_data(weir_socket *from, const void *bytes, size_t length)
{
    weir_buffer *message = weir_buffer_copy(bytes, length);

    for (struct peer_link *l = guests.next; message && l != &guests;
         l = l->next) {
        struct guest *guest = PEER_OF(l, struct guest, link);

        if (guest->socket != from)
            weir_socket_write_buffer(guest->socket, message, NULL, NULL);
    }
    weir_buffer_unref(message);
}

static void on_fanout_close(weir_socket *socket, bool had_error)
{
    struct guest *guest = weir_socket_data(socket);

    (void)had_error;
    peer_remove(&guest->link);
    free(guest);
}

static void on_fanout(weir_server *server, weir_socket *socket)
{
    static const weir_socket_events fanout = { .data = on_fanout_data,
                                               .close = on_fanout_close };
    struct guest *guest = peer_allocate(sizeof *guest);

    (void)server;
    guest->socket = socket;
    peer_insert(&guests, &guest->link);
    weir_socket_set_data(socket, guest);
    weir_socket_set_events(socket, &fanout);
}

/* ------------------------------------------------------------------- proxy */

static void on_proxy(weir_server *server, weir_socket *client)
{
    static const weir_socket_events side = { 0 };
    weir_socket *upstream;

    weir_check(
        weir_socket_create(&upstream, weir_server_loop(server), &side, NULL));
    weir_socket_set_events(client, &side);
    if (weir_socket_connect(upstream, &target, &no_delay) < 0 ||
        weir_socket_pipe(client, upstream) < 0 ||
        weir_socket_pipe(upstream, client) < 0) {
        weir_socket_destroy(upstream);
        weir_socket_destroy(client);
    }
}

/* -------------------------------------------------------------------- HTTP */

static void on_http_data(weir_socket *socket, const void *bytes, size_t length)
{
    struct peer_http *http = weir_socket_data(socket);
    size_t requests = peer_http_requests(http, bytes, length);

    while (requests > 0) {
        const char *answers = peer_http_answers(&requests, &length);

        weir_socket_write(socket, answers, length, NULL, NULL);
    }
    if (weir_socket_buffered(socket) > PEER_HIGH_WATER)
        weir_socket_pause(socket);
}

static void on_http_close(weir_socket *socket, bool had_error)
{
    (void)had_error;
    free(weir_socket_data(socket));
}

static void on_http(weir_server *server, weir_socket *socket)
{
    static const weir_socket_events events = { .data = on_http_data,
                                               .drain = on_drain,
                                               .close = on_http_close };
    struct peer_http *http = peer_allocate(sizeof *http);

    (void)server;
    *http = (struct peer_http){ 0 };
    weir_socket_set_data(socket, http);
    weir_socket_set_events(socket, &events);
}

/* -------------------------------------------------------------------- main */

static weir_connection_cb *const on_connection[] = {
    [PEER_ECHO] = on_echo,   [PEER_SINK] = on_sink, [PEER_FANOUT] = on_fanout,
    [PEER_PROXY] = on_proxy, [PEER_HTTP] = on_http, [PEER_IDLE] = on_idle,
    [PEER_BULK] = on_bulk,
};

int main(int argc, char **argv)
{
    struct peer peer = peer_arguments(
        argc, argv, "echo bulk sink fanout proxy http idle", WEIR_VERSION);
    weir_listen_options options = { .backlog = PEER_BACKLOG,
                                    .tcp.no_delay = true };
    weir_address address = weir_address_loopback(peer.port);
    weir_server *server;
    weir_loop *loop;

    peer_list(&guests);
    target = weir_address_loopback(ntohs(peer.target.sin_port));
    weir_check(weir_loop_create(&loop));
    weir_check(
        weir_server_create(&server, loop, on_connection[peer.workload], NULL));
    weir_check(weir_server_listen(server, &address, &options));
    peer_announce(weir_server_fd(server));
    weir_check(weir_loop_run(loop));
    return weir_loop_destroy(loop);
}
