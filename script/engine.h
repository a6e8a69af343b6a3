/*
 * engine.h - what the files of script/ know of the engine
 *
 * One engine, one loop, one thread to a process. engine.c alone knows how
 * values are protected, how exceptions travel and when promise jobs run; a
 * binding is functions that take and give JSValueRefs, with the helpers below.
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

#include <JavaScriptCore/JavaScript.h>

#include <weir/net.h>

typedef struct script script;

struct script {
    weir_loop *loop;
    JSGlobalContextRef context;
};

/* The one engine. */
script *script_get(void);

/* -------------------------------------------------------------- functions */

/* Declares a native: `static JSValueRef name(...)`. All have `ctx`, `argc`,
 * `argv`, `exception`; those that are unused must not be warned of. */
#define SCRIPT_NATIVE(name)                                                    \
    static JSValueRef name(__attribute__((unused)) JSContextRef ctx,           \
                           __attribute__((unused)) JSObjectRef function,       \
                           __attribute__((unused)) JSObjectRef this_object,    \
                           __attribute__((unused)) size_t argc,                \
                           __attribute__((unused)) const JSValueRef argv[],    \
                           __attribute__((unused)) JSValueRef *exception)

/* Puts a native on an object. */
void script_function(script *s, JSObjectRef target, const char *name,
                     JSObjectCallAsFunctionCallback native);

/* Declares a native without arguments and result, for the hot path: what it is
 * told and what it answers stand in memory that both sides know. A call costs
 * next to nothing, since the engine is not left for it: so it must not make,
 * keep or call anything of JavaScript's. */
#define SCRIPT_BELL(name)                                                      \
    static void name(void);                                                    \
    static JSValueRef name##_in_engine(const void *global, const void *frame)  \
    {                                                                          \
        (void)global, (void)frame;                                             \
        name();                                                                \
        return script_undefined;                                               \
    }                                                                          \
    SCRIPT_NATIVE(name##_native)                                               \
    {                                                                          \
        name();                                                                \
        return script_undefined;                                               \
    }                                                                          \
    static void name(void)

typedef JSValueRef script_bell_call(const void *global, const void *frame);

extern JSValueRef script_undefined;

/* Puts it on an object: script_bell(s, target, "name", name_in_engine,
 * name_native). */
void script_bell(script *s, JSObjectRef target, const char *name,
                 script_bell_call *ring, JSObjectCallAsFunctionCallback native);

void script_set(script *s, JSObjectRef target, const char *name,
                JSValueRef value);
void script_set_number(script *s, JSObjectRef target, const char *name,
                       double value);

/* Puts an ArrayBuffer over static memory of ours on an object: what both sides
 * see needs no conversion at each call. */
void script_share(script *s, JSObjectRef target, const char *name, void *memory,
                  size_t size);

/* undefined when it is missing or getting it throws. */
JSValueRef script_property(script *s, JSObjectRef object, const char *name);

/* ----------------------------------------------- from JavaScript's values */

/* Argument `index`, undefined when there are fewer. */
JSValueRef script_argument(JSContextRef ctx, size_t argc,
                           const JSValueRef argv[], size_t index);

/* The argument as a number; `otherwise` when it is missing or no number. Never
 * runs JavaScript. */
double script_number(JSContextRef ctx, size_t argc, const JSValueRef argv[],
                     size_t index, double otherwise);
int32_t script_int(JSContextRef ctx, size_t argc, const JSValueRef argv[],
                   size_t index, int32_t otherwise);
/* Only `true` is true. */
bool script_bool(JSContextRef ctx, size_t argc, const JSValueRef argv[],
                 size_t index);

/* The argument, a string, as UTF-8 with a NUL behind it, lone surrogates as
 * U+FFFD; NULL when it is no string or memory is out. `length` (NULL allowed)
 * does not count the NUL. To be freed with free(). */
char *script_utf8(JSContextRef ctx, size_t argc, const JSValueRef argv[],
                  size_t index, size_t *length);

/* The bytes of an argument that is a typed array, a Buffer or an ArrayBuffer
 * (DataView is not): the part that it views. They stay where they are while it
 * lives, and the caller sees to that. False when it is something else. */
bool script_bytes(JSContextRef ctx, size_t argc, const JSValueRef argv[],
                  size_t index, uint8_t **bytes, size_t *length);

/* ------------------------------------------------- into JavaScript's values */

JSValueRef script_from_number(JSContextRef ctx, double number);
/* `length` -1: up to the NUL. What is not UTF-8 becomes U+FFFD. */
JSValueRef script_from_utf8(JSContextRef ctx, const char *text, size_t length);

/* ---------------------------------------------------------- keeping values */

void script_protect(script *s, JSValueRef value);
void script_unprotect(script *s, JSValueRef value);

/* Collects what has been made since the last collection; not from inside of a
 * native. Does nothing where the engine has no such call. */
void script_collect_young(script *s);

/* Throws an Error with a message; gives undefined, to be returned. */
JSValueRef script_throw(JSContextRef ctx, JSValueRef *exception,
                        const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* -------------------------------------------------- from the loop, inwards */

/* Calls a function from the loop; undefined when it throws. Not from inside of
 * a native. After it nextTicks and promise jobs have run. */
JSValueRef script_call(script *s, JSObjectRef function, size_t argc,
                       const JSValueRef argv[]);

/* The same with no arguments, for the hot path: what there is to say stands in
 * memory that both sides know. */
void script_call_plain(script *s, JSObjectRef function);

/* What a binding has put off is done before anything else enters JavaScript:
 * the order of events stays what it was. There is one such binding. */
void script_before_entering(void (*flush)(void));

/* Has the function called when all events, or tasks, of the loop's that are
 * being served have been. False, and it is not called, when the caller's is the
 * only one. There is one such binding. */
bool script_after_serving(void (*function)(void));

/* Whether promise jobs run between any two callbacks without the engine being
 * left. */
bool script_may_put_off(void);

/* --------------------------------------------------------- for main.c alone */

/* Makes the engine and its loop. -ENOMEM, -EMFILE. */
int script_open(script **s);

/* Runs internal/core.js, which gets `options` and runs the program's first
 * turn. */
void script_start(script *s, JSObjectRef options);

/* Runs until nothing is alive any more, `beforeExit` and `exit` included, and
 * gives back what C holds. Gives the exit status. */
int script_finish(script *s);

/* --------------------------------------------------------------- bindings */

/* Each puts its functions on `target`, which is binding.NAME. */
void script_bind_core(script *s, JSObjectRef target);
void script_bind_util(script *s, JSObjectRef target);
void script_bind_buffer(script *s, JSObjectRef target);
void script_bind_loader(script *s, JSObjectRef target);
void script_bind_fs(script *s, JSObjectRef target);
void script_bind_process(script *s, JSObjectRef target);
void script_bind_stdio(script *s, JSObjectRef target);
void script_bind_timers(script *s, JSObjectRef target);
void script_bind_net(script *s, JSObjectRef target);
void script_bind_dns(script *s, JSObjectRef target);
void script_bind_titanium(script *s, JSObjectRef target);

/* Gives back what a binding holds, while the engine and the loop still are.
 * Those that hold something have one. */
void script_unbind_process(script *s);
void script_unbind_stdio(script *s);
void script_unbind_timers(script *s);
void script_unbind_net(script *s);
void script_unbind_dns(script *s);

/* The socket that bind_net.c knows by this number; NULL for none. The number
 * must be a socket's. */
weir_socket *script_net_socket(uint32_t id);

#endif
