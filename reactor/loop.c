/*
 * loop.c - one turn of the loop, and nothing else
 *
 *      +-> read the clock -> due timers -> deferred tasks -+
 *      |                                                   |
 *      +-- dispatch the batch <- read the clock <- wait <--+
 *
 * (The user's callback of before the wait is part of it, see next_batch().)
 *
 * A turn that begins late, with timers that became due during the last one,
 * waits for 0 ms and dispatches before it fires those; see may_fire().
 *
 * Each phase works on what was there when it began, so that a callback which
 * starts a timer of 0 ms or posts a task again cannot hold the loop in its
 * phase; and each phase keeps what it has not done yet in the loop, so that
 * weir_loop_stop() in the middle loses nothing: the next run goes on there.
 */
#include "loop.h"

#include <limits.h>
#include <string.h>

enum { NS_PER_TICK = 1000000 };

/* The loop whose callback this thread is in; its `outer` are around it. */
static _Thread_local weir_loop *innermost;

int weir_loop_create(weir_loop **out)
{
    weir_loop *loop;
    int result;

    if (!out)
        return -EINVAL;
    *out = NULL;
    loop = weir_alloc_zeroed(sizeof *loop);
    if (!loop)
        return -ENOMEM;
    weir_list_init(&loop->firing);
    weir_list_init(&loop->tasks);
    weir_list_init(&loop->running_tasks);
    weir_list_init(&loop->files);
    weir_list_init(&loop->taken);
    weir_list_init(&loop->calling);
    loop->wake.ready = weir_async_ready;
    result = weir_watch_forks();
    loop->generation = weir_generation;
    if (result == 0)
        result = weir_backend_open(loop);
    if (result < 0) {
        weir_release(loop);
        return result;
    }
    weir_loop_read_clock(loop);
    loop->looked = loop->tick;
    weir_wheel_init(&loop->wheel, loop->tick);
    *out = loop;
    return 0;
}

int weir_loop_destroy(weir_loop *loop)
{
    if (!loop)
        return 0;
    if (loop->running)
        return -EBUSY;
    /* Callbacks of net/ come during this; a run inside of them is refused, and
     * no timer fires any more. */
    loop->running = loop->stopped = true;
    if (loop->net_close)
        loop->net_close(loop);
    weir_signals_forget(loop);
    weir_backend_close(loop);
    weir_release(loop->always);
    weir_release(loop);
    return 0;
}

/* ------------------------------------------------------------ the phases */

/* A timer that became due while callbacks were running is late by our own
 * doing, and what it is about may have come long ago: an answer before its
 * time-out. So a timer fires only when descriptors have been looked at since
 * its deadline. One that waits for nothing but its turn does not wait for that
 * either, but for those that were due before it was started. */
static inline bool may_fire(const weir_loop *loop,
                            const struct weir_wheel_node *node)
{
    return node->deadline <= loop->looked || weir_timer_is_soon(node);
}

static inline struct weir_wheel_node *first_of(const struct weir_link *list)
{
    return weir_container_of(list->next, struct weir_wheel_node, link);
}

/* Those that are due now are fired in this turn, be it in two goes. */
static WEIR_HOT_INLINE void begin_firing(weir_loop *loop)
{
    weir_wheel_advance(&loop->wheel, loop->tick);
    weir_list_splice(&loop->firing, &loop->wheel.due);
}

/* What is left goes before what became due meanwhile. */
static WEIR_HOT_INLINE void end_firing(weir_loop *loop)
{
    struct weir_link *due = &loop->wheel.due;

    weir_list_splice(&loop->firing, due);
    weir_list_splice(due, &loop->firing);
}

/* Each phase is there twice, so that one that nobody measures does not ask at
 * each callback whether it is to be. */
static inline bool is_measured(const weir_loop *loop)
{
    return loop->unusual & WEIR_MEASURED;
}

/* A callback is over that began at *began, and the next one begins. It may have
 * ended the measuring. */
static WEIR_COLD void measure_call(weir_loop *loop, uint64_t *began)
{
    uint64_t now = sys_now();
    uint64_t took = now > *began ? now - *began : 0;

    *began = now;
    if (loop->measures && took > loop->measures->longest)
        loop->measures->longest = took;
}

