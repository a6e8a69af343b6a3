/*
 * test_wheel.c - the timing wheel alone, beside a model of it
 *
 * The model is a list sorted by deadline, in which whoever came later stands
 * behind its equals. Whatever is done to the wheel is done to the model, and
 * what falls due must be the same, in the same order. The times at which the
 * rounds begin stand just before a digit of every level turns over, and before
 * the last tick there is.
 */
#include "test/support/test.h"

#include "reactor/timer_wheel.h"

/* ------------------------------------------------------------ the model */

struct item {
    struct weir_wheel_node node; /* in the wheel */
    struct weir_link model;      /* in the model */
};

struct model {
    struct weir_wheel wheel;
    uint64_t now;
    struct weir_link sorted; /* not yet due */
    struct weir_link due;
    size_t count;
    unsigned bits; /* spans of time are below 2^bits */
};

static struct item *item_of(struct weir_link *link)
{
    return weir_container_of(link, struct item, model);
}

static void model_init(struct model *m, uint64_t now)
{
    weir_wheel_init(&m->wheel, now);
    m->now = now;
    weir_list_init(&m->sorted);
    weir_list_init(&m->due);
    m->count = 0;
}

static void put_before(struct weir_link *place, struct weir_link *link)
{
    weir_list_append(place, link); /* the end of a circle is anywhere */
}

static void model_insert(struct model *m, struct item *item, uint64_t deadline)
{
    struct weir_link *place = &m->sorted;

    item->node.deadline = deadline;
    weir_wheel_insert(&m->wheel, &item->node);
    m->count++;
    if (deadline <= m->now) {
        weir_list_append(&m->due, &item->model);
        return;
    }
    while (place->prev != &m->sorted &&
           item_of(place->prev)->node.deadline > deadline)
        place = place->prev;
    put_before(place, &item->model);
}

static void model_remove(struct model *m, struct item *item)
{
    weir_wheel_remove(&m->wheel, &item->node);
    weir_link_remove(&item->model);
    m->count--;
}

static uint64_t first_deadline(const struct model *m)
{
    if (weir_list_empty(&m->sorted))
        return WEIR_WHEEL_NEVER;
    return item_of(m->sorted.next)->node.deadline;
}

static void model_advance(struct model *m, uint64_t now)
{
    weir_wheel_advance(&m->wheel, now);
    if (now > m->now)
        m->now = now;
    while (!weir_list_empty(&m->sorted) && first_deadline(m) <= m->now) {
        struct weir_link *link = m->sorted.next;

        weir_link_remove(link);
        weir_list_append(&m->due, link);
    }
}

/* Both lists of what is due, from the first to the last. */
static const char *compare_due(struct model *m)
{
    struct weir_link *a = m->wheel.due.next;
    struct weir_link *b = m->due.next;

    while (a != &m->wheel.due && b != &m->due) {
        if (weir_container_of(a, struct item, node.link) != item_of(b))
            return "another one is due, or in another order";
        a = a->next;
        b = b->next;
    }
    if (a != &m->wheel.due)
        return "one is due too early";
    return b != &m->due ? "one that should be due is not" : NULL;
}

static const char *compare_next(const struct model *m)
{
    uint64_t next = weir_wheel_next(&m->wheel);

    if (m->wheel.elapsed != m->now)
        return "the wheel stands at another tick";
    if (weir_wheel_empty(&m->wheel) != (m->count == 0))
        return "empty or not?";
    if (!weir_list_empty(&m->due))
        return next == m->now ? NULL : "next is not now though one is due";
    if (weir_list_empty(&m->sorted))
        return next == WEIR_WHEEL_NEVER ? NULL : "next of nothing";
    if (next > first_deadline(m))
        return "next is later than the first deadline";
    return next > m->now ? NULL : "next is not later than now";
}

static const char *compare(struct model *m)
{
    const char *wrong = compare_due(m);

    if (!wrong)
        wrong = compare_next(m);
    return wrong;
}

/* ------------------------------------------------------- random operations */

enum { ITEMS = 600 };

static uint64_t saturating_add(uint64_t a, uint64_t b)
{
    return a + b < a ? UINT64_MAX : a + b;
}

/* Of any magnitude that the round allows, often at the edge of a digit. */
static uint64_t some_span(struct test_random *random, const struct model *m)
{
    unsigned bits = (unsigned)test_below(random, m->bits) + 1;
    uint64_t edge = UINT64_C(1) << (bits - 1) / 6 * 6;

    switch (test_below(random, 4)) {
    case 0:
        return edge;
    case 1:
        return edge - 1;
    default:
        return test_random(random) >> (64 - bits);
    }
}

