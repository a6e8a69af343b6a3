/*
 * script.c - a script's life: made, run, finished, destroyed
 *
 * The host makes the engine, the table of bindings says what scripts find
 * there, and internal/boot.js hands over the functions by which it is told what
 * to run.
 */
#include "embedding.h"

#include "script/bindings/bindings.h"

#include <errno.h>
#include <stdlib.h>

/* ------------------------------------------------------------------ ending */

static void close_script(weir_script *js)
{
    embedding_let_go(js);
    script_close(&js->engine);
    embedding_forget_natives(js);
    free(js);
}

/* JavaScript has been left, and the script is over. */
static void on_left(script *s)
{
    if (embedding_of(s)->doomed)
        close_script(embedding_of(s));
}

int embedding_within(weir_script *js, void (*work)(script *s, void *data),
                     void *data)
{
    script *s = &js->engine;
    bool over;

    if (s->over)
        return -ECANCELED;
    script_within(s, work, data);
    over = s->over;
    if (over && s->depth == 0 && s->natives == 0)
        on_left(s);
    return over ? -ECANCELED : 0;
}

void weir_script_destroy(weir_script *js)
{
    script *s;

    if (!js)
        return;
    s = &js->engine;
    js->doomed = true;
    script_end(s, 0);
    if (s->depth == 0 && s->natives == 0)
        close_script(js);
}

int weir_script_finish(weir_script *js, int *status)
{
    script *s;
    int error;

    if (!js)
        return -EINVAL;
    s = &js->engine;
    if (s->depth > 0 || s->natives > 0)
        return -EBUSY;
    error = s->over ? 0 : script_finish(s);
    if (error < 0)
        return error;
    script_unbind(s);
    if (status)
        *status = s->status;
    on_left(s);
    return 0;
}

/* ------------------------------------------------------------------ making */

static bool on_error(script *s, const char *text, const char *stack)
{
    const weir_script_options *options = &embedding_of(s)->options;

    return options->error(embedding_of(s), text, stack, options->data);
}

static void on_exit_called(script *s, int code)
{
    const weir_script_options *options = &embedding_of(s)->options;

    options->exit(embedding_of(s), code, options->data);
}

/* setRunners(runFile, runText, loadEmbed): internal/boot.js's. */
SCRIPT_NATIVE(set_runners)
{
    weir_script *js = embedding_of(script_get());

    if (argc < 3)
        return script_throw(ctx, exception, "setRunners: three functions");
    for (size_t i = 0; i < 3; i++)
        script_protect(&js->engine, argv[i]);
    js->run_file = (JSObjectRef)argv[0];
    js->run_text = (JSObjectRef)argv[1];
    js->embed = (JSObjectRef)argv[2];
    return JSValueMakeUndefined(ctx);
}

static JSObjectRef list_of(script *s, const char *const *texts)
{
    JSObjectRef list = JSObjectMakeArray(s->context, 0, NULL, NULL);

    for (unsigned i = 0; texts && texts[i]; i++)
        JSObjectSetPropertyAtIndex(
            s->context, list, i,
            script_from_utf8(s->context, texts[i], (size_t)-1), NULL);
    return list;
}

/* What internal/core.js finds as `options`. */
static JSObjectRef options_of(weir_script *js)
{
    const weir_script_options *options = &js->options;
    script *s = &js->engine;
    JSObjectRef object = JSObjectMake(s->context, NULL, NULL);

    script_set(s, object, "argv0",
               script_from_utf8(s->context,
                                options->argv0 ? options->argv0 : "weir",
                                (size_t)-1));
    script_set(s, object, "arguments", list_of(s, options->arguments));
    script_set(s, object, "signals",
               JSValueMakeBoolean(s->context, options->signals));
    script_set(s, object, "collectsErrors",
               JSValueMakeBoolean(s->context, options->error != NULL));
    script_set(s, object, "boot",
               script_from_utf8(s->context, "internal/boot", (size_t)-1));
    script_set(
        s, object, "upcalls",
        script_from_utf8(s->context, "internal/boot/upcalls", (size_t)-1));
    script_set_number(s, object, "CHECK", WEIR_SCRIPT_CHECK);
    script_set_number(s, object, "PRINT", WEIR_SCRIPT_PRINT);
    script_function(s, object, "setRunners", set_runners);
    return object;
}

