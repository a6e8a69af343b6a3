/*
 * test_timer_random.c - timers under random use, and by the real clock
 *
 * Timers start, stop and put off each other in callbacks that take random
 * time. The oracle knows when each began to count, and so when it must fire and
 * in which order: when the callback that started it returned, or at a reading
 * of the clock before that, which only a callback that starts very many may
 * cause. The loop may not go to sleep while one is due, nor sleep past one.
 */
#include "timed.h"

#include "reactor/loop.h"

enum { PLAYERS = 96 };

struct player {
    weir_timer timer;
    bool running, repeats;
    uint64_t started; /* ns; when it began to count */
    bool counts;
    uint64_t delay; /* ms; the period of one that repeats */
    uint64_t order;
    unsigned fired;
};

static struct {
    struct player players[PLAYERS];
    struct test_random random;
    uint64_t order;
    uint64_t last_deadline, last_order; /* fired last */
    size_t left;
    bool inside;     /* a callback is running */
    unsigned starts; /* since the clock was read */
} game;

static void lose(const char *why)
{
    fail_msg("%s (WEIR_TEST_SEED=%llu)", why,
             (unsigned long long)game.random.seed);
}

/* In ns; from the tick after the start, without a delay from the one before. */
static uint64_t due_at(const struct player *player)
{
    if (!player->delay)
        return player->started / MS * MS;
    return ((player->started + MS - 1) / MS + player->delay) * MS;
}

static uint64_t first_due(void)
{
    uint64_t first = UINT64_MAX;

    for (unsigned i = 0; i < PLAYERS; i++) {
        const struct player *player = &game.players[i];

        if (player->running && player->counts && !player->repeats &&
            due_at(player) < first)
            first = due_at(player);
    }
    return first;
}

static void may_sleep(int timeout)
{
    (void)timeout;
    if (first_due() <= virtual.now)
        lose("the loop sleeps while a timer is due");
}

static void slept(void)
{
    if (first_due() <= virtual.now - MS)
        lose("the loop slept past a timer");
}

static uint64_t some_delay(void)
{
    static const uint64_t limits[] = { 2, 10, 70, 300, 5000, 300000 };

    return test_below(&game.random,
                      limits[test_below(&game.random, COUNT(limits))]);
}

static void some_time_passes(void)
{
    static const uint64_t limits[] = { 1, 1, 3000, 2 * MS, 20 * MS };

    spend(test_below(&game.random,
                     limits[test_below(&game.random, COUNT(limits))]));
}

static void move_start(struct player *player)
{
    player->running = true;
    player->fired = 0;
    player->order = ++game.order;
    player->delay = some_delay();
    game.starts++;
    player->repeats = player->delay && test_once_in(&game.random, 8);
    if (player->repeats)
        weir_timer_start_repeating(&player->timer, player->delay);
    else
        weir_timer_start(&player->timer, player->delay);
    player->counts = false; /* the clock may have been read, but before it */
}

static void move(void)
{
    struct player *player = &game.players[test_below(&game.random, PLAYERS)];

    some_time_passes();
    if (test_once_in(&game.random, 4)) {
        player->running = false;
        weir_timer_stop(&player->timer);
    } else {
        move_start(player);
    }
    if (weir_timer_running(&player->timer) != player->running)
        lose("running or not?");
}

static void check_order(const struct player *player)
{
    uint64_t deadline = due_at(player);

    if (deadline < game.last_deadline ||
        (deadline == game.last_deadline && player->order < game.last_order))
        lose("a timer was overtaken");
    game.last_deadline = deadline;
    game.last_order = player->order;
}

/* A callback returns, or a run begins, or the clock is read. */
static void count_from_here(void)
{
    for (unsigned i = 0; i < PLAYERS; i++) {
        if (!game.players[i].counts)
            game.players[i].started = virtual.now;
        game.players[i].counts = true;
    }
    game.starts = 0;
}

static void clock_is_read(void)
{
    if (!game.inside)
        return;
    if (game.starts <= WEIR_FRESH_MAX)
        lose("the clock is read in the middle of a callback");
    count_from_here();
    game.starts = 1; /* the one for which it was read */
}