/* This and run_tasks() tell whether they have called anything: then the clock
 * may be old. */
static WEIR_HOT_INLINE bool fire(weir_loop *loop, int *budget, bool measured)
{
    uint64_t began = measured ? sys_now() : 0;
    bool any = false;

    for (; *budget > 0; --*budget) {
        struct weir_wheel_node *node;

        if (loop->stopped || weir_list_empty(&loop->firing))
            break;
        node = first_of(&loop->firing);
        if (!may_fire(loop, node))
            break;
        weir_link_remove(&node->link);
        node->fire(loop, node);
        if (measured)
            measure_call(loop, &began);
        weir_called(loop);
        any = true;
    }
    return any;
}

static WEIR_COLD bool fire_measured(weir_loop *loop, int *budget)
{
    return fire(loop, budget, true);
}

static WEIR_HOT bool fire_plain(weir_loop *loop, int *budget)
{
    return fire(loop, budget, false);
}

/* `unusual`, here and in what follows, is known when this is compiled: the next
 * batch is there twice as well. */
static WEIR_HOT_INLINE bool fire_timers(weir_loop *loop, int *budget,
                                        bool unusual)
{
    return unusual && is_measured(loop) ? fire_measured(loop, budget)
                                        : fire_plain(loop, budget);
}

void weir_loop_serve(weir_loop *loop)
{
    void (*work)(weir_loop *) = loop->work;

    loop->work = NULL;
    if (work)
        work(loop);
}

static WEIR_NOINLINE void surrounded(weir_loop *loop, void (*work)(weir_loop *))
{
    if (loop->stopped)
        return;
    loop->work = work;
    loop->surround(loop, loop->surround_data);
    weir_loop_serve(loop);
    weir_called(loop);
}

static WEIR_HOT_INLINE void serve_all_tasks(weir_loop *loop, bool measured)
{
    uint64_t began = measured ? sys_now() : 0;

    while (!loop->stopped && !weir_list_empty(&loop->running_tasks)) {
        struct weir_deferred *deferred = weir_container_of(
            loop->running_tasks.next, struct weir_deferred, link);

        weir_link_remove(&deferred->link);
        deferred->run(loop, deferred);
        if (measured)
            measure_call(loop, &began);
        weir_called(loop);
    }
}

static WEIR_HOT void serve_tasks(weir_loop *loop)
{
    serve_all_tasks(loop, false);
}

static WEIR_COLD void serve_tasks_measured(weir_loop *loop)
{
    serve_all_tasks(loop, true);
}

/* `several`: for one it does not pay to be entered. */
static WEIR_COLD void serve_unusual(weir_loop *loop, bool several,
                                    void (*plain)(weir_loop *),
                                    void (*measured)(weir_loop *))
{
    void (*work)(weir_loop *) = is_measured(loop) ? measured : plain;

    if (loop->surround && several)
        surrounded(loop, work);
    else
        work(loop);
}

static WEIR_HOT bool run_tasks(weir_loop *loop)
{
    struct weir_link *first, *list = &loop->running_tasks;

    weir_list_splice(list, &loop->tasks);
    first = list->next;
    if (loop->unusual)
        serve_unusual(loop, first != list && first->next != list, serve_tasks,
                      serve_tasks_measured);
    else
        serve_tasks(loop);
    return first != list;
}

static WEIR_HOT_INLINE void serve_all_of_batch(weir_loop *loop, bool measured)
{
    uint64_t began = measured ? sys_now() : 0;
    weir_ready *batch = loop->backend.batch;
    weir_ready *ready = batch + loop->batch_next;
    const weir_ready *end = batch + loop->batch_count;

    for (; ready < end && !loop->stopped; ready++) {
        struct weir_source *source = ready->WEIR_READY_SOURCE;

        if (!source)
            continue;
        source->ready(loop, source, ready->events);
        if (measured)
            measure_call(loop, &began);
        weir_called(loop);
    }
    loop->batch_next = (unsigned)(ready - batch);
}

static void serve_batch(weir_loop *loop)
{
    serve_all_of_batch(loop, false);
}

