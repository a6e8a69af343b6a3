/*
 * engine.c - JavaScriptCore on our loop
 *
 * The only file that knows how values are protected, how exceptions travel and
 * when promise jobs run. What is odd about the engine, and how it is met:
 *
 *  1. Its first context takes SIGUSR1 for the collector. That one belongs to
 *     programs; JSConfigureSignalForGC() moves it to SIGPWR.
 *  2. Timers and deferred work of its own run on the thread's GLib context. We
 *     give it one of its own, and watch that context's wake descriptor like any
 *     other; unreferenced, since the engine's housekeeping is no reason to
 *     stay. Its collector's timer asks for the main thread's run loop, which
 *     the C API does not make (2.50 crashes on it): we make it, and where that
 *     cannot be called the context is left alone. Then the collector runs only
 *     when memory is asked for.
 *  3. In strict code `return f()` takes the caller's frame off the stack, as
 *     ECMAScript has it and no other engine does: traces would lose frames. It
 *     is switched off where the engine lets us.
 *  4. Of itself it runs promise jobs when the outermost call into it returns,
 *     which is too late for Node's order and for many events in one call. So
 *     every call goes through JavaScript of ours (internal/core.js) that runs
 *     nextTick's queue and then has the jobs run, by a call that is exported
 *     and in no header. Where there is none, we leave the engine for each
 *     event, and settle() follows as long as `state` says that there is
 *     something left.
 *  5. The collector scans the stack and not our memory: what C keeps it
 *     protects. One object, `binding`, keeps nearly everything.
 *  6. Its strings are UTF-16. Its own conversions stop at a NUL and at a lone
 *     surrogate, so the conversions here are ours.
 */
#include "engine.h"

#include "text.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef __APPLE__
#include <glib.h>
#include <jsc/jsc.h>
#endif

/* Exported, and in no public header. A port without them does without. */
#define OPTIONAL extern __attribute__((weak))
OPTIONAL bool JSConfigureSignalForGC(int number);
OPTIONAL void JSGlobalContextSetUnhandledRejectionCallback(JSGlobalContextRef,
                                                           JSObjectRef,
                                                           JSValueRef *);
OPTIONAL void JSSynchronousGarbageCollectForDebugging(JSContextRef);
OPTIONAL void JSSynchronousEdenCollectForDebugging(JSContextRef);
/* WTF::initializeMainThread() */
OPTIONAL void _ZN3WTF20initializeMainThreadEv(void);
OPTIONAL void JSLock(JSContextRef);
OPTIONAL void JSUnlock(JSContextRef);
/* JSC::JSPromise::isHandled(JSC::VM &) const. A reference to an object is a
 * pointer to it. */
OPTIONAL bool _ZNK3JSC9JSPromise9isHandledERNS_2VME(JSValueRef promise,
                                                    JSContextGroupRef vm);
/* JSC::VM::drainMicrotasks() */
OPTIONAL void _ZN3JSC2VM15drainMicrotasksEv(JSContextGroupRef vm);
#ifndef __APPLE__
/* JSC::JSFunction::create(). The types of its arguments are part of its name:
 * where they are others there is no such symbol. A FunctionPtr and a String are
 * one pointer each. */
OPTIONAL JSObjectRef function_create(
    JSContextGroupRef vm, JSContextRef global, unsigned length,
    void *const *name, script_bell_call *call, uint8_t visibility,
    uint8_t intrinsic, script_bell_call *construct,
    const void *
        signature) __asm__("_ZN3JSC10JSFunction6createERNS_2VMEPNS_"
                           "14JSGlobalObjectEj"
                           "RKN3WTF6StringENS5_11FunctionPtrILNS5_"
                           "6PtrTagE1EFlS4_"
                           "PNS_9CallFrameEELNS5_18FunctionAttributesE2EEENS_24"
                           "ImplementationVisibilityENS_9IntrinsicESF_PKNS_"
                           "6DOMJIT"
                           "9SignatureE");
#endif

static script the_script;
/* internal/core.js's: how the loop gets in. */
static JSObjectRef run_function, settle_function, before_exit, at_exit,
    serve_function;
static bool serving; /* the loop, from inside of the engine */

/* Shared with internal/core.js: not 0 while nextTicks or rejections wait. */
static int32_t core_state[1];
enum { PENDING };

