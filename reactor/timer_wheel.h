/*
 * timer_wheel.h - a hierarchical timing wheel
 *
 * Knows no loop and no clock: ticks are handed in, expired nodes are handed
 * out. See timer_wheel.c for how it works.
 */
#ifndef WEIR_TIMER_WHEEL_H
#define WEIR_TIMER_WHEEL_H

#include "list.h"

enum {
    WEIR_WHEEL_BITS = 6,
    WEIR_WHEEL_SLOTS = 1 << WEIR_WHEEL_BITS,
    WEIR_WHEEL_LEVELS = (64 + WEIR_WHEEL_BITS - 1) / WEIR_WHEEL_BITS
};

#define WEIR_WHEEL_NEVER UINT64_MAX

struct weir_wheel {
    uint32_t levels;                      /* a bit per level with slots */
    uint64_t elapsed;                     /* the tick it stands at */
    struct weir_link due;                 /* deadline reached, in order */
    uint64_t occupied[WEIR_WHEEL_LEVELS]; /* a bit per slot with nodes */
    struct weir_link slots[WEIR_WHEEL_LEVELS * WEIR_WHEEL_SLOTS];
};

void weir_wheel_init(struct weir_wheel *wheel, uint64_t now);

/* The highest digit in which `deadline` differs from the present tick. The
 * lowest digit's bits are set so that equal numbers give level 0, and so that
 * clz is never asked about 0. */
static inline unsigned weir_wheel_level(uint64_t elapsed, uint64_t deadline)
{
    uint64_t differing = (elapsed ^ deadline) | (WEIR_WHEEL_SLOTS - 1);

    return (63 - (unsigned)__builtin_clzll(differing)) / WEIR_WHEEL_BITS;
}

static inline unsigned weir_wheel_slot(uint64_t deadline, unsigned level)
{
    return (unsigned)(deadline >> (level * WEIR_WHEEL_BITS)) &
           (WEIR_WHEEL_SLOTS - 1);
}

/* Puts in a node whose deadline is set and that is in no list. A deadline
 * that has passed puts it among the due. */
static inline void weir_wheel_put(struct weir_wheel *wheel,
                                  struct weir_wheel_node *node)
{
    struct weir_link *list = &wheel->due;

    if (node->deadline > wheel->elapsed) {
        unsigned level = weir_wheel_level(wheel->elapsed, node->deadline);
        unsigned slot = weir_wheel_slot(node->deadline, level);

        list = &wheel->slots[level * WEIR_WHEEL_SLOTS + slot];
        if (weir_list_empty(list)) {
            wheel->occupied[level] |= UINT64_C(1) << slot;
            wheel->levels |= 1u << level;
        }
    }
    weir_list_append(list, &node->link);
}

/* A list has become empty. Where it lies tells which slot it is: a node need
 * not remember. Lists outside of the array (the due) have no bit. */
void weir_wheel_emptied(struct weir_wheel *wheel, const struct weir_link *list);

/* Takes a node out of a slot, of the due, or of a list that the due were
 * moved to. It must be in one. */
static inline void weir_wheel_take(struct weir_wheel *wheel,
                                   struct weir_wheel_node *node)
{
    const struct weir_link *neighbour = node->link.next;
    bool last = neighbour == node->link.prev;

    weir_link_remove(&node->link);
    if (last) /* both neighbours were the list itself */
        weir_wheel_emptied(wheel, neighbour);
}

/* The same, not inlined: for where it is not done all the time. */
void weir_wheel_insert(struct weir_wheel *wheel, struct weir_wheel_node *node);
void weir_wheel_remove(struct weir_wheel *wheel, struct weir_wheel_node *node);

/* Moves time to `now` and everything that expired to the end of `due`: by
 * deadline, and where deadlines are equal in the order of insertion. A clock
 * that went backwards changes nothing. */
void weir_wheel_advance(struct weir_wheel *wheel, uint64_t now);

/* When to look again: never later than the first deadline, perhaps earlier;
 * WEIR_WHEEL_NEVER when it is empty, `elapsed` when something is due. */
uint64_t weir_wheel_next(const struct weir_wheel *wheel);

static inline bool weir_wheel_empty(const struct weir_wheel *wheel)
{
    return !wheel->levels && weir_list_empty(&wheel->due);
}

/* Compares every bitmap, list and slot with what brute force says it must be.
 * NULL when all is well, otherwise what is wrong. For tests. */
const char *weir_wheel_check(const struct weir_wheel *wheel);

#endif
