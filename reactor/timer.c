/*
 * timer.c - timers of the loop: the wheel, and a clock that may be old
 *
 * "Never early" is the promise, and the cached clock is its enemy: a timer
 * started late in a long callback would count from when the turn began. To
 * read the clock at every start would cost more than the start itself (30 ns
 * against 8). So:
 *
 *   - The first start in a callback reads the clock. Timers are started for
 *     some thousand things a second, rarely for several in one callback.
 *   - The next ones use that reading, and are remembered in loop->fresh. When
 *     the clock is read the next time, at the latest after WEIR_FRESH starts,
 *     and has moved on, their deadlines are moved by as much: they were started
 *     at some time between the two readings, and now count from the later.
 *
 * Deadlines are whole ticks of 1 ms, rounded up from the exact start.
 */
#include "loop.h"

enum { NS_PER_TICK = 1000000 };

/* The deadlines of the timers started since the last reading are moved by what
 * the clock has moved since. */
static void settle_fresh(weir_loop *loop, uint64_t moved)
{
    for (unsigned i = 0; i < loop->fresh_count; i++) {
        weir_timer *timer = loop->fresh[i];

        if (!timer)
            continue;
        timer->recent = 0;
        if (!moved || timer->node.deadline == WEIR_WHEEL_NEVER)
            continue;
        weir_wheel_remove(&loop->wheel, &timer->node);
        timer->node.deadline += moved;
        weir_wheel_insert(&loop->wheel, &timer->node);
    }
    loop->fresh_count = 0;
}

void weir_loop_read_clock(weir_loop *loop)
{
    uint64_t before = loop->tick_up;

    loop->now = sys_now();
    loop->tick = loop->now / NS_PER_TICK;
    loop->tick_up = (loop->now + NS_PER_TICK - 1) / NS_PER_TICK;
    loop->clock_known = true;
    if (loop->fresh_count)
        settle_fresh(loop, loop->tick_up - before);
}

static void remember(weir_loop *loop, weir_timer *timer)
{
    loop->fresh[loop->fresh_count++] = timer;
    timer->recent = (uint8_t)loop->fresh_count;
}

static void forget(weir_loop *loop, weir_timer *timer)
{
    if (!timer->recent)
        return;
    loop->fresh[timer->recent - 1] = NULL;
    timer->recent = 0;
}

static void fire(weir_loop *loop, struct weir_wheel_node *node)
{
    weir_timer *timer = weir_container_of(node, weir_timer, node);

    forget(loop, timer);
    if (!timer->period) {
        weir_deactivate(loop, &timer->flags);
    } else {
        uint64_t late = loop->tick - node->deadline;

        /* The beats between this one and now are lost. */
        node->deadline += (late / timer->period + 1) * timer->period;
        weir_wheel_insert(&loop->wheel, node);
    }
    timer->cb(timer);
}

int weir_timer_init(weir_timer *timer, weir_loop *loop, weir_timer_cb *cb)
{
    if (!timer || !loop || !cb)
        return -EINVAL;
    *timer = (weir_timer){ .data = timer->data, .loop = loop, .cb = cb };
    timer->node.fire = fire;
    return 0;
}

static void start(weir_timer *timer, uint64_t delay, uint64_t period)
{
    weir_loop *loop = timer->loop;
    struct weir_wheel_node *node = &timer->node;

    if (weir_link_linked(&node->link)) {
        forget(loop, timer);
        weir_wheel_remove(&loop->wheel, node);
    } else {
        weir_activate(loop, &timer->flags);
    }
    timer->period = period;
    if (delay == 0) {
        node->deadline = loop->tick; /* due whatever the clock says */
        weir_wheel_insert(&loop->wheel, node);
        return;
    }
    if (!loop->clock_known || loop->fresh_count == WEIR_FRESH)
        weir_loop_read_clock(loop);
    else
        remember(loop, timer);
    if (delay < WEIR_WHEEL_NEVER - loop->tick_up)
        node->deadline = loop->tick_up + delay;
    else
        node->deadline = WEIR_WHEEL_NEVER;
    weir_wheel_insert(&loop->wheel, node);
}

void weir_timer_start(weir_timer *timer, uint64_t delay)
{
    start(timer, delay, 0);
}

int weir_timer_start_repeating(weir_timer *timer, uint64_t period)
{
    if (period == 0)
        return -EINVAL;
    start(timer, period, period);
    return 0;
}

void weir_timer_stop(weir_timer *timer)
{
    weir_loop *loop = timer->loop;

    if (!weir_link_linked(&timer->node.link))
        return;
    forget(loop, timer);
    weir_wheel_remove(&loop->wheel, &timer->node);
    weir_deactivate(loop, &timer->flags);
}

bool weir_timer_running(const weir_timer *timer)
{
    return weir_link_linked(&timer->node.link);
}

uint64_t weir_timer_remaining(const weir_timer *timer)
{
    uint64_t now = timer->loop->tick;

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