static void (*flush_put_off)(void);

JSValueRef script_undefined;

void script_before_entering(void (*flush)(void))
{
    flush_put_off = flush;
}

static void (*after_serving)(void);
static bool is_serving; /* several events, or tasks */

bool script_after_serving(void (*function)(void))
{
    if (is_serving)
        after_serving = function;
    return is_serving;
}

static bool can_run_jobs(void)
{
    return _ZN3JSC2VM15drainMicrotasksEv != NULL;
}

bool script_may_put_off(void)
{
    return can_run_jobs();
}

script *script_get(void)
{
    return &the_script;
}

/* --------------------------------------------------------- GLib's context */

#ifndef __APPLE__

enum { GLIB_FDS = 8 };

static struct {
    GMainContext *context;
    weir_io io;
    weir_timer timer;
    bool watching;
    bool due; /* to be run when the loop has been served */
} glib;

static void glib_run(void);

/* What the engine does there (it collects, for one) it expects to do on its
 * own: not while the loop is served from inside of it. */
static void glib_due(void)
{
    glib.due = serving;
    if (!serving)
        glib_run();
}

static void glib_ready(weir_io *io, unsigned events)
{
    (void)io, (void)events;
    glib_due();
}

static void glib_timer(weir_timer *timer)
{
    (void)timer;
    glib_due();
}

/* Asks the context what it waits for. It has one descriptor, its eventfd; with
 * more than that the others are looked at when that one or the timer wakes. */
static void glib_watch(script *s)
{
    GPollFD fds[GLIB_FDS];
    gint timeout = -1, priority;

    g_main_context_acquire(glib.context);
    g_main_context_prepare(glib.context, &priority);
    g_main_context_query(glib.context, priority, &timeout, fds, GLIB_FDS);
    g_main_context_release(glib.context);
    if (!glib.watching && fds[0].fd >= 0) {
        weir_io_init(&glib.io, s->loop, fds[0].fd, glib_ready);
        weir_io_unref(&glib.io);
        glib.watching = weir_io_start(&glib.io, WEIR_READABLE) == 0;
    }
    if (timeout >= 0)
        weir_timer_start(&glib.timer, (uint64_t)timeout);
    else
        weir_timer_stop(&glib.timer);
}

static void glib_run(void)
{
    glib.due = false;
    while (g_main_context_iteration(glib.context, FALSE))
        continue;
    glib_watch(&the_script);
}

static void host_open(script *s)
{
    if (JSConfigureSignalForGC)
        JSConfigureSignalForGC(SIGPWR);
    jsc_options_set_boolean("useTailCalls", FALSE);
    if (!_ZN3WTF20initializeMainThreadEv)
        return;
    glib.context = g_main_context_new();
    g_main_context_push_thread_default(glib.context);
    _ZN3WTF20initializeMainThreadEv();
    weir_timer_init(&glib.timer, s->loop, glib_timer);
    weir_timer_unref(&glib.timer);
}

static void host_opened(script *s)
{
    if (glib.context)
        glib_watch(s);
}

static void host_served(void)
{
    if (glib.due)
        glib_run();
}

static void host_close(void)
{
    if (glib.watching)
        weir_io_stop(&glib.io);
    if (glib.context)
        weir_timer_stop(&glib.timer);
}

#else

/* CFRunLoop serves the system framework's deferred work; nothing of weir needs
 * it, and a process that only runs scripts has no run loop. */
static void host_open(script *s)
{
    (void)s;
}

static void host_opened(script *s)
{
    (void)s;
}

static void host_served(void)
{
}

static void host_close(void)
{
}

#endif

