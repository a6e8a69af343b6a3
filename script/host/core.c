/*
 * core.c - what internal/core.js asks of its host: binding.core
 *
 * Built-in modules and the program's own source become functions here; promise
 * jobs and rejections, the turns of the loop and the end of the process are
 * what the two of them do together.
 */
#include "engine.h"

#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Exported, and in no public header. A port without them does without. */
#define OPTIONAL extern __attribute__((weak))
OPTIONAL void JSGlobalContextSetUnhandledRejectionCallback(JSGlobalContextRef,
                                                           JSObjectRef,
                                                           JSValueRef *);
OPTIONAL void JSSynchronousGarbageCollectForDebugging(JSContextRef);
/* JSC::JSPromise::isHandled(JSC::VM &) const. A reference to an object is a
 * pointer to it. */
OPTIONAL bool _ZNK3JSC9JSPromise9isHandledERNS_2VME(JSValueRef promise,
                                                    JSContextGroupRef vm);
/* Of JSWeakPrivate.h. */
typedef struct OpaqueJSWeak *weak_ref;
OPTIONAL weak_ref JSWeakCreate(JSContextGroupRef, JSObjectRef);
OPTIONAL JSObjectRef JSWeakGetObject(weak_ref);
OPTIONAL void JSWeakRelease(JSContextGroupRef, weak_ref);
/* JSC::VM::drainMicrotasks() */
OPTIONAL void _ZN3JSC2VM15drainMicrotasksEv(JSContextGroupRef vm);

/* Jobs are run under the engine's lock, which a native does not have. */
bool script_runs_jobs(void)
{
    return _ZN3JSC2VM15drainMicrotasksEv && script_has_fast_calls();
}

/* ----------------------------------------------------------------- sources */

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

JSValueRef script_builtin(JSContextRef ctx, const char *id,
                          JSValueRef *exception)
{
    const struct script_builtin *found = find_builtin(id);
    JSStringRef source =
        found ? text_to_string(found->source, found->length) : NULL;
    JSValueRef result;
    char name[80];

    if (!source)
        return JSValueMakeUndefined(ctx);
    snprintf(name, sizeof name, "node:%s", id);
    result = evaluate(ctx, source, name, 1, exception);
    JSStringRelease(source);
    return result;
}

