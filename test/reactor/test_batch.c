/*
 * test_batch.c - what callbacks do to others of the same batch
 *
 * Note 8: stale events in a batch reach a freed object or a reused descriptor
 * elsewhere. Here whatever is stopped in a batch is silent from that moment,
 * its memory may be gone, and its descriptor's number another's. Which of two
 * ready descriptors is told first is the kernel's affair, so both are set up to
 * do the same to the other.
 */
#include "test/support/test.h"

#include "reactor/list.h"
#include "reactor/loop.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

struct watcher {
    weir_io io;
    int pipe[2];
    const char *letter;
    unsigned told, events;
    void (*then)(struct watcher *watcher);
    struct watcher *other;
};

static void told(weir_io *io, unsigned events)
{
    struct watcher *watcher = weir_container_of(io, struct watcher, io);

    watcher->told++;
    watcher->events = events;
    if (watcher->letter)
        trace_add(*watcher->letter);
    if (watcher->then)
        watcher->then(watcher);
}

/* A pipe with one byte in it, watched for reading. */
static void open_watcher(struct watcher *watcher, const char *letter,
                         void (*then)(struct watcher *))
{
    memset(watcher, 0, sizeof *watcher);
    test_pipe(watcher->pipe);
    test_fill(watcher->pipe[1], 1);
    watcher->letter = letter;
    watcher->then = then;
    weir_io_init(&watcher->io, the_loop, watcher->pipe[0], told);
    assert_int_equal(weir_io_start(&watcher->io, WEIR_READABLE), 0);
}

static void close_watcher(struct watcher *watcher)
{
    weir_io_stop(&watcher->io);
    test_close_pair(watcher->pipe);
}

static struct watcher *new_watcher(const char *letter,
                                   void (*then)(struct watcher *))
{
    struct watcher *watcher = malloc(sizeof *watcher);

    assert_non_null(watcher);
    open_watcher(watcher, letter, then);
    return watcher;
}

static void turn_once(void)
{
    assert_true(weir_loop_run_once(the_loop, 0) >= 0);
}

/* ----------------------------------------------------------- stop and free */

static struct watcher *survivor;

static void free_other(struct watcher *watcher)
{
    close_watcher(watcher->other);
    free(watcher->other);
    weir_io_stop(&watcher->io);
    survivor = watcher;
}

static void a_source_removed_in_a_batch_gets_no_stale_event(void **state)
{
    struct watcher *a = new_watcher("x", free_other);
    struct watcher *b = new_watcher("x", free_other);

    (void)state;
    a->other = b;
    b->other = a;
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_trace("x");
    close_watcher(survivor);
    free(survivor);
}

static void free_itself(struct watcher *watcher)
{
    close_watcher(watcher);
    free(watcher);
}

static void a_source_may_be_freed_in_its_own_callback(void **state)
{
    (void)state;
    new_watcher("x", free_itself);
    new_watcher("x", free_itself);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_trace("xx");
}

static void stop_and_start_other(struct watcher *watcher)
{
    weir_io_stop(&watcher->other->io);
    assert_int_equal(weir_io_start(&watcher->other->io, WEIR_READABLE), 0);
    weir_io_stop(&watcher->io);
}

static void
a_source_stopped_and_started_in_a_batch_is_told_next_turn(void **state)
{
    struct watcher a, b;

    (void)state;
    open_watcher(&a, "x", stop_and_start_other);
    open_watcher(&b, "x", stop_and_start_other);
    a.other = &b;
    b.other = &a;
    turn_once();
    assert_trace("x");
    a.then = b.then = NULL;
    turn_once();
    assert_trace("xx");
    close_watcher(&a);
    close_watcher(&b);
}

/* ------------------------------------------ the number is another's by now */

static struct watcher successor;

static void replace_other(struct watcher *watcher)
{
    struct watcher *other = watcher->other;
    int number = other->pipe[0];

    weir_io_stop(&watcher->io);
    weir_io_stop(&other->io);
    test_close_pair(other->pipe);
    /* The lowest free number is used: the reading end's, as a rule; dup2()
     * makes a rule of it. */
    test_pipe(successor.pipe);
    if (successor.pipe[0] != number) {
        assert_int_equal(dup2(successor.pipe[0], number), number);
        close(successor.pipe[0]);
        successor.pipe[0] = number;
    }
    weir_io_init(&successor.io, the_loop, number, told);
    assert_int_equal(weir_io_start(&successor.io, WEIR_READABLE), 0);
    other->pipe[0] = other->pipe[1] = -1;
}

