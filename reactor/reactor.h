/*
 * weir/reactor.h - one thread, one loop, many descriptors
 *
 * A loop waits for descriptors, timers, signals, deferred tasks and wake-ups
 * from other threads, and calls you back. This is the first chapter of the
 * manual and reads from top to bottom: what holds everywhere, errors, memory,
 * the loop, then the five things a loop can watch. The second is net.h, with
 * sockets; what only language runtimes want of a loop is in runtime.h. How the
 * parts play together is told in docs/guide.md.
 *
 * A program that needs only this header links `build/libweir.a` and `-pthread`,
 * and not c-ares; net/examples/meter.c is one.
 */
#ifndef WEIR_REACTOR_H
#define WEIR_REACTOR_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Marks what a shared library shows. Programs have no use for it. */
#if defined(__GNUC__)
#define WEIR_API __attribute__((visibility("default")))
#else
#define WEIR_API
#endif

/* ---------------------------------------------- rules that hold everywhere */

/*
 * - Results. A function that can fail gives 0, or a positive count, or a
 *   negative errno such as -EADDRINUSE, of which weir_error_name() and
 *   weir_error_text() tell what it means.
 * - No callback from inside the call that caused it, be it a timer of 0 ms, a
 *   task, a send or a start: it comes from weir_loop_run() or
 *   weir_loop_run_once(), later. Only weir_loop_destroy() tells the last
 *   events itself.
 * - A callback may do anything but run or destroy its loop (-EBUSY): stop or
 *   free its own watcher, or another one whose event is in the same batch,
 *   start a timer of 0 ms, stop the loop.
 * - After a stop there is no callback. When weir_timer_stop(),
 *   weir_task_cancel(), weir_io_stop(), weir_async_stop() or
 *   weir_signal_stop() has returned, the struct may be freed or used anew.
 * - One thread. A loop and all that belongs to it is used from one thread at a
 *   time; weir_async_send() is the only call that others may make. Loops share
 *   nothing but the allocator and the table of signals, which has a lock:
 *   several threads may each run a loop of their own.
 * - Nothing is allocated. Timers, tasks, watchers, asyncs and signals are
 *   structs that you embed in your own, and no call on them allocates memory
 *   but weir_io_start(), by which tables of the loop may grow (with kqueue,
 *   and for regular files). Their members are private, except `data`, which is
 *   yours and which weir never touches, and `loop`, which you may read. Each
 *   has an `init`, which keeps `data` and clears the rest. Do not call it for
 *   a struct that is started, and do not move or copy one that is: the loop
 *   has pointers into it.
 * - Alive and referenced. Whatever is started keeps weir_loop_run() going:
 *   timers, posted tasks, watchers, asyncs, signals, and what net.h adds.
 *   `unref` of each ends that and `ref` brings it back, before the start or
 *   after it, any number of times: it is a switch, not a count. What is
 *   unreferenced is served all the same while something else keeps the loop
 *   going.
 * - NULL. Calls that prepare something and give an `int` check for it. A
 *   function that has no way to return an error does not.
 *
 * One turn of the loop:
 *
 *     +-> read the clock -> due timers -> deferred tasks -+
 *     |                                                   |
 *     +-- dispatch the batch <- read the clock <- wait <--+
 *
 * Each phase works on what was there when it began. A timer of 0 ms that starts
 * itself again, or a task that posts itself again, comes round once a turn and
 * cannot keep descriptors waiting. Timers that became due since descriptors
 * were last looked at come after another look: data that has arrived is told
 * before the time-out that it was to prevent.
 */

/* ---------------------------------------------------------------- version */

/* The version of the header: a string, and its three numbers for #if. */
#define WEIR_VERSION       "0.1.0"
#define WEIR_VERSION_MAJOR 0
#define WEIR_VERSION_MINOR 1
#define WEIR_VERSION_PATCH 0

/* The version of the library that is linked, such as `"0.1.0"`. A shared
 * library may be newer than the WEIR_VERSION that the program was compiled
 * with. Static storage; from any thread. */
WEIR_API const char *weir_version(void);

/* ----------------------------------------------------------------- errors */

/* How looking up a name can fail, for which errno has no numbers. These are
 * outside of every system's errno range, and negative like the others. What
 * weir_error_name() gives is the same without `WEIR_`. */