static uint64_t some_moves(void)
{
    if (test_once_in(&game.random, 100))
        return test_below(&game.random, 6 * WEIR_FRESH_MAX);
    return test_below(&game.random, test_once_in(&game.random, 50) ? 80 : 3);
}

static void move_some(void)
{
    game.inside = true;
    for (uint64_t moves = some_moves(); moves > 0; moves--)
        move();
    some_time_passes();
    game.inside = false;
    count_from_here();
}

static void player_fired(weir_timer *timer)
{
    struct player *player = weir_container_of(timer, struct player, timer);

    if (!player->running || !player->counts || game.inside)
        lose("a stopped timer fires, or one from inside its start");
    player->fired++;
    if (player->started + player->fired * player->delay * MS > virtual.now)
        lose("a timer is early");
    if (!player->repeats) {
        player->running = false;
        if (player->delay)
            check_order(player);
    }
    if (weir_timer_running(timer) != player->repeats)
        lose("running in its own callback?");
    if (game.left == 0)
        return;
    game.left--;
    move_some();
}

static void stop_those_that_repeat(void)
{
    for (unsigned i = 0; i < PLAYERS; i++) {
        struct player *player = &game.players[i];

        if (player->repeats && player->running) {
            weir_timer_stop(&player->timer);
            player->running = false;
        }
    }
}

static void play(uint64_t seed)
{
    memset(&game, 0, sizeof game);
    test_seed(&game.random, seed);
    game.left = 500;
    spend(test_below(&game.random, 100 * MS));
    for (unsigned i = 0; i < PLAYERS; i++) {
        weir_timer_init(&game.players[i].timer, the_loop, player_fired);
        move_start(&game.players[i]);
        some_time_passes();
    }
    count_from_here();
    while (weir_loop_run_once(the_loop, -1) > 0)
        if (game.left == 0)
            stop_those_that_repeat();
    for (unsigned i = 0; i < PLAYERS; i++)
        if (game.players[i].running)
            lose("a timer was forgotten");
}

static void
whatever_is_done_no_timer_is_early_late_lost_or_overtaken(void **state)
{
    uint64_t seed = test_new_seed();

    (void)state;
    virtual.before_read = clock_is_read;
    virtual.before_sleep = may_sleep;
    virtual.after_sleep = slept;
    for (size_t i = test_rounds(400, 20); i > 0; i--)
        play(seed++);
}

/* ---------------------------------------------------------- the real clock */

enum { MANY = 40 };
static struct timed many[MANY];

static uint64_t real_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void real_fired(weir_timer *timer)
{
    struct timed *timed = weir_container_of(timer, struct timed, timer);

    timed->fired++;
    timed->fired_at = real_now();
}

static void by_the_real_clock_no_timer_is_early(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MANY; i++) {
        weir_timer_init(&many[i].timer, the_loop, real_fired);
        many[i].fired = 0;
        many[i].started = real_now();
        weir_timer_start(&many[i].timer, i);
        while (real_now() - many[i].started < i * 10000)
            ;
    }
    run();
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(many[i].fired, 1);
        assert_true(many[i].fired_at - many[i].started >= i * (uint64_t)MS);
    }
}

static void waiting_for_a_timer_does_not_busy_the_processor(void **state)
{
    struct timed a;
    struct timespec before, after;

    (void)state;
    weir_timer_init(&a.timer, the_loop, real_fired);
    a.fired = 0;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    a.started = real_now();
    weir_timer_start(&a.timer, 150);
    run();
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    assert_int_equal(a.fired, 1);
    assert_true((after.tv_sec - before.tv_sec) * 1000 +
                    (after.tv_nsec - before.tv_nsec) / MS <
                75);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ON_VIRTUAL_LOOP(
            whatever_is_done_no_timer_is_early_late_lost_or_overtaken),
        TEST_ON_LOOP(by_the_real_clock_no_timer_is_early),
        TEST_ON_LOOP(waiting_for_a_timer_does_not_busy_the_processor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
