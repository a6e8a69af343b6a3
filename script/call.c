/*
 * call.c - from C into JavaScript: functions, properties, sockets
 *
 * Each is a piece of work that is done from inside of the engine, and what it
 * takes and gives stands in a struct of its own on the stack, where the
 * collector sees the values.
 */
#include "embedding.h"

#include "script/bindings/net.h"

#include <errno.h>

JSObjectRef embedding_function(weir_script *js, const char *name)
{
    script *s = &js->engine;
    JSValueRef module =
        JSObjectCallAsFunction(s->context, js->embed, NULL, 0, NULL, NULL);
    JSValueRef function = module && JSValueIsObject(s->context, module)
                              ? script_property(s, (JSObjectRef)module, name)
                              : script_undefined;

    return JSValueIsObject(s->context, function) ? (JSObjectRef)function : NULL;
}

struct request {
    weir_script *js;
    const weir_value *object, *self, *argv;
    size_t argc;
    const char *name;
    weir_value *result;
    int error;
};

/* Runs it, and gives what came of it. */
static int request(struct request *r, void (*work)(script *s, void *data))
{
    int error;

    if (r->result)
        *r->result = weir_value_undefined();
    if (!r->js)
        return -EINVAL;
    error = embedding_within(r->js, work, r);
    if (error < 0 && r->result)
        weir_value_unref(r->result);
    return error < 0 ? error : r->error;
}

/* What JavaScript gave, or threw. */
static void answer(struct request *r, JSValueRef value, JSValueRef exception)
{
    int error = 0;

    if (r->js->engine.over)
        return;
    if (exception)
        r->error = WEIR_THROWN;
    if (r->result)
        error = embedding_from_js(r->js, exception ? exception : value, false,
                                  r->result);
    if (error < 0)
        r->error = error;
}

static bool object_of(struct request *r, JSObjectRef *object)
{
    JSContextRef ctx = r->js->engine.context;
    JSValueRef value;

    if (!r->object) {
        *object = JSContextGetGlobalObject(ctx);
        return true;
    }
    r->error = embedding_to_js(r->js, r->object, &value);
    if (r->error == 0 && !JSValueIsObject(ctx, value))
        r->error = -EINVAL;
    *object = (JSObjectRef)value;
    return r->error == 0;
}

/* --------------------------------------------------- functions, properties */

static void call(script *s, void *data)
{
    struct request *r = data;
    JSValueRef argv[MOST_ARGUMENTS], self = NULL, exception = NULL, value;
    JSObjectRef function;

    if (!object_of(r, &function))
        return;
    if (r->self && !r->error)
        r->error = embedding_to_js(r->js, r->self, &self);
    for (size_t i = 0; i < r->argc && r->error == 0; i++)
        r->error = embedding_to_js(r->js, &r->argv[i], &argv[i]);
    if (r->error == 0 && !JSObjectIsFunction(s->context, function))
        r->error = -EINVAL;
    if (r->error == 0 && self && !JSValueIsObject(s->context, self))
        r->error = -EINVAL;
    if (r->error < 0)
        return;
    value = JSObjectCallAsFunction(s->context, function, (JSObjectRef)self,
                                   r->argc, argv, &exception);
    answer(r, value, exception);
}

int weir_script_call(weir_script *js, const weir_value *function,
                     const weir_value *self, size_t argc,
                     const weir_value argv[], weir_value *result)
{
    struct request r = { .js = js,
                         .object = function,
                         .self = self,
                         .argc = argc,
                         .argv = argv,
                         .result = result };

    if (!function || (argc > 0 && !argv) || argc > MOST_ARGUMENTS)
        r.js = NULL;
    return request(&r, call);
}

static void get(script *s, void *data)
{
    struct request *r = data;
    JSStringRef key = JSStringCreateWithUTF8CString(r->name);
    JSValueRef exception = NULL, value;
    JSObjectRef object;

    if (object_of(r, &object)) {
        value = JSObjectGetProperty(s->context, object, key, &exception);
        answer(r, value, exception);
    }
    JSStringRelease(key);
}

int weir_script_get(weir_script *js, const weir_value *object, const char *name,
                    weir_value *result)
{
    struct request r = {
        .js = js, .object = object, .name = name, .result = result
    };

    if (!name || !result)
        r.js = NULL;
    return request(&r, get);
}

static void set(script *s, void *data)
{
    struct request *r = data;
    JSStringRef key = JSStringCreateWithUTF8CString(r->name);
    JSValueRef exception = NULL, value;
    JSObjectRef object;

    if (object_of(r, &object))
        r->error = embedding_to_js(r->js, r->argv, &value);
    if (r->error == 0) {
        JSObjectSetProperty(s->context, object, key, value,
                            kJSPropertyAttributeNone, &exception);
        answer(r, script_undefined, exception);
    }
    JSStringRelease(key);
}

