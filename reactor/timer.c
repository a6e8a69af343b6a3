/*
 * timer.c - timers of the loop: the wheel, and a clock that may be old
 *
 * "Never early" is the promise, and the cached clock is its enemy: a timer
 * started late in a long callback would count from when the turn began. To
 * read the clock at every start would cost 29 ns, the start itself costs 8. So
 * a timer that is started waits in loop->fresh, and begins to count when the
 * clock is read next: when the callback that started it has returned.
 *
 *     start -> fresh --(the clock is read)--> wheel -> due -> firing
 *
 * All timers started in one callback count from the same reading, so that they
 * fire in the order of their delays. The price: what the callback does after
 * the start comes on top of the delay. Who wants the exact moment reads the
 * clock and uses weir_timer_start_at(). (DECIDED; see docs/decisions.md before
 * changing it: reading per start misses the bench's goal for re-arming.)
 *
 * Deadlines are whole ticks of 1 ms, rounded up.
 */
#include "loop.h"

/* The clock has been read: what was started before it begins to count. */
void weir_timers_settle(weir_loop *loop)
{
    while (!weir_list_empty(&loop->fresh)) {
        weir_timer *timer = weir_container_of(
            loop->fresh.next, weir_timer, node.link);
        uint64_t delay = timer->node.deadline;

        weir_link_remove(&timer->node.link);
        timer->flags &= (uint8_t)~WEIR_FRESH;
        timer->node.deadline = delay < WEIR_WHEEL_NEVER - loop->tick_up
                                   ? loop->tick_up + delay
                                   : WEIR_WHEEL_NEVER;
        weir_wheel_insert(&loop->wheel, &timer->node);
    }
}

static void fire(weir_loop *loop, struct weir_wheel_node *node)
{
    weir_timer *timer = weir_container_of(node, weir_timer, node);

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

/* Takes it out of wherever it is, and counts it as alive. */
static void restart(weir_timer *timer, uint64_t period)
{
    if (weir_link_linked(&timer->node.link))
        weir_wheel_remove(&timer->loop->wheel, &timer->node);
    else
        weir_activate(timer->loop, &timer->flags);
    timer->period = period;
}

static void start(weir_timer *timer, uint64_t delay, uint64_t period)
{
    weir_loop *loop = timer->loop;

    restart(timer, period);
    timer->flags |= WEIR_FRESH;
    timer->node.deadline = delay; /* until it is settled */
    weir_list_append(&loop->fresh, &timer->node.link);
}

void weir_timer_start_at(weir_timer *timer, uint64_t when)
{
    restart(timer, 0);
    timer->flags &= (uint8_t)~WEIR_FRESH;
    timer->node.deadline = when;
    weir_wheel_insert(&timer->loop->wheel, &timer->node);
}

void weir_timer_start(weir_timer *timer, uint64_t delay)
{
    if (delay)
        start(timer, delay, 0);
    else
        weir_timer_start_at(timer, 0); /* due whatever the clock says */
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
    weir_wheel_remove(&loop->wheel, &timer->node);
    weir_deactivate(loop, &timer->flags);
}

bool weir_timer_running(const weir_timer *timer)
{
    return weir_link_linked(&timer->node.link);
}

uint64_t weir_timer_remaining(const weir_timer *timer)
{
    uint64_t now = weir_loop_now(timer->loop);

    if (timer->flags & WEIR_FRESH && weir_timer_running(timer))
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
