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
 *     event, and `settle` follows as long as `pending` says that there is
 *     something left.
 *  5. The collector scans the stack and not our memory: what C keeps it
 *     protects. One object, `binding`, keeps nearly everything.
 *  6. Nothing in its headers ends a program that is running: process.exit()
 *     would come back to whoever called it, through each of its `catch`es. Its
 *     watchdog throws an exception that passes all of them; VM, which is
 *     exported, makes it, and a native may throw it. Promise jobs that wait are
 *     held back by a count that is there for those who delay them.
 *  7. Some of what it is, it is for the process: options, the collector's
 *     signal, the thread that is its main one. That is set once, and all
 *     engines are of that thread.
 */
#include "engine.h"

#include "slabs.h"
#include "text.h"

#include <weir/runtime.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef __APPLE__
#include <jsc/jsc.h>
#endif

/* Exported, and in no public header. A port without them does without. */
#define OPTIONAL extern __attribute__((weak))
OPTIONAL bool JSConfigureSignalForGC(int number);
OPTIONAL void JSSynchronousEdenCollectForDebugging(JSContextRef);
OPTIONAL void JSLock(JSContextRef);
OPTIONAL void JSUnlock(JSContextRef);
/* JSC::VM::ensureTerminationException() */
OPTIONAL JSValueRef
_ZN3JSC2VM26ensureTerminationExceptionEv(JSContextGroupRef vm);
/* JSC::VM::DrainMicrotaskDelayScope::increment(), of an object that is one
 * pointer to its VM. */
OPTIONAL void
_ZN3JSC2VM24DrainMicrotaskDelayScope9incrementEv(JSContextGroupRef *scope);

static script *current;

script *script_get(void)
{
    return current;
}

/* ------------------------------------------------------------------ ending */

/* Otherwise they would run as the engine is left. */
static void drop_jobs(script *s)
{
    JSContextGroupRef vm = JSContextGetGroup(s->context);

    if (_ZN3JSC2VM24DrainMicrotaskDelayScope9incrementEv)
        _ZN3JSC2VM24DrainMicrotaskDelayScope9incrementEv(&vm);
}

void script_end(script *s, int status)
{
    if (s->over)
        return;
    drop_jobs(s);
    s->over = true;
    s->status = status;
    weir_task_post(&s->ending);
    if (s->finishing)
        weir_loop_stop(s->loop);
}

void script_cut_off(script *s, JSValueRef *exception)
{
    JSContextGroupRef vm = JSContextGetGroup(s->context);

    if (!s->over)
        return;
    if (!_ZN3JSC2VM26ensureTerminationExceptionEv || !JSLock || !JSUnlock) {
        script_throw(s->context, exception, "the script is over");
        return;
    }
    JSLock(s->context);
    *exception = _ZN3JSC2VM26ensureTerminationExceptionEv(vm);
    JSUnlock(s->context);
}

/* Past all streams, since there will be no loop to wait for them. Whoever
 * shares stderr with us may have made it non-blocking. */
static void write_error(const char *text)
{
    size_t length = strlen(text);

    while (length > 0) {
        ssize_t put = write(STDERR_FILENO, text, length);
        struct pollfd one = { .fd = STDERR_FILENO, .events = POLLOUT };

        if (put >= 0) {
            text += put;
            length -= (size_t)put;
        } else if (errno == EAGAIN) {
            (void)poll(&one, 1, -1);
        } else if (errno != EINTR) {
            return;
        }
    }
}

bool script_report(script *s, const char *text, const char *stack)
{
    bool taken = false;

    s->natives++;
    if (s->owner.error)
        taken = s->owner.error(s, text, stack);
    else
        write_error(text);
    s->natives--;
    return taken;
}

/* An exception that came through our own outermost JavaScript: it has none to
 * catch it, for want of stack or by a mistake of ours. */
static void fatal(script *s, JSValueRef exception)
{
    const JSValueRef values[] = {
        exception, JSValueIsObject(s->context, exception)
                       ? script_property(s, (JSObjectRef)exception, "stack")
                       : script_undefined
    };
    JSStringRef string = JSValueToStringCopy(s->context, exception, NULL);
    char *text = string ? text_from_string(string, NULL) : NULL;
    char *stack = script_utf8(s->context, 2, values, 1, NULL);
    char both[2048];

    snprintf(both, sizeof both, "weir: %s\n%s\n",
             text ? text : "an exception without a text", stack ? stack : "");
    free(text);
    if (string)
        JSStringRelease(string);
    (void)script_report(s, both, stack);
    free(stack);
    script_end(s, 7);
    if (s->owner.exit)
        s->owner.exit(s, 7);
}

/* ---------------------------------------------------------------- entering */

void script_add_hook(script *s, script_hook *hook)
{
    hook->next = s->hooks;
    s->hooks = hook;
}

static JSValueRef enter_once(script *s, JSObjectRef function, size_t argc,
                             const JSValueRef argv[])
{
    JSValueRef exception = NULL, result;

    s->depth++;
    result = JSObjectCallAsFunction(s->context, function, NULL, argc, argv,
                                    &exception);
    s->depth--;
    if (exception && !s->over)
        fatal(s, exception);
    return result && !exception ? result : script_undefined;
}

