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

struct weir_script {
    weir_loop *loop;
    JSGlobalContextRef context;

    const script_binding *bindings;
    size_t binding_count;
    uint32_t bound; /* a bit for each that was asked for */

    /* internal/core.js's, protected: how the loop gets in. */
    JSObjectRef run, settle, before_exit, at_exit, serve;
    int32_t state[1]; /* shared with it: not 0 while ticks or rejections wait */
    script_hook *hooks;
    unsigned long entries;
    bool serving; /* the loop, from inside of the engine */
};

/* The one engine. */
script *script_get(void);

/* Makes the engine. -ENOMEM, -EMFILE. */
int script_open(script **s, weir_loop *loop, const script_binding bindings[],
                size_t count);

/* Runs internal/core.js, which gets `options` and runs the program's first
 * turn. */
void script_start(script *s, JSObjectRef options);

/* Runs until nothing is alive any more, `beforeExit` and `exit` included, and
 * gives back what C holds. Gives the exit status. */
int script_finish(script *s);

/* -------------------------------------------------- from the loop, inwards */

/* Calls a function from the loop; undefined when it throws. Not from inside of
 * a native. After it nextTicks and promise jobs have run. */
JSValueRef script_call(script *s, JSObjectRef function, size_t argc,
                       const JSValueRef argv[]);

/* The same with no arguments, for the hot path: what there is to say stands in
 * memory that both sides know. */
void script_call_plain(script *s, JSObjectRef function);

/* The hook's memory is the caller's, until the engine is closed. */
void script_add_hook(script *s, script_hook *hook);

/* Whether promise jobs run between any two callbacks without the engine being
 * left. */
bool script_runs_jobs(void);

/* Collects what has been made since the last collection; not from inside of a
 * native. Does nothing where the engine has no such call. */
void script_collect_young(script *s);

/* --------------------------------------------------- for the host's files */

/* The binding of internal/core.js itself. */
void script_bind_core(script *s, JSObjectRef target);

/* The built-in modules, each with its function's head and foot; the last has
 * id NULL. Made by embed-builtins. */
struct script_builtin {
    const char *id;
    const char *source;
    size_t length;
};
extern const struct script_builtin script_builtins[];

/* The function of a built-in module, undefined when there is none. */
JSValueRef script_builtin(JSContextRef ctx, const char *id,
                          JSValueRef *exception);

/* GLib's context, in which the engine has deferred work of its own. */
void script_glib_prepare(script *s);
void script_glib_watch(script *s);
void script_glib_served(void);
void script_glib_close(void);

#endif
