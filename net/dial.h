/*
 * dial.h - from a name or an address to a connected descriptor
 */
#ifndef WEIR_NET_DIAL_H
#define WEIR_NET_DIAL_H

#include <weir/net.h>

/* Begin connecting for a socket, which is told by weir_socket_connected() or
 * weir_socket_fail(), never from inside these calls. Errors as of
 * weir_socket_connect() and weir_socket_connect_host(). */
int weir_dial_addresses(weir_socket *socket, const weir_address *addresses,
                        size_t count, const weir_connect_options *options);
int weir_dial_host(weir_socket *socket, const char *host, unsigned port,
                   const weir_connect_options *options);

/* Aborts the attempts: what stands already is to end with a reset. */
void weir_dial_reset(weir_socket *socket);

/* Gives up. Both are harmless when the socket is not connecting. */
void weir_dial_cancel(weir_socket *socket);

#endif