static void close_what_is_open(struct watcher *watcher)
{
    weir_io_stop(&watcher->io);
    if (watcher->pipe[0] >= 0)
        test_close_pair(watcher->pipe);
}

static void
a_number_reused_in_a_batch_gets_no_event_of_the_old_one(void **state)
{
    struct watcher a, b;

    (void)state;
    successor = (struct watcher){ .letter = "s" };
    open_watcher(&a, "x", replace_other);
    open_watcher(&b, "x", replace_other);
    a.other = &b;
    b.other = &a;
    turn_once();
    turn_once();
    assert_trace("x");
    test_fill(successor.pipe[1], 1);
    turn_once();
    assert_trace("xs");
    close_what_is_open(&a);
    close_what_is_open(&b);
    close_watcher(&successor);
}

/* The same, but the struct is used again too: not even the pointer tells the
 * stale event from a new one. */
static void replace_other_in_place(struct watcher *watcher)
{
    struct watcher *other = watcher->other;
    int number = other->pipe[0];

    weir_io_stop(&watcher->io);
    weir_io_stop(&other->io);
    test_close_pair(other->pipe);
    test_pipe(other->pipe);
    if (other->pipe[0] != number) {
        assert_int_equal(dup2(other->pipe[0], number), number);
        close(other->pipe[0]);
        other->pipe[0] = number;
    }
    weir_io_init(&other->io, the_loop, number, told);
    other->letter = "n";
    other->then = NULL;
    assert_int_equal(weir_io_start(&other->io, WEIR_READABLE), 0);
}

static void
a_struct_and_number_reused_in_a_batch_get_no_stale_event(void **state)
{
    struct watcher a, b;

    (void)state;
    open_watcher(&a, "x", replace_other_in_place);
    open_watcher(&b, "x", replace_other_in_place);
    a.other = &b;
    b.other = &a;
    turn_once();
    turn_once();
    assert_trace("x");
    test_fill(a.letter[0] == 'n' ? a.pipe[1] : b.pipe[1], 1);
    turn_once();
    assert_trace("xn");
    close_watcher(&a);
    close_watcher(&b);
}

static struct watcher earlier[2];

static void stop_the_earlier_ones(struct watcher *watcher)
{
    (void)watcher;
    weir_io_stop(&earlier[0].io);
    weir_io_stop(&earlier[1].io);
}

/* The two had places in a batch that is over. An edge that is lost is lost. */
static void removing_a_source_takes_no_event_of_a_later_batch(void **state)
{
    struct watcher a, b;

    (void)state;
    for (unsigned i = 0; i < 2; i++)
        open_watcher(&earlier[i], "e", NULL);
    turn_once();
    assert_trace("ee");
    for (unsigned i = 0; i < 2; i++)
        test_drain(earlier[i].pipe[0]);
    open_watcher(&a, "x", stop_the_earlier_ones);
    open_watcher(&b, "x", stop_the_earlier_ones);
    assert_int_equal(weir_io_start(&a.io, WEIR_READABLE | WEIR_EDGE), 0);
    assert_int_equal(weir_io_start(&b.io, WEIR_READABLE | WEIR_EDGE), 0);
    turn_once();
    assert_trace("eexx");
    close_watcher(&a);
    close_watcher(&b);
    close_watcher(&earlier[0]);
    close_watcher(&earlier[1]);
}

/* --------------------------------------------------- interest that changes */

static void make_other_write_only(struct watcher *watcher)
{
    assert_int_equal(weir_io_start(&watcher->other->io, WEIR_WRITABLE), 0);
    watcher->then = watcher->other->then = NULL;
}

/* Both can be read only (the peer has gone), with buffers that are full. */
static void a_source_is_not_told_of_what_it_no_longer_asks_for(void **state)
{
    struct watcher a, b;

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct watcher *w = i ? &b : &a;

        open_watcher(w, "x", make_other_write_only);
        close_watcher(w);
        test_socketpair(w->pipe);
        test_fill(w->pipe[1], 1);
        assert_int_equal(shutdown(w->pipe[1], SHUT_WR), 0);
        weir_io_init(&w->io, the_loop, w->pipe[0], told);
        while (write(w->pipe[0], w, sizeof *w) > 0)
            ;
        assert_int_equal(weir_io_start(&w->io, WEIR_READABLE), 0);
    }
    a.other = &b;
    b.other = &a;
    turn_once();
    assert_trace("x");
    turn_once();
    assert_trace("xx"); /* the one that still reads */
    close_watcher(&a);
    close_watcher(&b);
}