int weir_script_create(weir_script **out, weir_loop *loop,
                       const weir_script_options *options)
{
    script_owner owner = { NULL, NULL };
    weir_script *js;
    int error;

    if (!out)
        return -EINVAL;
    *out = NULL;
    if (!loop)
        return -EINVAL;
    js = calloc(1, sizeof *js);
    if (!js)
        return -ENOMEM;
    if (options)
        js->options = *options;
    if (js->options.error)
        owner.error = on_error;
    if (js->options.exit)
        owner.exit = on_exit_called;
    error = script_open(&js->engine, loop, script_bindings,
                        script_binding_count, &owner);
    if (error < 0) {
        free(js);
        return error;
    }
    js->engine.left = on_left;
    error = script_start(&js->engine, options_of(js));
    js->options.argv0 = NULL; /* they are the caller's */
    js->options.arguments = NULL;
    if (error < 0 || !js->run_file) {
        weir_script_destroy(js);
        return -ENOMEM;
    }
    *out = js;
    return 0;
}

weir_loop *weir_script_loop(const weir_script *js)
{
    return js->engine.loop;
}

void *weir_script_data(const weir_script *js)
{
    return js->options.data;
}

/* ----------------------------------------------------------------- running */

/* internal/boot.js gives what was run in an array; nothing when it threw. */
static int outcome(weir_script *js, JSValueRef outcome, weir_value *result)
{
    script *s = &js->engine;
    JSContextRef ctx = s->context;
    JSValueRef value;
    int error = 0;

    if (s->over) {
        if (s->depth == 0)
            on_left(s);
        return -ECANCELED;
    }
    if (!JSValueIsObject(ctx, outcome))
        return WEIR_THROWN;
    value = JSObjectGetPropertyAtIndex(ctx, (JSObjectRef)outcome, 0, NULL);
    if (result)
        error = embedding_from_js(js, value, false, result);
    return error;
}

static int run(weir_script *js, JSObjectRef function, unsigned flags,
               JSValueRef arguments[3], weir_value *result)
{
    script *s = &js->engine;

    if (s->natives > 0)
        return -EBUSY;
    if (s->over)
        return -ECANCELED;
    arguments[2] = JSValueMakeNumber(s->context, flags);
    return outcome(js, script_call(s, function, 3, arguments), result);
}

/* False when it is for nobody. */
static bool prepare(const weir_script *js, unsigned flags, weir_value *result)
{
    if (result)
        *result = weir_value_undefined();
    return js && flags <= (WEIR_SCRIPT_CHECK | WEIR_SCRIPT_PRINT);
}

int weir_script_run_file(weir_script *js, const char *path, unsigned flags,
                         weir_value *result)
{
    JSValueRef arguments[3];

    if (!prepare(js, flags, result))
        return -EINVAL;
    arguments[0] = path ? script_from_utf8(js->engine.context, path, (size_t)-1)
                        : script_undefined;
    arguments[1] = script_undefined;
    return run(js, js->run_file, flags, arguments, result);
}

int weir_script_run_text(weir_script *js, const char *name, const char *text,
                         size_t length, unsigned flags, weir_value *result)
{
    JSValueRef arguments[3];

    if (!prepare(js, flags, result) || !name || !text)
        return -EINVAL;
    arguments[0] = script_from_utf8(js->engine.context, name, (size_t)-1);
    arguments[1] = script_from_utf8(js->engine.context, text, length);
    return run(js, js->run_text, flags, arguments, result);
}
