/*
 * test_alloc.c - the allocator seam and the pools of equal objects
 */
#include "test/support/test.h"

#include "reactor/alloc.h"

#include <errno.h>

/* ---------------------------------------------------- a counting allocator */

static struct {
    size_t live, calls;
    void *context;
} counter;

static void *count_allocate(void *context, size_t size)
{
    void *memory = malloc(size);

    counter.context = context;
    counter.calls++;
    counter.live += memory != NULL;
    return memory;
}

static void *count_reallocate(void *context, void *memory, size_t size)
{
    void *grown = realloc(memory, size);

    counter.context = context;
    counter.calls++;
    counter.live += grown && !memory;
    return grown;
}

static void count_release(void *context, void *memory)
{
    counter.context = context;
    counter.live -= memory != NULL;
    free(memory);
}

static const weir_allocator counting = { count_allocate, count_reallocate,
                                         count_release, &counter };

static int install_counter(void **state)
{
    (void)state;
    memset(&counter, 0, sizeof counter);
    return weir_set_allocator(&counting);
}

static int remove_counter(void **state)
{
    (void)state;
    faults_restore();
    return counter.live == 0 ? 0 : -1;
}

static void an_allocator_that_lacks_a_function_is_refused(void **state)
{
    weir_allocator bad = counting;

    (void)state;
    bad.allocate = NULL;
    assert_int_equal(weir_set_allocator(&bad), -EINVAL);
    bad = counting;
    bad.reallocate = NULL;
    assert_int_equal(weir_set_allocator(&bad), -EINVAL);
    bad = counting;
    bad.release = NULL;
    assert_int_equal(weir_set_allocator(&bad), -EINVAL);
    /* The one from before is still in force. */
    assert_ptr_equal(weir_allocator_custom()->allocate, count_allocate);
    assert_int_equal(weir_set_allocator(NULL), 0);
    assert_null(weir_allocator_custom());
}

static void all_memory_comes_from_the_allocator_and_goes_back(void **state)
{
    weir_loop *loop;

    (void)state;
    assert_int_equal(weir_loop_create(&loop), 0);
    assert_true(counter.calls > 0 && counter.live > 0);
    assert_ptr_equal(counter.context, &counter);
    assert_int_equal(weir_loop_destroy(loop), 0);
    assert_int_equal(counter.live, 0);
}

static void do_nothing_timer(weir_timer *timer)
{
    (void)timer;
}

static void do_nothing_task(weir_task *task)
{
    (void)task;
}

static void do_nothing_async(weir_async *async)
{
    weir_async_stop(async);
}

static void using_what_is_embedded_allocates_nothing(void **state)
{
    weir_timer timers[200];
    weir_task task;
    weir_async async;
    weir_loop *loop;
    size_t calls;

    (void)state;
    assert_int_equal(weir_loop_create(&loop), 0);
    calls = counter.calls;
    for (unsigned i = 0; i < COUNT(timers); i++) {
        weir_timer_init(&timers[i], loop, do_nothing_timer);
        weir_timer_start(&timers[i], i % 3);
    }
    weir_task_init(&task, loop, do_nothing_task);
    weir_task_post(&task);
    weir_async_init(&async, loop, do_nothing_async);
    weir_async_start(&async);
    weir_async_send(&async);
    assert_int_equal(weir_loop_run(loop), 0);
    assert_int_equal(counter.calls, calls);
    assert_int_equal(weir_loop_destroy(loop), 0);
}

static void zeroed_memory_is_zero_and_null_is_released(void **state)
{
    unsigned char *memory = weir_alloc(500);

    (void)state;
    assert_non_null(memory);
    memset(memory, 0xff, 500);
    weir_release(memory);
    memory = weir_alloc_zeroed(500);
    assert_non_null(memory);
    for (unsigned i = 0; i < 500; i++)
        assert_int_equal(memory[i], 0);
    memory[0] = 7;
    memory = weir_realloc(memory, 5000);
    assert_non_null(memory);
    assert_int_equal(memory[0], 7);
    weir_release(memory);
    weir_release(NULL);
}

/* ------------------------------------------------------------------- pools */

