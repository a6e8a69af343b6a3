/*
 * hosts_file.h - what /etc/hosts says of a name
 */
#ifndef WEIR_NET_HOSTS_FILE_H
#define WEIR_NET_HOSTS_FILE_H

#include <weir/net.h>

/* All addresses that the file gives to `host`, of both families, those to try
 * first in front: one allocation, now the caller's. WEIR_ENOTFOUND when it does
 * not have the name, or when there is no such file; -ENOMEM; -EMFILE and
 * whatever else reading a file may say. */
int weir_hosts_file_find(const char *host, weir_address **addresses,
                         size_t *count);

#endif