static JSValueRef enter(script *s, JSObjectRef function, size_t argc,
                        const JSValueRef argv[])
{
    JSValueRef result;

    for (script_hook *hook = s->hooks; hook; hook = hook->next)
        hook->before_entering(hook->data);
    if (s->over)
        return script_undefined;
    result = enter_once(s, function, argc, argv);
    while (s->pending[SCRIPT_WAITING] > 0 && s->settle && !s->over)
        enter_once(s, s->settle, 0, NULL);
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

/* perform(): what script_within() was asked for. */
SCRIPT_NATIVE(perform)
{
    script *s = current;

    s->work(s, s->work_data);
    script_cut_off(s, exception);
    return script_undefined;
}

void script_within(script *s, void (*work)(script *s, void *data), void *data)
{
    JSValueRef function = s->perform;

    if (s->over)
        return;
    if (s->natives > 0) {
        work(s, data);
        return;
    }
    s->work = work;
    s->work_data = data;
    enter(s, s->run, 1, &function);
}

void script_collect_young(script *s)
{
    if (JSSynchronousEdenCollectForDebugging)
        JSSynchronousEdenCollectForDebugging(s->context);
}

bool script_after_serving(script *s, void (*work)(script *s))
{
    if (s->serves_several)
        s->after_serving = work;
    return s->serves_several;
}

void script_serve(script *s)
{
    void (*work)(struct script *);

    s->serves_several = true;
    weir_loop_serve(s->loop);
    if (current != s)
        return; /* destroyed by one of them */
    s->serves_several = false;
    work = s->after_serving;
    s->after_serving = NULL;
    if (work)
        work(s);
}

/* To leave the engine and enter it anew costs more than most events do, so
 * those of a turn are told from inside of one entry. Not where promise jobs run
 * only as it is left. */
static void serve_turn(weir_loop *loop, void *data)
{
    script *s = data;

    (void)loop;
    if (!s->serve || !script_runs_jobs() || s->over) {
        script_serve(s);
        return;
    }
    s->serving = true;
    enter(s, s->serve, 0, NULL);
    s->serving = false;
    script_glib_served();
    if (s->over && s->left)
        s->left(s);
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

void script_unbind(script *s)
{
    for (size_t i = 0; i < s->binding_count; i++) {
        if (s->bindings[i].unbind && s->bound & UINT32_C(1) << i)
            s->bindings[i].unbind(s);
    }
    s->bound = 0;
    s->hooks = NULL;
    weir_task_cancel(&s->ending);
    script_glib_close();
    weir_loop_set_surround(s->loop, NULL, NULL);
}

static void on_ending(weir_task *task)
{
    script *s = task->data;

    script_unbind(s);
    if (s->depth == 0 && s->left)
        s->left(s);
}

/* ------------------------------------------------------- opening, closing */

/* What the engine is for the process. -EBUSY in another thread, -EMFILE when
 * there is no room for the descriptor without which GLib gives up. */
static int configure(void)
{
    static pthread_t owner;
    static bool done;
    int fd;

    if (done)
        return pthread_equal(owner, pthread_self()) ? 0 : -EBUSY;
    fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    close(fd);
    owner = pthread_self();
    done = true;
    if (JSConfigureSignalForGC)
        JSConfigureSignalForGC(SIGPWR);
#ifndef __APPLE__
    jsc_options_set_boolean("useTailCalls", FALSE);
#endif
    return 0;
}

int script_open(script *s, weir_loop *loop, const script_binding bindings[],
                size_t count, const script_owner *owner)
{
    int error = current ? -EBUSY : configure();

    if (error < 0)
        return error;
    s->loop = loop;
    s->bindings = bindings;
    s->binding_count = count;
    s->owner = *owner;
    weir_task_init(&s->ending, loop, on_ending);
    s->ending.data = s;
    script_glib_prepare(s);
    s->context = JSGlobalContextCreate(NULL);
    if (!s->context)
        return -ENOMEM;
    current = s;
    script_undefined = JSValueMakeUndefined(s->context);
    s->perform = JSObjectMakeFunctionWithCallback(s->context, NULL, perform);
    script_protect(s, s->perform);
    slabs_open();
    script_glib_watch(s);
    weir_loop_set_surround(loop, serve_turn, s);
    return 0;
}

int script_start(script *s, JSObjectRef options)
{
    JSValueRef exception = NULL, arguments[2];

    arguments[0] =
        JSObjectMakeFunctionWithCallback(s->context, NULL, find_binding);
    arguments[1] = options;
    enter(s,
          (JSObjectRef)script_builtin(s->context, "internal/core", &exception),
          2, arguments);
    return s->over || !s->run ? -ENOMEM : 0;
}

int script_finish(script *s)
{
    JSValueRef code;
    int error = 0;

    s->finishing = true;
    while (!s->over && error == 0) {
        error = weir_loop_run(s->loop);
        if (error < 0 || weir_loop_alive(s->loop))
            break; /* somebody has stopped it */
        enter(s, s->before_exit, 0, NULL);
        if (!weir_loop_alive(s->loop))
            break;
    }
    s->finishing = false;
    if (error < 0)
        return error;
    code = enter(s, s->at_exit, 0, NULL);
    script_end(s, script_int(s->context, 1, &code, 0, 0));
    return 0;
}

void script_close(script *s)
{
    script_unbind(s);
    JSGlobalContextRelease(s->context);
    slabs_close();
    current = NULL;
}
