/*
 * timer.c - timers of the loop: the wheel, and a clock that may be old
 *
 * "Never early" is the promise, and the cached clock is its enemy: a timer
 * started late in a long callback would count from when the turn began. To
 * read the clock at every start would cost 23 ns, the start itself costs 7. So
 * a timer that is started is only noted in loop->fresh, and begins to count
 * when the clock is read next: when the callback that started it has returned.
 *
 *     start -> fresh --(the clock is read)--> wheel -> due -> firing
 *
 * The timers started in one callback count from the same reading (up to
 * WEIR_FRESH_MAX of them), so that they fire in the order of their delays. The
 * price: what the callback does after the start comes on top of the delay. Who
 * wants the exact moment reads the clock and uses weir_timer_start_at().
 * (DECIDED; see docs/decisions.md before changing it: reading per start misses
 * the bench's goal for re-arming.)
 *
 * A timer that is re-armed stays in its old place in the wheel until then,
 * although its deadline is a delay already: the wheel never advances before
 * loop->fresh has been settled. Its neighbours there lie anywhere in memory; a
 * start only asks for them, and does not wait. When they are settled they are
 * in the cache. At a million timers that makes a re-arm cheaper than a stop,
 * which cannot be put off: the memory may be freed at once.
 *
 * Deadlines are whole ticks of 1 ms, rounded up.
 */
#include "loop.h"

/* 8,900 years. A clock of 64-bit nanoseconds ends before the first beat. */
#define LONGEST_PERIOD ((UINT64_C(1) << 48) - 1)

/* The delay, until it is settled, of one that waits for nothing but its turn:
 * it overflows, and so costs nothing where the others are settled. */
#define SOON UINT64_MAX

/* A deadline that overflows is never, or that of one that is due already,
 * behind those that were due before. */
static WEIR_COLD uint64_t overflowed(const weir_loop *loop,
                                     const weir_timer *timer)
{
    return timer->flags & WEIR_SOON ? loop->tick : WEIR_WHEEL_NEVER;
}

/* Gives a fresh timer its place in the wheel. */
static inline void settle(weir_loop *loop, weir_timer *timer, uint64_t now)
{
    uint64_t deadline = now + timer->node.deadline;

    if (weir_link_linked(&timer->node.link))
        weir_wheel_take(&loop->wheel, &timer->node);
    timer->flags &= (uint8_t)~WEIR_FRESH;
    timer->node.deadline = deadline >= now ? deadline : overflowed(loop, timer);
    weir_wheel_put(&loop->wheel, &timer->node);
}

/* The clock has been read: what was started before it begins to count, in the
 * order of starting. */
void weir_timers_settle(weir_loop *loop)
{
    unsigned count = loop->fresh_count;
    uint64_t now = loop->tick_up;

    for (unsigned i = 0; i < count; i++)
        if (loop->fresh[i]) /* not stopped since */
            settle(loop, loop->fresh[i], now);
    loop->fresh_count = 0;
}

static void fire(weir_loop *loop, struct weir_wheel_node *node)
{
    weir_timer *timer = weir_container_of(node, weir_timer, node);

    if (!(timer->flags & WEIR_REPEATS)) {
        weir_deactivate(loop, &timer->flags);
    } else {
        uint64_t late = loop->tick - node->deadline;

        /* The beats between this one and now are lost. */
        node->deadline += (late / timer->period + 1) * timer->period;
        weir_wheel_put(&loop->wheel, node);
    }
    timer->cb(timer);
}

static bool has_callback(const struct weir_wheel_node *node, weir_timer_cb *cb)
{
    return node->fire == fire &&
           weir_container_of(node, weir_timer, node)->cb == cb;
}

/* In a list: how far it has been gone through, and where it ended at first. */
struct marks {
    struct weir_wheel_node at, end;
};

static void mark(struct weir_link *list, struct marks *marks)
{
    weir_list_append(list->next, &marks->at.link); /* before the first */
    weir_list_append(list, &marks->end.link);
}

/* Fires those that were in a list when it was marked. They stay in it until it
 * is their turn: a callback may stop them, start them anew, or fire them by a
 * call of its own, which finds them where they are. */
static void fire_marked(weir_loop *loop, struct marks *marks, weir_timer_cb *cb)
{
    struct weir_link *at = &marks->at.link, *end = &marks->end.link;

    while (at->next != end && !loop->stopped && !weir_loop_left(loop)) {
        struct weir_wheel_node *node =
            weir_container_of(at->next, struct weir_wheel_node, link);

        weir_link_remove(at);
        weir_list_append(node->link.next, at);
        if (!has_callback(node, cb))
            continue;
        weir_link_remove(&node->link);
        node->fire(loop, node);
        weir_called(loop);
    }
    weir_link_remove(at);
    weir_link_remove(end);
}

