/*
 * socket_timeout.c - the one timer of a socket: idle timeout, then lingering
 *
 * I/O only stores when it happened; the timer looks at that when it fires, and
 * is set for what is left. So a connection that is busy costs one timer
 * operation per timeout, not one per message.
 *
 * When weir_socket_close() has sent its FIN the user waits for nothing more,
 * and the same timer limits how long the peer's FIN is waited for.
 */
#include "socket.h"

enum {
    /* After our FIN the peer's is waited for until either is passed. */
    LINGER_TIME = 5000,
    LINGER_BYTES = 1024 * 1024
};

static void arm(weir_socket *s, uint64_t deadline)
{
    s->idle.deadline = deadline;
    weir_wheel_insert(&s->loop->wheel, &s->idle);
}

/* Whoever sends on is to learn that nobody reads, as by close(2); which does
 * nothing as long as a child has a copy. */
static void stop_reading(const weir_socket *s)
{
    if (weir_socket_was_forked(s))
        (void)sys_shutdown(s->source.fd, SHUT_RD);
}

static void linger_expired(weir_loop *loop, struct weir_wheel_node *node)
{
    weir_socket *s = weir_container_of(node, weir_socket, idle);

    (void)loop;
    stop_reading(s);
    weir_socket_destroy(s);
}

/* Until the FIN the idle timeout is the user's, however long a slow reader
 * takes; from then on the peer has nothing to wait for. */
void weir_socket_linger(weir_socket *s)
{
    weir_socket_set_timeout(s, 0);
    weir_loop_read_clock(s->loop);
    s->linger_room = LINGER_BYTES;
    s->idle.fire = linger_expired;
    arm(s, s->loop->tick_up + LINGER_TIME);
}

/* True when `length` more bytes that are thrown away are too many. While our
 * own are still on their way there is no limit. */
bool weir_socket_linger_is_over(weir_socket *s, size_t length)
{
    if (s->idle.fire != linger_expired)
        return false;
    if (length >= s->linger_room) {
        stop_reading(s);
        return true;
    }
    s->linger_room -= (uint32_t)length;
    return false;
}

/* The timer was set for `timeout` after what was then the last activity; the
 * one that is stored now came so much later, and that is what has to be waited
 * still. 32 bits hold it however late we are. What the timer was asked before
 * it was fired is asked again of that: whether what has come since was told. */
static void idle_fired(weir_loop *loop, struct weir_wheel_node *node)
{
    weir_socket *s = weir_container_of(node, weir_socket, idle);
    uint32_t later = s->last_active - (uint32_t)(node->deadline - s->timeout);

    if (node->deadline + later > loop->looked) {
        arm(s, node->deadline + later);
        return;
    }
    if (!s->events) { /* it is for the table that comes */
        weir_socket_rearm_timeout(s);
        return;
    }
    s->state |= WEIR_S_TIMED_OUT;
    if (s->events->timeout)
        s->events->timeout(s);
}

/* The whole timeout, from now: the loop's clock may be old, and without timers
 * the loop has not kept the time at all. */
void weir_socket_rearm_timeout(weir_socket *s)
{
    s->state &= (uint16_t)~WEIR_S_TIMED_OUT;
    weir_loop_read_clock(s->loop);
    s->last_active = (uint32_t)s->loop->tick_up;
    arm(s, s->loop->tick_up + s->timeout);
}

void weir_socket_set_timeout(weir_socket *s, uint32_t timeout)
{
    if (s->phase >= WEIR_PHASE_DESTROYED || s->idle.fire == linger_expired)
        return;
    if (weir_link_linked(&s->idle.link))
        weir_wheel_remove(&s->loop->wheel, &s->idle);
    s->state &= (uint16_t)~WEIR_S_TIMED_OUT;
    s->timeout = timeout;
    if (timeout)
        weir_socket_rearm_timeout(s);
}

uint32_t weir_socket_timeout(const weir_socket *s)
{
    return s->idle.fire == linger_expired ? 0 : s->timeout;
}

void weir_socket_init_timeout(weir_socket *s)
{
    s->idle.fire = idle_fired;
}
