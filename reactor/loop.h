/*
 * loop.h - what the files of reactor/ and net/ know of a loop
 */
#ifndef WEIR_LOOP_H
#define WEIR_LOOP_H

#include "alloc.h"
#include "backend.h"
#include "list.h"
#include "sys.h"
#include "timer_wheel.h"

#include <weir/runtime.h>

enum {
    /* Timers fired in one turn. A million that expire at once would otherwise
     * be one long step in which no descriptor is served. */
    WEIR_TIMER_BUDGET = 1024,

    /* Timers started since the clock was read. So few that all of them and
     * their neighbours are in the cache when they get their places. */
    WEIR_FRESH_MAX = 128
};

/* Bits of the `flags` of timers, tasks, watchers, asyncs and signals. */
enum {
    WEIR_UNREF = 1,    /* does not keep the loop alive */
    WEIR_ACTIVE = 2,   /* started, and counted as alive unless unreferenced */
    WEIR_ALWAYS = 4,   /* a watcher of a file that is always ready */
    WEIR_FRESH = 8,    /* a timer in loop->fresh, whose deadline is a delay */
    WEIR_REPEATS = 16, /* a timer that goes on after it has fired */
    WEIR_SOON = 32     /* a timer that waits for nothing but its turn */
};

/* What a turn does beside its usual work, in loop->unusual. */
enum { WEIR_SURROUNDED = 1, WEIR_BEFORE_WAIT = 2, WEIR_MEASURED = 4 };

/* What every turn touches comes first and lies together: a loop that wakes from
 * sleep finds the cache cold, and each line is a wait. */
struct weir_loop {
    /* The batch being dispatched; it outlives a stop in its middle. */
    unsigned batch_next, batch_count;
    unsigned fresh_count; /* of loop->fresh */
    bool running, stopped;
    bool left;      /* in the child of the callback that is being called */
    bool clock_old; /* not read since waiting, for want of timers */

    /* The cached clock: nanoseconds, and ticks rounded down and up. */
    uint64_t now;
    uint64_t tick, tick_up;
    uint64_t tick_end; /* until this ns both ticks are right */
    uint64_t looked;   /* all that had come at this tick was told */
    uint64_t turns;
    size_t alive; /* started and referenced */
    uint8_t unusual;

    struct weir_backend backend;
    struct weir_link firing;        /* expired, being called */
    struct weir_link tasks;         /* posted */
    struct weir_link running_tasks; /* the snapshot being run */

    /* What net/ keeps per loop, and how to close it. */
    void *net;
    void (*net_close)(weir_loop *loop);

    struct weir_wheel wheel;
    weir_timer *fresh[WEIR_FRESH_MAX]; /* started since the clock was read */

    /* Called in place of a phase's work, which then waits in `work`. */
    weir_surround_cb *surround;
    void *surround_data;
    void (*work)(weir_loop *);

    weir_before_wait_cb *before_wait;
    void *before_wait_data;
    weir_loop_measures *measures; /* the user's */

    struct weir_source wake;  /* the backend's own: sends from other threads */
    weir_async *sent;         /* atomic: the stack of those sent */
    struct weir_link taken;   /* from it, in order */
    struct weir_link calling; /* the snapshot being called */
    void *data;

    size_t unseen;       /* events until the look at them is complete */
    uint64_t look_began; /* the tick at which that began */

    struct weir_link files; /* always ready, and told: see io.c */
    unsigned char *always;  /* a bit for each that is, by descriptor */
    size_t always_size;
    unsigned generation; /* of the process that made it */
    weir_loop *outer;    /* whose callback runs this one */
};

/* Reads the clock into the cache. */
void weir_loop_read_clock(weir_loop *loop);

/* After each callback: timers that it started count from here. */
static inline void weir_called(weir_loop *loop)
{
    if (loop->fresh_count)
        weir_loop_read_clock(loop);
}

