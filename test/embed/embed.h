/*
 * embed.h - what the tests of <weir/script.h> begin with
 *
 * Each has a loop, `the_loop`, and makes a script on it with start(); what the
 * test has not destroyed is destroyed behind it. Errors that nobody took are
 * noted, and end the script unless `take_errors` is set.
 */
#ifndef WEIR_TEST_EMBED_H
#define WEIR_TEST_EMBED_H

#include "test/support/test.h"

#include <weir/script.h>

#include <errno.h>

static weir_script *the_script;
static bool take_errors;
static struct {
    unsigned errors, exits;
    char text[4096], stack[4096];
    int code;
} told;

static bool note_error(weir_script *script, const char *text, const char *stack,
                       void *data)
{
    (void)script;
    assert_ptr_equal(data, &told);
    told.errors++;
    snprintf(told.text, sizeof told.text, "%s", text);
    snprintf(told.stack, sizeof told.stack, "%s", stack ? stack : "none");
    return take_errors;
}

static void note_exit(weir_script *script, int code, void *data)
{
    (void)script;
    assert_ptr_equal(data, &told);
    told.exits++;
    told.code = code;
}

static weir_script *start(void)
{
    const weir_script_options options = { .error = note_error,
                                          .exit = note_exit,
                                          .data = &told };

    assert_int_equal(weir_script_create(&the_script, the_loop, &options), 0);
    return the_script;
}

static int open_test(void **state)
{
    memset(&told, 0, sizeof told);
    take_errors = false;
    return test_open_loop(state);
}

static int close_test(void **state)
{
    weir_script_destroy(the_script);
    the_script = NULL;
    return test_close_loop(state);
}

#define TEST(function)                                                         \
    cmocka_unit_test_setup_teardown(function, open_test, close_test)

/* Runs a text, which must not throw; its value. */
static weir_value run(const char *text)
{
    weir_value value;

    assert_int_equal(weir_script_run_text(the_script, "[test]", text,
                                          strlen(text), 0, &value),
                     0);
    return value;
}

/* The same, for a number. */
static double number(const char *text)
{
    weir_value value = run(text);

    assert_int_equal(value.type, WEIR_NUMBER);
    return value.number;
}

/* For a text, compared. */
static inline void assert_text(const char *text, const char *expected)
{
    weir_value value = run(text);

    assert_int_equal(value.type, WEIR_TEXT);
    assert_string_equal(value.text, expected);
    weir_value_unref(&value);
}

/* Runs the loop until it is done; the exit status. */
static inline int finish(void)
{
    int status = -1;

    assert_int_equal(weir_script_finish(the_script, &status), 0);
    return status;
}

#endif
