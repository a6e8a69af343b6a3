/*
 * engine.c - JavaScriptCore on our loop
 *
 * The only file that knows how JavaScript is entered and how exceptions travel.
 * What is odd about the engine, and how it is met:
 *
 *  1. Its first context takes SIGUSR1 for the collector. That one belongs to
 *     programs; JSConfigureSignalForGC() moves it to SIGPWR.
 *  2. Its deferred work runs on GLib's context: glib.c.
 *  3. In strict code `return f()` takes the caller's frame off the stack, as
 *     ECMAScript has it and no other engine does: traces would lose frames. It
 *     is switched off where the engine lets us.
 *  4. Of itself it runs promise jobs when the outermost call into it returns,
 *     which is too late for Node's order and for many events in one call. So
 *     every call goes through JavaScript of ours (internal/core.js) that runs
 *     nextTick's queue and then has the jobs run, by a call that is exported
 *     and in no header. Where there is none, we leave the engine for each
 *     event, and `settle` follows as long as `state` says that there is
 *     something left.
 *  5. The collector scans the stack and not our memory: what C keeps it
 *     protects. One object, `binding`, keeps nearly everything.
 */
#include "engine.h"

#include "text.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef __APPLE__
#include <jsc/jsc.h>
#endif

/* Exported, and in no public header. A port without them does without. */
#define OPTIONAL extern __attribute__((weak))
OPTIONAL bool JSConfigureSignalForGC(int number);
OPTIONAL void JSSynchronousEdenCollectForDebugging(JSContextRef);

static script the_script;

script *script_get(void)
{
    return &the_script;
}

/* ---------------------------------------------------------------- entering */

void script_add_hook(script *s, script_hook *hook)
{
    hook->next = s->hooks;
    s->hooks = hook;
}

/* An exception that came through our own outermost JavaScript: it has none to
 * catch it, for want of stack or by a mistake of ours. */
static void fatal(script *s, JSValueRef exception)
{
    JSStringRef text = JSValueToStringCopy(s->context, exception, NULL);
    size_t length = 0;
    char *utf8 = text ? text_from_string(text, &length) : NULL;

    fprintf(stderr, "weir: %s\n", utf8 ? utf8 : "an exception without a text");
    if (JSValueIsObject(s->context, exception)) {
        JSValueRef stack = script_property(s, (JSObjectRef)exception, "stack");
        char *where = script_utf8(s->context, 1, &stack, 0, NULL);

        fprintf(stderr, "%s\n", where ? where : "");
        free(where);
    }
    free(utf8);
    if (text)
        JSStringRelease(text);
    fflush(stderr);
    _Exit(7);
}

static JSValueRef enter(script *s, JSObjectRef function, size_t argc,
                        const JSValueRef argv[])
{
    JSValueRef exception = NULL, result;

    for (script_hook *hook = s->hooks; hook; hook = hook->next)
        hook->before_entering(hook->data);
    s->entries++;
    result = JSObjectCallAsFunction(s->context, function, NULL, argc, argv,
                                    &exception);

    if (exception)
        fatal(s, exception);
    while (s->state[0] != 0 && s->settle) {
        JSObjectCallAsFunction(s->context, s->settle, NULL, 0, NULL,
                               &exception);
        if (exception)
            fatal(s, exception);
    }
    return result;
}

JSValueRef script_call(script *s, JSObjectRef function, size_t argc,
                       const JSValueRef argv[])
{
    JSValueRef arguments[8] = { function };

    if (argc > 7)
        argc = 7;
    for (size_t i = 0; i < argc; i++)
        arguments[i + 1] = argv[i];
    return enter(s, s->run, argc + 1, arguments);
}

void script_call_plain(script *s, JSObjectRef function)
{
    enter(s, function, 0, NULL);
}

void script_collect_young(script *s)
{
    if (JSSynchronousEdenCollectForDebugging)
        JSSynchronousEdenCollectForDebugging(s->context);
}

/* To leave the engine and enter it anew costs more than most events do, so
 * those of a turn are told from inside of one entry. Not where promise jobs run
 * only as it is left. */
static void serve_turn(weir_loop *loop, void *data)
{
    script *s = data;

    if (!s->serve || !script_runs_jobs()) {
        weir_loop_serve(loop);
        return;
    }
    s->serving = true;
    enter(s, s->serve, 0, NULL);
    s->serving = false;
    script_glib_served();
}

/* --------------------------------------------------------------- bindings */

static void bind(script *s, size_t index, JSObjectRef target)
{
    s->bound |= UINT32_C(1) << index;
    s->bindings[index].bind(s, target);
}

/* binding(name): its object, made when a builtin first asks: a program that
 * opens no file pays nothing for fs. Without a name: all names there are. */
SCRIPT_NATIVE(find_binding)
{
    char *name = script_utf8(ctx, argc, argv, 0, NULL);
    script *s = script_get();
    JSObjectRef result = name ? JSObjectMake(ctx, NULL, NULL)
                              : JSObjectMakeArray(ctx, 0, NULL, NULL);

    for (size_t i = 0; i < s->binding_count; i++) {
        const char *each = s->bindings[i].name;

        if (!name)
            JSObjectSetPropertyAtIndex(ctx, result, (unsigned)i,
                                       script_from_utf8(ctx, each, (size_t)-1),
                                       NULL);
        else if (strcmp(each, name) == 0)
            bind(s, i, result);
    }
    free(name);
    return result;
}

static void unbind(script *s)
{
    for (size_t i = 0; i < s->binding_count; i++) {
        if (s->bindings[i].unbind && s->bound & UINT32_C(1) << i)
            s->bindings[i].unbind(s);
    }
    s->bound = 0;
    s->hooks = NULL;
}

/* ------------------------------------------------------- opening, closing */

static void configure(void)
{
    if (JSConfigureSignalForGC)
        JSConfigureSignalForGC(SIGPWR);
#ifndef __APPLE__
    jsc_options_set_boolean("useTailCalls", FALSE);
#endif
}

int script_open(script **out, weir_loop *loop, const script_binding bindings[],
                size_t count)
{
    script *s = &the_script;

    s->loop = loop;
    s->bindings = bindings;
    s->binding_count = count;
    configure();
    script_glib_prepare(s);
    s->context = JSGlobalContextCreate(NULL);
    if (!s->context)
        return -ENOMEM;
    script_undefined = JSValueMakeUndefined(s->context);
    script_glib_watch(s);
    weir_loop_set_surround(loop, serve_turn, s);
    *out = s;
    return 0;
}

void script_start(script *s, JSObjectRef options)
{
    JSStringRef name = JSStringCreateWithUTF8CString("bind");
    JSValueRef exception = NULL, arguments[2], core;

    core = script_builtin(s->context, "internal/core", &exception);
    if (exception)
        fatal(s, exception);
    arguments[0] =
        JSObjectMakeFunctionWithCallback(s->context, name, find_binding);
    arguments[1] = options;
    enter(s, (JSObjectRef)core, 2, arguments);
    JSStringRelease(name);
}

int script_finish(script *s)
{
    JSValueRef code;
    int result;

    do {
        result = weir_loop_run(s->loop);
        if (result < 0) {
            fprintf(stderr, "weir: waiting for events: %s\n",
                    weir_error_text(result));
            return 1;
        }
        enter(s, s->before_exit, 0, NULL);
    } while (weir_loop_alive(s->loop));
    code = enter(s, s->at_exit, 0, NULL);
    result = script_int(s->context, 1, &code, 0, 0);
    unbind(s);
    script_glib_close();
    return result;
}
