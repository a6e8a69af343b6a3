/*
 * write_queue.c - chunks, shared buffers, and the queue between the two
 *
 * Everything is O(1) per write; `size` is kept, never counted. Chunks that
 * nobody waits for are freed as soon as they are sent and first; the others
 * wait for the socket to call them.
 */
#include "write_queue.h"

#include "kernel_pipe.h"

#include <string.h>

struct weir_buffer {
    void *bytes;
    size_t size;
    size_t references;
    weir_release_cb *release;
    void *argument;
    char own[];
};

/* -------------------------------------------------------- shared buffers */

static weir_buffer *create(size_t own)
{
    weir_buffer *buffer;

    if (own > SIZE_MAX - sizeof *buffer)
        return NULL;
    buffer = weir_alloc(sizeof *buffer + own);
    if (!buffer)
        return NULL;
    *buffer = (weir_buffer){ .references = 1 };
    return buffer;
}

weir_buffer *weir_buffer_create(size_t size)
{
    weir_buffer *buffer = create(size);

    if (!buffer)
        return NULL;
    buffer->bytes = buffer->own;
    buffer->size = size;
    return buffer;
}

weir_buffer *weir_buffer_copy(const void *bytes, size_t size)
{
    weir_buffer *buffer;

    if (!bytes && size)
        return NULL;
    buffer = weir_buffer_create(size);
    if (buffer && size)
        memcpy(buffer->bytes, bytes, size);
    return buffer;
}

weir_buffer *weir_buffer_wrap(void *bytes, size_t size,
                              weir_release_cb *release, void *argument)
{
    weir_buffer *buffer;

    if (!bytes && size)
        return NULL;
    buffer = create(0);
    if (!buffer)
        return NULL;
    buffer->bytes = bytes;
    buffer->size = size;
    buffer->release = release;
    buffer->argument = argument;
    return buffer;
}

void *weir_buffer_bytes(weir_buffer *buffer)
{
    return buffer->bytes;
}

size_t weir_buffer_size(const weir_buffer *buffer)
{
    return buffer->size;
}

weir_buffer *weir_buffer_ref(weir_buffer *buffer)
{
    buffer->references++;
    return buffer;
}

void weir_buffer_unref(weir_buffer *buffer)
{
    if (!buffer || --buffer->references)
        return;
    if (buffer->release)
        buffer->release(buffer->bytes, buffer->size, buffer->argument);
    weir_release(buffer);
}

void weir_buffer_disown(weir_buffer *buffer)
{
    buffer->release = NULL;
}

/* ----------------------------------------------------------------- chunks */

static void reset(struct weir_chunk *chunk, size_t capacity)
{
    *chunk = (struct weir_chunk){ .bytes = chunk->copy, .room = capacity };
}

struct weir_chunk *weir_chunk_create(size_t capacity)
{
    struct weir_chunk *chunk;

    if (capacity > SIZE_MAX - sizeof *chunk)
        return NULL;
    chunk = weir_alloc(sizeof *chunk + capacity);
    if (chunk)
        reset(chunk, capacity);
    return chunk;
}

void weir_chunk_release(struct weir_chunk *chunk)
{
    weir_buffer *buffer = chunk->buffer;

    chunk->buffer = NULL;
    weir_buffer_unref(buffer);
}

void weir_chunk_free(struct weir_chunk *chunk)
{
    if (!chunk)
        return;
    if (chunk->pipe) {
        weir_kernel_pipe_give(chunk->pipe);
        return;
    }
    weir_buffer_unref(chunk->buffer);
    weir_release(chunk);
}

void weir_chunk_copy(struct weir_chunk *chunk, const void *bytes, size_t length)
{
    if (!length)
        return;
    memcpy((char *)chunk->bytes + chunk->left, bytes, length);
    chunk->left += length;
    chunk->room -= length;
}

bool weir_spare_ready(struct weir_net *net)
{
    if (!net->spare)
        net->spare = weir_chunk_create(WEIR_SPARE);
    return net->spare != NULL;
}

struct weir_chunk *weir_spare_chunk(struct weir_net *net, size_t length)
{
    /* A little more than asked for, since a stalled socket is often written to
     * again, and small writes can share a chunk. */
    struct weir_chunk *chunk = weir_chunk_create(length < 448 ? 448 : length);

    if (!chunk) {
        chunk = net->spare;
        net->spare = NULL;
    }
    return chunk;
}

/* ------------------------------------------------------------------ queue */

