/*
 * value.c - weir_value, to JavaScript and back
 *
 * What a value holds is one block with a count: a copy of a text or bytes, or
 * an object of the engine's, protected. Those that hold objects are in a list
 * of their script, which takes the objects away when it goes; the block goes
 * with the last reference.
 */
#include "embedding.h"

#include "script/host/text.h"

#include <errno.h>
#include <stdlib.h>

struct weir_held {
    size_t references;
    weir_script *js; /* NULL: of no object, or the script is gone */
    JSValueRef object;
    weir_held *next, **at;
    void *memory;
};

/* Takes the memory over; frees it when out of memory. */
static weir_held *hold_memory(void *memory)
{
    weir_held *held = memory ? calloc(1, sizeof *held) : NULL;

    if (!held) {
        free(memory);
        return NULL;
    }
    held->references = 1;
    held->memory = memory;
    return held;
}

static weir_held *hold_object(weir_script *js, JSValueRef object)
{
    weir_held *held = calloc(1, sizeof *held);

    if (!held)
        return NULL;
    held->references = 1;
    held->js = js;
    held->object = object;
    script_protect(&js->engine, object);
    held->next = js->held;
    held->at = &js->held;
    if (held->next)
        held->next->at = &held->next;
    js->held = held;
    return held;
}

static void let_go(weir_held *held)
{
    script_unprotect(&held->js->engine, held->object);
    *held->at = held->next;
    if (held->next)
        held->next->at = held->at;
    held->js = NULL;
    held->object = NULL;
}

void embedding_let_go(weir_script *js)
{
    while (js->held)
        let_go(js->held);
}

/* A copy with a NUL behind it. */
static void *copy_of(const void *bytes, size_t length)
{
    char *copy = malloc(length + 1);

    if (!copy)
        return NULL;
    if (length > 0)
        memcpy(copy, bytes, length);
    copy[length] = 0;
    return copy;
}

static int hold_copy(weir_value *value, const void *bytes)
{
    weir_held *held = hold_memory(copy_of(bytes, value->length));

    if (!held)
        return -ENOMEM;
    value->held = held;
    if (value->type == WEIR_TEXT)
        value->text = held->memory;
    else
        value->bytes = held->memory;
    return 0;
}

int weir_value_ref(weir_value *value)
{
    if (!value)
        return -EINVAL;
    if (value->held)
        value->held->references++;
    else if (value->type == WEIR_TEXT)
        return hold_copy(value, value->text);
    else if (value->type == WEIR_BYTES)
        return hold_copy(value, value->bytes);
    return 0;
}

void weir_value_unref(weir_value *value)
{
    weir_held *held = value ? value->held : NULL;

    if (held && --held->references == 0) {
        if (held->js)
            let_go(held);
        free(held->memory);
        free(held);
    }
    if (value)
        *value = weir_value_undefined();
}

/* ----------------------------------------------------------- to JavaScript */

static void free_bytes(void *bytes, void *context)
{
    (void)context;
    free(bytes);
}

static int to_buffer(weir_script *js, const weir_value *value,
                     JSValueRef *result)
{
    JSContextRef ctx = js->engine.context;
    JSObjectRef make = embedding_function(js, "bufferOf");
    void *copy = make ? copy_of(value->bytes, value->length) : NULL;
    JSValueRef array;

    if (!copy)
        return -ENOMEM;
    array = JSObjectMakeArrayBufferWithBytesNoCopy(ctx, copy, value->length,
                                                   free_bytes, NULL, NULL);
    *result =
        array ? JSObjectCallAsFunction(ctx, make, NULL, 1, &array, NULL) : NULL;
    return *result ? 0 : -ENOMEM;
}

static int to_string(weir_script *js, const weir_value *value,
                     JSValueRef *result)
{
    *result = script_from_utf8(js->engine.context, value->text, value->length);
    return JSValueIsString(js->engine.context, *result) ? 0 : -ENOMEM;
}

static int to_object(weir_script *js, const weir_value *value,
                     JSValueRef *result)
{
    if (!value->held)
        return -EINVAL;
    if (value->held->js != js)
        return -EBADF;
    *result = value->held->object;
    return 0;
}

int embedding_to_js(weir_script *js, const weir_value *value,
                    JSValueRef *result)
{
    JSContextRef ctx = js->engine.context;

    *result = script_undefined;
    switch (value->type) {
    case WEIR_UNDEFINED:
        return 0;
    case WEIR_NULL:
        *result = JSValueMakeNull(ctx);
        return 0;
    case WEIR_BOOLEAN:
        *result = JSValueMakeBoolean(ctx, value->boolean);
        return 0;
    case WEIR_NUMBER:
        *result = JSValueMakeNumber(ctx, value->number);
        return 0;
    case WEIR_TEXT:
        return value->text ? to_string(js, value, result) : -EINVAL;
    case WEIR_BYTES:
        return value->bytes || value->length == 0 ? to_buffer(js, value, result)
                                                  : -EINVAL;
    case WEIR_OBJECT:
    case WEIR_FUNCTION:
        return to_object(js, value, result);
    }
    return -EINVAL;
}

/* --------------------------------------------------------- from JavaScript */

static int from_string(weir_script *js, JSValueRef from, weir_value *value)
{
    char *text = script_utf8(js->engine.context, 1, &from, 0, &value->length);

    value->held = hold_memory(text);
    if (!value->held)
        return -ENOMEM;
    value->type = WEIR_TEXT;
    value->text = text;
    return 0;
}

static int from_object(weir_script *js, JSValueRef from, bool borrowed,
                       weir_value *value)
{
    JSContextRef ctx = js->engine.context;
    uint8_t *bytes;

    if (script_bytes(ctx, 1, &from, 0, &bytes, &value->length)) {
        value->type = WEIR_BYTES;
        value->bytes = bytes;
        return borrowed ? 0 : hold_copy(value, bytes);
    }
    value->length = 0;
    value->type =
        JSValueIsObject(ctx, from) && JSObjectIsFunction(ctx, (JSObjectRef)from)
            ? WEIR_FUNCTION
            : WEIR_OBJECT;
    value->held = hold_object(js, from);
    return value->held ? 0 : -ENOMEM;
}

int embedding_from_js(weir_script *js, JSValueRef from, bool borrowed,
                      weir_value *value)
{
    JSContextRef ctx = js->engine.context;
    int error;

    *value = weir_value_undefined();
    switch (JSValueGetType(ctx, from)) {
    case kJSTypeUndefined:
        return 0;
    case kJSTypeNull:
        value->type = WEIR_NULL;
        return 0;
    case kJSTypeBoolean:
        *value = weir_value_boolean(JSValueToBoolean(ctx, from));
        return 0;
    case kJSTypeNumber:
        *value = weir_value_number(JSValueToNumber(ctx, from, NULL));
        return 0;
    case kJSTypeString:
        error = from_string(js, from, value);
        break;
    default: /* objects, symbols, bigints */
        error = from_object(js, from, borrowed, value);
    }
    if (error < 0)
        *value = weir_value_undefined();
    return error;
}
