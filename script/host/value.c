/*
 * value.c - natives, and values of the engine to and from C's
 *
 * The engine's strings are UTF-16, and its own conversions stop at a NUL and at
 * a lone surrogate; so the conversions here are ours (text.c).
 */
#include "engine.h"

#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Exported, and in no public header. A port without them does without. */
#define OPTIONAL extern __attribute__((weak))
OPTIONAL void JSLock(JSContextRef);
OPTIONAL void JSUnlock(JSContextRef);
#ifndef __APPLE__
/* JSC::JSFunction::create(). The types of its arguments are part of its name:
 * where they are others there is no such symbol. A FunctionPtr and a String are
 * one pointer each. */
OPTIONAL JSObjectRef function_create(
    JSContextGroupRef vm, JSContextRef global, unsigned length,
    void *const *name, script_fast_callback *call, uint8_t visibility,
    uint8_t intrinsic, script_fast_callback *construct,
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

JSValueRef script_undefined;

/* -------------------------------------------------------------- functions */

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

void script_functions(script *s, JSObjectRef target,
                      const script_native natives[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        script_function(s, target, natives[i].name, natives[i].native);
}

#ifndef __APPLE__

bool script_has_fast_calls(void)
{
    return function_create && JSLock && JSUnlock;
}

static JSObjectRef make_fast(script *s, script_fast_callback *fast)
{
    static void *const no_name = NULL;
    JSObjectRef function;

    JSLock(s->context);
    function = function_create(JSContextGetGroup(s->context), s->context, 0,
                               &no_name, fast, 0, 0, fast, NULL);
    JSUnlock(s->context);
    return function;
}

#else

bool script_has_fast_calls(void)
{
    return false;
}

static JSObjectRef make_fast(script *s, script_fast_callback *fast)
{
    (void)s, (void)fast;
    return NULL;
}

#endif

void script_fast_calls(script *s, JSObjectRef target,
                       const script_fast_call calls[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (script_has_fast_calls())
            script_set(s, target, calls[i].name, make_fast(s, calls[i].fast));
        else
            script_function(s, target, calls[i].name, calls[i].native);
    }
}

/* ------------------------------------------------------------- properties */

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

void script_set_constants(script *s, JSObjectRef target,
                          const script_constant constants[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        script_set_number(s, target, constants[i].name, constants[i].value);
}

JSValueRef script_property(script *s, JSObjectRef object, const char *name)
{
    JSStringRef key = JSStringCreateWithUTF8CString(name);
    JSValueRef value = JSObjectGetProperty(s->context, object, key, NULL);

    JSStringRelease(key);
    return value ? value : JSValueMakeUndefined(s->context);
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

/* ----------------------------------------------- from JavaScript's values */

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

/* ------------------------------------------------- into JavaScript's values */

JSValueRef script_from_number(JSContextRef ctx, double number)
{
    return JSValueMakeNumber(ctx, number);
}

JSValueRef script_from_string(JSContextRef ctx, JSStringRef string)
{
    JSValueRef value;

    if (!string)
        return JSValueMakeUndefined(ctx);
    value = JSValueMakeString(ctx, string);
    JSStringRelease(string);
    return value;
}

JSValueRef script_from_utf8(JSContextRef ctx, const char *text, size_t length)
{
    return script_from_string(
        ctx,
        text_to_string(text, length == (size_t)-1 ? strlen(text) : length));
}

/* ---------------------------------------------------------- keeping values */

void script_protect(script *s, JSValueRef value)
{
    JSValueProtect(s->context, value);
}

void script_unprotect(script *s, JSValueRef value)
{
    JSValueUnprotect(s->context, value);
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