static void make_other_read_too(struct watcher *watcher)
{
    assert_int_equal(weir_io_start(&watcher->other->io, WEIR_READABLE), 0);
}

static void
a_source_is_told_of_what_it_asked_for_in_the_same_batch(void **state)
{
    struct watcher a, b;

    (void)state;
    open_watcher(&a, "a", make_other_read_too);
    open_watcher(&b, "b", NULL);
    weir_io_stop(&b.io);
    a.other = &b;
    turn_once();
    turn_once();
    assert_int_equal(b.told, 1);
    assert_int_equal(b.events, WEIR_READABLE);
    close_watcher(&a);
    close_watcher(&b);
}

/* -------------------------------------------------------- stopping the run */

static void stop_the_loop(struct watcher *watcher)
{
    weir_io_stop(&watcher->io);
    weir_loop_stop(the_loop);
}

enum { CROWD = 60 };
static struct watcher crowd[CROWD];

static void open_crowd(void (*then)(struct watcher *))
{
    for (unsigned i = 0; i < CROWD; i++)
        open_watcher(&crowd[i], "x", then);
}

static void close_crowd(void)
{
    for (unsigned i = 0; i < CROWD; i++)
        close_watcher(&crowd[i]);
}

static void a_stop_in_a_batch_loses_no_event(void **state)
{
    (void)state;
    open_crowd(stop_the_loop);
    for (unsigned i = 0; i < CROWD; i++) {
        assert_int_equal(weir_loop_run(the_loop), 0);
        assert_int_equal(trace.length, i + 1);
        if (i + 1 < CROWD)
            assert_int_equal(weir_loop_timeout(the_loop), 0);
    }
    assert_false(weir_loop_alive(the_loop));
    for (unsigned i = 0; i < CROWD; i++)
        assert_int_equal(crowd[i].told, 1);
    close_crowd();
}

static void note_task(weir_task *task)
{
    TRACE(task);
}

/* What had become ready before the stop comes before what came later. */
static void after_a_stop_the_batch_goes_on_before_anything_else(void **state)
{
    weir_task task = { .data = "t" };

    (void)state;
    open_crowd(stop_the_loop);
    assert_int_equal(weir_loop_run(the_loop), 0);
    weir_task_init(&task, the_loop, note_task);
    weir_task_post(&task);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_trace("xx");
    for (unsigned i = 0; i < CROWD; i++)
        crowd[i].then = NULL;
    assert_int_equal(weir_loop_run_once(the_loop, 0), 1);
    assert_int_equal(trace.length, CROWD);
    assert_null(strchr(trace.text, 't'));
    close_crowd();
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(trace.text[CROWD], 't');
}

static void what_is_removed_after_a_stop_in_a_batch_stays_silent(void **state)
{
    (void)state;
    open_crowd(stop_the_loop);
    assert_int_equal(weir_loop_run(the_loop), 0);
    close_crowd();
    memset(crowd, 0x5a, sizeof crowd);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(weir_loop_run_once(the_loop, 0), 0);
    assert_trace("x");
}

static void a_loop_may_be_destroyed_after_a_stop_in_a_batch(void **state)
{
    (void)state;
    open_crowd(stop_the_loop);
    assert_int_equal(weir_loop_run(the_loop), 0);
    test_destroy_loop();
    for (unsigned i = 0; i < CROWD; i++)
        test_close_pair(crowd[i].pipe);
    assert_trace("x");
}

/* ----------------------------------------------------- more than one batch */

static void stop_itself(struct watcher *watcher)
{
    weir_io_stop(&watcher->io);
}

/* More are ready than the kernel is asked for at once. */
static void what_does_not_fit_in_a_batch_is_told_in_the_next(void **state)
{
    enum { MANY = WEIR_BATCH + WEIR_BATCH / 2 };
    struct rlimit limit;
    struct watcher *many;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur < 2 * MANY + 20 && limit.rlim_max < 2 * MANY + 20)
        skip();
    if (limit.rlim_cur < 2 * MANY + 20) {
        limit.rlim_cur = 2 * MANY + 20;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    }
    many = calloc(MANY, sizeof *many);
    assert_non_null(many);
    for (unsigned i = 0; i < MANY; i++)
        open_watcher(&many[i], "x", stop_itself);
    turn_once();
    assert_int_equal(trace.length, WEIR_BATCH);
    turn_once();
    assert_int_equal(trace.length, MANY);
    assert_false(weir_loop_alive(the_loop));
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(many[i].told, 1);
        close_watcher(&many[i]);
    }
    free(many);
}

