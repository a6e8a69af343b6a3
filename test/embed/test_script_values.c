/*
 * test_script_values.c - values, functions and properties, both ways
 */
#include "embed.h"

static weir_value function_of(const char *text)
{
    weir_value function = run(text);

    assert_int_equal(function.type, WEIR_FUNCTION);
    return function;
}

/* What JavaScript makes of a value. */
static void assert_seen(const weir_value *value, const char *expected)
{
    weir_value see = function_of(
        "(v) => `${typeof v} ${Buffer.isBuffer(v) ? v.toString('hex') : v}`");
    weir_value seen;

    assert_int_equal(weir_script_call(the_script, &see, NULL, 1, value, &seen),
                     0);
    assert_string_equal(seen.text, expected);
    weir_value_unref(&seen);
    weir_value_unref(&see);
}

static void each_type_is_javascripts(void **state)
{
    const unsigned char bytes[] = { 0, 1, 255 };
    const struct {
        weir_value value;
        const char *seen;
    } cases[] = {
        { weir_value_undefined(), "undefined undefined" },
        { weir_value_null(), "object null" },
        { weir_value_boolean(true), "boolean true" },
        { weir_value_boolean(false), "boolean false" },
        { weir_value_number(-1.5), "number -1.5" },
        { weir_value_text("h\xc3\xa9"), "string h\xc3\xa9" },
        { weir_value_text_of("abc", 2), "string ab" },
        { weir_value_text(""), "string " },
        { weir_value_bytes(bytes, sizeof bytes), "object 0001ff" },
        { weir_value_bytes(NULL, 0), "object " },
    };

    (void)state;
    start();
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_seen(&cases[i].value, cases[i].seen);
}

static void each_type_comes_back(void **state)
{
    static const struct {
        const char *text;
        weir_value_type type;
    } cases[] = {
        { "undefined", WEIR_UNDEFINED },
        { "null", WEIR_NULL },
        { "true", WEIR_BOOLEAN },
        { "0/0", WEIR_NUMBER },
        { "'text'", WEIR_TEXT },
        { "Buffer.from('ab')", WEIR_BYTES },
        { "new ArrayBuffer(3)", WEIR_BYTES },
        { "({})", WEIR_OBJECT },
        { "[1]", WEIR_OBJECT },
        { "Symbol('s')", WEIR_OBJECT },
        { "10n", WEIR_OBJECT },
        { "() => 1", WEIR_FUNCTION },
        { "class A {}; A", WEIR_FUNCTION },
    };

    (void)state;
    start();
    for (size_t i = 0; i < COUNT(cases); i++) {
        weir_value value = run(cases[i].text);

        assert_int_equal(value.type, cases[i].type);
        weir_value_unref(&value);
        assert_int_equal(value.type, WEIR_UNDEFINED);
    }
}

static void text_and_bytes_are_whole(void **state)
{
    weir_value value;

    (void)state;
    start();
    value = run("'a\\0b\\u00e9'");
    assert_int_equal(value.length, 5);
    assert_memory_equal(value.text, "a\0b\xc3\xa9", 6);
    weir_value_unref(&value);
    value = run("Buffer.from('012345').subarray(2, 5)");
    assert_int_equal(value.length, 3);
    assert_memory_equal(value.bytes, "234", 3);
    weir_value_unref(&value);
}

static void
an_object_is_kept_from_the_collector_as_long_as_it_is_held(void **state)
{
    weir_value object, second, value;

    (void)state;
    start();
    object = run("gone = 0; const r = new FinalizationRegistry(() => gone++);"
                 "(() => { const o = { name: 'kept' }; r.register(o, 0);"
                 "    return o; })()");
    second = object;
    assert_int_equal(weir_value_ref(&second), 0);
    weir_value_unref(&object);
    (void)run("for (let i = 0; i < 1e5; i++) [i]; 0");
    assert_int_equal(weir_script_get(the_script, &second, "name", &value), 0);
    assert_string_equal(value.text, "kept");
    weir_value_unref(&value);
    weir_value_unref(&second);
}

