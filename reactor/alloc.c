/*
 * alloc.c - the allocator seam, and pools of equal objects
 *
 * A pool's slab is 64 objects behind a header whose one 64-bit word says which
 * of them are live: taking one is "lowest bit that is 0", and there is no free
 * list that could run through released memory.
 */
#include "alloc.h"

#include <stdlib.h>
#include <string.h>
#include <errno.h>

#if defined(__has_include)
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define HAVE_MEMCHECK 1
#endif
#endif

#if defined(__SANITIZE_ADDRESS__)
#define HAVE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_ASAN 1
#endif
#endif
#ifdef HAVE_ASAN
#include <sanitizer/asan_interface.h>
#endif

/* Slab headers keep objects at this alignment; every object size is rounded up
 * to it, which is what malloc() gives on 64-bit systems. */
#define OBJECT_ALIGN 16

struct weir_slab {
    struct weir_link partial;
    uint64_t live;
    uint32_t number;
    _Alignas(OBJECT_ALIGN) char objects[];
};

enum { SLAB_OBJECTS = 64 };

static weir_allocator custom;
static bool customized;

int weir_set_allocator(const weir_allocator *allocator)
{
    if (!allocator) {
        customized = false;
        return 0;
    }
    if (!allocator->allocate || !allocator->reallocate || !allocator->release)
        return -EINVAL;
    custom = *allocator;
    customized = true;
    return 0;
}

const weir_allocator *weir_allocator_custom(void)
{
    return customized ? &custom : NULL;
}

void *weir_alloc(size_t size)
{
    if (customized)
        return custom.allocate(custom.context, size);
    return malloc(size);
}

void *weir_alloc_zeroed(size_t size)
{
    void *memory = weir_alloc(size);

    return memory ? memset(memory, 0, size) : NULL;
}

void *weir_realloc(void *memory, size_t size)
{
    if (customized)
        return custom.reallocate(custom.context, memory, size);
    return realloc(memory, size);
}

void weir_release(void *memory)
{
    if (!memory)
        return;
    if (customized)
        custom.release(custom.context, memory);
    else
        free(memory);
}

int weir_table_reach(unsigned char **table, size_t *size, size_t at)
{
    size_t wanted = *size ? *size : 64;
    unsigned char *grown;

    if (at < *size)
        return 0;
    while (wanted <= at)
        wanted *= 2;
    grown = weir_realloc(*table, wanted);
    if (!grown)
        return -ENOMEM;
    memset(grown + *size, 0, wanted - *size);
    *table = grown;
    *size = wanted;
    return 0;
}

/* ------------------------------------------------- telling the checkers */

static void tell_slab(struct weir_pool *pool, struct weir_slab *slab)
{
    size_t size = pool->object_size * SLAB_OBJECTS;

#ifdef HAVE_MEMCHECK
    VALGRIND_MAKE_MEM_NOACCESS(slab->objects, size);
#endif
#ifdef HAVE_ASAN
    ASAN_POISON_MEMORY_REGION(slab->objects, size);
#endif
    (void)slab, (void)size;
}

static void tell_slab_gone(struct weir_pool *pool, struct weir_slab *slab)
{
#ifdef HAVE_ASAN
    ASAN_UNPOISON_MEMORY_REGION(slab->objects,
                                pool->object_size * SLAB_OBJECTS);
#endif
    (void)pool, (void)slab;
}

static WEIR_COLD void tell_take(struct weir_pool *pool, void *object)
{
#ifdef HAVE_MEMCHECK
    VALGRIND_MEMPOOL_ALLOC(pool, object, pool->object_size);
#endif
#ifdef HAVE_ASAN
    ASAN_UNPOISON_MEMORY_REGION(object, pool->object_size);
#endif
    (void)pool, (void)object;
}

static WEIR_COLD void tell_give(struct weir_pool *pool, void *object)
{
#ifdef HAVE_MEMCHECK
    VALGRIND_MEMPOOL_FREE(pool, object);
#endif
#ifdef HAVE_ASAN
    ASAN_POISON_MEMORY_REGION(object, pool->object_size);
#endif
    (void)pool, (void)object;
}

/* Whether somebody wants to be told of each object. Memcheck answers this
 * request with -1, and nobody else does; it is some 15 instructions even where
 * nobody listens. */
static bool is_watched(const struct weir_pool *pool)
{
#ifdef HAVE_ASAN
    (void)pool;
    return true;
#elif defined HAVE_MEMCHECK
    return VALGRIND_MAKE_MEM_DEFINED(pool, sizeof *pool) != 0;
#else
    (void)pool;
    return false;
#endif
}

/* ------------------------------------------------------------------ pools */

void weir_pool_init(struct weir_pool *pool, size_t object_size)
{
    memset(pool, 0, sizeof *pool);
    pool->object_size =
        (object_size + OBJECT_ALIGN - 1) / OBJECT_ALIGN * OBJECT_ALIGN;
    weir_list_init(&pool->partial);
#ifdef HAVE_MEMCHECK
    VALGRIND_CREATE_MEMPOOL(pool, 0, 0);
#endif
    pool->watched = is_watched(pool);
}