int weir_script_set(weir_script *js, const weir_value *object, const char *name,
                    const weir_value *value)
{
    struct request r = {
        .js = js, .object = object, .name = name, .argv = value
    };

    if (!name || !value)
        r.js = NULL;
    return request(&r, set);
}

/* --------------------------------------------------- sockets and servers */

struct hand_over {
    struct request request; /* first */
    weir_socket *socket;
    weir_server *server;
};

/* Calls a function of internal/boot/embed.js with one argument. */
static JSValueRef embed(struct request *r, const char *name, JSValueRef value,
                        JSValueRef *exception)
{
    JSObjectRef function = embedding_function(r->js, name);

    if (function)
        return JSObjectCallAsFunction(r->js->engine.context, function, NULL, 1,
                                      &value, exception);
    r->error = -ENOMEM;
    return script_undefined;
}

/* binding.net is there once internal/boot/embed.js has been loaded. */
static void give(script *s, void *data)
{
    struct hand_over *h = data;
    struct request *r = &h->request;
    JSValueRef exception = NULL, value;
    uint32_t id;

    if (!embedding_function(r->js, "socketOf")) {
        r->error = -ENOMEM;
        return;
    }
    if (h->socket ? net_has_socket(h->socket) : net_has_server(h->server)) {
        r->error = -EBUSY;
        return;
    }
    id = h->socket ? net_give_socket(h->socket) : net_give_server(h->server);
    if (!id) {
        r->error = -ENOMEM;
        return;
    }
    value = embed(r, h->socket ? "socketOf" : "serverOf",
                  JSValueMakeNumber(s->context, id), &exception);
    answer(r, value, exception);
}

int weir_script_give_socket(weir_script *js, weir_socket *socket,
                            weir_value *result)
{
    struct hand_over h = { .request = { .js = js, .result = result },
                           .socket = socket };

    if (!js || !socket || !result ||
        weir_socket_loop(socket) != weir_script_loop(js))
        return -EINVAL;
    if (weir_socket_get_state(socket) != WEIR_SOCKET_OPEN)
        return -ENOTCONN;
    return request(&h.request, give);
}

int weir_script_give_server(weir_script *js, weir_server *server,
                            weir_value *result)
{
    struct hand_over h = { .request = { .js = js, .result = result },
                           .server = server };

    if (!js || !server || !result ||
        weir_server_loop(server) != weir_script_loop(js))
        return -EINVAL;
    if (!weir_server_listening(server))
        return -ENOTCONN;
    return request(&h.request, give);
}

/* The number under which C knows it, or a negative errno: embed.js
 * says whether it may go, and lets it. */
static double let_go(struct request *r, const char *name)
{
    JSContextRef ctx = r->js->engine.context;
    JSValueRef exception = NULL, value;
    JSObjectRef object;
    double id = -EINVAL;

    if (!object_of(r, &object))
        return r->error;
    value = embed(r, name, object, &exception);
    if (r->error == 0 && !exception && JSValueIsNumber(ctx, value))
        id = JSValueToNumber(ctx, value, NULL);
    if (id < 0 && r->error == 0)
        r->error = (int)id;
    return id;
}

static void take_socket(script *s, void *data)
{
    struct hand_over *h = data;
    double id = let_go(&h->request, "takeSocket");

    (void)s;
    if (id > 0)
        h->socket = net_take_socket((uint32_t)id);
}

int weir_script_take_socket(weir_script *js, const weir_value *object,
                            const weir_socket_events *events, void *data,
                            weir_socket **socket)
{
    struct hand_over h = { .request = { .js = js, .object = object } };
    int error;

    if (!socket)
        return -EINVAL;
    *socket = NULL;
    if (!object)
        return -EINVAL;
    error = request(&h.request, take_socket);
    if (h.socket) {
        weir_socket_set_data(h.socket, data);
        weir_socket_set_events(h.socket, events);
        *socket = h.socket;
        return 0;
    }
    return error;
}

static void take_server(script *s, void *data)
{
    struct hand_over *h = data;
    double id = let_go(&h->request, "takeServer");

    (void)s;
    if (id > 0)
        h->server = net_take_server((uint32_t)id);
}

int weir_script_take_server(weir_script *js, const weir_value *object,
                            weir_connection_cb *cb, void *data,
                            weir_server **server)
{
    struct hand_over h = { .request = { .js = js, .object = object } };
    int error;

    if (!server)
        return -EINVAL;
    *server = NULL;
    if (!object || !cb)
        return -EINVAL;
    error = request(&h.request, take_server);
    if (h.server) {
        weir_server_set_connection(h.server, cb, data);
        *server = h.server;
        return 0;
    }
    return error;
}