static WEIR_COLD void serve_batch_measured(weir_loop *loop)
{
    serve_all_of_batch(loop, true);
}

static WEIR_HOT_INLINE void dispatch(weir_loop *loop)
{
    if (loop->unusual)
        serve_unusual(loop, loop->batch_count - loop->batch_next > 1,
                      serve_batch, serve_batch_measured);
    else
        serve_all_of_batch(loop, false);
}

static inline bool has_timers(const weir_loop *loop)
{
    return !weir_wheel_empty(&loop->wheel) || loop->fresh_count > 0;
}

static inline bool has_tasks(const weir_loop *loop)
{
    return !weir_list_empty(&loop->tasks) ||
           !weir_list_empty(&loop->running_tasks);
}

/* Milliseconds until the next thing is due, rounded up; -1 when there is
 * nothing to wait for. */
static inline int wait_limit(const weir_loop *loop)
{
    uint64_t next, left;

    if (has_tasks(loop))
        return 0;
    if (weir_wheel_empty(&loop->wheel))
        return -1;
    next = weir_wheel_next(&loop->wheel);
    if (next <= loop->tick)
        return 0;
    /* From the tick rounded down this is at most 1 ms too long; by the exact
     * time it is what is left. The subtraction in ticks cannot overflow. */
    left = next - loop->tick;
    if (left > WEIR_MAX_WAIT)
        return WEIR_MAX_WAIT;
    left = left * NS_PER_TICK - loop->now % NS_PER_TICK;
    return (int)((left + NS_PER_TICK - 1) / NS_PER_TICK);
}

/* The kernel had more to give than one batch: what has come has been told only
 * after as many as there are descriptors, since it gives those first that have
 * been ready for longest. So a load that has no end keeps no timer for ever. */
static WEIR_COLD void looked_in_part(weir_loop *loop, uint64_t tick)
{
    if (!loop->unseen) {
        loop->look_began = tick;
        loop->unseen = (loop->backend.sources + 1) * WEIR_EVENTS_OF_SOURCE;
    }
    if (loop->unseen > WEIR_BATCH) {
        loop->unseen -= WEIR_BATCH;
    } else {
        loop->unseen = 0;
        loop->looked = loop->look_began;
    }
}

/* A batch has been taken from the kernel: all that had come by this tick. */
static WEIR_HOT_INLINE void note_look(weir_loop *loop, uint64_t tick)
{
    if (weir_backend_may_have_more(loop)) {
        looked_in_part(loop, tick);
    } else {
        loop->unseen = 0;
        loop->looked = tick;
    }
}

/* A look without a wait is work, not rest. */
static WEIR_COLD int measured_wait(weir_loop *loop, int limit)
{
    uint64_t began = sys_now();
    int result = weir_backend_wait(loop, limit);
    uint64_t now = sys_now();

    if (limit != 0 && now > began)
        loop->measures->waited += now - began;
    return result;
}

static WEIR_HOT_INLINE int wait(weir_loop *loop, int max_wait, bool unusual)
{
    uint64_t seen = loop->tick;
    int limit = wait_limit(loop);
    int result;

    if (max_wait >= 0 && (limit < 0 || limit > max_wait))
        limit = max_wait;
    if (limit > WEIR_MAX_WAIT)
        limit = WEIR_MAX_WAIT;
    result = unusual && is_measured(loop) ? measured_wait(loop, limit)
                                          : weir_backend_wait(loop, limit);
    /* A loop without timers has no use for the clock: it is read when somebody
     * asks. After a wait of 0 the reading before it is good. */
    if (weir_wheel_empty(&loop->wheel)) {
        loop->clock_old = true;
        return result;
    }
    if (limit != 0)
        weir_loop_read_clock(loop);
    /* By the clock as it is now more may have come: we may have waited for the
     * processor. What had come before the wait is told, and if nothing came,
     * what had by its end. (Which may have been early: kqueue has things to try
     * again. And a signal may have come before the look.) */
    if (!loop->batch_count)
        seen += (uint64_t)limit;
    if (seen > loop->tick)
        seen = loop->tick;
    if (result == 0)
        note_look(loop, seen);
    return result;
}