/* In a timer's callback some of them are among those of that turn already. */
void weir_loop_fire(weir_loop *loop, weir_timer_cb *cb)
{
    struct marks of_turn = { .at.fire = NULL }, of_due = { .at.fire = NULL };
    bool running = loop->running;

    loop->running = true; /* a run in one of them would meet the marks */
    weir_loop_read_clock(loop);
    weir_wheel_advance(&loop->wheel, loop->tick);
    mark(&loop->firing, &of_turn);
    mark(&loop->wheel.due, &of_due);
    fire_marked(loop, &of_turn, cb);
    fire_marked(loop, &of_due, cb);
    loop->running = running;
}

bool weir_timer_is_soon(const struct weir_wheel_node *node)
{
    return node->fire == fire &&
           weir_container_of(node, weir_timer, node)->flags & WEIR_SOON;
}

int weir_timer_init(weir_timer *timer, weir_loop *loop, weir_timer_cb *cb)
{
    if (!timer || !loop || !cb)
        return -EINVAL;
    *timer = (weir_timer){ .data = timer->data, .loop = loop, .cb = cb };
    timer->node.fire = fire;
    return 0;
}

/* A fresh timer is stopped, or started again. */
static void forget(weir_loop *loop, weir_timer *timer)
{
    timer->flags &= (uint8_t)~WEIR_FRESH;
    if (timer->fresh + 1u == loop->fresh_count)
        loop->fresh_count--; /* if it was the only one, no clock is read */
    else
        loop->fresh[timer->fresh] = NULL;
}

static inline void note(weir_loop *loop, weir_timer *timer, uint64_t delay)
{
    weir_activate(loop, &timer->flags);
    timer->flags =
        (uint8_t)((timer->flags | WEIR_FRESH) & ~(WEIR_REPEATS | WEIR_SOON));
    timer->node.deadline = delay; /* until it is settled */
    if (weir_link_linked(&timer->node.link)) {
        __builtin_prefetch(timer->node.link.next, 1);
        __builtin_prefetch(timer->node.link.prev, 1);
    }
    timer->fresh = (uint8_t)loop->fresh_count;
    loop->fresh[loop->fresh_count++] = timer;
}

static WEIR_COLD void make_room_and_note(weir_loop *loop, weir_timer *timer,
                                         uint64_t delay)
{
    if (timer->flags & WEIR_FRESH)
        forget(loop, timer);
    if (loop->fresh_count == WEIR_FRESH_MAX)
        weir_loop_read_clock(loop);
    note(loop, timer, delay);
}

/* The shorter this is, the more of them the processor has under way at once,
 * each waiting for its timer. */
static inline void start(weir_timer *timer, uint64_t delay)
{
    weir_loop *loop = timer->loop;

    if (timer->flags & WEIR_FRESH || loop->fresh_count == WEIR_FRESH_MAX)
        make_room_and_note(loop, timer, delay);
    else
        note(loop, timer, delay);
}

static WEIR_COLD void start_soon(weir_timer *timer)
{
    make_room_and_note(timer->loop, timer, SOON);
    timer->flags |= WEIR_SOON;
}

/* Out of loop->fresh, and out of the wheel. */
static inline void take(weir_loop *loop, weir_timer *timer)
{
    if (timer->flags & WEIR_FRESH)
        forget(loop, timer);
    if (weir_link_linked(&timer->node.link))
        weir_wheel_take(&loop->wheel, &timer->node);
}

void weir_timer_start_at(weir_timer *timer, uint64_t when)
{
    weir_loop *loop = timer->loop;

    take(loop, timer);
    weir_activate(loop, &timer->flags);
    timer->flags &= (uint8_t) ~(WEIR_REPEATS | WEIR_SOON);
    if (when <= loop->tick)
        timer->flags |= WEIR_SOON;
    timer->node.deadline = when;
    weir_wheel_put(&loop->wheel, &timer->node);
}

void weir_timer_start(weir_timer *timer, uint64_t delay)
{
    if (delay)
        start(timer, delay);
    else
        start_soon(timer);
}

int weir_timer_start_repeating(weir_timer *timer, uint64_t period)
{
    if (period == 0)
        return -EINVAL;
    start(timer, period);
    timer->flags |= WEIR_REPEATS;
    timer->period =
        (period < LONGEST_PERIOD ? period : LONGEST_PERIOD) & LONGEST_PERIOD;
    return 0;
}

void weir_timer_stop(weir_timer *timer)
{
    weir_loop *loop = timer->loop;

    if (!(timer->flags & WEIR_ACTIVE))
        return;
    weir_deactivate(loop, &timer->flags);
    take(loop, timer);
}

bool weir_timer_running(const weir_timer *timer)
{
    return timer->flags & WEIR_ACTIVE;
}

uint64_t weir_timer_remaining(const weir_timer *timer)
{
    uint64_t now = weir_loop_now(timer->loop);

    if (timer->flags & WEIR_SOON)
        return 0;
    if (timer->flags & WEIR_FRESH)
        return timer->node.deadline;
    if (!weir_timer_running(timer) || timer->node.deadline <= now)
        return 0;
    return timer->node.deadline - now;
}

void weir_timer_ref(weir_timer *timer)
{
    weir_flags_ref(timer->loop, &timer->flags);
}

void weir_timer_unref(weir_timer *timer)
{
    weir_flags_unref(timer->loop, &timer->flags);
}
