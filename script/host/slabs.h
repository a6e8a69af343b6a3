/*
 * slabs.h - memory that both sides know: an ArrayBuffer there, a number here
 *
 * A Buffer on a slab is found by (number, offset), without asking the engine
 * for a pointer. 0 is the number of none.
 */
#ifndef WEIR_SCRIPT_SLABS_H
#define WEIR_SCRIPT_SLABS_H

#include "engine.h"

/* What reading takes. These are kept when they are free, while they are warm;
 * other sizes go back to malloc. */
enum { SLAB_SMALL = 64 * 1024, SLAB_LARGE = 256 * 1024 };

/* With the engine: between the two what is free is kept. What is still pinned
 * at the second goes as it is unpinned. */
void slabs_open(void);
void slabs_close(void);

/* A slab that was never wrapped goes at once. */
void slab_drop(uint32_t number);

/* Memory for a slab, not cleared; its number. NULL when out of memory. */
uint8_t *slab_take(size_t size, uint32_t *number);

/* Its ArrayBuffer, to be made once: from then on the collector gives the memory
 * back. Throws, and gives it back at once, when out of memory. */
JSObjectRef slab_wrap(JSContextRef ctx, uint32_t number, JSValueRef *exception);

/* Where a slab's bytes are. The number must be that of a slab. */
uint8_t *slab_bytes(uint32_t number);

/* Between these two the memory stays, whatever the collector finds. */
void slab_pin(uint32_t number);
void slab_unpin(uint32_t number);

/* A slab of that size is used up. Not from inside of the engine: perhaps it
 * collects what is young, so that the next one is memory that is still warm. */
void slab_used_up(script *s, size_t size);

#endif