/* Those that are left became due since descriptors were looked at. */
static inline bool is_late(const weir_loop *loop)
{
    return !loop->stopped && !weir_list_empty(&loop->firing) &&
           !may_fire(loop, first_of(&loop->firing));
}

/* What has come in the meantime, before it is said that it has not. What fails
 * here is left to the wait, which comes soon. */
static WEIR_NOINLINE void look(weir_loop *loop)
{
    if (weir_backend_wait(loop, 0) == 0) {
        note_look(loop, loop->tick); /* the clock was read before */
        dispatch(loop);
    }
}

/* Whatever it does, a task posted, a timer started, the last watcher stopped,
 * is looked at after it. */
static WEIR_COLD void call_before_wait(weir_loop *loop)
{
    uint64_t began = is_measured(loop) ? sys_now() : 0;

    loop->before_wait(loop, loop->before_wait_data);
    if (began)
        measure_call(loop, &began);
    weir_called(loop);
}

/* Timers and tasks, then the next batch. */
static WEIR_HOT_INLINE int next_batch_of(weir_loop *loop, int max_wait,
                                         bool unusual)
{
    int budget = WEIR_TIMER_BUDGET;
    bool any = false;

    if (unusual && is_measured(loop))
        loop->measures->turns++;
    if (has_timers(loop)) {
        weir_loop_read_clock(loop);
        begin_firing(loop);
        any = fire_timers(loop, &budget, unusual);
        if (is_late(loop)) {
            look(loop);
            any |= fire_timers(loop, &budget, unusual);
        }
        end_firing(loop);
    }
    if (loop->stopped)
        return 0;
    if (has_tasks(loop))
        any |= run_tasks(loop);
    if (unusual && loop->before_wait && !loop->stopped) {
        call_before_wait(loop);
        any = true;
    }
    if (loop->stopped || (max_wait < 0 && !loop->alive))
        return 0;
    /* Who embeds the loop was woken by a descriptor. If that is an unreferenced
     * watcher's it must be told even though nothing is alive, or the wake-up
     * comes again at once. */
    if (!loop->alive)
        max_wait = 0;
    /* By an old clock it would sleep past a timer that is due. */
    if (any && has_timers(loop))
        weir_loop_read_clock(loop);
    return wait(loop, max_wait, unusual);
}

static WEIR_HOT WEIR_NOINLINE int next_batch(weir_loop *loop, int max_wait)
{
    return next_batch_of(loop, max_wait, false);
}

static WEIR_COLD int next_batch_unusual(weir_loop *loop, int max_wait)
{
    return next_batch_of(loop, max_wait, true);
}

static WEIR_HOT_INLINE int turn(weir_loop *loop, int max_wait)
{
    int result = 0;

    loop->turns++;
    if (loop->batch_next < loop->batch_count) {
        /* A batch that a stop cut short comes first: it became ready first. */
        loop->clock_old = true; /* time has passed since the stop */
        if (has_timers(loop))
            weir_loop_read_clock(loop);
    } else if (loop->unusual & (WEIR_BEFORE_WAIT | WEIR_MEASURED)) {
        result = next_batch_unusual(loop, max_wait);
    } else if (max_wait < 0 && loop->alive && !has_tasks(loop) &&
               !has_timers(loop)) {
        /* What next_batch() comes to for a loop of descriptors alone. */
        loop->clock_old = true;
        result = weir_backend_wait(loop, -1);
    } else {
        result = next_batch(loop, max_wait);
    }
    dispatch(loop);
    return result == -EINTR ? 0 : result;
}

static WEIR_HOT int begin_run(weir_loop *loop)
{
    if (weir_loop_inherited(loop))
        return -EBADF;
    if (loop->running)
        return -EBUSY;
    loop->running = true;
    loop->outer = innermost;
    innermost = loop;
    return 0;
}

static WEIR_HOT void end_run(weir_loop *loop)
{
    innermost = loop->outer;
    loop->running = loop->stopped = loop->left = false;
}

WEIR_HOT int weir_loop_run(weir_loop *loop)
{
    int result = begin_run(loop);

    if (result < 0)
        return result;
    while (!loop->stopped && loop->alive > 0 && result >= 0)
        result = turn(loop, -1);
    end_run(loop);
    return result;
}

