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
    struct weir_link slots[WEIR_WHEEL_LEVELS][WEIR_WHEEL_SLOTS];
};

void weir_wheel_init(struct weir_wheel *wheel, uint64_t now);

/* Puts in a node whose deadline is set and that is in no list. A deadline
 * that has passed puts it among the due. */
void weir_wheel_insert(struct weir_wheel *wheel, struct weir_wheel_node *node);

/* Takes a node out of a slot, of the due, or of a list that the due were
 * moved to. It must be in one. */
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