enum {
    WEIR_ENOTFOUND = -3001,   /* the name does not exist (NXDOMAIN) */
    WEIR_ENODATA = -3002,     /* the name exists, but has no address of the
                                 family asked for */
    WEIR_EDNSTIMEOUT = -3003, /* no name server answered in time */
    WEIR_ESERVFAIL = -3004,   /* the name server failed, or did not understand
                                 the question */
    WEIR_EREFUSED = -3005,    /* the name server refuses to answer */
    WEIR_EBADNAME = -3006,    /* not a host name: an empty label, one of more
                                 than 63 bytes, a character that no host name
                                 has */
    WEIR_EBADRESP = -3007,    /* the name server's answer makes no sense */
    WEIR_ENOSERVER = -3008    /* there is no name server to ask, or none could
                                 be reached */
};

/* The symbolic name of an error: `"EADDRINUSE"`, `"ENOTFOUND"`. `"OK"` for 0
 * and above, so that a result can be passed as it came; `"UNKNOWN"` for a
 * negative number without a name. Never NULL; static storage; from any thread.
 */
WEIR_API const char *weir_error_name(int error);

/* A text for people, such as `"address already in use"`: weir's own, the same
 * on every system and in every locale. Never NULL; static storage; from any
 * thread. For a socket weir_socket_error_text() names the call and the address
 * as well. */
WEIR_API const char *weir_error_text(int error);

/*
 * For examples and short programs: ends the program when a call fails.
 *
 * If the expression is negative, prints `file:line: expression: NAME: text` to
 * stderr and calls `exit(1)`; otherwise gives its value. A server that must
 * stay up does not use it after its start.
 *
 *     weir_check(weir_loop_create(&loop));
 *     alive = weir_check(weir_loop_run_once(loop, 0));
 */