static struct weir_chunk *first_of(const struct weir_queue *queue)
{
    return queue->last ? queue->last->next : NULL;
}

static struct weir_chunk *after(const struct weir_queue *queue,
                                const struct weir_chunk *chunk)
{
    return chunk == queue->last ? NULL : chunk->next;
}

void weir_queue_append(struct weir_queue *queue, struct weir_chunk *chunk)
{
    if (queue->last) {
        chunk->next = queue->last->next;
        queue->last->next = chunk;
    } else {
        chunk->next = chunk;
    }
    queue->last = chunk;
    if (chunk->done)
        return;
    queue->size += chunk->left;
    if (!queue->waiting)
        queue->waiting = chunk;
}

struct weir_chunk *weir_queue_room(struct weir_queue *queue, size_t length)
{
    struct weir_chunk *last = queue->last;

    if (!last || last->done || last->buffer || last->cb || last->room < length)
        return NULL;
    return last;
}

struct weir_chunk *weir_queue_piped(const struct weir_queue *queue)
{
    struct weir_chunk *chunk = queue->waiting;

    return chunk && chunk->pipe ? chunk : NULL;
}

void weir_queue_grew(struct weir_queue *queue, size_t length)
{
    queue->last->left += length;
    queue->size += length;
}

int weir_queue_gather(const struct weir_queue *queue, struct iovec *pieces,
                      int count, size_t limit, size_t *length)
{
    int used = 0;

    *length = 0;
    for (struct weir_chunk *chunk = queue->waiting;
         chunk && !chunk->pipe && used < count && *length < limit;
         chunk = after(queue, chunk)) {
        pieces[used].iov_base = (void *)chunk->bytes;
        pieces[used].iov_len = chunk->left;
        *length += chunk->left;
        used++;
    }
    return used;
}

static struct weir_chunk *take_first(struct weir_queue *queue)
{
    struct weir_chunk *chunk = queue->last->next;

    if (chunk == queue->last)
        queue->last = NULL;
    else
        queue->last->next = chunk->next;
    return chunk;
}

static void pass(struct weir_chunk *chunk, size_t length)
{
    if (!chunk->pipe)
        chunk->bytes += length;
    chunk->left -= length;
}

void weir_queue_sent(struct weir_queue *queue, size_t length)
{
    struct weir_chunk *chunk;

    queue->size -= length;
    while ((chunk = queue->waiting) != NULL && length >= chunk->left) {
        queue->waiting = after(queue, chunk);
        length -= chunk->left;
        pass(chunk, chunk->left);
        chunk->done = true;
        if (chunk == first_of(queue) && !chunk->cb && !chunk->buffer)
            weir_chunk_free(take_first(queue));
    }
    if (chunk)
        pass(chunk, length);
}

void weir_queue_fail(struct weir_queue *queue, int status)
{
    for (struct weir_chunk *chunk = queue->waiting; chunk;
         chunk = after(queue, chunk)) {
        chunk->left = 0;
        chunk->status = status;
        chunk->done = true;
    }
    queue->waiting = NULL;
    queue->size = 0;
}

size_t weir_queue_done(const struct weir_queue *queue)
{
    const struct weir_chunk *chunk = first_of(queue);
    size_t count = 0;

    for (; chunk && chunk->done; chunk = after(queue, chunk))
        count++;
    return count;
}

struct weir_chunk *weir_queue_take_done(struct weir_queue *queue)
{
    struct weir_chunk *first = first_of(queue);

    return first && first->done ? take_first(queue) : NULL;
}

void weir_queue_put_back(struct weir_queue *queue, struct weir_chunk *chunk)
{
    if (!queue->last)
        queue->last = chunk;
    else
        chunk->next = queue->last->next;
    queue->last->next = chunk;
}

const char *weir_queue_check(const struct weir_queue *queue)
{
    const struct weir_chunk *waiting = NULL;
    size_t size = 0;

    for (const struct weir_chunk *chunk = first_of(queue); chunk;
         chunk = after(queue, chunk)) {
        if (chunk->done && waiting)
            return "a chunk is done before one in front of it";
        if (chunk->done && chunk->left)
            return "a chunk is done and has bytes left";
        if (!chunk->done && chunk->pipe && chunk->left != chunk->pipe->held)
            return "a kernel pipe does not hold what its chunk says";
        if (!chunk->done && !waiting)
            waiting = chunk;
        size += chunk->left;
    }
    if (size != queue->size)
        return "the size is not the sum of the chunks";
    return waiting == queue->waiting ? NULL : "`waiting` is not the first";
}
