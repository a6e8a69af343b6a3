/*
 * state.c - what net/ keeps per loop: made late, closed with the loop
 */
#include "state.h"

#include "kernel_pipe.h"
#include "resolver.h"
#include "server.h"
#include "socket.h"
#include "write_queue.h"

/* One thing of the loop's; false when nothing is left. Lookups are last, since
 * dialling sockets hold some. */
static bool close_one(weir_loop *loop)
{
    struct weir_net *net = loop->net;
    weir_socket *socket = weir_pool_any(&net->sockets);

    if (socket)
        weir_socket_close_now(socket);
    else if (!weir_list_empty(&net->servers))
        weir_server_close_now(net);
    else if (!weir_list_empty(&net->resolvers))
        weir_resolvers_close_now(net);
    else
        return false;
    return true;
}

/* Callbacks come during this (close, write callbacks, lookups). In them nothing
 * can be created: it ends when nothing is left. */
static void close_net(weir_loop *loop)
{
    struct weir_net *net = loop->net;

    net->closing = true;
    while (close_one(loop))
        ;
    weir_pool_close(&net->sockets);
    weir_kernel_pipes_close(net);
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
    weir_list_init(&net->resolvers);
    net->spare = NULL;
    net->pipes = NULL;
    net->pipe_count = net->pipes_idle = 0;
    net->closing = false;
    net->pipes_refused_until = 0;
    net->resolver = NULL;
    loop->net = net;
    loop->net_close = close_net;
    return net;
}