static uint64_t some_deadline(struct test_random *random, struct model *m,
                              struct item *items)
{
    /* Equal deadlines, started at different times, are what order is about. */
    if (test_once_in(random, 3))
        return items[test_below(random, ITEMS)].node.deadline;
    if (test_once_in(random, 20))
        return m->now - test_below(random, m->now < 9 ? m->now + 1 : 9);
    return saturating_add(m->now, some_span(random, m));
}

static uint64_t some_time(struct test_random *random, struct model *m)
{
    switch (test_below(random, 8)) {
    case 0:
        return m->now - test_below(random, m->now < 99 ? m->now + 1 : 99);
    case 1:
        return saturating_add(m->now, some_span(random, m));
    case 2:
        return first_deadline(m) - 1;
    case 3:
    case 4:
        return first_deadline(m);
    case 5:
        return weir_wheel_next(&m->wheel);
    default:
        return saturating_add(m->now, test_below(random, 100));
    }
}

/* A loop takes the due one by one, sometimes after it moved them to a list of
 * its own, and not always all of them. */
static void take_due(struct test_random *random, struct model *m)
{
    struct weir_link firing;

    weir_list_init(&firing);
    if (test_once_in(random, 2))
        weir_list_splice(&firing, &m->wheel.due);
    while (!weir_list_empty(&m->due) && !test_once_in(random, 50))
        model_remove(m, item_of(m->due.next));
    weir_list_splice(&firing, &m->wheel.due);
    weir_list_splice(&m->wheel.due, &firing);
}

static void operate(struct test_random *random, struct model *m,
                    struct item *items)
{
    struct item *item = &items[test_below(random, ITEMS)];
    bool in = weir_link_linked(&item->model);

    switch (test_below(random, 8)) {
    case 0:
        if (in)
            model_remove(m, item);
        break;
    case 1:
        model_advance(m, some_time(random, m));
        break;
    case 2:
        take_due(random, m);
        break;
    default:
        if (in)
            model_remove(m, item);
        model_insert(m, item, some_deadline(random, m, items));
    }
}

/* Time only goes on, and after some jumps it is far from where it was meant to
 * be. So a round begins anew often, each time with jumps of another size. */
static void begin(struct test_random *random, struct model *m,
                  struct item *items, uint64_t start)
{
    static const unsigned bits[] = { 7, 8, 13, 14, 20, 32, 64 };

    memset(items, 0, ITEMS * sizeof *items);
    model_init(m, start);
    m->bits = bits[test_below(random, COUNT(bits))];
}

static void one_round(uint64_t seed, uint64_t start, size_t operations)
{
    static struct item items[ITEMS];
    static struct model m;
    struct test_random random;

    test_seed(&random, seed);
    for (size_t i = 0; i < operations; i++) {
        const char *wrong;

        if (i % 4000 == 0)
            begin(&random, &m, items, start);
        operate(&random, &m, items);
        wrong = compare(&m);
        if (!wrong && i % 64 == 0)
            wrong = weir_wheel_check(&m.wheel);
        if (wrong)
            fail_msg("%s (start %#llx, operation %zu, WEIR_TEST_SEED=%llu)",
                     wrong, (unsigned long long)start, i,
                     (unsigned long long)random.seed);
    }
}

static void the_wheel_agrees_with_a_sorted_list_whatever_is_done(void **state)
{
    uint64_t seed = test_new_seed();
    size_t operations = test_rounds(80000, 40);

    (void)state;
    for (unsigned level = 0; level <= WEIR_WHEEL_LEVELS; level++) {
        unsigned bits = level * WEIR_WHEEL_BITS;
        uint64_t edge = bits < 64 ? UINT64_C(1) << bits : 0;

        /* Below 0 is the end of time: the last ticks before UINT64_MAX. */
        one_round(seed++, edge, operations);
        one_round(seed++, edge - 1, operations);
        one_round(seed++, edge - 1000, operations);
        one_round(seed++, edge * 5 - 3, operations);
    }
    one_round(seed++, UINT32_MAX - 5, operations);
    one_round(seed++, UINT64_C(1) << 63, operations);
    one_round(seed++, 1700000000000, operations);
}

/* ------------------------------------------------------- stated one by one */

static void expect_well(const struct weir_wheel *wheel)
{
    assert_null(weir_wheel_check(wheel));
}

static bool is_due(const struct weir_wheel *wheel,
                   const struct weir_wheel_node *node)
{
    return wheel->due.next == &node->link;
}

static void check_span(uint64_t start, uint64_t span)
{
    struct weir_wheel wheel;
    struct weir_wheel_node node = { .deadline = start + span };

    weir_wheel_init(&wheel, start);
    weir_wheel_insert(&wheel, &node);
    expect_well(&wheel);
    weir_wheel_advance(&wheel, node.deadline - 1);
    expect_well(&wheel);
    assert_false(is_due(&wheel, &node));
    assert_int_equal(weir_wheel_next(&wheel), node.deadline);
    weir_wheel_advance(&wheel, node.deadline);
    expect_well(&wheel);
    assert_true(is_due(&wheel, &node));
    assert_int_equal(weir_wheel_next(&wheel), node.deadline);
}

