/*
 * test_script_errors.c - errors that nobody took, and process.exit()
 */
#include "embed.h"

static void an_error_that_nobody_took_is_collected(void **state)
{
    (void)state;
    take_errors = true;
    start();
    assert_int_equal(weir_script_run_text(the_script, "file.js",
                                          "\nthrow new TypeError('bad')", 27, 0,
                                          NULL),
                     WEIR_THROWN);
    assert_int_equal(told.errors, 1);
    assert_non_null(strstr(told.text, "file.js:2\nthrow new TypeError"));
    assert_non_null(strstr(told.text, "TypeError: bad\n"));
    assert_memory_equal(told.stack, "TypeError: bad\n    at ", 22);
    assert_int_equal(told.exits, 0);
    assert_int_equal(number("1"), 1); /* it goes on */
}

static void an_error_that_is_not_taken_ends_the_script(void **state)
{
    (void)state;
    start();
    (void)run("process.on('exit', (code) => { exitCode = code; });"
              "setTimeout(() => { throw 'a text'; }, 1);"
              "setTimeout(() => { throw new Error('late'); }, 2); 0");
    assert_int_equal(finish(), 1);
    assert_int_equal(told.errors, 1);
    assert_string_equal(told.stack, "none");
    assert_int_equal(told.exits, 1);
    assert_int_equal(told.code, 1);
}

static void each_error_of_the_loop_is_collected(void **state)
{
    (void)state;
    take_errors = true;
    start();
    (void)run("setTimeout(() => { throw new Error('of a timer'); }, 1);"
              "setImmediate(() => process.nextTick(() => {"
              "    throw new Error('of a tick'); }));"
              "Promise.reject(new Error('of a promise')); 0");
    assert_int_equal(told.errors, 1);
    assert_non_null(strstr(told.text, "of a promise"));
    assert_int_equal(finish(), 0);
    assert_int_equal(told.errors, 3);
}

static void who_listens_in_the_script_comes_first(void **state)
{
    (void)state;
    start();
    (void)run("process.on('uncaughtException', (e) => { seen = e.message; });"
              "process.nextTick(() => { throw new Error('seen'); }); 0");
    assert_text("seen", "seen");
    assert_int_equal(told.errors, 0);
}

static void the_error_of_a_file_is_that_of_the_run(void **state)
{
    (void)state;
    start();
    assert_int_equal(weir_script_run_file(the_script, "/no/such/file", 0, NULL),
                     -ECANCELED);
    assert_int_equal(told.errors, 1);
    assert_non_null(strstr(told.text, "Cannot find module '/no/such/file'"));
    assert_int_equal(finish(), 1);
}

/* --------------------------------------------------------- process.exit() */

static unsigned marks;

static int mark(weir_script *script, size_t argc, const weir_value argv[],
                weir_value *result, void *data)
{
    (void)script, (void)argc, (void)argv, (void)result, (void)data;
    marks++;
    return 0;
}

static void start_with_mark(void)
{
    marks = 0;
    start();
    assert_int_equal(weir_script_register(the_script, NULL, "mark", mark, NULL),
                     0);
}

/* Each must not come to its mark() behind process.exit(). */
static void assert_cut_off(const char *text)
{
    start_with_mark();
    (void)weir_script_run_text(the_script, "t", text, strlen(text), 0, NULL);
    if (finish() != 5 || marks != 0 || told.code != 5)
        fail_msg("%u marks, exit %d of %s", marks, told.code, text);
    weir_script_destroy(the_script);
    the_script = NULL;
}

static void nothing_runs_behind_process_exit(void **state)
{
    (void)state;
    assert_cut_off("process.exit(5); mark()");
    assert_cut_off("try { process.exit(5); } catch { mark(); }"
                   "finally { mark(); } mark()");
    assert_cut_off("process.nextTick(mark); Promise.resolve().then(mark);"
                   "setImmediate(mark); process.exit(5)");
    assert_cut_off("process.nextTick(() => { try { process.exit(5); }"
                   "finally { mark(); } }); process.nextTick(mark)");
    assert_cut_off(
        "(async () => { try { await 0; process.exit(5); }"
        "catch { mark(); } finally { mark(); } })().then(mark, mark);"
        "Promise.resolve().then(() => 0).then(() => 0).then(mark)");
    assert_cut_off("setTimeout(() => { try { process.exit(5); }"
                   "finally { mark(); } }, 1); setTimeout(mark, 2)");
    assert_cut_off("setImmediate(() => process.exit(5)); setImmediate(mark)");
    assert_cut_off("[2, 1].sort(() => { try { process.exit(5); }"
                   "catch { mark(); } }); mark()");
    assert_cut_off(
        "function* g() { try { process.exit(5); } finally { mark(); }"
        "} for (const x of g()) mark()");
    assert_cut_off("process.on('exit', () => { process.exit(5); mark(); });"
                   "process.exit(4)");
}