static void what_is_held_outlives_the_script_and_is_dead(void **state)
{
    weir_value object, text, value;

    (void)state;
    start();
    object = run("({ a: 1 })");
    text = run("'some text'");
    weir_script_destroy(the_script);
    start();
    assert_string_equal(text.text, "some text");
    assert_int_equal(weir_script_get(the_script, &object, "a", &value), -EBADF);
    assert_int_equal(weir_script_set(the_script, NULL, "a", &object), -EBADF);
    weir_value_unref(&object);
    weir_value_unref(&text);
}

static void a_function_is_called_with_its_this(void **state)
{
    weir_value function, self, result;
    weir_value arguments[] = { weir_value_number(1), weir_value_number(2) };

    (void)state;
    start();
    function = function_of("(function (a, b) { return this.base + a * b; })");
    self = run("({ base: 40 })");
    assert_int_equal(
        weir_script_call(the_script, &function, &self, 2, arguments, &result),
        0);
    assert_int_equal(result.number, 42);
    weir_value_unref(&self);
    weir_value_unref(&function);
}

static void a_call_ends_as_a_callback_does(void **state)
{
    weir_value function;

    (void)state;
    start();
    function = function_of("order = ''; () => {"
                           "    process.nextTick(() => order += 'tick ');"
                           "    Promise.resolve().then(() => order += 'job ');"
                           "    order += 'call '; }");
    assert_int_equal(
        weir_script_call(the_script, &function, NULL, 0, NULL, NULL), 0);
    assert_text("order", "call tick job ");
    weir_value_unref(&function);
}

static void what_a_call_throws_is_for_the_caller_alone(void **state)
{
    weir_value function, thrown, message;

    (void)state;
    start();
    function = function_of("() => { throw new RangeError('no'); }");
    assert_int_equal(
        weir_script_call(the_script, &function, NULL, 0, NULL, &thrown),
        WEIR_THROWN);
    assert_int_equal(thrown.type, WEIR_OBJECT);
    assert_int_equal(weir_script_get(the_script, &thrown, "message", &message),
                     0);
    assert_string_equal(message.text, "no");
    assert_int_equal(told.errors, 0);
    weir_value_unref(&message);
    weir_value_unref(&thrown);
    weir_value_unref(&function);
}

static void properties_are_read_and_written(void **state)
{
    weir_value object, value = weir_value_number(5);

    (void)state;
    start();
    assert_int_equal(weir_script_set(the_script, NULL, "five", &value), 0);
    assert_int_equal(number("five"), 5);
    object =
        run("({ get thrown() { throw 'a text'; }, set five(v) { got = v; } "
            "})");
    assert_int_equal(weir_script_set(the_script, &object, "five", &value), 0);
    assert_int_equal(number("got"), 5);
    assert_int_equal(weir_script_get(the_script, &object, "missing", &value),
                     0);
    assert_int_equal(value.type, WEIR_UNDEFINED);
    assert_int_equal(weir_script_get(the_script, &object, "thrown", &value),
                     WEIR_THROWN);
    assert_string_equal(value.text, "a text");
    weir_value_unref(&value);
    weir_value_unref(&object);
}

static void what_is_no_object_or_function_is_refused(void **state)
{
    weir_value five = weir_value_number(5), result, object;

    (void)state;
    start();
    object = run("({})");
    assert_int_equal(
        weir_script_call(the_script, &object, NULL, 0, NULL, &result), -EINVAL);
    assert_int_equal(
        weir_script_call(the_script, &five, NULL, 0, NULL, &result), -EINVAL);
    assert_int_equal(weir_script_call(the_script, NULL, NULL, 0, NULL, &result),
                     -EINVAL);
    assert_int_equal(weir_script_get(the_script, &five, "x", &result), -EINVAL);
    assert_int_equal(weir_script_get(NULL, &object, "x", &result), -EINVAL);
    assert_int_equal(weir_script_set(the_script, NULL, "x", NULL), -EINVAL);
    weir_value_unref(&object);
}

/* ----------------------------------------------------------------- natives */

static int sum(weir_script *script, size_t argc, const weir_value argv[],
               weir_value *result, void *data)
{
    double total = *(double *)data;

    assert_ptr_equal(script, the_script);
    for (size_t i = 0; i < argc; i++)
        total += argv[i].number;
    *result = weir_value_number(total);
    return 0;
}

static void javascript_calls_a_native(void **state)
{
    double base = 100;

    (void)state;
    start();
    assert_int_equal(weir_script_register(the_script, NULL, "sum", sum, &base),
                     0);
    assert_int_equal(number("sum(1, 2, 3) + sum()"), 206);
    assert_text("sum.name + typeof sum", "sumfunction");
}

