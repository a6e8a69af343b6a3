/*
 * value.h - natives, and values of the engine to and from C's
 */
#ifndef WEIR_SCRIPT_VALUE_H
#define WEIR_SCRIPT_VALUE_H

#include <JavaScriptCore/JavaScript.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct script script;

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

/* How many the tables below have. */
#define SCRIPT_COUNT(table) (sizeof(table) / sizeof(table)[0])

/* A native and its name in JavaScript. */
typedef struct script_native {
    const char *name;
    JSObjectCallAsFunctionCallback native;
} script_native;

/* Puts a native on an object; all of a table. */
void script_function(script *s, JSObjectRef target, const char *name,
                     JSObjectCallAsFunctionCallback native);
void script_functions(script *s, JSObjectRef target,
                      const script_native natives[], size_t count);

/* Declares a fast call: a native without arguments and result, for the hot
 * path. What it is told and what it answers stand in memory that both sides
 * know. A call costs next to nothing, since the engine is not left for it: so
 * it must not make, keep or call anything of JavaScript's. */
#define SCRIPT_FAST_CALL(name)                                                 \
    static void name(void);                                                    \
    static JSValueRef name##_fast(const void *global, const void *frame)       \
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

typedef JSValueRef script_fast_callback(const void *global, const void *frame);

extern JSValueRef script_undefined;

/* A fast call, the native where the engine has none, and its name. */
typedef struct script_fast_call {
    const char *name;
    script_fast_callback *fast;
    JSObjectCallAsFunctionCallback native;
} script_fast_call;

#define SCRIPT_FAST(name, function)                                            \
    {                                                                          \
        name, function##_fast, function##_native                               \
    }

/* Whether the engine lets us make them; else they are natives, in which it has
 * let go of its lock. */
bool script_has_fast_calls(void);

/* Puts a table of them on an object. */
void script_fast_calls(script *s, JSObjectRef target,
                       const script_fast_call calls[], size_t count);

/* ------------------------------------------------------------- properties */

void script_set(script *s, JSObjectRef target, const char *name,
                JSValueRef value);
void script_set_number(script *s, JSObjectRef target, const char *name,
                       double value);

/* What C and JavaScript both call by number stands in C, as a table of names;
 * a constant to JavaScript. */
typedef struct script_constant {
    const char *name;
    int value;
} script_constant;

/* It would take the # for a directive. */
/* clang-format off */
#define SCRIPT_CONSTANT(name) { #name, name }
/* clang-format on */

void script_set_constants(script *s, JSObjectRef target,
                          const script_constant constants[], size_t count);

/* undefined when it is missing or getting it throws. */
JSValueRef script_property(script *s, JSObjectRef object, const char *name);

/* Puts an ArrayBuffer over static memory of ours on an object: what both sides
 * see needs no conversion at each call. */
void script_share(script *s, JSObjectRef target, const char *name, void *memory,
                  size_t size);

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
/* Of a string that is released here; undefined for NULL. */
JSValueRef script_from_string(JSContextRef ctx, JSStringRef string);
/* `length` -1: up to the NUL. What is not UTF-8 becomes U+FFFD. */
JSValueRef script_from_utf8(JSContextRef ctx, const char *text, size_t length);

/* ---------------------------------------------------------- keeping values */

void script_protect(script *s, JSValueRef value);
void script_unprotect(script *s, JSValueRef value);

/* Throws an Error with a message; gives undefined, to be returned. */
JSValueRef script_throw(JSContextRef ctx, JSValueRef *exception,
                        const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
