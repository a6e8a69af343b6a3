/*
 * script.h - JavaScript on a loop of yours
 *
 * An engine on a weir_loop that the program has made: it runs files and texts
 * written for Node's net, calls their functions and is called by them, and
 * sockets go from C to JavaScript and back. What a script does happens in
 * callbacks of the loop, beside those of the program.
 *
 *     weir_loop_create(&loop);
 *     weir_script_create(&script, loop, NULL);
 *     weir_script_run_file(script, "routes.js", 0, &route);
 *     weir_script_call(script, &route, NULL, 1, &argument, &answer);
 *     ...
 *     weir_value_unref(&answer);
 *     weir_script_finish(script, &status);
 *     weir_script_destroy(script);
 *     weir_loop_destroy(loop);
 *
 * One engine to a process, and one thread: that of the loop. Functions give 0,
 * WEIR_THROWN, or a negative errno as all of weir's do. -ECANCELED from any of
 * them: the script is over, by process.exit(), by an error that nobody took, or
 * by weir_script_finish().
 */
#ifndef WEIR_SCRIPT_H
#define WEIR_SCRIPT_H

#include <weir/net.h>

#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_script weir_script;

/* JavaScript threw; it is no error of weir's, and what was thrown is handed
 * over. */
#define WEIR_THROWN 1

/* ------------------------------------------------------------------ values */

typedef enum weir_value_type {
    WEIR_UNDEFINED, /* what a weir_value of zeroes is */
    WEIR_NULL,
    WEIR_BOOLEAN,
    WEIR_NUMBER,
    WEIR_TEXT,   /* UTF-8; a lone surrogate is U+FFFD */
    WEIR_BYTES,  /* to JavaScript a Buffer; from there any typed array and
                      ArrayBuffer */
    WEIR_OBJECT, /* all else that is no function: arrays, symbols, ... */
    WEIR_FUNCTION
} weir_value_type;

typedef struct weir_held weir_held;

/*
 * A value of JavaScript's, to be passed and copied as it is. It may hold
 * something: memory with a text or bytes, an object that the collector leaves
 * alone. What a function of weir's gives as a result is yours to give back by
 * weir_value_unref(). What you make with the functions below holds nothing: its
 * text and bytes are yours, and copied when they are passed.
 */
typedef struct weir_value {
    weir_value_type type;
    bool boolean;
    double number;
    const char *text; /* with a NUL behind it */
    const void *bytes;
    size_t length;   /* of text, without the NUL, or bytes */
    weir_held *held; /* NULL: nothing */
} weir_value;

static inline weir_value weir_value_of_type(weir_value_type type)
{
    weir_value value;

    memset(&value, 0, sizeof value);
    value.type = type;
    return value;
}

static inline weir_value weir_value_undefined(void)
{
    return weir_value_of_type(WEIR_UNDEFINED);
}

static inline weir_value weir_value_null(void)
{
    return weir_value_of_type(WEIR_NULL);
}

static inline weir_value weir_value_boolean(bool boolean)
{
    weir_value value = weir_value_of_type(WEIR_BOOLEAN);

    value.boolean = boolean;
    return value;
}

static inline weir_value weir_value_number(double number)
{
    weir_value value = weir_value_of_type(WEIR_NUMBER);

    value.number = number;
    return value;
}

/* `length` bytes of UTF-8, which may have NULs among them. */
static inline weir_value weir_value_text_of(const char *text, size_t length)
{
    weir_value value = weir_value_of_type(WEIR_TEXT);

    value.text = text;
    value.length = length;
    return value;
}

static inline weir_value weir_value_text(const char *text)
{
    return weir_value_text_of(text, strlen(text));
}

static inline weir_value weir_value_bytes(const void *bytes, size_t length)
{
    weir_value value = weir_value_of_type(WEIR_BYTES);

    value.bytes = bytes;
    value.length = length;
    return value;
}

