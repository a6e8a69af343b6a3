/*
 * alloc.h - the one way to memory
 *
 * Everything that weir allocates goes through weir_alloc(), so that a program
 * can bring its own allocator and a test can count allocations or make each of
 * them fail. Objects of one size and in large numbers (sockets) come from
 * pools.
 */
#ifndef WEIR_ALLOC_H
#define WEIR_ALLOC_H

#include "list.h"

/* malloc(), realloc(), free() of the allocator in force. Release takes NULL. */
void *weir_alloc(size_t size);
void *weir_alloc_zeroed(size_t size);
void *weir_realloc(void *memory, size_t size);
void weir_release(void *memory);

/* Makes a table of bytes reach to the place `at`; what is new of it is 0.
 * -ENOMEM, and it is as it was. */
int weir_table_reach(unsigned char **table, size_t *size, size_t at);

/* The allocator in force, NULL when it is the C library's. */
const weir_allocator *weir_allocator_custom(void);

/*
 * A pool of objects of one size. Objects lie 64 to a slab, with no header and
 * no gap: a socket costs its own bytes. Slabs that become empty are given
 * back, except for one that is kept for the next burst. Valgrind and
 * AddressSanitizer are told which objects are live, so that a use after
 * release is an error there as it is with malloc().
 *
 * An object's first 4 bytes are the pool's: its number, from which the slab is
 * found again.
 */
struct weir_pool {
    size_t object_size;
    struct weir_slab **slabs;
    uint32_t slab_count;      /* length of `slabs`; some may be NULL */
    uint32_t empty;           /* slabs without a live object */
    uint32_t free_from;       /* no place in `slabs` before it is free */
    uint32_t live_from;       /* no slab before it has a live object */
    struct weir_link partial; /* slabs with room */
    size_t live;
    bool watched; /* memcheck or ASan wants to be told of each object */
};

void weir_pool_init(struct weir_pool *pool, size_t object_size);

/* Gives all slabs back. No object may be live. */
void weir_pool_close(struct weir_pool *pool);

/* A zeroed object except for its number, or NULL when out of memory. */
void *weir_pool_take(struct weir_pool *pool);
void weir_pool_give(struct weir_pool *pool, void *object);

/* Any live object, NULL when there is none. To give all of them back, one after
 * the other, is O(slabs). */
void *weir_pool_any(struct weir_pool *pool);

/* The live object with the lowest number that is not below *number, which
 * becomes the number after it; NULL when there is none. Objects may come and go
 * between two calls. Begin with 0. */
void *weir_pool_next(const struct weir_pool *pool, uint32_t *number);

#endif
