/*
 * glib.c - the engine's deferred work, on our loop
 *
 * Timers and deferred work of the engine's own run on the thread's GLib
 * context. It is given one of its own, and that context's wake descriptor is
 * watched like any other; unreferenced, since the engine's housekeeping is no
 * reason to stay. The timer of its collector asks for the main thread's run
 * loop, which the C API does not make (2.50 crashes on it): we make it, and
 * where that cannot be called the context is left alone. Then the collector
 * runs only when memory is asked for.
 *
 * On macOS CFRunLoop serves the system framework's deferred work; nothing of
 * weir needs it, and a process that only runs scripts has no run loop.
 */
#include "engine.h"

#ifndef __APPLE__

#include <glib.h>

/* WTF::initializeMainThread(), exported and in no public header. */
extern __attribute__((weak)) void _ZN3WTF20initializeMainThreadEv(void);

enum { GLIB_FDS = 8 };

/* The context is the process's: the engine's main thread keeps it. */
static struct {
    GMainContext *context;
    weir_io io;
    weir_timer timer;
    bool watching;
    bool due; /* to be run when the loop has been served */
} glib;

static void run(void)
{
    glib.due = false;
    while (g_main_context_iteration(glib.context, FALSE))
        continue;
    script_glib_watch(script_get());
}

/* What the engine does there (it collects, for one) it expects to do on its
 * own: not while the loop is served from inside of it. */
static void run_when_served(void)
{
    glib.due = script_get()->serving;
    if (!glib.due)
        run();
}

static void on_ready(weir_io *io, unsigned events)
{
    (void)io, (void)events;
    run_when_served();
}

static void on_timer(weir_timer *timer)
{
    (void)timer;
    run_when_served();
}

/* Before the engine is made. */
void script_glib_prepare(script *s)
{
    if (!_ZN3WTF20initializeMainThreadEv)
        return;
    if (!glib.context) {
        glib.context = g_main_context_new();
        g_main_context_push_thread_default(glib.context);
        _ZN3WTF20initializeMainThreadEv();
        g_main_context_pop_thread_default(glib.context);
    }
    weir_timer_init(&glib.timer, s->loop, on_timer);
    weir_timer_unref(&glib.timer);
}

/* Asks the context what it waits for. It has one descriptor, its eventfd; with
 * more than that the others are looked at when that one or the timer wakes. */
void script_glib_watch(script *s)
{
    GPollFD fds[GLIB_FDS];
    gint timeout = -1, priority;

    if (!glib.context)
        return;
    g_main_context_acquire(glib.context);
    g_main_context_prepare(glib.context, &priority);
    g_main_context_query(glib.context, priority, &timeout, fds, GLIB_FDS);
    g_main_context_release(glib.context);
    if (!glib.watching && fds[0].fd >= 0) {
        weir_io_init(&glib.io, s->loop, fds[0].fd, on_ready);
        weir_io_unref(&glib.io);
        glib.watching = weir_io_start(&glib.io, WEIR_READABLE) == 0;
    }
    if (timeout >= 0)
        weir_timer_start(&glib.timer, (uint64_t)timeout);
    else
        weir_timer_stop(&glib.timer);
}

void script_glib_served(void)
{
    if (glib.due)
        run();
}

void script_glib_close(void)
{
    if (glib.watching)
        weir_io_stop(&glib.io);
    glib.watching = glib.due = false;
    if (glib.context)
        weir_timer_stop(&glib.timer);
}

#else

void script_glib_prepare(script *s)
{
    (void)s;
}

void script_glib_watch(script *s)
{
    (void)s;
}

void script_glib_served(void)
{
}

void script_glib_close(void)
{
}

#endif