/* --------------------------------------------------------------- calling */

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

    if (flush_put_off)
        flush_put_off();
    result = JSObjectCallAsFunction(s->context, function, NULL, argc, argv,
                                    &exception);

    if (exception)
        fatal(s, exception);
    while (core_state[PENDING] != 0 && settle_function) {
        JSObjectCallAsFunction(s->context, settle_function, NULL, 0, NULL,
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
    return enter(s, run_function, argc + 1, arguments);
}

void script_call_plain(script *s, JSObjectRef function)
{
    enter(s, function, 0, NULL);
}

JSValueRef script_throw(JSContextRef ctx, JSValueRef *exception,
                        const char *format, ...)
{
    char text[512];
    JSValueRef message;
    va_list list;

    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    message = script_from_utf8(ctx, text, (size_t)-1);
    *exception = JSObjectMakeError(ctx, 1, &message, NULL);
    return JSValueMakeUndefined(ctx);
}

void script_collect_young(script *s)
{
    if (JSSynchronousEdenCollectForDebugging)
        JSSynchronousEdenCollectForDebugging(s->context);
}

/* ------------------------------------------------------ a turn in one entry */

/* To leave the engine and enter it anew costs more than most events do, so
 * those of a turn are told from inside of one entry. Not where promise jobs run
 * only as it is left. */
static void serve_all(weir_loop *loop)
{
    void (*after)(void);

    is_serving = true;
    weir_loop_serve(loop);
    is_serving = false;
    after = after_serving;
    after_serving = NULL;
    if (after)
        after();
}

SCRIPT_BELL(serve)
{
    serve_all(the_script.loop);
}

static void surround(weir_loop *loop, void *data)
{
    (void)data;
    if (!serve_function || !can_run_jobs()) {
        serve_all(loop);
        return;
    }
    serving = true;
    enter(&the_script, serve_function, 0, NULL);
    serving = false;
    host_served();
}

/* -------------------------------------------------------------- properties */

void script_set(script *s, JSObjectRef target, const char *name,
                JSValueRef value)
{
    JSStringRef key = JSStringCreateWithUTF8CString(name);

    JSObjectSetProperty(s->context, target, key, value,
                        kJSPropertyAttributeNone, NULL);
    JSStringRelease(key);
}

void script_set_number(script *s, JSObjectRef target, const char *name,
                       double value)
{
    script_set(s, target, name, JSValueMakeNumber(s->context, value));
}

void script_function(script *s, JSObjectRef target, const char *name,
                     JSObjectCallAsFunctionCallback native)
{
    JSStringRef key = JSStringCreateWithUTF8CString(name);
    JSObjectRef function =
        JSObjectMakeFunctionWithCallback(s->context, key, native);

    JSObjectSetProperty(s->context, target, key, function,
                        kJSPropertyAttributeNone, NULL);
    JSStringRelease(key);
}

#ifndef __APPLE__

/* NULL where the engine does not let us. */
static JSObjectRef make_bell(script *s, script_bell_call *ring)
{
    static void *const no_name = NULL;
    JSObjectRef function;

    if (!function_create || !JSLock || !JSUnlock)
        return NULL;
    JSLock(s->context);
    function = function_create(JSContextGetGroup(s->context), s->context, 0,
                               &no_name, ring, 0, 0, ring, NULL);
    JSUnlock(s->context);
    return function;
}

#else

static JSObjectRef make_bell(script *s, script_bell_call *ring)
{
    (void)s, (void)ring;
    return NULL;
}

#endif

void script_bell(script *s, JSObjectRef target, const char *name,
                 script_bell_call *ring, JSObjectCallAsFunctionCallback native)
{
    JSObjectRef function = make_bell(s, ring);

    if (function)
        script_set(s, target, name, function);
    else
        script_function(s, target, name, native);
}

static void release_nothing(void *bytes, void *context)
{
    (void)bytes, (void)context;
}

void script_share(script *s, JSObjectRef target, const char *name, void *memory,
                  size_t size)
{
    script_set(s, target, name,
               JSObjectMakeArrayBufferWithBytesNoCopy(
                   s->context, memory, size, release_nothing, NULL, NULL));
}

JSValueRef script_property(script *s, JSObjectRef object, const char *name)
{
    JSStringRef key = JSStringCreateWithUTF8CString(name);
    JSValueRef value = JSObjectGetProperty(s->context, object, key, NULL);

    JSStringRelease(key);
    return value ? value : JSValueMakeUndefined(s->context);
}

/* ------------------------------------------------------------------ values */

JSValueRef script_argument(JSContextRef ctx, size_t argc,
                           const JSValueRef argv[], size_t index)
{
    return index < argc ? argv[index] : JSValueMakeUndefined(ctx);
}

double script_number(JSContextRef ctx, size_t argc, const JSValueRef argv[],
                     size_t index, double otherwise)
{
    if (index >= argc || !JSValueIsNumber(ctx, argv[index]))
        return otherwise;
    return JSValueToNumber(ctx, argv[index], NULL);
}

int32_t script_int(JSContextRef ctx, size_t argc, const JSValueRef argv[],
                   size_t index, int32_t otherwise)
{
    double number = script_number(ctx, argc, argv, index, otherwise);

    if (!(number >= INT32_MIN && number <= INT32_MAX))
        return otherwise;
    return (int32_t)number;
}

bool script_bool(JSContextRef ctx, size_t argc, const JSValueRef argv[],
                 size_t index)
{
    return index < argc && JSValueIsBoolean(ctx, argv[index]) &&
           JSValueToBoolean(ctx, argv[index]);
}

char *script_utf8(JSContextRef ctx, size_t argc, const JSValueRef argv[],
                  size_t index, size_t *length)
{
    JSStringRef string;
    char *text;

    if (index >= argc || !JSValueIsString(ctx, argv[index]))
        return NULL;
    string = JSValueToStringCopy(ctx, argv[index], NULL);
    if (!string)
        return NULL;
    text = text_from_string(string, length);
    JSStringRelease(string);
    return text;
}

bool script_bytes(JSContextRef ctx, size_t argc, const JSValueRef argv[],
                  size_t index, uint8_t **bytes, size_t *length)
{
    JSTypedArrayType type;
    JSObjectRef object;

    if (index >= argc || !JSValueIsObject(ctx, argv[index]))
        return false;
    type = JSValueGetTypedArrayType(ctx, argv[index], NULL);
    if (type == kJSTypedArrayTypeNone)
        return false;
    object = (JSObjectRef)argv[index];
    if (type == kJSTypedArrayTypeArrayBuffer) {
        *bytes = JSObjectGetArrayBufferBytesPtr(ctx, object, NULL);
        *length = JSObjectGetArrayBufferByteLength(ctx, object, NULL);
        return true;
    }
    /* The pointer is the whole buffer's, whatever the view's offset is. */
    *bytes = JSObjectGetTypedArrayBytesPtr(ctx, object, NULL);
    *length = JSObjectGetTypedArrayByteLength(ctx, object, NULL);
    if (*bytes)
        *bytes += JSObjectGetTypedArrayByteOffset(ctx, object, NULL);
    return true;
}

JSValueRef script_from_number(JSContextRef ctx, double number)
{
    return JSValueMakeNumber(ctx, number);
}

JSValueRef script_from_utf8(JSContextRef ctx, const char *text, size_t length)
{
    JSStringRef string =
        text_to_string(text, length == (size_t)-1 ? strlen(text) : length);
    JSValueRef value;

    if (!string)
        return JSValueMakeUndefined(ctx);
    value = JSValueMakeString(ctx, string);
    JSStringRelease(string);
    return value;
}

void script_protect(script *s, JSValueRef value)
{
    JSValueProtect(s->context, value);
}

void script_unprotect(script *s, JSValueRef value)
{
    JSValueUnprotect(s->context, value);
}

/* ----------------------------------------------------- the core's natives */

static const struct script_builtin *find_builtin(const char *id)
{
    const struct script_builtin *builtin = script_builtins;

    while (builtin->id && strcmp(builtin->id, id) != 0)
        builtin++;
    return builtin->id ? builtin : NULL;
}

static JSValueRef evaluate(JSContextRef ctx, JSStringRef source,
                           const char *name, int line, JSValueRef *exception)
{
    JSStringRef url = JSStringCreateWithUTF8CString(name);
    JSValueRef result =
        JSEvaluateScript(ctx, source, NULL, url, line, exception);

    JSStringRelease(url);
    return result ? result : JSValueMakeUndefined(ctx);
}

/* builtin(id): its function, undefined when there is none. */
SCRIPT_NATIVE(builtin)
{
    char *id = script_utf8(ctx, argc, argv, 0, NULL);
    const struct script_builtin *found = id ? find_builtin(id) : NULL;
    JSValueRef result = JSValueMakeUndefined(ctx);

    if (found) {
        JSStringRef source = text_to_string(found->source, found->length);
        char name[80];

        snprintf(name, sizeof name, "node:%s", found->id);
        if (source) {
            result = evaluate(ctx, source, name, 1, exception);
            JSStringRelease(source);
        }
    }
    free(id);
    return result;
}

/* evaluate(source, filename, line): the value of a script. */
SCRIPT_NATIVE(evaluate_native)
{
    char *name = script_utf8(ctx, argc, argv, 1, NULL);
    JSStringRef source = JSValueToStringCopy(
        ctx, script_argument(ctx, argc, argv, 0), exception);
    JSValueRef result = JSValueMakeUndefined(ctx);

    if (source) {
        result = evaluate(ctx, source, name ? name : "",
                          script_int(ctx, argc, argv, 2, 1), exception);
        JSStringRelease(source);
    }
    free(name);
    return result;
}

/* compile(source, parameters, filename, line): a function whose body begins on
 * the line of its parameters, so that the file's lines keep their numbers. */
SCRIPT_NATIVE(compile)
{
    size_t source_length, parameters_length, size;
    char *source = script_utf8(ctx, argc, argv, 0, &source_length);
    char *parameters = script_utf8(ctx, argc, argv, 1, &parameters_length);
    char *name = script_utf8(ctx, argc, argv, 2, NULL);
    JSValueRef result = JSValueMakeUndefined(ctx);
    JSStringRef string = NULL;
    char *text = NULL;

    if (source && parameters && name) {
        size = source_length + parameters_length + sizeof "(function () {\n})";
        text = malloc(size);
    }
    if (text) {
        int head = snprintf(text, size, "(function (%s) {", parameters);

        memcpy(text + head, source, source_length);
        memcpy(text + head + source_length, "\n})", 4);
        string = text_to_string(text, (size_t)head + source_length + 3);
    }
    if (string) {
        result = evaluate(ctx, string, name, script_int(ctx, argc, argv, 3, 1),
                          exception);
        JSStringRelease(string);
    } else {
        script_throw(ctx, exception, "compile: out of memory");
    }
    free(text);
    free(name);
    free(parameters);
    free(source);
    return result;
}

/* checkSyntax(source, filename): throws the SyntaxError. */
SCRIPT_NATIVE(check_syntax)
{
    char *name = script_utf8(ctx, argc, argv, 1, NULL);
    JSStringRef url = JSStringCreateWithUTF8CString(name ? name : "");
    JSStringRef source = JSValueToStringCopy(
        ctx, script_argument(ctx, argc, argv, 0), exception);

    if (source) {
        JSCheckScriptSyntax(ctx, source, url, 1, exception);
        JSStringRelease(source);
    }
    JSStringRelease(url);
    free(name);
    return JSValueMakeUndefined(ctx);
}

/* setCallbacks(run, settle, onRejection, beforeExit, atExit, serve) */
SCRIPT_NATIVE(set_callbacks)
{
    script *s = script_get();

    if (argc < 6)
        return script_throw(ctx, exception, "setCallbacks: six functions");
    for (size_t i = 0; i < argc; i++)
        script_protect(s, argv[i]);
    run_function = (JSObjectRef)argv[0];
    settle_function = (JSObjectRef)argv[1];
    before_exit = (JSObjectRef)argv[3];
    at_exit = (JSObjectRef)argv[4];
    serve_function = (JSObjectRef)argv[5];
    if (JSGlobalContextSetUnhandledRejectionCallback)
        JSGlobalContextSetUnhandledRejectionCallback(
            s->context, (JSObjectRef)argv[2], exception);
    return JSValueMakeUndefined(ctx);
}

/* isHandled(promise), of one that onRejection was told of: whether somebody
 * handles it by now. False where the engine does not say. */
SCRIPT_NATIVE(is_handled)
{
    return JSValueMakeBoolean(
        ctx, _ZNK3JSC9JSPromise9isHandledERNS_2VME && argc > 0 &&
                 _ZNK3JSC9JSPromise9isHandledERNS_2VME(
                     argv[0], JSContextGetGroup(ctx)));
}

SCRIPT_BELL(run_jobs)
{
    _ZN3JSC2VM15drainMicrotasksEv(JSContextGetGroup(the_script.context));
}

SCRIPT_NATIVE(collect_garbage)
{
    if (JSSynchronousGarbageCollectForDebugging)
        JSSynchronousGarbageCollectForDebugging(ctx);
    else
        JSGarbageCollect(ctx);
    return JSValueMakeUndefined(ctx);
}

/* A loop that is only asked to stop would still finish the callback that it is
 * in; nothing of the script may run after process.exit(). */
SCRIPT_NATIVE(exit_now)
{
    int code = script_int(ctx, argc, argv, 0, 0);

    fflush(stdout);
    fflush(stderr);
    _Exit(code);
}

void script_bind_core(script *s, JSObjectRef target)
{
    script_function(s, target, "builtin", builtin);
    script_function(s, target, "evaluate", evaluate_native);
    script_function(s, target, "compile", compile);
    script_function(s, target, "checkSyntax", check_syntax);
    script_function(s, target, "setCallbacks", set_callbacks);
    script_function(s, target, "isHandled", is_handled);
    script_function(s, target, "collectGarbage", collect_garbage);
    script_function(s, target, "exit", exit_now);
    script_bell(s, target, "serve", serve_in_engine, serve_native);
    if (can_run_jobs())
        script_bell(s, target, "runJobs", run_jobs_in_engine, run_jobs_native);
    script_share(s, target, "state", core_state, sizeof core_state);
    weir_loop_set_surround(s->loop, surround, NULL);
}

/* ------------------------------------------------------- opening, closing */

static const struct {
    const char *name;
    void (*bind)(script *s, JSObjectRef target);
} bindings[] = {
    { "core", script_bind_core },
    { "util", script_bind_util },
    { "buffer", script_bind_buffer },
    { "loader", script_bind_loader },
    { "fs", script_bind_fs },
    { "process", script_bind_process },
    { "stdio", script_bind_stdio },
    { "timers", script_bind_timers },
    { "net", script_bind_net },
    { "dns", script_bind_dns },
    { "titanium", script_bind_titanium },
};

enum { BINDINGS = sizeof bindings / sizeof bindings[0] };

/* The bindings' objects are made when a builtin first asks: a program that
 * opens no file pays nothing for fs. */
SCRIPT_NATIVE(find_binding)
{
    char *name = script_utf8(ctx, argc, argv, 0, NULL);
    script *s = script_get();
    JSValueRef result = JSValueMakeUndefined(ctx);

    for (size_t i = 0; name && i < BINDINGS; i++) {
        if (strcmp(bindings[i].name, name) == 0) {
            JSObjectRef target = JSObjectMake(ctx, NULL, NULL);

            bindings[i].bind(s, target);
            result = target;
            break;
        }
    }
    free(name);
    return result;
}

int script_open(script **out)
{
    script *s = &the_script;
    int result = weir_loop_create(&s->loop);

    if (result < 0)
        return result;
    host_open(s);
    s->context = JSGlobalContextCreate(NULL);
    if (!s->context) {
        weir_loop_destroy(s->loop);
        return -ENOMEM;
    }
    script_undefined = JSValueMakeUndefined(s->context);
    host_opened(s);
    *out = s;
    return 0;
}

void script_start(script *s, JSObjectRef options)
{
    const struct script_builtin *core = find_builtin("internal/core");
    JSStringRef source = text_to_string(core->source, core->length);
    JSStringRef name = JSStringCreateWithUTF8CString("bind");
    JSValueRef exception = NULL, arguments[2], function;

    function =
        evaluate(s->context, source, "node:internal/core", 1, &exception);
    if (exception)
        fatal(s, exception);
    arguments[0] =
        JSObjectMakeFunctionWithCallback(s->context, name, find_binding);
    arguments[1] = options;
    enter(s, (JSObjectRef)function, 2, arguments);
    JSStringRelease(source);
    JSStringRelease(name);
}

/* Gives back what C holds. The context is left to the end of the process:
 * taking the heap apart takes as long as making it, and gives nothing that exit
 * does not. */
static void close_all(script *s)
{
    script_unbind_net(s);
    script_unbind_dns(s);
    script_unbind_process(s);
    script_unbind_stdio(s);
    script_unbind_timers(s);
    host_close();
    weir_loop_destroy(s->loop);
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
        enter(s, before_exit, 0, NULL);
    } while (weir_loop_alive(s->loop));
    code = enter(s, at_exit, 0, NULL);
    result = script_int(s->context, 1, &code, 0, 0);
    close_all(s);
    return result;
}
