/*
 * address.h - what the rest of net/ wants of addresses
 */
#ifndef WEIR_NET_ADDRESS_H
#define WEIR_NET_ADDRESS_H

#include "reactor/sys.h"

#include <weir/net.h>

/* True for weir_address_any(): the host was left out, and 0.0.0.0 will do
 * where IPv4 is spoken. An explicit "::" is meant as it stands. */
bool weir_address_any_host(const weir_address *address);
weir_address weir_address_any_ipv4(unsigned port);

void weir_address_set_port(weir_address *address, unsigned port);

/* The two ends of a descriptor: 0 or a negative errno. */
int weir_address_local(int fd, weir_address *address);
int weir_address_remote(int fd, weir_address *address);

/* Of a family that is spoken here; what comes from elsewhere may be any. */
bool weir_address_spoken(const weir_address *address);

#endif
