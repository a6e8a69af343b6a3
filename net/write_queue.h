/*
 * write_queue.h - what waits for the kernel, and what waits to be told
 *
 *      first                waiting                    last
 *        v                     v                         v
 *      [done] -> [done] -> [partly sent] -> [whole] -> [whole] -+
 *        ^------------------------------------------------------+
 *
 * A chunk is one write, or several small ones that nobody wants to hear of. It
 * becomes done when its last byte is with the kernel or when it failed, and
 * stays until its callback may be called; done chunks are always in front, so
 * that callbacks come in the order of writing whatever happens. The list is a
 * ring, so that three words in each socket tell both ends of it and where
 * sending goes on.
 */
#ifndef WEIR_NET_WRITE_QUEUE_H
#define WEIR_NET_WRITE_QUEUE_H

#include "state.h"

struct weir_kernel_pipe;

struct weir_chunk {
    struct weir_chunk *next;
    const char *bytes;   /* the first one that is not sent */
    size_t left;         /* not sent */
    size_t room;         /* free behind a copy: small writes are appended */
    weir_buffer *buffer; /* NULL: copied into `copy` */
    struct weir_kernel_pipe *pipe; /* if not NULL, they are in there */
    weir_write_cb *cb;
    void *argument;
    int status;
    bool done;
    char copy[];
};

struct weir_queue {
    struct weir_chunk *last;    /* last->next is the first; NULL: empty */
    struct weir_chunk *waiting; /* the first that is not done, or NULL */
    size_t size;                /* bytes not sent */
};

static inline bool weir_queue_empty(const struct weir_queue *queue)
{
    return !queue->last;
}

/* A chunk that holds copies of up to `capacity` bytes. NULL: out of memory. */
struct weir_chunk *weir_chunk_create(size_t capacity);

/* Drops the reference to the buffer alone. */
void weir_chunk_release(struct weir_chunk *chunk);

/* Drops the reference to the buffer and frees. One with a kernel pipe goes back
 * to where it came from. */
void weir_chunk_free(struct weir_chunk *chunk);

/* Copies bytes behind those that are in the chunk. There must be room. */
void weir_chunk_copy(struct weir_chunk *chunk, const void *bytes,
                     size_t length);

/* Lets go of memory without calling `release`: it was never taken over. */
void weir_buffer_disown(weir_buffer *buffer);

/* Appends a chunk, which may be done already. */
void weir_queue_append(struct weir_queue *queue, struct weir_chunk *chunk);

/* Room for `length` more bytes in the last chunk, when it is a copy that
 * nobody waits for; NULL otherwise. */
struct weir_chunk *weir_queue_room(struct weir_queue *queue, size_t length);

/* The first chunk that is not sent, if its bytes are in a kernel pipe. */
struct weir_chunk *weir_queue_piped(const struct weir_queue *queue);

/* `length` bytes have come into the kernel pipe of the last chunk. */
void weir_queue_grew(struct weir_queue *queue, size_t length);

/* The pieces that are not sent, up to one in a kernel pipe, at most `count` of
 * them and, but for the last, `limit` bytes. Gives their number, and their
 * length in *length. */
int weir_queue_gather(const struct weir_queue *queue, struct iovec *pieces,
                      int count, size_t limit, size_t *length);

/* `length` bytes are with the kernel. */
void weir_queue_sent(struct weir_queue *queue, size_t length);

/* What is not sent never will be. */
void weir_queue_fail(struct weir_queue *queue, int status);

/* How many chunks are done and not taken out. O(that many), each of which is
 * taken out next. */
size_t weir_queue_done(const struct weir_queue *queue);

static inline bool weir_queue_has_done(const struct weir_queue *queue)
{
    return queue->last && queue->last->next->done;
}

/* The first chunk if it is done, taken out; NULL otherwise. */
struct weir_chunk *weir_queue_take_done(struct weir_queue *queue);

/* The one that was taken out last is the first again. */
void weir_queue_put_back(struct weir_queue *queue, struct weir_chunk *chunk);

/* Compares size and order with brute force; NULL when all is well. */
const char *weir_queue_check(const struct weir_queue *queue);

/*
 * The loop keeps one empty chunk in reserve. The kernel takes a part of a
 * write, and only then do we learn how much has to be kept: if there were no
 * memory for it now, a part of a message would be lost. Writes up to
 * WEIR_SPARE bytes therefore need the reserve to be there, and no allocation.
 * Longer ones allocate before they send.
 */
enum { WEIR_SPARE = 64 * 1024 };

/* False when there is no reserve and no memory for one. */
bool weir_spare_ready(struct weir_net *net);

/* A chunk for `length` bytes, at most WEIR_SPARE, which cannot fail after
 * weir_spare_ready(). */
struct weir_chunk *weir_spare_chunk(struct weir_net *net, size_t length);

#endif