/* The last batch was full. */
static inline bool weir_backend_may_have_more(const weir_loop *loop)
{
#ifdef WEIR_BACKEND_EPOLL
    return loop->batch_count == WEIR_BATCH;
#else
    return loop->backend.was_full;
#endif
}

/* Whether it is a timer that waits for nothing but its turn. */
bool weir_timer_is_soon(const struct weir_wheel_node *node);

/* How many times this process, or one that it was forked from, has called
 * fork(); and how many times it was the child. */
extern unsigned weir_fork_count, weir_generation;

/* The first of them, which another thread may be changing. Who wants to know of
 * a descriptor whether a child has a copy asks before it makes it. */
static inline unsigned weir_forks(void)
{
    return __atomic_load_n(&weir_fork_count, __ATOMIC_RELAXED);
}

/* Has the two counted, as they are since before main() unless memory was out
 * then: -ENOMEM. */
int weir_watch_forks(void);

/* The loop is the parent's: what reaches the kernel reaches the parent. */
static inline bool weir_loop_inherited(const weir_loop *loop)
{
    return loop->generation != weir_generation;
}

/* The runs in which this thread called fork() end in the child as soon as the
 * callback returns: what else is ready there is the parent's to be told. */
void weir_loops_end_in_child(void);

/* The callback that has returned called fork(), and this is the child: what
 * would follow in the same step is the parent's, too. Whoever calls back asks
 * this before it goes on to a system call or to another callback. */
static inline bool weir_loop_left(const weir_loop *loop)
{
    return loop->left;
}

/* Puts loop->fresh into the wheel, see timer.c. */
void weir_timers_settle(weir_loop *loop);

/* Starts and ends counting something as alive, as its flags say. */
static inline void weir_activate(weir_loop *loop, uint8_t *flags)
{
    if (*flags & WEIR_ACTIVE)
        return;
    *flags |= WEIR_ACTIVE;
    loop->alive += !(*flags & WEIR_UNREF);
}

static inline void weir_deactivate(weir_loop *loop, uint8_t *flags)
{
    if (!(*flags & WEIR_ACTIVE))
        return;
    *flags &= (uint8_t)~WEIR_ACTIVE;
    loop->alive -= !(*flags & WEIR_UNREF);
}

void weir_flags_ref(weir_loop *loop, uint8_t *flags);
void weir_flags_unref(weir_loop *loop, uint8_t *flags);

/* Runs `deferred` in the next turn's task phase. It must not be posted. */
static inline void weir_defer(weir_loop *loop, struct weir_deferred *deferred)
{
    weir_list_append(&loop->tasks, &deferred->link);
}

/* The backend's: registers a source with the kernel; `interest` as of
 * weir_io_start(). -EPERM for a file that the kernel does not watch because it
 * is always ready. */
int weir_source_add(weir_loop *loop, struct weir_source *source,
                    unsigned interest);

/* The backend's: changes the interest, or hands a registered descriptor to
 * another source that has the same `fd`. */
int weir_source_change(weir_loop *loop, struct weir_source *source,
                       unsigned interest);

/* Takes a source out of the kernel's set and out of the batch: after this it
 * may be freed, and its descriptor closed and its number used again.
 * O(batch). */
void weir_source_remove(weir_loop *loop, struct weir_source *source);

/* The backend's: takes a source out of the kernel's set alone. Its object must
 * outlive the batch, in which `ready` may still be called and must do nothing.
 * O(1). */
void weir_source_retire(weir_loop *loop, struct weir_source *source);

/* Calls the asyncs that were sent. The wake source's `ready`. */
void weir_async_ready(weir_loop *loop, struct weir_source *source,
                      unsigned events);

/* Unlinks the watchers of signals that are still started: the handler would
 * send to a loop that is gone. */
void weir_signals_forget(weir_loop *loop);

/* Around fork(), in the thread that calls it: nobody else holds the lock of
 * the watchers meanwhile. A child has none. */
void weir_signals_before_fork(void);
void weir_signals_after_fork(bool child);

#endif