#define weir_check(expression)                                                 \
    weir_check_result((expression), #expression, __FILE__, __LINE__)
WEIR_API int weir_check_result(int result, const char *expression,
                               const char *file, int line);

/* ----------------------------------------------------------------- memory */

/*
 * Where all memory of weir comes from: malloc(), realloc() and free() with a
 * pointer of yours in front.
 *
 * Each is called from every thread that runs a loop, and needs a lock of its
 * own where there are several. NULL as an answer is an error like any other:
 * the call that needed the memory gives -ENOMEM, and nothing is lost.
 */
typedef struct weir_allocator {
    /* `size` bytes, aligned as malloc() does it, or NULL. */
    void *(*allocate)(void *context, size_t size);
    /* `memory` may be NULL; it is as it was after NULL as the answer. */
    void *(*reallocate)(void *context, void *memory, size_t size);
    /* `memory` is never NULL. */
    void (*release)(void *context, void *memory);
    void *context; /* passed to all three */
} weir_allocator;

/*
 * Replaces the allocator, of which a copy is made; NULL brings back malloc().
 *
 * Call it before the first loop is created, and not again while there is one:
 * memory is given back to the allocator in force at that time. c-ares uses it
 * too if it is set before the first lookup, and has one for the whole process,
 * which a program that uses c-ares for itself should know.
 *
 * -EINVAL when one of the three functions is missing; nothing changes then.
 */
WEIR_API int weir_set_allocator(const weir_allocator *allocator);

/* --------------------------------------------------------------- the loop */

/* A loop. Opaque. */
typedef struct weir_loop weir_loop;

/*
 * Creates a loop with its descriptors, which are close-on-exec: an epoll set
 * and an eventfd, or a kqueue, and a pipe where that has no EVFILT_USER (before
 * OpenBSD 7.8 and NetBSD 10).
 *
 * The caller owns it until weir_loop_destroy(). -EINVAL when `loop` is NULL,
 * -EMFILE and -ENFILE when descriptors have run out, -ENOMEM. After an error
 * `*loop` is NULL.
 */
WEIR_API int weir_loop_create(weir_loop **loop);

/*
 * Closes everything that the loop still owns, then the loop. NULL is allowed.
 *
 * - Sockets of net.h get the callbacks of their unfinished writes and their
 *   `close`, servers their `close`, lookups their callback, with ECANCELED
 *   where something was left undone: all from inside of this call. In these
 *   callbacks no socket, server or lookup begins any more (-ECANCELED): a
 *   client that connects anew in its `close` would have no end.
 * - Timers, tasks and watchers that are still started are forgotten, without a
 *   callback, signals also by the process's handler. Do not touch them
 *   afterwards with any call but their `init`.
 * - No thread may send to an async of this loop any more: that would reach into
 *   a loop that is gone.
 *
 * -EBUSY, and nothing happens, from inside of a run, and in a forked child if
 * another thread was running the loop. All that holds there stands under
 * "fork", below.
 */
WEIR_API int weir_loop_destroy(weir_loop *loop);

/*
 * Runs until nothing alive and referenced is left, or until weir_loop_stop().
 *
 * It may be called again; what a stop left undone comes first. 0 at the end. A
 * negative errno if waiting failed: usually somebody else has closed the loop's
 * descriptor. -EBUSY when the loop is running already, or being destroyed;
 * -EBADF in a forked child whose parent's it is.
 */
WEIR_API int weir_loop_run(weir_loop *loop);

/*
 * One turn: due timers, deferred tasks, one wait, then what became ready.
 *
 * `max_wait` is in ms: 0 does not wait, -1 waits as long as it takes. It waits
 * less when a timer or a task is due earlier, and not at all when nothing
 * referenced is alive. A wake-up without an event is possible: do not count
 * turns.
 *
 * 1 when something referenced is still alive, 0 when nothing is, or a negative
 * errno as of weir_loop_run(). A program that draws every 100 ms at least:
 *
 *     while (weir_loop_run_once(loop, 100) == 1)
 *         draw_frame();
 */
WEIR_API int weir_loop_run_once(weir_loop *loop, int max_wait);

/*
 * Ends the run, before the next timer, task, async or descriptor.
 *
 * The one that is being served is served to its end: a socket of net.h that has
 * much to read may be told a few more `data`. What had become ready and was not
 * told is told by the next run: nothing is lost. Outside of a run, the next
 * weir_loop_run() or weir_loop_run_once() returns at once and does nothing.
 * From another thread use an async whose callback stops the loop.
 */
WEIR_API void weir_loop_stop(weir_loop *loop);

/* True while something alive and referenced keeps weir_loop_run() going. */
WEIR_API bool weir_loop_alive(const weir_loop *loop);

/*
 * The loop's cached clock in ms, and the same read anew.
 *
 * Monotonic from an arbitrary start, rounded down to whole ms; it never goes
 * back. It is read in every turn, after waiting and before timers are looked
 * at, and when a callback has started timers; in a loop without timers, when it
 * is first asked for after a wait. So a callback that has been computing for
 * long sees an old time: weir_loop_update_now() reads the clock (30 ns or so).
 */
WEIR_API uint64_t weir_loop_now(const weir_loop *loop);
WEIR_API uint64_t weir_loop_update_now(weir_loop *loop);

/*
 * For embedding in another event loop: the descriptor to wait for there, and
 * for how long at most, in ms (-1: no limit). Then weir_loop_run_once() with 0.
 *
 *     struct pollfd p = { .fd = weir_loop_fd(loop), .events = POLLIN };
 *
 *     poll(&p, 1, weir_loop_timeout(loop));
 *     weir_loop_run_once(loop, 0);
 *
 * - The descriptor is readable when something became ready. Do not read from
 *   it, close it or change it. Where the other loop is edge-triggered, call
 *   weir_loop_run_once() until it is no longer readable: one turn takes at most
 *   1,024 events.
 * - The timeout is 0 when a task is posted, a timer is due or a stop left
 *   something undone, and at most 30 minutes for a timer; then ask again. Ask
 *   before each wait: whatever was called since may have changed it. It reads
 *   the clock, and does not look at weir_loop_alive().
 *
 * A whole program is in docs/guide.md#embedding-in-another-event-loop.
 */
WEIR_API int weir_loop_fd(const weir_loop *loop);
WEIR_API int weir_loop_timeout(weir_loop *loop);

/*
 * A callback of each turn, when timers and tasks have been run and before the
 * loop looks at descriptors, whether or not it will wait for them: for work
 * that is gathered during a turn and done at once.
 *
 * - One to a loop, to be set at any time; NULL, the default: none.
 * - It may do anything. A task that it posts is run without a wait, a timer
 *   that it starts limits the wait, weir_loop_stop() ends the run before it,
 *   and if nothing alive is left the run ends.
 * - It does not keep the loop alive. It is not called in a turn that
 *   weir_loop_stop() has ended before, nor in one that only tells what a stop
 *   left.
 * - Where the loop is embedded it is called by weir_loop_run_once(), before the
 *   descriptors: what their callbacks gather is for a task, by which
 *   weir_loop_timeout() is 0.
 */
typedef void weir_before_wait_cb(weir_loop *loop, void *data);
WEIR_API void weir_loop_set_before_wait(weir_loop *loop,
                                        weir_before_wait_cb *cb, void *data);

/*
 * How a loop spends its time, in ns.
 *
 * The loop adds to what `measures` points to, from the next phase of its turn
 * on, until it is called with NULL (the default) or the loop is gone. The
 * struct is yours: to be read, and set to zero, at any time on the loop's
 * thread. What of the time between two readings was not waited was worked, or
 * the loop was not run. Costs a reading of the clock (some 30 ns) for each
 * callback; nothing when it is off.
 *
 *     static weir_loop_measures spent;
 *
 *     static void each_second(weir_timer *timer)
 *     {
 *         printf("idle %.0f %%, longest callback %.1f ms\n",
 *                (double)spent.waited / 1e7, (double)spent.longest / 1e6);
 *         spent = (weir_loop_measures){ 0 };
 *     }
 *
 *     weir_loop_measure(loop, &spent);
 */
typedef struct weir_loop_measures {
    uint64_t turns;   /* how often the loop has gone round */
    uint64_t waited;  /* for descriptors and timers, in the kernel */
    uint64_t longest; /* of the callbacks: of one timer, one task, the one of
                         before the wait, or all that one descriptor had to
                         tell (a socket's events of that moment; all asyncs
                         that were sent). So long everybody else had to wait */
} weir_loop_measures;
WEIR_API void weir_loop_measure(weir_loop *loop, weir_loop_measures *measures);

/* `"epoll"` or `"kqueue"`: which one was chosen when the library was compiled.
 */
WEIR_API const char *weir_loop_backend(const weir_loop *loop);

/* A pointer of yours. NULL at first; weir does not touch it. */
WEIR_API void weir_loop_set_data(weir_loop *loop, void *data);
WEIR_API void *weir_loop_data(const weir_loop *loop);

/* -------------------------------------------------------- private to weir */

/* What the structs below are made of. Not part of the interface. */

struct weir_link {
    struct weir_link *next, *prev; /* next NULL: in no list */
};

struct weir_wheel_node {
    void (*fire)(weir_loop *loop, struct weir_wheel_node *node);
    struct weir_link link;
    uint64_t deadline; /* in ticks of 1 ms */
};

struct weir_deferred {
    struct weir_link link;
    void (*run)(weir_loop *loop, struct weir_deferred *deferred);
};

struct weir_source {
    void (*ready)(weir_loop *loop, struct weir_source *source, unsigned events);
    int fd;
    uint32_t unread; /* kqueue's: bytes that it has told of */
};

/* ----------------------------------------------------------------- timers */

/*
 * A timer fires once after a delay, or again and again.
 *
 * - Starting, stopping and re-arming are O(1) at any number of timers.
 * - It never fires early: deadlines are whole ms, rounded up, and counted from
 *   a clock that is read after the start.
 * - Timers with equal deadlines fire in the order in which they were started
 *   with weir_timer_start(); those of weir_timer_start_at() may go before them.
 * - At most 1,024 timers fire in one turn. What is left fires in the next,
 *   after the descriptors had theirs.
 */
typedef struct weir_timer weir_timer;

/* Called when a timer fires. One that fires once is no longer running then, a
 * repeating one is. Both may be started, stopped or freed in it. */
typedef void weir_timer_cb(weir_timer *timer);

/* A timer, to be embedded in a struct of yours. */
struct weir_timer {
    /* private */
    /* What starting and stopping touch lies together, in one line of the cache
     * wherever the array or the object around it begins. */
    struct weir_wheel_node node;
    weir_loop *loop;
    uint64_t period : 48; /* ms, of one that repeats */
    uint64_t fresh : 8;   /* its place among those just started */
    uint8_t flags;
    weir_timer_cb *cb;
    /* public */
    void *data; /* yours */
};

/* Prepares a timer, which is not running. -EINVAL when a pointer is NULL. */
WEIR_API int weir_timer_init(weir_timer *timer, weir_loop *loop,
                             weir_timer_cb *cb);

/*
 * Fires once, `delay` ms after the callback that starts it has returned;
 * outside of a run, after the next one has begun.
 *
 * - If the clock is read before that, it counts from there: by
 *   weir_loop_update_now(), weir_loop_timeout(), weir_socket_set_timeout(), or
 *   because 128 more timers are started.
 * - The time that the callback goes on computing after the start comes on top.
 *   Where that matters use weir_timer_start_at().
 * - 0: in the next turn, without waiting, but behind the timers that were due
 *   before it was started.
 * - Started while it runs it is re-armed; a repeating timer becomes one that
 *   fires once.
 * - Any 64-bit delay is good. One that would overflow the clock never fires,
 *   but keeps the loop alive.
 */
WEIR_API void weir_timer_start(weir_timer *timer, uint64_t delay);

/*
 * Fires once, when the loop's clock has reached `when`, in ms as
 * weir_loop_now() gives them; in the next turn when that is in the past.
 *
 * For a callback that goes on computing after the start, or for a deadline that
 * was fixed earlier. The clock is rounded down, and may be old:
 * weir_timer_start_at(t, weir_loop_update_now(loop) + 10) fires between 9 and
 * 10 ms from now, or later.
 */
WEIR_API void weir_timer_start_at(weir_timer *timer, uint64_t when);

/* Fires every `period` ms, the first time after one. The beat is kept: a
 * callback that comes late does not move the next one, and beats that were
 * missed altogether are skipped, not made up for. -EINVAL when `period` is 0:
 * the timer is as it was. */
WEIR_API int weir_timer_start_repeating(weir_timer *timer, uint64_t period);

/* No callback after this. Harmless on a timer that is not running. */
WEIR_API void weir_timer_stop(weir_timer *timer);

/* True from the start until it fires; of a repeating one until it is stopped.
 */
WEIR_API bool weir_timer_running(const weir_timer *timer);

/* Milliseconds until it fires, by the loop's cached clock: 0 when it is due or
 * not running, the whole delay while the callback that started it has not
 * returned. */
WEIR_API uint64_t weir_timer_remaining(const weir_timer *timer);

/* Whether the timer keeps weir_loop_run() going. It does at first; not to is
 * for timers that serve something else, such as statistics once a minute. */
WEIR_API void weir_timer_ref(weir_timer *timer);
WEIR_API void weir_timer_unref(weir_timer *timer);

/* ------------------------------------------------------------------ tasks */

/*
 * A deferred task runs once, in the next task phase: after the timers, before
 * waiting.
 *
 * - Tasks run in the order in which they were posted.
 * - Posted from a timer it still runs in this turn; from a task or a
 *   descriptor's callback, in the next.
 * - One that posts itself again runs once a turn, and descriptors get theirs in
 *   between. The loop does not sleep while a task is posted.
 */
typedef struct weir_task weir_task;

/* Called when the task runs. It is no longer posted then, and may be posted
 * again or freed. */
typedef void weir_task_cb(weir_task *task);

/* A task, to be embedded in a struct of yours. */
struct weir_task {
    void *data; /* yours */
    /* private */
    struct weir_deferred deferred;
    weir_loop *loop;
    weir_task_cb *cb;
    uint8_t flags;
};

/* Prepares a task, which is not posted. -EINVAL when a pointer is NULL. */
WEIR_API int weir_task_init(weir_task *task, weir_loop *loop, weir_task_cb *cb);

/* Posts the task. One that is posted already keeps its place and runs once. Not
 * for other threads: they have weir_async_send(). */
WEIR_API void weir_task_post(weir_task *task);

/* It will not run. Harmless on a task that is not posted. */
WEIR_API void weir_task_cancel(weir_task *task);

/* True from posting until it runs. */
WEIR_API bool weir_task_posted(const weir_task *task);

/* Whether the task, when posted, keeps weir_loop_run() going. It does at first.
 * Otherwise it still runs as long as something else does. */
WEIR_API void weir_task_ref(weir_task *task);
WEIR_API void weir_task_unref(weir_task *task);

/* ------------------------------------------------- watching a descriptor */

/*
 * Watches a descriptor that you own: a pipe, a socket, a terminal, the wake-up
 * descriptor of another library.
 *
 * - Level-triggered unless WEIR_EDGE is asked for: the callback comes again as
 *   long as the condition holds. A watcher of a peer that hung up is told again
 *   and again until it is stopped.
 * - Edge-triggered: told once per change. Read or write until EAGAIN; the
 *   descriptor should be non-blocking.
 * - Regular files count as always ready (epoll refuses them, and kqueue does
 *   not report their end). While one is watched the loop does not sleep; with
 *   WEIR_EDGE it does, and they are told once for each weir_io_start().
 * - weir neither reads nor closes the descriptor, and does not make it
 *   non-blocking. For a stream socket weir_socket_adopt() does all of it.
 */
typedef struct weir_io weir_io;

/*
 * What to watch for, and what a callback is told: bits of one number.
 *
 * WEIR_ERROR and WEIR_HANGUP come whether asked for or not: epoll_ctl(2) cannot
 * mask them. They are told together with those of WEIR_READABLE and
 * WEIR_WRITABLE that were asked for, so that a program which looks at these two
 * alone reads or writes, and learns of the error there.
 */
enum {
    WEIR_READABLE = 0x001,     /* reading does not block: data, a connection to
                                  accept, the end, an error */
    WEIR_WRITABLE = 0x004,     /* writing does not block */
    WEIR_ERROR = 0x008,        /* told only: an error is pending. Read SO_ERROR,
                                  or read or write and get it */
    WEIR_HANGUP = 0x010,       /* told only: both directions are over. By epoll;
                                  kqueue tells the two halves */
    WEIR_READ_HANGUP = 0x2000, /* told only, to those who asked for
                                  WEIR_READABLE: the peer will send no more.
                                  There may be data before that: read until 0 */
    WEIR_EDGE = 0x10000        /* asked only: edge-triggered */
};

/* Called with the bits that became true: of what was asked for, and the three
 * that are only told; never 0. It may change the interest, stop or free this
 * watcher or another one. */
typedef void weir_io_cb(weir_io *io, unsigned events);

/* A watcher, to be embedded in a struct of yours. */
struct weir_io {
    void *data; /* yours */
    /* private */
    struct weir_source source;
    struct weir_deferred always; /* its turn, when it is always ready */
    weir_loop *loop;
    weir_io_cb *cb;
    uint32_t interest;
    uint8_t flags;
};

/* Prepares a watcher for `fd`, which is not started. -EINVAL when a pointer is
 * NULL, -EBADF when `fd` is negative. */
WEIR_API int weir_io_init(weir_io *io, weir_loop *loop, int fd, weir_io_cb *cb);

/*
 * Starts watching, or changes what is watched for. `interest` is WEIR_READABLE,
 * WEIR_WRITABLE or both, with WEIR_EDGE where wanted.
 *
 * - -EINVAL for any other `interest`.
 * - -EEXIST when another watcher of this loop has the descriptor; dup() it.
 * - -EBADF when it is not an open descriptor, or the loop is the parent's of
 *   this forked process.
 * - -ENOSPC when the limit of `/proc/sys/fs/epoll/max_user_watches` is reached;
 *   -ENOMEM.
 * - What else epoll_ctl(2) or kevent(2) say: on macOS -EINVAL for some
 *   terminals. (FIFOs can be watched there, but their end is not told.)
 *
 * After an error of a first start it is not started; after an error of a change
 * the old interest holds. (kqueue may have to register it anew. If the system
 * has no memory even for that, it is tried again before each wait.)
 */
WEIR_API int weir_io_start(weir_io *io, unsigned interest);

/*
 * Stops watching. Harmless on a watcher that is not started.
 *
 * Always before close() of the descriptor. The kernel watches what is open, not
 * its number: if it was dup'ed or inherited by a child it would stay in the set
 * after close(), and the watcher would get events of a descriptor that is no
 * longer yours (epoll(7), question 6).
 */
WEIR_API void weir_io_stop(weir_io *io);

/* True between start and stop. */
WEIR_API bool weir_io_running(const weir_io *io);

/* The descriptor, as it was given. */
WEIR_API int weir_io_fd(const weir_io *io);

/* Whether the watcher keeps weir_loop_run() going. It does at first. Otherwise
 * it is told its events as long as the loop turns. */
WEIR_API void weir_io_ref(weir_io *io);
WEIR_API void weir_io_unref(weir_io *io);

/* --------------------------------------------- waking from other threads */

/*
 * What another thread, or a signal handler, uses to make a callback come on the
 * loop's thread.
 *
 * - Several sends before the callback are one callback; a send during the
 *   callback gives another one. So it says "look", and does not count: put what
 *   there is to say into a queue of yours with a lock of its own.
 * - What was written before the send is seen by the callback.
 * - Several asyncs that were sent are called in the order of their first send.
 */
typedef struct weir_async weir_async;

/* Called on the loop's thread after one or more sends. */
typedef void weir_async_cb(weir_async *async);

/* An async, to be embedded in a struct of yours. */
struct weir_async {
    void *data; /* yours */
    weir_loop *loop;
    /* private */
    weir_async_cb *cb;
    weir_async *next;      /* on the stack of those that were sent */
    struct weir_link link; /* in the loop's list of those taken from it */
    int pending;
    uint8_t flags;
};

/* Prepares an async, which is not started. -EINVAL when a pointer is NULL. */
WEIR_API int weir_async_init(weir_async *async, weir_loop *loop,
                             weir_async_cb *cb);

/* Listens for sends; keeps the loop alive unless unreferenced. It cannot fail:
 * the descriptor that wakes the loop exists since the loop does. Harmless when
 * started already. */
WEIR_API void weir_async_start(weir_async *async);

/* No callback after this, also for what was sent already. The other threads
 * must have been told before: a send during this call or after it is a data
 * race. Harmless when not started. */
WEIR_API void weir_async_stop(weir_async *async);

/* Asks for the callback. The only call that may come from any thread, and from
 * a signal handler, but only between start and stop. It leaves errno as it is,
 * and makes one system call at most, and only when the loop has not been woken
 * already. */
WEIR_API void weir_async_send(weir_async *async);

/* Whether the async, when started, keeps weir_loop_run() going. It does at
 * first: a loop that waits for threads should be kept alive by it; one that
 * only offers to be woken should not. */
WEIR_API void weir_async_ref(weir_async *async);
WEIR_API void weir_async_unref(weir_async *async);

/* ---------------------------------------------------------------- signals */

/*
 * A signal, told as an event of the loop.
 *
 * - The callback comes in a turn of the loop, not in the handler: anything may
 *   be done in it.
 * - Several watchers may watch one signal, also watchers of several loops. All
 *   are told, in no particular order.
 * - Signals that come faster than the loop turns are told once, as the kernel
 *   does itself. Those of the whole process are told whichever thread the
 *   kernel picks.
 * - The first watcher of a signal installs a handler (with SA_RESTART and
 *   SA_ONSTACK). The last one that stops puts back what was there before.
 */
typedef struct weir_signal weir_signal;

/* Called on the loop's thread, with the signal's number. */
typedef void weir_signal_cb(weir_signal *signal, int number);

/* A watcher of a signal, to be embedded in a struct of yours. */
struct weir_signal {
    void *data; /* yours */
    weir_loop *loop;
    /* private */
    weir_async async; /* its data too */
    weir_signal *next;
    weir_signal_cb *cb;
    int number; /* 0: not started */
};

/* Prepares a watcher, which is not started. -EINVAL when a pointer is NULL. */
WEIR_API int weir_signal_init(weir_signal *watcher, weir_loop *loop,
                              weir_signal_cb *cb);

/*
 * Watches for a signal; keeps the loop alive unless unreferenced.
 *
 * -EINVAL when it is not a signal, or one that cannot be caught (SIGKILL,
 * SIGSTOP); -EALREADY when started: stop it first, to watch for another one;
 * -EBADF when the loop is the parent's of this forked process.
 */
WEIR_API int weir_signal_start(weir_signal *watcher, int number);

/* No callback after this, also for a signal that has arrived. Harmless when not
 * started. */
WEIR_API void weir_signal_stop(weir_signal *watcher);

/* Whether the watcher keeps weir_loop_run() going. It does at first;
 * unreference it for Ctrl-C in a program that ends by itself. */
WEIR_API void weir_signal_ref(weir_signal *watcher);
WEIR_API void weir_signal_unref(weir_signal *watcher);

/* ------------------------------------------------------------------- fork */

/*
 * A child has copies of its parent's memory and descriptors, but the epoll set,
 * the eventfd and the connections are one for both. (A kqueue is not inherited
 * at all.) So of its parent's loop a child may call one thing:
 *
 * - weir_loop_destroy(): memory and the child's descriptors go, the callbacks
 *   that a destroyed loop makes come, and nothing reaches the parent: neither
 *   its set nor its connections (no FIN, no reset) nor the files of its UNIX
 *   servers. Stopping a watcher, timer or signal of that loop before is
 *   harmless.
 * - A child of a callback may return from it: the run ends there, and
 *   weir_loop_run() gives 0. Nothing of what was to follow is done in the
 *   child, be it that something else was ready or that the callback was one of
 *   several, or in the middle of reading, connecting or ending: no further
 *   callback, no byte read or sent, no FIN, no attempt. That is the parent's.
 * - A loop that another thread was running when it was forked cannot be
 *   destroyed in the child (-EBUSY): that thread was in the middle of
 *   something, which nobody will finish. It is left as it is, until exec() or
 *   _exit().
 * - Everything else is refused or does nothing: running it, watching a
 *   descriptor or a signal, listening, looking a name up and waiting for a
 *   socket are -EBADF, weir_async_send() wakes nobody. Do not write to, end or
 *   reset its sockets there: that reaches the peer.
 *
 * A child that runs on without exec() creates a loop of its own, and may watch
 * any signal: the handlers that weir had installed were taken away by fork(),
 * and what the program had in their place is back. It does not matter what
 * other threads were doing.
 *
 * A child keeps connections of its parent open as long as it has copies of
 * them: FIN and reset of the parent's weir_socket_end(), weir_socket_reset()
 * and of the half-open rule reach the peer all the same, and so do the limits
 * of weir_socket_close() and the end of an attempt to connect that is given up;
 * after weir_socket_destroy() a connection is the child's. So is a listening
 * socket after weir_server_close(), as it is wanted where children serve on:
 * the system goes on to queue connections until the child closes it.
 *
 * exec() needs no care: every descriptor of weir is close-on-exec, and
 * handlers are reset. vfork(), posix_spawn() and _Fork() are not noticed; their
 * children are to call exec() or _exit().
 */

/* ---------------------------------------------- errors and what they mean */

/*
 * What calls of this header give. Those of net.h are listed there.
 *
 * - -EALREADY: the watcher is started (weir_signal_start()).
 * - -EBADF: not an open descriptor (weir_io_init(), weir_io_start()); or the
 *   loop is the parent's of this forked process (weir_loop_run(),
 *   weir_loop_run_once(), weir_io_start(), weir_signal_start()).
 * - -EBUSY: called from inside of a run of the same loop (weir_loop_run(),
 *   weir_loop_run_once(), weir_loop_destroy()); or another thread was running
 *   the loop when this process was forked (weir_loop_destroy()).
 * - -EEXIST: another watcher of the loop has the descriptor (weir_io_start()).
 * - -EINVAL: a pointer that must not be NULL is (weir_loop_create(),
 *   weir_set_allocator(), every `init`); not a combination of events that can
 *   be watched for (weir_io_start()); a period of 0
 *   (weir_timer_start_repeating()); a signal that cannot be caught
 *   (weir_signal_start()).
 * - -EMFILE, -ENFILE: the process, or the system, is out of descriptors
 *   (weir_loop_create()).
 * - -ENOMEM: out of memory, the process or the kernel (weir_loop_create(),
 *   weir_io_start()).
 * - -ENOSPC: the kernel's limit of watched descriptors is reached
 *   (weir_io_start()).
 * - WEIR_ENOTFOUND to WEIR_ENOSERVER: a name could not be looked up (net.h).
 */

#ifdef __cplusplus
}
#endif

#endif