static void a_node_is_due_at_its_tick_and_not_before(void **state)
{
    (void)state;
    for (unsigned from = 0; from < WEIR_WHEEL_LEVELS; from++) {
        for (unsigned to = 0; to < WEIR_WHEEL_LEVELS; to++) {
            uint64_t start = UINT64_C(1) << from * WEIR_WHEEL_BITS;
            uint64_t span = UINT64_C(1) << to * WEIR_WHEEL_BITS;

            for (uint64_t s = start - 1; s <= start + 1; s++) {
                check_span(s, span);
                check_span(s, span + 1);
                if (span > 1)
                    check_span(s, span - 1);
            }
        }
    }
}

static void the_last_tick_of_all_can_be_reached(void **state)
{
    (void)state;
    check_span(UINT64_MAX - 1, 1);
    check_span(UINT64_MAX - 64, 64);
    check_span(UINT64_MAX - 65, 63);
    check_span(0, UINT64_MAX);
}

static void looking_at_next_again_and_again_reaches_a_deadline(void **state)
{
    static const uint64_t spans[] = { 1, 64, 4097, 1u << 31, UINT64_MAX / 3 };

    (void)state;
    for (size_t i = 0; i < COUNT(spans); i++) {
        struct weir_wheel wheel;
        struct weir_wheel_node node = { .deadline = 77 + spans[i] };
        unsigned looks = 0;

        weir_wheel_init(&wheel, 77);
        weir_wheel_insert(&wheel, &node);
        while (!is_due(&wheel, &node)) {
            uint64_t next = weir_wheel_next(&wheel);

            assert_true(next > wheel.elapsed && next <= node.deadline);
            weir_wheel_advance(&wheel, next);
            expect_well(&wheel);
            looks++;
        }
        assert_int_equal(wheel.elapsed, node.deadline);
        assert_true(looks <= WEIR_WHEEL_LEVELS);
    }
}

static void equal_deadlines_keep_the_order_of_insertion(void **state)
{
    struct weir_wheel wheel;
    struct weir_wheel_node nodes[12] = { { .deadline = 0 } };
    uint64_t deadline = UINT64_C(1) << 60 | 12345;
    struct weir_link *link;

    (void)state;
    weir_wheel_init(&wheel, 0);
    /* Each is put in when time is one digit nearer, hence one level lower,
     * where those before it have just cascaded to. */
    for (unsigned i = 0; i < COUNT(nodes); i++) {
        unsigned bits = 6 * (11 - i);

        nodes[i].deadline = deadline;
        if (i > 0 && bits < 64)
            weir_wheel_advance(&wheel, deadline >> bits << bits);
        weir_wheel_insert(&wheel, &nodes[i]);
        expect_well(&wheel);
    }
    weir_wheel_advance(&wheel, deadline);
    link = wheel.due.next;
    for (unsigned i = 0; i < COUNT(nodes); i++, link = link->next)
        assert_ptr_equal(link, &nodes[i].link);
    assert_ptr_equal(link, &wheel.due);
}

static void what_expires_in_one_jump_is_due_by_deadline(void **state)
{
    static const uint64_t deadlines[] = { 5000000, 3,  64, 4096, 63,
                                          262144,  70, 2,  1,    4095 };
    struct weir_wheel wheel;
    struct weir_wheel_node nodes[COUNT(deadlines)];
    uint64_t before = 0;

    (void)state;
    weir_wheel_init(&wheel, 0);
    for (size_t i = 0; i < COUNT(deadlines); i++) {
        nodes[i] = (struct weir_wheel_node){ .deadline = deadlines[i] };
        weir_wheel_insert(&wheel, &nodes[i]);
    }
    weir_wheel_advance(&wheel, UINT64_MAX / 2);
    for (size_t i = 0; i < COUNT(deadlines); i++) {
        struct weir_wheel_node *node =
            weir_container_of(wheel.due.next, struct weir_wheel_node, link);

        assert_true(node->deadline > before);
        before = node->deadline;
        weir_wheel_remove(&wheel, node);
    }
    assert_true(weir_wheel_empty(&wheel));
    assert_int_equal(wheel.elapsed, UINT64_MAX / 2);
    expect_well(&wheel);
}

static void a_deadline_that_has_passed_is_due_at_once(void **state)
{
    struct weir_wheel wheel;
    struct weir_wheel_node now = { .deadline = 100 };
    struct weir_wheel_node past = { .deadline = 0 };

    (void)state;
    weir_wheel_init(&wheel, 100);
    weir_wheel_insert(&wheel, &now);
    weir_wheel_insert(&wheel, &past);
    assert_ptr_equal(wheel.due.next, &now.link);
    assert_ptr_equal(now.link.next, &past.link);
    assert_int_equal(weir_wheel_next(&wheel), 100);
    expect_well(&wheel);
}