/* ----------------------------------------------------- anything may happen */

enum { PLAYERS = 64 };

static struct {
    struct watcher *players[PLAYERS]; /* NULL: freed */
    struct test_random random;
    size_t moves;
} game;

static void lose(const char *why)
{
    fail_msg("%s (WEIR_TEST_SEED=%llu)", why,
             (unsigned long long)game.random.seed);
}

static void make_a_move(struct watcher *watcher);

static void move(void)
{
    struct watcher **player = &game.players[test_below(&game.random, PLAYERS)];

    if (!*player) {
        *player = new_watcher(NULL, make_a_move);
        if (test_once_in(&game.random, 2))
            test_drain((*player)->pipe[0]);
        return;
    }
    switch (test_below(&game.random, 6)) {
    case 0:
        close_watcher(*player);
        free(*player);
        *player = NULL;
        break;
    case 1:
        weir_io_stop(&(*player)->io);
        break;
    case 2:
        test_drain((*player)->pipe[0]);
        break;
    case 3:
        test_fill((*player)->pipe[1], 1);
        break;
    case 4:
        weir_io_start(&(*player)->io, WEIR_READABLE | WEIR_EDGE);
        break;
    default:
        weir_io_start(&(*player)->io, WEIR_READABLE);
    }
    if (game.moves % 97 == 0)
        weir_loop_stop(the_loop);
}

static void make_a_move(struct watcher *watcher)
{
    if (!weir_io_running(&watcher->io))
        lose("a stopped watcher is told");
    if (watcher->events != WEIR_READABLE)
        lose("told of something that is not");
    for (uint64_t i = test_below(&game.random, 4); i > 0; i--)
        move(); /* perhaps freeing this very watcher */
}

static void play(uint64_t seed)
{
    memset(&game, 0, sizeof game);
    test_seed(&game.random, seed);
    for (game.moves = 0; game.moves < 3000; game.moves++) {
        move();
        if (weir_loop_run_once(the_loop, 0) < 0)
            lose("waiting failed");
    }
    for (unsigned i = 0; i < PLAYERS; i++)
        if (game.players[i]) {
            close_watcher(game.players[i]);
            free(game.players[i]);
        }
    if (weir_loop_alive(the_loop))
        lose("something is alive though all are stopped");
    weir_loop_run_once(the_loop, 0);
}

/* Valgrind and AddressSanitizer are the oracle for what was freed. */
static void whatever_is_done_no_stopped_watcher_is_told(void **state)
{
    uint64_t seed = test_new_seed();

    (void)state;
    for (size_t i = test_rounds(12, 6); i > 0; i--)
        play(seed++);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_LOOP(a_source_removed_in_a_batch_gets_no_stale_event),
        TEST_ON_LOOP(a_source_may_be_freed_in_its_own_callback),
        TEST_ON_LOOP(a_source_stopped_and_started_in_a_batch_is_told_next_turn),
        TEST_ON_LOOP(a_number_reused_in_a_batch_gets_no_event_of_the_old_one),
        TEST_ON_LOOP(a_struct_and_number_reused_in_a_batch_get_no_stale_event),
        TEST_ON_LOOP(removing_a_source_takes_no_event_of_a_later_batch),
        TEST_ON_LOOP(a_source_is_not_told_of_what_it_no_longer_asks_for),
        TEST_ON_LOOP(a_source_is_told_of_what_it_asked_for_in_the_same_batch),
        TEST_ON_LOOP(a_stop_in_a_batch_loses_no_event),
        TEST_ON_LOOP(after_a_stop_the_batch_goes_on_before_anything_else),
        TEST_ON_LOOP(what_is_removed_after_a_stop_in_a_batch_stays_silent),
        TEST_ON_LOOP(a_loop_may_be_destroyed_after_a_stop_in_a_batch),
        TEST_ON_LOOP(what_does_not_fit_in_a_batch_is_told_in_the_next),
        TEST_ON_LOOP(whatever_is_done_no_stopped_watcher_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