/* builtin(id): its function, undefined when there is none. */
SCRIPT_NATIVE(builtin)
{
    char *id = script_utf8(ctx, argc, argv, 0, NULL);
    JSValueRef result =
        id ? script_builtin(ctx, id, exception) : JSValueMakeUndefined(ctx);

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

/* Before and after the text of a program's file. Its body begins on the line of
 * the parameters, so that the file's lines keep their numbers. */
static const char head[] =
    "(function (exports, require, module, __filename, __dirname) {";
static const char tail[] = "\n})";

#define HEAD_LENGTH (sizeof head - 1)
#define TAIL_LENGTH (sizeof tail - 1)

/* compile(source, filename): its function. */
SCRIPT_NATIVE(compile)
{
    size_t length;
    char *source = script_utf8(ctx, argc, argv, 0, &length);
    char *name = script_utf8(ctx, argc, argv, 1, NULL);
    JSValueRef result = JSValueMakeUndefined(ctx);
    JSStringRef string = NULL;
    char *text = NULL;

    if (source && name)
        text = malloc(HEAD_LENGTH + length + TAIL_LENGTH);
    if (text) {
        memcpy(text, head, HEAD_LENGTH);
        memcpy(text + HEAD_LENGTH, source, length);
        memcpy(text + HEAD_LENGTH + length, tail, TAIL_LENGTH);
        string = text_to_string(text, HEAD_LENGTH + length + TAIL_LENGTH);
    }
    if (string) {
        result = evaluate(ctx, string, name, 1, exception);
        JSStringRelease(string);
    } else {
        script_throw(ctx, exception, "compile: out of memory");
    }
    free(text);
    free(name);
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

/* ------------------------------------------------------- turns and endings */

/* setCallbacks(run, settle, onRejection, beforeExit, atExit, serve) */
SCRIPT_NATIVE(set_callbacks)
{
    script *s = script_get();

    if (argc < 6)
        return script_throw(ctx, exception, "setCallbacks: six functions");
    for (size_t i = 0; i < argc; i++)
        script_protect(s, argv[i]);
    s->run = (JSObjectRef)argv[0];
    s->settle = (JSObjectRef)argv[1];
    s->before_exit = (JSObjectRef)argv[3];
    s->at_exit = (JSObjectRef)argv[4];
    s->serve = (JSObjectRef)argv[5];
    if (JSGlobalContextSetUnhandledRejectionCallback)
        JSGlobalContextSetUnhandledRejectionCallback(
            s->context, (JSObjectRef)argv[2], exception);
    return JSValueMakeUndefined(ctx);
}

/* -------------------------------------------------------------- rejections */

static bool is_handled(JSContextRef ctx, JSValueRef promise)
{
    return _ZNK3JSC9JSPromise9isHandledERNS_2VME &&
           _ZNK3JSC9JSPromise9isHandledERNS_2VME(promise,
                                                 JSContextGetGroup(ctx));
}

/* isHandled(promise), of one that onRejection was told of: whether somebody
 * handles it by now. False where the engine does not say. */
SCRIPT_NATIVE(is_handled_native)
{
    return JSValueMakeBoolean(ctx, argc > 0 && is_handled(ctx, argv[0]));
}

/*
 * Promises whose rejection the program was told of, until somebody handles them
 * after all. The engine does not tell when that is, so they are looked at: the
 * latest each time, and since some programs leave very many of them, of older
 * ones some in turn. What nobody else keeps is not kept for this.
 */
enum { LATEST = 64, IN_TURN = 16 };
static struct {
    weak_ref *promises;
    size_t count, size, next;
} watched;

static void note_watched(void)
{
    script_get()->pending[SCRIPT_WATCHED] = (int32_t)watched.count;
}

/* watch(promise). One that there is no memory for is not watched. */
SCRIPT_NATIVE(watch)
{
    weak_ref promise;

    if (!JSWeakCreate || !JSWeakGetObject || !JSWeakRelease || argc == 0)
        return JSValueMakeUndefined(ctx);
    if (watched.count == watched.size) {
        size_t size = watched.size ? 2 * watched.size : 8;
        weak_ref *grown =
            realloc(watched.promises, size * sizeof *watched.promises);

        if (!grown)
            return JSValueMakeUndefined(ctx);
        watched.promises = grown;
        watched.size = size;
    }
    promise = JSWeakCreate(JSContextGetGroup(ctx), (JSObjectRef)argv[0]);
    if (promise)
        watched.promises[watched.count++] = promise;
    note_watched();
    return JSValueMakeUndefined(ctx);
}

static void unwatch(JSContextRef ctx, size_t i)
{
    JSWeakRelease(JSContextGetGroup(ctx), watched.promises[i]);
    watched.count--;
    memmove(&watched.promises[i], &watched.promises[i + 1],
            (watched.count - i) * sizeof *watched.promises);
}

/* Whether it is over with this one: handled, and noted as that, or gone. */
static bool is_over(JSContextRef ctx, size_t i, JSValueRef handled[],
                    size_t *count)
{
    JSObjectRef promise = JSWeakGetObject(watched.promises[i]);

    if (promise && !is_handled(ctx, promise))
        return false;
    if (promise)
        handled[(*count)++] = promise;
    return true;
}

/* The last of the older ones takes its place: they may be very many to move. */
static void unwatch_older(JSContextRef ctx, size_t i, size_t older)
{
    weak_ref gone = watched.promises[i];

    watched.promises[i] = watched.promises[older - 1];
    watched.promises[older - 1] = gone;
    unwatch(ctx, older - 1);
}

/* takeHandled(): of those that are watched, the ones that are handled by now,
 * as an array. They are watched no more. */
SCRIPT_NATIVE(take_handled)
{
    JSValueRef handled[LATEST + IN_TURN];
    size_t count = 0, i;
    size_t older = watched.count > LATEST ? watched.count - LATEST : 0;

    for (i = 0; i < IN_TURN && older > 0; i++) {
        if (watched.next >= older)
            watched.next = 0;
        if (is_over(ctx, watched.next, handled, &count))
            unwatch_older(ctx, watched.next, older--);
        else
            watched.next++;
    }
    for (i = older; i < watched.count;) {
        if (is_over(ctx, i, handled, &count))
            unwatch(ctx, i);
        else
            i++;
    }
    note_watched();
    return JSObjectMakeArray(ctx, count, handled, exception);
}

void script_unbind_core(script *s)
{
    while (watched.count > 0)
        unwatch(s->context, watched.count - 1);
    free(watched.promises);
    memset(&watched, 0, sizeof watched);
}

/* --------------------------------------------------------- jobs, turns, end */

/* runJobs(): promise jobs, until none is left. */
SCRIPT_FAST_CALL(run_jobs)
{
    _ZN3JSC2VM15drainMicrotasksEv(JSContextGetGroup(script_get()->context));
}

/* serve(): the loop tells what it has in this turn, from inside of the
 * engine. */
SCRIPT_FAST_CALL(serve)
{
    script_serve(script_get());
}

SCRIPT_NATIVE(collect_garbage)
{
    if (JSSynchronousGarbageCollectForDebugging)
        JSSynchronousGarbageCollectForDebugging(ctx);
    else
        JSGarbageCollect(ctx);
    return JSValueMakeUndefined(ctx);
}

/* exit(code): nothing of the script runs after it. */
SCRIPT_NATIVE(exit_native)
{
    script *s = script_get();
    int code = script_int(ctx, argc, argv, 0, 0);

    script_end(s, code);
    if (s->owner.exit) {
        s->natives++;
        s->owner.exit(s, code);
        s->natives--;
    }
    script_cut_off(s, exception);
    return JSValueMakeUndefined(ctx);
}

/* report(text, stack): an error that nobody took; whether the script goes
 * on. */
SCRIPT_NATIVE(report)
{
    script *s = script_get();
    char *text = script_utf8(ctx, argc, argv, 0, NULL);
    char *stack = script_utf8(ctx, argc, argv, 1, NULL);
    bool taken = script_report(s, text ? text : "out of memory\n", stack);

    free(stack);
    free(text);
    script_cut_off(s, exception);
    return JSValueMakeBoolean(ctx, taken);
}

void script_bind_core(script *s, JSObjectRef target)
{
    static const script_native natives[] = {
        { "builtin", builtin },
        { "evaluate", evaluate_native },
        { "compile", compile },
        { "checkSyntax", check_syntax },
        { "setCallbacks", set_callbacks },
        { "isHandled", is_handled_native },
        { "watch", watch },
        { "takeHandled", take_handled },
        { "collectGarbage", collect_garbage },
        { "exit", exit_native },
        { "report", report },
    };
    static const script_fast_call fast[] = {
        SCRIPT_FAST("serve", serve),
        SCRIPT_FAST("runJobs", run_jobs),
    };

    script_functions(s, target, natives, SCRIPT_COUNT(natives));
    script_fast_calls(s, target, fast, script_runs_jobs() ? 2 : 1);
    script_set_number(s, target, "HEAD_LENGTH", HEAD_LENGTH);
    script_share(s, target, "pending", s->pending, sizeof s->pending);
    script_set_number(s, target, "WAITING", SCRIPT_WAITING);
    script_set_number(s, target, "WATCHED", SCRIPT_WATCHED);
}