static void reads_of_the_turn_are_not_told_behind_process_exit(void **state)
{
    (void)state;
    assert_cut_off(
        "const net = require('net'); let seen = 0;"
        "const server = net.createServer((s) => s.on('data', () => {"
        "    if (seen++ > 0) mark(); process.exit(5); }));"
        "server.listen(0, '127.0.0.1', () => { for (let i = 0; i < 20; i++)"
        "    net.connect(server.address().port, '127.0.0.1').write('x'); })");
}

static int exit_within(weir_script *script, size_t argc,
                       const weir_value argv[], weir_value *result, void *data)
{
    (void)argc, (void)data;
    assert_int_equal(weir_script_call(script, &argv[0], NULL, 0, NULL, result),
                     -ECANCELED);
    return 0;
}

static void process_exit_cuts_off_through_a_native(void **state)
{
    const char *text = "try { within(() => { try { process.exit(5); }"
                       "finally { mark(); } }); } finally { mark(); }";

    (void)state;
    start_with_mark();
    assert_int_equal(
        weir_script_register(the_script, NULL, "within", exit_within, NULL), 0);
    assert_int_equal(
        weir_script_run_text(the_script, "t", text, strlen(text), 0, NULL),
        -ECANCELED);
    assert_int_equal(marks, 0);
    assert_int_equal(finish(), 5);
}

static void a_loop_that_goes_on_closes_what_was_open(void **state)
{
    (void)state;
    start();
    (void)run("require('net').createServer().listen(0, '127.0.0.1');"
              "setInterval(() => {}, 1000);"
              "setTimeout(() => process.exit(5), 1); 0");
    /* The program's own run of the loop, not the script's. */
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(told.exits, 1);
    assert_int_equal(finish(), 5);
}

/* -------------------------------------------------- destroyed from inside */

static int destroy(weir_script *script, size_t argc, const weir_value argv[],
                   weir_value *result, void *data)
{
    (void)argc, (void)argv, (void)result, (void)data;
    weir_script_destroy(script);
    the_script = NULL;
    return 0;
}

static void a_native_may_destroy_the_script(void **state)
{
    const char *text = "try { end(); } finally { mark(); } mark()";

    (void)state;
    start_with_mark();
    assert_int_equal(
        weir_script_register(the_script, NULL, "end", destroy, NULL), 0);
    assert_int_equal(
        weir_script_run_text(the_script, "t", text, strlen(text), 0, NULL),
        -ECANCELED);
    assert_int_equal(marks, 0);
    start(); /* it is gone: another may come */
    assert_int_equal(number("1"), 1);
}

static void
a_native_may_destroy_the_script_in_a_callback_of_the_loop(void **state)
{
    (void)state;
    start_with_mark();
    assert_int_equal(
        weir_script_register(the_script, NULL, "end", destroy, NULL), 0);
    (void)run("setTimeout(() => { end(); mark(); }, 1);"
              "setTimeout(mark, 1); setImmediate(() => {}); 0");
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(marks, 0);
    start();
    assert_int_equal(number("1"), 1);
}

static int try_to_run(weir_script *script, size_t argc, const weir_value argv[],
                      weir_value *result, void *data)
{
    (void)argc, (void)argv, (void)result, (void)data;
    assert_int_equal(weir_script_finish(script, NULL), -EBUSY);
    assert_int_equal(weir_script_run_text(script, "t", "1", 1, 0, NULL),
                     -EBUSY);
    return 0;
}

static void finish_and_run_are_refused_inside_of_javascript(void **state)
{
    (void)state;
    start();
    assert_int_equal(
        weir_script_register(the_script, NULL, "tryIt", try_to_run, NULL), 0);
    assert_int_equal(number("tryIt(); 1"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_error_that_nobody_took_is_collected),
        TEST(an_error_that_is_not_taken_ends_the_script),
        TEST(each_error_of_the_loop_is_collected),
        TEST(who_listens_in_the_script_comes_first),
        TEST(the_error_of_a_file_is_that_of_the_run),
        TEST(nothing_runs_behind_process_exit),
        TEST(reads_of_the_turn_are_not_told_behind_process_exit),
        TEST(process_exit_cuts_off_through_a_native),
        TEST(a_loop_that_goes_on_closes_what_was_open),
        TEST(a_native_may_destroy_the_script),
        TEST(a_native_may_destroy_the_script_in_a_callback_of_the_loop),
        TEST(finish_and_run_are_refused_inside_of_javascript),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
