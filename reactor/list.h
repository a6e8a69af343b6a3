/*
 * list.h - circular doubly linked lists, linked through members
 *
 * A list is a link that points to itself when it is empty. A member that is in
 * no list has a NULL `next`, so that taking it out is harmless at any time and
 * needs no knowledge of which list it is in. Everything is O(1).
 */
#ifndef WEIR_LIST_H
#define WEIR_LIST_H

#include <weir/reactor.h>

/* What every message runs through: the linker puts these functions together. A
 * loop that wakes from sleep finds the caches cold, for code as for data. */
#define WEIR_HOT        __attribute__((hot))
#define WEIR_HOT_INLINE inline __attribute__((always_inline, hot))
/* And what they call now and then only, which must not lie between. */
#define WEIR_COLD __attribute__((noinline, cold))
/* Apart from the usual case, so that this one saves no registers for it. */
#define WEIR_NOINLINE __attribute__((noinline))

/* The struct that `member` is embedded in. */
#define weir_container_of(pointer, type, member)                               \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

static inline void weir_list_init(struct weir_link *list)
{
    list->next = list->prev = list;
}

static inline bool weir_list_empty(const struct weir_link *list)
{
    return list->next == list;
}

static inline bool weir_link_linked(const struct weir_link *link)
{
    return link->next != NULL;
}

static inline void weir_list_append(struct weir_link *list,
                                    struct weir_link *link)
{
    link->next = list;
    link->prev = list->prev;
    list->prev->next = link;
    list->prev = link;
}

static inline void weir_link_remove(struct weir_link *link)
{
    link->next->prev = link->prev;
    link->prev->next = link->next;
    link->next = NULL;
}

/* Moves everything in `from` to the end of `to`. */
static inline void weir_list_splice(struct weir_link *to,
                                    struct weir_link *from)
{
    if (weir_list_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    weir_list_init(from);
}

#endif
