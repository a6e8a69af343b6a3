/*
 * state.c - what net/ keeps per loop: made late, closed with the loop
 */
#include "state.h"

#include "resolver.h"
#include "server.h"
#include "socket.h"
#include "write_queue.h"

/* Callbacks come during this (close, write callbacks), and may create sockets
 * and servers anew: it ends when nothing is left. */
static void close_net(weir_loop *loop)
{
    struct weir_net *net = loop->net;

    weir_resolver_close(loop);
    while (net->sockets.live || !weir_list_empty(&net->servers)) {
        weir_socket *socket = weir_pool_any(&net->sockets);

        if (socket)
            weir_socket_close_now(socket);
        else
            weir_server_close_now(net);
    }
    weir_resolver_close(loop);
    weir_pool_close(&net->sockets);
    weir_release(net->spare);
    weir_release(net);
    loop->net = NULL;
}

struct weir_net *weir_net_get(weir_loop *loop)
{
    struct weir_net *net = loop->net;

    if (net)
        return net;
    net = weir_alloc(sizeof *net);
    if (!net)
        return NULL;
    weir_pool_init(&net->sockets, sizeof(weir_socket));
    weir_list_init(&net->servers);
    net->spare = NULL;
    net->resolver = NULL;
    loop->net = net;
    loop->net_close = close_net;
    return net;
}
