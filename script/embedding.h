/*
 * embedding.h - what the files of the public face share
 */
#ifndef WEIR_SCRIPT_EMBEDDING_H
#define WEIR_SCRIPT_EMBEDDING_H

#include "script/host/engine.h"

#include <weir/script.h>

enum { MOST_ARGUMENTS = 64 }; /* of a call, in either direction */

struct native {
    weir_native *call;
    void *data;
};

struct weir_script {
    script engine; /* first: one is the other */
    weir_script_options options;

    /* internal/boot.js's and internal/boot/embed.js's, protected. */
    JSObjectRef run_file, run_text, embed;
    struct native *natives; /* that were registered; by number */
    uint32_t native_count;
    weir_held *held; /* all of its objects */
    bool doomed;     /* destroyed, when JavaScript has been left */
};

static inline weir_script *embedding_of(script *s)
{
    return (weir_script *)s;
}

/* Calls `work` from inside of the engine, and ends what is over behind it.
 * -ECANCELED when the script is over, before or after. */
int embedding_within(weir_script *js, void (*work)(script *s, void *data),
                     void *data);

/* ----------------------------------------------------------------- value.c */

/* The value for JavaScript. 0, -ENOMEM, -EINVAL, -EBADF. */
int embedding_to_js(weir_script *js, const weir_value *value,
                    JSValueRef *result);

/* And back, with what it holds: -ENOMEM. A `borrowed` one does not hold bytes:
 * they are good as long as the engine's value is. */
int embedding_from_js(weir_script *js, JSValueRef from, bool borrowed,
                      weir_value *value);

/* The objects that are held outlive the script, and are dead then. */
void embedding_let_go(weir_script *js);

/* A function of internal/boot/embed.js. NULL when it cannot be loaded. */
JSObjectRef embedding_function(weir_script *js, const char *name);

/* --------------------------------------------------------------- native.c */

void embedding_forget_natives(weir_script *js);

#endif
