/*
 * test_queue.c - the write queue alone, beside a model
 *
 * The model is a plain array: for each write its length, whether somebody
 * waits for it, how many of its bytes are sent and its status. Whatever the
 * queue is asked, the model must have the same answer.
 */
#include "test/support/net_test.h"

#include "net/write_queue.h"

#include <sys/mman.h>

static struct weir_net net;

static int open_queue(void **state)
{
    (void)state;
    net.spare = NULL;
    return 0;
}

static int close_queue(void **state)
{
    (void)state;
    faults_restore();
    weir_release(net.spare);
    return 0;
}

static void empty(struct weir_queue *queue)
{
    struct weir_chunk *chunk;

    weir_queue_fail(queue, -ECANCELED);
    while ((chunk = weir_queue_take_done(queue)) != NULL)
        weir_chunk_free(chunk);
    assert_null(weir_queue_check(queue));
    assert_true(weir_queue_empty(queue));
}

static void ignore(weir_socket *socket, int status, void *argument)
{
    (void)socket, (void)status, (void)argument;
}

static struct weir_chunk *copy_of(const char *text, weir_write_cb *cb)
{
    struct weir_chunk *chunk = weir_chunk_create(strlen(text));

    assert_non_null(chunk);
    weir_chunk_copy(chunk, text, strlen(text));
    chunk->cb = cb;
    return chunk;
}

static void assert_gathered(const struct weir_queue *queue, const char *text)
{
    struct iovec pieces[16];
    char all[256];
    size_t length, used = 0;
    int count = weir_queue_gather(queue, pieces, 16, SIZE_MAX, &length);

    for (int i = 0; i < count; i++) {
        memcpy(all + used, pieces[i].iov_base, pieces[i].iov_len);
        used += pieces[i].iov_len;
    }
    all[used] = '\0';
    assert_string_equal(all, text);
    assert_int_equal(length, used);
}

static void an_empty_queue_has_nothing(void **state)
{
    struct weir_queue queue = { 0 };
    struct iovec piece;
    size_t length = 1;

    (void)state;
    assert_null(weir_queue_check(&queue));
    assert_null(weir_queue_take_done(&queue));
    assert_null(weir_queue_room(&queue, 0));
    assert_int_equal(weir_queue_gather(&queue, &piece, 1, 1, &length), 0);
    assert_int_equal(length, 0);
    weir_queue_sent(&queue, 0);
    weir_queue_fail(&queue, -1);
    assert_null(weir_queue_check(&queue));
}

static void
what_is_sent_in_parts_is_gathered_from_where_it_stopped(void **state)
{
    struct weir_queue queue = { 0 };

    (void)state;
    weir_queue_append(&queue, copy_of("hello", NULL));
    weir_queue_append(&queue, copy_of(" ", NULL));
    weir_queue_append(&queue, copy_of("world", NULL));
    assert_gathered(&queue, "hello world");
    weir_queue_sent(&queue, 3);
    assert_gathered(&queue, "lo world");
    weir_queue_sent(&queue, 2);
    assert_gathered(&queue, " world");
    weir_queue_sent(&queue, 4);
    assert_gathered(&queue, "ld");
    assert_int_equal(queue.size, 2);
    assert_null(weir_queue_check(&queue));
    empty(&queue);
}

static void a_chunk_nobody_waits_for_is_freed_when_it_is_sent(void **state)
{
    struct weir_queue queue = { 0 };

    (void)state;
    weir_queue_append(&queue, copy_of("a", NULL));
    weir_queue_append(&queue, copy_of("b", NULL));
    weir_queue_sent(&queue, 2);
    assert_true(weir_queue_empty(&queue));
}