static void a_clock_that_goes_backwards_changes_nothing(void **state)
{
    struct weir_wheel wheel;
    struct weir_wheel_node node = { .deadline = 5000 };

    (void)state;
    weir_wheel_init(&wheel, 4000);
    weir_wheel_insert(&wheel, &node);
    weir_wheel_advance(&wheel, 4999);
    weir_wheel_advance(&wheel, 10);
    weir_wheel_advance(&wheel, 0);
    assert_int_equal(wheel.elapsed, 4999);
    expect_well(&wheel);
    assert_false(is_due(&wheel, &node));
    weir_wheel_advance(&wheel, 5000);
    assert_true(is_due(&wheel, &node));
}

static void an_emptied_wheel_is_empty(void **state)
{
    struct weir_wheel wheel;
    struct weir_wheel_node nodes[WEIR_WHEEL_LEVELS];

    (void)state;
    weir_wheel_init(&wheel, 1);
    for (unsigned i = 0; i < WEIR_WHEEL_LEVELS; i++) {
        nodes[i] = (struct weir_wheel_node){
            .deadline = (UINT64_C(1) << i * WEIR_WHEEL_BITS) + 1
        };
        weir_wheel_insert(&wheel, &nodes[i]);
    }
    assert_false(weir_wheel_empty(&wheel));
    assert_int_equal(weir_wheel_next(&wheel), 2);
    for (unsigned i = 0; i < WEIR_WHEEL_LEVELS; i++) {
        weir_wheel_remove(&wheel, &nodes[i]);
        assert_false(weir_link_linked(&nodes[i].link));
        expect_well(&wheel);
    }
    assert_true(weir_wheel_empty(&wheel));
    assert_int_equal(weir_wheel_next(&wheel), WEIR_WHEEL_NEVER);
}

static void a_node_can_be_removed_from_where_the_due_were_moved_to(void **state)
{
    struct weir_wheel wheel;
    struct weir_wheel_node first = { .deadline = 5 }, second = first;
    struct weir_wheel_node later = { .deadline = 6 };
    struct weir_link firing;

    (void)state;
    weir_wheel_init(&wheel, 0);
    weir_list_init(&firing);
    weir_wheel_insert(&wheel, &first);
    weir_wheel_insert(&wheel, &second);
    weir_wheel_insert(&wheel, &later);
    weir_wheel_advance(&wheel, 5);
    weir_list_splice(&firing, &wheel.due);
    weir_wheel_remove(&wheel, &first);
    weir_wheel_remove(&wheel, &second);
    assert_true(weir_list_empty(&firing));
    expect_well(&wheel);
    assert_int_equal(weir_wheel_next(&wheel), 6);
}

/* The check is what the other tests stand on, so it is broken on purpose. */
static void the_check_finds_what_is_wrong(void **state)
{
    struct weir_wheel wheel;
    struct weir_wheel_node node = { .deadline = 70 };
    struct weir_link *kept;

    (void)state;
    weir_wheel_init(&wheel, 0);
    weir_wheel_insert(&wheel, &node);
    expect_well(&wheel);

    wheel.levels = 0;
    assert_non_null(weir_wheel_check(&wheel));
    wheel.levels = 2;
    wheel.occupied[1] |= 4;
    assert_non_null(weir_wheel_check(&wheel));
    wheel.occupied[1] = 2;
    node.deadline = 71 + 64;
    assert_non_null(weir_wheel_check(&wheel));
    node.deadline = 70;
    wheel.elapsed = 64;
    assert_non_null(weir_wheel_check(&wheel));
    wheel.elapsed = 0;
    kept = node.link.prev;
    node.link.prev = &wheel.due;
    assert_non_null(weir_wheel_check(&wheel));
    node.link.prev = kept;
    expect_well(&wheel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_wheel_agrees_with_a_sorted_list_whatever_is_done),
        cmocka_unit_test(a_node_is_due_at_its_tick_and_not_before),
        cmocka_unit_test(the_last_tick_of_all_can_be_reached),
        cmocka_unit_test(looking_at_next_again_and_again_reaches_a_deadline),
        cmocka_unit_test(equal_deadlines_keep_the_order_of_insertion),
        cmocka_unit_test(what_expires_in_one_jump_is_due_by_deadline),
        cmocka_unit_test(a_deadline_that_has_passed_is_due_at_once),
        cmocka_unit_test(a_clock_that_goes_backwards_changes_nothing),
        cmocka_unit_test(an_emptied_wheel_is_empty),
        cmocka_unit_test(
            a_node_can_be_removed_from_where_the_due_were_moved_to),
        cmocka_unit_test(the_check_finds_what_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
