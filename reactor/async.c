/*
 * async.c - waking the loop from other threads
 *
 * A send marks the async as pending and, if it was not, pushes it on a stack
 * that any number of threads may push to. Only the push onto the empty stack
 * wakes the loop: however many threads send however often, it is one system
 * call until the loop has looked. The loop takes the whole stack at once, so
 * there is no pop and no ABA problem, and turns it round to call in the order
 * of sending.
 *
 *     send -> sent (stack) -> taken -> calling (what a look found)
 */
#include "loop.h"

int weir_async_init(weir_async *async, weir_loop *loop, weir_async_cb *cb)
{
    if (!async || !loop || !cb)
        return -EINVAL;
    *async = (weir_async){ .data = async->data, .loop = loop, .cb = cb };
    return 0;
}

void weir_async_start(weir_async *async)
{
    weir_activate(async->loop, &async->flags);
}

void weir_async_send(weir_async *async)
{
    weir_loop *loop = async->loop;
    int saved = errno; /* we may be in a signal handler */
    weir_async *top;

    if (__atomic_exchange_n(&async->pending, 1, __ATOMIC_SEQ_CST))
        return;
    top = __atomic_load_n(&loop->sent, __ATOMIC_RELAXED);
    do
        async->next = top;
    while (!__atomic_compare_exchange_n(&loop->sent, &top, async, true,
                                        __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    if (!top)
        weir_backend_wake(loop);
    errno = saved;
}

/* Moves what was sent to the end of loop->taken, first sent first: each from
 * the top of the stack goes before the last one. */
static void take_sent(weir_loop *loop)
{
    weir_async *async =
        __atomic_exchange_n(&loop->sent, NULL, __ATOMIC_SEQ_CST);
    struct weir_link *before = &loop->taken;

    for (; async; async = async->next) {
        weir_list_append(before, &async->link);
        before = &async->link;
    }
}

static void call_taken(weir_loop *loop)
{
    struct weir_link *calling = &loop->calling;

    weir_list_splice(calling, &loop->taken);
    while (!weir_list_empty(calling) && !loop->stopped) {
        weir_async *async = weir_container_of(calling->next, weir_async, link);

        weir_link_remove(&async->link);
        /* From here on a send pushes it again: it is in no list. This is
         * an exchange because only reading what the last sender has left there
         * makes what it wrote before visible: its send found the async pending
         * and did nothing else. A store would do on x86, but not on ARM. */
        (void)__atomic_exchange_n(&async->pending, 0, __ATOMIC_SEQ_CST);
        async->cb(async);
        weir_called(loop);
    }
}

void weir_async_ready(weir_loop *loop, struct weir_source *source,
                      unsigned events)
{
    (void)source, (void)events;
    /* In this order: a send after the stack was taken finds it empty and
     * wakes anew, and that wake-up must not be swallowed. */
    weir_backend_wake_seen(loop);
    take_sent(loop);
    call_taken(loop);
    if (!weir_list_empty(&loop->calling)) /* a callback stopped the loop */
        weir_backend_wake(loop);
}

/* Those that are taken with it here have woken the loop: that is still to be
 * seen, and what is taken by then is called. */
void weir_async_stop(weir_async *async)
{
    weir_loop *loop = async->loop;

    if (!(async->flags & WEIR_ACTIVE))
        return;
    weir_deactivate(loop, &async->flags);
    if (!__atomic_load_n(&async->pending, __ATOMIC_SEQ_CST))
        return;
    take_sent(loop);
    weir_link_remove(&async->link);
    async->pending = 0;
}

void weir_async_ref(weir_async *async)
{
    weir_flags_ref(async->loop, &async->flags);
}

void weir_async_unref(weir_async *async)
{
    weir_flags_unref(async->loop, &async->flags);
}
