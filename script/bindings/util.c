/*
 * util.c - what JavaScript cannot find out by itself
 *
 * The object behind a Proxy, which the engine tells only through a function
 * that its public headers leave out; and the names and texts of errors.
 *
 * Errors are the reactor's. A script compares them with Node's, so where libuv
 * words one in another way, or knows one that the reactor has no use for, the
 * table here goes first. Below -3000 both have numbers of their own, for names
 * that could not be looked up: errorName() takes them as the reactor's, from
 * whom they come, and eachError(), behind util.getSystemErrorMap(), as Node's.
 */
#include "bindings.h"

#include <weir/net.h>

#include <errno.h>
#include <string.h>

/* Exported by the library, declared in a private header. Weak: where it is
 * missing, a Proxy is shown through its traps. */
extern JSObjectRef JSObjectGetProxyTarget(JSObjectRef object)
    __attribute__((weak));

enum { LAST_SYSTEM_ERROR = -3000 };

struct libuv_error {
    int error;
    const char *name;
    const char *text;
};

static const struct libuv_error libuv_errors[] = {
    { -EALREADY, "EALREADY", "connection already in progress" },
    { -ERANGE, "ERANGE", "result too large" },
#ifdef ENODATA
    { -ENODATA, "ENODATA", "no data available" },
#endif
#ifdef EREMOTEIO
    { -EREMOTEIO, "EREMOTEIO", "remote I/O error" },
#endif
#ifdef EUNATCH
    { -EUNATCH, "EUNATCH", "protocol driver not attached" },
#endif
    { -3000, "EAI_ADDRFAMILY", "address family not supported" },
    { -3001, "EAI_AGAIN", "temporary failure" },
    { -3002, "EAI_BADFLAGS", "bad ai_flags value" },
    { -3003, "EAI_CANCELED", "request canceled" },
    { -3004, "EAI_FAIL", "permanent failure" },
    { -3005, "EAI_FAMILY", "ai_family not supported" },
    { -3006, "EAI_MEMORY", "out of memory" },
    { -3007, "EAI_NODATA", "no address" },
    { -3008, "EAI_NONAME", "unknown node or service" },
    { -3009, "EAI_OVERFLOW", "argument buffer overflow" },
    { -3010, "EAI_SERVICE", "service not available for socket type" },
    { -3011, "EAI_SOCKTYPE", "socket type not supported" },
    { -3013, "EAI_BADHINTS", "invalid value for hints" },
    { -3014, "EAI_PROTOCOL", "resolved protocol is unknown" },
    { -4028, "EFTYPE", "inappropriate file type or format" },
    { -4080, "ECHARSET", "invalid Unicode character" },
    { -4094, "UNKNOWN", "unknown error" },
    { -4095, "EOF", "end of file" },
};

static const size_t libuv_count = SCRIPT_COUNT(libuv_errors);

static const struct libuv_error *find(int error)
{
    for (size_t i = 0; i < libuv_count; i++)
        if (libuv_errors[i].error == error)
            return &libuv_errors[i];
    return NULL;
}

static bool is_reactors(int error)
{
    return error <= WEIR_ENOTFOUND && error >= WEIR_ENOSERVER;
}

static const char *name_of(int error)
{
    const struct libuv_error *entry = is_reactors(error) ? NULL : find(error);

    return entry ? entry->name : weir_error_name(error);
}

static const char *text_of(int error)
{
    const struct libuv_error *entry = is_reactors(error) ? NULL : find(error);

    return entry ? entry->text : weir_error_text(error);
}

SCRIPT_NATIVE(error_name)
{
    int error = script_int(ctx, argc, argv, 0, 0);

    return script_from_utf8(ctx, name_of(error), (size_t)-1);
}

SCRIPT_NATIVE(error_text)
{
    int error = script_int(ctx, argc, argv, 0, 0);

    return script_from_utf8(ctx, text_of(error), (size_t)-1);
}

/* proxyTarget(value): what it stands for, undefined when it is no Proxy. The
 * global object is a proxy of another kind, and no one's business. */
SCRIPT_NATIVE(proxy_target)
{
    JSValueRef value = script_argument(ctx, argc, argv, 0);
    JSObjectRef object, target;

    if (!JSObjectGetProxyTarget || !JSValueIsObject(ctx, value))
        return JSValueMakeUndefined(ctx);
    object = JSValueToObject(ctx, value, NULL);
    if (JSValueIsStrictEqual(ctx, value, JSContextGetGlobalObject(ctx)))
        return JSValueMakeUndefined(ctx);
    target = JSObjectGetProxyTarget(object);
    return target ? target : JSValueMakeUndefined(ctx);
}

static JSValueRef tell(JSContextRef ctx, JSObjectRef callback, int error,
                       const char *name, const char *text,
                       JSValueRef *exception)
{
    JSValueRef args[3];

    args[0] = script_from_number(ctx, error);
    args[1] = script_from_utf8(ctx, name, (size_t)-1);
    args[2] = script_from_utf8(ctx, text, (size_t)-1);
    return JSObjectCallAsFunction(ctx, callback, NULL, 3, args, exception);
}

/* eachError(callback): calls it with (errno, name, text) of all there are. */
SCRIPT_NATIVE(each_error)
{
    JSValueRef value = script_argument(ctx, argc, argv, 0);
    JSObjectRef callback;

    if (!JSValueIsObject(ctx, value))
        return script_throw(ctx, exception, "eachError() needs a function");
    callback = JSValueToObject(ctx, value, NULL);
    for (int error = -1; error > LAST_SYSTEM_ERROR && !*exception; error--)
        if (!find(error) && strcmp(weir_error_name(error), "UNKNOWN") != 0)
            tell(ctx, callback, error, weir_error_name(error),
                 weir_error_text(error), exception);
    for (size_t i = 0; i < libuv_count && !*exception; i++)
        tell(ctx, callback, libuv_errors[i].error, libuv_errors[i].name,
             libuv_errors[i].text, exception);
    return JSValueMakeUndefined(ctx);
}

void script_bind_util(script *s, JSObjectRef target)
{
    script_function(s, target, "errorName", error_name);
    script_function(s, target, "errorText", error_text);
    script_function(s, target, "proxyTarget", proxy_target);
    script_function(s, target, "eachError", each_error);
}