/* Field note 11: done chunks are told in the order of writing. */
static void
a_chunk_somebody_waits_for_stays_and_holds_back_those_behind(void **state)
{
    struct weir_queue queue = { 0 };
    struct weir_chunk *first = copy_of("a", ignore), *chunk;

    (void)state;
    weir_queue_append(&queue, first);
    weir_queue_append(&queue, copy_of("b", NULL));
    weir_queue_append(&queue, copy_of("c", ignore));
    weir_queue_sent(&queue, 2);
    assert_null(weir_queue_check(&queue));
    assert_ptr_equal(chunk = weir_queue_take_done(&queue), first);
    weir_chunk_free(chunk);
    chunk = weir_queue_take_done(&queue);
    assert_null(chunk->cb);
    weir_chunk_free(chunk);
    assert_null(weir_queue_take_done(&queue));
    assert_gathered(&queue, "c");
    empty(&queue);
}

static void an_empty_write_is_done_when_those_before_it_are(void **state)
{
    struct weir_queue queue = { 0 };

    (void)state;
    weir_queue_append(&queue, copy_of("a", NULL));
    weir_queue_append(&queue, copy_of("", ignore));
    weir_queue_append(&queue, copy_of("", ignore));
    weir_queue_append(&queue, copy_of("b", NULL));
    weir_queue_sent(&queue, 0);
    assert_null(weir_queue_take_done(&queue));
    weir_queue_sent(&queue, 1);
    weir_chunk_free(weir_queue_take_done(&queue));
    weir_chunk_free(weir_queue_take_done(&queue));
    assert_null(weir_queue_take_done(&queue));
    assert_gathered(&queue, "b");
    empty(&queue);
}

static void a_failed_queue_keeps_the_status_of_what_was_done(void **state)
{
    struct weir_queue queue = { 0 };
    struct weir_chunk *chunk;

    (void)state;
    weir_queue_append(&queue, copy_of("a", ignore));
    weir_queue_append(&queue, copy_of("bc", ignore));
    weir_queue_sent(&queue, 2);
    weir_queue_fail(&queue, -EPIPE);
    assert_int_equal(queue.size, 0);
    assert_null(weir_queue_check(&queue));
    chunk = weir_queue_take_done(&queue);
    assert_int_equal(chunk->status, 0);
    weir_chunk_free(chunk);
    chunk = weir_queue_take_done(&queue);
    assert_int_equal(chunk->status, -EPIPE);
    weir_chunk_free(chunk);
}

static void a_second_failure_does_not_replace_the_first(void **state)
{
    struct weir_queue queue = { 0 };
    struct weir_chunk *chunk;

    (void)state;
    weir_queue_append(&queue, copy_of("a", ignore));
    weir_queue_fail(&queue, -EPIPE);
    weir_queue_fail(&queue, -ECANCELED);
    chunk = weir_queue_take_done(&queue);
    assert_int_equal(chunk->status, -EPIPE);
    weir_chunk_free(chunk);
}

static void gathering_keeps_to_the_count_and_to_the_limit(void **state)
{
    struct weir_queue queue = { 0 };
    struct iovec pieces[4];
    size_t length;

    (void)state;
    for (int i = 0; i < 4; i++)
        weir_queue_append(&queue, copy_of("1234", NULL));
    assert_int_equal(weir_queue_gather(&queue, pieces, 2, 100, &length), 2);
    assert_int_equal(length, 8);
    assert_int_equal(weir_queue_gather(&queue, pieces, 4, 8, &length), 2);
    assert_int_equal(weir_queue_gather(&queue, pieces, 4, 9, &length), 3);
    assert_int_equal(length, 12);
    empty(&queue);
}

/* A chunk whose owner is called back must not grow behind his back. */
static void only_a_copy_that_nobody_waits_for_has_room(void **state)
{
    struct weir_queue queue = { 0 };
    struct weir_chunk *chunk;

    (void)state;
    assert_true(weir_spare_ready(&net));
    chunk = weir_spare_chunk(&net, 1);
    weir_chunk_copy(chunk, "a", 1);
    weir_queue_append(&queue, chunk);
    assert_ptr_equal(weir_queue_room(&queue, 100), chunk);
    assert_null(weir_queue_room(&queue, 1000000));
    chunk->cb = ignore;
    assert_null(weir_queue_room(&queue, 1));
    chunk->cb = NULL;
    chunk->done = true;
    assert_null(weir_queue_room(&queue, 1));
    chunk->done = false;
    chunk->buffer = weir_buffer_copy("x", 1);
    assert_null(weir_queue_room(&queue, 1));
    empty(&queue);
}

