/*
 * weir/reactor.h - one thread, one loop, many descriptors
 *
 * A loop waits for descriptors, timers, signals, deferred tasks and wake-ups
 * from other threads, and calls you back. This header is the first chapter of
 * the manual and reads from top to bottom: errors, memory, the loop, then the
 * five things a loop can watch.
 *
 * Four rules hold for everything below:
 *
 *   - Functions give 0 (or a positive count), or a negative errno such as
 *     -EADDRINUSE. weir_error_name() and weir_error_text() tell what it means.
 *   - No callback is ever called from inside the call that caused it.
 *   - A callback may do anything: stop or free its own watcher or another
 *     one's, start a timer of 0 ms, stop the loop. After weir_*_stop() returns
 *     there is no further callback and the struct may be freed at once.
 *   - A loop and all that belongs to it is used from one thread.
 *     weir_async_send() is the only exception.
 *
 * Timers, tasks, watchers and the rest are structs that you embed in your own:
 * no call on them allocates memory, but for weir_io_start(), by which tables of
 * the loop may grow. Their members are private, except `data`, which is yours
 * and which weir never touches, and `loop`, which you may read.
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

#if defined(__GNUC__)
#define WEIR_API __attribute__((visibility("default")))
#else
#define WEIR_API
#endif

#define WEIR_VERSION_MAJOR 0
#define WEIR_VERSION_MINOR 1
#define WEIR_VERSION_PATCH 0
#define WEIR_VERSION       "0.1.0"

/* The version of the library that is linked, which for a shared library may
 * be newer than the WEIR_VERSION that the program was compiled with. */
WEIR_API const char *weir_version(void);

/* ----------------------------------------------------------------- errors */

/*
 * Errors of the system are negative errno values. Looking up a name can fail
 * in ways that errno has no number for; those have a range of their own.
 */
enum {
    WEIR_ENOTFOUND = -3001,   /* the name does not exist */
    WEIR_ENODATA = -3002,     /* the name exists, but has no address */
    WEIR_EDNSTIMEOUT = -3003, /* no name server answered in time */
    WEIR_ESERVFAIL = -3004,   /* the name server failed */
    WEIR_EREFUSED = -3005,    /* the name server refuses to answer */
    WEIR_EBADNAME = -3006,    /* not a host name (empty label, too long, ...) */
    WEIR_EBADRESP = -3007,    /* the name server's answer makes no sense */
    WEIR_ENOSERVER = -3008    /* there is no name server to ask */
};

/* The symbolic name, such as "EADDRINUSE" or "ENOTFOUND"; "OK" for 0 and
 * above, "UNKNOWN" for a number without a name. Never NULL; static storage. */
WEIR_API const char *weir_error_name(int error);

/* A text for people, such as "address already in use". Never NULL; static
 * storage. */
WEIR_API const char *weir_error_text(int error);

/* For examples and short programs: if the expression is negative, prints
 * "file:line: expression: NAME: text" to stderr and exits with status 1.
 * Gives the expression's value otherwise. */