static int join(weir_script *script, size_t argc, const weir_value argv[],
                weir_value *result, void *data)
{
    char text[64];

    (void)script, (void)data;
    assert_int_equal(argc, 2);
    snprintf(text, sizeof text, "%.*s%s", (int)argv[0].length,
             (const char *)argv[0].bytes, argv[1].text);
    *result = weir_value_text(text);
    return weir_value_ref(result); /* `text` is no more when we return */
}

static void a_native_gives_what_it_has_made(void **state)
{
    weir_value object;

    (void)state;
    start();
    object = run("tools = {}");
    assert_int_equal(
        weir_script_register(the_script, &object, "join", join, NULL), 0);
    assert_text("tools.join(Buffer.from('ab'), 'cd')", "abcd");
    weir_value_unref(&object);
}

static int refuse(weir_script *script, size_t argc, const weir_value argv[],
                  weir_value *result, void *data)
{
    (void)script, (void)argc, (void)argv, (void)data;
    *result = weir_value_text("thrown");
    return argc > 0 ? WEIR_THROWN : -ENOENT;
}

static void an_error_of_a_native_is_thrown(void **state)
{
    (void)state;
    start();
    assert_int_equal(
        weir_script_register(the_script, NULL, "fail", refuse, NULL), 0);
    assert_text("try { fail(); } catch (e) {"
                "    [e instanceof Error, e.code, e.syscall].join(); }",
                "true,ENOENT,fail");
    assert_text("try { fail(1); } catch (e) { e; }", "thrown");
}

static weir_value kept[2];

static int keep(weir_script *script, size_t argc, const weir_value argv[],
                weir_value *result, void *data)
{
    (void)script, (void)result, (void)data;
    for (size_t i = 0; i < argc && i < COUNT(kept); i++) {
        kept[i] = argv[i];
        assert_int_equal(weir_value_ref(&kept[i]), 0);
    }
    return 0;
}

static void an_argument_that_is_kept_outlives_the_call(void **state)
{
    weir_value result;

    (void)state;
    start();
    assert_int_equal(weir_script_register(the_script, NULL, "keep", keep, NULL),
                     0);
    (void)run("keep(() => 7, Buffer.from('bytes')); 0");
    assert_int_equal(
        weir_script_call(the_script, &kept[0], NULL, 0, NULL, &result), 0);
    assert_int_equal(result.number, 7);
    assert_memory_equal(kept[1].bytes, "bytes", 5);
    weir_value_unref(&kept[0]);
    weir_value_unref(&kept[1]);
}

static int call_back(weir_script *script, size_t argc, const weir_value argv[],
                     weir_value *result, void *data)
{
    (void)argc, (void)data;
    return weir_script_call(script, &argv[0], NULL, 0, NULL, result);
}

/* Inside of JavaScript a call is just a call. */
static void a_native_calls_back_without_running_ticks(void **state)
{
    (void)state;
    start();
    assert_int_equal(
        weir_script_register(the_script, NULL, "callBack", call_back, NULL), 0);
    assert_text("order = ''; process.nextTick(() => order += 'tick ');"
                "callBack(() => order += 'called '); order += 'end '",
                "called end ");
    assert_text("order", "called end tick ");
    assert_text("try { callBack(() => { throw new Error('through'); }); }"
                "catch (e) { e.message; }",
                "through");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_type_is_javascripts),
        TEST(each_type_comes_back),
        TEST(text_and_bytes_are_whole),
        TEST(an_object_is_kept_from_the_collector_as_long_as_it_is_held),
        TEST(what_is_held_outlives_the_script_and_is_dead),
        TEST(a_function_is_called_with_its_this),
        TEST(a_call_ends_as_a_callback_does),
        TEST(what_a_call_throws_is_for_the_caller_alone),
        TEST(properties_are_read_and_written),
        TEST(what_is_no_object_or_function_is_refused),
        TEST(javascript_calls_a_native),
        TEST(a_native_gives_what_it_has_made),
        TEST(an_error_of_a_native_is_thrown),
        TEST(an_argument_that_is_kept_outlives_the_call),
        TEST(a_native_calls_back_without_running_ticks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