/* The reserve: what the kernel leaves of a write is never lost. */
static void the_reserve_is_a_chunk_when_there_is_no_memory(void **state)
{
    struct fault fault = { .nth = 1, .onward = true, .only = "malloc" };
    struct weir_chunk *chunk;

    (void)state;
    assert_true(weir_spare_ready(&net));
    faults_arm(&fault);
    assert_true(weir_spare_ready(&net));
    chunk = weir_spare_chunk(&net, WEIR_SPARE);
    assert_non_null(chunk);
    assert_true(chunk->room >= WEIR_SPARE);
    assert_false(weir_spare_ready(&net));
    faults_disarm();
    assert_true(weir_spare_ready(&net));
    weir_chunk_free(chunk);
}

static void a_capacity_that_overflows_is_out_of_memory(void **state)
{
    (void)state;
    assert_null(weir_chunk_create(SIZE_MAX));
    assert_null(weir_chunk_create(SIZE_MAX - 16));
}

static void the_check_finds_what_is_wrong(void **state)
{
    struct weir_queue queue = { 0 };
    struct weir_chunk *last;

    (void)state;
    weir_queue_append(&queue, copy_of("a", ignore));
    weir_queue_append(&queue, copy_of("b", ignore));
    queue.size = 3;
    assert_non_null(weir_queue_check(&queue));
    queue.size = 2;
    assert_null(weir_queue_check(&queue));
    last = queue.last;
    queue.waiting = last;
    assert_non_null(weir_queue_check(&queue));
    queue.waiting = last->next;
    last->done = true;
    assert_non_null(weir_queue_check(&queue));
    last->left = 0;
    queue.size = 1;
    assert_non_null(weir_queue_check(&queue));
    last->done = false;
    assert_null(weir_queue_check(&queue));
    empty(&queue);
}

/* -------------------------------------------------------- against a model */

struct model {
    struct {
        size_t length, sent;
        int status;
        bool waited, done;
    } writes[4096];
    size_t count, told; /* written; called back or freed unheard */
    size_t size;
    uint64_t put, got; /* positions in the stream */
};

static struct model model;
static struct weir_queue queue;
static unsigned releases;
static struct test_random rnd;

static void count_release(void *bytes, size_t length, void *argument)
{
    (void)bytes, (void)length, (void)argument;
    releases++;
}

/* The first write that is not done. */
static size_t first_waiting(void)
{
    size_t i = model.told;

    while (i < model.count && model.writes[i].done)
        i++;
    return i;
}

static void model_write(size_t length, bool waited)
{
    model.writes[model.count].length = length;
    model.writes[model.count].waited = waited;
    model.count++;
    model.size += length;
    model.put += length;
}

static void put(void)
{
    static char bytes[2000];
    size_t length = test_once_in(&rnd, 4) ? 0 : test_below(&rnd, sizeof bytes);
    bool waited = test_once_in(&rnd, 2);
    struct weir_chunk *chunk;

    net_pattern(bytes, length, model.put);
    if (test_once_in(&rnd, 3)) {
        weir_buffer *buffer = weir_buffer_create(length);

        memcpy(weir_buffer_bytes(buffer), bytes, length);
        chunk = weir_chunk_create(0);
        chunk->buffer = buffer;
        chunk->bytes = weir_buffer_bytes(buffer);
        chunk->left = length;
    } else if (!waited && length && weir_queue_room(&queue, length)) {
        weir_chunk_copy(queue.last, bytes, length);
        queue.size += length;
        model.writes[model.count - 1].length += length;
        model.size += length;
        model.put += length;
        return;
    } else {
        chunk = weir_spare_chunk(&net, length);
        weir_chunk_copy(chunk, bytes, length);
    }
    chunk->cb = waited ? ignore : NULL;
    weir_queue_append(&queue, chunk);
    model_write(length, waited);
}

