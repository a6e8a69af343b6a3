/*
 * server.h - what the rest of net/ wants of servers
 */
#ifndef WEIR_NET_SERVER_H
#define WEIR_NET_SERVER_H

#include "state.h"

/* A connection of this server is gone. */
void weir_server_connection_closed(weir_server *server);

/* Closes one of the loop's servers, whose connections are gone, at once. */
void weir_server_close_now(struct weir_net *net);

#endif