struct object {
    uint32_t number; /* the pool's */
    uint32_t mark;
    unsigned char rest[33];
};

static void objects_are_zeroed_apart_and_aligned(void **state)
{
    enum { MANY = 200 };
    struct weir_pool pool;
    struct object *objects[MANY];

    (void)state;
    weir_pool_init(&pool, sizeof(struct object));
    for (unsigned i = 0; i < MANY; i++) {
        objects[i] = weir_pool_take(&pool);
        assert_non_null(objects[i]);
        assert_int_equal((uintptr_t)objects[i] % 16, 0);
        assert_int_equal(objects[i]->mark, 0);
        for (unsigned j = 0; j < sizeof objects[i]->rest; j++)
            assert_int_equal(objects[i]->rest[j], 0);
        memset(&objects[i]->mark, 0xff,
               sizeof(struct object) - offsetof(struct object, mark));
        objects[i]->mark = i;
    }
    assert_int_equal(pool.live, MANY);
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(objects[i]->mark, i);
        weir_pool_give(&pool, objects[i]);
    }
    objects[0] = weir_pool_take(&pool);
    assert_int_equal(objects[0]->mark, 0);
    weir_pool_give(&pool, objects[0]);
    weir_pool_close(&pool);
}

static void an_empty_slab_is_kept_and_a_second_one_given_back(void **state)
{
    enum { MANY = 64 * 5 };
    struct weir_pool pool;
    void *objects[MANY];
    size_t empty_handed = counter.live;

    (void)state;
    weir_pool_init(&pool, 48);
    for (unsigned i = 0; i < MANY; i++)
        objects[i] = weir_pool_take(&pool);
    assert_int_equal(counter.live, empty_handed + 6);
    for (unsigned i = 0; i < MANY; i++)
        weir_pool_give(&pool, objects[i]);
    /* One slab and the table of slabs. */
    assert_int_equal(counter.live, empty_handed + 2);
    /* A burst that fits in the slab that was kept allocates nothing. */
    empty_handed = counter.calls;
    for (unsigned i = 0; i < 64; i++)
        objects[i] = weir_pool_take(&pool);
    assert_int_equal(counter.calls, empty_handed);
    for (unsigned i = 0; i < 64; i++)
        weir_pool_give(&pool, objects[i]);
    weir_pool_close(&pool);
    assert_int_equal(counter.live, 0);
}

static void any_gives_a_live_object_or_nothing(void **state)
{
    struct weir_pool pool;
    struct object *a, *b;

    (void)state;
    weir_pool_init(&pool, sizeof(struct object));
    assert_null(weir_pool_any(&pool));
    a = weir_pool_take(&pool);
    b = weir_pool_take(&pool);
    a->mark = b->mark = 7;
    weir_pool_give(&pool, a);
    assert_ptr_equal(weir_pool_any(&pool), b);
    weir_pool_give(&pool, b);
    assert_null(weir_pool_any(&pool));
    weir_pool_close(&pool);
}

/* The way in which a loop closes what it still owns. */
static void any_empties_a_pool(void **state)
{
    struct weir_pool pool;
    unsigned given = 0;
    void *object;

    (void)state;
    weir_pool_init(&pool, 100);
    for (unsigned i = 0; i < 300; i++)
        assert_non_null(weir_pool_take(&pool));
    while ((object = weir_pool_any(&pool)) != NULL) {
        weir_pool_give(&pool, object);
        given++;
    }
    assert_int_equal(given, 300);
    assert_int_equal(pool.live, 0);
    weir_pool_close(&pool);
}

static void a_pool_without_memory_gives_nothing_and_recovers(void **state)
{
    struct fault fault = { .nth = 0, .only = "malloc" };
    struct weir_pool pool;
    void *objects[65];

    (void)state;
    /* The table of slabs fails, then the first slab, then the second. */
    for (fault.nth = 1; fault.nth <= 3; fault.nth++) {
        unsigned got = 0, refused = 0;

        faults_arm(&fault);
        weir_pool_init(&pool, 32);
        while (got < 65) {
            objects[got] = weir_pool_take(&pool);
            if (objects[got])
                got++;
            else
                refused++;
        }
        assert_int_equal(refused, 1);
        assert_int_equal(faults_struck(), 1);
        assert_int_equal(pool.live, 65);
        while (got > 0)
            weir_pool_give(&pool, objects[--got]);
        weir_pool_close(&pool);
        assert_int_equal(faults_live(), 0);
    }
    faults_restore();
}