static void model_sent(size_t length)
{
    model.size -= length;
    for (size_t i = first_waiting(); i < model.count; i++) {
        size_t left = model.writes[i].length - model.writes[i].sent;

        if (left > length) {
            model.writes[i].sent += length;
            return;
        }
        length -= left;
        model.writes[i].sent = model.writes[i].length;
        model.writes[i].done = true;
    }
}

static void send_some(void)
{
    struct iovec pieces[8];
    size_t length, part;
    size_t limit = 1 + test_below(&rnd, 4000);
    int count = weir_queue_gather(&queue, pieces, 1 + (int)test_below(&rnd, 8),
                                  limit, &length);

    assert_true(length <= model.size);
    part = length ? test_below(&rnd, length + 1) : 0;
    if (test_once_in(&rnd, 3))
        part = length;
    for (size_t i = 0, left = part; left && i < (size_t)count; i++) {
        const unsigned char *bytes = pieces[i].iov_base;
        size_t size = pieces[i].iov_len < left ? pieces[i].iov_len : left;

        for (size_t j = 0; j < size; j++)
            assert_int_equal(bytes[j], net_byte(model.got + j));
        model.got += size;
        left -= size;
    }
    weir_queue_sent(&queue, part);
    model_sent(part);
}

static void tell_one(void)
{
    struct weir_chunk *chunk = weir_queue_take_done(&queue);

    /* The queue frees by itself what nobody waits for. */
    while (model.told < model.count && model.writes[model.told].done &&
           (!chunk || (chunk->cb != NULL) != model.writes[model.told].waited))
        assert_false(model.writes[model.told++].waited);
    if (!chunk) {
        assert_true(model.told == model.count ||
                    !model.writes[model.told].done);
        return;
    }
    assert_true(model.told < model.count && model.writes[model.told].done);
    if (chunk->cb)
        assert_int_equal(chunk->status, model.writes[model.told].status);
    model.told++;
    weir_chunk_free(chunk);
}

static void fail_all(void)
{
    weir_queue_fail(&queue, -EPIPE);
    model.size = 0;
    model.got = model.put;
    for (size_t i = first_waiting(); i < model.count; i++) {
        model.writes[i].done = true;
        model.writes[i].status = -EPIPE;
    }
}

static void random_operations_agree_with_a_model(void **state)
{
    (void)state;
    test_seed(&rnd, test_new_seed());
    print_message("seed %llu\n", (unsigned long long)rnd.seed);
    for (size_t round = 0; round < test_rounds(100, 20); round++) {
        memset(&model, 0, sizeof model);
        while (model.count < COUNT(model.writes)) {
            switch (test_below(&rnd, 8)) {
            case 0:
            case 1:
            case 2:
                put();
                break;
            case 3:
            case 4:
            case 5:
                send_some();
                break;
            case 6:
                for (int i = 0; i < 4; i++)
                    tell_one();
                break;
            default:
                if (test_once_in(&rnd, 200))
                    fail_all();
            }
            assert_int_equal(queue.size, model.size);
            if (model.count % 16 == 0)
                assert_null(weir_queue_check(&queue));
        }
        empty(&queue);
    }
}

static void a_shared_buffer_in_many_queues_is_released_once(void **state)
{
    weir_buffer *buffer = weir_buffer_wrap("x", 1, count_release, NULL);
    struct weir_queue queues[8] = { { 0 } };

    (void)state;
    releases = 0;
    for (size_t i = 0; i < COUNT(queues); i++) {
        struct weir_chunk *chunk = weir_chunk_create(0);

        chunk->buffer = weir_buffer_ref(buffer);
        chunk->bytes = weir_buffer_bytes(buffer);
        chunk->left = 1;
        weir_queue_append(&queues[i], chunk);
    }
    weir_buffer_unref(buffer);
    for (size_t i = 0; i < COUNT(queues); i++) {
        assert_int_equal(releases, 0);
        empty(&queues[i]);
    }
    assert_int_equal(releases, 1);
}

