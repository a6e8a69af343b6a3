/*
 * net_reads.c - what sockets read, into slabs and to JavaScript
 *
 * Bytes are read into slabs. Messages go into small ones, one behind the other,
 * so that who keeps a message keeps little else; who streams is read into a
 * large one, as much as there is at a time.
 *
 * To enter the engine costs more than to read a message. Small reads of one
 * turn are therefore batched and told together, in order, each followed by what
 * nextTick and promises have; anything else that enters JavaScript comes after
 * them. Where promise jobs run only when the engine is left, each read is told
 * by itself.
 */
#include "net.h"

#include "script/host/slabs.h"

#include <errno.h>
#include <string.h>

/* Reads that wait to be told: (id, offset, length) of each, in the small
 * slab. */
enum { BATCH = 64, BATCH_WORDS = 3, BATCH_LARGEST = 4096 };

enum {
    /* Who has sent so much at a time is read into the large slab; until there
     * is less to read than the second. */
    STREAM_FROM = 16 * 1024,
    STREAM_UNTIL = 4 * 1024
};

/* What is read into. With less than `least` left reading goes on in a new slab.
 */
enum { SMALL, LARGE, READERS };

struct reader {
    uint32_t size, least;
    uint32_t number; /* 0: none yet */
    uint32_t used;
    bool fresh; /* JavaScript does not know it yet */
    uint8_t *bytes;
};

static const struct reader new_readers[READERS] = {
    [SMALL] = { .size = SLAB_SMALL, .least = 8 * 1024 },
    [LARGE] = { .size = SLAB_LARGE, .least = 64 * 1024 },
};

static struct reader readers[READERS];
static int32_t batch[BATCH * BATCH_WORDS];
static unsigned batched; /* how many reads wait */
static weir_task telling;
static script_hook hook;

/* ------------------------------------------------------------------ slabs */

/* slab(size): an ArrayBuffer; its number goes to registers[SLAB]. */
SCRIPT_NATIVE(slab)
{
    double size = script_number(ctx, argc, argv, 0, 0);
    uint8_t *bytes;
    uint32_t number;

    if (!(size >= 1 && size <= INT32_MAX))
        return script_throw(ctx, exception, "slab: bad size");
    bytes = slab_take((size_t)size, &number);
    if (!bytes)
        return script_throw(ctx, exception, "slab: out of memory");
    memset(bytes, 0, (size_t)size);
    net_registers[SLAB] = (int32_t)number;
    return slab_wrap(ctx, number, exception);
}

/* wrapSlab(): the ArrayBuffer of registers[SLAB], which has been read into. */
SCRIPT_NATIVE(wrap_slab)
{
    return slab_wrap(ctx, (uint32_t)net_registers[SLAB], exception);
}

/* ---------------------------------------------------------------- telling */

/* What stands in the batch. When the slab has no room left, JavaScript forgets
 * it and the next read begins another. */
static void tell_reads_of(struct reader *reader)
{
    bool over = reader->size - reader->used < reader->least;

    net_registers[KIND] = (int32_t)(reader - readers);
    net_registers[SLAB] = (int32_t)reader->number;
    net_registers[FRESH] = reader->fresh;
    net_registers[OTHER] = over;
    net_registers[COUNT] = (int32_t)batched;
    reader->fresh = false;
    batched = 0;
    if (over)
        reader->bytes = NULL;
    if (net.s)
        script_call_plain(net.s, net.events[ON_DATA]);
    if (over && net.s)
        slab_used_up(net.s, reader->size);
}

void net_flush_reads(void)
{
    if (batched != 0)
        tell_reads_of(&readers[SMALL]);
}

/* In the next turn, before it waits. */
static void on_task(weir_task *task)
{
    (void)task;
    net_flush_reads();
}

static void before_entering(void *data)
{
    (void)data;
    net_flush_reads();
}

/* ---------------------------------------------------------------- reading */

/* False when out of memory. */
static bool have_room(struct reader *reader)
{
    if (reader->bytes)
        return true;
    reader->bytes = slab_take(reader->size, &reader->number);
    reader->fresh = true;
    reader->used = 0;
    return reader->bytes != NULL;
}

static struct reader *reader_of(weir_socket *socket)
{
    return &readers[net.handles[net_id_of(socket)].streams];
}

void *net_on_buffer(weir_socket *socket, size_t *size)
{
    struct reader *reader = reader_of(socket);

    if (!have_room(reader))
        return NULL;
    *size = reader->size - reader->used;
    return reader->bytes + reader->used;
}

/* Bytes that lie elsewhere: what a pipe gives back, or out of memory. */
static void take_in(weir_socket *socket, const uint8_t *bytes, size_t length);

static void note_batched(uint32_t id, struct reader *reader, size_t length)
{
    int32_t *place = &batch[batched * BATCH_WORDS];

    place[0] = (int32_t)id;
    place[1] = (int32_t)reader->used;
    place[2] = (int32_t)length;
    batched++;
    reader->used += (uint32_t)length;
}

/* In the order of the reads: what waits comes first. */
static void stream_read(uint32_t id, size_t length)
{
    struct reader *reader = &readers[LARGE];

    net_flush_reads();
    if (length < STREAM_UNTIL)
        net.handles[id].streams = SMALL;
    note_batched(id, reader, length);
    tell_reads_of(reader);
}

static void small_read(uint32_t id, size_t length)
{
    struct reader *reader = &readers[SMALL];

    if (length >= STREAM_FROM)
        net.handles[id].streams = LARGE;
    note_batched(id, reader, length);
    if (batched == BATCH || length > BATCH_LARGEST ||
        reader->size - reader->used < reader->least || !script_runs_jobs())
        net_flush_reads();
    else if (!weir_task_posted(&telling))
        weir_task_post(&telling);
}

void net_on_data(weir_socket *socket, const void *bytes, size_t length)
{
    struct reader *reader = reader_of(socket);
    uint32_t id = net_id_of(socket);

    if (!reader->bytes || bytes != reader->bytes + reader->used)
        take_in(socket, bytes, length);
    else if (reader == &readers[LARGE])
        stream_read(id, length);
    else
        small_read(id, length);
}

static void take_in(weir_socket *socket, const uint8_t *bytes, size_t length)
{
    while (length > 0) {
        size_t room;
        uint8_t *to = net_on_buffer(socket, &room);

        if (!to) {
            net_on_error(socket, -ENOMEM);
            return;
        }
        if (room > length)
            room = length;
        memcpy(to, bytes, room);
        net_on_data(socket, to, room);
        bytes += room;
        length -= room;
    }
}

/* ---------------------------------------------------------------- binding */

void net_bind_reads(script *s, JSObjectRef target)
{
    memcpy(readers, new_readers, sizeof readers);
    batched = 0;
    weir_task_init(&telling, s->loop, on_task);
    hook.before_entering = before_entering;
    script_add_hook(s, &hook);
    script_function(s, target, "slab", slab);
    script_function(s, target, "wrapSlab", wrap_slab);
    script_share(s, target, "batch", batch, sizeof batch);
}

void net_unbind_reads(void)
{
    weir_task_cancel(&telling);
    for (int i = 0; i < READERS; i++) {
        if (readers[i].bytes && readers[i].fresh)
            slab_drop(readers[i].number);
    }
    batched = 0;
}
