/*
 * weir/runtime.h - what language runtimes want of a loop, and nobody else
 *
 * For those who call another language from the loop's callbacks: entering it
 * once for all that a turn has to tell, and firing timers where that language
 * has its place for them. What reactor.h says holds here too.
 */
#ifndef WEIR_RUNTIME_H
#define WEIR_RUNTIME_H

#include <weir/reactor.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * For runtimes that pay for being entered (a lock to take, a virtual machine to
 * set up): called when several tasks or descriptors are to be served, it does
 * what it needs, calls weir_loop_serve(), in which all their callbacks are run,
 * and undoes it. Where only one is to be served it may be left out, and for
 * timers it is. Without weir_loop_serve() they are served when it returns.
 */
typedef void weir_surround_cb(weir_loop *loop, void *data);

WEIR_API void weir_loop_set_surround(weir_loop *loop, weir_surround_cb *cb,
                                     void *data);

/* Only inside of that callback, once; elsewhere it does nothing. */
WEIR_API void weir_loop_serve(weir_loop *loop);

/* For runtimes whose own order has a place for timers, behind something that
 * they do in a task: reads the clock, and the timers with this callback that
 * are due by it fire before this returns, in their order, whether or not
 * descriptors have been looked at since. All others fire in the loop's time.
 * What the callback starts is not of this call. */
WEIR_API void weir_loop_fire(weir_loop *loop, weir_timer_cb *cb);

#ifdef __cplusplus
}
#endif

#endif
