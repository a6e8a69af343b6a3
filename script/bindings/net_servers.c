/*
 * net_servers.c - servers, which accept, refuse and throttle
 */
#include "net.h"

#include <errno.h>

static void on_connection(weir_server *server, weir_socket *socket)
{
    uint32_t id = net_take_id(NET_SOCKET);

    if (!id) {
        weir_socket_destroy(socket);
        return;
    }
    net.handles[id].object = socket;
    weir_socket_set_half_open(socket, true);
    net_flush_reads();
    net_registers[STATUS] = (int32_t)(uintptr_t)weir_server_data(server);
    /* From here on it is read, unless the server pauses what it accepts. */
    weir_socket_set_data(socket, net_as_data(id));
    weir_socket_set_events(socket, &net_socket_events);
    net_tell(ON_CONNECTION, id);
}

static void on_server_error(weir_server *server, int error)
{
    JSValueRef arguments[] = { net_number(
                                   (double)(uintptr_t)weir_server_data(server)),
                               net_number(error) };

    net_tell_with(ON_SERVER_ERROR, 2, arguments);
}

/* JavaScript, which counts connections itself, has forgotten it already. */
static void on_server_close(weir_server *server)
{
    net_give_id((uint32_t)(uintptr_t)weir_server_data(server));
}

static const weir_server_events server_events = {
    .error = on_server_error,
    .close = on_server_close,
};

/* serverCreate(): its number, or an error. */
SCRIPT_NATIVE(server_create)
{
    uint32_t id = net_take_id(NET_SERVER);
    weir_server *server;
    int error;

    if (!id)
        return result(ctx, -ENOMEM);
    error = weir_server_create(&server, net.s->loop, on_connection,
                               net_as_data(id));
    if (error < 0) {
        net_give_id(id);
        return result(ctx, error);
    }
    weir_server_set_events(server, &server_events);
    net.handles[id].object = server;
    return result(ctx, (int)id);
}

/* listen(id, host, port, backlog, ipv6Only, reusePort, noDelay, keepAlive,
 * keepAliveDelay): host undefined: every address. */
SCRIPT_NATIVE(server_listen)
{
    weir_server *server = net_server_argument(ctx, argc, argv);
    weir_listen_options options = { .backlog = (unsigned)INT(3),
                                    .ipv6_only = FLAG(4),
                                    .reuse_port = FLAG(5),
                                    .tcp = { .no_delay = FLAG(6),
                                             .keep_alive = FLAG(7),
                                             .keep_alive_delay =
                                                 (unsigned)INT(8) } };
    weir_address address;
    int error = 0;

    if (!server)
        return result(ctx, -EBADF);
    if (argc > 1 && JSValueIsString(ctx, argv[1]))
        error = net_address_argument(ctx, argc, argv, 1, false, &address);
    else
        address = weir_address_any((unsigned)INT(2));
    if (error == 0)
        error = weir_server_listen(server, &address, &options);
    return result(ctx, error);
}

/* listenPath(id, path, backlog, mode) */
SCRIPT_NATIVE(server_listen_path)
{
    weir_server *server = net_server_argument(ctx, argc, argv);
    weir_listen_options options = { .backlog = (unsigned)INT(2),
                                    .mode = (unsigned)INT(3) };
    weir_address address;
    int error;

    if (!server)
        return result(ctx, -EBADF);
    error = net_address_argument(ctx, argc, argv, 1, true, &address);
    if (error == 0)
        error = weir_server_listen(server, &address, &options);
    /* libuv says it so on every system, as Windows does. */
    return result(ctx, error == -ENOENT ? -EACCES : error);
}

#define ON_SERVER(name, expression)                                            \
    SCRIPT_NATIVE(name)                                                        \
    {                                                                          \
        weir_server *server = net_server_argument(ctx, argc, argv);            \
                                                                               \
        return result(ctx, server ? (int)(expression) : -EBADF);               \
    }

ON_SERVER(server_adopt, weir_server_adopt(server, INT(1)))
ON_SERVER(server_close, (weir_server_close(server), 0))
ON_SERVER(server_pause,
          (weir_server_pause(server,
                             (uint64_t)script_number(ctx, argc, argv, 1, 0)),
           0))
ON_SERVER(server_resume, (weir_server_resume(server), 0))
ON_SERVER(server_ref, (weir_server_ref(server), 0))
ON_SERVER(server_unref, (weir_server_unref(server), 0))
ON_SERVER(server_fd, weir_server_fd(server))
/* serverPauseOnConnect(id, paused) */
ON_SERVER(server_pause_on_connect,
          (weir_server_set_pause_on_connect(server, FLAG(1)), 0))

/* serverAddress(id) */
SCRIPT_NATIVE(server_address)
{
    weir_server *server = net_server_argument(ctx, argc, argv);
    weir_address address;

    return net_address_value(
        ctx, server ? weir_server_address(server, &address) : -EBADF, &address);
}

/* ------------------------------------------------------ between C and it */

uint32_t net_give_server(weir_server *server)
{
    uint32_t id = net_take_id(NET_SERVER);

    if (!id)
        return 0;
    net.handles[id].object = server;
    /* JavaScript does these itself. */
    weir_server_set_max_connections(server, 0);
    weir_server_set_pause_on_connect(server, false);
    weir_server_ref(server);
    weir_server_set_events(server, &server_events);
    weir_server_set_connection(server, on_connection, net_as_data(id));
    return id;
}

bool net_has_server(const weir_server *server)
{
    return net_server((uint32_t)(uintptr_t)weir_server_data(server)) == server;
}

static void refuse(weir_server *server, weir_socket *socket)
{
    (void)server;
    weir_socket_destroy(socket);
}

weir_server *net_take_server(uint32_t id)
{
    weir_server *server = net_server(id);

    if (server) {
        weir_server_set_events(server, NULL);
        weir_server_set_connection(server, refuse, NULL);
        net_give_id(id);
    }
    return server;
}

/* ---------------------------------------------------------------- binding */

void net_bind_servers(script *s, JSObjectRef target)
{
    static const script_native natives[] = {
        { "serverCreate", server_create },
        { "listen", server_listen },
        { "listenPath", server_listen_path },
        { "serverAdopt", server_adopt },
        { "serverClose", server_close },
        { "serverPause", server_pause },
        { "serverResume", server_resume },
        { "serverRef", server_ref },
        { "serverUnref", server_unref },
        { "serverFd", server_fd },
        { "serverPauseOnConnect", server_pause_on_connect },
        { "serverAddress", server_address },
    };

    script_functions(s, target, natives, SCRIPT_COUNT(natives));
}

void net_unbind_servers(void)
{
    for (uint32_t id = 1; id < net.size; id++) {
        weir_server *server = net_take_server(id);

        if (server)
            weir_server_close(server);
    }
}