int weir_loop_run_once(weir_loop *loop, int max_wait)
{
    int result = begin_run(loop);

    if (result < 0)
        return result;
    if (!loop->stopped)
        result = turn(loop, max_wait);
    end_run(loop);
    return result < 0 ? result : weir_loop_alive(loop);
}

void weir_loops_end_in_child(void)
{
    for (weir_loop *loop = innermost; loop; loop = loop->outer) {
        loop->stopped = loop->left = true;
        loop->batch_next = loop->batch_count = 0;
    }
}

void weir_loop_stop(weir_loop *loop)
{
    loop->stopped = true;
}

bool weir_loop_alive(const weir_loop *loop)
{
    return loop->alive > 0;
}

/* ------------------------------------------------------- clock, accessors */

WEIR_HOT void weir_loop_read_clock(weir_loop *loop)
{
    uint64_t now = sys_now();

    /* Monotonic clocks have gone back, by errors of kernels and hypervisors.
     * Then time stands still here until it is made up for. */
    if (now > loop->now)
        loop->now = now;
    loop->clock_old = false;
    if (loop->now >= loop->tick_end) {
        loop->tick = loop->now / NS_PER_TICK;
        loop->tick_up = (loop->now + NS_PER_TICK - 1) / NS_PER_TICK;
        loop->tick_end = loop->tick_up * NS_PER_TICK;
    }
    if (loop->fresh_count)
        weir_timers_settle(loop);
}

uint64_t weir_loop_now(const weir_loop *loop)
{
    /* To the user the cache is no state: a loop is never a const object. */
    if (loop->clock_old)
        weir_loop_read_clock((weir_loop *)loop);
    return loop->tick;
}

uint64_t weir_loop_update_now(weir_loop *loop)
{
    weir_loop_read_clock(loop);
    return loop->tick;
}

int weir_loop_fd(const weir_loop *loop)
{
    return loop->backend.fd;
}

int weir_loop_timeout(weir_loop *loop)
{
    if (loop->batch_next < loop->batch_count)
        return 0;
    weir_loop_read_clock(loop);
    return wait_limit(loop);
}

const char *weir_loop_backend(const weir_loop *loop)
{
    (void)loop;
    return weir_backend_name;
}

static void set_unusual(weir_loop *loop, uint8_t bit, bool on)
{
    loop->unusual &= (uint8_t)~bit;
    if (on)
        loop->unusual |= bit;
}

void weir_loop_set_before_wait(weir_loop *loop, weir_before_wait_cb *cb,
                               void *data)
{
    loop->before_wait = cb;
    loop->before_wait_data = data;
    set_unusual(loop, WEIR_BEFORE_WAIT, cb);
}

void weir_loop_measure(weir_loop *loop, weir_loop_measures *measures)
{
    loop->measures = measures;
    set_unusual(loop, WEIR_MEASURED, measures);
}

void weir_loop_set_surround(weir_loop *loop, weir_surround_cb *cb, void *data)
{
    set_unusual(loop, WEIR_SURROUNDED, cb);
    loop->surround = cb;
    loop->surround_data = data;
}

void weir_loop_set_data(weir_loop *loop, void *data)
{
    loop->data = data;
}

void *weir_loop_data(const weir_loop *loop)
{
    return loop->data;
}

/* ---------------------------------------------------- sources, references */

void weir_source_remove(weir_loop *loop, struct weir_source *source)
{
    weir_source_retire(loop, source);
    for (unsigned i = loop->batch_next; i < loop->batch_count; i++)
        if (loop->backend.batch[i].WEIR_READY_SOURCE == source)
            loop->backend.batch[i].WEIR_READY_SOURCE = NULL;
}

void weir_flags_ref(weir_loop *loop, uint8_t *flags)
{
    if (*flags & WEIR_UNREF && *flags & WEIR_ACTIVE)
        loop->alive++;
    *flags &= (uint8_t)~WEIR_UNREF;
}

void weir_flags_unref(weir_loop *loop, uint8_t *flags)
{
    if (!(*flags & WEIR_UNREF) && *flags & WEIR_ACTIVE)
        loop->alive--;
    *flags |= WEIR_UNREF;
}
