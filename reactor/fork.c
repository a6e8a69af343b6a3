/*
 * fork.c - what a forked child has of its parent, and what it leaves alone
 *
 * A child has copies of the parent's descriptors, and some of them are not
 * copies of what they stand for: the epoll set and the eventfd are one for
 * both, and a connection is ended for both by shutdown(2). So a loop knows in
 * which process it was made, and in a child everything that would reach the
 * parent does nothing or is refused: only the child's memory and descriptors go
 * when it destroys the loop. The handlers of watched signals are taken away in
 * the child, which otherwise would send to a loop that nobody runs.
 *
 * The table of those handlers has a lock that another thread may hold at that
 * moment; a child in which nobody would ever unlock it must not come to be.
 *
 * vfork(), posix_spawn() and _Fork() call none of this: their children do
 * nothing but exec().
 */
#include "loop.h"

#include <pthread.h>

unsigned weir_fork_count, weir_generation;

static void count(void)
{
    (void)__atomic_fetch_add(&weir_fork_count, 1, __ATOMIC_RELAXED);
}

static void in_parent(void)
{
    count();
    weir_signals_after_fork(false);
}

static void in_child(void)
{
    count();
    weir_generation++;
    weir_loops_end_in_child();
    weir_signals_after_fork(true);
}

int weir_watch_forks(void)
{
    static bool minded; /* asked by each thread that makes a loop */

    if (__atomic_load_n(&minded, __ATOMIC_ACQUIRE))
        return 0;
    if (pthread_atfork(weir_signals_before_fork, in_parent, in_child) != 0)
        return -ENOMEM;
    __atomic_store_n(&minded, true, __ATOMIC_RELEASE);
    return 0;
}

/* Not only when the first loop is made: another thread may call fork() at that
 * moment, and its child, which has the handlers but not yet the word that they
 * are set, would set them a second time and wait for a lock that it holds
 * itself. (pthread_once() begins anew in such a child.) Before main() there is
 * one thread, and a loop that is made there may come before this; a library
 * that is loaded later is nobody's, and not its child's, before this has
 * returned. It comes with this object, to which every loop refers, and so with
 * a static library as well. */
__attribute__((constructor)) static void watch_from_the_beginning(void)
{
    (void)weir_watch_forks();
}