#define weir_check(expression)                                                 \
    weir_check_result((expression), #expression, __FILE__, __LINE__)

WEIR_API int weir_check_result(int result, const char *expression,
                               const char *file, int line);

/* ----------------------------------------------------------------- memory */

/*
 * Where all memory of weir comes from. The three functions are malloc(),
 * realloc() and free() with `context` in front; each may be called from any
 * thread that runs a loop, and may fail by returning NULL.
 */
typedef struct weir_allocator {
    void *(*allocate)(void *context, size_t size);
    void *(*reallocate)(void *context, void *memory, size_t size);
    void (*release)(void *context, void *memory);
    void *context;
} weir_allocator;

/* Replaces the allocator; NULL brings back malloc(). Call it before the first
 * loop is created, since memory is released by the allocator in force then.
 * -EINVAL when one of the three functions is missing. */
WEIR_API int weir_set_allocator(const weir_allocator *allocator);

/* ------------------------------------------------------------------- loop */

typedef struct weir_loop weir_loop;

/* Creates a loop with its descriptor (epoll or kqueue). The caller owns it.
 * -EMFILE, -ENFILE, -ENOMEM; *loop is NULL then. */
WEIR_API int weir_loop_create(weir_loop **loop);

/* Closes everything that the loop still owns (sockets, servers and lookups of
 * net.h get their last callbacks, with ECANCELED where something was left
 * undone), then the loop. Embedded watchers that were still started are
 * forgotten, without a callback. NULL is allowed. -EBUSY, and nothing
 * happens, when called from inside weir_loop_run().
 *
 * It is also all that a forked child may do with its parent's loop: its copies
 * of memory and descriptors go, its callbacks come, and the parent's loop and
 * connections do not notice. Running the loop there is -EBADF, and so is
 * watching a descriptor. A child of a callback may return from it: nothing of
 * what would follow is done there, and the run ends. One that another thread
 * was running stays -EBUSY: it was left in the middle of something. */
WEIR_API int weir_loop_destroy(weir_loop *loop);

/* Runs until nothing that is alive and referenced is left, or until
 * weir_loop_stop(). 0 at the end, a negative errno if waiting failed, -EBUSY
 * when the loop is running already, -EBADF in a forked child, whose parent's it
 * is. May be called again. */
WEIR_API int weir_loop_run(weir_loop *loop);

/* One turn: due timers, deferred tasks, one wait of at most `max_wait` ms (0:
 * do not wait, -1: as long as it takes), then what became ready. Timers that
 * became due since descriptors were last looked at come after another look:
 * data that has arrived is told before the time-out that it was to prevent.
 * 1 when something is still alive, 0 when not, or a negative errno. */
WEIR_API int weir_loop_run_once(weir_loop *loop, int max_wait);

/* Ends weir_loop_run() when the timer, task or descriptor that is being served
 * has been (a socket may tell what it has read in several events). What had
 * become ready and was not yet told is told by the next run: nothing is lost.
 * Outside of a run: the next run returns at once. */
WEIR_API void weir_loop_stop(weir_loop *loop);

/* True while something alive and referenced keeps weir_loop_run() going. */
WEIR_API bool weir_loop_alive(const weir_loop *loop);

/* The loop's cached clock in ms, monotonic from an arbitrary start. It is read
 * once a turn, after waiting, and for timers that were started;
 * weir_loop_update_now() reads it anew (about 30 ns) for a callback that has
 * been computing for long. */
WEIR_API uint64_t weir_loop_now(const weir_loop *loop);
WEIR_API uint64_t weir_loop_update_now(weir_loop *loop);

/*
 * Embedding in another event loop: wait there until weir_loop_fd() is
 * readable, for at most weir_loop_timeout() ms (-1: no limit), then call
 * weir_loop_run_once(loop, 0). Read the timeout again before each wait.
 */
WEIR_API int weir_loop_fd(const weir_loop *loop);
WEIR_API int weir_loop_timeout(weir_loop *loop);

/* Called once in each turn, when timers and tasks have been run and before the
 * loop looks at descriptors, whether or not it will wait for them. For work
 * that is gathered during a turn and done at once. It may do anything: what it
 * posts is run without a wait, what it starts limits the wait, and if it leaves
 * nothing alive the run ends. It does not keep the loop alive. Where the loop
 * is embedded it is called in weir_loop_run_once(), before the descriptors:
 * what their callbacks gather is for a task. */
typedef void weir_before_wait_cb(weir_loop *loop, void *data);

/* One to a loop; NULL: none (default). At any time. */
WEIR_API void weir_loop_set_before_wait(weir_loop *loop,
                                        weir_before_wait_cb *cb, void *data);

/* How a loop spends its time, in ns. */
typedef struct weir_loop_measures {
    uint64_t turns;
    uint64_t waited;  /* for descriptors and timers, in the kernel */
    uint64_t longest; /* of the callbacks: of one timer, one task, or all that
                         one descriptor had to tell (a socket's events of that
                         moment; all weir_async that were sent) */
} weir_loop_measures;

/* Has the loop add to these from the next phase of its turn on, until it is
 * called with NULL (default) or the loop is gone: they are yours, to be read
 * and set to zero at any time on the loop's thread. What the time between two
 * readings was not waited was worked. Costs a reading of the clock (some 30 ns)
 * for each callback; nothing when it is off. */
WEIR_API void weir_loop_measure(weir_loop *loop, weir_loop_measures *measures);

/* "epoll" or "kqueue". */
WEIR_API const char *weir_loop_backend(const weir_loop *loop);

/* A pointer of yours. */
WEIR_API void weir_loop_set_data(weir_loop *loop, void *data);
WEIR_API void *weir_loop_data(const weir_loop *loop);

/* ------------------------------------------------------ private to weir */

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
 * A timer fires once after a delay, or again and again. Starting, stopping
 * and re-arming are O(1) at any number of timers. A timer never fires early:
 * not by the rounding of a clock, not because the loop's clock was old when
 * the timer was started. Timers with equal deadlines fire in the order in
 * which they were started (with weir_timer_start(); weir_timer_start_at() may
 * go before them).
 *
 * At most 1,024 timers fire in one turn; what is left fires in the next, after
 * the descriptors had theirs.
 */
typedef struct weir_timer weir_timer;
typedef void weir_timer_cb(weir_timer *timer);

/* What starting and stopping touch lies together, in one line of the cache
 * wherever the array or the object around it begins. */
struct weir_timer {
    struct weir_wheel_node node;
    weir_loop *loop;
    uint64_t period : 48; /* ms, of one that repeats */
    uint64_t fresh : 8;   /* its place among those just started */
    uint8_t flags;
    weir_timer_cb *cb;
    void *data; /* yours */
};

/* Prepares a timer. -EINVAL when timer, loop or cb is NULL. */
WEIR_API int weir_timer_init(weir_timer *timer, weir_loop *loop,
                             weir_timer_cb *cb);

/* Fires once, when `delay` ms have passed since the callback that starts it has
 * returned, or has read the clock anew after that (weir_loop_update_now(),
 * weir_socket_set_timeout(), starting 128 more); outside of a run: since the
 * next one began. 0 means in the next turn, without waiting, but behind the
 * timers that were due before it was started. Started again
 * while running it is re-armed. Any 64-bit delay is good: one that would
 * overflow the clock never fires. */
WEIR_API void weir_timer_start(weir_timer *timer, uint64_t delay);

/* Fires once, when the loop's clock has reached `when`, in ms as
 * weir_loop_now() gives them: for a callback that goes on computing after the
 * start, or for a deadline that was fixed earlier. In the past: next turn. */
WEIR_API void weir_timer_start_at(weir_timer *timer, uint64_t when);

/* Fires every `period` ms. The beat is kept however late a callback comes:
 * beats that were missed altogether are skipped, not made up for.
 * -EINVAL when period is 0. */
WEIR_API int weir_timer_start_repeating(weir_timer *timer, uint64_t period);

/* No callback after this. Harmless on a timer that is not running. */
WEIR_API void weir_timer_stop(weir_timer *timer);

WEIR_API bool weir_timer_running(const weir_timer *timer);

/* Milliseconds until it fires by the loop's cached clock; 0 when it is due or
 * not running. */
WEIR_API uint64_t weir_timer_remaining(const weir_timer *timer);

/* An unreferenced timer does not keep weir_loop_run() going. */
WEIR_API void weir_timer_ref(weir_timer *timer);
WEIR_API void weir_timer_unref(weir_timer *timer);

/* ------------------------------------------------------------------ tasks */

/*
 * A deferred task runs once, in the next task phase: after the timers, before
 * waiting. Tasks run in the order in which they were posted. One that
 * posts itself again runs again next turn; descriptors get theirs in between.
 */
typedef struct weir_task weir_task;
typedef void weir_task_cb(weir_task *task);

struct weir_task {
    void *data; /* yours */
    struct weir_deferred deferred;
    weir_loop *loop;
    weir_task_cb *cb;
    uint8_t flags;
};

/* -EINVAL when an argument is NULL. */
WEIR_API int weir_task_init(weir_task *task, weir_loop *loop, weir_task_cb *cb);

/* Harmless on a task that is already posted: it keeps its place. */
WEIR_API void weir_task_post(weir_task *task);

/* Harmless on a task that is not posted. */
WEIR_API void weir_task_cancel(weir_task *task);

WEIR_API bool weir_task_posted(const weir_task *task);

/* An unreferenced task does not keep weir_loop_run() going (it still runs as
 * long as something else does). */
WEIR_API void weir_task_ref(weir_task *task);
WEIR_API void weir_task_unref(weir_task *task);

/* ------------------------------------------------- watching a descriptor */

/* What to watch for, and what a callback is told. */
enum {
    WEIR_READABLE = 0x001,
    WEIR_WRITABLE = 0x004,
    WEIR_ERROR = 0x008,        /* told only: read SO_ERROR, or just use it */
    WEIR_HANGUP = 0x010,       /* told only: both directions are over */
    WEIR_READ_HANGUP = 0x2000, /* told only: the peer will send no more */
    WEIR_EDGE = 0x10000        /* asked only: edge-triggered */
};

/*
 * Watches a descriptor that you own: a pipe, a socket, a terminal, another
 * library's wake-up descriptor. Level-triggered unless WEIR_EDGE is asked for:
 * the callback comes again as long as the condition holds. Regular files,
 * which epoll does not take, count as always ready: with WEIR_EDGE they are
 * told once for each weir_io_start().
 *
 * WEIR_ERROR and WEIR_HANGUP come whether asked for or not; they are always
 * told together with WEIR_READABLE or WEIR_WRITABLE where those were asked
 * for, so that a program which looks only at these two reads or writes, and
 * learns of the error there. A level-triggered watcher of a peer that hung up
 * is told again and again until it is stopped.
 */
typedef struct weir_io weir_io;
typedef void weir_io_cb(weir_io *io, unsigned events);

struct weir_io {
    void *data; /* yours */
    struct weir_source source;
    struct weir_deferred always; /* its turn, when it is always ready */
    weir_loop *loop;
    weir_io_cb *cb;
    uint32_t interest;
    uint8_t flags;
};

/* -EINVAL when a pointer is NULL, -EBADF when fd is negative. */
WEIR_API int weir_io_init(weir_io *io, weir_loop *loop, int fd, weir_io_cb *cb);

/* Starts watching, or changes what is watched for. `interest` is
 * WEIR_READABLE, WEIR_WRITABLE or both, with WEIR_EDGE where wanted.
 * -EINVAL for anything else; -EEXIST when another watcher of this loop has the
 * same descriptor (dup() it); -EBADF; -ENOMEM; -ENOSPC
 * (/proc/sys/fs/epoll/max_user_watches). After an error of a first start the
 * watcher is not started; after an error of a change the old interest holds. */
WEIR_API int weir_io_start(weir_io *io, unsigned interest);

/* Stops watching. Always before close() of the descriptor: one that was
 * dup'ed or inherited would otherwise stay in the kernel's set for ever. */
WEIR_API void weir_io_stop(weir_io *io);

WEIR_API bool weir_io_running(const weir_io *io);
WEIR_API int weir_io_fd(const weir_io *io);
WEIR_API void weir_io_ref(weir_io *io);
WEIR_API void weir_io_unref(weir_io *io);

/* --------------------------------------------- waking from other threads */

/*
 * weir_async_send() may be called from any thread and from a signal handler.
 * The callback comes on the loop's thread. Several sends before the callback
 * are one callback; a send during the callback gives another one. What was
 * written before the send is seen by the callback.
 */
typedef struct weir_async weir_async;
typedef void weir_async_cb(weir_async *async);

struct weir_async {
    void *data; /* yours */
    weir_loop *loop;
    weir_async_cb *cb;
    weir_async *next;      /* on the stack of those that were sent */
    struct weir_link link; /* in the loop's list of those taken from it */
    int pending;
    uint8_t flags;
};

/* Prepares an async. -EINVAL when an argument is NULL. */
WEIR_API int weir_async_init(weir_async *async, weir_loop *loop,
                             weir_async_cb *cb);

/* Listens for sends; keeps the loop alive unless unreferenced. Harmless when
 * started already. */
WEIR_API void weir_async_start(weir_async *async);

/* No callback after this. See to it that no thread sends during it or later. */
WEIR_API void weir_async_stop(weir_async *async);

/* Only between start and stop. */
WEIR_API void weir_async_send(weir_async *async);
WEIR_API void weir_async_ref(weir_async *async);
WEIR_API void weir_async_unref(weir_async *async);

/* ---------------------------------------------------------------- signals */

/*
 * The callback comes on the loop's thread, in a turn of the loop, not in the
 * signal handler: anything may be done in it. Several watchers, also of
 * several loops, may watch one signal. The handler that was there before is
 * put back when the last one stops. Signals that come faster than the loop
 * turns are told once, as the kernel does.
 */
typedef struct weir_signal weir_signal;
typedef void weir_signal_cb(weir_signal *signal, int number);

struct weir_signal {
    void *data; /* yours */
    weir_loop *loop;
    weir_async async; /* private, its data too */
    weir_signal *next;
    weir_signal_cb *cb;
    int number; /* 0: not started */
};

/* Prepares a watcher. -EINVAL when an argument is NULL. */
WEIR_API int weir_signal_init(weir_signal *watcher, weir_loop *loop,
                              weir_signal_cb *cb);

/* Watches for a signal; keeps the loop alive unless unreferenced. -EINVAL for
 * a number that cannot be caught, -EALREADY when started, -EBADF in a forked
 * child whose parent's the loop is. */
WEIR_API int weir_signal_start(weir_signal *watcher, int number);

/* No callback after this. */
WEIR_API void weir_signal_stop(weir_signal *watcher);

WEIR_API void weir_signal_ref(weir_signal *watcher);
WEIR_API void weir_signal_unref(weir_signal *watcher);

#ifdef __cplusplus
}
#endif

#endif