static WEIR_COLD void drop_slab(struct weir_pool *pool, struct weir_slab *slab)
{
    weir_link_remove(&slab->partial);
    pool->slabs[slab->number] = NULL;
    if (slab->number < pool->free_from)
        pool->free_from = slab->number;
    pool->empty--;
    tell_slab_gone(pool, slab);
    weir_release(slab);
}

void weir_pool_close(struct weir_pool *pool)
{
    for (uint32_t i = 0; i < pool->slab_count; i++)
        if (pool->slabs[i])
            drop_slab(pool, pool->slabs[i]);
    weir_release(pool->slabs);
    pool->slabs = NULL;
    pool->slab_count = 0;
#ifdef HAVE_MEMCHECK
    VALGRIND_DESTROY_MEMPOOL(pool);
#endif
}

/* A free place in `slabs`, growing it when all are taken. */
static bool find_place(struct weir_pool *pool, uint32_t *place)
{
    struct weir_slab **grown;
    uint32_t count = pool->slab_count;

    for (uint32_t i = pool->free_from; i < count; i++) {
        if (!pool->slabs[i]) {
            *place = i;
            pool->free_from = i + 1;
            return true;
        }
    }
    grown = weir_realloc(pool->slabs,
                         (count ? 2 * count : 4) * sizeof(struct weir_slab *));
    if (!grown)
        return false;
    pool->slabs = grown;
    pool->slab_count = count ? 2 * count : 4;
    memset(grown + count, 0,
           (pool->slab_count - count) * sizeof(struct weir_slab *));
    *place = count;
    pool->free_from = count + 1;
    return true;
}

static WEIR_COLD struct weir_slab *add_slab(struct weir_pool *pool)
{
    struct weir_slab *slab;
    uint32_t place;

    if (!find_place(pool, &place))
        return NULL;
    slab = weir_alloc(sizeof *slab + pool->object_size * SLAB_OBJECTS);
    if (!slab) {
        pool->free_from = place;
        return NULL;
    }
    slab->live = 0;
    slab->number = place;
    pool->slabs[place] = slab;
    if (place < pool->live_from)
        pool->live_from = place;
    pool->empty++;
    weir_list_append(&pool->partial, &slab->partial);
    tell_slab(pool, slab);
    return slab;
}

static struct weir_slab *slab_with_room(struct weir_pool *pool)
{
    if (weir_list_empty(&pool->partial))
        return add_slab(pool);
    return weir_container_of(pool->partial.next, struct weir_slab, partial);
}

void *weir_pool_take(struct weir_pool *pool)
{
    struct weir_slab *slab = slab_with_room(pool);
    unsigned index;
    void *object;

    if (!slab)
        return NULL;
    if (!slab->live) {
        pool->empty--;
        if (slab->number < pool->live_from)
            pool->live_from = slab->number;
    }
    index = (unsigned)__builtin_ctzll(~slab->live);
    slab->live |= UINT64_C(1) << index;
    if (slab->live == UINT64_MAX)
        weir_link_remove(&slab->partial);
    pool->live++;
    object = slab->objects + index * pool->object_size;
    if (pool->watched)
        tell_take(pool, object);
    memset(object, 0, pool->object_size);
    *(uint32_t *)object = slab->number * SLAB_OBJECTS + index;
    return object;
}

void weir_pool_give(struct weir_pool *pool, void *object)
{
    uint32_t number = *(uint32_t *)object;
    struct weir_slab *slab = pool->slabs[number / SLAB_OBJECTS];

    if (pool->watched)
        tell_give(pool, object);
    if (slab->live == UINT64_MAX)
        weir_list_append(&pool->partial, &slab->partial);
    slab->live &= ~(UINT64_C(1) << number % SLAB_OBJECTS);
    pool->live--;
    if (slab->live)
        return;
    pool->empty++;
    if (pool->empty > 1)
        drop_slab(pool, slab);
}

void *weir_pool_any(struct weir_pool *pool)
{
    for (; pool->live_from < pool->slab_count; pool->live_from++) {
        struct weir_slab *slab = pool->slabs[pool->live_from];

        if (slab && slab->live)
            return slab->objects +
                   (size_t)__builtin_ctzll(slab->live) * pool->object_size;
    }
    return NULL;
}

void *weir_pool_next(const struct weir_pool *pool, uint32_t *number)
{
    uint32_t i = *number / SLAB_OBJECTS;
    unsigned passed = *number % SLAB_OBJECTS;

    for (; i < pool->slab_count; i++, passed = 0) {
        const struct weir_slab *slab = pool->slabs[i];
        uint64_t left = slab ? slab->live >> passed << passed : 0;
        unsigned index;

        if (!left)
            continue;
        index = (unsigned)__builtin_ctzll(left);
        *number = i * SLAB_OBJECTS + index + 1;
        return (char *)slab->objects + index * pool->object_size;
    }
    return NULL;
}
