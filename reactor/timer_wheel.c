/*
 * timer_wheel.c - a hierarchical timing wheel
 *
 * The problem: a server has a timer per connection; nearly all of them are
 * stopped or re-armed, few fire. A heap pays O(log n) cache misses for each of
 * these; a wheel pays a list operation.
 *
 * The idea: read a deadline as digits of 6 bits. Compare it with the present
 * tick; the highest digit in which the two differ is the level, the deadline's
 * digit there is the slot:
 *
 *            level 2          level 1          level 0
 *     now       0                3               17
 *     A         0                3               40     -> level 0, slot 40
 *     B         0                9               02     -> level 1, slot 9
 *     C         5                0               00     -> level 2, slot 5
 *
 * When time reaches the first tick of a slot above level 0, its nodes agree
 * with the present in one digit more and move down ("cascade"). Three things
 * follow, and all the code leans on them:
 *
 *   - At any level only slots above the present digit are occupied: nothing
 *     wraps around, and the first one is the lowest bit set.
 *   - Everything on a lower level is earlier than anything on a higher one: the
 *     next event is the first slot of the lowest occupied level.
 *   - Nodes with equal deadlines are in the same slot at any time, in the order
 *     of insertion, because all of them cascade at the same tick.
 *
 * 11 levels hold every 64-bit deadline; there is no far end to clamp to. A node
 * is moved at most once per level, and most nodes are gone before the first.
 */
#include "timer_wheel.h"

/* The first tick of a slot: the present tick's digits above the level, the
 * slot, zeroes. The top level has no digits above, and a shift by 64 or more
 * would be undefined. */
static uint64_t slot_start(uint64_t elapsed, unsigned level, unsigned slot)
{
    unsigned above = (level + 1) * WEIR_WHEEL_BITS;
    uint64_t high = above < 64 ? elapsed >> above << above : 0;

    return high | (uint64_t)slot << (level * WEIR_WHEEL_BITS);
}

void weir_wheel_init(struct weir_wheel *wheel, uint64_t now)
{
    wheel->elapsed = now;
    wheel->levels = 0;
    weir_list_init(&wheel->due);
    for (unsigned level = 0; level < WEIR_WHEEL_LEVELS; level++)
        wheel->occupied[level] = 0;
    for (unsigned i = 0; i < WEIR_WHEEL_LEVELS * WEIR_WHEEL_SLOTS; i++)
        weir_list_init(&wheel->slots[i]);
}

void weir_wheel_insert(struct weir_wheel *wheel, struct weir_wheel_node *node)
{
    weir_wheel_put(wheel, node);
}

void weir_wheel_remove(struct weir_wheel *wheel, struct weir_wheel_node *node)
{
    weir_wheel_take(wheel, node);
}

static void mark_empty(struct weir_wheel *wheel, unsigned level, unsigned slot)
{
    wheel->occupied[level] &= ~(UINT64_C(1) << slot);
    if (!wheel->occupied[level])
        wheel->levels &= ~(1u << level);
}

void weir_wheel_emptied(struct weir_wheel *wheel, const struct weir_link *list)
{
    /* Compared as numbers: they may be unrelated objects. */
    uintptr_t offset = (uintptr_t)list - (uintptr_t)wheel->slots;

    if (offset < sizeof wheel->slots) {
        unsigned index = (unsigned)(offset / sizeof *list);

        mark_empty(wheel, index / WEIR_WHEEL_SLOTS, index % WEIR_WHEEL_SLOTS);
    }
}

/* Each of them goes to a lower level, so that none comes back here. */
static void cascade(struct weir_wheel *wheel, struct weir_link *list)
{
    struct weir_link *link = list->next;

    weir_list_init(list);
    while (link != list) {
        struct weir_link *next = link->next;

        weir_wheel_put(wheel,
                       weir_container_of(link, struct weir_wheel_node, link));
        link = next;
    }
}

WEIR_HOT void weir_wheel_advance(struct weir_wheel *wheel, uint64_t now)
{
    while (wheel->levels) {
        unsigned level = (unsigned)__builtin_ctz(wheel->levels);
        unsigned slot = (unsigned)__builtin_ctzll(wheel->occupied[level]);
        struct weir_link *list = &wheel->slots[level * WEIR_WHEEL_SLOTS + slot];
        uint64_t start = slot_start(wheel->elapsed, level, slot);

        if (start > now)
            break;
        wheel->elapsed = start;
        mark_empty(wheel, level, slot);
        /* All of a level 0 slot has the same deadline: this tick. */
        if (level == 0)
            weir_list_splice(&wheel->due, list);
        else
            cascade(wheel, list);
    }
    if (now > wheel->elapsed)
        wheel->elapsed = now;
}

WEIR_HOT uint64_t weir_wheel_next(const struct weir_wheel *wheel)
{
    unsigned level, slot;

    if (!weir_list_empty(&wheel->due))
        return wheel->elapsed;
    if (!wheel->levels)
        return WEIR_WHEEL_NEVER;
    level = (unsigned)__builtin_ctz(wheel->levels);
    slot = (unsigned)__builtin_ctzll(wheel->occupied[level]);
    return slot_start(wheel->elapsed, level, slot);
}

static const char *check_list(const struct weir_link *list)
{
    const struct weir_link *link = list;

    do {
        if (link->next->prev != link)
            return "a list's links do not match";
        link = link->next;
    } while (link != list);
    return NULL;
}

static const char *check_slot(const struct weir_wheel *wheel, unsigned level,
                              unsigned slot)
{
    const struct weir_link *list =
        &wheel->slots[level * WEIR_WHEEL_SLOTS + slot];
    bool marked = wheel->occupied[level] >> slot & 1;

    if (marked == weir_list_empty(list))
        return "an occupancy bit does not match its slot";
    if (marked && slot_start(wheel->elapsed, level, slot) <= wheel->elapsed)
        return "a slot that time has passed is occupied";
    for (struct weir_link *link = list->next; link != list; link = link->next) {
        const struct weir_wheel_node *node =
            weir_container_of(link, struct weir_wheel_node, link);

        if (weir_wheel_level(wheel->elapsed, node->deadline) != level ||
            weir_wheel_slot(node->deadline, level) != slot)
            return "a node is in the wrong slot";
    }
    return check_list(list);
}

const char *weir_wheel_check(const struct weir_wheel *wheel)
{
    const char *wrong = check_list(&wheel->due);

    for (unsigned level = 0; !wrong && level < WEIR_WHEEL_LEVELS; level++) {
        bool marked = wheel->levels >> level & 1;

        if (marked != (wheel->occupied[level] != 0))
            return "a level's bit does not match its slots";
        for (unsigned slot = 0; !wrong && slot < WEIR_WHEEL_SLOTS; slot++)
            wrong = check_slot(wheel, level, slot);
    }
    return wrong;
}
