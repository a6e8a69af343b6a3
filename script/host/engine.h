/*
 * engine.h - JavaScriptCore on a loop
 *
 * One engine, one loop, one thread to a process. engine.c alone knows how
 * JavaScript is entered, how exceptions travel and when promise jobs run. What
 * scripts find there are bindings: a table that whoever opens the engine hands
 * in, of functions that take and give JSValueRefs (value.h).
 *
 * Three rules for a binding:
 *
 *   - From the loop into JavaScript only by script_call(): it runs what the
 *     callback has left to do (nextTick, promise jobs), and an exception that
 *     comes out ends in uncaughtException. In a native that JavaScript called,
 *     JSObjectCallAsFunction() is right.
 *   - What C keeps of JavaScript, it keeps by script_protect(), until
 *     script_unprotect(). The engine sees the stack and no other memory.
 *   - Natives give negative errno numbers where a call can fail by the system;
 *     the JavaScript beside them makes the Error. What only a mistake in our
 *     own JavaScript could bring about is script_throw().
 */
#ifndef WEIR_SCRIPT_ENGINE_H
#define WEIR_SCRIPT_ENGINE_H

#include "value.h"

#include <weir/reactor.h>

/* What JavaScript finds as binding.NAME. */
typedef struct script_binding {
    const char *name;
    /* Puts its functions on the object, when it is first asked for. */
    void (*bind)(script *s, JSObjectRef target);
    /* NULL, or gives back what it holds while the engine and the loop still
     * are, and tells nobody after it. */
    void (*unbind)(script *s);
} script_binding;

/* Called before JavaScript is entered for anything new: what a binding has kept
 * back to tell it in one go comes first, and the order of events stays what it
 * was. */
typedef struct script_hook {
    void (*before_entering)(void *data);
    void *data;
    struct script_hook *next;
} script_hook;

/* Who runs the engine: both may be NULL. */
typedef struct script_owner {
    /* An error that nobody took: what is to be printed, and its stack (NULL for
     * none). True when the script may go on. */
    bool (*error)(script *s, const char *text, const char *stack);
    /* The script has ended itself. */
    void (*exit)(script *s, int code);
} script_owner;

/* The places of `pending`, which internal/core.js shares. */
enum {
    SCRIPT_WAITING, /* over 0: ticks or rejections wait; below it, something is
                       only to be looked at */
    SCRIPT_WATCHED, /* so many promises are */
    SCRIPT_PENDING
};

struct script {
    weir_loop *loop;
    JSGlobalContextRef context;
    script_owner owner;

    const script_binding *bindings;
    size_t binding_count;
    uint32_t bound; /* a bit for each that was asked for */

    /* internal/core.js's, protected: how the loop gets in. */
    JSObjectRef run, settle, before_exit, at_exit, serve;
    JSObjectRef perform; /* ours: calls `work` */
    void (*work)(script *s, void *data);
    void *work_data;
    int32_t pending[SCRIPT_PENDING]; /* shared with it */
    script_hook *hooks;
    unsigned depth;      /* of JavaScript that was entered and not left */
    unsigned natives;    /* of those that JavaScript called, the owner's */
    bool serving;        /* the loop, from inside of the engine */
    bool serves_several; /* events, or tasks, of the loop */
    void (*after_serving)(script *s);

    bool over;      /* nothing of the program runs any more */
    bool finishing; /* the loop runs for this script */
    int status;
    weir_task ending;
    /* When it is over and JavaScript has been left. */
    void (*left)(script *s);
};

/* The one engine; NULL when there is none. */
script *script_get(void);

/* ------------------------------------------------------- opening, closing */

/* Makes the engine, in memory of the caller's that is zeroed. -EBUSY when there
 * is one, or was one in another thread; -ENOMEM, -EMFILE. */
int script_open(script *s, weir_loop *loop, const script_binding bindings[],
                size_t count, const script_owner *owner);

/* Runs internal/core.js, which gets `options`: what the owner's modules want,
 * and the names of two of them, `boot` and `upcalls`. -ENOMEM. */
int script_start(script *s, JSObjectRef options);

/* Runs until nothing is alive any more, `beforeExit` and `exit` included. What
 * weir_loop_run() gives when it fails. */
int script_finish(script *s);

/* Gives back what bindings hold, and leaves the loop; again: nothing. Not from
 * inside of a binding. */
void script_unbind(script *s);

/* Gives the engine back. Not from inside of JavaScript. */
void script_close(script *s);

/* Nothing of the program runs after this. What runs now is cut off by
 * script_cut_off(), and bindings are given back in the loop's next turn. */
void script_end(script *s, int status);

/* The last word of a native in which the script may have ended: then it throws
 * what no `catch` and no `finally` of the program sees, where the engine has
 * such a thing. */
void script_cut_off(script *s, JSValueRef *exception);

/* Tells an error that nobody took: to the owner, or to stderr. True when the
 * script may go on. */
bool script_report(script *s, const char *text, const char *stack);

/* -------------------------------------------------- from the loop, inwards */

/* Calls a function from the loop; undefined when it throws. Not from inside of
 * a native. After it nextTicks and promise jobs have run. */
JSValueRef script_call(script *s, JSObjectRef function, size_t argc,
                       const JSValueRef argv[]);

/* The same with no arguments, for the hot path: what there is to say stands in
 * memory that both sides know. */
void script_call_plain(script *s, JSObjectRef function);

/* Calls `work` from inside of an entry, so that it may use the engine as a
 * native does and ticks and promise jobs have run when this returns. Inside of
 * a native of the owner's it is called as it is. Not at all when the script is
 * over. */
void script_within(script *s, void (*work)(script *s, void *data), void *data);

/* The hook's memory is the caller's, until the engine is closed. */
void script_add_hook(script *s, script_hook *hook);

/* Has `work` called when all events, or tasks, of the loop that are being
 * served have been. False when the caller's is the only one: then it is not
 * called. There is one such binding: timers. */
bool script_after_serving(script *s, void (*work)(script *s));

/* Whether promise jobs run between any two callbacks without the engine being
 * left. */
bool script_runs_jobs(void);

/* Collects what has been made since the last collection; not from inside of a
 * native. Does nothing where the engine has no such call. */
void script_collect_young(script *s);

/* --------------------------------------------------- for the host's files */

/* The binding of internal/core.js itself. */
void script_bind_core(script *s, JSObjectRef target);
void script_unbind_core(script *s);

/* The built-in modules, each with its function's head and foot; the last has
 * id NULL. Made by embed-builtins. */
struct script_builtin {
    const char *id;
    const char *source;
    size_t length;
};
extern const struct script_builtin script_builtins[];

/* Lets the loop call what it has for this turn. */
void script_serve(script *s);

/* The function of a built-in module, undefined when there is none. */
JSValueRef script_builtin(JSContextRef ctx, const char *id,
                          JSValueRef *exception);

/* GLib's context, in which the engine has deferred work of its own. */
void script_glib_prepare(script *s);
void script_glib_watch(script *s);
void script_glib_served(void);
void script_glib_close(void);

#endif