#define TEST(function)                                                         \
    cmocka_unit_test_setup_teardown(function, open_queue, close_queue)

/* --------------------------------------------------------- O(1) per write */

enum { DONE = 64 };

/* Each chunk in pages of its own, so that it can be put out of reach. */
static void *in_pages(void *context, size_t size)
{
    char *memory = mmap(NULL, size + sizeof size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)context;
    if (memory == MAP_FAILED)
        return NULL;
    memcpy(memory, &size, sizeof size);
    return memory + sizeof size;
}

static void *never_moved(void *context, void *memory, size_t size)
{
    (void)context, (void)memory, (void)size;
    return NULL;
}

static void give_pages_back(void *context, void *memory)
{
    char *begin = memory ? (char *)memory - sizeof(size_t) : NULL;
    size_t size;

    (void)context;
    if (!begin)
        return;
    memcpy(&size, begin, sizeof size);
    munmap(begin, size + sizeof size);
}

static void allow(struct weir_chunk *chunk, int access)
{
    char *begin = (char *)chunk - sizeof(size_t);

    assert_int_equal(mprotect(begin, 1, access), 0);
}

/* Whoever walks over them is killed. */
static void what_is_done_is_not_walked_over(void **state)
{
    static const weir_allocator pages = { in_pages, never_moved,
                                          give_pages_back, NULL };
    struct weir_chunk *done[DONE];

    (void)state;
    memset(&queue, 0, sizeof queue);
    weir_set_allocator(&pages);
    for (int i = 0; i < DONE; i++) {
        done[i] = copy_of("x", ignore);
        weir_queue_append(&queue, done[i]);
    }
    weir_queue_sent(&queue, DONE);
    weir_queue_append(&queue, copy_of("abc", ignore));
    weir_queue_append(&queue, copy_of("def", NULL));
    for (int i = 0; i < DONE; i++)
        allow(done[i], PROT_NONE);
    assert_gathered(&queue, "abcdef");
    assert_null(weir_queue_piped(&queue));
    weir_queue_sent(&queue, 4);
    assert_gathered(&queue, "ef");
    weir_queue_append(&queue, copy_of("g", ignore));
    weir_queue_fail(&queue, -EPIPE);
    for (int i = 0; i < DONE; i++)
        allow(done[i], PROT_READ | PROT_WRITE);
    assert_int_equal(weir_queue_done(&queue), DONE + 3);
    empty(&queue);
    weir_set_allocator(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_queue_has_nothing),
        TEST(what_is_sent_in_parts_is_gathered_from_where_it_stopped),
        TEST(a_chunk_nobody_waits_for_is_freed_when_it_is_sent),
        TEST(a_chunk_somebody_waits_for_stays_and_holds_back_those_behind),
        TEST(an_empty_write_is_done_when_those_before_it_are),
        TEST(what_is_done_is_not_walked_over),
        TEST(a_failed_queue_keeps_the_status_of_what_was_done),
        TEST(a_second_failure_does_not_replace_the_first),
        TEST(gathering_keeps_to_the_count_and_to_the_limit),
        TEST(only_a_copy_that_nobody_waits_for_has_room),
        TEST(the_reserve_is_a_chunk_when_there_is_no_memory),
        TEST(a_capacity_that_overflows_is_out_of_memory),
        TEST(the_check_finds_what_is_wrong),
        TEST(random_operations_agree_with_a_model),
        TEST(a_shared_buffer_in_many_queues_is_released_once),
    };

    return cmocka_run_group_tests_name("the write queue", tests, NULL, NULL);
}
