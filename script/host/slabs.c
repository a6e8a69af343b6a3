/*
 * slabs.c - memory that both sides know: an ArrayBuffer there, a number here
 *
 * The memory is ours. The engine's collector tells when no view of a slab is
 * left, on a thread of its own, hence the lock; bytes that still wait to be
 * written pin it beyond that, and beyond the engine.
 *
 * Who streams goes through a slab in a fraction of a millisecond. Left alone,
 * the engine collects after some 8 MB of them: memory that no cache holds, and
 * a collection that has grown to a full one, which is half of what a block
 * costs. A collection of the young alone takes 40 microseconds when next to
 * nothing lives, as here. So it is asked for after every COLLECT_EVERY bytes,
 * where the engine lets us, and the same few slabs go round. Where it would not
 * pay it is left alone: when it took long, and when many slabs live on, since
 * only the engine's own collections look at the old as well.
 */
#include "slabs.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifndef COLLECT_EVERY
#define COLLECT_EVERY (2 << 20)
#endif

enum {
    COLLECT_MOST = 16 << 20, /* with more than this alive it is not asked for */
    SHARE = 8,               /* at most this part of the time */
    KEPT_BYTES = 2 << 20     /* of free slabs of either size */
};

struct slab {
    uint8_t *bytes; /* NULL: the number is free */
    uint32_t size;
    uint32_t pins;
    bool dropped; /* the engine is through with it */
};

/* Free memory of one size, the warmest on top. */
struct kept {
    size_t size;
    unsigned count;
    uint8_t *blocks[KEPT_BYTES / SLAB_SMALL];
};

static struct {
    pthread_mutex_t lock;
    bool open;
    struct slab *table; /* grows in the loop's thread only */
    uint32_t size;
    uint32_t next;  /* where to look for a free number */
    uint32_t count; /* of slabs that there are */
    size_t alive;   /* bytes of slabs for reading */
    struct kept kept[2];

    size_t used; /* bytes, since what is young was collected */
    uint64_t rest_until;
} slabs = { .lock = PTHREAD_MUTEX_INITIALIZER,
            .kept = { { .size = SLAB_SMALL }, { .size = SLAB_LARGE } } };

static struct kept *kept_of(size_t size)
{
    for (int i = 0; i < 2; i++) {
        if (slabs.kept[i].size == size)
            return &slabs.kept[i];
    }
    return NULL;
}

/* ---------------------------------------------------- taking, giving back */

/* With the lock, when there are none. */
static void free_table(void)
{
    free(slabs.table);
    slabs.table = NULL;
    slabs.size = slabs.next = 0;
}

/* With the lock. */
static void give_back(uint32_t number)
{
    struct slab *slab = &slabs.table[number];
    struct kept *kept = kept_of(slab->size);

    if (kept)
        slabs.alive -= slab->size;
    if (slabs.open && kept && (kept->count + 1) * kept->size <= KEPT_BYTES)
        kept->blocks[kept->count++] = slab->bytes;
    else
        free(slab->bytes);
    slab->bytes = NULL;
    if (number < slabs.next)
        slabs.next = number;
    if (--slabs.count == 0 && !slabs.open)
        free_table();
}

/* On any thread, at any time, perhaps after the loop is gone. */
static void drop(void *bytes, void *context)
{
    uint32_t number = (uint32_t)(uintptr_t)context;

    (void)bytes;
    pthread_mutex_lock(&slabs.lock);
    slabs.table[number].dropped = true;
    if (slabs.table[number].pins == 0)
        give_back(number);
    pthread_mutex_unlock(&slabs.lock);
}

void slab_drop(uint32_t number)
{
    drop(NULL, (void *)(uintptr_t)number);
}

static bool grow(void)
{
    uint32_t size = slabs.size ? slabs.size * 2 : 64;
    struct slab *table = realloc(slabs.table, size * sizeof *table);

    if (!table)
        return false;
    memset(table + slabs.size, 0, (size - slabs.size) * sizeof *table);
    slabs.table = table;
    slabs.size = size;
    return true;
}

/* 0 when out of memory. With the lock. */
static uint32_t free_number(void)
{
    uint32_t number = slabs.next ? slabs.next : 1;

    while (number < slabs.size && slabs.table[number].bytes)
        number++;
    return number < slabs.size || grow() ? number : 0;
}

uint8_t *slab_take(size_t size, uint32_t *number)
{
    struct kept *kept = kept_of(size);
    uint8_t *bytes = NULL;

    pthread_mutex_lock(&slabs.lock);
    *number = free_number();
    if (*number)
        bytes =
            kept && kept->count ? kept->blocks[--kept->count] : malloc(size);
    if (bytes) {
        slabs.table[*number] =
            (struct slab){ .bytes = bytes, .size = (uint32_t)size };
        slabs.next = *number + 1;
        slabs.count++;
        slabs.alive += kept ? size : 0;
    }
    pthread_mutex_unlock(&slabs.lock);
    return bytes;
}

JSObjectRef slab_wrap(JSContextRef ctx, uint32_t number, JSValueRef *exception)
{
    struct slab *slab = &slabs.table[number];
    size_t size = slab->size;
    JSObjectRef buffer = JSObjectMakeArrayBufferWithBytesNoCopy(
        ctx, slab->bytes, size, drop, (void *)(uintptr_t)number, exception);

    /* Asking for the pointer pins it: transfer() gives a program no way to take
     * the memory from under what is read into it. */
    if (buffer) {
        (void)JSObjectGetArrayBufferBytesPtr(ctx, buffer, NULL);
        return buffer;
    }
    slab_drop(number);
    script_throw(ctx, exception, "out of memory: %zu bytes", size);
    return NULL;
}

uint8_t *slab_bytes(uint32_t number)
{
    return slabs.table[number].bytes;
}

void slab_pin(uint32_t number)
{
    pthread_mutex_lock(&slabs.lock);
    slabs.table[number].pins++;
    pthread_mutex_unlock(&slabs.lock);
}

void slab_unpin(uint32_t number)
{
    struct slab *slab;

    pthread_mutex_lock(&slabs.lock);
    slab = &slabs.table[number];
    if (--slab->pins == 0 && slab->dropped)
        give_back(number);
    pthread_mutex_unlock(&slabs.lock);
}

/* -------------------------------------------------------- opening, closing */

void slabs_open(void)
{
    pthread_mutex_lock(&slabs.lock);
    slabs.open = true;
    slabs.used = 0;
    slabs.rest_until = 0;
    pthread_mutex_unlock(&slabs.lock);
}

void slabs_close(void)
{
    pthread_mutex_lock(&slabs.lock);
    slabs.open = false;
    for (int i = 0; i < 2; i++) {
        struct kept *kept = &slabs.kept[i];

        while (kept->count > 0)
            free(kept->blocks[--kept->count]);
    }
    if (slabs.count == 0)
        free_table();
    pthread_mutex_unlock(&slabs.lock);
}

/* -------------------------------------------------------------- collecting */

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static size_t alive(void)
{
    size_t bytes;

    pthread_mutex_lock(&slabs.lock);
    bytes = slabs.alive;
    pthread_mutex_unlock(&slabs.lock);
    return bytes;
}

void slab_used_up(script *s, size_t size)
{
    uint64_t from, to;

    slabs.used += size;
    if (slabs.used < COLLECT_EVERY || alive() > COLLECT_MOST)
        return;
    from = now();
    if (from < slabs.rest_until)
        return;
    script_collect_young(s);
    to = now();
    slabs.rest_until = to + (to - from) * SHARE;
    slabs.used = 0;
}
