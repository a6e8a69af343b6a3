/*
 * signal.c - signals as events of the loop
 *
 * The handler does one thing: it sends the async of every watcher of that
 * signal. That works with any backend and whichever thread the kernel picks.
 * (signalfd would need the signal blocked in every thread of the process, also
 * in those that a library started before us, and the blocked mask would be
 * inherited by every program we start; see docs/decisions.md.)
 *
 * The table of watchers is read by the handler, in any thread, so it has a
 * lock; whoever takes the lock outside of the handler blocks signals first, or
 * the handler could wait for the very code that it interrupted.
 */
#include "loop.h"

#include <pthread.h>

#ifndef NSIG
#define NSIG 65
#endif

static weir_signal *watchers[NSIG];
static struct sigaction previous[NSIG];
static bool locked;

static void lock(void)
{
    while (__atomic_test_and_set(&locked, __ATOMIC_ACQUIRE))
        ;
}

static void unlock(void)
{
    __atomic_clear(&locked, __ATOMIC_RELEASE);
}

static void lock_from_outside(sigset_t *mask)
{
    sigset_t all;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, mask);
    lock();
}

static void unlock_from_outside(const sigset_t *mask)
{
    unlock();
    pthread_sigmask(SIG_SETMASK, mask, NULL);
}

static void handle(int number)
{
    int saved = errno;

    lock();
    for (weir_signal *w = watchers[number]; w; w = w->next)
        weir_async_send(&w->async);
    unlock();
    errno = saved;
}

/* --------------------------------------------------------------- fork() */

/* Of the thread that has the lock; another one may call fork() as well. */
static sigset_t mask_before_fork;

void weir_signals_before_fork(void)
{
    sigset_t mask;

    lock_from_outside(&mask);
    mask_before_fork = mask;
}

/* The child's copy of them: the loops they would send to are its parent's. */
static void forget_all(int number)
{
    struct sigaction action;

    if (!watchers[number])
        return;
    for (weir_signal *w = watchers[number]; w; w = w->next)
        w->number = 0;
    watchers[number] = NULL;
    /* Unless the program has put another handler in its place. */
    if (sys_sigaction(number, NULL, &action) == 0 &&
        action.sa_handler == handle)
        (void)sys_sigaction(number, &previous[number], NULL);
}

void weir_signals_after_fork(bool child)
{
    sigset_t mask = mask_before_fork;

    for (int number = 1; child && number < NSIG; number++)
        forget_all(number);
    unlock_from_outside(&mask);
}

static void on_sent(weir_async *async)
{
    weir_signal *watcher = weir_container_of(async, weir_signal, async);

    watcher->cb(watcher, watcher->number);
}

/* On the alternate stack where a thread has one: coroutines and other
 * languages' threads have small stacks of their own. */
static int install(int number)
{
    struct sigaction action = { .sa_handler = handle,
                                .sa_flags = SA_RESTART | SA_ONSTACK };

    sigfillset(&action.sa_mask);
    return sys_sigaction(number, &action, &previous[number]);
}

int weir_signal_init(weir_signal *watcher, weir_loop *loop, weir_signal_cb *cb)
{
    if (!watcher || !loop || !cb)
        return -EINVAL;
    *watcher = (weir_signal){ .data = watcher->data, .loop = loop, .cb = cb };
    return weir_async_init(&watcher->async, loop, on_sent);
}

int weir_signal_start(weir_signal *watcher, int number)
{
    sigset_t mask;
    int result = 0;

    if (number <= 0 || number >= NSIG)
        return -EINVAL;
    if (weir_loop_inherited(watcher->async.loop))
        return -EBADF; /* nobody would be told, and the signal be lost */
    if (watcher->number)
        return -EALREADY;
    weir_async_start(&watcher->async);
    lock_from_outside(&mask);
    if (!watchers[number])
        result = install(number);
    if (result == 0) {
        watcher->number = number;
        watcher->next = watchers[number];
        watchers[number] = watcher;
    }
    unlock_from_outside(&mask);
    if (result < 0)
        weir_async_stop(&watcher->async);
    return result;
}

void weir_signal_stop(weir_signal *watcher)
{
    int number = watcher->number;
    weir_signal **link = &watchers[number];
    sigset_t mask;

    if (!number)
        return;
    lock_from_outside(&mask);
    while (*link != watcher)
        link = &(*link)->next;
    *link = watcher->next;
    if (!watchers[number])
        (void)sys_sigaction(number, &previous[number], NULL);
    unlock_from_outside(&mask);
    watcher->number = 0;
    weir_async_stop(&watcher->async);
}

static void forget(weir_loop *loop, int number)
{
    weir_signal **link = &watchers[number];

    if (!*link)
        return;
    while (*link) {
        weir_signal *watcher = *link;

        if (watcher->async.loop == loop) {
            *link = watcher->next;
            watcher->number = 0;
        } else {
            link = &watcher->next;
        }
    }
    if (!watchers[number])
        (void)sys_sigaction(number, &previous[number], NULL);
}

void weir_signals_forget(weir_loop *loop)
{
    sigset_t mask;

    lock_from_outside(&mask);
    for (int number = 1; number < NSIG; number++)
        forget(loop, number);
    unlock_from_outside(&mask);
}

void weir_signal_ref(weir_signal *watcher)
{
    weir_async_ref(&watcher->async);
}

void weir_signal_unref(weir_signal *watcher)
{
    weir_async_unref(&watcher->async);
}
