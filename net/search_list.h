/*
 * search_list.h - the domains in which short names are looked for
 */
#ifndef WEIR_NET_SEARCH_LIST_H
#define WEIR_NET_SEARCH_LIST_H

#include <stddef.h>

struct weir_search_list {
    char **domains; /* one allocation with their texts; NULL for none */
    size_t count;
    size_t longest; /* of their lengths */
};

/* What the environment, resolv.conf, or else this machine's name says; among
 * others the empty text stands for the root. -ENOMEM; -EMFILE, -EIO: the file
 * cannot be read just now. */
int weir_search_list_read(struct weir_search_list *list);

void weir_search_list_free(struct weir_search_list *list);

#endif
