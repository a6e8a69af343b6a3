/*
 * weir/runtime.h - what language runtimes want of a loop, and nobody else
 *
 * For those who call another language from the loop's callbacks: entering it
 * once for all that a turn has to tell, and firing timers where that language
 * has its place for them. The script layer is written with it. The rules of
 * reactor.h hold here too.
 */
#ifndef WEIR_RUNTIME_H
#define WEIR_RUNTIME_H

#include <weir/reactor.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * For a runtime that pays for being entered (a lock to take, a virtual machine
 * to set up): that is done once for all that a turn has to tell.
 *
 * - The callback is called when several tasks, or several descriptors, are to
 *   be served. It does what it needs, calls weir_loop_serve(), in which all
 *   their callbacks are run, and undoes it. NULL, the default, takes it away.
 * - It is not called for a lone one, nor for timers, nor for the callback of
 *   before the wait. These must do for themselves what they need, as they must
 *   anyway where nothing surrounds them.
 * - What it does not serve is served when it has returned. Elsewhere, and a
 *   second time, weir_loop_serve() does nothing. weir_loop_stop() in one of the
 *   callbacks ends it as well.
 *
 *     static void with_the_lock(weir_loop *loop, void *lock)
 *     {
 *         pthread_mutex_lock(lock);
 *         weir_loop_serve(loop);
 *         pthread_mutex_unlock(lock);
 *     }
 *
 *     weir_loop_set_surround(loop, with_the_lock, &interpreter_lock);
 */
typedef void weir_surround_cb(weir_loop *loop, void *data);
WEIR_API void weir_loop_set_surround(weir_loop *loop, weir_surround_cb *cb,
                                     void *data);
WEIR_API void weir_loop_serve(weir_loop *loop);

/*
 * For a runtime whose own order has a place for timers, behind something that
 * it does in a task.
 *
 * Reads the clock. The timers whose callback is `cb` and that are due by it
 * fire before this returns, in their order, whether or not descriptors have
 * been looked at since; all others fire in the loop's time. What the callback
 * starts is not of this call, and begins to count when that callback has
 * returned. It may be called in any callback, and outside of a run as well; a
 * run in one of them is -EBUSY. weir_loop_stop(), and the child
 * of a fork(), leave the rest for later. A call takes time for each timer that
 * is due, whosever it is.
 */
WEIR_API void weir_loop_fire(weir_loop *loop, weir_timer_cb *cb);

#ifdef __cplusplus
}
#endif

#endif