/* One reference more: each is to be given back. Of a text or bytes that the
 * value does not hold (an argument of a native, or yours) it makes a copy that
 * it does, for keeping. -ENOMEM, and the value is as it was. */
WEIR_API int weir_value_ref(weir_value *value);

/* Gives one reference back; the value is undefined then. Harmless on a value
 * that holds nothing, and when the script is gone. */
WEIR_API void weir_value_unref(weir_value *value);

/* -------------------------------------------------------- making, running */

/*
 * An error that nobody in the script took: no 'uncaughtException' listener, no
 * handler of a rejection. `text` is what the weir command would print to
 * stderr, lines with a newline each; `stack` the error's stack as people read
 * it, NULL when it is no Error. True: you have taken it, and the script goes
 * on. False: it ends with status 1, as a process of Node's would.
 */
typedef bool weir_script_error_cb(weir_script *script, const char *text,
                                  const char *stack, void *data);

/*
 * process.exit(code), or an error that nobody took: the script is over, 'exit'
 * was emitted. The weir command leaves the process here. When it returns, what
 * ran in the script is cut off, without its `finally`, and nothing of it runs
 * any more; weir_script_finish() tells the code. Its sockets, timers and the
 * like are closed in the loop's next turn.
 */
typedef void weir_script_exit_cb(weir_script *script, int code, void *data);

typedef struct weir_script_options {
    const char *argv0;            /* process.argv0; default "weir" */
    const char *const *arguments; /* process.argv behind the script's name, a
                                     NULL behind the last; NULL: none */
    bool signals; /* process.on('SIGTERM', ...) takes the signal from the
                     process. Default: it is told of none. (The engine's
                     collector uses SIGPWR in any case.) */
    weir_script_error_cb *error; /* default: printed to stderr, and it ends */
    weir_script_exit_cb *exit;
    void *data; /* a pointer of yours, for all callbacks */
} weir_script_options;

/*
 * Makes an engine; options may be NULL, and are copied. -EINVAL when a pointer
 * is NULL that must not be, -EBUSY when the process has an engine already, or
 * had its first one in another thread, -ENOMEM, -EMFILE. What the engine itself
 * cannot get memory for ends the process: it knows no other way.
 */
WEIR_API int weir_script_create(weir_script **script, weir_loop *loop,
                                const weir_script_options *options);

enum {
    WEIR_SCRIPT_CHECK = 1, /* only compile it */
    WEIR_SCRIPT_PRINT = 2  /* text: print its value as console.log() does */
};

/*
 * Runs a file as the main module, with `require`; NULL is standard input, of
 * which the text runs as weir_script_run_text() runs it. `result` (NULL
 * allowed) is its module.exports. When it returns, nextTicks and promise jobs
 * have run too; timers and sockets are for the loop. What the file throws is
 * told like any error that nobody took, and gives WEIR_THROWN when somebody did
 * take it, -ECANCELED when not; -EINVAL for a flag that is none, -EBUSY from a
 * native.
 */
WEIR_API int weir_script_run_file(weir_script *script, const char *path,
                                  unsigned flags, weir_value *result);

/* Runs a text: as a script, whose declarations are global and which has
 * `require` for what lies in the current directory. `name` stands in traces,
 * `result` is the value of its last expression. Errors as above. */
WEIR_API int weir_script_run_text(weir_script *script, const char *name,
                                  const char *text, size_t length,
                                  unsigned flags, weir_value *result);

/* Runs the loop until nothing on it is alive that is referenced, tells
 * 'beforeExit' (which may go on) and 'exit', and closes what the script has
 * open. `status` (NULL allowed) is the exit status: process.exitCode, or what
 * ended it. weir_loop_stop() ends it early, with 'exit'. A script that is over
 * is only closed. -EBUSY from inside of a callback of the loop, or what waiting
 * failed with; then nothing has been told yet. */
WEIR_API int weir_script_finish(weir_script *script, int *status);