enum { PLAYERS = 3000 };

static void one_round(uint64_t seed)
{
    static struct object *players[PLAYERS];
    struct weir_pool pool;
    struct test_random random;
    size_t live = 0, most = test_rounds(100000, 10);

    test_seed(&random, seed);
    memset(players, 0, sizeof players);
    weir_pool_init(&pool, sizeof(struct object));
    for (size_t i = 0; i < most; i++) {
        /* Tides: mostly taking, then mostly giving. */
        uint64_t range = i / 8000 % 2 ? 100 : PLAYERS;
        struct object **player = &players[test_below(
            &random, test_once_in(&random, 3) ? PLAYERS : range)];

        if (*player && (*player)->mark != player - players)
            fail_msg("an object was overwritten (WEIR_TEST_SEED=%llu)",
                     (unsigned long long)seed);
        if (*player) {
            weir_pool_give(&pool, *player);
            *player = NULL;
            live--;
        } else if (test_below(&random, PLAYERS) < range) {
            *player = weir_pool_take(&pool);
            assert_non_null(*player);
            assert_int_equal((*player)->mark, 0);
            (*player)->mark = (uint32_t)(player - players);
            live++;
        }
        if (pool.live != live)
            fail_msg("miscounted (WEIR_TEST_SEED=%llu)",
                     (unsigned long long)seed);
    }
    for (unsigned i = 0; i < PLAYERS; i++)
        if (players[i])
            weir_pool_give(&pool, players[i]);
    weir_pool_close(&pool);
    assert_int_equal(counter.live, 0);
}

static void whatever_is_taken_and_given_objects_stay_whole(void **state)
{
    uint64_t seed = test_new_seed();

    (void)state;
    for (size_t i = test_rounds(20, 10); i > 0; i--)
        one_round(seed++);
}

#define TEST_COUNTED(function)                                                 \
    cmocka_unit_test_setup_teardown(function, install_counter, remove_counter)

/* The walk for "any" goes on where it was, and back only for what came there.
 * */
static void giving_all_back_walks_over_the_slabs_once(void **state)
{
    enum { SLABS = 50, EACH = 64 };
    struct weir_pool pool;
    void *first, *any;

    (void)state;
    weir_pool_init(&pool, 16);
    first = weir_pool_take(&pool);
    for (int i = 1; i < SLABS * EACH; i++)
        assert_non_null(weir_pool_take(&pool));
    for (unsigned i = 0; i < SLABS * EACH / 2; i++) {
        any = weir_pool_any(&pool);
        assert_int_equal(pool.live_from, i / EACH);
        weir_pool_give(&pool, any);
    }
    first = weir_pool_take(&pool); /* in a slab that had been passed */
    assert_ptr_equal(weir_pool_any(&pool), first);
    while ((any = weir_pool_any(&pool)) != NULL)
        weir_pool_give(&pool, any);
    assert_int_equal(pool.live, 0);
    weir_pool_close(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_COUNTED(an_allocator_that_lacks_a_function_is_refused),
        TEST_COUNTED(all_memory_comes_from_the_allocator_and_goes_back),
        TEST_COUNTED(using_what_is_embedded_allocates_nothing),
        TEST_COUNTED(zeroed_memory_is_zero_and_null_is_released),
        TEST_COUNTED(objects_are_zeroed_apart_and_aligned),
        TEST_COUNTED(an_empty_slab_is_kept_and_a_second_one_given_back),
        TEST_COUNTED(any_gives_a_live_object_or_nothing),
        TEST_COUNTED(any_empties_a_pool),
        TEST_COUNTED(a_pool_without_memory_gives_nothing_and_recovers),
        TEST_COUNTED(whatever_is_taken_and_given_objects_stay_whole),
        cmocka_unit_test(giving_all_back_walks_over_the_slabs_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
