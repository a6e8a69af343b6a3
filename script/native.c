/*
 * native.c - functions of the embedding program that JavaScript calls
 *
 * JavaScript has a function that knows a number, and C the table of what they
 * stand for: so nothing depends on when the collector comes by.
 */
#include "embedding.h"

#include <errno.h>
#include <stdlib.h>

/* The error for JavaScript, or what was thrown. */
static JSValueRef to_throw(weir_script *js, int error, const weir_value *thrown,
                           JSValueRef name)
{
    JSContextRef ctx = js->engine.context;
    JSObjectRef make = embedding_function(js, "errorOf");
    JSValueRef value, arguments[2] = { JSValueMakeNumber(ctx, error), name };

    if (error == WEIR_THROWN && embedding_to_js(js, thrown, &value) == 0)
        return value;
    if (error == WEIR_THROWN)
        arguments[0] = JSValueMakeNumber(ctx, -EINVAL);
    value = make ? JSObjectCallAsFunction(ctx, make, NULL, 2, arguments, NULL)
                 : NULL;
    return value ? value : script_undefined;
}

static int call(weir_script *js, const struct native *native, size_t argc,
                const JSValueRef argv[], weir_value *result)
{
    weir_value values[MOST_ARGUMENTS];
    size_t count = 0;
    int error = 0;

    values[0] = weir_value_undefined();
    for (; count < argc && count < MOST_ARGUMENTS && error == 0; count++)
        error = embedding_from_js(js, argv[count], true, &values[count]);
    if (error == 0) {
        js->engine.natives++;
        error = native->call(js, count, values, result, native->data);
        js->engine.natives--;
    }
    while (count > 0)
        weir_value_unref(&values[--count]);
    return error;
}

/* callNative(number, name, ...arguments) */
SCRIPT_NATIVE(call_native)
{
    script *s = script_get();
    weir_script *js = embedding_of(s);
    uint32_t number = (uint32_t)script_int(ctx, argc, argv, 0, -1);
    weir_value result = weir_value_undefined();
    JSValueRef value = script_undefined;
    int error = -EINVAL;

    if (argc >= 2 && number < js->native_count) {
        struct native native = js->natives[number]; /* the table may move */

        error = call(js, &native, argc - 2, argv + 2, &result);
    }
    if (s->over)
        script_cut_off(s, exception);
    else if (error == 0)
        error = embedding_to_js(js, &result, &value);
    if (error != 0 && !s->over)
        *exception =
            to_throw(js, error, &result, script_argument(ctx, argc, argv, 1));
    weir_value_unref(&result);
    return value;
}

void embedding_forget_natives(weir_script *js)
{
    free(js->natives);
    js->natives = NULL;
    js->native_count = 0;
}

/* ------------------------------------------------------------- registering */

struct registration {
    weir_script *js;
    const char *name;
    weir_value function;
    int error;
};

/* The function that knows the last number. */
static void make_function(script *s, void *data)
{
    struct registration *r = data;
    JSObjectRef make = embedding_function(r->js, "nativeOf");
    JSValueRef exception = NULL, arguments[] = {
        JSObjectMakeFunctionWithCallback(s->context, NULL, call_native),
        JSValueMakeNumber(s->context, r->js->native_count - 1),
        script_from_utf8(s->context, r->name, (size_t)-1)
    };
    JSValueRef value = make ? JSObjectCallAsFunction(s->context, make, NULL, 3,
                                                     arguments, &exception)
                            : NULL;

    r->error = value && !exception
                   ? embedding_from_js(r->js, value, false, &r->function)
                   : -ENOMEM;
}

int weir_script_register(weir_script *js, const weir_value *object,
                         const char *name, weir_native *native, void *data)
{
    struct registration r = { .js = js, .name = name };
    struct native *natives;
    int error;

    if (!js || !name || !native)
        return -EINVAL;
    natives = realloc(js->natives, (js->native_count + 1) * sizeof *natives);
    if (!natives)
        return -ENOMEM;
    js->natives = natives;
    natives[js->native_count++] = (struct native){ native, data };
    error = embedding_within(js, make_function, &r);
    if (error == 0)
        error = r.error;
    if (error == 0)
        error = weir_script_set(js, object, name, &r.function);
    weir_value_unref(&r.function);
    return error;
}