/* Closes what the script has open, tells nobody in it, and gives the engine
 * back: afterwards there may be another. The loop is yours, and goes on. Values
 * that you still hold are dead: to be given back, and -EBADF elsewhere. From
 * inside of JavaScript, or of a callback of the loop, it is over at once, and
 * gone when JavaScript has been left. NULL is allowed. */
WEIR_API void weir_script_destroy(weir_script *script);

WEIR_API weir_loop *weir_script_loop(const weir_script *script);

/* The options' pointer of yours. */
WEIR_API void *weir_script_data(const weir_script *script);

/* --------------------------------------------------- functions, properties */

/*
 * These can be called at any time: from main(), from callbacks of the loop,
 * from natives. Outside of JavaScript each ends as a callback on Node does:
 * nextTicks and promise jobs have run when it returns. What is thrown is for
 * the caller: WEIR_THROWN, and *result is what was thrown. `result` may be NULL
 * where it does not matter; after an error it is undefined.
 *
 * -EINVAL when something is not what it must be, -EBADF for a value of a script
 * that is gone, -ENOMEM.
 */

/* Calls a function with at most 64 arguments; `self` is its `this`, an object,
 * or NULL for undefined. */
WEIR_API int weir_script_call(weir_script *script, const weir_value *function,
                              const weir_value *self, size_t argc,
                              const weir_value argv[], weir_value *result);

/* A property; of the global object when `object` is NULL. */
WEIR_API int weir_script_get(weir_script *script, const weir_value *object,
                             const char *name, weir_value *result);
WEIR_API int weir_script_set(weir_script *script, const weir_value *object,
                             const char *name, const weir_value *value);

/*
 * A function of yours that JavaScript calls. Arguments, 64 at most, live until
 * it returns, unless weir_value_ref() keeps them. *result, undefined at first,
 * is what the call gives; what it holds is given back for you. A negative errno
 * is thrown as an Error, as Node's are thrown (`code`, `errno`, `syscall`);
 * WEIR_THROWN throws *result.
 */
typedef int weir_native(weir_script *script, size_t argc,
                        const weir_value argv[], weir_value *result,
                        void *data);

/* Puts it on an object, or the global one for NULL, under its name. It stays
 * callable as long as the script is there. */
WEIR_API int weir_script_register(weir_script *script, const weir_value *object,
                                  const char *name, weir_native *native,
                                  void *data);

/* --------------------------------------------------- sockets and servers */

/*
 * A connected socket becomes a net.Socket: JavaScript reads, writes and closes
 * it from now on, and the pointer is no longer yours. What was written to it
 * before is still sent, and tells its callbacks. -ENOTCONN when it is not open
 * in both directions, -EINVAL when it is of another loop, -EBUSY when it is
 * JavaScript's already.
 */
WEIR_API int weir_script_give_socket(weir_script *script, weir_socket *socket,
                                     weir_value *result);

/*
 * Takes a socket out of a net.Socket, which is destroyed without it and emits
 * 'close'. -EINVAL when it is none, -ENOTCONN when it is not open in both
 * directions, -EBUSY while bytes that came are unread, a callback of a write is
 * due, or it is piped: then let it first come to rest. The socket is half-open
 * (weir_socket_set_half_open()).
 */
WEIR_API int weir_script_take_socket(weir_script *script,
                                     const weir_value *object,
                                     const weir_socket_events *events,
                                     void *data, weir_socket **socket);

/* The same with a listening server and net.Server: it tells JavaScript of what
 * it accepts. -ENOTCONN when it does not listen. */
WEIR_API int weir_script_give_server(weir_script *script, weir_server *server,
                                     weir_value *result);

/* The server goes on listening, and tells `cb` of what it accepts. Connections
 * that JavaScript has stay JavaScript's, and net.Server emits 'close' when they
 * are gone. */
WEIR_API int weir_script_take_server(weir_script *script,
                                     const weir_value *object,
                                     weir_connection_cb *cb, void *data,
                                     weir_server **server);

#ifdef __cplusplus
}
#endif

#endif
